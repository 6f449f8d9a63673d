/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "emulator/engines.h"

G_BEGIN_DECLS

/* Ears for a stream of sound: parts it into utterances by its loudness and
 * tells what was said in each, in their order. Belongs to an exchange, as the
 * engines do. */

typedef struct _ParleyListening ParleyListening;

/* Why an utterance ended. */
typedef enum
{
  PARLEY_LISTENING_SILENCE,
  PARLEY_LISTENING_FINALIZED,   /* was asked for */
  PARLEY_LISTENING_ENDED        /* the stream did */
} ParleyListeningEnd;

/* Times are ms of sound. Any but final may be NULL. */
typedef struct
{
  /* Another 240 ms of sound were heard, of which nothing is to be told yet but
   * what was told. */
  void (*heard) (ParleyExchange * exchange, guint now, gpointer data);
  void (*started) (ParleyExchange * exchange, guint at, gpointer data);
  void (*partial) (ParleyExchange * exchange, const gchar * text, guint start,
      guint now, gpointer data);
  /* It may end here; @text as far as it is known. */
  void (*eager) (ParleyExchange * exchange, const gchar * text, guint start,
      guint now, gpointer data);
  /* It did not. */
  void (*resumed) (ParleyExchange * exchange, gpointer data);
  /* @text NULL: the engine failed. */
  void (*final) (ParleyExchange * exchange, const gchar * text, guint start,
      guint end, ParleyListeningEnd why, gpointer data);
  /* After the last final of parley_listening_end(). */
  void (*ended) (ParleyExchange * exchange, gpointer data);
} ParleyListeningFuncs;

/* @silence_ms: that ends an utterance, 0: none does; @eager_ms: that might, 0:
 * none. */
ParleyListening *parley_listening_new (ParleyExchange * exchange,
    const ParleySoundFormat * format, const gchar * language,
    guint silence_ms, guint eager_ms, const ParleyListeningFuncs * funcs,
    gpointer data);
/* @len bytes, cut anywhere. */
void parley_listening_sound (ParleyListening * self, const guint8 * bytes,
    gsize len);
/* Ends the utterance now; without one final is told with "". */
void parley_listening_finalize (ParleyListening * self);
/* No more sound comes. */
void parley_listening_end (ParleyListening * self);
guint parley_listening_get_now (ParleyListening * self);
void parley_listening_free (ParleyListening * self);

G_END_DECLS
