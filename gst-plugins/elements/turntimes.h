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
} PacketTimes;

typedef struct
{
  PacketTimes packet;           /* being looked at */
  PacketTimes voice;            /* with the last voice */
  guint64 voice_end;            /* position in the stream, as told */
} TurnTimes;

/* @buffer is looked at from now on; NULL: one that is missing. */
void turn_times_take (TurnTimes * times, GstBuffer * buffer);
/* There is voice in it, up to position @end. */
void turn_times_voice (TurnTimes * times, guint64 end);

/* Tells @event, a speech-end or turn-end of now, when the last voice arrived,
 * and a speech-end the timeline so far; @speech_end: stream time of the voice's
 * end. Input that does not say when it came counts from when it was pushed. */
void turn_times_tell (const TurnTimes * times, GstEvent * event,
    GstClockTime speech_end);

G_END_DECLS
