/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>

#include "app/pipelinefile.h"
#include "tests/mock/coreplugins.h"

typedef struct
{
  gchar *dir;
  gchar *path;
} Fixture;

static void
fixture_set_up (Fixture * fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("parley-pipeline-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->dir, "my.pipeline", NULL);
}

static void
fixture_tear_down (Fixture * fixture, gconstpointer data)
{
  g_remove (fixture->path);
  g_rmdir (fixture->dir);
  g_free (fixture->path);
  g_free (fixture->dir);
}

static ParleyPipelineFile *
load (Fixture * fixture, const gchar * text, GError ** error)
{
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
  return parley_pipeline_file_load (fixture->path, error);
}

static void
assert_error (Fixture * fixture, GError * error, gint code,
    const gchar * place, const gchar * reason)
{
  g_autofree gchar *begin = g_strconcat (fixture->path, place, NULL);

  g_assert_error (error, PARLEY_PIPELINE_FILE_ERROR, code);
  if (!g_str_has_prefix (error->message, begin)
      || !strstr (error->message, reason) || strchr (error->message, '\n'))
    g_error ("“%s” should begin with “%s” and say “%s”",
        error->message, begin, reason);
}

static void
refused_by_load (Fixture * fixture, const gchar * text, gint code,
    const gchar * place, const gchar * reason)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (load (fixture, text, &error));
  assert_error (fixture, error, code, place, reason);
}

static void
refused_by_build (Fixture * fixture, const gchar * text, const gchar * place,
    const gchar * reason)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ParleyPipelineFile) file = load (fixture, text, &error);

  g_assert_no_error (error);
  g_assert_null (parley_pipeline_file_build (file, &error));
  assert_error (fixture, error, PARLEY_PIPELINE_FILE_ERROR_PARSE, place,
      reason);
}

static void
refused_by_expand (Fixture * fixture, const gchar * text,
    const gchar * place, const gchar * reason)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ParleyPipelineFile) file = load (fixture, text, &error);

  g_assert_no_error (error);
  g_assert_null (parley_pipeline_file_to_line (file, &error));
  assert_error (fixture, error, PARLEY_PIPELINE_FILE_ERROR_SHELL, place,
      reason);
}

static void
assert_line (Fixture * fixture, const gchar * text, const gchar * expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ParleyPipelineFile) file = load (fixture, text, &error);
  g_autofree gchar *line = NULL;

  g_assert_no_error (error);
  line = parley_pipeline_file_to_line (file, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, expected);
}

/* The property that the built pipeline's element "e" has. */
static gchar *
built_property (ParleyPipelineFile * file, const gchar * property)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = parley_pipeline_file_build (file, &error);
  GstElement *element;
  gchar *value;

  g_assert_no_error (error);
  element = gst_bin_get_by_name (GST_BIN (pipeline), "e");
  g_object_get (element, property, &value, NULL);
  gst_object_unref (element);
  gst_object_unref (pipeline);
  return value;
}

/* Text */

static void
test_comments_and_lines (Fixture * fixture, gconstpointer data)
{
  assert_line (fixture, "# what it is\nfakesrc # where it comes from\n"
      "  ! identity\r\n\t! fakesink name=a#b\n#end",
      "fakesrc ! identity ! fakesink name=a#b");
}

static void
test_comment_sign_in_quotes (Fixture * fixture, gconstpointer data)
{
  assert_line (fixture, "fakesrc name=\"a # b\" ! fakesink",
      "fakesrc name=\"a # b\" ! fakesink");
}

static void
test_byte_order_mark (Fixture * fixture, gconstpointer data)
{
  assert_line (fixture, "\xef\xbb\xbf" "fakesrc ! fakesink",
      "fakesrc ! fakesink");
}

static void
test_blanks_around_equals (Fixture * fixture, gconstpointer data)
{
  assert_line (fixture, "fakesrc num-buffers = 3 ! fakesink",
      "fakesrc num-buffers=3 ! fakesink");
}

static void
test_caps_with_blanks (Fixture * fixture, gconstpointer data)
{
  assert_line (fixture,
      "fakesrc ! audio/x-raw, rate=8000,\n  channels=1 ! fakesink",
      "fakesrc ! audio/x-raw, rate=8000, channels=1 ! fakesink");
}

