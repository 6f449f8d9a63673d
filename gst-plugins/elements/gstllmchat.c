/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-llmchat
 * @title: llmchat
 * @short_description: answers the caller, sentence by sentence
 *
 * Takes the caller's turns as text and pushes the replies of the language model
 * that #GstLlmChat:provider names, one buffer a sentence, as soon as a sentence
 * is complete; the first clause of a reply goes alone when it is long enough.
 * Markdown and emoji are left out: they cannot be spoken.
 *
 * The conversation belongs to this element, whatever the provider: the system
 * prompt, the greeting, and a history that holds what the caller heard of each
 * reply and nothing that was not played. So does the decision who speaks: a
 * reply is paused when the caller begins to speak (`parley/pause`), and when
 * his words are in it either goes on (`parley/unpause`) or gives way
 * (`parley/interrupt`) to the reply to them. docs/turns.md has the rules.
 *
 * A reply may begin before it is known that the caller has finished: on
 * `parley/turn-guess`, if the text looks like a whole sentence and
 * #GstLlmChat:max-requests allows it. It is withheld until the turn's text is
 * there and says the same, which also lets go what waits behind its first
 * sentence; another text makes it void. While the caller goes on
 * (`parley/speech-resume`) nothing more is asked for it.
 *
 * What stands between `<no-barge-in>` and `</no-barge-in>` in a reply, the
 * greeting or any other text to be said cannot be interrupted: what the caller
 * says meanwhile is answered after it. docs/turns.md has the details.
 *
 * A text buffer without #ParleyTurnMeta is a turn of its own. Where nothing
 * downstream plays the replies (no mulawsink) nothing is paused, each text
 * waits until the reply before it is complete, and a complete reply counts as
 * heard.
 *
 * A model that fails before anything of its reply was sent on, or has no whole
 * sentence after one and a half times #GstLlmChat:fallback-after, is replaced
 * by the next of #GstLlmChat:fallback; when there is none
 * #GstLlmChat:sorry-text is said, as it is when the caller was not understood.
 *
 * The provider `script` answers from a JSON conversation script; see
 * docs/script.md. `openai` is a service on the network, or a server of one's
 * own that speaks its language: see docs/providers/openai.md.
 *
 * What the model may do besides speaking is in the file #GstLlmChat:tools: web
 * services it may call, hanging up, transferring the call, sending a message;
 * see docs/tools.md. What has effects begins when the reply may be heard, and
 * goes on to its end whatever the caller says; its result stays in the history.
 * While a tool works, or the model is slow, #GstLlmChat:filler-text is said.
 *
 * Who speaks first, what is said when nobody speaks, how long a call may last,
 * keys, answering machines and what an operator may do to a call are told in
 * docs/calls-life.md.
 *
 * In READY the greeting and the other texts that are sure to be said go to
 * whoever speaks downstream, so that the first caller need not wait for them.
 * Answers are given again without asking the model where
 * #GstLlmChat:cache-scope allows it: see docs/caching.md.
 *
 * ## Element messages
 *
 * `llmchat`, with each sentence:
 * * `epoch` (#guint64), `sequence` (#guint, from 0): which reply and sentence
 * * `turn` (#guint): the last turn it answers, 0: none
 * * `text` (#gchararray): the sentence, as it will be spoken
 *
 * `llmchat-released`, when a reply may be heard; one that is not may have been
 * begun before its turn was over, and be void:
 * * `epoch` (#guint64)
 *
 * `llmchat-heard`, as playing goes on:
 * * `epoch` (#guint64), `text` (#gchararray): all of it that was heard so far
 * * `ms` (#guint): how much, in milliseconds
 * * `done` (#gboolean): the reply is over
 *
 * `llmchat-tool`, when a tool has answered:
 * * `epoch` (#guint64), `turn` (#guint): of the reply that called it
 * * `name`, `arguments`, `result` (#gchararray): what the model wrote, and what
 *   it is told; they may hold personal data
 * * `known` (#gboolean): there is a tool of this name
 * * `worked` (#gboolean): it did not fail
 * * `begin`, `end` (#gint64, µs of the monotonic clock)
 *
 * `llmchat-hangup`, when the model ended the call and its last word was heard.
 *
 * `parley-usage`, when the provider told what a reply costs:
 * * `kind` ("llm"), `provider`, `model` (may be missing), `unit`
 *   ("input_token", "cached_input_token" or "output_token")
 * * `amount` (#gdouble): of tokens
 *
 * `parley-provider-switch`, when a fallback goes on; see docs/failure.md:
 * * `kind` ("llm"), `from`, `to` (#gchararray), `from-index`, `to-index`
 *   (#guint, 0 is the first)
 * * `reason` (#gchararray): "connect", "timeout", "status", "auth",
 *   "rate-limited", "dropped", "protocol", "settings", "engine", or without
 *   having asked "open" and "busy"
 * * `turn` (#guint, 0: none); where it was asked `error` (#gchararray) and
 *   `status` (#guint, of HTTP, or 0)
 *
 * `parley-provider-failed`, when nobody can go on, with `kind`, `provider`,
 * `index`, `reason`, `turn`, `error` and `status`.
 *
 * `parley-wait`, for each stage that was spent waiting for others:
 * * `turn` (#guint), `epoch` (#guint64), `peer` (#gchararray: the stage's name)
 * * `begin`, `end` (#gint64, µs of the monotonic clock)
 *
 * ## Events
 *
 * Sends `parley/pause`, `unpause`, `release`, `interrupt` (out of band; release
 * with the timeline of the text, if the reply is older than that),
 * `parley/passage` and `parley/reply-end`; takes `parley/speech-start`,
 * `speech-resume`, `turn-guess`, `turn-empty` and `dtmf` from upstream and
 * `parley/playing` and `heard` from downstream: see turnevents.h. Keys that
 * come together are a turn whose text they are.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=questions.txt ! text/x-raw,format=utf8 \
 *   ! llmchat provider=script script=pipelines/appointments.json ! fdsink
 * ]| Answers the text of a file.
 *
 * Since: 0.1
 */

#include "llmchat.h"

#include "turn/turnevents.h"
#include "turn/turnmeta.h"

GST_DEBUG_CATEGORY (llm_chat_debug);
#define GST_CAT_DEFAULT llm_chat_debug

#define DEFAULT_PROVIDER "script"
#define DEFAULT_FILLER "One moment, please."
#define DEFAULT_FILLER_AFTER 700
#define DEFAULT_SORRY "Sorry, something went wrong. Please say that again."

enum
{
  PROP_0,
  PROP_PROVIDER,
  PROP_SCRIPT,
  PROP_MODEL,
  PROP_TEMPERATURE,
  PROP_MAX_TOKENS,
  PROP_SYSTEM_PROMPT,
  PROP_GREETING,
  PROP_SORRY_TEXT,
  PROP_MAX_REQUESTS,
  PROP_TOOLS,
  PROP_FILLER_TEXT,
  PROP_FILLER_AFTER,
  PROP_MODEL_FILLER_AFTER,
  PROP_FIRST_CLAUSE,
  PROP_BARGE_IN,
  PROP_BARGE_IN_LAST = PROP_BARGE_IN + LLM_BARGE_IN_N_PROPERTIES - 1,
  PROP_PREWARM_TEXTS,
  PROP_CACHE_SCOPE,
  PROP_CACHE,
  PROP_CACHE_TTL,
  PROP_LIFE                     /* llmcalllife.c's begin here */
};

static const gchar *const file_texts[] = {
  "system-prompt", "greeting", "prewarm-texts", NULL
};
static const gchar *const files[] = { "tools", NULL };

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/x-raw, format=utf8"));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/x-raw, format=utf8"));

G_DEFINE_FINAL_TYPE (GstLlmChat, gst_llm_chat, GST_TYPE_PROVIDER_ELEMENT);
GST_ELEMENT_REGISTER_DEFINE (llmchat, "llmchat", GST_RANK_NONE,
    GST_TYPE_LLM_CHAT);

/* Text and events */

/* The script or a text may still have to be read: @item comes again then. */
static gboolean
must_wait (GstLlmChat * self, gpointer item)
{
  GstProviderElement *element = GST_PROVIDER_ELEMENT (self);

  if (self->dialogue)
    return FALSE;
  if (GST_IS_BUFFER (item) || GST_EVENT_TYPE (item) == GST_EVENT_SEGMENT
      || parley_event_parse_take (item, NULL, NULL))
    gst_provider_element_refresh_in_loop (element);
  return gst_provider_element_wait_in_loop (element, item);
}

static GstFlowReturn
gst_llm_chat_buffer (GstLoopElement * element, GstBuffer * buffer)
{
  GstLlmChat *self = GST_LLM_CHAT (element);
  const ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);
  guint turn = meta && meta->turn ? meta->turn : OWN_TURNS + self->own_turns++;
  GstMapInfo map;
  gchar *text;

  if (must_wait (self, buffer))
    return GST_FLOW_OK;
  llm_chat_begin (self);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    gst_buffer_unref (buffer);
    return GST_FLOW_OK;
  }
  text = g_utf8_make_valid ((gchar *) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  asked_times_note (self->timelines, turn, parley_buffer_get_timeline (buffer));
  gst_buffer_unref (buffer);
  g_strstrip (text);
  if (llm_life_take_text (self, text)) {
    parley_dialogue_outcome (self->dialogue, turn, text);
    llm_life_update (self);
  }
  g_free (text);
  return GST_FLOW_OK;
}

static void
take_turn_event (GstLlmChat * self, GstEvent * event)
{
  guint turn = 0, take = 0;
  const gchar *text = NULL;

  llm_chat_begin (self);
  parley_event_parse_take (event, &turn, &take);
  if (turn == 0)
    turn = OWN_TURNS + self->own_turns++;
  if (!llm_life_take_event (self, event, turn))
    return;
  switch (parley_event_get_kind (event)) {
    case PARLEY_EVENT_SPEECH_RESUME:
      parley_dialogue_resume (self->dialogue, turn, take);
      break;
    case PARLEY_EVENT_TURN_GUESS:
      parley_event_parse_text (event, &text);
      asked_times_note (self->timelines, turn,
          parley_event_get_timeline (event));
      parley_dialogue_guess (self->dialogue, turn, take, text);
      break;
    case PARLEY_EVENT_TURN_EMPTY:
      parley_dialogue_outcome (self->dialogue, turn, NULL);
      if (parley_event_parse_text (event, &text) && text)
        llm_chat_say_sorry (self);
      break;
    default:
      llm_barge_in_note_speech (self, turn);
      parley_dialogue_open (self->dialogue, turn);
      break;
  }
  llm_life_update (self);
}

static gboolean
take_eos (GstLlmChat * self, GstEvent * event)
{
  if (!self->dialogue)
    return gst_loop_element_push_event_in_loop (GST_LOOP_ELEMENT (self), event);
  llm_life_end (self);
  gst_event_replace (&self->eos, event);
  gst_event_unref (event);
  llm_chat_send_eos_if_due (self);
  return TRUE;
}

static gboolean
gst_llm_chat_event (GstLoopElement * element, GstEvent * event)
{
  GstLlmChat *self = GST_LLM_CHAT (element);
  gboolean ok;

  if (must_wait (self, event))
    return TRUE;
  if (parley_event_parse_take (event, NULL, NULL)) {
    take_turn_event (self, event);
    gst_event_unref (event);
    return TRUE;
  }
  if (parley_event_get_kind (event) == PARLEY_EVENT_BEEP) {
    llm_life_hear_beep (self);
    gst_event_unref (event);
    return TRUE;
  }
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->segment);
      ok = gst_loop_element_push_event_in_loop (element, event);
      llm_chat_begin (self);
      return ok;
    case GST_EVENT_GAP:
      /* The caller's silence says nothing about the replies. */
      gst_event_unref (event);
      return TRUE;
    case GST_EVENT_EOS:
      return take_eos (self, event);
    default:
      return gst_loop_element_push_event_in_loop (element, event);
  }
}

/* Reports come from inside a push of ours; they are looked at after it, so that
 * a decision is never taken inside another. */
static gboolean
gst_llm_chat_upstream (GstLoopElement * element, GstEvent * event)
{
  GstLlmChat *self = GST_LLM_CHAT (element);

  if (!self->dialogue) {
    gst_event_unref (event);
    return FALSE;
  }
  g_queue_push_tail (&self->reports, event);
  if (g_queue_get_length (&self->reports) == 1)
    gst_loop_element_invoke (element, llm_chat_take_reports);
  return TRUE;
}

/* A flush from upstream takes back what was asked, not what was said. */
static void
gst_llm_chat_flush (GstLoopElement * element)
{
  GstLlmChat *self = GST_LLM_CHAT (element);

  GST_LOOP_ELEMENT_CLASS (gst_llm_chat_parent_class)->flush (element);
  llm_chat_stop_writing (self);
  parley_timer_clear (&self->answer_timer);
  gst_clear_event (&self->eos);
  g_clear_pointer (&self->dialogue, parley_dialogue_free);
  if (self->history)
    self->dialogue = llm_chat_new_dialogue (self);
}

/* States */

static gboolean
gst_llm_chat_open (GstLoopElement * element)
{
  GstLlmChat *self = GST_LLM_CHAT (element);

  if (!llm_cache_open (self) || !llm_barge_in_open (self)
      || !GST_LOOP_ELEMENT_CLASS (gst_llm_chat_parent_class)->open (element)
      || !llm_tools_check (self) || !llm_life_check (self))
    return FALSE;
  llm_cache_prewarm (self);
  return TRUE;
}

static void
gst_llm_chat_start (GstLoopElement * element)
{
  GstLlmChat *self = GST_LLM_CHAT (element);

  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  self->own_turns = 0;
  self->barge_in.turn = 0;
  GST_LOOP_ELEMENT_CLASS (gst_llm_chat_parent_class)->start (element);
}

static void
gst_llm_chat_stop (GstLoopElement * element)
{
  GstLlmChat *self = GST_LLM_CHAT (element);

  llm_chat_stop_writing (self);
  llm_tools_stop (self);
  llm_life_stop (self);
  GST_LOOP_ELEMENT_CLASS (gst_llm_chat_parent_class)->stop (element);
  parley_timer_clear (&self->answer_timer);
  g_clear_pointer (&self->dialogue, parley_dialogue_free);
  g_clear_pointer (&self->history, parley_history_free);
  g_queue_clear_full (&self->replies, llm_reply_free);
  g_hash_table_remove_all (self->timelines);
  g_queue_clear_full (&self->reports, (GDestroyNotify) gst_event_unref);
  gst_clear_event (&self->eos);
}

static void
gst_llm_chat_set_property (GObject * object, guint prop_id,
    const GValue * value, GParamSpec * pspec)
{
  if (!gst_provider_element_set_setting (GST_PROVIDER_ELEMENT (object), value,
          pspec))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
gst_llm_chat_get_property (GObject * object, guint prop_id, GValue * value,
    GParamSpec * pspec)
{
  if (!gst_provider_element_get_setting (GST_PROVIDER_ELEMENT (object), value,
          pspec))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
gst_llm_chat_finalize (GObject * object)
{
  llm_barge_in_clear (&GST_LLM_CHAT (object)->barge_in);
  g_hash_table_unref (GST_LLM_CHAT (object)->timelines);
  llm_life_finalize (&GST_LLM_CHAT (object)->life);
  G_OBJECT_CLASS (gst_llm_chat_parent_class)->finalize (object);
}

static void
gst_llm_chat_init (GstLlmChat * self)
{
  g_queue_init (&self->replies);
  self->timelines = asked_times_new ();
  llm_life_init (&self->life);
  g_queue_init (&self->reports);
  gst_loop_element_add_pads (GST_LOOP_ELEMENT (self));
}

static void
install_cache_properties (GstProviderElementClass * klass)
{
  gst_provider_element_class_install_text (klass, PROP_PREWARM_TEXTS,
      "prewarm-texts", "Prewarm texts",
      "What will be said besides greeting, sorry-text and filler-text, with | "
      "between them, or @FILE with one a line: cloudtts makes it before "
      "anybody calls", NULL);
  gst_provider_element_class_install_text (klass, PROP_CACHE_SCOPE,
      "cache-scope", "Cache scope",
      "What has to be the same for an answer to be given again without asking "
      "the model: conversation, question (and system prompt), or off", "off");
  gst_provider_element_class_install_text (klass, PROP_CACHE, "cache", "Cache",
      "Where answers are kept if cache-scope is not off: memory, dir:PATH "
      "(which outlives the process; several may share it), or off", "memory");
  gst_provider_element_class_install_number (klass, PROP_CACHE_TTL,
      g_param_spec_uint ("cache-ttl", "Cache TTL",
          "How long an answer is good for, in seconds (0 = an hour)", 0,
          G_MAXINT32, 0, 0));
}

static void
install_properties (GstProviderElementClass * klass)
{
  gst_provider_element_class_install_text (klass, PROP_PROVIDER,
      "provider", "Provider",
      "Name of the language model's provider (script, openai)",
      DEFAULT_PROVIDER);
  gst_provider_element_class_install_text (klass, PROP_SCRIPT, "script",
      "Script", "File with the conversation script of provider=script (JSON)",
      NULL);
  gst_provider_element_class_install_text (klass, PROP_MODEL, "model", "Model",
      "The provider's model; call variables work (NULL = the provider's "
      "default)", NULL);
  gst_provider_element_class_install_number (klass, PROP_TEMPERATURE,
      g_param_spec_double ("temperature", "Temperature",
          "How freely the model answers (-1 = the model's default)", -1, 2, -1,
          0));
  gst_provider_element_class_install_number (klass, PROP_MAX_TOKENS,
      g_param_spec_uint ("max-tokens", "Max tokens",
          "Longest reply, in the model's tokens (0 = the model's default)", 0,
          1000000, 0, 0));
  gst_provider_element_class_install_text (klass, PROP_SYSTEM_PROMPT,
      "system-prompt", "System prompt",
      "What the model is told before the conversation, or @FILE with it; "
      "call variables such as %{call.from} work", NULL);
  gst_provider_element_class_install_text (klass, PROP_GREETING, "greeting",
      "Greeting",
      "What is said first, or @FILE with it (NULL = the script's own, "
      "empty = none); call variables work", NULL);
  gst_provider_element_class_install_text (klass, PROP_SORRY_TEXT, "sorry-text",
      "Sorry text",
      "What is said when no answer could be made (NULL = nothing)",
      DEFAULT_SORRY);
  gst_provider_element_class_install_number (klass, PROP_MAX_REQUESTS,
      g_param_spec_uint ("max-requests", "Max requests",
          "Requests that may be made for the reply to a turn, all but one of "
          "them before it is over, on what was said until then (1 = none is); "
          "over a call it is 1.3 at most on average", 1, 10,
          PARLEY_DIALOGUE_MAX_REQUESTS, 0));
  gst_provider_element_class_install_text (klass, PROP_TOOLS, "tools", "Tools",
      "File with the functions that the model may call (JSON; NULL = none)",
      NULL);
  gst_provider_element_class_install_text (klass, PROP_FILLER_TEXT,
      "filler-text", "Filler text",
      "What is said when a tool, or the model, takes long; of several, with | "
      "between them, one after the other (empty = nothing)", DEFAULT_FILLER);
  gst_provider_element_class_install_number (klass, PROP_FILLER_AFTER,
      g_param_spec_uint ("filler-after", "Filler after",
          "How long a tool may take before filler-text is said, in "
          "milliseconds", 0, 60000, DEFAULT_FILLER_AFTER, 0));
  gst_provider_element_class_install_number (klass, PROP_MODEL_FILLER_AFTER,
      g_param_spec_uint ("model-filler-after", "Model filler after",
          "How long the model may say nothing before filler-text is said, in "
          "milliseconds (0 = however long)", 0, 60000, 0, 0));
  gst_provider_element_class_install_number (klass, PROP_FIRST_CLAUSE,
      g_param_spec_boolean ("first-clause", "First clause",
          "Whether a reply's first clause goes to the voice alone, if it has "
          "six words and the sentence goes on", TRUE, 0));
  llm_barge_in_install (klass, PROP_BARGE_IN);
  install_cache_properties (klass);
}

static void
gst_llm_chat_class_init (GstLlmChatClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstLoopElementClass *loop_class = GST_LOOP_ELEMENT_CLASS (klass);
  GstProviderElementClass *provider_class = GST_PROVIDER_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (llm_chat_debug, "llmchat", 0, "Conversation");
  object_class->set_property = gst_llm_chat_set_property;
  object_class->get_property = gst_llm_chat_get_property;
  object_class->finalize = gst_llm_chat_finalize;
  install_properties (provider_class);
  llm_life_install (provider_class, PROP_LIFE);

  provider_class->kind = PARLEY_PROVIDER_LLM;
  provider_class->connect = llm_chat_connect;
  provider_class->file_texts = file_texts;
  provider_class->files = files;
  loop_class->arrival = PARLEY_AT_LLM_IN;
  loop_class->open = gst_llm_chat_open;
  loop_class->start = gst_llm_chat_start;
  loop_class->stop = gst_llm_chat_stop;
  loop_class->buffer = gst_llm_chat_buffer;
  loop_class->event = gst_llm_chat_event;
  loop_class->flush = gst_llm_chat_flush;
  loop_class->upstream = gst_llm_chat_upstream;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Conversation",
      "Filter/Text", "Answers the caller with a language model, sentence by "
      "sentence", "Parley developers");
}
