/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock/peer.h"

#include <string.h>
#include <sys/socket.h>

#include "net/clock.h"

#define PATIENCE_US (60 * G_TIME_SPAN_SECOND)
/* Other threads wake nobody here: look again that often. */
#define WAKE_MS 5
/* The kernel carries what was sent within far less. */
#define SILENT_ROUNDS 10
#define ROUND_US 500

static gint64 deadline;

/* Waiting */

static gboolean
wake_up (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

GSource *
parley_mock_wait_begin (void)
{
  GSource *wake = g_timeout_source_new (WAKE_MS);

  g_source_set_callback (wake, wake_up, NULL, NULL);
  g_source_attach (wake, NULL);
  deadline = g_get_monotonic_time () + PATIENCE_US;
  return wake;
}

void
parley_mock_wait_once (const gchar * where, const gchar * condition)
{
  if (g_get_monotonic_time () > deadline)
    g_error ("%s: waited in vain for %s", where, condition);
  g_main_context_iteration (NULL, TRUE);
}

void
parley_mock_wait_end (GSource * wake)
{
  g_source_destroy (wake);
  g_source_unref (wake);
}

void
parley_mock_settle (void)
{
  for (guint silent = 0; silent < SILENT_ROUNDS; silent++) {
    while (g_main_context_iteration (NULL, FALSE))
      silent = 0;
    g_usleep (ROUND_US);
  }
}

static void
settle (gpointer data)
{
  parley_mock_settle ();
}

void
parley_mock_advance (gint64 us)
{
  parley_clock_advance_with (us, settle, NULL);
}

/* Ports */

gboolean
parley_mock_take_port (guint16 port)
{
  static GHashTable *taken;

  if (!taken)
    taken = g_hash_table_new (NULL, NULL);
  return g_hash_table_add (taken, GUINT_TO_POINTER (port));
}

guint16
parley_mock_listen (SoupServer * server)
{
  GError *error = NULL;
  guint16 port;
  GSList *uris;

  do {
    soup_server_disconnect (server);
    soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error);
    g_assert_no_error (error);
    uris = soup_server_get_uris (server);
    port = g_uri_get_port (uris->data);
    g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  } while (!parley_mock_take_port (port));
  return port;
}

/* The connection */

static gboolean
on_readable (GSocket * socket, GIOCondition condition, gpointer data)
{
  ParleyMockPeer *self = data;
  guint8 buffer[16384];
  gssize n = g_socket_receive (socket, (gchar *) buffer, sizeof buffer, NULL,
      NULL);

  if (n > 0) {
    g_byte_array_append (self->in, buffer, n);
    return G_SOURCE_CONTINUE;
  }
  self->gone = TRUE;
  return G_SOURCE_REMOVE;
}

ParleyMockPeer *
parley_mock_peer_new_narrow (guint16 port, gint receive_buffer)
{
  ParleyMockPeer *self = g_new0 (ParleyMockPeer, 1);
  GSocketAddress *address =
      g_inet_socket_address_new_from_string ("127.0.0.1", port);
  GError *error = NULL;

  self->socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  if (receive_buffer)
    g_socket_set_option (self->socket, SOL_SOCKET, SO_RCVBUF, receive_buffer,
        NULL);
  g_socket_connect (self->socket, address, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (address);
  g_socket_set_blocking (self->socket, FALSE);
  self->connection =
      g_socket_connection_factory_create_connection (self->socket);
  self->in = g_byte_array_new ();
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, NULL);
  return self;
}

ParleyMockPeer *
parley_mock_peer_new (guint16 port)
{
  return parley_mock_peer_new_narrow (port, 0);
}