/* Variables */

static void
test_variable (Fixture * fixture, gconstpointer data)
{
  g_setenv ("PARLEY_TEST_N", "5", TRUE);
  assert_line (fixture, "fakesrc num-buffers=${PARLEY_TEST_N} ! fakesink",
      "fakesrc num-buffers=5 ! fakesink");
  g_unsetenv ("PARLEY_TEST_N");
}

static void
test_variable_default (Fixture * fixture, gconstpointer data)
{
  g_setenv ("PARLEY_TEST_EMPTY", "", TRUE);
  assert_line (fixture, "fakesrc num-buffers=${PARLEY_TEST_EMPTY:-7} ! "
      "${PARLEY_TEST_UNSET:-identity ! fakesink}",
      "fakesrc num-buffers=7 ! identity ! fakesink");
  g_unsetenv ("PARLEY_TEST_EMPTY");
}

static void
test_variable_default_with_braces (Fixture * fixture, gconstpointer data)
{
  assert_line (fixture, "fakesrc ! filesink "
      "location=${PARLEY_TEST_UNSET:-%{call.sid}.ogg}",
      "fakesrc ! filesink location=%{call.sid}.ogg");
}

static void
test_variable_in_default (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *expected = g_strdup_printf
      ("filesrc location=%s/%%{param.x}.wav ! fakesink", fixture->dir);

  assert_line (fixture, "filesrc location=${PARLEY_TEST_UNSET:-"
      "${PARLEY_TEST_UNSET:-${DIR}/%{param.x}}.wav} ! fakesink", expected);
  refused_by_load (fixture, "fakesink name=${PARLEY_TEST_UNSET:-${NONE}}",
      PARLEY_PIPELINE_FILE_ERROR_VARIABLE, ":1: ", "${NONE}");
}

static void
test_variable_unset (Fixture * fixture, gconstpointer data)
{
  refused_by_load (fixture, "fakesrc\n\n! filesink location=${PARLEY_NOT_SET}",
      PARLEY_PIPELINE_FILE_ERROR_VARIABLE, ":3: ", "PARLEY_NOT_SET");
}

static void
test_variable_badly_written (Fixture * fixture, gconstpointer data)
{
  refused_by_load (fixture, "fakesrc\n! fakesink name=${OPEN\n}",
      PARLEY_PIPELINE_FILE_ERROR_VARIABLE, ":2: ", "not closed");
  refused_by_load (fixture, "fakesrc ! fakesink name=${a b}",
      PARLEY_PIPELINE_FILE_ERROR_VARIABLE, ":1: ", "no variable");
}

static void
test_variable_of_two_lines (Fixture * fixture, gconstpointer data)
{
  g_setenv ("PARLEY_TEST_LINES", "a\nb", TRUE);
  refused_by_load (fixture, "fakesrc name=${PARLEY_TEST_LINES}",
      PARLEY_PIPELINE_FILE_ERROR_VARIABLE, ":1: ", "one line");
  g_unsetenv ("PARLEY_TEST_LINES");
}

static void
test_variable_in_comment (Fixture * fixture, gconstpointer data)
{
  assert_line (fixture, "# ${PARLEY_NOT_SET}\nfakesink", "fakesink");
}

static void
test_variable_is_one_value (Fixture * fixture, gconstpointer data)
{
  g_autoptr (ParleyPipelineFile) file = NULL;
  g_autofree gchar *location = NULL;

  g_setenv ("PARLEY_TEST_PATH", "/a b/\"c\"/d\\e ! f.wav", TRUE);
  file = load (fixture, "fakesrc ! filesink name=e "
      "location=${PARLEY_TEST_PATH}", NULL);
  location = built_property (file, "location");
  g_assert_cmpstr (location, ==, "/a b/\"c\"/d\\e ! f.wav");
  g_unsetenv ("PARLEY_TEST_PATH");
}

