/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/dialogue.h"

#include <string.h>

/* The dialogue between a caller who does anything, a recogniser that guesses,
 * and a player that is far away. Every lane is a queue, and which lane moves
 * next is drawn: there is no order between lanes. Properties are checked at
 * each step and at the end, when everything has arrived. */

#define MAX_TURNS 6
#define MAX_EPOCHS 64
#define RUNS 20000

typedef enum
{
  RELEASE, PAUSE, UNPAUSE, INTERRUPT,   /* to the player */
  PLAYING, HEARD, ANSWER, DONE, /* from it */
  FRAME, END, CLEAR,            /* audio */
  START, RESUME, GUESS, WRONG_GUESS, OUTCOME    /* from the recogniser */
} Kind;

/* What travels. */
typedef struct
{
  Kind kind;
  guint epoch;                  /* or turn */
  guint frame;                  /* or take */
  guint clears;
} Item;

typedef enum
{
  LANE_OPEN, LANE_OUTCOME, LANE_COMMAND, LANE_AUDIO, LANE_REPORT, LANE_LINE,
  LANE_ECHO, N_LANES
} Lane;

typedef struct
{
  gboolean has_text;
  gboolean key;
  gboolean named;               /* the dialogue knows of it */
  gboolean over;                /* the dialogue has its outcome */
  guint take;                   /* the last that was guessed on */
  gboolean resumed;             /* the caller went on after it */
  guint guessed;                /* replies begun before it was over */
  guint answered;               /* how often */
} Turn;

typedef struct
{
  gchar *text;
  guint frames;                 /* that it will have */
  guint made;                   /* so far */
  guint passage;                /* so many of them cannot be interrupted, */
  gboolean stopped;             /* but by who may */
  gboolean end_made;
  gboolean guess;               /* not carried over by the outcome yet */
  gboolean released, is_void, paused, begun, over;
} Reply;

typedef struct
{
  GRand *rand;
  ParleyDialogue *dialogue;
  gboolean player;
  GQueue lanes[N_LANES];

  /* The caller's side */
  Turn turns[MAX_TURNS + 1];
  guint n_turns;
  guint said;                   /* turns begun */
  guint owed;                   /* outcomes not sent yet, one bit a turn */

  /* What the dialogue did */
  Reply replies[MAX_EPOCHS];
  guint epochs;
  guint under_way;              /* epoch, 0: none */
  guint pausing;                /* epoch whose pause has no answer yet */

  /* The player */
  guint now_playing, queued, sent, heard, released, void_to, pausing_epoch;
  guint standing;               /* epoch whose passage must end first */
  gboolean end_queued, end_told;
  guint clears;
  guint prompts;                /* left */
  guint failures;               /* left */
  guint stops;                  /* left */
  ParleyBargeIn barge_in;
  guint max_requests;
  guint asked;                  /* replies begun */
} World;

static void
put (World * self, Lane lane, Kind kind, guint epoch, guint frame)
{
  Item item = { kind, epoch, frame, self->clears };

  g_queue_push_tail (&self->lanes[lane], g_memdup2 (&item, sizeof item));
}

static gboolean
take (World * self, Lane lane, Item * item)
{
  Item *head = g_queue_pop_head (&self->lanes[lane]);

  if (!head)
    return FALSE;
  *item = *head;
  g_free (head);
  return TRUE;
}

static gboolean
chance (World * self, guint of_100)
{
  return g_rand_int_range (self->rand, 0, 100) < (gint) of_100;
}

/* What the dialogue does, and whether it may */

static void
assert_no_open_turn (World * self)
{
  for (guint t = 1; t <= MAX_TURNS; t++)
    g_assert_true (!self->turns[t].named || self->turns[t].over);
}

static Reply *
live_reply (World * self, guint64 epoch)
{
  g_assert_cmpuint (epoch, ==, self->under_way);
  g_assert_false (self->replies[epoch].is_void);
  return &self->replies[epoch];
}

