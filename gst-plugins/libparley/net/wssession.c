/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/wssession.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "net/clock.h"
#include "net/endpoint.h"

#define NEVER G_MAXINT64
#define CONNECT_TIMEOUT (3 * G_TIME_SPAN_SECOND)
#define PING_INTERVAL 20        /* seconds */
#define CLOSE_WAIT (2 * G_TIME_SPAN_SECOND)
/* Bytes that the kernel may hold unsent before we keep the rest here, and how
 * often we look whether it took some. */
#define MAX_UNSENT (64 * 1024)
#define DRAIN_EVERY (20 * G_TIME_SPAN_MILLISECOND)
/* How often a message in fragments is weighed. */
#define WEIGH_EVERY (2 * G_TIME_SPAN_SECOND)

typedef struct
{
  SoupWebsocketDataType type;
  GBytes *bytes;
} Outgoing;

/* A handshake under way: outlives the session that is cancelled meanwhile. */
typedef struct
{
  ParleyWsSession *owner;       /* borrowed; NULL: cancelled */
} Handshake;

struct _ParleyWsSession
{
  GObject parent;

  ParleyEndpoint endpoint;
  GPtrArray *protocols;         /* NULL at the end */
  gsize max_message;
  gint64 connect_timeout, idle_timeout;
  guint ping_interval;
  gchar *error_header;
  ParleyWsHandler handler;
  gpointer data;

  ParleyWsState state;
  ParleyHttpSession *session;
  SoupMessage *message;
  GCancellable *cancellable;
  Handshake *handshake;         /* NULL: over */
  SoupWebsocketConnection *ws;  /* open or closing */
  GSocket *socket;              /* under it; NULL: not known */

  GQueue queue;                 /* of Outgoing */
  gsize queued;                 /* bytes */
  gboolean overflow;
  gboolean sending;             /* or closing: in a call of libsoup's */
  GError *lost;                 /* found out while sending, not told yet */
  guint close_code;             /* asked for while something is queued; 0 */
  gchar *close_reason;

  GSource *timer;
  gint64 connect_due, idle_due, close_due, drain_due, weigh_due;
  guint64 received;             /* when the last message came */
  gboolean heavy;               /* at the last weighing */
};

G_DEFINE_FINAL_TYPE (ParleyWsSession, parley_ws_session, G_TYPE_OBJECT);

static void
outgoing_free (gpointer data)
{
  Outgoing *outgoing = data;

  g_bytes_unref (outgoing->bytes);
  g_free (outgoing);
}

/* Settings */

void
parley_ws_session_set_header (ParleyWsSession * self, const gchar * name,
    const gchar * value)
{
  soup_message_headers_replace (self->endpoint.headers, name, value);
}

gboolean
parley_ws_session_set_secret (ParleyWsSession * self, const gchar * name,
    const gchar * prefix, const gchar * secret, GError ** error)
{
  return parley_endpoint_set_secret (&self->endpoint, name, prefix, secret,
      error);
}

void
parley_ws_session_add_protocol (ParleyWsSession * self, const gchar * protocol)
{
  g_ptr_array_insert (self->protocols, self->protocols->len - 1,
      g_strdup (protocol));
}

void
parley_ws_session_set_max_message (ParleyWsSession * self, gsize bytes)
{
  self->max_message = bytes;
}

void
parley_ws_session_set_timeouts (ParleyWsSession * self, gint64 connect,
    gint64 idle)
{
  self->connect_timeout = connect;
  self->idle_timeout = idle;
}

void
parley_ws_session_set_ping_interval (ParleyWsSession * self, guint seconds)
{
  self->ping_interval = seconds;
}

void
parley_ws_session_set_handler_in_loop (ParleyWsSession * self,
    const ParleyWsHandler * handler, gpointer data)
{
  static const ParleyWsHandler nobody = { NULL };

  self->handler = handler ? *handler : nobody;
  self->data = data;
}

void
parley_ws_session_set_error_header (ParleyWsSession * self, const gchar * name)
{
  g_free (self->error_header);
  self->error_header = g_strdup (name);
}

/* The end */

