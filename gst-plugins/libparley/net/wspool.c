/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/wssession.h"

#include "net/clock.h"

#define NEVER G_MAXINT64
/* After a warm websocket failed: the first wait, doubled up to the last one. */
#define BACKOFF_FIRST G_TIME_SPAN_SECOND
#define BACKOFF_LAST (30 * G_TIME_SPAN_SECOND)

typedef struct
{
  ParleyWsPool *pool;
  ParleyWsSession *ws;
  gint64 expires;               /* NEVER: it does not */
} Waiting;

struct _ParleyWsPool
{
  gchar *key;
  guint holds;
  ParleyHttpSession *session;
  ParleyWsPoolSettings settings;
  gchar *keepalive_text;
  gpointer data;
  GDestroyNotify destroy;

  GPtrArray *waiting;           /* of Waiting, the oldest first */
  GSource *timer;
  gint64 refill_due;            /* not before */
  gint64 keepalive_due;
  gint64 backoff;
};

static GHashTable *
get_table (ParleyHttpSession * session)
{
  GHashTable *table = g_object_get_data (G_OBJECT (session), "parley-ws-pools");

  if (!table) {
    table = g_hash_table_new (g_str_hash, g_str_equal);
    g_object_set_data_full (G_OBJECT (session), "parley-ws-pools", table,
        (GDestroyNotify) g_hash_table_unref);
  }
  return table;
}

static void
waiting_free (gpointer data)
{
  Waiting *waiting = data;

  g_clear_object (&waiting->ws);
  g_free (waiting);
}

/* The websocket leaves the pool; transfer full. */
static ParleyWsSession *
remove_waiting (ParleyWsPool * pool, Waiting * waiting)
{
  ParleyWsSession *ws = g_steal_pointer (&waiting->ws);

  parley_ws_session_set_handler_in_loop (ws, NULL, NULL);
  g_ptr_array_remove (pool->waiting, waiting);
  return ws;
}

static void
arm (ParleyWsPool * pool)
{
  gint64 due = pool->waiting->len < pool->settings.n_warm ? pool->refill_due
      : NEVER;

  if (pool->waiting->len > 0) {
    const Waiting *oldest = g_ptr_array_index (pool->waiting, 0);

    due = MIN (due, MIN (oldest->expires, pool->keepalive_due));
  }
  parley_timer_set_due (pool->timer, due);
}

static void
on_opened (ParleyWsSession * ws, gpointer data)
{
  ParleyWsPool *pool = ((Waiting *) data)->pool;

  pool->backoff = BACKOFF_FIRST;
}

static void
lose (Waiting * waiting)
{
  ParleyWsPool *pool = waiting->pool;

  g_object_unref (remove_waiting (pool, waiting));
  pool->refill_due = parley_clock_now () + pool->backoff;
  pool->backoff = MIN (2 * pool->backoff, BACKOFF_LAST);
  arm (pool);
}

static void
on_closed (ParleyWsSession * ws, guint code, const gchar * reason,
    gpointer data)
{
  lose (data);
}

static void
on_failed (ParleyWsSession * ws, const GError * error, gpointer data)
{
  lose (data);
}

static gboolean
add_one (ParleyWsPool * pool, gint64 now)
{
  static const ParleyWsHandler handler =
      {.opened = on_opened,.closed = on_closed,.failed = on_failed };
  ParleyWsSession *ws = pool->settings.make (pool->data);
  Waiting *waiting;

  if (!ws)
    return FALSE;
  waiting = g_new0 (Waiting, 1);
  waiting->pool = pool;
  waiting->ws = ws;
  waiting->expires = pool->settings.max_age > 0
      ? now + pool->settings.max_age : NEVER;
  g_ptr_array_add (pool->waiting, waiting);
  parley_ws_session_set_handler_in_loop (ws, &handler, waiting);
  parley_ws_session_open_in_loop (ws, pool->session);
  return TRUE;
}

static void
refill (ParleyWsPool * pool, gint64 now)
{
  while (pool->waiting->len < pool->settings.n_warm && now >= pool->refill_due)
    if (!add_one (pool, now))
      pool->refill_due = now + BACKOFF_LAST;
}

