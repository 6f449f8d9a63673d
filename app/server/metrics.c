/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/metrics.h"

#include <string.h>

#include "server/metricdata.h"

#define OTHER "other"

struct _ParleyMetrics
{
  gchar *currency;
  GMutex lock;                  /* guards the rest */
  ParleyMetricNumbers numbers;
};

/* Tables */

static const gchar *const elements[PARLEY_METRIC_ELEMENTS] = {
  "twiliosrc", "vadendpoint", "cloudstt", "llmchat", "cloudtts", "mulawsink",
  OTHER
};

static const gchar *const domains[PARLEY_METRIC_DOMAINS] = {
  "core", "library", "resource", "stream", OTHER
};

static const gchar *const units[PARLEY_METRIC_UNITS] = {
  "second", "input_token", "output_token", "cached_input_token", "character"
};

static const gchar *const reasons[PARLEY_METRIC_REASONS] = {
  "connect", "timeout", "status", "auth", "rate-limited", "dropped", "protocol",
  "settings", "engine", "open", "busy", OTHER
};

/* After ParleyProviderKind. */
static const gchar *const kinds[PARLEY_METRIC_KINDS] = {
  "cloudstt", "llmchat", "cloudtts"
};

static const gchar *const kind_names[PARLEY_METRIC_KINDS] = {
  "stt", "llm", "tts"
};

const gchar *
parley_metric_stage (guint index)
{
  return index == PARLEY_N_MILESTONES ? OTHER
      : parley_stage_get_name ((ParleyMilestone) index);
}

const gchar *
parley_metric_element (guint index)
{
  return elements[index];
}

const gchar *
parley_metric_domain (guint index)
{
  return domains[index];
}

const gchar *
parley_metric_unit (guint index)
{
  return units[index];
}

const gchar *
parley_metric_reason (guint index)
{
  return reasons[index];
}

const gchar *
parley_metric_provider (guint kind, guint index)
{
  guint n_infos, n = 0;
  const ParleyProviderInfo *infos = parley_provider_list (&n_infos);

  if (index == PARLEY_METRIC_PROVIDERS - 1)
    return OTHER;
  for (guint i = 0; i < n_infos; i++)
    if (infos[i].kind == kind && n++ == index)
      return infos[i].name;
  return NULL;
}

/* The index of "other" for what is not in the table. */
static guint
find (const gchar * const *table, guint n, const gchar * name)
{
  guint i = 0;

  while (i < n - 1 && g_strcmp0 (table[i], name) != 0)
    i++;
  return i;
}

static guint
find_stage (const gchar * name)
{
  guint i = 0;

  while (i < PARLEY_N_MILESTONES
      && g_strcmp0 (parley_stage_get_name (i), name) != 0)
    i++;
  return i;
}

static guint
find_provider (guint kind, const gchar * name)
{
  for (guint i = 0; i < PARLEY_METRIC_PROVIDERS - 1; i++) {
    const gchar *known = parley_metric_provider (kind, i);

    if (!known)
      break;
    if (strcmp (known, name) == 0)
      return i;
  }
  return PARLEY_METRIC_PROVIDERS - 1;
}

/* Counting */

typedef struct
{
  gint64 elements[PARLEY_METRIC_ELEMENTS][PARLEY_METRIC_OWNERS];
  gboolean known[PARLEY_METRIC_ELEMENTS][PARLEY_METRIC_OWNERS];
  gint64 providers[PARLEY_METRIC_KINDS];
  const gchar *names[PARLEY_METRIC_KINDS];
} Sums;

/* It is not the model's time. */
static gboolean
is_tool (const ParleyStage * stage)
{
  return g_strcmp0 (stage->name, parley_stage_get_name (PARLEY_AT_TOOL)) == 0;
}

static void
sum_stage (Sums * sums, const ParleyStage * stage)
{
  guint element = find (elements, PARLEY_METRIC_ELEMENTS, stage->element);

  sums->elements[element][stage->owner] += stage->us;
  sums->known[element][stage->owner] = TRUE;
  for (guint i = 0; i < PARLEY_METRIC_KINDS; i++) {
    if (!stage->provider || is_tool (stage)
        || g_strcmp0 (kinds[i], stage->element) != 0)
      continue;
    sums->providers[i] += stage->us;
    sums->names[i] = stage->provider;
  }
}

