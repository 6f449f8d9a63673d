/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "elementrig.h"
#include "mock/races.h"

#define TOO_LONG "mock: the recogniser took too long: raise timeout, or set " \
  "a fallback"

/* cloudstt with a recogniser that answers when the test says so. */

static void
setup (Rig * rig, gconstpointer data)
{
  rig_init (rig, "cloudstt provider=mock");
  rig_start (rig, MULAW);
  rig_expect (rig, "seg");
}

static void
teardown (Rig * rig, gconstpointer data)
{
  rig_clear (rig);
}

/* The beginning of most tests: a take of 40 ms that ended. */
static void
speak (Rig * rig, guint turn, guint take)
{
  if (take == 1)
    rig_event (rig, parley_event_new_speech_start (turn, take));
  rig_push_audio (rig, turn, take, 40);
  rig_event (rig, parley_event_new_speech_end (turn, take));
}

static void
end (Rig * rig, guint turn, guint take)
{
  rig_event (rig, parley_event_new_turn_end (turn, take));
}

static void
one_buffer_a_turn (Rig * rig, gconstpointer data)
{
  GstBuffer *buffer;
  ParleyTurnMeta *meta;

  rig_event (rig, parley_event_new_speech_start (1, 1));
  gst_harness_push (rig->harness, rig_audio (1, 1, 500 * GST_MSECOND, 20));
  gst_harness_push (rig->harness, rig_audio (1, 1, 520 * GST_MSECOND, 20));
  rig_event (rig, parley_event_new_speech_end (1, 1));
  rig_expect_log (rig, "begin 1/1 mulaw 8000 en-US; finish 320");
  end (rig, 1, 1);
  rig_expect (rig, "start1/1");
  mock_stt_final (1, 1, "good morning");
  rig_expect (rig, "1/1\"good morning\"");
  buffer = gst_harness_try_pull (rig->harness);
  meta = parley_buffer_get_turn_meta (buffer);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 500 * GST_MSECOND);
  g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, 40 * GST_MSECOND);
  g_assert_true (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT));
  g_assert_cmpint (meta->arrived, ==, 520001);
  gst_buffer_unref (buffer);
}

static void
final_before_the_end_is_a_guess (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  mock_stt_final (1, 1, "good morning");
  rig_expect (rig, "start1/1 guess1/1\"good morning\"");
  end (rig, 1, 1);
  rig_expect (rig, "1/1\"good morning\"");
}

static void
takes_are_joined (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  mock_stt_final (1, 1, "good morning");
  rig_event (rig, parley_event_new_speech_resume (1, 1));
  speak (rig, 1, 2);
  rig_expect (rig, "start1/1 guess1/1\"good morning\" resume1/1");
  mock_stt_final (1, 2, "to you");
  rig_expect (rig, "guess1/2\"good morning to you\"");
  end (rig, 1, 2);
  rig_expect (rig, "1/2\"good morning to you\"");
}

/* A turn whose partial text is @partial when the take ends, and then @final. */
static void
speak_turn (Rig * rig, guint turn, const gchar * partial, const gchar * final)
{
  rig_event (rig, parley_event_new_speech_start (turn, 1));
  rig_push_audio (rig, turn, 1, 40);
  mock_stt_partial (turn, 1, partial);
  rig_event (rig, parley_event_new_speech_end (turn, 1));
  mock_stt_final (turn, 1, final);
  end (rig, turn, 1);
}

static void
learn_partials (Rig * rig)
{
  speak_turn (rig, 1, "one", "One.");
  speak_turn (rig, 2, "two", "Two.");
  speak_turn (rig, 3, "three", "Three.");
  rig_expect (rig, "start1/1 guess1/1\"One.\" 1/1\"One.\" "
      "start2/1 guess2/1\"Two.\" 2/1\"Two.\" "
      "start3/1 guess3/1\"Three.\" 3/1\"Three.\"");
}

