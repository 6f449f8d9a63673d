/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/loop.h"

#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/clock.h"

#define START (1000 * G_TIME_SPAN_SECOND)
#define MS G_TIME_SPAN_MILLISECOND
#define POOL_SIZE 3

/* A loop that the test iterates, with time stepped by hand. */
typedef struct
{
  ParleyLoop *loop;
  GMainContext *context;
} Fixture;

static void
set_up (Fixture * self, gconstpointer data)
{
  parley_clock_set_manual (START);
  self->loop = parley_loop_new (NULL);
  self->context = parley_loop_get_context (self->loop);
  g_assert_true (g_main_context_acquire (self->context));
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  g_main_context_release (self->context);
  g_object_unref (self->loop);
  parley_clock_set_real ();
}

static void
advance_ms (Fixture * self, gint64 step)
{
  parley_clock_advance (step * MS, self->context);
}

/* Invocations */

static void
append (gpointer data, gpointer user_data)
{
  g_string_append (user_data, data);
}

static void
test_invoke_order (Fixture * self, gconstpointer data)
{
  GString *log = g_string_new (NULL);
  gchar *letters[] = { "a", "b", "c", "d" };

  g_assert_true (parley_loop_is_current (self->loop));
  for (guint i = 0; i < G_N_ELEMENTS (letters); i++)
    parley_loop_invoke (self->loop, append, letters[i], log);
  /* Never inside, even on the loop itself. */
  g_assert_cmpstr (log->str, ==, "");
  advance_ms (self, 0);
  g_assert_cmpstr (log->str, ==, "abcd");
  g_string_free (log, TRUE);
}

static void
invoke_again (gpointer data, gpointer user_data)
{
  GString *log = user_data;

  g_string_append (log, "(");
  parley_loop_invoke (data, append, "x", log);
  g_string_append (log, ")");
}

static void
test_invoke_from_invoked (Fixture * self, gconstpointer data)
{
  GString *log = g_string_new (NULL);

  parley_loop_invoke (self->loop, invoke_again, self->loop, log);
  parley_loop_invoke (self->loop, append, "y", log);
  advance_ms (self, 0);
  g_assert_cmpstr (log->str, ==, "()yx");
  g_string_free (log, TRUE);
}

#define N_THREADS 8
#define N_CALLS 1000

typedef struct
{
  ParleyLoop *loop;
  guint sent;
  guint came;                   /* on the loop only */
} Sender;

static void
count_in_order (gpointer data, gpointer user_data)
{
  Sender *self = user_data;

  g_assert_true (parley_loop_is_current (self->loop));
  g_assert_cmpuint (GPOINTER_TO_UINT (data), ==, self->came);
  self->came++;
}

static gpointer
send_many (gpointer data)
{
  Sender *self = data;

  g_assert_false (parley_loop_is_current (self->loop));
  for (; self->sent < N_CALLS; self->sent++)
    parley_loop_invoke (self->loop, count_in_order,
        GUINT_TO_POINTER (self->sent), self);
  return NULL;
}

/* Ready times, on a loop that is 500 ms late. */

static void
come_late (Fixture * self)
{
  parley_clock_set_manual (START + 500 * MS);
  while (g_main_context_iteration (self->context, FALSE));
}

static void
take_ready_time (gpointer data, gpointer user_data)
{
  *(gint64 *) user_data = parley_loop_get_ready_time_in_loop (data);
}

static void
test_ready_since_posted (Fixture * self, gconstpointer data)
{
  gint64 ready = 0;

  parley_loop_invoke (self->loop, take_ready_time, self->loop, &ready);
  come_late (self);
  g_assert_cmpint (ready, ==, START);
  take_ready_time (self->loop, &ready);
  g_assert_cmpint (ready, ==, START + 500 * MS);
}

typedef struct
{
  ParleyLoop *loop;
  gint64 ready;
} TimerReady;

static gboolean
take_timer_ready_time (gpointer data)
{
  TimerReady *self = data;

  self->ready = parley_loop_get_ready_time_in_loop (self->loop);
  return G_SOURCE_REMOVE;
}

