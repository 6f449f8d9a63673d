/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "virtualcall.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "net/clock.h"

/* Any time but 0, which stands for never in places. */
#define BEGIN (1000 * G_TIME_SPAN_SECOND)

struct _ParleyVirtualCall
{
  ParleyVirtualCallHooks hooks;
  gpointer data;
  GMainContext *context;
  ParleyLoop *loop;
  ParleyCall *call;
  guint handler;
  GstElement *pipeline;
  SoupWebsocketConnection *far; /* the caller's end of the socket */
  gchar *stream_sid;            /* NULL: not started */
  ParleyPlayout *playout;
  GSource *marks;
  guint64 sequence;
  gboolean far_closed;
  gboolean over;
};

/* Time */

/* A pipeline's clock that shows parley_clock. Nobody can wait on it. */
typedef GstClock VirtualClock;
typedef GstClockClass VirtualClockClass;

GType virtual_clock_get_type (void);
G_DEFINE_TYPE (VirtualClock, virtual_clock, GST_TYPE_CLOCK);

static GstClockTime
virtual_clock_get_time (GstClock * clock)
{
  return parley_clock_now () * GST_USECOND;
}

static void
virtual_clock_init (VirtualClock * self)
{
}

static void
virtual_clock_class_init (VirtualClockClass * klass)
{
  klass->get_internal_time = virtual_clock_get_time;
}

static void
settle (gpointer data)
{
  ParleyVirtualCall *self = data;

  do
    while (g_main_context_iteration (self->context, FALSE));
  while (parley_work_run_next ());
}

gint64
parley_virtual_call_now (ParleyVirtualCall * self)
{
  return parley_clock_now () - BEGIN;
}

void
parley_virtual_call_advance_to (ParleyVirtualCall * self, gint64 us)
{
  gint64 step = us - parley_virtual_call_now (self);

  if (step > 0)
    parley_clock_advance_with (step, settle, self);
}

ParleyPlayout *
parley_virtual_call_get_playout (ParleyVirtualCall * self)
{
  return self->playout;
}

gboolean
parley_virtual_call_is_over (ParleyVirtualCall * self)
{
  return self->over || self->far_closed;
}

/* The caller's side */

static void
arm_marks (ParleyVirtualCall * self)
{
  gint64 next = parley_playout_next_mark (self->playout);

  if (next != PARLEY_PLAYOUT_NEVER)
    parley_timer_set_due (self->marks, next);
}

static gboolean
marks_due (gpointer data)
{
  ParleyVirtualCall *self = data;
  gint64 now = parley_clock_now ();
  gchar *name;

  while ((name = parley_playout_pop_mark (self->playout, now))) {
    g_autoptr (GString) json = g_string_new (NULL);

    parley_twilio_build_mark_echo (json, self->stream_sid, ++self->sequence,
        name);
    if (!self->far_closed)
      soup_websocket_connection_send_text (self->far, json->str);
    g_free (name);
  }
  arm_marks (self);
  return G_SOURCE_CONTINUE;
}

static void
play (ParleyVirtualCall * self, const ParleyTwilioMessage * message)
{
  gint64 now = parley_clock_now ();

  if (message->type == PARLEY_TWILIO_MEDIA)
    parley_playout_push (self->playout, now, message->payload,
        message->payload_len);
  else if (message->type == PARLEY_TWILIO_MARK)
    parley_playout_mark (self->playout, now, message->mark_name);
  else if (message->type == PARLEY_TWILIO_CLEAR)
    parley_playout_clear (self->playout, now);
  arm_marks (self);
}

static void
on_message (SoupWebsocketConnection * far, gint type, GBytes * bytes,
    gpointer data)
{
  ParleyVirtualCall *self = data;
  g_auto (ParleyTwilioMessage) message = { 0 };
  gsize len;
  const gchar *json = g_bytes_get_data (bytes, &len);

  if (!self->stream_sid || !parley_twilio_parse_outbound (json, len,
          self->stream_sid, &message, NULL))
    return;
  play (self, &message);
  if (self->hooks.sent)
    self->hooks.sent (&message, self->data);
}

static void
on_closed (SoupWebsocketConnection * far, gpointer data)
{
  ((ParleyVirtualCall *) data)->far_closed = TRUE;
}

void
parley_virtual_call_send (ParleyVirtualCall * self, const gchar * json)
{
  if (!self->far_closed)
    soup_websocket_connection_send_text (self->far, json);
  settle (self);
}

/* The pipeline */

static void
take_message (gpointer data, gpointer user_data)
{
  ParleyVirtualCall *self = data;
  GstMessage *message = user_data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS
      || GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    self->over = TRUE;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_LATENCY && !self->over)
    gst_bin_recalculate_latency (GST_BIN (self->pipeline));
  if (self->hooks.posted)
    self->hooks.posted (message, self->data);
  gst_message_unref (message);
}

static GstBusSyncReply
on_posted (GstBus * bus, GstMessage * message, gpointer data)
{
  ParleyVirtualCall *self = data;

  parley_loop_invoke (self->loop, take_message, self, message);
  return GST_BUS_DROP;
}

