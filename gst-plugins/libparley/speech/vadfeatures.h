/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "speech/vad.h"
#include "speech/vadnoise.h"

G_BEGIN_DECLS

/* What the decision is made from; all are ratios, so that neither the line's
 * level nor that of its noise matters by itself. */
typedef enum
{
  /* How far the bands rise above the noise. */
  PARLEY_VAD_LIKELIHOOD,        /* log (1 + Sohn's mean log ratio) */
  PARLEY_VAD_EXCESS,            /* mean over bands, in nepers of power */
  PARLEY_VAD_EXCESS_PEAKS,      /* mean of the four highest */
  PARLEY_VAD_EXCESS_LOW,        /* mean of 250 to 900 Hz */
  PARLEY_VAD_EXCESS_HIGH,       /* mean of 1.7 to 3.8 kHz */
  PARLEY_VAD_EXCESS_TOTAL,      /* of the whole power, in tens of dB */
  PARLEY_VAD_EXCESS_10MS,       /* of the newest 10 ms alone, tens of dB */
  PARLEY_VAD_EXCESS_5MS,        /* of the newest 5 ms */

  /* What the spectrum and the waveform look like. */
  PARLEY_VAD_PERIODICITY,       /* correlation with a pitch period before */
  PARLEY_VAD_PERIODIC_PEAKS,    /* that, times EXCESS_PEAKS */
  PARLEY_VAD_PITCH,             /* octaves over 70 Hz */
  PARLEY_VAD_PITCH_CHANGE,      /* octaves since the last frame */
  PARLEY_VAD_FLATNESS,          /* geometric over mean excess, in nepers */

  /* Where the level lies between the noise and the talker's. */
  PARLEY_VAD_BELOW_TALKER,      /* tens of dB */
  PARLEY_VAD_TALKER_SHARE,      /* 0 at the noise, 1 at the talker's level */
  PARLEY_VAD_TALKER_RANGE,      /* talker over noise in tens of dB */

  /* How the level moved in the last 300 ms; tens of dB except SPREAD. */
  PARLEY_VAD_SPREAD,            /* standard deviation in 5 dB */
  PARLEY_VAD_RISE_30MS,
  PARLEY_VAD_RISE_60MS,
  PARLEY_VAD_RISE_100MS,
  PARLEY_VAD_BELOW_LOUDEST,
  PARLEY_VAD_ABOVE_QUIETEST,

  /* The past of some of the above, by time constant. */
  PARLEY_VAD_EXCESS_25MS,
  PARLEY_VAD_EXCESS_80MS,
  PARLEY_VAD_EXCESS_330MS,
  PARLEY_VAD_LIKELIHOOD_25MS,
  PARLEY_VAD_PERIODICITY_50MS,
  PARLEY_VAD_PERIODICITY_1S,
  PARLEY_VAD_TOTAL_50MS,
  PARLEY_VAD_TOTAL_1S,

  /* How far each band is above its noise, in nepers of power. */
  PARLEY_VAD_FIRST_BAND,

  PARLEY_VAD_N_FEATURES = PARLEY_VAD_FIRST_BAND + PARLEY_VAD_BANDS
} ParleyVadFeature;

#define PARLEY_VAD_WINDOW 200
#define PARLEY_VAD_PITCH_HISTORY 180
#define PARLEY_VAD_PITCH_STEPS 3
#define PARLEY_VAD_LAGS 48
#define PARLEY_VAD_LEVELS 30

/* A plain value; zeroed is fresh. Levels are in dBFS, 0 being the power of a
 * constant 32768. */
typedef struct
{
  gfloat level;                 /* of the last frame, above 100 Hz */
  gfloat noise_level;
  gfloat tonality;              /* share of the two strongest tones, 0 to 1 */
  gfloat values[PARLEY_VAD_N_FEATURES];

  guint frames;
  gfloat filter[4];             /* x and y one and two samples ago */
  gfloat window[PARLEY_VAD_WINDOW];
  gfloat pitch[PARLEY_VAD_PITCH_HISTORY];       /* at 4 kHz */
  gfloat last_odd;
  /* Of the last steps with the signal each lag before. */
  gfloat products[PARLEY_VAD_PITCH_STEPS][PARLEY_VAD_LAGS];
  guint pitch_step;             /* the oldest of them */
  ParleyVadNoise noise;
  gfloat prior[PARLEY_VAD_BANDS];
  gfloat levels[PARLEY_VAD_LEVELS];
  gfloat talker_level;
  gfloat newest_level;          /* of the last 5 ms */
} ParleyVadFeatures;

/* Takes in the next 10 ms and computes level, noise_level and values. */
void parley_vad_features_push (ParleyVadFeatures *self, const gint16 *frame);

G_END_DECLS
