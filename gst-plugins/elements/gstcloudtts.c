/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-cloudtts
 * @title: cloudtts
 * @short_description: text to speech, streamed sentence by sentence
 *
 * Speaks each text buffer (a sentence) with the synthesiser that
 * #GstCloudTts:provider names, and pushes the sound as it is made. `flite` has
 * the better English voices, `espeak` many languages; both run on this machine
 * in a pool of worker threads. `openai` and `elevenlabs` are services on the
 * network: see docs/providers/openai.md and docs/providers/elevenlabs.md.
 *
 * Where downstream takes 8 kHz mu-law, as mulawsink does, the sound is
 * converted to it once, here, and kept in a cache that all calls share: a
 * sentence that any of them has heard before (the same provider, voice and
 * settings) comes out at once. #GstCloudTts:cache says where, and
 * docs/caching.md more. Else the output is S16LE at the voice's rate. Of the
 * silence that a voice begins with 20 ms are left.
 *
 * The output has a timeline of its own: the first sample of what is said is
 * stamped with the present running time. Not more than 30 seconds are made
 * ahead of real time.
 *
 * `parley/interrupt` drops what is void, cancels its synthesis, and flushes
 * downstream (reset-time FALSE) when all that was pushed is void, so that a
 * queue in between empties too.
 *
 * A sentence of which nothing was heard when its provider failed is spoken by
 * the first of #GstCloudTts:fallback that can, and so is the rest of the
 * reply; one that broke off is not said again. When nobody can speak,
 * #GstCloudTts:sorry-text is heard in place of the rest of the reply. A
 * sentence that is refused for itself is left out with a warning.
 *
 * Everything but the synthesis runs on the call's loop; the element starts no
 * thread.
 *
 * ## Element messages
 *
 * `parley-usage`, when the provider is asked for a sentence that is neither in
 * the cache nor being made for another call, for what it costs:
 * * `kind` ("tts"), `provider`, `model` (may be missing), `unit` ("character")
 * * `amount` (#gdouble): of characters
 *
 * `parley-provider-switch`, when a fallback goes on; see docs/failure.md:
 * * `kind` ("tts"), `from`, `to` (#gchararray), `from-index`, `to-index`
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
 * Takes `parley/interrupt`, `parley/reply-end` and `parley/passage`, which keep
 * their place among the sentences; adds to `parley/heard`, on
 * its way upstream, the text that was heard: see turnevents.h.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=letter.txt ! text/x-raw,format=utf8 \
 *   ! cloudtts provider=flite ! wavenc ! filesink location=letter.wav
 * ]| Speaks a text file into a WAV file.
 *
 * Since: 0.1
 */

#include "cloudtts.h"

#include <string.h>

#include "net/clock.h"
#include "prewarm.h"
#include "providers/cloud.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

GST_DEBUG_CATEGORY_STATIC (cloud_tts_debug);
#define GST_CAT_DEFAULT cloud_tts_debug

#define DEFAULT_PROVIDER "flite"
#define DEFAULT_LANGUAGE "en-US"
#define DEFAULT_SPEED 1.0
#define DEFAULT_CACHE "memory"
#define DEFAULT_SORRY "Sorry, I cannot speak just now. Please call again later."
/* Jitter of the synthesis that a live sink behind should allow for. */
#define LATENCY (40 * GST_MSECOND)
/* How far ahead of real time sound is made. */
#define MAX_AHEAD (30 * GST_SECOND)
/* Sentences at the provider at once: the next is ready when this one ends. */
#define MAX_UNDER_WAY 2

enum
{
  PROP_0,
  PROP_PROVIDER,
  PROP_VOICE,
  PROP_MODEL,
  PROP_INSTRUCTIONS,
  PROP_LANGUAGE,
  PROP_SPEED,
  PROP_STABILITY,
  PROP_SIMILARITY,
  PROP_TRANSPORT,
  PROP_CACHE,
  PROP_CACHE_SIZE,
  PROP_CACHE_TTL,
  PROP_SORRY_TEXT
};

enum
{
  SIGNAL_PREWARM,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/x-raw, format=utf8"));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-mulaw, rate=8000, channels=1; "
        "audio/x-raw, format=S16LE, layout=interleaved, channels=1, "
        "rate=[ 8000, 48000 ]"));

