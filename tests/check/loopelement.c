/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../gst-plugins/elements/gstloopelement.h"

#include <string.h>

#include "elementrig.h"
#include "mock/races.h"

/* The hand-over between threads, states and pushes, tried with an element that
 * only notes what it is told and passes it on. */

G_DECLARE_FINAL_TYPE (GstNoter, gst_noter, GST, NOTER, GstLoopElement)
     struct _GstNoter
     {
       GstLoopElement parent;
       GString *notes;
     };

     static GstStaticPadTemplate sink_template =
         GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
     static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_FINAL_TYPE (GstNoter, gst_noter, gst_loop_element_get_type ())
     static void gst_noter_note (GstLoopElement * element, const gchar * what)
{
  GString *notes = GST_NOTER (element)->notes;

  g_string_append_printf (notes, "%s%s", notes->len ? " " : "", what);
}

static void
gst_noter_start (GstLoopElement * element)
{
  gst_noter_note (element, "start");
}

static void
gst_noter_stop (GstLoopElement * element)
{
  gst_noter_note (element, "stop");
}

static void
gst_noter_flush (GstLoopElement * element)
{
  gst_noter_note (element, "flush");
}

static GstFlowReturn
gst_noter_buffer (GstLoopElement * element, GstBuffer * buffer)
{
  gchar text[8] = { 0 };
  guint8 value;

  gst_buffer_extract (buffer, 0, &value, 1);
  g_snprintf (text, sizeof text, "%u", value);
  gst_noter_note (element, text);
  return gst_loop_element_push_in_loop (element, buffer);
}

static gboolean
gst_noter_event (GstLoopElement * element, GstEvent * event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_GAP:
      gst_noter_note (element, "gap");
      break;
    case GST_EVENT_EOS:
      gst_noter_note (element, "eos");
      break;
    case GST_EVENT_CUSTOM_DOWNSTREAM_OOB:
      gst_noter_note (element, "oob");
      break;
    default:
      break;
  }
  return gst_loop_element_push_event_in_loop (element, event);
}

static gboolean
gst_noter_upstream (GstLoopElement * element, GstEvent * event)
{
  gst_noter_note (element, "up");
  return gst_loop_element_push_upstream_in_loop (element, event);
}

static void
gst_noter_finalize (GObject * object)
{
  g_string_free (GST_NOTER (object)->notes, TRUE);
  G_OBJECT_CLASS (gst_noter_parent_class)->finalize (object);
}

static void
gst_noter_init (GstNoter * self)
{
  self->notes = g_string_new (NULL);
  gst_loop_element_add_pads (GST_LOOP_ELEMENT (self));
}

static void
gst_noter_class_init (GstNoterClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstLoopElementClass *loop_class = GST_LOOP_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = gst_noter_finalize;
  loop_class->start = gst_noter_start;
  loop_class->stop = gst_noter_stop;
  loop_class->flush = gst_noter_flush;
  loop_class->buffer = gst_noter_buffer;
  loop_class->event = gst_noter_event;
  loop_class->upstream = gst_noter_upstream;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Noter", "Filter",
      "Notes what it is told", "Parley developers");
}

static void
expect_notes (Rig * rig, const gchar * notes)
{
  GString *real = GST_NOTER (rig->element)->notes;

  g_assert_cmpstr (real->str, ==, notes);
  g_string_truncate (real, 0);
}

static void
setup (Rig * rig, gconstpointer data)
{
  GST_LOOP_ELEMENT_CLASS (g_type_class_peek (gst_noter_get_type ()))
      ->drop_oldest = data != NULL;
  rig_init (rig, "noter");
  rig_start (rig, MULAW);
  expect_notes (rig, "start");
  rig_expect (rig, "seg");
}

static void
teardown (Rig * rig, gconstpointer data)
{
  rig_clear (rig);
}

static GstBuffer *
numbered (guint8 value)
{
  GstBuffer *buffer = rig_audio (0, 0, 0, 20);

  gst_buffer_memset (buffer, 0, value, 1);
  return buffer;
}

