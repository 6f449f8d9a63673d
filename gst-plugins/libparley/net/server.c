/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/server.h"

#include <gio/gunixsocketaddress.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include "net/clock.h"
#include "net/limitstream.h"

#define BACKLOG 1024
/* For the headers of a request, and again for its body. */
#define REQUEST_TIMEOUT_US (5 * G_TIME_SPAN_SECOND)
#define MAX_HEADERS (16 * 1024)
#define MAX_BODY (64 * 1024)
/* Room for a whole message on top of what is left of the one before. */
#define MAX_WEBSOCKET_BYTES (2 * PARLEY_TWILIO_MAX_MESSAGE)
#define KEEPALIVE_SECONDS 20
/* How long not to accept after the process ran out of descriptors. */
#define ACCEPT_PAUSE_US (50 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  gchar *path;
  ParleyServerHandler handler;
  ParleyServerCheck check;
  ParleyServerCallFunc call_func;
  gpointer data;
  GDestroyNotify destroy;
} Route;

struct _ParleyServer
{
  GObject parent;

  GPtrArray *routes;            /* of Route; constant once listening */
  GTlsCertificate *certificate;
  ParleyLoop *only_loop;        /* NULL: the pool's */
  ParleyLoop *accept_loop;      /* borrowed */
  GHashTable *loop_servers;     /* ParleyLoop to LoopServer; constant */
  GMutex lock;                  /* guards the rest */
  GSocket *listener;
  GSource *accept_source;       /* of the listener, or the timer of a pause */
  guint16 port;
  gboolean closed;
};

/* The part of a server on one loop. */
typedef struct
{
  ParleyServer *server;         /* a reference, until closed */
  ParleyLoop *loop;
  SoupServer *soup;
  GHashTable *connections;      /* remote GSocketAddress to Connection */
} LoopServer;

/* One accepted socket. Lives as long as its stream. */
typedef struct
{
  LoopServer *owner;            /* NULL once closed */
  ParleyLoop *loop;             /* acquired, when of the pool */
  GSocket *socket;
  GSocketAddress *remote;
  ParleyLimitStream *stream;    /* weak */
  GSource *deadline;
  gint64 accepted;
  gint patient;                 /* descriptor, without a watch; or -1 */
} Connection;

G_DEFINE_FINAL_TYPE (ParleyServer, parley_server, G_TYPE_OBJECT);

static GQuark connection_quark;

/* Connections */

static void
connection_free (gpointer data)
{
  Connection *self = data;

  parley_timer_clear (&self->deadline);
  if (self->owner)
    g_hash_table_remove (self->owner->connections, self->remote);
  if (self->patient >= 0)
    parley_loop_set_patient_in_loop (self->loop, self->patient, FALSE);
  parley_loop_release (self->loop);
  g_object_unref (self->socket);
  g_object_unref (self->remote);
  g_free (self);
}

