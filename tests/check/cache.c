/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/caches.h"

#include <string.h>

#include "net/cachememory.h"
#include "net/clock.h"

#define SIZE 1000
/* What an entry with a key of one letter and SIZE bytes counts. */
#define COST (SIZE + 1 + PARLEY_CACHE_ENTRY_BYTES)

static GBytes *
make_bytes (gsize size, guint8 fill)
{
  guint8 *data = g_malloc (size);

  memset (data, fill, size);
  return g_bytes_new_take (data, size);
}

static void
store (ParleyCache * cache, const gchar * key, gsize size)
{
  GBytes *bytes = make_bytes (size, key[0]);

  parley_cache_put (cache, key, bytes, PARLEY_CACHE_REPLY, G_TIME_SPAN_MINUTE);
  g_bytes_unref (bytes);
}

static gboolean
has (ParleyCache * cache, const gchar * key)
{
  GBytes *bytes = parley_cache_lookup (cache, key);

  if (!bytes)
    return FALSE;
  g_assert_cmpint (*(const gchar *) g_bytes_get_data (bytes, NULL), ==, *key);
  g_bytes_unref (bytes);
  return TRUE;
}

static ParleyCacheStoreStats
held_by (ParleyCache * cache)
{
  ParleyCacheStoreStats stats;

  parley_cache_store_get_stats (parley_cache_get_memory (cache), &stats);
  return stats;
}

static ParleyCacheStats
stats_of (ParleyCache * cache)
{
  ParleyCacheStats stats;

  parley_cache_get_stats (cache, &stats);
  return stats;
}

static void
test_lookup (void)
{
  ParleyCache *cache = parley_cache_new (10 * COST, NULL);

  g_assert_false (has (cache, "a"));
  store (cache, "a", SIZE);
  g_assert_true (has (cache, "a"));
  g_assert_cmpuint (stats_of (cache).hits, ==, 1);
  g_assert_cmpuint (stats_of (cache).misses, ==, 1);
  g_assert_cmpuint (held_by (cache).bytes, ==, COST);
  parley_cache_clear (cache);
  g_assert_false (has (cache, "a"));
  g_assert_cmpuint (held_by (cache).bytes, ==, 0);
  g_object_unref (cache);
}

static void
test_lru_order (void)
{
  ParleyCache *cache = parley_cache_new (3 * COST, NULL);

  store (cache, "a", SIZE);
  store (cache, "b", SIZE);
  store (cache, "c", SIZE);
  /* Use makes young: b is the oldest now. */
  g_assert_true (has (cache, "a"));
  store (cache, "d", SIZE);
  g_assert_false (has (cache, "b"));
  g_assert_true (has (cache, "a"));
  g_assert_true (has (cache, "c"));
  g_assert_true (has (cache, "d"));
  g_assert_cmpuint (held_by (cache).evictions, ==, 1);
  g_assert_cmpuint (held_by (cache).entries, ==, 3);
  g_object_unref (cache);
}

static void
test_byte_bound (void)
{
  ParleyCache *cache = parley_cache_new (3 * COST, NULL);
  GRand *rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < 1000; i++) {
    gchar key[2] = { 'A' + g_rand_int_range (rand, 0, 26), 0 };

    store (cache, key, g_rand_int_range (rand, 1, 4 * SIZE));
    g_assert_cmpuint (held_by (cache).bytes, <=, 3 * COST);
  }
  g_assert_cmpuint (held_by (cache).evictions, >, 100);
  parley_cache_clear (cache);
  g_assert_cmpuint (held_by (cache).bytes, ==, 0);
  g_assert_cmpuint (held_by (cache).entries, ==, 0);
  g_rand_free (rand);
  g_object_unref (cache);
}

static void
test_too_big_is_not_kept (void)
{
  ParleyCache *cache = parley_cache_new (2 * COST, NULL);

  store (cache, "a", SIZE);
  store (cache, "b", 3 * SIZE);
  g_assert_false (has (cache, "b"));
  g_assert_true (has (cache, "a"));
  /* What replaces an entry ends it, kept or not. */
  store (cache, "a", 3 * SIZE);
  g_assert_false (has (cache, "a"));
  g_assert_cmpuint (held_by (cache).bytes, ==, 0);
  g_object_unref (cache);
}

