/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deepgram's live transcription, /v1/listen. */
#include <string.h>

#include "emulator/listening.h"
#include "emulator/protocols.h"
#include "emulator/wirejson.h"

#define DEFAULT_ENDPOINTING_MS 10
/* Without a message. */
#define IDLE_US (10 * G_TIME_SPAN_SECOND)

typedef struct
{
  ParleyExchange *exchange;     /* borrowed */
  ParleyListening *listening;
  gchar *id;                    /* of the request */
  gboolean interim;
  gboolean vad_events;
  guint utterance_end_ms;       /* 0: not told */
  guint last_word_end;          /* ms */
  gboolean closing;
} Stream;

static void
stream_free (gpointer data)
{
  Stream *self = data;

  g_clear_pointer (&self->listening, parley_listening_free);
  g_free (self->id);
  g_free (self);
}

/* Shared with Flux */

gchar *
parley_deepgram_key (ParleyExchange * exchange)
{
  const gchar *value = parley_exchange_header (exchange, "Authorization");
  const gchar *offered =
      parley_exchange_header (exchange, "Sec-WebSocket-Protocol");

  if (value != NULL && g_ascii_strncasecmp (value, "Token ", 6) == 0)
    return g_strstrip (g_strdup (value + 6));
  /* A browser can set no header. */
  if (value == NULL && offered != NULL && g_str_has_prefix (offered, "token,"))
    return g_strstrip (g_strdup (offered + 6));
  return parley_protocol_bearer_key (exchange);
}

static void
refuse (ParleyExchange * exchange, guint status, const gchar * code,
    const gchar * message)
{
  g_autofree gchar *id = g_strdup_printf ("%08x-emulated",
      parley_exchange_number (exchange));
  g_autofree gchar *body = parley_wire_json ("{'err_code':%q,'err_msg':%q,"
      "'request_id':%q}", code, message, id);

  parley_exchange_set_header (exchange, "dg-request-id", id);
  parley_exchange_set_header (exchange, "dg-error", message);
  parley_exchange_respond (exchange, status, "application/json", body);
}

void
parley_deepgram_refuse (ParleyExchange * exchange, guint status)
{
  if (status == SOUP_STATUS_UNAUTHORIZED)
    refuse (exchange, status, "INVALID_AUTH", "Invalid credentials.");
  else if (status == PARLEY_STATUS_TOO_MANY_REQUESTS)
    refuse (exchange, status, "TOO_MANY_REQUESTS",
        "Too many requests. Please try again later.");
  else
    refuse (exchange, status, "INTERNAL_SERVER_ERROR",
        "The server had an error.");
}

gboolean
parley_deepgram_read_format (ParleyExchange * exchange,
    ParleySoundFormat * format)
{
  const gchar *encoding = parley_exchange_query (exchange, "encoding");
  const gchar *rate = parley_exchange_query (exchange, "sample_rate");
  guint64 number = 0;

  if (g_strcmp0 (encoding, "mulaw") == 0) {
    format->encoding = PARLEY_SOUND_MULAW;
  } else if (g_strcmp0 (encoding, "alaw") == 0) {
    format->encoding = PARLEY_SOUND_ALAW;
  } else if (g_strcmp0 (encoding, "linear16") == 0) {
    format->encoding = PARLEY_SOUND_S16;
  } else {
    refuse (exchange, SOUP_STATUS_BAD_REQUEST, "INVALID_QUERY_PARAMETER",
        "encoding must be linear16, mulaw or alaw for this emulator");
    return FALSE;
  }
  if (rate == NULL || !g_ascii_string_to_unsigned (rate, 10, 8000, 48000,
          &number, NULL)) {
    refuse (exchange, SOUP_STATUS_BAD_REQUEST, "INVALID_QUERY_PARAMETER",
        "sample_rate must be a number from 8000 to 48000");
    return FALSE;
  }
  format->rate = number;
  return TRUE;
}

