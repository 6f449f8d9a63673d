/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Mu-law that can be told by its bytes: the lowest bits of each 64 of them say
 * which sound it is and where in it they stand. That is not heard, and survives
 * all that does not change samples. bargein.py writes such sound. */

#define MARKED_BLOCK 64         /* bytes: 8 ms */

/* A plain value; zeroed is fresh. One for each stream of bytes. */
typedef struct
{
  guint64 bits;
  guint16 sound;                /* of the last block */
  guint16 block;                /* counts from 0 */
} MarkedReader;

/* Takes the next byte. TRUE: a block is complete, which sound and block say. */
gboolean marked_reader_push (MarkedReader *self, guint8 code);

G_END_DECLS
