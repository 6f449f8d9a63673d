/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* THE LOOP RULE: a call lives on one loop, and nothing on that loop ever
 * blocks.
 *
 * The process has a small pool of loop threads (default: one a core). A call is
 * bound to one of them when its socket is accepted. Its socket, provider
 * connections, timers and pad pushes all run there. Code on a loop takes short
 * locks only; it never waits for a peer, a file, a full queue, an element state
 * or a lock that is held across any of these. Work that needs the CPU for more
 * than a millisecond goes to parley_work_submit() and comes back as a callback
 * on the loop. Other threads hand over with parley_loop_invoke() and do not
 * wait for it.
 *
 * Threads: every function here may be called from any thread, unless its name
 * ends in _in_loop: those assert that the caller runs on that loop. */

#define PARLEY_TYPE_LOOP (parley_loop_get_type ())
G_DECLARE_FINAL_TYPE (ParleyLoop, parley_loop, PARLEY, LOOP, GObject)

/* A loop with no thread of its own: whoever iterates its context is the loop.
 * For tests (together with parley_clock_set_manual()) and for programs that
 * have a main loop of their own. @context NULL makes a new one. */
ParleyLoop *parley_loop_new (GMainContext * context);

/* The loop of the pool with the fewest users; returns a reference. Each
 * reference taken this way counts as one user until parley_loop_release(). */
ParleyLoop *parley_loop_acquire (void);
/* One more user of this very loop; returns a reference. */
ParleyLoop *parley_loop_hold (ParleyLoop * loop);
void parley_loop_release (ParleyLoop * loop);

/* Number of loop threads, 1 to 64, before the first parley_loop_acquire();
 * later calls are ignored. 0: one a core. */
void parley_loop_pool_set_size (guint n_loops);
guint parley_loop_pool_get_size (void);
/* The same, but 0 as long as nobody needed the pool: starts no thread. */
guint parley_loop_pool_get_running (void);
/* Loop @index of the pool; borrowed, lives as long as the process. */
ParleyLoop *parley_loop_pool_get (guint index);

GMainContext *parley_loop_get_context (ParleyLoop * loop);
gboolean parley_loop_is_current (ParleyLoop * loop);

/* Runs @func (@data, @user_data) on the loop, later, in the order of the calls,
 * never inside this call. */
void parley_loop_invoke (ParleyLoop * loop, GFunc func, gpointer data,
    gpointer user_data);

/* A one-shot timer on the loop at @due µs of parley_clock_now(). Returns the
 * attached source, a reference of the caller's: end it with
 * parley_timer_clear(). */
GSource *parley_loop_add_timer (ParleyLoop * loop, gint64 due,
    GSourceFunc func, gpointer data);
void parley_timer_clear (GSource ** timer);

/* @n more (or less) sockets that a descriptor of the loop's stands for. */
void parley_loop_count_sockets_in_loop (ParleyLoop * loop, gint n);
/* What comes from @fd may wait for up to 1 ms when the loop has many sockets,
 * as callers' packets may; all else is served at once. Until it is taken
 * back. */
void parley_loop_set_patient_in_loop (ParleyLoop * loop, gint fd,
    gboolean patient);

/* A loop that is late must not take the credit for others' work, nor the blame.
 *
 * Since when what is being handled now could have been: an invocation since it
 * was posted, a timer since it was due, what comes from a socket since the poll
 * that found it. */
gint64 parley_loop_get_ready_time_in_loop (ParleyLoop * loop);
/* What is read from sockets now came after this time: the end of the last poll
 * if that one waited for it, else the end of the poll before. */
gint64 parley_loop_get_blind_since_in_loop (ParleyLoop * loop);

/* The 20 ms output tick: one timer a loop, its users spread over the 20 ms in
 * phases of 2 ms. @func is called every 20 ms until it returns FALSE, the first
 * time at most 20 ms from now. */
#define PARLEY_TICK_US (20 * G_TIME_SPAN_MILLISECOND)
typedef struct _ParleyTick ParleyTick;
ParleyTick *parley_loop_add_tick_in_loop (ParleyLoop * loop, GSourceFunc func,
    gpointer data);
void parley_loop_remove_tick_in_loop (ParleyLoop * loop, ParleyTick * tick);

/* Accounts for time that a pad push took on this loop. Over
 * PARLEY_STALL_US for one push, or PARLEY_STALL_SHARE of a second for all, is
 * a stall: then @stall is filled and TRUE returned, once a second at most. */
#define PARLEY_STALL_US (20 * G_TIME_SPAN_MILLISECOND)
#define PARLEY_STALL_SHARE 0.5
typedef struct
{
  guint64 count;                /* pushes over PARLEY_STALL_US so far */
  gint64 longest;               /* µs, since the last report */
  gdouble share;                /* of the last second spent inside pushes */
} ParleyLoopStall;
gboolean parley_loop_account_push_in_loop (ParleyLoop * loop, gint64 begin,
    gint64 end, ParleyLoopStall * stall);

/* How late a loop is, and what pushes take of it, since it was made. A lag is
 * the time from when a timer was due, or an invocation posted, until it ran. */
#define PARLEY_LOOP_LAG_BOUNDS 10
/* Upper bounds of the buckets, µs, inclusive. */
extern const gint64 parley_loop_lag_bounds[PARLEY_LOOP_LAG_BOUNDS];
typedef struct
{
  /* Lags up to each bound and over the one before; last: over all. */
  guint64 lags[PARLEY_LOOP_LAG_BOUNDS + 1];
  guint64 lag_count;            /* the sum of lags */
  guint64 lag_sum;              /* µs */
  guint64 lag_max;              /* µs */
  guint64 stalls;               /* pushes over PARLEY_STALL_US */
  guint64 push_sum;             /* µs inside pushes */
  gint64 age;                   /* µs since the loop was made */
} ParleyLoopStats;
/* Any thread. The fields are read one by one while the loop goes on: they may
 * differ by what happened meanwhile. */
void parley_loop_get_stats (ParleyLoop * loop, ParleyLoopStats * stats);
/* The bound below which a share @percent of the lags lies, µs: the bucket's
 * bound, or the longest lag if that is less. 0 without any. */
guint64 parley_loop_stats_get_percentile (const ParleyLoopStats * stats,
    gdouble percent);

/* Runs @work in the process's thread pool (as many threads as cores), then
 * @done on @loop. Both get @data; NULL @done is allowed. */
typedef void (*ParleyWorkFunc) (gpointer data);
void parley_work_submit (ParleyLoop * loop, ParleyWorkFunc work,
    ParleyWorkFunc done, gpointer data);
/* For a clock that is stepped by hand: from now on work waits for
 * parley_work_run_next(), so that it is done in the order in which it was
 * submitted, and at known times. */
void parley_work_set_manual (void);
/* Runs what was submitted first on a thread of the pool and returns when @work
 * has; FALSE: nothing waits. One thread. */
gboolean parley_work_run_next (void);

G_END_DECLS
