/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Puts the media chunks of a stream into order: doubles and late ones are
 * dropped, early ones wait for what is missing, up to PARLEY_CHUNK_WINDOW of
 * them; then what is missing counts as lost. Pure; one thread. */

#define PARLEY_CHUNK_WINDOW 3

typedef struct
{
  guint64 number;               /* 0: not numbered, taken as the next */
  guint64 timestamp;            /* ms since the stream began */
  gint64 arrived;               /* µs of parley_clock_now() */
  guint8 *data;                 /* mu-law, owned */
  gsize len;
  gboolean lost_before;         /* set here: some before it never came */
  gint64 read;                  /* µs: when it was taken from the socket */
} ParleyChunk;

typedef struct
{
  guint64 next;                 /* the number due; 0 before the first */
  ParleyChunk waiting[PARLEY_CHUNK_WINDOW + 1];
  guint n_waiting;
  guint64 dropped;              /* doubles and late ones so far */
} ParleyChunkOrder;

void parley_chunk_order_clear (ParleyChunkOrder * order);
/* Takes @chunk's data. */
void parley_chunk_order_push (ParleyChunkOrder * order, ParleyChunk * chunk);
/* The next chunk in order, its data the caller's. FALSE: none is due. @end: the
 * stream is over, wait no more for what is missing. */
gboolean parley_chunk_order_pop (ParleyChunkOrder * order, gboolean end,
    ParleyChunk * chunk);

G_END_DECLS
