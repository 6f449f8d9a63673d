/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/webhook.h"

#include <string.h>

#include "net/twiliosignature.h"

/* Of one <Parameter>, name and value together (Twilio's limit). */
#define MAX_PARAMETER 500

struct _ParleyWebhook
{
  gchar *base;                  /* "//host/prefix"; NULL: from Host */
  gchar *scheme;                /* of the public URL */
  gchar *media_path;
  gchar *auth_token;            /* NULL: no check */
};

G_DEFINE_QUARK (parley - webhook - error, parley_webhook_error);

/* Which fields of the webhook become stream parameters. */
static const gchar *passed_on[] = {
  "From", "To", "Direction", "CallerName", "ForwardedFrom", "FromCity",
  "FromState", "FromZip", "FromCountry", "ToCity", "ToCountry", "AnsweredBy"
};

static gboolean
parse_public_url (ParleyWebhook * self, const gchar * url, GError ** error)
{
  GUri *uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);
  const gchar *scheme = uri ? g_uri_get_scheme (uri) : NULL;
  gboolean secure = scheme && (g_str_equal (scheme, "https")
      || g_str_equal (scheme, "wss"));
  gboolean plain = scheme && (g_str_equal (scheme, "http")
      || g_str_equal (scheme, "ws"));
  const gchar *host = uri ? g_uri_get_host (uri) : NULL;
  gchar *path, *authority;

  if (!(secure || plain) || !host || !*host) {
    g_set_error (error, PARLEY_WEBHOOK_ERROR, 0,
        "public-url “%s” is not a URL; write it as https://HOST[/PATH]",
        url);
    g_clear_pointer (&uri, g_uri_unref);
    return FALSE;
  }
  path = g_strdup (g_uri_get_path (uri));
  if (g_str_has_suffix (path, "/"))
    path[strlen (path) - 1] = '\0';
  self->scheme = g_strdup (secure ? "s" : "");
  /* GUri takes the brackets off an address of IPv6. */
  authority = strchr (host, ':') ? g_strdup_printf ("[%s]", host)
      : g_strdup (host);
  if (g_uri_get_port (uri) > 0)
    self->base = g_strdup_printf ("//%s:%d%s", authority,
        g_uri_get_port (uri), path);
  else
    self->base = g_strdup_printf ("//%s%s", authority, path);
  g_free (authority);
  g_free (path);
  g_uri_unref (uri);
  return TRUE;
}

/* Whether @name may be shown: a name as they are written by custom, not a token
 * that was put in its place. */
static gboolean
is_shown (const gchar * name)
{
  return *name && strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")
      == strlen (name) && !g_ascii_isdigit (*name);
}

ParleyWebhook *
parley_webhook_new (const gchar * public_url, const gchar * media_path,
    const gchar * auth_token_env, GError ** error)
{
  ParleyWebhook *self = g_new0 (ParleyWebhook, 1);
  const gchar *token = auth_token_env ? g_getenv (auth_token_env) : NULL;

  self->media_path = g_strdup (media_path);
  if (public_url && !parse_public_url (self, public_url, error))
    goto wrong;
  if (auth_token_env && (!token || !*token)) {
    g_set_error (error, PARLEY_WEBHOOK_ERROR, 0,
        "the environment variable %s is not set; put the account's auth "
        "token there", is_shown (auth_token_env) ? auth_token_env
        : "that auth-token-env names");
    goto wrong;
  }
  if (token && !public_url) {
    g_set_error (error, PARLEY_WEBHOOK_ERROR, 0,
        "signatures cover the URL that Twilio was given; set public-url");
    goto wrong;
  }
  self->auth_token = g_strdup (token);
  return self;

wrong:
  parley_webhook_free (self);
  return NULL;
}

void
parley_webhook_free (ParleyWebhook * self)
{
  g_free (self->base);
  g_free (self->scheme);
  g_free (self->media_path);
  g_free (self->auth_token);
  g_free (self);
}

static const gchar *
header (SoupServerMessage * message, const gchar * name)
{
  return soup_message_headers_get_one (soup_server_message_get_request_headers
      (message), name);
}

/* Browsers let any page open a websocket anywhere, with the page's own origin
 * in the request. Only pages from here may; what is no browser sends none. */
static gboolean
is_own_origin (ParleyWebhook * self, const gchar * origin, const gchar * host)
{
  const gchar *authority = strstr (origin, "://");
  gsize base_len = self->base ? strcspn (self->base + 2, "/") : 0;

  if (!authority)
    return FALSE;
  authority += 3;
  if (host && g_ascii_strcasecmp (authority, host) == 0)
    return TRUE;
  return base_len && strlen (authority) == base_len
      && g_ascii_strncasecmp (authority, self->base + 2, base_len) == 0;
}

