/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A port of 127.0.0.1 to which nobody gets through: connecting goes on until it
 * is freed. Linux only. */
typedef struct _TableHole TableHole;

TableHole *table_hole_new (guint16 port);
void table_hole_free (TableHole * hole);

/* Whether somebody is just connecting to the port. */
gboolean table_port_is_dialled (guint16 port);

G_END_DECLS
