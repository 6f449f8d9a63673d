/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "elementrig.h"

/* The course of a call in llmchat: what it says unasked, what an operator has
 * it say, answering machines. The model and the sink do as the test says. */

static void
setup_with (Rig * rig, const gchar * more)
{
  g_autofree gchar *launch = g_strconcat ("llmchat provider=mock ", more, NULL);

  rig_init (rig, launch);
  rig->has_player = TRUE;
  rig_start (rig, TEXT);
}

static void
setup (Rig * rig, gconstpointer data)
{
  setup_with (rig, data ? data : "");
  rig_expect (rig, "seg");
}

static void
teardown (Rig * rig, gconstpointer data)
{
  rig_clear (rig);
}

/* What mulawsink and cloudtts would report: b begun, d done, a answer. */
static void
heard (Rig * rig, guint epoch, const gchar * flags, const gchar * text)
{
  ParleyHeard report = {
    .epoch = rig->epochs + epoch,
    .begun = strchr (flags, 'b') != NULL,
    .done = strchr (flags, 'd') != NULL,
    .answer = strchr (flags, 'a') != NULL,
    .text = text
  };

  rig_upstream (rig, parley_event_new_heard (&report));
}

static void
tell (Rig * rig, const gchar * text, gboolean interrupt)
{
  g_signal_emit_by_name (rig->element, "say", text, interrupt);
  rig_settle (rig);
}

static void
tell_to_hang_up (Rig * rig, const gchar * text)
{
  g_signal_emit_by_name (rig->element, "hang-up", text);
  rig_settle (rig);
}

static gboolean
took_hang_up (Rig * rig)
{
  GstMessage *message = rig_take_message (rig, "llmchat-hangup");

  if (message)
    gst_message_unref (message);
  return message != NULL;
}

/* A turn whose answer, of epoch 1, is being heard. */
static void
converse (Rig * rig)
{
  rig_event (rig, parley_event_new_speech_start (1, 1));
  rig_push_text (rig, 1, 0, 0, "hello");
  mock_llm_delta (1, "Hi there. Go on.");
  mock_llm_done (1, FALSE);
  heard (rig, 1, "b", "");
  rig_expect (rig, "release1 e1.0\"Hi there.\" e1.1\"Go on.\" end1");
  rig_expect_log (rig, "request U:hello");
}

/* Said by the operator */

static void
says_at_once (Rig * rig, gconstpointer data)
{
  tell (rig, "One. Two.", FALSE);
  rig_expect (rig, "release1 e1.0\"One.\" e1.1\"Two.\" end1");
}

static void
says_after_the_reply (Rig * rig, gconstpointer data)
{
  converse (rig);
  tell (rig, "By the way.", FALSE);
  tell (rig, "And more.", FALSE);
  rig_expect (rig, "");
  heard (rig, 1, "bd", "Hi there. Go on.");
  rig_expect (rig, "release2 e2.0\"By the way.\" end2");
  heard (rig, 2, "bd", "By the way.");
  rig_expect (rig, "release3 e3.0\"And more.\" end3");
}

static void
says_instead_of_the_reply (Rig * rig, gconstpointer data)
{
  converse (rig);
  tell (rig, "Stop.", TRUE);
  rig_expect (rig, "pause1!");
  heard (rig, 1, "ba", "Hi there.");
  rig_expect (rig, "interrupt1 release2 e2.0\"Stop.\" end2");
  heard (rig, 2, "bd", "Stop.");
  rig_push_text (rig, 2, 0, 0, "what");
  rig_expect_log (rig, "request U:hello A:Hi there. A:Stop. U:what");
  rig_expect (rig, "release3");
}

