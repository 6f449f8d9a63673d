/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

#include "net/twiliomessage.h"

G_BEGIN_DECLS

/* A small Media Streams server for tests, on a free port of 127.0.0.1 and the
 * thread-default context. It has no clock: it counts the caller's frames, so
 * that it does the same things with real and with stepped time. What /calls/SID
 * tells of its answers is by parley_clock_now(). */

typedef struct
{
  guint refuse;                 /* with this HTTP status; 0: it does not */
  guint greeting_ms;            /* length of the greeting; 0: none */
  guint reply_after_ms;         /* silence after speech before the reply */
  guint reply_ms;               /* its length; 0: never answers */
  gboolean dump;                /* all of it in one message, else 20 ms each */
  gboolean mark;                /* a mark "end" after each reply */
  gboolean clear_on_speech;     /* barge-in: clear, and no more of the reply */
  gboolean stream_silence;      /* media with every frame of the caller */
  gboolean reply_to_keys;       /* each key begins a reply */
  guint pause_at_ms;            /* so far into a reply … */
  guint pause_ms;               /* … nothing comes for so long */
  guint garbage_at_ms;          /* sends what is no Media Streams message */
  guint drop_at_ms;             /* drops the connection; 0: never */
  guint close_at_ms;            /* closes it with close_code */
  gushort close_code;
  guint refuse_page;            /* /calls/SID with this HTTP status */
  guint late_pages;             /* so many times /calls/SID knows no turns */
  guint lie_ms;                 /* leading silence that is not there */
} ParleyMockMedia;

typedef struct
{
  ParleyMockMedia script;
  SoupServer *server;
  GPtrArray *calls;             /* inside */

  /* What came, over all calls. */
  guint calls_taken;
  guint connected;
  guint frames;
  guint loud_frames;
  guint marks;                  /* echoed */
  guint stops;
  guint closed;
  guint sent;                   /* media messages to callers */
  guint sent_marks;
  guint sent_clears;
  GString *digits;
  gchar *signature;             /* of the last upgrade; NULL: none */
  gchar *user_agent;
  gchar *authorization;         /* of the last request for /calls */
  guint pages;                  /* such requests */
  JsonArray *turns;             /* what /calls/SID tells of the last call */
  ParleyTwilioMessage start;    /* the last one */
  guint faults;                 /* messages out of order or unreadable */
} ParleyMockServer;

ParleyMockServer *parley_mock_server_new (const ParleyMockMedia * script);
void parley_mock_server_free (ParleyMockServer * server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyMockServer, parley_mock_server_free)

/* ws://127.0.0.1:PORT/media. Transfer full. */
gchar *parley_mock_server_get_url (ParleyMockServer * server);
/* http://127.0.0.1:PORT. Transfer full. */
gchar *parley_mock_server_get_base (ParleyMockServer * server);

G_END_DECLS
