/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "caller.h"

#include <string.h>

#include "callertimeline.h"
#include "mock/mediaserver.h"
#include "net/clock.h"
#include "net/twiliosignature.h"
#include "speech/g711.h"
#include "turnjson.h"

#define MS G_TIME_SPAN_MILLISECOND
#define LOUD_CODE 0x80

/* A caller and a server on one context, with time stepped by hand. */
typedef struct
{
  ParleyMockServer *server;
  ParleyCallerConfig config;
  SoupSession *session;
  ParleyCaller *caller;
  gchar *url;
  GPtrArray *turns;
  GString *events;
  gboolean done;
} Fixture;

static void
on_event (ParleyCaller * caller, ParleyCallerEvent event, gint64 at,
    const gchar * text, gint64 value, gpointer data)
{
  static const gchar letters[] = "csdhruMCi.";
  Fixture *fix = data;

  g_string_append_c (fix->events, letters[event]);
}

static void
on_done (ParleyCaller * caller, gpointer data)
{
  Fixture *fix = data;

  g_assert_false (fix->done);
  fix->done = TRUE;
}

/* @ms of sound, then @quiet_ms of silence. */
static void
add_turn (Fixture * fix, const gchar * said, guint ms, guint quiet_ms)
{
  gsize len = (ms + quiet_ms) * 8;
  guint8 *audio = g_malloc (len);
  g_autoptr (GBytes) bytes = NULL;

  memset (audio, LOUD_CODE, ms * 8);
  memset (audio + ms * 8, PARLEY_MULAW_SILENCE, quiet_ms * 8);
  bytes = g_bytes_new_take (audio, len);
  g_ptr_array_add (fix->turns, parley_caller_turn_new (said, bytes, NULL));
}

static void
set_up (Fixture * fix, const ParleyMockMedia * script)
{
  memset (fix, 0, sizeof *fix);
  parley_clock_set_manual (1000 * MS);
  fix->server = parley_mock_server_new (script);
  fix->url = parley_mock_server_get_url (fix->server);
  fix->session = parley_caller_session_new ();
  fix->turns = g_ptr_array_new_with_free_func (parley_caller_turn_free);
  fix->events = g_string_new (NULL);
  fix->config = (ParleyCallerConfig) PARLEY_CALLER_CONFIG_INIT;
  fix->config.url = fix->url;
  fix->config.turns = fix->turns;
}

static void
tear_down (Fixture * fix)
{
  g_clear_pointer (&fix->caller, parley_caller_free);
  parley_mock_server_free (fix->server);
  soup_session_abort (fix->session);
  g_object_unref (fix->session);
  while (g_main_context_iteration (NULL, FALSE));
  g_ptr_array_unref (fix->turns);
  g_string_free (fix->events, TRUE);
  g_free (fix->url);
  parley_clock_set_real ();
}

/* Whether messages are still on their way between the two. */
static gboolean
in_flight (Fixture * fix)
{
  const ParleyCallerResult *result = parley_caller_get_result (fix->caller);

  if (fix->done || fix->server->closed > 0)
    return FALSE;
  return fix->server->frames < result->sent
      || result->received < fix->server->sent
      || result->marks < fix->server->sent_marks
      || result->clears < fix->server->sent_clears;
}

static void
start (Fixture * fix)
{
  fix->caller = parley_caller_new (&fix->config, fix->session, on_event,
      on_done, fix);
  parley_caller_start (fix->caller);
  while (fix->server->connected == 0 && !fix->done)
    g_main_context_iteration (NULL, TRUE);
}

