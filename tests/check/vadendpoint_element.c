/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock/races.h"
#include "vadfixture.h"

#include "speech/g711.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

/* --- formats --- */

static void
test_mulaw (void)
{
  g_autoptr (GArray) scene = vad_scene_conversation ();
  g_autoptr (VadFixture) self = vad_fixture_new (MULAW);
  g_autofree guint8 *codes = g_malloc (scene->len);
  g_autofree gchar *expected = NULL;

  parley_mulaw_encode ((gint16 *) scene->data, codes, scene->len);
  parley_mulaw_decode (codes, (gint16 *) scene->data, scene->len);
  expected = vad_expected_timeline (scene, &vad_standard);
  vad_fixture_push_scene (self, scene, 160);
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->timeline->str, ==, expected);
}

static GArray *
upsample (GArray * scene, guint factor)
{
  GArray *wide = vad_scene_new ();

  for (guint i = 0; i < scene->len; i++) {
    gint a = g_array_index (scene, gint16, i);
    gint b = g_array_index (scene, gint16, MIN (i + 1, scene->len - 1));

    for (guint j = 0; j < factor; j++) {
      gint16 sample = a + (b - a) * (gint) j / (gint) factor;

      g_array_append_val (wide, sample);
    }
  }
  return wide;
}

static void
assert_wide (const gchar * caps, guint factor)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (GArray) wide = upsample (scene, factor);
  g_autoptr (VadFixture) self = vad_fixture_new (caps);

  vad_fixture_push_scene (self, wide, 0);
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1, "
      "speech-end 1.1, turn-end 1.1, speech-start 2.1, speech-end 2.1, "
      "turn-end 2.1");
  g_assert_cmpuint (vad_fixture_to_samples (self, self->at), ==, wide->len);
  g_assert_cmpuint (self->discont_wrong, ==, 0);
  vad_fixture_assert_audio (self, wide);
}

static void
test_16k (void)
{
  assert_wide (S16 (16000), 2);
}

static void
test_24k (void)
{
  assert_wide (S16 (24000), 3);
}

static void
test_48k (void)
{
  assert_wide (S16 (48000), 6);
}

static void
test_caps_change_in_turn (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  vad_fixture_push_into_turn (self, scene);
  gst_harness_push_event (self->h, gst_event_new_caps (gst_caps_from_string
          (S16 (8000))));
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1");
  vad_fixture_set_format (self, MULAW);
  g_assert_cmpstr (self->events->str, ==,
      "speech-start 1.1, speech-end 1.1, turn-end 1.1");
  vad_fixture_forget (self);
  vad_fixture_push_scene (self, scene, 160);
  vad_fixture_push_eos (self);
  g_assert_true (g_str_has_prefix (self->events->str, "speech-start 2.1"));
}

static void
test_wrong_caps (void)
{
  static const gchar *const wrong[] = {
    "audio/x-raw,format=S16LE,channels=1,rate=44100",
    "audio/x-raw,format=S16LE,channels=2,rate=8000",
    "audio/x-raw,format=F32LE,channels=1,rate=8000",
    "audio/x-mulaw,channels=1,rate=16000",
    "audio/x-alaw,channels=1,rate=8000",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    GstHarness *h = gst_harness_new ("vadendpoint");

    gst_harness_set_src_caps_str (h, wrong[i]);
    g_assert_cmpint (gst_harness_push (h, gst_buffer_new_allocate (NULL, 160,
                NULL)), ==, GST_FLOW_NOT_NEGOTIATED);
    gst_harness_teardown (h);
  }
}

static void
assert_one_error (VadFixture * self, GQuark domain, gint code)
{
  GstMessage *message = gst_bus_pop_filtered (self->bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, domain, code);
  gst_message_unref (message);
  g_assert_null (gst_bus_pop_filtered (self->bus, GST_MESSAGE_ERROR));
}

static void
test_half_sample (void)
{
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  g_assert_cmpint (gst_harness_push (self->h, gst_buffer_new_allocate (NULL,
              161, NULL)), ==, GST_FLOW_ERROR);
  assert_one_error (self, GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE);
}

