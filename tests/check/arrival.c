/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When packets came that a late loop read. */
#include "net/arrival.h"

#define MS G_TIME_SPAN_MILLISECOND
#define START (1000 * MS)

/* A packet each 20 ms, read @delay ms after it was due, by a loop that looked
 * @blind ms before. */
static gint64
lateness_ms (ParleyArrival * arrival, guint nth, gint64 delay, gint64 blind)
{
  gint64 due = START + nth * 20 * MS, now = due + delay * MS;

  return (parley_arrival_of (arrival, nth * 20 * MS, now - blind * MS, now)
      - due) / MS;
}

static void
test_in_time (void)
{
  ParleyArrival arrival = { 0 };

  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (lateness_ms (&arrival, i, 0, 0), ==, 0);
}

/* The loop did something else for 500 ms: what came is where it belongs. */
static void
test_blocked (void)
{
  ParleyArrival arrival = { 0 };

  lateness_ms (&arrival, 0, 0, 0);
  for (guint i = 1; i <= 25; i++)
    g_assert_cmpint (lateness_ms (&arrival, i, 500 - i * 20, 500), ==, 0);
}

/* The network was late: the loop was looking all the time. */
static void
test_late_on_the_way (void)
{
  ParleyArrival arrival = { 0 };

  lateness_ms (&arrival, 0, 0, 0);
  g_assert_cmpint (lateness_ms (&arrival, 1, 80, 0), ==, 80);
  g_assert_cmpint (lateness_ms (&arrival, 2, 60, 10), ==, 50);
}

static void
test_never_after_it_was_read (void)
{
  ParleyArrival arrival = { 0 };

  lateness_ms (&arrival, 0, 50, 0);
  g_assert_cmpint (lateness_ms (&arrival, 1, 10, 500), ==, 10);
}

/* The sender's clock is slow: 1 ms a second. */
static void
test_drift (void)
{
  ParleyArrival arrival = { 0 };
  gint64 drift = 0;

  for (guint i = 0; i < 50 * 60; i++) {
    drift = i / 50;
    lateness_ms (&arrival, i, drift, 100);
  }
  g_assert_cmpint (lateness_ms (&arrival, 50 * 60, drift, 100), >=, drift - 20);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/arrival/" name, func)
  ADD ("in-time", test_in_time);
  ADD ("blocked-loop", test_blocked);
  ADD ("late-on-the-way", test_late_on_the_way);
  ADD ("never-after-it-was-read", test_never_after_it_was_read);
  ADD ("drift", test_drift);
#undef ADD
  return g_test_run ();
}
