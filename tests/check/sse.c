/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/sse.h"

#include <string.h>

#include "mock/listener.h"
#include "mock/peer.h"
#include "net/clock.h"

/* Each event as "type|data|id;". */
static void
take_all (ParleySse * sse, GString * out)
{
  ParleySseEvent event;

  while (parley_sse_next (sse, &event)) {
    g_assert_cmpint (event.data[event.len], ==, '\0');
    g_string_append_printf (out, "%s|", event.type);
    g_string_append_len (out, event.data, event.len);
    g_string_append_printf (out, "|%s;", event.id ? event.id : "-");
  }
}

static gchar *
parse (const gchar * text, gsize len)
{
  g_autoptr (ParleySse) sse = parley_sse_new (0);
  GString *out = g_string_new (NULL);

  parley_sse_push (sse, (const guint8 *) text, len);
  take_all (sse, out);
  return g_string_free (out, FALSE);
}

static const struct
{
  const gchar *text, *events;
} cases[] = {
  {"data: a\n\n", "message|a|-;"},
  {"data:a\r\n\r\n", "message|a|-;"},
  {"data: a\r\rdata: b\r\r", "message|a|-;message|b|-;"},
  {"data: a\r\n\r\ndata: b\n\r\n", "message|a|-;message|b|-;"},
  {"data:  a\n\n", "message| a|-;"},
  {"data: a\ndata: b\ndata\ndata: c\n\n", "message|a\nb\n\nc|-;"},
  {"\xEF\xBB\xBF" "data: a\n\n", "message|a|-;"},
  {"\xEF\xBB\xBF" "\xEF\xBB\xBF" "data: a\n\n", ""},
  {"data: a\n\xEF\xBB\xBF\n\n", "message|a|-;"},
  {": OPENROUTER PROCESSING\n\ndata: a\n\n", "message|a|-;"},
  {"event: delta\ndata: a\n\ndata: b\n\n", "delta|a|-;message|b|-;"},
  {"event: ping\n\ndata: b\n\n", "message|b|-;"},
  {"id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
      "message|a|7;message|b|7;message|c|;"},
  {"data\n\n", "message||-;"},
  {"retry: 10\nfoo: bar\ndata : x\nDATA: x\ndata: a\n\n", "message|a|-;"},
  {"data: a: b:c\n\n", "message|a: b:c|-;"},
  {"data: {\"x\":\"\xC3\xA9\xF0\x9F\x98\x80\"}\n\n",
      "message|{\"x\":\"\xC3\xA9\xF0\x9F\x98\x80\"}|-;"},
  {"data: a\n", ""},
  {"data: a", ""},
  {"\n\n\r\n\r\r\n", ""},
};

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *events = parse (cases[i].text, strlen (cases[i].text));

    g_assert_cmpstr (events, ==, cases[i].events);
  }
}

static void
test_nul (void)
{
  g_autoptr (ParleySse) sse = parley_sse_new (0);
  ParleySseEvent event;

  parley_sse_push (sse, (const guint8 *) "id: a\0b\ndata: a\0b\n\n", 20);
  g_assert_true (parley_sse_next (sse, &event));
  g_assert_cmpmem (event.data, event.len, "a\0b", 3);
  g_assert_null (event.id);
}

/* All cases in a row, cut at random, say what they say in one piece. */
static void
test_cut_anywhere (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree gchar *whole = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_string_append_printf (text, "%s\n\n", cases[i].text);
  whole = parse (text->str, text->len);
  for (guint round = 0; round < 500; round++) {
    g_autoptr (ParleySse) sse = parley_sse_new (0);
    g_autoptr (GString) out = g_string_new (NULL);
    gint most = g_test_rand_int_range (2, 40);

    for (gsize at = 0; at < text->len;) {
      gsize len = MIN ((gsize) g_test_rand_int_range (0, most),
          text->len - at);
      g_autofree guint8 *piece = g_memdup2 (text->str + at, MAX (len, 1));

      parley_sse_push (sse, piece, len);
      take_all (sse, out);
      at += len;
    }
    g_assert_cmpstr (out->str, ==, whole);
  }
}

static void
test_limit (void)
{
  static const gchar *lines[] = { "data: 0123456789\n", "x", "event: 01234567",
    ": comment of any kind 0123456789"
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (ParleySse) sse = parley_sse_new (64);
    ParleySseEvent event;
    guint n = 0;

    parley_sse_push (sse, (const guint8 *) "data: a\n\n", 9);
    g_assert_true (parley_sse_next (sse, &event));
    while (!parley_sse_is_over (sse)) {
      parley_sse_push (sse, (const guint8 *) lines[i], strlen (lines[i]));
      g_assert_false (parley_sse_next (sse, &event));
      g_assert_cmpuint (++n, <=, 65);
    }
    parley_sse_push (sse, (const guint8 *) "\n\ndata: a\n\n", 11);
    g_assert_false (parley_sse_next (sse, &event));
  }
}

/* Over a request */

typedef struct
{
  ParleyMockListener *listener;
  ParleyLoop *loop;
  ParleyHttpSession *session;
  ParleyHttpRequest *request;
  GString *log;
  GError *error;
  gboolean cancel_at_event, resend_at_event;
} Fixture;

static void send_again (Fixture * self);

static void
on_event (ParleyHttpRequest * request, const ParleySseEvent * event,
    gpointer data)
{
  Fixture *self = data;

  g_string_append_printf (self->log, "%s ", event->data);
  if (self->cancel_at_event || self->resend_at_event)
    parley_http_request_cancel_in_loop (request);
  if (self->resend_at_event)
    send_again (self);
  self->resend_at_event = FALSE;
}

