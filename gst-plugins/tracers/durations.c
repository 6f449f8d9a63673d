/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "durations.h"

/* Up to EXACT µs a bucket each; above that SUB buckets for each doubling. */
#define EXACT 16
#define EXACT_BITS 4
#define SUB 8
#define SUB_BITS 3

static guint
bucket_of (gint64 us)
{
  guint bits, bucket;

  if (us < EXACT)
    return us;
  bits = g_bit_storage (us) - 1;
  bucket = EXACT + (bits - EXACT_BITS) * SUB
      + ((us >> (bits - SUB_BITS)) & (SUB - 1));
  return MIN (bucket, DURATIONS_BUCKETS - 1);
}

/* In the middle of the bucket. */
static gint64
value_of (guint bucket)
{
  guint bits, sub;

  if (bucket < EXACT)
    return bucket;
  bits = EXACT_BITS + (bucket - EXACT) / SUB;
  sub = (bucket - EXACT) % SUB;
  return ((gint64) (SUB + sub) << (bits - SUB_BITS))
      + ((gint64) 1 << (bits - SUB_BITS)) / 2;
}

void
durations_add (Durations * self, gint64 us)
{
  us = MAX (us, 0);
  self->count++;
  self->max = MAX (self->max, us);
  self->buckets[bucket_of (us)]++;
}

void
durations_merge (Durations * self, const Durations * other)
{
  self->count += other->count;
  self->max = MAX (self->max, other->max);
  for (guint i = 0; i < DURATIONS_BUCKETS; i++)
    self->buckets[i] += other->buckets[i];
}

gint64
durations_get_percentile (const Durations * self, gdouble percent)
{
  guint64 below = 0;

  for (guint i = 0; i < DURATIONS_BUCKETS; i++) {
    below += self->buckets[i];
    if (below > 0 && below >= self->count * percent / 100)
      return MIN (value_of (i), self->max);
  }
  return self->max;
}
