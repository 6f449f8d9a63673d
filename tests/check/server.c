/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/server.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mock/peer.h"
#include "net/clock.h"

#define POOL_SIZE 3

/* A server on a free port. Its handlers run on the loops that it was given: the
 * default context's, or those of the pool. */
typedef struct
{
  ParleyServer *server;
  ParleyLoop *loop;             /* NULL: the pool */
  gint checks;                  /* atomic, as what follows */
  gint calls;
  gint destroyed;
  guint refuse;                 /* upgrades, with this status; 0: none */
  GMutex lock;
  GHashTable *loops;            /* that calls came on */
} Fixture;

static void
on_page (SoupServerMessage * message, const gchar * path, gpointer data)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  gchar *text = g_strdup_printf ("%s %s %" G_GINT64_FORMAT,
      soup_server_message_get_method (message), path, body->length);

  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_TAKE,
      text, strlen (text));
}

static guint
on_check (SoupServerMessage * message, gpointer data)
{
  Fixture *self = data;

  g_atomic_int_inc (&self->checks);
  return self->refuse;
}

static void
on_call (const ParleyUpgrade * upgrade, gpointer data)
{
  Fixture *self = data;
  ParleyCall *call = parley_call_new (upgrade->loop);

  g_assert_true (parley_loop_is_current (upgrade->loop));
  parley_call_attach_in_loop (call, upgrade->websocket, upgrade->socket,
      upgrade->accepted);
  g_object_unref (call);
  g_mutex_lock (&self->lock);
  g_hash_table_add (self->loops, upgrade->loop);
  g_mutex_unlock (&self->lock);
  g_atomic_int_inc (&self->calls);
}

static void
on_destroyed (gpointer data)
{
  g_atomic_int_inc (&((Fixture *) data)->destroyed);
}

