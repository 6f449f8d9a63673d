/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Deepgram's live recognition: one websocket for all takes of a call.
 *
 * The audio of takes is one stream; a result tells which part of it was heard,
 * so that what comes late of an earlier take, or of one that was cancelled, is
 * known by its place. At the end of a take the service is told to finalize
 * what it holds (Flux, which cannot, is given silence instead). What no final
 * result covers yet is kept, to be sent again when the websocket drops.
 *
 * While it tells ends of turns the stream has the caller's pauses too, and what
 * the service says is of a turn: all its takes have the same text, which grows.
 * Flux then gets silence where a turn ended before Flux thought so. */

#include "providers/cloudsocket.h"
#include "providers/stt/deepgramsaid.h"
#include "providers/stt/deepgramwire.h"
#include "providers/sttprovider.h"

#include <string.h>

#include "net/clock.h"
#include "speech/g711.h"

#define DEFAULT_LANGUAGE "en-US"
/* An open websocket must hear something every 10 s. */
#define KEEP_ALIVE (4 * G_TIME_SPAN_SECOND)
/* How long the answer to Finalize is awaited, which may not come. */
#define FINALIZE_WAIT G_TIME_SPAN_SECOND
/* Results end at the last whole frame, not at the last sample. */
#define TOLERANCE 0.02          /* s */
/* Audio kept of a take: over a minute of mu-law, 15 s at 16 kHz. */
#define MAX_KEPT (512 * 1024)
/* What makes Flux end its turn: more than its eot_timeout_ms. */
#define FLUX_SILENCE 200        /* ms */
/* An end that has heard less of a take is one of the take before. */
#define END_MARGIN 0.2          /* s */

#define PARLEY_TYPE_STT_DEEPGRAM (parley_stt_deepgram_get_type ())
G_DECLARE_FINAL_TYPE (ParleySttDeepgram, parley_stt_deepgram, PARLEY,
    STT_DEEPGRAM, ParleySttProvider)
/* A take that has no answer yet. */
     typedef struct
     {
       ParleySttDeepgram *owner;
       guint turn;
       guint take;
       ParleyDeepgramSaid *said;
       GByteArray *audio;       /* kept of it */
       gsize sent;              /* of that, over this websocket */
       guint64 begin;           /* bytes of the stream before the take */
       guint64 offset;          /* and before what is kept */
       gboolean finished;
       gboolean asked;          /* to be finalized, over this websocket */
       gboolean told;           /* something of it was */
       gboolean settled;        /* it ends with that, says the service */
       gint64 deadline;         /* of the answer, once it is finished */
       GSource *timer;
     } Take;

     struct _ParleySttDeepgram
     {
       ParleySttProvider parent;
       ParleyCloud *cloud;

       /* On the loop: */
       ParleyCloudSocket *socket;       /* from the first use there */
       ParleyAudioFormat format;        /* of the websocket */
       GQueue takes;            /* oldest first */
       guint64 position;        /* bytes of the stream over this websocket */
       gboolean heard;          /* anything since a take was asked for last */
       gint64 heard_at;         /* when, last */
       /* In the last turn while ends are told; or NULL. */
       ParleyDeepgramSaid *said;
     };

     static const ParleyCloudInfo cloud_info = {
       .name = "deepgram",
       .kind = "stt",
       .operation = PARLEY_OPERATION_STT,
       .base_url = PARLEY_DEEPGRAM_URL,
       .key_env = "DEEPGRAM_API_KEY",
       .key_header = "Authorization",
       .key_prefix = "Token ",
     };

G_DEFINE_FINAL_TYPE (ParleySttDeepgram, parley_stt_deepgram,
    PARLEY_TYPE_STT_PROVIDER);

/* Places in the stream */

static gdouble
bytes_a_second (ParleySttDeepgram * self)
{
  return self->format.rate * (self->format.mulaw ? 1.0 : 2.0);
}

static gdouble
begin_of (Take * take)
{
  return take->begin / bytes_a_second (take->owner);
}

static gdouble
end_of (Take * take)
{
  return (take->offset + take->audio->len) / bytes_a_second (take->owner);
}