static void
do_pause (guint64 epoch, gboolean at_once, gpointer data)
{
  World *self = data;
  Reply *reply = live_reply (self, epoch);

  g_assert_true (self->player);
  g_assert_true (reply->released);
  if (!at_once) {
    g_assert_true (!reply->paused && !self->pausing);
    g_assert_cmpint (self->barge_in, !=, PARLEY_BARGE_IN_OFF);
  }
  reply->paused = TRUE;
  self->pausing = epoch;
  put (self, LANE_COMMAND, PAUSE, epoch, at_once);
}

static void
do_unpause (guint64 epoch, gpointer data)
{
  World *self = data;
  Reply *reply = live_reply (self, epoch);

  g_assert_true (reply->paused && !self->pausing);
  assert_no_open_turn (self);
  reply->paused = FALSE;
  put (self, LANE_COMMAND, UNPAUSE, epoch, 0);
}

static void
do_release (guint64 epoch, gpointer data)
{
  World *self = data;
  Reply *reply;

  if (!self->under_way)         /* inside announce, which has not returned */
    self->under_way = epoch;
  reply = live_reply (self, epoch);
  g_assert_false (reply->released);
  /* The answer of one that was heard to its end may still be to come. */
  g_assert_true (!self->pausing || self->replies[self->pausing].over);
  assert_no_open_turn (self);
  g_assert_null (strstr (reply->text, "wrong"));
  reply->guess = FALSE;
  reply->released = TRUE;
  put (self, LANE_COMMAND, RELEASE, epoch, 0);
}

static void
do_interrupt (guint64 epoch, gpointer data)
{
  World *self = data;
  Reply *reply = live_reply (self, epoch);

  g_assert_false (self->pausing);
  g_assert_true (reply->paused || !reply->released);
  reply->is_void = TRUE;
  self->under_way = 0;
  put (self, LANE_COMMAND, INTERRUPT, epoch, 0);
}

static guint
new_epoch (World * self, const gchar * text)
{
  guint epoch = ++self->epochs;

  g_assert_cmpuint (epoch, <, MAX_EPOCHS);
  self->replies[epoch].text = g_strdup (text);
  /* Some replies have no audio at all. */
  self->replies[epoch].frames = chance (self, 10) ? 0
      : g_rand_int_range (self->rand, 1, 4);
  if (self->player && chance (self, 30))
    self->replies[epoch].passage = g_rand_int_range (self->rand, 0,
        self->replies[epoch].frames + 1);
  return epoch;
}

/* The one of those that a guess answers which is not over. */
static Turn *
guessed_turn (World * self, const gchar * text)
{
  g_auto (GStrv) numbers = g_strsplit (text, ". ", -1);
  Turn *guessed = NULL;

  for (guint i = 0; numbers[i]; i++) {
    Turn *turn = &self->turns[g_ascii_strtoull (numbers[i], NULL, 10)];

    if (turn->over)
      continue;
    g_assert_null (guessed);
    guessed = turn;
  }
  g_assert_nonnull (guessed);
  return guessed;
}

static guint64
do_begin (const gchar * text, guint turn, gboolean guess, gpointer data)
{
  World *self = data;

  g_assert_cmpuint (self->under_way, ==, 0);
  g_assert_false (self->pausing);
  g_assert_true (self->player || !guess);
  self->asked++;
  if (guess)
    g_assert_cmpuint (++guessed_turn (self, text)->guessed, <,
        self->max_requests);
  else
    assert_no_open_turn (self);
  self->under_way = new_epoch (self, text);
  self->replies[self->under_way].guess = guess;
  return self->under_way;
}

static void
do_carry_over (guint64 epoch, guint turn, gpointer data)
{
  Reply *reply = live_reply (data, epoch);

  g_assert_true (reply->guess && !reply->released);
  g_assert_nonnull (strchr (reply->text, '0' + turn));
}

