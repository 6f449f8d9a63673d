/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "capturefile.h"
#include "tests/mock/coreplugins.h"
#include "tests/mock/program.h"
#include "tests/mock/served.h"

/* A call is captured, and happens again. */

#define ARGS(...) ((const gchar * const[]) { __VA_ARGS__, NULL })

static gchar *folder;
static gchar *captured;         /* the path of one call's capture */

static gchar *
local_pipeline (void)
{
  return g_build_filename (g_getenv ("PARLEY_SOURCE"), "pipelines",
      "local.pipeline", NULL);
}

static void
call_and_capture (void)
{
  g_autofree gchar *pipeline = local_pipeline ();
  Served *served = served_new (ARGS (pipeline, "--capture", folder));
  g_autofree gchar *url = g_strconcat ("ws", served->url + strlen ("http"),
      "/media", NULL);
  g_autoptr (GDir) dir = NULL;
  g_autofree gchar *err = NULL;

  served_await_ready (served);
  g_assert_cmpint (program_run (ARGS ("call", "--url", url, "--say",
              "what are your opening hours", "--say", "goodbye"), NULL, &err),
      ==, 0);
  /* Whoever stops the server has whole captures. */
  g_assert_cmpint (served_free (served), ==, 0);
  dir = g_dir_open (folder, 0, NULL);
  captured = g_build_filename (folder, g_dir_read_name (dir), NULL);
  g_assert_true (g_str_has_suffix (captured, ".capture"));
  g_assert_null (g_dir_read_name (dir));
}

static void
test_three_runs_are_one (void)
{
  g_autofree gchar *first = NULL;

  for (guint i = 0; i < 3; i++) {
    g_autofree gchar *out = NULL, *err = NULL;

    g_assert_cmpint (program_run (ARGS ("replay", "--check", "--json",
                captured), &out, &err), ==, 0);
    g_assert_nonnull (strstr (err, "the same was said"));
    if (!first)
      first = g_steal_pointer (&out);
    else
      g_assert_cmpstr (out, ==, first);
  }
  g_assert_nonnull (strstr (first, "\"text\":\"what are your opening hours\""));
  g_assert_nonnull (strstr (first, "\"event\":\"sent-media\""));
  g_assert_nonnull (strstr (first, "\"event\":\"parley-turn\""));
}

/* With the engines of this machine time is as exact. */
static void
test_live_providers (void)
{
  g_autofree gchar *first = NULL, *second = NULL, *err = NULL;

  program_run (ARGS ("replay", "--live", captured), &first, &err);
  g_clear_pointer (&err, g_free);
  program_run (ARGS ("replay", "--live", captured), &second, &err);
  g_assert_cmpstr (first, ==, second);
  g_assert_nonnull (strstr (first, "what are your opening hours"));
}

/* A change of the pipeline shows. */
static void
test_another_pipeline (void)
{
  g_autofree gchar *path = g_build_filename (folder, "mute.pipeline", NULL);
  g_autofree gchar *out = NULL, *err = NULL;

  g_assert_true (g_file_set_contents (path, "twiliosrc ! vadendpoint "
          "! cloudstt ! llmchat greeting=Hello. ! cloudtts ! mulawsink", -1,
          NULL));
  g_assert_cmpint (program_run (ARGS ("replay", "--check", "--pipeline", path,
              captured), &out, &err), ==, 1);
  g_assert_nonnull (strstr (err, "something else was said"));
  g_assert_nonnull (strstr (err, "now:  agent: Hello."));
  g_remove (path);
}

static void
write_capture (const gchar * path, const gchar * text)
{
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

#define HEADER "{\"capture\":{\"version\":1,\"file\":\"a.pipeline\"}}\n"

static void
test_damaged_captures (void)
{
  static const gchar *const cases[][2] = {
    {"", "the file is empty"},
    {"RIFF....WAVE\n", ":1: this is no capture"},
    {"{\"us\":1}\n", ":1: this is no capture"},
    {"{\"capture\":{\"version\":7,\"file\":\"a\"}}\n", ":1: the capture is of "
          "a version"},
    {HEADER "{\"us\":1,\"in\":{}}\n", ":2: the entry's value"},
    {HEADER "{\"us\":-4,\"in\":\"x\"}\n", ":2: \"us\" must"},
    {HEADER "{\"us\":1,\"smell\":\"x\"}\n", ":2: no entry"},
    {HEADER "[1]\n", ":2: the line is not a JSON object"},
  };
  g_autofree gchar *path = g_build_filename (folder, "bad.capture", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *err = NULL;

    write_capture (path, cases[i][0]);
    g_assert_cmpint (program_run (ARGS ("replay", path), NULL, &err), ==, 1);
    if (!strstr (err, cases[i][1]))
      g_error ("“%s” should say “%s”", err, cases[i][1]);
  }
  g_remove (path);
}

/* As a server that was killed leaves it. */
static void
test_cut_off (void)
{
  g_autofree gchar *path = g_build_filename (folder, "cut.capture", NULL);
  g_autoptr (ParleyCaptureFile) file = NULL;
  g_autoptr (GError) error = NULL;

  write_capture (path, HEADER "{\"us\":5,\"in\":\"x\"}\n{\"us\":9,\"i");
  file = parley_capture_file_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (file->entries->len, ==, 1);
  g_remove (path);
}

/* A caller's side that sends what it must not is captured and replayed too. */
static void
test_malformed_messages (void)
{
  g_autofree gchar *path = g_build_filename (folder, "odd.capture", NULL);
  g_autofree gchar *pipeline = local_pipeline ();
  g_autofree gchar *out = NULL, *err = NULL;

  write_capture (path, HEADER "{\"us\":5,\"in\":\"not JSON\"}\n"
      "{\"us\":9,\"in\":\"{\\\"event\\\":\\\"connected\\\"}\"}\n");
  g_assert_cmpint (program_run (ARGS ("replay", "--pipeline", pipeline, path),
          &out, &err), ==, 0);
  g_assert_cmpstr (out, ==, "");
  g_remove (path);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  folder = g_dir_make_tmp ("parley-replay-XXXXXX", NULL);
  call_and_capture ();
  g_test_add_func ("/replay/three-runs-are-one", test_three_runs_are_one);
  g_test_add_func ("/replay/live-providers", test_live_providers);
  g_test_add_func ("/replay/another-pipeline", test_another_pipeline);
  g_test_add_func ("/replay/damaged-captures", test_damaged_captures);
  g_test_add_func ("/replay/cut-off", test_cut_off);
  g_test_add_func ("/replay/malformed-messages", test_malformed_messages);
  result = g_test_run ();
  g_remove (captured);
  g_rmdir (folder);
  g_free (captured);
  g_free (folder);
  return result;
}
