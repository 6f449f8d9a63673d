/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "elementrig.h"
#include "emulatorrig.h"
#include "net/breaker.h"
#include "providers/synthesis.h"

/* Two services, of which the first fails in every way there is: what the caller
 * gets all the same. Real sockets; time is stepped while something hangs. */

#define STEP (100 * MS)
#define KEYLESS "'keys':'none'"
/* What the two say and hear; the second speaks faster. */
#define FIRST "{" KEYLESS ",'stt':{'texts':['first heard']}," \
    "'llm':{'replies':['First says so.']},'tts':{'ms_per_character':60}"
#define SECOND "{" KEYLESS ",'stt':{'texts':['second heard']}," \
    "'llm':{'replies':['Second says so.']},'tts':{'ms_per_character':20}}"
#define SENTENCE "Twenty letters here."
#define FIRST_MS 1200
#define SECOND_MS 400

typedef struct
{
  Rig rig;
  EmulatorRig *first;
  EmulatorRig *second;
} Pair;

/* @launch without provider, base-url and fallback; @entry: what the fallback's
 * entry says more; @faults: of the first, a list without brackets. */
static void
pair_init (Pair * pair, const gchar * launch, const gchar * provider,
    const gchar * faults, const gchar * more)
{
  g_autofree gchar *config = g_strdup_printf (FIRST ",'faults':[%s]}", faults);
  g_autofree gchar *address = NULL, *fallback = NULL;
  const gchar *path = g_str_equal (provider, "openai") ? "/v1" : "";

  rig_init (&pair->rig, launch);
  pair->first = emulator_rig_new (config);
  pair->second = emulator_rig_new (SECOND);
  address = g_strdup_printf ("http://127.0.0.1:%u%s", pair->first->port, path);
  fallback = g_strdup_printf ("%s(base-url=http://127.0.0.1:%u%s)%s", provider,
      pair->second->port, path, more);
  g_object_set (pair->rig.element, "provider", provider, "base-url", address,
      "fallback", fallback, NULL);
}

static void
pair_clear (Pair * pair)
{
  gst_harness_teardown (pair->rig.harness);
  pair->rig.harness = NULL;
  gst_element_set_state (pair->rig.element, GST_STATE_NULL);
  rig_settle (&pair->rig);
  emulator_rig_free (pair->first);
  emulator_rig_free (pair->second);
  rig_settle (&pair->rig);
  rig_clear (&pair->rig);
}

/* What happens, and a step of time every 5 ms, however long the machine
 * stalled. */
typedef struct
{
  Pair *pair;
  GSource *source;
  gboolean ticked;
  gint64 limit;
} Waiting;

static gboolean
tick (gpointer data)
{
  ((Waiting *) data)->ticked = TRUE;
  return G_SOURCE_CONTINUE;
}

static void
waiting_begin (Waiting * waiting, Pair * pair)
{
  waiting->pair = pair;
  waiting->ticked = FALSE;
  waiting->limit = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;
  waiting->source = g_timeout_source_new (5);
  g_source_set_callback (waiting->source, tick, waiting, NULL);
  g_source_attach (waiting->source, pair->rig.context);
}

static void
waiting_go_on (Waiting * waiting, gboolean step, const gchar * what)
{
  Pair *pair = waiting->pair;

  g_main_context_iteration (pair->rig.context, TRUE);
  if (step && waiting->ticked)
    rig_wait_ms (&pair->rig, STEP / MS);
  waiting->ticked = FALSE;
  if (g_get_monotonic_time () > waiting->limit)
    g_error ("no “%s” in “%s”", what, pair->rig.trace->str);
}

static void
waiting_end (Waiting * waiting)
{
  g_source_destroy (waiting->source);
  g_source_unref (waiting->source);
}

/* Until the trace holds @part; time goes on if @step. */
static void
await (Pair * pair, const gchar * part, gboolean step)
{
  Waiting waiting;

  waiting_begin (&waiting, pair);
  while (!strstr (pair->rig.trace->str, part))
    waiting_go_on (&waiting, step, part);
  waiting_end (&waiting);
}

