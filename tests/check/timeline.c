/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stages of an answer out of its milestones. */
#include <gst/gst.h>

#include "turn/timeline.h"

#define ZERO 1000000

static gint64
stage_us (ParleyTurnReport * report, const gchar * name)
{
  for (guint i = 0; i < report->stages->len; i++) {
    ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    if (g_str_equal (stage->name, name))
      return stage->us;
  }
  return -1;
}

static gint64
sum (ParleyTurnReport * report)
{
  gint64 sum = 0;

  for (guint i = 0; i < report->stages->len; i++)
    sum += g_array_index (report->stages, ParleyStage, i).us;
  return sum;
}

static void
stamp (ParleyTimeline * timeline, ParleyMilestone milestone, gint64 us)
{
  parley_timeline_stamp (timeline, milestone, ZERO + us);
}

/* Each milestone, the n-th n² µs after the first. */
static ParleyTimeline *
full_timeline (void)
{
  ParleyTimeline *timeline = parley_timeline_new ();

  for (gint i = 0; i < PARLEY_N_MILESTONES; i++)
    stamp (timeline, i, i * i);
  return timeline;
}

static void
test_all_milestones (void)
{
  g_autoptr (ParleyTimeline) timeline = full_timeline ();
  g_autoptr (ParleyTurnReport) report = parley_turn_report_new (timeline, 7);

  g_assert_cmpuint (report->stages->len, ==, PARLEY_N_MILESTONES - 1);
  for (guint i = 1; i < PARLEY_N_MILESTONES; i++) {
    ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i - 1);

    g_assert_cmpstr (stage->name, ==, parley_stage_get_name (i));
    g_assert_cmpint (stage->us, ==, 2 * i - 1);
  }
  g_assert_cmpint (report->begin, ==, ZERO);
  g_assert_cmpint (report->heard_us, ==, sum (report));
  g_assert_cmpint (report->sent_us, ==, PARLEY_AT_SOUND * PARLEY_AT_SOUND);
}

static void
test_first_stamp_counts (void)
{
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();
  g_autoptr (ParleyTurnReport) report = NULL;

  stamp (timeline, PARLEY_AT_SPEECH, 0);
  stamp (timeline, PARLEY_AT_SENT, 10);
  stamp (timeline, PARLEY_AT_SENT, 20);
  report = parley_turn_report_new (timeline, 1);
  g_assert_cmpint (report->sent_us, ==, 10);
  g_assert_cmpint (report->heard_us, ==, -1);
}

/* The turn was over while the synthesiser was at work already. */
static void
test_overlap_belongs_to_the_earlier (void)
{
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();
  g_autoptr (ParleyTurnReport) report = NULL;

  stamp (timeline, PARLEY_AT_SPEECH, 0);
  stamp (timeline, PARLEY_AT_QUIET, 50);
  stamp (timeline, PARLEY_AT_STT_FINAL, 200);
  stamp (timeline, PARLEY_AT_TTS_AUDIO, 700);
  stamp (timeline, PARLEY_AT_RELEASED, 400);
  stamp (timeline, PARLEY_AT_SENT, 701);
  report = parley_turn_report_new (timeline, 1);
  g_assert_cmpint (stage_us (report, "tts-first-audio"), ==, 500);
  g_assert_cmpint (stage_us (report, "withheld"), ==, 0);
  g_assert_cmpint (stage_us (report, "socket"), ==, 1);
  g_assert_cmpint (sum (report), ==, 701);
}

static void
test_missing_goes_to_the_next (void)
{
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();
  g_autoptr (ParleyTurnReport) report = NULL;

  stamp (timeline, PARLEY_AT_LLM_IN, 0);
  stamp (timeline, PARLEY_AT_LLM_SENTENCE, 30);
  stamp (timeline, PARLEY_AT_SENT, 50);
  report = parley_turn_report_new (timeline, 1);
  g_assert_cmpuint (report->stages->len, ==, 2);
  g_assert_cmpint (stage_us (report, "llm-first-sentence"), ==, 30);
  g_assert_cmpint (stage_us (report, "socket"), ==, 20);
  g_assert_cmpint (report->begin, ==, ZERO);
}

static void
test_speech_moves_later_only (void)
{
  g_autoptr (ParleyTimeline) timeline = full_timeline ();
  g_autoptr (ParleyTurnReport) report = NULL;
  gint64 end = PARLEY_AT_HEARD * PARLEY_AT_HEARD;

  parley_timeline_move_speech (timeline, ZERO - 5);
  parley_timeline_move_speech (timeline, ZERO + 100);
  report = parley_turn_report_new (timeline, 1);
  g_assert_cmpint (report->heard_us, ==, end - 100);
  g_assert_cmpint (sum (report), ==, end - 100);
  g_assert_cmpint (stage_us (report, "endpoint"), ==, 0);
}

/* Made on a guess: it is of the take that was final, and counts from that
 * one's last word. */
