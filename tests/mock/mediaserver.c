/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock/mediaserver.h"

#include <string.h>

#include "jsontext.h"
#include "net/clock.h"
#include "turnjson.h"
#include "speech/g711.h"

#define FRAME_MS 20
#define FRAME_LEN 160
#define LOUD_CODE 0x80
#define LOUD_LEVEL 200

typedef struct
{
  ParleyMockServer *server;
  SoupWebsocketConnection *connection;
  gchar *stream_sid;
  guint64 sequence;
  guint64 chunk;
  guint ms;                     /* of caller audio so far */
  gboolean speaking;
  guint silence_ms;
  guint reply_left_ms;
  guint replied_ms;
  guint pause_left_ms;
  guint turn;
  guint speech_end_ms;
  gint64 last_loud;             /* when that frame came */
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_signal_handlers_disconnect_by_data (call->connection, call);
  g_object_unref (call->connection);
  g_free (call->stream_sid);
  g_free (call);
}

static void
send (Call * call, const gchar * text)
{
  if (soup_websocket_connection_get_state (call->connection)
      == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text (call->connection, text);
}

static void
send_media (Call * call, guint8 code, guint ms)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree guint8 *audio = g_malloc (ms * 8);

  memset (audio, code, ms * 8);
  parley_twilio_build_media (out, call->stream_sid, audio, ms * 8);
  send (call, out->str);
  call->server->sent++;
}

/* A reply to what was said begins now. */
static void
add_turn (Call * call)
{
  ParleyMockServer *self = call->server;
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();
  g_autoptr (ParleyTurnReport) report = NULL;
  gint64 now = parley_clock_now ();

  parley_timeline_set_turn (timeline, ++call->turn, 0,
      call->speech_end_ms * GST_MSECOND);
  parley_timeline_stamp (timeline, PARLEY_AT_SPEECH, call->last_loud);
  parley_timeline_stamp (timeline, PARLEY_AT_SENT, now);
  parley_timeline_stamp (timeline, PARLEY_AT_SOUND,
      now + self->script.lie_ms * 1000);
  report = parley_turn_report_new (timeline, call->turn);
  json_array_add_element (self->turns,
      parley_turn_to_json (self->start.call_sid, report, 0));
}

static void
send_mark (Call * call)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (!call->server->script.mark)
    return;
  parley_twilio_build_mark (out, call->stream_sid, "end");
  send (call, out->str);
  call->server->sent_marks++;
}

static void
send_clear (Call * call)
{
  g_autoptr (GString) out = g_string_new (NULL);

  parley_twilio_build_clear (out, call->stream_sid);
  send (call, out->str);
  call->server->sent_clears++;
}

static void
begin_reply (Call * call, guint ms)
{
  if (ms > 0 && call->server->script.dump) {
    send_media (call, LOUD_CODE, ms);
    send_mark (call);
  } else {
    call->reply_left_ms = ms;
    call->replied_ms = 0;
    call->pause_left_ms = call->server->script.pause_ms;
  }
}

/* The next 20 ms of the reply. */
static void
go_on_replying (Call * call)
{
  const ParleyMockMedia *script = &call->server->script;

  if (call->reply_left_ms == 0) {
    if (script->stream_silence)
      send_media (call, PARLEY_MULAW_SILENCE, FRAME_MS);
    return;
  }
  if (call->replied_ms >= script->pause_at_ms && call->pause_left_ms > 0) {
    call->pause_left_ms -= FRAME_MS;
    return;
  }
  send_media (call, LOUD_CODE, FRAME_MS);
  call->replied_ms += FRAME_MS;
  call->reply_left_ms -= FRAME_MS;
  if (call->reply_left_ms == 0)
    send_mark (call);
}

static gboolean
is_loud (const ParleyTwilioMessage * message)
{
  gsize i;

  for (i = 0; i < message->payload_len; i++)
    if (ABS (parley_mulaw_decode_sample (message->payload[i])) > LOUD_LEVEL)
      return TRUE;
  return FALSE;
}

