/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "elementrig.h"
#include "turn/timeline.h"

/* cloudstt with a recogniser that tells ends of turns when the test says so:
 * what goes up to vadendpoint, and what comes of its decisions. */

static void
setup (Rig * rig, gconstpointer data)
{
  g_autofree gchar *launch = g_strdup_printf ("cloudstt provider=mock %s",
      data ? (const gchar *) data : "endpointing=provider");

  rig_init (rig, launch);
  rig_start (rig, MULAW);
  rig_expect (rig, "seg");
}

static void
teardown (Rig * rig, gconstpointer data)
{
  rig_clear (rig);
}

/* The events that went up since the last time: "provider 700", "hears 1/1
 * mock", "partial 1/1". */
static void
expect_upstream (Rig * rig, const gchar * expected)
{
  static const gchar *const names[] = {
    [PARLEY_STT_HEARS] = "hears",
    [PARLEY_STT_MAY_END] = "may-end",
    [PARLEY_STT_GOES_ON] = "goes-on",
    [PARLEY_STT_ENDS] = "ends",
  };
  g_autoptr (GString) log = g_string_new (NULL);
  GstEvent *event;

  rig_settle (rig);
  while ((event = gst_harness_try_pull_upstream_event (rig->harness))) {
    ParleyEndpointing endpointing;
    ParleySttEndpoint endpoint;
    const gchar *provider;
    guint turn = 0, take = 0, wait = 0;

    parley_event_parse_take (event, &turn, &take);
    if (parley_event_get_kind (event) != PARLEY_EVENT_OTHER && log->len)
      g_string_append (log, "; ");
    if (parley_event_parse_endpointing (event, &endpointing, &wait))
      g_string_append_printf (log, "%s %u",
          parley_endpointing_to_string (endpointing), wait);
    else if (parley_event_parse_endpoint (event, &endpoint, &provider))
      g_string_append_printf (log, "%s %u/%u %s", names[endpoint], turn, take,
          provider);
    else if (parley_event_get_kind (event) == PARLEY_EVENT_PARTIAL)
      g_string_append_printf (log, "partial %u/%u", turn, take);
    gst_event_unref (event);
  }
  g_assert_cmpstr (log->str, ==, expected);
}

static void
begin (Rig * rig, guint turn)
{
  rig_event (rig, parley_event_new_speech_start (turn, 1));
  rig_push_audio (rig, turn, 1, 40);
}

static void
who_decides_is_told (Rig * rig, gconstpointer data)
{
  expect_upstream (rig, data && strstr (data, "both") ? "both 700"
      : "provider 700");
  begin (rig, 1);
  expect_upstream (rig, "");
}

static void
local_tells_nothing (Rig * rig, gconstpointer data)
{
  begin (rig, 1);
  expect_upstream (rig, "");
}

static void
all_is_passed_on (Rig * rig, gconstpointer data)
{
  expect_upstream (rig, "provider 700");
  begin (rig, 1);
  mock_stt_endpoint (1, 1, PARLEY_STT_HEARS, "");
  mock_stt_partial (1, 1, "good");
  mock_stt_endpoint (1, 1, PARLEY_STT_MAY_END, "good");
  mock_stt_endpoint (1, 1, PARLEY_STT_GOES_ON, "good");
  mock_stt_endpoint (1, 1, PARLEY_STT_ENDS, "good day");
  expect_upstream (rig, "hears 1/1 mock; partial 1/1; may-end 1/1 mock; "
      "goes-on 1/1 mock; ends 1/1 mock");
}

/* vadendpoint has ended the take; then it is the end. */
static void
guess_and_end (Rig * rig, gconstpointer data)
{
  GstEvent *turn_end = parley_event_new_turn_end (1, 1);

  begin (rig, 1);
  mock_stt_endpoint (1, 1, PARLEY_STT_MAY_END, "good morning");
  rig_event (rig, parley_event_new_speech_end (1, 1));
  mock_stt_final (1, 1, "good morning");
  rig_expect (rig, "start1/1 guess1/1\"good morning\"");
  mock_stt_endpoint (1, 1, PARLEY_STT_ENDS, "good morning");
  parley_event_set_provider (turn_end, "mock");
  rig_event (rig, turn_end);
  rig_expect (rig, "1/1\"good morning\"");
  rig_expect_log (rig, "begin 1/1 mulaw 8000 en-US; finish 320; over");
}

