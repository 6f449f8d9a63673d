/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/llm/toolrun.h"

#include <string.h>

#include "emulatorrig.h"
#include "mock/callpair.h"
#include "mock/peer.h"
#include "net/breaker.h"
#include "net/clock.h"

/* Tools against a web server on this machine and Twilio's REST of the emulator,
 * on a clock that is stepped. */

#define KEY "kX-secret-0123456789abcdef"
#define STEP (50 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  SoupServer *server;
  gchar *url;
  ParleyLoop *loop;

  /* How it answers. */
  guint status;
  const gchar *body;
  gsize len;                    /* 0: its strlen() */
  guint n_bad;                  /* this many are answered by 500 first */
  gboolean hangs;
  GPtrArray *hanging;           /* of SoupServerMessage */

  guint n_asked;
  gchar *asked;                 /* the last request's line and body */
  SoupMessageHeaders *headers;  /* its own */

  ParleyCall *phone;            /* NULL: none */
  guint n_told;
  gchar *result;
  GError *error;
} Rig;

static void
handle (SoupServer * server, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
  Rig *rig = data;
  GUri *uri = soup_server_message_get_uri (message);
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body);
  g_autofree gchar *text = g_strndup (g_bytes_get_data (bytes, NULL),
      g_bytes_get_size (bytes));

  rig->n_asked++;
  g_free (rig->asked);
  rig->asked = g_strdup_printf ("%s %s%s%s %s",
      soup_server_message_get_method (message), g_uri_get_path (uri),
      g_uri_get_query (uri) ? "?" : "",
      g_uri_get_query (uri) ? g_uri_get_query (uri) : "", text);
  rig->headers = soup_server_message_get_request_headers (message);
  g_object_set_data_full (G_OBJECT (rig->server), "last",
      g_object_ref (message), g_object_unref);
  if (rig->hangs) {
    soup_server_message_pause (message);
    g_ptr_array_add (rig->hanging, g_object_ref (message));
  } else if (rig->n_bad > 0) {
    rig->n_bad--;
    soup_server_message_set_status (message, 500, NULL);
  } else {
    soup_server_message_set_status (message, rig->status, NULL);
    soup_server_message_set_response (message, "application/json",
        SOUP_MEMORY_STATIC, rig->body, rig->len ? rig->len
        : strlen (rig->body));
  }
}

static Rig *
rig_new (void)
{
  Rig *rig = g_new0 (Rig, 1);

  g_assert_true (g_main_context_acquire (NULL));
  parley_clock_set_manual (0);
  rig->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (rig->server, NULL, handle, rig, NULL);
  rig->url = g_strdup_printf ("http://127.0.0.1:%u",
      parley_mock_listen (rig->server));
  rig->loop = parley_loop_new (g_main_context_default ());
  rig->status = 200;
  rig->body = "{\"state\":\"sent\"}";
  rig->hanging = g_ptr_array_new_with_free_func (g_object_unref);
  g_setenv ("TEST_URL", rig->url, TRUE);
  g_setenv ("TEST_KEY", KEY, TRUE);
  return rig;
}

static void
rig_free (Rig * rig)
{
  parley_mock_settle ();
  g_ptr_array_unref (rig->hanging);
  soup_server_disconnect (rig->server);
  g_object_unref (rig->server);
  parley_mock_settle ();
  g_assert_finalize_object (rig->loop);
  g_clear_error (&rig->error);
  g_free (rig->result);
  g_free (rig->asked);
  g_free (rig->url);
  g_free (rig);
  parley_clock_set_real ();
  g_main_context_release (NULL);
}

static void
told (ParleyToolRun * run, const gchar * result, const GError * error,
    gpointer data)
{
  Rig *rig = data;

  rig->n_told++;
  g_free (rig->result);
  rig->result = g_strdup (result);
  g_clear_error (&rig->error);
  if (error) {
    rig->error = g_error_copy (error);
    g_test_message ("%s", error->message);
    g_assert_null (strstr (error->message, KEY));
  }
  parley_tool_run_free (run);
}

/* @tool: what follows the name and description; ' for ". */
static ParleyToolRun *
run (Rig * rig, const gchar * tool, const gchar * arguments)
{
  g_autofree gchar *json = g_strdup_printf ("{'tools': [{'name': 'find', "
      "'description': 'D', %s}]}", tool);
  g_autoptr (GError) error = NULL;
  g_autoptr (ParleyTools) tools = parley_tools_parse ("t",
      g_strdelimit (json, "'", '"'), &error);
  g_autofree gchar *text = g_strdelimit (g_strdup (arguments), "'", '"');
  ParleyToolCall call = { (gchar *) "c1", (gchar *) "find", text };
  const gchar *wrong;
  g_autoptr (JsonNode) node = parley_tool_read_arguments (text, &wrong);

  g_assert_no_error (error);
  return parley_tool_run_in_loop (tools, parley_tools_get (tools, 0), &call,
      node, rig->loop, rig->phone, told, rig);
}

