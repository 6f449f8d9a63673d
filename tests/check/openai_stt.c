/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>
#include <string.h>

#include "mock/cloudrig.h"
#include "net/clock.h"
#include "providers/stt/openaitext.h"
#include "speech/g711.h"

/* Transcriptions by a server on this machine. */

#define SECOND G_TIME_SPAN_SECOND
#define JSON "application/json"
#define SSE "text/event-stream"

static const ParleyAudioFormat mulaw8 = { TRUE, 8000 };
static const ParleyAudioFormat pcm16 = { FALSE, 16000 };

static const ParleyMockAnswer hello =
    {.status = 200,.type = JSON,.body = "{\"text\":\" Hello there.\\n\"}" };

static ParleyCloudRig *
new_rig (const ParleyMockAnswer * answer)
{
  ParleyCloudRig *rig = parley_cloud_rig_new (PARLEY_PROVIDER_STT, "openai",
      "model", "whisper-1", "language", "en-US", NULL);

  parley_mock_cloud_answer (rig->cloud, answer);
  return rig;
}

/* @n bytes of a take, each 20 ms of 8 kHz by itself. */
static void
say (ParleyCloudRig * rig, guint turn, guint take,
    const ParleyAudioFormat * format, gsize n)
{
  guint8 frame[160];

  parley_stt_provider_begin (rig->provider, turn, take, format);
  for (gsize at = 0; at < n; at += sizeof frame) {
    GBytes *bytes;

    for (gsize i = 0; i < sizeof frame; i++)
      frame[i] = at + i;
    bytes = g_bytes_new (frame, MIN (sizeof frame, n - at));
    parley_stt_provider_audio (rig->provider, bytes);
    g_bytes_unref (bytes);
  }
  parley_stt_provider_finish (rig->provider);
}

static const gchar *
find (ParleyMockAsked * asked, const gchar * text)
{
  return memmem (asked->body, asked->len, text, strlen (text));
}

static guint32
get_u32 (const gchar * at)
{
  guint32 value;

  memcpy (&value, at, 4);
  return GUINT32_FROM_LE (value);
}

static void
test_upload (void)
{
  ParleyCloudRig *rig = new_rig (&hello);
  ParleyMockAsked *asked;
  const gchar *wav;
  gint16 sample;

  g_object_set (rig->provider, "hints", " Meier, Müller\n,Straße ", NULL);
  say (rig, 3, 2, &mulaw8, 1600);
  parley_cloud_rig_wait (rig, 1);
  g_assert_cmpstr (rig->log->str, ==, "final3/2 ");
  g_assert_cmpstr (rig->text->str, ==, "Hello there.");
  g_assert_cmpfloat (rig->confidence, ==, 1);
  asked = parley_mock_cloud_get (rig->cloud, 0);
  g_assert_cmpstr (asked->path, ==, "/v1/audio/transcriptions");
  g_assert_cmpstr (asked->authorization, ==, "Bearer " PARLEY_MOCK_KEY);
  g_assert_true (g_str_has_prefix (asked->type, "multipart/form-data"));
  g_assert_nonnull (find (asked, "name=\"model\"\r\n\r\nwhisper-1\r\n"));
  g_assert_nonnull (find (asked, "name=\"language\"\r\n\r\nen\r\n"));
  g_assert_nonnull (find (asked, "name=\"prompt\"\r\n\r\n"
          "Meier, Müller, Straße\r\n"));
  g_assert_nonnull (find (asked, "name=\"response_format\"\r\n\r\njson\r\n"));
  g_assert_null (find (asked, "name=\"stream\""));
  g_assert_nonnull (find (asked, "filename=\"speech.wav\""));
  wav = find (asked, "RIFF");
  g_assert_cmpuint (get_u32 (wav + 24), ==, 8000);
  g_assert_cmpuint (get_u32 (wav + 40), ==, 3200);
  memcpy (&sample, wav + 44 + 2 * 100, 2);
  g_assert_cmpint (GINT16_FROM_LE (sample), ==,
      parley_mulaw_decode_sample (100));
  parley_cloud_rig_free (rig);
}

