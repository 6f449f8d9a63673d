/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ElevenLabs' text to speech over HTTP, and what its websockets share with
 * it. */
#include <string.h>

#include "emulator/engines.h"
#include "emulator/protocols.h"
#include "emulator/wirejson.h"
#include "net/base64.h"

typedef struct
{
  ParleySpeaking *speaking;
  gchar *text;
  const gchar *rest;            /* of the text, for alignments */
  ParleySoundFormat format;
  gboolean timestamps;          /* a line of JSON for each chunk */
  gboolean begun;
} Speech;

static void
speech_free (gpointer data)
{
  Speech *self = data;

  g_clear_pointer (&self->speaking, parley_speaking_free);
  g_free (self->text);
  g_free (self);
}

/* Shared */

gchar *
parley_elevenlabs_key (ParleyExchange * exchange)
{
  return g_strdup (parley_exchange_header (exchange, "xi-api-key"));
}

static void
refuse (ParleyExchange * exchange, guint status, const gchar * word,
    const gchar * message)
{
  g_autofree gchar *body = parley_wire_json ("{'detail':{'status':%q,"
      "'message':%q}}", word, message);

  parley_exchange_respond (exchange, status, "application/json", body);
}

void
parley_elevenlabs_refuse (ParleyExchange * exchange, guint status)
{
  if (status == SOUP_STATUS_UNAUTHORIZED)
    refuse (exchange, status, "invalid_api_key", "Invalid API key");
  else if (status != PARLEY_STATUS_TOO_MANY_REQUESTS)
    refuse (exchange, status, "internal_server_error",
        "The server had an error.");
  else if (parley_exchange_retry_after (exchange) < 0)
    refuse (exchange, status, "too_many_concurrent_requests",
        "Too many concurrent requests for this subscription.");
  else
    refuse (exchange, status, "system_busy",
        "The system is busy; please try again soon.");
}

gboolean
parley_elevenlabs_read_format (ParleyExchange * exchange,
    ParleySoundFormat * format)
{
  static const guint rates[] = { 8000, 16000, 22050, 24000, 32000, 44100,
    48000
  };
  const gchar *name = parley_exchange_query (exchange, "output_format");

  format->encoding = PARLEY_SOUND_S16;
  format->rate = 8000;
  if (g_strcmp0 (name, "ulaw_8000") == 0) {
    format->encoding = PARLEY_SOUND_MULAW;
    return TRUE;
  }
  if (g_strcmp0 (name, "alaw_8000") == 0) {
    format->encoding = PARLEY_SOUND_ALAW;
    return TRUE;
  }
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (rates); i++) {
    g_autofree gchar *pcm = g_strdup_printf ("pcm_%u", rates[i]);

    format->rate = rates[i];
    if (g_str_equal (name, pcm))
      return TRUE;
  }
  refuse (exchange, SOUP_STATUS_BAD_REQUEST, "output_format_not_supported",
      "This emulator makes output_format pcm_N, ulaw_8000 and alaw_8000.");
  return FALSE;
}

gchar *
parley_elevenlabs_align (const gchar ** text, guint ms, guint character_ms,
    gboolean seconds)
{
  GString *chars = g_string_new (NULL);
  GString *starts = g_string_new (NULL);
  GString *ends = g_string_new (NULL);
  gchar *json;

  for (guint at = 0; at < ms && **text; at += character_ms) {
    g_autofree gchar *one = g_strndup (*text, g_utf8_next_char (*text)
        - *text);
    const gchar *comma = at > 0 ? "," : "";

    parley_wire_json_append (chars, "%s%q", comma, one);
    parley_wire_json_append (starts, "%s%f", comma, seconds ? at / 1000.0 : at);
    parley_wire_json_append (ends, "%s%f", comma,
        seconds ? (at + character_ms) / 1000.0 : character_ms);
    *text = g_utf8_next_char (*text);
  }
  json = parley_wire_json (seconds ? "{'characters':[%s],"
      "'character_start_times_seconds':[%s],"
      "'character_end_times_seconds':[%s]}" : "{'chars':[%s],"
      "'charStartTimesMs':[%s],'charDurationsMs':[%s]}", chars->str,
      starts->str, ends->str);
  g_string_free (chars, TRUE);
  g_string_free (starts, TRUE);
  g_string_free (ends, TRUE);
  return json;
}

