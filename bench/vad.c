/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Milliseconds of one core that ParleyVad takes for a second of audio: the
 * median of ROUNDS runs over a minute of synthetic talk in noise.
 */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "speech/vad.h"

#define SECONDS 60
#define N_FRAMES (SECONDS * 100)
#define ROUNDS 9

static gint16 *
make_talk (void)
{
  gint16 *samples = g_new (gint16, N_FRAMES * PARLEY_VAD_FRAME_SAMPLES);
  GRand *rand = g_rand_new_with_seed (1);

  for (gint i = 0; i < N_FRAMES * PARLEY_VAD_FRAME_SAMPLES; i++) {
    gdouble t = i / 8000.0, envelope = sin (2.0 * G_PI * 0.3 * t), sum = 0.0;

    for (gint k = 1; k <= 8; k++)
      sum += sin (2.0 * G_PI * 130.0 * k * t) / k;
    samples[i] = (gint16) (5000.0 * MAX (envelope, 0.0) * sum
        + g_rand_double_range (rand, -100.0, 100.0));
  }
  g_rand_free (rand);
  return samples;
}

static gdouble
cpu_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1e3 + now.tv_nsec * 1e-6;
}

static gdouble
time_vad (const gint16 * samples)
{
  g_autoptr (ParleyVad) vad = parley_vad_new (0.5);
  gdouble start = cpu_ms ();

  for (gint i = 0; i < N_FRAMES; i++)
    parley_vad_frame (vad, samples + i * PARLEY_VAD_FRAME_SAMPLES, NULL);
  return (cpu_ms () - start) / SECONDS;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return (x > y) - (x < y);
}

int
main (void)
{
  g_autofree gint16 *samples = make_talk ();
  gdouble times[ROUNDS];

  time_vad (samples);
  for (gint i = 0; i < ROUNDS; i++)
    times[i] = time_vad (samples);
  qsort (times, ROUNDS, sizeof (gdouble), compare);
  g_print ("{\"name\":\"vad\",\"value\":%.4f,\"unit\":\"ms/s\",\"goal\":0.3,"
      "\"better\":\"lower\",\"against\":null,\"ratio\":null}\n",
      times[ROUNDS / 2]);
  return 0;
}
