/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/guesstext.h"

#include <stdlib.h>
#include <string.h>

/* Words that nobody ends with; sorted, for bsearch. Words that do end sentences
 * in speech ("the bus I am on", "ruf mich an") are not among them. */
static const gchar *const unfinished[] = {
  "a", "aber", "an", "and", "at", "because", "but", "das", "dass", "dem",
  "den", "der", "die", "eh", "ein", "eine", "einem", "einen", "einer", "from",
  "i", "ich", "im", "mein", "meine", "meinen", "my", "oder", "of", "or", "our",
  "the", "uh", "um", "und", "weil", "wenn", "with", "zum", "zur", "äh", "ähm"
};

/* Apostrophes belong to their word. */
static gboolean
is_apostrophe (gunichar c)
{
  return c == '\'' || c == 0x2019;
}

/* The words of @text in lower case, one blank between them. */
static gchar *
normalise (const gchar * text)
{
  GString *words = g_string_new (NULL);
  gchar *folded = g_utf8_casefold (text, -1);
  gboolean blank = FALSE;

  for (const gchar * p = folded; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (g_unichar_isalnum (c) || g_unichar_ismark (c)) {
      if (blank && words->len)
        g_string_append_c (words, ' ');
      g_string_append_unichar (words, c);
      blank = FALSE;
    } else if (!is_apostrophe (c)) {
      blank = TRUE;
    }
  }
  g_free (folded);
  return g_string_free (words, FALSE);
}

gboolean
parley_guess_is_same (const gchar * a, const gchar * b)
{
  gchar *words_a = normalise (a);
  gchar *words_b = normalise (b);
  gboolean same = strcmp (words_a, words_b) == 0;

  g_free (words_a);
  g_free (words_b);
  return same;
}

static int
compare (const void *word, const void *entry)
{
  return strcmp (word, *(const gchar * const *) entry);
}

static gboolean
ends_in_the_middle (const gchar * text)
{
  static const gchar *const ends[] = { ",", ";", ":", "-", "–", "—", "…",
    "..."
  };

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    if (g_str_has_suffix (text, ends[i]))
      return TRUE;
  return FALSE;
}

gboolean
parley_guess_looks_complete (const gchar * text)
{
  gchar *stripped = g_strchomp (g_strdup (text));
  gchar *words = normalise (text);
  const gchar *blank = strrchr (words, ' ');
  const gchar *last = blank ? blank + 1 : words;
  gboolean complete = *words && !ends_in_the_middle (stripped)
      && !bsearch (last, unfinished, G_N_ELEMENTS (unfinished),
      sizeof *unfinished, compare);

  g_free (stripped);
  g_free (words);
  return complete;
}
