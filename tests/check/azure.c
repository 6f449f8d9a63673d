/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "mock/sttrig.h"
#include "net/neterror.h"

/* Azure's recogniser against a service here: what reaches it, what of its
 * answers is told, and what becomes of each fault. */

#define SECOND G_TIME_SPAN_SECOND
#define TICKS 10000000

static void
set_up (SttRig * rig, gconstpointer data)
{
  stt_rig_set_up (rig, "azure");
  if (data)
    g_object_set (rig->stt, "encoding", "mulaw", NULL);
}

static void
tear_down (SttRig * rig, gconstpointer data)
{
  stt_rig_tear_down (rig);
}

static void
warm (SttRig * rig)
{
  GError *error = NULL;

  parley_provider_warm (PARLEY_PROVIDER (rig->stt), &error);
  g_assert_no_error (error);
}

static guint
count_contexts (SttRig * rig)
{
  guint n = 0;

  for (guint i = 0; i < rig->service->texts->len; i++)
    n += g_str_has_prefix (g_ptr_array_index (rig->service->texts, i),
        "Path: speech.context\r\n");
  return n;
}

/* The bytes of a binary message behind its head. */
static gsize
payload (SttRig * rig, guint index, const guint8 ** bytes)
{
  gsize len;
  const guint8 *all = g_bytes_get_data (g_ptr_array_index
      (rig->service->binaries, index), &len);
  gsize head = ((gsize) all[0] << 8) + all[1];

  g_assert_cmpuint (2 + head, <=, len);
  if (bytes)
    *bytes = all + 2 + head;
  return len - 2 - head;
}

/* How many takes came to their end. */
static guint
count_ends (SttRig * rig)
{
  guint n = 0;

  for (guint i = 0; i < rig->service->binaries->len; i++)
    n += payload (rig, i, NULL) == 0;
  return n;
}

static gsize
count_audio (SttRig * rig)
{
  gsize n = 0;

  for (guint i = 0; i < rig->service->binaries->len; i++)
    n += payload (rig, i, NULL);
  return n - 44 * count_contexts (rig);
}

#define await_ends(rig, n) parley_mock_wait (count_ends (rig) == (n))

/* The id of the last context. */
static gchar *
dup_id (SttRig * rig)
{
  const gchar *id = g_strrstr (rig->service->texts_in->str,
      "Path: speech.context\r\nX-RequestId: ");

  g_assert_nonnull (id);
  return g_strndup (id + strlen ("Path: speech.context\r\nX-RequestId: "), 32);
}

static void
say_as (SttRig * rig, const gchar * id, const gchar * path, const gchar * body)
{
  parley_mock_service_say (rig->service, "X-RequestId:%s\r\nPath:%s\r\n"
      "Content-Type:application/json\r\n\r\n%s", id, path, body);
}

static void
say (SttRig * rig, const gchar * path, const gchar * body)
{
  g_autofree gchar *id = dup_id (rig);

  say_as (rig, id, path, body);
}

static void
say_phrase (SttRig * rig, gdouble end, const gchar * text)
{
  g_autofree gchar *body = g_strdup_printf ("{\"RecognitionStatus\":"
      "\"Success\",\"Offset\":0,\"Duration\":%.0f,\"NBest\":[{"
      "\"Confidence\":0.5,\"Display\":\"%s\"}]}", end * TICKS, text);

  say (rig, "speech.phrase", body);
}

/* Half a second, finished. */
static void
speak (SttRig * rig, guint turn, guint take)
{
  stt_rig_begin (rig, turn, take);
  stt_rig_audio (rig, 4000, 0x10 + take);
  stt_rig_finish (rig);
}

