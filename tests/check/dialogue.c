/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/dialogue.h"

#include <string.h>

/* The rules one by one. What the dialogue does is written down as a line of
 * words: begin1(text) guess1(text) carry1 release1 pause1 stop1 unpause1
 * interrupt1 answered(text). */

typedef struct
{
  ParleyDialogue *dialogue;
  GString *log;
  guint64 epochs;
  guint last_turn;              /* given to the last begin or answered */
} Fixture;

static void
note (Fixture * self, const gchar * what, guint64 epoch)
{
  g_string_append_printf (self->log, "%s%s%" G_GUINT64_FORMAT,
      self->log->len ? " " : "", what, epoch);
}

static void
on_pause (guint64 epoch, gboolean at_once, gpointer data)
{
  note (data, at_once ? "stop" : "pause", epoch);
}

static void
on_unpause (guint64 epoch, gpointer data)
{
  note (data, "unpause", epoch);
}

static void
on_release (guint64 epoch, gpointer data)
{
  note (data, "release", epoch);
}

static void
on_interrupt (guint64 epoch, gpointer data)
{
  note (data, "interrupt", epoch);
}

static guint64
on_begin (const gchar * text, guint turn, gboolean guess, gpointer data)
{
  Fixture *self = data;

  self->last_turn = turn;
  note (self, guess ? "guess" : "begin", ++self->epochs);
  g_string_append_printf (self->log, "(%s)", text);
  return self->epochs;
}

static void
on_carry_over (guint64 epoch, guint turn, gpointer data)
{
  note (data, "carry", epoch);
}

static void
on_answered (const gchar * text, guint turn, gpointer data)
{
  Fixture *self = data;

  self->last_turn = turn;
  g_string_append_printf (self->log, "%sanswered(%s)",
      self->log->len ? " " : "", text);
}

static gboolean
on_interrupts (const gchar * text, guint turn, gpointer data)
{
  return strcmp (text, "mm-hm") != 0;
}

static const ParleyDialogueActions actions = {
  on_pause, on_unpause, on_release, on_interrupt, on_begin, on_carry_over,
  on_answered, on_interrupts
};

static void
set_up (Fixture * self, gconstpointer player)
{
  self->dialogue = parley_dialogue_new (&actions, self, player != NULL);
  self->log = g_string_new (NULL);
}

static void
tear_down (Fixture * self, gconstpointer player)
{
  parley_dialogue_free (self->dialogue);
  g_string_free (self->log, TRUE);
}

/* What was done since the last time. */
#define assert_did(self, words) G_STMT_START { \
  g_assert_cmpstr ((self)->log->str, ==, words); \
  g_string_truncate ((self)->log, 0); \
} G_STMT_END

static void
open_turn (Fixture * self, guint turn)
{
  parley_dialogue_open (self->dialogue, turn);
}

static void
outcome (Fixture * self, guint turn, const gchar * text)
{
  parley_dialogue_outcome (self->dialogue, turn, text);
}

static void
guess (Fixture * self, guint turn, guint take, const gchar * text)
{
  parley_dialogue_guess (self->dialogue, turn, take, text);
}

static void
resume (Fixture * self, guint turn, guint take)
{
  parley_dialogue_resume (self->dialogue, turn, take);
}

static void
assert_state (Fixture * self, guint64 epoch, ParleyReplyState state)
{
  g_assert_cmpint (parley_dialogue_get_state (self->dialogue, epoch), ==,
      state);
  g_assert_cmpint (parley_dialogue_is_released (self->dialogue, epoch), ==,
      state == PARLEY_REPLY_RELEASED || state == PARLEY_REPLY_PAUSED);
}

static void
playing (Fixture * self, guint64 epoch)
{
  parley_dialogue_playing (self->dialogue, epoch);
}

static void
answer (Fixture * self, guint64 epoch)
{
  parley_dialogue_heard (self->dialogue, epoch, TRUE, FALSE);
}

