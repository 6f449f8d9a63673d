/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "mock/cloudserver.h"

#include <string.h>

#include "mock/peer.h"

/* An answer on its way. */
typedef struct
{
  ParleyMockCloud *cloud;
  SoupServerMessage *message;
  ParleyMockAnswer answer;
  gsize sent;
  GSource *next;
  GSource *gone;                /* tells that the client closed */
  gboolean ended;
} Playing;

static void
asked_free (gpointer data)
{
  ParleyMockAsked *asked = data;

  g_free (asked->path);
  g_free (asked->authorization);
  g_free (asked->type);
  g_free (asked->body);
  g_free (asked);
}

static void
note_request (ParleyMockCloud * self, SoupServerMessage * message)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  GBytes *bytes = soup_message_body_flatten (body);
  ParleyMockAsked *asked = g_new0 (ParleyMockAsked, 1);
  GString *copy = g_string_new_len (g_bytes_get_data (bytes, NULL),
      g_bytes_get_size (bytes));

  asked->path = g_strdup (g_uri_get_path (soup_server_message_get_uri
          (message)));
  asked->authorization = g_strdup (soup_message_headers_get_one (headers,
          "Authorization"));
  asked->type = g_strdup (soup_message_headers_get_one (headers,
          "Content-Type"));
  asked->len = copy->len;
  asked->body = g_string_free (copy, FALSE);
  g_ptr_array_add (self->asked, asked);
  g_bytes_unref (bytes);
}

