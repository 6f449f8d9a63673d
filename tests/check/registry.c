/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gst/gst.h>
#include <string.h>

#include "mock/providers.h"
#include "net/clock.h"

/* Providers by name, and how settings reach them. */

typedef struct
{
  ParleyLoop *loop;
} Rig;

static void
setup (Rig * rig, gconstpointer data)
{
  mock_reset ();
  rig->loop = parley_loop_new (NULL);
}

static void
teardown (Rig * rig, gconstpointer data)
{
  g_assert_cmpuint (mock_count (), ==, 0);
  g_object_unref (rig->loop);
}

static void
every_kind_is_listed (void)
{
  guint n, kinds = 0;
  const ParleyProviderInfo *list = parley_provider_list (&n);

  for (guint i = 0; i < n; i++) {
    kinds |= 1 << list[i].kind;
    g_assert_nonnull (list[i].name);
    g_assert_nonnull (list[i].summary);
    g_assert_true (list[i].get_type || list[i].package);
    for (guint j = 0; j < i; j++)
      g_assert_false (list[i].kind == list[j].kind
          && g_str_equal (list[i].name, list[j].name));
  }
  g_assert_cmpuint (kinds, ==, 7);
}

static void
listed_ones_can_be_made (Rig * rig, gconstpointer data)
{
  static GType (*const bases[]) (void) = {
    parley_stt_provider_get_type, parley_llm_provider_get_type,
    parley_tts_provider_get_type
  };
  guint n;
  const ParleyProviderInfo *list = parley_provider_list (&n);

  for (guint i = 0; i < n; i++) {
    GError *error = NULL;
    gpointer provider = parley_provider_new (list[i].kind, list[i].name,
        rig->loop, NULL, NULL, NULL, &error);

    if (!list[i].get_type) {
      g_assert_error (error, PARLEY_PROVIDER_ERROR,
          PARLEY_PROVIDER_ERROR_MISSING);
      g_assert_nonnull (strstr (error->message, "built without"));
      g_error_free (error);
      continue;
    }
    g_assert_no_error (error);
    g_assert_true (g_type_is_a (G_OBJECT_TYPE (provider),
            bases[list[i].kind] ()));
    g_assert_true (parley_provider_get_loop (provider) == rig->loop);
    g_object_unref (provider);
  }
}

static void
expect_unknown (Rig * rig, ParleyProviderKind kind, const gchar * name,
    const gchar * part)
{
  GError *error = NULL;

  g_assert_null (parley_provider_new (kind, name, rig->loop, NULL, NULL, NULL,
          &error));
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_UNKNOWN);
  if (!strstr (error->message, part))
    g_error ("“%s” does not say “%s”", error->message, part);
  g_error_free (error);
}

static void
unknown_names_the_known (Rig * rig, gconstpointer data)
{
  expect_unknown (rig, PARLEY_PROVIDER_TTS, "nobody", "flite, espeak");
  expect_unknown (rig, PARLEY_PROVIDER_TTS, "nobody", "mock");
  expect_unknown (rig, PARLEY_PROVIDER_STT, "nobody", "cloudstt");
  expect_unknown (rig, PARLEY_PROVIDER_LLM, "flite", "script");
  expect_unknown (rig, PARLEY_PROVIDER_LLM, "", "script");
  expect_unknown (rig, PARLEY_PROVIDER_LLM, NULL, "script");
}

static void
registered_one (Rig * rig, gconstpointer data)
{
  gpointer provider = parley_provider_new (PARLEY_PROVIDER_TTS, "mock",
      rig->loop, NULL, NULL, NULL, NULL);

  g_assert_true (PARLEY_IS_TTS_PROVIDER (provider));
  g_object_unref (provider);
}

static gchar *
expand (const gchar * text, gpointer data)
{
  return g_strconcat (text, data, NULL);
}

static void
settings_are_copied (Rig * rig, gconstpointer data)
{
  GstElement *element = gst_element_factory_make ("cloudtts", NULL);
  ParleyTtsProvider *provider;
  gchar *settings;

  gst_object_ref_sink (element);
  g_object_set (element, "voice", "kal", NULL);
  provider = parley_provider_new (PARLEY_PROVIDER_TTS, "mock", rig->loop,
      G_OBJECT (element), NULL, NULL, NULL);
  settings = parley_tts_provider_describe (provider);
  g_assert_cmpstr (settings, ==, "mock kal");
  g_free (settings);
  g_object_unref (provider);
  provider = parley_provider_new (PARLEY_PROVIDER_TTS, "mock", rig->loop,
      G_OBJECT (element), expand, "16", NULL);
  settings = parley_tts_provider_describe (provider);
  g_assert_cmpstr (settings, ==, "mock kal16");
  g_free (settings);
  g_object_unref (provider);
  gst_object_unref (element);
}

static void
missing_text_is_not_expanded (Rig * rig, gconstpointer data)
{
  GstElement *element = gst_element_factory_make ("cloudtts", NULL);
  ParleyTtsProvider *provider;
  gchar *settings;

  gst_object_ref_sink (element);
  provider = parley_provider_new (PARLEY_PROVIDER_TTS, "mock", rig->loop,
      G_OBJECT (element), expand, "16", NULL);
  settings = parley_tts_provider_describe (provider);
  g_assert_cmpstr (settings, ==, "mock (null)");
  g_free (settings);
  g_object_unref (provider);
  gst_object_unref (element);
}

#define ADD(name, func) \
    g_test_add ("/registry/" name, Rig, NULL, setup, func, teardown)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/registry/every-kind-is-listed", every_kind_is_listed);
  ADD ("listed-ones-can-be-made", listed_ones_can_be_made);
  ADD ("unknown-names-the-known", unknown_names_the_known);
  ADD ("registered-one", registered_one);
  ADD ("settings-are-copied", settings_are_copied);
  ADD ("missing-text-is-not-expanded", missing_text_is_not_expanded);
  return g_test_run ();
}