static void
expire (ParleyWsPool * pool, gint64 now)
{
  while (pool->waiting->len > 0
      && now >= ((Waiting *) pool->waiting->pdata[0])->expires)
    g_ptr_array_remove_index (pool->waiting, 0);
}

static void
keep_alive (ParleyWsPool * pool, gint64 now)
{
  if (now < pool->keepalive_due)
    return;
  for (guint i = 0; i < pool->waiting->len; i++) {
    const Waiting *waiting = g_ptr_array_index (pool->waiting, i);

    if (parley_ws_session_get_state (waiting->ws) == PARLEY_WS_OPEN)
      parley_ws_session_send_text_in_loop (waiting->ws, pool->keepalive_text,
          -1);
  }
  pool->keepalive_due = now + pool->settings.keepalive;
}

static gboolean
timer_due (gpointer data)
{
  ParleyWsPool *pool = data;
  gint64 now = parley_clock_now ();

  expire (pool, now);
  keep_alive (pool, now);
  refill (pool, now);
  arm (pool);
  return G_SOURCE_CONTINUE;
}

ParleyWsPool *
parley_ws_pool_hold_in_loop (ParleyHttpSession * session, const gchar * key,
    const ParleyWsPoolSettings * settings, gpointer data,
    GDestroyNotify destroy)
{
  ParleyWsPool *pool = g_hash_table_lookup (get_table (session), key);
  gint64 now = parley_clock_now ();

  g_assert (parley_loop_is_current (parley_http_session_get_loop (session)));
  if (pool) {
    pool->holds++;
    if (destroy)
      destroy (data);
    return pool;
  }
  pool = g_new0 (ParleyWsPool, 1);
  pool->key = g_strdup (key);
  pool->holds = 1;
  pool->session = g_object_ref (session);
  pool->settings = *settings;
  pool->keepalive_text = g_strdup (settings->keepalive_text);
  pool->data = data;
  pool->destroy = destroy;
  pool->waiting = g_ptr_array_new_with_free_func (waiting_free);
  pool->backoff = BACKOFF_FIRST;
  pool->refill_due = now;
  pool->keepalive_due = pool->keepalive_text && settings->keepalive > 0
      ? now + settings->keepalive : NEVER;
  pool->timer = parley_loop_add_timer (parley_http_session_get_loop (session),
      now, timer_due, pool);
  g_hash_table_insert (get_table (session), pool->key, pool);
  return pool;
}

void
parley_ws_pool_release_in_loop (ParleyWsPool * pool)
{
  if (--pool->holds > 0)
    return;
  g_hash_table_remove (get_table (pool->session), pool->key);
  parley_timer_clear (&pool->timer);
  g_ptr_array_unref (pool->waiting);
  if (pool->destroy)
    pool->destroy (pool->data);
  g_object_unref (pool->session);
  g_free (pool->keepalive_text);
  g_free (pool->key);
  g_free (pool);
}

static Waiting *
find_best (ParleyWsPool * pool)
{
  for (guint i = 0; i < pool->waiting->len; i++) {
    Waiting *waiting = g_ptr_array_index (pool->waiting, i);

    if (parley_ws_session_get_state (waiting->ws) == PARLEY_WS_OPEN)
      return waiting;
  }
  return pool->waiting->len > 0 ? g_ptr_array_index (pool->waiting, 0) : NULL;
}

ParleyWsSession *
parley_ws_pool_take_in_loop (ParleyWsPool * pool)
{
  gint64 now = parley_clock_now ();
  ParleyWsSession *ws;

  expire (pool, now);
  if (pool->waiting->len == 0 && !add_one (pool, now))
    return NULL;
  ws = remove_waiting (pool, find_best (pool));
  arm (pool);
  return ws;
}

guint
parley_ws_pool_get_n_open (ParleyWsPool * pool)
{
  guint n_open = 0;

  for (guint i = 0; i < pool->waiting->len; i++) {
    const Waiting *waiting = g_ptr_array_index (pool->waiting, i);

    n_open += parley_ws_session_get_state (waiting->ws) == PARLEY_WS_OPEN;
  }
  return n_open;
}
