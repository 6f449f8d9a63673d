/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Speech of OpenAI and of all servers that speak their language (speaches), as
 * bare samples that are passed on as they come. */

#include <string.h>

#include "net/clock.h"
#include "providers/cloud.h"
#include "providers/tts/speechtext.h"
#include "providers/ttsprovider.h"

#define DEFAULT_MODEL "gpt-4o-mini-tts"
#define DEFAULT_VOICE "alloy"
/* The service takes 4,096 characters at once. */
#define PIECE_BYTES 4000
#define RATE 24000
#define MAX_AUDIO (64 * 1024 * 1024)

#define PARLEY_TYPE_TTS_OPENAI (parley_tts_openai_get_type ())
G_DECLARE_FINAL_TYPE (ParleyTtsOpenai, parley_tts_openai, PARLEY, TTS_OPENAI,
    ParleyTtsProvider);

struct _ParleyTtsOpenai
{
  ParleyTtsProvider parent;
  ParleyCloud *cloud;
  GHashTable *jobs;             /* id → Job */
};

typedef struct
{
  ParleyTtsOpenai *self;
  guint id;
  GPtrArray *pieces;            /* of the text; the next request's is n_asked */
  guint n_asked;
  GSource *later;               /* nothing to say: tells so */
  ParleyCloudCall *call;        /* NULL: none was made yet */
  ParleyAudioFormat format;
  gint odd;                     /* half a sample; -1: none */
  gboolean any;                 /* sound came of this piece */
} Job;

static const ParleyCloudInfo info = {
  .name = "openai",
  .kind = "tts",
  .operation = PARLEY_OPERATION_TTS,
  .base_url = "https://api.openai.com/v1",
  .key_env = "OPENAI_API_KEY",
  .key_header = "Authorization",
  .key_prefix = "Bearer ",
  .warm_path = "/models",
};

G_DEFINE_FINAL_TYPE (ParleyTtsOpenai, parley_tts_openai,
    PARLEY_TYPE_TTS_PROVIDER);

static void
job_free (gpointer data)
{
  Job *job = data;

  parley_timer_clear (&job->later);
  g_clear_pointer (&job->call, parley_cloud_call_free);
  g_ptr_array_unref (job->pieces);
  g_free (job);
}

static void
job_end (Job * job)
{
  g_hash_table_remove (job->self->jobs, GUINT_TO_POINTER (job->id));
}

/* The answer */

/* FALSE: it is no sound. What kind of sound it is, not all servers tell
 * right. */
static gboolean
take_type (Job * job, const gchar * type)
{
  const gchar *rate = strstr (type, "rate=");
  guint64 hz;

  if (rate && job->n_asked == 1 && g_ascii_string_to_unsigned (rate + 5, 10,
          8000, 48000, &hz, NULL))
    job->format.rate = hz;
  return !g_str_has_prefix (type, "text/")
      && !g_str_has_prefix (type, "application/json");
}

/* Servers that do not know "pcm" send a file. */
static gboolean
is_file (const guint8 * bytes, gsize len)
{
  static const gchar *const magics[] = { "RIFF", "ID3", "OggS", "fLaC" };

  for (guint i = 0; i < G_N_ELEMENTS (magics); i++)
    if (len >= strlen (magics[i])
        && memcmp (bytes, magics[i], strlen (magics[i])) == 0)
      return TRUE;
  return FALSE;
}

static void
refuse (Job * job, const gchar * what)
{
  parley_cloud_call_fail_in_loop (job->call, parley_net_error_new
      (PARLEY_NET_ERROR_PROTOCOL, info.name, "the answer is not bare samples "
          "but %s: check base-url, and that the model can make pcm", what));
}

static void
on_headers (ParleyCloudCall * call, gpointer data)
{
  Job *job = data;
  const gchar *type =
      parley_http_request_get_response_header (parley_cloud_call_get_request
      (call), "Content-Type");
  gchar *says;

  if (!type)
    type = "";
  if (take_type (job, type))
    return;
  says = parley_clean_text (type, strlen (type), NULL);
  refuse (job, says);
  g_free (says);
}

/* Whole samples of what came, and half a one kept. */
static GBytes *
join_samples (Job * job, const guint8 * bytes, gsize len)
{
  GByteArray *whole = g_byte_array_sized_new (len + 1);

  if (job->odd >= 0) {
    guint8 byte = job->odd;

    g_byte_array_append (whole, &byte, 1);
  }
  g_byte_array_append (whole, bytes, len);
  job->odd = -1;
  if (whole->len % 2) {
    job->odd = whole->data[whole->len - 1];
    g_byte_array_set_size (whole, whole->len - 1);
  }
  return g_byte_array_free_to_bytes (whole);
}

static void
on_chunk (ParleyCloudCall * call, const guint8 * bytes, gsize len,
    gpointer data)
{
  Job *job = data;
  GBytes *samples;

  if (!job->any && is_file (bytes, len)) {
    refuse (job, "a sound file");
    return;
  }
  samples = join_samples (job, bytes, len);
  if (g_bytes_get_size (samples) > 0) {
    ParleyTtsProvider *provider =
        g_object_ref (PARLEY_TTS_PROVIDER (job->self));
    ParleyAudioFormat format = job->format;

    job->any = TRUE;
    parley_cloud_call_commit_in_loop (call);
    parley_tts_provider_audio_in_loop (provider, job->id, &format, samples);
    g_object_unref (provider);
  }
  g_bytes_unref (samples);
}

static void
on_restart (ParleyCloudCall * call, gpointer data)
{
  ((Job *) data)->odd = -1;
}

