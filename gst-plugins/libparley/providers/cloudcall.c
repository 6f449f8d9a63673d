/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/cloud.h"

#include "net/clock.h"

struct _ParleyCloudCall
{
  ParleyCloud *cloud;           /* borrowed */
  ParleyLoop *loop;
  ParleyHttpRequest *request;
  ParleyCloudHandler handler;
  gpointer data;

  gint64 begun;
  gint64 deadline;              /* no try begins later */
  ParleyBreakerTicket *ticket;  /* while it waits or is sent; or NULL */
  ParleyRetry *retry;
  GError *error;                /* of the last try, until it is told */
  GSource *later;               /* tells it */
  gboolean faulted;             /* a try of it counted as a fault */
  gboolean committed;
  gboolean whole;               /* the answer has come */
  gboolean freed;               /* only the rest of the answer is awaited */
};

static void
call_destroy (ParleyCloudCall * call)
{
  parley_timer_clear (&call->later);
  parley_retry_free (call->retry);
  g_clear_error (&call->error);
  /* Whoever tells of it just now holds it too. */
  parley_http_request_cancel_in_loop (call->request);
  g_object_unref (call->request);
  g_object_unref (call->loop);
  g_free (call);
}

static void
leave (ParleyCloudCall * call, const GError * error)
{
  ParleyBreakerTicket *ticket = g_steal_pointer (&call->ticket);

  if (!ticket)
    return;
  if (error && call->faulted)
    parley_breaker_yield (ticket, error);
  else
    parley_breaker_leave (ticket, error);
  call->faulted |= parley_net_error_is_fault (error);
}

/* One try, and the next */

static void try_once (ParleyCloudCall * call);

static void
try_again (gpointer data)
{
  ParleyCloudCall *call = data;

  call->whole = FALSE;
  g_clear_error (&call->error);
  try_once (call);
}

/* OpenAI's own clients obey this header; a used-up quota comes back with 429
 * and no time to wait for. */
static gboolean
is_final (ParleyCloudCall * call, const GError * error)
{
  const gchar *should = parley_http_request_get_response_header (call->request,
      "x-should-retry");

  return (should && g_str_equal (should, "false"))
      || g_strcmp0 (parley_net_error_get_server_code (error),
      "insufficient_quota") == 0;
}

/* A caller waits: the next try must begin before he loses patience. */
static gboolean
will_try_again (ParleyCloudCall * call, const GError * error)
{
  if (is_final (call, error) || !parley_retry_again_in_loop (call->retry,
          error, !call->committed, try_again, call))
    return FALSE;
  if (parley_retry_get_due (call->retry) < call->deadline)
    return TRUE;
  parley_retry_reset (call->retry);
  return FALSE;
}

static gboolean
tell_failed (gpointer data)
{
  ParleyCloudCall *call = data;

  parley_timer_clear (&call->later);
  if (will_try_again (call, call->error)) {
    if (call->handler.restart)
      call->handler.restart (call, call->data);
  } else if (call->handler.failed) {
    call->handler.failed (call, call->error, call->data);
  }
  return G_SOURCE_REMOVE;
}

/* Takes @error. */
static void
end_try (ParleyCloudCall * call, GError * error)
{
  leave (call, error);
  g_clear_error (&call->error);
  call->error = error;
  parley_timer_clear (&call->later);
  call->later = parley_loop_add_timer (call->loop, parley_clock_now (),
      tell_failed, call);
}

/* What the request tells */

static void
on_headers (ParleyHttpRequest * request, guint status, gpointer data)
{
  ParleyCloudCall *call = data;

  if (!call->freed && call->handler.headers)
    call->handler.headers (call, call->data);
}

static void
on_chunk (ParleyHttpRequest * request, const guint8 * bytes, gsize len,
    gpointer data)
{
  ParleyCloudCall *call = data;

  if (!call->freed && !call->whole)
    call->handler.chunk (call, bytes, len, call->data);
}

