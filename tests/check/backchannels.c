/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/backchannels.h"

static void
assert_all (const gchar * words, const gchar * const *texts, gboolean match)
{
  ParleyBackchannels *self = parley_backchannels_new (words);

  for (; *texts; texts++)
    if (parley_backchannels_match (self, *texts) != match)
      g_error ("%s: “%s”", words ? words : "NULL", *texts);
  parley_backchannels_free (self);
}

#define TEXTS(...) ((const gchar * const[]) { __VA_ARGS__, NULL })

static void
test_english (void)
{
  assert_all (NULL, TEXTS ("mm-hm", "Mm hm.", "uh-huh", "Yeah.", "OK, okay!",
          "yeah right", "i see", "Alright. Got it."), TRUE);
  assert_all ("en-GB", TEXTS ("", "...", "yes", "no", "wait", "right now",
          "i see a problem", "ok but wait", "mmm no", "yeahs", "i"), FALSE);
}

static void
test_other_languages (void)
{
  assert_all ("de", TEXTS ("Ach so.", "ÄHM", "genau", "mhm, genau"), TRUE);
  assert_all ("de", TEXTS ("ja", "nein", "yeah", "genau das nicht"), FALSE);
  assert_all ("fr_FR", TEXTS ("D'accord.", "bien sûr"), TRUE);
  assert_all ("es", TEXTS ("vale, vale", "ajá"), TRUE);
}

static void
test_own_list (void)
{
  assert_all ("jawohl, so so", TEXTS ("Jawohl!", "so so", "so so jawohl"),
      TRUE);
  assert_all ("jawohl, so so", TEXTS ("so", "yeah"), FALSE);
  assert_all ("", TEXTS ("mm", "yeah"), FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/backchannels/english", test_english);
  g_test_add_func ("/backchannels/other-languages", test_other_languages);
  g_test_add_func ("/backchannels/own-list", test_own_list);
  return g_test_run ();
}
