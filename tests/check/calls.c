/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-glib/json-glib.h>
#include <string.h>

#include "net/clock.h"
#include "server/calls.h"

typedef struct
{
  ParleyMetrics *metrics;
  ParleyCalls *calls;
  GstElement *pipeline;
} Fixture;

static void
set_up (Fixture * fixture, gconstpointer data)
{
  parley_clock_set_manual (0);
  fixture->metrics = parley_metrics_new (NULL);
  fixture->calls = parley_calls_new (fixture->metrics, NULL,
      PARLEY_CALLS_MAX_ENDED);
  fixture->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
}

static void
tear_down (Fixture * fixture, gconstpointer data)
{
  parley_calls_free (fixture->calls);
  parley_metrics_free (fixture->metrics);
  gst_object_unref (fixture->pipeline);
  parley_clock_set_real ();
}

static ParleyCallRecord *
begin (Fixture * fixture, const gchar * sid)
{
  const ParleySessionBegin start = {
    sid, "+15035550100", NULL, "a.pipeline", 3000, fixture->pipeline
  };

  return parley_calls_begin (fixture->calls, &start);
}

static void
end (Fixture * fixture, ParleyCallRecord * record)
{
  parley_calls_end (fixture->calls, record, PARLEY_SESSION_HUNG_UP, "hung up");
  parley_call_record_unref (record);
}

static void
add_turns (Fixture * fixture, ParleyCallRecord * record, guint n)
{
  ParleyStage stage = {
    "stt", PARLEY_OWNER_PROVIDER, "cloudstt", "pocketsphinx", 0
  };
  ParleyTurnReport report = { 0 };

  report.stages = g_array_new (FALSE, FALSE, sizeof stage);
  for (guint i = 1; i <= n; i++) {
    report.turn = i;
    stage.us = i * 1000;
    g_array_set_size (report.stages, 0);
    g_array_append_val (report.stages, stage);
    report.sent_us = report.heard_us = stage.us;
    parley_calls_add_turn (fixture->calls, record, &report);
  }
  g_array_unref (report.stages);
}

static gboolean
is_known (Fixture * fixture, const gchar * sid)
{
  g_autoptr (ParleyCallRecord) record = parley_calls_find (fixture->calls, sid);

  return record != NULL;
}

static JsonObject *
parse (gchar * text)
{
  g_autoptr (JsonNode) root = json_from_string (text, NULL);

  g_assert_nonnull (root);
  g_free (text);
  return json_object_ref (json_node_get_object (root));
}

static void
test_kept_ten_minutes (Fixture * fixture, gconstpointer data)
{
  ParleyCallRecord *live = begin (fixture, "CA1");

  end (fixture, begin (fixture, "CA2"));
  parley_clock_advance (PARLEY_CALLS_KEEP_US, NULL);
  g_assert_true (is_known (fixture, "CA2"));
  parley_clock_advance (1, NULL);
  g_assert_false (is_known (fixture, "CA2"));
  g_assert_true (is_known (fixture, "CA1"));
  end (fixture, live);
  g_assert_true (is_known (fixture, "CA1"));
}

static void
test_bounded_calls (Fixture * fixture, gconstpointer data)
{
  for (guint i = 0; i <= PARLEY_CALLS_MAX_ENDED; i++) {
    g_autofree gchar *sid = g_strdup_printf ("CA%u", i);

    end (fixture, begin (fixture, sid));
  }
  g_assert_false (is_known (fixture, "CA0"));
  g_assert_true (is_known (fixture, "CA1"));
}

static void
test_bounded_turns (Fixture * fixture, gconstpointer data)
{
  guint n = PARLEY_CALLS_MAX_TURNS / PARLEY_CALL_MAX_TURNS;

  for (guint i = 0; i <= n; i++) {
    g_autofree gchar *sid = g_strdup_printf ("CA%u", i);
    ParleyCallRecord *record = begin (fixture, sid);

    add_turns (fixture, record, PARLEY_CALL_MAX_TURNS);
    end (fixture, record);
  }
  g_assert_false (is_known (fixture, "CA0"));
  g_assert_true (is_known (fixture, "CA1"));
}

