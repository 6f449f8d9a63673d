/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/spectrum.h"

#include <math.h>
#include <string.h>

/* A real transform of N samples is a complex one of N / 2, even samples being
 * its real and odd ones its imaginary parts. */
#define HALF (PARLEY_SPECTRUM_SIZE / 2)

/* Three quarters of a turn: a pass of radix 4 takes the third power too. */
#define N_TWIDDLES (3 * PARLEY_SPECTRUM_SIZE / 4)
#define QUARTER (HALF / 4)

static gfloat twiddle_re[N_TWIDDLES], twiddle_im[N_TWIDDLES];

/* The powers 1 to 3 that the first pass takes, in its order. */
static gfloat first_re[3][QUARTER], first_im[3][QUARTER];

static void
build_tables (void)
{
  static gsize built;

  if (g_once_init_enter (&built)) {
    for (gint k = 0; k < N_TWIDDLES; k++) {
      twiddle_re[k] = (gfloat) cos (2.0 * G_PI * k / PARLEY_SPECTRUM_SIZE);
      twiddle_im[k] = (gfloat) - sin (2.0 * G_PI * k / PARLEY_SPECTRUM_SIZE);
    }
    for (gint i = 0; i < 3 * QUARTER; i++) {
      gint power = i / QUARTER, k = 2 * (power + 1) * (i % QUARTER);

      first_re[power][i % QUARTER] = twiddle_re[k];
      first_im[power][i % QUARTER] = twiddle_im[k];
    }
    g_once_init_leave (&built, 1);
  }
}

typedef gfloat Lanes __attribute__((vector_size (16)));

typedef struct
{
  Lanes re[HALF / 4];
  Lanes im[HALF / 4];
} Complex;

typedef struct
{
  Lanes re, im;
} Number;

static inline Number
number_at (const Complex * from, gint lanes)
{
  Number n = { from->re[lanes], from->im[lanes] };

  return n;
}

static inline Number
times (Number a, Lanes re, Lanes im)
{
  Number product = { a.re * re - a.im * im, a.re * im + a.im * re };

  return product;
}

/* Transforms of four numbers each, a lane its own: those a quarter of the whole
 * apart. */
static inline void
butterfly (const Complex * from, gint at, Number out[4])
{
  Number a = number_at (from, at), b = number_at (from, at + QUARTER / 4);
  Number c = number_at (from, at + 2 * QUARTER / 4);
  Number d = number_at (from, at + 3 * QUARTER / 4);
  Number even = { a.re + c.re, a.im + c.im };
  Number odd = { b.re + d.re, b.im + d.im };
  Number across = { a.re - c.re, a.im - c.im };
  Number turned = { b.im - d.im, d.re - b.re };

  out[0].re = even.re + odd.re;
  out[0].im = even.im + odd.im;
  out[1].re = across.re + turned.re;
  out[1].im = across.im + turned.im;
  out[2].re = even.re - odd.re;
  out[2].im = even.im - odd.im;
  out[3].re = across.re - turned.re;
  out[3].im = across.im - turned.im;
}

/* Four vectors become the columns of what lies at @to. */
static inline void
store_turned (Lanes a, Lanes b, Lanes c, Lanes d, Lanes * to)
{
  Lanes ab = __builtin_shufflevector (a, b, 0, 4, 1, 5);
  Lanes cd = __builtin_shufflevector (c, d, 0, 4, 1, 5);

  to[0] = __builtin_shufflevector (ab, cd, 0, 1, 4, 5);
  to[1] = __builtin_shufflevector (ab, cd, 2, 3, 6, 7);
  ab = __builtin_shufflevector (a, b, 2, 6, 3, 7);
  cd = __builtin_shufflevector (c, d, 2, 6, 3, 7);
  to[2] = __builtin_shufflevector (ab, cd, 0, 1, 4, 5);
  to[3] = __builtin_shufflevector (ab, cd, 2, 3, 6, 7);
}

/* Passes are in Stockham's order: their results land sorted, so that there is
 * no bit reversal. The first one's do so side by side. */
