/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The element against an oracle: the same voice decisions and endpointer, run
 * over the whole input at once, say which sample goes out in which take and
 * which one is left out. Speech is recorded speech.
 */
#include <stdio.h>

#include "vadfixture.h"

static guint
count (const gchar * text, const gchar * what)
{
  guint n = 0;

  for (; (text = strstr (text, what)); text++)
    n++;
  return n;
}

/* --- speech --- */

static void
test_conversation (void)
{
  g_autoptr (GArray) scene = vad_scene_conversation ();
  g_autofree gchar *expected = vad_expected_timeline (scene, &vad_standard);

  g_assert_cmpuint (count (expected, "end "), >=, 3);
  vad_assert_scene (scene, &vad_standard, 160);
}

static void
test_events (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  vad_fixture_push_scene (self, scene, 160);
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1, "
      "speech-end 1.1, turn-end 1.1, speech-start 2.1, speech-end 2.1, "
      "turn-end 2.1");
}

static void
test_turns_lie_where_speech_is (void)
{
  g_autoptr (GArray) scene = vad_scene_new ();
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint begin, end, take_begin, take_end;

  vad_scene_add_noise (scene, 2000);
  begin = scene->len;
  vad_scene_add_speech (scene, "auth-thankyou");
  end = scene->len;
  vad_scene_add_noise (scene, 2000);
  vad_fixture_push_scene (self, scene, 160);
  vad_fixture_push_eos (self);
  g_assert_cmpint (sscanf (strstr (self->timeline->str, "audio 1.1"),
          "audio 1.1 %u-%u", &take_begin, &take_end), ==, 2);
  g_assert_cmpuint (take_begin, <, begin + 100 * MS);
  g_assert_cmpuint (take_begin, >=, begin - 300 * MS);
  g_assert_cmpuint (take_end, >=, end - 100 * MS);
  g_assert_cmpuint (take_end, <, end + 500 * MS);
}

static void
test_random_buffers (void)
{
  g_autoptr (GArray) scene = vad_scene_conversation ();
  VadExpect expect = vad_standard;

  expect.endpointer.eager_silence = 70;
  for (guint i = 0; i < 5; i++)
    vad_assert_scene (scene, &expect, 0);
}

static void
test_buffer_sizes (void)
{
  static const guint sizes[] = { 7, 80, 159, 333, 8000, 1000000 };
  g_autoptr (GArray) scene = vad_scene_two_words (300);
  VadExpect expect = vad_standard;

  expect.endpointer.eager_silence = 50;
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    vad_assert_scene (scene, &expect, sizes[i]);
}

static void
test_noise_only (void)
{
  g_autoptr (GArray) scene = vad_scene_new ();
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  vad_scene_add_noise (scene, 10000);
  vad_fixture_push_scene (self, scene, 160);
  g_assert_cmpuint (self->buffers, ==, 0);
  g_assert_cmpuint (self->gaps, >=, 18);
  g_assert_cmpuint (self->gaps, <=, 20);
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->timeline->str, ==, "gap 0-80000\n");
  g_assert_cmpstr (self->events->str, ==, "");
}

static void
test_silence_of_50 (void)
{
  g_autoptr (GArray) scene = vad_scene_conversation ();
  VadExpect expect = vad_standard;

  expect.endpointer.silence = 50;
  vad_assert_scene (scene, &expect, 160);
}

static void
test_preroll (void)
{
  static const guint prerolls[] = { 0, 5, 200, 2000 };
  g_autoptr (GArray) scene = vad_scene_two_words (600);
  VadExpect expect = vad_standard;

  for (gsize i = 0; i < G_N_ELEMENTS (prerolls); i++) {
    expect.preroll = prerolls[i];
    vad_assert_scene (scene, &expect, 160);
  }
}

