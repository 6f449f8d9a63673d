/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/metricdata.h"

#include <string.h>

#include "config.h"
#include "net/breaker.h"
#include "net/caches.h"
#include "server/processinfo.h"

static const gchar *const severities[] = { "warnings", "errors" };
static const gchar *const kinds[] = { "stt", "llm", "tts" };

static const gchar *const kind_elements[] = {
  "cloudstt", "llmchat", "cloudtts"
};

/* Lines */

static void
head (GString * text, const gchar * name, const gchar * type,
    const gchar * help)
{
  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", name, help,
      name, type);
}

/* @labels: NULL, or like stage="stt". */
static void
sample (GString * text, const gchar * name, const gchar * labels, gdouble value)
{
  g_string_append_printf (text, "%s%s%s%s ", name, labels ? "{" : "",
      labels ? labels : "", labels ? "}" : "");
  parley_number_print (text, value);
  g_string_append_c (text, '\n');
}

static void
single (GString * text, const gchar * name, const gchar * type,
    const gchar * help, gdouble value)
{
  head (text, name, type, help);
  sample (text, name, NULL, value);
}

/* Times */

static void
print_ends (GString * text, const gchar * name, const gchar * help,
    const ParleyHistogram * sent, const ParleyHistogram * heard)
{
  head (text, name, "histogram", help);
  parley_histogram_print (sent, text, name, "end=\"sent\"");
  parley_histogram_print (heard, text, name, "end=\"heard\"");
}

static void
print_histogram (GString * text, const gchar * name, const gchar * help,
    const ParleyHistogram * histogram)
{
  head (text, name, "histogram", help);
  parley_histogram_print (histogram, text, name, NULL);
}

static void
print_stages (GString * text, const ParleyMetricNumbers * numbers)
{
  head (text, "parley_stage_seconds", "histogram",
      "One stage of an answer; the stages sum to the whole.");
  for (guint i = 0; i < PARLEY_METRIC_STAGES; i++) {
    const gchar *name = parley_metric_stage (i);
    const gchar *owner = i < PARLEY_N_MILESTONES
        ? parley_owner_to_string (parley_stage_get_owner (i)) : name;
    g_autofree gchar *labels = NULL;

    if (!name || (i == PARLEY_N_MILESTONES
            && parley_histogram_count (&numbers->stages[i]) == 0))
      continue;
    labels = g_strdup_printf ("stage=\"%s\",owner=\"%s\"", name, owner);
    parley_histogram_print (&numbers->stages[i], text, "parley_stage_seconds",
        labels);
  }
}

static void
print_elements (GString * text, const ParleyMetricNumbers * numbers)
{
  head (text, "parley_element_seconds", "histogram",
      "An element's stages of an answer, by whose time it is.");
  for (guint i = 0; i < PARLEY_METRIC_ELEMENTS; i++) {
    for (guint j = 0; j < PARLEY_METRIC_OWNERS; j++) {
      const ParleyHistogram *histogram = &numbers->elements[i][j];
      g_autofree gchar *labels = g_strdup_printf
          ("element=\"%s\",owner=\"%s\"", parley_metric_element (i),
          parley_owner_to_string (j));

      if (parley_histogram_count (histogram) > 0)
        parley_histogram_print (histogram, text, "parley_element_seconds",
            labels);
    }
  }
}

static void
print_times (GString * text, const ParleyMetricNumbers * numbers)
{
  print_ends (text, "parley_response_seconds",
      "From the caller's last speech to the answer's first sound.",
      &numbers->sent, &numbers->heard);
  print_ends (text, "parley_greeting_seconds",
      "To the greeting's first sound.",
      &numbers->greeting_sent, &numbers->greeting_heard);
  print_histogram (text, "parley_call_setup_seconds",
      "From a call's connection to its pipeline being at work.",
      &numbers->setup);
  print_histogram (text, "parley_endpoint_wait_seconds",
      "Silence awaited before a turn counts as over.", &numbers->endpoint);
  print_stages (text, numbers);
  print_elements (text, numbers);
}

/* Providers */

