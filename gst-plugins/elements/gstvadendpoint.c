/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-vadendpoint
 * @title: vadendpoint
 * @short_description: finds the turns of a caller's speech
 *
 * Lets speech through and nothing else, and says when it begins and ends. It
 * starts no thread, speaks no protocol, and works on whatever thread pushes.
 *
 * Audio is cut into frames of 10 ms. A voice activity detector, which follows
 * the noise on the line and looks at the spectrum above it, calls each frame
 * voice or silence. A turn opens once #GstVadEndpoint:min-speech of voice was
 * seen; what lies up to #GstVadEndpoint:preroll before it belongs to it. It is
 * over after #GstVadEndpoint:silence, counted from the end of voice, which is
 * some 90 ms after the last speech; if speech seems to begin just then, it
 * waits for up to 100 ms to be sure. Lost packets, holes in the timestamps and
 * GAP events count as silence, so that a turn ends on a dead line too.
 *
 * With #GstVadEndpoint:eager-silence the speech is reported to end sooner, so
 * that recognition and answer may begin, and is taken up again as a new take of
 * the same turn if the caller goes on before the turn is over; nothing he says
 * is lost.
 *
 * With #GstVadEndpoint:min-silence or #GstVadEndpoint:max-silence the silence
 * that ends a turn depends on what was said: on the partial texts that a
 * recogniser behind it sends up, on whether the voice was let down or kept up,
 * and on the rules of #GstVadEndpoint:language. It is decided when silence
 * begins, and again with each text that comes meanwhile. Without them it is
 * always #GstVadEndpoint:silence.
 *
 * A recogniser behind it may tell when a turn is over: with its property
 * `endpointing=provider`, as soon as it has told words of a turn, it alone
 * decides, until nothing was heard and nothing told for a second more than its
 * longest wait; with `both` whoever is first. The audio of a turn then goes out
 * with its pauses, which belong to the take before them.
 *
 * Our own voice that comes back from the caller's loudspeaker is no voice with
 * #GstVadEndpoint:echo-suppression, if the pipeline has a call (context
 * `parley.call`, offered by twiliosrc or the application): what was sent there,
 * and when, is compared with what comes, at all delays up to 0.9 s.
 *
 * Outside of turns GAP events go out in place of audio, about two a second and
 * one just before speech. Buffers are split exactly where decisions fall, in
 * samples, and never copied. Timestamps are counted in samples from the
 * input's, and set anew from it on DISCONT; OFFSET counts samples since the
 * stream began. The first buffer after a gap has DISCONT. Audio is held by
 * reference for the length of the preroll, and after an eager end for that of
 * the silence.
 *
 * In a turn audio is pushed at once. The latency this element answers is the
 * frame it listens to, 10 ms. The preroll is late by its own length and
 * #GstVadEndpoint:min-speech, and what followed an eager end by that pause:
 * whoever plays this pad in sync must allow for it.
 *
 * ## Events
 *
 * Sent downstream. The fields turn and take are #guint; turns count from 1 in
 * each run of the element, takes from 1 in each turn.
 *
 * - `parley/speech-start` (turn, take), out of band: a turn began; sent before
 *   its first buffer.
 * - `parley/speech-end` (turn, take, arrived), serialized: the take seems to be
 *   over; sent after its last buffer, with the timeline of the answer.
 * - `parley/speech-resume` (turn, take), out of band: the caller went on; take
 *   is the one that had ended, and audio from here on belongs to the next.
 * - `parley/turn-end` (turn, take, arrived), out of band: this take was the
 *   last of the turn.
 *
 * The field provider (string) of speech-end and turn-end names the recogniser
 * that ended it; it is missing where silence did. The field arrived (#gint64,
 * µs of the monotonic clock) tells when the packet with the last voice of the
 * turn came; 0 if the input does not say.
 *
 * At EOS, and before another format or segment, an open turn ends. A flush
 * takes its audio away; that it is over is said after the next segment.
 *
 * Passing `parley/dtmf` (turn, take, digit) whose turn is 0 gets a turn of its
 * own. `parley/partial` (turn, take, text, final), `parley/endpoint` (turn,
 * take, endpoint, provider) and `parley/endpointing` (endpointing, wait) from
 * downstream end here.
 *
 * Each buffer carries #ParleyTurnMeta with turn, take, and arrived of the input
 * packet that holds its first sample.
 *
 * ## Messages
 *
 * `vadendpoint-activity`, at each change of the decision about a frame:
 *
 * - `stream-time` (#guint64, ns): the beginning of the frame
 * - `voice` (#gboolean): whether there is voice from there on
 *
 * `vadendpoint-speech`, 120 ms later, when it is settled where speech began or
 * ended, to a frame or two where there is little noise; a gap of up to 100 ms
 * is part of it:
 *
 * - `stream-time` (#guint64, ns): where
 * - `speech` (#gboolean): whether there is speech from there on
 *
 * `vadendpoint-turn`, at the beginning and the end of each turn:
 *
 * - `turn`, `take` (#guint)
 * - `event` (string): "start" or "end"
 * - `stream-time`, `running-time` (#guint64, ns): where it began or ended
 * - `arrived` (#gint64, µs): as above; with "end"
 * - `reason` (string): why it ended; with "end". The name of a rule, "doubtful"
 *   if none held, "silence" if the silence is fixed, "provider" if a recogniser
 *   told, "max-turn" or "end-of-stream"
 * - `wait` (#guint, ms): the silence that was awaited; with "end"
 * - `tone` (string): of the last speech: "falling", "level", "held", "rising",
 *   or "unknown", as always if the silence is fixed; with "end"
 * - `text` (string): what had been recognised of it until then; with "end", and
 *   only if there was any
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -m filesrc location=caller.wav ! wavparse ! audioconvert \
 *   ! audioresample ! audio/x-raw,format=S16LE,channels=1,rate=8000 \
 *   ! vadendpoint silence=400 ! fakesink
 * ]| Prints what the caller's turns are.
 *
 * |[
 * gst-launch-1.0 twiliosrc port=8080 \
 *   ! vadendpoint eager-silence=50 silence=400 \
 *   ! cloudstt ! llmchat script=pipelines/appointments.json \
 *   ! cloudtts ! mulawsink
 * ]| Answers a phone call.
 *
 * Since: 0.1
 */

#include "vadendpoint.h"

#include <string.h>

#include "turn/turnevents.h"

GST_DEBUG_CATEGORY (vad_endpoint_debug);
#define GST_CAT_DEFAULT vad_endpoint_debug

#define FRAME_TIME (PARLEY_ENDPOINTER_FRAME_MS * GST_MSECOND)

#define DEFAULT_SILENCE 400
#define DEFAULT_TEXT_LAG 200
#define DEFAULT_LANGUAGE "en-US"
#define DEFAULT_EAGER_SILENCE 50
#define DEFAULT_MIN_SPEECH 60
#define DEFAULT_PREROLL 250
#define DEFAULT_MAX_TURN 30000
#define DEFAULT_SENSITIVITY 0.5

enum
{
  PROP_0,
  PROP_SILENCE,
  PROP_MIN_SILENCE,
  PROP_MAX_SILENCE,
  PROP_TEXT_LAG,
  PROP_LANGUAGE,
  PROP_RULES,
  PROP_EAGER_SILENCE,
  PROP_MIN_SPEECH,
  PROP_PREROLL,
  PROP_MAX_TURN,
  PROP_SENSITIVITY,
  PROP_ECHO_SUPPRESSION
};

#define CAPS "audio/x-mulaw, rate = (int) 8000, channels = (int) 1; " \
    "audio/x-raw, format = (string) S16LE, " \
    "rate = (int) { 8000, 16000, 24000, 48000 }, channels = (int) 1"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));

G_DEFINE_TYPE_WITH_CODE (GstVadEndpoint, gst_vad_endpoint, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (vad_endpoint_debug, "vadendpoint", 0,
        "Turns of speech"));
GST_ELEMENT_REGISTER_DEFINE (vadendpoint, "vadendpoint", GST_RANK_NONE,
    GST_TYPE_VAD_ENDPOINT);

/* Input */

static void
take_settings (GstVadEndpoint * self)
{
  gboolean changed;

  GST_OBJECT_LOCK (self);
  changed = self->wanted_changed;
  self->wanted_changed = FALSE;
  if (changed)
    self->settings = self->wanted;
  GST_OBJECT_UNLOCK (self);
  if (!changed)
    return;
  parley_endpointer_set (self->endpointer, &self->settings.endpointer);
  vad_wait_voice (self);
  voice_frames_set_sensitivity (self->frames, self->settings.sensitivity);
  self->follows_echo = FALSE;
}

static GstFlowReturn
gst_vad_endpoint_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstVadEndpoint *self = GST_VAD_ENDPOINT (parent);
  gsize size = gst_buffer_get_size (buffer);

  if (!self->frames)
    goto not_negotiated;
  if (self->segment.format != GST_FORMAT_TIME)
    goto no_time;
  if (size % voice_frames_get_sample_size (self->frames) != 0)
    goto half_sample;

  vad_told_enter (self);
  speech_gate_begin (&self->gate);
  turn_times_take (&self->times, buffer, held_audio_get_end (self->gate.held));
  take_settings (self);
  vad_echo_follow (self);
  vad_told_settle (self);
  vad_input_follow_time (self, buffer);
  if (size == 0)
    gst_buffer_unref (buffer);
  else
    vad_input_take (self, buffer,
        size / voice_frames_get_sample_size (self->frames));
  vad_input_settle (self);
  vad_told_leave (self);
  return self->gate.flow;

  /* ERRORS */
not_negotiated:
  {
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }
no_time:
  {
    gst_buffer_unref (buffer);
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("The audio has no timing."),
        ("segment format is %s, not time",
            gst_format_get_name (self->segment.format)));
    return GST_FLOW_ERROR;
  }
half_sample:
  {
    gst_buffer_unref (buffer);
    GST_ELEMENT_ERROR (self, STREAM, DECODE, ("The audio is damaged."),
        ("a buffer of %" G_GSIZE_FORMAT " bytes ends within a sample", size));
    return GST_FLOW_ERROR;
  }
}

/* Events */

/* Forgets the stream, but not its format nor the number of the last turn. */
static void
reset_stream (GstVadEndpoint * self)
{
  parley_endpointer_reset (self->endpointer);
  if (self->frames) {
    voice_frames_reset (self->frames);
    speech_gate_reset (&self->gate, self->rate,
        voice_frames_get_sample_size (self->frames));
  } else {
    speech_gate_reset (&self->gate, 1, 1);
  }
  self->voice = self->speech = FALSE;
  memset (&self->times, 0, sizeof self->times);
}

static void
set_caps (GstVadEndpoint * self, GstCaps * caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  gboolean mulaw = gst_structure_has_name (structure, "audio/x-mulaw");
  gint rate = 0;

  gst_structure_get_int (structure, "rate", &rate);
  if (mulaw == self->mulaw && (guint) rate == self->rate)
    return;
  vad_turns_finish (self);
  g_clear_pointer (&self->frames, voice_frames_free);
  self->mulaw = mulaw;
  self->rate = rate;
  self->frames = voice_frames_new (mulaw, rate, self->settings.sensitivity);
  self->follows_echo = FALSE;
  reset_stream (self);
}

static gboolean
sink_event_segment (GstVadEndpoint * self, GstEvent * event)
{
  const GstSegment *segment;
  gboolean pushed;

  gst_event_parse_segment (event, &segment);
  if (gst_segment_is_equal (segment, &self->segment))
    return gst_pad_push_event (self->srcpad, event);
  vad_turns_finish (self);
  reset_stream (self);
  gst_segment_copy_into (segment, &self->segment);
  pushed = gst_pad_push_event (self->srcpad, event);
  vad_turns_end_cut (self);
  return pushed;
}

static gboolean
sink_event_gap (GstVadEndpoint * self, GstEvent * event)
{
  GstClockTime pts, duration;

  gst_event_parse_gap (event, &pts, &duration);
  if (!self->frames || self->segment.format != GST_FORMAT_TIME
      || !GST_CLOCK_TIME_IS_VALID (duration))
    return gst_pad_push_event (self->srcpad, event);
  gst_event_unref (event);

  vad_told_enter (self);
  speech_gate_begin (&self->gate);
  turn_times_take (&self->times, NULL, held_audio_get_end (self->gate.held));
  take_settings (self);
  vad_told_settle (self);
  if (!held_audio_has_time (self->gate.held))
    held_audio_set_time (self->gate.held, pts);
  vad_input_take_hole (self, pts + duration);
  vad_input_settle (self);
  vad_told_leave (self);
  return self->gate.flow == GST_FLOW_OK;
}

static void
flush (GstVadEndpoint * self)
{
  ParleyEndpointerState state = parley_endpointer_get_state (self->endpointer);

  if (state != PARLEY_ENDPOINTER_QUIET) {
    self->cut_turn = TRUE;
    self->cut_take = state == PARLEY_ENDPOINTER_SPEECH;
  }
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  reset_stream (self);
}

/* Any thread. */
static GstEvent *
number_key (GstVadEndpoint * self, GstEvent * event)
{
  guint turn = 0;

  if (!parley_event_parse_dtmf (event, &turn, NULL) || turn != 0)
    return event;
  event = gst_event_make_writable (event);
  gst_structure_set (gst_event_writable_structure (event),
      "turn", G_TYPE_UINT, vad_turns_new_number (self), NULL);
  return event;
}

static gboolean
gst_vad_endpoint_sink_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstVadEndpoint *self = GST_VAD_ENDPOINT (parent);
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      set_caps (self, caps);
      break;
    case GST_EVENT_SEGMENT:
      return sink_event_segment (self, event);
    case GST_EVENT_GAP:
      return sink_event_gap (self, event);
    case GST_EVENT_STREAM_START:
      vad_turns_finish (self);
      reset_stream (self);
      break;
    case GST_EVENT_EOS:
      vad_turns_finish (self);
      vad_turns_end_cut (self);
      break;
    case GST_EVENT_FLUSH_STOP:
      flush (self);
      break;
    case GST_EVENT_CUSTOM_DOWNSTREAM_OOB:
      event = number_key (self, event);
      break;
    default:
      break;
  }
  return gst_pad_event_default (pad, parent, event);
}

/* The recogniser's thread. */
static gboolean
gst_vad_endpoint_src_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstVadEndpoint *self = GST_VAD_ENDPOINT (parent);

  switch (parley_event_get_kind (event)) {
    case PARLEY_EVENT_PARTIAL:
      vad_wait_take_text (self, event);
      break;
    case PARLEY_EVENT_ENDPOINT:
    case PARLEY_EVENT_ENDPOINTING:
      break;
    default:
      return gst_pad_event_default (pad, parent, event);
  }
  vad_told_take (self, event);
  gst_event_unref (event);
  return TRUE;
}

