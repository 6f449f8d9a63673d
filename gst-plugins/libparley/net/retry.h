/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/loop.h"
#include "net/neterror.h"

G_BEGIN_DECLS

/* When to try again: after 0.5, 1 and 2 s, a quarter more or less by chance, so
 * that calls that failed together do not come back together. Retry-After is
 * obeyed where it asks for more; where it asks for more than a caller can be
 * made to wait, there is no retry.
 *
 * Threads: one loop. Waits on parley_clock. */

typedef struct _ParleyRetry ParleyRetry;

/* µs. */
#define PARLEY_RETRY_FIRST (500 * G_TIME_SPAN_MILLISECOND)
#define PARLEY_RETRY_MAX_AFTER (5 * G_TIME_SPAN_SECOND)

typedef struct
{
  guint max_retries;            /* 3; each waits twice as long as the last */
  gint64 first;                 /* µs: PARLEY_RETRY_FIRST */
  gint64 max_after;             /* µs: PARLEY_RETRY_MAX_AFTER */
  guint32 seed;                 /* of chance; 0: another one each time */
} ParleyRetryPolicy;

typedef void (*ParleyRetryFunc) (gpointer data);

/* For one operation. @policy NULL: the values above, and any seed. */
ParleyRetry *parley_retry_new (ParleyLoop * loop,
    const ParleyRetryPolicy * policy);
/* A retry that waits does not happen. */
void parley_retry_free (ParleyRetry * retry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyRetry, parley_retry_free)

/* After @error. TRUE: @func (@data) follows once, on the loop, never inside
 * this call. FALSE: it will not; report @error or go to the fallback. @clean:
 * nothing of the failed try went on to the caller (no text, no audio), and it
 * had no effect that must not happen twice; else there is no retry. */
gboolean parley_retry_again_in_loop (ParleyRetry * retry,
    const GError * error, gboolean clean, ParleyRetryFunc func, gpointer data);

/* A retry that waits is dropped, and the count begins anew. */
void parley_retry_reset (ParleyRetry * retry);
/* Retries so far. */
guint parley_retry_get_count (ParleyRetry * retry);
/* µs on parley_clock when the one that waits is due; -1: none waits. */
gint64 parley_retry_get_due (ParleyRetry * retry);

G_END_DECLS
