/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gst/gst.h>
#include <gst/gsttracer.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

#include "mock/coreplugins.h"
#include "net/clock.h"
#include "net/jsoncheck.h"
#include "turn/notices.h"
#include "turn/turnmeta.h"

/* The tracer in real pipelines, on the real clock. What is asserted holds on a
 * machine that stalls: lower bounds of what was held, and that all elements
 * together cannot have had more than the time that passed. */

#define HOLD_US (50 * G_TIME_SPAN_MILLISECOND)
#define FRAME (20 * GST_MSECOND)

/* An element that keeps each buffer for a while and pushes it from a thread of
 * its own, as ours do: the core's latency tracer does not see that. */

#define GST_TYPE_HOLDER (gst_holder_get_type ())
G_DECLARE_FINAL_TYPE (GstHolder, gst_holder, GST, HOLDER, GstElement)
     struct _GstHolder
     {
       GstElement parent;
       GstPad *sinkpad;
       GstPad *srcpad;
       GThread *thread;
       GAsyncQueue *items;
       gint hold_us;            /* these: before the first buffer */
       gboolean post_waits;
       gboolean drop_metas;
     };

     static GstStaticPadTemplate sink_template =
         GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS_ANY);
     static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_FINAL_TYPE (GstHolder, gst_holder, GST_TYPE_ELEMENT)
     static GstBuffer *hold (GstHolder * self, GstBuffer * buffer)
{
  const ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);
  gint64 begin = parley_clock_now ();

  g_usleep (self->hold_us);
  if (self->post_waits && meta) {
    parley_notice_post (GST_ELEMENT (self), gst_structure_new ("parley-wait",
            "turn", G_TYPE_UINT, meta->turn,
            "epoch", G_TYPE_UINT64, meta->epoch,
            "peer", G_TYPE_STRING, "provider",
            "begin", G_TYPE_INT64, begin,
            "end", G_TYPE_INT64, parley_clock_now (), NULL));
    parley_notice_post (GST_ELEMENT (self), gst_structure_new ("loop-stall",
            "peer", G_TYPE_STRING, "/pipeline0/b:sink",
            "count", G_TYPE_UINT64, G_GUINT64_CONSTANT (1),
            "longest", G_TYPE_UINT64, G_GUINT64_CONSTANT (50000000),
            "share", G_TYPE_DOUBLE, 0.5, NULL));
  }
  if (self->drop_metas) {
    GstBuffer *copy = gst_buffer_new_allocate (NULL, 1, NULL);
    GST_BUFFER_PTS (copy) = GST_BUFFER_PTS (buffer);
    gst_buffer_unref (buffer);
    buffer = copy;
  }
  return buffer;
}

static gpointer
holder_thread (gpointer data)
{
  GstHolder *self = data;

  for (;;) {
    gpointer item = g_async_queue_pop (self->items);
    gboolean last;

    if (GST_IS_BUFFER (item)) {
      gst_pad_push (self->srcpad, hold (self, item));
      continue;
    }
    last = GST_EVENT_TYPE (item) == GST_EVENT_EOS;
    gst_pad_push_event (self->srcpad, item);
    if (last)
      return NULL;
  }
}

static GstFlowReturn
gst_holder_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  g_async_queue_push (GST_HOLDER (parent)->items, buffer);
  return GST_FLOW_OK;
}

static gboolean
gst_holder_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstHolder *self = GST_HOLDER (parent);

  if (!self->thread)
    self->thread = g_thread_new ("holder", holder_thread, self);
  g_async_queue_push (self->items, event);
  return TRUE;
}

static void
gst_holder_finalize (GObject * object)
{
  GstHolder *self = GST_HOLDER (object);

  if (self->thread)
    g_thread_join (self->thread);
  g_async_queue_unref (self->items);
  G_OBJECT_CLASS (gst_holder_parent_class)->finalize (object);
}

static void
gst_holder_init (GstHolder * self)
{
  self->items = g_async_queue_new_full ((GDestroyNotify) gst_mini_object_unref);
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_chain_function (self->sinkpad, gst_holder_chain);
  gst_pad_set_event_function (self->sinkpad, gst_holder_event);
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
}

