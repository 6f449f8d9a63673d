/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "audiofile.h"
#include "mock/mediaserver.h"
#include "speech/g711.h"

/* The verb as people run it, against a server in this process; and the files
 * that it reads and writes. */

static gchar *folder;

/* What a run left behind. */
typedef struct
{
  gint status;
  gchar *out;
  gchar *err;
} Outcome;

typedef struct
{
  Outcome *outcome;
  gboolean done;
} Waiting;

static void
outcome_clear (Outcome * outcome)
{
  g_free (outcome->out);
  g_free (outcome->err);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear);

static void
on_finished (GObject * process, GAsyncResult * result, gpointer data)
{
  Waiting *waiting = data;
  g_autoptr (GError) error = NULL;

  g_subprocess_communicate_utf8_finish (G_SUBPROCESS (process), result,
      &waiting->outcome->out, &waiting->outcome->err, &error);
  g_assert_no_error (error);
  waiting->done = TRUE;
}

/* Runs "parley" with the words of @arguments, NULL at the end. */
static void
run (Outcome * outcome, const gchar * const *arguments)
{
  g_autofree gchar *program = g_build_filename (g_getenv ("PARLEY_BUILD"),
      "app", "parley", NULL);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  Waiting waiting = { outcome, FALSE };

  g_ptr_array_add (words, program);
  while (*arguments != NULL)
    g_ptr_array_add (words, (gpointer) * arguments++);
  g_ptr_array_add (words, NULL);
  process = g_subprocess_newv ((const gchar * const *) words->pdata,
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8_async (process, NULL, NULL, on_finished,
      &waiting);
  while (!waiting.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_subprocess_get_if_exited (process));
  outcome->status = g_subprocess_get_exit_status (process);
}

#define RUN(outcome, ...) \
  run (outcome, (const gchar * const[]) { __VA_ARGS__, NULL })

static void
assert_one_line (const gchar * text)
{
  g_assert_cmpuint (strlen (text), >, 1);
  g_assert_true (strchr (text, '\n') == text + strlen (text) - 1);
}

static JsonObject *
parse (JsonParser * parser, const gchar * text)
{
  g_autoptr (GError) error = NULL;

  json_parser_load_from_data (parser, text, -1, &error);
  g_assert_no_error (error);
  return json_node_get_object (json_parser_get_root (parser));
}

static gchar *
path_of (const gchar * name)
{
  return g_build_filename (folder, name, NULL);
}

/* A WAV file of @ms of a 400 Hz tone. */
static void
write_wav (const gchar * path, guint format, guint bits, guint rate, guint ms)
{
  guint n = rate * ms / 1000, bytes = bits / 8, i;
  gsize len = 44 + n * bytes;
  g_autofree guint8 *file = g_malloc (len);

  memcpy (file, "RIFF____WAVEfmt ", 16);
  GST_WRITE_UINT32_LE (file + 4, len - 8);
  GST_WRITE_UINT32_LE (file + 16, 16);
  GST_WRITE_UINT16_LE (file + 20, format);
  GST_WRITE_UINT16_LE (file + 22, 1);
  GST_WRITE_UINT32_LE (file + 24, rate);
  GST_WRITE_UINT32_LE (file + 28, rate * bytes);
  GST_WRITE_UINT16_LE (file + 32, bytes);
  GST_WRITE_UINT16_LE (file + 34, bits);
  memcpy (file + 36, "data", 4);
  GST_WRITE_UINT32_LE (file + 40, n * bytes);
  for (i = 0; i < n; i++) {
    gint16 sample = (i * 800 / rate) % 2 ? 12000 : -12000;

    if (bytes == 1)
      file[44 + i] = parley_mulaw_encode_sample (sample);
    else
      GST_WRITE_UINT16_LE (file + 44 + i * 2, sample);
  }
  g_assert_true (g_file_set_contents (path, (gchar *) file, len, NULL));
}

static void
test_wrong_usage (void)
{
  const gchar *const wrong[][4] = {
    {NULL}, {"nonsense", NULL}, {"call", "--nonsense", NULL},
    {"call", "word", NULL}, {"call", "--url=http://localhost/", NULL},
    {"call", "--calls=0", NULL}, {"call", "--dtmf=12x", NULL},
    {"call", "--param=x", NULL}, {"call", "--record=call.mp3", NULL},
    {"call", "--timeout=-1", NULL}, {"call", "--say=", NULL},
    {"call", "--auth-token-env=PARLEY_NOT_SET", NULL},
    {"call", "--calls=2", "--record=a.wav", NULL},
    {"call", "--timeline-url=ws://localhost", NULL},
    {"call", "--timeline-url=localhost:8080", NULL},
    {"call", "--admin-token-env=HOME", NULL},
    {"call", "--timeline-url=http://a", "--admin-token-env=PARLEY_NOT_SET",
        NULL}
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_auto (Outcome) outcome = { 0 };

    run (&outcome, wrong[i]);
    g_assert_cmpint (outcome.status, ==, 2);
    g_assert_cmpstr (outcome.out, ==, "");
    assert_one_line (outcome.err);
  }
}

static void
test_help (void)
{
  g_auto (Outcome) all = { 0 };
  g_auto (Outcome) call = { 0 };

  RUN (&all, "--help");
  g_assert_cmpint (all.status, ==, 0);
  g_assert_nonnull (strstr (all.out, "\n  call "));
  RUN (&call, "call", "--help");
  g_assert_cmpint (call.status, ==, 0);
  g_assert_nonnull (strstr (call.out, "parley call"));
  g_assert_nonnull (strstr (call.out, "--record"));
}

static void
test_refused (void)
{
  ParleyMockMedia script = {.refuse = 403 };
  g_autoptr (ParleyMockServer) server = parley_mock_server_new (&script);
  g_autofree gchar *url = parley_mock_server_get_url (server);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_auto (Outcome) outcome = { 0 };

  RUN (&outcome, "call", "--json", "--url", url);
  g_assert_cmpint (outcome.status, ==, 1);
  assert_one_line (outcome.err);
  g_assert_nonnull (strstr (outcome.err, "403"));
  g_assert_nonnull (strstr (json_object_get_string_member (parse (parser,
                  outcome.out), "error"), "403"));
}

static void
test_file_missing (void)
{
  g_autofree gchar *path = path_of ("not-there.wav");
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_auto (Outcome) outcome = { 0 };

  RUN (&outcome, "call", "--json", "--wav", path);
  g_assert_cmpint (outcome.status, ==, 1);
  assert_one_line (outcome.err);
  g_assert_nonnull (strstr (outcome.err, path));
  g_assert_true (json_object_has_member (parse (parser, outcome.out), "error"));
}

static void
test_json_and_recording (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 200 };
  g_autoptr (ParleyMockServer) server = parley_mock_server_new (&script);
  g_autofree gchar *url = parley_mock_server_get_url (server);
  g_autofree gchar *spoken = path_of ("spoken.wav");
  g_autofree gchar *recorded = path_of ("call.wav");
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GBytes) audio = NULL;
  g_auto (Outcome) outcome = { 0 };
  JsonObject *root, *turn;

  write_wav (spoken, 1, 16, 8000, 200);
  RUN (&outcome, "call", "--json", "--url", url, "--no-greeting", "--wav",
      spoken, "--record", recorded, "--from", "+1");
  g_assert_cmpstr (outcome.err, ==, "");
  g_assert_cmpint (outcome.status, ==, 0);
  root = parse (parser, outcome.out);
  g_assert_cmpuint (json_object_get_size (root), ==, 3);
  turn = json_array_get_object_element (json_object_get_array_member (root,
          "turns"), 0);
  g_assert_cmpstr (json_object_get_string_member (turn, "said"), ==, spoken);
  g_assert_cmpint (json_object_get_int_member (turn, "response_ms"), >=, 140);
  g_assert_cmpint (json_object_get_int_member (turn, "response_ms"), <, 1000);
  g_assert_cmpuint (server->loud_frames, ==, 10);
  g_assert_cmpuint (server->faults, ==, 0);

  audio = parley_audio_file_load (recorded, NULL);
  g_assert_cmpuint (g_bytes_get_size (audio), >=, server->frames * 160);
}

