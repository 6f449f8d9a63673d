/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* As json_to_string(), with at most three decimals, where json-glib writes
 * 0.10000000000000001. What is no finite number is null. Transfer full. */
gchar *parley_json_to_text (JsonNode * node, gboolean pretty);

/* Microseconds as milliseconds. */
void parley_json_set_ms (JsonObject * object, const gchar * name, gint64 us);

G_END_DECLS
