/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Cuts streamed text into sentences for a voice.
 *
 * Text arrives in pieces cut anywhere, even inside a UTF-8 sequence; whole
 * sentences come out as early as it is safe. The sentences depend on the text
 * alone, never on how it was cut. A stop at the end of what has arrived waits
 * for the character that decides: "It is 3." may go on with "5 km.".
 *
 * Not a sentence end: the stop of an abbreviation, a number, an address or a
 * name with initials. A blank line, a list item, a heading and a table row end
 * one. Fenced code blocks are left out: nobody wants to hear them. What holds
 * no letter and no digit never is a sentence; it goes to the next one.
 *
 * The mark-up of uninterruptible passages (passage.h) is taken out. A passage
 * ends the sentence before it and is one or several sentences itself; the stop
 * behind its closing tag belongs to it. There are no passages in passages: a
 * second opening tag does nothing, and neither does a closing tag where none is
 * open. What is not closed ends with the text.
 *
 * Not thread-safe: one user at a time. */

typedef struct _ParleySentences ParleySentences;

/* Text that never stops is cut here, in characters. */
#define PARLEY_SENTENCE_MAX 300

ParleySentences *parley_sentences_new (void);
void parley_sentences_free (ParleySentences * self);

/* The first sentence may come out in two: its first clause alone, up to a
 * comma, semicolon, colon or dash behind at least @words words, if the sentence
 * goes on for more than PARLEY_CLAUSE_REST words. 0, the default: never.
 * Outlives a reset. */
#define PARLEY_CLAUSE_REST 2
void parley_sentences_set_first_clause (ParleySentences * self, guint words);

/* Forgets all text; ready for the next reply. */
void parley_sentences_reset (ParleySentences * self);

/* More text, NUL-terminated; bytes that are not UTF-8 become U+FFFD. Not
 * allowed between parley_sentences_finish() and parley_sentences_reset(). */
void parley_sentences_feed (ParleySentences * self, const gchar * text);

/* The text is complete: what is left becomes the last sentences. */
void parley_sentences_finish (ParleySentences * self);

/* The next whole sentence without blanks around it, or NULL when none is
 * complete yet. Transfer full. Call until NULL after each feed. */
gchar *parley_sentences_next (ParleySentences * self);

/* Whether that one is of an uninterruptible passage. */
gboolean parley_sentences_was_in_passage (ParleySentences * sentences);
/* Whether what follows it is, as far as that is known. */
gboolean parley_sentences_is_in_passage (ParleySentences * sentences);

G_END_DECLS