typedef void (*ProviderFunc) (GString * text, guint kind,
    const gchar * provider, const ParleyProviderNumbers * numbers,
    const gchar * currency);

static void
print_provider_time (GString * text, guint kind, const gchar * provider,
    const ParleyProviderNumbers * numbers, const gchar * currency)
{
  g_autofree gchar *labels = g_strdup_printf
      ("element=\"%s\",provider=\"%s\"", kind_elements[kind], provider);

  if (parley_histogram_count (&numbers->time) > 0)
    parley_histogram_print (&numbers->time, text, "parley_provider_seconds",
        labels);
}

static void
print_usage (GString * text, guint kind, const gchar * provider,
    const ParleyProviderNumbers * numbers, const gchar * currency)
{
  for (guint i = 0; i < PARLEY_METRIC_UNITS; i++) {
    g_autofree gchar *labels = g_strdup_printf
        ("kind=\"%s\",provider=\"%s\",unit=\"%s\"", kinds[kind], provider,
        parley_metric_unit (i));

    if (numbers->amounts[i] > 0)
      sample (text, "parley_usage_total", labels, numbers->amounts[i]);
  }
}

static void
print_failures (GString * text, guint kind, const gchar * provider,
    const ParleyProviderNumbers * numbers, const gchar * currency)
{
  for (guint i = 0; i < PARLEY_METRIC_REASONS; i++) {
    g_autofree gchar *labels = g_strdup_printf
        ("kind=\"%s\",provider=\"%s\",reason=\"%s\"", kinds[kind], provider,
        parley_metric_reason (i));

    if (numbers->failures[i] > 0)
      sample (text, "parley_provider_failures_total", labels,
          numbers->failures[i]);
  }
}

static void
print_stood_in (GString * text, guint kind, const gchar * provider,
    const ParleyProviderNumbers * numbers, const gchar * currency)
{
  g_autofree gchar *labels = g_strdup_printf ("kind=\"%s\",to=\"%s\"",
      kinds[kind], provider);

  if (numbers->stood_in > 0)
    sample (text, "parley_provider_switches_total", labels, numbers->stood_in);
}

/* Their names are of settings: no more than the breakers there are. */
static void
print_services (GString * text)
{
  g_autoptr (GPtrArray) breakers = parley_breaker_list ();

  head (text, "parley_service_state", "gauge",
      "Whether a service is asked: 0 yes, 1 no, 2 one request finds out.");
  for (guint i = 0; i < breakers->len; i++) {
    ParleyBreaker *breaker = g_ptr_array_index (breakers, i);
    g_autofree gchar *labels = g_strdup_printf ("service=\"%s\"",
        parley_breaker_get_name (breaker));
    ParleyBreakerStats stats;

    parley_breaker_get_stats (breaker, &stats);
    if (!strpbrk (parley_breaker_get_name (breaker), "\"\\\n"))
      sample (text, "parley_service_state", labels, stats.state);
  }
}

static void
print_cost (GString * text, guint kind, const gchar * provider,
    const ParleyProviderNumbers * numbers, const gchar * currency)
{
  g_autofree gchar *labels = g_strdup_printf
      ("kind=\"%s\",provider=\"%s\",currency=\"%s\"", kinds[kind], provider,
      currency);

  if (numbers->cost > 0)
    sample (text, "parley_cost_total", labels, numbers->cost);
}

static void
for_each_provider (GString * text, const ParleyMetricNumbers * numbers,
    const gchar * currency, ProviderFunc func)
{
  for (guint i = 0; i < PARLEY_METRIC_KINDS; i++) {
    for (guint j = 0; j < PARLEY_METRIC_PROVIDERS; j++) {
      const gchar *provider = parley_metric_provider (i, j);

      if (provider)
        func (text, i, provider, &numbers->providers[i][j], currency);
    }
  }
}

