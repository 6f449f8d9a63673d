/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Speech made on this machine: the time from speak() to the first chunk on the
 * loop, and to the end, for a sentence of two seconds; warm, the median of
 * some rounds.
 */
#include <stdlib.h>

#include "providers/registry.h"

#define SENTENCE "Your table for four is booked for Friday."
#define ROUNDS 11

static const struct
{
  const gchar *engine, *voice;
} voices[] = {
  {"flite", "slt"}, {"flite", "rms"}, {"flite", "awb"}, {"flite", "kal16"},
  {"espeak", "en-us"}, {"espeak", "de"},
};

typedef struct
{
  gint64 started;
  gdouble first, end;           /* ms; 0: not yet */
} Round;

/* NULL if this build has no such engine. */
static gpointer
engine_new (const gchar * name, ParleyLoop * loop)
{
  guint n;
  const ParleyProviderInfo *all = parley_provider_list (&n);

  for (guint i = 0; i < n; i++)
    if (all[i].kind == PARLEY_PROVIDER_TTS && all[i].get_type
        && g_str_equal (all[i].name, name))
      return g_object_new (all[i].get_type (), "loop", loop, NULL);
  return NULL;
}

static gdouble
ms_since (gint64 started)
{
  return (g_get_monotonic_time () - started) / 1000.0;
}

static void
on_audio (gpointer provider, guint id, gpointer format, GBytes * samples,
    Round * round)
{
  if (round->first == 0)
    round->first = ms_since (round->started);
}

static void
on_done (gpointer provider, guint id, Round * round)
{
  round->end = ms_since (round->started);
}

static void
on_failed (gpointer provider, guint id, GError * error, Round * round)
{
  g_error ("%s", error->message);
}

static void
run_round (gpointer provider, ParleyLoop * loop, Round * round)
{
  *round = (Round) {
  .started = g_get_monotonic_time ()};
  parley_tts_provider_speak (provider, 1, SENTENCE);
  while (round->end == 0)
    g_main_context_iteration (parley_loop_get_context (loop), TRUE);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return (x > y) - (x < y);
}

static void
print_median (const gchar * engine, const gchar * voice, const gchar * what,
    gdouble * values)
{
  qsort (values, ROUNDS, sizeof (gdouble), compare);
  g_print ("{\"name\":\"tts-%s-%s-%s\",\"value\":%.2f,\"unit\":\"ms\","
      "\"goal\":null,\"better\":\"lower\",\"against\":null,\"ratio\":null}\n",
      engine, voice, what, values[ROUNDS / 2]);
}

static void
measure (const gchar * engine, const gchar * voice)
{
  ParleyLoop *loop = parley_loop_new (NULL);
  gpointer provider = engine_new (engine, loop);
  gdouble first[ROUNDS], end[ROUNDS];
  Round round;

  if (provider) {
    g_object_set (provider, "voice", voice, NULL);
    g_signal_connect (provider, "audio", G_CALLBACK (on_audio), &round);
    g_signal_connect (provider, "done", G_CALLBACK (on_done), &round);
    g_signal_connect (provider, "failed", G_CALLBACK (on_failed), &round);
    run_round (provider, loop, &round);
    for (guint i = 0; i < ROUNDS; i++) {
      run_round (provider, loop, &round);
      first[i] = round.first;
      end[i] = round.end;
    }
    print_median (engine, voice, "first", first);
    print_median (engine, voice, "all", end);
    g_object_unref (provider);
  }
  g_object_unref (loop);
}

int
main (int argc, char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (voices); i++)
    measure (voices[i].engine, voices[i].voice);
  return 0;
}
