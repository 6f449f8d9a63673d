/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sentences as tones: each has a letter, each letter a pitch, so that what a
 * caller heard can be written down. Pure. */

/* @ms of the letter's tone as mu-law of 8 kHz. Transfer full. */
GBytes *table_sound_new (gchar letter, guint ms);

/* The letters in @len bytes of mu-law, in order; "~" is sound that is no tone,
 * such as a voice. A letter that goes on behind a pause is one. Transfer
 * full. */
gchar *table_sound_hear (const guint8 * mulaw, gsize len);

/* Which letters there are; none of them are multiples of each other. */
#define TABLE_LETTERS "Gabcdefxys"

G_END_DECLS
