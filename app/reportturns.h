/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "turnjson.h"

G_BEGIN_DECLS

/* Many turns, and where their time went. Keeps numbers only: 8 bytes a stage
 * and turn, and whole the slowest ones. One thread. */

typedef struct _ParleyTurnTable ParleyTurnTable;

ParleyTurnTable *parley_turn_table_new (guint n_slowest);
void parley_turn_table_free (ParleyTurnTable * table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyTurnTable, parley_turn_table_free)

/* Line @number of the log @name. Without a turn's JSON it is nothing; with one
 * that cannot be read it is counted. */
void parley_turn_table_add_line (ParleyTurnTable * table, const gchar * name,
    guint64 number, const gchar * line, gsize len);

guint64 parley_turn_table_get_count (ParleyTurnTable * table);
/* Lines that could not be read; @first: why not, with file and line, or NULL;
 * borrowed. */
guint64 parley_turn_table_get_unreadable (ParleyTurnTable * table,
    const gchar ** first);

/* All of these with at least one turn. */

/* For people. */
void parley_turn_table_print (ParleyTurnTable * table, GString * out);
/* {"turns","sent_ms":{"count","p50","p90","p95","p99","max"},"heard_ms":{…},
 * "stages":[{"name","owner","element","count","p50",…,"max","share"}],
 * "slowest":[turns as of turnjson.h]}; "share" is of 1. Transfer full. */
JsonNode *parley_turn_table_to_json (ParleyTurnTable * table);
/* An SVG picture: the medians of the stages, and the slowest turns. */
void parley_turn_table_draw (ParleyTurnTable * table, GString * out);

/* For the picture: */

typedef struct
{
  const gchar *name;            /* interned */
  const gchar *element;         /* interned */
  ParleyOwner owner;
  GArray *times;                /* gint64, µs; sorted when asked for */
  gint64 sum;
} ParleyTurnColumn;

/* In the order of the road; of ParleyTurnColumn; borrowed, sorted. */
GPtrArray *parley_turn_table_get_columns (ParleyTurnTable * table);
/* Slowest first; of ParleyLoggedTurn; borrowed. */
GPtrArray *parley_turn_table_get_slowest (ParleyTurnTable * table);

G_END_DECLS
