/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/httprequest.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "mock/peer.h"
#include "net/clock.h"

/* Connections, counted at a real server. */

#define SECOND G_TIME_SPAN_SECOND

typedef struct
{
  SoupServer *server;
  GHashTable *ports;            /* of clients that asked */
  guint asked;
  ParleyLoop *loop;
  ParleyHttpSession *session;
  gchar *dir;                   /* with the certificate; NULL: no TLS */
  gchar *url;
  guint done, failed, left;
  GError *error;
} Fixture;

static void
on_ask (SoupServer * server, SoupServerMessage * message, const gchar * path,
    GHashTable * query, gpointer data)
{
  Fixture *self = data;
  GInetSocketAddress *peer = G_INET_SOCKET_ADDRESS
      (soup_server_message_get_remote_address (message));

  g_hash_table_add (self->ports,
      GUINT_TO_POINTER (g_inet_socket_address_get_port (peer)));
  self->asked++;
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC,
      "hello", 5);
}

/* A certificate for 127.0.0.1 that signs itself. */
static GTlsCertificate *
new_certificate (Fixture * self)
{
  g_autofree gchar *command = NULL, *file = NULL, *says = NULL;
  GTlsCertificate *certificate;
  GError *error = NULL;
  gint status;

  self->dir = g_dir_make_tmp ("parley-XXXXXX", &error);
  g_assert_no_error (error);
  file = g_build_filename (self->dir, "pem", NULL);
  command = g_strdup_printf ("openssl req -x509 -newkey ec -pkeyopt "
      "ec_paramgen_curve:prime256v1 -nodes -keyout %s -out %s.crt -days 2 "
      "-subj /CN=parley -addext subjectAltName=IP:127.0.0.1", file, file);
  g_spawn_command_line_sync (command, NULL, &says, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  g_free (command);
  command = g_strconcat (file, ".crt", NULL);
  certificate = g_tls_certificate_new_from_files (command, file, &error);
  g_assert_no_error (error);
  return certificate;
}

/* @data: "https", or NULL. */
static void
set_up (Fixture * self, gconstpointer data)
{
  SoupServerListenOptions options = SOUP_SERVER_LISTEN_IPV4_ONLY;
  GError *error = NULL;
  GSList *uris;

  g_assert_true (g_main_context_acquire (NULL));
  self->server = soup_server_new (NULL, NULL);
  if (data) {
    GTlsCertificate *certificate = new_certificate (self);

    soup_server_set_tls_certificate (self->server, certificate);
    g_object_unref (certificate);
    options |= SOUP_SERVER_LISTEN_HTTPS;
  }
  soup_server_add_handler (self->server, NULL, on_ask, self, NULL);
  soup_server_listen_local (self->server, 0, options, &error);
  g_assert_no_error (error);
  uris = soup_server_get_uris (self->server);
  self->url = g_uri_to_string (uris->data);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  self->ports = g_hash_table_new (NULL, NULL);
  self->loop = parley_loop_new (g_main_context_default ());
  self->session = parley_http_session_get_in_loop (self->loop);
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  while (g_main_context_iteration (NULL, FALSE));
  g_assert_finalize_object (self->session);
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  while (g_main_context_iteration (NULL, FALSE));
  g_assert_finalize_object (self->loop);
  g_hash_table_unref (self->ports);
  g_clear_error (&self->error);
  g_free (self->url);
  if (self->dir) {
    g_autofree gchar *key = g_build_filename (self->dir, "pem", NULL);
    g_autofree gchar *crt = g_strconcat (key, ".crt", NULL);

    g_unlink (key);
    g_unlink (crt);
    g_rmdir (self->dir);
    g_free (self->dir);
  }
  parley_clock_set_real ();
  g_main_context_release (NULL);
}

static void on_done (ParleyHttpRequest * request, gpointer data);

static void
on_failed (ParleyHttpRequest * request, const GError * error, gpointer data)
{
  Fixture *self = data;

  g_test_message ("%s", error->message);
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  self->failed++;
}

static const ParleyHttpHandler handler = { NULL, NULL, on_done, on_failed };

static void
on_done (ParleyHttpRequest * request, gpointer data)
{
  Fixture *self = data;

  self->done++;
  if (self->left > 0) {
    self->left--;
    parley_http_request_send_in_loop (request, self->session, &handler, self);
  }
}

static ParleyHttpRequest *
new_request (Fixture * self, ParleyOperation operation)
{
  GError *error = NULL;
  ParleyHttpRequest *request = parley_http_request_new ("acme", operation,
      "POST", self->url, &error);
  GBytes *body = g_bytes_new_static ("x", 1);

  g_assert_no_error (error);
  parley_http_request_set_body (request, "text/plain", body);
  g_bytes_unref (body);
  return request;
}

/* @n requests, @parallel at a time. */
static void
run (Fixture * self, ParleyOperation operation, guint n, guint parallel)
{
  g_autoptr (GPtrArray) requests =
      g_ptr_array_new_with_free_func (g_object_unref);

  self->left = n - parallel;
  self->done = self->failed = 0;
  for (guint i = 0; i < parallel; i++) {
    g_ptr_array_add (requests, new_request (self, operation));
    parley_http_request_send_in_loop (requests->pdata[i], self->session,
        &handler, self);
  }
  parley_mock_wait (self->done + self->failed == n || self->failed > 0);
}

static void
test_shared (Fixture * self, gconstpointer data)
{
  ParleyHttpSession *again = parley_http_session_get_in_loop (self->loop);

  g_assert_true (again == self->session);
  g_object_unref (again);
}

static void
test_reuse (Fixture * self, gconstpointer data)
{
  run (self, PARLEY_OPERATION_TTS, 1000, 1);
  g_assert_cmpuint (self->done, ==, 1000);
  g_assert_cmpuint (g_hash_table_size (self->ports), ==, 1);
}

/* More at a time than libsoup's 2 a host. */
static void
test_reuse_parallel (Fixture * self, gconstpointer data)
{
  run (self, PARLEY_OPERATION_LLM, 1000, 20);
  g_assert_cmpuint (self->done, ==, 1000);
  g_assert_cmpuint (g_hash_table_size (self->ports), <=, 20);
  g_assert_cmpuint (g_hash_table_size (self->ports), >, 2);
}

/* What must not happen twice goes onto no connection that may be dead. */
static void
test_tools_have_their_own (Fixture * self, gconstpointer data)
{
  run (self, PARLEY_OPERATION_TOOL, 30, 1);
  g_assert_cmpuint (self->done, ==, 30);
  g_assert_cmpuint (g_hash_table_size (self->ports), ==, 30);
}

static void
test_warm (Fixture * self, gconstpointer data)
{
  ParleyHttpRequest *request;
  ParleyHttpWarm *warm;

  parley_clock_set_manual (0);
  request = new_request (self, PARLEY_OPERATION_WARM);
  warm = parley_http_warm_new_in_loop (request, self->session, 0);
  parley_clock_advance (0, NULL);
  parley_mock_wait (self->asked == 1
      && !parley_http_request_is_active (request));
  parley_clock_advance (PARLEY_WARM_INTERVAL, NULL);
  parley_mock_wait (self->asked == 2
      && !parley_http_request_is_active (request));
  g_assert_cmpuint (g_hash_table_size (self->ports), ==, 1);
  parley_http_warm_free (warm);
  parley_clock_advance (10 * PARLEY_WARM_INTERVAL, NULL);
  while (g_main_context_iteration (NULL, FALSE));
  run (self, PARLEY_OPERATION_TTS, 1, 1);
  g_assert_cmpuint (self->asked, ==, 3);
  g_assert_cmpuint (g_hash_table_size (self->ports), ==, 1);
  g_object_unref (request);
}

static void
check_nodelay (SoupMessage * message, GSocketClientEvent event,
    GIOStream * stream, gpointer data)
{
  gint *value = data;

  if (event == G_SOCKET_CLIENT_COMPLETE)
    g_socket_get_option (g_socket_connection_get_socket (G_SOCKET_CONNECTION
            (stream)), IPPROTO_TCP, TCP_NODELAY, value, NULL);
}

static void
on_queued (SoupSession * soup, SoupMessage * message, gpointer data)
{
  g_signal_connect (message, "network-event", G_CALLBACK (check_nodelay), data);
}

static void
test_nodelay (Fixture * self, gconstpointer data)
{
  gint nodelay = 0;

  g_signal_connect (parley_http_session_get_soup (self->session),
      "request-queued", G_CALLBACK (on_queued), &nodelay);
  run (self, PARLEY_OPERATION_LLM, 1, 1);
  g_assert_cmpint (nodelay, !=, 0);
}

static void
trust (Fixture * self)
{
  g_autofree gchar *file = g_build_filename (self->dir, "pem.crt", NULL);
  GError *error = NULL;
  GTlsDatabase *database = g_tls_file_database_new (file, &error);

  g_assert_no_error (error);
  g_object_set (self->session, "tls-database", database, NULL);
  g_object_unref (database);
}

static void
test_tls (Fixture * self, gconstpointer data)
{
  run (self, PARLEY_OPERATION_LLM, 1, 1);
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_TLS);
  g_assert_cmpuint (self->asked, ==, 0);
  trust (self);
  run (self, PARLEY_OPERATION_LLM, 100, 1);
  g_assert_cmpuint (self->done, ==, 100);
  g_assert_cmpuint (g_hash_table_size (self->ports), ==, 1);
  g_object_set (self->session, "tls-database", NULL, NULL);
  run (self, PARLEY_OPERATION_TOOL, 1, 1);
  g_assert_cmpuint (self->failed, ==, 1);
  tear_down (self, data);
  _exit (0);
}

