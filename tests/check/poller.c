/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What waits for a socket through the one descriptor of its loop. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/poller.h"

typedef struct
{
  ParleyLoop *loop;
  GSocketConnection *connection;
  GSocket *socket;
  int peer;
  ParleyWatch *watch;
  GSource *source;              /* waits, as begin_wait() made it */
  gboolean go_on;               /* what its callback returns */
  guint told;
} Rig;

static GPollableInputStream *
stream_of (Rig * rig)
{
  return G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM
          (rig->connection)));
}

static void
rig_open (Rig * rig, ParleyLoop * loop)
{
  int ends[2];

  memset (rig, 0, sizeof *rig);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
  rig->loop = g_object_ref (loop);
  rig->socket = g_socket_new_from_fd (ends[0], NULL);
  g_assert_nonnull (rig->socket);
  g_socket_set_blocking (rig->socket, FALSE);
  rig->connection = g_socket_connection_factory_create_connection (rig->socket);
  rig->peer = ends[1];
  rig->watch = parley_watch_new_in_loop (loop, rig->socket);
  g_assert_nonnull (rig->watch);
}

static void
end_wait (Rig * rig)
{
  g_source_destroy (rig->source);
  g_clear_pointer (&rig->source, g_source_unref);
}

static void
rig_close (Rig * rig)
{
  if (rig->source)
    end_wait (rig);
  g_clear_pointer (&rig->watch, parley_watch_free);
  g_object_unref (rig->connection);
  g_object_unref (rig->socket);
  close (rig->peer);
  g_object_unref (rig->loop);
}

static void
rig_open_alone (Rig * rig)
{
  ParleyLoop *loop = parley_loop_new (NULL);

  rig_open (rig, loop);
  g_object_unref (loop);
}

static gssize
read_some (Rig * rig, gsize count)
{
  gchar buffer[16];
  gssize n_read = g_pollable_input_stream_read_nonblocking (stream_of (rig),
      buffer, count, NULL, NULL);

  parley_watch_note_read (rig->watch, n_read, count);
  return n_read;
}

static void
say (Rig * rig, const gchar * text)
{
  g_assert_cmpint (write (rig->peer, text, strlen (text)), ==, strlen (text));
}

static gboolean
on_readable (GObject * stream, gpointer data)
{
  Rig *rig = data;

  g_assert_true (stream == G_OBJECT (stream_of (rig)));
  rig->told++;
  return rig->go_on;
}

static void
attach (Rig * rig, GSource * source)
{
  rig->source = source;
  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), rig, NULL);
  g_source_attach (source, parley_loop_get_context (rig->loop));
}

static void
begin_wait (Rig * rig)
{
  attach (rig, parley_watch_create_source (rig->watch, stream_of (rig)));
}

static void
one_round (Rig * rig)
{
  g_main_context_iteration (parley_loop_get_context (rig->loop), FALSE);
}

static void
rounds (Rig * rig)
{
  for (guint i = 0; i < 5; i++)
    one_round (rig);
}

static void
test_tells_in_the_same_round (void)
{
  Rig rig;

  rig_open_alone (&rig);
  g_assert_cmpint (read_some (&rig, 16), ==, -1);
  begin_wait (&rig);
  rounds (&rig);
  g_assert_cmpuint (rig.told, ==, 0);
  say (&rig, "hello");
  one_round (&rig);
  g_assert_cmpuint (rig.told, ==, 1);
  rounds (&rig);
  g_assert_cmpuint (rig.told, ==, 1);
  rig_close (&rig);
}

static void
test_asks_before_the_first_read (void)
{
  Rig rig;

  rig_open_alone (&rig);
  g_assert_true (parley_watch_may_read (rig.watch));
  begin_wait (&rig);
  one_round (&rig);
  g_assert_cmpuint (rig.told, ==, 1);
  rig_close (&rig);
}

static void
test_short_read_was_all (void)
{
  Rig rig;

  rig_open_alone (&rig);
  say (&rig, "hello");
  g_assert_cmpint (read_some (&rig, 16), ==, 5);
  g_assert_false (parley_watch_may_read (rig.watch));
  say (&rig, "again");
  one_round (&rig);
  g_assert_true (parley_watch_may_read (rig.watch));
  rig_close (&rig);
}

static void
test_rest_is_not_forgotten (void)
{
  Rig rig;

  rig_open_alone (&rig);
  say (&rig, "hello");
  rounds (&rig);
  g_assert_cmpint (read_some (&rig, 2), ==, 2);
  begin_wait (&rig);
  one_round (&rig);
  g_assert_cmpuint (rig.told, ==, 1);
  g_assert_cmpint (read_some (&rig, 16), ==, 3);
  rig_close (&rig);
}

