/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/loop.h"

G_BEGIN_DECLS

/* Where cached bytes lie: in this process's memory (cachememory.h), in a
 * directory (cachedir.h), or, in a class of one's own, further away.
 * ParleyCache looks into its memory first and asks one such store behind it.
 *
 * Threads: every function may be called from any thread. None waits for a disk
 * or a network: what takes time is answered on a loop, later, always, exactly
 * once, and never inside the call. */

#define PARLEY_TYPE_CACHE_STORE (parley_cache_store_get_type ())
G_DECLARE_DERIVABLE_TYPE (ParleyCacheStore, parley_cache_store, PARLEY,
    CACHE_STORE, GObject)

typedef enum
{
  PARLEY_CACHE_REPLY,           /* came up in a conversation */
  PARLEY_CACHE_FIXED            /* a text of the pipeline's: pushed out last */
} ParleyCacheRank;

typedef struct
{
  const gchar *key;
  GBytes *bytes;                /* NULL in lists */
  gsize size;                   /* of the bytes */
  ParleyCacheRank rank;
  gint64 age;                   /* µs since it was put; ignored by put */
  gint64 left;                  /* µs that it is good for; G_MAXINT64: always */
} ParleyCacheEntry;

/* What all of them ask for; all unset: everything. */
typedef struct
{
  const gchar *key;             /* the whole key, or its hash alone */
  const gchar *prefix;          /* of keys */
  gint64 older_than;            /* µs since it was put */
} ParleyCacheMatch;

typedef struct
{
  gsize bytes;                  /* held now, keys and overhead included */
  guint entries;                /* held now */
  guint64 evictions;            /* entries that made room for others */
  guint64 expired;              /* entries that were found too old */
  guint64 damaged;              /* entries that could not be read as written */
  guint64 failures;             /* of writing, and what was not tried */
} ParleyCacheStoreStats;

/* @entry (borrowed) NULL: nothing, or nothing that is still good. */
typedef void (*ParleyCacheGotFunc) (const ParleyCacheEntry * entry,
    gpointer data);
/* @entries: of ParleyCacheEntry, borrowed. */
typedef void (*ParleyCacheListFunc) (GPtrArray * entries, gpointer data);
typedef void (*ParleyCacheDropFunc) (guint n_dropped, gpointer data);

struct _ParleyCacheStoreClass
{
  GObjectClass parent_class;

  void (*get) (ParleyCacheStore * self, const gchar * key, ParleyLoop * loop,
      ParleyCacheGotFunc func, gpointer data);
  /* Keeps @entry in place of what has its key, now or later, or not at all. */
  void (*put) (ParleyCacheStore * self, const ParleyCacheEntry * entry);
  void (*drop) (ParleyCacheStore * self, const ParleyCacheMatch * match,
      ParleyLoop * loop, ParleyCacheDropFunc func, gpointer data);
  void (*list) (ParleyCacheStore * self, ParleyLoop * loop,
      ParleyCacheListFunc func, gpointer data);
  void (*get_stats) (ParleyCacheStore * self, ParleyCacheStoreStats * stats);
};

void parley_cache_store_get (ParleyCacheStore * self, const gchar * key,
    ParleyLoop * loop, ParleyCacheGotFunc func, gpointer data);
void parley_cache_store_put (ParleyCacheStore * self,
    const ParleyCacheEntry * entry);
/* @func may be NULL. */
void parley_cache_store_drop (ParleyCacheStore * self,
    const ParleyCacheMatch * match, ParleyLoop * loop,
    ParleyCacheDropFunc func, gpointer data);
void parley_cache_store_list (ParleyCacheStore * self, ParleyLoop * loop,
    ParleyCacheListFunc func, gpointer data);
void parley_cache_store_get_stats (ParleyCacheStore * self,
    ParleyCacheStoreStats * stats);

/* A key for what @settings make of @text: "LABEL HASH". Only @label, which is
 * for people and prefixes, can be read from it; blanks and control characters
 * in it become "_". Transfer full. */
gchar *parley_cache_key_new (const gchar * label, const gchar * settings,
    const gchar * text);

/* For stores. */
gboolean parley_cache_match_fits (const ParleyCacheMatch * match,
    const gchar * key, gint64 age);
ParleyCacheMatch *parley_cache_match_copy (const ParleyCacheMatch * match);
void parley_cache_match_free (ParleyCacheMatch * match);
ParleyCacheEntry *parley_cache_entry_copy (const ParleyCacheEntry * entry);
void parley_cache_entry_free (ParleyCacheEntry * entry);
/* The answers; @entry, @entries: transfer full. */
void parley_cache_answer_got (ParleyLoop * loop, ParleyCacheGotFunc func,
    ParleyCacheEntry * entry, gpointer data);
void parley_cache_answer_list (ParleyLoop * loop, ParleyCacheListFunc func,
    GPtrArray * entries, gpointer data);
void parley_cache_answer_drop (ParleyLoop * loop, ParleyCacheDropFunc func,
    guint n_dropped, gpointer data);

G_END_DECLS