static void
test_replace (void)
{
  ParleyCache *cache = parley_cache_new (10 * COST, NULL);
  GBytes *bytes;

  store (cache, "a", SIZE);
  store (cache, "a", SIZE / 2);
  bytes = parley_cache_lookup (cache, "a");
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, SIZE / 2);
  g_bytes_unref (bytes);
  g_assert_cmpuint (held_by (cache).bytes, ==, COST - SIZE / 2);
  g_assert_cmpuint (held_by (cache).entries, ==, 1);
  g_object_unref (cache);
}

static void
test_ttl (void)
{
  ParleyCache *cache = parley_cache_new (10 * COST, NULL);
  GMainContext *context = g_main_context_new ();

  parley_clock_set_manual (1000);
  store (cache, "a", SIZE);
  parley_clock_advance (G_TIME_SPAN_MINUTE - 1, context);
  /* Use does not make it younger. */
  g_assert_true (has (cache, "a"));
  parley_clock_advance (1, context);
  g_assert_false (has (cache, "a"));
  g_assert_cmpuint (held_by (cache).expired, ==, 1);
  g_assert_cmpuint (held_by (cache).evictions, ==, 0);
  g_assert_cmpuint (held_by (cache).bytes, ==, 0);
  parley_clock_set_real ();
  g_main_context_unref (context);
  g_object_unref (cache);
}

static void
put_as (ParleyCache * cache, const gchar * key, ParleyCacheRank rank)
{
  GBytes *bytes = make_bytes (SIZE, key[0]);

  parley_cache_put (cache, key, bytes, rank, G_TIME_SPAN_MINUTE);
  g_bytes_unref (bytes);
}

/* However many replies come, they stay. */
static void
test_fixed_go_last (void)
{
  ParleyCache *cache = parley_cache_new (3 * COST, NULL);

  put_as (cache, "a", PARLEY_CACHE_FIXED);
  store (cache, "b", SIZE);
  store (cache, "c", SIZE);
  store (cache, "d", SIZE);
  g_assert_false (has (cache, "b"));
  g_assert_true (has (cache, "a"));
  put_as (cache, "e", PARLEY_CACHE_FIXED);
  put_as (cache, "f", PARLEY_CACHE_FIXED);
  store (cache, "g", SIZE);
  g_assert_false (has (cache, "g"));
  put_as (cache, "h", PARLEY_CACHE_FIXED);
  g_assert_false (has (cache, "a"));
  g_assert_true (has (cache, "h"));
  g_object_unref (cache);
}

static void
test_promote (void)
{
  ParleyCache *cache = parley_cache_new (2 * COST, NULL);
  GMainContext *context = g_main_context_new ();

  parley_clock_set_manual (1000);
  store (cache, "a", SIZE);
  parley_cache_promote (cache, "a", 2 * G_TIME_SPAN_MINUTE);
  /* Once is enough: it does not become younger. */
  parley_clock_advance (G_TIME_SPAN_MINUTE, context);
  parley_cache_promote (cache, "a", 2 * G_TIME_SPAN_MINUTE);
  parley_cache_promote (cache, "b", 2 * G_TIME_SPAN_MINUTE);
  g_assert_true (has (cache, "a"));
  g_assert_false (has (cache, "b"));
  parley_clock_advance (G_TIME_SPAN_MINUTE, context);
  g_assert_false (has (cache, "a"));
  parley_clock_set_real ();
  g_main_context_unref (context);
  g_object_unref (cache);
}

/* Keys */

static void
test_keys (void)
{
  gchar *key = parley_cache_key_new ("who/voice x\n", "set", "text");
  gchar *other = parley_cache_key_new ("who/voice x\n", "sett", "ext");
  const gchar *hash = strchr (key, ' ');

  g_assert_true (g_str_has_prefix (key, "who/voice_x_ "));
  g_assert_cmpuint (strlen (hash + 1), ==, 64);
  g_assert_null (strstr (key, "text"));
  g_assert_cmpstr (key, !=, other);
  g_free (other);
  other = parley_cache_key_new ("who/voice x\n", "set", "text");
  g_assert_cmpstr (key, ==, other);
  g_free (other);
  g_free (key);
}

