/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The player's part of a timeline. */
#include <gst/gst.h>
#include <string.h>

#include "speech/g711.h"
#include "turn/playtimes.h"

#define MS G_TIME_SPAN_MILLISECOND
#define START (1000 * MS)

static gint64
stage_ms (ParleyTurnReport * report, const gchar * name)
{
  for (guint i = 0; i < report->stages->len; i++) {
    ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    if (g_str_equal (stage->name, name))
      return stage->us / MS;
  }
  return -1;
}

static ParleyTimeline *
begin (ParleyPlayTimes * times, guint64 epoch)
{
  ParleyTimeline *timeline = parley_timeline_new ();

  parley_timeline_stamp (timeline, PARLEY_AT_SPEECH, START);
  parley_timeline_stamp (timeline, PARLEY_AT_SINK_TAKEN, START + 100 * MS);
  parley_play_times_begin (times, epoch, timeline);
  return timeline;
}

/* @ms of silence or of sound. */
static void
audio (ParleyPlayTimes * times, guint64 epoch, guint ms, gboolean sound)
{
  guint8 data[8 * 1000];

  memset (data, sound ? 0x10 : PARLEY_MULAW_SILENCE, sizeof data);
  parley_play_times_audio (times, epoch, data, ms * 8);
}

static void
sent (ParleyPlayTimes * times, guint64 epoch, gint64 released, gint64 ready,
    gint64 at)
{
  parley_play_times_released (times, epoch, NULL, START + released * MS);
  parley_play_times_ready (times, epoch, START + ready * MS);
  parley_play_times_sent (times, epoch, START + at * MS);
}

static void
test_heard (void)
{
  ParleyPlayTimes *times = parley_play_times_new ();
  g_autoptr (ParleyTimeline) timeline G_GNUC_UNUSED = begin (times, 5);
  g_autoptr (ParleyTurnReport) report = NULL;

  audio (times, 5, 30, FALSE);
  audio (times, 5, 500, TRUE);
  sent (times, 5, 150, 151, 155);
  g_assert_null (parley_play_times_heard (times, 5, 20, START + 250 * MS));
  /* 470 ms of sound took until 155 + 30 + 70 + 470. */
  report = parley_play_times_heard (times, 5, 500, START + 725 * MS);
  g_assert_nonnull (report);
  g_assert_cmpint (stage_ms (report, "withheld"), ==, 50);
  g_assert_cmpint (stage_ms (report, "mulawsink"), ==, 1);
  g_assert_cmpint (stage_ms (report, "socket"), ==, 4);
  g_assert_cmpint (stage_ms (report, "leading-silence"), ==, 30);
  g_assert_cmpint (stage_ms (report, "playout"), ==, 70);
  g_assert_cmpint (report->sent_us, ==, 185 * MS);
  g_assert_cmpint (report->heard_us, ==, 255 * MS);
  g_assert_cmpuint (report->sound_ms, ==, 30);
  g_assert_null (parley_play_times_heard (times, 5, 530, START + 800 * MS));
  g_assert_null (parley_play_times_over (times, 5));
  parley_play_times_free (times);
}

/* The silence was sent before the sound came. */
static void
test_sound_comes_later (void)
{
  ParleyPlayTimes *times = parley_play_times_new ();
  g_autoptr (ParleyTimeline) timeline G_GNUC_UNUSED = begin (times, 5);
  g_autoptr (ParleyTurnReport) report = NULL;

  audio (times, 5, 200, FALSE);
  sent (times, 5, 100, 100, 100);
  audio (times, 5, 20, TRUE);
  report = parley_play_times_over (times, 5);
  g_assert_cmpint (stage_ms (report, "leading-silence"), ==, 200);
  g_assert_cmpint (report->heard_us, ==, -1);
  parley_play_times_free (times);
}

static void
test_released_before_audio (void)
{
  ParleyPlayTimes *times = parley_play_times_new ();
  g_autoptr (ParleyTimeline) timeline = NULL;
  g_autoptr (ParleyTurnReport) report = NULL;

  parley_play_times_released (times, 5, NULL, START + 20 * MS);
  timeline = begin (times, 5);
  audio (times, 5, 20, TRUE);
  sent (times, 5, 500, 100, 100);
  report = parley_play_times_over (times, 5);
  g_assert_cmpint (stage_ms (report, "withheld"), ==, 0);
  parley_play_times_free (times);
}

