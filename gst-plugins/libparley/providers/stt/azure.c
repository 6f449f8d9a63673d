/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Azure's speech recognition: one websocket for the takes of a call, each a
 * turn of theirs with an id of its own, one after the other. What comes late of
 * an earlier take bears another id. Audio that no phrase covers yet is kept, to
 * be sent again when the service begins a new turn or the websocket drops. */

#include "providers/cloudsocket.h"
#include "providers/stt/azurewire.h"
#include "providers/sttprovider.h"

#include <string.h>

#include "net/clock.h"
#include "speech/g711.h"

#define DEFAULT_LANGUAGE "en-US"
/* After the phrase that follows the end of the audio, for turn.end. */
#define END_WAIT (300 * G_TIME_SPAN_MILLISECOND)
/* For the end of a turn that nobody waits for. */
#define VOID_WAIT G_TIME_SPAN_SECOND
/* Audio kept of a take: half a minute of 8 kHz. */
#define MAX_KEPT (512 * 1024)

#define PARLEY_TYPE_STT_AZURE (parley_stt_azure_get_type ())
G_DECLARE_FINAL_TYPE (ParleySttAzure, parley_stt_azure, PARLEY, STT_AZURE,
    ParleySttProvider)
     typedef struct
     {
       ParleySttAzure *owner;
       guint turn;
       guint take;
       gboolean comes_as_mulaw;
       gboolean mulaw;          /* as it is sent */
       guint rate;
       GByteArray *audio;       /* kept of it */
       gsize sent;              /* of that, in this turn of theirs */
       guint64 offset;          /* bytes of that turn before it */
       gchar id[PARLEY_AZURE_ID_SIZE];  /* "": not begun over this websocket */
       gboolean finished;
       gboolean is_void;        /* only its turn.end is awaited */
       GString *finals;
       gchar *interim;          /* behind them; or NULL */
       gdouble confidence;      /* sum over the finals that have text */
       guint n_finals;
       gint64 deadline;         /* of the answer, once it is finished */
       GSource *timer;
     } Take;

     struct _ParleySttAzure
     {
       ParleySttProvider parent;
       ParleyCloud *cloud;

       /* On the loop: */
       ParleyCloudSocket *socket;       /* from the first use there */
       GQueue takes;            /* the first one is under way */
       gboolean configured;     /* this websocket is */
     };

/* base_url is of the region that the environment names. */
     static ParleyCloudInfo cloud_info = {
       .name = "azure",
       .kind = "stt",
       .operation = PARLEY_OPERATION_STT,
       .key_env = "AZURE_SPEECH_KEY",
       .key_header = "Ocp-Apim-Subscription-Key",
     };

G_DEFINE_FINAL_TYPE (ParleySttAzure, parley_stt_azure,
    PARLEY_TYPE_STT_PROVIDER);

/* Takes */

static void start (ParleySttAzure * self);

static void
take_free (gpointer data)
{
  Take *take = data;

  parley_timer_clear (&take->timer);
  g_byte_array_unref (take->audio);
  g_string_free (take->finals, TRUE);
  g_free (take->interim);
  g_free (take);
}

static gboolean
is_needed (ParleySttAzure * self)
{
  const Take *last = g_queue_peek_tail (&self->takes);

  return last && !last->is_void;
}

static gchar *
dup_text (Take * take)
{
  gboolean more = take->interim && *take->interim;

  return g_strconcat (take->finals->str, more && take->finals->len ? " " : "",
      more ? take->interim : NULL, NULL);
}

static gboolean take_due (gpointer data);

static void
set_due (Take * take, gint64 due)
{
  if (take->timer)
    parley_timer_set_due (take->timer, due);
  else
    take->timer =
        parley_loop_add_timer (parley_cloud_get_loop (take->owner->cloud), due,
        take_due, take);
}

/* What is still under way of it is harmless, but the next one waits for its
 * end. */
static void
make_void (Take * take)
{
  take->is_void = TRUE;
  set_due (take, parley_clock_now () + VOID_WAIT);
  if (!is_needed (take->owner))
    parley_cloud_socket_release_in_loop (take->owner->socket);
}

