/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "mock/sttrig.h"
#include "net/neterror.h"

/* Ends of turns that Deepgram tells: Flux's own turns, and speech_final and
 * UtteranceEnd of the other models, against a service here. */

#define SECOND G_TIME_SPAN_SECOND
/* Bytes of silence that end a turn of Flux, 3 s and a little more. */
#define FLUX_SILENCE (32 * 800)

static void
set_up_listen (SttRig * rig, gconstpointer data)
{
  stt_rig_set_up (rig, "deepgram");
  g_object_set (rig->stt, "endpointing", data ? data : "provider", NULL);
}

static void
set_up (SttRig * rig, gconstpointer data)
{
  set_up_listen (rig, data);
  g_object_set (rig->stt, "model", "flux-general-en", NULL);
}

static void
tear_down (SttRig * rig, gconstpointer data)
{
  stt_rig_tear_down (rig);
}

#define await_audio(rig, n) \
    parley_mock_wait ((rig)->service->audio->len == (n))

static void
hear (SttRig * rig, guint turn, guint take, guint ms)
{
  guint before = rig->service->audio->len;

  stt_rig_begin (rig, turn, take);
  stt_rig_audio (rig, ms * 8, 0x10 + take);
  await_audio (rig, before + ms * 8);
}

static void
pause_for (SttRig * rig, guint ms)
{
  guint before = rig->service->audio->len;
  g_autofree guint8 *bytes = g_malloc0 (ms * 8);
  g_autoptr (GBytes) samples = g_bytes_new (bytes, ms * 8);

  parley_stt_provider_pause (rig->stt, samples);
  await_audio (rig, before + ms * 8);
}

/* @end: s of the stream that was heard. */
static void
tell (SttRig * rig, const gchar * event, gdouble end, const gchar * text)
{
  parley_mock_service_say (rig->service, "{\"type\":\"TurnInfo\","
      "\"event\":\"%s\",\"turn_index\":0,\"audio_window_start\":0,"
      "\"audio_window_end\":%.2f,\"transcript\":\"%s\","
      "\"words\":[{\"word\":\"x\",\"confidence\":0.5}]}", event, end, text);
}

static void
say (SttRig * rig, gdouble begin, gdouble end, const gchar * text,
    const gchar * flags)
{
  parley_mock_service_say (rig->service, "{\"type\":\"Results\",\"start\":%.3f,"
      "\"duration\":%.3f,%s\"channel\":{\"alternatives\":[{"
      "\"transcript\":\"%s\",\"confidence\":0.5}]}}", begin, end - begin,
      flags, text);
}

#define INTERIM ""
#define FINAL "\"is_final\":true,"
#define SPEECH_FINAL "\"is_final\":true,\"speech_final\":true,"
#define FINALIZED "\"is_final\":true,\"from_finalize\":true,"

static const gchar *
get_request (SttRig * rig)
{
  return g_ptr_array_index (rig->service->requests, 0);
}

static void
finish_at_end (SttRig * rig, ParleySttEndpoint endpoint)
{
  if (endpoint == PARLEY_STT_MAY_END || endpoint == PARLEY_STT_ENDS)
    parley_stt_provider_finish (rig->stt);
  if (endpoint == PARLEY_STT_ENDS)
    parley_stt_provider_end_turn (rig->stt);
}

/* Flux */

static void
settings_of_flux (SttRig * rig, gconstpointer data)
{
  g_object_set (rig->stt, "eot-threshold", 0.8, "eager-eot-threshold", 0.4,
      "eot-timeout", 60000, NULL);
  hear (rig, 1, 1, 100);
  g_assert_nonnull (strstr (get_request (rig), "/v2/listen?"
          "model=flux-general-en&encoding=mulaw&sample_rate=8000&"
          "eot_timeout_ms=60000&eot_threshold=0.8&eager_eot_threshold=0.4\n"));
  g_assert_cmpuint (parley_stt_provider_get_end_wait (rig->stt), ==, 60000);
}