G_DEFINE_FINAL_TYPE (GstCloudTts, gst_cloud_tts, GST_TYPE_PROVIDER_ELEMENT);
GST_ELEMENT_REGISTER_DEFINE (cloudtts, "cloudtts", GST_RANK_NONE,
    GST_TYPE_CLOUD_TTS);

static GstLoopElement *
loop_element (GstCloudTts * self)
{
  return GST_LOOP_ELEMENT (self);
}

/* Output */

static void
push_format (GstCloudTts * self, const ParleyAudioFormat * format)
{
  GstCaps *caps;

  if (self->out.rate == format->rate && self->out.mulaw == format->mulaw)
    return;
  if (format->mulaw)
    caps = gst_caps_new_simple ("audio/x-mulaw", "rate", G_TYPE_INT, 8000,
        "channels", G_TYPE_INT, 1, NULL);
  else
    caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING,
        "S16LE", "layout", G_TYPE_STRING, "interleaved", "rate", G_TYPE_INT,
        (gint) format->rate, "channels", G_TYPE_INT, 1, NULL);
  gst_loop_element_push_event_in_loop (loop_element (self),
      gst_event_new_caps (caps));
  gst_caps_unref (caps);
  self->out = *format;
}

static void
push_segment (GstCloudTts * self)
{
  GstSegment segment;

  if (!self->need_segment)
    return;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_loop_element_push_event_in_loop (loop_element (self),
      gst_event_new_segment (&segment));
  self->need_segment = FALSE;
}

static GstClockTime
duration_of (const ParleyAudioFormat * format, gsize len)
{
  return gst_util_uint64_scale (format->mulaw ? len : len / 2, GST_SECOND,
      format->rate);
}

static void
stamp_out (GstCloudTts * self, TtsJob * job, GstBuffer * buffer)
{
  parley_timeline_stamp (job->timeline, PARLEY_AT_TTS_OUT, parley_clock_now ());
  gst_loop_element_post_waits_in_loop (loop_element (self), job->timeline,
      job->epoch, PARLEY_AT_TTS_TAKEN, PARLEY_AT_TTS_OUT);
  parley_buffer_set_timeline (buffer, job->timeline);
}

static void
push_ready (GstCloudTts * self, TtsJob * job)
{
  gsize len = job->ready->len;
  GstClockTime now = gst_loop_element_running_time (loop_element (self));
  GstBuffer *buffer;
  ParleyTurnMeta *meta;

  if (len == 0)
    return;
  push_format (self, &job->format);
  push_segment (self);
  buffer = gst_buffer_new_wrapped (g_byte_array_free (job->ready, FALSE), len);
  job->ready = g_byte_array_new ();
  if (!GST_CLOCK_TIME_IS_VALID (now))
    now = 0;
  if (self->next_pts < now) {
    self->next_pts = now;
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  }
  GST_BUFFER_PTS (buffer) = self->next_pts;
  GST_BUFFER_DURATION (buffer) = duration_of (&job->format, len);
  self->next_pts += GST_BUFFER_DURATION (buffer);
  meta = parley_buffer_add_turn_meta (buffer);
  meta->epoch = job->epoch;
  meta->sequence = job->sequence;
  meta->turn = job->turn;
  if (!job->begun)
    stamp_out (self, job, buffer);
  self->pushed_epoch = job->epoch;
  spoken_texts_note (self->spoken, job->epoch, job->begun ? NULL : job->text,
      job->words, GST_BUFFER_DURATION (buffer));
  job->begun = TRUE;
  if (!job->epoch) {
    self->unowned_end = self->next_pts;
    self->sorry_said &= job->sorry;
  }
  if (job->epoch == self->silent_epoch)
    self->silent_epoch = 0;
  gst_loop_element_push_in_loop (loop_element (self), buffer);
}

/* Jobs */

static void process (GstCloudTts * self);

/* The first audio of a sentence came. */
static void
stamp_audio (GstCloudTts * self, TtsJob * job)
{
  ParleyLoop *loop = gst_loop_element_get_loop (loop_element (self));

  if (!job->timeline || job->begun || job->ready->len)
    return;
  parley_timeline_stamp (job->timeline, PARLEY_AT_TTS_AUDIO,
      parley_loop_get_ready_time_in_loop (loop));
  parley_timeline_set_provider (job->timeline, PARLEY_AT_TTS_AUDIO,
      cloud_tts_name_of (self, job->provider));
  if (parley_synthesis_is_cached (job->synthesis))
    parley_timeline_set_cached (job->timeline);
}

