/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/dialogue.h"

#include <string.h>

#include "turn/guesstext.h"

/* Of ten turns so many may cost a second request. */
#define WASTED_OF_10 3

typedef struct
{
  gboolean closed;
  guint resumed;                /* the last take after which he went on */
  guint guessed;                /* replies begun before it was over */
} Turn;

/* A final text that was not answered yet. */
typedef struct
{
  guint turn;
  gchar *text;
  gboolean asked;               /* the reply under way answers it */
} Final;

/* What was said, to be looked at: after the answer to a pause. */
typedef struct
{
  guint turn;
  guint take;                   /* of a guess; 0: the outcome */
  gchar *text;                  /* NULL: nothing was said */
} Saying;

struct _ParleyDialogue
{
  ParleyDialogueActions actions;
  gpointer data;
  gboolean player;
  guint max_requests;
  ParleyBargeIn barge_in;

  GHashTable *turns;            /* number to Turn */
  guint n_open;
  guint n_wasted;               /* guesses whose reply was not the answer */
  GQueue sayings;               /* of Saying */
  GArray *finals;               /* of Final, in turn order */

  /* The reply under way. */
  guint64 reply;                /* epoch; 0: none */
  ParleyReplyState state;
  gchar *reply_text;            /* what it answers */
  guint guess_turn;             /* not over when it was begun; 0: none, or it
                                 * was carried over by its outcome */
  guint guess_take;             /* the last take that says the same */
  gboolean started;             /* its first frame was sent */
  guint64 ack_wait;             /* whose pause was not answered yet; 0: none */
  guint64 unwanted;             /* to be void then; 0: none */
};

static void
final_clear (gpointer data)
{
  g_free (((Final *) data)->text);
}

static void
saying_free (gpointer data)
{
  g_free (((Saying *) data)->text);
  g_free (data);
}

ParleyDialogue *
parley_dialogue_new (const ParleyDialogueActions * actions, gpointer data,
    gboolean player)
{
  ParleyDialogue *self = g_new0 (ParleyDialogue, 1);

  self->actions = *actions;
  self->data = data;
  self->player = player;
  self->max_requests = PARLEY_DIALOGUE_MAX_REQUESTS;
  self->barge_in = PARLEY_BARGE_IN_PAUSE;
  self->turns = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_queue_init (&self->sayings);
  self->finals = g_array_new (FALSE, FALSE, sizeof (Final));
  g_array_set_clear_func (self->finals, final_clear);
  return self;
}

void
parley_dialogue_free (ParleyDialogue * self)
{
  g_hash_table_unref (self->turns);
  g_queue_clear_full (&self->sayings, saying_free);
  g_array_unref (self->finals);
  g_free (self->reply_text);
  g_free (self);
}

void
parley_dialogue_set_barge_in (ParleyDialogue * self, ParleyBargeIn barge_in)
{
  self->barge_in = barge_in;
}

void
parley_dialogue_set_max_requests (ParleyDialogue * self, guint max)
{
  self->max_requests = max;
}

/* The reply under way */

static void
mark_asked (ParleyDialogue * self, gboolean asked)
{
  for (guint i = 0; i < self->finals->len; i++)
    g_array_index (self->finals, Final, i).asked = asked;
}

static void
forget_reply (ParleyDialogue * self)
{
  self->reply = 0;
  self->state = PARLEY_REPLY_NONE;
  g_clear_pointer (&self->reply_text, g_free);
  self->guess_turn = self->guess_take = 0;
  self->started = FALSE;
  mark_asked (self, FALSE);
}

static gboolean
is_withheld (ParleyDialogue * self)
{
  return self->state == PARLEY_REPLY_WITHHELD
      || self->state == PARLEY_REPLY_SUSPENDED;
}

static void
stop_reply (ParleyDialogue * self)
{
  guint64 epoch = self->reply;

  if (self->guess_turn)
    self->n_wasted++;
  forget_reply (self);
  self->actions.interrupt (epoch, self->data);
}

static void
release_reply (ParleyDialogue * self)
{
  g_assert (self->n_open == 0);
  if (!is_withheld (self))
    return;
  self->state = PARLEY_REPLY_RELEASED;
  self->actions.release (self->reply, self->data);
}

