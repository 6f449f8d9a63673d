/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:tracer-turnlatency
 * @title: turnlatency
 * @short_description: how long each turn stays in each element
 *
 * Tells of any pipeline, other people's elements included, how long the data of
 * each turn of a conversation stayed in each element: from when it entered at a
 * sink pad until what belongs to it left at a source pad, on whatever thread.
 * Data is matched by #ParleyTurnMeta; behind an element that drops it, by order
 * and PTS, and marked inferred. Outside of turns each buffer counts by itself,
 * as turn 0.
 *
 * Of our elements, what they waited for (a provider, the end of a turn, the
 * release of a reply) is told apart from their own time, by the messages
 * `parley-wait` that they post. What an element holds (`queue`, `queue2`,
 * `multiqueue`, our inboxes) is noted when data enters it.
 *
 * |[
 * GST_TRACERS=turnlatency GST_DEBUG=GST_TRACER:7 gst-launch-1.0 \
 *   audiotestsrc num-buffers=5 ! identity sleep-time=20000 ! fakesink
 * ]| prints a record for each buffer and element.
 *
 * `GST_TRACERS="turnlatency(file=trace.json)"` also writes a Chrome trace of
 * all stays, waits and loop stalls to that file.
 *
 * The action signal `get-statistics` returns the numbers so far. There is one
 * tracer in a process; it is the data "tracer" of the plugin feature
 * "turnlatency", since GStreamer lists only tracers that have hooks.
 *
 * Since: 0.1
 */

#include "gstturnlatency.h"

#include <stdlib.h>
#include <string.h>

#include "net/clock.h"
#include "net/loop.h"
#include "padwatch.h"
#include "turn/notices.h"

GST_DEBUG_CATEGORY_STATIC (turn_latency_debug);
#define GST_CAT_DEFAULT turn_latency_debug

static GQuark wait_quark;
static GQuark stall_quark;
static GstTracerRecord *stay_record;
static GstTracerRecord *wait_record;
static GstTracerRecord *stall_record;

struct _GstTurnLatency
{
  GstTracer parent;

  TracedRegistry *registry;     /* NULL: another one was made before */
  TraceFile *file;              /* NULL: none; constant */
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstTurnLatency, gst_turn_latency,
    GST_TYPE_TRACER, GST_DEBUG_CATEGORY_INIT (turn_latency_debug,
        "turnlatency", 0, "time of each turn in each element"));

/* The one of the process, from its making to the end: pads, elements and
 * threads that it knows of may live as long. */
static GstTurnLatency *tracer;

/* Records and the file */

static gchar *
stay_name (const ResidenceStay * stay)
{
  if (stay->epoch)
    return g_strdup_printf ("epoch %" G_GUINT64_FORMAT, stay->epoch);
  if (stay->turn)
    return g_strdup_printf ("turn %u", stay->turn);
  return g_strdup ("buffer");
}

static void
write_waits (TraceFile * file, guint thread, const ResidenceStay * stay)
{
  for (guint i = 0; i < stay->n_waits; i++) {
    gint64 begin = MAX (stay->waits[i].begin, stay->begin);
    gint64 end = MIN (stay->waits[i].end, stay->end);

    if (begin < end)
      trace_file_add_complete (file, thread, stay->waits[i].peer, "wait",
          begin, end, "");
  }
}

