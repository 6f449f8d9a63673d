/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/tts/elevenlabswire.h"

#include <string.h>

#include "net/base64.h"
#include "providers/jsonread.h"

#define NAME "elevenlabs"
/* Nobody says a character for longer. */
#define MAX_CHAR_MS 600000

static void
add (GString * url, const gchar * name, const gchar * value)
{
  g_string_append_c (url, strchr (url->str, '?') ? '&' : '?');
  g_string_append_printf (url, "%s=", name);
  g_string_append_uri_escaped (url, value, NULL, FALSE);
}

/* The first part of a language tag; NULL: none is to be told. Only the v2.5
 * models take one. */
static gchar *
dup_language (const ParleyElevenlabsSettings * settings)
{
  gsize len = settings->language ? strcspn (settings->language, "-_") : 0;

  if (len == 0 || !strstr (settings->model, "v2_5"))
    return NULL;
  return g_ascii_strdown (settings->language, len);
}

static GString *
new_path (const ParleyElevenlabsSettings * settings, const gchar * method)
{
  GString *path = g_string_new ("/v1/text-to-speech/");

  g_string_append_uri_escaped (path, settings->voice, NULL, FALSE);
  g_string_append_printf (path, "/%s", method);
  add (path, "output_format", "ulaw_8000");
  return path;
}

/* auto_mode: whole sentences come, to be spoken without waiting for more. */
gchar *
parley_elevenlabs_build_url (const ParleyElevenlabsSettings * settings)
{
  GString *url = new_path (settings, "multi-stream-input");
  gchar *language = dup_language (settings);
  gchar *timeout = g_strdup_printf ("%d", PARLEY_ELEVENLABS_TIMEOUT);
  gsize len = strlen (settings->base_url);

  while (len && settings->base_url[len - 1] == '/')
    len--;
  add (url, "model_id", settings->model);
  add (url, "inactivity_timeout", timeout);
  add (url, "auto_mode", "true");
  if (language)
    add (url, "language_code", language);
  g_string_prepend_len (url, settings->base_url, len);
  g_free (timeout);
  g_free (language);
  return g_string_free (url, FALSE);
}

gchar *
parley_elevenlabs_build_path (const ParleyElevenlabsSettings * settings)
{
  return g_string_free (new_path (settings, "stream"), FALSE);
}

static JsonObject *
build_voice (const ParleyElevenlabsSettings * settings)
{
  JsonObject *voice = json_object_new ();

  if (settings->stability >= 0)
    json_object_set_double_member (voice, "stability", settings->stability);
  if (settings->similarity >= 0)
    json_object_set_double_member (voice, "similarity_boost",
        settings->similarity);
  if (settings->speed != 1)
    json_object_set_double_member (voice, "speed", settings->speed);
  return voice;
}

static void
set_voice (JsonObject * object, const ParleyElevenlabsSettings * settings)
{
  JsonObject *voice = build_voice (settings);

  if (json_object_get_size (voice))
    json_object_set_object_member (object, "voice_settings", voice);
  else
    json_object_unref (voice);
}

JsonNode *
parley_elevenlabs_build_body (const ParleyElevenlabsSettings * settings,
    const gchar * text)
{
  JsonObject *body = json_object_new ();
  gchar *language = dup_language (settings);
  JsonNode *node = json_node_init_object (json_node_alloc (), body);

  json_object_set_string_member (body, "text", text);
  json_object_set_string_member (body, "model_id", settings->model);
  if (language)
    json_object_set_string_member (body, "language_code", language);
  set_voice (body, settings);
  json_object_unref (body);
  g_free (language);
  return node;
}

gchar *
parley_elevenlabs_build_open (const ParleyElevenlabsSettings * settings,
    const gchar * context)
{
  JsonObject *message = json_object_new ();

  json_object_set_string_member (message, "text", " ");
  json_object_set_string_member (message, "context_id", context);
  set_voice (message, settings);
  return parley_json_write (message);
}

/* The service wants a blank after each text. */
gchar *
parley_elevenlabs_build_text (const gchar * context, const gchar * text)
{
  JsonObject *message = json_object_new ();
  gchar *padded = g_strconcat (text, " ", NULL);

  json_object_set_string_member (message, "text", padded);
  json_object_set_string_member (message, "context_id", context);
  json_object_set_boolean_member (message, "flush", TRUE);
  g_free (padded);
  return parley_json_write (message);
}

gchar *
parley_elevenlabs_build_close (const gchar * context)
{
  JsonObject *message = json_object_new ();

  json_object_set_string_member (message, "context_id", context);
  json_object_set_boolean_member (message, "close_context", TRUE);
  return parley_json_write (message);
}