static void
print_providers (GString * text, const ParleyMetricNumbers * numbers,
    const gchar * currency)
{
  head (text, "parley_provider_seconds", "histogram",
      "A provider's stages of an answer.");
  for_each_provider (text, numbers, currency, print_provider_time);
  head (text, "parley_usage_total", "counter",
      "What was used of providers, in their units.");
  for_each_provider (text, numbers, currency, print_usage);
  head (text, "parley_provider_failures_total", "counter",
      "What providers did not do, by why.");
  for_each_provider (text, numbers, currency, print_failures);
  head (text, "parley_provider_switches_total", "counter",
      "What a provider did as the fallback of another.");
  for_each_provider (text, numbers, currency, print_stood_in);
  print_services (text);
  if (!currency)
    return;
  head (text, "parley_cost_total", "counter",
      "What calls and providers cost, after the price file.");
  for_each_provider (text, numbers, currency, print_cost);
  {
    g_autofree gchar *labels = g_strdup_printf
        ("kind=\"call\",provider=\"other\",currency=\"%s\"", currency);

    sample (text, "parley_cost_total", labels, numbers->call_cost);
  }
}

/* Tools */

static void
print_tools (GString * text, const ParleyMetricNumbers * numbers)
{
  static const gchar *const results[] = { "failed", "worked" };

  head (text, "parley_tool_seconds", "histogram",
      "From a tool's call to its answer.");
  for (guint i = 0; i <= PARLEY_METRIC_TOOLS; i++) {
    const gchar *name = i < PARLEY_METRIC_TOOLS ? numbers->tool_names[i]
        : "other";

    for (guint j = 0; name && j < G_N_ELEMENTS (results); j++) {
      g_autofree gchar *labels = g_strdup_printf
          ("tool=\"%s\",result=\"%s\"", name, results[j]);

      if (parley_histogram_count (&numbers->tools[i][j]) > 0)
        parley_histogram_print (&numbers->tools[i][j], text,
            "parley_tool_seconds", labels);
    }
  }
}

/* Counters */

static void
print_turn_ends (GString * text, const ParleyMetricNumbers * numbers)
{
  head (text, "parley_turn_ends_total", "counter",
      "Turns of callers that ended, by why they counted as over.");
  for (guint i = 0; i <= PARLEY_ENDPOINT_REASONS; i++) {
    g_autofree gchar *label = g_strdup_printf ("reason=\"%s\"",
        i < PARLEY_ENDPOINT_REASONS ? parley_endpoint_reasons ()[i] : "other");

    if (numbers->turn_ends[i] > 0)
      sample (text, "parley_turn_ends_total", label, numbers->turn_ends[i]);
  }
}

static void
print_calls (GString * text, const ParleyMetricNumbers * numbers,
    guint active_calls, guint max_calls)
{
  single (text, "parley_calls_active", "gauge", "Calls under way.",
      active_calls);
  single (text, "parley_calls_limit", "gauge",
      "More calls than this are turned away.", max_calls);
  single (text, "parley_calls_total", "counter", "Calls that began.",
      numbers->calls);
  head (text, "parley_call_ends_total", "counter",
      "Connections that ended, by why.");
  for (guint i = 0; i < PARLEY_SESSION_N_ENDS; i++) {
    g_autofree gchar *labels = g_strdup_printf ("end=\"%s\"",
        parley_session_end_to_string (i));

    sample (text, "parley_call_ends_total", labels, numbers->ends[i]);
  }
  single (text, "parley_turns_cached_total", "counter",
      "Answers whose first sound came from the cache.", numbers->cached);
  single (text, "parley_turns_speculated_total", "counter",
      "Answers begun before the turn was known to be over.",
      numbers->speculated);
}

static void
print_played (GString * text, const ParleyPlayed * played)
{
  single (text, "parley_frames_sent_total", "counter",
      "Frames of 20 ms sent to callers.", played->frames);
  single (text, "parley_clears_total", "counter",
      "Times that the agent stopped talking at once.", played->clears);
  single (text, "parley_underruns_total", "counter",
      "Times that a reply under way had nothing to send.", played->underruns);
  single (text, "parley_audio_dropped_bytes_total", "counter",
      "Audio of replies that became void, 8000 bytes a second.",
      played->bytes_dropped);
}

