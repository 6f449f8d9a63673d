/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ElevenLabs' websockets: stream-input, which is one context, and
 * multi-stream-input, which has several. */
#include <string.h>

#include "emulator/engines.h"
#include "emulator/protocols.h"
#include "emulator/wirejson.h"
#include "net/base64.h"

#define MAX_CONTEXTS 5
#define DEFAULT_TIMEOUT_S 20
#define MAX_TIMEOUT_S 180
/* Characters of text that one context may hold unspoken. */
#define MAX_BUFFER 100000

static const guint default_schedule[] = { 120, 160, 250, 290 };

typedef struct _Socket Socket;

typedef struct
{
  Socket *socket;
  gchar *id;                    /* "" for the only one */
  GString *buffer;              /* not spoken yet */
  GQueue texts;                 /* of gchar *, to be spoken one by one */
  gchar *spoken;                /* just now */
  const gchar *rest;            /* of it, for alignments */
  ParleySpeaking *speaking;     /* NULL: silent */
  guint schedule[8];            /* characters that make it begin */
  guint n_schedule, step;
  gboolean ending;
} Context;

struct _Socket
{
  ParleyExchange *exchange;     /* borrowed */
  gboolean multi;
  gboolean auto_mode;
  gboolean closing;             /* once all contexts have ended */
  gboolean keyed;               /* a good key was given */
  ParleySoundFormat format;
  guint timeout;                /* s */
  GHashTable *contexts;         /* gchar * to Context */
};

static void
context_free (gpointer data)
{
  Context *self = data;

  g_clear_pointer (&self->speaking, parley_speaking_free);
  g_queue_clear_full (&self->texts, g_free);
  g_string_free (self->buffer, TRUE);
  g_free (self->spoken);
  g_free (self->id);
  g_free (self);
}

static void
socket_free (gpointer data)
{
  Socket *self = data;

  g_hash_table_unref (self->contexts);
  g_free (self);
}

/* What it says */

/* An error closes the socket. */
static void
fail (Socket * self, const gchar * error, const gchar * message)
{
  g_autofree gchar *json = parley_wire_json ("{'message':%q,'error':%q,"
      "'code':1008}", message, error);

  parley_exchange_send_text (self->exchange, "error", json);
  parley_exchange_close (self->exchange,
      SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, error);
}

/* ,"contextId":… where there are several. */
static gchar *
context_member (Context * self)
{
  return self->socket->multi ? parley_wire_json (",'contextId':%q", self->id)
      : g_strdup ("");
}