static void
gst_holder_class_init (GstHolderClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = gst_holder_finalize;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Holder", "Filter",
      "Keeps buffers for a while", "Parley developers");
}

/* A pipeline with a pad before it, from which the test pushes */

typedef struct
{
  GstElement *pipeline;
  GstPad *pad;
  gint64 began;
  gint arrived;                 /* buffers at the sink; atomic */
} Run;

static void
on_handoff (GstElement * sink, GstBuffer * buffer, GstPad * pad, gpointer data)
{
  g_atomic_int_inc (&((Run *) data)->arrived);
}

static GstPad *
sink_pad_of (Run * run, const gchar * name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (run->pipeline), name);
  GstPad *pad = gst_element_get_static_pad (element, "sink");

  gst_object_unref (element);
  return pad;
}

static GstHolder *
holder_of (Run * run, const gchar * name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (run->pipeline), name);

  gst_object_unref (element);
  return GST_HOLDER (element);
}

/* @line begins with the element @first and ends with a fakesink "end". */
static void
begin_with_caps (Run * run, const gchar * line, const gchar * first,
    const gchar * caps_string)
{
  GstCaps *caps = gst_caps_from_string (caps_string);
  GstElement *sink;
  GstSegment segment;
  GstPad *peer;

  run->pipeline = gst_parse_launch (line, NULL);
  g_assert_nonnull (run->pipeline);
  run->arrived = 0;
  sink = gst_bin_get_by_name (GST_BIN (run->pipeline), "end");
  g_object_set (sink, "signal-handoffs", TRUE, "async", FALSE, NULL);
  g_signal_connect (sink, "handoff", G_CALLBACK (on_handoff), run);
  gst_object_unref (sink);

  run->pad = gst_pad_new ("test", GST_PAD_SRC);
  peer = sink_pad_of (run, first);
  g_assert_cmpint (gst_pad_link (run->pad, peer), ==, GST_PAD_LINK_OK);
  gst_object_unref (peer);
  gst_pad_set_active (run->pad, TRUE);
  gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
  gst_pad_push_event (run->pad, gst_event_new_stream_start ("test"));
  gst_pad_push_event (run->pad, gst_event_new_caps (caps));
  gst_caps_unref (caps);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (run->pad, gst_event_new_segment (&segment));
  run->began = parley_clock_now ();
}

static void
begin (Run * run, const gchar * line, const gchar * first)
{
  begin_with_caps (run, line, first, "audio/x-mulaw, rate=8000, channels=1");
}

static void
push_buffer (Run * run, GstBuffer * buffer, guint turn, guint64 epoch)
{
  if (turn || epoch) {
    ParleyTurnMeta *meta = parley_buffer_add_turn_meta (buffer);
    meta->turn = turn;
    meta->epoch = epoch;
  }
  g_assert_cmpint (gst_pad_push (run->pad, buffer), ==, GST_FLOW_OK);
}

static void
push (Run * run, guint turn, guint64 epoch, GstClockTime pts)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 160, NULL);

  GST_BUFFER_PTS (buffer) = pts;
  push_buffer (run, buffer, turn, epoch);
}

static void
wait_arrived (Run * run, gint n)
{
  while (g_atomic_int_get (&run->arrived) < n)
    g_usleep (1000);
}

/* One buffer a turn, each alone in the pipeline. */
static void
push_turns (Run * run, guint n)
{
  for (guint i = 1; i <= n; i++) {
    push (run, i, 0, i * FRAME);
    wait_arrived (run, i);
  }
}

/* Returns the µs since begin(). */
static gint64
finish (Run * run)
{
  GstBus *bus = gst_element_get_bus (run->pipeline);
  GstMessage *message;
  gint64 took;

  gst_pad_push_event (run->pad, gst_event_new_eos ());
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS);
  took = parley_clock_now () - run->began;
  gst_message_unref (message);
  gst_object_unref (bus);
  gst_element_set_state (run->pipeline, GST_STATE_NULL);
  gst_pad_set_active (run->pad, FALSE);
  gst_object_unref (run->pad);
  gst_object_unref (run->pipeline);
  return took;
}

/* The numbers */

