/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib/gstdio.h>
#include <string.h>

#include "elementrig.h"
#include "mock/coreplugins.h"
#include "mock/races.h"
#include "net/caches.h"

/* cloudtts with a synthesiser that answers when the test says so. Sentences of
 * different tests differ, for the cache is the process's. */

static void
setup (Rig * rig, gconstpointer data)
{
  rig_init (rig, data ? data : "cloudtts provider=mock");
  rig_start (rig, TEXT);
  rig_settle (rig);
  g_string_truncate (rig->trace, 0);
}

static void
teardown (Rig * rig, gconstpointer data)
{
  rig_clear (rig);
}

static void
say (Rig * rig, guint64 epoch, guint sequence, const gchar * text)
{
  rig_push_text (rig, 0, epoch, sequence, text);
}

static void
speak_mulaw (void)
{
  mock_script ()->format = (ParleyAudioFormat) {
  TRUE, 8000};
}

static void
interrupt (Rig * rig, guint epoch)
{
  rig_event (rig, parley_event_new_interrupt (rig->epochs + epoch));
}

static void
reply_end (Rig * rig, guint epoch)
{
  rig_event (rig, parley_event_new_reply_end (rig->epochs + epoch));
}

/* The output side takes S16LE only. */
static void
setup_pcm (Rig * rig, gconstpointer data)
{
  rig_init (rig, "cloudtts provider=mock ! capsfilter "
      "caps=audio/x-raw,format=S16LE");
  rig_start (rig, TEXT);
}

static void
streams_as_it_is_made (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "streams");
  rig_expect_log (rig, "speak streams");
  mock_tts_audio (1, 20);
  rig_expect (rig, "seg e1.0:20ms");
  mock_tts_audio (1, 40);
  mock_tts_done (1);
  rig_expect (rig, "e1.0:40ms");
}

static void
mulaw_is_chosen (Rig * rig, gconstpointer data)
{
  GstCaps *caps;

  say (rig, 1, 0, "chosen");
  mock_tts_audio (1, 100);
  mock_tts_done (1);
  caps = gst_pad_get_current_caps (rig->harness->sinkpad);
  g_assert_true (gst_structure_has_name (gst_caps_get_structure (caps, 0),
          "audio/x-mulaw"));
  gst_caps_unref (caps);
}

static void
usage_is_told (Rig * rig, gconstpointer data)
{
  GstMessage *message;
  const GstStructure *fields;
  gdouble amount;

  say (rig, 1, 0, "usage, na\u00efve");
  message = rig_take_message (rig, "parley-usage");
  g_assert_nonnull (message);
  fields = gst_message_get_structure (message);
  g_assert_cmpstr (gst_structure_get_string (fields, "kind"), ==, "tts");
  g_assert_cmpstr (gst_structure_get_string (fields, "provider"), ==, "mock");
  g_assert_cmpstr (gst_structure_get_string (fields, "unit"), ==, "character");
  g_assert_true (gst_structure_get_double (fields, "amount", &amount));
  g_assert_cmpfloat (amount, ==, 12);
  gst_message_unref (message);
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  /* Now it is in the cache. */
  say (rig, 1, 1, "usage, na\u00efve");
  rig_expect_no_message (rig, "parley-usage");
}

static void
order_is_kept (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "order one");
  say (rig, 1, 1, "order two");
  rig_expect_log (rig, "speak order one; speak order two");
  mock_tts_audio (2, 40);
  mock_tts_done (2);
  rig_expect (rig, "");
  mock_tts_audio (1, 20);
  rig_expect (rig, "seg e1.0:20ms");
  mock_tts_done (1);
  rig_expect (rig, "e1.1:40ms");
}

static void
two_at_once_at_most (Rig * rig, gconstpointer data)
{
  say (rig, 1, 0, "most one");
  say (rig, 1, 1, "most two");
  say (rig, 1, 2, "most three");
  rig_expect_log (rig, "speak most one; speak most two");
  mock_tts_done (1);
  rig_expect_log (rig, "speak most three");
}

