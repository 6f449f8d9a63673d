/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/loop.h"

#include <poll.h>
#include <string.h>

#include "net/clock.h"

#define N_PHASES 10
#define PHASE_US (PARLEY_TICK_US / N_PHASES)
/* GMainContext looks at every source each time round: above this many
 * descriptors a poll that follows the last one within BUSY_POLL_US has those
 * that are patient wait out that time first, so that one round serves many of
 * them, at most 1 ms late.
 * Measured with 100 listening calls, a busy machine: from 64 descriptors on (no
 * effect) 0.34 % of a core a call, from 16 on 0.28 %. 5 ms would cost 2.9 ms a
 * hop. */
#define BUSY_POLL_FDS 16
#define BUSY_POLL_US 1000
/* A poll that took longer waited for something; one that finds something takes
 * a few µs. */
#define POLL_WAITED_US 100

const gint64 parley_loop_lag_bounds[PARLEY_LOOP_LAG_BOUNDS] = {
  500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 500000, 1000000
};

/* Written by the loop's thread alone, read by any; each field is atomic by
 * itself. Reference counted: what waits on the context of a loop may outlive
 * it. */
typedef struct
{
  guint64 lags[PARLEY_LOOP_LAG_BOUNDS + 1];
  guint64 lag_sum;
  guint64 lag_max;
  guint64 stalls;
  guint64 push_sum;
} Counters;

struct _ParleyTick
{
  GSourceFunc func;
  gpointer data;
  guint phase;
  gboolean removed;             /* by its own callback, or while ticking */
};

struct _ParleyLoop
{
  GObject parent;

  GMainContext *context;
  gint users;                   /* atomic */
  Counters *counters;
  gint64 made;

  /* On the loop only. */
  GSource *tick_timer;
  GPtrArray *ticks[N_PHASES];
  guint n_ticks;
  gboolean ticking;
  gint64 tick_slot;             /* the slot of 2 ms that is due next */
  guint n_sockets;              /* that one descriptor stands for */
  GByteArray *patient;          /* by descriptor: whether it is */
  gint64 polled;                /* end of the last poll; 0: never */
  gint64 blind_since;

  gint64 second_begin;
  gint64 second_busy;
  gdouble last_share;
  ParleyLoopStall stall;
  gint64 stall_reported;
};

G_DEFINE_FINAL_TYPE (ParleyLoop, parley_loop, G_TYPE_OBJECT);

static GMutex pool_lock;
static GPtrArray *pool;         /* under pool_lock until made, then constant */
static guint pool_size;

/* Of the invocation that this thread is in; 0: none. */
static _Thread_local gint64 invocation_posted;

/* The thread's ParleyLoop. */
static GPrivate this_loop = G_PRIVATE_INIT (NULL);

static gboolean
is_patient (ParleyLoop * self, gint fd)
{
  return fd >= 0 && (guint) fd < self->patient->len && self->patient->data[fd];
}

/* If the last poll was just now, waits for those that are not patient; returns
 * what is left of @timeout. A negative descriptor is not looked at. */
static gint
spare_poll (ParleyLoop * self, GPollFD * fds, guint n_fds, gint64 now,
    gint timeout)
{
  gint64 rest = self->polled + BUSY_POLL_US - now;
  struct timespec wait = {.tv_nsec = rest * 1000 };
  gint found;

  if (timeout == 0 || rest <= 0 || rest > BUSY_POLL_US)
    return timeout;
  for (guint i = 0; i < n_fds; i++)
    if (is_patient (self, fds[i].fd))
      fds[i].fd = -fds[i].fd - 1;
  G_STATIC_ASSERT (sizeof (GPollFD) == sizeof (struct pollfd));
  found = ppoll ((struct pollfd *) fds, n_fds, &wait, NULL);
  for (guint i = 0; i < n_fds; i++)
    if (fds[i].fd < 0)
      fds[i].fd = -fds[i].fd - 1;
  if (found > 0)
    return 0;
  return timeout < 0 ? timeout : MAX (timeout - 1, 0);
}

