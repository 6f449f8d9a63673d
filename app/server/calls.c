/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/calls.h"

#include <string.h>

#include "jsontext.h"
#include "net/clock.h"
#include "percentile.h"
#include "server/log.h"
#include "turnjson.h"

typedef struct
{
  const gchar *kind;            /* interned, as is the unit */
  gchar *provider;
  gchar *model;                 /* NULL: none */
  const gchar *unit;
  gdouble amount;
  gdouble cost;
  gboolean priced;
} Used;

/* Reference counted (g_atomic_rc_box), constant. */
typedef struct
{
  ParleyTurnReport *report;
  gint64 time;                  /* µs since 1970 */
} Turn;

struct _ParleyCallRecord
{
  gatomicrefcount refs;
  gchar *sid;
  gchar *from;
  gchar *to;
  gchar *file;
  gint64 setup_us;
  gint64 begin;                 /* parley_clock_now() */
  gint64 begin_time;            /* µs since 1970 */

  /* Of ParleyCalls, under its lock: */
  guint n_kept;                 /* turns, once ended */

  GMutex lock;                  /* guards the rest */
  GPtrArray *players;           /* of GstElement: mulawsinks, while live */
  GPtrArray *files;             /* of paths: what filesinks write */
  ParleyTranscript *transcript; /* NULL: nobody keeps it, or let go */
  gchar *whole_from;            /* likewise */
  ParleyPlayed counted;         /* of theirs */
  GQueue turns;                 /* of Turn, oldest first */
  guint n_turns;                /* all that there were */
  GPtrArray *used;              /* of Used */
  gdouble cost;
  gint64 end;                   /* 0: live */
  ParleySessionEnd why;
  gchar *reason;
};

struct _ParleyCalls
{
  ParleyMetrics *metrics;
  const ParleyPrices *prices;
  guint keep;
  GMutex lock;                  /* guards the rest */
  GHashTable *live;             /* set of records, a reference each */
  GQueue ended;                 /* of records, the first that ended first */
  GHashTable *by_sid;           /* the last one of each, borrowed */
  guint n_turns;                /* of the ended */
};

/* Records */

static void
used_free (gpointer data)
{
  Used *used = data;

  g_free (used->provider);
  g_free (used->model);
  g_free (used);
}

static void
turn_clear (gpointer data)
{
  parley_turn_report_free (((Turn *) data)->report);
}

static void
turn_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, turn_clear);
}

/* Of Turn, a reference each: to work on without the lock. */
static GPtrArray *
list_turns (ParleyCallRecord * self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (turn_unref);

  g_mutex_lock (&self->lock);
  for (GList * l = self->turns.head; l; l = l->next)
    g_ptr_array_add (list, g_atomic_rc_box_acquire (l->data));
  g_mutex_unlock (&self->lock);
  return list;
}