gchar *
parley_deepgram_words (const gchar * text, gdouble start, gdouble end)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  guint n = *text ? g_strv_length (words) : 0;
  gdouble step = n > 0 ? (end - start) / n : 0.0;
  GString *out = g_string_new ("[");

  for (guint i = 0; i < n; i++)
    parley_wire_json_append (out, "%s{'word':%q,'start':%f,'end':%f,"
        "'confidence':%f,'punctuated_word':%q}", i > 0 ? "," : "", words[i],
        start + step * i, start + step * (i + 1), 0.97, words[i]);
  g_string_append_c (out, ']');
  return g_string_free (out, FALSE);
}

/* What it says */

static void
send_results (Stream * self, const gchar * what, const gchar * text,
    guint start, guint end, gboolean is_final, gboolean speech_final,
    gboolean from_finalize)
{
  gdouble from = start / 1000.0, to = end / 1000.0;
  g_autofree gchar *words = parley_deepgram_words (text, from, to);
  g_autofree gchar *json = parley_wire_json ("{'type':'Results',"
      "'channel_index':[0,1],'duration':%f,'start':%f,'is_final':%b,"
      "'speech_final':%b,'channel':{'alternatives':[{'transcript':%q,"
      "'confidence':%f,'words':%s}]},'metadata':{'request_id':%q,"
      "'model_info':{'name':'general-nova-3','version':'2024-12-20.0',"
      "'arch':'nova-3'},'model_uuid':'emulated'},'from_finalize':%b}",
      to - from, from, is_final, speech_final, text, *text ? 0.97 : 0.0,
      words, self->id, from_finalize);

  parley_exchange_send_text (self->exchange, what, json);
}

static void
on_started (ParleyExchange * exchange, guint at, gpointer data)
{
  Stream *self = data;
  g_autofree gchar *json = NULL;

  parley_exchange_cancel (exchange, &self->utterance_end_ms);
  if (!self->vad_events)
    return;
  json = parley_wire_json ("{'type':'SpeechStarted','channel':[0,1],"
      "'timestamp':%f}", at / 1000.0);
  parley_exchange_send_text (exchange, "started", json);
}

static void
on_partial (ParleyExchange * exchange, const gchar * text, guint start,
    guint now, gpointer data)
{
  Stream *self = data;

  if (self->interim)
    send_results (self, "partial", text, start, now, FALSE, FALSE, FALSE);
}

static void
tell_utterance_end (ParleyExchange * exchange, gpointer data)
{
  Stream *self = (Stream *) ((guint8 *) data
      - G_STRUCT_OFFSET (Stream, utterance_end_ms));
  g_autofree gchar *json = parley_wire_json ("{'type':'UtteranceEnd',"
      "'channel':[0,1],'last_word_end':%f}", self->last_word_end / 1000.0);

  parley_exchange_send_text (exchange, "utterance-end", json);
}

static void
on_final (ParleyExchange * exchange, const gchar * text, guint start,
    guint end, ParleyListeningEnd why, gpointer data)
{
  Stream *self = data;

  if (text == NULL) {
    parley_exchange_close (exchange, 1011, "NET-0000");
    return;
  }
  send_results (self, "transcript", text, start, end, TRUE,
      why == PARLEY_LISTENING_SILENCE, why == PARLEY_LISTENING_FINALIZED);
  if (*text == '\0' || self->utterance_end_ms == 0 || self->closing)
    return;
  self->last_word_end = end;
  parley_exchange_cancel (exchange, &self->utterance_end_ms);
  parley_exchange_after (exchange, self->utterance_end_ms * 1000,
      tell_utterance_end, &self->utterance_end_ms);
}

