/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/stt/deepgramwire.h"

#include <string.h>

#include "providers/jsonread.h"

#define NAME "deepgram"
/* Flux ends a turn after so much silence whatever it thinks, ms: the least it
 * takes, for the end of a take is decided here. */
#define FLUX_TIMEOUT 500
/* The same where the service decides: longer than one thinks of a word. */
#define FLUX_OWN_TIMEOUT 3000
/* eot_threshold unless set. */
#define FLUX_THRESHOLD 0.7
/* Models that do not take turns end one after so much silence, ms. */
#define LISTEN_OWN_TIMEOUT 300
/* Deepgram's limits: 500 tokens; a hint counts for a few. */
#define MAX_HINTS 100

gboolean
parley_deepgram_is_flux (const gchar * model)
{
  return g_str_has_prefix (model, "flux");
}

static void
add (GString * url, const gchar * name, const gchar * value)
{
  g_string_append_c (url, strchr (url->str, '?') ? '&' : '?');
  g_string_append_printf (url, "%s=", name);
  g_string_append_uri_escaped (url, value, NULL, FALSE);
}

/* Models before Nova-3 know words with a boost instead. */
static const gchar *
hint_name (const gchar * model)
{
  return g_str_has_prefix (model, "nova-3") || parley_deepgram_is_flux (model)
      ? "keyterm" : "keywords";
}

static void
add_hints (GString * url, const ParleyDeepgramSettings * settings)
{
  for (guint i = 0; settings->hints && settings->hints[i] && i < MAX_HINTS; i++)
    add (url, hint_name (settings->model), settings->hints[i]);
}

static void
add_number (GString * url, const gchar * name, gdouble number)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  add (url, name, g_ascii_formatd (text, sizeof text, "%.6g", number));
}

guint
parley_deepgram_get_eot_timeout (const ParleyDeepgramSettings * settings)
{
  gboolean flux = parley_deepgram_is_flux (settings->model);

  if (!settings->tells_ends)
    return FLUX_TIMEOUT;
  if (settings->eot_timeout)
    return settings->eot_timeout;
  return flux ? FLUX_OWN_TIMEOUT : LISTEN_OWN_TIMEOUT;
}

static gboolean
is_within (gdouble number, gdouble min, gdouble max)
{
  return number == 0 || (number >= min && number <= max);
}

static const gchar *
find_wrong (const ParleyDeepgramSettings * settings)
{
  gboolean flux = parley_deepgram_is_flux (settings->model);

  if (!is_within (settings->eot_threshold, 0.5, 1))
    return "set eot-threshold to 0.5 to 1, or to 0";
  if (!is_within (settings->eager_eot_threshold, 0.3, 0.9))
    return "set eager-eot-threshold to 0.3 to 0.9, or to 0";
  if (settings->eager_eot_threshold > (settings->eot_threshold > 0
          ? settings->eot_threshold : FLUX_THRESHOLD))
    return "set eager-eot-threshold to no more than eot-threshold, which is "
        "0.7 unless set";
  if (!is_within (settings->eot_timeout, flux ? 500 : 10, 60000))
    return flux ? "set eot-timeout to 500 to 60000, or to 0"
        : "set eot-timeout to 10 to 60000, or to 0";
  return NULL;
}

gboolean
parley_deepgram_check (const ParleyDeepgramSettings * settings, GError ** error)
{
  const gchar *wrong = settings->tells_ends ? find_wrong (settings) : NULL;

  if (wrong)
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        NAME ": %s", wrong);
  return !wrong;
}

/* Unless it is to tell ends, our own detector decides when a take ends and says
 * Finalize; endpointing would only break a take into more pieces. Noise may
 * keep speech_final from coming, but not UtteranceEnd. No smart_format: it may
 * hold a result back for 3 s to see whether a number goes on. */
static void
add_listen (GString * url, const ParleyDeepgramSettings * settings)
{
  add (url, "channels", "1");
  add (url, "interim_results", "true");
  add (url, "punctuate", "true");
  add (url, "numerals", "true");
  if (settings->tells_ends) {
    add_number (url, "endpointing", parley_deepgram_get_eot_timeout (settings));
    add_number (url, "utterance_end_ms", PARLEY_DEEPGRAM_UTTERANCE_END);
    add (url, "vad_events", "true");
  } else {
    add (url, "endpointing", "false");
  }
  if (settings->language && *settings->language)
    add (url, "language", settings->language);
}

static void
add_flux (GString * url, const ParleyDeepgramSettings * settings)
{
  gsize len = settings->language ? strcspn (settings->language, "-_") : 0;
  gchar *language = len ? g_strndup (settings->language, len) : NULL;

  add_number (url, "eot_timeout_ms",
      parley_deepgram_get_eot_timeout (settings));
  if (settings->tells_ends && settings->eot_threshold > 0)
    add_number (url, "eot_threshold", settings->eot_threshold);
  if (settings->tells_ends && settings->eager_eot_threshold > 0)
    add_number (url, "eager_eot_threshold", settings->eager_eot_threshold);
  /* The other models hear one language. */
  if (language && g_str_has_suffix (settings->model, "multi"))
    add (url, "language_hint", language);
  g_free (language);
}

