/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/guesstext.h"

static void
test_same (void)
{
  static const struct
  {
    const gchar *a, *b;
    gboolean same;
  } cases[] = {
    {"yes", "yes", TRUE},
    {"yes please", "Yes, please!", TRUE},
    {"  don't  know ", "Don’t know.", TRUE},
    {"grüße", "GRÜSSE", TRUE},
    {"twenty-one", "twenty one", TRUE},
    {"", " ... ", TRUE},
    {"yes", "yes please", FALSE},
    {"3 50", "350", FALSE},
    {"", "a", FALSE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s | %s", cases[i].a, cases[i].b);
    g_assert_cmpint (parley_guess_is_same (cases[i].a, cases[i].b), ==,
        cases[i].same);
    g_assert_cmpint (parley_guess_is_same (cases[i].b, cases[i].a), ==,
        cases[i].same);
  }
}

static void
test_complete (void)
{
  static const gchar *const complete[] = { "yes", "Book a table.", "at 3",
    "Was kostet das Hemd?", "I do not know what it is", "Ja!", "¿Qué?"
  };
  static const gchar *const open[] = { "", " ", "...", "I want a", "and",
    "Tuesday, and", "well,", "my number is 5 –", "Ich möchte den", "I",
    "Und Äh", "hm …", "let me see... "
  };

  for (guint i = 0; i < G_N_ELEMENTS (complete); i++) {
    g_test_message ("%s", complete[i]);
    g_assert_true (parley_guess_looks_complete (complete[i]));
  }
  for (guint i = 0; i < G_N_ELEMENTS (open); i++) {
    g_test_message ("%s", open[i]);
    g_assert_false (parley_guess_looks_complete (open[i]));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guesstext/same", test_same);
  g_test_add_func ("/guesstext/complete", test_complete);
  return g_test_run ();
}
