/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "elementrig.h"

/* twiliosrc with a call that was given: what it makes of the messages. */

static void
setup_paused (Rig * rig, gconstpointer data)
{
  rig_init (rig, "twiliosrc");
  rig_give_call (rig);
  rig_start (rig, NULL);
  rig_state (rig, GST_STATE_PAUSED);
  rig_settle (rig);
}

static void
setup_waiting (Rig * rig, gconstpointer data)
{
  setup_paused (rig, data);
  gst_harness_play (rig->harness);
  rig_settle (rig);
}

static void
setup (Rig * rig, gconstpointer data)
{
  setup_waiting (rig, data);
  call_pair_start (&rig->pair, "From", "+4930", "lang", "de", NULL);
  rig_expect (rig, "seg");
}

static void
teardown (Rig * rig, gconstpointer data)
{
  rig_clear (rig);
}

static void
media (Rig * rig, guint chunk, guint timestamp)
{
  GString *text = g_string_new (NULL);
  guint8 mulaw[160];

  memset (mulaw, chunk, sizeof mulaw);
  parley_twilio_build_inbound_media (text, CALL_PAIR_SID, chunk + 1, chunk,
      timestamp, mulaw, sizeof mulaw);
  call_pair_send (&rig->pair, text->str);
  g_string_free (text, TRUE);
}

static void
send_event_json (Rig * rig, const gchar * event, const gchar * body)
{
  gchar *json = g_strdup_printf ("{\"event\":\"%s\",\"sequenceNumber\":\"9\","
      "\"streamSid\":\"" CALL_PAIR_SID "\",\"%s\":%s}", event, event, body);

  call_pair_send (&rig->pair, json);
  g_free (json);
}

static void
stop (Rig * rig)
{
  send_event_json (rig, "stop", "{\"accountSid\":\"AC1\",\"callSid\":\"CA1\"}");
}

static void
expect_stop_reason (Rig * rig, const gchar * part)
{
  GstMessage *message = rig_take_message (rig, "twiliosrc-stop");
  const gchar *reason;

  g_assert_nonnull (message);
  reason = gst_structure_get_string (gst_message_get_structure (message),
      "reason");
  if (!strstr (reason, part))
    g_error ("“%s” does not say “%s”", reason, part);
  gst_message_unref (message);
  rig_expect_no_message (rig, "twiliosrc-stop");
}

/* What start says */

static void
start_message (Rig * rig, gconstpointer data)
{
  GstMessage *message = rig_take_message (rig, "twiliosrc-start");
  const GstStructure *s = gst_message_get_structure (message);
  GstStructure *parameters;
  gchar **tracks;
  guint rate, channels;

  g_assert_cmpstr (gst_structure_get_string (s, "stream-sid"), ==,
      CALL_PAIR_SID);
  g_assert_cmpstr (gst_structure_get_string (s, "call-sid"), ==, "CA1");
  g_assert_cmpstr (gst_structure_get_string (s, "account-sid"), ==, "AC1");
  g_assert_cmpstr (gst_structure_get_string (s, "encoding"), ==,
      "audio/x-mulaw");
  g_assert_true (gst_structure_get (s, "rate", G_TYPE_UINT, &rate,
          "channels", G_TYPE_UINT, &channels, "tracks", G_TYPE_STRV, &tracks,
          "parameters", GST_TYPE_STRUCTURE, &parameters, NULL));
  g_assert_cmpuint (rate, ==, 8000);
  g_assert_cmpuint (channels, ==, 1);
  g_assert_cmpstr (tracks[0], ==, "inbound");
  g_assert_cmpstr (gst_structure_get_string (parameters, "lang"), ==, "de");
  g_assert_cmpstr (gst_structure_get_string (parameters, "From"), ==, "+4930");
  g_strfreev (tracks);
  gst_structure_free (parameters);
  gst_message_unref (message);
}

static void
start_properties (Rig * rig, gconstpointer data)
{
  gchar *stream, *call, *account;
  GstStructure *parameters;
  guint port;

  g_object_get (rig->element, "stream-sid", &stream, "call-sid", &call,
      "account-sid", &account, "parameters", &parameters, "current-port",
      &port, NULL);
  g_assert_cmpstr (stream, ==, CALL_PAIR_SID);
  g_assert_cmpstr (call, ==, "CA1");
  g_assert_cmpstr (account, ==, "AC1");
  g_assert_cmpstr (gst_structure_get_string (parameters, "lang"), ==, "de");
  g_assert_cmpuint (port, ==, 0);
  gst_structure_free (parameters);
  g_free (stream);
  g_free (call);
  g_free (account);
}