static void
test_min_speech (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (600);
  g_autofree gchar *expected = NULL;
  VadExpect expect = vad_standard;

  expect.endpointer.min_speech = 0;
  vad_assert_scene (scene, &expect, 160);
  expect.endpointer.min_speech = 2000;
  expected = vad_expected_timeline (scene, &expect);
  g_assert_cmpuint (count (expected, "audio"), ==, 0);
  vad_assert_scene (scene, &expect, 160);
}

static void
test_max_turn (void)
{
  g_autoptr (GArray) scene = vad_scene_new ();
  g_autofree gchar *expected = NULL;
  VadExpect expect = vad_standard;

  vad_scene_add_noise (scene, 1000);
  vad_scene_add_speech (scene, "cannot-complete-as-dialed");
  vad_scene_add_noise (scene, 1000);
  expect.endpointer.max_turn = 700;
  expected = vad_expected_timeline (scene, &expect);
  g_assert_cmpuint (count (expected, "end "), >=, 3);
  vad_assert_scene (scene, &expect, 160);
  expect.endpointer.max_turn = 0;
  vad_assert_scene (scene, &expect, 160);
}

static void
test_sensitivity (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (600);
  VadExpect expect = vad_standard;

  for (guint i = 0; i <= 2; i++) {
    expect.sensitivity = i / 2.0;
    vad_assert_scene (scene, &expect, 160);
  }
}

/* --- eager silence --- */

static guint
longest_pause (GArray * scene)
{
  g_autofree ParleyVadResult *decisions = vad_scene_decide (scene, 0.5);
  guint longest = 0, run = 0;
  gboolean begun = FALSE;

  for (guint i = 0; i < scene->len / FRAME; i++) {
    if (decisions[i].voice && decisions[i].quiet > 0) {
      run = decisions[i].quiet;
    } else if (decisions[i].voice) {
      longest = begun ? MAX (longest, run) : 0;
      begun = TRUE;
      run = 0;
    } else {
      run++;
    }
  }
  return longest * PARLEY_ENDPOINTER_FRAME_MS;
}

/* What of the recording is voice without a pause, at its longest, up to where
 * its speech ends. */
static void
add_word (GArray * scene, const gchar * name)
{
  g_autoptr (GArray) all = vad_scene_new ();
  g_autofree ParleyVadResult *decisions = NULL;
  guint run = 0, longest = 0, end = 0;

  vad_scene_add_noise (all, 1000);
  vad_scene_add_speech (all, name);
  decisions = vad_scene_decide (all, 0.5);
  for (guint i = 0; i < all->len / FRAME; i++) {
    run = decisions[i].voice ? run + 1 : 0;
    if (run > longest && decisions[i].quiet == 0) {
      longest = run;
      end = i + 1;
    }
  }
  g_array_append_vals (scene, &g_array_index (all, gint16,
          (end - longest) * FRAME), longest * FRAME);
}

/* Two words with @pause ms of silence between them by the voice decisions; it
 * is a little shorter than what lies between the files, or a little longer. */
static GArray *
words_with_pause (guint pause)
{
  for (guint between = 0; between < pause + 500; between += 5) {
    GArray *scene = vad_scene_new ();

    vad_scene_add_noise (scene, 1500);
    add_word (scene, "digits/9");
    vad_scene_add_noise (scene, between);
    add_word (scene, "digits/1");
    vad_scene_add_noise (scene, 1500);
    if (longest_pause (scene) == pause)
      return scene;
    g_array_unref (scene);
  }
  g_assert_not_reached ();
}

static void
assert_resumes (guint pause)
{
  g_autoptr (GArray) scene = words_with_pause (pause);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  VadExpect expect = vad_standard;

  expect.endpointer.eager_silence = 50;
  vad_assert_scene (scene, &expect, 160);
  vad_fixture_set (self, &expect);
  vad_fixture_push_scene (self, scene, 160);
  vad_fixture_push_eos (self);
  g_assert_true (g_str_has_prefix (self->events->str, "speech-start 1.1, "
          "speech-end 1.1, speech-resume 1.1, speech-end 1.2, "));
  g_assert_cmpuint (count (self->events->str, "turn-end"), ==, 1);
}

