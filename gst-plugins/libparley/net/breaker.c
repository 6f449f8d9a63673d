/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/breaker.h"

#include <string.h>

#include "net/clock.h"

#define MAX_WAITING 256
#define FAULTS 5
#define WINDOW (60 * G_TIME_SPAN_SECOND)
#define OPEN_FOR (5 * G_TIME_SPAN_SECOND)
#define MAX_PAUSE (30 * G_TIME_SPAN_SECOND)
#define OTHER "other"
/* How much the last call counts in how long calls keep their places. */
#define HOLD_SHARE 8

typedef enum
{
  TICKET_WAITING,
  TICKET_GRANTED,
  TICKET_REFUSED
} TicketState;

struct _ParleyBreakerTicket
{
  ParleyBreaker *breaker;
  ParleyLoop *loop;
  gint64 deadline;
  ParleyBreakerFunc func;
  gpointer data;

  /* Under the breaker's lock. */
  TicketState state;
  gboolean probe;
  gint64 granted;               /* when */
  GList link;                   /* in the queue, while it waits */
  GSource *timer;               /* while it waits */
  GError *error;                /* why it was refused */

  /* On its loop. */
  gboolean telling;             /* a call of func is on its way */
  gboolean ended;               /* meanwhile */
};

struct _ParleyBreaker
{
  GObject parent;
  gchar *name;
  gboolean fixed;               /* settings stay */

  GMutex lock;                  /* guards all below */
  ParleyBreakerSettings settings;
  ParleyBreakerStats stats;
  GQueue waiting;               /* of tickets */
  GQueue faults;                /* their times, gint64 *, the oldest first */
  ParleyBreakerTicket *probe;   /* under way; borrowed */
  gint64 opened_until;
  gint64 paused_until;
  gint64 hold;                  /* µs, a running mean; 0: not known */
};

G_DEFINE_FINAL_TYPE (ParleyBreaker, parley_breaker, G_TYPE_OBJECT);

/* Watches: who is told of changes. Lock order: a breaker's, then this one. */

struct _ParleyBreakerWatch
{
  gatomicrefcount refs;
  ParleyLoop *loop;
  ParleyBreakerWatchFunc func;
  gpointer data;
  gboolean removed;             /* on its loop */
};

typedef struct
{
  ParleyBreakerWatch *watch;
  ParleyBreaker *breaker;
  ParleyBreakerState from, to;
} Notice;

static GMutex watches_lock;
static GList *watches;

static void
watch_unref (ParleyBreakerWatch * watch)
{
  if (!g_atomic_ref_count_dec (&watch->refs))
    return;
  g_object_unref (watch->loop);
  g_free (watch);
}

static void
notice_tell_in_loop (gpointer data, gpointer user_data)
{
  Notice *notice = data;

  if (!notice->watch->removed)
    notice->watch->func (notice->breaker, notice->from, notice->to,
        notice->watch->data);
  watch_unref (notice->watch);
  g_object_unref (notice->breaker);
  g_free (notice);
}

static void
tell_watches (ParleyBreaker * self, ParleyBreakerState from,
    ParleyBreakerState to)
{
  g_mutex_lock (&watches_lock);
  for (GList * l = watches; l; l = l->next) {
    Notice *notice = g_new0 (Notice, 1);

    notice->watch = l->data;
    g_atomic_ref_count_inc (&notice->watch->refs);
    notice->breaker = g_object_ref (self);
    notice->from = from;
    notice->to = to;
    parley_loop_invoke (notice->watch->loop, notice_tell_in_loop, notice, NULL);
  }
  g_mutex_unlock (&watches_lock);
}

ParleyBreakerWatch *
parley_breaker_watch (ParleyLoop * loop, ParleyBreakerWatchFunc func,
    gpointer data)
{
  ParleyBreakerWatch *watch = g_new0 (ParleyBreakerWatch, 1);

  g_atomic_ref_count_init (&watch->refs);
  watch->loop = g_object_ref (loop);
  watch->func = func;
  watch->data = data;
  g_mutex_lock (&watches_lock);
  watches = g_list_append (watches, watch);
  g_mutex_unlock (&watches_lock);
  return watch;
}