static void
step (Fixture * fix)
{
  parley_clock_advance (20 * MS, NULL);
  while (in_flight (fix) && strchr (fix->events->str, '.') == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* Runs the call to its end; at most ten minutes of its time. */
static const ParleyCallerResult *
run (Fixture * fix)
{
  guint i;

  start (fix);
  for (i = 0; i < 30000 && !fix->done; i++)
    step (fix);
  g_assert_true (fix->done);
  g_assert_cmpuint (fix->server->faults, ==, 0);
  return parley_caller_get_result (fix->caller);
}

static ParleyCallerTurnResult *
turn (const ParleyCallerResult * result, guint index)
{
  g_assert_cmpuint (index, <, result->turns->len);
  return &g_array_index (result->turns, ParleyCallerTurnResult, index);
}

static void
test_two_turns (void)
{
  ParleyMockMedia script = {.greeting_ms = 200,.reply_after_ms = 100,
    .reply_ms = 400,.mark = TRUE
  };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  add_turn (&fix, "one", 300, 0);
  add_turn (&fix, "two", 500, 0);
  result = run (&fix);
  g_assert_no_error (result->error);
  g_assert_cmpstr (turn (result, 0)->said, ==, "one");
  g_assert_true (turn (result, 0)->answered);
  /* 100 ms until the server is sure, 60 ms of playout buffer. */
  g_assert_cmpint (turn (result, 0)->response_us, ==, 160 * MS);
  g_assert_cmpint (turn (result, 0)->reply_us, ==, 400 * MS);
  g_assert_cmpint (turn (result, 1)->response_us, ==, 160 * MS);
  g_assert_cmpuint (result->received, ==, 10 + 20 + 20);
  g_assert_cmpuint (result->sent, ==, fix.server->frames);
  g_assert_cmpuint (result->marks, ==, 3);
  g_assert_cmpuint (fix.server->marks, ==, 3);
  g_assert_cmpuint (result->underruns, ==, 0);
  g_assert_cmpuint (fix.server->stops, ==, 1);
  g_assert_cmpuint (fix.server->loud_frames, ==, 15 + 25);
  g_assert_cmpstr (fix.events->str, ==, "chMrsdhMrsdhMr.");
  tear_down (&fix);
}

static void
test_setup_and_greeting (void)
{
  ParleyMockMedia script = {.greeting_ms = 200 };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  result = run (&fix);
  g_assert_no_error (result->error);
  g_assert_cmpint (result->setup_us, <=, 20 * MS);
  g_assert_cmpint (result->greeting_us, ==, result->setup_us + 60 * MS);
  g_assert_cmpuint (result->turns->len, ==, 0);
  tear_down (&fix);
}

static void
test_speaks_without_greeting (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 100 };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  add_turn (&fix, "one", 100, 0);
  result = run (&fix);
  g_assert_true (turn (result, 0)->answered);
  g_assert_cmpint (result->greeting_us, ==, -1);
  /* 2 s waited, 100 ms said, 160 ms until heard, then its end. */
  g_assert_cmpint (result->duration_us, >, 2800 * MS);
  g_assert_cmpint (result->duration_us, <, 3200 * MS);
  tear_down (&fix);
}

static void
test_no_greeting_wanted (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 100 };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  fix.config.no_greeting = TRUE;
  add_turn (&fix, "one", 100, 0);
  result = run (&fix);
  g_assert_true (turn (result, 0)->answered);
  g_assert_cmpint (result->duration_us, <, 1200 * MS);
  tear_down (&fix);
}

static void
test_trailing_silence_does_not_count (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 100 };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  add_turn (&fix, "one", 100, 600);
  result = run (&fix);
  g_assert_cmpint (turn (result, 0)->response_us, ==, 160 * MS);
  tear_down (&fix);
}

static void
test_unanswered (void)
{
  ParleyMockMedia script = {.greeting_ms = 20 };
  const ParleyCallerResult *result;
  g_autoptr (JsonNode) json = NULL;
  g_autofree gchar *text = NULL;
  Fixture fix;

  set_up (&fix, &script);
  fix.config.timeout_ms = 3000;
  add_turn (&fix, "one", 100, 0);
  result = run (&fix);
  g_assert_no_error (result->error);
  g_assert_false (turn (result, 0)->answered);
  json = parley_caller_result_to_json (result);
  text = json_to_string (json, FALSE);
  g_assert_nonnull (strstr (text, "\"turns\":[{\"said\":\"one\","
          "\"response_ms\":null,\"reply_ms\":null}]"));
  tear_down (&fix);
}

static void
test_silence_is_no_answer (void)
{
  ParleyMockMedia script = {.stream_silence = TRUE };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  fix.config.timeout_ms = 1000;
  add_turn (&fix, "one", 100, 0);
  result = run (&fix);
  g_assert_no_error (result->error);
  g_assert_false (turn (result, 0)->answered);
  g_assert_cmpuint (result->received, >, 100);
  tear_down (&fix);
}

