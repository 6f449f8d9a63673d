/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/exchange.h"

#include <string.h>

#include "emulator/server.h"
#include "net/clock.h"
#include "net/httpsession.h"

#define MAX_MESSAGE (1024 * 1024)
/* What else may be read before a message is complete: the rest of the one
 * before it. */
#define MAX_AHEAD (2 * MAX_MESSAGE + 65536)

typedef struct
{
  const gchar *what;            /* static */
  gsize bytes;                  /* of payload */
  guint64 end;                  /* of the connection's bytes; 0: not known */
} Departure;

typedef struct
{
  ParleyExchange *exchange;
  ParleyExchangeFunc func;
  gpointer data;
  GSource *source;
} Timer;

struct _ParleyExchange
{
  ParleyEmulator *emulator;
  const ParleyProtocol *protocol;
  SoupServerMessage *message;
  SoupWebsocketConnection *websocket;
  const ParleyExchangeHandler *handler;
  GHashTable *query;
  const ParleyLink *link;       /* as long as the stream */
  ParleyLimitStream *stream;
  ParleyRecord *record;
  ParleyFault fault;
  guint number;

  GPtrArray *timers;            /* of Timer */
  GQueue departures;            /* of Departure: handed over, not yet gone */
  guint64 queued;               /* of a websocket: the end of the last one */
  guint n_sent;
  guint64 half;                 /* bytes of a body that are sent; 0: all */
  GSource *gone_source;         /* of the socket, while a client waits */
  GSource *end_source;

  gboolean silent;              /* nothing is sent any more */
  gboolean dropping;            /* once the departures are gone */
  gboolean upgraded;
  gboolean finished;            /* all of the answer was handed over */
  gboolean draining;            /* and libsoup is done with it */
  gboolean over;
  const gchar *how;             /* it ends, if not as usual; static */

  gpointer data;
  GDestroyNotify destroy;
};

static void
timer_free (gpointer data)
{
  Timer *timer = data;

  g_source_destroy (timer->source);
  g_source_unref (timer->source);
  g_free (timer);
}

/* As an account's limit of requests at once does. */
static void
refuse_beyond_limit (ParleyExchange * self)
{
  static const ParleyFault refusal = {.kind = PARLEY_FAULT_STATUS,
    .name = "limit",.status = 429,.retry_after = 1
  };
  guint limit = GPOINTER_TO_UINT (g_hash_table_lookup
      (parley_exchange_settings (self)->limits, self->protocol->name));

  if (limit > 0 && self->fault.kind == PARLEY_FAULT_NONE
      && parley_emulator_count (self->emulator, self->protocol) > limit)
    self->fault = refusal;
}

ParleyExchange *
parley_exchange_new (ParleyEmulator * emulator,
    const ParleyProtocol * protocol, SoupServerMessage * message,
    const ParleyLink * link)
{
  ParleyExchange *self = g_new0 (ParleyExchange, 1);
  GUri *uri = soup_server_message_get_uri (message);
  const gchar *query = g_uri_get_query (uri);

  self->emulator = emulator;
  self->protocol = protocol;
  self->message = g_object_ref (message);
  self->link = link;
  self->stream = g_object_ref (link->limit);
  self->query = query != NULL ? soup_form_decode (query)
      : g_hash_table_new (g_str_hash, g_str_equal);
  self->timers = g_ptr_array_new_with_free_func (timer_free);
  self->number = parley_emulator_enter (emulator, self);
  g_queue_init (&self->departures);
  self->record = parley_records_add (parley_emulator_get_records (emulator),
      protocol->name, soup_server_message_get_method (message),
      g_uri_get_path (uri), query);
  parley_record_connected (self->record, link->accepted);
  self->fault = parley_faults_draw (parley_exchange_settings (self)->faults,
      protocol->name);
  refuse_beyond_limit (self);
  parley_record_fault (self->record, self->fault.name);
  if (!parley_exchange_settings (self)->keep_alive)
    parley_exchange_set_header (self, "Connection", "close");
  return self;
}

