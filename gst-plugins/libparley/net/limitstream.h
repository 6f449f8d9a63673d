/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/poller.h"

G_BEGIN_DECLS

/* A GIOStream around another one that lets only so many bytes in until told
 * that they led somewhere. libsoup 3.2 puts no bound on headers, on bodies or
 * on fragmented websocket messages: here is one, for all three.
 *
 * Threads: one loop. Pollable, as libsoup's websockets require. */

#define PARLEY_TYPE_LIMIT_STREAM (parley_limit_stream_get_type ())
G_DECLARE_FINAL_TYPE (ParleyLimitStream, parley_limit_stream, PARLEY,
    LIMIT_STREAM, GIOStream)

/* @base must be pollable both ways; a reference is taken. If it is a plain
 * socket, @watch may be that of the socket, which then tells when to read; it
 * is freed when the stream is closed, on its loop. NULL: @base tells. */
ParleyLimitStream *parley_limit_stream_new (GIOStream * base,
    ParleyWatch * watch, gsize bytes);

/* The one that @stream is, or that lies under libsoup's own stream around it;
 * borrowed; NULL: none. */
ParleyLimitStream *parley_limit_stream_find (GIOStream * stream);

/* From now on @bytes more may be read; reading beyond them fails with
 * G_IO_ERROR_MESSAGE_TOO_LARGE. */
void parley_limit_stream_allow (ParleyLimitStream * stream, gsize bytes);
/* Bytes that may still be read. */
gsize parley_limit_stream_get_left (ParleyLimitStream * stream);

G_END_DECLS
