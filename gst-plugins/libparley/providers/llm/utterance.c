/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/utterance.h"

#include <string.h>

#define MAX_FILLER_WORDS 4

static const struct
{
  const gchar *word;
  const gchar *written_out;
} short_forms[] = {
  {"aren't", "are not"}, {"can't", "can not"}, {"cannot", "can not"},
  {"couldn't", "could not"}, {"didn't", "did not"}, {"doesn't", "does not"},
  {"don't", "do not"}, {"good-bye", "goodbye"}, {"haven't", "have not"},
  {"he's", "he is"}, {"how's", "how is"}, {"i'd", "i would"},
  {"i'll", "i will"}, {"i'm", "i am"}, {"i've", "i have"},
  {"isn't", "is not"}, {"it's", "it is"}, {"let's", "let us"},
  {"ok", "okay"}, {"she's", "she is"}, {"that's", "that is"},
  {"there's", "there is"}, {"they're", "they are"}, {"wasn't", "was not"},
  {"we'd", "we would"}, {"we'll", "we will"}, {"we're", "we are"},
  {"we've", "we have"}, {"what's", "what is"}, {"when's", "when is"},
  {"where's", "where is"}, {"who's", "who is"}, {"won't", "will not"},
  {"wouldn't", "would not"}, {"you'd", "you would"}, {"you'll", "you will"},
  {"you're", "you are"}, {"you've", "you have"},
};

/* Longest first. "no" and "not" never are fillers. */
static const gchar *const leading[] = {
  "thank you", "good morning", "good afternoon", "good evening", "hello there",
  "hi there",
  "excuse me", "i mean", "you know", "ah", "and", "actually", "alright", "er",
  "erm", "hello", "hey", "hi", "hm", "hmm", "oh", "okay", "please", "so",
  "sorry", "thanks", "uh", "uhm", "um", "well", "yeah", "yes",
};

static const gchar *const trailing[] = {
  "thank you very much", "thank you", "if you please", "thanks", "please",
  "er", "hm", "hmm", "uh", "um", "okay",
};

static const gchar *const function_words[] = {
  "a", "an", "are", "at", "for", "is", "the", "to",
};

static gboolean
is_apostrophe (gunichar c)
{
  return c == '\'' || c == 0x2019 || c == 0x2018 || c == 0x02BC;
}

/* "." and ":" between digits belong to the number, "," there is left out. */
static gboolean
joins_digits (gunichar c, const GString * word, const gchar * next)
{
  return (c == '.' || c == ':' || c == ',') && word->len > 0
      && g_ascii_isdigit (word->str[word->len - 1]) && g_ascii_isdigit (*next);
}

/* "p.m.", "a.m": stops between single letters go. */
static gboolean
joins_initials (gunichar c, const GString * word, const gchar * next)
{
  return c == '.' && word->len == 1 && g_ascii_isalpha (word->str[0])
      && g_ascii_isalpha (*next) && !g_ascii_isalnum (next[1]);
}

static gboolean
is_ordinal_ending (const gchar * p)
{
  return (g_str_has_prefix (p, "st") || g_str_has_prefix (p, "nd")
      || g_str_has_prefix (p, "rd") || g_str_has_prefix (p, "th"))
      && !g_ascii_isalnum (p[2]);
}

static void
flush_word (GPtrArray * words, GString * word)
{
  guint i;

  while (word->len > 0 && word->str[word->len - 1] == '\'')
    g_string_truncate (word, word->len - 1);
  if (word->len == 0)
    return;
  for (i = 0; i < G_N_ELEMENTS (short_forms); i++) {
    if (strcmp (short_forms[i].word, word->str) == 0) {
      gchar **parts = g_strsplit (short_forms[i].written_out, " ", -1);
      gchar **p;

      for (p = parts; *p; p++)
        g_ptr_array_add (words, *p);
      g_free (parts);
      break;
    }
  }
  if (i == G_N_ELEMENTS (short_forms))
    g_ptr_array_add (words, g_strdup (word->str));
  g_string_truncate (word, 0);
}

