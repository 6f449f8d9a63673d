/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "net/loop.h"
#include "net/twiliomessage.h"
#include "speech/played.h"

G_BEGIN_DECLS

/* One phone call: its Media Streams socket, its loop and its variables. The two
 * ends of a pipeline share it: twiliosrc reads from it, mulawsink writes to it.
 *
 * Threads: a call belongs to its loop. References may be held and dropped
 * anywhere, and parley_call_get_loop(), _get_played(), _end(), _expand() and
 * _get_start() called from anywhere; all else on the loop. */

#define PARLEY_TYPE_CALL (parley_call_get_type ())
G_DECLARE_FINAL_TYPE (ParleyCall, parley_call, PARLEY, CALL, GObject)

#define PARLEY_CALL_ERROR (parley_call_error_quark ())
GQuark parley_call_error_quark (void);

typedef enum
{
  PARLEY_CALL_ERROR_PROTOCOL,   /* the caller's side sent what it must not */
  PARLEY_CALL_ERROR_NO_START,   /* no start message in time */
  PARLEY_CALL_ERROR_STALE,      /* no media for stale-after */
  PARLEY_CALL_ERROR_STUCK,      /* the peer reads no more */
  PARLEY_CALL_ERROR_LOST        /* the socket went away without a close */
} ParleyCallError;

/* Whoever takes part in a call. All on the loop; any may be NULL. A message may
 * be robbed of its payload by the first who wants it. */
typedef struct
{
  void (*started) (ParleyCall * call, gpointer data);
  void (*media) (ParleyCall * call, ParleyTwilioMessage * message,
      gpointer data);
  void (*dtmf) (ParleyCall * call, gchar digit, gpointer data);
  void (*mark) (ParleyCall * call, const gchar * name, gpointer data);
  /* Messages as they are on the wire, @len bytes of JSON: each that came,
   * before it is looked at, and each that was queued to be sent. */
  void (*received) (ParleyCall * call, const gchar * json, gsize len,
      gpointer data);
  void (*sent) (ParleyCall * call, const gchar * json, gsize len,
      gpointer data);
  /* Once, last. @error: NULL after stop or a proper close. */
  void (*ended) (ParleyCall * call, const GError * error, gpointer data);
} ParleyCallHandler;

/* A call on @loop, without a socket yet; any thread. A call that never gets one
 * is for a pipeline that only warms up. */
ParleyCall *parley_call_new (ParleyLoop * loop);

/* Gives the call its socket, once (a call that was ended before closes it).
 * @websocket was made on the call's loop; @socket is what it runs over (NULL:
 * unknown), @accepted the parley_clock_now() of its arrival. */
void parley_call_attach_in_loop (ParleyCall * call,
    SoupWebsocketConnection * websocket, GSocket * socket, gint64 accepted);

ParleyLoop *parley_call_get_loop (ParleyCall * call);
/* What was sent to be played, and when. Borrowed. */
ParleyPlayedSound *parley_call_get_played (ParleyCall * call);
/* 0: not attached yet. */
gint64 parley_call_get_accepted_in_loop (ParleyCall * call);

/* Adds a participant; if the call has started (or ended) already, it is told
 * at once. Remove it by the number returned; 0 is ignored. */
guint parley_call_add_handler_in_loop (ParleyCall * call,
    const ParleyCallHandler * handler, gpointer data);
void parley_call_remove_handler_in_loop (ParleyCall * call, guint id);

/* Ends the call when no media came for that long, in seconds; 0: never. */
void parley_call_set_stale_after_in_loop (ParleyCall * call, guint seconds);

/* The start message; NULL before it came. Lives as long as the call. */
const ParleyTwilioMessage *parley_call_get_start (ParleyCall * call);

/* @text with %{call.from}, %{call.to}, %{call.sid} and %{param.NAME} replaced
 * by what start said; unknown variables become nothing. Transfer full. */
gchar *parley_call_expand (ParleyCall * call, const gchar * text);

/* FALSE while the peer has over 64 KiB unread, or all that the kernel takes if
 * that is less (5 s of it end the call), before start and after the end: keep
 * what you have and try again. */
gboolean parley_call_can_send_in_loop (ParleyCall * call);
/* Nothing is sent before start or after the end. */
void parley_call_send_media_in_loop (ParleyCall * call, const guint8 * mulaw,
    gsize len);
void parley_call_send_mark_in_loop (ParleyCall * call, const gchar * name);
void parley_call_send_clear_in_loop (ParleyCall * call);

/* Closes the socket (websocket close 1000): the agent hangs up. Any thread; it
 * happens on the loop. Handlers are told "ended" without an error. */
void parley_call_end (ParleyCall * call);

G_END_DECLS
