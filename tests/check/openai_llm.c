/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <json-glib/json-glib.h>
#include <string.h>

#include "mock/cloudrig.h"
#include "net/clock.h"
#include "net/httprequest.h"
#include "providers/llm/tools.h"
#include "turn/history.h"

/* Chat completions against a server on this machine. */

#define SECOND G_TIME_SPAN_SECOND
#define SSE "text/event-stream"
#define CHUNK(fields) "data: {\"id\":\"c1\",\"object\":" \
    "\"chat.completion.chunk\"," fields "}\n\n"
#define DELTA(text) CHUNK ("\"choices\":[{\"index\":0,\"delta\":{" \
    "\"content\":\"" text "\"},\"finish_reason\":null}],\"usage\":null")
#define STOP(reason) CHUNK ("\"choices\":[{\"index\":0,\"delta\":{}," \
    "\"finish_reason\":\"" reason "\"}]")
#define USAGE CHUNK ("\"choices\":[],\"usage\":{\"prompt_tokens\":25," \
    "\"completion_tokens\":9,\"prompt_tokens_details\":{\"cached_tokens\":5}}")
#define DONE "data: [DONE]\n\n"
#define HELLO ": ping\n\n" \
    CHUNK ("\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"," \
    "\"content\":\"\"},\"finish_reason\":null}]") \
    DELTA ("Grüß ") DELTA ("\\\"Gott\\\"!") STOP ("stop")
#define USED "input_token=20 cached_input_token=5 output_token=9 "

static const ParleyMockAnswer hello =
    {.status = 200,.type = SSE,.body = HELLO USAGE DONE };

static ParleyCloudRig *
new_rig (const ParleyMockAnswer * answer)
{
  ParleyCloudRig *rig = parley_cloud_rig_new (PARLEY_PROVIDER_LLM, "openai",
      "model", "gpt-test", NULL);

  parley_mock_cloud_answer (rig->cloud, answer);
  return rig;
}

static void
ask (ParleyCloudRig * rig, guint id, const gchar * text)
{
  ParleyHistory *history = parley_history_new ("Be short.");
  GPtrArray *messages = parley_history_messages (history, text);

  parley_llm_provider_request (rig->provider, id, messages);
  g_ptr_array_unref (messages);
  parley_history_free (history);
}

static JsonObject *
sent_body (ParleyCloudRig * rig, JsonNode ** root)
{
  ParleyMockAsked *asked = parley_mock_cloud_get (rig->cloud, 0);

  g_assert_cmpstr (asked->path, ==, "/v1/chat/completions");
  g_assert_cmpstr (asked->type, ==, "application/json");
  g_assert_cmpstr (asked->authorization, ==, "Bearer " PARLEY_MOCK_KEY);
  *root = json_from_string (asked->body, NULL);
  g_assert_nonnull (*root);
  return json_node_get_object (*root);
}

static void
test_request (void)
{
  ParleyCloudRig *rig = new_rig (&hello);
  JsonNode *root;
  JsonObject *body, *message;
  JsonArray *messages;

  g_object_set (rig->provider, "temperature", 0.5, "max-tokens", 300, NULL);
  ask (rig, 1, "Hi \"there\"");
  parley_cloud_rig_wait (rig, 1);
  body = sent_body (rig, &root);
  g_assert_cmpstr (json_object_get_string_member (body, "model"), ==,
      "gpt-test");
  g_assert_true (json_object_get_boolean_member (body, "stream"));
  g_assert_true (json_object_get_boolean_member (json_object_get_object_member
          (body, "stream_options"), "include_usage"));
  g_assert_cmpfloat (json_object_get_double_member (body, "temperature"), ==,
      0.5);
  g_assert_cmpint (json_object_get_int_member (body, "max_tokens"), ==, 300);
  messages = json_object_get_array_member (body, "messages");
  g_assert_cmpuint (json_array_get_length (messages), ==, 2);
  message = json_array_get_object_element (messages, 0);
  g_assert_cmpstr (json_object_get_string_member (message, "role"), ==,
      "system");
  message = json_array_get_object_element (messages, 1);
  g_assert_cmpstr (json_object_get_string_member (message, "role"), ==, "user");
  g_assert_cmpstr (json_object_get_string_member (message, "content"), ==,
      "Hi \"there\"");
  json_node_unref (root);
  parley_cloud_rig_free (rig);
}

