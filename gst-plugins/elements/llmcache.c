/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "llmcache.h"

#include <string.h>

#include "llmchat.h"
#include "prewarm.h"
#include "providers/llm/speakable.h"

/* Answers */

static gchar *
text_of (GstLlmChat * self, const gchar * property)
{
  return gst_provider_element_dup_text (GST_PROVIDER_ELEMENT (self), property);
}

static gboolean
open_cache (LlmCache * cache, const gchar * scope, const gchar * where,
    GError ** error)
{
  if (!parley_answer_scope_parse (scope, &cache->scope)) {
    g_set_error (error, PARLEY_CACHES_ERROR, 0,
        "there is no scope “%s” of a "
        "cache; set cache-scope= to off, conversation or question",
        scope ? scope : "");
    return FALSE;
  }
  return cache->scope == PARLEY_ANSWER_NEVER
      || parley_caches_open (PARLEY_CACHE_ANSWERS, where ? where : "memory", 0,
      &cache->cache, error);
}

gboolean
llm_cache_open (GstLlmChat * self)
{
  gchar *scope = text_of (self, "cache-scope");
  gchar *where = text_of (self, "cache");
  LlmCache *old = &self->cache, cache = { 0 };
  GError *error = NULL;
  gboolean ok = open_cache (&cache, scope, where, &error);
  guint ttl;

  g_object_get (self, "cache-ttl", &ttl, NULL);
  cache.ttl = ttl ? ttl * G_TIME_SPAN_SECOND : PARLEY_CACHE_TTL_ANSWER;
  if (!ok) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("%s.", error->message),
        (NULL));
    g_error_free (error);
  } else if (old->cache != cache.cache || old->scope != cache.scope
      || old->ttl != cache.ttl) {
    /* Else the loop may be at work with it, of a run that has ended. */
    *old = cache;
  }
  g_free (where);
  g_free (scope);
  return ok;
}

void
llm_cache_connect (GstLlmChat * self, ParleyLlmProvider * provider)
{
  if (self->cache.cache)
    parley_llm_provider_set_cache (provider, parley_answer_cache_new (provider,
            self->cache.cache, self->cache.scope, self->cache.ttl));
}

/* Texts that are sure to be said */

/* As a reply of @text is cut. */
static void
add_sentences (GPtrArray * texts, const gchar * text)
{
  ParleySentences *splitter = parley_sentences_new ();
  gchar *sentence;

  parley_sentences_feed (splitter, text);
  parley_sentences_finish (splitter);
  while ((sentence = parley_sentences_next (splitter))) {
    gchar *spoken = parley_speakable (sentence);

    if (*spoken)
      g_ptr_array_add (texts, g_steal_pointer (&spoken));
    g_free (spoken);
    g_free (sentence);
  }
  parley_sentences_free (splitter);
}

/* What holds a call variable is another text in each call. */
static void
add_text (GPtrArray * texts, const gchar * text)
{
  if (text && !strstr (text, "%{"))
    add_sentences (texts, text);
}

static void
add_property (GstLlmChat * self, GPtrArray * texts, const gchar * property)
{
  gchar *text = gst_provider_element_dup_file_text (GST_PROVIDER_ELEMENT
      (self), property);
  gchar **parts = g_strsplit_set (text ? text : "", "|\n", -1);

  for (guint i = 0; parts[i]; i++)
    add_text (texts, parts[i]);
  g_strfreev (parts);
  g_free (text);
}

static void
add_greeting (GstLlmChat * self, GPtrArray * texts)
{
  GstProviderElement *element = GST_PROVIDER_ELEMENT (self);
  gchar *text = gst_provider_element_dup_file_text (element, "greeting");
  ParleyLlmProvider *provider = gst_provider_element_dup (element);

  if (!text && provider)
    text = parley_llm_provider_greeting (provider);
  add_text (texts, text);
  g_clear_object (&provider);
  g_free (text);
}

static gboolean
has_caller (GstLlmChat * self)
{
  ParleyCall *call = gst_loop_element_dup_call (GST_LOOP_ELEMENT (self));
  gboolean started = call && parley_call_get_start (call);

  g_clear_object (&call);
  return started;
}

void
llm_cache_prewarm (GstLlmChat * self)
{
  GPtrArray *texts;
  GstQuery *query;
  gchar *tools;

  if (has_caller (self))
    return;
  texts = g_ptr_array_new_with_free_func (g_free);
  add_greeting (self, texts);
  add_property (self, texts, "sorry-text");
  tools = text_of (self, "tools");
  if (tools)
    add_property (self, texts, "filler-text");
  add_property (self, texts, "idle-prompt");
  add_property (self, texts, "idle-goodbye");
  add_property (self, texts, "prewarm-texts");
  g_ptr_array_add (texts, NULL);
  query = prewarm_query_new ((const gchar * const *) texts->pdata);
  gst_pad_peer_query (gst_loop_element_get_src_pad (GST_LOOP_ELEMENT (self)),
      query);
  gst_query_unref (query);
  g_ptr_array_unref (texts);
  g_free (tools);
}
