/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/stt/azurewire.h"

#include <string.h>

#include "net/neterror.h"
#include "providers/jsonread.h"

#define NAME "azure"
#define PATH "/stt/speech/universal/v2"
/* Silence that ends a phrase, ms. The end of a take is decided here; a phrase
 * that ends before it only comes in pieces. */
#define SEGMENTATION 1000
/* Azure's own advice is at most 500. */
#define MAX_HINTS 500
#define WAV_PCM 1
#define WAV_MULAW 7
#define WAV_SIZE 44

void
parley_azure_new_id (gchar id[PARLEY_AZURE_ID_SIZE])
{
  gchar *uuid = g_uuid_string_random ();
  gsize n = 0;

  for (gchar * c = uuid; *c && n < PARLEY_AZURE_ID_SIZE - 1; c++)
    if (*c != '-')
      id[n++] = *c;
  id[n] = '\0';
  g_free (uuid);
}

static void
add (GString * url, const gchar * name, const gchar * value)
{
  g_string_append_c (url, strchr (url->str, '?') ? '&' : '?');
  g_string_append_printf (url, "%s=", name);
  g_string_append_uri_escaped (url, value, NULL, FALSE);
}

/* Whether anything follows the host. */
static gboolean
has_path (const gchar * url)
{
  const gchar *host = strstr (url, "://");

  return strchr (host ? host + 3 : url, '/') != NULL;
}

gchar *
parley_azure_build_url (const gchar * base_url, const gchar * language,
    const gchar * deployment)
{
  GString *url = g_string_new (base_url);

  while (url->len && url->str[url->len - 1] == '/')
    g_string_truncate (url, url->len - 1);
  if (!has_path (url->str))
    g_string_append (url, PATH);
  if (deployment)
    add (url, "cid", deployment);
  else
    add (url, "language", language);
  add (url, "format", "detailed");
  return g_string_free (url, FALSE);
}

/* The lines at the head of a message; they end without the empty one. */
static GString *
build_head (const gchar * path, const gchar * id, gint64 now)
{
  GDateTime *seconds = g_date_time_new_from_unix_utc (now / G_USEC_PER_SEC);
  gchar *time = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");
  GString *head = g_string_new (NULL);

  g_string_printf (head, "Path: %s\r\nX-RequestId: %s\r\n"
      "X-Timestamp: %s.%03dZ\r\n", path, id, time,
      (gint) (now % G_USEC_PER_SEC / 1000));
  g_free (time);
  g_date_time_unref (seconds);
  return head;
}

/* Takes @body. */
static gchar *
build_text (const gchar * path, const gchar * id, gint64 now, JsonObject * body)
{
  GString *message = build_head (path, id, now);
  gchar *json = parley_json_write (body);

  g_string_append (message, "Content-Type: application/json\r\n\r\n");
  g_string_append (message, json);
  g_free (json);
  return g_string_free (message, FALSE);
}

gchar *
parley_azure_build_config (const gchar * id, gint64 now, guint rate)
{
  JsonObject *body = json_object_new (), *context = json_object_new ();
  JsonObject *system = json_object_new (), *audio = json_object_new ();
  JsonObject *source = json_object_new ();

  json_object_set_string_member (system, "name", "Parley");
  json_object_set_string_member (system, "version", "1.0");
  json_object_set_string_member (system, "build", "Linux");
  json_object_set_string_member (system, "lang", "C");
  json_object_set_int_member (source, "samplerate", rate);
  json_object_set_int_member (source, "bitspersample", 16);
  json_object_set_int_member (source, "channelcount", 1);
  json_object_set_string_member (source, "type", "Stream");
  json_object_set_object_member (audio, "source", source);
  json_object_set_object_member (context, "system", system);
  json_object_set_object_member (context, "audio", audio);
  json_object_set_object_member (body, "context", context);
  json_object_set_string_member (body, "recognition", "conversation");
  return build_text ("speech.config", id, now, body);
}

