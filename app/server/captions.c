/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/captions.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "net/clock.h"
#include "server/answer.h"

#define MAX_SUBSCRIBERS 256
#define MAX_SID 100
/* A line now and then shows a proxy, and us, that the other end is there. */
#define PING_US (15 * G_TIME_SPAN_SECOND)

struct _ParleyCaptions
{
  gatomicrefcount refs;
  GMutex lock;
  GPtrArray *subscribers;       /* of Subscriber, a reference each */
};

typedef struct
{
  gatomicrefcount refs;
  ParleyCaptions *captions;
  ParleyLoop *loop;
  gchar *sid;
  /* On the loop; NULL once the page has gone or the stream is complete. */
  SoupServerMessage *message;
  GSource *ping;
} Subscriber;

static Subscriber *
subscriber_ref (Subscriber * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
subscriber_unref (gpointer data)
{
  Subscriber *self = data;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  parley_captions_unref (self->captions);
  g_object_unref (self->loop);
  g_free (self->sid);
  g_free (self);
}

ParleyCaptions *
parley_captions_new (void)
{
  ParleyCaptions *self = g_new0 (ParleyCaptions, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->subscribers = g_ptr_array_new_with_free_func (subscriber_unref);
  return self;
}

ParleyCaptions *
parley_captions_ref (ParleyCaptions * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
parley_captions_unref (ParleyCaptions * self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_ptr_array_unref (self->subscribers);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* One stream, on its loop */

static void
write_text (Subscriber * self, const gchar * text)
{
  soup_message_body_append (soup_server_message_get_response_body
      (self->message), SOUP_MEMORY_COPY, text, strlen (text));
  soup_server_message_unpause (self->message);
}

static void
forget_message (Subscriber * self)
{
  parley_timer_clear (&self->ping);
  g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
}

/* The response is over, or its connection. */
static void
stream_over (SoupServerMessage * message, Subscriber * self)
{
  forget_message (subscriber_ref (self));
  g_mutex_lock (&self->captions->lock);
  g_ptr_array_remove_fast (self->captions->subscribers, self);
  g_mutex_unlock (&self->captions->lock);
  subscriber_unref (self);
}

static gboolean
ping (gpointer data)
{
  Subscriber *self = data;

  write_text (self, ":\n\n");
  parley_timer_set_due (self->ping, parley_clock_now () + PING_US);
  return G_SOURCE_CONTINUE;
}

static void
deliver_in_loop (gpointer data, gpointer user_data)
{
  Subscriber *self = data;
  gchar *event = user_data;

  if (self->message)
    write_text (self, event);
  g_free (event);
  subscriber_unref (self);
}

static void
complete_in_loop (gpointer data, gpointer user_data)
{
  Subscriber *self = data;

  if (self->message) {
    g_autoptr (SoupServerMessage) message = g_object_ref (self->message);

    write_text (self, "event: end\ndata: {}\n\n");
    soup_message_body_complete (soup_server_message_get_response_body
        (message));
    stream_over (message, self);
  }
  subscriber_unref (self);
}

static void
open_stream (Subscriber * self, SoupServerMessage * message)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_response_headers (message);

  self->message = g_object_ref (message);
  g_signal_connect (message, "finished", G_CALLBACK (stream_over), self);
  g_signal_connect (message, "disconnected", G_CALLBACK (stream_over), self);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_headers_set_encoding (headers, SOUP_ENCODING_CHUNKED);
  soup_message_headers_set_content_type (headers, "text/event-stream", NULL);
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  /* nginx keeps what it proxies until it has a buffer full. */
  soup_message_headers_replace (headers, "X-Accel-Buffering", "no");
  soup_message_body_set_accumulate (soup_server_message_get_response_body
      (message), FALSE);
  write_text (self, "retry: 1000\n\n");
  self->ping = parley_loop_add_timer (self->loop,
      parley_clock_now () + PING_US, ping, self);
}

void
parley_captions_subscribe_in_loop (ParleyCaptions * self,
    SoupServerMessage * message, const gchar * sid)
{
  ParleyLoop *loop = parley_answer_current_loop ();
  Subscriber *subscriber;
  gboolean full;

  if (!loop || strlen (sid) > MAX_SID
      || !g_str_has_prefix (sid, PARLEY_CAPTIONS_PREFIX)) {
    soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
    return;
  }
  subscriber = g_new0 (Subscriber, 1);
  g_atomic_ref_count_init (&subscriber->refs);
  subscriber->captions = parley_captions_ref (self);
  subscriber->loop = g_object_ref (loop);
  subscriber->sid = g_strdup (sid);
  g_mutex_lock (&self->lock);
  full = self->subscribers->len >= MAX_SUBSCRIBERS;
  if (!full)
    g_ptr_array_add (self->subscribers, subscriber_ref (subscriber));
  g_mutex_unlock (&self->lock);
  if (full)
    soup_server_message_set_status (message,
        SOUP_STATUS_SERVICE_UNAVAILABLE, NULL);
  else
    open_stream (subscriber, message);
  subscriber_unref (subscriber);
}

/* From the calls */

/* Those that listen to @sid (NULL: all), a reference each. */
static GPtrArray *
listeners (ParleyCaptions * self, const gchar * sid)
{
  GPtrArray *found = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->subscribers->len; i++) {
    Subscriber *subscriber = g_ptr_array_index (self->subscribers, i);

    if (sid && strcmp (subscriber->sid, sid) != 0)
      continue;
    if (!found)
      found = g_ptr_array_new ();
    g_ptr_array_add (found, subscriber_ref (subscriber));
  }
  g_mutex_unlock (&self->lock);
  return found;
}

void
parley_captions_publish (ParleyCaptions * self, const ParleyCaption * caption)
{
  GPtrArray *to = NULL;
  g_autofree gchar *json = NULL;

  if (g_str_has_prefix (caption->sid, PARLEY_CAPTIONS_PREFIX))
    to = listeners (self, caption->sid);
  if (!to)
    return;
  json = parley_caption_to_json (caption);
  for (guint i = 0; i < to->len; i++) {
    Subscriber *subscriber = g_ptr_array_index (to, i);

    parley_loop_invoke (subscriber->loop, deliver_in_loop, subscriber,
        g_strdup_printf ("data: %s\n\n", json));
  }
  g_ptr_array_unref (to);
}

static void
complete_all (GPtrArray * to)
{
  for (guint i = 0; to && i < to->len; i++) {
    Subscriber *subscriber = g_ptr_array_index (to, i);

    parley_loop_invoke (subscriber->loop, complete_in_loop, subscriber, NULL);
  }
  g_clear_pointer (&to, g_ptr_array_unref);
}

void
parley_captions_finish (ParleyCaptions * self, const gchar * sid)
{
  if (g_str_has_prefix (sid, PARLEY_CAPTIONS_PREFIX))
    complete_all (listeners (self, sid));
}

void
parley_captions_close (ParleyCaptions * self)
{
  complete_all (listeners (self, NULL));
}

gchar *
parley_caption_to_json (const ParleyCaption * caption)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "who");
  json_builder_add_string_value (builder, caption->agent ? "agent" : "caller");
  json_builder_set_member_name (builder, "text");
  json_builder_add_string_value (builder, caption->text);
  json_builder_set_member_name (builder, "final");
  json_builder_add_boolean_value (builder, caption->final);
  json_builder_set_member_name (builder, "turn");
  json_builder_add_int_value (builder, caption->turn);
  if (caption->agent) {
    json_builder_set_member_name (builder, "reply");
    json_builder_add_int_value (builder, caption->reply);
    json_builder_set_member_name (builder, "sentence");
    json_builder_add_int_value (builder, caption->sequence);
  }
  json_builder_set_member_name (builder, "ms");
  json_builder_add_int_value (builder, caption->ms);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}
