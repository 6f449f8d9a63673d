/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Elements of Parley with threads that are not theirs between them. */
#include <gst/gst.h>
#include <string.h>

#include "caller.h"
#include "mock/coreplugins.h"
#include "mock/livecount.h"
#include "mock/peer.h"
#include "mock/spoken.h"
#include "net/call.h"

#define QUEUE " ! queue max-size-buffers=0 max-size-bytes=0 max-size-time=0 ! "
#define SCRIPT "@/pipelines/appointments.json"
#define EARS "cloudstt provider=pocketsphinx grammar=" SCRIPT
#define AGENT "twiliosrc name=src host=127.0.0.1 port=0" QUEUE "vadendpoint" \
    QUEUE EARS QUEUE "llmchat provider=script script=" SCRIPT QUEUE \
    "cloudtts provider=flite" QUEUE "mulawsink"

static const gchar *const factories[] = {
  "twiliosrc", "vadendpoint", "cloudstt", "llmchat", "cloudtts", "mulawsink"
};

static GType element_types[G_N_ELEMENTS (factories)];

typedef struct
{
  GstElement *pipeline;
  SoupSession *session;
  ParleyCaller *caller;
  gchar *url;
  GString *heard;               /* what the recogniser said, "|" after each */
  gboolean eos;
  gboolean done;
  guint n_replies;
  guint n_clears;
} Rig;

static void
watch_types (void)
{
  livecount_watch (PARLEY_TYPE_CALL);
  for (guint i = 0; i < G_N_ELEMENTS (factories); i++) {
    GstPluginFeature *found =
        GST_PLUGIN_FEATURE (gst_element_factory_find (factories[i]));
    GstElementFactory *factory =
        GST_ELEMENT_FACTORY (gst_plugin_feature_load (found));

    element_types[i] = gst_element_factory_get_element_type (factory);
    livecount_watch (element_types[i]);
    gst_object_unref (factory);
    gst_object_unref (found);
  }
}

static gboolean
nothing_is_alive (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (factories); i++)
    if (livecount_get (element_types[i]) > 0)
      return FALSE;
  return livecount_get (PARLEY_TYPE_CALL) == 0;
}

static gboolean
on_message (GstBus * bus, GstMessage * message, gpointer data)
{
  Rig *self = data;
  const GstStructure *fields = gst_message_get_structure (message);
  gboolean final = FALSE;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    self->eos = TRUE;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;

    gst_message_parse_error (message, &error, NULL);
    g_error ("%s: %s", GST_MESSAGE_SRC_NAME (message), error->message);
  }
  if (gst_message_has_name (message, "cloudstt")
      && gst_structure_get_boolean (fields, "final", &final) && final)
    g_string_append_printf (self->heard, "%s|",
        gst_structure_get_string (fields, "text"));
  return G_SOURCE_CONTINUE;
}