static gpointer
tracer (void)
{
  GstPluginFeature *feature =
      gst_registry_lookup_feature (gst_registry_get (), "turnlatency");
  gpointer found = g_object_get_data (G_OBJECT (feature), "tracer");

  gst_object_unref (feature);
  g_assert_nonnull (found);
  return found;
}

static GstStructure *
statistics (void)
{
  GstStructure *structure = NULL;

  g_signal_emit_by_name (tracer (), "get-statistics", &structure);
  g_assert_nonnull (structure);
  return structure;
}

/* A copy; NULL: there is none. */
static GstStructure *
find_numbers (const gchar * name, gboolean in_turns)
{
  GstStructure *all = statistics (), *found = NULL;
  const GValue *array = gst_structure_get_value (all, "elements");

  for (guint i = 0; i < gst_value_array_get_size (array); i++) {
    const GstStructure *element =
        gst_value_get_structure (gst_value_array_get_value (array, i));
    gboolean of_turns;

    gst_structure_get_boolean (element, "in-turns", &of_turns);
    if (of_turns == in_turns
        && !g_strcmp0 (gst_structure_get_string (element, "name"), name)) {
      g_assert_null (found);
      found = gst_structure_copy (element);
    }
  }
  gst_structure_free (all);
  return found;
}

/* 0: no such element. */
static guint64
number (const gchar * name, gboolean in_turns, const gchar * field)
{
  GstStructure *numbers = find_numbers (name, in_turns);
  guint64 value = 0;

  if (!numbers)
    return 0;
  g_assert_true (gst_structure_get_uint64 (numbers, field, &value));
  gst_structure_free (numbers);
  return value;
}

static gboolean
is_inferred (const gchar * name)
{
  GstStructure *numbers = find_numbers (name, TRUE);
  gboolean inferred;

  g_assert_nonnull (numbers);
  g_assert_true (gst_structure_get_boolean (numbers, "inferred", &inferred));
  gst_structure_free (numbers);
  return inferred;
}

/* Cases */

/* Three turns, of which one element of several holds each for 50 ms. */
static void
hold_in (guint which)
{
  gchar *line = g_strdup_printf ("identity name=in%u ! holder name=a%u "
      "! queue name=q%u ! holder name=b%u ! identity name=out%u "
      "! holder name=c%u ! fakesink name=end", which, which, which, which,
      which, which);
  const gchar *kinds[] = { "a", "b", "c", "in", "q", "out" };
  gchar *first = g_strdup_printf ("in%u", which);
  guint64 held = 0;
  Run run;
  gint64 took;

  begin (&run, line, first);
  for (guint i = 0; i < 3; i++) {
    gchar *name = g_strdup_printf ("%s%u", kinds[i], which);
    holder_of (&run, name)->hold_us = i == which ? HOLD_US : 0;
    g_free (name);
  }
  push_turns (&run, 3);
  took = finish (&run);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    gchar *name = g_strdup_printf ("%s%u", kinds[i], which);

    g_assert_cmpuint (number (name, TRUE, "count"), ==, 3);
    if (i == which)
      held = number (name, TRUE, "residence-p50-us");
    else
      g_assert_cmpint (number (name, TRUE, "residence-max-us"), <=,
          took - 3 * HOLD_US);
    g_free (name);
  }
  /* The percentile is that of a bucket. */
  g_assert_cmpuint (held, >=, HOLD_US * 93 / 100);
  g_free (first);
  g_free (line);
}

static void
test_right_element (void)
{
  for (guint i = 0; i < 3; i++)
    hold_in (i);
}

/* Enters on one thread, leaves on another, and tells what it holds. */
static GstPadProbeReturn
block (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  return GST_PAD_PROBE_OK;
}