/* He is not answered twice. */
static void
says_while_the_model_thinks (Rig * rig, gconstpointer data)
{
  rig_push_text (rig, 1, 0, 0, "hello");
  rig_expect (rig, "release1");
  tell (rig, "Stop.", TRUE);
  heard (rig, 1, "a", NULL);
  rig_expect (rig, "pause1! interrupt1 release2 e2.0\"Stop.\" end2");
  heard (rig, 2, "bd", "Stop.");
  rig_expect_log (rig, "request U:hello; cancel");
  rig_push_text (rig, 2, 0, 0, "what");
  rig_expect_log (rig, "request U:hello A:Stop. U:what");
  rig_expect (rig, "release3");
}

static void
says_when_the_caller_was_answered (Rig * rig, gconstpointer data)
{
  rig_event (rig, parley_event_new_speech_start (1, 1));
  tell (rig, "By the way.", TRUE);
  rig_expect (rig, "");
  rig_push_text (rig, 1, 0, 0, "hello");
  mock_llm_delta (1, "Hi.");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "release1 e1.0\"Hi.\" end1");
  heard (rig, 1, "bd", "Hi.");
  rig_expect (rig, "release2 e2.0\"By the way.\" end2");
}

static void
says_after_a_noise (Rig * rig, gconstpointer data)
{
  rig_event (rig, parley_event_new_speech_start (1, 1));
  tell (rig, "By the way.", FALSE);
  rig_event (rig, parley_event_new_turn_empty (1, 1, NULL));
  rig_expect (rig, "release1 e1.0\"By the way.\" end1");
}

static gpointer
tell_from_a_thread (gpointer data)
{
  Rig *rig = data;

  g_signal_emit_by_name (rig->element, "say", "Hello.", FALSE);
  return NULL;
}

static void
says_from_any_thread (Rig * rig, gconstpointer data)
{
  g_thread_join (g_thread_new ("teller", tell_from_a_thread, rig));
  rig_settle (rig);
  rig_expect (rig, "release1 e1.0\"Hello.\" end1");
}

static void
nothing_to_say (Rig * rig, gconstpointer data)
{
  tell (rig, "", FALSE);
  tell (rig, NULL, FALSE);
  rig_expect (rig, "");
}

/* Ended by the operator */

static void
hangs_up_at_once (Rig * rig, gconstpointer data)
{
  converse (rig);
  tell_to_hang_up (rig, NULL);
  rig_expect (rig, "pause1!");
  g_assert_false (took_hang_up (rig));
  heard (rig, 1, "ba", "Hi there.");
  rig_expect (rig, "interrupt1 eos");
  g_assert_true (took_hang_up (rig));
  tell (rig, "More.", FALSE);
  rig_expect (rig, "");
}

static void
hangs_up_on_a_speaker (Rig * rig, gconstpointer data)
{
  rig_event (rig, parley_event_new_speech_start (1, 1));
  tell_to_hang_up (rig, NULL);
  rig_expect (rig, "eos");
  g_assert_true (took_hang_up (rig));
}

static void
says_goodbye (Rig * rig, gconstpointer data)
{
  converse (rig);
  tell_to_hang_up (rig, "Goodbye.");
  heard (rig, 1, "ba", "Hi there.");
  rig_expect (rig, "pause1! interrupt1 release2 e2.0\"Goodbye.\" end2");
  g_assert_false (took_hang_up (rig));
  heard (rig, 2, "bd", "Goodbye.");
  rig_expect (rig, "eos");
  g_assert_true (took_hang_up (rig));
  g_assert_false (took_hang_up (rig));
}

static void
goodbye_is_final (Rig * rig, gconstpointer data)
{
  tell_to_hang_up (rig, "Goodbye to you.");
  heard (rig, 1, "b", NULL);
  rig_expect (rig, "release1 e1.0\"Goodbye to you.\" end1");
  rig_event (rig, parley_event_new_speech_start (1, 1));
  heard (rig, 1, "ba", "Goodbye");
  rig_push_text (rig, 1, 0, 0, "wait");
  rig_expect (rig, "pause1 interrupt1 release2 eos");
  rig_expect_log (rig, "request A:Goodbye U:wait");
  g_assert_true (took_hang_up (rig));
}

/* Hold */

