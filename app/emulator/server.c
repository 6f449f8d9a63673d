/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/server.h"

#include <gio/gunixsocketaddress.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>

#include "emulator/protocols.h"
#include "emulator/wirejson.h"
#include "net/clock.h"

#define BACKLOG 1024
#define MAX_HEADERS (64 * 1024)
/* OpenAI takes files of up to 25 MB. */
#define MAX_BODY (26 * 1024 * 1024)
#define ACCEPT_PAUSE_US (50 * G_TIME_SPAN_MILLISECOND)

struct _ParleyEmulator
{
  ParleyEmulatorSettings *settings;
  ParleyRecords *records;
  ParleyLoop *loop;
  SoupServer *soup;
  GSocket *listener;
  GSource *accept_source;
  guint16 port;
  guint count;
  GHashTable *shared;           /* gchar * to gchar * */
  GHashTable *exchanges;        /* of ParleyExchange */
  GHashTable *connections;      /* remote GSocketAddress to Connection */
  GHashTable *arriving;         /* of Arriving */
};

/* An accepted socket that is not listened to yet. */
typedef struct
{
  ParleyEmulator *owner;
  GSocket *socket;
  GSocketAddress *remote;
  GSource *timer;
} Arriving;

/* One accepted socket. Lives as long as its stream. */
typedef struct
{
  ParleyLink link;
  ParleyEmulator *owner;        /* NULL once that is freed */
  GSocketAddress *remote;
} Connection;

static GQuark connection_quark;
static GQuark exchange_quark;

static void
connection_free (gpointer data)
{
  Connection *self = data;

  if (self->owner != NULL)
    g_hash_table_remove (self->owner->connections, self->remote);
  g_object_unref (self->link.socket);
  g_object_unref (self->remote);
  g_free (self);
}

static Connection *
connection_of (ParleyEmulator * self, SoupServerMessage * message)
{
  return g_hash_table_lookup (self->connections,
      soup_server_message_get_remote_address (message));
}

static ParleyExchange *
exchange_of (SoupServerMessage * message)
{
  return g_object_get_qdata (G_OBJECT (message), exchange_quark);
}

/* Accepting */

static void
connection_open (ParleyEmulator * self, GSocket * socket,
    GSocketAddress * remote)
{
  g_autoptr (GSocketAddress) local = g_socket_get_local_address (socket, NULL);
  g_autoptr (GSocketConnection) tcp =
      g_socket_connection_factory_create_connection (socket);
  g_autoptr (ParleyCutStream) cut = parley_cut_stream_new (G_IO_STREAM (tcp));
  g_autoptr (ParleyLimitStream) limit =
      parley_limit_stream_new (G_IO_STREAM (cut), NULL, MAX_HEADERS);
  Connection *connection = g_new0 (Connection, 1);

  connection->owner = self;
  connection->remote = g_object_ref (remote);
  connection->link.cut = cut;
  connection->link.limit = limit;
  connection->link.socket = g_object_ref (socket);
  connection->link.accepted = parley_clock_now ();
  g_hash_table_insert (self->connections, connection->remote, connection);
  g_object_set_qdata_full (G_OBJECT (limit), connection_quark, connection,
      connection_free);
  soup_server_accept_iostream (self->soup, G_IO_STREAM (limit), local, remote,
      NULL);
}

static void
arriving_free (gpointer data)
{
  Arriving *self = data;

  parley_timer_clear (&self->timer);
  g_object_unref (self->socket);
  g_object_unref (self->remote);
  g_free (self);
}

static gboolean
arrived (gpointer data)
{
  Arriving *self = data;

  connection_open (self->owner, self->socket, self->remote);
  g_hash_table_remove (self->owner->arriving, self);
  return G_SOURCE_REMOVE;
}

/* Round trips of TCP and TLS to somewhere far away. */
static void
let_arrive (ParleyEmulator * self, GSocket * socket, GSocketAddress * remote,
    gint64 wait)
{
  Arriving *arriving = g_new0 (Arriving, 1);

  arriving->owner = self;
  arriving->socket = g_object_ref (socket);
  arriving->remote = g_object_ref (remote);
  arriving->timer = parley_loop_add_timer (self->loop,
      parley_clock_now () + wait, arrived, arriving);
  g_hash_table_add (self->arriving, arriving);
}

