/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "llmtools.h"

#include <string.h>

#include "llmchat.h"
#include "llmrounds.h"
#include "net/clock.h"
#include "net/neterror.h"
#include "providers/llm/passage.h"

GST_DEBUG_CATEGORY_EXTERN (llm_chat_debug);
#define GST_CAT_DEFAULT llm_chat_debug

/* A model that goes on calling tools is not asked again with them. */
#define MAX_ROUNDS 5
/* Of the time within which an answer must begin: within so much of it there is
 * something to say, or another model is asked. */
#define SENTENCE_PERCENT 150

/* They take some 2 s to say: time enough for the next words to be made. */
#define FIRST_CLAUSE_WORDS 6

#define WILL_HAPPEN "{\"status\":\"It happens when the caller has heard you. " \
    "If you have not done so, tell him now, in one sentence.\"}"
#define HAPPENED "{\"status\":\"done\"}"
#define GIVEN_UP "{\"status\":\"not done: the caller went on speaking\"}"

static GstLoopElement *
loop_element (GstLlmChat * self)
{
  return GST_LOOP_ELEMENT (self);
}

/* The history */

void
llm_tools_note_answered (GstLlmChat * self, LlmReply * reply)
{
  LlmCalls *calls = reply ? reply->calls : NULL;

  if (!calls || calls->in_history)
    return;
  calls->in_history = TRUE;
  for (guint i = 0; i < calls->rounds->len; i++)
    if (calls->rounds->pdata[i] != calls->current || calls->taken_up)
      llm_round_remember (self, calls->rounds->pdata[i]);
}

/* What the model did wrong is told to the model. */
static void
refuse (LlmJob * job, const gchar * why)
{
  g_autofree gchar *result = parley_tool_error_result (why);

  GST_WARNING_OBJECT (job->round->self, "the model called “%s”: %s",
      job->call->name, why);
  llm_job_set_result (job, result);
  llm_job_post (job, FALSE);
}

/* Work */

static void on_answer (ParleyToolRun * run, const gchar * result,
    const GError * error, gpointer data);

static void
run_job (LlmJob * job)
{
  GstLlmChat *self = job->round->self;

  job->begun = parley_clock_now ();
  g_rc_box_acquire (job->round);
  self->tools.working = g_list_prepend (self->tools.working, job);
  job->run = parley_tool_run_in_loop (self->tools.tools, job->tool, job->call,
      job->arguments, gst_loop_element_get_loop (loop_element (self)),
      gst_loop_element_get_call_in_loop (loop_element (self)), on_answer, job);
}

/* @job works no more; it may be freed. */
static void
forget_job (LlmJob * job)
{
  GstLlmChat *self = job->round->self;

  job->run = NULL;
  self->tools.working = g_list_remove (self->tools.working, job);
  llm_round_unref (job->round);
}

/* Not before the reply may be heard, and then the caller's words count as
 * answered. */
static gboolean
may_run (GstLlmChat * self, LlmReply * reply, const LlmJob * job)
{
  return job->tool->safe || llm_chat_is_released (self, reply);
}

static void
start_job (GstLlmChat * self, LlmReply * reply, LlmJob * job)
{
  const gchar *wrong = NULL;

  if (job->result || job->run)
    return;
  if (!job->tool)
    wrong = "there is no tool of this name";
  else if (!job->arguments)
    job->arguments = parley_tool_read_arguments (job->call->arguments, &wrong);
  if (!wrong)
    wrong = parley_tool_check_arguments (job->tool, job->arguments);
  if (wrong) {
    refuse (job, wrong);
  } else if (parley_tool_is_last (job->tool)) {
    reply->calls->last = job;
    llm_job_set_result (job, WILL_HAPPEN);
  } else if (may_run (self, reply, job)) {
    if (!job->tool->safe)
      parley_dialogue_playing (self->dialogue, reply->epoch);
    run_job (job);
  }
}

/* Of a reply that comes by and by. */
static void
set_first_clause (GstLlmChat * self, LlmReply * reply)
{
  gboolean first_clause;

  g_object_get (self, "first-clause", &first_clause, NULL);
  parley_sentences_set_first_clause (reply->splitter, first_clause
      ? FIRST_CLAUSE_WORDS : 0);
}

