/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Azure's speech recognition over a websocket. */
#include <string.h>

#include "emulator/listening.h"
#include "emulator/protocols.h"
#include "emulator/wirejson.h"

#define PATH_V2 "/stt/speech/universal/v2"
#define TICKS_PER_MS 10000
#define MAX_ID 64

typedef struct
{
  ParleyExchange *exchange;     /* borrowed */
  ParleyListening *listening;   /* of the turn; NULL: none, or no sound yet */
  gchar *request;               /* id of the turn; NULL: none yet */
  gboolean detailed;
  gboolean words;               /* in detailed phrases */
  gboolean single;              /* ends after one phrase */
  guint silence_ms;
  guint n_phrases;              /* of the turn */
  gboolean over;                /* the turn; the rest of its sound is dropped */
} Recognizer;

static void
recognizer_free (gpointer data)
{
  Recognizer *self = data;

  g_clear_pointer (&self->listening, parley_listening_free);
  g_free (self->request);
  g_free (self);
}

/* What it says */

static void
say (Recognizer * self, const gchar * path, const gchar * body)
{
  g_autofree gchar *text = g_strdup_printf ("X-RequestId: %s\r\n"
      "Content-Type: application/json; charset=utf-8\r\n" "Path: %s\r\n\r\n%s",
      self->request, path, body);

  parley_exchange_send_text (self->exchange, path, text);
}

static void
say_offset (Recognizer * self, const gchar * path, guint ms)
{
  g_autofree gchar *body = parley_wire_json ("{'Offset':%l}",
      (gint64) ms * TICKS_PER_MS);

  say (self, path, body);
}

/* As people write it: a capital, and a point at the end. */
static gchar *
display (const gchar * text)
{
  g_autofree gchar *first = g_utf8_strup (text, g_utf8_next_char (text)
      - text);

  return *text == '\0' ? g_strdup ("")
      : g_strconcat (first, g_utf8_next_char (text),
      strchr (".?!", text[strlen (text) - 1]) ? "" : ".", NULL);
}

static gchar *
words_json (const gchar * text, gint64 offset, gint64 duration)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  guint n = g_strv_length (words);
  GString *out = g_string_new (",\"Words\":[");

  for (guint i = 0; i < n; i++)
    parley_wire_json_append (out, "%s{'Word':%q,'Offset':%l,'Duration':%l}",
        i > 0 ? "," : "", words[i], offset + duration * i / n, duration / n);
  g_string_append_c (out, ']');
  return g_string_free (out, FALSE);
}

static void
say_phrase (Recognizer * self, const gchar * text, guint start, guint end)
{
  gint64 offset = (gint64) start * TICKS_PER_MS;
  gint64 duration = (gint64) (end - start) * TICKS_PER_MS;
  g_autofree gchar *shown = display (text);
  g_autofree gchar *words = self->words ? words_json (text, offset, duration)
      : g_strdup ("");
  g_autofree gchar *body = self->detailed
      ? parley_wire_json ("{'Id':'%s%d','RecognitionStatus':'Success',"
      "'Offset':%l,'Duration':%l,'Channel':0,'DisplayText':%q,'NBest':[{"
      "'Confidence':%f,'Lexical':%q,'ITN':%q,'MaskedITN':%q,'Display':%q"
      "%s}]}", self->request, (gint) self->n_phrases, offset, duration,
      shown, 0.93, text, text, text, shown, words)
      : parley_wire_json ("{'Id':'%s%d','RecognitionStatus':'Success',"
      "'DisplayText':%q,'Offset':%l,'Duration':%l,'Channel':0}",
      self->request, (gint) self->n_phrases, shown, offset, duration);

  say (self, "speech.phrase", body);
}

static void
say_no_phrase (Recognizer * self, const gchar * status, guint at)
{
  g_autofree gchar *body = parley_wire_json ("{'RecognitionStatus':%q,"
      "'Offset':%l,'Duration':0,'Channel':0}", status,
      (gint64) at * TICKS_PER_MS);

  say (self, "speech.phrase", body);
}

static void
end_turn (Recognizer * self)
{
  if (self->over)
    return;
  self->over = TRUE;
  say_offset (self, "speech.endDetected",
      parley_listening_get_now (self->listening));
  say (self, "turn.end", "{}");
}

static void
on_started (ParleyExchange * exchange, guint at, gpointer data)
{
  Recognizer *self = data;

  if (!self->over)
    say_offset (self, "speech.startDetected", at);
}

static void
on_partial (ParleyExchange * exchange, const gchar * text, guint start,
    guint now, gpointer data)
{
  Recognizer *self = data;
  g_autofree gchar *body = parley_wire_json ("{'Text':%q,'Offset':%l,"
      "'Duration':%l,'Channel':0}", text, (gint64) start * TICKS_PER_MS,
      (gint64) (now - start) * TICKS_PER_MS);

  if (!self->over)
    say (self, "speech.hypothesis", body);
}

