/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/pages.h"

#include <string.h>

#include "parley-web.h"

#define PREFIX "/org/parley/web/"

static const gchar *
content_type (const gchar * name)
{
  static const struct
  {
    const gchar *ending;
    const gchar *type;
  } types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".ico", "image/x-icon"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (name, types[i].ending))
      return types[i].type;
  return "application/octet-stream";
}

static void
set_headers (SoupServerMessage * message)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_response_headers (message);

  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Content-Security-Policy",
      "default-src 'self'; connect-src 'self' ws: wss:; "
      "frame-ancestors 'none'");
}

void
parley_pages_answer (SoupServerMessage * message, const gchar * path)
{
  const gchar *method = soup_server_message_get_method (message);
  const gchar *name = strcmp (path, "/talk") == 0 ? ""
      : path + strlen ("/talk/");
  g_autofree gchar *resource =
      g_strconcat (PREFIX, *name ? name : "talk.html", NULL);
  GBytes *bytes;
  gsize len;
  const gchar *data;

  if (strcmp (method, "GET") != 0 && strcmp (method, "HEAD") != 0) {
    soup_server_message_set_status (message, SOUP_STATUS_METHOD_NOT_ALLOWED,
        NULL);
    return;
  }
  bytes = g_resource_lookup_data (parley_web_get_resource (), resource, 0,
      NULL);
  if (!bytes) {
    soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
    return;
  }
  data = g_bytes_get_data (bytes, &len);
  set_headers (message);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, content_type (resource),
      SOUP_MEMORY_COPY, data, len);
  g_bytes_unref (bytes);
}
