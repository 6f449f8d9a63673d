/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "llmchat.h"

#include "net/clock.h"
#include "turn/turnevents.h"

GST_DEBUG_CATEGORY_EXTERN (llm_chat_debug);
#define GST_CAT_DEFAULT llm_chat_debug

/* mulawsink answers a pause within the same loop; a sink that does not is
 * given up, or the conversation would stand still. */
#define ANSWER_TIMEOUT_US (500 * G_TIME_SPAN_MILLISECOND)

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

void
llm_chat_send_eos_if_due (GstLlmChat * self)
{
  if (self->eos && !self->writing && !parley_dialogue_is_waiting
      (self->dialogue) && (self->player
          || parley_dialogue_is_idle (self->dialogue)))
    push_event (self, g_steal_pointer (&self->eos));
}

/* What the provider says */

LlmReply *
llm_chat_reply_of_request (GstLlmChat * self, guint id)
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
  LlmReply *reply = llm_chat_reply_of_request (self, id);

  if (!reply)
    return;
  llm_chat_stamp_provider (self, reply, PARLEY_AT_LLM_TOKEN);
  llm_tools_note_text (reply, text);
  parley_sentences_feed (reply->splitter, text);
  llm_chat_push_sentences (self, reply);
}

static void
on_done (ParleyLlmProvider * provider, guint id, gboolean hang_up,
    GstLlmChat * self)
{
  LlmReply *reply = llm_chat_reply_of_request (self, id);

  if (!reply)
    return;
  reply->hang_up |= hang_up;
  if (llm_tools_take_up (self, reply))
    return;
  llm_chat_complete_reply (self, reply);
  llm_chat_send_eos_if_due (self);
  llm_life_update (self);
}

static void
on_failed (ParleyLlmProvider * provider, guint id, GError * error,
    GstLlmChat * self)
{
  LlmReply *reply = llm_chat_reply_of_request (self, id);
  gchar *sorry;

  if (!reply || llm_tools_ask_next (self, reply, error))
    return;
  llm_chat_stamp_provider (self, reply, PARLEY_AT_LLM_TOKEN);
  GST_ELEMENT_WARNING (self, STREAM, FAILED,
      ("No answer could be made: %s.", error->message), (NULL));
  if (parley_dialogue_fail_guess (self->dialogue, reply->epoch))
    return;
  sorry = gst_provider_element_dup_text (GST_PROVIDER_ELEMENT (self),
      "sorry-text");
  /* Half a sentence is nothing to say. */
  llm_chat_drop_rest (reply);
  llm_chat_speak (self, reply, llm_tools_is_silent (reply)
      && !llm_tools_ends_call (reply) && sorry ? sorry : "");
  g_free (sorry);
  llm_chat_send_eos_if_due (self);
  llm_life_update (self);
}

/* What the dialogue decides */

void
llm_chat_stop_writing (GstLlmChat * self)
{
  if (!self->writing)
    return;
  llm_tools_drop (self, self->writing);
  parley_llm_provider_cancel (self->writing->provider, self->writing->request);
  g_clear_pointer (&self->writing->splitter, parley_sentences_free);
  self->writing = NULL;
}

static gboolean
answer_missing (gpointer data)
{
  GstLlmChat *self = data;

  GST_WARNING_OBJECT (self, "no answer to a pause; is the sink stuck?");
  parley_dialogue_give_up_answer (self->dialogue);
  llm_chat_send_eos_if_due (self);
  llm_life_update (self);
  return G_SOURCE_REMOVE;
}

static void
do_pause (guint64 epoch, gboolean at_once, gpointer data)
{
  GstLlmChat *self = data;

  parley_timer_clear (&self->answer_timer);
  self->answer_timer = parley_loop_add_timer (gst_loop_element_get_loop
      (loop_element (self)), parley_clock_now () + ANSWER_TIMEOUT_US,
      answer_missing, self);
  push_event (self, parley_event_new_pause (epoch, at_once));
}

