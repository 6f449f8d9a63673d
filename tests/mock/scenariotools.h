/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The tools of a scenario's agent: webhooks of a server in this thread, which
 * answer after a time of parley_clock. What is under way on the network is
 * waited for before the clock goes on, so that a call takes the time that the
 * scenario says on any machine.
 *
 * One at a time; one thread. */

/* None any more; a server that there was ends. */
void scenario_tools_reset (void);
/* One that answers after @us. @safe: it has no effects. */
void scenario_tools_add (const gchar * name, gint64 us, gboolean safe);
/* llmchat's file with them; NULL: there are none. Borrowed. */
const gchar *scenario_tools_get_file (void);
/* On the thread's default context, until the reset. */
void scenario_tools_serve (void);
/* Waits until no request is on its way. */
void scenario_tools_settle (void);
/* Answers all that wait for their time. */
void scenario_tools_hurry (void);
/* How often it was called. */
guint scenario_tools_count (const gchar * name);

G_END_DECLS
