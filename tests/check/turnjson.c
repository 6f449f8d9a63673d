/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reports of turns as JSON, there and back, and what is no such JSON. */
#include "turnjson.h"

#include <string.h>

#include "jsontext.h"
#include "mock/turns.h"
#include "server/log.h"

#define TIME (G_GINT64_CONSTANT (1767225600) * G_USEC_PER_SEC + 123456)

static gchar *
to_text (const ParleyTurnReport * report)
{
  g_autoptr (JsonNode) node = parley_turn_to_json ("CA1", report, TIME);

  return parley_json_to_text (node, FALSE);
}

static void
test_to_the_character (void)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  g_autofree gchar *text = to_text (report);

  g_assert_cmpstr (text, ==,
      "{\"call\":\"CA1\",\"turn\":3,\"take\":1,\"epoch\":13,"
      "\"time\":\"2026-01-01T00:00:00.123456Z\",\"sent_ms\":571.74,"
      "\"heard_ms\":632.74,\"total_ms\":632.74,\"cached\":false,"
      "\"speculated\":false,\"speech_end_ms\":2500,\"sound_ms\":20,"
      "\"begin_us\":1000000,\"sent_us\":1551740,\"stages\":["
      "{\"name\":\"endpoint\",\"owner\":\"setting\","
      "\"element\":\"vadendpoint\",\"ms\":400},"
      "{\"name\":\"vadendpoint\",\"owner\":\"parley\","
      "\"element\":\"vadendpoint\",\"ms\":0.04},"
      "{\"name\":\"stt\",\"owner\":\"provider\",\"element\":\"cloudstt\","
      "\"provider\":\"sphinx\",\"ms\":100},"
      "{\"name\":\"llm-first-sentence\",\"owner\":\"provider\","
      "\"element\":\"llmchat\",\"ms\":1.5},"
      "{\"name\":\"tts-first-audio\",\"owner\":\"provider\","
      "\"element\":\"cloudtts\",\"ms\":50},"
      "{\"name\":\"mulawsink\",\"owner\":\"parley\","
      "\"element\":\"mulawsink\",\"ms\":0.2},"
      "{\"name\":\"socket\",\"owner\":\"network\","
      "\"element\":\"mulawsink\",\"ms\":0},"
      "{\"name\":\"leading-silence\",\"owner\":\"provider\","
      "\"element\":\"cloudtts\",\"ms\":20},"
      "{\"name\":\"playout\",\"owner\":\"network\","
      "\"element\":\"mulawsink\",\"ms\":61}]}");
}

static void
assert_same (const ParleyTurnReport * a, const ParleyTurnReport * b)
{
  g_autoptr (GstStructure) left = parley_turn_report_to_structure (a);
  g_autoptr (GstStructure) right = parley_turn_report_to_structure (b);

  g_assert_true (gst_structure_is_equal (left, right));
}

static void
test_there_and_back (void)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  g_autofree gchar *text = to_text (report);
  g_autoptr (GError) error = NULL;
  g_autoptr (ParleyLoggedTurn) turn = parley_turn_from_text (text,
      strlen (text), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (turn->call, ==, "CA1");
  g_assert_cmpint (turn->time, ==, TIME);
  assert_same (turn->report, report);
}

/* Not heard, stream time unknown, cached and speculated. */
static void
test_what_is_unknown (void)
{
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();
  g_autoptr (ParleyTurnReport) report = NULL;
  g_autoptr (ParleyLoggedTurn) turn = NULL;
  g_autofree gchar *text = NULL;

  parley_timeline_stamp (timeline, PARLEY_AT_READY, 5);
  parley_timeline_stamp (timeline, PARLEY_AT_SENT, 1239);
  parley_timeline_set_cached (timeline);
  parley_timeline_set_speculated (timeline);
  parley_timeline_set_reason (timeline, "yes-no");
  report = parley_turn_report_new (timeline, 1);
  text = to_text (report);
  g_assert_nonnull (strstr (text, "\"sent_ms\":1.234,\"heard_ms\":null,"
          "\"total_ms\":1.234,\"cached\":true,\"speculated\":true,"
          "\"reason\":\"yes-no\"," "\"speech_end_ms\":null"));
  turn = parley_turn_from_text (text, strlen (text), NULL);
  g_assert_nonnull (turn);
  assert_same (turn->report, report);
}

