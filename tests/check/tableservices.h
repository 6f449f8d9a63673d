/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "emulator/server.h"
#include "net/breaker.h"
#include "tablecell.h"
#include "tableport.h"

G_BEGIN_DECLS

/* The services of a cell, emulated: the one that is looked at, with what goes
 * wrong with it during the first turn, and the others. In the cell's thread. */

typedef struct
{
  TableCell *cell;
  gchar *config;                /* file of the emulators */
  guint turn;                   /* whose words are heard, from 1 */

  ParleyEmulator *others;
  ParleyEmulator *looked_at;    /* NULL: not there just now */
  guint16 port;                 /* of it */
  TableHole *hole;              /* in its place; or NULL */
  ParleyBreakerTicket *place;   /* the only one, taken; or NULL */
  guint64 cancelled;            /* at the breaker, before */
} TableServices;

/* "stt" and so on. */
const gchar *table_kind_get_name (TableKind kind);
/* What the caller says in his turn @n, from 0. */
#define TABLE_MAX_TURNS 3
const gchar *table_get_said (guint n);

/* @path: of a file to be written. */
void table_services_begin (TableServices * self, TableCell * cell,
    const gchar * path);
void table_services_end (TableServices * self);

/* The caller begins his turn @turn. */
void table_services_set_turn (TableServices * self, guint turn);
/* The service goes wrong as the row says, or well again. */
void table_services_arrange (TableServices * self);
void table_services_relieve (TableServices * self);
/* Nobody gets through to it, by arrangement. */
gboolean table_services_is_closed (TableServices * self);
/* Drops all connections, and is there again. */
void table_services_restart (TableServices * self);

/* Whether the request of the first turn has got so far. */
gboolean table_services_has_reached (TableServices * self, TablePoint point);
/* Whether the provider has cancelled anything since it went wrong. */
gboolean table_services_has_cancelled (TableServices * self);

G_END_DECLS
