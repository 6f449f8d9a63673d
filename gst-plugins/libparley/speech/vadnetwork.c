/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/vadnetwork.h"

#include <math.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "speech/vadmodel.h"

#define UNITS PARLEY_VAD_UNITS
#define STATES PARLEY_VAD_STATES
#define HIDDEN VAD_MODEL_HIDDEN
#define FEATURES PARLEY_VAD_N_FEATURES

/* Columns of a matrix that are added up together. */
#define BLOCK 32

/* What the settled output looks at, frames ago. */
static const guint taps[VAD_MODEL_TAPS] = { 0, 6, 12 };

G_STATIC_ASSERT (UNITS == VAD_MODEL_UNITS);
G_STATIC_ASSERT (3 * UNITS % BLOCK == 0 && HIDDEN == BLOCK / 2);
G_STATIC_ASSERT (FEATURES % 2 == 0 && UNITS % 2 == 0);

/* Near to the hyperbolic tangent, and 1 from 3 on. */
static inline gfloat
squash (gfloat x)
{
  gfloat square;

  x = CLAMP (x, -3.0f, 3.0f);
  square = x * x;
  return x * (27.0f + square) / (27.0f + 9.0f * square);
}

static inline gfloat
gate (gfloat x)
{
  return 0.5f + 0.5f * squash (0.5f * x);
}

/* Add to @width sums, of a matrix with so many @columns, the products with
 * inputs, two rows of it at a time: see vadmodel.h. */
#ifdef __x86_64__
static inline gint32
pair_at (const gint16 * in)
{
  gint32 pair;

  memcpy (&pair, in, sizeof (pair));
  return pair;
}

static inline __attribute__((always_inline))
     void add_block_by_4 (const gint16 * matrix, guint columns,
    const gint16 * in, guint rows, gint32 * sums, guint width)
{
  for (guint k = 0; k < width; k += 8) {
    __m128i *sum = (__m128i *) (sums + k);
    const gint16 *row = matrix + 2 * k;
    __m128i a = _mm_loadu_si128 (sum), b = _mm_loadu_si128 (sum + 1);

    for (guint i = 0; i < rows; i += 2, row += 2 * columns) {
      const __m128i *weights = (const __m128i *) row;
      __m128i pair = _mm_set1_epi32 (pair_at (in + i));

      a = _mm_add_epi32 (a, _mm_madd_epi16 (pair, _mm_loadu_si128 (weights)));
      b = _mm_add_epi32 (b, _mm_madd_epi16 (pair,
              _mm_loadu_si128 (weights + 1)));
    }
    _mm_storeu_si128 (sum, a);
    _mm_storeu_si128 (sum + 1, b);
  }
}

/* On processors since 2013. */
static inline __attribute__((always_inline, target ("avx2")))
     void add_block_by_8 (const gint16 * matrix, guint columns,
    const gint16 * in, guint rows, gint32 * sums, guint width)
{
  __m256i *sum = (__m256i *) sums;
  guint last = width / 8 - 1;
  __m256i a = _mm256_loadu_si256 (sum), b = _mm256_loadu_si256 (sum + 1);
  __m256i c = _mm256_loadu_si256 (sum + last - 1);
  __m256i d = _mm256_loadu_si256 (sum + last);

  for (guint i = 0; i < rows; i += 2, matrix += 2 * columns) {
    const __m256i *row = (const __m256i *) matrix;
    __m256i pair = _mm256_set1_epi32 (pair_at (in + i));

    a = _mm256_add_epi32 (a, _mm256_madd_epi16 (pair,
            _mm256_loadu_si256 (row)));
    b = _mm256_add_epi32 (b, _mm256_madd_epi16 (pair,
            _mm256_loadu_si256 (row + 1)));
    if (width == BLOCK) {
      c = _mm256_add_epi32 (c, _mm256_madd_epi16 (pair,
              _mm256_loadu_si256 (row + 2)));
      d = _mm256_add_epi32 (d, _mm256_madd_epi16 (pair,
              _mm256_loadu_si256 (row + 3)));
    }
  }
  if (width == BLOCK) {
    _mm256_storeu_si256 (sum + 2, c);
    _mm256_storeu_si256 (sum + 3, d);
  }
  _mm256_storeu_si256 (sum, a);
  _mm256_storeu_si256 (sum + 1, b);
}
#else
static inline void
add_block_by_4 (const gint16 * matrix, guint columns, const gint16 * in,
    guint rows, gint32 * sums, guint width)
{
  for (guint i = 0; i < rows; i += 2, matrix += 2 * columns)
    for (guint k = 0; k < width; k++)
      sums[k] += matrix[2 * k] * in[i] + matrix[2 * k + 1] * in[i + 1];
}
#endif

