/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ElevenLabs' voices, over one websocket with a context for each sentence, or
 * with a request for each (transport=http).
 *
 * A context is opened, given its sentence and closed at once: so it tells its
 * own end. What still comes of one that was cancelled is dropped by its name;
 * until it ends it counts among the few that a websocket may have. */

#include "providers/cloudsocket.h"
#include "providers/tts/elevenlabswire.h"
#include "providers/ttsprovider.h"

#include <string.h>

#include "net/clock.h"

/* Well before the service's own end of an idle websocket. */
#define KEEP_ALIVE (60 * G_TIME_SPAN_SECOND)
#define POOL_AGE (10 * G_TIME_SPAN_MINUTE)
/* Of a websocket; one is left for what lingers there after its end. */
#define MAX_CONTEXTS (PARLEY_ELEVENLABS_MAX_CONTEXTS - 1)
/* Of mu-law at 8 kHz. */
#define BYTES_A_MS 8
#define SLOWEST 0.7
#define FASTEST 1.2

#define PARLEY_TYPE_TTS_ELEVENLABS (parley_tts_elevenlabs_get_type ())
G_DECLARE_FINAL_TYPE (ParleyTtsElevenlabs, parley_tts_elevenlabs, PARLEY,
    TTS_ELEVENLABS, ParleyTtsProvider)
     typedef enum
     {
       ENTERING,                /* waits for its place, or for the next try */
       READY,                   /* to be sent */
       SENT
     } JobState;

/* A sentence on its way. */
     typedef struct
     {
       ParleyTtsElevenlabs *owner;
       guint id;
       gchar *text;
       JobState state;
       gchar *context;          /* once it is sent */
       gboolean is_void;        /* cancelled: only its end is awaited */
       gboolean begun;          /* audio went on */
       guint ms;                /* of audio */
       guint n_words;           /* said in it */
       gboolean in_word;        /* the last character was of one */
       gint64 deadline;         /* of its first audio */
       GSource *timer;
       ParleyBreakerTicket *ticket;     /* or NULL */
       gboolean faulted;        /* a try of it counted as a fault */
       ParleyRetry *retry;
       ParleyCloudCall *call;   /* transport=http; or NULL */
     } Job;

     struct _ParleyTtsElevenlabs
     {
       ParleyTtsProvider parent;
       ParleyCloud *cloud;

       /* On the loop: */
       ParleyCloudSocket *socket;       /* from the first use there; or NULL */
       GQueue jobs;             /* in the order they were asked for */
       guint n_contexts;        /* so far: names the next */
     };

     static const ParleyCloudInfo cloud_info = {
       .name = "elevenlabs",
       .kind = "tts",
       .operation = PARLEY_OPERATION_TTS,
       .base_url = PARLEY_ELEVENLABS_URL,
       .key_env = "ELEVENLABS_API_KEY",
       .key_header = "xi-api-key",
     };

G_DEFINE_FINAL_TYPE (ParleyTtsElevenlabs, parley_tts_elevenlabs,
    PARLEY_TYPE_TTS_PROVIDER);

static void
get_settings (ParleyTtsElevenlabs * self, ParleyElevenlabsSettings * settings)
{
  ParleyCloud *cloud = self->cloud;

  settings->base_url = parley_cloud_get_base_url (cloud);
  settings->voice = parley_cloud_get_text (cloud, "voice",
      PARLEY_ELEVENLABS_VOICE);
  settings->model = parley_cloud_get_text (cloud, "model",
      PARLEY_ELEVENLABS_MODEL);
  settings->language = parley_cloud_get_text (cloud, "language", NULL);
  settings->speed = CLAMP (parley_cloud_get_double (cloud, "speed"), SLOWEST,
      FASTEST);
  settings->stability = parley_cloud_get_double (cloud, "stability");
  settings->similarity = parley_cloud_get_double (cloud, "similarity");
}

static gboolean
uses_http (ParleyTtsElevenlabs * self)
{
  return g_str_equal (parley_cloud_get_text (self->cloud, "transport",
          "websocket"), "http");
}

/* Jobs */

static void pump (ParleyTtsElevenlabs * self);

static void
job_free (gpointer data)
{
  Job *job = data;

  parley_timer_clear (&job->timer);
  parley_retry_free (job->retry);
  if (job->ticket)
    parley_breaker_cancel (job->ticket);
  g_clear_pointer (&job->call, parley_cloud_call_free);
  g_free (job->context);
  g_free (job->text);
  g_free (job);
}

