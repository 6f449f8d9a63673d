/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/tts/speechtext.h"

#include <string.h>

/* What GLib's transliteration does not know, or puts into letters where a word
 * is said. */
static const struct
{
  gunichar sign;
  const gchar *said;
} signs[] = {
  {0x2013, ", "},               /* en dash */
  {0x2014, ", "},               /* em dash */
  {0x2018, "'"}, {0x2019, "'"}, {0x201c, "\""}, {0x201d, "\""},
  {0x2026, "..."},
  {0x00a3, " pounds "}, {0x20ac, " euros "}, {0x00a5, " yen "},
  {0x00b0, " degrees "},
  {0x00bd, " one half "}, {0x00bc, " one quarter "},
  {0x00be, " three quarters "},
  {0x00d7, " times "}, {0x00b1, " plus or minus "},
};

static gboolean
is_blank (gunichar c)
{
  return g_unichar_isspace (c) || g_unichar_iscntrl (c) || c == 0x00a0
      || c == 0xfeff;
}

gchar *
parley_speech_text_clean (const gchar * text)
{
  gchar *valid = g_utf8_make_valid (text, -1);
  GString *clean = g_string_sized_new (strlen (valid));

  for (const gchar * p = valid; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (!is_blank (c) && c != 0xfffd)
      g_string_append_unichar (clean, c);
    else if (clean->len > 0 && clean->str[clean->len - 1] != ' ')
      g_string_append_c (clean, ' ');
  }
  if (clean->len > 0 && clean->str[clean->len - 1] == ' ')
    g_string_truncate (clean, clean->len - 1);
  g_free (valid);
  return g_string_free (clean, FALSE);
}

static void
append_ascii (GString * ascii, gunichar c)
{
  gchar utf8[7];
  gchar *plain;

  for (guint i = 0; i < G_N_ELEMENTS (signs); i++) {
    if (signs[i].sign == c) {
      g_string_append (ascii, signs[i].said);
      return;
    }
  }
  utf8[g_unichar_to_utf8 (c, utf8)] = '\0';
  plain = g_str_to_ascii (utf8, "C");
  /* GLib's sign for "no such form". */
  if (strcmp (plain, "?") != 0)
    g_string_append (ascii, plain);
  g_free (plain);
}

gchar *
parley_speech_text_to_ascii (const gchar * text)
{
  gchar *clean = parley_speech_text_clean (text);
  gchar *composed = g_utf8_normalize (clean, -1, G_NORMALIZE_DEFAULT_COMPOSE);
  GString *ascii = g_string_sized_new (strlen (composed));
  gchar *result;

  for (const gchar * p = composed; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (c < 0x80)
      g_string_append_c (ascii, c);
    else
      append_ascii (ascii, c);
  }
  g_free (composed);
  g_free (clean);
  /* What was dropped or said in words left runs of spaces. */
  result = parley_speech_text_clean (ascii->str);
  g_string_free (ascii, TRUE);
  return result;
}

/* How good it is to cut at a place, the best last. */
typedef enum
{
  CUT_NEVER,
  CUT_WORD,
  CUT_CLAUSE,
  CUT_SENTENCE,
  N_CUTS
} Cut;

/* A word this long is no abbreviation. */
#define MIN_LAST_WORD 5

static gboolean
ends_word (const gchar * text, const gchar * stop)
{
  guint letters = 0;

  while (stop > text && letters < MIN_LAST_WORD) {
    stop = g_utf8_prev_char (stop);
    if (!g_unichar_isalnum (g_utf8_get_char (stop)))
      return FALSE;
    letters++;
  }
  return letters == MIN_LAST_WORD;
}

static Cut
cut_of_sign (gunichar c)
{
  switch (c) {
    case '.':
    case '!':
    case '?':
    case 0x2026:               /* … */
    case 0x3002:               /* 。 */
    case 0xff01:               /* ！ */
    case 0xff1f:               /* ？ */
      return CUT_SENTENCE;
    case ',':
    case ';':
    case ':':
    case 0x3001:               /* 、 */
    case 0xff0c:               /* ， */
      return CUT_CLAUSE;
    default:
      return CUT_WORD;
  }
}

/* Of the place behind the character at @p. */
static Cut
cut_behind (const gchar * text, const gchar * p)
{
  gunichar c = g_utf8_get_char (p);
  Cut cut = cut_of_sign (c);

  /* Wide signs need no space behind them. */
  if (c >= 0x3000 && cut > CUT_WORD)
    return cut;
  if (*g_utf8_next_char (p) != ' ')
    return CUT_NEVER;
  return c == '.' && !ends_word (text, p) ? CUT_WORD : cut;
}

/* Length of the first piece of @text of @max bytes at most; 0 if there is no
 * place to cut as good as @least. */
static gsize
piece_length (const gchar * text, gsize max, Cut least)
{
  gsize at[N_CUTS] = { 0 };
  gsize whole = 0;

  for (const gchar * p = text; *p;) {
    const gchar *next = g_utf8_next_char (p);
    Cut cut;

    if ((gsize) (next - text) > max)
      break;
    cut = cut_behind (text, p);
    whole = next - text;
    /* An end so early would make a piece of a word or two. */
    if (cut <= CUT_WORD || whole * 4 >= max)
      at[cut] = whole;
    p = next;
  }
  for (Cut cut = CUT_SENTENCE; cut >= MAX (least, CUT_WORD); cut--)
    if (at[cut] > 0)
      return at[cut];
  return least == CUT_NEVER ? whole : 0;
}

guint
parley_speech_text_pause (const gchar * piece)
{
  static const guint pauses[N_CUTS] = { 0, 30, 150, 300 };
  const gchar *p = piece + strlen (piece);

  while (p > piece) {
    gunichar c;

    p = g_utf8_prev_char (p);
    c = g_utf8_get_char (p);
    if (g_unichar_isalnum (c) || cut_of_sign (c) != CUT_WORD)
      return pauses[cut_of_sign (c)];
  }
  return pauses[CUT_WORD];
}

static gboolean
says_something (const gchar * text)
{
  for (; *text; text = g_utf8_next_char (text))
    if (g_unichar_isalnum (g_utf8_get_char (text)))
      return TRUE;
  return FALSE;
}

GPtrArray *
parley_speech_text_split (const gchar * text, gsize max, gsize first)
{
  GPtrArray *pieces = g_ptr_array_new_with_free_func (g_free);
  gsize left = strlen (text);

  while (left > 0) {
    gsize length = 0;
    gchar *piece;

    if (pieces->len == 0 && first > 0 && left > first)
      length = piece_length (text, first, CUT_CLAUSE);
    if (length == 0)
      length = left <= max ? left : piece_length (text, max, CUT_NEVER);
    piece = g_strstrip (g_strndup (text, length));

    if (says_something (piece))
      g_ptr_array_add (pieces, piece);
    else
      g_free (piece);
    text += length;
    left -= length;
  }
  return pieces;
}
