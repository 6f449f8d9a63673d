/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The conversations of tests/scenarios, each a case. */
#include <gst/gst.h>
#include <string.h>

#include "mock/scenario.h"

static void
test_scenario (gconstpointer path)
{
  g_autofree gchar *problem = scenario_play (path);

  if (problem)
    g_error ("%s", problem);
}

static gint
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar **) a, *(gchar **) b);
}

static GPtrArray *
list_scenarios (void)
{
  g_autofree gchar *folder = g_build_filename (g_getenv ("PARLEY_SOURCE"),
      "tests", "scenarios", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const gchar *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".scenario"))
      g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (paths, by_name);
  return paths;
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = NULL;

  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  paths = list_scenarios ();
  g_assert_cmpuint (paths->len, >, 0);
  for (guint i = 0; i < paths->len; i++)
    scenario_prepare (paths->pdata[i]);
  for (guint i = 0; i < paths->len; i++) {
    g_autofree gchar *base = g_path_get_basename (paths->pdata[i]);
    g_autofree gchar *name = g_strconcat ("/conversations/", base, NULL);

    *strrchr (name, '.') = '\0';
    g_test_add_data_func (name, paths->pdata[i], test_scenario);
  }
  return g_test_run ();
}
