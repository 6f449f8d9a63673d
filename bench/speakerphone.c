/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speakerphone.h"

#include <math.h>

#include "speech/g711.h"

/* Of sound, 2 s. */
#define RING 16384
#define REFLECTIONS 40
/* Until they are 60 dB softer, in samples: 150 ms. */
#define ROOM 1200
#define DRIVE 1.5f

struct _Speakerphone
{
  gfloat ring[RING];
  guint64 heard;                /* samples */
  guint64 sent;
  guint when[REFLECTIONS];      /* samples after it was played */
  gfloat gains[REFLECTIONS];
  gfloat low, high, last;       /* states of the band's filters */
};

Speakerphone *
speakerphone_new (gdouble loss, guint delay, GRand * rand)
{
  Speakerphone *self = g_new0 (Speakerphone, 1);
  gdouble gain = pow (10.0, -loss / 20.0);

  for (guint k = 0; k < REFLECTIONS; k++) {
    guint late = k ? g_rand_int_range (rand, 8, ROOM) : 0;

    self->when[k] = delay * 8 + late;
    self->gains[k] = k ? gain * g_rand_double_range (rand, -0.4, 0.4)
        * exp (-6.9 * late / ROOM) : gain;
  }
  return self;
}

void
speakerphone_free (Speakerphone * self)
{
  g_free (self);
}

void
speakerphone_hear (Speakerphone * self, const guint8 * codes, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    gfloat x = DRIVE * parley_mulaw_decode_sample (codes[i]) / 32768.0f;

    x = 32768.0f * tanhf (x) / DRIVE;
    self->low += 0.9f * (x - self->low);
    self->high = 0.8f * (self->high + self->low - self->last);
    self->last = self->low;
    self->ring[self->heard++ % RING] = self->high;
  }
}

static gfloat
echo_at (const Speakerphone * self, guint64 at)
{
  gfloat sum = 0.0f;

  for (guint k = 0; k < REFLECTIONS; k++)
    if (at >= self->when[k] && at - self->when[k] < self->heard)
      sum += self->gains[k] * self->ring[(at - self->when[k]) % RING];
  return sum;
}

void
speakerphone_add (Speakerphone * self, guint8 * codes, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    gfloat sum = parley_mulaw_decode_sample (codes[i])
        + echo_at (self, self->sent++);
    guint8 code = parley_mulaw_encode_sample ((gint16) CLAMP (sum, -32000.0f,
            32000.0f));

    codes[i] = (code & 0xfe) | (codes[i] & 1);
  }
}