static gboolean
is_needed (ParleyTtsElevenlabs * self)
{
  for (GList * l = self->jobs.head; l; l = l->next)
    if (!((Job *) l->data)->is_void)
      return TRUE;
  return FALSE;
}

static void
remove_job (Job * job)
{
  ParleyTtsElevenlabs *self = job->owner;

  g_queue_remove (&self->jobs, job);
  if (self->socket && !is_needed (self))
    parley_cloud_socket_release_in_loop (self->socket);
}

static void
leave (Job * job, const GError * error)
{
  ParleyBreakerTicket *ticket = g_steal_pointer (&job->ticket);

  if (!ticket)
    return;
  if (error && job->faulted)
    parley_breaker_yield (ticket, error);
  else
    parley_breaker_leave (ticket, error);
  job->faulted |= parley_net_error_is_fault (error);
}

static void
finish_job (Job * job, const GError * error)
{
  ParleyTtsElevenlabs *self = g_object_ref (job->owner);
  guint id = job->id;
  gboolean is_void = job->is_void;

  remove_job (job);
  leave (job, error);
  job_free (job);
  if (error && !is_void)
    parley_tts_provider_failed_in_loop (PARLEY_TTS_PROVIDER (self), id, error);
  else if (!is_void)
    parley_tts_provider_done_in_loop (PARLEY_TTS_PROVIDER (self), id);
  pump (self);
  g_object_unref (self);
}

static void enter (gpointer data);

/* Another try, if it comes in time and nothing was heard; else it failed. */
static void
fail_job (Job * job, const GError * error)
{
  if (!job->is_void && parley_retry_again_in_loop (job->retry, error,
          !job->begun, enter, job)) {
    if (parley_retry_get_due (job->retry) < job->deadline) {
      leave (job, error);
      job->state = ENTERING;
      g_clear_pointer (&job->context, g_free);
      return;
    }
    parley_retry_reset (job->retry);
  }
  finish_job (job, error);
}

static void
emit_audio (Job * job, GBytes * audio)
{
  static const ParleyAudioFormat format = { TRUE, 8000 };
  ParleyTimeouts timeouts;

  if (!job->begun && job->ticket)
    parley_breaker_works_in_loop (job->ticket);
  job->begun = TRUE;
  parley_cloud_get_timeouts (job->owner->cloud, &timeouts);
  if (job->timer)
    parley_timer_set_due (job->timer, parley_clock_now () + timeouts.idle);
  parley_tts_provider_audio_in_loop (PARLEY_TTS_PROVIDER (job->owner), job->id,
      &format, audio);
}

/* @chars: what the last audio says, that began @start ms into the sentence. */
static void
emit_words (Job * job, guint start, GArray * chars)
{
  for (guint i = 0; i < chars->len; i++) {
    const ParleyElevenlabsChar *one =
        &g_array_index (chars, ParleyElevenlabsChar, i);

    if (one->is_blank && job->in_word)
      parley_tts_provider_word_in_loop (PARLEY_TTS_PROVIDER (job->owner),
          job->id, ++job->n_words, start + one->ms);
    job->in_word = !one->is_blank;
  }
}

/* The websocket */

/* Whatever is on it is of no use: contexts are forgotten, those that are void
 * for good. What is @lost (else what was begun) is to be ended by its id, the
 * rest goes over another one. */
static GArray *
forget_sent (ParleyTtsElevenlabs * self, gboolean lost)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (guint));

  for (GList * l = self->jobs.head, *next; l; l = next) {
    Job *job = l->data;

    next = l->next;
    if (job->state == ENTERING || (job->state == READY && !lost))
      continue;
    g_clear_pointer (&job->context, g_free);
    job->state = lost || job->begun ? ENTERING : READY;
    if (job->is_void) {
      g_queue_delete_link (&self->jobs, l);
      job_free (job);
    } else if (job->state == ENTERING) {
      g_array_append_val (ids, job->id);
    }
  }
  return ids;
}

static Job *
find_job (ParleyTtsElevenlabs * self, guint id)
{
  for (GList * l = self->jobs.head; l; l = l->next)
    if (((Job *) l->data)->id == id && !((Job *) l->data)->is_void)
      return l->data;
  return NULL;
}

/* Takes @ids. Whoever is told of one may cancel others. */
static void
end_all (ParleyTtsElevenlabs * self, GArray * ids,
    void (*end) (Job * job, const GError * error), const GError * error)
{
  for (guint i = 0; i < ids->len; i++) {
    Job *job = find_job (self, g_array_index (ids, guint, i));

    if (job)
      end (job, error);
  }
  g_array_unref (ids);
}