void
parley_mock_peer_stop_reading (ParleyMockPeer * self)
{
  if (!self->source)
    return;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

void
parley_mock_peer_free (ParleyMockPeer * self)
{
  parley_mock_peer_stop_reading (self);
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_object_unref (self->connection);
  g_object_unref (self->socket);
  g_byte_array_unref (self->in);
  g_free (self);
}

void
parley_mock_peer_abort (ParleyMockPeer * self)
{
  struct linger linger = { 1, 0 };

  setsockopt (g_socket_get_fd (self->socket), SOL_SOCKET, SO_LINGER, &linger,
      sizeof linger);
  parley_mock_peer_free (self);
}

static gboolean
write_some (ParleyMockPeer * self, const gchar ** data, gsize * len)
{
  GError *error = NULL;
  gssize n = g_socket_send (self->socket, *data, *len, NULL, &error);
  gboolean lost = n < 0
      && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  g_clear_error (&error);
  if (lost)
    self->gone = TRUE;
  if (n > 0) {
    *data += n;
    *len -= n;
  }
  return *len == 0 || self->gone;
}

gboolean
parley_mock_peer_write (ParleyMockPeer * self, const void *data, gsize len)
{
  const gchar *bytes = data;

  parley_mock_wait (write_some (self, &bytes, &len));
  return len == 0;
}

gboolean
parley_mock_peer_print (ParleyMockPeer * self, const gchar * text)
{
  return parley_mock_peer_write (self, text, strlen (text));
}

/* Where the head ends, 0: it is not complete. */
static gsize
head_length (ParleyMockPeer * self)
{
  const gchar *end = self->in->len == 0 ? NULL
      : g_strstr_len ((gchar *) self->in->data, self->in->len, "\r\n\r\n");

  return end ? (gsize) (end - (gchar *) self->in->data) + 4 : 0;
}

guint
parley_mock_peer_response (ParleyMockPeer * self, GString * head,
    GString * body)
{
  gchar *text, *length;
  gsize head_len, body_len;
  guint status;

  parley_mock_wait (head_length (self) || self->gone);
  if (!(head_len = head_length (self)))
    return 0;
  text = g_strndup ((gchar *) self->in->data, head_len);
  status = g_ascii_strtoull (strchr (text, ' '), NULL, 10);
  length = strstr (text, "Content-Length: ");
  body_len = length && status != 101
      ? g_ascii_strtoull (length + 16, NULL, 10) : 0;
  parley_mock_wait (self->in->len >= head_len + body_len || self->gone);
  g_assert_cmpuint (self->in->len, >=, head_len + body_len);
  if (head)
    g_string_append (head, text);
  if (body)
    g_string_append_len (body, (gchar *) self->in->data + head_len, body_len);
  g_byte_array_remove_range (self->in, 0, head_len + body_len);
  g_free (text);
  return status;
}

/* Websockets */

guint
parley_mock_peer_upgrade (ParleyMockPeer * self, const gchar * path,
    const gchar * headers, GString * head)
{
  gchar *request = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
      "Upgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", path,
      headers ? headers : "");

  parley_mock_peer_print (self, request);
  g_free (request);
  return parley_mock_peer_response (self, head, NULL);
}

gboolean
parley_mock_peer_frame (ParleyMockPeer * self, guint8 first, const void *data,
    gsize len)
{
  /* A mask of zeros leaves the payload as it is. */
  guint8 head[14] = { first };
  gsize head_len;
  gboolean ok;
  guint8 *frame;

  if (len < 126) {
    head[1] = 0x80 | len;
    head_len = 6;
  } else if (len < 65536) {
    head[1] = 0x80 | 126;
    head[2] = len >> 8;
    head[3] = len;
    head_len = 8;
  } else {
    head[1] = 0x80 | 127;
    for (guint i = 0; i < 8; i++)
      head[2 + i] = (guint64) len >> (56 - 8 * i);
    head_len = 14;
  }
  frame = g_malloc (head_len + len);
  memcpy (frame, head, head_len);
  if (len)
    memcpy (frame + head_len, data, len);
  ok = parley_mock_peer_write (self, frame, head_len + len);
  g_free (frame);
  return ok;
}

gboolean
parley_mock_peer_text (ParleyMockPeer * self, const gchar * text)
{
  return parley_mock_peer_frame (self, PARLEY_MOCK_FIN | 1, text,
      strlen (text));
}

gint
parley_mock_peer_take_frame (ParleyMockPeer * self, GString * payload)
{
  const guint8 *in = self->in->data;
  gsize len, head_len = 2;
  gint opcode;

  if (self->in->len < 2)
    return -1;
  len = in[1] & 0x7f;
  if (len == 126) {
    if (self->in->len < 4)
      return -1;
    head_len = 4;
    len = in[2] << 8 | in[3];
  }
  g_assert_cmpuint (len, !=, 127);
  if (self->in->len < head_len + len)
    return -1;
  opcode = in[0] & 0xf;
  g_string_truncate (payload, 0);
  g_string_append_len (payload, (gchar *) in + head_len, len);
  g_byte_array_remove_range (self->in, 0, head_len + len);
  return opcode;
}
