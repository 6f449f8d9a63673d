/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib/gstdio.h>
#include <string.h>

#include "elementrig.h"
#include "mock/coreplugins.h"
#include "net/caches.h"

/* What llmchat need not ask twice, and what it has made before anybody calls.
 * The caches are the process's: each test has a system prompt of its own. */

static void
begin (Rig * rig, const gchar * settings)
{
  gchar *launch = g_strconcat ("llmchat provider=mock ", settings, NULL);

  rig_init (rig, launch);
  rig->has_player = TRUE;
  rig_start (rig, TEXT);
  rig_expect (rig, "seg");
  g_free (launch);
}

static void
say (Rig * rig, guint turn, const gchar * text)
{
  rig_push_text (rig, turn, 0, 0, text);
}

static void
model_is_asked (Rig * rig, guint nth, const gchar * log, const gchar * answer)
{
  rig_expect_log (rig, log);
  mock_llm_delta (nth, answer);
  mock_llm_done (nth, FALSE);
}

/* A conversation of one turn. */
static void
ask_once (const gchar * settings, const gchar * text, const gchar * log,
    const gchar * answer, const gchar * trace)
{
  Rig rig;

  begin (&rig, settings);
  say (&rig, 1, text);
  if (*log)
    model_is_asked (&rig, 1, log, answer);
  else
    rig_expect_log (&rig, "");
  rig_expect (&rig, trace);
  rig_clear (&rig);
}

static void
question (void)
{
  static const gchar settings[] = "cache-scope=question system-prompt=quiz";

  ask_once (settings, "when?", "request S:quiz U:when?", "At nine. Or ten.",
      "release1 e1.0\"At nine.\" e1.1\"Or ten.\" end1");
  ask_once (settings, "when?", "", NULL,
      "release1 e1.0\"At nine.\" e1.1\"Or ten.\" end1");
  ask_once (settings, "where?", "request S:quiz U:where?", "Here.",
      "release1 e1.0\"Here.\" end1");
  /* Another prompt is another model. */
  ask_once ("cache-scope=question system-prompt=other", "when?",
      "request S:other U:when?", "Never.", "release1 e1.0\"Never.\" end1");
}

static void
off_by_default (void)
{
  for (guint i = 0; i < 2; i++)
    ask_once ("system-prompt=off", "when?", "request S:off U:when?", "Now.",
        "release1 e1.0\"Now.\" end1");
}

static void
scopes_do_not_mix (void)
{
  ask_once ("cache-scope=question system-prompt=mix", "when?",
      "request S:mix U:when?", "One.", "release1 e1.0\"One.\" end1");
  ask_once ("cache-scope=conversation system-prompt=mix", "when?",
      "request S:mix U:when?", "Two.", "release1 e1.0\"Two.\" end1");
}

static void
heard_all (Rig * rig, guint epoch, const gchar * text)
{
  ParleyHeard report = {
    .epoch = rig->epochs + epoch,.ms = 500,.begun = TRUE,.done = TRUE,
    .text = text
  };

  rig_upstream (rig, parley_event_new_heard (&report));
}

/* Two turns; the second depends on the first. */
static void
conversation (void)
{
  static const gchar settings[] = "cache-scope=conversation system-prompt=talk";
  static const gchar *const first[] = { "tea", "coffee", "tea" };
  Rig rig;

  for (guint i = 0; i < G_N_ELEMENTS (first); i++) {
    begin (&rig, settings);
    say (&rig, 1, first[i]);
    if (i < 2) {
      gchar *log = g_strconcat ("request S:talk U:", first[i], NULL);

      model_is_asked (&rig, 1, log, "Yes.");
      g_free (log);
    }
    rig_expect (&rig, "release1 e1.0\"Yes.\" end1");
    heard_all (&rig, 1, "Yes.");
    say (&rig, 2, "with milk");
    if (i < 2) {
      gchar *log = g_strconcat ("request S:talk U:", first[i],
          " A:Yes. U:with milk", NULL);

      model_is_asked (&rig, 2, log, first[i]);
      g_free (log);
    }
    rig_expect (&rig, i == 1 ? "release2 e2.0\"coffee\" end2"
        : "release2 e2.0\"tea\" end2");
    rig_expect_log (&rig, "");
    rig_clear (&rig);
  }
}

static void
failed_is_not_kept (void)
{
  static const gchar settings[] =
      "cache-scope=question system-prompt=fail sorry-text=Sorry.";
  Rig rig;

  begin (&rig, settings);
  say (&rig, 1, "when?");
  mock_llm_delta (1, "At nine. Or");
  mock_llm_fail (1, "gone");
  rig_clear (&rig);
  ask_once (settings, "when?", "request S:fail U:when?", "At ten.",
      "release1 e1.0\"At ten.\" end1");
}

