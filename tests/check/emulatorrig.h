/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "emulator/server.h"
#include "mock/peer.h"

G_BEGIN_DECLS

/* An emulator on a free port and clients of libsoup, all on the default context
 * of one thread. */

typedef struct
{
  ParleyEmulator *emulator;
  SoupSession *session;
  guint16 port;
} EmulatorRig;

/* @config: the file's text, with ' for ". */
EmulatorRig *emulator_rig_new (const gchar * config);
void emulator_rig_free (EmulatorRig * rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EmulatorRig, emulator_rig_free);

/* @text with " for each '. */
gchar *emulator_quote (const gchar * text);

typedef struct
{
  SoupMessage *message;
  GBytes *body;                 /* NULL: it did not come, or not all of it */
  GCancellable *cancellable;
  gboolean done;
} EmulatorReply;
void emulator_reply_free (EmulatorReply * reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EmulatorReply, emulator_reply_free);

/* A message for "METHOD PATH" with the key "key-1" the way OpenAI wants it, and
 * @body (' for "; NULL: none) as JSON. */
SoupMessage *emulator_rig_message (EmulatorRig * rig, const gchar * target,
    const gchar * body);
/* Takes @message; does not wait. */
EmulatorReply *emulator_rig_begin (EmulatorRig * rig, SoupMessage * message);
/* The same and waits. */
EmulatorReply *emulator_rig_send (EmulatorRig * rig, SoupMessage * message);
EmulatorReply *emulator_rig_request (EmulatorRig * rig, const gchar * target,
    const gchar * body);
guint emulator_reply_status (EmulatorReply * reply);
/* NUL-terminated; transfer full; "" without. */
gchar *emulator_reply_text (EmulatorReply * reply);
/* The body as JSON, which must be an object. */
JsonObject *emulator_reply_json (EmulatorReply * reply);

/* The member at @path, such as "error.code" or "choices[0].index", of @object
 * as text; NULL: there is none. Transfer full. */
gchar *emulator_get (JsonObject * object, const gchar * path);
#define emulator_assert_get(object, path, cmp, value) G_STMT_START { \
  g_autofree gchar *got_ = emulator_get (object, path); \
  g_assert_cmpstr (got_, cmp, value); \
} G_STMT_END

/* The records, from /emulator/requests; the objects live as long as the
 * node. */
JsonNode *emulator_rig_records (EmulatorRig * rig);
JsonObject *emulator_record (JsonNode * records, guint index);

/* A websocket client that keeps what comes. */
typedef struct
{
  SoupWebsocketConnection *socket;      /* NULL: refused, or not there yet */
  SoupMessage *message;
  GPtrArray *texts;             /* of gchar * */
  GPtrArray *binaries;          /* of GBytes */
  gboolean done;                /* the handshake is over */
  gboolean closed;
} EmulatorSocket;
/* @path with query; @header, @value: one more; NULL: none. Waits for the
 * handshake. */
EmulatorSocket *emulator_rig_connect (EmulatorRig * rig, const gchar * path,
    const gchar * header, const gchar * value);
void emulator_socket_free (EmulatorSocket * socket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EmulatorSocket, emulator_socket_free);
/* @text with ' for ". */
void emulator_socket_send (EmulatorSocket * socket, const gchar * text);
void emulator_socket_send_bytes (EmulatorSocket * socket, const void *bytes,
    gsize len);
/* Waits for the next text and parses it; a node whose root is an object. */
JsonNode *emulator_socket_next (EmulatorSocket * socket);
/* Waits until it is closed; the code. */
guint emulator_socket_await_closed (EmulatorSocket * socket);

/* @ms of a tone, S16. */
GArray *emulator_tone (guint rate, guint ms);

G_END_DECLS
