/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "server/calls.h"

G_BEGIN_DECLS

/* The pipeline of a call as Graphviz' dot: elements with where the time of the
 * answers went, and links with what flows and what waits. */

/* On the call's loop, which changes the pipeline's states; a fraction of a
 * millisecond. Transfer full. */
gchar *parley_graph_new_in_loop (GstElement * pipeline, const gchar * title,
    ParleyCallRecord * record, ParleyMetrics * metrics);

/* @text for within the quotes of a dot string; transfer full. */
gchar *parley_graph_escape (const gchar * text);

G_END_DECLS
