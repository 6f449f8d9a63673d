/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/httprequest.h"

#include <string.h>

#include "mock/listener.h"
#include "mock/peer.h"
#include "net/clock.h"

/* Requests to a server that says, byte by byte, what a case has it say. */

#define KEY "kX-secret-0123456789abcdef"
#define SECOND G_TIME_SPAN_SECOND
#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

typedef enum
{
  NOTHING,
  CANCEL,
  UNREF,
  UNREF_SESSION,
  RESEND
} Deed;

typedef struct
{
  ParleyMockListener *listener;
  ParleyLoop *loop;
  ParleyHttpSession *session;
  ParleyHttpRequest *request;
  GString *log;                 /* what was told, such as "headers200 done" */
  GString *body;
  GError *error;
  gboolean ended;
  Deed at_headers, at_chunk, at_end;
} Fixture;

static const ParleyHttpHandler handler;

static void
act (Fixture * self, Deed * deed)
{
  Deed what = *deed;

  *deed = NOTHING;
  if (what == CANCEL)
    parley_http_request_cancel_in_loop (self->request);
  else if (what == UNREF)
    g_clear_object (&self->request);
  else if (what == UNREF_SESSION)
    g_clear_object (&self->session);
  else if (what == RESEND)
    parley_http_request_send_in_loop (self->request, self->session, &handler,
        self);
}

static void
on_headers (ParleyHttpRequest * request, guint status, gpointer data)
{
  Fixture *self = data;

  g_string_append_printf (self->log, "headers%u ", status);
  act (self, &self->at_headers);
}

static void
on_chunk (ParleyHttpRequest * request, const guint8 * bytes, gsize len,
    gpointer data)
{
  Fixture *self = data;

  g_assert_cmpuint (len, >, 0);
  g_string_append_len (self->body, (const gchar *) bytes, len);
  act (self, &self->at_chunk);
}

static void
on_done (ParleyHttpRequest * request, gpointer data)
{
  Fixture *self = data;

  g_assert_false (parley_http_request_is_active (request));
  g_string_append (self->log, "done ");
  self->ended = TRUE;
  act (self, &self->at_end);
}

static void
on_failed (ParleyHttpRequest * request, const GError * error, gpointer data)
{
  Fixture *self = data;

  g_assert_false (parley_http_request_is_active (request));
  g_assert_true (error->domain == PARLEY_NET_ERROR);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, "acme: "));
  g_assert_null (strstr (error->message, KEY));
  g_assert_null (strchr (error->message, '\n'));
  g_string_append (self->log, "failed ");
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  self->ended = TRUE;
  act (self, &self->at_end);
}

static const ParleyHttpHandler handler =
    { on_headers, on_chunk, on_done, on_failed };

static ParleyHttpRequest *
new_request (Fixture * self, ParleyOperation operation)
{
  GError *error = NULL;
  gchar *url = g_strdup_printf ("http://127.0.0.1:%u/v1/say?a=b%%20c",
      self->listener->port);
  ParleyHttpRequest *request = parley_http_request_new ("acme", operation,
      "POST", url, &error);
  GBytes *body = g_bytes_new_static ("{\"a\":1}", 7);

  g_assert_no_error (error);
  g_assert_true (parley_http_request_set_secret (request, "Authorization",
          "Bearer ", KEY, &error));
  g_assert_no_error (error);
  parley_http_request_set_body (request, "application/json", body);
  g_bytes_unref (body);
  g_free (url);
  return request;
}

static void
set_up (Fixture * self, gconstpointer data)
{
  g_assert_true (g_main_context_acquire (NULL));
  parley_clock_set_manual (0);
  self->listener = parley_mock_listener_new ();
  self->loop = parley_loop_new (g_main_context_default ());
  self->session = parley_http_session_get_in_loop (self->loop);
  self->request = new_request (self, PARLEY_OPERATION_LLM);
  self->log = g_string_new (NULL);
  self->body = g_string_new (NULL);
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  g_clear_object (&self->request);
  while (g_main_context_iteration (NULL, FALSE));
  if (self->session)
    g_assert_finalize_object (self->session);
  parley_mock_listener_free (self->listener);
  g_assert_finalize_object (self->loop);
  g_string_free (self->log, TRUE);
  g_string_free (self->body, TRUE);
  g_clear_error (&self->error);
  while (g_main_context_iteration (NULL, FALSE));
  parley_clock_set_real ();
  g_main_context_release (NULL);
}