static void
test_segment_without_time (void)
{
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  gst_harness_push_event (self->h, gst_event_new_segment (&segment));
  g_assert_cmpint (gst_harness_push (self->h, gst_buffer_new_allocate (NULL,
              160, NULL)), ==, GST_FLOW_ERROR);
  assert_one_error (self, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT);
}

static void
test_empty_buffer (void)
{
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  g_assert_cmpint (gst_harness_push (self->h, gst_buffer_new ()), ==,
      GST_FLOW_OK);
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->timeline->str, ==, "");
}

/* --- events and queries --- */

static guint
pull_dtmf_turn (VadFixture * self)
{
  GstEvent *event;
  guint turn = 0;
  gchar digit = '\0';

  while ((event = gst_harness_try_pull_event (self->h))) {
    gboolean found = parley_event_parse_dtmf (event, &turn, &digit);

    gst_event_unref (event);
    if (found) {
      g_assert_cmpint (digit, ==, '5');
      return turn;
    }
  }
  return 0;
}

static void
test_dtmf_is_numbered (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at;

  gst_harness_push_event (self->h, parley_event_new_dtmf (0, '5'));
  g_assert_cmpuint (pull_dtmf_turn (self), ==, 1);
  at = vad_fixture_push_into_turn (self, scene);
  gst_harness_push_event (self->h, parley_event_new_dtmf (0, '5'));
  g_assert_cmpuint (pull_dtmf_turn (self), ==, 3);
  for (; !strstr (self->events->str, "turn-end"); at += 160)
    vad_fixture_push (self, &g_array_index (scene, gint16, at), 160);
  g_assert_cmpstr (self->events->str, ==, "dtmf 1.1, speech-start 2.1, "
      "dtmf 3.1, speech-end 2.1, turn-end 2.1");
}

static void
test_dtmf_keeps_its_number (void)
{
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  gst_harness_push_event (self->h, parley_event_new_dtmf (9, '5'));
  g_assert_cmpuint (pull_dtmf_turn (self), ==, 9);
}

static void
drop_messages (VadFixture * self)
{
  GstMessage *message;

  while ((message = gst_bus_pop (self->bus)))
    gst_message_unref (message);
}

static GstStructure *
pop_message (VadFixture * self, const gchar * name)
{
  GstMessage *message;
  GstStructure *found = NULL;

  while (!found && (message = gst_bus_pop_filtered (self->bus,
              GST_MESSAGE_ELEMENT))) {
    if (gst_message_has_name (message, name))
      found = gst_structure_copy (gst_message_get_structure (message));
    gst_message_unref (message);
  }
  return found;
}

static void
test_partial_stops_here (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint before;
  GstStructure *end;

  vad_fixture_push_into_turn (self, scene);
  before = gst_harness_upstream_events_received (self->h);
  gst_harness_push_upstream_event (self->h, parley_event_new_partial (1, 1,
          "activ"));
  g_assert_cmpuint (gst_harness_upstream_events_received (self->h), ==, before);
  gst_harness_push_upstream_event (self->h, parley_event_new_playing (1, TRUE));
  g_assert_cmpuint (gst_harness_upstream_events_received (self->h), ==,
      before + 1);
  drop_messages (self);
  vad_fixture_push_eos (self);
  end = pop_message (self, "vadendpoint-turn");
  g_assert_cmpstr (gst_structure_get_string (end, "text"), ==, "activ");
  gst_structure_free (end);
}

static void
assert_change (VadFixture * self, const gchar * name, const gchar * field,
    gboolean value, guint64 time)
{
  GstStructure *message = pop_message (self, name);
  gboolean told;
  guint64 told_time;

  g_assert_nonnull (message);
  g_assert_true (gst_structure_get (message, "stream-time", G_TYPE_UINT64,
          &told_time, field, G_TYPE_BOOLEAN, &told, NULL));
  g_assert_cmpint (told, ==, value);
  g_assert_cmpuint (told_time, ==, time);
  gst_structure_free (message);
}

