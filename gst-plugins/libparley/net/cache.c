/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/cache.h"

#include <string.h>

#include "net/clock.h"

#define DEFAULT_BYTES (64 * 1024 * 1024)
#define DEFAULT_TTL G_TIME_SPAN_HOUR

/* Owned by its entry while it waits, then by the call that tells it. */
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

typedef struct
{
  gchar *key;
  GBytes *bytes;                /* NULL: nothing stored */
  gint64 expires;
  GList used;                   /* in the cache's list, if bytes */
  gboolean claimed;
  GQueue waits;                 /* of ParleyCacheWait; only if claimed */
} Entry;

struct _ParleyCache
{
  GObject parent;
  gsize max_bytes;
  gint64 ttl;

  GMutex lock;                  /* guards all below */
  GHashTable *entries;          /* the key is the entry's */
  GQueue used;                  /* of Entry, the last used first */
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

/* Under the lock; only hands over. */
static void
tell_all_unlocked (Entry * entry, GBytes * bytes)
{
  ParleyCacheWait *wait;

  while ((wait = g_queue_pop_head (&entry->waits))) {
    wait->told = TRUE;
    wait->bytes = bytes ? g_bytes_ref (bytes) : NULL;
    parley_loop_invoke (wait->loop, wait_tell_in_loop, wait, NULL);
  }
}

/* Entries, all under the lock */

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_queue_clear_full (&entry->waits, (GDestroyNotify) wait_free);
  g_clear_pointer (&entry->bytes, g_bytes_unref);
  g_free (entry->key);
  g_free (entry);
}

static gsize
entry_size (const gchar * key, GBytes * bytes)
{
  return g_bytes_get_size (bytes) + strlen (key) + PARLEY_CACHE_ENTRY_BYTES;
}

static Entry *
entry_ensure_unlocked (ParleyCache * self, const gchar * key)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  if (entry)
    return entry;
  entry = g_new0 (Entry, 1);
  entry->key = g_strdup (key);
  entry->used.data = entry;
  g_queue_init (&entry->waits);
  g_hash_table_insert (self->entries, entry->key, entry);
  return entry;
}

static void
entry_drop_if_empty_unlocked (ParleyCache * self, Entry * entry)
{
  if (!entry->bytes && !entry->claimed)
    g_hash_table_remove (self->entries, entry->key);
}

static void
entry_forget_bytes_unlocked (ParleyCache * self, Entry * entry)
{
  if (!entry->bytes)
    return;
  self->stats.bytes -= entry_size (entry->key, entry->bytes);
  self->stats.entries--;
  g_queue_unlink (&self->used, &entry->used);
  g_clear_pointer (&entry->bytes, g_bytes_unref);
}

/* The entry of @key if it has bytes that are not too old. */
static Entry *
find_fresh_unlocked (ParleyCache * self, const gchar * key)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  if (!entry || !entry->bytes)
    return NULL;
  if (parley_clock_now () < entry->expires) {
    g_queue_unlink (&self->used, &entry->used);
    g_queue_push_head_link (&self->used, &entry->used);
    return entry;
  }
  self->stats.expired++;
  entry_forget_bytes_unlocked (self, entry);
  entry_drop_if_empty_unlocked (self, entry);
  return NULL;
}

static void
make_room_unlocked (ParleyCache * self, gsize size)
{
  while (self->stats.bytes + size > self->max_bytes) {
    Entry *oldest = g_queue_peek_tail (&self->used);

    entry_forget_bytes_unlocked (self, oldest);
    entry_drop_if_empty_unlocked (self, oldest);
    self->stats.evictions++;
  }
}

static void
entry_set_bytes_unlocked (ParleyCache * self, Entry * entry, GBytes * bytes)
{
  gsize size = entry_size (entry->key, bytes);

  entry_forget_bytes_unlocked (self, entry);
  if (size > self->max_bytes)
    return;
  make_room_unlocked (self, size);
  entry->bytes = g_bytes_ref (bytes);
  entry->expires = self->ttl > 0 ? parley_clock_now () + self->ttl : G_MAXINT64;
  g_queue_push_head_link (&self->used, &entry->used);
  self->stats.bytes += size;
  self->stats.entries++;
}

