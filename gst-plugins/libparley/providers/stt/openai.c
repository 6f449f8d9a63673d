/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Transcriptions of OpenAI and of all servers that speak their language
 * (speaches, whisper.cpp, vLLM). They take no stream of audio: a take goes up
 * as one file when it ends. */

#include <string.h>

#include "providers/cloud.h"
#include "providers/stt/openaitext.h"
#include "providers/sttprovider.h"

#define DEFAULT_MODEL "gpt-4o-mini-transcribe"
/* Answers are text; a page of a minute's speech is a few KiB. */
#define MAX_ANSWER (1024 * 1024)

#define PARLEY_TYPE_STT_OPENAI (parley_stt_openai_get_type ())
G_DECLARE_FINAL_TYPE (ParleySttOpenai, parley_stt_openai, PARLEY, STT_OPENAI,
    ParleySttProvider);

struct _ParleySttOpenai
{
  ParleySttProvider parent;
  ParleyCloud *cloud;

  /* Of the take that begins: */
  guint turn;
  guint take;
  ParleyAudioFormat format;
  GByteArray *samples;

  GList *jobs;                  /* of Job: takes that wait for their text */
};

typedef struct
{
  ParleySttOpenai *self;
  guint turn;
  guint take;
  ParleyCloudCall *call;
  ParleySse *events;            /* NULL: the answer comes whole */
  GByteArray *body;
  gboolean is_text;
  ParleyTranscript transcript;
  const gchar *secrets[2];
} Job;

static const ParleyCloudInfo info = {
  .name = "openai",
  .kind = "stt",
  .operation = PARLEY_OPERATION_STT,
  .base_url = "https://api.openai.com/v1",
  .key_env = "OPENAI_API_KEY",
  .key_header = "Authorization",
  .key_prefix = "Bearer ",
  .warm_path = "/models",
};

G_DEFINE_FINAL_TYPE (ParleySttOpenai, parley_stt_openai,
    PARLEY_TYPE_STT_PROVIDER);

/* Jobs */

static void
job_free (gpointer data)
{
  Job *job = data;

  parley_cloud_call_free (job->call);
  g_clear_pointer (&job->events, parley_sse_free);
  g_byte_array_unref (job->body);
  parley_transcript_clear (&job->transcript);
  g_free (job);
}

static void
job_end (Job * job)
{
  job->self->jobs = g_list_remove (job->self->jobs, job);
  job_free (job);
}

/* The text is there, or what came of it; @job ends. */
static void
complete (Job * job)
{
  ParleySttProvider *provider = g_object_ref (PARLEY_STT_PROVIDER (job->self));
  gchar *text = g_strdup (job->transcript.text->str);
  gdouble confidence = job->transcript.confidence;
  guint turn = job->turn, take = job->take;

  job_end (job);
  parley_stt_provider_final_in_loop (provider, turn, take, text, confidence);
  g_free (text);
  g_object_unref (provider);
}

static void
on_headers (ParleyCloudCall * call, gpointer data)
{
  Job *job = data;
  const gchar *type =
      parley_http_request_get_response_header (parley_cloud_call_get_request
      (call), "Content-Type");

  type = type ? type : "";
  job->is_text = g_str_has_prefix (type, "text/plain");
  if (g_str_has_prefix (type, "text/event-stream"))
    job->events = parley_sse_new (0);
}

static void
on_restart (ParleyCloudCall * call, gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->events, parley_sse_free);
  g_byte_array_set_size (job->body, 0);
  parley_transcript_clear (&job->transcript);
  parley_transcript_init (&job->transcript);
}

/* FALSE: @job has ended meanwhile. */
static gboolean
tell_partial (Job * job)
{
  ParleySttOpenai *self = g_object_ref (job->self);
  gchar *text = g_strdup (job->transcript.text->str);
  gboolean goes_on;

  parley_stt_provider_partial_in_loop (PARLEY_STT_PROVIDER (self), job->turn,
      job->take, g_strstrip (text));
  goes_on = g_list_find (self->jobs, job) != NULL;
  g_free (text);
  g_object_unref (self);
  return goes_on;
}

