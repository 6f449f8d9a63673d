/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "caller.h"

#include <string.h>

#include "net/clock.h"
#include "net/loop.h"
#include "net/twiliomessage.h"
#include "net/twiliosignature.h"
#include "playout.h"
#include "speech/g711.h"
#include "speech/loud.h"

#define MS G_TIME_SPAN_MILLISECOND
#define FRAME_LEN 160
#define FRAME_US (20 * MS)
#define SAMPLE_US 125
/* A key press lasts that many frames. */
#define FRAMES_PER_KEY 5
#define GREETING_WAIT_US (2000 * MS)
/* An agent that talks for ever gets no longer than this. */
#define MAX_REPLY_US (120 * G_TIME_SPAN_SECOND)
/* Frames later than this: this process did not run. */
#define STALL_US (100 * MS)
#define MAX_FRAME_TIMES (3600 * 50)
#define CLOSE_WAIT_US (2 * G_TIME_SPAN_SECOND)

typedef enum
{
  PHASE_CONNECTING,
  PHASE_GREETING,
  PHASE_SPEAKING,
  PHASE_LISTENING,
  PHASE_CLOSING,                /* stop and close are sent */
  PHASE_OVER                    /* done is due, or was called */
} Phase;

/* Reference counted: a connection under way holds one. */
struct _ParleyCaller
{
  gchar *url;
  gchar *auth_token;
  gchar *sign_url;
  GHashTable *parameters;
  GPtrArray *turns;
  gint64 timeout;               /* µs */
  gint64 barge_in;              /* µs; -1: off */
  gboolean no_greeting;
  gboolean insecure;
  gboolean record;
  gboolean keep_times;
  ParleyCallerEventFunc event;
  ParleyCallerDoneFunc done;
  gpointer data;

  SoupSession *session;
  SoupMessage *request;
  SoupWebsocketConnection *connection;
  GCancellable *cancellable;
  GSource *timer;
  GString *out;
  gchar *stream_sid;
  gchar *account_sid;

  Phase phase;
  gint64 begun;                 /* connecting began */
  gint64 origin;                /* first frame due; then one each 20 ms */
  guint64 frames;
  guint64 sequence;
  gint64 deadline;              /* of CLOSING */
  ParleyPlayout *playout;

  guint turn;                   /* index of the one spoken or answered */
  gsize offset;                 /* into its audio or digits */
  gssize last_loud;             /* in its audio */
  gint64 turn_end;              /* -1: not yet */
  gint64 end;                   /* media timestamp of turn_end, µs; 0: keys */
  gboolean heard;               /* the reply's beginning was told */

  ParleyCallerResult result;
};

GQuark
parley_caller_error_quark (void)
{
  return g_quark_from_static_string ("parley-caller-error-quark");
}

ParleyCallerTurn *
parley_caller_turn_new (const gchar * said, GBytes * mulaw,
    const gchar * digits)
{
  ParleyCallerTurn *turn = g_new0 (ParleyCallerTurn, 1);

  turn->said = g_strdup (said);
  turn->mulaw = mulaw != NULL ? g_bytes_ref (mulaw) : NULL;
  turn->digits = g_strdup (digits);
  return turn;
}

void
parley_caller_turn_free (gpointer data)
{
  ParleyCallerTurn *turn = data;

  g_free (turn->said);
  g_clear_pointer (&turn->mulaw, g_bytes_unref);
  g_free (turn->digits);
  g_free (turn);
}

static void
emit (ParleyCaller * self, ParleyCallerEvent event, gint64 now,
    const gchar * text, gint64 value)
{
  if (self->event != NULL)
    self->event (self, event, now - self->begun, text, value, self->data);
}