static void
done (Fixture * self, guint64 epoch)
{
  parley_dialogue_heard (self->dialogue, epoch, FALSE, TRUE);
}

/* A reply to "hello" in turn 1 that is being played. */
static void
play_reply (Fixture * self)
{
  open_turn (self, 1);
  outcome (self, 1, "hello");
  assert_did (self, "begin1(hello) release1");
  playing (self, 1);
  assert_did (self, "answered(hello)");
}

static void
test_answers (Fixture * self, gconstpointer data)
{
  g_assert_true (parley_dialogue_is_idle (self->dialogue));
  play_reply (self);
  g_assert_cmpuint (parley_dialogue_reply (self->dialogue), ==, 1);
  g_assert_cmpuint (self->last_turn, ==, 1);
  g_assert_false (parley_dialogue_is_idle (self->dialogue));
  playing (self, 1);
  done (self, 1);
  assert_did (self, "");
  g_assert_true (parley_dialogue_is_idle (self->dialogue));
}

static void
test_outcome_opens (Fixture * self, gconstpointer data)
{
  outcome (self, 3, "hello");
  assert_did (self, "begin1(hello) release1");
  open_turn (self, 3);
  outcome (self, 3, "late");
  assert_did (self, "");
}

static void
test_empty_turn (Fixture * self, gconstpointer data)
{
  open_turn (self, 1);
  outcome (self, 1, NULL);
  open_turn (self, 2);
  outcome (self, 2, "");
  assert_did (self, "");
  g_assert_true (parley_dialogue_is_idle (self->dialogue));
}

static void
test_speech_pauses (Fixture * self, gconstpointer data)
{
  play_reply (self);
  open_turn (self, 2);
  assert_did (self, "pause1");
  open_turn (self, 2);
  assert_did (self, "");
  g_assert_true (parley_dialogue_is_waiting (self->dialogue));
  answer (self, 1);
  g_assert_false (parley_dialogue_is_waiting (self->dialogue));
  assert_did (self, "");
  outcome (self, 2, NULL);
  assert_did (self, "unpause1");
}

static void
test_text_waits_for_answer (Fixture * self, gconstpointer data)
{
  play_reply (self);
  outcome (self, 2, "stop");
  assert_did (self, "pause1");
  g_assert_false (parley_dialogue_is_idle (self->dialogue));
  answer (self, 1);
  assert_did (self, "interrupt1 begin2(stop) release2");
  playing (self, 2);
  assert_did (self, "answered(stop)");
}

/* Who listens has said nothing. */
static void
test_backchannel (Fixture * self, gconstpointer data)
{
  play_reply (self);
  guess (self, 2, 1, "mm-hm");
  answer (self, 1);
  assert_did (self, "pause1");
  outcome (self, 2, "mm-hm");
  assert_did (self, "unpause1");
  done (self, 1);
  outcome (self, 3, "mm-hm");
  assert_did (self, "begin2(mm-hm) release2");
}

/* Nobody listens to what was not heard yet. */
static void
test_backchannel_before_first_frame (Fixture * self, gconstpointer data)
{
  outcome (self, 1, "hello");
  outcome (self, 2, "mm-hm");
  answer (self, 1);
  assert_did (self, "begin1(hello) release1 pause1 interrupt1 "
      "begin2(hello. mm-hm) release2");
}

static void
test_barge_in_off (Fixture * self, gconstpointer data)
{
  parley_dialogue_set_barge_in (self->dialogue, PARLEY_BARGE_IN_OFF);
  play_reply (self);
  guess (self, 2, 1, "stop");
  outcome (self, 2, "stop now");
  outcome (self, 3, "please");
  assert_did (self, "");
  done (self, 1);
  assert_did (self, "begin2(stop now. please) release2");
}

