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
 * The action signal `get-statistics` returns the numbers so far.
 *
 * Since: 0.1
 */

#include "gstturnlatency.h"

#include <stdlib.h>
#include <string.h>

#include "net/clock.h"
#include "net/loop.h"
#include "traced.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

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

  TracedRegistry *registry;
  TraceFile *file;              /* NULL: none; constant */
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstTurnLatency, gst_turn_latency,
    GST_TYPE_TRACER, GST_DEBUG_CATEGORY_INIT (turn_latency_debug,
        "turnlatency", 0, "time of each turn in each element"));

/* Those that write a file: a program may end without gst_deinit(). */
static GMutex writers_lock;
static GList *writers;

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
on_stay (TracedElement * element, const ResidenceStay * stay,
    gpointer user_data)
{
  GstTurnLatency *self = user_data;
  guint64 took = stay->end - stay->begin;

  gst_tracer_record_log (stay_record, element->id, element->name,
      element->factory, stay->turn, stay->epoch, took, (guint64) stay->first,
      (guint64) stay->last, took - stay->waiting, (guint64) stay->waiting,
      stay->inferred, stay->count, stay->level_max.buffers,
      stay->level_max.time, stay->level_last.buffers, stay->level_last.time,
      (guint64) stay->end);
  /* What passes between turns is no part of any: it would only fill the
   * file. */
  if (self->file && (!stay->marked || stay->turn || stay->epoch))
    write_stay (self->file, element, stay);
}

/* Data that passes */

static ResidenceData
data_of_buffer (GstBuffer * buffer, const TracedPad * from)
{
  const ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);
  ResidenceData data = {.id = buffer,.pts = GST_BUFFER_PTS (buffer),
    .medium = from->medium
  };

  if (meta) {
    data.marked = TRUE;
    data.turn = meta->turn;
    data.epoch = meta->epoch;
    data.arrived = meta->arrived;
  }
  return data;
}

static void
leave (TracedElement * element, ResidenceData * data, gint64 now)
{
  g_mutex_lock (&element->lock);
  residence_leave (element->residence, data, now);
  g_mutex_unlock (&element->lock);
}

/* @sink, else what @source is linked to, is the pad by which it enters. */
static void
enter (TracedElement * element, GstPad * source, GstPad * sink,
    const ResidenceData * data, gint64 now)
{
  ResidenceLevel level = { 0 };
  gboolean has_level = FALSE;

  if (traced_element_has_level (element)) {
    GstPad *pad = sink ? gst_object_ref (sink) : gst_pad_get_peer (source);
    has_level = pad && traced_element_read_level (element, pad, &level);
    gst_clear_object (&pad);
  }
  g_mutex_lock (&element->lock);
  residence_enter (element->residence, data, now);
  if (has_level)
    residence_note_level (element->residence, data->turn, data->epoch, &level,
        now);
  g_mutex_unlock (&element->lock);
}

/* The innermost push under way on this thread, if it goes into a sink. */
static __thread struct
{
  GstTurnLatency *tracer;
  GstPad *pad;                  /* only compared */
  TracedElement *sink;
  ResidenceData data;
} sink_push;

static void
pass (GstTurnLatency * self, GstPad * pad, TracedPad * from, TracedPad * to,
    ResidenceData * data)
{
  gint64 now = parley_clock_now ();

  sink_push.pad = NULL;
  if (from->element)
    leave (from->element, data, now);
  if (!to || !to->element)
    return;
  enter (to->element, pad, NULL, data, now);
  if (to->element->kind & RESIDENCE_SINK) {
    sink_push.tracer = self;
    sink_push.pad = pad;
    sink_push.sink = to->element;
    sink_push.data = *data;
  }
}

static void
do_push_pre (GstTracer * tracer, guint64 ts, GstPad * pad, GstBuffer * buffer)
{
  GstTurnLatency *self = (GstTurnLatency *) tracer;
  TracedPad *from = traced_registry_get_pad (self->registry, pad);
  ResidenceData data = data_of_buffer (buffer, from);

  pass (self, pad, from, traced_registry_get_peer (self->registry, pad, from),
      &data);
}

