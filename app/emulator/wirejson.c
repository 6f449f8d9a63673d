/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/wirejson.h"

#include "jsontext.h"
#include "net/jsoncheck.h"

#define MAX_DEPTH 32

static void
append_quoted (GString * out, const gchar * text)
{
  g_autoptr (JsonNode) node = NULL;
  g_autofree gchar *valid = NULL;
  g_autofree gchar *quoted = NULL;

  if (text == NULL) {
    g_string_append (out, "null");
    return;
  }
  valid = g_utf8_make_valid (text, -1);
  node = json_node_init_string (json_node_alloc (), valid);
  quoted = json_to_string (node, FALSE);
  g_string_append (out, quoted);
}

static void
append_double (GString * out, gdouble number)
{
  g_autoptr (JsonNode) node = json_node_init_double (json_node_alloc (),
      number);
  g_autofree gchar *text = parley_json_to_text (node, FALSE);

  g_string_append (out, text);
}

static void
append_args (GString * out, const gchar * format, va_list args)
{
  for (const gchar * p = format; *p; p++) {
    if (*p == '\'') {
      g_string_append_c (out, '"');
      continue;
    }
    if (*p != '%') {
      g_string_append_c (out, *p);
      continue;
    }
    switch (*++p) {
      case 'q':
        append_quoted (out, va_arg (args, const gchar *));
        break;
      case 's':
        g_string_append (out, va_arg (args, const gchar *));
        break;
      case 'd':
        g_string_append_printf (out, "%d", va_arg (args, gint));
        break;
      case 'l':
        g_string_append_printf (out, "%" G_GINT64_FORMAT,
            va_arg (args, gint64));
        break;
      case 'f':
        append_double (out, va_arg (args, gdouble));
        break;
      case 'b':
        g_string_append (out, va_arg (args, gboolean) ? "true" : "false");
        break;
      default:
        g_assert_not_reached ();
    }
  }
}

gchar *
parley_wire_json (const gchar * format, ...)
{
  GString *out = g_string_new (NULL);
  va_list args;

  va_start (args, format);
  append_args (out, format, args);
  va_end (args);
  return g_string_free (out, FALSE);
}

void
parley_wire_json_append (GString * out, const gchar * format, ...)
{
  va_list args;

  va_start (args, format);
  append_args (out, format, args);
  va_end (args);
}

JsonNode *
parley_wire_json_parse (const gchar * text, gsize len, const gchar ** wrong)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root;

  *wrong = parley_json_check (text, len, MAX_DEPTH);
  if (*wrong != NULL)
    return NULL;
  if (!json_parser_load_from_data (parser, text, len, NULL)) {
    *wrong = "it is not JSON";
    return NULL;
  }
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    *wrong = "it is not an object";
    return NULL;
  }
  return json_parser_steal_root (parser);
}

static JsonNode *
member (JsonObject * object, const gchar * name)
{
  return object != NULL ? json_object_get_member (object, name) : NULL;
}

const gchar *
parley_wire_string (JsonObject * object, const gchar * name)
{
  JsonNode *node = member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING
      ? json_node_get_string (node) : NULL;
}

JsonObject *
parley_wire_object (JsonObject * object, const gchar * name)
{
  JsonNode *node = member (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node)
      ? json_node_get_object (node) : NULL;
}

JsonArray *
parley_wire_array (JsonObject * object, const gchar * name)
{
  JsonNode *node = member (object, name);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node)
      ? json_node_get_array (node) : NULL;
}

gboolean
parley_wire_boolean (JsonObject * object, const gchar * name,
    gboolean otherwise)
{
  JsonNode *node = member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_BOOLEAN
      ? json_node_get_boolean (node) : otherwise;
}

gdouble
parley_wire_number (JsonObject * object, const gchar * name, gdouble otherwise)
{
  JsonNode *node = member (object, name);
  GType type = node != NULL && JSON_NODE_HOLDS_VALUE (node)
      ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (type == G_TYPE_INT64)
    return json_node_get_int (node);
  return type == G_TYPE_DOUBLE ? json_node_get_double (node) : otherwise;
}

JsonObject *
parley_wire_element (JsonArray * array, guint index)
{
  JsonNode *node = json_array_get_element (array, index);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}
