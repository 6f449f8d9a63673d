/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Who may speak: the rules by which llmchat answers turns with replies, and
 * pauses, resumes and voids what is being said. They come from a model of the
 * protocol that was checked exhaustively; docs/turns.md tells them in words.
 *
 * A turn is open from the first thing that names it until its outcome (text, or
 * nothing) is in. While any turn is open no reply is released or resumed. A
 * reply that was released is paused by speech, never cancelled by it; a pause
 * is answered before any text is looked at. Texts that were not answered, in
 * turn order, are one message; they count as answered when the first frame of
 * their reply was sent.
 *
 * A guess is the text of a turn that is not over yet. It may begin a reply,
 * which is withheld. The outcome, or the next guess, carries that reply over if
 * it says the same, and voids it if not. The requests that guesses cost beyond
 * one a turn are bounded: max_requests of a turn, and 0.3 a turn on average
 * (one at least).
 *
 * Pure: no clock, no thread. Actions are called from inside the functions, the
 * state being consistent; they must not call back but for the queries. */

/* States of the reply under way, as in the model. */
typedef enum
{
  PARLEY_REPLY_NONE,            /* there is none, or another is under way */
  PARLEY_REPLY_WITHHELD,        /* being made, not to be heard yet */
  PARLEY_REPLY_SUSPENDED,       /* withheld; the caller went on after what it
                                 * answers: nothing more is asked for it */
  PARLEY_REPLY_RELEASED,        /* may be heard */
  PARLEY_REPLY_PAUSED           /* was released, and the caller speaks */
} ParleyReplyState;

typedef struct
{
  /* @at_once: even in an uninterruptible passage, whose end a pause waits for
   * else. */
  void (*pause) (guint64 epoch, gboolean at_once, gpointer data);
  void (*unpause) (guint64 epoch, gpointer data);
  void (*release) (guint64 epoch, gpointer data);
  void (*interrupt) (guint64 epoch, gpointer data);
  /* Make a reply to @text; its epoch is the function's to choose. @turn: the
   * last turn of it; @guess: that is not over yet. */
  guint64 (*begin) (const gchar * text, guint turn, gboolean guess,
      gpointer data);
  /* What @turn says by now is what the withheld reply answers: go on with it.
   * A release follows if it is the outcome. */
  void (*carry_over) (guint64 epoch, guint turn, gpointer data);
  /* The caller's @text counts as answered now, @turn being its last. */
  void (*answered) (const gchar * text, guint turn, gpointer data);
  /* Said over a reply that was being heard: whether @text of @turn ends it. If
   * not, it is as if nothing had been said. NULL: all does. */
  gboolean (*interrupts) (const gchar * text, guint turn, gpointer data);
} ParleyDialogueActions;

typedef struct _ParleyDialogue ParleyDialogue;

/* @player: something downstream plays replies and tells what was heard. Without
 * one nothing is paused or withheld, guesses are not acted on, and the next
 * text waits until a reply is complete. */
ParleyDialogue *parley_dialogue_new (const ParleyDialogueActions * actions,
    gpointer data, gboolean player);
void parley_dialogue_free (ParleyDialogue * dialogue);
/* At most so many replies are begun for a turn; 1: guesses begin none. The
 * default is PARLEY_DIALOGUE_MAX_REQUESTS. */
#define PARLEY_DIALOGUE_MAX_REQUESTS 3
void parley_dialogue_set_max_requests (ParleyDialogue * dialogue, guint max);

typedef enum
{
  PARLEY_BARGE_IN_OFF,          /* a reply is heard to its end; what was said
                                 * meanwhile is answered then */
  PARLEY_BARGE_IN_PAUSE,        /* speech pauses it, words end it */
  PARLEY_BARGE_IN_ALWAYS        /* speech ends it */
} ParleyBargeIn;
/* The default is PARLEY_BARGE_IN_PAUSE. */
void parley_dialogue_set_barge_in (ParleyDialogue * dialogue,
    ParleyBargeIn barge_in);

/* The caller began @turn; again is harmless. */
void parley_dialogue_open (ParleyDialogue * dialogue, guint turn);
/* He went on after @take of @turn. */
void parley_dialogue_resume (ParleyDialogue * dialogue, guint turn, guint take);
/* All of @turn up to the end of @take, which may not be its last. */
void parley_dialogue_guess (ParleyDialogue * dialogue, guint turn, guint take,
    const gchar * text);
/* The outcome of @turn: its text, or NULL for nothing. Later ones of the same
 * turn are ignored. */
void parley_dialogue_outcome (ParleyDialogue * dialogue, guint turn,
    const gchar * text);

/* A reply that answers nobody (a greeting) was made: it is released unless the
 * caller is speaking. FALSE: another reply is under way; nothing happened. */
gboolean parley_dialogue_announce (ParleyDialogue * dialogue, guint64 epoch);
/* What is being said gives way, as nothing of it is wanted any more: it is
 * paused, if it is not, whatever it is and whatever barge-in says, and void
 * once that was answered. The caller's words that it answers are not answered
 * again. */
void parley_dialogue_stop (ParleyDialogue * dialogue);
/* The reply to a guess could not be made. TRUE: it is void, and the outcome
 * begins anew. FALSE: it is no guess any more; nothing happened. */
gboolean parley_dialogue_fail_guess (ParleyDialogue * dialogue, guint64 epoch);

/* What mulawsink reports of a reply. It plays, too, once it has effects.
 * @answer: to the pause of that reply; to another it is none. */
void parley_dialogue_playing (ParleyDialogue * dialogue, guint64 epoch);
void parley_dialogue_heard (ParleyDialogue * dialogue, guint64 epoch,
    gboolean answer, gboolean done);
/* A pause will not be answered: it counts as answered. */
void parley_dialogue_give_up_answer (ParleyDialogue * dialogue);

/* The reply under way, 0 for none. */
guint64 parley_dialogue_reply (ParleyDialogue * dialogue);
ParleyReplyState parley_dialogue_get_state (ParleyDialogue * dialogue,
    guint64 epoch);
/* Whether the reply @epoch may be heard: what has effects may be done. */
gboolean parley_dialogue_is_released (ParleyDialogue * dialogue,
    guint64 epoch);
/* Whether a pause waits for its answer. */
gboolean parley_dialogue_is_waiting (ParleyDialogue * dialogue);
/* Nothing is open, waiting or under way. */
gboolean parley_dialogue_is_idle (ParleyDialogue * dialogue);

G_END_DECLS
