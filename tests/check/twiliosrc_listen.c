/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gst/gst.h>
#include <string.h>

#include "mock/coreplugins.h"
#include "mock/peer.h"
#include "net/twiliomessage.h"
#include "net/twiliosignature.h"

/* twiliosrc on its own: it listens, and whole pipelines take calls on the loops
 * of the process, in real time. */

#define SID "MZ00000000000000000000000000000001"

typedef struct
{
  GstElement *pipeline;
  GstElement *source;
  guint port;
} Listener;

static GstElement *
find_source (GstElement * bin)
{
  GstIterator *all = gst_bin_iterate_recurse (GST_BIN (bin));
  GValue value = G_VALUE_INIT;
  GstElement *found = NULL;

  while (!found && gst_iterator_next (all, &value) == GST_ITERATOR_OK) {
    GstElement *element = g_value_get_object (&value);
    GstElementFactory *factory = gst_element_get_factory (element);

    if (factory && g_str_equal (GST_OBJECT_NAME (factory), "twiliosrc"))
      found = gst_object_ref (element);
    g_value_reset (&value);
  }
  g_value_unset (&value);
  gst_iterator_free (all);
  return found;
}

static void
listener_start (Listener * self, const gchar * launch)
{
  GError *error = NULL;

  self->pipeline = gst_parse_launch (launch, &error);
  g_assert_no_error (error);
  self->source = find_source (self->pipeline);
  g_assert_cmpint (gst_element_set_state (self->pipeline, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
  g_object_get (self->source, "current-port", &self->port, NULL);
  g_assert_cmpuint (self->port, !=, 0);
}

static void
listener_stop (Listener * self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_object_unref (self->source);
  gst_object_unref (self->pipeline);
}

/* Waits for a message of the pipeline. */
static GstMessage *
wait_for (Listener * self, GstMessageType type, const gchar * name)
{
  GstBus *bus = gst_element_get_bus (self->pipeline);
  GstMessage *message;

  do {
    message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND, type);
    g_assert_nonnull (message);
    if (name && !gst_message_has_name (message, name))
      g_clear_pointer (&message, gst_message_unref);
  } while (!message);
  gst_object_unref (bus);
  return message;
}

static void
wait_and_drop (Listener * self, GstMessageType type, const gchar * name)
{
  gst_message_unref (wait_for (self, type, name));
}

static void
say_start (ParleyMockPeer * peer)
{
  GString *text = g_string_new (NULL);

  parley_twilio_build_start (text, SID, "AC1", "CA1", NULL);
  g_assert_true (parley_mock_peer_text (peer, text->str));
  g_string_free (text, TRUE);
}

static void
say_media (ParleyMockPeer * peer, guint chunk)
{
  GString *text = g_string_new (NULL);
  guint8 mulaw[160] = { 0 };

  parley_twilio_build_inbound_media (text, SID, chunk + 1, chunk,
      (chunk - 1) * 20, mulaw, sizeof mulaw);
  g_assert_true (parley_mock_peer_text (peer, text->str));
  g_string_free (text, TRUE);
}

static void
say_stop (ParleyMockPeer * peer)
{
  parley_mock_peer_text (peer, "{\"event\":\"stop\",\"sequenceNumber\":\"9\","
      "\"streamSid\":\"" SID "\",\"stop\":{\"accountSid\":\"AC1\","
      "\"callSid\":\"CA1\"}}");
}

static ParleyMockPeer *
call_in (Listener * self)
{
  ParleyMockPeer *peer = parley_mock_peer_new (self->port);

  g_assert_cmpuint (parley_mock_peer_upgrade (peer, "/media", NULL, NULL), ==,
      101);
  return peer;
}

/* A whole call: start, two packets, stop. */
static void
whole_call (Listener * self)
{
  ParleyMockPeer *peer = call_in (self);

  say_start (peer);
  wait_and_drop (self, GST_MESSAGE_ELEMENT, "twiliosrc-start");
  say_media (peer, 1);
  say_media (peer, 2);
  say_stop (peer);
  wait_and_drop (self, GST_MESSAGE_EOS, NULL);
  parley_mock_peer_free (peer);
}

static guint
ask (Listener * self, const gchar * request, GString * body)
{
  ParleyMockPeer *peer = parley_mock_peer_new (self->port);
  guint status;

  parley_mock_peer_print (peer, request);
  status = parley_mock_peer_response (peer, NULL, body);
  parley_mock_peer_free (peer);
  return status;
}

#define FORM "From=%2B4930&To=%2B4940&CallSid=CA1"
#define POST "POST /twiml HTTP/1.1\r\nHost: example.org\r\n" \
    "Content-Type: application/x-www-form-urlencoded\r\n" \
    "Content-Length: 35\r\n\r\n" FORM

static void
takes_a_call (void)
{
  Listener listener;
  gchar *sid;

  listener_start (&listener, "twiliosrc port=0 ! fakesink");
  whole_call (&listener);
  g_object_get (listener.source, "call-sid", &sid, NULL);
  g_assert_cmpstr (sid, ==, "CA1");
  g_free (sid);
  listener_stop (&listener);
}

static void
a_call_a_run (void)
{
  static const GstState between[] = { GST_STATE_READY, GST_STATE_NULL };
  Listener listener;

  listener_start (&listener, "twiliosrc port=0 ! fakesink");
  whole_call (&listener);
  for (guint i = 0; i < G_N_ELEMENTS (between); i++) {
    gst_element_set_state (listener.pipeline, between[i]);
    gst_element_set_state (listener.pipeline, GST_STATE_PLAYING);
    g_object_get (listener.source, "current-port", &listener.port, NULL);
    g_assert_cmpuint (listener.port, !=, 0);
    /* Listening begins in READY, taking calls a moment later on the loop. */
    while (ask (&listener, POST, NULL) != 200);
    for (gboolean busy = TRUE; busy;) {
      GString *body = g_string_new (NULL);
      g_assert_cmpuint (ask (&listener, POST, body), ==, 200);
      busy = strstr (body->str, "<Say>") != NULL;
      g_string_free (body, TRUE);
    }
    whole_call (&listener);
  }
  listener_stop (&listener);
}

static void
busy (void)
{
  Listener listener;
  ParleyMockPeer *first, *second;
  GString *body = g_string_new (NULL);

  listener_start (&listener, "twiliosrc port=0 ! fakesink");
  first = call_in (&listener);
  second = parley_mock_peer_new (listener.port);
  g_assert_cmpuint (parley_mock_peer_upgrade (second, "/media", NULL, NULL),
      ==, 503);
  parley_mock_peer_free (second);
  g_assert_cmpuint (ask (&listener, POST, body), ==, 200);
  g_assert_nonnull (strstr (body->str, "<Say>All lines are busy"));
  g_assert_null (strstr (body->str, "<Stream"));
  say_start (first);
  wait_and_drop (&listener, GST_MESSAGE_ELEMENT, "twiliosrc-start");
  parley_mock_peer_free (first);
  g_string_free (body, TRUE);
  listener_stop (&listener);
}

static void
not_running_is_busy (void)
{
  Listener listener;
  ParleyMockPeer *peer;

  listener_start (&listener, "twiliosrc port=0 ! fakesink");
  gst_element_set_state (listener.pipeline, GST_STATE_READY);
  peer = parley_mock_peer_new (listener.port);
  g_assert_cmpuint (parley_mock_peer_upgrade (peer, "/media", NULL, NULL), ==,
      503);
  parley_mock_peer_free (peer);
  listener_stop (&listener);
}

static void
twiml (void)
{
  Listener listener;
  GString *body = g_string_new (NULL);

  listener_start (&listener, "twiliosrc port=0 path=/here ! fakesink");
  g_assert_cmpuint (ask (&listener, POST, body), ==, 200);
  g_assert_nonnull (strstr (body->str, "url=\"wss://example.org/here\""));
  g_assert_nonnull (strstr (body->str,
          "<Parameter name=\"From\" value=\"+4930\"/>"));
  g_assert_nonnull (strstr (body->str,
          "<Parameter name=\"To\" value=\"+4940\"/>"));
  g_string_free (body, TRUE);
  listener_stop (&listener);
}

static void
signatures (void)
{
  Listener listener;
  ParleyMockPeer *peer;
  gchar *signature, *header;

  g_setenv ("PARLEY_TEST_TOKEN", "12345", TRUE);
  listener_start (&listener, "twiliosrc port=0 "
      "auth-token-env=PARLEY_TEST_TOKEN public-url=https://example.org "
      "! fakesink");
  g_assert_cmpuint (ask (&listener, POST, NULL), ==, 403);
  peer = parley_mock_peer_new (listener.port);
  g_assert_cmpuint (parley_mock_peer_upgrade (peer, "/media",
          "X-Twilio-Signature: bm9ib2R5\r\n", NULL), ==, 403);
  parley_mock_peer_free (peer);
  signature = parley_twilio_sign ("12345", "wss://example.org/media", NULL);
  header = g_strdup_printf ("X-Twilio-Signature: %s\r\n", signature);
  peer = parley_mock_peer_new (listener.port);
  g_assert_cmpuint (parley_mock_peer_upgrade (peer, "/media", header, NULL),
      ==, 101);
  parley_mock_peer_free (peer);
  g_free (signature);
  g_free (header);
  listener_stop (&listener);
}

/* Refusals to start. */
static void
expect_refusal (const gchar * launch, gint code, const gchar * part)
{
  GstElement *pipeline = gst_parse_launch (launch, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;
  GError *error;
  gchar *debug;

  g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, &debug);
  g_assert_error (error, GST_RESOURCE_ERROR, code);
  if (!strstr (error->message, part))
    g_error ("“%s” does not say “%s”", error->message, part);
  g_assert_null (strstr (error->message, "12345"));
  g_error_free (error);
  g_free (debug);
  gst_message_unref (message);
  g_assert_null (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}

static void
settings_that_cannot_work (void)
{
  g_setenv ("PARLEY_TEST_TOKEN", "12345", TRUE);
  expect_refusal ("twiliosrc port=0 auth-token-env=PARLEY_NOT_SET "
      "public-url=https://example.org ! fakesink",
      GST_RESOURCE_ERROR_SETTINGS, "PARLEY_NOT_SET");
  expect_refusal ("twiliosrc port=0 auth-token-env=PARLEY_TEST_TOKEN "
      "! fakesink", GST_RESOURCE_ERROR_SETTINGS, "public-url");
  expect_refusal ("twiliosrc port=0 public-url=example ! fakesink",
      GST_RESOURCE_ERROR_SETTINGS, "public-url");
}

static void
port_in_use (void)
{
  Listener listener;
  gchar *launch;

  listener_start (&listener, "twiliosrc port=0 ! fakesink");
  launch = g_strdup_printf ("twiliosrc port=%u ! fakesink", listener.port);
  expect_refusal (launch, GST_RESOURCE_ERROR_OPEN_READ_WRITE, "port");
  g_free (launch);
  whole_call (&listener);
  listener_stop (&listener);
}

static void
in_a_bin (void)
{
  Listener listener;

  listener_start (&listener, "( twiliosrc port=0 ! queue ) ! fakesink");
  whole_call (&listener);
  listener_stop (&listener);
}

static void
two_pipelines (void)
{
  Listener a, b;
  ParleyMockPeer *to_a, *to_b;

  listener_start (&a, "twiliosrc port=0 ! fakesink");
  listener_start (&b, "twiliosrc port=0 ! fakesink");
  to_a = call_in (&a);
  to_b = call_in (&b);
  say_start (to_a);
  say_start (to_b);
  wait_and_drop (&a, GST_MESSAGE_ELEMENT, "twiliosrc-start");
  wait_and_drop (&b, GST_MESSAGE_ELEMENT, "twiliosrc-start");
  say_stop (to_a);
  wait_and_drop (&a, GST_MESSAGE_EOS, NULL);
  say_stop (to_b);
  wait_and_drop (&b, GST_MESSAGE_EOS, NULL);
  parley_mock_peer_free (to_a);
  parley_mock_peer_free (to_b);
  listener_stop (&a);
  listener_stop (&b);
}

static void
fresh_call_after_bad_input (void)
{
  Listener listener;
  ParleyMockPeer *peer;

  listener_start (&listener, "twiliosrc port=0 ! fakesink");
  peer = call_in (&listener);
  say_start (peer);
  wait_and_drop (&listener, GST_MESSAGE_ELEMENT, "twiliosrc-start");
  parley_mock_peer_text (peer, "{\"event\":");
  wait_and_drop (&listener, GST_MESSAGE_ERROR, NULL);
  parley_mock_peer_free (peer);
  gst_element_set_state (listener.pipeline, GST_STATE_NULL);
  gst_object_unref (listener.source);
  gst_object_unref (listener.pipeline);
  listener_start (&listener, "twiliosrc port=0 ! fakesink");
  whole_call (&listener);
  listener_stop (&listener);
}

static void
abrupt_end (void)
{
  Listener listener;
  ParleyMockPeer *peer;

  listener_start (&listener, "twiliosrc port=0 ! fakesink");
  peer = call_in (&listener);
  say_start (peer);
  wait_and_drop (&listener, GST_MESSAGE_ELEMENT, "twiliosrc-start");
  parley_mock_peer_abort (peer);
  wait_and_drop (&listener, GST_MESSAGE_EOS, NULL);
  listener_stop (&listener);
}

static void
torn_down_in_a_call (void)
{
  for (guint i = 0; i < 20; i++) {
    Listener listener;
    ParleyMockPeer *peer;

    listener_start (&listener, "twiliosrc port=0 ! fakesink");
    peer = call_in (&listener);
    if (i % 4 > 0)
      say_start (peer);
    if (i % 4 > 1)
      say_media (peer, 1);
    if (i % 4 > 2)
      wait_and_drop (&listener, GST_MESSAGE_ELEMENT, "twiliosrc-start");
    listener_stop (&listener);
    parley_mock_peer_free (peer);
  }
}

static void
states_in_quick_turn (void)
{
  static const GstState states[] = { GST_STATE_PLAYING, GST_STATE_READY,
    GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_NULL, GST_STATE_READY
  };
  Listener listener;

  listener_start (&listener, "twiliosrc port=0 ! fakesink");
  for (guint i = 0; i < 20 * G_N_ELEMENTS (states); i++)
    g_assert_cmpint (gst_element_set_state (listener.pipeline,
            states[i % G_N_ELEMENTS (states)]), !=, GST_STATE_CHANGE_FAILURE);
  listener_stop (&listener);
}

int
main (int argc, char **argv)
{
  core_plugins_add ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/twiliosrc/listen/takes-a-call", takes_a_call);
  g_test_add_func ("/twiliosrc/listen/a-call-a-run", a_call_a_run);
  g_test_add_func ("/twiliosrc/listen/busy", busy);
  g_test_add_func ("/twiliosrc/listen/not-running-is-busy",
      not_running_is_busy);
  g_test_add_func ("/twiliosrc/listen/twiml", twiml);
  g_test_add_func ("/twiliosrc/listen/signatures", signatures);
  g_test_add_func ("/twiliosrc/listen/settings-that-cannot-work",
      settings_that_cannot_work);
  g_test_add_func ("/twiliosrc/listen/port-in-use", port_in_use);
  g_test_add_func ("/twiliosrc/listen/in-a-bin", in_a_bin);
  g_test_add_func ("/twiliosrc/listen/two-pipelines", two_pipelines);
  g_test_add_func ("/twiliosrc/listen/fresh-call-after-bad-input",
      fresh_call_after_bad_input);
  g_test_add_func ("/twiliosrc/listen/abrupt-end", abrupt_end);
  g_test_add_func ("/twiliosrc/listen/torn-down-in-a-call",
      torn_down_in_a_call);
  g_test_add_func ("/twiliosrc/listen/states-in-quick-turn",
      states_in_quick_turn);
  return g_test_run ();
}
