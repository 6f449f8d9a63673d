/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/llm/toolrun.h"

#include <string.h>

#include "net/breaker.h"
#include "net/clock.h"
#include "net/httprequest.h"
#include "net/retry.h"
#include "providers/jsonread.h"

/* More would cost the model more than it is worth. */
#define MAX_RESULT (64 * 1024)
#define NOTHING_SAID "{\"status\":\"done\"}"

struct _ParleyToolRun
{
  ParleyTools *tools;
  const ParleyTool *tool;
  ParleyLoop *loop;
  ParleyHttpSession *session;
  ParleyHttpRequest *request;   /* NULL: it could not be made */
  ParleyToolFunc func;          /* NULL: nobody waits any more */
  gpointer data;

  gint64 deadline;
  ParleyBreakerTicket *ticket;  /* while it waits or is sent; or NULL */
  ParleyRetry *retry;
  GSource *later;               /* tells the error */
  GError *error;
  GString *answer;
};

/* The end */

void
parley_tool_run_free (ParleyToolRun * run)
{
  parley_timer_clear (&run->later);
  parley_retry_free (run->retry);
  if (run->ticket)
    parley_breaker_cancel (run->ticket);
  if (run->request)
    parley_http_request_cancel_in_loop (run->request);
  g_clear_object (&run->request);
  g_object_unref (run->session);
  g_object_unref (run->loop);
  g_clear_error (&run->error);
  g_string_free (run->answer, TRUE);
  parley_tools_unref (run->tools);
  g_free (run);
}

void
parley_tool_run_leave_in_loop (ParleyToolRun * run)
{
  gboolean sent = run->request && parley_http_request_is_active (run->request)
      && parley_http_request_was_sent (run->request);

  if (run->tool->safe || !sent)
    parley_tool_run_free (run);
  else
    run->func = NULL;
}

gchar *
parley_tool_error_result (const gchar * text)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "error", text);
  return parley_json_write (object);
}

static void
tell (ParleyToolRun * run, const gchar * result, const GError * error)
{
  if (run->func)
    run->func (run, result, error, run->data);
  else
    parley_tool_run_free (run);
}

static void
tell_error (ParleyToolRun * run, const GError * error)
{
  g_autofree gchar *result = parley_tool_error_result (error->message);

  tell (run, result, error);
}

static gboolean
error_later (gpointer data)
{
  ParleyToolRun *run = data;

  parley_timer_clear (&run->later);
  tell_error (run, run->error);
  return G_SOURCE_REMOVE;
}

/* It could not even be asked for. Takes @error. */
static void
fail_later (ParleyToolRun * run, GError * error)
{
  run->error = error;
  run->later = parley_loop_add_timer (run->loop, parley_clock_now (),
      error_later, run);
}

/* Tries */

static void try_once (gpointer data);

static void
leave (ParleyToolRun * run, const GError * error)
{
  if (run->ticket)
    parley_breaker_leave (g_steal_pointer (&run->ticket), error);
}

/* Whether another try cannot do the work twice. */
static gboolean
is_clean (ParleyToolRun * run, const GError * error)
{
  return run->func && (run->tool->safe
      || !parley_http_request_was_sent (run->request)
      || g_error_matches (error, PARLEY_NET_ERROR,
          PARLEY_NET_ERROR_RATE_LIMITED));
}

static void
end_try (ParleyToolRun * run, const GError * error)
{
  leave (run, error);
  if (parley_retry_again_in_loop (run->retry, error, is_clean (run, error),
          try_once, run)) {
    if (parley_retry_get_due (run->retry) < run->deadline)
      return;
    parley_retry_reset (run->retry);
  }
  tell_error (run, error);
}

static void
on_chunk (ParleyHttpRequest * request, const guint8 * bytes, gsize len,
    gpointer data)
{
  g_string_append_len (((ParleyToolRun *) data)->answer,
      (const gchar *) bytes, len);
}

static void
on_done (ParleyHttpRequest * request, gpointer data)
{
  ParleyToolRun *run = data;
  GString *answer = run->answer;
  g_autoptr (GError) error = NULL;

  leave (run, NULL);
  if (!g_utf8_validate (answer->str, answer->len, NULL)) {
    error = parley_net_error_new (PARLEY_NET_ERROR_PROTOCOL, run->tool->name,
        "its answer is no text: have it answer JSON, or text in UTF-8");
    tell_error (run, error);
  } else {
    g_strstrip (answer->str);
    tell (run, run->tool->kind == PARLEY_TOOL_WEBHOOK && *answer->str
        ? answer->str : NOTHING_SAID, NULL);
  }
}

static void
on_failed (ParleyHttpRequest * request, const GError * error, gpointer data)
{
  end_try (data, error);
}

