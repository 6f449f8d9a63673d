/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What was said in a call: the caller's turns as they were recognised, and of
 * the agent's replies what the caller heard, in the order in which they began.
 *
 * Threads: one at a time. */

/* Entries, and bytes of text; what comes later is counted and not kept. */
#define PARLEY_TRANSCRIPT_MAX_ENTRIES 2000
#define PARLEY_TRANSCRIPT_MAX_BYTES (256 * 1024)

typedef struct _ParleyTranscript ParleyTranscript;

ParleyTranscript *parley_transcript_new (void);
void parley_transcript_free (ParleyTranscript * self);

/* @ms: since the call began, as everywhere here. */
void parley_transcript_add_caller (ParleyTranscript * self, guint turn,
    const gchar * text, gint64 ms);
/* @text: all that was heard of the reply @epoch so far; @done: it was heard to
 * its end. */
void parley_transcript_add_heard (ParleyTranscript * self, guint64 epoch,
    const gchar * text, gboolean done, gint64 ms);

/* [{"role" ("caller", "agent"),"ms","text","turn" (a caller's),"reply","whole"
 * (an agent's)}]. @mask: numbers that look like cards are hidden (cardmask.h),
 * also where the caller read one in several turns. Transfer full. */
JsonArray *parley_transcript_to_json (ParleyTranscript * self, gboolean mask);

G_END_DECLS
