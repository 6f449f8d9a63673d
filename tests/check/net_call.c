/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "callrig.h"
#include "net/clock.h"

/* A call from the start to each of its ends. */

/* What is told */

static void
test_conversation (CallRig * self, gconstpointer data)
{
  GString *message = g_string_new (NULL);

  rig_dial (self);
  g_assert_null (parley_call_get_start (self->call));
  g_assert_cmpint (parley_call_get_accepted_in_loop (self->call), >, 0);
  rig_send_start (self);
  g_assert_cmpstr (parley_call_get_start (self->call)->stream_sid, ==, RIG_SID);
  rig_send_media (self);
  rig_send_dtmf (self, '5');
  parley_twilio_build_mark_echo (message, RIG_SID, 4, "e1:0:500:0");
  rig_send_built (self, message);
  parley_mock_peer_text (self->peer, "{\"event\":\"new\"}");
  rig_send_stop (self);
  parley_mock_wait (self->ended);
  assert_told (self, "started media160 key5 mark:e1:0:500:0 ended");
  g_string_free (message, TRUE);
}

static void
test_nothing_before_start (CallRig * self, gconstpointer data)
{
  rig_dial (self);
  rig_send_media (self);
  rig_send_dtmf (self, '1');
  rig_send_start (self);
  rig_send_start (self);
  rig_send_media (self);
  parley_mock_wait (strstr (self->log->str, "media"));
  assert_told (self, "started media160");
}

static void
test_late_handlers (CallRig * self, gconstpointer data)
{
  rig_start_call (self);
  parley_call_add_handler_in_loop (self->call, &rig_watching, self);
  assert_told (self, "started");
  parley_mock_peer_text (self->peer, "{");
  parley_mock_wait (self->ended);
  assert_told (self, "ended:protocol ended:protocol");
  parley_call_add_handler_in_loop (self->call, &rig_watching, self);
  assert_told (self, "started ended:protocol");
  self->ended = 1;
}

static void
test_removed_handler (CallRig * self, gconstpointer data)
{
  guint second;

  rig_start_call (self);
  second = parley_call_add_handler_in_loop (self->call, &rig_watching, self);
  assert_told (self, "started");
  parley_call_remove_handler_in_loop (self->call, self->watcher);
  parley_call_remove_handler_in_loop (self->call, self->watcher);
  parley_call_remove_handler_in_loop (self->call, 0);
  rig_send_dtmf (self, '1');
  parley_mock_wait (self->log->len);
  assert_told (self, "key1");
  parley_call_remove_handler_in_loop (self->call, second);
  rig_send_stop (self);
  assert_sent (self, "");
  assert_told (self, "");
}

/* Three in a row: each notes its letter; one changes the row while told. */

typedef struct
{
  CallRig *fixture;
  gchar letter;
  guint id;
  guint *removes;               /* whom, when it is told; NULL: nobody */
  const ParleyCallHandler *adds;
  gpointer added;
} Member;

static void
member_told (Member * self, ParleyCall * call)
{
  gchar text[] = { self->letter, '\0' };

  rig_note (self->fixture, text);
  if (self->removes)
    parley_call_remove_handler_in_loop (call, *self->removes);
  if (self->adds)
    parley_call_add_handler_in_loop (call, g_steal_pointer (&self->adds),
        self->added);
}

static void
member_event (ParleyCall * call, gpointer data)
{
  member_told (data, call);
}

static void
member_key (ParleyCall * call, gchar digit, gpointer data)
{
  member_told (data, call);
}

static void
member_ended (ParleyCall * call, const GError * error, gpointer data)
{
  member_told (data, call);
}

static const ParleyCallHandler member_keys = {.dtmf = member_key };
static const ParleyCallHandler member_ends = {.ended = member_ended };
static const ParleyCallHandler member_starts = {.started = member_event };

