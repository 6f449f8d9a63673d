/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jsontext.h"

#include <math.h>
#include <string.h>

static void append_node (GString * out, JsonNode * node, gint indent);

static void
append_number (GString * out, gdouble number)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE * 10];
  gsize len;

  /* Beyond that a double has no decimals. */
  if (!isfinite (number) || fabs (number) > 1e15) {
    g_string_append (out, "null");
    return;
  }
  g_ascii_formatd (text, sizeof text, "%.3f", number);
  len = strlen (text);
  while (text[len - 1] == '0')
    len--;
  if (text[len - 1] == '.')
    len--;
  /* Nothing is -0. */
  if (len == 2 && strncmp (text, "-0", 2) == 0)
    memmove (text, text + 1, len--);
  g_string_append_len (out, text, len);
}

/* @indent: of what is inside, -1 for all on one line. */
static void
break_line (GString * out, gint indent)
{
  if (indent >= 0)
    g_string_append_printf (out, "\n%*s", indent * 2, "");
}

static void
append_array (GString * out, JsonArray * array, gint indent)
{
  guint n = json_array_get_length (array);

  g_string_append_c (out, '[');
  for (guint i = 0; i < n; i++) {
    if (i > 0)
      g_string_append_c (out, ',');
    break_line (out, indent);
    append_node (out, json_array_get_element (array, i), indent);
  }
  if (n > 0)
    break_line (out, indent - 1);
  g_string_append_c (out, ']');
}

static void
append_text (GString * out, const gchar * text)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), text);
  g_autofree gchar *quoted = json_to_string (node, FALSE);

  g_string_append (out, quoted);
}

static void
append_object (GString * out, JsonObject * object, gint indent)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;
  gboolean more = FALSE;

  g_string_append_c (out, '{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value)) {
    if (more)
      g_string_append_c (out, ',');
    more = TRUE;
    break_line (out, indent);
    append_text (out, name);
    g_string_append (out, indent >= 0 ? " : " : ":");
    append_node (out, value, indent);
  }
  if (more)
    break_line (out, indent - 1);
  g_string_append_c (out, '}');
}

static void
append_node (GString * out, JsonNode * node, gint indent)
{
  gint inside = indent >= 0 ? indent + 1 : -1;
  g_autofree gchar *text = NULL;

  if (JSON_NODE_HOLDS_OBJECT (node)) {
    append_object (out, json_node_get_object (node), inside);
  } else if (JSON_NODE_HOLDS_ARRAY (node)) {
    append_array (out, json_node_get_array (node), inside);
  } else if (JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_DOUBLE) {
    append_number (out, json_node_get_double (node));
  } else {
    text = json_to_string (node, FALSE);
    g_string_append (out, text);
  }
}

gchar *
parley_json_to_text (JsonNode * node, gboolean pretty)
{
  GString *out = g_string_new (NULL);

  append_node (out, node, pretty ? 0 : -1);
  return g_string_free (out, FALSE);
}

void
parley_json_set_ms (JsonObject * object, const gchar * name, gint64 us)
{
  json_object_set_double_member (object, name, us / 1000.0);
}
