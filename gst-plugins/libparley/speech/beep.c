/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/beep.h"

#include <math.h>

#include "speech/g711.h"

#define RATE 8000
#define MIN_HZ 350
#define MAX_HZ 2200
/* It may drift by so much of its pitch. */
#define DRIFT 0.06f
/* It is as loud as the frame before, but for so much: two tones that beat, as
 * in ringing, are not. */
#define MAX_SWELL 1.25f
/* In frames of 20 ms. Between tone and silence there is one of both. */
#define TONE_FRAMES 10
#define QUIET_FRAMES 5
#define MIXED_FRAMES 2
/* Mean squares: what is softer is no tone; silence is 20 dB below it. */
#define MIN_ENERGY (300.0f * 300)
#define QUIET_PART 0.01f
/* Of the energy, what a sine of the best pitch may leave: 0 for a pure tone, 2
 * for noise. */
#define MAX_REST 0.1f

/* The sum of x[n] (x[n - @lag] + x[n + @lag]), and of x[n]² in @energy. In a
 * sine of w radians a sample it is 2 cos (@lag w) times that. */
static gfloat
correlate (const gint16 * x, guint lag, gfloat * energy)
{
  gfloat sum = 0, squares = 0;

  for (guint i = lag; i < PARLEY_BEEP_FRAME - lag; i++) {
    sum += (gfloat) x[i] * ((gfloat) x[i - lag] + x[i + lag]);
    squares += (gfloat) x[i] * x[i];
  }
  *energy = squares;
  return sum;
}

/* What is left of the energy where each sample is guessed from two others as in
 * a sine. At a quarter of a period apart it is that of anything else. */
static gfloat
rest_of (const gint16 * x, gfloat hz)
{
  guint lag = CLAMP ((gint) lrintf (RATE / 4 / hz), 1, 6);
  gfloat energy, rest = 0;
  gfloat twice_cos = correlate (x, lag, &energy);

  if (energy <= 0)
    return 1;
  twice_cos /= energy;
  for (guint i = lag; i < PARLEY_BEEP_FRAME - lag; i++) {
    gfloat off = (gfloat) x[i - lag] + x[i + lag] - twice_cos * x[i];

    rest += off * off;
  }
  return rest / energy;
}

/* The pitch of the frame; 0: it is no tone. */
static gfloat
pitch_of (const gint16 * x, gfloat mean_square)
{
  gfloat energy, hz;
  gfloat sum = correlate (x, 1, &energy);

  if (mean_square < MIN_ENERGY || energy <= 0)
    return 0;
  hz = acosf (CLAMP (sum / energy / 2, -1.0f, 1.0f)) * RATE / 2 / (gfloat) G_PI;
  if (hz < MIN_HZ || hz > MAX_HZ || rest_of (x, hz) > MAX_REST)
    return 0;
  return hz;
}

static void
forget (ParleyBeep * self)
{
  self->n_tone = self->n_after = self->n_quiet = 0;
}

static gfloat
mean_square_of (const gint16 * x)
{
  gfloat sum = 0;

  for (guint i = 0; i < PARLEY_BEEP_FRAME; i++)
    sum += (gfloat) x[i] * x[i];
  return sum / PARLEY_BEEP_FRAME;
}

/* The first frame may be only half a tone. */
static gboolean
is_steady (ParleyBeep * self, gfloat hz, gfloat energy)
{
  return fabsf (hz - self->hz) <= DRIFT * self->hz
      && energy * MAX_SWELL >= self->energy
      && (self->n_tone == 1 || energy <= self->energy * MAX_SWELL);
}

/* TRUE: the tone goes on, or begins. */
static gboolean
follow_tone (ParleyBeep * self, gfloat energy)
{
  gfloat hz = pitch_of (self->frame, energy);

  if (hz <= 0 || self->n_after)
    return FALSE;
  if (self->n_tone && !is_steady (self, hz, energy))
    return FALSE;
  if (self->n_tone == 0)
    self->hz = hz;
  self->energy = energy;
  self->n_tone++;
  return TRUE;
}

static gboolean
take_frame (ParleyBeep * self)
{
  gfloat energy = mean_square_of (self->frame);

  if (follow_tone (self, energy))
    return FALSE;
  if (self->n_tone < TONE_FRAMES) {
    forget (self);
    follow_tone (self, energy);
    return FALSE;
  }
  self->n_after++;
  if (energy < self->energy * QUIET_PART)
    self->n_quiet++;
  if (self->n_after - self->n_quiet > MIXED_FRAMES) {
    forget (self);
    return FALSE;
  }
  if (self->n_quiet < QUIET_FRAMES)
    return FALSE;
  forget (self);
  return TRUE;
}

gboolean
parley_beep_feed (ParleyBeep * self, const guint8 * mulaw, gsize len)
{
  gboolean heard = FALSE;

  for (gsize i = 0; i < len; i++) {
    self->frame[self->n++] = parley_mulaw_decode_sample (mulaw[i]);
    if (self->n < PARLEY_BEEP_FRAME)
      continue;
    self->n = 0;
    heard |= take_frame (self);
  }
  return heard;
}
