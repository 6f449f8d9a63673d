/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The query "parley/prewarm", sent downstream in READY by who knows what will
 * be said: whoever speaks makes @texts (NULL-terminated, a sentence each) and
 * keeps them. It is answered at once, TRUE if somebody does. */

GstQuery *prewarm_query_new (const gchar * const *texts);
/* Transfer full; NULL: another query. */
gchar **prewarm_query_dup_texts (GstQuery * query);

G_END_DECLS