static void
test_reply_in_one_message (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 3000,
    .dump = TRUE,.mark = TRUE
  };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  add_turn (&fix, "one", 100, 0);
  result = run (&fix);
  g_assert_cmpint (turn (result, 0)->reply_us, ==, 3000 * MS);
  g_assert_cmpuint (result->received, ==, 1);
  g_assert_cmpuint (fix.server->marks, ==, 1);
  tear_down (&fix);
}

static void
test_underrun_in_a_reply (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 400,
    .pause_at_ms = 200,.pause_ms = 200
  };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  add_turn (&fix, "one", 100, 0);
  result = run (&fix);
  g_assert_cmpuint (result->underruns, ==, 1);
  /* The pause took 200 ms; the buffer was 60 ms ahead and fills up again. */
  g_assert_cmpint (turn (result, 0)->reply_us, ==, 600 * MS);
  tear_down (&fix);
}

static void
test_barge_in_is_cleared (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 5000,
    .clear_on_speech = TRUE,.mark = TRUE
  };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  fix.config.barge_in_ms = 500;
  add_turn (&fix, "one", 100, 0);
  add_turn (&fix, "two", 100, 0);
  result = run (&fix);
  g_assert_cmpuint (result->clears, ==, 1);
  g_assert_cmpint (turn (result, 0)->reply_us, >=, 500 * MS);
  g_assert_cmpint (turn (result, 0)->reply_us, <=, 540 * MS);
  g_assert_cmpint (turn (result, 1)->response_us, ==, 160 * MS);
  g_assert_cmpint (turn (result, 1)->reply_us, ==, 5000 * MS);
  tear_down (&fix);
}

static void
test_keys (void)
{
  ParleyMockMedia script = {.reply_ms = 200,.reply_to_keys = TRUE };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  g_ptr_array_add (fix.turns, parley_caller_turn_new ("12#", NULL, "12#"));
  result = run (&fix);
  g_assert_cmpstr (fix.server->digits->str, ==, "12#");
  g_assert_true (turn (result, 0)->answered);
  tear_down (&fix);
}

static void
test_start_fields (void)
{
  ParleyMockMedia script = {.greeting_ms = 20 };
  g_autoptr (GHashTable) parameters = g_hash_table_new (g_str_hash,
      g_str_equal);
  GHashTable *got;
  Fixture fix;

  set_up (&fix, &script);
  g_hash_table_insert (parameters, (gchar *) "lang", (gchar *) "es");
  fix.config.parameters = parameters;
  fix.config.from = "+15035550100";
  fix.config.to = "+15035550199";
  run (&fix);
  got = fix.server->start.custom_parameters;
  g_assert_cmpuint (g_hash_table_size (got), ==, 3);
  g_assert_cmpstr (g_hash_table_lookup (got, "lang"), ==, "es");
  g_assert_cmpstr (g_hash_table_lookup (got, "From"), ==, "+15035550100");
  g_assert_cmpstr (g_hash_table_lookup (got, "To"), ==, "+15035550199");
  g_assert_true (g_str_has_prefix (fix.server->start.stream_sid, "MZ"));
  g_assert_cmpuint (strlen (fix.server->start.call_sid), ==, 34);
  g_assert_true (g_str_has_prefix (fix.server->user_agent, "Twilio.TmeWs/1.0"));
  g_assert_null (fix.server->signature);
  tear_down (&fix);
}

static void
test_signs_the_upgrade (void)
{
  ParleyMockMedia script = {.greeting_ms = 20 };
  Fixture fix;

  set_up (&fix, &script);
  fix.config.auth_token = "12345";
  fix.config.sign_url = "wss://voice.example.org/media";
  run (&fix);
  g_assert_true (parley_twilio_verify_upgrade ("12345",
          "wss://voice.example.org/media", fix.server->signature));
  tear_down (&fix);
}

