/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/twiliomessage.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "net/base64.h"
#include "net/jsoncheck.h"
#include "net/twiliofast.h"

/* Twilio's own messages are three levels deep. */
#define MAX_DEPTH 16
/* What an error text may repeat of a peer's value. */
#define MAX_ECHO 32

GQuark
parley_twilio_error_quark (void)
{
  return g_quark_from_static_string ("parley-twilio-error-quark");
}

static const struct
{
  const gchar *name;
  ParleyTwilioType type;
} events[] = {
  {"connected", PARLEY_TWILIO_CONNECTED},
  {"start", PARLEY_TWILIO_START},
  {"media", PARLEY_TWILIO_MEDIA},
  {"dtmf", PARLEY_TWILIO_DTMF},
  {"mark", PARLEY_TWILIO_MARK},
  {"stop", PARLEY_TWILIO_STOP},
  {"clear", PARLEY_TWILIO_CLEAR}
};

static gboolean
G_GNUC_PRINTF (3, 4)
fail (GError ** error, ParleyTwilioError code, const gchar * format, ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (PARLEY_TWILIO_ERROR, code,
          format, args));
  va_end (args);
  return FALSE;
}

/* A peer's text as an error may show it: short, printable, on one line. */
static gchar *
echo (const gchar * text)
{
  GString *out = g_string_new (NULL);
  guint i;

  for (i = 0; text[i] != '\0' && i < MAX_ECHO; i++)
    g_string_append_c (out, g_ascii_isprint (text[i]) ? text[i] : '?');
  if (text[i] != '\0')
    g_string_append (out, "...");
  return g_string_free (out, FALSE);
}

/* A member that is there and not null. */
static JsonNode *
member (JsonObject * object, const gchar * name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && !JSON_NODE_HOLDS_NULL (node) ? node : NULL;
}

static gboolean
missing (GError ** error, const gchar * where, const gchar * name)
{
  return fail (error, PARLEY_TWILIO_ERROR_MISSING,
      "%s lacks \"%s\": send messages as Twilio Media Streams does", where,
      name);
}

/* Points @out at a string; NULL when the member is absent. */
static gboolean
peek_string (JsonObject * object, const gchar * where, const gchar * name,
    const gchar ** out, GError ** error)
{
  JsonNode *node = member (object, name);

  *out = NULL;
  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return fail (error, PARLEY_TWILIO_ERROR_MALFORMED,
        "\"%s\" of %s is not a string: write it in quotes", name, where);
  *out = json_node_get_string (node);
  return TRUE;
}

static gboolean
get_string (JsonObject * object, const gchar * where, const gchar * name,
    gboolean required, gchar ** out, GError ** error)
{
  const gchar *text;

  if (!peek_string (object, where, name, &text, error))
    return FALSE;
  if (required && (text == NULL || text[0] == '\0'))
    return missing (error, where, name);
  g_free (*out);
  *out = g_strdup (text);
  return TRUE;
}

/* A whole number, as JSON number or as a string of digits; @out stays as it is
 * when the member is absent. */
static gboolean
get_number (JsonObject * object, const gchar * where, const gchar * name,
    gboolean required, guint64 * out, GError ** error)
{
  JsonNode *node = member (object, name);
  gboolean ok = FALSE;

  if (node == NULL)
    return required ? missing (error, where, name) : TRUE;
  if (JSON_NODE_HOLDS_VALUE (node)) {
    GType type = json_node_get_value_type (node);

    if (type == G_TYPE_INT64) {
      /* json-glib wraps what is too large into the negative. */
      ok = json_node_get_int (node) >= 0;
      *out = json_node_get_int (node);
    } else if (type == G_TYPE_STRING) {
      ok = g_ascii_string_to_unsigned (json_node_get_string (node), 10, 0,
          G_MAXUINT64, out, NULL);
    }
  }
  return ok || fail (error, PARLEY_TWILIO_ERROR_MALFORMED,
      "\"%s\" of %s is not a whole number of 64 bits: send digits only",
      name, where);
}

