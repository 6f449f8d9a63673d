/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "net/breaker.h"
#include "server/histogram.h"
#include "server/metrics.h"
#include "tests/mock/promtext.h"

/* A report of stages that sum to its total. */
static ParleyTurnReport *
report_new (guint turn)
{
  static const ParleyStage stages[] = {
    {"endpoint", PARLEY_OWNER_SETTING, "vadendpoint", NULL, 400000},
    {"vadendpoint", PARLEY_OWNER_PARLEY, "vadendpoint", NULL, 300},
    {"stt", PARLEY_OWNER_PROVIDER, "cloudstt", "pocketsphinx", 20000},
    {"cloudstt", PARLEY_OWNER_PARLEY, "cloudstt", NULL, 100},
    {"llm-first-token", PARLEY_OWNER_PROVIDER, "llmchat", "script", 1500},
    {"llm-first-sentence", PARLEY_OWNER_PROVIDER, "llmchat", "script", 500},
    {"tts-first-audio", PARLEY_OWNER_PROVIDER, "cloudtts", "flite", 25000},
    {"socket", PARLEY_OWNER_NETWORK, "mulawsink", NULL, 600},
    {"playout", PARLEY_OWNER_NETWORK, "mulawsink", NULL, 80000},
  };
  ParleyTurnReport *report = g_new0 (ParleyTurnReport, 1);

  report->turn = turn;
  report->stages = g_array_new (FALSE, FALSE, sizeof (ParleyStage));
  g_array_append_vals (report->stages, stages, G_N_ELEMENTS (stages));
  report->heard_us = 528000;
  report->sent_us = 448000;
  return report;
}

static gchar *
count_one (ParleyTurnReport * report)
{
  ParleyMetrics *metrics = parley_metrics_new (NULL);
  gchar *text;

  parley_metrics_add_turn (metrics, report);
  text = parley_metrics_to_text (metrics, 3, 1000);
  parley_metrics_free (metrics);
  parley_turn_report_free (report);
  return text;
}

static void
test_turn (void)
{
  g_autofree gchar *text = count_one (report_new (1));
  g_autoptr (GHashTable) samples = prom_parse (text);

#define IS(name, value) \
    g_assert_cmpfloat_with_epsilon (prom_get (samples, name), value, 1e-9)
  IS ("parley_calls_active", 3);
  IS ("parley_calls_limit", 1000);
  IS ("parley_stage_seconds_sum{stage=\"stt\",owner=\"provider\"}", 0.02);
  IS ("parley_stage_seconds_count{stage=\"stt\",owner=\"provider\"}", 1);
  IS ("parley_stage_seconds_bucket{stage=\"stt\",owner=\"provider\","
      "le=\"0.01\"}", 0);
  IS ("parley_stage_seconds_bucket{stage=\"stt\",owner=\"provider\","
      "le=\"0.02\"}", 1);
  IS ("parley_stage_seconds_count{stage=\"withheld\",owner=\"setting\"}", 0);
  IS ("parley_element_seconds_sum{element=\"cloudstt\",owner=\"provider\"}",
      0.02);
  IS ("parley_element_seconds_sum{element=\"cloudstt\",owner=\"parley\"}",
      0.0001);
  IS ("parley_element_seconds_sum{element=\"mulawsink\",owner=\"network\"}",
      0.0806);
  IS ("parley_provider_seconds_sum{element=\"llmchat\",provider=\"script\"}",
      0.002);
  IS ("parley_response_seconds_sum{end=\"sent\"}", 0.448);
  IS ("parley_response_seconds_sum{end=\"heard\"}", 0.528);
  IS ("parley_greeting_seconds_count{end=\"sent\"}", 0);
  IS ("parley_endpoint_wait_seconds_sum", 0.4);
  IS ("parley_cache_requests_total{cache=\"speech\",result=\"made\"}", 0);
  IS ("parley_cache_bytes{cache=\"answers\",store=\"directory\"}", 0);
}

static void
test_greeting (void)
{
  g_autofree gchar *text = count_one (report_new (0));
  g_autoptr (GHashTable) samples = prom_parse (text);

  IS ("parley_response_seconds_count{end=\"sent\"}", 0);
  IS ("parley_greeting_seconds_sum{end=\"sent\"}", 0.448);
  IS ("parley_greeting_seconds_sum{end=\"heard\"}", 0.528);
}

