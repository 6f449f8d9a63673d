/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenAI's chat completions, whole and as server-sent events, and its list of
 * models. */
#include <string.h>

#include "emulator/engines.h"
#include "emulator/protocols.h"
#include "emulator/wirejson.h"
#include "turn/history.h"

/* Bytes of a function's arguments in each piece. */
#define ARGUMENTS_PIECE 6
/* A rule of thumb for English. */
#define CHARACTERS_PER_TOKEN 4

#define NOT_ANSWERED "An assistant message with 'tool_calls' must be " \
    "followed by tool messages responding to each 'tool_call_id'."

static const gchar *const models[] = { "gpt-4o", "gpt-4o-mini",
  "gpt-4o-mini-transcribe", "gpt-4o-mini-tts", "whisper-1"
};

typedef struct
{
  ParleyExchange *exchange;     /* borrowed */
  ParleyAnswering *answering;
  gchar *model;
  gchar *id;
  gint64 created;               /* s */
  gboolean stream;
  gboolean usage;               /* wanted in the stream */
  gboolean obfuscation;
  guint max_tokens;             /* 0: any number */
  guint prompt_tokens;
  guint n_tokens;
  GString *text;
  GString *calls;               /* JSON of the functions called */
  guint n_calls;
} Chat;

static void
chat_free (gpointer data)
{
  Chat *self = data;

  g_clear_pointer (&self->answering, parley_answering_free);
  g_string_free (self->text, TRUE);
  g_string_free (self->calls, TRUE);
  g_free (self->model);
  g_free (self->id);
  g_free (self);
}

/* The request */

static gchar *
content_text (JsonObject * message)
{
  const gchar *text = parley_wire_string (message, "content");
  JsonArray *parts = parley_wire_array (message, "content");
  GString *out = g_string_new (text);

  for (guint i = 0; parts != NULL && i < json_array_get_length (parts); i++) {
    const gchar *part = parley_wire_string (parley_wire_element (parts, i),
        "text");

    g_string_append (out, part != NULL ? part : "");
  }
  return g_string_free (out, FALSE);
}

static gboolean
role_of (const gchar * name, ParleyRole * role)
{
  if (g_strcmp0 (name, "system") == 0 || g_strcmp0 (name, "developer") == 0)
    *role = PARLEY_ROLE_SYSTEM;
  else if (g_strcmp0 (name, "user") == 0)
    *role = PARLEY_ROLE_USER;
  else if (g_strcmp0 (name, "assistant") == 0)
    *role = PARLEY_ROLE_ASSISTANT;
  else
    return FALSE;
  return TRUE;
}

static void
message_free (gpointer message)
{
  parley_message_free (message);
}

/* The ids of the calls that a message makes, and that no result came for yet:
 * each must have one before anything else is said. */
static void
note_calls (GHashTable * open, JsonObject * message)
{
  JsonArray *calls = parley_wire_array (message, "tool_calls");

  for (guint i = 0; calls != NULL && i < json_array_get_length (calls); i++) {
    const gchar *id = parley_wire_string (parley_wire_element (calls, i), "id");

    g_hash_table_add (open, g_strdup (id != NULL ? id : ""));
  }
}

/* What is wrong with a message of @role; NULL: nothing. */
static const gchar *
check_order (GHashTable * open, JsonObject * message, const gchar * role)
{
  const gchar *id = parley_wire_string (message, "tool_call_id");

  if (g_strcmp0 (role, "tool") == 0)
    return id != NULL && g_hash_table_remove (open, id) ? NULL
        : "messages with role 'tool' must be a response to a preceding "
        "message with 'tool_calls'.";
  return g_hash_table_size (open) == 0 ? NULL : NOT_ANSWERED;
}

/* Of ParleyMessage; NULL: *@wrong says what is. *@result: the text of a
 * function's result, if that comes last; transfer full. */
