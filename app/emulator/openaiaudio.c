/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenAI's transcriptions and speech. */
#include <string.h>

#include "emulator/engines.h"
#include "emulator/protocols.h"
#include "emulator/wirejson.h"
#include "net/base64.h"

#define SPEECH_RATE 24000
#define MAX_CHARACTERS 4096     /* of input */

static void
refuse (ParleyExchange * exchange, const gchar * param, const gchar * code,
    const gchar * message)
{
  parley_openai_error (exchange, SOUP_STATUS_BAD_REQUEST,
      "invalid_request_error", param, code, message);
}

static void
send_event (ParleyExchange * exchange, const gchar * what, gchar * json)
{
  g_autofree gchar *event = g_strdup_printf ("data: %s\n\n", json);

  parley_exchange_chunk (exchange, what, event, strlen (event));
  g_free (json);
}

/* Transcriptions */

typedef struct
{
  ParleyExchange *exchange;     /* borrowed */
  ParleyHearing *hearing;
  gchar *model;
  gchar *language;
  gchar *format;
  gboolean stream;
  gboolean words;               /* wanted in verbose_json */
  gdouble seconds;
} Transcription;

static void
transcription_free (gpointer data)
{
  Transcription *self = data;

  g_clear_pointer (&self->hearing, parley_hearing_free);
  g_free (self->model);
  g_free (self->language);
  g_free (self->format);
  g_free (self);
}

/* whisper-1 is paid by the second, the others by the token. */
static gchar *
usage_json (Transcription * self, const gchar * text)
{
  gint in = self->seconds * 10, out = strlen (text) / 4 + 1;

  if (g_str_equal (self->model, "whisper-1"))
    return parley_wire_json ("{'type':'duration','seconds':%d}",
        (gint) self->seconds + 1);
  return parley_wire_json ("{'type':'tokens','input_tokens':%d,"
      "'input_token_details':{'text_tokens':0,'audio_tokens':%d},"
      "'output_tokens':%d,'total_tokens':%d}", in, in, out, in + out);
}

/* Words at even distances. */
static gchar *
words_json (const gchar * text, gdouble seconds)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  guint n = *text ? g_strv_length (words) : 0;
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    parley_wire_json_append (out, "%s{'word':%q,'start':%f,'end':%f}",
        i > 0 ? "," : "", words[i], seconds * i / n, seconds * (i + 1) / n);
  return g_string_free (out, FALSE);
}

static gchar *
verbose_json (Transcription * self, const gchar * text)
{
  g_autofree gchar *usage = usage_json (self, text);
  g_autofree gchar *words = words_json (text, self->seconds);
  g_autofree gchar *list = self->words
      ? parley_wire_json (",'words':[%s]", words) : g_strdup ("");

  return parley_wire_json ("{'task':'transcribe','language':%q,'duration':%f,"
      "'text':%q,'segments':[{'id':0,'seek':0,'start':0,'end':%f,'text':%q,"
      "'tokens':[],'temperature':0,'avg_logprob':-0.2,"
      "'compression_ratio':1,'no_speech_prob':0.01}]%s,'usage':%s}",
      self->language != NULL ? self->language : "english", self->seconds,
      text, self->seconds, text, list, usage);
}

static void
stream_text (Transcription * self, const gchar * text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  g_autofree gchar *usage = usage_json (self, text);

  parley_exchange_stream (self->exchange, SOUP_STATUS_OK,
      "text/event-stream; charset=utf-8");
  for (guint i = 0; words[i] != NULL && *text; i++) {
    g_autofree gchar *delta = g_strconcat (i > 0 ? " " : "", words[i], NULL);

    send_event (self->exchange, "delta",
        parley_wire_json ("{'type':'transcript.text.delta','delta':%q}",
            delta));
  }
  send_event (self->exchange, "transcript",
      parley_wire_json ("{'type':'transcript.text.done','text':%q,"
          "'usage':%s}", text, usage));
  parley_exchange_finish (self->exchange);
}

