/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "turn/timeline.h"

G_BEGIN_DECLS

/* The timelines of turns that llmchat knows the text of and that were not
 * answered yet, by the turn's number. One thread. */

GHashTable *asked_times_new (void);
/* The text of @turn came, with @timeline, or, from elements that know none,
 * NULL: it then begins now. A reference is taken. */
void asked_times_note (GHashTable * timelines, guint turn,
    ParleyTimeline * timeline);
/* The timeline of the latest text of @turn; borrowed, NULL for none. */
ParleyTimeline *asked_times_get (GHashTable * timelines, guint turn);
/* The model is being asked about @turn: a copy of its timeline for the reply,
 * stamped PARLEY_AT_LLM_ASKED; transfer full, NULL for none. */
ParleyTimeline *asked_times_ask (GHashTable * timelines, guint turn);
/* @turn is answered, and all before it. */
void asked_times_forget (GHashTable * timelines, guint turn);

G_END_DECLS
