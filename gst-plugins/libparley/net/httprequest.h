/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "net/httpsession.h"
#include "net/neterror.h"

G_BEGIN_DECLS

/* A request to a provider and its answer as it streams in.
 *
 *   request = parley_http_request_new ("openai", PARLEY_OPERATION_LLM, "POST",
 *       "https://api.openai.com/v1/chat/completions", &error);
 *   parley_http_request_set_secret (request, "Authorization", "Bearer ", key,
 *       &error);
 *   parley_http_request_set_json (request, body);
 *   parley_http_request_send_in_loop (request, session, &handler, self);
 *   ...
 *   parley_http_request_cancel_in_loop (request);    // at any time, or never
 *   g_object_unref (request);
 *
 * Threads: all of it on the session's loop. Callbacks come from there, never
 * inside a call of these functions. Any callback may cancel, unref, or (done
 * and failed) send again.
 *
 * What it does not do: follow redirects (a 3xx is an error, so that no key goes
 * to another host), compress, keep cookies, retry (net/retry.h). */

#define PARLEY_TYPE_HTTP_REQUEST (parley_http_request_get_type ())
G_DECLARE_FINAL_TYPE (ParleyHttpRequest, parley_http_request, PARLEY,
    HTTP_REQUEST, GObject)

/* What a request is for: gives its timeouts. */
typedef enum
{
  PARLEY_OPERATION_STT,         /* the text of a turn is waited for */
  PARLEY_OPERATION_LLM,         /* a streamed reply */
  PARLEY_OPERATION_TTS,         /* streamed audio of a sentence */
  PARLEY_OPERATION_TOOL,        /* a function's webhook, a REST call */
  PARLEY_OPERATION_WARM         /* keeps a connection warm */
} ParleyOperation;

/* All in µs from parley_http_request_send_in_loop() on, but idle: between two
 * chunks of the body, once there was one. 0: no limit.
 *
 *        connect  first byte  idle  total
 *   STT      2 s         3 s   3 s    3 s
 *   LLM      3 s         8 s   5 s   60 s
 *   TTS      3 s         4 s   4 s   60 s
 *   TOOL     3 s        10 s  10 s   10 s
 *   WARM     3 s         5 s   5 s    5 s
 *
 * STT final, LLM first byte, TTS first byte and TOOL total are what a caller
 * can be made to wait for; idle is how long a reply may stall in the middle. */
typedef struct
{
  gint64 connect;               /* name, TCP and TLS; a queued one too */
  gint64 first_byte;            /* of the body */
  gint64 idle;
  gint64 total;
} ParleyTimeouts;

void parley_timeouts_get_default (ParleyOperation operation,
    ParleyTimeouts * timeouts);

/* Bytes of an answer's body (decoded from chunks) that are taken unless set
 * otherwise. Headers: Debian's libsoup drops a connection with over 64 KiB. */
#define PARLEY_HTTP_MAX_BODY (16 * 1024 * 1024)

/* Only with a status of 2xx: headers once, then chunks (at least one byte each,
 * borrowed), then done or failed; or failed alone. Each may be NULL. After
 * done, failed or a cancel nothing comes. A body with neither length nor chunks
 * ends with its connection, so that a drop looks like its end: look whether
 * what came is whole. */
typedef struct
{
  void (*headers) (ParleyHttpRequest * request, guint status, gpointer data);
  void (*chunk) (ParleyHttpRequest * request, const guint8 * bytes, gsize len,
      gpointer data);
  void (*done) (ParleyHttpRequest * request, gpointer data);
  /* @error is of PARLEY_NET_ERROR; borrowed. */
  void (*failed) (ParleyHttpRequest * request, const GError * error,
      gpointer data);
} ParleyHttpHandler;

/* @provider: its name, for errors. @url: http or https; only scheme and host
 * appear in errors. NULL with @error (SETTINGS): what is wrong with it. */
ParleyHttpRequest *parley_http_request_new (const gchar * provider,
    ParleyOperation operation, const gchar * method, const gchar * url,
    GError ** error);

/* Before it is sent. A header or body set again replaces the one before. */
void parley_http_request_set_header (ParleyHttpRequest * self,
    const gchar * name, const gchar * value);
