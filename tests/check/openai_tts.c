/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <json-glib/json-glib.h>
#include <string.h>

#include "mock/cloudrig.h"
#include "net/clock.h"

/* Speech of a server on this machine. */

#define SECOND G_TIME_SPAN_SECOND
#define PCM "audio/pcm"
#define SOUND "0123456789abcdefghijklmnopqrst"

static const ParleyMockAnswer sound =
    {.status = 200,.type = PCM,.body = SOUND };

static ParleyCloudRig *
new_rig (const ParleyMockAnswer * answer)
{
  ParleyCloudRig *rig = parley_cloud_rig_new (PARLEY_PROVIDER_TTS, "openai",
      NULL);

  parley_mock_cloud_answer (rig->cloud, answer);
  return rig;
}

static void
assert_sound (ParleyCloudRig * rig, const gchar * bytes)
{
  g_assert_cmpmem (rig->audio->data, rig->audio->len, bytes, strlen (bytes));
}

static void
test_request (void)
{
  ParleyCloudRig *rig = new_rig (&sound);
  ParleyMockAsked *asked;
  JsonNode *root;
  JsonObject *body;

  g_object_set (rig->provider, "voice", "nova", "model", "tts-1",
      "instructions", "Calm.", "speed", 1.25, NULL);
  parley_tts_provider_speak (rig->provider, 5, "Hello \"you\".\n");
  g_assert_cmpstr (rig->log->str, ==, "");
  parley_cloud_rig_wait (rig, 1);
  g_assert_cmpstr (rig->log->str, ==, "audio5(S16LE 24000) done5 ");
  assert_sound (rig, SOUND);
  asked = parley_mock_cloud_get (rig->cloud, 0);
  g_assert_cmpstr (asked->path, ==, "/v1/audio/speech");
  g_assert_cmpstr (asked->authorization, ==, "Bearer " PARLEY_MOCK_KEY);
  root = json_from_string (asked->body, NULL);
  body = json_node_get_object (root);
  g_assert_cmpstr (json_object_get_string_member (body, "voice"), ==, "nova");
  g_assert_cmpstr (json_object_get_string_member (body, "model"), ==, "tts-1");
  g_assert_cmpstr (json_object_get_string_member (body, "input"), ==,
      "Hello \"you\".");
  g_assert_cmpstr (json_object_get_string_member (body, "response_format"),
      ==, "pcm");
  g_assert_cmpstr (json_object_get_string_member (body, "instructions"), ==,
      "Calm.");
  g_assert_cmpfloat (json_object_get_double_member (body, "speed"), ==, 1.25);
  json_node_unref (root);
  parley_cloud_rig_free (rig);
}

static void
test_request_plain (void)
{
  ParleyCloudRig *rig = new_rig (&sound);
  ParleyMockAsked *asked;

  parley_tts_provider_speak (rig->provider, 1, "Hi.");
  parley_cloud_rig_wait (rig, 1);
  asked = parley_mock_cloud_get (rig->cloud, 0);
  g_assert_null (strstr (asked->body, "instructions"));
  g_assert_null (strstr (asked->body, "speed\":"));
  g_assert_nonnull (strstr (asked->body, "gpt-4o-mini-tts"));
  parley_cloud_rig_free (rig);
}

/* The rig holds that each piece is whole samples. */
static void
test_cut_anywhere (void)
{
  for (guint cut = 1; cut < 9; cut++) {
    ParleyMockAnswer answer = sound;
    ParleyCloudRig *rig;

    answer.cut = cut;
    rig = new_rig (&answer);
    parley_tts_provider_speak (rig->provider, 1, "Hi.");
    parley_cloud_rig_wait (rig, 1);
    assert_sound (rig, SOUND);
    parley_cloud_rig_free (rig);
  }
}

static void
test_odd_end_and_rate (void)
{
  ParleyCloudRig *rig = new_rig (&(ParleyMockAnswer) {.status = 200,.type =
        "audio/pcm;rate=16000",.body = "abc"
      });

  parley_tts_provider_speak (rig->provider, 1, "Hi.");
  parley_cloud_rig_wait (rig, 1);
  g_assert_cmpstr (rig->log->str, ==, "audio1(S16LE 16000) done1 ");
  assert_sound (rig, "ab");
  parley_cloud_rig_free (rig);
}

