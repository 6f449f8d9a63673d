/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "server/answer.h"
#include "server/calls.h"

G_BEGIN_DECLS

/* The pages for those that run the server: /metrics, /calls, /calls/SID and
 * /calls/SID/graph. Their texts are made by the process's workers.
 *
 * Reference counted: an answer under way outlives the service. Any thread. */

typedef struct _ParleyMonitor ParleyMonitor;

/* @prices: transfer full, may be NULL. */
ParleyMonitor *parley_monitor_new (ParleyPrices * prices, guint max_calls,
    guint keep_calls);
ParleyMonitor *parley_monitor_ref (ParleyMonitor * monitor);
void parley_monitor_unref (ParleyMonitor * monitor);

/* Borrowed. */
ParleyCalls *parley_monitor_get_calls (ParleyMonitor * monitor);
ParleyMetrics *parley_monitor_get_metrics (ParleyMonitor * monitor);

/* All on the loop of the request: */
void parley_monitor_answer_metrics_in_loop (ParleyMonitor * monitor,
    SoupServerMessage * message);
void parley_monitor_answer_list_in_loop (ParleyMonitor * monitor,
    SoupServerMessage * message);

/* What is asked of the call @sid. */
typedef enum
{
  PARLEY_MONITOR_RECORD,
  PARLEY_MONITOR_DOT,
  PARLEY_MONITOR_SVG
} ParleyMonitorView;

/* The view that @path, as in "/calls/SID/graph.svg", and the request's query
 * and Accept header ask for; @sid: transfer full. */
ParleyMonitorView parley_monitor_parse (SoupServerMessage * message,
    const gchar * path, gchar ** sid);
void parley_monitor_answer_record_in_loop (ParleyMonitor * monitor,
    SoupServerMessage * message, ParleyCallRecord * record);
/* There is no such call. */
void parley_monitor_answer_none_in_loop (SoupServerMessage * message);

/* A graph to be drawn: for parley_session_look(). It draws once. */
gpointer parley_monitor_graph_new_in_loop (ParleyMonitor * monitor,
    SoupServerMessage * message, ParleyCallRecord * record, gboolean svg);
/* A ParleySessionLook; with NULL for the pipeline it answers that the call is
 * over. @graph is freed. */
void parley_monitor_graph_draw (GstElement * pipeline, gpointer graph);

G_END_DECLS
