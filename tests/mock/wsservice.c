/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wsservice.h"

#include <string.h>

#include "mock/peer.h"

static void
note_header (const gchar * name, const gchar * value, gpointer data)
{
  g_string_append_printf (data, "\n%s: %s", name, value);
}

/* Before the handshake of a websocket, and for anything else. */
static void
on_early (SoupServer * server, SoupServerMessage * message, const gchar * path,
    GHashTable * query, gpointer data)
{
  ParleyMockService *self = data;
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);
  GUri *uri = soup_server_message_get_uri (message);
  GString *note = g_string_new (NULL);

  g_string_append_printf (note, "%s %s?%s",
      soup_server_message_get_method (message), g_uri_get_path (uri),
      g_uri_get_query (uri) ? g_uri_get_query (uri) : "");
  soup_message_headers_foreach (headers, note_header, note);
  g_ptr_array_add (self->requests, g_string_free (note, FALSE));
  if (self->n_refused > 0) {
    self->n_refused--;
    soup_server_message_set_status (message, self->status, NULL);
    if (self->header)
      soup_message_headers_append (soup_server_message_get_response_headers
          (message), self->header, self->value);
    if (self->body)
      soup_server_message_set_response (message, "application/json",
          SOUP_MEMORY_STATIC, self->body, strlen (self->body));
  } else if (!soup_message_headers_get_one (headers, "Sec-WebSocket-Key")) {
    if (self->on_request)
      self->on_request (message, self->data);
    else
      soup_server_message_set_status (message, 404, NULL);
  }
}

static void
on_message (SoupWebsocketConnection * socket, SoupWebsocketDataType type,
    GBytes * bytes, ParleyMockService * self)
{
  gsize len;
  gconstpointer content = g_bytes_get_data (bytes, &len);

  self->talking = socket;
  if (type == SOUP_WEBSOCKET_DATA_BINARY) {
    g_byte_array_append (self->audio, content, len);
    g_ptr_array_add (self->binaries, g_bytes_ref (bytes));
    if (self->on_binary)
      self->on_binary (socket, bytes, self->data);
    return;
  }
  g_ptr_array_add (self->texts, g_strndup (content, len));
  g_string_append_printf (self->texts_in, "%s%.*s",
      self->texts_in->len ? "; " : "", (gint) len, (const gchar *) content);
  if (self->on_text)
    self->on_text (socket, g_ptr_array_index (self->texts,
            self->texts->len - 1), self->data);
}

static void
on_websocket (SoupServer * server, SoupServerMessage * message,
    const gchar * path, SoupWebsocketConnection * socket, gpointer data)
{
  ParleyMockService *self = data;

  soup_websocket_connection_set_max_incoming_payload_size (socket, 0);
  g_signal_connect (socket, "message", G_CALLBACK (on_message), self);
  g_ptr_array_add (self->sockets, g_object_ref (socket));
}

ParleyMockService *
parley_mock_service_new (gpointer data)
{
  ParleyMockService *self = g_new0 (ParleyMockService, 1);

  self->data = data;
  self->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (self->server, NULL, on_early, self, NULL);
  soup_server_add_websocket_handler (self->server, NULL, NULL, NULL,
      on_websocket, self, NULL);
  self->url = g_strdup_printf ("http://127.0.0.1:%u",
      parley_mock_listen (self->server));
  self->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  self->requests = g_ptr_array_new_with_free_func (g_free);
  self->texts = g_ptr_array_new_with_free_func (g_free);
  self->texts_in = g_string_new (NULL);
  self->audio = g_byte_array_new ();
  self->binaries =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return self;
}

void
parley_mock_service_free (ParleyMockService * self)
{
  for (guint i = 0; i < self->sockets->len; i++) {
    SoupWebsocketConnection *socket = g_ptr_array_index (self->sockets, i);

    g_signal_handlers_disconnect_by_data (socket, self);
    g_io_stream_close (soup_websocket_connection_get_io_stream (socket), NULL,
        NULL);
  }
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_ptr_array_unref (self->sockets);
  g_ptr_array_unref (self->requests);
  g_ptr_array_unref (self->texts);
  g_string_free (self->texts_in, TRUE);
  g_byte_array_unref (self->audio);
  g_ptr_array_unref (self->binaries);
  g_free (self->url);
  g_free (self);
}

SoupWebsocketConnection *
parley_mock_service_get (ParleyMockService * self)
{
  if (self->talking && soup_websocket_connection_get_state (self->talking) ==
      SOUP_WEBSOCKET_STATE_OPEN)
    return self->talking;
  return self->sockets->len ? g_ptr_array_index (self->sockets,
      self->sockets->len - 1) : NULL;
}

void
parley_mock_service_say (ParleyMockService * self, const gchar * format, ...)
{
  va_list args;
  gchar *text;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  soup_websocket_connection_send_text (parley_mock_service_get (self), text);
  g_free (text);
}

void
parley_mock_service_drop (ParleyMockService * self)
{
  SoupWebsocketConnection *socket = parley_mock_service_get (self);

  g_io_stream_close (soup_websocket_connection_get_io_stream (socket), NULL,
      NULL);
}

void
parley_mock_service_write (ParleyMockService * self, const void *bytes,
    gsize len)
{
  GIOStream *stream =
      soup_websocket_connection_get_io_stream (parley_mock_service_get (self));
  GError *error = NULL;

  g_output_stream_write_all (g_io_stream_get_output_stream (stream), bytes,
      len, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
put_frame (GByteArray * out, guint8 first, const gchar * payload, gsize len)
{
  guint8 head[4] = { first, len < 126 ? len : 126, len >> 8, len & 0xff };

  g_assert_cmpuint (len, <, 65536);
  g_byte_array_append (out, head, len < 126 ? 2 : 4);
  g_byte_array_append (out, (const guint8 *) payload, len);
}

void
parley_mock_service_say_in_pieces (ParleyMockService * self, const gchar * text,
    gsize piece, gsize cut)
{
  GByteArray *out = g_byte_array_new ();
  gsize len = strlen (text);

  for (gsize at = 0; at < len; at += piece)
    put_frame (out, (at ? 0 : SOUP_WEBSOCKET_DATA_TEXT)
        | (at + piece >= len ? 0x80 : 0), text + at, MIN (piece, len - at));
  for (gsize at = 0; at < out->len; at += cut) {
    parley_mock_service_write (self, out->data + at, MIN (cut, out->len - at));
    for (guint i = 0; i < 3; i++)
      g_main_context_iteration (NULL, FALSE);
  }
  g_byte_array_unref (out);
}

void
parley_mock_service_forget (ParleyMockService * self)
{
  g_ptr_array_set_size (self->requests, 0);
  g_ptr_array_set_size (self->texts, 0);
  g_string_truncate (self->texts_in, 0);
  g_byte_array_set_size (self->audio, 0);
  g_ptr_array_set_size (self->binaries, 0);
}
