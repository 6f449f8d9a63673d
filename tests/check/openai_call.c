/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <json-glib/json-glib.h>
#include <string.h>

#include "mock/cloudserver.h"
#include "mock/coreplugins.h"
#include "mock/peer.h"
#include "mock/served.h"

/* pipelines/openai.pipeline as a whole: a caller, the program, and one server
 * for hearing, thinking and speaking. */

#define KEY "kX-secret-0123456789abcdef"
#define SSE "text/event-stream"
#define DELTA(text) "data: {\"choices\":[{\"delta\":{\"content\":\"" text \
    "\"}}]}\n\n"
#define CALL(name) "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{" \
    "\"index\":0,\"id\":\"c1\",\"type\":\"function\",\"function\":{" \
    "\"name\":\"" name "\",\"arguments\":\"{}\"}}]}}]}\n\n"
#define RATE 24000

typedef struct
{
  gchar *out, *err;
  gboolean ended;
} Caller;

/* A second of a tone that no silence gate takes for silence. */
static gchar *
new_tone (void)
{
  gint16 *tone = g_new (gint16, RATE);

  for (guint i = 0; i < RATE; i++)
    tone[i] = GINT16_TO_LE (i / 30 % 2 ? 8000 : -8000);
  return (gchar *) tone;
}

static void
add_answers (ParleyMockCloud * cloud, const gchar * tone)
{
  const ParleyMockAnswer speech = {.status = 200,.type = "audio/pcm",.body =
        tone,.len = RATE * 2,.cut = 999,.path = "/audio/speech"
  };

  parley_mock_cloud_answer (cloud, &speech);
  parley_mock_cloud_answer (cloud, &(ParleyMockAnswer) {
      .status = 200,.type =
        SSE,.path = "/audio/transcriptions",.body =
        "data: {\"type\":\"transcript.text.done\",\"text\":"
        "\"When are you open?\"}\n\n"});
  parley_mock_cloud_answer (cloud, &(ParleyMockAnswer) {
        .status = 200,.type =
        SSE,.path = "/chat/completions",.cut = 11,.body =
        DELTA ("We are open from nine. ") DELTA ("Until five.")
        CALL ("end_call")
      "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}"
        "\n\n"
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":40,"
        "\"completion_tokens\":12}}\n\ndata: [DONE]\n\n"});
}

static void
caller_ended (GObject * process, GAsyncResult * result, gpointer data)
{
  Caller *caller = data;

  g_subprocess_communicate_utf8_finish (G_SUBPROCESS (process), result,
      &caller->out, &caller->err, NULL);
  caller->ended = TRUE;
}

/* One turn; what "parley call" says of it. */
static JsonNode *
call (Served * served)
{
  g_autofree gchar *program = g_build_filename (g_getenv ("PARLEY_BUILD"),
      "app", "parley", NULL);
  g_autofree gchar *url = g_strdup_printf ("ws%s/media",
      served->url + strlen ("http"));
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  Caller caller = { NULL };
  JsonNode *root;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE
      | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, program, "call", "--url", url,
      "--tts=flite", "--say", "when are you open", "--json", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8_async (process, NULL, NULL, caller_ended,
      &caller);
  parley_mock_wait (caller.ended);
  root = json_from_string (caller.out, NULL);
  g_assert_null (strstr (caller.out, KEY));
  g_strdelimit (caller.out, "\n", ' ');
  g_test_message ("%s %s", caller.out, caller.err);
  g_assert_nonnull (root);
  g_free (caller.out);
  g_free (caller.err);
  return root;
}

static ParleyMockAsked *
find_asked (ParleyMockCloud * cloud, const gchar * path, guint index)
{
  for (guint i = 0; i < cloud->asked->len; i++) {
    ParleyMockAsked *asked = g_ptr_array_index (cloud->asked, i);

    g_assert_cmpstr (asked->authorization, ==, "Bearer " KEY);
    if (g_str_has_suffix (asked->path, path) && index-- == 0)
      return asked;
  }
  g_assert_not_reached ();
}