static void
good_partials_are_guesses (Rig * rig, gconstpointer data)
{
  learn_partials (rig);
  speak_turn (rig, 4, "four", "Four.");
  rig_expect (rig, "start4/1 guess4/1\"four\" guess4/1\"Four.\" "
      "4/1\"Four.\"");
  /* One that comes after the take ended; once a take. */
  speak (rig, 5, 1);
  rig_expect (rig, "start5/1");
  mock_stt_partial (5, 1, "five");
  rig_expect (rig, "guess5/1\"five\"");
  mock_stt_partial (5, 1, "five o");
  mock_stt_final (5, 1, "Five.");
  end (rig, 5, 1);
  rig_expect (rig, "guess5/1\"Five.\" 5/1\"Five.\"");
}

static void
bad_partials_are_not (Rig * rig, gconstpointer data)
{
  learn_partials (rig);
  speak_turn (rig, 4, "four", "Forty.");
  rig_expect (rig, "start4/1 guess4/1\"four\" guess4/1\"Forty.\" "
      "4/1\"Forty.\"");
  speak_turn (rig, 5, "five", "Fifty.");
  rig_expect (rig, "start5/1 guess5/1\"five\" guess5/1\"Fifty.\" "
      "5/1\"Fifty.\"");
  speak_turn (rig, 6, "six", "Six.");
  rig_expect (rig, "start6/1 guess6/1\"Six.\" 6/1\"Six.\"");
}

/* Each take is resumed before its final text: nobody could have answered. */
static void
partials_of_pauses_are_not (Rig * rig, gconstpointer data)
{
  GString *expected = g_string_new ("start1/1");

  rig_event (rig, parley_event_new_speech_start (1, 1));
  for (guint take = 1; take <= 6; take++) {
    rig_push_audio (rig, 1, take, 40);
    mock_stt_partial (1, take, "well");
    rig_event (rig, parley_event_new_speech_end (1, take));
    rig_event (rig, parley_event_new_speech_resume (1, take));
    mock_stt_final (1, take, "well");
    g_string_append_printf (expected, " resume1/%u", take);
  }
  rig_expect (rig, expected->str);
  g_string_free (expected, TRUE);
}

/* What was said by then is of the take before. */
static void
partials_of_another_take_are_not (Rig * rig, gconstpointer data)
{
  learn_partials (rig);
  rig_event (rig, parley_event_new_speech_start (4, 1));
  rig_push_audio (rig, 4, 1, 40);
  mock_stt_partial (4, 1, "four");
  rig_event (rig, parley_event_new_speech_end (4, 1));
  rig_event (rig, parley_event_new_speech_resume (4, 1));
  speak (rig, 4, 2);
  rig_expect (rig, "start4/1 guess4/1\"four\" resume4/1");
  mock_stt_partial (4, 2, "of");
  rig_expect (rig, "");
  mock_stt_final (4, 1, "Four");
  mock_stt_partial (4, 2, "of them");
  rig_expect (rig, "guess4/2\"Four of them\"");
}

/* A recogniser that hears the turn from its beginning each time. */
static void
whole_turns (void)
{
  Rig rig;

  rig_init (&rig, "cloudstt provider=mock");
  mock_script ()->whole_turns = TRUE;
  rig_start (&rig, MULAW);
  rig_expect (&rig, "seg");
  speak (&rig, 1, 1);
  mock_stt_final (1, 1, "good");
  rig_event (&rig, parley_event_new_speech_resume (1, 1));
  speak (&rig, 1, 2);
  rig_expect (&rig, "start1/1 guess1/1\"good\" resume1/1");
  rig_expect_log (&rig, "begin 1/1 mulaw 8000 en-US; finish 320; cancel; "
      "begin 1/2 mulaw 8000 en-US; finish 640");
  mock_stt_partial (1, 2, "good mor");
  mock_stt_final (1, 2, "good morning");
  rig_expect (&rig, "guess1/2\"good morning\"");
  end (&rig, 1, 2);
  rig_expect (&rig, "1/2\"good morning\"");
  speak (&rig, 2, 1);
  speak (&rig, 3, 1);
  rig_expect_log (&rig, "begin 2/1 mulaw 8000 en-US; finish 320; "
      "begin 3/1 mulaw 8000 en-US; finish 320");
  rig_clear (&rig);
}