/* The texts are the turns' numbers, so that each is found again. */
static void
do_answered (const gchar * text, guint last_turn, gpointer data)
{
  World *self = data;
  gchar **numbers = g_strsplit (text, ". ", -1);
  guint last = 0;

  for (guint i = 0; numbers[i]; i++) {
    gchar *end;
    guint turn = g_ascii_strtoull (numbers[i], &end, 10);
    g_assert_cmpstr (end, ==, "");
    g_assert_cmpuint (turn, >, last);
    g_assert_true (self->turns[turn].over && self->turns[turn].has_text);
    self->turns[turn].answered++;
    last = turn;
  }
  g_assert_cmpuint (last_turn, ==, last);
  g_strfreev (numbers);
}

static const ParleyDialogueActions actions = {
  do_pause, do_unpause, do_release, do_interrupt, do_begin, do_carry_over,
  do_answered
};

/* The caller and the recogniser */

static gboolean
step_caller (World * self)
{
  guint turn = self->said + 1;

  if (self->said == self->n_turns)
    return FALSE;
  self->said = turn;
  self->turns[turn].has_text = chance (self, 60);
  self->turns[turn].key = chance (self, 15);
  put (self, LANE_OPEN, START, turn, 0);
  if (self->turns[turn].key) {
    self->turns[turn].has_text = TRUE;
    put (self, LANE_OUTCOME, OUTCOME, turn, 0);
  } else {
    self->owed |= 1 << turn;
  }
  return TRUE;
}

/* Outcomes come in any order, after guesses on some of their takes. */
static gboolean
step_recogniser (World * self)
{
  guint number;
  Turn *turn;

  if (!self->owed)
    return FALSE;
  do
    number = g_rand_int_range (self->rand, 1, MAX_TURNS + 1);
  while (!(self->owed & (1 << number)));
  turn = &self->turns[number];
  if (turn->take && !turn->resumed && chance (self, 40)) {
    turn->resumed = TRUE;
    put (self, LANE_OPEN, RESUME, number, turn->take);
  } else if (turn->take < 4 && (!turn->take || turn->resumed)
      && chance (self, 50)) {
    turn->resumed = FALSE;
    put (self, LANE_OUTCOME, chance (self, 70) ? GUESS : WRONG_GUESS, number,
        ++turn->take);
  } else {
    self->owed &= ~(1 << number);
    put (self, LANE_OUTCOME, OUTCOME, number, 0);
  }
  return TRUE;
}

static gboolean
step_open (World * self)
{
  Item item;

  if (!take (self, LANE_OPEN, &item))
    return FALSE;
  self->turns[item.epoch].named = TRUE;
  if (item.kind == START)
    parley_dialogue_open (self->dialogue, item.epoch);
  else
    parley_dialogue_resume (self->dialogue, item.epoch, item.frame);
  return TRUE;
}

/* The same words are not always written the same. */
static void
take_guess (World * self, const Item * item)
{
  gchar text[16];

  g_snprintf (text, sizeof text, "%u%s", item->epoch,
      item->kind == WRONG_GUESS ? " wrong" : chance (self, 50) ? "" : "\"");
  self->turns[item->epoch].named = TRUE;
  parley_dialogue_guess (self->dialogue, item->epoch, item->frame, text);
}

static gboolean
step_outcome (World * self)
{
  gchar text[8];
  Turn *turn;
  Item item;

  if (!take (self, LANE_OUTCOME, &item))
    return FALSE;
  if (item.kind != OUTCOME) {
    take_guess (self, &item);
    return TRUE;
  }
  turn = &self->turns[item.epoch];
  turn->named = turn->over = TRUE;
  g_snprintf (text, sizeof text, "%u", item.epoch);
  parley_dialogue_outcome (self->dialogue, item.epoch,
      turn->has_text ? text : NULL);
  return TRUE;
}

static gboolean
step_prompt (World * self)
{
  guint epoch;

  if (!self->prompts)
    return FALSE;
  self->prompts--;
  epoch = new_epoch (self, "");
  if (parley_dialogue_announce (self->dialogue, epoch))
    self->under_way = epoch;
  else
    self->replies[epoch].end_made = TRUE;
  return TRUE;
}

