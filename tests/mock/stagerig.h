/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "turn/timeline.h"

G_BEGIN_DECLS

/* One turn of a call through all six elements with providers that answer when
 * they are told to, and a wait of known length put in at one place. The test's
 * thread is the loop and the caller, who plays what comes out and echoes marks.
 *
 * On a clock stepped by hand every time is exact; on the real clock everything
 * takes as long as it takes. */

/* What the caller says; from asterisk-core-sounds-en-wav. */
#define STAGE_SPEECH "/usr/share/asterisk/sounds/en_US_f_Allison/vm-goodbye.wav"

typedef enum
{
  STAGE_NOWHERE,
  STAGE_BEFORE_VADENDPOINT,     /* another element there holds everything */
  STAGE_BEFORE_CLOUDSTT,
  STAGE_BEFORE_LLMCHAT,
  STAGE_BEFORE_CLOUDTTS,
  STAGE_BEFORE_MULAWSINK,
  STAGE_STT,                    /* the provider is slow */
  STAGE_LLM_TOKEN,
  STAGE_LLM_SENTENCE,
  STAGE_TTS,
  STAGE_TTS_SILENCE,            /* its sound begins with silence: cut */
  STAGE_SILENCE,                /* another element puts silence before it */
  STAGE_LOOP_STT,               /* the loop is blocked when the result comes */
  STAGE_LOOP_LLM,
  STAGE_LOOP_TTS,
  STAGE_PLAYOUT,                /* the caller's side plays later */
  STAGE_N_PLACES
} StagePlace;

/* The place's name, and the stage its wait belongs to; NULL for NOWHERE. */
const gchar *stage_place_name (StagePlace place);
const gchar *stage_place_stage (StagePlace place);
/* How much of @wait µs comes back there. */
gint64 stage_place_cost (StagePlace place, gint64 wait);

/* Runs one turn with @wait µs at @place and returns its report; it fails the
 * test if none comes. @manual: on a clock stepped by hand. */
ParleyTurnReport *stage_rig_run (StagePlace place, gint64 wait,
    gboolean manual);
/* The same, by hand, the reply being made before the turn is over. */
ParleyTurnReport *stage_rig_run_eager (StagePlace place, gint64 wait);

/* The µs of the stage @name in @report; -1: it has none. */
gint64 stage_us (const ParleyTurnReport * report, const gchar * name);

G_END_DECLS