/* What was said long ago in the turn is not heard again. */
static void
very_long_turn (void)
{
  Rig rig;
  gchar *log;

  rig_init (&rig, "cloudstt provider=mock");
  mock_script ()->whole_turns = TRUE;
  rig_start (&rig, MULAW);
  rig_event (&rig, parley_event_new_speech_start (1, 1));
  rig_push_audio (&rig, 1, 1, 40000);
  rig_event (&rig, parley_event_new_speech_end (1, 1));
  mock_stt_final (1, 1, "long");
  rig_event (&rig, parley_event_new_speech_resume (1, 1));
  speak (&rig, 1, 2);
  rig_settle (&rig);
  log = mock_take_log ();
  g_assert_true (g_str_has_suffix (log, "finish 320"));
  mock_stt_final (1, 2, "story");
  end (&rig, 1, 2);
  rig_expect (&rig, "seg start1/1 guess1/1\"long\" resume1/1 "
      "guess1/2\"long story\" 1/2\"long story\"");
  rig_clear (&rig);
  g_free (log);
}

static void
expect_usage (Rig * rig, gdouble seconds)
{
  GstMessage *message = rig_take_message (rig, "parley-usage");
  const GstStructure *fields;
  gdouble amount;

  g_assert_nonnull (message);
  fields = gst_message_get_structure (message);
  g_assert_cmpstr (gst_structure_get_string (fields, "kind"), ==, "stt");
  g_assert_cmpstr (gst_structure_get_string (fields, "provider"), ==, "mock");
  g_assert_cmpstr (gst_structure_get_string (fields, "unit"), ==, "second");
  g_assert_true (gst_structure_get_double (fields, "amount", &amount));
  g_assert_cmpfloat_with_epsilon (amount, seconds, 1e-9);
  gst_message_unref (message);
}

static void
usage_is_told (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  expect_usage (rig, 0.04);
  rig_event (rig, parley_event_new_speech_resume (1, 1));
  rig_push_audio (rig, 1, 2, 60);
  rig_expect_no_message (rig, "parley-usage");
  rig_event (rig, parley_event_new_speech_end (1, 2));
  expect_usage (rig, 0.06);
}

static void
newline_ends_each_text (Rig * rig, gconstpointer data)
{
  g_object_set (rig->harness->element, "newline", TRUE, NULL);
  speak (rig, 1, 1);
  end (rig, 1, 1);
  mock_stt_final (1, 1, "yes");
  rig_expect (rig, "start1/1 1/1\"yes\n\"");
}

static void
late_final_after_resume_is_kept (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  rig_event (rig, parley_event_new_speech_resume (1, 1));
  mock_stt_final (1, 1, "good morning");
  rig_expect (rig, "start1/1 resume1/1");
  speak (rig, 1, 2);
  end (rig, 1, 2);
  mock_stt_final (1, 2, "to you");
  rig_expect (rig, "1/2\"good morning to you\"");
}

static void
take_without_audio_waits_for_the_one_before (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  rig_event (rig, parley_event_new_speech_resume (1, 1));
  rig_event (rig, parley_event_new_speech_end (1, 2));
  end (rig, 1, 2);
  mock_stt_final (1, 1, "good morning");
  rig_expect (rig, "start1/1 resume1/1 1/2\"good morning\"");
}

static void
nothing_said (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  end (rig, 1, 1);
  mock_stt_final (1, 1, "");
  rig_expect (rig, "start1/1 empty1/1");
  rig_expect_no_message (rig, "warning");
}

static void
end_without_audio (Rig * rig, gconstpointer data)
{
  rig_event (rig, parley_event_new_speech_start (1, 1));
  rig_event (rig, parley_event_new_speech_end (1, 1));
  end (rig, 1, 1);
  rig_expect (rig, "start1/1 empty1/1");
  rig_expect_log (rig, "");
}

static void
turn_end_overtakes_speech_end (Rig * rig, gconstpointer data)
{
  rig_event (rig, parley_event_new_speech_start (1, 1));
  rig_push_audio (rig, 1, 1, 20);
  end (rig, 1, 1);
  rig_event (rig, parley_event_new_speech_end (1, 1));
  mock_stt_final (1, 1, "yes");
  rig_expect (rig, "start1/1 1/1\"yes\"");
}