static void
test_queue (void)
{
  GstStructure *numbers;
  guint level = 0, last = 0;
  GstElement *queue;
  GstPad *pad;
  gulong probe;
  Run run;

  begin (&run, "identity name=qin ! queue name=full ! fakesink name=end",
      "qin");
  queue = gst_bin_get_by_name (GST_BIN (run.pipeline), "full");
  pad = gst_element_get_static_pad (queue, "src");
  probe = gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BLOCK
      | GST_PAD_PROBE_TYPE_BUFFER, block, NULL, NULL);
  for (guint i = 0; i < 5; i++)
    push (&run, 1, 0, i * FRAME);
  g_usleep (HOLD_US);
  gst_pad_remove_probe (pad, probe);
  gst_object_unref (pad);
  gst_object_unref (queue);
  finish (&run);

  g_assert_cmpuint (number ("full", TRUE, "count"), >=, 1);
  g_assert_cmpuint (number ("full", TRUE, "residence-max-us"), >=, HOLD_US);
  numbers = find_numbers ("full", TRUE);
  g_assert_true (gst_structure_get_uint (numbers, "level-buffers-max", &level));
  g_assert_true (gst_structure_get_uint (numbers, "level-buffers-last", &last));
  g_assert_cmpuint (level, >=, 3);
  g_assert_cmpuint (level, ==, last);
  gst_structure_free (numbers);
  g_assert_cmpuint (number ("qin", TRUE, "count"), >=, 1);
}

/* A consumer that keeps the first buffer until the test opens it. */
typedef struct
{
  gint reached;                 /* atomic */
  gint open;                    /* atomic */
} Gate;

static void
on_consumed (GstElement * consumer, GstBuffer * buffer, gpointer data)
{
  Gate *gate = data;

  g_atomic_int_set (&gate->reached, TRUE);
  while (!g_atomic_int_get (&gate->open))
    g_usleep (1000);
}

static void
fill_behind (Run * run, Gate * gate, const gchar * name)
{
  GstElement *consumer = gst_bin_get_by_name (GST_BIN (run->pipeline), name);

  g_object_set (consumer, "signal-handoffs", TRUE, NULL);
  g_signal_connect (consumer, "handoff", G_CALLBACK (on_consumed), gate);
  gst_object_unref (consumer);
  push (run, 1, 0, FRAME);
  while (!g_atomic_int_get (&gate->reached))
    g_usleep (1000);
  push (run, 2, 0, 2 * FRAME);
  g_usleep (HOLD_US);
  g_atomic_int_set (&gate->open, TRUE);
  wait_arrived (run, 2);
}

/* The wait of the turn that the consumer keeps is the consumer's, that of the
 * next one the queue's, and nobody else's. */
static void
test_filled_queue (void)
{
  Gate gate = { 0 };
  Run run;
  gint64 rest;

  begin (&run, "identity name=filler ! queue name=filled ! identity "
      "name=consumer ! identity name=behind ! fakesink name=end", "filler");
  fill_behind (&run, &gate, "consumer");
  rest = finish (&run) - HOLD_US;

  g_assert_cmpuint (number ("filled", TRUE, "count"), ==, 2);
  g_assert_cmpuint (number ("filled", TRUE, "residence-max-us"), >=, HOLD_US);
  g_assert_cmpuint (number ("consumer", TRUE, "residence-max-us"), >=, HOLD_US);
  /* The other turn of each; a percentile is that of a bucket. */
  g_assert_cmpint (number ("filled", TRUE, "residence-p50-us") * 93 / 100, <=,
      rest);
  g_assert_cmpint (number ("consumer", TRUE, "residence-p50-us") * 93 / 100,
      <=, rest);
  g_assert_cmpint (number ("filler", TRUE, "residence-max-us"), <=, rest);
  g_assert_cmpint (number ("behind", TRUE, "residence-max-us"), <=, rest);
}

/* Each turn counts once, with what goes out first. */
static void
test_tee (void)
{
  Run run;

  begin (&run, "tee name=t t. ! queue name=one ! fakesink name=end "
      "t. ! queue name=two ! fakesink async=false", "t");
  push_turns (&run, 4);
  finish (&run);
  g_assert_cmpuint (number ("t", TRUE, "count"), ==, 4);
  g_assert_cmpuint (number ("one", TRUE, "count"), ==, 4);
  g_assert_cmpuint (number ("two", TRUE, "count"), ==, 4);
}

/* No turns at all: a stay for each buffer. */
static void
test_plain (void)
{
  Run run;

  begin (&run, "identity name=slow sleep-time=20000 ! fakesink name=end",
      "slow");
  for (guint i = 0; i < 5; i++)
    push (&run, 0, 0, i * FRAME);
  finish (&run);
  g_assert_cmpuint (number ("slow", FALSE, "count"), ==, 5);
  g_assert_cmpuint (number ("slow", FALSE, "residence-p50-us"), >=, 18600);
  g_assert_cmpuint (number ("slow", FALSE, "waiting-max-us"), ==, 0);
  g_assert_cmpuint (number ("slow", TRUE, "count"), ==, 0);
  g_assert_cmpuint (number ("end", FALSE, "count"), >=, 5);
}