static void
listen_to (Call * call, gboolean loud)
{
  const ParleyMockMedia *script = &call->server->script;

  if (loud) {
    if (script->clear_on_speech && call->reply_left_ms > 0) {
      send_clear (call);
      call->reply_left_ms = 0;
    }
    call->speaking = TRUE;
    call->silence_ms = 0;
    call->speech_end_ms = call->ms;
    call->last_loud = parley_clock_now ();
    call->server->loud_frames++;
  } else if (call->speaking) {
    call->silence_ms += FRAME_MS;
    if (call->silence_ms >= script->reply_after_ms) {
      call->speaking = FALSE;
      if (script->reply_ms > 0)
        add_turn (call);
      begin_reply (call, script->reply_ms);
    }
  }
}

/* What the script wants at this moment of the call. */
static void
misbehave (Call * call)
{
  const ParleyMockMedia *script = &call->server->script;

  if (call->ms == script->garbage_at_ms) {
    send (call, "{\"event\":\"media\",\"stream_sid\":\"wrong\"}");
    send (call, "not json");
    soup_websocket_connection_send_binary (call->connection, "\0\1", 2);
  }
  if (call->ms == script->drop_at_ms)
    g_io_stream_close (soup_websocket_connection_get_io_stream
        (call->connection), NULL, NULL);
  if (call->ms == script->close_at_ms
      && soup_websocket_connection_get_state (call->connection)
      == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (call->connection, script->close_code,
        NULL);
}

static void
on_media (Call * call, const ParleyTwilioMessage * message)
{
  if (message->chunk != ++call->chunk || message->timestamp != call->ms
      || message->payload_len != FRAME_LEN)
    call->server->faults++;
  call->server->frames++;
  call->ms += FRAME_MS;
  listen_to (call, is_loud (message));
  go_on_replying (call);
  misbehave (call);
}

static void
on_start (Call * call, ParleyTwilioMessage * message)
{
  ParleyMockServer *self = call->server;

  call->stream_sid = g_strdup (message->stream_sid);
  parley_twilio_message_clear (&self->start);
  self->start = *message;
  memset (message, 0, sizeof *message);
  begin_reply (call, self->script.greeting_ms);
}

static void
handle (Call * call, ParleyTwilioMessage * message)
{
  ParleyMockServer *self = call->server;

  if (message->type != PARLEY_TWILIO_CONNECTED
      && message->sequence != ++call->sequence)
    self->faults++;
  switch (message->type) {
    case PARLEY_TWILIO_CONNECTED:
      self->connected++;
      break;
    case PARLEY_TWILIO_START:
      on_start (call, message);
      break;
    case PARLEY_TWILIO_MEDIA:
      on_media (call, message);
      break;
    case PARLEY_TWILIO_DTMF:
      g_string_append_c (self->digits, message->digit);
      if (self->script.reply_to_keys)
        begin_reply (call, self->script.reply_ms);
      break;
    case PARLEY_TWILIO_MARK:
      self->marks++;
      break;
    case PARLEY_TWILIO_STOP:
      self->stops++;
      break;
    default:
      self->faults++;
  }
}

static void
on_message (SoupWebsocketConnection * connection, gint type, GBytes * bytes,
    gpointer data)
{
  Call *call = data;
  g_auto (ParleyTwilioMessage) message = { 0 };
  gsize len;
  const gchar *json = g_bytes_get_data (bytes, &len);

  if (type == SOUP_WEBSOCKET_DATA_TEXT
      && parley_twilio_parse (json, len, &message, NULL))
    handle (call, &message);
  else
    call->server->faults++;
}

static void
on_closed (SoupWebsocketConnection * connection, gpointer data)
{
  Call *call = data;

  call->server->closed++;
}

static void
on_upgraded (SoupServer * server, SoupServerMessage * message,
    const char *path, SoupWebsocketConnection * connection, gpointer data)
{
  ParleyMockServer *self = data;
  Call *call = g_new0 (Call, 1);

  call->server = self;
  call->connection = g_object_ref (connection);
  g_signal_connect (connection, "message", G_CALLBACK (on_message), call);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), call);
  g_ptr_array_add (self->calls, call);
  self->calls_taken++;
}