/* The time for the recogniser begins when it has the audio. */
static void
no_timeout_before_it_was_asked (Rig * rig, gconstpointer data)
{
  rig_event (rig, parley_event_new_speech_start (1, 1));
  rig_push_audio (rig, 1, 1, 20);
  end (rig, 1, 1);
  rig_wait_ms (rig, 4000);
  rig_event (rig, parley_event_new_speech_end (1, 1));
  rig_wait_ms (rig, 2000);
  mock_stt_final (1, 1, "yes");
  rig_expect (rig, "start1/1 1/1\"yes\"");
}

static void
two_turns_at_once (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  end (rig, 1, 1);
  speak (rig, 2, 1);
  end (rig, 2, 1);
  mock_stt_final (1, 1, "one");
  mock_stt_final (2, 1, "two");
  rig_expect (rig, "start1/1 start2/1 1/1\"one\" 2/1\"two\"");
}

static void
failure_without_text (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  end (rig, 1, 1);
  mock_stt_fail (1, 1, "the line broke");
  rig_expect (rig, "start1/1 empty1/1\"the line broke\"");
  rig_expect_fault (rig, GST_MESSAGE_WARNING, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FAILED, "the line broke");
}

static void
failure_keeps_the_text_before (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  mock_stt_final (1, 1, "good morning");
  rig_event (rig, parley_event_new_speech_resume (1, 1));
  speak (rig, 1, 2);
  end (rig, 1, 2);
  mock_stt_fail (1, 2, "the line broke");
  rig_expect (rig, "start1/1 guess1/1\"good morning\" resume1/1 "
      "1/2\"good morning\"");
  rig_expect_no_message (rig, "warning");
}

static void
recogniser_is_given_up (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  end (rig, 1, 1);
  rig_wait_ms (rig, 2999);
  rig_expect (rig, "start1/1");
  rig_wait_ms (rig, 1);
  rig_expect (rig, "empty1/1\"" TOO_LONG "\"");
  mock_stt_final (1, 1, "good morning");
  rig_expect (rig, "");
}

static void
timeout_can_change (Rig * rig, gconstpointer data)
{
  g_object_set (rig->element, "timeout", 100, NULL);
  speak (rig, 1, 1);
  end (rig, 1, 1);
  rig_wait_ms (rig, 100);
  rig_expect (rig, "start1/1 empty1/1\"" TOO_LONG "\"");
}

static void
no_timeout (Rig * rig, gconstpointer data)
{
  g_object_set (rig->element, "timeout", 0, NULL);
  speak (rig, 1, 1);
  end (rig, 1, 1);
  rig_wait_ms (rig, 3600 * 1000);
  rig_expect (rig, "start1/1");
  mock_stt_final (1, 1, "at last");
  rig_expect (rig, "1/1\"at last\"");
}

/* A file: recognising ten seconds of it may take long. */
static void
file_gives_more_time (void)
{
  Rig rig;

  rig_init (&rig, "cloudstt provider=mock");
  rig.not_live = TRUE;
  rig_start (&rig, MULAW);
  rig_push_audio (&rig, 1, 1, 1000);
  rig_event (&rig, parley_event_new_speech_end (1, 1));
  end (&rig, 1, 1);
  rig_wait_ms (&rig, 12999);
  rig_expect (&rig, "seg");
  rig_wait_ms (&rig, 1);
  rig_expect (&rig, "empty1/1\"" TOO_LONG "\"");
  rig_clear (&rig);
}

static void
audio_without_meta_is_one_turn (Rig * rig, gconstpointer data)
{
  rig_push_audio (rig, 0, 0, 20);
  rig_push_audio (rig, 0, 0, 20);
  rig_event (rig, gst_event_new_eos ());
  rig_expect_log (rig, "begin 1073741824/1 mulaw 8000 en-US; finish 320");
  rig_expect (rig, "");
  mock_stt_final (1u << 30, 1, "from a file");
  rig_expect (rig, "1073741824/1\"from a file\" eos");
}

