/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/stt/openaitext.h"

#include <math.h>
#include <string.h>

#include "net/neterror.h"
#include "providers/jsonread.h"
#include "speech/g711.h"

#define WAV_HEAD 44

/* What is sent */

static void
put_u32 (guint8 * at, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (at, &value, 4);
}

/* The head of a file with @len bytes of 16-bit samples, one channel. */
static void
put_head (guint8 * head, guint rate, gsize len)
{
  memcpy (head, "RIFF", 4);
  put_u32 (head + 4, WAV_HEAD - 8 + len);
  memcpy (head + 8, "WAVEfmt ", 8);
  put_u32 (head + 16, 16);
  put_u32 (head + 20, 1 | 1 << 16);     /* PCM, one channel */
  put_u32 (head + 24, rate);
  put_u32 (head + 28, rate * 2);
  put_u32 (head + 32, 2 | 16 << 16);    /* bytes and bits of a sample */
  memcpy (head + 36, "data", 4);
  put_u32 (head + 40, len);
}

GBytes *
parley_transcript_new_wav (const ParleyAudioFormat * format,
    GByteArray * samples)
{
  gsize n = format->mulaw ? samples->len : samples->len / 2;
  gsize len = MAX (n, format->rate / 10) * 2;
  guint8 *file = g_malloc0 (WAV_HEAD + len);
  gint16 *out = (gint16 *) (file + WAV_HEAD);

  put_head (file, format->rate, len);
  if (format->mulaw) {
    parley_mulaw_decode (samples->data, out, n);
    for (gsize i = 0; i < n; i++)
      out[i] = GINT16_TO_LE (out[i]);
  } else if (n) {
    memcpy (out, samples->data, n * 2);
  }
  return g_bytes_new_take (file, WAV_HEAD + len);
}

gchar *
parley_transcript_get_language (const gchar * tag)
{
  gsize len = tag ? strspn (tag, "abcdefghijklmnopqrstuvwxyz"
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;

  return len >= 2 && len <= 3 ? g_ascii_strdown (tag, len) : NULL;
}

/* What comes */

void
parley_transcript_init (ParleyTranscript * self)
{
  self->text = g_string_new (NULL);
  self->confidence = 1;
  self->over = FALSE;
}

void
parley_transcript_clear (ParleyTranscript * self)
{
  g_string_free (self->text, TRUE);
}

/* whisper.cpp says so of silence: "[BLANK_AUDIO]", "(wind blowing)". */
static gboolean
is_remark (const GString * text)
{
  gchar close = text->str[0] == '[' ? ']' : text->str[0] == '(' ? ')' : 0;

  return close && strchr (text->str, close) == text->str + text->len - 1;
}

static void
end_with (ParleyTranscript * self, const gchar * text, gsize len)
{
  gchar *valid = g_utf8_make_valid (text, len);

  g_string_assign (self->text, g_strstrip (valid));
  if (is_remark (self->text))
    g_string_truncate (self->text, 0);
  self->over = TRUE;
  g_free (valid);
}

/* The geometric mean of the tokens' chances. */
static void
take_confidence (ParleyTranscript * self, JsonObject * object)
{
  JsonArray *tokens = parley_json_get_array (object, "logprobs");
  const gchar *member = "logprob";
  gdouble sum = 0;
  guint n;

  if (!tokens) {
    tokens = parley_json_get_array (object, "segments");
    member = "avg_logprob";
  }
  n = tokens ? json_array_get_length (tokens) : 0;
  for (guint i = 0; i < n; i++)
    sum += parley_json_get_number (parley_json_get_element (tokens, i), member,
        0);
  if (n)
    self->confidence = CLAMP (exp (sum / n), 0, 1);
}

static gboolean
set_error (GError ** error, GError * told, const gchar * provider)
{
  if (!told)
    told = parley_net_error_new (PARLEY_NET_ERROR_PROTOCOL, provider,
        "the answer holds no text: check base-url and model");
  g_propagate_error (error, told);
  return FALSE;
}

gboolean
parley_transcript_take_json (ParleyTranscript * self, const gchar * provider,
    const gchar * const *secrets, const gchar * data, gsize len,
    GError ** error)
{
  JsonNode *root = parley_json_read (provider, data, len, error);
  JsonObject *object = root ? json_node_get_object (root) : NULL;
  const gchar *text = parley_json_get_string (object, "text");
  GError *told;

  if (!root)
    return FALSE;
  told = parley_json_get_error (provider, object, secrets);
  if (text && !told) {
    end_with (self, text, strlen (text));
    take_confidence (self, object);
  } else {
    set_error (error, told, provider);
  }
  json_node_unref (root);
  return self->over;
}

gboolean
parley_transcript_take_event (ParleyTranscript * self, const gchar * provider,
    const gchar * const *secrets, const gchar * data, gsize len,
    GError ** error)
{
  JsonNode *root;
  JsonObject *object;
  const gchar *type, *delta, *text;
  GError *told;

  if (len == 6 && memcmp (data, "[DONE]", 6) == 0)
    return TRUE;
  root = parley_json_read (provider, data, len, error);
  if (!root)
    return FALSE;
  object = json_node_get_object (root);
  type = parley_json_get_string (object, "type");
  delta = parley_json_get_string (object, "delta");
  text = parley_json_get_string (object, "text");
  told = parley_json_get_error (provider, object, secrets);
  if (told) {
    g_propagate_error (error, told);
  } else if (g_strcmp0 (type, "transcript.text.done") == 0 && text) {
    end_with (self, text, strlen (text));
    take_confidence (self, object);
  } else if (g_strcmp0 (type, "transcript.text.delta") == 0 && delta) {
    g_string_append (self->text, delta);
  } else if (!type && text) {
    /* Some servers send a piece of the text an event. */
    g_string_append (self->text, text);
  }
  json_node_unref (root);
  return !told;
}

void
parley_transcript_take_text (ParleyTranscript * self, const gchar * data,
    gsize len)
{
  end_with (self, data, len);
}