#define HOOK "'webhook': {'url': '${TEST_URL}/find'}"

/* Iterates until it was told, stepping the clock up to @limit. */
static void
step (Rig * rig, gint64 limit)
{
  for (gint64 t = 0; rig->n_told == 0; t += STEP) {
    g_assert_cmpint (t, <=, limit);
    parley_mock_advance (STEP);
  }
}

static void
test_post (void)
{
  Rig *rig = rig_new ();

  run (rig, "'webhook': {'url': '${TEST_URL}/find', 'headers': {"
      "'Authorization': 'Bearer ${TEST_KEY}', 'X-Shop': 'nine'}}",
      "{'id': 7, 'who': 'Ann'}");
  g_assert_cmpuint (rig->n_told, ==, 0);
  parley_mock_wait (rig->n_told);
  g_assert_no_error (rig->error);
  g_assert_cmpstr (rig->result, ==, "{\"state\":\"sent\"}");
  g_assert_cmpstr (rig->asked, ==, "POST /find {\"name\":\"find\",\"id\":\"c1\""
      ",\"arguments\":{\"id\":7,\"who\":\"Ann\"},\"call\":{\"sid\":\"\","
      "\"from\":\"\",\"to\":\"\"}}");
  g_assert_cmpstr (soup_message_headers_get_one (rig->headers,
          "Authorization"), ==, "Bearer " KEY);
  g_assert_cmpstr (soup_message_headers_get_one (rig->headers, "X-Shop"), ==,
      "nine");
  g_assert_nonnull (soup_message_headers_get_one (rig->headers,
          "Idempotency-Key"));
  g_assert_null (soup_message_headers_get_one (rig->headers,
          "X-Parley-Signature"));
  rig_free (rig);
}

static void
test_get (void)
{
  Rig *rig = rig_new ();

  run (rig, "'webhook': {'method': 'GET', 'url': '${TEST_URL}/of/%{arg.who}"
      "?shop=9&from=%{call.from}'}", "{'id': 7, 'who': 'A/n & b'}");
  parley_mock_wait (rig->n_told);
  g_assert_no_error (rig->error);
  g_assert_cmpstr (rig->asked, ==, "GET /of/A/n & b?shop=9&from=&id=7"
      "&who=A%2Fn%20%26%20b ");
  rig_free (rig);
}

/* What a caller talked the model into leads nowhere else. */
static void
test_address (void)
{
  static const gchar *const bad[] = { "{'who': '..'}", "{'who': '.'}",
    "{'who': ''}", "{}"
  };
  Rig *rig = rig_new ();

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    rig->n_told = 0;
    run (rig, "'webhook': {'method': 'GET', 'url': '${TEST_URL}/of/%{arg.who}"
        "/x'}", bad[i]);
    parley_mock_wait (rig->n_told);
    g_assert_nonnull (strstr (rig->error->message,
            "needs a value for arg.who"));
  }
  g_assert_cmpuint (rig->n_asked, ==, 0);
  rig_free (rig);
}

static void
test_signature (void)
{
  Rig *rig = rig_new ();
  g_autofree gchar *text = NULL, *hex = NULL;

  run (rig, "'webhook': {'url': '${TEST_URL}/find', 'signature_env': "
      "'TEST_KEY'}", "{}");
  parley_mock_wait (rig->n_told);
  text = g_strconcat (soup_message_headers_get_one (rig->headers,
          "X-Parley-Timestamp"), ".", strchr (rig->asked, '{'), NULL);
  hex = g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *) KEY,
      strlen (KEY), text, -1);
  g_assert_cmpstr (soup_message_headers_get_one (rig->headers,
          "X-Parley-Signature") + strlen ("sha256="), ==, hex);
  rig_free (rig);
}

typedef struct
{
  const gchar *name;
  guint status;
  const gchar *body;
  gsize len;
  const gchar *result;          /* NULL: an error */
  const gchar *says;
} Answer;

static gchar huge[100 * 1024];

static const Answer answers[] = {
  {"text", 200, " In the post. \n", 0, "In the post.", NULL},
  {"nothing", 204, "", 0, "{\"status\":\"done\"}", NULL},
  {"not-utf-8", 200, "\xff\xfe\x01", 0, NULL, "its answer is no text"},
  {"huge", 200, huge, sizeof huge, NULL, "65536"},
  {"refused", 404, "{\"error\":{\"message\":\"no such order\"}}", 0, NULL,
      "no such order"},
  {"redirect", 302, "", 0, NULL, "302"},
};

