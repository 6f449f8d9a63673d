/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "elementrig.h"

#include <string.h>

void
rig_settle (Rig * rig)
{
  while (g_main_context_iteration (rig->context, FALSE));
}

void
rig_wait_ms (Rig * rig, guint ms)
{
  gst_test_clock_advance_time (gst_harness_get_testclock (rig->harness),
      ms * GST_MSECOND);
  parley_clock_advance (ms * MS, rig->context);
}

static gboolean
tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
rig_until (Rig * rig, gint * flag)
{
  GSource *source = g_timeout_source_new (1);

  g_source_set_callback (source, tick, NULL, NULL);
  g_source_attach (source, rig->context);
  while (!g_atomic_int_get (flag))
    g_main_context_iteration (rig->context, TRUE);
  g_source_destroy (source);
  g_source_unref (source);
}

/* The trace */

static guint
relative (Rig * rig, guint64 epoch)
{
  return epoch ? (guint) (epoch - rig->epochs) : 0;
}

static void
trace_buffer (Rig * rig, GstPad * pad, GstBuffer * buffer)
{
  GstCaps *caps = gst_pad_get_current_caps (pad);
  const gchar *name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);
  GstMapInfo map;

  if (!meta)
    g_string_append_c (rig->trace, '-');
  else if (meta->epoch)
    g_string_append_printf (rig->trace, "e%u.%u", relative (rig, meta->epoch),
        meta->sequence);
  else
    g_string_append_printf (rig->trace, "%u/%u", meta->turn, meta->take);
  if (g_str_equal (name, "text/x-raw")) {
    gst_buffer_map (buffer, &map, GST_MAP_READ);
    g_string_append_printf (rig->trace, "\"%.*s\"", (gint) map.size,
        (gchar *) map.data);
    gst_buffer_unmap (buffer, &map);
  } else {
    g_string_append_printf (rig->trace, ":%ums%s",
        (guint) (GST_BUFFER_DURATION (buffer) / GST_MSECOND),
        GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT) ? "!" : "");
  }
  g_string_append_c (rig->trace, ' ');
  gst_caps_unref (caps);
}

static void
trace_parley (Rig * rig, GstEvent * event)
{
  static const gchar *names[PARLEY_N_EVENTS] = { NULL, "start", "stop",
    "resume", "turnend", "guess", "empty", "partial", "endpoint", "key",
    "beep", "endpointing", "pause", "unpause", "release", "interrupt", "end",
    "passage", "playing", "heard"
  };
  guint turn, take;
  guint64 epoch;
  gboolean flag = FALSE;
  const gchar *text = NULL;

  g_string_append (rig->trace, names[parley_event_get_kind (event)]);
  if (parley_event_parse_epoch (event, &epoch))
    g_string_append_printf (rig->trace, "%u", relative (rig, epoch));
  else if (parley_event_parse_take (event, &turn, &take))
    g_string_append_printf (rig->trace, "%u/%u", turn, take);
  if (parley_event_parse_passage (event, NULL, &flag))
    g_string_append_c (rig->trace, flag ? '+' : '-');
  if (parley_event_parse_pause (event, NULL, &flag) && flag)
    g_string_append_c (rig->trace, '!');
  if (parley_event_parse_text (event, &text) && text)
    g_string_append_printf (rig->trace, "\"%s\"", text);
}

static void
trace_event (Rig * rig, GstEvent * event)
{
  gboolean reset;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
      g_string_append_c (rig->trace, '{');
      break;
    case GST_EVENT_FLUSH_STOP:
      gst_event_parse_flush_stop (event, &reset);
      g_string_append (rig->trace, reset ? ")}" : "}");
      break;
    case GST_EVENT_SEGMENT:
      g_string_append (rig->trace, "seg");
      break;
    case GST_EVENT_GAP:
      g_string_append (rig->trace, "gap");
      break;
    case GST_EVENT_EOS:
      g_string_append (rig->trace, "eos");
      break;
    default:
      if (parley_event_get_kind (event) == PARLEY_EVENT_OTHER)
        return;
      trace_parley (rig, event);
      break;
  }
  g_string_append_c (rig->trace, ' ');
}

static GstPadProbeReturn
see_output (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Rig *rig = data;

  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) {
    trace_buffer (rig, pad, GST_PAD_PROBE_INFO_BUFFER (info));
    if (rig->on_buffer)
      rig->on_buffer (rig);
  } else {
    trace_event (rig, GST_PAD_PROBE_INFO_EVENT (info));
  }
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
answer_query (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Rig *rig = data;
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  const GstStructure *structure = gst_query_get_structure (query);

  if (rig->has_player && structure
      && gst_structure_has_name (structure, "parley/player"))
    return GST_PAD_PROBE_HANDLED;
  if (rig->not_live && GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
    return GST_PAD_PROBE_HANDLED;
  }
  return GST_PAD_PROBE_OK;
}