/* What came. Names are spelled in two ways. */

static const gchar *
get_string (JsonObject * object, const gchar * name, const gchar * other)
{
  const gchar *text = parley_json_get_string (object, name);

  return text ? text : parley_json_get_string (object, other);
}

/* FALSE: it is not base64. */
static gboolean
take_audio (const gchar * text, ParleyElevenlabsMessage * message)
{
  gsize len = strlen (text), size;
  guint8 *audio;

  if (len == 0)
    return TRUE;
  if (!parley_base64_decoded_len (text, len, &size))
    return FALSE;
  audio = g_malloc (size);
  if (!parley_base64_decode (text, len, audio)) {
    g_free (audio);
    return FALSE;
  }
  message->audio = g_bytes_new_take (audio, size);
  return TRUE;
}

/* What cannot be read is as good as not told. */
static GArray *
read_alignment (JsonObject * alignment)
{
  JsonArray *texts = parley_json_get_array (alignment, "chars");
  JsonArray *times = parley_json_get_array (alignment, "charStartTimesMs");
  GArray *chars;

  if (!times)
    times = parley_json_get_array (alignment, "charsStartTimesMs");
  if (!texts || !times
      || json_array_get_length (texts) != json_array_get_length (times))
    return NULL;
  chars = g_array_new (FALSE, FALSE, sizeof (ParleyElevenlabsChar));
  for (guint i = 0; i < json_array_get_length (texts); i++) {
    JsonNode *text = json_array_get_element (texts, i);
    JsonNode *time = json_array_get_element (times, i);
    ParleyElevenlabsChar one = { FALSE, 0 };

    if (JSON_NODE_HOLDS_VALUE (text)
        && json_node_get_value_type (text) == G_TYPE_STRING)
      one.is_blank = g_unichar_isspace (g_utf8_get_char (json_node_get_string
              (text)));
    if (JSON_NODE_HOLDS_VALUE (time))
      one.ms = CLAMP (json_node_get_double (time), 0, MAX_CHAR_MS);
    g_array_append_val (chars, one);
  }
  return chars;
}

gboolean
parley_elevenlabs_parse (const gchar * json, gsize len,
    ParleyElevenlabsMessage * message, GError ** error)
{
  JsonNode *root = parley_json_read (NAME, json, len, error);
  JsonObject *object;
  JsonObject *alignment;
  const gchar *audio;
  gboolean readable;

  if (!root)
    return FALSE;
  object = json_node_get_object (root);
  memset (message, 0, sizeof *message);
  audio = parley_json_get_string (object, "audio");
  readable = !audio || take_audio (audio, message);
  alignment = parley_json_get_object (object, "alignment");
  if (readable && alignment)
    message->chars = read_alignment (alignment);
  if (readable) {
    message->context = g_strdup (get_string (object, "contextId",
            "context_id"));
    message->is_final = parley_json_is_true (object, "isFinal")
        || parley_json_is_true (object, "is_final");
    message->error = g_strdup (parley_json_get_string (object, "error"));
    message->text = g_strdup (parley_json_get_string (object, "message"));
  } else {
    g_propagate_error (error, parley_net_error_new (PARLEY_NET_ERROR_PROTOCOL,
            NAME, "sent audio that is not base64: check base-url"));
  }
  json_node_unref (root);
  return readable;
}

void
parley_elevenlabs_message_clear (ParleyElevenlabsMessage * message)
{
  g_clear_pointer (&message->context, g_free);
  g_clear_pointer (&message->audio, g_bytes_unref);
  g_clear_pointer (&message->chars, g_array_unref);
  g_clear_pointer (&message->error, g_free);
  g_clear_pointer (&message->text, g_free);
}

ParleyNetError
parley_elevenlabs_error_code (const gchar * name)
{
  static const gchar *const keys[] = { "invalid_api_key", "missing_api_key",
    "missing_permissions", "unauthorized", "detected_unusual_activity", NULL
  };
  static const gchar *const limits[] = { "too_many_concurrent_requests",
    "max_active_conversations", "system_busy", "rate_limit_exceeded", NULL
  };

  if (g_strv_contains (keys, name))
    return PARLEY_NET_ERROR_AUTH;
  if (g_strv_contains (limits, name))
    return PARLEY_NET_ERROR_RATE_LIMITED;
  /* A text or a voice that cannot be: another try would end as this one. */
  return g_str_has_prefix (name, "invalid") || strstr (name, "not_found")
      || strcmp (name, "quota_exceeded") == 0
      ? PARLEY_NET_ERROR_STATUS : PARLEY_NET_ERROR_DROPPED;
}
