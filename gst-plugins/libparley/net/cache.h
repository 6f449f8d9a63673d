/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/loop.h"

G_BEGIN_DECLS

/* Bytes by key, in memory: the least recently used go first when the bound is
 * reached, old ones after their time, and what several want at once is made
 * once (single flight).
 *
 * Whoever finds nothing claims the key, makes the bytes and stores them, or
 * abandons the key when that failed or was cancelled. Until then others who
 * want the key wait for it without making it again.
 *
 * Threads: every function may be called from any thread; they take one short
 * lock. Time is that of parley_clock_now(). */

#define PARLEY_TYPE_CACHE (parley_cache_get_type ())
G_DECLARE_FINAL_TYPE (ParleyCache, parley_cache, PARLEY, CACHE, GObject)

/* What an entry counts beside its bytes and its key. */
#define PARLEY_CACHE_ENTRY_BYTES 128

typedef enum
{
  PARLEY_CACHE_HIT,             /* here they are */
  PARLEY_CACHE_CLAIMED,         /* make them: store or abandon follows */
  PARLEY_CACHE_WAIT             /* somebody makes them: you will be told */
} ParleyCacheResult;

typedef struct
{
  guint64 hits;                 /* lookups and claims answered with bytes */
  guint64 misses;               /* lookups without, claims that were granted */
  guint64 waits;                /* claims that wait for another's bytes */
  guint64 evictions;            /* entries that made room for others */
  guint64 expired;              /* entries that were too old */
  gsize bytes;                  /* held now, keys and overhead included */
  guint entries;                /* held now */
} ParleyCacheStats;

/* Tells the end of a wait, once, on the loop it was registered with. @bytes
 * (borrowed) as they were stored, or NULL: the key was abandoned; claim it
 * again to make them yourself. */
typedef void (*ParleyCacheFunc) (const gchar * key, GBytes * bytes,
    gpointer data);
typedef struct _ParleyCacheWait ParleyCacheWait;

/* Holds at most @max_bytes (0: nothing, single flight only), each entry for
 * @ttl_us µs (0: without end). */
ParleyCache *parley_cache_new (gsize max_bytes, gint64 ttl_us);
/* The process's cache of synthesised speech: 64 MiB, 1 hour. Borrowed. */
ParleyCache *parley_cache_get_default (void);

/* Transfer full; NULL if there is nothing, or nothing yet. */
GBytes *parley_cache_lookup (ParleyCache * self, const gchar * key);

/* Fills @bytes (transfer full) on HIT and @wait on WAIT, each NULL otherwise.
 * On WAIT @func (@data) follows on @loop, never inside this call; @wait is
 * valid until then. */
ParleyCacheResult parley_cache_claim (ParleyCache * self, const gchar * key,
    ParleyLoop * loop, ParleyCacheFunc func, gpointer data, GBytes ** bytes,
    ParleyCacheWait ** wait);
/* On the loop of the claim, before its func was called: it will not be. */
void parley_cache_cancel_wait_in_loop (ParleyCache * self,
    ParleyCacheWait * wait);

/* Ends the claim of @key, or sets it anew without a claim: whoever waits gets
 * @bytes, even those that are too many to be kept. */
void parley_cache_store (ParleyCache * self, const gchar * key,
    GBytes * bytes);
/* Ends the claim of @key with nothing; keeps what is stored without a claim. */
void parley_cache_abandon (ParleyCache * self, const gchar * key);

/* Forgets what is stored; claims go on. */
void parley_cache_clear (ParleyCache * self);
void parley_cache_get_stats (ParleyCache * self, ParleyCacheStats * stats);

G_END_DECLS
