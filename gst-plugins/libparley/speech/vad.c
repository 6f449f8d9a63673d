/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/vad.h"

#include <math.h>
#include <string.h>

#include "speech/vadfeatures.h"
#include "speech/vadmodel.h"

/* Log odds between the ends of sensitivity and the middle. */
#define SENSITIVITY_RANGE 2.0f

/* Log odds at which speech may begin, and may go on. */
#define ODDS_ON 0.3f
#define ODDS_OFF -0.7f

/* A click of 20 ms is loud in three frames at most, wherever it begins, and
 * when it is over the level falls by more than speech's does. */
#define ONSET_FRAMES 4
#define ONSET_FALL_DB 15.0f

#define HANGOVER_FRAMES 2

/* Odds fall by this for each dB that a frame is below the quietest speech. */
#define QUIETEST_DBFS -60.0f
#define ODDS_PER_DB 0.3f

/* And by this for each neper that the four highest bands are closer to the
 * noise than noise itself mostly is: where nothing stands out there is no
 * speech, whatever was heard before. */
#define LEAST_PEAKS 0.4f
#define ODDS_PER_NEPER 4.0f

struct _ParleyVad
{
  gfloat sensitivity;

  ParleyVadFeatures features;
  gboolean voice;
  guint onset_frames;
  gfloat onset_level;           /* the loudest of those frames, dBFS */
  guint hangover;
};

ParleyVad *
parley_vad_new (gdouble sensitivity)
{
  ParleyVad *self = g_new0 (ParleyVad, 1);

  self->sensitivity = (gfloat) CLAMP (sensitivity, 0.0, 1.0);
  return self;
}

void
parley_vad_free (ParleyVad * self)
{
  g_free (self);
}

void
parley_vad_reset (ParleyVad * self)
{
  gfloat sensitivity = self->sensitivity;

  memset (self, 0, sizeof (*self));
  self->sensitivity = sensitivity;
}

static gfloat
model_odds (const gfloat * features)
{
  gfloat sums[VAD_MODEL_UNITS], odds = vad_model_out_bias;

  memcpy (sums, vad_model_bias, sizeof (sums));
  for (guint f = 0; f < PARLEY_VAD_N_FEATURES; f++)
    for (guint unit = 0; unit < VAD_MODEL_UNITS; unit++)
      sums[unit] += vad_model_in[f][unit] * features[f];
  for (guint unit = 0; unit < VAD_MODEL_UNITS; unit++)
    odds += vad_model_out[unit] * sums[unit] / (1.0f + fabsf (sums[unit]));
  return odds;
}

static gfloat
speech_odds (const ParleyVad * self)
{
  gfloat odds = model_odds (self->features.values)
      + (self->sensitivity - 0.5f) * 2.0f * SENSITIVITY_RANGE;
  gfloat peaks = self->features.values[PARLEY_VAD_EXCESS_PEAKS];

  if (self->features.level < QUIETEST_DBFS)
    odds -= ODDS_PER_DB * (QUIETEST_DBFS - self->features.level);
  odds -= ODDS_PER_NEPER * MAX (LEAST_PEAKS - peaks, 0.0f);
  return odds;
}

/* Counts the frames of an onset; TRUE when there are enough. */
static gboolean
onset_lasted (ParleyVad * self, gfloat odds)
{
  gfloat level = self->features.level;

  if (odds <= ODDS_ON) {
    self->onset_frames = 0;
    return FALSE;
  }
  if (self->onset_frames == 0 || level > self->onset_level)
    self->onset_level = level;
  if (level < self->onset_level - ONSET_FALL_DB) {
    self->onset_frames = 0;
    return FALSE;
  }
  return ++self->onset_frames >= ONSET_FRAMES;
}

static void
decide (ParleyVad * self, gfloat odds)
{
  if (self->voice) {
    if (odds > ODDS_OFF)
      self->hangover = HANGOVER_FRAMES;
    else if (self->hangover > 0)
      self->hangover--;
    else
      self->voice = FALSE;
    return;
  }
  if (onset_lasted (self, odds)) {
    self->voice = TRUE;
    self->onset_frames = 0;
    self->hangover = HANGOVER_FRAMES;
  }
}

gboolean
parley_vad_frame (ParleyVad * self,
    const gint16 frame[PARLEY_VAD_FRAME_SAMPLES], ParleyVadResult * out)
{
  gfloat odds;

  parley_vad_features_push (&self->features, frame);
  odds = speech_odds (self);
  decide (self, odds);
  if (out != NULL) {
    out->voice = self->voice;
    out->level = self->features.level;
    out->noise_floor = self->features.noise_level;
    out->score = 1.0f / (1.0f + expf (-odds));
  }
  return self->voice;
}
