/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/gst.h>
#include <string.h>

#include "emulatorrig.h"
#include "speech/g711.h"

/* The protocols of speech and Twilio's resources, each by a plain client. */

#define TEXTS "{'stt':{'texts':['one two three'],'silence_ms':300}}"
#define ID "0123456789abcdef0123456789abcdef"

/* The next text whose member "type" is @type; others are skipped. */
static JsonNode *
await_type (EmulatorSocket * socket, const gchar * type)
{
  for (;;) {
    JsonNode *node = emulator_socket_next (socket);
    g_autofree gchar *got = emulator_get (json_node_get_object (node), "type");

    if (g_strcmp0 (got, type) == 0)
      return node;
    json_node_unref (node);
  }
}

static void
send_mulaw (EmulatorSocket * socket, guint loud_ms, guint silent_ms)
{
  g_autoptr (GArray) tone = emulator_tone (8000, loud_ms);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_set_size (bytes, tone->len + silent_ms * 8);
  memset (bytes->data, PARLEY_MULAW_SILENCE, bytes->len);
  parley_mulaw_encode ((const gint16 *) tone->data, bytes->data, tone->len);
  for (guint at = 0; at < bytes->len; at += 160)
    emulator_socket_send_bytes (socket, bytes->data + at,
        MIN (160, bytes->len - at));
}

static void
assert_get (JsonNode * node, const gchar * path, const gchar * value)
{
  emulator_assert_get (json_node_get_object (node), path, ==, value);
}

/* Deepgram */

#define LISTEN "/v1/listen?encoding=mulaw&sample_rate=8000" \
    "&interim_results=true&endpointing=300&vad_events=true"

static void
test_deepgram (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new (TEXTS);
  g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig,
      LISTEN "&utterance_end_ms=1", "Authorization", "Token key-1");
  g_autoptr (JsonNode) started = NULL;
  g_autoptr (JsonNode) interim = NULL;
  g_autoptr (JsonNode) final = NULL;
  g_autoptr (JsonNode) end = NULL;
  g_autoptr (JsonNode) metadata = NULL;

  g_assert_nonnull (socket->socket);
  emulator_socket_send (socket, "{'type':'KeepAlive'}");
  send_mulaw (socket, 1000, 500);
  started = await_type (socket, "SpeechStarted");
  interim = await_type (socket, "Results");
  assert_get (interim, "is_final", "false");
  assert_get (interim, "channel.alternatives[0].transcript", "one");
  do {
    g_clear_pointer (&final, json_node_unref);
    final = await_type (socket, "Results");
  } while (!json_object_get_boolean_member (json_node_get_object (final),
          "is_final"));
  assert_get (final, "speech_final", "true");
  assert_get (final, "from_finalize", "false");
  assert_get (final, "channel.alternatives[0].transcript", "one two three");
  assert_get (final, "channel.alternatives[0].words[1].word", "two");
  end = await_type (socket, "UtteranceEnd");
  emulator_socket_send (socket, "{'type':'CloseStream'}");
  metadata = await_type (socket, "Metadata");
  assert_get (metadata, "duration", "1.5");
  g_assert_cmpuint (emulator_socket_await_closed (socket), ==, 1000);
}

static void
test_deepgram_finalize (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new (TEXTS);
  g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig,
      "/v1/listen?encoding=mulaw&sample_rate=8000&endpointing=false",
      "Authorization", "Token key-1");
  g_autoptr (JsonNode) final = NULL;
  g_autoptr (JsonNode) again = NULL;
  g_autoptr (JsonNode) records = NULL;

  send_mulaw (socket, 500, 500);
  emulator_socket_send (socket, "{'type':'Finalize'}");
  final = await_type (socket, "Results");
  records = emulator_rig_records (rig);
  emulator_assert_get (emulator_record (records, 0),
      "arrivals.list[50].what", ==, "ask");
  assert_get (final, "from_finalize", "true");
  assert_get (final, "is_final", "true");
  assert_get (final, "channel.alternatives[0].transcript", "one two three");
  emulator_socket_send (socket, "{'type':'Finalize'}");
  again = await_type (socket, "Results");
  assert_get (again, "channel.alternatives[0].transcript", "");
}

