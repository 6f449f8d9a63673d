/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers.h"

#include <string.h>

#include "net/clock.h"
#include "speech/g711.h"

/* Guards what follows: providers of several loops share it. */
static GMutex lock;
static MockScript script;
static GString *notes;
static guint alive;
static ParleySttProvider *last_stt;
static ParleyLlmProvider *last_llm;
static ParleyTtsProvider *last_tts;
static GArray *llm_ids;         /* of guint, in the order they were asked */
static GArray *tts_ids;

static void
G_GNUC_PRINTF (1, 2)
note (const gchar * format, ...)
{
  va_list args;

  va_start (args, format);
  g_mutex_lock (&lock);
  if (notes->len)
    g_string_append (notes, "; ");
  g_string_append_vprintf (notes, format, args);
  g_mutex_unlock (&lock);
  va_end (args);
}

static void
count (gint by)
{
  g_mutex_lock (&lock);
  alive += by;
  g_mutex_unlock (&lock);
}

static gboolean
warm (ParleyProvider * provider, GError ** error)
{
  if (!script.bad_setting)
    return TRUE;
  g_set_error_literal (error, PARLEY_PROVIDER_ERROR,
      PARLEY_PROVIDER_ERROR_SETTINGS, script.bad_setting);
  return FALSE;
}

/* An answer that comes by itself, unless the provider is gone by then. */
typedef struct
{
  GWeakRef provider;
  guint a;
  guint b;
  gchar *text;
} Later;

static void
later_free (gpointer data)
{
  Later *later = data;

  g_weak_ref_clear (&later->provider);
  g_free (later->text);
  g_free (later);
}

static void
answer_later (gpointer provider, guint a, guint b, const gchar * text,
    GSourceFunc func)
{
  Later *later = g_new0 (Later, 1);
  GSource *timer = parley_timer_new (parley_clock_now () + script.delay_us);

  g_weak_ref_init (&later->provider, provider);
  later->a = a;
  later->b = b;
  later->text = g_strdup (text);
  g_source_set_callback (timer, func, later, later_free);
  g_source_attach (timer,
      parley_loop_get_context (parley_provider_get_loop (provider)));
  g_source_unref (timer);
}

/* Recogniser */

#define MOCK_TYPE_STT (mock_stt_get_type ())
G_DECLARE_FINAL_TYPE (MockStt, mock_stt, MOCK, STT, ParleySttProvider)
     struct _MockStt
     {
       ParleySttProvider parent;
       gchar *language;
       guint turn;
       guint take;
       gsize bytes;
     };

G_DEFINE_FINAL_TYPE (MockStt, mock_stt, PARLEY_TYPE_STT_PROVIDER)
     static void
         mock_stt_begin (ParleySttProvider * provider, guint turn, guint take,
    const ParleyAudioFormat * format)
{
  MockStt *self = MOCK_STT (provider);

  self->turn = turn;
  self->take = take;
  self->bytes = 0;
  note ("begin %u/%u %s %u %s", turn, take, format->mulaw ? "mulaw" : "S16LE",
      format->rate, self->language);
}

static void
mock_stt_audio (ParleySttProvider * provider, GBytes * samples)
{
  MOCK_STT (provider)->bytes += g_bytes_get_size (samples);
}

static gboolean
stt_answer (gpointer data)
{
  Later *later = data;
  ParleySttProvider *provider = g_weak_ref_get (&later->provider);

  if (provider) {
    parley_stt_provider_final_in_loop (provider, later->a, later->b,
        later->text, 0.9);
    g_object_unref (provider);
  }
  return G_SOURCE_REMOVE;
}

static void
mock_stt_finish (ParleySttProvider * provider)
{
  MockStt *self = MOCK_STT (provider);

  note ("finish %" G_GSIZE_FORMAT, self->bytes);
  if (script.final)
    answer_later (self, self->turn, self->take, script.final, stt_answer);
}

static guint
mock_stt_end_wait (ParleySttProvider * provider)
{
  return 700;
}

static void
mock_stt_pause (ParleySttProvider * provider, GBytes * samples)
{
  note ("pause %" G_GSIZE_FORMAT, g_bytes_get_size (samples));
}

static void
mock_stt_end_turn (ParleySttProvider * provider)
{
  if (parley_stt_provider_get_endpointing (provider)
      != PARLEY_ENDPOINTING_LOCAL)
    note ("over");
}

static void
mock_stt_cancel (ParleySttProvider * provider)
{
  note ("cancel");
}

