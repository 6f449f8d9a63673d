/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstloopelement.h"

#include <string.h>

#include "providers/provider.h"

/* What GstLoopElement offers beside the hand-over: calls, providers, their
 * errors, and small questions. */

GstContext *
gst_loop_context_new_call (ParleyCall * call)
{
  /* Bins and elements forget what is not persistent between PAUSED and READY,
   * which is when the next call of a pipeline is offered. */
  GstContext *context = gst_context_new ("parley.call", TRUE);

  gst_structure_set (gst_context_writable_structure (context), "call",
      PARLEY_TYPE_CALL, call, NULL);
  return context;
}

gchar *
gst_loop_element_expand_in_loop (GstLoopElement * self, const gchar * text)
{
  ParleyCall *call = gst_loop_element_get_call_in_loop (self);

  if (!text || !call)
    return g_strdup (text);
  return parley_call_expand (call, text);
}

gboolean
gst_loop_element_is_live (GstLoopElement * self)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (gst_loop_element_get_sink_pad (self), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);
  return live;
}

GstClockTime
gst_loop_element_running_time (GstLoopElement * self)
{
  return gst_element_get_current_running_time (GST_ELEMENT (self));
}

static gchar *
expand_for_call (const gchar * text, gpointer data)
{
  return parley_call_expand (data, text);
}

gpointer
gst_loop_element_make_provider (GstLoopElement * self, ParleyProviderKind kind)
{
  ParleyCall *call = gst_loop_element_dup_call (self);
  gboolean started = call && parley_call_get_start (call);
  GError *error = NULL;
  gpointer provider;
  gchar *name;

  g_object_get (self, "provider", &name, NULL);
  provider = parley_provider_new (kind, name, gst_loop_element_get_loop (self),
      G_OBJECT (self), started ? expand_for_call : NULL, call, &error);
  if (provider && !parley_provider_warm (provider, &error))
    g_clear_object (&provider);
  if (!provider) {
    gst_loop_element_post_error (self, error);
    g_error_free (error);
  }
  g_free (name);
  g_clear_object (&call);
  return provider;
}

static void
unref_in_loop (gpointer data, gpointer user_data)
{
  g_object_unref (data);
}

void
gst_loop_element_keep_provider (GstLoopElement * self, gpointer * where,
    gpointer provider)
{
  gpointer old;

  GST_OBJECT_LOCK (self);
  old = *where;
  *where = provider;
  GST_OBJECT_UNLOCK (self);
  if (old)
    parley_loop_invoke (gst_loop_element_get_loop (self), unref_in_loop, old,
        NULL);
}

gpointer
gst_loop_element_ref_provider (GstLoopElement * self, gpointer * where)
{
  gpointer provider;

  GST_OBJECT_LOCK (self);
  provider = *where ? g_object_ref (*where) : NULL;
  GST_OBJECT_UNLOCK (self);
  return provider;
}

gboolean
gst_loop_element_has_variables (GstLoopElement * self)
{
  guint n;
  GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (self), &n);
  gboolean found = FALSE;

  for (guint i = 0; i < n && !found; i++) {
    gchar *text = NULL;

    if (specs[i]->value_type != G_TYPE_STRING
        || !(specs[i]->flags & G_PARAM_READABLE))
      continue;
    g_object_get (self, specs[i]->name, &text, NULL);
    found = text && strstr (text, "%{");
    g_free (text);
  }
  g_free (specs);
  return found;
}

static void
error_code (const GError * error, GQuark * domain, gint * code)
{
  *domain = GST_RESOURCE_ERROR;
  *code = GST_RESOURCE_ERROR_FAILED;
  if (error->domain == PARLEY_PROVIDER_ERROR) {
    switch (error->code) {
      case PARLEY_PROVIDER_ERROR_SETTINGS:
      case PARLEY_PROVIDER_ERROR_UNKNOWN:
        *code = GST_RESOURCE_ERROR_SETTINGS;
        break;
      case PARLEY_PROVIDER_ERROR_NETWORK:
        *code = GST_RESOURCE_ERROR_OPEN_READ_WRITE;
        break;
      case PARLEY_PROVIDER_ERROR_REFUSED:
        *code = GST_RESOURCE_ERROR_NOT_AUTHORIZED;
        break;
      case PARLEY_PROVIDER_ERROR_REPLY:
        *domain = GST_STREAM_ERROR;
        *code = GST_STREAM_ERROR_DECODE;
        break;
    }
  } else if (error->domain == PARLEY_CALL_ERROR) {
    *code = GST_RESOURCE_ERROR_READ;
    if (error->code == PARLEY_CALL_ERROR_PROTOCOL) {
      *domain = GST_STREAM_ERROR;
      *code = GST_STREAM_ERROR_DECODE;
    }
  }
}

void
gst_loop_element_post_error (GstLoopElement * self, const GError * error)
{
  GQuark domain;
  gint code;

  error_code (error, &domain, &code);
  gst_element_message_full (GST_ELEMENT (self), GST_MESSAGE_ERROR, domain,
      code, g_strdup (error->message),
      g_strdup_printf ("%s (%d)", g_quark_to_string (error->domain),
          error->code), __FILE__, GST_FUNCTION, __LINE__);
}