/* Nothing that was not set is sent: some models refuse it. */
static void
test_request_plain (void)
{
  ParleyCloudRig *rig = new_rig (&hello);
  JsonNode *root;
  JsonObject *body;

  ask (rig, 1, "");
  parley_cloud_rig_wait (rig, 1);
  body = sent_body (rig, &root);
  g_assert_false (json_object_has_member (body, "temperature"));
  g_assert_false (json_object_has_member (body, "max_tokens"));
  g_assert_false (json_object_has_member (body, "max_completion_tokens"));
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (body,
              "messages")), ==, 1);
  json_node_unref (root);
  parley_cloud_rig_free (rig);
}

/* What was called, what the tools said, and what may be called. */
static void
test_request_tools (void)
{
  ParleyCloudRig *rig = new_rig (&hello);
  GError *error = NULL;
  ParleyTools *tools = parley_tools_parse ("t",
      "{\"tools\":[{\"name\":\"look\","
      "\"description\":\"Looks.\",\"parameters\":{\"type\":\"object\","
      "\"properties\":{}},\"webhook\":{\"url\":\"http://h/\"}}]}", &error);
  GPtrArray *messages = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_message_free);
  GPtrArray *calls = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_tool_call_free);
  ParleyMockAsked *asked;

  g_assert_no_error (error);
  parley_llm_provider_set_tools (rig->provider, tools);
  parley_tools_unref (tools);
  g_ptr_array_add (calls, parley_tool_call_new ("c1", "look", "{\"id\":7}"));
  g_ptr_array_add (messages, parley_message_new (PARLEY_ROLE_USER, "hi"));
  g_ptr_array_add (messages, parley_message_new_calls ("", calls));
  g_ptr_array_add (messages, parley_message_new_result ("c1", "{\"ok\":1}"));
  parley_llm_provider_request (rig->provider, 1, messages);
  parley_cloud_rig_wait (rig, 1);
  asked = parley_mock_cloud_get (rig->cloud, 0);
  g_assert_nonnull (strstr (asked->body, "\"tools\":[{\"type\":\"function\","
          "\"function\":{\"name\":\"look\",\"description\":\"Looks.\","
          "\"parameters\":{\"type\":\"object\",\"properties\":{}}}}]"));
  g_assert_nonnull (strstr (asked->body, "{\"role\":\"assistant\",\"content\":"
          "null,\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\","
          "\"function\":{\"name\":\"look\",\"arguments\":"
          "\"{\\\"id\\\":7}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c1\","
          "\"content\":\"{\\\"ok\\\":1}\"}]"));
  g_ptr_array_unref (calls);
  g_ptr_array_unref (messages);
  parley_cloud_rig_free (rig);
}

static void
test_reply_cut_anywhere (void)
{
  static const gsize cuts[] = { 1, 3, 7, 64, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (cuts); i++) {
    ParleyMockAnswer answer = hello;
    ParleyCloudRig *rig;

    answer.cut = cuts[i];
    rig = new_rig (&answer);
    ask (rig, 7, "Hi");
    g_assert_cmpstr (rig->log->str, ==, "");
    parley_cloud_rig_wait (rig, 1);
    g_assert_cmpstr (rig->text->str, ==, "Grüß \"Gott\"!");
    g_assert_cmpstr (rig->log->str, ==, USED "done7 ");
    parley_cloud_rig_free (rig);
  }
}

static void
check_reply (const gchar * body, const gchar * text, const gchar * log)
{
  ParleyMockAnswer answer = {.status = 200,.type = SSE,.body = body };
  ParleyCloudRig *rig = new_rig (&answer);

  ask (rig, 1, "Hi");
  parley_cloud_rig_wait (rig, 1);
  g_assert_cmpstr (rig->text->str, ==, text);
  g_assert_cmpstr (rig->log->str, ==, log);
  parley_cloud_rig_free (rig);
}

static void
test_endings (void)
{
  /* No usage, no [DONE]; lines that end CRLF; more than is known. */
  check_reply (DELTA ("Hi") STOP ("stop"), "Hi", "done1 ");
  check_reply (DELTA ("Hi") DONE, "Hi", "done1 ");
  check_reply (DELTA ("Hi") STOP ("length") USAGE DONE, "Hi", USED "done1 ");
  check_reply ("data: {\"choices\":[{\"delta\":{\"content\":\"Hi\","
      "\"reasoning_content\":\"hm\"}}]}\r\n\r\ndata: {\"choices\":[{\"delta\":"
      "{\"content\":null},\"finish_reason\":\"stop\"}]}\r\n\r\n"
      "data: [DONE]\r\n\r\n", "Hi", "done1 ");
}