void
rig_expect (Rig * rig, const gchar * trace)
{
  rig_settle (rig);
  if (rig->trace->len)
    g_string_truncate (rig->trace, rig->trace->len - 1);
  g_assert_cmpstr (rig->trace->str, ==, trace);
  g_string_truncate (rig->trace, 0);
}

void
rig_expect_log (Rig * rig, const gchar * expected)
{
  gchar *log;

  rig_settle (rig);
  log = mock_take_log ();
  g_assert_cmpstr (log, ==, expected);
  g_free (log);
}

/* Life */

void
rig_init (Rig * rig, const gchar * launch)
{
  GError *error = NULL;

  memset (rig, 0, sizeof *rig);
  mock_reset ();
  parley_clock_set_manual (10 * G_TIME_SPAN_SECOND);
  rig->context = g_main_context_new ();
  g_assert_true (g_main_context_acquire (rig->context));
  g_main_context_push_thread_default (rig->context);
  rig->loop = parley_loop_new (rig->context);
  rig->trace = g_string_new (NULL);
  rig->epochs = parley_epoch_next ();
  rig->element = strchr (launch, '!')
      ? gst_parse_bin_from_description (launch, TRUE, &error)
      : gst_parse_launch (launch, &error);
  g_assert_no_error (error);
  gst_object_ref_sink (rig->element);
  rig->bus = gst_bus_new ();
  gst_element_set_bus (rig->element, rig->bus);
}

static void
give_context (Rig * rig, const gchar * type, const gchar * field,
    gpointer object)
{
  GstContext *context = gst_context_new (type, TRUE);

  gst_structure_set (gst_context_writable_structure (context), field,
      G_OBJECT_TYPE (object), object, NULL);
  gst_element_set_context (rig->element, context);
  gst_context_unref (context);
}

void
rig_give_call (Rig * rig)
{
  call_pair_init (&rig->pair, rig->loop);
  rig->has_call = TRUE;
  give_context (rig, "parley.call", "call", rig->pair.call);
}

void
rig_start (Rig * rig, const gchar * caps)
{
  GstPad *sink = gst_element_get_static_pad (rig->element, "sink");

  give_context (rig, "parley.loop", "loop", rig->loop);
  rig->harness = gst_harness_new_with_element (rig->element,
      sink ? "sink" : NULL, "src");
  gst_clear_object (&sink);
  gst_pad_add_probe (rig->harness->sinkpad, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      see_output, rig, NULL);
  gst_pad_add_probe (rig->harness->sinkpad,
      GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer_query, rig, NULL);
  if (rig->harness->srcpad)
    gst_pad_add_probe (rig->harness->srcpad,
        GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, answer_query, rig, NULL);
  if (caps)
    gst_harness_set_src_caps_str (rig->harness, caps);
  rig_settle (rig);
}

void
rig_clear (Rig * rig)
{
  if (rig->harness)
    gst_harness_teardown (rig->harness);
  gst_element_set_state (rig->element, GST_STATE_NULL);
  gst_element_set_bus (rig->element, NULL);
  gst_bus_set_flushing (rig->bus, TRUE);
  gst_object_unref (rig->bus);
  rig_settle (rig);
  g_object_add_weak_pointer (G_OBJECT (rig->element),
      (gpointer *) & rig->element);
  gst_object_unref (rig->element);
  g_assert_null (rig->element);
  if (rig->has_call)
    call_pair_clear (&rig->pair);
  /* A worker may have one in hand still. */
  for (guint i = 0; i < 10000 && mock_count () > 0; i++) {
    g_usleep (1000);
    rig_settle (rig);
  }
  g_assert_cmpuint (mock_count (), ==, 0);
  g_object_unref (rig->loop);
  g_string_free (rig->trace, TRUE);
  g_main_context_pop_thread_default (rig->context);
  g_main_context_release (rig->context);
  g_main_context_unref (rig->context);
  parley_clock_set_real ();
}

/* What goes in */

GstFlowReturn
rig_push_text (Rig * rig, guint turn, guint64 epoch, guint sequence,
    const gchar * text)
{
  GstBuffer *buffer = gst_buffer_new_memdup (text, strlen (text));
  GstFlowReturn flow;

  if (turn || epoch) {
    ParleyTurnMeta *meta = parley_buffer_add_turn_meta (buffer);
    meta->turn = turn;
    meta->epoch = epoch ? rig->epochs + epoch : 0;
    meta->sequence = sequence;
  }
  flow = gst_harness_push (rig->harness, buffer);
  rig_settle (rig);
  return flow;
}

GstBuffer *
rig_audio (guint turn, guint take, GstClockTime pts, guint ms)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, ms * 8, NULL);

  gst_buffer_memset (buffer, 0, 0xff, ms * 8);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = ms * GST_MSECOND;
  if (turn) {
    ParleyTurnMeta *meta = parley_buffer_add_turn_meta (buffer);
    meta->turn = turn;
    meta->take = take;
    meta->arrived = pts / 1000 + 1;
  }
  return buffer;
}