static void
remove_take (Take * take)
{
  ParleySttAzure *self = take->owner;

  g_queue_remove (&self->takes, take);
  take_free (take);
  if (!is_needed (self))
    parley_cloud_socket_release_in_loop (self->socket);
}

/* What was understood is all that there is to be. */
static void
answer (Take * take)
{
  gchar *text = dup_text (take);

  make_void (take);
  parley_stt_provider_final_in_loop (PARLEY_STT_PROVIDER (take->owner),
      take->turn, take->take, text, take->n_finals ? take->confidence
      / take->n_finals : 0);
  g_free (text);
}

static void
fail (Take * take, const GError * error)
{
  ParleySttAzure *self = take->owner;
  guint turn = take->turn, number = take->take;
  gboolean was_void = take->is_void;

  remove_take (take);
  if (!was_void)
    parley_stt_provider_failed_in_loop (PARLEY_STT_PROVIDER (self), turn,
        number, error);
}

/* The websocket is of no use to the first take. */
static void
exchange (ParleySttAzure * self, const GError * error)
{
  parley_cloud_socket_drop_in_loop (self->socket, error);
  if (!g_queue_is_empty (&self->takes))
    fail (g_queue_peek_head (&self->takes), error);
  if (is_needed (self))
    parley_cloud_socket_need_in_loop (self->socket);
}

static gboolean
take_due (gpointer data)
{
  Take *take = data;
  ParleySttAzure *self = g_object_ref (take->owner);
  GError *error;

  if (take->is_void) {
    exchange (self, NULL);
  } else if (take->n_finals || (take->interim && *take->interim)) {
    answer (take);
  } else if (parley_clock_now () < take->deadline) {
    set_due (take, take->deadline);
  } else if (take != g_queue_peek_head (&self->takes)) {
    error = parley_net_error_new (PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE,
        cloud_info.name, "no answer in time: try again later");
    fail (take, error);
    g_error_free (error);
  } else {
    error = parley_net_error_new (PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE,
        cloud_info.name, "no answer in time: try again later or set a "
        "fallback");
    exchange (self, error);
    g_error_free (error);
  }
  g_object_unref (self);
  return G_SOURCE_CONTINUE;
}

/* To the service */

static const gchar *
get_language (ParleySttAzure * self)
{
  return parley_cloud_get_text (self->cloud, "language", DEFAULT_LANGUAGE);
}

static void
send_text (ParleySttAzure * self, gchar * text)
{
  parley_cloud_socket_send_text_in_loop (self->socket, text);
  g_free (text);
}

static void
send_binary (ParleySttAzure * self, GBytes * bytes)
{
  gsize len;
  gconstpointer content = g_bytes_get_data (bytes, &len);

  parley_cloud_socket_send_binary_in_loop (self->socket, content, len);
  g_bytes_unref (bytes);
}

static void
send_audio (Take * take)
{
  gsize len = take->audio->len - take->sent;

  if (len == 0)
    return;
  send_binary (take->owner, parley_azure_build_audio (take->id,
          g_get_real_time (), take->audio->data + take->sent, len));
  take->sent += len;
}

static void
send_end (Take * take)
{
  send_binary (take->owner, parley_azure_build_audio (take->id,
          g_get_real_time (), NULL, 0));
}

/* The turn of a take, from the audio that is not understood yet. */
static void
start_take (Take * take)
{
  ParleySttAzure *self = take->owner;
  ParleyAudioFormat format = { take->mulaw, take->rate };
  gchar **hints = parley_cloud_dup_hints (self->cloud);
  gint64 now = g_get_real_time ();

  parley_azure_new_id (take->id);
  take->sent = take->offset = 0;
  g_clear_pointer (&take->interim, g_free);
  if (!self->configured)
    send_text (self, parley_azure_build_config (take->id, now, take->rate));
  self->configured = TRUE;
  send_text (self, parley_azure_build_context (take->id, now,
          get_language (self), (const gchar * const *) hints));
  send_binary (self, parley_azure_build_format (take->id, now, &format));
  send_audio (take);
  if (take->finished)
    send_end (take);
  g_strfreev (hints);
}

