/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/caches.h"

#include <string.h>

#include "net/cachedir.h"

#define MEMORY "memory"
#define DIR_PREFIX "dir:"

static const gchar *const names[PARLEY_N_CACHE_KINDS] = { "speech", "answers" };

G_DEFINE_QUARK (parley - caches - error - quark, parley_caches_error);

/* By what they are called: "memory" or "dir:PATH". They live for ever. */
G_LOCK_DEFINE_STATIC (caches);
static GHashTable *caches[PARLEY_N_CACHE_KINDS];

const gchar *
parley_cache_kind_to_string (ParleyCacheKind kind)
{
  return names[kind];
}

static ParleyCache *
open_dir (ParleyCacheKind kind, const gchar * path, gsize max_bytes,
    GError ** error)
{
  gchar *own = g_build_filename (path, names[kind], NULL);
  ParleyCacheStore *dir = parley_cache_dir_new (own,
      max_bytes ? max_bytes : PARLEY_CACHE_DIR_BYTES, error);
  ParleyCache *cache = NULL;

  if (dir) {
    cache = parley_cache_new (PARLEY_CACHE_MEMORY_BYTES, dir);
    g_object_unref (dir);
  }
  g_free (own);
  return cache;
}

/* Under the lock. */
static ParleyCache *
make_unlocked (ParleyCacheKind kind, const gchar * where, gsize max_bytes,
    GError ** error)
{
  ParleyCache *cache;

  if (g_str_has_prefix (where, DIR_PREFIX))
    cache = open_dir (kind, where + strlen (DIR_PREFIX), max_bytes, error);
  else
    cache = parley_cache_new (max_bytes ? max_bytes
        : PARLEY_CACHE_MEMORY_BYTES, NULL);
  if (cache)
    g_hash_table_insert (caches[kind], g_strdup (where), cache);
  return cache;
}

gboolean
parley_caches_open (ParleyCacheKind kind, const gchar * where,
    gsize max_bytes, ParleyCache ** cache, GError ** error)
{
  *cache = NULL;
  if (strcmp (where, "off") == 0)
    return TRUE;
  if (strcmp (where, MEMORY) != 0 && (!g_str_has_prefix (where, DIR_PREFIX)
          || !where[strlen (DIR_PREFIX)])) {
    g_set_error (error, PARLEY_CACHES_ERROR, 0,
        "there is no cache “%s”; set cache= to memory, dir:PATH or off",
        where);
    return FALSE;
  }
  G_LOCK (caches);
  if (!caches[kind])
    caches[kind] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
        g_object_unref);
  *cache = g_hash_table_lookup (caches[kind], where);
  if (!*cache)
    *cache = make_unlocked (kind, where, max_bytes, error);
  G_UNLOCK (caches);
  return *cache != NULL;
}

ParleyCache *
parley_caches_get_default (ParleyCacheKind kind)
{
  ParleyCache *cache;

  parley_caches_open (kind, MEMORY, 0, &cache, NULL);
  return cache;
}

void
parley_caches_for_each (ParleyCachesFunc func, gpointer data)
{
  GHashTableIter iter;
  gpointer where, cache;

  G_LOCK (caches);
  for (guint i = 0; i < PARLEY_N_CACHE_KINDS; i++) {
    if (!caches[i])
      continue;
    g_hash_table_iter_init (&iter, caches[i]);
    while (g_hash_table_iter_next (&iter, &where, &cache))
      func (i, where, cache, data);
  }
  G_UNLOCK (caches);
}