/* Takes one character into @word, or ends the word. */
static void
take (GPtrArray * words, GString * word, gunichar c, const gchar * p)
{
  const gchar *next = g_utf8_next_char (p);
  gboolean digit_before = word->len > 0
      && g_ascii_isdigit (word->str[word->len - 1]);

  if (is_apostrophe (c) && word->len > 0
      && g_unichar_isalpha (g_utf8_get_char (next))) {
    g_string_append_c (word, '\'');
  } else if (g_unichar_isalnum (c) || g_unichar_ismark (c)) {
    if (digit_before && g_unichar_isalpha (c) && !is_ordinal_ending (p))
      flush_word (words, word);
    g_string_append_unichar (word, c);
  } else if (joins_digits (c, word, next)) {
    if (c != ',')
      g_string_append_unichar (word, c);
  } else if (!joins_initials (c, word, next)) {
    flush_word (words, word);
  }
}

gchar **
parley_utterance_words (const gchar * text)
{
  GPtrArray *words = g_ptr_array_new ();
  GString *word = g_string_new (NULL);
  gchar *valid = g_utf8_make_valid (text, -1);
  gchar *lower = g_utf8_strdown (valid, -1);
  const gchar *p;

  for (p = lower; *p; p = g_utf8_next_char (p))
    take (words, word, g_utf8_get_char (p), p);
  flush_word (words, word);
  g_ptr_array_add (words, NULL);
  g_string_free (word, TRUE);
  g_free (lower);
  g_free (valid);
  return (gchar **) g_ptr_array_free (words, FALSE);
}

gchar **
parley_utterance_sentences (const gchar * text)
{
  GPtrArray *sentences = g_ptr_array_new ();
  const gchar *start = text, *p;

  for (p = text; *p; p++) {
    gboolean stop = strchr (".!?;", *p) && (p[1] == ' ' || p[1] == '\t');

    if (!stop && *p != '\n')
      continue;
    g_ptr_array_add (sentences, g_strndup (start, p - start));
    start = p + 1;
  }
  g_ptr_array_add (sentences, g_strdup (start));
  g_ptr_array_add (sentences, NULL);
  return (gchar **) g_ptr_array_free (sentences, FALSE);
}

gboolean
parley_utterance_begins (gchar ** words, guint n_words, const gchar * text,
    guint * taken)
{
  guint i;

  for (i = 0; *text; i++) {
    gsize length = strcspn (text, " ");

    if (i == n_words || strncmp (words[i], text, length) != 0
        || words[i][length] != 0)
      return FALSE;
    text += length;
    text += *text == ' ';
  }
  *taken = i;
  return TRUE;
}

guint
parley_utterance_leading_filler (gchar ** words, guint n_words)
{
  guint i, n = 0;

  for (i = 0; n == 0 && i < G_N_ELEMENTS (leading); i++)
    parley_utterance_begins (words, n_words, leading[i], &n);
  /* In front of one word, "yes" is half of what is said: "yes no". */
  if (n_words == 2 && n == 1 && g_str_has_prefix (words[0], "ye"))
    n = 0;
  return n;
}

guint
parley_utterance_trailing_filler (gchar ** words, guint n_words)
{
  guint i, length, n;

  for (length = MIN (n_words, MAX_FILLER_WORDS); length > 0; length--) {
    for (i = 0; i < G_N_ELEMENTS (trailing); i++) {
      if (parley_utterance_begins (words + n_words - length, length,
              trailing[i], &n) && n == length)
        return length;
    }
  }
  return 0;
}

gboolean
parley_utterance_is_function_word (const gchar * word)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (function_words); i++) {
    if (strcmp (function_words[i], word) == 0)
      return TRUE;
  }
  return FALSE;
}
