/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/twiliomessage.h"

G_BEGIN_DECLS

/* Inside the library and for its tests: the shortcut for media messages, which
 * come 50 a second and call. */

/* Reads a media message of the usual shape. TRUE: @out is filled. FALSE: the
 * message is another one, unusual or wrong, and @out untouched; the document
 * tree decides then. */
gboolean parley_twilio_parse_fast (const gchar * json, gsize len,
    ParleyTwilioMessage * out);
gboolean parley_twilio_parse_outbound_fast (const gchar * json, gsize len,
    const gchar * stream_sid, ParleyTwilioMessage * out);

/* The same messages without the shortcut: as parley_twilio_parse() and
 * parley_twilio_parse_outbound(). */
gboolean parley_twilio_parse_tree (const gchar * json, gsize len,
    ParleyTwilioMessage * out, GError ** error);
gboolean parley_twilio_parse_outbound_tree (const gchar * json, gsize len,
    const gchar * stream_sid, ParleyTwilioMessage * out, GError ** error);

G_END_DECLS
