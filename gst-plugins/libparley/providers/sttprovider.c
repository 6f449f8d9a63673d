/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/sttprovider.h"

enum
{
  PROP_0,
  PROP_ENDPOINTING
};

enum
{
  SIGNAL_PARTIAL,
  SIGNAL_FINAL,
  SIGNAL_FAILED,
  SIGNAL_ENDPOINT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

typedef struct
{
  ParleyEndpointing endpointing;
} ParleySttProviderPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (ParleySttProvider, parley_stt_provider,
    PARLEY_TYPE_PROVIDER);

#define PRIV(self) ((ParleySttProviderPrivate *) \
    parley_stt_provider_get_instance_private (self))

static void
set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  ParleySttProvider *self = PARLEY_STT_PROVIDER (object);

  if (!parley_endpointing_from_string (g_value_get_string (value),
          &PRIV (self)->endpointing))
    PRIV (self)->endpointing = PARLEY_ENDPOINTING_LOCAL;
}

static void
get_property (GObject * object, guint id, GValue * value, GParamSpec * pspec)
{
  ParleySttProvider *self = PARLEY_STT_PROVIDER (object);

  g_value_set_static_string (value,
      parley_endpointing_to_string (PRIV (self)->endpointing));
}

static void
parley_stt_provider_init (ParleySttProvider * self)
{
}

static void
parley_stt_provider_class_init (ParleySttProviderClass * klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->set_property = set_property;
  G_OBJECT_CLASS (klass)->get_property = get_property;
  g_object_class_install_property (G_OBJECT_CLASS (klass), PROP_ENDPOINTING,
      g_param_spec_string ("endpointing", "endpointing",
          "Who decides that a turn is over", "local",
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  signals[SIGNAL_PARTIAL] = g_signal_new ("partial", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_UINT,
      G_TYPE_STRING);
  signals[SIGNAL_FINAL] = g_signal_new ("final", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 4, G_TYPE_UINT, G_TYPE_UINT,
      G_TYPE_STRING, G_TYPE_DOUBLE);
  signals[SIGNAL_FAILED] = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_UINT,
      G_TYPE_ERROR);
  signals[SIGNAL_ENDPOINT] = g_signal_new ("endpoint", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 4, G_TYPE_UINT, G_TYPE_UINT,
      G_TYPE_UINT, G_TYPE_STRING);
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

gboolean
parley_stt_provider_can_tell_ends (ParleySttProvider * self)
{
  return PARLEY_STT_PROVIDER_GET_CLASS (self)->end_wait != NULL;
}

ParleyEndpointing
parley_stt_provider_get_endpointing (ParleySttProvider * self)
{
  return parley_stt_provider_can_tell_ends (self) ? PRIV (self)->endpointing
      : PARLEY_ENDPOINTING_LOCAL;
}

guint
parley_stt_provider_get_end_wait (ParleySttProvider * self)
{
  return parley_stt_provider_can_tell_ends (self)
      ? PARLEY_STT_PROVIDER_GET_CLASS (self)->end_wait (self) : 0;
}

void
parley_stt_provider_pause (ParleySttProvider * self, GBytes * samples)
{
  if (PARLEY_STT_PROVIDER_GET_CLASS (self)->pause)
    PARLEY_STT_PROVIDER_GET_CLASS (self)->pause (self, samples);
}

void
parley_stt_provider_end_turn (ParleySttProvider * self)
{
  if (PARLEY_STT_PROVIDER_GET_CLASS (self)->end_turn)
    PARLEY_STT_PROVIDER_GET_CLASS (self)->end_turn (self);
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

void
parley_stt_provider_endpoint_in_loop (ParleySttProvider * self, guint turn,
    guint take, ParleySttEndpoint endpoint, const gchar * text)
{
  g_signal_emit (self, signals[SIGNAL_ENDPOINT], 0, turn, take,
      (guint) endpoint, text);
}
