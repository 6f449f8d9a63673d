/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "turn/timeline.h"

G_BEGIN_DECLS

/* The last part of each reply's timeline, from its audio's arrival at the
 * player to the mark that tells that its first sound was heard: what mulawsink
 * knows beside its queue. Replies are known by epoch, at most
 * PARLEY_PLAY_TIMES_MAX of them; the oldest is forgotten. Epoch 0 has none.
 *
 * Pure; times are µs of parley_clock_now(). One thread. */

#define PARLEY_PLAY_TIMES_MAX 16

typedef struct _ParleyPlayTimes ParleyPlayTimes;

ParleyPlayTimes *parley_play_times_new (void);
void parley_play_times_free (ParleyPlayTimes * times);
void parley_play_times_reset (ParleyPlayTimes * times);

/* The first audio of @epoch brought @timeline (NULL: none, nothing is
 * reported); a reference is taken. */
void parley_play_times_begin (ParleyPlayTimes * times, guint64 epoch,
    ParleyTimeline * timeline);
/* More audio of it, in order. */
void parley_play_times_audio (ParleyPlayTimes * times, guint64 epoch,
    const guint8 * mulaw, gsize len);
/* @outcome: the timeline of what it answers after all, if it was begun on a
 * guess; else NULL. A reference is taken. */
void parley_play_times_released (ParleyPlayTimes * times, guint64 epoch,
    ParleyTimeline * outcome, gint64 now);
/* A frame of it was to be sent; then its first was. */
void parley_play_times_ready (ParleyPlayTimes * times, guint64 epoch,
    gint64 now);
void parley_play_times_sent (ParleyPlayTimes * times, guint64 epoch,
    gint64 now);

/* The first @ms of it were heard at @at. The report, once, when that includes
 * its first sound; else NULL. Transfer full. */
ParleyTurnReport *parley_play_times_heard (ParleyPlayTimes * times,
    guint64 epoch, guint ms, gint64 at);
/* It is over, heard or void. The report, if something of it was sent and it was
 * not reported yet; else NULL. Epoch 0: all are over, of any. Transfer full. */
ParleyTurnReport *parley_play_times_over (ParleyPlayTimes * times,
    guint64 epoch);
/* Its timeline, borrowed; NULL for none. */
ParleyTimeline *parley_play_times_get (ParleyPlayTimes * times, guint64 epoch);

G_END_DECLS
