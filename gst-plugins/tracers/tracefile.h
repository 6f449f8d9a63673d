/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A file of trace events in the JSON array format of chrome://tracing, which
 * Perfetto opens too. What was added is written by a thread of its own, within
 * a second; after each write the file is whole, however the process ends.
 *
 * Any thread, except trace_file_close(), which comes last. Nothing here waits
 * for the disk but trace_file_flush() and trace_file_close(). Times are µs of
 * one clock. */

typedef struct _TraceFile TraceFile;

/* Transfer full; NULL: @error. */
TraceFile *trace_file_new (const gchar * path, GError ** error);
/* Writes what was added so far. */
void trace_file_flush (TraceFile * self);
void trace_file_close (TraceFile * self);

#define TRACE_LANES 8

/* The events of one element. Those that overlap without one being in the other
 * cannot share a thread of the file: they get threads of their own, lanes. The
 * caller locks. */
typedef struct
{
  guint id;                     /* from 1; its own in the file */
  const gchar *name;            /* borrowed */
  gint64 lane_end[TRACE_LANES];
  guint n_lanes;
} TraceTrack;

/* The thread for an event from @begin to @end, named in the file when it is
 * new. */
guint trace_file_get_lane (TraceFile * self, TraceTrack * track, gint64 begin,
    gint64 end);

/* An event that took from @begin to @end. @args: what is within the braces of
 * the JSON object, "" for nothing. */
void trace_file_add_complete (TraceFile * self, guint thread,
    const gchar * name, const gchar * category, gint64 begin, gint64 end,
    const gchar * args);
void trace_file_add_instant (TraceFile * self, guint thread,
    const gchar * name, const gchar * category, gint64 at, const gchar * args);

/* @text as a JSON string, quotes and all. */
void trace_file_append_string (GString * json, const gchar * text);

G_END_DECLS
