/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A known wait comes back in the stage it belongs to, to the microsecond, and
 * in no other; the silence of a voice is cut. */
#include <gst/gst.h>

#include "mock/stagerig.h"

#define WAIT (500 * G_TIME_SPAN_MILLISECOND)

static ParleyTurnReport *plain;

static void
assert_sums (const ParleyTurnReport * report)
{
  gint64 sum = 0;

  for (guint i = 0; i < report->stages->len; i++)
    sum += g_array_index (report->stages, ParleyStage, i).us;
  g_assert_cmpint (sum, ==, report->heard_us);
  g_assert_cmpint (stage_us (report, "playout"), ==,
      report->heard_us - report->sent_us);
}

static void
test_nowhere (void)
{
  assert_sums (plain);
  g_assert_cmpuint (plain->turn, ==, 1);
  g_assert_cmpint (stage_us (plain, "endpoint"), >=, 200000);
  g_assert_cmpint (stage_us (plain, "playout"), ==, 60000);
  g_assert_false (plain->cached);
}

static void
test_place (gconstpointer data)
{
  StagePlace place = GPOINTER_TO_INT (data);
  g_autoptr (ParleyTurnReport) report = stage_rig_run (place, WAIT, TRUE);

  assert_sums (report);
  g_assert_cmpuint (report->stages->len, ==, plain->stages->len);
  for (guint i = 0; i < report->stages->len; i++) {
    ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);
    gint64 more = g_str_equal (stage->name, stage_place_stage (place))
        ? stage_place_cost (place, WAIT) : 0;

    g_test_message ("%s %" G_GINT64_FORMAT, stage->name, stage->us);
    g_assert_cmpint (stage->us, ==, stage_us (plain, stage->name) + more);
  }
}

/* What is made while vadendpoint waits takes no time of its own: what is left
 * of the wait is "withheld", the setting's. */
static void
test_before_the_end (void)
{
  g_autoptr (ParleyTurnReport) report = stage_rig_run_eager (STAGE_NOWHERE, 0);

  assert_sums (report);
  g_assert_true (report->speculated);
  g_assert_false (plain->speculated);
  g_assert_cmpstr (plain->reason, ==, "silence");
  g_assert_cmpstr (report->reason, ==, "silence");
  g_assert_cmpint (stage_us (report, "endpoint"), <, 100000);
  g_assert_cmpint (stage_us (report, "endpoint") + stage_us (report,
          "withheld"), ==, stage_us (plain, "endpoint"));
  g_assert_cmpint (report->heard_us, ==, plain->heard_us);
}

static void
check_overlap (StagePlace place, gint64 wait)
{
  g_autoptr (ParleyTurnReport) before = stage_rig_run_eager (STAGE_NOWHERE, 0);
  g_autoptr (ParleyTurnReport) report = stage_rig_run_eager (place, wait);
  const gchar *stage = stage_place_stage (place);
  gint64 withheld = stage_us (before, "withheld");

  assert_sums (report);
  g_assert_cmpint (stage_us (report, stage), ==,
      stage_us (before, stage) + wait);
  g_assert_cmpint (stage_us (report, "withheld"), ==, MAX (withheld - wait, 0));
  g_assert_cmpint (report->heard_us, ==,
      before->heard_us + MAX (wait - withheld, 0));
}

static void
test_overlap (void)
{
  static const StagePlace slow[] = { STAGE_STT, STAGE_LLM_TOKEN,
    STAGE_LLM_SENTENCE, STAGE_TTS
  };

  for (guint i = 0; i < G_N_ELEMENTS (slow); i++) {
    check_overlap (slow[i], 100 * G_TIME_SPAN_MILLISECOND);
    if (slow[i] != STAGE_STT)
      check_overlap (slow[i], WAIT);
  }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  if (!g_file_test (STAGE_SPEECH, G_FILE_TEST_EXISTS)) {
    g_print ("1..0 # SKIP asterisk-core-sounds-en-wav is not installed\n");
    return 0;
  }
  plain = stage_rig_run (STAGE_NOWHERE, 0, TRUE);
  g_test_add_func ("/stages/nowhere", test_nowhere);
  for (guint i = 1; i < STAGE_N_PLACES; i++) {
    g_autofree gchar *name = g_strconcat ("/stages/", stage_place_name (i),
        NULL);

    g_test_add_data_func (g_strdelimit (name, " ", '-'), GINT_TO_POINTER (i),
        test_place);
  }
  g_test_add_func ("/stages/before-the-end", test_before_the_end);
  g_test_add_func ("/stages/overlap", test_overlap);
  result = g_test_run ();
  parley_turn_report_free (plain);
  return result;
}
