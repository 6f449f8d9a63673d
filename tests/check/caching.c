/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Caches of the program as a whole: what is made before the first call, what
 * outlives the process, and how it is looked at and dropped. */
#include <glib/gstdio.h>
#include <string.h>

#include "mock/coreplugins.h"
#include "mock/program.h"
#include "mock/promtext.h"
#include "mock/served.h"

#define TOKEN "token-0123456789abcdef"
/* The greeting has two sentences, the apology one. */
#define N_TEXTS 3

#define ARGS(...) ((const gchar * const[]) { __VA_ARGS__, NULL })

typedef struct
{
  gchar *dir;
  gchar *path;                  /* a pipeline file */
  gchar *cache;
  Served *served;
} Fixture;

static void
set_up (Fixture * fixture, gconstpointer data)
{
  g_autofree gchar *text = NULL;

  fixture->dir = g_dir_make_tmp ("parley-caching-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->dir, "a.pipeline", NULL);
  fixture->cache = g_build_filename (fixture->dir, "cache", NULL);
  /* Beside the caller's audio a text that lets llmchat begin. */
  text = g_strdup_printf ("twiliosrc ! fakesink async=false\n"
      "fakesrc num-buffers=1 sizetype=fixed sizemax=1\n"
      "! text/x-raw,format=utf8\n"
      "! llmchat provider=script script=%s/pipelines/appointments.json "
      "greeting=\"Hello. Who is it?\" sorry-text=\"Oh.\"\n"
      "! cloudtts provider=flite cache=dir:%s ! mulawsink",
      g_getenv ("PARLEY_SOURCE"), fixture->cache);
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
}

static void
remove_all (const gchar * path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *file = g_build_filename (path, name, NULL);

    if (g_unlink (file) != 0)
      remove_all (file);
  }
  g_clear_pointer (&dir, g_dir_close);
  g_rmdir (path);
}

static void
tear_down (Fixture * fixture, gconstpointer data)
{
  if (fixture->served)
    g_assert_cmpint (served_free (fixture->served), ==, 0);
  remove_all (fixture->dir);
  g_free (fixture->cache);
  g_free (fixture->path);
  g_free (fixture->dir);
}

static gdouble
metric (Fixture * fixture, const gchar * name)
{
  g_autofree gchar *text = NULL;
  g_autoptr (GHashTable) samples = NULL;

  g_assert_cmpuint (served_request (fixture->served, "/metrics", NULL, NULL,
          &text), ==, 200);
  samples = prom_parse (text);
  return prom_get (samples, name);
}

static gdouble
requests (Fixture * fixture, const gchar * result)
{
  g_autofree gchar *name = g_strdup_printf ("parley_cache_requests_total"
      "{cache=\"speech\",result=\"%s\"}", result);

  return metric (fixture, name);
}

static gdouble
entries (Fixture * fixture, const gchar * store)
{
  g_autofree gchar *name = g_strdup_printf ("parley_cache_entries"
      "{cache=\"speech\",store=\"%s\"}", store);

  return metric (fixture, name);
}

/* Files are written and removed beside everything else. */
static void
await_files (Fixture * fixture, gboolean some)
{
  while (some ? entries (fixture, "directory") < N_TEXTS
      : entries (fixture, "directory") > 0)
    g_usleep (10000);
}

static void
start (Fixture * fixture)
{
  if (fixture->served)
    g_assert_cmpint (served_free (fixture->served), ==, 0);
  fixture->served = served_new (ARGS (fixture->path));
  served_await_ready (fixture->served);
}

static void
hear_greeting (Fixture * fixture)
{
  Phone *phone = phone_new (fixture->served, "CA1", NULL);

  g_assert_true (phone_has_echo (phone, 500));
  phone_hang_up (phone);
  phone_free (phone);
}

/* With a loop a core each text is made once all the same. */
static void
first_greeting (Fixture * fixture, gconstpointer data)
{
  gdouble hits;

  start (fixture);
  g_assert_cmpfloat (requests (fixture, "made"), ==, N_TEXTS);
  hits = requests (fixture, "memory");
  hear_greeting (fixture);
  /* Its sentences; behind it comes the answer to the text. */
  g_assert_cmpfloat (requests (fixture, "memory"), >=, hits + 2);
  /* As after a crash, a night, an update. */
  await_files (fixture, TRUE);
  start (fixture);
  g_assert_cmpfloat (requests (fixture, "made"), ==, 0);
  g_assert_cmpfloat (requests (fixture, "directory"), ==, N_TEXTS);
  hits = requests (fixture, "memory");
  hear_greeting (fixture);
  g_assert_cmpfloat (requests (fixture, "memory"), >=, hits + 2);
}