static ParleyCacheWait *
entry_add_wait_unlocked (Entry * entry, ParleyLoop * loop,
    ParleyCacheFunc func, gpointer data)
{
  ParleyCacheWait *wait = g_new0 (ParleyCacheWait, 1);

  wait->loop = g_object_ref (loop);
  wait->func = func;
  wait->data = data;
  wait->key = g_strdup (entry->key);
  g_queue_push_tail (&entry->waits, wait);
  return wait;
}

/* Public */

GBytes *
parley_cache_lookup (ParleyCache * self, const gchar * key)
{
  GBytes *bytes = NULL;
  Entry *entry;

  g_mutex_lock (&self->lock);
  entry = find_fresh_unlocked (self, key);
  if (entry) {
    bytes = g_bytes_ref (entry->bytes);
    self->stats.hits++;
  } else {
    self->stats.misses++;
  }
  g_mutex_unlock (&self->lock);
  return bytes;
}

ParleyCacheResult
parley_cache_claim (ParleyCache * self, const gchar * key, ParleyLoop * loop,
    ParleyCacheFunc func, gpointer data, GBytes ** bytes,
    ParleyCacheWait ** wait)
{
  ParleyCacheResult result;
  Entry *entry;

  *bytes = NULL;
  *wait = NULL;
  g_mutex_lock (&self->lock);
  entry = find_fresh_unlocked (self, key);
  if (entry) {
    *bytes = g_bytes_ref (entry->bytes);
    self->stats.hits++;
    result = PARLEY_CACHE_HIT;
  } else {
    entry = entry_ensure_unlocked (self, key);
    if (entry->claimed) {
      *wait = entry_add_wait_unlocked (entry, loop, func, data);
      self->stats.waits++;
      result = PARLEY_CACHE_WAIT;
    } else {
      entry->claimed = TRUE;
      self->stats.misses++;
      result = PARLEY_CACHE_CLAIMED;
    }
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
    Entry *entry = g_hash_table_lookup (self->entries, wait->key);

    g_queue_remove (&entry->waits, wait);
    wait_free (wait);
  }
  g_mutex_unlock (&self->lock);
}

void
parley_cache_store (ParleyCache * self, const gchar * key, GBytes * bytes)
{
  Entry *entry;

  g_mutex_lock (&self->lock);
  entry = entry_ensure_unlocked (self, key);
  entry->claimed = FALSE;
  tell_all_unlocked (entry, bytes);
  entry_set_bytes_unlocked (self, entry, bytes);
  entry_drop_if_empty_unlocked (self, entry);
  g_mutex_unlock (&self->lock);
}

void
parley_cache_abandon (ParleyCache * self, const gchar * key)
{
  Entry *entry;

  g_mutex_lock (&self->lock);
  entry = g_hash_table_lookup (self->entries, key);
  if (entry && entry->claimed) {
    entry->claimed = FALSE;
    tell_all_unlocked (entry, NULL);
    entry_drop_if_empty_unlocked (self, entry);
  }
  g_mutex_unlock (&self->lock);
}

void
parley_cache_clear (ParleyCache * self)
{
  Entry *entry;

  g_mutex_lock (&self->lock);
  while ((entry = g_queue_peek_head (&self->used))) {
    entry_forget_bytes_unlocked (self, entry);
    entry_drop_if_empty_unlocked (self, entry);
  }
  g_mutex_unlock (&self->lock);
}

void
parley_cache_get_stats (ParleyCache * self, ParleyCacheStats * stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}

ParleyCache *
parley_cache_new (gsize max_bytes, gint64 ttl_us)
{
  ParleyCache *self = g_object_new (PARLEY_TYPE_CACHE, NULL);

  self->max_bytes = max_bytes;
  self->ttl = ttl_us;
  return self;
}

static gpointer
default_new (gpointer data)
{
  return parley_cache_new (DEFAULT_BYTES, DEFAULT_TTL);
}

ParleyCache *
parley_cache_get_default (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, default_new, NULL);
}

/* GObject */

static void
parley_cache_finalize (GObject * object)
{
  ParleyCache *self = PARLEY_CACHE (object);

  g_queue_init (&self->used);   /* the links are the entries' own */
  g_hash_table_unref (self->entries);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (parley_cache_parent_class)->finalize (object);
}

static void
parley_cache_init (ParleyCache * self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->used);
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
      entry_free);
}

static void
parley_cache_class_init (ParleyCacheClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = parley_cache_finalize;
}
