/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/mulawresampler.h"

#include <math.h>
#include <string.h>

#include "speech/g711.h"

#define OUT_RATE 8000

/* The filter spans 104 samples at 24 kHz and as long a time at any rate. */
#define SPAN_TAPS 104
#define SPAN_RATE 24000
#define CUTOFF_HZ 3660.0
#define KAISER_BETA 4.6

/* One vector of 16-bit samples; rows are padded to a multiple of it. */
#define LANES 8
#define MAX_TAPS 208

/* Rates whose ratio to 8000 has more phases share these; the jitter of
 * half a row stays more than 55 dB below a tone at 3.4 kHz. */
#define MAX_ROWS 1024

/* Coefficients are 1.14 fixed point: the sum of their magnitudes is just over
 * 2, so that no input overflows a 32-bit sum. */
#define COEF_BITS 14
#define COEF_ONE (1 << COEF_BITS)

typedef struct
{
  /* Input time per code is down / up samples, in lowest terms. */
  guint up;
  guint down;
  guint rows;
  guint taps;
  gint16 *coefs;
} Filter;

struct _ParleyMulawResampler
{
  guint rate;
  const Filter *filter;         /* NULL at 8000 Hz */

  /* The next code's window begins at pending[0] and its instant is phase / up
   * samples after the window's centre. */
  guint phase;
  gsize n_pending;
  guint64 n_in;
  guint64 n_out;

  /* Input not yet done with, and room for as much of the next push as windows
   * beginning in it reach into. */
  gint16 pending[2 * MAX_TAPS];
};

static GMutex filters_lock;
static GHashTable *filters;     /* by rate; under filters_lock */

