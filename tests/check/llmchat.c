/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include <glib/gstdio.h>

#include "elementrig.h"
#include "mock/races.h"

/* llmchat with a model that answers when the test says so, and a sink that
 * reports what the test says. */

static void
setup_with (Rig * rig, gboolean player, const gchar * launch)
{
  rig_init (rig, launch);
  rig->has_player = player;
  rig_start (rig, TEXT);
}

static void
setup (Rig * rig, gconstpointer data)
{
  setup_with (rig, TRUE, "llmchat provider=mock");
  rig_expect (rig, "seg");
}

static void
setup_without_player (Rig * rig, gconstpointer data)
{
  setup_with (rig, FALSE, "llmchat provider=mock");
  rig_expect (rig, "seg");
}

static void
teardown (Rig * rig, gconstpointer data)
{
  rig_clear (rig);
}

static void
start (Rig * rig, guint turn)
{
  rig_event (rig, parley_event_new_speech_start (turn, 1));
}

static void
say (Rig * rig, guint turn, const gchar * text)
{
  rig_push_text (rig, turn, 0, 0, text);
}

static void
playing (Rig * rig, guint epoch)
{
  rig_upstream (rig, parley_event_new_playing (rig->epochs + epoch, TRUE));
}

/* What mulawsink and cloudtts would report: b begun, d done, a answer. */
static void
heard (Rig * rig, guint epoch, guint ms, const gchar * flags,
    const gchar * text)
{
  ParleyHeard report = {
    .epoch = rig->epochs + epoch,
    .ms = ms,
    .begun = strchr (flags, 'b') != NULL,
    .done = strchr (flags, 'd') != NULL,
    .answer = strchr (flags, 'a') != NULL,
    .text = text
  };

  rig_upstream (rig, parley_event_new_heard (&report));
}

/* A turn and its answer, which plays. */
static void
converse (Rig * rig)
{
  start (rig, 1);
  say (rig, 1, "good morning");
  mock_llm_delta (1, "Hello there. How are you?");
  mock_llm_done (1, FALSE);
  playing (rig, 1);
  rig_expect (rig, "release1 e1.0\"Hello there.\" e1.1\"How are you?\" end1");
  rig_expect_log (rig, "request U:good morning");
}

/* Replies */

static void
answers_a_turn (Rig * rig, gconstpointer data)
{
  converse (rig);
}

static void
sentences_as_they_come (Rig * rig, gconstpointer data)
{
  static const gchar *deltas[] = { "Dr", ". No", "rd has ti", "me at 3.",
    "30 tod", "ay. T", "omorr", "ow"
  };

  say (rig, 1, "when");
  rig_expect (rig, "release1");
  for (guint i = 0; i < G_N_ELEMENTS (deltas); i++)
    mock_llm_delta (1, deltas[i]);
  rig_expect (rig, "e1.0\"Dr. Nord has time at 3.30 today.\"");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "e1.1\"Tomorrow\" end1");
}

/* The greeting has come whole: nothing is gained by its clauses. */
static void
first_clause_goes_alone (void)
{
  Rig rig;

  setup_with (&rig, TRUE, "llmchat provider=mock greeting=\"We listen to all "
      "that you say, and to nothing else.\"");
  rig_expect (&rig, "seg release1 e1.0\"We listen to all that you say, and to "
      "nothing else.\" end1");
  playing (&rig, 1);
  heard (&rig, 1, 500, "bd", "We listen to all that you say, and to nothing "
      "else.");
  say (&rig, 1, "when");
  mock_llm_delta (1, "You can come on Monday morning, or on");
  rig_expect (&rig, "release2");
  mock_llm_delta (1, " any oth");
  rig_expect (&rig, "e2.0\"You can come on Monday morning,\"");
  mock_llm_delta (1, "er day, if that suits you, and you too. Good.");
  mock_llm_done (1, FALSE);
  rig_expect (&rig, "e2.1\"or on any other day, if that suits you, and you "
      "too.\" e2.2\"Good.\" end2");
  rig_clear (&rig);
}

