/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-cloudstt
 * @title: cloudstt
 * @short_description: speech to text, one buffer a turn
 *
 * Turns the caller's speech into text with the recogniser that
 * #GstCloudStt:provider names. `pocketsphinx` runs on this machine, in a pool
 * of worker threads; best with a #GstCloudStt:grammar. `openai` is a service on
 * the network, or a server of one's own: see docs/providers/openai.md. `azure`
 * and `deepgram` are services that listen while the caller speaks: see
 * docs/providers/azure.md and docs/providers/deepgram.md.
 *
 * Audio comes from vadendpoint, which marks it with turn and take
 * (#ParleyTurnMeta) and ends a take with `parley/speech-end`. Recognition
 * streams while the caller speaks. When `parley/turn-end` has told that a take
 * is final, the text of the whole turn goes on as one buffer with its meta,
 * stamped with the time of the speech. Audio without the meta counts as one
 * turn that ends with the stream, so that `filesrc ! wavparse ! cloudstt`
 * works.
 *
 * With #GstCloudStt:endpointing a recogniser that knows when a turn is over
 * tells vadendpoint, which ends it then: see docs/turns.md.
 *
 * A recogniser that fails, or has no final text #GstCloudStt:timeout after the
 * turn ended, is given up: the next of #GstCloudStt:fallback hears the audio
 * again from its begin. When there is none, the text that there is goes on, or
 * `parley/turn-empty` does.
 *
 * All of it runs on the call's loop; the element starts no thread.
 *
 * ## Element messages
 *
 * `cloudstt`, when the text of a turn changes and when it is final:
 * * `turn`, `take` (#guint)
 * * `text` (#gchararray): of the whole turn so far
 * * `final` (#gboolean): the turn is over, and this is its text
 * * `confidence` (#gdouble, 0 to 1): of a final text
 *
 * `parley-usage`, when all audio of a take was sent, for what it costs:
 * * `kind` ("stt"), `provider`, `model` (may be missing), `unit` ("second")
 * * `amount` (#gdouble): of audio
 *
 * `parley-provider-switch`, when a fallback goes on; see docs/failure.md:
 * * `kind` ("stt"), `from`, `to` (#gchararray), `from-index`, `to-index`
 *   (#guint, 0 is the first)
 * * `reason` (#gchararray): "connect", "timeout", "status", "auth",
 *   "rate-limited", "dropped", "protocol", "settings", "engine", or without
 *   having asked "open" and "busy"
 * * `turn` (#guint, 0: none); where it was asked `error` (#gchararray) and
 *   `status` (#guint, of HTTP, or 0)
 *
 * `parley-provider-failed`, when nobody can go on, with `kind`, `provider`,
 * `index`, `reason`, `turn`, `error` and `status`.
 *
 * `parley-wait`, for each stage that was spent waiting for others:
 * * `turn` (#guint), `epoch` (#guint64), `peer` (#gchararray: the stage's name)
 * * `begin`, `end` (#gint64, µs of the monotonic clock)
 *
 * ## Events
 *
 * Takes `parley/speech-start`, `-end`, `-resume` and `parley/turn-end`; sends
 * `parley/turn-guess` and `parley/turn-empty` downstream and `parley/partial`,
 * `parley/endpoint` and `parley/endpointing` upstream: see turnevents.h.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=speech.wav ! wavparse ! audioconvert \
 *   ! audioresample ! vadendpoint \
 *   ! cloudstt provider=pocketsphinx newline=true ! fdsink
 * ]| Prints what is said in a file.
 *
 * Since: 0.1
 */

#include "gstcloudstt.h"

#include <string.h>

#include "net/clock.h"
#include "net/neterror.h"
#include "sttendpoint.h"
#include "sttroute.h"
#include "stttexts.h"
#include "sttturn.h"
#include "turn/earlytext.h"
#include "turn/guesstext.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

GST_DEBUG_CATEGORY_STATIC (cloud_stt_debug);
#define GST_CAT_DEFAULT cloud_stt_debug

#define DEFAULT_PROVIDER "pocketsphinx"
#define DEFAULT_LANGUAGE "en-US"
#define DEFAULT_TIMEOUT 3000
/* Turn numbers for audio that carries none start here. */
#define OWN_TURNS (1u << 30)
/* Turns that may wait for the recogniser before a fast source must. */
#define MAX_TURNS_BEHIND 2

enum
{
  PROP_0,
  PROP_PROVIDER,
  PROP_GRAMMAR,
  PROP_MODEL,
  PROP_LANGUAGE,
  PROP_HINTS,
  PROP_ENCODING,
  PROP_TIMEOUT,
  PROP_NEWLINE,
  PROP_ENDPOINTING,
  PROP_ENDPOINTING_LAST = PROP_ENDPOINTING + STT_ENDPOINT_N_PROPERTIES - 1
};

struct _GstCloudStt
{
  GstProviderElement parent;

  /* Under the object lock: */
  guint timeout;                /* ms */
  gboolean newline;

  /* On the loop: */
  SttRoute *route;
  SttEndpoints endpoints;
  ParleyAudioFormat format;
  GQueue turns;                 /* of SttTurn, oldest first */
  guint last_closed;            /* the highest turn with an outcome */
  ParleyEarlyText early;
  guint own_turn;
  gboolean live;                /* audio comes at the pace of speech */
  GstEvent *eos;                /* waits for the last outcome */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-mulaw, rate=8000, channels=1; "
        "audio/x-raw, format=S16LE, layout=interleaved, channels=1, "
        "rate={ 8000, 16000, 24000, 48000 }"));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/x-raw, format=utf8"));

G_DEFINE_FINAL_TYPE (GstCloudStt, gst_cloud_stt, GST_TYPE_PROVIDER_ELEMENT);
GST_ELEMENT_REGISTER_DEFINE (cloudstt, "cloudstt", GST_RANK_NONE,
    GST_TYPE_CLOUD_STT);

static GstLoopElement *
loop_element (GstCloudStt * self)
{
  return GST_LOOP_ELEMENT (self);
}

/* Turns */

/* NULL: that turn has its outcome already. */
static SttTurn *
open_turn (GstCloudStt * self, guint number)
{
  SttTurn *turn = stt_turns_find (&self->turns, number);

  if (turn || number <= self->last_closed)
    return turn;
  turn = stt_turn_new (number, self);
  g_queue_push_tail (&self->turns, turn);
  return turn;
}

/* A source faster than the recogniser waits while turns pile up: those of which
 * the recogniser has all, so that they need nothing that waits. */
static void
hold_if_behind (GstCloudStt * self)
{
  gst_loop_element_hold_in_loop (loop_element (self),
      stt_turns_count_unanswered (&self->turns) >= MAX_TURNS_BEHIND);
}

/* The turn is over: its text goes on, or the news that there is none. */
static void
outcome (GstCloudStt * self, SttTurn * turn)
{
  gboolean newline;

  g_queue_remove (&self->turns, turn);
  stt_route_answered (self->route, turn->turn, G_MAXUINT);
  self->last_closed = MAX (self->last_closed, turn->turn);
  if (turn->text->len > 0) {
    stt_texts_post (GST_PROVIDER_ELEMENT (self), turn->turn, turn->end,
        turn->text->str, TRUE, turn->confidence);
    GST_OBJECT_LOCK (self);
    newline = self->newline;
    GST_OBJECT_UNLOCK (self);
    GST_DEBUG_OBJECT (self, "turn %u: %s", turn->turn, turn->text->str);
    stt_texts_push_final (GST_PROVIDER_ELEMENT (self), turn, newline);
  } else {
    if (turn->failure)
      GST_ELEMENT_WARNING (self, STREAM, FAILED,
          ("The caller was not understood: %s.", turn->failure), (NULL));
    gst_loop_element_push_event_in_loop (loop_element (self),
        parley_event_new_turn_empty (turn->turn, turn->end, turn->failure));
  }
  stt_turn_free (turn);
  hold_if_behind (self);
}

static void
send_eos_if_due (GstCloudStt * self)
{
  if (self->eos && g_queue_is_empty (&self->turns))
    gst_loop_element_push_event_in_loop (loop_element (self),
        g_steal_pointer (&self->eos));
}

static void
settle_turn (GstCloudStt * self, SttTurn * turn)
{
  if (stt_turn_is_over (turn)) {
    outcome (self, turn);
    send_eos_if_due (self);
  } else if (!turn->end && turn->got && turn->resumed < turn->got
      && turn->text->len > 0 && !turn->failure) {
    stt_texts_push_guess (GST_PROVIDER_ELEMENT (self), turn, turn->got,
        turn->text->str, NULL);
  }
}

/* The recogniser was done when its answer was ready for the loop. */
static void
stamp_final (GstCloudStt * self, SttTurn * turn, gpointer provider)
{
  ParleyLoop *loop = gst_loop_element_get_loop (loop_element (self));

  stt_texts_stamp_recognised (GST_PROVIDER_ELEMENT (self), turn->timeline,
      provider, parley_loop_get_ready_time_in_loop (loop));
}

/* What a take that ended seems to be: told ahead of the final text where that
 * is mostly the same. */
static void
guess_early (GstCloudStt * self, SttTurn * turn)
{
  const gchar *text = stt_turn_get_early (turn);

  if (text && !turn->end && !turn->failure && turn->resumed < turn->finished
      && parley_early_text_is_trusted (&self->early))
    stt_texts_push_guess (GST_PROVIDER_ELEMENT (self), turn, turn->finished,
        text, stt_route_get_provider (self->route, turn->turn));
}

/* Who hears the turn from now on. What it was given is all that its texts will
 * be of. */
static void
follow_provider (GstCloudStt * self, SttTurn * turn)
{
  gpointer provider = stt_route_get_provider (self->route, turn->turn);

  if (!turn->again) {
    turn->whole = stt_endpoints_are_told_by (provider);
    turn->fixed = turn->text->len;
  }
  stt_endpoints_follow_in_loop (&self->endpoints, GST_PROVIDER_ELEMENT (self),
      provider);
}

static void await_final (GstCloudStt * self, SttTurn * turn);

/* Another recogniser hears what there is no answer to, and has as long for it
 * as the first had. */
static gboolean
switch_turn (GstCloudStt * self, SttTurn * turn, const GError * error)
{
  if (!stt_route_switch (self->route, turn->turn, error))
    return FALSE;
  follow_provider (self, turn);
  if (turn->timer) {
    parley_timer_clear (&turn->timer);
    await_final (self, turn);
  }
  return TRUE;
}

static gboolean
time_is_up (GstCloudStt * self, SttTurn * turn)
{
  gpointer provider = stt_route_get_provider (self->route, turn->turn);
  GError *error = NULL;
  gboolean goes_on;

  if (!provider)
    return TRUE;
  error = parley_net_error_new (PARLEY_NET_ERROR_TIMEOUT_TOTAL,
      gst_provider_element_get_name_in_loop (GST_PROVIDER_ELEMENT (self),
          provider), "the recogniser took too long: raise timeout, or set a "
      "fallback");
  goes_on = switch_turn (self, turn, error);
  if (!goes_on && !turn->failure)
    turn->failure = g_strdup (error->message);
  if (!goes_on)
    stamp_final (self, turn, provider);
  g_error_free (error);
  return !goes_on;
}

static gboolean
timed_out (gpointer data)
{
  SttTurn *turn = data;
  GstCloudStt *self = turn->owner;

  if (!gst_loop_element_is_running_in_loop (loop_element (self))
      || !time_is_up (self, turn))
    return G_SOURCE_REMOVE;
  turn->got = turn->end;
  settle_turn (self, turn);
  return G_SOURCE_REMOVE;
}

static void
await_final (GstCloudStt * self, SttTurn * turn)
{
  gint64 wait;

  GST_OBJECT_LOCK (self);
  wait = self->timeout * G_TIME_SPAN_MILLISECOND;
  GST_OBJECT_UNLOCK (self);
  if (wait == 0 || turn->timer)
    return;
  wait += stt_turn_get_extra_time (turn, self->live);
  turn->timer = parley_loop_add_timer (gst_loop_element_get_loop (loop_element
          (self)), parley_clock_now () + wait, timed_out, turn);
}

/* What is to come of the turn is up to the recogniser now, if the end has not
 * overtaken the audio. */
static void
wait_or_settle (GstCloudStt * self, SttTurn * turn)
{
  gboolean is_all = turn->end && turn->finished >= turn->end;

  if (is_all && !turn->told_over) {
    turn->told_over = TRUE;
    stt_route_end_turn (self->route, turn->turn);
  }
  if (is_all && turn->got < turn->end)
    await_final (self, turn);
  hold_if_behind (self);
  settle_turn (self, turn);
}

static void
end_turn (GstCloudStt * self, guint number, guint take, const gchar * by,
    const gchar * reason)
{
  SttTurn *turn = open_turn (self, number);

  if (!turn)
    return;
  stt_turn_end (turn, take, by);
  turn->reason = g_intern_string (reason);
  wait_or_settle (self, turn);
}

/* The serialized end of a take. One without audio has nothing to recognise. */
static void
end_take (GstCloudStt * self, guint number, guint take,
    ParleyTimeline * timeline)
{
  SttTurn *turn = open_turn (self, number);

  if (!turn || turn->finished >= take)
    return;
  turn->finished = take;
  g_clear_pointer (&turn->timeline, parley_timeline_unref);
  turn->timeline = timeline ? parley_timeline_ref (timeline) : NULL;
  if (turn->sent_take == take)
    stt_route_finish (self->route);
  else if (turn->got >= turn->sent_take)
    turn->got = take;
  guess_early (self, turn);
  wait_or_settle (self, turn);
}

/* Results of the provider */

/* NULL: nobody waits for what @provider says. */
static SttTurn *
awaiting_turn (GstCloudStt * self, gpointer provider, guint number, guint take)
{
  SttTurn *turn = stt_turns_find (&self->turns, number);

  if (!turn || take <= turn->got
      || !gst_loop_element_is_running_in_loop (loop_element (self))
      || !stt_route_is_of (self->route, provider, number, take))
    return NULL;
  return turn;
}

/* Takes that ended after the last one with audio are answered with it. */
static void
answered (GstCloudStt * self, SttTurn * turn, guint take, gpointer provider)
{
  stt_route_answered (self->route, turn->turn, take);
  turn->got = take == turn->sent_take ? MAX (take, turn->finished) : take;
  if (turn->got >= turn->finished)
    stamp_final (self, turn, provider);
  hold_if_behind (self);
}

/* For vadendpoint, which asks whether that is all. */
static void
on_partial (ParleySttProvider * provider, guint number, guint take,
    const gchar * text, GstCloudStt * self)
{
  SttTurn *turn = awaiting_turn (self, provider, number, take);
  gchar *whole;

  if (!turn)
    return;
  whole = stt_turn_join (turn, text);
  stt_texts_post (GST_PROVIDER_ELEMENT (self), number, take, whole, FALSE, 0);
  stt_texts_tell_upstream (GST_PROVIDER_ELEMENT (self), number, take, whole,
      FALSE);
  stt_turn_note_partial (turn, take, whole);
  guess_early (self, turn);
}

static void
on_final (ParleySttProvider * provider, guint number, guint take,
    const gchar * text, gdouble confidence, GstCloudStt * self)
{
  SttTurn *turn = awaiting_turn (self, provider, number, take);
  gchar *whole;

  if (!turn)
    return;
  whole = stt_turn_join (turn, text);
  if (turn->early_take == take)
    parley_early_text_judge (&self->early, turn->resumed < take
        && parley_guess_is_same (turn->early, whole));
  g_string_assign (turn->text, whole);
  g_free (whole);
  turn->confidence = confidence;
  answered (self, turn, take, provider);
  if (!stt_turn_is_over (turn)) {
    stt_texts_post (GST_PROVIDER_ELEMENT (self), number, take, turn->text->str,
        FALSE, 0);
    stt_texts_tell_upstream (GST_PROVIDER_ELEMENT (self), number, take,
        turn->text->str, TRUE);
  }
  settle_turn (self, turn);
}

static void
on_failed (ParleySttProvider * provider, guint number, guint take,
    GError * error, GstCloudStt * self)
{
  SttTurn *turn = awaiting_turn (self, provider, number, take);

  if (!turn || switch_turn (self, turn, error))
    return;
  stt_endpoints_follow_in_loop (&self->endpoints, GST_PROVIDER_ELEMENT (self),
      NULL);
  g_free (turn->failure);
  turn->failure = g_strdup (error->message);
  answered (self, turn, take, provider);
  settle_turn (self, turn);
}

/* vadendpoint decides what comes of it. It may do so before this returns. */
static void
on_endpoint (ParleySttProvider * provider, guint number, guint take,
    guint endpoint, const gchar * text, GstCloudStt * self)
{
  SttTurn *turn = stt_turns_find (&self->turns, number);

  if (!turn || !gst_loop_element_is_running_in_loop (loop_element (self))
      || !stt_route_is_heard_by (self->route, number, provider))
    return;
  if ((endpoint == PARLEY_STT_MAY_END || endpoint == PARLEY_STT_ENDS)
      && stt_turn_correct (turn, text)) {
    stt_texts_post (GST_PROVIDER_ELEMENT (self), number, turn->got,
        turn->text->str, FALSE, 0);
    settle_turn (self, turn);
  }
  stt_endpoints_tell_in_loop (GST_PROVIDER_ELEMENT (self), provider, number,
      take, endpoint);
}

/* Data */

static guint
own_turn (GstCloudStt * self)
{
  if (!self->own_turn)
    self->own_turn = MAX (OWN_TURNS, self->last_closed + 1);
  return self->own_turn;
}

/* Where turns are recognised as a whole nobody waits for the earlier takes any
 * more. The recogniser forgets all at once, so not while other turns are
 * due. */
static void
begin_take (GstCloudStt * self, SttTurn * turn, guint take)
{
  gboolean first = turn->sent_take == 0;
  GBytes *before;

  turn->sent_take = take;
  if (turn->again && self->turns.length == 1)
    stt_route_cancel (self->route);
  stt_route_begin (self->route, turn->turn, take, &self->format);
  if (first) {
    turn->whole = turn->again =
        parley_stt_provider_wants_whole_turns (stt_route_get_provider
        (self->route, turn->turn));
    follow_provider (self, turn);
  }
  before = stt_turn_get_audio_before (turn);
  if (before)
    stt_route_audio (self->route, before);
  g_clear_pointer (&before, g_bytes_unref);
}

static GstFlowReturn
gst_cloud_stt_buffer (GstLoopElement * element, GstBuffer * buffer)
{
  GstCloudStt *self = GST_CLOUD_STT (element);
  const ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);
  guint number = meta && meta->turn ? meta->turn : own_turn (self);
  guint take = meta && meta->turn ? meta->take : 1;
  SttTurn *turn = open_turn (self, number);
  GBytes *bytes;

  if (self->format.rate == 0) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION,
        ("Audio came without caps; put audioconvert before cloudstt."), (NULL));
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }
  if (turn && take > turn->finished) {
    if (turn->sent_take != take)
      begin_take (self, turn, take);
    bytes = stt_turn_take_buffer (turn, buffer);
    stt_route_audio (self->route, bytes);
    g_bytes_unref (bytes);
  } else if (turn && !turn->end) {
    bytes = stt_turn_copy_audio (buffer);
    stt_route_pause (self->route, number, bytes);
    g_bytes_unref (bytes);
  }
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

/* Events */

static gboolean
take_caps (GstCloudStt * self, GstEvent * event)
{
  GstCaps *caps;
  GstStructure *structure;
  gint rate = 8000;

  gst_event_parse_caps (event, &caps);
  structure = gst_caps_get_structure (caps, 0);
  gst_structure_get_int (structure, "rate", &rate);
  self->format.mulaw = gst_structure_has_name (structure, "audio/x-mulaw");
  self->format.rate = rate;
  gst_event_unref (event);
  return gst_loop_element_push_event_in_loop (loop_element (self),
      gst_event_new_caps (gst_static_pad_template_get_caps (&src_template)));
}

/* Nobody can end these any more. */
static void
end_open_turns (GstCloudStt * self)
{
  GList *next;

  for (GList * l = self->turns.head; l; l = next) {
    SttTurn *turn = l->data;
    guint number = turn->turn;
    guint take = MAX (MAX (turn->sent_take, turn->finished), 1);

    next = l->next;
    if (turn->end)
      take = turn->end;
    end_take (self, number, take, NULL);
    end_turn (self, number, take, NULL, NULL);
  }
}

static gboolean
take_eos (GstCloudStt * self, GstEvent * event)
{
  gst_event_replace (&self->eos, event);
  gst_event_unref (event);
  self->own_turn = 0;
  end_open_turns (self);
  send_eos_if_due (self);
  return TRUE;
}

static gboolean
take_turn_event (GstCloudStt * self, GstEvent * event)
{
  ParleyEventKind kind = parley_event_get_kind (event);
  guint number, take;
  SttTurn *turn;

  parley_event_parse_take (event, &number, &take);
  switch (kind) {
    case PARLEY_EVENT_SPEECH_START:
      open_turn (self, number);
      break;
    case PARLEY_EVENT_SPEECH_END:
      end_take (self, number, take, parley_event_get_timeline (event));
      break;
    case PARLEY_EVENT_SPEECH_RESUME:
      turn = open_turn (self, number);
      if (turn)
        turn->resumed = MAX (turn->resumed, take);
      break;
    case PARLEY_EVENT_TURN_END:
      end_turn (self, number, take, parley_event_get_provider (event),
          parley_event_get_reason (event));
      break;
    default:
      break;
  }
  /* What llmchat is to know goes on; the rest ends here. */
  if (kind == PARLEY_EVENT_SPEECH_END || kind == PARLEY_EVENT_TURN_END) {
    gst_event_unref (event);
    return TRUE;
  }
  return gst_loop_element_push_event_in_loop (loop_element (self), event);
}

static gboolean
gst_cloud_stt_event (GstLoopElement * element, GstEvent * event)
{
  GstCloudStt *self = GST_CLOUD_STT (element);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      return take_caps (self, event);
    case GST_EVENT_SEGMENT:
      self->live = gst_loop_element_is_live (element);
      gst_provider_element_refresh_in_loop (GST_PROVIDER_ELEMENT (self));
      stt_endpoints_follow_in_loop (&self->endpoints,
          GST_PROVIDER_ELEMENT (self),
          gst_provider_element_get_in_loop (GST_PROVIDER_ELEMENT (self)));
      break;
    case GST_EVENT_EOS:
      return take_eos (self, event);
    default:
      if (parley_event_parse_take (event, NULL, NULL))
        return take_turn_event (self, event);
      break;
  }
  return gst_loop_element_push_event_in_loop (element, event);
}

static void
forget (GstCloudStt * self)
{
  stt_route_forget (self->route);
  g_queue_clear_full (&self->turns, stt_turn_free);
  gst_clear_event (&self->eos);
  self->own_turn = 0;
  hold_if_behind (self);
}

static void
gst_cloud_stt_flush (GstLoopElement * element)
{
  forget (GST_CLOUD_STT (element));
}

/* The provider */

static void
gst_cloud_stt_connect (GstProviderElement * self, gpointer provider)
{
  g_signal_connect (provider, "partial", G_CALLBACK (on_partial), self);
  g_signal_connect (provider, "final", G_CALLBACK (on_final), self);
  g_signal_connect (provider, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect (provider, "endpoint", G_CALLBACK (on_endpoint), self);
}

static void
gst_cloud_stt_cancel (GstProviderElement * self, gpointer provider)
{
  parley_stt_provider_cancel (provider);
}

/* States */

static gboolean
gst_cloud_stt_open (GstLoopElement * element)
{
  return GST_LOOP_ELEMENT_CLASS (gst_cloud_stt_parent_class)->open (element)
      && stt_endpoint_check (GST_PROVIDER_ELEMENT (element));
}

static void
gst_cloud_stt_start (GstLoopElement * element)
{
  GstCloudStt *self = GST_CLOUD_STT (element);

  self->format.rate = 0;
  self->last_closed = 0;
  self->early = (ParleyEarlyText) {
  0};
  stt_endpoints_reset (&self->endpoints);
  GST_LOOP_ELEMENT_CLASS (gst_cloud_stt_parent_class)->start (element);
}

static void
gst_cloud_stt_stop (GstLoopElement * element)
{
  GstCloudStt *self = GST_CLOUD_STT (element);

  forget (self);
  GST_LOOP_ELEMENT_CLASS (gst_cloud_stt_parent_class)->stop (element);
}

static void
gst_cloud_stt_set_property (GObject * object, guint prop_id,
    const GValue * value, GParamSpec * pspec)
{
  GstCloudStt *self = GST_CLOUD_STT (object);

  if (gst_provider_element_set_setting (GST_PROVIDER_ELEMENT (self), value,
          pspec))
    return;
  GST_OBJECT_LOCK (self);
  if (prop_id == PROP_TIMEOUT)
    self->timeout = g_value_get_uint (value);
  else if (prop_id == PROP_NEWLINE)
    self->newline = g_value_get_boolean (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_cloud_stt_get_property (GObject * object, guint prop_id, GValue * value,
    GParamSpec * pspec)
{
  GstCloudStt *self = GST_CLOUD_STT (object);

  if (gst_provider_element_get_setting (GST_PROVIDER_ELEMENT (self), value,
          pspec))
    return;
  GST_OBJECT_LOCK (self);
  if (prop_id == PROP_TIMEOUT)
    g_value_set_uint (value, self->timeout);
  else if (prop_id == PROP_NEWLINE)
    g_value_set_boolean (value, self->newline);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_cloud_stt_finalize (GObject * object)
{
  stt_route_free (GST_CLOUD_STT (object)->route);
  G_OBJECT_CLASS (gst_cloud_stt_parent_class)->finalize (object);
}

static void
gst_cloud_stt_init (GstCloudStt * self)
{
  self->route = stt_route_new (GST_PROVIDER_ELEMENT (self));
  self->timeout = DEFAULT_TIMEOUT;
  g_queue_init (&self->turns);
  gst_loop_element_add_pads (loop_element (self));
}

static void
install_properties (GstProviderElementClass * klass)
{
  gst_provider_element_class_install_text (klass, PROP_PROVIDER,
      "provider", "Provider",
      "Name of the recogniser (pocketsphinx, azure, deepgram, openai)",
      DEFAULT_PROVIDER);
  gst_provider_element_class_install_text (klass, PROP_GRAMMAR,
      "grammar", "Grammar",
      "File with what callers may say: a JSGF grammar, or a conversation "
      "script (.json) that yields one (NULL = the full language model)", NULL);
  gst_provider_element_class_install_text (klass, PROP_MODEL,
      "model", "Model",
      "The provider's model: for pocketsphinx a folder (NULL = the one "
      "that is installed, or the provider's default)", NULL);
  gst_provider_element_class_install_text (klass, PROP_LANGUAGE,
      "language", "Language",
      "Language of the caller as a BCP 47 tag; call variables such as "
      "%{param.lang} work", DEFAULT_LANGUAGE);
  gst_provider_element_class_install_text (klass, PROP_HINTS,
      "hints", "Hints",
      "Names and words that callers are likely to say, with commas between "
      "them, or @FILE with one a line, for providers on the network; call "
      "variables work", NULL);
  gst_provider_element_class_install_text (klass, PROP_ENCODING,
      "encoding", "Encoding",
      "How azure gets the audio of a telephone: pcm or mulaw (NULL = pcm)",
      NULL);
  stt_endpoint_install (klass, PROP_ENDPOINTING);
  g_object_class_install_property (G_OBJECT_CLASS (klass), PROP_TIMEOUT,
      g_param_spec_uint ("timeout", "Timeout",
          "Give the recogniser up this long after a turn ended, in "
          "milliseconds (0 = never)", 0, 60000, DEFAULT_TIMEOUT,
          G_PARAM_READWRITE | GST_PARAM_MUTABLE_PLAYING
          | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (G_OBJECT_CLASS (klass), PROP_NEWLINE,
      g_param_spec_boolean ("newline", "Newline",
          "End each turn's text with a line break, for files and terminals",
          FALSE, G_PARAM_READWRITE | GST_PARAM_MUTABLE_PLAYING
          | G_PARAM_STATIC_STRINGS));
}

static void
gst_cloud_stt_class_init (GstCloudSttClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstLoopElementClass *loop_class = GST_LOOP_ELEMENT_CLASS (klass);
  GstProviderElementClass *provider_class = GST_PROVIDER_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (cloud_stt_debug, "cloudstt", 0, "Speech to text");
  object_class->set_property = gst_cloud_stt_set_property;
  object_class->get_property = gst_cloud_stt_get_property;
  object_class->finalize = gst_cloud_stt_finalize;
  install_properties (provider_class);

  loop_class->drop_oldest = TRUE;
  loop_class->arrival = PARLEY_AT_STT_IN;
  provider_class->kind = PARLEY_PROVIDER_STT;
  provider_class->connect = gst_cloud_stt_connect;
  provider_class->cancel = gst_cloud_stt_cancel;
  loop_class->open = gst_cloud_stt_open;
  loop_class->start = gst_cloud_stt_start;
  loop_class->stop = gst_cloud_stt_stop;
  loop_class->buffer = gst_cloud_stt_buffer;
  loop_class->event = gst_cloud_stt_event;
  loop_class->flush = gst_cloud_stt_flush;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Speech to text",
      "Converter/Audio/Text", "The caller's words, one text buffer a turn",
      "Parley developers");
}
