/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "speechgate.h"

#include "turn/turnmeta.h"

void
speech_gate_init (SpeechGate * self, GstPad * pad)
{
  self->pad = pad;
  self->held = held_audio_new ();
  self->flow = GST_FLOW_OK;
  speech_gate_reset (self, 1, 1);
}

void
speech_gate_clear (SpeechGate * self)
{
  g_clear_pointer (&self->held, held_audio_free);
}

void
speech_gate_reset (SpeechGate * self, guint rate, guint sample_size)
{
  held_audio_reset (self->held, rate, sample_size);
  /* Where the time was set anew, it is off by the rounding to samples. */
  self->tolerance = GST_SECOND / rate;
  self->gap_start = self->gap_end = GST_CLOCK_TIME_NONE;
  self->next_pts = GST_CLOCK_TIME_NONE;
}

void
speech_gate_begin (SpeechGate * self)
{
  self->flow = GST_FLOW_OK;
}

static gboolean
joins (SpeechGate * self, GstClockTime end, GstClockTime start)
{
  return GST_CLOCK_TIME_IS_VALID (end)
      && ABS (GST_CLOCK_DIFF (end, start)) < (GstClockTimeDiff) self->tolerance;
}

void
speech_gate_tell_gap (SpeechGate * self, GstClockTime at_least)
{
  GstClockTime start = self->gap_start;

  if (!GST_CLOCK_TIME_IS_VALID (start) || self->gap_end - start < at_least)
    return;
  self->gap_start = self->next_pts = GST_CLOCK_TIME_NONE;
  gst_pad_push_event (self->pad,
      gst_event_new_gap (start, self->gap_end - start));
}

static void
add_to_gap (SpeechGate * self, const HeldPiece * piece)
{
  if (GST_CLOCK_TIME_IS_VALID (self->gap_start)
      && !joins (self, self->gap_end, piece->start))
    speech_gate_tell_gap (self, 0);
  if (!GST_CLOCK_TIME_IS_VALID (self->gap_start))
    self->gap_start = piece->start;
  self->gap_end = piece->end;
}

void
speech_gate_leave_out (SpeechGate * self, guint64 position)
{
  HeldPiece piece;

  while (held_audio_take (self->held, position, FALSE, &piece))
    add_to_gap (self, &piece);
}

static void
push_piece (SpeechGate * self, const HeldPiece * piece, guint turn, guint take)
{
  GstBuffer *buffer = piece->buffer;
  ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);

  if (!meta)
    meta = parley_buffer_add_turn_meta (buffer);
  meta->turn = turn;
  meta->take = take;
  meta->arrived = piece->arrived;
  meta->entered = piece->entered;

  if (joins (self, self->next_pts, piece->start))
    GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_DISCONT);
  else
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->next_pts = piece->end;
  self->flow = gst_pad_push (self->pad, buffer);
}

void
speech_gate_push (SpeechGate * self, guint64 position, guint turn, guint take)
{
  HeldPiece piece;

  while (held_audio_take (self->held, position, TRUE, &piece)) {
    if (!piece.buffer)
      add_to_gap (self, &piece);
    else if (self->flow != GST_FLOW_OK)
      gst_buffer_unref (piece.buffer);
    else {
      speech_gate_tell_gap (self, 0);
      push_piece (self, &piece, turn, take);
    }
  }
  speech_gate_tell_gap (self, 0);
}