static void
defaults_of_flux (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 100);
  g_assert_nonnull (strstr (get_request (rig),
          "&eot_timeout_ms=3000&eager_eot_threshold=0.5\n"));
  g_assert_true (parley_stt_provider_can_tell_ends (rig->stt));
}

/* As it was: nothing is told, and the service is not asked to. */
static void
not_asked (SttRig * rig, gconstpointer data)
{
  stt_rig_begin (rig, 1, 1);
  stt_rig_audio (rig, 8000, 1);
  await_audio (rig, 8000);
  g_assert_nonnull (strstr (get_request (rig), "&eot_timeout_ms=500\n"));
  tell (rig, "StartOfTurn", 0.5, "one");
  tell (rig, "EndOfTurn", 0.7, "one");
  stt_rig_expect (rig, "partial 1/1 one; partial 1/1 one");
}

static void
wrong_settings (SttRig * rig, gconstpointer data)
{
  static const struct
  {
    const gchar *name;
    gdouble value;
  } wrong[] = { {"eot-threshold", 0.4}, {"eot-threshold", 1.1},
  {"eager-eot-threshold", 0.2}, {"eager-eot-threshold", 0.8}
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;

    g_object_set (rig->stt, "eot-threshold", 0.0, "eager-eot-threshold", 0.5,
        wrong[i].name, wrong[i].value, NULL);
    g_assert_false (parley_provider_warm (PARLEY_PROVIDER (rig->stt), &error));
    g_assert_error (error, PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_SETTINGS);
    g_assert_nonnull (strstr (error->message, "set "));
    g_assert_nonnull (strstr (error->message, wrong[i].name));
  }
}

static void
wrong_timeout (SttRig * rig, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_object_set (rig->stt, "eot-timeout", 100, NULL);
  g_assert_false (parley_provider_warm (PARLEY_PROVIDER (rig->stt), &error));
  g_assert_nonnull (strstr (error->message, "set eot-timeout"));
}

/* The end is told at once, and its text is the answer at once: nobody waits
 * for silence, and none is sent. */
static void
end (SttRig * rig, gconstpointer data)
{
  rig->on_endpoint = finish_at_end;
  hear (rig, 1, 1, 1000);
  tell (rig, "StartOfTurn", 0.3, "one");
  tell (rig, "Update", 0.6, "one two");
  tell (rig, "EndOfTurn", 0.9, "one two three");
  stt_rig_expect (rig, "partial 1/1 one; hears 1/1 one; partial 1/1 one two; "
      "partial 1/1 one two three; ends 1/1 one two three; "
      "final 1/1 one two three 0.50");
  g_assert_cmpuint (rig->service->audio->len, ==, 8000);
  g_assert_cmpuint (rig->service->texts->len, ==, 0);
}

/* The early end is answered; then it is the end. */
static void
eager_end (SttRig * rig, gconstpointer data)
{
  rig->on_endpoint = finish_at_end;
  hear (rig, 1, 1, 1000);
  tell (rig, "EagerEndOfTurn", 0.8, "yes please");
  stt_rig_expect (rig, "partial 1/1 yes please; may-end 1/1 yes please; "
      "final 1/1 yes please 0.00");
  pause_for (rig, 300);
  tell (rig, "EndOfTurn", 1.2, "yes please");
  stt_rig_expect (rig, "ends 1/1 yes please");
  g_assert_cmpuint (rig->service->audio->len, ==, 1300 * 8);
}

