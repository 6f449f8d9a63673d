/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/vadnoise.h"

#include <string.h>

#include "speech/fastmath.h"

/* Time constants of 60 and 120 ms. */
#define SMOOTHING 0.15f
#define ADAPTING 0.08f
#define PRESENCE_SMOOTHING 0.1f

/* Speech where there is speech is taken to be 10 dB above the noise. */
#define PRIOR_RATIO 10.0f

/* A presence that has been certain for long may be noise that rose: a little
 * always gets in. */
#define PRESENCE_LIMIT 0.99f

/* Where the mean of noise can lie relative to the minimum of its smoothed
 * power: steady noise at the low end, many talkers at the high one. */
#define LEAST_OVER_MINIMUM 1.3f
#define MOST_OVER_MINIMUM 8.0f

void
parley_vad_noise_restart (ParleyVadNoise * self, const gfloat * bands)
{
  ParleyVadNoise fresh = { 0 };
  gsize size = sizeof (fresh.power);

  memcpy (fresh.power, bands, size);
  memcpy (fresh.smoothed, bands, size);
  memcpy (fresh.minimum, bands, size);
  memcpy (fresh.current, bands, size);
  for (guint i = 0; i < PARLEY_VAD_NOISE_SPANS; i++)
    memcpy (fresh.spans[i], bands, size);
  *self = fresh;
}

/* The span that ended takes the place of the oldest. */
static void
end_span (ParleyVadNoise * self)
{
  memcpy (self->spans[self->span], self->current, sizeof (self->current));
  memcpy (self->current, self->smoothed, sizeof (self->current));
  memcpy (self->minimum, self->smoothed, sizeof (self->minimum));
  for (guint i = 0; i < PARLEY_VAD_NOISE_SPANS; i++)
    for (guint band = 0; band < PARLEY_VAD_BANDS; band++)
      self->minimum[band] = MIN (self->minimum[band], self->spans[i][band]);
  self->span = (self->span + 1) % PARLEY_VAD_NOISE_SPANS;
  self->span_frames = 0;
}

static void
update_minima (ParleyVadNoise * self, const gfloat * bands)
{
  for (guint band = 0; band < PARLEY_VAD_BANDS; band++) {
    self->smoothed[band] += SMOOTHING * (bands[band] - self->smoothed[band]);
    self->current[band] = MIN (self->current[band], self->smoothed[band]);
    self->minimum[band] = MIN (self->minimum[band], self->current[band]);
  }
  if (++self->span_frames == PARLEY_VAD_NOISE_SPAN_FRAMES)
    end_span (self);
}

static gfloat
presence_of_speech (gfloat ratio)
{
  gfloat evidence = ratio * PRIOR_RATIO / (1.0f + PRIOR_RATIO);

  return 1.0f / (1.0f + (1.0f + PRIOR_RATIO) * parley_fast_exp (-MIN (evidence,
              20.0f)));
}

void
parley_vad_noise_update (ParleyVadNoise * self, const gfloat * bands)
{
  update_minima (self, bands);
  for (guint band = 0; band < PARLEY_VAD_BANDS; band++) {
    gfloat power = self->power[band], minimum = self->minimum[band];
    gfloat presence = presence_of_speech (bands[band] / power);

    self->presence[band] +=
        PRESENCE_SMOOTHING * (presence - self->presence[band]);
    if (self->presence[band] > PRESENCE_LIMIT)
      presence = MIN (presence, PRESENCE_LIMIT);
    power += ADAPTING * (1.0f - presence) * (bands[band] - power);
    self->power[band] = CLAMP (power, LEAST_OVER_MINIMUM * minimum,
        MOST_OVER_MINIMUM * minimum);
  }
}