static void
test_ready_since_due (Fixture * self, gconstpointer data)
{
  TimerReady timer = { self->loop, 0 };
  GSource *source = parley_loop_add_timer (self->loop, START + MS,
      take_timer_ready_time, &timer);

  parley_clock_set_manual (START + 500 * MS);
  parley_timer_set_due (source, START + MS);
  come_late (self);
  g_assert_cmpint (timer.ready, ==, START + MS);
  parley_timer_clear (&source);
}

/* Statistics */

static void
do_nothing (gpointer data, gpointer user_data)
{
}

static gboolean
timer_nothing (gpointer data)
{
  return G_SOURCE_REMOVE;
}

static void
test_stats_of_lag (Fixture * self, gconstpointer data)
{
  ParleyLoopStats stats;
  GSource *timer = parley_loop_add_timer (self->loop, START + 499 * MS,
      timer_nothing, NULL);

  parley_loop_invoke (self->loop, do_nothing, NULL, NULL);
  advance_ms (self, 0);
  parley_loop_get_stats (self->loop, &stats);
  g_assert_cmpuint (stats.lag_count, ==, 1);
  g_assert_cmpuint (stats.lags[0], ==, 1);

  parley_loop_invoke (self->loop, do_nothing, NULL, NULL);
  parley_clock_set_manual (START + 500 * MS);
  parley_timer_set_due (timer, START + 499 * MS);
  come_late (self);
  parley_loop_get_stats (self->loop, &stats);
  g_assert_cmpuint (stats.lag_count, ==, 3);
  g_assert_cmpuint (stats.lags[1], ==, 1);
  g_assert_cmpuint (stats.lags[8], ==, 1);
  g_assert_cmpuint (stats.lag_sum, ==, 501 * MS);
  g_assert_cmpuint (stats.lag_max, ==, 500 * MS);
  g_assert_cmpint (stats.age, ==, 500 * MS);
  parley_timer_clear (&timer);
}

static void
test_stats_of_a_second (Fixture * self, gconstpointer data)
{
  ParleyLoopStats stats;

  parley_loop_invoke (self->loop, do_nothing, NULL, NULL);
  parley_clock_set_manual (START + 1001 * MS);
  while (g_main_context_iteration (self->context, FALSE));
  parley_loop_get_stats (self->loop, &stats);
  g_assert_cmpuint (stats.lags[PARLEY_LOOP_LAG_BOUNDS], ==, 1);
}

static void
test_stats_percentile (Fixture * self, gconstpointer data)
{
  ParleyLoopStats stats = {.lags = {90, 0, 0, 5, 0, 0, 5},.lag_count = 100,
  .lag_max = 30 * MS
  };
  ParleyLoopStats none = { 0 };

  g_assert_cmpuint (parley_loop_stats_get_percentile (&stats, 50), ==, 500);
  g_assert_cmpuint (parley_loop_stats_get_percentile (&stats, 95), ==, 5 * MS);
  g_assert_cmpuint (parley_loop_stats_get_percentile (&stats, 99), ==, 30 * MS);
  g_assert_cmpuint (parley_loop_stats_get_percentile (&none, 50), ==, 0);
}

static void
test_stats_of_pushes (Fixture * self, gconstpointer data)
{
  ParleyLoopStall stall;
  ParleyLoopStats stats;

  parley_loop_account_push_in_loop (self->loop, START, START + 5 * MS, &stall);
  parley_loop_account_push_in_loop (self->loop, START + 10 * MS,
      START + 40 * MS, &stall);
  parley_loop_get_stats (self->loop, &stats);
  g_assert_cmpuint (stats.push_sum, ==, 35 * MS);
  g_assert_cmpuint (stats.stalls, ==, 1);
}