/* All was spoken; @job ends. */
static void
complete (Job * job)
{
  ParleyTtsProvider *provider = g_object_ref (PARLEY_TTS_PROVIDER (job->self));
  guint id = job->id;

  job_end (job);
  parley_tts_provider_done_in_loop (provider, id);
  g_object_unref (provider);
}

static void ask_next (Job * job);

static void
on_done (ParleyCloudCall * call, gpointer data)
{
  Job *job = data;

  if (!job->any)
    parley_cloud_call_fail_in_loop (call, parley_net_error_new
        (PARLEY_NET_ERROR_PROTOCOL, info.name, "the answer holds no sound: "
            "check voice and model"));
  else if (job->n_asked < job->pieces->len)
    ask_next (job);
  else
    complete (job);
}

static void
on_failed (ParleyCloudCall * call, const GError * error, gpointer data)
{
  Job *job = data;
  ParleyTtsProvider *provider = g_object_ref (PARLEY_TTS_PROVIDER (job->self));
  GError *copy = g_error_copy (error);
  guint id = job->id;

  job_end (job);
  parley_tts_provider_failed_in_loop (provider, id, copy);
  g_error_free (copy);
  g_object_unref (provider);
}

/* The request */

static void
add_text (JsonBuilder * builder, const gchar * name, const gchar * value)
{
  if (!value)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static JsonNode *
new_body (ParleyCloud * cloud, const gchar * text)
{
  gdouble speed = parley_cloud_get_double (cloud, "speed");
  JsonBuilder *builder = json_builder_new ();
  JsonNode *root;

  json_builder_begin_object (builder);
  add_text (builder, "model", parley_cloud_get_text (cloud, "model",
          DEFAULT_MODEL));
  add_text (builder, "voice", parley_cloud_get_text (cloud, "voice",
          DEFAULT_VOICE));
  add_text (builder, "input", text);
  add_text (builder, "response_format", "pcm");
  add_text (builder, "instructions", parley_cloud_get_text (cloud,
          "instructions", NULL));
  if (speed != 1) {
    json_builder_set_member_name (builder, "speed");
    json_builder_add_double_value (builder, speed);
  }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  g_object_unref (builder);
  return root;
}

static void
ask_next (Job * job)
{
  static const ParleyCloudHandler handler = {.headers = on_headers,
    .chunk = on_chunk,.restart = on_restart,.done = on_done,
    .failed = on_failed
  };
  ParleyCloud *cloud = job->self->cloud;
  ParleyHttpRequest *request = parley_cloud_request_in_loop (cloud, "POST",
      "/audio/speech", NULL);
  JsonNode *body;

  g_return_if_fail (request);
  body = new_body (cloud, g_ptr_array_index (job->pieces, job->n_asked++));
  parley_http_request_set_json (request, body);
  parley_http_request_set_max_body (request, MAX_AUDIO);
  json_node_unref (body);
  job->odd = -1;
  job->any = FALSE;
  g_clear_pointer (&job->call, parley_cloud_call_free);
  job->call = parley_cloud_call_in_loop (cloud, request, &handler, job);
}

static gboolean
nothing_to_say (gpointer data)
{
  complete (data);
  return G_SOURCE_REMOVE;
}

static void
parley_tts_openai_speak (ParleyTtsProvider * provider, guint id,
    const gchar * text)
{
  ParleyTtsOpenai *self = PARLEY_TTS_OPENAI (provider);
  gchar *clean = parley_speech_text_clean (text);
  Job *job = g_new0 (Job, 1);

  job->self = self;
  job->id = id;
  job->format.rate = RATE;
  job->pieces = parley_speech_text_split (clean, PIECE_BYTES, 0);
  g_hash_table_replace (self->jobs, GUINT_TO_POINTER (id), job);
  if (job->pieces->len > 0)
    ask_next (job);
  else
    job->later = parley_loop_add_timer (parley_cloud_get_loop (self->cloud),
        parley_clock_now (), nothing_to_say, job);
  g_free (clean);
}

/* The provider */

static void
parley_tts_openai_cancel (ParleyTtsProvider * provider, guint id)
{
  g_hash_table_remove (PARLEY_TTS_OPENAI (provider)->jobs,
      GUINT_TO_POINTER (id));
}

static gchar *
parley_tts_openai_describe (ParleyTtsProvider * provider)
{
  return parley_cloud_describe (PARLEY_TTS_OPENAI (provider)->cloud);
}

static gboolean
parley_tts_openai_warm (ParleyProvider * provider, GError ** error)
{
  return parley_cloud_warm (PARLEY_TTS_OPENAI (provider)->cloud, error);
}

static void
parley_tts_openai_finalize (GObject * object)
{
  g_hash_table_unref (PARLEY_TTS_OPENAI (object)->jobs);
  G_OBJECT_CLASS (parley_tts_openai_parent_class)->finalize (object);
}

static void
parley_tts_openai_init (ParleyTtsOpenai * self)
{
  self->cloud = parley_cloud_new (PARLEY_PROVIDER (self), &info);
  self->jobs = g_hash_table_new_full (NULL, NULL, NULL, job_free);
}

static void
parley_tts_openai_class_init (ParleyTtsOpenaiClass * klass)
{
  static const gchar *const settings[] =
      { "model", "voice", "instructions", "speed", NULL };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  ParleyTtsProviderClass *provider_class = PARLEY_TTS_PROVIDER_CLASS (klass);

  parley_cloud_class_init (object_class, settings);
  object_class->finalize = parley_tts_openai_finalize;
  PARLEY_PROVIDER_CLASS (klass)->warm = parley_tts_openai_warm;
  provider_class->speak = parley_tts_openai_speak;
  provider_class->cancel = parley_tts_openai_cancel;
  provider_class->describe = parley_tts_openai_describe;
}
