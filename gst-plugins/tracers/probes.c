/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "probes.h"

#include <string.h>

#include "net/clock.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

/* What left an element on this thread and goes into the next one: it need not
 * be looked at again, and takes along what was inferred of it. */
static __thread struct
{
  gconstpointer item;           /* buffer, list or event; only compared */
  ResidenceData data;           /* of a list: the last of it */
  gint64 now;
} passing;

/* How a list is given to elements that have no function for one. */
static GstPadChainListFunction one_by_one;

static ResidenceData
data_of_buffer (GstBuffer * buffer, GQuark medium)
{
  const ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);
  ResidenceData data = {.id = buffer,.pts = GST_BUFFER_PTS (buffer),
    .medium = medium
  };

  if (meta) {
    data.marked = TRUE;
    data.turn = meta->turn;
    data.epoch = meta->epoch;
    data.arrived = meta->arrived;
  }
  return data;
}

/* The text of a turn that may not be over. FALSE: another event. */
static gboolean
data_of_guess (GstEvent * event, ResidenceData * data)
{
  static GQuark medium;

  *data = (ResidenceData) {
  .marked = TRUE,.id = event,.pts = GST_CLOCK_TIME_NONE};
  if (GST_EVENT_TYPE (event) != GST_EVENT_CUSTOM_DOWNSTREAM
      || parley_event_get_kind (event) != PARLEY_EVENT_TURN_GUESS
      || !parley_event_parse_take (event, &data->turn, NULL))
    return FALSE;
  if (!medium)
    medium = g_quark_from_static_string ("event");
  data->medium = medium;
  return TRUE;
}

/* Part of a call, but of no turn. */
static gboolean
is_between_turns (const ResidenceData * data)
{
  return data->marked && !data->turn && !data->epoch;
}

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

static void
end_stays (TracedElement * element, gboolean forget)
{
  g_mutex_lock (&element->lock);
  residence_close (element->residence);
  if (forget)
    residence_forget (element->residence);
  g_mutex_unlock (&element->lock);
}

/* Leaving */

static void
leave (TracedElement * element, ResidenceData * data, gint64 now)
{
  g_mutex_lock (&element->lock);
  residence_leave (element->residence, data, now);
  g_mutex_unlock (&element->lock);
}

static void
leave_data (TracedElement * element, gconstpointer item,
    const ResidenceData * data)
{
  passing.item = item;
  passing.data = *data;
  passing.now = parley_clock_now ();
  leave (element, &passing.data, passing.now);
}

static void
leave_list (TracedElement * element, GstBufferList * list, GQuark medium)
{
  for (guint i = 0; i < gst_buffer_list_length (list); i++) {
    ResidenceData data = data_of_buffer (gst_buffer_list_get (list, i), medium);

    leave_data (element, list, &data);
  }
}

static void
leave_event (TracedElement * element, TracedPad * self, GstEvent * event)
{
  ResidenceData data;

  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
    self->medium = medium_of_caps (event);
  else if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    end_stays (element, FALSE);
  else if (data_of_guess (event, &data))
    leave_data (element, event, &data);
}

/* At a source pad. */
static GstPadProbeReturn
on_leaving (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  TracedPad *self = user_data;
  TracedElement *element = traced_pad_get_element (self, pad);

  if (!element)
    return GST_PAD_PROBE_OK;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    ResidenceData data = data_of_buffer (info->data, self->medium);
    leave_data (element, info->data, &data);
  } else if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    leave_list (element, info->data, self->medium);
  } else {
    leave_event (element, self, info->data);
  }
  return GST_PAD_PROBE_OK;
}

/* Sinks: what came in left when they give back control */

static void
leave_sink (TracedPad * self, GstPad * pad, ResidenceData * data)
{
  TracedElement *element = traced_pad_get_element (self, pad);

  if (element && data->id)
    leave (element, data, parley_clock_now ());
}

static GstFlowReturn
chain_sink (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  TracedPad *self = traced_pad_find (pad);
  ResidenceData data = self->given;
  GstFlowReturn ret;

  self->given.id = NULL;
  ret = self->chain (pad, parent, buffer);
  leave_sink (self, pad, &data);
  return ret;
}

static GstFlowReturn
chain_list_sink (GstPad * pad, GstObject * parent, GstBufferList * list)
{
  TracedPad *self = traced_pad_find (pad);
  ResidenceData data = self->given;
  GstFlowReturn ret;

  self->given.id = NULL;
  ret = self->chain_list (pad, parent, list);
  leave_sink (self, pad, &data);
  return ret;
}

/* With the stream lock, before the function is looked up. An element may set
 * its function again at any start. */
