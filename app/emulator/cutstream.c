/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/cutstream.h"


#include "net/clock.h"
#include "net/loop.h"

/* The output half. */

#define CUT_TYPE_OUTPUT (cut_output_get_type ())
G_DECLARE_FINAL_TYPE (CutOutput, cut_output, CUT, OUTPUT, GFilterOutputStream)
     struct _CutOutput
     {
       GFilterOutputStream parent;
       GIOStream *base;         /* owned */
       GMainContext *context;   /* owned; all but taking happens there */
       GMutex lock;             /* guards queue, taken and broken */
       GByteArray *queue;       /* taken, not sent */
       GSource *source;         /* that sends on; NULL: nothing to send */
       gsize max;               /* bytes a piece; 0: uncut */
       gint64 gap;              /* µs */
       gint64 next;             /* when the next piece may go */
       GRand *random;           /* borrowed; may be NULL */
       guint64 taken, sent, stop;       /* bytes */
       gboolean broken;
       gboolean closing;        /* the base, once all is sent */
       ParleyCutStreamFunc func;
       gpointer data;
     };

     static void cut_output_pollable_init (GPollableOutputStreamInterface *
    iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CutOutput, cut_output,
    G_TYPE_FILTER_OUTPUT_STREAM,
    G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
        cut_output_pollable_init));

     static void cut_output_send (CutOutput * self);

     static void cut_output_set_broken (CutOutput * self)
{
  gboolean news = !self->broken;

  g_mutex_lock (&self->lock);
  self->broken = TRUE;
  g_byte_array_set_size (self->queue, 0);
  g_mutex_unlock (&self->lock);
  parley_timer_clear (&self->source);
  if (news && self->func != NULL)
    self->func (self->sent, TRUE, self->data);
}

static gboolean
cut_output_wake (gpointer data)
{
  g_autoptr (CutOutput) self = g_object_ref (data);

  parley_timer_clear (&self->source);
  cut_output_send (self);
  return G_SOURCE_REMOVE;
}

static gboolean
cut_output_writable (GObject * stream, gpointer data)
{
  return cut_output_wake (data);
}

/* Goes on when the next piece may go, or when the peer takes more. */
static void
cut_output_wait (CutOutput * self, gboolean full)
{
  GPollableOutputStream *out = G_POLLABLE_OUTPUT_STREAM
      (g_io_stream_get_output_stream (self->base));

  if (full) {
    self->source = g_pollable_output_stream_create_source (out, NULL);
    g_source_set_callback (self->source, G_SOURCE_FUNC (cut_output_writable),
        g_object_ref (self), g_object_unref);
  } else {
    self->source = parley_timer_new (self->next);
    g_source_set_callback (self->source, cut_output_wake, g_object_ref (self),
        g_object_unref);
  }
  g_source_attach (self->source, self->context);
}

static gsize
cut_output_piece_unlocked (CutOutput * self)
{
  gsize count = MIN (self->queue->len, self->stop - self->sent);
  gsize max = self->max;

  if (max > 0 && self->random != NULL)
    max = g_rand_int_range (self->random, 1, max + 1);
  return max > 0 ? MIN (count, max) : count;
}

/* What the base says; 0: there is nothing to send. */
static gssize
cut_output_write_piece (CutOutput * self, GError ** error)
{
  GPollableOutputStream *out = G_POLLABLE_OUTPUT_STREAM
      (g_io_stream_get_output_stream (self->base));
  gssize n = 0;
  gsize count;

  g_mutex_lock (&self->lock);
  count = cut_output_piece_unlocked (self);
  if (count > 0)
    n = g_pollable_output_stream_write_nonblocking (out, self->queue->data,
        count, NULL, error);
  if (n > 0)
    g_byte_array_remove_range (self->queue, 0, n);
  g_mutex_unlock (&self->lock);
  return n;
}

static gboolean
cut_output_is_empty (CutOutput * self)
{
  gboolean empty;

  g_mutex_lock (&self->lock);
  empty = self->queue->len == 0;
  g_mutex_unlock (&self->lock);
  return empty;
}

/* FALSE: no more for now. */
static gboolean
cut_output_send_piece (CutOutput * self)
{
  g_autoptr (GError) error = NULL;
  gssize n;

  if (cut_output_is_empty (self) || self->sent >= self->stop)
    return FALSE;
  if (self->max > 0 && parley_clock_now () < self->next) {
    cut_output_wait (self, FALSE);
    return FALSE;
  }
  n = cut_output_write_piece (self, &error);
  if (n > 0) {
    self->sent += n;
    self->next = parley_clock_now () + self->gap;
    return TRUE;
  }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    cut_output_wait (self, TRUE);
  else
    cut_output_set_broken (self);
  return FALSE;
}

static void
cut_output_send (CutOutput * self)
{
  g_autoptr (CutOutput) held G_GNUC_UNUSED = g_object_ref (self);
  guint64 before = self->sent;

  if (self->source != NULL)
    return;
  while (cut_output_send_piece (self));
  if (self->sent > before && self->func != NULL)
    self->func (self->sent, FALSE, self->data);
  if (self->closing && cut_output_is_empty (self))
    g_io_stream_close (self->base, NULL, NULL);
}

/* libsoup ends a chunked body from a thread of its own. */
static void
cut_output_send_later (CutOutput * self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, cut_output_wake, g_object_ref (self),
      g_object_unref);
  g_source_attach (source, self->context);
}