/* Behind an element without metas the turns go on, inferred. */
static void
test_inferred (void)
{
  Run run;

  begin (&run, "identity name=before ! holder name=dropper ! identity "
      "name=after ! fakesink name=end", "before");
  holder_of (&run, "dropper")->drop_metas = TRUE;
  push_turns (&run, 3);
  finish (&run);
  g_assert_cmpuint (number ("dropper", TRUE, "count"), ==, 3);
  g_assert_cmpuint (number ("after", TRUE, "count"), ==, 3);
  g_assert_false (is_inferred ("before"));
  g_assert_true (is_inferred ("dropper"));
  g_assert_true (is_inferred ("after"));
}

/* Bins, one in the other, have no time of their own. */
static void
test_bins (void)
{
  Run run;

  begin (&run, "identity name=outside ! bin.( name=outer bin.( name=inner "
      "identity name=inside ) ) ! fakesink name=end", "outside");
  push_turns (&run, 3);
  finish (&run);
  g_assert_cmpuint (number ("outside", TRUE, "count"), ==, 3);
  g_assert_cmpuint (number ("inside", TRUE, "count"), ==, 3);
  g_assert_cmpuint (number ("outer", TRUE, "count"), ==, 0);
  g_assert_cmpuint (number ("inner", TRUE, "count"), ==, 0);
}

/* What an element says that it waited for is not its own time. */
static void
test_waits (void)
{
  Run run;

  begin (&run, "identity name=win ! holder name=waiter ! fakesink name=end",
      "win");
  holder_of (&run, "waiter")->hold_us = HOLD_US;
  holder_of (&run, "waiter")->post_waits = TRUE;
  for (guint i = 1; i <= 3; i++) {
    push (&run, i, i + 10, i * FRAME);
    wait_arrived (&run, i);
  }
  finish (&run);
  g_assert_cmpuint (number ("waiter", TRUE, "count"), ==, 3);
  g_assert_cmpuint (number ("waiter", TRUE, "waiting-p50-us"), >=,
      HOLD_US * 93 / 100);
  g_assert_cmpuint (number ("waiter", TRUE, "own-max-us"), <=,
      number ("waiter", TRUE, "residence-max-us") - HOLD_US);
  g_assert_cmpuint (number ("win", TRUE, "waiting-max-us"), ==, 0);
}

/* One of ours: it has an inbox and a loop, and answers a turn by an epoch. */
static void
test_ours (void)
{
  static const gchar question[] = "What are your opening hours?";
  gchar *line = g_strdup_printf ("identity name=text ! llmchat name=chat "
      "script=%s/pipelines/appointments.json ! fakesink name=end",
      g_getenv ("PARLEY_SOURCE"));
  GstStructure *numbers, *all;
  const GValue *loops;
  guint64 lags = 0, lag;
  guint level;
  Run run;

  begin_with_caps (&run, line, "text", "text/x-raw, format=utf8");
  push_buffer (&run, gst_buffer_new_memdup (question, strlen (question)), 1, 0);
  wait_arrived (&run, 1);
  finish (&run);
  g_assert_cmpuint (number ("text", TRUE, "count"), ==, 1);
  numbers = find_numbers ("chat", TRUE);
  g_assert_nonnull (numbers);
  g_assert_true (gst_structure_get_uint (numbers, "level-buffers-max", &level));
  gst_structure_free (numbers);

  all = statistics ();
  loops = gst_structure_get_value (all, "loops");
  g_assert_cmpuint (gst_value_array_get_size (loops), >, 0);
  for (guint i = 0; i < gst_value_array_get_size (loops); i++) {
    g_assert_true (gst_structure_get_uint64 (gst_value_get_structure
            (gst_value_array_get_value (loops, i)), "lag-count", &lag));
    lags += lag;
  }
  g_assert_cmpuint (lags, >, 0);
  gst_structure_free (all);
  g_free (line);
}

