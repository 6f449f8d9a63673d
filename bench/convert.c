/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conversion of 24 kHz speech to mu-law: ParleyMulawResampler beside
 * `audioresample ! mulawenc`, in 20 ms buffers, in one process. Each round
 * times both; the figure is the ratio of the medians.
 */
#include <math.h>
#include <stdlib.h>

#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include "speech/mulawresampler.h"

#define RATE 24000
#define CHUNK (RATE / 50)
#define SECONDS 60
#define N_CHUNKS (SECONDS * 50)
#define ROUNDS 9
#define AGAINST "audioresample ! mulawenc"

/* Harmonics with a syllable's envelope, over a little noise. */
static gint16 *
make_speech (void)
{
  gint16 *samples = g_new (gint16, N_CHUNKS * CHUNK);
  GRand *noise = g_rand_new_with_seed (1);

  for (gint i = 0; i < N_CHUNKS * CHUNK; i++) {
    gdouble t = (gdouble) i / RATE, sum = 0.0;

    for (gint k = 1; k <= 12; k++)
      sum += sin (2.0 * G_PI * 140.0 * k * t) / k;
    sum *= 6000.0 * (0.5 + 0.5 * sin (2.0 * G_PI * 4.0 * t));
    samples[i] = (gint16) (sum + g_rand_double_range (noise, -300, 300));
  }
  g_rand_free (noise);
  return samples;
}

/* Microseconds for all of it. */
static gdouble
time_parley (const gint16 * samples)
{
  g_autoptr (ParleyMulawResampler) resampler =
      parley_mulaw_resampler_new (RATE);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  gint64 start = g_get_monotonic_time ();

  for (gint i = 0; i < N_CHUNKS; i++) {
    g_byte_array_set_size (out, 0);
    parley_mulaw_resampler_push (resampler, samples + i * CHUNK, CHUNK, out);
  }
  return g_get_monotonic_time () - start;
}

static GstBuffer *
wrap_chunk (const gint16 * samples, gint i)
{
  GstBuffer *buffer = gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY,
      (gpointer) (samples + i * CHUNK), CHUNK * sizeof (gint16), 0,
      CHUNK * sizeof (gint16), NULL, NULL);

  GST_BUFFER_PTS (buffer) = i * 20 * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = 20 * GST_MSECOND;
  return buffer;
}

static gdouble
time_elements (const gint16 * samples)
{
  GstHarness *harness = gst_harness_new_parse (AGAINST);
  GstBuffer **buffers = g_new (GstBuffer *, N_CHUNKS);
  gint64 start;
  gdouble elapsed;

  gst_harness_set_src_caps_str (harness, "audio/x-raw, format=S16LE, "
      "layout=interleaved, channels=1, rate=" G_STRINGIFY (RATE));
  gst_harness_set_sink_caps_str (harness,
      "audio/x-mulaw, rate=8000, channels=1");
  gst_harness_set_drop_buffers (harness, TRUE);
  for (gint i = 0; i < N_CHUNKS; i++)
    buffers[i] = wrap_chunk (samples, i);

  start = g_get_monotonic_time ();
  for (gint i = 0; i < N_CHUNKS; i++)
    if (gst_harness_push (harness, buffers[i]) != GST_FLOW_OK)
      g_error ("%s failed", AGAINST);
  elapsed = g_get_monotonic_time () - start;
  g_free (buffers);
  gst_harness_teardown (harness);
  return elapsed;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return (x > y) - (x < y);
}

static gdouble
median (gdouble * values)
{
  qsort (values, ROUNDS, sizeof (gdouble), compare);
  return values[ROUNDS / 2];
}

int
main (int argc, char **argv)
{
  g_autofree gint16 *samples = make_speech ();
  gdouble ours[ROUNDS], theirs[ROUNDS], ratio;

  gst_init (&argc, &argv);
  time_parley (samples);
  time_elements (samples);
  for (gint round = 0; round < ROUNDS; round++) {
    ours[round] = time_parley (samples);
    theirs[round] = time_elements (samples);
  }
  ratio = median (theirs) / median (ours);
  g_printerr ("%.1f us and %.1f us a second of audio\n",
      ours[ROUNDS / 2] / SECONDS, theirs[ROUNDS / 2] / SECONDS);
  g_print ("{\"name\":\"convert-24k\",\"value\":%.2f,\"unit\":\"x\","
      "\"goal\":3,\"better\":\"higher\",\"against\":\"" AGAINST "\","
      "\"ratio\":%.2f}\n", ratio, ratio);
  return 0;
}