static void
test_bounded_turns_of_a_call (Fixture * fixture, gconstpointer data)
{
  ParleyCallRecord *record = begin (fixture, "CA1");
  g_autoptr (JsonObject) json = NULL;
  JsonArray *turns;

  add_turns (fixture, record, PARLEY_CALL_MAX_TURNS + 2);
  json = parse (parley_calls_record_to_json (fixture->calls, record));
  turns = json_object_get_array_member (json, "turns");
  g_assert_cmpuint (json_array_get_length (turns), ==, PARLEY_CALL_MAX_TURNS);
  g_assert_cmpint (json_object_get_int_member (json, "n_turns"), ==,
      PARLEY_CALL_MAX_TURNS + 2);
  g_assert_cmpint (json_object_get_int_member (json_array_get_object_element
          (turns, 0), "turn"), ==, 3);
  end (fixture, record);
}

static void
test_bounded_usage (Fixture * fixture, gconstpointer data)
{
  ParleyCallRecord *record = begin (fixture, "CA1");
  g_autoptr (JsonObject) json = NULL;

  for (guint i = 0; i < 2 * PARLEY_CALL_MAX_USAGE; i++) {
    g_autofree gchar *model = g_strdup_printf ("model%u", i);
    const ParleyUsage usage = { "llm", "script", model, "input_token", 1 };

    parley_calls_add_usage (fixture->calls, record, &usage);
    parley_calls_add_usage (fixture->calls, record, &usage);
  }
  json = parse (parley_calls_record_to_json (fixture->calls, record));
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (json,
              "usage")), ==, PARLEY_CALL_MAX_USAGE);
  g_assert_false (json_object_has_member (json, "cost"));
  end (fixture, record);
}

/* Nobody keeps callers from choosing one: the last call is found. */
static void
test_same_sid (Fixture * fixture, gconstpointer data)
{
  ParleyCallRecord *first = begin (fixture, "CA1");
  ParleyCallRecord *second = begin (fixture, "CA1");
  g_autoptr (ParleyCallRecord) found = parley_calls_find (fixture->calls,
      "CA1");

  g_assert_true (found == second);
  end (fixture, first);
  parley_clock_advance (PARLEY_CALLS_KEEP_US + 1, NULL);
  g_assert_true (is_known (fixture, "CA1"));
  g_assert_cmpuint (parley_calls_get_live (fixture->calls), ==, 1);
  end (fixture, second);
}

static void
test_percentile (Fixture * fixture, gconstpointer data)
{
  ParleyCallRecord *record = begin (fixture, "CA1");

#define PERCENTILE(element, owner, percent) \
    parley_call_record_get_percentile (record, element, owner, percent)
  g_assert_cmpint (PERCENTILE ("cloudstt", PARLEY_OWNER_PROVIDER, 50), ==, -1);
  add_turns (fixture, record, 100);
  g_assert_cmpint (PERCENTILE ("cloudstt", PARLEY_OWNER_PROVIDER, 50), ==,
      50000);
  g_assert_cmpint (PERCENTILE ("cloudstt", PARLEY_OWNER_PROVIDER, 95), ==,
      95000);
  g_assert_cmpint (PERCENTILE ("cloudstt", PARLEY_OWNER_PARLEY, 50), ==, -1);
  g_assert_cmpint (PERCENTILE ("cloudtts", PARLEY_OWNER_PROVIDER, 50), ==, -1);
  end (fixture, record);
}

#define ADD(name, func) \
    g_test_add ("/calls/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD ("kept-ten-minutes", test_kept_ten_minutes);
  ADD ("bounded/calls", test_bounded_calls);
  ADD ("bounded/turns", test_bounded_turns);
  ADD ("bounded/turns-of-a-call", test_bounded_turns_of_a_call);
  ADD ("bounded/usage", test_bounded_usage);
  ADD ("same-sid", test_same_sid);
  ADD ("percentile", test_percentile);
  return g_test_run ();
}
