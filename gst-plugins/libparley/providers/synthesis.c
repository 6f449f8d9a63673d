/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/synthesis.h"

#include "net/clock.h"
#include "speech/g711.h"
#include "speech/loud.h"
#include "speech/mulawresampler.h"

struct _ParleySynthesis
{
  ParleyTtsProvider *provider;
  gchar *text;
  gboolean mulaw;
  ParleySynthesisKeep keep;
  ParleySynthesisFuncs funcs;
  gpointer data;

  gchar *key;                   /* in the cache; NULL without it */
  gboolean claimed;
  ParleyCacheWait *wait;
  ParleyCacheFetch *fetch;
  GSource *later;               /* hands over what the cache had, or ends the
                                 * wait */
  GBytes *cached;

  guint id;                     /* at the provider; 0: not asked, or over */
  gboolean asked;
  gulong handlers[4];
  ParleyMulawResampler *resampler;
  GByteArray *converted;        /* of the present piece */
  gboolean begun;               /* its first sound was found */
  GByteArray *lead;             /* silence before it */
  guint cut_ms;                 /* of which so much was left out */
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
  GBytes *bytes;

  self->claimed = FALSE;
  if (!complete || self->whole->len == 0) {
    parley_cache_abandon (self->keep.cache, self->key);
    return;
  }
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&self->whole));
  parley_cache_put (self->keep.cache, self->key, bytes, self->keep.rank,
      self->keep.ttl);
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
  if (quiet > keep) {
    g_byte_array_remove_range (self->lead, 0, quiet - keep);
    self->cut_ms += (quiet - keep) * PARLEY_SYNTHESIS_LEAD_MS / keep;
  }
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
on_word (ParleyTtsProvider * provider, guint id, guint n, guint ms,
    ParleySynthesis * self)
{
  if (id == self->id && self->funcs.word)
    self->funcs.word (n, ms - MIN (self->cut_ms, ms), self->data);
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
  self->handlers[3] = g_signal_connect (self->provider, "word",
      G_CALLBACK (on_word), self);
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

  if (self->keep.rank == PARLEY_CACHE_FIXED)
    parley_cache_promote (self->keep.cache, self->key, self->keep.ttl);
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
  parley_timer_clear (&self->later);
  if (bytes)
    hand_over (self, bytes);
  else
    claim (self);
}

/* What comes now is whose claim it is to keep. */
static gboolean
waited_too_long (gpointer data)
{
  ParleySynthesis *self = data;

  parley_cache_cancel_wait_in_loop (self->keep.cache,
      g_steal_pointer (&self->wait));
  parley_timer_clear (&self->later);
  ask_provider (self);
  return G_SOURCE_REMOVE;
}

/* The store behind the memory has @bytes, or nothing. */
static void
fetched (const gchar * key, GBytes * bytes, gpointer data)
{
  ParleySynthesis *self = data;

  self->fetch = NULL;
  if (!bytes) {
    ask_provider (self);
    return;
  }
  self->claimed = FALSE;
  parley_cache_fulfil (self->keep.cache, self->key, bytes);
  hand_over (self, bytes);
}

static void
look_further (ParleySynthesis * self, ParleyLoop * loop)
{
  self->claimed = TRUE;
  self->fetch = parley_cache_fetch_in_loop (self->keep.cache, self->key, loop,
      fetched, self);
  if (!self->fetch)
    ask_provider (self);
}

static void
claim (ParleySynthesis * self)
{
  ParleyLoop *loop =
      parley_provider_get_loop (PARLEY_PROVIDER (self->provider));

  switch (parley_cache_claim (self->keep.cache, self->key, loop, wait_is_over,
          self, &self->cached, &self->wait)) {
    case PARLEY_CACHE_HIT:
      self->later = parley_loop_add_timer (loop, parley_clock_now (),
          hand_over_cached, self);
      break;
    case PARLEY_CACHE_CLAIMED:
      look_further (self, loop);
      break;
    case PARLEY_CACHE_WAIT:
      if (self->keep.rank == PARLEY_CACHE_REPLY)
        self->later = parley_loop_add_timer (loop, parley_clock_now ()
            + PARLEY_SYNTHESIS_JOIN_US, waited_too_long, self);
      break;
  }
}