static void
test_variable_inside_quotes (Fixture * fixture, gconstpointer data)
{
  g_autoptr (ParleyPipelineFile) file = NULL;
  g_autofree gchar *location = NULL;

  g_setenv ("PARLEY_TEST_PATH", "a \"b\"", TRUE);
  file = load (fixture, "fakesrc ! filesink name=e "
      "location=\"/x y/${PARLEY_TEST_PATH}\"", NULL);
  location = built_property (file, "location");
  g_assert_cmpstr (location, ==, "/x y/a \"b\"");
  g_unsetenv ("PARLEY_TEST_PATH");
}

static void
test_dir (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *expected = g_strdup_printf
      ("filesrc location=%s/a.json ! fakesink", fixture->dir);

  assert_line (fixture, "filesrc location=${DIR}/a.json ! fakesink", expected);
}

/* Reading */

static void
test_no_file (Fixture * fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parley_pipeline_file_load (fixture->path, &error));
  assert_error (fixture, error, PARLEY_PIPELINE_FILE_ERROR_READ, ": ",
      "no such file");
}

static void
test_folder (Fixture * fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parley_pipeline_file_load (fixture->dir, &error));
  g_assert_error (error, PARLEY_PIPELINE_FILE_ERROR,
      PARLEY_PIPELINE_FILE_ERROR_READ);
  g_assert_nonnull (strstr (error->message, "folder"));
}

static void
test_special_file (Fixture * fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parley_pipeline_file_load ("/dev/zero", &error));
  g_assert_error (error, PARLEY_PIPELINE_FILE_ERROR,
      PARLEY_PIPELINE_FILE_ERROR_READ);
}

static void
test_binary_file (Fixture * fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (fixture->path, "fakesrc\0! fakesink", 18, NULL);
  g_assert_null (parley_pipeline_file_load (fixture->path, &error));
  assert_error (fixture, error, PARLEY_PIPELINE_FILE_ERROR_READ, ": ", "UTF-8");
  refused_by_load (fixture, "fakesrc name=\xff\xfe",
      PARLEY_PIPELINE_FILE_ERROR_READ, ": ", "UTF-8");
}

static void
test_huge_file (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *text = g_malloc (PARLEY_PIPELINE_FILE_MAX + 2);

  memset (text, ' ', PARLEY_PIPELINE_FILE_MAX + 1);
  text[PARLEY_PIPELINE_FILE_MAX + 1] = '\0';
  refused_by_load (fixture, text, PARLEY_PIPELINE_FILE_ERROR_READ, ": ",
      "1 MiB");
}

static void
test_empty_file (Fixture * fixture, gconstpointer data)
{
  refused_by_load (fixture, "", PARLEY_PIPELINE_FILE_ERROR_PARSE, ": ",
      "no pipeline");
  refused_by_load (fixture, "\n# nothing\n", PARLEY_PIPELINE_FILE_ERROR_PARSE,
      ": ", "no pipeline");
}

/* Keys */

static void
test_key_by_name (Fixture * fixture, gconstpointer data)
{
  static const gchar *keys[] = {
    "api-key=hunter2", "API_KEY=\"hunter2\"", "auth-token=hunter2",
    "client-secret=hunter2", "password=1234", "api-key = hunter2"
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autofree gchar *text = g_strdup_printf ("fakesrc\n! fakesink %s",
        keys[i]);
    g_autoptr (GError) error = NULL;

    g_assert_null (load (fixture, text, &error));
    assert_error (fixture, error, PARLEY_PIPELINE_FILE_ERROR_KEY, ":2: ",
        "-env=");
    g_assert_null (strstr (error->message, "hunter2"));
    g_assert_null (strstr (error->message, "1234"));
  }
}

static void
test_key_by_look (Fixture * fixture, gconstpointer data)
{
  static const gchar *keys[] = {
    "name=sk-proj-0123456789abcdef", "api-key-env=sk_0123456789abcdef0123",
    "fallback='mock,openai(model=x api-key=secret)'",
    "fallback='openai(base-url=sk-proj-0123456789abcdef)'",
    "name=\"Bearer 0123456789abcdef\"", "x=0123456789abcdef0123456789abcdef",
    "x=SK0123456789abcdef0123456789abcdef"
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autofree gchar *text = g_strdup_printf ("fakesink %s", keys[i]);
    g_autoptr (GError) error = NULL;

    g_assert_null (load (fixture, text, &error));
    assert_error (fixture, error, PARLEY_PIPELINE_FILE_ERROR_KEY, ":1: ",
        "environment variable");
    g_assert_null (strstr (error->message, "0123456789"));
  }
}

