/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/neterror.h"

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>
#include <string.h>

#include "net/jsoncheck.h"

#define MAX_TEXT 200            /* bytes of a server's words */
#define MAX_DEPTH 16
#define MAX_RETRY_AFTER G_TIME_SPAN_DAY
/* Letters and digits in a row from which on it is a key rather than a name, and
 * of a secret's own text from which on it tells something. */
#define KEY_RUN 16
#define SECRET_PART 6

typedef struct
{
  guint status;
  gint64 retry_after;
  gchar *detail;
  gchar *server_code;
} ParleyNetErrorPrivate;

static void
parley_net_error_private_init (ParleyNetErrorPrivate * self)
{
  self->retry_after = -1;
}

static void
parley_net_error_private_copy (const ParleyNetErrorPrivate * from,
    ParleyNetErrorPrivate * to)
{
  to->status = from->status;
  to->retry_after = from->retry_after;
  to->detail = g_strdup (from->detail);
  to->server_code = g_strdup (from->server_code);
}

static void
parley_net_error_private_clear (ParleyNetErrorPrivate * self)
{
  g_free (self->detail);
  g_free (self->server_code);
}

G_DEFINE_EXTENDED_ERROR (ParleyNetError, parley_net_error);

static const ParleyNetErrorPrivate *
get_private (const GError * error)
{
  static const ParleyNetErrorPrivate none = {.retry_after = -1 };

  if (!error || error->domain != PARLEY_NET_ERROR)
    return &none;
  return parley_net_error_get_private (error);
}

guint
parley_net_error_get_status (const GError * error)
{
  return get_private (error)->status;
}

gint64
parley_net_error_get_retry_after (const GError * error)
{
  return get_private (error)->retry_after;
}

const gchar *
parley_net_error_get_detail (const GError * error)
{
  return get_private (error)->detail;
}

const gchar *
parley_net_error_get_server_code (const GError * error)
{
  return get_private (error)->server_code;
}

gboolean
parley_net_error_is_transient (const GError * error)
{
  guint status = parley_net_error_get_status (error);

  if (!error || error->domain != PARLEY_NET_ERROR)
    return FALSE;
  switch (error->code) {
    case PARLEY_NET_ERROR_CONNECT:
    case PARLEY_NET_ERROR_TIMEOUT_CONNECT:
    case PARLEY_NET_ERROR_TIMEOUT_FIRST_BYTE:
    case PARLEY_NET_ERROR_TIMEOUT_IDLE:
    case PARLEY_NET_ERROR_TIMEOUT_TOTAL:
    case PARLEY_NET_ERROR_RATE_LIMITED:
    case PARLEY_NET_ERROR_DROPPED:
      return TRUE;
    case PARLEY_NET_ERROR_STATUS:
      return status == 408 || status == 409 || status == 425 || status >= 500;
    default:
      return FALSE;
  }
}

gboolean
parley_net_error_is_fault (const GError * error)
{
  return g_error_matches (error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_TLS)
      || g_error_matches (error, PARLEY_NET_ERROR, PARLEY_NET_ERROR_PROTOCOL)
      || (parley_net_error_is_transient (error)
      && parley_net_error_get_status (error) != 409
      && !(parley_net_error_get_status (error) == 429
          && parley_net_error_get_retry_after (error) >= 0));
}

/* Texts */

static gboolean
is_token_char (gchar c)
{
  return g_ascii_isalnum (c) || (c && strchr ("_-*+=", c));
}

