/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "residence.h"

#include <string.h>

/* Data inside of an element: an inbox holds 2 s, 100 buffers; a queue without a
 * limit holds a reply. */
#define MAX_INSIDE 128
#define MAX_INSIDE_QUEUE 2048
#define FIRST_INSIDE 16
/* And if it came between turns: a preroll. */
#define MAX_BETWEEN 64
/* Turns that are not over; a new one ends the one that was touched first. */
#define MAX_STAYS 4
/* A turn of which nothing was seen for that long is over, µs. */
#define IDLE_US (2 * G_TIME_SPAN_SECOND)

/* Small, since each packet makes one. */
typedef struct
{
  gint64 since;
  gconstpointer id;
  GstClockTime pts;
  guint64 epoch;
  guint turn;
  guint medium:31;
  guint gone:1;                 /* counted, but older ones are still inside */
} Inside;

#define CACHE_LINE 64

/* What a packet needs is the first line. */
typedef struct
{
  gint64 touched;
  gint64 entered;               /* the first time; 0: never */
  ResidenceStay stay;
} __attribute__((aligned (CACHE_LINE))) OpenStay;

/* What costs is memory that was not touched for the 20 ms since the last
 * packet. So what each needs is two lines, that one fetch brings, and what it
 * writes into the ring. */
struct _Residence
{
  GMutex lock;

  /* A ring, oldest first. */
  Inside *inside;
  guint n_inside;
  guint first;
  guint size;                   /* a power of 2, or 0 */

  guint8 kind;                  /* ResidenceKind */
  guint8 latest;                /* of stays: touched last */
  guint8 open;                  /* of stays: a bit each */
  gint64 idle_checked;
  gint64 last_entered;          /* of what told when, and left last */
  guint64 last_epoch;           /* inferred for what left last; 0: none */
  guint last_turn;

  OpenStay stays[MAX_STAYS];    /* the newest first */

  ResidenceFunc func;
  gpointer user_data;
  Durations *outside;           /* of turns: all is own time; NULL: none yet */
  gboolean outside_inferred;
  gboolean has_level;
  ResidenceLevel level_max;
  ResidenceLevel level_last;
  ResidenceSums *in_turns;      /* NULL: none yet */
} __attribute__((aligned (2 * CACHE_LINE)));

void
residence_lock (Residence * self)
{
  g_mutex_lock (&self->lock);
}

void
residence_unlock (Residence * self)
{
  g_mutex_unlock (&self->lock);
}

void
residence_prefetch (Residence * self, gconstpointer place)
{
  __builtin_prefetch (self, 1);
  __builtin_prefetch ((char *) self + CACHE_LINE, 1);
  __builtin_prefetch (place, 1);
}

static gboolean
has_turn (const ResidenceData * data)
{
  return data->turn || data->epoch;
}

/* Sums */

void
residence_sums_merge (ResidenceSums * self, const ResidenceSums * other)
{
  durations_merge (&self->residence, &other->residence);
  durations_merge (&self->own, &other->own);
  durations_merge (&self->waiting, &other->waiting);
  self->inferred |= other->inferred;
}

static void
sums_add (ResidenceSums * sums, const ResidenceStay * stay)
{
  gint64 took = stay->end - stay->begin;

  durations_add (&sums->residence, took);
  durations_add (&sums->own, took - stay->waiting);
  durations_add (&sums->waiting, stay->waiting);
  sums->inferred |= stay->inferred;
}

/* Stays */

/* Of the longest stay, what waits cover; they may overlap each other. */
static gint64
covered (const ResidenceStay * stay)
{
  gint64 sum = 0, at = stay->begin;

  while (at < stay->end) {
    gint64 until = at, next = stay->end;

    for (guint i = 0; i < stay->n_waits; i++) {
      const ResidenceWait *wait = &stay->waits[i];
      if (wait->begin <= at)
        until = MAX (until, MIN (wait->end, stay->end));
      else
        next = MIN (next, wait->begin);
    }
    sum += until - at;
    at = until > at ? until : next;
  }
  return sum;
}

/* Nothing that came in was seen, but what was waited for. */
static void
bound_by_waits (ResidenceStay * stay)
{
  stay->begin = G_MAXINT64;
  stay->end = G_MININT64;
  for (guint i = 0; i < stay->n_waits; i++) {
    stay->begin = MIN (stay->begin, stay->waits[i].begin);
    stay->end = MAX (stay->end, stay->waits[i].end);
  }
  stay->first = stay->last = stay->end - stay->begin;
  stay->inferred = TRUE;
}

/* FALSE: nothing to be told of it. */
static gboolean
finish (ResidenceStay * stay)
{
  if (stay->count == 0) {
    if (stay->n_waits == 0)
      return FALSE;
    bound_by_waits (stay);
  }
  stay->waiting = covered (stay);
  return TRUE;
}