static void
test_barge_in_always (Fixture * self, gconstpointer data)
{
  parley_dialogue_set_barge_in (self->dialogue, PARLEY_BARGE_IN_ALWAYS);
  play_reply (self);
  open_turn (self, 2);
  assert_did (self, "pause1");
  answer (self, 1);
  assert_did (self, "interrupt1");
  outcome (self, 2, NULL);
  assert_did (self, "");
  g_assert_true (parley_dialogue_is_idle (self->dialogue));
}

/* What was not heard at all is said after a noise. */
static void
test_barge_in_always_before_first_frame (Fixture * self, gconstpointer data)
{
  parley_dialogue_set_barge_in (self->dialogue, PARLEY_BARGE_IN_ALWAYS);
  outcome (self, 1, "hello");
  open_turn (self, 2);
  answer (self, 1);
  assert_did (self, "begin1(hello) release1 pause1 interrupt1");
  outcome (self, 2, NULL);
  assert_did (self, "begin2(hello) release2");
}

static void
test_unheard_texts_join (Fixture * self, gconstpointer data)
{
  outcome (self, 1, "I want to");
  assert_did (self, "begin1(I want to) release1");
  outcome (self, 2, "book a table!");
  answer (self, 1);
  assert_did (self, "pause1 interrupt1 "
      "begin2(I want to. book a table!) release2");
  outcome (self, 3, "please");
  answer (self, 2);
  assert_did (self, "pause2 interrupt2 "
      "begin3(I want to. book a table! please) release3");
  playing (self, 3);
  assert_did (self, "answered(I want to. book a table! please)");
}

static void
test_noise_before_first_frame (Fixture * self, gconstpointer data)
{
  outcome (self, 1, "hello");
  assert_did (self, "begin1(hello) release1");
  outcome (self, 2, NULL);
  assert_did (self, "pause1");
  answer (self, 1);
  assert_did (self, "unpause1");
  playing (self, 1);
  assert_did (self, "answered(hello)");
}

static void
test_begun_while_pausing (Fixture * self, gconstpointer data)
{
  outcome (self, 1, "hello");
  outcome (self, 2, "again");
  assert_did (self, "begin1(hello) release1 pause1");
  /* The first frame went out before the pause came. */
  playing (self, 1);
  answer (self, 1);
  assert_did (self, "answered(hello) interrupt1 begin2(again) release2");
}

static void
test_all_turns_must_end (Fixture * self, gconstpointer data)
{
  open_turn (self, 1);
  open_turn (self, 2);
  outcome (self, 2, "second");
  assert_did (self, "");
  open_turn (self, 3);
  outcome (self, 1, "first");
  assert_did (self, "");
  outcome (self, 3, NULL);
  assert_did (self, "begin1(first. second) release1");
  g_assert_cmpuint (self->last_turn, ==, 2);
}

static void
test_done_before_answer (Fixture * self, gconstpointer data)
{
  play_reply (self);
  outcome (self, 2, "more");
  done (self, 1);
  assert_did (self, "pause1");
  answer (self, 1);
  assert_did (self, "begin2(more) release2");
}

static void
test_done_unheard (Fixture * self, gconstpointer data)
{
  outcome (self, 1, "hello");
  done (self, 1);
  assert_did (self, "begin1(hello) release1 answered(hello)");
  outcome (self, 2, "hello");
  assert_did (self, "begin2(hello) release2");
}

static void
test_same_text_again (Fixture * self, gconstpointer data)
{
  play_reply (self);
  outcome (self, 2, "hello");
  answer (self, 1);
  assert_did (self, "pause1 interrupt1 begin2(hello) release2");
}

static void
test_void_reports (Fixture * self, gconstpointer data)
{
  play_reply (self);
  outcome (self, 2, "next");
  answer (self, 1);
  assert_did (self, "pause1 interrupt1 begin2(next) release2");
  playing (self, 1);
  done (self, 1);
  assert_did (self, "");
  g_assert_cmpuint (parley_dialogue_reply (self->dialogue), ==, 2);
}