static void
test_sums (void)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);

  g_assert_cmpint (parley_turn_get_total (report), ==, 632740);
  g_assert_cmpint (parley_turn_get_stage (report, "stt"), ==, 100000);
  g_assert_cmpint (parley_turn_get_stage (report, "nothing"), ==, 0);
  /* The silence that the audio begins with is sent like sound. */
  g_assert_cmpint (parley_turn_get_first_frame (report), ==, 1551740);
}

static void
test_summary (void)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree gchar *some = NULL;
  g_autofree gchar *none = NULL;

  json_node_take_object (node, json_object_new ());
  parley_turn_set_summary (json_node_get_object (node), report);
  some = parley_json_to_text (node, FALSE);
  g_assert_true (g_str_has_prefix (some, "{\"stages\":[{\"name\":"
          "\"endpoint\",\"owner\":\"setting\",\"ms\":400},{"));
  g_assert_true (g_str_has_suffix (some, ",\"ms\":61}],\"total_ms\":632.74,"
          "\"sent_ms\":571.74,\"heard_ms\":632.74}"));
  parley_turn_set_summary (json_node_get_object (node), NULL);
  none = parley_json_to_text (node, FALSE);
  g_assert_cmpstr (none, ==, "{\"stages\":null,\"total_ms\":null,"
      "\"sent_ms\":null,\"heard_ms\":null}");
}

/* What is wrong with the good text once @from is @to. */
static void
assert_refused (const gchar * from, const gchar * to, const gchar * says)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  g_autofree gchar *good = to_text (report);
  g_autoptr (GString) bad = g_string_new (good);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (g_string_replace (bad, from, to, 1), ==, 1);
  g_assert_null (parley_turn_from_text (bad->str, bad->len, &error));
  g_assert_error (error, PARLEY_TURN_JSON_ERROR, 0);
  g_assert_nonnull (strstr (error->message, says));
  g_assert_null (strchr (error->message, '\n'));
}

static void
test_refused (void)
{
  assert_refused ("\"turn\":3", "\"turn\":-3", "\"turn\"");
  assert_refused ("\"turn\":3", "\"turn\":5000000000", "\"turn\"");
  assert_refused ("\"turn\":3", "\"turn\":\"3\"", "\"turn\"");
  assert_refused ("\"turn\":3", "\"other\":3", "\"turn\"");
  assert_refused ("\"CA1\"", "\"a\\nb\"", "\"call\"");
  assert_refused ("\"CA1\"", "\"a\\u009b2J\"", "\"call\"");
  assert_refused ("\"CA1\"", "null", "\"call\"");
  assert_refused ("2026-01-01T", "yesterday", "\"time\"");
  assert_refused ("571.74", "-1", "\"sent_ms\"");
  assert_refused ("571.74", "1e300", "\"sent_ms\"");
  assert_refused ("\"total_ms\":632.74", "\"total_ms\":633", "the sum");
  assert_refused ("\"ms\":100", "\"ms\":101", "the sum");
  assert_refused ("\"cached\":false", "\"cached\":0", "\"cached\"");
  assert_refused ("\"setting\"", "\"nobody\"", "\"owner\"");
  assert_refused ("\"element\":\"vadendpoint\"", "\"element\":{}",
      "\"element\"");
  assert_refused ("\"ms\":400}", "\"ms\":\"400\"}", "\"ms\"");
  assert_refused ("\"stages\":[", "\"stages\":[7,", "\"stages\"");
  assert_refused ("\"stages\":[", "\"stages\":[[[[[[[[[[", "nested");
  assert_refused ("\"stages\":", "\"steps\":", "\"stages\"");
  assert_refused ("{\"call\"", "[{\"call\"", "");
  assert_refused ("]}", "]", "");
}

