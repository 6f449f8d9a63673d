/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/synthesis.h"

#include "net/cache.h"
#include "net/clock.h"
#include "speech/g711.h"
#include "speech/loud.h"
#include "speech/mulawresampler.h"

struct _ParleySynthesis
{
  ParleyTtsProvider *provider;
  gchar *text;
  gboolean mulaw;
  ParleySynthesisFuncs funcs;
  gpointer data;

  gchar *key;                   /* in the cache; NULL without it */
  gboolean claimed;
  ParleyCacheWait *wait;
  GSource *later;               /* hands over what the cache had */
  GBytes *cached;

  guint id;                     /* at the provider; 0: not asked, or over */
  gboolean asked;
  gulong handlers[3];
  ParleyMulawResampler *resampler;
  GByteArray *converted;        /* of the present piece */
  gboolean begun;               /* its first sound was found */
  GByteArray *lead;             /* silence before it */
  GByteArray *whole;            /* for the cache */
};

static const ParleyAudioFormat mulaw_format = { TRUE, 8000 };

static guint
next_id (void)
{
  static gint last;

  return (guint) g_atomic_int_add (&last, 1) + 1;
}

/* Silence is not worth keeping: there may be more to say another time. */
static void
end_claim (ParleySynthesis * self, gboolean complete)
{
  ParleyCache *cache = parley_cache_get_default ();
  GBytes *bytes;

  self->claimed = FALSE;
  if (!complete || self->whole->len == 0) {
    parley_cache_abandon (cache, self->key);
    return;
  }
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&self->whole));
  parley_cache_store (cache, self->key, bytes);
  g_bytes_unref (bytes);
}

static void
finish (ParleySynthesis * self, const GError * error)
{
  self->id = 0;
  if (self->claimed)
    end_claim (self, error == NULL);
  self->funcs.done (error, self->data);
}

/* What the provider makes */

static void
deliver (ParleySynthesis * self, const ParleyAudioFormat * format,
    const guint8 * samples, gsize len)
{
  if (self->claimed)
    g_byte_array_append (self->whole, samples, len);
  self->funcs.audio (format, samples, len, self->data);
}

/* In bytes; -1: all is quiet. */
static gssize
first_loud (const ParleyAudioFormat * format, const guint8 * samples, gsize len)
{
  gssize first;

  if (format->mulaw)
    return parley_mulaw_first_loud (samples, len);
  first = parley_pcm_first_loud ((const gint16 *) samples, len / 2);
  return first < 0 ? -1 : first * 2;
}

static void
pass (ParleySynthesis * self, const ParleyAudioFormat * format,
    const guint8 * samples, gsize len)
{
  gsize keep = format->rate * PARLEY_SYNTHESIS_LEAD_MS / 1000
      * (format->mulaw ? 1 : 2);
  gsize quiet;
  gssize first;

  if (self->begun && len > 0)
    deliver (self, format, samples, len);
  if (self->begun || len == 0)
    return;
  first = first_loud (format, samples, len);
  quiet = self->lead->len + (first < 0 ? len : (gsize) first);
  g_byte_array_append (self->lead, samples, len);
  if (quiet > keep)
    g_byte_array_remove_range (self->lead, 0, quiet - keep);
  if (first < 0)
    return;
  self->begun = TRUE;
  deliver (self, format, self->lead->data, self->lead->len);
}

static void
convert (ParleySynthesis * self, const ParleyAudioFormat * format,
    const guint8 * samples, gsize len)
{
  if (format->mulaw) {
    pass (self, &mulaw_format, samples, len);
    return;
  }
  if (!self->resampler)
    self->resampler = parley_mulaw_resampler_new (format->rate);
  g_byte_array_set_size (self->converted, 0);
  parley_mulaw_resampler_push (self->resampler, (const gint16 *) samples,
      len / 2, self->converted);
  pass (self, &mulaw_format, self->converted->data, self->converted->len);
}

static void
pass_pcm (ParleySynthesis * self, const ParleyAudioFormat * format,
    const guint8 * samples, gsize len)
{
  ParleyAudioFormat pcm = { FALSE, format->rate };

  if (!format->mulaw) {
    pass (self, &pcm, samples, len);
    return;
  }
  g_byte_array_set_size (self->converted, len * 2);
  parley_mulaw_decode (samples, (gint16 *) self->converted->data, len);
  pass (self, &pcm, self->converted->data, len * 2);
}

static void
on_audio (ParleyTtsProvider * provider, guint id,
    const ParleyAudioFormat * format, GBytes * bytes, ParleySynthesis * self)
{
  gsize len;
  const guint8 *samples = g_bytes_get_data (bytes, &len);

  if (id != self->id)
    return;
  if (self->mulaw)
    convert (self, format, samples, len);
  else
    pass_pcm (self, format, samples, len);
}

static void
on_done (ParleyTtsProvider * provider, guint id, ParleySynthesis * self)
{
  if (id != self->id)
    return;
  if (self->resampler) {
    g_byte_array_set_size (self->converted, 0);
    parley_mulaw_resampler_drain (self->resampler, self->converted);
    pass (self, &mulaw_format, self->converted->data, self->converted->len);
  }
  finish (self, NULL);
}

static void
on_failed (ParleyTtsProvider * provider, guint id, const GError * error,
    ParleySynthesis * self)
{
  if (id == self->id)
    finish (self, error);
}