/* What was posted to a loop may run after the last reference to it. */
static void
test_stats_outlived (void)
{
  GMainContext *context = g_main_context_new ();
  ParleyLoop *loop = parley_loop_new (context);
  GSource *timer = parley_loop_add_timer (loop, 0, timer_nothing, NULL);

  parley_loop_invoke (loop, do_nothing, NULL, NULL);
  g_object_unref (loop);
  while (g_main_context_iteration (context, FALSE));
  parley_timer_clear (&timer);
  g_main_context_unref (context);
}

/* From many threads: each comes once, in the order of its thread. */
static void
test_invoke_threads (Fixture * self, gconstpointer data)
{
  Sender senders[N_THREADS] = { 0 };
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++) {
    senders[i].loop = self->loop;
    threads[i] = g_thread_new ("sender", send_many, &senders[i]);
  }
  for (guint i = 0; i < N_THREADS; i++)
    while (g_atomic_int_get (&senders[i].came) < N_CALLS)
      g_main_context_iteration (self->context, TRUE);
  for (guint i = 0; i < N_THREADS; i++) {
    g_thread_join (threads[i]);
    g_assert_cmpuint (senders[i].came, ==, N_CALLS);
  }
}

static gboolean
count (gpointer data)
{
  ++*(guint *) data;
  return G_SOURCE_REMOVE;
}

static void
test_timer (Fixture * self, gconstpointer data)
{
  guint first = 0, second = 0;
  GSource *a = parley_loop_add_timer (self->loop, START + 10 * MS, count,
      &first);
  GSource *b = parley_loop_add_timer (self->loop, START + 10 * MS, count,
      &second);

  parley_timer_clear (&b);
  g_assert_null (b);
  parley_timer_clear (&b);
  advance_ms (self, 9);
  g_assert_cmpuint (first, ==, 0);
  advance_ms (self, 1);
  g_assert_cmpuint (first, ==, 1);
  g_assert_cmpuint (second, ==, 0);
  parley_timer_clear (&a);
}

/* The tick */

typedef struct
{
  ParleyLoop *loop;
  ParleyTick *tick;
  guint fired;
  gint64 last;                  /* µs */
  guint until;                  /* ends after so many; 0: never */
  gboolean remove_itself;
  ParleyTick **remove_other;
} User;

static gboolean
on_tick (gpointer data)
{
  User *self = data;

  self->fired++;
  self->last = parley_clock_now ();
  if (self->remove_other && *self->remove_other)
    parley_loop_remove_tick_in_loop (self->loop,
        g_steal_pointer (self->remove_other));
  if (self->remove_itself) {
    parley_loop_remove_tick_in_loop (self->loop, self->tick);
    self->tick = NULL;
  }
  if (self->until && self->fired >= self->until) {
    self->tick = NULL;
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

static void
add_user (Fixture * self, User * user)
{
  user->loop = self->loop;
  user->tick = parley_loop_add_tick_in_loop (self->loop, on_tick, user);
}

static void
remove_user (User * user)
{
  if (user->tick)
    parley_loop_remove_tick_in_loop (user->loop, user->tick);
  user->tick = NULL;
}

#define N_USERS 50

static void
test_tick_period (Fixture * self, gconstpointer data)
{
  User users[N_USERS] = { 0 };
  gint64 last[N_USERS];
  guint phases[20] = { 0 };

  for (guint i = 0; i < N_USERS; i++)
    add_user (self, &users[i]);
  advance_ms (self, 20);
  for (guint i = 0; i < N_USERS; i++) {
    g_assert_cmpuint (users[i].fired, ==, 1);
    last[i] = users[i].last;
    phases[last[i] / MS % 20]++;
  }
  /* Five in each 2 ms. */
  for (guint i = 0; i < 20; i++)
    g_assert_cmpuint (phases[i], ==, i % 2 ? 0 : N_USERS / 10);
  for (guint round = 2; round <= 10; round++) {
    advance_ms (self, 20);
    for (guint i = 0; i < N_USERS; i++) {
      g_assert_cmpuint (users[i].fired, ==, round);
      g_assert_cmpint (users[i].last - last[i], ==, PARLEY_TICK_US);
      last[i] = users[i].last;
    }
  }
  for (guint i = 0; i < N_USERS; i++)
    remove_user (&users[i]);
  advance_ms (self, 100);
  g_assert_cmpuint (users[0].fired, ==, 10);
}

/* The first time is at most 20 ms away, however the others lie. */
static void
test_tick_joins_late (Fixture * self, gconstpointer data)
{
  User first = { 0 }, users[30] = { 0 };

  add_user (self, &first);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    advance_ms (self, 7);
    add_user (self, &users[i]);
    advance_ms (self, 20);
    g_assert_cmpuint (users[i].fired, ==, 1);
  }
  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    remove_user (&users[i]);
  remove_user (&first);
}

static void
test_tick_ends_by_false (Fixture * self, gconstpointer data)
{
  User users[15] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    users[i].until = i % 3 + 1;
    add_user (self, &users[i]);
  }
  advance_ms (self, 200);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    g_assert_cmpuint (users[i].fired, ==, i % 3 + 1);
}

