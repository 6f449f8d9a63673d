/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* gst_init(), and Parley's elements even where GST_PLUGIN_PATH does not lead
 * to them: beside the program in a build, or where they were installed. FALSE:
 * they are nowhere to be found. */
gboolean parley_gst_setup (void);

/* The folder of the pipelines that come with Parley; transfer full, NULL when
 * they are neither installed nor in the source tree. */
gchar *parley_pipelines_dir (void);

G_END_DECLS
