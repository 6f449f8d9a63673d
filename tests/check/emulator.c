/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>

#include "emulatorrig.h"
#include "net/clock.h"

/* Faults, delays, keys, records and hostile clients; on OpenAI's resources,
 * which have requests with a whole and with a streamed answer. */

#define CHAT "POST /v1/chat/completions"
#define ASK "{'model':'m','messages':[{'role':'user','content':'hi'}]}"
#define ASK_STREAM "{'model':'m','stream':true," \
    "'messages':[{'role':'user','content':'hi'}]}"
#define REPLIES "'llm':{'replies':['One two three four five six.']}"

static const gchar *
header (EmulatorReply * reply, const gchar * name)
{
  return soup_message_headers_get_one (soup_message_get_response_headers
      (reply->message), name);
}

static EmulatorReply *
ask_with_fault (EmulatorRig ** rig, const gchar * fault, const gchar * ask)
{
  g_autofree gchar *config = g_strdup_printf ("{" REPLIES ",'faults':[%s]}",
      fault);

  *rig = emulator_rig_new (config);
  return emulator_rig_request (*rig, CHAT, ask);
}

static gchar *
record_get (EmulatorRig * rig, guint index, const gchar * path)
{
  g_autoptr (JsonNode) records = emulator_rig_records (rig);

  return emulator_get (emulator_record (records, index), path);
}

/* How it ended, once it did: a client may know first. */
static gchar *
record_end (EmulatorRig * rig, guint index)
{
  gchar *end = record_get (rig, index, "end");

  while (g_str_equal (end, "null")) {
    g_free (end);
    end = record_get (rig, index, "end");
  }
  return end;
}

static gint64
record_time (EmulatorRig * rig, guint index, const gchar * path)
{
  g_autofree gchar *text = record_get (rig, index, path);

  g_assert_nonnull (text);
  return g_ascii_strtoll (text, NULL, 10);
}

/* Each call has its result, and each result its call. */
static void
test_tool_order (void)
{
#define ANN "{'role':'user','content':'Hi'}"
#define CALLS "{'role':'assistant','content':null,'tool_calls':[{'id':'c1'," \
    "'type':'function','function':{'name':'a','arguments':'{}'}},{'id':'c2'," \
    "'type':'function','function':{'name':'b','arguments':'{}'}}]}"
#define RESULT(id) "{'role':'tool','tool_call_id':'" id "','content':'x'}"
#define MESSAGES(list) "{'model':'gpt-4o','messages':[" list "]}"
  static const struct
  {
    const gchar *body;
    guint status;
  } cases[] = {
    {MESSAGES (ANN "," CALLS "," RESULT ("c2") "," RESULT ("c1")), 200},
    {MESSAGES (ANN "," CALLS "," RESULT ("c1")), 400},
    {MESSAGES (ANN "," CALLS "," RESULT ("c1") "," ANN), 400},
    {MESSAGES (ANN "," RESULT ("c1")), 400},
    {MESSAGES (ANN "," CALLS "," RESULT ("c1") "," RESULT ("c1")), 400},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (EmulatorRig) rig = emulator_rig_new ("{}");
    g_autoptr (EmulatorReply) reply = emulator_rig_request (rig, CHAT,
        cases[i].body);

    g_assert_cmpuint (emulator_reply_status (reply), ==, cases[i].status);
  }
}

/* A script behind it calls what its tools are called. */
static void
test_local_tools (void)
{
  g_autofree gchar *path = NULL;
  g_autofree gchar *script = emulator_quote ("{'intents':{'bye':{'phrases':"
      "'goodbye','tool':'end','replies':'Goodbye!'}},'fallback':'Sorry?'}");
  g_autofree gchar *config = NULL;
  g_autoptr (EmulatorRig) rig = NULL;
  g_autoptr (EmulatorReply) called = NULL, told = NULL;

  g_close (g_file_open_tmp ("script-XXXXXX.json", &path, NULL), NULL);
  g_assert_true (g_file_set_contents (path, script, -1, NULL));
  config = g_strdup_printf ("{'llm':{'engine':'local','script':'%s'}}", path);
  rig = emulator_rig_new (config);
  called = emulator_rig_request (rig, CHAT, MESSAGES
      ("{'role':'user','content':'goodbye'}"));
  emulator_assert_get (emulator_reply_json (called),
      "choices[0].message.tool_calls[0].function.name", ==, "end");
  told = emulator_rig_request (rig, CHAT, MESSAGES
      ("{'role':'user','content':'goodbye'}," CALLS "," RESULT ("c1") ","
          RESULT ("c2")));
  emulator_assert_get (emulator_reply_json (told),
      "choices[0].message.content", ==, "Goodbye!");
  g_unlink (path);
}