static void
test_deepgram_refusals (void)
{
  static const struct
  {
    const gchar *path;
    const gchar *key;
    guint status;
  } cases[] = {
    {LISTEN, "Token key-2", 401}, {LISTEN, "key-1", 401},
    {"/v1/listen?encoding=opus&sample_rate=8000", "Token key-1", 400},
    {"/v1/listen?encoding=mulaw", "Token key-1", 400},
    {LISTEN "x", "Token key-1", 101},
    {"/v1/listen?encoding=mulaw&sample_rate=8000&endpointing=x",
        "Token key-1", 400},
  };
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'keys':['key-1']}");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig,
        cases[i].path, "Authorization", cases[i].key);
    SoupMessageHeaders *headers =
        soup_message_get_response_headers (socket->message);

    g_assert_cmpuint (soup_message_get_status (socket->message), ==,
        cases[i].status);
    g_assert_true ((soup_message_headers_get_one (headers, "dg-error")
            != NULL) == (cases[i].status != 101));
  }
}

static void
test_deepgram_bad_frames (void)
{
  static const gchar *const bad[] = { "", "{", "[]", "{'type':'Dance'}",
    "{'type':7}"
  };
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{}");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig, LISTEN,
        "Authorization", "Token key-1");

    emulator_socket_send (socket, bad[i]);
    g_assert_cmpuint (emulator_socket_await_closed (socket), ==, 1008);
  }
}

static void
test_flux (void)
{
  static const gchar *const expected[] = { "StartOfTurn", "Update",
    "EagerEndOfTurn", "TurnResumed", "EagerEndOfTurn", "EndOfTurn"
  };
  g_autoptr (EmulatorRig) rig = emulator_rig_new (TEXTS);
  g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig,
      "/v2/listen?model=flux-general-en&encoding=mulaw&sample_rate=8000"
      "&eager_eot_threshold=0.5", "Authorization", "Token key-1");
  g_autoptr (JsonNode) connected = emulator_socket_next (socket);

  assert_get (connected, "type", "Connected");
  assert_get (connected, "sequence_id", "0");
  send_mulaw (socket, 400, 250);
  send_mulaw (socket, 100, 400);
  for (guint i = 0; i < G_N_ELEMENTS (expected);) {
    g_autoptr (JsonNode) info = await_type (socket, "TurnInfo");
    g_autofree gchar *event = emulator_get (json_node_get_object (info),
        "event");

    if (g_str_equal (event, "Update") && i != 1)
      continue;
    g_assert_cmpstr (event, ==, expected[i++]);
    if (g_str_equal (event, "EndOfTurn"))
      assert_get (info, "transcript", "one two three");
  }
  emulator_socket_send (socket, "{'type':'CloseStream'}");
  g_assert_cmpuint (emulator_socket_await_closed (socket), ==, 1000);
}

/* Told on and on, so that a client knows what was heard. */
static void
test_flux_updates (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'stt':{'texts':"
      "['one two three'],'silence_ms':9000}}");
  g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig,
      "/v2/listen?model=flux-general-en&encoding=mulaw&sample_rate=8000"
      "&eot_timeout_ms=700", "Authorization", "Token key-1");
  gdouble heard = 0;
  guint n = 0;

  send_mulaw (socket, 0, 1000);
  send_mulaw (socket, 600, 650);
  send_mulaw (socket, 100, 800);
  for (;;) {
    g_autoptr (JsonNode) info = await_type (socket, "TurnInfo");
    g_autofree gchar *event = emulator_get (json_node_get_object (info),
        "event");
    g_autofree gchar *end = emulator_get (json_node_get_object (info),
        "audio_window_end");

    g_assert_cmpstr (event, !=, "EagerEndOfTurn");
    g_assert_cmpfloat (g_ascii_strtod (end, NULL), >=, heard);
    heard = g_ascii_strtod (end, NULL);
    n += g_str_equal (event, "Update");
    if (g_str_equal (event, "EndOfTurn"))
      break;
  }
  /* Ended by the timeout, though the service would have thought for longer. */
  g_assert_cmpfloat (heard, >, 3.0);
  g_assert_cmpfloat (heard, <, 3.2);
  g_assert_cmpuint (n, >=, 10);
}

/* Faults of websockets */

