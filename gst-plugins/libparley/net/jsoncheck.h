/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Checks JSON from a peer before json-glib sees it. json-glib takes comments,
 * half escapes and the like, and goes one stack frame deeper with each bracket,
 * so that a message of brackets ends the process.
 *
 * @json (@len bytes) must be one value of RFC 8259, UTF-8, nested at most
 * @max_depth deep (1 to 64), with no NUL (not as \u0000 either) and no number
 * over 40 characters. Returns NULL when all is well, else what is wrong, for
 * use in an error text ("a string is not closed"); static.
 *
 * A pure function; any thread. */
const gchar *parley_json_check (const gchar * json, gsize len,
    guint max_depth);
/* The same; *@line: the line it is in, from 1. */
const gchar *parley_json_check_line (const gchar * json, gsize len,
    guint max_depth, guint * line);

G_END_DECLS
