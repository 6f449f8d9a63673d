/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replayproviders.h"

#include <string.h>

#include "net/clock.h"
#include "providers/registry.h"
#include "turnjson.h"

#define NAME "replay"
/* A sentence without a sound: so much for each byte of it. */
#define TONE_MS 65
#define TONE_HALF 18            /* samples: about 220 Hz */

static const ParleyCaptureFile *capture;
/* Sets of the entries that were given already. */
static GHashTable *replies_used;
static GHashTable *sounds_used;

/* What was captured */

/* The next entry of @kind from place *@at on, which moves behind it. */
static const ParleyCaptureEntry *
next_entry (guint * at, ParleyCaptureKind kind)
{
  while (*at < capture->entries->len) {
    const ParleyCaptureEntry *entry = &g_array_index (capture->entries,
        ParleyCaptureEntry, (*at)++);

    if (entry->kind == kind)
      return entry;
  }
  return NULL;
}

static gint64
number (const ParleyCaptureEntry * entry, const gchar * name)
{
  return json_object_get_int_member_with_default (entry->fields, name, 0);
}

static const gchar *
text_of (const ParleyCaptureEntry * entry, const gchar * name)
{
  const gchar *text = json_object_get_string_member_with_default
      (entry->fields, name, NULL);

  return text ? text : "";
}

/* Of the turn's report with @field (a number's name) @value; 0: none. */
static gint64
stage_us (const gchar * field, gint64 value, const gchar * stage)
{
  const ParleyCaptureEntry *entry;
  guint place = 0;
  gint64 us = 0;

  while ((entry = next_entry (&place, PARLEY_CAPTURE_TURN))) {
    g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
    g_autoptr (ParleyLoggedTurn) turn = NULL;

    if (number (entry, field) != value)
      continue;
    json_node_set_object (node, entry->fields);
    turn = parley_turn_from_json (node, NULL);
    if (turn)
      us = parley_turn_get_stage (turn->report, stage);
  }
  return us;
}

/* Answers that come later, unless the provider has gone or forgotten them */

typedef struct
{
  GWeakRef provider;
  guint a;                      /* turn, or the number of a request */
  guint b;                      /* take */
  gchar *text;                  /* NULL: the end of a reply */
  gboolean hang_up;
  guint n_cancelled;
} Later;

static void
later_free (gpointer data)
{
  Later *later = data;

  g_weak_ref_clear (&later->provider);
  g_free (later->text);
  g_free (later);
}

static Later *
answer_at (gpointer provider, gint64 due, guint a, const gchar * text,
    GSourceFunc func)
{
  Later *later = g_new0 (Later, 1);
  GSource *timer = parley_timer_new (due);

  g_weak_ref_init (&later->provider, provider);
  later->a = a;
  later->text = g_strdup (text);
  g_source_set_callback (timer, func, later, later_free);
  g_source_attach (timer,
      parley_loop_get_context (parley_provider_get_loop (provider)));
  g_source_unref (timer);
  return later;
}

/* The recogniser */

#define REPLAY_TYPE_STT (replay_stt_get_type ())
G_DECLARE_FINAL_TYPE (ReplayStt, replay_stt, REPLAY, STT, ParleySttProvider)
     struct _ReplayStt
     {
       ParleySttProvider parent;
       guint turn;
       guint take;
       guint n_cancelled;       /* answers from before the last are void */
     };

G_DEFINE_FINAL_TYPE (ReplayStt, replay_stt, PARLEY_TYPE_STT_PROVIDER)
/* All of @turn up to @take, as it was recognised last. */
     static const gchar *text_until (guint turn, guint take)
{
  const ParleyCaptureEntry *entry;
  guint place = 0;
  const gchar *text = "";

  while ((entry = next_entry (&place, PARLEY_CAPTURE_CALLER)))
    if (number (entry, "turn") == turn && number (entry, "take") <= take)
      text = text_of (entry, "text");
  return text;
}

static gboolean
stt_answer (gpointer data)
{
  Later *later = data;
  g_autoptr (ReplayStt) self = g_weak_ref_get (&later->provider);

  if (self && later->n_cancelled == self->n_cancelled)
    parley_stt_provider_final_in_loop (PARLEY_STT_PROVIDER (self), later->a,
        later->b, later->text, 1);
  return G_SOURCE_REMOVE;
}

