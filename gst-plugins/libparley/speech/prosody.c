/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/prosody.h"

#include <math.h>
#include <string.h>

#define FRAMES PARLEY_PROSODY_FRAMES

/* What has a pitch that can be relied on. */
#define VOICED 0.75f

/* The usual pitch is the mean of about the last three seconds of it. */
#define USUAL_FRAMES 300.0f

/* The last voiced frames that tell how the voice ended, and the fewest that
 * do; they may lie this far before the end, behind which only consonants and
 * the detector's delay are. */
#define LAST_FRAMES 24
#define FEWEST_FRAMES 8
#define FARTHEST_FRAMES 45

/* In octaves: a semitone is a twelfth. */
#define SEMITONE (1.0f / 12.0f)
#define RISE (2.5f * SEMITONE)
#define FALL (2.5f * SEMITONE)
#define LOW (3.0f * SEMITONE)

/* A last sound as long as this in which the pitch stays within so much is
 * held. */
#define HELD_FRAMES 20
#define HELD_RANGE (1.2f * SEMITONE)

static const gchar *const names[PARLEY_N_TONES] = {
  "unknown", "falling", "level", "held", "rising"
};

const gchar *
parley_tone_to_string (ParleyTone tone)
{
  return names[tone];
}

gboolean
parley_tone_from_string (const gchar * text, ParleyTone * tone)
{
  for (guint i = 0; i < PARLEY_N_TONES; i++) {
    if (strcmp (names[i], text) == 0) {
      *tone = (ParleyTone) i;
      return TRUE;
    }
  }
  return FALSE;
}

/* A correlation is as high at twice the period: the octave nearest to @near is
 * meant. */
static gfloat
nearest_octave (gfloat pitch, gfloat near)
{
  return pitch - roundf (pitch - near);
}

void
parley_prosody_push (ParleyProsody * self, const ParleyProsodyFrame * frame,
    gboolean voice)
{
  self->frames[self->n % FRAMES] = *frame;
  self->n++;
  if (!voice)
    return;
  self->voice_end = self->n;
  if (frame->periodicity < VOICED)
    return;
  if (self->pitch_frames < USUAL_FRAMES)
    self->pitch_frames += 1.0f;
  if (self->pitch_frames <= 1.0f)
    self->pitch = frame->pitch;
  else
    self->pitch += (nearest_octave (frame->pitch, self->pitch) - self->pitch)
        / self->pitch_frames;
}

/* The pitches of the last voiced frames, the oldest first, and for each how
 * many frames before the last voice it was. */
static guint
last_pitches (const ParleyProsody * self, gfloat pitches[LAST_FRAMES],
    guint ages[LAST_FRAMES])
{
  guint64 n = MIN (self->voice_end, FRAMES - (self->n - self->voice_end));
  guint found = 0;

  for (guint age = 0; age < MIN (n, FARTHEST_FRAMES) && found < LAST_FRAMES;
      age++) {
    const ParleyProsodyFrame *frame =
        &self->frames[(self->voice_end - 1 - age) % FRAMES];

    if (frame->periodicity < VOICED)
      continue;
    found++;
    pitches[LAST_FRAMES - found] = frame->pitch;
    ages[LAST_FRAMES - found] = age;
  }
  memmove (pitches, pitches + LAST_FRAMES - found, found * sizeof *pitches);
  memmove (ages, ages + LAST_FRAMES - found, found * sizeof *ages);
  /* No voice leaps by half an octave in 10 ms, and it began near the usual. */
  for (guint i = 0; i < found; i++)
    pitches[i] = nearest_octave (pitches[i], i > 0 ? pitches[i - 1]
        : self->pitch);
  return found;
}

static gfloat
mean (const gfloat * values, guint n)
{
  gfloat sum = 0.0f;

  for (guint i = 0; i < n; i++)
    sum += values[i];
  return sum / n;
}

/* Frames at the end without a break whose pitch stays where it is. */
static guint
steady_frames (const gfloat * pitches, const guint * ages, guint n)
{
  gfloat least = pitches[n - 1], most = least;
  guint steady = 1;

  while (steady < n) {
    gfloat pitch = pitches[n - 1 - steady];

    least = MIN (least, pitch);
    most = MAX (most, pitch);
    if (most - least > HELD_RANGE
        || ages[n - 1 - steady] - ages[n - steady] > 2)
      break;
    steady++;
  }
  return steady;
}

ParleyTone
parley_prosody_get_tone (const ParleyProsody * self)
{
  gfloat pitches[LAST_FRAMES], end, rise;
  guint ages[LAST_FRAMES], n, part;

  if (self->n - self->voice_end >= FRAMES)
    return PARLEY_TONE_UNKNOWN;
  n = last_pitches (self, pitches, ages);
  if (n < FEWEST_FRAMES)
    return PARLEY_TONE_UNKNOWN;
  part = n / 3;
  end = mean (pitches + n - part, part);
  rise = end - mean (pitches, part);
  if (rise > RISE)
    return PARLEY_TONE_RISING;
  if (rise < -FALL || end < self->pitch - LOW)
    return PARLEY_TONE_FALLING;
  return steady_frames (pitches, ages, n) >= HELD_FRAMES ? PARLEY_TONE_HELD
      : PARLEY_TONE_LEVEL;
}