/* The first take, if it is not under way. */
static void
start (ParleySttAzure * self)
{
  Take *take = g_queue_peek_head (&self->takes);

  if (take && !*take->id && parley_cloud_socket_is_open (self->socket))
    start_take (take);
}

/* From the service */

static void
forget_audio (Take * take, gint64 end)
{
  guint64 bytes = end / (PARLEY_AZURE_TICKS / 1000)
      * take->rate / 1000 * (take->mulaw ? 1 : 2);
  gsize n = MIN (bytes > take->offset ? bytes - take->offset : 0, take->sent);

  n -= take->mulaw ? 0 : n % 2;
  if (n == 0)
    return;
  g_byte_array_remove_range (take->audio, 0, n);
  take->sent -= n;
  take->offset += n;
}

static void
tell_partial (Take * take)
{
  gchar *text = dup_text (take);

  if (*text)
    parley_stt_provider_partial_in_loop (PARLEY_STT_PROVIDER (take->owner),
        take->turn, take->take, text);
  g_free (text);
}

static void
take_phrase (Take * take, const ParleyAzureMessage * message)
{
  g_clear_pointer (&take->interim, g_free);
  if (*message->text) {
    if (take->finals->len)
      g_string_append_c (take->finals, ' ');
    g_string_append (take->finals, message->text);
    take->confidence += message->confidence;
    take->n_finals++;
  }
  forget_audio (take, message->end);
  if (take->finished && take->n_finals)
    set_due (take, MIN (parley_clock_now () + END_WAIT, take->deadline));
  tell_partial (take);
}

/* The service may end a turn before the take ends: another goes on with it. */
static void
end_turn (Take * take)
{
  ParleySttAzure *self = take->owner;

  if (!take->finished && !take->is_void) {
    start_take (take);
    return;
  }
  if (!take->is_void)
    answer (take);
  /* Whoever was told may have cancelled: it is still there, as void. */
  if (g_queue_peek_head (&self->takes) == take)
    remove_take (take);
  start (self);
}

static GError *
new_fault (const gchar * status)
{
  ParleyNetError code = PARLEY_NET_ERROR_DROPPED;

  if (strcmp (status, "TooManyRequests") == 0)
    code = PARLEY_NET_ERROR_RATE_LIMITED;
  else if (strcmp (status, "Forbidden") == 0)
    code = PARLEY_NET_ERROR_AUTH;
  else if (strcmp (status, "BadRequest") == 0)
    code = PARLEY_NET_ERROR_PROTOCOL;
  return parley_net_error_new (code, cloud_info.name, "%s: check the key, "
      "language and limits, or set a fallback", status);
}

static void
take_message (Take * take, ParleyAzureMessage * message)
{
  GError *error;

  if (message->kind == PARLEY_AZURE_TURN_END) {
    end_turn (take);
  } else if (take->is_void) {
    return;
  } else if (message->kind == PARLEY_AZURE_PHRASE) {
    take_phrase (take, message);
  } else if (message->kind == PARLEY_AZURE_HYPOTHESIS) {
    g_free (take->interim);
    take->interim = g_steal_pointer (&message->text);
    tell_partial (take);
  } else if (message->kind == PARLEY_AZURE_PHRASE_FAILED) {
    error = new_fault (message->text);
    exchange (take->owner, error);
    g_error_free (error);
  }
}

static void
on_lost (const GError * error, gpointer data)
{
  ParleySttAzure *self = g_object_ref (data);
  guint n = self->takes.length;

  while (n-- && !g_queue_is_empty (&self->takes))
    fail (g_queue_peek_head (&self->takes), error);
  g_object_unref (self);
}

static void
on_text (const gchar * text, gsize len, gpointer data)
{
  ParleySttAzure *self = g_object_ref (data);
  Take *take = g_queue_peek_head (&self->takes);
  ParleyAzureMessage message;
  GError *error = NULL;

  if (parley_azure_parse (text, len, &message, &error)) {
    if (take && *take->id && strcmp (take->id, message.id) == 0)
      take_message (take, &message);
    parley_azure_message_clear (&message);
  } else {
    exchange (self, error);
    g_error_free (error);
  }
  g_object_unref (self);
}