static void
add_product_by_4 (const gint16 * matrix, guint columns, const gint16 * in,
    guint rows, gint32 * sums)
{
  guint at = 0;

  for (; at + BLOCK <= columns; at += BLOCK)
    add_block_by_4 (matrix + 2 * at, columns, in, rows, sums + at, BLOCK);
  if (at < columns)
    add_block_by_4 (matrix + 2 * at, columns, in, rows, sums + at, BLOCK / 2);
}

#ifdef __x86_64__
__attribute__((target ("avx2")))
     static void add_product_by_8 (const gint16 * matrix, guint columns,
    const gint16 * in, guint rows, gint32 * sums)
{
  guint at = 0;

  for (; at + BLOCK <= columns; at += BLOCK)
    add_block_by_8 (matrix + 2 * at, columns, in, rows, sums + at, BLOCK);
  if (at < columns)
    add_block_by_8 (matrix + 2 * at, columns, in, rows, sums + at, BLOCK / 2);
}

static gboolean
is_wide (void)
{
  return __builtin_cpu_supports ("avx2");
}
#else
#define add_product_by_8 add_product_by_4
#define is_wide() FALSE
#endif

static void
add_product (const gint16 * matrix, guint columns, const gint16 * in,
    guint rows, gint32 * sums)
{
  if (is_wide ())
    add_product_by_8 (matrix, columns, in, rows, sums);
  else
    add_product_by_4 (matrix, columns, in, rows, sums);
}

/* @x is not beyond the range. */
static inline gint16
to_whole (gfloat x)
{
  return (gint16) ((gint32) (x + 32768.5f) - 32768);
}

static const gint16 *
state_ago (const ParleyVadNetwork * self, guint frames)
{
  return self->states[(self->newest + STATES - frames) % STATES];
}

static void
keep_state (ParleyVadNetwork * self)
{
  gint16 *state;

  self->newest = (self->newest + 1) % STATES;
  state = self->states[self->newest];
  for (guint i = 0; i < UNITS; i++)
    state[i] = to_whole (self->state[i] * VAD_MODEL_STATE_ONE);
}

static void
next_state (ParleyVadNetwork * self, const gfloat * features)
{
  const gfloat per_in = 1.0f / VAD_MODEL_WEIGHT_ONE / VAD_MODEL_FEATURE_ONE;
  const gfloat per_state = 1.0f / VAD_MODEL_WEIGHT_ONE / VAD_MODEL_STATE_ONE;
  gint32 in[3 * UNITS] = { 0 }, back[3 * UNITS] = { 0 };
  gint16 whole[FEATURES];

  for (guint i = 0; i < FEATURES; i++)
    whole[i] = to_whole (CLAMP (features[i] * vad_model_scale[i]
            + vad_model_shift[i], -32767.0f, 32767.0f));
  add_product (vad_model_in, 3 * UNITS, whole, FEATURES, in);
  add_product (vad_model_state, 3 * UNITS, state_ago (self, 0), UNITS, back);
  for (guint i = 0, k = UNITS, l = 2 * UNITS; i < UNITS; i++, k++, l++) {
    gfloat update = gate (in[i] * per_in + back[i] * per_state
        + vad_model_bias[i]);
    gfloat reset = gate (in[k] * per_in + back[k] * per_state
        + vad_model_bias[k]);
    gfloat new = squash (in[l] * per_in + vad_model_bias[l]
        + reset * (back[l] * per_state + vad_model_state_bias[i]));

    self->state[i] = new + update * (self->state[i] - new);
  }
  keep_state (self);
}

static gfloat
settled_odds (const ParleyVadNetwork * self)
{
  const gfloat per_state = 1.0f / VAD_MODEL_WEIGHT_ONE / VAD_MODEL_STATE_ONE;
  gfloat odds = vad_model_settled_out_bias;
  gint32 hidden[HIDDEN] = { 0 };

  for (guint tap = 0; tap < VAD_MODEL_TAPS; tap++)
    add_product (vad_model_settled + tap * UNITS * HIDDEN, HIDDEN,
        state_ago (self, taps[tap]), UNITS, hidden);
  for (guint i = 0; i < HIDDEN; i++)
    odds += vad_model_settled_out[i]
        * squash (hidden[i] * per_state + vad_model_settled_bias[i]);
  return odds;
}

static gfloat
weighted_sum (const gfloat * weights, const gfloat * state)
{
  gfloat sums[4] = { 0.0f };

  for (guint i = 0; i < UNITS; i += 4)
    for (guint k = 0; k < 4; k++)
      sums[k] += weights[i + k] * state[i + k];
  return sums[0] + sums[1] + sums[2] + sums[3];
}

void
parley_vad_network_push (ParleyVadNetwork * self, const gfloat * features,
    ParleyVadOdds * odds)
{
  next_state (self, features);
  odds->active = weighted_sum (vad_model_active, self->state)
      + vad_model_active_bias;
  odds->speech = weighted_sum (vad_model_speech, self->state)
      + vad_model_speech_bias;
  odds->settled = settled_odds (self);
}
