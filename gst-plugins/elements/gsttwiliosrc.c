/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-twiliosrc
 * @title: twiliosrc
 * @short_description: the caller's voice from a Twilio Media Streams socket
 *
 * The caller's audio of one phone call, as it comes in over a Twilio
 * bidirectional Media Streams websocket.
 *
 * It works in two modes. When the pipeline has a context “parley.call” (as
 * `parley serve` sets it) the call is there already. Otherwise the element
 * listens itself from READY on, at #GstTwilioSrc:host and #GstTwilioSrc:port: a
 * POST to `/twiml` answers Twilio's voice webhook with TwiML that connects the
 * call to #GstTwilioSrc:path, and the socket there becomes the call. It takes
 * one call from PAUSED to READY; others are refused with 503 meanwhile. It then
 * offers the context itself, for mulawsink to find the same socket. A second
 * twiliosrc for the same call is refused with an error.
 *
 * With #GstTwilioSrc:auth-token-env set, a request without a good
 * X-Twilio-Signature is answered with 403 before the upgrade.
 *
 * Buffers are stamped with Twilio's own time stamps; arrival is bursty. The
 * segment's base is the running time at the start message, so stream time is
 * the time since the stream began. A lost packet gives a GAP event and DISCONT
 * on the next buffer; doubles are dropped and up to three early packets wait
 * for a late one. Each buffer has a #ParleyTurnMeta with its arrival time.
 *
 * Malformed input (JSON, base64, encoding, size), a caller who sends no start
 * within 5 seconds, a line with no media for #GstTwilioSrc:stale-after and a
 * peer that reads nothing for 5 seconds each end the call with one error.
 * The stop message, a closed and a lost socket end it with EOS.
 *
 * It starts no thread: everything runs on the call's loop.
 *
 * ## Element messages
 *
 * `twiliosrc-start`, when the start message came:
 * * `stream-sid`, `call-sid`, `account-sid`, `encoding` (#gchararray)
 * * `tracks` (#GStrv), `rate` (#guint, Hz), `channels` (#guint)
 * * `parameters` (#GstStructure): the custom parameters, all strings
 *
 * `twiliosrc-dtmf`, at each key:
 * * `digit` (#gchararray), `running-time` (#guint64, ns)
 *
 * `twiliosrc-stop`, when the call is over:
 * * `reason` (#gchararray): “stop”, or the error's text
 *
 * ## Events
 *
 * `parley/dtmf` (out of band, downstream) at each key; `parley/beep` (the same)
 * when an answering machine has beeped, if the call variable param.AnsweredBy
 * is machine_start: see turnevents.h.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 twiliosrc port=8080 ! mulawsink
 * ]| An echo: whoever calls hears himself.
 *
 * Since: 0.1
 */

#include "gsttwiliosrc.h"

#include "net/arrival.h"
#include "net/chunkorder.h"
#include "net/clock.h"
#include "net/server.h"
#include "net/webhook.h"
#include "turn/timeline.h"
#include "speech/beep.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

GST_DEBUG_CATEGORY_STATIC (twilio_src_debug);
#define GST_CAT_DEFAULT twilio_src_debug

#define DEFAULT_HOST "127.0.0.1"
#define DEFAULT_PORT 8080
#define DEFAULT_PATH "/media"
#define DEFAULT_STALE_AFTER 15

#define RATE 8000
#define PACKET (20 * GST_MSECOND)
/* Time stamps count whole packets; a jump beyond this is missing audio. */
#define JUMP (10 * GST_MSECOND)
/* A time stamp further ahead than this is nonsense, not missing audio. */
#define MAX_JUMP (60 * GST_SECOND)

/* Data of a call that has its source; on the loop. */
#define CLAIM "twiliosrc"

#define BUSY_TEXT "All lines are busy. Please call again later."

enum
{
  PROP_0,
  PROP_HOST,
  PROP_PORT,
  PROP_CURRENT_PORT,
  PROP_PATH,
  PROP_PUBLIC_URL,
  PROP_AUTH_TOKEN_ENV,
  PROP_STALE_AFTER,
  PROP_STREAM_SID,
  PROP_CALL_SID,
  PROP_ACCOUNT_SID,
  PROP_PARAMETERS
};

struct _GstTwilioSrc
{
  GstLoopElement parent;

  /* Under the object lock: */
  gchar *host;
  guint port;
  gchar *path;
  gchar *public_url;
  gchar *auth_token_env;
  guint stale_after;            /* s */
  ParleyCall *call;             /* of the run, for the properties */

  /* Changed in state changes only: */
  ParleyServer *server;         /* NULL: the call was given */
  ParleyWebhook *webhook;       /* as long as the server */
  ParleyCall *own_call;         /* offered, under the object lock */

  gint playing;                 /* atomic */

  /* On the loop: */
  gboolean running;
  gboolean taken;               /* own_call has its socket */
  gboolean claimed;             /* the call is ours to read and to end */
  guint handler;
  gboolean streaming;           /* stream-start was pushed */
  gboolean eos;
  gboolean discont;
  GstClockTime next;            /* stream time of the next sample */
  ParleyChunkOrder order;
  ParleyArrival arrival;
  ParleyBeep *beep;             /* awaited; or NULL */
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-mulaw, rate=8000, channels=1"));

G_DEFINE_FINAL_TYPE (GstTwilioSrc, gst_twilio_src, GST_TYPE_LOOP_ELEMENT);
GST_ELEMENT_REGISTER_DEFINE (twiliosrc, "twiliosrc", GST_RANK_NONE,
    GST_TYPE_TWILIO_SRC);

static GstLoopElement *
loop_element (GstTwilioSrc * self)
{
  return GST_LOOP_ELEMENT (self);
}

/* The stream, on the loop */

static void
begin_stream (GstTwilioSrc * self)
{
  const ParleyTwilioMessage *start =
      parley_call_get_start (gst_loop_element_get_call_in_loop (loop_element
          (self)));
  GstClockTime now = gst_loop_element_running_time (loop_element (self));
  GstEvent *event = gst_event_new_stream_start (start->stream_sid ?
      start->stream_sid : "twilio");
  GstSegment segment;

  gst_event_set_group_id (event, gst_util_group_id_next ());
  gst_loop_element_push_event_in_loop (loop_element (self), event);
  gst_loop_element_push_event_in_loop (loop_element (self),
      gst_event_new_caps (gst_static_pad_template_get_caps (&src_template)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = GST_CLOCK_TIME_IS_VALID (now) ? now : 0;
  gst_loop_element_push_event_in_loop (loop_element (self),
      gst_event_new_segment (&segment));
  self->streaming = TRUE;
  self->discont = TRUE;
}

static gboolean
ensure_stream (GstTwilioSrc * self)
{
  if (self->eos || !self->running)
    return FALSE;
  if (!self->streaming && g_atomic_int_get (&self->playing)
      && gst_loop_element_get_call_in_loop (loop_element (self))
      && parley_call_get_start (gst_loop_element_get_call_in_loop (loop_element
              (self))))
    begin_stream (self);
  return self->streaming;
}

static void
end_stream (GstTwilioSrc * self)
{
  if (self->eos || !self->running)
    return;
  if (!ensure_stream (self)) {
    /* Sinks want a stream to end. */
    gst_loop_element_push_event_in_loop (loop_element (self),
        gst_event_new_stream_start ("twilio"));
  }
  self->eos = TRUE;
  gst_loop_element_push_event_in_loop (loop_element (self),
      gst_event_new_eos ());
}

/* Moves on to @time, with a GAP over what is missing. */
static void
skip_to (GstTwilioSrc * self, GstClockTime time, gboolean lost)
{
  GstClockTime jump = time > self->next ? time - self->next : 0;

  if (!GST_CLOCK_TIME_IS_VALID (self->next)) {
    self->next = time;
    return;
  }
  if ((!lost && jump <= JUMP) || jump == 0 || jump > MAX_JUMP)
    return;
  GST_INFO_OBJECT (self, "%" GST_TIME_FORMAT " of audio is missing at %"
      GST_TIME_FORMAT, GST_TIME_ARGS (jump), GST_TIME_ARGS (self->next));
  gst_loop_element_push_event_in_loop (loop_element (self),
      gst_event_new_gap (self->next, jump));
  self->next = time;
  self->discont = TRUE;
}

/* Of an answering machine whose greeting has just begun. */
static void
await_beep (GstTwilioSrc * self, ParleyCall * call)
{
  g_autofree gchar *who = parley_call_expand (call, "%{param.AnsweredBy}");

  if (g_strcmp0 (who, "machine_start") == 0 && !self->beep)
    self->beep = g_new0 (ParleyBeep, 1);
}

static void
listen_for_beep (GstTwilioSrc * self, const ParleyChunk * chunk)
{
  if (self->beep && parley_beep_feed (self->beep, chunk->data, chunk->len))
    gst_loop_element_push_event_in_loop (loop_element (self),
        parley_event_new_beep ());
}

static void
push_chunk (GstTwilioSrc * self, ParleyChunk * chunk)
{
  GstBuffer *buffer;
  ParleyTurnMeta *meta;
  GstFlowReturn flow;

  skip_to (self, MIN (chunk->timestamp, G_MAXUINT32) * GST_MSECOND,
      chunk->lost_before);
  if (chunk->len == 0) {
    g_free (chunk->data);
    return;
  }
  listen_for_beep (self, chunk);
  buffer = gst_buffer_new_wrapped (chunk->data, chunk->len);
  GST_BUFFER_PTS (buffer) = self->next;
  GST_BUFFER_DURATION (buffer) =
      gst_util_uint64_scale_int (chunk->len, GST_SECOND, RATE);
  self->next += GST_BUFFER_DURATION (buffer);
  if (self->discont || chunk->lost_before)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->discont = FALSE;
  meta = parley_buffer_add_turn_meta (buffer);
  meta->arrived = chunk->arrived;
  meta->read = chunk->read;

  flow = gst_loop_element_push_in_loop (loop_element (self), buffer);
  if (flow == GST_FLOW_NOT_LINKED || flow <= GST_FLOW_NOT_NEGOTIATED)
    end_stream (self);
}

static void
push_in_order (GstTwilioSrc * self, gboolean end)
{
  ParleyChunk chunk;

  while (!self->eos && parley_chunk_order_pop (&self->order, end, &chunk))
    push_chunk (self, &chunk);
}

/* The call, on the loop */

static GstStructure *
parameters_structure (const ParleyTwilioMessage * start)
{
  GstStructure *structure = gst_structure_new_empty ("parameters");
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, start->custom_parameters);
  while (g_hash_table_iter_next (&iter, &name, &value))
    gst_structure_set (structure, name, G_TYPE_STRING, value, NULL);
  return structure;
}

static void
post_element_message (GstTwilioSrc * self, GstStructure * structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

static void
on_started (ParleyCall * call, gpointer data)
{
  GstTwilioSrc *self = data;
  const ParleyTwilioMessage *start = parley_call_get_start (call);
  GstStructure *parameters = parameters_structure (start);

  GST_INFO_OBJECT (self, "call %s, stream %s", start->call_sid,
      start->stream_sid);
  post_element_message (self, gst_structure_new ("twiliosrc-start",
          "stream-sid", G_TYPE_STRING, start->stream_sid,
          "call-sid", G_TYPE_STRING, start->call_sid,
          "account-sid", G_TYPE_STRING, start->account_sid,
          "tracks", G_TYPE_STRV, start->tracks,
          "encoding", G_TYPE_STRING, start->encoding,
          "rate", G_TYPE_UINT, start->rate,
          "channels", G_TYPE_UINT, start->channels,
          "parameters", GST_TYPE_STRUCTURE, parameters, NULL));
  gst_structure_free (parameters);
  await_beep (self, call);
  ensure_stream (self);
}

static void
on_media (ParleyCall * call, ParleyTwilioMessage * message, gpointer data)
{
  GstTwilioSrc *self = data;
  ParleyChunk chunk = { 0 };

  if (g_strcmp0 (message->track, "outbound") == 0 || !ensure_stream (self))
    return;
  chunk.number = message->chunk;
  chunk.timestamp = message->timestamp;
  chunk.read = parley_clock_now ();
  chunk.arrived = parley_arrival_of (&self->arrival,
      MIN (chunk.timestamp, G_MAXUINT32) * G_TIME_SPAN_MILLISECOND,
      parley_loop_get_blind_since_in_loop (parley_call_get_loop (call)),
      chunk.read);
  chunk.data = g_steal_pointer (&message->payload);
  chunk.len = message->payload_len;
  parley_chunk_order_push (&self->order, &chunk);
  push_in_order (self, FALSE);
}

static void
push_key (GstTwilioSrc * self, gchar digit)
{
  ParleyLoop *loop = gst_loop_element_get_loop (loop_element (self));
  ParleyTimeline *timeline = parley_timeline_new ();
  GstEvent *event = parley_event_new_dtmf (0, digit);

  parley_timeline_stamp (timeline, PARLEY_AT_SPEECH,
      parley_loop_get_ready_time_in_loop (loop));
  parley_timeline_stamp (timeline, PARLEY_AT_READ, parley_clock_now ());
  parley_event_set_timeline (event, timeline);
  parley_timeline_unref (timeline);
  gst_loop_element_push_event_in_loop (loop_element (self), event);
}

static void
on_dtmf (ParleyCall * call, gchar digit, gpointer data)
{
  GstTwilioSrc *self = data;
  const gchar text[2] = { digit, '\0' };

  if (!ensure_stream (self))
    return;
  post_element_message (self, gst_structure_new ("twiliosrc-dtmf",
          "digit", G_TYPE_STRING, text, "running-time", G_TYPE_UINT64,
          gst_loop_element_running_time (loop_element (self)), NULL));
  push_key (self, digit);
}

static void
on_ended (ParleyCall * call, const GError * error, gpointer data)
{
  GstTwilioSrc *self = data;

  post_element_message (self, gst_structure_new ("twiliosrc-stop",
          "reason", G_TYPE_STRING, error ? error->message : "stop", NULL));
  if (error
      && g_error_matches (error, PARLEY_CALL_ERROR, PARLEY_CALL_ERROR_LOST))
    GST_WARNING_OBJECT (self, "%s", error->message);
  else if (error)
    gst_loop_element_post_error (loop_element (self), error);
  if (self->streaming)
    push_in_order (self, TRUE);
  end_stream (self);
}

static const ParleyCallHandler call_handler = {
  .started = on_started,
  .media = on_media,
  .dtmf = on_dtmf,
  .ended = on_ended,
};

/* Two would rob each other of the packets. */
static gboolean
claim_call (GstTwilioSrc * self, ParleyCall * call)
{
  if (g_object_get_data (G_OBJECT (call), CLAIM)) {
    GST_ELEMENT_ERROR (self, RESOURCE, BUSY,
        ("This call has a twiliosrc already; put a tee behind that one "
            "instead of a second one."), (NULL));
    end_stream (self);
    return FALSE;
  }
  g_object_set_data (G_OBJECT (call), CLAIM, self);
  return TRUE;
}

static void
gst_twilio_src_start (GstLoopElement * element)
{
  GstTwilioSrc *self = GST_TWILIO_SRC (element);
  ParleyCall *call = gst_loop_element_get_call_in_loop (element);
  guint stale_after;

  self->running = TRUE;
  self->taken = self->streaming = self->eos = FALSE;
  self->next = GST_CLOCK_TIME_NONE;
  self->arrival.window_begin = 0;
  GST_OBJECT_LOCK (self);
  g_set_object (&self->call, call);
  stale_after = self->stale_after;
  GST_OBJECT_UNLOCK (self);
  self->claimed = call && claim_call (self, call);
  if (!self->claimed)
    return;
  parley_call_set_stale_after_in_loop (call, stale_after);
  self->handler = parley_call_add_handler_in_loop (call, &call_handler, self);
}

static void
gst_twilio_src_stop (GstLoopElement * element)
{
  GstTwilioSrc *self = GST_TWILIO_SRC (element);
  ParleyCall *call = gst_loop_element_get_call_in_loop (element);

  g_clear_pointer (&self->beep, g_free);
  self->running = FALSE;
  if (self->claimed) {
    g_object_set_data (G_OBJECT (call), CLAIM, NULL);
    parley_call_remove_handler_in_loop (call, self->handler);
    parley_call_end (call);
  }
  parley_chunk_order_clear (&self->order);
}

/* Listening */

static guint
check_upgrade (SoupServerMessage * message, gpointer data)
{
  GstTwilioSrc *self = data;
  guint status = parley_webhook_check_upgrade (self->webhook, message);

  if (!status && (self->taken || !self->running))
    status = SOUP_STATUS_SERVICE_UNAVAILABLE;
  return status;
}

static void
take_call (const ParleyUpgrade * upgrade, gpointer data)
{
  GstTwilioSrc *self = data;
  ParleyCall *call = gst_loop_element_get_call_in_loop (loop_element (self));

  if (self->taken || !self->running || !call) {
    soup_websocket_connection_close (upgrade->websocket,
        SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "busy");
    return;
  }
  self->taken = TRUE;
  parley_call_attach_in_loop (call, upgrade->websocket, upgrade->socket,
      upgrade->accepted);
}

static void
answer_webhook (SoupServerMessage * message, const gchar * path, gpointer data)
{
  GstTwilioSrc *self = data;
  GPtrArray *fields = parley_webhook_read (self->webhook, message);

  if (!fields)
    return;
  if (self->taken || !self->running)
    parley_webhook_answer_say (message, BUSY_TEXT);
  else
    parley_webhook_answer_connect (self->webhook, message, fields);
  g_ptr_array_unref (fields);
}

static void
offer_new_call (GstTwilioSrc * self)
{
  ParleyCall *call = parley_call_new (gst_loop_element_get_loop (loop_element
          (self)));

  GST_OBJECT_LOCK (self);
  g_set_object (&self->own_call, call);
  GST_OBJECT_UNLOCK (self);
  gst_loop_element_offer_call (loop_element (self), call);
  g_object_unref (call);
}

static gboolean
listen_for_call (GstTwilioSrc * self, GError ** error)
{
  gpointer keep = self;         /* a reference for each route */

  self->webhook = parley_webhook_new (self->public_url, self->path,
      self->auth_token_env, error);
  if (!self->webhook)
    return FALSE;
  self->server = parley_server_new ();
  parley_server_add_handler (self->server, "/twiml", answer_webhook,
      gst_object_ref (keep), gst_object_unref);
  parley_server_add_calls (self->server, self->path, check_upgrade, take_call,
      gst_object_ref (keep), gst_object_unref);
  return parley_server_listen (self->server, self->host, self->port, NULL,
      gst_loop_element_get_loop (loop_element (self)), error);
}

static void
free_webhook (gpointer data, gpointer user_data)
{
  parley_webhook_free (data);
}

static void
gst_twilio_src_close (GstLoopElement * element)
{
  GstTwilioSrc *self = GST_TWILIO_SRC (element);

  if (self->server) {
    parley_server_close (self->server);
    g_clear_object (&self->server);
  }
  /* The server's last callbacks come on the loop before this. */
  if (self->webhook)
    parley_loop_invoke (gst_loop_element_get_loop (element), free_webhook,
        g_steal_pointer (&self->webhook), NULL);
  if (self->own_call)
    gst_loop_element_offer_call (element, NULL);
  GST_OBJECT_LOCK (self);
  g_clear_object (&self->own_call);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
gst_twilio_src_open (GstLoopElement * element)
{
  GstTwilioSrc *self = GST_TWILIO_SRC (element);
  ParleyCall *given = gst_loop_element_ask_call (element);
  GError *error = NULL;

  if (given) {
    g_object_unref (given);
    return TRUE;
  }
  if (listen_for_call (self, &error)) {
    offer_new_call (self);
    GST_INFO_OBJECT (self, "listening at port %u",
        parley_server_get_port (self->server));
    g_object_notify (G_OBJECT (self), "current-port");
    return TRUE;
  }
  if (error->domain == G_IO_ERROR || error->domain == G_RESOLVER_ERROR)
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ_WRITE,
        ("Cannot listen at %s, port %u: %s. Choose another port= or host=.",
            self->host, self->port, error->message), (NULL));
  else
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("%s.", error->message),
        (NULL));
  g_error_free (error);
  gst_twilio_src_close (element);
  return FALSE;
}

/* States, events and queries */

static GstStateChangeReturn
gst_twilio_src_change_state (GstElement * element, GstStateChange transition)
{
  GstTwilioSrc *self = GST_TWILIO_SRC (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    g_atomic_int_set (&self->playing, FALSE);
  result = GST_ELEMENT_CLASS (gst_twilio_src_parent_class)->change_state
      (element, transition);
  if (result == GST_STATE_CHANGE_FAILURE)
    return result;

  switch (transition) {
    case GST_STATE_CHANGE_READY_TO_PAUSED:
    case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
      return GST_STATE_CHANGE_NO_PREROLL;
    case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
      g_atomic_int_set (&self->playing, TRUE);
      gst_loop_element_invoke (loop_element (self),
          (GstLoopElementFunc) ensure_stream);
      break;
    case GST_STATE_CHANGE_PAUSED_TO_READY:
      if (self->server)
        offer_new_call (self);
      break;
    default:
      break;
  }
  return result;
}

static void
hang_up (GstLoopElement * element)
{
  end_stream (GST_TWILIO_SRC (element));
}

static gboolean
gst_twilio_src_send_event (GstElement * element, GstEvent * event)
{
  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS (gst_twilio_src_parent_class)->send_event (element,
        event);
  gst_event_unref (event);
  gst_loop_element_invoke (GST_LOOP_ELEMENT (element), hang_up);
  return TRUE;
}

static gboolean
gst_twilio_src_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, PACKET, GST_CLOCK_TIME_NONE);
  return TRUE;
}

/* Properties */

static void
set_string (GstTwilioSrc * self, gchar ** where, const GValue * value)
{
  GST_OBJECT_LOCK (self);
  g_free (*where);
  *where = g_value_dup_string (value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_twilio_src_set_property (GObject * object, guint prop_id,
    const GValue * value, GParamSpec * pspec)
{
  GstTwilioSrc *self = GST_TWILIO_SRC (object);

  switch (prop_id) {
    case PROP_HOST:
      set_string (self, &self->host, value);
      break;
    case PROP_PORT:
      self->port = g_value_get_uint (value);
      break;
    case PROP_PATH:
      set_string (self, &self->path, value);
      break;
    case PROP_PUBLIC_URL:
      set_string (self, &self->public_url, value);
      break;
    case PROP_AUTH_TOKEN_ENV:
      set_string (self, &self->auth_token_env, value);
      break;
    case PROP_STALE_AFTER:
      GST_OBJECT_LOCK (self);
      self->stale_after = g_value_get_uint (value);
      GST_OBJECT_UNLOCK (self);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
}

static void
get_start_property (GstTwilioSrc * self, guint prop_id, GValue * value)
{
  ParleyCall *call;
  const ParleyTwilioMessage *start;

  GST_OBJECT_LOCK (self);
  call = self->call ? g_object_ref (self->call) : NULL;
  GST_OBJECT_UNLOCK (self);
  start = call ? parley_call_get_start (call) : NULL;
  if (start && prop_id == PROP_STREAM_SID)
    g_value_set_string (value, start->stream_sid);
  else if (start && prop_id == PROP_CALL_SID)
    g_value_set_string (value, start->call_sid);
  else if (start && prop_id == PROP_ACCOUNT_SID)
    g_value_set_string (value, start->account_sid);
  else if (start && prop_id == PROP_PARAMETERS)
    g_value_take_boxed (value, parameters_structure (start));
  g_clear_object (&call);
}

static void
gst_twilio_src_get_property (GObject * object, guint prop_id, GValue * value,
    GParamSpec * pspec)
{
  GstTwilioSrc *self = GST_TWILIO_SRC (object);

  switch (prop_id) {
    case PROP_HOST:
      g_value_set_string (value, self->host);
      break;
    case PROP_PORT:
      g_value_set_uint (value, self->port);
      break;
    case PROP_CURRENT_PORT:
      g_value_set_uint (value, self->server ?
          parley_server_get_port (self->server) : 0);
      break;
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_PUBLIC_URL:
      g_value_set_string (value, self->public_url);
      break;
    case PROP_AUTH_TOKEN_ENV:
      g_value_set_string (value, self->auth_token_env);
      break;
    case PROP_STALE_AFTER:
      g_value_set_uint (value, self->stale_after);
      break;
    case PROP_STREAM_SID:
    case PROP_CALL_SID:
    case PROP_ACCOUNT_SID:
    case PROP_PARAMETERS:
      get_start_property (self, prop_id, value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
}

static void
gst_twilio_src_finalize (GObject * object)
{
  GstTwilioSrc *self = GST_TWILIO_SRC (object);

  g_clear_object (&self->call);
  g_free (self->host);
  g_free (self->path);
  g_free (self->public_url);
  g_free (self->auth_token_env);
  G_OBJECT_CLASS (gst_twilio_src_parent_class)->finalize (object);
}

static void
gst_twilio_src_init (GstTwilioSrc * self)
{
  self->host = g_strdup (DEFAULT_HOST);
  self->port = DEFAULT_PORT;
  self->path = g_strdup (DEFAULT_PATH);
  self->stale_after = DEFAULT_STALE_AFTER;
  gst_loop_element_add_pads (loop_element (self));
  gst_pad_set_query_function (gst_loop_element_get_src_pad (loop_element
          (self)), gst_twilio_src_query);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}

static void
install_string (GObjectClass * klass, guint id, const gchar * name,
    const gchar * nick, const gchar * blurb, const gchar * value,
    GParamFlags flags)
{
  g_object_class_install_property (klass, id, g_param_spec_string (name, nick,
          blurb, value, flags | G_PARAM_STATIC_STRINGS));
}

static void
gst_twilio_src_class_init (GstTwilioSrcClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstLoopElementClass *loop_class = GST_LOOP_ELEMENT_CLASS (klass);
  const GParamFlags setting = G_PARAM_READWRITE | GST_PARAM_MUTABLE_READY;

  GST_DEBUG_CATEGORY_INIT (twilio_src_debug, "twiliosrc", 0,
      "Twilio Media Streams source");
  object_class->set_property = gst_twilio_src_set_property;
  object_class->get_property = gst_twilio_src_get_property;
  object_class->finalize = gst_twilio_src_finalize;

  install_string (object_class, PROP_HOST, "host", "Host",
      "Address or name to listen at, when the pipeline has no call",
      DEFAULT_HOST, setting);
  g_object_class_install_property (object_class, PROP_PORT,
      g_param_spec_uint ("port", "Port",
          "TCP port to listen at, when the pipeline has no call (0 = any "
          "free one)", 0, 65535, DEFAULT_PORT,
          setting | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_CURRENT_PORT,
      g_param_spec_uint ("current-port", "Current port",
          "TCP port it listens at (0 = it does not listen)", 0, 65535, 0,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  install_string (object_class, PROP_PATH, "path", "Path",
      "Path of the Media Streams websocket", DEFAULT_PATH, setting);
  install_string (object_class, PROP_PUBLIC_URL, "public-url", "Public URL",
      "How Twilio reaches this element, as https://HOST[/PATH]; for the TwiML "
      "and for signatures (NULL = the Host header of the request)", NULL,
      setting);
  install_string (object_class, PROP_AUTH_TOKEN_ENV, "auth-token-env",
      "Auth token variable",
      "Name of the environment variable that holds Twilio's auth token; "
      "requests must then be signed (NULL = no check)", NULL, setting);
  g_object_class_install_property (object_class, PROP_STALE_AFTER,
      g_param_spec_uint ("stale-after", "Stale after",
          "End the call when no audio came for this long, in seconds (0 = "
          "never)", 0, 3600, DEFAULT_STALE_AFTER,
          setting | G_PARAM_STATIC_STRINGS));
  install_string (object_class, PROP_STREAM_SID, "stream-sid", "Stream SID",
      "The stream's identifier, once the call has started", NULL,
      G_PARAM_READABLE);
  install_string (object_class, PROP_CALL_SID, "call-sid", "Call SID",
      "The call's identifier, once it has started", NULL, G_PARAM_READABLE);
  install_string (object_class, PROP_ACCOUNT_SID, "account-sid",
      "Account SID", "The account's identifier, once the call has started",
      NULL, G_PARAM_READABLE);
  g_object_class_install_property (object_class, PROP_PARAMETERS,
      g_param_spec_boxed ("parameters", "Parameters",
          "Custom parameters of the stream, once the call has started",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  element_class->change_state = gst_twilio_src_change_state;
  element_class->send_event = gst_twilio_src_send_event;
  loop_class->open = gst_twilio_src_open;
  loop_class->close = gst_twilio_src_close;
  loop_class->start = gst_twilio_src_start;
  loop_class->stop = gst_twilio_src_stop;

  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Twilio Media Streams source", "Source/Audio/Network",
      "The caller's voice of a phone call", "Parley developers");
}