static void
replay_stt_begin (ParleySttProvider * provider, guint turn, guint take,
    const ParleyAudioFormat * format)
{
  REPLAY_STT (provider)->turn = turn;
  REPLAY_STT (provider)->take = take;
}

static void
replay_stt_audio (ParleySttProvider * provider, GBytes * samples)
{
}

static void
replay_stt_finish (ParleySttProvider * provider)
{
  ReplayStt *self = REPLAY_STT (provider);
  Later *later = answer_at (self, parley_clock_now ()
      + stage_us ("turn", self->turn, "stt"), self->turn,
      text_until (self->turn, self->take), stt_answer);

  later->b = self->take;
  later->n_cancelled = self->n_cancelled;
}

static void
replay_stt_cancel (ParleySttProvider * provider)
{
  REPLAY_STT (provider)->n_cancelled++;
}

static void
replay_stt_init (ReplayStt * self)
{
}

static void
replay_stt_class_init (ReplaySttClass * klass)
{
  ParleySttProviderClass *stt = PARLEY_STT_PROVIDER_CLASS (klass);

  stt->whole_turns = TRUE;
  stt->begin = replay_stt_begin;
  stt->audio = replay_stt_audio;
  stt->finish = replay_stt_finish;
  stt->cancel = replay_stt_cancel;
}

/* The model */

#define REPLAY_TYPE_LLM (replay_llm_get_type ())
G_DECLARE_FINAL_TYPE (ReplayLlm, replay_llm, REPLAY, LLM, ParleyLlmProvider)
     struct _ReplayLlm
     {
       ParleyLlmProvider parent;
       GHashTable *cancelled;   /* set of numbers */
     };

G_DEFINE_FINAL_TYPE (ReplayLlm, replay_llm, PARLEY_TYPE_LLM_PROVIDER)
/* The number of a reply that was not given yet: of the turn in which the caller
 * said @said, else the next one. 0: none is left. */
     static gint64 choose_reply (const gchar * said)
{
  const ParleyCaptureEntry *entry;
  guint place = 0;
  gint64 next = 0;

  while ((entry = next_entry (&place, PARLEY_CAPTURE_AGENT))) {
    gint64 turn = number (entry, "turn"), reply = number (entry, "reply");

    if (turn == 0 || g_hash_table_contains (replies_used,
            GSIZE_TO_POINTER (reply)))
      continue;
    if (!next)
      next = reply;
    if (strcmp (text_until (turn, G_MAXUINT), said) == 0)
      return reply;
  }
  return next;
}

static gboolean
llm_answer (gpointer data)
{
  Later *later = data;
  g_autoptr (ReplayLlm) self = g_weak_ref_get (&later->provider);
  ParleyLlmProvider *provider = (ParleyLlmProvider *) self;

  if (!self || g_hash_table_contains (self->cancelled,
          GUINT_TO_POINTER (later->a)))
    return G_SOURCE_REMOVE;
  if (later->text)
    parley_llm_provider_delta_in_loop (provider, later->a, later->text);
  else
    parley_llm_provider_done_in_loop (provider, later->a, later->hang_up);
  return G_SOURCE_REMOVE;
}

static void
replay_llm_request (ParleyLlmProvider * provider, guint id,
    GPtrArray * messages)
{
  const ParleyCaptureEntry *entry;
  guint place = 0;
  const ParleyMessage *last = g_ptr_array_index (messages, messages->len - 1);
  gint64 reply = choose_reply (last->text);
  gint64 due = parley_clock_now ()
      + stage_us ("epoch", reply, "llm-first-token")
      + stage_us ("epoch", reply, "llm-first-sentence");
  gint64 first = -1, at = due;
  gboolean hang_up = FALSE;

  g_hash_table_add (replies_used, GSIZE_TO_POINTER (reply));
  while ((entry = next_entry (&place, PARLEY_CAPTURE_AGENT))) {
    g_autofree gchar *text = NULL;

    if (number (entry, "reply") != reply)
      continue;
    first = first < 0 ? entry->us : first;
    at = due + entry->us - first;
    hang_up |= json_object_has_member (entry->fields, "hang-up");
    text = g_strconcat (text_of (entry, "text"), " ", NULL);
    answer_at (provider, at, id, text, llm_answer);
  }
  answer_at (provider, at, id, NULL, llm_answer)->hang_up = hang_up;
}

