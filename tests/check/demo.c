/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "app/demotalk.h"
#include "app/jsontext.h"
#include "providers/registry.h"
#include "tests/mock/coreplugins.h"
#include "tests/mock/program.h"
#include "tests/mock/turns.h"

#define SCRIPT "{\"intents\": {" \
    "\"hours\": {\"phrases\": [\"when are you open\"], " \
    "  \"replies\": [\"Always.\"]}," \
    "\"place\": {\"phrases\": [\"where are you\"], " \
    "  \"replies\": [\"Here.\"]}}," \
    "\"fallback\": [\"Pardon?\"]}"

static ParleyScript *
make_script (void)
{
  g_autoptr (GError) error = NULL;
  ParleyScript *script = parley_script_parse ("test", SCRIPT, -1, &error);

  g_assert_no_error (error);
  return script;
}

static ParleyDemoTurn *
turn_at (GPtrArray * turns, guint index)
{
  return g_ptr_array_index (turns, index);
}

/* As if turn @index had gone well. */
static void
answer (GPtrArray * turns, guint index, const gchar * heard,
    const gchar * reply)
{
  ParleyDemoTurn *turn = turn_at (turns, index);

  parley_demo_append (turn->heard, heard);
  parley_demo_append (turn->reply, reply);
  turn->answered = TRUE;
  turn->response_ms = 700;
}

static void
test_turns_of_other_script (void)
{
  ParleyScript *script = make_script ();
  g_autoptr (GPtrArray) turns = parley_demo_turns_new (script);

  g_assert_cmpuint (turns->len, ==, 2);
  g_assert_cmpstr (turn_at (turns, 0)->said, ==, "when are you open");
  g_assert_cmpstr (turn_at (turns, 1)->said, ==, "where are you");
  parley_script_unref (script);
}

static void
test_turns_of_own_script (void)
{
  g_autofree gchar *path = g_build_filename (g_getenv ("PARLEY_SOURCE"),
      "pipelines", "appointments.json", NULL);
  g_autoptr (GError) error = NULL;
  ParleyScript *script = parley_script_load (path, &error);
  g_autoptr (GPtrArray) turns = NULL;

  g_assert_no_error (error);
  turns = parley_demo_turns_new (script);
  g_assert_cmpuint (turns->len, ==, 4);
  g_assert_cmpstr (turn_at (turns, 0)->said, ==, "what are your opening hours");
  parley_script_unref (script);
}

static void
test_right (void)
{
  ParleyScript *script = make_script ();
  g_autoptr (GPtrArray) turns = parley_demo_turns_new (script);

  answer (turns, 0, "When are you open?", "Always.");
  g_assert_true (parley_demo_turn_is_right (script, turns, 0));
  parley_script_unref (script);
}

static void
test_misheard (void)
{
  ParleyScript *script = make_script ();
  g_autoptr (GPtrArray) turns = parley_demo_turns_new (script);

  answer (turns, 0, "where are you", "Here.");
  g_assert_false (parley_demo_turn_is_right (script, turns, 0));
  parley_script_unref (script);
}

static void
test_fallback (void)
{
  ParleyScript *script = make_script ();
  g_autoptr (GPtrArray) turns = parley_demo_turns_new (script);

  g_free (turn_at (turns, 0)->said);
  turn_at (turns, 0)->said = g_strdup ("open the door");
  answer (turns, 0, "open the door", "Pardon?");
  g_assert_false (parley_demo_turn_is_right (script, turns, 0));
  parley_script_unref (script);
}

static void
test_unanswered (void)
{
  ParleyScript *script = make_script ();
  g_autoptr (GPtrArray) turns = parley_demo_turns_new (script);

  answer (turns, 0, "when are you open", "Always.");
  turn_at (turns, 0)->answered = FALSE;
  g_assert_false (parley_demo_turn_is_right (script, turns, 0));
  parley_script_unref (script);
}

