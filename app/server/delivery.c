/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/delivery.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "net/httprequest.h"
#include "net/retry.h"
#include "net/webhooksignature.h"
#include "server/log.h"
#include "server/recordname.h"

#define GRACE_US (5 * G_TIME_SPAN_SECOND)
/* Nobody on the phone waits for it. */
static const ParleyRetryPolicy policy = {
  .max_retries = 6,
  .first = PARLEY_RETRY_FIRST,
  .max_after = 60 * G_TIME_SPAN_SECOND,
};

struct _ParleyDelivery
{
  gchar *dir;
  gchar *url;
  GBytes *key;

  GMutex lock;                  /* guards the rest */
  GCond changed;
  GQueue parcels;               /* of Parcel */
};

/* A record on its way. */
typedef struct
{
  gatomicrefcount refs;
  ParleyDelivery *delivery;
  ParleyLoop *loop;
  gchar *name;
  gchar *id;                    /* the same at each try */
  ParleyDeliveryMake make;
  gpointer data;
  GBytes *body;
  gchar *file;                  /* NULL: not written */

  /* On the loop: */
  ParleyHttpRequest *request;
  ParleyHttpSession *session;
  ParleyRetry *retry;
  gboolean over;
} Parcel;

static void
parcel_unref (gpointer data)
{
  Parcel *self = data;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_pointer (&self->body, g_bytes_unref);
  parley_loop_release (self->loop);
  g_free (self->name);
  g_free (self->id);
  g_free (self->file);
  g_free (self);
}

/* On the loop: nothing more happens to it. */
static void
finish (Parcel * self)
{
  ParleyDelivery *delivery = self->delivery;

  if (self->over)
    return;
  self->over = TRUE;
  g_clear_object (&self->request);
  g_clear_pointer (&self->retry, parley_retry_free);
  g_clear_object (&self->session);
  g_mutex_lock (&delivery->lock);
  g_queue_remove (&delivery->parcels, self);
  g_cond_broadcast (&delivery->changed);
  g_mutex_unlock (&delivery->lock);
  parcel_unref (self);
}

/* The request */

static void
give_up (Parcel * self, const gchar * why)
{
  parley_log_problem (self->name,
      "the record of the call was not taken: %s%s%s", why,
      self->file ? "; it is in " : "", self->file ? self->file : "");
  finish (self);
}

static void post (gpointer data);

static void
on_done (ParleyHttpRequest * request, gpointer data)
{
  finish (data);
}

static void
on_failed (ParleyHttpRequest * request, const GError * error, gpointer data)
{
  Parcel *self = data;

  if (!parley_retry_again_in_loop (self->retry, error, TRUE, post, self))
    give_up (self, error->message);
}

static void
sign (Parcel * self)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree gchar *timestamp = g_strdup_printf ("%" G_GINT64_FORMAT, now);
  g_autofree gchar *signature = NULL;

  parley_http_request_set_header (self->request, "webhook-id", self->id);
  parley_http_request_set_header (self->request, "webhook-timestamp",
      timestamp);
  if (!self->delivery->key)
    return;
  signature =
      parley_webhook_sign (self->delivery->key, self->id, now, self->body);
  parley_http_request_set_header (self->request, "webhook-signature",
      signature);
}

static void
post (gpointer data)
{
  static const ParleyHttpHandler handler = {
    .done = on_done,
    .failed = on_failed,
  };
  Parcel *self = data;

  sign (self);
  parley_http_request_send_in_loop (self->request, self->session, &handler,
      self);
}

static void
begin_post (Parcel * self)
{
  self->request = parley_http_request_new ("webhook", PARLEY_OPERATION_TOOL,
      "POST", self->delivery->url, NULL);
  parley_http_request_set_idempotent (self->request, TRUE);
  parley_http_request_set_body (self->request, "application/json", self->body);
  self->session = parley_http_session_get_in_loop (self->loop);
  self->retry = parley_retry_new (self->loop, &policy);
  post (self);
}

/* The file */

