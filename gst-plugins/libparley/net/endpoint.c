/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/endpoint.h"

#include <string.h>

static const gchar *
wrong_url (GUri * uri, gboolean websocket)
{
  const gchar *scheme = uri ? g_uri_get_scheme (uri) : NULL;
  gboolean http = scheme && (g_str_equal (scheme, "http")
      || g_str_equal (scheme, "https"));
  gboolean ws = scheme && (g_str_equal (scheme, "ws")
      || g_str_equal (scheme, "wss"));

  if (!http && !(websocket && ws))
    return websocket ? "the address must begin with wss://HOST or ws://HOST"
        : "the address must begin with https://HOST or http://HOST";
  if (!g_uri_get_host (uri) || !*g_uri_get_host (uri))
    return "the address has no host";
  if (g_uri_get_userinfo (uri))
    return "the address holds a user or password, which belongs in a variable "
        "that api-key-env names";
  return NULL;
}

gboolean
parley_endpoint_init (ParleyEndpoint * self, const gchar * provider,
    const gchar * url, gboolean websocket, GError ** error)
{
  GUri *uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  const gchar *wrong = wrong_url (uri, websocket);
  const gchar *host;

  memset (self, 0, sizeof *self);
  if (wrong) {
    g_propagate_error (error, parley_net_error_new (PARLEY_NET_ERROR_SETTINGS,
            provider, "%s", wrong));
    g_clear_pointer (&uri, g_uri_unref);
    return FALSE;
  }
  host = g_uri_get_host (uri);
  self->provider = g_strdup (provider);
  self->uri = uri;
  self->host = strchr (host, ':') ? g_strdup_printf ("[%s]", host)
      : g_strdup (host);
  /* With SOUP_HTTP_URI_FLAGS the scheme's own port is filled in. */
  if (g_uri_get_port (uri) > 0 && g_uri_get_port (uri) != 80
      && g_uri_get_port (uri) != 443) {
    gchar *name = g_steal_pointer (&self->host);

    self->host = g_strdup_printf ("%s:%d", name, g_uri_get_port (uri));
    g_free (name);
  }
  self->headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  self->secrets = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->secrets, NULL);
  return TRUE;
}

void
parley_endpoint_copy (ParleyEndpoint * self, ParleyEndpoint * other)
{
  self->provider = g_strdup (other->provider);
  self->uri = g_uri_ref (other->uri);
  self->host = g_strdup (other->host);
  self->headers = soup_message_headers_ref (other->headers);
  self->secrets = g_ptr_array_ref (other->secrets);
}

void
parley_endpoint_clear (ParleyEndpoint * self)
{
  g_clear_pointer (&self->provider, g_free);
  g_clear_pointer (&self->uri, g_uri_unref);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->headers, soup_message_headers_unref);
  g_clear_pointer (&self->secrets, g_ptr_array_unref);
}

gboolean
parley_endpoint_set_secret (ParleyEndpoint * self, const gchar * name,
    const gchar * prefix, const gchar * secret, GError ** error)
{
  gchar *value;

  for (const gchar * c = secret; *c || c == secret; c++) {
    if (g_ascii_isgraph (*c))
      continue;
    g_propagate_error (error, parley_endpoint_error (self,
            PARLEY_NET_ERROR_SETTINGS, "the key is %s: check the variable that "
            "api-key-env names", *c ? "not one word of ASCII" : "empty"));
    return FALSE;
  }
  value = g_strconcat (prefix ? prefix : "", secret, NULL);
  soup_message_headers_replace (self->headers, name, value);
  g_ptr_array_insert (self->secrets, 0, g_strdup (secret));
  g_free (value);
  return TRUE;
}

static void
append_header (const gchar * name, const gchar * value, gpointer data)
{
  soup_message_headers_replace (data, name, value);
}

SoupMessage *
parley_endpoint_new_message (ParleyEndpoint * self, const gchar * method)
{
  SoupMessage *message = soup_message_new_from_uri (method, self->uri);

  soup_message_headers_foreach (self->headers, append_header,
      soup_message_get_request_headers (message));
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  /* With it, libsoup reads the whole body of a 401 first, however long. */
  soup_message_disable_feature (message, SOUP_TYPE_AUTH_MANAGER);
  return message;
}

GError *
parley_endpoint_error (ParleyEndpoint * self, ParleyNetError code,
    const gchar * format, ...)
{
  va_list args;
  gchar *text;
  GError *error;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  error = parley_net_error_new (code, self->provider, "%s: %s", self->host,
      text);
  g_free (text);
  return error;
}

GError *
parley_endpoint_wrap_error (ParleyEndpoint * self, const GError * cause,
    gboolean sent)
{
  gchar *says = parley_clean_text (cause->message, strlen (cause->message),
      (const gchar * const *) self->secrets->pdata);
  GError *error;

  if (cause->domain == G_TLS_ERROR)
    error = parley_endpoint_error (self, PARLEY_NET_ERROR_TLS,
        "no secure connection (%s): check base-url and the system's "
        "certificates", says);
  else if (cause->domain == SOUP_SESSION_ERROR
      || cause->domain == SOUP_WEBSOCKET_ERROR)
    error = parley_endpoint_error (self, PARLEY_NET_ERROR_PROTOCOL,
        "not an answer that can be read (%s): check base-url", says);
  else if (!sent)
    error = parley_endpoint_error (self, PARLEY_NET_ERROR_CONNECT,
        "no connection (%s): check the network and base-url", says);
  else
    error = parley_endpoint_error (self, PARLEY_NET_ERROR_DROPPED,
        "the connection was lost in the middle (%s): try again", says);
  g_free (says);
  return error;
}

static gint64
read_retry_after (SoupMessageHeaders * headers)
{
  const gchar *ms = soup_message_headers_get_one (headers, "retry-after-ms");
  const gchar *after = soup_message_headers_get_one (headers, "Retry-After");
  guint64 value;

  if (ms && g_ascii_string_to_unsigned (ms, 10, 0,
          G_TIME_SPAN_DAY / G_TIME_SPAN_MILLISECOND, &value, NULL))
    return value * G_TIME_SPAN_MILLISECOND;
  return after ? parley_retry_after_parse (after,
      g_get_real_time () / G_TIME_SPAN_SECOND) : -1;
}

GError *
parley_endpoint_status_error (ParleyEndpoint * self, SoupMessage * message,
    const gchar * body, gsize len)
{
  return parley_net_error_new_status (self->provider, self->host,
      soup_message_get_status (message),
      read_retry_after (soup_message_get_response_headers (message)), body,
      len, (const gchar * const *) self->secrets->pdata);
}
