/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reportturns.h"

#include <string.h>

#include "jsontext.h"
#include "percentile.h"

#define BEGIN "{\"call\":"

struct _ParleyTurnTable
{
  guint n_slowest;
  GPtrArray *columns;           /* of ParleyTurnColumn */
  GPtrArray *slowest;           /* of ParleyLoggedTurn, slowest first */
  GArray *sent;                 /* gint64, µs */
  GArray *heard;
  gint64 sum;                   /* of all totals */
  guint64 n_unreadable;
  gchar *first_unreadable;
  gboolean sorted;
};

static void
column_free (gpointer data)
{
  ParleyTurnColumn *column = data;

  g_array_unref (column->times);
  g_free (column);
}

ParleyTurnTable *
parley_turn_table_new (guint n_slowest)
{
  ParleyTurnTable *self = g_new0 (ParleyTurnTable, 1);

  self->n_slowest = n_slowest;
  self->columns = g_ptr_array_new_with_free_func (column_free);
  self->slowest = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_logged_turn_free);
  self->sent = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->heard = g_array_new (FALSE, FALSE, sizeof (gint64));
  return self;
}

void
parley_turn_table_free (ParleyTurnTable * self)
{
  g_ptr_array_unref (self->columns);
  g_ptr_array_unref (self->slowest);
  g_array_unref (self->sent);
  g_array_unref (self->heard);
  g_free (self->first_unreadable);
  g_free (self);
}

/* Adding */

/* Where on the road a stage lies; what Parley does not know comes last. */
static guint
place_of (const gchar * name)
{
  guint i = 1;

  while (i < PARLEY_N_MILESTONES
      && strcmp (parley_stage_get_name (i), name) != 0)
    i++;
  return i;
}

static ParleyTurnColumn *
column_of (ParleyTurnTable * self, const ParleyStage * stage)
{
  ParleyTurnColumn *column;
  guint place = place_of (stage->name), i, at = 0;

  for (i = 0; i < self->columns->len; i++) {
    column = g_ptr_array_index (self->columns, i);
    if (column->name == stage->name)
      return column;
    if (place_of (column->name) <= place)
      at = i + 1;
  }
  column = g_new0 (ParleyTurnColumn, 1);
  column->name = stage->name;
  column->element = stage->element;
  column->owner = stage->owner;
  column->times = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_ptr_array_insert (self->columns, at, column);
  return column;
}

static gint64
total_of (const ParleyLoggedTurn * turn)
{
  return parley_turn_get_total (turn->report);
}

/* Takes @turn. */
static void
keep_if_slow (ParleyTurnTable * self, ParleyLoggedTurn * turn)
{
  guint at = self->slowest->len;

  while (at > 0 && total_of (g_ptr_array_index (self->slowest, at - 1))
      < total_of (turn))
    at--;
  g_ptr_array_insert (self->slowest, at, turn);
  if (self->slowest->len > self->n_slowest)
    g_ptr_array_set_size (self->slowest, self->n_slowest);
}

/* Takes @turn. */
static void
add_turn (ParleyTurnTable * self, ParleyLoggedTurn * turn)
{
  const ParleyTurnReport *report = turn->report;

  for (guint i = 0; i < report->stages->len; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);
    ParleyTurnColumn *column = column_of (self, stage);

    g_array_append_val (column->times, stage->us);
    column->sum += stage->us;
    self->sum += stage->us;
  }
  g_array_append_val (self->sent, report->sent_us);
  if (report->heard_us >= 0)
    g_array_append_val (self->heard, report->heard_us);
  self->sorted = FALSE;
  keep_if_slow (self, turn);
}

static void
note_unreadable (ParleyTurnTable * self, const gchar * name, guint64 number,
    const GError * error)
{
  if (self->n_unreadable++ == 0)
    self->first_unreadable = g_strdup_printf ("%s:%" G_GUINT64_FORMAT ": %s",
        name, number, error->message);
}

void
parley_turn_table_add_line (ParleyTurnTable * self, const gchar * name,
    guint64 number, const gchar * line, gsize len)
{
  const gchar *begin = memmem (line, len, BEGIN, strlen (BEGIN));
  const gchar *end = begin ? memrchr (begin, '}', line + len - begin) : NULL;
  g_autoptr (ParleyLoggedTurn) turn = NULL;
  g_autoptr (GError) error = NULL;

  if (!begin)
    return;
  turn = parley_turn_from_text (begin, end ? (gsize) (end + 1 - begin)
      : (gsize) (line + len - begin), &error);
  if (!turn)
    note_unreadable (self, name, number, error);
  else if (turn->report->turn > 0)
    add_turn (self, g_steal_pointer (&turn));
}

/* Asking */

guint64
parley_turn_table_get_count (ParleyTurnTable * self)
{
  return self->sent->len;
}

guint64
parley_turn_table_get_unreadable (ParleyTurnTable * self, const gchar ** first)
{
  *first = self->first_unreadable;
  return self->n_unreadable;
}

static void
sort (ParleyTurnTable * self)
{
  if (self->sorted)
    return;
  for (guint i = 0; i < self->columns->len; i++)
    parley_percentile_sort (((ParleyTurnColumn *)
            g_ptr_array_index (self->columns, i))->times);
  parley_percentile_sort (self->sent);
  parley_percentile_sort (self->heard);
  self->sorted = TRUE;
}

