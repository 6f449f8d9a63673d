/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The insides of llmchat, by topic: llmreplies.c makes sentences of what is to
 * be said, llmconversation.c joins provider, dialogue and what was heard,
 * llmtools.c calls the model's tools, llmcache.c knows what need not be asked
 * for, llmcalllife.c says what nobody asked for, and gstllmchat.c is the
 * element around them. Everything here is called on the element's loop. */

#include "askedtimes.h"
#include "gstllmchat.h"
#include "llmbargein.h"
#include "llmcache.h"
#include "llmcalllife.h"
#include "llmtools.h"
#include "providers/llm/sentences.h"
#include "turn/dialogue.h"
#include "turn/history.h"

G_BEGIN_DECLS

/* Turn numbers for text that carries none start here. */
#define OWN_TURNS (1u << 30)

/* One that may not go yet. */
typedef struct
{
  gchar *text;
  gboolean in_passage;          /* that the caller cannot interrupt */
} LlmSentence;

/* A reply and what became of it. */
struct _LlmReply
{
  guint64 epoch;
  guint turn;
  gpointer provider;            /* that is asked; borrowed; NULL: none yet */
  guint request;                /* its number there; 0: none */
  ParleySentences *splitter;    /* NULL: complete, or void */
  gboolean whole;               /* the splitter has all of it */
  GQueue held;                  /* of LlmSentence */
  GPtrArray *sentences;         /* as they were pushed */
  gboolean in_passage;          /* what was pushed last is */
  gsize pushed;                 /* bytes of them */
  ParleyTimeline *timeline;     /* until its first sentence; or NULL */
  ParleyTimeline *outcome;      /* of what it answers, if that came after it was
                                 * begun; or NULL */
  gboolean hang_up;
  LlmCalls *calls;              /* NULL: the model was not asked */
};

struct _GstLlmChat
{
  GstProviderElement parent;
  LlmCache cache;               /* from READY on constant */
  LlmBargeIn barge_in;

  /* On the loop: */
  ParleyDialogue *dialogue;     /* from the stream's begin to stop */
  ParleyHistory *history;
  gboolean player;
  GHashTable *timelines;        /* asked_times_new() */
  GQueue replies;               /* of LlmReply that may still be heard */
  LlmReply *writing;               /* the one the provider works on; or NULL */
  LlmTools tools;
  LlmCallLife life;
  guint last_request;
  guint own_turns;
  GSource *answer_timer;
  GQueue reports;               /* of upstream GstEvent, to be looked at */
  GstSegment segment;
  GstEvent *eos;                /* waits for the last reply to be complete */
};

/* llmreplies.c */

void llm_reply_free (gpointer reply);
/* The text of the first @n sentences, separated by blanks; transfer full. */
gchar *llm_reply_text (LlmReply * reply, guint n);
/* NULL: it can be heard no more. */
LlmReply *llm_chat_find_reply (GstLlmChat * self, guint64 epoch);
/* A reply under a new epoch; @turn: the last it answers, 0: none. */
LlmReply *llm_chat_new_reply (GstLlmChat * self, guint turn);
/* The provider has brought @milestone of the reply. */
void llm_chat_stamp_provider (GstLlmChat * self, LlmReply * reply,
    ParleyMilestone milestone);
/* Pushes the sentences that are complete, as far as they may go: those of a
 * reply that is withheld wait behind its first, and while it is suspended all
 * do. */
void llm_chat_push_sentences (GstLlmChat * self, LlmReply * reply);
/* No more is to come of what the splitter has not made a sentence of. */
void llm_chat_drop_rest (LlmReply * reply);
/* What was not pushed is dropped, but for the first @n sentences. */
void llm_chat_drop_unsent (LlmReply * reply, guint n);
/* What the splitter holds is a sentence, and more may follow. */
void llm_chat_flush_text (GstLlmChat * self, LlmReply * reply);
/* All of the reply's text is there. */
void llm_chat_complete_reply (GstLlmChat * self, LlmReply * reply);
/* @text is all, or the rest, of the reply. */
void llm_chat_speak (GstLlmChat * self, LlmReply * reply, const gchar * text);

/* llmconversation.c */

/* Begins the conversation with the greeting, if it has not begun. */
void llm_chat_begin (GstLlmChat * self);
/* Says the greeting, if there is one; nobody speaks. */
void llm_chat_greet (GstLlmChat * self);
/* A reply was heard to its end, or needs no hearing. */
void llm_chat_after_reply (GstLlmChat * self, LlmReply * reply);
void llm_chat_stop_writing (GstLlmChat * self);
/* Says sorry, if nothing else is being said. */
void llm_chat_say_sorry (GstLlmChat * self);
/* The one that the provider's request @id is for; NULL: nobody waits for it. */
LlmReply *llm_chat_reply_of_request (GstLlmChat * self, guint id);
/* The call ends. */
void llm_chat_hang_up (GstLlmChat * self);
void llm_chat_send_eos_if_due (GstLlmChat * self);
/* Looks at the reports from downstream that are queued. */
void llm_chat_take_reports (GstLoopElement * element);
/* The class's connect. */
void llm_chat_connect (GstProviderElement * self, gpointer provider);
ParleyDialogue *llm_chat_new_dialogue (GstLlmChat * self);
/* Whether @reply may be heard: what a model wants done may be done. */
gboolean llm_chat_is_released (GstLlmChat * self, LlmReply * reply);

G_END_DECLS