/* Faults */

static void
test_refuse (void)
{
  g_autoptr (EmulatorRig) rig = NULL;
  g_autoptr (EmulatorReply) reply =
      ask_with_fault (&rig, "{'fault':'refuse'}", ASK);
  g_autofree gchar *end = record_end (rig, 0);

  g_assert_null (reply->body);
  g_assert_cmpuint (emulator_reply_status (reply), ==, 0);
  g_assert_cmpstr (end, ==, "refused");
}

static void
test_refuse_connection (void)
{
  g_autoptr (EmulatorRig) rig = NULL;
  g_autoptr (EmulatorReply) reply = ask_with_fault (&rig,
      "{'protocol':'connection','fault':'refuse','nth':1}", ASK);
  g_autoptr (EmulatorReply) again = emulator_rig_request (rig, CHAT, ASK);

  g_assert_null (reply->body);
  g_assert_cmpuint (emulator_reply_status (again), ==, 200);
}

static void
test_status (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'faults':["
      "{'fault':'401','nth':1},{'fault':'429','nth':2,'retry_after':3},"
      "{'fault':'429','nth':3},{'fault':'500','nth':4},"
      "{'fault':'status','status':503,'nth':5}]}");
  static const struct
  {
    guint status;
    const gchar *retry_after;
    const gchar *type;
  } expected[] = {
    {401, NULL, "invalid_request_error"}, {429, "3", "requests"},
    {429, NULL, "insufficient_quota"}, {500, NULL, "server_error"},
    {503, NULL, "server_error"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_autoptr (EmulatorReply) reply = emulator_rig_request (rig, CHAT, ASK);

    g_assert_cmpuint (emulator_reply_status (reply), ==, expected[i].status);
    g_assert_cmpstr (header (reply, "Retry-After"), ==,
        expected[i].retry_after);
    emulator_assert_get (emulator_reply_json (reply), "error.type", ==,
        expected[i].type);
  }
}

static void
test_hang (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'faults':["
      "{'fault':'hang','nth':1}]}");
  g_autoptr (EmulatorReply) stuck = emulator_rig_begin (rig,
      emulator_rig_message (rig, CHAT, ASK));
  g_autoptr (EmulatorReply) next = NULL;
  g_autofree gchar *end = NULL;

  /* Others are served while it hangs. */
  parley_mock_wait (soup_message_get_connection_id (stuck->message) != 0);
  next = emulator_rig_request (rig, "GET /emulator/requests", NULL);
  g_assert_false (stuck->done);
  /* A client that gives up is seen. */
  g_cancellable_cancel (stuck->cancellable);
  end = record_end (rig, 0);
  g_assert_cmpstr (end, ==, "client-closed");
}

static gboolean
has_come (ParleyMockPeer * peer, const gchar * text)
{
  return peer->in->len > 0
      && g_strstr_len ((gchar *) peer->in->data, peer->in->len, text) != NULL;
}

static void
test_hang_middle (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{" REPLIES ",'faults':["
      "{'fault':'hang-middle','after':3}]}");
  g_autoptr (ParleyMockPeer) peer = NULL;
  g_autofree gchar *body = emulator_quote (ASK_STREAM);
  g_autofree gchar *request = NULL;
  g_autofree gchar *count = NULL;

  peer = parley_mock_peer_new (rig->port);
  request = g_strdup_printf ("POST /v1/chat/completions HTTP/1.1\r\n"
      "Host: a\r\nAuthorization: Bearer key-1\r\n"
      "Content-Length: %zu\r\n\r\n%s", strlen (body), body);
  parley_mock_peer_print (peer, request);
  parley_mock_wait (has_come (peer, "two"));
  do {
    g_free (count);
    count = record_get (rig, 0, "departures.count");
  } while (g_strcmp0 (count, "3") != 0);
  g_assert_false (has_come (peer, "three"));
  g_assert_false (peer->gone);
}

static void
test_drop (void)
{
  g_autoptr (EmulatorRig) rig = NULL;
  g_autoptr (EmulatorReply) reply = ask_with_fault (&rig,
      "{'fault':'drop','after':2}", ASK_STREAM);
  g_autofree gchar *end = record_end (rig, 0);
  g_autofree gchar *count = record_get (rig, 0, "departures.count");
  g_autofree gchar *text = emulator_reply_text (reply);

  /* libsoup takes the end of the connection for the end of the chunks. */
  g_assert_nonnull (strstr (text, "One"));
  g_assert_null (strstr (text, "two"));
  g_assert_cmpuint (emulator_reply_status (reply), ==, 200);
  g_assert_cmpstr (end, ==, "dropped");
  g_assert_cmpstr (count, ==, "2");
}

static void
test_drop_whole (void)
{
  g_autoptr (EmulatorRig) rig = NULL;
  g_autoptr (EmulatorReply) reply =
      ask_with_fault (&rig, "{'fault':'drop'}", ASK);
  g_autofree gchar *end = record_end (rig, 0);

  g_assert_cmpuint (emulator_reply_status (reply), ==, 200);
  g_assert_null (reply->body);
  g_assert_cmpstr (end, ==, "dropped");
}

static void
test_garbage (void)
{
  g_autoptr (EmulatorRig) rig = NULL;
  g_autoptr (EmulatorReply) reply = ask_with_fault (&rig,
      "{'fault':'garbage','after':1}", ASK_STREAM);
  g_autofree gchar *text = emulator_reply_text (reply);

  g_assert_nonnull (strstr (text, "assistant"));
  g_assert_null (strstr (text, "One"));
  g_assert_null (strstr (text, "[DONE]"));
}

/* What is cut or dripped is the same in the end. */
static void
test_cut (gconstpointer fault)
{
  g_autoptr (EmulatorRig) rig = NULL;
  g_autoptr (EmulatorReply) reply = ask_with_fault (&rig, fault, ASK_STREAM);
  g_autofree gchar *text = emulator_reply_text (reply);

  g_assert_nonnull (strstr (text, " six."));
  g_assert_true (g_str_has_suffix (text, "data: [DONE]\n\n"));
}

static void
test_drip_is_slow (void)
{
  g_autoptr (EmulatorRig) rig = NULL;
  g_autoptr (EmulatorReply) reply = ask_with_fault (&rig,
      "{'fault':'drip','bytes':100,'every_ms':10}", ASK);
  gint64 len = g_bytes_get_size (reply->body);
  g_autofree gchar *end G_GNUC_UNUSED = record_end (rig, 0);

  g_assert_cmpint (record_time (rig, 0, "ended_us")
      - record_time (rig, 0, "complete_us"), >=, (len / 100) * 10000);
}

static void
test_probability (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'faults':["
      "{'protocol':'openai-chat','fault':'500','probability':0.5,"
      "'seed':3}]}");
  guint n_failed = 0;

  for (guint i = 0; i < 40; i++) {
    g_autoptr (EmulatorReply) reply = emulator_rig_request (rig, CHAT, ASK);
    g_autoptr (EmulatorReply) other =
        emulator_rig_request (rig, "GET /v1/models", NULL);

    n_failed += emulator_reply_status (reply) == 500;
    g_assert_cmpuint (emulator_reply_status (other), ==, 200);
  }
  g_assert_cmpuint (n_failed, >, 5);
  g_assert_cmpuint (n_failed, <, 35);
}

static void
test_fault_on_demand (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{}");
  static const guint expected[] = { 429, 429, 200 };
  g_autoptr (EmulatorReply) wrong = emulator_rig_request (rig,
      "POST /emulator/fault", "{'fault':'earthquake'}");
  g_autoptr (EmulatorReply) added = emulator_rig_request (rig,
      "POST /emulator/fault",
      "{'protocol':'openai','fault':'429','count':2,'retry_after':1}");
  g_autoptr (EmulatorReply) last = NULL;
  g_autoptr (EmulatorReply) removed = NULL;

  g_assert_cmpuint (emulator_reply_status (wrong), ==, 400);
  emulator_assert_get (emulator_reply_json (added), "rules", ==, "1");
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_autoptr (EmulatorReply) reply = emulator_rig_request (rig, CHAT, ASK);

    g_assert_cmpuint (emulator_reply_status (reply), ==, expected[i]);
  }
  last = emulator_rig_request (rig, "POST /emulator/fault", "{'fault':'500'}");
  removed = emulator_rig_request (rig, "DELETE /emulator/fault", NULL);
  emulator_assert_get (emulator_reply_json (removed), "rules", ==, "0");
  g_clear_pointer (&last, emulator_reply_free);
  last = emulator_rig_request (rig, CHAT, ASK);
  g_assert_cmpuint (emulator_reply_status (last), ==, 200);
}

/* Delays and records */

static void
test_delays (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{" REPLIES
      ",'delays':{'llm_first_token':50}}");
  g_autoptr (EmulatorReply) reply G_GNUC_UNUSED =
      emulator_rig_request (rig, CHAT,
      ASK_STREAM);
  g_autofree gchar *end G_GNUC_UNUSED = record_end (rig, 0);
  gint64 complete = record_time (rig, 0, "complete_us");
  gint64 first = record_time (rig, 0, "first_byte_us");

  g_assert_cmpint (record_time (rig, 0, "connected_us"), <=,
      record_time (rig, 0, "arrived_us"));
  g_assert_cmpint (record_time (rig, 0, "arrived_us"), <=, complete);
  g_assert_cmpint (first - complete, >=, 50000);
  g_assert_cmpint (record_time (rig, 0, "departures.list[0].at_us"), >=, first);
  g_assert_cmpint (record_time (rig, 0, "departures.last_us"), <=,
      record_time (rig, 0, "ended_us"));
}

static void
test_token_rate (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'llm':{"
      "'replies':['One two three four five six.'],"
      "'tokens_per_second':100}}");
  g_autoptr (EmulatorReply) reply G_GNUC_UNUSED =
      emulator_rig_request (rig, CHAT,
      ASK_STREAM);

  /* 0 is the role, 1 to 6 are the tokens, 10 ms apart. */
  g_assert_cmpint (record_time (rig, 0, "departures.list[6].at_us")
      - record_time (rig, 0, "complete_us"), >=, 50000);
}

static void
test_connection_delay (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'delays':{"
      "'connection':20}}");
  gint64 begun = parley_clock_now ();
  g_autoptr (EmulatorReply) reply = emulator_rig_request (rig, CHAT, ASK);

  g_assert_cmpuint (emulator_reply_status (reply), ==, 200);
  g_assert_cmpint (record_time (rig, 0, "arrived_us") - begun, >=, 20000);
}

/* One that is never listened to goes with the emulator. */
static void
test_connection_pending (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'delays':{"
      "'connection':60000}}");
  g_autoptr (EmulatorReply) reply = emulator_rig_begin (rig,
      emulator_rig_message (rig, CHAT, ASK));

  parley_mock_wait (soup_message_get_connection_id (reply->message) != 0);
  g_cancellable_cancel (reply->cancellable);
}

static void
test_keep_alive (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'keep_alive':false}");
  g_autoptr (EmulatorReply) reply = emulator_rig_request (rig, CHAT, ASK);

  g_assert_cmpuint (emulator_reply_status (reply), ==, 200);
  g_assert_cmpstr (header (reply, "Connection"), ==, "close");
}

