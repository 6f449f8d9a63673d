/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-vad-softer VOICES SPLIT: what callers lose to the detector's knowledge
 * of their level. Each voice of a split that bench/vad_voices.sh collects
 * speaks three times at its level and eight times softer, on a quiet line and
 * over music. A figure a line: how many of the later segments are not heard.
 */
#include "vadscenes.h"

#define LEVEL_DBFS -18.0
#define UTTERANCES_BEFORE 3
#define N_UTTERANCES 8
#define SCENES_A_VOICE 5

static const gint drops[] = { 0, 6, 12, 18 };

/* Below the caller at his first level. */
static const struct
{
  const gchar *name;
  VadNoiseKind noise;
  gdouble snr;
} lines[] = {
  {"vad-softer", VAD_NOISE_PINK, 30.0},
  {"vad-softer-music", VAD_NOISE_MUSIC, 22.0},
};

typedef struct
{
  guint segments;
  guint heard;
} Count;

static void
listen (ParleyVad * vad, const VadScene * scene, Count * count)
{
  gboolean speaks = FALSE, heard = FALSE;

  for (gsize i = 0; i < scene->n_frames; i++) {
    gboolean voice = parley_vad_frame (vad, scene->samples + i * VAD_FRAME,
        NULL);
    gboolean label = i >= PARLEY_VAD_DELAY
        && scene->labels[i - PARLEY_VAD_DELAY];

    if (label && !speaks) {
      count->segments++;
      heard = FALSE;
    }
    if (label && voice && !heard) {
      count->heard++;
      heard = TRUE;
    }
    speaks = label;
  }
}

static void
speak (ParleyVad * vad, const VadSources * sources, const VadSceneSpec * spec,
    Count * count)
{
  g_autoptr (VadScene) scene = vad_scene_new (spec, sources);

  listen (vad, scene, count);
}

/* The music stays as loud as it was. */
static void
run_call (VadSources * sources, guint line, gint drop, guint32 seed,
    Count * count)
{
  g_autoptr (ParleyVad) vad = parley_vad_new (0.5);
  VadSceneSpec before = {.noise = lines[line].noise,.snr = lines[line].snr,
    .level = LEVEL_DBFS,.n_utterances = UTTERANCES_BEFORE,.seed = 2 * seed
  };
  VadSceneSpec softer = {.noise = lines[line].noise,
    .snr = lines[line].snr - drop,.level = LEVEL_DBFS - drop,
    .n_utterances = N_UTTERANCES,.seed = 2 * seed + 1
  };
  Count ignored = { 0 };

  speak (vad, sources, &before, &ignored);
  speak (vad, sources, &softer, count);
}

static void
run_line (VadSources * sources, guint line, gint drop)
{
  Count count = { 0 };

  for (guint v = 0; v < sources->voices->len; v++) {
    sources->talker = g_ptr_array_index (sources->voices, v);
    for (guint i = 0; i < SCENES_A_VOICE; i++)
      run_call (sources, line, drop, v * SCENES_A_VOICE + i, &count);
  }
  g_print ("{\"name\":\"%s-%d-unheard\",\"value\":%.1f,\"unit\":\"%% of %u\","
      "\"goal\":null,\"better\":\"lower\",\"against\":null,\"ratio\":null}\n",
      lines[line].name, drop,
      100.0 * (count.segments - count.heard) / MAX (count.segments, 1),
      count.segments);
}

int
main (int argc, char **argv)
{
  VadSources sources;

  if (argc != 3) {
    g_printerr ("usage: bench-vad-softer VOICES SPLIT\n");
    return 2;
  }
  if (!vad_sources_load (&sources, argv[1], argv[2]))
    return 1;
  for (guint line = 0; line < G_N_ELEMENTS (lines); line++)
    for (guint i = 0; i < G_N_ELEMENTS (drops); i++)
      run_line (&sources, line, drops[i]);
  vad_sources_clear (&sources);
  return 0;
}
