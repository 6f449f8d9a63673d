/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-mulawsink
 * @title: mulawsink
 * @short_description: plays a voice agent's audio to a caller
 *
 * mulawsink sends audio into the Twilio Media Streams socket of the pipeline's
 * call (context `parley.call`, offered by twiliosrc or the application), as
 * `media` messages of 160 bytes: 20 ms of G.711 mu-law at 8 kHz. Other rates
 * and 16-bit samples are filtered, resampled and encoded in one pass.
 *
 * The first frame that may be heard is sent at once, the following ones at most
 * #GstMulawSink:lead ahead of real time; while the agent is silent nothing is
 * sent. `mark` messages named `e<epoch>:<sentence>:<ms>:<clears>` follow each
 * sentence, every 500 ms of audio and each end; their echoes tell what was
 * heard. Audio is kept until its mark came back, so that a reply that was
 * paused goes on from the last word that was heard for certain.
 *
 * Buffers belong to the reply (epoch) that their ParleyTurnMeta names. A reply
 * is withheld until `parley/release`. Buffers without the meta are played as
 * they come. Replies are played one after the other.
 *
 * The element makes no thread: it runs on the call's loop, its chain never
 * waits, and it takes no part in preroll. In PAUSED audio is queued and nothing
 * is sent. Another thread that pushes (after a `queue`, from `appsrc`) waits
 * while 30 s of audio without the meta are queued.
 *
 * Without a call the element behaves as if it sent: paced by the clock, marks
 * coming back when their audio would have been played.
 *
 * ## Events taken
 *
 * - `parley/release`, `parley/pause`, `parley/unpause`, `parley/interrupt`,
 *   out of band: `epoch` (guint64): may be heard; stop and `clear`; go on from
 *   what was heard; this epoch and those before it are void. A pause without
 *   `at-once` (gboolean) that comes while an uninterruptible passage is played
 *   takes effect when the end of the passage was heard.
 * - `parley/passage`, serialized: `epoch` (guint64), `open` (gboolean): what
 *   follows of it cannot be interrupted; it can again.
 * - `parley/reply-end`, serialized: `epoch` (guint64): nothing more in it.
 * - EOS: when the last mark has come back, but after what remains to be played
 *   plus 5 s at most, the call's socket is closed and EOS posted.
 * - A flush drops audio without the meta; replies are dropped by
 *   `parley/interrupt` alone.
 *
 * ## Events sent upstream
 *
 * - `parley/playing`: `epoch` (guint64), `playing` (gboolean): its first frame
 *   was sent; it was heard to its end or made void.
 * - `parley/heard`: `epoch` (guint64), `sequence` (guint, sentence), `ms`
 *   (guint, into the epoch), `begun`, `done`, `answer`, `deferred` (gboolean):
 *   at each mark that came back and, with `answer`, to each `parley/pause`;
 *   with `deferred` to one that stands until a passage is over.
 *
 * ## Messages
 *
 * - element message `mulawsink-playing`, along with each `parley/playing`:
 *   `epoch` (guint64), `playing` (gboolean), `time` (guint64, nanoseconds of
 *   the monotonic clock).
 * - element message `parley-turn`, once a reply's first sound was heard, or the
 *   reply ended before: where the time since the caller's last word went, as of
 *   parley_turn_report_to_structure().
 * - element message `parley-wait`: times for which the first frame of a reply
 *   was withheld or could not be sent.
 * - EOS, also when the caller's socket has gone.
 *
 * ## Example launch line
 *
 * |[
 * gst-launch-1.0 twiliosrc port=8080 ! mulawsink
 * ]|
 * An echo: who calls hears himself.
 *
 * Since: 0.1
 */

#include "gstmulawsink.h"

#include <gst/audio/audio.h>

#include "net/clock.h"
#include "speech/mulawresampler.h"
#include "turn/playqueue.h"
#include "turn/playtimes.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

GST_DEBUG_CATEGORY_STATIC (mulaw_sink_debug);
#define GST_CAT_DEFAULT mulaw_sink_debug