static void
reply_end_comes_after_the_sound (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "end one");
  reply_end (rig, 1);
  mock_tts_audio (1, 20);
  rig_expect (rig, "seg e1.0:20ms");
  mock_tts_done (1);
  rig_expect (rig, "end1");
  reply_end (rig, 2);
  rig_expect (rig, "end2");
}

static void
eos_comes_after_the_sound (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "eos one");
  rig_event (rig, gst_event_new_eos ());
  mock_tts_audio (1, 20);
  rig_expect (rig, "seg e1.0:20ms");
  mock_tts_done (1);
  rig_expect (rig, "eos");
}

static void
failure_goes_on (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "fail one");
  say (rig, 1, 1, "fail two");
  mock_tts_fail (1, "no such voice");
  mock_tts_audio (2, 20);
  mock_tts_done (2);
  rig_expect (rig, "seg e1.1:20ms");
  rig_expect_fault (rig, GST_MESSAGE_WARNING, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FAILED, "no such voice");
}

static void
blank_text_is_nothing (Rig * rig, gconstpointer data)
{
  say (rig, 1, 0, " \n");
  reply_end (rig, 1);
  rig_expect_log (rig, "");
  rig_expect (rig, "end1");
}

static void
gap_is_swallowed (Rig * rig, gconstpointer data)
{
  rig_event (rig, gst_event_new_gap (0, GST_SECOND));
  rig_expect (rig, "");
}

/* Formats */

static void
pcm_where_mulaw_is_not_taken (Rig * rig, gconstpointer data)
{
  GstCaps *caps;
  gint rate;

  say (rig, 0, 0, "pcm one");
  mock_tts_audio (1, 20);
  rig_expect (rig, "seg 0/0:20ms");
  caps = gst_pad_get_current_caps (rig->harness->sinkpad);
  g_assert_true (gst_structure_get_int (gst_caps_get_structure (caps, 0),
          "rate", &rate));
  g_assert_cmpint (rate, ==, 16000);
  gst_caps_unref (caps);
}

static void
pcm_of_a_mulaw_voice (Rig * rig, gconstpointer data)
{
  GstBuffer *buffer;

  speak_mulaw ();
  say (rig, 1, 0, "pcm two");
  mock_tts_audio (1, 20);
  rig_expect (rig, "seg e1.0:20ms");
  buffer = gst_harness_pull (rig->harness);
  g_assert_cmpuint (gst_buffer_get_size (buffer), ==, 320);
  gst_buffer_unref (buffer);
}

static void
refused_rate_is_an_error (void)
{
  Rig rig;
  GstMessage *message;

  rig_init (&rig, "cloudtts provider=mock ! capsfilter "
      "caps=audio/x-raw,format=S16LE,rate=8000");
  rig_start (&rig, TEXT);
  say (&rig, 1, 0, "refused");
  mock_tts_audio (1, 20);
  mock_tts_audio (1, 20);
  message = rig_take_message (&rig, "error");
  g_assert_nonnull (message);
  gst_message_unref (message);
  rig_expect_no_message (&rig, "error");
  rig_clear (&rig);
}

/* Cache */

static void
second_time_from_the_cache (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "cached");
  mock_tts_audio (1, 20);
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  rig_expect_log (rig, "speak cached");
  say (rig, 1, 1, "cached");
  rig_expect_log (rig, "");
  rig_expect (rig, "seg e1.0:20ms e1.0:20ms e1.1:40ms");
}