static void
test_resume (gconstpointer pause)
{
  assert_resumes (GPOINTER_TO_UINT (pause));
}

static void
test_eager_end_is_early (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  const gchar *end = "speech-start 1.1, speech-end 1.1";
  guint64 eager_at = 0;

  g_object_set (self->h->element, "eager-silence", 350, NULL);
  for (guint at = 0; at + FRAME <= scene->len; at += FRAME) {
    vad_fixture_push (self, &g_array_index (scene, gint16, at), FRAME);
    if (eager_at == 0 && g_str_equal (self->events->str, end))
      eager_at = self->pushed;
    if (strstr (self->events->str, "turn-end"))
      break;
  }
  g_assert_cmpuint (eager_at, >, 0);
  /* And by up to 110 ms more, for which voice outlasts speech. */
  g_assert_cmpuint (self->pushed - eager_at, >=, 50 * MS);
  g_assert_cmpuint (self->pushed - eager_at, <=, 160 * MS);
}

static void
test_no_eager_end (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  VadExpect expect = vad_standard;

  expect.endpointer.eager_silence = 400;
  vad_assert_scene (scene, &expect, 160);
}

/* --- end of stream, flush, runs --- */

static void
test_eos_in_turn (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (500);

  g_array_set_size (scene, 1500 * MS + 4000 + 3);
  vad_assert_scene (scene, &vad_standard, 160);
}

static void
test_eos_in_pause (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = 0;

  g_object_set (self->h->element, "eager-silence", 50, NULL);
  while (!strstr (self->events->str, "speech-end")) {
    vad_fixture_push (self, &g_array_index (scene, gint16, at), 80);
    at += 80;
  }
  vad_fixture_push (self, &g_array_index (scene, gint16, at), 77);
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->events->str, ==,
      "speech-start 1.1, speech-end 1.1, turn-end 1.1");
  g_assert_cmpuint (vad_fixture_to_samples (self, self->at), ==, self->pushed);
  g_assert_true (self->gap_before);
}

static void
new_segment (VadFixture * self)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (self->h, gst_event_new_segment (&segment));
}

static void
flush (VadFixture * self)
{
  gst_harness_push_event (self->h, gst_event_new_flush_start ());
  gst_harness_push_event (self->h, gst_event_new_flush_stop (TRUE));
}

static void
test_flush_in_turn (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  vad_fixture_push_into_turn (self, scene);
  flush (self);
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1");
  vad_fixture_forget (self);
  new_segment (self);
  /* Whoever waits for the turn's end learns of it. */
  g_assert_cmpstr (self->events->str, ==, "speech-end 1.1, turn-end 1.1");
  vad_fixture_forget (self);
  vad_fixture_push_scene (self, scene, 160);
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->events->str, ==, "speech-start 2.1, "
      "speech-end 2.1, turn-end 2.1, speech-start 3.1, speech-end 3.1, "
      "turn-end 3.1");
  g_assert_cmpuint (vad_fixture_to_samples (self, self->at), ==, scene->len);
}

static void
test_flush_outside (void)
{
  g_autoptr (GArray) scene = vad_scene_new ();
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  vad_scene_add_noise (scene, 700);
  vad_fixture_push_scene (self, scene, 160);
  flush (self);
  vad_fixture_forget (self);
  new_segment (self);
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->timeline->str, ==, "");
  g_assert_cmpstr (self->events->str, ==, "");
}

static void
test_two_runs (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  g_autofree gchar *expected = vad_expected_timeline (scene, &vad_standard);

  vad_fixture_push_into_turn (self, scene);
  gst_element_set_state (self->h->element, GST_STATE_READY);
  vad_fixture_forget (self);
  gst_element_set_state (self->h->element, GST_STATE_PLAYING);
  gst_harness_push_event (self->h, gst_event_new_stream_start ("again"));
  gst_harness_push_event (self->h, gst_event_new_caps (gst_caps_from_string
          (S16 (8000))));
  new_segment (self);
  vad_fixture_push_scene (self, scene, 160);
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->timeline->str, ==, expected);
}

