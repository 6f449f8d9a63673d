/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstloopelement.h"

#include "net/clock.h"
#include "providers/provider.h"
#include "turn/notices.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

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
gst_loop_element_push_upstream_in_loop (GstLoopElement * self, GstEvent * event)
{
  GstPad *pad = gst_loop_element_get_sink_pad (self);

  if (pad)
    return gst_pad_push_event (pad, event);
  gst_event_unref (event);
  return FALSE;
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
      case PARLEY_PROVIDER_ERROR_MISSING:
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

/* Timelines */

void
gst_loop_element_stamp (GstLoopElement * self, GstMiniObject * item,
    gboolean taken)
{
  ParleyMilestone arrival = GST_LOOP_ELEMENT_GET_CLASS (self)->arrival;

  if (arrival)
    parley_timeline_stamp (GST_IS_BUFFER (item) ?
        parley_buffer_get_timeline (GST_BUFFER (item))
        : parley_event_get_timeline (GST_EVENT (item)),
        taken ? arrival + 1 : arrival, parley_clock_now ());
}

static void
post_wait (GstLoopElement * self, guint turn, guint64 epoch,
    const gchar * peer, gint64 begin, gint64 end)
{
  parley_notice_post (GST_ELEMENT (self),
      gst_structure_new ("parley-wait", "turn", G_TYPE_UINT, turn,
          "epoch", G_TYPE_UINT64, epoch, "peer", G_TYPE_STRING, peer,
          "begin", G_TYPE_INT64, begin, "end", G_TYPE_INT64, end, NULL));
}

void
gst_loop_element_post_waits_in_loop (GstLoopElement * self,
    ParleyTimeline * timeline, guint64 epoch, ParleyMilestone first,
    ParleyMilestone last)
{
  gint64 begin, end;

  for (guint i = first + 1; timeline && i <= last; i++)
    if (parley_stage_get_owner (i) != PARLEY_OWNER_PARLEY
        && parley_timeline_get_span (timeline, i, &begin, &end))
      post_wait (self, parley_timeline_get_turn (timeline), epoch,
          parley_stage_get_name (i), begin, end);
}

/* Levels of the inbox */

enum
{
  PROP_0,
  PROP_LEVEL_BUFFERS,
  PROP_LEVEL_TIME
};

static void
get_level_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstClockTime time;
  guint items;

  gst_loop_element_get_level (GST_LOOP_ELEMENT (object), &items, &time);
  if (id == PROP_LEVEL_BUFFERS)
    g_value_set_uint (value, items);
  else
    g_value_set_uint64 (value, time);
}

void
gst_loop_element_install_levels (GObjectClass * klass)
{
  klass->get_property = get_level_property;
  g_object_class_install_property (klass, PROP_LEVEL_BUFFERS,
      g_param_spec_uint ("current-level-buffers", "Current level (buffers)",
          "Buffers and events from other threads that wait for the loop",
          0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (klass, PROP_LEVEL_TIME,
      g_param_spec_uint64 ("current-level-time", "Current level (ns)",
          "Audio from other threads that waits for the loop, in nanoseconds",
          0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}