/* Lets go of everything; from here on nothing is told. */
static void
end (ParleyWsSession * self)
{
  self->state = PARLEY_WS_ENDED;
  parley_timer_clear (&self->timer);
  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->handshake)
    self->handshake->owner = NULL;
  self->handshake = NULL;
  if (self->ws)
    g_signal_handlers_disconnect_by_data (self->ws, self);
  g_clear_object (&self->ws);
  g_clear_object (&self->socket);
  g_queue_clear_full (&self->queue, outgoing_free);
  self->queued = 0;
  g_clear_error (&self->lost);
}

static void
fail (ParleyWsSession * self, GError * error)
{
  g_object_ref (self);
  end (self);
  if (self->handler.failed)
    self->handler.failed (self, error, self->data);
  g_error_free (error);
  g_object_unref (self);
}

static void arm (ParleyWsSession * self);

/* Takes @error. libsoup writes at once and so may find out inside a call of
 * ours: whoever sends is told later. */
static void
lose (ParleyWsSession * self, GError * error)
{
  if (!self->sending) {
    fail (self, error);
    return;
  }
  if (self->lost)
    g_error_free (error);
  else
    self->lost = error;
  self->drain_due = parley_clock_now ();
  arm (self);
}

static void
tell_closed (ParleyWsSession * self, guint code, const gchar * reason)
{
  gchar *clean = parley_clean_text (reason ? reason : "",
      reason ? strlen (reason) : 0,
      (const gchar * const *) self->endpoint.secrets->pdata);

  g_object_ref (self);
  end (self);
  if (self->handler.closed)
    self->handler.closed (self, code, clean, self->data);
  g_free (clean);
  g_object_unref (self);
}

/* Sending */

static gboolean
may_send (ParleyWsSession * self)
{
  gint unsent = 0;

  return !self->socket
      || ioctl (g_socket_get_fd (self->socket), SIOCOUTQ, &unsent) != 0
      || unsent <= MAX_UNSENT;
}

static void
arm (ParleyWsSession * self)
{
  gint64 due = MIN (self->connect_due, self->idle_due);

  due = MIN (due, self->close_due);
  due = MIN (due, self->drain_due);
  if (self->timer)
    parley_timer_set_due (self->timer, MIN (due, self->weigh_due));
}

static void
begin_close (ParleyWsSession * self)
{
  if (soup_websocket_connection_get_state (self->ws) !=
      SOUP_WEBSOCKET_STATE_OPEN)
    return;
  self->sending = TRUE;
  soup_websocket_connection_close (self->ws, self->close_code,
      self->close_reason);
  self->sending = FALSE;
}

static void
give (ParleyWsSession * self, SoupWebsocketDataType type, GBytes * bytes)
{
  if (soup_websocket_connection_get_state (self->ws) !=
      SOUP_WEBSOCKET_STATE_OPEN)
    return;
  self->sending = TRUE;
  soup_websocket_connection_send_message (self->ws, type, bytes);
  self->sending = FALSE;
}

static void
drain (ParleyWsSession * self)
{
  while (self->queue.head && may_send (self)) {
    Outgoing *outgoing = g_queue_pop_head (&self->queue);

    self->queued -= g_bytes_get_size (outgoing->bytes);
    give (self, outgoing->type, outgoing->bytes);
    outgoing_free (outgoing);
  }
  if (!self->lost)
    self->drain_due = self->queue.head ? parley_clock_now () + DRAIN_EVERY
        : NEVER;
  if (!self->queue.head && self->close_code)
    begin_close (self);
  arm (self);
}

static void
enqueue (ParleyWsSession * self, SoupWebsocketDataType type, GBytes * bytes)
{
  Outgoing *outgoing;

  if (self->queued + g_bytes_get_size (bytes) > PARLEY_WS_MAX_QUEUE) {
    self->overflow = TRUE;
    self->drain_due = parley_clock_now ();
    arm (self);
    return;
  }
  outgoing = g_new (Outgoing, 1);
  outgoing->type = type;
  outgoing->bytes = g_bytes_ref (bytes);
  self->queued += g_bytes_get_size (bytes);
  g_queue_push_tail (&self->queue, outgoing);
  if (self->state == PARLEY_WS_OPEN && self->drain_due == NEVER) {
    self->drain_due = parley_clock_now () + DRAIN_EVERY;
    arm (self);
  }
}