static gboolean
connection_late (gpointer data)
{
  Connection *self = data;

  /* The stream may die of this, and this connection with it. */
  g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

/* @bytes more may come, in so much time. */
static void
connection_await (Connection * self, gsize bytes)
{
  parley_limit_stream_allow (self->stream, bytes);
  parley_timer_clear (&self->deadline);
  self->deadline = parley_loop_add_timer (self->loop,
      parley_clock_now () + REQUEST_TIMEOUT_US, connection_late, self);
}

static Connection *
connection_of (LoopServer * owner, SoupServerMessage * message)
{
  return g_hash_table_lookup (owner->connections,
      soup_server_message_get_remote_address (message));
}

static GIOStream *
wrap_tls (ParleyServer * server, GSocketConnection * tcp)
{
  GIOStream *tls;
  GError *error = NULL;

  if (!server->certificate)
    return g_object_ref (G_IO_STREAM (tcp));
  tls = g_tls_server_connection_new (G_IO_STREAM (tcp), server->certificate,
      &error);
  if (!tls) {
    g_warning ("TLS is not available: %s; install glib-networking",
        error->message);
    g_error_free (error);
  }
  return tls;
}

typedef struct
{
  LoopServer *owner;
  ParleyServer *server;         /* a reference */
  ParleyLoop *loop;             /* acquired */
  GSocket *socket;
  gint64 accepted;
} Newcomer;

static void
connection_open (Newcomer * newcomer, GIOStream * base, GSocketAddress * remote)
{
  LoopServer *owner = newcomer->owner;
  Connection *self = g_new0 (Connection, 1);
  GSocketAddress *local = g_socket_get_local_address (newcomer->socket, NULL);
  /* Under TLS there may be data to read that the socket has given already. */
  ParleyWatch *watch = G_IS_SOCKET_CONNECTION (base)
      ? parley_watch_new_in_loop (newcomer->loop, newcomer->socket) : NULL;
  ParleyLimitStream *stream =
      parley_limit_stream_new (base, watch, MAX_HEADERS);

  self->owner = owner;
  self->loop = g_steal_pointer (&newcomer->loop);
  self->socket = g_object_ref (newcomer->socket);
  self->remote = g_object_ref (remote);
  self->stream = stream;
  self->accepted = newcomer->accepted;
  self->patient = watch ? -1 : g_socket_get_fd (newcomer->socket);
  if (!watch)
    parley_loop_set_patient_in_loop (self->loop, self->patient, TRUE);
  g_hash_table_insert (owner->connections, self->remote, self);
  g_object_set_qdata_full (G_OBJECT (stream), connection_quark, self,
      connection_free);
  connection_await (self, MAX_HEADERS);
  soup_server_accept_iostream (owner->soup, G_IO_STREAM (stream), local,
      remote, NULL);
  g_object_unref (stream);
  g_clear_object (&local);
}

static void
newcomer_in_loop (gpointer data, gpointer user_data)
{
  Newcomer *self = data;
  GSocketAddress *remote = g_socket_get_remote_address (self->socket, NULL);

  if (self->owner->soup && remote) {
    GSocketConnection *tcp =
        g_socket_connection_factory_create_connection (self->socket);
    GIOStream *base = wrap_tls (self->server, tcp);

    if (base)
      connection_open (self, base, remote);
    g_clear_object (&base);
    g_object_unref (tcp);
  }
  g_clear_object (&remote);
  g_object_unref (self->socket);
  if (self->loop)
    parley_loop_release (self->loop);
  g_object_unref (self->server);
  g_free (self);
}

/* Accepting */

static void
take_in (ParleyServer * self, GSocket * socket)
{
  Newcomer *newcomer = g_new (Newcomer, 1);
  ParleyLoop *loop = self->only_loop ? parley_loop_hold (self->only_loop)
      : parley_loop_acquire ();

  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  g_socket_set_blocking (socket, FALSE);
  newcomer->owner = g_hash_table_lookup (self->loop_servers, loop);
  newcomer->server = g_object_ref (self);
  newcomer->loop = loop;
  newcomer->socket = socket;
  newcomer->accepted = parley_clock_now ();
  parley_loop_invoke (loop, newcomer_in_loop, newcomer, NULL);
}

static void accept_resume_unlocked (ParleyServer * self);

static gboolean
accept_again (gpointer data)
{
  ParleyServer *self = data;

  g_mutex_lock (&self->lock);
  parley_timer_clear (&self->accept_source);
  if (self->listener)
    accept_resume_unlocked (self);
  g_mutex_unlock (&self->lock);
  return G_SOURCE_REMOVE;
}

/* The socket stays readable while the process has no descriptor for what
 * waits there: look away for a moment, or this loop would spin. */
static void
accept_pause (ParleyServer * self)
{
  g_warning ("out of file descriptors: new calls wait; raise the limit "
      "(ulimit -n) or lower --max-calls");
  g_mutex_lock (&self->lock);
  parley_timer_clear (&self->accept_source);
  if (self->listener) {
    self->accept_source =
        parley_timer_new (parley_clock_now () + ACCEPT_PAUSE_US);
    g_source_set_callback (self->accept_source, accept_again,
        g_object_ref (self), g_object_unref);
    g_source_attach (self->accept_source,
        parley_loop_get_context (self->accept_loop));
  }
  g_mutex_unlock (&self->lock);
}

static gboolean
accept_ready (GSocket * listener, GIOCondition condition, gpointer data)
{
  ParleyServer *self = data;
  GError *error = NULL;
  GSocket *socket;

  while ((socket = g_socket_accept (listener, NULL, &error)))
    take_in (self, socket);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES))
    accept_pause (self);
  g_error_free (error);
  return G_SOURCE_CONTINUE;
}

