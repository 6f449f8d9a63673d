/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/control.h"

#include <string.h>

#include "providers/jsonread.h"
#include "server/answer.h"

#define PREFIX "/calls/"
#define MAX_TEXT 4000

#define TEXT_UNKNOWN "There is nothing to be done by that name: POST to " \
    "/calls/SID/say, /transfer, /hangup, /hold or /unhold.\n"
#define TEXT_TYPE "Send JSON: with the header “Content-Type: " \
    "application/json”.\n"
#define TEXT_OVER "The call is over, or about to end.\n"
#define TEXT_NO_LLMCHAT "The pipeline of this call has no llmchat, which is " \
    "what speaks, transfers and hangs up.\n"

typedef enum
{
  CONTROL_SAY,
  CONTROL_TRANSFER,
  CONTROL_HANG_UP,
  CONTROL_HOLD,
  CONTROL_UNHOLD
} ControlKind;

struct _ParleyControl
{
  ControlKind kind;
  gchar *text;                  /* or whom to; may be NULL */
  gboolean interrupt;
  ParleyAnswer *answer;         /* NULL: not begun */
};

void
parley_control_free (ParleyControl * self)
{
  g_free (self->text);
  g_free (self);
}

/* Requests */

static gboolean
parse_path (const gchar * path, ControlKind * kind, gchar ** sid)
{
  static const gchar *const names[] = {
    "/say", "/transfer", "/hangup", "/hold", "/unhold"
  };
  const gchar *rest = path + strlen (PREFIX);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (!g_str_has_suffix (rest, names[i]))
      continue;
    *kind = i;
    *sid = g_strndup (rest, strlen (rest) - strlen (names[i]));
    return TRUE;
  }
  return FALSE;
}

static gboolean
is_json (SoupServerMessage * message)
{
  const gchar *type = soup_message_headers_get_content_type
      (soup_server_message_get_request_headers (message), NULL);

  return type && g_ascii_strcasecmp (type, PARLEY_TYPE_JSON) == 0;
}

/* An absent member is as good as null; of another type it is wrong. */
static gboolean
has_type (JsonObject * object, const gchar * name, GType type)
{
  JsonNode *node = json_object_get_member (object, name);

  return !node || json_node_is_null (node)
      || json_node_get_value_type (node) == type;
}

/* NULL: all is well; else what is wrong. */
static const gchar *
take_fields (ParleyControl * self, JsonObject * object)
{
  const gchar *name = self->kind == CONTROL_TRANSFER ? "to" : "text";

  if (!has_type (object, name, G_TYPE_STRING))
    return self->kind == CONTROL_TRANSFER ? "“to” is not a string"
        : "“text” is not a string";
  if (!has_type (object, "interrupt", G_TYPE_BOOLEAN))
    return "“interrupt” is neither true nor false";
  self->text = g_strdup (parley_json_get_string (object, name));
  self->interrupt = parley_json_is_true (object, "interrupt");
  if (self->text && strlen (self->text) > MAX_TEXT)
    return "“text” has more than 4000 bytes";
  if (self->kind == CONTROL_SAY && (!self->text || !*g_strstrip (self->text)))
    return "“text”, what is to be said, is missing";
  return NULL;
}

static gchar *
read_body (ParleyControl * self, SoupServerMessage * message)
{
  g_autoptr (GBytes) bytes = soup_message_body_flatten
      (soup_server_message_get_request_body (message));
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = parley_json_read ("the body",
      g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  const gchar *wrong;

  if (!root)
    return g_strdup_printf ("Send an object of JSON: %s.\n", error->message);
  wrong = take_fields (self, json_node_get_object (root));
  return wrong ? g_strdup_printf ("The request is not understood: %s.\n", wrong)
      : NULL;
}

static void
refuse (SoupServerMessage * message, guint status, gchar * text)
{
  parley_answer_text_in_loop (message, status, PARLEY_TYPE_TEXT, text);
}

ParleyControl *
parley_control_new_in_loop (SoupServerMessage * message, const gchar * path,
    gchar ** sid)
{
  ControlKind kind;
  ParleyControl *self;
  gchar *wrong;

  if (!parse_path (path, &kind, sid)) {
    refuse (message, SOUP_STATUS_NOT_FOUND, g_strdup (TEXT_UNKNOWN));
    return NULL;
  }
  if (!is_json (message)) {
    refuse (message, SOUP_STATUS_BAD_REQUEST, g_strdup (TEXT_TYPE));
    return NULL;
  }
  self = g_new0 (ParleyControl, 1);
  self->kind = kind;
  wrong = read_body (self, message);
  if (wrong) {
    refuse (message, SOUP_STATUS_BAD_REQUEST, wrong);
    g_clear_pointer (&self, parley_control_free);
  }
  return self;
}

void
parley_control_begin_in_loop (ParleyControl * self, SoupServerMessage * message)
{
  self->answer = parley_answer_begin_in_loop (message);
}

/* Calls */

/* Transfer full; NULL: there is none. */
static GstElement *
find_llmchat (GstElement * pipeline)
{
  GstIterator *iter = gst_bin_iterate_all_by_element_factory_name (GST_BIN
      (pipeline), "llmchat");
  GValue value = G_VALUE_INIT;
  GstElement *found = NULL;

  if (gst_iterator_next (iter, &value) == GST_ITERATOR_OK) {
    found = g_value_dup_object (&value);
    g_value_unset (&value);
  }
  gst_iterator_free (iter);
  return found;
}

/* NULL: it is under way; else why not, transfer full. */
static gchar *
have_done (ParleyControl * self, GstElement * llmchat)
{
  g_autofree gchar *refusal = NULL;

  switch (self->kind) {
    case CONTROL_SAY:
      g_signal_emit_by_name (llmchat, "say", self->text, self->interrupt);
      break;
    case CONTROL_HANG_UP:
      g_signal_emit_by_name (llmchat, "hang-up", self->text);
      break;
    case CONTROL_HOLD:
    case CONTROL_UNHOLD:
      g_signal_emit_by_name (llmchat, "hold", self->kind == CONTROL_HOLD);
      break;
    case CONTROL_TRANSFER:
      g_signal_emit_by_name (llmchat, "transfer", self->text, &refusal);
      break;
  }
  return refusal ? g_strdup_printf ("The call cannot be transferred: %s.\n",
      refusal) : NULL;
}

void
parley_control_carry_out (GstElement * pipeline, gpointer data)
{
  ParleyControl *self = data;
  g_autoptr (GstElement) llmchat = pipeline ? find_llmchat (pipeline) : NULL;
  gchar *refusal;

  if (!pipeline)
    refusal = g_strdup (TEXT_OVER);
  else if (!llmchat)
    refusal = g_strdup (TEXT_NO_LLMCHAT);
  else
    refusal = have_done (self, llmchat);
  parley_answer_give (self->answer, refusal ? SOUP_STATUS_CONFLICT
      : SOUP_STATUS_ACCEPTED, PARLEY_TYPE_TEXT, refusal ? refusal
      : g_strdup ("It is under way.\n"));
  parley_control_free (self);
}
