/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

/* What those that run the server have done to a call: POST /calls/SID/say,
 * /transfer, /hangup, /hold and /unhold, with an object of JSON. Only of that
 * type: a page of another site cannot have a browser send it unasked. */

typedef struct _ParleyControl ParleyControl;

/* On the loop of the request: what it wants. @sid: of which call; transfer
 * full. NULL: it is refused, and was answered. */
ParleyControl *parley_control_new_in_loop (SoupServerMessage * message,
    const gchar * path, gchar ** sid);
/* A ParleySessionLook: has the pipeline's llmchat do it, and answers; with NULL
 * for the pipeline, that the call is over. @control is freed. */
void parley_control_carry_out (GstElement * pipeline, gpointer control);
void parley_control_free (ParleyControl * control);

/* Waits with the answer: before parley_control_carry_out(), on the loop of the
 * request. */
void parley_control_begin_in_loop (ParleyControl * control,
    SoupServerMessage * message);

G_END_DECLS