/* It was not the end: the next take has the text of the turn. */
static void
resumed (SttRig * rig, gconstpointer data)
{
  rig->on_endpoint = finish_at_end;
  hear (rig, 1, 1, 1000);
  tell (rig, "EagerEndOfTurn", 0.8, "my number is");
  pause_for (rig, 300);
  tell (rig, "TurnResumed", 1.3, "my number is");
  stt_rig_await (rig, "goes-on");
  hear (rig, 1, 2, 1000);
  tell (rig, "Update", 2.0, "my number is five");
  tell (rig, "EndOfTurn", 2.2, "My number is five.");
  stt_rig_expect (rig, "partial 1/1 my number is; may-end 1/1 my number is; "
      "final 1/1 my number is 0.00; goes-on 1/1 my number is; "
      "partial 1/2 my number is five; partial 1/2 My number is five.; "
      "ends 1/2 My number is five.; final 1/2 My number is five. 0.50");
}

/* The final text may be another than that of the early end. */
static void
end_says_more (SttRig * rig, gconstpointer data)
{
  rig->on_endpoint = finish_at_end;
  hear (rig, 1, 1, 1000);
  tell (rig, "EagerEndOfTurn", 0.8, "a table");
  stt_rig_await (rig, "final");
  g_string_truncate (rig->log, 0);
  tell (rig, "EndOfTurn", 1.2, "a table for two");
  stt_rig_expect (rig, "ends 1/1 a table for two");
}

/* Silence ended the turn first: Flux is made to end its own, and what it says
 * of it later is not of the next turn. */
static void
local_end_first (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 1000);
  tell (rig, "Update", 0.6, "one");
  stt_rig_await (rig, "partial 1/1 one");
  stt_rig_finish (rig);
  parley_stt_provider_end_turn (rig->stt);
  await_audio (rig, 8000 + FLUX_SILENCE);
  tell (rig, "Update", 1.1, "one two");
  stt_rig_expect (rig, "partial 1/1 one; partial 1/1 one two");
  tell (rig, "EndOfTurn", 4.0, "one two three");
  stt_rig_expect (rig, "final 1/1 one two three 0.50");
  stt_rig_begin (rig, 2, 1);
  stt_rig_audio (rig, 8000, 3);
  await_audio (rig, 16000 + FLUX_SILENCE);
  tell (rig, "EndOfTurn", 4.1, "one two three");
  tell (rig, "Update", 4.9, "three");
  stt_rig_expect (rig, "partial 2/1 three");
}

/* What it has told is all when no more comes, and a service that says nothing
 * is not asked again. */
static void
local_end_without_answer (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 1000);
  tell (rig, "Update", 0.6, "one");
  stt_rig_await (rig, "partial 1/1 one");
  parley_mock_advance (SECOND / 2);
  stt_rig_finish (rig);
  parley_stt_provider_end_turn (rig->stt);
  parley_mock_advance (SECOND / 2 - 1);
  stt_rig_expect (rig, "partial 1/1 one");
  parley_mock_advance (1);
  stt_rig_expect (rig, "final 1/1 one 0.00");
  parley_mock_wait (rig->service->sockets->len == 2);
}

/* One that goes on saying something is. */
static void
local_end_before_all_was_heard (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 1000);
  tell (rig, "Update", 0.6, "one");
  stt_rig_await (rig, "partial 1/1 one");
  stt_rig_finish (rig);
  tell (rig, "Update", 0.8, "one two");
  stt_rig_await (rig, "partial 1/1 one two");
  g_string_truncate (rig->log, 0);
  parley_mock_advance (SECOND);
  stt_rig_expect (rig, "final 1/1 one two 0.00");
  g_assert_cmpuint (rig->service->sockets->len, ==, 1);
}

static void
nothing_said (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 500);
  stt_rig_finish (rig);
  parley_stt_provider_end_turn (rig->stt);
  await_audio (rig, 4000 + FLUX_SILENCE);
  tell (rig, "Update", 0.7, "");
  stt_rig_expect (rig, "final 1/1  0.00");
}

/* No words, no end. */
static void
end_of_nothing (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 500);
  tell (rig, "EndOfTurn", 0.4, "");
  tell (rig, "EagerEndOfTurn", 0.5, "");
  stt_rig_expect (rig, "");
}

/* Where both decide, an end that comes after the caller went on is that of the
 * take before. */
