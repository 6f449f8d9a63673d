/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "llmchat.h"

#include <string.h>

#include "net/clock.h"
#include "providers/llm/speakable.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

GST_DEBUG_CATEGORY_EXTERN (llm_chat_debug);
#define GST_CAT_DEFAULT llm_chat_debug

/* Voice is paid for by the character: of a reply that may turn out void only so
 * much is spoken ahead, in bytes of text. It takes long enough to play for what
 * follows to be made. */
#define AHEAD_BYTES 60

static GstLoopElement *
loop_element (GstLlmChat * self)
{
  return GST_LOOP_ELEMENT (self);
}

static void
sentence_free (gpointer data)
{
  g_free (((LlmSentence *) data)->text);
  g_free (data);
}

void
llm_reply_free (gpointer data)
{
  LlmReply *reply = data;

  g_clear_pointer (&reply->splitter, parley_sentences_free);
  g_clear_pointer (&reply->timeline, parley_timeline_unref);
  g_clear_pointer (&reply->outcome, parley_timeline_unref);
  g_queue_clear_full (&reply->held, sentence_free);
  g_ptr_array_unref (reply->sentences);
  llm_calls_free (reply->calls);
  g_free (reply);
}

LlmReply *
llm_chat_find_reply (GstLlmChat * self, guint64 epoch)
{
  for (GList * l = self->replies.head; l; l = l->next)
    if (((LlmReply *) l->data)->epoch == epoch)
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
    llm_reply_free (g_queue_pop_head (&self->replies));
}

LlmReply *
llm_chat_new_reply (GstLlmChat * self, guint turn)
{
  LlmReply *reply = g_new0 (LlmReply, 1);

  forget_old_replies (self);
  reply->epoch = parley_epoch_next ();
  reply->turn = turn;
  reply->splitter = parley_sentences_new ();
  g_queue_init (&reply->held);
  reply->sentences = g_ptr_array_new_with_free_func (g_free);
  g_queue_push_tail (&self->replies, reply);
  return reply;
}

/* Where the time went */

void
llm_chat_stamp_provider (GstLlmChat * self, LlmReply * reply,
    ParleyMilestone milestone)
{
  ParleyLoop *loop = gst_loop_element_get_loop (loop_element (self));

  if (!reply->timeline || parley_timeline_get (reply->timeline, milestone))
    return;
  parley_timeline_stamp (reply->timeline, milestone,
      parley_loop_get_ready_time_in_loop (loop));
  parley_timeline_set_provider (reply->timeline, milestone,
      gst_provider_element_get_name_in_loop (GST_PROVIDER_ELEMENT (self),
          reply->provider));
}

/* The first sentence, in @buffer, takes the timeline along. */
static void
stamp_out (GstLlmChat * self, LlmReply * reply, GstBuffer * buffer)
{
  if (!reply->timeline)
    return;
  if (reply->request)
    llm_chat_stamp_provider (self, reply, PARLEY_AT_LLM_SENTENCE);
  parley_timeline_stamp (reply->timeline, PARLEY_AT_LLM_OUT,
      parley_clock_now ());
  gst_loop_element_post_waits_in_loop (loop_element (self), reply->timeline,
      reply->epoch, PARLEY_AT_LLM_TAKEN, PARLEY_AT_LLM_OUT);
  parley_buffer_set_timeline (buffer, reply->timeline);
  g_clear_pointer (&reply->timeline, parley_timeline_unref);
}

/* What is pushed from now on is, or is not, of an uninterruptible passage. */
static void
push_passage (GstLlmChat * self, LlmReply * reply, gboolean in_passage)
{
  if (reply->in_passage == in_passage)
    return;
  reply->in_passage = in_passage;
  gst_loop_element_push_event_in_loop (loop_element (self),
      parley_event_new_passage (reply->epoch, in_passage));
}

