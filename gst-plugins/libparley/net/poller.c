/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/poller.h"

#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 64               /* taken from the kernel at a time */

/* The source of a loop that holds the epoll descriptor. It is never dispatched:
 * its check, which comes before that of the tickets, marks what can be read. */
typedef struct
{
  GSource source;
  GPollFD poll;
} Poller;

struct _ParleyWatch
{
  ParleyLoop *loop;             /* borrowed */
  GSocket *socket;
  int epoll;                    /* the poller's; borrowed */
  gboolean readable;            /* as far as is known */
  gboolean hung_up;             /* no read will block any more */
  GList *tickets;               /* of Ticket, linked by their own node */
};

/* A source that waits for a watch. */
typedef struct
{
  GSource source;
  GList node;
  ParleyWatch *watch;           /* NULL once that is gone */
  GObject *stream;
} Ticket;

/* The poller */

static void
poller_take (const struct epoll_event *event)
{
  ParleyWatch *watch = event->data.ptr;

  watch->readable = TRUE;
  if (event->events & (EPOLLRDHUP | EPOLLHUP))
    watch->hung_up = TRUE;
}

static gboolean
poller_check (GSource * source)
{
  Poller *self = (Poller *) source;
  struct epoll_event events[EVENTS];
  gint n = self->poll.revents ? EVENTS : 0;

  while (n == EVENTS) {
    n = epoll_wait (self->poll.fd, events, EVENTS, 0);
    for (gint i = 0; i < n; i++)
      poller_take (&events[i]);
  }
  return FALSE;
}

static gboolean
poller_dispatch (GSource * source, GSourceFunc callback, gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
poller_finalize (GSource * source)
{
  close (((Poller *) source)->poll.fd);
}

static GSourceFuncs poller_funcs = {
  .check = poller_check,
  .dispatch = poller_dispatch,
  .finalize = poller_finalize,
};

static void
poller_end (gpointer data)
{
  GSource *source = data;

  g_source_destroy (source);
  g_source_unref (source);
}

/* Made with the first watch of @loop, it lives as long as that. NULL: no
 * descriptor left. */
static Poller *
poller_of (ParleyLoop * loop)
{
  static GQuark quark;
  int fd;
  GSource *source;
  Poller *self;

  if (!quark)
    quark = g_quark_from_static_string ("parley-poller");
  self = g_object_get_qdata (G_OBJECT (loop), quark);
  if (self)
    return self;
  fd = epoll_create1 (EPOLL_CLOEXEC);
  if (fd < 0)
    return NULL;
  source = g_source_new (&poller_funcs, sizeof (Poller));
  self = (Poller *) source;
  self->poll.fd = fd;
  self->poll.events = G_IO_IN;
  g_source_set_static_name (source, "parley-poller");
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_add_poll (source, &self->poll);
  g_source_attach (source, parley_loop_get_context (loop));
  g_object_set_qdata_full (G_OBJECT (loop), quark, self, poller_end);
  parley_loop_set_patient_in_loop (loop, fd, TRUE);
  return self;
}

/* Tickets */

static gboolean
ticket_is_ready (Ticket * self)
{
  return !self->watch || self->watch->readable;
}

static gboolean
ticket_check (GSource * source)
{
  return ticket_is_ready ((Ticket *) source);
}

/* There is no prepare, which would be asked each time round: a ticket that is
 * ready before the poll says so by its ready time. */
static gboolean
ticket_dispatch (GSource * source, GSourceFunc callback, gpointer data)
{
  Ticket *self = (Ticket *) source;

  if (!((GPollableSourceFunc) callback) (self->stream, data))
    return G_SOURCE_REMOVE;
  if (!g_source_is_destroyed (source))
    g_source_set_ready_time (source, ticket_is_ready (self) ? 0 : -1);
  return G_SOURCE_CONTINUE;
}

static void
ticket_finalize (GSource * source)
{
  Ticket *self = (Ticket *) source;

  if (self->watch)
    self->watch->tickets =
        g_list_remove_link (self->watch->tickets, &self->node);
  g_object_unref (self->stream);
}

/* For sources around this one, which set a closure that does nothing. */
static gboolean
ticket_closure (GObject * stream, gpointer data)
{
  GValue result = G_VALUE_INIT;
  GValue param = G_VALUE_INIT;
  gboolean go_on;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_value_init (&param, G_TYPE_OBJECT);
  g_value_set_object (&param, stream);
  g_closure_invoke (data, &result, 1, &param, NULL);
  go_on = g_value_get_boolean (&result);
  g_value_unset (&param);
  return go_on;
}

static GSourceFuncs ticket_funcs = {
  .check = ticket_check,
  .dispatch = ticket_dispatch,
  .finalize = ticket_finalize,
  .closure_callback = (GSourceFunc) (void (*)(void)) ticket_closure,
};

GSource *
parley_watch_create_source (ParleyWatch * watch, GPollableInputStream * stream)
{
  GSource *source = g_source_new (&ticket_funcs, sizeof (Ticket));
  Ticket *self = (Ticket *) source;

  self->node.data = self;
  self->watch = watch;
  self->stream = G_OBJECT (g_object_ref (stream));
  watch->tickets = g_list_concat (&self->node, watch->tickets);
  g_source_set_static_name (source, "parley-watch");
  if (watch->readable)
    g_source_set_ready_time (source, 0);
  return source;
}

/* Watches */

ParleyWatch *
parley_watch_new_in_loop (ParleyLoop * loop, GSocket * socket)
{
  Poller *poller = poller_of (loop);
  ParleyWatch *self;
  struct epoll_event event = { EPOLLIN | EPOLLRDHUP | EPOLLET };

  if (!poller)
    return NULL;
  self = g_new0 (ParleyWatch, 1);
  event.data.ptr = self;
  if (epoll_ctl (poller->poll.fd, EPOLL_CTL_ADD, g_socket_get_fd (socket),
          &event) != 0) {
    g_free (self);
    return NULL;
  }
  self->loop = loop;
  self->socket = g_object_ref (socket);
  self->epoll = poller->poll.fd;
  self->readable = TRUE;        /* until a read says otherwise */
  parley_loop_count_sockets_in_loop (loop, 1);
  return self;
}

void
parley_watch_free (ParleyWatch * self)
{
  /* A closed one is out already, and its number may be another's. */
  if (!g_socket_is_closed (self->socket))
    epoll_ctl (self->epoll, EPOLL_CTL_DEL, g_socket_get_fd (self->socket),
        NULL);
  for (GList * l = self->tickets; l; l = l->next) {
    Ticket *ticket = l->data;
    ticket->watch = NULL;
    g_source_set_ready_time (&ticket->source, 0);
  }
  parley_loop_count_sockets_in_loop (self->loop, -1);
  g_object_unref (self->socket);
  g_free (self);
}

gboolean
parley_watch_may_read (ParleyWatch * self)
{
  return self->readable;
}

void
parley_watch_note_read (ParleyWatch * self, gssize n_read, gsize count)
{
  if (n_read < (gssize) count && !self->hung_up)
    self->readable = FALSE;
}