static void
add_members (CallRig * self, Member * members,
    const ParleyCallHandler * handler)
{
  for (guint i = 0; i < 3; i++) {
    members[i].fixture = self;
    members[i].letter = 'a' + i;
    members[i].id = parley_call_add_handler_in_loop (self->call, handler,
        &members[i]);
  }
}

static void
test_removes_itself (CallRig * self, gconstpointer data)
{
  Member members[3] = { 0 };

  rig_start_call (self);
  parley_call_remove_handler_in_loop (self->call, self->watcher);
  add_members (self, members, &member_keys);
  members[0].removes = &members[0].id;
  members[2].removes = &members[2].id;
  rig_send_dtmf (self, '1');
  parley_mock_wait (self->log->len >= 5);
  rig_send_dtmf (self, '2');
  parley_mock_wait (self->log->len >= 7);
  assert_told (self, "a b c b");
}

static void
test_removes_others (CallRig * self, gconstpointer data)
{
  Member members[3] = { 0 };

  rig_start_call (self);
  parley_call_remove_handler_in_loop (self->call, self->watcher);
  add_members (self, members, &member_keys);
  members[1].removes = &members[0].id;
  rig_send_dtmf (self, '1');
  parley_mock_wait (self->log->len >= 5);
  assert_told (self, "a b c");
  members[1].removes = &members[2].id;
  rig_send_dtmf (self, '2');
  rig_send_dtmf (self, '3');
  parley_mock_wait (self->log->len >= 3);
  assert_told (self, "b b");
}

static void
test_removes_itself_at_end (CallRig * self, gconstpointer data)
{
  Member members[3] = { 0 };

  rig_start_call (self);
  parley_call_remove_handler_in_loop (self->call, self->watcher);
  add_members (self, members, &member_ends);
  for (guint i = 0; i < 3; i++)
    members[i].removes = &members[i].id;
  rig_send_stop (self);
  assert_sent (self, "");
  assert_told (self, "a b c");
}

/* Who joins while others are told of the start is told once. */
static void
test_adds_at_start (CallRig * self, gconstpointer data)
{
  Member members[3] = { 0 }, late = { self, 'x' };

  rig_dial (self);
  parley_call_remove_handler_in_loop (self->call, self->watcher);
  add_members (self, members, &member_starts);
  members[1].adds = &member_starts;
  members[1].added = &late;
  rig_send_start (self);
  assert_told (self, "a b x c");
}

static void
test_adds_at_end (CallRig * self, gconstpointer data)
{
  Member members[3] = { 0 }, late = { self, 'x' };

  rig_start_call (self);
  parley_call_remove_handler_in_loop (self->call, self->watcher);
  add_members (self, members, &member_ends);
  members[1].adds = &member_ends;
  members[1].added = &late;
  rig_send_stop (self);
  assert_sent (self, "");
  assert_told (self, "a b x c");
}

/* Who joins while others are told of a key is told of the next one. */
static void
test_adds_at_key (CallRig * self, gconstpointer data)
{
  Member members[3] = { 0 }, late = { self, 'x' };

  rig_start_call (self);
  parley_call_remove_handler_in_loop (self->call, self->watcher);
  add_members (self, members, &member_keys);
  members[1].adds = &member_keys;
  members[1].added = &late;
  rig_send_dtmf (self, '1');
  parley_mock_wait (self->log->len >= 5);
  assert_told (self, "a b c");
  rig_send_dtmf (self, '2');
  parley_mock_wait (self->log->len >= 7);
  assert_told (self, "a b c x");
}

/* Variables */

static const struct
{
  const gchar *text, *expected;
} expansions[] = {
  {"", ""},
  {"plain 100 %", "plain 100 %"},
  {"from %{call.from} to %{call.to}", "from +15035550100 to +15035550199"},
  {"%{call.sid}", RIG_CALL_SID},
  {"%{param.tenant}%{param.From}", "7+15035550100"},
  {"[%{param.unknown}%{call.unknown}%{}%{param.}]", "[]"},
  {"open %{call.from", "open %{call.from"},
  {"%{call.from} and %{open", "+15035550100 and %{open"},
  {"} %% {call.from}", "} %% {call.from}"},
  {"%{%{call.from}}", "}"},
};