static void
test_tool_calls (void)
{
  /* In pieces, two at once. */
  check_reply (CHUNK ("\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,"
          "\"id\":\"call_a\",\"type\":\"function\",\"function\":{\"name\":"
          "\"look\",\"arguments\":\"\"}}]}}]")
      CHUNK ("\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":"
          "\"call_b\",\"function\":{\"name\":\"end\"}},{\"index\":0,"
          "\"function\":{\"arguments\":\"{\\\"id\\\"\"}}]}}]")
      CHUNK ("\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,"
          "\"function\":{\"arguments\":\":7}\"}}]}}]")
      STOP ("tool_calls") DONE, "",
      "tool(call_a look {\"id\":7}) tool(call_b end {}) done1 ");
  /* Arguments that nobody can read are the model's affair. */
  check_reply (CHUNK ("\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,"
          "\"function\":{\"name\":\"x\",\"arguments\":\"{\\\"a\"}}]}}]")
      STOP ("tool_calls"), "", "tool(call_0 x {\"a) done1 ");
  /* Whole, without id and index. */
  check_reply (CHUNK ("\"choices\":[{\"delta\":{\"content\":\"One moment.\","
          "\"tool_calls\":[{\"function\":{\"name\":\"look\",\"arguments\":"
          "\"{}\"}}]},\"finish_reason\":\"stop\"}]") DONE, "One moment.\n\n",
      "tool(call_0 look {}) done1 ");
}

/* Errors */

typedef struct
{
  const gchar *name;
  ParleyMockAnswer answer;
  guint tries;                  /* requests that came */
  const gchar *says;            /* words of the error */
  const gchar *text;            /* that went on before it */
} Fault;

static const Fault faults[] = {
  {"key-wrong", {.status = 401,.type = "application/json",.body =
              "{\"error\":{\"message\":\"Incorrect API key provided: "
              PARLEY_MOCK_KEY ".\",\"type\":\"invalid_request_error\","
              "\"code\":\"invalid_api_key\"}}"}, 1, "HTTP 401", ""},
  {"not-found", {.status = 404,.type = "application/json",.body =
              "{\"error\":{\"message\":\"no such model\"}}"}, 1,
      "no such model", ""},
  {"rate-limited", {.status = 429,.body = "slow down"}, 4, "HTTP 429", ""},
  {"rate-limited-long", {.status = 429,.header = "Retry-After",.value = "60"},
      1, "again in 60.0 s", ""},
  {"quota", {.status = 429,.type = "application/json",.body =
              "{\"error\":{\"message\":\"no credit\",\"code\":"
              "\"insufficient_quota\"}}"}, 1, "no credit", ""},
  {"server-error", {.status = 500,.body = "oops"}, 4, "HTTP 500", ""},
  {"not-to-retry", {.status = 500,.header = "x-should-retry",.value =
              "false"}, 1, "HTTP 500", ""},
  {"garbage", {.body = "\1\2\3 nothing\r\n\r\n",.raw = TRUE}, 1,
      "check base-url", ""},
  {"html", {.status = 200,.type = "text/html",.body = "<p>Hi</p>"}, 1,
      "check base-url", ""},
  {"not-json", {.status = 200,.type = SSE,.body = "data: {]}\n\n"}, 1,
      "JSON that cannot be read", ""},
  {"deep", {.status = 200,.type = SSE,.body = "data: [[[[[[[[[[[[[[[[[[[[[[[["
              "[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n\n"}, 1,
      "JSON that cannot be read", ""},
  {"empty", {.status = 200,.type = SSE,.body = STOP ("stop") DONE}, 1,
      "the answer is empty", ""},
  {"too-short", {.status = 200,.type = SSE,.body = STOP ("length") DONE}, 1,
      "max-tokens", ""},
  {"filtered", {.status = 200,.type = SSE,.body = STOP ("content_filter")},
      1, "filter", ""},
  {"bad-tool", {.status = 200,.type = SSE,.body = CHUNK ("\"choices\":[{"
                  "\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{"
                  "\"arguments\":\"{}\"}}]}}]")
          STOP ("tool_calls")}, 1, "tool has no name", ""},
  {"dropped", {.status = 200,.type = SSE,.body = DELTA ("Hel"),.end =
              PARLEY_MOCK_DROP}, 1, "lost in the middle", "Hel"},
  {"ended", {.status = 200,.type = SSE,.body = DELTA ("Hel")}, 1,
      "ended in the middle", "Hel"},
  {"ended-early", {.status = 200,.type = SSE,.body = ":\n\n"}, 4,
      "ended in the middle", ""},
  {"error-object", {.status = 200,.type = SSE,.body = DELTA ("Hel")
          "data: {\"error\":{\"code\":\"server_error\",\"message\":"
              "\"key " PARLEY_MOCK_KEY
              " broke\"},\"choices\":[{\"delta\":{},"
              "\"finish_reason\":\"error\"}]}\n\n"}, 1, "key *** broke", "Hel"},
  {"error-early", {.status = 200,.type = SSE,.body =
              "data: {\"error\":\"overloaded\"}\n\n"}, 4, "overloaded", ""},
  {"error-final", {.status = 200,.type = SSE,.body =
              "data: {\"error\":{\"code\":402,\"message\":\"pay\"}}\n\n"}, 1,
      "pay", ""},
  {"hang", {.status = 0}, 1, "no answer within 8.0 s", ""},
  {"hang-after-head", {.status = 200,.type = SSE,.body = ": ping\n\n",.end =
              PARLEY_MOCK_HANG}, 1, "no answer within 8.0 s", ""},
  {"hang-in-the-middle", {.status = 200,.type = SSE,.body = DELTA ("Hel"),
          .end = PARLEY_MOCK_HANG}, 1, "stopped for 5.0 s", "Hel"},
};