static void
test_goes_on_until_read (void)
{
  Rig rig;

  rig_open_alone (&rig);
  read_some (&rig, 16);
  rig.go_on = TRUE;
  begin_wait (&rig);
  say (&rig, "hello");
  rounds (&rig);
  g_assert_cmpuint (rig.told, ==, 5);
  read_some (&rig, 16);
  rounds (&rig);                /* the one that was due already, at most */
  g_assert_cmpuint (rig.told, <=, 6);
  say (&rig, "again");
  one_round (&rig);
  g_assert_cmpuint (rig.told, >=, 6);
  rig_close (&rig);
}

static void
test_end_follows_data (void)
{
  Rig rig;

  rig_open_alone (&rig);
  g_assert_cmpint (read_some (&rig, 16), ==, -1);
  say (&rig, "bye");
  shutdown (rig.peer, SHUT_WR);
  one_round (&rig);
  g_assert_cmpint (read_some (&rig, 16), ==, 3);
  g_assert_true (parley_watch_may_read (rig.watch));
  g_assert_cmpint (read_some (&rig, 16), ==, 0);
  rig_close (&rig);
}

static void
test_own_shutdown_wakes (void)
{
  Rig rig;

  rig_open_alone (&rig);
  read_some (&rig, 16);
  begin_wait (&rig);
  rounds (&rig);
  g_socket_shutdown (rig.socket, TRUE, TRUE, NULL);
  one_round (&rig);
  g_assert_cmpuint (rig.told, ==, 1);
  rig_close (&rig);
}

static void
test_freed_watch_wakes (void)
{
  Rig rig;

  rig_open_alone (&rig);
  read_some (&rig, 16);
  begin_wait (&rig);
  rounds (&rig);
  g_clear_pointer (&rig.watch, parley_watch_free);
  one_round (&rig);
  g_assert_cmpuint (rig.told, ==, 1);
  rig_close (&rig);
}

static void
test_closed_socket_leaves_others_alone (void)
{
  ParleyLoop *loop = parley_loop_new (NULL);
  Rig first, second;

  rig_open (&first, loop);
  g_socket_close (first.socket, NULL);
  rig_open (&second, loop);     /* with the number of the first */
  read_some (&second, 16);
  g_clear_pointer (&first.watch, parley_watch_free);
  begin_wait (&second);
  say (&second, "hello");
  one_round (&second);
  g_assert_cmpuint (second.told, ==, 1);
  rig_close (&first);
  rig_close (&second);
  g_object_unref (loop);
}

static void
test_under_another_source (void)
{
  Rig rig;
  GSource *inner;

  rig_open_alone (&rig);
  read_some (&rig, 16);
  inner = parley_watch_create_source (rig.watch, stream_of (&rig));
  attach (&rig, g_pollable_source_new_full (stream_of (&rig), inner, NULL));
  g_source_unref (inner);
  rounds (&rig);
  g_assert_cmpuint (rig.told, ==, 0);
  say (&rig, "hello");
  one_round (&rig);
  g_assert_cmpuint (rig.told, ==, 1);
  rig_close (&rig);
}

static void
test_many_sockets_one_round (void)
{
  enum
  { N = 150 };
  ParleyLoop *loop = parley_loop_new (NULL);
  Rig *rigs = g_new (Rig, N);

  for (guint i = 0; i < N; i++) {
    rig_open (&rigs[i], loop);
    read_some (&rigs[i], 16);
    begin_wait (&rigs[i]);
  }
  for (guint i = 0; i < N; i += 2)
    say (&rigs[i], "hello");
  one_round (&rigs[0]);
  for (guint i = 0; i < N; i++)
    g_assert_cmpuint (rigs[i].told, ==, i % 2 == 0);
  for (guint i = 0; i < N; i++)
    rig_close (&rigs[i]);
  g_free (rigs);
  g_object_unref (loop);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/poller/tells-in-the-same-round",
      test_tells_in_the_same_round);
  g_test_add_func ("/poller/asks-before-the-first-read",
      test_asks_before_the_first_read);
  g_test_add_func ("/poller/short-read-was-all", test_short_read_was_all);
  g_test_add_func ("/poller/rest-is-not-forgotten", test_rest_is_not_forgotten);
  g_test_add_func ("/poller/goes-on-until-read", test_goes_on_until_read);
  g_test_add_func ("/poller/end-follows-data", test_end_follows_data);
  g_test_add_func ("/poller/own-shutdown-wakes", test_own_shutdown_wakes);
  g_test_add_func ("/poller/freed-watch-wakes", test_freed_watch_wakes);
  g_test_add_func ("/poller/closed-socket-leaves-others-alone",
      test_closed_socket_leaves_others_alone);
  g_test_add_func ("/poller/under-another-source", test_under_another_source);
  g_test_add_func ("/poller/many-sockets-one-round",
      test_many_sockets_one_round);
  return g_test_run ();
}
