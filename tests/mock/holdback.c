/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "holdback.h"

#include "net/clock.h"

#define MOCK_TYPE_HOLDBACK (mock_holdback_get_type ())
G_DECLARE_FINAL_TYPE (MockHoldback, mock_holdback, MOCK, HOLDBACK, GstElement)
     struct _MockHoldback
     {
       GstElement parent;
       GstPad *sinkpad;
       GstPad *srcpad;
       ParleyLoop *loop;
       gint64 hold;
       GQueue held;             /* of Item */
       GSource *timer;
     };

     typedef struct
     {
       GstMiniObject *object;
       gint64 due;
     } Item;

     static GstStaticPadTemplate sink_template =
         GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
     static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_FINAL_TYPE (MockHoldback, mock_holdback, GST_TYPE_ELEMENT);

     static void item_free (gpointer data)
{
  Item *item = data;

  gst_mini_object_unref (item->object);
  g_free (item);
}

static gboolean
hand_on (gpointer data)
{
  MockHoldback *self = data;
  gint64 now = parley_clock_now ();
  Item *item;

  while ((item = g_queue_peek_head (&self->held)) && item->due <= now) {
    g_queue_pop_head (&self->held);
    if (GST_IS_BUFFER (item->object))
      gst_pad_push (self->srcpad, GST_BUFFER (item->object));
    else
      gst_pad_push_event (self->srcpad, GST_EVENT (item->object));
    g_free (item);
  }
  if (item)
    parley_timer_set_due (self->timer, item->due);
  return G_SOURCE_CONTINUE;
}

static void
hold (MockHoldback * self, GstMiniObject * object)
{
  Item *item = g_new (Item, 1);

  item->object = object;
  item->due = parley_clock_now () + self->hold;
  g_queue_push_tail (&self->held, item);
  if (!self->timer)
    self->timer = parley_loop_add_timer (self->loop, item->due, hand_on, self);
  else if (self->held.length == 1)
    parley_timer_set_due (self->timer, item->due);
}

static GstFlowReturn
mock_holdback_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  hold (MOCK_HOLDBACK (parent), GST_MINI_OBJECT (buffer));
  return GST_FLOW_OK;
}

static gboolean
mock_holdback_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  MockHoldback *self = MOCK_HOLDBACK (parent);

  if (!GST_EVENT_IS_SERIALIZED (event)
      || GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    return gst_pad_event_default (pad, parent, event);
  hold (self, GST_MINI_OBJECT (event));
  return TRUE;
}

static GstStateChangeReturn
mock_holdback_change_state (GstElement * element, GstStateChange transition)
{
  MockHoldback *self = MOCK_HOLDBACK (element);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    parley_timer_clear (&self->timer);
    g_queue_clear_full (&self->held, item_free);
  }
  return GST_ELEMENT_CLASS (mock_holdback_parent_class)->change_state (element,
      transition);
}

static void
mock_holdback_init (MockHoldback * self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sinkpad, mock_holdback_chain);
  gst_pad_set_event_function (self->sinkpad, mock_holdback_event);
  GST_PAD_SET_PROXY_CAPS (self->sinkpad);
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  GST_PAD_SET_PROXY_CAPS (self->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
}

static void
mock_holdback_class_init (MockHoldbackClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  element_class->change_state = mock_holdback_change_state;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Hold back",
      "Filter", "Hands everything on later", "Parley developers");
}

void
mock_holdback_register (void)
{
  gst_element_register (NULL, "holdback", GST_RANK_NONE, MOCK_TYPE_HOLDBACK);
}

void
mock_holdback_set (GstElement * element, ParleyLoop * loop, gint64 us)
{
  MOCK_HOLDBACK (element)->loop = loop;
  MOCK_HOLDBACK (element)->hold = us;
}
