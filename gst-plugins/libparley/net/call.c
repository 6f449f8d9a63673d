/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/call.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "net/clock.h"
#include "net/deadline.h"
#include "net/limitstream.h"

#define START_TIMEOUT_US (5 * G_TIME_SPAN_SECOND)
/* libsoup queues what a socket does not take without limit, so writing stops
 * when this much lies unsent, and the call ends when it stays so. */
#define MAX_UNSENT (64 * 1024)
#define STUCK_US (5 * G_TIME_SPAN_SECOND)

typedef struct
{
  guint id;                     /* 0: removed while others are told */
  ParleyCallHandler handler;
  gpointer data;
} Participant;

struct _ParleyCall
{
  GObject parent;

  ParleyLoop *loop;
  ParleyPlayedSound *played;
  gint64 accepted;

  /* On the loop only. While the socket is open it holds a reference of the
   * call, so that the call is never freed under its timers and signals. */
  SoupWebsocketConnection *connection;
  ParleyLimitStream *limit;     /* below the connection, which owns it */
  GSocket *socket;
  GArray *participants;         /* of Participant */
  guint last_id;
  guint telling;                /* calls of TELL under way */
  GString *out;
  GSource *start_timer;
  ParleyDeadline *stale_deadline;
  gint64 stale_after;           /* µs, 0: never */
  gint64 last_media;
  gint64 stuck_since;           /* 0: not stuck */
  gboolean ended;
  GError *error;

  GMutex lock;                  /* guards start, for parley_call_expand() */
  ParleyTwilioMessage start;
  gboolean started;             /* start is constant from then on */
};

G_DEFINE_FINAL_TYPE (ParleyCall, parley_call, G_TYPE_OBJECT);
G_DEFINE_QUARK (parley - call - error, parley_call_error);

static void
tell_done (ParleyCall * self)
{
  if (--self->telling)
    return;
  for (guint i = self->participants->len; i > 0; i--)
    if (g_array_index (self->participants, Participant, i - 1).id == 0)
      g_array_remove_index (self->participants, i - 1);
}

/* A participant may remove itself or others while it is being told, add more,
 * which are not told of this, and end the call, which is the last to tell. */
#define TELL(self, what, ...) G_STMT_START { \
  guint n_ = (self)->participants->len; \
  gboolean over_ = (self)->ended; \
  (self)->telling++; \
  for (guint i_ = 0; i_ < n_ && (self)->ended == over_; i_++) { \
    Participant p_ = g_array_index ((self)->participants, Participant, i_); \
    if (p_.id && p_.handler.what) \
      p_.handler.what ((self), ##__VA_ARGS__, p_.data); \
  } \
  tell_done (self); } G_STMT_END

static void
call_end (ParleyCall * self, GError * error, gushort code)
{
  if (self->ended) {
    g_clear_error (&error);
    return;
  }
  self->ended = TRUE;
  self->error = error;
  parley_timer_clear (&self->start_timer);
  g_clear_pointer (&self->stale_deadline, parley_deadline_free_in_loop);
  if (self->connection && soup_websocket_connection_get_state
      (self->connection) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->connection, code,
        error ? "see the log of the server" : NULL);
  g_object_ref (self);
  TELL (self, ended, self->error);
  g_object_unref (self);
}

static void
call_fail (ParleyCall * self, ParleyCallError code, gushort close_code,
    const gchar * text)
{
  call_end (self, g_error_new_literal (PARLEY_CALL_ERROR, code, text),
      close_code);
}

static gboolean
start_timed_out (gpointer data)
{
  call_fail (data, PARLEY_CALL_ERROR_NO_START,
      SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION,
      "no start message came within 5 s; connect a Twilio Media Stream here");
  return G_SOURCE_REMOVE;
}

static void
stale_check (gpointer data)
{
  ParleyCall *self = data;
  gint64 due = self->last_media + self->stale_after;

  if (parley_clock_now () >= due)
    call_fail (self, PARLEY_CALL_ERROR_STALE, SOUP_WEBSOCKET_CLOSE_GOING_AWAY,
        "no audio came for as long as stale-after allows; the line is dead");
  else
    parley_deadline_set_due_in_loop (self->stale_deadline, due);
}

