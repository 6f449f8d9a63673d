/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "mock/sttrig.h"
#include "net/breaker.h"
#include "net/neterror.h"

/* Deepgram's recogniser against a service here: what reaches it, what of its
 * answers is told, and what becomes of each fault. */

#define SECOND G_TIME_SPAN_SECOND

static void
set_up (SttRig * rig, gconstpointer data)
{
  stt_rig_set_up (rig, "deepgram");
}

static void
set_up_flux (SttRig * rig, gconstpointer data)
{
  stt_rig_set_up (rig, "deepgram");
  g_object_set (rig->stt, "model", "flux-general-en", NULL);
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

/* @kind: "interim", "final" or "finalize". */
static void
say (SttRig * rig, const gchar * kind, gdouble begin, gdouble end,
    const gchar * text)
{
  parley_mock_service_say (rig->service, "{\"type\":\"Results\",\"start\":%.3f,"
      "\"duration\":%.3f,\"is_final\":%s,\"speech_final\":false,"
      "\"from_finalize\":%s,\"channel\":{\"alternatives\":[{"
      "\"transcript\":\"%s\",\"confidence\":0.5}]}}", begin, end - begin,
      *kind == 'i' ? "false" : "true",
      strcmp (kind, "finalize") == 0 ? "true" : "false", text);
}

static guint
count_texts (SttRig * rig, const gchar * part)
{
  guint n = 0;

  for (guint i = 0; i < rig->service->texts->len; i++)
    n += strstr (g_ptr_array_index (rig->service->texts, i), part) != NULL;
  return n;
}

#define await_finalize(rig, n) \
    parley_mock_wait (count_texts (rig, "Finalize") == (n))
#define await_audio(rig, n) \
    parley_mock_wait ((rig)->service->audio->len == (n))

/* A second of speech, finished. */
static void
speak (SttRig * rig, guint turn, guint take)
{
  stt_rig_begin (rig, turn, take);
  stt_rig_audio (rig, 8000, 0x10 + take);
  stt_rig_finish (rig);
}

static void
normal (SttRig * rig, gconstpointer data)
{
  warm (rig);
  stt_rig_begin (rig, 1, 1);
  stt_rig_audio (rig, 4000, 1);
  await_audio (rig, 4000);
  say (rig, "interim", 0, 0.4, "hello");
  stt_rig_await (rig, "partial 1/1 hello");
  stt_rig_audio (rig, 4000, 2);
  stt_rig_finish (rig);
  await_finalize (rig, 1);
  g_assert_cmpuint (rig->service->audio->len, ==, 8000);
  say (rig, "final", 0, 0.6, "hello");
  say (rig, "interim", 0.6, 0.9, "my");
  say (rig, "finalize", 0.6, 1, "my friend");
  stt_rig_await (rig, "final");
  g_assert_cmpstr (rig->log->str, ==, "partial 1/1 hello; partial 1/1 hello; "
      "partial 1/1 hello my; final 1/1 hello my friend 0.50");
  g_assert_cmpuint (rig->service->sockets->len, ==, 1);
}

static void
request (SttRig * rig, gconstpointer data)
{
  const gchar *sent;

  g_object_set (rig->stt, "hints", "Parley, Ada", "language", "en-GB", NULL);
  warm (rig);
  parley_mock_wait (rig->service->requests->len == 1);
  sent = g_ptr_array_index (rig->service->requests, 0);
  g_assert_true (g_str_has_prefix (sent, "GET /v1/listen?model=nova-3&"
          "encoding=mulaw&sample_rate=8000"));
  g_assert_nonnull (strstr (sent,
          "&language=en-GB&keyterm=Parley&keyterm=Ada"));
  g_assert_nonnull (strstr (sent, "\nAuthorization: Token " STT_RIG_KEY));
  parley_mock_settle ();
}

static void
nothing_said (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  warm (rig);
  await_finalize (rig, 1);
  say (rig, "finalize", 0, 1, "");
  stt_rig_await (rig, "final 1/1  0.00");
}

/* The service need not answer Finalize. */
static void
no_answer_to_finalize (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_finalize (rig, 1);
  say (rig, "final", 0, 0.5, "one");
  say (rig, "interim", 0.5, 0.8, "two");
  stt_rig_await (rig, "partial 1/1 one two");
  parley_mock_advance (SECOND - 1);
  g_assert_null (strstr (rig->log->str, "final"));
  parley_mock_advance (1);
  g_assert_nonnull (strstr (rig->log->str, "final 1/1 one two 0.50"));
  /* The next take does not rely on that websocket. */
  parley_mock_wait (rig->service->sockets->len == 2);
  speak (rig, 2, 1);
  await_finalize (rig, 2);
  say (rig, "finalize", 0, 1, "three");
  stt_rig_await (rig, "final 2/1 three");
}

/* A final result that reaches the end is all there is to come. */
static void
whole_without_finalize (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_finalize (rig, 1);
  say (rig, "final", 0, 0.99, "done");
  stt_rig_await (rig, "final 1/1 done");
}

static void
long_take (SttRig * rig, gconstpointer data)
{
  warm (rig);
  stt_rig_begin (rig, 1, 1);
  for (guint i = 0; i < 100; i++) {
    stt_rig_audio (rig, 8000, i);
    await_audio (rig, 8000 * (i + 1));
    say (rig, "final", i, i + 1, "word");
  }
  parley_mock_wait (rig->log->len > 100 * 100 / 2 * 5);
  stt_rig_finish (rig);
  await_finalize (rig, 1);
  say (rig, "finalize", 100, 100, "");
  stt_rig_await (rig, "final 1/1 word word");
}

/* The second begins before the first is answered. */
static void
two_takes (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  stt_rig_begin (rig, 1, 2);
  stt_rig_audio (rig, 8000, 7);
  await_audio (rig, 16000);
  say (rig, "interim", 0, 0.9, "one");
  say (rig, "finalize", 0, 1, "one");
  say (rig, "interim", 1, 1.5, "two");
  stt_rig_await (rig, "partial 1/2 two");
  g_assert_nonnull (strstr (rig->log->str, "final 1/1 one"));
  stt_rig_finish (rig);
  await_finalize (rig, 2);
  say (rig, "finalize", 1, 2, "two");
  stt_rig_await (rig, "final 1/2 two");
}

/* A result of the second says that the first has all it will get. */
static void
next_take_ends_the_first (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  speak (rig, 1, 2);
  await_finalize (rig, 2);
  say (rig, "interim", 0, 0.9, "one");
  say (rig, "interim", 1, 1.5, "two");
  stt_rig_await (rig, "partial 1/2 two");
  g_assert_nonnull (strstr (rig->log->str, "final 1/1 one"));
}

static void
one_websocket_for_all (SttRig * rig, gconstpointer data)
{
  warm (rig);
  for (guint i = 0; i < 5; i++) {
    speak (rig, i + 1, 1);
    await_finalize (rig, i + 1);
    say (rig, "finalize", i, i + 1, "yes");
    parley_mock_wait (strstr (rig->log->str, "final"));
    g_string_truncate (rig->log, 0);
  }
  g_assert_cmpuint (rig->service->sockets->len, ==, 1);
}

static void
kept_alive (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_finalize (rig, 1);
  say (rig, "finalize", 0, 1, "yes");
  stt_rig_await (rig, "final");
  parley_mock_advance (4 * SECOND);
  parley_mock_wait (count_texts (rig, "{\"type\":\"KeepAlive\"}") == 1);
  parley_mock_advance (4 * SECOND);
  parley_mock_wait (count_texts (rig, "KeepAlive") == 2);
}

/* It costs by the time it is open: one that was never used is let die. */
static void
unused_is_not_kept_alive (SttRig * rig, gconstpointer data)
{
  warm (rig);
  parley_mock_wait (rig->service->sockets->len == 1);
  parley_mock_advance (9 * SECOND);
  g_assert_cmpuint (rig->service->texts->len, ==, 0);
  soup_websocket_connection_close (parley_mock_service_get (rig->service), 1011,
      "NET-0001");
  parley_mock_settle ();
  speak (rig, 1, 1);
  await_finalize (rig, 1);
  g_assert_cmpuint (rig->service->sockets->len, ==, 2);
  say (rig, "finalize", 0, 1, "yes");
  stt_rig_await (rig, "final 1/1 yes");
}

/* Cancelled at each point */

static void
cancel_while_it_opens (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
  parley_stt_provider_cancel (rig->stt);
  speak (rig, 2, 1);
  await_finalize (rig, 1);
  await_audio (rig, 8000);
  say (rig, "finalize", 0, 1, "second");
  stt_rig_await (rig, "final");
  g_assert_cmpstr (rig->log->str, ==, "final 2/1 second 0.50");
}

static void
cancel_in_the_middle (SttRig * rig, gconstpointer data)
{
  warm (rig);
  stt_rig_begin (rig, 1, 1);
  stt_rig_audio (rig, 8000, 1);
  await_audio (rig, 8000);
  parley_stt_provider_cancel (rig->stt);
  speak (rig, 2, 1);
  await_finalize (rig, 2);
  say (rig, "interim", 0, 0.9, "first");
  say (rig, "finalize", 0, 1, "first");
  say (rig, "finalize", 1, 2, "second");
  stt_rig_await (rig, "final");
  g_assert_cmpstr (rig->log->str, ==, "final 2/1 second 0.50");
}

static void
cancel_after_the_end (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_finalize (rig, 1);
  parley_stt_provider_cancel (rig->stt);
  say (rig, "finalize", 0, 1, "first");
  speak (rig, 1, 2);
  await_finalize (rig, 2);
  say (rig, "finalize", 1, 2, "second");
  stt_rig_await (rig, "final");
  g_assert_cmpstr (rig->log->str, ==, "final 1/2 second 0.50");
}

static void
cancel_when_told (SttRig * rig, gconstpointer data)
{
  rig->cancels = TRUE;
  warm (rig);
  stt_rig_begin (rig, 1, 1);
  stt_rig_audio (rig, 8000, 1);
  await_audio (rig, 8000);
  say (rig, "interim", 0, 0.5, "one");
  say (rig, "interim", 0, 0.8, "two");
  stt_rig_await (rig, "partial");
  parley_mock_settle ();
  g_assert_cmpstr (rig->log->str, ==, "partial 1/1 one");
  stt_rig_finish (rig);
  parley_mock_advance (10 * SECOND);
  g_assert_cmpstr (rig->log->str, ==, "partial 1/1 one");
}

static void
end_under_way (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_finalize (rig, 1);
}

static void
end_while_it_opens (SttRig * rig, gconstpointer data)
{
  speak (rig, 1, 1);
}

/* Faults */

static void
hang (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_finalize (rig, 1);
  parley_mock_advance (3 * SECOND - 1);
  g_assert_cmpstr (rig->log->str, ==, "");
  parley_mock_advance (1);
  g_assert_cmpstr (rig->log->str, ==, "failed 1/1");
  g_assert_error (rig->error, PARLEY_NET_ERROR,
      PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE);
  /* The next one has a websocket of its own. */
  speak (rig, 2, 1);
  await_finalize (rig, 2);
  g_assert_cmpuint (rig->service->sockets->len, ==, 2);
  say (rig, "finalize", 0, 1, "again");
  stt_rig_await (rig, "final 2/1 again");
}

/* What no final result covers is sent again. */
static void
drop_in_the_middle (SttRig * rig, gconstpointer data)
{
  warm (rig);
  stt_rig_begin (rig, 1, 1);
  stt_rig_audio (rig, 8000, 1);
  stt_rig_audio (rig, 8000, 2);
  await_audio (rig, 16000);
  say (rig, "final", 0, 1, "one");
  say (rig, "interim", 1, 2, "too");
  stt_rig_await (rig, "one too");
  parley_mock_service_forget (rig->service);
  parley_mock_service_drop (rig->service);
  await_audio (rig, 8000);
  g_assert_cmpuint (rig->service->audio->data[0], ==, 2);
  stt_rig_finish (rig);
  await_finalize (rig, 1);
  say (rig, "finalize", 0, 1, "two");
  stt_rig_await (rig, "final 1/1 one two");
}

static void
speak_and_drop (SttRig * rig, guint n_audio, const gchar * text)
{
  stt_rig_audio (rig, 8000, 1);
  await_audio (rig, n_audio);
  say (rig, "interim", 0, 1, text);
  stt_rig_await (rig, text);
  parley_mock_service_forget (rig->service);
  parley_mock_service_drop (rig->service);
}

/* The one in its place ends as it did: the next is not asked for at once. */
static void
drop_again_and_again (SttRig * rig, gconstpointer data)
{
  warm (rig);
  stt_rig_begin (rig, 1, 1);
  speak_and_drop (rig, 8000, "one");
  await_audio (rig, 8000);
  speak_and_drop (rig, 16000, "two");
  parley_mock_settle ();
  g_assert_cmpuint (rig->service->sockets->len, ==, 2);
  parley_mock_advance (SECOND);
  parley_mock_wait (rig->service->sockets->len == 3);
}

static void
drop_after_the_end (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  speak (rig, 1, 2);
  await_finalize (rig, 2);
  say (rig, "interim", 0, 0.5, "one");
  stt_rig_await (rig, "partial");
  parley_mock_service_forget (rig->service);
  parley_mock_service_drop (rig->service);
  await_finalize (rig, 2);
  await_audio (rig, 16000);
  say (rig, "finalize", 0, 1, "one");
  say (rig, "finalize", 1, 2, "two");
  stt_rig_await (rig, "final 1/2 two");
  g_assert_nonnull (strstr (rig->log->str, "final 1/1 one"));
}

static void
drop_between (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_finalize (rig, 1);
  say (rig, "finalize", 0, 1, "one");
  stt_rig_await (rig, "final");
  parley_mock_service_drop (rig->service);
  parley_mock_settle ();
  g_assert_cmpuint (rig->service->sockets->len, ==, 1);
  speak (rig, 2, 1);
  await_finalize (rig, 2);
  g_assert_cmpuint (rig->service->sockets->len, ==, 2);
  say (rig, "finalize", 0, 1, "two");
  stt_rig_await (rig, "final 2/1 two");
}

/* A very long take is kept only in part. */
static void
replay_is_bounded (SttRig * rig, gconstpointer data)
{
  warm (rig);
  stt_rig_begin (rig, 1, 1);
  for (guint i = 0; i < 90; i++) {
    stt_rig_audio (rig, 8000, i);
    await_audio (rig, 8000 * (i + 1));
  }
  say (rig, "interim", 0, 1, "one");
  stt_rig_await (rig, "partial");
  parley_mock_service_forget (rig->service);
  parley_mock_service_drop (rig->service);
  await_audio (rig, 512 * 1024);
  g_assert_cmpuint (rig->service->audio->data[512 * 1024 - 1], ==, 89);
}

static void
key_is_wrong (SttRig * rig, gconstpointer data)
{
  rig->service->n_refused = 100;
  rig->service->status = 401;
  rig->service->header = "dg-error";
  rig->service->value = "Invalid credentials " STT_RIG_KEY;
  warm (rig);
  speak (rig, 1, 1);
  stt_rig_await (rig, "failed 1/1");
  g_assert_error (rig->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_AUTH);
  g_assert_nonnull (strstr (rig->error->message, "Invalid credentials"));
  g_assert_cmpuint (rig->service->requests->len, <=, 2);
}

static void
key_is_missing (SttRig * rig, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_object_set (rig->stt, "api-key-env", "PARLEY_NO_SUCH_KEY", NULL);
  g_assert_false (parley_provider_warm (PARLEY_PROVIDER (rig->stt), &error));
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "PARLEY_NO_SUCH_KEY"));
}

