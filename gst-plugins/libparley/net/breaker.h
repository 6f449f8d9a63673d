/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/loop.h"
#include "net/neterror.h"

G_BEGIN_DECLS

/* Who may call a provider's host now: a circuit breaker and a limit of calls at
 * once, shared by all loops of the process.
 *
 * closed: calls go, at most max-concurrent at a time; the others wait in order
 * of arrival, each up to its deadline. After so many faults in a row, all
 * within a window, it opens: a call that works ends the row. open: everybody is
 * told at once to go elsewhere. When open-for is over it is half open: the next
 * one goes as the probe; if that works it closes, else it opens again. An
 * answer of 429 with Retry-After lets nobody begin for that long (at most
 * max-pause): the waiting wait.
 *
 *   self->ticket = parley_breaker_enter_in_loop (breaker, loop, deadline,
 *       entered, self);
 *   ... entered (ticket, error, data): error NULL: send; else go elsewhere
 *   parley_breaker_leave (ticket, error)     // how it went, or
 *   parley_breaker_yield (ticket, error)     // one more try of it failed, or
 *   parley_breaker_cancel (ticket)           // nothing is known
 *
 * Every ticket is ended by one of these exactly once, at any time, the refused
 * ones too. A call that streams holds its ticket until its end.
 *
 * Threads: any, but a ticket belongs to its loop: enter, callback, leave and
 * cancel happen there. Short locks. Time is parley_clock_now()'s. */

#define PARLEY_TYPE_BREAKER (parley_breaker_get_type ())
G_DECLARE_FINAL_TYPE (ParleyBreaker, parley_breaker, PARLEY, BREAKER, GObject)

typedef struct _ParleyBreakerTicket ParleyBreakerTicket;

typedef enum
{
  PARLEY_BREAKER_CLOSED,
  PARLEY_BREAKER_OPEN,
  PARLEY_BREAKER_HALF_OPEN
} ParleyBreakerState;
/* "closed", "open", "half-open". */
const gchar *parley_breaker_state_get_name (ParleyBreakerState state);

typedef struct
{
  guint max_concurrent;         /* 0: no limit (the default) */
  guint max_waiting;            /* beyond these nobody waits: 256 */
  guint faults;                 /* in a row that open it: 5; 0: never */
  gint64 window;                /* µs within which they count: 60 s */
  gint64 open_for;              /* µs: 5 s */
  gint64 max_pause;             /* µs: 30 s */
} ParleyBreakerSettings;

typedef struct
{
  ParleyBreakerState state;
  guint in_flight;
  guint waiting;
  guint64 entered;              /* let through so far */
  guint64 worked;               /* of these, left without a fault */
  guint64 faults;
  guint64 cancelled;            /* waiting or in flight */
  guint64 refused_open;
  guint64 refused_busy;         /* no place in the queue, or its deadline */
  guint64 opened;               /* times */
} ParleyBreakerStats;

/* Breakers of the process at most, and bytes of a name: what goes beyond
 * shares the breaker "other", with no limit and never open. */
#define PARLEY_BREAKER_MAX 256
#define PARLEY_BREAKER_MAX_NAME 128

/* The one of @provider and @host ("host" or "host:port"); borrowed, lives as
 * long as the process. */
ParleyBreaker *parley_breaker_get (const gchar * provider,
    const gchar * host);
/* One that nobody else finds; transfer full. For tests. */
ParleyBreaker *parley_breaker_new (const gchar * name);
/* "provider host". */
const gchar *parley_breaker_get_name (ParleyBreaker * self);

void parley_breaker_settings_init (ParleyBreakerSettings * settings);
/* Hold from now on, for the waiting too; the last one to set them wins. */
void parley_breaker_set (ParleyBreaker * self,
    const ParleyBreakerSettings * settings);
/* That one alone; 0: no limit. */
void parley_breaker_set_max_concurrent (ParleyBreaker * self, guint n);
void parley_breaker_get_stats (ParleyBreaker * self,
    ParleyBreakerStats * stats);

/* @error NULL: go; else OPEN or BUSY: go elsewhere. Borrowed. */
typedef void (*ParleyBreakerFunc) (ParleyBreakerTicket * ticket,
    const GError * error, gpointer data);

/* @func (@data) follows once on @loop, never inside this call, unless the
 * ticket ended before. @deadline: on parley_clock_now(); until then it may
 * wait for others to end (one in the past: not at all). */
ParleyBreakerTicket *parley_breaker_enter_in_loop (ParleyBreaker * self,
    ParleyLoop * loop, gint64 deadline, ParleyBreakerFunc func, gpointer data);
/* @error NULL: it worked; else it counts if parley_net_error_is_fault(). */
void parley_breaker_leave (ParleyBreakerTicket * ticket,
    const GError * error);
/* As leave for @error of a request one try of which has left with a fault
 * before: the request counts once, however often it is tried. */
void parley_breaker_yield (ParleyBreakerTicket * ticket,
    const GError * error);
/* It works so far: a probe that streams lets others go before its end. */
void parley_breaker_works_in_loop (ParleyBreakerTicket * ticket);
/* Counts neither way. A cancelled probe leaves the next one to be the probe. */
void parley_breaker_cancel (ParleyBreakerTicket * ticket);

/* How long one who entered now would have to wait, in µs, judged by how long
 * others kept their places of late; G_MAXINT64: he would be refused. @is_probe
 * (may be NULL): he would be the probe. */
gint64 parley_breaker_get_wait (ParleyBreaker * self, gboolean * is_probe);

/* Tells changes of state of all breakers, on @loop, in order. */
typedef void (*ParleyBreakerWatchFunc) (ParleyBreaker * breaker,
    ParleyBreakerState from, ParleyBreakerState to, gpointer data);
typedef struct _ParleyBreakerWatch ParleyBreakerWatch;
ParleyBreakerWatch *parley_breaker_watch (ParleyLoop * loop,
    ParleyBreakerWatchFunc func, gpointer data);
/* On its loop: nothing is told afterwards. */
void parley_breaker_unwatch_in_loop (ParleyBreakerWatch * watch);

/* All that parley_breaker_get() made, for metrics; free the array. */
GPtrArray *parley_breaker_list (void);

G_END_DECLS
