/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/jsoncheck.h"

#include <string.h>

#define MAX_NUMBER_LEN 40

typedef struct
{
  const gchar *p;
  const gchar *end;
  guint depth_left;
  const gchar *wrong;
} Check;

static gboolean check_value (Check * self);

static gboolean
fail (Check * self, const gchar * wrong)
{
  if (self->wrong == NULL)
    self->wrong = wrong;
  return FALSE;
}

static void
skip_space (Check * self)
{
  while (self->p < self->end && (*self->p == ' ' || *self->p == '\t'
          || *self->p == '\n' || *self->p == '\r'))
    self->p++;
}

/* The next character that is not space, '\0' at the end. */
static gchar
peek (Check * self)
{
  skip_space (self);
  return self->p < self->end ? *self->p : '\0';
}

static gboolean
read_hex4 (Check * self, guint * unit)
{
  guint i;

  if (self->end - self->p < 4)
    return FALSE;
  for (i = 0, *unit = 0; i < 4; i++, self->p++) {
    if (!g_ascii_isxdigit (*self->p))
      return FALSE;
    *unit = *unit << 4 | g_ascii_xdigit_value (*self->p);
  }
  return TRUE;
}

/* After "\u". */
static gboolean
check_unicode_escape (Check * self)
{
  guint unit, low;

  if (!read_hex4 (self, &unit))
    return fail (self, "a \\u escape lacks its four hex digits");
  if (unit == 0)
    return fail (self, "a string holds a NUL");
  if (unit >= 0xd800 && unit <= 0xdbff) {
    if (self->end - self->p < 2 || self->p[0] != '\\' || self->p[1] != 'u')
      return fail (self, "half of a surrogate pair stands alone");
    self->p += 2;
    if (!read_hex4 (self, &low) || low < 0xdc00 || low > 0xdfff)
      return fail (self, "half of a surrogate pair stands alone");
  } else if (unit >= 0xdc00 && unit <= 0xdfff) {
    return fail (self, "half of a surrogate pair stands alone");
  }
  return TRUE;
}

static gboolean
check_string (Check * self)
{
  for (self->p++; self->p < self->end; self->p++) {
    gchar c = *self->p;

    if (c == '"') {
      self->p++;
      return TRUE;
    }
    if ((guchar) c < 0x20)
      return fail (self, "a string holds a control character");
    if (c != '\\')
      continue;
    if (++self->p == self->end)
      break;
    if (*self->p == 'u') {
      self->p++;
      if (!check_unicode_escape (self))
        return FALSE;
      self->p--;
    } else if (strchr ("\"\\/bfnrt", *self->p) == NULL) {
      return fail (self, "a string has an unknown escape");
    }
  }
  return fail (self, "a string is not closed");
}

static gboolean
skip_digits (Check * self)
{
  const gchar *start = self->p;

  while (self->p < self->end && g_ascii_isdigit (*self->p))
    self->p++;
  return self->p > start;
}

static gboolean
check_number (Check * self)
{
  const gchar *start = self->p;
  gboolean ok;

  if (*self->p == '-')
    self->p++;
  if (self->p < self->end && *self->p == '0') {
    self->p++;
    ok = TRUE;
  } else {
    ok = skip_digits (self);
  }
  if (ok && self->p < self->end && *self->p == '.') {
    self->p++;
    ok = skip_digits (self);
  }
  if (ok && self->p < self->end && (*self->p == 'e' || *self->p == 'E')) {
    self->p++;
    if (self->p < self->end && (*self->p == '+' || *self->p == '-'))
      self->p++;
    ok = skip_digits (self);
  }
  if (!ok)
    return fail (self, "a number is not written as JSON wants it");
  if (self->p - start > MAX_NUMBER_LEN)
    return fail (self, "a number is too long");
  return TRUE;
}

static gboolean
check_word (Check * self, const gchar * word)
{
  gsize len = strlen (word);

  if ((gsize) (self->end - self->p) < len || memcmp (self->p, word, len) != 0)
    return fail (self, "a value is missing or unknown");
  self->p += len;
  return TRUE;
}

static gboolean
check_member (Check * self)
{
  if (peek (self) != '"')
    return fail (self, "an object lacks a name in quotes");
  if (!check_string (self))
    return FALSE;
  if (peek (self) != ':')
    return fail (self, "a colon is missing");
  self->p++;
  return check_value (self);
}

/* An object or an array, from its opening bracket on. */
static gboolean
check_container (Check * self, gchar close, gboolean (*item) (Check * self))
{
  gchar c;

  if (self->depth_left == 0)
    return fail (self, "it is nested too deep");
  self->depth_left--;
  self->p++;
  if (peek (self) == close) {
    self->p++;
    self->depth_left++;
    return TRUE;
  }
  do {
    if (!item (self))
      return FALSE;
    c = peek (self);
    if (c != ',' && c != close)
      return fail (self, "a comma or a closing bracket is missing");
    self->p++;
  } while (c == ',');
  self->depth_left++;
  return TRUE;
}

static gboolean
check_value (Check * self)
{
  switch (peek (self)) {
    case '{':
      return check_container (self, '}', check_member);
    case '[':
      return check_container (self, ']', check_value);
    case '"':
      return check_string (self);
    case 't':
      return check_word (self, "true");
    case 'f':
      return check_word (self, "false");
    case 'n':
      return check_word (self, "null");
    case '-':
    case '0' ... '9':
      return check_number (self);
    default:
      return fail (self, "a value is missing or unknown");
  }
}

const gchar *
parley_json_check_line (const gchar * json, gsize len, guint max_depth,
    guint * line)
{
  Check self = { json, json + len, MIN (max_depth, 64), NULL };
  const gchar *bad;

  *line = 1;
  if (!g_utf8_validate_len (json, len, &bad)) {
    self.p = bad;
    self.wrong = "it is not UTF-8";
  } else if (check_value (&self) && peek (&self) != '\0') {
    fail (&self, "something follows the end");
  }
  for (const gchar * p = json; self.wrong && p < self.p; p++)
    *line += *p == '\n';
  return self.wrong;
}

const gchar *
parley_json_check (const gchar * json, gsize len, guint max_depth)
{
  guint line;

  return parley_json_check_line (json, len, max_depth, &line);
}
