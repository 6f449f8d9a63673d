/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/retry.h"

#include "net/clock.h"

#define SECOND G_TIME_SPAN_SECOND
#define MS G_TIME_SPAN_MILLISECOND

typedef struct
{
  ParleyLoop *loop;
  ParleyRetry *retry;
  guint tries;
} Fixture;

static void
set_up (Fixture * self, gconstpointer data)
{
  g_assert_true (g_main_context_acquire (NULL));
  parley_clock_set_manual (0);
  self->loop = parley_loop_new (g_main_context_default ());
  self->retry = parley_retry_new (self->loop, NULL);
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  g_clear_pointer (&self->retry, parley_retry_free);
  g_assert_finalize_object (self->loop);
  parley_clock_set_real ();
  g_main_context_release (NULL);
}

static void
try_again (gpointer data)
{
  ((Fixture *) data)->tries++;
}

static gboolean
again (Fixture * self, GError * error, gboolean clean)
{
  gboolean is_retry = parley_retry_again_in_loop (self->retry, error, clean,
      try_again, self);

  g_error_free (error);
  return is_retry;
}

static GError *
status_error (guint status, gint64 retry_after)
{
  return parley_net_error_new_status ("acme", "acme.com", status, retry_after,
      NULL, 0, NULL);
}

static void
test_waits (Fixture * self, gconstpointer data)
{
  static const gint64 waits[] = { SECOND / 2, SECOND, 2 * SECOND };

  for (guint i = 0; i < G_N_ELEMENTS (waits); i++) {
    g_assert_true (again (self, status_error (503, -1), TRUE));
    g_assert_cmpint (parley_retry_get_due (self->retry), >=,
        parley_clock_now () + waits[i] * 3 / 4);
    parley_clock_advance (waits[i] * 3 / 4 - 1, NULL);
    g_assert_cmpuint (self->tries, ==, i);
    parley_clock_advance (waits[i] / 2 + 2, NULL);
    g_assert_cmpuint (self->tries, ==, i + 1);
    g_assert_cmpint (parley_retry_get_due (self->retry), ==, -1);
  }
  g_assert_false (again (self, status_error (503, -1), TRUE));
  g_assert_cmpuint (parley_retry_get_count (self->retry), ==, 3);
  parley_retry_reset (self->retry);
  g_assert_true (again (self, status_error (503, -1), TRUE));
}

static void
test_retry_after (Fixture * self, gconstpointer data)
{
  g_assert_true (again (self, status_error (429, 4 * SECOND), TRUE));
  parley_clock_advance (4 * SECOND - 1, NULL);
  g_assert_cmpuint (self->tries, ==, 0);
  parley_clock_advance (1, NULL);
  g_assert_cmpuint (self->tries, ==, 1);
  /* Less than our own wait makes it no shorter. */
  g_assert_true (again (self, status_error (429, 0), TRUE));
  parley_clock_advance (749 * MS, NULL);
  g_assert_cmpuint (self->tries, ==, 1);
  parley_clock_advance (SECOND, NULL);
  g_assert_cmpuint (self->tries, ==, 2);
  /* Longer than a caller waits. */
  g_assert_false (again (self, status_error (429, 5 * SECOND + 1), TRUE));
}

static void
test_final (Fixture * self, gconstpointer data)
{
  static const guint statuses[] = { 302, 400, 401, 403, 404, 422 };
  static const ParleyNetError codes[] = { PARLEY_NET_ERROR_SETTINGS,
    PARLEY_NET_ERROR_TLS, PARLEY_NET_ERROR_PROTOCOL, PARLEY_NET_ERROR_TOO_LARGE,
    PARLEY_NET_ERROR_OPEN, PARLEY_NET_ERROR_BUSY
  };

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    g_assert_false (again (self, status_error (statuses[i], -1), TRUE));
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    g_assert_false (again (self, parley_net_error_new (codes[i], "acme", "x"),
            TRUE));
  g_assert_false (again (self, g_error_new (G_IO_ERROR, 0, "x"), TRUE));
}