static void
run (const gchar * const *args, int status, const gchar * part)
{
  g_autofree gchar *out = NULL;
  g_autofree gchar *err = NULL;

  g_assert_cmpint (program_run (args, &out, &err), ==, status);
  if (!strstr (status == 0 ? out : err, part))
    g_error ("“%s%s” should say “%s”", out, err, part);
  g_assert_null (strstr (out, "Hello"));
}

static void
list_and_drop (Fixture * fixture, gconstpointer data)
{
  start (fixture);
  await_files (fixture, TRUE);
  run (ARGS ("cache", "list", fixture->cache), 0, "flite/");
  run (ARGS ("cache", "list", fixture->cache), 0, "3 entries");
  run (ARGS ("cache", "list", fixture->cache, "--json"), 0,
      "\"cache\" : \"speech\"");
  run (ARGS ("cache", "list", fixture->cache, "--older-than", "1h"), 0,
      "0 entries");
  run (ARGS ("cache", "drop", fixture->cache, "--prefix", "elevenlabs/"), 0,
      "0 dropped");
  run (ARGS ("cache", "drop", fixture->cache, "--all"), 0, "3 dropped");
  run (ARGS ("cache", "list", fixture->cache), 0, "0 entries");
  /* The server still has it in its memory. */
  g_assert_cmpfloat (entries (fixture, "memory"), ==, N_TEXTS);
}

static void
drop_from_a_server (Fixture * fixture, gconstpointer data)
{
  start (fixture);
  await_files (fixture, TRUE);
  run (ARGS ("cache", "drop", fixture->served->url, "--prefix", "other"), 0,
      "drops");
  g_assert_cmpfloat (entries (fixture, "memory"), ==, N_TEXTS);
  run (ARGS ("cache", "drop", fixture->served->url, "--prefix", "flite/"), 0,
      "drops");
  g_assert_cmpfloat (entries (fixture, "memory"), ==, 0);
  await_files (fixture, FALSE);
  g_assert_cmpuint (served_request (fixture->served, "/cache", NULL, NULL,
          NULL), ==, 405);
}

static void
drop_needs_the_token (Fixture * fixture, gconstpointer data)
{
  g_setenv ("CACHING_TOKEN", TOKEN, TRUE);
  fixture->served = served_new (ARGS (fixture->path, "--admin-token-env",
          "CACHING_TOKEN"));
  run (ARGS ("cache", "drop", fixture->served->url, "--all"), 1, "401");
  run (ARGS ("cache", "drop", fixture->served->url, "--all",
          "--admin-token-env", "CACHING_TOKEN"), 0, "drops");
  run (ARGS ("cache", "drop", fixture->served->url, "--all",
          "--admin-token-env", "CACHING_NOTHING"), 1, "CACHING_NOTHING");
}

static void
usage (void)
{
  run (ARGS ("cache"), 2, "list or drop");
  run (ARGS ("cache", "show"), 2, "list or drop");
  run (ARGS ("cache", "list"), 2, "directory");
  run (ARGS ("cache", "drop", "/tmp"), 2, "--all");
  run (ARGS ("cache", "drop", "/tmp", "--older-than", "7"), 2, "7d");
  run (ARGS ("cache", "list", "http://127.0.0.1:1"), 2, "/metrics");
  run (ARGS ("cache", "list", "/nowhere"), 1, "dir:");
}

#define ADD(name, func) \
    g_test_add ("/caching/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  core_plugins_add ();
  g_test_init (&argc, &argv, NULL);
  ADD ("first-greeting", first_greeting);
  ADD ("list-and-drop", list_and_drop);
  ADD ("drop-from-a-server", drop_from_a_server);
  ADD ("drop-needs-the-token", drop_needs_the_token);
  g_test_add_func ("/caching/usage", usage);
  return g_test_run ();
}