#define DEFAULT_LEAD 120
#define MIN_LEAD 20
#define MAX_LEAD 1000
/* How long after everything should have been played the last echo may come. */
#define EOS_GRACE_US (5 * G_TIME_SPAN_SECOND)
/* Threads that push wait between these two, in bytes (30 s and 20 s). */
#define BACKLOG_HIGH (30 * 8000)
#define BACKLOG_LOW (20 * 8000)

enum
{
  PROP_0,
  PROP_LEAD,
  PROP_STATS
};

/* A mark that comes back by itself, without a call. */
typedef struct
{
  gint64 due;
  gchar name[PARLEY_PLAY_MARK_SIZE];
} Echo;

struct _GstMulawSink
{
  GstLoopElement parent;

  /* atomic */
  gint lead;                    /* ms */
  gint playing;

  /* object lock */
  ParleyPlayStats published;

  /* On the loop: */
  ParleyPlayStats stats;
  ParleyPlayQueue *queue;
  ParleyPlayTimes *times;
  gint64 echoed;                /* µs: when the last mark came back */
  ParleyTick *tick;
  gboolean driving;
  gboolean holding;

  ParleyMulawResampler *resampler;      /* NULL: the input is mu-law */
  gboolean negotiated;
  GByteArray *converted;
  guint64 epoch;                /* of the last buffer */
  guint sequence;

  ParleyCall *call;
  guint handler;
  gboolean started;             /* the call, or there is none */
  gboolean gone;                /* the socket */
  GQueue echoes;                /* of Echo */

  guint32 eos_seqnum;
  gboolean eos_pending;
  gboolean eos_posted;
  GSource *eos_timer;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-mulaw, rate = (int) 8000, channels = (int) 1; "
        "audio/x-raw, format = (string) " GST_AUDIO_NE (S16)
        ", layout = (string) interleaved, rate = (int) [ 8000, 48000 ], "
        "channels = (int) 1"));

G_DEFINE_FINAL_TYPE (GstMulawSink, gst_mulaw_sink, GST_TYPE_LOOP_ELEMENT);
GST_ELEMENT_REGISTER_DEFINE (mulawsink, "mulawsink", GST_RANK_NONE,
    GST_TYPE_MULAW_SINK);

static void gst_mulaw_sink_drive (GstMulawSink * self);

/* EOS */

static void
gst_mulaw_sink_post_eos (GstMulawSink * self)
{
  GstMessage *message;

  if (self->eos_posted)
    return;
  self->eos_posted = TRUE;
  self->eos_pending = FALSE;
  parley_timer_clear (&self->eos_timer);
  message = gst_message_new_eos (GST_OBJECT (self));
  if (self->eos_seqnum != GST_SEQNUM_INVALID)
    gst_message_set_seqnum (message, self->eos_seqnum);
  gst_element_post_message (GST_ELEMENT (self), message);
}

static void
gst_mulaw_sink_finish (GstMulawSink * self)
{
  ParleyCall *call = self->call;

  GST_INFO_OBJECT (self, "the agent has finished");
  if (call)
    parley_call_end (call);
  gst_mulaw_sink_post_eos (self);
}

static gboolean
gst_mulaw_sink_eos_overdue (gpointer data)
{
  GST_WARNING_OBJECT (data, "the last mark did not come back in time");
  gst_mulaw_sink_finish (data);
  return G_SOURCE_REMOVE;
}

static void
gst_mulaw_sink_check_eos (GstMulawSink * self)
{
  gint64 now = parley_clock_now ();

  if (!self->eos_pending || !g_atomic_int_get (&self->playing))
    return;
  if (!parley_play_queue_is_pending (self->queue))
    gst_mulaw_sink_finish (self);
  else if (!self->eos_timer && self->started)
    self->eos_timer =
        parley_loop_add_timer (gst_loop_element_get_loop (GST_LOOP_ELEMENT
            (self)), now + EOS_GRACE_US
        + parley_play_queue_get_remaining (self->queue, now),
        gst_mulaw_sink_eos_overdue, self);
}

/* Sending */

static void
gst_mulaw_sink_send_mark (GstMulawSink * self, const gchar * name)
{
  Echo *echo;

  if (self->call) {
    parley_call_send_mark_in_loop (self->call, name);
    return;
  }
  echo = g_new (Echo, 1);
  echo->due = parley_play_queue_get_played_at (self->queue);
  g_strlcpy (echo->name, name, sizeof echo->name);
  g_queue_push_tail (&self->echoes, echo);
}