static ParleyMockClient *
client (Fixture * self, guint index)
{
  return parley_mock_listener_get (self->listener, index);
}

/* Sends the request; waits until the server has it. */
static ParleyMockClient *
ask (Fixture * self)
{
  guint index = self->listener->clients->len;

  self->ended = FALSE;
  g_clear_error (&self->error);
  g_string_truncate (self->log, 0);
  g_string_truncate (self->body, 0);
  parley_http_request_send_in_loop (self->request, self->session, &handler,
      self);
  g_assert_cmpstr (self->log->str, ==, "");
  parley_mock_wait (client (self, index)
      && parley_mock_client_asked (client (self, index)));
  return client (self, index);
}

static void
assert_failed (Fixture * self, ParleyNetError code, const gchar * log)
{
  parley_mock_wait (self->ended);
  g_assert_error (self->error, PARLEY_NET_ERROR, (gint) code);
  g_assert_cmpstr (self->log->str, ==, log);
}

/* What goes out and comes in */

static void
test_request (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;
  const gchar *text;

  parley_http_request_set_header (self->request, "Accept", "text/plain");
  server = ask (self);
  text = (const gchar *) server->in->data;
  g_assert_true (g_str_has_prefix (text, "POST /v1/say?a=b%20c HTTP/1.1\r\n"));
  g_assert_nonnull (strstr (text, "\r\nAuthorization: Bearer " KEY "\r\n"));
  g_assert_nonnull (strstr (text, "\r\nAccept: text/plain\r\n"));
  g_assert_nonnull (strstr (text, "\r\nContent-Type: application/json\r\n"));
  g_assert_null (strstr (text, "Accept-Encoding"));
  g_assert_true (g_str_has_suffix (text, "\r\n\r\n{\"a\":1}"));
  parley_mock_client_print (server, OK_HEAD "X-Id: 7\r\nContent-Length: 5\r\n"
      "\r\nhello");
  parley_mock_wait (self->ended);
  g_assert_cmpstr (self->log->str, ==, "headers200 done ");
  g_assert_cmpstr (self->body->str, ==, "hello");
  g_assert_cmpstr (parley_http_request_get_response_header (self->request,
          "x-id"), ==, "7");
}

static void
test_form (Fixture * self, gconstpointer data)
{
  GBytes *wav = g_bytes_new_static ("RI\0FF", 5);
  ParleyMockClient *server;
  GString *text;

  parley_http_request_add_field (self->request, "model", "whisper");
  parley_http_request_add_file (self->request, "file", "u.wav", "audio/wav",
      wav);
  server = ask (self);
  text = g_string_new_len ((const gchar *) server->in->data, server->in->len);
  g_assert_nonnull (strstr (text->str, "multipart/form-data; boundary="));
  g_assert_nonnull (strstr (text->str, "name=\"model\"\r\n\r\nwhisper\r\n"));
  g_assert_nonnull (strstr (text->str, "filename=\"u.wav\""));
  g_assert_nonnull (memmem (text->str, text->len, "\r\n\r\nRI\0FF\r\n", 11));
  g_string_free (text, TRUE);
  g_bytes_unref (wav);
}

static const gchar chunked[] = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n1\r\n \r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";

static void
test_cut_anywhere (Fixture * self, gconstpointer data)
{
  for (gsize cut = 1; cut < sizeof chunked - 1; cut += 7) {
    ParleyMockClient *server = ask (self);

    parley_mock_client_write (server, chunked, cut);
    parley_mock_settle ();
    parley_mock_client_print (server, chunked + cut);
    parley_mock_wait (self->ended);
    g_assert_cmpstr (self->log->str, ==, "headers200 done ");
    g_assert_cmpstr (self->body->str, ==, "hello 0123456789abcdef");
    parley_mock_client_close (server);
    parley_mock_settle ();
  }
}

static void
test_no_body (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = ask (self);

  parley_mock_client_print (server, "HTTP/1.1 204 No Content\r\n\r\n");
  parley_mock_wait (self->ended);
  g_assert_cmpstr (self->log->str, ==, "headers204 done ");
}

/* Refusals */

