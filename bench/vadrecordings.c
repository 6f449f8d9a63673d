/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vadrecordings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "speech/g711.h"
#include "biquad.h"
#include "speech/mulawresampler.h"

/* The level of speech is the active level of ITU-T P.56, method B: what the
 * envelope, smoothed twice over 30 ms, says is active is so for 200 ms more,
 * and a threshold this far below the level that results is the one sought. */
#define ENVELOPE_SECONDS 0.03
#define HANGOVER_SAMPLES 1600
#define MARGIN_DB 15.9
#define N_THRESHOLDS 15

/* A frame is active if it is above that threshold too. The quietest tenth is at
 * least this far below it: else it is not known when they speak. */
#define LEAST_QUIET_DB 8.0

/* Rumble and hum do not get through a telephone's codec (ITU-T G.712: 50 Hz
 * comes 24 dB softer): two sections make a high pass of fourth order. */
#define LOWEST_HZ 120.0
static const gdouble butterworth[] = { 0.5412, 1.3066 };

static void
recording_free (gpointer data)
{
  VadRecording *recording = data;

  g_free (recording->samples);
  g_free (recording->active);
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

static gfloat *
frame_powers (const gfloat * samples, gsize n_frames)
{
  gfloat *powers = g_new0 (gfloat, n_frames);

  for (gsize i = 0; i < n_frames * VAD_FRAME; i++)
    powers[i / VAD_FRAME] += samples[i] * samples[i] / VAD_FRAME;
  return powers;
}

static gfloat
from_db (gdouble db)
{
  return powf (10.0f, (gfloat) db / 10.0f);
}

/* The power that a tenth of the frames stay below. */
static gfloat
quiet_power (const gfloat * powers, gsize n)
{
  g_autofree gfloat *sorted = g_memdup2 (powers, n * sizeof (gfloat));

  qsort (sorted, n, sizeof (gfloat), compare_floats);
  return sorted[n / 10];
}

/* How many samples are active at each threshold, powers of two. */
static void
count_active (const gfloat * samples, gsize n, guint * active)
{
  gdouble keep = exp (-1.0 / (8000.0 * ENVELOPE_SECONDS)), once = 0.0;
  gdouble twice = 0.0;
  guint since[N_THRESHOLDS];

  for (gint k = 0; k < N_THRESHOLDS; k++)
    since[k] = HANGOVER_SAMPLES;
  for (gsize i = 0; i < n; i++) {
    once = keep * once + (1.0 - keep) * fabsf (samples[i]);
    twice = keep * twice + (1.0 - keep) * once;
    for (gint k = 0; k < N_THRESHOLDS; k++) {
      since[k] = twice >= 1 << k ? 0 : MIN (since[k] + 1, HANGOVER_SAMPLES + 1);
      active[k] += since[k] <= HANGOVER_SAMPLES;
    }
  }
}

/* The power of active speech: where level less threshold comes down to the
 * margin, between two thresholds. */
static gfloat
active_power (const gfloat * samples, gsize n)
{
  guint active[N_THRESHOLDS] = { 0 };
  gdouble sum = 1e-3, before = 0.0, over_before = 0.0;

  for (gsize i = 0; i < n; i++)
    sum += samples[i] * samples[i];
  count_active (samples, n, active);
  for (gint k = 0; k < N_THRESHOLDS && active[k] > 0; k++) {
    gdouble level = 10.0 * log10 (sum / active[k]);
    gdouble over = level - 20.0 * log10 (1 << k);

    if (over <= MARGIN_DB && k > 0)
      return from_db (before + (level - before) * (over_before - MARGIN_DB)
          / (over_before - over));
    before = level;
    over_before = over;
  }
  return from_db (before);
}

/* The codes of a WAV file at 8 kHz, or NULL. */
static GByteArray *
load_codes (const gchar * path)
{
  g_autofree gchar *contents = NULL;
  g_autoptr (ParleyMulawResampler) resampler = NULL;
  g_autoptr (GByteArray) codes = g_byte_array_new ();
  const guint8 *data;
  gsize size, n = 0;
  guint rate = 0;

  if (!g_file_get_contents (path, &contents, &size, NULL))
    return NULL;
  data = wav_samples ((const guint8 *) contents, size, &rate, &n);
  resampler = parley_mulaw_resampler_new (rate);
  if (data == NULL || resampler == NULL || n < rate / 4)
    return NULL;
  parley_mulaw_resampler_push (resampler, (const gint16 *) data, n, codes);
  return g_steal_pointer (&codes);
}

static void
remove_rumble (VadRecording * recording)
{
  for (guint i = 0; i < G_N_ELEMENTS (butterworth); i++) {
    Biquad section;

    biquad_high_pass (&section, LOWEST_HZ, butterworth[i]);
    biquad_run (&section, recording->samples, recording->n);
  }
}

/* The level of the samples is 1.0. FALSE if they are never quiet. */
static gboolean
find_active (VadRecording * recording)
{
  gsize n_frames = recording->n / VAD_FRAME;
  g_autofree gfloat *powers = frame_powers (recording->samples, n_frames);
  gfloat limit = from_db (-MARGIN_DB);

  recording->active = g_new (gboolean, n_frames);
  for (gsize i = 0; i < n_frames; i++)
    recording->active[i] = powers[i] > limit;
  return quiet_power (powers, n_frames) < from_db (-LEAST_QUIET_DB) * limit;
}

static VadRecording *
recording_new (const gchar * path)
{
  g_autoptr (GByteArray) codes = load_codes (path);
  VadRecording *recording;
  gfloat scale;

  if (codes == NULL)
    return NULL;
  recording = g_new0 (VadRecording, 1);
  recording->n = codes->len / VAD_FRAME * VAD_FRAME;
  recording->samples = g_new (gfloat, recording->n);
  for (gsize i = 0; i < recording->n; i++)
    recording->samples[i] = parley_mulaw_decode_sample (codes->data[i]);
  remove_rumble (recording);
  scale = 1.0f / sqrtf (active_power (recording->samples, recording->n)
      + 1e-3f);
  for (gsize i = 0; i < recording->n; i++)
    recording->samples[i] *= scale;
  if (!find_active (recording))
    g_clear_pointer (&recording, recording_free);
  return recording;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar * const *) a, *(gchar * const *) b);
}