static void
replay_llm_cancel (ParleyLlmProvider * provider, guint id)
{
  g_hash_table_add (REPLAY_LLM (provider)->cancelled, GUINT_TO_POINTER (id));
}

static gchar *
replay_llm_greeting (ParleyLlmProvider * provider)
{
  const ParleyCaptureEntry *entry;
  guint place = 0;
  GString *greeting = g_string_new (NULL);
  gint64 reply = 0;

  while ((entry = next_entry (&place, PARLEY_CAPTURE_AGENT))) {
    if (number (entry, "turn") != 0)
      continue;
    reply = reply ? reply : number (entry, "reply");
    if (number (entry, "reply") == reply)
      g_string_append_printf (greeting, "%s ", text_of (entry, "text"));
  }
  return g_string_free (greeting, FALSE);
}

static void
replay_llm_finalize (GObject * object)
{
  g_hash_table_unref (REPLAY_LLM (object)->cancelled);
  G_OBJECT_CLASS (replay_llm_parent_class)->finalize (object);
}

static void
replay_llm_init (ReplayLlm * self)
{
  self->cancelled = g_hash_table_new (NULL, NULL);
}

static void
replay_llm_class_init (ReplayLlmClass * klass)
{
  ParleyLlmProviderClass *llm = PARLEY_LLM_PROVIDER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = replay_llm_finalize;
  llm->request = replay_llm_request;
  llm->cancel = replay_llm_cancel;
  llm->greeting = replay_llm_greeting;
}

/* The voice */

#define REPLAY_TYPE_TTS (replay_tts_get_type ())
G_DECLARE_FINAL_TYPE (ReplayTts, replay_tts, REPLAY, TTS, ParleyTtsProvider)
     struct _ReplayTts
     {
       ParleyTtsProvider parent;
       GHashTable *cancelled;   /* set of numbers */
     };

G_DEFINE_FINAL_TYPE (ReplayTts, replay_tts, PARLEY_TYPE_TTS_PROVIDER)
/* The place of a sentence @text that was not spoken yet; NULL: none is left. */
     static const ParleyCaptureEntry *choose_sentence (const gchar * text)
{
  const ParleyCaptureEntry *entry;
  guint place = 0;
  const ParleyCaptureEntry *any = NULL;

  while ((entry = next_entry (&place, PARLEY_CAPTURE_AGENT))) {
    if (strcmp (text_of (entry, "text"), text) != 0)
      continue;
    any = entry;
    if (g_hash_table_add (sounds_used, (gpointer) entry))
      return entry;
  }
  return any;
}

static gboolean
read_format (const gchar * text, ParleyAudioFormat * format)
{
  GstCaps *caps = gst_caps_from_string (text);
  GstStructure *structure = caps ? gst_caps_get_structure (caps, 0) : NULL;
  gint rate = 0;
  gboolean ok = structure && gst_structure_get_int (structure, "rate", &rate);

  format->rate = rate;
  format->mulaw = ok && gst_structure_has_name (structure, "audio/x-mulaw");
  gst_clear_caps (&caps);
  return ok && rate > 0;
}

/* The sound of @sentence; NULL: it was never spoken. */
static GBytes *
find_sound (const ParleyCaptureEntry * sentence, ParleyAudioFormat * format)
{
  const ParleyCaptureEntry *entry;
  guint place = 0;
  GByteArray *sound = g_byte_array_new ();

  while ((entry = next_entry (&place, PARLEY_CAPTURE_SOUND))) {
    g_autofree guchar *audio = NULL;
    gsize len;

    if (number (entry, "reply") != number (sentence, "reply")
        || number (entry, "sequence") != number (sentence, "sequence")
        || !read_format (text_of (entry, "caps"), format))
      continue;
    audio = g_base64_decode (text_of (entry, "audio"), &len);
    g_byte_array_append (sound, audio, len);
  }
  return sound->len ? g_byte_array_free_to_bytes (sound)
      : (g_byte_array_unref (sound), NULL);
}

static GBytes *
make_tone (const gchar * text, ParleyAudioFormat * format)
{
  gsize len = strlen (text) * TONE_MS * 8;
  guint8 *tone = g_malloc (len);

  format->mulaw = TRUE;
  format->rate = 8000;
  for (gsize i = 0; i < len; i++)
    tone[i] = i / TONE_HALF % 2 ? 0x20 : 0xa0;
  return g_bytes_new_take (tone, len);
}

