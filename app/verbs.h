/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The verbs of the program, one file each. A verb gets its own name as
 * argv[0], and the process's name is then "parley VERB", so that a
 * GOptionContext says the right thing. What it returns is the exit status: 0,
 * 1 when it could not be done, PARLEY_EXIT_USAGE when it was asked wrongly. */

#define PARLEY_EXIT_USAGE 2

typedef struct
{
  const gchar *name;
  const gchar *summary;         /* one line, for parley --help */
  int (*run) (int argc, char **argv);
} ParleyVerb;

int parley_verb_cache (int argc, char **argv);
int parley_verb_call (int argc, char **argv);
int parley_verb_demo (int argc, char **argv);
int parley_verb_doctor (int argc, char **argv);
int parley_verb_emulator (int argc, char **argv);
int parley_verb_expand (int argc, char **argv);
int parley_verb_replay (int argc, char **argv);
int parley_verb_report (int argc, char **argv);
int parley_verb_serve (int argc, char **argv);

/* Wrong usage in one line on stderr ("parley call: … (see parley call
 * --help)"). Returns PARLEY_EXIT_USAGE. */
int parley_usage_error (const gchar * format, ...) G_GNUC_PRINTF (1, 2);

/* Parses the options in @context, which it frees, and takes at most
 * @max_words further words. FALSE: it has been said what is wrong; return
 * PARLEY_EXIT_USAGE. --help prints the help and ends the process. */
gboolean parley_verb_parse (GOptionContext * context, int *argc, char ***argv,
    gint max_words);

/* HOST:PORT, :PORT and [IPV6]:PORT; *@host (transfer full) is NULL where none
 * is named. FALSE: it is none of these. */
gboolean parley_verb_split_address (const gchar * text, gchar ** host,
    guint16 * port);

G_END_DECLS
