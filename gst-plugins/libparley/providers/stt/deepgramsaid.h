/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/stt/deepgramwire.h"

G_BEGIN_DECLS

/* What Deepgram has understood: of one take, or of all takes of a turn while it
 * tells ends of turns. One thread. */
typedef struct
{
  guint turn;
  guint take;                   /* the last one */
  guint64 begin;                /* bytes of the stream before it */
  GString *finals;
  gchar *interim;               /* behind them; or NULL */
  gdouble confidence;           /* sum over the finals that have text */
  guint n_finals;
  /* While ends are told: */
  gchar *answered;              /* all of it when a take was answered last */
  guint n_answered;             /* finals then */
  gboolean ended;               /* for the service */
  gboolean over;                /* for us */
} ParleyDeepgramSaid;

ParleyDeepgramSaid *parley_deepgram_said_new (guint turn, guint64 begin);
ParleyDeepgramSaid *parley_deepgram_said_ref (ParleyDeepgramSaid * said);
void parley_deepgram_said_unref (ParleyDeepgramSaid * said);

gboolean parley_deepgram_said_has_text (const ParleyDeepgramSaid * said);
/* Transfer full. */
gchar *parley_deepgram_said_dup_text (const ParleyDeepgramSaid * said);
/* 0 to 1, of the finals. */
gdouble parley_deepgram_said_get_confidence (const ParleyDeepgramSaid * said);
/* The text of @message, which may be taken out of it. */
void parley_deepgram_said_take_text (ParleyDeepgramSaid * said,
    ParleyDeepgramMessage * message);
/* A take was answered with all of it. */
void parley_deepgram_said_note_answered (ParleyDeepgramSaid * said);
/* Another websocket knows nothing of it: what takes were answered with, which
 * are not sent again, stays. */
void parley_deepgram_said_forget_interim (ParleyDeepgramSaid * said);

G_END_DECLS
