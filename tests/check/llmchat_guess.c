/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "elementrig.h"
#include "turn/timeline.h"

/* llmchat begins to answer before it is known that the caller has finished. */

#define LONG_SENTENCE "That is a long sentence, longer than sixty characters " \
    "altogether."

static void
setup (Rig * rig, gconstpointer settings)
{
  gchar *launch = g_strdup_printf ("llmchat provider=mock %s",
      settings ? (const gchar *) settings : "");

  rig_init (rig, launch);
  rig->has_player = TRUE;
  rig_start (rig, TEXT);
  rig_expect (rig, "seg");
  g_free (launch);
}

static void
teardown (Rig * rig, gconstpointer settings)
{
  rig_clear (rig);
}

static void
guess (Rig * rig, guint turn, guint take, const gchar * text)
{
  rig_event (rig, parley_event_new_turn_guess (turn, take, text));
}

static void
resume (Rig * rig, guint turn, guint take)
{
  rig_event (rig, parley_event_new_speech_resume (turn, take));
}

static void
say (Rig * rig, guint turn, const gchar * text)
{
  rig_push_text (rig, turn, 0, 0, text);
}

static void
heard (Rig * rig, guint epoch, gboolean answer, gboolean done,
    const gchar * text)
{
  ParleyHeard report = {
    .epoch = rig->epochs + epoch,
    .ms = 100,
    .begun = TRUE,
    .done = done,
    .answer = answer,
    .text = text
  };

  rig_upstream (rig, parley_event_new_heard (&report));
}

static void
made_before_the_end (Rig * rig, gconstpointer data)
{
  guess (rig, 1, 1, "good morning");
  mock_llm_delta (1, "Hello there.");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "e1.0\"Hello there.\" end1");
  say (rig, 1, "Good morning!");
  rig_expect (rig, "release1");
  rig_expect_log (rig, "request U:good morning");
  heard (rig, 1, FALSE, TRUE, "Hello there.");
  say (rig, 2, "how are you");
  rig_expect_log (rig, "request U:Good morning! A:Hello there. U:how are you");
}

static void
another_text_begins_anew (Rig * rig, gconstpointer data)
{
  guess (rig, 1, 1, "book");
  mock_llm_delta (1, "What. ");
  say (rig, 1, "book a table");
  mock_llm_delta (1, "Late. ");
  mock_llm_delta (2, "When?");
  mock_llm_done (2, FALSE);
  rig_expect (rig, "e1.0\"What.\" interrupt1 release2 e2.0\"When?\" end2");
  rig_expect_log (rig, "request U:book; cancel; request U:book a table");
}

static void
nothing_was_said_after_all (Rig * rig, gconstpointer data)
{
  guess (rig, 1, 1, "hm");
  rig_event (rig, parley_event_new_turn_empty (1, 1, NULL));
  rig_expect (rig, "interrupt1");
  rig_expect_log (rig, "request U:hm; cancel");
}

static void
not_asked_twice_after_a_noise (Rig * rig, gconstpointer data)
{
  guess (rig, 1, 1, "yes");
  resume (rig, 1, 1);
  mock_llm_delta (1, "Fine. ");
  rig_expect (rig, "");
  guess (rig, 1, 2, "yes");
  rig_expect (rig, "e1.0\"Fine.\"");
  resume (rig, 1, 2);
  mock_llm_delta (1, "Good. ");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "");
  say (rig, 1, "yes");
  rig_expect (rig, "release1 e1.1\"Good.\" end1");
  rig_expect_log (rig, "request U:yes");
}

static void
little_is_spoken_ahead (Rig * rig, gconstpointer data)
{
  guess (rig, 1, 1, "tell me");
  mock_llm_delta (1, "Well. " LONG_SENTENCE " There. ");
  rig_expect (rig, "e1.0\"Well.\" e1.1\"" LONG_SENTENCE "\"");
  mock_llm_delta (1, "More.");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "");
  say (rig, 1, "tell me");
  rig_expect (rig, "release1 e1.2\"There.\" e1.3\"More.\" end1");
}

static void
failure_is_tried_again (Rig * rig, gconstpointer data)
{
  guess (rig, 1, 1, "hello");
  mock_llm_fail (1, "out of order");
  rig_expect (rig, "interrupt1");
  rig_expect_fault (rig, GST_MESSAGE_WARNING, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FAILED, "out of order");
  say (rig, 1, "hello");
  mock_llm_delta (2, "Hi.");
  mock_llm_done (2, FALSE);
  rig_expect (rig, "release2 e2.0\"Hi.\" end2");
}