static void
test_several (void)
{
  ParleyMockMedia script = {.greeting_ms = 40 };
  g_autoptr (ParleyMockServer) server = parley_mock_server_new (&script);
  g_autofree gchar *url = parley_mock_server_get_url (server);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_auto (Outcome) outcome = { 0 };
  JsonObject *root, *summary;

  RUN (&outcome, "call", "--json", "--url", url, "--calls=3",
      "--interval-ms=1");
  g_assert_cmpint (outcome.status, ==, 0);
  root = parse (parser, outcome.out);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member
          (root, "calls")), ==, 3);
  summary = json_object_get_object_member (root, "summary");
  g_assert_cmpint (json_object_get_int_member (summary, "failed"), ==, 0);
  g_assert_true (json_object_get_null_member (json_object_get_object_member
          (summary, "response_ms"), "p50"));
  g_assert_cmpuint (server->calls_taken, ==, 3);
}

static void
test_loads_any_wav (void)
{
  static const struct
  {
    guint format, bits, rate;
  } kinds[] = { {1, 16, 8000}, {1, 16, 24000}, {1, 16, 44100}, {7, 8, 8000} };
  g_autofree gchar *path = path_of ("any.wav");
  guint i;

  for (i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) audio = NULL;
    const guint8 *codes;
    gsize len, k, loud = 0;

    write_wav (path, kinds[i].format, kinds[i].bits, kinds[i].rate, 500);
    audio = parley_audio_file_load (path, &error);
    g_assert_no_error (error);
    codes = g_bytes_get_data (audio, &len);
    g_assert_cmpuint (len, >, 3900);
    g_assert_cmpuint (len, <, 4100);
    for (k = 0; k < len; k++)
      loud += ABS (parley_mulaw_decode_sample (codes[k])) > 6000;
    g_assert_cmpuint (loud, >, 3200);
  }
}

