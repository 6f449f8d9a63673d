/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tracefile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_BYTES (64 * 1024)
#define FLUSH_INTERVAL_US G_TIME_SPAN_SECOND
/* A disk that stands still costs events, not memory. */
#define MAX_BYTES (16 * 1024 * 1024)
#define TRAILER "\n]\n"

struct _TraceFile
{
  gchar *path;
  gint fd;
  GThread *writer;

  /* Around a write; taken before lock. */
  GMutex write_lock;
  off_t end;                    /* of the events, where the trailer begins */
  gboolean failed;

  GMutex lock;
  GCond cond;
  /* Under lock: */
  GString *events;              /* to be written */
  gboolean any;                 /* an event was added before */
  guint64 lost;
  gboolean closing;
};

void
trace_file_append_string (GString * json, const gchar * text)
{
  gchar *valid = g_utf8_make_valid (text, -1);

  g_string_append_c (json, '"');
  for (const gchar * p = valid; *p; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_c (json, '\\');
    if ((guchar) * p < 0x20)
      g_string_append_printf (json, "\\u%04x", *p);
    else
      g_string_append_c (json, *p);
  }
  g_string_append_c (json, '"');
  g_free (valid);
}

/* Writing */

static gboolean
write_all (TraceFile * self, const gchar * data, gsize length, off_t at)
{
  while (length > 0) {
    gssize n = pwrite (self->fd, data, length, at);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    data += n;
    length -= n;
    at += n;
  }
  return TRUE;
}

/* In one write, so that the file is never without its end for long. */
static void
write_events (TraceFile * self, GString * events)
{
  gsize length = events->len;

  if (self->failed)
    return;
  g_string_append (events, TRAILER);
  if (write_all (self, events->str, events->len, self->end)) {
    self->end += length;
    return;
  }
  self->failed = TRUE;
  g_printerr ("turnlatency: cannot write to %s: %s; the trace ends here\n",
      self->path, g_strerror (errno));
  if (ftruncate (self->fd, self->end) == 0)
    write_all (self, TRAILER, strlen (TRAILER), self->end);
}

void
trace_file_flush (TraceFile * self)
{
  GString *events;

  g_mutex_lock (&self->write_lock);
  g_mutex_lock (&self->lock);
  events = self->events;
  self->events = g_string_new (NULL);
  g_mutex_unlock (&self->lock);
  if (events->len > 0)
    write_events (self, events);
  g_mutex_unlock (&self->write_lock);
  g_string_free (events, TRUE);
}

static gpointer
writer_thread (gpointer data)
{
  TraceFile *self = data;
  gboolean closing = FALSE;

  while (!closing) {
    gint64 until = g_get_monotonic_time () + FLUSH_INTERVAL_US;

    g_mutex_lock (&self->lock);
    while (!self->closing && self->events->len < FLUSH_BYTES
        && g_cond_wait_until (&self->cond, &self->lock, until));
    closing = self->closing;
    g_mutex_unlock (&self->lock);
    trace_file_flush (self);
  }
  return NULL;
}

/* Adding */

static void
add (TraceFile * self, const gchar * event)
{
  g_mutex_lock (&self->lock);
  if (self->events->len < MAX_BYTES) {
    g_string_append (self->events, self->any ? ",\n" : "\n");
    g_string_append (self->events, event);
    self->any = TRUE;
    if (self->events->len >= FLUSH_BYTES)
      g_cond_signal (&self->cond);
  } else {
    self->lost++;
  }
  g_mutex_unlock (&self->lock);
}

static GString *
begin_event (const gchar * phase, guint thread, const gchar * name)
{
  GString *json = g_string_sized_new (256);

  g_string_append_printf (json, "{\"ph\":\"%s\",\"pid\":%d,\"tid\":%u,"
      "\"name\":", phase, (gint) getpid (), thread);
  trace_file_append_string (json, name);
  return json;
}

static void
end_event (TraceFile * self, GString * json, const gchar * args)
{
  g_string_append_printf (json, ",\"args\":{%s}}", args);
  add (self, json->str);
  g_string_free (json, TRUE);
}

static void
add_time (GString * json, const gchar * category, gint64 at)
{
  g_string_append_printf (json, ",\"cat\":\"%s\",\"ts\":%" G_GINT64_FORMAT,
      category, at);
}

void
trace_file_add_complete (TraceFile * self, guint thread, const gchar * name,
    const gchar * category, gint64 begin, gint64 end, const gchar * args)
{
  GString *json = begin_event ("X", thread, name);

  add_time (json, category, begin);
  g_string_append_printf (json, ",\"dur\":%" G_GINT64_FORMAT, end - begin);
  end_event (self, json, args);
}

void
trace_file_add_instant (TraceFile * self, guint thread, const gchar * name,
    const gchar * category, gint64 at, const gchar * args)
{
  GString *json = begin_event ("i", thread, name);

  add_time (json, category, at);
  g_string_append (json, ",\"s\":\"t\"");
  end_event (self, json, args);
}

/* What names the process and its threads. */
static void
add_name (TraceFile * self, const gchar * what, guint thread,
    const gchar * name)
{
  GString *json = begin_event ("M", thread, what);
  GString *args = g_string_new ("\"name\":");

  trace_file_append_string (args, name);
  end_event (self, json, args->str);
  g_string_free (args, TRUE);
}

static void
name_lane (TraceFile * self, TraceTrack * track, guint lane, guint thread)
{
  gchar *name = lane ? g_strdup_printf ("%s (%u)", track->name, lane + 1)
      : g_strdup (track->name);

  add_name (self, "thread_name", thread, name);
  g_free (name);
}

guint
trace_file_get_lane (TraceFile * self, TraceTrack * track, gint64 begin,
    gint64 end)
{
  guint lane = 0, thread;

  while (lane < track->n_lanes && track->lane_end[lane] > begin)
    lane++;
  lane = MIN (lane, TRACE_LANES - 1);
  thread = track->id * TRACE_LANES + lane;
  if (lane == track->n_lanes) {
    track->n_lanes++;
    name_lane (self, track, lane, thread);
  }
  track->lane_end[lane] = MAX (track->lane_end[lane], end);
  return thread;
}

TraceFile *
trace_file_new (const gchar * path, GError ** error)
{
  gint fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const gchar *program = g_get_prgname ();
  TraceFile *self;

  if (fd < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "cannot write to %s: %s", path, g_strerror (errno));
    return NULL;
  }
  self = g_new0 (TraceFile, 1);
  self->path = g_strdup (path);
  self->fd = fd;
  g_mutex_init (&self->write_lock);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->events = g_string_new ("[");
  add_name (self, "process_name", 0, program ? program : "GStreamer");
  trace_file_flush (self);
  self->writer = g_thread_new ("parley:trace", writer_thread, self);
  return self;
}

void
trace_file_close (TraceFile * self)
{
  g_mutex_lock (&self->lock);
  self->closing = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->writer);
  if (self->lost > 0)
    g_printerr ("turnlatency: %s lacks %" G_GUINT64_FORMAT " events: the disk "
        "was too slow\n", self->path, self->lost);
  close (self->fd);
  g_mutex_clear (&self->write_lock);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_string_free (self->events, TRUE);
  g_free (self->path);
  g_free (self);
}