/* Until @name is posted, which is returned; time goes on. */
static GstMessage *
await_message (Pair * pair, const gchar * name)
{
  GstMessage *message;
  Waiting waiting;

  waiting_begin (&waiting, pair);
  while (!(message = rig_take_message (&pair->rig, name)))
    waiting_go_on (&waiting, TRUE, name);
  waiting_end (&waiting);
  return message;
}

static void
check_switch (GstMessage * message, const gchar * kind, const gchar * reason)
{
  const GstStructure *fields = gst_message_get_structure (message);
  g_autofree gchar *text = gst_structure_to_string (fields);
  guint index;

  g_test_message ("%s", text);
  g_assert_cmpstr (gst_structure_get_string (fields, "kind"), ==, kind);
  g_assert_true (gst_structure_get_uint (fields, "to-index", &index));
  g_assert_cmpuint (index, ==, 1);
  if (reason)
    g_assert_cmpstr (gst_structure_get_string (fields, "reason"), ==, reason);
  gst_message_unref (message);
}

/* Milliseconds of the sentence @sequence of epoch 1 that went out. */
static guint
spoken_ms (Pair * pair, guint sequence)
{
  g_autofree gchar *prefix = g_strdup_printf ("e1.%u:", sequence);
  const gchar *at = pair->rig.trace->str;
  guint ms = 0;

  while ((at = strstr (at, prefix))) {
    at += strlen (prefix);
    ms += g_ascii_strtoull (at, NULL, 10);
  }
  return ms;
}

static void
assert_spoken (Pair * pair, guint sequence, guint expected)
{
  guint ms = spoken_ms (pair, sequence);

  g_assert_cmpuint (ms, >=, expected - 60);
  g_assert_cmpuint (ms, <=, expected + 60);
}

/* Each fault, for each kind */

typedef struct
{
  const gchar *name;
  const gchar *fault;
  const gchar *reason;          /* NULL: whichever */
} Fault;

static const Fault faults[] = {
  {"refuse", "{'fault':'refuse'}", "dropped"},
  {"not-there", "{'protocol':'connection','fault':'refuse'}", "dropped"},
  {"401", "{'fault':'401'}", "auth"},
  {"429", "{'fault':'429'}", "rate-limited"},
  {"429-later", "{'fault':'429','retry_after':20}", "rate-limited"},
  {"500", "{'fault':'500'}", "status"},
  {"400", "{'fault':'status','status':400}", "status"},
  {"hang", "{'fault':'hang'}", "timeout"},
  {"drop", "{'fault':'drop','after':0}", NULL},
  {"hang-middle", "{'fault':'hang-middle'}", "timeout"},
  {"garbage", "{'fault':'garbage'}", NULL},
};

static void
llm_fault (gconstpointer data)
{
  const Fault *fault = data;
  Pair pair;

  pair_init (&pair, "llmchat", "openai", fault->fault, "");
  rig_start (&pair.rig, TEXT);
  rig_push_text (&pair.rig, 1, 0, 0, "hello");
  check_switch (await_message (&pair, "parley-provider-switch"), "llm",
      fault->reason);
  await (&pair, "end1", FALSE);
  rig_expect (&pair.rig, "seg release1 e1.0\"Second says so.\" end1");
  pair_clear (&pair);
}

static void
tts_fault (const Fault * fault, const gchar * provider)
{
  Pair pair;

  pair_init (&pair, "cloudtts sorry-text=\"\"", provider, fault->fault, "");
  rig_start (&pair.rig, TEXT);
  rig_push_text (&pair.rig, 1, 1, 0, SENTENCE);
  rig_event (&pair.rig, parley_event_new_reply_end (pair.rig.epochs + 1));
  check_switch (await_message (&pair, "parley-provider-switch"), "tts", NULL);
  await (&pair, "end1", FALSE);
  assert_spoken (&pair, 0, SECOND_MS);
  pair_clear (&pair);
}

static void
tts_openai_fault (gconstpointer data)
{
  tts_fault (data, "openai");
}

