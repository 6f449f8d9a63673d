/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/twiliosignature.h"

#include <string.h>

#define MAX_BODY (64 * 1024)
#define MAX_FIELDS 512
#define SHA1_LEN 20

static void
field_free (gpointer data)
{
  ParleyTwilioField *field = data;

  g_free (field->name);
  g_free (field->value);
  g_free (field);
}

GPtrArray *
parley_twilio_form_new (void)
{
  return g_ptr_array_new_with_free_func (field_free);
}

void
parley_twilio_form_add (GPtrArray * fields, const gchar * name,
    const gchar * value)
{
  ParleyTwilioField *field = g_new (ParleyTwilioField, 1);

  field->name = g_strdup (name);
  field->value = g_strdup (value);
  g_ptr_array_add (fields, field);
}

/* '+' is a space and %XX a byte; what looks like neither stays as it is. NULL
 * when a NUL comes out. */
static gchar *
form_decode (const gchar * text, gsize len)
{
  gchar *out = g_malloc (len + 1), *o = out;
  const gchar *p, *end = text + len;

  for (p = text; p < end; p++) {
    if (*p == '+') {
      *o = ' ';
    } else if (*p == '%' && end - p > 2 && g_ascii_isxdigit (p[1])
        && g_ascii_isxdigit (p[2])) {
      *o = g_ascii_xdigit_value (p[1]) << 4 | g_ascii_xdigit_value (p[2]);
      p += 2;
    } else {
      *o = *p;
    }
    if (*o++ == '\0') {
      g_free (out);
      return NULL;
    }
  }
  *o = '\0';
  return out;
}

/* One "name=value" of the body. */
static gboolean
add_pair (GPtrArray * fields, const gchar * pair, gsize len)
{
  const gchar *equals = memchr (pair, '=', len);
  gsize name_len = equals != NULL ? (gsize) (equals - pair) : len;
  g_autofree gchar *name = form_decode (pair, name_len);
  g_autofree gchar *value = equals == NULL ? g_strdup ("")
      : form_decode (equals + 1, len - name_len - 1);

  if (name == NULL || value == NULL || fields->len >= MAX_FIELDS)
    return FALSE;
  parley_twilio_form_add (fields, name, value);
  return TRUE;
}

GPtrArray *
parley_twilio_form_parse (const gchar * body, gsize len)
{
  g_autoptr (GPtrArray) fields = parley_twilio_form_new ();
  const gchar *p = body, *end = body + len;

  if (len > MAX_BODY)
    return NULL;
  while (p < end) {
    const gchar *next = memchr (p, '&', end - p);
    gsize pair_len = (next != NULL ? next : end) - p;

    if (pair_len > 0 && !add_pair (fields, p, pair_len))
      return NULL;
    p += pair_len + 1;
  }
  return g_steal_pointer (&fields);
}

const gchar *
parley_twilio_form_get (GPtrArray * fields, const gchar * name)
{
  guint i;

  for (i = 0; i < fields->len; i++) {
    ParleyTwilioField *field = fields->pdata[i];

    if (strcmp (field->name, name) == 0)
      return field->value;
  }
  return NULL;
}

static gint
compare_fields (gconstpointer a, gconstpointer b)
{
  const ParleyTwilioField *left = *(ParleyTwilioField * const *) a;
  const ParleyTwilioField *right = *(ParleyTwilioField * const *) b;
  gint order = strcmp (left->name, right->name);

  return order != 0 ? order : strcmp (left->value, right->value);
}

/* Names sorted bytewise; of one name, each different value once, sorted. */
static void
hash_fields (GHmac * hmac, GPtrArray * fields)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_sized_new (fields->len);
  guint i;

  for (i = 0; i < fields->len; i++)
    g_ptr_array_add (sorted, fields->pdata[i]);
  g_ptr_array_sort (sorted, compare_fields);

  for (i = 0; i < sorted->len; i++) {
    ParleyTwilioField *field = sorted->pdata[i];

    if (i > 0 && compare_fields (&sorted->pdata[i - 1], &sorted->pdata[i]) == 0)
      continue;
    g_hmac_update (hmac, (const guint8 *) field->name, strlen (field->name));
    g_hmac_update (hmac, (const guint8 *) field->value, strlen (field->value));
  }
}

/* A URL in its parts, all borrowed: scheme://[user@]host[:port][path][?query]
 * [#fragment]. */
typedef struct
{
  gint scheme_len;              /* with "://" */
  const gchar *host;
  gint host_len;                /* without the port */
  const gchar *port;            /* with the colon */
  gint port_len;
  const gchar *rest;            /* path and query */
  gint rest_len;
} Url;

