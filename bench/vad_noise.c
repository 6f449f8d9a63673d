/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-vad-noise VOICES SPLIT OUT: makes scenes of a split of the voices that
 * bench/vad_voices.sh collects, and asks detectors that are at hand about each
 * frame: ParleyVad, webrtcdsp, and a threshold of energy over a floor that
 * adapts. For each scene OUT/NAME.raw is the audio, and NAME.truth and
 * NAME.DETECTOR hold a byte of 0 or 1 for each 10 ms, as does
 * NAME.parley-settled of what ParleyVad says later; a line of OUT/scenes.csv
 * says what it is. OUT/cpu.csv says what detectors cost, and how late they
 * decide. bench/vad_noise.py counts.
 */
#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "vadscenes.h"

#define N_UTTERANCES 10
#define N_DETECTORS 3
#define SECONDS_A_FRAME 0.01

/* Noise alone, below a talker who spoke before or would have: scenes for each
 * kind, the ratios 20, 15 and 10 dB in turn, and their length. */
#define ALONE_SCENES 12
#define ALONE_FRAMES 3000
#define TELEVISION_FRAMES 60000

#define UTTERANCES_BEFORE 3

static const gint snrs[] = { 20, 15, 10, 5, 0 };

/* Decides about all frames of a scene, and may settle later what they were. */
typedef void (*Detector) (const VadScene * scene, gboolean * voice,
    gboolean * settled);

static void
ask_parley (const VadScene * scene, gboolean * voice, gboolean * settled)
{
  static const gint16 silence[VAD_FRAME];
  g_autoptr (ParleyVad) vad = parley_vad_new (0.5);

  for (gsize i = 0; i < scene->n_frames + PARLEY_VAD_SETTLED_DELAY; i++) {
    ParleyVadResult result;

    parley_vad_frame (vad, i < scene->n_frames ?
        scene->samples + i * VAD_FRAME : silence, &result);
    if (i >= PARLEY_VAD_DELAY && i < scene->n_frames + PARLEY_VAD_DELAY)
      voice[i - PARLEY_VAD_DELAY] = result.voice;
    if (i >= PARLEY_VAD_SETTLED_DELAY)
      settled[i - PARLEY_VAD_SETTLED_DELAY] = result.settled;
  }
}

/* What is 8 dB above a floor that falls at once and rises by 5 dB a second;
 * 80 ms more when it is over. */
static void
ask_energy (const VadScene * scene, gboolean * voice, gboolean * settled)
{
  gdouble floor = 0.0;
  gint hangover = 0;

  for (gsize i = 0; i < scene->n_frames; i++) {
    gdouble power = 0.0, level;

    for (gint k = 0; k < VAD_FRAME; k++) {
      gdouble sample = scene->samples[i * VAD_FRAME + k];

      power += sample * sample;
    }
    level = 10.0 * log10 (power / VAD_FRAME + 100.0);
    floor = i == 0 ? level : MIN (floor + 0.05, level);
    hangover = level > floor + 8.0 ? 8 : MAX (hangover - 1, 0);
    voice[i] = hangover > 0;
  }
}

/* Frames from the time of the message on are what it says. */
static void
take_activity (GstMessage * message, const VadScene * scene, gboolean * voice)
{
  const GstStructure *structure = gst_message_get_structure (message);
  guint64 time;
  gboolean on;

  if (structure && gst_structure_has_name (structure, "voice-activity")
      && gst_structure_get (structure, "stream-time", G_TYPE_UINT64, &time,
          "stream-has-voice", G_TYPE_BOOLEAN, &on, NULL))
    for (gsize i = time / (10 * GST_MSECOND); i < scene->n_frames; i++)
      voice[i] = on;
}