static gboolean
is_flux (ParleySttDeepgram * self)
{
  return parley_deepgram_is_flux (parley_cloud_get_text (self->cloud, "model",
          PARLEY_DEEPGRAM_MODEL));
}

static gboolean
tells_ends (ParleySttDeepgram * self)
{
  return parley_stt_provider_get_endpointing (PARLEY_STT_PROVIDER (self))
      != PARLEY_ENDPOINTING_LOCAL;
}

/* Without the hints. */
static void
get_settings (ParleySttDeepgram * self, ParleyDeepgramSettings * settings)
{
  *settings = (ParleyDeepgramSettings) {
  .base_url = parley_cloud_get_base_url (self->cloud),.model =
        parley_cloud_get_text (self->cloud, "model",
        PARLEY_DEEPGRAM_MODEL),.language =
        parley_cloud_get_text (self->cloud, "language",
        DEFAULT_LANGUAGE),.format = self->format,.tells_ends =
        tells_ends (self),.eot_threshold =
        parley_cloud_get_double (self->cloud,
        "eot-threshold"),.eager_eot_threshold =
        parley_cloud_get_double (self->cloud,
        "eager-eot-threshold"),.eot_timeout =
        parley_cloud_get_uint (self->cloud, "eot-timeout"),};
}

static guint
get_eot_timeout (ParleySttDeepgram * self)
{
  ParleyDeepgramSettings settings;

  get_settings (self, &settings);
  return parley_deepgram_get_eot_timeout (&settings);
}

/* Takes */

static void
take_free (gpointer data)
{
  Take *take = data;

  parley_timer_clear (&take->timer);
  g_byte_array_unref (take->audio);
  parley_deepgram_said_unref (take->said);
  g_free (take);
}

/* The takes of a turn share it while ends are told. */
static ParleyDeepgramSaid *
get_said (ParleySttDeepgram * self, guint turn)
{
  if (!tells_ends (self))
    return parley_deepgram_said_new (turn, self->position);
  if (!self->said || self->said->turn != turn) {
    g_clear_pointer (&self->said, parley_deepgram_said_unref);
    self->said = parley_deepgram_said_new (turn, self->position);
  }
  return parley_deepgram_said_ref (self->said);
}

static Take *
take_new (ParleySttDeepgram * self, guint turn, guint number)
{
  Take *take = g_new0 (Take, 1);

  take->owner = self;
  take->turn = turn;
  take->take = number;
  take->said = get_said (self, turn);
  take->said->take = number;
  take->audio = g_byte_array_new ();
  take->begin = take->offset = self->position;
  return take;
}

/* It leaves the queue; the caller frees it. */
static void
remove_take (Take * take)
{
  ParleySttDeepgram *self = take->owner;

  g_queue_remove (&self->takes, take);
  if (g_queue_is_empty (&self->takes))
    parley_cloud_socket_release_in_loop (self->socket);
}

/* What was heard of it is all that there is to be. */
static void
answer (Take * take)
{
  ParleySttDeepgram *self = take->owner;
  ParleyDeepgramSaid *said = take->said;
  gchar *text = parley_deepgram_said_dup_text (said);

  remove_take (take);
  parley_deepgram_said_note_answered (said);
  parley_stt_provider_final_in_loop (PARLEY_STT_PROVIDER (self), take->turn,
      take->take, text, parley_deepgram_said_get_confidence (said));
  g_free (text);
  take_free (take);
}

static void
fail (Take * take, const GError * error)
{
  ParleySttDeepgram *self = take->owner;

  remove_take (take);
  parley_stt_provider_failed_in_loop (PARLEY_STT_PROVIDER (self), take->turn,
      take->take, error);
  take_free (take);
}

/* Nothing at all has come: neither will the rest. Other takes get another
 * websocket. */
static void
give_up (Take * take)
{
  ParleySttDeepgram *self = take->owner;
  GError *error = parley_net_error_new (PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE,
      cloud_info.name, "no answer in time: try again later or set a fallback");

  g_object_ref (self);
  parley_cloud_socket_drop_in_loop (self->socket, error);
  fail (take, error);
  if (!g_queue_is_empty (&self->takes))
    parley_cloud_socket_need_in_loop (self->socket);
  g_error_free (error);
  g_object_unref (self);
}