/* Fillers */

static LlmReply *
waiting_reply (GstLlmChat * self)
{
  LlmReply *reply = self->writing;

  return reply && reply->calls && reply->calls->taken_up ? reply : NULL;
}

static gchar *
next_filler (GstLlmChat * self)
{
  g_autofree gchar *texts = gst_provider_element_dup_text
      (GST_PROVIDER_ELEMENT (self), "filler-text");
  g_auto (GStrv) list = g_strsplit (texts ? texts : "", "|", -1);
  guint n = g_strv_length (list);

  return n == 0 ? g_strdup ("")
      : g_strdup (g_strstrip (list[self->tools.n_fillers++ % n]));
}

/* Who said something himself needs none, nor does who is interrupted. */
static gboolean
may_fill (GstLlmChat * self, LlmReply * reply)
{
  LlmCalls *calls = reply->calls;

  if (!calls || parley_dialogue_get_state (self->dialogue, reply->epoch)
      != PARLEY_REPLY_RELEASED)
    return FALSE;
  if (calls->taken_up)
    return !calls->current->spoken && llm_round_is_working (calls->current);
  return !calls->filled && calls->text->len == 0 && !calls->current
      && llm_reply_n_said (reply) == calls->n_before;
}

static gboolean
say_filler (gpointer data)
{
  GstLlmChat *self = data;
  LlmReply *reply = self->writing;
  g_autofree gchar *filler = NULL;

  parley_timer_clear (&self->tools.filler_timer);
  if (!reply || !may_fill (self, reply))
    return G_SOURCE_REMOVE;
  filler = next_filler (self);
  if (!*filler)
    return G_SOURCE_REMOVE;
  if (reply->calls->taken_up) {
    reply->calls->current->spoken = TRUE;
    llm_reply_stamp_tools (reply, parley_clock_now ());
  }
  /* It has come whole, and its sound is known as such. */
  parley_sentences_set_first_clause (reply->splitter, 0);
  parley_sentences_feed (reply->splitter, filler);
  llm_chat_flush_text (self, reply);
  set_first_clause (self, reply);
  if (!reply->calls->taken_up) {
    reply->calls->filled = TRUE;
    reply->calls->n_before = llm_reply_n_said (reply);
  }
  return G_SOURCE_REMOVE;
}

static void
arm_filler (GstLlmChat * self)
{
  LlmReply *reply = self->writing;
  guint after;

  if (!reply || self->tools.filler_timer || !may_fill (self, reply))
    return;
  g_object_get (self, reply->calls->taken_up ? "filler-after"
      : "model-filler-after", &after, NULL);
  if (after == 0 && !reply->calls->taken_up)
    return;
  self->tools.filler_timer = parley_loop_add_timer (gst_loop_element_get_loop
      (loop_element (self)), parley_clock_now () + after
      * G_TIME_SPAN_MILLISECOND, say_filler, self);
}

/* Rounds of a reply */

static gboolean
may_call (LlmReply * reply)
{
  return reply->calls->n_rounds < MAX_ROUNDS && !reply->calls->last;
}

static void
ask (GstLlmChat * self, LlmReply * reply, gpointer provider, guint id)
{
  parley_llm_provider_set_tools (provider, may_call (reply)
      ? self->tools.tools : NULL);
  parley_llm_provider_request (provider, id, reply->calls->messages);
}

static gboolean sentence_late (gpointer data);

static void
arm_hurry (GstLlmChat * self, LlmReply * reply)
{
  guint after;

  parley_timer_clear (&self->tools.hurry_timer);
  g_object_get (self, "fallback-after", &after, NULL);
  if (after && gst_provider_element_has_fallback_in_loop (GST_PROVIDER_ELEMENT
          (self), reply->provider))
    self->tools.hurry_timer = parley_loop_add_timer (gst_loop_element_get_loop
        (loop_element (self)), parley_clock_now () + (gint64) after
        * SENTENCE_PERCENT * 10, sentence_late, self);
}