static void
test_not_heard (void)
{
  ParleyTurnReport *report = report_new (1);
  g_autofree gchar *text = NULL;
  g_autoptr (GHashTable) samples = NULL;

  report->heard_us = -1;
  text = count_one (report);
  samples = prom_parse (text);
  IS ("parley_response_seconds_count{end=\"sent\"}", 1);
  IS ("parley_response_seconds_count{end=\"heard\"}", 0);
}

static void
test_turn_ends (void)
{
  ParleyMetrics *metrics = parley_metrics_new (NULL);
  g_autofree gchar *text = NULL;
  g_autoptr (GHashTable) samples = NULL;

  parley_metrics_add_turn_end (metrics, "sentence");
  parley_metrics_add_turn_end (metrics, "yes-no");
  parley_metrics_add_turn_end (metrics, "sentence");
  parley_metrics_add_turn_end (metrics, "a-rule-of-somebody\"s");
  text = parley_metrics_to_text (metrics, 0, 0);
  samples = prom_parse (text);
  IS ("parley_turn_ends_total{reason=\"sentence\"}", 2);
  IS ("parley_turn_ends_total{reason=\"yes-no\"}", 1);
  IS ("parley_turn_ends_total{reason=\"other\"}", 1);
  g_assert_null (strstr (text, "reason=\"silence\""));
  parley_metrics_free (metrics);
}

/* What anybody may call himself is no label. */
static void
test_names_from_outside (void)
{
  ParleyTurnReport *report = report_new (1);
  ParleyStage *stage = &g_array_index (report->stages, ParleyStage, 2);
  g_autofree gchar *text = NULL;
  g_autoptr (GHashTable) samples = NULL;

  stage->name = "CA123\"}\n";
  stage->provider = "https://example.org/?key=1";
  stage = &g_array_index (report->stages, ParleyStage, 4);
  stage->element = "+15035550100";
  text = count_one (report);
  samples = prom_parse (text);
  IS ("parley_stage_seconds_count{stage=\"other\",owner=\"other\"}", 1);
  IS ("parley_element_seconds_count{element=\"other\",owner=\"provider\"}", 1);
  IS ("parley_provider_seconds_count{element=\"cloudstt\",provider=\"other\"}",
      1);
  g_assert_null (strstr (text, "CA123"));
  g_assert_null (strstr (text, "example.org"));
  g_assert_null (strstr (text, "5035550100"));
}

static void
test_other_counters (void)
{
  ParleyMetrics *metrics = parley_metrics_new ("EUR");
  const ParleyProblem warning = { FALSE, "cloudtts", GST_STREAM_ERROR };
  const ParleyProblem error = { TRUE, "theirs", GST_RESOURCE_ERROR };
  const ParleyPlayed played = { 50, 2, 1, 1600 };
  const ParleyUsage usage = { "tts", "flite", NULL, "character", 120 };
  g_autofree gchar *text = NULL;
  g_autoptr (GHashTable) samples = NULL;

  parley_metrics_add_begin (metrics, 4000);
  parley_metrics_add_end (metrics, PARLEY_SESSION_LOST);
  parley_metrics_add_problem (metrics, &warning);
  parley_metrics_add_problem (metrics, &error);
  parley_metrics_add_played (metrics, &played);
  parley_metrics_add_played (metrics, &played);
  parley_metrics_add_usage (metrics, &usage, 0.012);
  parley_metrics_add_call_cost (metrics, 0.5);
  text = parley_metrics_to_text (metrics, 0, 1);
  samples = prom_parse (text);
  IS ("parley_calls_total", 1);
  IS ("parley_call_setup_seconds_sum", 0.004);
  IS ("parley_call_ends_total{end=\"lost\"}", 1);
  IS ("parley_call_ends_total{end=\"hung-up\"}", 0);
  IS ("parley_warnings_total{element=\"cloudtts\",domain=\"stream\"}", 1);
  IS ("parley_errors_total{element=\"other\",domain=\"resource\"}", 1);
  IS ("parley_frames_sent_total", 100);
  IS ("parley_clears_total", 4);
  IS ("parley_underruns_total", 2);
  IS ("parley_audio_dropped_bytes_total", 3200);
  IS ("parley_usage_total{kind=\"tts\",provider=\"flite\","
      "unit=\"character\"}", 120);
  IS ("parley_cost_total{kind=\"tts\",provider=\"flite\",currency=\"EUR\"}",
      0.012);
  IS ("parley_cost_total{kind=\"call\",provider=\"other\",currency=\"EUR\"}",
      0.5);
  parley_metrics_free (metrics);
}