static void
on_opened (gpointer data)
{
  ParleySttAzure *self = data;
  Take *first;

  self->configured = FALSE;
  while ((first = g_queue_peek_head (&self->takes)) && first->is_void)
    remove_take (first);
  if (first)
    first->id[0] = '\0';
  start (self);
}

static gchar *
build_url (gpointer data)
{
  ParleySttAzure *self = data;

  return parley_azure_build_url (parley_cloud_get_base_url (self->cloud),
      get_language (self), parley_cloud_get_text (self->cloud, "model", NULL));
}

static void
prepare (ParleyWsSession * ws, gpointer data)
{
  gchar id[PARLEY_AZURE_ID_SIZE];

  parley_azure_new_id (id);
  parley_ws_session_set_header (ws, "X-ConnectionId", id);
}

static ParleyCloudSocket *
get_socket (ParleySttAzure * self)
{
  static const ParleyCloudSocketInfo socket_info = {
    .cloud = &cloud_info,
    .limited = TRUE,
  };
  static const ParleyCloudSocketHandler handler = {.url = build_url,
    .prepare = prepare,.opened = on_opened,.text = on_text,.lost = on_lost
  };

  if (!self->socket)
    self->socket = parley_cloud_socket_new_in_loop (self->cloud, &socket_info,
        &handler, self);
  return self->socket;
}

/* The provider */

static gboolean
sends_mulaw (ParleySttAzure * self)
{
  return g_str_equal (parley_cloud_get_text (self->cloud, "encoding", "pcm"),
      "mulaw");
}

static void
parley_stt_azure_begin (ParleySttProvider * provider, guint turn, guint number,
    const ParleyAudioFormat * format)
{
  ParleySttAzure *self = PARLEY_STT_AZURE (provider);
  Take *take = g_new0 (Take, 1);

  take->owner = self;
  take->turn = turn;
  take->take = number;
  take->comes_as_mulaw = format->mulaw;
  take->mulaw = format->mulaw && sends_mulaw (self);
  take->rate = format->rate;
  take->audio = g_byte_array_new ();
  take->finals = g_string_new (NULL);
  g_queue_push_tail (&self->takes, take);
  parley_cloud_socket_need_in_loop (get_socket (self));
  start (self);
}

static Take *
current_take (ParleySttAzure * self)
{
  Take *take = g_queue_peek_tail (&self->takes);

  return take && !take->finished && !take->is_void ? take : NULL;
}

static void
append (Take * take, const guint8 * bytes, gsize len)
{
  guint at = take->audio->len;

  if (take->mulaw || !take->comes_as_mulaw) {
    g_byte_array_append (take->audio, bytes, len);
    return;
  }
  g_byte_array_set_size (take->audio, at + 2 * len);
  for (gsize i = 0; i < len; i++) {
    guint16 sample = (guint16) parley_mulaw_decode_sample (bytes[i]);

    take->audio->data[at + 2 * i] = sample & 0xff;
    take->audio->data[at + 2 * i + 1] = sample >> 8;
  }
}

static void
parley_stt_azure_audio (ParleySttProvider * provider, GBytes * samples)
{
  ParleySttAzure *self = PARLEY_STT_AZURE (provider);
  Take *take = current_take (self);
  gsize len, excess;
  const guint8 *bytes = g_bytes_get_data (samples, &len);

  if (!take)
    return;
  append (take, bytes, len);
  if (*take->id && parley_cloud_socket_is_open (self->socket))
    send_audio (take);
  if (take->audio->len <= MAX_KEPT)
    return;
  excess = take->audio->len - MAX_KEPT;
  excess += take->mulaw ? 0 : excess % 2;
  g_byte_array_remove_range (take->audio, 0, excess);
  take->sent -= MIN (take->sent, excess);
  take->offset += excess;
}

static void
parley_stt_azure_finish (ParleySttProvider * provider)
{
  ParleySttAzure *self = PARLEY_STT_AZURE (provider);
  Take *take = current_take (self);
  ParleyTimeouts timeouts;

  if (!take)
    return;
  parley_cloud_get_timeouts (self->cloud, &timeouts);
  take->finished = TRUE;
  take->deadline = parley_clock_now () + timeouts.first_byte;
  set_due (take, take->deadline);
  if (*take->id && parley_cloud_socket_is_open (self->socket))
    send_end (take);
}

