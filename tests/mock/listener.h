/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A server of a free port on 127.0.0.1 that says byte by byte what a test has
 * it say, on the default context. */

typedef struct
{
  GSocketConnection *connection;
  GByteArray *in;               /* what came, NUL behind it */
  gboolean gone;                /* the client closed */
  GSource *source;
} ParleyMockClient;

typedef struct
{
  GSocketService *service;
  guint16 port;
  GPtrArray *clients;           /* of ParleyMockClient, in order of arrival */
} ParleyMockListener;

ParleyMockListener *parley_mock_listener_new (void);
void parley_mock_listener_free (ParleyMockListener * listener);
/* One that came, by order; NULL: not yet. */
ParleyMockClient *parley_mock_listener_get (ParleyMockListener * listener,
    guint index);

/* FALSE: the client is gone. */
gboolean parley_mock_client_write (ParleyMockClient * client,
    const void *data, gsize len);
gboolean parley_mock_client_print (ParleyMockClient * client,
    const gchar * text);
/* A whole request came, head and body by its Content-Length. */
gboolean parley_mock_client_asked (ParleyMockClient * client);
/* Forgets what came. */
void parley_mock_client_forget (ParleyMockClient * client);
void parley_mock_client_close (ParleyMockClient * client);

G_END_DECLS