static void
send (ParleyWsSession * self, SoupWebsocketDataType type, const void *data,
    gsize len)
{
  GBytes *bytes;

  if (self->overflow || self->lost || (self->state != PARLEY_WS_OPENING
          && self->state != PARLEY_WS_OPEN))
    return;
  bytes = g_bytes_new (data, len);
  if (self->state == PARLEY_WS_OPEN && !self->queue.head && may_send (self))
    give (self, type, bytes);
  else
    enqueue (self, type, bytes);
  g_bytes_unref (bytes);
}

void
parley_ws_session_send_text_in_loop (ParleyWsSession * self,
    const gchar * text, gssize len)
{
  gsize size = len < 0 ? strlen (text) : (gsize) len;

  g_return_if_fail (g_utf8_validate (text, size, NULL));
  send (self, SOUP_WEBSOCKET_DATA_TEXT, text, size);
}

void
parley_ws_session_send_binary_in_loop (ParleyWsSession * self,
    const void *bytes, gsize len)
{
  send (self, SOUP_WEBSOCKET_DATA_BINARY, bytes, len);
}

void
parley_ws_session_close_in_loop (ParleyWsSession * self, guint code,
    const gchar * reason)
{
  if (self->state != PARLEY_WS_OPENING && self->state != PARLEY_WS_OPEN)
    return;
  self->close_code = code;
  g_free (self->close_reason);
  self->close_reason = g_strdup (reason);
  self->close_due = parley_clock_now () + CLOSE_WAIT;
  if (self->state == PARLEY_WS_OPEN && !self->queue.head)
    begin_close (self);
  self->state = PARLEY_WS_CLOSING;
  arm (self);
}

void
parley_ws_session_cancel_in_loop (ParleyWsSession * self)
{
  if (self->state != PARLEY_WS_NEW && self->state != PARLEY_WS_ENDED)
    end (self);
}

/* Times */

static gboolean
is_too_heavy (ParleyWsSession * self, gint64 now)
{
  guint64 received = parley_socket_get_received (self->socket);
  gboolean heavy = received - self->received > 2 * (guint64) self->max_message;
  gboolean was_heavy = self->heavy;

  self->heavy = heavy;
  self->weigh_due = now + WEIGH_EVERY;
  return heavy && was_heavy;
}

static GError *
find_fault (ParleyWsSession * self, gint64 now)
{
  ParleyEndpoint *endpoint = &self->endpoint;

  if (self->lost)
    return self->state == PARLEY_WS_CLOSING ? NULL
        : g_steal_pointer (&self->lost);
  if (now >= self->connect_due)
    return parley_endpoint_error (endpoint, PARLEY_NET_ERROR_TIMEOUT_CONNECT,
        "no websocket within %.1f s: check the network and base-url",
        (gdouble) self->connect_timeout / G_TIME_SPAN_SECOND);
  if (now >= self->idle_due)
    return parley_endpoint_error (endpoint, PARLEY_NET_ERROR_TIMEOUT_IDLE,
        "nothing came for %.1f s: try again later or set a fallback",
        (gdouble) self->idle_timeout / G_TIME_SPAN_SECOND);
  if (self->overflow)
    return parley_endpoint_error (endpoint, PARLEY_NET_ERROR_DROPPED,
        "it does not take what is sent, %" G_GSIZE_FORMAT " bytes wait: try "
        "again later or set a fallback", self->queued);
  if (now >= self->weigh_due && is_too_heavy (self, now))
    return parley_endpoint_error (endpoint, PARLEY_NET_ERROR_TOO_LARGE,
        "a message of over %" G_GSIZE_FORMAT " bytes: check base-url",
        self->max_message);
  return NULL;
}

static gboolean
timer_due (gpointer data)
{
  ParleyWsSession *self = data;
  gint64 now = parley_clock_now ();
  GError *error = find_fault (self, now);

  if (error)
    fail (self, error);
  else if (now >= self->close_due || self->lost)
    tell_closed (self, SOUP_WEBSOCKET_CLOSE_ABNORMAL, NULL);
  else if (self->ws && now >= self->drain_due)
    drain (self);
  else
    arm (self);
  return G_SOURCE_CONTINUE;
}

static void
restart_idle (ParleyWsSession * self)
{
  if (self->idle_timeout == 0 || self->state != PARLEY_WS_OPEN)
    return;
  self->idle_due = parley_clock_now () + self->idle_timeout;
  arm (self);
}

