/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/llm/openaichat.h"

#include <string.h>

#include "net/neterror.h"
#include "providers/jsonread.h"

/* A call's index comes from the server. */
#define MAX_TOOL_CALLS 64

typedef struct
{
  gchar *id;
  gchar *name;
  GString *arguments;
} Piece;

struct _ParleyChatReply
{
  gchar *provider;
  const gchar *const *secrets;
  GPtrArray *pieces;            /* of Piece, by their index; or NULL */
  GPtrArray *calls;             /* of ParleyToolCall; complete after finish */
  gchar *finish_reason;
  ParleyChatUsage usage;
  gboolean has_usage;
  gboolean has_text;
  gboolean over;
};

/* The request */

static const gchar *
role_name (ParleyRole role)
{
  static const gchar *const names[] = {
    "system", "user", "assistant", "tool"
  };

  return names[role];
}

static void
add_text (JsonBuilder * builder, const gchar * name, const gchar * text)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text);
}

static void
add_calls (JsonBuilder * builder, GPtrArray * calls)
{
  json_builder_set_member_name (builder, "tool_calls");
  json_builder_begin_array (builder);
  for (guint i = 0; i < calls->len; i++) {
    ParleyToolCall *call = g_ptr_array_index (calls, i);

    json_builder_begin_object (builder);
    add_text (builder, "id", call->id);
    add_text (builder, "type", "function");
    json_builder_set_member_name (builder, "function");
    json_builder_begin_object (builder);
    add_text (builder, "name", call->name);
    add_text (builder, "arguments", call->arguments);
    json_builder_end_object (builder);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
add_message (JsonBuilder * builder, const ParleyMessage * message)
{
  json_builder_begin_object (builder);
  add_text (builder, "role", role_name (message->role));
  if (message->call)
    add_text (builder, "tool_call_id", message->call);
  json_builder_set_member_name (builder, "content");
  if (*message->text || !message->calls)
    json_builder_add_string_value (builder, message->text);
  else
    json_builder_add_null_value (builder);
  if (message->calls)
    add_calls (builder, message->calls);
  json_builder_end_object (builder);
}

static void
add_messages (JsonBuilder * builder, GPtrArray * messages)
{
  json_builder_set_member_name (builder, "messages");
  json_builder_begin_array (builder);
  for (guint i = 0; i < messages->len; i++) {
    ParleyMessage *message = g_ptr_array_index (messages, i);

    if (*message->text || message->calls || message->call)
      add_message (builder, message);
  }
  json_builder_end_array (builder);
}

static void
add_tools (JsonBuilder * builder, ParleyTools * tools)
{
  json_builder_set_member_name (builder, "tools");
  json_builder_begin_array (builder);
  for (guint i = 0; i < parley_tools_get_n (tools); i++) {
    const ParleyTool *tool = parley_tools_get (tools, i);

    json_builder_begin_object (builder);
    add_text (builder, "type", "function");
    json_builder_set_member_name (builder, "function");
    json_builder_begin_object (builder);
    add_text (builder, "name", tool->name);
    add_text (builder, "description", tool->description);
    json_builder_set_member_name (builder, "parameters");
    json_builder_add_value (builder, json_node_copy (tool->parameters));
    json_builder_end_object (builder);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
add_settings (JsonBuilder * builder, const ParleyChatSettings * settings)
{
  if (settings->temperature >= 0) {
    json_builder_set_member_name (builder, "temperature");
    json_builder_add_double_value (builder, settings->temperature);
  }
  if (settings->max_tokens > 0) {
    json_builder_set_member_name (builder, settings->max_tokens_new_name
        ? "max_completion_tokens" : "max_tokens");
    json_builder_add_int_value (builder, settings->max_tokens);
  }
}

JsonNode *
parley_chat_request (GPtrArray * messages, const ParleyChatSettings * settings)
{
  JsonBuilder *builder = json_builder_new ();
  JsonNode *root;

  json_builder_begin_object (builder);
  add_text (builder, "model", settings->model);
  json_builder_set_member_name (builder, "stream");
  json_builder_add_boolean_value (builder, TRUE);
  json_builder_set_member_name (builder, "stream_options");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "include_usage");
  json_builder_add_boolean_value (builder, TRUE);
  json_builder_end_object (builder);
  if (settings->tools)
    add_tools (builder, settings->tools);
  add_messages (builder, messages);
  add_settings (builder, settings);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  g_object_unref (builder);
  return root;
}

/* The reply */

static void
piece_free (gpointer data)
{
  Piece *piece = data;

  if (!piece)
    return;
  g_free (piece->id);
  g_free (piece->name);
  g_string_free (piece->arguments, TRUE);
  g_free (piece);
}

ParleyChatReply *
parley_chat_reply_new (const gchar * provider, const gchar * const *secrets)
{
  ParleyChatReply *reply = g_new0 (ParleyChatReply, 1);

  reply->provider = g_strdup (provider);
  reply->secrets = secrets;
  reply->pieces = g_ptr_array_new_with_free_func (piece_free);
  reply->calls = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_tool_call_free);
  return reply;
}

void
parley_chat_reply_free (ParleyChatReply * reply)
{
  g_ptr_array_unref (reply->calls);
  g_ptr_array_unref (reply->pieces);
  g_free (reply->finish_reason);
  g_free (reply->provider);
  g_free (reply);
}

static void
take_string (gchar ** field, JsonObject * object, const gchar * name)
{
  const gchar *value = parley_json_get_string (object, name);

  if (value && *value && !*field)
    *field = g_strdup (value);
}

/* A call comes in pieces that its index holds together; some servers send it
 * whole and without one. */
static void
take_tool_call (ParleyChatReply * reply, JsonObject * object, guint position)
{
  JsonObject *function = parley_json_get_object (object, "function");
  const gchar *arguments = parley_json_get_string (function, "arguments");
  gdouble index = parley_json_get_number (object, "index", position);
  Piece *piece;

  if (index < 0 || index >= MAX_TOOL_CALLS)
    return;
  if (reply->pieces->len <= (guint) index)
    g_ptr_array_set_size (reply->pieces, (guint) index + 1);
  piece = g_ptr_array_index (reply->pieces, (guint) index);
  if (!piece) {
    piece = g_new0 (Piece, 1);
    piece->arguments = g_string_new (NULL);
    g_ptr_array_index (reply->pieces, (guint) index) = piece;
  }
  take_string (&piece->id, object, "id");
  take_string (&piece->name, function, "name");
  if (arguments)
    g_string_append (piece->arguments, arguments);
}

static void
take_choice (ParleyChatReply * reply, JsonObject * choice, GString * text)
{
  JsonObject *delta = parley_json_get_object (choice, "delta");
  JsonArray *calls = parley_json_get_array (delta, "tool_calls");
  const gchar *content = parley_json_get_string (delta, "content");

  if (content && *content) {
    g_string_append (text, content);
    reply->has_text = TRUE;
  }
  if (calls && reply->has_text && reply->pieces->len == 0)
    g_string_append (text, "\n\n");
  for (guint i = 0; calls && i < json_array_get_length (calls); i++)
    if (parley_json_get_element (calls, i))
      take_tool_call (reply, parley_json_get_element (calls, i), i);
  take_string (&reply->finish_reason, choice, "finish_reason");
}

/* Some servers tell it more than once: the last one counts. */
static void
take_usage (ParleyChatReply * reply, JsonObject * usage)
{
  JsonObject *details = parley_json_get_object (usage, "prompt_tokens_details");
  gdouble prompt = parley_json_get_number (usage, "prompt_tokens", -1);

  if (prompt < 0)
    return;
  reply->usage.cached = CLAMP (parley_json_get_number (details,
          "cached_tokens", 0), 0, prompt);
  reply->usage.input = prompt - reply->usage.cached;
  reply->usage.output = MAX (parley_json_get_number (usage,
          "completion_tokens", 0), 0);
  reply->has_usage = TRUE;
}

gboolean
parley_chat_reply_take (ParleyChatReply * reply, const gchar * data, gsize len,
    GString * text, GError ** error)
{
  JsonNode *root;
  JsonObject *object, *choice;
  GError *told;

  if (len == 6 && memcmp (data, "[DONE]", 6) == 0) {
    reply->over = TRUE;
    return TRUE;
  }
  root = parley_json_read (reply->provider, data, len, error);
  if (!root)
    return FALSE;
  object = json_node_get_object (root);
  told = parley_json_get_error (reply->provider, object, reply->secrets);
  if (told) {
    g_propagate_error (error, told);
  } else {
    choice = parley_json_get_element (parley_json_get_array (object,
            "choices"), 0);
    if (choice)
      take_choice (reply, choice, text);
    take_usage (reply, parley_json_get_object (object, "usage"));
  }
  json_node_unref (root);
  return !told;
}

gboolean
parley_chat_reply_is_over (ParleyChatReply * reply)
{
  return reply->over;
}

/* FALSE: nobody can say what is to be called. */
static gboolean
complete_call (ParleyChatReply * reply, Piece * piece, guint index)
{
  if (!piece->name)
    return FALSE;
  if (!piece->id)
    piece->id = g_strdup_printf ("call_%u", index);
  if (piece->arguments->len == 0)
    g_string_assign (piece->arguments, "{}");
  g_ptr_array_add (reply->calls, parley_tool_call_new (piece->id, piece->name,
          piece->arguments->str));
  return TRUE;
}

static const gchar *
why_empty (ParleyChatReply * reply)
{
  if (g_strcmp0 (reply->finish_reason, "length") == 0)
    return "all of max-tokens was used up before the first word: raise it";
  if (g_strcmp0 (reply->finish_reason, "content_filter") == 0)
    return "the service's filter held the answer back: change the prompt";
  return "the answer is empty: check model and prompt";
}

gboolean
parley_chat_reply_finish (ParleyChatReply * reply, GError ** error)
{
  gboolean calls_fine = TRUE;
  const gchar *wrong = NULL;

  if (!reply->over && !reply->finish_reason) {
    g_propagate_error (error, parley_net_error_new (PARLEY_NET_ERROR_DROPPED,
            reply->provider, "the answer ended in the middle: try again"));
    return FALSE;
  }
  for (guint i = 0; i < reply->pieces->len; i++)
    if (g_ptr_array_index (reply->pieces, i))
      calls_fine &= complete_call (reply, g_ptr_array_index (reply->pieces,
              i), i);
  if (!calls_fine)
    wrong = "the call of a tool has no name: check model and tools";
  else if (!reply->has_text && reply->calls->len == 0)
    wrong = why_empty (reply);
  if (wrong)
    g_propagate_error (error, parley_net_error_new (PARLEY_NET_ERROR_PROTOCOL,
            reply->provider, "%s", wrong));
  return !wrong;
}

GPtrArray *
parley_chat_reply_get_tool_calls (ParleyChatReply * reply)
{
  return reply->calls;
}

gboolean
parley_chat_reply_get_usage (ParleyChatReply * reply, ParleyChatUsage * usage)
{
  *usage = reply->usage;
  return reply->has_usage;
}
