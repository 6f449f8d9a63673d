/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How well a wait of 500 ms comes back in the stage it belongs to, on the real
 * clock: the stage less what it takes without the wait, less the wait. */
#include <gst/gst.h>
#include <stdlib.h>

#include "mock/stagerig.h"

#define WAIT (500 * G_TIME_SPAN_MILLISECOND)
#define RUNS 3

static gint64
run (StagePlace place, const gchar * stage)
{
  g_autoptr (ParleyTurnReport) report = stage_rig_run (place,
      place == STAGE_NOWHERE ? 0 : WAIT, FALSE);

  return MAX (stage_us (report, stage), 0);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return x < y ? -1 : x > y;
}

static void
print_figure (const gchar * name, const gchar * what, gint64 us,
    const gchar * goal)
{
  g_print ("{\"name\": \"%s%s\", \"value\": %.3f, \"unit\": \"ms\", "
      "\"goal\": %s, \"better\": \"lower\", \"against\": null, "
      "\"ratio\": null}\n", name, what, us / 1e3, goal);
}

static void
measure (StagePlace place, GArray * all)
{
  const gchar *stage = stage_place_stage (place);
  gint64 alone = run (STAGE_NOWHERE, stage), off[RUNS];

  for (guint i = 0; i < RUNS; i++)
    off[i] = ABS (run (place, stage) - alone - WAIT);
  g_array_append_vals (all, off, RUNS);
  qsort (off, RUNS, sizeof off[0], compare);
  print_figure ("off-", stage, off[RUNS / 2], "null");
}

int
main (int argc, char **argv)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (gint64));

  gst_init (&argc, &argv);
  for (guint i = 1; i < STAGE_N_PLACES; i++)
    if (stage_place_cost (i, WAIT) == WAIT)
      measure (i, all);
  g_array_sort (all, compare);
  print_figure ("stages-off-p99", "",
      g_array_index (all, gint64, (all->len * 99 + 99) / 100 - 1), "5");
  return 0;
}
