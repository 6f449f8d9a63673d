/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "script.h"

G_BEGIN_DECLS

/* A caller who talks into the agent's replies, at random moments, and listens
 * by the bytes to what becomes of them. Lives on the thread's default
 * context. */
typedef struct _Talker Talker;

typedef enum
{
  TALKER_CUT,                   /* another reply was heard */
  TALKER_WHOLE,                 /* the reply was heard to its end */
  TALKER_STUCK                  /* neither, for a long time */
} TalkerOutcome;

/* A sound that was made into a reply. */
typedef struct
{
  guint sound;                  /* 0: nothing was said */
  gint64 moment;                /* µs into the reply */
  gint64 clear;                 /* µs from when the packet with its first sample
                                 * left to the clear, or from the beginning of
                                 * the reply if nothing was said; -1: none
                                 * came */
  gint64 pause;                 /* µs from the clear until the same reply was
                                 * heard again; -1: it was not */
  TalkerOutcome outcome;
} TalkerEvent;

typedef struct
{
  GArray *events;               /* of TalkerEvent */
  guint replies;                /* heard, or begun to be */
  guint clears;
  guint blocks;                 /* received */
  guint stale;                  /* of them: what a clear or another reply had
                                 * made void, or that left something out */
  guint unanswered;             /* prompts into silence */
  gchar *error;                 /* NULL: it went well */
} TalkerResult;

typedef void (*TalkerDoneFunc) (Talker *self, gpointer data);

/* Plays call @index of @script, which is also the seed of its chance, and hangs
 * up when all is said. */
Talker *talker_new (const gchar *url, SoupSession *session,
    const Script *script, guint index, TalkerDoneFunc done, gpointer data);
void talker_free (Talker *self);

const TalkerResult *talker_get_result (Talker *self);

G_END_DECLS
