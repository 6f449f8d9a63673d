/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "net/call.h"

G_BEGIN_DECLS

/* An HTTP and websocket server whose connections are spread over loops: each
 * stays, with the call it becomes, on the loop that it was given when it was
 * accepted.
 *
 * It accepts by itself (libsoup's listener has a backlog of 10 and goes deaf
 * after one EMFILE) and bounds what a client may do: 5 s to finish the headers
 * of each request (TLS included) and 5 s for its body, 16 KiB of headers,
 * 64 KiB of body, 128 KiB a websocket message, no compression.
 *
 * Threads: make, listen and close from any thread. Callbacks come on the loop
 * of the connection, several at a time on different loops. */

#define PARLEY_TYPE_SERVER (parley_server_get_type ())
G_DECLARE_FINAL_TYPE (ParleyServer, parley_server, PARLEY, SERVER, GObject)

/* Answers @message (set its status, headers and body). */
typedef void (*ParleyServerHandler) (SoupServerMessage * message,
    const gchar * path, gpointer data);
/* Whether to upgrade: 0, or the HTTP status to refuse with. */
typedef guint (*ParleyServerCheck) (SoupServerMessage * message,
    gpointer data);
/* A websocket for a call, on @loop: give it to parley_call_attach_in_loop().
 * Everything here is borrowed. */
typedef struct
{
  ParleyLoop *loop;
  SoupWebsocketConnection *websocket;
  GSocket *socket;
  gint64 accepted;
} ParleyUpgrade;
typedef void (*ParleyServerCallFunc) (const ParleyUpgrade * upgrade,
    gpointer data);

ParleyServer *parley_server_new (void);

/* Before listening. A @path ending in "/" takes all below it. @destroy frees
 * @data on a loop once the server is closed and the last callback is over. */
void parley_server_add_handler (ParleyServer * server, const gchar * path,
    ParleyServerHandler handler, gpointer data, GDestroyNotify destroy);
/* Calls are taken at @path. @check may be NULL. */
void parley_server_add_calls (ParleyServer * server, const gchar * path,
    ParleyServerCheck check, ParleyServerCallFunc func, gpointer data,
    GDestroyNotify destroy);

/* Listens on @host (an address or name; NULL: all) and @port (0: any free one).
 * Connections go to @loop, or with NULL to the loops of the pool in turn, the
 * least used first. @certificate makes it TLS. Resolves and binds at once:
 * milliseconds for addresses. */
gboolean parley_server_listen (ParleyServer * server, const gchar * host,
    guint16 port, GTlsCertificate * certificate, ParleyLoop * loop,
    GError ** error);
/* 0 when not listening. */
guint16 parley_server_get_port (ParleyServer * server);

/* No new connections; those there are go on. */
void parley_server_stop_listening (ParleyServer * server);
/* Stops listening and drops every connection that is not a call, each on its
 * loop, later. The server lives until that is done, and callbacks may still
 * come until their data is destroyed. */
void parley_server_close (ParleyServer * server);

G_END_DECLS
