/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "speech/g711.h"
#include "speech/mulawresampler.h"

/* Common rates, their neighbours, the ends, and ratios too long for exact
 * phases. */
static const guint rates[] = { 8000, 8001, 11025, 12000, 12345, 16000, 16001,
  22050, 24000, 32000, 44100, 47999, 48000
};

/* What is measured with a tone: mu-law noise in one Goertzel bin of this many
 * codes lies far below it, near -70 dB. */
#define MEASURED 4000
#define AMPLITUDE 20000.0

static gint16 *
make_tone (guint rate, gdouble frequency, gsize n)
{
  gint16 *samples = g_new (gint16, n);

  for (gsize i = 0; i < n; i++)
    samples[i] = (gint16) lrint (AMPLITUDE
        * sin (2.0 * G_PI * frequency * i / rate + 0.3));
  return samples;
}

static GByteArray *
convert (guint rate, const gint16 * samples, gsize n)
{
  g_autoptr (ParleyMulawResampler) resampler =
      parley_mulaw_resampler_new (rate);
  GByteArray *out = g_byte_array_new ();

  parley_mulaw_resampler_push (resampler, samples, n, out);
  parley_mulaw_resampler_drain (resampler, out);
  return out;
}

/* Amplitude of the frequency in the middle of the codes, by one bin of a
 * Hann-windowed transform. */
static gdouble
tone_amplitude (const GByteArray * codes, gdouble frequency)
{
  gdouble re = 0.0, im = 0.0, sum = 0.0;
  guint skip = (codes->len - MEASURED) / 2;

  for (guint i = 0; i < MEASURED; i++) {
    gdouble window = 0.5 - 0.5 * cos (2.0 * G_PI * (i + 0.5) / MEASURED);
    gdouble angle = 2.0 * G_PI * frequency * i / 8000.0;
    gdouble x = parley_mulaw_decode_sample (codes->data[skip + i]);

    re += window * x * cos (angle);
    im += window * x * sin (angle);
    sum += window;
  }
  return 2.0 * hypot (re, im) / sum;
}

/* How a tone of the given frequency comes out at another, in dB. */
static gdouble
measure (guint rate, gdouble frequency, gdouble at)
{
  gsize n = (gsize) (MEASURED + 200) * rate / 8000;
  g_autofree gint16 *samples = make_tone (rate, frequency, n);
  g_autoptr (GByteArray) codes = convert (rate, samples, n);

  return 20.0 * log10 (tone_amplitude (codes, at) / AMPLITUDE + 1e-9);
}

/* Where a frequency folds to at 8 kHz. */
static gdouble
fold (gdouble frequency)
{
  return fabs (frequency - 8000.0 * floor (frequency / 8000.0 + 0.5));
}

static void
test_passband (void)
{
  for (guint r = 0; r < G_N_ELEMENTS (rates); r++)
    for (gdouble f = 100.0; f <= 3400.0; f += 150.0) {
      gdouble gain = measure (rates[r], f, f);

      g_test_message ("%u Hz: %.0f Hz %.2f dB", rates[r], f, gain);
      g_assert_cmpfloat (fabs (gain), <, 0.5);
    }
}

static void
test_aliases (void)
{
  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    gdouble worst = -200.0, step = (rates[r] / 2.0 - 4030.0) / 60.0;

    for (gdouble f = 4030.0; f < rates[r] / 2.0 - 10.0; f += MAX (step, 20.0))
      worst = MAX (worst, measure (rates[r], f, fold (f)));
    g_test_message ("%u Hz: aliases %.1f dB", rates[r], worst);
    g_assert_cmpfloat (worst, <, -40.0);
  }
}

/* Ratios other than whole ones make images of the input's spectrum too. */
static void
test_images (void)
{
  for (guint r = 0; r < G_N_ELEMENTS (rates); r++)
    for (gdouble f = 310.0; f <= 3400.0; f += 440.0) {
      gdouble image = fold (rates[r] - f);

      if (fabs (image - f) < 20.0)
        continue;
      g_assert_cmpfloat (measure (rates[r], f, image), <, -40.0);
    }
}

static gint16 *
make_noise (guint32 seed, gsize n)
{
  GRand *rand = g_rand_new_with_seed (seed);
  gint16 *samples = g_new (gint16, n);

  for (gsize i = 0; i < n; i++)
    samples[i] = (gint16) g_rand_int (rand);
  g_rand_free (rand);
  return samples;
}