static void
gst_mulaw_sink_take_echoes (GstMulawSink * self, gint64 now)
{
  Echo *echo;

  while ((echo = g_queue_peek_head (&self->echoes)) && echo->due <= now) {
    g_queue_pop_head (&self->echoes);
    self->echoed = echo->due;
    parley_play_queue_echo (self->queue, echo->name);
    g_free (echo);
  }
}

static void
gst_mulaw_sink_send_clear (GstMulawSink * self)
{
  if (self->call)
    parley_call_send_clear_in_loop (self->call);
  else
    g_queue_clear_full (&self->echoes, g_free);
}

/* Tells where the time until the reply went. Takes @report, which may be
 * NULL. */
static void
gst_mulaw_sink_post_turn (GstMulawSink * self, ParleyTurnReport * report)
{
  if (!report)
    return;
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          parley_turn_report_to_structure (report)));
  parley_turn_report_free (report);
}

static void
gst_mulaw_sink_note_playing (GstMulawSink * self, guint64 epoch,
    gboolean playing)
{
  if (!playing) {
    gst_mulaw_sink_post_turn (self, epoch ?
        parley_play_times_over (self->times, epoch) : NULL);
    return;
  }
  gst_loop_element_post_waits_in_loop (GST_LOOP_ELEMENT (self),
      parley_play_times_get (self->times, epoch), epoch,
      PARLEY_AT_SINK_TAKEN, PARLEY_AT_SENT);
}

static void
gst_mulaw_sink_report_playing (GstMulawSink * self, guint64 epoch,
    gboolean playing)
{
  GST_DEBUG_OBJECT (self, "epoch %" G_GUINT64_FORMAT " %s", epoch,
      playing ? "begins" : "ends");
  gst_mulaw_sink_note_playing (self, epoch, playing);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("mulawsink-playing", "epoch", G_TYPE_UINT64,
              epoch, "playing", G_TYPE_BOOLEAN, playing, "time",
              G_TYPE_UINT64, (guint64) parley_clock_now () * GST_USECOND,
              NULL)));
  gst_loop_element_push_upstream_in_loop (GST_LOOP_ELEMENT (self),
      parley_event_new_playing (epoch, playing));
}

static void
gst_mulaw_sink_report_heard (GstMulawSink * self, const ParleyHeard * heard)
{
  if (!heard->answer && !heard->deferred)
    gst_mulaw_sink_post_turn (self, parley_play_times_heard (self->times,
            heard->epoch, heard->ms, self->echoed));
  gst_loop_element_push_upstream_in_loop (GST_LOOP_ELEMENT (self),
      parley_event_new_heard (heard));
}

static void
gst_mulaw_sink_perform (GstMulawSink * self, const ParleyPlayAction * action)
{
  switch (action->kind) {
    case PARLEY_PLAY_CLEAR:
      gst_mulaw_sink_send_clear (self);
      break;
    case PARLEY_PLAY_MARK:
      gst_mulaw_sink_send_mark (self, action->mark);
      break;
    case PARLEY_PLAY_PLAYING:
      gst_mulaw_sink_report_playing (self, action->epoch, action->playing);
      break;
    case PARLEY_PLAY_HEARD:
      gst_mulaw_sink_report_heard (self, &action->heard);
      break;
  }
}

static gboolean
gst_mulaw_sink_may_send (GstMulawSink * self)
{
  if (!self->started || !g_atomic_int_get (&self->playing))
    return FALSE;
  return !self->call || parley_call_can_send_in_loop (self->call);
}

/* One frame, if it is due and can go; asking the call may end the call. */
static gboolean
gst_mulaw_sink_send_frame (GstMulawSink * self, gint64 now)
{
  gint64 lead = g_atomic_int_get (&self->lead) * G_TIME_SPAN_MILLISECOND;
  guint8 frame[PARLEY_PLAY_FRAME];
  guint64 epoch;

  if (!parley_play_queue_frame_due (self->queue, now, lead, &epoch))
    return FALSE;
  parley_play_times_ready (self->times, epoch, now);
  if (!gst_mulaw_sink_may_send (self)
      || !parley_play_queue_take_frame (self->queue, now, lead, frame))
    return FALSE;
  parley_play_times_sent (self->times, epoch, parley_clock_now ());
  if (self->call)
    parley_call_send_media_in_loop (self->call, frame, sizeof frame);
  return TRUE;
}

