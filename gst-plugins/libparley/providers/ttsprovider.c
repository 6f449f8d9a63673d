/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/ttsprovider.h"

enum
{
  SIGNAL_AUDIO,
  SIGNAL_WORD,
  SIGNAL_DONE,
  SIGNAL_FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_ABSTRACT_TYPE (ParleyTtsProvider, parley_tts_provider,
    PARLEY_TYPE_PROVIDER);

static void
parley_tts_provider_init (ParleyTtsProvider * self)
{
}

static void
parley_tts_provider_class_init (ParleyTtsProviderClass * klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  signals[SIGNAL_AUDIO] = g_signal_new ("audio", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_POINTER,
      G_TYPE_BYTES);
  signals[SIGNAL_WORD] = g_signal_new ("word", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_UINT,
      G_TYPE_UINT);
  signals[SIGNAL_DONE] = g_signal_new ("done", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[SIGNAL_FAILED] = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_ERROR);
}

void
parley_tts_provider_speak (ParleyTtsProvider * self, guint id,
    const gchar * text)
{
  PARLEY_TTS_PROVIDER_GET_CLASS (self)->speak (self, id, text);
}

void
parley_tts_provider_cancel (ParleyTtsProvider * self, guint id)
{
  PARLEY_TTS_PROVIDER_GET_CLASS (self)->cancel (self, id);
}

gchar *
parley_tts_provider_describe (ParleyTtsProvider * self)
{
  return PARLEY_TTS_PROVIDER_GET_CLASS (self)->describe (self);
}

void
parley_tts_provider_audio_in_loop (ParleyTtsProvider * self, guint id,
    const ParleyAudioFormat * format, GBytes * samples)
{
  g_signal_emit (self, signals[SIGNAL_AUDIO], 0, id, format, samples);
}

void
parley_tts_provider_word_in_loop (ParleyTtsProvider * self, guint id, guint n,
    guint ms)
{
  g_signal_emit (self, signals[SIGNAL_WORD], 0, id, n, ms);
}

void
parley_tts_provider_done_in_loop (ParleyTtsProvider * self, guint id)
{
  g_signal_emit (self, signals[SIGNAL_DONE], 0, id);
}

void
parley_tts_provider_failed_in_loop (ParleyTtsProvider * self, guint id,
    const GError * error)
{
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, id, error);
}
