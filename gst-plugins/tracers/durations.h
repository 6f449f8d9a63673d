/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Any number of durations in little memory: how many, the longest, and
 * percentiles that are at most 7 % off. No lock of its own. */

#define DURATIONS_BUCKETS 208

typedef struct
{
  guint64 count;
  gint64 max;                   /* µs */
  guint32 buckets[DURATIONS_BUCKETS];
} Durations;

/* @us below 0 counts as 0. */
void durations_add (Durations * self, gint64 us);
void durations_merge (Durations * self, const Durations * other);
/* µs; 0 without any. */
gint64 durations_get_percentile (const Durations * self, gdouble percent);

G_END_DECLS
