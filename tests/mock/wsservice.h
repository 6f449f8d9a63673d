/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* A service on a free port of 127.0.0.1 that takes websockets on any path and
 * says what a test has it say, on the default context. */

typedef struct
{
  SoupServer *server;
  gchar *url;                   /* http://127.0.0.1:PORT */
  GPtrArray *sockets;           /* SoupWebsocketConnection, as they came */
  SoupWebsocketConnection *talking;     /* the last that sent something */
  GPtrArray *requests;          /* of gchar *: "METHOD PATH?QUERY\nheaders" */
  GPtrArray *texts;             /* of gchar *, of all sockets */
  GString *texts_in;            /* the same, "; " between them */
  GByteArray *audio;            /* payload of binary messages, of all */
  GPtrArray *binaries;          /* of GBytes *, the messages */
  /* The next so many requests are refused. */
  guint n_refused;
  guint status;
  const gchar *header;          /* of a refusal; or NULL */
  const gchar *value;
  const gchar *body;            /* JSON; or NULL */
  /* Each text that comes; may be NULL. */
  void (*on_text) (SoupWebsocketConnection * socket, const gchar * text,
      gpointer data);
  void (*on_binary) (SoupWebsocketConnection * socket, GBytes * bytes,
      gpointer data);
  /* A request that is no websocket; NULL: 404. */
  void (*on_request) (SoupServerMessage * message, gpointer data);
  gpointer data;
} ParleyMockService;

ParleyMockService *parley_mock_service_new (gpointer data);
void parley_mock_service_free (ParleyMockService * service);

/* The socket that sent something last, if it is open, else the newest; NULL:
 * none came. That is the one that is spoken to below. */
SoupWebsocketConnection *parley_mock_service_get (ParleyMockService * service);
G_GNUC_PRINTF (2, 3)
void parley_mock_service_say (ParleyMockService * service, const gchar * format,
    ...);
/* Ends it without a word. */
void parley_mock_service_drop (ParleyMockService * service);
/* Bytes as they are. */
void parley_mock_service_write (ParleyMockService * service, const void *bytes,
    gsize len);
/* A text message in frames of @piece bytes at most, in writes of @cut bytes
 * with time between them. */
void parley_mock_service_say_in_pieces (ParleyMockService * service,
    const gchar * text, gsize piece, gsize cut);
/* Forgets what came so far, but no socket. */
void parley_mock_service_forget (ParleyMockService * service);

G_END_DECLS
