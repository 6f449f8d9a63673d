/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/dialogue.h"

#include <string.h>

/* A final text that was not answered yet. */
typedef struct
{
  guint turn;
  gchar *text;
  gboolean asked;               /* the reply under way answers it */
} Final;

/* An outcome that waits for the answer to a pause. */
typedef struct
{
  guint turn;
  gchar *text;                  /* NULL: nothing was said */
} Outcome;

struct _ParleyDialogue
{
  ParleyDialogueActions actions;
  gpointer data;
  gboolean player;

  GHashTable *turns;            /* turn to whether it is closed */
  guint n_open;
  GQueue outcomes;              /* of Outcome */
  GArray *finals;               /* of Final, in turn order */

  guint64 reply;                /* epoch; 0: none */
  gchar *reply_text;            /* what it answers */
  gboolean released;
  gboolean paused;
  gboolean started;             /* its first frame was sent */
  gboolean ack_wait;            /* a pause was not answered yet */
};

static void
final_clear (gpointer data)
{
  g_free (((Final *) data)->text);
}

static void
outcome_free (gpointer data)
{
  g_free (((Outcome *) data)->text);
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
  self->turns = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->outcomes);
  self->finals = g_array_new (FALSE, FALSE, sizeof (Final));
  g_array_set_clear_func (self->finals, final_clear);
  return self;
}

void
parley_dialogue_free (ParleyDialogue * self)
{
  g_hash_table_unref (self->turns);
  g_queue_clear_full (&self->outcomes, outcome_free);
  g_array_unref (self->finals);
  g_free (self->reply_text);
  g_free (self);
}

/* The reply under way */

static void
forget_reply (ParleyDialogue * self)
{
  self->reply = 0;
  g_clear_pointer (&self->reply_text, g_free);
  self->released = self->paused = self->started = FALSE;
  for (guint i = 0; i < self->finals->len; i++)
    g_array_index (self->finals, Final, i).asked = FALSE;
}

static void
stop_reply (ParleyDialogue * self)
{
  guint64 epoch = self->reply;

  forget_reply (self);
  self->actions.interrupt (epoch, self->data);
}

static void
release_reply (ParleyDialogue * self)
{
  g_assert (self->n_open == 0);
  if (self->released)
    return;
  self->released = TRUE;
  self->actions.release (self->reply, self->data);
}

static void
go_on (ParleyDialogue * self)
{
  g_assert (self->n_open == 0);
  if (!self->paused)
    return;
  self->paused = FALSE;
  self->actions.unpause (self->reply, self->data);
}

static gchar *
join_finals (ParleyDialogue * self)
{
  GString *joined = g_string_new (NULL);

  for (guint i = 0; i < self->finals->len; i++) {
    const gchar *text = g_array_index (self->finals, Final, i).text;

    if (joined->len)
      g_string_append (joined, strchr (".?!", joined->str[joined->len - 1]) ?
          " " : ". ");
    g_string_append (joined, text);
  }
  return g_string_free (joined, FALSE);
}

static void
begin_reply (ParleyDialogue * self, gchar * text)
{
  guint last = self->finals->len - 1;

  for (guint i = 0; i <= last; i++)
    g_array_index (self->finals, Final, i).asked = TRUE;
  self->reply_text = text;
  self->reply = self->actions.begin (text,
      g_array_index (self->finals, Final, last).turn, self->data);
}

/* All outcomes are in: decide who speaks. */
static void
settle (ParleyDialogue * self)
{
  gchar *text;

  if (self->finals->len == 0) {
    if (self->reply && self->released)
      go_on (self);
    else if (self->reply && *self->reply_text)
      stop_reply (self);
    else if (self->reply)
      release_reply (self);
    return;
  }
  text = join_finals (self);
  if (self->reply && !self->started && !g_strcmp0 (text, self->reply_text)) {
    g_free (text);
    release_reply (self);
    go_on (self);
    return;
  }
  if (self->reply)
    stop_reply (self);
  begin_reply (self, text);
  release_reply (self);
}

/* The texts that the reply answers are answered. */
static void
commit_finals (ParleyDialogue * self)
{
  if (self->reply_text && *self->reply_text)
    self->actions.answered (self->reply_text, self->data);
  for (guint i = self->finals->len; i > 0; i--)
    if (g_array_index (self->finals, Final, i - 1).asked)
      g_array_remove_index (self->finals, i - 1);
}

/* Turns */

static void
take_up (ParleyDialogue * self)
{
  if (!self->player || !self->reply || !self->released || self->paused)
    return;
  self->paused = self->ack_wait = TRUE;
  self->actions.pause (self->reply, self->data);
}

void
parley_dialogue_open (ParleyDialogue * self, guint turn)
{
  gpointer key = GUINT_TO_POINTER (turn);

  if (g_hash_table_contains (self->turns, key))
    return;
  g_hash_table_insert (self->turns, key, GINT_TO_POINTER (FALSE));
  self->n_open++;
  take_up (self);
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
handle_outcome (ParleyDialogue * self, Outcome * outcome)
{
  gpointer key = GUINT_TO_POINTER (outcome->turn);

  if (g_hash_table_lookup (self->turns, key))
    return;
  g_hash_table_insert (self->turns, key, GINT_TO_POINTER (TRUE));
  self->n_open--;
  if (outcome->text)
    add_final (self, outcome->turn, g_steal_pointer (&outcome->text));
  if (self->n_open == 0)
    settle (self);
}

static void
handle_outcomes (ParleyDialogue * self)
{
  while (!self->ack_wait && (self->player || !self->reply)) {
    Outcome *outcome = g_queue_pop_head (&self->outcomes);

    if (!outcome)
      return;
    handle_outcome (self, outcome);
    outcome_free (outcome);
  }
}

void
parley_dialogue_outcome (ParleyDialogue * self, guint turn, const gchar * text)
{
  Outcome *outcome = g_new (Outcome, 1);

  outcome->turn = turn;
  outcome->text = text && *text ? g_strdup (text) : NULL;
  g_queue_push_tail (&self->outcomes, outcome);
  parley_dialogue_open (self, turn);
  handle_outcomes (self);
}

gboolean
parley_dialogue_announce (ParleyDialogue * self, guint64 epoch)
{
  if (self->reply)
    return FALSE;
  self->reply = epoch;
  self->reply_text = g_strdup ("");
  /* While the caller speaks it waits for the outcome, unheard: then it goes on
   * or gives way to an answer. */
  if (self->n_open == 0)
    release_reply (self);
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
  if (answer)
    self->ack_wait = FALSE;
  if (done && epoch == self->reply) {
    if (!self->started)
      commit_finals (self);
    forget_reply (self);
  }
  handle_outcomes (self);
}

guint64
parley_dialogue_reply (ParleyDialogue * self)
{
  return self->reply;
}

gboolean
parley_dialogue_is_waiting (ParleyDialogue * self)
{
  return self->ack_wait;
}

gboolean
parley_dialogue_is_idle (ParleyDialogue * self)
{
  return !self->reply && !self->n_open && g_queue_is_empty (&self->outcomes);
}
