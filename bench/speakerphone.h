/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A loudspeaker that the microphone beside it hears: distorted where it is
 * loud, in a small room, in a telephone's band. */
typedef struct _Speakerphone Speakerphone;

/* @loss dB, @delay ms; @rand makes the room. */
Speakerphone *speakerphone_new (gdouble loss, guint delay, GRand *rand);
void speakerphone_free (Speakerphone *self);

/* The next @n codes are heard. */
void speakerphone_hear (Speakerphone *self, const guint8 *codes, gsize n);

/* Adds what comes back to the next @n codes that are sent, and leaves their
 * marks (marked.h) as they are. */
void speakerphone_add (Speakerphone *self, guint8 *codes, gsize n);

G_END_DECLS
