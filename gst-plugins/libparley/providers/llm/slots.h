/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The kinds of slot a script knows: how a value is said, written and heard.
 *
 * Everything here is pure and works on the words of
 * parley_utterance_words(). */

typedef struct
{
  const gchar *name;
  const gchar *example;         /* what a caller could say */
  guint max_words;
  const gchar *grammar;         /* JSGF rules, the first is <name> */
  /* What @words say, as a reply writes it, or NULL: no such value. */
  gchar *(*read) (gchar ** words, guint n_words);
} ParleySlotType;

/* A built-in type, NULL when there is none of that name. */
const ParleySlotType *parley_slot_type_find (const gchar * name);
/* "weekday, number, …", for messages. */
gchar *parley_slot_type_names (void);

/* What a slot of a script takes: a built-in type, or a list of its own.
 * Immutable once filled. */
typedef struct _ParleySlotKind ParleySlotKind;

/* @type NULL: a list, to be filled by parley_slot_kind_add(). */
ParleySlotKind *parley_slot_kind_new (const gchar * name,
    const ParleySlotType * type);
void parley_slot_kind_free (ParleySlotKind * kind);
/* One more value of a list: @said by callers, @written in replies. FALSE when
 * @said holds no word. */
gboolean parley_slot_kind_add (ParleySlotKind * kind, const gchar * said,
    const gchar * written);

const gchar *parley_slot_kind_get_name (const ParleySlotKind * kind);
guint parley_slot_kind_get_max_words (const ParleySlotKind * kind);
/* What @words say, as a reply writes it, or NULL. Transfer full, as below. */
gchar *parley_slot_kind_read (const ParleySlotKind * kind, gchar ** words,
    guint n_words);
/* What a caller could say; a list needs a value for it. */
gchar *parley_slot_kind_example (const ParleySlotKind * kind);
gchar *parley_slot_kind_rule_name (const ParleySlotKind * kind);
/* Its rules, one a line. */
gchar *parley_slot_kind_to_jsgf (const ParleySlotKind * kind);

/* The number 0 to 9999 that @words say, -1: none. "forty two", "a hundred and
 * five", "fifteen hundred", "42". */
gint parley_slot_read_number (gchar ** words, guint n_words);

G_END_DECLS
