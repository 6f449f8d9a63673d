/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Keys that a caller presses one after the other are one turn: up to a "#",
 * which is not part of it, to a number of them, or until he pauses.
 *
 * Pure: no thread, no timer; times are parley_clock_now()'s, in µs. */
typedef struct
{
  guint length;                 /* so many are all; 0: any number */
  gint64 timeout;               /* after the last key */

  guint turn;                   /* the first one's; 0: none is waiting */
  GString *text;                /* or NULL */
  gint64 due;                   /* when the pause is long enough */
} ParleyKeys;

void parley_keys_clear (ParleyKeys * keys);
/* A key of a turn (not 0) that is only used if it is the first. TRUE: that was
 * the last. */
gboolean parley_keys_press (ParleyKeys * keys, guint turn, gchar key,
    gint64 now);
/* What was pressed, and its turn; the next key begins anew. NULL: nothing.
 * Transfer full. */
gchar *parley_keys_take (ParleyKeys * keys, guint * turn);

G_END_DECLS
