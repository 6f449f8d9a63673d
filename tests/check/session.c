/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <unistd.h>

#include "mock/coreplugins.h"
#include "mock/peer.h"
#include "net/server.h"
#include "server/log.h"
#include "server/session.h"

/* What a session makes of its pipeline's messages: a call with a real socket,
 * whose server's only loop is the default context. */

typedef struct
{
  ParleyLoop *loop;
  ParleyServer *server;
  ParleyStock *stock;
  ParleyMockPeer *peer;
  GstElement *pipeline;         /* borrowed */
  GString *log;                 /* "caller one; 2 two" */
  gboolean over;
} Fixture;

static ParleyStock *
on_pick (const gchar * to, gpointer data)
{
  return parley_stock_ref (((Fixture *) data)->stock);
}

static void
on_began (ParleySession * session, const ParleySessionBegin * begin,
    gpointer data)
{
  ((Fixture *) data)->pipeline = begin->pipeline;
}

static void
on_caption (ParleySession * session, const ParleyCaption * caption,
    gpointer data)
{
  Fixture *self = data;

  if (self->log->len)
    g_string_append (self->log, "; ");
  if (caption->agent)
    g_string_append_printf (self->log, "%" G_GUINT64_FORMAT " %s",
        caption->reply, caption->text);
  else
    g_string_append_printf (self->log, "caller %s", caption->text);
}

static void
on_over (ParleySession * session, const gchar * sid, ParleySessionEnd end,
    const gchar * reason, gpointer data)
{
  ((Fixture *) data)->over = TRUE;
}

static void
on_call (const ParleyUpgrade * upgrade, gpointer data)
{
  static const ParleySessionHooks hooks = {
    .pick = on_pick,.began = on_began,.caption = on_caption,.over = on_over
  };

  parley_session_begin (upgrade, NULL, &hooks, data);
}

static ParleyStock *
new_stock (void)
{
  GError *error = NULL;
  g_autofree gchar *path = NULL;
  gint file = g_file_open_tmp ("session-XXXXXX.pipeline", &path, &error);
  ParleyStock *stock;

  g_assert_no_error (error);
  close (file);
  g_file_set_contents (path, "twiliosrc\n! fakesink async=false\n", -1, &error);
  g_assert_no_error (error);
  stock = parley_stock_new (path, &error);
  g_assert_no_error (error);
  g_remove (path);
  return stock;
}

static void
listen_for_calls (Fixture * self)
{
  GError *error = NULL;

  self->server = parley_server_new ();
  parley_server_add_calls (self->server, "/media", NULL, on_call, self, NULL);
  parley_server_listen (self->server, "127.0.0.1", 0, NULL, self->loop, &error);
  g_assert_no_error (error);
}

static void
send_start (Fixture * self)
{
  GHashTable *parameters = g_hash_table_new (g_str_hash, g_str_equal);
  GString *message = g_string_new (NULL);

  parley_twilio_build_connected (message);
  parley_mock_peer_text (self->peer, message->str);
  g_string_truncate (message, 0);
  parley_twilio_build_start (message, "MZ00000000000000000000000000000001",
      "AC1", "CA00000000000000000000000000000002", parameters);
  parley_mock_peer_text (self->peer, message->str);
  g_string_free (message, TRUE);
  g_hash_table_unref (parameters);
}

static void
set_up (Fixture * self, gconstpointer data)
{
  g_assert_true (g_main_context_acquire (NULL));
  self->loop = parley_loop_new (g_main_context_default ());
  self->log = g_string_new (NULL);
  self->stock = new_stock ();
  listen_for_calls (self);
  self->peer = parley_mock_peer_new (parley_server_get_port (self->server));
  g_assert_cmpuint (parley_mock_peer_upgrade (self->peer, "/media", NULL,
          NULL), ==, 101);
  send_start (self);
  parley_mock_wait (self->pipeline);
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  gpointer server = self->server;

  parley_mock_peer_free (self->peer);
  parley_mock_wait (self->over);
  g_object_add_weak_pointer (G_OBJECT (server), &server);
  parley_server_close (self->server);
  g_object_unref (self->server);
  parley_mock_wait (!server);
  parley_stock_unref (self->stock);
  g_object_unref (self->loop);
  g_string_free (self->log, TRUE);
  g_main_context_release (NULL);
}