/* Single flight */

typedef struct
{
  guint calls;
  gsize size;                   /* 0: abandoned */
  ParleyLoop *loop;
} Waiter;

static void
told (const gchar * key, GBytes * bytes, gpointer data)
{
  Waiter *waiter = data;

  g_assert_true (parley_loop_is_current (waiter->loop));
  g_assert_cmpstr (key, ==, "a");
  waiter->calls++;
  waiter->size = bytes ? g_bytes_get_size (bytes) : 0;
}

static ParleyCacheResult
claim (ParleyCache * cache, Waiter * waiter, ParleyCacheWait ** wait)
{
  ParleyCacheWait *unused;
  GBytes *bytes;
  ParleyCacheResult result = parley_cache_claim (cache, "a", waiter->loop,
      told, waiter, &bytes, wait ? wait : &unused);

  g_assert_true ((bytes != NULL) == (result == PARLEY_CACHE_HIT));
  g_clear_pointer (&bytes, g_bytes_unref);
  return result;
}

static void
iterate (ParleyLoop * loop)
{
  while (g_main_context_iteration (parley_loop_get_context (loop), FALSE));
}

static void
test_single_flight_two_loops (void)
{
  ParleyCache *cache = parley_cache_new (10 * COST, NULL);
  Waiter one = {.loop = parley_loop_new (NULL) };
  Waiter two = {.loop = parley_loop_new (NULL) };

  g_assert_cmpint (claim (cache, &one, NULL), ==, PARLEY_CACHE_CLAIMED);
  g_assert_cmpint (claim (cache, &one, NULL), ==, PARLEY_CACHE_WAIT);
  g_assert_cmpint (claim (cache, &two, NULL), ==, PARLEY_CACHE_WAIT);
  g_assert_false (has (cache, "a"));
  store (cache, "a", SIZE);
  g_assert_cmpuint (one.calls + two.calls, ==, 0);
  iterate (one.loop);
  g_assert_cmpuint (one.calls, ==, 1);
  g_assert_cmpuint (two.calls, ==, 0);
  iterate (two.loop);
  g_assert_cmpuint (two.calls, ==, 1);
  g_assert_cmpuint (two.size, ==, SIZE);
  g_assert_cmpint (claim (cache, &two, NULL), ==, PARLEY_CACHE_HIT);
  g_assert_cmpuint (stats_of (cache).waits, ==, 2);
  g_object_unref (cache);
  g_object_unref (one.loop);
  g_object_unref (two.loop);
}

static void
test_abandon (void)
{
  ParleyCache *cache = parley_cache_new (10 * COST, NULL);
  Waiter one = {.loop = parley_loop_new (NULL) };

  g_assert_cmpint (claim (cache, &one, NULL), ==, PARLEY_CACHE_CLAIMED);
  g_assert_cmpint (claim (cache, &one, NULL), ==, PARLEY_CACHE_WAIT);
  parley_cache_abandon (cache, "a");
  iterate (one.loop);
  g_assert_cmpuint (one.calls, ==, 1);
  g_assert_cmpuint (one.size, ==, 0);
  g_assert_false (has (cache, "a"));
  g_assert_cmpint (claim (cache, &one, NULL), ==, PARLEY_CACHE_CLAIMED);
  parley_cache_abandon (cache, "a");
  g_assert_cmpuint (held_by (cache).entries, ==, 0);
  g_object_unref (cache);
  g_object_unref (one.loop);
}

static void
test_abandon_without_claim (void)
{
  ParleyCache *cache = parley_cache_new (10 * COST, NULL);

  parley_cache_abandon (cache, "a");
  store (cache, "a", SIZE);
  parley_cache_abandon (cache, "a");
  g_assert_true (has (cache, "a"));
  g_object_unref (cache);
}

static void
test_big_bytes_reach_waiters (void)
{
  ParleyCache *cache = parley_cache_new (0, NULL);
  Waiter one = {.loop = parley_loop_new (NULL) };

  g_assert_cmpint (claim (cache, &one, NULL), ==, PARLEY_CACHE_CLAIMED);
  g_assert_cmpint (claim (cache, &one, NULL), ==, PARLEY_CACHE_WAIT);
  store (cache, "a", SIZE);
  iterate (one.loop);
  g_assert_cmpuint (one.size, ==, SIZE);
  g_assert_false (has (cache, "a"));
  g_object_unref (cache);
  g_object_unref (one.loop);
}

