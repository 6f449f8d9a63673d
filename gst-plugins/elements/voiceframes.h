/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "speech/played.h"
#include "speech/prosody.h"
#include "turn/endpointer.h"

G_BEGIN_DECLS

/* Cuts telephone or wideband audio into frames of 10 ms and asks ParleyVad
 * about each, at 8 kHz as it was made for. Audio comes in pieces of any size;
 * nothing is taken beyond the end of the frame that is being filled.
 *
 * An instance is used by one thread at a time. */
typedef struct _VoiceFrames VoiceFrames;

/* @rate in Hz, a multiple of 8000 up to 48000; S16LE unless @mulaw, which goes
 * with 8000 only. @sensitivity as of ParleyVad. */
VoiceFrames *voice_frames_new (gboolean mulaw, guint rate,
    gdouble sensitivity);
void voice_frames_free (VoiceFrames * self);

/* Forgets all audio, as if new. */
void voice_frames_reset (VoiceFrames * self);

/* No effect if it is what is set; else what was learnt of the line is lost. */
void voice_frames_set_sensitivity (VoiceFrames * self, gdouble sensitivity);

/* From now on voice that is no more than @played back from a loudspeaker is
 * none; NULL: all voice counts. No effect if it is what is set. */
void voice_frames_set_played (VoiceFrames * self, ParleyPlayedSound * played);

/* Samples of input in a frame, and bytes in a sample. */
guint voice_frames_get_length (const VoiceFrames * self);
guint voice_frames_get_sample_size (const VoiceFrames * self);

/* Take samples of @buffer from sample @first on, or of a gap: at most
 * @n_samples, and at most what the frame lacks. How many were taken. */
guint voice_frames_fill (VoiceFrames * self, GstBuffer * buffer, gsize first,
    gsize n_samples);
guint voice_frames_fill_gap (VoiceFrames * self, guint64 n_samples);

gboolean voice_frames_is_full (const VoiceFrames * self);

/* What ParleyVad says of the full frame; begins the next one. A frame that is
 * not audio throughout is silence, and ParleyVad learns nothing from it. It is
 * frame @number of the line and came at @now, µs of parley_clock_now(). */
ParleyEndpointerFrame voice_frames_decide (VoiceFrames * self, guint64 number,
    gint64 now);

/* Whether there was speech a while ago, seen from what followed; *@ago becomes
 * how many frames before the last one that was: PARLEY_VAD_SETTLED_DELAY, or 0
 * if that one was no audio. */
gboolean voice_frames_was_speech (const VoiceFrames * self, guint * ago);

/* How the last voice sounded where it stopped. */
ParleyTone voice_frames_get_tone (const VoiceFrames * self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VoiceFrames, voice_frames_free)

G_END_DECLS
