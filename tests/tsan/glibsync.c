/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells the thread sanitizer what GLib's locks, sources, thread pools and
 * reference counts put in order. It does not see that by itself: GLib is not
 * instrumented, and its mutexes are futexes, not pthread's. Preloaded by
 * tests/ci-full, which builds it; each function here calls GLib's own.
 */
#include <dlfcn.h>
#include <gst/gst.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

/* GLib's own function of this name, looked up once. */
#define REAL(name) \
  ({ \
    static __typeof__ (name) *real; \
    if (!__atomic_load_n (&real, __ATOMIC_ACQUIRE)) \
      __atomic_store_n (&real, (__typeof__ (name) *) dlsym (RTLD_NEXT, #name), \
          __ATOMIC_RELEASE); \
    real; \
  })

/* Locks */

void
g_mutex_lock (GMutex * mutex)
{
  REAL (g_mutex_lock) (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex * mutex)
{
  gboolean locked = REAL (g_mutex_trylock) (mutex);

  if (locked)
    __tsan_acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex * mutex)
{
  __tsan_release (mutex);
  REAL (g_mutex_unlock) (mutex);
}

void
g_cond_wait (GCond * cond, GMutex * mutex)
{
  __tsan_release (mutex);
  REAL (g_cond_wait) (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond * cond, GMutex * mutex, gint64 end_time)
{
  gboolean met;

  __tsan_release (mutex);
  met = REAL (g_cond_wait_until) (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return met;
}

void
g_rec_mutex_lock (GRecMutex * mutex)
{
  REAL (g_rec_mutex_lock) (mutex);
  __tsan_acquire (mutex);
}

void
g_rec_mutex_unlock (GRecMutex * mutex)
{
  __tsan_release (mutex);
  REAL (g_rec_mutex_unlock) (mutex);
}

/* *INDENT-OFF* */
gboolean
(g_once_init_enter) (volatile void *location)
{
  gboolean first = REAL (g_once_init_enter) (location);

  __tsan_acquire ((void *) location);
  return first;
}

void
(g_once_init_leave) (volatile void *location, gsize result)
{
  __tsan_release ((void *) location);
  REAL (g_once_init_leave) (location, result);
}
/* *INDENT-ON* */

gpointer
g_once_impl (GOnce * once, GThreadFunc func, gpointer arg)
{
  gpointer value = REAL (g_once_impl) (once, func, arg);

  __tsan_release (once);
  __tsan_acquire (once);
  return value;
}

/* What is handed over by a source runs after the handing over. */

typedef struct
{
  GSourceFunc func;
  gpointer data;
  GDestroyNotify notify;
} Callback;

static gboolean
callback_run (gpointer data)
{
  Callback *callback = data;
  gboolean again;

  __tsan_acquire (callback);
  again = callback->func (callback->data);
  __tsan_release (callback);
  return again;
}

static void
callback_free (gpointer data)
{
  Callback *callback = data;

  __tsan_acquire (callback);
  if (callback->notify)
    callback->notify (callback->data);
  g_free (callback);
}

void
g_source_set_callback (GSource * source, GSourceFunc func, gpointer data,
    GDestroyNotify notify)
{
  Callback *callback;

  /* Sources of GIO and libsoup call with arguments of their own. */
  if (g_strcmp0 (g_source_get_name (source), "GIdleSource") != 0
      && g_strcmp0 (g_source_get_name (source), "GTimeoutSource") != 0) {
    REAL (g_source_set_callback) (source, func, data, notify);
    return;
  }
  callback = g_new (Callback, 1);
  callback->func = func;
  callback->data = data;
  callback->notify = notify;
  __tsan_release (callback);
  REAL (g_source_set_callback) (source, callback_run, callback, callback_free);
}

typedef struct
{
  GFunc func;
  gpointer user_data;
} PoolFunc;

static void
pool_run (gpointer data, gpointer user_data)
{
  PoolFunc *func = user_data;

  __tsan_acquire (func);
  func->func (data, func->user_data);
  __tsan_release (func);
}

/* Lives as long as the process, as the pools of Parley do. */
GThreadPool *
g_thread_pool_new (GFunc func, gpointer user_data, gint max_threads,
    gboolean exclusive, GError ** error)
{
  PoolFunc *pool = g_new (PoolFunc, 1);

  pool->func = func;
  pool->user_data = user_data;
  return REAL (g_thread_pool_new) (pool_run, pool, max_threads, exclusive,
      error);
}

gboolean
g_thread_pool_push (GThreadPool * pool, gpointer data, GError ** error)
{
  if (pool->func == pool_run)
    __tsan_release (pool->user_data);
  return REAL (g_thread_pool_push) (pool, data, error);
}

/* Whoever drops the last reference comes after all who dropped theirs. */

/* *INDENT-OFF* */
void
(g_object_unref) (gpointer object)
{
  __tsan_release (object);
  __tsan_acquire (object);
  REAL (g_object_unref) (object);
}
/* *INDENT-ON* */

void
gst_mini_object_unref (GstMiniObject * object)
{
  __tsan_release (object);
  __tsan_acquire (object);
  REAL (gst_mini_object_unref) (object);
}

gboolean (g_atomic_ref_count_dec) (gatomicrefcount * count) {
  __tsan_release (count);
  __tsan_acquire (count);
  return REAL (g_atomic_ref_count_dec) (count);
}

void
g_atomic_rc_box_release_full (gpointer box, GDestroyNotify clear)
{
  __tsan_release (box);
  __tsan_acquire (box);
  REAL (g_atomic_rc_box_release_full) (box, clear);
}

void
g_bytes_unref (GBytes * bytes)
{
  if (bytes) {
    __tsan_release (bytes);
    __tsan_acquire (bytes);
  }
  REAL (g_bytes_unref) (bytes);
}

void
g_async_queue_push (GAsyncQueue * queue, gpointer data)
{
  __tsan_release (queue);
  REAL (g_async_queue_push) (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue * queue)
{
  gpointer data = REAL (g_async_queue_pop) (queue);

  __tsan_acquire (queue);
  return data;
}