static void
test_socket_faults (void)
{
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'stt':{'texts':['a']},"
      "'faults':[{'fault':'refuse','nth':1},"
      "{'fault':'429','nth':2,'retry_after':4},"
      "{'fault':'drop','after':0,'nth':3},"
      "{'fault':'drop','nth':4},{'fault':'garbage','nth':5},"
      "{'fault':'cut','bytes':3,'every_ms':0,'nth':6}]}");

  for (guint i = 1; i <= 6; i++) {
    g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig, LISTEN,
        "Authorization", "Token key-1");

    if (i <= 3) {
      g_assert_null (socket->socket);
      g_assert_cmpuint (soup_message_get_status (socket->message), ==,
          i == 2 ? 429 : 0);
      continue;
    }
    send_mulaw (socket, 500, 400);
    if (i == 4) {
      parley_mock_wait (socket->closed);
      g_assert_cmpuint (socket->texts->len, ==, 1);
      g_assert_cmpuint (soup_websocket_connection_get_close_code
          (socket->socket), !=, 1000);
    } else if (i == 5) {
      parley_mock_wait (socket->texts->len > 0);
      g_assert_null (json_from_string (g_ptr_array_index (socket->texts, 0),
              NULL));
    } else {
      json_node_unref (await_type (socket, "Results"));
    }
  }
}

/* ElevenLabs */

#define VOICE "/v1/text-to-speech/v1"

static EmulatorReply *
speak (EmulatorRig * rig, const gchar * target, const gchar * body)
{
  SoupMessage *message = emulator_rig_message (rig, target, body);

  soup_message_headers_replace (soup_message_get_request_headers (message),
      "xi-api-key", "key-1");
  return emulator_rig_send (rig, message);
}

static void
test_elevenlabs (void)
{
  g_autoptr (EmulatorRig) rig =
      emulator_rig_new ("{'tts':{'ms_per_character':50}}");
  g_autoptr (EmulatorReply) mulaw = speak (rig,
      "POST " VOICE "/stream?output_format=ulaw_8000", "{'text':'abcdefgh'}");
  g_autoptr (EmulatorReply) pcm = speak (rig,
      "POST " VOICE "/stream?output_format=pcm_16000", "{'text':'abcdefgh'}");
  g_autoptr (EmulatorReply) wrong = speak (rig, "POST " VOICE "/stream", "{}");
  g_autoptr (EmulatorReply) none = emulator_rig_request (rig,
      "POST " VOICE "/stream", "{'text':'a'}");

  g_assert_cmpuint (g_bytes_get_size (mulaw->body), ==, 400 * 8);
  g_assert_cmpint (labs ((glong) g_bytes_get_size (pcm->body) - 400 * 32), <,
      8);
  g_assert_cmpuint (emulator_reply_status (wrong), ==, 422);
  g_assert_cmpuint (emulator_reply_status (none), ==, 401);
  emulator_assert_get (emulator_reply_json (none), "detail.status", ==,
      "invalid_api_key");
}

/* Reads until isFinal; bytes of sound. */
static gsize
await_final (EmulatorSocket * socket, const gchar * context)
{
  gsize total = 0;

  for (;;) {
    g_autoptr (JsonNode) node = emulator_socket_next (socket);
    JsonObject *object = json_node_get_object (node);
    g_autofree gchar *audio = emulator_get (object, "audio");
    g_autofree gchar *final = emulator_get (object, "isFinal");
    g_autofree gchar *id = emulator_get (object, "contextId");
    g_autofree guchar *bytes = NULL;
    gsize len = 0;

    g_assert_cmpstr (id, ==, context);
    if (g_strcmp0 (final, "true") == 0)
      return total;
    bytes = g_base64_decode (audio, &len);
    total += len;
  }
}

static void
test_elevenlabs_socket (void)
{
  g_autoptr (EmulatorRig) rig =
      emulator_rig_new ("{'tts':{'ms_per_character':50}}");
  g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig,
      VOICE "/stream-input?output_format=ulaw_8000", NULL, NULL);

  /* The key may come in the first message. */
  emulator_socket_send (socket, "{'text':' ','xi_api_key':'key-1'}");
  emulator_socket_send (socket, "{'text':'abc ','flush':true}");
  parley_mock_wait (socket->texts->len > 0);
  emulator_socket_send (socket, "{'text':'defgh '}");
  emulator_socket_send (socket, "{'text':''}");
  g_assert_cmpuint (await_final (socket, NULL), ==, 8 * 50 * 8);
  g_assert_cmpuint (emulator_socket_await_closed (socket), ==, 1000);
}

