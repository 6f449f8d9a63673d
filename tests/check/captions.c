/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libsoup/soup.h>
#include <string.h>

#include "app/server/captions.h"
#include "net/server.h"

#define EVENTS "/events/"
#define SID "talk-0123"

typedef struct
{
  ParleyServer *server;
  ParleyCaptions *captions;
  SoupSession *session;
} Fixture;

static void
subscribe (SoupServerMessage * message, const gchar * path, gpointer data)
{
  parley_captions_subscribe_in_loop (data, message, path + strlen (EVENTS));
}

static void
fixture_set_up (Fixture * fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->server = parley_server_new ();
  fixture->captions = parley_captions_new ();
  parley_server_add_handler (fixture->server, EVENTS, subscribe,
      parley_captions_ref (fixture->captions),
      (GDestroyNotify) parley_captions_unref);
  parley_server_listen (fixture->server, "127.0.0.1", 0, NULL, NULL, &error);
  g_assert_no_error (error);
  fixture->session = soup_session_new ();
}

/* Behind everything that was posted to the loops. */
static void
passed (gpointer data, gpointer user_data)
{
  g_atomic_int_inc ((gint *) data);
}

static void
pass_loops (void)
{
  gint n = 0;

  for (guint i = 0; i < parley_loop_pool_get_size (); i++)
    parley_loop_invoke (parley_loop_pool_get (i), passed, &n, NULL);
  while (g_atomic_int_get (&n) < (gint) parley_loop_pool_get_size ())
    g_thread_yield ();
}

static void
fixture_tear_down (Fixture * fixture, gconstpointer data)
{
  soup_session_abort (fixture->session);
  g_object_unref (fixture->session);
  parley_captions_close (fixture->captions);
  pass_loops ();
  parley_server_close (fixture->server);
  g_object_unref (fixture->server);
  pass_loops ();
  pass_loops ();
  parley_captions_unref (fixture->captions);
}

static GDataInputStream *
open_events (Fixture * fixture, const gchar * sid, guint * status)
{
  g_autofree gchar *url = g_strdup_printf ("http://127.0.0.1:%u" EVENTS "%s",
      parley_server_get_port (fixture->server), sid);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) stream = soup_session_send (fixture->session,
      message, NULL, &error);

  g_assert_no_error (error);
  *status = soup_message_get_status (message);
  return g_data_input_stream_new (stream);
}

/* The next line that is not empty, a comment or "retry". */
static gchar *
next_line (GDataInputStream * events)
{
  for (;;) {
    gchar *line = g_data_input_stream_read_line (events, NULL, NULL, NULL);

    if (!line || (*line && *line != ':' && !g_str_has_prefix (line, "retry")))
      return line;
    g_free (line);
  }
}

static void
assert_next (GDataInputStream * events, const gchar * expected)
{
  g_autofree gchar *line = next_line (events);

  g_assert_cmpstr (line, ==, expected);
}

/* The stream answers before its subscription could be missed. */
static GDataInputStream *
subscribed (Fixture * fixture, const gchar * sid)
{
  guint status;
  GDataInputStream *events = open_events (fixture, sid, &status);

  g_assert_cmpuint (status, ==, 200);
  return events;
}

static const ParleyCaption caller_caption = {
  .sid = SID,.text = "say \"hi\"",.turn = 2,.ms = 1500,
};

#define CALLER_LINE "data: {\"who\":\"caller\",\"text\":\"say \\\"hi\\\"\"," \
    "\"final\":false,\"turn\":2,\"ms\":1500}"

static void
test_delivered (Fixture * fixture, gconstpointer data)
{
  g_autoptr (GDataInputStream) events = subscribed (fixture, SID);
  const ParleyCaption agent = {
    .sid = SID,.agent = TRUE,.text = "Hello.",.final = TRUE,.turn = 2,
    .reply = 7,.sequence = 1,.ms = 1600,
  };

  parley_captions_publish (fixture->captions, &caller_caption);
  parley_captions_publish (fixture->captions, &agent);
  assert_next (events, CALLER_LINE);
  assert_next (events, "data: {\"who\":\"agent\",\"text\":\"Hello.\","
      "\"final\":true,\"turn\":2,\"reply\":7,\"sentence\":1,\"ms\":1600}");
}

static void
test_finished (Fixture * fixture, gconstpointer data)
{
  g_autoptr (GDataInputStream) events = subscribed (fixture, SID);

  parley_captions_publish (fixture->captions, &caller_caption);
  parley_captions_finish (fixture->captions, SID);
  assert_next (events, CALLER_LINE);
  assert_next (events, "event: end");
  assert_next (events, "data: {}");
  assert_next (events, NULL);
}

static void
test_other_call (Fixture * fixture, gconstpointer data)
{
  g_autoptr (GDataInputStream) events = subscribed (fixture, "talk-other");

  parley_captions_publish (fixture->captions, &caller_caption);
  parley_captions_finish (fixture->captions, SID);
  parley_captions_finish (fixture->captions, "talk-other");
  assert_next (events, "event: end");
}

static void
test_two_listeners (Fixture * fixture, gconstpointer data)
{
  g_autoptr (GDataInputStream) one = subscribed (fixture, SID);
  g_autoptr (GDataInputStream) two = subscribed (fixture, SID);

  parley_captions_publish (fixture->captions, &caller_caption);
  assert_next (one, CALLER_LINE);
  assert_next (two, CALLER_LINE);
}

static void
test_calls_are_private (Fixture * fixture, gconstpointer data)
{
  guint status;

  g_object_unref (open_events (fixture, "CA00000000000000000000000000000002",
          &status));
  g_assert_cmpuint (status, ==, 404);
}

static void
test_listener_gone (Fixture * fixture, gconstpointer data)
{
  GDataInputStream *events = subscribed (fixture, SID);

  g_input_stream_close (G_INPUT_STREAM (events), NULL, NULL);
  g_object_unref (events);
  for (guint i = 0; i < 100; i++)
    parley_captions_publish (fixture->captions, &caller_caption);
}

static void
test_closed (Fixture * fixture, gconstpointer data)
{
  g_autoptr (GDataInputStream) events = subscribed (fixture, SID);

  parley_captions_close (fixture->captions);
  assert_next (events, "event: end");
}

#define ADD(name, func) \
    g_test_add ("/captions/" name, Fixture, NULL, fixture_set_up, func, \
        fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("delivered", test_delivered);
  ADD ("finished", test_finished);
  ADD ("other-call", test_other_call);
  ADD ("two-listeners", test_two_listeners);
  ADD ("calls-are-private", test_calls_are_private);
  ADD ("listener-gone", test_listener_gone);
  ADD ("closed", test_closed);
  return g_test_run ();
}