static void
mock_stt_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  MockStt *self = MOCK_STT (object);

  g_free (self->language);
  self->language = g_value_dup_string (value);
}

static void
mock_stt_finalize (GObject * object)
{
  g_free (MOCK_STT (object)->language);
  if (last_stt == (gpointer) object)
    last_stt = NULL;
  count (-1);
  G_OBJECT_CLASS (mock_stt_parent_class)->finalize (object);
}

static void
mock_stt_init (MockStt * self)
{
  PARLEY_STT_PROVIDER_GET_CLASS (self)->whole_turns = script.whole_turns;
  PARLEY_STT_PROVIDER_GET_CLASS (self)->end_wait =
      script.tells_no_ends ? NULL : mock_stt_end_wait;
  last_stt = PARLEY_STT_PROVIDER (self);
  count (1);
}

static void
mock_stt_class_init (MockSttClass * klass)
{
  ParleySttProviderClass *stt = PARLEY_STT_PROVIDER_CLASS (klass);

  G_OBJECT_CLASS (klass)->set_property = mock_stt_set_property;
  G_OBJECT_CLASS (klass)->finalize = mock_stt_finalize;
  PARLEY_PROVIDER_CLASS (klass)->warm = warm;
  stt->begin = mock_stt_begin;
  stt->audio = mock_stt_audio;
  stt->finish = mock_stt_finish;
  stt->cancel = mock_stt_cancel;
  stt->pause = mock_stt_pause;
  stt->end_turn = mock_stt_end_turn;
  g_object_class_install_property (G_OBJECT_CLASS (klass), 1,
      g_param_spec_string ("language", "Language", "Language", NULL,
          G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
}

void
mock_stt_partial (guint turn, guint take, const gchar * text)
{
  parley_stt_provider_partial_in_loop (last_stt, turn, take, text);
}

void
mock_stt_final (guint turn, guint take, const gchar * text)
{
  parley_stt_provider_final_in_loop (last_stt, turn, take, text, 0.8);
}

void
mock_stt_endpoint (guint turn, guint take, ParleySttEndpoint endpoint,
    const gchar * text)
{
  parley_stt_provider_endpoint_in_loop (last_stt, turn, take, endpoint, text);
}

void
mock_stt_fail (guint turn, guint take, const gchar * why)
{
  GError *error = g_error_new_literal (PARLEY_PROVIDER_ERROR,
      PARLEY_PROVIDER_ERROR_NETWORK, why);

  parley_stt_provider_failed_in_loop (last_stt, turn, take, error);
  g_error_free (error);
}

/* Language model */

#define MOCK_TYPE_LLM (mock_llm_get_type ())
G_DECLARE_FINAL_TYPE (MockLlm, mock_llm, MOCK, LLM, ParleyLlmProvider)
     struct _MockLlm
     {
       ParleyLlmProvider parent;
     };

G_DEFINE_FINAL_TYPE (MockLlm, mock_llm, PARLEY_TYPE_LLM_PROVIDER)
     static gboolean llm_answer (gpointer data)
{
  Later *later = data;
  ParleyLlmProvider *provider = g_weak_ref_get (&later->provider);

  if (provider) {
    parley_llm_provider_delta_in_loop (provider, later->a, later->text);
    parley_llm_provider_done_in_loop (provider, later->a, script.hang_up);
    g_object_unref (provider);
  }
  return G_SOURCE_REMOVE;
}

static void
mock_llm_request (ParleyLlmProvider * provider, guint id, GPtrArray * messages)
{
  static const gchar roles[] = "SUAT";
  GString *text = g_string_new ("request");

  for (guint i = 0; i < messages->len; i++) {
    ParleyMessage *message = g_ptr_array_index (messages, i);
    g_string_append_printf (text, " %c:%s", roles[message->role],
        message->text);
    for (guint j = 0; message->calls && j < message->calls->len; j++)
      g_string_append_printf (text, "[%s]",
          ((ParleyToolCall *) message->calls->pdata[j])->name);
  }
  if (parley_llm_provider_get_tools (provider))
    g_string_append (text, " +tools");
  note ("%s", text->str);
  g_string_free (text, TRUE);
  g_mutex_lock (&lock);
  g_array_append_val (llm_ids, id);
  g_mutex_unlock (&lock);
  if (script.reply)
    answer_later (provider, id, 0, script.reply, llm_answer);
}

static void
mock_llm_cancel (ParleyLlmProvider * provider, guint id)
{
  note ("cancel");
}

static gchar *
mock_llm_greeting (ParleyLlmProvider * provider)
{
  return g_strdup (script.greeting);
}

static gchar *
mock_llm_describe (ParleyLlmProvider * provider)
{
  return g_strdup ("mock");
}

static void
mock_llm_finalize (GObject * object)
{
  if (last_llm == (gpointer) object)
    last_llm = NULL;
  count (-1);
  G_OBJECT_CLASS (mock_llm_parent_class)->finalize (object);
}

static void
mock_llm_init (MockLlm * self)
{
  last_llm = PARLEY_LLM_PROVIDER (self);
  count (1);
}

static void
mock_llm_class_init (MockLlmClass * klass)
{
  ParleyLlmProviderClass *llm = PARLEY_LLM_PROVIDER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = mock_llm_finalize;
  PARLEY_PROVIDER_CLASS (klass)->warm = warm;
  llm->request = mock_llm_request;
  llm->cancel = mock_llm_cancel;
  llm->greeting = mock_llm_greeting;
  llm->describe = mock_llm_describe;
}

static guint
id_of (GArray * ids, guint nth)
{
  g_assert_cmpuint (nth, >, 0);
  g_assert_cmpuint (nth, <=, ids->len);
  return g_array_index (ids, guint, nth - 1);
}

guint
mock_llm_count (void)
{
  return llm_ids->len;
}

void
mock_llm_delta (guint nth, const gchar * text)
{
  parley_llm_provider_delta_in_loop (last_llm, id_of (llm_ids, nth), text);
}

void
mock_llm_call (guint nth, const gchar * call, const gchar * arguments)
{
  parley_llm_provider_tool_call_in_loop (last_llm, id_of (llm_ids, nth), call,
      call, arguments);
}

void
mock_llm_done (guint nth, gboolean hang_up)
{
  parley_llm_provider_done_in_loop (last_llm, id_of (llm_ids, nth), hang_up);
}

void
mock_llm_fail (guint nth, const gchar * why)
{
  GError *error = g_error_new_literal (PARLEY_PROVIDER_ERROR,
      PARLEY_PROVIDER_ERROR_NETWORK, why);

  parley_llm_provider_failed_in_loop (last_llm, id_of (llm_ids, nth), error);
  g_error_free (error);
}

/* Synthesiser */

#define MOCK_TYPE_TTS (mock_tts_get_type ())
G_DECLARE_FINAL_TYPE (MockTts, mock_tts, MOCK, TTS, ParleyTtsProvider)
     struct _MockTts
     {
       ParleyTtsProvider parent;
       gchar *voice;
     };

G_DEFINE_FINAL_TYPE (MockTts, mock_tts, PARLEY_TYPE_TTS_PROVIDER)
     static void emit_tone (ParleyTtsProvider * provider, guint id, guint ms)
{
  ParleyAudioFormat format = script.format;
  gsize n = (gsize) ms * format.rate / 1000;
  GBytes *bytes;

  if (format.mulaw) {
    guint8 *samples = g_malloc (n);
    memset (samples, 0x90, n);
    bytes = g_bytes_new_take (samples, n);
  } else {
    gint16 *samples = g_new (gint16, n);
    for (gsize i = 0; i < n; i++)
      samples[i] = (i / 8) % 2 ? 8000 : -8000;
    bytes = g_bytes_new_take (samples, n * 2);
  }
  parley_tts_provider_audio_in_loop (provider, id, &format, bytes);
  g_bytes_unref (bytes);
}

static gboolean
tts_answer (gpointer data)
{
  Later *later = data;
  ParleyTtsProvider *provider = g_weak_ref_get (&later->provider);
  guint left = later->b;

  while (provider && left) {
    guint piece = script.chunk_ms ? MIN (left, script.chunk_ms) : left;
    emit_tone (provider, later->a, piece);
    left -= piece;
  }
  if (provider) {
    parley_tts_provider_done_in_loop (provider, later->a);
    g_object_unref (provider);
  }
  return G_SOURCE_REMOVE;
}

static void
mock_tts_speak (ParleyTtsProvider * provider, guint id, const gchar * text)
{
  guint words = *text ? 1 : 0;

  for (const gchar * p = text; *p; p++)
    words += *p == ' ';
  note ("speak %s", text);
  g_mutex_lock (&lock);
  g_array_append_val (tts_ids, id);
  g_mutex_unlock (&lock);
  if (script.ms_per_word)
    answer_later (provider, id, words * script.ms_per_word, NULL, tts_answer);
}

static void
mock_tts_cancel (ParleyTtsProvider * provider, guint id)
{
  note ("cancel");
}

static gchar *
mock_tts_describe (ParleyTtsProvider * provider)
{
  return g_strdup_printf ("mock %s", MOCK_TTS (provider)->voice);
}

static void
mock_tts_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  MockTts *self = MOCK_TTS (object);

  g_free (self->voice);
  self->voice = g_value_dup_string (value);
}

static void
mock_tts_finalize (GObject * object)
{
  g_free (MOCK_TTS (object)->voice);
  if (last_tts == (gpointer) object)
    last_tts = NULL;
  count (-1);
  G_OBJECT_CLASS (mock_tts_parent_class)->finalize (object);
}

static void
mock_tts_init (MockTts * self)
{
  last_tts = PARLEY_TTS_PROVIDER (self);
  count (1);
}

static void
mock_tts_class_init (MockTtsClass * klass)
{
  ParleyTtsProviderClass *tts = PARLEY_TTS_PROVIDER_CLASS (klass);

  G_OBJECT_CLASS (klass)->set_property = mock_tts_set_property;
  G_OBJECT_CLASS (klass)->finalize = mock_tts_finalize;
  PARLEY_PROVIDER_CLASS (klass)->warm = warm;
  tts->speak = mock_tts_speak;
  tts->cancel = mock_tts_cancel;
  tts->describe = mock_tts_describe;
  g_object_class_install_property (G_OBJECT_CLASS (klass), 1,
      g_param_spec_string ("voice", "Voice", "Voice", NULL,
          G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
}

void
mock_tts_audio (guint nth, guint ms)
{
  emit_tone (last_tts, id_of (tts_ids, nth), ms);
}

void
mock_tts_word (guint nth, guint n, guint ms)
{
  parley_tts_provider_word_in_loop (last_tts, id_of (tts_ids, nth), n, ms);
}

void
mock_tts_silence (guint nth, guint ms)
{
  ParleyAudioFormat format = { TRUE, 8000 };
  guint8 *samples = g_malloc (ms * 8);
  GBytes *bytes;

  memset (samples, PARLEY_MULAW_SILENCE, ms * 8);
  bytes = g_bytes_new_take (samples, ms * 8);
  parley_tts_provider_audio_in_loop (last_tts, id_of (tts_ids, nth), &format,
      bytes);
  g_bytes_unref (bytes);
}

void
mock_tts_done (guint nth)
{
  parley_tts_provider_done_in_loop (last_tts, id_of (tts_ids, nth));
}

void
mock_tts_fail (guint nth, const gchar * why)
{
  GError *error = g_error_new_literal (PARLEY_PROVIDER_ERROR,
      PARLEY_PROVIDER_ERROR_NETWORK, why);

  parley_tts_provider_failed_in_loop (last_tts, id_of (tts_ids, nth), error);
  g_error_free (error);
}

/* All of them */

static void
register_all (void)
{
  static ParleyProviderInfo infos[] = {
    {PARLEY_PROVIDER_STT, "mock", "for tests", mock_stt_get_type, NULL},
    {PARLEY_PROVIDER_LLM, "mock", "for tests", mock_llm_get_type, NULL},
    {PARLEY_PROVIDER_TTS, "mock", "for tests", mock_tts_get_type, NULL},
  };

  for (guint i = 0; i < G_N_ELEMENTS (infos); i++)
    parley_provider_register (&infos[i]);
  notes = g_string_new (NULL);
  llm_ids = g_array_new (FALSE, FALSE, sizeof (guint));
  tts_ids = g_array_new (FALSE, FALSE, sizeof (guint));
}

void
mock_reset (void)
{
  if (!notes)
    register_all ();
  script = (MockScript) {
    .format = { FALSE, 16000 }
  };
  g_string_truncate (notes, 0);
  g_array_set_size (llm_ids, 0);
  g_array_set_size (tts_ids, 0);
}

MockScript *
mock_script (void)
{
  return &script;
}

gchar *
mock_take_log (void)
{
  gchar *log;

  g_mutex_lock (&lock);
  log = g_strdup (notes->str);
  g_string_truncate (notes, 0);
  g_mutex_unlock (&lock);
  return log;
}

guint
mock_count (void)
{
  guint n;

  g_mutex_lock (&lock);
  n = alive;
  g_mutex_unlock (&lock);
  return n;
}