static void
add_sums (ParleyMetricNumbers * to, const Sums * sums)
{
  guint endpoint = find (elements, PARLEY_METRIC_ELEMENTS, "vadendpoint");

  for (guint i = 0; i < PARLEY_METRIC_ELEMENTS; i++)
    for (guint j = 0; j < PARLEY_METRIC_OWNERS; j++)
      if (sums->known[i][j])
        parley_histogram_add (&to->elements[i][j], sums->elements[i][j]);
  for (guint i = 0; i < PARLEY_METRIC_KINDS; i++)
    if (sums->names[i])
      parley_histogram_add (&to->providers[i][find_provider (i,
                  sums->names[i])].time, sums->providers[i]);
  if (sums->known[endpoint][PARLEY_OWNER_SETTING])
    parley_histogram_add (&to->endpoint,
        sums->elements[endpoint][PARLEY_OWNER_SETTING]);
}

void
parley_metrics_add_turn (ParleyMetrics * self, const ParleyTurnReport * report)
{
  ParleyMetricNumbers *to = &self->numbers;
  gboolean greeting = report->turn == 0;
  Sums sums = { 0 };

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < report->stages->len; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    parley_histogram_add (&to->stages[find_stage (stage->name)], stage->us);
    sum_stage (&sums, stage);
  }
  add_sums (to, &sums);
  parley_histogram_add (greeting ? &to->greeting_sent : &to->sent,
      report->sent_us);
  if (report->heard_us >= 0)
    parley_histogram_add (greeting ? &to->greeting_heard : &to->heard,
        report->heard_us);
  to->cached += report->cached;
  to->speculated += report->speculated;
  g_mutex_unlock (&self->lock);
}

void
parley_metrics_add_begin (ParleyMetrics * self, gint64 us)
{
  g_mutex_lock (&self->lock);
  self->numbers.calls++;
  parley_histogram_add (&self->numbers.setup, us);
  g_mutex_unlock (&self->lock);
}

void
parley_metrics_add_end (ParleyMetrics * self, ParleySessionEnd end)
{
  g_mutex_lock (&self->lock);
  self->numbers.ends[end]++;
  g_mutex_unlock (&self->lock);
}

/* Under the lock. The name's place, which it takes if there is one left. */
static guint
find_tool (ParleyMetricNumbers * numbers, const gchar * name)
{
  guint i = 0;

  while (i < PARLEY_METRIC_TOOLS && numbers->tool_names[i]
      && g_strcmp0 (numbers->tool_names[i], name) != 0)
    i++;
  if (!name)
    return PARLEY_METRIC_TOOLS;
  if (i < PARLEY_METRIC_TOOLS && !numbers->tool_names[i])
    numbers->tool_names[i] = g_intern_string (name);
  return i;
}

void
parley_metrics_add_turn_end (ParleyMetrics * self, const gchar * reason)
{
  const gchar *const *known = parley_endpoint_reasons ();
  guint i = 0;

  while (i < PARLEY_ENDPOINT_REASONS && strcmp (known[i], reason) != 0)
    i++;
  g_mutex_lock (&self->lock);
  self->numbers.turn_ends[i]++;
  g_mutex_unlock (&self->lock);
}

void
parley_metrics_add_tool (ParleyMetrics * self, const ParleyToolReport * tool)
{
  ParleyMetricNumbers *to = &self->numbers;

  g_mutex_lock (&self->lock);
  parley_histogram_add (&to->tools[find_tool (to, tool->name)][tool->worked
          ? 1 : 0], tool->us);
  g_mutex_unlock (&self->lock);
}

static const gchar *
domain_name (GQuark domain)
{
  if (domain == GST_CORE_ERROR)
    return "core";
  if (domain == GST_LIBRARY_ERROR)
    return "library";
  if (domain == GST_RESOURCE_ERROR)
    return "resource";
  return domain == GST_STREAM_ERROR ? "stream" : OTHER;
}

