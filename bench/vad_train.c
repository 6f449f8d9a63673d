/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fits the weights ParleyVad decides with and prints them as
 * speech/vadmodel.h. It learns from one half of the recordings of installed
 * packages, and from those in folders given as arguments; for the weights in
 * the tree that was what bench/vad_voices.sh speaks. The same recordings give
 * the same weights.
 */
#include <math.h>
#include <string.h>

#include "speech/vadfeatures.h"
#include "vadscenes.h"

#define N PARLEY_VAD_N_FEATURES
#define H 12
#define N_SCENES 240
#define EPOCHS 5
#define BATCH 512
#define RATE 3e-3

/* Weights into each hidden unit, its bias, its weight out; the last row's
 * bias is the output's. */
typedef struct
{
  gdouble in[H][N];
  gdouble bias[H];
  gdouble out[H];
  gdouble out_bias;
} Model;

#define N_WEIGHTS (sizeof (Model) / sizeof (gdouble))

typedef struct
{
  gfloat values[N];
  gboolean label;
} Example;

static gdouble
squash (gdouble x)
{
  return x / (1.0 + fabs (x));
}

static void
listen_to (const VadScene * scene, GArray * examples)
{
  ParleyVadFeatures features;
  Example example;

  memset (&features, 0, sizeof (features));
  for (gsize i = 0; i < scene->n_frames; i++) {
    parley_vad_features_push (&features, scene->samples + i * VAD_FRAME);
    memcpy (example.values, features.values, sizeof (example.values));
    example.label = scene->labels[i];
    g_array_append_val (examples, example);
  }
}

/* talkers[] are groups of voices with the same share each. */
static GArray *
collect (GPtrArray ** talkers, guint n_groups, GPtrArray * babblers)
{
  GArray *examples = g_array_new (FALSE, FALSE, sizeof (Example));
  GRand *rand = g_rand_new_with_seed (5);

  for (guint i = 0; i < N_SCENES; i++) {
    VadSceneSpec spec;
    VadScene *scene;

    spec.noise = i % VAD_N_NOISES;
    spec.snr = i % 12 == 0 ? 60.0 : g_rand_double_range (rand, -3.0, 30.0);
    spec.level = g_rand_double_range (rand, -45.0, -8.0);
    spec.n_utterances = 20;
    spec.disturbed = i % 2;
    spec.seed = 77 + i;
    scene = vad_scene_new (&spec, talkers[i / 2 % n_groups], babblers);
    listen_to (scene, examples);
    vad_scene_free (scene);
  }
  g_rand_free (rand);
  return examples;
}

/* Scales the features to a mean of 0 and a deviation of 1. */
static void
normalise (GArray * examples, gdouble * mean, gdouble * deviation)
{
  for (guint f = 0; f < N; f++) {
    gdouble sum = 0.0, squares = 0.0;

    for (guint i = 0; i < examples->len; i++) {
      gdouble x = g_array_index (examples, Example, i).values[f];

      sum += x;
      squares += x * x;
    }
    mean[f] = sum / examples->len;
    deviation[f] = sqrt (squares / examples->len - mean[f] * mean[f]) + 1e-6;
    for (guint i = 0; i < examples->len; i++) {
      gfloat *x = &g_array_index (examples, Example, i).values[f];

      *x = (gfloat) ((*x - mean[f]) / deviation[f]);
    }
  }
}

/* Adds the slope of one example's cross entropy. */
static void
add_slope (const Model * model, const Example * example, Model * slope)
{
  gdouble sum[H], out = model->out_bias, error;

  for (guint h = 0; h < H; h++) {
    sum[h] = model->bias[h];
    for (guint f = 0; f < N; f++)
      sum[h] += model->in[h][f] * example->values[f];
    out += model->out[h] * squash (sum[h]);
  }
  error = 1.0 / (1.0 + exp (-out)) - (example->label ? 1.0 : 0.0);
  slope->out_bias += error;
  for (guint h = 0; h < H; h++) {
    gdouble steepness = 1.0 / ((1.0 + fabs (sum[h])) * (1.0 + fabs (sum[h])));
    gdouble back = error * model->out[h] * steepness;

    slope->out[h] += error * squash (sum[h]);
    slope->bias[h] += back;
    for (guint f = 0; f < N; f++)
      slope->in[h][f] += back * example->values[f];
  }
}

