/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "net/neterror.h"
#include "providers/stt/azurewire.h"
#include "providers/stt/deepgramwire.h"
#include "providers/tts/elevenlabswire.h"

/* What goes over the wire to and from Deepgram, Azure and ElevenLabs. */

#define ID "0123456789abcdef0123456789abcdef"
/* 2026-11-20T22:00:00.123Z */
#define NOW G_GINT64_CONSTANT (1795212000123000)

static const gchar *const hints[] = { "Ärzte & Co", "Parley", NULL };

/* Deepgram */

static ParleyDeepgramSettings
deepgram (void)
{
  ParleyDeepgramSettings settings = { PARLEY_DEEPGRAM_URL "/",
    PARLEY_DEEPGRAM_MODEL, "de-DE", hints, {TRUE, 8000}
  };

  return settings;
}

static void
deepgram_url (void)
{
  ParleyDeepgramSettings settings = deepgram ();
  g_autofree gchar *url = parley_deepgram_build_url (&settings);

  g_assert_cmpstr (url, ==, "https://api.deepgram.com/v1/listen?model=nova-3"
      "&encoding=mulaw&sample_rate=8000&channels=1&interim_results=true"
      "&punctuate=true&numerals=true&endpointing=false&language=de-DE"
      "&keyterm=%C3%84rzte%20%26%20Co&keyterm=Parley");
}

static void
deepgram_url_of_an_older_model (void)
{
  ParleyDeepgramSettings settings = deepgram ();
  g_autofree gchar *url = NULL;

  settings.model = "nova-2-phonecall";
  settings.format = (ParleyAudioFormat) {
  FALSE, 16000};
  url = parley_deepgram_build_url (&settings);
  g_assert_nonnull (strstr (url, "&keywords=Parley"));
  g_assert_nonnull (strstr (url, "encoding=linear16&sample_rate=16000"));
}

static void
deepgram_url_of_flux (void)
{
  ParleyDeepgramSettings settings = deepgram ();
  g_autofree gchar *url = NULL;

  settings.model = "flux-general-multi";
  url = parley_deepgram_build_url (&settings);
  g_assert_cmpstr (url, ==, "https://api.deepgram.com/v2/listen?"
      "model=flux-general-multi&encoding=mulaw&sample_rate=8000"
      "&eot_timeout_ms=500&language_hint=de"
      "&keyterm=%C3%84rzte%20%26%20Co&keyterm=Parley");
}

static ParleyDeepgramMessage
deepgram_parse (const gchar * json)
{
  ParleyDeepgramMessage message;
  GError *error = NULL;

  parley_deepgram_parse (json, strlen (json), &message, &error);
  g_assert_no_error (error);
  return message;
}

static void
deepgram_results (void)
{
  ParleyDeepgramMessage message =
      deepgram_parse ("{\"type\":\"Results\",\"start\":1.5,\"duration\":1,"
      "\"is_final\":true,\"from_finalize\":true,\"channel\":{"
      "\"alternatives\":[{\"transcript\":\"i want\",\"confidence\":0.75}]}}");

  g_assert_cmpint (message.kind, ==, PARLEY_DEEPGRAM_TEXT);
  g_assert_cmpstr (message.text, ==, "i want");
  g_assert_true (message.is_final && message.from_finalize);
  g_assert_cmpfloat (message.begin, ==, 1.5);
  g_assert_cmpfloat (message.end, ==, 2.5);
  g_assert_cmpfloat (message.confidence, ==, 0.75);
  parley_deepgram_message_clear (&message);
}