static void
no_properties_before_start (Rig * rig, gconstpointer data)
{
  gchar *sid;
  GstStructure *parameters;

  g_object_get (rig->element, "call-sid", &sid, "parameters", &parameters,
      NULL);
  g_assert_null (sid);
  g_assert_null (parameters);
}

static void
segment_begins_at_start (Rig * rig, gconstpointer data)
{
  GstSegment segment;
  GstEvent *event;

  rig_wait_ms (rig, 3000);
  call_pair_start (&rig->pair, NULL, NULL);
  event = gst_pad_get_sticky_event (rig->harness->sinkpad, GST_EVENT_SEGMENT,
      0);
  gst_event_copy_segment (event, &segment);
  g_assert_cmpuint (segment.base, ==, 3 * GST_SECOND);
  g_assert_cmpuint (segment.start, ==, 0);
  gst_event_unref (event);
}

/* Audio */

static void
buffers (Rig * rig, gconstpointer data)
{
  GstBuffer *buffer;

  media (rig, 1, 60);
  media (rig, 2, 80);
  rig_expect (rig, "0/0:20ms! 0/0:20ms");
  buffer = gst_harness_pull (rig->harness);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 60 * GST_MSECOND);
  g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, 20 * GST_MSECOND);
  g_assert_cmpuint (gst_buffer_get_size (buffer), ==, 160);
  g_assert_cmpint (parley_buffer_get_turn_meta (buffer)->arrived, ==,
      parley_clock_now ());
  gst_buffer_unref (buffer);
  buffer = gst_harness_pull (rig->harness);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 80 * GST_MSECOND);
  gst_buffer_unref (buffer);
}

static void
numbers_instead_of_strings (Rig * rig, gconstpointer data)
{
  send_event_json (rig, "media", "{\"track\":\"inbound\",\"chunk\":1,"
      "\"timestamp\":40,\"payload\":\"/////w==\"}");
  rig_expect (rig, "0/0:0ms!");
  g_assert_cmpuint (gst_harness_buffers_received (rig->harness), ==, 1);
}

static void
lost_packet_is_a_gap (Rig * rig, gconstpointer data)
{
  GstBuffer *buffer = NULL;

  media (rig, 1, 0);
  for (guint i = 3; i <= 5; i++)
    media (rig, i, (i - 1) * 20);
  rig_expect (rig, "0/0:20ms!");
  media (rig, 6, 100);
  rig_expect (rig, "gap 0/0:20ms! 0/0:20ms 0/0:20ms 0/0:20ms");
  for (guint i = 0; i < 2; i++) {
    gst_clear_buffer (&buffer);
    buffer = gst_harness_pull (rig->harness);
  }
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 40 * GST_MSECOND);
  gst_buffer_unref (buffer);
}

static void
doubles_are_dropped (Rig * rig, gconstpointer data)
{
  media (rig, 1, 0);
  media (rig, 1, 0);
  media (rig, 2, 20);
  media (rig, 1, 0);
  rig_expect (rig, "0/0:20ms! 0/0:20ms");
}

static void
order_is_put_right (Rig * rig, gconstpointer data)
{
  static const guint order[] = { 1, 4, 3, 2 };

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    media (rig, order[i], (order[i] - 1) * 20);
  rig_expect (rig, "0/0:20ms! 0/0:20ms 0/0:20ms 0/0:20ms");
  for (guint i = 1; i <= 4; i++) {
    GstBuffer *buffer = gst_harness_pull (rig->harness);
    guint8 value;

    gst_buffer_extract (buffer, 0, &value, 1);
    g_assert_cmpuint (value, ==, i);
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, (i - 1) * 20 * GST_MSECOND);
    gst_buffer_unref (buffer);
  }
}

static void
time_stamp_jumps (Rig * rig, gconstpointer data)
{
  media (rig, 1, 0);
  media (rig, 2, 1020);
  rig_expect (rig, "0/0:20ms! gap 0/0:20ms!");
}

static void
nonsense_time_stamps (Rig * rig, gconstpointer data)
{
  GstBuffer *buffer = NULL;

  media (rig, 1, 0);
  media (rig, 2, 4000000000u);
  media (rig, 3, 0);
  rig_expect (rig, "0/0:20ms! 0/0:20ms 0/0:20ms");
  for (guint i = 0; i < 3; i++) {
    gst_clear_buffer (&buffer);
    buffer = gst_harness_pull (rig->harness);
  }
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 40 * GST_MSECOND);
  gst_buffer_unref (buffer);
}

