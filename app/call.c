/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verbs.h"

int
parley_verb_call (int argc, char **argv)
{
  GOptionContext *context = g_option_context_new (NULL);

  if (!parley_verb_parse (context, &argc, &argv, 0))
    return PARLEY_EXIT_USAGE;
  return 0;
}