static void
eos_waits_for_finals (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  end (rig, 1, 1);
  rig_event (rig, gst_event_new_eos ());
  rig_expect (rig, "start1/1");
  mock_stt_final (1, 1, "bye");
  rig_expect (rig, "1/1\"bye\" eos");
}

static void
eos_ends_a_turn_that_nobody_ended (Rig * rig, gconstpointer data)
{
  rig_event (rig, parley_event_new_speech_start (1, 1));
  rig_push_audio (rig, 1, 1, 40);
  rig_event (rig, parley_event_new_speech_start (2, 1));
  rig_event (rig, gst_event_new_eos ());
  rig_expect_log (rig, "begin 1/1 mulaw 8000 en-US; finish 320");
  mock_stt_final (1, 1, "and then");
  rig_expect (rig, "start1/1 start2/1 empty2/1 1/1\"and then\" eos");
}

static void
eos_with_a_hanging_recogniser (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  rig_event (rig, gst_event_new_eos ());
  rig_wait_ms (rig, 3000);
  rig_expect (rig, "start1/1 empty1/1\"" TOO_LONG "\" eos");
}

static void
partials (Rig * rig, gconstpointer data)
{
  GstMessage *message;
  GstEvent *event;
  const GstStructure *structure;
  const gchar *text;
  guint turn, take;

  speak (rig, 1, 1);
  mock_stt_final (1, 1, "good");
  rig_event (rig, parley_event_new_speech_resume (1, 1));
  rig_push_audio (rig, 1, 2, 20);
  gst_message_unref (rig_take_message (rig, "cloudstt"));
  while ((event = gst_harness_try_pull_upstream_event (rig->harness)))
    gst_event_unref (event);
  mock_stt_partial (1, 2, "mor");
  message = rig_take_message (rig, "cloudstt");
  structure = gst_message_get_structure (message);
  g_assert_cmpstr (gst_structure_get_string (structure, "text"), ==,
      "good mor");
  g_assert_false (gst_structure_has_field (structure, "confidence"));
  gst_message_unref (message);
  event = gst_harness_try_pull_upstream_event (rig->harness);
  g_assert_cmpint (parley_event_get_kind (event), ==, PARLEY_EVENT_PARTIAL);
  parley_event_parse_take (event, &turn, &take);
  parley_event_parse_text (event, &text);
  g_assert_cmpuint (turn, ==, 1);
  g_assert_cmpuint (take, ==, 2);
  g_assert_cmpstr (text, ==, "good mor");
  gst_event_unref (event);
}

/* vadendpoint, which waits for the end of the turn, is told that the text of
 * the take is complete. */
static void
finals_go_up (Rig * rig, gconstpointer data)
{
  GstEvent *event = NULL;
  const gchar *text;
  guint turn, take;

  speak (rig, 1, 1);
  mock_stt_partial (1, 1, "go");
  mock_stt_final (1, 1, "good");
  for (gboolean final = FALSE; !final;) {
    gst_clear_event (&event);
    event = gst_harness_pull_upstream_event (rig->harness);
    g_assert_nonnull (event);
    final = parley_event_get_kind (event) == PARLEY_EVENT_PARTIAL
        && parley_event_is_final (event);
  }
  parley_event_parse_take (event, &turn, &take);
  parley_event_parse_text (event, &text);
  g_assert_cmpuint (turn, ==, 1);
  g_assert_cmpuint (take, ==, 1);
  g_assert_cmpstr (text, ==, "good");
  gst_event_unref (event);
}

static void
final_message (Rig * rig, gconstpointer data)
{
  GstMessage *message;
  const GstStructure *structure;
  gdouble confidence;
  gboolean final;
  guint turn, take;

  speak (rig, 3, 1);
  mock_stt_final (3, 1, "good morning");
  message = rig_take_message (rig, "cloudstt");
  structure = gst_message_get_structure (message);
  g_assert_true (gst_structure_get_boolean (structure, "final", &final));
  g_assert_false (final);
  gst_message_unref (message);
  end (rig, 3, 1);
  message = rig_take_message (rig, "cloudstt");
  structure = gst_message_get_structure (message);
  g_assert_true (gst_structure_get (structure, "turn", G_TYPE_UINT, &turn,
          "take", G_TYPE_UINT, &take, "final", G_TYPE_BOOLEAN, &final,
          "confidence", G_TYPE_DOUBLE, &confidence, NULL));
  g_assert_cmpuint (turn, ==, 3);
  g_assert_cmpuint (take, ==, 1);
  g_assert_true (final);
  g_assert_cmpfloat (confidence, ==, 0.8);
  gst_message_unref (message);
}