static void
accept_resume_unlocked (ParleyServer * self)
{
  self->accept_source = g_socket_create_source (self->listener, G_IO_IN, NULL);
  g_source_set_callback (self->accept_source, G_SOURCE_FUNC (accept_ready),
      g_object_ref (self), g_object_unref);
  g_source_attach (self->accept_source,
      parley_loop_get_context (self->accept_loop));
}

/* Requests, on the loop of their connection */

static Route *
find_route (ParleyServer * self, const gchar * path)
{
  for (guint i = 0; i < self->routes->len; i++) {
    Route *route = g_ptr_array_index (self->routes, i);
    gboolean below = g_str_has_suffix (route->path, "/")
        && g_str_has_prefix (path, route->path);
    if (below || g_str_equal (path, route->path))
      return route;
  }
  return NULL;
}

/* libsoup would first read the body, however long it is. */
static void
refuse_body (Connection * self)
{
  static const gchar answer[] = "HTTP/1.1 413 Request Entity Too Large\r\n"
      "Server: Parley\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  GOutputStream *out =
      g_io_stream_get_output_stream (G_IO_STREAM (self->stream));

  g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (out),
      answer, sizeof answer - 1, NULL, NULL);
  g_socket_shutdown (self->socket, FALSE, TRUE, NULL);
}

static void
got_headers (SoupServerMessage * message, LoopServer * owner)
{
  Connection *connection = connection_of (owner, message);
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);

  if (!connection)
    return;
  connection_await (connection, MAX_BODY);
  if (soup_message_headers_get_encoding (headers)
      == SOUP_ENCODING_CONTENT_LENGTH
      && soup_message_headers_get_content_length (headers) > MAX_BODY) {
    soup_server_message_set_status (message,
        SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, NULL);
    refuse_body (connection);
  }
}

static void
got_body (SoupServerMessage * message, LoopServer * owner)
{
  Connection *connection = connection_of (owner, message);

  if (connection)
    parley_timer_clear (&connection->deadline);
}

static void
request_started (SoupServer * soup, SoupServerMessage * message,
    LoopServer * owner)
{
  g_signal_connect (message, "got-headers", G_CALLBACK (got_headers), owner);
  g_signal_connect (message, "got-body", G_CALLBACK (got_body), owner);
}

static void
request_over (SoupServer * soup, SoupServerMessage * message,
    LoopServer * owner)
{
  Connection *connection = connection_of (owner, message);

  if (connection)
    connection_await (connection, MAX_HEADERS);
}

static void
early (SoupServer * soup, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
  LoopServer *owner = data;
  Route *route = find_route (owner->server, path);
  guint status = 0;

  if (!route)
    status = SOUP_STATUS_NOT_FOUND;
  else if (route->check)
    status = route->check (message, route->data);
  if (status)
    soup_server_message_set_status (message, status, NULL);
}

/* libsoup's own stream around ours is left out: each read would cost it one
 * more source. It stays only where it may have read beyond the headers. */
static SoupWebsocketConnection *
websocket_over (GIOStream * soup_stream, ParleyLimitStream * stream,
    SoupServerMessage * message)
{
  GInputStream *in = g_io_stream_get_input_stream (soup_stream);
  gboolean ahead =
      g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (in));

  return soup_websocket_connection_new (ahead ? soup_stream
      : G_IO_STREAM (stream), soup_server_message_get_uri (message),
      SOUP_WEBSOCKET_CONNECTION_SERVER, NULL, NULL, NULL);
}

static void
upgraded (SoupServerMessage * message, LoopServer * owner)
{
  Connection *connection = connection_of (owner, message);
  Route *route = find_route (owner->server,
      g_uri_get_path (soup_server_message_get_uri (message)));
  SoupWebsocketConnection *websocket;
  ParleyUpgrade upgrade;
  GIOStream *stream;

  g_return_if_fail (connection != NULL && route != NULL);
  g_object_ref (message);
  stream = soup_server_message_steal_connection (message);
  websocket = websocket_over (stream, connection->stream, message);
  g_object_unref (stream);
  g_object_unref (message);
  parley_timer_clear (&connection->deadline);
  parley_limit_stream_allow (connection->stream, MAX_WEBSOCKET_BYTES);
  soup_websocket_connection_set_max_incoming_payload_size (websocket,
      PARLEY_TWILIO_MAX_MESSAGE);
  soup_websocket_connection_set_keepalive_interval (websocket,
      KEEPALIVE_SECONDS);
  upgrade.loop = owner->loop;
  upgrade.websocket = websocket;
  upgrade.socket = connection->socket;
  upgrade.accepted = connection->accepted;
  route->call_func (&upgrade, route->data);
  g_object_unref (websocket);
}