/* Late answers of what was cancelled are not kept either. */
static void
cancelled_is_not_kept (void)
{
  static const gchar settings[] = "cache-scope=question system-prompt=cancel";
  Rig rig;

  begin (&rig, settings);
  say (&rig, 1, "when?");
  mock_llm_delta (1, "At nine.");
  rig_flush (&rig);
  mock_llm_delta (1, " Or ten.");
  mock_llm_done (1, FALSE);
  rig_clear (&rig);
  ask_once (settings, "when?", "request S:cancel U:when?", "Now.",
      "release1 e1.0\"Now.\" end1");
}

static void
end_of_the_call_is_not_kept (void)
{
  static const gchar settings[] = "cache-scope=question system-prompt=bye";
  Rig rig;

  begin (&rig, settings);
  say (&rig, 1, "bye");
  mock_llm_delta (1, "Goodbye.");
  mock_llm_done (1, TRUE);
  rig_clear (&rig);
  ask_once (settings, "bye", "request S:bye U:bye", "No.",
      "release1 e1.0\"No.\" end1");
}

/* The caller speaks on before the cached answer is given. */
static void
cancelled_before_it_is_given (void)
{
  static const gchar settings[] = "cache-scope=question system-prompt=quick";
  Rig rig;

  ask_once (settings, "when?", "request S:quick U:when?", "Now.",
      "release1 e1.0\"Now.\" end1");
  begin (&rig, settings);
  gst_harness_push (rig.harness, gst_buffer_new_memdup ("when?", 5));
  rig_state (&rig, GST_STATE_READY);
  rig_settle (&rig);
  rig_expect_log (&rig, "");
  rig_clear (&rig);
}

/* A thread looks into the directory first. */
static void
until_asked (Rig * rig)
{
  gchar *log;

  while (rig_settle (rig), log = mock_take_log (), !*log)
    g_free (log);
  g_free (log);
}

/* As after a new start of the program. */
static void
from_a_directory (void)
{
  static const ParleyCacheMatch all = { 0 };
  gchar *path = g_dir_make_tmp ("llmcache-XXXXXX", NULL);
  gchar *where = g_strconcat ("dir:", path, NULL);
  gchar *settings = g_strdup_printf ("cache-scope=question system-prompt=dir "
      "cache=%s", where);
  gchar *own = g_build_filename (path, "answers", NULL);
  ParleyCacheStoreStats stats;
  ParleyCacheStore *dir;
  ParleyCache *cache;
  Rig rig;

  begin (&rig, settings);
  parley_caches_open (PARLEY_CACHE_ANSWERS, where, 0, &cache, NULL);
  dir = parley_cache_get_behind (cache);
  say (&rig, 1, "when?");
  until_asked (&rig);
  mock_llm_delta (1, "Soon.");
  mock_llm_done (1, FALSE);
  rig_clear (&rig);
  while (parley_cache_store_get_stats (dir, &stats), stats.entries == 0)
    g_thread_yield ();
  parley_cache_clear (cache);
  begin (&rig, settings);
  say (&rig, 1, "when?");
  while (!strstr (rig.trace->str, "end1"))
    rig_settle (&rig);
  rig_expect (&rig, "release1 e1.0\"Soon.\" end1");
  rig_expect_log (&rig, "");
  rig_clear (&rig);
  parley_cache_store_drop (dir, &all, NULL, NULL, NULL);
  while (parley_cache_store_get_stats (dir, &stats), stats.entries > 0)
    g_thread_yield ();
  g_assert_cmpint (g_rmdir (own), ==, 0);
  g_assert_cmpint (g_rmdir (path), ==, 0);
  g_free (own);
  g_free (settings);
  g_free (where);
  g_free (path);
}

static void
refusal (void)
{
  static const gchar *const settings[] = {
    "cache-scope=always", "cache-scope=question cache=tape"
  };
  Rig rig;

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    gchar *launch = g_strconcat ("llmchat provider=mock ", settings[i], NULL);

    rig_init (&rig, launch);
    g_assert_cmpint (gst_element_set_state (rig.element, GST_STATE_READY), ==,
        GST_STATE_CHANGE_FAILURE);
    rig_expect_fault (&rig, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_SETTINGS, i ? "dir:PATH" : "conversation");
    rig_clear (&rig);
    g_free (launch);
  }
}

/* Before anybody calls */

#define SINK " ! capsfilter caps=audio/x-mulaw"

