/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sounds of a telephone line that are no speech must not become a sentence of
 * the conversation. */
#include <math.h>
#include <string.h>

#include "mock/spoken.h"
#include "providers/stt/garbage.h"
#include "providers/stt/resample16.h"
#include "providers/stt/sphinxdecoder.h"
#include "speech/g711.h"

#define RATE 8000
#define TURN (2 * G_PI / RATE)
#define QUIET (RATE / 4)
#define STEP 1600

/* Level of sample @i of @n; @rand for those that are made of noise. */
typedef gdouble (*Sound) (guint i, guint n, GRand * rand);

static ParleySphinxModel *model;

/* What the decoder makes of @mulaw, which is taken over. */
static gchar *
hear (GByteArray * mulaw)
{
  ParleySphinxDecoder *decoder = parley_sphinx_decoder_acquire (model, NULL);
  ParleyResample16 *resample = parley_resample16_new (RATE);
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  gint16 *linear = g_new (gint16, mulaw->len);
  ParleySphinxResult result;
  ParleySphinxMean mean;

  parley_mulaw_decode (mulaw->data, linear, mulaw->len);
  parley_resample16_process (resample, linear, mulaw->len, samples);
  parley_sphinx_mean_init (&mean, RATE);
  g_assert_true (parley_sphinx_decoder_start (decoder, &mean));
  for (guint at = 0; at < samples->len; at += STEP)
    g_assert_true (parley_sphinx_decoder_feed (decoder,
            (gint16 *) samples->data + at, MIN (STEP, samples->len - at)));
  g_assert_true (parley_sphinx_decoder_finish (decoder, &result));
  parley_sphinx_decoder_release (model, decoder);
  parley_resample16_free (resample);
  g_array_unref (samples);
  g_free (linear);
  g_byte_array_unref (mulaw);
  return result.text;
}

static void
assert_no_sentence (const gchar * name, GByteArray * mulaw)
{
  gchar *text = hear (mulaw);

  g_test_message ("%s: “%s”", name, text);
  if (*text && strcmp (text, PARLEY_STT_UNCLEAR) != 0)
    g_error ("%s was heard as “%s”", name, text);
  g_free (text);
}

/* @ms of it at @level, the quiet line before and after. */
static GByteArray *
render (Sound sound, guint ms, gdouble level)
{
  guint n = ms * RATE / 1000;
  GByteArray *mulaw = g_byte_array_new ();
  GRand *rand = g_rand_new_with_seed (5);

  for (guint i = 0; i < n + 2 * QUIET; i++) {
    gdouble value = g_rand_double_range (rand, -60, 60);
    guint8 byte;

    if (i >= QUIET && i < QUIET + n)
      value += level * sound (i - QUIET, n, rand);
    byte = parley_mulaw_encode_sample (CLAMP (value, -32767, 32767));
    g_byte_array_append (mulaw, &byte, 1);
  }
  g_rand_free (rand);
  return mulaw;
}

static gdouble
white (guint i, guint n, GRand * rand)
{
  return g_rand_double_range (rand, -1, 1);
}

static gdouble
cough (guint i, guint n, GRand * rand)
{
  guint half = n / 2;

  return white (i, n, rand) * exp (-6.0 * (i % half) / half);
}

static gdouble
breath (guint i, guint n, GRand * rand)
{
  static gdouble low;

  low += 0.25 * (white (i, n, rand) - low);
  return 2 * low * sin (G_PI * i / n);
}

static gdouble
click (guint i, guint n, GRand * rand)
{
  return i % 2 == 0 ? 1 : -1;
}

static gdouble
key (guint i, guint n, GRand * rand)
{
  return 0.5 * sin (770 * TURN * i) + 0.5 * sin (1336 * TURN * i);
}

static gdouble
dial_tone (guint i, guint n, GRand * rand)
{
  return 0.5 * sin (350 * TURN * i) + 0.5 * sin (440 * TURN * i);
}

static gdouble
hum (guint i, guint n, GRand * rand)
{
  return 0.6 * sin (50 * TURN * i) + 0.4 * sin (150 * TURN * i);
}

/* Four chords a second, each note with harmonics. */
static gdouble
music (guint i, guint n, GRand * rand)
{
  static const gdouble roots[] = { 262, 220, 175, 196, 330, 262 };
  static const gdouble steps[] = { 1, 1.26, 1.5 };
  guint length = RATE / 4;
  gdouble root = roots[i / length % G_N_ELEMENTS (roots)], sum = 0;

  for (guint k = 0; k < G_N_ELEMENTS (steps); k++)
    for (guint h = 1; h <= 4; h++)
      sum += sin (root * steps[k] * h * TURN * i) / h;
  return sum / 6 * exp (-2.0 * (i % length) / length);
}

static const struct
{
  const gchar *name;
  Sound sound;
  guint ms;
} sounds[] = {
  {"noise", white, 1500}, {"cough", cough, 500}, {"breath", breath, 700},
  {"click", click, 5}, {"key", key, 250}, {"long-key", key, 1200},
  {"dial-tone", dial_tone, 1500}, {"hum", hum, 1500}, {"music", music, 3000},
};

static void
test_sound (gconstpointer data)
{
  static const gdouble levels[] = { 1500, 8000, 25000 };
  guint number = GPOINTER_TO_UINT (data);

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    assert_no_sentence (sounds[number].name, render (sounds[number].sound,
            sounds[number].ms, levels[i]));
}

static void
test_recorded_noise (void)
{
  GByteArray *mulaw = spoken_file ("/usr/share/sounds/alsa/Noise.wav");

  if (mulaw)
    assert_no_sentence ("Noise.wav", mulaw);
  else
    g_test_skip ("alsa-utils is not installed");
}

/* The same line, for comparison: a sentence stays one. */
static void
test_sentence (void)
{
  gchar *text = hear (spoken_text ("flite", "slt", 1.0,
          "what are your opening hours"));

  g_assert_cmpstr (text, ==, "what are your opening hours");
  g_free (text);
}

int
main (int argc, char **argv)
{
  const gchar *source = g_getenv ("PARLEY_SOURCE");
  gchar *script = g_build_filename (source ? source : ".", "pipelines",
      "appointments.json", NULL);
  GError *error = NULL;
  gint result;

  g_test_init (&argc, &argv, NULL);
  model = parley_sphinx_model_load (NULL, script, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (sounds); i++) {
    gchar *name = g_strconcat ("/pocketsphinx/sounds/", sounds[i].name, NULL);

    g_test_add_data_func (name, GUINT_TO_POINTER (i), test_sound);
    g_free (name);
  }
  g_test_add_func ("/pocketsphinx/sounds/recorded", test_recorded_noise);
  g_test_add_func ("/pocketsphinx/sounds/sentence", test_sentence);
  result = g_test_run ();
  parley_sphinx_model_unref (model);
  g_free (script);
  return result;
}