static void
made_once_for_two (void)
{
  Rig a, b;
  GstHarness *h;

  rig_init (&a, "cloudtts provider=mock");
  rig_start (&a, TEXT);
  speak_mulaw ();
  b = a;
  b.element = gst_element_factory_make ("cloudtts", NULL);
  g_object_set (b.element, "provider", "mock", NULL);
  gst_object_ref_sink (b.element);
  {
    GstContext *context = gst_element_get_context (a.element, "parley.loop");
    gst_element_set_context (b.element, context);
    gst_context_unref (context);
  }
  h = b.harness = gst_harness_new_with_element (b.element, "sink", "src");
  gst_harness_set_src_caps_str (h, TEXT);
  rig_settle (&a);
  say (&b, 1, 0, "once");
  say (&a, 1, 0, "once");
  rig_expect_log (&a, "speak once");
  /* Asked for the other element: this one pays nothing. */
  rig_expect_no_message (&a, "parley-usage");
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  rig_expect (&a, "seg e1.0:20ms");
  g_assert_cmpuint (gst_harness_buffers_received (h), ==, 1);
  gst_harness_teardown (h);
  gst_object_unref (b.element);
  rig_clear (&a);
}

static void
prewarm (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  g_signal_emit_by_name (rig->element, "prewarm", "warm");
  rig_expect_log (rig, "speak warm");
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  rig_expect (rig, "");
  say (rig, 1, 0, "warm");
  rig_expect_log (rig, "");
  rig_expect (rig, "seg e1.0:20ms");
}

static void
prewarm_before_ready (void)
{
  GstElement *element = gst_element_factory_make ("cloudtts", NULL);

  gst_object_ref_sink (element);
  g_signal_emit_by_name (element, "prewarm", "warm");
  g_signal_emit_by_name (element, "prewarm", NULL);
  gst_object_unref (element);
}

/* Time */

static GstClockTime
pull_pts (Rig * rig, GstClockTime * end)
{
  GstBuffer *buffer = gst_harness_pull (rig->harness);
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  *end = pts + GST_BUFFER_DURATION (buffer);
  gst_buffer_unref (buffer);
  return pts;
}

static void
cache_off (void)
{
  Rig rig;

  rig_init (&rig, "cloudtts provider=mock cache=off");
  rig_start (&rig, TEXT);
  speak_mulaw ();
  for (guint i = 1; i <= 2; i++) {
    say (&rig, 1, i, "not kept");
    rig_expect_log (&rig, "speak not kept");
    mock_tts_audio (i, 20);
    mock_tts_done (i);
  }
  g_assert_cmpuint (gst_harness_buffers_received (rig.harness), ==, 2);
  rig_clear (&rig);
}

static guint
entries_in (ParleyCacheStore * store)
{
  ParleyCacheStoreStats stats;

  parley_cache_store_get_stats (store, &stats);
  return stats.entries;
}

/* A thread looks into the directory first. */
static void
until_asked (Rig * rig, const gchar * expected)
{
  gchar *log;

  while (rig_settle (rig), log = mock_take_log (), !*log)
    g_free (log);
  g_assert_cmpstr (log, ==, expected);
  g_free (log);
}

/* As after a new start of the program: the memory is empty, the directory is
 * not. */
static void
cache_in_a_directory (void)
{
  gchar *path = g_dir_make_tmp ("cloudtts-XXXXXX", NULL);
  gchar *where = g_strconcat ("dir:", path, NULL);
  gchar *launch = g_strconcat ("cloudtts provider=mock cache=", where, NULL);
  static const ParleyCacheMatch all = { 0 };
  ParleyCache *cache;
  Rig rig;

  rig_init (&rig, launch);
  rig_start (&rig, TEXT);
  speak_mulaw ();
  say (&rig, 1, 0, "kept");
  until_asked (&rig, "speak kept");
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  parley_caches_open (PARLEY_CACHE_SPEECH, where, 0, &cache, NULL);
  while (entries_in (parley_cache_get_behind (cache)) == 0)
    g_thread_yield ();
  parley_cache_clear (cache);
  say (&rig, 1, 1, "kept");
  while (gst_harness_buffers_received (rig.harness) < 2)
    rig_settle (&rig);
  rig_expect_log (&rig, "");
  rig_clear (&rig);
  parley_cache_store_drop (parley_cache_get_behind (cache), &all, NULL, NULL,
      NULL);
  while (entries_in (parley_cache_get_behind (cache)) > 0)
    g_thread_yield ();
  g_free (launch);
  g_free (where);
  where = g_build_filename (path, "speech", NULL);
  g_assert_cmpint (g_rmdir (where), ==, 0);
  g_assert_cmpint (g_rmdir (path), ==, 0);
  g_free (where);
  g_free (path);
}