static void
test_fault (gconstpointer data)
{
  const Fault *fault = data;
  ParleyCloudRig *rig = new_rig (&fault->answer);

  ask (rig, 3, "Hi");
  parley_mock_wait (parley_mock_cloud_get (rig->cloud, 0));
  parley_cloud_rig_step (rig, 1, 20 * SECOND);
  g_assert_cmpstr (rig->log->str, ==, "failed3 ");
  g_assert_true (g_str_has_prefix (rig->error, "openai: "));
  g_assert_nonnull (strstr (rig->error, fault->says));
  g_assert_cmpstr (rig->text->str, ==, fault->text);
  g_assert_cmpuint (rig->cloud->asked->len, ==, fault->tries);
  parley_cloud_rig_free (rig);
}

static void
test_recovers (void)
{
  static const ParleyMockAnswer busy =
      {.status = 429,.header = "Retry-After",.value = "2" };
  static const ParleyMockAnswer broken =
      {.status = 200,.type = SSE,.body = STOP ("") };
  ParleyCloudRig *rig = new_rig (&busy);
  gint64 begin = parley_clock_now ();

  parley_mock_cloud_answer (rig->cloud, &broken);
  parley_mock_cloud_answer (rig->cloud, &hello);
  ask (rig, 1, "Hi");
  parley_cloud_rig_step (rig, 1, 8 * SECOND);
  g_assert_cmpstr (rig->text->str, ==, "Grüß \"Gott\"!");
  g_assert_cmpstr (rig->log->str, ==, USED "done1 ");
  g_assert_cmpint (parley_clock_now () - begin, >=, 2 * SECOND);
  g_assert_cmpuint (rig->cloud->asked->len, ==, 3);
  parley_cloud_rig_free (rig);
}

/* A reply, then silence: nothing comes that was cancelled. */
static void
check_cancel (const ParleyMockAnswer * answer, gboolean await_request,
    const gchar * await_text)
{
  ParleyCloudRig *rig = new_rig (answer);

  parley_mock_cloud_answer (rig->cloud, &hello);
  ask (rig, 1, "Hi");
  if (await_request)
    parley_mock_wait (parley_mock_cloud_get (rig->cloud, 0));
  if (await_text)
    parley_mock_wait (g_str_equal (rig->text->str, await_text));
  parley_llm_provider_cancel (rig->provider, 1);
  parley_llm_provider_cancel (rig->provider, 99);
  if (await_request)
    parley_mock_wait (rig->cloud->playing->len == 0);
  g_string_truncate (rig->text, 0);
  if (!await_request) {
    /* It was never sent: this one has the first answer. */
    parley_mock_settle ();
    g_assert_cmpuint (rig->cloud->asked->len, ==, 0);
  } else {
    ask (rig, 2, "Hi");
    parley_cloud_rig_wait (rig, 1);
    g_assert_cmpstr (rig->text->str, ==, "Grüß \"Gott\"!");
    g_assert_cmpstr (rig->log->str, ==, USED "done2 ");
  }
  parley_cloud_rig_free (rig);
}