/* The fault "refuse" of "connection" meets a client before it says a word. */
static void
take_in (ParleyEmulator * self, GSocket * socket)
{
  g_autoptr (GSocketAddress) remote =
      g_socket_get_remote_address (socket, NULL);
  ParleyFault fault = parley_faults_draw (self->settings->faults,
      PARLEY_FAULT_CONNECTION);
  gint64 wait;

  if (remote == NULL || fault.kind == PARLEY_FAULT_REFUSE)
    return;
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  g_socket_set_blocking (socket, FALSE);
  wait = parley_delay_draw (&self->settings->connection);
  if (wait > 0)
    let_arrive (self, socket, remote, wait);
  else
    connection_open (self, socket, remote);
}

static gboolean accept_ready (GSocket * listener, GIOCondition condition,
    gpointer data);

static gboolean
accept_resume (gpointer data)
{
  ParleyEmulator *self = data;

  parley_timer_clear (&self->accept_source);
  self->accept_source = g_socket_create_source (self->listener, G_IO_IN, NULL);
  g_source_set_callback (self->accept_source, G_SOURCE_FUNC (accept_ready),
      self, NULL);
  g_source_attach (self->accept_source, parley_loop_get_context (self->loop));
  return G_SOURCE_REMOVE;
}

static gboolean
accept_ready (GSocket * listener, GIOCondition condition, gpointer data)
{
  ParleyEmulator *self = data;
  g_autoptr (GError) error = NULL;
  GSocket *socket;

  while ((socket = g_socket_accept (listener, NULL, &error)) != NULL) {
    take_in (self, socket);
    g_object_unref (socket);
  }
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES))
    return G_SOURCE_CONTINUE;
  /* The socket stays readable: look away for a moment. */
  g_printerr ("parley emulator: out of file descriptors; raise the limit "
      "(ulimit -n)\n");
  parley_timer_clear (&self->accept_source);
  self->accept_source = parley_loop_add_timer (self->loop,
      parley_clock_now () + ACCEPT_PAUSE_US, accept_resume, self);
  return G_SOURCE_REMOVE;
}

/* Requests */

static const ParleyProtocol *
find_protocol (const gchar * method, const gchar * path)
{
  const ParleyProtocol *const *lists = parley_protocols ();

  for (guint i = 0; lists[i] != NULL; i++)
    for (const ParleyProtocol * p = lists[i]; p->name != NULL; p++)
      if (g_str_equal (p->method, method)
          && g_pattern_match_simple (p->path, path))
        return p;
  return NULL;
}

static void
refuse_body (ParleyEmulator * self, SoupServerMessage * message,
    Connection * connection)
{
  static const gchar answer[] = "HTTP/1.1 413 Request Entity Too Large\r\n"
      "Connection: close\r\nContent-Length: 0\r\n\r\n";
  GOutputStream *out =
      g_io_stream_get_output_stream (G_IO_STREAM (connection->link.limit));

  g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (out),
      answer, sizeof answer - 1, NULL, NULL);
  g_socket_shutdown (connection->link.socket, FALSE, TRUE, NULL);
}

static void
got_headers (SoupServerMessage * message, ParleyEmulator * self)
{
  Connection *connection = connection_of (self, message);
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);
  const gchar *path = g_uri_get_path (soup_server_message_get_uri (message));
  const ParleyProtocol *protocol =
      find_protocol (soup_server_message_get_method (message), path);

  if (connection == NULL)
    return;
  parley_limit_stream_allow (connection->link.limit, MAX_BODY);
  if (protocol != NULL)
    g_object_set_qdata (G_OBJECT (message), exchange_quark,
        parley_exchange_new (self, protocol, message, &connection->link));
  if (soup_message_headers_get_encoding (headers)
      == SOUP_ENCODING_CONTENT_LENGTH
      && soup_message_headers_get_content_length (headers) > MAX_BODY) {
    soup_server_message_set_status (message,
        SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, NULL);
    refuse_body (self, message, connection);
  }
}

static void
request_started (SoupServer * soup, SoupServerMessage * message,
    ParleyEmulator * self)
{
  g_signal_connect (message, "got-headers", G_CALLBACK (got_headers), self);
}

static void
request_over (ParleyEmulator * self, SoupServerMessage * message,
    gboolean complete)
{
  Connection *connection = connection_of (self, message);
  ParleyExchange *exchange = exchange_of (message);

  if (exchange != NULL && !parley_exchange_is_websocket (exchange)) {
    g_object_set_qdata (G_OBJECT (message), exchange_quark, NULL);
    parley_exchange_over (exchange, complete);
  }
  if (connection != NULL)
    parley_limit_stream_allow (connection->link.limit, MAX_HEADERS);
}

