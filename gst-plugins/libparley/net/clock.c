/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/clock.h"

typedef struct
{
  GSource source;
  gint64 due;
  gint64 fired;                 /* due time of the dispatch under way */
} Timer;

/* Guards the three below; taken for a few instructions only. The list holds
 * the timers that wait for a manual clock, each with a reference. */
static GMutex lock;
static gboolean manual;
static gint64 manual_now;
static GList *waiting;

gint64
parley_clock_now (void)
{
  gint64 now;

  if (!g_atomic_int_get (&manual))
    return g_get_monotonic_time ();
  g_mutex_lock (&lock);
  now = manual_now;
  g_mutex_unlock (&lock);
  return now;
}

static gboolean
timer_dispatch (GSource * source, GSourceFunc callback, gpointer data)
{
  ((Timer *) source)->fired = ((Timer *) source)->due;
  /* Sleeps until somebody sets a new due time or the source ends. */
  g_source_set_ready_time (source, -1);
  return callback ? callback (data) : G_SOURCE_REMOVE;
}

static void
timer_finalize (GSource * source)
{
  g_mutex_lock (&lock);
  waiting = g_list_remove (waiting, source);
  g_mutex_unlock (&lock);
}

static GSourceFuncs timer_funcs = {
  .dispatch = timer_dispatch,
  .finalize = timer_finalize,
};

/* Call with the lock held. The list holds no reference: finalize takes the
 * timer out, and only the test's own thread walks it. */
static void
timer_arm_manual_unlocked (Timer * timer)
{
  if (!g_list_find (waiting, timer))
    waiting = g_list_prepend (waiting, timer);
  g_source_set_ready_time (&timer->source, timer->due <= manual_now ? 0 : -1);
}

GSource *
parley_timer_new (gint64 due)
{
  GSource *source = g_source_new (&timer_funcs, sizeof (Timer));

  g_source_set_static_name (source, "parley-timer");
  parley_timer_set_due (source, due);
  return source;
}

void
parley_timer_set_due (GSource * timer, gint64 due)
{
  Timer *self = (Timer *) timer;

  g_mutex_lock (&lock);
  self->due = due;
  if (manual)
    timer_arm_manual_unlocked (self);
  else
    g_source_set_ready_time (timer, MAX (due, 0));
  g_mutex_unlock (&lock);
}

gboolean
parley_timer_get_fired (gint64 * due)
{
  GSource *source = g_main_current_source ();

  if (!source || source->source_funcs != &timer_funcs)
    return FALSE;
  *due = ((Timer *) source)->fired;
  return TRUE;
}

void
parley_clock_set_manual (gint64 start)
{
  g_mutex_lock (&lock);
  manual_now = start ? start : g_get_monotonic_time ();
  g_atomic_int_set (&manual, TRUE);
  for (GList * l = waiting; l; l = l->next)
    timer_arm_manual_unlocked (l->data);
  g_mutex_unlock (&lock);
}

void
parley_clock_set_real (void)
{
  g_mutex_lock (&lock);
  g_atomic_int_set (&manual, FALSE);
  g_list_free (g_steal_pointer (&waiting));
  g_mutex_unlock (&lock);
}

/* The earliest due time after the present one and at most @end; wakes the
 * timers of that moment. */
static gboolean
step_to_next (gint64 end)
{
  gint64 next = end + 1;

  g_mutex_lock (&lock);
  for (GList * l = waiting; l; l = l->next) {
    Timer *timer = l->data;
    if (!g_source_is_destroyed (&timer->source) && timer->due > manual_now)
      next = MIN (next, timer->due);
  }
  manual_now = MIN (next, end);
  for (GList * l = waiting; l; l = l->next) {
    Timer *timer = l->data;
    if (timer->due == manual_now && !g_source_is_destroyed (&timer->source))
      g_source_set_ready_time (&timer->source, 0);
  }
  g_mutex_unlock (&lock);
  return next <= end;
}

void
parley_clock_advance_with (gint64 step, void (*settle) (gpointer data),
    gpointer data)
{
  gint64 end = parley_clock_now () + step;
  gboolean more;

  g_return_if_fail (g_atomic_int_get (&manual) && step >= 0);
  settle (data);
  do {
    more = step_to_next (end);
    settle (data);
  } while (more);
}

static void
iterate_until_idle (gpointer context)
{
  while (g_main_context_iteration (context, FALSE));
}

void
parley_clock_advance (gint64 step, GMainContext * context)
{
  parley_clock_advance_with (step, iterate_until_idle, context);
}
