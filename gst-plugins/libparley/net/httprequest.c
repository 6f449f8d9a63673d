/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/httprequest.h"

#include <string.h>

#include "net/clock.h"
#include "net/endpoint.h"

#define SECOND G_TIME_SPAN_SECOND
#define READ_SIZE (16 * 1024)
/* What is read of the body of an error, and how long that may take. */
#define ERROR_BODY (8 * 1024)
#define ERROR_WAIT (500 * G_TIME_SPAN_MILLISECOND)
#define NEVER G_MAXINT64

/* One time that a request is under way. libsoup owes it exactly one callback at
 * any time, in which it goes on or, when it has ended, is freed. */
typedef struct
{
  ParleyHttpRequest *request;   /* borrowed; NULL: ended, nothing is told */
  ParleyHttpSession *session;
  gchar *host;
  SoupMessage *message;
  GCancellable *cancellable;
  GInputStream *stream;         /* of the body; NULL: no headers yet */

  GSource *timer;
  gint64 connect_due, first_due, idle_due, total_due;
  ParleyTimeouts timeouts;
  gboolean first_by_hand;
  gboolean fresh;               /* its connection was made for it */
  gboolean counted;             /* in the session */

  gsize body_bytes;
  GByteArray *error_body;       /* NULL: the status is 2xx */
  guint8 buffer[READ_SIZE];
} Flight;

struct _ParleyHttpRequest
{
  GObject parent;

  ParleyEndpoint endpoint;
  gchar *method;
  gchar *content_type;
  GBytes *body;
  SoupMultipart *form;
  ParleyTimeouts timeouts;
  gsize max_body;
  gboolean idempotent;
  gboolean first_by_hand;
  gboolean new_connection;

  ParleyHttpHandler handler;
  gpointer data;
  Flight *flight;               /* NULL: not under way */
  SoupMessage *message;         /* the last one */
  gboolean sent;
};

G_DEFINE_FINAL_TYPE (ParleyHttpRequest, parley_http_request, G_TYPE_OBJECT);

void
parley_timeouts_get_default (ParleyOperation operation,
    ParleyTimeouts * timeouts)
{
  static const ParleyTimeouts defaults[] = {
    [PARLEY_OPERATION_STT] = {2 * SECOND, 3 * SECOND, 3 * SECOND, 3 * SECOND},
    [PARLEY_OPERATION_LLM] = {3 * SECOND, 8 * SECOND, 5 * SECOND, 60 * SECOND},
    [PARLEY_OPERATION_TTS] = {3 * SECOND, 4 * SECOND, 4 * SECOND, 60 * SECOND},
    [PARLEY_OPERATION_TOOL] = {3 * SECOND, 10 * SECOND, 10 * SECOND,
        10 * SECOND},
    [PARLEY_OPERATION_WARM] = {3 * SECOND, 5 * SECOND, 5 * SECOND, 5 * SECOND},
  };

  *timeouts = defaults[operation];
}

/* What is to be sent */

void
parley_http_request_set_header (ParleyHttpRequest * self, const gchar * name,
    const gchar * value)
{
  soup_message_headers_replace (self->endpoint.headers, name, value);
}

gboolean
parley_http_request_set_secret (ParleyHttpRequest * self, const gchar * name,
    const gchar * prefix, const gchar * secret, GError ** error)
{
  return parley_endpoint_set_secret (&self->endpoint, name, prefix, secret,
      error);
}

void
parley_http_request_set_body (ParleyHttpRequest * self,
    const gchar * content_type, GBytes * body)
{
  g_bytes_ref (body);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->form, soup_multipart_free);
  g_free (self->content_type);
  self->body = body;
  self->content_type = g_strdup (content_type);
}

void
parley_http_request_set_json (ParleyHttpRequest * self, JsonNode * body)
{
  gchar *text = json_to_string (body, FALSE);
  GBytes *bytes = g_bytes_new_take (text, strlen (text));

  parley_http_request_set_body (self, "application/json", bytes);
  g_bytes_unref (bytes);
}

static SoupMultipart *
ensure_form (ParleyHttpRequest * self)
{
  g_clear_pointer (&self->body, g_bytes_unref);
  if (!self->form)
    self->form = soup_multipart_new (SOUP_FORM_MIME_TYPE_MULTIPART);
  return self->form;
}