static void
test_greeting (Fixture * self, gconstpointer data)
{
  g_assert_true (parley_dialogue_announce (self->dialogue, 7));
  assert_did (self, "release7");
  g_assert_false (parley_dialogue_announce (self->dialogue, 8));
  playing (self, 7);
  assert_did (self, "");
  open_turn (self, 1);
  assert_did (self, "pause7");
  outcome (self, 1, NULL);
  answer (self, 7);
  assert_did (self, "unpause7");
  done (self, 7);
  assert_did (self, "");
  g_assert_true (parley_dialogue_is_idle (self->dialogue));
}

static void
test_greeting_while_speaking (Fixture * self, gconstpointer data)
{
  open_turn (self, 1);
  g_assert_true (parley_dialogue_announce (self->dialogue, 7));
  assert_did (self, "");
  outcome (self, 1, NULL);
  assert_did (self, "release7");
  done (self, 7);
  open_turn (self, 2);
  g_assert_true (parley_dialogue_announce (self->dialogue, 8));
  outcome (self, 2, "hello");
  assert_did (self, "interrupt8 begin1(hello) release1");
}

static void
test_no_player (Fixture * self, gconstpointer data)
{
  outcome (self, 1, "one");
  assert_did (self, "begin1(one) release1");
  open_turn (self, 2);
  outcome (self, 2, "two");
  outcome (self, 3, "three");
  assert_did (self, "");
  g_assert_false (parley_dialogue_is_idle (self->dialogue));
  done (self, 1);
  assert_did (self, "answered(one) begin2(two. three) release2");
  done (self, 2);
  assert_did (self, "answered(two. three)");
  g_assert_true (parley_dialogue_is_idle (self->dialogue));
}

/* Guesses */

static void
test_guess_is_carried_over (Fixture * self, gconstpointer data)
{
  open_turn (self, 1);
  guess (self, 1, 1, "hello there");
  assert_did (self, "guess1(hello there)");
  assert_state (self, 1, PARLEY_REPLY_WITHHELD);
  outcome (self, 1, "Hello, there!");
  assert_did (self, "carry1 release1");
  assert_state (self, 1, PARLEY_REPLY_RELEASED);
  playing (self, 1);
  /* As it was understood at last. */
  assert_did (self, "answered(Hello, there!)");
  g_assert_cmpuint (self->last_turn, ==, 1);
  done (self, 1);
  assert_state (self, 1, PARLEY_REPLY_NONE);
}

static void
test_guess_was_wrong (Fixture * self, gconstpointer data)
{
  guess (self, 1, 1, "book a table");
  outcome (self, 1, "book a table for two");
  assert_did (self, "guess1(book a table) interrupt1 "
      "begin2(book a table for two) release2");
}

static void
test_guess_then_nothing (Fixture * self, gconstpointer data)
{
  guess (self, 1, 1, "hello");
  outcome (self, 1, NULL);
  assert_did (self, "guess1(hello) interrupt1");
  g_assert_true (parley_dialogue_is_idle (self->dialogue));
}

static void
test_resume_suspends (Fixture * self, gconstpointer data)
{
  guess (self, 1, 1, "yes please");
  resume (self, 1, 1);
  assert_did (self, "guess1(yes please)");
  assert_state (self, 1, PARLEY_REPLY_SUSPENDED);
  /* Only a noise: the next guess says the same. */
  guess (self, 1, 2, "Yes, please");
  assert_did (self, "carry1");
  assert_state (self, 1, PARLEY_REPLY_WITHHELD);
  resume (self, 1, 1);
  assert_state (self, 1, PARLEY_REPLY_WITHHELD);
  resume (self, 1, 2);
  assert_state (self, 1, PARLEY_REPLY_SUSPENDED);
  outcome (self, 1, "yes please");
  assert_did (self, "carry1 release1");
}