static gboolean
get_object (JsonObject * object, const gchar * where, const gchar * name,
    JsonObject ** out, GError ** error)
{
  JsonNode *node = member (object, name);

  if (node == NULL)
    return missing (error, where, name);
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return fail (error, PARLEY_TWILIO_ERROR_MALFORMED,
        "\"%s\" of %s is not an object: put its fields in braces", name, where);
  *out = json_node_get_object (node);
  return TRUE;
}

static gboolean
get_tracks (JsonObject * start, ParleyTwilioMessage * out, GError ** error)
{
  g_autoptr (GPtrArray) tracks = g_ptr_array_new_with_free_func (g_free);
  JsonNode *node = member (start, "tracks");
  JsonArray *array;
  guint i, n;

  if (node != NULL && !JSON_NODE_HOLDS_ARRAY (node))
    goto wrong;
  array = node != NULL ? json_node_get_array (node) : NULL;
  n = array != NULL ? json_array_get_length (array) : 0;
  for (i = 0; i < n; i++) {
    JsonNode *item = json_array_get_element (array, i);

    if (!JSON_NODE_HOLDS_VALUE (item)
        || json_node_get_value_type (item) != G_TYPE_STRING)
      goto wrong;
    g_ptr_array_add (tracks, json_node_dup_string (item));
  }
  g_ptr_array_add (tracks, NULL);
  out->tracks = (GStrv) g_ptr_array_steal (tracks, NULL);
  return TRUE;

wrong:
  return fail (error, PARLEY_TWILIO_ERROR_MALFORMED,
      "\"tracks\" of start is not a list of strings: send [\"inbound\"]");
}

static gboolean
get_format (JsonObject * start, ParleyTwilioMessage * out, GError ** error)
{
  g_autofree gchar *shown = NULL;
  JsonObject *format = NULL;
  guint64 rate = 0, channels = 0;

  if (!get_object (start, "start", "mediaFormat", &format, error)
      || !get_string (format, "mediaFormat", "encoding", TRUE, &out->encoding,
          error)
      || !get_number (format, "mediaFormat", "sampleRate", TRUE, &rate, error)
      || !get_number (format, "mediaFormat", "channels", TRUE, &channels,
          error))
    return FALSE;
  if (strcmp (out->encoding, "audio/x-mulaw") == 0 && rate == 8000
      && channels == 1) {
    out->rate = rate;
    out->channels = channels;
    return TRUE;
  }
  shown = echo (out->encoding);
  return fail (error, PARLEY_TWILIO_ERROR_ENCODING,
      "the stream is %s, %" G_GUINT64_FORMAT " Hz, %" G_GUINT64_FORMAT
      " channels: send audio/x-mulaw, 8000 Hz, 1 channel", shown, rate,
      channels);
}

static gboolean
get_parameters (JsonObject * start, ParleyTwilioMessage * out, GError ** error)
{
  JsonObject *object = NULL;
  JsonObjectIter iter;
  JsonNode *node;
  const gchar *name;

  out->custom_parameters = g_hash_table_new_full (g_str_hash, g_str_equal,
      g_free, g_free);
  if (member (start, "customParameters") == NULL)
    return TRUE;
  if (!get_object (start, "start", "customParameters", &object, error))
    return FALSE;
  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &node)) {
    if (!JSON_NODE_HOLDS_VALUE (node)
        || json_node_get_value_type (node) != G_TYPE_STRING)
      return fail (error, PARLEY_TWILIO_ERROR_MALFORMED,
          "a value of customParameters is not a string: write it in quotes");
    g_hash_table_insert (out->custom_parameters, g_strdup (name),
        json_node_dup_string (node));
  }
  return TRUE;
}