static void
ask_provider (ParleySynthesis * self)
{
  self->id = next_id ();
  self->asked = TRUE;
  self->whole = g_byte_array_new ();
  self->lead = g_byte_array_new ();
  self->handlers[0] = g_signal_connect (self->provider, "audio",
      G_CALLBACK (on_audio), self);
  self->handlers[1] = g_signal_connect (self->provider, "done",
      G_CALLBACK (on_done), self);
  self->handlers[2] = g_signal_connect (self->provider, "failed",
      G_CALLBACK (on_failed), self);
  if (self->funcs.asked)
    self->funcs.asked (self->data);
  parley_tts_provider_speak (self->provider, self->id, self->text);
}

/* What the cache has */

static void
hand_over (ParleySynthesis * self, GBytes * bytes)
{
  gsize len;
  const guint8 *mulaw = g_bytes_get_data (bytes, &len);

  if (len)
    self->funcs.audio (&mulaw_format, mulaw, len, self->data);
  finish (self, NULL);
}

static gboolean
hand_over_cached (gpointer data)
{
  ParleySynthesis *self = data;
  GBytes *cached = g_steal_pointer (&self->cached);

  hand_over (self, cached);
  g_bytes_unref (cached);
  return G_SOURCE_REMOVE;
}

static void claim (ParleySynthesis * self);

static void
wait_is_over (const gchar * key, GBytes * bytes, gpointer data)
{
  ParleySynthesis *self = data;

  self->wait = NULL;
  if (bytes)
    hand_over (self, bytes);
  else
    claim (self);
}

static void
claim (ParleySynthesis * self)
{
  ParleyLoop *loop =
      parley_provider_get_loop (PARLEY_PROVIDER (self->provider));

  switch (parley_cache_claim (parley_cache_get_default (), self->key, loop,
          wait_is_over, self, &self->cached, &self->wait)) {
    case PARLEY_CACHE_HIT:
      self->later = parley_loop_add_timer (loop, parley_clock_now (),
          hand_over_cached, self);
      break;
    case PARLEY_CACHE_CLAIMED:
      self->claimed = TRUE;
      ask_provider (self);
      break;
    case PARLEY_CACHE_WAIT:
      break;
  }
}

ParleySynthesis *
parley_synthesis_new (ParleyTtsProvider * provider, const gchar * text,
    gboolean mulaw, const ParleySynthesisFuncs * funcs, gpointer data)
{
  ParleySynthesis *self = g_new0 (ParleySynthesis, 1);

  self->provider = g_object_ref (provider);
  self->text = g_strdup (text);
  self->mulaw = mulaw;
  self->funcs = *funcs;
  self->data = data;
  self->converted = g_byte_array_new ();
  if (mulaw) {
    gchar *settings = parley_tts_provider_describe (provider);
    self->key = g_strdup_printf ("%s\n%s", settings, text);
    g_free (settings);
    claim (self);
  } else {
    ask_provider (self);
  }
  return self;
}

gboolean
parley_synthesis_is_cached (ParleySynthesis * synthesis)
{
  return !synthesis->asked;
}

void
parley_synthesis_free (ParleySynthesis * self)
{
  ParleyCache *cache = parley_cache_get_default ();

  for (guint i = 0; i < G_N_ELEMENTS (self->handlers); i++)
    if (self->handlers[i])
      g_signal_handler_disconnect (self->provider, self->handlers[i]);
  if (self->id)
    parley_tts_provider_cancel (self->provider, self->id);
  if (self->claimed)
    parley_cache_abandon (cache, self->key);
  if (self->wait)
    parley_cache_cancel_wait_in_loop (cache, self->wait);
  parley_timer_clear (&self->later);
  g_clear_pointer (&self->cached, g_bytes_unref);
  g_clear_pointer (&self->resampler, parley_mulaw_resampler_free);
  g_byte_array_unref (self->converted);
  g_clear_pointer (&self->lead, g_byte_array_unref);
  g_clear_pointer (&self->whole, g_byte_array_unref);
  g_object_unref (self->provider);
  g_free (self->key);
  g_free (self->text);
  g_free (self);
}

/* Warming the cache */

typedef struct
{
  ParleyTtsProvider *provider;
  gchar *text;
  ParleySynthesis *synthesis;
} Prewarm;

static void
prewarm_audio (const ParleyAudioFormat * format, const guint8 * samples,
    gsize len, gpointer data)
{
}

static void
prewarm_done (const GError * error, gpointer data)
{
  Prewarm *self = data;

  parley_synthesis_free (self->synthesis);
  g_object_unref (self->provider);
  g_free (self->text);
  g_free (self);
}

static void
prewarm_in_loop (gpointer data, gpointer user_data)
{
  static const ParleySynthesisFuncs funcs = {
    .audio = prewarm_audio,.done = prewarm_done
  };
  Prewarm *self = data;

  self->synthesis = parley_synthesis_new (self->provider, self->text, TRUE,
      &funcs, self);
}

void
parley_synthesis_prewarm (ParleyTtsProvider * provider, const gchar * text)
{
  Prewarm *self = g_new0 (Prewarm, 1);

  self->provider = g_object_ref (provider);
  self->text = g_strdup (text);
  parley_loop_invoke (parley_provider_get_loop (PARLEY_PROVIDER (provider)),
      prewarm_in_loop, self, NULL);
}
