/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/cachestore.h"

G_BEGIN_DECLS

/* Bytes by key, in memory and perhaps in a store behind it that outlives the
 * process. What several want at once is made once (single flight).
 *
 * Whoever finds nothing claims the key, asks the store behind, makes the bytes
 * and puts them, or abandons the key when that failed or was cancelled. Until
 * then others who want the key wait for it without making it again.
 *
 * Threads: every function may be called from any thread; they take one short
 * lock. */

#define PARLEY_TYPE_CACHE (parley_cache_get_type ())
G_DECLARE_FINAL_TYPE (ParleyCache, parley_cache, PARLEY, CACHE, GObject)

/* The store behind is given up for one look after this long: a disk that hangs
 * must not keep a caller waiting. */
#define PARLEY_CACHE_FETCH_US (50 * G_TIME_SPAN_MILLISECOND)

typedef enum
{
  PARLEY_CACHE_HIT,             /* here they are */
  PARLEY_CACHE_CLAIMED,         /* make them: put or abandon follows */
  PARLEY_CACHE_WAIT             /* somebody makes them: you will be told */
} ParleyCacheResult;

typedef struct
{
  guint64 hits;                 /* lookups and claims answered from memory */
  guint64 fetched;              /* found in the store behind */
  guint64 misses;               /* lookups without, claims that were granted */
  guint64 waits;                /* claims that wait for another's bytes */
} ParleyCacheStats;

/* Tells the end of a wait, once, on the loop it was registered with. @bytes
 * (borrowed) as they were put, or NULL: the key was abandoned; claim it again
 * to make them yourself. */
typedef void (*ParleyCacheFunc) (const gchar * key, GBytes * bytes,
    gpointer data);
typedef struct _ParleyCacheWait ParleyCacheWait;

/* Holds at most @max_bytes in memory (0: nothing, single flight only). @behind:
 * the store behind it, or NULL; a reference is taken. */
ParleyCache *parley_cache_new (gsize max_bytes, ParleyCacheStore * behind);

/* What is in memory. Transfer full; NULL if there is nothing, or nothing
 * yet. */
GBytes *parley_cache_lookup (ParleyCache * self, const gchar * key);
/* The same for who only wants to know: it is not counted. */
GBytes *parley_cache_peek (ParleyCache * self, const gchar * key);

/* Fills @bytes (transfer full) on HIT and @wait on WAIT, each NULL otherwise.
 * On WAIT @func (@data) follows on @loop, never inside this call; @wait is
 * valid until then. */
ParleyCacheResult parley_cache_claim (ParleyCache * self, const gchar * key,
    ParleyLoop * loop, ParleyCacheFunc func, gpointer data, GBytes ** bytes,
    ParleyCacheWait ** wait);
/* On the loop of the claim, before its func was called: it will not be. */
void parley_cache_cancel_wait_in_loop (ParleyCache * self,
    ParleyCacheWait * wait);

/* Looks into the store behind: @func with what it has (now in memory too), or
 * NULL, on @loop, the caller's, at the latest after PARLEY_CACHE_FETCH_US. A
 * claim is not ended by it. NULL: there is no store behind, @func will not be
 * called. */
typedef struct _ParleyCacheFetch ParleyCacheFetch;
ParleyCacheFetch *parley_cache_fetch_in_loop (ParleyCache * self,
    const gchar * key, ParleyLoop * loop, ParleyCacheFunc func, gpointer data);
/* Before its func was called: it will not be. */
void parley_cache_fetch_cancel_in_loop (ParleyCacheFetch * fetch);

/* Ends the claim of @key, or sets it anew without a claim: whoever waits gets
 * @bytes, even those that are too many to be kept. They are good for @ttl µs
 * (G_MAXINT64: always). */
void parley_cache_put (ParleyCache * self, const gchar * key, GBytes * bytes,
    ParleyCacheRank rank, gint64 ttl);
/* Ends the claim of @key with @bytes that were fetched: they are kept
 * already. */
void parley_cache_fulfil (ParleyCache * self, const gchar * key,
    GBytes * bytes);
/* Ends the claim of @key with nothing; keeps what was put without a claim. */
void parley_cache_abandon (ParleyCache * self, const gchar * key);

/* What is in memory as PARLEY_CACHE_REPLY turns out to be a text of the
 * pipeline's: from now on it is good for @ttl. */
void parley_cache_promote (ParleyCache * self, const gchar * key, gint64 ttl);

/* Forgets what is in memory; claims go on. */
void parley_cache_clear (ParleyCache * self);
void parley_cache_get_stats (ParleyCache * self, ParleyCacheStats * stats);

/* Borrowed; the second may be NULL. */
ParleyCacheStore *parley_cache_get_memory (ParleyCache * self);
ParleyCacheStore *parley_cache_get_behind (ParleyCache * self);

G_END_DECLS