static void
late_end (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 1000);
  tell (rig, "Update", 0.9, "one");
  stt_rig_finish (rig);
  hear (rig, 1, 2, 400);
  tell (rig, "EndOfTurn", 1.1, "one");
  parley_mock_settle ();
  g_assert_nonnull (strstr (rig->log->str, "ends 1/1 one"));
  g_string_truncate (rig->log, 0);
  tell (rig, "EndOfTurn", 1.4, "two");
  stt_rig_expect (rig, "partial 1/2 one two; ends 1/2 one two");
}

/* Who leaves it to the service believes it. */
static void
end_is_believed (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 1000);
  tell (rig, "Update", 0.9, "one");
  stt_rig_finish (rig);
  hear (rig, 1, 2, 400);
  tell (rig, "EndOfTurn", 1.1, "one two");
  parley_mock_settle ();
  g_assert_nonnull (strstr (rig->log->str, "ends 1/2 one two"));
}

/* A turn that is over has no other end. */
static void
end_of_a_turn_that_is_over (SttRig * rig, gconstpointer data)
{
  rig->on_endpoint = finish_at_end;
  hear (rig, 1, 1, 1000);
  tell (rig, "EndOfTurn", 0.8, "one");
  stt_rig_await (rig, "final 1/1 one");
  g_string_truncate (rig->log, 0);
  tell (rig, "EndOfTurn", 0.9, "one");
  tell (rig, "TurnResumed", 0.9, "one");
  tell (rig, "EndOfTurn", 1.0, "two");
  stt_rig_expect (rig, "");
  hear (rig, 2, 1, 1000);
  tell (rig, "EndOfTurn", 0.9, "one");
  stt_rig_expect (rig, "");
}

/* What was answered is not sent again, and stays. */
static void
drop_in_the_second_take (SttRig * rig, gconstpointer data)
{
  rig->on_endpoint = finish_at_end;
  hear (rig, 1, 1, 1000);
  tell (rig, "EagerEndOfTurn", 0.8, "my number is");
  stt_rig_await (rig, "final");
  tell (rig, "TurnResumed", 1.0, "my number is");
  stt_rig_await (rig, "goes-on");
  hear (rig, 1, 2, 1000);
  tell (rig, "Update", 1.9, "my number is fife");
  stt_rig_await (rig, "fife");
  g_string_truncate (rig->log, 0);
  parley_mock_service_forget (rig->service);
  parley_mock_service_drop (rig->service);
  await_audio (rig, 8000);
  tell (rig, "EndOfTurn", 0.9, "five");
  stt_rig_expect (rig, "partial 1/2 my number is five; "
      "ends 1/2 my number is five; final 1/2 my number is five 0.50");
}

/* With nobody behind it, what there is goes on. */
static void
drop_in_the_pause (SttRig * rig, gconstpointer data)
{
  rig->on_endpoint = finish_at_end;
  hear (rig, 1, 1, 1000);
  tell (rig, "EagerEndOfTurn", 0.8, "one");
  stt_rig_await (rig, "final 1/1 one");
  g_string_truncate (rig->log, 0);
  parley_mock_service_drop (rig->service);
  parley_mock_settle ();
  parley_stt_provider_end_turn (rig->stt);
  parley_mock_service_forget (rig->service);
  hear (rig, 2, 1, 1000);
  tell (rig, "EndOfTurn", 0.9, "two");
  stt_rig_expect (rig, "partial 2/1 two; ends 2/1 two; final 2/1 two 0.50");
}

static void
hang (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 1000);
  stt_rig_finish (rig);
  parley_stt_provider_end_turn (rig->stt);
  parley_mock_advance (3 * SECOND - 1);
  stt_rig_expect (rig, "");
  parley_mock_advance (1);
  stt_rig_expect (rig, "failed 1/1");
  g_assert_error (rig->error, PARLEY_NET_ERROR,
      PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE);
}