static gboolean
gst_vad_endpoint_src_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  GstVadEndpoint *self = GST_VAD_ENDPOINT (parent);
  GstClockTime min, max;
  gboolean live;

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  if (!gst_pad_peer_query (self->sinkpad, query))
    return FALSE;
  gst_query_parse_latency (query, &live, &min, &max);
  if (GST_CLOCK_TIME_IS_VALID (max))
    max += FRAME_TIME;
  gst_query_set_latency (query, live, min + FRAME_TIME, max);
  return TRUE;
}

/* States */

static void
stop (GstVadEndpoint * self)
{
  g_clear_pointer (&self->frames, voice_frames_free);
  self->rate = 0;
  self->mulaw = FALSE;
  self->cut_turn = self->cut_take = FALSE;
  self->turn = self->take = 0;
  g_atomic_int_set (&self->last_turn, 0);
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  reset_stream (self);
  vad_told_clear (self);
  GST_OBJECT_LOCK (self);
  g_clear_pointer (&self->partial_text, g_free);
  GST_OBJECT_UNLOCK (self);
}

static GstStateChangeReturn
gst_vad_endpoint_change_state (GstElement * element, GstStateChange transition)
{
  GstStateChangeReturn result;

  if ((transition == GST_STATE_CHANGE_NULL_TO_READY
          || transition == GST_STATE_CHANGE_READY_TO_PAUSED)
      && !vad_wait_load (GST_VAD_ENDPOINT (element)))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    vad_echo_ask (GST_VAD_ENDPOINT (element));
  result = GST_ELEMENT_CLASS (gst_vad_endpoint_parent_class)->change_state
      (element, transition);

  /* The pads are inactive by now: nobody is in chain. */
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    stop (GST_VAD_ENDPOINT (element));
  return result;
}