static void
failure_after_the_end_says_what_it_has (Rig * rig, gconstpointer data)
{
  guess (rig, 1, 1, "hello");
  mock_llm_delta (1, LONG_SENTENCE " Held. Half of");
  rig_expect (rig, "e1.0\"" LONG_SENTENCE "\"");
  say (rig, 1, "hello");
  mock_llm_fail (1, "out of order");
  rig_expect (rig, "release1 e1.1\"Held.\" end1");
}

static void
paused_reply_gives_way_to_a_guess (Rig * rig, gconstpointer data)
{
  say (rig, 1, "hello");
  mock_llm_delta (1, "Hi. How are you?");
  mock_llm_done (1, FALSE);
  heard (rig, 1, FALSE, FALSE, "Hi.");
  rig_expect (rig, "release1 e1.0\"Hi.\" e1.1\"How are you?\" end1");
  guess (rig, 2, 1, "stop");
  rig_expect (rig, "pause1");
  heard (rig, 1, TRUE, FALSE, "Hi.");
  rig_expect (rig, "interrupt1");
  rig_expect_log (rig, "request U:hello; request U:hello A:Hi. U:stop");
  say (rig, 2, "stop");
  rig_expect (rig, "release2");
}

static void
guesses_can_be_forbidden (Rig * rig, gconstpointer data)
{
  guess (rig, 1, 1, "hello");
  rig_expect_log (rig, "");
  say (rig, 1, "hello");
  rig_expect_log (rig, "request U:hello");
}

/* The time of the last word, and of which take it was, go along with the
 * release; the sentence has what was known when the model was asked. */
static GstEvent *
timed_guess (guint take, gint64 speech, const gchar * text)
{
  GstEvent *event = parley_event_new_turn_guess (1, take, text);
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();

  parley_timeline_set_turn (timeline, 1, take, 0);
  parley_timeline_set_speculated (timeline);
  parley_timeline_stamp (timeline, PARLEY_AT_SPEECH, speech);
  parley_event_set_timeline (event, timeline);
  return event;
}

static GstPadProbeReturn
keep_release (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);

  if (parley_event_get_kind (event) == PARLEY_EVENT_RELEASE)
    gst_event_replace (data, event);
  return GST_PAD_PROBE_OK;
}

static void
times_of_what_it_answers (Rig * rig, gconstpointer data)
{
  GstPad *pad = gst_element_get_static_pad (rig->element, "src");
  GstEvent *release = NULL;
  g_autoptr (ParleyTimeline) outcome = parley_timeline_new ();
  ParleyTimeline *sentence;
  GstBuffer *buffer = gst_buffer_new_memdup ("yes", 3);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, keep_release,
      &release, NULL);
  rig_event (rig, timed_guess (1, 1000, "yes"));
  mock_llm_delta (1, "Fine. ");
  parley_timeline_set_turn (outcome, 1, 2, 0);
  parley_timeline_stamp (outcome, PARLEY_AT_SPEECH, 2000);
  parley_buffer_add_turn_meta (buffer)->turn = 1;
  parley_buffer_set_timeline (buffer, outcome);
  gst_harness_push (rig->harness, buffer);
  rig_expect (rig, "e1.0\"Fine.\" release1");

  g_assert_true (parley_event_get_timeline (release) == outcome);
  buffer = gst_harness_pull (rig->harness);
  sentence = parley_buffer_get_timeline (buffer);
  g_assert_cmpint (parley_timeline_get (sentence, PARLEY_AT_SPEECH), ==, 1000);
  g_assert_cmpint (parley_timeline_get (sentence, PARLEY_AT_LLM_ASKED), >, 0);
  g_assert_cmpint (parley_timeline_get (outcome, PARLEY_AT_LLM_ASKED), ==, 0);
  gst_buffer_unref (buffer);
  gst_event_unref (release);
  gst_object_unref (pad);
}

#define ADD(name, func, settings) g_test_add ("/llmchat/guess/" name, Rig, \
    settings, setup, func, teardown)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD ("made-before-the-end", made_before_the_end, NULL);
  ADD ("another-text-begins-anew", another_text_begins_anew, NULL);
  ADD ("nothing-was-said-after-all", nothing_was_said_after_all, NULL);
  ADD ("not-asked-twice-after-a-noise", not_asked_twice_after_a_noise, NULL);
  ADD ("little-is-spoken-ahead", little_is_spoken_ahead, NULL);
  ADD ("failure-is-tried-again", failure_is_tried_again, NULL);
  ADD ("failure-after-the-end", failure_after_the_end_says_what_it_has, NULL);
  ADD ("paused-reply-gives-way", paused_reply_gives_way_to_a_guess, NULL);
  ADD ("forbidden", guesses_can_be_forbidden, "max-requests=1");
  ADD ("times-of-what-it-answers", times_of_what_it_answers, NULL);
  return g_test_run ();
}
