/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/provider.h"
#include "turn/history.h"

G_BEGIN_DECLS

typedef struct _ParleyAnswerCache ParleyAnswerCache;
typedef struct _ParleyTools ParleyTools;

/* A language model: a wire format or an engine, nothing of GStreamer.
 *
 * Threads, settings and results: as ParleySttProvider. A provider holds no
 * conversation: each request carries the whole history, so that a reply that
 * was never heard leaves no trace in it. */

#define PARLEY_TYPE_LLM_PROVIDER (parley_llm_provider_get_type ())
G_DECLARE_DERIVABLE_TYPE (ParleyLlmProvider, parley_llm_provider, PARLEY,
    LLM_PROVIDER, ParleyProvider)

struct _ParleyLlmProviderClass
{
  ParleyProviderClass parent_class;

  /* Answers @messages (of ParleyMessage, oldest first, the last one the
   * user's or a tool's; borrowed) under the caller's number @id. The model may
   * call what parley_llm_provider_get_tools() holds. */
  void (*request) (ParleyLlmProvider * self, guint id, GPtrArray * messages);
  /* @id is not answered any more. Unknown numbers are ignored. */
  void (*cancel) (ParleyLlmProvider * self, guint id);
  /* The greeting that belongs to the model's own settings, such as a script's;
   * may be missing. Transfer full, NULL for none. */
  gchar *(*greeting) (ParleyLlmProvider * self);
  /* All that an answer depends on besides the messages and tools (provider,
   * model, settings), for cache keys; missing: answers cannot be kept. Transfer
   * full. */
  gchar *(*describe) (ParleyLlmProvider * self);
};

/* Signals:
 * "delta"  (guint id, const gchar *text): more of the reply, cut anywhere
 *          between two characters.
 * "done"   (guint id, gboolean hang_up): the reply is complete; @hang_up: the
 *          call ends once it was heard.
 * "tool-call" (guint id, const gchar *call, const gchar *name, const gchar
 *          *arguments): before done, for each call: the model wants the tool
 *          @name called; @call names it in the conversation. @arguments are
 *          what the model wrote: a JSON object, unless it made a mistake.
 * "failed" (guint id, GError *error): instead of done. */

void parley_llm_provider_request (ParleyLlmProvider * self, guint id,
    GPtrArray * messages);
void parley_llm_provider_cancel (ParleyLlmProvider * self, guint id);
/* What the requests after this may call (llm/tools.h); NULL: nothing. Takes a
 * reference. On the provider's loop. */
void parley_llm_provider_set_tools (ParleyLlmProvider * self,
    ParleyTools * tools);
gchar *parley_llm_provider_greeting (ParleyLlmProvider * self);
/* NULL: answers cannot be kept. */
gchar *parley_llm_provider_describe (ParleyLlmProvider * self);
/* Answers of requests after this are kept and given again (llm/answercache.h);
 * NULL: no more. Takes @cache, which was made for this provider. On its
 * loop. */
void parley_llm_provider_set_cache (ParleyLlmProvider * self,
    ParleyAnswerCache * cache);

/* For subclasses. Borrowed; NULL: none. */
ParleyTools *parley_llm_provider_get_tools (ParleyLlmProvider * self);
void parley_llm_provider_delta_in_loop (ParleyLlmProvider * self, guint id,
    const gchar * text);
void parley_llm_provider_tool_call_in_loop (ParleyLlmProvider * self, guint id,
    const gchar * call, const gchar * name, const gchar * arguments);
void parley_llm_provider_done_in_loop (ParleyLlmProvider * self, guint id,
    gboolean hang_up);
void parley_llm_provider_failed_in_loop (ParleyLlmProvider * self, guint id,
    const GError * error);

G_END_DECLS
