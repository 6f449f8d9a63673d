/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "mock/peer.h"
#include "mock/wsservice.h"
#include "net/breaker.h"
#include "net/clock.h"
#include "net/neterror.h"
#include "providers/registry.h"

/* ElevenLabs' voices against a service here: contexts of one websocket, HTTP
 * streams, and what becomes of each fault. */

#define SECOND G_TIME_SPAN_SECOND
#define KEY "k3y-0f-the-0wner-0123456789"
#define ENV "PARLEY_TEST_KEY"

typedef struct
{
  ParleyMockService *service;
  ParleyLoop *loop;
  ParleyTtsProvider *tts;
  GString *log;                 /* "audio 1 3; done 1" */
  GError *error;                /* of the last that failed */
  guint cancels;                /* this id at its first audio */
  SoupServerMessage *asked;     /* over HTTP, not answered yet */
} Fixture;

static void
G_GNUC_PRINTF (2, 3)
note (Fixture * self, const gchar * format, ...)
{
  va_list args;

  if (self->log->len)
    g_string_append (self->log, "; ");
  va_start (args, format);
  g_string_append_vprintf (self->log, format, args);
  va_end (args);
}

static void
on_word (ParleyTtsProvider * tts, guint id, guint n, guint ms, Fixture * self)
{
  note (self, "word %u %u %u", id, n, ms);
}

static void
on_audio (ParleyTtsProvider * tts, guint id, ParleyAudioFormat * format,
    GBytes * samples, Fixture * self)
{
  g_assert_true (format->mulaw);
  g_assert_cmpuint (format->rate, ==, 8000);
  note (self, "audio %u %" G_GSIZE_FORMAT, id, g_bytes_get_size (samples));
  if (self->cancels == id)
    parley_tts_provider_cancel (tts, id);
}

static void
on_done (ParleyTtsProvider * tts, guint id, Fixture * self)
{
  note (self, "done %u", id);
}

static void
on_failed (ParleyTtsProvider * tts, guint id, GError * error, Fixture * self)
{
  g_test_message ("%s", error->message);
  g_assert_null (strstr (error->message, KEY));
  note (self, "failed %u", id);
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
}

