/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "server/metrics.h"
#include "server/transcript.h"

G_BEGIN_DECLS

/* What is known of the calls: those under way, and those that ended within ten
 * minutes, as far as there is room. Numbers only, never what was said; the
 * caller's number is masked: but where somebody keeps the archive of calls.
 *
 * Each call adds to its own record; only its begin, its end and looking it up
 * touch what all share, for microseconds.
 *
 * Threads: any. */

#define PARLEY_CALLS_KEEP_US (10 * G_TIME_SPAN_MINUTE)
/* Ended calls, and turns in those; the oldest calls go first. */
#define PARLEY_CALLS_MAX_ENDED 10000
#define PARLEY_CALLS_MAX_TURNS 40000
/* Turns of one call; the oldest go first. */
#define PARLEY_CALL_MAX_TURNS 500
/* Kinds of usage of one call. */
#define PARLEY_CALL_MAX_USAGE 32

typedef struct _ParleyCalls ParleyCalls;
typedef struct _ParleyCallRecord ParleyCallRecord;

/* Counts into @metrics too. Both must outlive it; @prices may be NULL. @keep:
 * how many ended calls, up to PARLEY_CALLS_MAX_ENDED. */
ParleyCalls *parley_calls_new (ParleyMetrics * metrics,
    const ParleyPrices * prices, guint keep);
void parley_calls_free (ParleyCalls * calls);

/* A call begins; transfer full. */
ParleyCallRecord *parley_calls_begin (ParleyCalls * calls,
    const ParleySessionBegin * begin);
/* Somebody keeps the call's archive: from now on what is said is kept, and the
 * caller's whole number @from (may be NULL). */
void parley_call_record_keep_archive (ParleyCallRecord * record,
    const gchar * from);
void parley_call_record_add_caption (ParleyCallRecord * record,
    const ParleyCaption * caption);
void parley_call_record_add_heard (ParleyCallRecord * record,
    const ParleyHeardText * heard);
/* It is over; once. */
void parley_calls_end (ParleyCalls * calls, ParleyCallRecord * record,
    ParleySessionEnd end, const gchar * reason);
void parley_calls_add_turn (ParleyCalls * calls, ParleyCallRecord * record,
    const ParleyTurnReport * report);
void parley_calls_add_usage (ParleyCalls * calls, ParleyCallRecord * record,
    const ParleyUsage * usage);

guint parley_calls_get_live (ParleyCalls * calls);
/* Takes what the sinks of live calls have counted into the metrics. */
void parley_calls_harvest (ParleyCalls * calls);

/* The last call @sid; transfer full, NULL for none. */
ParleyCallRecord *parley_calls_find (ParleyCalls * calls, const gchar * sid);
ParleyCallRecord *parley_call_record_ref (ParleyCallRecord * record);
void parley_call_record_unref (ParleyCallRecord * record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyCallRecord, parley_call_record_unref)

const gchar *parley_call_record_get_sid (ParleyCallRecord * record);
gboolean parley_call_record_is_live (ParleyCallRecord * record);
/* Over the call's turns: the time of an @element (a factory's name) that is
 * @owner's; µs, -1 without a turn. */
gint64 parley_call_record_get_percentile (ParleyCallRecord * record,
    const gchar * element, ParleyOwner owner, guint percent);

/* {"active","calls":[{"sid","from","to","file","state" ("live", "ended"),
 * "begin" (ISO 8601),"seconds","setup_ms","n_turns","end","reason"}]}, the
 * newest first; milliseconds for thousands of calls. Transfer full. */
gchar *parley_calls_to_json (ParleyCalls * calls);
/* The same of one call, with "turns" (as of turnjson.h), "usage" and, with a
 * price file, "cost" and "currency". Transfer full. */
gchar *parley_calls_record_to_json (ParleyCalls * calls,
    ParleyCallRecord * record);

/* The same of one that is over, for those who keep it: with the whole "from",
 * "recordings" (the files that the pipeline wrote) and "transcript" (as of
 * transcript.h; @mask: card numbers hidden). What was said is let go. Transfer
 * full. */
gchar *parley_calls_record_to_archive (ParleyCalls * calls,
    ParleyCallRecord * record, gboolean mask);

G_END_DECLS
