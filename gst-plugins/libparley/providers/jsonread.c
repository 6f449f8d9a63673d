/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/jsonread.h"

#include <math.h>
#include <string.h>

#include "net/jsoncheck.h"
#include "net/neterror.h"

/* Words with their times lie five levels deep. */
#define MAX_DEPTH 32

JsonNode *
parley_json_read (const gchar * provider, const gchar * text, gsize len,
    GError ** error)
{
  const gchar *wrong = parley_json_check (text, len, MAX_DEPTH);
  JsonParser *parser;
  JsonNode *root = NULL;

  if (!wrong) {
    parser = json_parser_new_immutable ();
    if (json_parser_load_from_data (parser, text, len, NULL))
      root = json_parser_steal_root (parser);
    g_object_unref (parser);
    if (root && JSON_NODE_HOLDS_OBJECT (root))
      return root;
    g_clear_pointer (&root, json_node_unref);
    wrong = "it is no object";
  }
  g_propagate_error (error, parley_net_error_new (PARLEY_NET_ERROR_PROTOCOL,
          provider, "sent JSON that cannot be read (%s): check base-url",
          wrong));
  return NULL;
}

static JsonNode *
get_member (JsonObject * object, const gchar * name)
{
  return object ? json_object_get_member (object, name) : NULL;
}

const gchar *
parley_json_get_string (JsonObject * object, const gchar * name)
{
  JsonNode *node = get_member (object, name);

  return node && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING
      ? json_node_get_string (node) : NULL;
}

JsonObject *
parley_json_get_object (JsonObject * object, const gchar * name)
{
  JsonNode *node = get_member (object, name);

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
      : NULL;
}

JsonArray *
parley_json_get_array (JsonObject * object, const gchar * name)
{
  JsonNode *node = get_member (object, name);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
      : NULL;
}

JsonObject *
parley_json_get_element (JsonArray * array, guint index)
{
  JsonNode *node;

  if (!array || index >= json_array_get_length (array))
    return NULL;
  node = json_array_get_element (array, index);
  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

gdouble
parley_json_get_number (JsonObject * object, const gchar * name,
    gdouble otherwise)
{
  JsonNode *node = get_member (object, name);
  const gchar *text = parley_json_get_string (object, name);
  gchar *end;
  gdouble value;

  if (text) {
    value = g_ascii_strtod (text, &end);
    return end != text && *end == '\0' && isfinite (value) ? value : otherwise;
  }
  if (!node || !JSON_NODE_HOLDS_VALUE (node)
      || (json_node_get_value_type (node) != G_TYPE_INT64
          && json_node_get_value_type (node) != G_TYPE_DOUBLE))
    return otherwise;
  value = json_node_get_double (node);
  return isfinite (value) ? value : otherwise;
}

gboolean
parley_json_is_true (JsonObject * object, const gchar * name)
{
  JsonNode *node = get_member (object, name);

  return node && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_BOOLEAN
      && json_node_get_boolean (node);
}

/* Statuses that a server names as codes. */
static ParleyNetError
error_code (gdouble code)
{
  if (code == 429)
    return PARLEY_NET_ERROR_RATE_LIMITED;
  if (code == 401 || code == 403)
    return PARLEY_NET_ERROR_AUTH;
  return code >= 400 && code < 500 && code != 408 && code != 409
      ? PARLEY_NET_ERROR_STATUS : PARLEY_NET_ERROR_DROPPED;
}

GError *
parley_json_get_error (const gchar * provider, JsonObject * object,
    const gchar * const *secrets)
{
  JsonObject *inner = parley_json_get_object (object, "error");
  const gchar *text = inner ? parley_json_get_string (inner, "message")
      : parley_json_get_string (object, "error");
  gchar *says;
  GError *error;

  if (!inner && !text)
    return NULL;
  if (!text)
    text = parley_json_get_string (inner, "code");
  text = text ? text : "nothing more";
  says = parley_clean_text (text, strlen (text), secrets);
  error = parley_net_error_new (error_code (parley_json_get_number (inner,
              "code", 0)), provider, "it broke its "
      "answer off with an error: try again later or set a fallback (it says: "
      "%s)", says);
  g_free (says);
  return error;
}

gchar *
parley_json_write (JsonObject * object)
{
  JsonNode *node = json_node_init_object (json_node_alloc (), object);
  gchar *text = json_to_string (node, FALSE);

  json_node_unref (node);
  json_object_unref (object);
  return text;
}
