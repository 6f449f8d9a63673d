/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/dialogue.h"

/* The rules one by one. What the dialogue does is written down as a line of
 * words: begin1(text) release1 pause1 unpause1 interrupt1 answered(text). */

typedef struct
{
  ParleyDialogue *dialogue;
  GString *log;
  guint64 epochs;
  guint last_turn;              /* given to the last begin */
} Fixture;

static void
note (Fixture * self, const gchar * what, guint64 epoch)
{
  g_string_append_printf (self->log, "%s%s%" G_GUINT64_FORMAT,
      self->log->len ? " " : "", what, epoch);
}

static void
on_pause (guint64 epoch, gpointer data)
{
  note (data, "pause", epoch);
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
on_begin (const gchar * text, guint turn, gpointer data)
{
  Fixture *self = data;

  self->last_turn = turn;
  note (self, "begin", ++self->epochs);
  g_string_append_printf (self->log, "(%s)", text);
  return self->epochs;
}

static void
on_answered (const gchar * text, gpointer data)
{
  Fixture *self = data;

  g_string_append_printf (self->log, "%sanswered(%s)",
      self->log->len ? " " : "", text);
}

static const ParleyDialogueActions actions = {
  on_pause, on_unpause, on_release, on_interrupt, on_begin, on_answered
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
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].name, Fixture, player, set_up, cases[i].func,
        tear_down);
  g_test_add ("/dialogue/no-player", Fixture, NULL, set_up, test_no_player,
      tear_down);
  return g_test_run ();
}