void
cloud_tts_audio (const ParleyAudioFormat * format, const guint8 * samples,
    gsize len, gpointer data)
{
  TtsJob *job = data;
  GstCloudTts *self = job->owner;

  stamp_audio (self, job);
  job->format = *format;
  g_byte_array_append (job->ready, samples, len);
  if (g_queue_peek_head (&self->jobs) == job)
    push_ready (self, job);
}

void
cloud_tts_word (guint n, guint ms, gpointer data)
{
  TtsJob *job = data;
  const SpokenWord word = { n, ms };

  g_array_append_val (job->words, word);
}

void
cloud_tts_done (const GError * error, gpointer data)
{
  TtsJob *job = data;
  GstCloudTts *self = job->owner;

  g_clear_pointer (&job->synthesis, parley_synthesis_free);
  job->done = TRUE;
  if (error && gst_loop_element_is_running_in_loop (loop_element (self)))
    cloud_tts_take_failure (self, job, error);
  process (self);
}


static gboolean
enough_ahead (gpointer data)
{
  GstCloudTts *self = data;

  parley_timer_clear (&self->ahead_timer);
  process (self);
  return G_SOURCE_REMOVE;
}

/* Whether so much is made already that the next sentence can wait. */
static gboolean
is_far_ahead (GstCloudTts * self)
{
  GstClockTime now = gst_loop_element_running_time (loop_element (self));
  GstClockTime ahead;

  if (!GST_CLOCK_TIME_IS_VALID (now) || self->next_pts <= now + MAX_AHEAD)
    return FALSE;
  ahead = self->next_pts - now - MAX_AHEAD;
  parley_timer_clear (&self->ahead_timer);
  self->ahead_timer = parley_loop_add_timer (gst_loop_element_get_loop
      (loop_element (self)), parley_clock_now ()
      + (gint64) GST_TIME_AS_USECONDS (ahead) + 1, enough_ahead, self);
  return TRUE;
}

static void
start_jobs (GstCloudTts * self)
{
  guint n = 0;

  for (GList * l = self->jobs.head; l && n < MAX_UNDER_WAY; l = l->next) {
    TtsJob *job = l->data;

    if (job->event || job->done || cloud_tts_is_given_up (self, job))
      continue;
    n++;
    if (job->synthesis)
      continue;
    if (is_far_ahead (self))
      return;
    parley_timeline_stamp (job->timeline, PARLEY_AT_TTS_ASKED,
        parley_clock_now ());
    cloud_tts_synthesise (self, job, cloud_tts_choose_provider (self, job));
  }
}

static void
process (GstCloudTts * self)
{
  TtsJob *job;

  /* A push may come back here through an event. */
  if (self->processing)
    return;
  self->processing = TRUE;
  while ((job = g_queue_peek_head (&self->jobs))) {
    if (job->event && !cloud_tts_owes_sorry (self, job)) {
      g_queue_pop_head (&self->jobs);
      gst_loop_element_push_event_in_loop (loop_element (self),
          g_steal_pointer (&job->event));
    } else if (job->event) {
      continue;
    } else {
      push_ready (self, job);
      /* The push may have voided it. */
      if (g_queue_peek_head (&self->jobs) != job)
        continue;
      if (!job->done && !cloud_tts_is_given_up (self, job))
        break;
      if (job->begun)
        spoken_texts_end (self->spoken, job->epoch);
      g_queue_pop_head (&self->jobs);
    }
    cloud_tts_job_free (job);
  }
  self->processing = FALSE;
  start_jobs (self);
}

static TtsJob *
add_job (GstCloudTts * self)
{
  TtsJob *job = cloud_tts_job_new (self);

  g_queue_push_tail (&self->jobs, job);
  return job;
}

