/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many recognisers on two loops, with takes that begin, end and are called off
 * at random while the workers are busy: each finished take is answered once,
 * and what was called off never is. */
#include <string.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "mock/spoken.h"
#include "providers/stt/pocketsphinx.h"
#include "providers/stt/sphinxdecoder.h"

#define N_LOOPS 2
#define N_CALLERS 24
#define N_STEPS 1000
#define PATIENCE_US (120 * G_TIME_SPAN_SECOND)
#define ACOUSTIC "/usr/share/pocketsphinx/model/en-us/en-us"
#define DICTIONARY "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"
/* Of mu-law. */
#define LONGEST 1600

typedef enum
{
  KIND_DESK,                    /* recognises; most are of this kind */
  KIND_OTHER,                   /* recognises by another grammar */
  KIND_NO_GRAMMAR,              /* settings that are refused */
  KIND_NO_DECODER,              /* settings that only a decoder refuses */
  N_KINDS
} Kind;

typedef struct
{
  GMutex lock;
  GCond all_done;
  guint running;                /* under lock */

  gchar *directory;
  gchar *grammar[N_KINDS];
  gchar *model;                 /* of KIND_NO_DECODER */
  GBytes *sounds[3];            /* silence, noise, speech */
  guint finals, failures;       /* under lock */
} World;

/* All but @world on its loop. */
typedef struct
{
  World *world;
  ParleyLoop *loop;
  GRand *rand;
  Kind kind;
  ParleySttProvider *stt;
  guint steps;
  guint take;                   /* the last one begun */
  gboolean open;                /* it takes audio */
  gboolean known;               /* in a format that works */
  GHashTable *due;              /* takes to be answered */
  GHashTable *unknown;          /* of them, those of an unknown format */
} Caller;

static void step (gpointer data, gpointer user_data);

static void
answered (Caller * caller, guint take, guint * count)
{
  g_assert_true (parley_loop_is_current (caller->loop));
  g_assert_true (g_hash_table_remove (caller->due, GUINT_TO_POINTER (take)));
  g_hash_table_remove (caller->unknown, GUINT_TO_POINTER (take));
  g_mutex_lock (&caller->world->lock);
  (*count)++;
  g_mutex_unlock (&caller->world->lock);
  if (caller->steps == 0 && g_hash_table_size (caller->due) == 0)
    parley_loop_invoke (caller->loop, step, caller, NULL);
}

static void
on_partial (gpointer stt, guint turn, guint take, const gchar * text,
    Caller * caller)
{
  g_assert_true (g_hash_table_contains (caller->due, GUINT_TO_POINTER (take))
      || (caller->open && take == caller->take));
}

static void
on_final (gpointer stt, guint turn, guint take, const gchar * text,
    gdouble confidence, Caller * caller)
{
  g_assert_cmpint (caller->kind, !=, KIND_NO_GRAMMAR);
  /* Without any audio no decoder is needed. */
  if (caller->kind == KIND_NO_DECODER)
    g_assert_cmpstr (text, ==, "");
  g_assert_false (g_hash_table_contains (caller->unknown,
          GUINT_TO_POINTER (take)));
  answered (caller, take, &caller->world->finals);
}

static void
on_failed (gpointer stt, guint turn, guint take, GError * error,
    Caller * caller)
{
  if (caller->kind <= KIND_OTHER && !g_hash_table_contains (caller->unknown,
          GUINT_TO_POINTER (take)))
    g_error ("take %u failed: %s", take, error->message);
  answered (caller, take, &caller->world->failures);
}

static void
connect_provider (Caller * caller)
{
  World *world = caller->world;

  caller->kind = g_rand_int_range (caller->rand, 0, 4) > 0 ? KIND_DESK
      : g_rand_int_range (caller->rand, 0, N_KINDS);
  caller->stt = g_object_new (PARLEY_TYPE_STT_POCKETSPHINX, "loop",
      caller->loop, "grammar", world->grammar[caller->kind], "model",
      caller->kind == KIND_NO_DECODER ? world->model : NULL, NULL);
  g_signal_connect (caller->stt, "partial", G_CALLBACK (on_partial), caller);
  g_signal_connect (caller->stt, "final", G_CALLBACK (on_final), caller);
  g_signal_connect (caller->stt, "failed", G_CALLBACK (on_failed), caller);
  if (g_rand_boolean (caller->rand))
    parley_provider_warm (PARLEY_PROVIDER (caller->stt), NULL);
}