static void
test_expand (CallRig * self, gconstpointer data)
{
  gchar *early;

  rig_dial (self);
  early = parley_call_expand (self->call, "[%{call.from}] %{x");
  g_assert_cmpstr (early, ==, "[] %{x");
  g_free (early);
  rig_send_start (self);
  for (guint i = 0; i < G_N_ELEMENTS (expansions); i++) {
    gchar *text = parley_call_expand (self->call, expansions[i].text);
    g_assert_cmpstr (text, ==, expansions[i].expected);
    g_free (text);
  }
}

/* Sending */

static void
send_all_kinds (CallRig * self)
{
  guint8 mulaw[160];

  memset (mulaw, 0xff, sizeof mulaw);
  parley_call_send_media_in_loop (self->call, mulaw, sizeof mulaw);
  parley_call_send_mark_in_loop (self->call, "m1");
  parley_call_send_clear_in_loop (self->call);
}

static void
test_sends (CallRig * self, gconstpointer data)
{
  GString *expected = g_string_new (NULL);
  guint8 mulaw[160];

  rig_start_call (self);
  g_assert_true (parley_call_can_send_in_loop (self->call));
  send_all_kinds (self);
  memset (mulaw, 0xff, sizeof mulaw);
  parley_twilio_build_media (expected, RIG_SID, mulaw, sizeof mulaw);
  assert_sent (self, expected->str);
  g_string_truncate (expected, 0);
  parley_twilio_build_mark (expected, RIG_SID, "m1");
  assert_sent (self, expected->str);
  g_string_truncate (expected, 0);
  parley_twilio_build_clear (expected, RIG_SID);
  assert_sent (self, expected->str);
  g_string_free (expected, TRUE);
}

static void
test_sends_nothing_outside (CallRig * self, gconstpointer data)
{
  rig_dial (self);
  g_assert_false (parley_call_can_send_in_loop (self->call));
  send_all_kinds (self);
  rig_send_start (self);
  parley_call_end (self->call);
  parley_mock_wait (self->ended);
  g_assert_false (parley_call_can_send_in_loop (self->call));
  send_all_kinds (self);
  assert_sent (self, "");
  g_assert_cmpuint (self->peer->in->len, ==, 0);
}

/* Ends */

static void
test_no_start (CallRig * self, gconstpointer data)
{
  parley_clock_set_manual (0);
  rig_dial (self);
  rig_advance_ms (4999);
  assert_told (self, "");
  rig_advance_ms (1);
  assert_told (self, "ended:no-start");
  parley_mock_wait (self->peer->in->len);
  parley_clock_set_real ();
  assert_fresh_call_works (self);
}

static void
test_stale (CallRig * self, gconstpointer data)
{
  parley_clock_set_manual (0);
  rig_start_call (self);
  parley_call_set_stale_after_in_loop (self->call, 10);
  rig_advance_ms (9 * RIG_SECOND_MS);
  rig_send_media (self);
  parley_mock_wait (self->log->len);
  assert_told (self, "media160");
  rig_send_dtmf (self, '1');
  parley_mock_wait (self->log->len);
  assert_told (self, "key1");
  rig_advance_ms (9999);
  assert_told (self, "");
  rig_advance_ms (1);
  assert_told (self, "ended:stale");
}

static void
test_stale_changes (CallRig * self, gconstpointer data)
{
  parley_clock_set_manual (0);
  rig_start_call (self);
  parley_call_set_stale_after_in_loop (self->call, 10);
  parley_call_set_stale_after_in_loop (self->call, 0);
  rig_advance_ms (3600 * RIG_SECOND_MS);
  assert_told (self, "");
  parley_call_set_stale_after_in_loop (self->call, 30);
  rig_advance_ms (0);
  assert_told (self, "ended:stale");
}

