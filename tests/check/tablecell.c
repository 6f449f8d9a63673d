/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tablecell.h"

#include <glib/gstdio.h>
#include <string.h>

#include "caller.h"
#include "mock/spoken.h"
#include "server/log.h"
#include "server/service.h"
#include "tablelog.h"
#include "tableservices.h"
#include "tablesound.h"
#include "tabletap.h"

#define HOST "127.0.0.1"
#define OTHERS_KEY "PARLEY_TABLE_KEY"
#define TICK_MS 10
#define PATIENCE_MS 15000
/* Of the usual answer. */
#define N_SENTENCES 2
/* After which a recogniser is late. */
#define HURRY_MS 600
/* So long after the second turn the first one is cancelled, if nobody tells. */
#define CANCELLED_US (500 * G_TIME_SPAN_MILLISECOND)
/* Nothing in a cell takes so long. */
#define GIVE_UP_US (40 * G_TIME_SPAN_SECOND)

static const gchar *const element_names[] = { "cloudstt", "llmchat",
  "cloudtts"
};

static gchar *folder;           /* of sounds, configurations and pipelines */
static GBytes *speech;          /* what callers say, whatever the turn */

/* One cell as it runs; in its thread. */
typedef struct
{
  TableCell *cell;
  GMainContext *context;
  gchar *name;                  /* unique */
  TableServices services;

  ParleyService *service;
  SoupSession *session;
  ParleyCaller *caller;
  guint turn;                   /* that he says or is answered, from 1 */
  guint marks;                  /* heard in it */
  gsize begun[TABLE_MAX_TURNS]; /* sample of the call */
  gint64 connected;
  gboolean over;

  /* For the next tick: */
  gboolean arrange, relieve, again, go_on, was_heard, spoke;
  gboolean acted;
  gint64 spoke_at;
  gint64 tick;                  /* the last one */
  gint64 began;
} Run;

static const TableProvider *
provider_of (Run * self)
{
  return self->cell->provider;
}

static const TableCase *
row_of (Run * self)
{
  return self->cell->row;
}

static void
G_GNUC_PRINTF (2, 3)
complain (TableCell * cell, const gchar * format, ...)
{
  va_list args;

  va_start (args, format);
  if (cell->problems->len)
    g_string_append (cell->problems, "; ");
  g_string_append_vprintf (cell->problems, format, args);
  va_end (args);
}

static gchar *
path_of (const gchar * name, const gchar * ending)
{
  g_autofree gchar *file = g_strconcat (name, ending, NULL);

  return g_build_filename (folder, file, NULL);
}

/* The turn has to be over for its cancelling to mean anything. */
static void
act (Run * self)
{
  self->acted = TRUE;
  if (row_of (self)->action == TABLE_FLUSH) {
    table_tap_flush (self->name);
    table_services_relieve (&self->services);
    parley_caller_go_on (self->caller);
  } else if (provider_of (self)->kind == TABLE_STT) {
    self->again = TRUE;
    parley_caller_hang_up (self->caller);
  } else {
    parley_caller_go_on (self->caller);
  }
}

static gboolean
is_cancelled (Run * self)
{
  return table_services_has_cancelled (&self->services)
      || (self->turn == 2 && self->spoke
      && g_get_monotonic_time () - self->spoke_at > CANCELLED_US);
}

/* A late recogniser is not cancelled: it is no longer waited for. */
static gboolean
is_given_up (Run * self)
{
  return row_of (self)->late_ms && provider_of (self)->kind == TABLE_STT;
}

static gboolean
is_there (Run * self)
{
  TablePoint point = row_of (self)->point;

  if (point == TABLE_NEVER || is_given_up (self) || self->acted
      || self->turn != 1 || !self->spoke)
    return FALSE;
  return point == TABLE_HEARD ? self->was_heard
      : table_services_has_reached (&self->services, point);
}

static void
look (Run * self)
{
  TableServices *services = &self->services;

  if (self->arrange)
    table_services_arrange (services);
  self->arrange = FALSE;
  if (is_there (self))
    act (self);
  if (self->go_on)
    parley_caller_go_on (self->caller);
  self->go_on = FALSE;
  if (self->acted && table_services_is_closed (services)
      && is_cancelled (self))
    table_services_relieve (services);
  if (self->relieve && row_of (self)->restart)
    table_services_restart (services);
  else if (self->relieve && !table_services_is_closed (services))
    table_services_relieve (services);
  self->relieve = FALSE;
}

/* What the clock lost is no fault of anybody's. */
static gboolean
on_tick (gpointer data)
{
  Run *self = data;
  gint64 now = g_get_monotonic_time ();
  gint64 late = now - self->tick - TICK_MS * G_TIME_SPAN_MILLISECOND;

  if (late > 20 * G_TIME_SPAN_MILLISECOND)
    self->cell->stalled_ms += late / G_TIME_SPAN_MILLISECOND;
  look (self);
  self->tick = g_get_monotonic_time ();
  return G_SOURCE_CONTINUE;
}