static gboolean
parse_start (JsonObject * root, ParleyTwilioMessage * out, GError ** error)
{
  const gchar *inner;
  JsonObject *start = NULL;

  if (!get_object (root, "the start message", "start", &start, error)
      || !peek_string (start, "start", "streamSid", &inner, error))
    return FALSE;
  if (out->stream_sid == NULL)
    out->stream_sid = g_strdup (inner);
  else if (inner != NULL && strcmp (inner, out->stream_sid) != 0)
    return fail (error, PARLEY_TWILIO_ERROR_MALFORMED,
        "the start message names two streams: send the same streamSid twice");

  return get_string (start, "start", "accountSid", TRUE, &out->account_sid,
      error)
      && get_string (start, "start", "callSid", TRUE, &out->call_sid, error)
      && get_tracks (start, out, error)
      && get_format (start, out, error)
      && get_parameters (start, out, error);
}

static gboolean
get_payload (JsonObject * media, gsize max, ParleyTwilioMessage * out,
    GError ** error)
{
  const gchar *text;
  gsize text_len, len;

  if (!peek_string (media, "media", "payload", &text, error))
    return FALSE;
  if (text == NULL)
    return missing (error, "media", "payload");
  text_len = strlen (text);
  if (!parley_base64_decoded_len (text, text_len, &len))
    goto wrong;
  if (len > max)
    return fail (error, PARLEY_TWILIO_ERROR_OVERSIZE,
        "the payload of a media message is %" G_GSIZE_FORMAT
        " bytes, the limit is %" G_GSIZE_FORMAT ": send it in pieces", len,
        max);
  /* One more than needed: an empty payload is not NULL. */
  out->payload = g_malloc (len + 1);
  out->payload_len = len;
  if (parley_base64_decode (text, text_len, out->payload))
    return TRUE;

wrong:
  return fail (error, PARLEY_TWILIO_ERROR_BASE64,
      "the payload of a media message is not base64: use the standard "
      "alphabet with padding and without line breaks");
}

static gboolean
parse_media (JsonObject * root, ParleyTwilioMessage * out, GError ** error)
{
  JsonObject *media = NULL;

  return get_object (root, "the media message", "media", &media, error)
      && get_string (media, "media", "track", FALSE, &out->track, error)
      && get_number (media, "media", "chunk", TRUE, &out->chunk, error)
      && get_number (media, "media", "timestamp", TRUE, &out->timestamp, error)
      && get_payload (media, PARLEY_TWILIO_MAX_PAYLOAD, out, error);
}

static gboolean
parse_dtmf (JsonObject * root, ParleyTwilioMessage * out, GError ** error)
{
  const gchar *digit;
  JsonObject *dtmf = NULL;

  if (!get_object (root, "the dtmf message", "dtmf", &dtmf, error)
      || !get_string (dtmf, "dtmf", "track", FALSE, &out->track, error)
      || !peek_string (dtmf, "dtmf", "digit", &digit, error))
    return FALSE;
  if (digit == NULL)
    return missing (error, "dtmf", "digit");
  if (strlen (digit) != 1 || strchr ("0123456789*#ABCD", digit[0]) == NULL)
    return fail (error, PARLEY_TWILIO_ERROR_MALFORMED,
        "\"digit\" of dtmf is not a key: send one of 0-9 * # A-D");
  out->digit = digit[0];
  return TRUE;
}

static gboolean
parse_mark (JsonObject * root, ParleyTwilioMessage * out, GError ** error)
{
  JsonObject *mark = NULL;

  return get_object (root, "the mark message", "mark", &mark, error)
      && get_string (mark, "mark", "name", TRUE, &out->mark_name, error);
}

static gboolean
parse_stop (JsonObject * root, ParleyTwilioMessage * out, GError ** error)
{
  JsonObject *stop = NULL;

  if (member (root, "stop") == NULL)
    return TRUE;
  return get_object (root, "the stop message", "stop", &stop, error)
      && get_string (stop, "stop", "accountSid", FALSE, &out->account_sid,
      error)
      && get_string (stop, "stop", "callSid", FALSE, &out->call_sid, error);
}