static void
end_source (GSource ** source)
{
  if (*source)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
playing_free (gpointer data)
{
  Playing *playing = data;

  g_signal_handlers_disconnect_by_data (playing->message, playing);
  end_source (&playing->next);
  end_source (&playing->gone);
  g_object_unref (playing->message);
  g_free (playing);
}

static void
on_finished (SoupServerMessage * message, gpointer data)
{
  Playing *playing = data;

  if (!playing->ended)
    playing->cloud->gone++;
  g_ptr_array_remove (playing->cloud->playing, playing);
}

static gboolean
on_gone (GSocket * socket, GIOCondition condition, gpointer data)
{
  Playing *playing = data;

  playing->cloud->gone++;
  g_ptr_array_remove (playing->cloud->playing, playing);
  return G_SOURCE_REMOVE;
}

/* A paused message does not see its client go. */
static void
hang (Playing * playing)
{
  soup_server_message_pause (playing->message);
  playing->gone = g_socket_create_source (soup_server_message_get_socket
      (playing->message), G_IO_IN, NULL);
  g_source_set_callback (playing->gone, G_SOURCE_FUNC (on_gone), playing, NULL);
  g_source_attach (playing->gone, NULL);
}

static void
end (Playing * playing)
{
  SoupMessageBody *body =
      soup_server_message_get_response_body (playing->message);

  playing->ended = playing->answer.end != PARLEY_MOCK_HANG;
  if (playing->answer.end == PARLEY_MOCK_WHOLE)
    soup_message_body_complete (body);
  else if (playing->answer.end == PARLEY_MOCK_DROP)
    g_socket_shutdown (soup_server_message_get_socket (playing->message),
        TRUE, TRUE, NULL);
  else
    hang (playing);
}

static gboolean
send_next (gpointer data)
{
  Playing *playing = data;
  const ParleyMockAnswer *answer = &playing->answer;
  SoupMessageBody *body =
      soup_server_message_get_response_body (playing->message);
  gsize len = answer->len - playing->sent;

  g_clear_pointer (&playing->next, g_source_unref);
  if (answer->cut)
    len = MIN (len, answer->cut);
  if (len > 0)
    soup_message_body_append (body, SOUP_MEMORY_COPY,
        answer->body + playing->sent, len);
  else
    end (playing);
  playing->sent += len;
  /* A body that is dropped must not wait for more of it. */
  if (playing->answer.end != PARLEY_MOCK_HANG || len > 0)
    soup_server_message_unpause (playing->message);
  return G_SOURCE_REMOVE;
}

static void
send_soon (SoupServerMessage * message, gpointer data)
{
  Playing *playing = data;

  if (playing->next || playing->ended)
    return;
  playing->next = g_idle_source_new ();
  g_source_set_callback (playing->next, send_next, playing, NULL);
  g_source_attach (playing->next, NULL);
}

static void
play_raw (Playing * playing)
{
  GIOStream *stream = soup_server_message_steal_connection (playing->message);

  g_output_stream_write_all (g_io_stream_get_output_stream (stream),
      playing->answer.body, playing->answer.len, NULL, NULL, NULL);
  g_io_stream_close (stream, NULL, NULL);
  g_object_unref (stream);
}

static void
play (ParleyMockCloud * self, SoupServerMessage * message,
    const ParleyMockAnswer * answer)
{
  Playing *playing = g_new0 (Playing, 1);
  SoupMessageHeaders *headers =
      soup_server_message_get_response_headers (message);

  playing->cloud = self;
  playing->message = g_object_ref (message);
  playing->answer = *answer;
  if (!answer->len && answer->body)
    playing->answer.len = strlen (answer->body);
  g_ptr_array_add (self->playing, playing);
  g_signal_connect (message, "finished", G_CALLBACK (on_finished), playing);
  if (answer->raw) {
    play_raw (playing);
    return;
  }
  if (!answer->status) {
    hang (playing);
    return;
  }
  soup_server_message_set_status (message, answer->status, NULL);
  if (answer->type)
    soup_message_headers_append (headers, "Content-Type", answer->type);
  if (answer->header)
    soup_message_headers_append (headers, answer->header, answer->value);
  soup_message_headers_set_encoding (headers, SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (soup_server_message_get_response_body
      (message), FALSE);
  g_signal_connect (message, "wrote-headers", G_CALLBACK (send_soon), playing);
  g_signal_connect (message, "wrote-chunk", G_CALLBACK (send_soon), playing);
}

static gboolean
is_for (const ParleyMockAnswer * answer, const gchar * path)
{
  return !answer->path || g_str_has_suffix (path, answer->path);
}

/* Plays the first answer that is for it, and drops that if there are more. */
static void
play_next (ParleyMockCloud * self, SoupServerMessage * message,
    const gchar * path)
{
  GList *first = NULL, *next;

  for (next = self->answers.head; next; next = next->next) {
    if (!is_for (next->data, path))
      continue;
    if (first)
      break;
    first = next;
  }
  g_assert_nonnull (first);
  play (self, message, first->data);
  if (next) {
    g_free (first->data);
    g_queue_delete_link (&self->answers, first);
  }
}

static void
count_connection (ParleyMockCloud * self, SoupServerMessage * message)
{
  GSocket *socket = soup_server_message_get_socket (message);

  if (!g_object_get_data (G_OBJECT (socket), "counted"))
    self->connections++;
  g_object_set_data (G_OBJECT (socket), "counted", self);
}

static void
on_request (SoupServer * server, SoupServerMessage * message,
    const char *path, GHashTable * query, gpointer data)
{
  ParleyMockCloud *self = data;

  count_connection (self, message);
  if (soup_server_message_get_method (message) == SOUP_METHOD_GET) {
    self->warmed++;
    soup_server_message_set_response (message, "application/json",
        SOUP_MEMORY_STATIC, "{}", 2);
    soup_server_message_set_status (message, 200, NULL);
    return;
  }
  note_request (self, message);
  play_next (self, message, path);
}

ParleyMockCloud *
parley_mock_cloud_new (void)
{
  ParleyMockCloud *self = g_new0 (ParleyMockCloud, 1);

  g_queue_init (&self->answers);
  self->asked = g_ptr_array_new_with_free_func (asked_free);
  self->playing = g_ptr_array_new_with_free_func (playing_free);
  self->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  self->url = g_strdup_printf ("http://127.0.0.1:%u/v1",
      parley_mock_listen (self->server));
  return self;
}

void
parley_mock_cloud_free (ParleyMockCloud * self)
{
  g_ptr_array_unref (g_steal_pointer (&self->playing));
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_queue_clear_full (&self->answers, g_free);
  g_ptr_array_unref (self->asked);
  g_free (self->url);
  g_free (self);
}

void
parley_mock_cloud_answer (ParleyMockCloud * self,
    const ParleyMockAnswer * answer)
{
  g_queue_push_tail (&self->answers, g_memdup2 (answer, sizeof *answer));
}

ParleyMockAsked *
parley_mock_cloud_get (ParleyMockCloud * self, guint index)
{
  return index < self->asked->len ? g_ptr_array_index (self->asked, index)
      : NULL;
}
