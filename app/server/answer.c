/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/answer.h"

#include <string.h>

struct _ParleyAnswer
{
  ParleyLoop *loop;
  SoupServerMessage *message;   /* on the loop; NULL: the client has gone */
  guint status;
  const gchar *type;
  gchar *text;
};

ParleyLoop *
parley_answer_current_loop (void)
{
  for (guint i = 0; i < parley_loop_pool_get_size (); i++)
    if (parley_loop_is_current (parley_loop_pool_get (i)))
      return parley_loop_pool_get (i);
  return NULL;
}

static void
forget_message (ParleyAnswer * self)
{
  g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
}

static void
client_gone (SoupServerMessage * message, ParleyAnswer * self)
{
  forget_message (self);
}

ParleyAnswer *
parley_answer_begin_in_loop (SoupServerMessage * message)
{
  ParleyAnswer *self = g_new0 (ParleyAnswer, 1);

  self->loop = parley_answer_current_loop ();
  g_assert (self->loop);
  self->message = g_object_ref (message);
  g_signal_connect (message, "finished", G_CALLBACK (client_gone), self);
  g_signal_connect (message, "disconnected", G_CALLBACK (client_gone), self);
  soup_server_message_pause (message);
  return self;
}

ParleyLoop *
parley_answer_get_loop (ParleyAnswer * self)
{
  return self->loop;
}

void
parley_answer_text_in_loop (SoupServerMessage * message, guint status,
    const gchar * type, gchar * text)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_response_headers (message);

  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, type, SOUP_MEMORY_TAKE, text,
      strlen (text));
}

static void
answer_in_loop (gpointer data, gpointer user_data)
{
  ParleyAnswer *self = data;
  g_autoptr (SoupServerMessage) message = NULL;

  if (self->message) {
    message = g_object_ref (self->message);
    forget_message (self);
    parley_answer_text_in_loop (message, self->status, self->type,
        g_steal_pointer (&self->text));
    soup_server_message_unpause (message);
  }
  g_free (self->text);
  g_free (self);
}

void
parley_answer_give (ParleyAnswer * self, guint status, const gchar * type,
    gchar * text)
{
  self->status = status;
  self->type = type;
  self->text = text;
  parley_loop_invoke (self->loop, answer_in_loop, self, NULL);
}
