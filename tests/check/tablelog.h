/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All that the process logs, in one text: what goes to stderr, GLib's debug
 * messages, those of our elements. Any thread. */

void table_log_begin (void);
void table_log_end (void);
/* Appends the lines to stderr that name @word, but not where the time of a turn
 * went. */
void table_log_take (const gchar * word, GString * out);
gboolean table_log_has (const gchar * word);

G_END_DECLS
