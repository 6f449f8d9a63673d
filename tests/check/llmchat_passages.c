/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "elementrig.h"

/* Passages that a caller cannot interrupt: what llmchat makes of their mark-up,
 * and how it waits for their end. */

#define ON "<no-barge-in>"
#define OFF "</no-barge-in>"

static void
setup (Rig * rig, gconstpointer settings)
{
  g_autofree gchar *launch = g_strdup_printf ("llmchat provider=mock %s",
      settings ? (const gchar *) settings : "");

  rig_init (rig, launch);
  rig->has_player = TRUE;
  rig_start (rig, TEXT);
}

static void
teardown (Rig * rig, gconstpointer settings)
{
  rig_clear (rig);
}

static void
say (Rig * rig, guint turn, const gchar * text)
{
  rig_push_text (rig, turn, 0, 0, text);
}

/* b begun, d done, a answer, s a pause stands. */
static void
heard (Rig * rig, guint epoch, const gchar * flags, const gchar * text)
{
  ParleyHeard report = {
    .epoch = rig->epochs + epoch,
    .ms = 100,
    .begun = strchr (flags, 'b') != NULL,
    .done = strchr (flags, 'd') != NULL,
    .answer = strchr (flags, 'a') != NULL,
    .deferred = strchr (flags, 's') != NULL,
    .text = text
  };

  rig_upstream (rig, parley_event_new_heard (&report));
}

/* The voice learns of the end before anything comes behind it. */
static void
in_pieces (Rig * rig, gconstpointer data)
{
  static const gchar *const deltas[] = { "Hi. <no", "-barge", "-in>It", " is ",
    "recorded. And kept", ".</", "no-barge-in"
  };

  say (rig, 1, "good morning");
  for (guint i = 0; i < G_N_ELEMENTS (deltas); i++)
    mock_llm_delta (1, deltas[i]);
  rig_expect (rig, "seg release1 e1.0\"Hi.\" passage1+ "
      "e1.1\"It is recorded.\"");
  mock_llm_delta (1, ">");
  rig_expect (rig, "e1.2\"And kept.\" passage1-");
  mock_llm_delta (1, " How are you?");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "e1.3\"How are you?\" end1");
}

static void
not_closed (Rig * rig, gconstpointer data)
{
  say (rig, 1, "good morning");
  mock_llm_delta (1, ON "It is recorded. And kept");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "seg release1 passage1+ e1.0\"It is recorded.\" "
      "e1.1\"And kept\" passage1- end1");
}

static void
model_fails_within (Rig * rig, gconstpointer data)
{
  say (rig, 1, "good morning");
  mock_llm_delta (1, ON "It is recorded. And kept");
  mock_llm_fail (1, "gone");
  rig_expect (rig, "seg release1 passage1+ e1.0\"It is recorded.\" passage1- "
      "end1");
}

/* Nothing of the mark-up is in what the model is told later. */
static void
in_history (Rig * rig, gconstpointer data)
{
  say (rig, 1, "good morning");
  mock_llm_delta (1, ON "It is recorded." OFF " How are you?");
  mock_llm_done (1, FALSE);
  heard (rig, 1, "bd", NULL);
  say (rig, 2, "fine");
  rig_expect_log (rig, "request U:good morning; request U:good morning "
      "A:It is recorded. How are you? U:fine");
}

static void
in_the_greeting (Rig * rig, gconstpointer data)
{
  rig_expect (rig, "seg release1 passage1+ e1.0\"It is recorded.\" passage1- "
      "e1.1\"Hello.\" end1");
}

/* What is withheld behind the first sentence comes with its border. */
static void
on_a_guess (Rig * rig, gconstpointer data)
{
  rig_event (rig, parley_event_new_turn_guess (1, 1, "good morning"));
  mock_llm_delta (1, "That is a long sentence, longer than sixty characters "
      "altogether. " ON "It is recorded." OFF);
  mock_llm_done (1, FALSE);
  rig_expect (rig, "seg e1.0\"That is a long sentence, longer than sixty "
      "characters altogether.\"");
  say (rig, 1, "good morning");
  rig_expect (rig, "release1 passage1+ e1.1\"It is recorded.\" passage1- end1");
}

/* The sink is not given up meanwhile. */
static void
pause_stands (Rig * rig, gconstpointer data)
{
  say (rig, 1, "good morning");
  mock_llm_delta (1, ON "It is recorded." OFF " How are you?");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "seg release1 passage1+ e1.0\"It is recorded.\" passage1- "
      "e1.1\"How are you?\" end1");
  rig_event (rig, parley_event_new_speech_start (2, 1));
  heard (rig, 1, "bs", "It");
  say (rig, 2, "stop that");
  rig_wait_ms (rig, 3000);
  heard (rig, 1, "b", "It is");
  rig_wait_ms (rig, 3000);
  rig_expect (rig, "pause1");
  heard (rig, 1, "ba", "It is recorded.");
  rig_expect (rig, "interrupt1 release2");
  rig_expect_log (rig, "request U:good morning; request U:good morning "
      "A:It is recorded. U:stop that");
}

static void
order_stops_it (Rig * rig, gconstpointer data)
{
  say (rig, 1, "good morning");
  mock_llm_delta (1, ON "It is recorded." OFF);
  mock_llm_done (1, FALSE);
  rig_event (rig, parley_event_new_speech_start (2, 1));
  heard (rig, 1, "bs", "It");
  rig_expect (rig, "seg release1 passage1+ e1.0\"It is recorded.\" passage1- "
      "end1 pause1");
  g_signal_emit_by_name (rig->harness->element, "hang-up", NULL);
  rig_settle (rig);
  rig_expect (rig, "pause1!");
  heard (rig, 1, "ba", "It");
  rig_expect (rig, "interrupt1 eos");
}

#define ADD(name, func, settings) g_test_add ("/llmchat/passages/" name, Rig, \
    settings, setup, func, teardown)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD ("in-pieces", in_pieces, NULL);
  ADD ("not-closed", not_closed, NULL);
  ADD ("model-fails-within", model_fails_within, "sorry-text=Sorry.");
  ADD ("in-history", in_history, NULL);
  ADD ("in-the-greeting", in_the_greeting, "greeting=\"" ON
      "It is recorded." OFF " Hello.\"");
  ADD ("on-a-guess", on_a_guess, NULL);
  ADD ("pause-stands", pause_stands, NULL);
  ADD ("order-stops-it", order_stops_it, NULL);
  return g_test_run ();
}
