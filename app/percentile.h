/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Percentiles by nearest rank, of gint64. */

void parley_percentile_sort (GArray * values);
/* Of sorted values, at least one. */
gint64 parley_percentile (GArray * sorted, guint percent);

/* {"p50","p90","p99"}: @times in µs, sorted by this, told in milliseconds; null
 * without values. Transfer full. */
JsonObject *parley_percentiles_to_object (GArray * times);

G_END_DECLS