static gboolean
gst_mulaw_sink_tick (gpointer data)
{
  gst_mulaw_sink_drive (data);
  return G_SOURCE_CONTINUE;
}

static void
gst_mulaw_sink_update_tick (GstMulawSink * self)
{
  ParleyLoop *loop = gst_loop_element_get_loop (GST_LOOP_ELEMENT (self));
  gboolean wanted = self->started && g_atomic_int_get (&self->playing)
      && (parley_play_queue_wants_tick (self->queue)
      || !g_queue_is_empty (&self->echoes));

  if (wanted && !self->tick)
    self->tick = parley_loop_add_tick_in_loop (loop, gst_mulaw_sink_tick, self);
  else if (!wanted && self->tick)
    parley_loop_remove_tick_in_loop (loop, g_steal_pointer (&self->tick));
}

static void
gst_mulaw_sink_update_hold (GstMulawSink * self)
{
  gsize backlog = parley_play_queue_get_backlog (self->queue);
  gboolean hold = backlog >= (self->holding ? BACKLOG_LOW : BACKLOG_HIGH);

  if (hold == self->holding)
    return;
  self->holding = hold;
  gst_loop_element_hold_in_loop (GST_LOOP_ELEMENT (self), hold);
}

static void
gst_mulaw_sink_publish (GstMulawSink * self)
{
  GST_OBJECT_LOCK (self);
  self->published = self->stats;
  GST_OBJECT_UNLOCK (self);
}

/* Does all that is due. What it reports may come back here as an event while
 * it is at it: that is then done by the outer call, in order. */
static void
gst_mulaw_sink_drive (GstMulawSink * self)
{
  ParleyPlayAction action;
  gint64 now = parley_clock_now ();

  if (self->driving)
    return;
  self->driving = TRUE;
  gst_mulaw_sink_take_echoes (self, now);
  if (self->started && g_atomic_int_get (&self->playing))
    parley_play_queue_advance (self->queue, now);
  do {
    while (parley_play_queue_pop (self->queue, &action))
      gst_mulaw_sink_perform (self, &action);
  } while (gst_mulaw_sink_send_frame (self, now));
  self->driving = FALSE;

  gst_mulaw_sink_check_eos (self);
  gst_mulaw_sink_update_tick (self);
  gst_mulaw_sink_update_hold (self);
  gst_mulaw_sink_publish (self);
}

/* The call */

static void
gst_mulaw_sink_call_started (ParleyCall * call, gpointer data)
{
  GstMulawSink *self = data;

  self->started = TRUE;
  gst_mulaw_sink_drive (self);
}

static void
gst_mulaw_sink_call_mark (ParleyCall * call, const gchar * name, gpointer data)
{
  GstMulawSink *self = data;

  self->echoed = parley_loop_get_ready_time_in_loop (parley_call_get_loop
      (call));
  if (parley_play_queue_echo (self->queue, name))
    gst_mulaw_sink_drive (self);
  else
    GST_LOG_OBJECT (self, "mark %s does not count", name);
}

static void
gst_mulaw_sink_call_ended (ParleyCall * call, const GError * error,
    gpointer data)
{
  GstMulawSink *self = data;
  ParleyHeard standing = {.answer = TRUE };
  ParleyTurnReport *report;

  GST_INFO_OBJECT (self, "the call has ended");
  self->gone = TRUE;
  while ((report = parley_play_times_over (self->times, 0)))
    gst_mulaw_sink_post_turn (self, report);
  standing.epoch = parley_play_queue_get_standing (self->queue);
  parley_play_queue_reset (self->queue);
  /* Nobody is to wait for the end of a passage. */
  if (standing.epoch)
    gst_mulaw_sink_report_heard (self, &standing);
  gst_mulaw_sink_post_eos (self);
  gst_mulaw_sink_drive (self);
}

static const ParleyCallHandler call_handler = {
  .started = gst_mulaw_sink_call_started,
  .mark = gst_mulaw_sink_call_mark,
  .ended = gst_mulaw_sink_call_ended,
};

