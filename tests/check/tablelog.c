/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tablelog.h"

#include <gst/gst.h>
#include <string.h>

static GMutex lock;
static GString *said;           /* to stderr, under lock */
static GString *whispered;      /* the rest, under lock */

static void
add_said (const gchar * text)
{
  g_mutex_lock (&lock);
  if (said)
    g_string_append (said, text);
  g_mutex_unlock (&lock);
}

static void
whisper (const gchar * text)
{
  g_mutex_lock (&lock);
  if (whispered) {
    g_string_append (whispered, text);
    g_string_append_c (whispered, '\n');
  }
  g_mutex_unlock (&lock);
}

static void
on_log (const gchar * domain, GLogLevelFlags level, const gchar * text,
    gpointer data)
{
  if (level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO))
    whisper (text);
  else
    g_log_default_handler (domain, level, text, data);
}

static void
on_debug (GstDebugCategory * category, GstDebugLevel level,
    const gchar * file, const gchar * function, gint line, GObject * object,
    GstDebugMessage * message, gpointer data)
{
  whisper (gst_debug_message_get (message));
}

void
table_log_begin (void)
{
  said = g_string_new (NULL);
  whispered = g_string_new (NULL);
  g_set_printerr_handler (add_said);
  g_log_set_default_handler (on_log, NULL);
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (on_debug, NULL, NULL);
  gst_debug_set_active (TRUE);
  gst_debug_set_threshold_from_string ("*:2,cloudstt:5,llmchat:5,cloudtts:5,"
      "mulawsink:5,twiliosrc:5,vadendpoint:5,parleyloop:5,GST_EVENT:1", TRUE);
}

void
table_log_end (void)
{
  gst_debug_remove_log_function (on_debug);
  g_set_printerr_handler (NULL);
  g_mutex_lock (&lock);
  g_string_free (g_steal_pointer (&said), TRUE);
  g_string_free (g_steal_pointer (&whispered), TRUE);
  g_mutex_unlock (&lock);
}

void
table_log_take (const gchar * word, GString * out)
{
  gchar **lines;

  g_mutex_lock (&lock);
  lines = g_strsplit (said->str, "\n", -1);
  g_mutex_unlock (&lock);
  for (guint i = 0; lines[i]; i++)
    if (strstr (lines[i], word) && !strstr (lines[i], ": turn {"))
      g_string_append_printf (out, "%s\n", lines[i]);
  g_strfreev (lines);
}

gboolean
table_log_has (const gchar * word)
{
  gboolean has;

  g_mutex_lock (&lock);
  has = strstr (said->str, word) || strstr (whispered->str, word);
  g_mutex_unlock (&lock);
  return has;
}