static void
do_unpause (guint64 epoch, gpointer data)
{
  push_event (data, parley_event_new_unpause (epoch));
  llm_tools_go_on (data);
}

static void
post_released (GstLlmChat * self, guint64 epoch)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("llmchat-released", "epoch", G_TYPE_UINT64, epoch,
              NULL)));
}

/* What waited for it follows. */
static void
do_release (guint64 epoch, gpointer data)
{
  GstLlmChat *self = data;
  LlmReply *reply = llm_chat_find_reply (self, epoch);
  GstEvent *event = parley_event_new_release (epoch);

  if (reply)
    parley_event_set_timeline (event, reply->outcome);
  push_event (self, event);
  post_released (self, epoch);
  if (reply)
    llm_chat_push_sentences (self, reply);
  llm_tools_go_on (self);
}

static void
do_interrupt (guint64 epoch, gpointer data)
{
  GstLlmChat *self = data;

  llm_tools_drop (self, llm_chat_find_reply (self, epoch));
  llm_chat_stop_writing (self);
  push_event (self, parley_event_new_interrupt (epoch));
}

static guint64
do_begin (const gchar * text, guint turn, gboolean guess, gpointer data)
{
  GstLlmChat *self = data;
  LlmReply *reply = llm_chat_new_reply (self, turn < OWN_TURNS ? turn : 0);
  GPtrArray *messages = parley_history_messages (self->history, text);

  GST_DEBUG_OBJECT (self, "epoch %" G_GUINT64_FORMAT " answers%s: %s",
      reply->epoch, guess ? " a guess" : "", text);
  llm_chat_stop_writing (self);
  reply->timeline = asked_times_ask (self->timelines, turn);
  llm_tools_request (self, reply, messages);
  return reply->epoch;
}

static void
do_carry_over (guint64 epoch, guint turn, gpointer data)
{
  GstLlmChat *self = data;
  LlmReply *reply = llm_chat_find_reply (self, epoch);
  ParleyTimeline *outcome = asked_times_get (self->timelines, turn);

  if (!reply)
    return;
  GST_DEBUG_OBJECT (self, "epoch %" G_GUINT64_FORMAT " answers turn %u still",
      epoch, turn);
  g_clear_pointer (&reply->outcome, parley_timeline_unref);
  reply->outcome = outcome ? parley_timeline_ref (outcome) : NULL;
  llm_chat_push_sentences (self, reply);
  llm_tools_go_on (self);
}

static void
do_answered (const gchar * text, guint turn, gpointer data)
{
  GstLlmChat *self = data;

  parley_history_add_user (self->history, text);
  asked_times_forget (self->timelines, turn);
  llm_tools_note_answered (self, llm_chat_find_reply (self,
          parley_dialogue_reply (self->dialogue)));
}

static const ParleyDialogueActions actions = {
  do_pause, do_unpause, do_release, do_interrupt, do_begin, do_carry_over,
  do_answered, llm_barge_in_interrupts
};

ParleyDialogue *
llm_chat_new_dialogue (GstLlmChat * self)
{
  ParleyDialogue *dialogue = parley_dialogue_new (&actions, self, self->player);
  guint max_requests;

  g_object_get (self, "max-requests", &max_requests, NULL);
  parley_dialogue_set_max_requests (dialogue, max_requests);
  parley_dialogue_set_barge_in (dialogue, self->barge_in.mode);
  return dialogue;
}

gboolean
llm_chat_is_released (GstLlmChat * self, LlmReply * reply)
{
  return parley_dialogue_is_released (self->dialogue, reply->epoch);
}

/* What was heard */
static void
note_heard (GstLlmChat * self, LlmReply * reply, const gchar * text, guint ms,
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

void
llm_chat_hang_up (GstLlmChat * self)
{
  if (self->life.hung_up)
    return;
  self->life.hung_up = TRUE;
  llm_life_end (self);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new_empty ("llmchat-hangup")));
  push_event (self, gst_event_new_eos ());
}