static void
write_stay (TraceFile * file, TracedElement * element,
    const ResidenceStay * stay)
{
  guint thread = trace_file_get_lane (file, &element->track, stay->begin,
      stay->end);
  gchar *name = stay_name (stay);
  GString *args = g_string_new (NULL);

  g_string_printf (args, "\"turn\":%u,\"epoch\":%" G_GUINT64_FORMAT
      ",\"count\":%u,\"first_us\":%" G_GINT64_FORMAT
      ",\"last_us\":%" G_GINT64_FORMAT
      ",\"own_us\":%" G_GINT64_FORMAT ",\"waiting_us\":%" G_GINT64_FORMAT
      ",\"inferred\":%s", stay->turn, stay->epoch, stay->count, stay->first,
      stay->last,
      stay->end - stay->begin - stay->waiting, stay->waiting,
      stay->inferred ? "true" : "false");
  if (stay->has_level)
    g_string_append_printf (args, ",\"level_buffers\":%u,\"level_us\":%"
        G_GUINT64_FORMAT, stay->level_max.buffers,
        GST_TIME_AS_USECONDS (stay->level_max.time));
  trace_file_add_complete (file, thread, name, "residence", stay->begin,
      stay->end, args->str);
  write_waits (file, thread, stay);
  g_string_free (args, TRUE);
  g_free (name);
}

static void
on_stay (TracedElement * element, const ResidenceStay * stay)
{
  guint64 took = stay->end - stay->begin;

  gst_tracer_record_log (stay_record, element->id, element->name,
      element->factory, stay->turn, stay->epoch, took, (guint64) stay->first,
      (guint64) stay->last, took - stay->waiting, (guint64) stay->waiting,
      stay->inferred, stay->count, stay->level_max.buffers,
      stay->level_max.time, stay->level_last.buffers, stay->level_last.time,
      (guint64) stay->end);
  if (tracer->file)
    write_stay (tracer->file, element, stay);
}

/* What elements say of themselves */

static void
take_wait (TracedElement * element, const GstStructure * structure)
{
  const gchar *peer = gst_structure_get_string (structure, "peer");
  ResidenceWait wait;
  guint64 epoch = 0;
  guint turn = 0;

  if (!peer || !gst_structure_get (structure, "turn", G_TYPE_UINT, &turn,
          "epoch", G_TYPE_UINT64, &epoch, "begin", G_TYPE_INT64, &wait.begin,
          "end", G_TYPE_INT64, &wait.end, NULL) || wait.end < wait.begin)
    return;
  wait.peer = g_intern_string (peer);
  gst_tracer_record_log (wait_record, element->id, element->name, turn, epoch,
      wait.peer, (guint64) (wait.end - wait.begin), (guint64) wait.end);
  residence_lock (element->residence);
  residence_add_wait (element->residence, turn, epoch, &wait,
      parley_clock_now ());
  residence_unlock (element->residence);
}

static void
write_stall (GstTurnLatency * self, TracedElement * element, gint64 now,
    const gchar * peer, guint64 longest)
{
  GString *args = g_string_new ("\"peer\":");
  guint thread;

  trace_file_append_string (args, peer);
  g_string_append_printf (args, ",\"longest_us\":%" G_GUINT64_FORMAT, longest);
  residence_lock (element->residence);
  thread = trace_file_get_lane (self->file, &element->track, G_MAXINT64,
      G_MININT64);
  residence_unlock (element->residence);
  trace_file_add_instant (self->file, thread, "loop-stall", "loop", now,
      args->str);
  g_string_free (args, TRUE);
}

static void
take_stall (GstTurnLatency * self, TracedElement * element,
    const GstStructure * structure)
{
  const gchar *peer = gst_structure_get_string (structure, "peer");
  gint64 now = parley_clock_now ();
  guint64 longest = 0;
  gdouble share = 0;

  if (!peer || !gst_structure_get (structure, "longest", G_TYPE_UINT64,
          &longest, "share", G_TYPE_DOUBLE, &share, NULL))
    return;
  longest /= 1000;
  gst_tracer_record_log (stall_record, element->id, element->name, peer,
      longest, share, (guint64) now);
  if (self->file)
    write_stall (self, element, now, peer, longest);
}

static void
on_notice (GstElement * element, const GstStructure * structure)
{
  GQuark name = gst_structure_get_name_id (structure);
  TracedElement *traced =
      traced_registry_get_element (tracer->registry, element);

  if (!traced)
    return;
  if (name == wait_quark)
    take_wait (traced, structure);
  else if (name == stall_quark)
    take_stall (tracer, traced, structure);
}