static void
test_limit (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'limits':{"
      "'openai-chat':1},'faults':[{'fault':'hang','nth':1}]}");
  g_autoptr (EmulatorReply) stuck = emulator_rig_begin (rig,
      emulator_rig_message (rig, CHAT, ASK));
  g_autoptr (EmulatorReply) beyond = NULL, other = NULL, next = NULL;
  g_autofree gchar *end = NULL;

  while (!(end = record_get (rig, 0, "id")))
    g_main_context_iteration (NULL, FALSE);
  beyond = emulator_rig_request (rig, CHAT, ASK);
  g_assert_cmpuint (emulator_reply_status (beyond), ==, 429);
  g_assert_cmpstr (header (beyond, "Retry-After"), ==, "1");
  emulator_assert_get (emulator_reply_json (beyond), "error.type", ==,
      "requests");
  other = emulator_rig_request (rig, "GET /v1/models", NULL);
  g_assert_cmpuint (emulator_reply_status (other), ==, 200);
  g_cancellable_cancel (stuck->cancellable);
  g_free (end);
  end = record_end (rig, 0);
  next = emulator_rig_request (rig, CHAT, ASK);
  g_assert_cmpuint (emulator_reply_status (next), ==, 200);
}

static void
test_number (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'llm':{'replies':["
      "'Number {n}.']}}");

  for (guint i = 0; i < 2; i++) {
    g_autoptr (EmulatorReply) reply = emulator_rig_request (rig, CHAT, ASK);

    emulator_assert_get (emulator_reply_json (reply),
        "choices[0].message.content", ==, i ? "Number 2." : "Number 1.");
  }
}

static void
test_lognormal (void)
{
  ParleyDelay delay = {.median = 100000,.sigma = 0.5,.seed = 5 };
  ParleyDelay same = delay;
  guint n_over = 0;

  for (guint i = 0; i < 1000; i++) {
    gint64 us = parley_delay_draw (&delay);

    g_assert_cmpint (us, ==, parley_delay_draw (&same));
    g_assert_cmpint (us, >, 0);
    n_over += us > 100000;
  }
  g_assert_cmpuint (n_over, >, 420);
  g_assert_cmpuint (n_over, <, 580);
  parley_delay_clear (&delay);
  parley_delay_clear (&same);
}

static void
test_since (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'records':2}");
  g_autoptr (EmulatorReply) reply = NULL;
  g_autoptr (EmulatorReply) wrong = NULL;

  for (guint i = 0; i < 4; i++) {
    g_autoptr (EmulatorReply) each G_GNUC_UNUSED = emulator_rig_request (rig,
        "GET /v1/models?api_key=key-1&limit=3", NULL);
  }
  reply = emulator_rig_request (rig, "GET /emulator/requests", NULL);
  emulator_assert_get (emulator_reply_json (reply), "requests[0].id", ==, "3");
  emulator_assert_get (emulator_reply_json (reply), "requests[0].path", ==,
      "/v1/models?limit=3");
  g_clear_pointer (&reply, emulator_reply_free);
  reply = emulator_rig_request (rig, "GET /emulator/requests?since=3", NULL);
  emulator_assert_get (emulator_reply_json (reply), "requests[0].id", ==, "4");
  wrong = emulator_rig_request (rig, "GET /emulator/requests?since=x", NULL);
  g_assert_cmpuint (emulator_reply_status (wrong), ==, 400);
}