static void
hold_has_no_prompts (Rig * rig, gconstpointer data)
{
  g_signal_emit_by_name (rig->element, "hold", TRUE);
  rig_settle (rig);
  rig_expect (rig, "release1 e1.0\"A minute.\" end1");
  heard (rig, 1, "bd", "A minute.");
  rig_wait_ms (rig, 60000);
  rig_expect (rig, "");
  g_signal_emit_by_name (rig->element, "hold", FALSE);
  rig_settle (rig);
  rig_wait_ms (rig, 5000);
  rig_expect (rig, "release2 e2.0\"Hello?\" end2");
}

static void
words_end_hold (Rig * rig, gconstpointer data)
{
  g_signal_emit_by_name (rig->element, "hold", TRUE);
  rig_settle (rig);
  heard (rig, 1, "bd", "A minute.");
  rig_expect (rig, "release1 e1.0\"A minute.\" end1");
  rig_push_text (rig, 1, 0, 0, "hello");
  mock_llm_delta (1, "Hi.");
  mock_llm_done (1, FALSE);
  heard (rig, 2, "bd", "Hi.");
  rig_expect (rig, "release2 e2.0\"Hi.\" end2");
  rig_expect_log (rig, "request A:A minute. U:hello");
  rig_wait_ms (rig, 5000);
  rig_expect (rig, "release3 e3.0\"Hello?\" end3");
}

/* Answering machines */

static void
begin_call (Rig * rig, const gchar * answered_by)
{
  rig_init (rig, "llmchat provider=mock greeting=Hi. idle-after=5000 "
      "idle-prompt=Hello? voicemail-text=\"Call %{param.name} back.\"");
  rig->has_player = TRUE;
  rig_give_call (rig);
  call_pair_start (&rig->pair, "AnsweredBy", answered_by, "name", "Ann", NULL);
  rig_start (rig, TEXT);
}

static void
machine_that_waits (void)
{
  Rig rig;

  begin_call (&rig, "machine_end_beep");
  rig_settle (&rig);
  rig_expect (&rig, "seg release1 e1.0\"Call Ann back.\" end1");
  heard (&rig, 1, "bd", "Call Ann back.");
  rig_expect (&rig, "eos");
  rig_clear (&rig);
}

/* Its greeting is not answered, pauses in it are none of its end. */
static void
machine_that_speaks (void)
{
  Rig rig;

  begin_call (&rig, "machine_start");
  rig_expect (&rig, "seg");
  rig_event (&rig, parley_event_new_speech_start (1, 1));
  rig_wait_ms (&rig, 20000);
  rig_push_text (&rig, 1, 0, 0, "you have reached Bob");
  rig_wait_ms (&rig, 2000);
  rig_event (&rig, parley_event_new_speech_start (2, 1));
  rig_wait_ms (&rig, 4000);
  rig_event (&rig, parley_event_new_turn_empty (2, 1, NULL));
  rig_wait_ms (&rig, 2900);
  rig_expect (&rig, "");
  rig_wait_ms (&rig, 100);
  rig_expect (&rig, "release1 e1.0\"Call Ann back.\" end1");
  rig_expect_log (&rig, "");
  rig_clear (&rig);
}

static void
machine_that_beeps (void)
{
  Rig rig;

  begin_call (&rig, "machine_start");
  rig_event (&rig, parley_event_new_speech_start (1, 1));
  rig_wait_ms (&rig, 5000);
  rig_expect (&rig, "seg");
  rig_event (&rig, parley_event_new_beep ());
  rig_expect (&rig, "release1 e1.0\"Call Ann back.\" end1");
  rig_event (&rig, parley_event_new_beep ());
  rig_event (&rig, parley_event_new_speech_start (2, 1));
  heard (&rig, 1, "bd", "Call Ann back.");
  rig_expect (&rig, "eos");
  rig_clear (&rig);
}

static void
machine_without_a_word (void)
{
  Rig rig;

  begin_call (&rig, "machine_start");
  rig_wait_ms (&rig, 8000);
  rig_expect (&rig, "seg release1 e1.0\"Call Ann back.\" end1");
  rig_clear (&rig);
}