static void
rig_set_up (Rig * self, const gchar * launch)
{
  g_autoptr (GString) text = g_string_new (launch);
  GError *error = NULL;
  GstBus *bus;

  g_string_replace (text, "@", g_getenv ("PARLEY_SOURCE"), 0);
  self->pipeline = gst_parse_launch (text->str, &error);
  g_assert_no_error (error);
  self->heard = g_string_new (NULL);
  self->session = parley_caller_session_new ();
  bus = gst_element_get_bus (self->pipeline);
  gst_bus_add_watch (bus, on_message, self);
  gst_object_unref (bus);
  g_assert_cmpint (gst_element_set_state (self->pipeline, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
}

static void
rig_tear_down (Rig * self)
{
  GstBus *bus = gst_element_get_bus (self->pipeline);

  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
  g_clear_pointer (&self->caller, parley_caller_free);
  g_clear_object (&self->session);
  gst_object_unref (self->pipeline);
  g_string_free (self->heard, TRUE);
  g_free (self->url);
  parley_mock_wait (nothing_is_alive ());
}

static void
on_event (ParleyCaller * caller, ParleyCallerEvent event, gint64 at,
    const gchar * text, gint64 value, gpointer data)
{
  Rig *self = data;

  self->n_replies += event == PARLEY_CALLER_HEARS;
  self->n_clears += event == PARLEY_CALLER_CLEAR;
}

static void
on_done (ParleyCaller * caller, gpointer data)
{
  ((Rig *) data)->done = TRUE;
}

static void
rig_call (Rig * self, gint barge_in_ms, const gchar * const *said)
{
  ParleyCallerConfig config = PARLEY_CALLER_CONFIG_INIT;
  GstElement *src = gst_bin_get_by_name (GST_BIN (self->pipeline), "src");
  guint port;

  g_object_get (src, "current-port", &port, NULL);
  gst_object_unref (src);
  self->url = g_strdup_printf ("ws://127.0.0.1:%u/media", port);
  config.url = self->url;
  config.barge_in_ms = barge_in_ms;
  config.turns = g_ptr_array_new_with_free_func (parley_caller_turn_free);
  for (; said && *said; said++) {
    GBytes *audio = g_byte_array_free_to_bytes (spoken_text ("flite", "rms",
            1.0, *said));

    g_ptr_array_add (config.turns, parley_caller_turn_new (*said, audio, NULL));
    g_bytes_unref (audio);
  }
  self->caller = parley_caller_new (&config, self->session, on_event, on_done,
      self);
  g_ptr_array_unref (config.turns);
  parley_caller_start (self->caller);
}

#define SAID(...) ((const gchar * const[]) { __VA_ARGS__, NULL })

static void
test_conversation (void)
{
  Rig rig = { NULL };

  rig_set_up (&rig, AGENT);
  rig_call (&rig, -1, SAID ("what are your opening hours"));
  parley_mock_wait (rig.done && rig.eos);
  g_assert_cmpstr (rig.heard->str, ==, "what are your opening hours|");
  g_assert_cmpuint (rig.n_replies, ==, 2);
  rig_tear_down (&rig);
}

/* Two calls in the same pipeline, one after the other. */
static void
test_again (void)
{
  Rig rig = { NULL };

  rig_set_up (&rig, AGENT);
  rig_call (&rig, -1, NULL);
  parley_mock_wait (rig.done && rig.eos);
  gst_element_set_state (rig.pipeline, GST_STATE_READY);
  gst_element_set_state (rig.pipeline, GST_STATE_PLAYING);
  parley_caller_free (rig.caller);
  g_free (rig.url);
  rig.done = FALSE;
  rig_call (&rig, -1, NULL);
  parley_mock_wait (rig.done);
  g_assert_cmpuint (rig.n_replies, ==, 2);
  rig_tear_down (&rig);
}

/* The caller speaks into the greeting: the queues are emptied of it. */
static void
test_barge_in (void)
{
  Rig rig = { NULL };

  rig_set_up (&rig, AGENT);
  rig_call (&rig, 300, SAID ("what are your opening hours"));
  parley_mock_wait (rig.done && rig.eos);
  g_test_message ("heard: %s", rig.heard->str);
  g_assert_nonnull (strstr (rig.heard->str, "opening hours|"));
  g_assert_cmpuint (rig.n_clears, >=, 1);
  g_assert_cmpuint (rig.n_replies, ==, 2);
  rig_tear_down (&rig);
}

/* To NULL while the agent speaks, while the caller does, and before a call. */
static void
test_torn_down (void)
{
  for (guint moment = 0; moment < 4; moment++) {
    Rig rig = { NULL };

    rig_set_up (&rig, AGENT);
    if (moment > 0)
      rig_call (&rig, 100, SAID ("what are your opening hours"));
    if (moment > 1)
      parley_mock_wait (rig.n_replies == 1);
    if (moment > 2)
      parley_mock_wait (rig.n_replies == 2);
    rig_tear_down (&rig);
  }
}

/* Audio that is pushed as fast as it is taken. */
typedef struct
{
  GstPad *pad;
  GByteArray *audio;
} Pusher;

static gpointer
push_audio (gpointer data)
{
  Pusher *self = data;
  GstCaps *caps = gst_caps_from_string ("audio/x-mulaw,rate=8000,channels=1");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->pad, gst_event_new_stream_start ("test"));
  gst_pad_push_event (self->pad, gst_event_new_caps (caps));
  gst_pad_push_event (self->pad, gst_event_new_segment (&segment));
  for (guint at = 0; at + 160 <= self->audio->len; at += 160) {
    GstBuffer *buffer = gst_buffer_new_memdup (self->audio->data + at, 160);

    GST_BUFFER_PTS (buffer) = at / 8 * GST_MSECOND;
    GST_BUFFER_DURATION (buffer) = 20 * GST_MSECOND;
    g_assert_cmpint (gst_pad_push (self->pad, buffer), ==, GST_FLOW_OK);
  }
  gst_pad_push_event (self->pad, gst_event_new_eos ());
  gst_caps_unref (caps);
  return NULL;
}

/* Without Twilio, from a thread that is not ours. */
static void
test_foreign_source (void)
{
  Rig rig = { NULL };
  Pusher pusher = { gst_pad_new ("src", GST_PAD_SRC) };
  GByteArray *quiet = spoken_quiet (1000);
  GstElement *vad;
  GstPad *sink;
  GThread *thread;

  pusher.audio = spoken_text ("flite", "rms", 1.0,
      "what are your opening hours");
  g_byte_array_append (pusher.audio, quiet->data, quiet->len);
  rig_set_up (&rig, "vadendpoint name=vad ! queue ! " EARS
      " ! fakesink async=false sync=false");
  vad = gst_bin_get_by_name (GST_BIN (rig.pipeline), "vad");
  sink = gst_element_get_static_pad (vad, "sink");
  gst_pad_set_active (pusher.pad, TRUE);
  g_assert_cmpint (gst_pad_link (pusher.pad, sink), ==, GST_PAD_LINK_OK);
  thread = g_thread_new ("pusher", push_audio, &pusher);
  parley_mock_wait (rig.eos);
  g_thread_join (thread);
  g_assert_cmpstr (rig.heard->str, ==, "what are your opening hours|");
  gst_object_unref (sink);
  gst_object_unref (vad);
  rig_tear_down (&rig);
  gst_object_unref (pusher.pad);
  g_byte_array_unref (pusher.audio);
  g_byte_array_unref (quiet);
}

static void
ignore_log (const gchar * domain, GLogLevelFlags level, const gchar * message,
    gpointer data)
{
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  gst_init (&argc, &argv);
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  g_log_set_handler ("GLib-GIO", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  watch_types ();
  g_test_add_func ("/queues/conversation", test_conversation);
  g_test_add_func ("/queues/again", test_again);
  g_test_add_func ("/queues/barge-in", test_barge_in);
  g_test_add_func ("/queues/torn-down", test_torn_down);
  g_test_add_func ("/queues/foreign-source", test_foreign_source);
  return g_test_run ();
}
