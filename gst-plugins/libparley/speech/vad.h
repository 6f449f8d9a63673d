/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * ParleyVad: whether someone speaks, every 10 ms, on 8 kHz mono audio that
 * came as mu-law over a telephone line.
 *
 * 1. The noise in each of 16 bands is followed through speech (vadnoise.h).
 * 2. Ratios describe the frame: how far the bands rise above the noise, among
 *    them the likelihood ratio of Sohn et al. (1999); how periodic the
 *    waveform and how flat the spectrum is; where the level lies between the
 *    noise and the loudest talker's, and how it moved (vadfeatures.h).
 * 3. A network of twelve units, fitted by bench/vad_train.c, turns them into
 *    the odds that the frame is speech.
 * 4. Odds become a decision: an onset has to last so that clicks of up to
 *    20 ms are no speech, and odds a little below even end none. Speech
 *    carries on for HANGOVER_FRAMES (vad.c) when the odds are gone.
 *
 * There is no look-ahead. The first 30 ms are taken for noise; a level of
 * noise that rises is known as such after 0.3 s if it is steady and without
 * pitch, else after 1.3 s.
 *
 * An instance is used by one thread at a time and does not allocate after
 * parley_vad_new().
 */
typedef struct _ParleyVad ParleyVad;

/* 10 ms at 8 kHz. */
#define PARLEY_VAD_FRAME_SAMPLES 80

typedef struct
{
  /* The decision for this frame, onset and hangover included. */
  gboolean voice;

  /* Level of the frame above 100 Hz, and of the noise between 125 Hz and
   * 3.8 kHz, in dBFS, where 0 is the power of a constant 32768; -90 at
   * least. The noise is never taken to be below -72. */
  gfloat level;
  gfloat noise_floor;

  /* Probability of speech in this frame, 0 to 1, before onset and hangover;
   * 0.5 is even odds at the sensitivity set. */
  gfloat score;
} ParleyVadResult;

/* sensitivity is clamped to 0 (only clear speech) .. 1 (whatever might be
 * speech); 0.5 errs as often either way. Free with parley_vad_free(). */
ParleyVad *parley_vad_new (gdouble sensitivity);

void parley_vad_free (ParleyVad *self);

/* Forgets all it heard, as if new. */
void parley_vad_reset (ParleyVad *self);

/* Takes in the next frame and returns its decision. out may be NULL. */
gboolean parley_vad_frame (ParleyVad *self,
    const gint16 frame[PARLEY_VAD_FRAME_SAMPLES], ParleyVadResult *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyVad, parley_vad_free)

G_END_DECLS
