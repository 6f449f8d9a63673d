/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Runs the built program with @args (NULL-terminated) to its end: the exit
 * status, and what it wrote. */
int program_run (const gchar * const *args, gchar ** out, gchar ** err);

G_END_DECLS
