/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/sse.h"

#include <string.h>

#define BOM "\xEF\xBB\xBF"

struct _ParleySse
{
  gsize max_event;
  GByteArray *in;               /* what was pushed … */
  gsize at;                     /* … and was not looked at yet */
  gboolean after_cr;            /* a LF now belongs to it */
  gboolean begun;               /* the first line is over */
  gboolean over;
  gboolean taken;               /* the event below was given out */

  GString *line;                /* without its end */
  GString *data;                /* each line with a LF */
  GString *type;
  gchar *id;
};

ParleySse *
parley_sse_new (gsize max_event)
{
  ParleySse *self = g_new0 (ParleySse, 1);

  self->max_event = max_event ? max_event : PARLEY_SSE_MAX_EVENT;
  self->in = g_byte_array_new ();
  self->line = g_string_new (NULL);
  self->data = g_string_new (NULL);
  self->type = g_string_new (NULL);
  return self;
}

void
parley_sse_free (ParleySse * sse)
{
  g_byte_array_unref (sse->in);
  g_string_free (sse->line, TRUE);
  g_string_free (sse->data, TRUE);
  g_string_free (sse->type, TRUE);
  g_free (sse->id);
  g_free (sse);
}

gboolean
parley_sse_is_over (ParleySse * sse)
{
  return sse->over;
}

void
parley_sse_push (ParleySse * sse, const guint8 * bytes, gsize len)
{
  if (sse->over)
    return;
  g_byte_array_remove_range (sse->in, 0, sse->at);
  sse->at = 0;
  g_byte_array_append (sse->in, bytes, len);
}

static void
set_id (ParleySse * self, const gchar * value, gsize len)
{
  if (memchr (value, '\0', len))
    return;
  g_free (self->id);
  self->id = g_strndup (value, len);
}

static gboolean
is_field (const gchar * line, gsize len, const gchar * name)
{
  return len == strlen (name) && memcmp (line, name, len) == 0;
}

static void
take_field (ParleySse * self, const gchar * line, gsize len)
{
  const gchar *colon = memchr (line, ':', len);
  gsize name_len = colon ? (gsize) (colon - line) : len;
  const gchar *value = colon ? colon + 1 : line + len;
  gsize value_len;

  if (value < line + len && *value == ' ')
    value++;
  value_len = line + len - value;
  if (is_field (line, name_len, "data")) {
    g_string_append_len (self->data, value, value_len);
    g_string_append_c (self->data, '\n');
  } else if (is_field (line, name_len, "event")) {
    g_string_truncate (self->type, 0);
    g_string_append_len (self->type, value, value_len);
  } else if (is_field (line, name_len, "id")) {
    set_id (self, value, value_len);
  }
}

/* The line is whole. TRUE: it ends an event that has data. */
static gboolean
end_line (ParleySse * self)
{
  gboolean whole = FALSE;

  if (!self->begun && g_str_has_prefix (self->line->str, BOM))
    g_string_erase (self->line, 0, strlen (BOM));
  self->begun = TRUE;
  if (self->line->len > 0)
    take_field (self, self->line->str, self->line->len);
  else if (self->data->len > 0)
    whole = TRUE;
  else
    g_string_truncate (self->type, 0);
  g_string_truncate (self->line, 0);
  return whole;
}

/* Takes bytes up to and with a line's end; TRUE: there was one. */
static gboolean
take_line (ParleySse * self)
{
  const guint8 *begin, *p, *end;

  if (self->after_cr && self->at < self->in->len) {
    if (self->in->data[self->at] == '\n')
      self->at++;
    self->after_cr = FALSE;
  }
  begin = p = self->in->data + self->at;
  end = self->in->data + self->in->len;
  while (p < end && *p != '\n' && *p != '\r')
    p++;
  if (self->line->len + self->data->len + self->type->len + (p - begin)
      > self->max_event) {
    self->over = TRUE;
    return FALSE;
  }
  g_string_append_len (self->line, (const gchar *) begin, p - begin);
  self->at += p - begin;
  if (p == end)
    return FALSE;
  self->after_cr = *p == '\r';
  self->at++;
  return TRUE;
}