static void
test_tick_removes_itself (Fixture * self, gconstpointer data)
{
  User user = {.remove_itself = TRUE }, again = { 0 };

  add_user (self, &user);
  advance_ms (self, 100);
  g_assert_cmpuint (user.fired, ==, 1);
  add_user (self, &again);
  advance_ms (self, 100);
  g_assert_cmpuint (again.fired, ==, 5);
  remove_user (&again);
}

/* Twenty users are two in each phase: one removes its neighbour of the same
 * phase or of another one. */
static void
test_tick_removes_another (Fixture * self, gconstpointer data)
{
  for (guint victim = 0; victim < 20; victim++) {
    User users[20] = { 0 };
    guint fired;

    for (guint i = 0; i < 20; i++)
      add_user (self, &users[i]);
    users[0].remove_other = victim ? &users[victim].tick : NULL;
    advance_ms (self, 20);
    fired = users[victim].fired;
    advance_ms (self, 100);
    for (guint i = 0; i < 20; i++)
      g_assert_cmpuint (users[i].fired, ==, i && i == victim ? fired : 6);
    for (guint i = 0; i < 20; i++)
      remove_user (&users[i]);
  }
}

/* The other one is in a phase that never comes: the loop ends. */
static void
test_tick_removed_at_the_end (Fixture * self, gconstpointer data)
{
  User users[2] = { 0 };

  add_user (self, &users[0]);
  add_user (self, &users[1]);
  users[0].remove_other = &users[1].tick;
  users[1].remove_other = &users[0].tick;
  while (users[0].fired + users[1].fired == 0)
    advance_ms (self, 1);
  g_assert_cmpuint (users[0].fired + users[1].fired, ==, 1);
  remove_user (&users[0]);
  remove_user (&users[1]);
}

static gboolean
add_on_tick (gpointer data)
{
  User *self = data;

  self->tick = parley_loop_add_tick_in_loop (self->loop, on_tick, self);
  return G_SOURCE_REMOVE;
}

static void
test_tick_added_in_tick (Fixture * self, gconstpointer data)
{
  User users[12] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    users[i].loop = self->loop;
    parley_loop_add_tick_in_loop (self->loop, add_on_tick, &users[i]);
  }
  advance_ms (self, 20);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    users[i].fired = 0;
  advance_ms (self, 100);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    g_assert_cmpuint (users[i].fired, ==, 5);
    remove_user (&users[i]);
  }
}

/* A loop that was late for a second ticks once, not fifty times. */
static void
test_tick_no_burst (Fixture * self, gconstpointer data)
{
  GMainContext *elsewhere = g_main_context_new ();
  User users[20] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    add_user (self, &users[i]);
  advance_ms (self, 40);
  parley_clock_advance (G_TIME_SPAN_SECOND, elsewhere);
  g_main_context_unref (elsewhere);
  advance_ms (self, 0);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    g_assert_cmpuint (users[i].fired, <=, 3);
    users[i].fired = 0;
  }
  advance_ms (self, 100);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    g_assert_cmpuint (users[i].fired, ==, 5);
    remove_user (&users[i]);
  }
}