static void
forget (Caller * caller)
{
  caller->open = FALSE;
  g_hash_table_remove_all (caller->due);
  g_hash_table_remove_all (caller->unknown);
}

static void
begin (Caller * caller)
{
  ParleyAudioFormat format = {.mulaw = TRUE,.rate = 8000 };

  caller->known = g_rand_int_range (caller->rand, 0, 12) > 0;
  if (!caller->known)
    format.rate = 11025;
  caller->open = TRUE;
  parley_stt_provider_begin (caller->stt, 1, ++caller->take, &format);
}

static void
send_some (Caller * caller)
{
  GBytes *sound = caller->world->sounds[g_rand_int_range (caller->rand, 0, 3)];
  gsize from = g_rand_int_range (caller->rand, 0,
      g_bytes_get_size (sound) - LONGEST);
  GBytes *part = g_bytes_new_from_bytes (sound, from,
      g_rand_int_range (caller->rand, 0, LONGEST + 1));

  parley_stt_provider_audio (caller->stt, part);
  g_bytes_unref (part);
}

static void
finish (Caller * caller)
{
  if (caller->open) {
    g_hash_table_add (caller->due, GUINT_TO_POINTER (caller->take));
    if (!caller->known)
      g_hash_table_add (caller->unknown, GUINT_TO_POINTER (caller->take));
  }
  caller->open = FALSE;
  parley_stt_provider_finish (caller->stt);
}

/* Other work that the workers have: 2 ms. */
static void
be_busy (gpointer data)
{
  gint64 until = g_get_monotonic_time () + 2000;

  while (g_get_monotonic_time () < until)
    continue;
}

static void
act (Caller * caller)
{
  switch (g_rand_int_range (caller->rand, 0, 24)) {
    case 0:
      parley_stt_provider_cancel (caller->stt);
      forget (caller);
      break;
    case 1:
      g_clear_object (&caller->stt);
      forget (caller);
      connect_provider (caller);
      break;
    case 2:
    case 3:
    case 4:
      begin (caller);
      break;
    case 5:
    case 6:
    case 7:
    case 8:
      finish (caller);
      break;
    case 9:
      parley_work_submit (caller->loop, be_busy, NULL, NULL);
      break;
    default:
      send_some (caller);
  }
}

static void
leave (Caller * caller)
{
  World *world = caller->world;

  g_clear_object (&caller->stt);
  g_mutex_lock (&world->lock);
  if (--world->running == 0)
    g_cond_signal (&world->all_done);
  g_mutex_unlock (&world->lock);
}

static gboolean
again (gpointer data)
{
  step (data, NULL);
  return G_SOURCE_REMOVE;
}

/* A few things at once, then more after a while of 0 to 19 ms; in the end the
 * answers that are due. */
static void
step (gpointer data, gpointer user_data)
{
  Caller *caller = data;
  GSource *later;

  if (!caller->stt && caller->steps > 0)
    connect_provider (caller);
  for (gint i = g_rand_int_range (caller->rand, 1, 5);
      i > 0 && caller->steps > 0; i--, caller->steps--)
    act (caller);
  if (caller->steps == 0 && caller->open)
    finish (caller);
  if (caller->steps == 0) {
    if (g_hash_table_size (caller->due) == 0 && caller->stt)
      leave (caller);
    return;
  }
  later = g_timeout_source_new (g_rand_int_range (caller->rand, 0, 20));
  g_source_set_callback (later, again, caller, NULL);
  g_source_attach (later, parley_loop_get_context (caller->loop));
  g_source_unref (later);
}

/* The world */