/* What the elements tell */

static void
post (Fixture * self, GstStructure * fields)
{
  gst_element_post_message (self->pipeline,
      gst_message_new_element (GST_OBJECT (self->pipeline), fields));
}

static void
hear (Fixture * self, const gchar * text)
{
  post (self, gst_structure_new ("cloudstt", "text", G_TYPE_STRING, text,
          "final", G_TYPE_BOOLEAN, TRUE, "turn", G_TYPE_UINT, 1, NULL));
}

static void
say (Fixture * self, guint64 reply, const gchar * text)
{
  post (self, gst_structure_new ("llmchat", "epoch", G_TYPE_UINT64, reply,
          "sequence", G_TYPE_UINT, 0, "turn", G_TYPE_UINT, 1, "text",
          G_TYPE_STRING, text, NULL));
}

static void
release (Fixture * self, guint64 reply)
{
  post (self, gst_structure_new ("llmchat-released", "epoch", G_TYPE_UINT64,
          reply, NULL));
}

static void
passed (gpointer data, gpointer user_data)
{
  *(gboolean *) data = TRUE;
}

/* The captions since the last time, behind all that was posted. */
static void
expect (Fixture * self, const gchar * captions)
{
  gboolean done = FALSE;

  parley_loop_invoke (self->loop, passed, &done, NULL);
  parley_mock_wait (done);
  g_assert_cmpstr (self->log->str, ==, captions);
  g_string_truncate (self->log, 0);
}

/* Captions */

static void
told_when_released (Fixture * self, gconstpointer data)
{
  say (self, 5, "one");
  say (self, 5, "two");
  hear (self, "hello");
  expect (self, "caller hello");
  release (self, 5);
  expect (self, "5 one; 5 two");
  say (self, 5, "three");
  expect (self, "5 three");
}

/* Its outcome was another one. */
static void
void_is_never_told (Fixture * self, gconstpointer data)
{
  say (self, 5, "one");
  say (self, 6, "two");
  release (self, 6);
  expect (self, "6 two");
  release (self, 5);
  release (self, 7);
  expect (self, "");
}

static void
next_waits_for_its_own (Fixture * self, gconstpointer data)
{
  say (self, 5, "one");
  say (self, 6, "two");
  say (self, 5, "three");
  say (self, 7, "four");
  release (self, 5);
  expect (self, "5 one; 5 three");
  release (self, 6);
  expect (self, "6 two");
  release (self, 7);
  expect (self, "7 four");
}

static void
released_again (Fixture * self, gconstpointer data)
{
  say (self, 5, "one");
  release (self, 5);
  say (self, 6, "two");
  release (self, 5);
  expect (self, "5 one");
  release (self, 6);
  release (self, 6);
  expect (self, "6 two");
}

/* What may be heard by now stays so, what may not is kept. */
static void
older_released_late (Fixture * self, gconstpointer data)
{
  release (self, 6);
  say (self, 7, "two");
  release (self, 5);
  say (self, 6, "one");
  expect (self, "6 one");
  release (self, 7);
  expect (self, "7 two");
}

static void
released_without_a_number (Fixture * self, gconstpointer data)
{
  release (self, 5);
  say (self, 6, "two");
  post (self, gst_structure_new_empty ("llmchat-released"));
  say (self, 5, "one");
  expect (self, "5 one");
  release (self, 6);
  expect (self, "6 two");
}

/* Nobody is told, and nothing is lost. */
static void
ended_while_held (Fixture * self, gconstpointer data)
{
  say (self, 5, "one");
  say (self, 6, "two");
  expect (self, "");
}

#define ADD(name, func) \
    g_test_add ("/session/captions/" name, Fixture, NULL, set_up, func, \
        tear_down)

int
main (int argc, char **argv)
{
  core_plugins_add ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  parley_log_set_level (PARLEY_LOG_QUIET);
  parley_loop_pool_set_size (1);
  ADD ("told-when-released", told_when_released);
  ADD ("void-is-never-told", void_is_never_told);
  ADD ("next-waits-for-its-own", next_waits_for_its_own);
  ADD ("released-again", released_again);
  ADD ("older-released-late", older_released_late);
  ADD ("released-without-a-number", released_without_a_number);
  ADD ("ended-while-held", ended_while_held);
  return g_test_run ();
}
