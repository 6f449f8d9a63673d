/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scenarioproviders.h"

#include <string.h>

#include "net/clock.h"
#include "providers/registry.h"

#define NAME "scenario"
/* The same, for fallback=. */
#define OTHER_NAME "scenario2"
#define TOOL "[tool "
#define HEADER_LEN 5

typedef struct
{
  gchar *text;
  guint synthesis;
} Word;

static gint64 delays[SCENARIO_KIND_N];
static gint64 sentence_delay;
static gint64 connects[SCENARIO_KIND_N];
static guint failures[SCENARIO_KIND_N];
static guint breaks[SCENARIO_KIND_N];
static GHashTable *takes;       /* turn and take to what was said in it */
static GHashTable *answers;     /* said to reply */
static GString *saying;         /* what no take has recognised yet */
static gpointer ears;           /* the recogniser that tells ends; or NULL */
static GString *history;
static guint n_requests;
static GPtrArray *words;        /* of Word; a word's number is its place */
static GPtrArray *sentences;    /* of texts, by synthesis */
static GHashTable *unsaid;      /* texts that failed to their first word */

static void
word_free (gpointer data)
{
  g_free (((Word *) data)->text);
  g_free (data);
}

void
scenario_set_delay (ScenarioKind kind, gint64 us)
{
  delays[kind] = us;
}

void
scenario_set_sentence_delay (gint64 us)
{
  sentence_delay = us;
}

void
scenario_fail (ScenarioKind kind, guint n)
{
  failures[kind] = n;
}

void
scenario_set_connect (ScenarioKind kind, gint64 us)
{
  connects[kind] = us;
}

void
scenario_break (ScenarioKind kind, guint n)
{
  breaks[kind] = n;
}

static gboolean
must_fail (ScenarioKind kind)
{
  return failures[kind] > 0 && failures[kind]-- > 0;
}

static gboolean
must_break (ScenarioKind kind)
{
  return breaks[kind] > 0 && breaks[kind]-- > 0;
}

/* µs until the answer to the request that is made now. */
static gint64
answer_time (ScenarioKind kind)
{
  gint64 us = delays[kind] + connects[kind];

  connects[kind] = 0;
  return us;
}

void
scenario_add_answer (const gchar * said, const gchar * reply)
{
  g_hash_table_insert (answers, g_strdup (said), g_strdup (reply));
}

void
scenario_begin_saying (const gchar * text)
{
  g_string_append_printf (saying, "%s%s", saying->len ? " " : "", text);
}

guint
scenario_get_requests (void)
{
  return n_requests;
}

const gchar *
scenario_get_history (void)
{
  return history->str;
}

/* Answers that come later */