static void
tts_elevenlabs_fault (gconstpointer data)
{
  tts_fault (data, "elevenlabs");
}

/* 20 ms of a loud tone. */
static GstBuffer *
tone (guint turn, guint take)
{
  GstBuffer *buffer = rig_audio (turn, take, 0, 20);
  guint8 samples[160];

  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    samples[i] = i / 16 % 2 ? 0x90 : 0x10;
  gst_buffer_fill (buffer, 0, samples, sizeof samples);
  return buffer;
}

/* A turn of 500 ms. */
static void
speak_turn (Pair * pair, guint number)
{
  Rig *rig = &pair->rig;

  rig_event (rig, parley_event_new_speech_start (number, 1));
  for (guint i = 0; i < 25; i++)
    gst_harness_push (rig->harness, tone (number, 1));
  rig_event (rig, parley_event_new_speech_end (number, 1));
  rig_event (rig, parley_event_new_turn_end (number, 1));
}

static void
stt_fault (gconstpointer data, const gchar * provider)
{
  const Fault *fault = data;
  Pair pair;

  pair_init (&pair, "cloudstt", provider, fault->fault, "");
  rig_start (&pair.rig, MULAW);
  speak_turn (&pair, 1);
  gst_message_unref (await_message (&pair, "parley-provider-switch"));
  await (&pair, " 1/1\"", FALSE);
  g_assert_nonnull (strstr (pair.rig.trace->str, "econd heard"));
  pair_clear (&pair);
}

static void
stt_openai_fault (gconstpointer data)
{
  stt_fault (data, "openai");
}

static void
stt_deepgram_fault (gconstpointer data)
{
  stt_fault (data, "deepgram");
}

static void
stt_azure_fault (gconstpointer data)
{
  stt_fault (data, "azure");
}

static void
speak_take (Rig * rig, guint take)
{
  rig_push_audio (rig, 1, take, 20);
  rig_push_audio (rig, 1, take, 20);
  rig_event (rig, parley_event_new_speech_end (1, take));
}

/* Two takes of a turn that have no answer: both are heard again, in order, and
 * what the first says of them after all is not heeded. */
static void
stt_too_slow (void)
{
  static const gchar asked[] = "begin 1/1 mulaw 8000 en-US; finish 320; "
      "begin 1/2 mulaw 8000 en-US; finish 320";
  g_autofree gchar *again = g_strdup_printf ("cancel; %s", asked);
  Rig rig;

  rig_init (&rig, "cloudstt provider=mock fallback=mock timeout=1000");
  rig_start (&rig, MULAW);
  rig_event (&rig, parley_event_new_speech_start (1, 1));
  speak_take (&rig, 1);
  rig_event (&rig, parley_event_new_speech_resume (1, 1));
  speak_take (&rig, 2);
  rig_expect_log (&rig, asked);
  rig_event (&rig, parley_event_new_turn_end (1, 2));
  rig_wait_ms (&rig, 1000);
  rig_expect_log (&rig, again);
  check_switch (rig_take_message (&rig, "parley-provider-switch"), "stt",
      "timeout");
  mock_stt_final (1, 1, "good");
  rig_wait_ms (&rig, 999);
  rig_expect (&rig, "seg start1/1 resume1/1");
  mock_stt_final (1, 2, "morning");
  rig_expect (&rig, "1/2\"good morning\"");
  rig_clear (&rig);
}

/* Nobody is left */

/* What the first fails with is the second's fault too. */
static void
all_fail (Pair * pair, const gchar * launch, const gchar * provider,
    const gchar * fault)
{
  g_autofree gchar *address = NULL, *fallback = NULL;

  pair_init (pair, launch, provider, fault, "");
  g_object_get (pair->rig.element, "base-url", &address, NULL);
  fallback = g_strdup_printf ("%s(base-url=%s)", provider, address);
  g_object_set (pair->rig.element, "fallback", fallback, NULL);
}

