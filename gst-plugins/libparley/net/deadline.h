/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/loop.h"

G_BEGIN_DECLS

/* Timers that most often do not fire: all of a loop's share one source, since
 * GMainContext looks at each of its sources each time round, while calls wait
 * for minutes for what should never come.
 *
 * Threads: all of it on the loop. */

typedef struct _ParleyDeadline ParleyDeadline;

/* @func (@data) when @due (µs of parley_clock_now()) has come. Then the
 * deadline rests until it is set anew; it may be freed in @func. */
ParleyDeadline *parley_deadline_new_in_loop (ParleyLoop * loop, gint64 due,
    ParleyWorkFunc func, gpointer data);
void parley_deadline_set_due_in_loop (ParleyDeadline * deadline, gint64 due);
void parley_deadline_free_in_loop (ParleyDeadline * deadline);

G_END_DECLS
