/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The far end of a TCP connection to 127.0.0.1, byte by byte: what no HTTP or
 * websocket library would ever send can be sent. It reads on the default
 * context, which the waiting functions iterate. */

typedef struct
{
  GSocketConnection *connection;
  GSocket *socket;
  GSource *source;              /* NULL: reads no more */
  GByteArray *in;               /* what came and was not taken yet */
  gboolean gone;                /* the other side closed */
} ParleyMockPeer;

/* Iterates the default context until @condition holds; fails after a minute. */
#define parley_mock_wait(condition) G_STMT_START { \
  GSource *wake_ = parley_mock_wait_begin (); \
  while (!(condition)) \
    parley_mock_wait_once (G_STRLOC, #condition); \
  parley_mock_wait_end (wake_); \
} G_STMT_END
GSource *parley_mock_wait_begin (void);
void parley_mock_wait_once (const gchar * where, const gchar * condition);
void parley_mock_wait_end (GSource * wake);

/* Iterates the default context until nothing has come for a while: what the
 * services here have to say has come, however busy the machine is. */
void parley_mock_settle (void);
/* Lets @us of the clock by hand pass, settling at each timer on the way. */
void parley_mock_advance (gint64 us);

/* TRUE: no service of this process had @port before. One at such a port would
 * be taken for the one before, by breakers and by caches. */
gboolean parley_mock_take_port (guint16 port);
/* Listens at a free port of 127.0.0.1 that is new, and tells it. */
guint16 parley_mock_listen (SoupServer * server);

ParleyMockPeer *parley_mock_peer_new (guint16 port);
/* @receive_buffer: bytes that the kernel keeps for it at most; 0: as usual. */
ParleyMockPeer *parley_mock_peer_new_narrow (guint16 port,
    gint receive_buffer);
/* Closes the connection (FIN). */
void parley_mock_peer_free (ParleyMockPeer * peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyMockPeer, parley_mock_peer_free);
/* Resets it (RST). */
void parley_mock_peer_abort (ParleyMockPeer * peer);
void parley_mock_peer_stop_reading (ParleyMockPeer * peer);

/* FALSE: the other side closed before it took all. */
gboolean parley_mock_peer_write (ParleyMockPeer * peer, const void *data,
    gsize len);
gboolean parley_mock_peer_print (ParleyMockPeer * peer, const gchar * text);
/* Waits for a response: its status, 0 when the connection closed instead. Head
 * and body are appended where they are not NULL. */
guint parley_mock_peer_response (ParleyMockPeer * peer, GString * head,
    GString * body);

/* Websockets: @headers is whole lines with their ends, or NULL. Returns the
 * status, 101 when upgraded; @head as above. */
guint parley_mock_peer_upgrade (ParleyMockPeer * peer, const gchar * path,
    const gchar * headers, GString * head);
#define PARLEY_MOCK_FIN 0x80
/* @first: FIN and opcode. */
gboolean parley_mock_peer_frame (ParleyMockPeer * peer, guint8 first,
    const void *data, gsize len);
gboolean parley_mock_peer_text (ParleyMockPeer * peer, const gchar * text);
/* The next frame that came: its opcode, -1 for none yet. */
gint parley_mock_peer_take_frame (ParleyMockPeer * peer, GString * payload);

G_END_DECLS
