/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/warmth.h"

#include "net/loop.h"
#include "providers/synthesis.h"

/* Jobs may leave the workers in another order than they came, so one job says
 * nothing. As many as there are workers, none of which ends before all have
 * begun, show that nothing older is under way. Not for a server that is busy:
 * its workers would stand still meanwhile. */
#define PATIENCE_US (60 * G_TIME_SPAN_SECOND)
/* The greeting is worth waiting for, but a provider that does not answer must
 * not keep a server from taking calls. */
#define PREWARM_US (10 * G_TIME_SPAN_SECOND)

struct _ParleyWarmth
{
  gatomicrefcount refs;
  gint64 give_up;               /* on texts that are being made */
  GMutex lock;
  GCond met;
  guint n_loops;                /* that have not run our callback yet */
  guint n_workers;
  guint n_present;
  gboolean loaded;              /* all but the texts */
  gboolean reached;
};

static void
warmth_unref (ParleyWarmth * self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_cond_clear (&self->met);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static ParleyWarmth *
warmth_ref (ParleyWarmth * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
meet (gpointer data)
{
  ParleyWarmth *self = data;
  gint64 end = g_get_monotonic_time () + PATIENCE_US;

  g_mutex_lock (&self->lock);
  self->n_present++;
  g_cond_broadcast (&self->met);
  while (self->n_present < self->n_workers
      && g_cond_wait_until (&self->met, &self->lock, end));
  g_mutex_unlock (&self->lock);
}

/* On a loop, behind what the warming itself posted there. */
static void
have_met (gpointer data)
{
  ParleyWarmth *self = data;

  g_mutex_lock (&self->lock);
  self->loaded = TRUE;
  g_mutex_unlock (&self->lock);
  warmth_unref (self);
}

static void
loop_passed (gpointer data, gpointer user_data)
{
  ParleyWarmth *self = data;
  gboolean last;

  g_mutex_lock (&self->lock);
  last = --self->n_loops == 0;
  g_mutex_unlock (&self->lock);
  for (guint i = 0; last && i < self->n_workers; i++)
    parley_work_submit (user_data, meet, have_met, warmth_ref (self));
  warmth_unref (self);
}

ParleyWarmth *
parley_warmth_new (void)
{
  ParleyWarmth *self = g_new0 (ParleyWarmth, 1);
  guint n = parley_loop_pool_get_size ();

  g_atomic_ref_count_init (&self->refs);
  self->give_up = g_get_monotonic_time () + PREWARM_US;
  g_mutex_init (&self->lock);
  g_cond_init (&self->met);
  self->n_workers = MAX (g_get_num_processors (), 2);
  self->n_loops = n;
  for (guint i = 0; i < n; i++)
    parley_loop_invoke (parley_loop_pool_get (i), loop_passed,
        warmth_ref (self), parley_loop_pool_get (i));
  return self;
}

void
parley_warmth_free (ParleyWarmth * self)
{
  warmth_unref (self);
}

gboolean
parley_warmth_is_reached (ParleyWarmth * self)
{
  gboolean reached;

  g_mutex_lock (&self->lock);
  /* Once and for all: later pipelines make their texts beside calls. */
  if (self->loaded && (parley_synthesis_get_prewarming () == 0
          || g_get_monotonic_time () > self->give_up))
    self->reached = TRUE;
  reached = self->reached;
  g_mutex_unlock (&self->lock);
  return reached;
}