/* A thread that pushes buffers, and what it has done. */
typedef struct
{
  Rig *rig;
  guint n;
  gint pushed;                  /* atomic */
  gint over;                    /* atomic */
  GstFlowReturn flow;
  GThread *thread;
} Pusher;

static gpointer
push_many (gpointer data)
{
  Pusher *self = data;

  for (guint i = 0; i < self->n && self->flow == GST_FLOW_OK; i++) {
    self->flow = gst_pad_push (self->rig->harness->srcpad, numbered (i));
    g_atomic_int_inc (&self->pushed);
  }
  g_atomic_int_set (&self->over, TRUE);
  return NULL;
}

static void
pusher_start (Pusher * self, Rig * rig, guint n)
{
  *self = (Pusher) {
  .rig = rig,.n = n};
  self->thread = g_thread_new ("pusher", push_many, self);
}

static void
pusher_wait (Pusher * self, gint n)
{
  while (g_atomic_int_get (&self->pushed) < n)
    g_thread_yield ();
}

static void
on_the_loop (Rig * rig, gconstpointer data)
{
  g_assert_cmpint (gst_harness_push (rig->harness, numbered (7)), ==,
      GST_FLOW_OK);
  expect_notes (rig, "7");
  g_assert_true (gst_harness_push_event (rig->harness,
          gst_event_new_gap (0, 1)));
  expect_notes (rig, "gap");
}

static void
other_thread_keeps_order (Rig * rig, gconstpointer data)
{
  Pusher pusher;

  pusher_start (&pusher, rig, 40);
  g_thread_join (pusher.thread);
  g_assert_cmpint (pusher.flow, ==, GST_FLOW_OK);
  expect_notes (rig, "");
  rig_settle (rig);
  expect_notes (rig, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 "
      "21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39");
}

static gpointer
push_eos (gpointer data)
{
  Rig *rig = data;

  gst_pad_push (rig->harness->srcpad, numbered (1));
  gst_pad_push_event (rig->harness->srcpad, gst_event_new_gap (0, 1));
  gst_pad_push (rig->harness->srcpad, numbered (2));
  gst_pad_push_event (rig->harness->srcpad, gst_event_new_eos ());
  return NULL;
}

static void
eos_comes_last (Rig * rig, gconstpointer data)
{
  g_thread_join (g_thread_new ("pusher", push_eos, rig));
  rig_settle (rig);
  expect_notes (rig, "1 gap 2 eos");
}

static void
on_loop_goes_behind_what_waits (Rig * rig, gconstpointer data)
{
  Pusher pusher;

  pusher_start (&pusher, rig, 2);
  g_thread_join (pusher.thread);
  gst_harness_push (rig->harness, numbered (9));
  expect_notes (rig, "");
  rig_settle (rig);
  expect_notes (rig, "0 1 9");
}

static void
waits_at_two_seconds (Rig * rig, gconstpointer data)
{
  Pusher pusher;

  pusher_start (&pusher, rig, 150);
  pusher_wait (&pusher, 100);
  for (guint i = 0; i < 1000; i++)
    g_thread_yield ();
  g_assert_cmpint (g_atomic_int_get (&pusher.pushed), ==, 100);
  rig_until (rig, &pusher.over);
  g_thread_join (pusher.thread);
  rig_settle (rig);
  g_assert_cmpint (pusher.flow, ==, GST_FLOW_OK);
  g_assert_cmpuint (gst_harness_buffers_received (rig->harness), ==, 150);
  rig_expect_no_message (rig, "warning");
}

static void
flush_wakes (Rig * rig, gconstpointer data)
{
  Pusher pusher;

  pusher_start (&pusher, rig, 150);
  pusher_wait (&pusher, 100);
  gst_harness_push_event (rig->harness, gst_event_new_flush_start ());
  g_thread_join (pusher.thread);
  g_assert_cmpint (pusher.flow, ==, GST_FLOW_FLUSHING);
  gst_harness_push_event (rig->harness, gst_event_new_flush_stop (TRUE));
  rig_settle (rig);
  expect_notes (rig, "flush");
}