static void
unknown_cache (void)
{
  Rig rig;

  rig_init (&rig, "cloudtts provider=mock cache=redis");
  g_assert_cmpint (gst_element_set_state (rig.element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  rig_expect_fault (&rig, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "dir:PATH");
  rig_clear (&rig);
}

static void
times_continue_and_restart (Rig * rig, gconstpointer data)
{
  GstClockTime end;

  speak_mulaw ();
  rig_wait_ms (rig, 1000);
  say (rig, 1, 0, "time one");
  mock_tts_audio (1, 100);
  mock_tts_audio (1, 60);
  mock_tts_done (1);
  g_assert_cmpuint (pull_pts (rig, &end), ==, 1000 * GST_MSECOND);
  g_assert_cmpuint (pull_pts (rig, &end), ==, 1100 * GST_MSECOND);
  rig_wait_ms (rig, 2000);
  say (rig, 2, 0, "time two");
  mock_tts_audio (2, 20);
  g_assert_cmpuint (pull_pts (rig, &end), ==, 3000 * GST_MSECOND);
  rig_expect (rig, "seg e1.0:100ms! e1.0:60ms e2.0:20ms!");
}

/* On the way to PLAYING there is a clock before there is a base time: what it
 * shows then is no running time. */
static void
no_time_before_playing (Rig * rig, gconstpointer data)
{
  GstClockTime end;

  speak_mulaw ();
  rig_state (rig, GST_STATE_PAUSED);
  rig_wait_ms (rig, 3600000);
  say (rig, 1, 0, "early one");
  mock_tts_audio (1, 100);
  mock_tts_done (1);
  g_assert_cmpuint (pull_pts (rig, &end), ==, 0);
  rig_expect_log (rig, "speak early one");
  say (rig, 1, 1, "early two");
  rig_expect_log (rig, "speak early two");
}

static void
thirty_seconds_ahead (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "ahead one");
  mock_tts_audio (1, 30500);
  mock_tts_done (1);
  rig_expect_log (rig, "speak ahead one");
  say (rig, 1, 1, "ahead two");
  rig_wait_ms (rig, 499);
  rig_expect_log (rig, "");
  rig_wait_ms (rig, 2);
  rig_expect_log (rig, "speak ahead two");
}

static void
latency (Rig * rig, gconstpointer data)
{
  gst_harness_set_upstream_latency (rig->harness, GST_SECOND);
  g_assert_cmpuint (gst_harness_query_latency (rig->harness), ==,
      40 * GST_MSECOND);
}

/* Interrupt */

static void
interrupt_voids_and_flushes (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "void one");
  say (rig, 1, 1, "void two");
  reply_end (rig, 1);
  mock_tts_audio (1, 20);
  g_free (mock_take_log ());
  interrupt (rig, 1);
  rig_expect_log (rig, "cancel; cancel");
  rig_expect (rig, "seg e1.0:20ms { } interrupt1");
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  rig_expect (rig, "");
  say (rig, 1, 2, "void three");
  rig_expect_log (rig, "");
  say (rig, 2, 0, "not void");
  mock_tts_audio (3, 20);
  rig_expect (rig, "seg e2.0:20ms");
}

static void
interrupt_without_sound_does_not_flush (Rig * rig, gconstpointer data)
{
  say (rig, 1, 0, "silent");
  interrupt (rig, 1);
  rig_expect (rig, "interrupt1");
}

static void
interrupt_of_another_does_not_flush (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 2, 0, "other one");
  mock_tts_audio (1, 20);
  interrupt (rig, 1);
  mock_tts_audio (1, 20);
  rig_expect (rig, "seg e2.0:20ms interrupt1 e2.0:20ms");
}

