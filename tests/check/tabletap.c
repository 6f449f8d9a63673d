/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tabletap.h"

#include <gst/base/gstbasetransform.h>

typedef struct
{
  GstBaseTransform parent;
} TableTap;

typedef struct
{
  GstBaseTransformClass parent_class;
} TableTapClass;

static GMutex lock;
static GList *taps;             /* all there are, under lock */

static GstStaticPadTemplate sink_template =
GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template =
GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS_ANY);

GType table_tap_get_type (void);
G_DEFINE_TYPE (TableTap, table_tap, GST_TYPE_BASE_TRANSFORM);

static void
table_tap_init (TableTap * self)
{
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), TRUE);
  g_mutex_lock (&lock);
  taps = g_list_prepend (taps, self);
  g_mutex_unlock (&lock);
}

static void
table_tap_dispose (GObject * object)
{
  g_mutex_lock (&lock);
  taps = g_list_remove (taps, object);
  g_mutex_unlock (&lock);
  G_OBJECT_CLASS (table_tap_parent_class)->dispose (object);
}

static void
table_tap_class_init (TableTapClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = table_tap_dispose;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Tap", "Generic",
      "Flushes what is behind it", "Parley developers");
}

void
table_tap_register (void)
{
  gst_element_register (NULL, "tabletap", GST_RANK_NONE, table_tap_get_type ());
}

static GstElement *
find_playing (const gchar * name)
{
  GstElement *found = NULL;

  g_mutex_lock (&lock);
  for (GList * l = taps; l && !found; l = l->next)
    if (g_str_equal (GST_OBJECT_NAME (l->data), name)
        && GST_STATE (l->data) == GST_STATE_PLAYING)
      found = gst_object_ref (l->data);
  g_mutex_unlock (&lock);
  return found;
}

/* What comes behind a flush needs its segment again. */
void
table_tap_flush (const gchar * name)
{
  GstElement *tap = find_playing (name);
  GstPad *sink, *src;
  GstEvent *segment;

  if (!tap)
    g_error ("no tap %s plays", name);
  sink = GST_BASE_TRANSFORM_SINK_PAD (tap);
  src = GST_BASE_TRANSFORM_SRC_PAD (tap);
  gst_pad_push_event (src, gst_event_new_flush_start ());
  GST_PAD_STREAM_LOCK (sink);
  segment = gst_pad_get_sticky_event (sink, GST_EVENT_SEGMENT, 0);
  gst_pad_push_event (src, gst_event_new_flush_stop (FALSE));
  if (segment)
    gst_pad_push_event (src, segment);
  GST_PAD_STREAM_UNLOCK (sink);
  gst_object_unref (tap);
}
