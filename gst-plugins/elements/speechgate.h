/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "heldaudio.h"

G_BEGIN_DECLS

/* Lets held audio out of a pad, or tells of it by GAP events only.
 *
 * What is left out is gathered, and told in one event once asked for or before
 * a buffer. Once a push has failed, buffers are dropped until
 * speech_gate_begin(), so that the caller's count stays in step with the input
 * whatever upstream makes of the result. An instance is used by one thread at a
 * time. */
typedef struct
{
  GstPad *pad;                  /* borrowed */
  HeldAudio *held;
  GstClockTime tolerance;       /* below it, times are the same */
  GstFlowReturn flow;           /* of the pushes since begin */
  GstClockTime gap_start;       /* left out and not told yet; none: nothing */
  GstClockTime gap_end;
  GstClockTime next_pts;        /* none: the next buffer is a DISCONT */
} SpeechGate;

/* @pad must outlive it. */
void speech_gate_init (SpeechGate * self, GstPad * pad);
void speech_gate_clear (SpeechGate * self);

/* Forgets what is held and begins at position 0. */
void speech_gate_reset (SpeechGate * self, guint rate, guint sample_size);

void speech_gate_begin (SpeechGate * self);

/* What is held before @position goes out, stamped with ParleyTurnMeta. */
void speech_gate_push (SpeechGate * self, guint64 position, guint turn,
    guint take);

/* What is held before @position does not go out. */
void speech_gate_leave_out (SpeechGate * self, guint64 position);

/* Tells what was left out, if it is at least this long. */
void speech_gate_tell_gap (SpeechGate * self, GstClockTime at_least);

G_END_DECLS
