/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/speakable.h"

#include <string.h>

/* Two passes: lines (headings, lists, quotes, tables, fences), then what runs
 * inside a line (links, emphasis, code, emoji). */

typedef struct
{
  GString *text;
  gboolean hole;                /* something was left out just before */
} Spoken;

static gboolean
is_emoji (gunichar c)
{
  return (c >= 0x1F000 && c <= 0x1FAFF) || (c >= 0x2600 && c <= 0x27BF)
      || (c >= 0x2B00 && c <= 0x2BFF) || (c >= 0x2190 && c <= 0x21FF)
      || (c >= 0x25A0 && c <= 0x25FF) || (c >= 0x2300 && c <= 0x23FF)
      || (c >= 0xE0020 && c <= 0xE007F) || c == 0x3030 || c == 0x303D
      || c == 0x3297 || c == 0x3299 || c == 0x203C || c == 0x2049;
}

/* Joiners, selectors and what has no width: never said. A joiner between two
 * letters is spelling in some scripts, so those are left to append(). */
static gboolean
is_invisible (gunichar c)
{
  return c == 0xFE0F || c == 0xFE0E || c == 0x20E3 || c == 0x200B
      || c == 0x2060 || c == 0xFEFF || c == 0x00AD;
}

static gboolean
is_word (gunichar c)
{
  return g_unichar_isalnum (c);
}

static gunichar
last_char (const GString * text)
{
  if (text->len == 0)
    return 0;
  return g_utf8_get_char (g_utf8_prev_char (text->str + text->len));
}

static gunichar
char_at (const gchar * p)
{
  return *p ? g_utf8_get_char (p) : 0;
}

static void
append (Spoken * out, gunichar c)
{
  gunichar last = last_char (out->text);

  if (g_unichar_isspace (c)) {
    if (last != 0 && last != ' ')
      g_string_append_c (out->text, ' ');
    return;
  }
  /* "Great 😀!" leaves "Great!". */
  if (out->hole && last == ' ' && c < 0x80 && strchr (".,!?;:)", c))
    g_string_truncate (out->text, out->text->len - 1);
  out->hole = FALSE;
  g_string_append_unichar (out->text, c);
}

static void
append_text (Spoken * out, const gchar * text)
{
  for (; *text; text = g_utf8_next_char (text))
    append (out, g_utf8_get_char (text));
}

/* The emoji at @p: a digit with a keycap, a (c) or TM drawn as a picture, or a
 * picture with all that is joined to it. Returns where it ends, or NULL. */
static const gchar *
emoji_end (const gchar * p)
{
  gunichar c = g_utf8_get_char (p);
  const gchar *next = g_utf8_next_char (p);

  if (g_ascii_isdigit (*p) || *p == '#' || *p == '*') {
    if (char_at (next) == 0xFE0F)
      next = g_utf8_next_char (next);
    return char_at (next) == 0x20E3 ? g_utf8_next_char (next) : NULL;
  }
  if (is_emoji (c))
    return next;
  if ((c == 0xA9 || c == 0xAE || c == 0x2122) && char_at (next) == 0xFE0F)
    return g_utf8_next_char (next);
  if (c == 0x200D && (!g_unichar_isalpha (char_at (next))))
    return next;
  return NULL;
}

/* A number, a parenthesis or a variable of one letter. */
static gboolean
is_operand_start (const gchar * p)
{
  return g_ascii_isdigit (*p) || *p == '('
      || (g_ascii_isalpha (*p) && !g_ascii_isalpha (p[1]));
}

static gboolean
is_operand_end (const gchar * text, gsize n)
{
  if (n == 0)
    return FALSE;
  return g_ascii_isdigit (text[n - 1]) || text[n - 1] == ')'
      || (g_ascii_isalpha (text[n - 1])
      && (n == 1 || !g_ascii_isalpha (text[n - 2])));
}

