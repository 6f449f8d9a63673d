/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A GIOStream around another one that takes what is written at once and sends
 * it as fast as the peer takes it, or in small pieces with gaps between them,
 * so that a receiver finds its lines, frames and characters cut anywhere, or
 * waits for each byte. (libsoup 3.2 reads beyond its chunk when a stream takes
 * only a part of it; here it never sees that.)
 *
 * Closed before all is sent, it closes @base afterwards.
 *
 * Threads: the one that made it, on its default context; libsoup may write from
 * others. Pollable both ways, as @base must be. */

#define PARLEY_TYPE_CUT_STREAM (parley_cut_stream_get_type ())
G_DECLARE_FINAL_TYPE (ParleyCutStream, parley_cut_stream, PARLEY, CUT_STREAM,
    GIOStream)

ParleyCutStream *parley_cut_stream_new (GIOStream * base);

/* From now on pieces of at most @max bytes (0: uncut), @gap µs apart. @random:
 * of 1 to @max bytes, drawn from it; borrowed, must outlive the stream. NULL:
 * all of @max. */
void parley_cut_stream_cut (ParleyCutStream * self, gsize max, gint64 gap,
    GRand * random);
/* Nothing is sent beyond the first @total bytes of all; G_MAXUINT64: all. */
void parley_cut_stream_stop_at (ParleyCutStream * self, guint64 total);
/* Nothing is sent any more, and writing fails. */
void parley_cut_stream_break (ParleyCutStream * self);

/* Bytes taken and sent so far, and who is told when more were sent or the peer
 * is gone: then @broken, once. */
guint64 parley_cut_stream_get_taken (ParleyCutStream * self);
guint64 parley_cut_stream_get_sent (ParleyCutStream * self);
typedef void (*ParleyCutStreamFunc) (guint64 sent, gboolean broken,
    gpointer data);
void parley_cut_stream_set_func (ParleyCutStream * self,
    ParleyCutStreamFunc func, gpointer data);

G_END_DECLS