static void
stale_restart (ParleyCall * self)
{
  g_clear_pointer (&self->stale_deadline, parley_deadline_free_in_loop);
  if (self->stale_after && self->connection && !self->ended)
    self->stale_deadline = parley_deadline_new_in_loop (self->loop,
        self->last_media + self->stale_after, stale_check, self);
}

void
parley_call_set_stale_after_in_loop (ParleyCall * self, guint seconds)
{
  self->stale_after = seconds * G_TIME_SPAN_SECOND;
  stale_restart (self);
}

/* Whether the peer leaves too much unread. A kernel that gives the socket less
 * than MAX_UNSENT stops taking data earlier, and the rest lies with libsoup. */
static gboolean
is_backlogged (ParleyCall * self)
{
  gint unsent = 0;

  if (!self->socket)
    return FALSE;
  if (ioctl (g_socket_get_fd (self->socket), SIOCOUTQ, &unsent) == 0
      && unsent > MAX_UNSENT)
    return TRUE;
  return g_socket_condition_check (self->socket, G_IO_OUT) == 0;
}

/* Messages from the caller's side */

static void
handle_start (ParleyCall * self, ParleyTwilioMessage * message)
{
  if (self->started)
    return;
  g_mutex_lock (&self->lock);
  self->start = *message;
  memset (message, 0, sizeof *message);
  self->started = TRUE;
  g_mutex_unlock (&self->lock);
  parley_timer_clear (&self->start_timer);
  self->last_media = parley_clock_now ();
  TELL (self, started);
}

static void
handle_message (ParleyCall * self, ParleyTwilioMessage * message)
{
  switch (message->type) {
    case PARLEY_TWILIO_START:
      handle_start (self, message);
      break;
    case PARLEY_TWILIO_MEDIA:
      self->last_media = parley_clock_now ();
      if (self->started)
        TELL (self, media, message);
      break;
    case PARLEY_TWILIO_DTMF:
      if (self->started)
        TELL (self, dtmf, message->digit);
      break;
    case PARLEY_TWILIO_MARK:
      TELL (self, mark, message->mark_name);
      break;
    case PARLEY_TWILIO_STOP:
      call_end (self, NULL, SOUP_WEBSOCKET_CLOSE_NORMAL);
      break;
    default:
      break;
  }
}

static void
on_message (SoupWebsocketConnection * connection, gint type, GBytes * data,
    ParleyCall * self)
{
  ParleyTwilioMessage message;
  GError *error = NULL;
  gsize len;
  const gchar *json = g_bytes_get_data (data, &len);

  if (self->ended)
    return;
  /* Each ping is answered: who reads no answers may not go on for ever. That
   * takes system calls, so it is not asked at each message. */
  if (self->limit && parley_limit_stream_get_left (self->limit)
      < PARLEY_TWILIO_MAX_MESSAGE && !is_backlogged (self))
    parley_limit_stream_allow (self->limit, 2 * PARLEY_TWILIO_MAX_MESSAGE);
  if (type != SOUP_WEBSOCKET_DATA_TEXT) {
    call_fail (self, PARLEY_CALL_ERROR_PROTOCOL,
        SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA,
        "a binary frame came; Media Streams are JSON in text frames");
    return;
  }
  TELL (self, received, json, len);
  if (!parley_twilio_parse (json, len, &message, &error)) {
    call_fail (self, PARLEY_CALL_ERROR_PROTOCOL, SOUP_WEBSOCKET_CLOSE_BAD_DATA,
        error->message);
    g_error_free (error);
    return;
  }
  g_object_ref (self);
  handle_message (self, &message);
  parley_twilio_message_clear (&message);
  g_object_unref (self);
}

static void
on_error (SoupWebsocketConnection * connection, GError * error,
    ParleyCall * self)
{
  gboolean protocol = error->domain == SOUP_WEBSOCKET_ERROR
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);

  if (self->ended)
    return;
  if (protocol) {
    gchar *text = g_strdup_printf ("the websocket broke the protocol: %s",
        error->message);
    call_fail (self, PARLEY_CALL_ERROR_PROTOCOL,
        SOUP_WEBSOCKET_CLOSE_PROTOCOL_ERROR, text);
    g_free (text);
  } else {
    call_fail (self, PARLEY_CALL_ERROR_LOST, SOUP_WEBSOCKET_CLOSE_GOING_AWAY,
        "the connection of the caller was lost");
  }
}