static void
print_problems (GString * text, const ParleyMetricNumbers * numbers,
    guint severity)
{
  g_autofree gchar *name = g_strdup_printf ("parley_%s_total",
      severities[severity]);

  head (text, name, "counter", severity ? "Errors of elements, each of which "
      "ends a call." : "Warnings of elements.");
  for (guint i = 0; i < PARLEY_METRIC_ELEMENTS; i++) {
    for (guint j = 0; j < PARLEY_METRIC_DOMAINS; j++) {
      guint64 count = numbers->problems[severity][i][j];
      g_autofree gchar *labels = g_strdup_printf
          ("element=\"%s\",domain=\"%s\"", parley_metric_element (i),
          parley_metric_domain (j));

      if (count > 0)
        sample (text, name, labels, count);
    }
  }
}

/* Caches */

enum
{
  RESULT_MEMORY,
  RESULT_DIRECTORY,
  RESULT_JOINED,
  RESULT_MADE,
  N_RESULTS
};

enum
{
  STORE_MEMORY,
  STORE_DIRECTORY,
  N_STORES
};

static const gchar *const cache_results[N_RESULTS] = {
  "memory", "directory", "joined", "made"
};

static const gchar *const cache_stores[N_STORES] = { "memory", "directory" };

/* Over all caches of the same kind. */
typedef struct
{
  guint64 requests[PARLEY_N_CACHE_KINDS][N_RESULTS];
  ParleyCacheStoreStats stores[PARLEY_N_CACHE_KINDS][N_STORES];
} CacheNumbers;

static void
sum_store (ParleyCacheStoreStats * to, ParleyCacheStore * store)
{
  ParleyCacheStoreStats stats;

  if (!store)
    return;
  parley_cache_store_get_stats (store, &stats);
  to->bytes += stats.bytes;
  to->entries += stats.entries;
  to->evictions += stats.evictions;
  to->expired += stats.expired;
  to->damaged += stats.damaged;
  to->failures += stats.failures;
}

static void
sum_cache (ParleyCacheKind kind, const gchar * where, ParleyCache * cache,
    gpointer data)
{
  CacheNumbers *numbers = data;
  guint64 *requests = numbers->requests[kind];
  ParleyCacheStats stats;

  parley_cache_get_stats (cache, &stats);
  requests[RESULT_MEMORY] += stats.hits;
  requests[RESULT_DIRECTORY] += stats.fetched;
  requests[RESULT_JOINED] += stats.waits;
  requests[RESULT_MADE] += stats.misses - MIN (stats.fetched, stats.misses);
  sum_store (&numbers->stores[kind][STORE_MEMORY],
      parley_cache_get_memory (cache));
  sum_store (&numbers->stores[kind][STORE_DIRECTORY],
      parley_cache_get_behind (cache));
}

typedef gdouble (*StoreFunc) (const ParleyCacheStoreStats * stats);

static gdouble
store_bytes (const ParleyCacheStoreStats * stats)
{
  return stats->bytes;
}

static gdouble
store_entries (const ParleyCacheStoreStats * stats)
{
  return stats->entries;
}

static gdouble
store_evictions (const ParleyCacheStoreStats * stats)
{
  return stats->evictions;
}

static gdouble
store_expired (const ParleyCacheStoreStats * stats)
{
  return stats->expired;
}

static gdouble
store_damaged (const ParleyCacheStoreStats * stats)
{
  return stats->damaged;
}

static gdouble
store_failures (const ParleyCacheStoreStats * stats)
{
  return stats->failures;
}

static const struct
{
  const gchar *name;
  const gchar *type;
  const gchar *help;
  StoreFunc value;
} cache_metrics[] = {
  {"parley_cache_bytes", "gauge", "What is kept, with its overhead.",
      store_bytes},
  {"parley_cache_entries", "gauge", "How many things are kept.",
      store_entries},
  {"parley_cache_evictions_total", "counter", "Things that made room.",
      store_evictions},
  {"parley_cache_expired_total", "counter", "Things found too old.",
      store_expired},
  {"parley_cache_damaged_total", "counter", "Files found damaged.",
      store_damaged},
  {"parley_cache_failures_total", "counter",
      "Files not written, and disks found stuck.", store_failures},
};

