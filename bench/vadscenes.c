/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vadscenes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "speech/g711.h"
#include "speech/mulawresampler.h"

#define CLOSED_GAP_FRAMES 10
#define N_BABBLERS 8

/* Clicks are left aside among the loudest frames. */
#define LOUDEST_PERCENT 95
#define QUIET_PERCENT 10

#define PROMPTS "/usr/share/asterisk/sounds/en_US_f_Allison"

/* --- recordings --- */

static void
recording_free (gpointer data)
{
  VadRecording *recording = data;

  g_free (recording->path);
  g_free (recording->samples);
  g_free (recording);
}

static guint32
read_le32 (const guint8 * at)
{
  return at[0] | at[1] << 8 | at[2] << 16 | (guint32) at[3] << 24;
}

/* Finds the samples of a mono 16-bit WAV file; others are left out. */
static const guint8 *
wav_samples (const guint8 * data, gsize size, guint * rate, gsize * n)
{
  gsize at = 12;

  if (size < 44 || memcmp (data, "RIFF", 4) != 0)
    return NULL;
  while (at + 8 <= size) {
    gsize length = read_le32 (data + at + 4);

    if (memcmp (data + at, "fmt ", 4) == 0 && at + 24 <= size) {
      *rate = read_le32 (data + at + 12);
      if (data[at + 10] != 1 || data[at + 22] != 16)
        return NULL;
    } else if (memcmp (data + at, "data", 4) == 0) {
      *n = MIN (length, size - at - 8) / 2;
      return data + at + 8;
    }
    at += 8 + length + length % 2;
  }
  return NULL;
}

static gint
compare_floats (gconstpointer a, gconstpointer b)
{
  gfloat x = *(const gfloat *) a, y = *(const gfloat *) b;

  return (x > y) - (x < y);
}

static gfloat
frame_power (const gfloat * samples)
{
  gfloat sum = 0.0f;

  for (gint i = 0; i < VAD_FRAME; i++)
    sum += samples[i] * samples[i];
  return sum / VAD_FRAME;
}

static gfloat
from_db (gdouble db)
{
  return powf (10.0f, (gfloat) db / 10.0f);
}

/* The power that the given share of the frames, in percent, stay below. */
static gfloat
power_percentile (const gfloat * samples, gsize n, gint percent)
{
  gsize n_frames = n / VAD_FRAME;
  g_autofree gfloat *powers = g_new (gfloat, n_frames);

  for (gsize i = 0; i < n_frames; i++)
    powers[i] = frame_power (samples + i * VAD_FRAME);
  qsort (powers, n_frames, sizeof (gfloat), compare_floats);
  return powers[n_frames * percent / 100];
}

/* Mean power of the frames within 20 dB of the loudest. */
static gfloat
active_power (const gfloat * samples, gsize n)
{
  gfloat limit = power_percentile (samples, n, LOUDEST_PERCENT) * 0.01f, sum =
      0.0f;
  gint count = 0;

  for (gsize i = 0; i + VAD_FRAME <= n; i += VAD_FRAME) {
    gfloat power = frame_power (samples + i);

    if (power >= limit) {
      sum += power;
      count++;
    }
  }
  return sum / MAX (count, 1);
}

static VadRecording *
recording_new (const gchar * path)
{
  g_autofree gchar *contents = NULL;
  g_autoptr (ParleyMulawResampler) resampler = NULL;
  g_autoptr (GByteArray) codes = g_byte_array_new ();
  const guint8 *data;
  gsize size, n = 0;
  guint rate = 16000;
  VadRecording *recording;
  gfloat scale;

  if (!g_file_get_contents (path, &contents, &size, NULL))
    return NULL;
  data = (const guint8 *) contents;
  if (g_str_has_suffix (path, ".raw"))
    n = size / 2;
  else
    data = wav_samples (data, size, &rate, &n);
  resampler = parley_mulaw_resampler_new (rate);
  if (data == NULL || resampler == NULL || n < rate / 4)
    return NULL;
  parley_mulaw_resampler_push (resampler, (const gint16 *) data, n, codes);

  recording = g_new0 (VadRecording, 1);
  recording->path = g_strdup (path);
  recording->n = codes->len;
  recording->samples = g_new (gfloat, codes->len);
  for (gsize i = 0; i < codes->len; i++)
    recording->samples[i] = parley_mulaw_decode_sample (codes->data[i]);
  scale = 1.0f / sqrtf (active_power (recording->samples, recording->n)
      + 1e-3f);
  for (gsize i = 0; i < recording->n; i++)
    recording->samples[i] *= scale;
  return recording;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar * const *) a, *(gchar * const *) b);
}

