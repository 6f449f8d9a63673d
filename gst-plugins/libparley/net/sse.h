/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/httprequest.h"

G_BEGIN_DECLS

/* Server-sent events (HTML standard, 9.2): a parser, and its use over a
 * request.
 *
 * The parser is pure and incremental: bytes go in cut anywhere, events are
 * taken out. Lines end with LF, CR or CRLF; a BOM at the beginning and comments
 * are skipped; data lines of one event are joined with LF; an event without
 * data is none; what is left at the end without an empty line is dropped.
 *
 * Threads: one at a time. */

typedef struct _ParleySse ParleySse;

typedef struct
{
  const gchar *type;            /* "message" if the server named none */
  const gchar *data;            /* any bytes, then a NUL */
  gsize len;                    /* bytes of data */
  const gchar *id;              /* the last one given; NULL: none yet */
} ParleySseEvent;

/* Bytes of an event, all of its lines, unless told otherwise. */
#define PARLEY_SSE_MAX_EVENT (1024 * 1024)

/* @max_event: bytes; 0: PARLEY_SSE_MAX_EVENT. */
ParleySse *parley_sse_new (gsize max_event);
void parley_sse_free (ParleySse * sse);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleySse, parley_sse_free)

/* Adds bytes as they came. Take all events before the next ones are added:
 * memory is then bounded by the event limit and @len. */
void parley_sse_push (ParleySse * sse, const guint8 * bytes, gsize len);
/* FALSE: no whole event is left, or (parley_sse_is_over()) one was too large:
 * then nothing more will come. @event is borrowed until the next call. */
gboolean parley_sse_next (ParleySse * sse, ParleySseEvent * event);
gboolean parley_sse_is_over (ParleySse * sse);

/* A request whose answer is a stream of events. As ParleyHttpHandler, with
 * events for chunks. An answer of another type than text/event-stream fails
 * with PROTOCOL, an event that is too large with TOO_LARGE. The first-byte
 * timeout ends with the first event, not with comments, unless
 * parley_http_request_set_first_by_hand() was called; both end idle. */
typedef struct
{
  void (*headers) (ParleyHttpRequest * request, guint status, gpointer data);
  void (*event) (ParleyHttpRequest * request, const ParleySseEvent * event,
      gpointer data);
  void (*done) (ParleyHttpRequest * request, gpointer data);
  void (*failed) (ParleyHttpRequest * request, const GError * error,
      gpointer data);
} ParleySseHandler;

void parley_http_request_send_sse_in_loop (ParleyHttpRequest * self,
    ParleyHttpSession * session, const ParleySseHandler * handler,
    gpointer data);

G_END_DECLS
