/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/chunkorder.h"

#include <string.h>

void
parley_chunk_order_clear (ParleyChunkOrder * order)
{
  for (guint i = 0; i < order->n_waiting; i++)
    g_free (order->waiting[i].data);
  memset (order, 0, sizeof *order);
}

static gboolean
is_known (ParleyChunkOrder * order, guint64 number)
{
  /* The highest number has none after it: next would begin anew. */
  if (number < order->next || number == G_MAXUINT64)
    return TRUE;
  for (guint i = 0; i < order->n_waiting; i++)
    if (order->waiting[i].number == number)
      return TRUE;
  return FALSE;
}

void
parley_chunk_order_push (ParleyChunkOrder * order, ParleyChunk * chunk)
{
  guint at;

  if (chunk->number == 0)
    chunk->number = MAX (order->next, 1);
  if (order->next == 0)
    order->next = chunk->number;
  if (is_known (order, chunk->number)) {
    order->dropped++;
    g_free (chunk->data);
    return;
  }
  g_return_if_fail (order->n_waiting <= PARLEY_CHUNK_WINDOW);
  for (at = order->n_waiting; at > 0
      && order->waiting[at - 1].number > chunk->number; at--)
    order->waiting[at] = order->waiting[at - 1];
  order->waiting[at] = *chunk;
  order->n_waiting++;
}

gboolean
parley_chunk_order_pop (ParleyChunkOrder * order, gboolean end,
    ParleyChunk * chunk)
{
  gboolean due;

  if (order->n_waiting == 0)
    return FALSE;
  due = order->waiting[0].number == order->next;
  if (!due && !end && order->n_waiting <= PARLEY_CHUNK_WINDOW)
    return FALSE;
  *chunk = order->waiting[0];
  chunk->lost_before = !due;
  order->next = chunk->number + 1;
  order->n_waiting--;
  memmove (order->waiting, order->waiting + 1,
      order->n_waiting * sizeof order->waiting[0]);
  return TRUE;
}