void
parley_http_request_add_field (ParleyHttpRequest * self, const gchar * name,
    const gchar * value)
{
  soup_multipart_append_form_string (ensure_form (self), name, value);
}

void
parley_http_request_add_file (ParleyHttpRequest * self, const gchar * name,
    const gchar * filename, const gchar * content_type, GBytes * content)
{
  soup_multipart_append_form_file (ensure_form (self), name, filename,
      content_type, content);
}

void
parley_http_request_set_timeouts (ParleyHttpRequest * self,
    const ParleyTimeouts * timeouts)
{
  self->timeouts = *timeouts;
}

void
parley_http_request_set_max_body (ParleyHttpRequest * self, gsize bytes)
{
  self->max_body = bytes ? bytes : G_MAXSIZE;
}

void
parley_http_request_set_idempotent (ParleyHttpRequest * self,
    gboolean idempotent)
{
  self->idempotent = idempotent;
}

void
parley_http_request_set_first_by_hand (ParleyHttpRequest * self,
    gboolean by_hand)
{
  self->first_by_hand = by_hand;
}

gboolean
parley_http_request_get_first_by_hand (ParleyHttpRequest * self)
{
  return self->first_by_hand;
}

/* Its way */

static void
flight_free (Flight * flight)
{
  parley_timer_clear (&flight->timer);
  g_clear_object (&flight->stream);
  g_clear_pointer (&flight->error_body, g_byte_array_unref);
  g_signal_handlers_disconnect_by_data (flight->message, flight);
  g_object_unref (flight->message);
  g_object_unref (flight->cancellable);
  if (flight->counted)
    parley_http_session_end_in_loop (flight->session, flight->host);
  g_object_unref (flight->session);
  g_free (flight->host);
  g_free (flight);
}

/* From here on nothing is told. The callback that libsoup owes frees it. */
static void
flight_detach (Flight * flight)
{
  flight->request->flight = NULL;
  flight->request = NULL;
  parley_timer_clear (&flight->timer);
}

static void
flight_fail (Flight * flight, GError * error)
{
  ParleyHttpRequest *request = g_object_ref (flight->request);

  flight_detach (flight);
  g_cancellable_cancel (flight->cancellable);
  if (request->handler.failed)
    request->handler.failed (request, error, request->data);
  g_error_free (error);
  g_object_unref (request);
}

static void
flight_succeed (Flight * flight)
{
  ParleyHttpRequest *request = g_object_ref (flight->request);

  flight_detach (flight);
  if (request->handler.done)
    request->handler.done (request, request->data);
  g_object_unref (request);
}

static void
flight_fail_status (Flight * flight)
{
  GByteArray *body = flight->error_body;

  flight_fail (flight, parley_endpoint_status_error (&flight->request->endpoint,
          flight->message, (const gchar *) body->data, body->len));
}

/* Times */

static void
flight_arm (Flight * flight)
{
  gint64 due = MIN (flight->connect_due, flight->first_due);

  due = MIN (due, flight->idle_due);
  parley_timer_set_due (flight->timer, MIN (due, flight->total_due));
}

static gint64
due_after (gint64 from, gint64 timeout)
{
  return timeout > 0 ? from + timeout : NEVER;
}

static GError *
flight_new_timeout (Flight * flight, gint64 now)
{
  ParleyEndpoint *endpoint = &flight->request->endpoint;
  const ParleyTimeouts *limits = &flight->timeouts;

  if (now >= flight->connect_due)
    return parley_endpoint_error (endpoint, PARLEY_NET_ERROR_TIMEOUT_CONNECT,
        "no connection within %.1f s: check the network and base-url",
        (gdouble) limits->connect / SECOND);
  if (now >= flight->first_due)
    return parley_endpoint_error (endpoint,
        PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE, "no answer within %.1f s: try "
        "again later or set a fallback", (gdouble) limits->first_byte / SECOND);
  if (now >= flight->idle_due)
    return parley_endpoint_error (endpoint, PARLEY_NET_ERROR_TIMEOUT_IDLE,
        "the answer stopped for %.1f s in the middle: try again later or set a "
        "fallback", (gdouble) limits->idle / SECOND);
  if (now >= flight->total_due)
    return parley_endpoint_error (endpoint, PARLEY_NET_ERROR_TIMEOUT_TOTAL,
        "the answer was not whole within %.1f s: try again later or set a "
        "fallback", (gdouble) limits->total / SECOND);
  return NULL;
}

