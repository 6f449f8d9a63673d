/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/wssession.h"

#include <string.h>

#include "mock/listener.h"
#include "mock/peer.h"
#include "net/clock.h"

/* Websockets to a server that says, byte by byte, what a case has it say. */

#define KEY "kX-secret-0123456789abcdef"
#define SECOND G_TIME_SPAN_SECOND
#define FIN 0x80
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

typedef struct
{
  ParleyMockListener *listener;
  ParleyLoop *loop;
  ParleyHttpSession *session;
  ParleyWsSession *ws;
  GString *log;
  GError *error;
  gboolean ended;
  gboolean cancel_at_opened, unref_at_opened, cancel_at_text, unref_at_text;
} Fixture;

static void
on_opened (ParleyWsSession * ws, gpointer data)
{
  Fixture *self = data;

  g_assert_cmpint (parley_ws_session_get_state (ws), ==, PARLEY_WS_OPEN);
  g_string_append (self->log, "opened ");
  if (self->cancel_at_opened)
    parley_ws_session_cancel_in_loop (ws);
  if (self->unref_at_opened)
    g_clear_object (&self->ws);
}

static void
on_text (ParleyWsSession * ws, const gchar * text, gsize len, gpointer data)
{
  Fixture *self = data;

  g_assert_cmpuint (strlen (text), ==, len);
  g_string_append_printf (self->log, "text:%s ", text);
  if (self->cancel_at_text)
    parley_ws_session_cancel_in_loop (ws);
  if (self->unref_at_text)
    g_clear_object (&self->ws);
}

static void
on_binary (ParleyWsSession * ws, const guint8 * bytes, gsize len, gpointer data)
{
  g_string_append_printf (((Fixture *) data)->log, "binary%" G_GSIZE_FORMAT
      " ", len);
}

static void
on_closed (ParleyWsSession * ws, guint code, const gchar * reason,
    gpointer data)
{
  Fixture *self = data;

  g_assert_cmpint (parley_ws_session_get_state (ws), ==, PARLEY_WS_ENDED);
  g_string_append_printf (self->log, "closed%u:%s ", code, reason);
  self->ended = TRUE;
}

static void
on_failed (ParleyWsSession * ws, const GError * error, gpointer data)
{
  Fixture *self = data;

  g_assert_true (error->domain == PARLEY_NET_ERROR);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, "acme: "));
  g_assert_null (strstr (error->message, KEY));
  g_string_append (self->log, "failed ");
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  self->ended = TRUE;
}

static const ParleyWsHandler handler =
    { on_opened, on_text, on_binary, on_closed, on_failed };

static ParleyWsSession *
new_ws (gpointer data)
{
  Fixture *self = data;
  g_autofree gchar *url = g_strdup_printf ("ws://127.0.0.1:%u/v1/listen?a=b",
      self->listener->port);
  GError *error = NULL;
  ParleyWsSession *ws = parley_ws_session_new ("acme", url, &error);

  g_assert_no_error (error);
  g_assert_true (parley_ws_session_set_secret (ws, "Authorization", "Token ",
          KEY, NULL));
  parley_ws_session_set_ping_interval (ws, 0);
  return ws;
}

static void
set_up (Fixture * self, gconstpointer data)
{
  g_assert_true (g_main_context_acquire (NULL));
  parley_clock_set_manual (0);
  self->listener = parley_mock_listener_new ();
  self->loop = parley_loop_new (g_main_context_default ());
  self->session = parley_http_session_get_in_loop (self->loop);
  self->log = g_string_new (NULL);
  self->ws = new_ws (self);
  parley_ws_session_set_handler_in_loop (self->ws, &handler, self);
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  g_clear_object (&self->ws);
  parley_mock_settle ();
  g_assert_finalize_object (self->session);
  parley_mock_listener_free (self->listener);
  parley_mock_settle ();
  g_assert_finalize_object (self->loop);
  g_string_free (self->log, TRUE);
  g_clear_error (&self->error);
  parley_clock_set_real ();
  g_main_context_release (NULL);
}