/* Pushes */

static gboolean
push (Fixture * self, gint64 begin_ms, gint64 end_ms, ParleyLoopStall * stall)
{
  return parley_loop_account_push_in_loop (self->loop, START + begin_ms * MS,
      START + end_ms * MS, stall);
}

static void
test_stall_of_one_push (Fixture * self, gconstpointer data)
{
  ParleyLoopStall stall = { 0 };

  g_assert_false (push (self, 0, 1, &stall));
  g_assert_false (push (self, 10, 29, &stall));
  g_assert_true (push (self, 100, 130, &stall));
  g_assert_cmpuint (stall.count, ==, 1);
  g_assert_cmpint (stall.longest, ==, 30 * MS);
}

static void
test_stall_once_a_second (Fixture * self, gconstpointer data)
{
  ParleyLoopStall stall = { 0 };

  g_assert_true (push (self, 0, 30, &stall));
  for (gint64 t = 100; t < 1000; t += 100)
    g_assert_false (push (self, t, t + 20 + t / 100, &stall));
  g_assert_true (push (self, 1100, 1125, &stall));
  g_assert_cmpuint (stall.count, ==, 11);
  g_assert_cmpint (stall.longest, ==, 29 * MS);
  g_assert_false (push (self, 1200, 1221, &stall));
  g_assert_true (push (self, 3000, 3022, &stall));
  g_assert_cmpint (stall.longest, ==, 22 * MS);
}

/* Pushes of 10 ms each are no stall one by one, but six tenths of a second
 * are. */
static void
test_stall_of_a_share (Fixture * self, gconstpointer data)
{
  ParleyLoopStall stall = { 0 };
  guint reports = 0;

  g_assert_false (push (self, 0, 1, &stall));
  for (gint64 t = 16; t < 3100; t += 16)
    if (push (self, t, t + 10, &stall)) {
      reports++;
      g_assert_cmpfloat_with_epsilon (stall.share, 0.625, 0.02);
      g_assert_cmpuint (stall.count, ==, 0);
      g_assert_cmpint (stall.longest, ==, 10 * MS);
    }
  g_assert_cmpuint (reports, >=, 2);
  g_assert_cmpuint (reports, <=, 3);
}

static void
test_no_stall_of_a_small_share (Fixture * self, gconstpointer data)
{
  ParleyLoopStall stall = { 0 };

  for (gint64 t = 0; t < 5000; t += 20)
    g_assert_false (push (self, t, t + 8, &stall));
}

/* The pool */

static void
test_pool_least_used (void)
{
  ParleyLoop *loops[2 * POOL_SIZE], *held;

  g_assert_cmpuint (parley_loop_pool_get_size (), ==, POOL_SIZE);
  /* Too late. */
  parley_loop_pool_set_size (9);
  g_assert_cmpuint (parley_loop_pool_get_size (), ==, POOL_SIZE);
  g_assert_cmpuint (parley_loop_pool_get_running (), ==, POOL_SIZE);
  for (guint i = 0; i < G_N_ELEMENTS (loops); i++)
    loops[i] = parley_loop_acquire ();
  for (guint i = 0; i < POOL_SIZE; i++) {
    guint users = 0;
    for (guint j = 0; j < G_N_ELEMENTS (loops); j++)
      users += loops[j] == parley_loop_pool_get (i);
    g_assert_cmpuint (users, ==, 2);
  }
  /* One is left by its users: it is the next. */
  parley_loop_release (loops[POOL_SIZE]);
  held = parley_loop_acquire ();
  g_assert_true (held == loops[POOL_SIZE]);
  /* One is held twice more: it is not. */
  parley_loop_hold (loops[0]);
  for (guint i = 1; i < POOL_SIZE; i++) {
    loops[POOL_SIZE + i - 1] = loops[POOL_SIZE + i];
    parley_loop_release (loops[POOL_SIZE + i - 1]);
    loops[POOL_SIZE + i - 1] = parley_loop_acquire ();
    g_assert_true (loops[POOL_SIZE + i - 1] != loops[0]);
  }
  parley_loop_release (loops[0]);
  parley_loop_release (held);
  for (guint i = 0; i < 2 * POOL_SIZE - 1; i++)
    parley_loop_release (loops[i]);
}

