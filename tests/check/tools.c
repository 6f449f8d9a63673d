/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/llm/tools.h"

#include <glib/gstdio.h>
#include <string.h>

#include "providers/provider.h"
#include "providers/textfile.h"

/* The file of tools: what is read, and what is wrong with it. In these texts '
 * stands for ". */

static gchar *
quote (const gchar * text)
{
  return g_strdelimit (g_strdup (text), "'", '"');
}

static ParleyTools *
parse (const gchar * text, GError ** error)
{
  g_autofree gchar *json = quote (text);

  return parley_tools_parse ("shop.json", json, error);
}

static ParleyTools *
parse_fine (const gchar * text)
{
  g_autoptr (GError) error = NULL;
  ParleyTools *tools = parse (text, &error);

  g_assert_no_error (error);
  return tools;
}

#define TOOL(rest) "{'tools': [{'name': 'find', 'description': 'Finds.', " \
    rest "}]}"

static void
test_webhook (void)
{
  g_autoptr (ParleyTools) tools = parse_fine
      (TOOL ("'safe': true, 'timeout_ms': 3000, 'parameters': {'type': "
          "'object', 'properties': {'id': {'type': 'integer'}}}, 'webhook': {"
          "'url': '${TEST_URL}/orders/%{arg.id}', 'headers': {'X-Shop': 'nine'"
          ", 'Authorization': 'Bearer ${TEST_KEY}'}, 'signature_env': "
          "'TEST_KEY'}"));
  const ParleyTool *tool = parley_tools_get (tools, 0);
  ParleyToolHeader *header = g_ptr_array_index (tool->headers, 0);

  g_assert_cmpuint (parley_tools_get_n (tools), ==, 1);
  g_assert_true (parley_tools_find (tools, "find") == tool);
  g_assert_null (parley_tools_find (tools, "lose"));
  g_assert_cmpstr (tool->description, ==, "Finds.");
  g_assert_true (tool->safe);
  g_assert_cmpint (tool->timeout, ==, 3 * G_TIME_SPAN_SECOND);
  g_assert_cmpstr (tool->method, ==, "POST");
  g_assert_cmpstr (tool->url, ==, "https://shop.example.org/orders/%{arg.id}");
  g_assert_cmpstr (header->name, ==, "X-Shop");
  g_assert_cmpstr (header->value, ==, "nine");
  g_assert_null (header->secret);
  header = g_ptr_array_index (tool->headers, 1);
  g_assert_cmpstr (header->value, ==, "Bearer ");
  g_assert_cmpstr (header->secret, ==, "k-123");
  g_assert_cmpstr (tool->signing_key, ==, "k-123");
  g_assert_true (json_object_has_member (json_node_get_object
          (tool->parameters), "properties"));
  g_assert_false (parley_tool_is_last (tool));
}

static void
test_defaults (void)
{
  g_autoptr (ParleyTools) tools = parse_fine
      (TOOL ("'webhook': {'url': 'http://h/', 'method': 'GET'}"));
  const ParleyTool *tool = parley_tools_get (tools, 0);
  g_autofree gchar *schema = json_to_string (tool->parameters, FALSE);

  g_assert_false (tool->safe);
  g_assert_cmpint (tool->timeout, ==, 10 * G_TIME_SPAN_SECOND);
  g_assert_cmpstr (tool->method, ==, "GET");
  g_assert_null (tool->signing_key);
  g_assert_cmpstr (schema, ==,
      "{\"type\":\"object\",\"properties\":{},\"required\":[]}");
}

/* The model sees the names of the list, never a number. */
static void
test_built_in (void)
{
  g_autoptr (ParleyTools) tools = parse_fine
      ("{'tools': [{'name': 'end', 'description': 'Ends.', 'hang_up': {}},"
      "{'name': 'put_through', 'description': 'D', 'transfer': {'to': {"
      "'sales': '+15035550199', 'desk': 'sip:desk@shop.example.org'}}},"
      "{'name': 'text', 'description': 'D', 'send_message': {'from': "
      "'+15035550100'}}]}");
  const ParleyTool *tool = parley_tools_get (tools, 1);
  g_autofree gchar *schema = json_to_string (tool->parameters, FALSE);

  g_assert_cmpint (parley_tools_get (tools, 0)->kind, ==, PARLEY_TOOL_HANG_UP);
  g_assert_true (parley_tool_is_last (parley_tools_get (tools, 0)));
  g_assert_true (parley_tool_is_last (tool));
  g_assert_cmpstr (tool->url, ==, "https://api.twilio.com");
  g_assert_cmpstr (tool->account, ==, "AC1");
  g_assert_cmpstr (g_hash_table_lookup (tool->numbers, "sales"), ==,
      "+15035550199");
  g_assert_nonnull (strstr (schema, "\"enum\":[\"desk\",\"sales\"]"));
  g_assert_null (strstr (schema, "+1503"));
  tool = parley_tools_get (tools, 2);
  g_assert_cmpstr (tool->number, ==, "%{call.from}");
  g_assert_false (parley_tool_is_last (tool));
}

