/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/stt/resample16.h"

#include <math.h>

#define OUT_RATE 16000
/* Zero crossings of the sinc on either side of its middle. */
#define HALF_TAPS 16
/* The passband ends a little below the lower Nyquist frequency, so that the
 * image of telephone speech is down before it begins. */
#define PASSBAND 0.94

struct _ParleyResample16
{
  guint up, down;
  guint taps;                   /* of one phase */
  gfloat *filter;               /* up * taps, by phase */
  GArray *history;              /* of gint16: what the filter still needs */
  guint64 next;                 /* of the next output, in steps of 1 / up,
                                 * from the first sample in history */
};

static gdouble
windowed_sinc (gdouble x, gdouble half_width)
{
  gdouble window = 0.54 + 0.46 * cos (G_PI * x / half_width);

  return (fabs (x) < 1e-9 ? 1 : sin (G_PI * x) / (G_PI * x)) * window;
}

static void
design (ParleyResample16 * self)
{
  guint length = self->taps * self->up;
  gdouble middle = (length - 1) / 2.0;
  gdouble cutoff = PASSBAND / MAX (self->up, self->down);

  self->filter = g_new (gfloat, length);
  for (guint phase = 0; phase < self->up; phase++)
    for (guint k = 0; k < self->taps; k++) {
      gdouble x = (phase + (gdouble) k * self->up - middle) * cutoff;

      self->filter[phase * self->taps + k] = (gfloat) (cutoff * self->up
          * windowed_sinc (x, middle * cutoff));
    }
}

ParleyResample16 *
parley_resample16_new (guint rate)
{
  ParleyResample16 *self;
  guint up, down;

  switch (rate) {
    case 8000:
      up = 2, down = 1;
      break;
    case 16000:
      up = 1, down = 1;
      break;
    case 24000:
      up = 2, down = 3;
      break;
    case 48000:
      up = 1, down = 3;
      break;
    default:
      return NULL;
  }
  self = g_new0 (ParleyResample16, 1);
  self->up = up;
  self->down = down;
  self->taps = 2 * HALF_TAPS * MAX (up, down) / up;
  self->history = g_array_new (FALSE, TRUE, sizeof (gint16));
  g_array_set_size (self->history, self->taps - 1);
  self->next = (guint64) (self->taps - 1) * up;
  if (rate != OUT_RATE)
    design (self);
  return self;
}

void
parley_resample16_free (ParleyResample16 * self)
{
  g_array_unref (self->history);
  g_free (self->filter);
  g_free (self);
}

static gint16
output (ParleyResample16 * self, guint newest, guint phase)
{
  const gint16 *samples = (const gint16 *) self->history->data;
  const gfloat *filter = self->filter + phase * self->taps;
  gfloat sum = 0;

  for (guint k = 0; k < self->taps; k++)
    sum += filter[k] * samples[newest - k];
  return (gint16) lrintf (CLAMP (sum, G_MININT16, G_MAXINT16));
}

void
parley_resample16_process (ParleyResample16 * self, const gint16 * in,
    gsize n, GArray * out)
{
  guint used;

  if (!self->filter) {
    g_array_append_vals (out, in, n);
    return;
  }
  g_array_append_vals (self->history, in, n);
  for (; self->next / self->up < self->history->len; self->next += self->down) {
    gint16 sample = output (self, self->next / self->up,
        self->next % self->up);

    g_array_append_val (out, sample);
  }
  used = self->history->len - (self->taps - 1);
  g_array_remove_range (self->history, 0, used);
  self->next -= self->up * (guint64) used;
}