static void
on_done (ParleyHttpRequest * request, gpointer data)
{
  g_string_append (((Fixture *) data)->log, "done");
}

static void
on_failed (ParleyHttpRequest * request, const GError * error, gpointer data)
{
  Fixture *self = data;

  g_assert_false (parley_http_request_is_active (request));
  g_string_append (self->log, "failed");
  self->error = g_error_copy (error);
}

static void
send_again (Fixture * self)
{
  static const ParleySseHandler handler =
      { NULL, on_event, on_done, on_failed };

  parley_http_request_send_sse_in_loop (self->request, self->session, &handler,
      self);
}

static void
set_up (Fixture * self, gconstpointer data)
{
  g_autofree gchar *url = NULL;

  g_assert_true (g_main_context_acquire (NULL));
  parley_clock_set_manual (0);
  self->listener = parley_mock_listener_new ();
  self->loop = parley_loop_new (g_main_context_default ());
  self->session = parley_http_session_get_in_loop (self->loop);
  self->log = g_string_new (NULL);
  url = g_strdup_printf ("http://127.0.0.1:%u/", self->listener->port);
  self->request = parley_http_request_new ("acme", PARLEY_OPERATION_LLM,
      "POST", url, NULL);
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  g_object_unref (self->request);
  while (g_main_context_iteration (NULL, FALSE));
  g_assert_finalize_object (self->session);
  parley_mock_listener_free (self->listener);
  g_object_unref (self->loop);
  g_string_free (self->log, TRUE);
  g_clear_error (&self->error);
  parley_clock_set_real ();
  g_main_context_release (NULL);
}

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n" \
    "Connection: close\r\n\r\n"

static ParleyMockClient *
answer (Fixture * self, guint index, const gchar * type, const gchar * text)
{
  g_autofree gchar *head = g_strdup_printf (HEAD, type);
  ParleyMockClient *server;

  parley_mock_wait (parley_mock_listener_get (self->listener, index)
      && parley_mock_client_asked (parley_mock_listener_get (self->listener,
              index)));
  server = parley_mock_listener_get (self->listener, index);
  parley_mock_client_print (server, head);
  parley_mock_client_print (server, text);
  return server;
}

static void
test_stream (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;

  send_again (self);
  server = answer (self, 0, "text/event-stream; charset=utf-8",
      ": hello\n\ndata: a\n\ndata: b\n\nda");
  parley_mock_wait (strcmp (self->log->str, "a b ") == 0);
  parley_mock_client_print (server, "ta: [DONE]\n\ndata: no");
  parley_mock_client_close (server);
  parley_mock_wait (g_str_has_suffix (self->log->str, "done"));
  g_assert_cmpstr (self->log->str, ==, "a b [DONE] done");
}

static void
test_no_stream (Fixture * self, gconstpointer data)
{
  send_again (self);
  answer (self, 0, "application/json", "{}");
  parley_mock_wait (self->error);
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
  g_assert_nonnull (strstr (self->error->message, "application/json"));
  g_assert_cmpstr (self->log->str, ==, "failed");
}

static void
test_large_event (Fixture * self, gconstpointer data)
{
  g_autofree gchar *line = g_strnfill (PARLEY_SSE_MAX_EVENT / 16, 'x');
  ParleyMockClient *server;

  send_again (self);
  server = answer (self, 0, "text/event-stream", "data: a\n\ndata: ");
  for (guint i = 0; i < 40 && !self->error; i++) {
    parley_mock_client_print (server, line);
    while (g_main_context_iteration (NULL, FALSE));
  }
  parley_mock_wait (self->error);
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_TOO_LARGE);
  g_assert_cmpstr (self->log->str, ==, "a failed");
}

/* Comments keep nobody waiting: the first event must come in time. */
static void
test_comments_are_no_event (Fixture * self, gconstpointer data)
{
  send_again (self);
  answer (self, 0, "text/event-stream", ": wait\n\n");
  parley_mock_advance (8 * G_TIME_SPAN_SECOND);
  g_assert_error (self->error, PARLEY_NET_ERROR,
      PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE);
}

static void
test_cancel_at_event (Fixture * self, gconstpointer data)
{
  ParleyMockClient *server;

  self->cancel_at_event = TRUE;
  send_again (self);
  server = answer (self, 0, "text/event-stream", "data: a\n\ndata: b\n\n");
  parley_mock_wait (server->gone);
  g_assert_cmpstr (self->log->str, ==, "a ");
}

static void
test_resend_at_event (Fixture * self, gconstpointer data)
{
  self->resend_at_event = TRUE;
  send_again (self);
  answer (self, 0, "text/event-stream", "data: a\n\ndata: b\n\n");
  parley_mock_client_close (answer (self, 1, "text/event-stream",
          "data: c\n\n"));
  parley_mock_wait (g_str_has_suffix (self->log->str, "done"));
  g_assert_cmpstr (self->log->str, ==, "a c done");
}

static void
ignore_log (const gchar * domain, GLogLevelFlags level, const gchar * text,
    gpointer data)
{
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_handler ("GLib-GIO", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  g_test_add_func ("/sse/cases", test_cases);
  g_test_add_func ("/sse/nul", test_nul);
  g_test_add_func ("/sse/cut-anywhere", test_cut_anywhere);
  g_test_add_func ("/sse/limit", test_limit);
#define ADD(name, func) \
  g_test_add ("/sse/request/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("stream", test_stream);
  ADD ("no-stream", test_no_stream);
  ADD ("large-event", test_large_event);
  ADD ("comments-are-no-event", test_comments_are_no_event);
  ADD ("cancel-at-event", test_cancel_at_event);
  ADD ("resend-at-event", test_resend_at_event);
  return g_test_run ();
}
