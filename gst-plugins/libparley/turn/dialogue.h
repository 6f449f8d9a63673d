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
 * Pure: no clock, no thread. Actions are called from inside the functions, the
 * state being consistent; they must not call back. */

typedef struct
{
  void (*pause) (guint64 epoch, gpointer data);
  void (*unpause) (guint64 epoch, gpointer data);
  void (*release) (guint64 epoch, gpointer data);
  void (*interrupt) (guint64 epoch, gpointer data);
  /* Make a reply to @text; its epoch is the function's to choose. @turn: the
   * last turn of it. */
  guint64 (*begin) (const gchar * text, guint turn, gpointer data);
  /* The caller's @text counts as answered now. */
  void (*answered) (const gchar * text, gpointer data);
} ParleyDialogueActions;

typedef struct _ParleyDialogue ParleyDialogue;

/* @player: something downstream plays replies and tells what was heard. Without
 * one nothing is paused, and the next text waits until a reply is complete. */
ParleyDialogue *parley_dialogue_new (const ParleyDialogueActions * actions,
    gpointer data, gboolean player);
void parley_dialogue_free (ParleyDialogue * dialogue);

/* The caller began @turn; again is harmless. */
void parley_dialogue_open (ParleyDialogue * dialogue, guint turn);
/* The outcome of @turn: its text, or NULL for nothing. Later ones of the same
 * turn are ignored. */
void parley_dialogue_outcome (ParleyDialogue * dialogue, guint turn,
    const gchar * text);

/* A reply that answers nobody (a greeting) was made: it is released unless the
 * caller is speaking. FALSE: another reply is under way; nothing happened. */
gboolean parley_dialogue_announce (ParleyDialogue * dialogue, guint64 epoch);

/* What mulawsink reports of a reply. */
void parley_dialogue_playing (ParleyDialogue * dialogue, guint64 epoch);
void parley_dialogue_heard (ParleyDialogue * dialogue, guint64 epoch,
    gboolean answer, gboolean done);

/* The reply under way, 0 for none. */
guint64 parley_dialogue_reply (ParleyDialogue * dialogue);
/* Whether a pause waits for its answer. */
gboolean parley_dialogue_is_waiting (ParleyDialogue * dialogue);
/* Nothing is open, waiting or under way. */
gboolean parley_dialogue_is_idle (ParleyDialogue * dialogue);

G_END_DECLS