static void
cancel_wait (ParleyCache * cache, Waiter * waiter, ParleyCacheWait * wait)
{
  GMainContext *context = parley_loop_get_context (waiter->loop);

  g_assert_true (g_main_context_acquire (context));
  parley_cache_cancel_wait_in_loop (cache, wait);
  g_main_context_release (context);
}

static void
test_cancel_wait (void)
{
  ParleyCache *cache = parley_cache_new (10 * COST, NULL);
  Waiter one = {.loop = parley_loop_new (NULL) };
  Waiter two = {.loop = parley_loop_new (NULL) };
  ParleyCacheWait *early, *late;

  claim (cache, &one, NULL);
  g_assert_cmpint (claim (cache, &one, &early), ==, PARLEY_CACHE_WAIT);
  g_assert_cmpint (claim (cache, &two, &late), ==, PARLEY_CACHE_WAIT);
  cancel_wait (cache, &one, early);
  store (cache, "a", SIZE);
  /* The telling is on its way. */
  cancel_wait (cache, &two, late);
  iterate (one.loop);
  iterate (two.loop);
  g_assert_cmpuint (one.calls + two.calls, ==, 0);
  g_object_unref (cache);
  g_object_unref (one.loop);
  g_object_unref (two.loop);
}

static void
test_claims_survive_clear_and_eviction (void)
{
  ParleyCache *cache = parley_cache_new (COST, NULL);
  Waiter one = {.loop = parley_loop_new (NULL) };

  claim (cache, &one, NULL);
  claim (cache, &one, NULL);
  store (cache, "b", SIZE);
  store (cache, "c", SIZE);
  parley_cache_clear (cache);
  store (cache, "a", SIZE);
  iterate (one.loop);
  g_assert_cmpuint (one.calls, ==, 1);
  g_object_unref (cache);
  g_object_unref (one.loop);
}

static void
test_freed_with_waits (void)
{
  ParleyCache *cache = parley_cache_new (COST, NULL);
  Waiter one = {.loop = parley_loop_new (NULL) };

  claim (cache, &one, NULL);
  claim (cache, &one, NULL);
  g_object_unref (cache);
  iterate (one.loop);
  g_assert_cmpuint (one.calls, ==, 0);
  g_object_unref (one.loop);
}

/* A store behind it, which answers when the test says so */

#define TEST_TYPE_SLOW (test_slow_get_type ())
G_DECLARE_FINAL_TYPE (TestSlow, test_slow, TEST, SLOW, ParleyCacheStore)
     struct _TestSlow
     {
       ParleyCacheStore parent;
       guint n_put;
       ParleyLoop *loop;
       ParleyCacheGotFunc func;
       gpointer data;
     };

G_DEFINE_FINAL_TYPE (TestSlow, test_slow, PARLEY_TYPE_CACHE_STORE)
     static void
         test_slow_get (ParleyCacheStore * store, const gchar * key,
    ParleyLoop * loop, ParleyCacheGotFunc func, gpointer data)
{
  TestSlow *self = TEST_SLOW (store);

  g_assert_null (self->func);
  self->loop = loop;
  self->func = func;
  self->data = data;
}

static void
test_slow_put (ParleyCacheStore * store, const ParleyCacheEntry * entry)
{
  TEST_SLOW (store)->n_put++;
}

static void
test_slow_init (TestSlow * self)
{
}

static void
test_slow_class_init (TestSlowClass * klass)
{
  PARLEY_CACHE_STORE_CLASS (klass)->get = test_slow_get;
  PARLEY_CACHE_STORE_CLASS (klass)->put = test_slow_put;
}

static void
slow_answers (TestSlow * self, gboolean found)
{
  ParleyCacheEntry entry = {.key = "a",.size = SIZE,
    .left = G_TIME_SPAN_MINUTE
  };

  entry.bytes = make_bytes (SIZE, 'a');
  parley_cache_answer_got (self->loop, self->func,
      found ? parley_cache_entry_copy (&entry) : NULL, self->data);
  self->func = NULL;
  g_bytes_unref (entry.bytes);
}