static void
check_failed (Pair * pair, const gchar * kind)
{
  GstMessage *message = await_message (pair, "parley-provider-failed");
  const GstStructure *fields = gst_message_get_structure (message);
  const gchar *error = gst_structure_get_string (fields, "error");

  g_assert_cmpstr (gst_structure_get_string (fields, "kind"), ==, kind);
  g_assert_nonnull (strstr (error, "HTTP 500"));
  gst_message_unref (message);
}

static void
llm_all_fail (void)
{
  Pair pair;

  all_fail (&pair, "llmchat sorry-text=\"So sorry.\"", "openai",
      "{'fault':'500'}");
  rig_start (&pair.rig, TEXT);
  rig_push_text (&pair.rig, 1, 0, 0, "hello");
  check_failed (&pair, "llm");
  await (&pair, "end1", TRUE);
  rig_expect (&pair.rig, "seg release1 e1.0\"So sorry.\" end1");
  pair_clear (&pair);
}

static void
stt_all_fail (void)
{
  Pair pair;

  all_fail (&pair, "cloudstt", "openai", "{'fault':'500'}");
  rig_start (&pair.rig, MULAW);
  speak_turn (&pair, 1);
  check_failed (&pair, "stt");
  await (&pair, "empty1/1\"", TRUE);
  g_assert_nonnull (strstr (pair.rig.trace->str, "HTTP 500"));
  pair_clear (&pair);
}

/* Nobody understood the caller: he is told. */
static void
stt_failed_is_answered (void)
{
  Rig rig;

  rig_init (&rig, "llmchat provider=mock greeting=\"\" "
      "sorry-text=\"Pardon me?\"");
  rig_start (&rig, TEXT);
  rig_event (&rig, parley_event_new_turn_empty (1, 1, NULL));
  rig_expect (&rig, "seg");
  rig_event (&rig, parley_event_new_turn_empty (2, 1, "it failed"));
  rig_expect (&rig, "release1 e1.0\"Pardon me?\" end1");
  rig_clear (&rig);
}

/* Made while the service still worked. */
static void
tts_sorry_is_kept (void)
{
  Pair pair;
  guint ms = 0;

  all_fail (&pair, "cloudtts sorry-text=\"" SENTENCE "\"", "openai",
      "{'protocol':'openai-tts','fault':'500','nth':2,'count':100}");
  rig_start (&pair.rig, TEXT);
  while (parley_synthesis_get_prewarming () > 0)
    g_main_context_iteration (pair.rig.context, TRUE);
  rig_push_text (&pair.rig, 1, 1, 0, "One.");
  rig_push_text (&pair.rig, 1, 1, 1, "Two.");
  rig_push_text (&pair.rig, 1, 1, 2, "Three.");
  rig_event (&pair.rig, parley_event_new_reply_end (pair.rig.epochs + 1));
  check_failed (&pair, "tts");
  await (&pair, "end1", TRUE);
  /* In place of whichever failed first, and nothing else. */
  for (guint i = 0; i < 3; i++)
    ms += spoken_ms (&pair, i);
  g_assert_cmpuint (ms, >=, FIRST_MS - 60);
  g_assert_cmpuint (ms, <=, FIRST_MS + 60);
  pair_clear (&pair);
}

/* Nothing was kept. */
static void
tts_sorry_by_flite (void)
{
  Pair pair;

  all_fail (&pair, "cloudtts", "openai", "{'fault':'500'}");
  rig_start (&pair.rig, TEXT);
  rig_push_text (&pair.rig, 1, 1, 0, "One.");
  rig_event (&pair.rig, parley_event_new_reply_end (pair.rig.epochs + 1));
  check_failed (&pair, "tts");
  await (&pair, "end1", TRUE);
  g_assert_cmpuint (spoken_ms (&pair, 0), >, 1000);
  pair_clear (&pair);
}

/* Both broke off at their first sounds, and nothing follows. */
static void
tts_sorry_after_a_break (void)
{
  Pair pair;

  all_fail (&pair, "cloudtts", "openai", "{'fault':'drop','after':1}");
  rig_start (&pair.rig, TEXT);
  rig_push_text (&pair.rig, 1, 1, 0, "One.");
  rig_push_text (&pair.rig, 1, 1, 1, "Two.");
  rig_event (&pair.rig, parley_event_new_reply_end (pair.rig.epochs + 1));
  await (&pair, "end1", TRUE);
  g_assert_cmpuint (spoken_ms (&pair, 1), >, 1000);
  pair_clear (&pair);
}