static gchar *
put_file (World * world, const gchar * name, const gchar * text)
{
  gchar *path = g_build_filename (world->directory, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

/* A model that is whole, but for frames of another size. */
static void
put_broken_model (World * world)
{
  static const gchar *files[] = { "mdef", "means", "variances",
    "transition_matrices", "sendump", "noisedict"
  };
  gchar *dictionary;

  world->model = put_file (world, "feat.params", "-nfilt 25\n-model ptm\n"
      "-feat 1s_c_d_dd\n-svspec 0-12/13-25/26-38\n-logspec yes\n");
  g_free (world->model);
  world->model = g_strdup (world->directory);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    gchar *link = g_build_filename (world->model, files[i], NULL);
    gchar *target = g_build_filename (ACOUSTIC, files[i], NULL);

    g_assert_cmpint (symlink (target, link), ==, 0);
    g_free (link);
    g_free (target);
  }
  dictionary = g_build_filename (world->model, "words.dict", NULL);
  g_assert_cmpint (symlink (DICTIONARY, dictionary), ==, 0);
  g_free (dictionary);
}

static GBytes *
noise (void)
{
  GRand *rand = g_rand_new_with_seed (11);
  guint8 *mulaw = g_malloc (4 * LONGEST);

  for (guint i = 0; i < 4 * LONGEST; i++)
    mulaw[i] = g_rand_int_range (rand, 0, 256);
  g_rand_free (rand);
  return g_bytes_new_take (mulaw, 4 * LONGEST);
}

static void
world_init (World * world)
{
  memset (world, 0, sizeof *world);
  g_mutex_init (&world->lock);
  g_cond_init (&world->all_done);
  world->directory = g_dir_make_tmp ("parley-random-XXXXXX", NULL);
  g_assert_nonnull (world->directory);
  world->grammar[KIND_DESK] = put_file (world, "desk.gram",
      "#JSGF V1.0;\ngrammar desk;\npublic <top> = yes please | no thank you "
      "| (monday | tuesday) at (nine | ten) o'clock;\n");
  world->grammar[KIND_OTHER] = put_file (world, "other.gram",
      "#JSGF V1.0;\ngrammar other;\npublic <top> = one | two | three;\n");
  world->grammar[KIND_NO_GRAMMAR] = g_build_filename (world->directory,
      "none.gram", NULL);
  world->grammar[KIND_NO_DECODER] = g_strdup (world->grammar[KIND_OTHER]);
  put_broken_model (world);
  world->sounds[0] = g_byte_array_free_to_bytes (spoken_quiet (800));
  world->sounds[1] = noise ();
  world->sounds[2] = g_byte_array_free_to_bytes (spoken_text ("flite", "slt",
          1.0, "yes please, on monday at nine o'clock"));
}

static void
world_clear (World * world)
{
  GDir *dir = g_dir_open (world->directory, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    gchar *path = g_build_filename (world->directory, name, NULL);

    g_unlink (path);
    g_free (path);
  }
  g_dir_close (dir);
  g_rmdir (world->directory);
  for (guint i = 0; i < N_KINDS; i++)
    g_free (world->grammar[i]);
  for (guint i = 0; i < G_N_ELEMENTS (world->sounds); i++)
    g_bytes_unref (world->sounds[i]);
  g_free (world->model);
  g_free (world->directory);
  g_mutex_clear (&world->lock);
  g_cond_clear (&world->all_done);
}

static void
caller_init (Caller * caller, World * world, guint number)
{
  caller->world = world;
  caller->loop = parley_loop_pool_get (number % N_LOOPS);
  caller->rand = g_rand_new_with_seed (g_test_rand_int ());
  caller->steps = N_STEPS;
  caller->due = g_hash_table_new (NULL, NULL);
  caller->unknown = g_hash_table_new (NULL, NULL);
}

static void
wait_for_all (World * world, Caller * callers)
{
  gint64 until = g_get_monotonic_time () + PATIENCE_US;

  g_mutex_lock (&world->lock);
  while (world->running > 0)
    if (!g_cond_wait_until (&world->all_done, &world->lock, until)) {
      for (guint i = 0; i < N_CALLERS; i++)
        g_printerr ("caller %u: kind %u, %u steps left, %u answers due\n", i,
            callers[i].kind, callers[i].steps,
            g_hash_table_size (callers[i].due));
      g_error ("%u callers wait", world->running);
    }
  g_mutex_unlock (&world->lock);
}

static void
random_takes (void)
{
  Caller callers[N_CALLERS] = { 0 };
  World world;

  world_init (&world);
  world.running = N_CALLERS;
  for (guint i = 0; i < N_CALLERS; i++) {
    caller_init (&callers[i], &world, i);
    parley_loop_invoke (callers[i].loop, step, &callers[i], NULL);
  }
  wait_for_all (&world, callers);
  g_test_message ("%u finals, %u failures, %u decoders made", world.finals,
      world.failures, parley_sphinx_decoder_count_made ());
  g_assert_cmpuint (world.finals, >, 0);
  g_assert_cmpuint (world.failures, >, 0);
  for (guint i = 0; i < N_CALLERS; i++) {
    g_hash_table_unref (callers[i].due);
    g_hash_table_unref (callers[i].unknown);
    g_rand_free (callers[i].rand);
  }
  world_clear (&world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  parley_loop_pool_set_size (N_LOOPS);
  g_test_add_func ("/pocketsphinx/random", random_takes);
  return g_test_run ();
}