static gboolean
exchange_free (gpointer data)
{
  ParleyExchange *self = data;

  parley_emulator_leave (self->emulator, self);
  if (self->destroy != NULL)
    self->destroy (self->data);
  g_ptr_array_unref (self->timers);
  if (self->websocket != NULL) {
    g_signal_handlers_disconnect_by_data (self->websocket, self);
    g_object_unref (self->websocket);
  }
  g_signal_handlers_disconnect_by_data (self->message, self);
  g_object_unref (self->message);
  g_hash_table_unref (self->query);
  g_queue_clear_full (&self->departures, g_free);
  g_clear_pointer (&self->end_source, g_source_unref);
  g_object_unref (self->stream);
  g_free (self);
  return G_SOURCE_REMOVE;
}

/* What it is in the middle of may still look at it: freed a moment later. */
void
parley_exchange_over (ParleyExchange * self, gboolean complete)
{
  if (self->over)
    return;
  if (complete && self->how == NULL && !self->draining && !self->upgraded
      && parley_cut_stream_get_sent (self->link->cut)
      < parley_cut_stream_get_taken (self->link->cut)) {
    self->draining = TRUE;
    return;
  }
  self->over = TRUE;
  self->silent = TRUE;
  parley_timer_clear (&self->gone_source);
  g_ptr_array_set_size (self->timers, 0);
  parley_cut_stream_set_func (self->link->cut, NULL, NULL);
  if (self->how == NULL)
    self->how = complete ? "complete" : "client-closed";
  parley_record_end (self->record, self->how);
  self->end_source = g_idle_source_new ();
  g_source_set_priority (self->end_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->end_source, exchange_free, self, NULL);
  g_source_attach (self->end_source, parley_loop_get_context
      (parley_exchange_loop (self)));
}

gboolean
parley_exchange_serves (ParleyExchange * self, const ParleyProtocol * protocol)
{
  return self->protocol == protocol && !self->over && !self->finished
      && self->fault.kind != PARLEY_FAULT_STATUS;
}

gboolean
parley_exchange_is_websocket (ParleyExchange * self)
{
  return self->upgraded;
}

/* What protocols ask */

ParleyEmulatorSettings *
parley_exchange_settings (ParleyExchange * self)
{
  return parley_emulator_get_settings (self->emulator);
}

ParleyLoop *
parley_exchange_loop (ParleyExchange * self)
{
  return parley_emulator_get_loop (self->emulator);
}

SoupMessageHeaders *
parley_exchange_headers (ParleyExchange * self)
{
  return soup_server_message_get_request_headers (self->message);
}

const gchar *
parley_exchange_header (ParleyExchange * self, const gchar * name)
{
  return soup_message_headers_get_one (parley_exchange_headers (self), name);
}

const gchar *
parley_exchange_path (ParleyExchange * self)
{
  return g_uri_get_path (soup_server_message_get_uri (self->message));
}

const gchar *
parley_exchange_query (ParleyExchange * self, const gchar * name)
{
  return g_hash_table_lookup (self->query, name);
}

GHashTable *
parley_exchange_queries (ParleyExchange * self)
{
  return self->query;
}

GBytes *
parley_exchange_body (ParleyExchange * self)
{
  return soup_message_body_flatten (soup_server_message_get_request_body
      (self->message));
}

gint
parley_exchange_retry_after (ParleyExchange * self)
{
  return self->fault.retry_after;
}

GHashTable *
parley_exchange_shared (ParleyExchange * self)
{
  return parley_emulator_get_shared (self->emulator);
}

guint
parley_exchange_number (ParleyExchange * self)
{
  return self->number;
}

gpointer
parley_exchange_get_data (ParleyExchange * self)
{
  return self->data;
}

void
parley_exchange_set_data (ParleyExchange * self, gpointer data,
    GDestroyNotify destroy)
{
  self->data = data;
  self->destroy = destroy;
}

/* Timers */

static gboolean
timer_fired (gpointer data)
{
  Timer timer = *(Timer *) data;

  g_ptr_array_remove_fast (timer.exchange->timers, data);
  timer.func (timer.exchange, timer.data);
  return G_SOURCE_REMOVE;
}

