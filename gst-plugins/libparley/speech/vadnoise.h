/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define PARLEY_VAD_BANDS 16

/* Minima are kept for this many spans of this many 10 ms frames: 1.28 s. */
#define PARLEY_VAD_NOISE_SPANS 8
#define PARLEY_VAD_NOISE_SPAN_FRAMES 16

/*
 * ParleyVadNoise: the power of steady noise in each band, followed through
 * speech.
 *
 * Two estimates check each other. A recursive one takes in each frame as far
 * as speech is improbable in it, the probability coming from a fixed a-priori
 * ratio of speech to noise (Gerkmann and Hendriks, "Unbiased MMSE-based noise
 * power estimation with low complexity and low tracking delay", 2012): it
 * reacts in a few frames, but can lock on to a wrong level. The minimum of
 * the smoothed power over the last 1.28 s (Martin, "Noise power spectral
 * density estimation based on optimal smoothing and minimum statistics",
 * 2001) cannot, as speech leaves gaps in each band within that time; it
 * bounds the first one from both sides.
 *
 * A plain value, no allocation. power is the only state others read: the
 * noise power in each band, in squared sample units.
 */
typedef struct
{
  gfloat power[PARLEY_VAD_BANDS];

  gfloat smoothed[PARLEY_VAD_BANDS];
  gfloat presence[PARLEY_VAD_BANDS];
  gfloat minimum[PARLEY_VAD_BANDS];
  gfloat current[PARLEY_VAD_BANDS];
  gfloat spans[PARLEY_VAD_NOISE_SPANS][PARLEY_VAD_BANDS];
  guint span;
  guint span_frames;
} ParleyVadNoise;

/* Takes these band powers, which may be some of its own, for the noise,
 * whatever was before. */
void parley_vad_noise_restart (ParleyVadNoise *self, const gfloat *bands);

/* Takes in the band powers of the next frame. */
void parley_vad_noise_update (ParleyVadNoise *self, const gfloat *bands);

G_END_DECLS
