/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/graph.h"

#include <string.h>

typedef struct
{
  GString *text;
  ParleyCallRecord *record;
  ParleyMetrics *metrics;
  GPtrArray *elements;          /* of GstElement that are no bins */
} Graph;

/* Text */

gchar *
parley_graph_escape (const gchar * text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_new (NULL);

  for (const gchar * c = valid; *c; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_c (out, '\\');
    g_string_append_c (out, g_ascii_iscntrl (*c) ? ' ' : *c);
  }
  return g_string_free (out, FALSE);
}

static void
append_escaped (GString * out, const gchar * text)
{
  g_autofree gchar *escaped = parley_graph_escape (text);

  g_string_append (out, escaped);
}

static const gchar *
factory_name (GstElement * element)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory ? GST_OBJECT_NAME (factory) : G_OBJECT_TYPE_NAME (element);
}

/* Elements */

static void
add_element (const GValue * item, gpointer data)
{
  GstElement *element = g_value_get_object (item);

  if (!GST_IS_BIN (element))
    g_ptr_array_add (data, gst_object_ref (element));
}

static GPtrArray *
list_elements (GstElement * pipeline)
{
  GPtrArray *elements = g_ptr_array_new_with_free_func (gst_object_unref);
  GstIterator *all = gst_bin_iterate_recurse (GST_BIN (pipeline));

  gst_iterator_foreach (all, add_element, elements);
  gst_iterator_free (all);
  return elements;
}