static void
test_records_both_sides (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 200 };
  const ParleyCallerResult *result;
  guint i, spoke, heard;
  Fixture fix;

  set_up (&fix, &script);
  fix.config.record = TRUE;
  fix.config.no_greeting = TRUE;
  add_turn (&fix, "one", 100, 0);
  result = run (&fix);
  g_assert_cmpuint (result->caller_audio->len, ==, result->sent * 160);
  for (i = 0; result->caller_audio->data[i] != LOUD_CODE; i++);
  spoke = i / 8;
  for (i = 0; result->agent_audio->data[i] != LOUD_CODE; i++);
  heard = i / 8;
  /* The last of five frames, then what the result says. */
  g_assert_cmpuint (heard - spoke, ==, 80 + 160);
  for (i = heard * 8; i < (heard + 200) * 8; i++)
    g_assert_cmpuint (result->agent_audio->data[i], ==, LOUD_CODE);
  g_assert_cmpuint (result->agent_audio->data[i], ==, PARLEY_MULAW_SILENCE);
  tear_down (&fix);
}

static void
assert_fails (const ParleyMockMedia * script, gint code, const gchar * says)
{
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, script);
  add_turn (&fix, "one", 5000, 0);
  result = run (&fix);
  g_assert_error (result->error, PARLEY_CALLER_ERROR, code);
  g_assert_nonnull (strstr (result->error->message, says));
  g_assert_null (strchr (result->error->message, '\n'));
  tear_down (&fix);
}

static void
test_refused (void)
{
  ParleyMockMedia forbidden = {.refuse = 403 }, busy = {.refuse = 503 };

  assert_fails (&forbidden, PARLEY_CALLER_ERROR_REFUSED, "403");
  assert_fails (&busy, PARLEY_CALLER_ERROR_REFUSED, "503");
}

static void
test_nobody_there (void)
{
  ParleyMockMedia script = { 0 };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  soup_server_disconnect (fix.server->server);
  result = run (&fix);
  g_assert_error (result->error, PARLEY_CALLER_ERROR,
      PARLEY_CALLER_ERROR_CONNECT);
  tear_down (&fix);
}

static void
test_dropped (void)
{
  ParleyMockMedia dropped = {.drop_at_ms = 3000 };
  ParleyMockMedia failed = {.close_at_ms = 3000,.close_code = 1011 };
  ParleyMockMedia hung_up = {.close_at_ms = 3000,.close_code = 1000 };

  assert_fails (&dropped, PARLEY_CALLER_ERROR_DROPPED, "dropped");
  assert_fails (&failed, PARLEY_CALLER_ERROR_DROPPED, "1011");
  assert_fails (&hung_up, PARLEY_CALLER_ERROR_DROPPED, "hung up");
}

static void
test_agent_hangs_up_after_the_last_reply (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 400,
    .close_at_ms = 2800,.close_code = 1000
  };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  add_turn (&fix, "bye", 100, 0);
  result = run (&fix);
  g_assert_no_error (result->error);
  g_assert_true (turn (result, 0)->answered);
  g_assert_cmpuint (fix.server->stops, ==, 0);
  tear_down (&fix);
}

static void
test_garbage_is_counted (void)
{
  ParleyMockMedia script = {.greeting_ms = 400,.garbage_at_ms = 200 };
  const ParleyCallerResult *result;
  Fixture fix;

  set_up (&fix, &script);
  result = run (&fix);
  g_assert_no_error (result->error);
  g_assert_cmpuint (result->invalid, ==, 3);
  g_assert_cmpuint (result->received, ==, 20);
  tear_down (&fix);
}

