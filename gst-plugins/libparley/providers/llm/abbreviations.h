/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a word before a full stop says about that stop. */
typedef enum
{
  PARLEY_STOP_ENDS,             /* an ordinary word: the sentence ends */
  PARLEY_STOP_NEVER,            /* a title or the like: it never ends here */
  PARLEY_STOP_NUMBER,           /* goes with a number that follows: No. 5 */
  PARLEY_STOP_CAPITAL,          /* ends if a capital follows: etc., p.m. */
  PARLEY_STOP_NAME,             /* ends if a typical first word follows: U.S. */
  PARLEY_STOP_ORDINAL           /* one or two digits: am 3. Mai */
} ParleyStop;

/* @word (@length bytes) without its last stop; any case. */
ParleyStop parley_abbreviation_classify (const gchar * word, gsize length);

/* Whether @word (@length bytes, capitalised) typically begins a sentence. */
gboolean parley_abbreviation_is_starter (const gchar * word, gsize length);

/* Whether @word (@length bytes) is part of a point in time: a weekday, a month,
 * a time zone, or a noun that German counts with an ordinal. */
gboolean parley_abbreviation_is_time_word (const gchar * word, gsize length);

G_END_DECLS
