/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verbs.h"

#include <string.h>

int
parley_usage_error (const gchar * format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("%s: %s (see %s --help)\n", g_get_prgname (), text,
      g_get_prgname ());
  return PARLEY_EXIT_USAGE;
}

gboolean
parley_verb_parse (GOptionContext * context, int *argc, char ***argv,
    gint max_words)
{
  g_autoptr (GOptionContext) owned = context;
  g_autoptr (GError) error = NULL;

  if (!g_option_context_parse (owned, argc, argv, &error)) {
    parley_usage_error ("%s", error->message);
    return FALSE;
  }
  if (*argc - 1 > max_words) {
    parley_usage_error ("\"%s\" is one word too many", (*argv)[1 + max_words]);
    return FALSE;
  }
  return TRUE;
}

gboolean
parley_verb_split_address (const gchar * text, gchar ** host, guint16 * port)
{
  const gchar *colon = strrchr (text, ':');
  guint64 number;

  if (!colon || !g_ascii_string_to_unsigned (colon + 1, 10, 0, 65535, &number,
          NULL))
    return FALSE;
  *port = number;
  if (*text == '[' && colon > text + 1 && colon[-1] == ']')
    *host = g_strndup (text + 1, colon - text - 2);
  else
    *host = g_strndup (text, colon - text);
  if (!**host)
    g_clear_pointer (host, g_free);
  return TRUE;
}
