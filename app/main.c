/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <string.h>

#include "verbs.h"

static const ParleyVerb verbs[] = {
  {"serve", "take calls, one pipeline each", parley_verb_serve},
  {"call", "play a caller against a Media Streams server", parley_verb_call},
  {"demo", "a caller with four turns against an agent on this machine",
      parley_verb_demo},
  {"emulator", "the services of the cloud on this machine, with set delays",
      parley_verb_emulator},
  {"replay", "a captured call once more, on a clock stepped by hand",
      parley_verb_replay},
  {"cache", "what is kept on disk: list and drop", parley_verb_cache},
  {"report", "from logs: where the time of the answers went",
      parley_verb_report},
  {"doctor", "what is installed, what works and what to do",
      parley_verb_doctor},
  {"expand", "print a pipeline file on one line", parley_verb_expand},
};

static void
print_help (void)
{
  guint i;

  g_print ("Usage: parley VERB [OPTION...]\n\n"
      "Voice agents on the phone.\n\nVerbs:\n");
  for (i = 0; i < G_N_ELEMENTS (verbs); i++)
    g_print ("  %-10s %s\n", verbs[i].name, verbs[i].summary);
  g_print ("\nOptions:\n"
      "  --help     this text; \"parley VERB --help\" for that of a verb\n"
      "  --version  the version\n");
}

int
main (int argc, char **argv)
{
  const gchar *word = argc > 1 ? argv[1] : NULL;
  guint i;

  setlocale (LC_ALL, "");
  g_set_prgname ("parley");
  if (word == NULL)
    return parley_usage_error ("a verb is missing");
  if (strcmp (word, "--help") == 0 || strcmp (word, "-h") == 0
      || strcmp (word, "help") == 0) {
    print_help ();
    return 0;
  }
  if (strcmp (word, "--version") == 0) {
    g_print ("parley %s\n", PARLEY_VERSION);
    return 0;
  }
  for (i = 0; i < G_N_ELEMENTS (verbs); i++) {
    if (strcmp (word, verbs[i].name) == 0) {
      g_autofree gchar *name = g_strdup_printf ("parley %s", word);

      g_set_prgname (name);
      return verbs[i].run (argc - 1, argv + 1);
    }
  }
  return parley_usage_error ("there is no verb \"%s\"", word);
}