static gboolean
is_open (const Residence * self, guint index)
{
  return self->open >> index & 1;
}

static void
close_stay (Residence * self, guint index)
{
  OpenStay *open = &self->stays[index];

  self->open &= ~(1 << index);
  if (!finish (&open->stay))
    return;
  if (!self->in_turns)
    self->in_turns = g_new0 (ResidenceSums, 1);
  sums_add (self->in_turns, &open->stay);
  self->func (&open->stay, self->user_data);
}

static void
add_outside (Residence * self, const ResidenceData * data, gint64 took)
{
  if (!self->outside)
    self->outside = g_new0 (Durations, 1);
  durations_add (self->outside, took);
  self->outside_inferred |= data->inferred;
}

void
residence_close (Residence * self)
{
  for (guint i = MAX_STAYS; i-- > 0;)
    if (is_open (self, i))
      close_stay (self, i);
}

void
residence_settle (Residence * self, gint64 now)
{
  if (now - self->idle_checked < IDLE_US / 2)
    return;
  self->idle_checked = now;
  for (guint i = MAX_STAYS; i-- > 0;) {
    const OpenStay *open = &self->stays[i];
    /* What has not left yet may be waited for longer. */
    if (is_open (self, i) && open->stay.count > 0
        && now - open->touched >= IDLE_US)
      close_stay (self, i);
  }
}

static gboolean
is_stay_of (const Residence * self, guint index, guint turn, guint64 epoch)
{
  const ResidenceStay *stay = &self->stays[index].stay;

  if (!is_open (self, index))
    return FALSE;
  if (epoch && stay->epoch)
    return epoch == stay->epoch;
  return turn && turn == stay->turn;
}

/* A free place, made by ending the turn that was touched first. */
static guint
make_place (Residence * self)
{
  guint oldest = 0;

  for (guint i = 0; i < MAX_STAYS; i++) {
    if (!is_open (self, i))
      return i;
    if (self->stays[i].touched < self->stays[oldest].touched)
      oldest = i;
  }
  close_stay (self, oldest);
  return oldest;
}

/* In the first place, which is fetched with each packet. */
static void
begin_stay (Residence * self)
{
  guint place = make_place (self);
  ResidenceWait *waits = self->stays[place].stay.waits;

  memmove (self->stays + 1, self->stays, place * sizeof *self->stays);
  self->stays[0] = (OpenStay) {
  .stay.waits = waits};
  self->open |= 1 << place | 1;
  self->latest = 0;
}

static void
find_stay (Residence * self, guint turn, guint64 epoch)
{
  if (is_stay_of (self, self->latest, turn, epoch))
    return;
  for (guint i = 0; i < MAX_STAYS; i++) {
    if (is_stay_of (self, i, turn, epoch)) {
      self->latest = i;
      return;
    }
  }
  begin_stay (self);
}

static OpenStay *
get_stay (Residence * self, guint turn, guint64 epoch, gint64 now)
{
  OpenStay *open;

  find_stay (self, turn, epoch);
  open = &self->stays[self->latest];
  if (turn)
    open->stay.turn = turn;
  if (epoch)
    open->stay.epoch = epoch;
  open->touched = now;
  return open;
}

static void
add_stay (ResidenceStay * stay, gint64 begin, gint64 end)
{
  stay->last = end - begin;
  if (stay->count++ == 0)
    stay->first = end - begin;
  else if (end - begin <= stay->end - stay->begin)
    return;
  stay->begin = begin;
  stay->end = end;
}

static void
tell_outside (Residence * self, gint64 begin, gint64 end)
{
  ResidenceStay stay = {.has_level = self->has_level,
    .level_max = self->level_last,.level_last = self->level_last
  };

  add_stay (&stay, begin, end);
  self->func (&stay, self->user_data);
}

static void
count_stay (Residence * self, const ResidenceData * data, gint64 begin,
    gint64 end)
{
  if (has_turn (data)) {
    OpenStay *open = get_stay (self, data->turn, data->epoch, end);

    open->stay.inferred |= data->inferred;
    add_stay (&open->stay, begin, end);
    return;
  }
  add_outside (self, data, end - begin);
  if (!data->marked)
    tell_outside (self, begin, end);
}

static void
keep_wait (ResidenceStay * stay, const ResidenceWait * wait)
{
  if (!stay->waits)
    stay->waits = g_new (ResidenceWait, RESIDENCE_MAX_WAITS);
  if (stay->n_waits == RESIDENCE_MAX_WAITS) {
    stay->n_waits--;
    memmove (stay->waits, stay->waits + 1, stay->n_waits * sizeof *stay->waits);
  }
  stay->waits[stay->n_waits++] = *wait;
}