typedef struct
{
  const gchar *name;
  const gchar *json;
  const gchar *says;
} Wrong;

#define HOOK "'webhook': {'url': 'http://h/'}"

static const Wrong wrongs[] = {
  {"syntax", "{'tools': [\n\n  {'name' 'x'}]}",
      "shop.json: line 3 is not JSON: a colon is missing"},
  {"no-list", "{'tools': 3}", "shop.json: write it as {\"tools\""},
  {"array", "[]", "write it as {\"tools\""},
  {"no-object", "{'tools': [3]}", "tools[0]: must be an object"},
  {"unknown-key", TOOL (HOOK ", 'saef': true"),
      "tools[0] (find): unknown key \"saef\"; known are name"},
  {"no-name", "{'tools': [{'description': 'D', " HOOK "}]}",
      "tools[0]: \"name\" must be"},
  {"bad-name", "{'tools': [{'name': 'find it', 'description': 'D', " HOOK
        "}]}", "\"name\" must be up to 64 letters"},
  {"no-description", "{'tools': [{'name': 'x', " HOOK "}]}",
      "\"description\" is missing"},
  {"twice", "{'tools': [{'name': 'x', 'description': 'D', " HOOK "}, {"
        "'name': 'x', 'description': 'D', " HOOK "}]}",
      "tools[1] (x): there are two tools called \"x\""},
  {"nothing-to-do", TOOL ("'safe': true"), "say what the tool does"},
  {"two-things", TOOL (HOOK ", 'hang_up': {}"),
      "both \"webhook\" and \"hang_up\""},
  {"safe", TOOL (HOOK ", 'safe': 'yes'"), "\"safe\" must be true or false"},
  {"safe-hang-up", TOOL ("'hang_up': {}, 'safe': true"), "has effects"},
  {"timeout", TOOL (HOOK ", 'timeout_ms': 5"), "\"timeout_ms\" must be"},
  {"timeout-text", TOOL (HOOK ", 'timeout_ms': '5 s'"),
      "\"timeout_ms\" must be"},
  {"schema", TOOL (HOOK ", 'parameters': {'type': 'string'}"),
      "must be the JSON schema of an object"},
  {"schema-built-in", TOOL ("'hang_up': {}, 'parameters': {}"),
      "leave \"parameters\" out"},
  {"no-url", TOOL ("'webhook': {}"), "\"url\" is missing"},
  {"url", TOOL ("'webhook': {'url': 'shop/x'}"), "must begin with https://"},
  {"url-host", TOOL ("'webhook': {'url': 'https://%{arg.host}/x'}"),
      "a host that no variable of the call changes"},
  {"url-unset", TOOL ("'webhook': {'url': '${TEST_UNSET}/x'}"),
      "environment variable TEST_UNSET, which is not set"},
  {"method", TOOL ("'webhook': {'url': 'http://h/', 'method': 'LOOK'}"),
      "\"method\" must be POST"},
  {"secret", TOOL ("'webhook': {'url': 'http://h/', 'headers': {"
            "'Authorization': 'Bearer k-123'}}"), "looks like a secret"},
  {"secret-unset", TOOL ("'webhook': {'url': 'http://h/', 'headers': {"
            "'X-Key': '${TEST_UNSET}'}}"), "TEST_UNSET, which is not set"},
  {"secret-middle", TOOL ("'webhook': {'url': 'http://h/', 'headers': {"
            "'X-Key': '${TEST_KEY} x'}}"), "${NAME} must come last"},
  {"header", TOOL ("'webhook': {'url': 'http://h/', 'headers': {"
            "'X-A': 'a\\nb'}}"), "each header is"},
  {"signature", TOOL ("'webhook': {'url': 'http://h/', 'signature_env': "
            "'k 1'}"), "must name an environment variable"},
  {"no-number", TOOL ("'transfer': {}"), "\"to\" is missing"},
  {"number", TOOL ("'transfer': {'to': '911'}"), "\"to\" must be a number"},
  {"number-chosen", TOOL ("'transfer': {'to': '%{arg.to}'}"),
      "the model must not choose the number"},
  {"number-list", TOOL ("'transfer': {'to': {'a': 'b'}}"),
      "\"a\" must be a number"},
  {"no-numbers", TOOL ("'transfer': {'to': {}}"), "\"to\" is empty"},
  {"account", TOOL ("'transfer': {'to': '+15035550199', 'account_sid_env': "
            "'TEST_UNSET'}"), "TEST_UNSET, which is not set"},
};