static void
test_answer (gconstpointer data)
{
  const Answer *answer = data;
  Rig *rig = rig_new ();

  rig->status = answer->status;
  rig->body = answer->body;
  rig->len = answer->len;
  run (rig, "'safe': true, " HOOK, "{}");
  parley_mock_wait (rig->n_told);
  if (answer->result) {
    g_assert_no_error (rig->error);
    g_assert_cmpstr (rig->result, ==, answer->result);
  } else {
    g_assert_nonnull (rig->error);
    g_assert_nonnull (strstr (rig->error->message, answer->says));
    g_assert_true (g_str_has_prefix (rig->result, "{\"error\":\"find"));
  }
  g_assert_cmpuint (rig->n_asked, ==, 1);
  rig_free (rig);
}

/* A safe one is tried again; one with effects may have done its work. */
static void
test_tries (void)
{
  Rig *rig = rig_new ();

  rig->n_bad = 2;
  run (rig, "'safe': true, " HOOK, "{}");
  step (rig, 5 * G_TIME_SPAN_SECOND);
  g_assert_no_error (rig->error);
  g_assert_cmpuint (rig->n_asked, ==, 3);
  rig->n_bad = 1;
  rig->n_told = 0;
  run (rig, HOOK, "{}");
  step (rig, 0);
  g_assert_nonnull (strstr (rig->error->message, "HTTP 500"));
  g_assert_cmpuint (rig->n_asked, ==, 4);
  rig_free (rig);
}