/* Whether the '*' at @p stands between two operands: "2 * 3", "a * b". */
static gboolean
is_product (const Spoken * out, const gchar * p)
{
  gsize n = out->text->len;
  gboolean spaced = n > 0 && out->text->str[n - 1] == ' ';

  if (spaced != (p[1] == ' '))
    return FALSE;
  if (spaced)
    return is_operand_end (out->text->str, n - 1) && is_operand_start (p + 2);
  return n > 0 && g_ascii_isdigit (out->text->str[n - 1])
      && is_operand_start (p + 1);
}

/* "](address)", "][id]" and "](address" that breaks off: where it ends. */
static const gchar *
link_target_end (const gchar * p)
{
  gchar close = p[1] == '(' ? ')' : p[1] == '[' ? ']' : 0;
  const gchar *q = p + 2;
  guint depth = 0;

  if (!close)
    return p + 1;
  for (; *q && (depth > 0 || *q != close); q++) {
    if (*q == '(' && close == ')')
      depth++;
    else if (*q == ')' && depth > 0)
      depth--;
  }
  return *q ? q + 1 : q;
}

/* "<!-- … -->", or the rest where the end is missing. */
static const gchar *
comment_end (const gchar * p)
{
  const gchar *end = strstr (p, "-->");

  return end ? end + 3 : p + strlen (p);
}

/* An HTML tag or <https://address>; NULL when '<' is a sign. */
static const gchar *
tag_end (const gchar * p)
{
  const gchar *q = p + 1;

  if (*q == '/')
    q++;
  if (!g_ascii_isalpha (*q))
    return NULL;
  q += strcspn (q, "<>");
  return *q == '>' ? q + 1 : NULL;
}

static const gchar *
speak_tag (Spoken * out, const gchar * p)
{
  const gchar *end = tag_end (p);
  gchar *inside;

  if (!end) {
    append (out, '<');
    return p + 1;
  }
  inside = g_strndup (p + 1, end - p - 2);
  if ((strstr (inside, "://") || strchr (inside, '@'))
      && !strpbrk (inside, " =\"`"))
    append_text (out, inside);
  else if (g_ascii_strncasecmp (inside, "br", 2) == 0)
    append (out, ' ');
  g_free (inside);
  out->hole = TRUE;
  return end;
}

/* An address is taken whole: its marks are no markdown. */
static gsize
address_length (const gchar * p)
{
  gsize n = 0;

  if (g_str_has_prefix (p, "http://") || g_str_has_prefix (p, "https://"))
    n = strcspn (p, " \t\n<>[]()*`|\"");
  return n;
}

static gboolean
is_mark (const Spoken * out, const gchar * p)
{
  switch (*p) {
    case '`':
    case '[':
      return TRUE;
    case '*':
      return !is_product (out, p);
    case '_':
      return !is_word (last_char (out->text)) || !is_word (char_at (p + 1));
    case '!':
      return p[1] == '[';
    default:
      return FALSE;
  }
}

static const gchar *
speak_next (Spoken * out, const gchar * p)
{
  const gchar *end = emoji_end (p);
  gsize address = address_length (p);

  if (end) {
    out->hole = TRUE;
    return end;
  }
  if (address > 0) {
    g_string_append_len (out->text, p, address);
    return p + address;
  }
  if (*p == '[' && p[1] == '^' && strchr (p, ']'))
    return strchr (p, ']') + 1;
  if (*p == '~' && p[1] == '~')
    return p + 2;
  if (is_mark (out, p))
    return p + 1;
  if (*p == ']')
    return link_target_end (p);
  if (g_str_has_prefix (p, "<!--"))
    return comment_end (p);
  if (*p == '<')
    return speak_tag (out, p);
  if (*p == '\\' && g_ascii_ispunct (p[1]))
    return strchr ("*_`~#[]|\\", p[1]) ? p + 2 : p + 1;
  if (!is_invisible (g_utf8_get_char (p)))
    append (out, g_utf8_get_char (p));
  return g_utf8_next_char (p);
}

/* "|---|:--:|", "***", "===": drawn, not said. */
static gboolean
is_rule (const gchar * line)
{
  gsize n = strspn (line, "-=*_|:+ \t");

  if (line[n] != 0)
    return FALSE;
  return strstr (line, "--") || strstr (line, "==") || strstr (line, "**")
      || strstr (line, "__") || strchr (line, '|');
}