static void
test_splits (void)
{
  const gsize n = 6000;
  g_autofree gint16 *samples = make_noise (7, n);
  GRand *rand = g_rand_new_with_seed (42);

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    g_autoptr (GByteArray) whole = convert (rates[r], samples, n);

    for (guint run = 0; run < 40; run++) {
      g_autoptr (ParleyMulawResampler) resampler =
          parley_mulaw_resampler_new (rates[r]);
      g_autoptr (GByteArray) out = g_byte_array_new ();
      gint longest = run < 20 ? 30 : 700;

      for (gsize at = 0; at < n;) {
        gsize piece = run == 0 ? 1 : g_rand_int_range (rand, 0, longest);

        piece = MIN (piece, n - at);
        parley_mulaw_resampler_push (resampler, samples + at, piece, out);
        at += piece;
      }
      parley_mulaw_resampler_drain (resampler, out);
      g_assert_cmpmem (out->data, out->len, whole->data, whole->len);
    }
  }
  g_rand_free (rand);
}

static void
test_lengths (void)
{
  g_autofree gint16 *samples = make_noise (3, 50000);

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++)
    for (gsize n = 0; n < 50000; n += n < 400 ? 1 : 997) {
      g_autoptr (GByteArray) out = convert (rates[r], samples, n);
      guint wanted = (guint) floor (n * 8000.0 / rates[r] + 0.5);

      g_assert_cmpuint (out->len, ==, wanted);
    }
}

/* No code is held back longer than the delay tells. */
static void
test_delay (void)
{
  g_autofree gint16 *samples = make_noise (5, 4800);

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    g_autoptr (ParleyMulawResampler) resampler =
        parley_mulaw_resampler_new (rates[r]);
    g_autoptr (GByteArray) out = g_byte_array_new ();
    guint delay = parley_mulaw_resampler_get_delay (resampler);

    g_assert_cmpuint (delay * 1000, <=, rates[r] * 5 / 2);
    for (guint n = 1; n <= 4800; n++) {
      parley_mulaw_resampler_push (resampler, samples + n - 1, 1, out);
      if (n > delay)
        g_assert_cmpuint (out->len, >=, (n - delay - 1) * 8000 / rates[r] + 1);
    }
  }
}

/* A pulse comes out at its own time. */
static void
test_not_shifted (void)
{
  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    g_autofree gint16 *samples = g_new0 (gint16, 24000);
    g_autoptr (GByteArray) out = NULL;
    guint at = rates[r] / 10, best = 0;

    for (guint i = 0; i <= rates[r] / 4000; i++)
      samples[at - rates[r] / 8000 + i] = 30000;
    out = convert (rates[r], samples, 24000);
    for (guint i = 0; i < out->len; i++)
      if (parley_mulaw_decode_sample (out->data[i])
          > parley_mulaw_decode_sample (out->data[best]))
        best = i;
    g_assert_cmpint (ABS ((gint) best - 800), <=, 1);
  }
}

static void
test_silence (void)
{
  static const gint16 zeros[48000];

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    g_autoptr (GByteArray) out = convert (rates[r], zeros, rates[r]);

    g_assert_cmpuint (out->len, ==, 8000);
    for (guint i = 0; i < out->len; i++)
      g_assert_cmphex (out->data[i], ==, PARLEY_MULAW_SILENCE);
  }
}

static void
test_plain_at_8000 (void)
{
  gint16 *samples = g_new (gint16, 65536);
  g_autoptr (GByteArray) out = NULL;

  for (gint i = 0; i < 65536; i++)
    samples[i] = (gint16) (i + G_MININT16);
  out = convert (8000, samples, 65536);
  g_assert_cmpuint (out->len, ==, 65536);
  for (gint i = 0; i < 65536; i++)
    g_assert_cmphex (out->data[i], ==, parley_mulaw_encode_sample (samples[i]));
  g_free (samples);
}

/* A full-scale square wave overshoots when filtered: it has to clip, and
 * never to wrap to the other sign. */
static void
test_extremes (void)
{
  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    guint n = rates[r] / 10;
    g_autofree gint16 *samples = g_new (gint16, n);
    g_autoptr (GByteArray) out = NULL;

    for (guint i = 0; i < n; i++)
      samples[i] = (i * 200 / rates[r]) % 2 ? G_MININT16 : G_MAXINT16;
    out = convert (rates[r], samples, n);
    for (guint i = 0; i < out->len; i++) {
      gint sample = parley_mulaw_decode_sample (out->data[i]);

      if (i % 40 >= 4 && i % 40 < 36)
        g_assert_cmpint ((i / 40) % 2 ? -sample : sample, >, 20000);
    }
  }
}

