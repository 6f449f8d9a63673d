/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/caches.h"
#include "providers/llmprovider.h"

G_BEGIN_DECLS

/* Answers of a language model that are given again without asking it. It stands
 * between a provider's callers and the provider: ParleyLlmProvider asks it for
 * each request and tells it what was answered.
 *
 * Kept are whole answers of text. One for which the model called a tool, or
 * that follows a tool's result, or that ends the call, is not; nor what failed
 * or was cancelled. Two who ask the same at the same time both ask the model:
 * its first words come before another's last.
 *
 * Threads: the provider's loop. */

typedef enum
{
  PARLEY_ANSWER_NEVER,
  PARLEY_ANSWER_CONVERSATION,   /* the same conversation, word for word */
  PARLEY_ANSWER_QUESTION        /* the same system prompt and last question */
} ParleyAnswerScope;

/* "off", "conversation", "question". FALSE: another text. */
gboolean parley_answer_scope_parse (const gchar * text,
    ParleyAnswerScope * scope);

/* @provider and @cache are borrowed. */
ParleyAnswerCache *parley_answer_cache_new (ParleyLlmProvider * provider,
    ParleyCache * cache, ParleyAnswerScope scope, gint64 ttl);
/* Forgets what is under way. */
void parley_answer_cache_free (ParleyAnswerCache * self);

/* The provider's request(), perhaps later, or the answer from the cache. */
void parley_answer_cache_request (ParleyAnswerCache * self, guint id,
    GPtrArray * messages);
/* TRUE: the provider was not asked, and will not be. */
gboolean parley_answer_cache_cancel (ParleyAnswerCache * self, guint id);

/* What the provider answers. */
void parley_answer_cache_note_text (ParleyAnswerCache * self, guint id,
    const gchar * text);
void parley_answer_cache_note_tool_call (ParleyAnswerCache * self, guint id);
void parley_answer_cache_note_end (ParleyAnswerCache * self, guint id,
    gboolean complete);

G_END_DECLS
