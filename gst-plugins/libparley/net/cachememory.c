/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/cachememory.h"

#include <string.h>

#include "net/clock.h"

#define N_RANKS (PARLEY_CACHE_FIXED + 1)

typedef struct
{
  gchar *key;
  GBytes *bytes;
  ParleyCacheRank rank;
  gint64 put;                   /* when */
  gint64 expires;
  GList used;                   /* in the store's list of its rank */
} Entry;

struct _ParleyCacheMemory
{
  ParleyCacheStore parent;
  gsize max_bytes;

  GMutex lock;                  /* guards all below */
  GHashTable *entries;          /* the key is the entry's */
  GQueue used[N_RANKS];         /* of Entry, the last used first */
  ParleyCacheStoreStats stats;
};

G_DEFINE_FINAL_TYPE (ParleyCacheMemory, parley_cache_memory,
    PARLEY_TYPE_CACHE_STORE);

/* All under the lock */

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_bytes_unref (entry->bytes);
  g_free (entry->key);
  g_free (entry);
}

static gsize
size_of (const gchar * key, GBytes * bytes)
{
  return g_bytes_get_size (bytes) + strlen (key) + PARLEY_CACHE_ENTRY_BYTES;
}

static void
remove_unlocked (ParleyCacheMemory * self, Entry * entry)
{
  self->stats.bytes -= size_of (entry->key, entry->bytes);
  self->stats.entries--;
  g_queue_unlink (&self->used[entry->rank], &entry->used);
  g_hash_table_remove (self->entries, entry->key);
}

/* The entry of @key if it is not too old. */
static Entry *
find_unlocked (ParleyCacheMemory * self, const gchar * key)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  if (!entry || parley_clock_now () < entry->expires)
    return entry;
  self->stats.expired++;
  remove_unlocked (self, entry);
  return NULL;
}

/* FALSE: only what counts more than @rank is left. */
static gboolean
make_room_unlocked (ParleyCacheMemory * self, ParleyCacheRank rank, gsize size)
{
  while (self->stats.bytes + size > self->max_bytes) {
    Entry *oldest = g_queue_peek_tail (&self->used[PARLEY_CACHE_REPLY]);

    if (!oldest && rank == PARLEY_CACHE_FIXED)
      oldest = g_queue_peek_tail (&self->used[PARLEY_CACHE_FIXED]);
    if (!oldest)
      return FALSE;
    remove_unlocked (self, oldest);
    self->stats.evictions++;
  }
  return TRUE;
}

static void
put_unlocked (ParleyCacheMemory * self, const ParleyCacheEntry * from)
{
  gsize size = size_of (from->key, from->bytes);
  gint64 now = parley_clock_now ();
  Entry *entry = g_hash_table_lookup (self->entries, from->key);

  if (entry)
    remove_unlocked (self, entry);
  if (size > self->max_bytes || from->left <= 0
      || !make_room_unlocked (self, from->rank, size))
    return;
  entry = g_new0 (Entry, 1);
  entry->key = g_strdup (from->key);
  entry->bytes = g_bytes_ref (from->bytes);
  entry->rank = from->rank;
  entry->put = now;
  entry->expires = from->left < G_MAXINT64 - now ? now + from->left
      : G_MAXINT64;
  entry->used.data = entry;
  g_hash_table_insert (self->entries, entry->key, entry);
  g_queue_push_head_link (&self->used[entry->rank], &entry->used);
  self->stats.bytes += size;
  self->stats.entries++;
}

static ParleyCacheEntry *
describe (const Entry * entry, gboolean with_bytes)
{
  gint64 now = parley_clock_now ();
  ParleyCacheEntry about = {
    .key = entry->key,
    .bytes = with_bytes ? entry->bytes : NULL,
    .size = g_bytes_get_size (entry->bytes),
    .rank = entry->rank,
    .age = now - entry->put,
    .left = entry->expires == G_MAXINT64 ? G_MAXINT64 : entry->expires - now,
  };

  return parley_cache_entry_copy (&about);
}

static void
use_unlocked (ParleyCacheMemory * self, Entry * entry)
{
  g_queue_unlink (&self->used[entry->rank], &entry->used);
  g_queue_push_head_link (&self->used[entry->rank], &entry->used);
}

/* The store's functions */

