/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/monitor.h"

#include <string.h>

#include "server/graph.h"
#include "server/svg.h"

#define PREFIX "/calls/"

#define TEXT_NONE "There is no such call: none with that identifier has " \
    "begun, or it ended more than ten minutes ago. /calls lists what there " \
    "is.\n"
#define TEXT_OVER "The call is over, and its pipeline with it. Its numbers " \
    "are at /calls/SID.\n"

struct _ParleyMonitor
{
  gatomicrefcount refs;
  ParleyPrices *prices;
  ParleyMetrics *metrics;
  ParleyCalls *calls;
  guint max_calls;
};

ParleyMonitor *
parley_monitor_new (ParleyPrices * prices, guint max_calls, guint keep_calls)
{
  ParleyMonitor *self = g_new0 (ParleyMonitor, 1);

  g_atomic_ref_count_init (&self->refs);
  self->prices = prices;
  self->metrics = parley_metrics_new (prices
      ? parley_prices_get_currency (prices) : NULL);
  self->calls = parley_calls_new (self->metrics, prices, keep_calls);
  self->max_calls = max_calls;
  return self;
}

ParleyMonitor *
parley_monitor_ref (ParleyMonitor * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
parley_monitor_unref (ParleyMonitor * self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  parley_calls_free (self->calls);
  parley_metrics_free (self->metrics);
  g_clear_pointer (&self->prices, parley_prices_free);
  g_free (self);
}

ParleyCalls *
parley_monitor_get_calls (ParleyMonitor * self)
{
  return self->calls;
}

ParleyMetrics *
parley_monitor_get_metrics (ParleyMonitor * self)
{
  return self->metrics;
}

/* Texts made by a worker */

typedef struct
{
  ParleyMonitor *monitor;
  ParleyAnswer *answer;
  ParleyCallRecord *record;     /* NULL: none is asked for */
  gboolean svg;
} Request;

static Request *
request_new (ParleyMonitor * monitor, SoupServerMessage * message,
    ParleyCallRecord * record)
{
  Request *self = g_new0 (Request, 1);

  self->monitor = parley_monitor_ref (monitor);
  self->answer = parley_answer_begin_in_loop (message);
  self->record = record ? parley_call_record_ref (record) : NULL;
  return self;
}

static void
request_free (Request * self)
{
  g_clear_pointer (&self->record, parley_call_record_unref);
  parley_monitor_unref (self->monitor);
  g_free (self);
}

static void
request_submit (Request * self, ParleyWorkFunc work)
{
  parley_work_submit (parley_answer_get_loop (self->answer), work, NULL, self);
}

static void
make_metrics (gpointer data)
{
  Request *self = data;
  ParleyMonitor *monitor = self->monitor;

  parley_calls_harvest (monitor->calls);
  parley_answer_give (self->answer, SOUP_STATUS_OK, PARLEY_TYPE_METRICS,
      parley_metrics_to_text (monitor->metrics,
          parley_calls_get_live (monitor->calls), monitor->max_calls));
  request_free (self);
}

void
parley_monitor_answer_metrics_in_loop (ParleyMonitor * self,
    SoupServerMessage * message)
{
  request_submit (request_new (self, message, NULL), make_metrics);
}

static void
make_list (gpointer data)
{
  Request *self = data;

  parley_answer_give (self->answer, SOUP_STATUS_OK, PARLEY_TYPE_JSON,
      parley_calls_to_json (self->monitor->calls));
  request_free (self);
}

void
parley_monitor_answer_list_in_loop (ParleyMonitor * self,
    SoupServerMessage * message)
{
  request_submit (request_new (self, message, NULL), make_list);
}

static void
make_record (gpointer data)
{
  Request *self = data;

  parley_answer_give (self->answer, SOUP_STATUS_OK, PARLEY_TYPE_JSON,
      parley_calls_record_to_json (self->monitor->calls, self->record));
  request_free (self);
}

void
parley_monitor_answer_record_in_loop (ParleyMonitor * self,
    SoupServerMessage * message, ParleyCallRecord * record)
{
  request_submit (request_new (self, message, record), make_record);
}

void
parley_monitor_answer_none_in_loop (SoupServerMessage * message)
{
  parley_answer_text_in_loop (message, SOUP_STATUS_NOT_FOUND,
      PARLEY_TYPE_TEXT, g_strdup (TEXT_NONE));
}

/* What is asked for */

static gboolean
wants_svg (SoupServerMessage * message)
{
  const gchar *query = g_uri_get_query (soup_server_message_get_uri (message));
  const gchar *accept = soup_message_headers_get_list
      (soup_server_message_get_request_headers (message), "Accept");
  g_autoptr (GHashTable) fields = query ? soup_form_decode (query) : NULL;
  const gchar *format = fields ? g_hash_table_lookup (fields, "format") : NULL;

  if (format)
    return strcmp (format, "svg") == 0;
  return accept && soup_header_contains (accept, "image/svg+xml");
}

ParleyMonitorView
parley_monitor_parse (SoupServerMessage * message, const gchar * path,
    gchar ** sid)
{
  const gchar *rest = path + strlen (PREFIX);

  if (g_str_has_suffix (rest, "/graph.svg")) {
    *sid = g_strndup (rest, strlen (rest) - strlen ("/graph.svg"));
    return PARLEY_MONITOR_SVG;
  }
  if (g_str_has_suffix (rest, "/graph")) {
    *sid = g_strndup (rest, strlen (rest) - strlen ("/graph"));
    return wants_svg (message) ? PARLEY_MONITOR_SVG : PARLEY_MONITOR_DOT;
  }
  *sid = g_strdup (rest);
  return PARLEY_MONITOR_RECORD;
}

/* Graphs */

gpointer
parley_monitor_graph_new_in_loop (ParleyMonitor * self,
    SoupServerMessage * message, ParleyCallRecord * record, gboolean svg)
{
  Request *request = request_new (self, message, record);

  request->svg = svg;
  return request;
}

void
parley_monitor_graph_draw (GstElement * pipeline, gpointer graph)
{
  Request *self = graph;
  gchar *dot;

  if (!pipeline) {
    parley_answer_give (self->answer, SOUP_STATUS_NOT_FOUND, PARLEY_TYPE_TEXT,
        g_strdup (TEXT_OVER));
  } else {
    dot = parley_graph_new_in_loop (pipeline,
        parley_call_record_get_sid (self->record), self->record,
        self->monitor->metrics);
    if (self->svg)
      parley_svg_answer (self->answer, dot);
    else
      parley_answer_give (self->answer, SOUP_STATUS_OK,
          "text/vnd.graphviz; charset=utf-8", dot);
  }
  request_free (self);
}
