/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/cachestore.h"

#include <string.h>

/* What is kept changes its meaning with this: older files are of no use. */
#define KEY_VERSION "1"
#define MAX_LABEL 200

G_DEFINE_ABSTRACT_TYPE (ParleyCacheStore, parley_cache_store, G_TYPE_OBJECT);

void
parley_cache_store_get (ParleyCacheStore * self, const gchar * key,
    ParleyLoop * loop, ParleyCacheGotFunc func, gpointer data)
{
  PARLEY_CACHE_STORE_GET_CLASS (self)->get (self, key, loop, func, data);
}

void
parley_cache_store_put (ParleyCacheStore * self, const ParleyCacheEntry * entry)
{
  PARLEY_CACHE_STORE_GET_CLASS (self)->put (self, entry);
}

void
parley_cache_store_drop (ParleyCacheStore * self,
    const ParleyCacheMatch * match, ParleyLoop * loop,
    ParleyCacheDropFunc func, gpointer data)
{
  PARLEY_CACHE_STORE_GET_CLASS (self)->drop (self, match, loop, func, data);
}

void
parley_cache_store_list (ParleyCacheStore * self, ParleyLoop * loop,
    ParleyCacheListFunc func, gpointer data)
{
  PARLEY_CACHE_STORE_GET_CLASS (self)->list (self, loop, func, data);
}

void
parley_cache_store_get_stats (ParleyCacheStore * self,
    ParleyCacheStoreStats * stats)
{
  PARLEY_CACHE_STORE_GET_CLASS (self)->get_stats (self, stats);
}

static void
parley_cache_store_init (ParleyCacheStore * self)
{
}

static void
parley_cache_store_class_init (ParleyCacheStoreClass * klass)
{
}

/* Keys */

/* One word of valid UTF-8. */
static gchar *
clean_label (const gchar * label)
{
  gchar *valid = g_utf8_make_valid (label, MIN (strlen (label), MAX_LABEL));

  for (gchar * c = valid; *c; c++)
    if (*c == ' ' || g_ascii_iscntrl (*c))
      *c = '_';
  return valid;
}

gchar *
parley_cache_key_new (const gchar * label, const gchar * settings,
    const gchar * text)
{
  GChecksum *sum = g_checksum_new (G_CHECKSUM_SHA256);
  gchar *clean = clean_label (label), *key;

  /* With their ends: nothing moves from one to the other. */
  g_checksum_update (sum, (const guchar *) KEY_VERSION, sizeof KEY_VERSION);
  g_checksum_update (sum, (const guchar *) label, strlen (label) + 1);
  g_checksum_update (sum, (const guchar *) settings, strlen (settings) + 1);
  g_checksum_update (sum, (const guchar *) text, strlen (text) + 1);
  key = g_strdup_printf ("%s %s", clean, g_checksum_get_string (sum));
  g_checksum_free (sum);
  g_free (clean);
  return key;
}

/* Entries and matches */

static gboolean
is_key (const gchar * key, const gchar * wanted)
{
  const gchar *hash = strrchr (key, ' ');

  return strcmp (key, wanted) == 0 || (hash && strcmp (hash + 1, wanted) == 0);
}

gboolean
parley_cache_match_fits (const ParleyCacheMatch * match, const gchar * key,
    gint64 age)
{
  return (!match->key || is_key (key, match->key))
      && (!match->prefix || g_str_has_prefix (key, match->prefix))
      && age >= match->older_than;
}

ParleyCacheMatch *
parley_cache_match_copy (const ParleyCacheMatch * match)
{
  ParleyCacheMatch *copy = g_memdup2 (match, sizeof *match);

  copy->key = g_strdup (match->key);
  copy->prefix = g_strdup (match->prefix);
  return copy;
}

void
parley_cache_match_free (ParleyCacheMatch * match)
{
  g_free ((gchar *) match->key);
  g_free ((gchar *) match->prefix);
  g_free (match);
}

ParleyCacheEntry *
parley_cache_entry_copy (const ParleyCacheEntry * entry)
{
  ParleyCacheEntry *copy = g_memdup2 (entry, sizeof *entry);

  copy->key = g_strdup (entry->key);
  if (entry->bytes)
    g_bytes_ref (entry->bytes);
  return copy;
}

void
parley_cache_entry_free (ParleyCacheEntry * entry)
{
  g_free ((gchar *) entry->key);
  g_clear_pointer (&entry->bytes, g_bytes_unref);
  g_free (entry);
}

/* Answers */

typedef struct
{
  GCallback func;
  gpointer data;
  ParleyCacheEntry *entry;
  GPtrArray *entries;
  guint n;
} Answer;

static void
answer (ParleyLoop * loop, GFunc tell, const Answer * what)
{
  parley_loop_invoke (loop, tell, g_memdup2 (what, sizeof *what), NULL);
}

static void
tell_got (gpointer data, gpointer user_data)
{
  Answer *self = data;

  ((ParleyCacheGotFunc) self->func) (self->entry, self->data);
  g_clear_pointer (&self->entry, parley_cache_entry_free);
  g_free (self);
}

void
parley_cache_answer_got (ParleyLoop * loop, ParleyCacheGotFunc func,
    ParleyCacheEntry * entry, gpointer data)
{
  Answer self = {.func = G_CALLBACK (func),.data = data,.entry = entry };

  answer (loop, tell_got, &self);
}

static void
tell_list (gpointer data, gpointer user_data)
{
  Answer *self = data;

  ((ParleyCacheListFunc) self->func) (self->entries, self->data);
  g_ptr_array_unref (self->entries);
  g_free (self);
}

void
parley_cache_answer_list (ParleyLoop * loop, ParleyCacheListFunc func,
    GPtrArray * entries, gpointer data)
{
  Answer self = {.func = G_CALLBACK (func),.data = data,.entries = entries };

  answer (loop, tell_list, &self);
}

static void
tell_drop (gpointer data, gpointer user_data)
{
  Answer *self = data;

  ((ParleyCacheDropFunc) self->func) (self->n, self->data);
  g_free (self);
}

void
parley_cache_answer_drop (ParleyLoop * loop, ParleyCacheDropFunc func,
    guint n_dropped, gpointer data)
{
  Answer self = {.func = G_CALLBACK (func),.data = data,.n = n_dropped };

  if (func)
    answer (loop, tell_drop, &self);
}
