/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Twilio's requests: the voice webhook, answered with TwiML that connects the
 * call to a Media Streams socket, and the upgrade of that socket.
 *
 * Immutable after it was made; any thread. */

typedef struct _ParleyWebhook ParleyWebhook;

/* @public_url: how Twilio reaches this server, such as
 * "https://voice.example.org/prefix" (http and ws forms too); NULL takes the
 * Host header of each request. @media_path: of the socket, such as "/media".
 * @auth_token_env: the environment variable with the account's auth token; with
 * it every request must carry a good X-Twilio-Signature, and @public_url is
 * needed. NULL: no check. Returns NULL with @error when a setting is wrong. */
ParleyWebhook *parley_webhook_new (const gchar * public_url,
    const gchar * media_path, const gchar * auth_token_env, GError ** error);
void parley_webhook_free (ParleyWebhook * webhook);

#define PARLEY_WEBHOOK_ERROR (parley_webhook_error_quark ())
GQuark parley_webhook_error_quark (void);

/* 0 when the upgrade may go on, else the HTTP status to refuse with: no good
 * signature where one is needed, or a browser's page from elsewhere (its Origin
 * is neither the Host nor the public URL). */
guint parley_webhook_check_upgrade (ParleyWebhook * webhook,
    SoupServerMessage * message);

/* The fields of a voice webhook (of ParleyTwilioField; transfer full), or NULL
 * after an answer was given: wrong method 405, wrong signature 403, not
 * readable 400. */
GPtrArray *parley_webhook_read (ParleyWebhook * webhook,
    SoupServerMessage * message);

/* Answers with TwiML that connects the call here, with From, To and what else
 * the caller's side said as parameters. */
void parley_webhook_answer_connect (ParleyWebhook * webhook,
    SoupServerMessage * message, GPtrArray * fields);
/* Answers with TwiML that says @text and hangs up. */
void parley_webhook_answer_say (SoupServerMessage * message,
    const gchar * text);

G_END_DECLS