static void
deepgram_turns (void)
{
  ParleyDeepgramMessage message =
      deepgram_parse ("{\"type\":\"TurnInfo\",\"event\":\"EagerEndOfTurn\","
      "\"audio_window_end\":1.5,\"transcript\":\"hi\",\"words\":["
      "{\"confidence\":0.5},{\"confidence\":1}]}");

  g_assert_cmpstr (message.text, ==, "hi");
  g_assert_false (message.is_final);
  g_assert_cmpfloat (message.confidence, ==, 0.75);
  g_assert_cmpfloat (message.end, ==, 1.5);
  parley_deepgram_message_clear (&message);
  message = deepgram_parse ("{\"type\":\"TurnInfo\",\"event\":\"EndOfTurn\","
      "\"transcript\":\"hi\"}");
  g_assert_true (message.is_final);
  parley_deepgram_message_clear (&message);
}

static void
deepgram_ends_of_turns (void)
{
  static const struct
  {
    const gchar *json;
    ParleyDeepgramTurn event;
    gdouble end;
  } messages[] = {
    {"{\"type\":\"TurnInfo\",\"event\":\"Update\"}", PARLEY_DEEPGRAM_NONE, -1},
    {"{\"type\":\"TurnInfo\",\"event\":\"StartOfTurn\"}",
        PARLEY_DEEPGRAM_START, -1},
    {"{\"type\":\"TurnInfo\",\"event\":\"EagerEndOfTurn\"}",
        PARLEY_DEEPGRAM_EAGER_END, -1},
    {"{\"type\":\"TurnInfo\",\"event\":\"TurnResumed\"}",
        PARLEY_DEEPGRAM_RESUMED, -1},
    {"{\"type\":\"TurnInfo\",\"event\":\"EndOfTurn\"}",
        PARLEY_DEEPGRAM_END, -1},
    {"{\"type\":\"Results\",\"speech_final\":true,\"start\":1,"
          "\"duration\":1.5}", PARLEY_DEEPGRAM_END, 2.5},
    {"{\"type\":\"Results\",\"speech_final\":\"true\"}",
        PARLEY_DEEPGRAM_NONE, -1},
    {"{\"type\":\"UtteranceEnd\",\"last_word_end\":2.5}",
        PARLEY_DEEPGRAM_END, 2.5},
    {"{\"type\":\"SpeechStarted\",\"timestamp\":2.5}",
        PARLEY_DEEPGRAM_START, 2.5},
  };

  for (guint i = 0; i < G_N_ELEMENTS (messages); i++) {
    ParleyDeepgramMessage message = deepgram_parse (messages[i].json);

    g_assert_cmpint (message.event, ==, messages[i].event);
    g_assert_cmpfloat (message.end, ==, messages[i].end);
    parley_deepgram_message_clear (&message);
  }
}

/* Nothing in a message is sure to be there, or to be what it should. */
static void
deepgram_odd_messages (void)
{
  static const gchar *const odd[] = { "{}", "{\"type\":7}",
    "{\"type\":\"Results\"}", "{\"type\":\"Results\",\"channel\":[]}",
    "{\"type\":\"Results\",\"channel\":{\"alternatives\":[7]},"
        "\"start\":\"x\",\"duration\":null}",
    "{\"type\":\"Error\"}", NULL
  };

  for (guint i = 0; odd[i]; i++) {
    ParleyDeepgramMessage message = deepgram_parse (odd[i]);

    g_assert_cmpstr (message.text, ==, "");
    g_assert_false (message.is_final);
    g_assert_cmpfloat (message.end, ==, -1);
    parley_deepgram_message_clear (&message);
  }
}

