/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mock/peer.h"
#include "net/call.h"
#include "net/server.h"

/* A call with a real socket: the far end is a peer of bytes, the near end comes
 * from a server whose only loop is the default context. */

#define RIG_SID "MZ00000000000000000000000000000001"
#define RIG_CALL_SID "CA00000000000000000000000000000002"
#define RIG_SECOND_MS 1000

typedef struct
{
  ParleyLoop *loop;
  ParleyServer *server;
  ParleyCall *call;             /* of the last upgrade; a reference */
  GSocket *socket;              /* of it, borrowed */
  ParleyMockPeer *peer;
  GString *log;                 /* what the watcher was told */
  guint ended;
  guint watcher;
} CallRig;

void rig_set_up (CallRig * rig, gconstpointer data);
void rig_tear_down (CallRig * rig, gconstpointer data);
/* A case with a rig of its own: /net-call/@name. */
void rig_add (const gchar * name, gconstpointer data,
    void (*func) (CallRig *, gconstpointer));
/* Leaves out what libsoup tells of every ping. */
void rig_quiet (void);

/* Writes down what it is told: started media160 key5 mark:NAME ended
 * ended:protocol */
extern const ParleyCallHandler rig_watching;
void rig_note (CallRig * rig, const gchar * what);
/* All that was told since the last time. */
#define assert_told(self, words) G_STMT_START { \
  g_assert_cmpstr ((self)->log->str, ==, words); \
  g_string_truncate ((self)->log, 0); \
} G_STMT_END

/* The far end: connects; sends messages. */
void rig_dial (CallRig * rig);
void rig_drop_peer (CallRig * rig);
void rig_send_built (CallRig * rig, GString * message);
void rig_send_start (CallRig * rig);
void rig_send_media (CallRig * rig);
void rig_send_dtmf (CallRig * rig, gchar digit);
void rig_send_stop (CallRig * rig);
/* A call that has started and of which nothing was noted yet. */
void rig_start_call (CallRig * rig);
/* The same, its far end reading no more and the way there full; time stands.
 * @send_buffer: bytes of the near end's, 0: as usual. */
void rig_dial_stuck (CallRig * rig, gint send_buffer);
/* The next frame that the peer is sent; "" when it is closed. */
void assert_sent (CallRig * rig, const gchar * expected);
void assert_fresh_call_works (CallRig * rig);
void rig_advance_ms (gint64 step);