/* Numbers */

static void
set_durations (GstStructure * structure, const gchar * name,
    const Durations * durations)
{
  const struct
  {
    const gchar *suffix;
    gint64 us;
  } fields[] = {
    {"p50", durations_get_percentile (durations, 50)},
    {"p95", durations_get_percentile (durations, 95)},
    {"max", durations->max},
  };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    gchar *field = g_strdup_printf ("%s-%s-us", name, fields[i].suffix);
    gst_structure_set (structure, field, G_TYPE_UINT64,
        (guint64) fields[i].us, NULL);
    g_free (field);
  }
}

static void
append_structure (GValue * array, GstStructure * structure)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_STRUCTURE);
  g_value_take_boxed (&value, structure);
  gst_value_array_append_and_take_value (array, &value);
}

static void
append_numbers (const TracedNumbers * numbers, gpointer user_data)
{
  GstStructure *structure = gst_structure_new ("element",
      "id", G_TYPE_UINT, numbers->id,
      "name", G_TYPE_STRING, numbers->name,
      "factory", G_TYPE_STRING, numbers->factory,
      "in-turns", G_TYPE_BOOLEAN, numbers->in_turns,
      "count", G_TYPE_UINT64, numbers->sums.residence.count,
      "inferred", G_TYPE_BOOLEAN, numbers->sums.inferred, NULL);

  set_durations (structure, "residence", &numbers->sums.residence);
  set_durations (structure, "own", &numbers->sums.own);
  set_durations (structure, "waiting", &numbers->sums.waiting);
  if (numbers->has_level)
    gst_structure_set (structure,
        "level-buffers-max", G_TYPE_UINT, numbers->level_max.buffers,
        "level-buffers-last", G_TYPE_UINT, numbers->level_last.buffers,
        "level-time-max-ns", G_TYPE_UINT64, numbers->level_max.time,
        "level-time-last-ns", G_TYPE_UINT64, numbers->level_last.time, NULL);
  append_structure (user_data, structure);
}

static void
append_loops (GValue * array)
{
  for (guint i = 0; i < parley_loop_pool_get_running (); i++) {
    ParleyLoopStats stats;

    parley_loop_get_stats (parley_loop_pool_get (i), &stats);
    append_structure (array, gst_structure_new ("loop",
            "index", G_TYPE_UINT, i,
            "lag-count", G_TYPE_UINT64, stats.lag_count,
            "lag-p50-us", G_TYPE_UINT64,
            parley_loop_stats_get_percentile (&stats, 50),
            "lag-p95-us", G_TYPE_UINT64,
            parley_loop_stats_get_percentile (&stats, 95),
            "lag-max-us", G_TYPE_UINT64, stats.lag_max,
            "stalls", G_TYPE_UINT64, stats.stalls,
            "push-share", G_TYPE_DOUBLE,
            (gdouble) stats.push_sum / MAX (stats.age, 1), NULL));
  }
}

static GstStructure *
gst_turn_latency_get_statistics (GstTurnLatency * self)
{
  GstStructure *structure = gst_structure_new_empty ("turnlatency");
  GValue array = G_VALUE_INIT;

  g_value_init (&array, GST_TYPE_ARRAY);
  if (self->registry)
    traced_registry_foreach (self->registry, append_numbers, &array);
  gst_structure_take_value (structure, "elements", &array);
  g_value_init (&array, GST_TYPE_ARRAY);
  append_loops (&array);
  gst_structure_take_value (structure, "loops", &array);
  return structure;
}

/* The tracer */

static void
write_at_exit (void)
{
  traced_registry_flush (tracer->registry);
  trace_file_flush (tracer->file);
}

