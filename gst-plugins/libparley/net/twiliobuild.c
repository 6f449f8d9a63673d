/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/base64.h"
#include "net/twiliomessage.h"

/* Built by hand: a media message is 50 a second and call, and its text is
 * known but for the payload. */

static void
append_escaped (GString * out, const gchar * text)
{
  const gchar *p;

  for (p = text; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\') {
      g_string_append_c (out, '\\');
      g_string_append_c (out, *p);
    } else if ((guchar) * p < 0x20) {
      g_string_append_printf (out, "\\u%04x", *p);
    } else {
      g_string_append_c (out, *p);
    }
  }
}

/* "@before" and @text as a JSON string; @before ends with the opening quote. */
static void
append_string (GString * out, const gchar * before, const gchar * text)
{
  g_string_append (out, before);
  append_escaped (out, text);
  g_string_append_c (out, '"');
}

static void
append_number (GString * out, const gchar * before, guint64 number)
{
  gchar digits[24];

  g_snprintf (digits, sizeof digits, "%" G_GUINT64_FORMAT "\"", number);
  g_string_append (out, before);
  g_string_append (out, digits);
}

void
parley_twilio_build_media (GString * out, const gchar * stream_sid,
    const guint8 * mulaw, gsize len)
{
  append_string (out, "{\"event\":\"media\",\"streamSid\":\"", stream_sid);
  g_string_append (out, ",\"media\":{\"payload\":\"");
  parley_base64_append (out, mulaw, len);
  g_string_append (out, "\"}}");
}

void
parley_twilio_build_mark (GString * out, const gchar * stream_sid,
    const gchar * name)
{
  append_string (out, "{\"event\":\"mark\",\"streamSid\":\"", stream_sid);
  append_string (out, ",\"mark\":{\"name\":\"", name);
  g_string_append (out, "}}");
}

void
parley_twilio_build_clear (GString * out, const gchar * stream_sid)
{
  append_string (out, "{\"event\":\"clear\",\"streamSid\":\"", stream_sid);
  g_string_append_c (out, '}');
}

void
parley_twilio_build_connected (GString * out)
{
  g_string_append (out,
      "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
}

void
parley_twilio_build_start (GString * out, const gchar * stream_sid,
    const gchar * account_sid, const gchar * call_sid, GHashTable * parameters)
{
  GHashTableIter iter;
  gpointer name, value;
  const gchar *separator = "\"";

  append_string (out, "{\"event\":\"start\",\"sequenceNumber\":\"1\","
      "\"start\":{\"accountSid\":\"", account_sid);
  append_string (out, ",\"streamSid\":\"", stream_sid);
  append_string (out, ",\"callSid\":\"", call_sid);
  g_string_append (out, ",\"tracks\":[\"inbound\"],\"mediaFormat\":"
      "{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":1},"
      "\"customParameters\":{");
  if (parameters != NULL) {
    g_hash_table_iter_init (&iter, parameters);
    while (g_hash_table_iter_next (&iter, &name, &value)) {
      append_string (out, separator, name);
      append_string (out, ":\"", value);
      separator = ",\"";
    }
  }
  append_string (out, "}},\"streamSid\":\"", stream_sid);
  g_string_append_c (out, '}');
}

void
parley_twilio_build_inbound_media (GString * out, const gchar * stream_sid,
    guint64 sequence, guint64 chunk, guint64 timestamp, const guint8 * mulaw,
    gsize len)
{
  append_number (out, "{\"event\":\"media\",\"sequenceNumber\":\"", sequence);
  append_number (out, ",\"media\":{\"track\":\"inbound\",\"chunk\":\"", chunk);
  append_number (out, ",\"timestamp\":\"", timestamp);
  g_string_append (out, ",\"payload\":\"");
  parley_base64_append (out, mulaw, len);
  append_string (out, "\"},\"streamSid\":\"", stream_sid);
  g_string_append_c (out, '}');
}

void
parley_twilio_build_dtmf (GString * out, const gchar * stream_sid,
    guint64 sequence, gchar digit)
{
  append_string (out, "{\"event\":\"dtmf\",\"streamSid\":\"", stream_sid);
  append_number (out, ",\"sequenceNumber\":\"", sequence);
  g_string_append (out, ",\"dtmf\":{\"track\":\"inbound_track\",\"digit\":\"");
  g_string_append_c (out, digit);
  g_string_append (out, "\"}}");
}

void
parley_twilio_build_mark_echo (GString * out, const gchar * stream_sid,
    guint64 sequence, const gchar * name)
{
  append_number (out, "{\"event\":\"mark\",\"sequenceNumber\":\"", sequence);
  append_string (out, ",\"streamSid\":\"", stream_sid);
  append_string (out, ",\"mark\":{\"name\":\"", name);
  g_string_append (out, "}}");
}

void
parley_twilio_build_stop (GString * out, const gchar * stream_sid,
    guint64 sequence, const gchar * account_sid, const gchar * call_sid)
{
  append_number (out, "{\"event\":\"stop\",\"sequenceNumber\":\"", sequence);
  append_string (out, ",\"streamSid\":\"", stream_sid);
  append_string (out, ",\"stop\":{\"accountSid\":\"", account_sid);
  append_string (out, ",\"callSid\":\"", call_sid);
  g_string_append (out, "}}");
}
