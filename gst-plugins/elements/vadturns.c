/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "vadendpoint.h"

#include "turn/turnevents.h"

GST_DEBUG_CATEGORY_EXTERN (vad_endpoint_debug);
#define GST_CAT_DEFAULT vad_endpoint_debug

/* Positions and times */

static guint64
frame_position (GstVadEndpoint * self, guint64 frame)
{
  return frame * voice_frames_get_length (self->frames);
}

static GstClockTime
stream_time_at (GstVadEndpoint * self, guint64 position)
{
  return gst_segment_to_stream_time (&self->segment, GST_FORMAT_TIME,
      held_audio_time_at (self->gate.held, position));
}

/* Messages */

static void
post_change (GstVadEndpoint * self, const gchar * name, guint64 position,
    const gchar * field, gboolean value)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new (name, "stream-time", G_TYPE_UINT64,
              stream_time_at (self, position), field, G_TYPE_BOOLEAN, value,
              NULL)));
}

static void
note_activity (GstVadEndpoint * self, gboolean voice)
{
  guint64 frame = parley_endpointer_get_frames (self->endpointer);

  if (voice == self->voice)
    return;
  self->voice = voice;
  post_change (self, "vadendpoint-activity", frame_position (self, frame),
      "voice", voice);
}

/* Speech is settled to have begun, or ended, at a position. */
static void
note_speech (GstVadEndpoint * self, gboolean speech, guint64 position)
{
  if (speech == self->speech)
    return;
  self->speech = speech;
  post_change (self, "vadendpoint-speech", position, "speech", speech);
}

/* Of the frame that comes next and was just decided about. */
static void
settle_speech (GstVadEndpoint * self)
{
  guint64 frame = parley_endpointer_get_frames (self->endpointer);
  guint ago;
  gboolean speech = voice_frames_was_speech (self->frames, &ago);

  note_speech (self, speech, frame_position (self, frame - MIN (ago, frame)));
}

static GstStructure *
new_turn_structure (GstVadEndpoint * self, const gchar * event,
    guint64 position)
{
  GstClockTime running_time = gst_segment_to_running_time (&self->segment,
      GST_FORMAT_TIME, held_audio_time_at (self->gate.held, position));

  return gst_structure_new ("vadendpoint-turn",
      "turn", G_TYPE_UINT, self->turn, "take", G_TYPE_UINT, self->take,
      "event", G_TYPE_STRING, event,
      "stream-time", G_TYPE_UINT64, stream_time_at (self, position),
      "running-time", G_TYPE_UINT64, running_time, NULL);
}