static void
interrupt_spares_what_is_nobodys (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 0, 0, "nobody's");
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  say (rig, 1, 0, "somebody's");
  mock_tts_audio (2, 20);
  interrupt (rig, 1);
  rig_expect (rig, "seg 0/0:20ms e1.0:20ms interrupt1");
}

static void
interrupt_keeps_the_next_reply (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "next one");
  reply_end (rig, 1);
  say (rig, 2, 0, "next two");
  mock_tts_audio (2, 20);
  interrupt (rig, 1);
  rig_expect (rig, "interrupt1 seg e2.0:20ms");
}

/* Heard */

static void
expect_heard (Rig * rig, guint epoch, guint ms, gboolean done,
    const gchar * expected)
{
  ParleyHeard heard = {.epoch = rig->epochs + epoch,.ms = ms,.begun = TRUE,
    .done = done
  };
  GstEvent *event;

  while ((event = gst_harness_try_pull_upstream_event (rig->harness)))
    gst_event_unref (event);
  rig_upstream (rig, parley_event_new_heard (&heard));
  event = gst_harness_try_pull_upstream_event (rig->harness);
  g_assert_true (parley_event_parse_heard (event, &heard));
  g_assert_cmpstr (heard.text, ==, expected);
  gst_event_unref (event);
}

static void
heard_text (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "One two three four.");
  say (rig, 1, 1, "Five six.");
  mock_tts_audio (1, 400);
  mock_tts_done (1);
  mock_tts_audio (2, 200);
  mock_tts_done (2);
  expect_heard (rig, 1, 0, FALSE, "");
  expect_heard (rig, 1, 100, FALSE, "One");
  expect_heard (rig, 1, 250, FALSE, "One two");
  expect_heard (rig, 1, 400, FALSE, "One two three four.");
  expect_heard (rig, 1, 520, FALSE, "One two three four. Five");
  expect_heard (rig, 1, 590, TRUE, "One two three four. Five six.");
}

/* Words as the voice has said them, not as they are written. */
static void
heard_words (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "One two  three four.");
  say (rig, 1, 1, "Ten eleven.");
  mock_tts_audio (1, 200);
  mock_tts_word (1, 1, 20);
  mock_tts_word (1, 2, 40);
  mock_tts_audio (1, 200);
  mock_tts_word (1, 3, 350);
  mock_tts_done (1);
  mock_tts_audio (2, 200);
  mock_tts_word (2, 1, 150);
  mock_tts_done (2);
  expect_heard (rig, 1, 10, FALSE, "");
  expect_heard (rig, 1, 39, FALSE, "One");
  expect_heard (rig, 1, 40, FALSE, "One two");
  expect_heard (rig, 1, 349, FALSE, "One two");
  expect_heard (rig, 1, 360, FALSE, "One two  three");
  expect_heard (rig, 1, 400, FALSE, "One two  three four.");
  expect_heard (rig, 1, 540, FALSE, "One two  three four.");
  expect_heard (rig, 1, 550, FALSE, "One two  three four. Ten");
  expect_heard (rig, 1, 590, TRUE, "One two  three four. Ten eleven.");
}

/* Times of the first words, and no more of them. */
static void
heard_words_in_part (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "Uno two three four.");
  say (rig, 1, 1, "Five six seven.");
  mock_tts_audio (1, 200);
  mock_tts_word (1, 1, 100);
  mock_tts_audio (1, 800);
  expect_heard (rig, 1, 600, FALSE, "Uno");
  mock_tts_done (1);
  mock_tts_audio (2, 1000);
  mock_tts_word (2, 1, 100);
  expect_heard (rig, 1, 100, FALSE, "Uno");
  expect_heard (rig, 1, 600, FALSE, "Uno two");
  expect_heard (rig, 1, 900, FALSE, "Uno two three");
  expect_heard (rig, 1, 1900, FALSE, "Uno two three four. Five");
  mock_tts_done (2);
  expect_heard (rig, 1, 1900, FALSE, "Uno two three four. Five six");
}

