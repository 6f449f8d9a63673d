/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/breaker.h"

#include <string.h>

#include "net/clock.h"

#define SECOND G_TIME_SPAN_SECOND

typedef struct
{
  ParleyLoop *loop;
  ParleyBreaker *breaker;
  ParleyBreakerWatch *watch;
  GString *states;
  GString *order;               /* of grants: names */
  GError *fault, *busy;
} Fixture;

/* A caller of the breaker. */
typedef struct
{
  Fixture *fixture;
  gchar name;
  ParleyBreakerTicket *ticket;
  gboolean told;
  gint code;                    /* of the refusal; -1: may go */
} Caller;

static void
on_state (ParleyBreaker * breaker, ParleyBreakerState from,
    ParleyBreakerState to, gpointer data)
{
  Fixture *self = data;

  if (breaker == self->breaker)
    g_string_append_printf (self->states, "%s>%s ",
        parley_breaker_state_get_name (from),
        parley_breaker_state_get_name (to));
}

static void
set_up (Fixture * self, gconstpointer data)
{
  g_assert_true (g_main_context_acquire (NULL));
  parley_clock_set_manual (0);
  self->loop = parley_loop_new (g_main_context_default ());
  self->breaker = parley_breaker_new ("acme acme.com");
  self->states = g_string_new (NULL);
  self->order = g_string_new (NULL);
  self->watch = parley_breaker_watch (self->loop, on_state, self);
  self->fault = parley_net_error_new (PARLEY_NET_ERROR_DROPPED, "acme", "x");
  self->busy = parley_net_error_new_status ("acme", "acme.com", 429,
      2 * SECOND, NULL, 0, NULL);
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  while (g_main_context_iteration (NULL, FALSE));
  parley_breaker_unwatch_in_loop (self->watch);
  g_assert_finalize_object (self->breaker);
  g_assert_finalize_object (self->loop);
  g_string_free (self->states, TRUE);
  g_string_free (self->order, TRUE);
  g_error_free (self->fault);
  g_error_free (self->busy);
  parley_clock_set_real ();
  g_main_context_release (NULL);
}

static void
on_entered (ParleyBreakerTicket * ticket, const GError * error, gpointer data)
{
  Caller *caller = data;

  g_assert_true (ticket == caller->ticket && !caller->told);
  caller->told = TRUE;
  caller->code = error ? error->code : -1;
  if (!error)
    g_string_append_c (caller->fixture->order, caller->name);
}

static void
run (void)
{
  while (g_main_context_iteration (NULL, FALSE));
}

static void
enter (Fixture * self, Caller * caller, gchar name, gint64 patience)
{
  caller->fixture = self;
  caller->name = name;
  caller->told = FALSE;
  caller->ticket = parley_breaker_enter_in_loop (self->breaker, self->loop,
      parley_clock_now () + patience, on_entered, caller);
  g_assert_false (caller->told);
  run ();
}

static void
leave (Caller * caller, const GError * error)
{
  parley_breaker_leave (caller->ticket, error);
  run ();
}

static ParleyBreakerStats
stats (Fixture * self)
{
  ParleyBreakerStats now;

  parley_breaker_get_stats (self->breaker, &now);
  return now;
}

static void
fail_times (Fixture * self, guint n)
{
  for (guint i = 0; i < n; i++) {
    Caller caller;

    enter (self, &caller, '.', 0);
    g_assert_cmpint (caller.code, ==, -1);
    leave (&caller, self->fault);
  }
}

/* Opening and closing */

static void
test_opens_and_returns (Fixture * self, gconstpointer data)
{
  Caller a, b;

  fail_times (self, 4);
  g_assert_cmpstr (self->states->str, ==, "");
  fail_times (self, 1);
  enter (self, &a, 'a', SECOND);
  g_assert_cmpint (a.code, ==, PARLEY_NET_ERROR_OPEN);
  leave (&a, NULL);
  parley_clock_advance (5 * SECOND, NULL);
  enter (self, &a, 'a', SECOND);
  enter (self, &b, 'b', SECOND);
  g_assert_cmpint (a.code, ==, -1);
  g_assert_cmpint (b.code, ==, PARLEY_NET_ERROR_OPEN);
  leave (&b, NULL);
  leave (&a, NULL);
  enter (self, &b, 'b', 0);
  g_assert_cmpint (b.code, ==, -1);
  leave (&b, NULL);
  g_assert_cmpstr (self->states->str, ==,
      "closed>open open>half-open half-open>closed ");
  g_assert_cmpuint (stats (self).refused_open, ==, 2);
  g_assert_cmpuint (stats (self).opened, ==, 1);
}