/* Input */

static void
gst_mulaw_sink_append (GstMulawSink * self, const guint8 * data, gsize len)
{
  parley_play_times_audio (self->times, self->epoch, data, len);
  parley_play_queue_append (self->queue, parley_clock_now (), self->epoch,
      self->sequence, data, len);
}

/* What the filter still holds belongs to the audio before. */
static void
gst_mulaw_sink_drain (GstMulawSink * self)
{
  if (!self->resampler)
    return;
  g_byte_array_set_size (self->converted, 0);
  parley_mulaw_resampler_drain (self->resampler, self->converted);
  gst_mulaw_sink_append (self, self->converted->data, self->converted->len);
}

static void
gst_mulaw_sink_convert (GstMulawSink * self, const GstMapInfo * map)
{
  if (!self->resampler) {
    gst_mulaw_sink_append (self, map->data, map->size);
    return;
  }
  g_byte_array_set_size (self->converted, 0);
  parley_mulaw_resampler_push (self->resampler, (const gint16 *) map->data,
      map->size / sizeof (gint16), self->converted);
  gst_mulaw_sink_append (self, self->converted->data, self->converted->len);
}

/* Notes which epoch and sentence the audio that follows belongs to. */
static void
gst_mulaw_sink_enter (GstMulawSink * self, GstBuffer * buffer)
{
  ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);
  guint64 epoch = meta ? meta->epoch : 0;
  guint sequence = meta ? meta->sequence : 0;

  if (epoch == self->epoch && sequence == self->sequence
      && !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT))
    return;
  gst_mulaw_sink_drain (self);
  self->epoch = epoch;
  self->sequence = sequence;
}

static GstFlowReturn
gst_mulaw_sink_buffer (GstLoopElement * element, GstBuffer * buffer)
{
  GstMulawSink *self = GST_MULAW_SINK (element);
  GstFlowReturn flow = GST_FLOW_OK;
  GstMapInfo map;

  if (self->gone) {
    flow = GST_FLOW_EOS;
  } else if (!self->negotiated) {
    flow = GST_FLOW_NOT_NEGOTIATED;
  } else if (gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    gst_mulaw_sink_enter (self, buffer);
    parley_play_times_begin (self->times, self->epoch,
        parley_buffer_get_timeline (buffer));
    gst_mulaw_sink_convert (self, &map);
    gst_buffer_unmap (buffer, &map);
    gst_mulaw_sink_drive (self);
  }
  gst_buffer_unref (buffer);
  return flow;
}

static void
gst_mulaw_sink_set_caps (GstMulawSink * self, GstCaps * caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  gint rate = 0;

  gst_mulaw_sink_drain (self);
  g_clear_pointer (&self->resampler, parley_mulaw_resampler_free);
  if (gst_structure_has_name (structure, "audio/x-raw")
      && gst_structure_get_int (structure, "rate", &rate))
    self->resampler = parley_mulaw_resampler_new (rate);
  self->negotiated = TRUE;
}

static void
gst_mulaw_sink_reply_end (GstMulawSink * self, guint64 epoch)
{
  if (epoch == self->epoch)
    gst_mulaw_sink_drain (self);
  parley_play_queue_reply_end (self->queue, epoch);
}

static void
gst_mulaw_sink_pause (GstMulawSink * self, GstEvent * event)
{
  gboolean at_once = FALSE;
  guint64 epoch = 0;

  parley_event_parse_pause (event, &epoch, &at_once);
  parley_play_queue_pause (self->queue, parley_clock_now (), epoch, at_once);
}

static void
gst_mulaw_sink_passage (GstMulawSink * self, GstEvent * event)
{
  gboolean open = FALSE;
  guint64 epoch = 0;

  parley_event_parse_passage (event, &epoch, &open);
  if (epoch == self->epoch)
    gst_mulaw_sink_drain (self);
  parley_play_queue_passage (self->queue, epoch, open);
}

static void
gst_mulaw_sink_eos (GstMulawSink * self, GstEvent * event)
{
  self->eos_seqnum = gst_event_get_seqnum (event);
  self->eos_pending = !self->eos_posted;
  gst_mulaw_sink_drain (self);
  parley_play_queue_end (self->queue);
}

