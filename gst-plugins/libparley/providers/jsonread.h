/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* JSON from a provider, read without trust: what is missing or of another type
 * than it should be counts as absent. All @object may be NULL.
 *
 * Pure functions; any thread. */

/* The object that @text (@len bytes, any) is; NULL with @error
 * (PARLEY_NET_ERROR_PROTOCOL, beginning with @provider). Transfer full, as the
 * node that holds it. */
JsonNode *parley_json_read (const gchar * provider, const gchar * text,
    gsize len, GError ** error);

/* Borrowed; NULL: absent. */
const gchar *parley_json_get_string (JsonObject * object, const gchar * name);
JsonObject *parley_json_get_object (JsonObject * object, const gchar * name);
JsonArray *parley_json_get_array (JsonObject * object, const gchar * name);
/* The object at @index of an array; NULL: there is none. */
JsonObject *parley_json_get_element (JsonArray * array, guint index);

/* A number, or a string that is one; finite. */
gdouble parley_json_get_number (JsonObject * object, const gchar * name,
    gdouble otherwise);
/* Absent counts as FALSE. */
gboolean parley_json_is_true (JsonObject * object, const gchar * name);

/* An error that a service tells in the middle of an answer whose status was
 * 200: {"error": {"message", "code"}} or {"error": "text"}. NULL: there is
 * none. Of PARLEY_NET_ERROR: another try may help unless its code is that of a
 * wrong request. @secrets as parley_clean_text(). */
GError *parley_json_get_error (const gchar * provider, JsonObject * object,
    const gchar * const *secrets);

/* An object as text; takes it. */
gchar *parley_json_write (JsonObject * object);

G_END_DECLS