static void
ask_webrtcdsp (const VadScene * scene, gboolean * voice, gboolean * settled)
{
  GstHarness *h = gst_harness_new_parse ("webrtcdsp voice-detection=true "
      "echo-cancel=false noise-suppression=false gain-control=false");
  g_autoptr (GstBus) bus = gst_bus_new ();
  GstMessage *message;

  gst_element_set_bus (h->element, bus);
  gst_harness_set_src_caps_str (h, "audio/x-raw,format=S16LE,rate=8000,"
      "channels=1,layout=interleaved");
  memset (voice, 0, scene->n_frames * sizeof (gboolean));
  for (gsize i = 0; i < scene->n_frames; i++) {
    GstBuffer *buffer = gst_buffer_new_memdup (scene->samples
        + i * VAD_FRAME, VAD_FRAME * sizeof (gint16));

    GST_BUFFER_PTS (buffer) = i * 10 * GST_MSECOND;
    GST_BUFFER_DURATION (buffer) = 10 * GST_MSECOND;
    gst_harness_push (h, buffer);
    while ((buffer = gst_harness_try_pull (h)) != NULL)
      gst_buffer_unref (buffer);
  }
  while ((message = gst_bus_pop (bus)) != NULL) {
    take_activity (message, scene, voice);
    gst_message_unref (message);
  }
  gst_element_set_bus (h->element, NULL);
  gst_harness_teardown (h);
}

/* webrtcdsp is last: where it is not installed it is left out. */
static const struct
{
  const gchar *name;
  Detector ask;
  const gchar *settled;         /* its name, or NULL */
  gint delay;                   /* from the end of a frame, ms */
} detectors[N_DETECTORS] = {
  {"parley", ask_parley, "parley-settled", 10 * PARLEY_VAD_DELAY},
  {"energy", ask_energy, NULL, 0},
  {"webrtcdsp", ask_webrtcdsp, NULL, 0},
};

typedef struct
{
  const gchar *folder;
  VadSources sources;
  FILE *list;
  guint n_scenes;
  gint n_detectors;
  gdouble cpu[N_DETECTORS];
  gdouble seconds;
} Bench;

static gdouble
cpu_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static void
store (const Bench * bench, const gchar * name, const gchar * kind,
    gconstpointer data, gsize size)
{
  g_autofree gchar *file = g_strdup_printf ("%s.%s", name, kind);
  g_autofree gchar *path = g_build_filename (bench->folder, file, NULL);

  if (!g_file_set_contents (path, data, size, NULL))
    g_error ("cannot write %s", path);
}

static void
store_decisions (const Bench * bench, const gchar * name, const gchar * kind,
    const gboolean * voice, gsize n)
{
  g_autofree gchar *bytes = g_new (gchar, n);

  for (gsize i = 0; i < n; i++)
    bytes[i] = voice[i] ? 1 : 0;
  store (bench, name, kind, bytes, n);
}

static void
run_scene (Bench * bench, const VadSceneSpec * spec, guint voice)
{
  g_autoptr (VadScene) scene = NULL;
  g_autofree gboolean *decisions = NULL, *settled = NULL;
  g_autofree gchar *noise = g_strconcat (vad_noise_names[spec->noise],
      spec->n_utterances == 0 ? "-first" : "", NULL);
  g_autofree gchar *name = g_strdup_printf ("%04u-%s-%d", bench->n_scenes++,
      noise, (gint) spec->snr);

  bench->sources.talker = g_ptr_array_index (bench->sources.voices, voice);
  scene = vad_scene_new (spec, &bench->sources);
  decisions = g_new (gboolean, scene->n_frames);
  settled = g_new (gboolean, scene->n_frames);
  store (bench, name, "raw", scene->samples,
      scene->n_frames * VAD_FRAME * sizeof (gint16));
  store_decisions (bench, name, "truth", scene->labels, scene->n_frames);
  for (gint i = 0; i < bench->n_detectors; i++) {
    gdouble start = cpu_seconds ();

    detectors[i].ask (scene, decisions, settled);
    bench->cpu[i] += cpu_seconds () - start;
    store_decisions (bench, name, detectors[i].name, decisions,
        scene->n_frames);
    if (detectors[i].settled != NULL)
      store_decisions (bench, name, detectors[i].settled, settled,
          scene->n_frames);
  }
  bench->seconds += scene->n_frames * SECONDS_A_FRAME;
  fprintf (bench->list, "%s,%s,%d,%.1f,%u,%d,%" G_GSIZE_FORMAT "\n", name,
      noise, (gint) spec->snr, spec->level, voice,
      spec->noise_frames > 0, scene->speech_frames);
}