static void
post_structure (GstVadEndpoint * self, GstStructure * structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

/* Of the turn that ends now: the silence that was awaited is over, or another
 * end came first. */
static const gchar *
reason_of (GstVadEndpoint * self)
{
  guint64 quiet = parley_endpointer_get_quiet (self->endpointer);

  if (self->told.by)
    return "provider";
  if (self->finishing)
    return "end-of-stream";
  if (!self->wait.silent || quiet * PARLEY_ENDPOINTER_FRAME_MS < self->wait.ms)
    return "max-turn";
  return self->wait.reason;
}

static void
post_turn_end (GstVadEndpoint * self, guint64 position)
{
  GstStructure *structure = new_turn_structure (self, "end", position);

  gst_structure_set (structure, "arrived", G_TYPE_INT64,
      self->times.voice.arrived, "reason", G_TYPE_STRING, reason_of (self),
      "wait", G_TYPE_UINT, self->wait.ms, "tone", G_TYPE_STRING,
      parley_tone_to_string (self->wait.tone), NULL);
  GST_OBJECT_LOCK (self);
  if (self->partial_text && self->partial_turn == self->turn)
    gst_structure_set (structure, "text", G_TYPE_STRING, self->partial_text,
        NULL);
  GST_OBJECT_UNLOCK (self);
  post_structure (self, structure);
}

/* Decisions */

void
vad_turns_push (GstVadEndpoint * self, guint64 position)
{
  speech_gate_push (&self->gate, position, self->turn, self->take);
}

static void
push_end_event (GstVadEndpoint * self, GstEvent * event)
{
  turn_times_tell (&self->times, event, stream_time_at (self,
          self->times.voice_end));
  vad_told_mark (self, event);
  gst_pad_push_event (self->srcpad, event);
}

guint
vad_turns_new_number (GstVadEndpoint * self)
{
  return (guint) g_atomic_int_add (&self->last_turn, 1) + 1;
}

guint64
vad_turns_preroll (GstVadEndpoint * self, guint64 frame)
{
  guint64 position = frame_position (self, frame);
  guint64 preroll = (guint64) self->settings.preroll * self->rate / 1000;

  return position - MIN (preroll, position);
}

static void
start_turn (GstVadEndpoint * self, guint64 frame)
{
  self->turn = vad_turns_new_number (self);
  self->take = 1;
  GST_DEBUG_OBJECT (self, "turn %u", self->turn);
  gst_pad_push_event (self->srcpad,
      parley_event_new_speech_start (self->turn, self->take));
  speech_gate_leave_out (&self->gate, vad_turns_preroll (self, frame));
  speech_gate_tell_gap (&self->gate, 0);
  post_structure (self, new_turn_structure (self, "start",
          frame_position (self, frame)));
}

static void
end_take (GstVadEndpoint * self, guint64 frame)
{
  GST_DEBUG_OBJECT (self, "end of turn %u take %u", self->turn, self->take);
  vad_turns_push (self, frame_position (self, frame));
  push_end_event (self, parley_event_new_speech_end (self->turn, self->take));
}

static void
resume_turn (GstVadEndpoint * self)
{
  GST_DEBUG_OBJECT (self, "turn %u goes on", self->turn);
  gst_pad_push_event (self->srcpad,
      parley_event_new_speech_resume (self->turn, self->take));
  self->take++;
}

static void
end_turn (GstVadEndpoint * self, guint64 frame)
{
  GstEvent *event = parley_event_new_turn_end (self->turn, self->take);

  GST_DEBUG_OBJECT (self, "end of turn %u: %s, %u ms", self->turn,
      reason_of (self), self->wait.ms);
  parley_event_set_reason (event, reason_of (self));
  push_end_event (self, event);
  post_turn_end (self, frame_position (self, frame));
}

void
vad_turns_apply (GstVadEndpoint * self, const ParleyEndpointAction * actions,
    guint n)
{
  for (guint i = 0; i < n; i++) {
    switch (actions[i].kind) {
      case PARLEY_ENDPOINT_START:
        start_turn (self, actions[i].frame);
        break;
      case PARLEY_ENDPOINT_END:
        end_take (self, actions[i].frame);
        break;
      case PARLEY_ENDPOINT_RESUME:
        resume_turn (self);
        break;
      case PARLEY_ENDPOINT_TURN_END:
        end_turn (self, actions[i].frame);
        break;
    }
  }
}

void
vad_turns_decide (GstVadEndpoint * self)
{
  ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];
  ParleyEndpointerFrame heard = voice_frames_decide (self->frames,
      parley_endpointer_get_frames (self->endpointer),
      turn_times_arrived (&self->times));
  guint n;

  note_activity (self, heard.voice);
  settle_speech (self);
  if (heard.voice)
    vad_wait_voice (self);
  else
    vad_wait_silence (self);
  n = parley_endpointer_frame (self->endpointer, &heard, actions);
  if (heard.voice)
    turn_times_voice (&self->times, frame_position (self,
            parley_endpointer_get_speech_end (self->endpointer)));
  vad_turns_apply (self, actions, n);
}

void
vad_turns_decide_silence (GstVadEndpoint * self, guint64 n_frames)
{
  ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];

  if (n_frames > 0)
    note_activity (self, FALSE);
  while (n_frames > 0) {
    vad_wait_silence (self);
    vad_turns_apply (self, actions,
        parley_endpointer_silence (self->endpointer, &n_frames, actions));
  }
}

void
vad_turns_finish (GstVadEndpoint * self)
{
  ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];
  guint64 end = held_audio_get_end (self->gate.held);

  if (!self->frames)
    return;
  speech_gate_begin (&self->gate);
  if (parley_endpointer_get_state (self->endpointer)
      == PARLEY_ENDPOINTER_SPEECH)
    vad_turns_push (self, end);
  self->finishing = TRUE;
  vad_turns_apply (self, actions, parley_endpointer_finish (self->endpointer,
          actions));
  self->finishing = FALSE;
  note_speech (self, FALSE, end);
  speech_gate_leave_out (&self->gate, end);
  speech_gate_tell_gap (&self->gate, 0);
}

void
vad_turns_end_cut (GstVadEndpoint * self)
{
  if (self->cut_take)
    push_end_event (self, parley_event_new_speech_end (self->turn, self->take));
  if (self->cut_turn)
    push_end_event (self, parley_event_new_turn_end (self->turn, self->take));
  self->cut_take = self->cut_turn = FALSE;
}
