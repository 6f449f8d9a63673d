/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Texts in files of their own, such as a greeting. What was read is kept for
 * the process, so that a loop, which must not wait for a disk, has it. Any
 * thread. */

/* Reads @path if it changed since the last time. Not on a loop. */
void parley_text_file_load (const gchar * path);

/* What the last parley_text_file_load() found, without looking at the file:
 * *@text (transfer full, without blanks at its end), or NULL and @error. FALSE:
 * it was never loaded. */
gboolean parley_text_file_peek (const gchar * path, gchar ** text,
    GError ** error);

G_END_DECLS
