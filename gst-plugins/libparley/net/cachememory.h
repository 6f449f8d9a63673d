/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/cachestore.h"

G_BEGIN_DECLS

/* Bytes in this process's memory: the least recently used go first when the
 * bound is reached, and PARLEY_CACHE_FIXED ones only for others of their rank.
 * Time is that of parley_clock_now(). */

#define PARLEY_TYPE_CACHE_MEMORY (parley_cache_memory_get_type ())
G_DECLARE_FINAL_TYPE (ParleyCacheMemory, parley_cache_memory, PARLEY,
    CACHE_MEMORY, ParleyCacheStore)

/* What an entry counts beside its bytes and its key. */
#define PARLEY_CACHE_ENTRY_BYTES 128

/* Holds at most @max_bytes; 0: nothing. */
ParleyCacheMemory *parley_cache_memory_new (gsize max_bytes);

/* The bytes at once (transfer full), or NULL. */
GBytes *parley_cache_memory_peek (ParleyCacheMemory * self, const gchar * key,
    ParleyCacheRank * rank);

G_END_DECLS