/* Keys */

static void
test_keys (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'keys':['key-2']}");
  SoupMessage *message = emulator_rig_message (rig, CHAT, ASK);
  g_autoptr (EmulatorReply) wrong = emulator_rig_request (rig, CHAT, ASK);
  g_autoptr (EmulatorReply) right = NULL;

  g_assert_cmpuint (emulator_reply_status (wrong), ==, 401);
  emulator_assert_get (emulator_reply_json (wrong), "error.code", ==,
      "invalid_api_key");
  soup_message_headers_replace (soup_message_get_request_headers (message),
      "Authorization", "Bearer key-2");
  right = emulator_rig_send (rig, message);
  g_assert_cmpuint (emulator_reply_status (right), ==, 200);
}

static void
test_no_keys (void)
{
  g_autoptr (EmulatorRig) strict = emulator_rig_new ("{}");
  g_autoptr (EmulatorRig) open = emulator_rig_new ("{'keys':'none'}");
  EmulatorRig *rigs[] = { strict, open };

  for (guint i = 0; i < 2; i++) {
    SoupMessage *message = emulator_rig_message (rigs[i], CHAT, ASK);
    g_autoptr (EmulatorReply) reply = NULL;

    soup_message_headers_remove (soup_message_get_request_headers (message),
        "Authorization");
    reply = emulator_rig_send (rigs[i], message);
    g_assert_cmpuint (emulator_reply_status (reply), ==, i == 0 ? 401 : 200);
  }
}

