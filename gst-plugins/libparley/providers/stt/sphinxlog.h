/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sphinx libraries say what went wrong on stderr only. From the first call on
 * they are silent, and each thread can catch what its own calls say. */

/* Forgets what this thread caught before. */
void parley_sphinx_log_begin (void);
/* Calls @func. Where Sphinx finds a file so broken that it would end the
 * process, @func ends there instead and FALSE is returned; what it had built is
 * lost, and the reason is in parley_sphinx_log_end(). */
gboolean parley_sphinx_try (void (*func) (gpointer data), gpointer data);
/* The first error since, in one line without place; NULL for none. Transfer
 * full. */
gchar *parley_sphinx_log_end (void);

G_END_DECLS