/* The caller */

static void
begin_turn (Run * self, gint64 at)
{
  if (self->turn < TABLE_MAX_TURNS)
    self->begun[self->turn] = (at - self->connected) / 125;
  self->turn++;
  self->marks = 0;
  self->spoke = FALSE;
  table_services_set_turn (&self->services, self->turn);
  if (self->turn == 1)
    self->arrange = TRUE;
  else if (self->turn == 2)
    self->relieve = TRUE;
}

static void
end_turn (Run * self)
{
  self->spoke = TRUE;
  self->spoke_at = g_get_monotonic_time ();
}

/* @value: µs after the turn's end. */
static void
note_wait (Run * self, gint64 value)
{
  if (self->turn > 0)
    self->cell->waited_ms = MAX (self->cell->waited_ms,
        (gint) (value / G_TIME_SPAN_MILLISECOND));
  if (self->turn == 1)
    self->was_heard = TRUE;
}

/* One follows each sentence, and so the first answer's last sound. */
static void
note_mark (Run * self)
{
  if (row_of (self)->back_to_back && self->turn == 1 && self->spoke
      && ++self->marks == N_SENTENCES)
    self->go_on = TRUE;
}

static void
on_event (ParleyCaller * caller, ParleyCallerEvent event, gint64 at,
    const gchar * text, gint64 value, gpointer data)
{
  Run *self = data;

  if (event == PARLEY_CALLER_CONNECTED)
    self->connected = at;
  else if (event == PARLEY_CALLER_SPEAKS)
    begin_turn (self, at);
  else if (event == PARLEY_CALLER_SPOKE)
    end_turn (self);
  else if (event == PARLEY_CALLER_HEARS)
    note_wait (self, value);
  else if (event == PARLEY_CALLER_MARK)
    note_mark (self);
  else if (event == PARLEY_CALLER_INVALID)
    complain (self->cell, "sent what it must not: %s", text);
}

static void
on_done (ParleyCaller * caller, gpointer data)
{
  ((Run *) data)->over = TRUE;
}

/* Until *@flag. */
static void
iterate_until (Run * self, gboolean * flag)
{
  while (!*flag) {
    g_main_context_iteration (self->context, TRUE);
    if (g_get_monotonic_time () - self->began > GIVE_UP_US) {
      complain (self->cell, "never ended");
      return;
    }
  }
}

/* What was heard in each turn. */
static void
write_down (Run * self, guint first_turn)
{
  const ParleyCallerResult *result = parley_caller_get_result (self->caller);
  GByteArray *audio = result->agent_audio;
  gsize from = 0;
  GString *heard = g_string_new (self->cell->heard);

  for (guint i = first_turn; i <= self->turn; i++) {
    gsize to = i < self->turn ? MIN (self->begun[i], audio->len) : audio->len;
    g_autofree gchar *letters = table_sound_hear (audio->data + from,
        to - MIN (from, to));

    g_string_append_printf (heard, "%s%s", i > first_turn ? "|" : "", letters);
    from = MIN (to, audio->len);
  }
  g_free (self->cell->heard);
  self->cell->heard = g_string_free (heard, FALSE);
  if (result->error)
    complain (self->cell, "%s", result->error->message);
  table_log_take (result->sid, self->cell->log);
}

static void
call (Run * self, guint turns)
{
  ParleyCallerConfig config = PARLEY_CALLER_CONFIG_INIT;
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func (parley_caller_turn_free);
  g_autofree gchar *url = g_strdup_printf ("ws://" HOST ":%u/media",
      parley_service_get_port (self->service));
  guint first_turn = self->turn;

  for (guint i = 0; i < turns; i++)
    g_ptr_array_add (list,
        parley_caller_turn_new (table_get_said (self->turn + i), speech, NULL));
  config.url = url;
  config.turns = list;
  config.timeout_ms = row_of (self)->patience_ms ? row_of (self)->patience_ms
      : PATIENCE_MS;
  config.record = TRUE;
  self->over = FALSE;
  self->caller = parley_caller_new (&config, self->session, on_event, on_done,
      self);
  parley_caller_start (self->caller);
  iterate_until (self, &self->over);
  write_down (self, first_turn);
  g_clear_pointer (&self->caller, parley_caller_free);
}

/* The service */

