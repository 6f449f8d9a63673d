/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The built program as a server in a process of its own, and telephones that
 * call it. Everything that waits gives up after 30 s. One thread, its default
 * context. */

typedef struct
{
  GSubprocess *process;
  GDataInputStream *log;        /* its stderr */
  gchar *url;                   /* "http://127.0.0.1:PORT", or https */
  SoupSession *session;
} Served;

/* "parley serve" with @args (NULL-terminated) and a free port; waits until it
 * listens. */
Served *served_new (const gchar * const *args);
/* SIGTERM if it still runs; its exit status. */
int served_free (Served * served);
/* Waits for its end. */
int served_wait (Served * served);
/* Runs "parley serve" with @args to its end; the exit status, and what it said
 * on stderr. */
int served_fail (const gchar * const *args, gchar ** said);
/* Waits until a line of its log holds @text; transfer full. */
gchar *served_await_log (Served * served, const gchar * text);
/* Waits until /ready says 200. */
void served_await_ready (Served * served);

/* A request: its status and, if @body, what came. @form NULL: GET; @signature
 * may be NULL. */
guint served_request (Served * served, const gchar * path,
    const gchar * form, const gchar * signature, gchar ** body);

typedef struct
{
  SoupWebsocketConnection *socket;      /* NULL: refused */
  guint status;                 /* HTTP, of a refusal */
  gchar *stream_sid;
  guint chunk;
  guint n_media;                /* messages that came */
  gboolean closed;
} Phone;

/* Connects to /media and, if @call_sid, says connected and start with the
 * parameter To if given. */
Phone *phone_new (Served * served, const gchar * call_sid, const gchar * to);
/* One 20 ms frame of a tone. */
void phone_speak (Phone * phone);
/* Speaks up to @frames frames until something comes back; whether it did. */
gboolean phone_has_echo (Phone * phone, guint frames);
void phone_await_closed (Phone * phone);
/* Says stop and waits until the socket is closed. */
void phone_hang_up (Phone * phone);
void phone_free (Phone * phone);

G_END_DECLS