static void
on_request (SoupServerMessage * message, gpointer data)
{
  Fixture *self = data;

  self->asked = message;
  soup_server_message_set_status (message, 200, NULL);
  soup_message_headers_set_encoding (soup_server_message_get_response_headers
      (message), SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (soup_server_message_get_response_body
      (message), FALSE);
  soup_server_message_pause (message);
}

static void
set_up (Fixture * self, gconstpointer data)
{
  GError *error = NULL;

  g_assert_true (g_main_context_acquire (NULL));
  parley_clock_set_manual (0);
  g_setenv (ENV, KEY, TRUE);
  self->service = parley_mock_service_new (self);
  self->service->on_request = on_request;
  self->loop = parley_loop_new (g_main_context_default ());
  self->log = g_string_new (NULL);
  self->tts = parley_provider_new (PARLEY_PROVIDER_TTS, "elevenlabs",
      self->loop, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_object_set (self->tts, "base-url", self->service->url, "api-key-env", ENV,
      "voice", "v1", "transport", data, NULL);
  g_signal_connect (self->tts, "audio", G_CALLBACK (on_audio), self);
  g_signal_connect (self->tts, "word", G_CALLBACK (on_word), self);
  g_signal_connect (self->tts, "done", G_CALLBACK (on_done), self);
  g_signal_connect (self->tts, "failed", G_CALLBACK (on_failed), self);
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  g_assert_finalize_object (self->tts);
  parley_mock_settle ();
  parley_mock_service_free (self->service);
  parley_mock_settle ();
  g_assert_finalize_object (self->loop);
  g_string_free (self->log, TRUE);
  g_clear_error (&self->error);
  parley_clock_set_real ();
  g_main_context_release (NULL);
}

static void
warm (Fixture * self)
{
  GError *error = NULL;

  parley_provider_warm (PARLEY_PROVIDER (self->tts), &error);
  g_assert_no_error (error);
}

static void
speak (Fixture * self, guint id)
{
  parley_tts_provider_speak (self->tts, id, "Say \"hi\".");
}

static void
await (Fixture * self, const gchar * text)
{
  parley_mock_wait (strstr (self->log->str, text));
}

/* The text of so many contexts came, and their ends. */
static void
await_contexts (Fixture * self, guint n)
{
  g_autofree gchar *last =
      g_strdup_printf ("{\"context_id\":\"p%u\",\"close_context\":true}", n);

  parley_mock_wait (strstr (self->service->texts_in->str, last));
}

static void
say_audio (Fixture * self, guint context)
{
  parley_mock_service_say (self->service,
      "{\"audio\":\"AQID\",\"contextId\":\"p%u\",\"alignment\":null}", context);
}

static void
say_end (Fixture * self, guint context)
{
  parley_mock_service_say (self->service,
      "{\"isFinal\":true,\"contextId\":\"p%u\"}", context);
}

/* 3 ms of sound that say "Say hi." in two pieces, the first behind the blank
 * that a context begins with. */
static void
word_times (Fixture * self, gconstpointer data)
{
  const gchar *sound = "////////////////////////////////";

  speak (self, 7);
  await_contexts (self, 1);
  parley_mock_service_say (self->service,
      "{\"audio\":\"%s\",\"contextId\":\"p1\",\"alignment\":{"
      "\"chars\":[\" \",\"S\",\"a\",\"y\"],"
      "\"charStartTimesMs\":[0,0,1,2],\"charDurationsMs\":[0,1,1,1]}}", sound);
  parley_mock_service_say (self->service,
      "{\"audio\":\"%s\",\"contextId\":\"p1\",\"alignment\":{"
      "\"chars\":[\" \",\"h\",\"i\",\".\",\" \"],"
      "\"charsStartTimesMs\":[0.5,1,1,2,2]}}", sound);
  /* Not as they should be: as good as none. */
  parley_mock_service_say (self->service,
      "{\"audio\":\"AQID\",\"contextId\":\"p1\",\"alignment\":{"
      "\"chars\":[\"a\",\" \"],\"charStartTimesMs\":[0]}}");
  parley_mock_service_say (self->service,
      "{\"audio\":\"AQID\",\"contextId\":\"p1\",\"alignment\":{"
      "\"chars\":[7,null,\"\"],\"charStartTimesMs\":[\"x\",-1,1e99]}}");
  say_end (self, 1);
  await (self, "done 7");
  g_assert_cmpstr (self->log->str, ==, "audio 7 24; audio 7 24; word 7 1 3; "
      "word 7 2 5; audio 7 3; audio 7 3; done 7");
}

/* Lets time go by in steps until something failed. */
static void
step_until_failed (Fixture * self)
{
  for (guint i = 0; i < 100 && !self->error; i++)
    parley_mock_advance (SECOND / 10);
  g_assert_nonnull (self->error);
}

static void
normal (Fixture * self, gconstpointer data)
{
  speak (self, 7);
  await_contexts (self, 1);
  g_assert_cmpstr (self->service->texts_in->str, ==,
      "{\"text\":\" \",\"context_id\":\"p1\"}; "
      "{\"text\":\"Say \\\"hi\\\". \",\"context_id\":\"p1\",\"flush\":true}; "
      "{\"context_id\":\"p1\",\"close_context\":true}");
  say_audio (self, 1);
  await (self, "audio 7 3");
  say_audio (self, 1);
  say_end (self, 1);
  await (self, "done 7");
  g_assert_cmpstr (self->log->str, ==, "audio 7 3; audio 7 3; done 7");
}

static void
request (Fixture * self, gconstpointer data)
{
  const gchar *sent;

  g_object_set (self->tts, "stability", 0.5, "similarity", 0.75, "speed", 3.0,
      "language", "de-DE", NULL);
  warm (self);
  speak (self, 1);
  await_contexts (self, 1);
  sent = g_ptr_array_index (self->service->requests, 0);
  g_assert_true (g_str_has_prefix (sent, "GET /v1/text-to-speech/v1/"
          "multi-stream-input?output_format=ulaw_8000"
          "&model_id=eleven_flash_v2_5&inactivity_timeout=180&auto_mode=true"
          "&language_code=de\n"));
  g_assert_nonnull (strstr (sent, "\nxi-api-key: " KEY));
  g_assert_nonnull (strstr (self->service->texts_in->str,
          "\"voice_settings\":{\"stability\":0.5,\"similarity_boost\":0.75,"
          "\"speed\":1.2"));
}

static void
no_audio (Fixture * self, gconstpointer data)
{
  speak (self, 1);
  await_contexts (self, 1);
  say_end (self, 1);
  await (self, "done 1");
  g_assert_cmpstr (self->log->str, ==, "done 1");
}

/* 3 MiB of audio in one message. */
static void
large_audio (Fixture * self, gconstpointer data)
{
  g_autofree guint8 *bytes = g_malloc0 (2 * 1024 * 1024);
  g_autofree gchar *text = g_base64_encode (bytes, 2 * 1024 * 1024);

  speak (self, 1);
  await_contexts (self, 1);
  parley_mock_service_say (self->service,
      "{\"audio\":\"%s\",\"context_id\":\"p1\"}", text);
  say_end (self, 1);
  await (self, "audio 1 2097152; done 1");
}

static void
two_at_once (Fixture * self, gconstpointer data)
{
  speak (self, 1);
  speak (self, 2);
  await_contexts (self, 2);
  g_assert_cmpuint (self->service->sockets->len, >=, 1);
  say_audio (self, 2);
  say_audio (self, 1);
  say_end (self, 1);
  say_end (self, 2);
  await (self, "done 2");
  g_assert_cmpstr (self->log->str, ==, "audio 2 3; audio 1 3; done 1; done 2");
}

/* At most four contexts; the fifth sentence waits for one to end. */
static void
many_at_once (Fixture * self, gconstpointer data)
{
  for (guint i = 1; i <= 5; i++)
    speak (self, i);
  await_contexts (self, 4);
  parley_mock_settle ();
  g_assert_null (strstr (self->service->texts_in->str, "p5"));
  say_end (self, 2);
  await_contexts (self, 5);
}

static SoupWebsocketConnection *
socket_in_use (Fixture * self)
{
  speak (self, 1);
  await_contexts (self, 1);
  say_end (self, 1);
  await (self, "done 1");
  return parley_mock_service_get (self->service);
}

static void
kept_alive (Fixture * self, gconstpointer data)
{
  socket_in_use (self);
  parley_mock_service_forget (self->service);
  parley_mock_advance (60 * SECOND);
  parley_mock_wait (strstr (self->service->texts_in->str, "{\"text\":\"\"}"));
}

/* The pool's websocket is there before it is needed. */
static void
warm_before (Fixture * self, gconstpointer data)
{
  warm (self);
  parley_mock_wait (self->service->sockets->len == 1);
  parley_mock_settle ();
  speak (self, 1);
  /* It went out without another handshake: no loop in between. */
  g_assert_cmpuint (self->service->requests->len, ==, 1);
  await_contexts (self, 1);
}

/* Cancelled at each point */

static void
cancel_at_once (Fixture * self, gconstpointer data)
{
  speak (self, 1);
  parley_tts_provider_cancel (self->tts, 1);
  parley_tts_provider_cancel (self->tts, 99);
  speak (self, 2);
  await_contexts (self, 1);
  say_audio (self, 1);
  say_end (self, 1);
  await (self, "done 2");
  g_assert_cmpstr (self->log->str, ==, "audio 2 3; done 2");
}

static void
cancel_when_sent (Fixture * self, gconstpointer data)
{
  speak (self, 1);
  await_contexts (self, 1);
  parley_tts_provider_cancel (self->tts, 1);
  speak (self, 2);
  await_contexts (self, 2);
  say_audio (self, 1);
  say_audio (self, 2);
  say_end (self, 1);
  say_end (self, 2);
  await (self, "done 2");
  g_assert_cmpstr (self->log->str, ==, "audio 2 3; done 2");
}

static void
cancel_at_audio (Fixture * self, gconstpointer data)
{
  self->cancels = 1;
  speak (self, 1);
  await_contexts (self, 1);
  say_audio (self, 1);
  say_audio (self, 1);
  say_end (self, 1);
  await (self, "audio");
  parley_mock_settle ();
  g_assert_cmpstr (self->log->str, ==, "audio 1 3");
}

/* What was cancelled lingers until all contexts are taken by it. */
static void
cancel_again_and_again (Fixture * self, gconstpointer data)
{
  SoupWebsocketConnection *first;

  for (guint i = 1; i <= 4; i++) {
    speak (self, i);
    await_contexts (self, i);
    parley_tts_provider_cancel (self->tts, i);
  }
  first = parley_mock_service_get (self->service);
  speak (self, 5);
  await_contexts (self, 5);
  g_assert_true (soup_websocket_connection_get_state (first) !=
      SOUP_WEBSOCKET_STATE_OPEN
      || parley_mock_service_get (self->service) != first);
  parley_mock_settle ();
  g_assert_cmpstr (self->log->str, ==, "");
}

static void
end_under_way (Fixture * self, gconstpointer data)
{
  speak (self, 1);
  await_contexts (self, 1);
  speak (self, 2);
}

/* Faults */

static void
hang (Fixture * self, gconstpointer data)
{
  speak (self, 1);
  await_contexts (self, 1);
  parley_mock_advance (4 * SECOND - 1);
  g_assert_cmpstr (self->log->str, ==, "");
  parley_mock_advance (1);
  g_assert_cmpstr (self->log->str, ==, "failed 1");
  g_assert_error (self->error, PARLEY_NET_ERROR,
      PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE);
}

static void
hang_in_the_middle (Fixture * self, gconstpointer data)
{
  speak (self, 1);
  await_contexts (self, 1);
  say_audio (self, 1);
  await (self, "audio");
  parley_mock_advance (4 * SECOND);
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_TIMEOUT_IDLE);
}

/* What was not heard is asked for again over another websocket. */
static void
drop (Fixture * self, gconstpointer data)
{
  socket_in_use (self);
  g_string_truncate (self->log, 0);
  speak (self, 2);
  speak (self, 3);
  await_contexts (self, 3);
  say_audio (self, 2);
  await (self, "audio 2 3");
  parley_mock_service_drop (self->service);
  await_contexts (self, 4);
  g_assert_cmpstr (self->log->str, ==, "audio 2 3; failed 2");
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_DROPPED);
}