static gboolean
has_key_run (const gchar * token)
{
  gsize run = 0, digits = 0, letters = 0;

  for (; *token; token++) {
    if (!g_ascii_isalnum (*token)) {
      run = digits = letters = 0;
      continue;
    }
    if (g_ascii_isdigit (*token))
      digits++;
    else
      letters++;
    if (++run >= KEY_RUN && digits > 0 && letters > 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
looks_like_key (const gchar * token, const gchar * const *secrets)
{
  static const gchar *prefixes[] = { "sk-", "sk_", "pk-", "pk_", "rk-", "xi-" };

  if (strlen (token) >= SECRET_PART)
    for (; secrets && *secrets; secrets++)
      if (strstr (*secrets, token))
        return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (token, prefixes[i]) && strlen (token) > 3)
      return TRUE;
  return strchr (token, '*') || has_key_run (token);
}

static gboolean
announces_key (const gchar * token)
{
  return g_ascii_strcasecmp (token, "bearer") == 0
      || g_ascii_strcasecmp (token, "basic") == 0
      || g_ascii_strcasecmp (token, "token") == 0;
}

/* @text word by word, without the words that look like a key; what follows
 * "Bearer" and its kind goes too if it has a digit. */
static gchar *
hide_keys (const gchar * text, const gchar * const *secrets)
{
  GString *out = g_string_new (NULL);
  gboolean announced = FALSE;

  while (*text) {
    gsize len = 0;
    gchar *token;

    while (is_token_char (text[len]))
      len++;
    if (len == 0) {
      g_string_append_c (out, *text++);
      continue;
    }
    token = g_strndup (text, len);
    if (looks_like_key (token, secrets)
        || (announced && strpbrk (token, "0123456789")))
      g_string_append (out, "***");
    else
      g_string_append (out, token);
    announced = announces_key (token);
    g_free (token);
    text += len;
  }
  return g_string_free (out, FALSE);
}

/* One line, blanks as single spaces, cut at a whole character. */
static gchar *
flatten (const gchar * text)
{
  GString *out = g_string_new (NULL);
  gboolean blank = FALSE;

  for (; *text; text = g_utf8_next_char (text)) {
    gunichar c = g_utf8_get_char (text);

    if (g_unichar_isspace (c) || g_unichar_iscntrl (c)) {
      blank = out->len > 0;
      continue;
    }
    if (out->len + blank + g_unichar_to_utf8 (c, NULL) > MAX_TEXT - 3) {
      g_string_append (out, "...");
      break;
    }
    if (blank)
      g_string_append_c (out, ' ');
    blank = FALSE;
    g_string_append_unichar (out, c);
  }
  return g_string_free (out, FALSE);
}

gchar *
parley_clean_text (const gchar * text, gsize len, const gchar * const *secrets)
{
  /* Of what is cut away later no more is looked at. */
  gchar *valid = g_utf8_make_valid (text, MIN (len, 16 * MAX_TEXT));
  GString *whole = g_string_new (valid);
  gchar *hidden, *flat;

  for (const gchar * const *s = secrets; s && *s; s++)
    if (**s)
      g_string_replace (whole, *s, "***", 0);
  hidden = hide_keys (whole->str, secrets);
  flat = flatten (hidden);
  g_free (hidden);
  g_free (valid);
  g_string_free (whole, TRUE);
  return flat;
}

/* What the server says */

static const gchar *
get_string (JsonObject * object, const gchar * name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && json_node_get_value_type (node) == G_TYPE_STRING
      ? json_node_get_string (node) : NULL;
}

static const gchar *
first_string (JsonObject * object, const gchar * const *names)
{
  const gchar *value = NULL;

  for (; *names && !value; names++)
    value = get_string (object, *names);
  return value;
}

/* The shapes of all providers: {"error":{…}}, {"error":"…"}, {"detail":{…}},
 * {"detail":"…"} and {…} with the fields themselves. */
static void
read_object (JsonObject * object, const gchar ** message, const gchar ** code)
{
  static const gchar *const inner[] = { "error", "detail", NULL };
  static const gchar *const messages[] =
      { "message", "err_msg", "error", "detail", "msg", "reason", NULL };
  static const gchar *const codes[] =
      { "code", "type", "status", "err_code", NULL };

  for (guint i = 0; inner[i]; i++) {
    JsonNode *node = json_object_get_member (object, inner[i]);

    if (node && JSON_NODE_HOLDS_OBJECT (node)) {
      object = json_node_get_object (node);
      break;
    }
  }
  *message = first_string (object, messages);
  *code = first_string (object, codes);
}

static void
read_body (ParleyNetErrorPrivate * self, const gchar * body, gsize len,
    const gchar * const *secrets)
{
  JsonParser *parser = json_parser_new_immutable ();
  const gchar *message = NULL, *code = NULL;
  JsonNode *root = NULL;

  if (!parley_json_check (body, len, MAX_DEPTH)
      && json_parser_load_from_data (parser, body, len, NULL))
    root = json_parser_get_root (parser);
  if (root && JSON_NODE_HOLDS_OBJECT (root))
    read_object (json_node_get_object (root), &message, &code);
  else if (len > 0 && !memchr (body, '<', len))
    message = body;
  if (message)
    self->detail = parley_clean_text (message,
        message == body ? len : strlen (message), secrets);
  if (code)
    self->server_code = parley_clean_text (code, strlen (code), secrets);
  if (self->detail && !*self->detail)
    g_clear_pointer (&self->detail, g_free);
  g_object_unref (parser);
}

static const gchar *
get_advice (guint status)
{
  switch (status) {
    case 401:
      return "the key is missing or wrong, check the variable that "
          "api-key-env names";
    case 402:
      return "the account has no credit left";
    case 403:
      return "the key may not do this, check its rights and the region";
    case 404:
      return "no such thing there, check base-url, model and voice";
    case 429:
      return "too many requests, lower max-concurrent or raise the account's "
          "limit";
    default:
      break;
  }
  if (status >= 500 || status == 408)
    return "the service has trouble, try later or set a fallback";
  if (status >= 400)
    return "it does not take the request, check the settings";
  if (status >= 300)
    return "it redirects, which is not followed, set base-url to the address "
        "that it leads to";
  return "not an answer to this request, check base-url";
}

static ParleyNetError
get_code (guint status)
{
  if (status == 401 || status == 403)
    return PARLEY_NET_ERROR_AUTH;
  return status == 429 ? PARLEY_NET_ERROR_RATE_LIMITED
      : PARLEY_NET_ERROR_STATUS;
}

/* libsoup does not know it. */
static const gchar *
get_phrase (guint status)
{
  return status == 429 ? "Too Many Requests" : soup_status_get_phrase (status);
}

GError *
parley_net_error_new_status (const gchar * provider, const gchar * host,
    guint status, gint64 retry_after, const gchar * body, gsize body_len,
    const gchar * const *secrets)
{
  GError *error = parley_net_error_new (get_code (status), provider,
      "%s answered HTTP %u (%s): %s", host, status,
      get_phrase (status), get_advice (status));
  ParleyNetErrorPrivate *self = parley_net_error_get_private (error);
  GString *text = g_string_new (error->message);

  self->status = status;
  self->retry_after = retry_after;
  if (body)
    read_body (self, body, body_len, secrets);
  if (retry_after >= 0)
    g_string_append_printf (text, "; again in %.1f s",
        (gdouble) retry_after / G_TIME_SPAN_SECOND);
  if (self->detail)
    g_string_append_printf (text, " (it says: %s)", self->detail);
  g_free (error->message);
  error->message = g_string_free (text, FALSE);
  return error;
}

GError *
parley_net_error_new (ParleyNetError code, const gchar * provider,
    const gchar * format, ...)
{
  va_list args;
  gchar *text;
  GError *error;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  error = g_error_new (PARLEY_NET_ERROR, code, "%s: %s", provider, text);
  g_free (text);
  return error;
}

gint64
parley_retry_after_parse (const gchar * value, gint64 now)
{
  gchar *end;
  gdouble seconds = g_ascii_strtod (value, &end);
  GDateTime *date;

  if (end != value && g_ascii_isdigit (*value)) {
    while (g_ascii_isspace (*end))
      end++;
    if (!*end)
      return MIN (seconds, MAX_RETRY_AFTER / G_TIME_SPAN_SECOND)
          * G_TIME_SPAN_SECOND;
  }
  date = soup_date_time_new_from_http_string (value);
  if (!date)
    return -1;
  seconds = CLAMP (g_date_time_to_unix (date) - now, 0,
      MAX_RETRY_AFTER / G_TIME_SPAN_SECOND);
  g_date_time_unref (date);
  return seconds * G_TIME_SPAN_SECOND;
}
