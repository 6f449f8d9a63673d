/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What was said and heard in a conversation, as a language model wants it. A
 * reply counts as far as the caller heard it, never more.
 *
 * Pure; one thread at a time. */

typedef enum
{
  PARLEY_ROLE_SYSTEM,
  PARLEY_ROLE_USER,
  PARLEY_ROLE_ASSISTANT,
  PARLEY_ROLE_TOOL
} ParleyRole;

/* A tool that the model wants called. */
typedef struct
{
  gchar *id;                    /* names the call in the conversation */
  gchar *name;
  gchar *arguments;             /* as the model wrote them: JSON, perhaps not
                                 * valid */
} ParleyToolCall;

ParleyToolCall *parley_tool_call_new (const gchar * id, const gchar * name,
    const gchar * arguments);
ParleyToolCall *parley_tool_call_copy (const ParleyToolCall * call);
void parley_tool_call_free (ParleyToolCall * call);

typedef struct
{
  ParleyRole role;
  gchar *text;                  /* of a tool: what it answered */
  GPtrArray *calls;             /* the model's, of ParleyToolCall; NULL: none */
  gchar *call;                  /* of a tool: the id of the call it answers */
} ParleyMessage;

ParleyMessage *parley_message_new (ParleyRole role, const gchar * text);
/* Of the model, calling tools: copies @calls (of ParleyToolCall). */
ParleyMessage *parley_message_new_calls (const gchar * text,
    GPtrArray * calls);
/* What the tool answered to @call. */
ParleyMessage *parley_message_new_result (const gchar * call,
    const gchar * text);
void parley_message_free (ParleyMessage * message);

typedef struct _ParleyHistory ParleyHistory;

/* @system: the system prompt, or NULL. */
ParleyHistory *parley_history_new (const gchar * system);
void parley_history_free (ParleyHistory * history);

void parley_history_add_user (ParleyHistory * history, const gchar * text);
/* @text is all that was heard of the reply @epoch so far. A reply's message
 * stands where it was first heard. */
void parley_history_heard (ParleyHistory * history, guint64 epoch,
    const gchar * text);

/* The reply @epoch called tools (of ParleyToolCall, copied), which have not
 * answered yet. The calls belong to what was said before them; each is followed
 * by its result, whatever comes next. */
void parley_history_add_calls (ParleyHistory * history, guint64 epoch,
    GPtrArray * calls);
/* The tool's answer to the call @id of that reply. Another one replaces it. */
void parley_history_set_result (ParleyHistory * history, guint64 epoch,
    const gchar * id, const gchar * text);
/* @said is all that the reply has said when its tools had answered: what is
 * heard beyond that follows the results. */
void parley_history_end_calls (ParleyHistory * history, guint64 epoch,
    const gchar * said);

/* What stands for a result that is not there yet. */
#define PARLEY_HISTORY_PENDING "{\"status\":\"not finished yet\"}"

/* The messages so far, oldest first (of ParleyMessage), @user behind them where
 * it is not NULL. Transfer full. */
GPtrArray *parley_history_messages (ParleyHistory * history,
    const gchar * user);

G_END_DECLS