/* What a thread has done, waited for with a deadline. */
typedef struct
{
  GMutex lock;
  GCond cond;
  guint count;
  ParleyLoop *loop;
  GThread *worked_on;
} Done;

static void
done_add (Done * done)
{
  g_mutex_lock (&done->lock);
  done->count++;
  g_cond_signal (&done->cond);
  g_mutex_unlock (&done->lock);
}

static void
done_wait (Done * done, guint expected)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  g_mutex_lock (&done->lock);
  while (done->count < expected)
    g_assert_true (g_cond_wait_until (&done->cond, &done->lock, deadline));
  g_assert_cmpuint (done->count, ==, expected);
  g_mutex_unlock (&done->lock);
}

static void
work (gpointer data)
{
  Done *done = data;

  g_assert_false (parley_loop_is_current (done->loop));
  g_atomic_pointer_set (&done->worked_on, g_thread_self ());
}

static void
work_done (gpointer data)
{
  Done *done = data;

  g_assert_true (parley_loop_is_current (done->loop));
  g_assert_true (g_main_context_get_thread_default ()
      == parley_loop_get_context (done->loop));
  g_assert_nonnull (g_atomic_pointer_get (&done->worked_on));
  g_assert_true (done->worked_on != g_thread_self ());
  done_add (done);
}

static void
test_work (void)
{
  for (guint i = 0; i < POOL_SIZE; i++) {
    Done done = {.loop = parley_loop_pool_get (i) };

    parley_work_submit (done.loop, work, work_done, &done);
    done_wait (&done, 1);
  }
}

static void
work_alone (gpointer data)
{
  done_add (data);
}

static void
test_work_without_done (void)
{
  Done done = {.loop = parley_loop_pool_get (0) };

  for (guint i = 0; i < 100; i++)
    parley_work_submit (done.loop, work_alone, NULL, &done);
  done_wait (&done, 100);
}

/* A loop that nobody else holds lives until its work came back. */
static void
test_work_keeps_loop (void)
{
  ParleyLoop *loop = parley_loop_new (NULL);
  GMainContext *context = g_main_context_ref (parley_loop_get_context (loop));
  Done done = {.loop = loop };
  gpointer weak = loop;

  g_object_add_weak_pointer (G_OBJECT (loop), &weak);
  parley_work_submit (loop, work, work_done, &done);
  g_object_unref (loop);
  g_main_context_push_thread_default (context);
  while (done.count == 0)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  g_assert_null (weak);
  g_main_context_unref (context);
}

/* Many descriptors */

#define N_PAIRS 100
#define N_BYTES 50

typedef struct
{
  Done *done;
  gint fds[2];
  GSource *source;
  guint came;
} Pair;

static void
be_patient (const gint * fd, gpointer patient)
{
  parley_loop_set_patient_in_loop (parley_loop_pool_get (0), *fd,
      GPOINTER_TO_INT (patient));
}

/* Each byte goes back, so that the loop polls again and again. */
static gboolean
on_readable (gint fd, GIOCondition condition, gpointer data)
{
  Pair *self = data;
  gchar byte;

  g_assert_cmpint (read (fd, &byte, 1), ==, 1);
  if (++self->came < N_BYTES) {
    g_assert_cmpint (write (self->fds[0], &byte, 1), ==, 1);
    return G_SOURCE_CONTINUE;
  }
  done_add (self->done);
  return G_SOURCE_REMOVE;
}

