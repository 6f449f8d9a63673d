/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/call.h"
#include "providers/llm/tools.h"
#include "turn/history.h"

G_BEGIN_DECLS

/* One call of a tool under way: its request, to a webhook or to Twilio's REST,
 * with the place at the breaker and the tries. What has effects is tried again
 * only if it cannot have reached the server, or was refused for haste (429).
 * PARLEY_TOOL_HANG_UP is not run here.
 *
 * Threads: all of it on the loop. */

typedef struct _ParleyToolRun ParleyToolRun;

/* Once, never inside a call of these functions; @run may be freed in it.
 * @result: what the model is told. @error: NULL: it worked; else @result says
 * so in the model's terms, too. */
typedef void (*ParleyToolFunc) (ParleyToolRun * run, const gchar * result,
    const GError * error, gpointer data);

/* @arguments: an object, of parley_tool_read_arguments(). @phone: the phone
 * call, for its variables; NULL: there is none. */
ParleyToolRun *parley_tool_run_in_loop (ParleyTools * tools,
    const ParleyTool * tool, const ParleyToolCall * call,
    JsonNode * arguments, ParleyLoop * loop, ParleyCall * phone,
    ParleyToolFunc func, gpointer data);
/* Ends it: nothing is told. */
void parley_tool_run_free (ParleyToolRun * run);
/* The same for a call that is over: what has effects and may have reached the
 * server goes on to its end by itself. */
void parley_tool_run_leave_in_loop (ParleyToolRun * run);

/* {"error": "…"}; transfer full. */
gchar *parley_tool_error_result (const gchar * text);

G_END_DECLS
