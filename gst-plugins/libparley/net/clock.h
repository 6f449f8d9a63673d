/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The one source of time and timers of Parley: microseconds of the monotonic
 * clock. Tests step it by hand; everything that waits then waits for them.
 *
 * Threads: parley_clock_now() from any thread. A timer runs on the context it
 * was attached to. The manual functions belong to one test thread. */

gint64 parley_clock_now (void);

/* A one-shot timer source, due at @due (parley_clock_now() time; in the past
 * means at once). Set a GSourceFunc as its callback; return G_SOURCE_CONTINUE
 * after parley_timer_set_due() to go on, G_SOURCE_REMOVE to end. It is not
 * attached; the caller owns it. */
GSource *parley_timer_new (gint64 due);
void parley_timer_set_due (GSource * timer, gint64 due);

/* Inside a timer's callback: when it was due, which is earlier than now on a
 * thread that is late. FALSE elsewhere. */
gboolean parley_timer_get_fired (gint64 * due);

/* Tests: from now on time stands at @start (0: at the real time). Again: time
 * jumps there, as it does for a thread that was busy; timers fire late. */
void parley_clock_set_manual (gint64 start);
void parley_clock_set_real (void);
/* Tests: go @step µs on; at each timer that falls due on the way time stands
 * at that timer's due time while @context is iterated until it is idle. */
void parley_clock_advance (gint64 step, GMainContext * context);
/* The same; @settle (@data) does the iterating. */
void parley_clock_advance_with (gint64 step, void (*settle) (gpointer data),
    gpointer data);

G_END_DECLS