/* Each take has the text of the whole turn, and none of its audio twice. */
static void
text_is_of_the_turn (Rig * rig, gconstpointer data)
{
  begin (rig, 1);
  rig_event (rig, parley_event_new_speech_end (1, 1));
  mock_stt_final (1, 1, "good");
  rig_event (rig, parley_event_new_speech_resume (1, 1));
  rig_push_audio (rig, 1, 2, 40);
  mock_stt_partial (1, 2, "good mor");
  rig_event (rig, parley_event_new_speech_end (1, 2));
  mock_stt_final (1, 2, "Good morning.");
  rig_event (rig, parley_event_new_turn_end (1, 2));
  rig_expect (rig, "start1/1 guess1/1\"good\" resume1/1 "
      "guess1/2\"Good morning.\" 1/2\"Good morning.\"");
  rig_expect_log (rig, "begin 1/1 mulaw 8000 en-US; finish 320; "
      "begin 1/2 mulaw 8000 en-US; finish 320; over");
}

/* The pause belongs to no take, but the recogniser hears it. */
static void
pause_is_heard (Rig * rig, gconstpointer data)
{
  begin (rig, 1);
  rig_event (rig, parley_event_new_speech_end (1, 1));
  rig_push_audio (rig, 1, 1, 20);
  mock_stt_final (1, 1, "good");
  rig_push_audio (rig, 1, 1, 20);
  rig_event (rig, parley_event_new_turn_end (1, 1));
  rig_push_audio (rig, 1, 1, 20);
  rig_expect_log (rig, "begin 1/1 mulaw 8000 en-US; finish 320; pause 160; "
      "pause 160; over");
  rig_expect (rig, "start1/1 guess1/1\"good\" 1/1\"good\"");
}

static void
pause_is_not_heard_locally (Rig * rig, gconstpointer data)
{
  begin (rig, 1);
  rig_event (rig, parley_event_new_speech_end (1, 1));
  rig_push_audio (rig, 1, 1, 20);
  rig_expect_log (rig, "begin 1/1 mulaw 8000 en-US; finish 320");
  rig_expect (rig, "start1/1");
}

/* It knew better in the end. */
static void
last_word (Rig * rig, gconstpointer data)
{
  begin (rig, 1);
  rig_event (rig, parley_event_new_speech_end (1, 1));
  mock_stt_final (1, 1, "a table for");
  mock_stt_endpoint (1, 1, PARLEY_STT_ENDS, "a table for two");
  rig_event (rig, parley_event_new_turn_end (1, 1));
  rig_expect (rig, "start1/1 guess1/1\"a table for\" "
      "guess1/1\"a table for two\" 1/1\"a table for two\"");
}

/* But not of what the caller has gone on from. */
static void
no_word_of_a_take_before (Rig * rig, gconstpointer data)
{
  begin (rig, 1);
  rig_event (rig, parley_event_new_speech_end (1, 1));
  mock_stt_final (1, 1, "a table");
  rig_event (rig, parley_event_new_speech_resume (1, 1));
  mock_stt_endpoint (1, 1, PARLEY_STT_ENDS, "a cable");
  rig_expect (rig, "start1/1 guess1/1\"a table\" resume1/1");
}

static void
nothing_of_a_turn_that_is_over (Rig * rig, gconstpointer data)
{
  begin (rig, 1);
  rig_event (rig, parley_event_new_speech_end (1, 1));
  mock_stt_final (1, 1, "yes");
  rig_event (rig, parley_event_new_turn_end (1, 1));
  expect_upstream (rig, "provider 700; partial 1/1");
  mock_stt_endpoint (1, 1, PARLEY_STT_ENDS, "yes and no");
  mock_stt_endpoint (7, 1, PARLEY_STT_ENDS, "no");
  expect_upstream (rig, "");
  rig_expect (rig, "start1/1 guess1/1\"yes\" 1/1\"yes\"");
}

/* With nobody behind it silence decides, until the next turn. */
static void
failure (Rig * rig, gconstpointer data)
{
  expect_upstream (rig, "provider 700");
  begin (rig, 1);
  mock_stt_fail (1, 1, "the line broke");
  expect_upstream (rig, "local 0");
  rig_event (rig, parley_event_new_speech_end (1, 1));
  rig_event (rig, parley_event_new_turn_end (1, 1));
  rig_expect (rig, "start1/1 empty1/1\"the line broke\"");
  begin (rig, 2);
  expect_upstream (rig, "provider 700");
  rig_expect_fault (rig, GST_MESSAGE_WARNING, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FAILED, "the line broke");
}