static void
go_on (ParleyDialogue * self)
{
  g_assert (self->n_open == 0);
  if (self->state != PARLEY_REPLY_PAUSED)
    return;
  self->state = PARLEY_REPLY_RELEASED;
  self->actions.unpause (self->reply, self->data);
}

static void
join (GString * joined, const gchar * text)
{
  if (joined->len)
    g_string_append (joined, strchr (".?!", joined->str[joined->len - 1]) ?
        " " : ". ");
  g_string_append (joined, text);
}

/* The final texts in turn order, with @guess of @turn, if not NULL. */
static gchar *
join_texts (ParleyDialogue * self, guint turn, const gchar * guess)
{
  GString *joined = g_string_new (NULL);

  for (guint i = 0; i < self->finals->len; i++) {
    const Final *final = &g_array_index (self->finals, Final, i);

    if (guess && final->turn > turn) {
      join (joined, guess);
      guess = NULL;
    }
    join (joined, final->text);
  }
  if (guess)
    join (joined, guess);
  return g_string_free (joined, FALSE);
}

static guint
last_final (ParleyDialogue * self)
{
  return self->finals->len == 0 ? 0
      : g_array_index (self->finals, Final, self->finals->len - 1).turn;
}

/* @guess_turn: the open turn whose guess is in @text, which is taken. */
static void
begin_reply (ParleyDialogue * self, gchar * text, guint guess_turn,
    guint guess_take)
{
  mark_asked (self, TRUE);
  self->reply_text = text;
  self->guess_turn = guess_turn;
  self->guess_take = guess_take;
  self->state = PARLEY_REPLY_WITHHELD;
  self->reply = self->actions.begin (text, MAX (guess_turn, last_final (self)),
      guess_turn != 0, self->data);
}

/* Whether the reply under way answers @text and may still be carried over. */
static gboolean
answers (ParleyDialogue * self, const gchar * text)
{
  return self->reply && !self->started && *self->reply_text
      && parley_guess_is_same (text, self->reply_text);
}

/* The reply answers the final texts, which are @text; it is taken. */
static void
carry_over (ParleyDialogue * self, gchar * text)
{
  g_free (self->reply_text);
  self->reply_text = text;
  self->guess_turn = self->guess_take = 0;
  mark_asked (self, TRUE);
  if (is_withheld (self))
    self->actions.carry_over (self->reply, last_final (self), self->data);
}

/* All outcomes are in, and nothing waits for an answer. */
static void
settle_without_text (ParleyDialogue * self)
{
  if (!self->reply)
    return;
  if (is_withheld (self) && *self->reply_text) {
    stop_reply (self);
  } else {
    release_reply (self);
    go_on (self);
  }
}

/* All outcomes are in: decide who speaks. */
static void
settle (ParleyDialogue * self)
{
  gchar *text;

  if (self->finals->len == 0) {
    settle_without_text (self);
    return;
  }
  text = join_texts (self, 0, NULL);
  if (answers (self, text)) {
    carry_over (self, text);
  } else {
    if (self->reply)
      stop_reply (self);
    begin_reply (self, text, 0, 0);
  }
  release_reply (self);
  go_on (self);
}

/* The texts that the reply answers are answered. */
static void
commit_finals (ParleyDialogue * self)
{
  guint turn = 0;

  for (guint i = self->finals->len; i > 0; i--) {
    const Final *final = &g_array_index (self->finals, Final, i - 1);

    if (!final->asked)
      continue;
    turn = MAX (turn, final->turn);
    g_array_remove_index (self->finals, i - 1);
  }
  if (self->reply_text && *self->reply_text)
    self->actions.answered (self->reply_text, turn, self->data);
}

/* Turns */

static void
pause_reply (ParleyDialogue * self, gboolean at_once)
{
  self->state = PARLEY_REPLY_PAUSED;
  self->ack_wait = self->reply;
  self->actions.pause (self->reply, at_once, self->data);
}

static void
take_up (ParleyDialogue * self)
{
  if (self->player && self->barge_in != PARLEY_BARGE_IN_OFF
      && self->state == PARLEY_REPLY_RELEASED)
    pause_reply (self, FALSE);
}