static void
entered (ParleyBreakerTicket * ticket, const GError * error, gpointer data)
{
  static const ParleyHttpHandler handler = {.chunk = on_chunk,.done = on_done,
    .failed = on_failed
  };
  ParleyToolRun *run = data;
  gint64 left = MAX (run->deadline - parley_clock_now (), 1);
  ParleyTimeouts timeouts;

  if (error) {
    end_try (run, error);
    return;
  }
  parley_timeouts_get_default (PARLEY_OPERATION_TOOL, &timeouts);
  timeouts.connect = MIN (timeouts.connect, left);
  timeouts.first_byte = timeouts.idle = timeouts.total = left;
  parley_http_request_set_timeouts (run->request, &timeouts);
  g_string_truncate (run->answer, 0);
  parley_http_request_send_in_loop (run->request, run->session, &handler, run);
}

static void
try_once (gpointer data)
{
  ParleyToolRun *run = data;

  run->ticket = parley_breaker_enter_in_loop (parley_breaker_get ("tool",
          parley_http_request_get_host (run->request)), run->loop,
      run->deadline, entered, run);
}

/* What is asked for */

/* What the call and the arguments say for %{name}; transfer full. */
static gchar *
variable (const gchar * name, JsonObject * arguments, ParleyCall * phone)
{
  g_autofree gchar *asked = NULL;
  JsonNode *node;

  if (g_str_has_prefix (name, "arg.")) {
    node = json_object_get_member (arguments, name + strlen ("arg."));
    if (node && JSON_NODE_HOLDS_VALUE (node)
        && json_node_get_value_type (node) == G_TYPE_STRING)
      return json_node_dup_string (node);
    return node ? json_to_string (node, FALSE) : g_strdup ("");
  }
  asked = g_strdup_printf ("%%{%s}", name);
  return phone ? parley_call_expand (phone, asked) : g_strdup ("");
}

/* @text with each %{name} replaced. Transfer full. */
static gchar *
expand (const gchar * text, JsonObject * arguments, ParleyCall * phone)
{
  GString *out = g_string_new (NULL);
  const gchar *open, *close;

  while ((open = strstr (text, "%{")) && (close = strchr (open, '}'))) {
    g_autofree gchar *name = g_strndup (open + 2, close - open - 2);
    g_autofree gchar *value = variable (name, arguments, phone);

    g_string_append_len (out, text, open - text);
    g_string_append (out, value);
    text = close + 1;
  }
  g_string_append (out, text);
  return g_string_free (out, FALSE);
}

/* In the path these lead elsewhere than the file says. */
static gboolean
is_no_segment (const gchar * value)
{
  return strspn (value, ".") == strlen (value);
}

/* The same of an URL, in which values are escaped. NULL with @error: one cannot
 * stand where it is to stand. */
static gchar *
expand_url (const ParleyTool * tool, JsonObject * arguments,
    ParleyCall * phone, GError ** error)
{
  GString *out = g_string_new (NULL);
  const gchar *text = tool->url, *open, *close;

  while ((open = strstr (text, "%{")) && (close = strchr (open, '}'))) {
    g_autofree gchar *name = g_strndup (open + 2, close - open - 2);
    g_autofree gchar *value = variable (name, arguments, phone);

    g_string_append_len (out, text, open - text);
    if (!strchr (out->str, '?') && is_no_segment (value)) {
      g_propagate_error (error, parley_net_error_new
          (PARLEY_NET_ERROR_SETTINGS, tool->name, "its address needs a value "
              "for %s, not “%s”", name, value));
      g_string_free (out, TRUE);
      return NULL;
    }
    g_string_append_uri_escaped (out, value, NULL, FALSE);
    text = close + 1;
  }
  g_string_append (out, text);
  return g_string_free (out, FALSE);
}

/* The arguments behind an URL, for methods without a body. */
static void
append_query (GString * url, JsonObject * arguments)
{
  JsonObjectIter iter;
  const gchar *name;
  gchar separator = strchr (url->str, '?') ? '&' : '?';

  json_object_iter_init_ordered (&iter, arguments);
  while (json_object_iter_next_ordered (&iter, &name, NULL)) {
    g_autofree gchar *member = g_strconcat ("arg.", name, NULL);
    g_autofree gchar *value = variable (member, arguments, NULL);

    g_string_append_c (url, separator);
    g_string_append_uri_escaped (url, name, NULL, FALSE);
    g_string_append_c (url, '=');
    g_string_append_uri_escaped (url, value, NULL, FALSE);
    separator = '&';
  }
}