guint
parley_webhook_check_upgrade (ParleyWebhook * self, SoupServerMessage * message)
{
  const gchar *origin = header (message, "Origin");
  gchar *url;
  gboolean good;

  if (origin && !is_own_origin (self, origin, header (message, "Host")))
    return SOUP_STATUS_FORBIDDEN;
  if (!self->auth_token)
    return 0;
  url = g_strdup_printf ("ws%s:%s%s", self->scheme, self->base,
      self->media_path);
  good = parley_twilio_verify_upgrade (self->auth_token, url,
      header (message, "X-Twilio-Signature"));
  g_free (url);
  return good ? 0 : SOUP_STATUS_FORBIDDEN;
}

static gboolean
verify (ParleyWebhook * self, SoupServerMessage * message, const gchar * body,
    gsize len)
{
  GUri *uri = soup_server_message_get_uri (message);
  const gchar *query = g_uri_get_query (uri);
  gchar *url;
  gboolean good;

  if (!self->auth_token)
    return TRUE;
  url = g_strdup_printf ("http%s:%s%s%s%s", self->scheme, self->base,
      g_uri_get_path (uri), query ? "?" : "", query ? query : "");
  good = parley_twilio_verify_form (self->auth_token, url, body, len,
      header (message, "X-Twilio-Signature"));
  g_free (url);
  return good;
}

GPtrArray *
parley_webhook_read (ParleyWebhook * self, SoupServerMessage * message)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  GBytes *bytes = soup_message_body_flatten (body);
  const gchar *method = soup_server_message_get_method (message);
  const gchar *query = g_uri_get_query (soup_server_message_get_uri (message));
  gboolean post = g_str_equal (method, "POST");
  gsize len;
  const gchar *text = g_bytes_get_data (bytes, &len);
  GPtrArray *fields = NULL;
  guint status = SOUP_STATUS_OK;

  if (!post && !g_str_equal (method, "GET"))
    status = SOUP_STATUS_METHOD_NOT_ALLOWED;
  else if (!verify (self, message, text ? text : "", post ? len : 0))
    status = SOUP_STATUS_FORBIDDEN;
  else if (post)
    fields = parley_twilio_form_parse (text ? text : "", len);
  else
    fields = parley_twilio_form_parse (query ? query : "",
        query ? strlen (query) : 0);
  if (status == SOUP_STATUS_OK && !fields)
    status = SOUP_STATUS_BAD_REQUEST;
  if (status != SOUP_STATUS_OK)
    soup_server_message_set_status (message, status, NULL);
  g_bytes_unref (bytes);
  return fields;
}

static void
answer_twiml (SoupServerMessage * message, GString * twiml)
{
  gsize len = twiml->len;

  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "text/xml; charset=utf-8",
      SOUP_MEMORY_TAKE, g_string_free (twiml, FALSE), len);
}

static gchar *
stream_url (ParleyWebhook * self, SoupServerMessage * message)
{
  const gchar *host = header (message, "Host");

  if (self->base)
    return g_strdup_printf ("ws%s:%s%s", self->scheme, self->base,
        self->media_path);
  return g_strdup_printf ("wss://%s%s", host ? host : "localhost",
      self->media_path);
}

/* Whether XML can hold @text: most control characters it cannot. */
static gboolean
is_xml (const gchar * text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (; *text; text = g_utf8_next_char (text)) {
    gunichar c = g_utf8_get_char (text);

    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xfffe
        || c == 0xffff)
      return FALSE;
  }
  return TRUE;
}

static void
append_parameter (GString * twiml, const gchar * name, const gchar * value)
{
  gchar *line;

  if (!value || !*value || strlen (name) + strlen (value) >= MAX_PARAMETER
      || !is_xml (value))
    return;
  line = g_markup_printf_escaped
      ("      <Parameter name=\"%s\" value=\"%s\"/>\n", name, value);
  g_string_append (twiml, line);
  g_free (line);
}

void
parley_webhook_answer_connect (ParleyWebhook * self,
    SoupServerMessage * message, GPtrArray * fields)
{
  gchar *url = stream_url (self, message);
  gchar *open = g_markup_printf_escaped
      ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  <Connect>\n"
      "    <Stream url=\"%s\">\n", url);
  GString *twiml = g_string_new (open);

  for (guint i = 0; i < G_N_ELEMENTS (passed_on); i++)
    append_parameter (twiml, passed_on[i],
        parley_twilio_form_get (fields, passed_on[i]));
  g_string_append (twiml, "    </Stream>\n  </Connect>\n  <Hangup/>\n"
      "</Response>\n");
  answer_twiml (message, twiml);
  g_free (open);
  g_free (url);
}

void
parley_webhook_answer_say (SoupServerMessage * message, const gchar * text)
{
  gchar *xml = g_markup_printf_escaped
      ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n"
      "  <Say>%s</Say>\n  <Hangup/>\n</Response>\n", text);

  answer_twiml (message, g_string_new (xml));
  g_free (xml);
}
