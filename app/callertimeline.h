/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "caller.h"

G_BEGIN_DECLS

/* The server's view of the caller's turns, and what lies between the two.
 *
 * The server's page URL/calls/SID is {"sid","turns":[…]} with the turns of
 * turnjson.h. A turn there is one of ours if its speech ended, by the caller's
 * own media timestamps, next to our last loud sample and within a second of it.
 *
 * Then the response, which runs from the frame F with our last loud sample to
 * the first loud sample of the reply, is the sum of
 *   detector   from F to the frame G that holds the end of speech as the
 *              server sees it, by when we sent both; negative: G is before F
 *   wire up    sending G to its arrival, which is the server's zero
 *   sent       the server's stages
 *   wire down  the server's sending the reply's first frame to our receiving it
 *   playout    what that frame waited here before it was due to be heard,
 *              with the underruns before the first sound
 *   rest       what none of these explains
 * The wire needs both ends on one monotonic clock; without it is part of the
 * rest. A wire never takes less than nothing: what would be is in the rest. */

typedef struct
{
  gint64 detector_us;
  gint64 wire_up_us;            /* both only on the same clock, else 0 */
  gint64 wire_down_us;
  gint64 playout_us;
  gint64 rest_us;
} ParleyCallerDifference;

/* Takes over what @page tells of the turns of @result, which was made with
 * keep_times. FALSE with @error: it is no such page. */
gboolean parley_caller_join (ParleyCallerResult * result, JsonNode * page,
    gboolean same_clock, GError ** error);
/* Whether all turns that were spoken and answered have a report. */
gboolean parley_caller_is_joined (const ParleyCallerResult * result);
/* FALSE: no report of that turn. */
gboolean parley_caller_get_difference (const ParleyCallerResult * result,
    const ParleyCallerTurnResult * turn, ParleyCallerDifference * difference);

/* Asks the server at @base (http or https) for the turns of @result, again
 * until @deadline (parley_clock_now() time) while some are missing; blocks. A
 * failure is @result's timeline_error. @token: NULL, or sent as bearer. */
void parley_caller_fetch (ParleyCallerResult * result, const gchar * base,
    const gchar * token, gboolean insecure, gint64 deadline);

/* Into the @object of the turn: the server's stages and ends (turnjson.h) and
 * "difference":{"detector_ms","wire_up_ms","wire_down_ms","playout_ms",
 * "rest_ms"}; null where it is not known. */
void parley_caller_turn_set_timeline (JsonObject * object,
    const ParleyCallerResult * result, const ParleyCallerTurnResult * turn);
/* {"joined": turns, then of each difference {"p50","p90","p99"}}; @results: of
 * ParleyCallerResult. Transfer full. */
JsonObject *parley_caller_differences_to_object (GPtrArray * results);

#define PARLEY_CALLER_TIMELINE_ERROR (parley_caller_timeline_error_quark ())
GQuark parley_caller_timeline_error_quark (void);

G_END_DECLS