static void
test_refuses_what_is_no_sound (void)
{
  g_autofree gchar *path = path_of ("text.wav");
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "no sound at all\n", -1, NULL));
  g_assert_null (parley_audio_file_load (path, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_saves_opus (void)
{
  g_autofree gchar *path = path_of ("both.opus");
  g_autoptr (GByteArray) left = g_byte_array_new ();
  g_autoptr (GByteArray) right = g_byte_array_new ();
  g_autoptr (GBytes) audio = NULL;
  g_autoptr (GError) error = NULL;

  g_byte_array_set_size (left, 8000);
  memset (left->data, PARLEY_MULAW_SILENCE, 8000);
  g_byte_array_set_size (right, 4000);
  memset (right->data, PARLEY_MULAW_SILENCE, 4000);
  g_assert_true (parley_audio_file_save (path, left, right, &error));
  g_assert_no_error (error);
  audio = parley_audio_file_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (audio), >, 7800);
  g_assert_cmpuint (g_bytes_get_size (audio), <, 8400);
}

/* Where the server says that the time went */

static JsonObject *
first_turn (JsonObject * root)
{
  return json_array_get_object_element (json_object_get_array_member (root,
          "turns"), 0);
}

/* One call of one turn with --timeline-url, to a server that does @script. */
static JsonObject *
call_with_timeline (ParleyMockServer * server, Outcome * outcome,
    JsonParser * parser)
{
  g_autofree gchar *url = parley_mock_server_get_url (server);
  g_autofree gchar *base = parley_mock_server_get_base (server);
  g_autofree gchar *spoken = path_of ("timed.wav");

  write_wav (spoken, 1, 16, 8000, 200);
  g_setenv ("PARLEY_TEST_TOKEN", "s3cret", TRUE);
  RUN (outcome, "call", "--json", "--url", url, "--no-greeting", "--wav",
      spoken, "--timeline-url", base, "--admin-token-env", "PARLEY_TEST_TOKEN");
  return parse (parser, outcome->out);
}

static gdouble
number (JsonObject * object, const gchar * name)
{
  return json_object_get_double_member (object, name);
}

static void
test_timeline (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 200 };
  g_autoptr (ParleyMockServer) server = parley_mock_server_new (&script);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_auto (Outcome) outcome = { 0 };
  JsonObject *turn = first_turn (call_with_timeline (server, &outcome,
          parser)), *difference;
  gdouble sum;

  g_assert_cmpint (outcome.status, ==, 0);
  g_assert_cmpstr (outcome.err, ==, "");
  g_assert_cmpstr (server->authorization, ==, "Bearer s3cret");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (turn,
              "stages")), ==, 2);
  g_assert_true (json_object_get_null_member (turn, "heard_ms"));
  difference = json_object_get_object_member (turn, "difference");
  g_assert_cmpfloat (number (difference, "detector_ms"), ==, 0);
  g_assert_cmpfloat (number (difference, "wire_up_ms"), >, 0);
  g_assert_cmpfloat (number (difference, "wire_down_ms"), >, 0);
  g_assert_cmpfloat (number (difference, "playout_ms"), >=, 60);
  g_assert_cmpfloat (number (difference, "rest_ms"), ==, 0);
  sum = number (turn, "sent_ms") + number (difference, "wire_up_ms")
      + number (difference, "wire_down_ms")
      + number (difference, "playout_ms");
  g_assert_cmpfloat_with_epsilon (sum, number (turn, "response_ms"), 0.6);
}

