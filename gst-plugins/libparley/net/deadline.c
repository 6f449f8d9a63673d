/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/deadline.h"

#include "net/clock.h"

#define TABLE "parley-deadlines"
#define NEVER G_MAXINT64

/* Of one loop. */
typedef struct
{
  GSequence *by_due;            /* of ParleyDeadline, borrowed */
  GSource *timer;
} Table;

struct _ParleyDeadline
{
  Table *table;
  GSequenceIter *place;
  gint64 due;
  ParleyWorkFunc func;
  gpointer data;
};

static gint
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  gint64 x = ((const ParleyDeadline *) a)->due;
  gint64 y = ((const ParleyDeadline *) b)->due;

  return x < y ? -1 : x > y;
}

static ParleyDeadline *
first_of (Table * table)
{
  GSequenceIter *place = g_sequence_get_begin_iter (table->by_due);

  return g_sequence_iter_is_end (place) ? NULL : g_sequence_get (place);
}

static void
arm (Table * table)
{
  ParleyDeadline *first = first_of (table);

  parley_timer_set_due (table->timer, first ? first->due : NEVER);
}

static gboolean
timer_due (gpointer data)
{
  Table *table = data;
  gint64 now = parley_clock_now ();
  ParleyDeadline *first;

  while ((first = first_of (table)) && first->due <= now) {
    first->due = NEVER;
    g_sequence_sort_changed (first->place, compare, NULL);
    first->func (first->data);
  }
  arm (table);
  return G_SOURCE_CONTINUE;
}

static void
table_free (gpointer data)
{
  Table *table = data;

  parley_timer_clear (&table->timer);
  g_sequence_free (table->by_due);
  g_free (table);
}

static Table *
get_table (ParleyLoop * loop)
{
  Table *table = g_object_get_data (G_OBJECT (loop), TABLE);

  if (table)
    return table;
  table = g_new0 (Table, 1);
  table->by_due = g_sequence_new (NULL);
  table->timer = parley_loop_add_timer (loop, NEVER, timer_due, table);
  g_object_set_data_full (G_OBJECT (loop), TABLE, table, table_free);
  return table;
}

ParleyDeadline *
parley_deadline_new_in_loop (ParleyLoop * loop, gint64 due,
    ParleyWorkFunc func, gpointer data)
{
  ParleyDeadline *self = g_new0 (ParleyDeadline, 1);

  g_assert (parley_loop_is_current (loop));
  self->table = get_table (loop);
  self->due = due;
  self->func = func;
  self->data = data;
  self->place = g_sequence_insert_sorted (self->table->by_due, self, compare,
      NULL);
  arm (self->table);
  return self;
}

void
parley_deadline_set_due_in_loop (ParleyDeadline * self, gint64 due)
{
  self->due = due;
  g_sequence_sort_changed (self->place, compare, NULL);
  arm (self->table);
}

void
parley_deadline_free_in_loop (ParleyDeadline * self)
{
  Table *table = self->table;

  g_sequence_remove (self->place);
  g_free (self);
  arm (table);
}
