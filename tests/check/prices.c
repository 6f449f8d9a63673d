/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "server/prices.h"

static ParleyPrices *
load (const gchar * text, GError ** error)
{
  g_autofree gchar *dir = g_dir_make_tmp ("parley-prices-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (dir, "prices.json", NULL);
  ParleyPrices *prices;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  prices = parley_prices_load (path, error);
  g_remove (path);
  g_rmdir (dir);
  return prices;
}

static gdouble
cost (const ParleyPrices * prices, const gchar * kind, const gchar * provider,
    const gchar * model, const gchar * unit, gdouble amount)
{
  const ParleyUsage usage = { kind, provider, model, unit, amount };
  gdouble result = -1;

  if (!parley_prices_get_cost (prices, &usage, &result))
    return -1;
  return result;
}

static void
test_costs (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ParleyPrices) prices = load ("{\"currency\":\"EUR\","
      "\"stt\":{\"azure\":{\"second\":0.0003}},"
      "\"llm\":{\"openai\":{\"input_token\":2},"
      "\"small\":{\"input_token\":1,\"output_token\":4}},"
      "\"call\":{\"minute\":0.6}}", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (parley_prices_get_currency (prices), ==, "EUR");
#define SAME(a, b) g_assert_cmpfloat_with_epsilon (a, b, 1e-12)
  SAME (cost (prices, "stt", "azure", NULL, "second", 10), 0.003);
  /* The model's price comes before the provider's. */
  SAME (cost (prices, "llm", "openai", "small", "input_token", 3), 3);
  SAME (cost (prices, "llm", "openai", "large", "input_token", 3), 6);
  SAME (cost (prices, "llm", "openai", "small", "output_token", 2), 8);
  SAME (cost (prices, "llm", "openai", "large", "output_token", 2), -1);
  SAME (cost (prices, "tts", "azure", NULL, "character", 2), -1);
  SAME (parley_prices_get_call_cost (prices, 30), 0.3);
}

static void
test_empty (void)
{
  g_autoptr (ParleyPrices) prices = load ("{}", NULL);

  g_assert_nonnull (prices);
  g_assert_cmpstr (parley_prices_get_currency (prices), ==, "USD");
  SAME (parley_prices_get_call_cost (prices, 60), 0);
}

static void
test_wrong (void)
{
  static const struct
  {
    const gchar *text;
    const gchar *said;
  } cases[] = {
    {"", "holds one JSON object"},
    {"[]", "holds one JSON object"},
    {"{\"stt\":", "prices.json: "},
    {"{\"sst\":{}}", "there is no “sst” in a price file"},
    {"{\"stt\":3}", "stt must be an object of providers or models"},
    {"{\"stt\":{\"azure\":3}}", "stt.azure must be an object of prices"},
    {"{\"stt\":{\"azure\":{\"minute\":3}}}",
        "stt.azure.minute: there is no such unit; stt has: second"},
    {"{\"stt\":{\"azure\":{\"second\":\"3\"}}}",
        "stt.azure.second must be a number, 0 or more"},
    {"{\"stt\":{\"azure\":{\"second\":-1}}}",
        "stt.azure.second must be a number, 0 or more"},
    {"{\"stt\":{\"azure\":{\"second\":null}}}",
        "stt.azure.second must be a number, 0 or more"},
    {"{\"call\":{\"second\":1}}", "call must be {\"minute\": PRICE}"},
    {"{\"currency\":\"$\"}", "currency must be three capitals"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (load (cases[i].text, &error));
    g_assert_nonnull (error);
    if (!strstr (error->message, cases[i].said)
        || strchr (error->message, '\n'))
      g_error ("“%s” should say “%s”", error->message, cases[i].said);
  }
}

static void
test_no_file (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parley_prices_load ("/nonexistent/prices.json", &error));
  g_assert_nonnull (strstr (error->message, "/nonexistent/prices.json"));
}

/* Messages */

static gboolean
is_usage (GstStructure * structure, ParleyUsage * usage)
{
  gboolean is = parley_usage_from_structure (usage, structure);

  gst_structure_free (structure);
  return is;
}

#define USAGE(kind, unit, amount) \
    gst_structure_new ("parley-usage", "kind", G_TYPE_STRING, kind, \
        "provider", G_TYPE_STRING, "p", "unit", G_TYPE_STRING, unit, \
        "amount", G_TYPE_DOUBLE, amount, NULL)

static void
test_usage (void)
{
  ParleyUsage usage;

  g_assert_true (is_usage (USAGE ("llm", "output_token", 5.0), &usage));
  g_assert_null (usage.model);
  g_assert_cmpfloat (usage.amount, ==, 5);
  g_assert_false (is_usage (USAGE ("llm", "second", 5.0), &usage));
  g_assert_false (is_usage (USAGE ("ttt", "second", 5.0), &usage));
  g_assert_false (is_usage (USAGE ("stt", "second", -5.0), &usage));
  g_assert_false (is_usage (USAGE ("stt", "second", (gdouble) INFINITY),
          &usage));
  g_assert_false (is_usage (gst_structure_new_empty ("parley-usage"), &usage));
  g_assert_false (is_usage (gst_structure_new_empty ("other"), &usage));
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/prices/costs", test_costs);
  g_test_add_func ("/prices/empty", test_empty);
  g_test_add_func ("/prices/wrong", test_wrong);
  g_test_add_func ("/prices/no-file", test_no_file);
  g_test_add_func ("/prices/usage", test_usage);
  return g_test_run ();
}
