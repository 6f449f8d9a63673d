/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "percentile.h"

#include "jsontext.h"

static gint
compare (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a, right = *(const gint64 *) b;

  return (left > right) - (left < right);
}

void
parley_percentile_sort (GArray * values)
{
  g_array_sort (values, compare);
}

gint64
parley_percentile (GArray * sorted, guint percent)
{
  guint64 rank = ((guint64) sorted->len * percent + 99) / 100;

  return g_array_index (sorted, gint64, MAX (rank, 1) - 1);
}

JsonObject *
parley_percentiles_to_object (GArray * times)
{
  static const struct
  {
    const gchar *name;
    guint percent;
  } ranks[] = { {"p50", 50}, {"p90", 90}, {"p99", 99} };
  JsonObject *object = json_object_new ();

  parley_percentile_sort (times);
  for (guint i = 0; i < G_N_ELEMENTS (ranks); i++) {
    if (times->len)
      parley_json_set_ms (object, ranks[i].name,
          parley_percentile (times, ranks[i].percent));
    else
      json_object_set_null_member (object, ranks[i].name);
  }
  return object;
}