static void
run_mixed (Bench * bench)
{
  GRand *rand = g_rand_new_with_seed (4711);

  for (VadNoiseKind noise = 0; noise < VAD_N_MEASURED_NOISES; noise++)
    for (guint i = 0; i < G_N_ELEMENTS (snrs); i++)
      for (guint voice = 0; voice < bench->sources.voices->len; voice++) {
        VadSceneSpec spec = {.noise = noise,.snr = snrs[i],
          .level = g_rand_double_range (rand, -38.0, -14.0),
          .n_utterances = N_UTTERANCES,.seed = g_rand_int (rand)
        };

        run_scene (bench, &spec, voice);
      }
  g_rand_free (rand);
}

/* Two hours of television, and six minutes of each other noise. */
static void
run_alone (Bench * bench, guint n_utterances)
{
  GRand *rand = g_rand_new_with_seed (815);

  for (VadNoiseKind noise = 0; noise <= VAD_NOISE_TELEVISION; noise++)
    for (guint i = 0; i < ALONE_SCENES; i++) {
      gboolean television = noise == VAD_NOISE_TELEVISION;
      VadSceneSpec spec = {.noise = noise,.snr = snrs[i % 3],
        .level = g_rand_double_range (rand, -38.0, -14.0),
        .n_utterances = n_utterances,.seed = g_rand_int (rand),
        .noise_frames = television ? TELEVISION_FRAMES : ALONE_FRAMES
      };

      if (noise != VAD_NOISE_ECHO)
        run_scene (bench, &spec, i % bench->sources.voices->len);
    }
  g_rand_free (rand);
}

static void
write_cpu (const Bench * bench)
{
  g_autofree gchar *path = g_build_filename (bench->folder, "cpu.csv", NULL);
  FILE *file = fopen (path, "w");

  for (gint i = 0; i < bench->n_detectors; i++)
    fprintf (file, "%s,%.4f,%d\n", detectors[i].name,
        bench->cpu[i] * 1000.0 / bench->seconds, detectors[i].delay);
  fclose (file);
}

int
main (int argc, char **argv)
{
  g_autofree gchar *list = NULL;
  Bench bench = { 0 };

  gst_init (&argc, &argv);
  if (argc != 4) {
    g_printerr ("usage: bench-vad-noise VOICES SPLIT OUT\n");
    return 2;
  }
  list = g_build_filename (argv[3], "scenes.csv", NULL);
  bench.folder = argv[3];
  if (!vad_sources_load (&bench.sources, argv[1], argv[2]))
    return 1;
  bench.list = fopen (list, "w");
  if (!bench.list) {
    g_printerr ("cannot write %s: make the folder %s\n", list, argv[3]);
    return 1;
  }
  bench.n_detectors = N_DETECTORS;
  if (!gst_registry_check_feature_version (gst_registry_get (), "webrtcdsp",
          1, 22, 0)) {
    g_printerr ("webrtcdsp is left out: install gstreamer1.0-plugins-bad\n");
    bench.n_detectors--;
  }
  run_mixed (&bench);
  run_alone (&bench, UTTERANCES_BEFORE);
  run_alone (&bench, 0);
  write_cpu (&bench);
  fclose (bench.list);
  vad_sources_clear (&bench.sources);
  return 0;
}
