/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "net/loop.h"

G_BEGIN_DECLS

/* Which sockets of a loop can be read, through one descriptor for all of them.
 *
 * GMainContext looks at each of its descriptors each time round, and GIO's
 * sources add and remove theirs whenever somebody begins or ends to wait, with
 * a write to wake the context each time. Here a socket is registered once, with
 * an edge-triggered epoll descriptor, and who waits for it is told in the same
 * round in which the data came.
 *
 * Threads: all of it on the loop. */

typedef struct _ParleyWatch ParleyWatch;

/* Watches @socket, a connected stream socket, until it is freed, which must be
 * before the socket is closed. @loop must outlive it. NULL: the system has no
 * more of what that takes; use GIO's own sources. */
ParleyWatch *parley_watch_new_in_loop (ParleyLoop * loop, GSocket * socket);
/* Who still waits is woken. */
void parley_watch_free (ParleyWatch * watch);

/* FALSE: a read would find nothing. */
gboolean parley_watch_may_read (ParleyWatch * watch);
/* To be called after each read of @count bytes that gave @n_read, -1 for an
 * error: fewer than were asked for are all there were. */
void parley_watch_note_read (ParleyWatch * watch, gssize n_read, gsize count);

/* A source for a GPollableSourceFunc, which is given @stream: for
 * g_pollable_input_stream_create_source(). It may outlive @watch. */
GSource *parley_watch_create_source (ParleyWatch * watch,
    GPollableInputStream * stream);

G_END_DECLS