/* Before the upgrade. */
static void
on_request (SoupServer * server, SoupServerMessage * message,
    const char *path, GHashTable * query, gpointer data)
{
  ParleyMockServer *self = data;
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);

  g_free (self->signature);
  self->signature = g_strdup (soup_message_headers_get_one (headers,
          "X-Twilio-Signature"));
  g_free (self->user_agent);
  self->user_agent = g_strdup (soup_message_headers_get_one (headers,
          "User-Agent"));
  /* Twilio sends none of these. */
  if (soup_message_headers_get_one (headers, "Origin") != NULL
      || soup_message_headers_get_one (headers, "Sec-WebSocket-Protocol")
      != NULL
      || soup_message_headers_get_list (headers, "Sec-WebSocket-Extensions")
      != NULL)
    self->faults++;
  if (self->script.refuse != 0)
    soup_server_message_set_status (message, self->script.refuse, NULL);
}

static void
on_page (SoupServer * server, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
  ParleyMockServer *self = data;
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *page = json_object_new ();
  gchar *text;

  self->pages++;
  g_free (self->authorization);
  self->authorization = g_strdup (soup_message_headers_get_one
      (soup_server_message_get_request_headers (message), "Authorization"));
  json_object_set_string_member (page, "sid", self->start.call_sid);
  json_object_set_array_member (page, "turns",
      self->pages <= self->script.late_pages ? json_array_new ()
      : json_array_ref (self->turns));
  json_node_take_object (node, page);
  text = parley_json_to_text (node, FALSE);
  soup_server_message_set_response (message, "application/json",
      SOUP_MEMORY_TAKE, text, strlen (text));
  soup_server_message_set_status (message, self->script.refuse_page
      ? self->script.refuse_page : g_str_has_suffix (path,
          self->start.call_sid) ? SOUP_STATUS_OK : SOUP_STATUS_NOT_FOUND, NULL);
}

ParleyMockServer *
parley_mock_server_new (const ParleyMockMedia * script)
{
  ParleyMockServer *self = g_new0 (ParleyMockServer, 1);
  g_autoptr (GError) error = NULL;

  self->script = *script;
  self->digits = g_string_new (NULL);
  self->calls = g_ptr_array_new_with_free_func (call_free);
  self->turns = json_array_new ();
  self->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (self->server, "/calls", on_page, self, NULL);
  soup_server_add_early_handler (self->server, "/media", on_request, self,
      NULL);
  soup_server_add_websocket_handler (self->server, "/media", NULL, NULL,
      on_upgraded, self, NULL);
  soup_server_listen_local (self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY,
      &error);
  g_assert_no_error (error);
  return self;
}

void
parley_mock_server_free (ParleyMockServer * self)
{
  soup_server_disconnect (self->server);
  g_ptr_array_unref (self->calls);
  g_object_unref (self->server);
  g_string_free (self->digits, TRUE);
  g_free (self->signature);
  g_free (self->user_agent);
  g_free (self->authorization);
  json_array_unref (self->turns);
  parley_twilio_message_clear (&self->start);
  g_free (self);
}

gchar *
parley_mock_server_get_url (ParleyMockServer * self)
{
  g_autofree gchar *base = parley_mock_server_get_base (self);

  return g_strconcat ("ws", base + strlen ("http"), "/media", NULL);
}

gchar *
parley_mock_server_get_base (ParleyMockServer * self)
{
  GSList *uris = soup_server_get_uris (self->server);
  gchar *url = g_strdup_printf ("http://127.0.0.1:%d",
      g_uri_get_port (uris->data));

  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  return url;
}