static void
heard_of_a_later_reply (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "Later one.");
  mock_tts_audio (1, 100);
  mock_tts_done (1);
  say (rig, 2, 0, "Later two.");
  mock_tts_audio (2, 100);
  mock_tts_done (2);
  expect_heard (rig, 2, 100, FALSE, "Later two.");
  expect_heard (rig, 1, 100, FALSE, "");
}

/* Of a sentence that broke off no word counts that was not said. */
static void
heard_of_a_broken_sentence (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "Own too tree fore.");
  say (rig, 1, 1, "Fife sicks.");
  mock_tts_audio (1, 800);
  mock_tts_fail (1, "gone");
  mock_tts_audio (2, 200);
  mock_tts_done (2);
  expect_heard (rig, 1, 400, FALSE, "Own");
  expect_heard (rig, 1, 800, FALSE, "Own too");
  expect_heard (rig, 1, 1000, TRUE, "Own too Fife sicks.");
}

/* Flush, states, settings */

static void
flush_while_it_hangs (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  say (rig, 1, 0, "flush one");
  rig_flush (rig);
  rig_expect_log (rig, "speak flush one; cancel");
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  rig_expect (rig, "{ )}");
  say (rig, 2, 0, "flush two");
  mock_tts_audio (2, 20);
  rig_expect (rig, "seg e2.0:20ms");
}

static void
down_while_it_hangs (Rig * rig, gconstpointer data)
{
  say (rig, 1, 0, "down one");
  rig_state (rig, GST_STATE_READY);
  mock_tts_audio (1, 20);
  mock_tts_fail (1, "late");
  rig_expect (rig, "");
  rig_expect_no_message (rig, "warning");
}

static void
two_runs (Rig * rig, gconstpointer data)
{
  static const GstState between[] = { GST_STATE_READY, GST_STATE_NULL };

  speak_mulaw ();
  for (guint i = 0; i < G_N_ELEMENTS (between); i++) {
    gchar *text = g_strdup_printf ("run %u", i);

    say (rig, 1, 0, "left behind");
    rig_state (rig, between[i]);
    rig_state (rig, GST_STATE_PLAYING);
    gst_harness_set_src_caps_str (rig->harness, TEXT);
    rig_settle (rig);
    g_string_truncate (rig->trace, 0);
    say (rig, 1, 0, text);
    mock_tts_audio (2 * i + 2, 20);
    mock_tts_done (2 * i + 2);
    g_assert_nonnull (strstr (rig->trace->str, "seg e1.0:20ms"));
    g_assert_cmpuint (mock_count (), ==, 1);
    g_free (text);
  }
}

