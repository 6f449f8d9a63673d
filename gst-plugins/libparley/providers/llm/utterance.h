/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a caller said or typed, made comparable. Pure; any thread. */

/* The words of @text: lower case, without punctuation, short forms written out
 * ("what's" → "what is"), digits apart from letters ("5pm" → "5 pm"). Never
 * NULL; g_strfreev(). */
gchar **parley_utterance_words (const gchar * text);

/* @text in sentences, as typed or as joined from several turns: at line breaks
 * and at stops with a blank behind them. g_strfreev(). */
gchar **parley_utterance_sentences (const gchar * text);

/* Whether @words begin with those of @text, which one blank parts; @taken: how
 * many they are. */
gboolean parley_utterance_begins (gchar ** words, guint n_words,
    const gchar * text, guint * taken);

/* How many words at the front (at the end) of @words are a filler or a
 * politeness ("um", "hello", "thank you"); 0: none. */
guint parley_utterance_leading_filler (gchar ** words, guint n_words);
guint parley_utterance_trailing_filler (gchar ** words, guint n_words);

/* A word that may be lost, added or mistaken without changing what is meant. */
gboolean parley_utterance_is_function_word (const gchar * word);

/* JSGF alternatives for what may come before and after a phrase. */
#define PARLEY_UTTERANCE_BEFORE_JSGF \
  "um | uh | well | okay | hello | hi | please"
#define PARLEY_UTTERANCE_AFTER_JSGF "please | thanks | thank you"

G_END_DECLS