/* The server's side */

static ParleyMockClient *
wait_asked (Fixture * self, guint index)
{
  parley_mock_wait (parley_mock_listener_get (self->listener, index)
      && parley_mock_client_asked (parley_mock_listener_get (self->listener,
              index)));
  return parley_mock_listener_get (self->listener, index);
}

static void
upgrade (ParleyMockClient * server, const gchar * headers)
{
  const gchar *text = (const gchar *) server->in->data;
  const gchar *key = strstr (text, "Sec-WebSocket-Key: ")
      + strlen ("Sec-WebSocket-Key: ");
  g_autofree gchar *all = g_strdup_printf ("%.*s" GUID,
      (gint) strcspn (key, "\r"), key);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize len = sizeof digest;
  g_autofree gchar *accept = NULL, *answer = NULL;

  g_checksum_update (sum, (const guchar *) all, -1);
  g_checksum_get_digest (sum, digest, &len);
  accept = g_base64_encode (digest, len);
  answer = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\nConnection: Upgrade\r\n%s"
      "Sec-WebSocket-Accept: %s\r\n\r\n", headers, accept);
  parley_mock_client_forget (server);
  parley_mock_client_print (server, answer);
}

/* @first: FIN and opcode. */
static void
write_frame (ParleyMockClient * server, guint8 first, const void *data,
    gsize len)
{
  guint8 head[10] = { first, len < 126 ? len : len < 65536 ? 126 : 127 };

  if (len < 126) {
    parley_mock_client_write (server, head, 2);
  } else if (len < 65536) {
    head[2] = len >> 8;
    head[3] = len;
    parley_mock_client_write (server, head, 4);
  } else {
    for (guint i = 0; i < 8; i++)
      head[2 + i] = (guint64) len >> (56 - 8 * i);
    parley_mock_client_write (server, head, 10);
  }
  parley_mock_client_write (server, data, len);
}

/* What came, as "1:text 2:…": opcode and payload, unmasked; short frames. */
static gchar *
read_frames (ParleyMockClient * server)
{
  GString *out = g_string_new (NULL);
  const guint8 *p = server->in->data;
  const guint8 *end = p + server->in->len;

  while (end - p >= 6) {
    guint8 opcode = p[0] & 0xF, len = p[1] & 0x7F;
    const guint8 *mask = p + 2;

    g_assert_cmpuint (len, <, 126);
    if (end - p < 6 + len)
      break;
    g_string_append_printf (out, "%u:", opcode);
    for (guint i = 0; i < len; i++)
      g_string_append_c (out, mask[4 + i] ^ mask[i % 4]);
    g_string_append_c (out, ' ');
    p += 6 + len;
  }
  return g_string_free (out, FALSE);
}

static gboolean
came (ParleyMockClient * server, const gchar * frames)
{
  g_autofree gchar *all = read_frames (server);

  return strcmp (all, frames) == 0;
}

static ParleyMockClient *
open_ws (Fixture * self)
{
  ParleyMockClient *server;

  parley_ws_session_open_in_loop (self->ws, self->session);
  server = wait_asked (self, 0);
  upgrade (server, "");
  parley_mock_wait (self->log->len > 0);
  g_assert_cmpstr (self->log->str, ==, "opened ");
  g_string_truncate (self->log, 0);
  return server;
}

/* The way through */

static void
test_messages (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = open_ws (self);

  write_frame (server, FIN | 1, "hi", 2);
  write_frame (server, FIN | 1, "", 0);
  write_frame (server, FIN | 2, "\0\1\2", 3);
  write_frame (server, 1, "in ", 3);
  write_frame (server, FIN | 9, "ping", 4);
  write_frame (server, FIN | 0, "two", 3);
  parley_mock_wait (strstr (self->log->str, "two"));
  g_assert_cmpstr (self->log->str, ==, "text:hi text: binary3 text:in two ");
  parley_ws_session_send_text_in_loop (self->ws, "hello", -1);
  parley_ws_session_send_binary_in_loop (self->ws, "abc", 3);
  parley_mock_wait (came (server, "10:ping 1:hello 2:abc "));
}

