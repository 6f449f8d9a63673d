/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "net/loop.h"

G_BEGIN_DECLS

/* The connections of one loop to all providers: one SoupSession, with libsoup's
 * defaults changed (10 connections, 2 a host, 60 s of I/O timeout, gzip).
 * Everybody on a loop shares it, so that a connection that one call warmed
 * serves the next.
 *
 * Threads: all of it on its loop, the last unref too. */

#define PARLEY_TYPE_HTTP_SESSION (parley_http_session_get_type ())
G_DECLARE_FINAL_TYPE (ParleyHttpSession, parley_http_session, PARLEY,
    HTTP_SESSION, GObject)

/* The session of @loop; transfer full. The first reference makes it, the last
 * one ends it and its connections: a provider keeps one as long as it lives.
 * The loop's context must be its thread's default one, as on the pool. */
ParleyHttpSession *parley_http_session_get_in_loop (ParleyLoop * loop);

/* Borrowed. */
ParleyLoop *parley_http_session_get_loop (ParleyHttpSession * self);

/* Property "tls-database" (GTlsDatabase): whom to trust; NULL, the default: the
 * system's certificates. Tests trust their own certificate with it. Holds for
 * connections that are made afterwards. */

/* For net/ only: the SoupSession; borrowed. */
SoupSession *parley_http_session_get_soup (ParleyHttpSession * self);
/* For net/ only: the socket under a connection that @message runs on, by
 * soup_message_get_connection_id(); NULL: not known. Borrowed. */
GSocket *parley_http_session_find_socket (ParleyHttpSession * self,
    SoupMessage * message);
/* For net/ only: watches the connections that are made for @message. @host:
 * where further requests may use them; NULL: nowhere. */
void parley_http_session_watch (ParleyHttpSession * self,
    SoupMessage * message, const gchar * host);
/* For net/ only: a request to @host is under way; it no longer is. */
void parley_http_session_begin_in_loop (ParleyHttpSession * self,
    const gchar * host);
void parley_http_session_end_in_loop (ParleyHttpSession * self,
    const gchar * host);
/* For net/ only: when a request to @host begins, @func is told how many
 * connections should be open more, or be about to, so that those to come find
 * one. One for each host: not if another is told. NULL @func: @data is told no
 * longer. */
typedef void (*ParleyHttpSpareFunc) (guint n, gpointer data);
void parley_http_session_set_spare_func_in_loop (ParleyHttpSession * self,
    const gchar * host, ParleyHttpSpareFunc func, gpointer data);

/* Bytes that the kernel received for @socket since it was connected, read or
 * not; 0: not known. libsoup 3.2 does not bound a websocket message in
 * fragments: this is how it is bounded here. */
guint64 parley_socket_get_received (GSocket * socket);
/* The peer will send nothing more. */
gboolean parley_socket_is_ended (GSocket * socket);

G_END_DECLS