static void
test_wav (void)
{
  GByteArray *samples = g_byte_array_new ();
  GBytes *wav = parley_transcript_new_wav (&pcm16, samples);
  const gchar *file = g_bytes_get_data (wav, NULL);

  /* Nothing is a tenth of a second of silence. */
  g_assert_cmpuint (g_bytes_get_size (wav), ==, 44 + 3200);
  g_assert_cmpuint (get_u32 (file + 4), ==, 36 + 3200);
  g_assert_cmpuint (get_u32 (file + 28), ==, 32000);
  g_bytes_unref (wav);
  for (guint i = 0; i < 5001; i++)
    g_byte_array_append (samples, (const guint8 *) "x", 1);
  wav = parley_transcript_new_wav (&pcm16, samples);
  file = g_bytes_get_data (wav, NULL);
  g_assert_cmpuint (get_u32 (file + 40), ==, 5000);
  g_assert_cmpint (file[44 + 4999], ==, 'x');
  g_bytes_unref (wav);
  g_byte_array_unref (samples);
}

static void
test_language (void)
{
  static const gchar *tags[][2] = {
    {"en-US", "en"}, {"de", "de"}, {"yue-HK", "yue"}, {"ZH-Hant", "zh"},
    {"", NULL}, {NULL, NULL}, {"x", NULL}, {"%{param.lang}", NULL}
  };

  for (guint i = 0; i < G_N_ELEMENTS (tags); i++) {
    gchar *language = parley_transcript_get_language (tags[i][0]);

    g_assert_cmpstr (language, ==, tags[i][1]);
    g_free (language);
  }
}

static void
check_answer (const gchar * type, const gchar * body, gsize cut,
    const gchar * text, gdouble confidence, const gchar * log)
{
  ParleyMockAnswer answer =
      {.status = 200,.type = type,.body = body,.cut = cut };
  ParleyCloudRig *rig = new_rig (&answer);

  say (rig, 1, 1, &pcm16, 6400);
  parley_cloud_rig_wait (rig, 1);
  g_assert_cmpstr (rig->text->str, ==, text);
  g_assert_cmpfloat (fabs (rig->confidence - confidence), <, 0.001);
  g_assert_cmpstr (rig->log->str, ==, log);
  parley_cloud_rig_free (rig);
}

#define DELTAS "data: {\"type\":\"transcript.text.delta\",\"delta\":" \
    "\"Grüß \"}\n\ndata: {\"type\":\"transcript.text.delta\"," \
    "\"delta\":\"Gott\"}\n\n"
#define BROKE "data: {\"type\":\"error\",\"error\":{\"message\":" \
    "\"broke\"}}\n\n"
#define PARTIALS "partial(Grüß) partial(Grüß Gott) final1/1 "

static void
test_answers (void)
{
  check_answer (JSON, "{\"text\":\"\"}", 0, "", 1, "final1/1 ");
  check_answer (JSON, "{\"text\":\" [BLANK_AUDIO]\"}", 0, "", 1, "final1/1 ");
  check_answer (JSON, "{\"text\":\"(a) or (b)\"}", 3, "(a) or (b)", 1,
      "final1/1 ");
  check_answer ("text/plain; charset=utf-8", " Hi.\n", 1, "Hi.", 1,
      "final1/1 ");
  check_answer (JSON, "{\"text\":\"Hi\",\"logprobs\":[{\"token\":\"H\","
      "\"logprob\":-0.1},{\"token\":\"i\",\"logprob\":-0.3}]}", 5, "Hi",
      exp (-0.2), "final1/1 ");
  check_answer (JSON, "{\"text\":\"Hi\",\"segments\":[{\"avg_logprob\":-0.5,"
      "\"no_speech_prob\":0.1}]}", 0, "Hi", exp (-0.5), "final1/1 ");
}

static void
test_stream (void)
{
  for (guint cut = 0; cut < 5; cut++)
    check_answer (SSE, DELTAS "data: {\"type\":\"transcript.text.done\","
        "\"text\":\"Grüß Gott.\",\"logprobs\":[{\"logprob\":-0.7}]}\n\n"
        "data: [DONE]\n\n", cut, "Grüß Gott.", exp (-0.7), PARTIALS);
  /* Without the last event, what came counts. */
  check_answer (SSE, DELTAS, 0, "Grüß Gott", 1, PARTIALS);
}

static void
test_asks_for_stream (void)
{
  ParleyCloudRig *rig = new_rig (&hello);
  ParleyMockAsked *asked;

  g_object_set (rig->provider, "model", NULL, "language", "", NULL);
  say (rig, 1, 1, &mulaw8, 1600);
  parley_cloud_rig_wait (rig, 1);
  asked = parley_mock_cloud_get (rig->cloud, 0);
  g_assert_nonnull (find (asked, "gpt-4o-mini-transcribe"));
  g_assert_nonnull (find (asked, "name=\"stream\"\r\n\r\ntrue\r\n"));
  g_assert_nonnull (find (asked, "name=\"include[]\"\r\n\r\nlogprobs\r\n"));
  g_assert_null (find (asked, "name=\"language\""));
  g_assert_null (find (asked, "name=\"prompt\""));
  parley_cloud_rig_free (rig);
}

