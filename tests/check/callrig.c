/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "callrig.h"

#include <string.h>
#include <sys/socket.h>

#include "net/clock.h"

/* Writes down what it is told. */

void
rig_note (CallRig * self, const gchar * what)
{
  g_string_append_printf (self->log, "%s%s", self->log->len ? " " : "", what);
}

static void
on_started (ParleyCall * call, gpointer data)
{
  rig_note (data, "started");
}

static void
on_media (ParleyCall * call, ParleyTwilioMessage * message, gpointer data)
{
  gchar *text = g_strdup_printf ("media%" G_GSIZE_FORMAT,
      message->payload_len);

  rig_note (data, text);
  g_free (text);
}

static void
on_dtmf (ParleyCall * call, gchar digit, gpointer data)
{
  gchar text[] = { 'k', 'e', 'y', digit, '\0' };

  rig_note (data, text);
}

static void
on_mark (ParleyCall * call, const gchar * name, gpointer data)
{
  gchar *text = g_strconcat ("mark:", name, NULL);

  rig_note (data, text);
  g_free (text);
}

static void
on_ended (ParleyCall * call, const GError * error, gpointer data)
{
  static const gchar *codes[] = {
    "protocol", "no-start", "stale", "stuck", "lost"
  };
  CallRig *self = data;
  gchar *text = error ? g_strdup_printf ("ended:%s", codes[error->code])
      : g_strdup ("ended");

  if (error)
    g_test_message ("%s", error->message);
  g_assert_true (!error || error->domain == PARLEY_CALL_ERROR);
  self->ended++;
  rig_note (self, text);
  g_free (text);
}

const ParleyCallHandler rig_watching = {
  .started = on_started,.media = on_media,.dtmf = on_dtmf,.mark = on_mark,
  .ended = on_ended
};

static void
on_call (const ParleyUpgrade * upgrade, gpointer data)
{
  CallRig *self = data;

  g_clear_object (&self->call);
  self->call = parley_call_new (upgrade->loop);
  self->socket = upgrade->socket;
  self->watcher = parley_call_add_handler_in_loop (self->call, &rig_watching,
      self);
  parley_call_attach_in_loop (self->call, upgrade->websocket, upgrade->socket,
      upgrade->accepted);
}

void
rig_set_up (CallRig * self, gconstpointer data)
{
  GError *error = NULL;

  g_assert_true (g_main_context_acquire (NULL));
  self->loop = parley_loop_new (g_main_context_default ());
  self->log = g_string_new (NULL);
  self->server = parley_server_new ();
  parley_server_add_calls (self->server, "/media", NULL, on_call, self, NULL);
  parley_server_listen (self->server, "127.0.0.1", 0, NULL, self->loop, &error);
  g_assert_no_error (error);
}

void
rig_drop_peer (CallRig * self)
{
  g_clear_pointer (&self->peer, parley_mock_peer_free);
}

void
rig_tear_down (CallRig * self, gconstpointer data)
{
  gpointer server = self->server, call = self->call;

  rig_drop_peer (self);
  parley_clock_set_real ();
  g_object_add_weak_pointer (G_OBJECT (server), &server);
  if (call)
    g_object_add_weak_pointer (G_OBJECT (call), &call);
  g_clear_object (&self->call);
  parley_server_close (self->server);
  g_object_unref (self->server);
  parley_mock_wait (!server && !call);
  g_assert_cmpuint (self->ended, <=, 1);
  g_object_unref (self->loop);
  g_string_free (self->log, TRUE);
  g_main_context_release (NULL);
}

/* The far end */

void
rig_dial (CallRig * self)
{
  self->peer = parley_mock_peer_new (parley_server_get_port (self->server));
  g_assert_cmpuint (parley_mock_peer_upgrade (self->peer, "/media", NULL,
          NULL), ==, 101);
  g_assert_nonnull (self->call);
}

void
rig_send_built (CallRig * self, GString * message)
{
  parley_mock_peer_text (self->peer, message->str);
  g_string_truncate (message, 0);
}