static gboolean
downstream_takes_mulaw (GstCloudTts * self)
{
  GstCaps *allowed =
      gst_pad_get_allowed_caps (gst_loop_element_get_src_pad (loop_element
          (self)));
  gboolean takes = FALSE;

  for (guint i = 0; allowed && i < gst_caps_get_size (allowed); i++)
    takes |= gst_structure_has_name (gst_caps_get_structure (allowed, i),
        "audio/x-mulaw");
  gst_clear_caps (&allowed);
  return takes;
}

static gchar *
buffer_text (GstBuffer * buffer)
{
  GstMapInfo map;
  gchar *text;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return g_strdup ("");
  text = g_utf8_make_valid ((gchar *) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  return g_strstrip (text);
}

static GstFlowReturn
gst_cloud_tts_buffer (GstLoopElement * element, GstBuffer * buffer)
{
  GstCloudTts *self = GST_CLOUD_TTS (element);
  const ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);

  gchar *text = buffer_text (buffer);

  if (*text && (!meta || !meta->epoch || meta->epoch > self->void_epoch)) {
    TtsJob *job = add_job (self);

    if (meta) {
      job->epoch = meta->epoch;
      job->sequence = meta->sequence;
      job->turn = meta->turn;
      if (meta->timeline)
        job->timeline = parley_timeline_ref (meta->timeline);
    }
    job->text = g_steal_pointer (&text);
    if (self->out.rate == 0)
      self->mulaw = downstream_takes_mulaw (self);
    process (self);
  }
  g_free (text);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

/* Events */

static gboolean
job_is_void (TtsJob * job, guint64 epoch)
{
  guint64 event_epoch = job->epoch;

  if (job->event && !parley_event_parse_epoch (job->event, &event_epoch))
    return FALSE;
  return event_epoch && event_epoch <= epoch;
}

/* Whether sound that no interrupt voids may still wait downstream. */
static gboolean
is_unowned_due (GstCloudTts * self)
{
  GstClockTime now = gst_loop_element_running_time (loop_element (self));

  return self->unowned_end && (!GST_CLOCK_TIME_IS_VALID (now)
      || now < self->unowned_end);
}

static void
interrupt (GstCloudTts * self, guint64 epoch)
{
  GList *next;

  self->void_epoch = MAX (self->void_epoch, epoch);
  for (GList * l = self->jobs.head; l; l = next) {
    next = l->next;
    if (job_is_void (l->data, epoch)) {
      cloud_tts_job_free (l->data);
      g_queue_delete_link (&self->jobs, l);
    }
  }
  if (self->pushed_epoch && self->pushed_epoch <= epoch
      && !is_unowned_due (self)) {
    gst_loop_element_push_event_in_loop (loop_element (self),
        gst_event_new_flush_start ());
    gst_loop_element_push_event_in_loop (loop_element (self),
        gst_event_new_flush_stop (FALSE));
    self->need_segment = TRUE;
    self->next_pts = 0;
    self->pushed_epoch = 0;
  }
}

/* What is behind sentences waits for them. */
static gboolean
queue_event (GstCloudTts * self, GstEvent * event)
{
  if (g_queue_is_empty (&self->jobs) && !self->silent_epoch)
    return gst_loop_element_push_event_in_loop (loop_element (self), event);
  add_job (self)->event = event;
  process (self);
  return TRUE;
}

static gboolean
push_past (GstCloudTts * self, GstEvent * event)
{
  guint64 epoch;

  if (parley_event_get_kind (event) == PARLEY_EVENT_INTERRUPT
      && parley_event_parse_epoch (event, &epoch))
    interrupt (self, epoch);
  gst_loop_element_push_event_in_loop (loop_element (self), event);
  process (self);
  return TRUE;
}

static gboolean
gst_cloud_tts_event (GstLoopElement * element, GstEvent * event)
{
  GstCloudTts *self = GST_CLOUD_TTS (element);

  if (!GST_EVENT_IS_SERIALIZED (event))
    return push_past (self, event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_SEGMENT:
      gst_provider_element_refresh_in_loop (GST_PROVIDER_ELEMENT (self));
      gst_event_unref (event);
      return TRUE;
    case GST_EVENT_CAPS:
    case GST_EVENT_GAP:
      /* Of the text's timeline; sound has its own. */
      gst_event_unref (event);
      return TRUE;
    default:
      return queue_event (self, event);
  }
}

static gboolean
gst_cloud_tts_upstream (GstLoopElement * element, GstEvent * event)
{
  GstCloudTts *self = GST_CLOUD_TTS (element);
  ParleyHeard heard;

  if (parley_event_parse_heard (event, &heard) && !heard.text) {
    gchar *text = spoken_texts_take_heard (self->spoken, &heard);

    heard.text = text;
    gst_event_unref (event);
    event = parley_event_new_heard (&heard);
    g_free (text);
  }
  return gst_loop_element_push_upstream_in_loop (element, event);
}

static gboolean
gst_cloud_tts_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, LATENCY, GST_CLOCK_TIME_NONE);
  return TRUE;
}