static void
on_final (ParleyExchange * exchange, const gchar * text, guint start,
    guint end, ParleyListeningEnd why, gpointer data)
{
  Recognizer *self = data;

  if (self->over)
    return;
  self->n_phrases++;
  if (text == NULL)
    say_no_phrase (self, "Error", start);
  else if (*text == '\0')
    say_no_phrase (self, "NoMatch", start);
  else
    say_phrase (self, text, start, end);
  if (self->single)
    end_turn (self);
}

static void
on_ended (ParleyExchange * exchange, gpointer data)
{
  Recognizer *self = data;

  if (self->n_phrases == 0 && !self->over)
    say_no_phrase (self, "InitialSilenceTimeout", 0);
  end_turn (self);
}

static const ParleyListeningFuncs listening_funcs = {
  .started = on_started,
  .partial = on_partial,
  .final = on_final,
  .ended = on_ended,
};

/* What it is told */

/* The value of a header in lines that end with CRLF, of @len bytes; NULL:
 * there is none. Transfer full. */
static gchar *
get_header (const gchar * lines, gsize len, const gchar * name)
{
  g_autofree gchar *text = g_strndup (lines, len);
  g_auto (GStrv) list = g_strsplit (text, "\r\n", -1);
  gsize length = strlen (name);

  for (guint i = 0; list[i] != NULL; i++)
    if (g_ascii_strncasecmp (list[i], name, length) == 0
        && list[i][length] == ':')
      return g_strstrip (g_strdup (list[i] + length + 1));
  return NULL;
}

static void
fail (Recognizer * self, const gchar * reason)
{
  parley_exchange_close (self->exchange, SOUP_WEBSOCKET_CLOSE_BAD_DATA, reason);
}

/* A request id that is new begins a turn. */
static gboolean
take_request (Recognizer * self, const gchar * id)
{
  if (id == NULL || *id == '\0' || strlen (id) > MAX_ID
      || strpbrk (id, "\r\n\"\\") != NULL) {
    fail (self, "X-RequestId is missing");
    return FALSE;
  }
  if (g_strcmp0 (self->request, id) == 0)
    return TRUE;
  g_free (self->request);
  self->request = g_strdup (id);
  g_clear_pointer (&self->listening, parley_listening_free);
  self->n_phrases = 0;
  self->over = FALSE;
  return TRUE;
}

static void
take_context (Recognizer * self, const gchar * json)
{
  const gchar *wrong;
  g_autoptr (JsonNode) root = parley_wire_json_parse (json, strlen (json),
      &wrong);
  JsonObject *object = root != NULL ? json_node_get_object (root) : NULL;
  JsonObject *detection = parley_wire_object (object, "phraseDetection");
  JsonObject *output = parley_wire_object (object, "phraseOutput");
  const gchar *mode = parley_wire_string (detection, "mode");
  const gchar *format = parley_wire_string (output, "format");
  g_autofree gchar *key = mode != NULL ? g_ascii_strdown (mode, -1) : NULL;
  JsonObject *segmentation = key == NULL ? NULL
      : parley_wire_object (parley_wire_object (detection, key),
      "segmentation");

  if (object == NULL) {
    fail (self, wrong);
    return;
  }
  if (mode != NULL)
    self->single = g_ascii_strcasecmp (mode, "Interactive") == 0;
  if (format != NULL)
    self->detailed = g_ascii_strcasecmp (format, "Detailed") == 0;
  self->words = self->words || strstr (json, "\"WordTimings\"") != NULL;
  self->silence_ms = CLAMP (parley_wire_number (segmentation,
          "segmentationSilenceTimeoutMs", self->silence_ms), 50, 60000);
}

static void
on_text (ParleyExchange * exchange, const gchar * text, gsize len)
{
  Recognizer *self = parley_exchange_get_data (exchange);
  const gchar *end = strstr (text, "\r\n\r\n");
  g_autofree gchar *path = NULL;
  g_autofree gchar *id = NULL;

  if (end == NULL) {
    fail (self, "a message needs headers and an empty line");
    return;
  }
  path = get_header (text, end - text, "Path");
  id = get_header (text, end - text, "X-RequestId");
  if (path == NULL)
    fail (self, "Path is missing");
  else if (g_ascii_strcasecmp (path, "speech.context") == 0
      && take_request (self, id))
    take_context (self, end + 4);
}

/* The header of a WAV file, with sizes of 0. */
static void
begin_sound (Recognizer * self, const guint8 * bytes, gsize len)
{
  ParleySoundFormat format = { PARLEY_SOUND_S16, 16000 };
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  g_autofree gchar *body = NULL;
  guint tag = len >= 22 ? bytes[20] : 0;

  if (!parley_sound_parse_wav (bytes, len, samples, &format.rate)) {
    fail (self, "the format of the sound is not supported");
    return;
  }
  if (tag != 1)
    format.encoding = tag == 7 ? PARLEY_SOUND_MULAW : PARLEY_SOUND_ALAW;
  self->listening = parley_listening_new (self->exchange, &format,
      parley_exchange_query (self->exchange, "language"), self->silence_ms, 0,
      &listening_funcs, self);
  body = parley_wire_json ("{'context':{'serviceTag':'%s'}}", self->request);
  say (self, "turn.start", body);
  if (len > 44)
    parley_listening_sound (self->listening, bytes + 44, len - 44);
}