static void
test_probe_fails (Fixture * self, gconstpointer data)
{
  Caller a;

  fail_times (self, 5);
  parley_clock_advance (5 * SECOND, NULL);
  fail_times (self, 1);
  enter (self, &a, 'a', SECOND);
  g_assert_cmpint (a.code, ==, PARLEY_NET_ERROR_OPEN);
  leave (&a, NULL);
  g_assert_cmpuint (stats (self).opened, ==, 2);
}

static void
test_probe_cancelled (Fixture * self, gconstpointer data)
{
  Caller a, b;

  fail_times (self, 5);
  parley_clock_advance (5 * SECOND, NULL);
  enter (self, &a, 'a', 0);
  parley_breaker_cancel (a.ticket);
  enter (self, &b, 'b', 0);
  g_assert_cmpint (b.code, ==, -1);
  leave (&b, NULL);
  g_assert_cmpint (stats (self).state, ==, PARLEY_BREAKER_CLOSED);
}

/* One that streams lets others go before its end, and keeps its place. */
static void
test_probe_works (Fixture * self, gconstpointer data)
{
  Caller a, b;

  fail_times (self, 5);
  parley_clock_advance (5 * SECOND, NULL);
  enter (self, &a, 'a', 0);
  parley_breaker_works_in_loop (a.ticket);
  g_assert_cmpint (stats (self).state, ==, PARLEY_BREAKER_CLOSED);
  enter (self, &b, 'b', 0);
  g_assert_cmpint (b.code, ==, -1);
  g_assert_cmpuint (stats (self).in_flight, ==, 2);
  leave (&b, NULL);
  leave (&a, self->fault);
  g_assert_cmpint (stats (self).state, ==, PARLEY_BREAKER_CLOSED);
}

static void
test_window (Fixture * self, gconstpointer data)
{
  for (guint i = 0; i < 20; i++) {
    fail_times (self, 1);
    parley_clock_advance (SECOND * 15, NULL);
  }
  g_assert_cmpstr (self->states->str, ==, "");
  g_assert_cmpuint (stats (self).faults, ==, 20);
}

/* One per cent of many calls is no outage. */
static void
test_in_a_row (Fixture * self, gconstpointer data)
{
  Caller caller;

  for (guint i = 0; i < 5; i++) {
    fail_times (self, 4);
    enter (self, &caller, '.', 0);
    leave (&caller, NULL);
  }
  g_assert_cmpstr (self->states->str, ==, "");
  fail_times (self, 5);
  g_assert_cmpstr (self->states->str, ==, "closed>open ");
}

/* A request counts once, however often it is tried; a probe that fails does
 * whichever try it is. */
static void
test_yield (Fixture * self, gconstpointer data)
{
  Caller caller;

  fail_times (self, 4);
  for (guint i = 0; i < 3; i++) {
    enter (self, &caller, '.', 0);
    parley_breaker_yield (caller.ticket, self->fault);
  }
  g_assert_cmpuint (stats (self).faults, ==, 4);
  g_assert_cmpstr (self->states->str, ==, "");
  fail_times (self, 1);
  parley_clock_advance (5 * SECOND, NULL);
  enter (self, &caller, '.', 0);
  parley_breaker_yield (caller.ticket, self->fault);
  g_assert_cmpuint (stats (self).opened, ==, 2);
}

