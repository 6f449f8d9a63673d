/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "talker.h"

#include <string.h>

#include "marked.h"
#include "net/clock.h"
#include "net/loop.h"
#include "net/twiliomessage.h"
#include "playout.h"
#include "speakerphone.h"
#include "speech/g711.h"

#define FRAME 160
#define MS G_TIME_SPAN_MILLISECOND
#define FRAME_US (20 * MS)
/* Events come so long after the reply was first heard, and before its end. */
#define EARLIEST_US (300 * MS)
#define LATEST_US (1500 * MS)
#define PROMPT_AFTER_US (1000 * MS)
#define ANSWER_WAIT_US (8 * G_TIME_SPAN_SECOND)
#define STUCK_US (20 * G_TIME_SPAN_SECOND)
/* A resumed reply may begin that far before where it was stopped: the marks
 * are 500 ms apart, and the last may not have come back yet. */
#define RESUME_BLOCKS (1200 / 8)
/* One may still be complete just after a clear. */
#define RESUMED_BLOCKS 3
/* Noise on the caller's line, of 32768. */
#define LINE_NOISE 40

typedef enum
{
  PHASE_CONNECTING,
  PHASE_WAITING,                /* for a reply */
  PHASE_LISTENING,              /* to it, until the moment */
  PHASE_TALKING,                /* into it, and what comes of it */
  PHASE_PROMPTING,              /* into silence */
  PHASE_OVER
} Phase;

struct _Talker
{
  const Script *script;
  const ScriptCall *call;
  guint next;                   /* event */
  GRand *rand;
  TalkerDoneFunc done;
  gpointer data;

  SoupSession *session;
  SoupWebsocketConnection *connection;
  GCancellable *cancellable;
  GSource *timer;
  GString *out;
  guint64 sequence;
  gint64 origin;
  guint64 frames;
  ParleyPlayout *playout;
  Speakerphone *phone;          /* NULL: no echo */
  GByteArray *heard_audio;
  guint8 noise[8000];

  /* As received. */
  MarkedReader in;
  const Sound *in_sound;        /* of the last block; NULL: none */
  guint in_position;            /* blocks into its reply */
  gboolean cleared;             /* since */

  /* As heard. */
  MarkedReader ear;
  const Sound *heard;           /* NULL: none */
  guint heard_position;

  Phase phase;
  gint64 since;                 /* of the phase */
  gint64 moment;                /* LISTENING: when to talk */
  const Sound *saying;          /* NULL: nothing */
  gsize said;                   /* bytes */
  gint reply;                   /* that is talked into; -1: none */
  gint64 reply_begin;
  gint64 said_at;               /* its first packet; 0: not yet */
  gint64 clear_at;              /* 0: none */
  guint resumed;                /* blocks heard since */
  TalkerEvent event;

  TalkerResult result;
};

static const gchar stream_sid[] = "MZ00000000000000000000000000000001";
static const gchar account_sid[] = "AC00000000000000000000000000000001";
static const gchar call_sid[] = "CA00000000000000000000000000000001";

