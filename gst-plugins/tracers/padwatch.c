/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "padwatch.h"

#include <string.h>

#include "net/clock.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

/* Of what leaves a source between turns, one in so many counts. */
#define SAMPLE 32

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
    data.entered = meta->entered;
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
end_stays (Residence * residence, gboolean forget)
{
  if (!residence)
    return;
  residence_lock (residence);
  residence_close (residence);
  if (forget)
    residence_forget (residence);
  residence_unlock (residence);
}

/* Passing */

static void
leave (Residence * residence, ResidenceData * data, gint64 now)
{
  residence_lock (residence);
  residence_leave (residence, data, now);
  residence_unlock (residence);
}

/* @pad, of @self: by which it enters. */
static void
enter (TracedPad * self, GstPad * pad, const ResidenceData * data, gint64 now)
{
  ResidenceLevel level;
  gboolean has_level = self->has_level && !is_between_turns (data)
      && traced_pad_read_level (self, pad, &level);

  residence_lock (self->residence);
  if (self->kind & RESIDENCE_TELLS)
    residence_settle (self->residence, now);
  else if (!(self->kind & RESIDENCE_SINK))
    self->place = residence_enter (self->residence, data, now);
  if (has_level)
    residence_note_level (self->residence, data->turn, data->epoch, &level,
        now);
  residence_unlock (self->residence);
}

/* Between turns a source need not tell of each packet, and a sink of none. */
static gboolean
counts_from (TracedPad * self, const ResidenceData * data)
{
  if (!self->other_residence)
    return FALSE;
  return !(self->other_kind & RESIDENCE_SOURCE) || !is_between_turns (data)
      || self->left_out++ % SAMPLE == 0;
}

/* And what tells by itself when data entered has nothing to be told. */
static gboolean
is_left_out (TracedPad * self)
{
  if (!self->between_turns || !(self->kind & RESIDENCE_TELLS)
      || !(self->other_kind & RESIDENCE_SOURCE)
      || self->left_out % SAMPLE == 0)
    return FALSE;
  self->left_out++;
  return TRUE;
}

static gboolean
counts_into (TracedPad * self, const ResidenceData * data)
{
  if (!self->residence)
    return FALSE;
  return !(self->kind & RESIDENCE_SINK) || !is_between_turns (data);
}

/* From what the sink pad @pad, of @self, is linked to, into @pad, at @now.
 * Returns the sink that must be told once it gives back control, or NULL. */
static Residence *
pass (TracedPad * self, GstPad * pad, ResidenceData * data, gint64 * now)
{
  gboolean from, into, sink;

  traced_pad_update (self, pad);
  sink = self->kind & RESIDENCE_SINK;
  from = counts_from (self, data);
  into = counts_into (self, data);
  if (!from && !into)
    return NULL;
  *now = parley_clock_now ();
  if (from)
    leave (self->other_residence, data, *now);
  if (into && (!sink || self->has_level))
    enter (self, pad, data, *now);
  return into && sink ? self->residence : NULL;
}

static void
end_sink (Residence * sink, const ResidenceData * data, gint64 began)
{
  gint64 now = parley_clock_now ();

  residence_lock (sink);
  residence_pass (sink, data, began, now);
  residence_unlock (sink);
}

static GstFlowReturn
chain (TracedPad * self, GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  Residence *sink;
  ResidenceData data;
  GstFlowReturn ret;
  gint64 began;

  if (is_left_out (self))
    return self->chain (pad, parent, buffer);
  residence_prefetch (self->residence, self->place);
  data = data_of_buffer (buffer, self->medium);
  self->between_turns = is_between_turns (&data);
  sink = pass (self, pad, &data, &began);
  ret = self->chain (pad, parent, buffer);
  if (sink)
    end_sink (sink, &data, began);
  return ret;
}

static GstFlowReturn
watch_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  return chain (pad->chaindata, pad, parent, buffer);
}

/* Of an element that has data of its own with its function. */
static GstFlowReturn
watch_chain_with_data (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  return chain (traced_pad_find (pad), pad, parent, buffer);
}

static GstFlowReturn
watch_chain_list (GstPad * pad, GstObject * parent, GstBufferList * list)
{
  TracedPad *self = traced_pad_find (pad);
  Residence *sink = NULL;
  ResidenceData data;
  GstFlowReturn ret;
  gint64 began;

  for (guint i = 0; i < gst_buffer_list_length (list); i++) {
    data = data_of_buffer (gst_buffer_list_get (list, i), self->medium);
    sink = pass (self, pad, &data, &began);
  }
  ret = self->chain_list (pad, parent, list);
  if (sink)
    end_sink (sink, &data, began);
  return ret;
}