static void
test_elevenlabs_contexts (void)
{
  g_autoptr (EmulatorRig) rig =
      emulator_rig_new ("{'tts':{'ms_per_character':50}}");
  g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig,
      VOICE "/multi-stream-input?output_format=ulaw_8000", "xi-api-key",
      "key-1");

  emulator_socket_send (socket, "{'text':' ','context_id':'a'}");
  emulator_socket_send (socket, "{'text':'abcd ','context_id':'a'}");
  emulator_socket_send (socket, "{'context_id':'a','close_context':true}");
  g_assert_cmpuint (await_final (socket, "a"), ==, 4 * 50 * 8);
  for (gchar id = 'b'; id <= 'g'; id++) {
    g_autofree gchar *text = g_strdup_printf ("{'text':' ',"
        "'context_id':'%c'}", id);

    emulator_socket_send (socket, text);
  }
  {
    g_autoptr (JsonNode) error = emulator_socket_next (socket);

    assert_get (error, "error", "max_active_conversations");
  }
  g_assert_cmpuint (emulator_socket_await_closed (socket), ==, 1008);
}

static void
test_elevenlabs_bad (void)
{
  static const gchar *const bad[] = { "{", "{'text':1}", "{}" };
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{}");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig,
        VOICE "/stream-input?output_format=ulaw_8000", "xi-api-key", "key-1");

    emulator_socket_send (socket, bad[i]);
    g_assert_cmpuint (emulator_socket_await_closed (socket), ==, 1008);
  }
}

/* Azure */

#define AZURE "/stt/speech/universal/v2?language=en-US&format=detailed"

static void
azure_text (EmulatorSocket * socket, const gchar * path, const gchar * body)
{
  g_autofree gchar *text = g_strdup_printf ("Path: %s\r\nX-RequestId: " ID
      "\r\nContent-Type: application/json\r\n\r\n%s", path, body);

  emulator_socket_send (socket, text);
}

static void
azure_audio (EmulatorSocket * socket, const void *bytes, gsize len)
{
  static const gchar head[] = "Path: audio\r\nX-RequestId: " ID "\r\n";
  g_autoptr (GByteArray) message = g_byte_array_new ();
  guint8 length[] = { 0, sizeof head - 1 };

  g_byte_array_append (message, length, 2);
  g_byte_array_append (message, (const guint8 *) head, sizeof head - 1);
  g_byte_array_append (message, bytes, len);
  emulator_socket_send_bytes (socket, message->data, message->len);
}

/* The body of the next message with @path. */
static JsonNode *
await_path (EmulatorSocket * socket, const gchar * path)
{
  g_autofree gchar *line = g_strdup_printf ("\r\nPath: %s\r\n", path);

  for (;;) {
    g_autofree gchar *text = NULL;

    parley_mock_wait (socket->texts->len > 0);
    text = g_ptr_array_steal_index (socket->texts, 0);
    g_assert_nonnull (strstr (text, "X-RequestId: " ID "\r\n"));
    if (strstr (text, line) != NULL)
      return json_from_string (strstr (text, "\r\n\r\n") + 4, NULL);
  }
}

static void
test_azure (void)
{
  static const guint8 riff[44] = "RIFF\0\0\0\0WAVEfmt \20\0\0\0\1\0\1\0"
      "\x40\x1f\0\0\x80\x3e\0\0\2\0\20\0data\0\0\0";
  static const gchar *const order[] = { "turn.start", "speech.startDetected",
    "speech.hypothesis", "speech.phrase", "speech.endDetected", "turn.end"
  };
  g_autoptr (EmulatorRig) rig = emulator_rig_new (TEXTS);
  g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig, AZURE,
      "Ocp-Apim-Subscription-Key", "key-1");
  g_autoptr (GArray) tone = emulator_tone (8000, 800);
  g_autofree guint8 *silence = g_malloc0 (400 * 16);

  g_assert_nonnull (socket->socket);
  azure_text (socket, "speech.config", "{}");
  azure_text (socket, "speech.context", "{'phraseDetection':{"
      "'mode':'Conversation'},'phraseOutput':{'format':'Detailed'}}");
  azure_audio (socket, riff, sizeof riff);
  azure_audio (socket, tone->data, tone->len * 2);
  azure_audio (socket, silence, 400 * 16);
  azure_audio (socket, NULL, 0);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    g_autoptr (JsonNode) body = await_path (socket, order[i]);

    if (i == 3) {
      assert_get (body, "RecognitionStatus", "Success");
      assert_get (body, "NBest[0].Display", "One two three.");
      assert_get (body, "NBest[0].Lexical", "one two three");
    }
  }
}