static JsonNode *
phone_facts (ParleyCall * phone)
{
  static const gchar *const names[] = { "sid", "from", "to" };
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *facts = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *asked = g_strdup_printf ("%%{call.%s}", names[i]);
    g_autofree gchar *value = phone ? parley_call_expand (phone, asked) : NULL;

    json_object_set_string_member (facts, names[i], value ? value : "");
  }
  json_node_take_object (node, facts);
  return node;
}

static gchar *
webhook_body (const ParleyToolCall * call, JsonNode * arguments,
    ParleyCall * phone)
{
  JsonObject *body = json_object_new ();

  json_object_set_string_member (body, "name", call->name);
  json_object_set_string_member (body, "id", call->id);
  json_object_set_member (body, "arguments", json_node_copy (arguments));
  json_object_set_member (body, "call", phone_facts (phone));
  return parley_json_write (body);
}

/* @signed_text: the body, or the query. */
static void
sign (ParleyHttpRequest * request, const gchar * key, const gchar * signed_text)
{
  g_autofree gchar *time = g_strdup_printf ("%" G_GINT64_FORMAT,
      g_get_real_time () / G_USEC_PER_SEC);
  g_autofree gchar *text = g_strconcat (time, ".", signed_text, NULL);
  g_autofree gchar *hex = g_compute_hmac_for_string (G_CHECKSUM_SHA256,
      (const guchar *) key, strlen (key), text, strlen (text));
  g_autofree gchar *value = g_strconcat ("sha256=", hex, NULL);

  parley_http_request_set_header (request, "X-Parley-Timestamp", time);
  parley_http_request_set_header (request, "X-Parley-Signature", value);
}

static gboolean
set_headers (ParleyHttpRequest * request, const ParleyTool * tool,
    GError ** error)
{
  g_autofree gchar *key = g_uuid_string_random ();

  parley_http_request_set_header (request, "Accept", "application/json");
  /* The same for each try: the service can tell them apart from new calls. */
  parley_http_request_set_header (request, "Idempotency-Key", key);
  for (guint i = 0; i < tool->headers->len; i++) {
    ParleyToolHeader *header = g_ptr_array_index (tool->headers, i);

    if (!header->secret)
      parley_http_request_set_header (request, header->name, header->value);
    else if (!parley_http_request_set_secret (request, header->name,
            header->value, header->secret, error))
      return FALSE;
  }
  return TRUE;
}

static ParleyHttpRequest *
new_webhook (const ParleyTool * tool, const ParleyToolCall * call,
    JsonNode * arguments, ParleyCall * phone, GError ** error)
{
  JsonObject *object = json_node_get_object (arguments);
  gboolean bare = g_str_equal (tool->method, "GET")
      || g_str_equal (tool->method, "DELETE");
  g_autofree gchar *expanded = expand_url (tool, object, phone, error);
  g_autofree gchar *body = bare ? NULL : webhook_body (call, arguments, phone);
  GString *url;
  ParleyHttpRequest *request;
  const gchar *query;
  GBytes *bytes;

  if (!expanded)
    return NULL;
  url = g_string_new (expanded);
  if (bare)
    append_query (url, object);
  query = strchr (url->str, '?');
  request = parley_http_request_new (tool->name, PARLEY_OPERATION_TOOL,
      tool->method, url->str, error);
  if (request && set_headers (request, tool, error)) {
    if (tool->signing_key)
      sign (request, tool->signing_key, body ? body : query ? query + 1 : "");
    if (body) {
      bytes = g_bytes_new (body, strlen (body));
      parley_http_request_set_body (request, "application/json", bytes);
      g_bytes_unref (bytes);
    }
  } else {
    g_clear_object (&request);
  }
  g_string_free (url, TRUE);
  return request;
}

/* Twilio */

static GError *
refusal (const ParleyTool * tool, const gchar * text)
{
  return parley_net_error_new (PARLEY_NET_ERROR_SETTINGS, tool->name, "%s",
      text);
}

/* The number that the model chose, or the only one; transfer full. */
static gchar *
chosen_number (const ParleyTool * tool, JsonObject * arguments,
    ParleyCall * phone, GError ** error)
{
  const gchar *to = parley_json_get_string (arguments, "to");
  const gchar *number = tool->number;

  if (tool->numbers)
    number = to ? g_hash_table_lookup (tool->numbers, to) : NULL;
  if (number)
    return expand (number, arguments, phone);
  g_propagate_error (error, refusal (tool,
          "there is no such entry: \"to\" must be one of the list"));
  return NULL;
}

static gchar *
dial_twiml (const gchar * number, const gchar * from)
{
  g_autofree gchar *id = *from ? g_markup_printf_escaped (" callerId=\"%s\"",
      from) : g_strdup ("");
  const gchar *noun = g_str_has_prefix (number, "sip:") ? "Sip" : "Number";
  g_autofree gchar *target = g_markup_printf_escaped ("%s", number);

  return g_strdup_printf ("<Response><Dial%s><%s>%s</%s></Dial></Response>",
      id, noun, target, noun);
}

