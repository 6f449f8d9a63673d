/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/llm/answercache.h"

#include <string.h>

#include "net/clock.h"
#include "providers/llm/tools.h"

struct _ParleyAnswerCache
{
  ParleyLlmProvider *provider;
  ParleyCache *cache;
  ParleyAnswerScope scope;
  gint64 ttl;
  GHashTable *asked;            /* id → Asked */
};

typedef struct
{
  ParleyAnswerCache *self;
  guint id;
  gchar *key;
  GPtrArray *messages;          /* until the provider is asked */
  ParleyCacheFetch *fetch;
  GSource *later;               /* hands over @found */
  GBytes *found;
  GString *text;                /* what the provider said so far */
} Asked;

static void
asked_free (gpointer data)
{
  Asked *asked = data;

  if (asked->fetch)
    parley_cache_fetch_cancel_in_loop (asked->fetch);
  parley_timer_clear (&asked->later);
  g_clear_pointer (&asked->found, g_bytes_unref);
  g_clear_pointer (&asked->messages, g_ptr_array_unref);
  g_string_free (asked->text, TRUE);
  g_free (asked->key);
  g_free (asked);
}

static Asked *
find (ParleyAnswerCache * self, guint id)
{
  return g_hash_table_lookup (self->asked, GUINT_TO_POINTER (id));
}

static void
forget (ParleyAnswerCache * self, guint id)
{
  g_hash_table_remove (self->asked, GUINT_TO_POINTER (id));
}

gboolean
parley_answer_scope_parse (const gchar * text, ParleyAnswerScope * scope)
{
  static const gchar *const names[] = { "off", "conversation", "question" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_strcmp0 (text, names[i]) != 0)
      continue;
    *scope = i;
    return TRUE;
  }
  return FALSE;
}

/* Keys */

/* With its length: no two lists of texts look alike. */
static void
add_text (GString * key, const gchar * text)
{
  g_string_append_printf (key, "%" G_GSIZE_FORMAT ":%s;",
      text ? strlen (text) : 0, text ? text : "");
}

static void
add_message (GString * key, const ParleyMessage * message)
{
  g_string_append_printf (key, "\n%d ", message->role);
  add_text (key, message->text);
  add_text (key, message->call);
  for (guint i = 0; message->calls && i < message->calls->len; i++) {
    ParleyToolCall *call = g_ptr_array_index (message->calls, i);

    add_text (key, call->id);
    add_text (key, call->name);
    add_text (key, call->arguments);
  }
}

static void
add_tools (GString * key, ParleyTools * tools)
{
  for (guint i = 0; tools && i < parley_tools_get_n (tools); i++) {
    const ParleyTool *tool = parley_tools_get (tools, i);
    gchar *parameters = tool->parameters
        ? json_to_string (tool->parameters, FALSE) : NULL;

    add_text (key, tool->name);
    add_text (key, tool->description);
    add_text (key, parameters);
    g_free (parameters);
  }
}

static gboolean
counts (ParleyAnswerCache * self, GPtrArray * messages, guint index)
{
  ParleyMessage *message = g_ptr_array_index (messages, index);

  return self->scope == PARLEY_ANSWER_CONVERSATION
      || message->role == PARLEY_ROLE_SYSTEM || index == messages->len - 1;
}

/* NULL: the answer is not to be kept. */
static gchar *
make_key (ParleyAnswerCache * self, GPtrArray * messages)
{
  gchar *settings = parley_llm_provider_describe (self->provider);
  ParleyMessage *last = messages->len
      ? g_ptr_array_index (messages, messages->len - 1) : NULL;
  GString *text;
  gchar *label, *key;

  if (!settings || !last || last->role != PARLEY_ROLE_USER) {
    g_free (settings);
    return NULL;
  }
  text = g_string_new (NULL);
  g_string_append_printf (text, "%d", self->scope);
  add_tools (text, parley_llm_provider_get_tools (self->provider));
  for (guint i = 0; i < messages->len; i++)
    if (counts (self, messages, i))
      add_message (text, g_ptr_array_index (messages, i));
  label = parley_provider_label (PARLEY_PROVIDER (self->provider), settings);
  key = parley_cache_key_new (label, settings, text->str);
  g_free (label);
  g_string_free (text, TRUE);
  g_free (settings);
  return key;
}

/* Asking */

