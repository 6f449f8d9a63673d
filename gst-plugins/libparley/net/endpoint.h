/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "net/neterror.h"

G_BEGIN_DECLS

/* Where a request or websocket goes and with which headers, and the errors that
 * can come of it, worded without its secrets. For net/ only.
 *
 * Threads: one loop. */

typedef struct
{
  gchar *provider;
  GUri *uri;
  gchar *host;                  /* with its port unless that is the scheme's */
  SoupMessageHeaders *headers;
  GPtrArray *secrets;           /* of gchar *, NULL at the end */
} ParleyEndpoint;

/* FALSE with @error (SETTINGS): not an URL for this. */
gboolean parley_endpoint_init (ParleyEndpoint * self, const gchar * provider,
    const gchar * url, gboolean websocket, GError ** error);
/* Shares headers and secrets with @other, which must not change any more. */
void parley_endpoint_copy (ParleyEndpoint * self, ParleyEndpoint * other);
void parley_endpoint_clear (ParleyEndpoint * self);

/* As parley_http_request_set_secret(). */
gboolean parley_endpoint_set_secret (ParleyEndpoint * self,
    const gchar * name, const gchar * prefix, const gchar * secret,
    GError ** error);

/* A message with the headers, that follows no redirect and asks for no
 * password; transfer full. */
SoupMessage *parley_endpoint_new_message (ParleyEndpoint * self,
    const gchar * method);

GError *parley_endpoint_error (ParleyEndpoint * self, ParleyNetError code,
    const gchar * format, ...) G_GNUC_PRINTF (3, 4);
/* What libsoup or GIO said, in our words. @sent: the connection was there. */
GError *parley_endpoint_wrap_error (ParleyEndpoint * self,
    const GError * cause, gboolean sent);
/* Of an answer other than 2xx. */
GError *parley_endpoint_status_error (ParleyEndpoint * self,
    SoupMessage * message, const gchar * body, gsize len);

G_END_DECLS
