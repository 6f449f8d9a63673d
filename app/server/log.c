/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/log.h"

#include <string.h>
#include <time.h>

#include "jsontext.h"
#include "turnjson.h"

static gint level = PARLEY_LOG_CALLS;

void
parley_log_set_level (ParleyLogLevel new_level)
{
  g_atomic_int_set (&level, new_level);
}

/* What comes from outside may not break or colour the line. */
static void
make_printable (gchar * text)
{
  for (; *text; text++)
    if (g_ascii_iscntrl (*text))
      *text = ' ';
}

static void
G_GNUC_PRINTF (2, 0)
print_line (const gchar * who, const gchar * format, va_list args)
{
  gint64 now = g_get_real_time ();
  time_t seconds = now / G_USEC_PER_SEC;
  g_autofree gchar *text = g_strdup_vprintf (format, args);
  g_autofree gchar *line = NULL;
  gchar clock[32];
  struct tm local;

  /* A GDateTime would look at the zone's file each time, on the loop. */
  strftime (clock, sizeof clock, "%Y-%m-%d %H:%M:%S",
      localtime_r (&seconds, &local));
  line = g_strdup_printf ("%s.%03d %s: %s", clock,
      (gint) (now % G_USEC_PER_SEC / 1000), who ? who : "parley", text);
  make_printable (line);
  g_printerr ("%s\n", line);
}

void
parley_log_call (const gchar * who, const gchar * format, ...)
{
  va_list args;

  if (g_atomic_int_get (&level) < PARLEY_LOG_CALLS)
    return;
  va_start (args, format);
  print_line (who, format, args);
  va_end (args);
}

void
parley_log_turn (const gchar * who, const gchar * format, ...)
{
  va_list args;

  if (g_atomic_int_get (&level) < PARLEY_LOG_TURNS)
    return;
  va_start (args, format);
  print_line (who, format, args);
  va_end (args);
}

void
parley_log_problem (const gchar * who, const gchar * format, ...)
{
  va_list args;

  va_start (args, format);
  print_line (who, format, args);
  va_end (args);
}

void
parley_log_turn_report (const gchar * who, const ParleyTurnReport * report)
{
  g_autoptr (JsonNode) node = NULL;
  g_autofree gchar *json = NULL;

  if (g_atomic_int_get (&level) < PARLEY_LOG_CALLS)
    return;
  node = parley_turn_to_json (who, report, g_get_real_time ());
  json = parley_json_to_text (node, FALSE);
  parley_log_call (who, "turn %s", json);
}

gchar *
parley_log_mask (const gchar * number)
{
  gchar *masked = g_strdup (number ? number : "");
  gsize len = strlen (masked);

  for (gsize i = 0; i + 3 < len; i++)
    if (g_ascii_isalnum (masked[i]))
      masked[i] = '*';
  return masked;
}
