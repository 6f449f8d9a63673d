/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "turn/timeline.h"

G_BEGIN_DECLS

/* The timelines of turns that llmchat was asked and has not answered yet, by
 * the turn's number. One thread. */

GHashTable *asked_times_new (void);
/* The text of @turn came, with @timeline, or, from elements that know none,
 * NULL: it then begins now. A reference is taken. */
void asked_times_note (GHashTable * timelines, guint turn,
    ParleyTimeline * timeline);
/* @turn is being answered now, together with all before it: its timeline,
 * stamped PARLEY_AT_LLM_ASKED, the caller's; NULL for none. */
ParleyTimeline *asked_times_take (GHashTable * timelines, guint turn);

G_END_DECLS