typedef struct
{
  GWeakRef provider;
  guint a;
  guint b;
  gchar *text;                  /* NULL: the end of a reply */
  guint word;                   /* the number of a sentence's first */
  gboolean fails;
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
answer_after (gpointer provider, gint64 us, guint a, const gchar * text,
    GSourceFunc func)
{
  Later *later = g_new0 (Later, 1);
  GSource *timer = parley_timer_new (parley_clock_now () + us);

  g_weak_ref_init (&later->provider, provider);
  later->a = a;
  later->text = g_strdup (text);
  g_source_set_callback (timer, func, later, later_free);
  g_source_attach (timer,
      parley_loop_get_context (parley_provider_get_loop (provider)));
  g_source_unref (timer);
  return later;
}

static GError *
failure (void)
{
  return g_error_new_literal (PARLEY_PROVIDER_ERROR,
      PARLEY_PROVIDER_ERROR_NETWORK, "the scenario has it fail");
}

/* Recogniser */

#define SCENARIO_TYPE_STT (scenario_stt_get_type ())
G_DECLARE_FINAL_TYPE (ScenarioStt, scenario_stt, SCENARIO, STT,
    ParleySttProvider)
     struct _ScenarioStt
     {
       ParleySttProvider parent;
       guint turn;
       guint take;
       guint since;             /* turns before it are forgotten */
       GString *said;           /* in the turn, while ends are told */
       gboolean heard;          /* it is known that there are words */
     };

G_DEFINE_FINAL_TYPE (ScenarioStt, scenario_stt, PARLEY_TYPE_STT_PROVIDER)
     static gboolean stt_answer (gpointer data)
{
  Later *later = data;
  g_autoptr (ScenarioStt) self = g_weak_ref_get (&later->provider);
  g_autoptr (GError) error = failure ();

  if (!self || later->a < self->since)
    return G_SOURCE_REMOVE;
  if (later->fails)
    parley_stt_provider_failed_in_loop (PARLEY_STT_PROVIDER (self), later->a,
        later->b, error);
  else
    parley_stt_provider_final_in_loop (PARLEY_STT_PROVIDER (self), later->a,
        later->b, later->text, 0.9);
  return G_SOURCE_REMOVE;
}

static gboolean
tells_ends (ParleySttProvider * provider)
{
  return parley_stt_provider_get_endpointing (provider)
      != PARLEY_ENDPOINTING_LOCAL;
}

static void
join (GString * text, const gchar * more)
{
  if (text->len && *more)
    g_string_append_c (text, ' ');
  g_string_append (text, more);
}

static void
scenario_stt_begin (ParleySttProvider * provider, guint turn, guint take,
    const ParleyAudioFormat * format)
{
  ScenarioStt *self = SCENARIO_STT (provider);
  const gchar *heard;

  if (self->turn != turn) {
    g_string_truncate (self->said, 0);
    self->heard = FALSE;
  }
  self->turn = turn;
  self->take = take;
  if (!tells_ends (provider))
    return;
  /* Somebody else has heard it before. */
  heard = g_hash_table_lookup (takes, GUINT_TO_POINTER (turn << 8 | take));
  join (self->said, heard ? heard : "");
  g_set_weak_pointer (&ears, self);
}

static gboolean
stt_hears (gpointer data)
{
  Later *later = data;
  g_autoptr (ScenarioStt) self = g_weak_ref_get (&later->provider);

  if (self && later->a >= self->since)
    parley_stt_provider_endpoint_in_loop (PARLEY_STT_PROVIDER (self), later->a,
        later->b, PARLEY_STT_HEARS, later->text);
  return G_SOURCE_REMOVE;
}

/* Whoever hears it again, in place of one that failed, hears the same. */
static const gchar *
text_of_take (guint turn, guint take)
{
  gpointer key = GUINT_TO_POINTER (turn << 8 | take);

  if (!g_hash_table_contains (takes, key)) {
    g_hash_table_insert (takes, key, g_strdup (saying->str));
    g_string_truncate (saying, 0);
  }
  return g_hash_table_lookup (takes, key);
}

/* What is said now joins what was said of the turn and its take. */
static void
hear (ScenarioStt * self)
{
  gpointer key = GUINT_TO_POINTER (self->turn << 8 | self->take);
  const gchar *before = g_hash_table_lookup (takes, key);
  GString *text = g_string_new (before);

  join (self->said, saying->str);
  join (text, saying->str);
  g_string_truncate (saying, 0);
  g_hash_table_insert (takes, key, g_string_free (text, FALSE));
}

static void
scenario_stt_audio (ParleySttProvider * provider, GBytes * samples)
{
  ScenarioStt *self = SCENARIO_STT (provider);

  if (!tells_ends (provider))
    return;
  hear (self);
  if (!self->said->len || self->heard)
    return;
  self->heard = TRUE;
  answer_after (self, delays[SCENARIO_KIND_STT], self->turn, self->said->str,
      stt_hears)->b = self->take;
}

void
scenario_tell (ParleySttEndpoint endpoint, const gchar * text)
{
  ScenarioStt *self = ears;

  g_assert_nonnull (self);
  hear (self);
  if (text)
    g_string_assign (self->said, text);
  parley_stt_provider_endpoint_in_loop (PARLEY_STT_PROVIDER (self), self->turn,
      self->take, endpoint, self->said->str);
}

static void
scenario_stt_finish (ParleySttProvider * provider)
{
  ScenarioStt *self = SCENARIO_STT (provider);
  Later *later;

  if (tells_ends (provider))
    hear (self);
  later = answer_after (self, answer_time (SCENARIO_KIND_STT), self->turn,
      tells_ends (provider) ? self->said->str
      : text_of_take (self->turn, self->take), stt_answer);
  later->b = self->take;
  later->fails = must_fail (SCENARIO_KIND_STT);
}

static void
scenario_stt_cancel (ParleySttProvider * provider)
{
  SCENARIO_STT (provider)->since = SCENARIO_STT (provider)->turn + 1;
}

static guint
scenario_stt_end_wait (ParleySttProvider * provider)
{
  return 1500;
}

static void
scenario_stt_finalize (GObject * object)
{
  g_string_free (SCENARIO_STT (object)->said, TRUE);
  G_OBJECT_CLASS (scenario_stt_parent_class)->finalize (object);
}

static void
scenario_stt_init (ScenarioStt * self)
{
  self->said = g_string_new (NULL);
}

static void
scenario_stt_class_init (ScenarioSttClass * klass)
{
  ParleySttProviderClass *stt = PARLEY_STT_PROVIDER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = scenario_stt_finalize;
  stt->end_wait = scenario_stt_end_wait;
  stt->begin = scenario_stt_begin;
  stt->audio = scenario_stt_audio;
  stt->finish = scenario_stt_finish;
  stt->cancel = scenario_stt_cancel;
}

/* Model */

#define SCENARIO_TYPE_LLM (scenario_llm_get_type ())
G_DECLARE_FINAL_TYPE (ScenarioLlm, scenario_llm, SCENARIO, LLM,
    ParleyLlmProvider)
     struct _ScenarioLlm
     {
       ParleyLlmProvider parent;
       GHashTable *cancelled;   /* set of numbers */
     };

G_DEFINE_FINAL_TYPE (ScenarioLlm, scenario_llm, PARLEY_TYPE_LLM_PROVIDER)
     static gboolean llm_answer (gpointer data)
{
  Later *later = data;
  g_autoptr (ScenarioLlm) self = g_weak_ref_get (&later->provider);
  ParleyLlmProvider *provider = (ParleyLlmProvider *) self;
  g_autoptr (GError) error = failure ();

  if (!self || g_hash_table_contains (self->cancelled,
          GUINT_TO_POINTER (later->a)))
    return G_SOURCE_REMOVE;
  if (later->fails)
    parley_llm_provider_failed_in_loop (provider, later->a, error);
  else if (later->text)
    parley_llm_provider_delta_in_loop (provider, later->a, later->text);
  else
    parley_llm_provider_done_in_loop (provider, later->a, later->b);
  return G_SOURCE_REMOVE;
}

static void
note_message (const ParleyMessage * message)
{
  static const gchar *const roles[] = {
    [PARLEY_ROLE_USER] = "user",[PARLEY_ROLE_ASSISTANT] = "assistant",
    [PARLEY_ROLE_TOOL] = "tool",
  };

  if (message->role >= G_N_ELEMENTS (roles) || !roles[message->role])
    return;
  if (*message->text)
    g_string_append_printf (history, "%s: %s\n", roles[message->role],
        message->text);
  for (guint i = 0; message->calls && i < message->calls->len; i++)
    g_string_append_printf (history, "call: %s\n",
        ((ParleyToolCall *) message->calls->pdata[i])->name);
}

static void
note_history (GPtrArray * messages)
{
  n_requests++;
  g_string_truncate (history, 0);
  for (guint i = 0; i < messages->len; i++)
    note_message (g_ptr_array_index (messages, i));
}

static gchar *
find_answer (const gchar * said)
{
  const gchar *reply = g_hash_table_lookup (answers, said);

  if (!reply)
    reply = g_hash_table_lookup (answers, "*");
  return reply ? g_strdup (reply) : g_strdup_printf ("You said %s.", said);
}

/* What the model says now: behind as many tools as have answered since the
 * caller's last words. */
static gchar *
find_part (GPtrArray * messages)
{
  const gchar *said = "";
  g_autofree gchar *reply = NULL;
  gchar *part;
  guint n_results = 0;

  for (guint i = 0; i < messages->len; i++) {
    const ParleyMessage *message = g_ptr_array_index (messages, i);

    if (message->role == PARLEY_ROLE_TOOL)
      n_results++;
    if (message->role != PARLEY_ROLE_USER)
      continue;
    said = message->text;
    n_results = 0;
  }
  part = reply = find_answer (said);
  for (; n_results > 0 && part; n_results--) {
    part = strstr (part, TOOL);
    part = part ? strchr (part, ']') + 1 : NULL;
  }
  return g_strdup (part ? part : "");
}

static gboolean
llm_call (gpointer data)
{
  Later *later = data;
  g_autoptr (ScenarioLlm) self = g_weak_ref_get (&later->provider);
  g_autofree gchar *name = g_strndup (later->text, strcspn (later->text, "]"));

  if (self && !g_hash_table_contains (self->cancelled,
          GUINT_TO_POINTER (later->a)))
    parley_llm_provider_tool_call_in_loop (PARLEY_LLM_PROVIDER (self),
        later->a, "call", name, "{}");
  return G_SOURCE_REMOVE;
}

/* Sentence by sentence from @at on; only the first if it @breaks off. When it
 * was said. */
static gint64
say_later (gpointer provider, guint id, gint64 at, const gchar * text,
    gboolean breaks_off)
{
  g_auto (GStrv) parts = g_strsplit (text, ". ", -1);

  for (guint i = 0; parts[i]; i++) {
    g_autofree gchar *part = g_strconcat (parts[i], parts[i + 1] ? ". " : "",
        NULL);

    at += i ? sentence_delay : 0;
    if (i && breaks_off)
      break;
    answer_after (provider, at, id, part, llm_answer);
  }
  return at;
}

/* "[tool NAME]": it calls it, and goes on behind when it has answered; "[bye]"
 * at its end: the model hangs up. */
static void
scenario_llm_request (ParleyLlmProvider * provider, guint id,
    GPtrArray * messages)
{
  g_autofree gchar *reply = find_part (messages);
  gint64 at = answer_time (SCENARIO_KIND_LLM);
  gchar *tool = strstr (reply, TOOL);
  gboolean bye = !tool && g_str_has_suffix (reply, "[bye]");
  gboolean fails = must_fail (SCENARIO_KIND_LLM);
  gboolean breaks_off = !fails && must_break (SCENARIO_KIND_LLM);
  Later *end;

  note_history (messages);
  if (bye)
    reply[strlen (reply) - strlen ("[bye]")] = '\0';
  if (tool)
    *tool = '\0';
  if (!fails)
    at = say_later (provider, id, at, reply, breaks_off);
  if (tool && !fails && !breaks_off)
    answer_after (provider, at, id, tool + strlen (TOOL), llm_call);
  end = answer_after (provider, at, id, NULL, llm_answer);
  end->b = bye;
  end->fails = fails || breaks_off;
}

static void
scenario_llm_cancel (ParleyLlmProvider * provider, guint id)
{
  g_hash_table_add (SCENARIO_LLM (provider)->cancelled, GUINT_TO_POINTER (id));
}

static void
scenario_llm_finalize (GObject * object)
{
  g_hash_table_unref (SCENARIO_LLM (object)->cancelled);
  G_OBJECT_CLASS (scenario_llm_parent_class)->finalize (object);
}

static void
scenario_llm_init (ScenarioLlm * self)
{
  self->cancelled = g_hash_table_new (NULL, NULL);
}

static void
scenario_llm_class_init (ScenarioLlmClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = scenario_llm_finalize;
  PARLEY_LLM_PROVIDER_CLASS (klass)->request = scenario_llm_request;
  PARLEY_LLM_PROVIDER_CLASS (klass)->cancel = scenario_llm_cancel;
}

/* Voice */

#define SCENARIO_TYPE_TTS (scenario_tts_get_type ())
G_DECLARE_FINAL_TYPE (ScenarioTts, scenario_tts, SCENARIO, TTS,
    ParleyTtsProvider)
     struct _ScenarioTts
     {
       ParleyTtsProvider parent;
       GHashTable *cancelled;   /* set of numbers */
     };

G_DEFINE_FINAL_TYPE (ScenarioTts, scenario_tts, PARLEY_TYPE_TTS_PROVIDER)
/* Frames of a loud tone that begin with the number of a word. */
     static void add_word (GByteArray * sound, guint number)
{
  guint8 frame[SCENARIO_FRAME_LEN] = { 0x01, 0xfe, 0x02 };

  frame[3] = 0x80 | (number >> 6);
  frame[4] = 0x80 | (number & 0x3f);
  for (guint i = HEADER_LEN; i < sizeof frame; i++)
    frame[i] = i / 16 % 2 ? 0x10 : 0x90;
  for (guint i = 0; i < SCENARIO_WORD_FRAMES; i++)
    g_byte_array_append (sound, frame, sizeof frame);
}

/* The number of the first word of @text, which is asked for now: by it one
 * knows what is said before and after it. Who stands in for somebody that
 * failed has his. */
static guint
number_words (const gchar * text)
{
  gpointer known;
  g_auto (GStrv) parts = NULL;
  guint first = words->len;

  if (g_hash_table_lookup_extended (unsaid, text, NULL, &known)) {
    g_hash_table_remove (unsaid, text);
    return GPOINTER_TO_UINT (known);
  }
  parts = g_strsplit (text, " ", -1);
  g_ptr_array_add (sentences, g_strdup (text));
  for (guint i = 0; parts[i]; i++) {
    Word *word = g_new (Word, 1);

    word->text = g_strdup (parts[i]);
    word->synthesis = sentences->len;
    g_ptr_array_add (words, word);
  }
  return first;
}

const gchar *
scenario_find_word (const guint8 * frame, guint * word, guint * synthesis)
{
  static const guint8 header[] = { 0x01, 0xfe, 0x02 };
  const Word *found;

  if (memcmp (frame, header, sizeof header) != 0)
    return NULL;
  *word = (frame[3] & 0x3f) << 6 | (frame[4] & 0x3f);
  g_assert_cmpuint (*word, <, words->len);
  found = g_ptr_array_index (words, *word);
  *synthesis = found->synthesis;
  return found->text;
}

const gchar *
scenario_get_sentence (guint synthesis)
{
  return g_ptr_array_index (sentences, synthesis - 1);
}

/* The sound of the first @n words of a sentence. */
static GBytes *
make_sound (const Later * later, guint n)
{
  GByteArray *sound = g_byte_array_new ();
  const Word *first = g_ptr_array_index (words, later->word);

  for (guint i = later->word; i < words->len && n > 0; i++, n--) {
    const Word *word = g_ptr_array_index (words, i);

    if (word->synthesis != first->synthesis)
      break;
    add_word (sound, i);
  }
  return g_byte_array_free_to_bytes (sound);
}

static gboolean
tts_answer (gpointer data)
{
  static const ParleyAudioFormat format = { TRUE, 8000 };
  Later *later = data;
  g_autoptr (ScenarioTts) self = g_weak_ref_get (&later->provider);
  ParleyTtsProvider *provider = (ParleyTtsProvider *) self;
  g_autoptr (GError) error = failure ();
  g_autoptr (GBytes) sound = NULL;

  if (!self || g_hash_table_contains (self->cancelled,
          GUINT_TO_POINTER (later->a)))
    return G_SOURCE_REMOVE;
  if (!later->fails || later->b) {
    sound = make_sound (later, later->fails ? later->b : G_MAXUINT);
    parley_tts_provider_audio_in_loop (provider, later->a, &format, sound);
  }
  if (later->fails)
    parley_tts_provider_failed_in_loop (provider, later->a, error);
  else
    parley_tts_provider_done_in_loop (provider, later->a);
  return G_SOURCE_REMOVE;
}

static void
scenario_tts_speak (ParleyTtsProvider * provider, guint id, const gchar * text)
{
  Later *later = answer_after (provider, answer_time (SCENARIO_KIND_TTS), id,
      text, tts_answer);

  later->word = number_words (text);
  later->fails = must_fail (SCENARIO_KIND_TTS);
  if (later->fails)
    g_hash_table_insert (unsaid, g_strdup (text),
        GUINT_TO_POINTER (later->word));
  if (!later->fails && must_break (SCENARIO_KIND_TTS)) {
    later->fails = TRUE;
    later->b = SCENARIO_BREAK_WORDS;
  }
}

static void
scenario_tts_cancel (ParleyTtsProvider * provider, guint id)
{
  g_hash_table_add (SCENARIO_TTS (provider)->cancelled, GUINT_TO_POINTER (id));
}

/* No two scenarios, and no two sentences, share a sound. */
static gchar *
scenario_tts_describe (ParleyTtsProvider * provider)
{
  static guint n;

  return g_strdup_printf ("%s %u", NAME, n++);
}

static void
scenario_tts_finalize (GObject * object)
{
  g_hash_table_unref (SCENARIO_TTS (object)->cancelled);
  G_OBJECT_CLASS (scenario_tts_parent_class)->finalize (object);
}

static void
scenario_tts_init (ScenarioTts * self)
{
  self->cancelled = g_hash_table_new (NULL, NULL);
}

static void
scenario_tts_class_init (ScenarioTtsClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = scenario_tts_finalize;
  PARLEY_TTS_PROVIDER_CLASS (klass)->speak = scenario_tts_speak;
  PARLEY_TTS_PROVIDER_CLASS (klass)->cancel = scenario_tts_cancel;
  PARLEY_TTS_PROVIDER_CLASS (klass)->describe = scenario_tts_describe;
}

/* Life */

static void
register_once (void)
{
  static const ParleyProviderInfo infos[] = {
    {PARLEY_PROVIDER_STT, NAME, "of tests", scenario_stt_get_type},
    {PARLEY_PROVIDER_LLM, NAME, "of tests", scenario_llm_get_type},
    {PARLEY_PROVIDER_TTS, NAME, "of tests", scenario_tts_get_type},
    {PARLEY_PROVIDER_STT, OTHER_NAME, "of tests", scenario_stt_get_type},
    {PARLEY_PROVIDER_LLM, OTHER_NAME, "of tests", scenario_llm_get_type},
    {PARLEY_PROVIDER_TTS, OTHER_NAME, "of tests", scenario_tts_get_type},
  };

  for (guint i = 0; i < G_N_ELEMENTS (infos); i++)
    parley_provider_register (&infos[i]);
  answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  takes = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  unsaid = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  saying = g_string_new (NULL);
  history = g_string_new (NULL);
  words = g_ptr_array_new_with_free_func (word_free);
  sentences = g_ptr_array_new_with_free_func (g_free);
}

void
scenario_providers_reset (void)
{
  if (!answers)
    register_once ();
  memset (delays, 0, sizeof delays);
  memset (connects, 0, sizeof connects);
  memset (failures, 0, sizeof failures);
  memset (breaks, 0, sizeof breaks);
  g_hash_table_remove_all (takes);
  g_hash_table_remove_all (unsaid);
  sentence_delay = 0;
  n_requests = 0;
  g_hash_table_remove_all (answers);
  g_string_truncate (saying, 0);
  g_string_truncate (history, 0);
  g_ptr_array_set_size (words, 0);
  g_ptr_array_set_size (sentences, 0);
}