static void
test_handshake (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;
  const gchar *text;

  parley_ws_session_set_header (self->ws, "X-ConnectionId", "0a");
  parley_ws_session_add_protocol (self->ws, "one");
  parley_ws_session_add_protocol (self->ws, "two");
  parley_ws_session_open_in_loop (self->ws, self->session);
  server = wait_asked (self, 0);
  text = (const gchar *) server->in->data;
  g_assert_true (g_str_has_prefix (text, "GET /v1/listen?a=b HTTP/1.1\r\n"));
  g_assert_nonnull (strstr (text, "\r\nAuthorization: Token " KEY "\r\n"));
  g_assert_nonnull (strstr (text, "\r\nX-ConnectionId: 0a\r\n"));
  g_assert_nonnull (strstr (text, "\r\nSec-WebSocket-Protocol: one, two\r\n"));
  g_assert_null (strstr (text, "permessage-deflate"));
  upgrade (server, "Sec-WebSocket-Protocol: two\r\ndg-request-id: 7\r\n");
  parley_mock_wait (self->log->len > 0);
  g_assert_cmpstr (parley_ws_session_get_protocol (self->ws), ==, "two");
  g_assert_cmpstr (parley_ws_session_get_response_header (self->ws,
          "dg-request-id"), ==, "7");
}

static void
test_queue_before_open (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;

  parley_ws_session_open_in_loop (self->ws, self->session);
  parley_ws_session_send_text_in_loop (self->ws, "a", -1);
  parley_ws_session_send_binary_in_loop (self->ws, "bc", 2);
  g_assert_cmpuint (parley_ws_session_get_queued (self->ws), ==, 3);
  server = wait_asked (self, 0);
  upgrade (server, "");
  parley_mock_wait (came (server, "1:a 2:bc "));
  g_assert_cmpuint (parley_ws_session_get_queued (self->ws), ==, 0);
}

/* The frame that comes together with the handshake's answer is not lost. */
static void
test_early_message (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;

  parley_ws_session_open_in_loop (self->ws, self->session);
  server = wait_asked (self, 0);
  upgrade (server, "");
  write_frame (server, FIN | 1, "now", 3);
  parley_mock_wait (strstr (self->log->str, "text"));
  g_assert_cmpstr (self->log->str, ==, "opened text:now ");
}

/* Ends */

static void
test_peer_closes (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = open_ws (self);

  write_frame (server, FIN | 8, "\x03\xF0" "timeout " KEY, 2 + 8
      + strlen (KEY));
  parley_mock_settle ();
  parley_mock_client_close (server);
  parley_mock_wait (self->ended);
  g_assert_cmpstr (self->log->str, ==, "closed1008:timeout *** ");
}

static void
test_peer_closes_without_code (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = open_ws (self);

  write_frame (server, FIN | 8, "", 0);
  parley_mock_settle ();
  parley_mock_client_close (server);
  parley_mock_wait (self->ended);
  g_assert_cmpstr (self->log->str, ==, "closed1005: ");
}

static void
test_close (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = open_ws (self);

  parley_ws_session_send_text_in_loop (self->ws, "bye", -1);
  parley_ws_session_close_in_loop (self->ws, 1000, "done");
  g_assert_cmpint (parley_ws_session_get_state (self->ws), ==,
      PARLEY_WS_CLOSING);
  parley_mock_wait (came (server, "1:bye 8:\x03\xE8" "done "));
  write_frame (server, FIN | 1, "last", 4);
  write_frame (server, FIN | 8, "\x03\xE8", 2);
  parley_mock_settle ();
  parley_mock_client_close (server);
  parley_mock_wait (self->ended);
  g_assert_cmpstr (self->log->str, ==, "text:last closed1000: ");
}