/* The first names have their own numbers, what comes after them shares. */
static void
test_tools (void)
{
  ParleyMetrics *metrics = parley_metrics_new (NULL);
  ParleyToolReport tool = { "find_order", TRUE, 250000 };
  g_autofree gchar *text = NULL;
  g_autoptr (GHashTable) samples = NULL;

  parley_metrics_add_tool (metrics, &tool);
  tool.worked = FALSE;
  parley_metrics_add_tool (metrics, &tool);
  tool.name = NULL;
  parley_metrics_add_tool (metrics, &tool);
  for (guint i = 0; i < 40; i++) {
    g_autofree gchar *name = g_strdup_printf ("tool_%u", i);

    parley_metrics_add_tool (metrics, &(ParleyToolReport) {
        name, TRUE, 1000}
    );
  }
  text = parley_metrics_to_text (metrics, 0, 1);
  samples = prom_parse (text);
#define COUNT(tool, result) "parley_tool_seconds_count{tool=\"" tool \
    "\",result=\"" result "\"}"
  IS ("parley_tool_seconds_sum{tool=\"find_order\",result=\"worked\"}", 0.25);
  IS (COUNT ("find_order", "failed"), 1);
  IS (COUNT ("tool_30", "worked"), 1);
  IS (COUNT ("other", "worked"), 9);
  IS (COUNT ("other", "failed"), 1);
  g_assert_null (strstr (text, "tool_31"));
  parley_metrics_free (metrics);
}

/* A tool's time is not its model's. */
static void
test_tool_stage (void)
{
  ParleyTurnReport *report = report_new (1);
  const ParleyStage stage = { "tool", PARLEY_OWNER_PROVIDER, "llmchat",
    "find_order", 3000000
  };
  g_autofree gchar *text = NULL;
  g_autoptr (GHashTable) samples = NULL;

  g_array_append_val (report->stages, stage);
  text = count_one (report);
  samples = prom_parse (text);
  IS ("parley_provider_seconds_sum{element=\"llmchat\",provider=\"script\"}",
      0.002);
  IS ("parley_stage_seconds_sum{stage=\"tool\",owner=\"provider\"}", 3);
}

static void
test_process (void)
{
  g_autofree gchar *text = count_one (report_new (1));
  g_autoptr (GHashTable) samples = prom_parse (text);

  g_assert_cmpfloat (prom_get (samples, "process_resident_memory_bytes"), >,
      1e6);
  g_assert_cmpfloat (prom_get (samples, "process_open_fds"), >, 2);
  g_assert_cmpfloat (prom_get (samples, "process_max_fds"), >,
      prom_get (samples, "process_open_fds"));
  g_assert_cmpfloat (prom_get (samples, "process_cpu_seconds_total"), >, 0);
  prom_get (samples, "parley_loop_lag_seconds_count{loop=\"0\"}");
  prom_get (samples, "parley_loop_stalls_total{loop=\"0\"}");
}

static void
test_promtool (void)
{
  g_autofree gchar *text = count_one (report_new (1));

  if (!prom_check_with_tool (text))
    g_test_skip ("promtool (Debian's prometheus) is not installed");
}

/* Histograms */

static void
test_quantiles (void)
{
  ParleyHistogram histogram = { {0} };

  g_assert_cmpint (parley_histogram_quantile (&histogram, 0.5), ==, -1);
  for (guint i = 0; i < 100; i++)
    parley_histogram_add (&histogram, 150000);
  g_assert_cmpint (parley_histogram_quantile (&histogram, 0.5), ==, 150000);
  g_assert_cmpint (parley_histogram_quantile (&histogram, 1), ==, 200000);
  for (guint i = 0; i < 100; i++)
    parley_histogram_add (&histogram, -5);
  g_assert_cmpint (parley_histogram_quantile (&histogram, 0.5), ==, 100);
  parley_histogram_add (&histogram, G_TIME_SPAN_MINUTE);
  g_assert_cmpint (parley_histogram_quantile (&histogram, 1), ==, 10000000);
  g_assert_cmpuint (parley_histogram_count (&histogram), ==, 201);
}