/* @text: transfer full. */
static void
push_text (GstLlmChat * self, LlmReply * reply, gchar * text)
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
  reply->pushed += strlen (text);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("llmchat", "epoch", G_TYPE_UINT64, reply->epoch,
              "sequence", G_TYPE_UINT, meta->sequence,
              "turn", G_TYPE_UINT, reply->turn,
              "text", G_TYPE_STRING, text, NULL)));
  gst_loop_element_push_in_loop (loop_element (self), buffer);
}

static void
collect_sentences (LlmReply * reply)
{
  gchar *text;

  while ((text = parley_sentences_next (reply->splitter))) {
    LlmSentence *sentence = g_new (LlmSentence, 1);

    sentence->text = parley_speakable (text);
    sentence->in_passage = parley_sentences_was_in_passage (reply->splitter);
    g_free (text);
    if (*sentence->text)
      g_queue_push_tail (&reply->held, sentence);
    else
      sentence_free (sentence);
  }
}

static gboolean
may_push (GstLlmChat * self, LlmReply * reply)
{
  switch (parley_dialogue_get_state (self->dialogue, reply->epoch)) {
    case PARLEY_REPLY_SUSPENDED:
      return FALSE;
    case PARLEY_REPLY_WITHHELD:
      return !reply->request || reply->pushed < AHEAD_BYTES;
    default:
      return TRUE;
  }
}

void
llm_chat_flush_text (GstLlmChat * self, LlmReply * reply)
{
  parley_sentences_finish (reply->splitter);
  llm_chat_push_sentences (self, reply);
  parley_sentences_reset (reply->splitter);
}

static void
end_reply (GstLlmChat * self, LlmReply * reply)
{
  g_clear_pointer (&reply->splitter, parley_sentences_free);
  if (self->writing == reply)
    self->writing = NULL;
  gst_loop_element_push_event_in_loop (loop_element (self),
      parley_event_new_reply_end (reply->epoch));
  if (!self->player)
    llm_chat_after_reply (self, reply);
}

static void
push_first_held (GstLlmChat * self, LlmReply * reply)
{
  LlmSentence *sentence = g_queue_pop_head (&reply->held);

  push_passage (self, reply, sentence->in_passage);
  push_text (self, reply, g_steal_pointer (&sentence->text));
  sentence_free (sentence);
}

void
llm_chat_push_sentences (GstLlmChat * self, LlmReply * reply)
{
  if (!reply->splitter)
    return;
  collect_sentences (reply);
  while (!g_queue_is_empty (&reply->held) && may_push (self, reply))
    push_first_held (self, reply);
  if (!g_queue_is_empty (&reply->held))
    return;
  /* Nothing may come behind it for long. */
  if (!parley_sentences_is_in_passage (reply->splitter))
    push_passage (self, reply, FALSE);
  if (reply->whole)
    end_reply (self, reply);
}

void
llm_chat_drop_rest (LlmReply * reply)
{
  collect_sentences (reply);
  parley_sentences_free (reply->splitter);
  reply->splitter = parley_sentences_new ();
}

void
llm_chat_drop_unsent (LlmReply * reply, guint n)
{
  llm_chat_drop_rest (reply);
  while (!g_queue_is_empty (&reply->held)
      && reply->sentences->len + reply->held.length > n)
    sentence_free (g_queue_pop_tail (&reply->held));
}

void
llm_chat_complete_reply (GstLlmChat * self, LlmReply * reply)
{
  parley_sentences_finish (reply->splitter);
  reply->whole = TRUE;
  llm_chat_push_sentences (self, reply);
}

void
llm_chat_speak (GstLlmChat * self, LlmReply * reply, const gchar * text)
{
  parley_sentences_feed (reply->splitter, text);
  llm_chat_complete_reply (self, reply);
}

gchar *
llm_reply_text (LlmReply * reply, guint n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < MIN (n, reply->sentences->len); i++)
    g_string_append_printf (text, "%s%s", i ? " " : "",
        (const gchar *) g_ptr_array_index (reply->sentences, i));
  return g_string_free (text, FALSE);
}