static gboolean
flight_timer_due (gpointer data)
{
  Flight *flight = data;
  GError *error = flight_new_timeout (flight, parley_clock_now ());

  if (error && flight->error_body) {
    g_error_free (error);
    flight_fail_status (flight);
  } else if (error) {
    flight_fail (flight, error);
  } else {
    flight_arm (flight);
  }
  return G_SOURCE_CONTINUE;
}

/* The body */

static void flight_read (Flight * flight);

static void
flight_closed (GObject * stream, GAsyncResult * result, gpointer data)
{
  Flight *flight = data;

  g_input_stream_close_finish (G_INPUT_STREAM (stream), result, NULL);
  if (flight->request)
    flight_succeed (flight);
  flight_free (flight);
}

/* Gives the connection back, or closes it when the answer is not whole; waits
 * for nothing. */
static void
flight_close (Flight * flight)
{
  g_input_stream_close_async (flight->stream, G_PRIORITY_DEFAULT, NULL,
      flight_closed, flight);
}

static void
flight_take_chunk (Flight * flight, gsize len)
{
  ParleyHttpRequest *request = flight->request;

  if (flight->error_body) {
    g_byte_array_append (flight->error_body, flight->buffer,
        MIN (len, ERROR_BODY - flight->error_body->len));
    if (flight->error_body->len >= ERROR_BODY)
      flight_fail_status (flight);
    return;
  }
  flight->body_bytes += len;
  if (flight->body_bytes > request->max_body) {
    flight_fail (flight, parley_endpoint_error (&request->endpoint,
            PARLEY_NET_ERROR_TOO_LARGE, "over %" G_GSIZE_FORMAT " bytes of "
            "answer: check base-url", request->max_body));
    return;
  }
  if (!flight->first_by_hand)
    flight->first_due = NEVER;
  flight->idle_due = flight->first_due != NEVER ? NEVER
      : due_after (parley_clock_now (), flight->timeouts.idle);
  flight_arm (flight);
  g_object_ref (request);
  if (request->handler.chunk)
    request->handler.chunk (request, flight->buffer, len, request->data);
  g_object_unref (request);
}

/* libsoup takes the end of a connection between two chunks for the end of the
 * body. A connection that was to be kept and has just ended tells. */
static gboolean
flight_is_cut (Flight * flight)
{
  GSocket *socket = parley_http_session_find_socket (flight->session,
      flight->message);
  SoupMessageHeaders *headers =
      soup_message_get_response_headers (flight->message);

  return socket && soup_message_is_keepalive (flight->message)
      && soup_message_get_http_version (flight->message) != SOUP_HTTP_2_0
      && soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CHUNKED
      && parley_socket_is_ended (socket);
}

static void
flight_read_done (GObject * stream, GAsyncResult * result, gpointer data)
{
  Flight *flight = data;
  GError *error = NULL;
  gssize len = g_input_stream_read_finish (G_INPUT_STREAM (stream), result,
      &error);

  if (flight->request && len > 0)
    flight_take_chunk (flight, len);
  else if (flight->request && flight->error_body)
    flight_fail_status (flight);
  else if (flight->request && len < 0)
    flight_fail (flight, parley_endpoint_wrap_error
        (&flight->request->endpoint, error, TRUE));
  else if (flight->request && flight_is_cut (flight))
    flight_fail (flight, parley_endpoint_error (&flight->request->endpoint,
            PARLEY_NET_ERROR_DROPPED,
            "the connection was lost in the middle: try again"));
  g_clear_error (&error);
  if (flight->request && len > 0)
    flight_read (flight);
  else
    flight_close (flight);
}

static void
flight_read (Flight * flight)
{
  g_input_stream_read_async (flight->stream, flight->buffer, READ_SIZE,
      G_PRIORITY_DEFAULT, flight->cancellable, flight_read_done, flight);
}

/* The head */

static void
flight_take_headers (Flight * flight)
{
  ParleyHttpRequest *request = flight->request;
  guint status = soup_message_get_status (flight->message);

  if (!SOUP_STATUS_IS_SUCCESSFUL (status)) {
    gint64 now = parley_clock_now ();

    flight->error_body = g_byte_array_new ();
    flight->total_due = MIN (flight->total_due, now + ERROR_WAIT);
  }
  flight_arm (flight);
  if (flight->error_body || !request->handler.headers)
    return;
  g_object_ref (request);
  request->handler.headers (request, status, request->data);
  g_object_unref (request);
}