static JsonObject *
build_detection (const gchar * language)
{
  JsonObject *detection = json_object_new ();
  JsonObject *conversation = json_object_new ();
  JsonObject *segmentation = json_object_new ();

  json_object_set_string_member (segmentation, "mode", "Custom");
  json_object_set_int_member (segmentation, "segmentationSilenceTimeoutMs",
      SEGMENTATION);
  json_object_set_object_member (conversation, "segmentation", segmentation);
  json_object_set_string_member (detection, "mode", "Conversation");
  json_object_set_string_member (detection, "language", language);
  json_object_set_object_member (detection, "conversation", conversation);
  return detection;
}

static JsonObject *
build_output (void)
{
  JsonObject *output = json_object_new (), *interim = json_object_new ();

  json_object_set_string_member (output, "format", "Detailed");
  json_object_set_string_member (interim, "resultType", "Auto");
  json_object_set_object_member (output, "interimResults", interim);
  return output;
}

/* A phrase list. */
static JsonObject *
build_dgi (const gchar * const *hints)
{
  JsonObject *dgi = json_object_new (), *group = json_object_new ();
  JsonArray *groups = json_array_new (), *items = json_array_new ();

  for (guint i = 0; hints[i] && i < MAX_HINTS; i++) {
    JsonObject *item = json_object_new ();

    json_object_set_string_member (item, "Text", hints[i]);
    json_array_add_object_element (items, item);
  }
  json_object_set_string_member (group, "Type", "Generic");
  json_object_set_array_member (group, "Items", items);
  json_array_add_object_element (groups, group);
  json_object_set_array_member (dgi, "Groups", groups);
  return dgi;
}

gchar *
parley_azure_build_context (const gchar * id, gint64 now,
    const gchar * language, const gchar * const *hints)
{
  JsonObject *body = json_object_new ();

  json_object_set_object_member (body, "phraseDetection",
      build_detection (language));
  json_object_set_object_member (body, "phraseOutput", build_output ());
  if (hints && hints[0])
    json_object_set_object_member (body, "dgi", build_dgi (hints));
  return build_text ("speech.context", id, now, body);
}

/* Behind a length of two bytes, with no empty line: takes @head. */
static GBytes *
build_binary (GString * head, gconstpointer payload, gsize len)
{
  guint16 size = GUINT16_TO_BE ((guint16) head->len);

  g_string_prepend_len (head, (const gchar *) &size, sizeof size);
  g_string_append_len (head, payload, len);
  return g_string_free_to_bytes (head);
}

static void
put (GByteArray * out, guint32 value, guint n)
{
  for (guint i = 0; i < n; i++) {
    guint8 byte = value >> (8 * i);

    g_byte_array_append (out, &byte, 1);
  }
}

GBytes *
parley_azure_build_format (const gchar * id, gint64 now,
    const ParleyAudioFormat * format)
{
  GByteArray *wav = g_byte_array_sized_new (WAV_SIZE);
  guint width = format->mulaw ? 1 : 2;
  GString *head = build_head ("audio", id, now);
  GBytes *message;

  g_byte_array_append (wav, (const guint8 *) "RIFF\0\0\0\0WAVEfmt ", 16);
  put (wav, 16, 4);
  put (wav, format->mulaw ? WAV_MULAW : WAV_PCM, 2);
  put (wav, 1, 2);
  put (wav, format->rate, 4);
  put (wav, format->rate * width, 4);
  put (wav, width, 2);
  put (wav, 8 * width, 2);
  /* The sizes, here and above, stay zero: it has no end. */
  g_byte_array_append (wav, (const guint8 *) "data\0\0\0\0", 8);
  g_string_append (head, "Content-Type: audio/x-wav\r\n");
  message = build_binary (head, wav->data, wav->len);
  g_byte_array_unref (wav);
  return message;
}

GBytes *
parley_azure_build_audio (const gchar * id, gint64 now, gconstpointer samples,
    gsize len)
{
  return build_binary (build_head ("audio", id, now), samples, len);
}

/* What came */

/* The value of a header among the lines of @head; NULL: absent. */
static gchar *
dup_header (gchar ** lines, const gchar * name)
{
  gsize len = strlen (name);

  for (; *lines; lines++)
    if (g_ascii_strncasecmp (*lines, name, len) == 0 && (*lines)[len] == ':')
      return g_strstrip (g_strdup (*lines + len + 1));
  return NULL;
}

