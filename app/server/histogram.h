/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long something took, counted in buckets. Plain data, without a lock: all
 * zero is an empty one, and a copy is a copy. */

/* Upper bounds from 0.1 ms to 10 s, and one without. */
#define PARLEY_HISTOGRAM_N 21

typedef struct
{
  guint64 counts[PARLEY_HISTOGRAM_N];
  gint64 sum;                   /* µs */
} ParleyHistogram;

/* @us below 0 count as 0. */
void parley_histogram_add (ParleyHistogram * self, gint64 us);
guint64 parley_histogram_count (const ParleyHistogram * self);
/* What a share @quantile (0 to 1) of the values do not exceed, by the buckets:
 * between its bounds a bucket's values count as evenly spread; the last bound
 * stands for what is above it. µs; -1 for an empty one. */
gint64 parley_histogram_quantile (const ParleyHistogram * self,
    gdouble quantile);

/* Appends the lines of Prometheus' text format, in seconds, for the metric
 * @name: @labels is NULL or like stage="stt". */
void parley_histogram_print (const ParleyHistogram * self, GString * text,
    const gchar * name, const gchar * labels);

/* The same of any buckets: @n upper bounds in µs, and @n + 1 counts. */
void parley_buckets_print (GString * text, const gchar * name,
    const gchar * labels, const gint64 * bounds, const guint64 * counts,
    guint n, gint64 sum);

/* A number as Prometheus reads it, whatever the locale. */
void parley_number_print (GString * text, gdouble number);

G_END_DECLS