/* What comes */

static void
on_message (SoupWebsocketConnection * ws, SoupWebsocketDataType type,
    GBytes * bytes, gpointer data)
{
  ParleyWsSession *self = data;
  gsize len;
  const void *content = g_bytes_get_data (bytes, &len);

  if (len > self->max_message) {
    fail (self, parley_endpoint_error (&self->endpoint,
            PARLEY_NET_ERROR_TOO_LARGE, "a message of %" G_GSIZE_FORMAT
            " bytes: check base-url", len));
    return;
  }
  if (self->socket)
    self->received = parley_socket_get_received (self->socket);
  self->heavy = FALSE;
  restart_idle (self);
  g_object_ref (self);
  if (type == SOUP_WEBSOCKET_DATA_TEXT && self->handler.text)
    self->handler.text (self, len ? content : "", len, self->data);
  else if (type == SOUP_WEBSOCKET_DATA_BINARY && self->handler.binary)
    self->handler.binary (self, content, len, self->data);
  g_object_unref (self);
}

static void
on_error (SoupWebsocketConnection * ws, GError * error, gpointer data)
{
  ParleyWsSession *self = data;

  if (g_error_matches (error, SOUP_WEBSOCKET_ERROR,
          SOUP_WEBSOCKET_CLOSE_TOO_BIG))
    lose (self, parley_endpoint_error (&self->endpoint,
            PARLEY_NET_ERROR_TOO_LARGE, "a message of over %" G_GSIZE_FORMAT
            " bytes: check base-url", self->max_message));
  else
    lose (self, parley_endpoint_wrap_error (&self->endpoint, error, TRUE));
}

static void
on_closed (SoupWebsocketConnection * ws, gpointer data)
{
  ParleyWsSession *self = data;
  guint code = soup_websocket_connection_get_close_code (ws);

  if (!self->sending && code != 0 && code != SOUP_WEBSOCKET_CLOSE_ABNORMAL)
    tell_closed (self, code, soup_websocket_connection_get_close_data (ws));
  else if (!self->sending && self->state == PARLEY_WS_CLOSING)
    tell_closed (self, SOUP_WEBSOCKET_CLOSE_ABNORMAL, NULL);
  else
    lose (self, parley_endpoint_error (&self->endpoint,
            PARLEY_NET_ERROR_DROPPED, "the connection was lost: try again"));
}

/* Opening */

static void
take_connection (ParleyWsSession * self, SoupWebsocketConnection * ws)
{
  GSocket *socket = parley_http_session_find_socket (self->session,
      self->message);

  self->ws = ws;
  g_set_object (&self->socket, socket);
  self->connect_due = NEVER;
  if (socket) {
    self->received = parley_socket_get_received (socket);
    self->weigh_due = parley_clock_now () + WEIGH_EVERY;
  }
  soup_websocket_connection_set_max_incoming_payload_size (ws,
      self->max_message);
  soup_websocket_connection_set_keepalive_interval (ws, self->ping_interval);
  g_signal_connect (ws, "message", G_CALLBACK (on_message), self);
  g_signal_connect (ws, "error", G_CALLBACK (on_error), self);
  g_signal_connect (ws, "closed", G_CALLBACK (on_closed), self);
  if (self->state == PARLEY_WS_OPENING)
    self->state = PARLEY_WS_OPEN;
  restart_idle (self);
  drain (self);
  if (self->state == PARLEY_WS_OPEN && self->handler.opened)
    self->handler.opened (self, self->data);
}

static GError *
new_refusal (ParleyWsSession * self, const GError * cause)
{
  guint status = soup_message_get_status (self->message);
  const gchar *says = NULL;

  if (status == SOUP_STATUS_NONE || status == SOUP_STATUS_SWITCHING_PROTOCOLS)
    return parley_endpoint_wrap_error (&self->endpoint, cause,
        status != SOUP_STATUS_NONE);
  if (self->error_header)
    says = parley_ws_session_get_response_header (self, self->error_header);
  return parley_endpoint_status_error (&self->endpoint, self->message, says,
      says ? strlen (says) : 0);
}