static void
test_element_quantile (void)
{
  ParleyMetrics *metrics = parley_metrics_new (NULL);
  g_autoptr (ParleyTurnReport) report = report_new (1);
  gint64 median;

  g_assert_cmpint (parley_metrics_get_quantile (metrics, "cloudstt",
          PARLEY_OWNER_PROVIDER, 0.5), ==, -1);
  parley_metrics_add_turn (metrics, report);
  median = parley_metrics_get_quantile (metrics, "cloudstt",
      PARLEY_OWNER_PROVIDER, 0.5);
  g_assert_cmpint (median, >, 10000);
  g_assert_cmpint (median, <=, 20000);
  g_assert_cmpint (parley_metrics_get_quantile (metrics, "queue",
          PARLEY_OWNER_PARLEY, 0.5), ==, -1);
  parley_metrics_free (metrics);
}

/* Providers and reasons that nobody knows are "other". */
static void
test_failures (void)
{
  static const gchar *const messages[] = {
    "parley-provider-switch, kind=stt, from=deepgram, to=pocketsphinx, "
        "reason=timeout",
    "parley-provider-switch, kind=stt, from=deepgram, to=pocketsphinx, "
        "reason=timeout",
    "parley-provider-failed, kind=stt, provider=pocketsphinx, reason=engine",
    "parley-provider-switch, kind=llm, from=mine, to=openai, reason=bored",
    "parley-provider-failed, reason=auth",
    "parley-usage, kind=stt, provider=deepgram",
  };
  ParleyMetrics *metrics = parley_metrics_new (NULL);
  g_autoptr (GHashTable) samples = NULL;
  g_autofree gchar *text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (messages); i++) {
    g_autoptr (GstStructure) fields = gst_structure_from_string (messages[i],
        NULL);
    ParleyFailure failure;

    g_assert_nonnull (fields);
    g_assert_cmpint (parley_failure_from_structure (&failure, fields), ==,
        i < 4);
    if (i < 4)
      parley_metrics_add_failure (metrics, &failure);
  }
  parley_breaker_get ("deepgram-stt", "stt.example.com:1");
  text = parley_metrics_to_text (metrics, 0, 1);
  samples = prom_parse (text);
  IS ("parley_provider_failures_total{kind=\"stt\",provider=\"deepgram\","
      "reason=\"timeout\"}", 2);
  IS ("parley_provider_switches_total{kind=\"stt\",to=\"pocketsphinx\"}", 2);
  IS ("parley_provider_failures_total{kind=\"stt\","
      "provider=\"pocketsphinx\",reason=\"engine\"}", 1);
  IS ("parley_provider_failures_total{kind=\"llm\",provider=\"other\","
      "reason=\"other\"}", 1);
  IS ("parley_provider_switches_total{kind=\"llm\",to=\"openai\"}", 1);
  IS ("parley_service_state{service=\"deepgram-stt stt.example.com:1\"}", 0);
  parley_metrics_free (metrics);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/failures", test_failures);
  g_test_add_func ("/metrics/turn", test_turn);
  g_test_add_func ("/metrics/greeting", test_greeting);
  g_test_add_func ("/metrics/turn-ends", test_turn_ends);
  g_test_add_func ("/metrics/not-heard", test_not_heard);
  g_test_add_func ("/metrics/names-from-outside", test_names_from_outside);
  g_test_add_func ("/metrics/other-counters", test_other_counters);
  g_test_add_func ("/metrics/tools", test_tools);
  g_test_add_func ("/metrics/tool-stage", test_tool_stage);
  g_test_add_func ("/metrics/process", test_process);
  g_test_add_func ("/metrics/promtool", test_promtool);
  g_test_add_func ("/metrics/histogram/quantiles", test_quantiles);
  g_test_add_func ("/metrics/element-quantile", test_element_quantile);
  return g_test_run ();
}
