/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipelinescan.h"

#include <string.h>

static gboolean
is_name_char (gchar c)
{
  return g_ascii_isalnum (c) || strchr ("-_%:", c) != NULL;
}

/* The end of the string that begins at @at: quoted, or up to a blank. */
static gsize
string_end (const gchar * launch, gsize at, gboolean * open_quote)
{
  gchar quote = launch[at];

  if (quote == '"' || quote == '\'') {
    for (at++; launch[at] && launch[at] != quote; at++)
      if (launch[at] == '\\' && launch[at + 1])
        at++;
    *open_quote = launch[at] == '\0';
    return at + !*open_quote;
  }
  for (; launch[at] && !g_ascii_isspace (launch[at]); at++)
    if (launch[at] == '\\' && launch[at + 1])
      at++;
  return at;
}

static gsize
skip_blanks (const gchar * launch, gsize at)
{
  while (g_ascii_isspace (launch[at]))
    at++;
  return at;
}

/* GStreamer allows blanks around the "=". */
static gboolean
scan_assignment (const gchar * launch, ParleyWord * word)
{
  gsize at = word->offset;

  if (!g_ascii_isalnum (launch[at]))
    return FALSE;
  while (launch[at] && is_name_char (launch[at]))
    at++;
  word->name_length = at - word->offset;
  at = skip_blanks (launch, at);
  if (launch[at] != '=')
    return FALSE;
  word->kind = PARLEY_WORD_ASSIGNMENT;
  word->value_offset = skip_blanks (launch, at + 1);
  at = string_end (launch, word->value_offset, &word->open_quote);
  word->value_length = at - word->value_offset;
  word->length = at - word->offset;
  return TRUE;
}

gboolean
parley_pipeline_scan (const gchar * launch, gsize * offset, ParleyWord * word)
{
  gsize at = skip_blanks (launch, *offset);

  memset (word, 0, sizeof *word);
  word->offset = at;
  if (!launch[at])
    return FALSE;
  if (!scan_assignment (launch, word)) {
    gboolean link = strchr ("!:", launch[at])
        && (!launch[at + 1] || g_ascii_isspace (launch[at + 1]));

    word->kind = link ? PARLEY_WORD_LINK : PARLEY_WORD_PLAIN;
    word->length = string_end (launch, at, &word->open_quote) - at;
    word->name_length = 0;
  }
  *offset = word->offset + word->length;
  return TRUE;
}

const gchar *
parley_pipeline_find_fault (const gchar * launch, gsize * offset)
{
  ParleyWord word, last = {.kind = PARLEY_WORD_LINK };
  gsize at = 0;
  gboolean any = FALSE;

  while (parley_pipeline_scan (launch, &at, &word)) {
    *offset = word.offset;
    if (word.kind == PARLEY_WORD_LINK && !any)
      return "the pipeline begins with “!”; an element must come first";
    if (word.kind == PARLEY_WORD_LINK && last.kind == PARLEY_WORD_LINK)
      return
          "two “!” follow each other; an element must stand between them";
    if (word.kind == PARLEY_WORD_ASSIGNMENT && last.kind == PARLEY_WORD_LINK)
      return "a property stands here without its element before it";
    last = word;
    any = TRUE;
  }
  *offset = last.offset;
  if (any && last.kind == PARLEY_WORD_LINK)
    return "the pipeline ends with “!”; an element must follow";
  *offset = 0;
  return NULL;
}

/* Keys */

static gboolean
is_number_or_switch (const gchar * value)
{
  gchar *end;

  g_ascii_strtod (value, &end);
  return (*value && !*end) || !g_ascii_strcasecmp (value, "true")
      || !g_ascii_strcasecmp (value, "false");
}

/* How the keys of well known services begin. */
static gboolean
looks_like_key (const gchar * value)
{
  static const gchar *beginnings[] = {
    "sk-", "sk_", "pk-", "pk_", "rk_", "xai-", "gsk_", "ghp_", "xox", "AIza",
    "AKIA", "eyJ", "Bearer ", "ya29."
  };
  gsize len = strlen (value);

  for (guint i = 0; i < G_N_ELEMENTS (beginnings); i++)
    if (len >= 16 && g_str_has_prefix (value, beginnings[i]))
      return TRUE;
  /* Twilio's SK and 32 hexadecimal digits, and bare ones. */
  if (len == 34 && g_str_has_prefix (value, "SK"))
    value += 2;
  return strlen (value) == 32 && strspn (value, "0123456789abcdef") == 32;
}

/* The settings in the parentheses of fallback="NAME(setting=value …),NAME". */
static gboolean
has_key (const gchar * fallback)
{
  g_auto (GStrv) words = g_strsplit_set (fallback, " \t\r\n,()'\"", -1);

  for (guint i = 0; words[i]; i++) {
    gchar *value = strchr (words[i], '=');

    if (!value)
      continue;
    *value++ = '\0';
    if (parley_pipeline_is_key (words[i], value))
      return TRUE;
  }
  return FALSE;
}

gboolean
parley_pipeline_is_key (const gchar * name, const gchar * value)
{
  g_autofree gchar *lower = g_ascii_strdown (name, -1);

  if (looks_like_key (value)
      || (g_str_equal (lower, "fallback") && has_key (value)))
    return TRUE;
  if (g_str_has_suffix (lower, "-env") || !*value)
    return FALSE;
  if (strstr (lower, "password") || strstr (lower, "secret"))
    return TRUE;
  /* max-tokens=200, key-int-max=30, sync-to-first-key=true */
  return (strstr (lower, "key") || strstr (lower, "token"))
      && !is_number_or_switch (value);
}
