/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/llm/passage.h"

#include <string.h>

#define NAME "nobargein"
/* A hyphen may follow so many letters of it. */
#define AFTER_NO 2
#define AFTER_BARGE 7
/* Between the name and the ">", in bytes. */
#define MAX_ATTRIBUTES 64
#define MAX_BLANKS 2

typedef enum
{
  NAME_NO,
  NAME_YES,
  NAME_MORE
} NameVerdict;

static const gchar *
skip_blanks (const gchar * p, const gchar * end)
{
  for (guint n = 0; n < MAX_BLANKS && p < end && *p == ' '; n++)
    p++;
  return p;
}

/* 0: none is here; (gunichar) -2: it is cut apart. */
static gunichar
char_at (const gchar * p, const gchar * end)
{
  return p < end ? g_utf8_get_char_validated (p, end - p) : 0;
}

static gboolean
is_hyphen (gunichar c)
{
  return c == '-' || c == '_' || c == 0x2010 || c == 0x2011;
}

/* Reads the name at *@p and moves behind what was read of it. */
static NameVerdict
read_name (const gchar ** p, const gchar * end)
{
  guint n = 0;

  while (NAME[n]) {
    gunichar c = char_at (*p, end);

    if (c == 0 || c == (gunichar) - 2)
      return NAME_MORE;
    if ((n == AFTER_NO || n == AFTER_BARGE) && is_hyphen (c)) {
      *p = g_utf8_next_char (*p);
      c = char_at (*p, end);
      if (c == 0 || c == (gunichar) - 2)
        return NAME_MORE;
    }
    if (c > 0x7f || g_ascii_tolower (c) != NAME[n])
      return NAME_NO;
    (*p)++;
    n++;
  }
  return NAME_YES;
}

static gboolean
goes_on (gchar c)
{
  return g_ascii_isalnum (c) || c == '-' || c == '_';
}

/* The name ends at @p: how the tag does. */
static ParleyPassageTag
read_end (const gchar ** p, const gchar * end, gboolean closes,
    gboolean complete)
{
  ParleyPassageTag tag = closes ? PARLEY_PASSAGE_CLOSE : PARLEY_PASSAGE_OPEN;
  const gchar *q = *p;

  if (q < end && goes_on (*q))
    return PARLEY_PASSAGE_TEXT;
  while (q < end && q - *p < MAX_ATTRIBUTES && !strchr ("<>\n", *q))
    q++;
  if (q == end)
    return complete ? tag : PARLEY_PASSAGE_MORE;
  if (*q != '>')
    return tag;
  if (!closes && q > *p && q[-1] == '/')
    tag = PARLEY_PASSAGE_EMPTY;
  *p = q + 1;
  return tag;
}

ParleyPassageTag
parley_passage_tag (const gchar * text, gsize size, gboolean complete,
    gsize * length)
{
  const gchar *end = text + size;
  const gchar *p = skip_blanks (text + 1, end);
  gboolean blank = p > text + 1;
  gboolean closes = p < end && *p == '/';
  ParleyPassageTag tag = PARLEY_PASSAGE_TEXT;

  if (closes)
    p = skip_blanks (p + 1, end);
  switch (read_name (&p, end)) {
    case NAME_YES:
      tag = read_end (&p, end, closes, complete);
      break;
    case NAME_MORE:
      /* "5 <" at the end is a sign, "<no-ba" is not. */
      if (!complete)
        tag = PARLEY_PASSAGE_MORE;
      else if (size > 1 && !blank)
        tag = PARLEY_PASSAGE_EMPTY;
      p = end;
      break;
    default:
      break;
  }
  *length = p - text;
  return tag;
}

gchar *
parley_passage_strip (const gchar * text)
{
  GString *plain = g_string_new (NULL);
  const gchar *p = text, *end = text + strlen (text);

  while (p < end) {
    gsize n = strcspn (p, "<");

    g_string_append_len (plain, p, n);
    p += n;
    if (p == end)
      break;
    if (parley_passage_tag (p, end - p, TRUE, &n) == PARLEY_PASSAGE_TEXT) {
      g_string_append_c (plain, '<');
      n = 1;
    }
    p += n;
  }
  return g_string_free (plain, FALSE);
}

/* Where the passages are */

void
parley_passages_init (ParleyPassages * self)
{
  *self = (ParleyPassages) {
  g_array_new (FALSE, FALSE, sizeof (gsize))};
}

void
parley_passages_clear (ParleyPassages * self)
{
  g_clear_pointer (&self->borders, g_array_unref);
}

void
parley_passages_reset (ParleyPassages * self)
{
  g_array_set_size (self->borders, 0);
  self->inside = self->open = self->closing = self->stopped = FALSE;
}

static void
add_border (ParleyPassages * self, gsize at)
{
  g_array_append_val (self->borders, at);
  self->open = !self->open;
  self->closing = FALSE;
}

void
parley_passages_write_tag (ParleyPassages * self, ParleyPassageTag tag,
    gsize at)
{
  if (tag == PARLEY_PASSAGE_CLOSE && self->open) {
    if (self->stopped)
      add_border (self, at);
    else
      self->closing = TRUE;
  } else if (tag == PARLEY_PASSAGE_OPEN) {
    if (self->closing)
      add_border (self, at);
    if (!self->open)
      add_border (self, at);
  }
}

void
parley_passages_write (ParleyPassages * self, gunichar c, gboolean is_stop,
    gboolean follows, gsize at)
{
  if (self->closing && !follows)
    add_border (self, at);
  if (!g_unichar_isspace (c))
    self->stopped = is_stop;
}

void
parley_passages_finish (ParleyPassages * self, gsize at)
{
  if (self->closing)
    add_border (self, at);
}

void
parley_passages_read (ParleyPassages * self, gsize at)
{
  while (self->borders->len && g_array_index (self->borders, gsize, 0) <= at) {
    g_array_remove_index (self->borders, 0);
    self->inside = !self->inside;
  }
}

gsize
parley_passages_next (const ParleyPassages * self, gsize end)
{
  return self->borders->len ? g_array_index (self->borders, gsize, 0) : end;
}

void
parley_passages_shift (ParleyPassages * self, gsize n)
{
  for (guint i = 0; i < self->borders->len; i++)
    g_array_index (self->borders, gsize, i) -= n;
}

void
parley_passages_truncate (ParleyPassages * self, gsize end)
{
  for (guint i = 0; i < self->borders->len; i++) {
    gsize *border = &g_array_index (self->borders, gsize, i);

    *border = MIN (*border, end);
  }
}
