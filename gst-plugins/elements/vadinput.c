/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "vadendpoint.h"

/* How much left out audio one GAP event covers before speech resumes. */
#define GAP_BATCH (500 * GST_MSECOND)
/* Timestamps without DISCONT may be off by this much: they come from clocks
 * and wires, while audio is counted. */
#define TIME_TOLERANCE (40 * GST_MSECOND)

void
vad_input_take (GstVadEndpoint * self, GstBuffer * buffer, gsize n_samples)
{
  gsize done = 0;

  held_audio_append (self->gate.held, buffer, n_samples,
      turn_times_entered (&self->times));
  /* What a decision pushes ends with its frame: while samples are left to look
   * at, the buffer is held. */
  while (done < n_samples) {
    done += voice_frames_fill (self->frames, buffer, done, n_samples - done);
    if (voice_frames_is_full (self->frames))
      vad_turns_decide (self);
  }
}

static void
take_gap (GstVadEndpoint * self, guint64 n_samples)
{
  guint length = voice_frames_get_length (self->frames);

  if (n_samples == 0)
    return;
  held_audio_append (self->gate.held, NULL, n_samples,
      turn_times_entered (&self->times));
  n_samples -= voice_frames_fill_gap (self->frames, n_samples);
  if (voice_frames_is_full (self->frames))
    vad_turns_decide (self);
  vad_turns_decide_silence (self, n_samples / length);
  voice_frames_fill_gap (self->frames, n_samples % length);
}

void
vad_input_take_hole (GstVadEndpoint * self, GstClockTime time)
{
  GstClockTime end = held_audio_time_at (self->gate.held,
      held_audio_get_end (self->gate.held));

  if (time > end)
    take_gap (self, gst_util_uint64_scale_round (time - end, self->rate,
            GST_SECOND));
}

void
vad_input_follow_time (GstVadEndpoint * self, GstBuffer * buffer)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer);
  GstClockTimeDiff off;

  if (!held_audio_has_time (self->gate.held)) {
    held_audio_set_time (self->gate.held,
        GST_CLOCK_TIME_IS_VALID (pts) ? pts : self->segment.start);
    return;
  }
  if (!GST_CLOCK_TIME_IS_VALID (pts))
    return;
  off = GST_CLOCK_DIFF (held_audio_time_at (self->gate.held,
          held_audio_get_end (self->gate.held)), pts);
  if (!GST_BUFFER_IS_DISCONT (buffer)
      && ABS (off) <= (GstClockTimeDiff) TIME_TOLERANCE)
    return;
  vad_input_take_hole (self, pts);
  held_audio_set_time (self->gate.held, pts);
}

void
vad_input_settle (GstVadEndpoint * self)
{
  switch (parley_endpointer_get_state (self->endpointer)) {
    case PARLEY_ENDPOINTER_QUIET:
      speech_gate_leave_out (&self->gate, vad_turns_preroll (self,
              parley_endpointer_get_onset (self->endpointer)));
      speech_gate_tell_gap (&self->gate, GAP_BATCH);
      break;
    case PARLEY_ENDPOINTER_SPEECH:
      vad_turns_push (self, held_audio_get_end (self->gate.held));
      break;
    case PARLEY_ENDPOINTER_PAUSE:
      if (self->told.decider != PARLEY_ENDPOINTING_LOCAL)
        vad_turns_push (self, held_audio_get_end (self->gate.held));
      break;
  }
}