/* A sink gave back control long before it was done. */
static void
stay_until (OpenStay * open, gint64 end)
{
  ResidenceStay *stay = &open->stay;

  if (end - open->entered <= stay->end - stay->begin)
    return;
  stay->begin = open->entered;
  stay->end = end;
  stay->count = MAX (stay->count, 1);
}

void
residence_add_wait (Residence * self, guint turn, guint64 epoch,
    const ResidenceWait * wait, gint64 now)
{
  OpenStay *open;

  if (!turn && !epoch)
    return;
  open = get_stay (self, turn, epoch, now);
  keep_wait (&open->stay, wait);
  if ((self->kind & RESIDENCE_SINK) && open->entered)
    stay_until (open, wait->end);
}

void
residence_pass (Residence * self, const ResidenceData * data, gint64 begin,
    gint64 end)
{
  OpenStay *open;

  residence_settle (self, begin);
  count_stay (self, data, begin, end);
  if (!has_turn (data))
    return;
  open = &self->stays[self->latest];
  if (open->entered)
    return;
  open->entered = begin;
  for (guint i = 0; i < open->stay.n_waits; i++)
    stay_until (open, open->stay.waits[i].end);
}

static void
raise_level (ResidenceLevel * max, const ResidenceLevel * level)
{
  max->buffers = MAX (max->buffers, level->buffers);
  max->time = MAX (max->time, level->time);
}

void
residence_note_level (Residence * self, guint turn, guint64 epoch,
    const ResidenceLevel * level, gint64 now)
{
  self->has_level = TRUE;
  self->level_last = *level;
  raise_level (&self->level_max, level);
  if (turn || epoch) {
    ResidenceStay *stay = &get_stay (self, turn, epoch, now)->stay;

    stay->has_level = TRUE;
    stay->level_last = *level;
    raise_level (&stay->level_max, level);
  }
}

/* What is inside */

static Inside *
inside_at (Residence * self, guint index)
{
  return &self->inside[(self->first + index) & (self->size - 1)];
}

static void
drop_first (Residence * self)
{
  self->first = (self->first + 1) & (self->size - 1);
  self->n_inside--;
}

static void
trim (Residence * self)
{
  while (self->n_inside > 0 && inside_at (self, 0)->gone)
    drop_first (self);
}

static void
grow (Residence * self)
{
  guint size = self->size ? self->size * 2 : FIRST_INSIDE;
  Inside *inside = g_new (Inside, size);

  for (guint i = 0; i < self->n_inside; i++)
    inside[i] = *inside_at (self, i);
  g_free (self->inside);
  self->inside = inside;
  self->first = 0;
  self->size = size;
}

gconstpointer
residence_enter (Residence * self, const ResidenceData * data, gint64 now)
{
  guint max = self->kind & RESIDENCE_QUEUE ? MAX_INSIDE_QUEUE
      : data->marked && !has_turn (data) ? MAX_BETWEEN : MAX_INSIDE;

  residence_settle (self, now);
  if (self->n_inside >= max)
    drop_first (self);
  else if (self->n_inside == self->size)
    grow (self);
  *inside_at (self, self->n_inside++) = (Inside) {
  .since = now,.id = data->id,.pts = data->pts,.epoch = data->epoch,.turn =
        data->turn,.medium = data->medium};
  if (has_turn (data)) {
    OpenStay *open = get_stay (self, data->turn, data->epoch, now);
    if (!open->entered)
      open->entered = now;
  }
  return inside_at (self, self->n_inside);
}

void
residence_forget (Residence * self)
{
  self->n_inside = 0;
  self->size = 0;
  g_clear_pointer (&self->inside, g_free);
}

guint
residence_get_n_inside (Residence * self)
{
  return self->n_inside;
}

/* Which of what is inside may be the origin of what leaves. */
typedef gboolean (*MayBeFunc) (const Inside * in, const ResidenceData * out);

static gboolean
is_any (const Inside * in, const ResidenceData * out)
{
  return TRUE;
}

static gboolean
has_no_turn (const Inside * in, const ResidenceData * out)
{
  return !in->turn && !in->epoch;
}

static gboolean
has_same_turn (const Inside * in, const ResidenceData * out)
{
  if (in->epoch && out->epoch)
    return in->epoch == out->epoch;
  return in->turn && in->turn == out->turn;
}

static gboolean
on_same_timeline (const Inside * in, const ResidenceData * out)
{
  if (in->medium && out->medium && in->medium != out->medium)
    return FALSE;
  return GST_CLOCK_TIME_IS_VALID (in->pts) == GST_CLOCK_TIME_IS_VALID
      (out->pts);
}