static void
test_resumed_with_more (Fixture * self, gconstpointer data)
{
  guess (self, 1, 1, "yes");
  resume (self, 1, 1);
  guess (self, 1, 2, "yes at ten");
  assert_did (self, "guess1(yes)");     /* enough was spent in vain */
  outcome (self, 1, "yes at ten");
  assert_did (self, "interrupt1 begin2(yes at ten) release2");
}

static void
test_guess_overtaken_by_resume (Fixture * self, gconstpointer data)
{
  resume (self, 1, 1);
  guess (self, 1, 1, "hello");
  assert_did (self, "");
  guess (self, 1, 2, "hello you");
  assert_did (self, "guess1(hello you)");
}

static void
test_guess_waits_for_answer (Fixture * self, gconstpointer data)
{
  play_reply (self);
  guess (self, 2, 1, "no");
  guess (self, 2, 2, "no stop");
  assert_did (self, "pause1");
  answer (self, 1);
  assert_did (self, "interrupt1 guess2(no stop)");
  outcome (self, 2, "no stop");
  assert_did (self, "carry2 release2");
}

static void
test_guess_superseded_by_text (Fixture * self, gconstpointer data)
{
  play_reply (self);
  guess (self, 2, 1, "no");
  outcome (self, 2, "no stop");
  answer (self, 1);
  assert_did (self, "pause1 interrupt1 begin2(no stop) release2");
}

static void
test_guess_joins_unheard_text (Fixture * self, gconstpointer data)
{
  outcome (self, 1, "I want to");
  guess (self, 2, 1, "book a table");
  answer (self, 1);
  assert_did (self, "begin1(I want to) release1 pause1 interrupt1 "
      "guess2(I want to. book a table)");
  outcome (self, 2, NULL);
  assert_did (self, "interrupt2 begin3(I want to) release3");
}

static void
test_guess_while_others_are_open (Fixture * self, gconstpointer data)
{
  open_turn (self, 1);
  guess (self, 2, 1, "hello");
  assert_did (self, "");
  outcome (self, 1, NULL);
  guess (self, 2, 2, "hello");
  assert_did (self, "guess1(hello)");
  /* A key: what was guessed waits for both. */
  open_turn (self, 3);
  outcome (self, 2, "hello");
  assert_did (self, "");
  outcome (self, 3, NULL);
  assert_did (self, "carry1 release1");
}

static void
test_guess_after_the_end (Fixture * self, gconstpointer data)
{
  outcome (self, 1, "hello");
  guess (self, 1, 1, "hell");
  assert_did (self, "begin1(hello) release1");
}

static void
test_guess_not_complete (Fixture * self, gconstpointer data)
{
  guess (self, 1, 1, "I would like a");
  guess (self, 1, 2, "I would like a table,");
  guess (self, 1, 3, "...");
  assert_did (self, "");
  outcome (self, 1, "I would like a table");
  assert_did (self, "begin1(I would like a table) release1");
}

static void
test_guess_failed (Fixture * self, gconstpointer data)
{
  guess (self, 1, 1, "hello");
  g_assert_true (parley_dialogue_fail_guess (self->dialogue, 1));
  assert_did (self, "guess1(hello) interrupt1");
  outcome (self, 1, "hello");
  assert_did (self, "begin2(hello) release2");
  g_assert_false (parley_dialogue_fail_guess (self->dialogue, 2));
}

static void
test_requests_are_bounded (Fixture * self, gconstpointer data)
{
  gchar *text;

  parley_dialogue_set_max_requests (self->dialogue, 1);
  guess (self, 1, 1, "hello");
  assert_did (self, "");
  outcome (self, 1, "hello");
  done (self, 1);
  assert_did (self, "begin1(hello) release1 answered(hello)");

  /* One in vain is let pass, then three of ten. */
  parley_dialogue_set_max_requests (self->dialogue, 3);
  for (guint turn = 2; turn <= 20; turn++) {
    for (guint take = 1; take <= 4; take++) {
      text = g_strdup_printf ("word %u", take);
      guess (self, turn, take, text);
      g_free (text);
    }
    outcome (self, turn, "the words");
    done (self, self->epochs);
  }
  g_assert_cmpuint (self->epochs, ==, 20 + 6);
}