static gboolean
has_text (Take * take)
{
  return take->told && parley_deepgram_said_has_text (take->said);
}

/* It was heard but never finished: such a websocket is not to be relied on for
 * the next take, unless it was not asked to finish and still says something. */
static void
settle_for_less (Take * take)
{
  ParleySttDeepgram *self = g_object_ref (take->owner);

  answer (take);
  if (g_queue_is_empty (&self->takes) && !(self->heard && tells_ends (self)
          && is_flux (self))) {
    parley_cloud_socket_drop_in_loop (self->socket, NULL);
    parley_cloud_socket_warm_in_loop (self->socket);
  }
  g_object_unref (self);
}

static gboolean
answer_due (gpointer data)
{
  Take *take = data;
  ParleySttDeepgram *self = take->owner;

  if (take->settled)
    answer (take);
  else if ((self->heard || has_text (take))
      && parley_cloud_socket_is_open (self->socket))
    settle_for_less (take);
  else if (parley_clock_now () >= take->deadline)
    give_up (take);
  else
    parley_timer_set_due (take->timer, take->deadline);
  return G_SOURCE_CONTINUE;
}

/* To the service */

static void
send_audio (Take * take)
{
  ParleySttDeepgram *self = take->owner;
  gsize len = take->audio->len - take->sent;

  if (len == 0)
    return;
  parley_cloud_socket_send_binary_in_loop (self->socket,
      take->audio->data + take->sent, len);
  take->sent += len;
  self->position += len;
}

static void
send_silence (ParleySttDeepgram * self)
{
  guint64 ms = get_eot_timeout (self) + FLUX_SILENCE;
  gsize len = ms * self->format.rate / 1000 * (self->format.mulaw ? 1 : 2);
  guint8 *silence = g_malloc (len);

  memset (silence, self->format.mulaw ? PARLEY_MULAW_SILENCE : 0, len);
  parley_cloud_socket_send_binary_in_loop (self->socket, silence, len);
  self->position += len;
  g_free (silence);
}

static void
end_stream (ParleySttDeepgram * self)
{
  if (is_flux (self))
    send_silence (self);
  else
    parley_cloud_socket_send_text_in_loop (self->socket,
        PARLEY_DEEPGRAM_FINALIZE);
}

/* When what was told of a take that was asked for is all that there is. */
static gint64
answer_due_at (Take * take)
{
  gint64 now = parley_clock_now ();
  gint64 wait = now + FINALIZE_WAIT;

  if (take->settled)
    return now;
  if (tells_ends (take->owner) && take->told)
    wait = MAX (take->owner->heard_at + FINALIZE_WAIT, now);
  return MIN (wait, take->deadline);
}

/* Flux that tells ends goes on listening: the take may go on. */
static void
ask (Take * take)
{
  ParleySttDeepgram *self = take->owner;

  take->asked = TRUE;
  self->heard = FALSE;
  if (!tells_ends (self) || !(take->settled || is_flux (self)))
    end_stream (self);
  parley_timer_clear (&take->timer);
  take->timer = parley_loop_add_timer (parley_cloud_get_loop (self->cloud),
      answer_due_at (take), answer_due, take);
}

/* From the service */

static void
tell_partial (Take * take)
{
  gchar *text = parley_deepgram_said_dup_text (take->said);

  if (*text)
    parley_stt_provider_partial_in_loop (PARLEY_STT_PROVIDER (take->owner),
        take->turn, take->take, text);
  g_free (text);
}

/* What a final result covers need never be sent again. */
static void
forget_audio (Take * take, gdouble end)
{
  gdouble bytes = end * bytes_a_second (take->owner) - take->offset;
  gsize n = CLAMP (bytes, 0, (gdouble) take->sent);

  n -= take->owner->format.mulaw ? 0 : n % 2;
  if (n == 0)
    return;
  g_byte_array_remove_range (take->audio, 0, n);
  take->sent -= n;
  take->offset += n;
}