/* What went on to the caller is not said twice. */
static void
test_not_clean (Fixture * self, gconstpointer data)
{
  g_assert_false (again (self, status_error (503, -1), FALSE));
}

static void
test_free_while_waiting (Fixture * self, gconstpointer data)
{
  g_assert_true (again (self, status_error (503, -1), TRUE));
  g_clear_pointer (&self->retry, parley_retry_free);
  parley_clock_advance (10 * SECOND, NULL);
  g_assert_cmpuint (self->tries, ==, 0);
}

static void
free_in_try (gpointer data)
{
  Fixture *self = data;

  self->tries++;
  g_clear_pointer (&self->retry, parley_retry_free);
}

static void
test_free_in_try (Fixture * self, gconstpointer data)
{
  g_autoptr (GError) error = status_error (503, -1);

  g_assert_true (parley_retry_again_in_loop (self->retry, error, TRUE,
          free_in_try, self));
  parley_clock_advance (SECOND, NULL);
  g_assert_cmpuint (self->tries, ==, 1);
}

/* The same seed waits the same; many do not come together. */
static void
test_jitter (Fixture * self, gconstpointer data)
{
  g_autoptr (GError) error = status_error (503, -1);
  gint64 earliest = G_MAXINT64, latest = 0;

  for (guint32 seed = 1; seed <= 100; seed++) {
    const ParleyRetryPolicy policy = { 1, SECOND, SECOND, seed };
    ParleyRetry *a = parley_retry_new (self->loop, &policy);
    ParleyRetry *b = parley_retry_new (self->loop, &policy);
    gint64 wait;

    parley_retry_again_in_loop (a, error, TRUE, try_again, self);
    parley_retry_again_in_loop (b, error, TRUE, try_again, self);
    wait = parley_retry_get_due (a) - parley_clock_now ();
    g_assert_cmpint (parley_retry_get_due (b), ==, parley_retry_get_due (a));
    g_assert_cmpint (wait, >=, SECOND * 3 / 4);
    g_assert_cmpint (wait, <=, SECOND * 5 / 4);
    earliest = MIN (earliest, wait);
    latest = MAX (latest, wait);
    parley_retry_free (a);
    parley_retry_free (b);
  }
  g_assert_cmpint (latest - earliest, >, SECOND / 4);
}

static void
test_parse (void)
{
  static const struct
  {
    const gchar *value;
    gint64 after;               /* µs, at 1,000,000,000 s */
  } cases[] = {
    {"0", 0}, {"7", 7 * SECOND}, {" 7", -1}, {"7 ", 7 * SECOND},
    {"0.5", SECOND / 2}, {"-3", -1}, {"soon", -1}, {"", -1}, {"7s", -1},
    {"99999999999999999999", G_TIME_SPAN_DAY},
    {"Sun, 09 Sep 2001 01:46:47 GMT", 7 * SECOND},
    {"Sunday, 09-Sep-01 01:46:47 GMT", 7 * SECOND},
    {"Sun Sep  9 01:46:47 2001", 7 * SECOND},
    {"Sun, 09 Sep 2001 01:00:00 GMT", 0},
    {"Sun, 09 Sep 2040 01:46:47 GMT", G_TIME_SPAN_DAY},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (parley_retry_after_parse (cases[i].value, 1000000000), ==,
        cases[i].after);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) \
  g_test_add ("/retry/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("waits", test_waits);
  ADD ("retry-after", test_retry_after);
  ADD ("final", test_final);
  ADD ("not-clean", test_not_clean);
  ADD ("free-while-waiting", test_free_while_waiting);
  ADD ("free-in-try", test_free_in_try);
  ADD ("jitter", test_jitter);
  g_test_add_func ("/retry/parse", test_parse);
  return g_test_run ();
}