static void
append_ms (GString * out, gint64 p50, gint64 p95)
{
  gchar first[G_ASCII_DTOSTR_BUF_SIZE], second[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (out, "%s / %s ms",
      g_ascii_formatd (first, sizeof first, "%.1f", p50 / 1e3),
      g_ascii_formatd (second, sizeof second, "%.1f", p95 / 1e3));
}

/* "provider 310.0 / 420.0 ms (server about 300.0 / 500.0 ms)". */
static void
append_times (Graph * self, const gchar * element, ParleyOwner owner)
{
  gint64 here = parley_call_record_get_percentile (self->record, element,
      owner, 50);
  gint64 all = parley_metrics_get_quantile (self->metrics, element, owner, 0.5);

  if (here < 0 && all < 0)
    return;
  g_string_append_printf (self->text, "\\n%s ", parley_owner_to_string (owner));
  if (here >= 0)
    append_ms (self->text, here, parley_call_record_get_percentile
        (self->record, element, owner, 95));
  else
    g_string_append (self->text, "-");
  if (all >= 0) {
    g_string_append (self->text, " (server about ");
    append_ms (self->text, all, parley_metrics_get_quantile (self->metrics,
            element, owner, 0.95));
    g_string_append_c (self->text, ')');
  }
}

static gboolean
note_task (GstElement * element, GstPad * pad, gpointer data)
{
  GST_OBJECT_LOCK (pad);
  if (GST_PAD_TASK (pad))
    *(gboolean *) data = TRUE;
  GST_OBJECT_UNLOCK (pad);
  return TRUE;
}

static void
print_element (Graph * self, guint index)
{
  GstElement *element = g_ptr_array_index (self->elements, index);
  const gchar *factory = factory_name (element);
  gboolean has_thread = FALSE;

  gst_element_foreach_pad (element, note_task, &has_thread);
  g_string_append_printf (self->text, "  n%u [label=\"", index);
  append_escaped (self->text, factory);
  g_string_append (self->text, "\\n");
  append_escaped (self->text, GST_OBJECT_NAME (element));
  for (guint owner = 0; owner <= PARLEY_OWNER_NETWORK; owner++)
    append_times (self, factory, owner);
  g_string_append_printf (self->text, "%s\"%s];\n",
      has_thread ? "\\na thread of its own" : "",
      has_thread ? ", style=\"filled,dashed\", fillcolor=\"#f3d9b1\"" : "");
}

/* Links */

/* The pad that data reaches in the end: ghost pads of bins are passed. */
static GstPad *
find_peer (GstPad * pad)
{
  GstPad *peer = gst_pad_get_peer (pad);

  while (peer && GST_IS_PROXY_PAD (peer)) {
    GstPad *next = NULL;

    if (GST_IS_GHOST_PAD (peer)) {
      next = gst_ghost_pad_get_target (GST_GHOST_PAD (peer));
    } else {
      GstProxyPad *ghost = gst_proxy_pad_get_internal (GST_PROXY_PAD (peer));

      if (ghost)
        next = gst_pad_get_peer (GST_PAD (ghost));
      g_clear_pointer (&ghost, gst_object_unref);
    }
    gst_object_unref (peer);
    peer = next;
  }
  return peer;
}

/* "audio/x-raw S16LE 16000 Hz". */
static void
append_caps (GString * out, GstPad * pad)
{
  GstCaps *caps = gst_pad_get_current_caps (pad);
  const GstStructure *first;
  const gchar *format;
  gint rate;

  if (!caps)
    return;
  if (gst_caps_get_size (caps) > 0) {
    first = gst_caps_get_structure (caps, 0);
    format = gst_structure_get_string (first, "format");
    append_escaped (out, gst_structure_get_name (first));
    if (format) {
      g_string_append_c (out, ' ');
      append_escaped (out, format);
    }
    if (gst_structure_get_int (first, "rate", &rate))
      g_string_append_printf (out, " %d Hz", rate);
  }
  gst_caps_unref (caps);
}

/* What waits in @element, as far as it tells. */
static void
append_levels (GString * out, GstElement * element)
{
  GObjectClass *klass = G_OBJECT_GET_CLASS (element);
  guint buffers;
  guint64 time;

  if (!g_object_class_find_property (klass, "current-level-buffers")
      || !g_object_class_find_property (klass, "current-level-time"))
    return;
  g_object_get (element, "current-level-buffers", &buffers,
      "current-level-time", &time, NULL);
  g_string_append_printf (out, "\\nwaiting: %u buffers, %u ms", buffers,
      (guint) GST_TIME_AS_MSECONDS (time));
}

static void
print_link (Graph * self, guint from, GstPad * pad)
{
  GstPad *peer = find_peer (pad);
  GstElement *element = peer ? gst_pad_get_parent_element (peer) : NULL;
  guint to;

  if (element && g_ptr_array_find (self->elements, element, &to)) {
    g_string_append_printf (self->text, "  n%u -> n%u [label=\"", from, to);
    append_caps (self->text, pad);
    append_levels (self->text, element);
    g_string_append (self->text, "\"];\n");
  }
  g_clear_pointer (&element, gst_object_unref);
  g_clear_pointer (&peer, gst_object_unref);
}

static void
print_links (Graph * self, guint from)
{
  GstElement *element = g_ptr_array_index (self->elements, from);
  GstIterator *pads = gst_element_iterate_src_pads (element);
  GValue item = G_VALUE_INIT;

  while (gst_iterator_next (pads, &item) == GST_ITERATOR_OK) {
    print_link (self, from, g_value_get_object (&item));
    g_value_reset (&item);
  }
  g_value_unset (&item);
  gst_iterator_free (pads);
}

gchar *
parley_graph_new_in_loop (GstElement * pipeline, const gchar * title,
    ParleyCallRecord * record, ParleyMetrics * metrics)
{
  Graph self = { g_string_new (NULL), record, metrics,
    list_elements (pipeline)
  };

  g_string_append (self.text, "digraph call {\n"
      "  rankdir=LR;\n"
      "  node [shape=box, fontname=\"sans\", fontsize=10];\n"
      "  edge [fontname=\"sans\", fontsize=9];\n"
      "  labelloc=\"t\";\n  fontname=\"sans\";\n  label=\"");
  append_escaped (self.text, title);
  g_string_append (self.text, "\\nper answer, p50 / p95\";\n");
  /* A bin gives the last added first. */
  for (guint i = self.elements->len; i > 0; i--)
    print_element (&self, i - 1);
  for (guint i = self.elements->len; i > 0; i--)
    print_links (&self, i - 1);
  g_string_append (self.text, "}\n");
  g_ptr_array_unref (self.elements);
  return g_string_free (self.text, FALSE);
}