static void
test_too_many_stages (void)
{
  g_autoptr (GString) many = g_string_new ("\"stages\":[");

  for (guint i = 0; i < 100; i++)
    g_string_append (many, "{\"name\":\"stt\",\"owner\":\"provider\","
        "\"element\":\"cloudstt\",\"ms\":0},");
  assert_refused ("\"stages\":[", many->str, "too long");
}

/* Names stay in memory for ever. */
static void
test_too_many_names (void)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  g_autofree gchar *good = to_text (report);
  guint n_taken = 0;

  for (guint i = 0; i < 2000; i++) {
    g_autofree gchar *name = g_strdup_printf ("\"name-%u\"", i);
    g_autoptr (GString) text = g_string_new (good);
    g_autoptr (ParleyLoggedTurn) turn = NULL;

    g_string_replace (text, "\"stt\"", name, 1);
    turn = parley_turn_from_text (text->str, text->len, NULL);
    n_taken += turn != NULL;
  }
  g_assert_cmpuint (n_taken, >=, 100);
  g_assert_cmpuint (n_taken, <=, 500);
}

static void
test_number_text (void)
{
  g_autoptr (JsonNode) node = json_from_string
      ("{\"a\":[0.1,1e-9,2.0,-0.0004,123456789.1234,1e300,7],\"b\":{},"
      "\"c\":[],\"d\\\"\":\"é\\n\"}", NULL);
  g_autofree gchar *line = parley_json_to_text (node, FALSE);
  g_autofree gchar *pretty = parley_json_to_text (node, TRUE);

  g_assert_cmpstr (line, ==, "{\"a\":[0.1,0,2,0,123456789.123,null,7],"
      "\"b\":{},\"c\":[],\"d\\\"\":\"é\\n\"}");
  g_assert_true (g_str_has_prefix (pretty,
          "{\n  \"a\" : [\n    0.1,\n    0,\n    2,"));
  g_assert_true (g_str_has_suffix (pretty, "\n  \"c\" : [],\n"
          "  \"d\\\"\" : \"é\\n\"\n}"));
}

static GString *logged;

static void
on_printerr (const gchar * text)
{
  g_string_append (logged, text);
}

static void
test_log_line (void)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  g_autoptr (ParleyLoggedTurn) turn = NULL;
  GPrintFunc before = g_set_printerr_handler (on_printerr);
  const gchar *json;

  logged = g_string_new (NULL);
  parley_log_set_level (PARLEY_LOG_QUIET);
  parley_log_turn_report ("CA1", report);
  g_assert_cmpstr (logged->str, ==, "");
  parley_log_set_level (PARLEY_LOG_CALLS);
  parley_log_turn_report ("CA1", report);
  g_set_printerr_handler (before);
  g_assert_true (strchr (logged->str, '\n') == logged->str + logged->len - 1);
  json = strstr (logged->str, " CA1: turn {");
  g_assert_nonnull (json);
  json = strchr (json, '{');
  turn = parley_turn_from_text (json, strlen (json) - 1, NULL);
  g_assert_nonnull (turn);
  assert_same (turn->report, report);
  g_string_free (logged, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
#define ADD(name, func) g_test_add_func ("/turnjson/" name, func)
  ADD ("to-the-character", test_to_the_character);
  ADD ("there-and-back", test_there_and_back);
  ADD ("what-is-unknown", test_what_is_unknown);
  ADD ("sums", test_sums);
  ADD ("summary", test_summary);
  ADD ("refused", test_refused);
  ADD ("too-many-stages", test_too_many_stages);
  ADD ("too-many-names", test_too_many_names);
  ADD ("number-text", test_number_text);
  ADD ("log-line", test_log_line);
#undef ADD
  return g_test_run ();
}
