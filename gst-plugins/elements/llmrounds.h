/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a reply's tools were asked and have said so far, round by round. For
 * llmtools.c, which decides; on the element's loop. */

#include "llmtools.h"
#include "providers/llm/toolrun.h"
#include "turn/history.h"

G_BEGIN_DECLS

typedef struct _LlmRound LlmRound;

typedef struct
{
  LlmRound *round;              /* while it works: a reference */
  ParleyToolCall *call;
  const ParleyTool *tool;       /* NULL: there is none of this name */
  JsonNode *arguments;          /* NULL: they are none */
  ParleyToolRun *run;           /* while it works */
  gint64 begun;                 /* µs; 0: not yet */
  gchar *result;                /* NULL: not there yet */
} LlmJob;

/* What the model called at once. */
struct _LlmRound
{
  GstLlmChat *self;
  guint64 epoch;
  guint turn;
  GPtrArray *jobs;              /* of LlmJob */
  gchar *said;                  /* all of the reply when they had answered */
  gboolean spoken;              /* something was said in it */
  gboolean in_history;
};

struct _LlmCalls
{
  GPtrArray *messages;          /* of the last request */
  GString *text;                /* that the model said to it */
  guint n_before;               /* sentences of the reply before it */
  GPtrArray *rounds;            /* of LlmRound */
  LlmRound *current;            /* the last one, if it was not answered yet */
  gboolean taken_up;            /* the model waits for it */
  gboolean filled;              /* a filler was said while the model was slow */
  guint n_rounds;
  gboolean in_history;          /* what the reply answers is */
  LlmJob *last;                 /* happens after the last word; borrowed */
  gint64 begun;                 /* µs: the current round */
  gint64 worked;                /* µs: in rounds before it */
  gint64 held;                  /* µs of these in which none was begun yet */
};

/* One more round of @reply, which keeps it; borrowed. */
LlmRound *llm_round_new (GstLlmChat * self, LlmReply * reply);
void llm_round_unref (gpointer round);
/* Of ParleyToolCall, borrowed; free the array. */
GPtrArray *llm_round_get_calls (LlmRound * round);
gboolean llm_round_is_answered (LlmRound * round);
gboolean llm_round_is_working (LlmRound * round);
/* Nothing but what happens after the last word. */
gboolean llm_round_is_farewell (LlmRound * round);
/* Puts it into the history. */
void llm_round_remember (GstLlmChat * self, LlmRound * round);

/* What the model is told, now and later. */
void llm_job_set_result (LlmJob * job, const gchar * result);
/* Posts "llmchat-tool". */
void llm_job_post (LlmJob * job, gboolean worked);

LlmCalls *llm_reply_ensure_calls (LlmReply * reply);
/* What it says so far, sent or not: sentences; their text, transfer full. */
guint llm_reply_n_said (LlmReply * reply);
gchar *llm_reply_said (LlmReply * reply);
/* How long its tools took until @now, in the timeline if it still has it. */
void llm_reply_stamp_tools (LlmReply * reply, gint64 now);
/* µs until @now in which no tool was begun yet, over all rounds. */
gint64 llm_calls_held_time (LlmCalls * calls, gint64 now);

G_END_DECLS