static void
test_activity_messages (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  g_autofree ParleyVadResult *decisions = vad_scene_decide (scene, 0.5);
  gboolean now = FALSE;

  vad_fixture_push_scene (self, scene, 160);
  for (guint i = 0; i < scene->len / FRAME; i++) {
    if (decisions[i].voice == now)
      continue;
    now = decisions[i].voice;
    assert_change (self, "vadendpoint-activity", "voice", now,
        i * 10 * GST_MSECOND);
  }
  g_assert_null (pop_message (self, "vadendpoint-activity"));
}

static void
test_speech_messages (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  g_autofree ParleyVadResult *decisions = vad_scene_decide (scene, 0.5);
  gboolean now = FALSE;

  vad_fixture_push_scene (self, scene, 160);
  for (guint i = PARLEY_VAD_SETTLED_DELAY; i < scene->len / FRAME; i++) {
    if (decisions[i].settled == now)
      continue;
    now = decisions[i].settled;
    assert_change (self, "vadendpoint-speech", "speech", now,
        (i - PARLEY_VAD_SETTLED_DELAY) * 10 * GST_MSECOND);
  }
  g_assert_false (now);
  g_assert_null (pop_message (self, "vadendpoint-speech"));
}

static guint64
first_speech (GArray * scene)
{
  g_autofree ParleyVadResult *decisions = vad_scene_decide (scene, 0.5);
  guint i = 0;

  while (!decisions[i].settled)
    i++;
  return (i - PARLEY_VAD_SETTLED_DELAY) * 10 * GST_MSECOND;
}

/* Until the beginning of the first speech is settled; returns when it is. */
static guint64
push_into_speech (VadFixture * self, GArray * scene)
{
  guint at = vad_fixture_push_into_turn (self, scene);

  for (guint i = 0; i < PARLEY_VAD_SETTLED_DELAY / 2; i++, at += 160)
    vad_fixture_push (self, &g_array_index (scene, gint16, at), 160);
  return first_speech (scene);
}

/* Speech is over where packets are missing, and where the stream is. */
static void
test_speech_is_cut (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint64 begin = push_into_speech (self, scene);
  guint64 hole = self->pushed * 125 * GST_USECOND;

  assert_change (self, "vadendpoint-speech", "speech", TRUE, begin);
  gst_harness_push_event (self->h, gst_event_new_gap (hole, 300 * GST_MSECOND));
  assert_change (self, "vadendpoint-speech", "speech", FALSE, hole);
}

static void
test_speech_is_cut_by_eos (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  push_into_speech (self, scene);
  drop_messages (self);
  vad_fixture_push_eos (self);
  assert_change (self, "vadendpoint-speech", "speech", FALSE,
      self->pushed * 125 * GST_USECOND);
}

static void
test_stream_time (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  GstStructure *message;
  guint64 stream_time = 0, running_time = 0;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.time = 10 * GST_SECOND;
  segment.base = 20 * GST_SECOND;
  gst_harness_push_event (self->h, gst_event_new_segment (&segment));
  vad_fixture_push_into_turn (self, scene);
  message = pop_message (self, "vadendpoint-turn");
  gst_structure_get (message, "stream-time", G_TYPE_UINT64, &stream_time,
      "running-time", G_TYPE_UINT64, &running_time, NULL);
  g_assert_cmpuint (stream_time, >, 11 * GST_SECOND);
  g_assert_cmpuint (stream_time, <, 12 * GST_SECOND);
  g_assert_cmpuint (running_time, ==, stream_time + 10 * GST_SECOND);
  gst_structure_free (message);
}

