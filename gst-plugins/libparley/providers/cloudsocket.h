/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/wssession.h"
#include "providers/cloud.h"

G_BEGIN_DECLS

/* The websocket of a provider that is asked again and again over the same one:
 * opened when it is needed or to be warm, kept, and opened anew when it ends
 * while something still waits for it.
 *
 * Threads: the provider's loop. Callbacks never come inside a call of these
 * functions, but for parley_cloud_socket_end_in_loop() they may do anything. */

typedef struct _ParleyCloudSocket ParleyCloudSocket;

typedef struct
{
  const ParleyCloudInfo *cloud;
  const gchar *error_header;    /* says why a handshake is refused; or NULL */
  /* It holds a place at the breaker from its opening to its end; else who uses
   * it sees to that. */
  gboolean limited;
  /* Sent when nothing else was for so many µs, once anything was; or NULL. */
  const gchar *keepalive_text;
  gint64 keepalive;
  /* So many wait open on each loop for whoever needs one; 0: none. They are
   * replaced when they are older than pool_age µs (0: never). */
  guint n_pooled;
  gint64 pool_age;
} ParleyCloudSocketInfo;

typedef struct
{
  /* The address; transfer full. */
  gchar *(*url) (gpointer data);
  /* Headers for one that is about to be opened; may be NULL. Not for pooled
   * ones. */
  void (*prepare) (ParleyWsSession * ws, gpointer data);
  /* A new one is there, that knows nothing of what was sent to another. */
  void (*opened) (gpointer data);
  void (*text) (const gchar * text, gsize len, gpointer data);
  /* It was needed and cannot be had: what waits for it fails. No longer
   * needed. */
  void (*lost) (const GError * error, gpointer data);
} ParleyCloudSocketHandler;

/* @info is static. */
ParleyCloudSocket *parley_cloud_socket_new_in_loop (ParleyCloud * cloud,
    const ParleyCloudSocketInfo * info,
    const ParleyCloudSocketHandler * handler, gpointer data);
/* Closes it, after @text if that is not NULL, and frees it. */
void parley_cloud_socket_end_in_loop (ParleyCloudSocket * self,
    const gchar * text);

/* Opens it unless it is; whether that works is not told. */
void parley_cloud_socket_warm_in_loop (ParleyCloudSocket * self);
/* Something waits for it: if it is not open when this returns, opened or lost
 * follows, at the latest when the provider's first-byte timeout is over; the
 * same when it ends later on. */
void parley_cloud_socket_need_in_loop (ParleyCloudSocket * self);
/* Nothing waits for it any more: it may end unseen. */
void parley_cloud_socket_release_in_loop (ParleyCloudSocket * self);
/* Ends this one, as of no use: @error, or NULL if it did nothing wrong. The
 * next need opens another. */
void parley_cloud_socket_drop_in_loop (ParleyCloudSocket * self,
    const GError * error);

gboolean parley_cloud_socket_is_open (ParleyCloudSocket * self);
/* Only while it is open. */
void parley_cloud_socket_send_text_in_loop (ParleyCloudSocket * self,
    const gchar * text);
void parley_cloud_socket_send_binary_in_loop (ParleyCloudSocket * self,
    gconstpointer bytes, gsize len);

/* What the service said, on one line and without the key; transfer full. */
gchar *parley_cloud_clean (ParleyCloud * cloud, const gchar * text);

/* For dispose: the last reference to a provider with such a socket must go on
 * its loop. FALSE: it does not just now, and will later: return at once. */
gboolean parley_cloud_may_dispose (ParleyProvider * provider);

G_END_DECLS