static void
unknown_provider (void)
{
  Rig rig;

  rig_init (&rig, "cloudtts provider=nobody");
  g_assert_cmpint (gst_element_set_state (rig.element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  rig_expect_fault (&rig, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "nobody");
  rig_clear (&rig);
}

static void
call_variables (void)
{
  Rig rig;
  GBytes *bytes;
  gchar *key;

  rig_init (&rig, "cloudtts provider=mock voice=\"%{param.voice}\"");
  rig_give_call (&rig);
  rig_start (&rig, NULL);
  call_pair_start (&rig.pair, "voice", "kal", NULL);
  gst_harness_set_src_caps_str (rig.harness, TEXT);
  say (&rig, 1, 0, "variable");
  mock_tts_audio (1, 20);
  mock_tts_done (1);
  key = parley_cache_key_new ("mock", "mock kal", "variable");
  bytes = parley_cache_lookup (parley_caches_get_default
      (PARLEY_CACHE_SPEECH), key);
  g_assert_nonnull (bytes);
  g_free (key);
  g_bytes_unref (bytes);
  rig_clear (&rig);
}

static void
many_sentences_that_nobody_reports (Rig * rig, gconstpointer data)
{
  speak_mulaw ();
  mock_script ()->ms_per_word = 20;
  for (guint i = 0; i < 400; i++)
    say (rig, 1, i, "many");
  rig_wait_ms (rig, 1);
  g_assert_cmpuint (gst_harness_buffers_received (rig->harness), ==, 400);
}

static void
properties (void)
{
  rig_check_properties ("cloudtts");
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
  mock_script ()->ms_per_word = 100;
  element = gst_element_factory_make ("cloudtts", NULL);
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
      parley_event_new_interrupt (1), 500);
  for (guint i = 0; i < 20000; i++)
    g_thread_yield ();
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    gst_harness_stress_thread_stop (threads[i]);
  gst_buffer_unref (buffer);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

#define ADD(name, func) \
    g_test_add ("/cloudtts/" name, Rig, NULL, setup, func, teardown)
#define ADD_PCM(name, func) \
    g_test_add ("/cloudtts/" name, Rig, NULL, setup_pcm, func, teardown)
#define ADD_FUNC(name, func) g_test_add_func ("/cloudtts/" name, func)

int
main (int argc, char **argv)
{
  core_plugins_add ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD ("streams-as-it-is-made", streams_as_it_is_made);
  ADD ("mulaw-is-chosen", mulaw_is_chosen);
  ADD ("usage-is-told", usage_is_told);
  ADD ("order-is-kept", order_is_kept);
  ADD ("two-at-once-at-most", two_at_once_at_most);
  ADD ("reply-end-after-the-sound", reply_end_comes_after_the_sound);
  ADD ("eos-after-the-sound", eos_comes_after_the_sound);
  ADD ("failure-goes-on", failure_goes_on);
  ADD ("blank-text-is-nothing", blank_text_is_nothing);
  ADD ("gap-is-swallowed", gap_is_swallowed);
  ADD_PCM ("pcm-where-mulaw-is-not-taken", pcm_where_mulaw_is_not_taken);
  ADD_PCM ("pcm-of-a-mulaw-voice", pcm_of_a_mulaw_voice);
  ADD_FUNC ("refused-rate-is-an-error", refused_rate_is_an_error);
  ADD ("second-time-from-the-cache", second_time_from_the_cache);
  ADD_FUNC ("made-once-for-two", made_once_for_two);
  ADD ("prewarm", prewarm);
  ADD_FUNC ("prewarm-before-ready", prewarm_before_ready);
  ADD_FUNC ("cache-off", cache_off);
  ADD_FUNC ("cache-in-a-directory", cache_in_a_directory);
  ADD_FUNC ("unknown-cache", unknown_cache);
  ADD ("times-continue-and-restart", times_continue_and_restart);
  ADD ("no-time-before-playing", no_time_before_playing);
  ADD ("thirty-seconds-ahead", thirty_seconds_ahead);
  ADD ("latency", latency);
  ADD ("interrupt-voids-and-flushes", interrupt_voids_and_flushes);
  ADD ("interrupt-without-sound", interrupt_without_sound_does_not_flush);
  ADD ("interrupt-of-another", interrupt_of_another_does_not_flush);
  ADD ("interrupt-spares-what-is-nobodys", interrupt_spares_what_is_nobodys);
  ADD ("interrupt-keeps-the-next-reply", interrupt_keeps_the_next_reply);
  ADD ("heard-text", heard_text);
  ADD ("heard-words", heard_words);
  ADD ("heard-words-in-part", heard_words_in_part);
  ADD ("heard-of-a-later-reply", heard_of_a_later_reply);
  ADD ("heard-of-a-broken-sentence", heard_of_a_broken_sentence);
  ADD ("flush-while-it-hangs", flush_while_it_hangs);
  ADD ("down-while-it-hangs", down_while_it_hangs);
  ADD ("two-runs", two_runs);
  ADD_FUNC ("unknown-provider", unknown_provider);
  ADD_FUNC ("call-variables", call_variables);
  ADD ("many-sentences", many_sentences_that_nobody_reports);
  ADD_FUNC ("properties", properties);
  ADD_FUNC ("stress", stress);
  return g_test_run ();
}