static void
deepgram_garbage (void)
{
  static const gchar *const bad[] = { "", "x", "[]", "{", "{\"type\":", NULL };

  for (guint i = 0; bad[i]; i++) {
    ParleyDeepgramMessage message;
    g_autoptr (GError) error = NULL;

    g_assert_false (parley_deepgram_parse (bad[i], strlen (bad[i]), &message,
            &error));
    g_assert_error (error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
    g_assert_true (g_str_has_prefix (error->message, "deepgram: "));
  }
}

/* Azure */

static void
azure_url (void)
{
  g_autofree gchar *url = parley_azure_build_url
      ("wss://westeurope.stt.speech.microsoft.com/", "de-DE", NULL);
  g_autofree gchar *own = parley_azure_build_url
      ("ws://127.0.0.1:99/speech/recognition/conversation/"
      "cognitiveservices/v1", "de-DE", "my id");

  g_assert_cmpstr (url, ==, "wss://westeurope.stt.speech.microsoft.com/stt/"
      "speech/universal/v2?language=de-DE&format=detailed");
  g_assert_cmpstr (own, ==, "ws://127.0.0.1:99/speech/recognition/"
      "conversation/cognitiveservices/v1?cid=my%20id&format=detailed");
}

static void
azure_ids (void)
{
  gchar one[PARLEY_AZURE_ID_SIZE], two[PARLEY_AZURE_ID_SIZE];

  parley_azure_new_id (one);
  parley_azure_new_id (two);
  g_assert_cmpuint (strspn (one, "0123456789abcdef"), ==, 32);
  g_assert_cmpuint (strlen (one), ==, 32);
  g_assert_cmpstr (one, !=, two);
}

/* The example of the fact sheet, byte by byte. */
static void
azure_audio (void)
{
  static const gchar head[] = "\0\x63" "Path: audio\r\nX-RequestId: " ID "\r\n"
      "X-Timestamp: 2026-11-20T22:00:00.123Z\r\n" "abc";
  g_autoptr (GBytes) message = parley_azure_build_audio (ID, NOW, "abc", 3);
  g_autoptr (GBytes) end = parley_azure_build_audio (ID, NOW, NULL, 0);
  gsize len, end_len;
  const gchar *bytes = g_bytes_get_data (message, &len);
  const gchar *end_bytes = g_bytes_get_data (end, &end_len);

  g_assert_cmpmem (bytes, len, head, sizeof head - 1);
  g_assert_cmpmem (end_bytes, end_len, head, sizeof head - 4);
}

static void
check_format (gboolean mulaw, guint rate, const gchar * expected)
{
  ParleyAudioFormat format = { mulaw, rate };
  g_autoptr (GBytes) message = parley_azure_build_format (ID, NOW, &format);
  gsize len;
  const gchar *bytes = g_bytes_get_data (message, &len);
  gsize head = ((guint8) bytes[0] << 8) + (guint8) bytes[1];

  g_assert_cmpuint (len, ==, 2 + head + 44);
  g_assert_cmpmem (bytes + 2 + head - 27, 27,
      "Content-Type: audio/x-wav\r\n", 27);
  g_assert_cmpmem (bytes + 2 + head, 44, expected, 44);
}

static void
azure_format (void)
{
  check_format (TRUE, 8000, "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x07\0\x01\0"
      "\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\0\0\0\0");
  check_format (FALSE, 8000, "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0"
      "\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0");
}

static void
azure_texts (void)
{
  static const gchar head[] = "Path: speech.context\r\nX-RequestId: " ID "\r\n"
      "X-Timestamp: 2026-11-20T22:00:00.123Z\r\n"
      "Content-Type: application/json\r\n\r\n{\"phraseDetection\":{"
      "\"mode\":\"Conversation\",\"language\":\"de-DE\",";
  g_autofree gchar *config = parley_azure_build_config (ID, NOW, 8000);
  g_autofree gchar *context = parley_azure_build_context (ID, NOW, "de-DE",
      hints);
  g_autofree gchar *bare = parley_azure_build_context (ID, NOW, "de-DE", NULL);

  g_assert_true (g_str_has_prefix (config, "Path: speech.config\r\n"));
  g_assert_nonnull (strstr (config, "\"samplerate\":8000"));
  g_assert_true (g_str_has_prefix (context, head));
  g_assert_nonnull (strstr (context, "\"dgi\":{\"Groups\":[{"
          "\"Type\":\"Generic\",\"Items\":[{\"Text\":\"Ärzte & Co\"},"
          "{\"Text\":\"Parley\"}]}]}"));
  g_assert_null (strstr (bare, "dgi"));
}

static ParleyAzureMessage
azure_parse (const gchar * path, const gchar * body)
{
  g_autofree gchar *text = g_strdup_printf ("x-requestid:" ID "\r\n"
      "PATH: %s\r\n\r\n%s", path, body);
  ParleyAzureMessage message;
  GError *error = NULL;

  parley_azure_parse (text, strlen (text), &message, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (message.id, ==, ID);
  return message;
}

static void
azure_phrases (void)
{
  ParleyAzureMessage message = azure_parse ("Speech.Hypothesis",
      "{\"Text\":\"i need\",\"Offset\":10,\"Duration\":5}");

  g_assert_cmpint (message.kind, ==, PARLEY_AZURE_HYPOTHESIS);
  g_assert_cmpstr (message.text, ==, "i need");
  g_assert_cmpint (message.end, ==, 15);
  parley_azure_message_clear (&message);
  message = azure_parse ("speech.phrase", "{\"RecognitionStatus\":\"Success\","
      "\"Offset\":\"10\",\"Duration\":\"5\",\"NBest\":[{\"Confidence\":0.5,"
      "\"Display\":\"I need.\"}]}");
  g_assert_cmpint (message.kind, ==, PARLEY_AZURE_PHRASE);
  g_assert_cmpstr (message.text, ==, "I need.");
  g_assert_cmpfloat (message.confidence, ==, 0.5);
  g_assert_cmpint (message.end, ==, 15);
  parley_azure_message_clear (&message);
  message = azure_parse ("speech.phrase", "{\"RecognitionStatus\":\"Success\","
      "\"DisplayText\":\"Yes.\"}");
  g_assert_cmpstr (message.text, ==, "Yes.");
  parley_azure_message_clear (&message);
  message = azure_parse ("turn.end", "");
  g_assert_cmpint (message.kind, ==, PARLEY_AZURE_TURN_END);
  parley_azure_message_clear (&message);
}

static void
azure_statuses (void)
{
  static const struct
  {
    const gchar *status;
    ParleyAzureKind kind;
    const gchar *text;
  } cases[] = {
    {"NoMatch", PARLEY_AZURE_PHRASE, ""},
    {"InitialSilenceTimeout", PARLEY_AZURE_PHRASE, ""},
    {"BabbleTimeout", PARLEY_AZURE_PHRASE, ""},
    {"EndOfDictation", PARLEY_AZURE_PHRASE, ""},
    {"Error", PARLEY_AZURE_PHRASE_FAILED, "Error"},
    {"TooManyRequests", PARLEY_AZURE_PHRASE_FAILED, "TooManyRequests"},
    {"BadRequest", PARLEY_AZURE_PHRASE_FAILED, "BadRequest"},
    {"Forbidden", PARLEY_AZURE_PHRASE_FAILED, "Forbidden"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *body = g_strdup_printf ("{\"RecognitionStatus\":\"%s\","
        "\"DisplayText\":\"x\"}", cases[i].status);
    ParleyAzureMessage message = azure_parse ("speech.phrase", body);

    g_assert_cmpint (message.kind, ==, cases[i].kind);
    g_assert_cmpstr (message.text, ==, cases[i].text);
    parley_azure_message_clear (&message);
  }
}

static void
azure_garbage (void)
{
  static const gchar *const bad[] = { "", "Path: turn.end", "{}",
    "Path: speech.phrase\r\n\r\n", "Path: speech.phrase\r\n\r\n[]",
    "Path: speech.hypothesis\r\n\r\n{\"Text\":", NULL
  };

  for (guint i = 0; bad[i]; i++) {
    ParleyAzureMessage message;
    g_autoptr (GError) error = NULL;

    g_assert_false (parley_azure_parse (bad[i], strlen (bad[i]), &message,
            &error));
    g_assert_error (error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
    g_assert_true (g_str_has_prefix (error->message, "azure: "));
  }
}

/* ElevenLabs */

static const ParleyElevenlabsSettings eleven = { PARLEY_ELEVENLABS_URL "/",
  "my/voice", PARLEY_ELEVENLABS_MODEL, "de-AT", 1.1, 0.5, -1
};

static void
elevenlabs_addresses (void)
{
  g_autofree gchar *url = parley_elevenlabs_build_url (&eleven);
  g_autofree gchar *path = parley_elevenlabs_build_path (&eleven);

  g_assert_cmpstr (url, ==, "https://api.elevenlabs.io/v1/text-to-speech/"
      "my%2Fvoice/multi-stream-input?output_format=ulaw_8000"
      "&model_id=eleven_flash_v2_5&inactivity_timeout=180&auto_mode=true"
      "&language_code=de");
  g_assert_cmpstr (path, ==,
      "/v1/text-to-speech/my%2Fvoice/stream?output_format=ulaw_8000");
}

/* A model that knows no language_code refuses it. */
static void
elevenlabs_language (void)
{
  ParleyElevenlabsSettings settings = eleven;
  g_autofree gchar *url = NULL;

  settings.model = "eleven_multilingual_v2";
  url = parley_elevenlabs_build_url (&settings);
  g_assert_null (strstr (url, "language_code"));
}

static void
elevenlabs_messages (void)
{
  ParleyElevenlabsSettings plain = { "", "v", "m", NULL, 1, -1, -1 };
  g_autofree gchar *open = parley_elevenlabs_build_open (&eleven, "p1");
  g_autofree gchar *bare = parley_elevenlabs_build_open (&plain, "p1");
  g_autofree gchar *text = parley_elevenlabs_build_text ("p1", "Say \"hi\".");
  g_autofree gchar *end = parley_elevenlabs_build_close ("p1");
  g_autoptr (JsonNode) body = parley_elevenlabs_build_body (&eleven, "Hi.");
  g_autofree gchar *json = json_to_string (body, FALSE);

  g_assert_cmpstr (open, ==, "{\"text\":\" \",\"context_id\":\"p1\","
      "\"voice_settings\":{\"stability\":0.5,"
      "\"speed\":1.1000000000000001}}");
  g_assert_cmpstr (bare, ==, "{\"text\":\" \",\"context_id\":\"p1\"}");
  g_assert_cmpstr (text, ==, "{\"text\":\"Say \\\"hi\\\". \","
      "\"context_id\":\"p1\",\"flush\":true}");
  g_assert_cmpstr (end, ==, "{\"context_id\":\"p1\",\"close_context\":true}");
  g_assert_true (g_str_has_prefix (json, "{\"text\":\"Hi.\","
          "\"model_id\":\"eleven_flash_v2_5\",\"language_code\":\"de\","
          "\"voice_settings\":{"));
}

static ParleyElevenlabsMessage
elevenlabs_parse (const gchar * json)
{
  ParleyElevenlabsMessage message;
  GError *error = NULL;

  parley_elevenlabs_parse (json, strlen (json), &message, &error);
  g_assert_no_error (error);
  return message;
}

static void
elevenlabs_audio (void)
{
  static const gchar *const same[] = {
    "{\"audio\":\"AQID\",\"contextId\":\"p1\",\"isFinal\":null}",
    "{\"audio\":\"AQID\",\"context_id\":\"p1\",\"alignment\":{}}"
  };

  for (guint i = 0; i < G_N_ELEMENTS (same); i++) {
    ParleyElevenlabsMessage message = elevenlabs_parse (same[i]);
    gsize len;
    const guint8 *audio = g_bytes_get_data (message.audio, &len);

    g_assert_cmpstr (message.context, ==, "p1");
    g_assert_cmpmem (audio, len, "\1\2\3", 3);
    g_assert_false (message.is_final);
    parley_elevenlabs_message_clear (&message);
  }
}

static void
elevenlabs_ends (void)
{
  static const gchar *const same[] = {
    "{\"isFinal\":true,\"contextId\":\"p1\"}",
    "{\"audio\":null,\"is_final\":true,\"context_id\":\"p1\"}",
    "{\"audio\":\"\",\"isFinal\":true,\"context_id\":\"p1\"}"
  };

  for (guint i = 0; i < G_N_ELEMENTS (same); i++) {
    ParleyElevenlabsMessage message = elevenlabs_parse (same[i]);

    g_assert_true (message.is_final);
    g_assert_null (message.audio);
    g_assert_null (message.error);
    parley_elevenlabs_message_clear (&message);
  }
}

static void
elevenlabs_errors (void)
{
  ParleyElevenlabsMessage message =
      elevenlabs_parse ("{\"message\":\"Maximum\\nsimultaneous\","
      "\"error\":\"max_active_conversations\",\"code\":1008}");

  g_assert_cmpstr (message.error, ==, "max_active_conversations");
  g_assert_cmpstr (message.text, ==, "Maximum\nsimultaneous");
  parley_elevenlabs_message_clear (&message);
  g_assert_cmpint (parley_elevenlabs_error_code ("invalid_api_key"), ==,
      PARLEY_NET_ERROR_AUTH);
  g_assert_cmpint (parley_elevenlabs_error_code ("system_busy"), ==,
      PARLEY_NET_ERROR_RATE_LIMITED);
  g_assert_cmpint (parley_elevenlabs_error_code ("voice_not_found"), ==,
      PARLEY_NET_ERROR_STATUS);
  g_assert_cmpint (parley_elevenlabs_error_code ("input_timeout_exceeded"), ==,
      PARLEY_NET_ERROR_DROPPED);
}

static void
elevenlabs_garbage (void)
{
  static const gchar *const bad[] = { "", "x", "[]",
    "{\"audio\":\"A\"}", "{\"audio\":\"????\"}", NULL
  };

  for (guint i = 0; bad[i]; i++) {
    ParleyElevenlabsMessage message;
    g_autoptr (GError) error = NULL;

    g_assert_false (parley_elevenlabs_parse (bad[i], strlen (bad[i]), &message,
            &error));
    g_assert_error (error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
    g_assert_true (g_str_has_prefix (error->message, "elevenlabs: "));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/deepgram/url", deepgram_url);
  g_test_add_func ("/deepgram/url-older", deepgram_url_of_an_older_model);
  g_test_add_func ("/deepgram/url-flux", deepgram_url_of_flux);
  g_test_add_func ("/deepgram/results", deepgram_results);
  g_test_add_func ("/deepgram/turns", deepgram_turns);
  g_test_add_func ("/deepgram/ends-of-turns", deepgram_ends_of_turns);
  g_test_add_func ("/deepgram/odd", deepgram_odd_messages);
  g_test_add_func ("/deepgram/garbage", deepgram_garbage);
  g_test_add_func ("/azure/url", azure_url);
  g_test_add_func ("/azure/ids", azure_ids);
  g_test_add_func ("/azure/audio", azure_audio);
  g_test_add_func ("/azure/format", azure_format);
  g_test_add_func ("/azure/texts", azure_texts);
  g_test_add_func ("/azure/phrases", azure_phrases);
  g_test_add_func ("/azure/statuses", azure_statuses);
  g_test_add_func ("/azure/garbage", azure_garbage);
  g_test_add_func ("/elevenlabs/addresses", elevenlabs_addresses);
  g_test_add_func ("/elevenlabs/language", elevenlabs_language);
  g_test_add_func ("/elevenlabs/messages", elevenlabs_messages);
  g_test_add_func ("/elevenlabs/audio", elevenlabs_audio);
  g_test_add_func ("/elevenlabs/ends", elevenlabs_ends);
  g_test_add_func ("/elevenlabs/errors", elevenlabs_errors);
  g_test_add_func ("/elevenlabs/garbage", elevenlabs_garbage);
  return g_test_run ();
}