static gboolean
tts_answer (gpointer data)
{
  Later *later = data;
  g_autoptr (ReplayTts) self = g_weak_ref_get (&later->provider);
  ParleyTtsProvider *provider = (ParleyTtsProvider *) self;
  const ParleyCaptureEntry *sentence;
  g_autoptr (GBytes) sound = NULL;
  ParleyAudioFormat format;

  if (!self || g_hash_table_contains (self->cancelled,
          GUINT_TO_POINTER (later->a)))
    return G_SOURCE_REMOVE;
  sentence = choose_sentence (later->text);
  if (sentence)
    sound = find_sound (sentence, &format);
  if (!sound)
    sound = make_tone (later->text, &format);
  parley_tts_provider_audio_in_loop (provider, later->a, &format, sound);
  parley_tts_provider_done_in_loop (provider, later->a);
  return G_SOURCE_REMOVE;
}

/* Of the next sentence @text: the time of the first in its reply. */
static gint64
voice_delay (const gchar * text)
{
  const ParleyCaptureEntry *entry;
  guint place = 0;
  while ((entry = next_entry (&place, PARLEY_CAPTURE_AGENT)))
    if (strcmp (text_of (entry, "text"), text) == 0
        && !g_hash_table_contains (sounds_used, (gpointer) entry))
      return number (entry, "sequence") ? 0
          : stage_us ("epoch", number (entry, "reply"), "tts-first-audio");
  return 0;
}

static void
replay_tts_speak (ParleyTtsProvider * provider, guint id, const gchar * text)
{
  answer_at (provider, parley_clock_now () + voice_delay (text), id, text,
      tts_answer);
}

static void
replay_tts_cancel (ParleyTtsProvider * provider, guint id)
{
  g_hash_table_add (REPLAY_TTS (provider)->cancelled, GUINT_TO_POINTER (id));
}

static gchar *
replay_tts_describe (ParleyTtsProvider * provider)
{
  return g_strdup (NAME);
}

static void
replay_tts_finalize (GObject * object)
{
  g_hash_table_unref (REPLAY_TTS (object)->cancelled);
  G_OBJECT_CLASS (replay_tts_parent_class)->finalize (object);
}

static void
replay_tts_init (ReplayTts * self)
{
  self->cancelled = g_hash_table_new (NULL, NULL);
}

static void
replay_tts_class_init (ReplayTtsClass * klass)
{
  ParleyTtsProviderClass *tts = PARLEY_TTS_PROVIDER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = replay_tts_finalize;
  tts->speak = replay_tts_speak;
  tts->cancel = replay_tts_cancel;
  tts->describe = replay_tts_describe;
}

/* Use */

void
parley_replay_providers_use (const ParleyCaptureFile * file)
{
  static const ParleyProviderInfo infos[] = {
    {PARLEY_PROVIDER_STT, NAME, "a captured call's", replay_stt_get_type},
    {PARLEY_PROVIDER_LLM, NAME, "a captured call's", replay_llm_get_type},
    {PARLEY_PROVIDER_TTS, NAME, "a captured call's", replay_tts_get_type},
  };

  capture = file;
  replies_used = g_hash_table_new (NULL, NULL);
  sounds_used = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (infos); i++)
    parley_provider_register (&infos[i]);
}

/* What belongs to the providers that are not asked. */
static void
use_replay (const GValue * item, gpointer data)
{
  static const gchar *const others[] = { "fallback", "tools", "cache" };
  GstElement *element = g_value_get_object (item);
  GstElementFactory *factory = gst_element_get_factory (element);
  const gchar *name = factory ? GST_OBJECT_NAME (factory) : "";

  if (strcmp (name, "cloudstt") != 0 && strcmp (name, "llmchat") != 0
      && strcmp (name, "cloudtts") != 0)
    return;
  g_object_set (element, "provider", NAME, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (g_object_class_find_property (G_OBJECT_GET_CLASS (element), others[i]))
      g_object_set (element, others[i], NULL, NULL);
}

void
parley_replay_providers_set (GstElement * pipeline)
{
  GstIterator *all = gst_bin_iterate_recurse (GST_BIN (pipeline));

  gst_iterator_foreach (all, use_replay, NULL);
  gst_iterator_free (all);
}
