/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib/gstdio.h>
#include <string.h>

#include "emulatorrig.h"
#include "mock/coreplugins.h"
#include "mock/served.h"

/* Whole calls to the program, whose services fail: what the caller hears. */

#define KEY "kX-secret-0123456789abcdef"
#define GOOD "{'keys':'any','stt':{'texts':['when are you open']}," \
    "'llm':{'replies':['We are open from nine. Until five.']}," \
    "'tts':{'ms_per_character':40}%s}"
#define BROKEN ",'faults':[" \
    "{'protocol':'openai-stt','fault':'500'}," \
    "{'protocol':'openai-chat','fault':'drop','after':0}," \
    "{'protocol':'openai-tts','fault':'401'}]"
#define LOCAL "twiliosrc ! vadendpoint silence=400\n" \
    "! cloudstt provider=openai base-url=${FIRST} api-key-env=FAILOVER_KEY\n" \
    "  grammar=${SCRIPT} fallback=pocketsphinx\n" \
    "! llmchat provider=openai base-url=${FIRST} api-key-env=FAILOVER_KEY\n" \
    "  script=${SCRIPT} fallback=script\n" \
    "! cloudtts provider=openai base-url=${FIRST} api-key-env=FAILOVER_KEY\n" \
    "  fallback=flite\n" \
    "! mulawsink\n"
#define PIPELINE "twiliosrc ! vadendpoint silence=400\n" \
    "! cloudstt provider=openai base-url=${FIRST} api-key-env=FAILOVER_KEY\n" \
    "  fallback=\"openai(base-url=${SECOND} api-key-env=FAILOVER_KEY)\"\n" \
    "! llmchat provider=openai base-url=${FIRST} api-key-env=FAILOVER_KEY\n" \
    "  fallback=\"openai(base-url=${SECOND} api-key-env=FAILOVER_KEY)\"\n" \
    "! cloudtts provider=openai base-url=${FIRST} api-key-env=FAILOVER_KEY\n" \
    "  fallback=\"openai(base-url=${SECOND} api-key-env=FAILOVER_KEY)\"\n" \
    "! mulawsink\n"

typedef struct
{
  gchar *out, *err;
  gboolean ended;
} Caller;

static void
caller_ended (GObject * process, GAsyncResult * result, gpointer data)
{
  Caller *caller = data;

  g_subprocess_communicate_utf8_finish (G_SUBPROCESS (process), result,
      &caller->out, &caller->err, NULL);
  caller->ended = TRUE;
}

/* One turn; whether something was heard in answer to it. */
static gboolean
call (Served * served)
{
  g_autofree gchar *program = g_build_filename (g_getenv ("PARLEY_BUILD"),
      "app", "parley", NULL);
  g_autofree gchar *url = g_strdup_printf ("ws%s/media",
      served->url + strlen ("http"));
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = NULL;
  Caller caller = { NULL };
  JsonArray *turns;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE
      | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, program, "call", "--url", url,
      "--tts=flite", "--say", "when are you open", "--json", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8_async (process, NULL, NULL, caller_ended,
      &caller);
  parley_mock_wait (caller.ended);
  root = json_from_string (caller.out, NULL);
  g_strdelimit (caller.out, "\n", ' ');
  g_test_message ("%s %s", caller.out, caller.err);
  g_free (caller.out);
  g_free (caller.err);
  g_assert_nonnull (root);
  turns = json_object_get_array_member (json_node_get_object (root), "turns");
  g_assert_cmpuint (json_array_get_length (turns), ==, 1);
  return !json_object_get_null_member (json_array_get_object_element (turns,
          0), "response_ms");
}

static EmulatorRig *
new_service (const gchar * name, const gchar * faults)
{
  g_autofree gchar *config = g_strdup_printf (GOOD, faults);
  EmulatorRig *rig = emulator_rig_new (config);
  g_autofree gchar *url = g_strdup_printf ("http://127.0.0.1:%u/v1",
      rig->port);

  g_setenv (name, url, TRUE);
  return rig;
}

/* A call with these faults of the two services; the metrics after it. */
static gchar *
call_with (const gchar * pipeline, const gchar * first_faults,
    const gchar * second_faults)
{
  const gchar *args[] = { "-v", NULL, NULL };
  EmulatorRig *first = new_service ("FIRST", first_faults);
  EmulatorRig *second = new_service ("SECOND", second_faults);
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;
  gint fd = g_file_open_tmp ("failover-XXXXXX.pipeline", &path, &error);
  gchar *metrics = NULL;
  Served *served;

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, pipeline, -1, NULL));
  g_setenv ("FAILOVER_KEY", KEY, TRUE);
  args[1] = path;
  served = served_new (args);
  g_assert_true (call (served));
  served_request (served, "/metrics", NULL, NULL, &metrics);
  g_assert_null (strstr (metrics, KEY));
  g_assert_cmpint (served_free (served), ==, 0);
  emulator_rig_free (first);
  emulator_rig_free (second);
  g_unlink (path);
  return metrics;
}

#define assert_has(metrics, name) G_STMT_START { \
  if (!strstr (metrics, name)) \
    g_error ("no %s in %s", name, metrics); \
} G_STMT_END

/* The reply is the second's in all three. */
static void
test_first_fails (void)
{
  g_autofree gchar *metrics = call_with (PIPELINE, BROKEN, "");

  assert_has (metrics, "parley_provider_failures_total{kind=\"stt\","
      "provider=\"openai\",reason=\"status\"}");
  assert_has (metrics, "parley_provider_failures_total{kind=\"llm\","
      "provider=\"openai\",reason=\"dropped\"}");
  assert_has (metrics, "parley_provider_failures_total{kind=\"tts\","
      "provider=\"openai\",reason=\"auth\"}");
  assert_has (metrics, "parley_provider_switches_total{kind=\"stt\","
      "to=\"openai\"}");
  assert_has (metrics, "parley_service_state{service=\"openai-llm 127.0.0.1:");
  assert_has (metrics, "parley_errors_total");
  g_assert_null (strstr (metrics, "parley_errors_total{"));
}

/* This machine goes on; the stages are of those who really answered. */
static void
test_local (void)
{
  g_autofree gchar *script = g_build_filename (g_getenv ("PARLEY_SOURCE"),
      "pipelines", "appointments.json", NULL);
  g_autofree gchar *metrics = NULL;

  g_setenv ("SCRIPT", script, TRUE);
  metrics = call_with (LOCAL, BROKEN, "");
  assert_has (metrics, "parley_provider_switches_total{kind=\"stt\","
      "to=\"pocketsphinx\"} 1");
  assert_has (metrics, "parley_provider_seconds_count{element=\"cloudstt\","
      "provider=\"pocketsphinx\"} 1");
  assert_has (metrics, "parley_provider_seconds_count{element=\"llmchat\","
      "provider=\"script\"} 1");
  assert_has (metrics, "parley_provider_seconds_count{element=\"cloudtts\","
      "provider=\"flite\"}");
}

/* Nobody hears, nobody speaks: flite says so. */
static void
test_all_fail (void)
{
  g_autofree gchar *metrics = call_with (PIPELINE, BROKEN, BROKEN);

  g_assert_null (strstr (metrics, "parley_errors_total{"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  g_test_add_func ("/failover-call/first-fails", test_first_fails);
  g_test_add_func ("/failover-call/local", test_local);
  g_test_add_func ("/failover-call/all-fail", test_all_fail);
  return g_test_run ();
}
