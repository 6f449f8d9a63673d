/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstloopelement.h"

#include "providers/provider.h"

/* What GstLoopElement offers beside the hand-over: calls, errors, and small
 * questions. */

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
  gboolean playing;

  /* On the way there an element has a clock before it has a base time. */
  GST_OBJECT_LOCK (self);
  playing = GST_STATE (self) == GST_STATE_PLAYING
      || GST_STATE_NEXT (self) == GST_STATE_PLAYING;
  GST_OBJECT_UNLOCK (self);
  return playing ? gst_element_get_current_running_time (GST_ELEMENT (self))
      : GST_CLOCK_TIME_NONE;
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