/* A websocket that does not answer is exchanged, unless all that it owes is
 * the end of what was cancelled. */
static gboolean
job_timed_out (gpointer data)
{
  Job *job = data;
  ParleyTtsElevenlabs *self = g_object_ref (job->owner);
  gboolean is_stuck = job->state != ENTERING && !job->is_void;
  guint id = job->id;
  GError *error = parley_net_error_new (job->begun
      ? PARLEY_NET_ERROR_TIMEOUT_IDLE : PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE,
      cloud_info.name, "%s: try again later or set a fallback", job->begun
      ? "the audio of a sentence stopped coming" : "no audio in time");

  job->state = ENTERING;
  if (is_stuck) {
    parley_cloud_socket_drop_in_loop (self->socket, error);
    end_all (self, forget_sent (self, FALSE), finish_job, error);
  }
  job = is_stuck ? find_job (self, id) : job;
  if (job)
    finish_job (job, error);
  g_error_free (error);
  g_object_unref (self);
  return G_SOURCE_REMOVE;
}

static void
send_message (ParleyTtsElevenlabs * self, gchar * message)
{
  parley_cloud_socket_send_text_in_loop (self->socket, message);
  g_free (message);
}

static void
send_job (Job * job)
{
  ParleyTtsElevenlabs *self = job->owner;
  ParleyElevenlabsSettings settings;

  get_settings (self, &settings);
  job->state = SENT;
  job->context = g_strdup_printf ("p%u", ++self->n_contexts);
  send_message (self, parley_elevenlabs_build_open (&settings, job->context));
  send_message (self, parley_elevenlabs_build_text (job->context, job->text));
  send_message (self, parley_elevenlabs_build_close (job->context));
}

static Job *
find_ready (ParleyTtsElevenlabs * self)
{
  for (GList * l = self->jobs.head; l; l = l->next)
    if (((Job *) l->data)->state == READY)
      return l->data;
  return NULL;
}

/* Full of what nobody wants any more, it is exchanged for another. */
static gboolean
make_room (ParleyTtsElevenlabs * self)
{
  guint n = 0, n_void = 0;

  for (GList * l = self->jobs.head; l; l = l->next) {
    n += ((Job *) l->data)->state == SENT;
    n_void += ((Job *) l->data)->is_void;
  }
  if (n < MAX_CONTEXTS)
    return TRUE;
  if (n_void < n)
    return FALSE;
  parley_cloud_socket_drop_in_loop (self->socket, NULL);
  g_array_unref (forget_sent (self, FALSE));
  return TRUE;
}

static void
pump (ParleyTtsElevenlabs * self)
{
  Job *job;

  while ((job = find_ready (self)) && make_room (self)) {
    parley_cloud_socket_need_in_loop (self->socket);
    if (!parley_cloud_socket_is_open (self->socket))
      return;
    send_job (job);
  }
}

static void
on_opened (gpointer data)
{
  ParleyTtsElevenlabs *self = g_object_ref (data);
  GError *error = parley_net_error_new (PARLEY_NET_ERROR_DROPPED,
      cloud_info.name, "the websocket ended in the middle of a sentence: "
      "try again later or set a fallback");

  end_all (self, forget_sent (self, FALSE), finish_job, error);
  pump (self);
  g_error_free (error);
  g_object_unref (self);
}

static void
on_lost (const GError * error, gpointer data)
{
  ParleyTtsElevenlabs *self = g_object_ref (data);

  end_all (self, forget_sent (self, TRUE), finish_job, error);
  g_object_unref (self);
}

static Job *
find_context (ParleyTtsElevenlabs * self, const gchar * context)
{
  for (GList * l = self->jobs.head; context && l; l = l->next)
    if (g_strcmp0 (((Job *) l->data)->context, context) == 0)
      return l->data;
  return NULL;
}

/* Takes @error. One that names no context ends the websocket; with nothing to
 * be spoken it is only that. */
static void
take_fault (ParleyTtsElevenlabs * self, Job * job, GError * error)
{
  if (job) {
    fail_job (job, error);
  } else if (is_needed (self)) {
    parley_cloud_socket_drop_in_loop (self->socket, error);
    end_all (self, forget_sent (self, TRUE), fail_job, error);
  }
  g_error_free (error);
}

static GError *
new_fault (ParleyTtsElevenlabs * self, const ParleyElevenlabsMessage * message)
{
  gchar *text = g_strjoin (", ", message->error, message->text, NULL);
  gchar *clean = parley_cloud_clean (self->cloud, text);
  GError *error =
      parley_net_error_new (parley_elevenlabs_error_code (message->error),
      cloud_info.name, "%s: try again later or set a fallback", clean);

  g_free (clean);
  g_free (text);
  return error;
}

