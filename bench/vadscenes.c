/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vadscenes.h"

#include <math.h>
#include <string.h>

#include "biquad.h"
#include "speech/g711.h"

#define LONGEST_UTTERANCE 600
#define CLOSED_GAP_FRAMES 10
#define SHORTEST_PAUSE 20
#define LONGEST_PAUSE 180
#define LEAST_VARIED_FRAMES 2000

/* One packet in this many is lost, and up to two that follow. */
#define DROPOUT_EVERY 30
#define PACKET (2 * VAD_FRAME)

#define ECHO_NOISE_DB -30.0

/* What is being built. */
typedef struct
{
  GArray *sum;                  /* gfloat */
  GArray *active;               /* gboolean */
  GRand *rand;
} Draft;

static gfloat
from_db (gdouble db)
{
  return (gfloat) pow (10.0, db / 20.0);
}

static void
add_pause (Draft * draft, guint frames)
{
  g_array_set_size (draft->active, draft->active->len + frames);
  g_array_set_size (draft->sum, draft->active->len * VAD_FRAME);
}

/* A recording @speed times as fast, which is as much higher, and louder by
 * @gain. */
static void
add_utterance (Draft * draft, const VadRecording * recording, gdouble speed,
    gfloat gain)
{
  guint frames = MIN (recording->n / VAD_FRAME, LONGEST_UTTERANCE) / speed;
  guint start = draft->active->len;
  gfloat *samples;

  add_pause (draft, frames);
  samples = &g_array_index (draft->sum, gfloat, start * VAD_FRAME);
  for (guint i = 0; i < frames * VAD_FRAME; i++) {
    gdouble at = i * speed;
    gsize before = (gsize) at, after = MIN (before + 1, recording->n - 1);
    gfloat part = (gfloat) (at - before);

    samples[i] = gain * ((1.0f - part) * recording->samples[before]
        + part * recording->samples[after]);
    if (i % VAD_FRAME == VAD_FRAME / 2)
      g_array_index (draft->active, gboolean, start + i / VAD_FRAME) =
          recording->active[before / VAD_FRAME];
  }
}

/* A telephone that is duller or brighter than another: one zero, which leaves
 * the power at 1 kHz as it is. */
static void
tilt (gfloat * samples, gsize n, gdouble zero)
{
  gdouble gain = 1.0 / sqrt (1.0 + zero * zero
      + 2.0 * zero * cos (2.0 * G_PI * 1000.0 / 8000.0));
  gfloat before = 0.0f;

  for (gsize i = 0; i < n; i++) {
    gfloat sample = samples[i];

    samples[i] = (gfloat) (gain * (sample + zero * before));
    before = sample;
  }
}

/* A telephone that rings at some frequency, or is deaf there, with less of the
 * low ones, in a room. What a room adds after a word is no speech. */
static void
add_telephone (gfloat * samples, gsize n, GRand * rand)
{
  Biquad filter;

  tilt (samples, n, g_rand_double_range (rand, -0.5, 0.5));
  if (g_rand_boolean (rand)) {
    biquad_peak (&filter, 250.0 * pow (14.0, g_rand_double (rand)),
        g_rand_double_range (rand, 0.5, 1.5), g_rand_double_range (rand, -10.0,
            10.0));
    biquad_run (&filter, samples, n);
  }
  if (g_rand_boolean (rand)) {
    biquad_high_pass (&filter, g_rand_double_range (rand, 60.0, 350.0), 0.7);
    biquad_run (&filter, samples, n);
  }
  if (g_rand_int_range (rand, 0, 4) == 0)
    vad_reverberate (samples, n, g_rand_double_range (rand, 0.1, 0.6),
        (gfloat) g_rand_double_range (rand, 0.02, 0.15));
}

/* Utterances at an active level of 1.0 with pauses before, between and after
 * them; the level within an utterance is what it was. */
static void
add_speech (Draft * draft, const VadSceneSpec * spec, GPtrArray * talker)
{
  gdouble speed = spec->varied ? g_rand_double_range (draft->rand, 0.85,
      1.2) : 1.0;

  for (guint i = 0; i < spec->n_utterances || (spec->n_utterances > 0
          && spec->varied && draft->active->len < LEAST_VARIED_FRAMES); i++) {
    gboolean soon = spec->varied && g_rand_int_range (draft->rand, 0,
        i == 0 ? 2 : 4) == 0;

    add_pause (draft, g_rand_int_range (draft->rand, soon ? 0 : SHORTEST_PAUSE,
            soon ? SHORTEST_PAUSE : LONGEST_PAUSE));
    add_utterance (draft, g_ptr_array_index (talker,
            g_rand_int_range (draft->rand, 0, talker->len)), speed,
        spec->varied ? from_db (g_rand_double_range (draft->rand, -4.0,
                3.0)) : 1.0f);
  }
  add_pause (draft, g_rand_int_range (draft->rand, SHORTEST_PAUSE,
          LONGEST_PAUSE));
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
          from_db (g_rand_double_range (rand, -12.0, 6.0));
      next = i + g_rand_int_range (rand, 100, 1500);
    }
    for (gint k = 0; k < VAD_FRAME; k++)
      noise[i * VAD_FRAME + k] *= gain;
  }
}