static void
request_finished (SoupServer * soup, SoupServerMessage * message,
    ParleyEmulator * self)
{
  request_over (self, message, TRUE);
}

static void
request_aborted (SoupServer * soup, SoupServerMessage * message,
    ParleyEmulator * self)
{
  request_over (self, message, FALSE);
}

/* What is not a protocol's: the emulator's own pages */

static void
respond (SoupServerMessage * message, guint status, gchar * json)
{
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "application/json",
      SOUP_MEMORY_TAKE, json, strlen (json));
}

static void
show_requests (ParleyEmulator * self, SoupServerMessage * message,
    GHashTable * query)
{
  const gchar *text = query != NULL ? g_hash_table_lookup (query, "since")
      : NULL;
  guint64 since = 0;

  if (text != NULL && !g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64,
          &since, NULL))
    respond (message, SOUP_STATUS_BAD_REQUEST,
        parley_wire_json ("{'error':'since must be the id of a request'}\n"));
  else
    respond (message, SOUP_STATUS_OK,
        parley_records_to_json (self->records, since));
}

static void
add_fault (ParleyEmulator * self, SoupServerMessage * message)
{
  g_autoptr (GBytes) body = soup_message_body_flatten
      (soup_server_message_get_request_body (message));
  const gchar *problem;
  g_autoptr (JsonNode) root = parley_wire_json_parse (g_bytes_get_data (body,
          NULL), g_bytes_get_size (body), &problem);
  g_autofree gchar *wrong = root != NULL
      ? parley_faults_add (self->settings->faults, json_node_get_object (root))
      : g_strdup (problem);

  if (wrong != NULL)
    respond (message, SOUP_STATUS_BAD_REQUEST,
        parley_wire_json ("{'error':%q}\n", wrong));
  else
    respond (message, SOUP_STATUS_OK, parley_wire_json ("{'rules':%d}\n",
            (gint) parley_faults_get_n_rules (self->settings->faults)));
}

static void
handle_own (ParleyEmulator * self, SoupServerMessage * message,
    const gchar * path, GHashTable * query)
{
  const gchar *method = soup_server_message_get_method (message);

  if (g_str_equal (path, "/emulator/requests") && g_str_equal (method, "GET")) {
    show_requests (self, message, query);
  } else if (g_str_equal (path, "/emulator/fault")
      && g_str_equal (method, "POST")) {
    add_fault (self, message);
  } else if (g_str_equal (path, "/emulator/fault")
      && g_str_equal (method, "DELETE")) {
    parley_faults_clear (self->settings->faults);
    respond (message, SOUP_STATUS_OK, g_strdup ("{\"rules\":0}\n"));
  } else {
    respond (message, SOUP_STATUS_NOT_FOUND,
        parley_wire_json ("{'error':{'message':%q,'type':"
            "'invalid_request_error','param':null,'code':null}}\n",
            "no service has this path"));
  }
}

static void
handle (SoupServer * soup, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
  ParleyExchange *exchange = exchange_of (message);

  if (exchange != NULL)
    parley_exchange_begin (exchange);
  else
    handle_own (data, message, path, query);
}

/* The emulator */

static void
soup_open (ParleyEmulator * self)
{
  g_autofree gchar *name = g_uuid_string_random ();
  g_autoptr (GSocketAddress) unused =
      g_unix_socket_address_new_with_type (name, -1,
      G_UNIX_SOCKET_ADDRESS_ABSTRACT);

  self->soup = soup_server_new ("server-header", "parley-emulator", NULL);
  /* Without a listener of its own libsoup closes after every request. */
  soup_server_listen (self->soup, unused, 0, NULL);
  soup_server_add_handler (self->soup, NULL, handle, self, NULL);
  g_signal_connect (self->soup, "request-started",
      G_CALLBACK (request_started), self);
  g_signal_connect (self->soup, "request-finished",
      G_CALLBACK (request_finished), self);
  g_signal_connect (self->soup, "request-aborted",
      G_CALLBACK (request_aborted), self);
}

static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

