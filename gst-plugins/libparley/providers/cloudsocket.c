/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/cloudsocket.h"

#include <string.h>

#include "net/clock.h"

/* One that worked is not replaced at once more often than that. */
#define REPLACE_EVERY (10 * G_TIME_SPAN_SECOND)

struct _ParleyCloudSocket
{
  ParleyCloud *cloud;           /* borrowed */
  const ParleyCloudSocketInfo *info;
  ParleyCloudSocketHandler handler;
  gpointer data;
  ParleyLoop *loop;             /* borrowed */

  ParleyWsPool *pool;           /* or NULL */
  ParleyWsSession *ws;          /* NULL: none, or none yet */
  gboolean open;
  gboolean proven;              /* something came over it */
  ParleyBreakerTicket *ticket;  /* or NULL */
  gboolean placed;              /* it has let us through */
  gboolean faulted;             /* a try counted as a fault */
  ParleyRetry *retry;
  gint64 replaced;              /* when one was at once; 0: never */
  gboolean needed;
  gint64 deadline;              /* no try begins later */
  GSource *later;               /* tells error; or NULL */
  GError *error;
  GSource *keepalive;           /* or NULL */
  gint64 sent;                  /* when anything was sent last */
};

/* How to make one, without the provider, for the pool. */
typedef struct
{
  const ParleyCloudSocketInfo *info;
  gchar *url;
  gchar *key;
  gint64 connect_timeout;
} Recipe;

static void
recipe_free (gpointer data)
{
  Recipe *recipe = data;

  g_free (recipe->url);
  g_free (recipe->key);
  g_free (recipe);
}

static Recipe *
recipe_new (ParleyCloudSocket * self)
{
  Recipe *recipe = g_new (Recipe, 1);
  ParleyTimeouts timeouts;

  parley_cloud_get_timeouts (self->cloud, &timeouts);
  recipe->info = self->info;
  recipe->url = self->handler.url (self->data);
  recipe->key = g_strdup (parley_cloud_get_key (self->cloud));
  recipe->connect_timeout = timeouts.connect;
  return recipe;
}

static ParleyWsSession *
recipe_make (const Recipe * recipe, GError ** error)
{
  const ParleyCloudInfo *cloud = recipe->info->cloud;
  ParleyWsSession *ws = parley_ws_session_new (cloud->name, recipe->url,
      error);

  if (ws && recipe->key && !parley_ws_session_set_secret (ws,
          cloud->key_header, cloud->key_prefix, recipe->key, error))
    g_clear_object (&ws);
  if (!ws)
    return NULL;
  parley_ws_session_set_timeouts (ws, recipe->connect_timeout, 0);
  if (recipe->info->error_header)
    parley_ws_session_set_error_header (ws, recipe->info->error_header);
  return ws;
}

static ParleyWsSession *
make_pooled (gpointer data)
{
  return recipe_make (data, NULL);
}

/* Letting go */

static void
on_farewell (ParleyWsSession * ws, guint code, const gchar * reason,
    gpointer data)
{
  g_object_unref (ws);
}

static void
on_no_farewell (ParleyWsSession * ws, const GError * error, gpointer data)
{
  g_object_unref (ws);
}