/* A header that holds @secret behind @prefix (such as "Bearer "; NULL: none).
 * @secret is in no log and no error, even if the server repeats it. FALSE with
 * @error (SETTINGS) when it is empty or holds what no header can: a line's end
 * or what is not ASCII. */
gboolean parley_http_request_set_secret (ParleyHttpRequest * self,
    const gchar * name, const gchar * prefix, const gchar * secret,
    GError ** error);
void parley_http_request_set_body (ParleyHttpRequest * self,
    const gchar * content_type, GBytes * body);
void parley_http_request_set_json (ParleyHttpRequest * self, JsonNode * body);
/* A form (multipart/form-data), part by part in this order. */
void parley_http_request_add_field (ParleyHttpRequest * self,
    const gchar * name, const gchar * value);
void parley_http_request_add_file (ParleyHttpRequest * self,
    const gchar * name, const gchar * filename, const gchar * content_type,
    GBytes * content);

void parley_http_request_set_timeouts (ParleyHttpRequest * self,
    const ParleyTimeouts * timeouts);
/* Bytes; 0: without limit. */
void parley_http_request_set_max_body (ParleyHttpRequest * self, gsize bytes);
/* It may go onto a warm connection, and a second time when that turns out to be
 * closed and nothing of an answer came; else it gets a new connection. By
 * default TRUE but for TOOL, whose effects must not happen twice. */
void parley_http_request_set_idempotent (ParleyHttpRequest * self,
    gboolean idempotent);
/* The first-byte timeout runs until parley_http_request_mark_first_in_loop()
 * and no longer ends with the first byte: for streams whose first bytes say
 * nothing. */
void parley_http_request_set_first_by_hand (ParleyHttpRequest * self,
    gboolean by_hand);
gboolean parley_http_request_get_first_by_hand (ParleyHttpRequest * self);

/* Sends it; it may be sent again after its end, not before. Keeps no reference
 * to the request: the last unref cancels. */
void parley_http_request_send_in_loop (ParleyHttpRequest * self,
    ParleyHttpSession * session, const ParleyHttpHandler * handler,
    gpointer data);
/* The first thing that matters has come: ends the first-byte timeout. */
void parley_http_request_mark_first_in_loop (ParleyHttpRequest * self);
/* Ends it, if it is under way, with no callback. Its connection is kept when
 * the answer had come whole, else closed. */
void parley_http_request_cancel_in_loop (ParleyHttpRequest * self);

gboolean parley_http_request_is_active (ParleyHttpRequest * self);
/* Something of the request may have reached the server: a retry could do its
 * work twice. */
gboolean parley_http_request_was_sent (ParleyHttpRequest * self);
/* A header of the answer, from headers, chunk, done or failed on; NULL: none.
 * Borrowed, until it is sent again. */
const gchar *parley_http_request_get_response_header (ParleyHttpRequest * self,
    const gchar * name);
/* Borrowed. */
const gchar *parley_http_request_get_provider (ParleyHttpRequest * self);
const gchar *parley_http_request_get_host (ParleyHttpRequest * self);

/* For httpwarm.c: the last answer was good, and has left a connection that is
 * for one request at a time. */
gboolean parley_http_request_keeps_connection (ParleyHttpRequest * self);
/* For httpwarm.c: the same as @other without its body, on a connection of its
 * own. Transfer full. */
ParleyHttpRequest *parley_http_request_new_spare (ParleyHttpRequest * other);

/* Keeps connections of a session warm (DNS, TCP, TLS done): one by sending
 * @request now and every @interval µs (0: PARLEY_WARM_INTERVAL) until freed;
 * takes a reference. Any answer will do, errors too: choose a cheap one, such
 * as a GET of the provider's model list. After a failure it tries again at the
 * next interval. A libsoup preconnection would not do: it dies after 3 s.
 *
 * Under HTTP/1 a connection is for one request: when so many are under way to
 * the host that the next would have to wait for a new one, as many more are
 * opened, by the same request. */
#define PARLEY_WARM_INTERVAL (20 * G_TIME_SPAN_SECOND)
typedef struct _ParleyHttpWarm ParleyHttpWarm;
ParleyHttpWarm *parley_http_warm_new_in_loop (ParleyHttpRequest * request,
    ParleyHttpSession * session, gint64 interval);
void parley_http_warm_free (ParleyHttpWarm * warm);

G_END_DECLS
