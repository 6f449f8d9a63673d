/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* When a packet of a live stream came, on a loop that may have been too late to
 * see it: a packet is read after it came and came after the loop last looked;
 * within that it is where the sender's own clock puts it.
 *
 * The sender's clock is related to ours by the packet that took the shortest
 * way within the last PARLEY_ARRIVAL_WINDOW_US at least (the minimum filter of
 * RFC 5905, section 10), so that clocks that drift do no harm.
 *
 * Pure, all times µs; one thread. Begin with all zero. */

#define PARLEY_ARRIVAL_WINDOW_US (10 * G_TIME_SPAN_SECOND)

typedef struct
{
  gint64 window_begin;          /* 0: nothing came yet */
  gint64 shortest;              /* ours minus the sender's, in this window */
  gint64 shortest_before;       /* and in the one before */
} ParleyArrival;

/* @timestamp: the sender's, @blind_since: when the loop last looked (see
 * parley_loop_get_blind_since_in_loop()), @now: it is read. */
gint64 parley_arrival_of (ParleyArrival * arrival, gint64 timestamp,
    gint64 blind_since, gint64 now);

G_END_DECLS
