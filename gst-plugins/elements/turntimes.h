/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* When the packets came that vadendpoint looks at, and the one with the last
 * voice: the beginning of a turn's timeline. µs of parley_clock_now(). Begin
 * with all zero. One thread. */

typedef struct
{
  gint64 arrived;               /* as the input says; 0: it does not */
  gint64 read;                  /* likewise */
  gint64 in;                    /* it was pushed here; 0: no packet yet */
  guint64 position;             /* of its first sample in the stream */
} PacketTimes;

/* The end of speech is noticed 20 ms late, and lies in one of so many. */
#define TURN_TIMES_PACKETS 3

typedef struct
{
  PacketTimes packets[TURN_TIMES_PACKETS];      /* being looked at; before */
  PacketTimes voice;            /* with the last voice */
  guint64 voice_end;            /* position in the stream, as told */
} TurnTimes;

/* @buffer is looked at from now on, from @position on; NULL: one that is
 * missing. */
void turn_times_take (TurnTimes * times, GstBuffer * buffer,
    guint64 position);
/* When the packet came in that is being looked at. */
gint64 turn_times_entered (const TurnTimes * times);
/* Likewise, but when it arrived, if that is known. */
gint64 turn_times_arrived (const TurnTimes * times);
/* There is speech up to position @end, which was noticed just now. */
void turn_times_voice (TurnTimes * times, guint64 end);

/* Tells @event, a speech-end or turn-end of now, when the last voice arrived,
 * and a speech-end the timeline so far; @speech_end: stream time of the voice's
 * end. Input that does not say when it came counts from when it was pushed. */
void turn_times_tell (const TurnTimes * times, GstEvent * event,
    GstClockTime speech_end);

G_END_DECLS