static void
test_key_from_environment (Fixture * fixture, gconstpointer data)
{
  g_setenv ("PARLEY_TEST_KEY", "hunter2", TRUE);
  refused_by_load (fixture, "fakesink api-key=${PARLEY_TEST_KEY}",
      PARLEY_PIPELINE_FILE_ERROR_KEY, ":1: ", "api-key-env=");
  g_unsetenv ("PARLEY_TEST_KEY");
}

static void
test_no_key (Fixture * fixture, gconstpointer data)
{
  assert_line (fixture, "fakesink api-key-env=OPENAI_API_KEY max-tokens=200 "
      "key-int-max=30 key-frames=true name=sk-",
      "fakesink api-key-env=OPENAI_API_KEY max-tokens=200 "
      "key-int-max=30 key-frames=true name=sk-");
}

/* Building */

static void
test_build (Fixture * fixture, gconstpointer data)
{
  g_autoptr (ParleyPipelineFile) file =
      load (fixture, "fakesrc ! fakesink", NULL);
  GstElement *pipeline = parley_pipeline_file_build (file, NULL);

  g_assert_true (GST_IS_PIPELINE (pipeline));
  g_assert_false (g_object_is_floating (pipeline));
  g_assert_cmpint (GST_BIN_NUMCHILDREN (pipeline), ==, 2);
  gst_object_unref (pipeline);
}

static void
test_build_single_element (Fixture * fixture, gconstpointer data)
{
  g_autoptr (ParleyPipelineFile) file = load (fixture, "fakesink", NULL);
  GstElement *pipeline = parley_pipeline_file_build (file, NULL);

  g_assert_true (GST_IS_PIPELINE (pipeline));
  g_assert_cmpint (GST_BIN_NUMCHILDREN (pipeline), ==, 1);
  gst_object_unref (pipeline);
}

static void
test_unknown_element (Fixture * fixture, gconstpointer data)
{
  refused_by_build (fixture, "fakesrc\n!\nno-such-element ! fakesink", ":3: ",
      "“no-such-element”");
}

static void
test_unknown_property (Fixture * fixture, gconstpointer data)
{
  refused_by_build (fixture, "fakesrc\n  colour=red\n! fakesink", ":2: ",
      "“colour”");
}

static void
test_bad_value (Fixture * fixture, gconstpointer data)
{
  refused_by_build (fixture, "fakesrc\n  num-buffers=many\n! fakesink",
      ":2: ", "num-buffers");
}

static void
test_not_linkable (Fixture * fixture, gconstpointer data)
{
  refused_by_build (fixture, "fakesrc\n! identity\n! fakesrc name=second",
      ":2: ", "could not link");
}

static void
test_syntax_errors (Fixture * fixture, gconstpointer data)
{
  refused_by_build (fixture, "\n! fakesink", ":2: ", "begins with");
  refused_by_build (fixture, "fakesrc\n!\n!\nfakesink", ":3: ", "two");
  refused_by_build (fixture, "fakesrc\n!\n", ":2: ", "ends with");
  refused_by_build (fixture, "fakesrc !\nname=x fakesink", ":2: ", "property");
  refused_by_build (fixture, "fakesrc ! ( fakesink", ": ", "syntax error");
}

static void
test_open_quote (Fixture * fixture, gconstpointer data)
{
  refused_by_load (fixture, "fakesrc\n! fakesink name=\"x\n",
      PARLEY_PIPELINE_FILE_ERROR_PARSE, ":2: ", "quote");
}

static void
test_unknown_pad_owner (Fixture * fixture, gconstpointer data)
{
  refused_by_build (fixture, "fakesrc\n! nobody.", ":2: ", "“nobody”");
}

/* For a shell */

