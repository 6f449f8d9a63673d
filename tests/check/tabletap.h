/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The element tabletap: it hands on what comes, and flushes what is behind it
 * when it is told to. */

void table_tap_register (void);
/* The one of that name which plays; any thread that may wait. */
void table_tap_flush (const gchar * name);

G_END_DECLS