static void
check_asked (ParleyMockCloud * cloud)
{
  ParleyMockAsked *asked = find_asked (cloud, "/audio/transcriptions", 0);

  /* Over half a second of 8 kHz. */
  g_assert_cmpuint (asked->len, >, 8000);
  asked = find_asked (cloud, "/chat/completions", 0);
  g_assert_nonnull (strstr (asked->body, "\"When are you open?\""));
  g_assert_nonnull (strstr (asked->body, "You are on the phone"));
  g_assert_nonnull (strstr (asked->body, "How can I help you"));
  g_assert_nonnull (strstr (asked->body, "\"name\":\"end_call\""));
}

/* Sentences are asked for at once, in no order. */
static gboolean
was_spoken (ParleyMockCloud * cloud, const gchar * sentence)
{
  gboolean found = FALSE;

  for (guint i = 0; i < cloud->asked->len; i++) {
    ParleyMockAsked *asked = g_ptr_array_index (cloud->asked, i);

    found |= g_str_has_suffix (asked->path, "/audio/speech")
        && strstr (asked->body, sentence);
  }
  return found;
}

static void
test_call (void)
{
  const gchar *args[] = { "-v", NULL, NULL };
  g_autofree gchar *file = g_build_filename (g_getenv ("PARLEY_SOURCE"),
      "pipelines", "openai.pipeline", NULL);
  g_autofree gchar *tone = new_tone ();
  g_autofree gchar *metrics = NULL;
  ParleyMockCloud *cloud = parley_mock_cloud_new ();
  g_autoptr (JsonNode) root = NULL;
  JsonArray *turns;
  Served *served;

  args[1] = file;
  add_answers (cloud, tone);
  g_setenv ("OPENAI_API_KEY", KEY, TRUE);
  g_setenv ("OPENAI_BASE_URL", cloud->url, TRUE);
  served = served_new (args);
  root = call (served);
  turns = json_object_get_array_member (json_node_get_object (root), "turns");
  g_assert_cmpuint (json_array_get_length (turns), ==, 1);
  g_assert_false (json_object_get_null_member (json_array_get_object_element
          (turns, 0), "response_ms"));
  check_asked (cloud);
  g_assert_true (was_spoken (cloud, "How can I help you?"));
  g_assert_true (was_spoken (cloud, "We are open from nine."));
  g_assert_true (was_spoken (cloud, "Until five."));
  g_assert_cmpuint (cloud->warmed, >=, 3);
  served_request (served, "/metrics", NULL, NULL, &metrics);
  g_assert_nonnull (strstr (metrics, "parley_usage_total{kind=\"llm\","
          "provider=\"openai\",unit=\"output_token\"} 12"));
  /* The tool of pipelines/tools.json: the agent hung up. */
  g_assert_nonnull (strstr (metrics, "parley_tool_seconds_count{"
          "tool=\"end_call\",result=\"worked\"} 1"));
  g_assert_null (strstr (metrics, KEY));
  g_assert_cmpint (served_free (served), ==, 0);
  parley_mock_cloud_free (cloud);
}

static void
test_key_missing (void)
{
  const gchar *args[] = { NULL, NULL };
  g_autofree gchar *file = g_build_filename (g_getenv ("PARLEY_SOURCE"),
      "pipelines", "openai.pipeline", NULL);
  g_autofree gchar *said = NULL;

  args[0] = file;
  g_unsetenv ("OPENAI_API_KEY");
  g_unsetenv ("OPENAI_BASE_URL");
  g_assert_cmpint (served_fail (args, &said), !=, 0);
  g_strdelimit (said, "\n", ' ');
  g_test_message ("%s", said);
  g_assert_nonnull (strstr (said, "set OPENAI_API_KEY, or api-key-env=NAME"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  g_test_add_func ("/openai-call/turn", test_call);
  g_test_add_func ("/openai-call/key-missing", test_key_missing);
  return g_test_run ();
}