static gboolean
is_speech (const gchar * path)
{
  static const gchar *const others[] = { "beep", "tone", "monkeys", "Noise",
    "/silence/"
  };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (strstr (path, others[i]))
      return FALSE;
  return g_str_has_suffix (path, ".wav") || g_str_has_suffix (path, ".raw");
}

static void
find_files (const gchar * folder, GPtrArray * paths)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  if (dir == NULL)
    return;
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR))
      find_files (path, paths);
    else if (is_speech (path))
      g_ptr_array_add (paths, g_steal_pointer (&path));
  }
  g_dir_close (dir);
}

static void
load_every (GPtrArray * recordings, GPtrArray * paths, guint first, guint step)
{
  g_ptr_array_sort (paths, compare_names);
  for (guint i = first; i < paths->len; i += step) {
    VadRecording *recording = recording_new (g_ptr_array_index (paths, i));

    if (recording != NULL)
      g_ptr_array_add (recordings, recording);
  }
}

GPtrArray *
vad_recordings_load_half (guint half)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *recordings = g_ptr_array_new_with_free_func (recording_free);

  find_files (PROMPTS, paths);
  find_files ("/usr/share/pocketsphinx/test/data", paths);
  find_files ("/usr/share/sounds/alsa", paths);
  load_every (recordings, paths, half, 2);
  return recordings;
}

void
vad_recordings_load_folder (GPtrArray * recordings, const gchar * folder)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  find_files (folder, paths);
  load_every (recordings, paths, 0, 1);
}

GPtrArray *
vad_recordings_get_others (GPtrArray * recordings)
{
  GPtrArray *others = g_ptr_array_new ();

  for (guint i = 0; i < recordings->len; i++) {
    VadRecording *recording = g_ptr_array_index (recordings, i);

    if (!g_str_has_prefix (recording->path, PROMPTS))
      g_ptr_array_add (others, recording);
  }
  return others;
}

