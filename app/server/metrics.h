/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "server/prices.h"
#include "server/session.h"

G_BEGIN_DECLS

/* The server's numbers, for Prometheus. Whoever counts holds a lock for some
 * microseconds; the text is made of a copy. Label values come from fixed tables
 * and the registry of providers; all else is "other".
 *
 * Threads: any. */

typedef struct _ParleyMetrics ParleyMetrics;

/* What mulawsink counted. */
typedef struct
{
  guint64 frames;
  guint64 clears;
  guint64 underruns;
  guint64 bytes_dropped;
} ParleyPlayed;

/* What a provider did not do, as an element message tells it. The strings are
 * borrowed from the message. */
typedef struct
{
  const gchar *kind;            /* "stt", "llm" or "tts" */
  const gchar *provider;
  const gchar *reason;
  const gchar *to;              /* who did it; NULL: nobody */
} ParleyFailure;

/* Of "parley-provider-switch" and "parley-provider-failed"; FALSE: it is
 * neither of these. */
gboolean parley_failure_from_structure (ParleyFailure * failure,
    const GstStructure * structure);

/* @currency: of the price file; NULL without. */
ParleyMetrics *parley_metrics_new (const gchar * currency);
void parley_metrics_free (ParleyMetrics * metrics);

void parley_metrics_add_turn (ParleyMetrics * metrics,
    const ParleyTurnReport * report);
/* A call has begun, @us after its socket was accepted. */
void parley_metrics_add_begin (ParleyMetrics * metrics, gint64 us);
void parley_metrics_add_end (ParleyMetrics * metrics, ParleySessionEnd end);
/* The first PARLEY_METRIC_TOOLS names have numbers of their own. */
/* A turn of the caller is over; @reason as of vadendpoint. */
void parley_metrics_add_turn_end (ParleyMetrics * metrics,
    const gchar * reason);
void parley_metrics_add_tool (ParleyMetrics * metrics,
    const ParleyToolReport * tool);
void parley_metrics_add_problem (ParleyMetrics * metrics,
    const ParleyProblem * problem);
void parley_metrics_add_played (ParleyMetrics * metrics,
    const ParleyPlayed * more);
/* @cost: 0 without a price. */
void parley_metrics_add_usage (ParleyMetrics * metrics,
    const ParleyUsage * usage, gdouble cost);
void parley_metrics_add_failure (ParleyMetrics * metrics,
    const ParleyFailure * failure);
/* The calls' own cost, beside the providers'. */
void parley_metrics_add_call_cost (ParleyMetrics * metrics, gdouble cost);

/* Over all turns so far: the time of an @element (a factory's name) that is
 * @owner's; µs, -1 without a turn or for another element. */
gint64 parley_metrics_get_quantile (ParleyMetrics * metrics,
    const gchar * element, ParleyOwner owner, gdouble quantile);

/* Prometheus' text format 0.0.4. Reads files of /proc: not on a loop. Transfer
 * full. */
gchar *parley_metrics_to_text (ParleyMetrics * metrics, guint active_calls,
    guint max_calls);

#define PARLEY_TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

G_END_DECLS