static void
test_hang_up_at_once (void)
{
  ParleyMockMedia script = { 0 };
  Fixture fix;

  set_up (&fix, &script);
  fix.caller = parley_caller_new (&fix.config, fix.session, on_event, on_done,
      &fix);
  parley_caller_start (fix.caller);
  parley_caller_hang_up (fix.caller);
  g_assert_false (fix.done);
  while (!fix.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (parley_caller_get_result (fix.caller)->error);
  tear_down (&fix);
}

static void
test_freed_at_any_time (void)
{
  ParleyMockMedia script = {.greeting_ms = 100 };
  guint i, n;

  for (n = 0; n < 12; n++) {
    Fixture fix;

    set_up (&fix, &script);
    fix.caller = parley_caller_new (&fix.config, fix.session, on_event,
        on_done, &fix);
    parley_caller_start (fix.caller);
    for (i = 0; i < n; i++)
      g_main_context_iteration (NULL, FALSE);
    if (n > 8)
      parley_clock_advance (n * 20 * MS, NULL);
    tear_down (&fix);
  }
}

static void
count_done (ParleyCaller * caller, gpointer data)
{
  (*(guint *) data)++;
}

static void
test_many_at_once (void)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 200 };
  g_autoptr (GPtrArray) callers = g_ptr_array_new_with_free_func (
      (GDestroyNotify) parley_caller_free);
  g_autoptr (GPtrArray) results = g_ptr_array_new ();
  g_autoptr (JsonNode) json = NULL;
  JsonObject *summary;
  guint i, n_done = 0;
  Fixture fix;

  set_up (&fix, &script);
  fix.config.no_greeting = TRUE;
  add_turn (&fix, "one", 100, 0);
  for (i = 0; i < 30; i++) {
    ParleyCaller *caller = parley_caller_new (&fix.config, fix.session, NULL,
        count_done, &n_done);

    g_ptr_array_add (callers, caller);
    g_ptr_array_add (results, (gpointer) parley_caller_get_result (caller));
    parley_caller_start (caller);
  }
  while (fix.server->connected < 30)
    g_main_context_iteration (NULL, TRUE);
  while (n_done < 30)
    parley_clock_advance (20 * MS, NULL);
  json = parley_caller_results_to_json (results);
  summary = json_object_get_object_member (json_node_get_object (json),
      "summary");
  g_assert_cmpint (json_object_get_int_member (summary, "calls"), ==, 30);
  g_assert_cmpint (json_object_get_int_member (summary, "failed"), ==, 0);
  g_assert_cmpint (json_object_get_int_member (summary, "unanswered"), ==, 0);
  g_assert_cmpint (json_object_get_int_member
      (json_object_get_object_member (summary, "response_ms"), "p50"), >=, 160);
  g_ptr_array_set_size (callers, 0);
  tear_down (&fix);
}

static void
test_json (void)
{
  ParleyMockMedia script = {.greeting_ms = 100,.reply_after_ms = 100,
    .reply_ms = 400
  };
  const ParleyCallerResult *result;
  g_autoptr (JsonNode) json = NULL;
  g_autofree gchar *text = NULL;
  Fixture fix;

  set_up (&fix, &script);
  add_turn (&fix, "say \"hi\"", 300, 0);
  result = run (&fix);
  json = parley_caller_result_to_json (result);
  text = json_to_string (json, FALSE);
  g_assert_true (g_str_has_prefix (text, "{\"call\":{\"setup_ms\":"));
  g_assert_nonnull (strstr (text, "\"turns\":[{\"said\":\"say \\\"hi\\\"\","
          "\"response_ms\":160,\"reply_ms\":400}],\"media\":{\"sent\":"));
  g_assert_nonnull (strstr (text, ",\"received\":25,\"underruns\":0,"
          "\"clears\":0,\"marks\":0}}"));
  tear_down (&fix);
}

/* The server's view */

/* A call of one turn whose times are kept. */
static ParleyCallerResult *
run_timed (Fixture * fix)
{
  ParleyMockMedia script = {.reply_after_ms = 100,.reply_ms = 200 };

  set_up (fix, &script);
  fix->config.keep_times = TRUE;
  fix->config.no_greeting = TRUE;
  add_turn (fix, "one", 110, 300);
  return (ParleyCallerResult *) run (fix);
}

/* The page of a server that saw the end of speech @late_ms after the caller,
 * got that frame @up_us after it was sent, and sent its reply, with @silence_ms
 * at its beginning, @down_us before it was received. */
static JsonNode *
make_page (const ParleyCallerResult * result, gint late_ms, gint64 up_us,
    gint64 down_us, gint silence_ms)
{
  const ParleyCallerTurnResult *own = turn (result, 0);
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();
  g_autoptr (ParleyTurnReport) report = NULL;
  gint64 end = own->end_us + late_ms * MS;
  gint64 frame = (end - 1) / (20 * MS);
  gint64 begin = g_array_index (result->frame_times, gint64, frame) + up_us;
  JsonNode *page = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *turns = json_array_new ();

  parley_timeline_set_turn (timeline, 1, 0, end * GST_USECOND);
  parley_timeline_stamp (timeline, PARLEY_AT_SPEECH, begin);
  parley_timeline_stamp (timeline, PARLEY_AT_SENT, own->received_at - down_us);
  parley_timeline_stamp (timeline, PARLEY_AT_SOUND,
      own->received_at - down_us + silence_ms * MS);
  report = parley_turn_report_new (timeline, 1);
  json_array_add_element (turns, parley_turn_to_json (result->sid, report, 0));
  json_object_set_string_member (object, "sid", result->sid);
  json_object_set_array_member (object, "turns", turns);
  json_node_take_object (page, object);
  return page;
}