/* The service ends a websocket that is idle: another is there. */
static void
drop_between (Fixture * self, gconstpointer data)
{
  SoupWebsocketConnection *socket = socket_in_use (self);

  parley_mock_service_say (self->service, "{\"message\":\"Have not received\","
      "\"error\":\"input_timeout_exceeded\",\"code\":1008}");
  soup_websocket_connection_close (socket, 1008, "input_timeout_exceeded");
  parley_mock_settle ();
  speak (self, 2);
  await_contexts (self, 2);
  g_assert_null (self->error);
}

static void
key_is_wrong (Fixture * self, gconstpointer data)
{
  self->service->n_refused = 100;
  self->service->status = 401;
  self->service->body = "{\"detail\":{\"status\":\"invalid_api_key\","
      "\"message\":\"Invalid API key " KEY "\"}}";
  warm (self);
  speak (self, 1);
  await (self, "failed 1");
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_AUTH);
}

static void
key_is_missing (Fixture * self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_object_set (self->tts, "api-key-env", "PARLEY_NO_SUCH_KEY", NULL);
  g_assert_false (parley_provider_warm (PARLEY_PROVIDER (self->tts), &error));
  g_assert_nonnull (strstr (error->message, "PARLEY_NO_SUCH_KEY"));
}

static void
transport_is_unknown (Fixture * self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (parley_provider_warm (PARLEY_PROVIDER (self->tts), &error));
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS);
}