void
parley_breaker_unwatch_in_loop (ParleyBreakerWatch * watch)
{
  g_assert (parley_loop_is_current (watch->loop));
  g_mutex_lock (&watches_lock);
  watches = g_list_remove (watches, watch);
  g_mutex_unlock (&watches_lock);
  watch->removed = TRUE;
  watch_unref (watch);
}

/* Tickets */

static void
ticket_free (ParleyBreakerTicket * ticket)
{
  parley_timer_clear (&ticket->timer);
  g_clear_error (&ticket->error);
  g_object_unref (ticket->breaker);
  g_object_unref (ticket->loop);
  g_free (ticket);
}

static void
ticket_tell_in_loop (gpointer data, gpointer user_data)
{
  ParleyBreakerTicket *ticket = data;

  ticket->telling = FALSE;
  if (ticket->ended)
    ticket_free (ticket);
  else
    ticket->func (ticket, ticket->error, ticket->data);
}

/* The timer's source may run on another thread at this moment: it then finds
 * the ticket no longer waiting. It is unreferenced on its own loop. */
static void
ticket_decide_unlocked (ParleyBreakerTicket * ticket, TicketState state)
{
  if (ticket->link.data) {
    g_queue_unlink (&ticket->breaker->waiting, &ticket->link);
    ticket->link.data = NULL;
  }
  ticket->state = state;
  parley_loop_invoke (ticket->loop, ticket_tell_in_loop, ticket, NULL);
}

static void
refuse_open_unlocked (ParleyBreaker * self, ParleyBreakerTicket * ticket,
    gint64 now)
{
  self->stats.refused_open++;
  ticket->error = parley_net_error_new (PARLEY_NET_ERROR_OPEN, self->name,
      "failed too often, tried again in %.1f s at the earliest: set a fallback",
      (gdouble) MAX (self->opened_until - now, 0) / G_TIME_SPAN_SECOND);
  ticket_decide_unlocked (ticket, TICKET_REFUSED);
}

static void
refuse_busy_unlocked (ParleyBreaker * self, ParleyBreakerTicket * ticket)
{
  self->stats.refused_busy++;
  ticket->error = parley_net_error_new (PARLEY_NET_ERROR_BUSY, self->name,
      "%u requests under way and %u waiting, none ended in time: raise the "
      "account's limit and max-concurrent, or set a fallback",
      self->stats.in_flight, self->waiting.length);
  ticket_decide_unlocked (ticket, TICKET_REFUSED);
}

static void
grant_unlocked (ParleyBreaker * self, ParleyBreakerTicket * ticket)
{
  ticket->granted = parley_clock_now ();
  self->stats.in_flight++;
  self->stats.entered++;
  if (self->stats.state == PARLEY_BREAKER_HALF_OPEN) {
    ticket->probe = TRUE;
    self->probe = ticket;
  }
  ticket_decide_unlocked (ticket, TICKET_GRANTED);
}

/* The breaker, all under its lock */

static void
set_state_unlocked (ParleyBreaker * self, ParleyBreakerState state)
{
  ParleyBreakerState from = self->stats.state;

  self->stats.state = state;
  tell_watches (self, from, state);
}

static gboolean
may_start_unlocked (ParleyBreaker * self, gint64 now)
{
  guint max = self->settings.max_concurrent;

  if (self->stats.state == PARLEY_BREAKER_OPEN || self->probe)
    return FALSE;
  return now >= self->paused_until && (max == 0 || self->stats.in_flight < max);
}

static void
pump_unlocked (ParleyBreaker * self, gint64 now)
{
  while (self->waiting.head && may_start_unlocked (self, now))
    grant_unlocked (self, self->waiting.head->data);
}

static void
open_unlocked (ParleyBreaker * self, gint64 now)
{
  self->opened_until = MAX (now + self->settings.open_for, self->paused_until);
  self->stats.opened++;
  g_queue_clear_full (&self->faults, g_free);
  set_state_unlocked (self, PARLEY_BREAKER_OPEN);
  while (self->waiting.head)
    refuse_open_unlocked (self, self->waiting.head->data, now);
}

