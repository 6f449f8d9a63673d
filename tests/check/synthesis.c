/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "mock/providers.h"
#include "net/clock.h"
#include "providers/synthesis.h"
#include "speech/loud.h"
#include "speech/mulawresampler.h"

/* One sentence from text to sound: format, cache, single flight. Sentences of
 * different tests differ, for the cache is the process's. */

typedef struct
{
  GMainContext *context;
  ParleyLoop *loop;
  ParleyTtsProvider *provider;
  ParleySynthesisKeep keep;
} Rig;

/* What came of one sentence. */
typedef struct
{
  ParleySynthesis *synthesis;
  ParleyAudioFormat format;
  GByteArray *samples;
  guint pieces;
  guint over;
  guint asked;
  guint n_words, word_ms;       /* of the last word told of */
  gboolean cached;              /* when its audio came */
  gchar *error;
} Result;

static void
setup (Rig * rig, gconstpointer data)
{
  mock_reset ();
  parley_clock_set_manual (10 * G_TIME_SPAN_SECOND);
  rig->context = g_main_context_new ();
  g_assert_true (g_main_context_acquire (rig->context));
  rig->loop = parley_loop_new (rig->context);
  rig->provider = parley_provider_new (PARLEY_PROVIDER_TTS, "mock", rig->loop,
      NULL, NULL, NULL, NULL);
  mock_script ()->format = (ParleyAudioFormat) {
  TRUE, 8000};
  rig->keep.cache = parley_caches_get_default (PARLEY_CACHE_SPEECH);
  rig->keep.ttl = G_TIME_SPAN_HOUR;
}

static void
settle (Rig * rig)
{
  while (g_main_context_iteration (rig->context, FALSE));
}

static void
teardown (Rig * rig, gconstpointer data)
{
  settle (rig);
  g_object_unref (rig->provider);
  g_assert_cmpuint (mock_count (), ==, 0);
  g_object_unref (rig->loop);
  g_main_context_release (rig->context);
  g_main_context_unref (rig->context);
  parley_clock_set_real ();
}

static void
on_audio (const ParleyAudioFormat * format, const guint8 * samples, gsize len,
    gpointer data)
{
  Result *result = data;

  g_assert_cmpuint (result->over, ==, 0);
  result->format = *format;
  result->pieces++;
  if (result->synthesis)
    result->cached = parley_synthesis_is_cached (result->synthesis);
  g_byte_array_append (result->samples, samples, len);
}

static void
on_done (const GError * error, gpointer data)
{
  Result *result = data;

  result->over++;
  result->error = error ? g_strdup (error->message) : NULL;
  g_clear_pointer (&result->synthesis, parley_synthesis_free);
}

static void
on_asked (gpointer data)
{
  ((Result *) data)->asked++;
}

static void
on_word (guint n, guint ms, gpointer data)
{
  Result *result = data;

  result->n_words = n;
  result->word_ms = ms;
}

static const ParleySynthesisFuncs funcs =
    { on_asked, on_audio, on_word, on_done };

static void
begin (Rig * rig, Result * result, const gchar * text, gboolean mulaw)
{
  *result = (Result) {
  .samples = g_byte_array_new ()};
  result->synthesis = parley_synthesis_new (rig->provider, text,
      mulaw ? &rig->keep : NULL, &funcs, result);
  g_assert_cmpuint (result->over + result->pieces, ==, 0);
  settle (rig);
}

/* Clears the result. */
static void
expect (Result * result, guint pieces, gsize bytes, const gchar * error)
{
  g_assert_cmpuint (result->pieces, ==, pieces);
  g_assert_cmpuint (result->samples->len, ==, bytes);
  g_assert_cmpuint (result->over, ==, 1);
  g_assert_cmpstr (result->error, ==, error);
  g_byte_array_unref (result->samples);
  g_free (result->error);
}

static void
expect_log (const gchar * expected)
{
  gchar *log = mock_take_log ();

  g_assert_cmpstr (log, ==, expected);
  g_free (log);
}

