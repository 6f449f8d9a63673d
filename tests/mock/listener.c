/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock/listener.h"

#include <string.h>

static void
stop_reading (ParleyMockClient * client)
{
  if (client->source)
    g_source_destroy (client->source);
  g_clear_pointer (&client->source, g_source_unref);
}

static gboolean
on_readable (GSocket * socket, GIOCondition condition, gpointer data)
{
  ParleyMockClient *client = data;
  guint8 buffer[4096];
  gssize len = g_socket_receive_with_blocking (socket, (gchar *) buffer,
      sizeof buffer, FALSE, NULL, NULL);

  if (len > 0) {
    g_byte_array_append (client->in, buffer, len);
    g_byte_array_append (client->in, (const guint8 *) "", 1);
    g_byte_array_set_size (client->in, client->in->len - 1);
    return G_SOURCE_CONTINUE;
  }
  client->gone = TRUE;
  stop_reading (client);
  return G_SOURCE_REMOVE;
}

static gboolean
on_incoming (GSocketService * service, GSocketConnection * connection,
    GObject * source, gpointer data)
{
  ParleyMockListener *listener = data;
  ParleyMockClient *client = g_new0 (ParleyMockClient, 1);
  GSocket *socket = g_socket_connection_get_socket (connection);

  client->connection = g_object_ref (connection);
  client->in = g_byte_array_new ();
  client->source = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (client->source, (GSourceFunc) on_readable, client,
      NULL);
  g_source_attach (client->source, NULL);
  g_ptr_array_add (listener->clients, client);
  return TRUE;
}

static void
client_free (gpointer data)
{
  ParleyMockClient *client = data;

  parley_mock_client_close (client);
  g_byte_array_unref (client->in);
  g_free (client);
}

ParleyMockListener *
parley_mock_listener_new (void)
{
  ParleyMockListener *listener = g_new0 (ParleyMockListener, 1);
  GInetAddress *loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  GSocketAddress *any = g_inet_socket_address_new (loopback, 0);
  GSocketAddress *bound = NULL;
  GError *error = NULL;

  listener->clients = g_ptr_array_new_with_free_func (client_free);
  listener->service = g_socket_service_new ();
  g_signal_connect (listener->service, "incoming", G_CALLBACK (on_incoming),
      listener);
  g_socket_listener_add_address (G_SOCKET_LISTENER (listener->service), any,
      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  listener->port =
      g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  g_object_unref (bound);
  g_object_unref (any);
  g_object_unref (loopback);
  return listener;
}

void
parley_mock_listener_free (ParleyMockListener * listener)
{
  g_socket_service_stop (listener->service);
  g_socket_listener_close (G_SOCKET_LISTENER (listener->service));
  g_signal_handlers_disconnect_by_data (listener->service, listener);
  g_object_unref (listener->service);
  g_ptr_array_unref (listener->clients);
  g_free (listener);
}

ParleyMockClient *
parley_mock_listener_get (ParleyMockListener * listener, guint index)
{
  return index < listener->clients->len
      ? g_ptr_array_index (listener->clients, index) : NULL;
}

gboolean
parley_mock_client_write (ParleyMockClient * client, const void *data,
    gsize len)
{
  return client->connection
      && g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM
          (client->connection)), data, len, NULL, NULL, NULL);
}

gboolean
parley_mock_client_print (ParleyMockClient * client, const gchar * text)
{
  return parley_mock_client_write (client, text, strlen (text));
}

gboolean
parley_mock_client_asked (ParleyMockClient * client)
{
  const gchar *text = (const gchar *) client->in->data;
  const gchar *end, *length;
  gsize need = 0;

  if (client->in->len == 0)
    return FALSE;
  end = strstr (text, "\r\n\r\n");
  length = strstr (text, "Content-Length: ");
  if (length && length < end)
    need = g_ascii_strtoull (length + strlen ("Content-Length: "), NULL, 10);
  return end && client->in->len >= (gsize) (end + 4 - text) + need;
}

void
parley_mock_client_forget (ParleyMockClient * client)
{
  g_byte_array_set_size (client->in, 0);
}

void
parley_mock_client_close (ParleyMockClient * client)
{
  stop_reading (client);
  if (client->connection)
    g_io_stream_close (G_IO_STREAM (client->connection), NULL, NULL);
  g_clear_object (&client->connection);
}