static void
url_split (const gchar * url, Url * out)
{
  const gchar *scheme_end = strstr (url, "://");
  const gchar *host = scheme_end != NULL ? scheme_end + 3 : url;
  const gchar *host_end = host + strcspn (host, "/?#");
  const gchar *at = memchr (host, '@', host_end - host);
  const gchar *bracket, *colon;

  out->scheme_len = host - url;
  out->host = at != NULL ? at + 1 : host;
  /* The colons of an IPv6 address are inside its brackets. */
  bracket = memchr (out->host, ']', host_end - out->host);
  if (bracket == NULL)
    bracket = out->host;
  colon = memchr (bracket, ':', host_end - bracket);
  out->port = colon != NULL ? colon : host_end;
  out->port_len = host_end - out->port;
  out->host_len = out->port - out->host;
  out->rest = host_end;
  out->rest_len = strcspn (host_end, "#");
}

static const gchar *
default_port (const gchar * url)
{
  if (g_str_has_prefix (url, "https:") || g_str_has_prefix (url, "wss:"))
    return ":443";
  return ":80";
}

static gchar *
url_join (const gchar * url, const Url * parts, const gchar * port,
    gint port_len, const gchar * suffix)
{
  return g_strdup_printf ("%.*s%.*s%.*s%.*s%s", parts->scheme_len, url,
      parts->host_len, parts->host, port_len, port, parts->rest_len,
      parts->rest, suffix);
}

static void
sign_raw (const gchar * auth_token, const gchar * url, GPtrArray * fields,
    guint8 digest[SHA1_LEN])
{
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA1, (const guchar *) auth_token,
      strlen (auth_token));
  gsize digest_len = SHA1_LEN;

  g_hmac_update (hmac, (const guchar *) url, strlen (url));
  if (fields != NULL)
    hash_fields (hmac, fields);
  g_hmac_get_digest (hmac, digest, &digest_len);
  g_hmac_unref (hmac);
}

gchar *
parley_twilio_sign (const gchar * auth_token, const gchar * url,
    GPtrArray * fields)
{
  g_autofree gchar *bare = NULL;
  guint8 digest[SHA1_LEN];
  Url parts;

  url_split (url, &parts);
  bare = url_join (url, &parts, parts.port, parts.port_len, "");
  sign_raw (auth_token, bare, fields, digest);
  return g_base64_encode (digest, sizeof digest);
}

/* Looks at every byte whatever the first ones are, so that the time taken says
 * nothing of how much was right. */
static gboolean
equal_constant_time (const gchar * a, const gchar * b)
{
  gsize i, len = strlen (a);
  guint8 difference = 0;

  if (strlen (b) != len)
    return FALSE;
  for (i = 0; i < len; i++)
    difference |= a[i] ^ b[i];
  return difference == 0;
}

static gboolean
verify_one (const gchar * auth_token, const gchar * url, GPtrArray * fields,
    const gchar * signature)
{
  g_autofree gchar *expected = parley_twilio_sign (auth_token, url, fields);

  return equal_constant_time (expected, signature);
}

/* With the port as given, with the default one, and without. */
static gboolean
verify_ports (const gchar * auth_token, const gchar * url, GPtrArray * fields,
    const gchar * suffix, const gchar * signature)
{
  const gchar *port = default_port (url);
  gboolean ok;
  Url parts;

  url_split (url, &parts);
  {
    g_autofree gchar *as_given = url_join (url, &parts, parts.port,
        parts.port_len, suffix);
    g_autofree gchar *with = url_join (url, &parts, port, strlen (port),
        suffix);
    g_autofree gchar *without = url_join (url, &parts, "", 0, suffix);

    ok = verify_one (auth_token, as_given, fields, signature);
    ok |= verify_one (auth_token, with, fields, signature);
    ok |= verify_one (auth_token, without, fields, signature);
  }
  return ok;
}

gboolean
parley_twilio_verify_form (const gchar * auth_token, const gchar * url,
    const gchar * body, gsize len, const gchar * signature)
{
  g_autoptr (GPtrArray) fields = NULL;

  if (signature == NULL)
    return FALSE;
  fields = parley_twilio_form_parse (len > 0 ? body : "", len);
  return fields != NULL
      && verify_ports (auth_token, url, fields, "", signature);
}

gboolean
parley_twilio_verify_json (const gchar * auth_token, const gchar * url,
    const gchar * body, gsize len, const gchar * signature)
{
  g_autofree gchar *hash = NULL;
  g_autofree gchar *claimed = NULL;
  const gchar *p = strchr (url, '?');

  while (p != NULL && !g_str_has_prefix (p + 1, "bodySHA256="))
    p = strchr (p + 1, '&');
  if (p == NULL || signature == NULL)
    return FALSE;
  p += 1 + strlen ("bodySHA256=");
  claimed = g_strndup (p, strcspn (p, "&#"));
  hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256,
      (const guchar *) body, len);
  return equal_constant_time (hash, claimed)
      && verify_ports (auth_token, url, NULL, "", signature);
}

gboolean
parley_twilio_verify_upgrade (const gchar * auth_token, const gchar * url,
    const gchar * signature)
{
  gboolean ok;

  if (signature == NULL)
    return FALSE;
  ok = verify_ports (auth_token, url, NULL, "", signature);
  ok |= verify_ports (auth_token, url, NULL, "/", signature);
  return ok;
}
