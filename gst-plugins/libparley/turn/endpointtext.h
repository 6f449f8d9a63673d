/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a recogniser wrote, in the one form that the rules about the end of a
 * turn look at: words in lower case with one blank between them, numbers in
 * digits. "My number is five five, double two." becomes "my number is 5522".
 * Apostrophes go, a hyphen parts words, "@" is a word. */

/* How a language says numbers. Immutable once filled; any thread. */
typedef struct _ParleySpokenNumbers ParleySpokenNumbers;

ParleySpokenNumbers *parley_spoken_numbers_new (void);
void parley_spoken_numbers_free (ParleySpokenNumbers * self);

/* @words, one or more, say @value, up to 99. Tens and a unit behind them are
 * one number: "twenty" and "one". */
void parley_spoken_numbers_add (ParleySpokenNumbers * self,
    const gchar * words, guint value);
/* @words before a digit: it comes so many times ("double": 2). */
void parley_spoken_numbers_add_repeat (ParleySpokenNumbers * self,
    const gchar * words, guint times);
/* A word between tens and a unit ("y" in "treinta y uno"). */
void parley_spoken_numbers_add_joiner (ParleySpokenNumbers * self,
    const gchar * word);

typedef struct
{
  gchar *words;
  guint n_words;                /* digits in a row count as one */
  guint digits;                 /* that it ends in */
  gunichar mark;                /* it ended in one of . , ; : ? ! … - or 0 */
} ParleyEndpointText;

/* Of the last few hundred letters of @text. @numbers: NULL for digits only.
 * Clear with parley_endpoint_text_clear(). */
void parley_endpoint_text_init (ParleyEndpointText * self, const gchar * text,
    const ParleySpokenNumbers * numbers);
void parley_endpoint_text_clear (ParleyEndpointText * self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ParleyEndpointText,
    parley_endpoint_text_clear)

G_END_DECLS
