/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Before gst_init(): GStreamer's core elements (fakesink, filesink, …) are
 * found besides Parley's, here and in processes started from here, and nothing
 * else of what the system has. */
void core_plugins_add (void);

G_END_DECLS