static gint
loop_poll (GPollFD * fds, guint n_fds, gint timeout)
{
  ParleyLoop *self = g_private_get (&this_loop);
  gint64 begin = parley_clock_now (), end;
  gint result;

  if (n_fds + self->n_sockets > BUSY_POLL_FDS)
    timeout = spare_poll (self, fds, n_fds, begin, timeout);
  result = g_poll (fds, n_fds, timeout);
  end = parley_clock_now ();
  self->blind_since = end - begin >= POLL_WAITED_US ? end : self->polled;
  self->polled = end;
  return result;
}

void
parley_loop_count_sockets_in_loop (ParleyLoop * loop, gint n)
{
  loop->n_sockets += n;
}

void
parley_loop_set_patient_in_loop (ParleyLoop * loop, gint fd, gboolean patient)
{
  guint len = loop->patient->len;

  if ((guint) fd >= len) {
    g_byte_array_set_size (loop->patient, fd + 1);
    memset (loop->patient->data + len, 0, fd + 1 - len);
  }
  loop->patient->data[fd] = patient;
}

/* Counters */

static guint64
read_counter (const guint64 * counter)
{
  return __atomic_load_n (counter, __ATOMIC_RELAXED);
}

/* One thread writes, so that no read-modify-write is needed. */
static void
write_counter (guint64 * counter, guint64 value)
{
  __atomic_store_n (counter, value, __ATOMIC_RELAXED);
}

static void
count_lag (Counters * counters, gint64 lag)
{
  guint bucket = 0;

  lag = MAX (lag, 0);
  while (bucket < PARLEY_LOOP_LAG_BOUNDS
      && lag > parley_loop_lag_bounds[bucket])
    bucket++;
  write_counter (&counters->lags[bucket], counters->lags[bucket] + 1);
  write_counter (&counters->lag_sum, counters->lag_sum + lag);
  if ((guint64) lag > counters->lag_max)
    write_counter (&counters->lag_max, lag);
}

void
parley_loop_get_stats (ParleyLoop * loop, ParleyLoopStats * stats)
{
  const Counters *counters = loop->counters;

  stats->lag_count = 0;
  for (guint i = 0; i <= PARLEY_LOOP_LAG_BOUNDS; i++) {
    stats->lags[i] = read_counter (&counters->lags[i]);
    stats->lag_count += stats->lags[i];
  }
  stats->lag_sum = read_counter (&counters->lag_sum);
  stats->lag_max = read_counter (&counters->lag_max);
  stats->stalls = read_counter (&counters->stalls);
  stats->push_sum = read_counter (&counters->push_sum);
  stats->age = parley_clock_now () - loop->made;
}

guint64
parley_loop_stats_get_percentile (const ParleyLoopStats * stats,
    gdouble percent)
{
  guint64 below = 0;

  for (guint i = 0; i < PARLEY_LOOP_LAG_BOUNDS; i++) {
    below += stats->lags[i];
    if (below > 0 && below >= stats->lag_count * percent / 100)
      return MIN (stats->lag_max, (guint64) parley_loop_lag_bounds[i]);
  }
  return stats->lag_max;
}

static void
parley_loop_init (ParleyLoop * self)
{
  self->counters = g_atomic_rc_box_new0 (Counters);
  self->patient = g_byte_array_new ();
  self->made = parley_clock_now ();
  for (guint i = 0; i < N_PHASES; i++)
    self->ticks[i] = g_ptr_array_new_with_free_func (g_free);
}

static void
parley_loop_finalize (GObject * object)
{
  ParleyLoop *self = PARLEY_LOOP (object);

  parley_timer_clear (&self->tick_timer);
  for (guint i = 0; i < N_PHASES; i++)
    g_ptr_array_unref (self->ticks[i]);
  g_main_context_unref (self->context);
  g_byte_array_unref (self->patient);
  g_atomic_rc_box_release (self->counters);
  G_OBJECT_CLASS (parley_loop_parent_class)->finalize (object);
}

static void
parley_loop_class_init (ParleyLoopClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = parley_loop_finalize;
}

ParleyLoop *
parley_loop_new (GMainContext * context)
{
  ParleyLoop *self = g_object_new (PARLEY_TYPE_LOOP, NULL);

  self->context = context ? g_main_context_ref (context)
      : g_main_context_new ();
  return self;
}

GMainContext *
parley_loop_get_context (ParleyLoop * loop)
{
  return loop->context;
}

