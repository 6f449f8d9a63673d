/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/endpointtext.h"

#include <string.h>

/* Bytes at the end of a long turn that matter for how it goes on. */
#define MOST_TEXT 400
/* The longest phrase for a number: "quatre vingt dix neuf". */
#define MOST_NUMBER_WORDS 4
#define MOST_REPEATS 3

struct _ParleySpokenNumbers
{
  GHashTable *values;           /* phrase to value + 1 */
  GHashTable *repeats;          /* phrase to times */
  GHashTable *joiners;          /* set of words */
};

ParleySpokenNumbers *
parley_spoken_numbers_new (void)
{
  ParleySpokenNumbers *self = g_new0 (ParleySpokenNumbers, 1);

  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->repeats = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->joiners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
parley_spoken_numbers_free (ParleySpokenNumbers * self)
{
  g_hash_table_unref (self->values);
  g_hash_table_unref (self->repeats);
  g_hash_table_unref (self->joiners);
  g_free (self);
}

/* Words */

static gboolean
is_apostrophe (gunichar c)
{
  return c == '\'' || c == 0x2019;
}

/* Lower case, one blank between words, none around. */
static gchar *
to_words (const gchar * text)
{
  g_autofree gchar *lower = g_utf8_strdown (text, -1);
  GString *out = g_string_sized_new (strlen (lower));
  gboolean blank = FALSE;

  for (const gchar * at = lower; *at; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);

    if (is_apostrophe (c))
      continue;
    if (c != '@' && !g_unichar_isalnum (c) && !g_unichar_ismark (c)) {
      blank = TRUE;
      continue;
    }
    if ((blank || c == '@') && out->len > 0)
      g_string_append_c (out, ' ');
    g_string_append_unichar (out, c);
    blank = c == '@';
  }
  return g_string_free (out, FALSE);
}

static gunichar
mark_of (const gchar * text)
{
  const gchar *end = text + strlen (text);
  gunichar c = 0;

  while (end > text) {
    end = g_utf8_prev_char (end);
    c = g_utf8_get_char (end);
    if (!g_unichar_isspace (c) && !strchr ("\"'", (int) MIN (c, 127)))
      break;
  }
  if (c == 0x2026 || g_str_has_prefix (end - MIN (end - text, 2), "..."))
    return 0x2026;
  if (c == 0x2013 || c == 0x2014)
    return '-';
  return c && c < 128 && strchr (".,;:?!-", (int) c) ? c : 0;
}

/* The end of @text, from the beginning of a word. */
static const gchar *
tail_of (const gchar * text)
{
  gsize len = strlen (text);
  const gchar *at;

  if (len <= MOST_TEXT)
    return text;
  at = strchr (text + len - MOST_TEXT, ' ');
  return at ? at : g_utf8_find_next_char (text + len - MOST_TEXT, NULL);
}

/* Numbers */

void
parley_spoken_numbers_add (ParleySpokenNumbers * self, const gchar * words,
    guint value)
{
  g_hash_table_replace (self->values, to_words (words),
      GUINT_TO_POINTER (value + 1));
}

void
parley_spoken_numbers_add_repeat (ParleySpokenNumbers * self,
    const gchar * words, guint times)
{
  g_hash_table_replace (self->repeats, to_words (words),
      GUINT_TO_POINTER (MIN (times, MOST_REPEATS)));
}

void
parley_spoken_numbers_add_joiner (ParleySpokenNumbers * self,
    const gchar * word)
{
  g_hash_table_add (self->joiners, to_words (word));
}

/* The longest phrase at words[0] that @table has: its value, or NULL; *n: its
 * words. */
static gpointer
look_up (GHashTable * table, gchar ** words, guint * n)
{
  g_autoptr (GString) phrase = g_string_new (NULL);
  gpointer longest = NULL;

  for (guint i = 0; i < MOST_NUMBER_WORDS && words[i]; i++) {
    gpointer value;

    if (i > 0)
      g_string_append_c (phrase, ' ');
    g_string_append (phrase, words[i]);
    value = g_hash_table_lookup (table, phrase->str);
    if (value) {
      longest = value;
      *n = i + 1;
    }
  }
  return longest;
}

static gboolean
is_digits (const gchar * word)
{
  return *word && word[strspn (word, "0123456789")] == '\0';
}

/* -1: words[0] says no number; else *n: how many words do. */
static gint
value_at (const ParleySpokenNumbers * self, gchar ** words, guint * n)
{
  gpointer found = look_up (self->values, words, n);
  gint value = (gint) GPOINTER_TO_UINT (found) - 1;
  guint at, more = 0;

  if (value < 20 || value % 10 != 0)
    return value;
  at = *n;
  if (words[at] && g_hash_table_contains (self->joiners, words[at]))
    at++;
  if (words[at]) {
    gint unit =
        (gint) GPOINTER_TO_UINT (look_up (self->values, words + at, &more)) - 1;

    if (unit > 0 && unit < 10) {
      *n = at + more;
      value += unit;
    }
  }
  return value;
}

/* Appends the digits that words[0] begins to say; how many words those are, 0:
 * none. */
static guint
append_number (const ParleySpokenNumbers * self, gchar ** words, GString * out)
{
  guint n = 0, before = 0;
  guint times = 1;
  gint value;

  if (is_digits (words[0])) {
    g_string_append (out, words[0]);
    return 1;
  }
  if (!self)
    return 0;
  times = GPOINTER_TO_UINT (look_up (self->repeats, words, &before));
  value = value_at (self, words + before, &n);
  if (value < 0 || (before && value > 9))
    return 0;
  for (guint i = 0; i < MAX (times, 1); i++)
    g_string_append_printf (out, "%d", value);
  return before + n;
}

void
parley_endpoint_text_init (ParleyEndpointText * self, const gchar * text,
    const ParleySpokenNumbers * numbers)
{
  const gchar *tail = tail_of (text);
  g_autofree gchar *plain = to_words (tail);
  g_auto (GStrv) words = g_strsplit (plain, " ", -1);
  GString *out = g_string_new (NULL);

  self->mark = mark_of (tail);
  self->digits = self->n_words = 0;
  for (guint i = 0; words[i] && *words[0];) {
    g_autoptr (GString) number = g_string_new (NULL);
    guint n = append_number (numbers, words + i, number);

    if (n == 0)
      self->digits = 0;
    if (self->digits == 0) {
      if (out->len > 0)
        g_string_append_c (out, ' ');
      self->n_words++;
    }
    if (n == 0)
      g_string_append (out, words[i]);
    else
      g_string_append_len (out, number->str, number->len);
    self->digits += number->len;
    i += MAX (n, 1);
  }
  self->words = g_string_free (out, FALSE);
}

void
parley_endpoint_text_clear (ParleyEndpointText * self)
{
  g_clear_pointer (&self->words, g_free);
}