void
llm_tools_request (GstLlmChat * self, LlmReply * reply, GPtrArray * messages)
{
  LlmCalls *calls = llm_reply_ensure_calls (reply);
  gpointer probe = NULL;

  set_first_clause (self, reply);
  if (calls->messages != messages) {
    g_clear_pointer (&calls->messages, g_ptr_array_unref);
    calls->messages = messages;
  }
  g_string_truncate (calls->text, 0);
  calls->n_before = llm_reply_n_said (reply);
  if (!reply->provider)
    reply->provider = gst_provider_element_choose_in_loop (GST_PROVIDER_ELEMENT
        (self), reply->turn, &probe);
  if (probe)
    ask (self, reply, probe, ++self->last_request);
  reply->request = ++self->last_request;
  self->writing = reply;
  arm_hurry (self, reply);
  parley_timer_clear (&self->tools.filler_timer);
  arm_filler (self);
  ask (self, reply, reply->provider, reply->request);
}

gboolean
llm_tools_ask_next (GstLlmChat * self, LlmReply * reply, const GError * error)
{
  GstProviderElement *element = GST_PROVIDER_ELEMENT (self);
  LlmCalls *calls = reply->calls;
  gpointer next;

  if (reply->sentences->len > calls->n_before) {
    gst_provider_element_failed_in_loop (element, reply->provider, error,
        reply->turn);
    return FALSE;
  }
  next = gst_provider_element_switch_in_loop (element, reply->provider, error,
      reply->turn);
  if (!next)
    return FALSE;
  llm_chat_drop_unsent (reply, calls->n_before);
  if (calls->current)
    g_ptr_array_remove (calls->rounds, g_steal_pointer (&calls->current));
  if (calls->n_rounds == 0)
    parley_timeline_unstamp (reply->timeline, PARLEY_AT_LLM_TOKEN);
  reply->provider = next;
  llm_tools_request (self, reply, calls->messages);
  return TRUE;
}

/* It has begun in time, but comes so slowly, or has stopped, that there is
 * nothing to say yet. */
static gboolean
sentence_late (gpointer data)
{
  GstLlmChat *self = data;
  GstProviderElement *element = GST_PROVIDER_ELEMENT (self);
  LlmReply *reply = self->writing;
  g_autoptr (GError) error = NULL;

  parley_timer_clear (&self->tools.hurry_timer);
  if (!reply || !reply->calls || reply->calls->current
      || llm_reply_n_said (reply) > reply->calls->n_before
      || !gst_provider_element_is_next_up_in_loop (element, reply->provider))
    return G_SOURCE_REMOVE;
  error = g_error_new (PARLEY_NET_ERROR, PARLEY_NET_ERROR_TIMEOUT_IDLE,
      "%s: no whole sentence in time: try again later or set a fallback",
      gst_provider_element_get_name_in_loop (element, reply->provider));
  parley_llm_provider_cancel (reply->provider, reply->request);
  llm_tools_ask_next (self, reply, error);
  return G_SOURCE_REMOVE;
}

void
llm_tools_note_text (LlmReply * reply, const gchar * text)
{
  g_string_append (reply->calls->text, text);
}

/* All tools of the round have answered. */
static void
end_round (GstLlmChat * self, LlmReply * reply)
{
  LlmCalls *calls = reply->calls;
  LlmRound *round = calls->current;
  gint64 now = parley_clock_now ();

  parley_timer_clear (&self->tools.filler_timer);
  llm_reply_stamp_tools (reply, now);
  calls->held = llm_calls_held_time (calls, now);
  calls->worked += now - calls->begun;
  round->said = llm_reply_said (reply);
  if (round->in_history)
    parley_history_end_calls (self->history, round->epoch, round->said);
  for (guint i = 0; i < round->jobs->len; i++) {
    LlmJob *job = round->jobs->pdata[i];

    g_ptr_array_add (calls->messages, parley_message_new_result (job->call->id,
            job->result));
  }
  calls->current = NULL;
  calls->taken_up = FALSE;
  if (llm_round_is_farewell (round) && llm_reply_n_said (reply) > 0
      && calls->last) {
    llm_chat_complete_reply (self, reply);
    llm_chat_send_eos_if_due (self);
  } else {
    llm_tools_request (self, reply, calls->messages);
  }
}

