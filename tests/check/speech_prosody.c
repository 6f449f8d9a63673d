/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tones of made-up voices, in frames and as sound through ParleyVad. */
#include "speech/prosody.h"

#include <math.h>
#include <string.h>

#include "speech/vad.h"

/* @n frames whose pitch goes from one to the other, in octaves. */
static void
voice (ParleyProsody * self, guint n, gfloat from, gfloat to)
{
  for (guint i = 0; i < n; i++) {
    ParleyProsodyFrame frame = {.periodicity = 0.95f };

    frame.pitch = from + (to - from) * i / n;
    parley_prosody_push (self, &frame, TRUE);
  }
}

static void
quiet (ParleyProsody * self, guint n)
{
  ParleyProsodyFrame frame = {.pitch = 2.3f };

  for (guint i = 0; i < n; i++)
    parley_prosody_push (self, &frame, FALSE);
}

static void
assert_tone (const ParleyProsody * self, ParleyTone tone)
{
  g_assert_cmpstr (parley_tone_to_string (parley_prosody_get_tone (self)), ==,
      parley_tone_to_string (tone));
}

static void
test_tones (void)
{
  static const struct
  {
    gfloat from, to;
    ParleyTone tone;
  } cases[] = {
    {1.0f, 0.5f, PARLEY_TONE_FALLING},
    {0.6f, 0.6f, PARLEY_TONE_FALLING},  /* low all the while */
    {1.0f, 1.4f, PARLEY_TONE_RISING},
    {1.0f, 1.0f, PARLEY_TONE_HELD},
    {0.92f, 1.08f, PARLEY_TONE_LEVEL},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    ParleyProsody self = { 0 };

    voice (&self, 150, 0.9f, 1.1f);
    voice (&self, 24, cases[i].from, cases[i].to);
    quiet (&self, 12);
    g_test_message ("%g to %g", cases[i].from, cases[i].to);
    assert_tone (&self, cases[i].tone);
  }
}

/* Twice the period is as likely: the pitch of one frame in three is an octave
 * lower. */
static void
test_octaves (void)
{
  ParleyProsody self = { 0 };

  voice (&self, 150, 1.6f, 1.6f);
  for (guint i = 0; i < 24; i++) {
    gfloat pitch = 1.6f + i / 60.0f - (i % 3 == 0 ? 1.0f : 0.0f);

    voice (&self, 1, pitch, pitch);
  }
  assert_tone (&self, PARLEY_TONE_RISING);
}

static void
test_unknown (void)
{
  ParleyProsody self = { 0 };

  assert_tone (&self, PARLEY_TONE_UNKNOWN);
  voice (&self, 7, 1.0f, 1.0f);
  assert_tone (&self, PARLEY_TONE_UNKNOWN);
  voice (&self, 24, 1.0f, 1.4f);
  assert_tone (&self, PARLEY_TONE_RISING);
  quiet (&self, PARLEY_PROSODY_FRAMES);
  assert_tone (&self, PARLEY_TONE_UNKNOWN);
}

static void
test_names (void)
{
  for (guint i = 0; i < PARLEY_N_TONES; i++) {
    ParleyTone tone;

    g_assert_true (parley_tone_from_string (parley_tone_to_string (i), &tone));
    g_assert_cmpint (tone, ==, i);
  }
  g_assert_false (parley_tone_from_string ("high", &(ParleyTone) {
          0}
      ));
}

/* A buzz with the overtones of a vowel, its pitch going from one to the
 * other. */
static void
buzz (ParleyProsody * self, ParleyVad * vad, guint n_frames, gdouble from,
    gdouble to, gdouble * phase)
{
  for (guint i = 0; i < n_frames; i++) {
    gint16 frame[PARLEY_VAD_FRAME_SAMPLES];
    gdouble pitch = from + (to - from) * i / n_frames;
    ParleyVadResult heard;

    for (guint j = 0; j < G_N_ELEMENTS (frame); j++) {
      gdouble sum = 0.0;

      *phase += 2 * G_PI * pitch / 8000.0;
      for (guint k = 1; k * pitch < 3400.0; k++)
        sum += sin (k * *phase) / k;
      frame[j] = (gint16) (4000 * sum);
    }
    parley_vad_frame (vad, frame, &heard);
    parley_prosody_push (self, &(ParleyProsodyFrame) {
        heard.pitch, heard.periodicity}
        , TRUE);
  }
}

static ParleyTone
tone_of_buzz (gdouble from, gdouble to)
{
  g_autoptr (ParleyVad) vad = parley_vad_new (0.5);
  ParleyProsody self = { 0 };
  gdouble phase = 0.0;

  buzz (&self, vad, 150, 120.0, 120.0, &phase);
  buzz (&self, vad, 30, from, to, &phase);
  return parley_prosody_get_tone (&self);
}

static void
test_sound (void)
{
  g_assert_cmpint (tone_of_buzz (120.0, 80.0), ==, PARLEY_TONE_FALLING);
  g_assert_cmpint (tone_of_buzz (120.0, 170.0), ==, PARLEY_TONE_RISING);
  g_assert_cmpint (tone_of_buzz (120.0, 120.0), ==, PARLEY_TONE_HELD);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/prosody/tones", test_tones);
  g_test_add_func ("/prosody/octaves", test_octaves);
  g_test_add_func ("/prosody/unknown", test_unknown);
  g_test_add_func ("/prosody/names", test_names);
  g_test_add_func ("/prosody/sound", test_sound);
  return g_test_run ();
}
