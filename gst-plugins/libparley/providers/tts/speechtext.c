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

static guint
break_rank (gunichar c, const gchar * next)
{
  if (c == 0x3002 || c == 0xff01 || c == 0xff1f)        /* 。！？ */
    return 3;
  if (c == 0x3001 || c == 0xff0c)       /* 、， */
    return 2;
  if (*next != ' ')
    return 0;
  if (c == '.' || c == '!' || c == '?' || c == 0x2026)
    return 3;
  return strchr (",;:", c) && c < 0x80 ? 2 : 1;
}

/* Length of the first piece of @text, which is longer than @max. */
static gsize
piece_length (const gchar * text, gsize max)
{
  gsize at[4] = { 0 };
  gsize whole = 0;

  for (const gchar * p = text; *p;) {
    const gchar *next = g_utf8_next_char (p);
    guint rank;

    if ((gsize) (next - text) > max)
      break;
    rank = break_rank (g_utf8_get_char (p), next);
    whole = next - text;
    /* An end so early would make a piece of a word or two. */
    if (rank > 0 && (rank == 1 || whole * 4 >= max))
      at[rank] = whole;
    p = next;
  }
  for (guint rank = 3; rank > 0; rank--)
    if (at[rank] > 0)
      return at[rank];
  return whole;
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
parley_speech_text_split (const gchar * text, gsize max)
{
  GPtrArray *pieces = g_ptr_array_new_with_free_func (g_free);
  gsize left = strlen (text);

  while (left > 0) {
    gsize length = left <= max ? left : piece_length (text, max);
    gchar *piece = g_strstrip (g_strndup (text, length));

    if (says_something (piece))
      g_ptr_array_add (pieces, piece);
    else
      g_free (piece);
    text += length;
    left -= length;
  }
  return pieces;
}
