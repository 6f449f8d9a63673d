/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-llmchat
 * @title: llmchat
 * @short_description: answers the caller, sentence by sentence
 *
 * Takes the caller's turns as text and pushes the replies of the language model
 * that #GstLlmChat:provider names, one buffer a sentence, as soon as a sentence
 * is complete. Markdown and emoji are left out: they cannot be spoken.
 *
 * The conversation belongs to this element, whatever the provider: the system
 * prompt, the greeting, and a history that holds what the caller heard of each
 * reply and nothing that was not played. So does the decision who speaks: a
 * reply is paused when the caller begins to speak (`parley/pause`), and when
 * his words are in it either goes on (`parley/unpause`) or gives way
 * (`parley/interrupt`) to the reply to them. docs/turns.md has the rules.
 *
 * A text buffer without #ParleyTurnMeta is a turn of its own. Where nothing
 * downstream plays the replies (no mulawsink) nothing is paused, each text
 * waits until the reply before it is complete, and a complete reply counts as
 * heard.
 *
 * The provider `script` answers from a JSON conversation script; see
 * docs/script.md. `openai` is a service on the network, or a server of one's
 * own that speaks its language: see docs/providers/openai.md.
 *
 * ## Element messages
 *
 * `llmchat`, with each sentence:
 * * `epoch` (#guint64), `sequence` (#guint, from 0): which reply and sentence
 * * `turn` (#guint): the last turn it answers, 0: none
 * * `text` (#gchararray): the sentence, as it will be spoken
 *
 * `llmchat-heard`, as playing goes on:
 * * `epoch` (#guint64), `text` (#gchararray): all of it that was heard so far
 * * `ms` (#guint): how much, in milliseconds
 * * `done` (#gboolean): the reply is over
 *
 * `llmchat-hangup`, when the model ended the call and its last word was heard.
 *
 * `parley-usage`, when the provider told what a reply costs:
 * * `kind` ("llm"), `provider`, `model` (may be missing), `unit`
 *   ("input_token", "cached_input_token" or "output_token")
 * * `amount` (#gdouble): of tokens
 *
 * `parley-wait`, for each stage that was spent waiting for others:
 * * `turn` (#guint), `epoch` (#guint64), `peer` (#gchararray: the stage's name)
 * * `begin`, `end` (#gint64, µs of the monotonic clock)
 *
 * ## Events
 *
 * Sends `parley/pause`, `unpause`, `release`, `interrupt` (out of band) and
 * `parley/reply-end`; takes `parley/speech-start`, `speech-resume`,
 * `turn-guess`, `turn-empty` and `dtmf` from upstream and `parley/playing` and
 * `heard` from downstream: see turnevents.h. A key is a turn whose text is the
 * key.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=questions.txt ! text/x-raw,format=utf8 \
 *   ! llmchat provider=script script=pipelines/appointments.json ! fdsink
 * ]| Answers the text of a file.
 *
 * Since: 0.1
 */

#include "gstllmchat.h"

#include <string.h>

#include "askedtimes.h"
#include "net/clock.h"
#include "providers/llm/sentences.h"
#include "providers/llm/speakable.h"
#include "turn/dialogue.h"
#include "turn/history.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

GST_DEBUG_CATEGORY_STATIC (llm_chat_debug);
#define GST_CAT_DEFAULT llm_chat_debug

#define DEFAULT_PROVIDER "script"
#define DEFAULT_SORRY "Sorry, something went wrong. Please say that again."
/* mulawsink answers a pause within the same loop; a sink that does not is
 * given up, or the conversation would stand still. */
#define ANSWER_TIMEOUT_US (500 * G_TIME_SPAN_MILLISECOND)
/* Turn numbers for text that carries none start here. */
#define OWN_TURNS (1u << 30)

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
  PROP_SORRY_TEXT
};

/* A reply and what became of it. */
typedef struct
{
  guint64 epoch;
  guint turn;
  guint request;                /* number at the provider; 0: none */
  ParleySentences *splitter;    /* NULL: complete */
  GPtrArray *sentences;         /* as they were pushed */
  ParleyTimeline *timeline;     /* until its first sentence; or NULL */
  gboolean hang_up;
} Reply;

struct _GstLlmChat
{
  GstProviderElement parent;


  /* On the loop: */
  ParleyDialogue *dialogue;     /* from the stream's begin to stop */
  ParleyHistory *history;
  gboolean player;
  GHashTable *timelines;        /* asked_times_new() */
  GQueue replies;               /* of Reply that may still be heard */
  Reply *writing;               /* the one the provider works on; or NULL */
  guint last_request;
  guint own_turns;
  GSource *answer_timer;
  GQueue reports;               /* of upstream GstEvent, to be looked at */
  GstSegment segment;
  GstEvent *eos;                /* waits for the last reply to be complete */
};

static const gchar *const file_texts[] = { "system-prompt", "greeting", NULL };

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/x-raw, format=utf8"));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/x-raw, format=utf8"));

G_DEFINE_FINAL_TYPE (GstLlmChat, gst_llm_chat, GST_TYPE_PROVIDER_ELEMENT);
GST_ELEMENT_REGISTER_DEFINE (llmchat, "llmchat", GST_RANK_NONE,
    GST_TYPE_LLM_CHAT);

static GstLoopElement *
loop_element (GstLlmChat * self)
{
  return GST_LOOP_ELEMENT (self);
}

static ParleyLlmProvider *
provider_of (GstLlmChat * self)
{
  return gst_provider_element_get_in_loop (GST_PROVIDER_ELEMENT (self));
}

static void
push_event (GstLlmChat * self, GstEvent * event)
{
  gst_loop_element_push_event_in_loop (loop_element (self), event);
}

/* Replies */

static void
reply_free (gpointer data)
{
  Reply *reply = data;

  g_clear_pointer (&reply->splitter, parley_sentences_free);
  g_clear_pointer (&reply->timeline, parley_timeline_unref);
  g_ptr_array_unref (reply->sentences);
  g_free (reply);
}

static Reply *
find_reply (GstLlmChat * self, guint64 epoch)
{
  for (GList * l = self->replies.head; l; l = l->next)
    if (((Reply *) l->data)->epoch == epoch)
      return l->data;
  return NULL;
}

/* Replies that can be heard no more. The one under way may be void by now but
 * still be reported, so a few stay. */
static void
forget_old_replies (GstLlmChat * self)
{
  while (g_queue_get_length (&self->replies) > 8
      && g_queue_peek_head (&self->replies) != self->writing)
    reply_free (g_queue_pop_head (&self->replies));
}

static Reply *
new_reply (GstLlmChat * self, guint turn)
{
  Reply *reply = g_new0 (Reply, 1);

  forget_old_replies (self);
  reply->epoch = parley_epoch_next ();
  reply->turn = turn;
  reply->splitter = parley_sentences_new ();
  reply->sentences = g_ptr_array_new_with_free_func (g_free);
  g_queue_push_tail (&self->replies, reply);
  return reply;
}

/* Where the time went */

/* The provider has brought @milestone of the reply. */
static void
stamp_provider (GstLlmChat * self, Reply * reply, ParleyMilestone milestone)
{
  ParleyLoop *loop = gst_loop_element_get_loop (loop_element (self));
  gchar *provider;

  if (!reply->timeline || parley_timeline_get (reply->timeline, milestone))
    return;
  provider = gst_provider_element_dup_text (GST_PROVIDER_ELEMENT (self),
      "provider");
  parley_timeline_stamp (reply->timeline, milestone,
      parley_loop_get_ready_time_in_loop (loop));
  parley_timeline_set_provider (reply->timeline, milestone, provider);
  g_free (provider);
}

/* The first sentence, in @buffer, takes the timeline along. */
static void
stamp_out (GstLlmChat * self, Reply * reply, GstBuffer * buffer)
{
  if (!reply->timeline)
    return;
  if (reply->request)
    stamp_provider (self, reply, PARLEY_AT_LLM_SENTENCE);
  parley_timeline_stamp (reply->timeline, PARLEY_AT_LLM_OUT,
      parley_clock_now ());
  gst_loop_element_post_waits_in_loop (loop_element (self), reply->timeline,
      reply->epoch, PARLEY_AT_LLM_TAKEN, PARLEY_AT_LLM_OUT);
  parley_buffer_set_timeline (buffer, reply->timeline);
  g_clear_pointer (&reply->timeline, parley_timeline_unref);
}

static void
push_sentence (GstLlmChat * self, Reply * reply, gchar * text)
{
  GstBuffer *buffer = gst_buffer_new_memdup (text, strlen (text));
  ParleyTurnMeta *meta = parley_buffer_add_turn_meta (buffer);
  GstClockTime now = gst_loop_element_running_time (loop_element (self));

  meta->epoch = reply->epoch;
  meta->sequence = reply->sentences->len;
  meta->turn = reply->turn;
  stamp_out (self, reply, buffer);
  if (GST_CLOCK_TIME_IS_VALID (now) && self->segment.format == GST_FORMAT_TIME)
    GST_BUFFER_PTS (buffer) =
        gst_segment_position_from_running_time (&self->segment,
        GST_FORMAT_TIME, now);
  g_ptr_array_add (reply->sentences, text);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("llmchat", "epoch", G_TYPE_UINT64, reply->epoch,
              "sequence", G_TYPE_UINT, meta->sequence,
              "turn", G_TYPE_UINT, reply->turn,
              "text", G_TYPE_STRING, text, NULL)));
  gst_loop_element_push_in_loop (loop_element (self), buffer);
}

static void
push_sentences (GstLlmChat * self, Reply * reply)
{
  gchar *sentence;

  while ((sentence = parley_sentences_next (reply->splitter))) {
    gchar *spoken = parley_speakable (sentence);

    g_free (sentence);
    if (*spoken)
      push_sentence (self, reply, spoken);
    else
      g_free (spoken);
  }
}

static void after_reply (GstLlmChat * self, Reply * reply);

/* All of the reply's text is there. */
static void
complete_reply (GstLlmChat * self, Reply * reply)
{
  parley_sentences_finish (reply->splitter);
  push_sentences (self, reply);
  g_clear_pointer (&reply->splitter, parley_sentences_free);
  if (self->writing == reply)
    self->writing = NULL;
  push_event (self, parley_event_new_reply_end (reply->epoch));
  if (!self->player)
    after_reply (self, reply);
}

static void
speak (GstLlmChat * self, Reply * reply, const gchar * text)
{
  parley_sentences_feed (reply->splitter, text);
  complete_reply (self, reply);
}

static void
send_eos_if_due (GstLlmChat * self)
{
  if (self->eos && !self->writing && !parley_dialogue_is_waiting
      (self->dialogue) && (self->player
          || parley_dialogue_is_idle (self->dialogue)))
    push_event (self, g_steal_pointer (&self->eos));
}

/* What the provider says */

static Reply *
reply_of_request (GstLlmChat * self, guint id)
{
  if (!self->writing || self->writing->request != id
      || !gst_loop_element_is_running_in_loop (loop_element (self)))
    return NULL;
  return self->writing;
}

static void
on_delta (ParleyLlmProvider * provider, guint id, const gchar * text,
    GstLlmChat * self)
{
  Reply *reply = reply_of_request (self, id);

  if (!reply)
    return;
  stamp_provider (self, reply, PARLEY_AT_LLM_TOKEN);
  parley_sentences_feed (reply->splitter, text);
  push_sentences (self, reply);
}

static void
on_done (ParleyLlmProvider * provider, guint id, gboolean hang_up,
    GstLlmChat * self)
{
  Reply *reply = reply_of_request (self, id);

  if (!reply)
    return;
  reply->hang_up = hang_up;
  complete_reply (self, reply);
  send_eos_if_due (self);
}

static void
on_failed (ParleyLlmProvider * provider, guint id, GError * error,
    GstLlmChat * self)
{
  Reply *reply = reply_of_request (self, id);
  gchar *sorry;

  if (!reply)
    return;
  stamp_provider (self, reply, PARLEY_AT_LLM_TOKEN);
  GST_ELEMENT_WARNING (self, STREAM, FAILED,
      ("No answer could be made: %s.", error->message), (NULL));
  sorry = gst_provider_element_dup_text (GST_PROVIDER_ELEMENT (self),
      "sorry-text");
  /* Half a sentence is nothing to say. */
  parley_sentences_free (reply->splitter);
  reply->splitter = parley_sentences_new ();
  speak (self, reply, reply->sentences->len == 0 && sorry ? sorry : "");
  g_free (sorry);
  send_eos_if_due (self);
}

/* What the dialogue decides */

static void
stop_writing (GstLlmChat * self)
{
  if (!self->writing)
    return;
  parley_llm_provider_cancel (provider_of (self), self->writing->request);
  g_clear_pointer (&self->writing->splitter, parley_sentences_free);
  self->writing = NULL;
}

static gboolean
answer_missing (gpointer data)
{
  GstLlmChat *self = data;

  GST_WARNING_OBJECT (self, "no answer to a pause; is the sink stuck?");
  parley_dialogue_heard (self->dialogue,
      parley_dialogue_reply (self->dialogue), TRUE, FALSE);
  send_eos_if_due (self);
  return G_SOURCE_REMOVE;
}

static void
do_pause (guint64 epoch, gpointer data)
{
  GstLlmChat *self = data;

  parley_timer_clear (&self->answer_timer);
  self->answer_timer = parley_loop_add_timer (gst_loop_element_get_loop
      (loop_element (self)), parley_clock_now () + ANSWER_TIMEOUT_US,
      answer_missing, self);
  push_event (self, parley_event_new_pause (epoch));
}

static void
do_unpause (guint64 epoch, gpointer data)
{
  push_event (data, parley_event_new_unpause (epoch));
}

static void
do_release (guint64 epoch, gpointer data)
{
  push_event (data, parley_event_new_release (epoch));
}

static void
do_interrupt (guint64 epoch, gpointer data)
{
  GstLlmChat *self = data;

  stop_writing (self);
  push_event (self, parley_event_new_interrupt (epoch));
}

static guint64
do_begin (const gchar * text, guint turn, gpointer data)
{
  GstLlmChat *self = data;
  Reply *reply = new_reply (self, turn < OWN_TURNS ? turn : 0);
  GPtrArray *messages = parley_history_messages (self->history, text);

  GST_DEBUG_OBJECT (self, "epoch %" G_GUINT64_FORMAT " answers: %s",
      reply->epoch, text);
  stop_writing (self);
  reply->timeline = asked_times_take (self->timelines, turn);
  reply->request = ++self->last_request;
  self->writing = reply;
  parley_llm_provider_request (provider_of (self), reply->request, messages);
  g_ptr_array_unref (messages);
  return reply->epoch;
}

static void
do_answered (const gchar * text, gpointer data)
{
  GstLlmChat *self = data;

  parley_history_add_user (self->history, text);
}

static const ParleyDialogueActions actions = {
  do_pause, do_unpause, do_release, do_interrupt, do_begin, do_answered
};

/* What was heard */

static gchar *
sentences_text (Reply * reply, guint n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < MIN (n, reply->sentences->len); i++)
    g_string_append_printf (text, "%s%s", i ? " " : "",
        (const gchar *) g_ptr_array_index (reply->sentences, i));
  return g_string_free (text, FALSE);
}

static void
note_heard (GstLlmChat * self, Reply * reply, const gchar * text, guint ms,
    gboolean done)
{
  parley_history_heard (self->history, reply->epoch, text);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("llmchat-heard",
              "epoch", G_TYPE_UINT64, reply->epoch,
              "text", G_TYPE_STRING, text, "ms", G_TYPE_UINT, ms,
              "done", G_TYPE_BOOLEAN, done, NULL)));
}