typedef struct
{
  const gchar *answer;          /* behind "HTTP/1.1 " */
  ParleyNetError code;
  guint status;
  gint64 retry_after;           /* ms; -1: none */
  const gchar *says, *server_code;
} Refusal;

static const Refusal refusals[] = {
  {"401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n{\"error\":"
        "{\"message\":\"Incorrect API key provided: " KEY "\",\"code\":"
        "\"invalid_api_key\"}}", PARLEY_NET_ERROR_AUTH, 401, -1,
      "(it says: Incorrect API key provided: ***)", "invalid_api_key"},
  {"403 Forbidden\r\n\r\n{\"detail\":\"no\\nrights\"}",
      PARLEY_NET_ERROR_AUTH, 403, -1, "(it says: no rights)", NULL},
  {"404 Not Found\r\n\r\n<html>" KEY "</html>",
      PARLEY_NET_ERROR_STATUS, 404, -1, "check base-url", NULL},
  {"429 Too Many Requests\r\nRetry-After: 7\r\n\r\n{\"error\":\"slow\"}",
      PARLEY_NET_ERROR_RATE_LIMITED, 429, 7000, "again in 7.0 s", NULL},
  {"429 Too Many Requests\r\nRetry-After-Ms: 250\r\nRetry-After: 1\r\n\r\n",
      PARLEY_NET_ERROR_RATE_LIMITED, 429, 250, "max-concurrent", NULL},
  {"429 Too Many Requests\r\nRetry-After: Fri, 01 Jan 2010 00:00:00 GMT\r\n"
        "\r\n", PARLEY_NET_ERROR_RATE_LIMITED, 429, 0, "429", NULL},
  {"429 Too Many Requests\r\nRetry-After: soon\r\n\r\n{\"detail\":{\"status\":"
        "\"system_busy\",\"message\":\"busy\"}}",
        PARLEY_NET_ERROR_RATE_LIMITED, 429, -1, "(it says: busy)",
      "system_busy"},
  {"500 Internal Server Error\r\n\r\noops sk-abc*******wxyz",
      PARLEY_NET_ERROR_STATUS, 500, -1, "(it says: oops ***)", NULL},
  {"302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\n\r\n",
      PARLEY_NET_ERROR_STATUS, 302, -1, "redirects", NULL},
};

static void
test_refusals (Fixture * self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++) {
    const Refusal *refusal = &refusals[i];
    ParleyMockClient *server = ask (self);
    gint64 after = refusal->retry_after;

    parley_mock_client_print (server, "HTTP/1.1 ");
    parley_mock_client_print (server, refusal->answer);
    parley_mock_client_close (server);
    assert_failed (self, refusal->code, "failed ");
    g_assert_cmpuint (parley_net_error_get_status (self->error), ==,
        refusal->status);
    g_assert_cmpint (parley_net_error_get_retry_after (self->error), ==,
        after < 0 ? -1 : after * 1000);
    g_assert_nonnull (strstr (self->error->message, refusal->says));
    g_assert_cmpstr (parley_net_error_get_server_code (self->error), ==,
        refusal->server_code);
    g_assert_cmpuint (self->listener->clients->len, ==, i + 1);
  }
}

/* The body of an error is not waited for long. */
static void
test_refusal_hangs (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = ask (self);

  parley_mock_client_print (server, "HTTP/1.1 503 Service Unavailable\r\n"
      "Content-Length: 100\r\n\r\nhold on");
  parley_mock_settle ();
  g_assert_false (self->ended);
  parley_mock_advance (SECOND / 2);
  assert_failed (self, PARLEY_NET_ERROR_STATUS, "failed ");
  g_assert_nonnull (strstr (self->error->message, "hold on"));
}

/* Times */

static void
assert_ends_after (Fixture * self, gint64 time, ParleyNetError code)
{
  parley_mock_advance (time - 1);
  g_assert_false (self->ended);
  parley_mock_advance (1);
  g_assert_true (self->ended);
  g_assert_error (self->error, PARLEY_NET_ERROR, (gint) code);
  g_assert_true (parley_net_error_is_transient (self->error));
  parley_mock_wait (client (self, 0)->gone);
}

/* A port whose queue of connections is full, so that one more gets no answer.
 * The sockets are kept in @sockets. */