static void
going_down_wakes (Rig * rig, gconstpointer data)
{
  Pusher pusher;

  pusher_start (&pusher, rig, 150);
  pusher_wait (&pusher, 100);
  rig_state (rig, GST_STATE_READY);
  g_thread_join (pusher.thread);
  g_assert_cmpint (pusher.flow, ==, GST_FLOW_FLUSHING);
  rig_settle (rig);
  expect_notes (rig, "stop");
}

/* What was posted to the loop before a flush must not take what came after it
 * for something of before. */
static gpointer
push_flush_push (gpointer data)
{
  Rig *rig = data;
  GstPad *pad = rig->harness->srcpad;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push (pad, numbered (1));
  gst_pad_push_event (pad, gst_event_new_flush_start ());
  gst_pad_push_event (pad, gst_event_new_flush_stop (TRUE));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
  gst_pad_push (pad, numbered (2));
  return NULL;
}

static void
flush_comes_before_what_follows (Rig * rig, gconstpointer data)
{
  g_thread_join (g_thread_new ("pusher", push_flush_push, rig));
  rig_settle (rig);
  expect_notes (rig, "flush 2");
}

static gpointer
push_after_event (gpointer data)
{
  Pusher *self = data;

  gst_pad_push_event (self->rig->harness->srcpad, gst_event_new_gap (0, 1));
  return push_many (self);
}

static void
live_drops_oldest (Rig * rig, gconstpointer data)
{
  Pusher pusher = {.rig = rig,.n = 150 };
  const gchar *notes;

  g_thread_join (g_thread_new ("pusher", push_after_event, &pusher));
  g_assert_cmpint (pusher.flow, ==, GST_FLOW_OK);
  rig_settle (rig);
  notes = GST_NOTER (rig->element)->notes->str;
  g_assert_true (g_str_has_prefix (notes, "gap 50 51 "));
  g_assert_true (g_str_has_suffix (notes, " 149"));
  rig_expect_fault (rig, GST_MESSAGE_WARNING, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FAILED, "dropped");
}

static void
dropping_warns_once_a_second (Rig * rig, gconstpointer data)
{
  Pusher pusher;

  for (guint i = 0; i < 2; i++) {
    pusher_start (&pusher, rig, 120);
    g_thread_join (pusher.thread);
    rig_expect_fault (rig, GST_MESSAGE_WARNING, GST_STREAM_ERROR,
        GST_STREAM_ERROR_FAILED, "dropped");
    rig_settle (rig);
    pusher_start (&pusher, rig, 120);
    g_thread_join (pusher.thread);
    rig_expect_no_message (rig, "warning");
    rig_wait_ms (rig, 1000);
  }
}

static void
not_live_waits_instead (Rig * rig, gconstpointer data)
{
  Pusher pusher;

  rig->not_live = TRUE;
  pusher_start (&pusher, rig, 150);
  pusher_wait (&pusher, 100);
  rig_until (rig, &pusher.over);
  g_thread_join (pusher.thread);
  rig_settle (rig);
  g_assert_cmpuint (gst_harness_buffers_received (rig->harness), ==, 150);
}

static gpointer
push_out_of_band (gpointer data)
{
  Rig *rig = data;

  gst_pad_push_event (rig->harness->srcpad, parley_event_new_dtmf (1, '5'));
  return NULL;
}

static void
out_of_band_overtakes (Rig * rig, gconstpointer data)
{
  GstLoopElement *element = GST_LOOP_ELEMENT (rig->element);
  GstClockTime time;
  Pusher pusher;
  guint n;

  gst_loop_element_hold_in_loop (element, TRUE);
  pusher_start (&pusher, rig, 2);
  g_thread_join (pusher.thread);
  g_object_get (element, "current-level-buffers", &n, "current-level-time",
      &time, NULL);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (time, >, 0);
  g_thread_join (g_thread_new ("oob", push_out_of_band, rig));
  rig_settle (rig);
  expect_notes (rig, "oob");
  gst_loop_element_hold_in_loop (element, FALSE);
  rig_settle (rig);
  expect_notes (rig, "0 1");
  gst_loop_element_get_level (element, &n, &time);
  g_assert_cmpuint (n + time, ==, 0);
}

