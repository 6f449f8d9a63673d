/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vadnoises.h"

#include <math.h>
#include <string.h>

#include "biquad.h"

#define N_BABBLERS 8

const gchar *const vad_noise_names[VAD_N_NOISES] = {
  "white", "pink", "hum", "babble", "music", "clicks", "dropouts", "echo",
  "sounds", "television", "crowd", "rumble", "tones", "street", "comfort"
};

gboolean
vad_sources_load (VadSources * sources, const gchar * folder,
    const gchar * split)
{
  g_autofree gchar *voices = g_build_filename (folder, split, NULL);
  g_autofree gchar *music = g_build_filename (folder, "music", split, NULL);
  g_autofree gchar *sounds = g_build_filename (folder, "sounds", split, NULL);

  sources->voices = vad_voices_load (voices);
  sources->talker = NULL;
  sources->music = vad_music_load (music);
  sources->sounds = vad_sounds_load (sounds);
  if (sources->voices->len > 0 && sources->music->len > 0
      && sources->sounds->len > 0)
    return TRUE;
  g_printerr ("no voices in %s, no music in %s, or no sounds in %s: run "
      "bench/vad_voices.sh\n", voices, music, sounds);
  vad_sources_clear (sources);
  return FALSE;
}

void
vad_sources_clear (VadSources * sources)
{
  g_ptr_array_unref (sources->voices);
  g_array_unref (sources->music);
  g_ptr_array_unref (sources->sounds);
}

static gfloat
gaussian (GRand * rand)
{
  return (gfloat) (sqrt (-2.0 * log (1.0 - g_rand_double (rand)))
      * cos (2.0 * G_PI * g_rand_double (rand)));
}

static void
add_white (gfloat * noise, gsize n, GRand * rand)
{
  for (gsize i = 0; i < n; i++)
    noise[i] += gaussian (rand);
}

/* White noise through first-order sections an octave and a half apart. */
static void
add_pink (gfloat * noise, gsize n, GRand * rand)
{
  gfloat state[6] = { 0 }, poles[6], gains[6];

  for (gint k = 0; k < 6; k++) {
    poles[k] = 1.0f - powf (2.83f, (gfloat) k - 6.0f);
    gains[k] = (1.0f - poles[k]) * powf (1.68f, 6 - k);
  }
  for (gsize i = 0; i < n; i++) {
    gfloat white = gaussian (rand);

    for (gint k = 0; k < 6; k++) {
      state[k] = poles[k] * state[k] + gains[k] * white;
      noise[i] += state[k];
    }
  }
}

static void
add_hum (gfloat * noise, gsize n, GRand * rand)
{
  gdouble mains = g_rand_boolean (rand) ? 50.0 : 60.0;
  gdouble slope = g_rand_double_range (rand, 0.5, 1.5);
  gdouble hiss = pow (10.0, g_rand_double_range (rand, -2.5, -1.0));

  for (gint k = 1; k <= 12; k++) {
    gdouble phase = g_rand_double_range (rand, 0, 2 * G_PI);
    gdouble gain = pow (k, -slope);

    for (gsize i = 0; i < n; i++)
      noise[i] += sin (2.0 * G_PI * mains * k * i / 8000.0 + phase) * gain;
  }
  for (gsize i = 0; i < n; i++)
    noise[i] += hiss * gaussian (rand);
}

/* What is left of a car or a machine: little above a few hundred hertz. */
static void
add_rumble (gfloat * noise, gsize n, GRand * rand)
{
  gfloat pole = g_rand_double_range (rand, 0.9, 0.995), state = 0.0f;

  for (gsize i = 0; i < n; i++) {
    state = pole * state + (1.0f - pole) * gaussian (rand);
    noise[i] += state;
  }
}

/* A voice other than the talker's, if there is one. */
static GPtrArray *
pick_voice (const VadSources * sources, GRand * rand)
{
  GPtrArray *voice;

  do
    voice = g_ptr_array_index (sources->voices,
        g_rand_int_range (rand, 0, sources->voices->len));
  while (voice == sources->talker && sources->voices->len > 1);
  return voice;
}