/* In steps: the descriptors of every such pair are patient; 0: none. */
static void
test_many_descriptors (gconstpointer data)
{
  guint step = GPOINTER_TO_UINT (data);
  Done done = {.loop = parley_loop_pool_get (0) };
  Pair pairs[N_PAIRS] = { 0 };

  for (guint i = 0; i < N_PAIRS; i++) {
    Pair *pair = &pairs[i];

    pair->done = &done;
    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, pair->fds), ==, 0);
    pair->source = g_unix_fd_source_new (pair->fds[1], G_IO_IN);
    g_source_set_callback (pair->source, G_SOURCE_FUNC (on_readable), pair,
        NULL);
    if (step && i % step == 0)
      parley_loop_invoke (done.loop, (GFunc) be_patient, &pair->fds[1],
          GINT_TO_POINTER (TRUE));
    g_source_attach (pair->source, parley_loop_get_context (done.loop));
  }
  for (guint i = 0; i < N_PAIRS; i++)
    g_assert_cmpint (write (pairs[i].fds[0], "x", 1), ==, 1);
  done_wait (&done, N_PAIRS);
  for (guint i = 0; i < N_PAIRS; i++) {
    g_source_destroy (pairs[i].source);
    g_source_unref (pairs[i].source);
    parley_loop_invoke (done.loop, (GFunc) be_patient, &pairs[i].fds[1], NULL);
  }
  parley_loop_invoke (done.loop, (GFunc) done_add, &done, NULL);
  done_wait (&done, N_PAIRS + 1);
  for (guint i = 0; i < N_PAIRS; i++) {
    close (pairs[i].fds[0]);
    close (pairs[i].fds[1]);
  }
}

int
main (int argc, char **argv)
{
  const struct
  {
    const gchar *name;
    void (*func) (Fixture *, gconstpointer);
  } cases[] = {
    {"/loop/invoke/order", test_invoke_order},
    {"/loop/invoke/from-invoked", test_invoke_from_invoked},
    {"/loop/ready-time/posted", test_ready_since_posted},
    {"/loop/ready-time/due", test_ready_since_due},
    {"/loop/invoke/threads", test_invoke_threads},
    {"/loop/timer", test_timer},
    {"/loop/tick/period-and-phases", test_tick_period},
    {"/loop/tick/joins-late", test_tick_joins_late},
    {"/loop/tick/ends-by-false", test_tick_ends_by_false},
    {"/loop/tick/removes-itself", test_tick_removes_itself},
    {"/loop/tick/removes-another", test_tick_removes_another},
    {"/loop/tick/removed-at-the-end", test_tick_removed_at_the_end},
    {"/loop/tick/added-in-tick", test_tick_added_in_tick},
    {"/loop/tick/no-burst", test_tick_no_burst},
    {"/loop/stats/lag", test_stats_of_lag},
    {"/loop/stats/over-a-second", test_stats_of_a_second},
    {"/loop/stats/percentile", test_stats_percentile},
    {"/loop/stats/pushes", test_stats_of_pushes},
    {"/loop/stall/one-push", test_stall_of_one_push},
    {"/loop/stall/once-a-second", test_stall_once_a_second},
    {"/loop/stall/share-of-a-second", test_stall_of_a_share},
    {"/loop/stall/small-share", test_no_stall_of_a_small_share},
  };

  g_test_init (&argc, &argv, NULL);
  parley_loop_pool_set_size (POOL_SIZE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].name, Fixture, NULL, set_up, cases[i].func, tear_down);
  g_test_add_func ("/loop/stats/outlived", test_stats_outlived);
  g_test_add_func ("/loop/pool/least-used", test_pool_least_used);
  g_test_add_data_func ("/loop/pool/many-descriptors", NULL,
      test_many_descriptors);
  g_test_add_data_func ("/loop/pool/patient-and-others", GUINT_TO_POINTER (2),
      test_many_descriptors);
  g_test_add_data_func ("/loop/pool/all-patient", GUINT_TO_POINTER (1),
      test_many_descriptors);
  g_test_add_func ("/loop/jobs/comes-back", test_work);
  g_test_add_func ("/loop/jobs/without-done", test_work_without_done);
  g_test_add_func ("/loop/jobs/keeps-loop", test_work_keeps_loop);
  return g_test_run ();
}