static void
test_carried_over (void)
{
  g_autoptr (ParleyTimeline) timeline = full_timeline ();
  g_autoptr (ParleyTimeline) outcome = parley_timeline_new ();
  g_autoptr (ParleyTurnReport) report = NULL;
  gint64 end = PARLEY_AT_HEARD * PARLEY_AT_HEARD;

  parley_timeline_set_turn (outcome, 4, 3, 9 * GST_SECOND);
  stamp (outcome, PARLEY_AT_SPEECH, 100);
  stamp (outcome, PARLEY_AT_STT_FINAL, 300);
  parley_timeline_carry_over (timeline, outcome);
  report = parley_turn_report_new (timeline, 1);
  g_assert_cmpuint (report->turn, ==, 4);
  g_assert_cmpuint (report->take, ==, 3);
  g_assert_cmpuint (report->speech_end, ==, 9 * GST_SECOND);
  g_assert_cmpint (report->heard_us, ==, end - 100);
  g_assert_cmpint (sum (report), ==, end - 100);
  g_assert_cmpint (stage_us (report, "endpoint"), ==, 0);
}

/* What somebody would have chosen to wait for was up to a recogniser. */
static void
test_provider_ended_the_turn (void)
{
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();
  g_autoptr (ParleyTimeline) outcome = parley_timeline_new ();
  g_autoptr (ParleyTurnReport) report = NULL;

  stamp (timeline, PARLEY_AT_SPEECH, 0);
  stamp (timeline, PARLEY_AT_QUIET, 100);
  parley_timeline_set_provider (timeline, PARLEY_AT_QUIET, "flux");
  stamp (timeline, PARLEY_AT_RELEASED, 300);
  stamp (timeline, PARLEY_AT_SENT, 310);
  parley_timeline_set_turn (outcome, 1, 1, 0);
  stamp (outcome, PARLEY_AT_SPEECH, 0);
  parley_timeline_set_provider (outcome, PARLEY_AT_TURN_END, "flux");
  parley_timeline_carry_over (timeline, outcome);
  report = parley_turn_report_new (timeline, 1);
  g_assert_cmpint (sum (report), ==, report->sent_us);
  for (guint i = 0; i < 2; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    g_assert_cmpstr (stage->name, ==, i ? "withheld" : "endpoint");
    g_assert_cmpint (stage->owner, ==, PARLEY_OWNER_PROVIDER);
    g_assert_cmpstr (stage->provider, ==, "flux");
  }
}

static void
test_copy_is_its_own (void)
{
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();
  g_autoptr (ParleyTimeline) copy = NULL;

  stamp (timeline, PARLEY_AT_SPEECH, 0);
  copy = parley_timeline_copy (timeline);
  stamp (copy, PARLEY_AT_TURN_END, 5);
  g_assert_cmpint (parley_timeline_get (copy, PARLEY_AT_SPEECH), ==, ZERO);
  g_assert_cmpint (parley_timeline_get (timeline, PARLEY_AT_TURN_END), ==, 0);
}

static void
assert_same_stage (const ParleyStage * a, const ParleyStage * b)
{
  g_assert_cmpstr (a->name, ==, b->name);
  g_assert_cmpstr (a->element, ==, b->element);
  g_assert_cmpstr (a->provider, ==, b->provider);
  g_assert_cmpint (a->owner, ==, b->owner);
  g_assert_cmpint (a->us, ==, b->us);
}

static void
test_structure_and_back (void)
{
  g_autoptr (ParleyTimeline) timeline = full_timeline ();
  g_autoptr (ParleyTurnReport) report = NULL, back = NULL;
  GstStructure *structure, *other = gst_structure_new_empty ("other");

  parley_timeline_set_turn (timeline, 3, 2, 5 * GST_SECOND);
  parley_timeline_set_provider (timeline, PARLEY_AT_STT_FINAL, "pocketsphinx");
  parley_timeline_set_cached (timeline);
  parley_timeline_set_reason (timeline, "sentence");
  report = parley_turn_report_new (timeline, 9);
  structure = parley_turn_report_to_structure (report);
  back = parley_turn_report_from_structure (structure);
  g_assert_cmpuint (back->turn, ==, 3);
  g_assert_cmpuint (back->take, ==, 2);
  g_assert_cmpuint (back->epoch, ==, 9);
  g_assert_cmpuint (back->speech_end, ==, 5 * GST_SECOND);
  g_assert_cmpint (back->begin, ==, report->begin);
  g_assert_cmpint (back->sent_us, ==, report->sent_us);
  g_assert_cmpint (back->heard_us, ==, report->heard_us);
  g_assert_true (back->cached);
  g_assert_false (back->speculated);
  g_assert_cmpstr (back->reason, ==, "sentence");
  g_assert_cmpuint (back->stages->len, ==, report->stages->len);
  for (guint i = 0; i < back->stages->len; i++)
    assert_same_stage (&g_array_index (back->stages, ParleyStage, i),
        &g_array_index (report->stages, ParleyStage, i));
  g_assert_null (parley_turn_report_from_structure (other));
  g_assert_null (parley_turn_report_from_structure (NULL));
  gst_structure_free (structure);
  gst_structure_free (other);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
#define ADD(name, func) g_test_add_func ("/timeline/" name, func)
  ADD ("all-milestones", test_all_milestones);
  ADD ("first-stamp-counts", test_first_stamp_counts);
  ADD ("overlap-belongs-to-the-earlier", test_overlap_belongs_to_the_earlier);
  ADD ("missing-goes-to-the-next", test_missing_goes_to_the_next);
  ADD ("speech-moves-later-only", test_speech_moves_later_only);
  ADD ("carried-over", test_carried_over);
  ADD ("provider-ended-the-turn", test_provider_ended_the_turn);
  ADD ("copy-is-its-own", test_copy_is_its_own);
  ADD ("structure-and-back", test_structure_and_back);
#undef ADD
  return g_test_run ();
}