static void
connect_done (GObject * soup, GAsyncResult * result, gpointer data)
{
  Handshake *handshake = data;
  ParleyWsSession *self = handshake->owner;
  GError *error = NULL;
  SoupWebsocketConnection *ws =
      soup_session_websocket_connect_finish (SOUP_SESSION (soup), result,
      &error);

  g_free (handshake);
  if (!self) {
    g_clear_object (&ws);
  } else {
    self->handshake = NULL;
    g_object_ref (self);
    if (ws)
      take_connection (self, ws);
    else
      fail (self, new_refusal (self, error));
    g_object_unref (self);
  }
  g_clear_error (&error);
}

void
parley_ws_session_open_in_loop (ParleyWsSession * self,
    ParleyHttpSession * session)
{
  ParleyLoop *loop = parley_http_session_get_loop (session);
  gint64 now = parley_clock_now ();

  g_return_if_fail (self->state == PARLEY_WS_NEW);
  g_assert (parley_loop_is_current (loop));
  self->state = PARLEY_WS_OPENING;
  self->session = g_object_ref (session);
  self->cancellable = g_cancellable_new ();
  self->handshake = g_new (Handshake, 1);
  self->handshake->owner = self;
  self->message = parley_endpoint_new_message (&self->endpoint, "GET");
  parley_http_session_watch (session, self->message, NULL);
  if (self->connect_timeout > 0)
    self->connect_due = now + self->connect_timeout;
  self->timer = parley_loop_add_timer (loop, NEVER, timer_due, self);
  arm (self);
  soup_session_websocket_connect_async (parley_http_session_get_soup (session),
      self->message, NULL, (gchar **) self->protocols->pdata,
      G_PRIORITY_DEFAULT, self->cancellable, connect_done, self->handshake);
}

/* Getters, life */

ParleyWsState
parley_ws_session_get_state (ParleyWsSession * self)
{
  return self->state;
}

gsize
parley_ws_session_get_queued (ParleyWsSession * self)
{
  return self->queued;
}

const gchar *
parley_ws_session_get_protocol (ParleyWsSession * self)
{
  return self->ws ? soup_websocket_connection_get_protocol (self->ws) : NULL;
}

const gchar *
parley_ws_session_get_response_header (ParleyWsSession * self,
    const gchar * name)
{
  return self->message ? soup_message_headers_get_list
      (soup_message_get_response_headers (self->message), name) : NULL;
}

const gchar *
parley_ws_session_get_provider (ParleyWsSession * self)
{
  return self->endpoint.provider;
}

static void
parley_ws_session_dispose (GObject * object)
{
  ParleyWsSession *self = PARLEY_WS_SESSION (object);

  parley_ws_session_cancel_in_loop (self);
  g_clear_object (&self->message);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (parley_ws_session_parent_class)->dispose (object);
}

static void
parley_ws_session_finalize (GObject * object)
{
  ParleyWsSession *self = PARLEY_WS_SESSION (object);

  parley_endpoint_clear (&self->endpoint);
  g_ptr_array_unref (self->protocols);
  g_free (self->error_header);
  g_free (self->close_reason);
  G_OBJECT_CLASS (parley_ws_session_parent_class)->finalize (object);
}

static void
parley_ws_session_init (ParleyWsSession * self)
{
  self->protocols = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->protocols, NULL);
  self->max_message = PARLEY_WS_MAX_MESSAGE;
  self->connect_timeout = CONNECT_TIMEOUT;
  self->ping_interval = PING_INTERVAL;
  self->connect_due = self->idle_due = self->close_due = NEVER;
  self->drain_due = self->weigh_due = NEVER;
}

static void
parley_ws_session_class_init (ParleyWsSessionClass * klass)
{
  G_OBJECT_CLASS (klass)->dispose = parley_ws_session_dispose;
  G_OBJECT_CLASS (klass)->finalize = parley_ws_session_finalize;
}

ParleyWsSession *
parley_ws_session_new (const gchar * provider, const gchar * url,
    GError ** error)
{
  ParleyWsSession *self;
  ParleyEndpoint endpoint;

  if (!parley_endpoint_init (&endpoint, provider, url, TRUE, error))
    return NULL;
  self = g_object_new (PARLEY_TYPE_WS_SESSION, NULL);
  self->endpoint = endpoint;
  return self;
}
