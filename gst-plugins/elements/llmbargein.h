/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstproviderelement.h"
#include "turn/backchannels.h"
#include "turn/dialogue.h"

G_BEGIN_DECLS

/* What llmchat makes of a caller who speaks over a reply: whether he listens or
 * takes the floor. */

typedef struct
{
  /* Constant from READY on: */
  ParleyBargeIn mode;
  guint min_words;
  gint64 min_speech;            /* µs */
  ParleyBackchannels *backchannels;     /* NULL before the first READY */

  /* On the loop: the turn that was opened last, and when. */
  guint turn;
  gint64 began;
} LlmBargeIn;

typedef struct _GstLlmChat GstLlmChat;

/* Installs barge-in and what belongs to it under four ids from @id on. */
void llm_barge_in_install (GstProviderElementClass * klass, guint id);
#define LLM_BARGE_IN_N_PROPERTIES 4

/* Takes the properties, to READY. FALSE after an error was posted. */
gboolean llm_barge_in_open (GstLlmChat * self);
void llm_barge_in_clear (LlmBargeIn * barge_in);

/* On the loop: the caller begins @turn; again is harmless. */
void llm_barge_in_note_speech (GstLlmChat * self, guint turn);
/* On the loop, as of ParleyDialogueActions. */
gboolean llm_barge_in_interrupts (const gchar * text, guint turn,
    gpointer self);

G_END_DECLS
