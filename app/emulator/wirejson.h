/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* JSON as it goes over the wire, written as it looks there. In @format ' stands
 * for a double quote, and
 *   %q  const gchar *: a quoted text, or null for NULL
 *   %s  const gchar *: JSON, put in as it is
 *   %d  gint           %l  gint64
 *   %f  gdouble, at most three decimals
 *   %b  gboolean
 * Transfer full. */
gchar *parley_wire_json (const gchar * format, ...);
/* Appends it. */
void parley_wire_json_append (GString * out, const gchar * format, ...);

/* An object from a stranger: checked before it is parsed. NULL: it is none;
 * *@wrong then says why; static. */
JsonNode *parley_wire_json_parse (const gchar * text, gsize len,
    const gchar ** wrong);

/* Members of @object (may be NULL), whatever else may stand there: NULL or
 * @otherwise where there is none of that type. Borrowed. */
const gchar *parley_wire_string (JsonObject * object, const gchar * name);
JsonObject *parley_wire_object (JsonObject * object, const gchar * name);
JsonArray *parley_wire_array (JsonObject * object, const gchar * name);
gboolean parley_wire_boolean (JsonObject * object, const gchar * name,
    gboolean otherwise);
gdouble parley_wire_number (JsonObject * object, const gchar * name,
    gdouble otherwise);
/* An element of an array; NULL: no object. */
JsonObject *parley_wire_element (JsonArray * array, guint index);

G_END_DECLS