static void
test_segment_in_turn (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  GstSegment segment;

  vad_fixture_push_into_turn (self, scene);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = GST_SECOND;
  gst_harness_push_event (self->h, gst_event_new_segment (&segment));
  g_assert_cmpstr (self->events->str, ==,
      "speech-start 1.1, speech-end 1.1, turn-end 1.1");
  g_assert_cmpuint (vad_fixture_to_samples (self, self->at), ==, self->pushed);
}

static void
test_same_segment_again (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  vad_fixture_push_into_turn (self, scene);
  gst_harness_push_event (self->h,
      gst_pad_get_sticky_event (self->h->srcpad, GST_EVENT_SEGMENT, 0));
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1");
}

/* --- holes --- */

static void
test_gap_ends_turn (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  GstClockTime at;

  vad_fixture_push_into_turn (self, scene);
  at = self->pushed * 125 * GST_USECOND;
  gst_harness_push_event (self->h, gst_event_new_gap (at, 300 * GST_MSECOND));
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1");
  g_assert_true (self->gap_before);
  gst_harness_push_event (self->h, gst_event_new_gap (at + 300 * GST_MSECOND,
          300 * GST_MSECOND));
  g_assert_cmpstr (self->events->str, ==,
      "speech-start 1.1, speech-end 1.1, turn-end 1.1");
  vad_fixture_push_eos (self);
  g_assert_cmpuint (self->at, ==, at + 600 * GST_MSECOND);
}

static void
test_gap_outside (void)
{
  g_autoptr (GArray) scene = vad_scene_new ();
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  vad_scene_add_noise (scene, 100);
  gst_harness_push_event (self->h, gst_event_new_gap (0, GST_SECOND / 3));
  self->pushed = 8000 / 3 + 1;
  vad_fixture_push_scene (self, scene, 160);
  gst_harness_push_event (self->h, gst_event_new_gap (self->pushed * 125
          * GST_USECOND, 3600 * GST_SECOND));
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->timeline->str, ==, "gap 0-28803467\n");
}

static void
test_short_gap_in_turn (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = vad_fixture_push_into_turn (self, scene);
  guint buffers = self->buffers;
  GstBuffer *buffer;

  gst_harness_push_event (self->h, gst_event_new_gap (at * 125 * GST_USECOND,
          20 * GST_MSECOND));
  self->pushed += 160;
  at += 160;
  buffer =
      vad_fixture_make_buffer (self, &g_array_index (scene, gint16, at), 160);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  gst_harness_push (self->h, buffer);
  g_assert_cmpuint (self->buffers, ==, buffers + 1);
  g_assert_cmpuint (self->discont_wrong, ==, 0);
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1");
  g_assert_cmpuint (vad_fixture_to_samples (self, self->at), ==, self->pushed);
}

static void
test_gap_without_duration (void)
{
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  gst_harness_push_event (self->h, gst_event_new_gap (0, GST_CLOCK_TIME_NONE));
  g_assert_cmpuint (self->gaps, ==, 1);
}

static void
test_hole (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = vad_fixture_push_into_turn (self, scene);
  GstBuffer *buffer;

  /* Half a second is missing: a turn of its own ends in it. */
  self->pushed += 4000;
  buffer =
      vad_fixture_make_buffer (self, &g_array_index (scene, gint16, at), 160);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  gst_harness_push (self->h, buffer);
  g_assert_cmpstr (self->events->str, ==,
      "speech-start 1.1, speech-end 1.1, turn-end 1.1");
  vad_fixture_push_eos (self);
  g_assert_cmpuint (vad_fixture_to_samples (self, self->at), ==, self->pushed);
}

