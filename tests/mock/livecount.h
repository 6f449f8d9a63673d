/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* How many objects of a class there are, for tests that look for leaks. Any
 * thread but for livecount_watch(). */

/* Counts the instances of @type made from now on. A type that nothing derives
 * from, before the first instance of it is made. */
void livecount_watch (GType type);
/* How many are alive. */
gint livecount_get (GType type);

/* File descriptors open in this process. */
guint livecount_descriptors (void);
/* Bytes of the heap in use. */
gsize livecount_bytes (void);

G_END_DECLS
