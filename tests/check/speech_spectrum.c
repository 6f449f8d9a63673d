/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "speech/spectrum.h"

#define SIZE PARLEY_SPECTRUM_SIZE

static void
test_against_definition (void)
{
  gfloat samples[SIZE], power[PARLEY_SPECTRUM_BINS];
  GRand *rand = g_rand_new_with_seed (1);

  for (gint i = 0; i < SIZE; i++)
    samples[i] = g_rand_double_range (rand, -1000.0, 1000.0);
  parley_spectrum_power (samples, power);
  for (gint k = 0; k < PARLEY_SPECTRUM_BINS; k++) {
    gdouble re = 0.0, im = 0.0, wanted;

    for (gint i = 0; i < SIZE; i++) {
      re += samples[i] * cos (2.0 * G_PI * k * i / SIZE);
      im += samples[i] * sin (2.0 * G_PI * k * i / SIZE);
    }
    wanted = re * re + im * im;
    g_assert_cmpfloat_with_epsilon (power[k], wanted, 1e-4 * wanted + 100.0);
  }
  g_rand_free (rand);
}

static void
test_tone (void)
{
  gfloat samples[SIZE], power[PARLEY_SPECTRUM_BINS];

  for (gint i = 0; i < SIZE; i++)
    samples[i] = 100.0f * cosf (2.0f * (gfloat) G_PI * 37 * i / SIZE);
  parley_spectrum_power (samples, power);
  for (gint k = 0; k < PARLEY_SPECTRUM_BINS; k++)
    if (k == 37)
      g_assert_cmpfloat_with_epsilon (power[k], 12800.0 * 12800.0, 1e4);
    else
      g_assert_cmpfloat (power[k], <, 1.0);
}

static void
test_silence (void)
{
  static const gfloat samples[SIZE];
  gfloat power[PARLEY_SPECTRUM_BINS];

  parley_spectrum_power (samples, power);
  for (gint k = 0; k < PARLEY_SPECTRUM_BINS; k++)
    g_assert_cmpfloat (power[k], ==, 0.0f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/spectrum/definition", test_against_definition);
  g_test_add_func ("/spectrum/tone", test_tone);
  g_test_add_func ("/spectrum/silence", test_silence);
  return g_test_run ();
}