static void
add_element (Run * self, GString * text, TableKind kind, const gchar * name,
    const gchar * path, gboolean looked_at)
{
  const TableCase *row = row_of (self);
  guint16 port = looked_at ? self->services.port : parley_emulator_get_port
      (self->services.others);

  if (looked_at && row->action == TABLE_FLUSH)
    g_string_append_printf (text, " ! tabletap name=%s", self->name);
  g_string_append_printf (text, " ! %s provider=%s base-url=http://" HOST
      ":%u%s api-key-env=%s", element_names[kind], name, port, path,
      looked_at ? self->cell->key_name : OTHERS_KEY);
  if (looked_at)
    g_string_append_printf (text, " %s", provider_of (self)->settings);
  if (looked_at && row->first_byte_ms)
    g_string_append_printf (text, " first-byte-timeout=%u total-timeout=%u",
        row->first_byte_ms, row->first_byte_ms * 2);
  else
    g_string_append (text, " first-byte-timeout=20000 total-timeout=60000");
}

static gchar *
pipeline_text (Run * self)
{
  const TableProvider *looked_at = provider_of (self);
  const TableCase *row = row_of (self);
  GString *text = g_string_new ("twiliosrc ! vadendpoint silence=200");
  static const gchar *const names[] = { "deepgram", "openai", "openai" };
  static const gchar *const paths[] = { "", "/v1", "/v1" };

  if (!row->eager)
    g_string_append (text, " eager-silence=0");
  for (guint i = 0; i < TABLE_N_KINDS; i++) {
    gboolean is_it = looked_at->kind == i;

    add_element (self, text, i, is_it ? looked_at->name : names[i],
        is_it ? looked_at->path : paths[i], is_it);
    if (i == TABLE_STT)
      g_string_append_printf (text, " timeout=%u", !is_it ? 30000
          : row->late_ms ? HURRY_MS
          : row->first_byte_ms ? row->first_byte_ms + 500 : 30000);
    if (i == TABLE_LLM)
      g_string_append (text, " greeting=\"Greeting.\" sorry-text=\"Sorry.\"");
  }
  g_string_append (text, " ! mulawsink\n");
  return g_string_free (text, FALSE);
}

static gboolean
begin_service (Run * self)
{
  g_autofree gchar *file = path_of (self->name, ".pipeline");
  g_autofree gchar *text = pipeline_text (self);
  ParleyServiceConfig config = { file, NULL, HOST };
  g_autoptr (GError) error = NULL;
  gboolean ready;

  if (!g_file_set_contents (file, text, -1, NULL))
    g_error ("cannot write %s", file);
  config.max_calls = 4;
  config.keep_calls = 4;
  self->service = parley_service_new (&config, &error);
  if (!self->service) {
    g_string_append_printf (self->cell->log, "%s\n", error->message);
    return FALSE;
  }
  while (!(ready = parley_service_is_ready (self->service)))
    g_main_context_iteration (self->context, TRUE);
  return ready;
}

typedef struct
{
  GBytes *body;
  gboolean done;
} Page;

static void
page_came (GObject * session, GAsyncResult * result, gpointer data)
{
  Page *page = data;

  page->body = soup_session_send_and_read_finish (SOUP_SESSION (session),
      result, NULL);
  page->done = TRUE;
}

/* What the service shows of itself must hold no key either. */
static void
keep_page (Run * self, const gchar * path)
{
  g_autofree gchar *url = g_strdup_printf ("http://" HOST ":%u%s",
      parley_service_get_port (self->service), path);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Page page = { NULL };

  soup_session_send_and_read_async (self->session, message,
      G_PRIORITY_DEFAULT, cancellable, page_came, &page);
  iterate_until (self, &page.done);
  g_cancellable_cancel (cancellable);
  while (!page.done)
    g_main_context_iteration (self->context, TRUE);
  if (page.body)
    g_string_append_len (self->cell->records, g_bytes_get_data (page.body,
            NULL), g_bytes_get_size (page.body));
  g_clear_pointer (&page.body, g_bytes_unref);
}

/* The cell */

static void
converse (Run * self)
{
  GSource *ticks = g_timeout_source_new (TICK_MS);

  self->tick = g_get_monotonic_time ();
  g_source_set_callback (ticks, on_tick, self, NULL);
  g_source_attach (ticks, self->context);
  self->session = parley_caller_session_new ();
  if (begin_service (self)) {
    call (self, row_of (self)->turns);
    if (self->again) {
      gchar *heard = self->cell->heard;

      self->cell->heard = g_strconcat (heard, "/", NULL);
      g_free (heard);
      table_services_relieve (&self->services);
      call (self, row_of (self)->turns - self->turn);
    }
    if (row_of (self)->point && !is_given_up (self) && !self->acted)
      complain (self->cell, "it never came to that point");
    keep_page (self, "/metrics");
    keep_page (self, "/calls");
    parley_service_free (self->service);
  }
  g_source_destroy (ticks);
  g_source_unref (ticks);
  g_object_unref (self->session);
}