static guint16
listen_deaf (GPtrArray * sockets)
{
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  GError *error = NULL;

  for (guint i = 0; i < 4; i++) {
    GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
        G_SOCKET_PROTOCOL_TCP, &error);

    g_assert_no_error (error);
    g_ptr_array_add (sockets, socket);
    g_socket_set_blocking (socket, FALSE);
    if (bound) {
      g_socket_connect (socket, bound, NULL, NULL);
      continue;
    }
    g_socket_set_listen_backlog (socket, 0);
    g_assert_true (g_socket_bind (socket, any, FALSE, NULL)
        && g_socket_listen (socket, NULL));
    bound = g_socket_get_local_address (socket, NULL);
  }
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
}

static void
test_connect_timeout (Fixture * self, gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func
      (g_object_unref);
  guint16 port = self->listener->port;

  g_object_unref (self->request);
  self->listener->port = listen_deaf (sockets);
  self->request = new_request (self, PARLEY_OPERATION_LLM);
  self->listener->port = port;
  parley_http_request_send_in_loop (self->request, self->session, &handler,
      self);
  parley_mock_advance (3 * SECOND - 1);
  g_assert_false (self->ended);
  parley_mock_advance (1);
  g_assert_error (self->error, PARLEY_NET_ERROR,
      PARLEY_NET_ERROR_TIMEOUT_CONNECT);
  g_assert_false (parley_http_request_was_sent (self->request));
}

static void
test_first_byte_timeout (Fixture * self, gconstpointer data)
{
  ask (self);
  assert_ends_after (self, 8 * SECOND, PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE);
  g_assert_true (parley_http_request_was_sent (self->request));
}

static void
test_headers_are_no_first_byte (Fixture * self, gconstpointer data)
{
  parley_mock_client_print (ask (self), OK_HEAD "Content-Length: 9\r\n\r\n");
  parley_mock_wait (self->log->len);
  assert_ends_after (self, 8 * SECOND, PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE);
}

static void
test_first_by_hand (Fixture * self, gconstpointer data)
{
  parley_http_request_set_first_by_hand (self->request, TRUE);
  parley_mock_client_print (ask (self), OK_HEAD "Content-Length: 9\r\n\r\nab");
  parley_mock_wait (self->body->len == 2);
  parley_mock_advance (6 * SECOND);
  parley_http_request_mark_first_in_loop (self->request);
  assert_ends_after (self, 5 * SECOND, PARLEY_NET_ERROR_TIMEOUT_IDLE);
}

static void
test_idle_timeout (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = ask (self);

  parley_mock_client_print (server, OK_HEAD "Content-Length: 9\r\n\r\nab");
  parley_mock_wait (self->body->len == 2);
  parley_mock_advance (4 * SECOND);
  parley_mock_client_print (server, "c");
  parley_mock_wait (self->body->len == 3);
  assert_ends_after (self, 5 * SECOND, PARLEY_NET_ERROR_TIMEOUT_IDLE);
}

/* A byte a second is never idle. */
static void
test_total_timeout (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = ask (self);

  parley_mock_client_print (server, OK_HEAD "Content-Length: 99\r\n\r\n");
  for (guint i = 0; i < 59; i++) {
    parley_mock_client_print (server, "x");
    parley_mock_wait (self->body->len == i + 1);
    parley_mock_advance (SECOND);
  }
  assert_ends_after (self, SECOND, PARLEY_NET_ERROR_TIMEOUT_TOTAL);
}

static void
test_own_timeouts (Fixture * self, gconstpointer data)
{
  const ParleyTimeouts timeouts = { 0, 0, 0, 2 * SECOND };

  parley_http_request_set_timeouts (self->request, &timeouts);
  ask (self);
  assert_ends_after (self, 2 * SECOND, PARLEY_NET_ERROR_TIMEOUT_TOTAL);
}

static void
test_defaults (void)
{
  ParleyTimeouts timeouts;

  parley_timeouts_get_default (PARLEY_OPERATION_STT, &timeouts);
  g_assert_cmpint (timeouts.total, ==, 3 * SECOND);
  parley_timeouts_get_default (PARLEY_OPERATION_LLM, &timeouts);
  g_assert_cmpint (timeouts.first_byte, ==, 8 * SECOND);
  parley_timeouts_get_default (PARLEY_OPERATION_TTS, &timeouts);
  g_assert_cmpint (timeouts.first_byte, ==, 4 * SECOND);
  parley_timeouts_get_default (PARLEY_OPERATION_TOOL, &timeouts);
  g_assert_cmpint (timeouts.total, ==, 10 * SECOND);
}