/* In a run of its own it is told anew. */
static void
told_in_each_run (Rig * rig, gconstpointer data)
{
  expect_upstream (rig, "provider 700");
  rig_state (rig, GST_STATE_READY);
  rig_state (rig, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (rig->harness, MULAW);
  expect_upstream (rig, "provider 700");
}

static void
owner_is_the_provider (Rig * rig, gconstpointer data)
{
  g_autoptr (ParleyTurnReport) report = NULL;
  ParleyTimeline *timeline = parley_timeline_new ();
  GstEvent *speech_end = parley_event_new_speech_end (1, 1);
  GstEvent *turn_end = parley_event_new_turn_end (1, 1);
  GstBuffer *buffer;
  gint64 now = parley_clock_now ();

  begin (rig, 1);
  parley_timeline_stamp (timeline, PARLEY_AT_SPEECH, now);
  parley_timeline_stamp (timeline, PARLEY_AT_QUIET, now + 100 * MS);
  parley_timeline_set_provider (timeline, PARLEY_AT_QUIET, "mock");
  parley_event_set_timeline (speech_end, timeline);
  parley_timeline_unref (timeline);
  rig_wait_ms (rig, 100);
  rig_event (rig, speech_end);
  mock_stt_final (1, 1, "yes");
  rig_wait_ms (rig, 250);
  parley_event_set_provider (turn_end, "mock");
  rig_event (rig, turn_end);
  while ((buffer = gst_harness_try_pull (rig->harness)) == NULL);
  timeline = parley_buffer_get_timeline (buffer);
  parley_timeline_stamp (timeline, PARLEY_AT_SENT, parley_clock_now ());
  report = parley_turn_report_new (timeline, 1);
  g_assert_cmpint (report->sent_us, ==, 350 * MS);
  for (guint i = 0; i < report->stages->len; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    if (!g_str_equal (stage->name, "endpoint")
        && !g_str_equal (stage->name, "turn-end"))
      continue;
    g_assert_cmpint (stage->owner, ==, PARLEY_OWNER_PROVIDER);
    g_assert_cmpstr (stage->provider, ==, "mock");
    g_assert_cmpint (stage->us, ==, (*stage->name == 'e' ? 100 : 250) * MS);
  }
  gst_buffer_unref (buffer);
}

/* Settings */

static void
cannot_tell (void)
{
  Rig rig;

  rig_init (&rig, "cloudstt provider=mock endpointing=both");
  mock_script ()->tells_no_ends = TRUE;
  rig_start (&rig, MULAW);
  rig_expect_fault (&rig, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "set endpointing=local");
  expect_upstream (&rig, "");
  begin (&rig, 1);
  rig_event (&rig, parley_event_new_speech_end (1, 1));
  mock_stt_final (1, 1, "yes");
  rig_event (&rig, parley_event_new_turn_end (1, 1));
  rig_expect (&rig, "seg start1/1 guess1/1\"yes\" 1/1\"yes\"");
  rig_clear (&rig);
}

static void
no_such_way (void)
{
  GstElement *element = gst_element_factory_make ("cloudstt", NULL);
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  g_autoptr (GError) error = NULL;

  mock_reset ();
  gst_element_set_bus (element, bus);
  g_object_set (element, "provider", "mock", "endpointing", "nobody", NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  g_assert_nonnull (strstr (error->message, "set it to local, provider or "
          "both"));
  gst_message_unref (message);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
}

#define add_of(name, func, data) \
    g_test_add ("/cloudstt-ends/" name, Rig, data, setup, func, teardown)
#define add(name, func) add_of (name, func, NULL)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  add ("who-decides", who_decides_is_told);
  add_of ("who-decides/both", who_decides_is_told, "endpointing=both");
  add_of ("who-decides/local", local_tells_nothing, "endpointing=local");
  add ("who-decides/in-each-run", told_in_each_run);
  add ("passed-on", all_is_passed_on);
  add ("guess-and-end", guess_and_end);
  add ("text/of-the-turn", text_is_of_the_turn);
  add ("text/last-word", last_word);
  add ("text/of-a-take-before", no_word_of_a_take_before);
  add ("text/of-a-turn-that-is-over", nothing_of_a_turn_that_is_over);
  add ("pause", pause_is_heard);
  add_of ("pause/local", pause_is_not_heard_locally, "endpointing=local");
  add ("failure", failure);
  add ("owner", owner_is_the_provider);
  g_test_add_func ("/cloudstt-ends/cannot-tell", cannot_tell);
  g_test_add_func ("/cloudstt-ends/no-such-way", no_such_way);
  return g_test_run ();
}