static void
test_turn_is_bounded (Fixture * self, gconstpointer data)
{
  for (guint turn = 1; turn <= 20; turn++) {
    outcome (self, turn, "hello");
    done (self, self->epochs);
  }
  g_string_truncate (self->log, 0);
  guess (self, 21, 1, "one");
  guess (self, 21, 2, "two");
  guess (self, 21, 3, "three");
  outcome (self, 21, "four");
  assert_did (self, "guess21(one) interrupt21 guess22(two) interrupt22 "
      "begin23(four) release23");
}

static void
test_guess_without_player (Fixture * self, gconstpointer data)
{
  guess (self, 1, 1, "one");
  assert_did (self, "");
  outcome (self, 1, "one");
  assert_did (self, "begin1(one) release1");
}

static void
test_stop (Fixture * self, gconstpointer data)
{
  play_reply (self);
  parley_dialogue_stop (self->dialogue);
  parley_dialogue_stop (self->dialogue);
  assert_did (self, "stop1 stop1");
  answer (self, 1);
  assert_did (self, "interrupt1");
  answer (self, 1);
  g_assert_true (parley_dialogue_is_idle (self->dialogue));
  /* Nothing is being said. */
  parley_dialogue_stop (self->dialogue);
  assert_did (self, "");
}

/* The pause that was sent waits for the end of a passage. */
static void
test_stop_while_pausing (Fixture * self, gconstpointer data)
{
  play_reply (self);
  open_turn (self, 2);
  outcome (self, 2, "what");
  assert_did (self, "pause1");
  parley_dialogue_stop (self->dialogue);
  assert_did (self, "stop1");
  answer (self, 1);
  assert_did (self, "interrupt1 begin2(what) release2");
  /* The answer to the first pause was on its way. */
  open_turn (self, 3);
  assert_did (self, "pause2");
  answer (self, 1);
  g_assert_true (parley_dialogue_is_waiting (self->dialogue));
  answer (self, 2);
  g_assert_false (parley_dialogue_is_waiting (self->dialogue));
}

static void
test_stop_when_paused (Fixture * self, gconstpointer data)
{
  play_reply (self);
  open_turn (self, 2);
  answer (self, 1);
  assert_did (self, "pause1");
  parley_dialogue_stop (self->dialogue);
  assert_did (self, "interrupt1");
}

/* What it answers is answered, whether any of it was heard or not. */
static void
test_stop_before_first_frame (Fixture * self, gconstpointer data)
{
  parley_dialogue_set_barge_in (self->dialogue, PARLEY_BARGE_IN_ALWAYS);
  outcome (self, 1, "hello");
  assert_did (self, "begin1(hello) release1");
  parley_dialogue_stop (self->dialogue);
  answer (self, 1);
  assert_did (self, "stop1 answered(hello) interrupt1");
  outcome (self, 2, "what");
  assert_did (self, "begin2(what) release2");
}

static void
test_stop_barge_in_off (Fixture * self, gconstpointer data)
{
  parley_dialogue_set_barge_in (self->dialogue, PARLEY_BARGE_IN_OFF);
  play_reply (self);
  outcome (self, 2, "what");
  assert_did (self, "");
  parley_dialogue_stop (self->dialogue);
  assert_did (self, "stop1");
  answer (self, 1);
  assert_did (self, "interrupt1 begin2(what) release2");
}

static void
test_answer_given_up (Fixture * self, gconstpointer data)
{
  play_reply (self);
  outcome (self, 2, "what");
  assert_did (self, "pause1");
  parley_dialogue_give_up_answer (self->dialogue);
  assert_did (self, "interrupt1 begin2(what) release2");
}