static void
open_file (GstTurnLatency * self, const gchar * path)
{
  GError *error = NULL;

  self->file = trace_file_new (path, &error);
  if (!self->file) {
    g_printerr ("turnlatency: %s; name another file in "
        "GST_TRACERS=\"turnlatency(file=PATH)\"\n", error->message);
    g_error_free (error);
    return;
  }
  /* A program may end without gst_deinit(). */
  atexit (write_at_exit);
}

static gboolean
is_known (GQuark field, const GValue * value, gpointer user_data)
{
  if (field != g_quark_from_static_string ("file"))
    g_printerr ("turnlatency: there is no parameter \"%s\", only \"file\"\n",
        g_quark_to_string (field));
  return TRUE;
}

static void
read_params (GstTurnLatency * self)
{
  GstStructure *structure;
  gchar *params, *text;

  g_object_get (self, "params", &params, NULL);
  if (!params)
    return;
  text = g_strdup_printf ("turnlatency,%s", params);
  structure = gst_structure_from_string (text, NULL);
  if (structure) {
    gst_structure_foreach (structure, is_known, NULL);
    if (gst_structure_has_field_typed (structure, "file", G_TYPE_STRING))
      open_file (self, gst_structure_get_string (structure, "file"));
    gst_structure_free (structure);
  } else {
    g_printerr ("turnlatency: cannot read the parameters \"%s\"; write "
        "turnlatency(file=PATH)\n", params);
  }
  g_free (text);
  g_free (params);
}

/* GStreamer keeps, and can name, only tracers with hooks. */
static void
offer (GstTurnLatency * self)
{
  GstPluginFeature *feature =
      gst_registry_lookup_feature (gst_registry_get (), "turnlatency");

  if (feature)
    g_object_set_data (G_OBJECT (feature), "tracer", self);
  gst_clear_object (&feature);
}

static void
gst_turn_latency_constructed (GObject * object)
{
  GstTurnLatency *self = GST_TURN_LATENCY (object);

  G_OBJECT_CLASS (gst_turn_latency_parent_class)->constructed (object);
  if (tracer) {
    g_printerr ("turnlatency: it is on already; name it once in "
        "GST_TRACERS\n");
    return;
  }
  tracer = gst_object_ref (self);
  GST_OBJECT_FLAG_SET (self, GST_OBJECT_FLAG_MAY_BE_LEAKED);
  self->registry = traced_registry_new (on_stay);
  read_params (self);
  offer (self);
  parley_notices_observe (on_notice);
  pad_watch_begin (self->registry);
}

static void
gst_turn_latency_init (GstTurnLatency * self)
{
}

/* What a field of a record is. */
static GstStructure *
value_field (GType type, const gchar * description)
{
  return gst_structure_new ("value", "type", G_TYPE_GTYPE, type,
      "description", G_TYPE_STRING, description, NULL);
}

static GstStructure *
element_field (GType type)
{
  return gst_structure_new ("scope", "type", G_TYPE_GTYPE, type,
      "related-to", GST_TYPE_TRACER_VALUE_SCOPE,
      GST_TRACER_VALUE_SCOPE_ELEMENT, NULL);
}

#define FIELD(name, type, description) \
    name, GST_TYPE_STRUCTURE, value_field (type, description)
#define ELEMENT_FIELDS \
    "element-id", GST_TYPE_STRUCTURE, element_field (G_TYPE_UINT), \
    "element", GST_TYPE_STRUCTURE, element_field (G_TYPE_STRING)