typedef struct
{
  TestSlow *slow;
  ParleyCache *cache;
  Waiter waiter;
  ParleyCacheFetch *fetch;
} Behind;

static void
behind_init (Behind * behind)
{
  parley_clock_set_manual (1000);
  behind->slow = g_object_new (TEST_TYPE_SLOW, NULL);
  behind->cache = parley_cache_new (10 * COST,
      PARLEY_CACHE_STORE (behind->slow));
  behind->waiter = (Waiter) {
  .loop = parley_loop_new (NULL)};
  g_assert_true (g_main_context_acquire (parley_loop_get_context
          (behind->waiter.loop)));
  behind->fetch = parley_cache_fetch_in_loop (behind->cache, "a",
      behind->waiter.loop, told, &behind->waiter);
  g_assert_nonnull (behind->fetch);
}

static void
behind_clear (Behind * behind)
{
  g_main_context_release (parley_loop_get_context (behind->waiter.loop));
  g_object_unref (behind->waiter.loop);
  g_object_unref (behind->cache);
  g_object_unref (behind->slow);
  parley_clock_set_real ();
}

static void
test_fetch (void)
{
  Behind behind;

  behind_init (&behind);
  slow_answers (behind.slow, TRUE);
  iterate (behind.waiter.loop);
  g_assert_cmpuint (behind.waiter.calls, ==, 1);
  g_assert_cmpuint (behind.waiter.size, ==, SIZE);
  g_assert_true (has (behind.cache, "a"));
  g_assert_cmpuint (stats_of (behind.cache).fetched, ==, 1);
  /* It came from there. */
  g_assert_cmpuint (behind.slow->n_put, ==, 0);
  store (behind.cache, "b", SIZE);
  g_assert_cmpuint (behind.slow->n_put, ==, 1);
  behind_clear (&behind);
}

static void
test_fetch_of_nothing (void)
{
  Behind behind;

  behind_init (&behind);
  slow_answers (behind.slow, FALSE);
  iterate (behind.waiter.loop);
  g_assert_cmpuint (behind.waiter.calls, ==, 1);
  g_assert_cmpuint (behind.waiter.size, ==, 0);
  behind_clear (&behind);
}

/* A disk that hangs keeps nobody waiting; what it has after all is of use to
 * the next one. */
static void
test_fetch_that_hangs (void)
{
  Behind behind;
  GMainContext *context;

  behind_init (&behind);
  context = parley_loop_get_context (behind.waiter.loop);
  parley_clock_advance (PARLEY_CACHE_FETCH_US - 1, context);
  g_assert_cmpuint (behind.waiter.calls, ==, 0);
  parley_clock_advance (1, context);
  g_assert_cmpuint (behind.waiter.calls, ==, 1);
  g_assert_cmpuint (behind.waiter.size, ==, 0);
  slow_answers (behind.slow, TRUE);
  iterate (behind.waiter.loop);
  g_assert_cmpuint (behind.waiter.calls, ==, 1);
  g_assert_true (has (behind.cache, "a"));
  behind_clear (&behind);
}

static void
test_fetch_cancelled (void)
{
  Behind behind;

  behind_init (&behind);
  parley_cache_fetch_cancel_in_loop (behind.fetch);
  slow_answers (behind.slow, TRUE);
  iterate (behind.waiter.loop);
  parley_clock_advance (PARLEY_CACHE_FETCH_US,
      parley_loop_get_context (behind.waiter.loop));
  g_assert_cmpuint (behind.waiter.calls, ==, 0);
  behind_clear (&behind);
}

/* Threads: every key is made by one of them at a time */

#define N_THREADS 4
#define N_KEYS 16
#define ROUNDS 3000

typedef struct
{
  ParleyCache *cache;
  gint making[N_KEYS];          /* atomic */
  gint told;                    /* atomic */
  gint waited;                  /* atomic */
} Crowd;

static void
crowd_told (const gchar * key, GBytes * bytes, gpointer data)
{
  Crowd *crowd = data;

  if (bytes)
    g_assert_cmpint (*(const gchar *) g_bytes_get_data (bytes, NULL), ==, *key);
  g_atomic_int_inc (&crowd->told);
}