static void
first_clause_off (void)
{
  Rig rig;

  setup_with (&rig, TRUE, "llmchat provider=mock first-clause=false");
  say (&rig, 1, "when");
  mock_llm_delta (1, "You can come on Monday morning, or on any other day.");
  mock_llm_done (1, FALSE);
  rig_expect (&rig, "seg release1 e1.0\"You can come on Monday morning, or on "
      "any other day.\" end1");
  rig_clear (&rig);
}

static void
markdown_is_not_spoken (Rig * rig, gconstpointer data)
{
  say (rig, 1, "when");
  mock_llm_delta (1, "**Sure!** 😀 We open at *nine*.");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "release1 e1.0\"Sure!\" e1.1\"We open at nine.\" end1");
}

static void
setup_with_fallback (Rig * rig, const gchar * launch)
{
  setup_with (rig, TRUE, launch);
  rig_expect (rig, "seg");
  say (rig, 1, "when");
  rig_expect (rig, "release1");
  rig_expect_log (rig, "request U:when");
}

static void
late_sentence (void)
{
  Rig rig;

  setup_with_fallback (&rig, "llmchat provider=mock fallback=mock "
      "fallback-after=1000");
  mock_llm_delta (1, "We ope");
  rig_wait_ms (&rig, 1499);
  g_assert_cmpuint (mock_llm_count (), ==, 1);
  rig_wait_ms (&rig, 1);
  g_assert_cmpuint (mock_llm_count (), ==, 2);
  rig_expect_log (&rig, "cancel; request U:when");
  mock_llm_delta (1, "n at nine. And close at");
  mock_llm_delta (2, "At nine");
  /* Nobody is behind the last one. */
  rig_wait_ms (&rig, 5000);
  mock_llm_done (2, FALSE);
  rig_expect (&rig, "e1.0\"At nine\" end1");
  rig_clear (&rig);
}

static void
sentence_in_time (void)
{
  Rig rig;

  setup_with_fallback (&rig, "llmchat provider=mock fallback=mock "
      "fallback-after=1000");
  mock_llm_delta (1, "We open at nine. We");
  rig_wait_ms (&rig, 5000);
  mock_llm_delta (1, " close at six.");
  mock_llm_done (1, FALSE);
  g_assert_cmpuint (mock_llm_count (), ==, 1);
  rig_expect (&rig, "e1.0\"We open at nine.\" e1.1\"We close at six.\" end1");
  rig_clear (&rig);
}

static void
sentence_messages (Rig * rig, gconstpointer data)
{
  GstMessage *message;
  const GstStructure *structure;
  guint64 epoch;
  guint sequence, turn;

  say (rig, 4, "hello");
  mock_llm_delta (1, "One. Two.");
  mock_llm_done (1, FALSE);
  gst_message_unref (rig_take_message (rig, "llmchat"));
  message = rig_take_message (rig, "llmchat");
  structure = gst_message_get_structure (message);
  g_assert_true (gst_structure_get (structure, "epoch", G_TYPE_UINT64, &epoch,
          "sequence", G_TYPE_UINT, &sequence, "turn", G_TYPE_UINT, &turn,
          NULL));
  g_assert_cmpuint (epoch, ==, rig->epochs + 1);
  g_assert_cmpuint (sequence, ==, 1);
  g_assert_cmpuint (turn, ==, 4);
  g_assert_cmpstr (gst_structure_get_string (structure, "text"), ==, "Two.");
  gst_message_unref (message);
}

static void
text_without_meta (Rig * rig, gconstpointer data)
{
  say (rig, 0, "hello");
  mock_llm_delta (1, "Hi.");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "release1 e1.0\"Hi.\" end1");
}

static void
key_is_a_turn (Rig * rig, gconstpointer data)
{
  rig_event (rig, parley_event_new_dtmf (1, '5'));
  rig_expect_log (rig, "");
  rig_wait_ms (rig, 2000);
  rig_expect_log (rig, "request U:5");
  rig_expect (rig, "release1");
}

static void
key_without_a_turn (Rig * rig, gconstpointer data)
{
  rig_event (rig, parley_event_new_dtmf (0, '#'));
  rig_expect_log (rig, "request U:#");
}

/* Greeting, prompt, history */

