/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tablesound.h"

#include <math.h>
#include <string.h>

#include "speech/g711.h"
#include "speech/loud.h"

#define RATE 8000
#define PEAK 8000
#define FRAME 160
/* Whole periods in a frame of 20 ms. */
#define LOWEST_HZ 500
#define STEP_HZ 250
/* Frames of a tone, and of other sound, that are no accident. */
#define TONE_FRAMES 3
#define VOICE_FRAMES 8

static gdouble
pitch_of (gchar letter)
{
  return LOWEST_HZ + STEP_HZ * (strchr (TABLE_LETTERS, letter) - TABLE_LETTERS);
}

GBytes *
table_sound_new (gchar letter, guint ms)
{
  gsize n = ms * RATE / 1000;
  g_autofree gint16 *samples = g_new (gint16, n + 1);
  guint8 *mulaw = g_new (guint8, n + 1);

  for (gsize i = 0; i < n; i++)
    samples[i] = PEAK * sin (2 * G_PI * pitch_of (letter) * i / RATE);
  parley_mulaw_encode (samples, mulaw, n);
  return g_bytes_new_take (mulaw, n);
}

/* The share of the frame's energy at @hz. */
static gdouble
share_of (const gint16 * samples, gdouble hz, gdouble energy)
{
  gdouble re = 0, im = 0;

  for (guint i = 0; i < FRAME; i++) {
    re += samples[i] * cos (2 * G_PI * hz * i / RATE);
    im += samples[i] * sin (2 * G_PI * hz * i / RATE);
  }
  return 2 * (re * re + im * im) / (FRAME * energy);
}

/* '\0': quiet. */
static gchar
letter_of (const guint8 * mulaw)
{
  gint16 samples[FRAME];
  gdouble energy = 0;

  parley_mulaw_decode (mulaw, samples, FRAME);
  for (guint i = 0; i < FRAME; i++)
    energy += (gdouble) samples[i] * samples[i];
  if (energy < (gdouble) PARLEY_LOUD * PARLEY_LOUD * FRAME)
    return '\0';
  for (const gchar * letter = TABLE_LETTERS; *letter; letter++)
    if (share_of (samples, pitch_of (*letter), energy) > 0.7)
      return *letter;
  return '~';
}

gchar *
table_sound_hear (const guint8 * mulaw, gsize len)
{
  GString *heard = g_string_new (NULL);
  gchar last = '\0', told = '\0';
  guint n = 0;

  for (gsize i = 0; i + FRAME <= len; i += FRAME) {
    gchar letter = letter_of (mulaw + i);

    n = letter == last ? n + 1 : 1;
    last = letter;
    if (letter == '\0' || letter == told
        || n < (letter == '~' ? VOICE_FRAMES : TONE_FRAMES))
      continue;
    g_string_append_c (heard, letter);
    told = letter;
  }
  return g_string_free (heard, FALSE);
}
