/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/vadnetwork.h"

#include <string.h>

#include "speech/vadmodel.h"

#define UNITS PARLEY_VAD_UNITS
#define STATES PARLEY_VAD_STATES
#define HIDDEN VAD_MODEL_HIDDEN

/* Columns of a matrix whose sums fit in registers. */
#define BLOCK 32
#define WIDE_BLOCK 64

/* What the settled output looks at, frames ago. */
static const guint taps[VAD_MODEL_TAPS] = { 0, 6, 12 };

G_STATIC_ASSERT (UNITS == VAD_MODEL_UNITS);
G_STATIC_ASSERT (3 * UNITS % WIDE_BLOCK == 0);
G_STATIC_ASSERT (HIDDEN == 16 && VAD_MODEL_TAPS == 3);

typedef gfloat Lanes __attribute__((vector_size (16)));

static inline Lanes
load_lanes (const gfloat * from)
{
  Lanes lanes;

  memcpy (&lanes, from, sizeof (lanes));
  return lanes;
}

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

/* Adds to 3 * UNITS sums the product of a matrix, a row for each input. */
static void
add_product_by_4 (const gfloat * matrix, const gfloat * in, guint rows,
    gfloat * sums)
{
  for (guint block = 0; block < 3 * UNITS; block += BLOCK) {
    const gfloat *row = matrix + block;
    Lanes lanes[BLOCK / 4];

    memcpy (lanes, sums + block, sizeof (lanes));
    for (guint i = 0; i < rows; i++, row += 3 * UNITS)
      for (guint k = 0; k < BLOCK / 4; k++)
        lanes[k] += in[i] * load_lanes (row + 4 * k);
    memcpy (sums + block, lanes, sizeof (lanes));
  }
}

/* The hidden layer's sums over the three states. They are taken apart, so that
 * none waits for another. */
static void
hidden_sums_by_4 (const gfloat * const *states, gfloat * out)
{
  Lanes sums[VAD_MODEL_TAPS][HIDDEN / 4] = { 0 };

  for (guint i = 0; i < UNITS; i++)
    for (guint tap = 0; tap < VAD_MODEL_TAPS; tap++)
      for (guint k = 0; k < HIDDEN / 4; k++)
        sums[tap][k] += states[tap][i] * load_lanes (vad_model_settled
            + (tap * UNITS + i) * HIDDEN + 4 * k);
  for (guint k = 0; k < HIDDEN / 4; k++)
    sums[0][k] += sums[1][k] + sums[2][k];
  memcpy (out, sums[0], sizeof (sums[0]));
}

#ifdef __x86_64__
typedef gfloat WideLanes __attribute__((vector_size (32), aligned (4)));

/* Both as above, faster, on processors since 2013. */
__attribute__((target ("avx2,fma")))
     static void
         add_product_by_8 (const gfloat * matrix, const gfloat * in, guint rows,
    gfloat * sums)
{
  for (guint block = 0; block < 3 * UNITS; block += WIDE_BLOCK) {
    const WideLanes *row = (const WideLanes *) (matrix + block);
    WideLanes *sum = (WideLanes *) (sums + block);
    WideLanes a = sum[0], b = sum[1], c = sum[2], d = sum[3];
    WideLanes e = sum[4], f = sum[5], g = sum[6], h = sum[7];

    for (guint i = 0; i < rows; i++, row += 3 * UNITS / 8) {
      a += in[i] * row[0];
      b += in[i] * row[1];
      c += in[i] * row[2];
      d += in[i] * row[3];
      e += in[i] * row[4];
      f += in[i] * row[5];
      g += in[i] * row[6];
      h += in[i] * row[7];
    }
    sum[0] = a, sum[1] = b, sum[2] = c, sum[3] = d;
    sum[4] = e, sum[5] = f, sum[6] = g, sum[7] = h;
  }
}