void
parley_exchange_after (ParleyExchange * self, gint64 us,
    ParleyExchangeFunc func, gpointer data)
{
  Timer *timer;

  if (self->over)
    return;
  timer = g_new0 (Timer, 1);
  timer->exchange = self;
  timer->func = func;
  timer->data = data;
  timer->source = parley_loop_add_timer (parley_exchange_loop (self),
      parley_clock_now () + us, timer_fired, timer);
  g_ptr_array_add (self->timers, timer);
}

void
parley_exchange_cancel (ParleyExchange * self, gpointer data)
{
  for (guint i = self->timers->len; i > 0; i--) {
    Timer *timer = g_ptr_array_index (self->timers, i - 1);

    if (timer->data == data)
      g_ptr_array_remove_index_fast (self->timers, i - 1);
  }
}

/* Faults */

/* libsoup looks at a connection only when it writes to it: let it try. */
static void
make_libsoup_notice (ParleyExchange * self, gpointer data)
{
  SoupMessageBody *body = soup_server_message_get_response_body (self->message);

  if (soup_server_message_get_status (self->message) == SOUP_STATUS_NONE)
    soup_server_message_set_status (self->message,
        SOUP_STATUS_SERVICE_UNAVAILABLE, NULL);
  if (!self->finished) {
    soup_message_body_append (body, SOUP_MEMORY_STATIC, " ", 1);
    soup_message_body_complete (body);
  }
  soup_server_message_unpause (self->message);
}

/* Ends the connection. */
static void
cut_off (ParleyExchange * self, const gchar * how)
{
  if (self->over || self->how != NULL)
    return;
  parley_timer_clear (&self->gone_source);
  self->silent = TRUE;
  self->how = how;
  parley_cut_stream_set_func (self->link->cut, NULL, NULL);
  parley_cut_stream_break (self->link->cut);
  g_socket_shutdown (self->link->socket, TRUE, TRUE, NULL);
  if (self->draining)
    parley_exchange_over (self, FALSE);
  else if (!self->upgraded)
    parley_exchange_after (self, 0, make_libsoup_notice, NULL);
}

/* TRUE: what was to be sent is not. */
static gboolean
must_stop (ParleyExchange * self)
{
  if (self->silent)
    return TRUE;
  if ((self->fault.kind != PARLEY_FAULT_HANG
          && self->fault.kind != PARLEY_FAULT_DROP)
      || self->n_sent < self->fault.after)
    return FALSE;
  self->silent = TRUE;
  self->dropping = self->fault.kind == PARLEY_FAULT_DROP;
  if (self->dropping && g_queue_is_empty (&self->departures))
    cut_off (self, "dropped");
  return TRUE;
}

/* @text: printable, and never JSON. */
static GBytes *
make_noise (ParleyExchange * self, gsize len, gboolean text)
{
  GRand *random =
      parley_faults_get_random (parley_exchange_settings (self)->faults);
  guint8 *noise = g_malloc (len + 1);

  for (gsize i = 0; i < len; i++)
    noise[i] = text ? g_rand_int_range (random, '!', '~')
        : g_rand_int_range (random, 0, 256);
  if (text && len > 0)
    noise[0] = '}';
  return g_bytes_new_take (noise, len);
}

static GBytes *
spoil (ParleyExchange * self, const void *bytes, gsize len, gboolean text)
{
  if (self->fault.kind == PARLEY_FAULT_GARBAGE
      && self->n_sent >= self->fault.after)
    return make_noise (self, len, text);
  return g_bytes_new (bytes, len);
}

/* Departures */

static void
depart (ParleyExchange * self, const gchar * what, gsize bytes, guint64 end)
{
  Departure *departure = g_new (Departure, 1);

  departure->what = what;
  departure->bytes = bytes;
  departure->end = end;
  g_queue_push_tail (&self->departures, departure);
  self->n_sent++;
}