static void
test_patterns_refused (Fixture * fixture, gconstpointer data)
{
  refused_by_expand (fixture, "fakesrc\n! filesink location=/tmp/*.wav",
      ":2: ", "file name patterns");
  refused_by_expand (fixture, "fakesrc ! fakesink name=what?", ":1: ",
      "file name patterns");
  refused_by_expand (fixture, "fakesrc ! video/x-raw,rate=[1,2] ! fakesink",
      ":1: ", "file name patterns");
}

static void
test_blanks_refused (Fixture * fixture, gconstpointer data)
{
  refused_by_expand (fixture, "fakesrc\n! fakesink name=\"a  b\"", ":2: ",
      "blanks");
  refused_by_expand (fixture, "fakesrc ! fakesink name=\"a\tb\"", ":1: ",
      "blanks");
  refused_by_expand (fixture, "fakesrc ! fakesink name=a\\ b", ":1: ",
      "backslash");
}

/* What a shell makes of the line, gst-launch-1.0 makes the same pipeline of. */
static void
test_line_survives_shell (Fixture * fixture, gconstpointer data)
{
  g_autoptr (ParleyPipelineFile) file = load (fixture,
      "fakesrc num-buffers=1 ! audio/x-raw, rate=8000 !\n"
      "filesink name=e location=\"/a b/%{call.sid} c.ogg\"", NULL);
  g_autofree gchar *line = parley_pipeline_file_to_line (file, NULL);
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline, *element;
  g_autofree gchar *location = NULL;

  pipeline = gst_parse_launchv ((const gchar **) words, &error);
  g_assert_no_error (error);
  element = gst_bin_get_by_name (GST_BIN (pipeline), "e");
  g_object_get (element, "location", &location, NULL);
  g_assert_cmpstr (location, ==, "/a b/%{call.sid} c.ogg");
  gst_object_unref (element);
  gst_object_unref (pipeline);
}

#define ADD(name, func) \
    g_test_add ("/pipelinefile/" name, Fixture, NULL, fixture_set_up, func, \
        fixture_tear_down)

static void
add_text_tests (void)
{
  ADD ("text/comments-and-lines", test_comments_and_lines);
  ADD ("text/comment-sign-in-quotes", test_comment_sign_in_quotes);
  ADD ("text/byte-order-mark", test_byte_order_mark);
  ADD ("text/blanks-around-equals", test_blanks_around_equals);
  ADD ("text/caps-with-blanks", test_caps_with_blanks);
  ADD ("text/open-quote", test_open_quote);
  ADD ("variable/value", test_variable);
  ADD ("variable/default", test_variable_default);
  ADD ("variable/default-with-braces", test_variable_default_with_braces);
  ADD ("variable/in-default", test_variable_in_default);
  ADD ("variable/unset", test_variable_unset);
  ADD ("variable/badly-written", test_variable_badly_written);
  ADD ("variable/two-lines", test_variable_of_two_lines);
  ADD ("variable/in-comment", test_variable_in_comment);
  ADD ("variable/one-value", test_variable_is_one_value);
  ADD ("variable/inside-quotes", test_variable_inside_quotes);
  ADD ("variable/dir", test_dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  gst_init (&argc, &argv);
  add_text_tests ();
  ADD ("read/no-file", test_no_file);
  ADD ("read/folder", test_folder);
  ADD ("read/special-file", test_special_file);
  ADD ("read/binary", test_binary_file);
  ADD ("read/huge", test_huge_file);
  ADD ("read/empty", test_empty_file);
  ADD ("key/by-name", test_key_by_name);
  ADD ("key/by-look", test_key_by_look);
  ADD ("key/from-environment", test_key_from_environment);
  ADD ("key/none", test_no_key);
  ADD ("build/pipeline", test_build);
  ADD ("build/single-element", test_build_single_element);
  ADD ("build/unknown-element", test_unknown_element);
  ADD ("build/unknown-property", test_unknown_property);
  ADD ("build/bad-value", test_bad_value);
  ADD ("build/not-linkable", test_not_linkable);
  ADD ("build/syntax", test_syntax_errors);
  ADD ("build/unknown-pad-owner", test_unknown_pad_owner);
  ADD ("shell/patterns-refused", test_patterns_refused);
  ADD ("shell/blanks-refused", test_blanks_refused);
  ADD ("shell/line-survives", test_line_survives_shell);
  return g_test_run ();
}