/* Only the reply to a guess can be given up, and only while it is one. */
static gboolean
step_failure (World * self)
{
  guint epoch = self->under_way;
  gboolean guess = epoch && self->replies[epoch].guess;

  if (!self->failures || !guess)
    return FALSE;
  self->failures--;
  g_assert_true (parley_dialogue_fail_guess (self->dialogue, epoch));
  g_assert_true (self->replies[epoch].is_void);
  return TRUE;
}

/* Who runs the server may stop what is said. */
static gboolean
step_stop (World * self)
{
  guint epoch = self->under_way;

  if (!self->stops)
    return FALSE;
  self->stops--;
  if (epoch && self->replies[epoch].released)
    self->replies[epoch].stopped = TRUE;
  parley_dialogue_stop (self->dialogue);
  return TRUE;
}

/* The voice: audio of what was begun comes when it comes, of void replies
 * too. */
static gboolean
step_voice (World * self)
{
  for (guint e = 1; e <= self->epochs; e++) {
    Reply *reply = &self->replies[e];

    if (reply->end_made || (e != self->under_way && !reply->is_void))
      continue;
    if (reply->made < reply->frames) {
      put (self, LANE_AUDIO, FRAME, e, ++reply->made);
    } else {
      reply->end_made = TRUE;
      put (self, LANE_AUDIO, END, e, 0);
    }
    return TRUE;
  }
  return FALSE;
}

/* The player */

static void
player_clear (World * self)
{
  if (self->sent == self->heard || self->now_playing <= self->void_to)
    return;
  put (self, LANE_LINE, CLEAR, 0, 0);
  self->sent = self->heard;
  self->clears++;
}

static void
player_pause (World * self, guint epoch)
{
  self->standing = 0;
  self->pausing_epoch = epoch;
  if (epoch == self->now_playing)
    player_clear (self);
  put (self, LANE_REPORT, ANSWER, epoch, 0);
}

static gboolean
is_in_passage (World * self, guint epoch)
{
  return epoch == self->now_playing && epoch > self->void_to && self->sent
      && self->heard < self->replies[epoch].passage;
}

static gboolean
step_command (World * self)
{
  Item item;

  if (!take (self, LANE_COMMAND, &item))
    return FALSE;
  switch (item.kind) {
    case RELEASE:
      self->released = item.epoch;
      break;
    case PAUSE:
      if (!item.frame && is_in_passage (self, item.epoch))
        self->standing = item.epoch;
      else
        player_pause (self, item.epoch);
      break;
    case UNPAUSE:
      self->pausing_epoch = 0;
      break;
    default:
      g_assert_cmpuint (item.epoch, >, self->void_to);
      self->void_to = item.epoch;
      if (self->pausing_epoch <= item.epoch)
        self->pausing_epoch = 0;
      break;
  }
  return TRUE;
}

static gboolean
step_audio (World * self)
{
  Item item;

  if (!take (self, LANE_AUDIO, &item))
    return FALSE;
  if (item.epoch <= self->void_to)
    return TRUE;
  if (item.epoch != self->now_playing) {
    self->now_playing = item.epoch;
    self->queued = self->sent = self->heard = 0;
    self->end_queued = self->end_told = FALSE;
  }
  if (item.kind == FRAME)
    self->queued = item.frame;
  else
    self->end_queued = TRUE;
  return TRUE;
}

static gboolean
player_may_play (World * self)
{
  return self->now_playing && self->released == self->now_playing
      && self->now_playing > self->void_to
      && self->pausing_epoch != self->now_playing;
}