/* All of the take was heard, and nothing of it is still to be thought over. */
static gboolean
is_complete (Take * take, const ParleyDeepgramMessage * message)
{
  return take->asked && (message->from_finalize
      || (message->end >= end_of (take) - TOLERANCE
          && (!take->said->interim || !*take->said->interim)
          && (message->is_final || is_flux (take->owner))));
}

/* The last take that begins before the message's end; without a place, the
 * first one. NULL: it is of one that is over. */
static Take *
find_take (ParleySttDeepgram * self, const ParleyDeepgramMessage * message)
{
  Take *found = NULL;

  if (message->end <= 0)
    return g_queue_peek_head (&self->takes);
  for (GList * l = self->takes.head; l; l = l->next)
    if (begin_of (l->data) < message->end - TOLERANCE)
      found = l->data;
  return found;
}

/* Results come in the order of the stream. */
static void
answer_before (Take * take)
{
  ParleySttDeepgram *self = take->owner;

  while (g_queue_peek_head (&self->takes)
      && g_queue_peek_head (&self->takes) != take)
    answer (g_queue_peek_head (&self->takes));
}

static void
take_result (ParleySttDeepgram * self, ParleyDeepgramMessage * message)
{
  Take *take = find_take (self, message);
  gboolean complete;

  if (!take)
    return;
  answer_before (take);
  /* Whoever was told may have cancelled. */
  if (g_queue_peek_head (&self->takes) != take)
    return;
  take->told = TRUE;
  parley_deepgram_said_take_text (take->said, message);
  complete = is_complete (take, message);
  if (message->is_final && message->end > 0)
    forget_audio (take, message->end);
  if (complete)
    answer (take);
  else
    tell_partial (take);
}

/* While ends are told */

static gdouble
begin_of_turn (ParleySttDeepgram * self, const ParleyDeepgramSaid * said)
{
  return said->begin / bytes_a_second (self);
}

/* The last take of the turn that @message is of. NULL: none waits. */
static Take *
find_turn (ParleySttDeepgram * self, const ParleyDeepgramMessage * message)
{
  Take *found = NULL;

  for (GList * l = self->takes.head; l; l = l->next)
    if (message->end <= 0 || begin_of_turn (self, ((Take *) l->data)->said)
        < message->end - TOLERANCE)
      found = l->data;
  return found;
}

static ParleySttEndpoint
endpoint_of (ParleyDeepgramTurn event)
{
  switch (event) {
    case PARLEY_DEEPGRAM_EAGER_END:
      return PARLEY_STT_MAY_END;
    case PARLEY_DEEPGRAM_RESUMED:
      return PARLEY_STT_GOES_ON;
    case PARLEY_DEEPGRAM_END:
      return PARLEY_STT_ENDS;
    default:
      return PARLEY_STT_HEARS;
  }
}

static gboolean
is_end (const ParleyDeepgramMessage * message)
{
  return message->event == PARLEY_DEEPGRAM_EAGER_END
      || message->event == PARLEY_DEEPGRAM_END;
}

/* The end of the take before @take: he has gone on since. Who leaves the
 * decision to the service alone does not know better. */
static gboolean
is_late (Take * take, const ParleyDeepgramMessage * message)
{
  return parley_stt_provider_get_endpointing (PARLEY_STT_PROVIDER (take->owner))
      == PARLEY_ENDPOINTING_BOTH && take->take > 1 && message->end > 0
      && message->end < begin_of (take) + END_MARGIN;
}

/* Silence of which nothing was understood is no turn, and has no end. */
static void
tell_endpoint (ParleySttDeepgram * self, ParleyDeepgramSaid * said, guint take,
    const ParleyDeepgramMessage * message)
{
  gchar *text;

  if (message->event == PARLEY_DEEPGRAM_NONE || said->over
      || (is_end (message) && !parley_deepgram_said_has_text (said)))
    return;
  said->ended = message->event == PARLEY_DEEPGRAM_END;
  text = parley_deepgram_said_dup_text (said);
  parley_stt_provider_endpoint_in_loop (PARLEY_STT_PROVIDER (self),
      said->turn, take, endpoint_of (message->event), text);
  g_free (text);
}