static void
listen_with (Fixture * self, GTlsCertificate * certificate)
{
  GError *error = NULL;

  parley_server_add_handler (self->server, "/page", on_page, self,
      on_destroyed);
  parley_server_add_handler (self->server, "/tree/", on_page, self,
      on_destroyed);
  parley_server_add_calls (self->server, "/media", on_check, on_call, self,
      on_destroyed);
  parley_server_listen (self->server, "127.0.0.1", 0, certificate, self->loop,
      &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture * self, gconstpointer pool)
{
  g_assert_true (g_main_context_acquire (NULL));
  self->loop = pool ? NULL : parley_loop_new (g_main_context_default ());
  self->loops = g_hash_table_new (NULL, NULL);
  self->server = parley_server_new ();
}

static void
set_up_plain (Fixture * self, gconstpointer pool)
{
  set_up (self, pool);
  listen_with (self, NULL);
}

static void
tear_down (Fixture * self, gconstpointer pool)
{
  parley_clock_set_real ();
  parley_server_close (self->server);
  parley_server_close (self->server);
  g_object_unref (self->server);
  parley_mock_wait (g_atomic_int_get (&self->destroyed) == 3);
  g_clear_object (&self->loop);
  g_hash_table_unref (self->loops);
  g_main_context_release (NULL);
}

static ParleyMockPeer *
dial (Fixture * self)
{
  return parley_mock_peer_new (parley_server_get_port (self->server));
}

/* Status and body of a request. */
static guint
ask (ParleyMockPeer * peer, const gchar * request, const gchar * expected)
{
  GString *body = g_string_new (NULL);
  guint status;

  parley_mock_peer_print (peer, request);
  status = parley_mock_peer_response (peer, NULL, body);
  if (expected)
    g_assert_cmpstr (body->str, ==, expected);
  g_string_free (body, TRUE);
  return status;
}

static guint
ask_new (Fixture * self, const gchar * request, const gchar * expected)
{
  ParleyMockPeer *peer = dial (self);
  guint status = ask (peer, request, expected);

  parley_mock_peer_free (peer);
  return status;
}

static guint
upgrade_new (Fixture * self, const gchar * path, const gchar * headers)
{
  ParleyMockPeer *peer = dial (self);
  guint status = parley_mock_peer_upgrade (peer, path, headers, NULL);

  parley_mock_peer_free (peer);
  return status;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: here\r\n\r\n"

static void
test_routes (Fixture * self, gconstpointer pool)
{
  g_assert_cmpuint (ask_new (self, GET ("/page"), "GET /page 0"), ==, 200);
  g_assert_cmpuint (ask_new (self, GET ("/page?a=b"), "GET /page 0"), ==, 200);
  g_assert_cmpuint (ask_new (self, GET ("/tree/a/b"), "GET /tree/a/b 0"), ==,
      200);
  g_assert_cmpuint (ask_new (self, GET ("/tree/"), "GET /tree/ 0"), ==, 200);
  g_assert_cmpuint (ask_new (self, GET ("/"), NULL), ==, 404);
  g_assert_cmpuint (ask_new (self, GET ("/page/below"), NULL), ==, 404);
  g_assert_cmpuint (ask_new (self, GET ("/pages"), NULL), ==, 404);
  g_assert_cmpuint (ask_new (self, GET ("/tree/../secret"), NULL), ==, 404);
  g_assert_cmpuint (ask_new (self, "POST /page HTTP/1.1\r\nHost: here\r\n"
          "Content-Length: 5\r\n\r\nhello", "POST /page 5"), ==, 200);
}

static void
test_keep_alive (Fixture * self, gconstpointer pool)
{
  ParleyMockPeer *peer = dial (self);

  for (guint i = 0; i < 3; i++) {
    g_assert_cmpuint (ask (peer, GET ("/page"), "GET /page 0"), ==, 200);
    g_assert_cmpuint (ask (peer, GET ("/none"), NULL), ==, 404);
  }
  g_assert_false (peer->gone);
  parley_mock_peer_free (peer);
}

/* Bodies */

static gchar *
with_body (gsize len)
{
  gchar *body = g_strnfill (len, 'x');
  gchar *request = g_strdup_printf ("POST /page HTTP/1.1\r\nHost: here\r\n"
      "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s", len, body);

  g_free (body);
  return request;
}

static void
test_body_sizes (Fixture * self, gconstpointer pool)
{
  gchar *allowed = with_body (64 * 1024);
  gchar *too_long = with_body (64 * 1024 + 1);

  g_assert_cmpuint (ask_new (self, allowed, "POST /page 65536"), ==, 200);
  g_assert_cmpuint (ask_new (self, too_long, NULL), ==, 413);
  /* Refused before it comes. */
  g_assert_cmpuint (ask_new (self, "POST /page HTTP/1.1\r\nHost: here\r\n"
          "Content-Length: 1000000000\r\n\r\n", NULL), ==, 413);
  g_assert_cmpuint (ask_new (self, GET ("/page"), NULL), ==, 200);
  g_free (allowed);
  g_free (too_long);
}

/* Sends @piece until the connection is dropped. */
static gsize
flood (Fixture * self, const gchar * begin, const gchar * piece, gsize limit)
{
  ParleyMockPeer *peer = dial (self);
  gsize sent = 0;

  parley_mock_peer_print (peer, begin);
  while (!peer->gone && sent < limit && parley_mock_peer_print (peer, piece)) {
    sent += strlen (piece);
    while (g_main_context_iteration (NULL, FALSE));
  }
  parley_mock_wait (peer->gone);
  parley_mock_peer_free (peer);
  g_assert_cmpuint (ask_new (self, GET ("/page"), NULL), ==, 200);
  return sent;
}

static void
test_chunked_flood (Fixture * self, gconstpointer pool)
{
  gchar *fill = g_strnfill (1024, 'x');
  gchar *chunk = g_strdup_printf ("400\r\n%s\r\n", fill);

  g_assert_cmpuint (flood (self, "POST /page HTTP/1.1\r\nHost: here\r\n"
          "Transfer-Encoding: chunked\r\n\r\n", chunk, 16 * 1024 * 1024), <,
      256 * 1024);
  g_free (chunk);
  g_free (fill);
}

static void
test_header_flood (Fixture * self, gconstpointer pool)
{
  gchar *fill = g_strnfill (500, 'x');
  gchar *header = g_strdup_printf ("X-Fill: %s\r\n", fill);

  g_assert_cmpuint (flood (self, "GET /page HTTP/1.1\r\nHost: here\r\n",
          header, 16 * 1024 * 1024), <, 64 * 1024);
  /* One line without an end. */
  g_assert_cmpuint (flood (self, "GET /", fill, 16 * 1024 * 1024), <,
      64 * 1024);
  g_free (header);
  g_free (fill);
}

static void
test_slow_headers (Fixture * self, gconstpointer pool)
{
  ParleyMockPeer *slow, *silent, *idle;

  parley_clock_set_manual (0);
  slow = dial (self);
  silent = dial (self);
  idle = dial (self);
  parley_mock_peer_print (slow, "GET /page HTTP/1.1\r\n");
  g_assert_cmpuint (ask (idle, GET ("/page"), NULL), ==, 200);
  parley_clock_advance (4 * G_TIME_SPAN_SECOND, NULL);
  parley_mock_peer_print (slow, "Host: here\r\n");
  g_assert_cmpuint (ask (idle, GET ("/page"), NULL), ==, 200);
  g_assert_false (slow->gone || silent->gone);
  parley_clock_advance (G_TIME_SPAN_SECOND, NULL);
  parley_mock_wait (slow->gone && silent->gone);
  g_assert_cmpuint (ask (idle, GET ("/page"), NULL), ==, 200);
  parley_mock_peer_free (slow);
  parley_mock_peer_free (silent);
  parley_mock_peer_free (idle);
}

/* A body that never comes. */
static void
test_slow_body (Fixture * self, gconstpointer pool)
{
  ParleyMockPeer *slow, *page;

  parley_clock_set_manual (0);
  slow = dial (self);
  parley_mock_peer_print (slow, "POST /page HTTP/1.1\r\nHost: here\r\n"
      "Content-Length: 5\r\n\r\nhell");
  parley_clock_advance (4 * G_TIME_SPAN_SECOND, NULL);
  g_assert_false (slow->gone);
  page = dial (self);
  g_assert_cmpuint (ask (page, GET ("/page"), NULL), ==, 200);
  parley_clock_advance (G_TIME_SPAN_SECOND, NULL);
  parley_mock_wait (slow->gone);
  g_assert_cmpuint (ask (page, GET ("/page"), NULL), ==, 200);
  parley_mock_peer_free (slow);
  parley_mock_peer_free (page);
}

/* Websockets */

static void
test_check_refuses (Fixture * self, gconstpointer pool)
{
  self->refuse = 403;
  g_assert_cmpuint (upgrade_new (self, "/media", NULL), ==, 403);
  self->refuse = 503;
  g_assert_cmpuint (upgrade_new (self, "/media", NULL), ==, 503);
  self->refuse = 0;
  g_assert_cmpint (self->checks, ==, 2);
  g_assert_cmpint (self->calls, ==, 0);
  g_assert_cmpuint (upgrade_new (self, "/media", NULL), ==, 101);
  g_assert_cmpint (self->calls, ==, 1);
}

static void
test_upgrade_elsewhere (Fixture * self, gconstpointer pool)
{
  g_assert_cmpuint (upgrade_new (self, "/media/below", NULL), ==, 404);
  g_assert_cmpuint (upgrade_new (self, "/none", NULL), ==, 404);
  g_assert_cmpuint (upgrade_new (self, "/page", NULL), ==, 200);
  g_assert_cmpuint (ask_new (self, GET ("/media"), NULL), >=, 400);
  g_assert_cmpint (self->calls, ==, 0);
}

static void
assert_pong (ParleyMockPeer * peer, const gchar * payload)
{
  GString *came = g_string_new (NULL);
  gint opcode = -1;

  parley_mock_wait ((opcode = parley_mock_peer_take_frame (peer, came)) >= 0);
  g_assert_cmpint (opcode, ==, 0xa);
  g_assert_cmpstr (came->str, ==, payload);
  g_string_free (came, TRUE);
}

/* What comes with the upgrade, although nobody should send that yet, and what
 * comes in pieces after it. */
static void
test_frames_with_upgrade (Fixture * self, gconstpointer pool)
{
  static const gchar request[] = "GET /media HTTP/1.1\r\nHost: a\r\n"
      "Upgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
      "\x89\x82\0\0\0\0hi" "\x89\x82\0\0";
  ParleyMockPeer *peer = dial (self);

  parley_mock_peer_write (peer, request, sizeof request - 1);
  g_assert_cmpuint (parley_mock_peer_response (peer, NULL, NULL), ==, 101);
  assert_pong (peer, "hi");
  parley_mock_peer_write (peer, "\0\0ho", 4);
  assert_pong (peer, "ho");
  parley_mock_peer_free (peer);
}

static void
test_deflate_not_negotiated (Fixture * self, gconstpointer pool)
{
  ParleyMockPeer *peer = dial (self);
  GString *head = g_string_new (NULL);

  g_assert_cmpuint (parley_mock_peer_upgrade (peer, "/media",
          "Sec-WebSocket-Extensions: permessage-deflate\r\n", head), ==, 101);
  g_assert_null (strstr (head->str, "Sec-WebSocket-Extensions"));
  g_assert_nonnull (strstr (head->str, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  g_string_free (head, TRUE);
  parley_mock_peer_free (peer);
}

static void
test_origin_and_protocol (Fixture * self, gconstpointer pool)
{
  g_assert_cmpuint (upgrade_new (self, "/media",
          "Origin: https://example.org\r\n"), ==, 101);
  g_assert_cmpuint (upgrade_new (self, "/media",
          "Sec-WebSocket-Protocol: audio.twilio.com, other\r\n"), ==, 101);
}

/* Each loop of the pool gets its share of calls that are there at once. */
static void
test_spread (Fixture * self, gconstpointer pool)
{
  ParleyMockPeer *peers[2 * POOL_SIZE];

  for (guint i = 0; i < G_N_ELEMENTS (peers); i++) {
    peers[i] = dial (self);
    g_assert_cmpuint (parley_mock_peer_upgrade (peers[i], "/media", NULL,
            NULL), ==, 101);
  }
  parley_mock_wait (g_atomic_int_get (&self->calls) == 2 * POOL_SIZE);
  g_mutex_lock (&self->lock);
  g_assert_cmpuint (g_hash_table_size (self->loops), ==, POOL_SIZE);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    parley_mock_peer_free (peers[i]);
}

/* Many at once, on several loops, some of them rude. */
static void
test_crowd (Fixture * self, gconstpointer pool)
{
  ParleyMockPeer *peers[60];

  for (guint i = 0; i < G_N_ELEMENTS (peers); i++) {
    peers[i] = dial (self);
    if (i % 3 == 0)
      parley_mock_peer_print (peers[i], GET ("/page"));
    else if (i % 3 == 1)
      parley_mock_peer_print (peers[i], "GET /page HTTP/1.1\r\n");
  }
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++) {
    if (i % 3 == 0)
      g_assert_cmpuint (parley_mock_peer_response (peers[i], NULL, NULL), ==,
          200);
    if (i % 2)
      parley_mock_peer_abort (peers[i]);
    else
      parley_mock_peer_free (peers[i]);
  }
}

/* The end */

static void
test_stop_listening (Fixture * self, gconstpointer pool)
{
  guint16 port = parley_server_get_port (self->server);
  ParleyServer *next = parley_server_new ();
  ParleyMockPeer *peer = dial (self);
  GError *error = NULL;

  g_assert_cmpuint (ask (peer, GET ("/page"), NULL), ==, 200);
  parley_server_stop_listening (self->server);
  parley_server_stop_listening (self->server);
  g_assert_cmpuint (parley_server_get_port (self->server), ==, 0);
  /* Who is there is served, and the port is free for another. */
  g_assert_cmpuint (ask (peer, GET ("/page"), NULL), ==, 200);
  parley_server_listen (next, "127.0.0.1", port, NULL, self->loop, &error);
  g_assert_no_error (error);
  parley_server_close (next);
  g_object_unref (next);
  parley_mock_peer_free (peer);
}

static void
test_close_spares_calls (Fixture * self, gconstpointer pool)
{
  ParleyMockPeer *call = dial (self), *page = dial (self), *new = dial (self);
  GString *frame = g_string_new (NULL);

  g_assert_cmpuint (parley_mock_peer_upgrade (call, "/media", NULL, NULL), ==,
      101);
  g_assert_cmpuint (ask (page, GET ("/page"), NULL), ==, 200);
  parley_server_close (self->server);
  parley_mock_wait (page->gone && new->gone);
  parley_mock_peer_frame (call, PARLEY_MOCK_FIN | 9, "still", 5);
  parley_mock_wait (parley_mock_peer_take_frame (call, frame) == 10);
  g_assert_cmpstr (frame->str, ==, "still");
  g_assert_false (call->gone);
  parley_mock_peer_free (call);
  parley_mock_peer_free (page);
  parley_mock_peer_free (new);
  g_string_free (frame, TRUE);
}

/* With no descriptor left new connections wait; then they are taken. */
static void
test_no_descriptors (Fixture * self, gconstpointer pool)
{
  GArray *taken = g_array_new (FALSE, FALSE, sizeof (gint));
  ParleyMockPeer *peers[4];
  struct rlimit before, tight;
  gint fd;

  g_assert_cmpuint (ask_new (self, GET ("/page"), NULL), ==, 200);
  getrlimit (RLIMIT_NOFILE, &before);
  tight = before;
  tight.rlim_cur = 256;
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    peers[i] = dial (self);
  parley_clock_set_manual (0);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &tight), ==, 0);
  while ((fd = dup (0)) >= 0)
    g_array_append_val (taken, fd);
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "out of file descriptors*");
  parley_clock_advance (0, NULL);
  for (guint i = 0; i < taken->len; i++)
    close (g_array_index (taken, gint, i));
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  g_test_assert_expected_messages ();
  parley_clock_advance (100 * G_TIME_SPAN_MILLISECOND, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++) {
    g_assert_cmpuint (ask (peers[i], GET ("/page"), NULL), ==, 200);
    parley_mock_peer_free (peers[i]);
  }
  g_array_unref (taken);
}