/* --- noise, at a power of about 1.0 --- */

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
  gfloat state[6] = { 0 };

  for (gsize i = 0; i < n; i++) {
    gfloat white = gaussian (rand);

    for (gint k = 0; k < 6; k++) {
      gfloat pole = 1.0f - powf (2.83f, (gfloat) k - 6.0f);

      state[k] = pole * state[k] + (1.0f - pole) * white * powf (1.68f, 6 - k);
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

static void
add_babble (gfloat * noise, gsize n, GRand * rand, GPtrArray * recordings)
{
  for (gint talker = 0; talker < N_BABBLERS; talker++)
    for (gsize at = 0; at < n;) {
      VadRecording *recording = g_ptr_array_index (recordings,
          g_rand_int_range (rand, 0, recordings->len));
      gsize length = MIN (recording->n, n - at);

      for (gsize i = 0; i < length; i++)
        noise[at + i] += recording->samples[i];
      at += length;
    }
}

static gfloat *
make_noise (VadNoiseKind kind, gsize n, GRand * rand, GPtrArray * recordings)
{
  gfloat *noise = g_new0 (gfloat, n);
  gdouble power = 0.0;
  gfloat scale;

  switch (kind) {
    case VAD_NOISE_WHITE:
      add_white (noise, n, rand);
      break;
    case VAD_NOISE_PINK:
      add_pink (noise, n, rand);
      break;
    case VAD_NOISE_HUM:
      add_hum (noise, n, rand);
      break;
    case VAD_NOISE_RUMBLE:
      add_rumble (noise, n, rand);
      break;
    default:
      add_babble (noise, n, rand, recordings);
      break;
  }
  for (gsize i = 0; i < n; i++)
    power += noise[i] * noise[i];
  scale = 1.0f / sqrt (power / n);
  for (gsize i = 0; i < n; i++)
    noise[i] *= scale;
  return noise;
}

/* --- scenes --- */

static void
label_frames (const gfloat * clean, gboolean * labels, gsize n_frames)
{
  gsize n = n_frames * VAD_FRAME;
  gfloat loudest = power_percentile (clean, n, LOUDEST_PERCENT);
  gfloat quiet = 10.0f * power_percentile (clean, n, QUIET_PERCENT);
  gfloat limit = CLAMP (quiet, from_db (-VAD_LABEL_RANGE_DB) * loudest,
      from_db (-VAD_LABEL_LEAST_DB) * loudest);
  gsize last = 0;
  gboolean any = FALSE;

  for (gsize i = 0; i < n_frames; i++) {
    labels[i] = frame_power (clean + i * VAD_FRAME) > limit;
    if (!labels[i])
      continue;
    if (any && i - last - 1 <= CLOSED_GAP_FRAMES)
      for (gsize k = last + 1; k < i; k++)
        labels[k] = TRUE;
    any = TRUE;
    last = i;
  }
}

/* Utterances at an active level of 1.0 with pauses before, between and after
 * them; the level within an utterance is what it was. */
static gfloat *
make_clean (GPtrArray * recordings, guint n_utterances, GRand * rand,
    VadScene * scene)
{
  GArray *clean = g_array_new (FALSE, TRUE, sizeof (gfloat));
  GArray *labels = g_array_new (FALSE, TRUE, sizeof (gboolean));

  for (guint i = 0; i <= n_utterances; i++) {
    VadRecording *recording = g_ptr_array_index (recordings,
        g_rand_int_range (rand, 0, recordings->len));
    guint start, frames = MIN (recording->n / VAD_FRAME, 600);

    g_array_set_size (clean,
        (clean->len / VAD_FRAME + g_rand_int_range (rand, 20,
                180)) * VAD_FRAME);
    g_array_set_size (labels, clean->len / VAD_FRAME);
    start = labels->len;
    if (i == n_utterances)
      break;
    g_array_append_vals (clean, recording->samples, frames * VAD_FRAME);
    g_array_set_size (labels, start + frames);
    label_frames (recording->samples,
        &g_array_index (labels, gboolean, start), frames);
  }
  scene->n_frames = labels->len;
  scene->labels = (gboolean *) g_array_free (labels, FALSE);
  return (gfloat *) g_array_free (clean, FALSE);
}

static gint16
through_mulaw (gfloat sample)
{
  gint16 linear = (gint16) CLAMP (lrintf (sample), G_MININT16, G_MAXINT16);

  return parley_mulaw_decode_sample (parley_mulaw_encode_sample (linear));
}

/* Every few seconds the noise takes another level, or stops. */
static void
make_noise_jump (gfloat * noise, gsize n_frames, GRand * rand)
{
  gsize next = 0;
  gfloat gain = 1.0f;

  for (gsize i = 0; i < n_frames; i++) {
    if (i >= next) {
      gain = g_rand_int_range (rand, 0, 5) == 0 ? 0.0f :
          powf (10.0f, g_rand_double_range (rand, -12.0, 6.0) / 20.0);
      next = i + g_rand_int_range (rand, 100, 1500);
    }
    for (gint k = 0; k < VAD_FRAME; k++)
      noise[i * VAD_FRAME + k] *= gain;
  }
}

/* Bursts of noise or of a tone, 1 to 20 ms, and single pulses: a handset put
 * down, a switch. */
static void
add_clicks (gfloat * samples, gsize n, GRand * rand)
{
  for (gsize at = 0; at + 160 < n; at += g_rand_int_range (rand, 1000, 30000)) {
    gint kind = g_rand_int_range (rand, 0, 3);
    gint length = kind == 2 ? 2 : g_rand_int_range (rand, 8, 161);
    gfloat loudness = powf (10.0f, g_rand_double_range (rand, -0.7, 1.0));
    gdouble step = g_rand_double_range (rand, 0.1, 2.5);

    for (gint i = 0; i < length; i++)
      samples[at + i] += loudness * (kind == 0 ?
          g_rand_double_range (rand, -1.0, 1.0) : kind == 1 ?
          sin (step * i) : 1.0);
  }
}

VadScene *
vad_scene_new (const VadSceneSpec * spec, GPtrArray * talkers,
    GPtrArray * babblers)
{
  VadScene *scene = g_new0 (VadScene, 1);
  GRand *rand = g_rand_new_with_seed (spec->seed);
  g_autofree gfloat *sum = make_clean (talkers, spec->n_utterances, rand,
      scene);
  gsize n = scene->n_frames * VAD_FRAME;
  g_autofree gfloat *noise = make_noise (spec->noise, n, rand, babblers);
  gfloat gain = 32768.0f * powf (10.0f, spec->level / 20.0f);
  gfloat noise_gain = powf (10.0f, -spec->snr / 20.0f);

  if (spec->disturbed)
    make_noise_jump (noise, scene->n_frames, rand);
  for (gsize i = 0; i < n; i++)
    sum[i] += noise_gain * noise[i];
  if (spec->disturbed)
    add_clicks (sum, n, rand);
  scene->samples = g_new (gint16, n);
  for (gsize i = 0; i < n; i++)
    scene->samples[i] = through_mulaw (gain * sum[i]);
  g_rand_free (rand);
  return scene;
}

void
vad_scene_free (VadScene * scene)
{
  g_free (scene->samples);
  g_free (scene->labels);
  g_free (scene);
}