/* An echo reflects @snr less than comes. */
static void
add_echo (Draft * draft, gdouble snr)
{
  gsize delay = g_rand_int_range (draft->rand, 160, 960);
  g_autofree gfloat *clean = g_memdup2 (draft->sum->data,
      draft->sum->len * sizeof (gfloat));

  for (gsize i = delay; i < draft->sum->len; i++)
    g_array_index (draft->sum, gfloat, i) += from_db (-snr)
        * clean[i - delay];
}

static void
drop_packets (Draft * draft)
{
  gfloat *samples = (gfloat *) draft->sum->data;

  for (gsize at = 0; at + 3 * PACKET < draft->sum->len; at += PACKET)
    if (g_rand_int_range (draft->rand, 0, DROPOUT_EVERY) == 0)
      memset (samples + at, 0, g_rand_int_range (draft->rand, 1, 4) * PACKET
          * sizeof (gfloat));
}

static gboolean *
close_gaps (const gboolean * active, gsize n)
{
  gboolean *labels = g_memdup2 (active, n * sizeof (gboolean));
  gsize gap = CLOSED_GAP_FRAMES + 1;

  for (gsize i = 0; i < n; i++) {
    for (gsize k = 1; active[i] && gap <= CLOSED_GAP_FRAMES && k <= gap; k++)
      labels[i - k] = TRUE;
    gap = active[i] ? 0 : gap + 1;
  }
  return labels;
}

/* Comfort noise is sent in place of what is no speech. */
static void
silence_noise_in_speech (gfloat * noise, const Draft * draft)
{
  gsize n = draft->active->len;
  g_autofree gboolean *labels =
      close_gaps ((gboolean *) draft->active->data, n);

  for (gsize i = 0; i < n; i++)
    if (labels[i])
      memset (noise + i * VAD_FRAME, 0, VAD_FRAME * sizeof (gfloat));
}

static void
add_noise (Draft * draft, const VadSceneSpec * spec, const VadSources * sources)
{
  gsize n = draft->sum->len;
  g_autofree gfloat *noise = vad_noise_new (spec->noise, n, sources,
      draft->rand);
  gfloat gain = from_db (spec->noise == VAD_NOISE_ECHO ? ECHO_NOISE_DB :
      -spec->snr);

  if (spec->noise == VAD_NOISE_ECHO)
    add_echo (draft, spec->snr);
  if (spec->noise == VAD_NOISE_COMFORT)
    silence_noise_in_speech (noise, draft);
  if (spec->varied)
    make_noise_jump (noise, draft->active->len, draft->rand);
  for (gsize i = 0; i < n; i++)
    g_array_index (draft->sum, gfloat, i) += gain * noise[i];
  if (spec->noise == VAD_NOISE_DROPOUTS)
    drop_packets (draft);
  if (spec->varied && g_rand_int_range (draft->rand, 0, 4) == 0)
    vad_add_clicks ((gfloat *) draft->sum->data, n, 30000, draft->rand);
}

static gint16
through_mulaw (gfloat sample)
{
  gint16 linear = (gint16) CLAMP (lrintf (sample), G_MININT16, G_MAXINT16);

  return parley_mulaw_decode_sample (parley_mulaw_encode_sample (linear));
}

VadScene *
vad_scene_new (const VadSceneSpec * spec, const VadSources * sources)
{
  VadScene *scene = g_new0 (VadScene, 1);
  gfloat gain = 32768.0f * from_db (spec->level);
  Draft draft = {
    g_array_new (FALSE, TRUE, sizeof (gfloat)),
    g_array_new (FALSE, TRUE, sizeof (gboolean)),
    g_rand_new_with_seed (spec->seed)
  };

  add_pause (&draft, spec->lead_frames);
  add_speech (&draft, spec, sources->talker);
  if (spec->varied)
    add_telephone ((gfloat *) draft.sum->data, draft.sum->len, draft.rand);
  scene->speech_frames = draft.active->len;
  add_pause (&draft, spec->noise_frames);
  add_noise (&draft, spec, sources);

  scene->n_frames = draft.active->len;
  scene->samples = g_new (gint16, draft.sum->len);
  for (gsize i = 0; i < draft.sum->len; i++)
    scene->samples[i] =
        through_mulaw (gain * g_array_index (draft.sum, gfloat, i));
  scene->active = (gboolean *) g_array_free (draft.active, FALSE);
  scene->labels = close_gaps (scene->active, scene->n_frames);
  g_array_unref (draft.sum);
  g_rand_free (draft.rand);
  return scene;
}

void
vad_scene_free (VadScene * scene)
{
  g_free (scene->samples);
  g_free (scene->labels);
  g_free (scene->active);
  g_free (scene);
}