static void
hang_up (GstLlmChat * self)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new_empty ("llmchat-hangup")));
  push_event (self, gst_event_new_eos ());
}

/* A reply was heard to its end, or needs no hearing. */
static void
after_reply (GstLlmChat * self, Reply * reply)
{
  gboolean ends_call = reply->hang_up;

  if (!self->player) {
    gchar *text = sentences_text (reply, G_MAXUINT);
    guint64 epoch = reply->epoch;

    parley_dialogue_playing (self->dialogue, epoch);
    note_heard (self, reply, text, 0, TRUE);
    g_free (text);
  }
  parley_dialogue_heard (self->dialogue, reply->epoch, FALSE, TRUE);
  if (ends_call)
    hang_up (self);
}

static void
take_heard (GstLlmChat * self, const ParleyHeard * heard)
{
  Reply *reply = find_reply (self, heard->epoch);
  gchar *own_text = NULL;

  if (heard->answer)
    parley_timer_clear (&self->answer_timer);
  if (reply && (heard->begun || heard->done)) {
    if (!heard->text)
      own_text = sentences_text (reply, heard->done ? G_MAXUINT
          : heard->sequence);
    if (heard->begun)
      parley_dialogue_playing (self->dialogue, heard->epoch);
    note_heard (self, reply, own_text ? own_text : heard->text, heard->ms,
        heard->done);
    g_free (own_text);
  }
  if (heard->answer)
    parley_dialogue_heard (self->dialogue, heard->epoch, TRUE, FALSE);
  if (heard->done && reply
      && parley_dialogue_reply (self->dialogue) == heard->epoch)
    after_reply (self, reply);
}