static GPtrArray *
read_messages (JsonArray * array, gchar ** result, const gchar ** wrong)
{
  g_autoptr (GPtrArray) messages =
      g_ptr_array_new_with_free_func (message_free);
  g_autoptr (GHashTable) open =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonObject *object = parley_wire_element (array, i);
    const gchar *name = parley_wire_string (object, "role");
    g_autofree gchar *text = content_text (object);
    ParleyRole role;

    *wrong = check_order (open, object, name);
    if (*wrong != NULL)
      return NULL;
    note_calls (open, object);
    g_clear_pointer (result, g_free);
    if (g_strcmp0 (name, "tool") == 0) {
      *result = g_steal_pointer (&text);
    } else if (role_of (name, &role)) {
      g_ptr_array_add (messages, parley_message_new (role, text));
    } else {
      *wrong = "A message needs a role: system, developer, user, assistant or "
          "tool.";
      return NULL;
    }
  }
  *wrong = g_hash_table_size (open) == 0 ? NULL : NOT_ANSWERED;
  return *wrong == NULL ? g_steal_pointer (&messages) : NULL;
}

static guint
count_prompt (GPtrArray * messages)
{
  guint n = 0;

  for (guint i = 0; i < messages->len; i++)
    n += strlen (((ParleyMessage *) g_ptr_array_index (messages, i))->text)
        / CHARACTERS_PER_TOKEN + 1;
  return n;
}

/* The answer */

static gchar *
usage_json (Chat * self)
{
  return parley_wire_json ("{'prompt_tokens':%d,'completion_tokens':%d,"
      "'total_tokens':%d,'prompt_tokens_details':{'cached_tokens':0},"
      "'completion_tokens_details':{'reasoning_tokens':0}}",
      (gint) self->prompt_tokens, (gint) self->n_tokens,
      (gint) (self->prompt_tokens + self->n_tokens));
}

static void
send_event (Chat * self, const gchar * what, const gchar * json)
{
  g_autofree gchar *event = g_strdup_printf ("data: %s\n\n", json);

  parley_exchange_chunk (self->exchange, what, event, strlen (event));
}

/* @choices, @usage: JSON. */
static void
send_chunk (Chat * self, const gchar * what, const gchar * choices,
    const gchar * usage)
{
  static const gchar padding[] = "Kd93jf7Qa2Lx";
  GString *json = g_string_new (NULL);

  parley_wire_json_append (json, "{'id':%q,'object':'chat.completion.chunk',"
      "'created':%l,'model':%q,'choices':%s", self->id, self->created,
      self->model, choices);
  if (self->usage)
    parley_wire_json_append (json, ",'usage':%s", usage);
  if (self->obfuscation)
    parley_wire_json_append (json, ",'obfuscation':%q",
        padding + self->n_tokens % (sizeof padding - 1));
  g_string_append_c (json, '}');
  send_event (self, what, json->str);
  g_string_free (json, TRUE);
}

/* @delta: JSON; @reason NULL: it goes on. */
static void
send_delta (Chat * self, const gchar * what, const gchar * delta,
    const gchar * reason)
{
  g_autofree gchar *choices = parley_wire_json ("[{'index':0,'delta':%s,"
      "'logprobs':null,'finish_reason':%q}]", delta, reason);

  send_chunk (self, what, choices, "null");
}

static gboolean
is_full (Chat * self)
{
  return self->max_tokens > 0 && self->n_tokens >= self->max_tokens;
}

static void
begin_stream (Chat * self)
{
  if (self->n_tokens + self->n_calls > 0)
    return;
  parley_exchange_stream (self->exchange, SOUP_STATUS_OK,
      "text/event-stream; charset=utf-8");
  send_delta (self, "role", "{\"role\":\"assistant\",\"content\":\"\","
      "\"refusal\":null}", NULL);
}