static gboolean
is_cached (Rig * rig, const gchar * text)
{
  GBytes *bytes = parley_synthesis_lookup (rig->provider, rig->keep.cache,
      text);
  gboolean found = bytes != NULL;

  g_clear_pointer (&bytes, g_bytes_unref);
  return found;
}

static void
streams (Rig * rig, gconstpointer data)
{
  Result result;

  begin (rig, &result, "streams", TRUE);
  mock_tts_audio (1, 20);
  g_assert_cmpuint (result.samples->len, ==, 160);
  mock_tts_audio (1, 30);
  mock_tts_done (1);
  g_assert_true (result.format.mulaw);
  expect (&result, 2, 400, NULL);
}

static void
converts_to_mulaw (Rig * rig, gconstpointer data)
{
  Result result;

  mock_script ()->format = (ParleyAudioFormat) {
  FALSE, 16000};
  begin (rig, &result, "converts", TRUE);
  mock_tts_audio (1, 20);
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  g_assert_true (result.format.mulaw);
  g_assert_cmpuint (result.format.rate, ==, 8000);
  g_assert_cmpuint (result.samples->len, >=, 320);
  g_assert_cmpuint (result.samples->len, <=, 330);
  expect (&result, result.pieces, result.samples->len, NULL);
}

static void
pcm_is_passed_on (Rig * rig, gconstpointer data)
{
  Result result;

  mock_script ()->format = (ParleyAudioFormat) {
  FALSE, 22050};
  begin (rig, &result, "passed", FALSE);
  mock_tts_audio (1, 100);
  mock_tts_done (1);
  g_assert_false (result.format.mulaw);
  g_assert_cmpuint (result.format.rate, ==, 22050);
  expect (&result, 1, 4410, NULL);
  g_assert_false (is_cached (rig, "passed"));
}

static void
pcm_of_mulaw (Rig * rig, gconstpointer data)
{
  Result result;

  begin (rig, &result, "decoded", FALSE);
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  g_assert_false (result.format.mulaw);
  g_assert_cmpuint (result.format.rate, ==, 8000);
  expect (&result, 1, 320, NULL);
}

/* The silence comes in pieces, cut anywhere. */
static void
leading_silence_is_cut (Rig * rig, gconstpointer data)
{
  Result first, second;

  begin (rig, &first, "silence", TRUE);
  for (guint i = 1; i < 30; i++)
    mock_tts_silence (1, i);
  g_assert_cmpuint (first.pieces, ==, 0);
  mock_tts_audio (1, 100);
  mock_tts_word (1, 2, 29 * 30 / 2 + 50);
  g_assert_cmpuint (first.n_words, ==, 2);
  g_assert_cmpuint (first.word_ms, ==, PARLEY_SYNTHESIS_LEAD_MS + 50);
  /* Pauses stay. */
  mock_tts_silence (1, 200);
  mock_tts_done (1);
  begin (rig, &second, "silence", TRUE);
  g_assert_cmpint (parley_mulaw_first_loud (first.samples->data,
          first.samples->len), >=, PARLEY_SYNTHESIS_LEAD_MS * 8);
  g_assert_cmpint (parley_mulaw_first_loud (first.samples->data,
          first.samples->len), <, PARLEY_SYNTHESIS_LEAD_MS * 8 + 4);
  expect (&second, 1, first.samples->len, NULL);
  expect (&first, 2, (PARLEY_SYNTHESIS_LEAD_MS + 300) * 8, NULL);
}

static void
leading_silence_of_pcm_is_cut (Rig * rig, gconstpointer data)
{
  Result result;

  begin (rig, &result, "pcm silence", FALSE);
  mock_tts_silence (1, 500);
  mock_tts_audio (1, 100);
  mock_tts_done (1);
  expect (&result, 1, (PARLEY_SYNTHESIS_LEAD_MS + 100) * 16, NULL);
}