/* A reply that was made on a guess 100 ms after the word; 300 ms later there
 * was another after all. */
static void
check_carried_over (gboolean released_first)
{
  ParleyPlayTimes *times = parley_play_times_new ();
  g_autoptr (ParleyTimeline) outcome = parley_timeline_new ();
  g_autoptr (ParleyTimeline) timeline = NULL;
  g_autoptr (ParleyTurnReport) report = NULL;

  parley_timeline_set_turn (outcome, 3, 2, 7 * GST_SECOND);
  parley_timeline_stamp (outcome, PARLEY_AT_SPEECH, START + 300 * MS);
  if (!released_first)
    timeline = begin (times, 5);
  parley_play_times_released (times, 5, outcome, START + 700 * MS);
  if (released_first)
    timeline = begin (times, 5);
  audio (times, 5, 20, TRUE);
  sent (times, 5, 900, 701, 702);
  report = parley_play_times_over (times, 5);
  g_assert_cmpuint (report->turn, ==, 3);
  g_assert_cmpuint (report->take, ==, 2);
  g_assert_cmpuint (report->speech_end, ==, 7 * GST_SECOND);
  g_assert_cmpint (report->begin, ==, START + 300 * MS);
  g_assert_cmpint (stage_ms (report, "mulawsink-inbox"), ==, 0);
  g_assert_cmpint (stage_ms (report, "withheld"), ==, 400);
  g_assert_cmpint (report->sent_us, ==, 402 * MS);
  parley_play_times_free (times);
}

static void
test_carried_over (void)
{
  check_carried_over (FALSE);
  check_carried_over (TRUE);
}

static void
test_nothing_to_report (void)
{
  ParleyPlayTimes *times = parley_play_times_new ();
  g_autoptr (ParleyTimeline) timeline G_GNUC_UNUSED = begin (times, 5);

  audio (times, 5, 100, TRUE);
  g_assert_null (parley_play_times_over (times, 5));
  g_assert_null (parley_play_times_over (times, 6));
  sent (times, 0, 1, 1, 1);
  g_assert_null (parley_play_times_heard (times, 0, 20, START));
  sent (times, 7, 1, 1, 1);
  g_assert_null (parley_play_times_over (times, 7));
  parley_play_times_free (times);
}

/* The call is over. */
static void
test_all_over (void)
{
  ParleyPlayTimes *times = parley_play_times_new ();
  g_autoptr (ParleyTimeline) first G_GNUC_UNUSED = begin (times, 5);
  g_autoptr (ParleyTimeline) second G_GNUC_UNUSED = begin (times, 6);
  g_autoptr (ParleyTimeline) third G_GNUC_UNUSED = begin (times, 7);
  g_autoptr (ParleyTurnReport) one = NULL, two = NULL;

  sent (times, 5, 1, 1, 1);
  sent (times, 7, 1, 1, 1);
  one = parley_play_times_over (times, 0);
  two = parley_play_times_over (times, 0);
  g_assert_cmpuint (one->epoch, ==, 5);
  g_assert_cmpuint (two->epoch, ==, 7);
  g_assert_null (parley_play_times_over (times, 0));
  parley_play_times_free (times);
}

/* Only the first audio's timeline counts, and few replies are kept. */
static void
test_bounded (void)
{
  ParleyPlayTimes *times = parley_play_times_new ();
  g_autoptr (ParleyTimeline) first = begin (times, 1);
  g_autoptr (ParleyTimeline) again G_GNUC_UNUSED = begin (times, 1);

  g_assert_true (parley_play_times_get (times, 1) == first);
  for (guint64 i = 2; i < 2 + PARLEY_PLAY_TIMES_MAX; i++)
    parley_play_times_released (times, i, NULL, START);
  g_assert_null (parley_play_times_get (times, 1));
  parley_play_times_free (times);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
#define ADD(name, func) g_test_add_func ("/playtimes/" name, func)
  ADD ("heard", test_heard);
  ADD ("sound-comes-later", test_sound_comes_later);
  ADD ("released-before-audio", test_released_before_audio);
  ADD ("carried-over", test_carried_over);
  ADD ("nothing-to-report", test_nothing_to_report);
  ADD ("all-over", test_all_over);
  ADD ("bounded", test_bounded);
#undef ADD
  return g_test_run ();
}