/* Properties */

/* The time that property @id sets. Object lock. */
static guint *
get_time_unlocked (GstVadEndpoint * self, guint id)
{
  switch (id) {
    case PROP_SILENCE:
      return &self->wanted.endpointer.silence;
    case PROP_MIN_SILENCE:
      return &self->wanted.min_silence;
    case PROP_MAX_SILENCE:
      return &self->wanted.max_silence;
    case PROP_TEXT_LAG:
      return &self->wanted.text_lag;
    case PROP_EAGER_SILENCE:
      return &self->wanted.endpointer.eager_silence;
    case PROP_MIN_SPEECH:
      return &self->wanted.endpointer.min_speech;
    case PROP_MAX_TURN:
      return &self->wanted.endpointer.max_turn;
    default:
      return &self->wanted.preroll;
  }
}

static gchar **
get_text_unlocked (GstVadEndpoint * self, guint id)
{
  return id == PROP_LANGUAGE ? &self->language : &self->rules_path;
}

static gboolean
is_text (guint id)
{
  return id == PROP_LANGUAGE || id == PROP_RULES;
}

static void
gst_vad_endpoint_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstVadEndpoint *self = GST_VAD_ENDPOINT (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_SENSITIVITY)
    self->wanted.sensitivity = g_value_get_double (value);
  else if (id == PROP_ECHO_SUPPRESSION)
    self->wanted.echo_suppression = g_value_get_boolean (value);
  else if (is_text (id)) {
    g_free (*get_text_unlocked (self, id));
    *get_text_unlocked (self, id) = g_value_dup_string (value);
    self->rules_loaded = FALSE;
  } else
    *get_time_unlocked (self, id) = g_value_get_uint (value);
  self->wanted_changed = TRUE;
  GST_OBJECT_UNLOCK (self);
}

