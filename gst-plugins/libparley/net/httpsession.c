/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/httpsession.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_CONNS 10000
/* Seconds that an unused connection is kept. Longer than PARLEY_WARM_INTERVAL,
 * and as long as most servers keep it. */
#define IDLE_TIMEOUT 60
/* A state of TCP, which <linux/tcp.h> does not name. */
#define ESTABLISHED 1
/* Beside the one that is next, a spare connection for so many busy ones. */
#define BUSY_PER_SPARE 4

/* A connection; @host NULL: not for requests. */
typedef struct
{
  GWeakRef socket;
  gchar *host;
} Connection;

typedef struct
{
  guint n_busy;                 /* requests under way */
  ParleyHttpSpareFunc func;     /* or NULL */
  gpointer data;
} Host;

struct _ParleyHttpSession
{
  GObject parent;

  ParleyLoop *loop;
  SoupSession *soup;
  GHashTable *connections;      /* id → Connection */
  GHashTable *hosts;            /* name → Host */
};

enum
{
  PROP_TLS_DATABASE = 1
};

/* Data of a message. */
#define HOST "parley-host"

G_DEFINE_FINAL_TYPE (ParleyHttpSession, parley_http_session, G_TYPE_OBJECT);

static GQuark
session_quark (void)
{
  return g_quark_from_static_string ("parley-http-session");
}

static void
connection_free (gpointer data)
{
  Connection *connection = data;

  g_weak_ref_clear (&connection->socket);
  g_free (connection->host);
  g_free (connection);
}

static gboolean
is_gone (gpointer id, gpointer value, gpointer data)
{
  GSocket *socket = g_weak_ref_get (&((Connection *) value)->socket);

  if (!socket)
    return TRUE;
  g_object_unref (socket);
  return FALSE;
}

static void
network_event (SoupMessage * message, GSocketClientEvent event,
    GIOStream * stream, gpointer data)
{
  ParleyHttpSession *self = data;
  guint64 id = soup_message_get_connection_id (message);
  Connection *connection;

  if (event != G_SOCKET_CLIENT_CONNECTED || !G_IS_SOCKET_CONNECTION (stream))
    return;
  g_hash_table_foreach_remove (self->connections, is_gone, NULL);
  connection = g_new0 (Connection, 1);
  connection->host = g_strdup (g_object_get_data (G_OBJECT (message), HOST));
  g_weak_ref_init (&connection->socket,
      g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
  g_hash_table_insert (self->connections, g_memdup2 (&id, sizeof id),
      connection);
}

void
parley_http_session_watch (ParleyHttpSession * self, SoupMessage * message,
    const gchar * host)
{
  g_object_set_data_full (G_OBJECT (message), HOST, g_strdup (host), g_free);
  g_signal_connect_object (message, "network-event",
      G_CALLBACK (network_event), self, 0);
}

GSocket *
parley_http_session_find_socket (ParleyHttpSession * self,
    SoupMessage * message)
{
  guint64 id = soup_message_get_connection_id (message);
  Connection *connection = g_hash_table_lookup (self->connections, &id);
  GSocket *socket = connection ? g_weak_ref_get (&connection->socket) : NULL;

  /* Its connection holds it while the message is under way. */
  if (socket)
    g_object_unref (socket);
  return socket;
}

/* Requests under way, and the connections for more */

static Host *
host_of (ParleyHttpSession * self, const gchar * name)
{
  Host *host = g_hash_table_lookup (self->hosts, name);

  if (!host) {
    host = g_new0 (Host, 1);
    g_hash_table_insert (self->hosts, g_strdup (name), host);
  }
  return host;
}

static guint
count_connections (ParleyHttpSession * self, const gchar * host)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_foreach_remove (self->connections, is_gone, NULL);
  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    n += g_strcmp0 (((Connection *) value)->host, host) == 0;
  return n;
}

void
parley_http_session_begin_in_loop (ParleyHttpSession * self, const gchar * name)
{
  Host *host = host_of (self, name);
  guint wanted, there;

  host->n_busy++;
  if (!host->func)
    return;
  wanted = host->n_busy + 1 + host->n_busy / BUSY_PER_SPARE;
  there = count_connections (self, name);
  if (there < wanted)
    host->func (wanted - there, host->data);
}

/* Base-url may hold call variables, so there may be any number in the end. */
static void
forget_unused (ParleyHttpSession * self, const gchar * name, const Host * host)
{
  if (!host->n_busy && !host->func)
    g_hash_table_remove (self->hosts, name);
}