static void
cancel (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 1000);
  tell (rig, "Update", 0.6, "one");
  stt_rig_await (rig, "partial");
  g_string_truncate (rig->log, 0);
  parley_stt_provider_cancel (rig->stt);
  tell (rig, "EndOfTurn", 0.9, "one");
  stt_rig_expect (rig, "");
  parley_mock_service_forget (rig->service);
  hear (rig, 1, 2, 1000);
  tell (rig, "EndOfTurn", 1 + 3.2 + 0.9, "two");
  stt_rig_expect (rig, "partial 1/2 two; ends 1/2 two");
}

static void
cancel_at_end (SttRig * rig, ParleySttEndpoint endpoint)
{
  parley_stt_provider_cancel (rig->stt);
}

static void
cancel_when_told (SttRig * rig, gconstpointer data)
{
  rig->on_endpoint = cancel_at_end;
  hear (rig, 1, 1, 1000);
  tell (rig, "EndOfTurn", 0.9, "one");
  tell (rig, "EndOfTurn", 0.9, "one");
  stt_rig_expect (rig, "partial 1/1 one; ends 1/1 one");
}

/* Nothing in a message is sure to be there, or to be what it should. */
static void
odd_messages (SttRig * rig, gconstpointer data)
{
  static const gchar *const odd[] = {
    "{\"type\":\"TurnInfo\"}",
    "{\"type\":\"TurnInfo\",\"event\":7}",
    "{\"type\":\"TurnInfo\",\"event\":\"EndOfTurn\"}",
    "{\"type\":\"TurnInfo\",\"event\":\"EndOfTurn\",\"transcript\":[],"
        "\"audio_window_end\":\"x\",\"words\":{}}",
    "{\"type\":\"TurnInfo\",\"event\":\"TurnResumed\","
        "\"audio_window_end\":1e300}",
    "{\"type\":\"TurnInfo\",\"event\":\"NoSuchEvent\",\"transcript\":\"\"}",
    "{\"type\":\"UtteranceEnd\"}",
    "{\"type\":\"UtteranceEnd\",\"last_word_end\":-1e300}",
    "{\"type\":\"SpeechStarted\",\"timestamp\":{}}",
    "{\"type\":\"ConfigureSuccess\"}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    parley_mock_service_say (rig->service, "%s", odd[i]);
}

static void
odd (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 1000);
  odd_messages (rig, data);
  parley_mock_settle ();
  g_assert_null (strstr (rig->log->str, "end"));
  g_string_truncate (rig->log, 0);
  parley_mock_service_say (rig->service, "{\"type\":\"TurnInfo\","
      "\"event\":\"EndOfTurn\",\"audio_window_end\":1e300,"
      "\"transcript\":\"one\"}");
  stt_rig_expect (rig, "partial 1/1 one; ends 1/1 one");
  stt_rig_finish (rig);
  odd_messages (rig, data);
  parley_stt_provider_end_turn (rig->stt);
  odd_messages (rig, data);
  parley_mock_settle ();
  g_assert_nonnull (strstr (rig->log->str, "final 1/1 one"));
}

/* The other models */

static void
settings_of_listen (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 100);
  g_assert_nonnull (strstr (get_request (rig),
          "&endpointing=300&utterance_end_ms=1000&vad_events=true&"));
  g_assert_null (strstr (get_request (rig), "eot_"));
  g_assert_cmpuint (parley_stt_provider_get_end_wait (rig->stt), ==, 1000);
}