static void
test_azure_bad (void)
{
  static const guint8 cut[] = { 0, 200, 'P' };
  static const guint8 one[] = { 0 };
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{}");

  for (guint i = 0; i < 4; i++) {
    g_autoptr (EmulatorSocket) socket = emulator_rig_connect (rig, AZURE,
        "Authorization", "Bearer key-1");

    if (i == 0)
      emulator_socket_send_bytes (socket, cut, sizeof cut);
    else if (i == 1)
      emulator_socket_send_bytes (socket, one, sizeof one);
    else if (i == 2)
      emulator_socket_send (socket, "no headers");
    else
      azure_audio (socket, "this is no WAV header, and long enough to be one",
          48);
    g_assert_cmpuint (emulator_socket_await_closed (socket), ==, 1007);
  }
}

/* Twilio */

#define ACCOUNT "/2010-04-01/Accounts/AC00000000000000000000000000000001"
#define CALL "CA00000000000000000000000000000002"

static EmulatorReply *
post_form (EmulatorRig * rig, const gchar * path, const gchar * form)
{
  g_autofree gchar *target = g_strdup_printf ("POST " ACCOUNT "%s", path);
  SoupMessage *message = emulator_rig_message (rig, target, NULL);
  g_autoptr (GBytes) body = g_bytes_new (form, strlen (form));

  soup_message_set_request_body_from_bytes (message,
      "application/x-www-form-urlencoded", body);
  /* AC1:key-1 */
  soup_message_headers_replace (soup_message_get_request_headers (message),
      "Authorization", "Basic QUMxOmtleS0x");
  return emulator_rig_send (rig, message);
}

static void
test_twilio (void)
{
  static const struct
  {
    const gchar *path;
    const gchar *form;
    guint status;
    const gchar *member, *value;
  } steps[] = {
    {"/Calls.json", "To=%2B1&From=%2B2&Url=http%3A%2F%2Fa", 201, "status",
        "queued"},
    {"/Calls.json", "To=%2B1", 400, "code", "21213"},
    {"/Calls/" CALL ".json", "Twiml=%3CResponse%2F%3E", 200, "status",
        "in-progress"},
    {"/Calls/" CALL ".json", "Twiml=a&Url=b", 400, "code", "20001"},
    {"/Calls/" CALL ".json", "Status=completed", 200, "status", "completed"},
    {"/Calls/" CALL ".json", "Twiml=a", 400, "code", "21220"},
    {"/Calls/CA1.json", "Status=completed", 404, "code", "20404"},
    {"/Messages.json", "To=%2B1&From=%2B2&Body=hi", 201, "body", "hi"},
    {"/Messages.json", "To=%2B1&From=%2B2", 400, "code", "21602"},
  };
  g_autoptr (EmulatorRig) rig = emulator_rig_new ("{'keys':['key-1']}");
  g_autoptr (EmulatorReply) none = emulator_rig_request (rig,
      "POST " ACCOUNT "/Calls.json", NULL);

  g_assert_cmpuint (emulator_reply_status (none), ==, 401);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (EmulatorReply) reply = post_form (rig, steps[i].path,
        steps[i].form);

    g_assert_cmpuint (emulator_reply_status (reply), ==, steps[i].status);
    emulator_assert_get (emulator_reply_json (reply), steps[i].member, ==,
        steps[i].value);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/emulator/deepgram/utterance", test_deepgram);
  g_test_add_func ("/emulator/deepgram/finalize", test_deepgram_finalize);
  g_test_add_func ("/emulator/deepgram/refusals", test_deepgram_refusals);
  g_test_add_func ("/emulator/deepgram/bad-frames", test_deepgram_bad_frames);
  g_test_add_func ("/emulator/deepgram/flux", test_flux);
  g_test_add_func ("/emulator/deepgram/flux/updates", test_flux_updates);
  g_test_add_func ("/emulator/fault/websocket", test_socket_faults);
  g_test_add_func ("/emulator/elevenlabs/http", test_elevenlabs);
  g_test_add_func ("/emulator/elevenlabs/stream-input", test_elevenlabs_socket);
  g_test_add_func ("/emulator/elevenlabs/contexts", test_elevenlabs_contexts);
  g_test_add_func ("/emulator/elevenlabs/bad-messages", test_elevenlabs_bad);
  g_test_add_func ("/emulator/azure/turn", test_azure);
  g_test_add_func ("/emulator/azure/bad-frames", test_azure_bad);
  g_test_add_func ("/emulator/twilio/resources", test_twilio);
  return g_test_run ();
}
