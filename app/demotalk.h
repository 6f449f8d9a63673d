/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "providers/llm/script.h"
#include "turn/timeline.h"

G_BEGIN_DECLS

/* What the demo's caller says, what came of it, and whether it was right. No
 * sound, no sockets. One thread. */

typedef struct
{
  gchar *said;
  GString *heard;               /* what the recogniser made of it */
  GString *reply;               /* what the agent answered */
  gboolean answered;
  gint64 response_ms;           /* only if answered */
  ParleyTurnReport *report;     /* where the time went; NULL: not told */
} ParleyDemoTurn;

/* Four turns that @script understands, one leading to the next where it knows
 * them; of ParleyDemoTurn. Transfer full. */
GPtrArray *parley_demo_turns_new (ParleyScript * script);

/* Adds to what was heard or replied, with a blank between. */
void parley_demo_append (GString * text, const gchar * more);

/* Whether @turn was heard word for word and its answer came and is none of the
 * fallbacks; @turns are all of the conversation. */
gboolean parley_demo_turn_is_right (ParleyScript * script, GPtrArray * turns,
    guint index);

/* {"turns":[{"caller","heard","reply","response_ms","stages","total_ms",
 * "sent_ms","heard_ms"}]}, the stages as of turnjson.h; transfer full. */
JsonNode *parley_demo_turns_to_json (GPtrArray * turns);

G_END_DECLS
