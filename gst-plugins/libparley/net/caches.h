/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/cache.h"

G_BEGIN_DECLS

/* The caches of the process, shared by all its calls: of each kind one in
 * memory, and one for each directory that a pipeline names. Once opened they
 * stay. Threads: any. */

typedef enum
{
  PARLEY_CACHE_SPEECH,          /* sentences: mu-law at 8 kHz */
  PARLEY_CACHE_ANSWERS,         /* of language models: text */
  PARLEY_N_CACHE_KINDS
} ParleyCacheKind;

#define PARLEY_CACHE_MEMORY_BYTES (64 * 1024 * 1024)
#define PARLEY_CACHE_DIR_BYTES ((gsize) 1024 * 1024 * 1024)

/* How long things are good for, unless a pipeline says otherwise, µs. */
#define PARLEY_CACHE_TTL_FIXED (30 * G_TIME_SPAN_DAY)
#define PARLEY_CACHE_TTL_SPEECH G_TIME_SPAN_DAY
#define PARLEY_CACHE_TTL_ANSWER G_TIME_SPAN_HOUR

#define PARLEY_CACHES_ERROR (parley_caches_error_quark ())
GQuark parley_caches_error_quark (void);

/* "speech" or "answers": also the directory below a PATH. */
const gchar *parley_cache_kind_to_string (ParleyCacheKind kind);

/* @where: "memory", "dir:PATH" or "off". @max_bytes: of the directory, or of
 * the memory where there is none; 0: as above; it counts for the first who
 * opens it. *@cache is borrowed, NULL for "off". The first time it waits for
 * the disk: not on a loop. FALSE with @error, which says what to do. */
gboolean parley_caches_open (ParleyCacheKind kind, const gchar * where,
    gsize max_bytes, ParleyCache ** cache, GError ** error);
/* The one in memory. Borrowed. */
ParleyCache *parley_caches_get_default (ParleyCacheKind kind);

/* All that are open, one after the other; borrowed. */
typedef void (*ParleyCachesFunc) (ParleyCacheKind kind, const gchar * where,
    ParleyCache * cache, gpointer data);
void parley_caches_for_each (ParleyCachesFunc func, gpointer data);

G_END_DECLS