static void
gst_vad_endpoint_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstVadEndpoint *self = GST_VAD_ENDPOINT (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_SENSITIVITY)
    g_value_set_double (value, self->wanted.sensitivity);
  else if (id == PROP_ECHO_SUPPRESSION)
    g_value_set_boolean (value, self->wanted.echo_suppression);
  else if (is_text (id))
    g_value_set_string (value, *get_text_unlocked (self, id));
  else
    g_value_set_uint (value, *get_time_unlocked (self, id));
  GST_OBJECT_UNLOCK (self);
}

static void
gst_vad_endpoint_finalize (GObject * object)
{
  GstVadEndpoint *self = GST_VAD_ENDPOINT (object);

  vad_told_clear (self);
  g_clear_pointer (&self->frames, voice_frames_free);
  parley_endpointer_free (self->endpointer);
  speech_gate_clear (&self->gate);
  g_free (self->partial_text);
  g_free (self->language);
  g_free (self->rules_path);
  g_clear_pointer (&self->rules, parley_endpoint_rules_unref);
  G_OBJECT_CLASS (gst_vad_endpoint_parent_class)->finalize (object);
}

static void
gst_vad_endpoint_init (GstVadEndpoint * self)
{
  self->wanted.endpointer.silence = DEFAULT_SILENCE;
  self->wanted.endpointer.eager_silence = DEFAULT_EAGER_SILENCE;
  self->wanted.endpointer.min_speech = DEFAULT_MIN_SPEECH;
  self->wanted.endpointer.max_turn = DEFAULT_MAX_TURN;
  self->wanted.text_lag = DEFAULT_TEXT_LAG;
  self->wanted.preroll = DEFAULT_PREROLL;
  self->wanted.sensitivity = DEFAULT_SENSITIVITY;
  self->wanted.echo_suppression = TRUE;
  self->settings = self->wanted;
  self->language = g_strdup (DEFAULT_LANGUAGE);
  self->endpointer = parley_endpointer_new (&self->settings.endpointer);
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);

  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sinkpad, gst_vad_endpoint_chain);
  gst_pad_set_event_function (self->sinkpad, gst_vad_endpoint_sink_event);
  GST_PAD_SET_PROXY_CAPS (self->sinkpad);
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);

  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_event_function (self->srcpad, gst_vad_endpoint_src_event);
  gst_pad_set_query_function (self->srcpad, gst_vad_endpoint_src_query);
  GST_PAD_SET_PROXY_CAPS (self->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
  speech_gate_init (&self->gate, self->srcpad);
  g_queue_init (&self->told.waiting);
}

