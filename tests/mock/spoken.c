/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock/spoken.h"

#include <string.h>

#include "providers/registry.h"
#include "speech/g711.h"
#include "speech/mulawresampler.h"

#define QUIET_MS 250
/* Of the noise of the line, of 32767: about -54 dB. */
#define NOISE 60
#define SPOKEN_PEAK 9000

typedef struct
{
  GArray *samples;              /* of gint16 */
  guint rate;
  gboolean done;
} Synthesis;

static void
on_audio (gpointer provider, guint id, ParleyAudioFormat * format,
    GBytes * bytes, Synthesis * synthesis)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  synthesis->rate = format->rate;
  g_array_append_vals (synthesis->samples, data, size / 2);
}

static void
on_done (gpointer provider, guint id, Synthesis * synthesis)
{
  synthesis->done = TRUE;
}

static void
on_failed (gpointer provider, guint id, GError * error, Synthesis * synthesis)
{
  g_error ("the caller's voice failed: %s", error->message);
}

static void
scale_to_peak (GArray * samples, gint peak)
{
  gint16 *sample = (gint16 *) samples->data;
  gint highest = 1;

  for (guint i = 0; i < samples->len; i++)
    highest = MAX (highest, ABS (sample[i]));
  for (guint i = 0; i < samples->len; i++)
    sample[i] = sample[i] * peak / highest;
}

/* The same noise each time. */
static void
add_quiet (GByteArray * mulaw, guint ms)
{
  GByteArray *quiet = spoken_quiet (ms);

  g_byte_array_append (mulaw, quiet->data, quiet->len);
  g_byte_array_unref (quiet);
}

static void
add_noise (GByteArray * mulaw)
{
  GRand *rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < mulaw->len; i++) {
    gint sample = parley_mulaw_decode_sample (mulaw->data[i])
        + g_rand_int_range (rand, -NOISE, NOISE + 1);

    mulaw->data[i] = parley_mulaw_encode_sample (CLAMP (sample, G_MININT16,
            G_MAXINT16));
  }
  g_rand_free (rand);
}

static GByteArray *
to_telephone (GArray * samples, guint rate)
{
  ParleyMulawResampler *resampler = parley_mulaw_resampler_new (rate);
  GByteArray *mulaw = g_byte_array_new ();

  add_quiet (mulaw, QUIET_MS);
  parley_mulaw_resampler_push (resampler, (const gint16 *) samples->data,
      samples->len, mulaw);
  parley_mulaw_resampler_drain (resampler, mulaw);
  add_quiet (mulaw, QUIET_MS);
  add_noise (mulaw);
  parley_mulaw_resampler_free (resampler);
  return mulaw;
}

/* NULL if this build has no such engine. */
static gpointer
engine_new (const gchar * name, ParleyLoop * loop)
{
  guint n;
  const ParleyProviderInfo *all = parley_provider_list (&n);

  for (guint i = 0; i < n; i++)
    if (all[i].kind == PARLEY_PROVIDER_TTS && all[i].get_type
        && g_str_equal (all[i].name, name))
      return g_object_new (all[i].get_type (), "loop", loop, NULL);
  return NULL;
}

GByteArray *
spoken_text (const gchar * engine, const gchar * voice, gdouble speed,
    const gchar * text)
{
  ParleyLoop *loop = parley_loop_new (NULL);
  gpointer provider = engine_new (engine, loop);
  Synthesis synthesis = { g_array_new (FALSE, FALSE, sizeof (gint16)) };
  GByteArray *mulaw = NULL;

  if (provider) {
    g_object_set (provider, "voice", voice, "speed", speed, NULL);
    g_signal_connect (provider, "audio", G_CALLBACK (on_audio), &synthesis);
    g_signal_connect (provider, "done", G_CALLBACK (on_done), &synthesis);
    g_signal_connect (provider, "failed", G_CALLBACK (on_failed), &synthesis);
    parley_tts_provider_speak (provider, 1, text);
    while (!synthesis.done)
      g_main_context_iteration (parley_loop_get_context (loop), TRUE);
    g_object_unref (provider);
    scale_to_peak (synthesis.samples, SPOKEN_PEAK);
    mulaw = to_telephone (synthesis.samples, synthesis.rate);
  }
  g_array_unref (synthesis.samples);
  g_object_unref (loop);
  return mulaw;
}

static guint32
read_le (const gchar * data, guint n)
{
  guint32 value = 0;

  while (n-- > 0)
    value = value << 8 | (guint8) data[n];
  return value;
}

static GByteArray *
wav_to_telephone (const gchar * format, const gchar * data, gsize size)
{
  gboolean mulaw = read_le (format, 2) == 7;
  gsize n = mulaw ? size : size / 2;
  GArray *samples = g_array_sized_new (FALSE, FALSE, sizeof (gint16), n);
  GByteArray *result;

  g_array_set_size (samples, n);
  if (mulaw)
    parley_mulaw_decode ((const guint8 *) data, (gint16 *) samples->data, n);
  else
    memcpy (samples->data, data, n * 2);
  result = to_telephone (samples, read_le (format + 4, 4));
  g_array_unref (samples);
  return result;
}

GByteArray *
spoken_file (const gchar * path)
{
  GByteArray *result = NULL;
  const gchar *format = NULL;
  gchar *wav;
  gsize size, at = 12;

  if (!g_file_get_contents (path, &wav, &size, NULL))
    return NULL;
  while (at + 8 <= size && !result) {
    gsize length = MIN (read_le (wav + at + 4, 4), size - at - 8);

    if (memcmp (wav + at, "fmt ", 4) == 0)
      format = wav + at + 8;
    else if (memcmp (wav + at, "data", 4) == 0 && format
        && read_le (format + 2, 2) == 1)
      result = wav_to_telephone (format, wav + at + 8, length);
    at += 8 + length + (length & 1);
  }
  g_free (wav);
  return result;
}

GByteArray *
spoken_quiet (guint ms)
{
  GByteArray *mulaw = g_byte_array_new ();

  g_byte_array_set_size (mulaw, ms * 8);
  memset (mulaw->data, PARLEY_MULAW_SILENCE, mulaw->len);
  return mulaw;
}
