/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/cache.h"

#include "net/cachememory.h"
#include "net/clock.h"

/* Owned by its flight while it waits, then by the call that tells it. */
struct _ParleyCacheWait
{
  ParleyLoop *loop;
  ParleyCacheFunc func;
  gpointer data;
  gchar *key;
  GBytes *bytes;                /* what it is told */
  gboolean told;                /* under the cache's lock: on its way */
  gboolean cancelled;           /* on the loop */
};

/* A key that is being made. */
typedef struct
{
  gchar *key;
  GQueue waits;                 /* of ParleyCacheWait */
} Flight;

struct _ParleyCache
{
  GObject parent;
  ParleyCacheMemory *memory;
  ParleyCacheStore *behind;     /* or NULL */

  GMutex lock;                  /* guards all below; the memory's comes after */
  GHashTable *flights;          /* the key is the flight's */
  ParleyCacheStats stats;
};

G_DEFINE_FINAL_TYPE (ParleyCache, parley_cache, G_TYPE_OBJECT);

/* Waits */

static void
wait_free (ParleyCacheWait * wait)
{
  g_object_unref (wait->loop);
  g_clear_pointer (&wait->bytes, g_bytes_unref);
  g_free (wait->key);
  g_free (wait);
}

static void
wait_tell_in_loop (gpointer data, gpointer user_data)
{
  ParleyCacheWait *wait = data;

  if (!wait->cancelled)
    wait->func (wait->key, wait->bytes, wait->data);
  wait_free (wait);
}

/* Under the lock. */
static ParleyCacheWait *
flight_add_wait_unlocked (Flight * flight, ParleyLoop * loop,
    ParleyCacheFunc func, gpointer data)
{
  ParleyCacheWait *wait = g_new0 (ParleyCacheWait, 1);

  wait->loop = g_object_ref (loop);
  wait->func = func;
  wait->data = data;
  wait->key = g_strdup (flight->key);
  g_queue_push_tail (&flight->waits, wait);
  return wait;
}

static void
flight_free (gpointer data)
{
  Flight *flight = data;

  g_queue_clear_full (&flight->waits, (GDestroyNotify) wait_free);
  g_free (flight->key);
  g_free (flight);
}

/* Under the lock: nobody makes @key now. */
static void
flight_begin_unlocked (ParleyCache * self, const gchar * key)
{
  Flight *flight = g_new0 (Flight, 1);

  flight->key = g_strdup (key);
  g_queue_init (&flight->waits);
  g_hash_table_insert (self->flights, flight->key, flight);
}

/* Under the lock; only hands over. */
static void
flight_end_unlocked (ParleyCache * self, const gchar * key, GBytes * bytes)
{
  Flight *flight = g_hash_table_lookup (self->flights, key);
  ParleyCacheWait *wait;

  if (!flight)
    return;
  while ((wait = g_queue_pop_head (&flight->waits))) {
    wait->told = TRUE;
    wait->bytes = bytes ? g_bytes_ref (bytes) : NULL;
    parley_loop_invoke (wait->loop, wait_tell_in_loop, wait, NULL);
  }
  g_hash_table_remove (self->flights, key);
}

/* Lookups and claims */

/* Under the lock. */
static GBytes *
peek_unlocked (ParleyCache * self, const gchar * key)
{
  ParleyCacheRank rank;
  GBytes *bytes = parley_cache_memory_peek (self->memory, key, &rank);

  if (bytes)
    self->stats.hits++;
  return bytes;
}

GBytes *
parley_cache_lookup (ParleyCache * self, const gchar * key)
{
  GBytes *bytes;

  g_mutex_lock (&self->lock);
  bytes = peek_unlocked (self, key);
  if (!bytes)
    self->stats.misses++;
  g_mutex_unlock (&self->lock);
  return bytes;
}

GBytes *
parley_cache_peek (ParleyCache * self, const gchar * key)
{
  ParleyCacheRank rank;

  return parley_cache_memory_peek (self->memory, key, &rank);
}

ParleyCacheResult
parley_cache_claim (ParleyCache * self, const gchar * key, ParleyLoop * loop,
    ParleyCacheFunc func, gpointer data, GBytes ** bytes,
    ParleyCacheWait ** wait)
{
  ParleyCacheResult result = PARLEY_CACHE_HIT;
  Flight *flight;

  *wait = NULL;
  g_mutex_lock (&self->lock);
  *bytes = peek_unlocked (self, key);
  flight = g_hash_table_lookup (self->flights, key);
  if (*bytes) {
    result = PARLEY_CACHE_HIT;
  } else if (flight) {
    *wait = flight_add_wait_unlocked (flight, loop, func, data);
    self->stats.waits++;
    result = PARLEY_CACHE_WAIT;
  } else {
    flight_begin_unlocked (self, key);
    self->stats.misses++;
    result = PARLEY_CACHE_CLAIMED;
  }
  g_mutex_unlock (&self->lock);
  return result;
}

void
parley_cache_cancel_wait_in_loop (ParleyCache * self, ParleyCacheWait * wait)
{
  g_assert (parley_loop_is_current (wait->loop));
  g_mutex_lock (&self->lock);
  if (wait->told) {
    wait->cancelled = TRUE;
  } else {
    Flight *flight = g_hash_table_lookup (self->flights, wait->key);

    g_queue_remove (&flight->waits, wait);
    wait_free (wait);
  }
  g_mutex_unlock (&self->lock);
}