static void
late_partial_is_dropped (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  end (rig, 1, 1);
  mock_stt_final (1, 1, "yes");
  gst_message_unref (rig_take_message (rig, "cloudstt"));
  mock_stt_partial (1, 1, "ye");
  mock_stt_final (1, 1, "yes and no");
  mock_stt_fail (1, 1, "too late");
  rig_expect_no_message (rig, "cloudstt");
  rig_expect (rig, "start1/1 1/1\"yes\"");
}

static void
takes_pcm (void)
{
  static const guint rates[] = { 8000, 16000, 24000, 48000 };

  for (guint i = 0; i < G_N_ELEMENTS (rates); i++) {
    Rig rig;
    gchar *caps = g_strdup_printf ("audio/x-raw,format=S16LE,rate=%u,"
        "channels=1,layout=interleaved", rates[i]);
    gchar *log = g_strdup_printf ("begin 1/1 S16LE %u en-US", rates[i]);

    rig_init (&rig, "cloudstt provider=mock");
    rig_start (&rig, caps);
    rig_push_audio (&rig, 1, 1, 20);
    rig_expect_log (&rig, log);
    g_free (caps);
    g_free (log);
    rig_clear (&rig);
  }
}

static void
refuses_other_caps (Rig * rig, gconstpointer data)
{
  GstCaps *caps = gst_pad_query_caps (GST_PAD_PEER (rig->harness->srcpad),
      NULL);
  GstCaps *stereo = gst_caps_from_string ("audio/x-raw,format=S16LE,"
      "rate=16000,channels=2");
  GstCaps *text = gst_pad_get_current_caps (rig->harness->sinkpad);

  g_assert_false (gst_caps_can_intersect (caps, stereo));
  g_assert_true (gst_structure_has_name (gst_caps_get_structure (text, 0),
          "text/x-raw"));
  gst_caps_unref (caps);
  gst_caps_unref (stereo);
  gst_caps_unref (text);
}

static void
flush_while_it_hangs (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  end (rig, 1, 1);
  rig_flush (rig);
  rig_expect (rig, "start1/1 { )} seg");
  rig_expect_log (rig, "begin 1/1 mulaw 8000 en-US; finish 320; cancel");
  mock_stt_final (1, 1, "late");
  rig_wait_ms (rig, 10000);
  rig_expect (rig, "");
  speak (rig, 2, 1);
  end (rig, 2, 1);
  mock_stt_final (2, 1, "again");
  rig_expect (rig, "start2/1 2/1\"again\"");
}

static void
down_while_it_hangs (Rig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  end (rig, 1, 1);
  rig_expect (rig, "start1/1");
  rig_state (rig, GST_STATE_READY);
  mock_stt_partial (1, 1, "la");
  mock_stt_final (1, 1, "late");
  parley_clock_advance (5000 * MS, rig->context);
  rig_expect (rig, "");
  rig_expect_no_message (rig, "cloudstt");
  rig_expect_no_message (rig, "warning");
}

static void
two_runs (Rig * rig, gconstpointer data)
{
  static const GstState between[] = { GST_STATE_READY, GST_STATE_NULL };

  for (guint i = 0; i < G_N_ELEMENTS (between); i++) {
    speak (rig, 1, 1);
    rig_state (rig, between[i]);
    rig_state (rig, GST_STATE_PLAYING);
    g_string_truncate (rig->trace, 0);
    gst_harness_set_src_caps_str (rig->harness, MULAW);
    rig_expect (rig, "seg");
    speak (rig, 1, 1);
    end (rig, 1, 1);
    mock_stt_final (1, 1, "again");
    rig_expect (rig, "start1/1 1/1\"again\"");
    g_assert_cmpuint (mock_count (), ==, 1);
  }
}