static void
take_events (Job * job)
{
  ParleySseEvent event;
  GError *error = NULL;

  while (parley_sse_next (job->events, &event)) {
    gsize before = job->transcript.text->len;

    if (!parley_transcript_take_event (&job->transcript, info.name,
            job->secrets, event.data, event.len, &error)) {
      parley_cloud_call_fail_in_loop (job->call, error);
      return;
    }
    if (job->transcript.over) {
      parley_cloud_call_finish_in_loop (job->call);
      complete (job);
      return;
    }
    if (job->transcript.text->len > before && !tell_partial (job))
      return;
  }
  if (parley_sse_is_over (job->events))
    parley_cloud_call_fail_in_loop (job->call, parley_net_error_new
        (PARLEY_NET_ERROR_TOO_LARGE, info.name, "an event of the answer is too "
            "large: check base-url"));
}

static void
on_chunk (ParleyCloudCall * call, const guint8 * bytes, gsize len,
    gpointer data)
{
  Job *job = data;

  if (job->events) {
    parley_sse_push (job->events, bytes, len);
    take_events (job);
  } else {
    g_byte_array_append (job->body, bytes, len);
  }
}

static void
on_done (ParleyCloudCall * call, gpointer data)
{
  Job *job = data;
  const gchar *text = (const gchar *) job->body->data;
  gsize len = job->body->len;
  GError *error = NULL;

  /* A stream without its last event has told what it had if there was any. */
  if (job->events && job->transcript.text->len == 0)
    error = parley_net_error_new (PARLEY_NET_ERROR_DROPPED, info.name,
        "the answer ended in the middle: try again");
  else if (job->events)
    parley_transcript_take_text (&job->transcript, job->transcript.text->str,
        job->transcript.text->len);
  else if (job->is_text)
    parley_transcript_take_text (&job->transcript, text ? text : "", len);
  else
    parley_transcript_take_json (&job->transcript, info.name, job->secrets,
        text ? text : "", len, &error);
  if (error)
    parley_cloud_call_fail_in_loop (call, error);
  else
    complete (job);
}

static void
on_failed (ParleyCloudCall * call, const GError * error, gpointer data)
{
  Job *job = data;
  ParleySttProvider *provider = g_object_ref (PARLEY_STT_PROVIDER (job->self));
  GError *copy = g_error_copy (error);
  guint turn = job->turn, take = job->take;

  job_end (job);
  parley_stt_provider_failed_in_loop (provider, turn, take, copy);
  g_error_free (copy);
  g_object_unref (provider);
}

/* The request */

static void
add_prompt (ParleySttOpenai * self, ParleyHttpRequest * request)
{
  gchar **hints = parley_cloud_dup_hints (self->cloud);
  gchar *prompt = g_strjoinv (", ", hints);

  if (*prompt)
    parley_http_request_add_field (request, "prompt", prompt);
  g_free (prompt);
  g_strfreev (hints);
}

/* whisper-1 and servers that run Whisper answer whole. */
static void
add_fields (ParleySttOpenai * self, ParleyHttpRequest * request)
{
  const gchar *model = parley_cloud_get_text (self->cloud, "model",
      DEFAULT_MODEL);
  gchar *language =
      parley_transcript_get_language (parley_cloud_get_text (self->cloud,
          "language", NULL));

  parley_http_request_add_field (request, "model", model);
  parley_http_request_add_field (request, "response_format", "json");
  if (language)
    parley_http_request_add_field (request, "language", language);
  add_prompt (self, request);
  if (g_str_has_prefix (model, "gpt-")) {
    parley_http_request_add_field (request, "stream", "true");
    if (!strstr (model, "diarize"))
      parley_http_request_add_field (request, "include[]", "logprobs");
  }
  g_free (language);
}