/* What tells when to come again is no fault, but is waited for. */
static void
test_rate_limit (Fixture * self, gconstpointer data)
{
  g_autoptr (GError) error = parley_net_error_new_status ("acme", "acme.com",
      429, 2 * SECOND, NULL, 0, NULL);
  Caller caller;

  for (guint i = 0; i < 10; i++) {
    enter (self, &caller, '.', SECOND * 60);
    parley_clock_advance (2 * SECOND, NULL);
    leave (&caller, error);
  }
  g_assert_cmpuint (stats (self).faults, ==, 0);
  g_assert_cmpint (parley_breaker_get_wait (self->breaker, NULL), ==,
      2 * SECOND);
}

static void
test_wait (Fixture * self, gconstpointer data)
{
  Caller a, b, c;
  gboolean is_probe;

  parley_breaker_set_max_concurrent (self->breaker, 2);
  enter (self, &a, 'a', 0);
  g_assert_cmpint (parley_breaker_get_wait (self->breaker, NULL), ==, 0);
  parley_clock_advance (SECOND, NULL);
  leave (&a, NULL);
  enter (self, &a, 'a', 0);
  enter (self, &b, 'b', 0);
  g_assert_cmpint (parley_breaker_get_wait (self->breaker, &is_probe), ==,
      SECOND / 2);
  g_assert_false (is_probe);
  enter (self, &c, 'c', SECOND);
  g_assert_cmpint (parley_breaker_get_wait (self->breaker, NULL), ==, SECOND);
  parley_breaker_cancel (a.ticket);
  parley_breaker_cancel (b.ticket);
  parley_breaker_cancel (c.ticket);
  fail_times (self, 5);
  g_assert_cmpint (parley_breaker_get_wait (self->breaker, &is_probe), ==,
      G_MAXINT64);
  g_assert_false (is_probe);
  parley_clock_advance (5 * SECOND, NULL);
  g_assert_cmpint (parley_breaker_get_wait (self->breaker, &is_probe), ==, 0);
  g_assert_true (is_probe);
  enter (self, &a, 'a', 0);
  g_assert_cmpint (parley_breaker_get_wait (self->breaker, &is_probe), ==,
      G_MAXINT64);
  parley_breaker_cancel (a.ticket);
}

/* A wrong key or request says nothing of the service's health. */
static void
test_what_counts (Fixture * self, gconstpointer data)
{
  static const guint statuses[] = { 400, 401, 403, 404, 409, 422 };

  for (guint i = 0; i < 4 * G_N_ELEMENTS (statuses); i++) {
    g_autoptr (GError) error = parley_net_error_new_status ("acme", "acme.com",
        statuses[i % G_N_ELEMENTS (statuses)], -1, NULL, 0, NULL);
    Caller caller;

    enter (self, &caller, '.', 0);
    leave (&caller, error);
  }
  g_assert_cmpuint (stats (self).faults, ==, 0);
  g_assert_cmpint (stats (self).state, ==, PARLEY_BREAKER_CLOSED);
}

static void
test_opening_refuses_the_waiting (Fixture * self, gconstpointer data)
{
  Caller busy, a, b;

  fail_times (self, 4);
  parley_breaker_set_max_concurrent (self->breaker, 1);
  enter (self, &busy, '.', 0);
  enter (self, &a, 'a', SECOND);
  enter (self, &b, 'b', SECOND);
  g_assert_cmpuint (stats (self).waiting, ==, 2);
  leave (&busy, self->fault);
  g_assert_cmpint (a.code, ==, PARLEY_NET_ERROR_OPEN);
  g_assert_cmpint (b.code, ==, PARLEY_NET_ERROR_OPEN);
  leave (&a, NULL);
  leave (&b, NULL);
}

/* How many at once */

static void
test_order (Fixture * self, gconstpointer data)
{
  Caller callers[6];

  parley_breaker_set_max_concurrent (self->breaker, 2);
  for (guint i = 0; i < 6; i++)
    enter (self, &callers[i], 'a' + i, SECOND);
  g_assert_cmpstr (self->order->str, ==, "ab");
  leave (&callers[1], NULL);
  g_assert_cmpstr (self->order->str, ==, "abc");
  parley_breaker_cancel (callers[3].ticket);
  leave (&callers[0], NULL);
  g_assert_cmpstr (self->order->str, ==, "abce");
  parley_breaker_set_max_concurrent (self->breaker, 0);
  run ();
  g_assert_cmpstr (self->order->str, ==, "abcef");
  leave (&callers[2], NULL);
  leave (&callers[4], NULL);
  leave (&callers[5], NULL);
  g_assert_cmpuint (stats (self).in_flight, ==, 0);
  g_assert_cmpuint (stats (self).cancelled, ==, 1);
}

