/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Chat completions of OpenAI and of all servers that speak their language
 * (OpenRouter, Ollama, llama.cpp, vLLM), as a stream of events. */

#include "providers/cloud.h"
#include "providers/llm/openaichat.h"
#include "providers/llmprovider.h"

#define DEFAULT_MODEL "gpt-4o-mini"

#define PARLEY_TYPE_LLM_OPENAI (parley_llm_openai_get_type ())
G_DECLARE_FINAL_TYPE (ParleyLlmOpenai, parley_llm_openai, PARLEY, LLM_OPENAI,
    ParleyLlmProvider);

struct _ParleyLlmOpenai
{
  ParleyLlmProvider parent;
  ParleyCloud *cloud;
  GHashTable *jobs;             /* id → Job */
};

typedef struct
{
  ParleyLlmOpenai *self;
  guint id;
  ParleyCloudCall *call;
  ParleyChatReply *reply;
  const gchar *secrets[2];
} Job;

static const ParleyCloudInfo info = {
  .name = "openai",
  .kind = "llm",
  .operation = PARLEY_OPERATION_LLM,
  .base_url = "https://api.openai.com/v1",
  .key_env = "OPENAI_API_KEY",
  .key_header = "Authorization",
  .key_prefix = "Bearer ",
  .warm_path = "/models",
};

G_DEFINE_FINAL_TYPE (ParleyLlmOpenai, parley_llm_openai,
    PARLEY_TYPE_LLM_PROVIDER);

static void
job_free (gpointer data)
{
  Job *job = data;

  parley_cloud_call_free (job->call);
  g_clear_pointer (&job->reply, parley_chat_reply_free);
  g_free (job);
}

/* Nothing of it is answered after this. */
static void
job_end (Job * job)
{
  g_hash_table_remove (job->self->jobs, GUINT_TO_POINTER (job->id));
}

static void
begin_reply (Job * job)
{
  g_clear_pointer (&job->reply, parley_chat_reply_free);
  job->reply = parley_chat_reply_new (info.name, job->secrets);
}

static void
on_restart (ParleyCloudCall * call, gpointer data)
{
  begin_reply (data);
}

/* All of the reply is there; @job ends. */
static void
complete (Job * job)
{
  ParleyLlmProvider *provider = g_object_ref (PARLEY_LLM_PROVIDER (job->self));
  guint id = job->id;
  ParleyChatReply *reply = g_steal_pointer (&job->reply);
  GPtrArray *calls = parley_chat_reply_get_tool_calls (reply);
  ParleyChatUsage usage;

  job_end (job);
  if (parley_chat_reply_get_usage (reply, &usage)) {
    parley_provider_usage_in_loop (PARLEY_PROVIDER (provider), "input_token",
        usage.input);
    if (usage.cached > 0)
      parley_provider_usage_in_loop (PARLEY_PROVIDER (provider),
          "cached_input_token", usage.cached);
    parley_provider_usage_in_loop (PARLEY_PROVIDER (provider), "output_token",
        usage.output);
  }
  for (guint i = 0; i < calls->len; i++) {
    ParleyToolCall *tool = g_ptr_array_index (calls, i);

    parley_llm_provider_tool_call_in_loop (provider, id, tool->id, tool->name,
        tool->arguments);
  }
  parley_llm_provider_done_in_loop (provider, id, FALSE);
  parley_chat_reply_free (reply);
  g_object_unref (provider);
}

static void
on_done (ParleyCloudCall * call, gpointer data)
{
  Job *job = data;
  GError *error = NULL;

  if (parley_chat_reply_finish (job->reply, &error))
    complete (job);
  else
    parley_cloud_call_fail_in_loop (call, error);
}

/* FALSE: @job has ended meanwhile. */
static gboolean
pass_on (Job * job, const gchar * text)
{
  ParleyLlmOpenai *self = g_object_ref (job->self);
  guint id = job->id;
  gboolean goes_on;

  parley_cloud_call_commit_in_loop (job->call);
  parley_llm_provider_delta_in_loop (PARLEY_LLM_PROVIDER (self), id, text);
  goes_on = g_hash_table_lookup (self->jobs, GUINT_TO_POINTER (id)) == job;
  g_object_unref (self);
  return goes_on;
}