/* Addresses */

static void
test_port_in_use (Fixture * self, gconstpointer pool)
{
  static const gchar *hosts[] = { "127.0.0.1", "localhost", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++) {
    ParleyServer *second = parley_server_new ();
    GError *error = NULL;
    gboolean listening = parley_server_listen (second, hosts[i],
        parley_server_get_port (self->server), NULL, self->loop, &error);

    /* A name may have another address that is free. */
    if (i != 1 || !listening) {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
      g_assert_nonnull (strstr (error->message, "in use"));
      g_error_free (error);
      g_assert_cmpuint (parley_server_get_port (second), ==, 0);
    }
    parley_server_close (second);
    g_object_unref (second);
  }
}

static void
test_bad_host (Fixture * self, gconstpointer pool)
{
  static const gchar *hosts[] = { "\xff.example", "203.0.113.7" };

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++) {
    ParleyServer *second = parley_server_new ();
    GError *error = NULL;

    g_assert_false (parley_server_listen (second, hosts[i], 0, NULL,
            self->loop, &error));
    g_assert_nonnull (error);
    g_test_message ("%s", error->message);
    g_error_free (error);
    g_object_unref (second);
  }
}

/* TLS */

static gboolean
run_tool (const gchar * const *argv)
{
  GError *error = NULL;
  gint status;

  if (!g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_SEARCH_PATH
          | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
          NULL, NULL, NULL, &status, &error)) {
    g_test_message ("%s", error->message);
    g_error_free (error);
    return FALSE;
  }
  return status == 0;
}

