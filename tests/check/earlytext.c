/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/earlytext.h"

/* '+' for a take whose early text was right, '-' for another. */
static gboolean
trusted_after (const gchar * takes)
{
  ParleyEarlyText text = { 0 };

  for (; *takes; takes++)
    parley_early_text_judge (&text, *takes == '+');
  return parley_early_text_is_trusted (&text);
}

static void
test_learns (void)
{
  g_assert_false (trusted_after (""));
  g_assert_false (trusted_after ("++"));
  g_assert_true (trusted_after ("+++"));
  g_assert_false (trusted_after ("-++"));
  g_assert_true (trusted_after ("-+++"));
  g_assert_false (trusted_after ("--------"));
}

static void
test_unlearns (void)
{
  g_assert_true (trusted_after ("++++++++-"));
  g_assert_false (trusted_after ("++++++++--"));
  g_assert_false (trusted_after ("+++-+-"));
}

static void
test_forgets (void)
{
  g_assert_false (trusted_after ("--++++++"));
  g_assert_true (trusted_after ("--+++++++"));
  g_assert_true (trusted_after ("----------++++++++"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/earlytext/learns", test_learns);
  g_test_add_func ("/earlytext/unlearns", test_unlearns);
  g_test_add_func ("/earlytext/forgets", test_forgets);
  return g_test_run ();
}