/* Elements, pads and pipelines that come and go while data flows and somebody
 * reads the numbers. */
static gpointer
read_on (gpointer data)
{
  while (!g_atomic_int_get ((gint *) data)) {
    gst_structure_free (statistics ());
    g_usleep (1000);
  }
  return NULL;
}

static void
change_branch (Run * run, GstElement * tee)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  GstPad *out, *in;

  g_object_set (sink, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (run->pipeline), sink);
  gst_element_sync_state_with_parent (sink);
  out = gst_element_request_pad_simple (tee, "src_%u");
  in = gst_element_get_static_pad (sink, "sink");
  gst_pad_link (out, in);
  g_usleep (500);
  gst_pad_unlink (out, in);
  gst_element_release_request_pad (tee, out);
  gst_element_set_state (sink, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (run->pipeline), sink);
  gst_object_unref (in);
  gst_object_unref (out);
}

static gpointer
push_on (gpointer data)
{
  Run *run = data;

  for (guint i = 0; i < 200; i++) {
    push (run, i / 10 + 1, 0, i * FRAME);
    g_usleep (50);
  }
  return NULL;
}

static void
test_churn (void)
{
  gint over = FALSE;
  GThread *reader = g_thread_new ("reader", read_on, &over);
  GstStructure *all;

  for (guint round = 0; round < 20; round++) {
    GThread *pusher;
    GstElement *tee;
    Run run;

    begin (&run, "tee name=churned allow-not-linked=true churned. ! queue "
        "! identity ! fakesink name=end", "churned");
    tee = gst_bin_get_by_name (GST_BIN (run.pipeline), "churned");
    pusher = g_thread_new ("pusher", push_on, &run);
    for (guint i = 0; i < 5; i++)
      change_branch (&run, tee);
    g_thread_join (pusher);
    gst_object_unref (tee);
    finish (&run);
  }
  g_atomic_int_set (&over, TRUE);
  g_thread_join (reader);

  /* Of those that are gone, 64 by name, twice at most, and a line or two for
   * each factory. */
  all = statistics ();
  g_assert_cmpuint (gst_value_array_get_size (gst_structure_get_value (all,
              "elements")), <=, 2 * 64 + 2 * 6);
  gst_structure_free (all);
}

/* A pipeline that goes without EOS, with data inside. */
static void
test_cut_off (void)
{
  Run run;

  begin (&run, "queue name=cut ! fakesink name=end", "cut");
  push (&run, 1, 0, 0);
  gst_element_set_state (run.pipeline, GST_STATE_NULL);
  gst_object_unref (run.pipeline);
  gst_pad_set_active (run.pad, FALSE);
  gst_object_unref (run.pad);
  g_assert_cmpuint (number ("cut", FALSE, "count"), ==, 0);
}

/* The file, of a process of its own */

#define FILE_VARIABLE "TURNLATENCY_FILE"
#define END_VARIABLE "TURNLATENCY_END"

static void
write_and_end (void)
{
  Run run;

  begin (&run, "identity name=first ! holder name=waiter ! queue name=q "
      "! fakesink name=end", "first");
  holder_of (&run, "waiter")->hold_us = HOLD_US;
  holder_of (&run, "waiter")->post_waits = TRUE;
  push_turns (&run, 2);
  /* The last turn is not over when the process ends. */
  if (!g_strcmp0 (g_getenv (END_VARIABLE), "exit"))
    exit (0);
  finish (&run);
  gst_deinit ();
}

static JsonArray *
read_file (JsonParser * parser, const gchar * path)
{
  gchar *text;
  gsize length;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  g_assert_null (parley_json_check (text, length, 64));
  g_assert_true (json_parser_load_from_data (parser, text, length, NULL));
  g_free (text);
  return json_node_get_array (json_parser_get_root (parser));
}

static gint64
thread_named (JsonArray * events, const gchar * name)
{
  for (guint i = 0; i < json_array_get_length (events); i++) {
    JsonObject *event = json_array_get_object_element (events, i);
    JsonObject *args = json_object_get_object_member (event, "args");

    if (g_str_equal (json_object_get_string_member (event, "name"),
            "thread_name")
        && g_str_equal (json_object_get_string_member (args, "name"), name))
      return json_object_get_int_member (event, "tid");
  }
  g_assert_not_reached ();
}