static void
test_freed_at_work (Fixture * self, gconstpointer data)
{
  play_reply (self);
  outcome (self, 2, "waits for the answer");
  open_turn (self, 3);
  /* tear_down() frees it with all that. */
}

int
main (int argc, char **argv)
{
  gpointer player = GINT_TO_POINTER (TRUE);
  const struct
  {
    const gchar *name;
    void (*func) (Fixture *, gconstpointer);
  } cases[] = {
    {"/dialogue/text-is-answered", test_answers},
    {"/dialogue/outcome-opens-its-turn", test_outcome_opens},
    {"/dialogue/empty-turn", test_empty_turn},
    {"/dialogue/speech-pauses-once", test_speech_pauses},
    {"/dialogue/text-waits-for-answer-to-pause", test_text_waits_for_answer},
    {"/dialogue/barge-in/backchannel", test_backchannel},
    {"/dialogue/barge-in/backchannel-before-first-frame",
        test_backchannel_before_first_frame},
    {"/dialogue/barge-in/off", test_barge_in_off},
    {"/dialogue/barge-in/always", test_barge_in_always},
    {"/dialogue/barge-in/always-before-first-frame",
        test_barge_in_always_before_first_frame},
    {"/dialogue/unheard-texts-join", test_unheard_texts_join},
    {"/dialogue/noise-before-first-frame", test_noise_before_first_frame},
    {"/dialogue/begun-while-pausing", test_begun_while_pausing},
    {"/dialogue/all-turns-must-end", test_all_turns_must_end},
    {"/dialogue/done-before-answer", test_done_before_answer},
    {"/dialogue/done-unheard-is-answered", test_done_unheard},
    {"/dialogue/same-text-again", test_same_text_again},
    {"/dialogue/reports-of-void-replies", test_void_reports},
    {"/dialogue/greeting", test_greeting},
    {"/dialogue/greeting-while-speaking", test_greeting_while_speaking},
    {"/dialogue/freed-at-work", test_freed_at_work},
    {"/dialogue/answer-given-up", test_answer_given_up},
    {"/dialogue/stop/playing", test_stop},
    {"/dialogue/stop/while-pausing", test_stop_while_pausing},
    {"/dialogue/stop/paused", test_stop_when_paused},
    {"/dialogue/stop/before-first-frame", test_stop_before_first_frame},
    {"/dialogue/stop/barge-in-off", test_stop_barge_in_off},
    {"/dialogue/guess/carried-over", test_guess_is_carried_over},
    {"/dialogue/guess/wrong", test_guess_was_wrong},
    {"/dialogue/guess/then-nothing", test_guess_then_nothing},
    {"/dialogue/guess/resume-suspends", test_resume_suspends},
    {"/dialogue/guess/resumed-with-more", test_resumed_with_more},
    {"/dialogue/guess/overtaken-by-resume", test_guess_overtaken_by_resume},
    {"/dialogue/guess/waits-for-answer", test_guess_waits_for_answer},
    {"/dialogue/guess/superseded-by-text", test_guess_superseded_by_text},
    {"/dialogue/guess/joins-unheard-text", test_guess_joins_unheard_text},
    {"/dialogue/guess/others-are-open", test_guess_while_others_are_open},
    {"/dialogue/guess/after-the-end", test_guess_after_the_end},
    {"/dialogue/guess/not-complete", test_guess_not_complete},
    {"/dialogue/guess/failed", test_guess_failed},
    {"/dialogue/guess/requests-are-bounded", test_requests_are_bounded},
    {"/dialogue/guess/turn-is-bounded", test_turn_is_bounded},
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].name, Fixture, player, set_up, cases[i].func,
        tear_down);
  g_test_add ("/dialogue/no-player", Fixture, NULL, set_up, test_no_player,
      tear_down);
  g_test_add ("/dialogue/guess/no-player", Fixture, NULL, set_up,
      test_guess_without_player, tear_down);
  return g_test_run ();
}