/* So many bytes of the connection are gone. */
static void
account (ParleyExchange * self, guint64 sent)
{
  Departure *departure;

  while ((departure = g_queue_peek_head (&self->departures)) != NULL
      && departure->end > 0 && departure->end <= sent) {
    parley_record_departure (self->record, departure->what, departure->bytes);
    g_free (g_queue_pop_head (&self->departures));
  }
  if (self->half > 0 && sent >= self->half
      && self->fault.kind == PARLEY_FAULT_DROP)
    cut_off (self, "dropped");
  else if (self->dropping && g_queue_is_empty (&self->departures))
    cut_off (self, "dropped");
  else if (self->draining
      && sent >= parley_cut_stream_get_taken (self->link->cut))
    parley_exchange_over (self, TRUE);
}

static void
on_sent (guint64 sent, gboolean broken, gpointer data)
{
  ParleyExchange *self = data;

  if (broken)
    cut_off (self, "client-closed");
  else
    account (self, sent);
}

/* Of a whole answer that is to end in the middle: there. */
static void
on_wrote_headers (SoupServerMessage * message, ParleyExchange * self)
{
  parley_record_first_byte (self->record);
  if (self->half == 0)
    return;
  self->half += parley_cut_stream_get_taken (self->link->cut);
  parley_cut_stream_stop_at (self->link->cut, self->half);
}

/* libsoup handed over the first chunk that it had not yet. */
static void
on_wrote_chunk (SoupServerMessage * message, ParleyExchange * self)
{
  for (GList * l = self->departures.head; l != NULL; l = l->next) {
    Departure *departure = l->data;

    if (departure->end == 0) {
      departure->end = parley_cut_stream_get_taken (self->link->cut);
      break;
    }
  }
  account (self, parley_cut_stream_get_sent (self->link->cut));
}

/* HTTP */

static gboolean
on_socket_readable (GSocket * socket, GIOCondition condition, gpointer data)
{
  ParleyExchange *self = data;

  parley_timer_clear (&self->gone_source);
  if (parley_socket_is_ended (socket))
    cut_off (self, self->finished && g_queue_is_empty (&self->departures)
        ? "complete" : "client-closed");
  return G_SOURCE_REMOVE;
}

/* libsoup does not look at the connection of a request that is not answered
 * yet; a client that gives up would go unseen. */
static void
watch_client (ParleyExchange * self)
{
  self->gone_source = g_socket_create_source (self->link->socket, G_IO_IN,
      NULL);
  g_source_set_callback (self->gone_source,
      G_SOURCE_FUNC (on_socket_readable), self, NULL);
  g_source_attach (self->gone_source, parley_loop_get_context
      (parley_exchange_loop (self)));
}

gboolean
parley_exchange_accepts (ParleyExchange * self, const gchar * key)
{
  ParleyEmulatorSettings *settings = parley_exchange_settings (self);

  if (settings->open)
    return TRUE;
  if (key == NULL || *key == '\0')
    return FALSE;
  return settings->keys == NULL
      || g_strv_contains ((const gchar * const *) settings->keys, key);
}

static gboolean
accepts_key (ParleyExchange * self)
{
  g_autofree gchar *key = NULL;

  if (self->protocol->key == NULL)
    return TRUE;
  key = self->protocol->key (self);
  return parley_exchange_accepts (self, key);
}

static void
refuse_by_fault (ParleyExchange * self)
{
  g_autofree gchar *seconds = g_strdup_printf ("%d", self->fault.retry_after);

  if (self->fault.retry_after >= 0)
    parley_exchange_set_header (self, "Retry-After", seconds);
  self->protocol->refuse (self, self->fault.status);
}

static void
handle (ParleyExchange * self, gpointer data)
{
  if (self->fault.kind == PARLEY_FAULT_STATUS)
    refuse_by_fault (self);
  else if (!accepts_key (self))
    self->protocol->refuse (self, SOUP_STATUS_UNAUTHORIZED);
  else
    self->protocol->handle (self);
}

