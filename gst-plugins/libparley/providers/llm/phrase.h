/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/llm/slots.h"

G_BEGIN_DECLS

/* One phrase of a script: "[please] book a (table|room) for {day:weekday}".
 * [x] may be left out, (a|b) is one of both, {name:type} is a slot, {type} a
 * slot of the same name. Immutable; any thread. */
typedef struct _ParleyPhrase ParleyPhrase;

/* The kind called @name, or NULL; the phrase borrows it. */
typedef const ParleySlotKind *(*ParleySlotLookup) (const gchar * name,
    gpointer user_data);

/* Returns NULL with what is wrong, for people, in *@problem (transfer full). */
ParleyPhrase *parley_phrase_parse (const gchar * text, ParleySlotLookup lookup,
    gpointer user_data, gchar ** problem);
void parley_phrase_free (ParleyPhrase * phrase);

/* Whether @words are this phrase, all of them. @slip allows one function word
 * lost, added or mistaken in phrases of four words and more, never in a slot.
 * What the slots hold goes into @values (name → written, both g_strdup()ed;
 * may be NULL) on a match only. */
gboolean parley_phrase_match (const ParleyPhrase * phrase, gchar ** words,
    guint n_words, gboolean slip, GHashTable * values);

/* Names of its slots, each once; borrowed. */
const GPtrArray *parley_phrase_get_slots (const ParleyPhrase * phrase);
/* The phrase as JSGF and as one sentence a caller could say; borrowed. */
const gchar *parley_phrase_get_jsgf (const ParleyPhrase * phrase);
const gchar *parley_phrase_get_example (const ParleyPhrase * phrase);

G_END_DECLS