static void
on_closed (SoupWebsocketConnection * connection, ParleyCall * self)
{
  gushort code = soup_websocket_connection_get_close_code (connection);

  /* 0: gone without a close frame. */
  if (code == 0 || code == SOUP_WEBSOCKET_CLOSE_ABNORMAL)
    call_fail (self, PARLEY_CALL_ERROR_LOST, SOUP_WEBSOCKET_CLOSE_GOING_AWAY,
        "the connection of the caller was lost");
  else
    call_end (self, NULL, SOUP_WEBSOCKET_CLOSE_NORMAL);
  g_signal_handlers_disconnect_by_data (connection, self);
  self->limit = NULL;
  g_clear_object (&self->connection);
  g_object_unref (self);        /* the reference an open socket holds */
}

/* Sending */

gboolean
parley_call_can_send_in_loop (ParleyCall * self)
{
  gint64 now;

  if (self->ended || !self->started || !self->connection)
    return FALSE;
  if (!is_backlogged (self)) {
    self->stuck_since = 0;
    return TRUE;
  }
  now = parley_clock_now ();
  if (!self->stuck_since)
    self->stuck_since = now;
  if (now - self->stuck_since >= STUCK_US)
    call_fail (self, PARLEY_CALL_ERROR_STUCK, SOUP_WEBSOCKET_CLOSE_GOING_AWAY,
        "the caller's side read nothing for 5 s; the line is dead");
  return FALSE;
}

static void
send_out (ParleyCall * self)
{
  /* A GBytes that owns a copy: libsoup keeps it until it is written. */
  soup_websocket_connection_send_text (self->connection, self->out->str);
  TELL (self, sent, self->out->str, self->out->len);
  g_string_truncate (self->out, 0);
}

static gboolean
may_send (ParleyCall * self)
{
  g_assert (parley_loop_is_current (self->loop));
  return !self->ended && self->started && self->connection
      && soup_websocket_connection_get_state (self->connection)
      == SOUP_WEBSOCKET_STATE_OPEN;
}

void
parley_call_send_media_in_loop (ParleyCall * self, const guint8 * mulaw,
    gsize len)
{
  if (!may_send (self))
    return;
  parley_played_send (self->played, parley_clock_now (), mulaw, len);
  parley_twilio_build_media (self->out, self->start.stream_sid, mulaw, len);
  send_out (self);
}

void
parley_call_send_mark_in_loop (ParleyCall * self, const gchar * name)
{
  if (!may_send (self))
    return;
  parley_twilio_build_mark (self->out, self->start.stream_sid, name);
  send_out (self);
}

void
parley_call_send_clear_in_loop (ParleyCall * self)
{
  if (!may_send (self))
    return;
  parley_played_clear (self->played, parley_clock_now ());
  parley_twilio_build_clear (self->out, self->start.stream_sid);
  send_out (self);
}

static void
end_in_loop (gpointer data, gpointer user_data)
{
  ParleyCall *self = data;

  call_end (self, NULL, SOUP_WEBSOCKET_CLOSE_NORMAL);
  g_object_unref (self);
}

void
parley_call_end (ParleyCall * self)
{
  parley_loop_invoke (self->loop, end_in_loop, g_object_ref (self), NULL);
}

/* Participants */

guint
parley_call_add_handler_in_loop (ParleyCall * self,
    const ParleyCallHandler * handler, gpointer data)
{
  Participant participant = { ++self->last_id, *handler, data };

  g_assert (parley_loop_is_current (self->loop));
  g_array_append_val (self->participants, participant);
  if (self->started && handler->started)
    handler->started (self, data);
  if (self->ended && handler->ended)
    handler->ended (self, self->error, data);
  return participant.id;
}

void
parley_call_remove_handler_in_loop (ParleyCall * self, guint id)
{
  if (id == 0)
    return;
  self->telling++;
  for (guint i = 0; i < self->participants->len; i++) {
    Participant *participant =
        &g_array_index (self->participants, Participant, i);
    if (participant->id == id)
      participant->id = 0;
  }
  tell_done (self);
}