static gboolean
step_player (World * self)
{
  Reply *reply = &self->replies[self->now_playing];

  if (!player_may_play (self))
    return FALSE;
  if (self->queued > self->sent && (!self->standing
          || self->sent < reply->passage)) {
    put (self, LANE_LINE, FRAME, self->now_playing, ++self->sent);
    if (!reply->begun)
      put (self, LANE_REPORT, PLAYING, self->now_playing, 0);
    reply->begun = TRUE;
    return TRUE;
  }
  if (!self->end_queued || self->end_told || self->heard < self->queued
      || self->standing)
    return FALSE;
  self->end_told = TRUE;
  put (self, LANE_REPORT, DONE, self->now_playing, self->heard);
  return TRUE;
}

/* The far end: plays frame by frame, a clear gives back all before it. */
static gboolean
step_line (World * self)
{
  gboolean clear = FALSE;
  Item item;

  for (GList * l = self->lanes[LANE_LINE].head; l; l = l->next)
    clear |= ((Item *) l->data)->kind == CLEAR;
  do {
    if (!take (self, LANE_LINE, &item))
      return FALSE;
    if (item.kind == FRAME) {
      Item *echo = g_memdup2 (&item, sizeof item);
      const Reply *reply = &self->replies[item.epoch];

      /* A passage that was begun is heard to its end. */
      g_assert_true (!clear || item.frame > reply->passage || reply->stopped);
      /* Nothing void or paused is played unless a clear is on its way. */
      g_assert_true (clear || self->pausing_epoch != item.epoch);
      g_assert_true (reply->released);
      g_queue_push_tail (&self->lanes[LANE_ECHO], echo);
    }
  } while (clear && item.kind != CLEAR);
  return TRUE;
}

static gboolean
step_echo (World * self)
{
  Item item;

  if (!take (self, LANE_ECHO, &item))
    return FALSE;
  if (item.epoch == self->now_playing && item.epoch > self->void_to
      && item.clears == self->clears && item.frame > self->heard) {
    self->heard = item.frame;
    put (self, LANE_REPORT, HEARD, item.epoch, item.frame);
    if (self->standing && !is_in_passage (self, self->standing))
      player_pause (self, self->standing);
  }
  return TRUE;
}

static gboolean
step_report (World * self)
{
  Item item;

  if (!take (self, LANE_REPORT, &item))
    return FALSE;
  if (item.kind == PLAYING) {
    parley_dialogue_playing (self->dialogue, item.epoch);
    return TRUE;
  }
  if (item.kind == ANSWER && item.epoch == self->pausing)
    self->pausing = 0;
  if (item.kind == DONE && item.epoch == self->under_way) {
    self->replies[item.epoch].over = TRUE;
    self->under_way = 0;
  }
  parley_dialogue_heard (self->dialogue, item.epoch, item.kind == ANSWER,
      item.kind == DONE);
  return TRUE;
}

/* Nobody plays: the reply is complete when all of it was made. */
static gboolean
step_complete (World * self)
{
  guint epoch = self->under_way;

  if (!epoch || !self->replies[epoch].end_made)
    return FALSE;
  self->replies[epoch].over = self->replies[epoch].begun = TRUE;
  self->under_way = 0;
  parley_dialogue_playing (self->dialogue, epoch);
  parley_dialogue_heard (self->dialogue, epoch, FALSE, TRUE);
  return TRUE;
}

/* A run */

typedef gboolean (*Step) (World * self);

static const Step player_steps[] = {
  step_caller, step_recogniser, step_open, step_outcome, step_prompt,
  step_voice, step_command, step_audio, step_player, step_line, step_echo,
  step_report, step_failure, step_stop
};

static const Step plain_steps[] = {
  step_caller, step_recogniser, step_open, step_outcome, step_prompt,
  step_voice, step_complete
};

static gboolean
step_any (World * self, const Step * steps, guint n_steps)
{
  for (guint i = 0; i < n_steps; i++)
    if (steps[i] (self))
      return TRUE;
  return FALSE;
}

/* Steps differ in how often they are drawn from run to run, so that some runs
 * have a slow player, some a slow recogniser and so on. */
