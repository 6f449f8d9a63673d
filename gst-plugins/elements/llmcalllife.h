/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The course of a call: who speaks first, what is said when nobody speaks, how
 * long a call may last, keys, answering machines, and what the operator wants
 * said or ended. What the agent says by itself is queued until nobody speaks.
 * On the element's loop, but for orders. */

#include "gstllmchat.h"
#include "gstproviderelement.h"
#include "providers/llm/toolrun.h"
#include "turn/calllife.h"
#include "turn/keys.h"
#include "turn/timeline.h"

G_BEGIN_DECLS

typedef struct
{
  GAsyncQueue *orders;          /* from any thread */

  /* On the loop: */
  ParleyCallLife *life;         /* from the conversation's begin to stop */
  GSource *timer;
  gint64 timer_due;
  GQueue announcements;         /* to be said once nobody speaks */
  guint64 parting;              /* the call ends after this reply, heard or
                                 * not; 0: none */
  gboolean hang_up_now;         /* as soon as nothing is being said */
  gboolean hung_up;
  gboolean over;                /* nothing more is said unasked */
  gboolean on_hold;
  ParleyKeys keys;
  ParleyTimeline *key_timeline; /* of the last key; or NULL */
  gboolean machine;             /* talks to an answering machine */
  gint64 message_due;           /* when it is told our message; 0: not */
  ParleyToolRun *transfer;      /* under way, on an order; or NULL */
} LlmCallLife;

/* For the class and the instance. @first_id: of this and so many more property
 * numbers as there may be. */
void llm_life_install (GstProviderElementClass * klass, guint first_id);
void llm_life_init (LlmCallLife * life);
void llm_life_finalize (LlmCallLife * life);
/* NULL→READY, any thread. FALSE: an error was posted. */
gboolean llm_life_check (GstLlmChat * self);

/* The conversation begins. FALSE: not with the greeting. */
gboolean llm_life_begin (GstLlmChat * self);
void llm_life_stop (GstLlmChat * self);
/* The call is over, or what comes from the caller is: nothing more is said
 * unasked. */
void llm_life_end (GstLlmChat * self);
/* Who speaks may have changed: says and does what is due now. Not inside an
 * action of the dialogue. */
void llm_life_update (GstLlmChat * self);

/* The caller said @text. FALSE: nobody answers it. */
gboolean llm_life_take_text (GstLlmChat * self, const gchar * text);
/* The same for an event of @turn, borrowed. FALSE: it was dealt with. */
gboolean llm_life_take_event (GstLlmChat * self, GstEvent * event, guint turn);
/* An answering machine beeped. */
void llm_life_hear_beep (GstLlmChat * self);

G_END_DECLS
