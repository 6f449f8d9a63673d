/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether a caller's words are worth an answer before it is known that he has
 * finished. Pure; UTF-8. */

/* The same words: case, punctuation and spaces apart. */
gboolean parley_guess_is_same (const gchar * a, const gchar * b);

/* FALSE for what people say in the middle of a sentence: a text without words,
 * one that ends in a comma, a dash or three dots, or in a word such as "and" or
 * "the" (English and German). */
gboolean parley_guess_looks_complete (const gchar * text);

G_END_DECLS