gchar *
parley_deepgram_build_url (const ParleyDeepgramSettings * settings)
{
  gboolean flux = parley_deepgram_is_flux (settings->model);
  GString *url = g_string_new (settings->base_url);
  gchar *rate = g_strdup_printf ("%u", settings->format.rate);

  while (url->len && url->str[url->len - 1] == '/')
    g_string_truncate (url, url->len - 1);
  g_string_append (url, flux ? "/v2/listen" : "/v1/listen");
  add (url, "model", settings->model);
  add (url, "encoding", settings->format.mulaw ? "mulaw" : "linear16");
  add (url, "sample_rate", rate);
  if (flux)
    add_flux (url, settings);
  else
    add_listen (url, settings);
  add_hints (url, settings);
  g_free (rate);
  return g_string_free (url, FALSE);
}

/* Results, v1 */
static void
take_results (JsonObject * object, ParleyDeepgramMessage * message)
{
  JsonObject *best = parley_json_get_element (parley_json_get_array
      (parley_json_get_object (object, "channel"), "alternatives"), 0);
  gdouble duration = parley_json_get_number (object, "duration", -1);

  message->kind = PARLEY_DEEPGRAM_TEXT;
  message->text = g_strdup (parley_json_get_string (best, "transcript"));
  message->confidence = parley_json_get_number (best, "confidence", 0);
  message->is_final = parley_json_is_true (object, "is_final");
  message->from_finalize = parley_json_is_true (object, "from_finalize");
  if (parley_json_is_true (object, "speech_final"))
    message->event = PARLEY_DEEPGRAM_END;
  message->begin = parley_json_get_number (object, "start", 0);
  if (duration >= 0)
    message->end = message->begin + duration;
}

/* How sure Flux is of its words: the mean. */
static gdouble
word_confidence (JsonArray * words)
{
  guint n = words ? json_array_get_length (words) : 0;
  gdouble sum = 0;

  for (guint i = 0; i < n; i++)
    sum += parley_json_get_number (parley_json_get_element (words, i),
        "confidence", 0);
  return n ? sum / n : 0;
}

/* SpeechStarted and UtteranceEnd, v1. */
static void
take_event (JsonObject * object, ParleyDeepgramMessage * message,
    ParleyDeepgramTurn event, const gchar * time)
{
  message->kind = PARLEY_DEEPGRAM_EVENT;
  message->event = event;
  message->begin = message->end = parley_json_get_number (object, time, -1);
}

static ParleyDeepgramTurn
read_turn_event (JsonObject * object)
{
  static const gchar *const names[] = {
    [PARLEY_DEEPGRAM_NONE] = "Update",
    [PARLEY_DEEPGRAM_START] = "StartOfTurn",
    [PARLEY_DEEPGRAM_EAGER_END] = "EagerEndOfTurn",
    [PARLEY_DEEPGRAM_RESUMED] = "TurnResumed",
    [PARLEY_DEEPGRAM_END] = "EndOfTurn",
  };
  const gchar *name = parley_json_get_string (object, "event");

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (name, names[i]) == 0)
      return i;
  return PARLEY_DEEPGRAM_NONE;
}

/* TurnInfo, v2 */
static void
take_turn (JsonObject * object, ParleyDeepgramMessage * message)
{
  message->kind = PARLEY_DEEPGRAM_TEXT;
  message->text = g_strdup (parley_json_get_string (object, "transcript"));
  message->confidence = word_confidence (parley_json_get_array (object,
          "words"));
  message->event = read_turn_event (object);
  message->is_final = message->event == PARLEY_DEEPGRAM_END;
  message->begin = parley_json_get_number (object, "audio_window_start", 0);
  message->end = parley_json_get_number (object, "audio_window_end", -1);
}

static void
take_error (JsonObject * object, ParleyDeepgramMessage * message)
{
  const gchar *text = parley_json_get_string (object, "description");

  if (!text)
    text = parley_json_get_string (object, "message");
  if (!text)
    text = parley_json_get_string (object, "code");
  message->kind = PARLEY_DEEPGRAM_ERROR;
  message->text = g_strdup (text);
}

gboolean
parley_deepgram_parse (const gchar * json, gsize len,
    ParleyDeepgramMessage * message, GError ** error)
{
  JsonNode *root = parley_json_read (NAME, json, len, error);
  JsonObject *object;
  const gchar *type;

  if (!root)
    return FALSE;
  object = json_node_get_object (root);
  type = parley_json_get_string (object, "type");
  memset (message, 0, sizeof *message);
  message->end = -1;
  if (g_strcmp0 (type, "Results") == 0)
    take_results (object, message);
  else if (g_strcmp0 (type, "TurnInfo") == 0)
    take_turn (object, message);
  else if (g_strcmp0 (type, "SpeechStarted") == 0)
    take_event (object, message, PARLEY_DEEPGRAM_START, "timestamp");
  else if (g_strcmp0 (type, "UtteranceEnd") == 0)
    take_event (object, message, PARLEY_DEEPGRAM_END, "last_word_end");
  else if (g_strcmp0 (type, "Error") == 0)
    take_error (object, message);
  if (!message->text)
    message->text = g_strdup ("");
  message->confidence = CLAMP (message->confidence, 0, 1);
  json_node_unref (root);
  return TRUE;
}

void
parley_deepgram_message_clear (ParleyDeepgramMessage * message)
{
  g_clear_pointer (&message->text, g_free);
}
