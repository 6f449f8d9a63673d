/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A strict reader of Prometheus' text format 0.0.4. */

/* Ends the test unless @text is well-formed: each metric is described before
 * its samples and all of them stand together, no sample twice, buckets that
 * rise up to +Inf, which is the count. Returns gdouble by sample, as written:
 * name{label="value",…}. Transfer full. */
GHashTable *prom_parse (const gchar * text);

/* The value of a sample that has to be there. */
gdouble prom_get (GHashTable * samples, const gchar * name);

/* Gives @text to "promtool check metrics". FALSE: not installed. */
gboolean prom_check_with_tool (const gchar * text);

G_END_DECLS