static void
count_fault_unlocked (ParleyBreaker * self, gint64 now)
{
  gint64 *oldest;

  g_queue_push_tail (&self->faults, g_memdup2 (&now, sizeof now));
  while ((oldest = g_queue_peek_head (&self->faults))
      && (now - *oldest >= self->settings.window
          || self->faults.length > MAX (self->settings.faults, 1)))
    g_free (g_queue_pop_head (&self->faults));
  if (self->settings.faults > 0 && self->faults.length >= self->settings.faults)
    open_unlocked (self, now);
}

/* The timers of the waiting also end a pause; any thread may set them. */
static void
pause_unlocked (ParleyBreaker * self, gint64 now, gint64 retry_after)
{
  gint64 until = now + MIN (retry_after, self->settings.max_pause);

  if (until <= self->paused_until)
    return;
  self->paused_until = until;
  for (GList * l = self->waiting.head; l; l = l->next) {
    ParleyBreakerTicket *ticket = l->data;

    parley_timer_set_due (ticket->timer, MIN (ticket->deadline, until));
  }
}

/* @counted: a fault of the same request was counted before. */
static void
judge_unlocked (ParleyBreaker * self, gboolean probe, gboolean counted,
    const GError * error, gint64 now)
{
  if (parley_net_error_get_retry_after (error) > 0)
    pause_unlocked (self, now, parley_net_error_get_retry_after (error));
  if (!parley_net_error_is_fault (error)) {
    self->stats.worked++;
    g_queue_clear_full (&self->faults, g_free);
    if (probe)
      set_state_unlocked (self, PARLEY_BREAKER_CLOSED);
    return;
  }
  self->stats.faults += !counted;
  if (probe)
    open_unlocked (self, now);
  else if (!counted && self->stats.state == PARLEY_BREAKER_CLOSED)
    count_fault_unlocked (self, now);
}

/* In and out */

static gboolean
ticket_timer_due (gpointer data)
{
  ParleyBreakerTicket *ticket = data;
  ParleyBreaker *self = ticket->breaker;
  gint64 now = parley_clock_now ();

  g_mutex_lock (&self->lock);
  if (ticket->state == TICKET_WAITING)
    pump_unlocked (self, now);
  if (ticket->state == TICKET_WAITING && now >= ticket->deadline)
    refuse_busy_unlocked (self, ticket);
  if (ticket->state == TICKET_WAITING)
    parley_timer_set_due (ticket->timer, ticket->deadline);
  g_mutex_unlock (&self->lock);
  return G_SOURCE_CONTINUE;
}

static void
wait_unlocked (ParleyBreaker * self, ParleyBreakerTicket * ticket, gint64 now)
{
  gint64 due = ticket->deadline;

  if (self->paused_until > now)
    due = MIN (due, self->paused_until);
  ticket->link.data = ticket;
  g_queue_push_tail_link (&self->waiting, &ticket->link);
  ticket->timer = parley_loop_add_timer (ticket->loop, due, ticket_timer_due,
      ticket);
}

static void
enter_unlocked (ParleyBreaker * self, ParleyBreakerTicket * ticket, gint64 now)
{
  if (self->stats.state == PARLEY_BREAKER_OPEN && now >= self->opened_until)
    set_state_unlocked (self, PARLEY_BREAKER_HALF_OPEN);
  if (self->stats.state == PARLEY_BREAKER_OPEN || self->probe)
    refuse_open_unlocked (self, ticket, now);
  else if (!self->waiting.head && may_start_unlocked (self, now))
    grant_unlocked (self, ticket);
  else if (ticket->deadline > now
      && self->waiting.length < self->settings.max_waiting)
    wait_unlocked (self, ticket, now);
  else
    refuse_busy_unlocked (self, ticket);
}