static void
install_time (GObjectClass * klass, guint id, const gchar * name,
    const gchar * nick, const gchar * blurb, guint min, guint max,
    guint standard)
{
  g_object_class_install_property (klass, id,
      g_param_spec_uint (name, nick, blurb, min, max, standard,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
          | GST_PARAM_MUTABLE_PLAYING));
}

static void
install_text (GObjectClass * klass, guint id, const gchar * name,
    const gchar * nick, const gchar * blurb, const gchar * standard)
{
  g_object_class_install_property (klass, id,
      g_param_spec_string (name, nick, blurb, standard,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
          | GST_PARAM_MUTABLE_READY));
}

static void
gst_vad_endpoint_class_init (GstVadEndpointClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = gst_vad_endpoint_set_property;
  object_class->get_property = gst_vad_endpoint_get_property;
  object_class->finalize = gst_vad_endpoint_finalize;
  element_class->change_state = gst_vad_endpoint_change_state;

  install_time (object_class, PROP_SILENCE, "silence", "Silence",
      "Silence after which a turn is over, in milliseconds; with min-silence "
      "or max-silence: where neither words nor tone tell whether more comes",
      50, 10000, DEFAULT_SILENCE);
  install_time (object_class, PROP_MIN_SILENCE, "min-silence",
      "Minimum silence",
      "Least silence after which a turn is over, where words "
      "and tone say that all was said, in milliseconds (0, or above silence = "
      "silence)", 0, 10000, 0);
  install_time (object_class, PROP_MAX_SILENCE, "max-silence",
      "Maximum silence",
      "Most silence after which a turn is over, where words "
      "and tone say that more comes, in milliseconds (0, or below silence = "
      "silence)", 0, 10000, 0);
  install_time (object_class, PROP_TEXT_LAG, "text-lag", "Text lag",
      "How far the recogniser's text of speech under way may be behind it, in "
      "milliseconds: with such a text no turn ends sooner, up to silence", 0,
      10000, DEFAULT_TEXT_LAG);
  install_text (object_class, PROP_LANGUAGE, "language", "Language",
      "Language of the caller as a BCP 47 tag: whose rules say from the words "
      "whether a turn is over (de, en, es, fr, it, nl and pt have some)",
      DEFAULT_LANGUAGE);
  install_text (object_class, PROP_RULES, "rules", "Rules",
      "File with rules of your own in place of the language's, see "
      "docs/endpointing.md (NULL = the language's)", NULL);
  install_time (object_class, PROP_EAGER_SILENCE, "eager-silence",
      "Eager silence",
      "Silence after which speech is reported to end while "
      "the turn stays open, in milliseconds (0, or not below silence = off)", 0,
      10000, DEFAULT_EAGER_SILENCE);
  install_time (object_class, PROP_MIN_SPEECH, "min-speech", "Minimum speech",
      "Voice needed to open a turn, in milliseconds (up to "
      "10 = a single frame of voice)", 0, 2000, DEFAULT_MIN_SPEECH);
  install_time (object_class, PROP_PREROLL, "preroll", "Preroll",
      "Audio before the first voice that belongs to the turn, in milliseconds "
      "(0 = none)", 0, 2000, DEFAULT_PREROLL);
  install_time (object_class, PROP_MAX_TURN, "max-turn", "Maximum turn",
      "Time after its first voice at which a turn is ended by force, in "
      "milliseconds (0 = no limit)", 0, 600000, DEFAULT_MAX_TURN);
  g_object_class_install_property (object_class, PROP_SENSITIVITY,
      g_param_spec_double ("sensitivity", "Sensitivity",
          "How readily sound is taken for voice (0.0 = only clear speech, "
          "0.5 = errs as often either way, 1.0 = whatever might be speech); "
          "a change makes it learn the noise on the line anew", 0.0, 1.0,
          DEFAULT_SENSITIVITY,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
          GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property (object_class, PROP_ECHO_SUPPRESSION,
      g_param_spec_boolean ("echo-suppression", "Echo suppression",
          "Whether our own voice that comes back from the caller's loudspeaker "
          "is no voice; needs the pipeline's call (parley.call)", TRUE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
          GST_PARAM_MUTABLE_PLAYING));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Voice activity endpointer", "Filter/Analyzer/Audio",
      "Lets a caller's speech through and says when his turns begin and end",
      "Parley");
}
