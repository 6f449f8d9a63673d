/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cardmask.h"

#include <string.h>

#define MIN_DIGITS 13
#define MAX_DIGITS 19
#define SHOWN 4

/* A digit and the text that it stands for. Digits of one word share it. */
typedef struct
{
  gchar digit;
  gsize begin;
  gsize end;
} Digit;

typedef struct
{
  const gchar *word;
  const gchar *digits;          /* a multiplier's: NULL */
  guint times;                  /* of a multiplier */
} Word;

static const Word words[] = {
  {"zero", "0"}, {"oh", "0"}, {"o", "0"}, {"one", "1"}, {"two", "2"},
  {"three", "3"}, {"four", "4"}, {"five", "5"}, {"six", "6"}, {"seven", "7"},
  {"eight", "8"}, {"nine", "9"}, {"ten", "10"}, {"eleven", "11"},
  {"twelve", "12"}, {"thirteen", "13"}, {"fourteen", "14"},
  {"fifteen", "15"}, {"sixteen", "16"}, {"seventeen", "17"},
  {"eighteen", "18"}, {"nineteen", "19"}, {"twenty", "20"},
  {"thirty", "30"}, {"forty", "40"}, {"fifty", "50"}, {"sixty", "60"},
  {"seventy", "70"}, {"eighty", "80"}, {"ninety", "90"},
  {"hundred", "00"}, {"thousand", "000"},
  {"double", NULL, 2}, {"triple", NULL, 3},
};

static const Word *
find_word (const gchar * text, gsize len)
{
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strlen (words[i].word) == len
        && g_ascii_strncasecmp (words[i].word, text, len) == 0)
      return &words[i];
  return NULL;
}

/* "forty" and then "one" are 41. */
static gboolean
joins_tens (GArray * run, const Word * tens, const Word * word)
{
  return tens && tens->digits && strlen (tens->digits) == 2
      && tens->digits[0] >= '2' && tens->digits[1] == '0'
      && word->digits && strlen (word->digits) == 1 && word->digits[0] != '0'
      && run->len > 0;
}

static void
add_digits (GArray * run, const gchar * digits, gsize len, gsize begin,
    gsize end)
{
  for (gsize i = 0; i < len; i++) {
    Digit digit = { digits[i], begin, end };

    g_array_append_val (run, digit);
  }
}

static gboolean
passes_luhn (const Digit * digits, guint n)
{
  guint sum = 0;

  for (guint i = 0; i < n; i++) {
    guint value = digits[n - 1 - i].digit - '0';

    if (i % 2 == 1)
      value = value * 2 > 9 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

/* The longest card number in @run from @from on; 0: none. No issuer's number
 * begins with 0. */
static guint
find_card (GArray * run, guint from)
{
  const Digit *digits = &g_array_index (run, Digit, from);
  guint left = run->len - from;

  for (guint n = MIN (left, MAX_DIGITS); n >= MIN_DIGITS; n--)
    if (digits->digit != '0' && passes_luhn (digits, n))
      return n;
  return from == 0 && (left == 15 || left == 16) ? left : 0;
}

/* Writes the @n digits at @card, hidden. What was on lines stays on them. */
static void
write_card (GString * out, const gchar * text, const Digit * card, guint n)
{
  for (guint i = 0; i < n; i++) {
    for (gsize at = i ? card[i - 1].end : card->begin; at < card[i].begin; at++)
      if (text[at] == '\n')
        g_string_append_c (out, '\n');
    g_string_append_c (out, i + SHOWN < n ? '*' : card[i].digit);
  }
}

/* Writes @text from *@done up to the end of the run, cards hidden. */
static void
write_run (GString * out, const gchar * text, GArray * run, gsize * done)
{
  for (guint i = 0; i + MIN_DIGITS <= run->len; i++) {
    guint n = find_card (run, i);
    const Digit *first = &g_array_index (run, Digit, i);

    if (!n || first->begin < *done)
      continue;
    g_string_append_len (out, text + *done, first->begin - *done);
    write_card (out, text, first, n);
    i += n - 1;
    *done = g_array_index (run, Digit, i).end;
  }
  g_array_set_size (run, 0);
}

static gboolean
is_separator (gchar c)
{
  return c == ' ' || c == '-' || c == '.' || c == ',' || c == '\n';
}

/* The end of the word at @text. */
static gsize
word_length (const gchar * text)
{
  gsize len = 0;

  while (g_ascii_isalpha (text[len]))
    len++;
  return len;
}

/* What was read of a run. */
typedef struct
{
  GArray *run;                  /* of Digit */
  const Word *last;             /* the word before, if it was one */
} Reader;

/* A word at @at: FALSE if it is no number's. */
static gboolean
read_word (Reader * self, const gchar * text, gsize at, gsize len)
{
  const Word *word = find_word (text + at, len);
  const Word *last = self->last;
  const gchar *digits = word ? word->digits : NULL;

  self->last = word;
  if (!digits)
    return word != NULL;
  if (joins_tens (self->run, last, word)) {
    Digit *ones = &g_array_index (self->run, Digit, self->run->len - 1);

    ones->digit = digits[0];
    ones->end = at + len;
    return TRUE;
  }
  for (guint i = 0; i < (last && !last->digits ? last->times : 1); i++)
    add_digits (self->run, digits, strlen (digits), at, at + len);
  return TRUE;
}

gchar *
parley_card_mask (const gchar * text)
{
  GString *out = g_string_new (NULL);
  Reader reader = { g_array_new (FALSE, FALSE, sizeof (Digit)), NULL };
  gsize done = 0;

  for (gsize at = 0; text[at];) {
    gsize len = word_length (text + at);

    if (g_ascii_isdigit (text[at])) {
      add_digits (reader.run, text + at, 1, at, at + 1);
      reader.last = NULL;
      at++;
    } else if (len > 0) {
      if (!read_word (&reader, text, at, len))
        write_run (out, text, reader.run, &done);
      at += len;
    } else {
      if (!is_separator (text[at]))
        write_run (out, text, reader.run, &done);
      at++;
    }
  }
  write_run (out, text, reader.run, &done);
  g_string_append (out, text + done);
  g_array_unref (reader.run);
  return g_string_free (out, FALSE);
}