static void
test_close_unanswered (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = open_ws (self);

  parley_ws_session_close_in_loop (self->ws, 1000, NULL);
  parley_mock_advance (2 * SECOND - 1);
  g_assert_false (self->ended);
  parley_mock_advance (1);
  g_assert_cmpstr (self->log->str, ==, "closed1006: ");
  parley_mock_wait (server->gone);
}

static void
test_close_while_opening (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;

  parley_ws_session_open_in_loop (self->ws, self->session);
  parley_ws_session_send_text_in_loop (self->ws, "a", -1);
  parley_ws_session_close_in_loop (self->ws, 1000, NULL);
  server = wait_asked (self, 0);
  upgrade (server, "");
  parley_mock_wait (came (server, "1:a 8:\x03\xE8 "));
}

static void
test_drop (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = open_ws (self);

  write_frame (server, 1, "half", 4);
  parley_mock_settle ();
  parley_mock_client_close (server);
  parley_mock_wait (self->ended);
  g_assert_cmpstr (self->log->str, ==, "failed ");
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_DROPPED);
}

/* The kernel knows that the connection is lost when more is sent: nothing is
 * told inside these calls. */
static void
test_drop_while_sending (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = open_ws (self);

  parley_mock_client_close (server);
  for (guint i = 0; i < 3; i++) {
    parley_ws_session_send_text_in_loop (self->ws, "more", -1);
    g_assert_false (self->ended);
  }
  parley_mock_wait (self->ended);
  g_assert_cmpstr (self->log->str, ==, "failed ");
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_DROPPED);
}

static void
test_drop_while_closing (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = open_ws (self);

  parley_mock_client_close (server);
  parley_ws_session_send_text_in_loop (self->ws, "last", -1);
  parley_ws_session_close_in_loop (self->ws, 1000, NULL);
  g_assert_false (self->ended);
  parley_mock_wait (self->ended);
  g_assert_cmpstr (self->log->str, ==, "closed1006: ");
}

static void
test_garbage (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = open_ws (self);
  g_autofree gchar *noise = g_strnfill (500, 'H');

  parley_mock_client_print (server, noise);
  parley_mock_wait (self->ended);
  g_assert_cmpstr (self->log->str, ==, "failed ");
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
}

static void
test_not_utf8 (Fixture * self, gconstpointer data)
{
  write_frame (open_ws (self), FIN | 1, "\xFF\xFE", 2);
  parley_mock_wait (self->ended);
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
}

/* Refused */

static void
test_refused (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;

  parley_ws_session_set_error_header (self->ws, "dg-error");
  parley_ws_session_open_in_loop (self->ws, self->session);
  server = wait_asked (self, 0);
  parley_mock_client_print (server, "HTTP/1.1 401 Unauthorized\r\n"
      "dg-error: Bad key " KEY "\r\nContent-Length: 2\r\n\r\nno");
  parley_mock_wait (self->ended);
  g_assert_cmpstr (self->log->str, ==, "failed ");
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_AUTH);
  g_assert_cmpuint (parley_net_error_get_status (self->error), ==, 401);
  g_assert_nonnull (strstr (self->error->message, "(it says: Bad key ***)"));
}

static void
test_rate_limited (Fixture * self, gconstpointer data)
{
  parley_ws_session_open_in_loop (self->ws, self->session);
  parley_mock_client_print (wait_asked (self, 0), "HTTP/1.1 429 Slow\r\n"
      "Retry-After: 3\r\nContent-Length: 0\r\n\r\n");
  parley_mock_wait (self->ended);
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_RATE_LIMITED);
  g_assert_cmpint (parley_net_error_get_retry_after (self->error), ==,
      3 * SECOND);
}

static void
test_no_websocket (Fixture * self, gconstpointer data)
{
  parley_ws_session_open_in_loop (self->ws, self->session);
  parley_mock_client_print (wait_asked (self, 0),
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  parley_mock_wait (self->ended);
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_STATUS);
}