/* Modified Bessel function of the first kind, order zero. */
static gdouble
bessel_i0 (gdouble x)
{
  gdouble sum = 1.0, term = 1.0;

  for (gint k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

/* x is in input samples from the centre of a window reaching half to each
 * side. Not normalised. */
static gdouble
windowed_sinc (gdouble x, gdouble half, gdouble cutoff)
{
  gdouble edge = 1.0 - (x / half) * (x / half);
  gdouble angle = 2.0 * G_PI * cutoff * x;

  if (edge <= 0.0)
    return 0.0;
  return bessel_i0 (KAISER_BETA * sqrt (edge))
      * (fabs (angle) < 1e-9 ? 1.0 : sin (angle) / angle);
}

/* Each row sums to exactly one, so that a constant stays constant in every
 * phase; what rounding leaves goes to the largest tap. */
static void
fill_row (gint16 * row, guint taps, gdouble offset, gdouble cutoff)
{
  gdouble ideal[MAX_TAPS], sum = 0.0;
  gint centre = taps / 2 - 1, rest = COEF_ONE, largest = 0;

  for (guint k = 0; k < taps; k++) {
    ideal[k] = windowed_sinc ((gint) k - centre - offset, taps / 2.0, cutoff);
    sum += ideal[k];
  }
  for (guint k = 0; k < taps; k++) {
    row[k] = (gint16) lrint (ideal[k] / sum * COEF_ONE);
    rest -= row[k];
    if (row[k] > row[largest])
      largest = k;
  }
  row[largest] += rest;
}

static guint
greatest_divisor (guint a, guint b)
{
  while (b != 0) {
    guint rest = a % b;

    a = b;
    b = rest;
  }
  return a;
}

static Filter *
filter_new (guint rate)
{
  Filter *filter = g_new0 (Filter, 1);
  guint divisor = greatest_divisor (rate, OUT_RATE);
  guint taps = (rate * SPAN_TAPS + SPAN_RATE - 1) / SPAN_RATE;
  gdouble middle;

  filter->up = OUT_RATE / divisor;
  filter->down = rate / divisor;
  filter->rows = MIN (filter->up, MAX_ROWS);
  middle = filter->rows < filter->up ? 0.5 : 0.0;
  filter->taps = (taps + LANES - 1) / LANES * LANES;
  filter->coefs = g_aligned_alloc (filter->rows * filter->taps,
      sizeof (gint16), LANES * sizeof (gint16));
  for (guint row = 0; row < filter->rows; row++)
    fill_row (filter->coefs + row * filter->taps, filter->taps,
        (row + middle) / filter->rows, CUTOFF_HZ / rate);
  return filter;
}

static const Filter *
filter_get (guint rate)
{
  const Filter *filter;

  g_mutex_lock (&filters_lock);
  if (filters == NULL)
    filters = g_hash_table_new (NULL, NULL);
  filter = g_hash_table_lookup (filters, GUINT_TO_POINTER (rate));
  if (filter == NULL) {
    filter = filter_new (rate);
    g_hash_table_insert (filters, GUINT_TO_POINTER (rate), (gpointer) filter);
  }
  g_mutex_unlock (&filters_lock);
  return filter;
}

ParleyMulawResampler *
parley_mulaw_resampler_new (guint rate)
{
  ParleyMulawResampler *self;

  if (rate < PARLEY_MULAW_RESAMPLER_MIN_RATE
      || rate > PARLEY_MULAW_RESAMPLER_MAX_RATE)
    return NULL;

  self = g_new0 (ParleyMulawResampler, 1);
  self->rate = rate;
  if (rate != OUT_RATE)
    self->filter = filter_get (rate);
  parley_mulaw_resampler_reset (self);
  return self;
}

void
parley_mulaw_resampler_free (ParleyMulawResampler * self)
{
  g_free (self);
}

/* The first window is centred on the first sample: silence comes before. */
void
parley_mulaw_resampler_reset (ParleyMulawResampler * self)
{
  self->phase = 0;
  self->n_in = 0;
  self->n_out = 0;
  self->n_pending = self->filter ? self->filter->taps / 2 - 1 : 0;
  memset (self->pending, 0, sizeof (self->pending));
}

guint
parley_mulaw_resampler_get_delay (const ParleyMulawResampler * self)
{
  return self->filter ? self->filter->taps / 2 : 0;
}

static inline guint8
encode_sum (gint32 sum)
{
  gint32 sample = (sum + COEF_ONE / 2) >> COEF_BITS;

  return parley_mulaw_encode_sample ((gint16) CLAMP (sample, G_MININT16,
          G_MAXINT16));
}

static inline guint8
filter_one (const gint16 * restrict x, const gint16 * restrict h, guint taps)
{
  gint32 sum = 0;

  if (taps % LANES != 0)
    __builtin_unreachable ();
  for (guint k = 0; k < taps; k++)
    sum += (gint32) x[k] * h[k];
  return encode_sum (sum);
}

/* Four windows that share a row, hop samples apart: its coefficients are read
 * once, and four sums are under way at any time. */
static inline void
filter_four (const gint16 * restrict x, const gint16 * restrict h, guint taps,
    guint hop, guint8 * restrict out)
{
  const gint16 *x1 = x + hop, *x2 = x1 + hop, *x3 = x2 + hop;
  gint32 sum[4] = { 0, 0, 0, 0 };

  if (taps % LANES != 0)
    __builtin_unreachable ();
  for (guint k = 0; k < taps; k++) {
    sum[0] += (gint32) x[k] * h[k];
    sum[1] += (gint32) x1[k] * h[k];
    sum[2] += (gint32) x2[k] * h[k];
    sum[3] += (gint32) x3[k] * h[k];
  }
  for (guint i = 0; i < 4; i++)
    out[i] = encode_sum (sum[i]);
}

/* Whole ratios have a single row; their windows are a fixed hop apart. */
static gsize
run_whole (const Filter * filter, const gint16 * in, gsize limit, guint8 * out)
{
  guint hop = filter->down;
  gsize at = 0;

  for (; at + 3 * hop < limit; at += 4 * hop, out += 4)
    filter_four (in + at, filter->coefs, filter->taps, hop, out);
  for (; at < limit; at += hop)
    *out++ = filter_one (in + at, filter->coefs, filter->taps);
  return at;
}

static gsize
run_phases (const Filter * filter, const gint16 * in, gsize limit,
    guint8 * out, guint * phase)
{
  guint hop = filter->down / filter->up, rest = filter->down % filter->up;
  guint now = *phase;
  gsize at = 0;

  while (at < limit) {
    guint row = now;

    if (filter->rows != filter->up)
      row = now * filter->rows / filter->up;
    *out++ = filter_one (in + at, filter->coefs + row * filter->taps,
        filter->taps);
    at += hop;
    now += rest;
    if (now >= filter->up) {
      now -= filter->up;
      at++;
    }
  }
  *phase = now;
  return at;
}

/* Appends the codes of all windows that begin in in[0 .. limit). Returns
 * where the next window begins. */
static gsize
run (ParleyMulawResampler * self, const gint16 * in, gsize limit,
    GByteArray * out)
{
  const Filter *filter = self->filter;
  guint64 span = (guint64) limit * filter->up;
  guint old = out->len;
  gsize n;

  if (limit == 0)
    return 0;
  n = (span - self->phase + filter->down - 1) / filter->down;
  g_byte_array_set_size (out, old + n);
  self->n_out += n;
  if (filter->up == 1)
    return run_whole (filter, in, limit, out->data + old);
  return run_phases (filter, in, limit, out->data + old, &self->phase);
}

/* At a rate of 8000 Hz. */
static void
push_plain (const gint16 * in, gsize n, GByteArray * out)
{
  guint old = out->len;

  g_byte_array_set_size (out, old + n);
  parley_mulaw_encode (in, out->data + old, n);
}

/* Windows that begin in what was kept are computed there, after a copy of the
 * samples they reach into; the others read the caller's samples in place. */
void
parley_mulaw_resampler_push (ParleyMulawResampler * self, const gint16 * in,
    gsize n_samples, GByteArray * out)
{
  gsize kept = self->n_pending, joined, at, windows;

  self->n_in += n_samples;
  if (self->filter == NULL) {
    push_plain (in, n_samples, out);
    return;
  }

  joined = MIN (n_samples, self->filter->taps - 1);
  memcpy (self->pending + kept, in, joined * sizeof (gint16));
  windows = kept + joined + 1 > self->filter->taps ?
      kept + joined + 1 - self->filter->taps : 0;
  at = run (self, self->pending, MIN (windows, kept), out);

  if (n_samples < self->filter->taps) {
    self->n_pending = kept + joined - at;
    memmove (self->pending, self->pending + at,
        self->n_pending * sizeof (gint16));
    return;
  }
  at -= kept;
  if (n_samples - at >= self->filter->taps)
    at += run (self, in + at, n_samples - at - self->filter->taps + 1, out);
  self->n_pending = n_samples - at;
  memcpy (self->pending, in + at, self->n_pending * sizeof (gint16));
}

void
parley_mulaw_resampler_drain (ParleyMulawResampler * self, GByteArray * out)
{
  static const gint16 silence[MAX_TAPS];
  guint64 wanted = (self->n_in * OUT_RATE * 2 + self->rate)
      / (2 * (guint64) self->rate);

  if (self->filter != NULL) {
    parley_mulaw_resampler_push (self, silence, self->filter->taps, out);
    g_byte_array_set_size (out, out->len - (guint) (self->n_out - wanted));
  }
  parley_mulaw_resampler_reset (self);
}
