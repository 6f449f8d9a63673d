/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulatorrig.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

gchar *
emulator_quote (const gchar * text)
{
  return g_strdelimit (g_strdup (text), "'", '"');
}

static ParleyEmulator *
load (const gchar * config)
{
  g_autofree gchar *json = emulator_quote (config);
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;
  ParleyEmulatorSettings *settings;
  ParleyEmulator *emulator;
  gint fd = g_file_open_tmp ("emulator-XXXXXX.json", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, json, -1, NULL));
  settings = parley_emulator_settings_new (path, &error);
  g_assert_no_error (error);
  g_unlink (path);
  emulator = parley_emulator_new (settings);
  parley_emulator_listen (emulator, "127.0.0.1", 0, &error);
  g_assert_no_error (error);
  return emulator;
}

EmulatorRig *
emulator_rig_new (const gchar * config)
{
  EmulatorRig *rig = g_new0 (EmulatorRig, 1);

  do {
    g_clear_pointer (&rig->emulator, parley_emulator_free);
    rig->emulator = load (config);
    rig->port = parley_emulator_get_port (rig->emulator);
  } while (!parley_mock_take_port (rig->port));
  rig->session = soup_session_new ();
  return rig;
}

void
emulator_rig_free (EmulatorRig * rig)
{
  soup_session_abort (rig->session);
  g_object_unref (rig->session);
  parley_emulator_free (rig->emulator);
  while (g_main_context_iteration (NULL, FALSE));
  g_free (rig);
}

void
emulator_reply_free (EmulatorReply * reply)
{
  g_cancellable_cancel (reply->cancellable);
  parley_mock_wait (reply->done);
  g_object_unref (reply->cancellable);
  g_object_unref (reply->message);
  g_clear_pointer (&reply->body, g_bytes_unref);
  g_free (reply);
}

SoupMessage *
emulator_rig_message (EmulatorRig * rig, const gchar * target,
    const gchar * body)
{
  g_auto (GStrv) words = g_strsplit (target, " ", 2);
  g_autofree gchar *url = g_strdup_printf ("http://127.0.0.1:%u%s", rig->port,
      words[1]);
  SoupMessage *message = soup_message_new (words[0], url);

  g_assert_nonnull (message);
  soup_message_headers_replace (soup_message_get_request_headers (message),
      "Authorization", "Bearer key-1");
  if (body != NULL) {
    g_autofree gchar *json = emulator_quote (body);
    g_autoptr (GBytes) bytes = g_bytes_new (json, strlen (json));

    soup_message_set_request_body_from_bytes (message, "application/json",
        bytes);
  }
  return message;
}

static void
on_replied (GObject * session, GAsyncResult * result, gpointer data)
{
  EmulatorReply *reply = data;

  reply->body = soup_session_send_and_read_finish (SOUP_SESSION (session),
      result, NULL);
  reply->done = TRUE;
}

EmulatorReply *
emulator_rig_begin (EmulatorRig * rig, SoupMessage * message)
{
  EmulatorReply *reply = g_new0 (EmulatorReply, 1);

  reply->message = message;
  reply->cancellable = g_cancellable_new ();
  /* libsoup tries again on a new connection what failed on an old one. */
  soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  soup_session_send_and_read_async (rig->session, message,
      G_PRIORITY_DEFAULT, reply->cancellable, on_replied, reply);
  return reply;
}

EmulatorReply *
emulator_rig_send (EmulatorRig * rig, SoupMessage * message)
{
  EmulatorReply *reply = emulator_rig_begin (rig, message);

  parley_mock_wait (reply->done);
  return reply;
}

EmulatorReply *
emulator_rig_request (EmulatorRig * rig, const gchar * target,
    const gchar * body)
{
  return emulator_rig_send (rig, emulator_rig_message (rig, target, body));
}

guint
emulator_reply_status (EmulatorReply * reply)
{
  return soup_message_get_status (reply->message);
}

gchar *
emulator_reply_text (EmulatorReply * reply)
{
  return reply->body == NULL ? g_strdup ("")
      : g_strndup (g_bytes_get_data (reply->body, NULL),
      g_bytes_get_size (reply->body));
}

static void
node_free (gpointer node)
{
  json_node_unref (node);
}

/* It lives as long as the reply. */
JsonObject *
emulator_reply_json (EmulatorReply * reply)
{
  g_autofree gchar *text = emulator_reply_text (reply);
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (text, &error);

  g_assert_no_error (error);
  g_assert_true (node != NULL && JSON_NODE_HOLDS_OBJECT (node));
  g_object_set_data_full (G_OBJECT (reply->message), "json", node, node_free);
  return json_node_get_object (node);
}