static void
on_event (ParleyCloudCall * call, const ParleySseEvent * event, gpointer data)
{
  Job *job = data;
  GString *text = g_string_new (NULL);
  GError *error = NULL;
  gboolean goes_on = TRUE;

  if (!parley_chat_reply_take (job->reply, event->data, event->len, text,
          &error)) {
    parley_cloud_call_fail_in_loop (call, error);
    goes_on = FALSE;
  } else if (text->len > 0) {
    goes_on = pass_on (job, text->str);
  }
  g_string_free (text, TRUE);
  if (!goes_on || !parley_chat_reply_is_over (job->reply))
    return;
  if (parley_chat_reply_finish (job->reply, &error)) {
    parley_cloud_call_finish_in_loop (call);
    complete (job);
  } else {
    parley_cloud_call_fail_in_loop (call, error);
  }
}

static void
on_failed (ParleyCloudCall * call, const GError * error, gpointer data)
{
  Job *job = data;
  ParleyLlmProvider *provider = g_object_ref (PARLEY_LLM_PROVIDER (job->self));
  GError *copy = g_error_copy (error);
  guint id = job->id;

  job_end (job);
  parley_llm_provider_failed_in_loop (provider, id, copy);
  g_error_free (copy);
  g_object_unref (provider);
}

static void
parley_llm_openai_request (ParleyLlmProvider * provider, guint id,
    GPtrArray * messages)
{
  static const ParleyCloudHandler handler = {.event = on_event,
    .restart = on_restart,.done = on_done,.failed = on_failed
  };
  ParleyLlmOpenai *self = PARLEY_LLM_OPENAI (provider);
  ParleyChatSettings settings = {
    .model = parley_cloud_get_text (self->cloud, "model", DEFAULT_MODEL),
    .temperature = parley_cloud_get_double (self->cloud, "temperature"),
    .max_tokens = parley_cloud_get_uint (self->cloud, "max-tokens"),
    .max_tokens_new_name = parley_cloud_is_usual_host (self->cloud),
    .tools = parley_llm_provider_get_tools (provider),
  };
  ParleyHttpRequest *request = parley_cloud_request_in_loop (self->cloud,
      "POST", "/chat/completions", NULL);
  JsonNode *body;
  Job *job;

  g_return_if_fail (request);
  body = parley_chat_request (messages, &settings);
  parley_http_request_set_json (request, body);
  parley_http_request_set_header (request, "Accept", "text/event-stream");
  json_node_unref (body);
  job = g_new0 (Job, 1);
  job->self = self;
  job->id = id;
  job->secrets[0] = parley_cloud_get_key (self->cloud);
  begin_reply (job);
  job->call = parley_cloud_call_in_loop (self->cloud, request, &handler, job);
  g_hash_table_replace (self->jobs, GUINT_TO_POINTER (id), job);
}

static void
parley_llm_openai_cancel (ParleyLlmProvider * provider, guint id)
{
  g_hash_table_remove (PARLEY_LLM_OPENAI (provider)->jobs,
      GUINT_TO_POINTER (id));
}

static gchar *
parley_llm_openai_describe (ParleyLlmProvider * provider)
{
  return parley_cloud_describe (PARLEY_LLM_OPENAI (provider)->cloud);
}

static gboolean
parley_llm_openai_warm (ParleyProvider * provider, GError ** error)
{
  return parley_cloud_warm (PARLEY_LLM_OPENAI (provider)->cloud, error);
}

static void
parley_llm_openai_finalize (GObject * object)
{
  g_hash_table_unref (PARLEY_LLM_OPENAI (object)->jobs);
  G_OBJECT_CLASS (parley_llm_openai_parent_class)->finalize (object);
}

static void
parley_llm_openai_init (ParleyLlmOpenai * self)
{
  self->cloud = parley_cloud_new (PARLEY_PROVIDER (self), &info);
  self->jobs = g_hash_table_new_full (NULL, NULL, NULL, job_free);
}

static void
parley_llm_openai_class_init (ParleyLlmOpenaiClass * klass)
{
  static const gchar *const settings[] =
      { "model", "temperature", "max-tokens", NULL };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  ParleyLlmProviderClass *provider_class = PARLEY_LLM_PROVIDER_CLASS (klass);

  parley_cloud_class_init (object_class, settings);
  object_class->finalize = parley_llm_openai_finalize;
  PARLEY_PROVIDER_CLASS (klass)->warm = parley_llm_openai_warm;
  provider_class->request = parley_llm_openai_request;
  provider_class->cancel = parley_llm_openai_cancel;
  provider_class->describe = parley_llm_openai_describe;
}
