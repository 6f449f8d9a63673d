/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A multiple of four. */
#define PARLEY_VAD_UNITS 40

/*
 * ParleyVadNetwork: how likely speech is, from what is measured of each frame
 * (vadfeatures.h) and what was heard before.
 *
 * A layer of gated recurrent units (Cho et al., "Learning phrase
 * representations using RNN encoder-decoder", 2014; the reset gate acts on the
 * sum) and their weighted sum. Weights are vadmodel.h, fitted by
 * bench/vad_train.py.
 *
 * A plain value, no allocation; zeroed is fresh. Nothing it is given can make
 * it other than finite.
 */
typedef struct
{
  gfloat state[PARLEY_VAD_UNITS];
} ParleyVadNetwork;

/* Takes the features of the next frame, PARLEY_VAD_N_FEATURES of them; returns
 * the log odds that it is speech. */
gfloat parley_vad_network_push (ParleyVadNetwork *self,
    const gfloat *features);

G_END_DECLS