/* The very buffer; index or -1. The time is compared too, since memory is used
 * again. */
static gint
find_same (Residence * self, const ResidenceData * out, MayBeFunc may_be)
{
  for (guint i = 0; i < self->n_inside; i++) {
    const Inside *inside = inside_at (self, i);
    if (!inside->gone && inside->id == out->id && inside->pts == out->pts
        && may_be (inside, out))
      return i;
  }
  return -1;
}

/* What holds the first sample of @out, or else came last; index or -1. What is
 * older than that will not leave any more. */
static gint
find_origin (Residence * self, const ResidenceData * out, MayBeFunc may_be)
{
  gint found = -1;

  for (guint i = 0; i < self->n_inside; i++) {
    Inside *inside = inside_at (self, i);

    if (inside->gone || !may_be (inside, out))
      continue;
    if (on_same_timeline (inside, out)) {
      if (!GST_CLOCK_TIME_IS_VALID (out->pts))
        return i;
      if (inside->pts > out->pts)
        continue;
    }
    if (found >= 0)
      inside_at (self, found)->gone = TRUE;
    found = i;
  }
  return found;
}

static gint
match (Residence * self, const ResidenceData * out)
{
  MayBeFunc funcs[] = { has_same_turn, has_no_turn };
  guint n = G_N_ELEMENTS (funcs);
  gint found = -1;

  if (!has_turn (out)) {
    funcs[0] = is_any;
    n = 1;
  }
  for (guint i = 0; i < n && found < 0; i++) {
    found = find_same (self, out, funcs[i]);
    if (found < 0)
      found = find_origin (self, out, funcs[i]);
  }
  return found;
}

/* @in: what @out was matched with; NULL: a further piece of what had left. */
static void
infer_turn (Residence * self, const Inside * in, ResidenceData * out)
{
  if (out->marked || has_turn (out))
    return;
  if (in) {
    self->last_turn = in->turn;
    self->last_epoch = in->epoch;
  }
  out->turn = self->last_turn;
  out->epoch = self->last_epoch;
  out->inferred = has_turn (out);
}

/* Several pieces may be of one that entered. */
static void
leave_telling (Residence * self, const ResidenceData * data, gint64 now)
{
  if (data->entered && data->entered != self->last_entered)
    count_stay (self, data, data->entered, now);
  self->last_entered = data->entered;
}

void
residence_leave (Residence * self, ResidenceData * data, gint64 now)
{
  Inside *inside;
  gint found;

  residence_settle (self, now);
  if (self->kind & RESIDENCE_TELLS) {
    leave_telling (self, data, now);
    return;
  }
  if (self->n_inside == 0 && (self->kind & RESIDENCE_SOURCE)) {
    if (data->arrived)
      count_stay (self, data, data->arrived, now);
    return;
  }
  found = match (self, data);
  if (found < 0) {
    infer_turn (self, NULL, data);
    return;
  }
  inside = inside_at (self, found);
  infer_turn (self, inside, data);
  inside->gone = TRUE;
  count_stay (self, data, inside->since, now);
  trim (self);
}

/* Reading */

static void
get_sums_outside (Residence * self, ResidenceSums * sums)
{
  sums->residence = sums->own = *self->outside;
  sums->waiting.count = sums->waiting.buckets[0] = self->outside->count;
  sums->inferred = self->outside_inferred;
}

gboolean
residence_get_sums (Residence * self, gboolean in_turns, ResidenceSums * sums)
{
  *sums = (ResidenceSums) {
  0};
  if (in_turns && self->in_turns)
    *sums = *self->in_turns;
  else if (!in_turns && self->outside)
    get_sums_outside (self, sums);
  for (guint i = 0; in_turns && i < MAX_STAYS; i++) {
    ResidenceStay stay = self->stays[i].stay;
    if (is_open (self, i) && finish (&stay))
      sums_add (sums, &stay);
  }
  return sums->residence.count > 0;
}

gboolean
residence_get_level (Residence * self, ResidenceLevel * max,
    ResidenceLevel * last)
{
  *max = self->level_max;
  *last = self->level_last;
  return self->has_level;
}

Residence *
residence_new (ResidenceKind kind, ResidenceFunc func, gpointer user_data)
{
  Residence *self = g_aligned_alloc0 (1, sizeof *self, 2 * CACHE_LINE);

  g_mutex_init (&self->lock);
  self->kind = kind;
  self->func = func;
  self->user_data = user_data;
  return self;
}

void
residence_free (Residence * self)
{
  for (guint i = 0; i < MAX_STAYS; i++)
    g_free (self->stays[i].stay.waits);
  g_free (self->inside);
  g_free (self->outside);
  g_free (self->in_turns);
  g_mutex_clear (&self->lock);
  g_aligned_free (self);
}