__attribute__((target ("avx2,fma")))
     static void hidden_sums_by_8 (const gfloat * const *states, gfloat * out)
{
  const WideLanes *now = (const WideLanes *) vad_model_settled;
  const WideLanes *ago = now + UNITS * HIDDEN / 8;
  const WideLanes *before = ago + UNITS * HIDDEN / 8;
  WideLanes a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 }, e = { 0 }, f = { 0 };

  for (guint i = 0; i < UNITS; i++) {
    a += states[0][i] * now[2 * i];
    b += states[0][i] * now[2 * i + 1];
    c += states[1][i] * ago[2 * i];
    d += states[1][i] * ago[2 * i + 1];
    e += states[2][i] * before[2 * i];
    f += states[2][i] * before[2 * i + 1];
  }
  ((WideLanes *) out)[0] = a + c + e;
  ((WideLanes *) out)[1] = b + d + f;
}

static gboolean
is_wide (void)
{
  return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma");
}
#else
#define add_product_by_8 add_product_by_4
#define hidden_sums_by_8 hidden_sums_by_4
#define is_wide() FALSE
#endif

static void
add_product (const gfloat * matrix, const gfloat * in, guint rows,
    gfloat * sums)
{
  if (is_wide ())
    add_product_by_8 (matrix, in, rows, sums);
  else
    add_product_by_4 (matrix, in, rows, sums);
}

static const gfloat *
state_ago (const ParleyVadNetwork * self, guint frames)
{
  return self->states[(self->newest + STATES - frames) % STATES];
}

static void
next_state (ParleyVadNetwork * self, const gfloat * features)
{
  gfloat sums[3 * UNITS], back[3 * UNITS] = { 0.0f };
  const gfloat *before = state_ago (self, 0);
  gfloat *after;

  self->newest = (self->newest + 1) % STATES;
  after = self->states[self->newest];
  memcpy (sums, vad_model_bias, sizeof (sums));
  memcpy (back + 2 * UNITS, vad_model_state_bias, UNITS * sizeof (gfloat));
  add_product (vad_model_in, features, PARLEY_VAD_N_FEATURES, sums);
  add_product (vad_model_state, before, UNITS, back);
  for (guint i = 0; i < UNITS; i++) {
    gfloat update = gate (sums[i] + back[i]);
    gfloat reset = gate (sums[UNITS + i] + back[UNITS + i]);
    gfloat new = squash (sums[2 * UNITS + i] + reset * back[2 * UNITS + i]);

    after[i] = new + update * (before[i] - new);
  }
}

static gfloat
settled_odds (const ParleyVadNetwork * self)
{
  gfloat odds = vad_model_settled_out_bias, hidden[HIDDEN];
  const gfloat *states[VAD_MODEL_TAPS];

  for (guint tap = 0; tap < VAD_MODEL_TAPS; tap++)
    states[tap] = state_ago (self, taps[tap]);
  if (is_wide ())
    hidden_sums_by_8 (states, hidden);
  else
    hidden_sums_by_4 (states, hidden);
  for (guint i = 0; i < HIDDEN; i++)
    odds += vad_model_settled_out[i]
        * squash (hidden[i] + vad_model_settled_bias[i]);
  return odds;
}

static gfloat
weighted_sum (const gfloat * weights, const gfloat * state)
{
  Lanes sum = { 0 };

  for (guint i = 0; i < UNITS; i += 4)
    sum += load_lanes (weights + i) * load_lanes (state + i);
  return sum[0] + sum[1] + sum[2] + sum[3];
}

void
parley_vad_network_push (ParleyVadNetwork * self, const gfloat * features,
    ParleyVadOdds * odds)
{
  const gfloat *state;

  next_state (self, features);
  state = state_ago (self, 0);
  odds->active = weighted_sum (vad_model_active, state)
      + vad_model_active_bias;
  odds->speech = weighted_sum (vad_model_speech, state)
      + vad_model_speech_bias;
  odds->settled = settled_odds (self);
}