static void
take_reports (GstLoopElement * element)
{
  GstLlmChat *self = GST_LLM_CHAT (element);
  GstEvent *event;

  while ((event = g_queue_pop_head (&self->reports))) {
    ParleyHeard heard;
    guint64 epoch;
    gboolean playing;

    if (parley_event_parse_heard (event, &heard))
      take_heard (self, &heard);
    else if (parley_event_parse_playing (event, &epoch, &playing) && playing)
      parley_dialogue_playing (self->dialogue, epoch);
    gst_event_unref (event);
  }
  send_eos_if_due (self);
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
    gst_loop_element_invoke (element, take_reports);
  return TRUE;
}

/* The conversation begins and goes on */

static gchar *
conversation_text (GstLlmChat * self, const gchar * property)
{
  gchar *text = gst_provider_element_dup_file_text (GST_PROVIDER_ELEMENT
      (self), property);
  gchar *expanded;

  if (!text && g_str_equal (property, "greeting"))
    text = parley_llm_provider_greeting (provider_of (self));
  expanded = gst_loop_element_expand_in_loop (loop_element (self), text);
  g_free (text);
  return expanded;
}

static void
greet (GstLlmChat * self)
{
  gchar *greeting = conversation_text (self, "greeting");

  if (greeting && *greeting) {
    Reply *reply = new_reply (self, 0);

    reply->timeline = parley_timeline_new ();
    parley_timeline_stamp (reply->timeline, PARLEY_AT_LLM_ASKED,
        parley_clock_now ());
    parley_dialogue_announce (self->dialogue, reply->epoch);
    speak (self, reply, greeting);
  }
  g_free (greeting);
}