/* In the middle of a reply */

/* Two sentences by the first, two by the second, none twice, none lost. */
static void
tts_in_a_reply (void)
{
  static const guint expected[] = { FIRST_MS, FIRST_MS, SECOND_MS, SECOND_MS };
  static const gchar *const sentences[] = {
    "Twenty letters hear!", "Twenty letters here?", "Twenty letters here.",
    "Twenty letters here:"
  };
  Pair pair;
  const gchar *at;

  pair_init (&pair, "cloudtts sorry-text=\"\"", "openai",
      "{'protocol':'openai-tts','fault':'500','nth':3,'count':100}", "");
  rig_start (&pair.rig, TEXT);
  for (guint i = 0; i < G_N_ELEMENTS (sentences); i++) {
    rig_push_text (&pair.rig, 1, 1, i, sentences[i]);
    if (i == 1)
      await (&pair, "e1.1:", FALSE);
  }
  rig_event (&pair.rig, parley_event_new_reply_end (pair.rig.epochs + 1));
  await (&pair, "end1", FALSE);
  at = pair.rig.trace->str;
  for (guint i = 0; i < G_N_ELEMENTS (sentences); i++) {
    g_autofree gchar *name = g_strdup_printf ("e1.%u:", i);
    const gchar *found = strstr (at, name);

    g_assert_nonnull (found);
    at = found;
    assert_spoken (&pair, i, expected[i]);
  }
  pair_clear (&pair);
}

/* What was heard of a sentence is not said again; the next one follows. */
static void
tts_in_a_sentence (void)
{
  Pair pair;

  pair_init (&pair, "cloudtts sorry-text=\"\"", "openai",
      "{'protocol':'openai-tts','fault':'drop','after':3,'nth':1}", "");
  rig_start (&pair.rig, TEXT);
  rig_push_text (&pair.rig, 1, 1, 0, SENTENCE);
  await (&pair, "e1.0:", FALSE);
  gst_message_unref (await_message (&pair, "parley-provider-failed"));
  rig_push_text (&pair.rig, 1, 1, 1, "Twenty letters hear!");
  rig_event (&pair.rig, parley_event_new_reply_end (pair.rig.epochs + 1));
  await (&pair, "end1", FALSE);
  g_assert_cmpuint (spoken_ms (&pair, 0), >, 0);
  g_assert_cmpuint (spoken_ms (&pair, 0), <, FIRST_MS);
  assert_spoken (&pair, 1, FIRST_MS);
  pair_clear (&pair);
}

/* A sentence went on: nobody says another beginning. */
static void
llm_in_a_reply (void)
{
  Pair pair;

  pair_init (&pair, "llmchat", "openai", "{'fault':'drop','after':12}", "");
  g_clear_pointer (&pair.first, emulator_rig_free);
  pair.first = emulator_rig_new ("{" KEYLESS ",'llm':{'replies':"
      "['This is a sentence for you. And this is one that will never come.']},"
      "'faults':[{'protocol':'openai-chat','fault':'drop','after':9}]}");
  {
    g_autofree gchar *address = g_strdup_printf ("http://127.0.0.1:%u/v1",
        pair.first->port);

    g_object_set (pair.rig.element, "base-url", address, NULL);
  }
  rig_start (&pair.rig, TEXT);
  rig_push_text (&pair.rig, 1, 0, 0, "hello");
  gst_message_unref (await_message (&pair, "parley-provider-failed"));
  await (&pair, "end1", FALSE);
  rig_expect (&pair.rig,
      "seg release1 e1.0\"This is a sentence for you.\" end1");
  pair_clear (&pair);
}

/* Down and back */