gboolean
parley_loop_is_current (ParleyLoop * loop)
{
  return g_main_context_is_owner (loop->context);
}

/* The pool */

static gpointer
loop_thread (gpointer data)
{
  ParleyLoop *self = data;

  g_private_set (&this_loop, self);
  g_main_context_push_thread_default (self->context);
  for (;;)
    g_main_context_iteration (self->context, TRUE);
  return NULL;
}

static void
pool_ensure_unlocked (void)
{
  if (pool)
    return;
  pool = g_ptr_array_new ();
  if (pool_size == 0)
    pool_size = MAX (g_get_num_processors (), 1);
  for (guint i = 0; i < pool_size; i++) {
    ParleyLoop *loop = parley_loop_new (NULL);
    gchar *name = g_strdup_printf ("parley:loop%u", i);

    g_main_context_set_poll_func (loop->context, loop_poll);
    g_ptr_array_add (pool, loop);
    g_thread_unref (g_thread_new (name, loop_thread, loop));
    g_free (name);
  }
}

void
parley_loop_pool_set_size (guint n_loops)
{
  g_return_if_fail (n_loops <= 64);
  g_mutex_lock (&pool_lock);
  if (!pool)
    pool_size = n_loops;
  g_mutex_unlock (&pool_lock);
}

guint
parley_loop_pool_get_size (void)
{
  guint size;

  g_mutex_lock (&pool_lock);
  pool_ensure_unlocked ();
  size = pool->len;
  g_mutex_unlock (&pool_lock);
  return size;
}

guint
parley_loop_pool_get_running (void)
{
  guint size;

  g_mutex_lock (&pool_lock);
  size = pool ? pool->len : 0;
  g_mutex_unlock (&pool_lock);
  return size;
}

ParleyLoop *
parley_loop_pool_get (guint index)
{
  g_return_val_if_fail (index < parley_loop_pool_get_size (), NULL);
  return g_ptr_array_index (pool, index);
}

ParleyLoop *
parley_loop_acquire (void)
{
  ParleyLoop *best;

  g_mutex_lock (&pool_lock);
  pool_ensure_unlocked ();
  best = g_ptr_array_index (pool, 0);
  for (guint i = 1; i < pool->len; i++) {
    ParleyLoop *loop = g_ptr_array_index (pool, i);
    if (g_atomic_int_get (&loop->users) < g_atomic_int_get (&best->users))
      best = loop;
  }
  g_atomic_int_inc (&best->users);
  g_mutex_unlock (&pool_lock);
  return g_object_ref (best);
}

ParleyLoop *
parley_loop_hold (ParleyLoop * loop)
{
  g_atomic_int_inc (&loop->users);
  return g_object_ref (loop);
}

void
parley_loop_release (ParleyLoop * loop)
{
  g_atomic_int_add (&loop->users, -1);
  g_object_unref (loop);
}

/* Callbacks and timers */

typedef struct
{
  GFunc func;
  gpointer data;
  gpointer user_data;
  gint64 posted;
  Counters *counters;
} Invocation;

static gboolean
invocation_run (gpointer data)
{
  Invocation *invocation = data;

  count_lag (invocation->counters, parley_clock_now () - invocation->posted);
  invocation_posted = invocation->posted;
  invocation->func (invocation->data, invocation->user_data);
  invocation_posted = 0;
  return G_SOURCE_REMOVE;
}

static void
invocation_free (gpointer data)
{
  Invocation *invocation = data;

  g_atomic_rc_box_release (invocation->counters);
  g_free (invocation);
}

void
parley_loop_invoke (ParleyLoop * loop, GFunc func, gpointer data,
    gpointer user_data)
{
  Invocation *invocation = g_new (Invocation, 1);
  GSource *source = g_idle_source_new ();
  /* @func may have run, and the loop be gone, before the source is let go. */
  GMainContext *context = g_main_context_ref (loop->context);

  invocation->func = func;
  invocation->data = data;
  invocation->user_data = user_data;
  invocation->posted = parley_clock_now ();
  invocation->counters = g_atomic_rc_box_acquire (loop->counters);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, invocation_run, invocation, invocation_free);
  g_source_set_static_name (source, "parley-invoke");
  g_source_attach (source, context);
  g_source_unref (source);
  g_main_context_unref (context);
}