static void
crowd_make (Crowd * crowd, const gchar * key, gboolean fail)
{
  gint *making = &crowd->making[key[0] - 'a'];

  g_assert_cmpint (g_atomic_int_add (making, 1), ==, 0);
  g_thread_yield ();
  g_atomic_int_add (making, -1);
  if (fail)
    parley_cache_abandon (crowd->cache, key);
  else
    store (crowd->cache, key, SIZE);
}

static gpointer
crowd_thread (gpointer data)
{
  Crowd *crowd = data;
  ParleyLoop *loop = parley_loop_new (NULL);
  GRand *rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < ROUNDS; i++) {
    gchar key[2] = { 'a' + g_rand_int_range (rand, 0, N_KEYS), 0 };
    ParleyCacheWait *wait;
    GBytes *bytes;

    switch (parley_cache_claim (crowd->cache, key, loop, crowd_told, crowd,
            &bytes, &wait)) {
      case PARLEY_CACHE_CLAIMED:
        crowd_make (crowd, key, i % 5 == 0);
        break;
      case PARLEY_CACHE_WAIT:
        g_atomic_int_inc (&crowd->waited);
        break;
      default:
        g_bytes_unref (bytes);
    }
    iterate (loop);
  }
  g_rand_free (rand);
  return loop;
}

static void
test_threads (void)
{
  Crowd crowd = { parley_cache_new (N_KEYS / 2 * COST, NULL) };
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("crowd", crowd_thread, &crowd);
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_join (threads[i]);
  for (guint i = 0; i < N_THREADS; i++) {
    iterate ((ParleyLoop *) threads[i]);
    g_object_unref (threads[i]);
  }
  g_assert_cmpint (crowd.told, ==, crowd.waited);
  g_assert_cmpuint (held_by (crowd.cache).bytes, <=, N_KEYS / 2 * COST);
  g_object_unref (crowd.cache);
}

static void
test_default (void)
{
  ParleyCache *cache = parley_caches_get_default (PARLEY_CACHE_SPEECH);

  g_assert_true (cache == parley_caches_get_default (PARLEY_CACHE_SPEECH));
  g_assert_true (cache != parley_caches_get_default (PARLEY_CACHE_ANSWERS));
  store (cache, "a", 10 * 1024 * 1024);
  g_assert_true (has (cache, "a"));
  parley_cache_clear (cache);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache/lookup", test_lookup);
  g_test_add_func ("/cache/lru-order", test_lru_order);
  g_test_add_func ("/cache/byte-bound", test_byte_bound);
  g_test_add_func ("/cache/too-big-is-not-kept", test_too_big_is_not_kept);
  g_test_add_func ("/cache/replace", test_replace);
  g_test_add_func ("/cache/ttl", test_ttl);
  g_test_add_func ("/cache/fixed-go-last", test_fixed_go_last);
  g_test_add_func ("/cache/promote", test_promote);
  g_test_add_func ("/cache/keys", test_keys);
  g_test_add_func ("/cache/fetch", test_fetch);
  g_test_add_func ("/cache/fetch-of-nothing", test_fetch_of_nothing);
  g_test_add_func ("/cache/fetch-that-hangs", test_fetch_that_hangs);
  g_test_add_func ("/cache/fetch-cancelled", test_fetch_cancelled);
  g_test_add_func ("/cache/single-flight-two-loops",
      test_single_flight_two_loops);
  g_test_add_func ("/cache/abandon", test_abandon);
  g_test_add_func ("/cache/abandon-without-claim", test_abandon_without_claim);
  g_test_add_func ("/cache/big-bytes-reach-waiters",
      test_big_bytes_reach_waiters);
  g_test_add_func ("/cache/cancel-wait", test_cancel_wait);
  g_test_add_func ("/cache/claims-survive-clear-and-eviction",
      test_claims_survive_clear_and_eviction);
  g_test_add_func ("/cache/freed-with-waits", test_freed_with_waits);
  g_test_add_func ("/cache/threads", test_threads);
  g_test_add_func ("/cache/default", test_default);
  return g_test_run ();
}