static void
test_cancel (void)
{
  check_cancel (&(ParleyMockAnswer) {
      .status = 0}, FALSE, NULL);
  check_cancel (&(ParleyMockAnswer) {
      .status = 0}, TRUE, NULL);
  check_cancel (&(ParleyMockAnswer) {
      .status = 200,.type = SSE,.body =
        DELTA ("Hel"),.end = PARLEY_MOCK_HANG}, TRUE, "Hel");
}

/* While it waits to try again. */
static void
test_cancel_retry (void)
{
  ParleyCloudRig *rig = new_rig (&(ParleyMockAnswer) {.status = 500 });

  ask (rig, 1, "Hi");
  parley_mock_wait (parley_mock_cloud_get (rig->cloud, 0)
      && rig->cloud->playing->len == 0);
  parley_mock_settle ();
  parley_llm_provider_cancel (rig->provider, 1);
  parley_mock_advance (10 * SECOND);
  g_assert_cmpuint (rig->cloud->asked->len, ==, 1);
  g_assert_cmpstr (rig->log->str, ==, "");
  parley_cloud_rig_free (rig);
}

static void
cancel_inside (gpointer provider, guint id, const gchar * text, gpointer data)
{
  parley_llm_provider_cancel (provider, id);
}

static void
test_cancel_inside (void)
{
  ParleyCloudRig *rig = new_rig (&hello);

  g_signal_connect (rig->provider, "delta", G_CALLBACK (cancel_inside), NULL);
  ask (rig, 1, "Hi");
  parley_mock_wait (rig->text->len > 0);
  parley_mock_settle ();
  g_assert_cmpstr (rig->text->str, ==, "Grüß ");
  g_assert_cmpstr (rig->log->str, ==, "");
  parley_cloud_rig_free (rig);
}

static void
test_long (void)
{
  ParleyMockAnswer answer = hello;
  GString *body = g_string_new (NULL), *text = g_string_new (NULL);
  ParleyCloudRig *rig;

  for (guint i = 0; i < 2000; i++) {
    g_string_append (body, DELTA ("word "));
    g_string_append (text, "word ");
  }
  g_string_append (body, STOP ("stop") DONE);
  answer.body = body->str;
  answer.cut = 1000;
  rig = new_rig (&answer);
  ask (rig, 1, text->str);
  parley_cloud_rig_wait (rig, 1);
  g_assert_cmpstr (rig->text->str, ==, text->str);
  g_assert_nonnull (strstr (parley_mock_cloud_get (rig->cloud, 0)->body,
          text->str));
  parley_cloud_rig_free (rig);
  g_string_free (body, TRUE);
  g_string_free (text, TRUE);
}

/* The connection of a reply that came whole serves the next. */
static void
test_connection_kept (void)
{
  ParleyCloudRig *rig = new_rig (&hello);

  parley_mock_settle ();
  for (guint i = 1; i <= 3; i++) {
    ask (rig, i, "Hi");
    parley_cloud_rig_wait (rig, i);
    parley_mock_wait (rig->cloud->playing->len == 0);
    parley_mock_settle ();
  }
  /* The warm one's, which was free before the first request, and the spare. */
  g_assert_cmpuint (rig->cloud->connections, <=, 2);
  parley_cloud_rig_free (rig);
}

static void
test_stays_warm (void)
{
  ParleyCloudRig *rig = new_rig (&hello);

  for (guint i = 2; i <= 4; i++) {
    parley_mock_advance (PARLEY_WARM_INTERVAL);
    parley_mock_wait (rig->cloud->warmed >= i);
  }
  parley_cloud_rig_free (rig);
}

/* Settings */