/* A turn that @who answers; the message of a switch, or NULL. */
static GstMessage *
turn (Pair * pair, guint number, const gchar * who)
{
  g_autofree gchar *end = g_strdup_printf ("end%u", number);
  g_autofree gchar *said = g_strdup_printf ("e%u.0\"%s says so.\"", number,
      who);

  rig_push_text (&pair->rig, number, 0, 0, "hello");
  await (pair, end, FALSE);
  if (!strstr (pair->rig.trace->str, said))
    g_error ("no “%s” in “%s”", said, pair->rig.trace->str);
  return rig_take_message (&pair->rig, "parley-provider-switch");
}

/* Five that fail, then nobody asks; after five seconds what the caller says
 * goes to both, and the next turn is the first's again. */
static void
down_and_back (void)
{
  Pair pair;
  g_autofree gchar *host = NULL;
  ParleyBreaker *breaker;
  ParleyBreakerStats stats;

  pair_init (&pair, "llmchat", "openai",
      "{'protocol':'openai-chat','fault':'500','count':5}", "");
  host = g_strdup_printf ("127.0.0.1:%u", pair.first->port);
  breaker = parley_breaker_get ("openai-llm", host);
  rig_start (&pair.rig, TEXT);
  for (guint i = 1; i <= 5; i++)
    check_switch (turn (&pair, i, "Second"), "llm", "status");
  parley_breaker_get_stats (breaker, &stats);
  g_assert_cmpint (stats.state, ==, PARLEY_BREAKER_OPEN);
  g_assert_cmpuint (stats.faults, ==, 5);
  check_switch (turn (&pair, 6, "Second"), "llm", "open");
  g_assert_cmpuint (stats.entered, ==, 5);
  rig_wait_ms (&pair.rig, 5000);
  check_switch (turn (&pair, 7, "Second"), "llm", "open");
  while (stats.state != PARLEY_BREAKER_CLOSED) {
    g_main_context_iteration (pair.rig.context, FALSE);
    parley_breaker_get_stats (breaker, &stats);
  }
  g_assert_cmpuint (stats.entered, ==, 6);
  g_assert_null (turn (&pair, 8, "First"));
  pair_clear (&pair);
}

static void
say_sentence (Pair * pair, guint number)
{
  g_autofree gchar *text = g_strdup_printf ("Twenty letters %u...", number);

  rig_push_text (&pair->rig, number, number, 0, text);
  rig_event (&pair->rig, parley_event_new_reply_end (pair->rig.epochs
          + number));
}

typedef struct
{
  const gchar *launch;
  const gchar *kind;
  const gchar *caps;
  void (*act) (Pair * pair, guint number);
  const gchar *end;             /* %u: of what came of it */
  const gchar *first;           /* in it, if the first did it */
} Road;

static const Road roads[] = {
  {"cloudstt", "stt", MULAW, speak_turn, " %u/1\"", "first heard"},
  {"cloudtts sorry-text=\"\"", "tts", TEXT, say_sentence, "end%u", NULL},
};

/* @reason: why it was not the first; NULL: it was. */
static void
take_road (Pair * pair, const Road * road, guint number, const gchar * reason)
{
  g_auto (GStrv) parts = g_strsplit (road->end, "%u", 2);
  g_autofree gchar *end = g_strdup_printf ("%s%u%s", parts[0], number,
      parts[1]);
  GstMessage *message;

  g_string_assign (pair->rig.trace, " ");
  road->act (pair, number);
  await (pair, end, FALSE);
  message = rig_take_message (&pair->rig, "parley-provider-switch");
  if (reason)
    check_switch (message, road->kind, reason);
  else
    g_assert_null (message);
}