/* FALSE: not one of ours. */
static gboolean
gst_mulaw_sink_handle_parley (GstMulawSink * self, GstEvent * event)
{
  guint64 epoch = 0;

  parley_event_parse_epoch (event, &epoch);
  switch (parley_event_get_kind (event)) {
    case PARLEY_EVENT_RELEASE:
      parley_play_times_released (self->times, epoch,
          parley_event_get_timeline (event), parley_clock_now ());
      parley_play_queue_release (self->queue, epoch);
      return TRUE;
    case PARLEY_EVENT_PAUSE:
      gst_mulaw_sink_pause (self, event);
      return TRUE;
    case PARLEY_EVENT_PASSAGE:
      gst_mulaw_sink_passage (self, event);
      return TRUE;
    case PARLEY_EVENT_UNPAUSE:
      parley_play_queue_unpause (self->queue, epoch);
      return TRUE;
    case PARLEY_EVENT_INTERRUPT:
      parley_play_queue_interrupt (self->queue, epoch);
      return TRUE;
    case PARLEY_EVENT_REPLY_END:
      gst_mulaw_sink_reply_end (self, epoch);
      return TRUE;
    default:
      return FALSE;
  }
}

static gboolean
gst_mulaw_sink_event (GstLoopElement * element, GstEvent * event)
{
  GstMulawSink *self = GST_MULAW_SINK (element);
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    gst_event_parse_caps (event, &caps);
    gst_mulaw_sink_set_caps (self, caps);
  } else if (GST_EVENT_TYPE (event) == GST_EVENT_EOS) {
    gst_mulaw_sink_eos (self, event);
  } else if (!gst_mulaw_sink_handle_parley (self, event)) {
    return gst_loop_element_push_event_in_loop (element, event);
  }
  gst_event_unref (event);
  gst_mulaw_sink_drive (self);
  return TRUE;
}

static void
gst_mulaw_sink_forget_eos (GstMulawSink * self)
{
  parley_timer_clear (&self->eos_timer);
  self->eos_pending = self->eos_posted = FALSE;
  self->eos_seqnum = GST_SEQNUM_INVALID;
}

static void
gst_mulaw_sink_flush (GstLoopElement * element)
{
  GstMulawSink *self = GST_MULAW_SINK (element);

  if (self->resampler)
    parley_mulaw_resampler_reset (self->resampler);
  parley_play_queue_flush (self->queue);
  if (!self->gone)
    gst_mulaw_sink_forget_eos (self);
  gst_mulaw_sink_drive (self);
}

/* States */

static void
gst_mulaw_sink_start (GstLoopElement * element)
{
  GstMulawSink *self = GST_MULAW_SINK (element);
  ParleyCall *call = gst_loop_element_get_call_in_loop (element);

  self->stats = (ParleyPlayStats) {
  0};
  gst_mulaw_sink_publish (self);
  if (call) {
    self->call = g_object_ref (call);
    self->handler = parley_call_add_handler_in_loop (call, &call_handler, self);
  } else {
    self->started = TRUE;
  }
}

static void
gst_mulaw_sink_stop (GstLoopElement * element)
{
  GstMulawSink *self = GST_MULAW_SINK (element);

  if (self->call)
    parley_call_remove_handler_in_loop (self->call, self->handler);
  g_clear_object (&self->call);
  self->started = self->gone = FALSE;
  parley_play_queue_reset (self->queue);
  parley_play_times_reset (self->times);
  g_queue_clear_full (&self->echoes, g_free);
  gst_mulaw_sink_update_tick (self);
  gst_mulaw_sink_update_hold (self);
  gst_mulaw_sink_forget_eos (self);
  g_clear_pointer (&self->resampler, parley_mulaw_resampler_free);
  self->negotiated = FALSE;
  self->epoch = 0;
  self->sequence = 0;
}

static void
gst_mulaw_sink_resume (GstLoopElement * element)
{
  gst_mulaw_sink_drive (GST_MULAW_SINK (element));
}

