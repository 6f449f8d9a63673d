/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/spectrum.h"

#include <math.h>

/* A real transform of N samples is a complex one of N / 2, even samples being
 * its real and odd ones its imaginary parts. */
#define HALF (PARLEY_SPECTRUM_SIZE / 2)

static gfloat twiddle_re[HALF], twiddle_im[HALF];

static void
build_tables (void)
{
  static gsize built;

  if (g_once_init_enter (&built)) {
    for (gint k = 0; k < HALF; k++) {
      twiddle_re[k] = (gfloat) cos (2.0 * G_PI * k / PARLEY_SPECTRUM_SIZE);
      twiddle_im[k] = (gfloat) - sin (2.0 * G_PI * k / PARLEY_SPECTRUM_SIZE);
    }
    g_once_init_leave (&built, 1);
  }
}

typedef struct
{
  gfloat re[HALF];
  gfloat im[HALF];
} Complex;

/* One radix-2 pass in Stockham's order: runs of stride values are combined
 * and land sorted, so that there is no bit reversal and the inner loop reads
 * and writes in sequence. */
static inline void
combine (const Complex * restrict from, Complex * restrict to, gint stride)
{
  gint pairs = HALF / (2 * stride);

  for (gint p = 0; p < pairs; p++) {
    gfloat wr = twiddle_re[2 * p * stride], wi = twiddle_im[2 * p * stride];
    const gfloat *ar = from->re + p * stride, *ai = from->im + p * stride;
    const gfloat *br = ar + HALF / 2, *bi = ai + HALF / 2;
    gfloat *sr = to->re + 2 * p * stride, *si = to->im + 2 * p * stride;
    gfloat *dr = sr + stride, *di = si + stride;

    for (gint k = 0; k < stride; k++) {
      gfloat re = ar[k] - br[k], im = ai[k] - bi[k];

      sr[k] = ar[k] + br[k];
      si[k] = ai[k] + bi[k];
      dr[k] = re * wr - im * wi;
      di[k] = re * wi + im * wr;
    }
  }
}

/* Seven passes; the result is in the second array. */
static void
transform (Complex * a, Complex * b)
{
  combine (a, b, 1);
  combine (b, a, 2);
  combine (a, b, 4);
  combine (b, a, 8);
  combine (a, b, 16);
  combine (b, a, 32);
  combine (a, b, 64);
}

G_STATIC_ASSERT (HALF == 128);

void
parley_spectrum_power (const gfloat * samples, gfloat * power)
{
  Complex a, b;

  build_tables ();
  for (gint k = 0; k < HALF; k++) {
    a.re[k] = samples[2 * k];
    a.im[k] = samples[2 * k + 1];
  }
  transform (&a, &b);

  power[0] = (b.re[0] + b.im[0]) * (b.re[0] + b.im[0]);
  power[HALF] = (b.re[0] - b.im[0]) * (b.re[0] - b.im[0]);
  for (gint k = 1; k < HALF; k++) {
    gfloat er = 0.5f * (b.re[k] + b.re[HALF - k]);
    gfloat ei = 0.5f * (b.im[k] - b.im[HALF - k]);
    gfloat or = 0.5f * (b.im[k] + b.im[HALF - k]);
    gfloat oi = 0.5f * (b.re[HALF - k] - b.re[k]);
    gfloat re = er + or * twiddle_re[k] - oi * twiddle_im[k];
    gfloat im = ei + or * twiddle_im[k] + oi * twiddle_re[k];

    power[k] = re * re + im * im;
  }
}