/* The same for the others: the service itself tells whether it was asked. */
static void
down_and_back_of (gconstpointer data)
{
  const Road *road = data;
  g_autofree gchar *fault = g_strdup_printf ("{'protocol':'openai-%s',"
      "'fault':'500','count':5}", road->kind);
  g_autofree gchar *host = NULL, *name = NULL;
  Pair pair;
  ParleyBreaker *breaker;
  ParleyBreakerStats stats;

  pair_init (&pair, road->launch, "openai", fault, "");
  host = g_strdup_printf ("127.0.0.1:%u", pair.first->port);
  name = g_strconcat ("openai-", road->kind, NULL);
  breaker = parley_breaker_get (name, host);
  rig_start (&pair.rig, road->caps);
  for (guint i = 1; i <= 5; i++)
    take_road (&pair, road, i, "status");
  take_road (&pair, road, 6, "open");
  rig_wait_ms (&pair.rig, 5000);
  take_road (&pair, road, 7, "open");
  do {
    g_main_context_iteration (pair.rig.context, FALSE);
    parley_breaker_get_stats (breaker, &stats);
  } while (stats.state != PARLEY_BREAKER_CLOSED);
  g_assert_cmpuint (stats.entered, ==, 6);
  take_road (&pair, road, 8, NULL);
  if (road->first)
    g_assert_nonnull (strstr (pair.rig.trace->str, road->first));
  pair_clear (&pair);
}

static void
ignore_entered (ParleyBreakerTicket * ticket, const GError * error,
    gpointer data)
{
}

/* Others have all places: a quarter of the time is waited for one. */
static void
too_many (void)
{
  Pair pair;
  g_autofree gchar *host = NULL;
  ParleyBreakerTicket *other;

  pair_init (&pair, "llmchat max-concurrent=1 fallback-after=2000", "openai",
      "", "");
  host = g_strdup_printf ("127.0.0.1:%u", pair.first->port);
  other = parley_breaker_enter_in_loop (parley_breaker_get ("openai-llm",
          host), pair.rig.loop, G_MAXINT64, ignore_entered, NULL);
  rig_start (&pair.rig, TEXT);
  rig_push_text (&pair.rig, 1, 0, 0, "hello");
  rig_wait_ms (&pair.rig, 499);
  g_assert_null (rig_take_message (&pair.rig, "parley-provider-switch"));
  rig_wait_ms (&pair.rig, 1);
  rig_settle (&pair.rig);
  check_switch (rig_take_message (&pair.rig, "parley-provider-switch"), "llm",
      "busy");
  await (&pair, "end1", FALSE);
  g_assert_nonnull (strstr (pair.rig.trace->str, "Second says so."));
  parley_breaker_cancel (other);
  g_string_truncate (pair.rig.trace, 0);
  g_assert_null (turn (&pair, 2, "First"));
  pair_clear (&pair);
}

/* The service told when to come again: until then nobody asks, and it is not
 * down. */
static void
told_to_wait (void)
{
  Pair pair;

  pair_init (&pair, "llmchat", "openai", "{'protocol':'openai-chat',"
      "'fault':'429','retry_after':5,'count':1}", "");
  rig_start (&pair.rig, TEXT);
  check_switch (turn (&pair, 1, "Second"), "llm", "rate-limited");
  check_switch (turn (&pair, 2, "Second"), "llm", "busy");
  rig_wait_ms (&pair.rig, 5000);
  g_assert_null (turn (&pair, 3, "First"));
  pair_clear (&pair);
}

/* Settings */