void
parley_metrics_add_problem (ParleyMetrics * self, const ParleyProblem * problem)
{
  guint element = find (elements, PARLEY_METRIC_ELEMENTS, problem->element);
  guint domain = find (domains, PARLEY_METRIC_DOMAINS,
      domain_name (problem->domain));

  g_mutex_lock (&self->lock);
  self->numbers.problems[problem->is_error ? 1 : 0][element][domain]++;
  g_mutex_unlock (&self->lock);
}

void
parley_metrics_add_played (ParleyMetrics * self, const ParleyPlayed * more)
{
  ParleyPlayed *to = &self->numbers.played;

  g_mutex_lock (&self->lock);
  to->frames += more->frames;
  to->clears += more->clears;
  to->underruns += more->underruns;
  to->bytes_dropped += more->bytes_dropped;
  g_mutex_unlock (&self->lock);
}

void
parley_metrics_add_usage (ParleyMetrics * self, const ParleyUsage * usage,
    gdouble cost)
{
  guint kind = find (kind_names, PARLEY_METRIC_KINDS, usage->kind);
  guint unit = find (units, PARLEY_METRIC_UNITS, usage->unit);
  ParleyProviderNumbers *to =
      &self->numbers.providers[kind][find_provider (kind, usage->provider)];

  g_mutex_lock (&self->lock);
  to->amounts[unit] += usage->amount;
  to->cost += cost;
  g_mutex_unlock (&self->lock);
}

gboolean
parley_failure_from_structure (ParleyFailure * failure,
    const GstStructure * structure)
{
  gboolean is_switch = gst_structure_has_name (structure,
      "parley-provider-switch");

  if (!is_switch && !gst_structure_has_name (structure,
          "parley-provider-failed"))
    return FALSE;
  failure->kind = gst_structure_get_string (structure, "kind");
  failure->provider = gst_structure_get_string (structure,
      is_switch ? "from" : "provider");
  failure->reason = gst_structure_get_string (structure, "reason");
  failure->to = gst_structure_get_string (structure, "to");
  return failure->kind && failure->provider;
}

void
parley_metrics_add_failure (ParleyMetrics * self, const ParleyFailure * failure)
{
  guint kind = find (kind_names, PARLEY_METRIC_KINDS, failure->kind);
  guint reason = find (reasons, PARLEY_METRIC_REASONS, failure->reason);
  ParleyProviderNumbers *numbers = self->numbers.providers[kind];

  g_mutex_lock (&self->lock);
  numbers[find_provider (kind, failure->provider)].failures[reason]++;
  if (failure->to)
    numbers[find_provider (kind, failure->to)].stood_in++;
  g_mutex_unlock (&self->lock);
}

void
parley_metrics_add_call_cost (ParleyMetrics * self, gdouble cost)
{
  g_mutex_lock (&self->lock);
  self->numbers.call_cost += cost;
  g_mutex_unlock (&self->lock);
}

/* Reading */

gint64
parley_metrics_get_quantile (ParleyMetrics * self, const gchar * element,
    ParleyOwner owner, gdouble quantile)
{
  guint i = find (elements, PARLEY_METRIC_ELEMENTS, element);
  ParleyHistogram copy;

  if (i == PARLEY_METRIC_ELEMENTS - 1)
    return -1;
  g_mutex_lock (&self->lock);
  copy = self->numbers.elements[i][owner];
  g_mutex_unlock (&self->lock);
  return parley_histogram_quantile (&copy, quantile);
}

gchar *
parley_metrics_to_text (ParleyMetrics * self, guint active_calls,
    guint max_calls)
{
  g_autofree ParleyMetricNumbers *copy = g_new (ParleyMetricNumbers, 1);

  g_mutex_lock (&self->lock);
  *copy = self->numbers;
  g_mutex_unlock (&self->lock);
  return parley_metric_numbers_to_text (copy, self->currency, active_calls,
      max_calls);
}

ParleyMetrics *
parley_metrics_new (const gchar * currency)
{
  ParleyMetrics *self = g_new0 (ParleyMetrics, 1);

  g_mutex_init (&self->lock);
  self->currency = g_strdup (currency);
  return self;
}

void
parley_metrics_free (ParleyMetrics * self)
{
  g_mutex_clear (&self->lock);
  g_free (self->currency);
  g_free (self);
}