/* The @index-th event of @phase and @category on @thread; NULL: none. */
static JsonObject *
find_event (JsonArray * events, gint64 thread, const gchar * category,
    guint index)
{
  for (guint i = 0; i < json_array_get_length (events); i++) {
    JsonObject *event = json_array_get_object_element (events, i);

    g_assert_true (json_object_has_member (event, "pid"));
    if (json_object_has_member (event, "cat")
        && g_str_equal (json_object_get_string_member (event, "cat"), category)
        && json_object_get_int_member (event, "tid") == thread && index-- == 0)
      return event;
  }
  return NULL;
}

static gint64
end_of (JsonObject * event)
{
  return json_object_get_int_member (event, "ts")
      + json_object_get_int_member (event, "dur");
}

static void
check_events (JsonArray * events)
{
  gint64 waiter = thread_named (events, "waiter");

  thread_named (events, "first");
  thread_named (events, "q");
  for (guint i = 0; i < 2; i++) {
    JsonObject *stay = find_event (events, waiter, "residence", i);
    JsonObject *wait = find_event (events, waiter, "wait", i);
    JsonObject *stall = find_event (events, waiter, "loop", i);

    g_assert_true (stay && wait && stall);
    g_assert_cmpstr (json_object_get_string_member (stay, "ph"), ==, "X");
    g_assert_cmpstr (json_object_get_string_member (stay, "name"), ==,
        i ? "turn 2" : "turn 1");
    g_assert_cmpint (json_object_get_int_member (wait, "dur"), >=, HOLD_US);
    g_assert_cmpstr (json_object_get_string_member (wait, "name"), ==,
        "provider");
    g_assert_cmpint (json_object_get_int_member (wait, "ts"), >=,
        json_object_get_int_member (stay, "ts"));
    g_assert_cmpint (end_of (wait), <=, end_of (stay));
    g_assert_cmpstr (json_object_get_string_member (stall, "ph"), ==, "i");
  }
  g_assert_null (find_event (events, waiter, "residence", 2));
}

static void
test_file (gconstpointer end)
{
  gchar *path;
  gint fd = g_file_open_tmp ("turnlatency-XXXXXX.json", &path, NULL);
  JsonParser *parser = json_parser_new ();

  g_close (fd, NULL);
  g_setenv (FILE_VARIABLE, path, TRUE);
  g_setenv (END_VARIABLE, end, TRUE);
  g_test_trap_subprocess ("/turnlatency/file/subprocess", 0,
      G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
  g_unsetenv (FILE_VARIABLE);
  check_events (read_file (parser, path));
  g_object_unref (parser);
  g_unlink (path);
  g_free (path);
}

int
main (int argc, char *argv[])
{
  const gchar *file = g_getenv (FILE_VARIABLE);
  gchar *tracers = file ? g_strdup_printf ("turnlatency(file=%s)", file)
      : g_strdup ("turnlatency");

  core_plugins_add ();
  g_setenv ("GST_TRACERS", tracers, TRUE);
  g_free (tracers);
  gst_init (&argc, &argv);
  gst_element_register (NULL, "holder", GST_RANK_NONE, GST_TYPE_HOLDER);

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/turnlatency/right-element", test_right_element);
  g_test_add_func ("/turnlatency/queue", test_queue);
  g_test_add_func ("/turnlatency/filled-queue", test_filled_queue);
  g_test_add_func ("/turnlatency/tee", test_tee);
  g_test_add_func ("/turnlatency/plain", test_plain);
  g_test_add_func ("/turnlatency/inferred", test_inferred);
  g_test_add_func ("/turnlatency/bins", test_bins);
  g_test_add_func ("/turnlatency/waits", test_waits);
  g_test_add_func ("/turnlatency/ours", test_ours);
  g_test_add_func ("/turnlatency/cut-off", test_cut_off);
  g_test_add_func ("/turnlatency/churn", test_churn);
  g_test_add_data_func ("/turnlatency/file/exit", "exit", test_file);
  g_test_add_data_func ("/turnlatency/file/deinit", "deinit", test_file);
  g_test_add_func ("/turnlatency/file/subprocess", write_and_end);
  return g_test_run ();
}
