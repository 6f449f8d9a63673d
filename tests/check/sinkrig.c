/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sinkrig.h"

#include <sys/socket.h>

#include "net/clock.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

#define SID "MZ00000000000000000000000000000001"

void
rig_settle (SinkRig * f)
{
  while (g_main_context_iteration (f->context, FALSE));
}

void
rig_wait_ms (SinkRig * f, guint ms)
{
  parley_clock_advance (ms * MS, f->context);
}

/* The far end */

static void
far_message (SoupWebsocketConnection * far, gint type, GBytes * data,
    SinkRig * f)
{
  ParleyTwilioMessage message;
  GError *error = NULL;
  gsize len;
  const gchar *json = g_bytes_get_data (data, &len);

  parley_twilio_parse_outbound (json, len, SID, &message, &error);
  g_assert_no_error (error);
  switch (message.type) {
    case PARLEY_TWILIO_MEDIA:
      g_assert_cmpuint (message.payload_len, ==, 160);
      g_byte_array_append (f->audio, message.payload, 160);
      g_string_append_c (f->wire, 'f');
      break;
    case PARLEY_TWILIO_MARK:
      g_string_append_printf (f->wire, " %s ", message.mark_name);
      break;
    case PARLEY_TWILIO_CLEAR:
      g_string_append_c (f->wire, 'C');
      break;
    default:
      g_assert_not_reached ();
  }
  parley_twilio_message_clear (&message);
}

static void
far_closed (SoupWebsocketConnection * far, SinkRig * f)
{
  f->far_closed = TRUE;
}

static void
far_send (SinkRig * f, GString * text)
{
  soup_websocket_connection_send_text (f->far, text->str);
  g_string_free (text, TRUE);
  rig_settle (f);
}

void
rig_far_start (SinkRig * f)
{
  GString *text = g_string_new (NULL);

  parley_twilio_build_start (text, SID, "AC1", "CA1", NULL);
  far_send (f, text);
}

void
rig_far_echo (SinkRig * f, const gchar * name)
{
  GString *text = g_string_new (NULL);

  parley_twilio_build_mark_echo (text, SID, 2, name);
  far_send (f, text);
}

static SoupWebsocketConnection *
websocket_new (gint fd, SoupWebsocketConnectionType type, GSocket ** socket)
{
  GUri *uri = g_uri_parse ("ws://localhost/", G_URI_FLAGS_NONE, NULL);
  SoupWebsocketConnection *websocket;
  GSocketConnection *stream;

  *socket = g_socket_new_from_fd (fd, NULL);
  g_assert_nonnull (*socket);
  stream = g_socket_connection_factory_create_connection (*socket);
  websocket = soup_websocket_connection_new (G_IO_STREAM (stream), uri, type,
      NULL, NULL, NULL);
  g_object_unref (stream);
  g_uri_unref (uri);
  return websocket;
}

void
rig_make_pair (gint fds[2])
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
}

static void
make_call (SinkRig * f)
{
  SoupWebsocketConnection *near;
  GSocket *near_socket, *far_socket;
  gint fds[2];

  rig_make_pair (fds);
  near = websocket_new (fds[0], SOUP_WEBSOCKET_CONNECTION_SERVER, &near_socket);
  f->far = websocket_new (fds[1], SOUP_WEBSOCKET_CONNECTION_CLIENT,
      &far_socket);
  g_signal_connect (f->far, "message", G_CALLBACK (far_message), f);
  g_signal_connect (f->far, "closed", G_CALLBACK (far_closed), f);
  f->call = parley_call_new (f->loop);
  parley_call_attach_in_loop (f->call, near, f->out ? f->out : near_socket,
      parley_clock_now ());
  g_object_unref (near);
  g_object_unref (near_socket);
  g_object_unref (far_socket);
}

/* The sink */

void
rig_give_context (SinkRig * f)
{
  GstContext *context = gst_context_new (f->call ? "parley.call"
      : "parley.loop", FALSE);
  GstStructure *structure = gst_context_writable_structure (context);

  if (f->call)
    gst_structure_set (structure, "call", PARLEY_TYPE_CALL, f->call, NULL);
  else
    gst_structure_set (structure, "loop", PARLEY_TYPE_LOOP, f->loop, NULL);
  gst_element_set_context (f->sink, context);
  gst_context_unref (context);
}

static void
setup_sink (SinkRig * f)
{
  f->sink = gst_element_factory_make ("mulawsink", NULL);
  g_assert_nonnull (f->sink);
  f->bus = gst_bus_new ();
  gst_element_set_bus (f->sink, f->bus);
  rig_give_context (f);
  f->harness = gst_harness_new_with_element (f->sink, "sink", NULL);
  gst_harness_set_src_caps_str (f->harness, MULAW);
  rig_settle (f);
}