/* The signs of the filter's taps at full scale make the largest sum there
 * is. */
static void
test_worst_case_sum (void)
{
  for (guint r = 1; r < G_N_ELEMENTS (rates); r++) {
    g_autofree gint16 *samples = g_new (gint16, 4000);
    g_autoptr (GByteArray) out = NULL;
    guint centre = rates[r] / 40;

    for (guint i = 0; i < 4000; i++) {
      gdouble x = 2.0 * 3660.0 * ((gdouble) i - centre) / rates[r];

      samples[i] = x == 0.0 || sin (G_PI * x) / x > 0.0 ?
          G_MAXINT16 : G_MININT16;
    }
    out = convert (rates[r], samples, 4000);
    g_assert_cmphex (out->data[200], ==, 0x80);
  }
}

static void
test_reset (void)
{
  g_autofree gint16 *samples = make_noise (9, 5000);

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    g_autoptr (GByteArray) fresh = convert (rates[r], samples, 5000);
    g_autoptr (GByteArray) out = g_byte_array_new ();
    g_autoptr (ParleyMulawResampler) resampler =
        parley_mulaw_resampler_new (rates[r]);

    parley_mulaw_resampler_push (resampler, samples + 777, 1234, out);
    parley_mulaw_resampler_reset (resampler);
    g_byte_array_set_size (out, 0);
    parley_mulaw_resampler_push (resampler, samples, 5000, out);
    parley_mulaw_resampler_drain (resampler, out);
    g_assert_cmpmem (out->data, out->len, fresh->data, fresh->len);

    /* And draining reset it again. */
    g_byte_array_set_size (out, 0);
    parley_mulaw_resampler_push (resampler, samples, 5000, out);
    parley_mulaw_resampler_drain (resampler, out);
    g_assert_cmpmem (out->data, out->len, fresh->data, fresh->len);
  }
}

static void
test_rate_range (void)
{
  g_assert_null (parley_mulaw_resampler_new (0));
  g_assert_null (parley_mulaw_resampler_new (7999));
  g_assert_null (parley_mulaw_resampler_new (48001));
}

static gpointer
convert_in_thread (gpointer samples)
{
  GByteArray *all = g_byte_array_new ();

  for (guint rate = 20000; rate < 20040; rate++) {
    g_autoptr (GByteArray) out = convert (rate, samples, 2000);

    g_byte_array_append (all, out->data, out->len);
  }
  return all;
}

static void
test_threads (void)
{
  g_autofree gint16 *samples = make_noise (11, 2000);
  GThread *threads[4];
  GByteArray *results[4];

  for (guint i = 0; i < 4; i++)
    threads[i] = g_thread_new ("convert", convert_in_thread, samples);
  for (guint i = 0; i < 4; i++)
    results[i] = g_thread_join (threads[i]);
  for (guint i = 0; i < 4; i++) {
    g_assert_cmpmem (results[i]->data, results[i]->len, results[0]->data,
        results[0]->len);
    if (i > 0)
      g_byte_array_unref (results[i]);
  }
  g_byte_array_unref (results[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/mulawresampler/passband", test_passband);
  g_test_add_func ("/mulawresampler/aliases", test_aliases);
  g_test_add_func ("/mulawresampler/images", test_images);
  g_test_add_func ("/mulawresampler/any-split", test_splits);
  g_test_add_func ("/mulawresampler/lengths", test_lengths);
  g_test_add_func ("/mulawresampler/delay", test_delay);
  g_test_add_func ("/mulawresampler/not-shifted", test_not_shifted);
  g_test_add_func ("/mulawresampler/silence", test_silence);
  g_test_add_func ("/mulawresampler/plain-at-8000", test_plain_at_8000);
  g_test_add_func ("/mulawresampler/extremes", test_extremes);
  g_test_add_func ("/mulawresampler/worst-case-sum", test_worst_case_sum);
  g_test_add_func ("/mulawresampler/reset", test_reset);
  g_test_add_func ("/mulawresampler/rate-range", test_rate_range);
  g_test_add_func ("/mulawresampler/threads", test_threads);
  return g_test_run ();
}
