/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Text as a synthesiser on this machine can take it. Pure functions. */

/* @text (any bytes; what is not UTF-8 is dropped) on one line: each run of
 * space and control characters becomes one space. Transfer full. */
gchar *parley_speech_text_clean (const gchar * text);

/* The same in ASCII: letters lose their accents (é: e, ß: ss), typographic
 * marks become plain ones, a few signs become English words (€: euros); what
 * has no such form is dropped. Transfer full. */
gchar *parley_speech_text_to_ascii (const gchar * text);

/* Cuts clean @text into pieces of at most @max bytes (16 at least): after a
 * sentence if there is an end in reach, else after a clause, else between two
 * words, else anywhere between two characters. The first piece is cut short
 * after a sentence or a clause that ends within @first bytes (0: it is like
 * the others). Pieces without a letter or a digit have nothing to say and are
 * left out. Transfer full. */
GPtrArray *parley_speech_text_split (const gchar * text, gsize max,
    gsize first);

/* How long a voice rests after @piece, in ms: longest after a sentence. */
guint parley_speech_text_pause (const gchar * piece);

G_END_DECLS