static void
setup_loop (SinkRig * f)
{
  parley_clock_set_manual (10 * G_TIME_SPAN_SECOND);
  f->context = g_main_context_new ();
  g_main_context_push_thread_default (f->context);
  g_assert_true (g_main_context_acquire (f->context));
  f->loop = parley_loop_new (f->context);
  f->wire = g_string_new (NULL);
  f->upstream = g_string_new (NULL);
  f->audio = g_byte_array_new ();
}

void
rig_setup_without_call (SinkRig * f, gconstpointer data)
{
  setup_loop (f);
  setup_sink (f);
}

void
rig_setup_not_started (SinkRig * f, gconstpointer data)
{
  setup_loop (f);
  make_call (f);
  setup_sink (f);
}

void
rig_setup (SinkRig * f, gconstpointer data)
{
  rig_setup_not_started (f, data);
  rig_far_start (f);
}

static void
teardown_call (SinkRig * f)
{
  parley_call_end (f->call);
  while (!f->far_closed)
    g_main_context_iteration (f->context, TRUE);
  rig_settle (f);
  g_object_add_weak_pointer (G_OBJECT (f->call), (gpointer *) & f->call);
  g_object_unref (f->call);
  g_assert_null (f->call);
  g_object_unref (f->far);
}

void
rig_teardown (SinkRig * f, gconstpointer data)
{
  gst_harness_teardown (f->harness);
  gst_element_set_bus (f->sink, NULL);
  gst_object_unref (f->bus);
  rig_settle (f);
  g_object_add_weak_pointer (G_OBJECT (f->sink), (gpointer *) & f->sink);
  gst_object_unref (f->sink);
  g_assert_null (f->sink);
  if (f->call)
    teardown_call (f);
  g_string_free (f->wire, TRUE);
  g_string_free (f->upstream, TRUE);
  g_byte_array_unref (f->audio);
  g_object_unref (f->loop);
  rig_settle (f);
  g_main_context_release (f->context);
  g_main_context_pop_thread_default (f->context);
  g_main_context_unref (f->context);
  parley_clock_set_real ();
}

GstBuffer *
rig_make_buffer (guint8 value, guint ms)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, ms * 8, NULL);

  gst_buffer_memset (buffer, 0, value, ms * 8);
  GST_BUFFER_DURATION (buffer) = ms * GST_MSECOND;
  return buffer;
}

GstFlowReturn
rig_push (SinkRig * f, guint64 epoch, guint sequence, guint8 value, guint ms)
{
  GstBuffer *buffer = rig_make_buffer (value, ms);
  GstFlowReturn flow;

  if (epoch) {
    ParleyTurnMeta *meta = parley_buffer_add_turn_meta (buffer);
    meta->epoch = epoch;
    meta->sequence = sequence;
  }
  flow = gst_harness_push (f->harness, buffer);
  rig_settle (f);
  return flow;
}

void
rig_send_event (SinkRig * f, GstEvent * event)
{
  g_assert_true (gst_harness_push_event (f->harness, event));
  rig_settle (f);
}

void
rig_release (SinkRig * f, guint64 epoch)
{
  rig_send_event (f, parley_event_new_release (epoch));
}

void
rig_expect_wire (SinkRig * f, const gchar * expected)
{
  g_assert_cmpstr (f->wire->str, ==, expected);
  g_string_truncate (f->wire, 0);
}

static void
note_upstream (SinkRig * f, GstEvent * event)
{
  guint64 epoch;
  gboolean playing;
  ParleyHeard h;

  if (parley_event_parse_playing (event, &epoch, &playing))
    g_string_append_printf (f->upstream, "%s%u ", playing ? "begin" : "end",
        (guint) epoch);
  else if (parley_event_parse_heard (event, &h))
    g_string_append_printf (f->upstream, "heard%u/%u/%u%s%s%s%s ",
        (guint) h.epoch, h.sequence, h.ms, h.begun ? "b" : "",
        h.done ? "d" : "", h.answer ? "a" : "", h.deferred ? "s" : "");
}

void
rig_expect_upstream (SinkRig * f, const gchar * expected)
{
  GstEvent *event;

  while ((event = gst_harness_try_pull_upstream_event (f->harness))) {
    note_upstream (f, event);
    gst_event_unref (event);
  }
  g_assert_cmpstr (f->upstream->str, ==, expected);
  g_string_truncate (f->upstream, 0);
}

guint
rig_count (SinkRig * f, guint8 value)
{
  guint n = 0;

  for (guint i = 0; i < f->audio->len; i++)
    n += f->audio->data[i] == value;
  return n;
}

guint32
rig_take_eos (SinkRig * f)
{
  GstMessage *message = gst_bus_pop_filtered (f->bus, GST_MESSAGE_EOS);
  guint32 seqnum = message ? gst_message_get_seqnum (message) : 0;

  if (message)
    gst_message_unref (message);
  return seqnum;
}

guint64
rig_stat (SinkRig * f, const gchar * name)
{
  GstStructure *stats;
  guint64 value;

  g_object_get (f->sink, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, name, &value));
  gst_structure_free (stats);
  return value;
}