static void
normal (SttRig * rig, gconstpointer data)
{
  const guint8 *bytes;

  warm (rig);
  stt_rig_begin (rig, 1, 1);
  stt_rig_audio (rig, 4000, 0x80);
  parley_mock_wait (rig->service->binaries->len == 2);
  g_assert_cmpuint (payload (rig, 0, &bytes), ==, 44);
  g_assert_cmpmem (bytes, 4, "RIFF", 4);
  g_assert_cmpuint (bytes[20], ==, 1);
  /* The loudest sample of mu-law, as 16 bits. */
  g_assert_cmpuint (payload (rig, 1, &bytes), ==, 8000);
  g_assert_cmpmem (bytes, 2, "\x7c\x7d", 2);
  say (rig, "turn.start", "{\"context\":{}}");
  say (rig, "speech.hypothesis", "{\"Text\":\"i need\",\"Offset\":1,"
      "\"Duration\":2}");
  stt_rig_await (rig, "partial 1/1 i need");
  stt_rig_finish (rig);
  await_ends (rig, 1);
  say_phrase (rig, 0.5, "I need.");
  say (rig, "speech.endDetected", "");
  say (rig, "turn.end", "{}");
  stt_rig_await (rig, "final");
  g_assert_cmpstr (rig->log->str, ==, "partial 1/1 i need; "
      "partial 1/1 I need.; final 1/1 I need. 0.50");
}

static void
mulaw (SttRig * rig, gconstpointer data)
{
  const guint8 *bytes;

  speak (rig, 1, 1);
  await_ends (rig, 1);
  payload (rig, 0, &bytes);
  g_assert_cmpuint (bytes[20], ==, 7);
  g_assert_cmpuint (payload (rig, 1, &bytes), ==, 4000);
  g_assert_cmpuint (bytes[0], ==, 0x11);
}

static void
request (SttRig * rig, gconstpointer data)
{
  const gchar *sent;

  g_object_set (rig->stt, "hints", "Parley, Ada", "language", "de-DE", NULL);
  warm (rig);
  speak (rig, 1, 1);
  await_ends (rig, 1);
  sent = g_ptr_array_index (rig->service->requests, 0);
  g_assert_true (g_str_has_prefix (sent, "GET /stt/speech/universal/v2?"
          "language=de-DE&format=detailed\n"));
  g_assert_nonnull (strstr (sent, "\nOcp-Apim-Subscription-Key: " STT_RIG_KEY));
  g_assert_nonnull (strstr (sent, "\nX-ConnectionId: "));
  g_assert_true (g_str_has_prefix (rig->service->texts_in->str,
          "Path: speech.config\r\n"));
  g_assert_nonnull (strstr (rig->service->texts_in->str,
          "{\"Text\":\"Parley\"},{\"Text\":\"Ada\"}"));
}

static void
nothing_said (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  await_ends (rig, 1);
  say (rig, "speech.phrase", "{\"RecognitionStatus\":\"NoMatch\"}");
  say (rig, "turn.end", "");
  stt_rig_await (rig, "final 1/1  0.00");
}

/* A second take waits for the end of the first one's turn. */
static void
two_takes (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  speak (rig, 1, 2);
  await_ends (rig, 1);
  parley_mock_settle ();
  g_assert_cmpuint (count_contexts (rig), ==, 1);
  say_phrase (rig, 0.5, "one");
  say (rig, "turn.end", "{}");
  await_ends (rig, 2);
  say_phrase (rig, 0.5, "two");
  say (rig, "turn.end", "{}");
  stt_rig_await (rig, "final 1/2 two");
  g_assert_nonnull (strstr (rig->log->str, "final 1/1 one"));
  g_assert_cmpuint (rig->service->sockets->len, ==, 1);
}

static void
long_take (SttRig * rig, gconstpointer data)
{
  stt_rig_begin (rig, 1, 1);
  for (guint i = 1; i <= 40; i++) {
    stt_rig_audio (rig, 8000, i);
    parley_mock_wait (count_audio (rig) == 16000 * i);
    say_phrase (rig, i, "word");
  }
  stt_rig_finish (rig);
  await_ends (rig, 1);
  say (rig, "turn.end", "{}");
  stt_rig_await (rig, "final 1/1 word word word");
}

/* The last phrase is enough when the end of the turn does not come. */
static void
no_turn_end (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  await_ends (rig, 1);
  say_phrase (rig, 0.5, "one");
  stt_rig_await (rig, "partial 1/1 one");
  parley_mock_advance (SECOND);
  g_assert_nonnull (strstr (rig->log->str, "final 1/1 one"));
  /* The next take is not kept waiting for it for long. */
  speak (rig, 1, 2);
  parley_mock_advance (SECOND);
  await_ends (rig, 2);
  g_assert_cmpuint (rig->service->sockets->len, ==, 2);
}

