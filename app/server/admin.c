/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/admin.h"

#include <string.h>

#include "server/answer.h"

#define MIN_TOKEN 16
#define BEARER "Bearer "

#define TEXT_CLOSED "This page is closed: the server listens beyond its " \
    "machine and has no token. To open it, " PARLEY_ADMIN_HINT ".\n"
#define TEXT_WRONG "This page needs the header “Authorization: Bearer " \
    "TOKEN”, with the token that the server was started with.\n"

struct _ParleyAdmin
{
  gchar *digest;                /* of the token; NULL: there is none */
  gboolean local;
};

G_DEFINE_QUARK (parley - admin - error - quark, parley_admin_error);

static gchar *
digest_of (const gchar * token)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, token, -1);
}

/* The time does not depend on where the two differ; they have one length. */
static gboolean
is_equal (const gchar * a, const gchar * b)
{
  guint difference = 0;

  for (gsize i = 0; a[i] && b[i]; i++)
    difference |= (guchar) a[i] ^ (guchar) b[i];
  return difference == 0;
}

static gboolean
is_local (const gchar * host)
{
  g_autoptr (GInetAddress) address =
      host ? g_inet_address_new_from_string (host) : NULL;

  if (address)
    return g_inet_address_get_is_loopback (address);
  return g_strcmp0 (host, "localhost") == 0;
}

ParleyAdmin *
parley_admin_new (const gchar * host, const gchar * token_env, GError ** error)
{
  const gchar *token = token_env ? g_getenv (token_env) : NULL;
  ParleyAdmin *self;

  if (token_env && (!token || strlen (token) < MIN_TOKEN)) {
    g_set_error (error, PARLEY_ADMIN_ERROR, 0,
        "the environment variable %s %s; make a token with: "
        "export %s=$(openssl rand -hex 16)", token_env, token
        ? "holds fewer than 16 characters" : "is not set", token_env);
    return NULL;
  }
  self = g_new0 (ParleyAdmin, 1);
  self->digest = token ? digest_of (token) : NULL;
  self->local = is_local (host);
  return self;
}

void
parley_admin_free (ParleyAdmin * self)
{
  g_free (self->digest);
  g_free (self);
}

gboolean
parley_admin_is_open (ParleyAdmin * self)
{
  return self->digest || self->local;
}

static gboolean
has_token (ParleyAdmin * self, SoupServerMessage * message)
{
  const gchar *header = soup_message_headers_get_one
      (soup_server_message_get_request_headers (message), "Authorization");
  g_autofree gchar *digest = NULL;

  if (!header || g_ascii_strncasecmp (header, BEARER, strlen (BEARER)) != 0)
    return FALSE;
  digest = digest_of (header + strlen (BEARER));
  return is_equal (digest, self->digest);
}

gboolean
parley_admin_check (ParleyAdmin * self, SoupServerMessage * message)
{
  if (!parley_admin_is_open (self)) {
    parley_answer_text_in_loop (message, SOUP_STATUS_FORBIDDEN,
        PARLEY_TYPE_TEXT, g_strdup (TEXT_CLOSED));
    return FALSE;
  }
  if (!self->digest || has_token (self, message))
    return TRUE;
  soup_message_headers_replace (soup_server_message_get_response_headers
      (message), "WWW-Authenticate", "Bearer");
  parley_answer_text_in_loop (message, SOUP_STATUS_UNAUTHORIZED,
      PARLEY_TYPE_TEXT, g_strdup (TEXT_WRONG));
  return FALSE;
}