static void
test_deadline (Fixture * self, gconstpointer data)
{
  Caller a, b, c, d;

  parley_breaker_set_max_concurrent (self->breaker, 1);
  enter (self, &a, 'a', 0);
  enter (self, &b, 'b', SECOND);
  enter (self, &c, 'c', 2 * SECOND);
  enter (self, &d, 'd', 0);
  g_assert_cmpint (d.code, ==, PARLEY_NET_ERROR_BUSY);
  parley_clock_advance (SECOND - 1, NULL);
  g_assert_false (b.told);
  parley_clock_advance (1, NULL);
  g_assert_cmpint (b.code, ==, PARLEY_NET_ERROR_BUSY);
  g_assert_false (c.told);
  leave (&a, NULL);
  g_assert_cmpint (c.code, ==, -1);
  leave (&b, NULL);
  leave (&c, NULL);
  leave (&d, NULL);
  g_assert_cmpuint (stats (self).refused_busy, ==, 2);
}

static void
test_full_queue (Fixture * self, gconstpointer data)
{
  ParleyBreakerSettings settings;
  Caller a, b, c;

  parley_breaker_settings_init (&settings);
  settings.max_concurrent = settings.max_waiting = 1;
  parley_breaker_set (self->breaker, &settings);
  enter (self, &a, 'a', SECOND);
  enter (self, &b, 'b', SECOND);
  enter (self, &c, 'c', SECOND);
  g_assert_cmpint (c.code, ==, PARLEY_NET_ERROR_BUSY);
  leave (&c, NULL);
  parley_breaker_cancel (b.ticket);
  leave (&a, NULL);
}

/* After a 429 nobody begins for as long as it asks. */
static void
test_pause (Fixture * self, gconstpointer data)
{
  Caller a, b, c;

  enter (self, &a, 'a', 0);
  leave (&a, self->busy);
  enter (self, &b, 'b', 3 * SECOND);
  enter (self, &c, 'c', SECOND);
  parley_clock_advance (SECOND, NULL);
  g_assert_cmpint (c.code, ==, PARLEY_NET_ERROR_BUSY);
  g_assert_false (b.told);
  parley_clock_advance (SECOND - 1, NULL);
  g_assert_false (b.told);
  parley_clock_advance (1, NULL);
  g_assert_cmpint (b.code, ==, -1);
  leave (&b, NULL);
  leave (&c, NULL);
}

/* The one that waits already is held back too. */
static void
test_pause_while_waiting (Fixture * self, gconstpointer data)
{
  Caller a, b;

  parley_breaker_set_max_concurrent (self->breaker, 1);
  enter (self, &a, 'a', 0);
  enter (self, &b, 'b', 9 * SECOND);
  leave (&a, self->busy);
  parley_clock_advance (2 * SECOND - 1, NULL);
  g_assert_false (b.told);
  parley_clock_advance (1, NULL);
  g_assert_cmpint (b.code, ==, -1);
  leave (&b, NULL);
}

static void
test_cancel_before_told (Fixture * self, gconstpointer data)
{
  Caller a = { self, 'a' };

  a.ticket = parley_breaker_enter_in_loop (self->breaker, self->loop, 0,
      on_entered, &a);
  parley_breaker_cancel (a.ticket);
  run ();
  g_assert_false (a.told);
  g_assert_cmpuint (stats (self).in_flight, ==, 0);
}

/* 50 calls on a provider with a quota of 10: never more at once, and all of
 * them come to speak. */
