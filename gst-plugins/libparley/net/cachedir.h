/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/cachestore.h"

G_BEGIN_DECLS

/* Bytes in a directory, a file an entry, that outlive the process and may be
 * used by several at once. Files appear whole or not at all; what is damaged is
 * removed and counts as missing. A file's name is a hash; inside stand the key
 * and the bytes, in the clear: only their owner may look (0700, 0600).
 *
 * Files that are too old go when they are asked for, or when the directory is
 * opened; the least recently used ones when the bound is reached. Each process
 * counts what it wrote and looks at the directory once that is a sixteenth of
 * the bound: each further process may go that far over it.
 *
 * All reading and writing is done by two threads of the process's; when more
 * than PARLEY_CACHE_DIR_PENDING tasks wait for them the disk is taken for
 * stuck: nothing is found then, and nothing kept. */

#define PARLEY_CACHE_DIR_PENDING 64

#define PARLEY_TYPE_CACHE_DIR (parley_cache_dir_get_type ())
G_DECLARE_FINAL_TYPE (ParleyCacheDir, parley_cache_dir, PARLEY, CACHE_DIR,
    ParleyCacheStore)

#define PARLEY_CACHE_DIR_ERROR (parley_cache_dir_error_quark ())
GQuark parley_cache_dir_error_quark (void);

/* Makes @path if it is not there; it must be ours alone, and no link. Waits for
 * the disk. NULL with @error, which says what to do. */
ParleyCacheStore *parley_cache_dir_new (const gchar * path, gsize max_bytes,
    GError ** error);
/* An existing one, to look at and to drop from: makes nothing and bounds
 * nothing. */
ParleyCacheStore *parley_cache_dir_open (const gchar * path, GError ** error);

G_END_DECLS
