/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/llm/tools.h"
#include "turn/history.h"

G_BEGIN_DECLS

/* The wire format of OpenAI's chat completions, which many servers speak: the
 * request's body, and the answer put together from its pieces.
 *
 * Pure; one thread at a time. */

typedef struct
{
  const gchar *model;
  gdouble temperature;          /* below 0: not sent */
  guint max_tokens;             /* 0: not sent */
  gboolean max_tokens_new_name; /* max_completion_tokens, not max_tokens */
  ParleyTools *tools;           /* may be called; NULL: none */
} ParleyChatSettings;

/* @messages: of ParleyMessage. Transfer full. */
JsonNode *parley_chat_request (GPtrArray * messages,
    const ParleyChatSettings * settings);

typedef struct
{
  gdouble input;                /* tokens, those of cached not among them */
  gdouble cached;
  gdouble output;
} ParleyChatUsage;

typedef struct _ParleyChatReply ParleyChatReply;

/* @provider: for the texts of errors. @secrets as parley_clean_text(). */
ParleyChatReply *parley_chat_reply_new (const gchar * provider,
    const gchar * const *secrets);
void parley_chat_reply_free (ParleyChatReply * reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyChatReply, parley_chat_reply_free)

/* The data of one event; what it says is appended to @text, and a blank line
 * behind the text when a tool is called, so that nobody waits for its end.
 * FALSE with @error (PARLEY_NET_ERROR): no more will come of it. */
gboolean parley_chat_reply_take (ParleyChatReply * reply, const gchar * data,
    gsize len, GString * text, GError ** error);
/* "[DONE]" has come. */
gboolean parley_chat_reply_is_over (ParleyChatReply * reply);
/* No more events come. FALSE with @error: what came is not a whole reply. */
gboolean parley_chat_reply_finish (ParleyChatReply * reply, GError ** error);

/* After finish: of ParleyToolCall, in order; borrowed. */
GPtrArray *parley_chat_reply_get_tool_calls (ParleyChatReply * reply);
/* FALSE: it told none. */
gboolean parley_chat_reply_get_usage (ParleyChatReply * reply,
    ParleyChatUsage * usage);

G_END_DECLS
