/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a caller hears: Twilio's end of the queue of mu-law audio, simulated.
 * Audio that comes while nothing plays begins 60 ms later (the playout buffer);
 * further audio follows without a gap if it comes in time. A reply is what is
 * heard until the queue is empty and nothing came for 700 ms.
 *
 * Pure: every function gets the time, in µs of any one clock, never going back.
 * No function but _new() allocates without bound: 10 minutes are queued, more
 * is discarded, as Twilio does. One thread at a time. */

/* 160 bytes of mu-law are 20 ms; one is 125 µs. */
#define PARLEY_PLAYOUT_BUFFER_US (60 * G_TIME_SPAN_MILLISECOND)
#define PARLEY_PLAYOUT_REPLY_END_US (700 * G_TIME_SPAN_MILLISECOND)
/* Servers that send silence all the time: a reply of which only silence was
 * left for so long has ended too. */
#define PARLEY_PLAYOUT_SILENCE_END_US (1500 * G_TIME_SPAN_MILLISECOND)
#define PARLEY_PLAYOUT_NEVER G_MAXINT64

typedef struct _ParleyPlayout ParleyPlayout;

/* @origin: the time that position 0 of parley_playout_read() has; reading is
 * possible if @keep_audio, else only counted. */
ParleyPlayout *parley_playout_new (gint64 origin, gboolean keep_audio);
void parley_playout_free (ParleyPlayout * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyPlayout, parley_playout_free)

/* Audio came; @mulaw is copied. */
void parley_playout_push (ParleyPlayout * self, gint64 now,
    const guint8 * mulaw, gsize len);
/* A mark came: it is due when all before it has been heard. */
void parley_playout_mark (ParleyPlayout * self, gint64 now,
    const gchar * name);
/* Nobody read the socket for a while until @now: what came meanwhile may still
 * be on its way here, so that quiet counts from @now. */
void parley_playout_stalled (ParleyPlayout * self, gint64 now);
/* A clear came: what was not heard is dropped and all marks are due. */
void parley_playout_clear (ParleyPlayout * self, gint64 now);

/* The name of the next mark that is due, NULL for none. Transfer full. */
gchar *parley_playout_pop_mark (ParleyPlayout * self, gint64 now);
/* When that will be; PARLEY_PLAYOUT_NEVER without marks. */
gint64 parley_playout_next_mark (ParleyPlayout * self);

/* Forgets the reply under way: what comes from here on is a new one. */
void parley_playout_begin_reply (ParleyPlayout * self);
/* When its first loud sample is (or was) due to be heard; a clear before that
 * takes it back. PARLEY_PLAYOUT_NEVER: there is none yet. */
gint64 parley_playout_reply_begin (ParleyPlayout * self);
/* Where that sample was in the audio that came: @received: when the first media
 * of the reply came (what followed a pause or a clear), @offset: µs of audio
 * before the sample. FALSE: there is no reply yet. */
gboolean parley_playout_reply_origin (ParleyPlayout * self, gint64 * received,
    gint64 * offset);
/* TRUE once a reply was heard and has ended at @now; @end: when its last sample
 * was heard. */
gboolean parley_playout_reply_ended (ParleyPlayout * self, gint64 now,
    gint64 * end);

/* Appends what was heard from the last read position (at first the origin) up
 * to @now, silence included. */
void parley_playout_read (ParleyPlayout * self, gint64 now, GByteArray * out);

/* How often the queue ran empty in the middle of a reply. */
guint parley_playout_get_underruns (ParleyPlayout * self);
/* Bytes beyond 10 minutes. */
guint64 parley_playout_get_discarded (ParleyPlayout * self);

G_END_DECLS