static void
make_records (void)
{
  stay_record = gst_tracer_record_new ("turn-residence.class", ELEMENT_FIELDS,
      FIELD ("factory", G_TYPE_STRING, "kind of element"),
      FIELD ("turn", G_TYPE_UINT, "0: none"),
      FIELD ("epoch", G_TYPE_UINT64, "0: none"),
      FIELD ("residence-us", G_TYPE_UINT64, "longest stay of its data"),
      FIELD ("first-us", G_TYPE_UINT64, "stay of its first data"),
      FIELD ("last-us", G_TYPE_UINT64, "stay of its last data"),
      FIELD ("own-us", G_TYPE_UINT64, "of residence-us, without waiting"),
      FIELD ("waiting-us", G_TYPE_UINT64, "of residence-us, for others"),
      FIELD ("inferred", G_TYPE_BOOLEAN, "matched without metas"),
      FIELD ("count", G_TYPE_UINT, "pieces of data matched"),
      FIELD ("level-buffers-max", G_TYPE_UINT, "held when data came"),
      FIELD ("level-time-max-ns", G_TYPE_UINT64, "held when data came"),
      FIELD ("level-buffers-last", G_TYPE_UINT, "held when data came last"),
      FIELD ("level-time-last-ns", G_TYPE_UINT64, "held when data came last"),
      FIELD ("end-us", G_TYPE_UINT64, "monotonic time of the stay's end"),
      NULL);
  wait_record = gst_tracer_record_new ("turn-wait.class", ELEMENT_FIELDS,
      FIELD ("turn", G_TYPE_UINT, "0: none"),
      FIELD ("epoch", G_TYPE_UINT64, "0: none"),
      FIELD ("peer", G_TYPE_STRING, "what was waited for"),
      FIELD ("time-us", G_TYPE_UINT64, "how long"),
      FIELD ("end-us", G_TYPE_UINT64, "monotonic time of its end"), NULL);
  stall_record = gst_tracer_record_new ("loop-stall.class", ELEMENT_FIELDS,
      FIELD ("peer", G_TYPE_STRING, "pad that was pushed into"),
      FIELD ("longest-us", G_TYPE_UINT64, "longest push"),
      FIELD ("share", G_TYPE_DOUBLE, "of the last second inside pushes"),
      FIELD ("end-us", G_TYPE_UINT64, "monotonic time"), NULL);
  GST_OBJECT_FLAG_SET (stay_record, GST_OBJECT_FLAG_MAY_BE_LEAKED);
  GST_OBJECT_FLAG_SET (wait_record, GST_OBJECT_FLAG_MAY_BE_LEAKED);
  GST_OBJECT_FLAG_SET (stall_record, GST_OBJECT_FLAG_MAY_BE_LEAKED);
}

static void
gst_turn_latency_class_init (GstTurnLatencyClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = gst_turn_latency_constructed;

  /**
   * GstTurnLatency::get-statistics:
   *
   * The numbers since the start, as a structure "turnlatency"; any thread.
   *
   * elements: an array of structures "element", one for the stays in turns and
   * one for those outside of turns, as far as there are any: id (uint), name
   * (string), factory (string), in-turns (boolean), count (uint64), inferred
   * (boolean: some were matched without metas), and in µs (uint64)
   * residence-p50-us, residence-p95-us, residence-max-us, the same of own and
   * of waiting. Of what holds data also level-buffers-max, level-buffers-last
   * (uint), level-time-max-ns, level-time-last-ns (uint64). Of elements that
   * are gone the last 64 are told of one by one; older ones are one structure
   * for each factory, with id 0.
   *
   * loops: an array of structures "loop": index (uint), lag-count, lag-p50-us,
   * lag-p95-us, lag-max-us, stalls (uint64), push-share (double).
   *
   * Returns: (transfer full): the structure
   */
  g_signal_new_class_handler ("get-statistics", GST_TYPE_TURN_LATENCY,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gst_turn_latency_get_statistics), NULL, NULL, NULL,
      GST_TYPE_STRUCTURE, 0);

  wait_quark = g_quark_from_static_string ("parley-wait");
  stall_quark = g_quark_from_static_string ("loop-stall");
  make_records ();
}

gboolean
gst_turn_latency_register (GstPlugin * plugin)
{
  return gst_tracer_register (plugin, "turnlatency", GST_TYPE_TURN_LATENCY);
}