ParleyBreakerTicket *
parley_breaker_enter_in_loop (ParleyBreaker * self, ParleyLoop * loop,
    gint64 deadline, ParleyBreakerFunc func, gpointer data)
{
  ParleyBreakerTicket *ticket = g_new0 (ParleyBreakerTicket, 1);

  g_assert (parley_loop_is_current (loop));
  ticket->breaker = g_object_ref (self);
  ticket->loop = g_object_ref (loop);
  ticket->deadline = deadline;
  ticket->func = func;
  ticket->data = data;
  ticket->telling = TRUE;
  g_mutex_lock (&self->lock);
  enter_unlocked (self, ticket, parley_clock_now ());
  g_mutex_unlock (&self->lock);
  return ticket;
}

typedef enum
{
  END_LEAVE,
  END_YIELD,
  END_CANCEL
} TicketEnd;

static void
note_hold_unlocked (ParleyBreaker * self, gint64 hold)
{
  self->hold += self->hold ? (hold - self->hold) / HOLD_SHARE : hold;
}

static void
give_up_place_unlocked (ParleyBreaker * self, ParleyBreakerTicket * ticket,
    TicketEnd end, const GError * error, gint64 now)
{
  self->stats.in_flight--;
  if (ticket->probe)
    self->probe = NULL;
  if (end != END_CANCEL) {
    note_hold_unlocked (self, now - ticket->granted);
    judge_unlocked (self, ticket->probe, end == END_YIELD, error, now);
  }
  pump_unlocked (self, now);
}

static void
ticket_end (ParleyBreakerTicket * ticket, TicketEnd end, const GError * error)
{
  ParleyBreaker *self = ticket->breaker;
  gint64 now = parley_clock_now ();
  gboolean told;

  g_assert (parley_loop_is_current (ticket->loop));
  g_mutex_lock (&self->lock);
  if (end == END_CANCEL && ticket->state != TICKET_REFUSED)
    self->stats.cancelled++;
  told = ticket->state != TICKET_WAITING;
  if (ticket->state == TICKET_WAITING)
    g_queue_unlink (&self->waiting, &ticket->link);
  if (ticket->state == TICKET_GRANTED)
    give_up_place_unlocked (self, ticket, end, error, now);
  g_mutex_unlock (&self->lock);
  parley_timer_clear (&ticket->timer);
  ticket->ended = TRUE;
  if (!told || !ticket->telling)
    ticket_free (ticket);
}

void
parley_breaker_leave (ParleyBreakerTicket * ticket, const GError * error)
{
  ticket_end (ticket, END_LEAVE, error);
}

void
parley_breaker_yield (ParleyBreakerTicket * ticket, const GError * error)
{
  ticket_end (ticket, END_YIELD, error);
}

void
parley_breaker_works_in_loop (ParleyBreakerTicket * ticket)
{
  ParleyBreaker *self = ticket->breaker;

  g_assert (parley_loop_is_current (ticket->loop));
  g_mutex_lock (&self->lock);
  if (ticket->probe) {
    ticket->probe = FALSE;
    self->probe = NULL;
    set_state_unlocked (self, PARLEY_BREAKER_CLOSED);
    pump_unlocked (self, parley_clock_now ());
  }
  g_mutex_unlock (&self->lock);
}

void
parley_breaker_cancel (ParleyBreakerTicket * ticket)
{
  ticket_end (ticket, END_CANCEL, NULL);
}

static gint64
get_wait_unlocked (ParleyBreaker * self, gint64 now)
{
  guint max = self->settings.max_concurrent;
  gint64 wait = MAX (self->paused_until - now, 0);

  if (self->probe || (self->stats.state == PARLEY_BREAKER_OPEN
          && now < self->opened_until)
      || self->waiting.length >= MAX (self->settings.max_waiting, 1))
    return G_MAXINT64;
  if (max > 0 && (self->stats.in_flight >= max || self->waiting.head))
    wait += self->hold * (self->waiting.length + 1) / max;
  return wait;
}

gint64
parley_breaker_get_wait (ParleyBreaker * self, gboolean * is_probe)
{
  gint64 wait;

  g_mutex_lock (&self->lock);
  wait = get_wait_unlocked (self, parley_clock_now ());
  if (is_probe)
    *is_probe = wait != G_MAXINT64
        && self->stats.state != PARLEY_BREAKER_CLOSED;
  g_mutex_unlock (&self->lock);
  return wait;
}