/* Adam (Kingma and Ba, 2015). */
static void
step (Model * model, const Model * slope, Model * first, Model * second,
    guint t, gdouble rate)
{
  gdouble *w = (gdouble *) model, *m = (gdouble *) first;
  gdouble *v = (gdouble *) second;
  const gdouble *g = (const gdouble *) slope;

  for (guint i = 0; i < N_WEIGHTS; i++) {
    m[i] = 0.9 * m[i] + 0.1 * g[i] / BATCH;
    v[i] = 0.999 * v[i] + 0.001 * (g[i] / BATCH) * (g[i] / BATCH);
    w[i] -= rate * m[i] / (1.0 - pow (0.9, t))
        / (sqrt (v[i] / (1.0 - pow (0.999, t))) + 1e-8);
  }
}

static void
fit (Model * model, GArray * examples)
{
  g_autofree Model *first = g_new0 (Model, 1), *second = g_new0 (Model, 1);
  g_autofree Model *slope = g_new (Model, 1);
  GRand *rand = g_rand_new_with_seed (1);
  guint steps = EPOCHS * (examples->len / BATCH);

  memset (model, 0, sizeof (*model));
  for (guint h = 0; h < H; h++) {
    model->out[h] = g_rand_double_range (rand, -0.5, 0.5);
    for (guint f = 0; f < N; f++)
      model->in[h][f] = g_rand_double_range (rand, -0.35, 0.35);
  }
  for (guint t = 1; t <= steps; t++) {
    memset (slope, 0, sizeof (*slope));
    for (guint i = 0; i < BATCH; i++)
      add_slope (model, &g_array_index (examples, Example,
              g_rand_int_range (rand, 0, examples->len)), slope);
    step (model, slope, first, second, t, RATE * (1.0 - (gdouble) t / steps));
  }
  g_rand_free (rand);
}

/* The network takes features as they are. */
static void
fold_scale (Model * model, const gdouble * mean, const gdouble * deviation)
{
  for (guint h = 0; h < H; h++)
    for (guint f = 0; f < N; f++) {
      model->in[h][f] /= deviation[f];
      model->bias[h] -= model->in[h][f] * mean[f];
    }
}

static void
print_values (const gdouble * values, guint n)
{
  for (guint i = 0; i < n; i++)
    g_print ("%s%.4ff,", i % 6 ? " " : i ? "\n  " : "  ", values[i]);
  g_print ("\n");
}

static void
print_model (const Model * model)
{
  g_print ("/* SPDX-License-Identifier: LGPL-2.1-or-later */\n"
      "#pragma once\n\n#include \"speech/vadfeatures.h\"\n\n"
      "/* Written by bench/vad_train.c. A layer of squashed sums of the "
      "features,\n * and a sum of those. */\n"
      "#define VAD_MODEL_UNITS %d\n\n"
      "static const gfloat vad_model_in[PARLEY_VAD_N_FEATURES]"
      "[VAD_MODEL_UNITS] = {\n", H);
  for (guint f = 0; f < N; f++) {
    gdouble column[H];

    for (guint h = 0; h < H; h++)
      column[h] = model->in[h][f];
    g_print (" {\n");
    print_values (column, H);
    g_print (" },\n");
  }
  g_print ("};\n\nstatic const gfloat vad_model_bias[VAD_MODEL_UNITS]"
      " = {\n");
  print_values (model->bias, H);
  g_print ("};\n\nstatic const gfloat vad_model_out[VAD_MODEL_UNITS]" " = {\n");
  print_values (model->out, H);
  g_print ("};\n\nstatic const gfloat vad_model_out_bias = %.4ff;\n",
      model->out_bias);
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) recordings = vad_recordings_load_half (0);
  g_autoptr (GPtrArray) others = vad_recordings_get_others (recordings);
  g_autoptr (GPtrArray) given = g_ptr_array_new ();
  GPtrArray *groups[] = { recordings, others, given };
  gdouble mean[N], deviation[N];
  g_autoptr (GArray) examples = NULL;
  Model model;

  for (gint i = 1; i < argc; i++)
    vad_recordings_load_folder (given, argv[i]);
  if (others->len == 0)
    return 1;
  examples = collect (groups, given->len > 0 ? 3 : 2, recordings);
  normalise (examples, mean, deviation);
  fit (&model, examples);
  fold_scale (&model, mean, deviation);
  print_model (&model);
  return 0;
}