/* Sends what is in @out. */
static void
send_out (ParleyCaller * self)
{
  if (soup_websocket_connection_get_state (self->connection)
      == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text (self->connection, self->out->str);
  g_string_truncate (self->out, 0);
}

/* The end */

/* done comes from the timer, never from inside somebody's call. */
static void
finish (ParleyCaller * self, GError * error)
{
  gint64 now = parley_clock_now ();

  if (self->phase == PHASE_OVER) {
    g_clear_error (&error);
    return;
  }
  self->phase = PHASE_OVER;
  self->result.error = error;
  self->result.duration_us = now - self->begun;
  if (self->playout != NULL) {
    parley_playout_clear (self->playout, now);
    self->result.underruns = parley_playout_get_underruns (self->playout);
    if (self->record)
      parley_playout_read (self->playout, now, self->result.agent_audio);
  }
  emit (self, PARLEY_CALLER_CLOSED, now, NULL, 0);
  parley_timer_set_due (self->timer, now);
}

static void
begin_closing (ParleyCaller * self, gint64 now)
{
  self->phase = PHASE_CLOSING;
  self->deadline = now + CLOSE_WAIT_US;
  parley_timer_set_due (self->timer, self->deadline);
  parley_twilio_build_stop (self->out, self->stream_sid, ++self->sequence,
      self->account_sid, self->result.sid);
  send_out (self);
  if (soup_websocket_connection_get_state (self->connection)
      == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->connection,
        SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

void
parley_caller_hang_up (ParleyCaller * self)
{
  if (self->phase == PHASE_CONNECTING)
    g_cancellable_cancel (self->cancellable);
  else if (self->phase < PHASE_CLOSING)
    begin_closing (self, parley_clock_now ());
}

/* Turns */

static void
begin_turn (ParleyCaller * self, gint64 now)
{
  ParleyCallerTurn *turn = self->turns->pdata[self->turn];
  ParleyCallerTurnResult result = { g_strdup (turn->said) };
  gconstpointer audio;
  gsize len;

  self->phase = PHASE_SPEAKING;
  self->offset = 0;
  self->turn_end = -1;
  self->end = 0;
  self->heard = FALSE;
  self->last_loud = -1;
  if (turn->mulaw != NULL) {
    audio = g_bytes_get_data (turn->mulaw, &len);
    self->last_loud = parley_mulaw_last_loud (audio, len);
    /* Without any sound its end is its last sample. */
    if (self->last_loud < 0)
      self->last_loud = (gssize) len - 1;
  }
  g_array_append_val (self->result.turns, result);
  parley_playout_begin_reply (self->playout);
  emit (self, PARLEY_CALLER_SPEAKS, now, turn->said, 0);
}

/* Turn @index, or after the last one the end. */
static void
go_to_turn (ParleyCaller * self, guint index, gint64 now)
{
  /* Somebody may have hung up in an event. */
  if (self->phase >= PHASE_CLOSING)
    return;
  self->turn = index;
  if (index < self->turns->len)
    begin_turn (self, now);
  else
    begin_closing (self, now);
}

static void
turn_ended (ParleyCaller * self, gint64 now)
{
  self->turn_end = now;
  emit (self, PARLEY_CALLER_SPOKE, now, NULL, 0);
}

static void
begin_listening (ParleyCaller * self)
{
  if (self->phase == PHASE_SPEAKING)
    self->phase = PHASE_LISTENING;
}

/* The next 20 ms of the turn into @frame. */
static void
speak_audio (ParleyCaller * self, GBytes * mulaw, guint8 * frame, gint64 now)
{
  gsize len;
  const guint8 *audio = g_bytes_get_data (mulaw, &len);
  gsize n = MIN (len - self->offset, FRAME_LEN);

  memcpy (frame, audio + self->offset, n);
  if (self->turn_end < 0 && (gssize) (self->offset + n) > self->last_loud) {
    self->end = (gint64) self->frames * FRAME_US
        + (self->last_loud + 1 - (gssize) self->offset) * SAMPLE_US;
    turn_ended (self, now);
  }
  self->offset += n;
  if (self->offset == len)
    begin_listening (self);
}

static void
press_keys (ParleyCaller * self, const gchar * digits, gint64 now)
{
  gsize key = self->offset / FRAMES_PER_KEY;

  if (self->offset++ % FRAMES_PER_KEY != 0)
    return;
  if (digits[key] != '\0') {
    parley_twilio_build_dtmf (self->out, self->stream_sid, ++self->sequence,
        digits[key]);
    send_out (self);
  }
  if (digits[key] == '\0' || digits[key + 1] == '\0') {
    turn_ended (self, now);
    begin_listening (self);
  }
}

static void
send_frame (ParleyCaller * self, gint64 now)
{
  ParleyCallerTurn *turn;
  guint8 frame[FRAME_LEN];

  memset (frame, PARLEY_MULAW_SILENCE, sizeof frame);
  if (self->phase == PHASE_SPEAKING) {
    turn = self->turns->pdata[self->turn];
    if (turn->mulaw != NULL)
      speak_audio (self, turn->mulaw, frame, now);
    else
      press_keys (self, turn->digits, now);
  }
  self->frames++;
  parley_twilio_build_inbound_media (self->out, self->stream_sid,
      ++self->sequence, self->frames, (self->frames - 1) * 20, frame,
      sizeof frame);
  send_out (self);
  self->result.sent++;
  if (self->keep_times && self->result.frame_times->len < MAX_FRAME_TIMES)
    g_array_append_val (self->result.frame_times, now);
  if (self->record)
    g_byte_array_append (self->result.caller_audio, frame, sizeof frame);
}

static ParleyCallerTurnResult *
turn_result (ParleyCaller * self)
{
  return &g_array_index (self->result.turns, ParleyCallerTurnResult,
      self->turn);
}

/* The reply to this turn was heard until @end. */
static void
take_reply (ParleyCaller * self, gint64 now, gint64 end)
{
  ParleyCallerTurnResult *result = turn_result (self);
  gint64 begin = parley_playout_reply_begin (self->playout);

  result->answered = TRUE;
  result->response_us = begin - self->turn_end;
  result->reply_us = MAX (end - begin, 0);
  result->end_us = self->end;
  result->sent_at = self->turn_end;
  parley_playout_reply_origin (self->playout, &result->received_at,
      &result->sound_us);
  emit (self, PARLEY_CALLER_REPLY_ENDED, now, NULL, result->reply_us);
}

/* Whether the agent has said what it had to say at @now. */
static gboolean
agent_finished (ParleyCaller * self, gint64 now, gint64 * end)
{
  gint64 begin = parley_playout_reply_begin (self->playout);

  if (parley_playout_reply_ended (self->playout, now, end))
    return TRUE;
  *end = now;
  if (begin > now)
    return FALSE;
  return now - begin >= MAX_REPLY_US
      || (self->barge_in >= 0 && now - begin >= self->barge_in
      && self->result.turns->len < self->turns->len);
}

static void
tell_heard (ParleyCaller * self, gint64 now, gint64 since)
{
  gint64 begin = parley_playout_reply_begin (self->playout);

  if (self->heard || begin > now)
    return;
  self->heard = TRUE;
  if (self->phase == PHASE_GREETING)
    self->result.greeting_us = begin - self->begun;
  emit (self, PARLEY_CALLER_HEARS, now, NULL, begin - since);
}

static void
step_greeting (ParleyCaller * self, gint64 now)
{
  gint64 begin = parley_playout_reply_begin (self->playout), end;

  tell_heard (self, now, self->begun);
  if (agent_finished (self, now, &end)) {
    emit (self, PARLEY_CALLER_REPLY_ENDED, now, NULL, end - begin);
    go_to_turn (self, 0, now);
  } else if (self->no_greeting || (begin == PARLEY_PLAYOUT_NEVER
          && now - self->origin >= GREETING_WAIT_US)) {
    go_to_turn (self, 0, now);
  }
}

static void
step_listening (ParleyCaller * self, gint64 now)
{
  gint64 end;

  tell_heard (self, now, self->turn_end);
  if (agent_finished (self, now, &end)) {
    take_reply (self, now, end);
    go_to_turn (self, self->turn + 1, now);
  } else if (parley_playout_reply_begin (self->playout)
      == PARLEY_PLAYOUT_NEVER && now - self->turn_end >= self->timeout) {
    emit (self, PARLEY_CALLER_UNANSWERED, now, NULL, 0);
    go_to_turn (self, self->turn + 1, now);
  }
}

static void
step (ParleyCaller * self, gint64 now)
{
  gint64 end;

  switch (self->phase) {
    case PHASE_GREETING:
      step_greeting (self, now);
      break;
    case PHASE_SPEAKING:
      /* What began and ended while the caller spoke is no answer. */
      if (self->turn_end < 0
          && parley_playout_reply_ended (self->playout, now, &end))
        parley_playout_begin_reply (self->playout);
      break;
    case PHASE_LISTENING:
      step_listening (self, now);
      break;
    default:
      break;
  }
}

void
parley_caller_go_on (ParleyCaller * self)
{
  gint64 now = parley_clock_now ();

  if (self->phase == PHASE_GREETING) {
    go_to_turn (self, 0, now);
  } else if (self->phase == PHASE_LISTENING
      || (self->phase == PHASE_SPEAKING && self->turn_end >= 0)) {
    if (parley_playout_reply_begin (self->playout) <= now)
      take_reply (self, now, now);
    go_to_turn (self, self->turn + 1, now);
  }
}

static void
echo_marks (ParleyCaller * self, gint64 now)
{
  gchar *name;

  while ((name = parley_playout_pop_mark (self->playout, now)) != NULL) {
    parley_twilio_build_mark_echo (self->out, self->stream_sid,
        ++self->sequence, name);
    send_out (self);
    emit (self, PARLEY_CALLER_MARK, now, name, 0);
    g_free (name);
  }
}

static void
arm (ParleyCaller * self)
{
  gint64 frame = self->origin + (gint64) self->frames * FRAME_US;

  if (self->phase < PHASE_CLOSING)
    parley_timer_set_due (self->timer, MIN (frame,
            parley_playout_next_mark (self->playout)));
}

static gboolean
on_timer (gpointer data)
{
  ParleyCaller *self = data;
  gint64 now = parley_clock_now ();

  if (self->phase == PHASE_OVER) {
    self->done (self, self->data);
    return G_SOURCE_REMOVE;
  }
  if (self->phase == PHASE_CLOSING) {
    finish (self, NULL);
    return G_SOURCE_CONTINUE;
  }
  echo_marks (self, now);
  if (now - (self->origin + (gint64) self->frames * FRAME_US) > STALL_US)
    parley_playout_stalled (self->playout, now);
  /* The frames are due at fixed times, so that lateness does not add up. */
  while (self->phase < PHASE_CLOSING
      && self->origin + (gint64) self->frames * FRAME_US <= now) {
    send_frame (self, now);
    step (self, now);
  }
  if (self->record && self->phase < PHASE_CLOSING)
    parley_playout_read (self->playout, now, self->result.agent_audio);
  arm (self);
  return G_SOURCE_CONTINUE;
}

/* What comes from the server */

static void
take_message (ParleyCaller * self, ParleyTwilioMessage * message, gint64 now)
{
  switch (message->type) {
    case PARLEY_TWILIO_MEDIA:
      if (self->result.received++ == 0)
        self->result.setup_us = now - self->begun;
      parley_playout_push (self->playout, now, message->payload,
          message->payload_len);
      break;
    case PARLEY_TWILIO_MARK:
      self->result.marks++;
      parley_playout_mark (self->playout, now, message->mark_name);
      break;
    case PARLEY_TWILIO_CLEAR:
      self->result.clears++;
      parley_playout_clear (self->playout, now);
      emit (self, PARLEY_CALLER_CLEAR, now, NULL, 0);
      break;
    default:
      break;
  }
  echo_marks (self, now);
  arm (self);
}

static void
on_message (SoupWebsocketConnection * connection, gint type, GBytes * bytes,
    gpointer data)
{
  ParleyCaller *self = data;
  gint64 now = parley_clock_now ();
  g_auto (ParleyTwilioMessage) message = { 0 };
  g_autoptr (GError) error = NULL;
  gsize len;
  const gchar *json = g_bytes_get_data (bytes, &len);

  if (self->phase >= PHASE_CLOSING)
    return;
  if (type != SOUP_WEBSOCKET_DATA_TEXT) {
    self->result.invalid++;
    emit (self, PARLEY_CALLER_INVALID, now,
        "a binary frame (31950): send text frames", 0);
  } else if (!parley_twilio_parse_outbound (json, len, self->stream_sid,
          &message, &error)) {
    self->result.invalid++;
    emit (self, PARLEY_CALLER_INVALID, now, error->message, 0);
  } else {
    take_message (self, &message, now);
  }
}

/* The server ended the call. Whether that is a fault depends on what was still
 * to be said. */
static GError *
judge_close (ParleyCaller * self, gint64 now)
{
  gushort code = soup_websocket_connection_get_close_code (self->connection);
  gdouble at = (now - self->begun) / (gdouble) G_USEC_PER_SEC;

  if (code == 0 || code == SOUP_WEBSOCKET_CLOSE_ABNORMAL)
    return g_error_new (PARLEY_CALLER_ERROR, PARLEY_CALLER_ERROR_DROPPED,
        "the server dropped the connection %.1f s into the call", at);
  if (code != SOUP_WEBSOCKET_CLOSE_NORMAL
      && code != SOUP_WEBSOCKET_CLOSE_GOING_AWAY
      && code != SOUP_WEBSOCKET_CLOSE_NO_STATUS)
    return g_error_new (PARLEY_CALLER_ERROR, PARLEY_CALLER_ERROR_DROPPED,
        "the server ended the call %.1f s into it with close code %u", at,
        code);
  if (self->result.turns->len < self->turns->len
      || self->phase == PHASE_SPEAKING)
    return g_error_new (PARLEY_CALLER_ERROR, PARLEY_CALLER_ERROR_DROPPED,
        "the agent hung up %.1f s into the call, before turn %u of %u was "
        "said", at, MAX (self->result.turns->len, 1), self->turns->len);
  return NULL;
}

static void
on_closed (SoupWebsocketConnection * connection, gpointer data)
{
  ParleyCaller *self = data;
  gint64 now = parley_clock_now (), end;

  if (self->phase >= PHASE_CLOSING) {
    finish (self, NULL);
    return;
  }
  /* Twilio drops what was not heard by then. */
  if (!parley_playout_reply_ended (self->playout, now, &end))
    end = now;
  if (self->phase == PHASE_LISTENING
      && parley_playout_reply_begin (self->playout) <= now)
    take_reply (self, now, end);
  finish (self, judge_close (self, now));
}

/* Connecting */

static void
turn_result_clear (gpointer data)
{
  ParleyCallerTurnResult *turn = data;

  g_free (turn->said);
  g_clear_pointer (&turn->report, parley_turn_report_free);
}

static void
caller_clear (gpointer data)
{
  ParleyCaller *self = data;

  g_free (self->url);
  g_free (self->auth_token);
  g_free (self->sign_url);
  g_hash_table_unref (self->parameters);
  g_ptr_array_unref (self->turns);
  g_clear_object (&self->request);
  g_clear_object (&self->session);
  g_clear_object (&self->cancellable);
  g_string_free (self->out, TRUE);
  g_free (self->stream_sid);
  g_free (self->account_sid);
  g_free (self->result.sid);
  g_clear_pointer (&self->playout, parley_playout_free);
  g_clear_error (&self->result.error);
  g_clear_error (&self->result.timeline_error);
  g_array_unref (self->result.turns);
  g_array_unref (self->result.frame_times);
  g_byte_array_unref (self->result.caller_audio);
  g_byte_array_unref (self->result.agent_audio);
}

static const gchar *
refusal_hint (guint status)
{
  switch (status) {
    case SOUP_STATUS_FORBIDDEN:
    case SOUP_STATUS_UNAUTHORIZED:
      return ": it wants a signature (--auth-token-env) that fits its URL";
    case SOUP_STATUS_SERVICE_UNAVAILABLE:
      return ": it has as many calls as it takes";
    case SOUP_STATUS_NOT_FOUND:
      return ": the path of the URL is wrong";
    default:
      return "";
  }
}

/* @error, the connection's, as one line for people. */
static GError *
judge_failure (ParleyCaller * self, const GError * error)
{
  guint status = soup_message_get_status (self->request);

  if (status == SOUP_STATUS_NONE || status == SOUP_STATUS_SWITCHING_PROTOCOLS)
    return g_error_new (PARLEY_CALLER_ERROR, PARLEY_CALLER_ERROR_CONNECT,
        "cannot call %s: %s%s", self->url, error->message,
        g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE)
        ? " (--insecure takes it)" : "");
  return g_error_new (PARLEY_CALLER_ERROR, PARLEY_CALLER_ERROR_REFUSED,
      "the server refused the call with %u %s%s", status,
      soup_status_get_phrase (status), refusal_hint (status));
}

static void
begin_call (ParleyCaller * self)
{
  gint64 now = parley_clock_now ();

  soup_websocket_connection_set_max_incoming_payload_size (self->connection,
      PARLEY_TWILIO_MAX_OUTBOUND_MESSAGE);
  g_signal_connect (self->connection, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_closed), self);

  parley_twilio_build_connected (self->out);
  send_out (self);
  parley_twilio_build_start (self->out, self->stream_sid, self->account_sid,
      self->result.sid, self->parameters);
  send_out (self);
  self->sequence = 1;

  self->phase = PHASE_GREETING;
  self->origin = now;
  self->playout = parley_playout_new (now, self->record);
  emit (self, PARLEY_CALLER_CONNECTED, now, NULL, 0);
  arm (self);
}

static void
on_connected (GObject * session, GAsyncResult * result, gpointer data)
{
  ParleyCaller *self = data;
  g_autoptr (GError) error = NULL;
  SoupWebsocketConnection *connection =
      soup_session_websocket_connect_finish (SOUP_SESSION (session), result,
      &error);

  if (self->phase != PHASE_CONNECTING) {
    g_clear_object (&connection);
  } else if (connection == NULL) {
    finish (self, g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
        ? NULL : judge_failure (self, error));
  } else {
    self->connection = connection;
    begin_call (self);
  }
  g_rc_box_release_full (self, caller_clear);
}

static gboolean
accept_any_certificate (SoupMessage * message, GTlsCertificate * certificate,
    GTlsCertificateFlags flags, gpointer data)
{
  return TRUE;
}

static gchar *
make_sid (const gchar * prefix)
{
  g_autofree gchar *uuid = g_uuid_string_random ();
  g_auto (GStrv) parts = g_strsplit (uuid, "-", -1);
  g_autofree gchar *hex = g_strjoinv ("", parts);

  return g_strconcat (prefix, hex, NULL);
}

SoupSession *
parley_caller_session_new (void)
{
  SoupSession *session = soup_session_new_with_options ("max-conns", 10000,
      "max-conns-per-host", 10000, "timeout", 0, "proxy-resolver", NULL,
      "user-agent", "Twilio.TmeWs/1.0 parley", NULL);

  /* Twilio offers no compression. */
  soup_session_remove_feature_by_type (session,
      SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  return session;
}

static void
copy_parameters (ParleyCaller * self, const ParleyCallerConfig * config)
{
  GHashTableIter iter;
  gpointer name, value;

  self->parameters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  if (config->parameters != NULL) {
    g_hash_table_iter_init (&iter, config->parameters);
    while (g_hash_table_iter_next (&iter, &name, &value))
      g_hash_table_insert (self->parameters, g_strdup (name), g_strdup (value));
  }
  if (config->from != NULL)
    g_hash_table_insert (self->parameters, g_strdup ("From"),
        g_strdup (config->from));
  if (config->to != NULL)
    g_hash_table_insert (self->parameters, g_strdup ("To"),
        g_strdup (config->to));
}

ParleyCaller *
parley_caller_new (const ParleyCallerConfig * config, SoupSession * session,
    ParleyCallerEventFunc event, ParleyCallerDoneFunc done, gpointer data)
{
  ParleyCaller *self = g_rc_box_new0 (ParleyCaller);

  self->url = g_strdup (config->url);
  self->auth_token = g_strdup (config->auth_token);
  self->sign_url = g_strdup (config->sign_url != NULL ? config->sign_url
      : config->url);
  copy_parameters (self, config);
  self->turns = config->turns != NULL ? g_ptr_array_ref (config->turns)
      : g_ptr_array_new ();
  self->timeout = config->timeout_ms * MS;
  self->barge_in = config->barge_in_ms >= 0 ? config->barge_in_ms * MS : -1;
  self->no_greeting = config->no_greeting;
  self->insecure = config->insecure;
  self->record = config->record;
  self->keep_times = config->keep_times;
  self->event = event;
  self->done = done;
  self->data = data;

  self->session = g_object_ref (session);
  self->cancellable = g_cancellable_new ();
  self->out = g_string_new (NULL);
  self->stream_sid = make_sid ("MZ");
  self->account_sid = make_sid ("AC");
  self->result.sid = make_sid ("CA");
  self->timer = parley_timer_new (PARLEY_PLAYOUT_NEVER);
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
  self->result.setup_us = self->result.greeting_us = -1;
  self->result.turns = g_array_new (FALSE, TRUE,
      sizeof (ParleyCallerTurnResult));
  g_array_set_clear_func (self->result.turns, turn_result_clear);
  self->result.frame_times = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->result.caller_audio = g_byte_array_new ();
  self->result.agent_audio = g_byte_array_new ();
  return self;
}

void
parley_caller_start (ParleyCaller * self)
{
  g_autofree gchar *signature = NULL;

  self->begun = parley_clock_now ();
  self->request = soup_message_new (SOUP_METHOD_GET, self->url);
  if (self->request == NULL) {
    finish (self, g_error_new (PARLEY_CALLER_ERROR,
            PARLEY_CALLER_ERROR_CONNECT, "\"%s\" is not a URL", self->url));
    return;
  }
  if (self->auth_token != NULL) {
    signature = parley_twilio_sign (self->auth_token, self->sign_url, NULL);
    soup_message_headers_replace (soup_message_get_request_headers
        (self->request), "X-Twilio-Signature", signature);
  }
  if (self->insecure)
    g_signal_connect (self->request, "accept-certificate",
        G_CALLBACK (accept_any_certificate), NULL);
  soup_session_websocket_connect_async (self->session, self->request, NULL,
      NULL, G_PRIORITY_DEFAULT, self->cancellable, on_connected,
      g_rc_box_acquire (self));
}

void
parley_caller_free (ParleyCaller * self)
{
  self->phase = PHASE_OVER;
  g_cancellable_cancel (self->cancellable);
  parley_timer_clear (&self->timer);
  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_object (&self->connection);
  g_rc_box_release_full (self, caller_clear);
}

const ParleyCallerResult *
parley_caller_get_result (ParleyCaller * self)
{
  return &self->result;
}
