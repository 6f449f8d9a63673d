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

gboolean
parley_gst_setup (void)
{
  g_autofree gchar *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree gchar *bin = self ? g_path_get_dirname (self) : NULL;
  g_autofree gchar *built = bin ? g_build_filename (bin, "..", "gst-plugins",
      "elements", NULL) : NULL;

  if (!gst_is_initialized ())
    gst_init (NULL, NULL);
  if (have_elements ())
    return TRUE;
  if (built && g_file_test (built, G_FILE_TEST_IS_DIR))
    gst_registry_scan_path (gst_registry_get (), built);
  if (!have_elements () && g_file_test (PARLEY_PLUGINS_DIR, G_FILE_TEST_IS_DIR))
    gst_registry_scan_path (gst_registry_get (), PARLEY_PLUGINS_DIR);
  return have_elements ();
}

gchar *
parley_pipelines_dir (void)
{
  static const gchar *folders[] = { PARLEY_SOURCE_PIPELINES,
    PARLEY_INSTALLED_PIPELINES
  };

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    if (g_file_test (folders[i], G_FILE_TEST_IS_DIR))
      return g_strdup (folders[i]);
  return NULL;
}