static void
ask_provider (ParleyAnswerCache * self, guint id, GPtrArray * messages)
{
  PARLEY_LLM_PROVIDER_GET_CLASS (self->provider)->request (self->provider, id,
      messages);
}

/* @asked is over by this. */
static void
give (Asked * asked, GBytes * bytes)
{
  ParleyLlmProvider *provider = g_object_ref (asked->self->provider);
  gsize len;
  const gchar *data = g_bytes_get_data (bytes, &len);
  gchar *text = g_utf8_make_valid (data, len);
  guint id = asked->id;

  forget (asked->self, id);
  parley_llm_provider_delta_in_loop (provider, id, text);
  parley_llm_provider_done_in_loop (provider, id, FALSE);
  g_free (text);
  g_object_unref (provider);
}

static gboolean
give_found (gpointer data)
{
  Asked *asked = data;
  GBytes *found = g_steal_pointer (&asked->found);

  give (asked, found);
  g_bytes_unref (found);
  return G_SOURCE_REMOVE;
}

static void
fetched (const gchar * key, GBytes * bytes, gpointer data)
{
  Asked *asked = data;
  GPtrArray *messages = g_steal_pointer (&asked->messages);

  asked->fetch = NULL;
  if (bytes)
    give (asked, bytes);
  else
    ask_provider (asked->self, asked->id, messages);
  g_ptr_array_unref (messages);
}

/* The provider is asked unless, or until, the cache has it. */
static void
look (Asked * asked)
{
  ParleyAnswerCache *self = asked->self;
  ParleyLoop *loop = parley_provider_get_loop (PARLEY_PROVIDER
      (self->provider));

  asked->found = parley_cache_lookup (self->cache, asked->key);
  if (asked->found)
    asked->later = parley_loop_add_timer (loop, parley_clock_now (),
        give_found, asked);
  else
    asked->fetch = parley_cache_fetch_in_loop (self->cache, asked->key, loop,
        fetched, asked);
}

void
parley_answer_cache_request (ParleyAnswerCache * self, guint id,
    GPtrArray * messages)
{
  gchar *key = make_key (self, messages);
  Asked *asked;

  if (!key) {
    ask_provider (self, id, messages);
    return;
  }
  asked = g_new0 (Asked, 1);
  asked->self = self;
  asked->id = id;
  asked->key = key;
  asked->text = g_string_new (NULL);
  g_hash_table_replace (self->asked, GUINT_TO_POINTER (id), asked);
  look (asked);
  if (asked->fetch)
    asked->messages = g_ptr_array_ref (messages);
  else if (!asked->found)
    ask_provider (self, id, messages);
}

gboolean
parley_answer_cache_cancel (ParleyAnswerCache * self, guint id)
{
  Asked *asked = find (self, id);
  gboolean waits = asked && (asked->fetch || asked->later);

  forget (self, id);
  return waits;
}

/* What the provider answers */

void
parley_answer_cache_note_text (ParleyAnswerCache * self, guint id,
    const gchar * text)
{
  Asked *asked = find (self, id);

  if (asked)
    g_string_append (asked->text, text);
}

void
parley_answer_cache_note_tool_call (ParleyAnswerCache * self, guint id)
{
  forget (self, id);
}

void
parley_answer_cache_note_end (ParleyAnswerCache * self, guint id,
    gboolean complete)
{
  Asked *asked = find (self, id);

  if (asked && complete && asked->text->len > 0) {
    GBytes *bytes = g_bytes_new (asked->text->str, asked->text->len);

    parley_cache_put (self->cache, asked->key, bytes, PARLEY_CACHE_REPLY,
        self->ttl);
    g_bytes_unref (bytes);
  }
  forget (self, id);
}

/* Life */

ParleyAnswerCache *
parley_answer_cache_new (ParleyLlmProvider * provider, ParleyCache * cache,
    ParleyAnswerScope scope, gint64 ttl)
{
  ParleyAnswerCache *self = g_new0 (ParleyAnswerCache, 1);

  self->provider = provider;
  self->cache = cache;
  self->scope = scope;
  self->ttl = ttl;
  self->asked = g_hash_table_new_full (NULL, NULL, NULL, asked_free);
  return self;
}

void
parley_answer_cache_free (ParleyAnswerCache * self)
{
  g_hash_table_unref (self->asked);
  g_free (self);
}