static void
silence_alone_is_not_stored (Rig * rig, gconstpointer data)
{
  Result result;

  begin (rig, &result, "only silence", TRUE);
  mock_tts_silence (1, 500);
  mock_tts_done (1);
  expect (&result, 0, 0, NULL);
  g_assert_false (is_cached (rig, "only silence"));
}

static void
cached (Rig * rig, gconstpointer data)
{
  Result first, second;

  begin (rig, &first, "cached", TRUE);
  mock_tts_audio (1, 20);
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  expect_log ("speak cached");
  begin (rig, &second, "cached", TRUE);
  expect_log ("");
  g_assert_cmpmem (first.samples->data, first.samples->len,
      second.samples->data, second.samples->len);
  expect (&first, 2, 320, NULL);
  expect (&second, 1, 320, NULL);
}

static void
single_flight (Rig * rig, gconstpointer data)
{
  Result first, second;

  begin (rig, &first, "flight", TRUE);
  begin (rig, &second, "flight", TRUE);
  expect_log ("speak flight");
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  settle (rig);
  g_assert_cmpuint (first.asked, ==, 1);
  g_assert_false (first.cached);
  g_assert_cmpuint (second.asked, ==, 0);
  g_assert_true (second.cached);
  expect (&first, 1, 160, NULL);
  expect (&second, 1, 160, NULL);
}

/* The one who makes it may wait for a provider that hangs. */
static void
waits_a_second_at_most (Rig * rig, gconstpointer data)
{
  Result first, second;

  begin (rig, &first, "hangs", TRUE);
  begin (rig, &second, "hangs", TRUE);
  parley_clock_advance (PARLEY_SYNTHESIS_JOIN_US - 1, rig->context);
  expect_log ("speak hangs");
  parley_clock_advance (1, rig->context);
  expect_log ("speak hangs");
  mock_tts_audio (2, 20);
  mock_tts_done (2);
  g_assert_cmpuint (second.asked, ==, 1);
  g_assert_false (second.cached);
  expect (&second, 1, 160, NULL);
  mock_tts_audio (1, 40);
  mock_tts_done (1);
  expect (&first, 1, 320, NULL);
  g_assert_true (is_cached (rig, "hangs"));
}

static void
failure (Rig * rig, gconstpointer data)
{
  Result result;

  begin (rig, &result, "fails", TRUE);
  mock_tts_audio (1, 20);
  mock_tts_fail (1, "no voice");
  expect (&result, 1, 160, "no voice");
  g_assert_false (is_cached (rig, "fails"));
}

static void
who_waits_tries_again (Rig * rig, gconstpointer data)
{
  Result first, second;

  begin (rig, &first, "again", TRUE);
  begin (rig, &second, "again", TRUE);
  mock_tts_fail (1, "no voice");
  settle (rig);
  expect (&first, 0, 0, "no voice");
  expect_log ("speak again; speak again");
  mock_tts_audio (2, 20);
  mock_tts_done (2);
  expect (&second, 1, 160, NULL);
}

static void
cancelled_is_not_stored (Rig * rig, gconstpointer data)
{
  Result first, second;

  begin (rig, &first, "cancelled", TRUE);
  mock_tts_audio (1, 20);
  parley_synthesis_free (first.synthesis);
  expect_log ("speak cancelled; cancel");
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  g_assert_cmpuint (first.pieces, ==, 1);
  g_assert_cmpuint (first.over, ==, 0);
  g_assert_false (is_cached (rig, "cancelled"));
  g_byte_array_unref (first.samples);
  begin (rig, &second, "cancelled", TRUE);
  mock_tts_done (2);
  expect (&second, 0, 0, NULL);
}

static void
cancelled_lets_who_waits_on (Rig * rig, gconstpointer data)
{
  Result first, second;

  begin (rig, &first, "passes on", TRUE);
  begin (rig, &second, "passes on", TRUE);
  parley_synthesis_free (first.synthesis);
  g_byte_array_unref (first.samples);
  settle (rig);
  expect_log ("speak passes on; cancel; speak passes on");
  mock_tts_done (2);
  expect (&second, 0, 0, NULL);
}