/* A take is answered while the next one is under way. */
static void
test_takes (void)
{
  ParleyCloudRig *rig = new_rig (&(ParleyMockAnswer) {.status = 200,.type =
        JSON,.body = "{\"text\":\"one\"}"
      });

  parley_mock_cloud_answer (rig->cloud, &hello);
  say (rig, 1, 1, &mulaw8, 1600);
  parley_stt_provider_begin (rig->provider, 1, 2, &mulaw8);
  parley_cloud_rig_wait (rig, 1);
  g_assert_cmpstr (rig->text->str, ==, "one");
  say (rig, 2, 1, &mulaw8, 1600);
  parley_cloud_rig_wait (rig, 2);
  g_assert_cmpstr (rig->log->str, ==, "final1/1 final2/1 ");
  parley_cloud_rig_free (rig);
}

static void
test_long (void)
{
  ParleyCloudRig *rig = new_rig (&hello);

  say (rig, 1, 1, &mulaw8, 600 * 8000);
  parley_cloud_rig_wait (rig, 1);
  g_assert_cmpuint (parley_mock_cloud_get (rig->cloud, 0)->len, >,
      2 * 600 * 8000);
  parley_cloud_rig_free (rig);
}

typedef struct
{
  const gchar *name;
  ParleyMockAnswer answer;
  guint tries;
  const gchar *says;
} Fault;

static const Fault faults[] = {
  {"key-wrong", {.status = 401,.type = JSON,.body =
              "{\"error\":{\"message\":\"bad " PARLEY_MOCK_KEY "\"}}"}, 1,
      "HTTP 401"},
  {"rate-limited", {.status = 429}, 4, "HTTP 429"},
  {"rate-limited-long", {.status = 429,.header = "Retry-After",.value = "4"},
      1, "again in 4.0 s"},
  {"server-error", {.status = 500,.type = JSON,.body =
              "{\"error\":\"model not loaded\"}"}, 4, "model not loaded"},
  {"garbage", {.body = "\1\2\3 nothing\r\n\r\n",.raw = TRUE}, 1,
      "check base-url"},
  {"html", {.status = 200,.type = "text/html",.body = "<p>Hi</p>"}, 1,
      "JSON that cannot be read"},
  {"no-text", {.status = 200,.type = JSON,.body = "{\"text\":7}"}, 1,
      "holds no text"},
  {"nothing", {.status = 200,.type = JSON,.body = " "}, 1,
      "JSON that cannot be read"},
  {"error-in-200", {.status = 200,.type = JSON,.body =
              "{\"error\":{\"code\":400,\"message\":\"no " PARLEY_MOCK_KEY
              "\"}}"}, 1, "no ***"},
  {"dropped", {.status = 200,.type = JSON,.body = "{\"text\":\"He",.end =
              PARLEY_MOCK_DROP}, 4, "lost in the middle"},
  {"stream-ended", {.status = 200,.type = SSE,.body = ": x\n\n"}, 4,
      "ended in the middle"},
  {"stream-error", {.status = 200,.type = SSE,.body = BROKE},
      4, "broke"},
  {"hang", {.status = 0}, 1, "no answer within 3.0 s"},
  {"hang-in-the-middle", {.status = 200,.type = JSON,.body = "{\"te",.end =
              PARLEY_MOCK_HANG}, 1, "3.0 s"},
};

static void
test_fault (gconstpointer data)
{
  const Fault *fault = data;
  ParleyCloudRig *rig = new_rig (&fault->answer);

  say (rig, 1, 1, &mulaw8, 1600);
  parley_mock_wait (parley_mock_cloud_get (rig->cloud, 0));
  parley_cloud_rig_step (rig, 1, 7 * SECOND);
  g_assert_cmpstr (rig->log->str, ==, "failed1/1 ");
  g_assert_true (g_str_has_prefix (rig->error, "openai: "));
  g_assert_nonnull (strstr (rig->error, fault->says));
  g_assert_cmpuint (rig->cloud->asked->len, >=, MIN (fault->tries, 2));
  g_assert_cmpuint (rig->cloud->asked->len, <=, fault->tries);
  parley_cloud_rig_free (rig);
}

