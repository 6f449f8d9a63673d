/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coreplugins.h"

#include <unistd.h>

#define CORE "libgstcoreelements.so"

/* A folder with a link to the one plugin: to scan all that the system has would
 * take seconds. */
void
core_plugins_add (void)
{
  const gchar *build = g_getenv ("PARLEY_BUILD");
  g_autofree gchar *target =
      g_build_filename (g_getenv ("PARLEY_SYSTEM_PLUGINS"), CORE, NULL);
  g_autofree gchar *folder =
      g_build_filename (build, "tests", "check", "core-plugins", NULL);
  g_autofree gchar *link = g_build_filename (folder, CORE, NULL);
  g_autofree gchar *registry =
      g_build_filename (build, "tests", "check", "registry-core.bin", NULL);
  g_autofree gchar *path =
      g_strconcat (g_getenv ("GST_PLUGIN_PATH"), ":", folder, NULL);

  g_mkdir_with_parents (folder, 0755);
  if (symlink (target, link) != 0)
    g_assert_true (g_file_test (link, G_FILE_TEST_EXISTS));
  g_setenv ("GST_PLUGIN_PATH", path, TRUE);
  g_setenv ("GST_REGISTRY", registry, TRUE);
}