GstFlowReturn
rig_push_audio (Rig * rig, guint turn, guint take, guint ms)
{
  GstFlowReturn flow = gst_harness_push (rig->harness, rig_audio (turn, take,
          0, ms));

  rig_settle (rig);
  return flow;
}

void
rig_event (Rig * rig, GstEvent * event)
{
  gst_harness_push_event (rig->harness, event);
  rig_settle (rig);
}

void
rig_upstream (Rig * rig, GstEvent * event)
{
  gst_harness_push_upstream_event (rig->harness, event);
  rig_settle (rig);
}

void
rig_flush (Rig * rig)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_event (rig, gst_event_new_flush_start ());
  rig_event (rig, gst_event_new_flush_stop (TRUE));
  rig_event (rig, gst_event_new_segment (&segment));
}

void
rig_state (Rig * rig, GstState state)
{
  g_assert_cmpint (gst_element_set_state (rig->element, state), !=,
      GST_STATE_CHANGE_FAILURE);
}

/* What the element tells */

GstMessage *
rig_take_message (Rig * rig, const gchar * name)
{
  GstMessage *message;
  GstMessageType type = g_str_equal (name, "error") ? GST_MESSAGE_ERROR
      : g_str_equal (name, "warning") ? GST_MESSAGE_WARNING
      : GST_MESSAGE_ELEMENT;

  while ((message = gst_bus_pop_filtered (rig->bus, type))) {
    if (type != GST_MESSAGE_ELEMENT || gst_message_has_name (message, name))
      return message;
    gst_message_unref (message);
  }
  return NULL;
}

void
rig_expect_fault (Rig * rig, GstMessageType type, GQuark domain, gint code,
    const gchar * part)
{
  GstMessage *message = gst_bus_pop_filtered (rig->bus, type);
  GError *error = NULL;

  g_assert_nonnull (message);
  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  g_assert_error (error, domain, code);
  if (!strstr (error->message, part))
    g_error ("“%s” does not say “%s”", error->message, part);
  g_error_free (error);
  gst_message_unref (message);
  g_assert_null (gst_bus_pop_filtered (rig->bus, type));
}

void
rig_expect_no_message (Rig * rig, const gchar * name)
{
  g_assert_null (rig_take_message (rig, name));
}

/* Properties */

static void
check_number (GObject * object, GParamSpec * spec)
{
  if (G_IS_PARAM_SPEC_UINT (spec)) {
    GParamSpecUInt *range = G_PARAM_SPEC_UINT (spec);
    guint value;

    g_object_set (object, spec->name, range->maximum, NULL);
    g_object_get (object, spec->name, &value, NULL);
    g_assert_cmpuint (value, ==, range->maximum);
  } else if (G_IS_PARAM_SPEC_DOUBLE (spec)) {
    GParamSpecDouble *range = G_PARAM_SPEC_DOUBLE (spec);
    gdouble value;

    g_object_set (object, spec->name, range->minimum, NULL);
    g_object_get (object, spec->name, &value, NULL);
    g_assert_cmpfloat (value, ==, range->minimum);
  }
}

static void
check_text (GObject * object, GParamSpec * spec)
{
  gchar *value;

  g_object_set (object, spec->name, "a text of its own", NULL);
  g_object_get (object, spec->name, &value, NULL);
  g_assert_cmpstr (value, ==, "a text of its own");
  g_free (value);
  g_object_set (object, spec->name, NULL, NULL);
  g_object_get (object, spec->name, &value, NULL);
  g_assert_null (value);
}

static gboolean
is_ours (GstElement * element, GParamSpec * spec)
{
  return spec->owner_type == G_OBJECT_TYPE (element)
      || g_str_equal (g_type_name (spec->owner_type), "GstProviderElement");
}

void
rig_check_properties (const gchar * factory)
{
  GstElement *element = gst_element_factory_make (factory, NULL);
  GObject *object = G_OBJECT (element);
  guint n;
  GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);

  gst_object_ref_sink (element);
  for (guint i = 0; i < n; i++) {
    const gchar *name = specs[i]->name;

    if (!is_ours (element, specs[i]))
      continue;
    if (strstr (name, "key") || (strstr (name, "token")
            && G_IS_PARAM_SPEC_STRING (specs[i])))
      g_assert_true (g_str_has_suffix (name, "-env"));
    if (g_str_equal (name, "timeout") || g_str_equal (name, "stale-after"))
      g_assert_nonnull (strstr (g_param_spec_get_blurb (specs[i]), "seconds"));
    if (!(specs[i]->flags & G_PARAM_WRITABLE))
      continue;
    g_assert_cmpint (specs[i]->flags & (GST_PARAM_MUTABLE_READY
            | GST_PARAM_MUTABLE_PAUSED | GST_PARAM_MUTABLE_PLAYING), !=, 0);
    if (G_IS_PARAM_SPEC_STRING (specs[i]))
      check_text (object, specs[i]);
    else
      check_number (object, specs[i]);
  }
  g_free (specs);
  gst_object_unref (element);
}
