/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/recordname.h"

#define MAX_NAME 64

gchar *
parley_record_name (const gchar * sid)
{
  gchar *name = g_strndup (sid, MAX_NAME);

  return g_strcanon (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_", '_');
}

gchar *
parley_record_path (const gchar * dir, const gchar * name, const gchar * suffix)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree gchar *time = g_date_time_format (now, "%Y-%m-%dT%H-%M-%SZ");
  gchar *path = g_strdup_printf ("%s/%s-%s%s", dir, time, name, suffix);

  for (guint i = 2; g_file_test (path, G_FILE_TEST_EXISTS); i++) {
    g_free (path);
    path = g_strdup_printf ("%s/%s-%s-%u%s", dir, time, name, i, suffix);
  }
  return path;
}
