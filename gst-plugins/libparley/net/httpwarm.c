/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/httprequest.h"

#include "net/clock.h"

/* Spare connections that are opened at once. */
#define MAX_OPENING 16

struct _ParleyHttpWarm
{
  ParleyHttpRequest *request;
  ParleyHttpSession *session;
  gint64 interval;
  GSource *timer;
  GPtrArray *spares;            /* of ParleyHttpRequest, under way or not */
};

static const ParleyHttpHandler whatever = { NULL };

/* The nth spare, which is under way after this. */
static void
open_spare (ParleyHttpWarm * warm, guint n)
{
  ParleyHttpRequest *request;

  if (n == warm->spares->len)
    g_ptr_array_add (warm->spares,
        parley_http_request_new_spare (warm->request));
  request = g_ptr_array_index (warm->spares, n);
  if (!parley_http_request_is_active (request))
    parley_http_request_send_in_loop (request, warm->session, &whatever, NULL);
}

static gint
by_activity (gconstpointer a, gconstpointer b)
{
  return parley_http_request_is_active (*(ParleyHttpRequest * const *) b)
      - parley_http_request_is_active (*(ParleyHttpRequest * const *) a);
}

/* @n: with those that are under way. */
static void
spares_wanted (guint n, gpointer data)
{
  ParleyHttpWarm *warm = data;

  if (!parley_http_request_keeps_connection (warm->request))
    return;
  g_ptr_array_sort (warm->spares, by_activity);
  for (guint i = 0; i < MIN (n, MAX_OPENING); i++)
    open_spare (warm, i);
}

static gboolean
warm_due (gpointer data)
{
  ParleyHttpWarm *warm = data;

  if (!parley_http_request_is_active (warm->request))
    parley_http_request_send_in_loop (warm->request, warm->session, &whatever,
        NULL);
  parley_http_session_set_spare_func_in_loop (warm->session,
      parley_http_request_get_host (warm->request), spares_wanted, warm);
  parley_timer_set_due (warm->timer, parley_clock_now () + warm->interval);
  return G_SOURCE_CONTINUE;
}

ParleyHttpWarm *
parley_http_warm_new_in_loop (ParleyHttpRequest * request,
    ParleyHttpSession * session, gint64 interval)
{
  ParleyHttpWarm *warm = g_new0 (ParleyHttpWarm, 1);

  warm->request = g_object_ref (request);
  warm->session = g_object_ref (session);
  warm->interval = interval ? interval : PARLEY_WARM_INTERVAL;
  warm->spares = g_ptr_array_new_with_free_func (g_object_unref);
  warm->timer = parley_loop_add_timer (parley_http_session_get_loop (session),
      parley_clock_now (), warm_due, warm);
  return warm;
}

void
parley_http_warm_free (ParleyHttpWarm * warm)
{
  parley_timer_clear (&warm->timer);
  parley_http_session_set_spare_func_in_loop (warm->session,
      parley_http_request_get_host (warm->request), NULL, warm);
  parley_http_request_cancel_in_loop (warm->request);
  for (guint i = 0; i < warm->spares->len; i++)
    parley_http_request_cancel_in_loop (g_ptr_array_index (warm->spares, i));
  g_ptr_array_unref (warm->spares);
  g_object_unref (warm->request);
  g_object_unref (warm->session);
  g_free (warm);
}
