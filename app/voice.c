/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "voice.h"

#include "providers/registry.h"
#include "speech/mulawresampler.h"

typedef struct
{
  ParleyMulawResampler *resampler;
  GByteArray *out;
  GError *error;
  gboolean done;
} Speech;

static void
on_audio (ParleyTtsProvider * tts, guint id, ParleyAudioFormat * format,
    GBytes * samples, Speech * speech)
{
  gsize len;
  gconstpointer data = g_bytes_get_data (samples, &len);

  if (format->mulaw) {
    g_byte_array_append (speech->out, data, len);
    return;
  }
  if (speech->resampler == NULL)
    speech->resampler = parley_mulaw_resampler_new (format->rate);
  if (speech->resampler != NULL)
    parley_mulaw_resampler_push (speech->resampler, data, len / 2, speech->out);
}

static void
on_done (ParleyTtsProvider * tts, guint id, Speech * speech)
{
  speech->done = TRUE;
}

static void
on_failed (ParleyTtsProvider * tts, guint id, GError * error, Speech * speech)
{
  speech->error = g_error_copy (error);
  speech->done = TRUE;
}

/* The name of the first TTS provider that this build has. */
static const gchar *
first_provider (void)
{
  guint n, i;
  const ParleyProviderInfo *list = parley_provider_list (&n);

  for (i = 0; i < n; i++)
    if (list[i].kind == PARLEY_PROVIDER_TTS && list[i].get_type != NULL)
      return list[i].name;
  return "flite";
}

static gboolean
set_voice (ParleyTtsProvider * tts, const gchar * voice, GError ** error)
{
  if (voice == NULL)
    return TRUE;
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (tts), "voice")
      == NULL) {
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "this provider has no voices to choose from");
    return FALSE;
  }
  g_object_set (tts, "voice", voice, NULL);
  return TRUE;
}

static void
speak (ParleyTtsProvider * tts, GMainContext * context, const gchar * text,
    Speech * speech)
{
  g_signal_connect (tts, "audio", G_CALLBACK (on_audio), speech);
  g_signal_connect (tts, "done", G_CALLBACK (on_done), speech);
  g_signal_connect (tts, "failed", G_CALLBACK (on_failed), speech);
  parley_tts_provider_speak (tts, 1, text);
  while (!speech->done)
    g_main_context_iteration (context, TRUE);
  g_signal_handlers_disconnect_by_data (tts, speech);
  if (speech->resampler != NULL)
    parley_mulaw_resampler_drain (speech->resampler, speech->out);
}

GBytes *
parley_voice_speak (const gchar * provider, const gchar * voice,
    const gchar * text, GError ** error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (ParleyLoop) loop = parley_loop_new (context);
  g_autoptr (ParleyTtsProvider) tts = NULL;
  Speech speech = {.out = g_byte_array_new () };

  g_main_context_push_thread_default (context);
  tts = parley_provider_new (PARLEY_PROVIDER_TTS,
      provider != NULL ? provider : first_provider (), loop, NULL, NULL,
      NULL, error);
  if (tts != NULL && set_voice (tts, voice, error)
      && parley_provider_warm (PARLEY_PROVIDER (tts), error)) {
    speak (tts, context, text, &speech);
    if (speech.error != NULL)
      g_propagate_error (error, speech.error);
    else if (speech.out->len == 0)
      g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_ENGINE,
          "\"%s\" gives no sound", text);
  }
  g_clear_object (&tts);
  while (g_main_context_iteration (context, FALSE));
  g_main_context_pop_thread_default (context);
  g_clear_pointer (&speech.resampler, parley_mulaw_resampler_free);
  if (speech.error != NULL || speech.out->len == 0) {
    g_byte_array_unref (speech.out);
    return NULL;
  }
  return g_byte_array_free_to_bytes (speech.out);
}
