/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vad-features VOICES SPLIT N SEED: what bench/vad_train.py learns from, on
 * standard output. Of each of N scenes: the number of its frames and of
 * features, as 32-bit integers, then for each frame the features, 1.0 or 0.0
 * for an active frame, and the like for speech, as 32-bit floats.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "speech/vadfeatures.h"
#include "vadscenes.h"

/* How often a kind of noise is taken. */
static const guint8 kinds[] = {
  VAD_NOISE_WHITE, VAD_NOISE_PINK, VAD_NOISE_PINK, VAD_NOISE_HUM,
  VAD_NOISE_BABBLE, VAD_NOISE_BABBLE, VAD_NOISE_CROWD, VAD_NOISE_CROWD,
  VAD_NOISE_MUSIC, VAD_NOISE_MUSIC, VAD_NOISE_MUSIC, VAD_NOISE_MUSIC,
  VAD_NOISE_MUSIC, VAD_NOISE_MUSIC, VAD_NOISE_CLICKS,
  VAD_NOISE_DROPOUTS, VAD_NOISE_DROPOUTS, VAD_NOISE_ECHO,
  VAD_NOISE_TELEVISION, VAD_NOISE_TELEVISION, VAD_NOISE_TELEVISION,
  VAD_NOISE_TELEVISION, VAD_NOISE_TELEVISION,
  VAD_NOISE_RUMBLE, VAD_NOISE_TONES, VAD_NOISE_TONES, VAD_NOISE_STREET,
  VAD_NOISE_STREET, VAD_NOISE_STREET, VAD_NOISE_SOUNDS, VAD_NOISE_SOUNDS,
  VAD_NOISE_SOUNDS, VAD_NOISE_COMFORT
};

/* And where nobody speaks. */
static const guint8 kinds_alone[] = {
  VAD_NOISE_BABBLE, VAD_NOISE_BABBLE, VAD_NOISE_CROWD, VAD_NOISE_CROWD,
  VAD_NOISE_CROWD, VAD_NOISE_MUSIC, VAD_NOISE_MUSIC, VAD_NOISE_MUSIC,
  VAD_NOISE_MUSIC, VAD_NOISE_MUSIC, VAD_NOISE_TELEVISION, VAD_NOISE_TELEVISION,
  VAD_NOISE_TELEVISION, VAD_NOISE_TELEVISION, VAD_NOISE_SOUNDS,
  VAD_NOISE_SOUNDS, VAD_NOISE_STREET, VAD_NOISE_TONES, VAD_NOISE_CLICKS,
  VAD_NOISE_HUM
};

/* Of a voice with so many, no more are needed. */
#define MANY_RECORDINGS 60

static void
write_scene (const VadScene * scene)
{
  guint32 head[2] = { scene->n_frames, PARLEY_VAD_N_FEATURES };
  ParleyVadFeatures features;

  memset (&features, 0, sizeof (features));
  fwrite (head, sizeof (head), 1, stdout);
  for (gsize i = 0; i < scene->n_frames; i++) {
    gfloat labels[2] = { scene->active[i], scene->labels[i] };

    parley_vad_features_push (&features, scene->samples + i * VAD_FRAME);
    fwrite (features.values, sizeof (gfloat), PARLEY_VAD_N_FEATURES, stdout);
    fwrite (labels, sizeof (labels), 1, stdout);
  }
}

/* Tones and clicks are often louder than who speaks, and come before him. */
static void
draw_spec (VadSceneSpec * spec, GRand * rand)
{
  gboolean bare;

  spec->varied = TRUE;
  spec->n_utterances = 8;
  spec->noise = kinds[g_rand_int_range (rand, 0, G_N_ELEMENTS (kinds))];
  bare = spec->noise == VAD_NOISE_TONES || spec->noise == VAD_NOISE_CLICKS;
  spec->snr = bare ? g_rand_double_range (rand, -18.0, 20.0) :
      g_rand_int_range (rand, 0, 6) == 0 ? 80.0 :
      g_rand_double_range (rand, -3.0, spec->noise == VAD_NOISE_MUSIC ? 15.0 :
      25.0);
  spec->level = g_rand_double_range (rand, -55.0, bare ? -18.0 : -3.0);
  if (g_rand_int_range (rand, 0, 4) == 0 || bare)
    spec->lead_frames = g_rand_int_range (rand, 0, 800);
  if (g_rand_int_range (rand, 0, 4) == 0)
    spec->noise_frames = 800;
  if (spec->noise == VAD_NOISE_TELEVISION
      || (spec->noise > VAD_NOISE_TELEVISION && g_rand_boolean (rand)))
    spec->noise_frames = 3000;
  if (g_rand_int_range (rand, 0, 7) == 0) {
    spec->n_utterances = 0;
    spec->noise = kinds_alone[g_rand_int_range (rand, 0,
            G_N_ELEMENTS (kinds_alone))];
    spec->noise_frames = 3000;
  }
}

/* Voices with few recordings are drawn less often. */
static GPtrArray *
draw_talker (GPtrArray * voices, GRand * rand)
{
  GPtrArray *talker;

  do
    talker = g_ptr_array_index (voices, g_rand_int_range (rand, 0,
            voices->len));
  while ((guint) g_rand_int_range (rand, 0, MANY_RECORDINGS) >= talker->len);
  return talker;
}

static void
run_scene (guint32 seed, VadSources * sources)
{
  GRand *rand = g_rand_new_with_seed (seed);
  VadSceneSpec spec = {.seed = g_rand_int (rand) };
  g_autoptr (VadScene) scene = NULL;

  draw_spec (&spec, rand);
  sources->talker = draw_talker (sources->voices, rand);
  scene = vad_scene_new (&spec, sources);
  write_scene (scene);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  VadSources sources;

  if (argc != 5) {
    g_printerr ("usage: vad-features VOICES SPLIT N SEED\n");
    return 2;
  }
  if (!vad_sources_load (&sources, argv[1], argv[2]))
    return 1;
  for (gint i = 0; i < atoi (argv[3]); i++)
    run_scene (atoi (argv[4]) + i, &sources);
  vad_sources_clear (&sources);
  return 0;
}
