/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/prices.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#define DEFAULT_CURRENCY "USD"

typedef struct
{
  const gchar *kind;
  const gchar *units[4];        /* NULL-terminated */
} Kind;

static const Kind kinds[] = {
  {"stt", {"second"}},
  {"llm", {"input_token", "output_token", "cached_input_token"}},
  {"tts", {"character"}},
};

struct _ParleyPrices
{
  gchar *currency;
  GHashTable *prices;           /* "kind\nname\nunit" to gdouble */
  gdouble minute;
};

G_DEFINE_QUARK (parley - prices - error - quark, parley_prices_error);

static const Kind *
find_kind (const gchar * name)
{
  for (guint i = 0; name && i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (kinds[i].kind, name) == 0)
      return &kinds[i];
  return NULL;
}

static gboolean
has_unit (const Kind * kind, const gchar * unit)
{
  return unit && g_strv_contains ((const gchar * const *) kind->units, unit);
}

gboolean
parley_usage_from_structure (ParleyUsage * usage,
    const GstStructure * structure)
{
  const Kind *kind = find_kind (gst_structure_get_string (structure, "kind"));

  if (!gst_structure_has_name (structure, "parley-usage") || !kind)
    return FALSE;
  usage->kind = kind->kind;
  usage->provider = gst_structure_get_string (structure, "provider");
  usage->model = gst_structure_get_string (structure, "model");
  usage->unit = gst_structure_get_string (structure, "unit");
  return usage->provider && has_unit (kind, usage->unit)
      && gst_structure_get_double (structure, "amount", &usage->amount)
      && isfinite (usage->amount) && usage->amount >= 0;
}

/* Reading */

static void
G_GNUC_PRINTF (2, 3)
set_error (GError ** error, const gchar * format, ...)
{
  va_list args;

  va_start (args, format);
  g_clear_error (error);
  g_propagate_error (error, g_error_new_valist (PARLEY_PRICES_ERROR, 0,
          format, args));
  va_end (args);
}

static gchar *
key (const gchar * kind, const gchar * name, const gchar * unit)
{
  return g_strjoin ("\n", kind, name, unit, NULL);
}

static gboolean
read_price (JsonNode * node, const gchar * where, gdouble * price,
    GError ** error)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node)
      : G_TYPE_INVALID;

  if (type == G_TYPE_INT64 || type == G_TYPE_DOUBLE) {
    *price = json_node_get_double (node);
    if (isfinite (*price) && *price >= 0)
      return TRUE;
  }
  set_error (error, "%s must be a number, 0 or more", where);
  return FALSE;
}

static gboolean
read_units (ParleyPrices * self, const Kind * kind, const gchar * name,
    JsonNode * node, GError ** error)
{
  JsonObjectIter iter;
  const gchar *unit;
  JsonNode *value;

  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    set_error (error, "%s.%s must be an object of prices", kind->kind, name);
    return FALSE;
  }
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &unit, &value)) {
    g_autofree gchar *where = g_strjoin (".", kind->kind, name, unit, NULL);
    gdouble price;

    if (!has_unit (kind, unit)) {
      g_autofree gchar *known = g_strjoinv (", ", (gchar **) kind->units);

      set_error (error, "%s: there is no such unit; %s has: %s", where,
          kind->kind, known);
      return FALSE;
    }
    if (!read_price (value, where, &price, error))
      return FALSE;
    g_hash_table_insert (self->prices, key (kind->kind, name, unit),
        g_memdup2 (&price, sizeof price));
  }
  return TRUE;
}

static gboolean
read_kind (ParleyPrices * self, const Kind * kind, JsonNode * node,
    GError ** error)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    set_error (error, "%s must be an object of providers or models",
        kind->kind);
    return FALSE;
  }
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &name, &value))
    if (!read_units (self, kind, name, value, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_call (ParleyPrices * self, JsonNode * node, GError ** error)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node)
      ? json_node_get_object (node) : NULL;

  if (!object || json_object_get_size (object) != 1
      || !json_object_has_member (object, "minute")) {
    set_error (error, "call must be {\"minute\": PRICE}");
    return FALSE;
  }
  return read_price (json_object_get_member (object, "minute"), "call.minute",
      &self->minute, error);
}

static gboolean
read_currency (ParleyPrices * self, JsonNode * node, GError ** error)
{
  const gchar *text = JSON_NODE_HOLDS_VALUE (node)
      ? json_node_get_string (node) : NULL;

  if (!text || strlen (text) != 3
      || strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3) {
    set_error (error, "currency must be three capitals, such as USD");
    return FALSE;
  }
  g_free (self->currency);
  self->currency = g_strdup (text);
  return TRUE;
}

static gboolean
read_member (ParleyPrices * self, const gchar * name, JsonNode * value,
    GError ** error)
{
  const Kind *kind = find_kind (name);

  if (kind)
    return read_kind (self, kind, value, error);
  if (strcmp (name, "call") == 0)
    return read_call (self, value, error);
  if (strcmp (name, "currency") == 0)
    return read_currency (self, value, error);
  set_error (error, "there is no “%s” in a price file; it has: "
      "currency, stt, llm, tts, call", name);
  return FALSE;
}

static gboolean
read_root (ParleyPrices * self, JsonNode * root, GError ** error)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  if (!root || !JSON_NODE_HOLDS_OBJECT (root)) {
    set_error (error, "a price file holds one JSON object");
    return FALSE;
  }
  json_object_iter_init (&iter, json_node_get_object (root));
  while (json_object_iter_next (&iter, &name, &value))
    if (!read_member (self, name, value, error))
      return FALSE;
  return TRUE;
}

ParleyPrices *
parley_prices_load (const gchar * path, GError ** error)
{
  g_autoptr (ParleyPrices) self = g_new0 (ParleyPrices, 1);
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autofree gchar *text = NULL;
  gsize len;

  self->currency = g_strdup (DEFAULT_CURRENCY);
  self->prices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  if (!g_file_get_contents (path, &text, &len, error))
    return NULL;
  if (json_parser_load_from_data (parser, text, len, error)
      && read_root (self, json_parser_get_root (parser), error))
    return g_steal_pointer (&self);
  g_prefix_error (error, "%s: ", path);
  if (error)
    g_strdelimit ((*error)->message, "\r\n", ' ');
  return NULL;
}

void
parley_prices_free (ParleyPrices * self)
{
  g_hash_table_unref (self->prices);
  g_free (self->currency);
  g_free (self);
}

/* Asking */

const gchar *
parley_prices_get_currency (const ParleyPrices * self)
{
  return self->currency;
}

static const gdouble *
look_up (const ParleyPrices * self, const ParleyUsage * usage,
    const gchar * name)
{
  g_autofree gchar *wanted = name ? key (usage->kind, name, usage->unit) : NULL;

  return wanted ? g_hash_table_lookup (self->prices, wanted) : NULL;
}

gboolean
parley_prices_get_cost (const ParleyPrices * self, const ParleyUsage * usage,
    gdouble * cost)
{
  const gdouble *price = look_up (self, usage, usage->model);

  if (!price)
    price = look_up (self, usage, usage->provider);
  if (price)
    *cost = *price * usage->amount;
  return price != NULL;
}

gdouble
parley_prices_get_call_cost (const ParleyPrices * self, gdouble seconds)
{
  return self->minute * seconds / 60;
}