static void
run_to_the_end (World * self, const Step * steps, guint n_steps)
{
  static const guint paces[] = { 2, 20, 80 };
  guint weights[G_N_ELEMENTS (player_steps)];
  guint misses = 0;

  for (guint i = 0; i < n_steps; i++)
    weights[i] = paces[g_rand_int_range (self->rand, 0, G_N_ELEMENTS (paces))];
  while (TRUE) {
    guint at = g_rand_int_range (self->rand, 0, n_steps);

    if (chance (self, weights[at]) && steps[at] (self))
      misses = 0;
    else if (++misses > 50 && !step_any (self, steps, n_steps))
      return;
  }
}

/* In how many replies that were begun (or had nothing to hear, or were not
 * wanted any more) turn @turn was answered. */
static guint
count_replies (World * self, guint turn)
{
  guint count = 0;

  for (guint e = 1; e <= self->epochs; e++) {
    Reply *reply = &self->replies[e];
    gchar **numbers = g_strsplit (reply->text, ". ", -1);

    for (guint i = 0; numbers[i]; i++)
      if (*numbers[i] && g_ascii_strtoull (numbers[i], NULL, 10) == turn)
        count += reply->begun || reply->over || reply->stopped;
    g_strfreev (numbers);
  }
  return count;
}

static void
check_end (World * self)
{
  g_assert_true (parley_dialogue_is_idle (self->dialogue));
  g_assert_false (parley_dialogue_is_waiting (self->dialogue));
  g_assert_cmpuint (parley_dialogue_reply (self->dialogue), ==, 0);
  g_assert_cmpuint (self->under_way, ==, 0);
  for (guint t = 1; t <= self->n_turns; t++) {
    guint expected = self->turns[t].has_text ? 1 : 0;
    g_assert_cmpuint (self->turns[t].answered, ==, expected);
    g_assert_cmpuint (count_replies (self, t), ==, expected);
  }
  g_assert_cmpuint (self->asked, <=,
      self->n_turns + MAX (1, 3 * self->n_turns / 10));
}

static void
run (guint32 seed, gboolean player)
{
  World self = { 0 };

  self.rand = g_rand_new_with_seed (seed);
  self.player = player;
  self.dialogue = parley_dialogue_new (&actions, &self, player);
  self.n_turns = g_rand_int_range (self.rand, 1, MAX_TURNS + 1);
  self.prompts = g_rand_int_range (self.rand, 0, 4);
  self.failures = g_rand_int_range (self.rand, 0, 2);
  self.max_requests = g_rand_int_range (self.rand, 1, 4);
  parley_dialogue_set_max_requests (self.dialogue, self.max_requests);
  self.stops = player && chance (&self, 30) ? 2 : 0;
  self.barge_in = chance (&self, 80) ? PARLEY_BARGE_IN_PAUSE
      : chance (&self, 50) ? PARLEY_BARGE_IN_ALWAYS : PARLEY_BARGE_IN_OFF;
  parley_dialogue_set_barge_in (self.dialogue, self.barge_in);
  if (player)
    run_to_the_end (&self, player_steps, G_N_ELEMENTS (player_steps));
  else
    run_to_the_end (&self, plain_steps, G_N_ELEMENTS (plain_steps));
  check_end (&self);

  parley_dialogue_free (self.dialogue);
  for (guint i = 0; i < N_LANES; i++)
    g_queue_clear_full (&self.lanes[i], g_free);
  for (guint e = 1; e <= self.epochs; e++)
    g_free (self.replies[e].text);
  g_rand_free (self.rand);
}

static void
run_many (gconstpointer data)
{
  for (guint32 seed = 1; seed <= RUNS; seed++) {
    if (seed % 1000 == 1)
      g_test_message ("seeds from %u", seed);
    run (seed, data != NULL);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/dialogue/random/player", GINT_TO_POINTER (TRUE),
      run_many);
  g_test_add_data_func ("/dialogue/random/no-player", NULL, run_many);
  return g_test_run ();
}