static void
on_ended (ParleyExchange * exchange, gpointer data)
{
  Stream *self = data;
  g_autofree gchar *json = parley_wire_json ("{'type':'Metadata',"
      "'transaction_key':'deprecated','request_id':%q,'sha256':'',"
      "'created':'2026-01-01T00:00:00.000Z','duration':%f,'channels':1}",
      self->id, parley_listening_get_now (self->listening) / 1000.0);

  parley_exchange_send_text (exchange, "metadata", json);
  parley_exchange_close (exchange, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

static const ParleyListeningFuncs listening_funcs = {
  .started = on_started,
  .partial = on_partial,
  .final = on_final,
  .ended = on_ended,
};

/* What it is told */

static void
on_idle (ParleyExchange * exchange, gpointer data)
{
  parley_exchange_close (exchange, 1011, "NET-0001");
}

static void
wait_for_more (Stream * self)
{
  parley_exchange_cancel (self->exchange, self);
  if (!self->closing)
    parley_exchange_after (self->exchange, IDLE_US, on_idle, self);
}

static void
on_open (ParleyExchange * exchange)
{
  wait_for_more (parley_exchange_get_data (exchange));
}

static void
on_binary (ParleyExchange * exchange, const guint8 * bytes, gsize len)
{
  Stream *self = parley_exchange_get_data (exchange);

  if (self->closing)
    return;
  wait_for_more (self);
  parley_listening_sound (self->listening, bytes, len);
}

static void
on_text (ParleyExchange * exchange, const gchar * text, gsize len)
{
  Stream *self = parley_exchange_get_data (exchange);
  const gchar *wrong;
  g_autoptr (JsonNode) root = parley_wire_json_parse (text, len, &wrong);
  const gchar *type = root == NULL ? NULL
      : parley_wire_string (json_node_get_object (root), "type");

  if (self->closing)
    return;
  wait_for_more (self);
  if (g_strcmp0 (type, "KeepAlive") == 0)
    return;
  if (g_strcmp0 (type, "Finalize") == 0) {
    parley_exchange_is_asked (exchange);
    parley_listening_finalize (self->listening);
  } else if (g_strcmp0 (type, "CloseStream") == 0) {
    self->closing = TRUE;
    parley_exchange_cancel (exchange, self);
    parley_exchange_cancel (exchange, &self->utterance_end_ms);
    parley_listening_end (self->listening);
  } else {
    parley_exchange_close (exchange, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION,
        "DATA-0000");
  }
}

static const ParleyExchangeHandler handler = { on_open, on_text, on_binary };

/* FALSE: refused. */
static gboolean
read_ms (ParleyExchange * exchange, const gchar * name, guint * ms)
{
  const gchar *text = parley_exchange_query (exchange, name);
  guint64 number;

  if (text == NULL)
    return TRUE;
  if (g_str_equal (text, "false")) {
    *ms = 0;
    return TRUE;
  }
  if (!g_ascii_string_to_unsigned (text, 10, 1, 60000, &number, NULL)) {
    g_autofree gchar *message = g_strdup_printf ("%s must be a number of "
        "milliseconds or false", name);

    refuse (exchange, SOUP_STATUS_BAD_REQUEST, "INVALID_QUERY_PARAMETER",
        message);
    return FALSE;
  }
  *ms = number;
  return TRUE;
}

static gboolean
is_true (ParleyExchange * exchange, const gchar * name)
{
  return g_strcmp0 (parley_exchange_query (exchange, name), "true") == 0;
}

static void
handle (ParleyExchange * exchange)
{
  ParleySoundFormat format;
  guint endpointing = DEFAULT_ENDPOINTING_MS, utterance_end = 0;
  Stream *self;

  if (!parley_deepgram_read_format (exchange, &format)
      || !read_ms (exchange, "endpointing", &endpointing)
      || !read_ms (exchange, "utterance_end_ms", &utterance_end))
    return;
  self = g_new0 (Stream, 1);
  self->exchange = exchange;
  self->id = g_strdup_printf ("%08x-emulated",
      parley_exchange_number (exchange));
  self->interim = is_true (exchange, "interim_results");
  self->vad_events = is_true (exchange, "vad_events");
  self->utterance_end_ms = utterance_end;
  self->listening = parley_listening_new (exchange, &format,
      parley_exchange_query (exchange, "language"), endpointing, 0,
      &listening_funcs, self);
  parley_exchange_set_data (exchange, self, stream_free);
  parley_exchange_set_header (exchange, "dg-request-id", self->id);
  parley_exchange_upgrade (exchange, &handler);
}

const ParleyProtocol parley_deepgram_protocols[] = {
  {"deepgram", "GET", "/v1/listen", TRUE, parley_deepgram_key,
      parley_deepgram_refuse, handle},
  {NULL}
};