static gssize
cut_output_take (CutOutput * self, const void *buffer, gsize count,
    GError ** error)
{
  gboolean broken;

  g_mutex_lock (&self->lock);
  broken = self->broken;
  if (!broken) {
    self->taken += count;
    g_byte_array_append (self->queue, buffer, count);
  }
  g_mutex_unlock (&self->lock);
  if (broken) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE,
        "the connection is cut");
    return -1;
  }
  if (g_main_context_is_owner (self->context))
    cut_output_send (self);
  else
    cut_output_send_later (self);
  return count;
}

static gssize
cut_output_write (GOutputStream * stream, const void *buffer, gsize count,
    GCancellable * cancellable, GError ** error)
{
  return cut_output_take (CUT_OUTPUT (stream), buffer, count, error);
}

static gssize
cut_output_write_nonblocking (GPollableOutputStream * stream,
    const void *buffer, gsize count, GError ** error)
{
  return cut_output_take (CUT_OUTPUT (stream), buffer, count, error);
}

static gboolean
cut_output_is_writable (GPollableOutputStream * stream)
{
  return TRUE;
}

static gboolean
cut_output_always (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* It takes everything: ready at once. */
static GSource *
cut_output_create_source (GPollableOutputStream * stream,
    GCancellable * cancellable)
{
  g_autoptr (GSource) ready = g_idle_source_new ();
  GSource *source = g_pollable_source_new_full (stream, NULL, cancellable);

  g_source_set_priority (ready, G_PRIORITY_DEFAULT);
  g_source_set_callback (ready, cut_output_always, NULL, NULL);
  g_source_add_child_source (source, ready);
  return source;
}

static void
cut_output_pollable_init (GPollableOutputStreamInterface * iface)
{
  iface->is_writable = cut_output_is_writable;
  iface->create_source = cut_output_create_source;
  iface->write_nonblocking = cut_output_write_nonblocking;
}

static void
cut_output_finalize (GObject * object)
{
  CutOutput *self = CUT_OUTPUT (object);

  parley_timer_clear (&self->source);
  g_byte_array_unref (self->queue);
  g_mutex_clear (&self->lock);
  g_main_context_unref (self->context);
  g_object_unref (self->base);
  G_OBJECT_CLASS (cut_output_parent_class)->finalize (object);
}

static void
cut_output_init (CutOutput * self)
{
  self->queue = g_byte_array_new ();
  self->context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->lock);
  self->stop = G_MAXUINT64;
}

static void
cut_output_class_init (CutOutputClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = cut_output_finalize;
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = cut_output_write;
}

/* Both halves. */

struct _ParleyCutStream
{
  GIOStream parent;
  CutOutput *output;
};

G_DEFINE_FINAL_TYPE (ParleyCutStream, parley_cut_stream, G_TYPE_IO_STREAM);

static GInputStream *
parley_cut_stream_get_input (GIOStream * stream)
{
  CutOutput *output = PARLEY_CUT_STREAM (stream)->output;

  return g_io_stream_get_input_stream (output->base);
}

static GOutputStream *
parley_cut_stream_get_output (GIOStream * stream)
{
  return G_OUTPUT_STREAM (PARLEY_CUT_STREAM (stream)->output);
}

/* What waits to be sent keeps the output half, and it the base. */
static gboolean
parley_cut_stream_close (GIOStream * stream, GCancellable * cancellable,
    GError ** error)
{
  CutOutput *output = PARLEY_CUT_STREAM (stream)->output;

  output->closing = TRUE;
  if (!output->broken && !cut_output_is_empty (output)
      && output->sent < output->stop)
    return TRUE;
  return g_io_stream_close (output->base, cancellable, error);
}

static void
parley_cut_stream_finalize (GObject * object)
{
  ParleyCutStream *self = PARLEY_CUT_STREAM (object);

  self->output->func = NULL;
  G_OBJECT_CLASS (parley_cut_stream_parent_class)->finalize (object);
  g_object_unref (self->output);
}

static void
parley_cut_stream_init (ParleyCutStream * self)
{
}

static void
parley_cut_stream_class_init (ParleyCutStreamClass * klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = parley_cut_stream_finalize;
  stream_class->get_input_stream = parley_cut_stream_get_input;
  stream_class->get_output_stream = parley_cut_stream_get_output;
  stream_class->close_fn = parley_cut_stream_close;
}

ParleyCutStream *
parley_cut_stream_new (GIOStream * base)
{
  ParleyCutStream *self = g_object_new (PARLEY_TYPE_CUT_STREAM, NULL);

  self->output = g_object_new (CUT_TYPE_OUTPUT, "base-stream",
      g_io_stream_get_output_stream (base), "close-base-stream", FALSE, NULL);
  self->output->base = g_object_ref (base);
  return self;
}

void
parley_cut_stream_cut (ParleyCutStream * self, gsize max, gint64 gap,
    GRand * random)
{
  self->output->max = max;
  self->output->gap = gap;
  self->output->random = random;
}

void
parley_cut_stream_stop_at (ParleyCutStream * self, guint64 total)
{
  self->output->stop = total;
}

void
parley_cut_stream_break (ParleyCutStream * self)
{
  cut_output_set_broken (self->output);
}

guint64
parley_cut_stream_get_taken (ParleyCutStream * self)
{
  guint64 taken;

  g_mutex_lock (&self->output->lock);
  taken = self->output->taken;
  g_mutex_unlock (&self->output->lock);
  return taken;
}

guint64
parley_cut_stream_get_sent (ParleyCutStream * self)
{
  return self->output->sent;
}

void
parley_cut_stream_set_func (ParleyCutStream * self, ParleyCutStreamFunc func,
    gpointer data)
{
  self->output->func = func;
  self->output->data = data;
}