static GstStateChangeReturn
gst_mulaw_sink_change_state (GstElement * element, GstStateChange transition)
{
  GstMulawSink *self = GST_MULAW_SINK (element);
  GstStateChangeReturn result =
      GST_ELEMENT_CLASS (gst_mulaw_sink_parent_class)->change_state (element,
      transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING
      && result != GST_STATE_CHANGE_FAILURE)
    g_atomic_int_set (&self->playing, TRUE);
  else if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    g_atomic_int_set (&self->playing, FALSE);
  else
    return result;
  gst_loop_element_invoke (GST_LOOP_ELEMENT (self), gst_mulaw_sink_resume);
  return result;
}

/* Properties */

static GstStructure *
gst_mulaw_sink_make_stats (GstMulawSink * self)
{
  ParleyPlayStats stats;

  GST_OBJECT_LOCK (self);
  stats = self->published;
  GST_OBJECT_UNLOCK (self);
  return gst_structure_new ("mulawsink-stats",
      "frames-sent", G_TYPE_UINT64, stats.frames_sent,
      "clears", G_TYPE_UINT64, stats.clears,
      "marks-sent", G_TYPE_UINT64, stats.marks_sent,
      "marks-echoed", G_TYPE_UINT64, stats.marks_echoed,
      "underruns", G_TYPE_UINT64, stats.underruns,
      "bytes-dropped", G_TYPE_UINT64, stats.bytes_dropped, NULL);
}

static void
gst_mulaw_sink_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstMulawSink *self = GST_MULAW_SINK (object);

  switch (id) {
    case PROP_LEAD:
      g_value_set_uint (value, g_atomic_int_get (&self->lead));
      break;
    case PROP_STATS:
      g_value_take_boxed (value, gst_mulaw_sink_make_stats (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_mulaw_sink_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstMulawSink *self = GST_MULAW_SINK (object);

  switch (id) {
    case PROP_LEAD:
      g_atomic_int_set (&self->lead, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_mulaw_sink_finalize (GObject * object)
{
  GstMulawSink *self = GST_MULAW_SINK (object);

  parley_play_queue_free (self->queue);
  parley_play_times_free (self->times);
  g_byte_array_unref (self->converted);
  G_OBJECT_CLASS (gst_mulaw_sink_parent_class)->finalize (object);
}

static void
gst_mulaw_sink_init (GstMulawSink * self)
{
  gst_loop_element_add_pads (GST_LOOP_ELEMENT (self));
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
  self->lead = DEFAULT_LEAD;
  self->queue = parley_play_queue_new (&self->stats);
  self->times = parley_play_times_new ();
  self->converted = g_byte_array_new ();
  g_queue_init (&self->echoes);
}

static void
gst_mulaw_sink_class_init (GstMulawSinkClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstLoopElementClass *loop_class = GST_LOOP_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (mulaw_sink_debug, "mulawsink", 0,
      "Plays audio to the caller");

  object_class->finalize = gst_mulaw_sink_finalize;
  object_class->get_property = gst_mulaw_sink_get_property;
  object_class->set_property = gst_mulaw_sink_set_property;
  element_class->change_state = gst_mulaw_sink_change_state;
  loop_class->is_player = TRUE;
  loop_class->arrival = PARLEY_AT_SINK_IN;
  loop_class->start = gst_mulaw_sink_start;
  loop_class->stop = gst_mulaw_sink_stop;
  loop_class->buffer = gst_mulaw_sink_buffer;
  loop_class->event = gst_mulaw_sink_event;
  loop_class->flush = gst_mulaw_sink_flush;

  g_object_class_install_property (object_class, PROP_LEAD,
      g_param_spec_uint ("lead", "Lead",
          "How far ahead of real time audio is sent at most, in milliseconds; "
          "less reacts faster to an interruption, more survives a worse "
          "network", MIN_LEAD, MAX_LEAD, DEFAULT_LEAD,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
          | GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Of this run: frames-sent (20 ms each), clears, marks-sent, "
          "marks-echoed (that still counted), underruns (a reply under way had "
          "nothing to send) and bytes-dropped (of void replies, at 8000 a "
          "second), all guint64", GST_TYPE_STRUCTURE,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Mu-law call sink", "Sink/Audio/Network",
      "Plays audio to the caller of a Twilio Media Stream, paced, with marks "
      "and instant interruption", "Parley developers");
}