static void
take_message (Take * take, ParleyDeepgramMessage * message)
{
  gboolean late = is_late (take, message);
  gboolean ends = is_end (message) && !late;

  take->told = TRUE;
  if (message->kind == PARLEY_DEEPGRAM_TEXT)
    parley_deepgram_said_take_text (take->said, message);
  ends = ends && parley_deepgram_said_has_text (take->said);
  take->settled = ends;
  if (message->is_final && message->end > 0)
    forget_audio (take, message->end);
  if (ends ? take->asked : is_complete (take, message))
    answer (take);
  else if (message->kind == PARLEY_DEEPGRAM_TEXT)
    tell_partial (take);
}

/* The turn goes by what the service says of it, also between two takes. */
static void
follow_turn (ParleySttDeepgram * self, ParleyDeepgramMessage * message)
{
  Take *take = find_turn (self, message);
  ParleyDeepgramSaid *said = take ? take->said : self->said;
  guint number;

  if (take)
    answer_before (take);
  if (!said || (take && g_queue_peek_head (&self->takes) != take)
      || (!take && message->end > 0
          && message->end - TOLERANCE <= begin_of_turn (self, said)))
    return;
  parley_deepgram_said_ref (said);
  number = take ? take->take - is_late (take, message) : said->take;
  if (take)
    take_message (take, message);
  else if (message->kind == PARLEY_DEEPGRAM_TEXT)
    parley_deepgram_said_take_text (said, message);
  if (said == self->said)
    tell_endpoint (self, said, number, message);
  parley_deepgram_said_unref (said);
}

static void
on_lost (const GError * error, gpointer data)
{
  ParleySttDeepgram *self = g_object_ref (data);
  guint n = self->takes.length;

  while (n-- && !g_queue_is_empty (&self->takes))
    fail (g_queue_peek_head (&self->takes), error);
  g_object_unref (self);
}

static void
take_fault (ParleySttDeepgram * self, GError * error)
{
  parley_cloud_socket_drop_in_loop (self->socket, error);
  on_lost (error, self);
  g_error_free (error);
}

static GError *
new_fault (ParleySttDeepgram * self, const gchar * text)
{
  gchar *clean = parley_cloud_clean (self->cloud, text);
  GError *error = parley_net_error_new (PARLEY_NET_ERROR_DROPPED,
      cloud_info.name, "%s: try again later or set a fallback", clean);

  g_free (clean);
  return error;
}

static void
on_text (const gchar * text, gsize len, gpointer data)
{
  ParleySttDeepgram *self = g_object_ref (data);
  ParleyDeepgramMessage message;
  GError *error = NULL;

  self->heard = TRUE;
  self->heard_at = parley_clock_now ();
  if (!parley_deepgram_parse (text, len, &message, &error)) {
    take_fault (self, error);
    g_object_unref (self);
    return;
  }
  if (message.kind == PARLEY_DEEPGRAM_ERROR)
    take_fault (self, new_fault (self, message.text));
  else if (message.kind != PARLEY_DEEPGRAM_OTHER && tells_ends (self))
    follow_turn (self, &message);
  else if (message.kind == PARLEY_DEEPGRAM_TEXT)
    take_result (self, &message);
  parley_deepgram_message_clear (&message);
  g_object_unref (self);
}

/* All that has no answer goes over the new websocket. */
static void
on_opened (gpointer data)
{
  ParleySttDeepgram *self = data;

  self->position = 0;
  self->heard = FALSE;
  if (self->said) {
    parley_deepgram_said_forget_interim (self->said);
    self->said->begin = 0;
  }
  for (GList * l = self->takes.head; l; l = l->next) {
    Take *take = l->data;

    parley_deepgram_said_forget_interim (take->said);
    if (!l->prev || ((Take *) l->prev->data)->said != take->said)
      take->said->begin = self->position;
    take->begin = take->offset = self->position;
    take->sent = 0;
    take->asked = FALSE;
    send_audio (take);
    if (take->finished)
      ask (take);
  }
}

static gchar *
build_url (gpointer data)
{
  ParleySttDeepgram *self = data;
  gchar **hints = parley_cloud_dup_hints (self->cloud);
  ParleyDeepgramSettings settings;
  gchar *url;

  get_settings (self, &settings);
  settings.hints = (const gchar * const *) hints;
  url = parley_deepgram_build_url (&settings);
  g_strfreev (hints);
  return url;
}