static void
wrap_sink (TracedPad * self, GstPad * pad)
{
  if (GST_PAD_CHAINFUNC (pad) && GST_PAD_CHAINFUNC (pad) != chain_sink) {
    self->chain = GST_PAD_CHAINFUNC (pad);
    GST_PAD_CHAINFUNC (pad) = chain_sink;
  }
  if (GST_PAD_CHAINLISTFUNC (pad) && GST_PAD_CHAINLISTFUNC (pad) != one_by_one
      && GST_PAD_CHAINLISTFUNC (pad) != chain_list_sink) {
    self->chain_list = GST_PAD_CHAINLISTFUNC (pad);
    GST_PAD_CHAINLISTFUNC (pad) = chain_list_sink;
  }
}

/* Entering */

static void
enter (TracedElement * element, TracedPad * self, GstPad * pad,
    const ResidenceData * data, gint64 now)
{
  ResidenceLevel level;
  gboolean has_level = FALSE;

  if (element->kind & RESIDENCE_SINK) {
    if (is_between_turns (data))
      return;
    wrap_sink (self, pad);
    self->given = *data;
  }
  if (!is_between_turns (data))
    has_level = traced_element_read_level (element, pad, &level);
  g_mutex_lock (&element->lock);
  residence_enter (element->residence, data, now);
  if (has_level)
    residence_note_level (element->residence, data->turn, data->epoch, &level,
        now);
  g_mutex_unlock (&element->lock);
}

static void
enter_buffer (TracedElement * element, TracedPad * self, GstPad * pad,
    GstBuffer * buffer)
{
  if (passing.item == buffer && passing.data.pts == GST_BUFFER_PTS (buffer)) {
    passing.item = NULL;
    enter (element, self, pad, &passing.data, passing.now);
  } else {
    ResidenceData data = data_of_buffer (buffer, self->medium);
    enter (element, self, pad, &data, parley_clock_now ());
  }
}

static void
enter_list (TracedElement * element, TracedPad * self, GstPad * pad,
    GstBufferList * list)
{
  gboolean passed = passing.item == list;
  gint64 now = passed ? passing.now : parley_clock_now ();

  if (GST_PAD_CHAINLISTFUNC (pad) == one_by_one)
    return;
  passing.item = NULL;
  for (guint i = 0; i < gst_buffer_list_length (list); i++) {
    ResidenceData data = data_of_buffer (gst_buffer_list_get (list, i),
        self->medium);

    if (passed && !data.marked) {
      data.turn = passing.data.turn;
      data.epoch = passing.data.epoch;
      data.inferred = passing.data.inferred;
    }
    enter (element, self, pad, &data, now);
  }
}

static void
enter_event (TracedElement * element, TracedPad * self, GstPad * pad,
    GstEvent * event)
{
  ResidenceData data;

  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
    self->medium = medium_of_caps (event);
  else if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    end_stays (element, TRUE);
  else if (data_of_guess (event, &data))
    enter (element, self, pad, &data, parley_clock_now ());
}

/* At a sink pad. */
static GstPadProbeReturn
on_entering (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  TracedPad *self = user_data;
  TracedElement *element = traced_pad_get_element (self, pad);

  if (!element)
    return GST_PAD_PROBE_OK;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    enter_buffer (element, self, pad, info->data);
  else if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    enter_list (element, self, pad, info->data);
  else
    enter_event (element, self, pad, info->data);
  return GST_PAD_PROBE_OK;
}

/* Pads */

/* Any pad that is added anywhere. Most are while their element is still being
 * made: of what kind that is shows when data comes. */
static gboolean
on_pad_added (GSignalInvocationHint * hint, guint n_values,
    const GValue * values, gpointer user_data)
{
  gpointer element = g_value_get_object (&values[0]);
  GstPad *pad = g_value_get_object (&values[1]);
  gboolean is_source = GST_PAD_IS_SRC (pad);
  TracedPad *traced;

  if (GST_IS_BIN (element) || GST_IS_PROXY_PAD (pad))
    return TRUE;
  traced = traced_registry_add_pad (user_data, pad);
  if (traced)
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER
        | GST_PAD_PROBE_TYPE_BUFFER_LIST | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM
        | (is_source ? 0 : GST_PAD_PROBE_TYPE_EVENT_FLUSH),
        is_source ? on_leaving : on_entering, traced, NULL);
  return TRUE;
}

void
probes_begin (TracedRegistry * registry)
{
  GstPad *pad = gst_object_ref_sink (gst_pad_new (NULL, GST_PAD_SINK));

  one_by_one = GST_PAD_CHAINLISTFUNC (pad);
  gst_object_unref (pad);
  /* For its signals; never given back. */
  g_type_class_ref (GST_TYPE_ELEMENT);
  g_signal_add_emission_hook (g_signal_lookup ("pad-added", GST_TYPE_ELEMENT),
      0, on_pad_added, registry, NULL);
}