static void
test_empty (void)
{
  static const gchar *texts[] = { "", " \n", "—" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    ParleyCloudRig *rig = new_rig (&sound);

    parley_tts_provider_speak (rig->provider, 1, texts[i]);
    g_assert_cmpuint (rig->ended, ==, 0);
    parley_cloud_rig_step (rig, 1, SECOND);
    g_assert_cmpstr (rig->log->str, ==, "done1 ");
    g_assert_cmpuint (rig->cloud->asked->len, ==, 0);
    parley_cloud_rig_free (rig);
  }
}

/* What is over the service's limit goes in pieces, in order. */
static void
test_long (void)
{
  ParleyCloudRig *rig = new_rig (&(ParleyMockAnswer) {.status = 200,.type =
        PCM,.body = "ab"
      });
  GString *text = g_string_new (NULL);

  parley_mock_cloud_answer (rig->cloud, &(ParleyMockAnswer) {
      .status = 200,.type = PCM,.body = "cd"});
  parley_mock_cloud_answer (rig->cloud, &(ParleyMockAnswer) {
      .status = 200,.type = PCM,.body = "ef"});
  while (text->len < 9000)
    g_string_append (text, "This is a sentence. ");
  parley_tts_provider_speak (rig->provider, 1, text->str);
  parley_cloud_rig_wait (rig, 1);
  assert_sound (rig, "abcdef");
  g_assert_cmpuint (rig->cloud->asked->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (parley_mock_cloud_get (rig->cloud, i)->len, <, 4300);
  parley_cloud_rig_free (rig);
  g_string_free (text, TRUE);
}

static void
test_several (void)
{
  ParleyCloudRig *rig = new_rig (&sound);

  for (guint i = 1; i <= 4; i++)
    parley_tts_provider_speak (rig->provider, i, "Hi.");
  parley_tts_provider_cancel (rig->provider, 3);
  parley_cloud_rig_wait (rig, 3);
  parley_mock_settle ();
  g_assert_cmpuint (rig->ended, ==, 3);
  g_assert_cmpuint (rig->audio->len, ==, 3 * strlen (SOUND));
  g_assert_null (strstr (rig->log->str, "done3"));
  parley_cloud_rig_free (rig);
}

static void
test_describe (void)
{
  ParleyCloudRig *rig = new_rig (&sound);
  gchar *before = parley_tts_provider_describe (rig->provider), *after;

  g_assert_null (strstr (before, PARLEY_MOCK_KEY));
  g_object_set (rig->provider, "max-concurrent", 3, "total-timeout", 5, NULL);
  after = parley_tts_provider_describe (rig->provider);
  g_assert_cmpstr (before, ==, after);
  g_free (after);
  g_object_set (rig->provider, "speed", 1.1, NULL);
  after = parley_tts_provider_describe (rig->provider);
  g_assert_cmpstr (before, !=, after);
  g_free (after);
  g_free (before);
  parley_cloud_rig_free (rig);
}

typedef struct
{
  const gchar *name;
  ParleyMockAnswer answer;
  guint tries;
  const gchar *says;
  const gchar *sound;           /* that went on before */
} Fault;

static const Fault faults[] = {
  {"key-wrong", {.status = 401,.body = "bad " PARLEY_MOCK_KEY}, 1, "HTTP 401",
      ""},
  {"bad-voice", {.status = 400,.type = "application/json",.body =
              "{\"error\":{\"message\":\"no voice\"}}"}, 1, "no voice", ""},
  {"rate-limited", {.status = 429}, 4, "HTTP 429", ""},
  {"rate-limited-long", {.status = 429,.header = "Retry-After",.value = "5"},
      1, "again in 5.0 s", ""},
  {"server-error", {.status = 503,.body = "busy"}, 4, "HTTP 503", ""},
  {"garbage", {.body = "\1\2\3 nothing\r\n\r\n",.raw = TRUE}, 1,
      "check base-url", ""},
  {"json", {.status = 200,.type = "application/json",.body = "{}"}, 1,
      "bare samples but application/json", ""},
  {"wav", {.status = 200,.type = PCM,.body = "RIFFxxxxWAVE"}, 1,
      "a sound file", ""},
  {"nothing", {.status = 200,.type = PCM,.body = ""}, 1, "no sound", ""},
  {"dropped-early", {.status = 200,.type = PCM,.body = "a",.end =
              PARLEY_MOCK_DROP}, 4, "lost in the middle", ""},
  {"dropped", {.status = 200,.type = PCM,.body = "abc",.end =
              PARLEY_MOCK_DROP}, 1, "lost in the middle", "ab"},
  {"hang", {.status = 0}, 1, "no answer within 4.0 s", ""},
  {"hang-in-the-middle", {.status = 200,.type = PCM,.body = "abcd",.end =
              PARLEY_MOCK_HANG}, 1, "stopped for 4.0 s", "abcd"},
};

static void
test_fault (gconstpointer data)
{
  const Fault *fault = data;
  ParleyCloudRig *rig = new_rig (&fault->answer);

  parley_tts_provider_speak (rig->provider, 2, "Hi.");
  parley_mock_wait (parley_mock_cloud_get (rig->cloud, 0));
  parley_cloud_rig_step (rig, 1, 10 * SECOND);
  g_assert_true (g_str_has_suffix (rig->log->str, "failed2 "));
  g_assert_true (g_str_has_prefix (rig->error, "openai: "));
  g_assert_nonnull (strstr (rig->error, fault->says));
  assert_sound (rig, fault->sound);
  g_assert_cmpuint (rig->cloud->asked->len, >=, MIN (fault->tries, 2));
  g_assert_cmpuint (rig->cloud->asked->len, <=, fault->tries);
  parley_cloud_rig_free (rig);
}

static void
test_recovers (void)
{
  ParleyCloudRig *rig = new_rig (&(ParleyMockAnswer) {.status = 200,.type =
        PCM,.body = "x",.end = PARLEY_MOCK_DROP
      });

  parley_mock_cloud_answer (rig->cloud, &sound);
  parley_tts_provider_speak (rig->provider, 1, "Hi.");
  parley_cloud_rig_step (rig, 1, 4 * SECOND);
  assert_sound (rig, SOUND);
  parley_cloud_rig_free (rig);
}

static void
check_cancel (const ParleyMockAnswer * answer, gsize await_bytes)
{
  ParleyCloudRig *rig = new_rig (answer);

  parley_mock_cloud_answer (rig->cloud, &sound);
  parley_tts_provider_speak (rig->provider, 1, "Hi.");
  parley_mock_wait (parley_mock_cloud_get (rig->cloud, 0)
      && rig->audio->len >= await_bytes);
  parley_tts_provider_cancel (rig->provider, 1);
  parley_mock_advance (10 * SECOND);
  g_assert_cmpuint (rig->ended, ==, 0);
  parley_cloud_rig_clear (rig);
  parley_tts_provider_speak (rig->provider, 2, "Hi.");
  parley_cloud_rig_wait (rig, 1);
  assert_sound (rig, SOUND);
  parley_cloud_rig_free (rig);
}

static void
test_cancel (void)
{
  check_cancel (&(ParleyMockAnswer) {
      .status = 0}, 0);
  check_cancel (&(ParleyMockAnswer) {
      .status = 500}, 0);
  check_cancel (&(ParleyMockAnswer) {
      .status = 200,.type = PCM,.body = "abcd",.end = PARLEY_MOCK_HANG}, 4);
}

static void
cancel_inside (gpointer provider, guint id, gpointer format, GBytes * samples,
    gpointer data)
{
  parley_tts_provider_cancel (provider, id);
}

static void
test_cancel_inside (void)
{
  ParleyCloudRig *rig = new_rig (&(ParleyMockAnswer) {.status = 200,.type =
        PCM,.body = SOUND,.cut = 10
      });

  g_signal_connect (rig->provider, "audio", G_CALLBACK (cancel_inside), NULL);
  parley_tts_provider_speak (rig->provider, 1, "Hi.");
  parley_mock_wait (rig->audio->len > 0);
  parley_mock_settle ();
  g_assert_cmpuint (rig->ended, ==, 0);
  parley_cloud_rig_free (rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/openai-tts/request", test_request);
  g_test_add_func ("/openai-tts/request-plain", test_request_plain);
  g_test_add_func ("/openai-tts/cut-anywhere", test_cut_anywhere);
  g_test_add_func ("/openai-tts/odd-end-and-rate", test_odd_end_and_rate);
  g_test_add_func ("/openai-tts/empty", test_empty);
  g_test_add_func ("/openai-tts/long", test_long);
  g_test_add_func ("/openai-tts/several", test_several);
  g_test_add_func ("/openai-tts/describe", test_describe);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    gchar *path = g_strconcat ("/openai-tts/fault/", faults[i].name, NULL);

    g_test_add_data_func (path, &faults[i], test_fault);
    g_free (path);
  }
  g_test_add_func ("/openai-tts/recovers", test_recovers);
  g_test_add_func ("/openai-tts/cancel", test_cancel);
  g_test_add_func ("/openai-tts/cancel-inside", test_cancel_inside);
  return g_test_run ();
}