static ParleyCloudSocket *
get_socket (ParleySttDeepgram * self)
{
  static const ParleyCloudSocketInfo socket_info = {
    .cloud = &cloud_info,
    .error_header = "dg-error",
    .limited = TRUE,
    .keepalive_text = PARLEY_DEEPGRAM_KEEP_ALIVE,
    .keepalive = KEEP_ALIVE,
  };
  static const ParleyCloudSocketInfo flux_info = {
    .cloud = &cloud_info,
    .error_header = "dg-error",
    .limited = TRUE,
  };
  static const ParleyCloudSocketHandler handler =
      {.url = build_url,.opened = on_opened,.text = on_text,.lost = on_lost };

  if (!self->socket)
    self->socket = parley_cloud_socket_new_in_loop (self->cloud,
        is_flux (self) ? &flux_info : &socket_info, &handler, self);
  return self->socket;
}

/* The provider */

static gboolean
is_format (ParleySttDeepgram * self, const ParleyAudioFormat * format)
{
  return self->format.mulaw == format->mulaw
      && self->format.rate == format->rate;
}

static void
parley_stt_deepgram_begin (ParleySttProvider * provider, guint turn,
    guint take, const ParleyAudioFormat * format)
{
  ParleySttDeepgram *self = PARLEY_STT_DEEPGRAM (provider);
  ParleyCloudSocket *socket = get_socket (self);

  if (!is_format (self, format)) {
    self->format = *format;
    parley_cloud_socket_drop_in_loop (socket, NULL);
  }
  g_queue_push_tail (&self->takes, take_new (self, turn, take));
  parley_cloud_socket_need_in_loop (socket);
}

static Take *
current_take (ParleySttDeepgram * self)
{
  Take *take = g_queue_peek_tail (&self->takes);

  return take && !take->finished ? take : NULL;
}

static void
parley_stt_deepgram_audio (ParleySttProvider * provider, GBytes * samples)
{
  ParleySttDeepgram *self = PARLEY_STT_DEEPGRAM (provider);
  Take *take = current_take (self);
  gsize len;
  const guint8 *bytes = g_bytes_get_data (samples, &len);
  gsize excess;

  if (!take)
    return;
  g_byte_array_append (take->audio, bytes, len);
  if (parley_cloud_socket_is_open (self->socket))
    send_audio (take);
  if (take->audio->len <= MAX_KEPT)
    return;
  excess = take->audio->len - MAX_KEPT;
  excess += self->format.mulaw ? 0 : excess % 2;
  g_byte_array_remove_range (take->audio, 0, excess);
  take->sent -= MIN (take->sent, excess);
  take->offset += excess;
}

static void
parley_stt_deepgram_finish (ParleySttProvider * provider)
{
  ParleySttDeepgram *self = PARLEY_STT_DEEPGRAM (provider);
  Take *take = current_take (self);
  ParleyTimeouts timeouts;

  if (!take)
    return;
  parley_cloud_get_timeouts (self->cloud, &timeouts);
  take->finished = TRUE;
  take->deadline = parley_clock_now () + timeouts.first_byte;
  if (parley_cloud_socket_is_open (self->socket))
    ask (take);
  else
    take->timer = parley_loop_add_timer (parley_cloud_get_loop (self->cloud),
        take->deadline, answer_due, take);
}

/* What the service still says of them ends before the next take begins. */
static void
parley_stt_deepgram_cancel (ParleySttProvider * provider)
{
  ParleySttDeepgram *self = PARLEY_STT_DEEPGRAM (provider);

  if (!self->socket)
    return;
  if ((current_take (self) || (self->said && !self->said->over))
      && parley_cloud_socket_is_open (self->socket))
    end_stream (self);
  g_queue_clear_full (&self->takes, take_free);
  g_clear_pointer (&self->said, parley_deepgram_said_unref);
  parley_cloud_socket_release_in_loop (self->socket);
}

/* While ends are told */