static void
on_event (ParleyHttpRequest * request, const ParleySseEvent * event,
    gpointer data)
{
  ParleyCloudCall *call = data;

  if (!call->freed && !call->whole)
    call->handler.event (call, event, call->data);
}

static void
on_done (ParleyHttpRequest * request, gpointer data)
{
  ParleyCloudCall *call = data;

  if (call->freed) {
    call_destroy (call);
  } else if (!call->whole) {
    call->whole = TRUE;
    if (call->handler.done)
      call->handler.done (call, call->data);
  }
}

static void
on_failed (ParleyHttpRequest * request, const GError * error, gpointer data)
{
  ParleyCloudCall *call = data;

  if (call->freed)
    call_destroy (call);
  else if (!call->whole)
    end_try (call, g_error_copy (error));
}

static void
send_request (ParleyCloudCall * call)
{
  static const ParleyHttpHandler http =
      { on_headers, on_chunk, on_done, on_failed };
  static const ParleySseHandler sse =
      { on_headers, on_event, on_done, on_failed };
  ParleyHttpSession *session = parley_cloud_get_session_in_loop (call->cloud);
  gint64 now = parley_clock_now ();
  ParleyTimeouts timeouts;

  parley_cloud_get_timeouts (call->cloud, &timeouts);
  timeouts.first_byte = MAX (call->deadline - now, 1);
  if (timeouts.total)
    timeouts.total = MAX (call->begun + timeouts.total - now, 1);
  parley_http_request_set_timeouts (call->request, &timeouts);
  if (call->handler.event)
    parley_http_request_send_sse_in_loop (call->request, session, &sse, call);
  else
    parley_http_request_send_in_loop (call->request, session, &http, call);
}

static void
entered (ParleyBreakerTicket * ticket, const GError * error, gpointer data)
{
  ParleyCloudCall *call = data;

  if (error)
    end_try (call, g_error_copy (error));
  else
    send_request (call);
}

static void
try_once (ParleyCloudCall * call)
{
  call->ticket = parley_breaker_enter_in_loop (parley_cloud_get_breaker
      (call->cloud), call->loop, parley_cloud_get_queue_deadline (call->cloud,
          call->deadline), entered, call);
}

/* The call */

ParleyCloudCall *
parley_cloud_call_in_loop (ParleyCloud * cloud, ParleyHttpRequest * request,
    const ParleyCloudHandler * handler, gpointer data)
{
  ParleyCloudCall *call = g_new0 (ParleyCloudCall, 1);
  ParleyTimeouts timeouts;

  g_return_val_if_fail (!handler->chunk != !handler->event, NULL);
  parley_cloud_get_timeouts (cloud, &timeouts);
  call->cloud = cloud;
  call->loop = g_object_ref (parley_cloud_get_loop (cloud));
  call->request = request;
  call->handler = *handler;
  call->data = data;
  call->begun = parley_clock_now ();
  call->deadline = call->begun + timeouts.first_byte;
  call->retry = parley_cloud_new_retry (cloud);
  try_once (call);
  return call;
}

void
parley_cloud_call_commit_in_loop (ParleyCloudCall * call)
{
  call->committed = TRUE;
}

void
parley_cloud_call_fail_in_loop (ParleyCloudCall * call, GError * error)
{
  parley_http_request_cancel_in_loop (call->request);
  call->whole = TRUE;
  end_try (call, error);
}

void
parley_cloud_call_finish_in_loop (ParleyCloudCall * call)
{
  call->whole = TRUE;
  leave (call, NULL);
}

ParleyHttpRequest *
parley_cloud_call_get_request (ParleyCloudCall * call)
{
  return call->request;
}

void
parley_cloud_call_free (ParleyCloudCall * call)
{
  if (call->whole)
    leave (call, NULL);
  else if (call->ticket)
    parley_breaker_cancel (g_steal_pointer (&call->ticket));
  call->freed = TRUE;
  if (!call->whole || !parley_http_request_is_active (call->request))
    call_destroy (call);
}