static void
test_lost (CallRig * self, gconstpointer reset)
{
  rig_start_call (self);
  if (reset)
    parley_mock_peer_abort (g_steal_pointer (&self->peer));
  else
    rig_drop_peer (self);
  parley_mock_wait (self->ended);
  assert_told (self, "ended:lost");
  g_assert_false (parley_call_can_send_in_loop (self->call));
  assert_fresh_call_works (self);
}

static void
test_closed (CallRig * self, gconstpointer data)
{
  rig_start_call (self);
  parley_mock_peer_frame (self->peer, PARLEY_MOCK_FIN | 8, "\x03\xe8", 2);
  parley_mock_wait (self->ended);
  assert_told (self, "ended");
  assert_sent (self, "");
}

static gpointer
end_it (gpointer call)
{
  parley_call_end (call);
  parley_call_end (call);
  g_object_unref (call);
  return NULL;
}

static void
test_ended_by_thread (CallRig * self, gconstpointer data)
{
  rig_start_call (self);
  g_thread_join (g_thread_new ("end", end_it, g_object_ref (self->call)));
  /* On the loop, later. */
  assert_told (self, "");
  parley_mock_wait (self->ended);
  assert_told (self, "ended");
  assert_sent (self, "");
}

static gpointer
drop_it (gpointer call)
{
  g_object_unref (call);
  return NULL;
}

/* Nobody but the socket holds it: it goes on, and ends with the socket. */
static void
test_dropped_by_thread (CallRig * self, gconstpointer data)
{
  gpointer call;

  rig_start_call (self);
  call = self->call;
  g_object_add_weak_pointer (G_OBJECT (call), &call);
  g_thread_join (g_thread_new ("drop", drop_it, g_steal_pointer (&self->call)));
  rig_send_media (self);
  parley_mock_wait (self->log->len);
  assert_told (self, "media160");
  g_assert_nonnull (call);
  rig_send_stop (self);
  parley_mock_peer_frame (self->peer, PARLEY_MOCK_FIN | 8, "\x03\xe8", 2);
  parley_mock_wait (!call);
  assert_told (self, "ended");
}

static void
end_before_attach (const ParleyUpgrade * upgrade, gpointer data)
{
  CallRig *self = data;

  self->call = parley_call_new (upgrade->loop);
  parley_call_add_handler_in_loop (self->call, &rig_watching, self);
  parley_call_end (self->call);
  while (!self->ended)
    g_main_context_iteration (NULL, FALSE);
  parley_call_attach_in_loop (self->call, upgrade->websocket, upgrade->socket,
      upgrade->accepted);
}

/* Given up before its socket was there: the socket is closed. */
static void
test_ended_before_attach (CallRig * self, gconstpointer data)
{
  ParleyServer *server = parley_server_new ();

  parley_server_add_calls (server, "/media", NULL, end_before_attach, self,
      NULL);
  g_assert_true (parley_server_listen (server, "127.0.0.1", 0, NULL,
          self->loop, NULL));
  self->peer = parley_mock_peer_new (parley_server_get_port (server));
  g_assert_cmpuint (parley_mock_peer_upgrade (self->peer, "/media", NULL,
          NULL), ==, 101);
  assert_sent (self, "");
  assert_told (self, "ended");
  parley_mock_peer_frame (self->peer, PARLEY_MOCK_FIN | 8, "\x03\xe8", 2);
  parley_mock_wait (self->peer->gone);
  parley_server_close (server);
  g_object_unref (server);
}