static void
on_binary (ParleyExchange * exchange, const guint8 * bytes, gsize len)
{
  Recognizer *self = parley_exchange_get_data (exchange);
  gsize head = len >= 2 ? (guint) bytes[0] << 8 | bytes[1] : G_MAXUINT;
  g_autofree gchar *path = NULL;
  g_autofree gchar *id = NULL;

  if (len < 2 || head > len - 2) {
    fail (self, "the length of the headers is wrong");
    return;
  }
  path = get_header ((const gchar *) bytes + 2, head, "Path");
  id = get_header ((const gchar *) bytes + 2, head, "X-RequestId");
  if (path == NULL || g_ascii_strcasecmp (path, "audio") != 0) {
    fail (self, "a binary message is audio");
    return;
  }
  if (!take_request (self, id) || self->over)
    return;
  bytes += 2 + head;
  len -= 2 + head;
  if (self->listening == NULL && len > 0)
    begin_sound (self, bytes, len);
  else if (self->listening != NULL && len > 0)
    parley_listening_sound (self->listening, bytes, len);
  else if (self->listening != NULL) {
    parley_exchange_is_asked (exchange);
    parley_listening_end (self->listening);
  }
}

static const ParleyExchangeHandler handler = { NULL, on_text, on_binary };

/* The upgrade */

static gchar *
get_key (ParleyExchange * exchange)
{
  const gchar *key = parley_exchange_header (exchange,
      "Ocp-Apim-Subscription-Key");

  if (key == NULL)
    key = parley_exchange_query (exchange, "Ocp-Apim-Subscription-Key");
  return key != NULL ? g_strdup (key) : parley_protocol_bearer_key (exchange);
}

static void
refuse (ParleyExchange * exchange, guint status)
{
  const gchar *message = status == SOUP_STATUS_UNAUTHORIZED
      ? "Access denied due to invalid subscription key or wrong API endpoint."
      : status == PARLEY_STATUS_TOO_MANY_REQUESTS ? "Too many requests."
      : status == SOUP_STATUS_BAD_REQUEST ? "The language is missing."
      : "The server had an error.";
  g_autofree gchar *code = g_strdup_printf ("%u", status);
  g_autofree gchar *body = parley_wire_json ("{'error':{'code':%q,"
      "'message':%q}}", code, message);

  parley_exchange_respond (exchange, status, "application/json", body);
}

/* Where the client is to connect, asked by one that has only the host. */
static void
redirect (ParleyExchange * exchange)
{
  const gchar *host = parley_exchange_header (exchange, "Host");
  g_autofree gchar *url = g_strdup_printf ("ws://%s" PATH_V2, host);

  parley_exchange_respond (exchange, SOUP_STATUS_OK, "text/plain", url);
}

static void
handle (ParleyExchange * exchange)
{
  const gchar *silence = parley_exchange_query (exchange,
      "segmentationSilenceTimeoutMs");
  const gchar *path = parley_exchange_path (exchange);
  Recognizer *self;

  if (parley_exchange_query (exchange, "GenerateRedirectResponse") != NULL) {
    redirect (exchange);
    return;
  }
  if (parley_exchange_query (exchange, "language") == NULL
      && parley_exchange_query (exchange, "cid") == NULL
      && !g_str_equal (path, PATH_V2)) {
    refuse (exchange, SOUP_STATUS_BAD_REQUEST);
    return;
  }
  self = g_new0 (Recognizer, 1);
  self->exchange = exchange;
  self->detailed = g_strcmp0 (parley_exchange_query (exchange, "format"),
      "detailed") == 0;
  self->words = g_strcmp0 (parley_exchange_query (exchange,
          "wordLevelTimestamps"), "true") == 0;
  self->single = strstr (path, "/interactive/") != NULL;
  self->silence_ms = silence != NULL
      ? CLAMP (g_ascii_strtoll (silence, NULL, 10), 50, 60000)
      : parley_exchange_settings (exchange)->silence_ms;
  parley_exchange_set_data (exchange, self, recognizer_free);
  parley_exchange_upgrade (exchange, &handler);
}

/* A bearer token; here it is the key. */
static void
handle_token (ParleyExchange * exchange)
{
  g_autofree gchar *key = get_key (exchange);

  parley_exchange_respond (exchange, SOUP_STATUS_OK, "application/jwt",
      key != NULL ? key : "none");
}

const ParleyProtocol parley_azure_protocols[] = {
  {"azure", "GET", PATH_V2, TRUE, get_key, refuse, handle},
  {"azure", "GET", "/speech/recognition/*/cognitiveservices/v1", TRUE,
      get_key, refuse, handle},
  {"azure-token", "POST", "/sts/v1.0/issueToken", FALSE, get_key, refuse,
      handle_token, TRUE},
  {NULL}
};