static void
test_arrived (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint64 first;
  GstStructure *end;
  gint64 arrived = 0;

  for (guint at = 0; at + 100 <= scene->len; at += 100) {
    GstBuffer *buffer =
        vad_fixture_make_buffer (self, &g_array_index (scene, gint16,
            at), 100);

    parley_buffer_add_turn_meta (buffer)->arrived = 1000 + at;
    gst_harness_push (self->h, buffer);
  }
  vad_fixture_push_eos (self);
  first = g_ascii_strtoull (strstr (self->timeline->str, "audio 1.1 ") + 10,
      NULL, 10);
  g_assert_cmpint (g_array_index (self->arrived, gint64, 0), ==,
      1000 + first / 100 * 100);
  do {
    end = pop_message (self, "vadendpoint-turn");
    gst_structure_get_int64 (end, "arrived", &arrived);
    gst_structure_free (end);
  } while (arrived == 0);
  g_assert_cmpint (arrived, >, g_array_index (self->arrived, gint64, 0));
  g_assert_cmpint (arrived % 100, ==, 0);
}

static void
test_latency (void)
{
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  gst_harness_set_upstream_latency (self->h, 20 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (self->h), ==, 30 * GST_MSECOND);
}

static void
test_caps_are_proxied (void)
{
  GstHarness *h = gst_harness_new ("vadendpoint");
  GstCaps *caps;

  gst_harness_set_sink_caps_str (h, MULAW);
  caps = gst_pad_peer_query_caps (h->srcpad, NULL);
  g_assert_cmpuint (gst_caps_get_size (caps), ==, 1);
  g_assert_true (gst_structure_has_name (gst_caps_get_structure (caps, 0),
          "audio/x-mulaw"));
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

static void
test_downstream_refuses (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = vad_fixture_push_into_turn (self, scene);

  GST_PAD_SET_FLUSHING (self->h->sinkpad);
  g_assert_cmpint (vad_fixture_push (self, &g_array_index (scene, gint16, at),
          160), ==, GST_FLOW_FLUSHING);
}

static void
test_properties (void)
{
  static const gchar *const names[] = { "silence", "eager-silence",
    "min-speech", "preroll", "max-turn", "sensitivity"
  };
  GstElement *element = gst_element_factory_make ("vadendpoint", NULL);
  gdouble sensitivity = -1.0;

  g_object_set (element, "sensitivity", 0.25, NULL);
  for (guint i = 0; i < 5; i++)
    g_object_set (element, names[i], 100 + i, NULL);
  for (guint i = 0; i < 5; i++) {
    guint value = 0;

    g_object_get (element, names[i], &value, NULL);
    g_assert_cmpuint (value, ==, 100 + i);
  }
  g_object_get (element, "sensitivity", &sensitivity, NULL);
  g_assert_cmpfloat (sensitivity, ==, 0.25);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS
        (element), names[i]);

    g_assert_true (spec->flags & GST_PARAM_MUTABLE_PLAYING);
  }
  gst_object_unref (element);
}

static void
test_settings_change_in_turn (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  vad_fixture_push_into_turn (self, scene);
  g_object_set (self->h->element, "max-turn", 10, NULL);
  vad_fixture_push (self, &g_array_index (scene, gint16, 0), 160);
  g_assert_true (g_str_has_prefix (self->events->str,
          "speech-start 1.1, speech-end 1.1, turn-end 1.1"));
}

/* --- stress --- */

#define STRESS_US (G_USEC_PER_SEC / 4)

static GstHarness *
stress_harness (GstHarnessThread ** pusher, GArray * scene)
{
  GstHarness *h = gst_harness_new ("vadendpoint");
  g_autoptr (GstCaps) caps = gst_caps_from_string (S16 (8000));
  GstBuffer *buffer = gst_buffer_new_memdup (scene->data, scene->len * 2);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_set_src_caps_str (h, S16 (8000));
  gst_harness_set_drop_buffers (h, TRUE);
  *pusher = gst_harness_stress_push_buffer_start (h, caps, &segment, buffer);
  gst_buffer_unref (buffer);
  /* The harness insists that the first events get through. */
  while (gst_harness_buffers_received (h) == 0)
    g_thread_yield ();
  return h;
}

static void
stress (GstHarness * h, GstHarnessThread * pusher, GstHarnessThread * other)
{
  g_usleep (STRESS_US);
  g_assert_cmpuint (gst_harness_stress_thread_stop (other), >, 0);
  gst_harness_stress_thread_stop (pusher);
  gst_harness_teardown (h);
}