/* What breaks */

static const struct
{
  const gchar *answer;
  ParleyNetError code;
  const gchar *log;
} broken[] = {
  {"", PARLEY_NET_ERROR_DROPPED, "failed "},
  /* libsoup takes what came for all of it. */
  {"HTTP/1.1 20", PARLEY_NET_ERROR_PROTOCOL, "failed "},
  {OK_HEAD "Content-Length: 9\r\n\r\n", PARLEY_NET_ERROR_DROPPED,
      "headers200 failed "},
  {OK_HEAD "Content-Length: 9\r\n\r\nabc", PARLEY_NET_ERROR_DROPPED,
      "headers200 failed "},
  {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n", PARLEY_NET_ERROR_DROPPED,
      "headers200 failed "},
  {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhe",
      PARLEY_NET_ERROR_DROPPED, "headers200 failed "},
  {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      PARLEY_NET_ERROR_DROPPED, "headers200 failed "},
  {"SSH-2.0-OpenSSH_9.2\r\n\r\n", PARLEY_NET_ERROR_PROTOCOL, "failed "},
  {"\r\n\r\n\r\n", PARLEY_NET_ERROR_PROTOCOL, "failed "},
};

static void
test_broken (Fixture * self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    ParleyMockClient *server = ask (self);

    parley_mock_client_print (server, broken[i].answer);
    parley_mock_settle ();
    parley_mock_client_close (server);
    assert_failed (self, broken[i].code, broken[i].log);
    g_assert_true (parley_net_error_is_fault (self->error));
  }
}

static void
test_refused (Fixture * self, gconstpointer data)
{
  g_socket_service_stop (self->listener->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->listener->service));
  parley_http_request_send_in_loop (self->request, self->session, &handler,
      self);
  assert_failed (self, PARLEY_NET_ERROR_CONNECT, "failed ");
  g_assert_false (parley_http_request_was_sent (self->request));
}

static void
test_large_body (Fixture * self, gconstpointer data)
{
  parley_http_request_set_max_body (self->request, 4);
  parley_mock_client_print (ask (self),
      OK_HEAD "Content-Length: 5\r\n\r\nabcde");
  assert_failed (self, PARLEY_NET_ERROR_TOO_LARGE, "headers200 failed ");
  g_assert_cmpuint (self->body->len, <=, 4);
  parley_mock_wait (client (self, 0)->gone);
}

static void
test_endless_headers (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = ask (self);
  gchar *line = g_strnfill (1000, 'x');

  parley_mock_client_print (server, OK_HEAD);
  for (guint i = 0; !self->ended; i++) {
    g_assert_cmpuint (i, <, 110);
    parley_mock_client_print (server, "X-More: ");
    parley_mock_client_print (server, line);
    parley_mock_client_print (server, "\r\n");
    parley_mock_settle ();
  }
  assert_failed (self, PARLEY_NET_ERROR_DROPPED, "failed ");
  parley_mock_wait (server->gone);
  g_free (line);
}

/* Ends that we make */

static void
assert_silent (Fixture * self, const gchar * log)
{
  parley_mock_advance (100 * SECOND);
  g_assert_cmpstr (self->log->str, ==, log);
}

static void
test_cancel_before_connection (Fixture * self, gconstpointer data)
{
  parley_http_request_send_in_loop (self->request, self->session, &handler,
      self);
  parley_http_request_cancel_in_loop (self->request);
  g_assert_false (parley_http_request_is_active (self->request));
  parley_http_request_cancel_in_loop (self->request);
  assert_silent (self, "");
}

static void
test_cancel_before_answer (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = ask (self);

  parley_http_request_cancel_in_loop (self->request);
  parley_mock_wait (server->gone);
  assert_silent (self, "");
}

static void
test_cancel_in_head (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = ask (self);

  parley_mock_client_print (server, OK_HEAD);
  parley_mock_settle ();
  parley_http_request_cancel_in_loop (self->request);
  parley_mock_wait (server->gone);
  assert_silent (self, "");
}

static void
test_cancel_in_body (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = ask (self);

  parley_mock_client_print (server, OK_HEAD "Content-Length: 9\r\n\r\nab");
  parley_mock_wait (self->body->len == 2);
  parley_http_request_cancel_in_loop (self->request);
  parley_mock_wait (server->gone);
  assert_silent (self, "headers200 ");
}

