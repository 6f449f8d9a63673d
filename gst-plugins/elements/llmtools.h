/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How llmchat calls tools: a reply may take several rounds, in each of which
 * the model calls some, all of them answer, and it is asked again. What has
 * effects waits until the reply may be heard; what ends the call waits for the
 * reply's last word. On the element's loop. */

#include "gstllmchat.h"
#include "providers/llm/tools.h"
#include "providers/llmprovider.h"

G_BEGIN_DECLS

/* Of a reply: its rounds so far. */
typedef struct _LlmCalls LlmCalls;
typedef struct _LlmReply LlmReply;

/* Of the element. */
typedef struct
{
  ParleyTools *tools;           /* of this run; NULL: none */
  GList *working;               /* of calls that were not answered yet */
  GSource *filler_timer;
  guint n_fillers;              /* said so far */
  GSource *hurry_timer;         /* until the first sentence; or NULL */
} LlmTools;

/* In NULL→READY, any thread. FALSE: the file is wrong, an error was posted. */
gboolean llm_tools_check (GstLlmChat * self);
/* Those of the file, any thread; transfer full. NULL without an error: there is
 * no file, or it is being read. */
ParleyTools *llm_tools_peek (GstLlmChat * self, GError ** error);
/* The conversation begins; it ends. */
void llm_tools_start (GstLlmChat * self);
void llm_tools_stop (GstLlmChat * self);
void llm_tools_connect (GstLlmChat * self, ParleyLlmProvider * provider);

/* Asks the provider for more of @reply, which becomes the one it works on.
 * Takes @messages. */
void llm_tools_request (GstLlmChat * self, LlmReply * reply,
    GPtrArray * messages);
/* The provider failed. As long as nothing of its answer was sent on, another
 * may make all of it: under the same epoch, of which nothing more exists.
 * FALSE: there is none. */
gboolean llm_tools_ask_next (GstLlmChat * self, LlmReply * reply,
    const GError * error);
/* The model said @text. */
void llm_tools_note_text (LlmReply * reply, const gchar * text);
/* The model is done. TRUE: not with the reply, as it called tools. */
gboolean llm_tools_take_up (GstLlmChat * self, LlmReply * reply);
/* The reply under way is released, unpaused or carried over. */
void llm_tools_go_on (GstLlmChat * self);
/* The caller's text that @reply answers is in the history. */
void llm_tools_note_answered (GstLlmChat * self, LlmReply * reply);
/* The reply is void: nobody waits for its tools any more. */
void llm_tools_drop (GstLlmChat * self, LlmReply * reply);
/* Whether the caller was told nothing, or to wait. */
gboolean llm_tools_is_silent (LlmReply * reply);
/* Whether the call ends with this reply, whatever else comes. */
gboolean llm_tools_ends_call (LlmReply * reply);
/* Its last word was heard. */
void llm_tools_finish (GstLlmChat * self, LlmReply * reply);
/* NULL is harmless. */
void llm_calls_free (LlmCalls * calls);

G_END_DECLS
