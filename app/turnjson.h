/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "turn/timeline.h"

G_BEGIN_DECLS

/* A turn's report as JSON, in logs and pages:
 *
 *   {"call","turn","take","epoch","time" (ISO 8601, UTC),"sent_ms","heard_ms"
 *   (null: not heard),"total_ms" (the sum of the stages),"cached","speculated",
 *   "reason" (why the turn counted as over),"speech_end_ms" (stream time; null:
 *   unknown),"sound_ms","begin_us","sent_us" (monotonic: zero, and when the
 *   first frame went to the socket),
 *   "stages":[{"name","owner","element","provider","ms"}]}
 *
 * "provider" and "reason" only where there is one. Milliseconds have at most
 * three decimals, which is what the report knows. Never what was said. Pure;
 * any thread. */

/* One turn of a log. */
typedef struct
{
  gchar *call;                  /* its sid */
  gint64 time;                  /* µs since 1970 */
  ParleyTurnReport *report;
} ParleyLoggedTurn;

void parley_logged_turn_free (ParleyLoggedTurn * turn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyLoggedTurn, parley_logged_turn_free)

/* @time: µs since 1970. Print it by parley_json_to_text(). Transfer full. */
JsonNode *parley_turn_to_json (const gchar * call,
    const ParleyTurnReport * report, gint64 time);
/* Into @object "stages":[{"name","owner","ms"}],"total_ms","sent_ms",
 * "heard_ms", all null without @report. */
void parley_turn_set_summary (JsonObject * object,
    const ParleyTurnReport * report);

/* From anywhere: whatever does not fit is refused. NULL with @error, one line
 * without the input's own line breaks. */
ParleyLoggedTurn *parley_turn_from_json (JsonNode * node, GError ** error);
/* The same of a text of @len bytes. */
ParleyLoggedTurn *parley_turn_from_text (const gchar * text, gsize len,
    GError ** error);

/* The sum of all stages, µs. */
gint64 parley_turn_get_total (const ParleyTurnReport * report);
/* Of the stage @name, µs; 0 without it. */
gint64 parley_turn_get_stage (const ParleyTurnReport * report,
    const gchar * name);
/* When the first frame was given to the socket, monotonic, in µs. */
gint64 parley_turn_get_first_frame (const ParleyTurnReport * report);

#define PARLEY_TURN_JSON_ERROR (parley_turn_json_error_quark ())
GQuark parley_turn_json_error_quark (void);

G_END_DECLS
