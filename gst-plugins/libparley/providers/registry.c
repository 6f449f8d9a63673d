/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/registry.h"

#include "config.h"

/* One line a provider: adding one means its file and a line here. */
#ifdef HAVE_POCKETSPHINX
GType parley_stt_pocketsphinx_get_type (void);
#define POCKETSPHINX_TYPE parley_stt_pocketsphinx_get_type
#else
#define POCKETSPHINX_TYPE NULL
#endif
#ifdef HAVE_FLITE
GType parley_tts_flite_get_type (void);
#define FLITE_TYPE parley_tts_flite_get_type
#else
#define FLITE_TYPE NULL
#endif
#ifdef HAVE_ESPEAK
GType parley_tts_espeak_get_type (void);
#define ESPEAK_TYPE parley_tts_espeak_get_type
#else
#define ESPEAK_TYPE NULL
#endif
GType parley_llm_script_get_type (void);
GType parley_stt_azure_get_type (void);
GType parley_stt_deepgram_get_type (void);
GType parley_llm_openai_get_type (void);
GType parley_stt_openai_get_type (void);
GType parley_tts_openai_get_type (void);
GType parley_tts_elevenlabs_get_type (void);

static const ParleyProviderInfo providers[] = {
  {PARLEY_PROVIDER_STT, "pocketsphinx",
        "recognises English on this machine, best with a grammar",
      POCKETSPHINX_TYPE, "libpocketsphinx-dev pocketsphinx-en-us", FALSE},
  {PARLEY_PROVIDER_STT, "azure", "recognises speech at Azure",
      parley_stt_azure_get_type, NULL, TRUE},
  {PARLEY_PROVIDER_STT, "deepgram", "recognises speech at Deepgram",
      parley_stt_deepgram_get_type, NULL, TRUE},
  {PARLEY_PROVIDER_STT, "openai",
        "OpenAI, or any server that speaks its transcriptions",
      parley_stt_openai_get_type, NULL, TRUE},
  {PARLEY_PROVIDER_LLM, "script",
        "answers from a JSON conversation script",
      parley_llm_script_get_type, NULL, FALSE},
  {PARLEY_PROVIDER_LLM, "openai",
        "OpenAI, or any server that speaks its chat completions",
      parley_llm_openai_get_type, NULL, TRUE},
  {PARLEY_PROVIDER_TTS, "flite", "English voices on this machine",
      FLITE_TYPE, "flite1-dev", FALSE},
  {PARLEY_PROVIDER_TTS, "espeak", "many languages on this machine",
      ESPEAK_TYPE, "libespeak-ng-dev", FALSE},
  {PARLEY_PROVIDER_TTS, "openai",
        "OpenAI, or any server that speaks its speech",
      parley_tts_openai_get_type, NULL, TRUE},
  {PARLEY_PROVIDER_TTS, "elevenlabs", "voices of ElevenLabs",
      parley_tts_elevenlabs_get_type, NULL, TRUE},
};

static const gchar *kind_names[] = { "cloudstt", "llmchat", "cloudtts" };

const ParleyProviderInfo *
parley_provider_list (guint * n_providers)
{
  *n_providers = G_N_ELEMENTS (providers);
  return providers;
}

G_LOCK_DEFINE_STATIC (registered);
static GPtrArray *registered;   /* of ParleyProviderInfo, from outside */

void
parley_provider_register (const ParleyProviderInfo * info)
{
  G_LOCK (registered);
  if (!registered)
    registered = g_ptr_array_new ();
  g_ptr_array_add (registered, (gpointer) info);
  G_UNLOCK (registered);
}

static void
add_name (GString * names, const ParleyProviderInfo * info,
    ParleyProviderKind kind)
{
  if (info->kind == kind)
    g_string_append_printf (names, "%s%s", names->len ? ", " : "", info->name);
}

static gchar *
known_names (ParleyProviderKind kind)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (providers); i++)
    add_name (names, &providers[i], kind);
  G_LOCK (registered);
  for (guint i = 0; registered && i < registered->len; i++)
    add_name (names, g_ptr_array_index (registered, i), kind);
  G_UNLOCK (registered);
  return g_string_free (names, FALSE);
}

static gboolean
is_named (const ParleyProviderInfo * info, ParleyProviderKind kind,
    const gchar * name)
{
  return info->kind == kind && g_strcmp0 (info->name, name) == 0;
}

static const ParleyProviderInfo *
look_up (ParleyProviderKind kind, const gchar * name)
{
  const ParleyProviderInfo *info = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (providers); i++)
    if (is_named (&providers[i], kind, name))
      return &providers[i];
  G_LOCK (registered);
  for (guint i = 0; registered && !info && i < registered->len; i++)
    if (is_named (g_ptr_array_index (registered, i), kind, name))
      info = g_ptr_array_index (registered, i);
  G_UNLOCK (registered);
  return info;
}

static const ParleyProviderInfo *
find (ParleyProviderKind kind, const gchar * name, GError ** error)
{
  const ParleyProviderInfo *info = look_up (kind, name);
  gchar *names;

  if (info && info->get_type)
    return info;
  if (info) {
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_MISSING,
        "%s was built without provider=%s; install %s and build again",
        kind_names[kind], name, info->package);
    return NULL;
  }
  names = known_names (kind);
  g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_UNKNOWN,
      "%s has no provider “%s”; set provider= to one of: %s",
      kind_names[kind], name ? name : "", names);
  g_free (names);
  return NULL;
}

static gboolean
is_setting (GParamSpec * source, GParamSpec * target)
{
  return source && source->value_type == target->value_type
      && (source->flags & G_PARAM_READABLE)
      && (target->flags & G_PARAM_WRITABLE)
      && !(target->flags & G_PARAM_CONSTRUCT_ONLY);
}

static void
copy_settings (GObject * from, GObject * to, ParleyExpandFunc expand,
    gpointer data)
{
  guint n;
  GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (to), &n);

  for (guint i = 0; i < n; i++) {
    GParamSpec *source = g_object_class_find_property (G_OBJECT_GET_CLASS
        (from), specs[i]->name);
    GValue value = G_VALUE_INIT;

    if (!is_setting (source, specs[i]))
      continue;
    g_value_init (&value, source->value_type);
    g_object_get_property (from, source->name, &value);
    if (expand && G_VALUE_HOLDS_STRING (&value) && g_value_get_string (&value))
      g_value_take_string (&value, expand (g_value_get_string (&value), data));
    g_object_set_property (to, specs[i]->name, &value);
    g_value_unset (&value);
  }
  g_free (specs);
}

gpointer
parley_provider_new (ParleyProviderKind kind, const gchar * name,
    ParleyLoop * loop, GObject * settings, ParleyExpandFunc expand,
    gpointer data, GError ** error)
{
  const ParleyProviderInfo *info = find (kind, name, error);
  GObject *provider;

  if (!info)
    return NULL;
  provider = g_object_new (info->get_type (), "loop", loop, NULL);
  if (settings)
    copy_settings (settings, provider, expand, data);
  return provider;
}
