/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providerfallback.h"

#include "net/neterror.h"

/* After ParleyProviderKind. */
static const gchar *const kinds[] = { "stt", "llm", "tts" };

static const gchar *
kind_of (GstProviderElement * self)
{
  return kinds[GST_PROVIDER_ELEMENT_GET_CLASS (self)->kind];
}

static void
post (GstProviderElement * self, GstStructure * structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

/* Reading */

gpointer
gst_provider_element_get_nth_in_loop (GstProviderElement * self, guint n)
{
  ProviderList *list = gst_provider_element_get_list_in_loop (self);

  return n < provider_list_get_length (list) ? provider_list_get (list, n)
      : NULL;
}

const gchar *
gst_provider_element_get_name_in_loop (GstProviderElement * self,
    gpointer provider)
{
  ProviderList *list = gst_provider_element_get_list_in_loop (self);

  return provider_list_get_name (list, provider_list_find (list, provider));
}

gboolean
gst_provider_element_has_fallback_in_loop (GstProviderElement * self,
    gpointer provider)
{
  ProviderList *list = gst_provider_element_get_list_in_loop (self);

  return provider_list_find (list, provider) + 1
      < provider_list_get_length (list);
}

gboolean
gst_provider_element_is_next_up_in_loop (GstProviderElement * self,
    gpointer provider)
{
  ProviderList *list = gst_provider_element_get_list_in_loop (self);
  guint n = provider_list_find (list, provider);

  return n != G_MAXUINT && provider_list_next_in_loop (list, n) != G_MAXUINT;
}

void
gst_provider_element_post_usage_in_loop (GstProviderElement * self,
    gpointer provider, const gchar * unit, gdouble amount)
{
  GstStructure *structure = gst_structure_new ("parley-usage",
      "kind", G_TYPE_STRING, kind_of (self),
      "provider", G_TYPE_STRING,
      gst_provider_element_get_name_in_loop (self, provider),
      "unit", G_TYPE_STRING, unit, "amount", G_TYPE_DOUBLE, amount, NULL);
  gchar *model = NULL;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (provider), "model"))
    g_object_get (provider, "model", &model, NULL);
  if (model)
    gst_structure_set (structure, "model", G_TYPE_STRING, model, NULL);
  post (self, structure);
  g_free (model);
}

/* Telling */

/* One word of a few, for metrics. */
static const gchar *
reason_of (const GError * error)
{
  if (error->domain != PARLEY_NET_ERROR)
    return "engine";
  switch (error->code) {
    case PARLEY_NET_ERROR_SETTINGS:
      return "settings";
    case PARLEY_NET_ERROR_CONNECT:
    case PARLEY_NET_ERROR_TLS:
      return "connect";
    case PARLEY_NET_ERROR_STATUS:
      return "status";
    case PARLEY_NET_ERROR_AUTH:
      return "auth";
    case PARLEY_NET_ERROR_RATE_LIMITED:
      return "rate-limited";
    case PARLEY_NET_ERROR_DROPPED:
      return "dropped";
    case PARLEY_NET_ERROR_OPEN:
      return "open";
    case PARLEY_NET_ERROR_BUSY:
      return "busy";
    case PARLEY_NET_ERROR_PROTOCOL:
    case PARLEY_NET_ERROR_TOO_LARGE:
      return "protocol";
    default:
      return "timeout";
  }
}

static GstStructure *
new_switch (GstProviderElement * self, guint from, guint to,
    const gchar * reason, guint turn)
{
  ProviderList *list = gst_provider_element_get_list_in_loop (self);

  return gst_structure_new ("parley-provider-switch",
      "kind", G_TYPE_STRING, kind_of (self),
      "from", G_TYPE_STRING, provider_list_get_name (list, from),
      "to", G_TYPE_STRING, provider_list_get_name (list, to),
      "from-index", G_TYPE_UINT, from, "to-index", G_TYPE_UINT, to,
      "reason", G_TYPE_STRING, reason, "turn", G_TYPE_UINT, turn, NULL);
}

static void
set_error (GstStructure * structure, const GError * error)
{
  gst_structure_set (structure, "error", G_TYPE_STRING, error->message,
      "status", G_TYPE_UINT, parley_net_error_get_status (error), NULL);
}

void
gst_provider_element_failed_in_loop (GstProviderElement * self,
    gpointer failed, const GError * error, guint turn)
{
  ProviderList *list = gst_provider_element_get_list_in_loop (self);
  guint n = provider_list_find (list, failed);
  GstStructure *structure = gst_structure_new ("parley-provider-failed",
      "kind", G_TYPE_STRING, kind_of (self),
      "provider", G_TYPE_STRING, provider_list_get_name (list, n),
      "index", G_TYPE_UINT, n, "reason", G_TYPE_STRING, reason_of (error),
      "turn", G_TYPE_UINT, turn, NULL);

  set_error (structure, error);
  post (self, structure);
}

/* Who is asked */

gpointer
gst_provider_element_choose_in_loop (GstProviderElement * self, guint turn,
    gpointer * probe)
{
  ProviderList *list = gst_provider_element_get_list_in_loop (self);
  const gchar *reason;
  guint n = provider_list_choose_in_loop (list, probe, &reason);

  if (n > 0)
    post (self, new_switch (self, 0, n, reason, turn));
  return provider_list_get (list, n);
}

gpointer
gst_provider_element_switch_in_loop (GstProviderElement * self,
    gpointer failed, const GError * error, guint turn)
{
  ProviderList *list = gst_provider_element_get_list_in_loop (self);
  guint from = provider_list_find (list, failed);
  guint to = provider_list_next_in_loop (list, from);
  GstStructure *structure;

  if (to == G_MAXUINT) {
    gst_provider_element_failed_in_loop (self, failed, error, turn);
    return NULL;
  }
  structure = new_switch (self, from, to, reason_of (error), turn);
  set_error (structure, error);
  post (self, structure);
  GST_ELEMENT_WARNING (self, STREAM, FAILED,
      ("%s could not do it, %s goes on: %s.",
          provider_list_get_name (list, from),
          provider_list_get_name (list, to), error->message), (NULL));
  return provider_list_get (list, to);
}
