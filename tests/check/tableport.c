/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tableport.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

/* SYN sent, as /proc/net/tcp has it. */
#define CONNECTING 2

struct _TableHole
{
  GSocket *listener;            /* whose queue is full */
  GSocket *waiting[2];          /* in it */
};

static GSocket *
tcp_socket (void)
{
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_TCP, NULL);

  if (!socket)
    g_error ("no socket");
  g_socket_set_blocking (socket, FALSE);
  return socket;
}

TableHole *
table_hole_new (guint16 port)
{
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string ("127.0.0.1", port);
  TableHole *self = g_new0 (TableHole, 1);

  self->listener = tcp_socket ();
  g_socket_set_listen_backlog (self->listener, 0);
  if (!g_socket_bind (self->listener, address, TRUE, NULL)
      || !g_socket_listen (self->listener, NULL))
    g_error ("port %u is taken", port);
  for (guint i = 0; i < G_N_ELEMENTS (self->waiting); i++) {
    self->waiting[i] = tcp_socket ();
    g_socket_connect (self->waiting[i], address, NULL, NULL);
  }
  return self;
}

void
table_hole_free (TableHole * self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->waiting); i++)
    g_object_unref (self->waiting[i]);
  g_object_unref (self->listener);
  g_free (self);
}

gboolean
table_port_is_dialled (guint16 port)
{
  g_autofree gchar *table = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  if (!g_file_get_contents ("/proc/net/tcp", &table, NULL, NULL))
    return FALSE;
  lines = g_strsplit (table, "\n", -1);
  for (guint i = 1; lines[i]; i++) {
    guint remote, state;

    if (sscanf (lines[i], " %*u: %*8x:%*4x %*8x:%4x %2x", &remote, &state) == 2)
      n += remote == port && state == CONNECTING;
  }
  /* The second of the hole's own may be one of them. */
  return n > 1;
}
