/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/sttprovider.h"

enum
{
  SIGNAL_PARTIAL,
  SIGNAL_FINAL,
  SIGNAL_FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_ABSTRACT_TYPE (ParleySttProvider, parley_stt_provider,
    PARLEY_TYPE_PROVIDER);

static void
parley_stt_provider_init (ParleySttProvider * self)
{
}

static void
parley_stt_provider_class_init (ParleySttProviderClass * klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  signals[SIGNAL_PARTIAL] = g_signal_new ("partial", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_UINT,
      G_TYPE_STRING);
  signals[SIGNAL_FINAL] = g_signal_new ("final", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 4, G_TYPE_UINT, G_TYPE_UINT,
      G_TYPE_STRING, G_TYPE_DOUBLE);
  signals[SIGNAL_FAILED] = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_UINT,
      G_TYPE_ERROR);
}

void
parley_stt_provider_begin (ParleySttProvider * self, guint turn, guint take,
    const ParleyAudioFormat * format)
{
  PARLEY_STT_PROVIDER_GET_CLASS (self)->begin (self, turn, take, format);
}

void
parley_stt_provider_audio (ParleySttProvider * self, GBytes * samples)
{
  PARLEY_STT_PROVIDER_GET_CLASS (self)->audio (self, samples);
}

void
parley_stt_provider_finish (ParleySttProvider * self)
{
  PARLEY_STT_PROVIDER_GET_CLASS (self)->finish (self);
}

void
parley_stt_provider_cancel (ParleySttProvider * self)
{
  PARLEY_STT_PROVIDER_GET_CLASS (self)->cancel (self);
}

gboolean
parley_stt_provider_wants_whole_turns (ParleySttProvider * self)
{
  return PARLEY_STT_PROVIDER_GET_CLASS (self)->whole_turns;
}

void
parley_stt_provider_partial_in_loop (ParleySttProvider * self, guint turn,
    guint take, const gchar * text)
{
  g_signal_emit (self, signals[SIGNAL_PARTIAL], 0, turn, take, text);
}

void
parley_stt_provider_final_in_loop (ParleySttProvider * self, guint turn,
    guint take, const gchar * text, gdouble confidence)
{
  g_signal_emit (self, signals[SIGNAL_FINAL], 0, turn, take, text, confidence);
}

void
parley_stt_provider_failed_in_loop (ParleySttProvider * self, guint turn,
    guint take, const GError * error)
{
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, turn, take, error);
}
