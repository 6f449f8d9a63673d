/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "served.h"

#include <string.h>

#include "net/twiliomessage.h"

#define PATIENCE_SECONDS 30

static gboolean
out_of_patience (gpointer data)
{
  g_error ("waited %u s for %s", PATIENCE_SECONDS, (const gchar *) data);
  return G_SOURCE_REMOVE;
}

static guint
patience_begin (const gchar * what)
{
  return g_timeout_add_seconds (PATIENCE_SECONDS, out_of_patience,
      (gpointer) what);
}

static gchar **
command (const gchar * const *args)
{
  GStrvBuilder *argv = g_strv_builder_new ();
  g_autofree gchar *program = g_build_filename (g_getenv ("PARLEY_BUILD"),
      "app", "parley", NULL);
  gchar **result;

  /* With TLS, the leak check at the end of the server crashes two times in five
   * over the thread-local storage of libraries that were loaded late. */
  g_setenv ("ASAN_OPTIONS", "intercept_tls_get_addr=0", FALSE);
  g_strv_builder_add_many (argv, program, "serve", "--listen", "127.0.0.1:0",
      NULL);
  g_strv_builder_addv (argv, (const gchar **) args);
  result = g_strv_builder_end (argv);
  g_strv_builder_unref (argv);
  return result;
}

static gboolean
take_any_certificate (SoupMessage * message, GTlsCertificate * certificate,
    GTlsCertificateFlags errors, gpointer data)
{
  return TRUE;
}

static void
on_request (SoupSession * session, SoupMessage * message, gpointer data)
{
  g_signal_connect (message, "accept-certificate",
      G_CALLBACK (take_any_certificate), NULL);
}

Served *
served_new (const gchar * const *args)
{
  Served *self = g_new0 (Served, 1);
  g_auto (GStrv) argv = command (args);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDataInputStream) out = NULL;
  g_autofree gchar *line = NULL;
  gchar *begin;

  self->process = g_subprocess_newv ((const gchar * const *) argv,
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  self->log = g_data_input_stream_new (g_subprocess_get_stderr_pipe
      (self->process));
  out = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (out),
      FALSE);
  line = g_data_input_stream_read_line (out, NULL, NULL, NULL);
  if (!line) {
    g_autofree gchar *said = g_data_input_stream_read_line (self->log, NULL,
        NULL, NULL);
    g_error ("the server does not start: %s", said);
  }
  begin = strstr (line, "http");
  g_assert_true (g_str_has_prefix (line, "parley: listening on http"));
  self->url = g_strndup (begin, strcspn (begin, " "));
  self->session = soup_session_new ();
  g_signal_connect (self->session, "request-queued", G_CALLBACK (on_request),
      NULL);
  return self;
}

int
served_wait (Served * self)
{
  guint patience = patience_begin ("the server's end");

  g_subprocess_wait (self->process, NULL, NULL);
  g_source_remove (patience);
  g_assert_true (g_subprocess_get_if_exited (self->process));
  return g_subprocess_get_exit_status (self->process);
}

/* What it had to say, when something went wrong. */
static void
show_log (Served * self)
{
  gchar *line;

  while ((line = g_data_input_stream_read_line (self->log, NULL, NULL, NULL))) {
    g_printerr ("%s\n", line);
    g_free (line);
  }
}

int
served_free (Served * self)
{
  int status;

  soup_session_abort (self->session);
  g_subprocess_send_signal (self->process, SIGTERM);
  status = served_wait (self);
  if (status != 0)
    show_log (self);
  g_object_unref (self->session);
  g_object_unref (self->log);
  g_object_unref (self->process);
  g_free (self->url);
  g_free (self);
  return status;
}

int
served_fail (const gchar * const *args, gchar ** said)
{
  g_auto (GStrv) argv = command (args);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process =
      g_subprocess_newv ((const gchar * const *) argv,
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);

  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, said, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  return g_subprocess_get_exit_status (process);
}

gchar *
served_await_log (Served * self, const gchar * text)
{
  for (;;) {
    gchar *line = g_data_input_stream_read_line (self->log, NULL, NULL, NULL);

    if (!line)
      g_error ("the server ended before it said “%s”", text);
    if (strstr (line, text))
      return line;
    g_free (line);
  }
}

void
served_await_ready (Served * self)
{
  gint64 end = g_get_monotonic_time () + PATIENCE_SECONDS * G_USEC_PER_SEC;

  while (served_request (self, "/ready", NULL, NULL, NULL) != 200)
    g_assert_cmpint (g_get_monotonic_time (), <, end);
}