/* Someone who talks on and on, with pauses of up to @pause frames. */
static void
add_talker (gfloat * noise, gsize n, gint pause, const VadSources * sources,
    GRand * rand)
{
  GPtrArray *voice = pick_voice (sources, rand);

  for (gsize at = g_rand_int_range (rand, 0, 8000); at < n;) {
    VadRecording *recording = g_ptr_array_index (voice,
        g_rand_int_range (rand, 0, voice->len));
    gsize length = MIN (recording->n, n - at);

    for (gsize i = 0; i < length; i++)
      noise[at + i] += recording->samples[i];
    at += length + g_rand_int_range (rand, 0, pause + 1) * VAD_FRAME;
  }
}

static void
add_babble (gfloat * noise, gsize n, gint talkers, const VadSources * sources,
    GRand * rand)
{
  for (gint i = 0; i < talkers; i++)
    add_talker (noise, n, 0, sources, rand);
}

static void
add_music (gfloat * noise, gsize n, gfloat gain, const VadSources * sources,
    GRand * rand)
{
  const gfloat *music = (const gfloat *) sources->music->data;
  gsize length = sources->music->len, at = g_rand_int_range (rand, 0, length);

  for (gsize i = 0; i < n; i++)
    noise[i] += gain * music[(at + i) % length];
}

/* Four combs. */
void
vad_reverberate (gfloat * samples, gsize n, gdouble seconds, gfloat gain)
{
  static const gsize delays[] = { 237, 281, 317, 353 };
  gfloat lines[4][353] = { {0} }, again[4];

  for (gint k = 0; k < 4; k++)
    again[k] = powf (10.0f, (gfloat) (-3.0 * delays[k] / (seconds * 8000.0)));
  for (gsize i = 0; i < n; i++) {
    gfloat sum = 0.0f;

    for (gint k = 0; k < 4; k++) {
      gfloat *line = &lines[k][i % delays[k]];

      sum += *line;
      *line = samples[i] + again[k] * *line;
    }
    samples[i] += gain * sum;
  }
}

/* Of first order at 250 Hz and at 2.5 kHz. */
static void
through_loudspeaker (gfloat * samples, gsize n)
{
  gfloat low = 0.0f, smooth = 0.0f;

  for (gsize i = 0; i < n; i++) {
    low += 0.18f * (samples[i] - low);
    smooth += 0.86f * (samples[i] - low - smooth);
    samples[i] = smooth;
  }
}

static void
add_television (gfloat * noise, gsize n, const VadSources * sources,
    GRand * rand)
{
  gint talkers = g_rand_int_range (rand, 3, 6);

  for (gint i = 0; i < talkers; i++)
    add_talker (noise, n, 150, sources, rand);
  add_music (noise, n, 0.3f, sources, rand);
  through_loudspeaker (noise, n);
  vad_reverberate (noise, n, 0.4, 0.25f);
}

static void
add_sounds (gfloat * noise, gsize n, const VadSources * sources, GRand * rand)
{
  for (gsize at = g_rand_int_range (rand, 0, 8000); at < n;) {
    GArray *sound = g_ptr_array_index (sources->sounds,
        g_rand_int_range (rand, 0, sources->sounds->len));
    gsize length = MIN (sound->len, n - at);
    gfloat gain = powf (10.0f, g_rand_double_range (rand, -0.7, 0.3));

    for (gsize i = 0; i < length; i++)
      noise[at + i] += gain * g_array_index (sound, gfloat, i);
    at += length + g_rand_int_range (rand, 800, 24000);
  }
}

/* Noise of a random spectrum, which swells and fades twice at once. */
static void
add_street (gfloat * noise, gsize n, GRand * rand)
{
  gdouble swells[2], depth = g_rand_double_range (rand, 0.0, 0.5);

  for (gint k = 0; k < 2; k++)
    swells[k] = 2.0 * G_PI / 8000.0
        * pow (10.0, g_rand_double_range (rand, -1.5, 0.9));
  add_white (noise, n, rand);
  for (gint k = 0; k < 4; k++) {
    Biquad filter;

    biquad_peak (&filter, 100.0 * pow (36.0, g_rand_double (rand)),
        g_rand_double_range (rand, 0.4, 3.0), g_rand_double_range (rand,
            -12.0, 18.0));
    biquad_run (&filter, noise, n);
  }
  for (gsize i = 0; i < n; i++)
    noise[i] *= pow (10.0, depth * (sin (swells[0] * i)
            + sin (swells[1] * i)));
}

