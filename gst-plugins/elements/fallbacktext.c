/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fallbacktext.h"

#include "providers/provider.h"

#include <string.h>

#define FORM "write fallback=\"NAME,NAME(setting=value setting='a b')\""

static void
entry_free (gpointer data)
{
  FallbackEntry *entry = data;

  g_free (entry->provider);
  g_ptr_array_unref (entry->names);
  g_ptr_array_unref (entry->values);
  g_free (entry);
}

static FallbackEntry *
entry_new (gchar * provider)
{
  FallbackEntry *entry = g_new (FallbackEntry, 1);

  entry->provider = provider;
  entry->names = g_ptr_array_new_with_free_func (g_free);
  entry->values = g_ptr_array_new_with_free_func (g_free);
  return entry;
}

static const gchar *
skip_blanks (const gchar * at)
{
  while (g_ascii_isspace (*at))
    at++;
  return at;
}

/* Always FALSE. */
static gboolean
fail (GError ** error, const gchar * what, const gchar * at)
{
  g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
      "fallback: %s at “%.20s”: " FORM, what, *at ? at : "its end");
  return FALSE;
}

/* A name of a provider or setting; NULL: there is none. */
static gchar *
take_name (const gchar ** at)
{
  const gchar *begin = *at;

  while (g_ascii_isalnum (**at) || **at == '-' || **at == '_')
    ++ * at;
  return *at > begin ? g_strndup (begin, *at - begin) : NULL;
}

/* NULL: a quote is not closed. */
static gchar *
take_value (const gchar ** at)
{
  const gchar *begin = *at;
  const gchar *end;

  if (*begin == '\'' || *begin == '"') {
    end = strchr (begin + 1, *begin);
    if (!end)
      return NULL;
    *at = end + 1;
    return g_strndup (begin + 1, end - begin - 1);
  }
  *at += strcspn (begin, " \t\r\n)('\"");
  return g_strndup (begin, *at - begin);
}

static gboolean
take_setting (const gchar ** at, FallbackEntry * entry, GError ** error)
{
  const gchar *begin = *at;
  gchar *name = take_name (at), *value;

  if (!name)
    return fail (error, "no name of a setting", begin);
  g_ptr_array_add (entry->names, name);
  if (**at != '=')
    return fail (error, "no = behind a setting", begin);
  ++*at;
  value = take_value (at);
  if (!value)
    return fail (error, "a quote that is not closed", begin);
  g_ptr_array_add (entry->values, value);
  if (**at && !g_ascii_isspace (**at) && **at != ')')
    return fail (error, "no blank behind a value", *at);
  *at = skip_blanks (*at);
  return TRUE;
}

static gboolean
take_entry (const gchar ** at, GPtrArray * entries, GError ** error)
{
  gchar *name = take_name (at);
  FallbackEntry *entry;

  if (!name)
    return fail (error, "no name of a provider", *at);
  entry = entry_new (name);
  g_ptr_array_add (entries, entry);
  if (**at == '(') {
    *at = skip_blanks (*at + 1);
    while (**at && **at != ')')
      if (!take_setting (at, entry, error))
        return FALSE;
    if (!**at)
      return fail (error, "no closing parenthesis", *at);
    ++*at;
  }
  *at = skip_blanks (*at);
  return TRUE;
}

static gboolean
take_entries (const gchar * at, GPtrArray * entries, GError ** error)
{
  while (*at) {
    if (!take_entry (&at, entries, error))
      return FALSE;
    if (*at && *at != ',')
      return fail (error, "no comma between providers", at);
    if (*at == ',') {
      at = skip_blanks (at + 1);
      if (!*at)
        return fail (error, "no name of a provider", at);
    }
  }
  return TRUE;
}

GPtrArray *
fallback_text_parse (const gchar * text, GError ** error)
{
  GPtrArray *entries = g_ptr_array_new_with_free_func (entry_free);

  if (!take_entries (skip_blanks (text ? text : ""), entries, error))
    g_clear_pointer (&entries, g_ptr_array_unref);
  return entries;
}