static void
begin_conversation (GstLlmChat * self)
{
  gchar *system;

  if (self->dialogue)
    return;
  self->player = gst_loop_element_has_player_in_loop (loop_element (self));
  self->dialogue = parley_dialogue_new (&actions, self, self->player);
  system = conversation_text (self, "system-prompt");
  self->history = parley_history_new (system);
  g_free (system);
  greet (self);
}

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
  begin_conversation (self);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    gst_buffer_unref (buffer);
    return GST_FLOW_OK;
  }
  text = g_utf8_make_valid ((gchar *) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  asked_times_note (self->timelines, turn, parley_buffer_get_timeline (buffer));
  gst_buffer_unref (buffer);
  parley_dialogue_outcome (self->dialogue, turn, g_strstrip (text));
  g_free (text);
  return GST_FLOW_OK;
}

static void
take_turn_event (GstLlmChat * self, GstEvent * event)
{
  guint turn = 0;
  gchar digit[2] = { 0 };

  begin_conversation (self);
  parley_event_parse_take (event, &turn, NULL);
  if (turn == 0)
    turn = OWN_TURNS + self->own_turns++;
  switch (parley_event_get_kind (event)) {
    case PARLEY_EVENT_TURN_EMPTY:
      parley_dialogue_outcome (self->dialogue, turn, NULL);
      break;
    case PARLEY_EVENT_DTMF:
      parley_event_parse_dtmf (event, NULL, digit);
      asked_times_note (self->timelines, turn,
          parley_event_get_timeline (event));
      parley_dialogue_outcome (self->dialogue, turn, digit);
      break;
    default:
      parley_dialogue_open (self->dialogue, turn);
      break;
  }
}