static void
greeting_text (void)
{
  Rig rig;

  setup_with (&rig, TRUE,
      "llmchat provider=mock greeting=\"Hello. I listen.\"");
  rig_expect (&rig, "seg release1 e1.0\"Hello.\" e1.1\"I listen.\" end1");
  rig_clear (&rig);
}

static gchar *
text_file (const gchar * text)
{
  gchar *path;
  gint fd = g_file_open_tmp ("parley-XXXXXX", &path, NULL);

  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

/* The test is on the loop, so a worker reads the files. */
static void
wait_for_texts (Rig * rig)
{
  while (rig->trace->len == 0)
    g_main_context_iteration (rig->context, TRUE);
}

static void
texts_from_files (void)
{
  Rig rig;
  gchar *path = text_file ("Be brief.\n");
  gchar *launch = g_strdup_printf ("llmchat provider=mock greeting=@%s "
      "system-prompt=@%s", path, path);

  setup_with (&rig, TRUE, launch);
  wait_for_texts (&rig);
  rig_expect (&rig, "seg release1 e1.0\"Be brief.\" end1");
  playing (&rig, 1);
  heard (&rig, 1, 500, "bd", "Be brief.");
  say (&rig, 1, "hi");
  rig_expect_log (&rig, "request S:Be brief. A:Be brief. U:hi");
  rig_clear (&rig);
  g_unlink (path);
  g_free (path);
  g_free (launch);
}

static void
pass (gpointer data)
{
  g_mutex_lock (data);
  g_mutex_unlock (data);
}

/* All workers are busy: what comes meanwhile waits for the files, in order. */
static void
turn_before_the_texts (void)
{
  Rig rig;
  GMutex busy;
  gchar *path = text_file ("Be kind.");
  gchar *launch = g_strdup_printf ("llmchat provider=mock system-prompt=@%s",
      path);

  rig_init (&rig, launch);
  rig.has_player = TRUE;
  g_mutex_init (&busy);
  g_mutex_lock (&busy);
  for (guint i = 0; i < MAX (g_get_num_processors (), 2); i++)
    parley_work_submit (rig.loop, pass, NULL, &busy);
  rig_start (&rig, TEXT);
  rig_push_text (&rig, 1, 0, 0, "hi");
  rig_settle (&rig);
  rig_expect (&rig, "");
  rig_expect_log (&rig, "");
  g_mutex_unlock (&busy);
  wait_for_texts (&rig);
  rig_expect (&rig, "seg release1");
  rig_expect_log (&rig, "request S:Be kind. U:hi");
  rig_clear (&rig);
  g_mutex_clear (&busy);
  g_unlink (path);
  g_free (path);
  g_free (launch);
}

static void
missing_text_file (void)
{
  Rig rig;

  setup_with (&rig, TRUE, "llmchat provider=mock system-prompt=@/nowhere/x");
  wait_for_texts (&rig);
  rig_expect_fault (&rig, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND, "/nowhere/x");
  say (&rig, 1, "hi");
  rig_expect_log (&rig, "request U:hi");
  rig_clear (&rig);
}

static void
models_own_greeting (void)
{
  Rig rig;

  rig_init (&rig, "llmchat provider=mock");
  mock_script ()->greeting = "Surgery, good day.";
  rig.has_player = TRUE;
  rig_start (&rig, TEXT);
  rig_expect (&rig, "seg release1 e1.0\"Surgery, good day.\" end1");
  rig_clear (&rig);
}

static void
empty_greeting_is_none (void)
{
  Rig rig;

  rig_init (&rig, "llmchat provider=mock greeting=\"\"");
  mock_script ()->greeting = "Surgery, good day.";
  rig.has_player = TRUE;
  rig_start (&rig, TEXT);
  rig_expect (&rig, "seg");
  rig_clear (&rig);
}

static void
call_variables (void)
{
  Rig rig;

  rig_init (&rig, "llmchat provider=mock greeting=\"Hello %{param.name}.\" "
      "system-prompt=\"The caller is %{call.from}.\"");
  rig.has_player = TRUE;
  rig_give_call (&rig);
  rig_start (&rig, NULL);
  call_pair_start (&rig.pair, "name", "Ada", "From", "+4930", NULL);
  gst_harness_set_src_caps_str (rig.harness, TEXT);
  rig_expect (&rig, "seg release1 e1.0\"Hello Ada.\" end1");
  playing (&rig, 1);
  heard (&rig, 1, 500, "bd", "Hello Ada.");
  say (&rig, 1, "hi");
  rig_expect_log (&rig, "request S:The caller is +4930. A:Hello Ada. U:hi");
  rig_clear (&rig);
}

static void
history_is_what_was_heard (Rig * rig, gconstpointer data)
{
  converse (rig);
  heard (rig, 1, 800, "b", "Hello there.");
  start (rig, 2);
  heard (rig, 1, 900, "ba", "Hello there. How");
  say (rig, 2, "stop");
  rig_expect_log (rig, "request U:good morning A:Hello there. How U:stop");
}

static void
heard_messages (Rig * rig, gconstpointer data)
{
  GstMessage *message;
  const GstStructure *structure;
  guint ms;
  gboolean done;

  converse (rig);
  heard (rig, 1, 800, "b", "Hello there.");
  message = rig_take_message (rig, "llmchat-heard");
  structure = gst_message_get_structure (message);
  g_assert_true (gst_structure_get (structure, "ms", G_TYPE_UINT, &ms,
          "done", G_TYPE_BOOLEAN, &done, NULL));
  g_assert_cmpuint (ms, ==, 800);
  g_assert_false (done);
  g_assert_cmpstr (gst_structure_get_string (structure, "text"), ==,
      "Hello there.");
  gst_message_unref (message);
}

static void
nothing_heard_is_no_history (Rig * rig, gconstpointer data)
{
  converse (rig);
  heard (rig, 1, 0, "d", "");
  say (rig, 2, "hello");
  rig_expect_log (rig, "request U:good morning U:hello");
}

/* Who speaks */

static void
speech_pauses_and_text_interrupts (Rig * rig, gconstpointer data)
{
  converse (rig);
  start (rig, 2);
  rig_expect (rig, "pause1");
  say (rig, 2, "wait");
  rig_expect (rig, "");
  heard (rig, 1, 400, "ba", "Hello");
  rig_expect (rig, "interrupt1 release2");
  mock_llm_delta (2, "Yes?");
  mock_llm_done (2, FALSE);
  rig_expect (rig, "e2.0\"Yes?\" end2");
}

static void
noise_unpauses (Rig * rig, gconstpointer data)
{
  converse (rig);
  start (rig, 2);
  heard (rig, 1, 400, "ba", "Hello");
  rig_event (rig, parley_event_new_turn_empty (2, 1, NULL));
  rig_expect (rig, "pause1 unpause1");
}

static void
empty_before_the_answer (Rig * rig, gconstpointer data)
{
  converse (rig);
  start (rig, 2);
  rig_event (rig, parley_event_new_turn_empty (2, 1, NULL));
  rig_expect (rig, "pause1");
  heard (rig, 1, 400, "ba", "Hello");
  rig_expect (rig, "unpause1");
}

static void
missing_answer_is_given_up (Rig * rig, gconstpointer data)
{
  converse (rig);
  start (rig, 2);
  say (rig, 2, "wait");
  rig_wait_ms (rig, 499);
  rig_expect (rig, "pause1");
  rig_wait_ms (rig, 1);
  rig_expect (rig, "interrupt1 release2");
}

static void
reply_not_begun_merges (Rig * rig, gconstpointer data)
{
  start (rig, 1);
  say (rig, 1, "good morning");
  start (rig, 2);
  heard (rig, 1, 0, "a", "");
  say (rig, 2, "I need help");
  rig_expect (rig, "release1 pause1 interrupt1 release2");
  rig_expect_log (rig, "request U:good morning; cancel; "
      "request U:good morning. I need help");
}

static void
nothing_is_released_while_a_turn_is_open (Rig * rig, gconstpointer data)
{
  start (rig, 1);
  start (rig, 2);
  say (rig, 1, "good morning");
  rig_expect (rig, "");
  say (rig, 2, "hello");
  rig_expect (rig, "release1");
  rig_expect_log (rig, "request U:good morning. hello");
}

static void
late_answer_is_dropped (Rig * rig, gconstpointer data)
{
  say (rig, 1, "one");
  mock_llm_delta (1, "First. Sec");
  start (rig, 2);
  heard (rig, 1, 0, "a", "");
  say (rig, 2, "two");
  mock_llm_delta (1, "ond. Third.");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "release1 e1.0\"First.\" pause1 interrupt1 release2");
  mock_llm_delta (2, "Both.");
  mock_llm_fail (1, "late");
  mock_llm_done (2, FALSE);
  rig_expect (rig, "e2.0\"Both.\" end2");
  rig_expect_no_message (rig, "warning");
}