/* Waits, and takes what it gets in time. */
static void
refused_for_a_while (SttRig * rig, gconstpointer data)
{
  rig->service->n_refused = 1;
  rig->service->status = GPOINTER_TO_UINT (data);
  speak (rig, 1, 1);
  parley_mock_wait (rig->service->n_refused == 0);
  parley_mock_advance (SECOND);
  await_finalize (rig, 1);
  say (rig, "finalize", 0, 1, "yes");
  stt_rig_await (rig, "final 1/1 yes");
}

static void
refused (SttRig * rig, gconstpointer data)
{
  rig->service->n_refused = 100;
  rig->service->status = GPOINTER_TO_UINT (data);
  speak (rig, 1, 1);
  for (guint i = 0; i < 100 && !rig->error; i++)
    parley_mock_advance (SECOND / 10);
  g_assert_cmpstr (rig->log->str, ==, "failed 1/1");
  g_assert_cmpuint (parley_net_error_get_status (rig->error), ==,
      GPOINTER_TO_UINT (data));
  g_assert_cmpuint (rig->service->requests->len, <=, 4);
}

static void
nobody_listens (SttRig * rig, gconstpointer data)
{
  g_object_set (rig->stt, "base-url", "http://127.0.0.1:1", NULL);
  speak (rig, 1, 1);
  for (guint i = 0; i < 100 && !rig->error; i++)
    parley_mock_advance (SECOND / 10);
  /* The kernel refuses by its own clock, not by ours. */
  if (!g_error_matches (rig->error, PARLEY_NET_ERROR,
          PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE))
    g_assert_error (rig->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_CONNECT);
}

