/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vadrecordings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "speech/g711.h"
#include "speech/mulawresampler.h"

/* A frame is speech if its level is within LABEL_RANGE_DB of its recording's
 * loudest frames and 10 dB above its quietest, which in some are not silent,
 * or if it is within LABEL_LEAST_DB of the loudest. Gaps are closed. */
#define LABEL_RANGE_DB 25.0
#define LABEL_LEAST_DB 20.0
#define LABEL_OVER_QUIET 10.0f
#define CLOSED_GAP_FRAMES 10

/* Clicks are left aside among the loudest frames. */
#define LOUDEST_PERCENT 95
#define QUIET_PERCENT 10

/* Of the loudest over the quietest frames. */
#define LEAST_RANGE_DB 30.0

static void
recording_free (gpointer data)
{
  VadRecording *recording = data;

  g_free (recording->samples);
  g_free (recording->labels);
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
  gfloat limit = power_percentile (samples, n, LOUDEST_PERCENT) * 0.01f;
  gfloat sum = 0.0f;
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
label_frames (VadRecording * recording, gfloat loudest, gfloat quietest)
{
  gfloat limit = CLAMP (LABEL_OVER_QUIET * quietest,
      from_db (-LABEL_RANGE_DB) * loudest, from_db (-LABEL_LEAST_DB) * loudest);
  gsize n_frames = recording->n / VAD_FRAME, last = 0;
  gboolean any = FALSE;

  recording->labels = g_new0 (gboolean, n_frames);
  for (gsize i = 0; i < n_frames; i++) {
    if (frame_power (recording->samples + i * VAD_FRAME) <= limit)
      continue;
    recording->labels[i] = TRUE;
    for (gsize k = last + 1; any && k < i && i - last - 1 <= CLOSED_GAP_FRAMES;
        k++)
      recording->labels[k] = TRUE;
    any = TRUE;
    last = i;
  }
}

static VadRecording *
recording_new (const gchar * path)
{
  g_autoptr (GByteArray) codes = load_codes (path);
  VadRecording *recording;
  gfloat scale, loudest, quietest;

  if (codes == NULL)
    return NULL;
  recording = g_new0 (VadRecording, 1);
  recording->n = codes->len / VAD_FRAME * VAD_FRAME;
  recording->samples = g_new (gfloat, recording->n);
  for (gsize i = 0; i < recording->n; i++)
    recording->samples[i] = parley_mulaw_decode_sample (codes->data[i]);
  scale = 1.0f / sqrtf (active_power (recording->samples, recording->n)
      + 1e-3f);
  for (gsize i = 0; i < recording->n; i++)
    recording->samples[i] *= scale;
  loudest = power_percentile (recording->samples, recording->n,
      LOUDEST_PERCENT);
  quietest = power_percentile (recording->samples, recording->n, QUIET_PERCENT);
  if (quietest > from_db (-LEAST_RANGE_DB) * loudest)
    g_clear_pointer (&recording, recording_free);
  else
    label_frames (recording, loudest, quietest);
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

GArray *
vad_music_load (const gchar * folder)
{
  g_autoptr (GPtrArray) paths = list_folder (folder);
  GArray *music = g_array_new (FALSE, FALSE, sizeof (gfloat));

  for (guint i = 0; i < paths->len; i++)
    append_music (music, g_ptr_array_index (paths, i));
  return music;
}