void
rig_send_start (CallRig * self)
{
  GHashTable *parameters = g_hash_table_new (g_str_hash, g_str_equal);
  GString *message = g_string_new (NULL);

  g_hash_table_insert (parameters, "From", "+15035550100");
  g_hash_table_insert (parameters, "To", "+15035550199");
  g_hash_table_insert (parameters, "tenant", "7");
  parley_twilio_build_connected (message);
  rig_send_built (self, message);
  parley_twilio_build_start (message, RIG_SID, "AC1", RIG_CALL_SID, parameters);
  rig_send_built (self, message);
  parley_mock_wait (parley_call_get_start (self->call) || self->ended);
  g_string_free (message, TRUE);
  g_hash_table_unref (parameters);
}

void
rig_send_media (CallRig * self)
{
  static guint8 silence[160];
  GString *message = g_string_new (NULL);

  parley_twilio_build_inbound_media (message, RIG_SID, 2, 1, 0, silence, 160);
  rig_send_built (self, message);
  g_string_free (message, TRUE);
}

void
rig_send_dtmf (CallRig * self, gchar digit)
{
  GString *message = g_string_new (NULL);

  parley_twilio_build_dtmf (message, RIG_SID, 3, digit);
  rig_send_built (self, message);
  g_string_free (message, TRUE);
}

void
rig_send_stop (CallRig * self)
{
  GString *message = g_string_new (NULL);

  parley_twilio_build_stop (message, RIG_SID, 4, "AC1", RIG_CALL_SID);
  rig_send_built (self, message);
  g_string_free (message, TRUE);
}

/* A call that has started and of which nothing was noted yet. */
void
rig_start_call (CallRig * self)
{
  rig_dial (self);
  rig_send_start (self);
  assert_told (self, "started");
}

void
rig_advance_ms (gint64 step)
{
  parley_clock_advance (step * G_TIME_SPAN_MILLISECOND, NULL);
}

/* A fresh call answers, whatever came before. */
void
assert_fresh_call_works (CallRig * self)
{
  rig_drop_peer (self);
  self->ended = 0;
  g_string_truncate (self->log, 0);
  rig_start_call (self);
  rig_send_media (self);
  parley_mock_wait (self->log->len);
  assert_told (self, "media160");
}

/* The next text frame that the peer is sent; "" when it is closed. */
void
assert_sent (CallRig * self, const gchar * expected)
{
  GString *frame = g_string_new (NULL);
  gint opcode = -1;

  parley_mock_wait ((opcode = parley_mock_peer_take_frame (self->peer,
              frame)) >= 0 || self->peer->gone);
  g_assert_cmpint (opcode, ==, *expected ? 1 : 8);
  if (*expected)
    g_assert_cmpstr (frame->str, ==, expected);
  g_string_free (frame, TRUE);
}

/* Fills the line until it is refused; FALSE: it never was. */
static gboolean
fill (CallRig * self)
{
  guint8 mulaw[160] = { 0 };

  for (guint i = 0; i < 100000; i++) {
    if (!parley_call_can_send_in_loop (self->call))
      return TRUE;
    parley_call_send_media_in_loop (self->call, mulaw, sizeof mulaw);
    while (g_main_context_iteration (NULL, FALSE));
  }
  return FALSE;
}

void
rig_dial_stuck (CallRig * self, gint send_buffer)
{
  parley_clock_set_manual (0);
  self->peer = parley_mock_peer_new_narrow (parley_server_get_port
      (self->server), 4096);
  g_assert_cmpuint (parley_mock_peer_upgrade (self->peer, "/media", NULL,
          NULL), ==, 101);
  rig_send_start (self);
  assert_told (self, "started");
  parley_mock_peer_stop_reading (self->peer);
  if (send_buffer)
    g_socket_set_option (self->socket, SOL_SOCKET, SO_SNDBUF, send_buffer,
        NULL);
  g_assert_true (fill (self));
}

static void
ignore_log (const gchar * domain, GLogLevelFlags level, const gchar * text,
    gpointer data)
{
}

void
rig_quiet (void)
{
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
}

void
rig_add (const gchar * name, gconstpointer data,
    void (*func) (CallRig *, gconstpointer))
{
  gchar *path = g_strconcat ("/net-call/", name, NULL);

  g_test_add (path, CallRig, data, rig_set_up, func, rig_tear_down);
  g_free (path);
}