static void
do_push_list_pre (GstTracer * tracer, guint64 ts, GstPad * pad,
    GstBufferList * list)
{
  for (guint i = 0; i < gst_buffer_list_length (list); i++)
    do_push_pre (tracer, ts, pad, gst_buffer_list_get (list, i));
}

/* A sink is done with it. */
static void
do_push_post (GstTracer * tracer, guint64 ts, GstPad * pad, GstFlowReturn res)
{
  if (sink_push.pad != pad || sink_push.tracer != (GstTurnLatency *) tracer)
    return;
  sink_push.pad = NULL;
  leave (sink_push.sink, &sink_push.data, parley_clock_now ());
}

/* From the source pad @peer to @pad, which asked for it. */
static void
do_pull_post (GstTracer * tracer, guint64 ts, GstPad * pad, GstBuffer * buffer,
    GstFlowReturn res)
{
  GstTurnLatency *self = (GstTurnLatency *) tracer;
  GstPad *peer = buffer ? gst_pad_get_peer (pad) : NULL;
  gint64 now = parley_clock_now ();
  TracedPad *from, *to;
  ResidenceData data;

  if (!peer)
    return;
  from = traced_registry_get_pad (self->registry, peer);
  to = traced_registry_get_pad (self->registry, pad);
  data = data_of_buffer (buffer, from);
  if (from->element)
    leave (from->element, &data, now);
  if (to->element)
    enter (to->element, peer, pad, &data, now);
  gst_object_unref (peer);
}

/* Events */

/* "audio" of "audio/x-raw": what is not the same is made anew. */
static GQuark
medium_of_caps (GstEvent * event)
{
  GstCaps *caps;
  const gchar *name;
  gchar *medium;
  GQuark quark;

  gst_event_parse_caps (event, &caps);
  if (gst_caps_is_empty (caps) || gst_caps_is_any (caps))
    return 0;
  name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  medium = g_strndup (name, strcspn (name, "/"));
  quark = g_quark_from_string (medium);
  g_free (medium);
  return quark;
}

/* The text of a turn that may not be over. */
static void
pass_guess (GstTurnLatency * self, GstPad * pad, TracedPad * from,
    GstEvent * event)
{
  static GQuark medium;
  ResidenceData data = {.marked = TRUE,.id = event,.pts = GST_CLOCK_TIME_NONE };

  if (!parley_event_parse_take (event, &data.turn, NULL))
    return;
  if (!medium)
    medium = g_quark_from_static_string ("event");
  data.medium = medium;
  pass (self, pad, from, traced_registry_get_peer (self->registry, pad, from),
      &data);
}

static void
end_stays (TracedPad * pad, gboolean forget)
{
  if (!pad->element)
    return;
  g_mutex_lock (&pad->element->lock);
  residence_close (pad->element->residence);
  if (forget)
    residence_forget (pad->element->residence);
  g_mutex_unlock (&pad->element->lock);
}

static void
end_stays_at_peer (GstTurnLatency * self, GstPad * pad, gboolean forget)
{
  GstPad *peer = gst_pad_get_peer (pad);

  if (peer)
    end_stays (traced_registry_get_pad (self->registry, peer), forget);
  gst_clear_object (&peer);
}

static void
do_push_event_pre (GstTracer * tracer, guint64 ts, GstPad * pad,
    GstEvent * event)
{
  GstTurnLatency *self = (GstTurnLatency *) tracer;
  TracedPad *from;

  if (!GST_EVENT_IS_DOWNSTREAM (event))
    return;
  from = traced_registry_get_pad (self->registry, pad);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      from->medium = medium_of_caps (event);
      break;
    case GST_EVENT_EOS:
      end_stays (from, FALSE);
      break;
    case GST_EVENT_FLUSH_STOP:
      end_stays_at_peer (self, pad, TRUE);
      break;
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      if (parley_event_get_kind (event) == PARLEY_EVENT_TURN_GUESS)
        pass_guess (self, pad, from, event);
      break;
    default:
      break;
  }
}

/* Messages */

static void
take_wait (GstTurnLatency * self, TracedElement * element,
    const GstStructure * structure)
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
  g_mutex_lock (&element->lock);
  residence_add_wait (element->residence, turn, epoch, &wait,
      parley_clock_now ());
  g_mutex_unlock (&element->lock);
}

