/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/httprequest.h"

G_BEGIN_DECLS

/* A websocket to a provider.
 *
 *   ws = parley_ws_session_new ("deepgram", "wss://api.deepgram.com/v1/listen"
 *       "?encoding=mulaw", &error);
 *   parley_ws_session_set_secret (ws, "Authorization", "Token ", key, &error);
 *   parley_ws_session_set_handler_in_loop (ws, &handler, self);
 *   parley_ws_session_open_in_loop (ws, session);
 *   parley_ws_session_send_binary_in_loop (ws, audio, 160);     // at once
 *   ...
 *   parley_ws_session_close_in_loop (ws, 1000, NULL);
 *   g_object_unref (ws);          // cancels what is still under way
 *
 * Threads: all of it on the session's loop. Callbacks come from there, never
 * inside a call of these functions; any of them may cancel or unref. */

#define PARLEY_TYPE_WS_SESSION (parley_ws_session_get_type ())
G_DECLARE_FINAL_TYPE (ParleyWsSession, parley_ws_session, PARLEY, WS_SESSION,
    GObject)

typedef enum
{
  PARLEY_WS_NEW,
  PARLEY_WS_OPENING,
  PARLEY_WS_OPEN,
  PARLEY_WS_CLOSING,            /* close was called; the peer's is awaited */
  PARLEY_WS_ENDED               /* closed, failed or cancelled */
} ParleyWsState;

/* opened, messages, then closed or failed, which come once and last. Without
 * opened: failed. A websocket that the peer ends with a close frame is closed,
 * whatever its code; one that just ends is failed (DROPPED). Each may be NULL.
 * Text is valid UTF-8 and NUL-terminated (len without it). Borrowed. */
typedef struct
{
  void (*opened) (ParleyWsSession * ws, gpointer data);
  void (*text) (ParleyWsSession * ws, const gchar * text, gsize len,
      gpointer data);
  void (*binary) (ParleyWsSession * ws, const guint8 * bytes, gsize len,
      gpointer data);
  /* @code: of the close frame, 1005: it had none. @reason is cleaned of
   * secrets. */
  void (*closed) (ParleyWsSession * ws, guint code, const gchar * reason,
      gpointer data);
  void (*failed) (ParleyWsSession * ws, const GError * error, gpointer data);
} ParleyWsHandler;

/* Bytes of one message, however many fragments it comes in, unless set
 * otherwise; a larger one fails with TOO_LARGE. Of fragments, up to as much
 * again may be read before that is seen. (libsoup's 128 KiB are less than an
 * audio message of ElevenLabs.) */
#define PARLEY_WS_MAX_MESSAGE (4 * 1024 * 1024)
/* Bytes that wait to be sent, before open or behind a peer that does not read:
 * beyond them it fails with DROPPED. 1 MiB: over a minute of 16 kHz audio. */
#define PARLEY_WS_MAX_QUEUE (1024 * 1024)

/* @url: ws, wss, http or https; else as parley_http_request_new(). */
ParleyWsSession *parley_ws_session_new (const gchar * provider,
    const gchar * url, GError ** error);

/* Before it is opened; as those of a request. */
void parley_ws_session_set_header (ParleyWsSession * self, const gchar * name,
    const gchar * value);
gboolean parley_ws_session_set_secret (ParleyWsSession * self,
    const gchar * name, const gchar * prefix, const gchar * secret,
    GError ** error);
void parley_ws_session_add_protocol (ParleyWsSession * self,
    const gchar * protocol);
void parley_ws_session_set_max_message (ParleyWsSession * self, gsize bytes);
/* µs; 0: no limit. @connect: until it is open (default 3 s). @idle: without any
 * message while it is open (default: no limit; silence is normal for most). */
void parley_ws_session_set_timeouts (ParleyWsSession * self, gint64 connect,
    gint64 idle);
/* Pings every so many seconds (default 20, 0: none), so that nothing between
 * here and there takes the connection for dead. */
void parley_ws_session_set_ping_interval (ParleyWsSession * self,
    guint seconds);
/* The header in which the service says why it refuses the handshake, for the
 * error's text. (The body of a refusal cannot be had from libsoup 3.2.) */
void parley_ws_session_set_error_header (ParleyWsSession * self,
    const gchar * name);

/* Who is told; NULL: nobody. May be set anew at any time, as when one is taken
 * from a pool; what has happened is not told again. */
void parley_ws_session_set_handler_in_loop (ParleyWsSession * self,
    const ParleyWsHandler * handler, gpointer data);

/* Once. */
void parley_ws_session_open_in_loop (ParleyWsSession * self,
    ParleyHttpSession * session);
/* While it opens or is open: sent in this order as soon as it can be. After
 * that: nothing happens. @text: valid UTF-8; @len -1: up to its NUL. */
void parley_ws_session_send_text_in_loop (ParleyWsSession * self,
    const gchar * text, gssize len);
void parley_ws_session_send_binary_in_loop (ParleyWsSession * self,
    const void *bytes, gsize len);
/* Closes after what is queued: closed follows, at the latest after 2 s. */
void parley_ws_session_close_in_loop (ParleyWsSession * self, guint code,
    const gchar * reason);
/* Ends it at once, with no callback. */
void parley_ws_session_cancel_in_loop (ParleyWsSession * self);

ParleyWsState parley_ws_session_get_state (ParleyWsSession * self);
/* Bytes that wait to be sent here. */
gsize parley_ws_session_get_queued (ParleyWsSession * self);
/* The subprotocol the server chose; NULL: none. Borrowed. */
const gchar *parley_ws_session_get_protocol (ParleyWsSession * self);
/* A header of the handshake's answer, from opened or failed on; NULL: none. */
const gchar *parley_ws_session_get_response_header (ParleyWsSession * self,
    const gchar * name);
const gchar *parley_ws_session_get_provider (ParleyWsSession * self);

/* Warm websockets of one kind, for providers that let an unused one wait: so
 * many are kept open on a loop for as long as somebody holds the pool. */
typedef struct _ParleyWsPool ParleyWsPool;

typedef struct
{
  guint n_warm;                 /* kept open and unused */
  gint64 max_age;               /* µs; older ones are closed and replaced */
  /* Makes one, not opened yet; NULL: not now. @data: as given. */
  ParleyWsSession *(*make) (gpointer data);
  /* Text to be sent to those that wait, every @keepalive µs; NULL: none. */
  const gchar *keepalive_text;
  gint64 keepalive;
} ParleyWsPoolSettings;

/* The pool of @key on the session's loop; the first hold makes it with
 * @settings (copied) and begins to open. @key: provider, account and settings
 * in one string (the name of the key's variable, not the key). @data is freed
 * with @destroy at the end of the pool, or now if the pool is there already. */
ParleyWsPool *parley_ws_pool_hold_in_loop (ParleyHttpSession * session,
    const gchar * key, const ParleyWsPoolSettings * settings, gpointer data,
    GDestroyNotify destroy);
/* The last one closes what waits. */
void parley_ws_pool_release_in_loop (ParleyWsPool * pool);
/* One of the pool, open or opening, without a handler; transfer full. One that
 * waits is taken first, else one is made now. NULL: make had none. Set a
 * handler and look at its state: opened is not told again. */
ParleyWsSession *parley_ws_pool_take_in_loop (ParleyWsPool * pool);
/* Unused and open now. */
guint parley_ws_pool_get_n_open (ParleyWsPool * pool);

G_END_DECLS