/* @data: CANCEL or UNREF, in each callback. */
static void
test_end_in_callback (Fixture * self, gconstpointer data)
{
  Deed deed = GPOINTER_TO_INT (data);
  Deed *points[] = { &self->at_headers, &self->at_chunk, &self->at_end };
  const gchar *logs[] = { "headers200 ", "headers200 ", "headers200 done " };

  for (guint i = 0; i < G_N_ELEMENTS (points); i++) {
    ParleyMockClient *server = ask (self);

    *points[i] = deed;
    parley_mock_client_print (server, OK_HEAD "Content-Length: 5\r\n"
        "Connection: close\r\n\r\nhello");
    parley_mock_wait (server->gone);
    assert_silent (self, logs[i]);
    if (!self->request)
      self->request = new_request (self, PARLEY_OPERATION_LLM);
  }
}

static void
test_end_in_failed (Fixture * self, gconstpointer data)
{
  self->at_end = GPOINTER_TO_INT (data);
  parley_mock_client_close (ask (self));
  assert_failed (self, PARLEY_NET_ERROR_DROPPED, "failed ");
  assert_silent (self, "failed ");
}

/* Whoever hears of the end may be the last that held the session. */
static void
test_unref_session (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = ask (self);

  self->at_end = UNREF_SESSION;
  parley_mock_client_print (server, data);
  parley_mock_settle ();
  parley_mock_client_close (server);
  parley_mock_wait (self->ended);
  parley_mock_settle ();
  g_assert_null (self->session);
}

static void
test_resend (Fixture * self, gconstpointer data)
{
  self->at_end = RESEND;
  parley_mock_client_close (ask (self));
  parley_mock_wait (client (self, 1)
      && parley_mock_client_asked (client (self, 1)));
  self->at_end = RESEND;
  parley_mock_client_print (client (self, 1), OK_HEAD "Content-Length: 1\r\n"
      "\r\na");
  parley_mock_client_forget (client (self, 1));
  /* On the same connection, which done has given back. */
  parley_mock_wait (parley_mock_client_asked (client (self, 1)));
  parley_mock_client_print (client (self, 1), OK_HEAD "Content-Length: 1\r\n"
      "\r\nb");
  parley_mock_wait (self->body->len == 2);
  parley_mock_settle ();
  g_assert_cmpstr (self->log->str, ==,
      "failed headers200 done headers200 done ");
  g_assert_cmpuint (self->listener->clients->len, ==, 2);
}

/* A warm connection that ends as the request arrives: another one takes it. */
static void
test_stale_connection (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server = ask (self);

  parley_mock_client_print (server, OK_HEAD "Content-Length: 1\r\n\r\na");
  parley_mock_wait (self->ended);
  parley_mock_client_forget (server);
  self->ended = FALSE;
  parley_http_request_send_in_loop (self->request, self->session, &handler,
      self);
  parley_mock_wait (parley_mock_client_asked (server));
  parley_mock_client_close (server);
  parley_mock_wait (client (self, 1)
      && parley_mock_client_asked (client (self, 1)));
  parley_mock_client_print (client (self, 1), OK_HEAD "Content-Length: 1\r\n"
      "\r\nb");
  parley_mock_wait (self->ended);
  g_assert_cmpstr (self->log->str, ==, "headers200 done headers200 done ");
}

/* Settings */

static void
test_settings (void)
{
  static const gchar *urls[] = { "", "api.acme.com", "ftp://a/", "https://",
    "https://user:" KEY "@a.com/", "wss://a.com/", "https://a.com:99999/"
  };
  static const gchar *keys[] = { "", "a b", "a\nb", "caf\xC3\xA9" };
  ParleyHttpRequest *request;
  GError *error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_assert_null (parley_http_request_new ("acme", PARLEY_OPERATION_LLM,
            "GET", urls[i], &error));
    g_assert_error (error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_SETTINGS);
    g_assert_null (strstr (error->message, KEY));
    g_clear_error (&error);
  }
  request = parley_http_request_new ("acme", PARLEY_OPERATION_LLM, "GET",
      "https://[::1]:8443/", &error);
  g_assert_cmpstr (parley_http_request_get_host (request), ==, "[::1]:8443");
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_assert_false (parley_http_request_set_secret (request, "X-Key", NULL,
            keys[i], &error));
    g_assert_error (error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_SETTINGS);
    g_clear_error (&error);
  }
  g_object_unref (request);
}

