/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What can go wrong between here and a provider: one domain for requests,
 * websockets and breakers. The text is one line for people: the provider, the
 * status, what to do, and the server's own words where it gave any, cut short
 * and with everything that looks like a key replaced by "***".
 *
 * Pure functions; any thread. */

#define PARLEY_NET_ERROR (parley_net_error_quark ())
GQuark parley_net_error_quark (void);

typedef enum
{
  PARLEY_NET_ERROR_SETTINGS,    /* an URL or header that cannot work */
  PARLEY_NET_ERROR_CONNECT,     /* no name, nobody listens, unreachable */
  PARLEY_NET_ERROR_TLS,         /* no TLS, or a certificate not to be trusted */
  PARLEY_NET_ERROR_TIMEOUT_CONNECT,
  PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE,
  PARLEY_NET_ERROR_TIMEOUT_IDLE,        /* stopped in the middle */
  PARLEY_NET_ERROR_TIMEOUT_TOTAL,
  PARLEY_NET_ERROR_STATUS,      /* any other status than 2xx */
  PARLEY_NET_ERROR_AUTH,        /* 401, 403 */
  PARLEY_NET_ERROR_RATE_LIMITED,        /* 429 */
  PARLEY_NET_ERROR_PROTOCOL,    /* not HTTP, not a websocket, not readable */
  PARLEY_NET_ERROR_DROPPED,     /* the connection ended in the middle */
  PARLEY_NET_ERROR_TOO_LARGE,   /* more bytes than we take */
  PARLEY_NET_ERROR_OPEN,        /* the breaker is open: go elsewhere */
  PARLEY_NET_ERROR_BUSY         /* too many at once: go elsewhere */
} ParleyNetError;

/* The HTTP status that led to @error (STATUS, AUTH, RATE_LIMITED); else 0. */
guint parley_net_error_get_status (const GError * error);
/* µs from the answer on that its Retry-After asks for; -1: it asked nothing. */
gint64 parley_net_error_get_retry_after (const GError * error);
/* The server's own words, cleaned; NULL: none. Borrowed. */
const gchar *parley_net_error_get_detail (const GError * error);
/* The server's own code of it ("insufficient_quota", "system_busy"); NULL:
 * none. Borrowed. */
const gchar *parley_net_error_get_server_code (const GError * error);

/* Another try may help: no connection, lost, timed out, 408, 409, 425, 429 and
 * 5xx. Not: wrong key, wrong request, unreadable or too much. */
gboolean parley_net_error_is_transient (const GError * error);
/* It says something of the service's health, which a breaker counts: as above
 * and TLS and PROTOCOL, but not 409, nor 429 that tells when to come again. */
gboolean parley_net_error_is_fault (const GError * error);

/* Makes one: "@provider: @text". For what providers find out for themselves,
 * such as PROTOCOL or an error in the middle of a stream. */
GError *parley_net_error_new (ParleyNetError code, const gchar * provider,
    const gchar * format, ...) G_GNUC_PRINTF (3, 4);

/* Makes one of an answer with a status other than 2xx. @retry_after: µs, -1:
 * none. @body: the beginning of the answer's body (JSON of the usual shapes or
 * plain text; may be NULL), in which @secrets (NULL: none; NULL-terminated) are
 * looked for and hidden. */
GError *parley_net_error_new_status (const gchar * provider,
    const gchar * host, guint status, gint64 retry_after, const gchar * body,
    gsize body_len, const gchar * const *secrets);

/* A Retry-After header: seconds or an HTTP date, which is held against @now,
 * Unix seconds. µs, at least 0; -1: not readable. */
gint64 parley_retry_after_parse (const gchar * value, gint64 now);

/* @text (@len bytes, any) on one line, valid UTF-8, at most 200 bytes,
 * without control characters, @secrets and what looks like a key. */
gchar *parley_clean_text (const gchar * text, gsize len,
    const gchar * const *secrets);

G_END_DECLS
