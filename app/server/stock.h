/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "net/call.h"

G_BEGIN_DECLS

/* The pipelines of one pipeline file: a few ready-made ones for the calls to
 * come, refilled by the process's workers, and one prototype for each loop of
 * the pool. Prototypes stay in READY: that checks settings and keys, and keeps
 * warm what the loop's calls share. Their call has no socket.
 *
 * Immutable but for what it hands out; any thread. */

typedef struct _ParleyStock ParleyStock;

/* Loads @path and brings the prototypes to READY. Waits for files: not on a
 * loop. NULL with @error in one line: the file cannot be used. */
ParleyStock *parley_stock_new (const gchar * path, GError ** error);
ParleyStock *parley_stock_ref (ParleyStock * stock);
/* Any thread; the prototypes end with the last reference. */
void parley_stock_unref (ParleyStock * stock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyStock, parley_stock_unref)

const gchar *parley_stock_get_path (ParleyStock * stock);
/* Whether the pipeline listens to the caller, and so ends by itself when the
 * call does. */
gboolean parley_stock_has_source (ParleyStock * stock);
/* The script of its llmchat (a path), or NULL for another provider. */
const gchar *parley_stock_get_script (ParleyStock * stock);

/* Appends a line to @problems for each of its prototypes that is not ready,
 * with what it said. */
void parley_stock_add_problems (ParleyStock * stock, GPtrArray * problems);

/* A pipeline in NULL for @call, with the call in its context; microseconds
 * when there is a ready-made one, else about a millisecond. On the call's loop
 * after start. %{call.sid} and the like are replaced in the text properties of
 * all elements; in those that are not Parley's the values are made fit for a
 * file name. Transfer full; NULL with @error. */
GstElement *parley_stock_take (ParleyStock * stock, ParleyCall * call,
    GError ** error);

G_END_DECLS