static void
expect_error (const gchar * launch, const gchar * part)
{
  Rig rig;

  rig_init (&rig, launch);
  g_assert_cmpint (gst_element_set_state (rig.element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  rig_expect_fault (&rig, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, part);
  rig_clear (&rig);
}

static void
settings_refused (void)
{
  expect_error ("llmchat provider=mock fallback=\"script(\"",
      "no closing parenthesis");
  expect_error ("llmchat provider=mock fallback=\"scrip\"",
      "no provider “scrip”");
  expect_error ("llmchat provider=mock fallback=\"openai(modle=x)\"",
      "openai has no setting “modle”; it has: base-url");
  expect_error ("llmchat provider=mock "
      "fallback=\"openai(temperature=hot)\"", "temperature=hot");
  expect_error ("llmchat provider=mock fallback=\"openai(max-tokens=-1)\"",
      "max-tokens=-1");
}

/* A key that is missing leaves its provider out; none left is an error. */
static void
settings_keys (void)
{
  Rig rig;

  g_unsetenv ("OPENAI_API_KEY");
  g_unsetenv ("OTHER_KEY");
  rig_init (&rig, "llmchat provider=openai greeting=\"\" "
      "fallback=\"mock,openai(api-key-env=OTHER_KEY)\"");
  mock_script ()->reply = "It is me.";
  rig_start (&rig, TEXT);
  rig_push_text (&rig, 1, 0, 0, "hello");
  rig_wait_ms (&rig, 1);
  rig_expect (&rig, "seg release1 e1.0\"It is me.\" end1");
  for (guint i = 0; i < 2; i++) {
    GstMessage *message = rig_take_message (&rig, "warning");

    g_assert_nonnull (message);
    gst_message_unref (message);
  }
  rig_expect_no_message (&rig, "warning");
  rig_clear (&rig);
  expect_error ("llmchat provider=openai "
      "fallback=\"openai(api-key-env=OTHER_KEY)\"", "set OPENAI_API_KEY");
  expect_error ("llmchat provider=openai "
      "fallback=\"openai(api-key-env=OTHER_KEY)\"", "set OTHER_KEY");
}

/* Samples that are noise are samples, what was heard was heard, and deepgram
 * takes what it had understood so far. */
static gboolean
is_failure (const gchar * kind, const Fault * fault)
{
  gboolean middle = g_str_equal (fault->name, "hang-middle");

  if (g_str_has_prefix (kind, "tts"))
    return !middle && !g_str_equal (fault->name, "garbage");
  return !middle || !g_str_equal (kind, "stt-deepgram");
}

static void
add_faults (const gchar * kind, GTestDataFunc func)
{
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    g_autofree gchar *path = g_strdup_printf ("/failover/%s/%s", kind,
        faults[i].name);

    if (is_failure (kind, &faults[i]))
      g_test_add_data_func (path, &faults[i], func);
  }
}

static gboolean
has_flite (void)
{
  guint n;
  const ParleyProviderInfo *infos = parley_provider_list (&n);
  gboolean has = FALSE;

  for (guint i = 0; i < n; i++)
    has |= g_str_equal (infos[i].name, "flite") && infos[i].get_type;
  return has;
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  add_faults ("llm", llm_fault);
  add_faults ("tts-openai", tts_openai_fault);
  add_faults ("tts-elevenlabs", tts_elevenlabs_fault);
  add_faults ("stt-openai", stt_openai_fault);
  add_faults ("stt-deepgram", stt_deepgram_fault);
  add_faults ("stt-azure", stt_azure_fault);
  g_test_add_func ("/failover/llm/all-fail", llm_all_fail);
  g_test_add_func ("/failover/stt/too-slow", stt_too_slow);
  g_test_add_func ("/failover/stt/all-fail", stt_all_fail);
  g_test_add_func ("/failover/stt/failed-is-answered", stt_failed_is_answered);
  g_test_add_func ("/failover/tts/sorry-is-kept", tts_sorry_is_kept);
  if (has_flite ()) {
    g_test_add_func ("/failover/tts/sorry-by-flite", tts_sorry_by_flite);
    g_test_add_func ("/failover/tts/sorry-after-a-break",
        tts_sorry_after_a_break);
  }
  g_test_add_func ("/failover/tts/in-a-reply", tts_in_a_reply);
  g_test_add_func ("/failover/tts/in-a-sentence", tts_in_a_sentence);
  g_test_add_func ("/failover/llm/in-a-reply", llm_in_a_reply);
  g_test_add_func ("/failover/down-and-back/llm", down_and_back);
  for (guint i = 0; i < G_N_ELEMENTS (roads); i++) {
    g_autofree gchar *path = g_strconcat ("/failover/down-and-back/",
        roads[i].kind, NULL);

    g_test_add_data_func (path, &roads[i], down_and_back_of);
  }
  g_test_add_func ("/failover/too-many", too_many);
  g_test_add_func ("/failover/told-to-wait", told_to_wait);
  g_test_add_func ("/failover/settings/refused", settings_refused);
  g_test_add_func ("/failover/settings/keys", settings_keys);
  return g_test_run ();
}