/* Of a source pad, by which data leaves to who asks for it. */
static GstFlowReturn
watch_get_range (GstPad * pad, GstObject * parent, guint64 offset, guint size,
    GstBuffer ** buffer)
{
  TracedPad *self = traced_pad_find (pad);
  GstFlowReturn ret = self->get_range (pad, parent, offset, size, buffer);
  gint64 now = parley_clock_now ();
  ResidenceData data;

  if (ret != GST_FLOW_OK)
    return ret;
  traced_pad_update (self, pad);
  data = data_of_buffer (*buffer, 0);
  if (self->residence)
    leave (self->residence, &data, now);
  if (!self->other_residence || self->other_kind & RESIDENCE_SINK)
    return ret;
  residence_lock (self->other_residence);
  residence_enter (self->other_residence, &data, now);
  residence_unlock (self->other_residence);
  return ret;
}

/* Events */

static void watch_sink_pad (TracedPad * self, GstPad * pad);

static void
note_event (TracedPad * self, GstPad * pad, GstEvent * event)
{
  ResidenceData data;
  gint64 now;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
      watch_sink_pad (self, pad);
      break;
    case GST_EVENT_CAPS:
      self->medium = medium_of_caps (event);
      break;
    case GST_EVENT_EOS:
      traced_pad_update (self, pad);
      end_stays (self->other_residence, FALSE);
      break;
    case GST_EVENT_FLUSH_STOP:
      end_stays (traced_pad_get_residence (self, pad), TRUE);
      break;
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      if (data_of_guess (event, &data))
        pass (self, pad, &data, &now);
      break;
    default:
      break;
  }
}

static gboolean
watch_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  TracedPad *self = traced_pad_find (pad);

  note_event (self, pad, event);
  return self->event (pad, parent, event);
}

static GstFlowReturn
watch_event_full (GstPad * pad, GstObject * parent, GstEvent * event)
{
  TracedPad *self = traced_pad_find (pad);

  note_event (self, pad, event);
  return self->event_full (pad, parent, event);
}

/* Pads */

#define WRAP(present, own, wrapper) G_STMT_START { \
  if (present && present != wrapper) { \
    own = present; \
    present = wrapper; \
  } \
} G_STMT_END

/* The data of the function is how @self is found. */
static void
wrap_chain (TracedPad * self, GstPad * pad)
{
  if (pad->chaindata && pad->chaindata != self) {
    WRAP (GST_PAD_CHAINFUNC (pad), self->chain, watch_chain_with_data);
  } else if (GST_PAD_CHAINFUNC (pad)) {
    WRAP (GST_PAD_CHAINFUNC (pad), self->chain, watch_chain);
    pad->chaindata = self;
  }
}

/* With the stream lock, before the function is looked up. An element may set
 * its functions again at any start. */
static void
watch_sink_pad (TracedPad * self, GstPad * pad)
{
  wrap_chain (self, pad);
  if (GST_PAD_CHAINLISTFUNC (pad) != one_by_one)
    WRAP (GST_PAD_CHAINLISTFUNC (pad), self->chain_list, watch_chain_list);
  if (GST_PAD_EVENTFULLFUNC (pad))
    WRAP (GST_PAD_EVENTFULLFUNC (pad), self->event_full, watch_event_full);
  else
    WRAP (GST_PAD_EVENTFUNC (pad), self->event, watch_event);
}

/* The first that comes: the element is whole now. */
static GstPadProbeReturn
on_first (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  watch_sink_pad (user_data, pad);
  return GST_PAD_PROBE_REMOVE;
}

/* Any pad that is added anywhere; most are while their element is still being
 * made. */
static gboolean
on_pad_added (GSignalInvocationHint * hint, guint n_values,
    const GValue * values, gpointer user_data)
{
  gpointer element = g_value_get_object (&values[0]);
  GstPad *pad = g_value_get_object (&values[1]);
  TracedPad *self;

  if (GST_IS_BIN (element) || GST_IS_PROXY_PAD (pad))
    return TRUE;
  self = traced_registry_add_pad (user_data, pad);
  if (!self)
    return TRUE;
  if (GST_PAD_IS_SRC (pad))
    WRAP (GST_PAD_GETRANGEFUNC (pad), self->get_range, watch_get_range);
  else
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM, on_first, self,
        NULL);
  return TRUE;
}

void
pad_watch_begin (TracedRegistry * registry)
{
  GstPad *pad = gst_object_ref_sink (gst_pad_new (NULL, GST_PAD_SINK));

  one_by_one = GST_PAD_CHAINLISTFUNC (pad);
  gst_object_unref (pad);
  /* For its signals; never given back. */
  g_type_class_ref (GST_TYPE_ELEMENT);
  g_signal_add_emission_hook (g_signal_lookup ("pad-added", GST_TYPE_ELEMENT),
      0, on_pad_added, registry, NULL);
}