static void
check_settings (const gchar * url, const gchar * env, const gchar * says)
{
  ParleyLoop *loop = parley_loop_new (g_main_context_default ());
  gpointer provider = parley_provider_new (PARLEY_PROVIDER_LLM, "openai", loop,
      NULL, NULL, NULL, NULL);
  GError *error = NULL;

  g_object_set (provider, "base-url", url, "api-key-env", env, NULL);
  g_assert_cmpint (parley_provider_warm (provider, &error), ==, says == NULL);
  if (says) {
    g_assert_error (error, PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_SETTINGS);
    g_test_message ("%s", error->message);
    g_assert_true (g_str_has_prefix (error->message, "openai: "));
    g_assert_nonnull (strstr (error->message, says));
    g_assert_null (strstr (error->message, "hunter2"));
    g_error_free (error);
  }
  g_object_unref (provider);
  g_object_unref (loop);
  while (g_main_context_iteration (NULL, FALSE));
}

static void
test_settings (void)
{
  g_unsetenv ("OPENAI_API_KEY");
  g_setenv ("BAD_KEY", "hunter2 x", TRUE);
  check_settings (NULL, NULL, "set OPENAI_API_KEY, or api-key-env=NAME");
  check_settings (NULL, "NO_SUCH_KEY", "set NO_SUCH_KEY");
  check_settings ("http://127.0.0.1:1", "BAD_KEY", "api-key-env");
  check_settings ("localhost:8000", NULL, "set base-url");
  check_settings ("ftp://localhost", NULL, "https://");
  check_settings ("https://me:hunter2@localhost/", NULL, "password");
  check_settings ("https://localhost/?a=hunter2", NULL, "without it");
}

/* A server of one's own never sees the key of OpenAI. */
static void
test_key_stays (void)
{
  ParleyCloudRig *rig;

  g_setenv ("OPENAI_API_KEY", PARLEY_MOCK_KEY, TRUE);
  rig = parley_cloud_rig_new (PARLEY_PROVIDER_LLM, "openai", "api-key-env",
      NULL, NULL);
  parley_mock_cloud_answer (rig->cloud, &hello);
  ask (rig, 1, "Hi");
  parley_cloud_rig_wait (rig, 1);
  g_assert_null (parley_mock_cloud_get (rig->cloud, 0)->authorization);
  parley_cloud_rig_free (rig);
  g_unsetenv ("OPENAI_API_KEY");
}

static void
test_max_concurrent (void)
{
  ParleyCloudRig *rig;

  rig = new_rig (&(ParleyMockAnswer) {
      .status = 0});
  parley_mock_cloud_answer (rig->cloud, &hello);
  g_object_set (rig->provider, "max-concurrent", 1, NULL);
  g_assert_true (parley_provider_warm (rig->provider, NULL));
  ask (rig, 1, "Hi");
  ask (rig, 2, "Hi");
  parley_mock_wait (parley_mock_cloud_get (rig->cloud, 0));
  parley_mock_settle ();
  g_assert_cmpuint (rig->cloud->asked->len, ==, 1);
  parley_llm_provider_cancel (rig->provider, 1);
  parley_cloud_rig_wait (rig, 1);
  g_assert_cmpstr (rig->log->str, ==, USED "done2 ");
  parley_cloud_rig_free (rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/openai-llm/request", test_request);
  g_test_add_func ("/openai-llm/request-plain", test_request_plain);
  g_test_add_func ("/openai-llm/request-tools", test_request_tools);
  g_test_add_func ("/openai-llm/reply-cut-anywhere", test_reply_cut_anywhere);
  g_test_add_func ("/openai-llm/endings", test_endings);
  g_test_add_func ("/openai-llm/tool-calls", test_tool_calls);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    gchar *path = g_strconcat ("/openai-llm/fault/", faults[i].name, NULL);

    g_test_add_data_func (path, &faults[i], test_fault);
    g_free (path);
  }
  g_test_add_func ("/openai-llm/recovers", test_recovers);
  g_test_add_func ("/openai-llm/cancel", test_cancel);
  g_test_add_func ("/openai-llm/cancel-retry", test_cancel_retry);
  g_test_add_func ("/openai-llm/cancel-inside", test_cancel_inside);
  g_test_add_func ("/openai-llm/long", test_long);
  g_test_add_func ("/openai-llm/connection-kept", test_connection_kept);
  g_test_add_func ("/openai-llm/stays-warm", test_stays_warm);
  g_test_add_func ("/openai-llm/settings", test_settings);
  g_test_add_func ("/openai-llm/key-stays", test_key_stays);
  g_test_add_func ("/openai-llm/max-concurrent", test_max_concurrent);
  return g_test_run ();
}
