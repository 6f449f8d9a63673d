/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/webhooksignature.h"

#include <gio/gio.h>
#include <string.h>

#define PREFIX "whsec_"
#define MIN_TEXT 16
#define MIN_BYTES 24
#define MAX_BYTES 64

GBytes *
parley_webhook_key_from_env (const gchar * name, GError ** error)
{
  const gchar *value = g_getenv (name);
  guchar *bytes;
  gsize len;

  if (!value || !*value) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "the environment "
        "variable %s is not set; put the webhook's secret there", name);
    return NULL;
  }
  if (!g_str_has_prefix (value, PREFIX)) {
    if (strlen (value) >= MIN_TEXT)
      return g_bytes_new (value, strlen (value));
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the secret in "
        "%s is too short; it needs %d characters or more", name, MIN_TEXT);
    return NULL;
  }
  bytes = g_base64_decode (value + strlen (PREFIX), &len);
  if (len >= MIN_BYTES && len <= MAX_BYTES)
    return g_bytes_new_take (bytes, len);
  g_free (bytes);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the secret in %s "
      "is not " PREFIX " and base64 of %d to %d bytes", name, MIN_BYTES,
      MAX_BYTES);
  return NULL;
}

gchar *
parley_webhook_sign (GBytes * key, const gchar * id, gint64 timestamp,
    GBytes * body)
{
  g_autofree gchar *head =
      g_strdup_printf ("%s.%" G_GINT64_FORMAT ".", id, timestamp);
  g_autofree gchar *base64 = NULL;
  guint8 digest[32];
  gsize len = sizeof digest, key_len, body_len;
  gconstpointer key_data = g_bytes_get_data (key, &key_len);
  gconstpointer body_data = g_bytes_get_data (body, &body_len);
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA256, key_data, key_len);

  g_hmac_update (hmac, (const guchar *) head, strlen (head));
  g_hmac_update (hmac, body_data, body_len);
  g_hmac_get_digest (hmac, digest, &len);
  g_hmac_unref (hmac);
  base64 = g_base64_encode (digest, len);
  return g_strconcat ("v1,", base64, NULL);
}