static void
refused (Fixture * self, gconstpointer data)
{
  self->service->n_refused = 100;
  self->service->status = g_str_has_suffix (g_test_get_path (), "429")
      ? 429 : 500;
  speak (self, 1);
  step_until_failed (self);
  g_assert_cmpuint (parley_net_error_get_status (self->error), ==,
      self->service->status);
}

/* Too many at once, told over the websocket: it waits and asks again. */
static void
too_many (Fixture * self, gconstpointer data)
{
  speak (self, 1);
  await_contexts (self, 1);
  parley_mock_service_say (self->service, "{\"message\":\"Maximum\","
      "\"error\":\"max_active_conversations\",\"code\":1008}");
  parley_mock_settle ();
  g_assert_null (self->error);
  parley_mock_advance (SECOND);
  await_contexts (self, 2);
  say_audio (self, 2);
  say_end (self, 2);
  await (self, "done 1");
}

static void
fault_of_a_context (Fixture * self, gconstpointer data)
{
  warm (self);
  speak (self, 1);
  speak (self, 2);
  await_contexts (self, 2);
  parley_mock_service_say (self->service, "{\"message\":\"no " KEY "\","
      "\"error\":\"invalid_input\",\"code\":1008,\"contextId\":\"p1\"}");
  say_audio (self, 2);
  say_end (self, 2);
  await (self, "done 2");
  g_assert_cmpstr (self->log->str, ==, "failed 1; audio 2 3; done 2");
}