void
parley_http_session_end_in_loop (ParleyHttpSession * self, const gchar * name)
{
  Host *host = host_of (self, name);

  host->n_busy--;
  forget_unused (self, name, host);
}

void
parley_http_session_set_spare_func_in_loop (ParleyHttpSession * self,
    const gchar * name, ParleyHttpSpareFunc func, gpointer data)
{
  Host *host = host_of (self, name);

  if (!host->func || host->data == data) {
    host->func = func;
    host->data = data;
  }
  forget_unused (self, name, host);
}

static gboolean
read_tcp_info (GSocket * socket, struct tcp_info *info)
{
  socklen_t len = sizeof *info;

  memset (info, 0, sizeof *info);
  return getsockopt (g_socket_get_fd (socket), IPPROTO_TCP, TCP_INFO, info,
      &len) == 0;
}

guint64
parley_socket_get_received (GSocket * socket)
{
  struct tcp_info info;

  return read_tcp_info (socket, &info) ? info.tcpi_bytes_received : 0;
}

gboolean
parley_socket_is_ended (GSocket * socket)
{
  struct tcp_info info;

  return read_tcp_info (socket, &info) && info.tcpi_state != ESTABLISHED;
}

ParleyLoop *
parley_http_session_get_loop (ParleyHttpSession * self)
{
  return self->loop;
}

SoupSession *
parley_http_session_get_soup (ParleyHttpSession * self)
{
  return self->soup;
}

static void
trust (ParleyHttpSession * self, GTlsDatabase * database)
{
  GTlsDatabase *system = NULL;

  if (!database)
    database = system =
        g_tls_backend_get_default_database (g_tls_backend_get_default ());
  soup_session_set_tls_database (self->soup, database);
  g_clear_object (&system);
}

static void
parley_http_session_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  ParleyHttpSession *self = PARLEY_HTTP_SESSION (object);

  switch (id) {
    case PROP_TLS_DATABASE:
      trust (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
parley_http_session_dispose (GObject * object)
{
  ParleyHttpSession *self = PARLEY_HTTP_SESSION (object);

  if (self->loop
      && g_object_get_qdata (G_OBJECT (self->loop), session_quark ()) == self)
    g_object_set_qdata (G_OBJECT (self->loop), session_quark (), NULL);
  if (self->soup)
    soup_session_abort (self->soup);
  g_clear_object (&self->soup);
  g_clear_object (&self->loop);
  G_OBJECT_CLASS (parley_http_session_parent_class)->dispose (object);
}

static void
parley_http_session_finalize (GObject * object)
{
  g_hash_table_unref (PARLEY_HTTP_SESSION (object)->connections);
  g_hash_table_unref (PARLEY_HTTP_SESSION (object)->hosts);
  G_OBJECT_CLASS (parley_http_session_parent_class)->finalize (object);
}

static void
parley_http_session_init (ParleyHttpSession * self)
{
  self->connections = g_hash_table_new_full (g_int64_hash, g_int64_equal,
      g_free, connection_free);
  self->hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
parley_http_session_class_init (ParleyHttpSessionClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = parley_http_session_set_property;
  object_class->dispose = parley_http_session_dispose;
  object_class->finalize = parley_http_session_finalize;
  g_object_class_install_property (object_class, PROP_TLS_DATABASE,
      g_param_spec_object ("tls-database", "TLS database",
          "Certificates to trust, NULL = those of the system",
          G_TYPE_TLS_DATABASE, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
}

ParleyHttpSession *
parley_http_session_get_in_loop (ParleyLoop * loop)
{
  ParleyHttpSession *self;
  GMainContext *context = g_main_context_ref_thread_default ();

  g_assert (parley_loop_is_current (loop)
      && context == parley_loop_get_context (loop));
  g_main_context_unref (context);
  self = g_object_get_qdata (G_OBJECT (loop), session_quark ());
  if (self)
    return g_object_ref (self);
  self = g_object_new (PARLEY_TYPE_HTTP_SESSION, NULL);
  self->loop = g_object_ref (loop);
  self->soup = soup_session_new_with_options ("max-conns", MAX_CONNS,
      "max-conns-per-host", MAX_CONNS, "timeout", 0,
      "idle-timeout", IDLE_TIMEOUT, "user-agent", "parley", NULL);
  soup_session_remove_feature_by_type (self->soup, SOUP_TYPE_CONTENT_DECODER);
  g_object_set_qdata (G_OBJECT (loop), session_quark (), self);
  return self;
}