/* The service begins a new turn in the middle of a take. */
static void
turn_ends_early (SttRig * rig, gconstpointer data)
{
  stt_rig_begin (rig, 1, 1);
  stt_rig_audio (rig, 8000, 1);
  parley_mock_wait (count_audio (rig) == 16000);
  say_phrase (rig, 0.25, "one");
  say (rig, "turn.end", "{}");
  parley_mock_wait (count_contexts (rig) == 2);
  /* What no phrase covers comes again. */
  parley_mock_wait (count_audio (rig) == 16000 + 12000);
  stt_rig_finish (rig);
  await_ends (rig, 1);
  say_phrase (rig, 0.75, "two");
  say (rig, "turn.end", "{}");
  stt_rig_await (rig, "final 1/1 one two 0.50");
}

static void
cancel_while_it_opens (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  parley_stt_provider_cancel (rig->stt);
  speak (rig, 2, 1);
  await_ends (rig, 1);
  say_phrase (rig, 0.5, "two");
  say (rig, "turn.end", "{}");
  stt_rig_await (rig, "final 2/1 two");
}

static void
cancel_in_the_middle (SttRig * rig, gconstpointer data)
{
  g_autofree gchar *first = NULL;

  stt_rig_begin (rig, 1, 1);
  stt_rig_audio (rig, 4000, 1);
  parley_mock_wait (count_audio (rig) == 8000);
  first = dup_id (rig);
  parley_stt_provider_cancel (rig->stt);
  await_ends (rig, 1);
  speak (rig, 2, 1);
  say_phrase (rig, 0.5, "first");
  say (rig, "turn.end", "{}");
  await_ends (rig, 2);
  say_as (rig, first, "speech.hypothesis", "{\"Text\":\"late\"}");
  say_as (rig, first, "turn.end", "{}");
  say_phrase (rig, 0.5, "second");
  say (rig, "turn.end", "{}");
  stt_rig_await (rig, "final");
  g_assert_cmpstr (rig->log->str, ==,
      "partial 2/1 second; final 2/1 second 0.50");
}

static void
cancel_when_told (SttRig * rig, gconstpointer data)
{
  rig->cancels = TRUE;
  speak (rig, 1, 1);
  await_ends (rig, 1);
  say (rig, "speech.hypothesis", "{\"Text\":\"one\"}");
  say_phrase (rig, 0.5, "one");
  say (rig, "turn.end", "{}");
  stt_rig_await (rig, "partial");
  parley_mock_settle ();
  g_assert_cmpstr (rig->log->str, ==, "partial 1/1 one");
}

static void
end_under_way (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  await_ends (rig, 1);
  speak (rig, 1, 2);
}

/* Faults */

static void
hang (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  await_ends (rig, 1);
  parley_mock_advance (3 * SECOND);
  g_assert_cmpstr (rig->log->str, ==, "failed 1/1");
  g_assert_error (rig->error, PARLEY_NET_ERROR,
      PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE);
  speak (rig, 2, 1);
  await_ends (rig, 2);
  say_phrase (rig, 0.5, "again");
  say (rig, "turn.end", "{}");
  stt_rig_await (rig, "final 2/1 again");
}

static void
drop (SttRig * rig, gconstpointer data)
{
  stt_rig_begin (rig, 1, 1);
  stt_rig_audio (rig, 8000, 1);
  parley_mock_wait (count_audio (rig) == 16000);
  say_phrase (rig, 0.5, "one");
  stt_rig_await (rig, "partial");
  parley_mock_service_forget (rig->service);
  parley_mock_service_drop (rig->service);
  parley_mock_wait (count_contexts (rig) == 1);
  parley_mock_wait (count_audio (rig) == 8000);
  g_assert_true (g_str_has_prefix (rig->service->texts_in->str,
          "Path: speech.config\r\n"));
  stt_rig_finish (rig);
  await_ends (rig, 1);
  say_phrase (rig, 0.5, "two");
  say (rig, "turn.end", "{}");
  stt_rig_await (rig, "final 1/1 one two");
}

static void
key_is_wrong (SttRig * rig, gconstpointer data)
{
  rig->service->n_refused = 100;
  rig->service->status = 401;
  warm (rig);
  speak (rig, 1, 1);
  stt_rig_await (rig, "failed 1/1");
  g_assert_error (rig->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_AUTH);
}