/* What is in a folder, by name. */
static GPtrArray *
list_folder (const gchar * folder)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  g_clear_pointer (&dir, g_dir_close);
  g_ptr_array_sort (paths, compare_names);
  return paths;
}

GPtrArray *
vad_voice_load (const gchar * folder)
{
  g_autoptr (GPtrArray) paths = list_folder (folder);
  GPtrArray *recordings = g_ptr_array_new_with_free_func (recording_free);

  for (guint i = 0; i < paths->len; i++) {
    VadRecording *recording = recording_new (g_ptr_array_index (paths, i));

    if (recording != NULL)
      g_ptr_array_add (recordings, recording);
  }
  return recordings;
}

GPtrArray *
vad_voices_load (const gchar * folder)
{
  g_autoptr (GPtrArray) paths = list_folder (folder);
  GPtrArray *voices = g_ptr_array_new_with_free_func ((GDestroyNotify)
      g_ptr_array_unref);

  for (guint i = 0; i < paths->len; i++) {
    g_autoptr (GPtrArray) voice = vad_voice_load (g_ptr_array_index (paths, i));

    if (voice->len > 0)
      g_ptr_array_add (voices, g_steal_pointer (&voice));
  }
  return voices;
}

static void
append_music (GArray * music, const gchar * path)
{
  g_autoptr (GByteArray) codes = load_codes (path);
  guint start = music->len;
  gdouble power = 1e-3;
  gfloat *samples;

  if (codes == NULL)
    return;
  g_array_set_size (music, start + codes->len);
  samples = &g_array_index (music, gfloat, start);
  for (guint i = 0; i < codes->len; i++) {
    samples[i] = parley_mulaw_decode_sample (codes->data[i]);
    power += samples[i] * samples[i] / codes->len;
  }
  for (guint i = 0; i < codes->len; i++)
    samples[i] /= sqrt (power);
}

GPtrArray *
vad_sounds_load (const gchar * folder)
{
  g_autoptr (GPtrArray) paths = list_folder (folder);
  GPtrArray *sounds = g_ptr_array_new_with_free_func ((GDestroyNotify)
      g_array_unref);

  for (guint i = 0; i < paths->len; i++) {
    g_autoptr (GArray) sound = g_array_new (FALSE, FALSE, sizeof (gfloat));

    append_music (sound, g_ptr_array_index (paths, i));
    if (sound->len > 0)
      g_ptr_array_add (sounds, g_steal_pointer (&sound));
  }
  return sounds;
}

GArray *
vad_music_load (const gchar * folder)
{
  g_autoptr (GPtrArray) paths = list_folder (folder);
  GArray *music = g_array_new (FALSE, FALSE, sizeof (gfloat));

  for (guint i = 0; i < paths->len; i++)
    append_music (music, g_ptr_array_index (paths, i));
  return music;
}
