/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "llmrounds.h"

#include "llmchat.h"
#include "net/clock.h"

static void
job_free (gpointer data)
{
  LlmJob *job = data;

  parley_tool_call_free (job->call);
  g_clear_pointer (&job->arguments, json_node_unref);
  g_free (job->result);
  g_free (job);
}

static void
round_clear (gpointer data)
{
  LlmRound *round = data;

  g_ptr_array_unref (round->jobs);
  g_free (round->said);
}

void
llm_round_unref (gpointer round)
{
  g_rc_box_release_full (round, round_clear);
}

LlmRound *
llm_round_new (GstLlmChat * self, LlmReply * reply)
{
  LlmRound *round = g_rc_box_new0 (LlmRound);

  round->self = self;
  round->epoch = reply->epoch;
  round->turn = reply->turn;
  round->jobs = g_ptr_array_new_with_free_func (job_free);
  g_ptr_array_add (reply->calls->rounds, round);
  return round;
}

GPtrArray *
llm_round_get_calls (LlmRound * round)
{
  GPtrArray *calls = g_ptr_array_new ();

  for (guint i = 0; i < round->jobs->len; i++)
    g_ptr_array_add (calls, ((LlmJob *) round->jobs->pdata[i])->call);
  return calls;
}

gboolean
llm_round_is_answered (LlmRound * round)
{
  for (guint i = 0; i < round->jobs->len; i++)
    if (!((LlmJob *) round->jobs->pdata[i])->result)
      return FALSE;
  return TRUE;
}

gboolean
llm_round_is_working (LlmRound * round)
{
  for (guint i = 0; i < round->jobs->len; i++)
    if (((LlmJob *) round->jobs->pdata[i])->run)
      return TRUE;
  return FALSE;
}

gboolean
llm_round_is_farewell (LlmRound * round)
{
  for (guint i = 0; i < round->jobs->len; i++) {
    LlmJob *job = round->jobs->pdata[i];

    if (!job->tool || !parley_tool_is_last (job->tool))
      return FALSE;
  }
  return TRUE;
}

void
llm_calls_free (LlmCalls * calls)
{
  if (!calls)
    return;
  g_clear_pointer (&calls->messages, g_ptr_array_unref);
  g_string_free (calls->text, TRUE);
  g_ptr_array_unref (calls->rounds);
  g_free (calls);
}

LlmCalls *
llm_reply_ensure_calls (LlmReply * reply)
{
  if (!reply->calls) {
    reply->calls = g_new0 (LlmCalls, 1);
    reply->calls->text = g_string_new (NULL);
    reply->calls->rounds = g_ptr_array_new_with_free_func (llm_round_unref);
  }
  return reply->calls;
}

/* What the reply says so far */

guint
llm_reply_n_said (LlmReply * reply)
{
  return reply->sentences->len + g_queue_get_length (&reply->held);
}

gchar *
llm_reply_said (LlmReply * reply)
{
  g_autofree gchar *sent = llm_reply_text (reply, G_MAXUINT);
  GString *text = g_string_new (sent);

  for (GList * l = reply->held.head; l; l = l->next)
    g_string_append_printf (text, "%s%s", text->len ? " " : "",
        ((const LlmSentence *) l->data)->text);
  return g_string_free (text, FALSE);
}

/* The history */

void
llm_round_remember (GstLlmChat * self, LlmRound * round)
{
  GPtrArray *calls = llm_round_get_calls (round);

  round->in_history = TRUE;
  parley_history_add_calls (self->history, round->epoch, calls);
  for (guint i = 0; i < round->jobs->len; i++) {
    LlmJob *job = round->jobs->pdata[i];

    if (job->result)
      parley_history_set_result (self->history, round->epoch, job->call->id,
          job->result);
  }
  if (round->said)
    parley_history_end_calls (self->history, round->epoch, round->said);
  g_ptr_array_unref (calls);
}

/* Results */

void
llm_job_post (LlmJob * job, gboolean worked)
{
  LlmRound *round = job->round;
  gint64 now = parley_clock_now ();

  gst_element_post_message (GST_ELEMENT (round->self),
      gst_message_new_element (GST_OBJECT (round->self),
          gst_structure_new ("llmchat-tool",
              "epoch", G_TYPE_UINT64, round->epoch,
              "turn", G_TYPE_UINT, round->turn,
              "name", G_TYPE_STRING, job->call->name,
              "known", G_TYPE_BOOLEAN, job->tool != NULL,
              "arguments", G_TYPE_STRING, job->call->arguments,
              "result", G_TYPE_STRING, job->result,
              "worked", G_TYPE_BOOLEAN, worked,
              "begin", G_TYPE_INT64, job->begun ? job->begun : now,
              "end", G_TYPE_INT64, now, NULL)));
}

void
llm_job_set_result (LlmJob * job, const gchar * result)
{
  LlmRound *round = job->round;

  g_free (job->result);
  job->result = g_strdup (result);
  if (round->in_history)
    parley_history_set_result (round->self->history, round->epoch,
        job->call->id, result);
}

/* Where the time went */

/* When the first of the round was begun; @now: none was. */
static gint64
first_begun (LlmRound * round, gint64 now)
{
  gint64 first = now;

  for (guint i = 0; i < round->jobs->len; i++) {
    LlmJob *job = round->jobs->pdata[i];

    if (job->begun)
      first = MIN (first, job->begun);
  }
  return first;
}

gint64
llm_calls_held_time (LlmCalls * calls, gint64 now)
{
  return calls->held + first_begun (calls->current, now) - calls->begun;
}

void
llm_reply_stamp_tools (LlmReply * reply, gint64 now)
{
  LlmCalls *calls = reply->calls;
  LlmJob *first = calls->current->jobs->pdata[0];
  gint64 worked = calls->worked + now - calls->begun;

  if (!reply->timeline)
    return;
  /* Several rounds are one wait for the model and one for the tools. */
  parley_timeline_move (reply->timeline, PARLEY_AT_LLM_CALL, now - worked);
  parley_timeline_move (reply->timeline, PARLEY_AT_TOOL_ASKED,
      now - worked + llm_calls_held_time (calls, now));
  parley_timeline_move (reply->timeline, PARLEY_AT_TOOL, now);
  parley_timeline_set_provider (reply->timeline, PARLEY_AT_TOOL,
      first->tool ? first->tool->name : "unknown");
}
