/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/histogram.h"

/* µs */
static const gint64 bounds[PARLEY_HISTOGRAM_N - 1] = {
  100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 300000,
  500000, 700000, 1000000, 1500000, 2000000, 3000000, 5000000, 10000000
};

void
parley_histogram_add (ParleyHistogram * self, gint64 us)
{
  guint i = 0;

  while (i < G_N_ELEMENTS (bounds) && us > bounds[i])
    i++;
  self->counts[i]++;
  self->sum += MAX (us, 0);
}

guint64
parley_histogram_count (const ParleyHistogram * self)
{
  guint64 count = 0;

  for (guint i = 0; i < PARLEY_HISTOGRAM_N; i++)
    count += self->counts[i];
  return count;
}

gint64
parley_histogram_quantile (const ParleyHistogram * self, gdouble quantile)
{
  gdouble rank = quantile * parley_histogram_count (self);
  guint64 below = 0;

  if (parley_histogram_count (self) == 0)
    return -1;
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++) {
    gint64 low = i ? bounds[i - 1] : 0;

    if (self->counts[i] && below + self->counts[i] >= rank)
      return low + (bounds[i] - low) * (rank - below) / self->counts[i];
    below += self->counts[i];
  }
  return bounds[G_N_ELEMENTS (bounds) - 1];
}

void
parley_number_print (GString * text, gdouble number)
{
  gchar buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (text, g_ascii_formatd (buffer, sizeof buffer, "%.12g",
          number));
}

static void
print_line (GString * text, const gchar * name, const gchar * ending,
    const gchar * labels, gdouble number)
{
  g_string_append_printf (text, "%s%s%s%s%s ", name, ending,
      labels ? "{" : "", labels ? labels : "", labels ? "}" : "");
  parley_number_print (text, number);
  g_string_append_c (text, '\n');
}

static void
print_bucket (GString * text, const gchar * name, const gchar * labels,
    const gint64 * bound, guint64 count)
{
  g_string_append_printf (text, "%s_bucket{%s%sle=\"", name,
      labels ? labels : "", labels ? "," : "");
  if (bound)
    parley_number_print (text, *bound / 1e6);
  else
    g_string_append (text, "+Inf");
  g_string_append_printf (text, "\"} %" G_GUINT64_FORMAT "\n", count);
}

void
parley_buckets_print (GString * text, const gchar * name,
    const gchar * labels, const gint64 * limits, const guint64 * counts,
    guint n, gint64 sum)
{
  guint64 count = 0;

  for (guint i = 0; i <= n; i++) {
    count += counts[i];
    print_bucket (text, name, labels, i < n ? &limits[i] : NULL, count);
  }
  print_line (text, name, "_sum", labels, sum / 1e6);
  print_line (text, name, "_count", labels, count);
}

void
parley_histogram_print (const ParleyHistogram * self, GString * text,
    const gchar * name, const gchar * labels)
{
  parley_buckets_print (text, name, labels, bounds, self->counts,
      G_N_ELEMENTS (bounds), self->sum);
}
