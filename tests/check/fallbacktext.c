/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../gst-plugins/elements/fallbacktext.h"

#include "providers/provider.h"

#include <string.h>

/* "NAME(setting=value;…) …" */
static gchar *
to_text (GPtrArray * entries)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < entries->len; i++) {
    const FallbackEntry *entry = g_ptr_array_index (entries, i);

    g_string_append_printf (text, "%s%s(", i ? " " : "", entry->provider);
    g_assert_cmpuint (entry->names->len, ==, entry->values->len);
    for (guint j = 0; j < entry->names->len; j++)
      g_string_append_printf (text, "%s=%s;",
          (gchar *) g_ptr_array_index (entry->names, j),
          (gchar *) g_ptr_array_index (entry->values, j));
    g_string_append_c (text, ')');
  }
  return g_string_free (text, FALSE);
}

static const struct
{
  const gchar *text;
  const gchar *parsed;
} good[] = {
  {NULL, ""},
  {"", ""},
  {" \n", ""},
  {"flite", "flite()"},
  {"deepgram,pocketsphinx", "deepgram() pocketsphinx()"},
  {" deepgram ,\n pocketsphinx ", "deepgram() pocketsphinx()"},
  {"script()", "script()"},
  {"openai(model=gpt-4o-mini base-url=https://h/v1?a=b,c),script(script=x)",
      "openai(model=gpt-4o-mini;base-url=https://h/v1?a=b,c;) "
        "script(script=x;)"},
  {"openai(\n  model=a\n  voice=b\n)", "openai(model=a;voice=b;)"},
  {"openai(instructions='speak (very) slowly' voice=\"it's\" model=)",
      "openai(instructions=speak (very) slowly;voice=it's;model=;)"},
  {"azure(language=%{param.lang})", "azure(language=%{param.lang};)"},
};

static void
test_good (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) entries = fallback_text_parse (good[i].text, &error);
    g_autofree gchar *parsed = NULL;

    g_assert_no_error (error);
    parsed = to_text (entries);
    g_assert_cmpstr (parsed, ==, good[i].parsed);
  }
}

static const struct
{
  const gchar *text;
  const gchar *part;
} bad[] = {
  {",", "no name of a provider at “,”"},
  {"a,", "no name of a provider at “its end”"},
  {"a,,b", "no name of a provider at “,b”"},
  {"a b", "no comma between providers at “b”"},
  {"a(b=c", "no closing parenthesis"},
  {"a(b)", "no = behind a setting at “b)”"},
  {"a(=c)", "no name of a setting at “=c)”"},
  {"a(b='c)", "a quote that is not closed at “b='c)”"},
  {"a(b='c'd)", "no blank behind a value at “d)”"},
  {"a(b=c(d))", "no blank behind a value at “(d))”"},
  {"a(b=c,d=e", "no closing parenthesis"},
  {"a)", "no comma between providers at “)”"},
};

static void
test_bad (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (fallback_text_parse (bad[i].text, &error));
    g_assert_error (error, PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_SETTINGS);
    if (!strstr (error->message, bad[i].part))
      g_error ("“%s” does not say “%s”", error->message, bad[i].part);
    g_assert_nonnull (strstr (error->message, "write fallback=\"NAME,"));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fallbacktext/good", test_good);
  g_test_add_func ("/fallbacktext/bad", test_bad);
  return g_test_run ();
}
