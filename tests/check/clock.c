/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/clock.h"

/* Time stepped by hand. Timers write their letter and the time, in ms since the
 * start, to a log. */

#define START 1000000

typedef struct
{
  GMainContext *context;
  GString *log;
} Fixture;

typedef struct
{
  Fixture *fixture;
  gchar letter;
  GSource *source;
  guint repeats;                /* left, every 10 ms */
  GSource **victim;             /* to be ended when this one fires */
} Timer;

static gint64
ms (gint64 value)
{
  return START + value * G_TIME_SPAN_MILLISECOND;
}

static void
set_up (Fixture * self, gconstpointer data)
{
  parley_clock_set_manual (START);
  self->context = g_main_context_new ();
  self->log = g_string_new (NULL);
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  g_main_context_unref (self->context);
  g_string_free (self->log, TRUE);
  parley_clock_set_real ();
}

static gboolean
on_timer (gpointer data)
{
  Timer *self = data;
  GString *log = self->fixture->log;

  g_string_append_printf (log, "%s%c%d", log->len ? " " : "", self->letter,
      (gint) ((parley_clock_now () - START) / G_TIME_SPAN_MILLISECOND));
  if (self->victim) {
    g_source_destroy (*self->victim);
    g_source_unref (g_steal_pointer (self->victim));
  }
  if (!self->repeats)
    return G_SOURCE_REMOVE;
  self->repeats--;
  parley_timer_set_due (self->source,
      parley_clock_now () + 10 * G_TIME_SPAN_MILLISECOND);
  return G_SOURCE_CONTINUE;
}

static void
start (Fixture * fixture, Timer * timer, gchar letter, gint64 due_ms)
{
  timer->fixture = fixture;
  timer->letter = letter;
  timer->source = parley_timer_new (ms (due_ms));
  g_source_set_callback (timer->source, on_timer, timer, NULL);
  g_source_attach (timer->source, fixture->context);
}

static void
stop (Timer * timer)
{
  g_source_destroy (timer->source);
  g_source_unref (timer->source);
}

static void
advance (Fixture * self, gint64 step_ms)
{
  parley_clock_advance (step_ms * G_TIME_SPAN_MILLISECOND, self->context);
}

static void
test_order_of_due (Fixture * self, gconstpointer data)
{
  Timer a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };

  start (self, &a, 'a', 30);
  start (self, &b, 'b', 10);
  start (self, &c, 'c', 20);
  start (self, &d, 'd', 100);
  advance (self, 50);
  g_assert_cmpstr (self->log->str, ==, "b10 c20 a30");
  g_assert_cmpint (parley_clock_now (), ==, ms (50));
  advance (self, 50);
  g_assert_cmpstr (self->log->str, ==, "b10 c20 a30 d100");
  stop (&a);
  stop (&b);
  stop (&c);
  stop (&d);
}

static void
test_past_is_at_once (Fixture * self, gconstpointer data)
{
  Timer a = { 0 };

  start (self, &a, 'a', -500);
  g_assert_cmpstr (self->log->str, ==, "");
  advance (self, 0);
  g_assert_cmpstr (self->log->str, ==, "a0");
  stop (&a);
}

static void
test_repeats (Fixture * self, gconstpointer data)
{
  Timer a = {.repeats = 3 };

  start (self, &a, 'a', 10);
  advance (self, 1000);
  g_assert_cmpstr (self->log->str, ==, "a10 a20 a30 a40");
  stop (&a);
}

static void
test_due_moves (Fixture * self, gconstpointer data)
{
  Timer a = { 0 }, b = { 0 };

  start (self, &a, 'a', 10);
  start (self, &b, 'b', 500);
  parley_timer_set_due (a.source, ms (40));
  parley_timer_set_due (b.source, ms (20));
  advance (self, 30);
  g_assert_cmpstr (self->log->str, ==, "b20");
  advance (self, 30);
  g_assert_cmpstr (self->log->str, ==, "b20 a40");
  stop (&a);
  stop (&b);
}

static void
test_destroyed_is_silent (Fixture * self, gconstpointer data)
{
  Timer a = { 0 }, b = { 0 }, c = { 0 };

  start (self, &a, 'a', 10);
  start (self, &b, 'b', 20);
  start (self, &c, 'c', 20);
  a.victim = &b.source;
  stop (&c);
  advance (self, 100);
  g_assert_cmpstr (self->log->str, ==, "a10");
  stop (&a);
}

/* One of two that are due at the same moment ends the other. */
static void
test_destroyed_at_the_same_moment (Fixture * self, gconstpointer data)
{
  Timer a = { 0 }, b = { 0 };

  start (self, &a, 'a', 10);
  start (self, &b, 'b', 10);
  a.victim = &b.source;
  b.victim = &a.source;
  advance (self, 100);
  g_assert_cmpuint (self->log->len, ==, 3);
  g_assert_true (!a.source != !b.source);
  if (a.source)
    stop (&a);
  else
    stop (&b);
}

static void
test_never_attached (Fixture * self, gconstpointer data)
{
  GSource *timer = parley_timer_new (ms (10));

  advance (self, 20);
  g_source_unref (timer);
  advance (self, 20);
  g_assert_cmpint (parley_clock_now (), ==, ms (40));
}

static gpointer
make_and_drop (gpointer context)
{
  for (guint i = 0; i < 2000; i++) {
    GSource *timer = parley_timer_new (ms (i % 7));

    g_source_attach (timer, context);
    parley_timer_set_due (timer, ms (i % 5));
    g_source_destroy (timer);
    g_source_unref (timer);
  }
  return NULL;
}

/* Time goes on while other threads make and end timers. */
static void
test_threads (Fixture * self, gconstpointer data)
{
  GThread *threads[3];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("timers", make_and_drop, self->context);
  for (guint i = 0; i < 200; i++)
    parley_clock_advance (100, self->context);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (parley_clock_now (), ==, ms (20));
}

static gboolean
set_true (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_real_time (void)
{
  gint64 before = g_get_monotonic_time ();
  gint64 now = parley_clock_now ();
  GSource *timer = parley_timer_new (now + 3000);
  gboolean fired = FALSE;

  g_assert_cmpint (now, >=, before);
  g_assert_cmpint (now, <=, g_get_monotonic_time ());
  g_source_set_callback (timer, set_true, &fired, NULL);
  g_source_attach (timer, NULL);
  while (!fired)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (parley_clock_now (), >=, now + 3000);
  g_source_unref (timer);
}

int
main (int argc, char **argv)
{
  const struct
  {
    const gchar *name;
    void (*func) (Fixture *, gconstpointer);
  } cases[] = {
    {"/clock/order-of-due", test_order_of_due},
    {"/clock/past-is-at-once", test_past_is_at_once},
    {"/clock/repeats-from-its-callback", test_repeats},
    {"/clock/due-moves", test_due_moves},
    {"/clock/destroyed-is-silent", test_destroyed_is_silent},
    {"/clock/destroyed-at-the-same-moment", test_destroyed_at_the_same_moment},
    {"/clock/never-attached", test_never_attached},
    {"/clock/threads", test_threads},
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].name, Fixture, NULL, set_up, cases[i].func, tear_down);
  g_test_add_func ("/clock/real-time", test_real_time);
  return g_test_run ();
}
