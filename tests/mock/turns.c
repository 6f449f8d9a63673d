/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mock/turns.h"

static void
stamp (ParleyTimeline * timeline, ParleyMilestone milestone, gint64 * at,
    gint64 us)
{
  *at += us;
  parley_timeline_stamp (timeline, milestone, *at);
}

ParleyTurnReport *
mock_turn_new (guint turn, guint stt_ms)
{
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();
  gint64 at = G_USEC_PER_SEC;

  parley_timeline_set_turn (timeline, turn, 1, 2500 * GST_MSECOND);
  parley_timeline_set_provider (timeline, PARLEY_AT_STT_FINAL, "sphinx");
  stamp (timeline, PARLEY_AT_SPEECH, &at, 0);
  stamp (timeline, PARLEY_AT_QUIET, &at, 400000);
  stamp (timeline, PARLEY_AT_VAD_OUT, &at, 40);
  stamp (timeline, PARLEY_AT_STT_FINAL, &at, stt_ms * 1000);
  stamp (timeline, PARLEY_AT_LLM_SENTENCE, &at, 1500);
  stamp (timeline, PARLEY_AT_TTS_AUDIO, &at, 50000);
  stamp (timeline, PARLEY_AT_READY, &at, 200);
  stamp (timeline, PARLEY_AT_SENT, &at, 0);
  stamp (timeline, PARLEY_AT_SOUND, &at, 20000);
  stamp (timeline, PARLEY_AT_HEARD, &at, 61000);
  return parley_turn_report_new (timeline, turn + 10);
}