static Turn *
open_turn (ParleyDialogue * self, guint number)
{
  Turn *turn = g_hash_table_lookup (self->turns, GUINT_TO_POINTER (number));

  if (turn)
    return turn;
  turn = g_new0 (Turn, 1);
  g_hash_table_insert (self->turns, GUINT_TO_POINTER (number), turn);
  self->n_open++;
  take_up (self);
  return turn;
}

void
parley_dialogue_open (ParleyDialogue * self, guint turn)
{
  open_turn (self, turn);
}

void
parley_dialogue_resume (ParleyDialogue * self, guint turn, guint take)
{
  Turn *opened = open_turn (self, turn);

  opened->resumed = MAX (opened->resumed, take);
  if (self->guess_turn == turn && self->guess_take <= take
      && self->state == PARLEY_REPLY_WITHHELD)
    self->state = PARLEY_REPLY_SUSPENDED;
}

/* Said over a reply that was being heard, it may be no more than a sign that
 * the caller listens. */
static gboolean
counts (ParleyDialogue * self, const Saying * saying)
{
  if (!saying->text || self->state != PARLEY_REPLY_PAUSED || !self->started
      || !self->actions.interrupts)
    return saying->text != NULL;
  return self->actions.interrupts (saying->text, saying->turn, self->data);
}

static void
add_final (ParleyDialogue * self, guint turn, gchar * text)
{
  Final final = { turn, text, FALSE };
  guint at = self->finals->len;

  while (at > 0 && g_array_index (self->finals, Final, at - 1).turn > turn)
    at--;
  g_array_insert_val (self->finals, at, final);
}

static void
handle_outcome (ParleyDialogue * self, Turn * turn, Saying * saying)
{
  turn->closed = TRUE;
  self->n_open--;
  if (counts (self, saying))
    add_final (self, saying->turn, g_steal_pointer (&saying->text));
  if (self->n_open == 0)
    settle (self);
}

/* A guess may turn out wrong: its request is then made in vain. */
static gboolean
is_worth_a_request (ParleyDialogue * self, Turn * turn, const gchar * guess)
{
  guint n_turns = g_hash_table_size (self->turns);
  guint n_pending = self->guess_turn ? 1 : 0;

  return turn->guessed + 1 < self->max_requests
      && self->n_wasted + n_pending < MAX (1, n_turns * WASTED_OF_10 / 10)
      && parley_guess_looks_complete (guess);
}

/* The reply says the same as ever: it goes on if it was suspended. */
static void
carry_guess_over (ParleyDialogue * self, const Saying * saying)
{
  if (self->guess_turn != saying->turn || self->guess_take >= saying->take)
    return;
  self->guess_take = saying->take;
  self->state = PARLEY_REPLY_WITHHELD;
  self->actions.carry_over (self->reply, saying->turn, self->data);
}

static void
handle_guess (ParleyDialogue * self, Turn * turn, const Saying * saying)
{
  gchar *text;

  if (saying->take <= turn->resumed || self->n_open != 1
      || !counts (self, saying))
    return;
  text = join_texts (self, saying->turn, saying->text);
  if (answers (self, text)) {
    carry_guess_over (self, saying);
  } else if (is_worth_a_request (self, turn, saying->text)) {
    if (self->reply)
      stop_reply (self);
    turn->guessed++;
    begin_reply (self, g_steal_pointer (&text), saying->turn, saying->take);
  }
  g_free (text);
}

/* More is known of the same turn by now. */
static gboolean
is_superseded (ParleyDialogue * self, const Saying * saying)
{
  for (GList * l = self->sayings.head; l; l = l->next)
    if (((Saying *) l->data)->turn == saying->turn)
      return TRUE;
  return FALSE;
}

static void
handle (ParleyDialogue * self, Saying * saying)
{
  Turn *turn = g_hash_table_lookup (self->turns,
      GUINT_TO_POINTER (saying->turn));

  if (turn->closed)
    return;
  if (saying->take == 0)
    handle_outcome (self, turn, saying);
  else if (!is_superseded (self, saying))
    handle_guess (self, turn, saying);
}

/* What is being said is said to its end first. */
static gboolean
must_finish (ParleyDialogue * self)
{
  if (!self->player)
    return self->reply != 0;
  return self->barge_in == PARLEY_BARGE_IN_OFF
      && self->state == PARLEY_REPLY_RELEASED;
}