static void
cancel_while_waiting (Rig * rig, gconstpointer data)
{
  Result first, second;

  begin (rig, &first, "waiting", TRUE);
  begin (rig, &second, "waiting", TRUE);
  parley_synthesis_free (second.synthesis);
  g_byte_array_unref (second.samples);
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  settle (rig);
  g_assert_cmpuint (second.over, ==, 0);
  expect (&first, 1, 160, NULL);
}

static void
cancel_of_a_hit (Rig * rig, gconstpointer data)
{
  Result result;

  begin (rig, &result, "hit", TRUE);
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  expect (&result, 1, 160, NULL);
  result = (Result) {
  .samples = g_byte_array_new ()};
  result.synthesis = parley_synthesis_new (rig->provider, "hit",
      &rig->keep, &funcs, &result);
  parley_synthesis_free (result.synthesis);
  settle (rig);
  g_assert_cmpuint (result.over + result.pieces, ==, 0);
  g_byte_array_unref (result.samples);
}

static void
two_at_once (Rig * rig, gconstpointer data)
{
  Result first, second;

  begin (rig, &first, "this", TRUE);
  begin (rig, &second, "that", TRUE);
  mock_tts_audio (2, 40);
  mock_tts_audio (1, 20);
  mock_tts_done (2);
  mock_tts_done (1);
  expect (&first, 1, 160, NULL);
  expect (&second, 1, 320, NULL);
}

static gpointer
prewarm_thread (gpointer data)
{
  Rig *rig = data;

  static const gchar *const texts[] = { "prewarmed", "this too", NULL };

  parley_synthesis_prewarm (rig->provider, rig->keep.cache, texts);
  return NULL;
}

static void
prewarm (Rig * rig, gconstpointer data)
{
  g_thread_join (g_thread_new ("prewarm", prewarm_thread, rig));
  settle (rig);
  expect_log ("speak prewarmed");
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  settle (rig);
  g_assert_true (is_cached (rig, "prewarmed"));
  g_assert_cmpuint (parley_synthesis_get_prewarming (), ==, 1);
  expect_log ("speak this too");
  mock_tts_done (2);
  settle (rig);
  g_assert_cmpuint (parley_synthesis_get_prewarming (), ==, 0);
}

static void
failed_prewarm (Rig * rig, gconstpointer data)
{
  static const gchar *const texts[] = { "cold", NULL };

  parley_synthesis_prewarm (rig->provider, rig->keep.cache, texts);
  settle (rig);
  mock_tts_fail (1, "no voice");
  settle (rig);
  g_assert_false (is_cached (rig, "cold"));
}

#define ADD(name, func) \
    g_test_add ("/synthesis/" name, Rig, NULL, setup, func, teardown)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("streams", streams);
  ADD ("converts-to-mulaw", converts_to_mulaw);
  ADD ("pcm-is-passed-on", pcm_is_passed_on);
  ADD ("pcm-of-mulaw", pcm_of_mulaw);
  ADD ("leading-silence-is-cut", leading_silence_is_cut);
  ADD ("leading-silence-of-pcm-is-cut", leading_silence_of_pcm_is_cut);
  ADD ("silence-alone-is-not-stored", silence_alone_is_not_stored);
  ADD ("cached", cached);
  ADD ("single-flight", single_flight);
  ADD ("waits-a-second-at-most", waits_a_second_at_most);
  ADD ("failure", failure);
  ADD ("who-waits-tries-again", who_waits_tries_again);
  ADD ("cancelled-is-not-stored", cancelled_is_not_stored);
  ADD ("cancelled-lets-who-waits-on", cancelled_lets_who_waits_on);
  ADD ("cancel-while-waiting", cancel_while_waiting);
  ADD ("cancel-of-a-hit", cancel_of_a_hit);
  ADD ("two-at-once", two_at_once);
  ADD ("prewarm", prewarm);
  ADD ("failed-prewarm", failed_prewarm);
  return g_test_run ();
}