static void
write_file (Parcel * self)
{
  g_autofree gchar *path = parley_record_path (self->delivery->dir, self->name,
      ".json");
  g_autoptr (GError) error = NULL;
  gsize len;
  const gchar *text = g_bytes_get_data (self->body, &len);

  if (g_file_set_contents_full (path, text, len,
          G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    self->file = g_steal_pointer (&path);
  else
    parley_log_problem (self->name, "the record of the call could not be "
        "written: %s", error->message);
}

/* On a worker. */
static void
make_and_write (gpointer data)
{
  Parcel *self = data;
  gchar *text = self->make (self->data);

  self->body = g_bytes_new_take (text, strlen (text));
  if (self->delivery->dir)
    write_file (self);
}

static void
is_made (gpointer data)
{
  Parcel *self = data;

  if (!self->over && self->delivery->url)
    begin_post (self);
  else
    finish (self);
  parcel_unref (self);
}

void
parley_delivery_send_in_loop (ParleyDelivery * self, ParleyLoop * loop,
    const gchar * name, ParleyDeliveryMake make, gpointer data)
{
  Parcel *parcel = g_new0 (Parcel, 1);

  g_atomic_ref_count_init (&parcel->refs);
  parcel->delivery = self;
  parcel->loop = parley_loop_hold (loop);
  parcel->name = parley_record_name (name);
  parcel->id = g_strdup_printf ("call_%s_%" G_GINT64_MODIFIER "x",
      parcel->name, g_get_real_time ());
  parcel->make = make;
  parcel->data = data;
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->parcels, parcel);
  g_mutex_unlock (&self->lock);
  g_atomic_ref_count_inc (&parcel->refs);
  parley_work_submit (loop, make_and_write, is_made, parcel);
}

/* Life */

static gboolean
check_dir (const gchar * dir, GError ** error)
{
  if (g_mkdir_with_parents (dir, 0700) == 0 && g_access (dir, W_OK | X_OK) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
      "call records cannot be written to %s: %s", dir, g_strerror (errno));
  return FALSE;
}

static gboolean
check_url (const gchar * url, GError ** error)
{
  g_autoptr (ParleyHttpRequest) request =
      parley_http_request_new ("webhook", PARLEY_OPERATION_TOOL, "POST", url,
      error);

  return request != NULL;
}

ParleyDelivery *
parley_delivery_new (const ParleyDeliveryConfig * config, GError ** error)
{
  ParleyDelivery *self = g_new0 (ParleyDelivery, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->parcels);
  self->dir = g_strdup (config->dir);
  self->url = g_strdup (config->url);
  if (self->dir && !check_dir (self->dir, error))
    goto failed;
  if (self->url && !check_url (self->url, error))
    goto failed;
  if (config->secret_env) {
    self->key = parley_webhook_key_from_env (config->secret_env, error);
    if (!self->key)
      goto failed;
  }
  return self;

failed:
  parley_delivery_free (self);
  return NULL;
}

static void
stop_in_loop (gpointer data, gpointer user_data)
{
  Parcel *parcel = data;

  /* One that a worker still makes ends when it is made. */
  if (parcel->request)
    give_up (parcel, "the server was stopped");
  parcel_unref (parcel);
}

static void
stop_all_unlocked (ParleyDelivery * self)
{
  for (GList * l = self->parcels.head; l; l = l->next) {
    Parcel *parcel = l->data;

    g_atomic_ref_count_inc (&parcel->refs);
    parley_loop_invoke (parcel->loop, stop_in_loop, parcel, NULL);
  }
}

void
parley_delivery_free (ParleyDelivery * self)
{
  gint64 deadline = g_get_monotonic_time () + GRACE_US;

  g_mutex_lock (&self->lock);
  while (!g_queue_is_empty (&self->parcels)
      && g_cond_wait_until (&self->changed, &self->lock, deadline));
  while (!g_queue_is_empty (&self->parcels)) {
    stop_all_unlocked (self);
    g_cond_wait_until (&self->changed, &self->lock,
        g_get_monotonic_time () + G_TIME_SPAN_SECOND);
  }
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->key, g_bytes_unref);
  g_free (self->dir);
  g_free (self->url);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}