/* One or two tones, on and off. */
static void
add_tones (gfloat * noise, gsize n, GRand * rand)
{
  static const gdouble rows[] = { 697, 770, 852, 941 };
  static const gdouble columns[] = { 1209, 1336, 1477, 1633 };

  for (gsize at = 0; at < n;) {
    gint kind = g_rand_int_range (rand, 0, 4), length, pause;
    gdouble a = 425.0, b = 425.0;

    if (kind < 2) {
      a = rows[g_rand_int_range (rand, 0, 4)];
      b = columns[g_rand_int_range (rand, 0, 4)];
      length = g_rand_int_range (rand, 320, 4000);
      pause = g_rand_int_range (rand, 320, 8000);
    } else if (kind == 2) {
      a = g_rand_boolean (rand) ? 440.0 : 425.0;
      b = a == 440.0 ? 480.0 : 425.0;
      length = g_rand_int_range (rand, 3000, 16000);
      pause = g_rand_int_range (rand, 4000, 32000);
    } else {
      a = b = g_rand_double_range (rand, 350.0, 2200.0);
      length = g_rand_int_range (rand, 800, 8000);
      pause = length;
    }
    for (gsize i = at; i < MIN (at + length, n); i++)
      noise[i] += sin (2.0 * G_PI * a * i / 8000.0)
          + sin (2.0 * G_PI * b * i / 8000.0);
    at += length + pause;
  }
}

void
vad_add_clicks (gfloat * samples, gsize n, gint longest, GRand * rand)
{
  gsize at = 0;

  while (at + 160 < n) {
    gint kind = g_rand_int_range (rand, 0, 3);
    gint length = kind == 2 ? 2 : g_rand_int_range (rand, 8, 161);
    gfloat loudness = powf (10.0f, g_rand_double_range (rand, -0.7, 1.0));
    gdouble step = g_rand_double_range (rand, 0.1, 2.5);

    for (gint i = 0; i < length; i++)
      samples[at + i] += loudness * (kind == 0 ?
          g_rand_double_range (rand, -1.0, 1.0) : kind == 1 ?
          sin (step * i) : 1.0);
    at += g_rand_int_range (rand, 800, longest);
  }
}

static void
add_kind (VadNoiseKind kind, gfloat * noise, gsize n,
    const VadSources * sources, GRand * rand)
{
  switch (kind) {
    case VAD_NOISE_WHITE:
      add_white (noise, n, rand);
      break;
    case VAD_NOISE_HUM:
      add_hum (noise, n, rand);
      break;
    case VAD_NOISE_BABBLE:
      add_babble (noise, n, N_BABBLERS, sources, rand);
      break;
    case VAD_NOISE_CROWD:
      add_babble (noise, n, g_rand_int_range (rand, 3, 13), sources, rand);
      break;
    case VAD_NOISE_MUSIC:
      add_music (noise, n, 1.0f, sources, rand);
      break;
    case VAD_NOISE_CLICKS:
      vad_add_clicks (noise, n, 8000, rand);
      break;
    case VAD_NOISE_TELEVISION:
      add_television (noise, n, sources, rand);
      break;
    case VAD_NOISE_SOUNDS:
      add_sounds (noise, n, sources, rand);
      break;
    case VAD_NOISE_STREET:
      add_street (noise, n, rand);
      break;
    case VAD_NOISE_RUMBLE:
      add_rumble (noise, n, rand);
      break;
    case VAD_NOISE_TONES:
      add_tones (noise, n, rand);
      break;
    default:
      add_pink (noise, n, rand);
      break;
  }
}

gfloat *
vad_noise_new (VadNoiseKind kind, gsize n, const VadSources * sources,
    GRand * rand)
{
  gfloat *noise = g_new0 (gfloat, n);
  gdouble power = 1e-9;
  gfloat scale;

  add_kind (kind, noise, n, sources, rand);
  for (gsize i = 0; i < n; i++)
    power += noise[i] * noise[i];
  scale = 1.0f / sqrt (power / n);
  for (gsize i = 0; i < n; i++)
    noise[i] *= scale;
  return noise;
}