static void
our_own_track_is_ignored (Rig * rig, gconstpointer data)
{
  send_event_json (rig, "media", "{\"track\":\"outbound\",\"chunk\":\"1\","
      "\"timestamp\":\"5\",\"payload\":\"////\"}");
  rig_expect (rig, "");
}

static void
empty_payload (Rig * rig, gconstpointer data)
{
  send_event_json (rig, "media", "{\"track\":\"inbound\",\"chunk\":\"1\","
      "\"timestamp\":\"0\",\"payload\":\"\"}");
  rig_expect (rig, "");
  media (rig, 2, 20);
  rig_expect (rig, "gap 0/0:20ms!");
}

static void
paused_drops_audio (Rig * rig, gconstpointer data)
{
  call_pair_start (&rig->pair, NULL, NULL);
  media (rig, 1, 0);
  rig_expect (rig, "");
  gst_harness_play (rig->harness);
  rig_expect (rig, "seg");
  media (rig, 2, 20);
  rig_expect (rig, "0/0:20ms!");
}

/* Other messages */

static void
keys (Rig * rig, gconstpointer data)
{
  GstMessage *message;
  guint64 time;

  rig_wait_ms (rig, 2000);
  send_event_json (rig, "dtmf",
      "{\"track\":\"inbound_track\",\"digit\":\"#\"}");
  rig_expect (rig, "key0/1");
  message = rig_take_message (rig, "twiliosrc-dtmf");
  g_assert_cmpstr (gst_structure_get_string (gst_message_get_structure
          (message), "digit"), ==, "#");
  g_assert_true (gst_structure_get_uint64 (gst_message_get_structure
          (message), "running-time", &time));
  g_assert_cmpuint (time, ==, 2 * GST_SECOND);
  gst_message_unref (message);
}

static void
other_messages_are_ignored (Rig * rig, gconstpointer data)
{
  send_event_json (rig, "mark", "{\"name\":\"e1:0:0:0\"}");
  send_event_json (rig, "novelty", "{\"a\":[1,2,{\"b\":null}]}");
  call_pair_send (&rig->pair,
      "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
  media (rig, 1, 0);
  rig_expect (rig, "0/0:20ms!");
  rig_expect_no_message (rig, "error");
}

/* Ends */

static void
stop_is_eos (Rig * rig, gconstpointer data)
{
  media (rig, 1, 0);
  media (rig, 3, 40);
  stop (rig);
  rig_expect (rig, "0/0:20ms! gap 0/0:20ms! eos");
  expect_stop_reason (rig, "stop");
  rig_expect_no_message (rig, "error");
}

static void
stop_before_start (Rig * rig, gconstpointer data)
{
  soup_websocket_connection_close (rig->pair.far, 1000, NULL);
  while (!rig->pair.far_closed)
    g_main_context_iteration (rig->context, TRUE);
  rig_expect (rig, "eos");
}

static void
close_is_eos (Rig * rig, gconstpointer data)
{
  soup_websocket_connection_close (rig->pair.far, 1000, NULL);
  while (!rig->pair.far_closed)
    g_main_context_iteration (rig->context, TRUE);
  rig_expect (rig, "eos");
  expect_stop_reason (rig, "stop");
}

static void
lost_socket_is_eos (Rig * rig, gconstpointer data)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (rig->pair.far);
  GSocket *socket =
      g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));

  g_socket_shutdown (socket, TRUE, TRUE, NULL);
  while (!rig->pair.far_closed)
    g_main_context_iteration (rig->context, TRUE);
  rig_expect (rig, "eos");
  expect_stop_reason (rig, "lost");
  rig_expect_no_message (rig, "error");
}

static void
stale_line (Rig * rig, gconstpointer data)
{
  media (rig, 1, 0);
  rig_wait_ms (rig, 14000);
  media (rig, 2, 14000);
  rig_wait_ms (rig, 14999);
  rig_expect (rig, "0/0:20ms! gap 0/0:20ms!");
  rig_wait_ms (rig, 1);
  rig_expect (rig, "eos");
  rig_expect_fault (rig, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_READ, "no audio");
}

static void
never_stale (void)
{
  Rig rig;

  rig_init (&rig, "twiliosrc stale-after=0");
  rig_give_call (&rig);
  rig_start (&rig, NULL);
  gst_harness_play (rig.harness);
  rig_settle (&rig);
  call_pair_start (&rig.pair, NULL, NULL);
  rig_wait_ms (&rig, 3600 * 1000);
  rig_expect (&rig, "seg");
  rig_clear (&rig);
}

static void
no_start (Rig * rig, gconstpointer data)
{
  rig_wait_ms (rig, 5000);
  rig_expect (rig, "eos");
  rig_expect_fault (rig, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_READ, "start");
}