static void flight_launch (Flight * flight, SoupMessage * message);
static SoupMessage *new_message (ParleyHttpRequest * self);

/* A warm connection that had ended already: libsoup tells only some of them.
 * Once more, on a new one. */
static gboolean
flight_try_again (Flight * flight, const GError * error)
{
  ParleyHttpRequest *request = flight->request;
  SoupMessage *message;

  if (flight->fresh || !request->idempotent || !request->sent
      || error->domain != G_IO_ERROR)
    return FALSE;
  message = new_message (request);
  soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  g_signal_handlers_disconnect_by_data (flight->message, flight);
  g_object_unref (flight->message);
  flight->fresh = TRUE;
  flight_launch (flight, message);
  return TRUE;
}

static void
flight_send_done (GObject * soup, GAsyncResult * result, gpointer data)
{
  Flight *flight = data;
  GError *error = NULL;

  flight->stream = soup_session_send_finish (SOUP_SESSION (soup), result,
      &error);
  if (flight->request && error && flight_try_again (flight, error)) {
    g_error_free (error);
    return;
  }
  if (flight->request && error)
    flight_fail (flight, parley_endpoint_wrap_error
        (&flight->request->endpoint, error, flight->request->sent));
  else if (flight->request)
    flight_take_headers (flight);
  if (!flight->stream)
    flight_free (flight);
  else if (flight->request)
    flight_read (flight);
  else
    flight_close (flight);
  g_clear_error (&error);
}

/* There is a connection; the request goes onto it. */
static void
flight_starting (SoupMessage * message, gpointer data)
{
  Flight *flight = data;

  if (!flight->request)
    return;
  flight->request->sent = TRUE;
  flight->connect_due = NEVER;
  flight_arm (flight);
}

static void
flight_network_event (SoupMessage * message, GSocketClientEvent event,
    GIOStream * stream, gpointer data)
{
  ((Flight *) data)->fresh = TRUE;
}

/* Takes @message. */
static void
flight_launch (Flight * flight, SoupMessage * message)
{
  flight->message = message;
  g_set_object (&flight->request->message, message);
  parley_http_session_watch (flight->session, message, flight->host);
  g_signal_connect (message, "starting", G_CALLBACK (flight_starting), flight);
  g_signal_connect (message, "network-event",
      G_CALLBACK (flight_network_event), flight);
  soup_session_send_async (parley_http_session_get_soup (flight->session),
      message, G_PRIORITY_DEFAULT, flight->cancellable, flight_send_done,
      flight);
}

static SoupMessage *
new_message (ParleyHttpRequest * self)
{
  SoupMessage *message = parley_endpoint_new_message (&self->endpoint,
      self->method);

  /* Without it libsoup takes a new connection for each POST. */
  if (self->idempotent)
    soup_message_add_flags (message, SOUP_MESSAGE_IDEMPOTENT);
  if (self->new_connection)
    soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  if (self->form) {
    GBytes *bytes = NULL;

    soup_multipart_to_message (self->form,
        soup_message_get_request_headers (message), &bytes);
    soup_message_set_request_body_from_bytes (message, NULL, bytes);
    g_bytes_unref (bytes);
  } else if (self->body) {
    soup_message_set_request_body_from_bytes (message, self->content_type,
        self->body);
  }
  return message;
}

static Flight *
flight_new (ParleyHttpRequest * self, ParleyHttpSession * session)
{
  Flight *flight = g_new0 (Flight, 1);
  gint64 now = parley_clock_now ();

  flight->request = self;
  flight->session = g_object_ref (session);
  flight->host = g_strdup (self->endpoint.host);
  flight->cancellable = g_cancellable_new ();
  flight->timeouts = self->timeouts;
  flight->first_by_hand = self->first_by_hand;
  flight->connect_due = due_after (now, self->timeouts.connect);
  flight->first_due = due_after (now, self->timeouts.first_byte);
  flight->total_due = due_after (now, self->timeouts.total);
  flight->idle_due = NEVER;
  flight->timer = parley_loop_add_timer (parley_http_session_get_loop (session),
      NEVER, flight_timer_due, flight);
  flight_arm (flight);
  return flight;
}