/* Settings and figures */

const gchar *
parley_breaker_state_get_name (ParleyBreakerState state)
{
  static const gchar *names[] = { "closed", "open", "half-open" };

  return names[state];
}

void
parley_breaker_settings_init (ParleyBreakerSettings * settings)
{
  settings->max_concurrent = 0;
  settings->max_waiting = MAX_WAITING;
  settings->faults = FAULTS;
  settings->window = WINDOW;
  settings->open_for = OPEN_FOR;
  settings->max_pause = MAX_PAUSE;
}

void
parley_breaker_set (ParleyBreaker * self,
    const ParleyBreakerSettings * settings)
{
  if (self->fixed)
    return;
  g_mutex_lock (&self->lock);
  self->settings = *settings;
  pump_unlocked (self, parley_clock_now ());
  g_mutex_unlock (&self->lock);
}

void
parley_breaker_set_max_concurrent (ParleyBreaker * self, guint n)
{
  if (self->fixed)
    return;
  g_mutex_lock (&self->lock);
  self->settings.max_concurrent = n;
  pump_unlocked (self, parley_clock_now ());
  g_mutex_unlock (&self->lock);
}

void
parley_breaker_get_stats (ParleyBreaker * self, ParleyBreakerStats * stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  stats->waiting = self->waiting.length;
  g_mutex_unlock (&self->lock);
}

const gchar *
parley_breaker_get_name (ParleyBreaker * self)
{
  return self->name;
}

static void
parley_breaker_finalize (GObject * object)
{
  ParleyBreaker *self = PARLEY_BREAKER (object);

  g_queue_clear_full (&self->faults, g_free);
  g_mutex_clear (&self->lock);
  g_free (self->name);
  G_OBJECT_CLASS (parley_breaker_parent_class)->finalize (object);
}

static void
parley_breaker_init (ParleyBreaker * self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->waiting);
  g_queue_init (&self->faults);
  parley_breaker_settings_init (&self->settings);
}

static void
parley_breaker_class_init (ParleyBreakerClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = parley_breaker_finalize;
}

ParleyBreaker *
parley_breaker_new (const gchar * name)
{
  ParleyBreaker *self = g_object_new (PARLEY_TYPE_BREAKER, NULL);

  self->name = g_strdup (name);
  return self;
}

/* Those of the process */

static GMutex table_lock;
static GHashTable *table;       /* name → ParleyBreaker, for ever */

static ParleyBreaker *
ensure_unlocked (const gchar * name)
{
  ParleyBreaker *breaker = g_hash_table_lookup (table, name);

  if (breaker)
    return breaker;
  if (strlen (name) > PARLEY_BREAKER_MAX_NAME
      || (g_hash_table_size (table) >= PARLEY_BREAKER_MAX
          && strcmp (name, OTHER) != 0))
    return ensure_unlocked (OTHER);
  breaker = parley_breaker_new (name);
  if (strcmp (name, OTHER) == 0) {
    breaker->settings.faults = 0;
    breaker->fixed = TRUE;
  }
  g_hash_table_insert (table, breaker->name, breaker);
  return breaker;
}

ParleyBreaker *
parley_breaker_get (const gchar * provider, const gchar * host)
{
  gchar *name = g_strconcat (provider, " ", host, NULL);
  ParleyBreaker *breaker;

  g_mutex_lock (&table_lock);
  if (!table)
    table = g_hash_table_new (g_str_hash, g_str_equal);
  breaker = ensure_unlocked (name);
  g_mutex_unlock (&table_lock);
  g_free (name);
  return breaker;
}

GPtrArray *
parley_breaker_list (void)
{
  GPtrArray *all = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer breaker;

  g_mutex_lock (&table_lock);
  if (table) {
    g_hash_table_iter_init (&iter, table);
    while (g_hash_table_iter_next (&iter, NULL, &breaker))
      g_ptr_array_add (all, breaker);
  }
  g_mutex_unlock (&table_lock);
  return all;
}