/* The caller went on: nothing more is asked for it. */
static gboolean
is_suspended (GstLlmChat * self, LlmReply * reply)
{
  return parley_dialogue_get_state (self->dialogue, reply->epoch)
      == PARLEY_REPLY_SUSPENDED;
}

/* Does what can be done now for the reply that waits. */
static void
advance (GstLoopElement * element)
{
  GstLlmChat *self = GST_LLM_CHAT (element);
  LlmReply *reply = waiting_reply (self);
  LlmRound *round;

  if (!reply) {
    arm_filler (self);
    return;
  }
  round = reply->calls->current;
  for (guint i = 0; i < round->jobs->len; i++)
    start_job (self, reply, round->jobs->pdata[i]);
  if (is_suspended (self, reply))
    return;
  if (llm_round_is_answered (round))
    end_round (self, reply);
  else
    arm_filler (self);
}

/* The dialogue calls from inside: it is asked nothing before it is done. */
void
llm_tools_go_on (GstLlmChat * self)
{
  if (self->writing)
    gst_loop_element_invoke (loop_element (self), advance);
}

static void
on_tool_call (ParleyLlmProvider * provider, guint id, const gchar * call,
    const gchar * name, const gchar * arguments, GstLlmChat * self)
{
  LlmReply *reply = llm_chat_reply_of_request (self, id);
  LlmCalls *calls = reply ? reply->calls : NULL;
  LlmJob *job;

  if (!calls)
    return;
  if (!calls->current)
    calls->current = llm_round_new (self, reply);
  job = g_new0 (LlmJob, 1);
  job->round = calls->current;
  job->call = parley_tool_call_new (call, name, arguments);
  job->tool = self->tools.tools ? parley_tools_find (self->tools.tools, name)
      : NULL;
  g_ptr_array_add (calls->current->jobs, job);
}

/* The model calls what it was not offered any more. */
static void
refuse_round (GstLlmChat * self, LlmReply * reply)
{
  LlmCalls *calls = reply->calls;
  g_autofree gchar *sorry = gst_provider_element_dup_text
      (GST_PROVIDER_ELEMENT (self), "sorry-text");

  calls->current = NULL;
  g_ptr_array_remove_index (calls->rounds, calls->rounds->len - 1);
  if (calls->last)
    return;
  GST_ELEMENT_WARNING (self, STREAM, FAILED, ("The model goes on calling tools "
          "after %d rounds of them: it is not heeded any more.", MAX_ROUNDS),
      ("Have the tools' descriptions and results tell it when it is done."));
  if (calls->text->len == 0 && sorry)
    parley_sentences_feed (reply->splitter, sorry);
}

gboolean
llm_tools_take_up (GstLlmChat * self, LlmReply * reply)
{
  LlmCalls *calls = reply->calls;
  g_autofree gchar *text = NULL;
  GPtrArray *wanted;

  if (!calls || !calls->current)
    return FALSE;
  if (!may_call (reply)) {
    refuse_round (self, reply);
    return FALSE;
  }
  llm_chat_flush_text (self, reply);
  llm_chat_stamp_provider (self, reply, PARLEY_AT_LLM_CALL);
  wanted = llm_round_get_calls (calls->current);
  text = parley_passage_strip (calls->text->str);
  g_ptr_array_add (calls->messages,
      parley_message_new_calls (g_strstrip (text), wanted));
  g_ptr_array_unref (wanted);
  parley_timer_clear (&self->tools.filler_timer);
  calls->n_rounds++;
  calls->begun = parley_clock_now ();
  calls->current->spoken = llm_reply_n_said (reply) > calls->n_before;
  calls->taken_up = TRUE;
  if (calls->in_history)
    llm_round_remember (self, calls->current);
  advance (loop_element (self));
  return TRUE;
}

/* After the last word */

gboolean
llm_tools_is_silent (LlmReply * reply)
{
  return llm_reply_n_said (reply) == (reply->calls && reply->calls->filled
      ? reply->calls->n_before : 0);
}

gboolean
llm_tools_ends_call (LlmReply * reply)
{
  return reply->calls && reply->calls->last;
}