static void
garbage (Fixture * self, gconstpointer data)
{
  speak (self, 1);
  await_contexts (self, 1);
  parley_mock_service_say (self->service, "{\"audio\":\"???\"}");
  await (self, "failed 1");
  g_assert_error (self->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
  speak (self, 2);
  await_contexts (self, 2);
}

static void
cut_anywhere (Fixture * self, gconstpointer data)
{
  static const gchar text[] = "{\"audio\":\"AQIDAQIDAQIDAQIDAQIDAQID\","
      "\"contextId\":\"p1\",\"isFinal\":true}";

  for (guint cut = 1; cut < 20; cut++) {
    speak (self, cut);
    parley_mock_wait (strstr (self->service->texts_in->str, "close_context"));
    parley_mock_service_say_in_pieces (self->service,
        strstr (self->service->texts_in->str, "p1") ? text : "{}", cut, cut);
    if (cut == 1)
      await (self, "audio 1 18; done 1");
    else
      parley_tts_provider_cancel (self->tts, cut);
    parley_mock_service_forget (self->service);
  }
}

/* So many at once, of all calls; the others wait for their turn. */
static void
limited (Fixture * self, gconstpointer data)
{
  g_object_set (self->tts, "max-concurrent", 1, NULL);
  warm (self);
  speak (self, 1);
  speak (self, 2);
  await_contexts (self, 1);
  parley_mock_settle ();
  g_assert_null (strstr (self->service->texts_in->str, "p2"));
  say_end (self, 1);
  await (self, "done 1");
  await_contexts (self, 2);
}

/* HTTP */

static void
await_asked (Fixture * self)
{
  parley_mock_wait (self->asked);
}

static void
answer (Fixture * self, const gchar * bytes, gboolean whole)
{
  SoupMessageBody *body = soup_server_message_get_response_body (self->asked);

  if (*bytes)
    soup_message_body_append (body, SOUP_MEMORY_STATIC, bytes, strlen (bytes));
  if (whole)
    soup_message_body_complete (body);
  soup_server_message_unpause (self->asked);
  if (whole)
    self->asked = NULL;
}

static void
http_normal (Fixture * self, gconstpointer data)
{
  const gchar *sent;

  warm (self);
  speak (self, 1);
  await_asked (self);
  sent = g_ptr_array_index (self->service->requests, 0);
  g_assert_true (g_str_has_prefix (sent,
          "POST /v1/text-to-speech/v1/stream?output_format=ulaw_8000\n"));
  g_assert_nonnull (strstr (sent, "\nxi-api-key: " KEY));
  answer (self, "abc", FALSE);
  await (self, "audio 1 3");
  answer (self, "d", TRUE);
  await (self, "done 1");
  g_assert_cmpstr (self->log->str, ==, "audio 1 3; audio 1 1; done 1");
}

static void
http_cancel (Fixture * self, gconstpointer data)
{
  self->cancels = 1;
  warm (self);
  speak (self, 1);
  await_asked (self);
  answer (self, "abc", FALSE);
  await (self, "audio 1 3");
  parley_mock_settle ();
  g_assert_cmpstr (self->log->str, ==, "audio 1 3");
  self->asked = NULL;
}

static void
http_error (Fixture * self, gconstpointer data)
{
  self->service->n_refused = 1;
  self->service->status = 400;
  self->service->body = "{\"detail\":{\"status\":\"voice_not_found\","
      "\"message\":\"A voice was not found\"}}";
  warm (self);
  speak (self, 1);
  await (self, "failed 1");
  g_assert_nonnull (strstr (self->error->message, "A voice was not found"));
}

#define add_of(name, func, data) \
    g_test_add ("/elevenlabs/" name, Fixture, data, set_up, func, tear_down)
#define add(name, func) add_of (name, func, "websocket")

static void
add_faults (void)
{
  add ("hang/at-first", hang);
  add ("hang/in-the-middle", hang_in_the_middle);
  add ("drop/under-way", drop);
  add ("drop/between", drop_between);
  add ("key/wrong", key_is_wrong);
  add ("key/missing", key_is_missing);
  add_of ("transport", transport_is_unknown, "pigeon");
  add ("refused/429", refused);
  add ("refused/500", refused);
  add ("too-many", too_many);
  add ("fault-of-a-context", fault_of_a_context);
  add ("garbage", garbage);
  add ("cut-anywhere", cut_anywhere);
  add ("limited", limited);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("normal", normal);
  add ("word-times", word_times);
  add ("request", request);
  add ("no-audio", no_audio);
  add ("large-audio", large_audio);
  add ("two-at-once", two_at_once);
  add ("many-at-once", many_at_once);
  add ("kept-alive", kept_alive);
  add ("warm", warm_before);
  add ("cancel/at-once", cancel_at_once);
  add ("cancel/when-sent", cancel_when_sent);
  add ("cancel/at-audio", cancel_at_audio);
  add ("cancel/again-and-again", cancel_again_and_again);
  add ("end-under-way", end_under_way);
  add_faults ();
  add_of ("http/normal", http_normal, "http");
  add_of ("http/cancel", http_cancel, "http");
  add_of ("http/error", http_error, "http");
  return g_test_run ();
}