/* Skips what makes a line a heading, a quote or a list item. */
static const gchar *
skip_markers (const gchar * p)
{
  for (;;) {
    gsize hashes;

    p += strspn (p, " \t");
    hashes = strspn (p, "#");
    if (hashes > 0 && hashes <= 6 && (p[hashes] == ' ' || !p[hashes])) {
      p += hashes;
    } else if (*p == '>') {
      p++;
    } else if (strchr ("-*+", *p) && *p && (p[1] == ' ' || p[1] == '\t')) {
      p += 2;
    } else if (*p && g_utf8_strchr ("•‣◦▪●", -1, g_utf8_get_char (p))) {
      p = g_utf8_next_char (p);
    } else if (g_str_has_prefix (p, "[ ] ") || g_str_has_prefix (p, "[x] ")
        || g_str_has_prefix (p, "[X] ")) {
      p += 4;
    } else {
      return p;
    }
  }
}

static gboolean
is_table_row (const gchar * line)
{
  const gchar *bar = strchr (line, '|');

  return *line == '|' || (bar && strchr (bar + 1, '|')
      && !strstr (line, "||"));
}

static void
speak_inline (Spoken * out, const gchar * text)
{
  while (*text)
    text = speak_next (out, text);
}

static void
speak_table_row (Spoken * out, const gchar * line)
{
  gchar **cells = g_strsplit (line, "|", -1);
  guint i;

  for (i = 0; cells[i]; i++) {
    if (*g_strstrip (cells[i]) == 0)
      continue;
    g_strchomp (out->text->str);
    out->text->len = strlen (out->text->str);
    if (is_word (last_char (out->text)))
      append_text (out, ",");
    append (out, ' ');
    speak_inline (out, cells[i]);
  }
  g_strfreev (cells);
}

/* "Title ##": a heading may end as it began. */
static void
cut_heading_end (gchar * heading)
{
  gsize n;

  g_strchomp (heading);
  n = strlen (heading);
  while (n > 0 && heading[n - 1] == '#')
    n--;
  if (n == 0 || heading[n - 1] == ' ')
    heading[n] = 0;
}

static void
speak_line (Spoken * out, const gchar * line)
{
  gchar *text = g_strdup (skip_markers (line));

  if (*line == '#' && *text != '#')
    cut_heading_end (text);
  if (is_table_row (text) && !is_rule (text))
    speak_table_row (out, text);
  else if (!is_rule (text))
    speak_inline (out, text);
  g_free (text);
}

static gboolean
is_fence (const gchar * line)
{
  return g_str_has_prefix (line, "```") || g_str_has_prefix (line, "~~~");
}

static gboolean
is_said (const gchar * text)
{
  for (; *text; text = g_utf8_next_char (text)) {
    if (g_unichar_isalnum (g_utf8_get_char (text)))
      return TRUE;
  }
  return FALSE;
}

/* Code between two fences is not said; a lone fence line neither. */
static void
speak_lines (Spoken * out, gchar ** lines)
{
  guint i, close;

  for (i = 0; lines[i]; i++) {
    const gchar *line = lines[i] + strspn (lines[i], " \t\r");

    if (is_fence (line) && !strchr (line + 3, *line)) {
      for (close = i + 1; lines[close]; close++) {
        if (is_fence (lines[close] + strspn (lines[close], " \t")))
          break;
      }
      if (lines[close])
        i = close;
      continue;
    }
    speak_line (out, line);
    append (out, ' ');
  }
}

gchar *
parley_speakable (const gchar * sentence)
{
  Spoken out = { g_string_new (NULL), FALSE };
  gchar *valid, **lines;

  g_return_val_if_fail (sentence != NULL, NULL);

  valid = g_utf8_make_valid (sentence, -1);
  lines = g_strsplit (valid, "\n", -1);
  speak_lines (&out, lines);
  g_strfreev (lines);
  g_free (valid);
  if (!is_said (out.text->str))
    g_string_truncate (out.text, 0);
  return g_strchomp (g_string_free (out.text, FALSE));
}
