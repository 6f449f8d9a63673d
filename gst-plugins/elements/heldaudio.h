/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Audio that came and has not gone yet, in order and without a hole: buffers by
 * reference, and gaps where there is none. It is taken out from the front up to
 * a position in samples, wherever that lies; samples are never copied.
 *
 * Positions count samples, gaps included, from 0 after a reset. An instance is
 * used by one thread at a time. */
typedef struct _HeldAudio HeldAudio;

typedef struct
{
  GstBuffer *buffer;            /* writable and stamped; NULL: a gap */
  guint64 position;
  guint64 n_samples;
  GstClockTime start;           /* PTS of the first sample */
  GstClockTime end;             /* PTS of the sample after the last one */
  gint64 arrived;               /* of the packet it came in; 0: unknown */
  gint64 entered;               /* as it was appended with */
} HeldPiece;

HeldAudio *held_audio_new (void);
void held_audio_free (HeldAudio * self);

/* Empties it and begins at position 0. @rate in Hz, @sample_size in bytes. */
void held_audio_reset (HeldAudio * self, guint rate, guint sample_size);

/* From now on, the sample that comes next has this PTS. */
void held_audio_set_time (HeldAudio * self, GstClockTime pts);
gboolean held_audio_has_time (const HeldAudio * self);

/* The PTS of the sample at @position by the time set last; 0 where that would
 * be negative. */
GstClockTime held_audio_time_at (const HeldAudio * self, guint64 position);

/* The position after all that came. */
guint64 held_audio_get_end (const HeldAudio * self);

/* Adds @n_samples samples at the end: all of @buffer (transfer full), or a gap
 * if it is NULL. It came in at @entered, µs. A time must be set. Held till
 * taken, the buffer stays valid for the caller as long as its last sample has
 * not been taken. */
void held_audio_append (HeldAudio * self, GstBuffer * buffer,
    guint64 n_samples, gint64 entered);

/* Takes out the first piece, or the part of it before @limit; FALSE if there is
 * none. A buffer is made (transfer full) only if @want_buffer; its PTS,
 * duration, OFFSET and OFFSET_END are set, and its DTS is none. */
gboolean held_audio_take (HeldAudio * self, guint64 limit,
    gboolean want_buffer, HeldPiece * piece);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeldAudio, held_audio_free)

G_END_DECLS