/* Facts */

ParleyLoop *
parley_call_get_loop (ParleyCall * self)
{
  return self->loop;
}

ParleyPlayedSound *
parley_call_get_played (ParleyCall * self)
{
  return self->played;
}

gint64
parley_call_get_accepted_in_loop (ParleyCall * self)
{
  return self->accepted;
}

const ParleyTwilioMessage *
parley_call_get_start (ParleyCall * self)
{
  const ParleyTwilioMessage *start;

  g_mutex_lock (&self->lock);
  start = self->started ? &self->start : NULL;
  g_mutex_unlock (&self->lock);
  return start;
}

static const gchar *
variable (const ParleyTwilioMessage * start, const gchar * name)
{
  if (g_str_has_prefix (name, "param."))
    return g_hash_table_lookup (start->custom_parameters, name + 6);
  if (g_str_equal (name, "call.from"))
    return g_hash_table_lookup (start->custom_parameters, "From");
  if (g_str_equal (name, "call.to"))
    return g_hash_table_lookup (start->custom_parameters, "To");
  if (g_str_equal (name, "call.sid"))
    return start->call_sid;
  return NULL;
}

gchar *
parley_call_expand (ParleyCall * self, const gchar * text)
{
  const ParleyTwilioMessage *start = parley_call_get_start (self);
  GString *out = g_string_new (NULL);

  while (*text) {
    const gchar *open = strstr (text, "%{");
    const gchar *close = open ? strchr (open, '}') : NULL;

    if (!close) {
      g_string_append (out, text);
      break;
    }
    g_string_append_len (out, text, open - text);
    if (start) {
      gchar *name = g_strndup (open + 2, close - open - 2);
      const gchar *value = variable (start, name);
      g_string_append (out, value ? value : "");
      g_free (name);
    }
    text = close + 1;
  }
  return g_string_free (out, FALSE);
}

/* Life */

static void
parley_call_finalize (GObject * object)
{
  ParleyCall *self = PARLEY_CALL (object);

  g_clear_object (&self->socket);
  g_array_unref (self->participants);
  g_string_free (self->out, TRUE);
  g_clear_error (&self->error);
  parley_twilio_message_clear (&self->start);
  g_mutex_clear (&self->lock);
  g_object_unref (self->loop);
  parley_played_unref (self->played);
  G_OBJECT_CLASS (parley_call_parent_class)->finalize (object);
}

static void
parley_call_init (ParleyCall * self)
{
  self->participants = g_array_new (FALSE, FALSE, sizeof (Participant));
  self->out = g_string_sized_new (320);
  self->played = parley_played_new ();
  g_mutex_init (&self->lock);
}

static void
parley_call_class_init (ParleyCallClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = parley_call_finalize;
}

ParleyCall *
parley_call_new (ParleyLoop * loop)
{
  ParleyCall *self = g_object_new (PARLEY_TYPE_CALL, NULL);

  self->loop = g_object_ref (loop);
  return self;
}

void
parley_call_attach_in_loop (ParleyCall * self,
    SoupWebsocketConnection * websocket, GSocket * socket, gint64 accepted)
{
  g_return_if_fail (!self->connection);
  g_assert (parley_loop_is_current (self->loop));
  if (self->ended) {
    g_signal_connect (g_object_ref (websocket), "closed",
        G_CALLBACK (g_object_unref), NULL);
    soup_websocket_connection_close (websocket, SOUP_WEBSOCKET_CLOSE_NORMAL,
        NULL);
    return;
  }

  g_object_ref (self);
  self->connection = g_object_ref (websocket);
  self->limit = parley_limit_stream_find
      (soup_websocket_connection_get_io_stream (websocket));
  self->socket = socket ? g_object_ref (socket) : NULL;
  self->accepted = accepted;
  self->last_media = parley_clock_now ();
  self->start_timer = parley_loop_add_timer (self->loop,
      self->last_media + START_TIMEOUT_US, start_timed_out, self);
  stale_restart (self);
  g_signal_connect (websocket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (websocket, "error", G_CALLBACK (on_error), self);
  g_signal_connect (websocket, "closed", G_CALLBACK (on_closed), self);
}