static void
test_quota (Fixture * self, gconstpointer data)
{
  Caller callers[50];
  guint done = 0;

  parley_breaker_set_max_concurrent (self->breaker, 10);
  for (guint i = 0; i < 50; i++)
    enter (self, &callers[i], 'x', 10 * SECOND);
  while (done < 50) {
    guint in_flight = 0;

    for (guint i = done; i < 50; i++)
      in_flight += callers[i].told;
    g_assert_cmpuint (in_flight, ==, MIN (10, 50 - done));
    leave (&callers[done++], NULL);
  }
  g_assert_cmpuint (stats (self).refused_busy, ==, 0);
}

/* Against a model of a few lines: who is in, who waits, in which order. */

#define N_CALLERS 12

typedef struct
{
  Caller callers[N_CALLERS];
  gint64 deadlines[N_CALLERS];
  gboolean active[N_CALLERS];
  GQueue waiting;               /* of caller numbers + 1 */
  guint in_flight, max;
} Model;

static void
model_pump (Model * model, GString * order)
{
  while (model->waiting.head && model->in_flight < model->max) {
    guint i = GPOINTER_TO_UINT (g_queue_pop_head (&model->waiting)) - 1;

    model->in_flight++;
    g_string_append_c (order, 'a' + i);
  }
}

static void
model_expire (Model * model)
{
  for (GList * l = model->waiting.head, *next; l; l = next) {
    next = l->next;
    if (model->deadlines[GPOINTER_TO_UINT (l->data) - 1]
        <= parley_clock_now ())
      g_queue_delete_link (&model->waiting, l);
  }
}

static void
model_toggle (Fixture * self, Model * model, guint i, GString * order)
{
  gint64 patience = g_test_rand_int_range (0, 4) * SECOND;
  gpointer number = GUINT_TO_POINTER (i + 1);

  if (!model->active[i]) {
    model->active[i] = TRUE;
    model->deadlines[i] = parley_clock_now () + patience;
    if (patience > 0 || (model->in_flight < model->max && !model->waiting.head))
      g_queue_push_tail (&model->waiting, number);
    model_pump (model, order);
    enter (self, &model->callers[i], 'a' + i, patience);
    return;
  }
  model->active[i] = FALSE;
  if (!g_queue_remove (&model->waiting, number)
      && model->callers[i].code == -1)
    model->in_flight--;
  model_pump (model, order);
  if (g_test_rand_bit ())
    leave (&model->callers[i], NULL);
  else
    parley_breaker_cancel (model->callers[i].ticket);
  run ();
}

static void
test_random (Fixture * self, gconstpointer data)
{
  Model model = {.max = 3 };
  g_autoptr (GString) order = g_string_new (NULL);

  parley_breaker_set_max_concurrent (self->breaker, model.max);
  for (guint step = 0; step < 20000; step++) {
    if (g_test_rand_int_range (0, 3) > 0) {
      model_toggle (self, &model, g_test_rand_int_range (0, N_CALLERS), order);
    } else {
      parley_clock_advance (SECOND / 2, NULL);
      model_expire (&model);
    }
    g_assert_cmpstr (self->order->str, ==, order->str);
    g_assert_cmpuint (stats (self).in_flight, ==, model.in_flight);
    g_assert_cmpuint (stats (self).waiting, ==, model.waiting.length);
    g_string_truncate (self->order, 0);
    g_string_truncate (order, 0);
  }
  for (guint i = 0; i < N_CALLERS; i++)
    if (model.active[i])
      parley_breaker_cancel (model.callers[i].ticket);
  g_queue_clear (&model.waiting);
}

/* Loops on threads of their own */

#define THREAD_CALLS 400

typedef struct
{
  ParleyBreaker *breaker;
  ParleyLoop *loop;
  guint left;
  ParleyBreakerTicket *ticket;
  gint *in_flight, *most, *finished;
} Worker;

static void worker_enter (gpointer data, gpointer user_data);

static void
worker_leave (gpointer data, gpointer user_data)
{
  Worker *worker = data;

  g_atomic_int_add (worker->in_flight, -1);
  parley_breaker_leave (worker->ticket, NULL);
  worker_enter (worker, NULL);
}