static void
bad_messages (void)
{
  static const gchar *bad[] = {
    "{\"event\":\"media\"", "[]", "", "null",
    "{\"event\":\"media\",\"media\":{\"payload\":\"!!!!\",\"chunk\":\"1\","
        "\"timestamp\":\"0\",\"track\":\"inbound\"}}",
    "{\"event\":\"media\",\"media\":{\"payload\":\"////\",\"chunk\":\"-1\","
        "\"timestamp\":\"0\",\"track\":\"inbound\"}}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    Rig rig;

    setup (&rig, NULL);
    call_pair_send (&rig.pair, bad[i]);
    rig_expect (&rig, "eos");
    rig_expect_fault (&rig, GST_MESSAGE_ERROR, GST_STREAM_ERROR,
        GST_STREAM_ERROR_DECODE, "");
    teardown (&rig, NULL);
  }
}

static void
wrong_encoding (Rig * rig, gconstpointer data)
{
  call_pair_send (&rig->pair, "{\"event\":\"start\",\"streamSid\":\"MZ1\","
      "\"start\":{\"streamSid\":\"MZ1\",\"callSid\":\"CA1\","
      "\"accountSid\":\"AC1\",\"tracks\":[\"inbound\"],\"mediaFormat\":"
      "{\"encoding\":\"audio/opus\",\"sampleRate\":48000,\"channels\":2}}}");
  rig_expect (rig, "eos");
  rig_expect_fault (rig, GST_MESSAGE_ERROR, GST_STREAM_ERROR,
      GST_STREAM_ERROR_DECODE, "mulaw");
}

static void
oversize_message (Rig * rig, gconstpointer data)
{
  gchar *spaces = g_strnfill (300 * 1024, ' ');

  call_pair_send (&rig->pair, spaces);
  rig_expect (rig, "eos");
  rig_expect_fault (rig, GST_MESSAGE_ERROR, GST_STREAM_ERROR,
      GST_STREAM_ERROR_DECODE, "");
  g_free (spaces);
}

static void
binary_frame (Rig * rig, gconstpointer data)
{
  soup_websocket_connection_send_binary (rig->pair.far, "\1\2", 2);
  rig_expect (rig, "eos");
  rig_expect_fault (rig, GST_MESSAGE_ERROR, GST_STREAM_ERROR,
      GST_STREAM_ERROR_DECODE, "binary");
}

static void
eos_from_the_application (Rig * rig, gconstpointer data)
{
  media (rig, 1, 0);
  g_assert_true (gst_element_send_event (rig->element, gst_event_new_eos ()));
  rig_settle (rig);
  media (rig, 2, 20);
  rig_expect (rig, "0/0:20ms! eos");
}

static void
eos_without_a_run (void)
{
  GstElement *element = gst_element_factory_make ("twiliosrc", NULL);

  gst_object_ref_sink (element);
  gst_element_send_event (element, gst_event_new_eos ());
  gst_object_unref (element);
}

static void
refused_audio_ends_the_call (Rig * rig, gconstpointer data)
{
  GstPad *src = gst_pad_get_peer (rig->harness->sinkpad);

  gst_pad_unlink (src, rig->harness->sinkpad);
  media (rig, 1, 0);
  media (rig, 2, 20);
  rig_expect_fault (rig, GST_MESSAGE_ERROR, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FAILED, "Internal data stream error");
  gst_pad_link (src, rig->harness->sinkpad);
  gst_object_unref (src);
}

/* Others */

static void
second_source_is_refused (Rig * rig, gconstpointer data)
{
  GstElement *second = gst_element_factory_make ("twiliosrc", NULL);
  GstContext *context = gst_element_get_context (rig->element, "parley.call");
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GError *error;

  gst_object_ref_sink (second);
  gst_element_set_bus (second, bus);
  gst_element_set_context (second, context);
  gst_element_set_state (second, GST_STATE_PLAYING);
  rig_settle (rig);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY);
  g_error_free (error);
  gst_message_unref (message);
  gst_element_set_state (second, GST_STATE_NULL);
  gst_element_set_bus (second, NULL);
  rig_settle (rig);
  media (rig, 1, 0);
  rig_expect (rig, "0/0:20ms!");
  gst_object_unref (second);
  gst_object_unref (bus);
  gst_context_unref (context);
}

static void
latency (Rig * rig, gconstpointer data)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live;
  GstClockTime min;

  g_assert_true (gst_pad_peer_query (rig->harness->sinkpad, query));
  gst_query_parse_latency (query, &live, &min, NULL);
  g_assert_true (live);
  g_assert_cmpuint (min, ==, 20 * GST_MSECOND);
  gst_query_unref (query);
}

