/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ears.h"

#include <libsoup/soup.h>
#include <string.h>

#include "marked.h"

#define RATE 8000.0

struct _Ears
{
  SoupServer *server;
  guint delay;                  /* ms */
  EarsFunc text_of;
  gpointer data;
};

/* One websocket; freed with it. */
typedef struct
{
  Ears *ears;
  SoupWebsocketConnection *socket;      /* borrowed */
  MarkedReader reader;
  guint64 heard;                /* bytes */
  guint64 told;                 /* bytes that texts were sent of */
  guint16 last;                 /* sound; 0: none since the last text */
  GString *text;
} Stream;

typedef struct
{
  SoupWebsocketConnection *socket;
  gchar *json;
} Answer;

static void
stream_free (gpointer data)
{
  Stream *self = data;

  g_string_free (self->text, TRUE);
  g_free (self);
}

static void
take_sound (Stream * self, const guint8 * bytes, gsize len)
{
  const gchar *text;

  self->heard += len;
  for (gsize i = 0; i < len; i++) {
    if (!marked_reader_push (&self->reader, bytes[i])
        || self->reader.sound == self->last)
      continue;
    self->last = self->reader.sound;
    text = self->ears->text_of (self->last, self->ears->data);
    g_string_append_printf (self->text, "%s%s",
        self->text->len && *text ? " " : "", text);
  }
}

static gboolean
send_answer (gpointer data)
{
  Answer *answer = data;

  if (soup_websocket_connection_get_state (answer->socket)
      == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text (answer->socket, answer->json);
  return G_SOURCE_REMOVE;
}

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_object_unref (answer->socket);
  g_free (answer->json);
  g_free (answer);
}

static void
finalize (Stream * self)
{
  Answer *answer = g_new (Answer, 1);

  answer->socket = g_object_ref (self->socket);
  answer->json = g_strdup_printf ("{\"type\":\"Results\",\"start\":%.3f,"
      "\"duration\":%.3f,\"is_final\":true,\"from_finalize\":true,"
      "\"channel\":{\"alternatives\":[{\"transcript\":\"%s\","
      "\"confidence\":0.97}]}}", self->told / RATE,
      (self->heard - self->told) / RATE, self->text->str);
  self->told = self->heard;
  g_string_truncate (self->text, 0);
  self->last = 0;
  g_timeout_add_full (G_PRIORITY_DEFAULT, self->ears->delay, send_answer,
      answer, answer_free);
}

static void
on_message (SoupWebsocketConnection * socket, SoupWebsocketDataType type,
    GBytes * message, Stream * self)
{
  gsize len;
  const gchar *bytes = g_bytes_get_data (message, &len);

  if (type == SOUP_WEBSOCKET_DATA_BINARY)
    take_sound (self, (const guint8 *) bytes, len);
  else if (g_strstr_len (bytes, len, "Finalize"))
    finalize (self);
  else if (g_strstr_len (bytes, len, "CloseStream"))
    soup_websocket_connection_close (socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

static void
on_websocket (SoupServer * server, SoupServerMessage * message,
    const gchar * path, SoupWebsocketConnection * socket, gpointer data)
{
  Stream *stream = g_new0 (Stream, 1);

  stream->ears = data;
  stream->socket = socket;
  stream->text = g_string_new (NULL);
  soup_websocket_connection_set_max_incoming_payload_size (socket, 0);
  g_object_set_data_full (G_OBJECT (socket), "stream", stream, stream_free);
  g_signal_connect (socket, "message", G_CALLBACK (on_message), stream);
  /* Nobody else keeps it. */
  g_signal_connect (g_object_ref (socket), "closed",
      G_CALLBACK (g_object_unref), NULL);
}

Ears *
ears_new (guint delay, EarsFunc text_of, gpointer data)
{
  Ears *self = g_new0 (Ears, 1);
  g_autoptr (GError) error = NULL;

  self->delay = delay;
  self->text_of = text_of;
  self->data = data;
  self->server = soup_server_new (NULL, NULL);
  soup_server_add_websocket_handler (self->server, NULL, NULL, NULL,
      on_websocket, self, NULL);
  if (!soup_server_listen_local (self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY,
          &error))
    g_error ("%s", error->message);
  return self;
}

void
ears_free (Ears * self)
{
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_free (self);
}

guint
ears_get_port (Ears * self)
{
  GSList *uris = soup_server_get_uris (self->server);
  guint port = g_uri_get_port (uris->data);

  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  return port;
}