ParleyCallRecord *
parley_call_record_ref (ParleyCallRecord * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
parley_call_record_unref (ParleyCallRecord * self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_queue_clear_full (&self->turns, turn_unref);
  g_ptr_array_unref (self->players);
  g_ptr_array_unref (self->files);
  g_clear_pointer (&self->transcript, parley_transcript_free);
  g_ptr_array_unref (self->used);
  g_mutex_clear (&self->lock);
  g_free (self->sid);
  g_free (self->from);
  g_free (self->whole_from);
  g_free (self->to);
  g_free (self->file);
  g_free (self->reason);
  g_free (self);
}

const gchar *
parley_call_record_get_sid (ParleyCallRecord * self)
{
  return self->sid;
}

gboolean
parley_call_record_is_live (ParleyCallRecord * self)
{
  gboolean live;

  g_mutex_lock (&self->lock);
  live = self->end == 0;
  g_mutex_unlock (&self->lock);
  return live;
}

static void
look_at_element (const GValue * item, gpointer data)
{
  ParleyCallRecord *self = data;
  GstElement *element = g_value_get_object (item);
  GstElementFactory *factory = gst_element_get_factory (element);
  const gchar *name = factory ? GST_OBJECT_NAME (factory) : "";
  gchar *path = NULL;

  if (strcmp (name, "mulawsink") == 0)
    g_ptr_array_add (self->players, gst_object_ref (element));
  if (strcmp (name, "filesink") == 0)
    g_object_get (element, "location", &path, NULL);
  if (path)
    g_ptr_array_add (self->files, path);
}

static void
look_at_elements (ParleyCallRecord * self, GstElement * pipeline)
{
  GstIterator *all = gst_bin_iterate_recurse (GST_BIN (pipeline));

  self->players = g_ptr_array_new_with_free_func (gst_object_unref);
  self->files = g_ptr_array_new_with_free_func (g_free);
  gst_iterator_foreach (all, look_at_element, self);
  gst_iterator_free (all);
}

static void
add_played (ParleyPlayed * sum, GstElement * player)
{
  GstStructure *stats;
  guint64 frames = 0, clears = 0, underruns = 0, dropped = 0;

  g_object_get (player, "stats", &stats, NULL);
  gst_structure_get (stats, "frames-sent", G_TYPE_UINT64, &frames,
      "clears", G_TYPE_UINT64, &clears, "underruns", G_TYPE_UINT64, &underruns,
      "bytes-dropped", G_TYPE_UINT64, &dropped, NULL);
  gst_structure_free (stats);
  sum->frames += frames;
  sum->clears += clears;
  sum->underruns += underruns;
  sum->bytes_dropped += dropped;
}

/* The counters of a call never go back, so the sums do not either. */
static void
harvest_unlocked (ParleyCallRecord * self, ParleyMetrics * metrics)
{
  ParleyPlayed now = { 0 };
  ParleyPlayed more;

  for (guint i = 0; i < self->players->len; i++)
    add_played (&now, g_ptr_array_index (self->players, i));
  more.frames = now.frames - self->counted.frames;
  more.clears = now.clears - self->counted.clears;
  more.underruns = now.underruns - self->counted.underruns;
  more.bytes_dropped = now.bytes_dropped - self->counted.bytes_dropped;
  self->counted = now;
  parley_metrics_add_played (metrics, &more);
}

/* Begin and end */

ParleyCallRecord *
parley_calls_begin (ParleyCalls * self, const ParleySessionBegin * begin)
{
  ParleyCallRecord *record = g_new0 (ParleyCallRecord, 1);

  g_atomic_ref_count_init (&record->refs);
  g_mutex_init (&record->lock);
  record->sid = g_strdup (begin->sid);
  record->from = parley_log_mask (begin->from);
  record->to = g_strdup (begin->to);
  record->file = g_strdup (begin->file);
  record->setup_us = begin->setup_us;
  record->begin = parley_clock_now ();
  record->begin_time = g_get_real_time ();
  look_at_elements (record, begin->pipeline);
  record->used = g_ptr_array_new_with_free_func (used_free);
  parley_metrics_add_begin (self->metrics, begin->setup_us);
  g_mutex_lock (&self->lock);
  g_hash_table_add (self->live, parley_call_record_ref (record));
  g_hash_table_replace (self->by_sid, record->sid, record);
  g_mutex_unlock (&self->lock);
  return record;
}

static void
drop_oldest_unlocked (ParleyCalls * self)
{
  ParleyCallRecord *record = g_queue_pop_head (&self->ended);

  self->n_turns -= record->n_kept;
  if (g_hash_table_lookup (self->by_sid, record->sid) == record)
    g_hash_table_remove (self->by_sid, record->sid);
  parley_call_record_unref (record);
}

/* The end of an ended record does not change any more. */
static void
drop_old_unlocked (ParleyCalls * self)
{
  gint64 oldest = parley_clock_now () - PARLEY_CALLS_KEEP_US;
  ParleyCallRecord *head;

  while ((head = g_queue_peek_head (&self->ended)) && (head->end < oldest
          || self->ended.length > self->keep
          || self->n_turns > PARLEY_CALLS_MAX_TURNS))
    drop_oldest_unlocked (self);
}

static gdouble
call_cost (ParleyCalls * self, ParleyCallRecord * record, gint64 end)
{
  return self->prices ? parley_prices_get_call_cost (self->prices,
      (end - record->begin) / 1e6) : 0;
}

void
parley_calls_end (ParleyCalls * self, ParleyCallRecord * record,
    ParleySessionEnd end, const gchar * reason)
{
  guint n_kept;

  g_mutex_lock (&record->lock);
  harvest_unlocked (record, self->metrics);
  g_ptr_array_set_size (record->players, 0);
  memset (&record->counted, 0, sizeof record->counted);
  record->end = parley_clock_now ();
  record->why = end;
  record->reason = g_strdup (reason);
  n_kept = record->turns.length;
  g_mutex_unlock (&record->lock);
  parley_metrics_add_call_cost (self->metrics,
      call_cost (self, record, record->end));
  g_mutex_lock (&self->lock);
  /* The table's reference moves on. */
  if (g_hash_table_steal (self->live, record)) {
    record->n_kept = n_kept;
    self->n_turns += n_kept;
    g_queue_push_tail (&self->ended, record);
  }
  drop_old_unlocked (self);
  g_mutex_unlock (&self->lock);
}

/* While it runs */

void
parley_call_record_keep_archive (ParleyCallRecord * self, const gchar * from)
{
  g_mutex_lock (&self->lock);
  self->transcript = parley_transcript_new ();
  self->whole_from = g_strdup (from);
  g_mutex_unlock (&self->lock);
}

void
parley_call_record_add_caption (ParleyCallRecord * self,
    const ParleyCaption * caption)
{
  g_mutex_lock (&self->lock);
  if (self->transcript && caption->final && !caption->agent)
    parley_transcript_add_caller (self->transcript, caption->turn,
        caption->text, caption->ms);
  g_mutex_unlock (&self->lock);
}

void
parley_call_record_add_heard (ParleyCallRecord * self,
    const ParleyHeardText * heard)
{
  g_mutex_lock (&self->lock);
  if (self->transcript)
    parley_transcript_add_heard (self->transcript, heard->reply, heard->text,
        heard->done, heard->ms);
  g_mutex_unlock (&self->lock);
}

static ParleyTurnReport *
copy_report (const ParleyTurnReport * report)
{
  ParleyTurnReport *copy = g_memdup2 (report, sizeof *report);

  copy->stages = g_array_copy (report->stages);
  return copy;
}

void
parley_calls_add_turn (ParleyCalls * self, ParleyCallRecord * record,
    const ParleyTurnReport * report)
{
  Turn *turn = g_atomic_rc_box_new (Turn);
  Turn *oldest = NULL;

  turn->report = copy_report (report);
  turn->time = g_get_real_time ();
  g_mutex_lock (&record->lock);
  record->n_turns++;
  g_queue_push_tail (&record->turns, turn);
  if (record->turns.length > PARLEY_CALL_MAX_TURNS)
    oldest = g_queue_pop_head (&record->turns);
  g_mutex_unlock (&record->lock);
  g_clear_pointer (&oldest, turn_unref);
  parley_metrics_add_turn (self->metrics, report);
}

static Used *
find_used_unlocked (ParleyCallRecord * record, const ParleyUsage * usage)
{
  Used *used;

  for (guint i = 0; i < record->used->len; i++) {
    used = g_ptr_array_index (record->used, i);
    if (strcmp (used->kind, usage->kind) == 0
        && strcmp (used->unit, usage->unit) == 0
        && strcmp (used->provider, usage->provider) == 0
        && g_strcmp0 (used->model, usage->model) == 0)
      return used;
  }
  if (record->used->len >= PARLEY_CALL_MAX_USAGE)
    return NULL;
  used = g_new0 (Used, 1);
  used->kind = g_intern_string (usage->kind);
  used->unit = g_intern_string (usage->unit);
  used->provider = g_strdup (usage->provider);
  used->model = g_strdup (usage->model);
  g_ptr_array_add (record->used, used);
  return used;
}

void
parley_calls_add_usage (ParleyCalls * self, ParleyCallRecord * record,
    const ParleyUsage * usage)
{
  gdouble cost = 0;
  gboolean priced = self->prices
      && parley_prices_get_cost (self->prices, usage, &cost);
  Used *used;

  g_mutex_lock (&record->lock);
  record->cost += cost;
  used = find_used_unlocked (record, usage);
  if (used) {
    used->amount += usage->amount;
    used->cost += cost;
    used->priced = priced;
  }
  g_mutex_unlock (&record->lock);
  parley_metrics_add_usage (self->metrics, usage, cost);
}

/* The live ones, and then the @ended if these are wanted; a reference each. */
static GPtrArray *
list_records (ParleyCalls * self, gboolean ended, guint * n_live)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_call_record_unref);
  GHashTableIter iter;
  gpointer record;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->live);
  while (g_hash_table_iter_next (&iter, &record, NULL))
    g_ptr_array_add (list, parley_call_record_ref (record));
  *n_live = list->len;
  drop_old_unlocked (self);
  for (GList * l = self->ended.head; ended && l; l = l->next)
    g_ptr_array_add (list, parley_call_record_ref (l->data));
  g_mutex_unlock (&self->lock);
  return list;
}