/* HTTP */

static void
begin (ParleyExchange * exchange, Speech * self)
{
  g_autofree gchar *id = g_strdup_printf ("emulated-%08x",
      parley_exchange_number (exchange));

  if (self->begun)
    return;
  self->begun = TRUE;
  parley_exchange_set_header (exchange, "request-id", id);
  parley_exchange_stream (exchange, SOUP_STATUS_OK, self->timestamps
      ? "application/json" : self->format.encoding == PARLEY_SOUND_S16
      ? "audio/pcm" : "audio/basic");
}

static void
send_line (ParleyExchange * exchange, Speech * self, const guint8 * bytes,
    gsize len)
{
  guint ms = len * 1000 / parley_sound_sample_size (self->format.encoding)
      / self->format.rate;
  GString *base64 = g_string_new (NULL);
  g_autofree gchar *align = parley_elevenlabs_align (&self->rest, ms,
      parley_exchange_settings (exchange)->character_ms, TRUE);
  g_autofree gchar *line = NULL;

  parley_base64_append (base64, bytes, len);
  line = parley_wire_json ("{'audio_base64':%q,'alignment':%s,"
      "'normalized_alignment':null}\n", base64->str, align);
  parley_exchange_chunk (exchange, "audio", line, strlen (line));
  g_string_free (base64, TRUE);
}

static void
on_audio (ParleyExchange * exchange, const guint8 * bytes, gsize len,
    gpointer data)
{
  Speech *self = data;

  begin (exchange, self);
  if (self->timestamps)
    send_line (exchange, self, bytes, len);
  else
    parley_exchange_chunk (exchange, "audio", bytes, len);
}

static void
on_done (ParleyExchange * exchange, gboolean failed, gpointer data)
{
  Speech *self = data;

  if (failed && !self->begun) {
    parley_elevenlabs_refuse (exchange, SOUP_STATUS_INTERNAL_SERVER_ERROR);
    return;
  }
  begin (exchange, self);
  parley_exchange_finish (exchange);
}

static const ParleySpeakingFuncs speaking_funcs = { on_audio, on_done };

static void
handle (ParleyExchange * exchange)
{
  g_autoptr (GBytes) body = parley_exchange_body (exchange);
  const gchar *wrong;
  g_autoptr (JsonNode) root = parley_wire_json_parse (g_bytes_get_data (body,
          NULL), g_bytes_get_size (body), &wrong);
  const gchar *text = root == NULL ? NULL
      : parley_wire_string (json_node_get_object (root), "text");
  ParleySoundFormat format;
  Speech *self;

  if (text == NULL) {
    parley_exchange_respond (exchange, 422, "application/json",
        "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"text\"],"
        "\"msg\":\"Field required\"}]}");
    return;
  }
  if (!parley_elevenlabs_read_format (exchange, &format))
    return;
  self = g_new0 (Speech, 1);
  self->format = format;
  self->text = g_strdup (text);
  self->rest = self->text;
  self->timestamps = g_str_has_suffix (parley_exchange_path (exchange),
      "/with-timestamps");
  parley_exchange_set_data (exchange, self, speech_free);
  self->speaking = parley_speaking_new (exchange, text, &format,
      &speaking_funcs, self);
}

const ParleyProtocol parley_elevenlabs_protocols[] = {
  {"elevenlabs", "POST", "/v1/text-to-speech/*", FALSE,
      parley_elevenlabs_key, parley_elevenlabs_refuse, handle},
  {NULL}
};