static void
handle_sayings (ParleyDialogue * self)
{
  while (!self->ack_wait && !must_finish (self)) {
    Saying *saying = g_queue_pop_head (&self->sayings);

    if (!saying)
      return;
    handle (self, saying);
    saying_free (saying);
  }
}

static void
take_saying (ParleyDialogue * self, guint turn, guint take, const gchar * text)
{
  Saying *saying = g_new (Saying, 1);

  saying->turn = turn;
  saying->take = take;
  saying->text = text && *text ? g_strdup (text) : NULL;
  g_queue_push_tail (&self->sayings, saying);
  open_turn (self, turn);
  handle_sayings (self);
}

void
parley_dialogue_outcome (ParleyDialogue * self, guint turn, const gchar * text)
{
  take_saying (self, turn, 0, text);
}

void
parley_dialogue_guess (ParleyDialogue * self, guint turn, guint take,
    const gchar * text)
{
  if (self->player && take && text && *text)
    take_saying (self, turn, take, text);
  else
    open_turn (self, turn);
}

gboolean
parley_dialogue_announce (ParleyDialogue * self, guint64 epoch)
{
  if (self->reply)
    return FALSE;
  self->reply = epoch;
  self->reply_text = g_strdup ("");
  self->state = PARLEY_REPLY_WITHHELD;
  /* While the caller speaks it waits for the outcome, unheard: then it goes on
   * or gives way to an answer. */
  if (self->n_open == 0)
    release_reply (self);
  return TRUE;
}

/* After the answer to its pause. */
static void
drop_unwanted (ParleyDialogue * self)
{
  if (self->unwanted && self->unwanted == self->reply) {
    if (!self->started)
      commit_finals (self);
    stop_reply (self);
  }
  self->unwanted = 0;
}

void
parley_dialogue_stop (ParleyDialogue * self)
{
  if (is_withheld (self) || !self->reply)
    return;
  self->unwanted = self->reply;
  /* One that is paused may still wait for the end of a passage. */
  if (self->player && (self->state == PARLEY_REPLY_RELEASED || self->ack_wait))
    pause_reply (self, TRUE);
  if (!self->ack_wait)
    drop_unwanted (self);
}

gboolean
parley_dialogue_fail_guess (ParleyDialogue * self, guint64 epoch)
{
  if (epoch != self->reply || !self->guess_turn)
    return FALSE;
  stop_reply (self);
  return TRUE;
}

/* Reports */

void
parley_dialogue_playing (ParleyDialogue * self, guint64 epoch)
{
  if (epoch != self->reply || self->started)
    return;
  commit_finals (self);
  self->started = TRUE;
}

void
parley_dialogue_heard (ParleyDialogue * self, guint64 epoch, gboolean answer,
    gboolean done)
{
  answer = answer && epoch == self->ack_wait;
  if (answer)
    self->ack_wait = 0;
  if (done && epoch == self->reply) {
    if (!self->started)
      commit_finals (self);
    forget_reply (self);
  }
  if (!self->ack_wait)
    drop_unwanted (self);
  if (answer && self->barge_in == PARLEY_BARGE_IN_ALWAYS
      && self->state == PARLEY_REPLY_PAUSED)
    stop_reply (self);
  handle_sayings (self);
}

void
parley_dialogue_give_up_answer (ParleyDialogue * self)
{
  parley_dialogue_heard (self, self->ack_wait, TRUE, FALSE);
}

guint64
parley_dialogue_reply (ParleyDialogue * self)
{
  return self->reply;
}

ParleyReplyState
parley_dialogue_get_state (ParleyDialogue * self, guint64 epoch)
{
  return epoch && epoch == self->reply ? self->state : PARLEY_REPLY_NONE;
}

gboolean
parley_dialogue_is_released (ParleyDialogue * self, guint64 epoch)
{
  ParleyReplyState state = parley_dialogue_get_state (self, epoch);

  return state == PARLEY_REPLY_RELEASED || state == PARLEY_REPLY_PAUSED;
}

gboolean
parley_dialogue_is_waiting (ParleyDialogue * self)
{
  return self->ack_wait != 0;
}

gboolean
parley_dialogue_is_idle (ParleyDialogue * self)
{
  return !self->reply && !self->n_open && g_queue_is_empty (&self->sayings);
}