/* The one cue of a subtitle file. */
static gchar *
cue (Transcription * self, const gchar * text, const gchar * head, gchar mark)
{
  guint ms = self->seconds * 1000;

  return g_strdup_printf ("%s00:00:00%c000 --> %02u:%02u:%02u%c%03u\n%s\n\n",
      head, mark, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, mark,
      ms % 1000, text);
}

static void
send_text (Transcription * self, const gchar * text)
{
  g_autofree gchar *usage = usage_json (self, text);
  g_autofree gchar *body = NULL;
  const gchar *type = "text/plain; charset=utf-8";

  if (g_str_equal (self->format, "text")) {
    body = g_strconcat (text, "\n", NULL);
  } else if (g_str_equal (self->format, "srt")) {
    body = cue (self, text, "1\n", ',');
  } else if (g_str_equal (self->format, "vtt")) {
    body = cue (self, text, "WEBVTT\n\n", '.');
  } else {
    type = "application/json";
    body = g_str_equal (self->format, "verbose_json")
        ? verbose_json (self, text)
        : parley_wire_json ("{'text':%q,'usage':%s}", text, usage);
  }
  parley_exchange_respond (self->exchange, SOUP_STATUS_OK, type, body);
}

static void
on_final (ParleyExchange * exchange, const gchar * text, gpointer data)
{
  Transcription *self = data;

  if (text == NULL)
    parley_openai_refuse (exchange, SOUP_STATUS_INTERNAL_SERVER_ERROR);
  else if (self->stream)
    stream_text (self, text);
  else
    send_text (self, text);
}

static const ParleyHearingFuncs hearing_funcs = { NULL, on_final };

/* A form with a file. */
typedef struct
{
  GHashTable *fields;           /* gchar * to gchar * */
  gchar *filename;              /* NULL: no file */
  GBytes *file;
} Form;

static void
form_clear (Form * form)
{
  g_clear_pointer (&form->fields, g_hash_table_unref);
  g_free (form->filename);
  g_clear_pointer (&form->file, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Form, form_clear);

static void
form_add (Form * form, SoupMessageHeaders * headers, GBytes * body)
{
  g_autofree gchar *disposition = NULL;
  g_autoptr (GHashTable) params = NULL;
  const gchar *name, *filename;

  if (!soup_message_headers_get_content_disposition (headers, &disposition,
          &params))
    return;
  name = g_hash_table_lookup (params, "name");
  filename = g_hash_table_lookup (params, "filename");
  if (name == NULL)
    return;
  if (g_str_equal (name, "file")) {
    g_clear_pointer (&form->file, g_bytes_unref);
    g_free (form->filename);
    form->filename = g_strdup (filename != NULL ? filename : "");
    form->file = g_bytes_ref (body);
  } else {
    g_hash_table_insert (form->fields, g_strdup (name),
        g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body)));
  }
}

static gboolean
form_read (Form * form, ParleyExchange * exchange)
{
  g_autoptr (GBytes) body = parley_exchange_body (exchange);
  SoupMultipart *multipart =
      soup_multipart_new_from_message (parley_exchange_headers (exchange),
      body);

  form->fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  if (multipart == NULL)
    return FALSE;
  for (gint i = 0; i < soup_multipart_get_length (multipart); i++) {
    SoupMessageHeaders *headers;
    GBytes *part;

    if (soup_multipart_get_part (multipart, i, &headers, &part))
      form_add (form, headers, part);
  }
  soup_multipart_free (multipart);
  return TRUE;
}

static const gchar *
form_get (Form * form, const gchar * name, const gchar * otherwise)
{
  const gchar *value = g_hash_table_lookup (form->fields, name);

  return value != NULL ? value : otherwise;
}

/* Without an extension nothing tells the service what it is. */
static gboolean
has_known_extension (const gchar * filename)
{
  static const gchar *const known[] = { "flac", "mp3", "mp4", "mpeg", "mpga",
    "m4a", "ogg", "wav", "webm", NULL
  };
  const gchar *dot = strrchr (filename, '.');
  g_autofree gchar *low = dot != NULL ? g_ascii_strdown (dot + 1, -1) : NULL;

  return low != NULL && g_strv_contains (known, low);
}