static void
test_json (void)
{
  ParleyScript *script = make_script ();
  g_autoptr (GPtrArray) turns = parley_demo_turns_new (script);
  g_autoptr (JsonNode) root = NULL;
  g_autofree gchar *json = NULL;

  answer (turns, 0, "when are you", "");
  parley_demo_append (turn_at (turns, 0)->heard, "open");
  turn_at (turns, 0)->report = mock_turn_new (1, 100);
  root = parley_demo_turns_to_json (turns);
  json = parley_json_to_text (root, FALSE);
  g_assert_true (g_str_has_prefix (json, "{\"turns\":[{\"caller\":"
          "\"when are you open\",\"heard\":\"when are you open\","
          "\"reply\":\"\",\"response_ms\":700,\"stages\":[{\"name\":"
          "\"endpoint\",\"owner\":\"setting\",\"ms\":400},"));
  g_assert_true (g_str_has_suffix (json, "\"total_ms\":632.74,"
          "\"sent_ms\":571.74,\"heard_ms\":632.74},{\"caller\":"
          "\"where are you\",\"heard\":\"\",\"reply\":\"\","
          "\"response_ms\":null,\"stages\":null,\"total_ms\":null,"
          "\"sent_ms\":null,\"heard_ms\":null}]}"));
  parley_script_unref (script);
}

/* The built program */

#define ARGS(...) ((const gchar * const[]) { __VA_ARGS__, NULL })

static JsonNode *
parse_json (const gchar * text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *root = json_from_string (text, &error);

  g_assert_no_error (error);
  return root;
}

/* The engines of the demo are in this build. */
static gboolean
demo_can_run (void)
{
  guint n;
  const ParleyProviderInfo *providers = parley_provider_list (&n);

  for (guint i = 0; i < n; i++)
    if (!providers[i].get_type && strcmp (providers[i].name, "espeak") != 0)
      return FALSE;
  return TRUE;
}

static void
test_doctor (void)
{
  gboolean good = demo_can_run ();
  g_autofree gchar *out = NULL;
  g_autofree gchar *err = NULL;
  g_autoptr (JsonNode) root = NULL;

  g_setenv ("OPENAI_API_KEY", "sk-nobody-may-see-this", TRUE);
  g_assert_cmpint (program_run (ARGS ("doctor", "--json"), &out, &err), ==,
      good ? 0 : 1);
  g_unsetenv ("OPENAI_API_KEY");
  g_assert_null (strstr (out, "nobody-may-see"));
  root = parse_json (out);
  g_assert_true (json_object_get_boolean_member (json_node_get_object (root),
          "ok") == good);
}

static void
test_doctor_usage (void)
{
  g_autofree gchar *out = NULL;
  g_autofree gchar *err = NULL;

  g_assert_cmpint (program_run (ARGS ("doctor", "more"), &out, &err), ==, 2);
  g_assert_cmpstr (out, ==, "");
}

static void
test_expand (void)
{
  g_autofree gchar *path = g_build_filename (g_getenv ("PARLEY_SOURCE"),
      "pipelines", "local.pipeline", NULL);
  g_autofree gchar *out = NULL;
  g_autofree gchar *err = NULL;

  g_assert_cmpint (program_run (ARGS ("expand", path), &out, &err), ==, 0);
  g_assert_true (g_str_has_prefix (out, "twiliosrc ! vadendpoint "));
  g_assert_true (strchr (out, '\n') == out + strlen (out) - 1);
  g_assert_cmpstr (err, ==, "");
}

static void
test_expand_refuses (void)
{
  g_autofree gchar *out = NULL;
  g_autofree gchar *err = NULL;

  g_assert_cmpint (program_run (ARGS ("expand", "/no/such/file"), &out, &err),
      ==, 1);
  g_assert_cmpstr (out, ==, "");
  g_assert_cmpstr (err, ==,
      "parley expand: /no/such/file: there is no such file\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  g_test_add_func ("/demo/turns-of-other-script", test_turns_of_other_script);
  g_test_add_func ("/demo/turns-of-own-script", test_turns_of_own_script);
  g_test_add_func ("/demo/right", test_right);
  g_test_add_func ("/demo/misheard", test_misheard);
  g_test_add_func ("/demo/fallback", test_fallback);
  g_test_add_func ("/demo/unanswered", test_unanswered);
  g_test_add_func ("/demo/json", test_json);
  g_test_add_func ("/doctor/json", test_doctor);
  g_test_add_func ("/doctor/usage", test_doctor_usage);
  g_test_add_func ("/expand/local-pipeline", test_expand);
  g_test_add_func ("/expand/refuses", test_expand_refuses);
  return g_test_run ();
}
