/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "callpair.h"

#include <sys/socket.h>

#include "net/clock.h"

static void
on_closed (SoupWebsocketConnection * far, CallPair * pair)
{
  pair->far_closed = TRUE;
}

static SoupWebsocketConnection *
websocket_new (gint fd, SoupWebsocketConnectionType type)
{
  GUri *uri = g_uri_parse ("ws://localhost/", G_URI_FLAGS_NONE, NULL);
  GSocket *socket = g_socket_new_from_fd (fd, NULL);
  GSocketConnection *stream =
      g_socket_connection_factory_create_connection (socket);
  SoupWebsocketConnection *websocket =
      soup_websocket_connection_new (G_IO_STREAM (stream), uri, type, NULL,
      NULL, NULL);

  g_object_unref (stream);
  g_object_unref (socket);
  g_uri_unref (uri);
  return websocket;
}

void
call_pair_init (CallPair * pair, ParleyLoop * loop)
{
  SoupWebsocketConnection *near;
  gint fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  near = websocket_new (fds[0], SOUP_WEBSOCKET_CONNECTION_SERVER);
  pair->far = websocket_new (fds[1], SOUP_WEBSOCKET_CONNECTION_CLIENT);
  pair->far_closed = FALSE;
  pair->context = parley_loop_get_context (loop);
  g_signal_connect (pair->far, "closed", G_CALLBACK (on_closed), pair);
  pair->call = parley_call_new (loop);
  parley_call_attach_in_loop (pair->call, near, NULL, parley_clock_now ());
  g_object_unref (near);
}

void
call_pair_send (CallPair * pair, const gchar * json)
{
  soup_websocket_connection_send_text (pair->far, json);
  while (g_main_context_iteration (pair->context, FALSE));
}

void
call_pair_start (CallPair * pair, ...)
{
  GHashTable *parameters = g_hash_table_new (g_str_hash, g_str_equal);
  GString *text = g_string_new (NULL);
  const gchar *name;
  va_list args;

  va_start (args, pair);
  while ((name = va_arg (args, const gchar *)))
      g_hash_table_insert (parameters, (gpointer) name,
        (gpointer) va_arg (args, const gchar *));
  va_end (args);
  parley_twilio_build_start (text, CALL_PAIR_SID, "AC1", "CA1", parameters);
  call_pair_send (pair, text->str);
  g_string_free (text, TRUE);
  g_hash_table_unref (parameters);
}

void
call_pair_clear (CallPair * pair)
{
  parley_call_end (pair->call);
  while (!pair->far_closed)
    g_main_context_iteration (pair->context, TRUE);
  while (g_main_context_iteration (pair->context, FALSE));
  g_object_add_weak_pointer (G_OBJECT (pair->call), (gpointer *) & pair->call);
  g_object_unref (pair->call);
  g_assert_null (pair->call);
  g_object_unref (pair->far);
}
