/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/engines.h"

#include <math.h>
#include <string.h>

#include "net/clock.h"
#include "providers/registry.h"

#define TONE_HZ 440
#define TONE_PEAK 8000
#define FADE_MS 5
#define SOUND_RATE 8000
/* Of one text; a tone is not made longer. */
#define MAX_TONE_MS 60000

struct _ParleySpeaking
{
  ParleyExchange *exchange;     /* borrowed */
  const ParleySpeakingFuncs *funcs;
  gpointer data;
  ParleySoundFormat format;
  ParleySoundRate rate;
  GByteArray *sound;            /* made, not sent yet; in the format */
  gboolean complete;            /* no more is made */
  gboolean failed;
  gint64 due;                   /* when the next chunk may go */
  ParleyTtsProvider *engine;    /* NULL: scripted */
};

static void pump (ParleyExchange * exchange, gpointer data);

static void
add_samples (ParleySpeaking * self, const gint16 * samples, gsize n, guint rate)
{
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (gint16));

  if (self->rate.in == 0)
    self->rate = (ParleySoundRate)
        PARLEY_SOUND_RATE_INIT (rate, self->format.rate);
  parley_sound_rate_push (&self->rate, samples, n, out);
  parley_sound_encode (self->format.encoding, (const gint16 *) out->data,
      out->len, self->sound);
}

/* Fades in and out, so that it does not click. */
static void
add_tone (ParleySpeaking * self, const gchar * text)
{
  ParleyEmulatorSettings *settings = parley_exchange_settings (self->exchange);
  guint ms = MIN (MAX_TONE_MS, g_utf8_strlen (text, -1)
      * settings->character_ms);
  guint n = ms * SOUND_RATE / 1000, fade = FADE_MS * SOUND_RATE / 1000;
  g_autofree gint16 *samples = g_new (gint16, n + 1);

  for (guint i = 0; i < n; i++) {
    gdouble edge = MIN (1.0, (gdouble) MIN (i, n - i) / fade);

    samples[i] = TONE_PEAK * edge * sin (2.0 * G_PI * TONE_HZ * i / SOUND_RATE);
  }
  add_samples (self, samples, n, SOUND_RATE);
}

static GBytes *
find_sound (ParleyEmulatorSettings * settings, const gchar * text)
{
  for (guint i = 0; i < settings->sounds->len; i++) {
    ParleyEmulatorSound *sound = g_ptr_array_index (settings->sounds, i);

    if (sound->when == NULL || strstr (text, sound->when) != NULL)
      return sound->mulaw;
  }
  return NULL;
}

static void
add_scripted (ParleySpeaking * self, const gchar * text)
{
  GBytes *mulaw = find_sound (parley_exchange_settings (self->exchange), text);
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (gint16));

  self->complete = TRUE;
  if (mulaw == NULL) {
    add_tone (self, text);
    return;
  }
  parley_sound_decode (PARLEY_SOUND_MULAW, g_bytes_get_data (mulaw, NULL),
      g_bytes_get_size (mulaw), samples);
  add_samples (self, (const gint16 *) samples->data, samples->len, SOUND_RATE);
}

/* The machine's own voice */

static void
on_audio (ParleyTtsProvider * engine, guint id, ParleyAudioFormat * format,
    GBytes * bytes, ParleySpeaking * self)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (gint16));

  parley_sound_decode (format->mulaw ? PARLEY_SOUND_MULAW : PARLEY_SOUND_S16,
      g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), samples);
  add_samples (self, (const gint16 *) samples->data, samples->len,
      format->rate);
  pump (self->exchange, self);
}

static void
on_done (ParleyTtsProvider * engine, guint id, ParleySpeaking * self)
{
  self->complete = TRUE;
  pump (self->exchange, self);
}

static void
on_failed (ParleyTtsProvider * engine, guint id, GError * error,
    ParleySpeaking * self)
{
  g_printerr ("parley emulator: %s\n", error->message);
  self->failed = TRUE;
  self->complete = TRUE;
  pump (self->exchange, self);
}

