/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "askedtimes.h"

#include "net/clock.h"

GHashTable *
asked_times_new (void)
{
  return g_hash_table_new_full (NULL, NULL, NULL,
      (GDestroyNotify) parley_timeline_unref);
}

void
asked_times_note (GHashTable * timelines, guint turn, ParleyTimeline * timeline)
{
  if (timeline) {
    parley_timeline_ref (timeline);
  } else {
    timeline = parley_timeline_new ();
    parley_timeline_set_turn (timeline, turn, 1, GST_CLOCK_TIME_NONE);
    parley_timeline_stamp (timeline, PARLEY_AT_LLM_TAKEN, parley_clock_now ());
  }
  g_hash_table_replace (timelines, GUINT_TO_POINTER (turn), timeline);
}

static gboolean
is_answered (gpointer key, gpointer value, gpointer data)
{
  return GPOINTER_TO_UINT (key) <= GPOINTER_TO_UINT (data);
}

ParleyTimeline *
asked_times_get (GHashTable * timelines, guint turn)
{
  return g_hash_table_lookup (timelines, GUINT_TO_POINTER (turn));
}

ParleyTimeline *
asked_times_ask (GHashTable * timelines, guint turn)
{
  ParleyTimeline *timeline = asked_times_get (timelines, turn);

  if (!timeline)
    return NULL;
  timeline = parley_timeline_copy (timeline);
  parley_timeline_stamp (timeline, PARLEY_AT_LLM_ASKED, parley_clock_now ());
  return timeline;
}

void
asked_times_forget (GHashTable * timelines, guint turn)
{
  g_hash_table_foreach_remove (timelines, is_answered, GUINT_TO_POINTER (turn));
}