gint64
parley_loop_get_ready_time_in_loop (ParleyLoop * loop)
{
  gint64 due;

  if (invocation_posted)
    return invocation_posted;
  if (parley_timer_get_fired (&due))
    return due;
  return loop->polled ? loop->polled : parley_clock_now ();
}

gint64
parley_loop_get_blind_since_in_loop (ParleyLoop * loop)
{
  return loop->blind_since ? loop->blind_since : parley_clock_now ();
}

typedef struct
{
  GSourceFunc func;
  gpointer data;
  Counters *counters;
} TimerCall;

static gboolean
timer_call_run (gpointer data)
{
  TimerCall *call = data;
  gint64 due;

  if (parley_timer_get_fired (&due))
    count_lag (call->counters, parley_clock_now () - due);
  return call->func (call->data);
}

static void
timer_call_free (gpointer data)
{
  TimerCall *call = data;

  g_atomic_rc_box_release (call->counters);
  g_free (call);
}

GSource *
parley_loop_add_timer (ParleyLoop * loop, gint64 due, GSourceFunc func,
    gpointer data)
{
  GSource *timer = parley_timer_new (due);
  TimerCall *call = g_new (TimerCall, 1);

  call->func = func;
  call->data = data;
  call->counters = g_atomic_rc_box_acquire (loop->counters);
  g_source_set_callback (timer, timer_call_run, call, timer_call_free);
  g_source_attach (timer, loop->context);
  return timer;
}

void
parley_timer_clear (GSource ** timer)
{
  if (!*timer)
    return;
  g_source_destroy (*timer);
  g_source_unref (g_steal_pointer (timer));
}

/* The output tick */

static void
tick_phase (ParleyLoop * self, guint phase)
{
  GPtrArray *ticks = self->ticks[phase];

  self->ticking = TRUE;
  for (guint i = 0; i < ticks->len; i++) {
    ParleyTick *tick = g_ptr_array_index (ticks, i);
    if (!tick->removed && !tick->func (tick->data))
      tick->removed = TRUE;
  }
  self->ticking = FALSE;
  for (guint i = ticks->len; i > 0; i--) {
    ParleyTick *tick = g_ptr_array_index (ticks, i - 1);
    if (tick->removed) {
      g_ptr_array_remove_index_fast (ticks, i - 1);
      self->n_ticks--;
    }
  }
}

static void
tick_schedule (ParleyLoop * self)
{
  if (self->n_ticks == 0)
    return;
  while (self->ticks[self->tick_slot % N_PHASES]->len == 0)
    self->tick_slot++;
  parley_timer_set_due (self->tick_timer, self->tick_slot * PHASE_US);
}

static gboolean
tick_due (gpointer data)
{
  ParleyLoop *self = data;
  gint64 slot = parley_clock_now () / PHASE_US;

  /* A loop that was late runs each phase once, not once for each tick lost:
   * users go by the clock. */
  if (slot - self->tick_slot >= N_PHASES)
    self->tick_slot = slot - N_PHASES + 1;
  for (; self->tick_slot <= slot; self->tick_slot++)
    tick_phase (self, self->tick_slot % N_PHASES);
  tick_schedule (self);
  return G_SOURCE_CONTINUE;
}

ParleyTick *
parley_loop_add_tick_in_loop (ParleyLoop * loop, GSourceFunc func,
    gpointer data)
{
  ParleyTick *tick = g_new0 (ParleyTick, 1);
  gint64 slot = parley_clock_now () / PHASE_US;
  guint best = 0;

  g_assert (parley_loop_is_current (loop));
  for (guint i = 1; i < N_PHASES; i++)
    if (loop->ticks[i]->len < loop->ticks[best]->len)
      best = i;
  tick->func = func;
  tick->data = data;
  tick->phase = best;
  g_ptr_array_add (loop->ticks[best], tick);
  if (loop->n_ticks++ == 0 || loop->tick_slot > slot + 1) {
    loop->tick_slot = slot + 1;
    if (!loop->tick_timer)
      loop->tick_timer = parley_loop_add_timer (loop, G_MAXINT64, tick_due,
          loop);
  }
  if (!loop->ticking)
    tick_schedule (loop);
  return tick;
}

