/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/registry.h"
#include "server/histogram.h"
#include "server/metrics.h"
#include "turn/endpointrules.h"

G_BEGIN_DECLS

/* Between metrics.c, which counts, and metrictext.c, which prints. */

/* The last of each table is "other". */
#define PARLEY_METRIC_STAGES (PARLEY_N_MILESTONES + 1)
#define PARLEY_METRIC_ELEMENTS 7
#define PARLEY_METRIC_OWNERS 4
#define PARLEY_METRIC_DOMAINS 5
#define PARLEY_METRIC_PROVIDERS 32
#define PARLEY_METRIC_KINDS 3
#define PARLEY_METRIC_UNITS 5
#define PARLEY_METRIC_TOOLS 32
#define PARLEY_METRIC_REASONS 12

typedef struct
{
  gdouble amounts[PARLEY_METRIC_UNITS];
  gdouble cost;
  guint64 failures[PARLEY_METRIC_REASONS];
  guint64 stood_in;
  ParleyHistogram time;
} ParleyProviderNumbers;

/* Plain data: copied whole. */
typedef struct
{
  ParleyHistogram stages[PARLEY_METRIC_STAGES];
  ParleyHistogram elements[PARLEY_METRIC_ELEMENTS][PARLEY_METRIC_OWNERS];
  ParleyProviderNumbers
      providers[PARLEY_METRIC_KINDS][PARLEY_METRIC_PROVIDERS];
  const gchar *tool_names[PARLEY_METRIC_TOOLS]; /* interned; NULL: free */
  ParleyHistogram tools[PARLEY_METRIC_TOOLS + 1][2];    /* [failed, worked];
                                                         * last: "other" */
  guint64 turn_ends[PARLEY_ENDPOINT_REASONS + 1];       /* last: "other" */
  ParleyHistogram sent;
  ParleyHistogram heard;
  ParleyHistogram greeting_sent;
  ParleyHistogram greeting_heard;
  ParleyHistogram endpoint;
  ParleyHistogram setup;
  guint64 calls;
  guint64 cached;
  guint64 speculated;
  guint64 ends[PARLEY_SESSION_N_ENDS];
  guint64 problems[2][PARLEY_METRIC_ELEMENTS][PARLEY_METRIC_DOMAINS];
  ParleyPlayed played;
  gdouble call_cost;
} ParleyMetricNumbers;

/* Names by index; "other" for the last, NULL where there is nothing. */
const gchar *parley_metric_stage (guint index);
const gchar *parley_metric_element (guint index);
const gchar *parley_metric_domain (guint index);
const gchar *parley_metric_unit (guint index);
const gchar *parley_metric_reason (guint index);
const gchar *parley_metric_provider (guint kind, guint index);

/* The text of a copy of the numbers. */
gchar *parley_metric_numbers_to_text (const ParleyMetricNumbers * numbers,
    const gchar * currency, guint active_calls, guint max_calls);

G_END_DECLS