gboolean
parley_sse_next (ParleySse * sse, ParleySseEvent * event)
{
  if (sse->taken) {
    g_string_truncate (sse->data, 0);
    g_string_truncate (sse->type, 0);
    sse->taken = FALSE;
  }
  while (!sse->over && take_line (sse)) {
    if (!end_line (sse))
      continue;
    g_string_truncate (sse->data, sse->data->len - 1);
    event->type = sse->type->len > 0 ? sse->type->str : "message";
    event->data = sse->data->str;
    event->len = sse->data->len;
    event->id = sse->id;
    sse->taken = TRUE;
    return TRUE;
  }
  return FALSE;
}

/* Over a request: a box of references, as a callback may send the request anew
 * and so replace the stream whose event it is told. */

typedef struct
{
  ParleySse *sse;
  ParleySseHandler handler;
  gpointer data;
  gboolean marks_first;         /* an event ends the first-byte timeout */
} Stream;

#define STREAM_KEY "parley-sse-stream"

static void
stream_clear (gpointer data)
{
  parley_sse_free (((Stream *) data)->sse);
}

static void
stream_unref (gpointer data)
{
  g_rc_box_release_full (data, stream_clear);
}

static gboolean
stream_is_active (Stream * stream, ParleyHttpRequest * request)
{
  return parley_http_request_is_active (request)
      && g_object_get_data (G_OBJECT (request), STREAM_KEY) == stream;
}

static void
stream_fail (Stream * stream, ParleyHttpRequest * request, GError * error)
{
  parley_http_request_cancel_in_loop (request);
  if (stream->handler.failed)
    stream->handler.failed (request, error, stream->data);
  g_error_free (error);
}

static void
stream_headers (ParleyHttpRequest * request, guint status, gpointer data)
{
  Stream *stream = g_rc_box_acquire (data);
  const gchar *type =
      parley_http_request_get_response_header (request, "Content-Type");

  if (!type || g_ascii_strncasecmp (type, "text/event-stream", 17) != 0) {
    gchar *clean = parley_clean_text (type ? type : "none",
        type ? strlen (type) : 4, NULL);

    stream_fail (stream, request,
        parley_net_error_new (PARLEY_NET_ERROR_PROTOCOL,
            parley_http_request_get_provider (request), "%s: the answer is no "
            "event stream but %s: check base-url, and that the service can "
            "stream", parley_http_request_get_host (request), clean));
    g_free (clean);
  } else if (stream->handler.headers) {
    stream->handler.headers (request, status, stream->data);
  }
  stream_unref (stream);
}

static void
stream_chunk (ParleyHttpRequest * request, const guint8 * bytes, gsize len,
    gpointer data)
{
  Stream *stream = g_rc_box_acquire (data);
  ParleySseEvent event;

  parley_sse_push (stream->sse, bytes, len);
  while (stream_is_active (stream, request)
      && parley_sse_next (stream->sse, &event)) {
    if (stream->marks_first)
      parley_http_request_mark_first_in_loop (request);
    if (stream->handler.event)
      stream->handler.event (request, &event, stream->data);
  }
  if (parley_sse_is_over (stream->sse) && stream_is_active (stream, request))
    stream_fail (stream, request,
        parley_net_error_new (PARLEY_NET_ERROR_TOO_LARGE,
            parley_http_request_get_provider (request), "%s: an event is too "
            "large: check base-url", parley_http_request_get_host (request)));
  stream_unref (stream);
}

static void
stream_done (ParleyHttpRequest * request, gpointer data)
{
  Stream *stream = data;

  if (stream->handler.done)
    stream->handler.done (request, stream->data);
}

static void
stream_failed (ParleyHttpRequest * request, const GError * error, gpointer data)
{
  Stream *stream = data;

  if (stream->handler.failed)
    stream->handler.failed (request, error, stream->data);
}

void
parley_http_request_send_sse_in_loop (ParleyHttpRequest * self,
    ParleyHttpSession * session, const ParleySseHandler * handler,
    gpointer data)
{
  static const ParleyHttpHandler as_stream =
      { stream_headers, stream_chunk, stream_done, stream_failed };
  gboolean by_hand = parley_http_request_get_first_by_hand (self);
  Stream *stream = g_rc_box_new0 (Stream);

  stream->marks_first = !by_hand;
  stream->sse = parley_sse_new (0);
  stream->handler = *handler;
  stream->data = data;
  g_object_set_data_full (G_OBJECT (self), STREAM_KEY, stream, stream_unref);
  parley_http_request_set_first_by_hand (self, TRUE);
  parley_http_request_send_in_loop (self, session, &as_stream, stream);
  parley_http_request_set_first_by_hand (self, by_hand);
}
