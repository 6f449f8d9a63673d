/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsetup.h"

#include <gst/gst.h>

static gboolean
have_elements (void)
{
  GstElementFactory *factory = gst_element_factory_find ("twiliosrc");

  if (!factory)
    return FALSE;
  gst_object_unref (factory);
  return TRUE;
}

/* @relative to the folder of this program, if that is there; else NULL. */
static gchar *
beside_program (const gchar * relative)
{
  g_autofree gchar *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree gchar *bin = self ? g_path_get_dirname (self) : NULL;
  g_autofree gchar *path = bin ? g_build_filename (bin, relative, NULL) : NULL;

  return path && g_file_test (path, G_FILE_TEST_IS_DIR)
      ? g_steal_pointer (&path) : NULL;
}

/* Tracers are looked for inside gst_init() only. */
static void
lead_to_tracers (const gchar * folder)
{
  const gchar *path = g_getenv ("GST_PLUGIN_PATH");
  g_autofree gchar *both = path && *path
      ? g_strdup_printf ("%s:%s", path, folder) : g_strdup (folder);

  if (g_getenv ("GST_TRACERS") && !gst_is_initialized ())
    g_setenv ("GST_PLUGIN_PATH", both, TRUE);
}

/* Not built, but put elsewhere than configured (DESTDIR, a moved folder), the
 * plugin still lies where it should as seen from the program. */
gboolean
parley_gst_setup (void)
{
  g_autofree gchar *built = beside_program ("../gst-plugins/elements");
  g_autofree gchar *moved = beside_program (PARLEY_PLUGINS_FROM_BIN);
  const gchar *folders[] = { built, moved, PARLEY_PLUGINS_DIR };

  if (built)
    lead_to_tracers (built);
  else if (moved)
    lead_to_tracers (moved);
  if (!gst_is_initialized ())
    gst_init (NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (folders) && !have_elements (); i++)
    if (folders[i] && g_file_test (folders[i], G_FILE_TEST_IS_DIR))
      gst_registry_scan_path (gst_registry_get (), folders[i]);
  return have_elements ();
}

gchar *
parley_pipelines_dir (void)
{
  gchar *moved = beside_program (PARLEY_PIPELINES_FROM_BIN);
  static const gchar *folders[] = { PARLEY_SOURCE_PIPELINES,
    PARLEY_INSTALLED_PIPELINES
  };

  if (moved)
    return moved;
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    if (g_file_test (folders[i], G_FILE_TEST_IS_DIR))
      return g_strdup (folders[i]);
  return NULL;
}