static void
test_nobody (Fixture * self, gconstpointer data)
{
  g_socket_service_stop (self->listener->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->listener->service));
  parley_ws_session_open_in_loop (self->ws, self->session);
  parley_mock_wait (self->ended);
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_CONNECT);
}

/* Times and limits */

static void
test_connect_timeout (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;

  parley_ws_session_open_in_loop (self->ws, self->session);
  server = wait_asked (self, 0);
  parley_mock_advance (3 * SECOND - 1);
  g_assert_false (self->ended);
  parley_mock_advance (1);
  g_assert_error (self->error, PARLEY_NET_ERROR,
      PARLEY_NET_ERROR_TIMEOUT_CONNECT);
  parley_mock_wait (server->gone);
}

static void
test_idle_timeout (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;

  parley_ws_session_set_timeouts (self->ws, 3 * SECOND, 5 * SECOND);
  server = open_ws (self);
  parley_mock_advance (4 * SECOND);
  write_frame (server, FIN | 1, "a", 1);
  parley_mock_wait (self->log->len > 0);
  parley_mock_advance (5 * SECOND - 1);
  g_assert_false (self->ended);
  parley_mock_advance (1);
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_TIMEOUT_IDLE);
}

/* More than libsoup takes unasked. */
static void
test_large_message (Fixture * self, gconstpointer data)
{
  g_autofree gchar *text = g_strnfill (300000, 'x');

  write_frame (open_ws (self), FIN | 2, text, 300000);
  parley_mock_wait (self->log->len > 0);
  g_assert_cmpstr (self->log->str, ==, "binary300000 ");
}

static void
test_too_large (Fixture * self, gconstpointer data)
{
  parley_ws_session_set_max_message (self->ws, 1000);
  write_frame (open_ws (self), FIN | 1, "", 0);
  g_string_truncate (self->log, 0);
  {
    g_autofree gchar *text = g_strnfill (1001, 'x');

    write_frame (parley_mock_listener_get (self->listener, 0), FIN | 1, text,
        1001);
  }
  parley_mock_wait (self->ended);
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_TOO_LARGE);
}

/* Fragments without end are a message too. */
static void
test_endless_fragments (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;
  g_autofree gchar *text = g_strnfill (900, 'x');

  parley_ws_session_set_max_message (self->ws, 1000);
  server = open_ws (self);
  write_frame (server, 1, text, 900);
  for (guint i = 0; i < 10; i++)
    write_frame (server, 0, text, 900);
  parley_mock_settle ();
  for (guint i = 0; i < 2; i++) {
    g_assert_false (self->ended);
    parley_mock_advance (2 * SECOND);
  }
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_TOO_LARGE);
  parley_mock_wait (server->gone);
}

static void
test_peer_does_not_read (Fixture * self, gconstpointer data)
{
  g_autofree gchar *bytes = g_strnfill (65536, 'x');
  ParleyMockClient *server = open_ws (self);
  guint sent = 0;

  g_source_destroy (server->source);
  g_clear_pointer (&server->source, g_source_unref);
  for (; !self->ended; sent++) {
    g_assert_cmpuint (sent, <, 1000);
    parley_ws_session_send_binary_in_loop (self->ws, bytes, 65536);
    g_assert_cmpuint (parley_ws_session_get_queued (self->ws), <=,
        PARLEY_WS_MAX_QUEUE);
    while (g_main_context_iteration (NULL, FALSE));
  }
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_DROPPED);
  g_assert_cmpstr (self->log->str, ==, "failed ");
}

/* A slow peer gets all of it. */
static void
test_drain (Fixture * self, gconstpointer data)
{
  g_autofree gchar *bytes = g_strnfill (65536, 'x');
  ParleyMockClient *server = open_ws (self);
  gsize total = 0;

  for (; parley_ws_session_get_queued (self->ws) < 65536 * 4; total += 65536)
    parley_ws_session_send_binary_in_loop (self->ws, bytes, 65536);
  while (parley_ws_session_get_queued (self->ws) > 0)
    parley_mock_advance (SECOND / 50);
  parley_mock_wait (server->in->len >= total);
  g_assert_false (self->ended);
}

