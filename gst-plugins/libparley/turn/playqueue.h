/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "turn/turnevents.h"

G_BEGIN_DECLS

/* What is to be played to a caller, what of it was sent, and what of that was
 * heard: the bookkeeping of a player that sends mu-law frames to a buffer far
 * away (Twilio's), which plays them in order, echoes marks as it passes them
 * and can be told to forget everything (clear).
 *
 * Audio is kept by epoch, one byte a sample, 8 bytes a millisecond:
 *
 *     0 ......... heard ............ sent ............ length
 *       certain         in flight          waiting
 *
 * An epoch above 0 is sent once it is released, while it is neither paused nor
 * void, and ends with its reply-end. A clear takes every epoch's sent back to
 * heard, so that what nobody heard is sent again; audio is kept until the mark
 * behind it was echoed. Epochs are played one after the other: the one begun
 * first goes on, paused or not, until its end; then the lowest that may be
 * heard. One that is withheld holds up none.
 *
 * Of an epoch some stretches may be uninterruptible passages. A pause that
 * comes while one is being played stands until its end was heard: nothing
 * behind it is sent, and what was is cleared then.
 *
 * Epoch 0 is audio that is nobody's reply: never withheld and never void. It
 * ends when no more comes for PARLEY_PLAY_LULL_US and begins again with the
 * next; it waits only for a reply that has begun and is not paused. Of what was
 * sent of it a minute at most is kept for an echo.
 *
 * Marks are named e<epoch>:<sentence>:<ms into the epoch>:<clears so far>. They
 * follow each sentence and passage, every 500 ms of audio, the end of a reply
 * and a lull.
 *
 * Nothing here sends or waits: what is to be done comes out of
 * parley_play_queue_pop() and _take_frame(), and times (µs of one monotonic
 * clock) are given. One thread at a time. */

#define PARLEY_PLAY_FRAME 160   /* bytes: 20 ms */
#define PARLEY_PLAY_FRAME_US 20000
/* Without more audio for this long, an incomplete frame of a reply that is not
 * over is padded rather than kept. */
#define PARLEY_PLAY_LULL_US 60000
/* How long after its time the echo of a mark behind a passage is waited for. */
#define PARLEY_PLAY_ECHO_US 2000000
#define PARLEY_PLAY_MARK_SIZE 64

typedef struct _ParleyPlayQueue ParleyPlayQueue;

typedef struct
{
  guint64 frames_sent;
  guint64 clears;
  guint64 marks_sent;
  guint64 marks_echoed;         /* those that still counted */
  guint64 underruns;            /* a reply under way had nothing to send */
  guint64 bytes_dropped;        /* not known heard, or late, of void epochs */
} ParleyPlayStats;

typedef enum
{
  PARLEY_PLAY_CLEAR,            /* send a clear */
  PARLEY_PLAY_MARK,             /* send the mark */
  PARLEY_PLAY_PLAYING,          /* report: epoch began or ended to play */
  PARLEY_PLAY_HEARD             /* report heard */
} ParleyPlayKind;

typedef struct
{
  ParleyPlayKind kind;
  gchar mark[PARLEY_PLAY_MARK_SIZE];
  guint64 epoch;
  gboolean playing;
  ParleyHeard heard;
} ParleyPlayAction;

/* Counts into @stats, which is the caller's and outlives the queue. */
ParleyPlayQueue *parley_play_queue_new (ParleyPlayStats * stats);
void parley_play_queue_free (ParleyPlayQueue * queue);
/* As new; statistics stay. */
void parley_play_queue_reset (ParleyPlayQueue * queue);

/* Takes a copy of @len bytes of sentence @sequence. FALSE: dropped, the epoch
 * is void or over. */
gboolean parley_play_queue_append (ParleyPlayQueue * queue, gint64 now,
    guint64 epoch, guint sequence, const guint8 * data, gsize len);
/* Nothing more in @epoch. */
void parley_play_queue_reply_end (ParleyPlayQueue * queue, guint64 epoch);
/* Nothing more at all: ends every epoch that may be heard. */
void parley_play_queue_end (ParleyPlayQueue * queue);

void parley_play_queue_release (ParleyPlayQueue * queue, guint64 epoch);
/* What is appended from now on is an uninterruptible passage, or is not. */
void parley_play_queue_passage (ParleyPlayQueue * queue, guint64 epoch,
    gboolean open);
/* Always leads to one heard with answer set: at the end of the passage that is
 * being played, after one that is deferred, but if @at_once. That is the answer
 * to a pause before that stands, too. */
void parley_play_queue_pause (ParleyPlayQueue * queue, gint64 now,
    guint64 epoch, gboolean at_once);
void parley_play_queue_unpause (ParleyPlayQueue * queue, guint64 epoch);
/* Epochs from 1 to @epoch are void from now on. */
void parley_play_queue_interrupt (ParleyPlayQueue * queue, guint64 epoch);
/* Forgets the audio of epoch 0; replies are governed by interrupt alone. */
void parley_play_queue_flush (ParleyPlayQueue * queue);
/* A mark came back. FALSE: not ours, or made void by a clear. */
gboolean parley_play_queue_echo (ParleyPlayQueue * queue, const gchar * name);

/* To be called before taking frames, as time goes on: notices lulls. */
void parley_play_queue_advance (ParleyPlayQueue * queue, gint64 now);
/* Whether a frame is due at @now, and of which @epoch, if at most @lead µs may
 * be sent ahead of what is being played. A lead under two frames is exceeded by
 * less than one where the far end would run dry before the next 20 ms tick. */
gboolean parley_play_queue_frame_due (ParleyPlayQueue * queue, gint64 now,
    gint64 lead, guint64 * epoch);
/* Takes the frame that is due for sending, if there is one. */
gboolean parley_play_queue_take_frame (ParleyPlayQueue * queue, gint64 now,
    gint64 lead, guint8 frame[PARLEY_PLAY_FRAME]);
/* The next thing to do, in order; frames go before what is popped later. */
gboolean parley_play_queue_pop (ParleyPlayQueue * queue,
    ParleyPlayAction * action);

/* The epoch whose pause stands; 0: none does. */
guint64 parley_play_queue_get_standing (ParleyPlayQueue * queue);
/* Whether something will become due by the passing of time alone. */
gboolean parley_play_queue_wants_tick (ParleyPlayQueue * queue);
/* Whether anything that may be heard is not yet heard. */
gboolean parley_play_queue_is_pending (ParleyPlayQueue * queue);
/* How long what may be heard will still play, in µs, pauses apart. */
gint64 parley_play_queue_get_remaining (ParleyPlayQueue * queue, gint64 now);
/* When what was sent will have been played. */
gint64 parley_play_queue_get_played_at (ParleyPlayQueue * queue);
/* Bytes of epoch 0 that wait while nothing else is in their way. */
gsize parley_play_queue_get_backlog (ParleyPlayQueue * queue);

G_END_DECLS