void
llm_chat_after_reply (GstLlmChat * self, LlmReply * reply)
{
  gboolean ends_call = reply->hang_up;

  if (!self->player) {
    gchar *text = llm_reply_text (reply, G_MAXUINT);
    guint64 epoch = reply->epoch;

    parley_dialogue_playing (self->dialogue, epoch);
    note_heard (self, reply, text, 0, TRUE);
    g_free (text);
  }
  parley_dialogue_heard (self->dialogue, reply->epoch, FALSE, TRUE);
  if (ends_call)
    llm_chat_hang_up (self);
  else
    llm_tools_finish (self, reply);
}

static void
take_heard (GstLlmChat * self, const ParleyHeard * heard)
{
  LlmReply *reply = llm_chat_find_reply (self, heard->epoch);
  gchar *own_text = NULL;

  /* The end of a passage may take its time. */
  if (heard->deferred)
    parley_timer_clear (&self->answer_timer);
  if (reply && (heard->begun || heard->done)) {
    if (!heard->text)
      own_text = llm_reply_text (reply, heard->done ? G_MAXUINT
          : heard->sequence);
    if (heard->begun)
      parley_dialogue_playing (self->dialogue, heard->epoch);
    note_heard (self, reply, own_text ? own_text : heard->text, heard->ms,
        heard->done);
    g_free (own_text);
  }
  if (heard->answer)
    parley_dialogue_heard (self->dialogue, heard->epoch, TRUE, FALSE);
  if (!parley_dialogue_is_waiting (self->dialogue))
    parley_timer_clear (&self->answer_timer);
  if (heard->done && reply
      && parley_dialogue_reply (self->dialogue) == heard->epoch)
    llm_chat_after_reply (self, reply);
}

void
llm_chat_take_reports (GstLoopElement * element)
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
  llm_chat_send_eos_if_due (self);
  llm_life_update (self);
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

void
llm_chat_greet (GstLlmChat * self)
{
  gchar *greeting = conversation_text (self, "greeting");

  if (greeting && *greeting) {
    LlmReply *reply = llm_chat_new_reply (self, 0);

    reply->timeline = parley_timeline_new ();
    parley_timeline_stamp (reply->timeline, PARLEY_AT_LLM_ASKED,
        parley_clock_now ());
    parley_dialogue_announce (self->dialogue, reply->epoch);
    llm_chat_speak (self, reply, greeting);
  }
  g_free (greeting);
}

void
llm_chat_say_sorry (GstLlmChat * self)
{
  gchar *sorry = gst_provider_element_dup_text (GST_PROVIDER_ELEMENT (self),
      "sorry-text");
  LlmReply *reply;

  if (sorry && *sorry && !parley_dialogue_reply (self->dialogue)) {
    reply = llm_chat_new_reply (self, 0);
    parley_dialogue_announce (self->dialogue, reply->epoch);
    llm_chat_speak (self, reply, sorry);
  }
  g_free (sorry);
}

void
llm_chat_begin (GstLlmChat * self)
{
  gchar *system;

  if (self->dialogue)
    return;
  self->player = gst_loop_element_has_player_in_loop (loop_element (self));
  self->dialogue = llm_chat_new_dialogue (self);
  system = conversation_text (self, "system-prompt");
  self->history = parley_history_new (system);
  g_free (system);
  llm_tools_start (self);
  if (llm_life_begin (self))
    llm_chat_greet (self);
  llm_life_update (self);
}

/* The provider */

void
llm_chat_connect (GstProviderElement * self, gpointer provider)
{
  llm_cache_connect (GST_LLM_CHAT (self), provider);
  g_signal_connect (provider, "delta", G_CALLBACK (on_delta), self);
  g_signal_connect (provider, "done", G_CALLBACK (on_done), self);
  g_signal_connect (provider, "failed", G_CALLBACK (on_failed), self);
  llm_tools_connect (GST_LLM_CHAT (self), provider);
}