static void
late_reports_of_a_void_reply (Rig * rig, gconstpointer data)
{
  converse (rig);
  start (rig, 2);
  heard (rig, 1, 400, "ba", "Hello");
  say (rig, 2, "wait");
  playing (rig, 1);
  heard (rig, 1, 500, "bd", "Hello there.");
  rig_expect (rig, "pause1 interrupt1 release2");
}

/* Failures and ends */

static void
failure_says_sorry (Rig * rig, gconstpointer data)
{
  g_object_set (rig->element, "sorry-text", "Sorry.", NULL);
  say (rig, 1, "hello");
  mock_llm_fail (1, "out of quota");
  rig_expect (rig, "release1 e1.0\"Sorry.\" end1");
  rig_expect_fault (rig, GST_MESSAGE_WARNING, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FAILED, "out of quota");
}

static void
failure_in_the_first_sentence (Rig * rig, gconstpointer data)
{
  g_object_set (rig->element, "sorry-text", "Sorry.", NULL);
  say (rig, 1, "hello");
  mock_llm_delta (1, "I can ");
  mock_llm_fail (1, "out of quota");
  rig_expect (rig, "release1 e1.0\"Sorry.\" end1");
}

static void
failure_after_a_sentence (Rig * rig, gconstpointer data)
{
  say (rig, 1, "hello");
  mock_llm_delta (1, "I can help. There is ");
  mock_llm_fail (1, "out of quota");
  rig_expect (rig, "release1 e1.0\"I can help.\" end1");
}