static void
speech_final (SttRig * rig, gconstpointer data)
{
  rig->on_endpoint = finish_at_end;
  hear (rig, 1, 1, 1000);
  parley_mock_service_say (rig->service,
      "{\"type\":\"SpeechStarted\",\"channel\":[0],\"timestamp\":0.1}");
  say (rig, 0, 0.5, "one", FINAL);
  say (rig, 0.5, 0.9, "two", SPEECH_FINAL);
  stt_rig_expect (rig, "hears 1/1 ; partial 1/1 one; partial 1/1 one two; "
      "ends 1/1 one two; final 1/1 one two 0.50");
  g_assert_cmpuint (rig->service->texts->len, ==, 0);
  /* The same end again, told otherwise. */
  parley_mock_service_say (rig->service, "{\"type\":\"UtteranceEnd\","
      "\"channel\":[0,1],\"last_word_end\":0.8}");
  hear (rig, 2, 1, 1000);
  parley_mock_service_say (rig->service, "{\"type\":\"UtteranceEnd\","
      "\"channel\":[0,1],\"last_word_end\":0.8}");
  stt_rig_expect (rig, "");
}

/* Noise keeps speech_final from coming. */
static void
utterance_end (SttRig * rig, gconstpointer data)
{
  rig->on_endpoint = finish_at_end;
  hear (rig, 1, 1, 2000);
  say (rig, 0, 0.9, "one", FINAL);
  say (rig, 0.9, 1.9, "", INTERIM);
  parley_mock_service_say (rig->service, "{\"type\":\"UtteranceEnd\","
      "\"channel\":[0,1],\"last_word_end\":0.8}");
  stt_rig_expect (rig, "partial 1/1 one; partial 1/1 one; ends 1/1 one; "
      "final 1/1 one 0.50");
}

/* A take that silence ended is finalized, and the turn goes on by the
 * service's word. */
static void
finalized (SttRig * rig, gconstpointer data)
{
  hear (rig, 1, 1, 1000);
  say (rig, 0, 0.9, "one", INTERIM);
  stt_rig_finish (rig);
  parley_mock_wait (rig->service->texts->len == 1);
  say (rig, 0, 1, "one", FINALIZED);
  stt_rig_expect (rig, "partial 1/1 one; final 1/1 one 0.50");
  pause_for (rig, 300);
  hear (rig, 1, 2, 1000);
  say (rig, 1.3, 2.0, "two", SPEECH_FINAL);
  stt_rig_expect (rig, "partial 1/2 one two; ends 1/2 one two");
}

#define add_of(name, func, data, up) \
    g_test_add ("/deepgram-turns/" name, SttRig, data, up, func, tear_down)
#define add(name, func) add_of (name, func, NULL, set_up)

static void
add_flux (void)
{
  add ("flux/settings", settings_of_flux);
  add ("flux/defaults", defaults_of_flux);
  add_of ("flux/not-asked", not_asked, "local", set_up);
  add ("flux/wrong-settings", wrong_settings);
  add ("flux/wrong-timeout", wrong_timeout);
  add ("flux/end", end);
  add ("flux/eager-end", eager_end);
  add ("flux/resumed", resumed);
  add ("flux/end-says-more", end_says_more);
  add_of ("flux/local-end-first", local_end_first, "both", set_up);
  add ("flux/local-end-without-answer", local_end_without_answer);
  add ("flux/local-end-before-all-was-heard", local_end_before_all_was_heard);
  add ("flux/nothing-said", nothing_said);
  add ("flux/end-of-nothing", end_of_nothing);
  add_of ("flux/late-end", late_end, "both", set_up);
  add ("flux/end-is-believed", end_is_believed);
  add ("flux/end-of-a-turn-that-is-over", end_of_a_turn_that_is_over);
  add ("flux/drop/in-the-second-take", drop_in_the_second_take);
  add ("flux/drop/in-the-pause", drop_in_the_pause);
  add ("flux/hang", hang);
  add ("flux/cancel", cancel);
  add ("flux/cancel/when-told", cancel_when_told);
  add ("flux/odd", odd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_flux ();
  add_of ("listen/settings", settings_of_listen, NULL, set_up_listen);
  add_of ("listen/speech-final", speech_final, NULL, set_up_listen);
  add_of ("listen/utterance-end", utterance_end, NULL, set_up_listen);
  add_of ("listen/finalized", finalized, "both", set_up_listen);
  add_of ("listen/odd", odd, "both", set_up_listen);
  return g_test_run ();
}
