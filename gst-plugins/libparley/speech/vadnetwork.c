/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/vadnetwork.h"

#include <string.h>

#include "speech/vadmodel.h"

#define UNITS PARLEY_VAD_UNITS
#define LANES (UNITS / 4)

G_STATIC_ASSERT (UNITS == VAD_MODEL_UNITS);
G_STATIC_ASSERT (UNITS % 4 == 0);

typedef gfloat Lanes __attribute__((vector_size (16)));

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

/* Adds to the sums of three layers of units; a row of the matrix for each
 * input. The sums of a layer stay in registers. */
static void
add_product (const gfloat * matrix, const gfloat * in, guint rows,
    gfloat * sums)
{
  for (guint layer = 0; layer < 3; layer++) {
    const gfloat *row = matrix + layer * UNITS;
    Lanes lanes[LANES];

    memcpy (lanes, sums + layer * UNITS, sizeof (lanes));
    for (guint i = 0; i < rows; i++, row += 3 * UNITS) {
      Lanes value = { in[i], in[i], in[i], in[i] };

      for (guint k = 0; k < LANES; k++) {
        Lanes weights;

        memcpy (&weights, row + 4 * k, sizeof (weights));
        lanes[k] += value * weights;
      }
    }
    memcpy (sums + layer * UNITS, lanes, sizeof (lanes));
  }
}

gfloat
parley_vad_network_push (ParleyVadNetwork * self, const gfloat * features)
{
  gfloat sums[3 * UNITS], back[3 * UNITS] = { 0.0f };
  gfloat odds = vad_model_out_bias;

  memcpy (sums, vad_model_bias, sizeof (sums));
  memcpy (back + 2 * UNITS, vad_model_state_bias, UNITS * sizeof (gfloat));
  add_product (vad_model_in, features, PARLEY_VAD_N_FEATURES, sums);
  add_product (vad_model_state, self->state, UNITS, back);
  for (guint i = 0; i < UNITS; i++) {
    gfloat update = gate (sums[i] + back[i]);
    gfloat reset = gate (sums[UNITS + i] + back[UNITS + i]);
    gfloat new = squash (sums[2 * UNITS + i] + reset * back[2 * UNITS + i]);

    self->state[i] = new + update * (self->state[i] - new);
  }
  for (guint i = 0; i < UNITS; i++)
    odds += vad_model_out[i] * self->state[i];
  return odds;
}
