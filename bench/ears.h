/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A recogniser that never errs: a service with Deepgram's live protocol on a
 * free port of 127.0.0.1, which knows each sound by its marks (marked.h). Lives
 * on the thread's default context. */
typedef struct _Ears Ears;

/* What sound number @sound says; "" for a noise. */
typedef const gchar *(*EarsFunc) (guint16 sound, gpointer data);

/* @delay ms from the end of the sound to the text. */
Ears *ears_new (guint delay, EarsFunc text_of, gpointer data);
void ears_free (Ears *self);

guint ears_get_port (Ears *self);

G_END_DECLS
