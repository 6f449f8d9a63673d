/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstproviderelement.h"

G_BEGIN_DECLS

/* Which recogniser hears a take, and its audio until it is answered, so that
 * another can hear it from its begin when that one fails. A turn stays with
 * whom it was given to. On the element's loop. */

typedef struct _SttRoute SttRoute;

SttRoute *stt_route_new (GstProviderElement * element);
/* From the element's start to its stop all but this may be called. */
void stt_route_free (SttRoute * self);

/* As of ParleySttProvider. */
void stt_route_begin (SttRoute * self, guint turn, guint take,
    const ParleyAudioFormat * format);
void stt_route_audio (SttRoute * self, GBytes * samples);
void stt_route_finish (SttRoute * self);
/* Between two takes of @turn, for who tells ends of turns; who goes on in his
 * place gets it with the next take. */
void stt_route_pause (SttRoute * self, guint turn, GBytes * samples);
void stt_route_end_turn (SttRoute * self, guint turn);
void stt_route_cancel (SttRoute * self);
/* The same, and who heard the last turn is no longer known. */
void stt_route_forget (SttRoute * self);

/* Whether what @provider says of the take counts: it was asked, and no one else
 * since, and it has not answered. */
gboolean stt_route_is_of (SttRoute * self, gpointer provider, guint turn,
    guint take);
/* Whether @turn was given to @provider, and to no one else since. */
gboolean stt_route_is_heard_by (SttRoute * self, guint turn,
    gpointer provider);
/* The takes of @turn up to @take are over. */
void stt_route_answered (SttRoute * self, guint turn, guint take);
/* Who hears the first take of @turn that is not answered; NULL: none is.
 * Borrowed. */
gpointer stt_route_get_provider (SttRoute * self, guint turn);
/* Whoever hears @turn cannot: the next provider hears all that he owes. FALSE:
 * there is nobody, or nothing is owed. */
gboolean stt_route_switch (SttRoute * self, guint turn, const GError * error);

G_END_DECLS