/* Hostile clients */

static void
test_bad_json (void)
{
  static const gchar *const bodies[] = {
    "", "{", "[]", "{'model':1}", "{'model':'m'}",
    "{'model':'m','messages':{}}", "{'model':'m','messages':[]}",
    "{'model':'m','messages':[1]}",
    "{'model':'m','messages':[{'role':'cat','content':'x'}]}"
  };
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{}");
  g_autofree gchar *deep = g_strnfill (100000, '[');

  for (guint i = 0; i <= G_N_ELEMENTS (bodies); i++) {
    g_autoptr (EmulatorReply) reply = emulator_rig_request (rig, CHAT,
        i < G_N_ELEMENTS (bodies) ? bodies[i] : deep);

    g_assert_cmpuint (emulator_reply_status (reply), ==, 400);
    emulator_assert_get (emulator_reply_json (reply), "error.type", ==,
        "invalid_request_error");
  }
}

static void
test_huge_body (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{}");
  g_autoptr (ParleyMockPeer) announced = parley_mock_peer_new (rig->port);
  g_autoptr (ParleyMockPeer) endless = parley_mock_peer_new (rig->port);
  g_autofree gchar *block = g_strnfill (1 << 20, 'x');
  g_autoptr (EmulatorReply) after = NULL;

  parley_mock_peer_print (announced, "POST /v1/chat/completions HTTP/1.1\r\n"
      "Host: a\r\nContent-Length: 99999999999\r\n\r\n");
  g_assert_cmpuint (parley_mock_peer_response (announced, NULL, NULL), ==, 413);
  parley_mock_peer_print (endless, "POST /v1/chat/completions HTTP/1.1\r\n"
      "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (guint i = 0; i < 64 && !endless->gone; i++) {
    if (!parley_mock_peer_print (endless, "100000\r\n")
        || !parley_mock_peer_write (endless, block, 1 << 20)
        || !parley_mock_peer_print (endless, "\r\n"))
      break;
  }
  parley_mock_wait (endless->gone);
  after = emulator_rig_request (rig, CHAT, ASK);
  g_assert_cmpuint (emulator_reply_status (after), ==, 200);
}