/* It closes by itself and is freed then. Takes @ws. */
static void
say_farewell (ParleyWsSession * ws, const gchar * text)
{
  static const ParleyWsHandler handler =
      {.closed = on_farewell,.failed = on_no_farewell };

  if (parley_ws_session_get_state (ws) != PARLEY_WS_OPEN) {
    g_object_unref (ws);
    return;
  }
  parley_ws_session_set_handler_in_loop (ws, &handler, NULL);
  if (text)
    parley_ws_session_send_text_in_loop (ws, text, -1);
  parley_ws_session_close_in_loop (ws, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

/* What waits for a websocket counts once as a fault, however often it is
 * tried. */
static void
leave (ParleyCloudSocket * self, const GError * error)
{
  ParleyBreakerTicket *ticket = g_steal_pointer (&self->ticket);

  if (self->placed)
    parley_cloud_add_place_in_loop (self->cloud, -1);
  self->placed = FALSE;
  if (!ticket)
    return;
  if (error && self->faulted)
    parley_breaker_yield (ticket, error);
  else if (error || self->open)
    parley_breaker_leave (ticket, error);
  else
    parley_breaker_cancel (ticket);
  self->faulted |= parley_net_error_is_fault (error);
}

static void
let_go (ParleyCloudSocket * self, const gchar * text, const GError * error)
{
  parley_timer_clear (&self->keepalive);
  if (self->ws) {
    parley_ws_session_set_handler_in_loop (self->ws, NULL, NULL);
    say_farewell (g_steal_pointer (&self->ws), text);
  }
  leave (self, error);
  self->open = FALSE;
}

/* One try, and the next */

static void try_once (ParleyCloudSocket * self);

/* One of the pool may be open already. */
static void
try_again (gpointer data)
{
  ParleyCloudSocket *self = data;

  try_once (self);
  if (self->open)
    self->handler.opened (self->data);
}

static gboolean
is_trying (ParleyCloudSocket * self)
{
  return self->ws || self->ticket || self->later
      || parley_retry_get_due (self->retry) >= 0;
}

static void
start_deadline (ParleyCloudSocket * self)
{
  ParleyTimeouts timeouts;

  parley_cloud_get_timeouts (self->cloud, &timeouts);
  self->deadline = parley_clock_now () + timeouts.first_byte;
}

static gboolean
may_replace (ParleyCloudSocket * self)
{
  return self->replaced == 0
      || parley_clock_now () - self->replaced >= REPLACE_EVERY;
}

/* One that worked is replaced at once, unless its successor ends as it did;
 * else a caller waits as long as he is made to. */
static gboolean
will_try_again (ParleyCloudSocket * self, const GError * error,
    gboolean was_proven)
{
  if (was_proven && parley_net_error_is_transient (error)
      && may_replace (self)) {
    self->replaced = MAX (parley_clock_now (), 1);
    parley_retry_reset (self->retry);
    start_deadline (self);
    try_again (self);
    return TRUE;
  }
  if (!parley_retry_again_in_loop (self->retry, error, TRUE, try_again, self))
    return FALSE;
  if (parley_retry_get_due (self->retry) < self->deadline)
    return TRUE;
  parley_retry_reset (self->retry);
  return FALSE;
}

/* Takes @error. One that nobody needs may end: that is no fault. */
static void
end_try (ParleyCloudSocket * self, GError * error)
{
  gboolean was_proven = self->open && self->proven;

  let_go (self, NULL, self->open && !self->needed ? NULL : error);
  if (self->needed && !will_try_again (self, error, was_proven)) {
    self->needed = FALSE;
    self->handler.lost (error, self->data);
  }
  g_error_free (error);
}

static gboolean
tell_error (gpointer data)
{
  ParleyCloudSocket *self = data;

  parley_timer_clear (&self->later);
  end_try (self, g_steal_pointer (&self->error));
  return G_SOURCE_REMOVE;
}

/* What the websocket tells */

static gboolean
keepalive_due (gpointer data)
{
  ParleyCloudSocket *self = data;
  gint64 due = self->sent + self->info->keepalive;

  if (parley_clock_now () >= due) {
    parley_cloud_socket_send_text_in_loop (self, self->info->keepalive_text);
    due = self->sent + self->info->keepalive;
  }
  parley_timer_set_due (self->keepalive, due);
  return G_SOURCE_CONTINUE;
}

static void
on_opened (ParleyWsSession * ws, gpointer data)
{
  ParleyCloudSocket *self = data;

  self->open = TRUE;
  if (self->ticket)
    parley_breaker_works_in_loop (self->ticket);
  self->handler.opened (self->data);
}

static void
on_text (ParleyWsSession * ws, const gchar * text, gsize len, gpointer data)
{
  ParleyCloudSocket *self = data;

  self->proven = TRUE;
  /* One that was replaced just now has yet to show that it lives. */
  if (may_replace (self)) {
    self->faulted = FALSE;
    parley_retry_reset (self->retry);
  }
  self->handler.text (text, len, self->data);
}

/* What we sent was wrong, so that it would be wrong again. */
static gboolean
is_our_fault (guint code)
{
  return code == SOUP_WEBSOCKET_CLOSE_PROTOCOL_ERROR
      || code == SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA
      || code == SOUP_WEBSOCKET_CLOSE_BAD_DATA
      || code == SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION || code >= 4000;
}

static void
on_closed (ParleyWsSession * ws, guint code, const gchar * reason,
    gpointer data)
{
  ParleyCloudSocket *self = data;
  const gchar *space = *reason ? " " : "";

  end_try (self, is_our_fault (code)
      ? parley_net_error_new (PARLEY_NET_ERROR_PROTOCOL,
          self->info->cloud->name, "closed the websocket with %u%s%s: check "
          "model, language and base-url", code, space, reason)
      : parley_net_error_new (PARLEY_NET_ERROR_DROPPED,
          self->info->cloud->name, "closed the websocket with %u%s%s: try "
          "again later or set a fallback", code, space, reason));
}

static void
on_failed (ParleyWsSession * ws, const GError * error, gpointer data)
{
  end_try (data, g_error_copy (error));
}

static ParleyWsSession *
make_one (ParleyCloudSocket * self, GError ** error)
{
  Recipe *recipe;
  ParleyWsSession *ws;

  if (self->pool)
    return parley_ws_pool_take_in_loop (self->pool);
  recipe = recipe_new (self);
  ws = recipe_make (recipe, error);
  if (ws && self->handler.prepare)
    self->handler.prepare (ws, self->data);
  recipe_free (recipe);
  return ws;
}

static void
connect_one (ParleyCloudSocket * self)
{
  static const ParleyWsHandler handler =
      {.opened = on_opened,.text = on_text,.closed = on_closed,
    .failed = on_failed
  };

  self->proven = FALSE;
  self->ws = make_one (self, &self->error);
  if (!self->ws) {
    if (!self->error)
      self->error = parley_net_error_new (PARLEY_NET_ERROR_SETTINGS,
          self->info->cloud->name, "no websocket can be made: check base-url");
    self->later = parley_loop_add_timer (self->loop, parley_clock_now (),
        tell_error, self);
    return;
  }
  parley_ws_session_set_handler_in_loop (self->ws, &handler, self);
  self->open = parley_ws_session_get_state (self->ws) == PARLEY_WS_OPEN;
  if (parley_ws_session_get_state (self->ws) == PARLEY_WS_NEW)
    parley_ws_session_open_in_loop (self->ws,
        parley_cloud_get_session_in_loop (self->cloud));
}

static void
entered (ParleyBreakerTicket * ticket, const GError * error, gpointer data)
{
  ParleyCloudSocket *self = data;

  if (error) {
    end_try (self, g_error_copy (error));
    return;
  }
  self->placed = TRUE;
  parley_cloud_add_place_in_loop (self->cloud, 1);
  connect_one (self);
}

static void
try_once (ParleyCloudSocket * self)
{
  if (self->info->limited)
    self->ticket = parley_breaker_enter_in_loop (parley_cloud_get_breaker
        (self->cloud), self->loop, parley_cloud_get_queue_deadline
        (self->cloud, self->deadline), entered, self);
  else
    connect_one (self);
}

/* Use */

void
parley_cloud_socket_warm_in_loop (ParleyCloudSocket * self)
{
  if (self->pool || is_trying (self))
    return;
  self->deadline = parley_clock_now ();
  try_once (self);
}

void
parley_cloud_socket_need_in_loop (ParleyCloudSocket * self)
{
  if (!self->needed)
    start_deadline (self);
  self->needed = TRUE;
  if (!is_trying (self))
    try_once (self);
}

void
parley_cloud_socket_release_in_loop (ParleyCloudSocket * self)
{
  self->needed = FALSE;
  self->faulted = FALSE;
  parley_retry_reset (self->retry);
}

void
parley_cloud_socket_drop_in_loop (ParleyCloudSocket * self,
    const GError * error)
{
  parley_cloud_socket_release_in_loop (self);
  parley_timer_clear (&self->later);
  g_clear_error (&self->error);
  let_go (self, NULL, error);
}

gboolean
parley_cloud_socket_is_open (ParleyCloudSocket * self)
{
  return self->open;
}

static void
note_sent (ParleyCloudSocket * self)
{
  self->sent = parley_clock_now ();
  if (self->info->keepalive_text && !self->keepalive)
    self->keepalive = parley_loop_add_timer (self->loop,
        self->sent + self->info->keepalive, keepalive_due, self);
}

void
parley_cloud_socket_send_text_in_loop (ParleyCloudSocket * self,
    const gchar * text)
{
  g_return_if_fail (self->open);
  parley_ws_session_send_text_in_loop (self->ws, text, -1);
  note_sent (self);
}

void
parley_cloud_socket_send_binary_in_loop (ParleyCloudSocket * self,
    gconstpointer bytes, gsize len)
{
  g_return_if_fail (self->open);
  parley_ws_session_send_binary_in_loop (self->ws, bytes, len);
  note_sent (self);
}

/* Begin and end */

static void
hold_pool (ParleyCloudSocket * self)
{
  Recipe *recipe = recipe_new (self);
  gchar *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256,
      recipe->key ? recipe->key : "", -1);
  gchar *key = g_strjoin ("\n", self->info->cloud->name, recipe->url, sum,
      NULL);
  ParleyWsPoolSettings settings = {
    .n_warm = self->info->n_pooled,
    .max_age = self->info->pool_age,
    .make = make_pooled,
    .keepalive_text = self->info->keepalive_text,
    .keepalive = self->info->keepalive,
  };

  self->pool = parley_ws_pool_hold_in_loop (parley_cloud_get_session_in_loop
      (self->cloud), key, &settings, recipe, recipe_free);
  g_free (sum);
  g_free (key);
}

ParleyCloudSocket *
parley_cloud_socket_new_in_loop (ParleyCloud * cloud,
    const ParleyCloudSocketInfo * info,
    const ParleyCloudSocketHandler * handler, gpointer data)
{
  ParleyCloudSocket *self = g_new0 (ParleyCloudSocket, 1);

  self->cloud = cloud;
  self->info = info;
  self->handler = *handler;
  self->data = data;
  self->loop = parley_cloud_get_loop (cloud);
  self->retry = parley_cloud_new_retry (cloud);
  if (info->n_pooled)
    hold_pool (self);
  return self;
}

void
parley_cloud_socket_end_in_loop (ParleyCloudSocket * self, const gchar * text)
{
  let_go (self, text, NULL);
  parley_timer_clear (&self->later);
  g_clear_error (&self->error);
  parley_retry_free (self->retry);
  if (self->pool)
    parley_ws_pool_release_in_loop (self->pool);
  g_free (self);
}

gchar *
parley_cloud_clean (ParleyCloud * cloud, const gchar * text)
{
  const gchar *secrets[] = { parley_cloud_get_key (cloud), NULL };

  return parley_clean_text (text, strlen (text), secrets);
}

static void
unref_in_loop (gpointer data, gpointer user_data)
{
  g_object_unref (data);
}

gboolean
parley_cloud_may_dispose (ParleyProvider * provider)
{
  ParleyLoop *loop = parley_provider_get_loop (provider);

  if (parley_loop_is_current (loop))
    return TRUE;
  parley_loop_invoke (loop, unref_in_loop, g_object_ref (provider), NULL);
  return FALSE;
}