static void
test_wrong (gconstpointer data)
{
  const Wrong *wrong = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (parse (wrong->json, &error));
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, "shop.json: "));
  g_assert_nonnull (strstr (error->message, wrong->says));
  g_assert_null (strstr (error->message, "k-123"));
}

static void
test_arguments (void)
{
  static const gchar *const bad[] = { "", "{", "[1]", "{'a'}", "null", "{}x"
  };
  const gchar *wrong;
  g_autoptr (JsonNode) fine = parley_tool_read_arguments (" {\"a\": 1}",
      &wrong);

  g_assert_nonnull (fine);
  g_assert_null (wrong);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_null (parley_tool_read_arguments (bad[i], &wrong));
    g_assert_nonnull (wrong);
  }
}

static void
test_file (void)
{
  g_autofree gchar *path = NULL;
  g_autofree gchar *json = quote (TOOL (HOOK));
  g_autoptr (GError) error = NULL;
  g_autoptr (ParleyTools) first = NULL, again = NULL, other = NULL;

  g_close (g_file_open_tmp ("parley-XXXXXX", &path, NULL), NULL);
  g_assert_null (parley_tools_peek (path, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_set_contents (path, json, -1, NULL));
  parley_text_file_load (path);
  first = parley_tools_peek (path, &error);
  again = parley_tools_peek (path, &error);
  g_assert_no_error (error);
  g_assert_true (first && first == again);
  g_assert_true (g_file_set_contents (path, "{\"tools\": []}", -1, NULL));
  parley_text_file_load (path);
  other = parley_tools_peek (path, &error);
  g_assert_cmpuint (parley_tools_get_n (other), ==, 0);
  g_unlink (path);
  parley_text_file_load (path);
  g_assert_null (parley_tools_peek (path, &error));
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS);
}

/* The one of the page, and the one of the pipeline. */
static void
test_examples (void)
{
  static const gchar *const files[] = { "docs/examples/tools.json",
    "pipelines/tools.json"
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree gchar *path = g_build_filename (g_getenv ("PARLEY_SOURCE"),
        files[i], NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (ParleyTools) tools = NULL;

    parley_text_file_load (path);
    tools = parley_tools_peek (path, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (parley_tools_get_n (tools), ==, i == 0 ? 5 : 1);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("TEST_URL", "https://shop.example.org", TRUE);
  g_setenv ("TEST_KEY", "k-123", TRUE);
  g_setenv ("SHOP_URL", "https://shop.example.org/api", TRUE);
  g_setenv ("SHOP_KEY", "k-123", TRUE);
  g_setenv ("SHOP_SIGNATURE", "k-123", TRUE);
  g_unsetenv ("TEST_UNSET");
  g_setenv ("TWILIO_ACCOUNT_SID", "AC1", TRUE);
  g_setenv ("TWILIO_AUTH_TOKEN", "k-123", TRUE);
  g_test_add_func ("/tools/webhook", test_webhook);
  g_test_add_func ("/tools/defaults", test_defaults);
  g_test_add_func ("/tools/built-in", test_built_in);
  for (guint i = 0; i < G_N_ELEMENTS (wrongs); i++) {
    g_autofree gchar *path = g_strconcat ("/tools/wrong/", wrongs[i].name,
        NULL);

    g_test_add_data_func (path, &wrongs[i], test_wrong);
  }
  g_test_add_func ("/tools/arguments", test_arguments);
  g_test_add_func ("/tools/file", test_file);
  g_test_add_func ("/tools/examples", test_examples);
  return g_test_run ();
}
