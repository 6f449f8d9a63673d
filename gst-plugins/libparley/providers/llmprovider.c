/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/llmprovider.h"

#include "providers/llm/answercache.h"
#include "providers/llm/tools.h"

enum
{
  SIGNAL_DELTA,
  SIGNAL_TOOL_CALL,
  SIGNAL_DONE,
  SIGNAL_FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

typedef struct
{
  ParleyTools *tools;           /* or NULL */
  ParleyAnswerCache *cache;     /* or NULL */
} ParleyLlmProviderPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (ParleyLlmProvider, parley_llm_provider,
    PARLEY_TYPE_PROVIDER);

#define PRIV(self) ((ParleyLlmProviderPrivate *) \
    parley_llm_provider_get_instance_private (self))

static void
parley_llm_provider_finalize (GObject * object)
{
  ParleyLlmProviderPrivate *priv = PRIV (PARLEY_LLM_PROVIDER (object));

  g_clear_pointer (&priv->tools, parley_tools_unref);
  g_clear_pointer (&priv->cache, parley_answer_cache_free);
  G_OBJECT_CLASS (parley_llm_provider_parent_class)->finalize (object);
}

static void
parley_llm_provider_init (ParleyLlmProvider * self)
{
}

static void
parley_llm_provider_class_init (ParleyLlmProviderClass * klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = parley_llm_provider_finalize;
  signals[SIGNAL_DELTA] = g_signal_new ("delta", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
  signals[SIGNAL_TOOL_CALL] = g_signal_new ("tool-call", type,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 4, G_TYPE_UINT,
      G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  signals[SIGNAL_DONE] = g_signal_new ("done", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_BOOLEAN);
  signals[SIGNAL_FAILED] = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_ERROR);
}

void
parley_llm_provider_request (ParleyLlmProvider * self, guint id,
    GPtrArray * messages)
{
  if (PRIV (self)->cache)
    parley_answer_cache_request (PRIV (self)->cache, id, messages);
  else
    PARLEY_LLM_PROVIDER_GET_CLASS (self)->request (self, id, messages);
}

void
parley_llm_provider_cancel (ParleyLlmProvider * self, guint id)
{
  ParleyAnswerCache *cache = PRIV (self)->cache;

  if (!cache || !parley_answer_cache_cancel (cache, id))
    PARLEY_LLM_PROVIDER_GET_CLASS (self)->cancel (self, id);
}

void
parley_llm_provider_set_tools (ParleyLlmProvider * self, ParleyTools * tools)
{
  if (tools)
    parley_tools_ref (tools);
  g_clear_pointer (&PRIV (self)->tools, parley_tools_unref);
  PRIV (self)->tools = tools;
}

ParleyTools *
parley_llm_provider_get_tools (ParleyLlmProvider * self)
{
  return PRIV (self)->tools;
}

gchar *
parley_llm_provider_greeting (ParleyLlmProvider * self)
{
  ParleyLlmProviderClass *klass = PARLEY_LLM_PROVIDER_GET_CLASS (self);

  return klass->greeting ? klass->greeting (self) : NULL;
}

gchar *
parley_llm_provider_describe (ParleyLlmProvider * self)
{
  ParleyLlmProviderClass *klass = PARLEY_LLM_PROVIDER_GET_CLASS (self);

  return klass->describe ? klass->describe (self) : NULL;
}

void
parley_llm_provider_set_cache (ParleyLlmProvider * self,
    ParleyAnswerCache * cache)
{
  g_clear_pointer (&PRIV (self)->cache, parley_answer_cache_free);
  PRIV (self)->cache = cache;
}

void
parley_llm_provider_delta_in_loop (ParleyLlmProvider * self, guint id,
    const gchar * text)
{
  if (PRIV (self)->cache)
    parley_answer_cache_note_text (PRIV (self)->cache, id, text);
  g_signal_emit (self, signals[SIGNAL_DELTA], 0, id, text);
}

void
parley_llm_provider_tool_call_in_loop (ParleyLlmProvider * self, guint id,
    const gchar * call, const gchar * name, const gchar * arguments)
{
  if (PRIV (self)->cache)
    parley_answer_cache_note_tool_call (PRIV (self)->cache, id);
  g_signal_emit (self, signals[SIGNAL_TOOL_CALL], 0, id, call, name, arguments);
}

void
parley_llm_provider_done_in_loop (ParleyLlmProvider * self, guint id,
    gboolean hang_up)
{
  if (PRIV (self)->cache)
    parley_answer_cache_note_end (PRIV (self)->cache, id, !hang_up);
  g_signal_emit (self, signals[SIGNAL_DONE], 0, id, hang_up);
}

void
parley_llm_provider_failed_in_loop (ParleyLlmProvider * self, guint id,
    const GError * error)
{
  if (PRIV (self)->cache)
    parley_answer_cache_note_end (PRIV (self)->cache, id, FALSE);
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, id, error);
}
