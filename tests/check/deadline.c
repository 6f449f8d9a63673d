/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Deadlines that share a source. */
#include "net/clock.h"
#include "net/deadline.h"

#define MS G_TIME_SPAN_MILLISECOND
#define START (1000 * MS)

typedef struct
{
  ParleyLoop *loop;
  GMainContext *context;
  GString *fired;
} Fixture;

typedef struct
{
  Fixture *fixture;
  gchar letter;
  ParleyDeadline *deadline;
  gint64 again;                 /* ms from when it fires; 0: rests */
  ParleyDeadline **frees;       /* when it fires; or NULL */
} Waiting;

static void
set_up (Fixture * self, gconstpointer data)
{
  parley_clock_set_manual (START);
  self->loop = parley_loop_new (NULL);
  self->context = parley_loop_get_context (self->loop);
  g_assert_true (g_main_context_acquire (self->context));
  self->fired = g_string_new (NULL);
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  g_main_context_release (self->context);
  g_object_unref (self->loop);
  g_string_free (self->fired, TRUE);
  parley_clock_set_real ();
}

static void
fire (gpointer data)
{
  Waiting *waiting = data;

  g_string_append_c (waiting->fixture->fired, waiting->letter);
  if (waiting->again)
    parley_deadline_set_due_in_loop (waiting->deadline,
        parley_clock_now () + waiting->again * MS);
  if (waiting->frees)
    g_clear_pointer (waiting->frees, parley_deadline_free_in_loop);
}

static void
wait_for (Fixture * self, Waiting * waiting, gchar letter, gint64 ms)
{
  waiting->fixture = self;
  waiting->letter = letter;
  waiting->deadline = parley_deadline_new_in_loop (self->loop,
      START + ms * MS, fire, waiting);
}

static void
expect (Fixture * self, gint64 ms, const gchar * fired)
{
  parley_clock_advance (ms * MS, self->context);
  g_assert_cmpstr (self->fired->str, ==, fired);
  g_string_truncate (self->fired, 0);
}

static void
test_in_order (Fixture * self, gconstpointer data)
{
  Waiting w[3] = { 0 };

  wait_for (self, &w[0], 'a', 30);
  wait_for (self, &w[1], 'b', 10);
  wait_for (self, &w[2], 'c', 20);
  expect (self, 9, "");
  expect (self, 1, "b");
  expect (self, 30, "ca");
  expect (self, 1000, "");
  for (guint i = 0; i < 3; i++)
    parley_deadline_free_in_loop (w[i].deadline);
}

static void
test_set_anew (Fixture * self, gconstpointer data)
{
  Waiting w[2] = { 0 };

  wait_for (self, &w[0], 'a', 10);
  wait_for (self, &w[1], 'b', 15);
  w[1].again = 5;
  parley_deadline_set_due_in_loop (w[0].deadline, START + 22 * MS);
  expect (self, 20, "bb");
  expect (self, 2, "a");
  expect (self, 3, "b");
  parley_deadline_free_in_loop (w[0].deadline);
  parley_deadline_free_in_loop (w[1].deadline);
}

static void
test_freed_when_due (Fixture * self, gconstpointer data)
{
  Waiting w[3] = { 0 };

  wait_for (self, &w[0], 'a', 10);
  wait_for (self, &w[1], 'b', 10);
  wait_for (self, &w[2], 'c', 20);
  w[0].frees = &w[1].deadline;  /* another that is due too */
  w[2].frees = &w[2].deadline;  /* itself */
  expect (self, 10, "a");
  expect (self, 10, "c");
  parley_deadline_free_in_loop (w[0].deadline);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) \
  g_test_add ("/deadline/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("in-order", test_in_order);
  ADD ("set-anew", test_set_anew);
  ADD ("freed-when-due", test_freed_when_due);
#undef ADD
  return g_test_run ();
}
