/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @sid, made fit for a file's name: anything but letters, digits, "-" and "_"
 * is replaced, and it is cut at 64 bytes. Transfer full. */
gchar *parley_record_name (const gchar * sid);

/* A path in @dir where nothing is yet, such as
 * DIR/2026-01-31T12-00-00Z-CA123.json (@suffix ".json"): sorted by time, and a
 * caller who takes another call's name overwrites nothing. Looks at the folder:
 * not on a loop. Transfer full. */
gchar *parley_record_path (const gchar * dir, const gchar * name,
    const gchar * suffix);

G_END_DECLS