static const struct
{
  const gchar *path;
  ParleyAzureKind kind;
} paths[] = {
  {"speech.hypothesis", PARLEY_AZURE_HYPOTHESIS},
  {"speech.fragment", PARLEY_AZURE_HYPOTHESIS},
  {"speech.phrase", PARLEY_AZURE_PHRASE},
  {"turn.end", PARLEY_AZURE_TURN_END},
};

static void
take_head (const gchar * text, gsize len, ParleyAzureMessage * message)
{
  gchar *head = g_strndup (text, len);
  gchar **lines = g_strsplit (head, "\r\n", -1);
  gchar *path = dup_header (lines, "Path");
  gchar *id = dup_header (lines, "X-RequestId");

  for (guint i = 0; path && i < G_N_ELEMENTS (paths); i++)
    if (g_ascii_strcasecmp (path, paths[i].path) == 0)
      message->kind = paths[i].kind;
  if (id)
    g_strlcpy (message->id, id, sizeof message->id);
  g_free (path);
  g_free (id);
  g_strfreev (lines);
  g_free (head);
}

/* Silence and noise are no faults, and EndOfDictation is no news. */
static gboolean
is_fault (const gchar * status)
{
  static const gchar *const faults[] = { "Error", "TooManyRequests",
    "BadRequest", "Forbidden", NULL
  };

  return status && g_strv_contains (faults, status);
}

static void
take_phrase (JsonObject * body, ParleyAzureMessage * message)
{
  const gchar *status = parley_json_get_string (body, "RecognitionStatus");
  JsonObject *best = parley_json_get_element (parley_json_get_array (body,
          "NBest"), 0);
  const gchar *text = parley_json_get_string (best, "Display");

  if (!text)
    text = parley_json_get_string (body, "DisplayText");
  if (is_fault (status)) {
    message->kind = PARLEY_AZURE_PHRASE_FAILED;
    text = status;
  } else if (status && strcmp (status, "Success") != 0) {
    text = NULL;
  }
  message->text = g_strdup (text);
  message->confidence = CLAMP (parley_json_get_number (best, "Confidence", 1),
      0, 1);
}

static gint64
get_ticks (JsonObject * body, const gchar * name)
{
  /* A day, so that sums stay small. */
  return CLAMP (parley_json_get_number (body, name, 0), 0,
      86400.0 * PARLEY_AZURE_TICKS);
}

static gboolean
take_body (const gchar * json, gsize len, ParleyAzureMessage * message,
    GError ** error)
{
  JsonNode *root = parley_json_read (NAME, json, len, error);
  JsonObject *body;

  if (!root)
    return FALSE;
  body = json_node_get_object (root);
  message->end = get_ticks (body, "Offset") + get_ticks (body, "Duration");
  if (message->kind == PARLEY_AZURE_PHRASE)
    take_phrase (body, message);
  else
    message->text = g_strdup (parley_json_get_string (body, "Text"));
  json_node_unref (root);
  return TRUE;
}

gboolean
parley_azure_parse (const gchar * text, gsize len,
    ParleyAzureMessage * message, GError ** error)
{
  const gchar *end = g_strstr_len (text, len, "\r\n\r\n");

  memset (message, 0, sizeof *message);
  if (!end) {
    g_propagate_error (error, parley_net_error_new (PARLEY_NET_ERROR_PROTOCOL,
            NAME, "sent a message without a head: check base-url"));
    return FALSE;
  }
  take_head (text, end - text, message);
  end += strlen ("\r\n\r\n");
  /* turn.end comes with "{}" or with nothing. */
  if ((message->kind == PARLEY_AZURE_HYPOTHESIS
          || message->kind == PARLEY_AZURE_PHRASE)
      && !take_body (end, len - (end - text), message, error))
    return FALSE;
  if (!message->text)
    message->text = g_strdup ("");
  return TRUE;
}

void
parley_azure_message_clear (ParleyAzureMessage * message)
{
  g_clear_pointer (&message->text, g_free);
}