void
parley_http_request_send_in_loop (ParleyHttpRequest * self,
    ParleyHttpSession * session, const ParleyHttpHandler * handler,
    gpointer data)
{
  Flight *flight;

  g_return_if_fail (!self->flight);
  g_assert (parley_loop_is_current (parley_http_session_get_loop (session)));
  self->handler = *handler;
  self->data = data;
  self->sent = FALSE;
  self->flight = flight = flight_new (self, session);
  flight_launch (flight, new_message (self));
  flight->counted = !self->new_connection;
  if (flight->counted)
    parley_http_session_begin_in_loop (session, flight->host);
}

void
parley_http_request_mark_first_in_loop (ParleyHttpRequest * self)
{
  Flight *flight = self->flight;

  if (!flight || flight->first_due == NEVER)
    return;
  flight->first_due = NEVER;
  flight->idle_due = due_after (parley_clock_now (), flight->timeouts.idle);
  flight_arm (flight);
}

void
parley_http_request_cancel_in_loop (ParleyHttpRequest * self)
{
  Flight *flight = self->flight;

  if (!flight)
    return;
  flight_detach (flight);
  g_cancellable_cancel (flight->cancellable);
}

gboolean
parley_http_request_is_active (ParleyHttpRequest * self)
{
  return self->flight != NULL;
}

gboolean
parley_http_request_was_sent (ParleyHttpRequest * self)
{
  return self->sent;
}

const gchar *
parley_http_request_get_response_header (ParleyHttpRequest * self,
    const gchar * name)
{
  return self->message ? soup_message_headers_get_list
      (soup_message_get_response_headers (self->message), name) : NULL;
}

gboolean
parley_http_request_keeps_connection (ParleyHttpRequest * self)
{
  SoupMessage *message = self->message;

  return message && !self->flight && soup_message_is_keepalive (message)
      && soup_message_get_http_version (message) != SOUP_HTTP_2_0
      && SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (message));
}

const gchar *
parley_http_request_get_provider (ParleyHttpRequest * self)
{
  return self->endpoint.provider;
}

const gchar *
parley_http_request_get_host (ParleyHttpRequest * self)
{
  return self->endpoint.host;
}

static void
parley_http_request_dispose (GObject * object)
{
  ParleyHttpRequest *self = PARLEY_HTTP_REQUEST (object);

  parley_http_request_cancel_in_loop (self);
  g_clear_object (&self->message);
  G_OBJECT_CLASS (parley_http_request_parent_class)->dispose (object);
}

static void
parley_http_request_finalize (GObject * object)
{
  ParleyHttpRequest *self = PARLEY_HTTP_REQUEST (object);

  parley_endpoint_clear (&self->endpoint);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->form, soup_multipart_free);
  g_free (self->content_type);
  g_free (self->method);
  G_OBJECT_CLASS (parley_http_request_parent_class)->finalize (object);
}

static void
parley_http_request_init (ParleyHttpRequest * self)
{
  self->max_body = PARLEY_HTTP_MAX_BODY;
}

static void
parley_http_request_class_init (ParleyHttpRequestClass * klass)
{
  G_OBJECT_CLASS (klass)->dispose = parley_http_request_dispose;
  G_OBJECT_CLASS (klass)->finalize = parley_http_request_finalize;
}

ParleyHttpRequest *
parley_http_request_new (const gchar * provider, ParleyOperation operation,
    const gchar * method, const gchar * url, GError ** error)
{
  ParleyHttpRequest *self;
  ParleyEndpoint endpoint;

  if (!parley_endpoint_init (&endpoint, provider, url, FALSE, error))
    return NULL;
  self = g_object_new (PARLEY_TYPE_HTTP_REQUEST, NULL);
  self->endpoint = endpoint;
  self->method = g_strdup (method);
  self->idempotent = operation != PARLEY_OPERATION_TOOL;
  parley_timeouts_get_default (operation, &self->timeouts);
  return self;
}

ParleyHttpRequest *
parley_http_request_new_spare (ParleyHttpRequest * other)
{
  ParleyHttpRequest *self = g_object_new (PARLEY_TYPE_HTTP_REQUEST, NULL);

  parley_endpoint_copy (&self->endpoint, &other->endpoint);
  self->method = g_strdup (other->method);
  self->idempotent = other->idempotent;
  self->timeouts = other->timeouts;
  self->max_body = other->max_body;
  self->new_connection = TRUE;
  return self;
}