static void
failure_without_sorry (Rig * rig, gconstpointer data)
{
  g_object_set (rig->element, "sorry-text", NULL, NULL);
  say (rig, 1, "hello");
  mock_llm_fail (1, "out of quota");
  rig_expect (rig, "release1 end1");
}

static void
hang_up_after_the_last_word (Rig * rig, gconstpointer data)
{
  GstMessage *message;

  say (rig, 1, "bye");
  mock_llm_delta (1, "Goodbye.");
  mock_llm_done (1, TRUE);
  playing (rig, 1);
  rig_expect (rig, "release1 e1.0\"Goodbye.\" end1");
  heard (rig, 1, 700, "bd", "Goodbye.");
  rig_expect (rig, "eos");
  message = rig_take_message (rig, "llmchat-hangup");
  g_assert_nonnull (message);
  gst_message_unref (message);
}

static void
eos_waits_for_the_reply (Rig * rig, gconstpointer data)
{
  say (rig, 1, "hello");
  mock_llm_delta (1, "Hi");
  rig_event (rig, gst_event_new_eos ());
  rig_expect (rig, "release1");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "e1.0\"Hi\" end1 eos");
}

static void
eos_after_a_missing_answer (Rig * rig, gconstpointer data)
{
  converse (rig);
  start (rig, 2);
  rig_event (rig, parley_event_new_turn_empty (2, 1, NULL));
  rig_event (rig, gst_event_new_eos ());
  rig_expect (rig, "pause1");
  rig_wait_ms (rig, 500);
  rig_expect (rig, "unpause1 eos");
}

static void
flush_while_it_hangs (Rig * rig, gconstpointer data)
{
  say (rig, 1, "hello");
  mock_llm_delta (1, "Hi. Th");
  rig_flush (rig);
  mock_llm_delta (1, "ere.");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "release1 e1.0\"Hi.\" { )} seg");
  rig_expect_log (rig, "request U:hello; cancel");
  say (rig, 2, "again");
  rig_expect (rig, "release2");
}