static void
start_engine (ParleySpeaking * self, const gchar * text)
{
  ParleyEmulatorSettings *settings = parley_exchange_settings (self->exchange);
  g_autoptr (GError) error = NULL;

  self->engine = parley_provider_new (PARLEY_PROVIDER_TTS, "flite",
      parley_exchange_loop (self->exchange), NULL, NULL, NULL, &error);
  if (self->engine != NULL && settings->voice != NULL)
    g_object_set (self->engine, "voice", settings->voice, NULL);
  if (self->engine == NULL
      || !parley_provider_warm (PARLEY_PROVIDER (self->engine), &error)) {
    g_printerr ("parley emulator: %s\n", error->message);
    g_clear_object (&self->engine);
    self->failed = TRUE;
    self->complete = TRUE;
    return;
  }
  g_signal_connect (self->engine, "audio", G_CALLBACK (on_audio), self);
  g_signal_connect (self->engine, "done", G_CALLBACK (on_done), self);
  g_signal_connect (self->engine, "failed", G_CALLBACK (on_failed), self);
  parley_tts_provider_speak (self->engine, 1, text);
}

/* Sending */

static gsize
chunk_size (ParleySpeaking * self)
{
  gsize samples = (gsize) self->format.rate
      * parley_exchange_settings (self->exchange)->chunk_ms / 1000;

  return MAX (samples, 1) * parley_sound_sample_size (self->format.encoding);
}

static gboolean
send_chunk (ParleySpeaking * self)
{
  gsize len = chunk_size (self);

  if (self->sound->len < len) {
    if (!self->complete || self->sound->len == 0)
      return FALSE;
    len = self->sound->len;
  }
  self->funcs->audio (self->exchange, self->sound->data, len, self->data);
  g_byte_array_remove_range (self->sound, 0, len);
  return TRUE;
}

/* Sends what there is and may go by now. */
static void
pump (ParleyExchange * exchange, gpointer data)
{
  ParleySpeaking *self = data;
  ParleyEmulatorSettings *settings = parley_exchange_settings (exchange);
  gint64 now = parley_clock_now ();

  parley_exchange_cancel (exchange, self);
  while (self->due <= now && send_chunk (self)) {
    if (settings->speed > 0.0)
      self->due += settings->chunk_ms * 1000 / settings->speed;
  }
  if (self->due > now && (self->sound->len > 0 || !self->complete
          || self->failed))
    parley_exchange_after (exchange, self->due - now, pump, self);
  else if (self->complete && self->sound->len == 0)
    self->funcs->done (exchange, self->failed, self->data);
}

ParleySpeaking *
parley_speaking_new (ParleyExchange * exchange, const gchar * text,
    const ParleySoundFormat * format, const ParleySpeakingFuncs * funcs,
    gpointer data)
{
  ParleyEmulatorSettings *settings = parley_exchange_settings (exchange);
  ParleySpeaking *self = g_new0 (ParleySpeaking, 1);
  gint64 wait = parley_delay_draw (&settings->tts_first_audio);

  self->exchange = exchange;
  self->funcs = funcs;
  self->data = data;
  self->format = *format;
  self->sound = g_byte_array_new ();
  self->due = parley_clock_now () + wait;
  if (settings->tts_local)
    start_engine (self, text);
  else
    add_scripted (self, text);
  parley_exchange_after (exchange, wait, pump, self);
  return self;
}

void
parley_speaking_free (ParleySpeaking * self)
{
  parley_exchange_cancel (self->exchange, self);
  if (self->engine != NULL) {
    g_signal_handlers_disconnect_by_data (self->engine, self);
    parley_tts_provider_cancel (self->engine, 1);
    g_object_unref (self->engine);
  }
  g_byte_array_unref (self->sound);
  g_free (self);
}