static void
parley_stt_openai_finish (ParleySttProvider * provider)
{
  static const ParleyCloudHandler handler = {.headers = on_headers,
    .chunk = on_chunk,.restart = on_restart,.done = on_done,
    .failed = on_failed
  };
  ParleySttOpenai *self = PARLEY_STT_OPENAI (provider);
  ParleyHttpRequest *request = parley_cloud_request_in_loop (self->cloud,
      "POST", "/audio/transcriptions", NULL);
  GBytes *wav;
  Job *job;

  g_return_if_fail (request);
  wav = parley_transcript_new_wav (&self->format, self->samples);
  add_fields (self, request);
  parley_http_request_add_file (request, "file", "speech.wav", "audio/wav",
      wav);
  parley_http_request_set_max_body (request, MAX_ANSWER);
  g_bytes_unref (wav);
  g_byte_array_set_size (self->samples, 0);
  job = g_new0 (Job, 1);
  job->self = self;
  job->turn = self->turn;
  job->take = self->take;
  job->body = g_byte_array_new ();
  job->secrets[0] = parley_cloud_get_key (self->cloud);
  parley_transcript_init (&job->transcript);
  job->call = parley_cloud_call_in_loop (self->cloud, request, &handler, job);
  self->jobs = g_list_append (self->jobs, job);
}

/* The provider */

static void
parley_stt_openai_begin (ParleySttProvider * provider, guint turn, guint take,
    const ParleyAudioFormat * format)
{
  ParleySttOpenai *self = PARLEY_STT_OPENAI (provider);

  self->turn = turn;
  self->take = take;
  self->format = *format;
  g_byte_array_set_size (self->samples, 0);
}

static void
parley_stt_openai_audio (ParleySttProvider * provider, GBytes * samples)
{
  ParleySttOpenai *self = PARLEY_STT_OPENAI (provider);

  g_byte_array_append (self->samples, g_bytes_get_data (samples, NULL),
      g_bytes_get_size (samples));
}

static void
parley_stt_openai_cancel (ParleySttProvider * provider)
{
  ParleySttOpenai *self = PARLEY_STT_OPENAI (provider);

  g_list_free_full (g_steal_pointer (&self->jobs), job_free);
  g_byte_array_set_size (self->samples, 0);
}

static gboolean
parley_stt_openai_warm (ParleyProvider * provider, GError ** error)
{
  return parley_cloud_warm (PARLEY_STT_OPENAI (provider)->cloud, error);
}

static void
parley_stt_openai_finalize (GObject * object)
{
  ParleySttOpenai *self = PARLEY_STT_OPENAI (object);

  g_list_free_full (self->jobs, job_free);
  g_byte_array_unref (self->samples);
  G_OBJECT_CLASS (parley_stt_openai_parent_class)->finalize (object);
}

static void
parley_stt_openai_init (ParleySttOpenai * self)
{
  self->cloud = parley_cloud_new (PARLEY_PROVIDER (self), &info);
  self->samples = g_byte_array_new ();
  self->format = (ParleyAudioFormat) {
  TRUE, 8000};
}

static void
parley_stt_openai_class_init (ParleySttOpenaiClass * klass)
{
  static const gchar *const settings[] = { "model", "language", "hints", NULL };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  ParleySttProviderClass *provider_class = PARLEY_STT_PROVIDER_CLASS (klass);

  parley_cloud_class_init (object_class, settings);
  object_class->finalize = parley_stt_openai_finalize;
  PARLEY_PROVIDER_CLASS (klass)->warm = parley_stt_openai_warm;
  provider_class->whole_turns = TRUE;
  provider_class->begin = parley_stt_openai_begin;
  provider_class->audio = parley_stt_openai_audio;
  provider_class->finish = parley_stt_openai_finish;
  provider_class->cancel = parley_stt_openai_cancel;
}