static void
test_stress_states (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (300);
  GstHarnessThread *pusher;
  GstHarness *h = stress_harness (&pusher, scene);

  races_allow ();
  stress (h, pusher, gst_harness_stress_statechange_start_full (h, 500));
}

/* Flushes come from another thread at any moment; this one starts anew. */
static void
test_stress_flush (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (300);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  g_autoptr (GstEvent) start = gst_event_new_flush_start ();
  GstHarnessThread *flusher;
  GstSegment segment;
  guint flushed = 0;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  flusher = gst_harness_stress_push_event_start (self->h, start);
  for (guint i = 0; i < 200; i++) {
    GstFlowReturn flow = GST_FLOW_OK;

    gst_harness_push_event (self->h, gst_event_new_flush_stop (TRUE));
    vad_fixture_forget (self);
    gst_harness_push_event (self->h, gst_event_new_segment (&segment));
    for (guint at = 0; at + 800 <= scene->len && flow == GST_FLOW_OK; at += 800)
      flow = vad_fixture_push (self, &g_array_index (scene, gint16, at), 800);
    flushed += flow == GST_FLOW_FLUSHING;
  }
  gst_harness_stress_thread_stop (flusher);
  g_assert_cmpuint (flushed, >, 0);
}

static void
test_stress_keys (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (300);
  GstHarnessThread *pusher;
  GstHarness *h = stress_harness (&pusher, scene);
  GstEvent *key = parley_event_new_dtmf (0, '1');

  stress (h, pusher, gst_harness_stress_push_event_start (h, key));
  gst_event_unref (key);
}

static void
test_stress_partials (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (300);
  GstHarnessThread *pusher;
  GstHarness *h = stress_harness (&pusher, scene);
  GstEvent *partial = parley_event_new_partial (1, 1, "text");

  stress (h, pusher, gst_harness_stress_send_upstream_event_start (h, partial));
  gst_event_unref (partial);
}

static void
test_stress_property (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (300);
  GstHarnessThread *pusher;
  GstHarness *h = stress_harness (&pusher, scene);
  GValue value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_UINT);
  g_value_set_uint (&value, 77);
  stress (h, pusher, gst_harness_stress_property_start (h, "silence", &value));
}

static void
add (const gchar * name, GTestFunc func)
{
  g_autofree gchar *path = g_strconcat ("/vadendpoint/element/", name, NULL);

  g_test_add_func (path, func);
}

static void
add_format_tests (void)
{
  add ("caps/mulaw", test_mulaw);
  add ("caps/16k", test_16k);
  add ("caps/24k", test_24k);
  add ("caps/48k", test_48k);
  add ("caps/change-in-turn", test_caps_change_in_turn);
  add ("caps/wrong", test_wrong_caps);
  add ("error/half-sample", test_half_sample);
  add ("error/segment-without-time", test_segment_without_time);
  add ("empty-buffer", test_empty_buffer);
}

static void
add_element_tests (void)
{
  add ("dtmf/is-numbered", test_dtmf_is_numbered);
  add ("dtmf/keeps-its-number", test_dtmf_keeps_its_number);
  add ("partial-stops-here", test_partial_stops_here);
  add ("message/activity", test_activity_messages);
  add ("message/speech", test_speech_messages);
  add ("message/speech/hole", test_speech_is_cut);
  add ("message/speech/eos", test_speech_is_cut_by_eos);
  add ("message/stream-time", test_stream_time);
  add ("arrived", test_arrived);
  add ("latency", test_latency);
  add ("caps/are-proxied", test_caps_are_proxied);
  add ("downstream-refuses", test_downstream_refuses);
  add ("properties", test_properties);
  add ("settings-change-in-turn", test_settings_change_in_turn);
  add ("stress/states", test_stress_states);
  add ("stress/flush", test_stress_flush);
  add ("stress/keys", test_stress_keys);
  add ("stress/partials", test_stress_partials);
  add ("stress/property", test_stress_property);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  if (vad_skip_without_sounds ())
    return 0;
  add_format_tests ();
  add_element_tests ();
  return g_test_run ();
}
