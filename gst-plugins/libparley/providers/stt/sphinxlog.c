/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/stt/sphinxlog.h"

#include <setjmp.h>
#include <string.h>
#include <sphinxbase/err.h>

static GPrivate caught = G_PRIVATE_INIT (g_free);
/* Where this thread goes on after a fatal error: a jmp_buf on its stack. */
static GPrivate refuge;

/* *INDENT-OFF* */
static void on_message (void *user_data, err_lvl_t level, const char *format,
    ...) G_GNUC_PRINTF (3, 4);
/* *INDENT-ON* */

/* Messages read: ERROR: "file.c", line 12: what happened. The first is the
 * cause, the others follow from it. */
static void
on_message (void *user_data, err_lvl_t level, const char *format, ...)
{
  va_list args;
  gchar *message, *text;
  jmp_buf *place = g_private_get (&refuge);

  if (level >= ERR_ERROR && !g_private_get (&caught)) {
    va_start (args, format);
    message = g_strdup_vprintf (format, args);
    va_end (args);
    text = strstr (message, "\", line ");
    text = text ? strstr (text, ": ") : NULL;
    text = text ? text + 2 : message;
    g_private_replace (&caught, g_strdup (g_strstrip (text)));
    g_free (message);
  }
  if (level == ERR_FATAL && place)
    longjmp (*place, 1);
}

gboolean
parley_sphinx_try (void (*func) (gpointer data), gpointer data)
{
  jmp_buf place;

  g_private_set (&refuge, &place);
  if (setjmp (place) == 0) {
    func (data);
    g_private_set (&refuge, NULL);
    return TRUE;
  }
  g_private_set (&refuge, NULL);
  return FALSE;
}

static gpointer
install (gpointer data)
{
  err_set_callback (on_message, NULL);
  return NULL;
}

void
parley_sphinx_log_begin (void)
{
  static GOnce once = G_ONCE_INIT;

  g_once (&once, install, NULL);
  /* Settings are printed there, past the callback; it is each thread's own. */
  err_set_logfp (NULL);
  g_private_replace (&caught, NULL);
}

gchar *
parley_sphinx_log_end (void)
{
  gchar *text = g_strdup (g_private_get (&caught));

  g_private_replace (&caught, NULL);
  return text;
}