static gpointer
query_allocation (gpointer data)
{
  Rig *rig = data;
  GstCaps *caps = gst_caps_from_string (MULAW);
  GstQuery *query = gst_query_new_allocation (caps, FALSE);
  gboolean answered = gst_pad_peer_query (rig->harness->srcpad, query);

  gst_query_unref (query);
  query = gst_query_new_caps (NULL);
  g_assert_true (gst_pad_peer_query (rig->harness->srcpad, query));
  gst_query_unref (query);
  gst_caps_unref (caps);
  return GINT_TO_POINTER (answered);
}

static void
queries_do_not_wait (Rig * rig, gconstpointer data)
{
  Pusher pusher;

  pusher_start (&pusher, rig, 100);
  g_thread_join (pusher.thread);
  g_assert_null (g_thread_join (g_thread_new ("query", query_allocation, rig)));
}

/* Pushes */

static void
be_busy (gpointer data)
{
  gint64 end = g_get_monotonic_time () + PARLEY_STALL_US + 2000;

  while (g_get_monotonic_time () < end);
}

static void
stall_names_the_peer (Rig * rig, gconstpointer data)
{
  GstMessage *message;
  const GstStructure *structure;
  guint64 count, longest;

  gst_harness_push (rig->harness, numbered (1));
  rig_expect_no_message (rig, "loop-stall");
  rig->on_buffer = be_busy;
  gst_harness_push (rig->harness, numbered (1));
  gst_harness_push (rig->harness, numbered (1));
  message = rig_take_message (rig, "loop-stall");
  g_assert_nonnull (message);
  structure = gst_message_get_structure (message);
  g_assert_nonnull (strstr (gst_structure_get_string (structure, "peer"),
          "sink"));
  g_assert_true (gst_structure_get_uint64 (structure, "count", &count));
  g_assert_cmpuint (count, ==, 1);
  g_assert_true (gst_structure_get_uint64 (structure, "longest", &longest));
  g_assert_cmpuint (longest, >=, 22 * GST_MSECOND);
  gst_message_unref (message);
  rig_expect_no_message (rig, "loop-stall");
}

/* Three elements in a row, one stall: the pushes around it do not count it. */
static void
stall_counts_once (void)
{
  Rig rig;
  ParleyLoopStall stall = { 0 };
  gint64 now;

  rig_init (&rig, "noter ! noter ! noter");
  rig_start (&rig, MULAW);
  rig.on_buffer = be_busy;
  gst_harness_push (rig.harness, numbered (1));
  now = g_get_monotonic_time () + 2 * G_TIME_SPAN_SECOND;
  g_assert_true (parley_loop_account_push_in_loop (rig.loop, now,
          now + PARLEY_STALL_US, &stall));
  g_assert_cmpuint (stall.count, ==, 2);
  rig_clear (&rig);
}

static gpointer
go_down (gpointer data)
{
  gst_element_set_state (data, GST_STATE_READY);
  return NULL;
}

static GThread *down;

static void
go_down_meanwhile (gpointer data)
{
  Rig *rig = data;
  GstPad *pad = rig->harness->sinkpad;
  GstPad *src = gst_pad_get_peer (pad);

  down = g_thread_new ("down", go_down, rig->element);
  while (!GST_PAD_IS_FLUSHING (src))
    g_thread_yield ();
  g_assert_cmpint (GST_STATE (rig->element), !=, GST_STATE_READY);
  /* What comes in now finds the run over, but nobody ends it in here. */
  GST_PAD_EVENTFUNC (src) (src, GST_OBJECT (rig->element),
      parley_event_new_playing (1, TRUE));
  expect_notes (rig, "1");
  gst_object_unref (src);
}

static void
going_down_waits_for_a_push (Rig * rig, gconstpointer data)
{
  rig->on_buffer = go_down_meanwhile;
  gst_harness_push (rig->harness, numbered (1));
  g_thread_join (down);
  g_assert_cmpint (GST_STATE (rig->element), ==, GST_STATE_READY);
  rig_settle (rig);
  expect_notes (rig, "stop");
}