static gboolean
take_eos (GstLlmChat * self, GstEvent * event)
{
  if (!self->dialogue)
    return gst_loop_element_push_event_in_loop (loop_element (self), event);
  gst_event_replace (&self->eos, event);
  gst_event_unref (event);
  send_eos_if_due (self);
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
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->segment);
      ok = gst_loop_element_push_event_in_loop (element, event);
      begin_conversation (self);
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

/* A flush from upstream takes back what was asked, not what was said. */
static void
gst_llm_chat_flush (GstLoopElement * element)
{
  GstLlmChat *self = GST_LLM_CHAT (element);

  GST_LOOP_ELEMENT_CLASS (gst_llm_chat_parent_class)->flush (element);
  stop_writing (self);
  parley_timer_clear (&self->answer_timer);
  gst_clear_event (&self->eos);
  g_clear_pointer (&self->dialogue, parley_dialogue_free);
  if (self->history)
    self->dialogue = parley_dialogue_new (&actions, self, self->player);
}

/* The provider */

static void
gst_llm_chat_connect (GstProviderElement * self, gpointer provider)
{
  g_signal_connect (provider, "delta", G_CALLBACK (on_delta), self);
  g_signal_connect (provider, "done", G_CALLBACK (on_done), self);
  g_signal_connect (provider, "failed", G_CALLBACK (on_failed), self);
}

