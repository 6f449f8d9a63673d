/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How well ParleyVad's frame decisions match speech that is known to be there,
 * in noise: the F1 of voice frames, for recordings that nothing was tuned on
 * (or, with --tuning, for the others).
 */
#include <string.h>

#include "vadscenes.h"

static const gchar *const noise_names[] = { "white", "pink", "hum",
  "babble"
};

static const gint snrs[] = { 20, 10, 5, 0 };

/* Active speech in dBFS: a loud talker, and a quiet one. */
static const gdouble levels[] = { -20.0, -35.0 };

static gdouble
scene_f1 (const VadScene * scene)
{
  g_autoptr (ParleyVad) vad = parley_vad_new (0.5);
  gint hits = 0, false_alarms = 0, misses = 0;

  for (gsize i = 0; i < scene->n_frames; i++) {
    gboolean voice = parley_vad_frame (vad, scene->samples + i * VAD_FRAME,
        NULL);

    hits += voice && scene->labels[i];
    false_alarms += voice && !scene->labels[i];
    misses += !voice && scene->labels[i];
  }
  return 2.0 * hits / MAX (2 * hits + false_alarms + misses, 1);
}

static gdouble
evaluate (GPtrArray * talkers, GPtrArray * babblers, VadNoiseKind noise,
    gint snr)
{
  gdouble sum = 0.0;

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    VadSceneSpec spec = { noise, snr, levels[i], 25, FALSE,
      1000 + 100 * noise + 2 * snr + i
    };
    VadScene *scene = vad_scene_new (&spec, talkers, babblers);

    sum += scene_f1 (scene);
    vad_scene_free (scene);
  }
  return sum / G_N_ELEMENTS (levels);
}

static void
report (const gchar * name, gdouble value, const gchar * goal)
{
  g_print ("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"F1\","
      "\"goal\":%s,\"better\":\"higher\",\"against\":null,"
      "\"ratio\":null}\n", name, value, goal);
}

static void
evaluate_all (const gchar * voices, GPtrArray * talkers, GPtrArray * babblers)
{
  g_autofree gchar *mean_name = g_strdup_printf ("vad-f1-%s", voices);
  gdouble sum = 0.0;

  for (guint noise = 0; noise < G_N_ELEMENTS (noise_names); noise++)
    for (guint i = 0; i < G_N_ELEMENTS (snrs); i++) {
      gdouble f1 = evaluate (talkers, babblers, noise, snrs[i]);
      g_autofree gchar *name = g_strdup_printf ("vad-f1-%s-%s-%d", voices,
          noise_names[noise], snrs[i]);

      report (name, f1, "null");
      sum += f1;
    }
  report (mean_name, sum / (G_N_ELEMENTS (noise_names) * G_N_ELEMENTS (snrs)),
      "0.9");
}

int
main (int argc, char **argv)
{
  gboolean tuning = argc > 1 && strcmp (argv[1], "--tuning") == 0;
  g_autoptr (GPtrArray) talkers = vad_recordings_load_half (tuning ? 0 : 1);
  g_autoptr (GPtrArray) babblers = vad_recordings_load_half (tuning ? 1 : 0);
  g_autoptr (GPtrArray) others = vad_recordings_get_others (talkers);

  if (others->len == 0 || babblers->len == 0) {
    g_printerr ("no recordings: install asterisk-core-sounds-en-wav, "
        "pocketsphinx-testdata and alsa-utils\n");
    return 1;
  }
  evaluate_all ("prompts", talkers, babblers);
  evaluate_all ("others", others, babblers);
  return 0;
}
