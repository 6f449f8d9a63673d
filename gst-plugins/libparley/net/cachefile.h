/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/cachestore.h"

G_BEGIN_DECLS

/* One entry as the bytes of a file: a line of text, the entry's bytes, and a
 * checksum of both. Times are those of the machine's wall clock, so that they
 * mean the same to another process. Pure. */

/* More than any header takes, its end included. */
#define PARLEY_CACHE_FILE_HEADER 1024

/* NULL: it cannot be one (a key of many bytes or lines). Transfer full. */
GBytes *parley_cache_file_build (const ParleyCacheEntry * entry, gint64 now);

/* The entry in @data, all of a file. Transfer full; NULL: damaged. */
ParleyCacheEntry *parley_cache_file_parse (const guint8 * data, gsize len,
    gint64 now);
/* The same without its bytes, of a file of @size bytes that begins with
 * @data; only what stands in its header is checked. */
ParleyCacheEntry *parley_cache_file_parse_header (const guint8 * data,
    gsize len, gsize size, gint64 now);

G_END_DECLS