guint
parley_calls_get_live (ParleyCalls * self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = g_hash_table_size (self->live);
  g_mutex_unlock (&self->lock);
  return n;
}

void
parley_calls_harvest (ParleyCalls * self)
{
  guint n;
  g_autoptr (GPtrArray) live = list_records (self, FALSE, &n);

  for (guint i = 0; i < n; i++) {
    ParleyCallRecord *record = g_ptr_array_index (live, i);

    g_mutex_lock (&record->lock);
    if (!record->end)
      harvest_unlocked (record, self->metrics);
    g_mutex_unlock (&record->lock);
  }
}

/* Looking up */

ParleyCallRecord *
parley_calls_find (ParleyCalls * self, const gchar * sid)
{
  ParleyCallRecord *record;

  g_mutex_lock (&self->lock);
  drop_old_unlocked (self);
  record = g_hash_table_lookup (self->by_sid, sid);
  if (record)
    parley_call_record_ref (record);
  g_mutex_unlock (&self->lock);
  return record;
}

/* FALSE: the element was not in the turn. */
static gboolean
time_of (const ParleyTurnReport * report, const gchar * element,
    ParleyOwner owner, gint64 * us)
{
  gboolean found = FALSE;

  *us = 0;
  for (guint i = 0; i < report->stages->len; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    if (stage->owner != owner || g_strcmp0 (stage->element, element) != 0)
      continue;
    *us += stage->us;
    found = TRUE;
  }
  return found;
}