static void
handle (SoupServer * soup, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
  LoopServer *owner = data;
  Route *route = find_route (owner->server, path);

  if (route && route->handler)
    route->handler (message, path, route->data);
  else if (route && soup_websocket_server_process_handshake (message, NULL,
          NULL, NULL, NULL))
    g_signal_connect (message, "wrote-informational", G_CALLBACK (upgraded),
        owner);
}

/* The part of a server on one loop */

static void
loop_server_open (gpointer data, gpointer user_data)
{
  LoopServer *self = data;
  gchar *name = g_uuid_string_random ();
  GSocketAddress *unused = g_unix_socket_address_new_with_type (name, -1,
      G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  GError *error = NULL;

  g_main_context_push_thread_default (parley_loop_get_context (self->loop));
  self->soup = soup_server_new ("server-header", "Parley", NULL);
  /* Without a listener of its own libsoup closes after every request. */
  if (!soup_server_listen (self->soup, unused, 0, &error)) {
    g_warning ("connections will not be kept alive: %s", error->message);
    g_error_free (error);
  }
  g_main_context_pop_thread_default (parley_loop_get_context (self->loop));
  soup_server_add_early_handler (self->soup, NULL, early, self, NULL);
  soup_server_add_handler (self->soup, NULL, handle, self, NULL);
  g_signal_connect (self->soup, "request-started",
      G_CALLBACK (request_started), self);
  g_signal_connect (self->soup, "request-finished",
      G_CALLBACK (request_over), self);
  g_object_unref (unused);
  g_free (name);
}

static void
loop_server_close (gpointer data, gpointer user_data)
{
  LoopServer *self = data;
  GHashTableIter iter;
  gpointer connection;

  soup_server_disconnect (self->soup);
  g_clear_object (&self->soup);
  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, NULL, &connection)) {
    ((Connection *) connection)->owner = NULL;
    parley_timer_clear (&((Connection *) connection)->deadline);
  }
  g_hash_table_remove_all (self->connections);
  g_object_unref (self->server);
}

static void
loop_server_free (gpointer data)
{
  LoopServer *self = data;

  g_hash_table_unref (self->connections);
  g_object_unref (self->loop);
  g_free (self);
}

static void
add_loop (ParleyServer * self, ParleyLoop * loop)
{
  LoopServer *loop_server = g_new0 (LoopServer, 1);

  loop_server->server = g_object_ref (self);
  loop_server->loop = g_object_ref (loop);
  loop_server->connections = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (self->loop_servers, loop, loop_server);
  parley_loop_invoke (loop, loop_server_open, loop_server, NULL);
}

/* Listening */