static void
unknown_provider (void)
{
  Rig rig;

  rig_init (&rig, "cloudstt provider=nobody");
  g_assert_cmpint (gst_element_set_state (rig.element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  rig_expect_fault (&rig, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "nobody");
  rig_clear (&rig);
}

static void
bad_setting (void)
{
  Rig rig;

  rig_init (&rig, "cloudstt provider=mock");
  mock_script ()->bad_setting = "no such grammar";
  g_assert_cmpint (gst_element_set_state (rig.element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  rig_expect_fault (&rig, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "no such grammar");
  rig_clear (&rig);
}

static void
missing_grammar (void)
{
  Rig rig;

  rig_init (&rig, "cloudstt provider=pocketsphinx grammar=/nowhere/x.gram");
  g_assert_cmpint (gst_element_set_state (rig.element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  rig_expect_fault (&rig, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "");
  rig_clear (&rig);
}

static void
call_variables (void)
{
  Rig rig;

  rig_init (&rig, "cloudstt provider=mock language=\"%{param.lang}\"");
  rig_give_call (&rig);
  rig_start (&rig, NULL);
  call_pair_start (&rig.pair, "lang", "de-DE", NULL);
  gst_harness_set_src_caps_str (rig.harness, MULAW);
  rig_push_audio (&rig, 1, 1, 20);
  rig_expect_log (&rig, "cancel; begin 1/1 mulaw 8000 de-DE");
  rig_clear (&rig);
}

static gpointer
speak_many_turns (gpointer data)
{
  Rig *rig = data;
  GstPad *pad = rig->harness->srcpad;

  for (guint turn = 1; turn <= 20; turn++) {
    gst_pad_push (pad, rig_audio (turn, 1, 0, 400));
    gst_pad_push_event (pad, parley_event_new_speech_end (turn, 1));
    gst_pad_push_event (pad, parley_event_new_turn_end (turn, 1));
  }
  gst_pad_push_event (pad, gst_event_new_eos ());
  g_atomic_int_set (&rig->has_player, TRUE);
  return NULL;
}

/* A file is read no faster than it is recognised, and all of it is. */
static void
source_waits_for_recogniser (void)
{
  Rig rig;
  GThread *thread;
  guint longest = 0, texts = 0;

  rig_init (&rig, "cloudstt provider=mock");
  rig.not_live = TRUE;
  mock_script ()->final = "yes";
  mock_script ()->delay_us = 50 * MS;
  rig_start (&rig, MULAW);
  thread = g_thread_new ("speaker", speak_many_turns, &rig);
  while (texts < 20) {
    gchar *log;

    rig_wait_ms (&rig, 10);
    log = mock_take_log ();
    for (gchar * p = log; (p = strstr (p, "begin")); p++)
      longest++;
    g_free (log);
    texts = gst_harness_buffers_received (rig.harness);
    g_assert_cmpuint (longest, <=, texts + 3);
  }
  g_thread_join (thread);
  rig_settle (&rig);
  g_assert_nonnull (strstr (rig.trace->str, "20/1\"yes\" eos"));
  rig_clear (&rig);
}

static void
latency_is_upstreams (Rig * rig, gconstpointer data)
{
  gst_harness_set_upstream_latency (rig->harness, 20 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (rig->harness), ==,
      20 * GST_MSECOND);
}

static void
properties (void)
{
  rig_check_properties ("cloudstt");
}

static void
stress (void)
{
  GstHarness *h;
  GstElement *element;
  GstBuffer *buffer = rig_audio (1, 1, 0, 20);
  GstCaps *caps = gst_caps_from_string (MULAW);
  GstSegment segment;
  GstHarnessThread *threads[4];
  GValue timeout = G_VALUE_INIT;

  mock_reset ();
  mock_script ()->final = "yes";
  element = gst_element_factory_make ("cloudstt", NULL);
  g_object_set (element, "provider", "mock", NULL);
  h = gst_harness_new_with_element (gst_object_ref_sink (element), "sink",
      "src");
  gst_object_unref (element);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  races_allow ();
  threads[0] = gst_harness_stress_statechange_start_full (h, 2000);
  threads[1] = gst_harness_stress_push_buffer_start_full (h, caps, &segment,
      buffer, 100);
  threads[2] = gst_harness_stress_push_event_start_full (h,
      parley_event_new_speech_end (1, 1), 500);
  g_value_init (&timeout, G_TYPE_UINT);
  threads[3] = gst_harness_stress_property_start_full (h, "timeout", &timeout,
      1000);
  for (guint i = 0; i < 20000; i++)
    g_thread_yield ();
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    gst_harness_stress_thread_stop (threads[i]);
  gst_buffer_unref (buffer);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

#define ADD(name, func) \
    g_test_add ("/cloudstt/" name, Rig, NULL, setup, func, teardown)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD ("one-buffer-a-turn", one_buffer_a_turn);
  ADD ("final-before-the-end-is-a-guess", final_before_the_end_is_a_guess);
  ADD ("good-partials-are-guesses", good_partials_are_guesses);
  ADD ("bad-partials-are-not", bad_partials_are_not);
  ADD ("partials-of-pauses-are-not", partials_of_pauses_are_not);
  ADD ("partials-of-another-take-are-not", partials_of_another_take_are_not);
  ADD ("takes-are-joined", takes_are_joined);
  ADD ("usage-is-told", usage_is_told);
  ADD ("newline-ends-each-text", newline_ends_each_text);
  g_test_add_func ("/cloudstt/whole-turns", whole_turns);
  g_test_add_func ("/cloudstt/very-long-turn", very_long_turn);
  ADD ("late-final-after-resume-is-kept", late_final_after_resume_is_kept);
  ADD ("take-without-audio-waits", take_without_audio_waits_for_the_one_before);
  ADD ("nothing-said", nothing_said);
  ADD ("end-without-audio", end_without_audio);
  ADD ("turn-end-overtakes-speech-end", turn_end_overtakes_speech_end);
  ADD ("no-timeout-before-it-was-asked", no_timeout_before_it_was_asked);
  ADD ("two-turns-at-once", two_turns_at_once);
  ADD ("failure-without-text", failure_without_text);
  ADD ("failure-keeps-the-text-before", failure_keeps_the_text_before);
  ADD ("recogniser-is-given-up", recogniser_is_given_up);
  ADD ("timeout-can-change", timeout_can_change);
  ADD ("no-timeout", no_timeout);
  g_test_add_func ("/cloudstt/file-gives-more-time", file_gives_more_time);
  ADD ("audio-without-meta-is-one-turn", audio_without_meta_is_one_turn);
  ADD ("eos-waits-for-finals", eos_waits_for_finals);
  ADD ("eos-ends-open-turns", eos_ends_a_turn_that_nobody_ended);
  ADD ("eos-with-a-hanging-recogniser", eos_with_a_hanging_recogniser);
  ADD ("partials", partials);
  ADD ("finals-go-up", finals_go_up);
  ADD ("final-message", final_message);
  ADD ("late-partial-is-dropped", late_partial_is_dropped);
  g_test_add_func ("/cloudstt/takes-pcm", takes_pcm);
  ADD ("refuses-other-caps", refuses_other_caps);
  ADD ("flush-while-it-hangs", flush_while_it_hangs);
  ADD ("down-while-it-hangs", down_while_it_hangs);
  ADD ("two-runs", two_runs);
  g_test_add_func ("/cloudstt/unknown-provider", unknown_provider);
  g_test_add_func ("/cloudstt/bad-setting", bad_setting);
  g_test_add_func ("/cloudstt/missing-grammar", missing_grammar);
  g_test_add_func ("/cloudstt/call-variables", call_variables);
  g_test_add_func ("/cloudstt/source-waits-for-recogniser",
      source_waits_for_recogniser);
  ADD ("latency-is-upstreams", latency_is_upstreams);
  g_test_add_func ("/cloudstt/properties", properties);
  g_test_add_func ("/cloudstt/stress", stress);
  return g_test_run ();
}