static void
tell_end (Context * self)
{
  Socket *socket = self->socket;
  g_autofree gchar *member = context_member (self);
  g_autofree gchar *json = parley_wire_json (socket->multi
      ? "{'isFinal':true%s}" : "{'audio':null,'isFinal':true%s}", member);

  parley_exchange_send_text (socket->exchange, "final", json);
  if (!socket->multi)
    parley_exchange_close (socket->exchange, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  g_hash_table_remove (socket->contexts, self->id);
  if (socket->closing && g_hash_table_size (socket->contexts) == 0)
    parley_exchange_close (socket->exchange, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

static void
on_audio (ParleyExchange * exchange, const guint8 * bytes, gsize len,
    gpointer data)
{
  Context *self = data;
  ParleySoundFormat *format = &self->socket->format;
  guint ms = len * 1000 / parley_sound_sample_size (format->encoding)
      / format->rate;
  GString *base64 = g_string_new (NULL);
  g_autofree gchar *member = context_member (self);
  g_autofree gchar *align = parley_elevenlabs_align (&self->rest, ms,
      parley_exchange_settings (exchange)->character_ms, FALSE);
  g_autofree gchar *json = NULL;

  parley_base64_append (base64, bytes, len);
  json = parley_wire_json ("{'audio':%q,'isFinal':null,"
      "'normalizedAlignment':null,'alignment':%s%s}", base64->str, align,
      member);
  parley_exchange_send_text (exchange, "audio", json);
  g_string_free (base64, TRUE);
}

static void speak_next (Context * self);

static void
on_done (ParleyExchange * exchange, gboolean failed, gpointer data)
{
  Context *self = data;

  g_clear_pointer (&self->speaking, parley_speaking_free);
  if (failed)
    fail (self->socket, "internal_server_error", "The server had an error.");
  else
    speak_next (self);
}

static const ParleySpeakingFuncs speaking_funcs = { on_audio, on_done };

static void
speak_next (Context * self)
{
  if (self->speaking != NULL)
    return;
  g_free (self->spoken);
  self->spoken = g_queue_pop_head (&self->texts);
  self->rest = self->spoken;
  if (self->spoken != NULL)
    self->speaking = parley_speaking_new (self->socket->exchange,
        self->spoken, &self->socket->format, &speaking_funcs, self);
  else if (self->ending)
    tell_end (self);
}

/* What it is told */

static void
flush (Context * self)
{
  g_autofree gchar *text = g_strstrip (g_strdup (self->buffer->str));

  g_string_truncate (self->buffer, 0);
  if (*text) {
    parley_exchange_is_asked (self->socket->exchange);
    g_queue_push_tail (&self->texts, g_steal_pointer (&text));
  }
  speak_next (self);
}

static void
read_schedule (Context * self, JsonObject * message)
{
  JsonArray *array = parley_wire_array (parley_wire_object (message,
          "generation_config"), "chunk_length_schedule");

  memcpy (self->schedule, default_schedule, sizeof default_schedule);
  self->n_schedule = G_N_ELEMENTS (default_schedule);
  if (array == NULL || json_array_get_length (array) == 0)
    return;
  self->n_schedule = MIN (json_array_get_length (array),
      G_N_ELEMENTS (self->schedule));
  for (guint i = 0; i < self->n_schedule; i++) {
    JsonNode *node = json_array_get_element (array, i);

    self->schedule[i] = JSON_NODE_HOLDS_VALUE (node)
        ? CLAMP (json_node_get_int (node), 50, 500) : 50;
  }
}

static Context *
context_new (Socket * socket, const gchar * id, JsonObject * message)
{
  Context *self;

  if (g_hash_table_size (socket->contexts) >= MAX_CONTEXTS) {
    fail (socket, "max_active_conversations",
        "Maximum simultaneous contexts per connection exceeded (5).");
    return NULL;
  }
  self = g_new0 (Context, 1);
  self->socket = socket;
  self->id = g_strdup (id);
  self->buffer = g_string_new (NULL);
  g_queue_init (&self->texts);
  read_schedule (self, message);
  g_hash_table_insert (socket->contexts, self->id, self);
  return self;
}

static void
take_text (Context * self, const gchar * text, gboolean flushed)
{
  guint enough = self->schedule[MIN (self->step, self->n_schedule - 1)];

  if (self->buffer->len < MAX_BUFFER)
    g_string_append (self->buffer, text);
  if (flushed) {
    flush (self);
  } else if ((self->socket->auto_mode && strpbrk (text, ".!?,;:"))
      || g_utf8_strlen (self->buffer->str, -1) >= (glong) enough) {
    self->step++;
    flush (self);
  }
}

static void
end_context (Context * self)
{
  self->ending = TRUE;
  flush (self);
}

static void
on_timeout (ParleyExchange * exchange, gpointer data)
{
  Socket *self = data;
  g_autofree gchar *message = g_strdup_printf ("Have not received a new text "
      "input within the timeout of %u.0 seconds.", self->timeout);

  fail (self, "input_timeout_exceeded", message);
}

static void
wait_for_more (Socket * self)
{
  parley_exchange_cancel (self->exchange, self);
  parley_exchange_after (self->exchange, self->timeout * G_USEC_PER_SEC,
      on_timeout, self);
}

static void
on_open (ParleyExchange * exchange)
{
  wait_for_more (parley_exchange_get_data (exchange));
}

/* The first message may bring the key. */
static gboolean
check_key (Socket * self, JsonObject * message)
{
  const gchar *key = parley_wire_string (message, "xi-api-key");

  if (key == NULL)
    key = parley_wire_string (message, "xi_api_key");
  self->keyed = self->keyed || parley_exchange_accepts (self->exchange, key);
  if (!self->keyed)
    fail (self, "invalid_api_key", "Invalid API key");
  return self->keyed;
}

static void
take_single (Socket * self, JsonObject * message)
{
  const gchar *text = parley_wire_string (message, "text");
  Context *context = g_hash_table_lookup (self->contexts, "");

  if (text == NULL) {
    fail (self, "invalid_input_message", "A message needs a text.");
    return;
  }
  if (context == NULL)
    context = context_new (self, "", message);
  if (context->ending)
    return;
  if (*text == '\0')
    end_context (context);
  else
    take_text (context, text, parley_wire_boolean (message, "flush", FALSE));
}

static void
end_all (Socket * self)
{
  g_autoptr (GList) all = g_hash_table_get_values (self->contexts);

  self->closing = TRUE;
  for (GList * l = all; l != NULL; l = l->next)
    end_context (l->data);
  if (all == NULL)
    parley_exchange_close (self->exchange, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

static void
take_multi (Socket * self, JsonObject * message)
{
  const gchar *text = parley_wire_string (message, "text");
  const gchar *id = parley_wire_string (message, "context_id");
  gboolean flushed = parley_wire_boolean (message, "flush", FALSE);
  Context *context;

  if (parley_wire_boolean (message, "close_socket", FALSE)) {
    end_all (self);
    return;
  }
  /* A text without a context keeps the socket only. */
  if (id == NULL)
    return;
  context = g_hash_table_lookup (self->contexts, id);
  if (context == NULL && text != NULL)
    context = context_new (self, id, message);
  if (context == NULL || context->ending)
    return;
  if ((text != NULL && *text) || flushed)
    take_text (context, text != NULL ? text : "", flushed);
  if (parley_wire_boolean (message, "close_context", FALSE))
    end_context (context);
}

static void
on_text (ParleyExchange * exchange, const gchar * text, gsize len)
{
  Socket *self = parley_exchange_get_data (exchange);
  const gchar *wrong;
  g_autoptr (JsonNode) root = parley_wire_json_parse (text, len, &wrong);

  wait_for_more (self);
  if (root == NULL)
    fail (self, "invalid_input_message", wrong);
  else if (!check_key (self, json_node_get_object (root)))
    return;
  else if (self->multi)
    take_multi (self, json_node_get_object (root));
  else
    take_single (self, json_node_get_object (root));
}

static void
on_binary (ParleyExchange * exchange, const guint8 * bytes, gsize len)
{
  fail (parley_exchange_get_data (exchange), "invalid_input_message",
      "Messages are text.");
}

static const ParleyExchangeHandler handler = { on_open, on_text, on_binary };

static void
handle (ParleyExchange * exchange)
{
  const gchar *timeout = parley_exchange_query (exchange,
      "inactivity_timeout");
  g_autofree gchar *key = parley_elevenlabs_key (exchange);
  ParleySoundFormat format;
  Socket *self;

  if (key != NULL && !parley_exchange_accepts (exchange, key)) {
    parley_elevenlabs_refuse (exchange, SOUP_STATUS_UNAUTHORIZED);
    return;
  }
  if (!parley_elevenlabs_read_format (exchange, &format))
    return;
  self = g_new0 (Socket, 1);
  self->exchange = exchange;
  self->keyed = parley_exchange_accepts (exchange, key);
  self->format = format;
  self->multi = g_str_has_suffix (parley_exchange_path (exchange),
      "/multi-stream-input");
  self->auto_mode = g_strcmp0 (parley_exchange_query (exchange, "auto_mode"),
      "true") == 0;
  self->timeout = timeout == NULL ? DEFAULT_TIMEOUT_S
      : CLAMP (g_ascii_strtoll (timeout, NULL, 10), 1, MAX_TIMEOUT_S);
  self->contexts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
      context_free);
  parley_exchange_set_data (exchange, self, socket_free);
  parley_exchange_upgrade (exchange, &handler);
}

const ParleyProtocol parley_elevenlabs_socket_protocols[] = {
  {"elevenlabs-multi", "GET", "/v1/text-to-speech/*/multi-stream-input",
      TRUE, NULL, parley_elevenlabs_refuse, handle},
  {"elevenlabs-socket", "GET", "/v1/text-to-speech/*/stream-input", TRUE,
      NULL, parley_elevenlabs_refuse, handle},
  {NULL}
};
