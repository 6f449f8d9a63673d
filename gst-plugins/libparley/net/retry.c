/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/retry.h"

#include "net/clock.h"

#define MAX_RETRIES 3
#define JITTER 0.25

struct _ParleyRetry
{
  ParleyLoop *loop;
  ParleyRetryPolicy policy;
  GRand *rand;
  guint count;
  gint64 due;                   /* -1: none waits */
  GSource *timer;
  ParleyRetryFunc func;
  gpointer data;
};

ParleyRetry *
parley_retry_new (ParleyLoop * loop, const ParleyRetryPolicy * policy)
{
  static const ParleyRetryPolicy usual =
      { MAX_RETRIES, PARLEY_RETRY_FIRST, PARLEY_RETRY_MAX_AFTER, 0 };
  ParleyRetry *self = g_new0 (ParleyRetry, 1);

  self->loop = g_object_ref (loop);
  self->policy = policy ? *policy : usual;
  self->rand = g_rand_new_with_seed (self->policy.seed ? self->policy.seed
      : g_random_int ());
  self->due = -1;
  return self;
}

void
parley_retry_reset (ParleyRetry * retry)
{
  parley_timer_clear (&retry->timer);
  retry->due = -1;
  retry->count = 0;
}

void
parley_retry_free (ParleyRetry * retry)
{
  parley_retry_reset (retry);
  g_rand_free (retry->rand);
  g_object_unref (retry->loop);
  g_free (retry);
}

guint
parley_retry_get_count (ParleyRetry * retry)
{
  return retry->count;
}

gint64
parley_retry_get_due (ParleyRetry * retry)
{
  return retry->due;
}

static gboolean
retry_due (gpointer data)
{
  ParleyRetry *self = data;

  parley_timer_clear (&self->timer);
  self->due = -1;
  self->func (self->data);
  return G_SOURCE_REMOVE;
}

gboolean
parley_retry_again_in_loop (ParleyRetry * retry, const GError * error,
    gboolean clean, ParleyRetryFunc func, gpointer data)
{
  gint64 after = parley_net_error_get_retry_after (error);
  gint64 wait;

  g_return_val_if_fail (!retry->timer, FALSE);
  g_assert (parley_loop_is_current (retry->loop));
  if (!clean || !parley_net_error_is_transient (error)
      || retry->count >= retry->policy.max_retries
      || after > retry->policy.max_after)
    return FALSE;
  wait = (retry->policy.first << retry->count)
      * g_rand_double_range (retry->rand, 1 - JITTER, 1 + JITTER);
  retry->count++;
  retry->func = func;
  retry->data = data;
  retry->due = parley_clock_now () + MAX (wait, after);
  retry->timer = parley_loop_add_timer (retry->loop, retry->due, retry_due,
      retry);
  return TRUE;
}