static void
forget (GstCloudTts * self)
{
  g_queue_clear_full (&self->jobs, cloud_tts_job_free);
  parley_timer_clear (&self->ahead_timer);
  spoken_texts_clear (self->spoken);
  self->pushed_epoch = 0;
  self->unowned_end = 0;
  self->next_pts = 0;
  self->need_segment = TRUE;
  self->stand_in = NULL;
  self->silent_epoch = 0;
  self->sorry_said = FALSE;
}

static void
gst_cloud_tts_flush (GstLoopElement * element)
{
  forget (GST_CLOUD_TTS (element));
}

/* States */

/* FALSE: nobody can, or it would be of no use. */
static gboolean
prewarm (GstCloudTts * self, const gchar * const *texts)
{
  GstProviderElement *element = GST_PROVIDER_ELEMENT (self);
  ParleyTtsProvider *provider = gst_provider_element_dup (element);
  ParleyCache *cache;

  GST_OBJECT_LOCK (self);
  cache = self->keep.cache;
  GST_OBJECT_UNLOCK (self);
  if (!provider)
    return FALSE;
  if (cache && downstream_takes_mulaw (self)
      && !gst_provider_element_has_variables (element))
    parley_synthesis_prewarm (provider, cache, texts);
  g_object_unref (provider);
  return cache != NULL;
}

static void
gst_cloud_tts_prewarm (GstCloudTts * self, const gchar * text)
{
  const gchar *texts[] = { text, NULL };

  if (text)
    prewarm (self, texts);
}

static gboolean
gst_cloud_tts_sink_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  GstCloudTts *self = GST_CLOUD_TTS (parent);
  gchar **texts = prewarm_query_dup_texts (query);
  gboolean done;

  if (!texts)
    return self->sink_query (pad, parent, query);
  done = prewarm (self, (const gchar * const *) texts);
  g_strfreev (texts);
  return done;
}

static gboolean
open_cache (GstCloudTts * self)
{
  gchar *where = gst_provider_element_dup_text (GST_PROVIDER_ELEMENT (self),
      "cache");
  ParleySynthesisKeep keep = { NULL, PARLEY_CACHE_REPLY, 0 };
  GError *error = NULL;
  gsize size;

  GST_OBJECT_LOCK (self);
  size = (gsize) self->cache_size * 1024 * 1024;
  keep.ttl = self->cache_ttl ? self->cache_ttl * G_TIME_SPAN_SECOND
      : PARLEY_CACHE_TTL_SPEECH;
  GST_OBJECT_UNLOCK (self);
  if (!parley_caches_open (PARLEY_CACHE_SPEECH, where ? where : DEFAULT_CACHE,
          size, &keep.cache, &error)) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("%s.", error->message),
        (NULL));
    g_error_free (error);
  } else {
    /* The loop may still be at work with the same, of a run that has ended. */
    GST_OBJECT_LOCK (self);
    if (self->keep.cache != keep.cache || self->keep.ttl != keep.ttl)
      self->keep = keep;
    GST_OBJECT_UNLOCK (self);
  }
  g_free (where);
  return error == NULL;
}

/* What is said when nobody can speak is made while somebody can. */
static gboolean
gst_cloud_tts_open (GstLoopElement * element)
{
  GstCloudTts *self = GST_CLOUD_TTS (element);
  const gchar *texts[] = { NULL, NULL };
  gchar *sorry;
  gpointer provider;

  if (!open_cache (self) || !GST_LOOP_ELEMENT_CLASS
      (gst_cloud_tts_parent_class)->open (element))
    return FALSE;
  sorry = gst_provider_element_dup_text (GST_PROVIDER_ELEMENT (self),
      "sorry-text");
  provider = gst_provider_element_dup (GST_PROVIDER_ELEMENT (self));
  texts[0] = sorry;
  if (sorry && *sorry && parley_cloud_of (provider))
    prewarm (self, texts);
  g_object_unref (provider);
  g_free (sorry);
  return TRUE;
}