static inline void
first_pass (const Complex * restrict from, Complex * restrict to)
{
  for (gint p = 0; p < QUARTER / 4; p++) {
    Number out[4];

    butterfly (from, p, out);
    for (gint k = 1; k < 4; k++) {
      Lanes re, im;

      memcpy (&re, first_re[k - 1] + 4 * p, sizeof (re));
      memcpy (&im, first_im[k - 1] + 4 * p, sizeof (im));
      out[k] = times (out[k], re, im);
    }
    store_turned (out[0].re, out[1].re, out[2].re, out[3].re, to->re + 4 * p);
    store_turned (out[0].im, out[1].im, out[2].im, out[3].im, to->im + 4 * p);
  }
}

/* Of runs of @stride numbers. */
static inline void
pass (const Complex * restrict from, Complex * restrict to, gint stride)
{
  gint lanes = stride / 4;

  for (gint p = 0; p < QUARTER / stride; p++)
    for (gint q = 0; q < lanes; q++) {
      Number out[4];

      butterfly (from, p * lanes + q, out);
      for (gint k = 1; k < 4; k++)
        out[k] = times (out[k], (Lanes) {
            0}
          +twiddle_re[2 * k * p * stride], (Lanes) {
          0}
          +twiddle_im[2 * k * p * stride]);
      for (gint k = 0; k < 4; k++) {
        to->re[(4 * p + k) * lanes + q] = out[k].re;
        to->im[(4 * p + k) * lanes + q] = out[k].im;
      }
    }
}

/* Of two halves, without twiddles. */
static inline void
last_pass (Complex * a)
{
  for (gint q = 0; q < HALF / 8; q++) {
    Lanes re = a->re[q], im = a->im[q];

    a->re[q] = re + a->re[q + HALF / 8];
    a->im[q] = im + a->im[q + HALF / 8];
    a->re[q + HALF / 8] = re - a->re[q + HALF / 8];
    a->im[q + HALF / 8] = im - a->im[q + HALF / 8];
  }
}

/* The result is in the second array. */
static void
transform (Complex * a, Complex * b)
{
  first_pass (a, b);
  pass (b, a, 4);
  pass (a, b, 16);
  last_pass (b);
}

G_STATIC_ASSERT (HALF == 128);

static inline Lanes
load (const gfloat * from)
{
  Lanes lanes;

  memcpy (&lanes, from, sizeof (lanes));
  return lanes;
}

static inline Lanes
load_backwards (const gfloat * from)
{
  Lanes lanes = load (from);

  return __builtin_shufflevector (lanes, lanes, 3, 2, 1, 0);
}

/* The bins from @k on, and those mirrored at the middle, from the transform of
 * the two halves. */
static inline void
separate (const gfloat * re, const gfloat * im, gint k, gfloat * power)
{
  gint mirror = HALF - k - 3;
  Lanes re1 = load (re + k), re2 = load_backwards (re + mirror);
  Lanes im1 = load (im + k), im2 = load_backwards (im + mirror);
  Number even = { re1 + re2, im1 - im2 };
  Number odd = times ((Number) { im1 + im2, re2 - re1 },
      load (twiddle_re + k), load (twiddle_im + k));
  Lanes low_re = even.re + odd.re, low_im = even.im + odd.im;
  Lanes high_re = even.re - odd.re, high_im = even.im - odd.im;
  Lanes low = 0.25f * (low_re * low_re + low_im * low_im);
  Lanes high = 0.25f * (high_re * high_re + high_im * high_im);

  memcpy (power + k, &low, sizeof (low));
  high = __builtin_shufflevector (high, high, 3, 2, 1, 0);
  memcpy (power + mirror, &high, sizeof (high));
}

void
parley_spectrum_power (const gfloat * samples, gfloat * power)
{
  Complex a, b;
  const gfloat *re = (const gfloat *) b.re, *im = (const gfloat *) b.im;

  build_tables ();
  for (gint i = 0; i < HALF / 4; i++) {
    Lanes first = load (samples + 8 * i), second = load (samples + 8 * i + 4);

    a.re[i] = __builtin_shufflevector (first, second, 0, 2, 4, 6);
    a.im[i] = __builtin_shufflevector (first, second, 1, 3, 5, 7);
  }
  transform (&a, &b);

  /* The middle bin belongs to both sides, hence one step less. */
  for (gint k = 1; k < HALF / 2 - 3; k += 4)
    separate (re, im, k, power);
  separate (re, im, HALF / 2 - 3, power);
  power[0] = (re[0] + im[0]) * (re[0] + im[0]);
  power[HALF] = (re[0] - im[0]) * (re[0] - im[0]);
}