gint64
parley_call_record_get_percentile (ParleyCallRecord * self,
    const gchar * element, ParleyOwner owner, guint percent)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GPtrArray) turns = list_turns (self);
  gint64 us;

  for (guint i = 0; i < turns->len; i++)
    if (time_of (((Turn *) g_ptr_array_index (turns, i))->report, element,
            owner, &us))
      g_array_append_val (times, us);
  if (times->len == 0)
    return -1;
  parley_percentile_sort (times);
  return parley_percentile (times, percent);
}

/* JSON */

static void
set_text (JsonObject * object, const gchar * name, const gchar * text)
{
  if (text && g_utf8_validate (text, -1, NULL))
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

static void
set_time (JsonObject * object, const gchar * name, gint64 time)
{
  g_autoptr (GDateTime) seconds =
      g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) exact =
      g_date_time_add (seconds, time % G_USEC_PER_SEC);
  g_autofree gchar *text = g_date_time_format_iso8601 (exact);

  json_object_set_string_member (object, name, text);
}

static gint64
end_or_now_unlocked (ParleyCallRecord * record)
{
  return record->end ? record->end : parley_clock_now ();
}

static JsonObject *
summary_unlocked (ParleyCallRecord * record)
{
  JsonObject *object = json_object_new ();

  set_text (object, "sid", record->sid);
  set_text (object, "from", *record->from ? record->from : NULL);
  set_text (object, "to", record->to);
  set_text (object, "file", record->file);
  set_text (object, "state", record->end ? "ended" : "live");
  set_time (object, "begin", record->begin_time);
  json_object_set_double_member (object, "seconds",
      (end_or_now_unlocked (record) - record->begin) / 1e6);
  parley_json_set_ms (object, "setup_ms", record->setup_us);
  json_object_set_int_member (object, "n_turns", record->n_turns);
  if (record->end) {
    set_text (object, "end", parley_session_end_to_string (record->why));
    set_text (object, "reason", record->reason);
  }
  return object;
}

static JsonArray *
turns_to_json (ParleyCallRecord * record)
{
  g_autoptr (GPtrArray) turns = list_turns (record);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < turns->len; i++) {
    Turn *turn = g_ptr_array_index (turns, i);

    json_array_add_element (array, parley_turn_to_json (record->sid,
            turn->report, turn->time));
  }
  return array;
}

