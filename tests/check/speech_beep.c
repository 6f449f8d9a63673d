/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>
#include <string.h>

#include "speech/beep.h"
#include "speech/g711.h"

#define RATE 8000

/* Adds @ms of the tones @hz and @hz2 (0: none), each so loud, and noise. */
static void
add (GByteArray * line, guint ms, gdouble hz, gdouble hz2, gdouble level,
    gdouble noise)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < ms * RATE / 1000; i++) {
    gdouble sample = sin (2 * G_PI * hz * i / RATE) * level
        + (hz2 > 0 ? sin (2 * G_PI * hz2 * i / RATE) * level : 0)
        + g_rand_double_range (rand, -1, 1) * noise;
    guint8 byte = parley_mulaw_encode_sample (sample);

    g_byte_array_append (line, &byte, 1);
  }
}

static guint
count (GByteArray * line)
{
  ParleyBeep beep = { {0} };
  guint n = 0;

  /* As packets of any length. */
  for (guint at = 0; at < line->len; at += 130)
    n += parley_beep_feed (&beep, line->data + at, MIN (130, line->len - at));
  return n;
}

/* Quiet, then a tone, then quiet. */
static guint
count_tone (guint ms, gdouble hz, gdouble hz2, gdouble level, gdouble noise)
{
  g_autoptr (GByteArray) line = g_byte_array_new ();

  add (line, 510, 0, 0, 0, noise);
  add (line, ms, hz, hz2, level, noise);
  add (line, 500, 0, 0, 0, noise);
  return count (line);
}

static void
test_pitches (void)
{
  for (guint hz = 370; hz <= 2180; hz += 7)
    if (count_tone (400, hz, 0, 8000, 0) != 1)
      g_error ("no beep of %u Hz", hz);
}

static void
test_levels (void)
{
  g_assert_cmpuint (count_tone (400, 1000, 0, 800, 0), ==, 1);
  g_assert_cmpuint (count_tone (400, 1000, 0, 30000, 0), ==, 1);
  g_assert_cmpuint (count_tone (400, 1000, 0, 100, 0), ==, 0);
}

/* Noise 25 dB below. */
static void
test_on_a_noisy_line (void)
{
  for (guint hz = 400; hz <= 2100; hz += 50)
    if (count_tone (400, hz, 0, 8000, 600) != 1)
      g_error ("no beep of %u Hz in noise", hz);
}

static void
test_lengths (void)
{
  g_assert_cmpuint (count_tone (150, 1000, 0, 8000, 0), ==, 0);
  g_assert_cmpuint (count_tone (250, 1000, 0, 8000, 0), ==, 1);
  g_assert_cmpuint (count_tone (1500, 1000, 0, 8000, 0), ==, 1);
}

static void
test_other_pitches (void)
{
  g_assert_cmpuint (count_tone (400, 200, 0, 8000, 0), ==, 0);
  g_assert_cmpuint (count_tone (400, 300, 0, 8000, 0), ==, 0);
  g_assert_cmpuint (count_tone (400, 2400, 0, 8000, 0), ==, 0);
  g_assert_cmpuint (count_tone (400, 3500, 0, 8000, 0), ==, 0);
}

/* A key, ringing, noise. */
static void
test_other_sounds (void)
{
  g_assert_cmpuint (count_tone (400, 770, 1336, 8000, 0), ==, 0);
  g_assert_cmpuint (count_tone (400, 440, 480, 8000, 0), ==, 0);
  g_assert_cmpuint (count_tone (400, 0, 0, 0, 12000), ==, 0);
}

/* Speech follows: it is no end of a greeting. */
static void
test_without_silence (void)
{
  g_autoptr (GByteArray) line = g_byte_array_new ();

  add (line, 400, 1000, 0, 8000, 0);
  add (line, 400, 0, 0, 0, 8000);
  add (line, 400, 0, 0, 0, 0);
  g_assert_cmpuint (count (line), ==, 0);
}

static void
test_two (void)
{
  g_autoptr (GByteArray) line = g_byte_array_new ();

  for (guint i = 0; i < 2; i++) {
    add (line, 300, 850 + i * 150, 0, 8000, 0);
    add (line, 300, 0, 0, 0, 0);
  }
  g_assert_cmpuint (count (line), ==, 2);
}

/* A voice that glides, with its overtones. */
static void
test_voice (void)
{
  g_autoptr (GByteArray) line = g_byte_array_new ();
  gdouble phase = 0;

  for (guint i = 0; i < 2 * RATE; i++) {
    gdouble pitch = 180 + 40 * sin (2 * G_PI * 1.5 * i / RATE);
    gdouble sample = 0;
    guint8 byte;

    phase += 2 * G_PI * pitch / RATE;
    for (guint k = 1; k < 12; k++)
      sample += sin (k * phase) / k * 5000;
    byte = parley_mulaw_encode_sample (sample);
    g_byte_array_append (line, &byte, 1);
  }
  add (line, 500, 0, 0, 0, 0);
  g_assert_cmpuint (count (line), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/beep/pitches", test_pitches);
  g_test_add_func ("/beep/levels", test_levels);
  g_test_add_func ("/beep/on-a-noisy-line", test_on_a_noisy_line);
  g_test_add_func ("/beep/lengths", test_lengths);
  g_test_add_func ("/beep/other-pitches", test_other_pitches);
  g_test_add_func ("/beep/other-sounds", test_other_sounds);
  g_test_add_func ("/beep/without-silence", test_without_silence);
  g_test_add_func ("/beep/two", test_two);
  g_test_add_func ("/beep/voice", test_voice);
  return g_test_run ();
}