static gboolean
parse_event (JsonObject * root, ParleyTwilioMessage * out, GError ** error)
{
  switch (out->type) {
    case PARLEY_TWILIO_START:
      return parse_start (root, out, error);
    case PARLEY_TWILIO_MEDIA:
      return parse_media (root, out, error);
    case PARLEY_TWILIO_DTMF:
      return parse_dtmf (root, out, error);
    case PARLEY_TWILIO_MARK:
      return parse_mark (root, out, error);
    case PARLEY_TWILIO_STOP:
      return parse_stop (root, out, error);
    default:
      return TRUE;
  }
}

/* The document tree of a message, and the kind of message it is. */
static JsonNode *
load (const gchar * json, gsize len, gsize max, ParleyTwilioMessage * out,
    GError ** error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (JsonNode) root = NULL;
  const gchar *wrong, *event;
  guint i;

  if (len > max) {
    fail (error, PARLEY_TWILIO_ERROR_OVERSIZE, "a message is %" G_GSIZE_FORMAT
        " bytes, the limit is %" G_GSIZE_FORMAT ": send shorter ones", len,
        max);
    return NULL;
  }
  wrong = parley_json_check (json, len, MAX_DEPTH);
  parser = json_parser_new ();
  if (wrong != NULL || !json_parser_load_from_data (parser, json, len, NULL)) {
    fail (error, PARLEY_TWILIO_ERROR_MALFORMED, "a message is not JSON, %s: "
        "send one object a text frame",
        wrong != NULL ? wrong : "it cannot be read");
    return NULL;
  }
  root = json_parser_steal_root (parser);
  if (!JSON_NODE_HOLDS_OBJECT (root)) {
    fail (error, PARLEY_TWILIO_ERROR_MALFORMED,
        "a message is JSON but not an object: send one object a text frame");
    return NULL;
  }
  if (!peek_string (json_node_get_object (root), "a message", "event", &event,
          error))
    return NULL;
  if (event == NULL) {
    missing (error, "a message", "event");
    return NULL;
  }
  for (i = 0; i < G_N_ELEMENTS (events); i++)
    if (strcmp (event, events[i].name) == 0)
      out->type = events[i].type;
  return g_steal_pointer (&root);
}

gboolean
parley_twilio_parse_tree (const gchar * json, gsize len,
    ParleyTwilioMessage * out, GError ** error)
{
  g_auto (ParleyTwilioMessage) message = { PARLEY_TWILIO_UNKNOWN };
  g_autoptr (JsonNode) node = load (json, len, PARLEY_TWILIO_MAX_MESSAGE,
      &message, error);
  JsonObject *root;

  if (node == NULL)
    return FALSE;
  root = json_node_get_object (node);
  if (message.type == PARLEY_TWILIO_CLEAR)
    message.type = PARLEY_TWILIO_UNKNOWN;
  if (message.type != PARLEY_TWILIO_UNKNOWN
      && (!get_number (root, "a message", "sequenceNumber", FALSE,
              &message.sequence, error)
          || !get_string (root, "a message", "streamSid", FALSE,
              &message.stream_sid, error)
          || !parse_event (root, &message, error)))
    return FALSE;
  if (message.type != PARLEY_TWILIO_UNKNOWN
      && message.type != PARLEY_TWILIO_CONNECTED
      && (message.stream_sid == NULL || message.stream_sid[0] == '\0'))
    return missing (error, "a message", "streamSid");
  *out = message;
  memset (&message, 0, sizeof message);
  return TRUE;
}