static ParleyHttpRequest *
new_twilio (const ParleyTool * tool, const gchar * resource, gchar * form,
    GError ** error)
{
  g_autofree gchar *account = g_uri_escape_string (tool->account, NULL, FALSE);
  g_autofree gchar *url = g_strdup_printf ("%s/2010-04-01/Accounts/%s/%s.json",
      tool->url, account, resource);
  g_autofree gchar *pair = g_strconcat (tool->account, ":", tool->token, NULL);
  g_autofree gchar *basic = g_base64_encode ((const guchar *) pair,
      strlen (pair));
  ParleyHttpRequest *request = parley_http_request_new (tool->name,
      PARLEY_OPERATION_TOOL, "POST", url, error);
  GBytes *bytes = g_bytes_new_take (form, strlen (form));

  if (request && parley_http_request_set_secret (request, "Authorization",
          "Basic ", basic, error))
    parley_http_request_set_body (request,
        "application/x-www-form-urlencoded", bytes);
  else
    g_clear_object (&request);
  g_bytes_unref (bytes);
  return request;
}

static ParleyHttpRequest *
new_transfer (const ParleyTool * tool, JsonObject * arguments,
    ParleyCall * phone, GError ** error)
{
  g_autofree gchar *number = chosen_number (tool, arguments, phone, error);
  g_autofree gchar *from = expand (tool->from ? tool->from : "",
      arguments, phone);
  g_autofree gchar *sid = phone ? parley_call_expand (phone, "%{call.sid}")
      : g_strdup ("");
  g_autofree gchar *escaped = g_uri_escape_string (sid, NULL, FALSE);
  g_autofree gchar *resource = g_strconcat ("Calls/", escaped, NULL);
  g_autofree gchar *twiml = NULL;

  if (!number)
    return NULL;
  if (!*sid) {
    g_propagate_error (error, refusal (tool, "there is no phone call"));
    return NULL;
  }
  twiml = dial_twiml (number, from);
  return new_twilio (tool, resource, soup_form_encode ("Twiml", twiml, NULL),
      error);
}

static ParleyHttpRequest *
new_message (const ParleyTool * tool, JsonObject * arguments,
    ParleyCall * phone, GError ** error)
{
  g_autofree gchar *number = chosen_number (tool, arguments, phone, error);
  g_autofree gchar *from = expand (tool->from, arguments, phone);
  const gchar *text = parley_json_get_string (arguments, "text");

  if (!number)
    return NULL;
  if (!*number || !*from || !text || !*text) {
    g_propagate_error (error, refusal (tool, text && *text
            ? "the numbers of the message are not known"
            : "\"text\" is missing"));
    return NULL;
  }
  return new_twilio (tool, "Messages", soup_form_encode ("To", number, "From",
          from, "Body", text, NULL), error);
}

static ParleyHttpRequest *
new_request (const ParleyTool * tool, const ParleyToolCall * call,
    JsonNode * arguments, ParleyCall * phone, GError ** error)
{
  JsonObject *object = json_node_get_object (arguments);

  if (tool->kind == PARLEY_TOOL_TRANSFER)
    return new_transfer (tool, object, phone, error);
  if (tool->kind == PARLEY_TOOL_SEND_MESSAGE)
    return new_message (tool, object, phone, error);
  return new_webhook (tool, call, arguments, phone, error);
}

ParleyToolRun *
parley_tool_run_in_loop (ParleyTools * tools, const ParleyTool * tool,
    const ParleyToolCall * call, JsonNode * arguments, ParleyLoop * loop,
    ParleyCall * phone, ParleyToolFunc func, gpointer data)
{
  ParleyToolRun *run = g_new0 (ParleyToolRun, 1);
  GError *error = NULL;

  g_return_val_if_fail (tool->kind != PARLEY_TOOL_HANG_UP, NULL);
  run->tools = parley_tools_ref (tools);
  run->tool = tool;
  run->loop = g_object_ref (loop);
  run->session = parley_http_session_get_in_loop (loop);
  run->func = func;
  run->data = data;
  run->deadline = parley_clock_now () + tool->timeout;
  run->retry = parley_retry_new (loop, NULL);
  run->answer = g_string_new (NULL);
  run->request = new_request (tool, call, arguments, phone, &error);
  if (!run->request) {
    fail_later (run, error);
    return run;
  }
  parley_http_request_set_max_body (run->request, MAX_RESULT);
  parley_http_request_set_idempotent (run->request, tool->safe);
  try_once (run);
  return run;
}