/* A token costs less than the three decimals of a time. */
static void
set_money (JsonObject * object, const gchar * name, gdouble money)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  json_object_set_string_member (object, name,
      g_ascii_formatd (text, sizeof text, "%.6f", money));
}

static JsonArray *
usage_unlocked (ParleyCallRecord * record)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < record->used->len; i++) {
    const Used *used = g_ptr_array_index (record->used, i);
    JsonObject *object = json_object_new ();

    set_text (object, "kind", used->kind);
    set_text (object, "provider", used->provider);
    if (used->model)
      set_text (object, "model", used->model);
    set_text (object, "unit", used->unit);
    json_object_set_double_member (object, "amount", used->amount);
    if (used->priced)
      set_money (object, "cost", used->cost);
    json_array_add_object_element (array, object);
  }
  return array;
}

static gchar *
to_text (JsonObject * object)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autofree gchar *text = NULL;

  json_node_take_object (root, object);
  text = parley_json_to_text (root, FALSE);
  return g_strconcat (text, "\n", NULL);
}

/* All but what was said. */
static JsonObject *
record_object (ParleyCalls * self, ParleyCallRecord * record)
{
  JsonObject *object;

  g_mutex_lock (&record->lock);
  object = summary_unlocked (record);
  if (self->prices) {
    set_money (object, "cost", record->cost + call_cost (self, record,
            end_or_now_unlocked (record)));
    set_text (object, "currency", parley_prices_get_currency (self->prices));
  }
  json_object_set_array_member (object, "usage", usage_unlocked (record));
  g_mutex_unlock (&record->lock);
  json_object_set_array_member (object, "turns", turns_to_json (record));
  return object;
}

gchar *
parley_calls_record_to_json (ParleyCalls * self, ParleyCallRecord * record)
{
  return to_text (record_object (self, record));
}

gchar *
parley_calls_record_to_archive (ParleyCalls * self, ParleyCallRecord * record,
    gboolean mask)
{
  JsonObject *object = record_object (self, record);
  JsonArray *recordings = json_array_new ();
  ParleyTranscript *transcript;

  g_mutex_lock (&record->lock);
  transcript = g_steal_pointer (&record->transcript);
  set_text (object, "from", record->whole_from);
  g_mutex_unlock (&record->lock);
  for (guint i = 0; i < record->files->len; i++)
    json_array_add_string_element (recordings, record->files->pdata[i]);
  json_object_set_array_member (object, "recordings", recordings);
  json_object_set_array_member (object, "transcript", transcript
      ? parley_transcript_to_json (transcript, mask) : json_array_new ());
  g_clear_pointer (&transcript, parley_transcript_free);
  return to_text (object);
}

static gint
newest_first (gconstpointer a, gconstpointer b)
{
  const ParleyCallRecord *first = *(gpointer *) a, *second = *(gpointer *) b;

  return (first->begin < second->begin) - (first->begin > second->begin);
}

gchar *
parley_calls_to_json (ParleyCalls * self)
{
  guint n_live;
  g_autoptr (GPtrArray) list = list_records (self, TRUE, &n_live);
  JsonObject *root = json_object_new ();
  JsonArray *calls = json_array_new ();

  json_object_set_int_member (root, "active", n_live);
  g_ptr_array_sort (list, newest_first);
  for (guint i = 0; i < list->len; i++) {
    ParleyCallRecord *record = g_ptr_array_index (list, i);

    g_mutex_lock (&record->lock);
    json_array_add_object_element (calls, summary_unlocked (record));
    g_mutex_unlock (&record->lock);
  }
  json_object_set_array_member (root, "calls", calls);
  return to_text (root);
}

/* Life */

ParleyCalls *
parley_calls_new (ParleyMetrics * metrics, const ParleyPrices * prices,
    guint keep)
{
  ParleyCalls *self = g_new0 (ParleyCalls, 1);

  self->metrics = metrics;
  self->prices = prices;
  self->keep = MIN (keep, PARLEY_CALLS_MAX_ENDED);
  g_mutex_init (&self->lock);
  self->live = g_hash_table_new_full (NULL, NULL,
      (GDestroyNotify) parley_call_record_unref, NULL);
  self->by_sid = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
parley_calls_free (ParleyCalls * self)
{
  g_hash_table_unref (self->by_sid);
  g_hash_table_unref (self->live);
  g_queue_clear_full (&self->ended, (GDestroyNotify) parley_call_record_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}