gchar *
emulator_get (JsonObject * object, const gchar * path)
{
  g_autoptr (JsonNode) root = json_node_init_object (json_node_alloc (),
      object);
  g_autofree gchar *query = g_strconcat ("$.", path, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) found = json_path_query (query, root, &error);
  JsonArray *array = found != NULL ? json_node_get_array (found) : NULL;
  JsonNode *node;

  g_assert_no_error (error);
  if (json_array_get_length (array) == 0)
    return NULL;
  node = json_array_get_element (array, 0);
  return JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING
      ? json_node_dup_string (node) : json_to_string (node, FALSE);
}

JsonNode *
emulator_rig_records (EmulatorRig * rig)
{
  g_autoptr (EmulatorReply) reply =
      emulator_rig_request (rig, "GET /emulator/requests", NULL);
  g_autofree gchar *text = emulator_reply_text (reply);

  g_assert_cmpuint (emulator_reply_status (reply), ==, 200);
  /* Never a key, wherever it was given. */
  g_assert_null (strstr (text, "key-1"));
  return json_from_string (text, NULL);
}

JsonObject *
emulator_record (JsonNode * records, guint index)
{
  JsonArray *list =
      json_object_get_array_member (json_node_get_object (records),
      "requests");

  g_assert_cmpuint (index, <, json_array_get_length (list));
  return json_array_get_object_element (list, index);
}

/* Websockets */

static void
on_message (SoupWebsocketConnection * connection, SoupWebsocketDataType type,
    GBytes * message, EmulatorSocket * socket)
{
  if (type == SOUP_WEBSOCKET_DATA_TEXT)
    g_ptr_array_add (socket->texts,
        g_strndup (g_bytes_get_data (message, NULL),
            g_bytes_get_size (message)));
  else
    g_ptr_array_add (socket->binaries, g_bytes_ref (message));
}

static void
on_closed (SoupWebsocketConnection * connection, EmulatorSocket * socket)
{
  socket->closed = TRUE;
}

static void
on_connected (GObject * session, GAsyncResult * result, gpointer data)
{
  EmulatorSocket *socket = data;

  socket->socket = soup_session_websocket_connect_finish (SOUP_SESSION
      (session), result, NULL);
  socket->done = TRUE;
  if (socket->socket == NULL)
    return;
  soup_websocket_connection_set_max_incoming_payload_size (socket->socket, 0);
  g_signal_connect (socket->socket, "message", G_CALLBACK (on_message), socket);
  g_signal_connect (socket->socket, "closed", G_CALLBACK (on_closed), socket);
}

EmulatorSocket *
emulator_rig_connect (EmulatorRig * rig, const gchar * path,
    const gchar * header, const gchar * value)
{
  EmulatorSocket *socket = g_new0 (EmulatorSocket, 1);
  g_autofree gchar *url = g_strdup_printf ("ws://127.0.0.1:%u%s", rig->port,
      path);

  socket->texts = g_ptr_array_new_with_free_func (g_free);
  socket->binaries =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  socket->message = soup_message_new ("GET", url);
  if (header != NULL)
    soup_message_headers_replace (soup_message_get_request_headers
        (socket->message), header, value);
  soup_session_websocket_connect_async (rig->session, socket->message, NULL,
      NULL, G_PRIORITY_DEFAULT, NULL, on_connected, socket);
  parley_mock_wait (socket->done);
  return socket;
}

void
emulator_socket_free (EmulatorSocket * socket)
{
  if (socket->socket != NULL) {
    g_signal_handlers_disconnect_by_data (socket->socket, socket);
    if (soup_websocket_connection_get_state (socket->socket)
        == SOUP_WEBSOCKET_STATE_OPEN)
      soup_websocket_connection_close (socket->socket, 1000, NULL);
    g_object_unref (socket->socket);
  }
  g_object_unref (socket->message);
  g_ptr_array_unref (socket->texts);
  g_ptr_array_unref (socket->binaries);
  g_free (socket);
}

void
emulator_socket_send (EmulatorSocket * socket, const gchar * text)
{
  g_autofree gchar *json = emulator_quote (text);

  soup_websocket_connection_send_text (socket->socket, json);
}

void
emulator_socket_send_bytes (EmulatorSocket * socket, const void *bytes,
    gsize len)
{
  soup_websocket_connection_send_binary (socket->socket, bytes, len);
}

JsonNode *
emulator_socket_next (EmulatorSocket * socket)
{
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *node;

  parley_mock_wait (socket->texts->len > 0 || socket->closed);
  g_assert_cmpuint (socket->texts->len, >, 0);
  text = g_ptr_array_steal_index (socket->texts, 0);
  node = json_from_string (text, &error);
  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (node));
  return node;
}

guint
emulator_socket_await_closed (EmulatorSocket * socket)
{
  parley_mock_wait (socket->closed);
  return soup_websocket_connection_get_close_code (socket->socket);
}

GArray *
emulator_tone (guint rate, guint ms)
{
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (gint16));

  for (guint i = 0; i < rate * ms / 1000; i++) {
    gint16 sample = 9000 * sin (2 * G_PI * 300 * i / rate);

    g_array_append_val (samples, sample);
  }
  return samples;
}