/* States */

static void
gst_llm_chat_start (GstLoopElement * element)
{
  GstLlmChat *self = GST_LLM_CHAT (element);

  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  self->own_turns = 0;
  GST_LOOP_ELEMENT_CLASS (gst_llm_chat_parent_class)->start (element);
}

static void
gst_llm_chat_stop (GstLoopElement * element)
{
  GstLlmChat *self = GST_LLM_CHAT (element);

  stop_writing (self);
  GST_LOOP_ELEMENT_CLASS (gst_llm_chat_parent_class)->stop (element);
  parley_timer_clear (&self->answer_timer);
  g_clear_pointer (&self->dialogue, parley_dialogue_free);
  g_clear_pointer (&self->history, parley_history_free);
  g_queue_clear_full (&self->replies, reply_free);
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
  g_hash_table_unref (GST_LLM_CHAT (object)->timelines);
  G_OBJECT_CLASS (gst_llm_chat_parent_class)->finalize (object);
}

static void
gst_llm_chat_init (GstLlmChat * self)
{
  g_queue_init (&self->replies);
  self->timelines = asked_times_new ();
  g_queue_init (&self->reports);
  gst_loop_element_add_pads (loop_element (self));
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

  provider_class->kind = PARLEY_PROVIDER_LLM;
  provider_class->connect = gst_llm_chat_connect;
  provider_class->file_texts = file_texts;
  loop_class->arrival = PARLEY_AT_LLM_IN;
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