static void
key_is_missing (SttRig * rig, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_object_set (rig->stt, "api-key-env", "PARLEY_NO_SUCH_KEY", NULL);
  g_assert_false (parley_provider_warm (PARLEY_PROVIDER (rig->stt), &error));
  g_assert_nonnull (strstr (error->message, "PARLEY_NO_SUCH_KEY"));
}

static void
region_is_missing (SttRig * rig, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_unsetenv ("AZURE_SPEECH_REGION");
  g_object_set (rig->stt, "base-url", NULL, NULL);
  g_assert_false (parley_provider_warm (PARLEY_PROVIDER (rig->stt), &error));
  g_assert_nonnull (strstr (error->message, "AZURE_SPEECH_REGION"));
}

static void
refused (SttRig * rig, gconstpointer data)
{
  rig->service->n_refused = 100;
  rig->service->status = g_str_has_suffix (g_test_get_path (), "429")
      ? 429 : 500;
  speak (rig, 1, 1);
  for (guint i = 0; i < 100 && !rig->error; i++)
    parley_mock_advance (SECOND / 10);
  g_assert_cmpuint (parley_net_error_get_status (rig->error), ==,
      rig->service->status);
}

static void
phrase_failed (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  await_ends (rig, 1);
  say (rig, "speech.phrase", "{\"RecognitionStatus\":\"TooManyRequests\"}");
  stt_rig_await (rig, "failed 1/1");
  g_assert_error (rig->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_RATE_LIMITED);
}

static void
garbage (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  await_ends (rig, 1);
  parley_mock_service_say (rig->service, "garbage");
  stt_rig_await (rig, "failed 1/1");
  speak (rig, 2, 1);
  await_ends (rig, 2);
  say (rig, "speech.phrase", "{\"RecognitionStatus\":");
  stt_rig_await (rig, "failed 2/1");
  g_assert_error (rig->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
}

static void
closed_for_our_fault (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  await_ends (rig, 1);
  soup_websocket_connection_close (parley_mock_service_get (rig->service),
      1007, "bad format");
  stt_rig_await (rig, "failed 1/1");
  g_assert_nonnull (strstr (rig->error->message, "1007 bad format"));
  g_assert_cmpuint (rig->service->requests->len, ==, 1);
}

static void
cut_anywhere (SttRig * rig, gconstpointer data)
{
  for (guint cut = 1; cut < 20; cut++) {
    g_autofree gchar *id = NULL, *text = NULL;

    speak (rig, cut, 1);
    await_ends (rig, cut);
    id = dup_id (rig);
    text = g_strdup_printf ("X-RequestId:%s\r\nPath:speech.phrase\r\n\r\n"
        "{\"RecognitionStatus\":\"Success\",\"DisplayText\":\"grüß\"}", id);
    g_string_truncate (rig->log, 0);
    parley_mock_service_say_in_pieces (rig->service, text, cut + 7, cut);
    say (rig, "turn.end", "{}");
    stt_rig_await (rig, "grüß 1.00");
  }
}

#define add(name, func) \
    g_test_add ("/azure/" name, SttRig, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("normal", normal);
  g_test_add ("/azure/mulaw", SttRig, "mulaw", set_up, mulaw, tear_down);
  add ("request", request);
  add ("nothing-said", nothing_said);
  add ("two-takes", two_takes);
  add ("long", long_take);
  add ("turn-end/none", no_turn_end);
  add ("turn-end/early", turn_ends_early);
  add ("cancel/while-it-opens", cancel_while_it_opens);
  add ("cancel/in-the-middle", cancel_in_the_middle);
  add ("cancel/when-told", cancel_when_told);
  add ("end-under-way", end_under_way);
  add ("hang", hang);
  add ("drop", drop);
  add ("key/wrong", key_is_wrong);
  add ("key/missing", key_is_missing);
  add ("region", region_is_missing);
  add ("refused/429", refused);
  add ("refused/500", refused);
  add ("phrase-failed", phrase_failed);
  add ("garbage", garbage);
  add ("closed", closed_for_our_fault);
  add ("cut-anywhere", cut_anywhere);
  return g_test_run ();
}