static void
test_clean_text (void)
{
  static const gchar *const secrets[] = { "hunter2hunter2", NULL };
  static const struct
  {
    const gchar *text, *clean;
  } cases[] = {
    {"Rate limit reached for gpt-4o-mini-transcribe in organization",
        "Rate limit reached for gpt-4o-mini-transcribe in organization"},
    {"see https://platform.example.com/account/api-keys.",
        "see https://platform.example.com/account/api-keys."},
    {" two\r\n\tlines\x01 ", "two lines"},
    {"wrong key: hunter2hunter2!", "wrong key: ***!"},
    {"wrong key: hunter2.", "wrong key: ***."},
    {"key sk-proj-A_b was", "key *** was"},
    {"0123456789abcdef0123456789abcdef", "***"},
    {"Bearer abc1 is no key", "Bearer *** is no key"},
    {"bad \xFF byte", "bad \xEF\xBF\xBD byte"},
  };
  gchar *large = g_strnfill (5000, 'a');
  gchar *clean;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    clean = parley_clean_text (cases[i].text, strlen (cases[i].text), secrets);
    g_assert_cmpstr (clean, ==, cases[i].clean);
    g_free (clean);
  }
  clean = parley_clean_text (large, 5000, NULL);
  g_assert_cmpuint (strlen (clean), <=, 200);
  g_free (clean);
  g_free (large);
}

static void
add (const gchar * name, gconstpointer data, void (*func) (Fixture *,
        gconstpointer))
{
  gchar *path = g_strconcat ("/httprequest/", name, NULL);

  g_test_add (path, Fixture, data, set_up, func, tear_down);
  g_free (path);
}

static void
ignore_log (const gchar * domain, GLogLevelFlags level, const gchar * text,
    gpointer data)
{
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_handler ("GLib-GIO", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  add ("request", NULL, test_request);
  add ("form", NULL, test_form);
  add ("cut-anywhere", NULL, test_cut_anywhere);
  add ("no-body", NULL, test_no_body);
  add ("refusals", NULL, test_refusals);
  add ("refusal-hangs", NULL, test_refusal_hangs);
  add ("timeout/connect", NULL, test_connect_timeout);
  add ("timeout/first-byte", NULL, test_first_byte_timeout);
  add ("timeout/headers-are-no-first-byte", NULL,
      test_headers_are_no_first_byte);
  add ("timeout/first-by-hand", NULL, test_first_by_hand);
  add ("timeout/idle", NULL, test_idle_timeout);
  add ("timeout/total", NULL, test_total_timeout);
  add ("timeout/own", NULL, test_own_timeouts);
  g_test_add_func ("/httprequest/timeout/defaults", test_defaults);
  add ("broken", NULL, test_broken);
  add ("refused", NULL, test_refused);
  add ("large-body", NULL, test_large_body);
  add ("endless-headers", NULL, test_endless_headers);
  add ("cancel/before-connection", NULL, test_cancel_before_connection);
  add ("cancel/before-answer", NULL, test_cancel_before_answer);
  add ("cancel/in-head", NULL, test_cancel_in_head);
  add ("cancel/in-body", NULL, test_cancel_in_body);
  add ("cancel/in-callback", GINT_TO_POINTER (CANCEL), test_end_in_callback);
  add ("cancel/in-failed", GINT_TO_POINTER (CANCEL), test_end_in_failed);
  add ("unref/in-callback", GINT_TO_POINTER (UNREF), test_end_in_callback);
  add ("unref/in-failed", GINT_TO_POINTER (UNREF), test_end_in_failed);
  add ("unref/session-in-done", OK_HEAD "Content-Length: 2\r\n\r\nab",
      test_unref_session);
  add ("unref/session-in-failed", "HTTP/1.1 500 No\r\n\r\n",
      test_unref_session);
  add ("unref/session-when-dropped", "", test_unref_session);
  add ("resend", NULL, test_resend);
  add ("stale-connection", NULL, test_stale_connection);
  g_test_add_func ("/httprequest/settings", test_settings);
  g_test_add_func ("/httprequest/clean-text", test_clean_text);
  return g_test_run ();
}