static void
test_jitter_is_no_hole (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  for (guint at = 0; at + 160 <= scene->len; at += 160) {
    GstBuffer *buffer =
        vad_fixture_make_buffer (self, &g_array_index (scene, gint16,
            at), 160);

    GST_BUFFER_PTS (buffer) += at ? g_test_rand_int_range (0, 30000000) : 0;
    gst_harness_push (self->h, buffer);
  }
  vad_fixture_push_eos (self);
  g_assert_cmpuint (vad_fixture_to_samples (self, self->at), ==, self->pushed);
  g_assert_cmpuint (self->discont_wrong, ==, 0);
}

static void
test_time_goes_back (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = vad_fixture_push_into_turn (self, scene);
  GstBuffer *buffer =
      vad_fixture_make_buffer (self, &g_array_index (scene, gint16, at),
      160);

  GST_BUFFER_PTS (buffer) = 5 * GST_MSECOND;
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->at = GST_CLOCK_TIME_NONE;
  self->gap_before = TRUE;
  gst_harness_push (self->h, buffer);
  g_assert_cmpuint (self->at, ==, 25 * GST_MSECOND);
  g_assert_cmpuint (self->discont_wrong, ==, 0);
}

static void
test_no_timestamps (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  g_autofree gchar *expected = vad_expected_timeline (scene, &vad_standard);

  for (guint at = 0; at < scene->len; at += 160) {
    GstBuffer *buffer =
        vad_fixture_make_buffer (self, &g_array_index (scene, gint16,
            at), MIN (160, scene->len - at));

    GST_BUFFER_PTS (buffer) = GST_CLOCK_TIME_NONE;
    gst_harness_push (self->h, buffer);
  }
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->timeline->str, ==, expected);
}

static void
add (const gchar * name, GTestFunc func)
{
  g_autofree gchar *path = g_strconcat ("/vadendpoint/", name, NULL);

  g_test_add_func (path, func);
}

static void
add_speech_tests (void)
{
  static const guint pauses[] = { 60, 200, 340 };

  add ("conversation", test_conversation);
  add ("events", test_events);
  add ("turns-lie-where-speech-is", test_turns_lie_where_speech_is);
  add ("random-buffers", test_random_buffers);
  add ("buffer-sizes", test_buffer_sizes);
  add ("noise-only", test_noise_only);
  add ("silence-of-50", test_silence_of_50);
  add ("preroll", test_preroll);
  add ("min-speech", test_min_speech);
  add ("max-turn", test_max_turn);
  add ("sensitivity", test_sensitivity);
  for (gsize i = 0; i < G_N_ELEMENTS (pauses); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/vadendpoint/eager/resume-after-%u", pauses[i]);

    g_test_add_data_func (path, GUINT_TO_POINTER (pauses[i]), test_resume);
  }
  add ("eager/end-is-early", test_eager_end_is_early);
  add ("eager/off", test_no_eager_end);
}

static void
add_stream_tests (void)
{
  add ("eos/in-turn", test_eos_in_turn);
  add ("eos/in-pause", test_eos_in_pause);
  add ("flush/in-turn", test_flush_in_turn);
  add ("flush/outside", test_flush_outside);
  add ("two-runs", test_two_runs);
  add ("segment/in-turn", test_segment_in_turn);
  add ("segment/same-again", test_same_segment_again);
  add ("gap/ends-turn", test_gap_ends_turn);
  add ("gap/outside", test_gap_outside);
  add ("gap/short-in-turn", test_short_gap_in_turn);
  add ("gap/without-duration", test_gap_without_duration);
  add ("time/hole", test_hole);
  add ("time/jitter-is-no-hole", test_jitter_is_no_hole);
  add ("time/goes-back", test_time_goes_back);
  add ("time/none", test_no_timestamps);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  if (vad_skip_without_sounds ())
    return 0;
  add_speech_tests ();
  add_stream_tests ();
  return g_test_run ();
}