/* What is wrong with the form; NULL: nothing. */
static const gchar *
check_form (Form * form, const gchar ** param)
{
  static const gchar *const formats[] = { "json", "text", "srt",
    "verbose_json", "vtt", NULL
  };
  const gchar *model = form_get (form, "model", NULL);
  const gchar *format = form_get (form, "response_format", "json");

  *param = "file";
  if (form->file == NULL)
    return "A file must be given.";
  if (!has_known_extension (form->filename))
    return "The format of the file is not supported: name it .flac, .m4a, "
        ".mp3, .mp4, .mpeg, .mpga, .ogg, .wav or .webm.";
  *param = "model";
  if (model == NULL)
    return "A model must be given.";
  *param = "response_format";
  if (!g_strv_contains (formats, format)
      || (!g_str_equal (model, "whisper-1") && strstr (model, "gpt-4o")
          && !g_str_equal (format, "json")))
    return "This response_format is not compatible with the model.";
  return NULL;
}

static void
begin_transcription (ParleyExchange * exchange, Form * form,
    GArray * samples, guint rate)
{
  Transcription *self = g_new0 (Transcription, 1);

  self->exchange = exchange;
  self->model = g_strdup (form_get (form, "model", NULL));
  self->language = g_strdup (form_get (form, "language", NULL));
  self->format = g_strdup (form_get (form, "response_format", "json"));
  self->stream = g_str_equal (form_get (form, "stream", ""), "true")
      && !g_str_equal (self->model, "whisper-1");
  self->words = g_str_equal (form_get (form, "timestamp_granularities[]", ""),
      "word");
  self->seconds = (gdouble) samples->len / rate;
  parley_exchange_set_data (exchange, self, transcription_free);
  self->hearing = parley_hearing_new (exchange,
      parley_exchange_settings (exchange)->n_files++, self->language, rate,
      &hearing_funcs, self);
  parley_hearing_audio (self->hearing, (const gint16 *) samples->data,
      samples->len);
  parley_hearing_finish (self->hearing);
}

static void
handle_transcription (ParleyExchange * exchange)
{
  g_auto (Form) form = { 0 };
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  const gchar *wrong, *param;
  guint rate = 16000;

  if (!form_read (&form, exchange)) {
    refuse (exchange, NULL, NULL, "The body is not multipart/form-data that "
        "can be parsed.");
    return;
  }
  wrong = check_form (&form, &param);
  if (wrong != NULL) {
    refuse (exchange, param, "invalid_value", wrong);
    return;
  }
  /* Other kinds than WAV are taken on trust: only scripted ears take them. */
  if (!parley_sound_parse_wav (g_bytes_get_data (form.file, NULL),
          g_bytes_get_size (form.file), samples, &rate)
      && (g_str_has_suffix (form.filename, ".wav")
          || parley_exchange_settings (exchange)->stt_local)) {
    refuse (exchange, "file", "invalid_value",
        "The audio file is corrupted or not supported.");
    return;
  }
  begin_transcription (exchange, &form, samples, rate);
}

/* Speech */

typedef struct
{
  ParleySpeaking *speaking;
  gboolean events;              /* server-sent */
  gboolean wav;
  gboolean begun;
  guint n_bytes;
  guint n_characters;
} Speech;

static void
speech_free (gpointer data)
{
  Speech *self = data;

  g_clear_pointer (&self->speaking, parley_speaking_free);
  g_free (self);
}

static void
begin_speech (ParleyExchange * exchange, Speech * self)
{
  static const ParleySoundFormat format = { PARLEY_SOUND_S16, SPEECH_RATE };
  guint8 header[44];

  if (self->begun)
    return;
  self->begun = TRUE;
  parley_exchange_stream (exchange, SOUP_STATUS_OK, self->events
      ? "text/event-stream; charset=utf-8" : self->wav ? "audio/wav"
      : "audio/pcm");
  parley_sound_wav_header (&format, header);
  if (self->wav)
    parley_exchange_chunk (exchange, "header", header, sizeof header);
}