static void
garbage (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_finalize (rig, 1);
  parley_mock_service_say (rig->service, "%s", (const gchar *) data);
  stt_rig_await (rig, "failed 1/1");
  g_assert_error (rig->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
  speak (rig, 1, 2);
  await_finalize (rig, 2);
  say (rig, "finalize", 0, 1, "yes");
  stt_rig_await (rig, "final 1/2 yes");
}

static void
garbage_bytes (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_finalize (rig, 1);
  parley_mock_service_write (rig->service, "\xff\xff\xff\xff garbage", 12);
  parley_mock_advance (3 * SECOND);
  g_assert_cmpstr (rig->log->str, ==, "failed 1/1");
}

/* Wrong audio or settings are no reason to try again. */
static void
closed_for_our_fault (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_finalize (rig, 1);
  soup_websocket_connection_close (parley_mock_service_get (rig->service), 1008,
      "DATA-0000 " STT_RIG_KEY);
  stt_rig_await (rig, "failed 1/1");
  g_assert_error (rig->error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL);
  g_assert_nonnull (strstr (rig->error->message, "1008 DATA-0000"));
  g_assert_cmpuint (rig->service->requests->len, ==, 1);
}

static void
closed_by_a_fault_of_theirs (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_finalize (rig, 1);
  say (rig, "interim", 0, 0.5, "one");
  stt_rig_await (rig, "partial");
  soup_websocket_connection_close (parley_mock_service_get (rig->service), 1011,
      "NET-0000");
  await_finalize (rig, 2);
  say (rig, "finalize", 0, 1, "one");
  stt_rig_await (rig, "final 1/1 one");
}

static void
cut_anywhere (SttRig * rig, gconstpointer data)
{
  static const gchar text[] = "{\"type\":\"Results\",\"start\":0,"
      "\"duration\":1,\"is_final\":true,\"from_finalize\":true,\"channel\":{"
      "\"alternatives\":[{\"transcript\":\"grüß Gott\",\"confidence\":1}]}}";

  warm (rig);
  for (guint i = 1; i < 30; i++) {
    speak (rig, i, 1);
    await_finalize (rig, i);
    g_string_truncate (rig->log, 0);
    parley_mock_service_say_in_pieces (rig->service, text, i < 15 ? 200 : i, i);
    if (i > 1)
      parley_mock_advance (SECOND);
    stt_rig_await (rig, i > 1 ? "final" : "final 1/1 grüß Gott 1.00");
  }
}

/* Each take counts at the breaker once, however often it is tried; a probe
 * lets others go as soon as its websocket is open. */
static void
breaker (SttRig * rig, gconstpointer data)
{
  ParleyBreakerStats stats;
  ParleyBreaker *place;
  g_autofree gchar *host = g_strdup (rig->service->url + strlen ("http://"));

  place = parley_breaker_get ("deepgram-stt", host);
  rig->service->n_refused = 100;
  rig->service->status = 500;
  for (guint turn = 1; turn <= 5; turn++) {
    speak (rig, turn, 1);
    for (guint i = 0; i < 40; i++)
      parley_mock_advance (SECOND / 10);
    parley_breaker_get_stats (place, &stats);
    g_assert_cmpuint (stats.faults, ==, turn);
  }
  g_assert_cmpuint (rig->service->n_refused, <, 95);
  g_assert_cmpint (stats.state, ==, PARLEY_BREAKER_OPEN);
  rig->service->n_refused = 0;
  parley_mock_service_forget (rig->service);
  parley_mock_advance (6 * SECOND);
  speak (rig, 99, 1);
  await_finalize (rig, 1);
  parley_breaker_get_stats (place, &stats);
  g_assert_cmpint (stats.state, ==, PARLEY_BREAKER_CLOSED);
  g_assert_cmpuint (stats.in_flight, ==, 1);
}

/* Flux */

static void
say_turn (SttRig * rig, const gchar * event, gdouble end, const gchar * text)
{
  parley_mock_service_say (rig->service, "{\"type\":\"TurnInfo\","
      "\"event\":\"%s\",\"audio_window_start\":0,\"audio_window_end\":%.2f,"
      "\"transcript\":\"%s\",\"words\":[{\"word\":\"x\",\"confidence\":0.5}]}",
      event, end, text);
}

/* 0.7 s of silence follow each take. */
static void
flux (SttRig * rig, gconstpointer data)
{
  warm (rig);
  stt_rig_begin (rig, 1, 1);
  stt_rig_audio (rig, 8000, 1);
  await_audio (rig, 8000);
  say_turn (rig, "StartOfTurn", 0.5, "one");
  say_turn (rig, "EndOfTurn", 0.7, "one");
  say_turn (rig, "Update", 0.9, "two");
  stt_rig_await (rig, "partial 1/1 one two");
  stt_rig_finish (rig);
  await_audio (rig, 13600);
  g_assert_cmpuint (rig->service->audio->data[13599], ==, 0xff);
  say_turn (rig, "EagerEndOfTurn", 1.2, "two");
  say_turn (rig, "EndOfTurn", 1.5, "two");
  stt_rig_await (rig, "final 1/1 one two 0.50");
  speak (rig, 2, 1);
  await_audio (rig, 27200);
  say_turn (rig, "Update", 1.7, "");
  say_turn (rig, "EndOfTurn", 3.2, "three");
  stt_rig_await (rig, "final 2/1 three 0.50");
  g_assert_cmpuint (rig->service->texts->len, ==, 0);
}

static void
flux_nothing_said (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_audio (rig, 13600);
  say_turn (rig, "Update", 1.2, "");
  stt_rig_await (rig, "final 1/1  0.00");
}

static void
flux_error (SttRig * rig, gconstpointer data)
{
  warm (rig);
  speak (rig, 1, 1);
  await_audio (rig, 13600);
  parley_mock_service_say (rig->service, "{\"type\":\"Error\","
      "\"code\":\"INTERNAL_SERVER_ERROR\",\"description\":\"oh dear "
      STT_RIG_KEY "\"}");
  stt_rig_await (rig, "failed 1/1");
  g_assert_nonnull (strstr (rig->error->message, "oh dear"));
}

#define add_of(name, func, data, up) \
    g_test_add ("/deepgram/" name, SttRig, data, up, func, tear_down)
#define add(name, func) add_of (name, func, NULL, set_up)

static void
add_faults (void)
{
  add ("hang", hang);
  add ("drop/in-the-middle", drop_in_the_middle);
  add ("drop/again-and-again", drop_again_and_again);
  add ("drop/after-the-end", drop_after_the_end);
  add ("drop/between", drop_between);
  add ("drop/replay-is-bounded", replay_is_bounded);
  add ("key/wrong", key_is_wrong);
  add ("key/missing", key_is_missing);
  add_of ("429/once", refused_for_a_while, GUINT_TO_POINTER (429), set_up);
  add_of ("500/once", refused_for_a_while, GUINT_TO_POINTER (500), set_up);
  add_of ("429/always", refused, GUINT_TO_POINTER (429), set_up);
  add_of ("500/always", refused, GUINT_TO_POINTER (500), set_up);
  add ("nobody-listens", nobody_listens);
  add_of ("garbage/json", garbage, "{\"type\":", set_up);
  add_of ("garbage/text", garbage, "hello", set_up);
  add ("garbage/bytes", garbage_bytes);
  add ("closed/our-fault", closed_for_our_fault);
  add ("closed/their-fault", closed_by_a_fault_of_theirs);
  add ("cut-anywhere", cut_anywhere);
  add ("breaker", breaker);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("normal", normal);
  add ("request", request);
  add ("nothing-said", nothing_said);
  add ("finalize/no-answer", no_answer_to_finalize);
  add ("finalize/whole-without", whole_without_finalize);
  add ("long", long_take);
  add ("two-takes", two_takes);
  add ("next-take-ends-the-first", next_take_ends_the_first);
  add ("one-websocket", one_websocket_for_all);
  add ("kept-alive", kept_alive);
  add ("unused", unused_is_not_kept_alive);
  add ("cancel/while-it-opens", cancel_while_it_opens);
  add ("cancel/in-the-middle", cancel_in_the_middle);
  add ("cancel/after-the-end", cancel_after_the_end);
  add ("cancel/when-told", cancel_when_told);
  add ("end/under-way", end_under_way);
  add ("end/while-it-opens", end_while_it_opens);
  add_faults ();
  add_of ("flux/normal", flux, NULL, set_up_flux);
  add_of ("flux/nothing-said", flux_nothing_said, NULL, set_up_flux);
  add_of ("flux/error", flux_error, NULL, set_up_flux);
  return g_test_run ();
}