/* Twilio takes no field that it does not know. */
static gboolean
only_fields (JsonObject * object, const gchar * where,
    const gchar * const *names, GError ** error)
{
  JsonObjectIter iter;
  const gchar *name;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, NULL)) {
    if (!g_strv_contains (names, name)) {
      g_autofree gchar *shown = echo (name);

      return fail (error, PARLEY_TWILIO_ERROR_MALFORMED,
          "%s has a field \"%s\" too many: Twilio refuses it (31951)", where,
          shown);
    }
  }
  return TRUE;
}

static gboolean
parse_outbound_event (JsonObject * root, ParleyTwilioMessage * out,
    GError ** error)
{
  static const gchar *const media_root[] =
      { "event", "streamSid", "media", NULL };
  static const gchar *const media_fields[] = { "payload", NULL };
  static const gchar *const mark_root[] =
      { "event", "streamSid", "mark", NULL };
  static const gchar *const mark_fields[] = { "name", NULL };
  static const gchar *const clear_root[] = { "event", "streamSid", NULL };
  JsonObject *object = NULL;

  switch (out->type) {
    case PARLEY_TWILIO_MEDIA:
      return only_fields (root, "a media message", media_root, error)
          && get_object (root, "a media message", "media", &object, error)
          && only_fields (object, "media", media_fields, error)
          && get_payload (object, PARLEY_TWILIO_MAX_OUTBOUND_PAYLOAD, out,
          error);
    case PARLEY_TWILIO_MARK:
      return only_fields (root, "a mark message", mark_root, error)
          && get_object (root, "a mark message", "mark", &object, error)
          && only_fields (object, "mark", mark_fields, error)
          && get_string (object, "mark", "name", TRUE, &out->mark_name, error);
    case PARLEY_TWILIO_CLEAR:
      return only_fields (root, "a clear message", clear_root, error);
    default:
      return fail (error, PARLEY_TWILIO_ERROR_MALFORMED,
          "a message has an event that Twilio does not take (31951): "
          "send media, mark or clear");
  }
}

gboolean
parley_twilio_parse_outbound_tree (const gchar * json, gsize len,
    const gchar * stream_sid, ParleyTwilioMessage * out, GError ** error)
{
  g_auto (ParleyTwilioMessage) message = { PARLEY_TWILIO_UNKNOWN };
  g_autoptr (JsonNode) node = load (json, len,
      PARLEY_TWILIO_MAX_OUTBOUND_MESSAGE, &message, error);

  if (node == NULL
      || !parse_outbound_event (json_node_get_object (node), &message, error)
      || !get_string (json_node_get_object (node), "a message", "streamSid",
          TRUE, &message.stream_sid, error))
    return FALSE;
  if (strcmp (message.stream_sid, stream_sid) != 0)
    return fail (error, PARLEY_TWILIO_ERROR_MALFORMED,
        "a message names another stream (31951): use streamSid of start");
  *out = message;
  memset (&message, 0, sizeof message);
  return TRUE;
}

gboolean
parley_twilio_parse (const gchar * json, gsize len, ParleyTwilioMessage * out,
    GError ** error)
{
  memset (out, 0, sizeof *out);
  return parley_twilio_parse_fast (json, len, out)
      || parley_twilio_parse_tree (json, len, out, error);
}

gboolean
parley_twilio_parse_outbound (const gchar * json, gsize len,
    const gchar * stream_sid, ParleyTwilioMessage * out, GError ** error)
{
  memset (out, 0, sizeof *out);
  return parley_twilio_parse_outbound_fast (json, len, stream_sid, out)
      || parley_twilio_parse_outbound_tree (json, len, stream_sid, out, error);
}

void
parley_twilio_message_clear (ParleyTwilioMessage * message)
{
  g_free (message->stream_sid);
  g_free (message->account_sid);
  g_free (message->call_sid);
  g_strfreev (message->tracks);
  g_free (message->encoding);
  g_clear_pointer (&message->custom_parameters, g_hash_table_unref);
  g_free (message->track);
  g_free (message->payload);
  g_free (message->mark_name);
  memset (message, 0, sizeof *message);
}
