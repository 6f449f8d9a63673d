/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* X-Twilio-Signature: base64 of HMAC-SHA1, keyed with the account's auth token,
 * over the URL and the form fields.
 *
 * Every @url is the one that Twilio was given, from configuration and never
 * from a Host header. A fragment and user:password in it are left out, as
 * Twilio does. Signatures are compared in constant time; a NULL signature never
 * verifies. Pure functions; any thread. */

typedef struct
{
  gchar *name;
  gchar *value;
} ParleyTwilioField;

/* A request body of type application/x-www-form-urlencoded, decoded: of
 * ParleyTwilioField, in the order sent, duplicates kept. NULL: longer than
 * 64 KiB, over 512 fields, or with a NUL in it. Transfer full. */
GPtrArray *parley_twilio_form_parse (const gchar * body, gsize len);
/* The first value of that name, NULL for none; borrowed. */
const gchar *parley_twilio_form_get (GPtrArray * fields, const gchar * name);
/* An empty array of fields, and one more in it. */
GPtrArray *parley_twilio_form_new (void);
void parley_twilio_form_add (GPtrArray * fields, const gchar * name,
    const gchar * value);

/* The signature of @url with @fields (NULL for none). Transfer full. */
gchar *parley_twilio_sign (const gchar * auth_token, const gchar * url,
    GPtrArray * fields);

/* A form post, or with @len 0 a GET: @url may or may not name its default
 * port. */
gboolean parley_twilio_verify_form (const gchar * auth_token,
    const gchar * url, const gchar * body, gsize len, const gchar * signature);

/* A JSON body: @url is the one requested, with bodySHA256 in its query. */
gboolean parley_twilio_verify_json (const gchar * auth_token,
    const gchar * url, const gchar * body, gsize len, const gchar * signature);

/* A websocket upgrade: @url as in the TwiML (wss://…), with or without a
 * trailing slash and the default port. */
gboolean parley_twilio_verify_upgrade (const gchar * auth_token,
    const gchar * url, const gchar * signature);

G_END_DECLS
