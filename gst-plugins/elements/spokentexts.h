/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "turn/turnevents.h"

G_BEGIN_DECLS

/* What was said at which time of a reply, to tell what was heard of it. One
 * thread at a time. */

typedef struct _SpokenTexts SpokenTexts;

SpokenTexts *spoken_texts_new (void);
void spoken_texts_free (SpokenTexts * self);
void spoken_texts_clear (SpokenTexts * self);

/* The first @n words of a sentence are said @ms into its sound. */
typedef struct
{
  guint n;
  guint ms;
} SpokenWord;

/* Sound of @duration went out for the reply @epoch: the begin of a sentence,
 * @text, or with NULL more of the one before. @words (of SpokenWord) is kept,
 * and may grow as more is known; NULL or empty: words are as long as they
 * are written, and so are those behind the last that it names. */
void spoken_texts_note (SpokenTexts * self, guint64 epoch, const gchar * text,
    GArray * words, GstClockTime duration);

/* The sentence that went out last, if it is of @epoch, is over: no more sound
 * of it comes, nor times of words. */
void spoken_texts_end (SpokenTexts * self, guint64 epoch);

/* The sentence that went out last, if it is of @epoch, broke off. How much of
 * it was said nobody knows: of its text counts what a slow speaker says in the
 * time. */
void spoken_texts_cut (SpokenTexts * self, guint64 epoch);

/* The text of what @heard tells of, whole words only. Forgets the replies
 * before it. Transfer full. */
gchar *spoken_texts_take_heard (SpokenTexts * self, const ParleyHeard * heard);

G_END_DECLS