/* Cancelled */

static void
assert_silent (Fixture * self, const gchar * log)
{
  parley_mock_advance (100 * SECOND);
  g_assert_cmpstr (self->log->str, ==, log);
}

static void
test_cancel_opening (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;

  parley_ws_session_open_in_loop (self->ws, self->session);
  parley_ws_session_send_text_in_loop (self->ws, "a", -1);
  server = wait_asked (self, 0);
  parley_ws_session_cancel_in_loop (self->ws);
  parley_mock_wait (server->gone);
  assert_silent (self, "");
}

static void
test_unref_opening (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;

  parley_ws_session_open_in_loop (self->ws, self->session);
  server = wait_asked (self, 0);
  g_clear_object (&self->ws);
  parley_mock_wait (server->gone);
  assert_silent (self, "");
}

static void
test_cancel_open (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = open_ws (self);

  parley_ws_session_cancel_in_loop (self->ws);
  parley_ws_session_send_text_in_loop (self->ws, "a", -1);
  parley_mock_wait (server->gone);
  assert_silent (self, "");
}

static void
test_unref_open (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = open_ws (self);

  g_clear_object (&self->ws);
  parley_mock_wait (server->gone);
  assert_silent (self, "");
}

/* @data: the flag to set. */
static void
test_end_in_callback (Fixture * self, gconstpointer data)
{
  gsize offset = GPOINTER_TO_SIZE (data);
  gboolean at_text = offset == G_STRUCT_OFFSET (Fixture, cancel_at_text)
      || offset == G_STRUCT_OFFSET (Fixture, unref_at_text);
  ParleyMockClient *server;

  G_STRUCT_MEMBER (gboolean, self, offset) = TRUE;
  parley_ws_session_open_in_loop (self->ws, self->session);
  server = wait_asked (self, 0);
  upgrade (server, "");
  write_frame (server, FIN | 1, "a", 1);
  write_frame (server, FIN | 1, "b", 1);
  parley_mock_wait (server->gone);
  assert_silent (self, at_text ? "opened text:a " : "opened ");
}

/* The pool */

static ParleyWsPool *
hold_pool (Fixture * self)
{
  static const ParleyWsPoolSettings settings =
      { 2, 10 * SECOND, new_ws, "{\"type\":\"KeepAlive\"}", 4 * SECOND };

  return parley_ws_pool_hold_in_loop (self->session, "acme key", &settings,
      self, NULL);
}

/* How many of the three servers were kept alive. Which one's websocket was
 * taken is anybody's guess: the first two connected at once. */
static guint
count_kept_alive (Fixture * self)
{
  guint n = 0;

  for (guint i = 0; i < 3; i++)
    n += came (parley_mock_listener_get (self->listener, i),
        "1:{\"type\":\"KeepAlive\"} ");
  return n;
}

static void
test_pool (Fixture * self, gconstpointer data)
{
  ParleyWsPool *pool = hold_pool (self);
  ParleyWsSession *ws;

  g_assert_true (hold_pool (self) == pool);
  parley_mock_advance (0);
  upgrade (wait_asked (self, 0), "");
  upgrade (wait_asked (self, 1), "");
  parley_mock_wait (parley_ws_pool_get_n_open (pool) == 2);
  ws = parley_ws_pool_take_in_loop (pool);
  g_assert_cmpint (parley_ws_session_get_state (ws), ==, PARLEY_WS_OPEN);
  g_assert_cmpuint (parley_ws_pool_get_n_open (pool), ==, 1);
  parley_mock_advance (0);
  upgrade (wait_asked (self, 2), "");
  parley_mock_wait (parley_ws_pool_get_n_open (pool) == 2);
  /* Kept alive, then too old. */
  parley_mock_advance (4 * SECOND);
  parley_mock_wait (count_kept_alive (self) == 2);
  parley_mock_advance (6 * SECOND);
  wait_asked (self, 4);
  g_assert_cmpuint (parley_ws_pool_get_n_open (pool), ==, 0);
  parley_ws_pool_release_in_loop (pool);
  parley_ws_pool_release_in_loop (pool);
  parley_mock_wait (parley_mock_listener_get (self->listener, 4)->gone);
  g_assert_cmpint (parley_ws_session_get_state (ws), ==, PARLEY_WS_OPEN);
  g_object_unref (ws);
}