static void
join (ParleyCallerResult * result, gboolean same_clock, JsonNode * page)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (parley_caller_join (result, page, same_clock, &error));
  g_assert_no_error (error);
  json_node_unref (page);
}

static void
test_timeline_times (void)
{
  const ParleyCallerTurnResult *own;
  ParleyCallerResult *result;
  Fixture fix;

  result = run_timed (&fix);
  own = turn (result, 0);
  g_assert_cmpuint (result->frame_times->len, ==, result->sent);
  g_assert_cmpstr (result->sid, ==, fix.server->start.call_sid);
  /* The last sound is in the middle of the sixth frame of what was said. */
  g_assert_cmpint (own->end_us % (20 * MS), ==, 10 * MS);
  g_assert_cmpint (g_array_index (result->frame_times, gint64,
          own->end_us / (20 * MS)), ==, own->sent_at);
  g_assert_cmpint (own->sound_us, ==, 0);
  g_assert_cmpint (own->received_at + 60 * MS, ==,
      own->sent_at + own->response_us);
  tear_down (&fix);
}

static void
test_timeline_difference (void)
{
  ParleyCallerDifference difference;
  ParleyCallerResult *result;
  Fixture fix;

  result = run_timed (&fix);
  join (result, TRUE, make_page (result, 40, 3000, 2000, 0));
  g_assert_true (parley_caller_is_joined (result));
  g_assert_true (parley_caller_get_difference (result, turn (result, 0),
          &difference));
  g_assert_cmpint (difference.detector_us, ==, 40 * MS);
  g_assert_cmpint (difference.wire_up_us, ==, 3000);
  g_assert_cmpint (difference.wire_down_us, ==, 2000);
  g_assert_cmpint (difference.playout_us, ==, 60 * MS);
  g_assert_cmpint (difference.rest_us, ==, 0);

  /* Heard by the server to the end of the frame: the same frame. */
  join (result, TRUE, make_page (result, 10, 0, 0, 0));
  parley_caller_get_difference (result, turn (result, 0), &difference);
  g_assert_cmpint (difference.detector_us, ==, 0);
  join (result, TRUE, make_page (result, -20, 0, 0, 0));
  parley_caller_get_difference (result, turn (result, 0), &difference);
  g_assert_cmpint (difference.detector_us, ==, -20 * MS);
  g_assert_cmpint (difference.rest_us, ==, 0);
  tear_down (&fix);
}

/* What is wrong at the server does not hide in the wire. */
static void
test_timeline_rest (void)
{
  ParleyCallerDifference difference;
  ParleyCallerResult *result;
  Fixture fix;

  result = run_timed (&fix);
  join (result, TRUE, make_page (result, 0, 1000, 1000, 7));
  parley_caller_get_difference (result, turn (result, 0), &difference);
  g_assert_cmpint (difference.rest_us, ==, -7 * MS);
  join (result, TRUE, make_page (result, 0, -5000, 1000, 0));
  parley_caller_get_difference (result, turn (result, 0), &difference);
  g_assert_cmpint (difference.wire_up_us, ==, 0);
  g_assert_cmpint (difference.rest_us, ==, -5000);
  tear_down (&fix);
}

static void
test_timeline_of_another_clock (void)
{
  ParleyCallerDifference difference;
  ParleyCallerResult *result;
  g_autoptr (JsonNode) json = NULL;
  g_autofree gchar *text = NULL;
  Fixture fix;

  result = run_timed (&fix);
  join (result, FALSE, make_page (result, 0, 3000, 2000, 0));
  parley_caller_get_difference (result, turn (result, 0), &difference);
  g_assert_cmpint (difference.wire_up_us, ==, 0);
  g_assert_cmpint (difference.rest_us, ==, 5000);
  json = parley_caller_result_to_json (result);
  text = json_to_string (json, FALSE);
  g_assert_nonnull (strstr (text, "\"wire_up_ms\":null"));
  tear_down (&fix);
}

