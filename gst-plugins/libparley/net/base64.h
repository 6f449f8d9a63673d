/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Base64 as RFC 4648 section 4 has it and nothing else: the standard alphabet,
 * padding required, no line breaks, unused bits zero. GLib's decoder skips
 * what it does not know, so that damage goes unseen.
 *
 * Pure functions; any thread. */

/* The length that @len characters of base64 with the given last two decode to;
 * FALSE when no base64 has this length. */
gboolean parley_base64_decoded_len (const gchar * text, gsize len,
    gsize * decoded_len);

/* Decodes all @len characters of @text into @out, which must hold
 * parley_base64_decoded_len() bytes. FALSE: not base64; @out is then
 * undefined. */
gboolean parley_base64_decode (const gchar * text, gsize len, guint8 * out);

/* Appends the base64 of @len bytes of @data to @out. */
void parley_base64_append (GString * out, const guint8 * data, gsize len);

G_END_DECLS
