/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstproviderelement.h"
#include "sttturn.h"

G_BEGIN_DECLS

/* How texts leave cloudstt. On the element's loop. */

/* As message "cloudstt". */
void stt_texts_post (GstProviderElement * element, guint turn, guint take,
    const gchar * text, gboolean final, gdouble confidence);
/* As parley/partial. */
void stt_texts_tell_upstream (GstProviderElement * element, guint turn,
    guint take, const gchar * text, gboolean final);
/* As parley/turn-guess. @provider, if not NULL, has recognised it just now. */
void stt_texts_push_guess (GstProviderElement * element, SttTurn * turn,
    guint take, const gchar * text, gpointer provider);
/* As the buffer of the turn, which is over. */
void stt_texts_push_final (GstProviderElement * element, SttTurn * turn,
    gboolean newline);

/* @provider had recognised it at @time. */
void stt_texts_stamp_recognised (GstProviderElement * element,
    ParleyTimeline * timeline, gpointer provider, gint64 time);

G_END_DECLS