static void
on_text (const gchar * text, gsize len, gpointer data)
{
  ParleyTtsElevenlabs *self = g_object_ref (data);
  ParleyElevenlabsMessage message;
  GError *error = NULL;
  guint start = 0;
  Job *job;

  if (!parley_elevenlabs_parse (text, len, &message, &error)) {
    take_fault (self, NULL, error);
    g_object_unref (self);
    return;
  }
  job = find_context (self, message.context);
  if (job && !job->is_void && message.audio) {
    start = job->ms;
    job->ms += g_bytes_get_size (message.audio) / BYTES_A_MS;
    emit_audio (job, message.audio);
  }
  /* Whoever got it may have cancelled. */
  job = find_context (self, message.context);
  if (job && !job->is_void && message.chars)
    emit_words (job, start, message.chars);
  if (message.error)
    take_fault (self, job, new_fault (self, &message));
  else if (job && message.is_final)
    finish_job (job, NULL);
  parley_elevenlabs_message_clear (&message);
  g_object_unref (self);
}

static gchar *
build_url (gpointer data)
{
  ParleyElevenlabsSettings settings;

  get_settings (data, &settings);
  return parley_elevenlabs_build_url (&settings);
}

static void
make_socket (ParleyTtsElevenlabs * self)
{
  static const ParleyCloudSocketInfo info = {
    .cloud = &cloud_info,
    .keepalive_text = PARLEY_ELEVENLABS_KEEP_ALIVE,
    .keepalive = KEEP_ALIVE,
    .n_pooled = 1,
    .pool_age = POOL_AGE,
  };
  static const ParleyCloudSocketHandler handler =
      {.url = build_url,.opened = on_opened,.text = on_text,.lost = on_lost };

  if (!self->socket)
    self->socket = parley_cloud_socket_new_in_loop (self->cloud, &info,
        &handler, self);
}

static void
entered (ParleyBreakerTicket * ticket, const GError * error, gpointer data)
{
  Job *job = data;

  if (error) {
    fail_job (job, error);
    return;
  }
  job->state = READY;
  pump (job->owner);
}

static void
enter (gpointer data)
{
  Job *job = data;
  ParleyCloud *cloud = job->owner->cloud;

  job->ticket = parley_breaker_enter_in_loop (parley_cloud_get_breaker (cloud),
      parley_cloud_get_loop (cloud), parley_cloud_get_queue_deadline (cloud,
          job->deadline), entered, job);
}

/* HTTP */

static void
on_chunk (ParleyCloudCall * call, const guint8 * bytes, gsize len,
    gpointer data)
{
  GBytes *audio = g_bytes_new (bytes, len);

  parley_cloud_call_commit_in_loop (call);
  emit_audio (data, audio);
  g_bytes_unref (audio);
}

static void
on_done (ParleyCloudCall * call, gpointer data)
{
  finish_job (data, NULL);
}

static void
on_failed (ParleyCloudCall * call, const GError * error, gpointer data)
{
  GError *copy = g_error_copy (error);

  finish_job (data, copy);
  g_error_free (copy);
}

/* warm() has told why. */
static gboolean
not_sendable (gpointer data)
{
  GError *error = parley_net_error_new (PARLEY_NET_ERROR_SETTINGS,
      cloud_info.name, "the settings cannot work: check base-url and "
      "api-key-env");

  finish_job (data, error);
  g_error_free (error);
  return G_SOURCE_REMOVE;
}

static void
request (Job * job)
{
  static const ParleyCloudHandler handler =
      {.chunk = on_chunk,.done = on_done,.failed = on_failed };
  ParleyTtsElevenlabs *self = job->owner;
  ParleyElevenlabsSettings settings;
  ParleyHttpRequest *message;
  JsonNode *body;
  gchar *path;

  get_settings (self, &settings);
  path = parley_elevenlabs_build_path (&settings);
  message = parley_cloud_request_in_loop (self->cloud, "POST", path, NULL);
  g_free (path);
  if (!message) {
    job->timer = parley_loop_add_timer (parley_cloud_get_loop (self->cloud),
        parley_clock_now (), not_sendable, job);
    return;
  }
  body = parley_elevenlabs_build_body (&settings, job->text);
  parley_http_request_set_json (message, body);
  json_node_unref (body);
  job->call = parley_cloud_call_in_loop (self->cloud, message, &handler, job);
}

/* The provider */

