/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Signatures of the webhooks that Parley sends, as the Standard Webhooks
 * specification has them (version 1, symmetric), so that its libraries, which
 * there are for all usual languages, can check them. Any thread. */

/* A key from the environment variable @name: "whsec_" and base64 of 24 to 64
 * bytes, or any text of at least 16 characters, which is the key itself. NULL
 * with @error in one line, without the value. */
GBytes *parley_webhook_key_from_env (const gchar * name, GError ** error);

/* The value of the header webhook-signature, for a message with the headers
 * webhook-id (@id, the same at each try; no dots) and webhook-timestamp
 * (@timestamp, seconds since 1970). Transfer full. */
gchar *parley_webhook_sign (GBytes * key, const gchar * id, gint64 timestamp,
    GBytes * body);

G_END_DECLS
