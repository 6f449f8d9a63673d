/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A multiple of 32. */
#define PARLEY_VAD_UNITS 64

/* States that are kept: the newest and those of the 120 ms before. */
#define PARLEY_VAD_STATES 13

/*
 * ParleyVadNetwork: how likely speech is, from what is measured of each frame
 * (vadfeatures.h) and what was heard before.
 *
 * A layer of gated recurrent units (Cho et al., "Learning phrase
 * representations using RNN encoder-decoder", 2014; the reset gate acts on the
 * sum). Weighted sums of their state say what there is now; a hidden layer over
 * the state now and at two times before says what there was, seen from what
 * followed. Weights are vadmodel.h, fitted by bench/vad_train.py; products of
 * them are taken in whole numbers of 16 bits, of which a processor multiplies
 * twice as many at once.
 *
 * A plain value, no allocation; zeroed is fresh. Nothing it is given can make
 * it other than finite.
 */
typedef struct
{
  gfloat state[PARLEY_VAD_UNITS];
  /* That and those before, as whole numbers. */
  gint16 states[PARLEY_VAD_STATES][PARLEY_VAD_UNITS];
  guint newest;
} ParleyVadNetwork;

/* Log odds: that the frame PARLEY_VAD_DELAY before is active; that it is
 * speech, of which gaps of up to 100 ms are part; and that the one
 * PARLEY_VAD_SETTLED_DELAY before was speech. */
typedef struct
{
  gfloat active;
  gfloat speech;
  gfloat settled;
} ParleyVadOdds;

/* Takes the features of the next frame, PARLEY_VAD_N_FEATURES of them. */
void parley_vad_network_push (ParleyVadNetwork *self, const gfloat *features,
    ParleyVadOdds *odds);

G_END_DECLS