static void
send_out (Talker * self)
{
  if (soup_websocket_connection_get_state (self->connection)
      == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text (self->connection, self->out->str);
  g_string_truncate (self->out, 0);
}

static void
finish (Talker * self, const gchar * error)
{
  if (self->phase == PHASE_OVER)
    return;
  self->phase = PHASE_OVER;
  self->result.error = g_strdup (error);
  if (self->connection && soup_websocket_connection_get_state
      (self->connection) == SOUP_WEBSOCKET_STATE_OPEN) {
    parley_twilio_build_stop (self->out, stream_sid, ++self->sequence,
        account_sid, call_sid);
    send_out (self);
    soup_websocket_connection_close (self->connection,
        SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  }
  parley_timer_set_due (self->timer, parley_clock_now () + 100 * MS);
}

static void
enter (Talker * self, Phase phase, gint64 now)
{
  self->phase = phase;
  self->since = now;
}

/* Talking */

static void
say (Talker * self, guint number)
{
  self->saying = script_get (self->script, number);
  self->said = 0;
  self->said_at = 0;
}

/* Only listens to this reply. */
static gboolean
says_nothing (Talker * self)
{
  GArray *events = self->call->events;

  return self->next < events->len
      && g_array_index (events, guint, self->next) == 0;
}

/* A reply is heard for the first time: when to talk into it. */
static void
take_reply (Talker * self, gint64 now)
{
  gint64 length = self->heard->whole * 8 * MS;
  gint64 latest = MAX (length - LATEST_US, EARLIEST_US + MS);

  self->reply = self->heard->reply;
  self->reply_begin = now;
  self->result.replies++;
  self->moment = now + g_rand_double_range (self->rand, EARLIEST_US, latest);
  if (says_nothing (self))
    self->moment = now;
  enter (self, PHASE_LISTENING, now);
}

static void
talk (Talker * self, gint64 now)
{
  guint number;

  if (self->next >= self->call->events->len) {
    finish (self, NULL);
    return;
  }
  number = g_array_index (self->call->events, guint, self->next++);
  say (self, number);
  self->said_at = number ? 0 : now;
  self->clear_at = 0;
  self->resumed = 0;
  self->event = (TalkerEvent) {
  number, now - self->reply_begin, -1, -1, TALKER_STUCK};
  enter (self, PHASE_TALKING, now);
}

static void
prompt (Talker * self, gint64 now)
{
  GArray *prompts = self->call->prompts;

  say (self, g_array_index (prompts, guint, g_rand_int_range (self->rand, 0,
              prompts->len)));
  enter (self, PHASE_PROMPTING, now);
}

static void
end_event (Talker * self, TalkerOutcome outcome, gint64 now)
{
  self->event.outcome = outcome;
  g_array_append_val (self->result.events, self->event);
  if (outcome == TALKER_CUT)
    take_reply (self, now);
  else
    enter (self, PHASE_WAITING, now);
}

static void
step (Talker * self, gint64 now)
{
  switch (self->phase) {
    case PHASE_WAITING:
      if (now - self->since > PROMPT_AFTER_US && self->reply >= 0)
        prompt (self, now);
      else if (now - self->since > ANSWER_WAIT_US)
        finish (self, "no greeting came");
      break;
    case PHASE_LISTENING:
      if (now >= self->moment)
        talk (self, now);
      break;
    case PHASE_TALKING:
      if (now - self->since > STUCK_US)
        end_event (self, TALKER_STUCK, now);
      break;
    case PHASE_PROMPTING:
      if (now - self->since > ANSWER_WAIT_US) {
        self->result.unanswered++;
        prompt (self, now);
      }
      break;
    default:
      break;
  }
}

/* Hearing */

/* A block of the agent's was heard. */
static void
hear_block (Talker * self, const Sound * sound, guint block, gint64 now)
{
  gboolean is_new = sound->reply != self->reply;

  self->heard = sound;
  self->heard_position = sound->before + block;
  if (self->phase == PHASE_WAITING || self->phase == PHASE_PROMPTING) {
    if (is_new)
      take_reply (self, now);
  } else if (self->phase == PHASE_TALKING) {
    if (is_new)
      end_event (self, TALKER_CUT, now);
    else if (self->heard_position + 2 >= sound->whole)
      end_event (self, TALKER_WHOLE, now);
    else if (self->clear_at && ++self->resumed == RESUMED_BLOCKS)
      self->event.pause = now - self->clear_at;
  }
}

static void
hear (Talker * self, gint64 now)
{
  const Sound *sound;

  g_byte_array_set_size (self->heard_audio, 0);
  parley_playout_read (self->playout, now, self->heard_audio);
  if (self->phone)
    speakerphone_hear (self->phone, self->heard_audio->data,
        self->heard_audio->len);
  for (guint i = 0; i < self->heard_audio->len; i++)
    if (marked_reader_push (&self->ear, self->heard_audio->data[i])
        && (sound = script_get (self->script, self->ear.sound))
        && sound->reply >= 0)
      hear_block (self, sound, self->ear.block, now);
}

/* Whether a block may follow what came before: the next one; after a clear,
 * what was heard last or a little before, but nothing further on; or the
 * beginning of another reply. */
static gboolean
may_follow (Talker * self, const Sound * sound, guint position)
{
  if (!self->in_sound || sound->reply != self->in_sound->reply)
    return position <= 2;
  if (!self->cleared)
    return position == self->in_position + 1;
  return self->heard && self->heard->reply == sound->reply
      && position <= self->heard_position + 3
      && position + RESUME_BLOCKS >= self->heard_position;
}

static void
receive (Talker * self, const guint8 * mulaw, gsize len)
{
  for (gsize i = 0; i < len; i++) {
    const Sound *sound;
    guint position;

    if (!marked_reader_push (&self->in, mulaw[i]))
      continue;
    sound = script_get (self->script, self->in.sound);
    if (!sound || sound->reply < 0)
      continue;
    position = sound->before + self->in.block;
    self->result.blocks++;
    if (!may_follow (self, sound, position)) {
      self->result.stale++;
      g_printerr ("stale: %d/%u after %d/%u%s\n", sound->reply, position,
          self->in_sound ? self->in_sound->reply : -1, self->in_position,
          self->cleared ? " and a clear" : "");
    }
    self->in_sound = sound;
    self->in_position = position;
    self->cleared = FALSE;
  }
}

static void
take_clear (Talker * self, gint64 now)
{
  hear (self, now);
  parley_playout_clear (self->playout, now);
  self->result.clears++;
  self->cleared = TRUE;
  if (self->phase != PHASE_TALKING || self->clear_at || !self->said_at)
    return;
  self->clear_at = now;
  self->event.clear = now - self->said_at;
}

static void
take_message (Talker * self, ParleyTwilioMessage * message, gint64 now)
{
  switch (message->type) {
    case PARLEY_TWILIO_MEDIA:
      receive (self, message->payload, message->payload_len);
      parley_playout_push (self->playout, now, message->payload,
          message->payload_len);
      break;
    case PARLEY_TWILIO_MARK:
      parley_playout_mark (self->playout, now, message->mark_name);
      break;
    case PARLEY_TWILIO_CLEAR:
      take_clear (self, now);
      break;
    default:
      break;
  }
}

static void
on_message (SoupWebsocketConnection * connection, gint type, GBytes * bytes,
    gpointer data)
{
  Talker *self = data;
  g_auto (ParleyTwilioMessage) message = { 0 };
  g_autoptr (GError) error = NULL;
  gsize len;
  const gchar *json = g_bytes_get_data (bytes, &len);

  if (self->phase == PHASE_OVER)
    return;
  if (!parley_twilio_parse_outbound (json, len, stream_sid, &message, &error))
    finish (self, error->message);
  else
    take_message (self, &message, parley_clock_now ());
}

static void
on_closed (SoupWebsocketConnection * connection, gpointer data)
{
  finish (data, "the server hung up");
}

/* Sending */

/* The next 20 ms of what is said, over the noise of the line. */
static void
fill_frame (Talker * self, guint8 * frame, gint64 now)
{
  gsize len, n;
  const guint8 *mulaw;

  memcpy (frame, self->noise + self->frames % 50 * FRAME, FRAME);
  if (!self->saying)
    return;
  mulaw = g_bytes_get_data (self->saying->mulaw, &len);
  n = MIN (len - self->said, FRAME);
  memcpy (frame, mulaw + self->said, n);
  if (!self->said_at)
    self->said_at = now;
  self->said += n;
  if (self->said == len)
    self->saying = NULL;
}

static void
send_frame (Talker * self, gint64 now)
{
  guint8 frame[FRAME];

  fill_frame (self, frame, now);
  if (self->phone)
    speakerphone_add (self->phone, frame, FRAME);
  self->frames++;
  parley_twilio_build_inbound_media (self->out, stream_sid, ++self->sequence,
      self->frames, (self->frames - 1) * 20, frame, FRAME);
  send_out (self);
}

static void
echo_marks (Talker * self, gint64 now)
{
  gchar *name;

  while ((name = parley_playout_pop_mark (self->playout, now))) {
    parley_twilio_build_mark_echo (self->out, stream_sid, ++self->sequence,
        name);
    send_out (self);
    g_free (name);
  }
}

static gboolean
on_timer (gpointer data)
{
  Talker *self = data;
  gint64 now = parley_clock_now ();

  if (self->phase == PHASE_OVER) {
    self->done (self, self->data);
    return G_SOURCE_REMOVE;
  }
  echo_marks (self, now);
  while (self->phase != PHASE_OVER
      && self->origin + (gint64) self->frames * FRAME_US <= now) {
    hear (self, now);
    step (self, now);
    if (self->phase != PHASE_OVER)
      send_frame (self, now);
  }
  if (self->phase != PHASE_OVER)
    parley_timer_set_due (self->timer, MIN (self->origin
            + (gint64) self->frames * FRAME_US,
            parley_playout_next_mark (self->playout)));
  return G_SOURCE_CONTINUE;
}

static void
on_connected (GObject * session, GAsyncResult * result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  SoupWebsocketConnection *connection =
      soup_session_websocket_connect_finish (SOUP_SESSION (session), result,
      &error);
  Talker *self = data;

  if (!connection) {
    if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      finish (self, error->message);
    return;
  }
  self->connection = connection;
  soup_websocket_connection_set_max_incoming_payload_size (connection,
      PARLEY_TWILIO_MAX_OUTBOUND_MESSAGE);
  g_signal_connect (connection, "message", G_CALLBACK (on_message), self);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
  parley_twilio_build_connected (self->out);
  send_out (self);
  parley_twilio_build_start (self->out, stream_sid, account_sid, call_sid,
      NULL);
  send_out (self);
  self->sequence = 1;
  self->origin = parley_clock_now ();
  self->playout = parley_playout_new (self->origin, TRUE);
  enter (self, PHASE_WAITING, self->origin);
  parley_timer_set_due (self->timer, self->origin);
}

Talker *
talker_new (const gchar * url, SoupSession * session, const Script * script,
    guint index, TalkerDoneFunc done, gpointer data)
{
  Talker *self = g_new0 (Talker, 1);
  g_autoptr (SoupMessage) request = soup_message_new ("GET", url);

  self->script = script;
  self->call = g_ptr_array_index (script->calls, index);
  self->rand = g_rand_new_with_seed (index + 1);
  if (self->call->loss > 0)
    self->phone = speakerphone_new (self->call->loss, self->call->delay,
        self->rand);
  self->done = done;
  self->data = data;
  self->session = g_object_ref (session);
  self->cancellable = g_cancellable_new ();
  self->out = g_string_new (NULL);
  self->heard_audio = g_byte_array_new ();
  self->reply = -1;
  self->result.events = g_array_new (FALSE, FALSE, sizeof (TalkerEvent));
  for (guint i = 0; i < G_N_ELEMENTS (self->noise); i++)
    self->noise[i] = parley_mulaw_encode_sample (g_rand_int_range (self->rand,
            -LINE_NOISE, LINE_NOISE));
  self->timer = parley_timer_new (PARLEY_PLAYOUT_NEVER);
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
  soup_session_websocket_connect_async (session, request, NULL, NULL,
      G_PRIORITY_DEFAULT, self->cancellable, on_connected, self);
  return self;
}

void
talker_free (Talker * self)
{
  g_cancellable_cancel (self->cancellable);
  parley_timer_clear (&self->timer);
  if (self->connection)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_object (&self->connection);
  g_object_unref (self->cancellable);
  g_object_unref (self->session);
  g_clear_pointer (&self->playout, parley_playout_free);
  g_clear_pointer (&self->phone, speakerphone_free);
  g_byte_array_unref (self->heard_audio);
  g_string_free (self->out, TRUE);
  g_rand_free (self->rand);
  g_array_unref (self->result.events);
  g_free (self->result.error);
  g_free (self);
}

const TalkerResult *
talker_get_result (Talker * self)
{
  return &self->result;
}