static GTlsCertificate *
self_signed (void)
{
  gchar *folder = g_dir_make_tmp ("parley-tls-XXXXXX", NULL);
  gchar *cert = g_build_filename (folder, "cert.pem", NULL);
  gchar *key = g_build_filename (folder, "key.pem", NULL);
  const gchar *argv[] = { "openssl", "req", "-x509", "-newkey", "ec",
    "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    "-subj", "/CN=localhost", "-keyout", key, "-out", cert, NULL
  };
  GTlsCertificate *certificate = NULL;
  GError *error = NULL;

  if (run_tool (argv)) {
    certificate = g_tls_certificate_new_from_files (cert, key, &error);
    g_assert_no_error (error);
  }
  unlink (cert);
  unlink (key);
  rmdir (folder);
  g_free (cert);
  g_free (key);
  g_free (folder);
  return certificate;
}

static gboolean
accept_any (gpointer message, GTlsCertificate * certificate,
    GTlsCertificateFlags errors, gpointer data)
{
  return TRUE;
}

static void
keep_result (GObject * source, GAsyncResult * result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static SoupMessage *
secure_message (Fixture * self, const gchar * scheme, const gchar * path)
{
  gchar *url = g_strdup_printf ("%s://127.0.0.1:%u%s", scheme,
      parley_server_get_port (self->server), path);
  SoupMessage *message = soup_message_new ("GET", url);

  g_signal_connect (message, "accept-certificate", G_CALLBACK (accept_any),
      NULL);
  g_free (url);
  return message;
}

static void
assert_https_works (Fixture * self, SoupSession * session)
{
  SoupMessage *message = secure_message (self, "https", "/page");
  GAsyncResult *result = NULL;
  GError *error = NULL;
  GBytes *body;

  soup_session_send_and_read_async (session, message, 0, NULL, keep_result,
      &result);
  parley_mock_wait (result);
  body = soup_session_send_and_read_finish (session, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (message), ==, 200);
  g_bytes_unref (body);
  g_object_unref (result);
  g_object_unref (message);
}

static void
assert_wss_works (Fixture * self, SoupSession * session)
{
  SoupMessage *message = secure_message (self, "wss", "/media");
  SoupWebsocketConnection *websocket;
  GAsyncResult *result = NULL;
  GError *error = NULL;

  soup_session_websocket_connect_async (session, message, NULL, NULL, 0, NULL,
      keep_result, &result);
  parley_mock_wait (result);
  websocket = soup_session_websocket_connect_finish (session, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (self->calls, ==, 1);
  soup_websocket_connection_send_text (websocket, "not json");
  parley_mock_wait (soup_websocket_connection_get_state (websocket)
      == SOUP_WEBSOCKET_STATE_CLOSED);
  g_assert_cmpuint (soup_websocket_connection_get_close_code (websocket), ==,
      SOUP_WEBSOCKET_CLOSE_BAD_DATA);
  g_object_unref (websocket);
  g_object_unref (result);
  g_object_unref (message);
}

/* GIO's pool has a thread for each handshake; the leak sanitizer stumbles over
 * what the TLS module leaves in them, so they have to be gone at the end. */
static gboolean
handshakes_linger (void)
{
  GDir *tasks = g_dir_open ("/proc/self/task", 0, NULL);
  gboolean found = FALSE;
  const gchar *task;

  while (tasks && (task = g_dir_read_name (tasks))) {
    gchar *path = g_build_filename ("/proc/self/task", task, "comm", NULL);
    gchar *name = NULL;

    g_file_get_contents (path, &name, NULL, NULL);
    found |= name && g_str_has_prefix (name, "pool-");
    g_free (name);
    g_free (path);
  }
  g_clear_pointer (&tasks, g_dir_close);
  return found;
}

static void
test_tls (Fixture * self, gconstpointer pool)
{
  GTlsCertificate *certificate = self_signed ();
  SoupSession *session;
  ParleyMockPeer *peer;

  listen_with (self, certificate);
  if (!certificate) {
    g_test_skip ("no openssl program to make a certificate with");
    return;
  }
  g_thread_pool_set_max_unused_threads (0);
  session = soup_session_new ();
  assert_https_works (self, session);
  assert_wss_works (self, session);

  /* No handshake, and half of one. */
  peer = dial (self);
  parley_mock_peer_print (peer, GET ("/page"));
  parley_mock_wait (peer->gone);
  parley_mock_peer_free (peer);
  peer = dial (self);
  parley_mock_peer_write (peer, "\x16\x03\x01\x02\x00\x01", 6);
  parley_mock_peer_free (peer);
  assert_https_works (self, session);
  soup_session_abort (session);
  g_object_unref (session);
  g_object_unref (certificate);
  parley_mock_wait (!handshakes_linger ());
}

typedef void (*Case) (Fixture *, gconstpointer);

static void
add (const gchar * name, gboolean pool, Case begin, Case func)
{
  gchar *path = g_strconcat ("/server/", name, NULL);

  g_test_add (path, Fixture, GINT_TO_POINTER (pool), begin, func, tear_down);
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
  const struct
  {
    const gchar *name;
    Case func;
  } cases[] = {
    {"routes", test_routes},
    {"keep-alive", test_keep_alive},
    {"body/sizes", test_body_sizes},
    {"body/chunked-flood", test_chunked_flood},
    {"body/slow", test_slow_body},
    {"headers/flood", test_header_flood},
    {"headers/slow", test_slow_headers},
    {"upgrade/refused", test_check_refuses},
    {"upgrade/elsewhere", test_upgrade_elsewhere},
    {"upgrade/no-deflate", test_deflate_not_negotiated},
    {"upgrade/frames-with-it", test_frames_with_upgrade},
    {"upgrade/origin-and-protocol", test_origin_and_protocol},
    {"stop-listening", test_stop_listening},
    {"close-spares-calls", test_close_spares_calls},
    {"no-descriptors", test_no_descriptors},
    {"port-in-use", test_port_in_use},
    {"bad-host", test_bad_host},
  };

  g_test_init (&argc, &argv, NULL);
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  g_log_set_handler ("GLib-GIO", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  parley_loop_pool_set_size (POOL_SIZE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    add (cases[i].name, FALSE, set_up_plain, cases[i].func);
  add ("tls", FALSE, set_up, test_tls);
  add ("pool/routes", TRUE, set_up_plain, test_routes);
  add ("pool/spread", TRUE, set_up_plain, test_spread);
  add ("pool/crowd", TRUE, set_up_plain, test_crowd);
  return g_test_run ();
}