static void
parley_tts_elevenlabs_speak (ParleyTtsProvider * provider, guint id,
    const gchar * text)
{
  ParleyTtsElevenlabs *self = PARLEY_TTS_ELEVENLABS (provider);
  ParleyLoop *loop = parley_cloud_get_loop (self->cloud);
  Job *job = g_new0 (Job, 1);
  ParleyTimeouts timeouts;

  parley_cloud_get_timeouts (self->cloud, &timeouts);
  job->owner = self;
  job->id = id;
  job->text = g_strdup (text);
  job->deadline = parley_clock_now () + timeouts.first_byte;
  job->retry = parley_cloud_new_retry (self->cloud);
  g_queue_push_tail (&self->jobs, job);
  if (uses_http (self)) {
    request (job);
    return;
  }
  make_socket (self);
  job->timer = parley_loop_add_timer (loop, job->deadline, job_timed_out, job);
  enter (job);
}

/* What is under way for it ends by itself, and keeps its place so long. */
static void
parley_tts_elevenlabs_cancel (ParleyTtsProvider * provider, guint id)
{
  ParleyTtsElevenlabs *self = PARLEY_TTS_ELEVENLABS (provider);
  Job *job = find_job (self, id);
  ParleyTimeouts timeouts;

  if (!job)
    return;
  if (job->state != SENT) {
    remove_job (job);
    job_free (job);
    return;
  }
  parley_cloud_get_timeouts (self->cloud, &timeouts);
  job->is_void = TRUE;
  parley_timer_set_due (job->timer, parley_clock_now () + timeouts.idle);
  if (!is_needed (self))
    parley_cloud_socket_release_in_loop (self->socket);
}

static gchar *
parley_tts_elevenlabs_describe (ParleyTtsProvider * provider)
{
  return parley_cloud_describe (PARLEY_TTS_ELEVENLABS (provider)->cloud);
}

static void
warm_in_loop (gpointer data, gpointer user_data)
{
  ParleyTtsElevenlabs *self = data;

  make_socket (self);
  g_object_unref (self);
}

static gboolean
parley_tts_elevenlabs_warm (ParleyProvider * provider, GError ** error)
{
  ParleyTtsElevenlabs *self = PARLEY_TTS_ELEVENLABS (provider);
  const gchar *transport = parley_cloud_get_text (self->cloud, "transport",
      "websocket");

  if (strcmp (transport, "websocket") != 0 && strcmp (transport, "http") != 0) {
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "elevenlabs knows no transport “%s”; set transport= to websocket or "
        "http", transport);
    return FALSE;
  }
  if (!parley_cloud_warm (self->cloud, error))
    return FALSE;
  if (!uses_http (self))
    parley_loop_invoke (parley_cloud_get_loop (self->cloud), warm_in_loop,
        g_object_ref (self), NULL);
  return TRUE;
}

static void
parley_tts_elevenlabs_dispose (GObject * object)
{
  ParleyTtsElevenlabs *self = PARLEY_TTS_ELEVENLABS (object);

  if ((self->socket || self->jobs.head)
      && !parley_cloud_may_dispose (PARLEY_PROVIDER (self)))
    return;
  g_queue_clear_full (&self->jobs, job_free);
  if (self->socket)
    parley_cloud_socket_end_in_loop (g_steal_pointer (&self->socket),
        PARLEY_ELEVENLABS_CLOSE);
  G_OBJECT_CLASS (parley_tts_elevenlabs_parent_class)->dispose (object);
}

static void
parley_tts_elevenlabs_init (ParleyTtsElevenlabs * self)
{
  self->cloud = parley_cloud_new (PARLEY_PROVIDER (self), &cloud_info);
  g_queue_init (&self->jobs);
}

static void
parley_tts_elevenlabs_class_init (ParleyTtsElevenlabsClass * klass)
{
  static const gchar *const settings[] = { "model", "voice", "language",
    "speed", "stability", "similarity", "transport", NULL
  };
  ParleyTtsProviderClass *tts_class = PARLEY_TTS_PROVIDER_CLASS (klass);

  parley_cloud_class_init (G_OBJECT_CLASS (klass), settings);
  G_OBJECT_CLASS (klass)->dispose = parley_tts_elevenlabs_dispose;
  PARLEY_PROVIDER_CLASS (klass)->warm = parley_tts_elevenlabs_warm;
  tts_class->speak = parley_tts_elevenlabs_speak;
  tts_class->cancel = parley_tts_elevenlabs_cancel;
  tts_class->describe = parley_tts_elevenlabs_describe;
}