GPtrArray *
parley_turn_table_get_columns (ParleyTurnTable * self)
{
  sort (self);
  return self->columns;
}

GPtrArray *
parley_turn_table_get_slowest (ParleyTurnTable * self)
{
  return self->slowest;
}

static gdouble
share_of (ParleyTurnTable * self, const ParleyTurnColumn * column)
{
  return self->sum ? (gdouble) column->sum / self->sum : 0;
}

/* Printing */

static const guint percents[] = { 50, 90, 95, 99, 100 };

static const gchar *const percent_names[] = {
  "p50", "p90", "p95", "p99", "max"
};

static void
print_times (GString * out, const gchar * name, const gchar * owner,
    GArray * times)
{
  g_string_append_printf (out, "%-19s%-9s%7u", name, owner, times->len);
  for (guint i = 0; i < G_N_ELEMENTS (percents); i++)
    g_string_append_printf (out, "%9.1f",
        parley_percentile (times, percents[i]) / 1000.0);
}

static void
print_stages (ParleyTurnTable * self, GString * out)
{
  for (guint i = 0; i < self->columns->len; i++) {
    ParleyTurnColumn *column = g_ptr_array_index (self->columns, i);

    print_times (out, column->name, parley_owner_to_string (column->owner),
        column->times);
    g_string_append_printf (out, "%6.1f %%\n", 100 * share_of (self, column));
  }
}

static const ParleyStage *
largest_stage (const ParleyTurnReport * report)
{
  const ParleyStage *largest = NULL;

  for (guint i = 0; i < report->stages->len; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    if (!largest || stage->us > largest->us)
      largest = stage;
  }
  return largest;
}

static void
print_slowest (ParleyTurnTable * self, GString * out)
{
  if (self->slowest->len)
    g_string_append_printf (out, "\n%-34s%6s%10s  largest stage\n",
        "slowest turns", "turn", "ms");
  for (guint i = 0; i < self->slowest->len; i++) {
    ParleyLoggedTurn *turn = g_ptr_array_index (self->slowest, i);
    const ParleyStage *stage = largest_stage (turn->report);

    g_string_append_printf (out, "%-34s%6u%10.1f", turn->call,
        turn->report->turn, total_of (turn) / 1000.0);
    if (stage)
      g_string_append_printf (out, "  %s %.1f (%s)", stage->name,
          stage->us / 1000.0, parley_owner_to_string (stage->owner));
    g_string_append_c (out, '\n');
  }
}

void
parley_turn_table_print (ParleyTurnTable * self, GString * out)
{
  sort (self);
  g_string_append_printf (out, "%-19s%-9s%7s", "stage, ms", "owner", "count");
  for (guint i = 0; i < G_N_ELEMENTS (percents); i++)
    g_string_append_printf (out, "%9s", percent_names[i]);
  g_string_append (out, "   share\n");
  print_stages (self, out);
  print_times (out, "sent after", "", self->sent);
  g_string_append_c (out, '\n');
  if (self->heard->len) {
    print_times (out, "heard after", "", self->heard);
    g_string_append_c (out, '\n');
  }
  print_slowest (self, out);
}

/* As JSON */

static void
set_times (JsonObject * object, GArray * times)
{
  json_object_set_int_member (object, "count", times->len);
  for (guint i = 0; i < G_N_ELEMENTS (percents); i++) {
    if (times->len)
      parley_json_set_ms (object, percent_names[i],
          parley_percentile (times, percents[i]));
    else
      json_object_set_null_member (object, percent_names[i]);
  }
}

static JsonObject *
times_to_object (GArray * times)
{
  JsonObject *object = json_object_new ();

  set_times (object, times);
  return object;
}

static JsonArray *
stages_to_array (ParleyTurnTable * self)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < self->columns->len; i++) {
    ParleyTurnColumn *column = g_ptr_array_index (self->columns, i);
    JsonObject *object = json_object_new ();

    json_object_set_string_member (object, "name", column->name);
    json_object_set_string_member (object, "owner",
        parley_owner_to_string (column->owner));
    json_object_set_string_member (object, "element", column->element);
    set_times (object, column->times);
    json_object_set_double_member (object, "share", share_of (self, column));
    json_array_add_object_element (array, object);
  }
  return array;
}

JsonNode *
parley_turn_table_to_json (ParleyTurnTable * self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *root = json_object_new ();
  JsonArray *slowest = json_array_new ();

  sort (self);
  json_object_set_int_member (root, "turns", self->sent->len);
  json_object_set_object_member (root, "sent_ms", times_to_object (self->sent));
  json_object_set_object_member (root, "heard_ms",
      times_to_object (self->heard));
  json_object_set_array_member (root, "stages", stages_to_array (self));
  for (guint i = 0; i < self->slowest->len; i++) {
    ParleyLoggedTurn *turn = g_ptr_array_index (self->slowest, i);

    json_array_add_element (slowest, parley_turn_to_json (turn->call,
            turn->report, turn->time));
  }
  json_object_set_array_member (root, "slowest", slowest);
  json_node_take_object (node, root);
  return node;
}