static void
on_token (ParleyExchange * exchange, const gchar * text, gpointer data)
{
  Chat *self = data;
  g_autofree gchar *delta = NULL;

  if (is_full (self))
    return;
  if (self->stream) {
    begin_stream (self);
    delta = parley_wire_json ("{'content':%q}", text);
    send_delta (self, "token", delta, NULL);
  }
  g_string_append (self->text, text);
  self->n_tokens++;
}

/* A piece of the arguments that ends between two characters. */
static gsize
piece_length (const gchar * text)
{
  const gchar *end = text + MIN (ARGUMENTS_PIECE, strlen (text));

  while ((*end & 0xc0) == 0x80)
    end++;
  return end - text;
}

static void
send_tool_call (Chat * self, const gchar * id, const gchar * name,
    const gchar * arguments)
{
  g_autofree gchar *first = parley_wire_json ("{'tool_calls':[{'index':%d,"
      "'id':%q,'type':'function','function':{'name':%q,'arguments':''}}]}",
      (gint) self->n_calls, id, name);

  begin_stream (self);
  send_delta (self, "tool", first, NULL);
  while (*arguments) {
    gsize len = piece_length (arguments);
    g_autofree gchar *piece = g_strndup (arguments, len);
    g_autofree gchar *delta = parley_wire_json ("{'tool_calls':[{'index':%d,"
        "'function':{'arguments':%q}}]}", (gint) self->n_calls, piece);

    send_delta (self, "tool", delta, NULL);
    arguments += len;
  }
}

static void
on_tool (ParleyExchange * exchange, const gchar * name,
    const gchar * arguments, gpointer data)
{
  Chat *self = data;
  g_autofree gchar *id = g_strdup_printf ("call_%08x_%u",
      parley_exchange_number (exchange), self->n_calls);

  if (self->stream)
    send_tool_call (self, id, name, arguments);
  parley_wire_json_append (self->calls, "%s{'id':%q,'type':'function',"
      "'function':{'name':%q,'arguments':%q}}", self->n_calls > 0 ? "," : "",
      id, name, arguments);
  self->n_calls++;
}

static void
end_stream (Chat * self, const gchar * reason)
{
  g_autofree gchar *usage = usage_json (self);

  begin_stream (self);
  send_delta (self, "finish", "{}", reason);
  if (self->usage)
    send_chunk (self, "usage", "[]", usage);
  send_event (self, "done", "[DONE]");
  parley_exchange_finish (self->exchange);
}

static void
send_whole (Chat * self, const gchar * reason)
{
  g_autofree gchar *usage = usage_json (self);
  g_autofree gchar *calls = self->n_calls == 0 ? g_strdup ("")
      : parley_wire_json (",'tool_calls':[%s]", self->calls->str);
  g_autofree gchar *body = parley_wire_json ("{'id':%q,"
      "'object':'chat.completion','created':%l,'model':%q,'choices':[{"
      "'index':0,'message':{'role':'assistant','content':%q,'refusal':null"
      "%s},'logprobs':null,'finish_reason':%q}],'usage':%s}", self->id,
      self->created, self->model,
      self->text->len > 0 || self->n_calls == 0 ? self->text->str : NULL,
      calls, reason, usage);

  parley_exchange_respond (self->exchange, SOUP_STATUS_OK,
      "application/json", body);
}

/* A failure after 200 is an event of its own. */
static void
fail (Chat * self)
{
  if (self->n_tokens + self->n_calls == 0) {
    parley_openai_refuse (self->exchange, SOUP_STATUS_INTERNAL_SERVER_ERROR);
    return;
  }
  send_event (self, "error", "{\"error\":{\"message\":\"The server had an "
      "error\",\"type\":\"server_error\",\"param\":null,\"code\":null}}");
  parley_exchange_finish (self->exchange);
}

static void
on_done (ParleyExchange * exchange, gboolean failed, gpointer data)
{
  Chat *self = data;
  const gchar *reason = self->n_calls > 0 ? "tool_calls"
      : is_full (self) ? "length" : "stop";

  if (failed)
    fail (self);
  else if (self->stream)
    end_stream (self, reason);
  else
    send_whole (self, reason);
}

