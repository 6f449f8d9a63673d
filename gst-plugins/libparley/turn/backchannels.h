/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What listeners say to show that they listen ("mm-hm", "yeah", "right"), and
 * not to take the floor; after V. Yngve, "On getting a word in edgewise"
 * (1970), which named them.
 *
 * Immutable; any thread. */
typedef struct _ParleyBackchannels ParleyBackchannels;

/* @words: the code of a language that Parley knows (en, de, es, fr, it, nl, pt;
 * a region behind it, as in "en-US", is ignored), or words and phrases
 * separated by commas. NULL: those of English. */
ParleyBackchannels *parley_backchannels_new (const gchar * words);
void parley_backchannels_free (ParleyBackchannels * self);

/* @text is nothing but such words, whatever its case, hyphens and marks. ""
 * is not. */
gboolean parley_backchannels_match (ParleyBackchannels * self,
    const gchar * text);

G_END_DECLS