static void
print_store_metric (GString * text, guint index, const CacheNumbers * numbers)
{
  head (text, cache_metrics[index].name, cache_metrics[index].type,
      cache_metrics[index].help);
  for (guint i = 0; i < PARLEY_N_CACHE_KINDS; i++) {
    for (guint j = 0; j < N_STORES; j++) {
      g_autofree gchar *labels = g_strdup_printf ("cache=\"%s\",store=\"%s\"",
          parley_cache_kind_to_string (i), cache_stores[j]);

      sample (text, cache_metrics[index].name, labels,
          cache_metrics[index].value (&numbers->stores[i][j]));
    }
  }
}

static void
print_caches (GString * text)
{
  CacheNumbers numbers = { 0 };

  parley_caches_for_each (sum_cache, &numbers);
  head (text, "parley_cache_requests_total", "counter",
      "What was wanted of a cache, by where it came from.");
  for (guint i = 0; i < PARLEY_N_CACHE_KINDS; i++) {
    for (guint j = 0; j < N_RESULTS; j++) {
      g_autofree gchar *labels = g_strdup_printf
          ("cache=\"%s\",result=\"%s\"", parley_cache_kind_to_string (i),
          cache_results[j]);

      sample (text, "parley_cache_requests_total", labels,
          numbers.requests[i][j]);
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (cache_metrics); i++)
    print_store_metric (text, i, &numbers);
}

/* Loops */

static void
print_loop_counters (GString * text, const ParleyLoopStats * stats, guint n)
{
  head (text, "parley_loop_stalls_total", "counter",
      "Pushes that held a loop up for over 20 ms.");
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *labels = g_strdup_printf ("loop=\"%u\"", i);

    sample (text, "parley_loop_stalls_total", labels, stats[i].stalls);
  }
  head (text, "parley_loop_push_seconds_total", "counter",
      "Time that a loop spent inside pushes.");
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *labels = g_strdup_printf ("loop=\"%u\"", i);

    sample (text, "parley_loop_push_seconds_total", labels,
        stats[i].push_sum / 1e6);
  }
}

static void
print_loops (GString * text)
{
  guint n = parley_loop_pool_get_size ();
  g_autofree ParleyLoopStats *stats = g_new (ParleyLoopStats, n);

  head (text, "parley_loop_lag_seconds", "histogram",
      "How late a loop was for what was due.");
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *labels = g_strdup_printf ("loop=\"%u\"", i);

    parley_loop_get_stats (parley_loop_pool_get (i), &stats[i]);
    parley_buckets_print (text, "parley_loop_lag_seconds", labels,
        parley_loop_lag_bounds, stats[i].lags, PARLEY_LOOP_LAG_BOUNDS,
        stats[i].lag_sum);
  }
  print_loop_counters (text, stats, n);
}

/* The process */

static void
print_process (GString * text)
{
  ParleyProcessInfo info;

  parley_process_info_read (&info);
  single (text, "process_resident_memory_bytes", "gauge",
      "Memory of the process.", info.resident_bytes);
  single (text, "process_open_fds", "gauge", "Descriptors in use.",
      info.open_descriptors);
  single (text, "process_max_fds", "gauge", "Descriptors there may be.",
      info.max_descriptors);
  single (text, "process_cpu_seconds_total", "counter",
      "CPU time of all threads.", info.cpu_seconds);
}

gchar *
parley_metric_numbers_to_text (const ParleyMetricNumbers * numbers,
    const gchar * currency, guint active_calls, guint max_calls)
{
  GString *text = g_string_sized_new (64 * 1024);

  head (text, "parley_build_info", "gauge", "1; what runs is in the labels.");
  sample (text, "parley_build_info", "version=\"" PARLEY_VERSION "\"", 1);
  print_calls (text, numbers, active_calls, max_calls);
  print_times (text, numbers);
  print_providers (text, numbers, currency);
  print_tools (text, numbers);
  print_turn_ends (text, numbers);
  print_played (text, &numbers->played);
  print_problems (text, numbers, 0);
  print_problems (text, numbers, 1);
  print_caches (text);
  print_loops (text);
  print_process (text);
  return g_string_free (text, FALSE);
}