/* A service that refuses is not asked in a storm. */
static void
test_pool_backs_off (Fixture * self, gconstpointer data)
{
  static const ParleyWsPoolSettings settings = { 1, 0, new_ws, NULL, 0 };
  ParleyWsPool *pool = parley_ws_pool_hold_in_loop (self->session, "acme key",
      &settings, self, NULL);
  ParleyWsSession *ws;

  for (guint i = 0; i < 4; i++) {
    parley_mock_advance (i ? (SECOND << (i - 1)) : 0);
    parley_mock_client_print (wait_asked (self, i),
        "HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    parley_mock_wait (parley_mock_listener_get (self->listener, i)->gone);
    parley_mock_settle ();
    g_assert_cmpuint (self->listener->clients->len, ==, i + 1);
  }
  ws = parley_ws_pool_take_in_loop (pool);
  g_assert_cmpint (parley_ws_session_get_state (ws), ==, PARLEY_WS_OPENING);
  g_object_unref (ws);
  parley_ws_pool_release_in_loop (pool);
}

static void
ignore_log (const gchar * domain, GLogLevelFlags level, const gchar * text,
    gpointer data)
{
}

static void
add (const gchar * name, void (*func) (Fixture *, gconstpointer))
{
  g_autofree gchar *path = g_strconcat ("/wssession/", name, NULL);

  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_handler ("GLib-GIO", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_MESSAGE,
      ignore_log, NULL);
  add ("messages", test_messages);
  add ("handshake", test_handshake);
  add ("queue-before-open", test_queue_before_open);
  add ("early-message", test_early_message);
  add ("peer-closes", test_peer_closes);
  add ("peer-closes-without-code", test_peer_closes_without_code);
  add ("close", test_close);
  add ("close-unanswered", test_close_unanswered);
  add ("close-while-opening", test_close_while_opening);
  add ("drop", test_drop);
  add ("drop-while-sending", test_drop_while_sending);
  add ("drop-while-closing", test_drop_while_closing);
  add ("garbage", test_garbage);
  add ("not-utf8", test_not_utf8);
  add ("refused", test_refused);
  add ("rate-limited", test_rate_limited);
  add ("no-websocket", test_no_websocket);
  add ("nobody", test_nobody);
  add ("connect-timeout", test_connect_timeout);
  add ("idle-timeout", test_idle_timeout);
  add ("large-message", test_large_message);
  add ("too-large", test_too_large);
  add ("endless-fragments", test_endless_fragments);
  add ("peer-does-not-read", test_peer_does_not_read);
  add ("drain", test_drain);
  add ("cancel/opening", test_cancel_opening);
  add ("cancel/unref-opening", test_unref_opening);
  add ("cancel/open", test_cancel_open);
  add ("cancel/unref", test_unref_open);
#define ADD_END(name, flag) \
  g_test_add ("/wssession/cancel/" name, Fixture, \
      GSIZE_TO_POINTER (G_STRUCT_OFFSET (Fixture, flag)), set_up, \
      test_end_in_callback, tear_down)
  ADD_END ("in-opened", cancel_at_opened);
  ADD_END ("unref-in-opened", unref_at_opened);
  ADD_END ("in-text", cancel_at_text);
  ADD_END ("unref-in-text", unref_at_text);
  add ("pool/warm", test_pool);
  add ("pool/backs-off", test_pool_backs_off);
  return g_test_run ();
}