static void
test_timeline_far_away (void)
{
  ParleyCallerDifference difference;
  ParleyCallerResult *result;
  g_autoptr (JsonNode) json = NULL;
  g_autofree gchar *text = NULL;
  Fixture fix;

  result = run_timed (&fix);
  turn (result, 0)->end_us += 1200 * MS;
  join (result, TRUE, make_page (result, -1100, 0, 0, 0));
  g_assert_false (parley_caller_is_joined (result));
  g_assert_false (parley_caller_get_difference (result, turn (result, 0),
          &difference));
  json = parley_caller_result_to_json (result);
  text = json_to_string (json, FALSE);
  g_assert_nonnull (strstr (text, "\"stages\":null,\"total_ms\":null,"
          "\"sent_ms\":null,\"heard_ms\":null,\"difference\":null}"));
  tear_down (&fix);
}

static void
test_timeline_summary (void)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new ();
  g_autoptr (JsonNode) json = NULL;
  ParleyCallerResult *result;
  JsonObject *difference;
  Fixture fix;

  result = run_timed (&fix);
  join (result, TRUE, make_page (result, 0, 1000, 1500, 7));
  g_ptr_array_add (results, result);
  json = parley_caller_results_to_json (results);
  difference = json_object_get_object_member (json_object_get_object_member
      (json_node_get_object (json), "summary"), "difference");
  g_assert_cmpint (json_object_get_int_member (difference, "joined"), ==, 1);
  difference = json_object_get_object_member (difference, "rest_ms");
  g_assert_cmpfloat (json_object_get_double_member (difference, "p50"), ==, -7);
  g_assert_cmpfloat (json_object_get_double_member (difference, "p99"), ==, -7);
  tear_down (&fix);
}

static void
test_timeline_bad_page (void)
{
  static const gchar *const pages[] = {
    "[]", "{}", "{\"turns\":{}}", "{\"turns\":[1]}", "{\"turns\":[{}]}"
  };
  ParleyCallerResult *result;
  Fixture fix;

  result = run_timed (&fix);
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++) {
    g_autoptr (JsonNode) page = json_from_string (pages[i], NULL);
    g_autoptr (GError) error = NULL;

    g_assert_false (parley_caller_join (result, page, TRUE, &error));
    g_assert_nonnull (error);
    g_assert_null (strchr (error->message, '\n'));
  }
  tear_down (&fix);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/caller/" name, func)
  ADD ("turns/two", test_two_turns);
  ADD ("turns/setup-and-greeting", test_setup_and_greeting);
  ADD ("turns/speaks-without-greeting", test_speaks_without_greeting);
  ADD ("turns/no-greeting-wanted", test_no_greeting_wanted);
  ADD ("turns/trailing-silence", test_trailing_silence_does_not_count);
  ADD ("turns/unanswered", test_unanswered);
  ADD ("turns/silence-is-no-answer", test_silence_is_no_answer);
  ADD ("turns/reply-in-one-message", test_reply_in_one_message);
  ADD ("turns/underrun", test_underrun_in_a_reply);
  ADD ("turns/barge-in", test_barge_in_is_cleared);
  ADD ("turns/keys", test_keys);
  ADD ("wire/start-fields", test_start_fields);
  ADD ("wire/signs-the-upgrade", test_signs_the_upgrade);
  ADD ("wire/garbage-is-counted", test_garbage_is_counted);
  ADD ("records-both-sides", test_records_both_sides);
  ADD ("fails/refused", test_refused);
  ADD ("fails/nobody-there", test_nobody_there);
  ADD ("fails/dropped", test_dropped);
  ADD ("ends/agent-hangs-up", test_agent_hangs_up_after_the_last_reply);
  ADD ("ends/hang-up-at-once", test_hang_up_at_once);
  ADD ("ends/freed-at-any-time", test_freed_at_any_time);
  ADD ("many-at-once", test_many_at_once);
  ADD ("json", test_json);
  ADD ("timeline/times", test_timeline_times);
  ADD ("timeline/difference", test_timeline_difference);
  ADD ("timeline/rest", test_timeline_rest);
  ADD ("timeline/another-clock", test_timeline_of_another_clock);
  ADD ("timeline/far-away", test_timeline_far_away);
  ADD ("timeline/summary", test_timeline_summary);
  ADD ("timeline/bad-page", test_timeline_bad_page);
#undef ADD
  return g_test_run ();
}