/* It could not be done, and the caller waits: the model goes on by itself. */
static void
tell_of_failure (GstLlmChat * self)
{
  LlmReply *reply = llm_chat_new_reply (self, 0);

  llm_reply_ensure_calls (reply)->in_history = TRUE;
  if (parley_dialogue_announce (self->dialogue, reply->epoch))
    llm_tools_request (self, reply, parley_history_messages (self->history,
            NULL));
}

void
llm_tools_finish (GstLlmChat * self, LlmReply * reply)
{
  LlmJob *job = reply->calls ? g_steal_pointer (&reply->calls->last) : NULL;

  if (!job)
    return;
  if (job->tool->kind != PARLEY_TOOL_HANG_UP) {
    run_job (job);
    return;
  }
  llm_job_set_result (job, HAPPENED);
  llm_job_post (job, TRUE);
  llm_chat_hang_up (self);
}

static void
on_answer (ParleyToolRun * run, const gchar * result, const GError * error,
    gpointer data)
{
  LlmJob *job = data;
  GstLlmChat *self = job->round->self;
  LlmReply *reply = waiting_reply (self);
  gboolean awaited = reply && reply->calls->current == job->round;
  gboolean failed_last = error && parley_tool_is_last (job->tool);

  llm_job_set_result (job, result);
  llm_job_post (job, !error);
  if (error)
    GST_ELEMENT_WARNING (self, RESOURCE, FAILED,
        ("A tool failed: %s.", error->message), (NULL));
  /* What it told is its own. */
  parley_tool_run_free (run);
  forget_job (job);
  if (awaited)
    advance (loop_element (self));
  else if (failed_last)
    tell_of_failure (self);
  llm_life_update (self);
}

/* Void */

/* What was not begun never will be; what works is of use only if the caller was
 * told of it, or it has effects. */
static void
drop_round (LlmRound * round)
{
  for (guint i = 0; i < round->jobs->len; i++) {
    LlmJob *job = round->jobs->pdata[i];

    if (job->run && !round->in_history) {
      parley_tool_run_free (job->run);
      forget_job (job);
    } else if (!job->run && !job->result) {
      llm_job_set_result (job, GIVEN_UP);
    }
  }
}

void
llm_tools_drop (GstLlmChat * self, LlmReply * reply)
{
  LlmCalls *calls = reply ? reply->calls : NULL;
  LlmRound *round;

  if (!calls)
    return;
  round = g_steal_pointer (&calls->current);
  calls->taken_up = FALSE;
  parley_timer_clear (&self->tools.filler_timer);
  if (round)
    drop_round (round);
  if (calls->last)
    llm_job_set_result (g_steal_pointer (&calls->last), GIVEN_UP);
}

/* The run */

ParleyTools *
llm_tools_peek (GstLlmChat * self, GError ** error)
{
  g_autofree gchar *path = gst_provider_element_dup_text (GST_PROVIDER_ELEMENT
      (self), "tools");

  return path && *path ? parley_tools_peek (path, error) : NULL;
}

gboolean
llm_tools_check (GstLlmChat * self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ParleyTools) tools G_GNUC_UNUSED = llm_tools_peek (self, &error);

  if (error)
    gst_loop_element_post_error (loop_element (self), error);
  return !error;
}

void
llm_tools_start (GstLlmChat * self)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->tools.tools, parley_tools_unref);
  self->tools.tools = llm_tools_peek (self, &error);
  if (error)
    gst_loop_element_post_error (loop_element (self), error);
}

void
llm_tools_stop (GstLlmChat * self)
{
  parley_timer_clear (&self->tools.filler_timer);
  parley_timer_clear (&self->tools.hurry_timer);
  while (self->tools.working) {
    LlmJob *job = self->tools.working->data;

    parley_tool_run_leave_in_loop (job->run);
    forget_job (job);
  }
  self->tools.n_fillers = 0;
  g_clear_pointer (&self->tools.tools, parley_tools_unref);
}

void
llm_tools_connect (GstLlmChat * self, ParleyLlmProvider * provider)
{
  g_signal_connect (provider, "tool-call", G_CALLBACK (on_tool_call), self);
}