void
parley_loop_remove_tick_in_loop (ParleyLoop * loop, ParleyTick * tick)
{
  g_assert (parley_loop_is_current (loop));
  tick->removed = TRUE;
  if (loop->ticking)
    return;
  g_ptr_array_remove_fast (loop->ticks[tick->phase], tick);
  loop->n_ticks--;
}

/* Pushes */

gboolean
parley_loop_account_push_in_loop (ParleyLoop * loop, gint64 begin, gint64 end,
    ParleyLoopStall * stall)
{
  gint64 took = end - begin;

  if (end - loop->second_begin >= G_TIME_SPAN_SECOND) {
    loop->last_share = CLAMP ((gdouble) loop->second_busy
        / (end - loop->second_begin), 0, 1);
    loop->second_begin = end;
    loop->second_busy = 0;
  } else {
    loop->last_share = 0;
  }
  loop->second_busy += took;
  write_counter (&loop->counters->push_sum,
      loop->counters->push_sum + MAX (took, 0));
  if (took >= PARLEY_STALL_US)
    write_counter (&loop->counters->stalls, ++loop->stall.count);
  loop->stall.longest = MAX (loop->stall.longest, took);

  if (took < PARLEY_STALL_US && loop->last_share < PARLEY_STALL_SHARE)
    return FALSE;
  if (loop->stall_reported && end - loop->stall_reported < G_TIME_SPAN_SECOND)
    return FALSE;
  loop->stall_reported = end;
  *stall = loop->stall;
  stall->share = MAX (loop->last_share, (gdouble) loop->second_busy
      / MAX (end - loop->second_begin, G_TIME_SPAN_SECOND));
  loop->stall.longest = 0;
  return TRUE;
}

/* Work off the loop */

typedef struct
{
  ParleyLoop *loop;
  ParleyWorkFunc work;
  ParleyWorkFunc done;
  gpointer data;
} Job;

static gint manual_work;        /* atomic */
static GMutex work_lock;        /* guards the next three */
static GCond work_changed;
static GQueue waiting_jobs = G_QUEUE_INIT;      /* of Job, of manual work */
static gboolean manual_busy;

static void
job_done (gpointer data, gpointer user_data)
{
  Job *job = data;

  if (job->done)
    job->done (job->data);
  g_object_unref (job->loop);
  g_free (job);
}

static void
job_run (gpointer data, gpointer user_data)
{
  Job *job = data;

  job->work (job->data);
  parley_loop_invoke (job->loop, job_done, job, NULL);
  if (!g_atomic_int_get (&manual_work))
    return;
  g_mutex_lock (&work_lock);
  manual_busy = FALSE;
  g_cond_signal (&work_changed);
  g_mutex_unlock (&work_lock);
}

static gpointer
workers_new (gpointer data)
{
  return g_thread_pool_new (job_run, NULL,
      MAX (g_get_num_processors (), 2), FALSE, NULL);
}

static GThreadPool *
get_workers (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, workers_new, NULL);
}

void
parley_work_submit (ParleyLoop * loop, ParleyWorkFunc work,
    ParleyWorkFunc done, gpointer data)
{
  Job *job = g_new (Job, 1);

  job->loop = g_object_ref (loop);
  job->work = work;
  job->done = done;
  job->data = data;
  if (!g_atomic_int_get (&manual_work)) {
    g_thread_pool_push (get_workers (), job, NULL);
    return;
  }
  g_mutex_lock (&work_lock);
  g_queue_push_tail (&waiting_jobs, job);
  g_mutex_unlock (&work_lock);
}

void
parley_work_set_manual (void)
{
  g_atomic_int_set (&manual_work, TRUE);
}

gboolean
parley_work_run_next (void)
{
  Job *job;

  g_mutex_lock (&work_lock);
  job = g_queue_pop_head (&waiting_jobs);
  if (job) {
    manual_busy = TRUE;
    g_thread_pool_push (get_workers (), job, NULL);
  }
  while (manual_busy)
    g_cond_wait (&work_changed, &work_lock);
  g_mutex_unlock (&work_lock);
  return job != NULL;
}