/* The one under way is ended there; the others never began. */
static void
parley_stt_azure_cancel (ParleySttProvider * provider)
{
  ParleySttAzure *self = PARLEY_STT_AZURE (provider);
  Take *first = g_queue_peek_head (&self->takes);

  while (first && g_queue_peek_tail (&self->takes) != first)
    take_free (g_queue_pop_tail (&self->takes));
  if (!first || first->is_void)
    return;
  if (!*first->id || !parley_cloud_socket_is_open (self->socket)) {
    remove_take (first);
    return;
  }
  if (!first->finished)
    send_end (first);
  make_void (first);
}

static void
warm_in_loop (gpointer data, gpointer user_data)
{
  ParleySttAzure *self = data;

  parley_cloud_socket_warm_in_loop (get_socket (self));
  g_object_unref (self);
}

static gboolean
check (ParleySttAzure * self, GError ** error)
{
  const gchar *encoding = parley_cloud_get_text (self->cloud, "encoding",
      "pcm");

  if (strcmp (encoding, "pcm") != 0 && strcmp (encoding, "mulaw") != 0) {
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "azure knows no encoding “%s”; set encoding= to pcm or mulaw",
        encoding);
    return FALSE;
  }
  if (!parley_cloud_is_usual_host (self->cloud)
      || g_getenv ("AZURE_SPEECH_REGION"))
    return TRUE;
  g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
      "azure: no region is known: set AZURE_SPEECH_REGION in the environment "
      "(westeurope), or base-url and api-key-env");
  return FALSE;
}

static gboolean
parley_stt_azure_warm (ParleyProvider * provider, GError ** error)
{
  ParleySttAzure *self = PARLEY_STT_AZURE (provider);

  if (!check (self, error) || !parley_cloud_warm (self->cloud, error))
    return FALSE;
  parley_loop_invoke (parley_cloud_get_loop (self->cloud), warm_in_loop,
      g_object_ref (self), NULL);
  return TRUE;
}

static void
parley_stt_azure_dispose (GObject * object)
{
  ParleySttAzure *self = PARLEY_STT_AZURE (object);

  if (self->socket && !parley_cloud_may_dispose (PARLEY_PROVIDER (self)))
    return;
  g_queue_clear_full (&self->takes, take_free);
  if (self->socket)
    parley_cloud_socket_end_in_loop (g_steal_pointer (&self->socket), NULL);
  G_OBJECT_CLASS (parley_stt_azure_parent_class)->dispose (object);
}

static void
parley_stt_azure_init (ParleySttAzure * self)
{
  self->cloud = parley_cloud_new (PARLEY_PROVIDER (self), &cloud_info);
  g_queue_init (&self->takes);
}

/* "westeurope" and the like; those of two countries have hosts of their own. */
static gchar *
build_base_url (const gchar * region)
{
  const gchar *domain = "com";

  if (g_str_has_prefix (region, "china"))
    domain = "azure.cn";
  else if (g_str_has_prefix (region, "usgov"))
    domain = "azure.us";
  return g_strdup_printf ("https://%s.stt.speech.%s%s", region,
      strcmp (domain, "com") == 0 ? "microsoft." : "", domain);
}

static void
parley_stt_azure_class_init (ParleySttAzureClass * klass)
{
  static const gchar *const settings[] =
      { "model", "language", "hints", "encoding", NULL };
  ParleySttProviderClass *stt_class = PARLEY_STT_PROVIDER_CLASS (klass);
  const gchar *region = g_getenv ("AZURE_SPEECH_REGION");

  cloud_info.base_url = build_base_url (region ? region : "eastus");
  parley_cloud_class_init (G_OBJECT_CLASS (klass), settings);
  G_OBJECT_CLASS (klass)->dispose = parley_stt_azure_dispose;
  PARLEY_PROVIDER_CLASS (klass)->warm = parley_stt_azure_warm;
  stt_class->begin = parley_stt_azure_begin;
  stt_class->audio = parley_stt_azure_audio;
  stt_class->finish = parley_stt_azure_finish;
  stt_class->cancel = parley_stt_azure_cancel;
}
