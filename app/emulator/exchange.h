/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "emulator/cutstream.h"
#include "emulator/record.h"
#include "emulator/settings.h"
#include "net/limitstream.h"
#include "net/loop.h"

G_BEGIN_DECLS

/* One request and its answer, or one websocket, from the headers to the end.
 * All that leaves goes through here: faults, records and timers are dealt with
 * in this one place, so that a protocol only says what the real service would
 * say.
 *
 * An exchange ends when its answer is sent or its connection is gone; its data,
 * timers and what they refer to go with it. One thread. */

typedef struct _ParleyExchange ParleyExchange;
typedef struct _ParleyEmulator ParleyEmulator;

typedef struct
{
  const gchar *name;            /* in rules and records */
  const gchar *method;
  const gchar *path;            /* * is anything */
  gboolean websocket;
  /* The key that came with the request; NULL: none. Transfer full. Without
   * this function the protocol looks itself. */
  gchar *(*key) (ParleyExchange * self);
  /* Answers with the service's own error of that HTTP status. */
  void (*refuse) (ParleyExchange * self, guint status);
  /* Answers; for a websocket: refuses or calls parley_exchange_upgrade(). */
  void (*handle) (ParleyExchange * self);
  gboolean rest;                /* takes the delay of that name */
} ParleyProtocol;

/* A connection, as the server gives it; must outlive its exchanges. */
typedef struct
{
  ParleyCutStream *cut;         /* borrowed, as below */
  ParleyLimitStream *limit;
  GSocket *socket;
  gint64 accepted;              /* µs */
} ParleyLink;

/* What a websocket brings. @text is valid UTF-8, NUL-terminated. Either may be
 * NULL. */
typedef struct
{
  void (*open) (ParleyExchange * self);
  void (*text) (ParleyExchange * self, const gchar * text, gsize len);
  void (*binary) (ParleyExchange * self, const guint8 * bytes, gsize len);
} ParleyExchangeHandler;

/* For the server. */
ParleyExchange *parley_exchange_new (ParleyEmulator * emulator,
    const ParleyProtocol * protocol, SoupServerMessage * message,
    const ParleyLink * link);
/* Once the request is there: fault, key, then the protocol. */
void parley_exchange_begin (ParleyExchange * self);
/* The answer was sent, or could not be. */
void parley_exchange_over (ParleyExchange * self, gboolean complete);
gboolean parley_exchange_is_websocket (ParleyExchange * self);
/* It is one of @protocol, neither refused nor answered. */
gboolean parley_exchange_serves (ParleyExchange * self,
    const ParleyProtocol * protocol);

/* For protocols. Borrowed. */
ParleyEmulatorSettings *parley_exchange_settings (ParleyExchange * self);
ParleyLoop *parley_exchange_loop (ParleyExchange * self);
const gchar *parley_exchange_header (ParleyExchange * self,
    const gchar * name);
const gchar *parley_exchange_path (ParleyExchange * self);
/* A parameter of the URL's query; NULL: not there. */
const gchar *parley_exchange_query (ParleyExchange * self,
    const gchar * name);
/* All of them, gchar * to gchar *; never NULL. */
GHashTable *parley_exchange_queries (ParleyExchange * self);
GBytes *parley_exchange_body (ParleyExchange * self);
/* Seconds that a refusal names in Retry-After; -1: it names none. */
gint parley_exchange_retry_after (ParleyExchange * self);
SoupMessageHeaders *parley_exchange_headers (ParleyExchange * self);
/* A number that no other exchange has, for ids. */
guint parley_exchange_number (ParleyExchange * self);

/* Whether @key (NULL: none was given) is good enough. */
gboolean parley_exchange_accepts (ParleyExchange * self, const gchar * key);
/* Texts by name that all exchanges share. */
GHashTable *parley_exchange_shared (ParleyExchange * self);

gpointer parley_exchange_get_data (ParleyExchange * self);
void parley_exchange_set_data (ParleyExchange * self, gpointer data,
    GDestroyNotify destroy);

/* Calls @func (@self, @data) after @us, unless the exchange ends before or all
 * timers of @data are cancelled. */
typedef void (*ParleyExchangeFunc) (ParleyExchange * self, gpointer data);
void parley_exchange_after (ParleyExchange * self, gint64 us,
    ParleyExchangeFunc func, gpointer data);
void parley_exchange_cancel (ParleyExchange * self, gpointer data);

/* Answers. */
void parley_exchange_set_header (ParleyExchange * self, const gchar * name,
    const gchar * value);
/* The whole of it; @body NUL-terminated. */
void parley_exchange_respond (ParleyExchange * self, guint status,
    const gchar * type, const gchar * body);
void parley_exchange_respond_bytes (ParleyExchange * self, guint status,
    const gchar * type, GBytes * body);
/* In chunks. @what: for the record; static. */
void parley_exchange_stream (ParleyExchange * self, guint status,
    const gchar * type);
void parley_exchange_chunk (ParleyExchange * self, const gchar * what,
    const void *bytes, gsize len);
void parley_exchange_finish (ParleyExchange * self);

/* Websockets; messages after the end of it are dropped. @handler: static. */
void parley_exchange_upgrade (ParleyExchange * self,
    const ParleyExchangeHandler * handler);
/* The message that is taken just now asks for an answer: an "ask" in the
 * record. */
void parley_exchange_is_asked (ParleyExchange * self);
void parley_exchange_send_text (ParleyExchange * self, const gchar * what,
    const gchar * text);
void parley_exchange_send_binary (ParleyExchange * self, const gchar * what,
    const void *bytes, gsize len);
/* Closes after what was sent. */
void parley_exchange_close (ParleyExchange * self, guint code,
    const gchar * reason);

G_END_DECLS