/* A server that tells of 30 ms that nobody waited. */
static void
test_timeline_lies (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 200,
    .lie_ms = 30
  };
  g_autoptr (ParleyMockServer) server = parley_mock_server_new (&script);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_auto (Outcome) outcome = { 0 };
  JsonObject *turn = first_turn (call_with_timeline (server, &outcome,
          parser));

  g_assert_cmpint (outcome.status, ==, 0);
  g_assert_cmpfloat (number (json_object_get_object_member (turn,
              "difference"), "rest_ms"), ==, -30);
}

/* The last turn comes to the page after the call's end. */
static void
test_timeline_late (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 200,
    .late_pages = 2
  };
  g_autoptr (ParleyMockServer) server = parley_mock_server_new (&script);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_auto (Outcome) outcome = { 0 };
  JsonObject *turn = first_turn (call_with_timeline (server, &outcome,
          parser));

  g_assert_cmpint (outcome.status, ==, 0);
  g_assert_cmpuint (server->pages, ==, 3);
  g_assert_false (json_object_get_null_member (turn, "difference"));
}

static void
test_timeline_refused (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 200,
    .refuse_page = 401
  };
  g_autoptr (ParleyMockServer) server = parley_mock_server_new (&script);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_auto (Outcome) outcome = { 0 };
  JsonObject *root = call_with_timeline (server, &outcome, parser);

  g_assert_cmpint (outcome.status, ==, 1);
  assert_one_line (outcome.err);
  g_assert_nonnull (strstr (outcome.err, "401"));
  g_assert_nonnull (strstr (outcome.err, "--admin-token-env"));
  g_assert_null (strstr (outcome.err, "s3cret"));
  g_assert_nonnull (strstr (json_object_get_string_member (root,
              "timeline_error"), "401"));
  g_assert_true (json_object_get_null_member (first_turn (root), "stages"));
  g_assert_true (json_object_get_null_member (first_turn (root), "difference"));
}

/* A folder with just the plugins used here, so that no other one of the system
 * takes part. */
static void
link_plugins (void)
{
  static const gchar *const plugins[] = {
    "coreelements", "app", "audioconvert", "audioresample", "mulaw", "ogg",
    "opus", "playback", "typefindfunctions", "wavparse"
  };
  g_autofree gchar *registry = path_of ("registry.bin");
  guint i;

  for (i = 0; i < G_N_ELEMENTS (plugins); i++) {
    g_autofree gchar *name = g_strdup_printf ("libgst%s.so", plugins[i]);
    g_autofree gchar *target =
        g_build_filename (g_getenv ("PARLEY_SYSTEM_PLUGINS"), name, NULL);
    g_autofree gchar *path = path_of (name);
    g_autoptr (GFile) file = g_file_new_for_path (path);

    g_assert_true (g_file_make_symbolic_link (file, target, NULL, NULL));
  }
  g_setenv ("GST_PLUGIN_PATH", folder, TRUE);
  g_setenv ("GST_REGISTRY", registry, TRUE);
}

static void
remove_folder (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = path_of (name);

    g_unlink (path);
  }
  g_rmdir (folder);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("parley-XXXXXX", NULL);
  link_plugins ();
  gst_init (NULL, NULL);
#define ADD(name, func) g_test_add_func ("/call/" name, func)
  ADD ("wrong-usage", test_wrong_usage);
  ADD ("help", test_help);
  ADD ("refused", test_refused);
  ADD ("file-missing", test_file_missing);
  ADD ("json-and-recording", test_json_and_recording);
  ADD ("several", test_several);
  ADD ("timeline/joined", test_timeline);
  ADD ("timeline/lies", test_timeline_lies);
  ADD ("timeline/late", test_timeline_late);
  ADD ("timeline/refused", test_timeline_refused);
  ADD ("file/loads-any-wav", test_loads_any_wav);
  ADD ("file/refuses-what-is-no-sound", test_refuses_what_is_no_sound);
  ADD ("file/saves-opus", test_saves_opus);
#undef ADD
  status = g_test_run ();
  remove_folder ();
  return status;
}
