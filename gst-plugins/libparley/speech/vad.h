/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * ParleyVad: whether someone speaks, every 10 ms, on 8 kHz mono audio that
 * came as mu-law over a telephone line.
 *
 * 1. The noise in each of 16 bands is followed through speech (vadnoise.h).
 * 2. Ratios describe the frame: how far each band and all of them rise above
 *    the noise, among them the likelihood ratio of Sohn et al. (1999); how
 *    periodic the waveform is, with what pitch, and how flat the spectrum;
 *    where the level lies between the noise and the loudest talker's, and how
 *    it moved (vadfeatures.h).
 * 3. A small recurrent network, fitted by bench/vad_train.py, turns them into
 *    the odds of speech now and of speech a while ago, from all that was heard
 *    so far (vadnetwork.h).
 * 4. Odds become a decision: speech begins when there is enough evidence, and
 *    goes on while odds are not against it. When it began and ended is settled
 *    later.
 *
 * How well it does beside others, and how that is measured, is in
 * docs/hearing.md.
 *
 * An instance is used by one thread at a time and does not allocate after
 * parley_vad_new().
 */
typedef struct _ParleyVad ParleyVad;

/* 10 ms at 8 kHz. */
#define PARLEY_VAD_FRAME_SAMPLES 80

/* What is decided when a frame is taken in holds for the frame this many
 * before it, which is 20 ms. */
#define PARLEY_VAD_DELAY 2

/* What is settled then holds for the frame this many before it. */
#define PARLEY_VAD_SETTLED_DELAY 12

typedef struct
{
  /* The decision; it outlasts speech by 90 ms. */
  gboolean voice;

  /* While voice: how many frames up to this one are likely to be without
   * speech. 0: this one may have some; else more than PARLEY_VAD_DELAY. */
  guint quiet;

  /* While not: whether speech may be beginning, which the next frames tell:
   * there is some evidence, or at least a sound above the noise. */
  gboolean rising;

  /* Whether the frame PARLEY_VAD_SETTLED_DELAY before was speech, seen from
   * what followed it: a gap of up to 100 ms is part of it, a longer one is
   * not. Where speech began and ended, to a few frames. */
  gboolean settled;

  /* Level of the frame above 100 Hz, and of the noise between 125 Hz and
   * 3.8 kHz, in dBFS, where 0 is the power of a constant 32768; -90 at
   * least. The noise is never taken to be below -72. */
  gfloat level;
  gfloat noise_floor;

  /* Probability of speech, 0 to 1; 0.5 is even odds at the sensitivity
   * set. */
  gfloat score;

  /* How alike the last 30 ms and as much one pitch period before are, 0 to 1,
   * and that pitch, in octaves above 70 Hz; where they are not alike it means
   * nothing. */
  gfloat periodicity;
  gfloat pitch;
} ParleyVadResult;

/* sensitivity is clamped to 0 (only clear speech) .. 1 (whatever might be
 * speech); 0.5 errs as often either way. Free with parley_vad_free(). */
ParleyVad *parley_vad_new (gdouble sensitivity);

void parley_vad_free (ParleyVad *self);

/* Forgets all it heard, as if new. */
void parley_vad_reset (ParleyVad *self);

/* Takes in the next frame and returns the decision. out may be NULL. */
gboolean parley_vad_frame (ParleyVad *self,
    const gint16 frame[PARLEY_VAD_FRAME_SAMPLES], ParleyVadResult *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyVad, parley_vad_free)

G_END_DECLS