static void
person (void)
{
  Rig rig;

  begin_call (&rig, "human");
  rig_settle (&rig);
  rig_expect (&rig, "seg release1 e1.0\"Hi.\" end1");
  rig_clear (&rig);
}

/* The rest */

static void
slow_model (Rig * rig, gconstpointer data)
{
  rig_push_text (rig, 1, 0, 0, "hello");
  rig_wait_ms (rig, 1499);
  rig_expect (rig, "release1");
  rig_wait_ms (rig, 1);
  rig_expect (rig, "e1.0\"Wait.\"");
  rig_wait_ms (rig, 60000);
  mock_llm_delta (1, "Hi.");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "e1.1\"Hi.\" end1");
}

static void
model_that_began (Rig * rig, gconstpointer data)
{
  rig_push_text (rig, 1, 0, 0, "hello");
  mock_llm_delta (1, "Hi");
  rig_wait_ms (rig, 60000);
  mock_llm_done (1, FALSE);
  rig_expect (rig, "release1 e1.0\"Hi\" end1");
}

static void
stopped_and_begun_anew (Rig * rig, gconstpointer data)
{
  rig_wait_ms (rig, 5000);
  rig_expect (rig, "release1 e1.0\"Hello?\" end1");
  tell (rig, "More.", FALSE);
  rig_state (rig, GST_STATE_READY);
  rig_wait_ms (rig, 60000);
  rig_expect (rig, "");
}

static void
nobody_speaks_first (void)
{
  Rig rig;

  rig_init (&rig, "llmchat provider=mock speaks-first=dog");
  g_assert_cmpint (gst_element_set_state (rig.element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  rig_expect_fault (&rig, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "agent or caller");
  rig_clear (&rig);
}

#define ADD_WITH(name, more, func) \
    g_test_add ("/llmchat/life/" name, Rig, more, setup, func, teardown)
#define ADD(name, func) ADD_WITH (name, NULL, func)
#define IDLE "idle-after=5000 idle-prompt=Hello? hold-text=\"A minute.\""
#define SLOW "model-filler-after=1500 filler-text=Wait."

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  ADD ("says-at-once", says_at_once);
  ADD ("says-after-the-reply", says_after_the_reply);
  ADD ("says-instead-of-the-reply", says_instead_of_the_reply);
  ADD ("says-while-the-model-thinks", says_while_the_model_thinks);
  ADD ("says-when-the-caller-was-answered", says_when_the_caller_was_answered);
  ADD ("says-after-a-noise", says_after_a_noise);
  ADD ("says-from-any-thread", says_from_any_thread);
  ADD ("nothing-to-say", nothing_to_say);
  ADD ("hangs-up-at-once", hangs_up_at_once);
  ADD ("hangs-up-on-a-speaker", hangs_up_on_a_speaker);
  ADD ("says-goodbye", says_goodbye);
  ADD ("goodbye-is-final", goodbye_is_final);
  ADD_WITH ("hold-has-no-prompts", IDLE, hold_has_no_prompts);
  ADD_WITH ("words-end-hold", IDLE, words_end_hold);
  g_test_add_func ("/llmchat/life/machine-that-waits", machine_that_waits);
  g_test_add_func ("/llmchat/life/machine-that-speaks", machine_that_speaks);
  g_test_add_func ("/llmchat/life/machine-that-beeps", machine_that_beeps);
  g_test_add_func ("/llmchat/life/machine-without-a-word",
      machine_without_a_word);
  g_test_add_func ("/llmchat/life/person", person);
  ADD_WITH ("slow-model", SLOW, slow_model);
  ADD_WITH ("model-that-began", SLOW, model_that_began);
  ADD_WITH ("stopped-and-begun-anew", IDLE, stopped_and_begun_anew);
  g_test_add_func ("/llmchat/life/nobody-speaks-first", nobody_speaks_first);
  return g_test_run ();
}