GBytes *
parley_cache_memory_peek (ParleyCacheMemory * self, const gchar * key,
    ParleyCacheRank * rank)
{
  GBytes *bytes = NULL;
  Entry *entry;

  g_mutex_lock (&self->lock);
  entry = find_unlocked (self, key);
  if (entry) {
    use_unlocked (self, entry);
    bytes = g_bytes_ref (entry->bytes);
    *rank = entry->rank;
  }
  g_mutex_unlock (&self->lock);
  return bytes;
}

static void
parley_cache_memory_get (ParleyCacheStore * store, const gchar * key,
    ParleyLoop * loop, ParleyCacheGotFunc func, gpointer data)
{
  ParleyCacheMemory *self = PARLEY_CACHE_MEMORY (store);
  ParleyCacheEntry *found = NULL;
  Entry *entry;

  g_mutex_lock (&self->lock);
  entry = find_unlocked (self, key);
  if (entry) {
    use_unlocked (self, entry);
    found = describe (entry, TRUE);
  }
  g_mutex_unlock (&self->lock);
  parley_cache_answer_got (loop, func, found, data);
}

static void
parley_cache_memory_put (ParleyCacheStore * store,
    const ParleyCacheEntry * entry)
{
  ParleyCacheMemory *self = PARLEY_CACHE_MEMORY (store);

  g_mutex_lock (&self->lock);
  put_unlocked (self, entry);
  g_mutex_unlock (&self->lock);
}

static void
parley_cache_memory_drop (ParleyCacheStore * store,
    const ParleyCacheMatch * match, ParleyLoop * loop,
    ParleyCacheDropFunc func, gpointer data)
{
  ParleyCacheMemory *self = PARLEY_CACHE_MEMORY (store);
  gint64 now = parley_clock_now ();
  guint n = 0;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_RANKS; i++) {
    for (GList * l = self->used[i].head, *next; l; l = next) {
      Entry *entry = l->data;

      next = l->next;
      if (!parley_cache_match_fits (match, entry->key, now - entry->put))
        continue;
      remove_unlocked (self, entry);
      n++;
    }
  }
  g_mutex_unlock (&self->lock);
  parley_cache_answer_drop (loop, func, n, data);
}

static void
parley_cache_memory_list (ParleyCacheStore * store, ParleyLoop * loop,
    ParleyCacheListFunc func, gpointer data)
{
  ParleyCacheMemory *self = PARLEY_CACHE_MEMORY (store);
  GPtrArray *entries = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_cache_entry_free);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_RANKS; i++)
    for (GList * l = self->used[i].head; l; l = l->next)
      g_ptr_array_add (entries, describe (l->data, FALSE));
  g_mutex_unlock (&self->lock);
  parley_cache_answer_list (loop, func, entries, data);
}

static void
parley_cache_memory_get_stats (ParleyCacheStore * store,
    ParleyCacheStoreStats * stats)
{
  ParleyCacheMemory *self = PARLEY_CACHE_MEMORY (store);

  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}

/* GObject */

ParleyCacheMemory *
parley_cache_memory_new (gsize max_bytes)
{
  ParleyCacheMemory *self = g_object_new (PARLEY_TYPE_CACHE_MEMORY, NULL);

  self->max_bytes = max_bytes;
  return self;
}

static void
parley_cache_memory_finalize (GObject * object)
{
  ParleyCacheMemory *self = PARLEY_CACHE_MEMORY (object);

  /* The links of the queues are the entries' own. */
  g_hash_table_unref (self->entries);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (parley_cache_memory_parent_class)->finalize (object);
}

static void
parley_cache_memory_init (ParleyCacheMemory * self)
{
  g_mutex_init (&self->lock);
  for (guint i = 0; i < N_RANKS; i++)
    g_queue_init (&self->used[i]);
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
      entry_free);
}

static void
parley_cache_memory_class_init (ParleyCacheMemoryClass * klass)
{
  ParleyCacheStoreClass *store = PARLEY_CACHE_STORE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = parley_cache_memory_finalize;
  store->get = parley_cache_memory_get;
  store->put = parley_cache_memory_put;
  store->drop = parley_cache_memory_drop;
  store->list = parley_cache_memory_list;
  store->get_stats = parley_cache_memory_get_stats;
}