ParleyEmulator *
parley_emulator_new (ParleyEmulatorSettings * settings)
{
  ParleyEmulator *self = g_new0 (ParleyEmulator, 1);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  connection_quark = g_quark_from_static_string ("parley-emulator-connection");
  exchange_quark = g_quark_from_static_string ("parley-emulator-exchange");
  self->settings = settings;
  self->records = parley_records_new (settings->max_records);
  self->loop = parley_loop_new (context);
  self->connections = g_hash_table_new (NULL, NULL);
  self->arriving = g_hash_table_new_full (NULL, NULL, arriving_free, NULL);
  self->exchanges = g_hash_table_new (NULL, NULL);
  self->shared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  soup_open (self);
  return self;
}

void
parley_emulator_free (ParleyEmulator * self)
{
  GMainContext *context = parley_loop_get_context (self->loop);
  GHashTableIter iter;
  gpointer connection, exchange;

  parley_timer_clear (&self->accept_source);
  g_clear_object (&self->listener);
  g_hash_table_remove_all (self->arriving);
  g_hash_table_iter_init (&iter, self->exchanges);
  while (g_hash_table_iter_next (&iter, &exchange, NULL))
    parley_exchange_over (exchange, FALSE);
  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, NULL, &connection))
    g_socket_shutdown (((Connection *) connection)->link.socket, TRUE, TRUE,
        NULL);
  soup_server_disconnect (self->soup);
  while (g_main_context_iteration (context, FALSE));
  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, NULL, &connection))
    ((Connection *) connection)->owner = NULL;
  g_object_unref (self->soup);
  g_hash_table_unref (self->connections);
  g_hash_table_unref (self->exchanges);
  g_hash_table_unref (self->arriving);
  g_hash_table_unref (self->shared);
  g_object_unref (self->loop);
  parley_records_free (self->records);
  parley_emulator_settings_free (self->settings);
  g_free (self);
}

static GSocketAddress *
resolve (const gchar * host, guint16 port, GError ** error)
{
  g_autoptr (GSocketConnectable) name = NULL;
  g_autoptr (GSocketAddressEnumerator) addresses = NULL;

  if (host == NULL) {
    g_autoptr (GInetAddress) any =
        g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);

    return g_inet_socket_address_new (any, port);
  }
  name = g_network_address_new (host, port);
  addresses = g_socket_connectable_enumerate (name);
  return g_socket_address_enumerator_next (addresses, NULL, error);
}

static gboolean
bind_listener (ParleyEmulator * self, GSocketAddress * address, GError ** error)
{
  g_autoptr (GSocketAddress) bound = NULL;

  self->listener = g_socket_new (g_socket_address_get_family (address),
      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (self->listener == NULL)
    return FALSE;
  g_socket_set_blocking (self->listener, FALSE);
  g_socket_set_listen_backlog (self->listener, BACKLOG);
  if (!g_socket_bind (self->listener, address, TRUE, error)
      || !g_socket_listen (self->listener, error))
    return FALSE;
  bound = g_socket_get_local_address (self->listener, error);
  if (bound == NULL)
    return FALSE;
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return TRUE;
}

gboolean
parley_emulator_listen (ParleyEmulator * self, const gchar * host,
    guint16 port, GError ** error)
{
  g_autoptr (GSocketAddress) address = resolve (host, port, error);

  if (address == NULL || !bind_listener (self, address, error))
    return FALSE;
  raise_descriptor_limit ();
  accept_resume (self);
  return TRUE;
}

guint16
parley_emulator_get_port (ParleyEmulator * self)
{
  return self->port;
}

ParleyEmulatorSettings *
parley_emulator_get_settings (ParleyEmulator * self)
{
  return self->settings;
}

ParleyRecords *
parley_emulator_get_records (ParleyEmulator * self)
{
  return self->records;
}

ParleyLoop *
parley_emulator_get_loop (ParleyEmulator * self)
{
  return self->loop;
}

GHashTable *
parley_emulator_get_shared (ParleyEmulator * self)
{
  return self->shared;
}

guint
parley_emulator_enter (ParleyEmulator * self, ParleyExchange * exchange)
{
  g_hash_table_add (self->exchanges, exchange);
  return ++self->count;
}

void
parley_emulator_leave (ParleyEmulator * self, ParleyExchange * exchange)
{
  g_hash_table_remove (self->exchanges, exchange);
}

guint
parley_emulator_count (ParleyEmulator * self, const ParleyProtocol * protocol)
{
  GHashTableIter iter;
  gpointer exchange;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->exchanges);
  while (g_hash_table_iter_next (&iter, &exchange, NULL))
    n += parley_exchange_serves (exchange, protocol);
  return n;
}