static void
test_bad_bytes (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{}");
  g_autoptr (ParleyMockPeer) noise = parley_mock_peer_new (rig->port);
  g_autoptr (ParleyMockPeer) header_flood = parley_mock_peer_new (rig->port);
  g_autofree gchar *block = g_strnfill (1 << 20, 'y');
  g_autoptr (EmulatorReply) after = NULL;

  parley_mock_peer_print (noise, "\1\2\3\377 this is no HTTP\r\n\r\n");
  parley_mock_peer_print (header_flood, "GET / HTTP/1.1\r\nX: ");
  parley_mock_peer_write (header_flood, block, 1 << 20);
  parley_mock_wait (header_flood->gone);
  after = emulator_rig_request (rig, CHAT, ASK);
  g_assert_cmpuint (emulator_reply_status (after), ==, 200);
}

static void
test_unknown_path (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{}");
  g_autoptr (EmulatorReply) reply =
      emulator_rig_request (rig, "GET /v9/nothing", NULL);

  g_assert_cmpuint (emulator_reply_status (reply), ==, 404);
}

/* The file */

static void
test_config_errors (void)
{
  static const struct
  {
    const gchar *config;
    const gchar *said;
  } wrong[] = {
    {"{", "quotes"}, {"[]", "object"}, {"{'sst':{}}", "unknown key \"sst\""},
    {"{'keys':[]}", "keys: "}, {"{'stt':1}", "stt: "},
    {"{'stt':{'engine':'x'}}", "stt: \"engine\""},
    {"{'stt':{'texts':[1]}}", "stt.texts[0]: "},
    {"{'stt':{'texts':[{}]}}", "stt.texts[0]: \"text\""},
    {"{'llm':{'engine':'local'}}", "\"script\""},
    {"{'llm':{'replies':[{}]}}", "llm.replies[0]: "},
    {"{'tts':{'speed':-1}}", "tts: \"speed\""},
    {"{'tts':{'audio':['x']}}", "tts.audio[0]: "},
    {"{'tts':{'audio':[{'file':'no-such.wav'}]}}", "no-such.wav"},
    {"{'delays':{'x':1}}", "delays: unknown key"},
    {"{'delays':{'rest':{'sd':1}}}", "delays.rest: unknown key"},
    {"{'delays':{'rest':-1}}", "\"rest\""},
    {"{'limits':1}", "limits: "}, {"{'limits':{'azure':0}}", "\"azure\""},
    {"{'faults':[{'fault':'x'}]}", "faults[0]: \"fault\""},
    {"{'faults':[{'fault':'429','nth':0}]}", "\"nth\""},
    {"{'faults':[{'fault':'429','probability':2}]}", "\"probability\""},
    {"{'faults':[{'fault':'429','what':2}]}", "unknown key \"what\""},
  };
  g_autofree gchar *folder = g_dir_make_tmp ("emulator-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "c.json", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree gchar *json = emulator_quote (wrong[i].config);
    g_autoptr (GError) error = NULL;

    g_assert_true (g_file_set_contents (path, json, -1, NULL));
    g_assert_null (parley_emulator_settings_new (path, &error));
    g_assert_nonnull (error);
    g_test_message ("%s", error->message);
    g_assert_true (g_str_has_prefix (error->message, path));
    g_assert_nonnull (strstr (error->message, wrong[i].said));
    g_assert_null (strchr (error->message, '\n'));
  }
  g_unlink (path);
  g_rmdir (folder);
  {
    g_autoptr (GError) error = NULL;

    g_assert_null (parley_emulator_settings_new (path, &error));
    g_assert_nonnull (error);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/emulator/tool-order", test_tool_order);
  g_test_add_func ("/emulator/local-tools", test_local_tools);
  g_test_add_func ("/emulator/fault/refuse", test_refuse);
  g_test_add_func ("/emulator/fault/refuse-connection", test_refuse_connection);
  g_test_add_func ("/emulator/fault/status", test_status);
  g_test_add_func ("/emulator/fault/hang", test_hang);
  g_test_add_func ("/emulator/fault/hang-middle", test_hang_middle);
  g_test_add_func ("/emulator/fault/drop", test_drop);
  g_test_add_func ("/emulator/fault/drop-whole", test_drop_whole);
  g_test_add_func ("/emulator/fault/garbage", test_garbage);
  g_test_add_data_func ("/emulator/fault/cut",
      "{'fault':'cut','bytes':7,'every_ms':0}", test_cut);
  g_test_add_data_func ("/emulator/fault/drip",
      "{'fault':'drip','bytes':50,'every_ms':1}", test_cut);
  g_test_add_func ("/emulator/fault/drip-is-slow", test_drip_is_slow);
  g_test_add_func ("/emulator/fault/probability", test_probability);
  g_test_add_func ("/emulator/fault/on-demand", test_fault_on_demand);
  g_test_add_func ("/emulator/delay/first-token", test_delays);
  g_test_add_func ("/emulator/delay/token-rate", test_token_rate);
  g_test_add_func ("/emulator/delay/connection", test_connection_delay);
  g_test_add_func ("/emulator/delay/connection-pending",
      test_connection_pending);
  g_test_add_func ("/emulator/delay/lognormal", test_lognormal);
  g_test_add_func ("/emulator/keep-alive", test_keep_alive);
  g_test_add_func ("/emulator/limit", test_limit);
  g_test_add_func ("/emulator/number", test_number);
  g_test_add_func ("/emulator/records/since", test_since);
  g_test_add_func ("/emulator/keys/list", test_keys);
  g_test_add_func ("/emulator/keys/none", test_no_keys);
  g_test_add_func ("/emulator/hostile/json", test_bad_json);
  g_test_add_func ("/emulator/hostile/huge-body", test_huge_body);
  g_test_add_func ("/emulator/hostile/bytes", test_bad_bytes);
  g_test_add_func ("/emulator/hostile/path", test_unknown_path);
  g_test_add_func ("/emulator/config/errors", test_config_errors);
  return g_test_run ();
}