static void
made_in_ready (void)
{
  Rig rig;

  rig_init (&rig, "llmchat provider=mock greeting=\"Hello. **Who** is it?\" "
      "sorry-text=\"Oh dear.\" prewarm-texts=\"Wait, please.|Bye.\" "
      "! cloudtts provider=mock" SINK);
  rig_give_call (&rig);
  mock_script ()->format = (ParleyAudioFormat) {
  TRUE, 8000};
  mock_script ()->ms_per_word = 20;
  gst_element_set_state (rig.element, GST_STATE_READY);
  rig_settle (&rig);
  rig_expect_log (&rig, "speak Hello.; speak Who is it?; speak Oh dear.; "
      "speak Wait, please.; speak Bye.");
  rig_start (&rig, TEXT);
  rig_wait_ms (&rig, 1);
  /* The greeting comes without asking. */
  rig_expect_log (&rig, "");
  g_assert_nonnull (strstr (rig.trace->str, "e1.0:20ms"));
  g_assert_nonnull (strstr (rig.trace->str, "e1.1:60ms"));
  rig_clear (&rig);
}

/* From the caller's text to the first sound no time passes: nothing on the way
 * waits for a tick, a thread or a provider. */
static void
takes_no_time (void)
{
  Rig rig;
  gint64 now;

  for (guint i = 0; i < 2; i++) {
    rig_init (&rig, "llmchat provider=mock cache-scope=conversation "
        "sorry-text=\"\" ! cloudtts provider=mock");
    mock_script ()->format = (ParleyAudioFormat) {
    TRUE, 8000};
    rig_start (&rig, TEXT);
    now = parley_clock_now ();
    say (&rig, 1, "how fast?");
    if (i == 0) {
      model_is_asked (&rig, 1, "request U:how fast?", "As fast as it goes.");
      rig_expect_log (&rig, "speak As fast as it goes.");
      mock_tts_audio (1, 40);
      mock_tts_done (1);
    }
    rig_expect_log (&rig, "");
    g_assert_nonnull (strstr (rig.trace->str, "e1.0:40ms"));
    g_assert_cmpint (parley_clock_now (), ==, now);
    rig_clear (&rig);
  }
}

/* Nobody knows yet what will be said, or by whom. */
static void
variables_are_not_made (void)
{
  Rig rig;

  rig_init (&rig, "llmchat provider=mock greeting=\"Hi %{call.from}.\" "
      "sorry-text=\"Dear oh dear.\" ! cloudtts provider=mock" SINK);
  rig_give_call (&rig);
  gst_element_set_state (rig.element, GST_STATE_READY);
  rig_settle (&rig);
  rig_expect_log (&rig, "speak Dear oh dear.");
  mock_tts_done (1);
  rig_clear (&rig);
  rig_init (&rig, "llmchat provider=mock greeting=\"Welcome.\" "
      "! cloudtts provider=mock voice=\"%{param.voice}\"" SINK);
  rig_give_call (&rig);
  gst_element_set_state (rig.element, GST_STATE_READY);
  rig_settle (&rig);
  rig_expect_log (&rig, "");
  rig_clear (&rig);
}

static void
not_for_a_call_that_began (void)
{
  Rig rig;

  rig_init (&rig, "llmchat provider=mock greeting=\"Good day.\" "
      "! cloudtts provider=mock" SINK);
  rig_give_call (&rig);
  call_pair_start (&rig.pair, NULL);
  rig_settle (&rig);
  gst_element_set_state (rig.element, GST_STATE_READY);
  rig_settle (&rig);
  rig_expect_log (&rig, "");
  rig_clear (&rig);
}

#define ADD(name, func) g_test_add_func ("/llmcache/" name, func)

int
main (int argc, char **argv)
{
  core_plugins_add ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD ("question", question);
  ADD ("off-by-default", off_by_default);
  ADD ("scopes-do-not-mix", scopes_do_not_mix);
  ADD ("conversation", conversation);
  ADD ("failed-is-not-kept", failed_is_not_kept);
  ADD ("cancelled-is-not-kept", cancelled_is_not_kept);
  ADD ("end-of-the-call-is-not-kept", end_of_the_call_is_not_kept);
  ADD ("cancelled-before-it-is-given", cancelled_before_it_is_given);
  ADD ("from-a-directory", from_a_directory);
  ADD ("refusal", refusal);
  ADD ("made-in-ready", made_in_ready);
  ADD ("takes-no-time", takes_no_time);
  ADD ("variables-are-not-made", variables_are_not_made);
  ADD ("not-for-a-call-that-began", not_for_a_call_that_began);
  return g_test_run ();
}
