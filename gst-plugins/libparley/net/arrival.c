/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/arrival.h"

gint64
parley_arrival_of (ParleyArrival * arrival, gint64 timestamp,
    gint64 blind_since, gint64 now)
{
  gint64 way = now - timestamp;

  if (!arrival->window_begin) {
    arrival->window_begin = now;
    arrival->shortest = arrival->shortest_before = way;
  } else if (now - arrival->window_begin >= PARLEY_ARRIVAL_WINDOW_US) {
    arrival->window_begin = now;
    arrival->shortest_before = arrival->shortest;
    arrival->shortest = way;
  }
  arrival->shortest = MIN (arrival->shortest, way);
  return CLAMP (timestamp + MIN (arrival->shortest, arrival->shortest_before),
      MIN (blind_since, now), now);
}