static const ParleyAnsweringFuncs answering_funcs = {
  on_token, on_tool, on_done
};

static void
begin_chat (ParleyExchange * exchange, JsonObject * root,
    GPtrArray * messages, const gchar * result)
{
  JsonObject *options = parley_wire_object (root, "stream_options");
  g_autofree gchar *request = g_strdup_printf ("req_%08x",
      parley_exchange_number (exchange));
  Chat *self = g_new0 (Chat, 1);

  self->exchange = exchange;
  self->model = g_strdup (parley_wire_string (root, "model"));
  self->id = g_strdup_printf ("chatcmpl-%08x",
      parley_exchange_number (exchange));
  self->created = g_get_real_time () / G_USEC_PER_SEC;
  self->stream = parley_wire_boolean (root, "stream", FALSE);
  self->usage = parley_wire_boolean (options, "include_usage", FALSE);
  self->obfuscation =
      parley_wire_boolean (options, "include_obfuscation", TRUE);
  self->max_tokens = CLAMP (parley_wire_number (root, "max_completion_tokens",
          parley_wire_number (root, "max_tokens", 0)), 0, G_MAXINT);
  self->prompt_tokens = count_prompt (messages);
  self->text = g_string_new (NULL);
  self->calls = g_string_new (NULL);
  parley_exchange_set_header (exchange, "x-request-id", request);
  parley_exchange_set_data (exchange, self, chat_free);
  self->answering = parley_answering_new (exchange, messages, result,
      &answering_funcs, self);
}

static void
refuse_request (ParleyExchange * exchange, const gchar * param,
    const gchar * message)
{
  parley_openai_error (exchange, SOUP_STATUS_BAD_REQUEST,
      "invalid_request_error", param, NULL, message);
}

static void
handle_chat (ParleyExchange * exchange)
{
  g_autoptr (GBytes) body = parley_exchange_body (exchange);
  const gchar *wrong;
  g_autoptr (JsonNode) node = parley_wire_json_parse (g_bytes_get_data (body,
          NULL), g_bytes_get_size (body), &wrong);
  JsonObject *root = node != NULL ? json_node_get_object (node) : NULL;
  JsonArray *array = parley_wire_array (root, "messages");
  g_autoptr (GPtrArray) messages = NULL;
  g_autofree gchar *result = NULL;

  if (root == NULL) {
    refuse_request (exchange, NULL, "The body is not a JSON object that can "
        "be parsed.");
  } else if (parley_wire_string (root, "model") == NULL) {
    refuse_request (exchange, NULL, "A model must be given.");
  } else if (array == NULL || json_array_get_length (array) == 0) {
    refuse_request (exchange, "messages",
        "'messages' must be a list of at least one message.");
  } else {
    messages = read_messages (array, &result, &wrong);
    if (messages == NULL)
      refuse_request (exchange, "messages", wrong);
    else
      begin_chat (exchange, root, messages, result);
  }
}

static void
handle_models (ParleyExchange * exchange)
{
  GString *list = g_string_new (NULL);
  g_autofree gchar *body = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (models); i++)
    parley_wire_json_append (list, "%s{'id':%q,'object':'model',"
        "'created':1715367049,'owned_by':'system'}", i > 0 ? "," : "",
        models[i]);
  body = parley_wire_json ("{'object':'list','data':[%s]}", list->str);
  parley_exchange_respond (exchange, SOUP_STATUS_OK, "application/json", body);
  g_string_free (list, TRUE);
}

const ParleyProtocol parley_openai_chat_protocols[] = {
  {"openai-chat", "POST", "*/v1/chat/completions", FALSE,
      parley_protocol_bearer_key, parley_openai_refuse, handle_chat},
  {"openai-models", "GET", "*/v1/models", FALSE,
        parley_protocol_bearer_key, parley_openai_refuse, handle_models,
      TRUE},
  {NULL}
};