static void
on_audio (ParleyExchange * exchange, const guint8 * bytes, gsize len,
    gpointer data)
{
  Speech *self = data;
  GString *base64 = NULL;

  begin_speech (exchange, self);
  self->n_bytes += len;
  if (!self->events) {
    parley_exchange_chunk (exchange, "audio", bytes, len);
    return;
  }
  base64 = g_string_new (NULL);
  parley_base64_append (base64, bytes, len);
  send_event (exchange, "audio",
      parley_wire_json ("{'type':'speech.audio.delta','audio':%q}",
          base64->str));
  g_string_free (base64, TRUE);
}

static void
on_done (ParleyExchange * exchange, gboolean failed, gpointer data)
{
  Speech *self = data;
  gint in = self->n_characters / 4 + 1, out = self->n_bytes / 2400;

  if (failed && !self->begun) {
    parley_openai_refuse (exchange, SOUP_STATUS_INTERNAL_SERVER_ERROR);
    return;
  }
  begin_speech (exchange, self);
  if (self->events)
    send_event (exchange, "done", parley_wire_json ("{"
            "'type':'speech.audio.done','usage':{'input_tokens':%d,"
            "'output_tokens':%d,'total_tokens':%d}}", in, out, in + out));
  parley_exchange_finish (exchange);
}

static const ParleySpeakingFuncs speaking_funcs = { on_audio, on_done };

/* What is wrong with the request; NULL: nothing. */
static const gchar *
check_speech (JsonObject * root, const gchar ** param)
{
  const gchar *input = parley_wire_string (root, "input");
  const gchar *format = parley_wire_string (root, "response_format");
  gdouble speed = parley_wire_number (root, "speed", 1.0);

  *param = "model";
  if (parley_wire_string (root, "model") == NULL)
    return "A model must be given.";
  *param = "input";
  if (input == NULL || *input == '\0')
    return "An input must be given.";
  if (g_utf8_strlen (input, -1) > MAX_CHARACTERS)
    return "The input is longer than 4096 characters.";
  *param = "voice";
  if (!json_object_has_member (root, "voice"))
    return "A voice must be given.";
  *param = "response_format";
  if (g_strcmp0 (format, "pcm") != 0 && g_strcmp0 (format, "wav") != 0)
    return "This emulator makes response_format pcm and wav only.";
  *param = "speed";
  if (speed < 0.25 || speed > 4.0)
    return "The speed must be from 0.25 to 4.";
  return NULL;
}

static void
handle_speech (ParleyExchange * exchange)
{
  static const ParleySoundFormat format = { PARLEY_SOUND_S16, SPEECH_RATE };
  g_autoptr (GBytes) body = parley_exchange_body (exchange);
  const gchar *wrong, *param = NULL, *input;
  g_autoptr (JsonNode) node = parley_wire_json_parse (g_bytes_get_data (body,
          NULL), g_bytes_get_size (body), &wrong);
  JsonObject *root = node != NULL ? json_node_get_object (node) : NULL;
  Speech *self;

  wrong = root != NULL ? check_speech (root, &param)
      : "The body is not a JSON object that can be parsed.";
  if (wrong != NULL) {
    refuse (exchange, param, NULL, wrong);
    return;
  }
  input = parley_wire_string (root, "input");
  self = g_new0 (Speech, 1);
  self->events = g_strcmp0 (parley_wire_string (root, "stream_format"), "sse")
      == 0 && !g_str_has_prefix (parley_wire_string (root, "model"), "tts-1");
  self->wav = g_strcmp0 (parley_wire_string (root, "response_format"), "wav")
      == 0;
  self->n_characters = g_utf8_strlen (input, -1);
  parley_exchange_set_data (exchange, self, speech_free);
  self->speaking = parley_speaking_new (exchange, input, &format,
      &speaking_funcs, self);
}

const ParleyProtocol parley_openai_audio_protocols[] = {
  {"openai-stt", "POST", "*/v1/audio/transcriptions", FALSE,
      parley_protocol_bearer_key, parley_openai_refuse, handle_transcription},
  {"openai-tts", "POST", "*/v1/audio/speech", FALSE,
      parley_protocol_bearer_key, parley_openai_refuse, handle_speech},
  {NULL}
};