static gboolean
matches (const gchar * pattern, const gchar * text)
{
  return g_regex_match_simple (pattern, text, G_REGEX_MULTILINE, 0);
}

static void
judge_log (TableCell * cell)
{
  const TableCase *row = cell->row;
  TableKind kind = cell->provider->kind;
  gboolean complains = matches ("(error|warning) of ", cell->log->str);
  g_autofree gchar *pattern = NULL;

  if (!row->tells[kind]) {
    if (complains && !row->may_tell)
      complain (cell, "complained");
    return;
  }
  if (!complains && (strstr (cell->heard, "|ab|")
          || (cell->provider->raw && strchr (cell->heard, '~'))))
    return;
  pattern = g_strdup_printf ("\\b%s(-%s " HOST "[0-9.:]*)?: .*(%s).*"
      "(try|check|set|lower|raise)", cell->provider->name,
      table_kind_get_name (kind), row->tells[kind]);
  if (!matches (pattern, cell->log->str))
    complain (cell, "did not say what is wrong (%s)", pattern);
}

static void
judge (TableCell * cell)
{
  const TableCase *row = cell->row;
  TableKind kind = cell->provider->kind;
  g_autofree gchar *pattern = g_strdup_printf ("^(%s)$", row->heard[kind]);
  gint limit = row->limit_ms[kind] + cell->stalled_ms;

  if (!matches (pattern, cell->heard))
    complain (cell, "heard %s, not %s", cell->heard, row->heard[kind]);
  if (cell->waited_ms > limit)
    complain (cell, "waited %d ms, over %d", cell->waited_ms, limit);
  if (strstr (cell->records->str, cell->key)
      || strstr (cell->log->str, cell->key))
    complain (cell, "the key was shown");
  judge_log (cell);
}

static void
forget (TableCell * cell)
{
  g_free (cell->heard);
  cell->heard = g_strdup ("");
  cell->waited_ms = -1;
  cell->stalled_ms = 0;
  g_string_truncate (cell->log, 0);
  g_string_truncate (cell->records, 0);
  g_string_truncate (cell->problems, 0);
}

void
table_cell_run (TableCell * cell)
{
  Run run = { cell };
  static gint number;
  g_autofree gchar *config = NULL;

  forget (cell);
  run.name = g_strdup_printf ("cell%d", g_atomic_int_add (&number, 1));
  run.context = g_main_context_new ();
  run.began = g_get_monotonic_time ();
  g_main_context_push_thread_default (run.context);
  config = path_of (run.name, ".json");
  table_services_begin (&run.services, cell, config);
  converse (&run);
  table_services_end (&run.services);
  judge (cell);
  cell->done = TRUE;
  while (g_main_context_iteration (run.context, FALSE));
  g_main_context_pop_thread_default (run.context);
  g_main_context_unref (run.context);
  g_free (run.name);
}

static gchar *
random_key (void)
{
  GString *key = g_string_new (NULL);

  while (key->len < 32)
    g_string_append_c (key,
        "abcdefghjkmnpqrstuvwxyz23456789"[g_random_int_range (0, 31)]);
  return g_string_free (key, FALSE);
}

TableCell *
table_cell_new (const TableProvider * provider, const TableCase * row)
{
  TableCell *cell = g_new0 (TableCell, 1);
  static guint number;

  cell->provider = provider;
  cell->row = row;
  cell->key = random_key ();
  cell->key_name = g_strdup_printf (OTHERS_KEY "_%u", number++);
  g_setenv (OTHERS_KEY, "any", TRUE);
  if (!row->no_key)
    g_setenv (cell->key_name, cell->key, TRUE);
  cell->log = g_string_new (NULL);
  cell->records = g_string_new (NULL);
  cell->problems = g_string_new (NULL);
  return cell;
}

void
table_cell_free (gpointer data)
{
  TableCell *cell = data;

  g_string_free (cell->log, TRUE);
  g_string_free (cell->records, TRUE);
  g_string_free (cell->problems, TRUE);
  g_free (cell->key_name);
  g_free (cell->key);
  g_free (cell->heard);
  g_free (cell);
}

gboolean
table_cell_has_leaked (TableCell * cell)
{
  return table_log_has (cell->key);
}

void
table_cells_begin (void)
{
  folder = g_dir_make_tmp ("parley-table-XXXXXX", NULL);
  speech = g_byte_array_free_to_bytes (spoken_text ("flite", "rms", 1.0,
          "hello there"));
  parley_log_set_level (PARLEY_LOG_TURNS);
  table_tap_register ();
  table_log_begin ();
}

void
table_cells_end (void)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    g_unlink (path);
  }
  g_dir_close (dir);
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
  g_clear_pointer (&speech, g_bytes_unref);
  table_log_end ();
}