guint
served_request (Served * self, const gchar * path, const gchar * form,
    const gchar * signature, gchar ** body)
{
  g_autofree gchar *url = g_strconcat (self->url, path, NULL);
  g_autoptr (SoupMessage) message = soup_message_new (form ? "POST" : "GET",
      url);
  g_autoptr (GBytes) answer = NULL;
  g_autoptr (GError) error = NULL;

  if (form) {
    g_autoptr (GBytes) bytes = g_bytes_new (form, strlen (form));

    soup_message_set_request_body_from_bytes (message,
        "application/x-www-form-urlencoded", bytes);
  }
  if (signature)
    soup_message_headers_append (soup_message_get_request_headers (message),
        "X-Twilio-Signature", signature);
  answer = soup_session_send_and_read (self->session, message, NULL, &error);
  g_assert_no_error (error);
  if (body)
    *body = g_strndup (g_bytes_get_data (answer, NULL),
        g_bytes_get_size (answer));
  return soup_message_get_status (message);
}

/* A telephone */

static void
on_message (SoupWebsocketConnection * socket, gint type, GBytes * data,
    Phone * self)
{
  gsize len;
  const gchar *text = g_bytes_get_data (data, &len);

  self->n_media += g_strstr_len (text, len, "\"media\"") != NULL;
}

static void
on_closed (SoupWebsocketConnection * socket, Phone * self)
{
  self->closed = TRUE;
}

typedef struct
{
  SoupWebsocketConnection *socket;
  gboolean done;
} Connecting;

static void
on_connected (GObject * session, GAsyncResult * result, gpointer data)
{
  Connecting *connecting = data;

  connecting->socket = soup_session_websocket_connect_finish (SOUP_SESSION
      (session), result, NULL);
  connecting->done = TRUE;
}

static void
send_text (Phone * self, GString * text)
{
  soup_websocket_connection_send_text (self->socket, text->str);
  g_string_free (text, TRUE);
}

static void
say_start (Phone * self, const gchar * call_sid, const gchar * to)
{
  g_autoptr (GHashTable) parameters =
      g_hash_table_new (g_str_hash, g_str_equal);
  GString *text = g_string_new (NULL);

  parley_twilio_build_connected (text);
  send_text (self, text);
  if (to)
    g_hash_table_insert (parameters, (gpointer) "To", (gpointer) to);
  g_hash_table_insert (parameters, (gpointer) "From",
      (gpointer) "+15035550100");
  text = g_string_new (NULL);
  parley_twilio_build_start (text, self->stream_sid,
      "AC00000000000000000000000000000001", call_sid, parameters);
  send_text (self, text);
}

Phone *
phone_new (Served * served, const gchar * call_sid, const gchar * to)
{
  Phone *self = g_new0 (Phone, 1);
  g_autofree gchar *url = g_strconcat ("ws", served->url + strlen ("http"),
      "/media", NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  Connecting connecting = { NULL };
  guint patience = patience_begin ("a connection");

  soup_session_websocket_connect_async (served->session, message, NULL, NULL,
      G_PRIORITY_DEFAULT, NULL, on_connected, &connecting);
  while (!connecting.done)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (patience);
  self->status = soup_message_get_status (message);
  self->socket = connecting.socket;
  self->stream_sid = g_strdup ("MZ00000000000000000000000000000003");
  if (!self->socket)
    return self;
  g_signal_connect (self->socket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (on_closed), self);
  if (call_sid)
    say_start (self, call_sid, to);
  return self;
}

void
phone_speak (Phone * self)
{
  guint8 tone[160];
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < sizeof tone; i++)
    tone[i] = i & 8 ? 0x10 : 0x90;
  self->chunk++;
  parley_twilio_build_inbound_media (text, self->stream_sid, self->chunk + 1,
      self->chunk, (self->chunk - 1) * 20, tone, sizeof tone);
  send_text (self, text);
}

static gboolean
next_frame (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_CONTINUE;
}

gboolean
phone_has_echo (Phone * self, guint frames)
{
  guint before = self->n_media;
  gboolean due = TRUE;
  guint ticks = g_timeout_add (20, next_frame, &due);

  while (self->n_media == before && !self->closed && (frames > 0 || !due)) {
    if (due) {
      phone_speak (self);
      frames--;
    }
    due = FALSE;
    g_main_context_iteration (NULL, TRUE);
  }
  g_source_remove (ticks);
  return self->n_media > before;
}

void
phone_await_closed (Phone * self)
{
  guint patience = patience_begin ("the end of a call");

  while (!self->closed)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (patience);
}

void
phone_hang_up (Phone * self)
{
  GString *text = g_string_new (NULL);

  parley_twilio_build_stop (text, self->stream_sid, self->chunk + 2,
      "AC00000000000000000000000000000001",
      "CA00000000000000000000000000000002");
  send_text (self, text);
  phone_await_closed (self);
}

void
phone_free (Phone * self)
{
  if (self->socket) {
    g_signal_handlers_disconnect_by_data (self->socket, self);
    g_object_unref (self->socket);
  }
  g_free (self->stream_sid);
  g_free (self);
}
