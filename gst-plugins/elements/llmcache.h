/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstllmchat.h"
#include "providers/llm/answercache.h"

G_BEGIN_DECLS

/* What llmchat knows before anybody calls, and what it need not ask twice. */

typedef struct
{
  ParleyAnswerScope scope;
  ParleyCache *cache;           /* NULL: answers are not kept */
  gint64 ttl;                   /* µs */
} LlmCache;

/* Any thread, in READY. FALSE: an error was posted. */
gboolean llm_cache_open (GstLlmChat * self);
/* Has whoever speaks downstream make the greeting and the other texts that are
 * sure to be said, unless a call is on the line already. */
void llm_cache_prewarm (GstLlmChat * self);

/* On the loop: @provider serves from now on. */
void llm_cache_connect (GstLlmChat * self, ParleyLlmProvider * provider);

G_END_DECLS
