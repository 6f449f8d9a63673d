/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/limitstream.h"

/* The input half. */

#define LIMIT_TYPE_INPUT (limit_input_get_type ())
G_DECLARE_FINAL_TYPE (LimitInput, limit_input, LIMIT, INPUT, GFilterInputStream)
     struct _LimitInput
     {
       GFilterInputStream parent;
       gsize left;              /* bytes */
       ParleyWatch *watch;      /* of the socket below; may be NULL */
     };

     static void limit_input_pollable_init (GPollableInputStreamInterface *
    iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (LimitInput, limit_input,
    G_TYPE_FILTER_INPUT_STREAM,
    G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
        limit_input_pollable_init));

     static GInputStream *limit_input_base (gpointer self)
{
  return g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (self));
}

static gssize
limit_input_account (LimitInput * self, gssize n_read, gsize count,
    GError ** error)
{
  if (self->watch)
    parley_watch_note_read (self->watch, n_read, count);
  if (n_read <= 0)
    return n_read;
  if ((gsize) n_read > self->left) {
    self->left = 0;
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
        "the peer sent more than is allowed for one message");
    return -1;
  }
  self->left -= n_read;
  return n_read;
}

static gssize
limit_input_read (GInputStream * stream, void *buffer, gsize count,
    GCancellable * cancellable, GError ** error)
{
  return limit_input_account (LIMIT_INPUT (stream),
      g_input_stream_read (limit_input_base (stream), buffer, count,
          cancellable, error), count, error);
}

static gssize
limit_input_read_nonblocking (GPollableInputStream * stream, void *buffer,
    gsize count, GError ** error)
{
  LimitInput *self = LIMIT_INPUT (stream);

  if (self->watch && !parley_watch_may_read (self->watch)) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
        "nothing to read");
    return -1;
  }
  return limit_input_account (self,
      g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM
          (limit_input_base (stream)), buffer, count, NULL, error), count,
      error);
}

static gboolean
limit_input_is_readable (GPollableInputStream * stream)
{
  return g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM
      (limit_input_base (stream)));
}

static GSource *
limit_input_create_source (GPollableInputStream * stream,
    GCancellable * cancellable)
{
  LimitInput *self = LIMIT_INPUT (stream);
  GSource *base, *source;

  if (self->watch && !cancellable)
    return parley_watch_create_source (self->watch, stream);
  base = self->watch ? parley_watch_create_source (self->watch, stream)
      : g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM
      (limit_input_base (stream)), NULL);
  source = g_pollable_source_new_full (stream, base, cancellable);
  g_source_unref (base);
  return source;
}

static void
limit_input_pollable_init (GPollableInputStreamInterface * iface)
{
  iface->is_readable = limit_input_is_readable;
  iface->create_source = limit_input_create_source;
  iface->read_nonblocking = limit_input_read_nonblocking;
}

static void
limit_input_init (LimitInput * self)
{
}

static void
limit_input_class_init (LimitInputClass * klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = limit_input_read;
}

/* Both halves. */

struct _ParleyLimitStream
{
  GIOStream parent;
  GIOStream *base;
  LimitInput *input;
};

G_DEFINE_FINAL_TYPE (ParleyLimitStream, parley_limit_stream, G_TYPE_IO_STREAM);

static GInputStream *
parley_limit_stream_get_input (GIOStream * stream)
{
  return G_INPUT_STREAM (PARLEY_LIMIT_STREAM (stream)->input);
}

static GOutputStream *
parley_limit_stream_get_output (GIOStream * stream)
{
  return g_io_stream_get_output_stream (PARLEY_LIMIT_STREAM (stream)->base);
}

/* Before the socket is closed. */
static void
end_watch (ParleyLimitStream * self)
{
  g_clear_pointer (&self->input->watch, parley_watch_free);
}

static gboolean
parley_limit_stream_close (GIOStream * stream, GCancellable * cancellable,
    GError ** error)
{
  end_watch (PARLEY_LIMIT_STREAM (stream));
  return g_io_stream_close (PARLEY_LIMIT_STREAM (stream)->base, cancellable,
      error);
}

static void
base_closed (GObject * base, GAsyncResult * result, gpointer data)
{
  GTask *task = data;
  GError *error = NULL;

  if (g_io_stream_close_finish (G_IO_STREAM (base), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void
parley_limit_stream_close_async (GIOStream * stream, int priority,
    GCancellable * cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (stream, cancellable, callback, data);

  end_watch (PARLEY_LIMIT_STREAM (stream));
  g_io_stream_close_async (PARLEY_LIMIT_STREAM (stream)->base, priority,
      cancellable, base_closed, task);
}

static gboolean
parley_limit_stream_close_finish (GIOStream * stream, GAsyncResult * result,
    GError ** error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
parley_limit_stream_finalize (GObject * object)
{
  ParleyLimitStream *self = PARLEY_LIMIT_STREAM (object);

  G_OBJECT_CLASS (parley_limit_stream_parent_class)->finalize (object);
  g_object_unref (self->input);
  g_object_unref (self->base);
}

static void
parley_limit_stream_init (ParleyLimitStream * self)
{
}

static void
parley_limit_stream_class_init (ParleyLimitStreamClass * klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = parley_limit_stream_finalize;
  stream_class->get_input_stream = parley_limit_stream_get_input;
  stream_class->get_output_stream = parley_limit_stream_get_output;
  stream_class->close_fn = parley_limit_stream_close;
  stream_class->close_async = parley_limit_stream_close_async;
  stream_class->close_finish = parley_limit_stream_close_finish;
}

ParleyLimitStream *
parley_limit_stream_new (GIOStream * base, ParleyWatch * watch, gsize bytes)
{
  ParleyLimitStream *self = g_object_new (PARLEY_TYPE_LIMIT_STREAM, NULL);

  self->base = g_object_ref (base);
  self->input = g_object_new (LIMIT_TYPE_INPUT, "base-stream",
      g_io_stream_get_input_stream (base), "close-base-stream", FALSE, NULL);
  self->input->watch = watch;
  self->input->left = bytes;
  return self;
}

void
parley_limit_stream_allow (ParleyLimitStream * stream, gsize bytes)
{
  stream->input->left = bytes;
}

gsize
parley_limit_stream_get_left (ParleyLimitStream * stream)
{
  return stream->input->left;
}

ParleyLimitStream *
parley_limit_stream_find (GIOStream * stream)
{
  GIOStream *base = NULL;

  if (PARLEY_IS_LIMIT_STREAM (stream))
    return PARLEY_LIMIT_STREAM (stream);
  /* libsoup's class is private, its property is not. */
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (stream),
          "base-iostream"))
    g_object_get (stream, "base-iostream", &base, NULL);
  if (!base)
    return NULL;
  g_object_unref (base);
  return PARLEY_IS_LIMIT_STREAM (base) ? PARLEY_LIMIT_STREAM (base) : NULL;
}