static void
gst_cloud_tts_start (GstLoopElement * element)
{
  GstCloudTts *self = GST_CLOUD_TTS (element);

  self->out.rate = 0;
  self->void_epoch = 0;
  GST_LOOP_ELEMENT_CLASS (gst_cloud_tts_parent_class)->start (element);
  forget (self);
}

static void
gst_cloud_tts_stop (GstLoopElement * element)
{
  GstCloudTts *self = GST_CLOUD_TTS (element);

  forget (self);
  g_clear_object (&self->flite);
  GST_LOOP_ELEMENT_CLASS (gst_cloud_tts_parent_class)->stop (element);
}

static void
gst_cloud_tts_set_property (GObject * object, guint prop_id,
    const GValue * value, GParamSpec * pspec)
{
  GstCloudTts *self = GST_CLOUD_TTS (object);

  if (gst_provider_element_set_setting (GST_PROVIDER_ELEMENT (self), value,
          pspec))
    return;
  GST_OBJECT_LOCK (self);
  if (prop_id == PROP_SPEED)
    self->speed = g_value_get_double (value);
  else if (prop_id == PROP_CACHE_SIZE)
    self->cache_size = g_value_get_uint (value);
  else if (prop_id == PROP_CACHE_TTL)
    self->cache_ttl = g_value_get_uint (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_cloud_tts_get_property (GObject * object, guint prop_id, GValue * value,
    GParamSpec * pspec)
{
  GstCloudTts *self = GST_CLOUD_TTS (object);

  if (gst_provider_element_get_setting (GST_PROVIDER_ELEMENT (self), value,
          pspec))
    return;
  GST_OBJECT_LOCK (self);
  if (prop_id == PROP_SPEED)
    g_value_set_double (value, self->speed);
  else if (prop_id == PROP_CACHE_SIZE)
    g_value_set_uint (value, self->cache_size);
  else if (prop_id == PROP_CACHE_TTL)
    g_value_set_uint (value, self->cache_ttl);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_cloud_tts_finalize (GObject * object)
{
  GstCloudTts *self = GST_CLOUD_TTS (object);

  spoken_texts_free (self->spoken);
  G_OBJECT_CLASS (gst_cloud_tts_parent_class)->finalize (object);
}

static void
gst_cloud_tts_init (GstCloudTts * self)
{
  self->speed = DEFAULT_SPEED;
  g_queue_init (&self->jobs);
  self->spoken = spoken_texts_new ();
  gst_loop_element_add_pads (loop_element (self));
  gst_pad_set_query_function (gst_loop_element_get_src_pad (loop_element
          (self)), gst_cloud_tts_query);
  self->sink_query = GST_PAD_QUERYFUNC (gst_loop_element_get_sink_pad
      (loop_element (self)));
  gst_pad_set_query_function (gst_loop_element_get_sink_pad (loop_element
          (self)), gst_cloud_tts_sink_query);
}

static void
install_cache_properties (GstProviderElementClass * klass)
{
  GParamFlags flags = G_PARAM_READWRITE | GST_PARAM_MUTABLE_READY
      | G_PARAM_STATIC_STRINGS;

  gst_provider_element_class_install_text (klass, PROP_CACHE, "cache", "Cache",
      "Where spoken sentences are kept: memory, dir:PATH (which outlives the "
      "process; several may share it), or off", DEFAULT_CACHE);
  g_object_class_install_property (G_OBJECT_CLASS (klass), PROP_CACHE_SIZE,
      g_param_spec_uint ("cache-size", "Cache size",
          "How much is kept there, in MiB; the first element of the process "
          "that uses it decides (0 = 64 in memory, 1024 in a directory)", 0,
          1024 * 1024, 0, flags));
  g_object_class_install_property (G_OBJECT_CLASS (klass), PROP_CACHE_TTL,
      g_param_spec_uint ("cache-ttl", "Cache TTL",
          "How long sentences of conversations are good for, in seconds (0 = a "
          "day); what was prewarmed is for 30 days", 0, G_MAXINT32, 0, flags));
}

static void
install_properties (GstProviderElementClass * klass)
{
  gst_provider_element_class_install_text (klass, PROP_PROVIDER,
      "provider", "Provider",
      "Name of the synthesiser (flite, espeak, elevenlabs, openai)",
      DEFAULT_PROVIDER);
  gst_provider_element_class_install_text (klass, PROP_VOICE,
      "voice", "Voice",
      "The provider's name of the voice; call variables such as "
      "%{param.voice} work (NULL = the provider's default)", NULL);
  gst_provider_element_class_install_text (klass, PROP_MODEL,
      "model", "Model",
      "The provider's model, for providers on the network; call variables "
      "work (NULL = the provider's default)", NULL);
  gst_provider_element_class_install_text (klass, PROP_INSTRUCTIONS,
      "instructions", "Instructions",
      "How to speak, in words, where the provider's model takes that; call "
      "variables work", NULL);
  gst_provider_element_class_install_text (klass, PROP_LANGUAGE,
      "language", "Language",
      "Language of the replies as a BCP 47 tag, where the voice does not "
      "tell; call variables work", DEFAULT_LANGUAGE);
  g_object_class_install_property (G_OBJECT_CLASS (klass), PROP_SPEED,
      g_param_spec_double ("speed", "Speed",
          "How fast to speak, as a factor of the voice's own pace", 0.5, 2.0,
          DEFAULT_SPEED, G_PARAM_READWRITE | GST_PARAM_MUTABLE_READY
          | G_PARAM_STATIC_STRINGS));
  gst_provider_element_class_install_number (klass, PROP_STABILITY,
      g_param_spec_double ("stability", "Stability",
          "How evenly a voice of elevenlabs speaks (-1 = as the voice has it)",
          -1, 1, -1, 0));
  gst_provider_element_class_install_number (klass, PROP_SIMILARITY,
      g_param_spec_double ("similarity", "Similarity",
          "How close elevenlabs keeps to the voice (-1 = as the voice has it)",
          -1, 1, -1, 0));
  gst_provider_element_class_install_text (klass, PROP_TRANSPORT,
      "transport", "Transport",
      "How elevenlabs is asked: websocket or http (NULL = websocket)", NULL);
  gst_provider_element_class_install_text (klass, PROP_SORRY_TEXT,
      "sorry-text", "Sorry text",
      "What is said, once a reply, when no provider can speak: made at the "
      "start and kept, else by flite (empty = nothing)", DEFAULT_SORRY);
  install_cache_properties (klass);
}

static void
gst_cloud_tts_class_init (GstCloudTtsClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstLoopElementClass *loop_class = GST_LOOP_ELEMENT_CLASS (klass);
  GstProviderElementClass *provider_class = GST_PROVIDER_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (cloud_tts_debug, "cloudtts", 0, "Text to speech");
  object_class->set_property = gst_cloud_tts_set_property;
  object_class->get_property = gst_cloud_tts_get_property;
  object_class->finalize = gst_cloud_tts_finalize;
  install_properties (provider_class);

  /**
   * GstCloudTts::prewarm:
   * @text: a sentence that will be spoken soon, such as a greeting
   *
   * Makes @text and keeps it in the cache. From READY on, any thread; it does
   * not wait.
   */
  signals[SIGNAL_PREWARM] = g_signal_new_class_handler ("prewarm",
      G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gst_cloud_tts_prewarm), NULL, NULL, NULL, G_TYPE_NONE, 1,
      G_TYPE_STRING);

  provider_class->kind = PARLEY_PROVIDER_TTS;
  loop_class->arrival = PARLEY_AT_TTS_IN;
  loop_class->open = gst_cloud_tts_open;
  loop_class->start = gst_cloud_tts_start;
  loop_class->stop = gst_cloud_tts_stop;
  loop_class->buffer = gst_cloud_tts_buffer;
  loop_class->event = gst_cloud_tts_event;
  loop_class->flush = gst_cloud_tts_flush;
  loop_class->upstream = gst_cloud_tts_upstream;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Text to speech",
      "Converter/Text/Audio", "Speaks text, streamed sentence by sentence",
      "Parley developers");
}