static void
down_while_it_hangs (Rig * rig, gconstpointer data)
{
  say (rig, 1, "hello");
  rig_expect (rig, "release1");
  rig_state (rig, GST_STATE_READY);
  mock_llm_delta (1, "Hi. There.");
  mock_llm_fail (1, "late");
  rig_expect (rig, "");
  rig_expect_no_message (rig, "llmchat");
  rig_expect_no_message (rig, "warning");
}

static void
two_runs (Rig * rig, gconstpointer data)
{
  static const GstState between[] = { GST_STATE_READY, GST_STATE_NULL };

  for (guint i = 0; i < G_N_ELEMENTS (between); i++) {
    say (rig, 1, "hello");
    rig_state (rig, between[i]);
    rig_state (rig, GST_STATE_PLAYING);
    gst_harness_set_src_caps_str (rig->harness, TEXT);
    rig_settle (rig);
    g_string_truncate (rig->trace, 0);
    g_free (mock_take_log ());
    say (rig, 1, "again");
    rig_expect_log (rig, "request U:again");
    mock_llm_delta (i + 2, "Yes.");
    mock_llm_done (i + 2, FALSE);
    g_assert_nonnull (strstr (rig->trace->str, "\"Yes.\" end"));
    g_assert_cmpuint (mock_count (), ==, 1);
  }
}

/* Without mulawsink */

static void
texts_wait_for_each_other (Rig * rig, gconstpointer data)
{
  say (rig, 0, "one");
  say (rig, 0, "two");
  rig_event (rig, gst_event_new_eos ());
  rig_expect (rig, "release1");
  mock_llm_delta (1, "First.");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "e1.0\"First.\" end1 release2");
  mock_llm_delta (2, "Second.");
  mock_llm_done (2, FALSE);
  rig_expect (rig, "e2.0\"Second.\" end2 eos");
  rig_expect_log (rig, "request U:one; request U:one A:First. U:two");
}

static void
nothing_pauses_without_a_player (Rig * rig, gconstpointer data)
{
  say (rig, 1, "one");
  start (rig, 2);
  mock_llm_delta (1, "First.");
  mock_llm_done (1, FALSE);
  rig_expect (rig, "release1 e1.0\"First.\" end1");
}

static void
many_replies (Rig * rig, gconstpointer data)
{
  for (guint i = 1; i <= 100; i++) {
    say (rig, 0, "again");
    mock_llm_delta (i, "Yes.");
    mock_llm_done (i, FALSE);
  }
  g_assert_cmpuint (gst_harness_buffers_received (rig->harness), ==, 100);
}

static void
hang_up_without_a_player (Rig * rig, gconstpointer data)
{
  say (rig, 0, "bye");
  mock_llm_delta (1, "Bye.");
  mock_llm_done (1, TRUE);
  rig_expect (rig, "release1 e1.0\"Bye.\" end1 eos");
}

/* Settings */

static void
expect_refusal (const gchar * launch, const gchar * part)
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
refusals (void)
{
  expect_refusal ("llmchat provider=nobody", "nobody");
  expect_refusal ("llmchat provider=script", "script");
  expect_refusal ("llmchat provider=script script=/nowhere/x.json",
      "/nowhere/x.json");
}

static void
properties (void)
{
  rig_check_properties ("llmchat");
}

static void
gap_is_swallowed (Rig * rig, gconstpointer data)
{
  rig_event (rig, gst_event_new_gap (0, GST_SECOND));
  rig_expect (rig, "");
}