static void
worker_entered (ParleyBreakerTicket * ticket, const GError * error,
    gpointer data)
{
  Worker *worker = data;
  gint now;

  g_assert_true (parley_loop_is_current (worker->loop));
  g_assert_no_error (error);
  now = g_atomic_int_add (worker->in_flight, 1) + 1;
  if (now > g_atomic_int_get (worker->most))
    g_atomic_int_set (worker->most, now);
  parley_loop_invoke (worker->loop, worker_leave, worker, NULL);
}

static void
worker_enter (gpointer data, gpointer user_data)
{
  Worker *worker = data;

  if (worker->left-- == 0) {
    g_atomic_int_inc (worker->finished);
    g_main_context_wakeup (NULL);
    return;
  }
  worker->ticket = parley_breaker_enter_in_loop (worker->breaker, worker->loop,
      G_MAXINT64, worker_entered, worker);
}

static void
test_threads (void)
{
  g_autoptr (ParleyBreaker) breaker = parley_breaker_new ("acme threads");
  gint in_flight = 0, most = 0, finished = 0;
  Worker workers[16];

  parley_breaker_set_max_concurrent (breaker, 4);
  for (guint i = 0; i < G_N_ELEMENTS (workers); i++) {
    ParleyLoop *loop = parley_loop_pool_get (i % parley_loop_pool_get_size ());

    workers[i] = (Worker) {
    breaker, loop, THREAD_CALLS, NULL, &in_flight, &most, &finished};
    parley_loop_invoke (loop, worker_enter, &workers[i], NULL);
  }
  while (g_atomic_int_get (&finished) < (gint) G_N_ELEMENTS (workers))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (most, <=, 4);
  g_assert_cmpint (most, >, 0);
}

/* Those of the process */

static void
test_table (void)
{
  g_autofree gchar *large = g_strnfill (PARLEY_BREAKER_MAX_NAME, 'x');
  ParleyBreaker *first = parley_breaker_get ("acme", "a.com:8080");
  ParleyBreaker *other = parley_breaker_get ("acme", large);
  GPtrArray *all;

  g_assert_cmpstr (parley_breaker_get_name (first), ==, "acme a.com:8080");
  g_assert_true (parley_breaker_get ("acme", "a.com:8080") == first);
  g_assert_true (parley_breaker_get ("acme", "b.com") != first);
  g_assert_cmpstr (parley_breaker_get_name (other), ==, "other");
  for (guint i = 0; i < 2 * PARLEY_BREAKER_MAX; i++) {
    g_autofree gchar *host = g_strdup_printf ("%u.com", i);

    parley_breaker_get ("acme", host);
  }
  g_assert_true (parley_breaker_get ("acme", "new.com") == other);
  g_assert_true (parley_breaker_get ("acme", "a.com:8080") == first);
  all = parley_breaker_list ();
  g_assert_cmpuint (all->len, ==, PARLEY_BREAKER_MAX);
  g_ptr_array_unref (all);
}

int
main (int argc, char **argv)
{
  parley_loop_pool_set_size (4);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) \
  g_test_add ("/breaker/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("opens-and-returns", test_opens_and_returns);
  ADD ("probe-fails", test_probe_fails);
  ADD ("probe-cancelled", test_probe_cancelled);
  ADD ("probe-works", test_probe_works);
  ADD ("window", test_window);
  ADD ("in-a-row", test_in_a_row);
  ADD ("yield", test_yield);
  ADD ("rate-limit", test_rate_limit);
  ADD ("wait", test_wait);
  ADD ("what-counts", test_what_counts);
  ADD ("opening-refuses-the-waiting", test_opening_refuses_the_waiting);
  ADD ("order", test_order);
  ADD ("deadline", test_deadline);
  ADD ("full-queue", test_full_queue);
  ADD ("pause", test_pause);
  ADD ("pause-while-waiting", test_pause_while_waiting);
  ADD ("cancel-before-told", test_cancel_before_told);
  ADD ("quota", test_quota);
  ADD ("random", test_random);
  g_test_add_func ("/breaker/threads", test_threads);
  g_test_add_func ("/breaker/table", test_table);
  return g_test_run ();
}