/* In a process of its own that ends without a look for leaks: the sanitizer
 * falls over the threads in which GnuTLS shook hands. */
static guint
count_ports (Fixture * self)
{
  return g_hash_table_size (self->ports);
}

/* While requests are under way, connections wait for the next ones. */
static void
test_spares (Fixture * self, gconstpointer data)
{
  ParleyHttpRequest *request;
  ParleyHttpWarm *warm;
  guint n;

  parley_clock_set_manual (0);
  request = new_request (self, PARLEY_OPERATION_WARM);
  warm = parley_http_warm_new_in_loop (request, self->session, 0);
  parley_clock_advance (0, NULL);
  parley_mock_wait (self->asked == 1
      && !parley_http_request_is_active (request));
  /* The warm one serves it, and one more is opened. */
  run (self, PARLEY_OPERATION_TTS, 1, 1);
  parley_mock_wait (self->asked == 3);
  g_assert_cmpuint (count_ports (self), ==, 2);
  /* That is enough for the next. */
  run (self, PARLEY_OPERATION_TTS, 1, 1);
  g_assert_cmpuint (self->asked, ==, 4);
  /* For eight at a time there are to be eleven; two are there. */
  run (self, PARLEY_OPERATION_TTS, 8, 8);
  parley_mock_wait (self->asked == 4 + 8 + 9);
  n = count_ports (self);
  g_assert_cmpuint (n, >=, 11);
  run (self, PARLEY_OPERATION_TTS, 8, 8);
  g_assert_cmpuint (self->asked, ==, 21 + 8);
  g_assert_cmpuint (count_ports (self), ==, n);
  parley_http_warm_free (warm);
  run (self, PARLEY_OPERATION_TTS, 20, 20);
  g_assert_cmpuint (self->asked, ==, 29 + 20);
  g_object_unref (request);
}

static void
test_tls_apart (void)
{
  g_test_trap_subprocess ("/httpsession/tls/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

static void
ignore_log (const gchar * domain, GLogLevelFlags level, const gchar * text,
    gpointer data)
{
}

static void
add (const gchar * name, const gchar * scheme,
    void (*func) (Fixture *, gconstpointer))
{
  g_autofree gchar *path = g_strconcat ("/httpsession/", name, NULL);

  g_test_add (path, Fixture, scheme, set_up, func, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_handler ("GLib-GIO", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  add ("shared", NULL, test_shared);
  add ("reuse", NULL, test_reuse);
  add ("reuse-parallel", NULL, test_reuse_parallel);
  add ("tools-have-their-own", NULL, test_tools_have_their_own);
  add ("warm", NULL, test_warm);
  add ("spares", NULL, test_spares);
  add ("nodelay", NULL, test_nodelay);
  g_test_add_func ("/httpsession/tls", test_tls_apart);
  add ("tls/subprocess", "https", test_tls);
  return g_test_run ();
}