void
parley_exchange_begin (ParleyExchange * self)
{
  ParleyEmulatorSettings *settings = parley_exchange_settings (self);
  SoupMessageBody *body = soup_server_message_get_request_body (self->message);
  GRand *random = self->fault.kind == PARLEY_FAULT_CUT
      ? parley_faults_get_random (settings->faults) : NULL;
  gint64 wait = self->protocol->websocket
      ? parley_delay_draw (&settings->handshake) : self->protocol->rest
      ? parley_delay_draw (&settings->rest) : 0;

  parley_record_complete (self->record, body->length);
  g_signal_connect (self->message, "wrote-headers",
      G_CALLBACK (on_wrote_headers), self);
  g_signal_connect (self->message, "wrote-chunk",
      G_CALLBACK (on_wrote_chunk), self);
  parley_cut_stream_set_func (self->link->cut, on_sent, self);
  soup_server_message_pause (self->message);
  watch_client (self);
  if (self->fault.kind == PARLEY_FAULT_REFUSE) {
    cut_off (self, "refused");
    return;
  }
  if (must_stop (self))
    return;
  parley_cut_stream_cut (self->link->cut, self->fault.bytes,
      self->fault.every, random);
  if (wait > 0)
    parley_exchange_after (self, wait, handle, NULL);
  else
    handle (self, NULL);
}

void
parley_exchange_set_header (ParleyExchange * self, const gchar * name,
    const gchar * value)
{
  soup_message_headers_replace (soup_server_message_get_response_headers
      (self->message), name, value);
}

static void
set_status (ParleyExchange * self, guint status, const gchar * type)
{
  soup_server_message_set_status (self->message, status, NULL);
  parley_record_status (self->record, status);
  if (type != NULL)
    parley_exchange_set_header (self, "Content-Type", type);
}

void
parley_exchange_respond (ParleyExchange * self, guint status,
    const gchar * type, const gchar * text)
{
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));

  parley_exchange_respond_bytes (self, status, type, body);
}

void
parley_exchange_respond_bytes (ParleyExchange * self, guint status,
    const gchar * type, GBytes * whole)
{
  SoupMessageBody *body = soup_server_message_get_response_body (self->message);
  gsize len = g_bytes_get_size (whole);
  g_autoptr (GBytes) sent = NULL;

  if (self->silent)
    return;
  if (self->fault.kind == PARLEY_FAULT_HANG
      || self->fault.kind == PARLEY_FAULT_DROP)
    self->half = MAX (len / 2, 1);
  set_status (self, status, type);
  sent = spoil (self, g_bytes_get_data (whole, NULL), len, FALSE);
  if (len > 0) {
    soup_message_body_append_bytes (body, sent);
    depart (self, "body", len, 0);
  }
  soup_message_body_complete (body);
  self->finished = TRUE;
  self->silent = TRUE;
  soup_server_message_unpause (self->message);
}

