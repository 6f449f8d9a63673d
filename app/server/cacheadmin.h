/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Answers "DELETE /cache?key=…&prefix=…&older-than=SECONDS", each of which may
 * be missing: drops what fits all of them from the caches of the process, in
 * memory at once, in directories soon. */
void parley_cache_admin_drop_in_loop (SoupServerMessage * message);

G_END_DECLS