static void
no_preroll (Rig * rig, gconstpointer data)
{
  g_assert_cmpint (gst_element_set_state (rig->element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_NO_PREROLL);
}

static void
down_with_packets_waiting (Rig * rig, gconstpointer data)
{
  media (rig, 1, 0);
  media (rig, 3, 40);
  rig_state (rig, GST_STATE_READY);
  media (rig, 2, 20);
  rig_expect (rig, "0/0:20ms!");
}

static void
give_first_call (Rig * rig, CallPair * first)
{
  GstContext *context = gst_context_new ("parley.call", FALSE);

  call_pair_init (first, rig->loop);
  gst_structure_set (gst_context_writable_structure (context), "call",
      PARLEY_TYPE_CALL, first->call, NULL);
  gst_element_set_context (rig->element, context);
  gst_context_unref (context);
}

static void
two_runs_two_calls (void)
{
  Rig rig;
  CallPair first;

  rig_init (&rig, "twiliosrc");
  give_first_call (&rig, &first);
  rig_start (&rig, NULL);
  gst_harness_play (rig.harness);
  rig_settle (&rig);
  call_pair_start (&first, NULL, NULL);
  rig_expect (&rig, "seg");
  rig_state (&rig, GST_STATE_NULL);
  rig_settle (&rig);
  g_string_truncate (rig.trace, 0);
  rig_give_call (&rig);
  rig_state (&rig, GST_STATE_PLAYING);
  rig_settle (&rig);
  call_pair_clear (&first);
  call_pair_start (&rig.pair, NULL, NULL);
  media (&rig, 7, 140);
  rig_expect (&rig, "seg 0/0:20ms!");
  rig_clear (&rig);
}

static void
properties (void)
{
  rig_check_properties ("twiliosrc");
}

#define ADD(name, func) \
    g_test_add ("/twiliosrc/" name, Rig, NULL, setup, func, teardown)
#define ADD_WAITING(name, func) \
    g_test_add ("/twiliosrc/" name, Rig, NULL, setup_waiting, func, teardown)
#define ADD_FUNC(name, func) g_test_add_func ("/twiliosrc/" name, func)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD ("start-message", start_message);
  ADD ("start-properties", start_properties);
  ADD_WAITING ("no-properties-before-start", no_properties_before_start);
  ADD_WAITING ("segment-begins-at-start", segment_begins_at_start);
  ADD ("buffers", buffers);
  ADD ("numbers-instead-of-strings", numbers_instead_of_strings);
  ADD ("lost-packet-is-a-gap", lost_packet_is_a_gap);
  ADD ("doubles-are-dropped", doubles_are_dropped);
  ADD ("order-is-put-right", order_is_put_right);
  ADD ("time-stamp-jumps", time_stamp_jumps);
  ADD ("nonsense-time-stamps", nonsense_time_stamps);
  ADD ("our-own-track-is-ignored", our_own_track_is_ignored);
  ADD ("empty-payload", empty_payload);
  g_test_add ("/twiliosrc/paused-drops-audio", Rig, NULL, setup_paused,
      paused_drops_audio, teardown);
  ADD ("keys", keys);
  ADD ("other-messages-are-ignored", other_messages_are_ignored);
  ADD ("stop-is-eos", stop_is_eos);
  ADD_WAITING ("stop-before-start", stop_before_start);
  ADD ("close-is-eos", close_is_eos);
  ADD ("lost-socket-is-eos", lost_socket_is_eos);
  ADD ("stale-line", stale_line);
  ADD_FUNC ("never-stale", never_stale);
  ADD_WAITING ("no-start", no_start);
  ADD_FUNC ("bad-messages", bad_messages);
  ADD_WAITING ("wrong-encoding", wrong_encoding);
  ADD ("oversize-message", oversize_message);
  ADD ("binary-frame", binary_frame);
  ADD ("eos-from-the-application", eos_from_the_application);
  ADD_FUNC ("eos-without-a-run", eos_without_a_run);
  ADD ("refused-audio-ends-the-call", refused_audio_ends_the_call);
  ADD ("second-source-is-refused", second_source_is_refused);
  ADD ("latency", latency);
  ADD ("no-preroll", no_preroll);
  ADD ("down-with-packets-waiting", down_with_packets_waiting);
  ADD_FUNC ("two-runs-two-calls", two_runs_two_calls);
  ADD_FUNC ("properties", properties);
  return g_test_run ();
}