static GSocket *
bind_socket (GSocketAddress * address, GError ** error)
{
  GSocket *socket = g_socket_new (g_socket_address_get_family (address),
      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (!socket)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (g_socket_bind (socket, address, TRUE, error)
      && g_socket_listen (socket, error))
    return socket;
  g_object_unref (socket);
  return NULL;
}

static GSocket *
open_listener (const gchar * host, guint16 port, GError ** error)
{
  GSocketConnectable *target;
  GSocketAddressEnumerator *addresses;
  GSocketAddress *address;
  GSocket *socket = NULL;

  if (!host) {
    GInetAddress *any = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
    target = G_SOCKET_CONNECTABLE (g_inet_socket_address_new (any, port));
    g_object_unref (any);
  } else {
    target = g_network_address_new (host, port);
  }
  addresses = g_socket_connectable_enumerate (target);
  while (!socket && (address = g_socket_address_enumerator_next (addresses,
              NULL, error))) {
    g_clear_error (error);
    socket = bind_socket (address, error);
    g_object_unref (address);
  }
  g_object_unref (addresses);
  g_object_unref (target);
  return socket;
}

/* A pipeline takes two descriptors and a call one: the soft limit of 1,024
 * would end at some 300 calls. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

static guint16
bound_port (GSocket * socket)
{
  GSocketAddress *address = g_socket_get_local_address (socket, NULL);
  guint16 port =
      g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));

  g_object_unref (address);
  return port;
}

gboolean
parley_server_listen (ParleyServer * self, const gchar * host, guint16 port,
    GTlsCertificate * certificate, ParleyLoop * loop, GError ** error)
{
  GSocket *socket;

  g_return_val_if_fail (!self->listener && !self->closed, FALSE);
  raise_descriptor_limit ();
  socket = open_listener (host, port, error);
  if (!socket)
    return FALSE;
  self->certificate = certificate ? g_object_ref (certificate) : NULL;
  if (loop) {
    self->only_loop = g_object_ref (loop);
    add_loop (self, loop);
  }
  for (guint i = 0; !loop && i < parley_loop_pool_get_size (); i++)
    add_loop (self, parley_loop_pool_get (i));
  self->accept_loop = loop ? loop : parley_loop_pool_get (0);

  g_mutex_lock (&self->lock);
  self->listener = socket;
  self->port = bound_port (socket);
  accept_resume_unlocked (self);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

guint16
parley_server_get_port (ParleyServer * self)
{
  guint16 port;

  g_mutex_lock (&self->lock);
  port = self->port;
  g_mutex_unlock (&self->lock);
  return port;
}

void
parley_server_stop_listening (ParleyServer * self)
{
  GSource *source;
  GSocket *listener;

  g_mutex_lock (&self->lock);
  source = g_steal_pointer (&self->accept_source);
  listener = g_steal_pointer (&self->listener);
  self->port = 0;
  g_mutex_unlock (&self->lock);

  parley_timer_clear (&source);
  if (listener)
    g_socket_close (listener, NULL);
  g_clear_object (&listener);
}

void
parley_server_close (ParleyServer * self)
{
  GHashTableIter iter;
  gpointer loop, loop_server;
  gboolean closed;

  parley_server_stop_listening (self);
  g_mutex_lock (&self->lock);
  closed = self->closed;
  self->closed = TRUE;
  g_mutex_unlock (&self->lock);
  if (closed)
    return;

  g_object_ref (self);
  g_hash_table_iter_init (&iter, self->loop_servers);
  while (g_hash_table_iter_next (&iter, &loop, &loop_server))
    parley_loop_invoke (loop, loop_server_close, loop_server, NULL);
  g_object_unref (self);
}

/* Routes and life */

static Route *
add_route (ParleyServer * self, const gchar * path, gpointer data,
    GDestroyNotify destroy)
{
  Route *route = g_new0 (Route, 1);

  route->path = g_strdup (path);
  route->data = data;
  route->destroy = destroy;
  g_ptr_array_add (self->routes, route);
  return route;
}

void
parley_server_add_handler (ParleyServer * self, const gchar * path,
    ParleyServerHandler handler, gpointer data, GDestroyNotify destroy)
{
  add_route (self, path, data, destroy)->handler = handler;
}

void
parley_server_add_calls (ParleyServer * self, const gchar * path,
    ParleyServerCheck check, ParleyServerCallFunc func, gpointer data,
    GDestroyNotify destroy)
{
  Route *route = add_route (self, path, data, destroy);

  route->check = check;
  route->call_func = func;
}

static void
route_free (gpointer data)
{
  Route *route = data;

  if (route->destroy)
    route->destroy (route->data);
  g_free (route->path);
  g_free (route);
}

ParleyServer *
parley_server_new (void)
{
  return g_object_new (PARLEY_TYPE_SERVER, NULL);
}

static void
parley_server_finalize (GObject * object)
{
  ParleyServer *self = PARLEY_SERVER (object);

  g_ptr_array_unref (self->routes);
  g_hash_table_unref (self->loop_servers);
  g_clear_object (&self->certificate);
  g_clear_object (&self->only_loop);
  g_clear_object (&self->listener);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (parley_server_parent_class)->finalize (object);
}

static void
parley_server_init (ParleyServer * self)
{
  self->routes = g_ptr_array_new_with_free_func (route_free);
  self->loop_servers = g_hash_table_new_full (NULL, NULL, NULL,
      loop_server_free);
  g_mutex_init (&self->lock);
}

static void
parley_server_class_init (ParleyServerClass * klass)
{
  connection_quark = g_quark_from_static_string ("parley-connection");
  G_OBJECT_CLASS (klass)->finalize = parley_server_finalize;
}