static void
write_stall (GstTurnLatency * self, TracedElement * element, gint64 now,
    const gchar * peer, guint64 longest)
{
  GString *args = g_string_new ("\"peer\":");
  guint thread;

  trace_file_append_string (args, peer);
  g_string_append_printf (args, ",\"longest_us\":%" G_GUINT64_FORMAT, longest);
  g_mutex_lock (&element->lock);
  thread = trace_file_get_lane (self->file, &element->track, G_MAXINT64,
      G_MININT64);
  g_mutex_unlock (&element->lock);
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
do_post_message_pre (GstTracer * tracer, guint64 ts, GstElement * element,
    GstMessage * message)
{
  GstTurnLatency *self = (GstTurnLatency *) tracer;
  const GstStructure *structure;
  TracedElement *traced;
  GQuark name;

  /* A bin posts what its elements posted once more. */
  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ELEMENT
      || GST_MESSAGE_SRC (message) != GST_OBJECT_CAST (element))
    return;
  structure = gst_message_get_structure (message);
  name = gst_structure_get_name_id (structure);
  if (name != wait_quark && name != stall_quark)
    return;
  traced = traced_registry_get_element (self->registry, element);
  if (!traced)
    return;
  if (name == wait_quark)
    take_wait (self, traced, structure);
  else
    take_stall (self, traced, structure);
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
  g_mutex_lock (&writers_lock);
  for (GList * l = writers; l; l = l->next) {
    GstTurnLatency *self = l->data;
    traced_registry_flush (self->registry);
    trace_file_flush (self->file);
  }
  g_mutex_unlock (&writers_lock);
}

static void
open_file (GstTurnLatency * self, const gchar * path)
{
  static gsize once;
  GError *error = NULL;

  self->file = trace_file_new (path, &error);
  if (!self->file) {
    g_printerr ("turnlatency: %s; name another file in "
        "GST_TRACERS=\"turnlatency(file=PATH)\"\n", error->message);
    g_error_free (error);
    return;
  }
  if (g_once_init_enter (&once)) {
    atexit (write_at_exit);
    g_once_init_leave (&once, 1);
  }
  g_mutex_lock (&writers_lock);
  writers = g_list_prepend (writers, self);
  g_mutex_unlock (&writers_lock);
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
gst_turn_latency_constructed (GObject * object)
{
  GstTurnLatency *self = GST_TURN_LATENCY (object);
  GstStructure *structure;
  gchar *params, *text;

  G_OBJECT_CLASS (gst_turn_latency_parent_class)->constructed (object);
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

static void
gst_turn_latency_finalize (GObject * object)
{
  GstTurnLatency *self = GST_TURN_LATENCY (object);

  g_mutex_lock (&writers_lock);
  writers = g_list_remove (writers, self);
  g_mutex_unlock (&writers_lock);
  traced_registry_close (self->registry);
  traced_registry_unref (self->registry);
  g_clear_pointer (&self->file, trace_file_close);
  G_OBJECT_CLASS (gst_turn_latency_parent_class)->finalize (object);
}

static void
gst_turn_latency_init (GstTurnLatency * self)
{
  static const struct
  {
    const gchar *detail;
    GCallback func;
  } hooks[] = {
    {"pad-push-pre", G_CALLBACK (do_push_pre)},
    {"pad-push-post", G_CALLBACK (do_push_post)},
    {"pad-push-list-pre", G_CALLBACK (do_push_list_pre)},
    {"pad-push-list-post", G_CALLBACK (do_push_post)},
    {"pad-pull-range-post", G_CALLBACK (do_pull_post)},
    {"pad-push-event-pre", G_CALLBACK (do_push_event_pre)},
    {"element-post-message-pre", G_CALLBACK (do_post_message_pre)},
  };

  self->registry = traced_registry_new (on_stay, self);
  for (guint i = 0; i < G_N_ELEMENTS (hooks); i++)
    gst_tracing_register_hook (GST_TRACER (self), hooks[i].detail,
        hooks[i].func);
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
  object_class->finalize = gst_turn_latency_finalize;

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