void
parley_exchange_stream (ParleyExchange * self, guint status, const gchar * type)
{
  if (self->silent)
    return;
  set_status (self, status, type);
  soup_message_headers_set_encoding (soup_server_message_get_response_headers
      (self->message), SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (soup_server_message_get_response_body
      (self->message), FALSE);
  soup_server_message_unpause (self->message);
}

void
parley_exchange_chunk (ParleyExchange * self, const gchar * what,
    const void *bytes, gsize len)
{
  g_autoptr (GBytes) sent = NULL;

  if (len == 0 || must_stop (self))
    return;
  sent = spoil (self, bytes, len, FALSE);
  soup_message_body_append_bytes (soup_server_message_get_response_body
      (self->message), sent);
  depart (self, what, len, 0);
  soup_server_message_unpause (self->message);
}

void
parley_exchange_finish (ParleyExchange * self)
{
  if (must_stop (self))
    return;
  self->finished = TRUE;
  self->silent = TRUE;
  soup_message_body_complete (soup_server_message_get_response_body
      (self->message));
  soup_server_message_unpause (self->message);
}

/* Websockets */

static void
on_message (SoupWebsocketConnection * websocket, SoupWebsocketDataType type,
    GBytes * message, ParleyExchange * self)
{
  gboolean text = type == SOUP_WEBSOCKET_DATA_TEXT;
  gsize len;
  const guint8 *bytes = g_bytes_get_data (message, &len);

  parley_limit_stream_allow (self->stream, MAX_AHEAD);
  parley_record_arrival (self->record, text ? "text" : "binary", len);
  if (self->over || self->silent)
    return;
  if (text && self->handler->text != NULL) {
    /* libsoup's text is NUL-terminated behind its length. */
    self->handler->text (self, len > 0 ? (const gchar *) bytes : "", len);
  } else if (!text && self->handler->binary != NULL) {
    self->handler->binary (self, bytes, len);
  }
}

static void
on_closed (SoupWebsocketConnection * websocket, ParleyExchange * self)
{
  parley_exchange_over (self,
      soup_websocket_connection_get_close_code (websocket) != 0);
}

static void
on_upgraded (SoupServerMessage * message, ParleyExchange * self)
{
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (SoupServerMessage) held G_GNUC_UNUSED = g_object_ref (message);

  parley_record_first_byte (self->record);
  parley_timer_clear (&self->gone_source);
  self->upgraded = TRUE;
  stream = soup_server_message_steal_connection (message);
  self->websocket = soup_websocket_connection_new (stream,
      soup_server_message_get_uri (message),
      SOUP_WEBSOCKET_CONNECTION_SERVER, NULL, NULL, NULL);
  soup_websocket_connection_set_max_incoming_payload_size (self->websocket,
      MAX_MESSAGE);
  parley_limit_stream_allow (self->stream, MAX_AHEAD);
  g_signal_connect (self->websocket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->websocket, "closed", G_CALLBACK (on_closed), self);
  if (self->handler->open != NULL)
    self->handler->open (self);
}

void
parley_exchange_upgrade (ParleyExchange * self,
    const ParleyExchangeHandler * handler)
{
  const gchar *offered =
      parley_exchange_header (self, "Sec-WebSocket-Protocol");
  g_auto (GStrv) protocols = g_strsplit (offered != NULL ? offered : "", ",",
      -1);
  gchar *first[] = { protocols[0] != NULL ? g_strstrip (protocols[0]) : NULL,
    NULL
  };

  if (self->silent)
    return;
  self->handler = handler;
  if (soup_websocket_server_process_handshake (self->message, NULL,
          first[0] != NULL ? first : NULL, NULL, NULL)) {
    parley_record_status (self->record, SOUP_STATUS_SWITCHING_PROTOCOLS);
    g_signal_connect (self->message, "wrote-informational",
        G_CALLBACK (on_upgraded), self);
  } else {
    parley_record_status (self->record, SOUP_STATUS_BAD_REQUEST);
    self->silent = TRUE;
  }
  soup_server_message_unpause (self->message);
}

static gboolean
may_send (ParleyExchange * self)
{
  return self->websocket != NULL && !self->over
      && soup_websocket_connection_get_state (self->websocket)
      == SOUP_WEBSOCKET_STATE_OPEN;
}

static void
send_message (ParleyExchange * self, SoupWebsocketDataType type,
    const gchar * what, const void *bytes, gsize len)
{
  gboolean text = type == SOUP_WEBSOCKET_DATA_TEXT;
  gsize head = len < 126 ? 2 : len < 65536 ? 4 : 10;
  g_autoptr (GBytes) sent = NULL;

  if (!may_send (self) || must_stop (self))
    return;
  /* What libsoup wrote by itself meanwhile (pongs) counts too. */
  if (g_queue_is_empty (&self->departures))
    self->queued = parley_cut_stream_get_taken (self->link->cut);
  self->queued += head + len;
  sent = spoil (self, bytes, len, text);
  depart (self, what, len, self->queued);
  soup_websocket_connection_send_message (self->websocket, type, sent);
}

void
parley_exchange_is_asked (ParleyExchange * self)
{
  parley_record_name_arrival (self->record, "ask");
}

void
parley_exchange_send_text (ParleyExchange * self, const gchar * what,
    const gchar * text)
{
  send_message (self, SOUP_WEBSOCKET_DATA_TEXT, what, text, strlen (text));
}

void
parley_exchange_send_binary (ParleyExchange * self, const gchar * what,
    const void *bytes, gsize len)
{
  send_message (self, SOUP_WEBSOCKET_DATA_BINARY, what, bytes, len);
}

void
parley_exchange_close (ParleyExchange * self, guint code, const gchar * reason)
{
  if (!may_send (self) || must_stop (self))
    return;
  self->silent = TRUE;
  soup_websocket_connection_close (self->websocket, code, reason);
}