static void
test_recovers (void)
{
  ParleyCloudRig *rig = new_rig (&(ParleyMockAnswer) {.status = 500 });

  parley_mock_cloud_answer (rig->cloud, &hello);
  say (rig, 1, 1, &mulaw8, 1600);
  parley_cloud_rig_step (rig, 1, 3 * SECOND);
  g_assert_cmpstr (rig->text->str, ==, "Hello there.");
  g_assert_cmpuint (parley_mock_cloud_get (rig->cloud, 1)->len, ==,
      parley_mock_cloud_get (rig->cloud, 0)->len);
  parley_cloud_rig_free (rig);
}

static void
check_cancel (const ParleyMockAnswer * answer, gboolean await_request)
{
  ParleyCloudRig *rig = new_rig (answer);

  parley_mock_cloud_answer (rig->cloud, &hello);
  say (rig, 1, 1, &mulaw8, 1600);
  if (await_request)
    parley_mock_wait (parley_mock_cloud_get (rig->cloud, 0));
  parley_mock_settle ();
  parley_stt_provider_cancel (rig->provider);
  parley_mock_advance (10 * SECOND);
  g_assert_cmpuint (rig->ended, ==, 0);
  parley_cloud_rig_clear (rig);
  say (rig, 2, 1, &mulaw8, 1600);
  parley_cloud_rig_wait (rig, 1);
  g_assert_cmpstr (rig->log->str, ==, "final2/1 ");
  parley_cloud_rig_free (rig);
}

static void
test_cancel (void)
{
  ParleyCloudRig *rig;

  check_cancel (&(ParleyMockAnswer) {
      .status = 0}, TRUE);
  check_cancel (&(ParleyMockAnswer) {
      .status = 500}, TRUE);
  check_cancel (&(ParleyMockAnswer) {
      .status = 200,.type = SSE,.body = DELTAS,.end = PARLEY_MOCK_HANG}, TRUE);
  /* Before anything was sent, and in the middle of a take. */
  rig = new_rig (&hello);
  say (rig, 1, 1, &mulaw8, 1600);
  parley_stt_provider_cancel (rig->provider);
  parley_stt_provider_begin (rig->provider, 1, 1, &mulaw8);
  parley_stt_provider_cancel (rig->provider);
  parley_mock_settle ();
  g_assert_cmpuint (rig->cloud->asked->len, ==, 0);
  parley_cloud_rig_free (rig);
}

static void
cancel_inside (gpointer provider, guint turn, guint take, const gchar * text,
    gpointer data)
{
  parley_stt_provider_cancel (provider);
}

static void
test_cancel_inside (void)
{
  ParleyCloudRig *rig = new_rig (&(ParleyMockAnswer) {.status = 200,.type =
        SSE,.body = DELTAS
      });

  g_signal_connect (rig->provider, "partial", G_CALLBACK (cancel_inside), NULL);
  say (rig, 1, 1, &mulaw8, 1600);
  parley_mock_wait (rig->log->len > 0);
  parley_mock_settle ();
  g_assert_cmpstr (rig->log->str, ==, "partial(Grüß) ");
  parley_cloud_rig_free (rig);
}

static void
test_hints_file (void)
{
  ParleyLoop *loop = parley_loop_acquire ();
  gpointer provider = parley_provider_new (PARLEY_PROVIDER_STT, "openai", loop,
      NULL, NULL, NULL, NULL);
  GError *error = NULL;

  g_object_set (provider, "base-url", "http://127.0.0.1:9", "hints",
      "@/no/such/file", NULL);
  g_assert_false (parley_provider_warm (provider, &error));
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "/no/such/file"));
  g_error_free (error);
  g_object_unref (provider);
  parley_loop_release (loop);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/openai-stt/upload", test_upload);
  g_test_add_func ("/openai-stt/wav", test_wav);
  g_test_add_func ("/openai-stt/language", test_language);
  g_test_add_func ("/openai-stt/answers", test_answers);
  g_test_add_func ("/openai-stt/stream", test_stream);
  g_test_add_func ("/openai-stt/asks-for-stream", test_asks_for_stream);
  g_test_add_func ("/openai-stt/takes", test_takes);
  g_test_add_func ("/openai-stt/long", test_long);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    gchar *path = g_strconcat ("/openai-stt/fault/", faults[i].name, NULL);

    g_test_add_data_func (path, &faults[i], test_fault);
    g_free (path);
  }
  g_test_add_func ("/openai-stt/recovers", test_recovers);
  g_test_add_func ("/openai-stt/cancel", test_cancel);
  g_test_add_func ("/openai-stt/cancel-inside", test_cancel_inside);
  g_test_add_func ("/openai-stt/hints-file", test_hints_file);
  return g_test_run ();
}