static void
test_never_attached (CallRig * self, gconstpointer data)
{
  self->call = parley_call_new (self->loop);
  parley_call_add_handler_in_loop (self->call, &rig_watching, self);
  parley_call_set_stale_after_in_loop (self->call, 1);
  g_assert_false (parley_call_can_send_in_loop (self->call));
  send_all_kinds (self);
  g_assert_cmpint (parley_call_get_accepted_in_loop (self->call), ==, 0);
  g_assert_null (parley_call_get_start (self->call));
  parley_call_end (self->call);
  parley_mock_wait (self->ended);
  assert_told (self, "ended");
}

/* A peer that reads no more */

/* With the kernel taking much, or next to nothing: what it does not take lies
 * with libsoup. */
static void
test_stuck (CallRig * self, gconstpointer send_buffer)
{
  rig_dial_stuck (self, GPOINTER_TO_INT (send_buffer));
  rig_advance_ms (4999);
  g_assert_false (parley_call_can_send_in_loop (self->call));
  assert_told (self, "");
  rig_advance_ms (1);
  g_assert_false (parley_call_can_send_in_loop (self->call));
  assert_told (self, "ended:stuck");
  parley_clock_set_real ();
  parley_mock_peer_abort (g_steal_pointer (&self->peer));
  assert_fresh_call_works (self);
}

static gboolean
read_all (gpointer data)
{
  CallRig *self = data;
  gchar buffer[65536];

  while (g_socket_receive (self->peer->socket, buffer, sizeof buffer, NULL,
          NULL) > 0);
  return G_SOURCE_CONTINUE;
}

static void
test_stuck_no_more (CallRig * self, gconstpointer data)
{
  GSource *reader = g_timeout_source_new (0);

  rig_dial_stuck (self, 0);
  rig_advance_ms (4000);
  g_assert_false (parley_call_can_send_in_loop (self->call));
  g_source_set_callback (reader, read_all, self, NULL);
  g_source_attach (reader, NULL);
  parley_mock_wait (parley_call_can_send_in_loop (self->call));
  g_source_destroy (reader);
  g_source_unref (reader);
  rig_advance_ms (2000);
  g_assert_true (parley_call_can_send_in_loop (self->call));
  assert_told (self, "");
}

static void
add_ends (void)
{
  rig_add ("no-start", NULL, test_no_start);
  rig_add ("stale", NULL, test_stale);
  rig_add ("stale-changes", NULL, test_stale_changes);
  rig_add ("lost-by-fin", NULL, test_lost);
  rig_add ("lost-by-reset", "", test_lost);
  rig_add ("closed", NULL, test_closed);
  rig_add ("ended-by-thread", NULL, test_ended_by_thread);
  rig_add ("dropped-by-thread", NULL, test_dropped_by_thread);
  rig_add ("ended-before-attach", NULL, test_ended_before_attach);
  rig_add ("never-attached", NULL, test_never_attached);
  rig_add ("stuck", NULL, test_stuck);
  rig_add ("stuck-narrow", GINT_TO_POINTER (4096), test_stuck);
  rig_add ("stuck-no-more", NULL, test_stuck_no_more);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  rig_quiet ();
  rig_add ("conversation", NULL, test_conversation);
  rig_add ("nothing-before-start", NULL, test_nothing_before_start);
  rig_add ("handler/late", NULL, test_late_handlers);
  rig_add ("handler/removed", NULL, test_removed_handler);
  rig_add ("handler/removes-itself", NULL, test_removes_itself);
  rig_add ("handler/removes-others", NULL, test_removes_others);
  rig_add ("handler/removes-itself-at-end", NULL, test_removes_itself_at_end);
  rig_add ("handler/adds-at-start", NULL, test_adds_at_start);
  rig_add ("handler/adds-at-end", NULL, test_adds_at_end);
  rig_add ("handler/adds-at-key", NULL, test_adds_at_key);
  rig_add ("expand", NULL, test_expand);
  rig_add ("sends", NULL, test_sends);
  rig_add ("sends-nothing-outside", NULL, test_sends_nothing_outside);
  add_ends ();
  return g_test_run ();
}