static void
refused_buffer_is_an_error (Rig * rig, gconstpointer data)
{
  GstPad *src = gst_pad_get_peer (rig->harness->sinkpad);

  gst_pad_unlink (src, rig->harness->sinkpad);
  gst_harness_push (rig->harness, numbered (1));
  gst_harness_push (rig->harness, numbered (2));
  rig_expect_fault (rig, GST_MESSAGE_ERROR, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FAILED, "Internal data stream error");
  gst_pad_link (src, rig->harness->sinkpad);
  gst_object_unref (src);
}

/* States */

static void
two_runs (Rig * rig, gconstpointer data)
{
  rig_state (rig, GST_STATE_READY);
  rig_state (rig, GST_STATE_PLAYING);
  rig_settle (rig);
  expect_notes (rig, "stop start");
  rig_state (rig, GST_STATE_NULL);
  rig_state (rig, GST_STATE_PLAYING);
  rig_settle (rig);
  expect_notes (rig, "stop start");
}

/* What follows a state change on the loop finds the element at work. */
static void
starts_at_once_on_its_loop (Rig * rig, gconstpointer data)
{
  rig_state (rig, GST_STATE_READY);
  expect_notes (rig, "stop");
  rig_state (rig, GST_STATE_PAUSED);
  expect_notes (rig, "start");
}

static gpointer
up_and_down (gpointer data)
{
  rig_state (data, GST_STATE_PLAYING);
  rig_state (data, GST_STATE_READY);
  return NULL;
}

static void
short_run_never_starts (Rig * rig, gconstpointer data)
{
  rig_state (rig, GST_STATE_READY);
  expect_notes (rig, "stop");
  g_thread_join (g_thread_new ("up and down", up_and_down, rig));
  rig_settle (rig);
  expect_notes (rig, "");
}

static void
note_invoked (GstLoopElement * element)
{
  gst_noter_note (element, "invoked");
}

static void
invoke_ends_with_the_run (Rig * rig, gconstpointer data)
{
  GstLoopElement *element = GST_LOOP_ELEMENT (rig->element);

  gst_loop_element_invoke (element, note_invoked);
  expect_notes (rig, "");
  rig_settle (rig);
  expect_notes (rig, "invoked");
  gst_loop_element_invoke (element, note_invoked);
  rig_state (rig, GST_STATE_READY);
  rig_state (rig, GST_STATE_PLAYING);
  rig_settle (rig);
  expect_notes (rig, "stop start");
}

static void
invoke_without_a_loop (void)
{
  GstElement *element = gst_element_factory_make ("noter", NULL);

  gst_object_ref_sink (element);
  gst_loop_element_invoke (GST_LOOP_ELEMENT (element), note_invoked);
  gst_object_unref (element);
}

static void
upstream_goes_on (Rig * rig, gconstpointer data)
{
  GstEvent *event;

  rig_upstream (rig, parley_event_new_playing (3, TRUE));
  expect_notes (rig, "up");
  while ((event = gst_harness_try_pull_upstream_event (rig->harness))
      && parley_event_get_kind (event) != PARLEY_EVENT_PLAYING)
    gst_event_unref (event);
  g_assert_nonnull (event);
  gst_event_unref (event);
}

/* Contexts */

static void
offers_a_loop (void)
{
  GstElement *pipeline = gst_parse_launch ("noter name=a ! noter name=b",
      NULL);
  GstElement *a = gst_bin_get_by_name (GST_BIN (pipeline), "a");
  GstElement *b = gst_bin_get_by_name (GST_BIN (pipeline), "b");

  gst_element_set_state (pipeline, GST_STATE_READY);
  g_assert_nonnull (gst_loop_element_get_loop (GST_LOOP_ELEMENT (a)));
  g_assert_true (gst_loop_element_get_loop (GST_LOOP_ELEMENT (a))
      == gst_loop_element_get_loop (GST_LOOP_ELEMENT (b)));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (a);
  gst_object_unref (b);
  gst_object_unref (pipeline);
}

