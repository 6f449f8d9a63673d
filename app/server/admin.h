/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Who may see the pages for those that run the server. Constant; any thread. */

typedef struct _ParleyAdmin ParleyAdmin;

#define PARLEY_ADMIN_ERROR (parley_admin_error_quark ())
GQuark parley_admin_error_quark (void);

/* @host: where the server listens (NULL: everywhere). @token_env: the
 * environment variable with the token, or NULL: the pages are then open if
 * @host is of this machine only, else closed. NULL with @error when the
 * variable is not set or the token too short. */
ParleyAdmin *parley_admin_new (const gchar * host, const gchar * token_env,
    GError ** error);
void parley_admin_free (ParleyAdmin * admin);

/* FALSE: nobody may, because there is no token. */
gboolean parley_admin_is_open (ParleyAdmin * admin);
/* FALSE after a refusal was answered. */
gboolean parley_admin_check (ParleyAdmin * admin, SoupServerMessage * message);

#define PARLEY_ADMIN_HINT "start it with --admin-token-env NAME, where NAME " \
    "is the environment variable that holds a token of at least 16 characters"

G_END_DECLS
