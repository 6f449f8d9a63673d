/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "server/session.h"

G_BEGIN_DECLS

/* Live captions of calls made from the /talk page, as server-sent events: the
 * page makes up a sid that begins with PARLEY_CAPTIONS_PREFIX, subscribes, then
 * calls with it. Calls of anybody else are not for the public.
 *
 * Each event is {"who":"caller"|"agent","text","final","turn","ms"}, and of the
 * agent "reply" and "sentence", which count up; "event: end" is the last one.
 *
 * Threads: any, unless said. */

#define PARLEY_CAPTIONS_PREFIX "talk-"

typedef struct _ParleyCaptions ParleyCaptions;

ParleyCaptions *parley_captions_new (void);
ParleyCaptions *parley_captions_ref (ParleyCaptions * captions);
void parley_captions_unref (ParleyCaptions * captions);

/* Answers @message, on its loop: a stream of events for @sid, or an error. */
void parley_captions_subscribe_in_loop (ParleyCaptions * captions,
    SoupServerMessage * message, const gchar * sid);
void parley_captions_publish (ParleyCaptions * captions,
    const ParleyCaption * caption);
/* The call @sid is over. */
void parley_captions_finish (ParleyCaptions * captions, const gchar * sid);
/* Ends every stream: the server closes. */
void parley_captions_close (ParleyCaptions * captions);

/* As JSON on one line; transfer full. */
gchar *parley_caption_to_json (const ParleyCaption * caption);

G_END_DECLS