static void
test_slow (void)
{
  Rig *rig = rig_new ();

  rig->hangs = TRUE;
  run (rig, "'timeout_ms': 2000, " HOOK, "{}");
  parley_mock_wait (rig->n_asked);
  parley_mock_advance (1900 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (rig->n_told, ==, 0);
  step (rig, 200 * G_TIME_SPAN_MILLISECOND);
  g_assert_nonnull (strstr (rig->error->message, "2.0 s"));
  rig_free (rig);
}

static void
test_nobody_there (void)
{
  Rig *rig = rig_new ();

  g_setenv ("TEST_URL", "http://127.0.0.1:1", TRUE);
  run (rig, "'timeout_ms': 300, " HOOK, "{}");
  step (rig, G_TIME_SPAN_SECOND);
  g_assert_nonnull (rig->error);
  g_assert_cmpuint (rig->n_asked, ==, 0);
  rig_free (rig);
}

static void
test_cancelled (void)
{
  Rig *rig = rig_new ();
  ParleyToolRun *asked;

  rig->hangs = TRUE;
  asked = run (rig, HOOK, "{}");
  parley_mock_wait (rig->n_asked);
  parley_tool_run_free (asked);
  parley_mock_settle ();
  g_assert_cmpuint (rig->n_told, ==, 0);
  /* Not even asked for. */
  parley_tool_run_free (run (rig, HOOK, "{}"));
  parley_mock_settle ();
  g_assert_cmpuint (rig->n_asked, ==, 1);
  rig_free (rig);
}

/* The call is over: what has effects and was sent goes on to its end. */
static void
test_left (void)
{
  Rig *rig = rig_new ();
  g_autofree gchar *host = g_strdup (strstr (rig->url, "127"));
  ParleyBreaker *breaker = parley_breaker_get ("tool", host);
  ParleyBreakerStats stats;
  ParleyToolRun *safe, *booked, *unsent;

  rig->hangs = TRUE;
  booked = run (rig, HOOK, "{}");
  safe = run (rig, "'safe': true, " HOOK, "{}");
  parley_mock_wait (rig->n_asked == 2);
  unsent = run (rig, HOOK, "{}");
  parley_tool_run_leave_in_loop (booked);
  parley_tool_run_leave_in_loop (safe);
  parley_tool_run_leave_in_loop (unsent);
  parley_mock_settle ();
  parley_breaker_get_stats (breaker, &stats);
  g_assert_cmpuint (stats.cancelled, ==, 2);
  g_assert_cmpuint (stats.in_flight, ==, 1);
  for (guint i = 0; i < rig->hanging->len; i++) {
    soup_server_message_set_status (rig->hanging->pdata[i], 200, NULL);
    soup_server_message_unpause (rig->hanging->pdata[i]);
  }
  do {
    parley_mock_settle ();
    parley_breaker_get_stats (breaker, &stats);
  } while (stats.in_flight > 0);
  g_assert_cmpuint (stats.worked, ==, 1);
  g_assert_cmpuint (rig->n_asked, ==, 2);
  g_assert_cmpuint (rig->n_told, ==, 0);
  rig_free (rig);
}

/* Twilio */

static void
test_message (void)
{
  Rig *rig = rig_new ();
  g_autoptr (EmulatorRig) emulator = emulator_rig_new ("{}");
  g_autofree gchar *url = g_strdup_printf ("http://127.0.0.1:%u",
      emulator->port);

  g_setenv ("TEST_URL", url, TRUE);
  run (rig, "'send_message': {'to': {'shop': '+15035550199'}, 'from': "
      "'+15035550100', 'base_url': '${TEST_URL}'}",
      "{'to': 'shop', 'text': 'Hi & bye'}");
  parley_mock_wait (rig->n_told);
  g_assert_no_error (rig->error);
  g_assert_cmpstr (rig->result, ==, "{\"status\":\"done\"}");
  rig->n_told = 0;
  run (rig, "'send_message': {'to': {'shop': '+15035550199'}, 'from': "
      "'+15035550100', 'base_url': '${TEST_URL}'}",
      "{'to': '+19005550000', 'text': 'Hi'}");
  parley_mock_wait (rig->n_told);
  g_assert_nonnull (strstr (rig->error->message, "must be one of the list"));
  rig->n_told = 0;
  /* Without a phone call there is nobody to put through. */
  run (rig, "'transfer': {'to': '+15035550199', 'base_url': '${TEST_URL}'}",
      "{}");
  parley_mock_wait (rig->n_told);
  g_assert_nonnull (strstr (rig->error->message, "there is no phone call"));
  rig_free (rig);
}

#define CALL_SID "CA0123456789abcdef0123456789abcdef"
#define THROUGH "'transfer': {'to': {'sales': '+15035550199', 'desk': " \
    "'sip:desk@shop.example.org'}, 'caller_id': '%{call.to}', 'base_url': " \
    "'${TEST_URL}'}"

static void
begin_call (CallPair * pair, ParleyLoop * loop)
{
  GHashTable *parameters = g_hash_table_new (g_str_hash, g_str_equal);
  GString *text = g_string_new (NULL);

  call_pair_init (pair, loop);
  g_hash_table_insert (parameters, (gpointer) "To", (gpointer) "+15035550100");
  parley_twilio_build_start (text, CALL_PAIR_SID, "AC1", CALL_SID, parameters);
  call_pair_send (pair, text->str);
  g_string_free (text, TRUE);
  g_hash_table_unref (parameters);
}

/* What Twilio is asked; and that its REST takes it. */
static void
test_transfer (void)
{
  Rig *rig = rig_new ();
  g_autoptr (EmulatorRig) emulator = emulator_rig_new ("{}");
  g_autofree gchar *url = g_strdup_printf ("http://127.0.0.1:%u",
      emulator->port);
  g_autofree gchar *basic = g_base64_encode ((const guchar *)
      "AC0000000000000000000000000000000001:" KEY, 37 + strlen (KEY));
  CallPair pair;

  begin_call (&pair, rig->loop);
  rig->phone = pair.call;
  run (rig, THROUGH, "{'to': 'sales'}");
  parley_mock_wait (rig->n_told == 1);
  g_assert_no_error (rig->error);
  g_assert_cmpstr (rig->asked, ==, "POST /2010-04-01/Accounts/"
      "AC0000000000000000000000000000000001/Calls/" CALL_SID ".json "
      "Twiml=%3CResponse%3E%3CDial+callerId%3D%22%2B15035550100%22%3E%3C"
      "Number%3E%2B15035550199%3C%2FNumber%3E%3C%2FDial%3E%3C%2FResponse%3E");
  g_assert_cmpstr (soup_message_headers_get_one (rig->headers,
          "Authorization") + strlen ("Basic "), ==, basic);
  g_setenv ("TEST_URL", url, TRUE);
  run (rig, THROUGH, "{'to': 'desk'}");
  parley_mock_wait (rig->n_told == 2);
  g_assert_no_error (rig->error);
  g_assert_cmpstr (rig->result, ==, "{\"status\":\"done\"}");
  call_pair_clear (&pair);
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  memset (huge, ' ', sizeof huge);
  g_setenv ("TWILIO_ACCOUNT_SID", "AC0000000000000000000000000000000001", TRUE);
  g_setenv ("TWILIO_AUTH_TOKEN", KEY, TRUE);
  g_test_add_func ("/toolrun/post", test_post);
  g_test_add_func ("/toolrun/get", test_get);
  g_test_add_func ("/toolrun/address", test_address);
  g_test_add_func ("/toolrun/signature", test_signature);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_autofree gchar *path = g_strconcat ("/toolrun/answer/", answers[i].name,
        NULL);

    g_test_add_data_func (path, &answers[i], test_answer);
  }
  g_test_add_func ("/toolrun/tries", test_tries);
  g_test_add_func ("/toolrun/slow", test_slow);
  g_test_add_func ("/toolrun/nobody-there", test_nobody_there);
  g_test_add_func ("/toolrun/cancelled", test_cancelled);
  g_test_add_func ("/toolrun/left", test_left);
  g_test_add_func ("/toolrun/message", test_message);
  g_test_add_func ("/toolrun/transfer", test_transfer);
  return g_test_run ();
}