static gchar *
make_key (ParleyTtsProvider * provider, const gchar * text)
{
  gchar *settings = parley_tts_provider_describe (provider);
  gchar *label = parley_provider_label (PARLEY_PROVIDER (provider), settings);
  gchar *key = parley_cache_key_new (label, settings, text);

  g_free (label);
  g_free (settings);
  return key;
}

ParleySynthesis *
parley_synthesis_new (ParleyTtsProvider * provider, const gchar * text,
    const ParleySynthesisKeep * keep, const ParleySynthesisFuncs * funcs,
    gpointer data)
{
  ParleySynthesis *self = g_new0 (ParleySynthesis, 1);

  self->provider = g_object_ref (provider);
  self->text = g_strdup (text);
  self->mulaw = keep != NULL;
  self->funcs = *funcs;
  self->data = data;
  self->converted = g_byte_array_new ();
  if (keep)
    self->keep = *keep;
  if (self->keep.cache) {
    self->key = make_key (provider, text);
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
  for (guint i = 0; i < G_N_ELEMENTS (self->handlers); i++)
    if (self->handlers[i])
      g_signal_handler_disconnect (self->provider, self->handlers[i]);
  if (self->id)
    parley_tts_provider_cancel (self->provider, self->id);
  if (self->fetch)
    parley_cache_fetch_cancel_in_loop (self->fetch);
  if (self->claimed)
    parley_cache_abandon (self->keep.cache, self->key);
  if (self->wait)
    parley_cache_cancel_wait_in_loop (self->keep.cache, self->wait);
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

GBytes *
parley_synthesis_lookup (ParleyTtsProvider * provider, ParleyCache * cache,
    const gchar * text)
{
  gchar *key = make_key (provider, text);
  GBytes *bytes = cache ? parley_cache_peek (cache, key) : NULL;

  g_free (key);
  return bytes;
}

/* Warming the cache */

/* Texts to be made, one at a time: calls come first. */
typedef struct
{
  ParleyTtsProvider *provider;
  ParleyCache *cache;
  gchar **texts;
  guint next;
  ParleySynthesis *synthesis;
} Prewarm;

static gint prewarming;         /* atomic */

static void
prewarm_audio (const ParleyAudioFormat * format, const guint8 * samples,
    gsize len, gpointer data)
{
}

static void prewarm_next (Prewarm * self);

static void
prewarm_done (const GError * error, gpointer data)
{
  Prewarm *self = data;

  g_clear_pointer (&self->synthesis, parley_synthesis_free);
  prewarm_next (self);
}

static void
prewarm_next (Prewarm * self)
{
  static const ParleySynthesisFuncs funcs = {
    .audio = prewarm_audio,.done = prewarm_done
  };
  ParleySynthesisKeep keep = {
    self->cache, PARLEY_CACHE_FIXED, PARLEY_CACHE_TTL_FIXED
  };

  if (self->texts[self->next]) {
    self->synthesis = parley_synthesis_new (self->provider,
        self->texts[self->next++], &keep, &funcs, self);
    return;
  }
  g_object_unref (self->provider);
  g_strfreev (self->texts);
  g_free (self);
  g_atomic_int_add (&prewarming, -1);
}

static void
prewarm_in_loop (gpointer data, gpointer user_data)
{
  prewarm_next (data);
}

void
parley_synthesis_prewarm (ParleyTtsProvider * provider, ParleyCache * cache,
    const gchar * const *texts)
{
  Prewarm *self = g_new0 (Prewarm, 1);

  g_atomic_int_inc (&prewarming);
  self->provider = g_object_ref (provider);
  self->cache = cache;
  self->texts = g_strdupv ((gchar **) texts);
  parley_loop_invoke (parley_provider_get_loop (PARLEY_PROVIDER (provider)),
      prewarm_in_loop, self, NULL);
}

guint
parley_synthesis_get_prewarming (void)
{
  return g_atomic_int_get (&prewarming);
}