static void
write_nowhere (const GValue * item, gpointer data)
{
  GstElement *element = g_value_get_object (item);
  GstElementFactory *factory = gst_element_get_factory (element);

  if (factory && strcmp (GST_OBJECT_NAME (factory), "filesink") == 0)
    g_object_set (element, "location", "/dev/null", NULL);
}

static gboolean
make_pipeline (ParleyVirtualCall * self, const ParleyPipelineFile * file,
    GError ** error)
{
  GstContext *context;
  GstIterator *all;
  GstClock *clock;
  GstBus *bus;

  self->pipeline = parley_pipeline_file_build (file, error);
  if (!self->pipeline)
    return FALSE;
  all = gst_bin_iterate_recurse (GST_BIN (self->pipeline));
  gst_iterator_foreach (all, write_nowhere, NULL);
  gst_iterator_free (all);
  clock = gst_object_ref_sink (g_object_new (virtual_clock_get_type (), NULL));
  gst_pipeline_use_clock (GST_PIPELINE (self->pipeline), clock);
  gst_object_unref (clock);
  context = gst_context_new ("parley.call", TRUE);
  gst_structure_set (gst_context_writable_structure (context), "call",
      PARLEY_TYPE_CALL, self->call, NULL);
  gst_element_set_context (self->pipeline, context);
  gst_context_unref (context);
  bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, on_posted, self, NULL);
  gst_object_unref (bus);
  return TRUE;
}

static void
call_started (ParleyCall * call, gpointer data)
{
  ParleyVirtualCall *self = data;
  const ParleyTwilioMessage *start = parley_call_get_start (call);

  self->stream_sid = g_strdup (start->stream_sid);
  if (self->hooks.made)
    self->hooks.made (self->pipeline, self->data);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
}

/* Life */

static SoupWebsocketConnection *
websocket_new (gint fd, SoupWebsocketConnectionType type)
{
  g_autoptr (GUri) uri = g_uri_parse ("ws://localhost/", G_URI_FLAGS_NONE,
      NULL);
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);
  g_autoptr (GSocketConnection) stream =
      g_socket_connection_factory_create_connection (socket);

  return soup_websocket_connection_new (G_IO_STREAM (stream), uri, type, NULL,
      NULL, NULL);
}

static gboolean
connect_call (ParleyVirtualCall * self, GError ** error)
{
  static const ParleyCallHandler handler = {
    .started = call_started,
  };
  g_autoptr (SoupWebsocketConnection) near = NULL;
  gint fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM, 0, fds) != 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "no pair of sockets: %s", g_strerror (errno));
    return FALSE;
  }
  near = websocket_new (fds[0], SOUP_WEBSOCKET_CONNECTION_SERVER);
  self->far = websocket_new (fds[1], SOUP_WEBSOCKET_CONNECTION_CLIENT);
  soup_websocket_connection_set_max_incoming_payload_size (self->far,
      PARLEY_TWILIO_MAX_OUTBOUND_MESSAGE);
  g_signal_connect (self->far, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->far, "closed", G_CALLBACK (on_closed), self);
  self->handler = parley_call_add_handler_in_loop (self->call, &handler, self);
  parley_call_attach_in_loop (self->call, near, NULL, parley_clock_now ());
  return TRUE;
}

ParleyVirtualCall *
parley_virtual_call_new (const ParleyPipelineFile * file,
    const ParleyVirtualCallHooks * hooks, gpointer data, GError ** error)
{
  ParleyVirtualCall *self = g_new0 (ParleyVirtualCall, 1);

  self->hooks = *hooks;
  self->data = data;
  parley_clock_set_manual (BEGIN);
  parley_work_set_manual ();
  self->context = g_main_context_new ();
  g_main_context_acquire (self->context);
  g_main_context_push_thread_default (self->context);
  self->loop = parley_loop_new (self->context);
  self->call = parley_call_new (self->loop);
  self->playout = parley_playout_new (BEGIN, TRUE);
  self->marks = parley_loop_add_timer (self->loop, G_MAXINT64, marks_due, self);
  if (make_pipeline (self, file, error) && connect_call (self, error))
    return self;
  parley_virtual_call_free (self);
  return NULL;
}

static void
end_call (ParleyVirtualCall * self)
{
  parley_call_end (self->call);
  settle (self);
  while (self->far && !self->far_closed)
    g_main_context_iteration (self->context, TRUE);
}

static void
end_pipeline (ParleyVirtualCall * self)
{
  GstBus *bus = gst_element_get_bus (self->pipeline);

  self->over = TRUE;
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  gst_object_unref (bus);
  gst_clear_object (&self->pipeline);
  settle (self);
}

void
parley_virtual_call_free (ParleyVirtualCall * self)
{
  if (self->far)
    end_call (self);
  if (self->pipeline)
    end_pipeline (self);
  parley_timer_clear (&self->marks);
  parley_call_remove_handler_in_loop (self->call, self->handler);
  g_clear_object (&self->far);
  g_object_unref (self->call);
  g_object_unref (self->loop);
  g_main_context_pop_thread_default (self->context);
  g_main_context_release (self->context);
  g_main_context_unref (self->context);
  parley_playout_free (self->playout);
  g_free (self->stream_sid);
  g_free (self);
  parley_clock_set_real ();
}
