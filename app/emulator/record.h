/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What came and went when, for whoever measures. Times are µs of
 * CLOCK_MONOTONIC, so that a client on the same machine can subtract them.
 * Nothing in here is secret. One thread. */

typedef struct _ParleyRecords ParleyRecords;
typedef struct _ParleyRecord ParleyRecord;

/* Keeps the last @max requests. */
ParleyRecords *parley_records_new (guint max);
void parley_records_free (ParleyRecords * self);

/* A request whose headers came now. @path with its query; what looks like a key
 * in there is left out. Borrowed as long as the records live. */
ParleyRecord *parley_records_add (ParleyRecords * self,
    const gchar * protocol, const gchar * method, const gchar * path,
    const gchar * query);
/* From then on it may be forgotten: the last use. */
void parley_record_end (ParleyRecord * self, const gchar * how);

void parley_record_connected (ParleyRecord * self, gint64 at);
void parley_record_complete (ParleyRecord * self, gsize bytes);
void parley_record_fault (ParleyRecord * self, const gchar * fault);
void parley_record_status (ParleyRecord * self, guint status);
/* The start of the answer, headers or the handshake's, left. */
void parley_record_first_byte (ParleyRecord * self);
/* A piece of the answer left, or of a websocket came. @what: such as
 * "transcript"; static. */
void parley_record_departure (ParleyRecord * self, const gchar * what,
    gsize bytes);
void parley_record_arrival (ParleyRecord * self, const gchar * what,
    gsize bytes);
/* What came last is called @what (static). */
void parley_record_name_arrival (ParleyRecord * self, const gchar * what);

/* The requests numbered over @since as JSON:
 * {"now_us":…,"requests":[…]}. Transfer full. */
gchar *parley_records_to_json (ParleyRecords * self, guint64 since);

G_END_DECLS