static void
call_brings_its_loop (void)
{
  GstElement *element = gst_element_factory_make ("noter", NULL);
  GMainContext *context = g_main_context_new ();
  ParleyLoop *loop = parley_loop_new (context);
  ParleyCall *call = parley_call_new (loop);
  GstContext *offer = gst_loop_context_new_call (call);

  gst_object_ref_sink (element);
  gst_element_set_context (element, offer);
  gst_element_set_state (element, GST_STATE_READY);
  g_assert_true (gst_loop_element_get_loop (GST_LOOP_ELEMENT (element))
      == loop);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  gst_context_unref (offer);
  g_object_unref (call);
  g_object_unref (loop);
  g_main_context_unref (context);
}

static void
stress (void)
{
  GstHarness *h = gst_harness_new_with_element (gst_element_factory_make
      ("noter", NULL), "sink", "src");
  GstCaps *caps = gst_caps_from_string (MULAW);
  GstBuffer *buffer = numbered (1);
  GstSegment segment;
  GstHarnessThread *threads[3];

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_set_drop_buffers (h, TRUE);
  races_allow ();
  threads[0] = gst_harness_stress_statechange_start_full (h, 1000);
  threads[1] = gst_harness_stress_push_buffer_start_full (h, caps, &segment,
      buffer, 100);
  threads[2] = gst_harness_stress_push_event_start_full (h,
      parley_event_new_dtmf (1, '1'), 500);
  while (gst_harness_buffers_received (h) < 300)
    g_thread_yield ();
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    gst_harness_stress_thread_stop (threads[i]);
  gst_buffer_unref (buffer);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

#define ADD(name, func) \
    g_test_add ("/loopelement/" name, Rig, NULL, setup, func, teardown)
#define ADD_DROPPING(name, func) \
    g_test_add ("/loopelement/" name, Rig, "drop", setup, func, teardown)

int
main (int argc, char **argv)
{
  /* The plugin has the class that is tested too. */
  g_setenv ("GST_REGISTRY_DISABLE", "yes", TRUE);
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  gst_element_register (NULL, "noter", GST_RANK_NONE, gst_noter_get_type ());
  g_type_class_ref (gst_noter_get_type ());

  ADD ("on-the-loop", on_the_loop);
  ADD ("other-thread-keeps-order", other_thread_keeps_order);
  ADD ("eos-comes-last", eos_comes_last);
  ADD ("on-loop-goes-behind-what-waits", on_loop_goes_behind_what_waits);
  ADD ("waits-at-two-seconds", waits_at_two_seconds);
  ADD ("flush-wakes", flush_wakes);
  ADD ("going-down-wakes", going_down_wakes);
  ADD ("flush-comes-before-what-follows", flush_comes_before_what_follows);
  ADD_DROPPING ("live-drops-oldest", live_drops_oldest);
  ADD_DROPPING ("dropping-warns-once-a-second", dropping_warns_once_a_second);
  ADD_DROPPING ("not-live-waits-instead", not_live_waits_instead);
  ADD ("out-of-band-overtakes", out_of_band_overtakes);
  ADD ("queries-do-not-wait", queries_do_not_wait);
  ADD ("stall-names-the-peer", stall_names_the_peer);
  g_test_add_func ("/loopelement/stall-counts-once", stall_counts_once);
  ADD ("going-down-waits-for-a-push", going_down_waits_for_a_push);
  ADD ("refused-buffer-is-an-error", refused_buffer_is_an_error);
  ADD ("two-runs", two_runs);
  ADD ("starts-at-once-on-its-loop", starts_at_once_on_its_loop);
  ADD ("short-run-never-starts", short_run_never_starts);
  ADD ("invoke-ends-with-the-run", invoke_ends_with_the_run);
  g_test_add_func ("/loopelement/invoke-without-a-loop", invoke_without_a_loop);
  ADD ("upstream-goes-on", upstream_goes_on);
  g_test_add_func ("/loopelement/offers-a-loop", offers_a_loop);
  g_test_add_func ("/loopelement/call-brings-its-loop", call_brings_its_loop);
  g_test_add_func ("/loopelement/stress", stress);
  return g_test_run ();
}
