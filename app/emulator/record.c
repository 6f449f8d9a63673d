/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/record.h"

#include <string.h>

#include "emulator/wirejson.h"
#include "net/clock.h"

/* Of each direction of one request; beyond it they are only counted. */
#define MAX_MOMENTS 4000

typedef struct
{
  gint64 at;                    /* µs */
  const gchar *what;            /* static */
  gsize bytes;
} Moment;

typedef struct
{
  GArray *kept;                 /* of Moment */
  guint n;
  guint64 bytes;
  gint64 last;                  /* µs; 0: none */
} Flow;

struct _ParleyRecord
{
  guint64 id;
  const gchar *protocol;        /* static */
  gchar *method;
  gchar *target;
  const gchar *fault;           /* static; NULL: none */
  const gchar *how;             /* static; NULL: not over */
  guint status;
  gint64 connected, arrived, complete, first_byte, ended;       /* µs; 0: not */
  gsize body;
  Flow in, out;
};

struct _ParleyRecords
{
  GQueue list;                  /* of ParleyRecord, oldest first */
  guint max;
  guint64 n;
};

static void
record_free (gpointer data)
{
  ParleyRecord *self = data;

  g_free (self->method);
  g_free (self->target);
  g_array_unref (self->in.kept);
  g_array_unref (self->out.kept);
  g_free (self);
}

ParleyRecords *
parley_records_new (guint max)
{
  ParleyRecords *self = g_new0 (ParleyRecords, 1);

  g_queue_init (&self->list);
  self->max = max;
  return self;
}

void
parley_records_free (ParleyRecords * self)
{
  g_queue_clear_full (&self->list, record_free);
  g_free (self);
}

/* Azure takes its key in the query too, and a gateway may take any. */
static gboolean
is_secret (const gchar * pair)
{
  static const gchar *const ends[] = { "key", "token", "secret",
    "authorization", "password"
  };
  g_autofree gchar *name = g_ascii_strdown (pair, strcspn (pair, "="));

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    if (g_str_has_suffix (name, ends[i]))
      return TRUE;
  return FALSE;
}

static gchar *
clean_target (const gchar * path, const gchar * query)
{
  GString *out = g_string_new (path);
  g_auto (GStrv) pairs = g_strsplit (query != NULL ? query : "", "&", -1);
  gchar mark = '?';

  for (guint i = 0; pairs[i] != NULL; i++) {
    if (*pairs[i] == '\0' || is_secret (pairs[i]))
      continue;
    g_string_append_printf (out, "%c%s", mark, pairs[i]);
    mark = '&';
  }
  return g_string_free (out, FALSE);
}

/* Those that are over go first; one that is under way is in use. */
static void
forget_oldest (ParleyRecords * self)
{
  GList *link = self->list.head;

  while (link != NULL && self->list.length > self->max) {
    GList *next = link->next;

    if (((ParleyRecord *) link->data)->how != NULL) {
      record_free (link->data);
      g_queue_delete_link (&self->list, link);
    }
    link = next;
  }
}

ParleyRecord *
parley_records_add (ParleyRecords * self, const gchar * protocol,
    const gchar * method, const gchar * path, const gchar * query)
{
  ParleyRecord *record = g_new0 (ParleyRecord, 1);

  record->id = ++self->n;
  record->protocol = protocol;
  record->method = g_strdup (method);
  record->target = clean_target (path, query);
  record->arrived = parley_clock_now ();
  record->in.kept = g_array_new (FALSE, FALSE, sizeof (Moment));
  record->out.kept = g_array_new (FALSE, FALSE, sizeof (Moment));
  g_queue_push_tail (&self->list, record);
  forget_oldest (self);
  return record;
}

void
parley_record_connected (ParleyRecord * self, gint64 at)
{
  self->connected = at;
}

void
parley_record_complete (ParleyRecord * self, gsize bytes)
{
  self->complete = parley_clock_now ();
  self->body = bytes;
}

void
parley_record_fault (ParleyRecord * self, const gchar * fault)
{
  self->fault = fault;
}

void
parley_record_status (ParleyRecord * self, guint status)
{
  self->status = status;
}

void
parley_record_first_byte (ParleyRecord * self)
{
  if (self->first_byte == 0)
    self->first_byte = parley_clock_now ();
}

static void
flow_add (Flow * flow, const gchar * what, gsize bytes)
{
  Moment moment = { parley_clock_now (), what, bytes };

  flow->n++;
  flow->bytes += bytes;
  flow->last = moment.at;
  if (flow->kept->len < MAX_MOMENTS)
    g_array_append_val (flow->kept, moment);
}

void
parley_record_departure (ParleyRecord * self, const gchar * what, gsize bytes)
{
  flow_add (&self->out, what, bytes);
}

void
parley_record_arrival (ParleyRecord * self, const gchar * what, gsize bytes)
{
  flow_add (&self->in, what, bytes);
}

void
parley_record_name_arrival (ParleyRecord * self, const gchar * what)
{
  GArray *kept = self->in.kept;

  if (kept->len > 0 && kept->len == self->in.n)
    g_array_index (kept, Moment, kept->len - 1).what = what;
}

void
parley_record_end (ParleyRecord * self, const gchar * how)
{
  self->ended = parley_clock_now ();
  self->how = how;
}

static void
append_time (GString * out, const gchar * name, gint64 at)
{
  if (at != 0)
    parley_wire_json_append (out, "'%s':%l,", name, at);
}

static void
append_flow (GString * out, const gchar * name, const Flow * flow)
{
  parley_wire_json_append (out, "'%s':{'count':%d,'bytes':%l,", name,
      (gint) flow->n, (gint64) flow->bytes);
  append_time (out, "last_us", flow->last);
  g_string_append (out, "\"list\":[");
  for (guint i = 0; i < flow->kept->len; i++) {
    const Moment *moment = &g_array_index (flow->kept, Moment, i);

    parley_wire_json_append (out, "%s{'at_us':%l,'what':%q,'bytes':%l}",
        i > 0 ? "," : "", moment->at, moment->what, (gint64) moment->bytes);
  }
  g_string_append (out, "]}");
}

static void
append_record (GString * out, const ParleyRecord * record)
{
  parley_wire_json_append (out, "{'id':%l,'protocol':%q,'method':%q,"
      "'path':%q,'status':%d,'fault':%q,'end':%q,", (gint64) record->id,
      record->protocol, record->method, record->target,
      (gint) record->status, record->fault, record->how);
  append_time (out, "connected_us", record->connected);
  append_time (out, "arrived_us", record->arrived);
  append_time (out, "complete_us", record->complete);
  append_time (out, "first_byte_us", record->first_byte);
  append_time (out, "ended_us", record->ended);
  parley_wire_json_append (out, "'body_bytes':%l,", (gint64) record->body);
  append_flow (out, "arrivals", &record->in);
  g_string_append_c (out, ',');
  append_flow (out, "departures", &record->out);
  g_string_append_c (out, '}');
}

gchar *
parley_records_to_json (ParleyRecords * self, guint64 since)
{
  GString *out = g_string_new (NULL);
  gboolean more = FALSE;

  parley_wire_json_append (out, "{'now_us':%l,'requests':[",
      parley_clock_now ());
  for (GList * l = self->list.head; l != NULL; l = l->next) {
    const ParleyRecord *record = l->data;

    if (record->id <= since)
      continue;
    if (more)
      g_string_append (out, ",\n");
    more = TRUE;
    append_record (out, record);
  }
  g_string_append (out, "]}\n");
  return g_string_free (out, FALSE);
}