static guint
parley_stt_deepgram_end_wait (ParleySttProvider * provider)
{
  ParleySttDeepgram *self = PARLEY_STT_DEEPGRAM (provider);
  guint timeout = get_eot_timeout (self);

  return is_flux (self) ? timeout : MAX (timeout,
      PARLEY_DEEPGRAM_UTTERANCE_END);
}

static void
parley_stt_deepgram_pause (ParleySttProvider * provider, GBytes * samples)
{
  ParleySttDeepgram *self = PARLEY_STT_DEEPGRAM (provider);
  gsize len;
  const guint8 *bytes = g_bytes_get_data (samples, &len);

  if (!self->socket || !parley_cloud_socket_is_open (self->socket))
    return;
  parley_cloud_socket_send_binary_in_loop (self->socket, bytes, len);
  self->position += len;
}

/* Flux would count what the caller says next to this turn. */
static void
parley_stt_deepgram_end_turn (ParleySttProvider * provider)
{
  ParleySttDeepgram *self = PARLEY_STT_DEEPGRAM (provider);

  if (!self->said || self->said->over)
    return;
  self->said->over = TRUE;
  if (is_flux (self) && !self->said->ended
      && parley_cloud_socket_is_open (self->socket))
    send_silence (self);
}

/* The format is the telephone's until a take tells another. */
static void
warm_in_loop (gpointer data, gpointer user_data)
{
  ParleySttDeepgram *self = data;

  parley_cloud_socket_warm_in_loop (get_socket (self));
  g_object_unref (self);
}

/* A websocket that no audio follows ends after 10 s, by itself: it costs by the
 * time that it is open. */
static gboolean
parley_stt_deepgram_warm (ParleyProvider * provider, GError ** error)
{
  ParleySttDeepgram *self = PARLEY_STT_DEEPGRAM (provider);
  ParleyDeepgramSettings settings;

  get_settings (self, &settings);
  if (!parley_deepgram_check (&settings, error)
      || !parley_cloud_warm (self->cloud, error))
    return FALSE;
  parley_loop_invoke (parley_cloud_get_loop (self->cloud), warm_in_loop,
      g_object_ref (self), NULL);
  return TRUE;
}

static void
parley_stt_deepgram_dispose (GObject * object)
{
  ParleySttDeepgram *self = PARLEY_STT_DEEPGRAM (object);

  if (self->socket && !parley_cloud_may_dispose (PARLEY_PROVIDER (self)))
    return;
  g_queue_clear_full (&self->takes, take_free);
  g_clear_pointer (&self->said, parley_deepgram_said_unref);
  if (self->socket)
    parley_cloud_socket_end_in_loop (g_steal_pointer (&self->socket),
        PARLEY_DEEPGRAM_CLOSE);
  G_OBJECT_CLASS (parley_stt_deepgram_parent_class)->dispose (object);
}

static void
parley_stt_deepgram_init (ParleySttDeepgram * self)
{
  self->cloud = parley_cloud_new (PARLEY_PROVIDER (self), &cloud_info);
  self->format = (ParleyAudioFormat) {
  TRUE, 8000};
  g_queue_init (&self->takes);
}

static void
parley_stt_deepgram_class_init (ParleySttDeepgramClass * klass)
{
  static const gchar *const settings[] = { "model", "language", "hints",
    "eot-threshold", "eager-eot-threshold", "eot-timeout", NULL
  };
  ParleySttProviderClass *stt_class = PARLEY_STT_PROVIDER_CLASS (klass);

  parley_cloud_class_init (G_OBJECT_CLASS (klass), settings);
  G_OBJECT_CLASS (klass)->dispose = parley_stt_deepgram_dispose;
  PARLEY_PROVIDER_CLASS (klass)->warm = parley_stt_deepgram_warm;
  stt_class->begin = parley_stt_deepgram_begin;
  stt_class->audio = parley_stt_deepgram_audio;
  stt_class->finish = parley_stt_deepgram_finish;
  stt_class->cancel = parley_stt_deepgram_cancel;
  stt_class->end_wait = parley_stt_deepgram_end_wait;
  stt_class->pause = parley_stt_deepgram_pause;
  stt_class->end_turn = parley_stt_deepgram_end_turn;
}