void
parley_cache_put (ParleyCache * self, const gchar * key, GBytes * bytes,
    ParleyCacheRank rank, gint64 ttl)
{
  ParleyCacheEntry entry = {
    .key = key,.bytes = bytes,.size = g_bytes_get_size (bytes),
    .rank = rank,.left = ttl
  };

  g_mutex_lock (&self->lock);
  parley_cache_store_put (PARLEY_CACHE_STORE (self->memory), &entry);
  flight_end_unlocked (self, key, bytes);
  g_mutex_unlock (&self->lock);
  if (self->behind)
    parley_cache_store_put (self->behind, &entry);
}

void
parley_cache_fulfil (ParleyCache * self, const gchar * key, GBytes * bytes)
{
  g_mutex_lock (&self->lock);
  flight_end_unlocked (self, key, bytes);
  g_mutex_unlock (&self->lock);
}

void
parley_cache_abandon (ParleyCache * self, const gchar * key)
{
  g_mutex_lock (&self->lock);
  flight_end_unlocked (self, key, NULL);
  g_mutex_unlock (&self->lock);
}

void
parley_cache_promote (ParleyCache * self, const gchar * key, gint64 ttl)
{
  ParleyCacheRank rank;
  GBytes *bytes = parley_cache_memory_peek (self->memory, key, &rank);

  if (bytes && rank == PARLEY_CACHE_REPLY)
    parley_cache_put (self, key, bytes, PARLEY_CACHE_FIXED, ttl);
  g_clear_pointer (&bytes, g_bytes_unref);
}

/* The store behind */

/* On the loop only. */
struct _ParleyCacheFetch
{
  ParleyCache *cache;
  gchar *key;
  ParleyCacheFunc func;
  gpointer data;
  GSource *timeout;
  gboolean over;                /* told, or cancelled */
};

static void
fetch_tell (ParleyCacheFetch * self, GBytes * bytes)
{
  if (self->over)
    return;
  self->over = TRUE;
  parley_timer_clear (&self->timeout);
  self->func (self->key, bytes, self->data);
}

static gboolean
fetch_is_late (gpointer data)
{
  fetch_tell (data, NULL);
  return G_SOURCE_REMOVE;
}

static void
fetch_count (ParleyCache * self)
{
  g_mutex_lock (&self->lock);
  self->stats.fetched++;
  g_mutex_unlock (&self->lock);
}

/* What comes too late is there for the next one. */
static void
fetch_got (const ParleyCacheEntry * entry, gpointer data)
{
  ParleyCacheFetch *self = data;

  if (entry) {
    parley_cache_store_put (PARLEY_CACHE_STORE (self->cache->memory), entry);
    if (!self->over)
      fetch_count (self->cache);
  }
  fetch_tell (self, entry ? entry->bytes : NULL);
  g_object_unref (self->cache);
  g_free (self->key);
  g_free (self);
}

ParleyCacheFetch *
parley_cache_fetch_in_loop (ParleyCache * self, const gchar * key,
    ParleyLoop * loop, ParleyCacheFunc func, gpointer data)
{
  ParleyCacheFetch *fetch;

  g_assert (parley_loop_is_current (loop));
  if (!self->behind)
    return NULL;
  fetch = g_new0 (ParleyCacheFetch, 1);
  fetch->cache = g_object_ref (self);
  fetch->key = g_strdup (key);
  fetch->func = func;
  fetch->data = data;
  fetch->timeout = parley_loop_add_timer (loop, parley_clock_now ()
      + PARLEY_CACHE_FETCH_US, fetch_is_late, fetch);
  parley_cache_store_get (self->behind, key, loop, fetch_got, fetch);
  return fetch;
}

void
parley_cache_fetch_cancel_in_loop (ParleyCacheFetch * fetch)
{
  fetch->over = TRUE;
  parley_timer_clear (&fetch->timeout);
}

/* All of it */

void
parley_cache_clear (ParleyCache * self)
{
  static const ParleyCacheMatch all = { 0 };

  parley_cache_store_drop (PARLEY_CACHE_STORE (self->memory), &all, NULL, NULL,
      NULL);
}

void
parley_cache_get_stats (ParleyCache * self, ParleyCacheStats * stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}

ParleyCacheStore *
parley_cache_get_memory (ParleyCache * self)
{
  return PARLEY_CACHE_STORE (self->memory);
}

ParleyCacheStore *
parley_cache_get_behind (ParleyCache * self)
{
  return self->behind;
}

/* GObject */

ParleyCache *
parley_cache_new (gsize max_bytes, ParleyCacheStore * behind)
{
  ParleyCache *self = g_object_new (PARLEY_TYPE_CACHE, NULL);

  self->memory = parley_cache_memory_new (max_bytes);
  self->behind = behind ? g_object_ref (behind) : NULL;
  return self;
}

static void
parley_cache_finalize (GObject * object)
{
  ParleyCache *self = PARLEY_CACHE (object);

  g_hash_table_unref (self->flights);
  g_object_unref (self->memory);
  g_clear_object (&self->behind);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (parley_cache_parent_class)->finalize (object);
}

static void
parley_cache_init (ParleyCache * self)
{
  g_mutex_init (&self->lock);
  self->flights = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
      flight_free);
}

static void
parley_cache_class_init (ParleyCacheClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = parley_cache_finalize;
}