static void
stress (void)
{
  GstElement *element;
  GstHarness *h;
  GstBuffer *buffer = gst_buffer_new_memdup ("hello", 5);
  GstCaps *caps = gst_caps_from_string (TEXT);
  GstSegment segment;
  GstHarnessThread *threads[3];

  mock_reset ();
  mock_script ()->reply = "Yes. No.";
  element = gst_element_factory_make ("llmchat", NULL);
  g_object_set (element, "provider", "mock", NULL);
  h = gst_harness_new_with_element (gst_object_ref_sink (element), "sink",
      "src");
  gst_object_unref (element);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  races_allow ();
  threads[0] = gst_harness_stress_statechange_start_full (h, 2000);
  threads[1] = gst_harness_stress_push_buffer_start_full (h, caps, &segment,
      buffer, 100);
  threads[2] = gst_harness_stress_push_event_start_full (h,
      parley_event_new_speech_start (1, 1), 500);
  for (guint i = 0; i < 20000; i++)
    g_thread_yield ();
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    gst_harness_stress_thread_stop (threads[i]);
  gst_buffer_unref (buffer);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

#define ADD(name, func) \
    g_test_add ("/llmchat/" name, Rig, NULL, setup, func, teardown)
#define ADD_ALONE(name, func) \
    g_test_add ("/llmchat/" name, Rig, NULL, setup_without_player, func, \
        teardown)
#define ADD_FUNC(name, func) g_test_add_func ("/llmchat/" name, func)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD ("answers-a-turn", answers_a_turn);
  ADD ("sentences-as-they-come", sentences_as_they_come);
  ADD ("markdown-is-not-spoken", markdown_is_not_spoken);
  ADD ("sentence-messages", sentence_messages);
  ADD ("text-without-meta", text_without_meta);
  ADD ("key-is-a-turn", key_is_a_turn);
  ADD ("key-without-a-turn", key_without_a_turn);
  ADD_FUNC ("fallback/late-sentence", late_sentence);
  ADD_FUNC ("fallback/sentence-in-time", sentence_in_time);
  ADD_FUNC ("greeting-text", greeting_text);
  ADD_FUNC ("texts-from-files", texts_from_files);
  ADD_FUNC ("turn-before-the-texts", turn_before_the_texts);
  ADD_FUNC ("missing-text-file", missing_text_file);
  ADD_FUNC ("models-own-greeting", models_own_greeting);
  ADD_FUNC ("empty-greeting-is-none", empty_greeting_is_none);
  ADD_FUNC ("call-variables", call_variables);
  ADD ("history-is-what-was-heard", history_is_what_was_heard);
  ADD ("heard-messages", heard_messages);
  ADD ("nothing-heard-is-no-history", nothing_heard_is_no_history);
  ADD ("speech-pauses-and-text-interrupts", speech_pauses_and_text_interrupts);
  ADD ("noise-unpauses", noise_unpauses);
  ADD ("empty-before-the-answer", empty_before_the_answer);
  ADD ("missing-answer-is-given-up", missing_answer_is_given_up);
  ADD ("reply-not-begun-merges", reply_not_begun_merges);
  ADD ("nothing-released-while-open", nothing_is_released_while_a_turn_is_open);
  ADD ("late-answer-is-dropped", late_answer_is_dropped);
  ADD ("late-reports-of-a-void-reply", late_reports_of_a_void_reply);
  ADD ("failure-says-sorry", failure_says_sorry);
  ADD ("failure-in-the-first-sentence", failure_in_the_first_sentence);
  ADD ("failure-after-a-sentence", failure_after_a_sentence);
  ADD ("failure-without-sorry", failure_without_sorry);
  ADD ("hang-up-after-the-last-word", hang_up_after_the_last_word);
  ADD ("eos-waits-for-the-reply", eos_waits_for_the_reply);
  ADD ("eos-after-a-missing-answer", eos_after_a_missing_answer);
  ADD ("flush-while-it-hangs", flush_while_it_hangs);
  ADD ("down-while-it-hangs", down_while_it_hangs);
  ADD ("two-runs", two_runs);
  ADD_ALONE ("texts-wait-for-each-other", texts_wait_for_each_other);
  ADD_ALONE ("nothing-pauses-without-a-player",
      nothing_pauses_without_a_player);
  ADD_ALONE ("many-replies", many_replies);
  ADD_ALONE ("hang-up-without-a-player", hang_up_without_a_player);
  ADD_FUNC ("first-clause-goes-alone", first_clause_goes_alone);
  ADD_FUNC ("first-clause-off", first_clause_off);
  ADD_FUNC ("refusals", refusals);
  ADD_FUNC ("properties", properties);
  ADD ("gap-is-swallowed", gap_is_swallowed);
  ADD_FUNC ("stress", stress);
  return g_test_run ();
}
