/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server/service.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "net/webhook.h"
#include "providers/llm/script.h"
#include "server/admin.h"
#include "server/cacheadmin.h"
#include "server/captions.h"
#include "server/control.h"
#include "server/log.h"
#include "server/monitor.h"
#include "server/pages.h"
#include "server/warmth.h"

#define MEDIA_PATH "/media"
#define EVENTS_PATH "/talk/events/"

#define TEXT_BUSY "All our lines are busy at the moment. " \
    "Please call again in a few minutes. Goodbye."
#define TEXT_DRAINING "We cannot take your call at the moment. " \
    "Please call again in a minute. Goodbye."

struct _ParleyService
{
  ParleyServer *server;
  ParleyWebhook *webhook;
  ParleyCaptions *captions;
  ParleyWarmth *warmth;
  ParleyAdmin *admin;
  ParleyMonitor *monitor;
  ParleyDelivery *delivery;     /* NULL: nobody wants records */
  gboolean show_cards;
  ParleyCaptures *captures;     /* NULL: not wanted */
  GTlsCertificate *certificate; /* NULL: no TLS */
  guint max_calls;
  gboolean has_token;
  guint16 port;
  void (*caption) (const ParleyCaption * caption, gpointer data);
  void (*turn) (const gchar * sid, const ParleyTurnReport * report,
      gpointer data);
  gpointer data;

  gint draining;                /* atomic */
  GMutex lock;                  /* guards the rest */
  GCond changed;
  ParleyStock *stock;
  GHashTable *routes;           /* number to ParleyStock */
  GHashTable *sessions;         /* ParleySession to ParleyCallRecord, which is
                                 * NULL before the call begins */
  guint n_routes;               /* of the server, not destroyed yet */
  void (*idle) (gpointer);
  gpointer idle_data;
  GMainContext *idle_context;
};

/* Calls, on their loops */

static guint
count_calls (ParleyService * self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = g_hash_table_size (self->sessions);
  g_mutex_unlock (&self->lock);
  return n;
}

static ParleyStock *
pick_stock (const gchar * to, gpointer data)
{
  ParleyService *self = data;
  ParleyStock *stock;

  g_mutex_lock (&self->lock);
  stock = to ? g_hash_table_lookup (self->routes, to) : NULL;
  stock = parley_stock_ref (stock ? stock : self->stock);
  g_mutex_unlock (&self->lock);
  return stock;
}

/* Borrowed: it stays until this session is over. */
static ParleyCallRecord *
record_of (ParleyService * self, ParleySession * session)
{
  ParleyCallRecord *record;

  g_mutex_lock (&self->lock);
  record = g_hash_table_lookup (self->sessions, session);
  g_mutex_unlock (&self->lock);
  return record;
}

static void
on_caption (ParleySession * session, const ParleyCaption * caption,
    gpointer data)
{
  ParleyService *self = data;

  parley_captions_publish (self->captions, caption);
  parley_call_record_add_caption (record_of (self, session), caption);
  if (self->caption)
    self->caption (caption, self->data);
}

static void
on_heard (ParleySession * session, const ParleyHeardText * heard, gpointer data)
{
  parley_call_record_add_heard (record_of (data, session), heard);
}

static void
on_began (ParleySession * session, const ParleySessionBegin * begin,
    gpointer data)
{
  ParleyService *self = data;
  ParleyCallRecord *record =
      parley_calls_begin (parley_monitor_get_calls (self->monitor), begin);

  if (self->delivery)
    parley_call_record_keep_archive (record, begin->from);
  g_mutex_lock (&self->lock);
  g_hash_table_insert (self->sessions, session, record);
  g_mutex_unlock (&self->lock);
}

static void
on_turn (ParleySession * session, const gchar * sid,
    const ParleyTurnReport * report, gpointer data)
{
  ParleyService *self = data;

  parley_calls_add_turn (parley_monitor_get_calls (self->monitor),
      record_of (self, session), report);
  parley_log_turn_report (sid, report);
  if (self->turn)
    self->turn (sid, report, self->data);
}

static void
on_usage (ParleySession * session, const ParleyUsage * usage, gpointer data)
{
  ParleyService *self = data;

  parley_calls_add_usage (parley_monitor_get_calls (self->monitor),
      record_of (self, session), usage);
}

static void
on_turn_end (const gchar * reason, gpointer data)
{
  ParleyService *self = data;

  parley_metrics_add_turn_end (parley_monitor_get_metrics (self->monitor),
      reason);
}

static void
on_tool (const ParleyToolReport * tool, gpointer data)
{
  ParleyService *self = data;

  parley_metrics_add_tool (parley_monitor_get_metrics (self->monitor), tool);
}

static void
on_problem (const ParleyProblem * problem, gpointer data)
{
  ParleyService *self = data;

  parley_metrics_add_problem (parley_monitor_get_metrics (self->monitor),
      problem);
}

static void
on_failure (const GstStructure * fields, gpointer data)
{
  ParleyService *self = data;
  ParleyFailure failure;

  if (parley_failure_from_structure (&failure, fields))
    parley_metrics_add_failure (parley_monitor_get_metrics (self->monitor),
        &failure);
}

static gboolean
run_idle (gpointer data)
{
  ParleyService *self = data;

  self->idle (self->idle_data);
  return G_SOURCE_REMOVE;
}

static void
tell_if_idle_unlocked (ParleyService * self)
{
  GSource *source;

  g_cond_broadcast (&self->changed);
  if (!self->idle_context || g_hash_table_size (self->sessions) > 0)
    return;
  source = g_idle_source_new ();
  g_source_set_callback (source, run_idle, self, NULL);
  g_source_attach (source, self->idle_context);
  g_source_unref (source);
  g_clear_pointer (&self->idle_context, g_main_context_unref);
}

/* Records of calls for those who keep them */

typedef struct
{
  ParleyMonitor *monitor;
  ParleyCallRecord *record;
  gboolean mask;
} Archive;

/* On a worker. */
static gchar *
make_archive (gpointer data)
{
  Archive *archive = data;
  gchar *text =
      parley_calls_record_to_archive (parley_monitor_get_calls
      (archive->monitor), archive->record, archive->mask);

  parley_monitor_unref (archive->monitor);
  parley_call_record_unref (archive->record);
  g_free (archive);
  return text;
}

static void
deliver (ParleyService * self, ParleyCallRecord * record, ParleyLoop * loop)
{
  Archive *archive = g_new (Archive, 1);

  archive->monitor = parley_monitor_ref (self->monitor);
  archive->record = parley_call_record_ref (record);
  archive->mask = !self->show_cards;
  parley_delivery_send_in_loop (self->delivery, loop,
      parley_call_record_get_sid (record), make_archive, archive);
}

static void
on_over (ParleySession * session, const gchar * sid, ParleySessionEnd end,
    const gchar * reason, gpointer data)
{
  ParleyService *self = data;
  g_autoptr (ParleyCallRecord) record = record_of (self, session);

  if (sid)
    parley_captions_finish (self->captions, sid);
  if (record)
    parley_calls_end (parley_monitor_get_calls (self->monitor), record, end,
        reason);
  if (record && self->delivery)
    deliver (self, record, parley_session_get_loop (session));
  parley_metrics_add_end (parley_monitor_get_metrics (self->monitor), end);
  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->sessions, session);
  tell_if_idle_unlocked (self);
  g_mutex_unlock (&self->lock);
}

static gboolean
takes_calls (ParleyService * self)
{
  return !g_atomic_int_get (&self->draining)
      && count_calls (self) < self->max_calls;
}

static guint
check_upgrade (SoupServerMessage * message, gpointer data)
{
  ParleyService *self = data;
  guint status = parley_webhook_check_upgrade (self->webhook, message);

  if (status)
    parley_log_call (NULL, "a call without a valid signature was refused");
  else if (!takes_calls (self))
    status = SOUP_STATUS_SERVICE_UNAVAILABLE;
  return status;
}

static void
on_upgrade (const ParleyUpgrade * upgrade, gpointer data)
{
  static const ParleySessionHooks hooks = {
    .pick = pick_stock,
    .began = on_began,
    .caption = on_caption,
    .heard = on_heard,
    .turn = on_turn,
    .usage = on_usage,
    .tool = on_tool,
    .turn_end = on_turn_end,
    .problem = on_problem,
    .failure = on_failure,
    .over = on_over,
  };
  ParleyService *self = data;
  gboolean taken;

  /* The check came before; others may have passed it at the same time. */
  g_mutex_lock (&self->lock);
  taken = !g_atomic_int_get (&self->draining)
      && g_hash_table_size (self->sessions) < self->max_calls;
  if (taken)
    g_hash_table_insert (self->sessions, parley_session_begin (upgrade,
            self->captures, &hooks, self), NULL);
  g_mutex_unlock (&self->lock);
  if (!taken)
    soup_websocket_connection_close (upgrade->websocket, 1013,
        "no line is free");
}

/* Pages, on the loops of their connections */

static void
handle_twiml (SoupServerMessage * message, const gchar * path, gpointer data)
{
  ParleyService *self = data;
  g_autoptr (GPtrArray) fields = parley_webhook_read (self->webhook, message);

  if (!fields) {
    parley_log_call (NULL, "a request for /twiml was refused (%u)",
        soup_server_message_get_status (message));
    return;
  }
  if (takes_calls (self)) {
    parley_webhook_answer_connect (self->webhook, message, fields);
    return;
  }
  parley_webhook_answer_say (message, g_atomic_int_get (&self->draining)
      ? TEXT_DRAINING : TEXT_BUSY);
  parley_log_call (NULL, "a call was turned away: %u are running",
      count_calls (self));
}

static void
handle_health (SoupServerMessage * message, const gchar * path, gpointer data)
{
  parley_answer_text_in_loop (message, SOUP_STATUS_OK, PARLEY_TYPE_JSON,
      g_strdup_printf ("{\"status\":\"ok\",\"calls\":%u}\n",
          count_calls (data)));
}

static void
add_certificate_problem (ParleyService * self, GPtrArray * problems)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) from = self->certificate
      ? g_tls_certificate_get_not_valid_before (self->certificate) : NULL;
  g_autoptr (GDateTime) until = self->certificate
      ? g_tls_certificate_get_not_valid_after (self->certificate) : NULL;

  if (until && g_date_time_compare (until, now) < 0)
    g_ptr_array_add (problems, g_strdup ("the certificate has expired; renew "
            "it and start the server again"));
  if (from && g_date_time_compare (from, now) > 0)
    g_ptr_array_add (problems, g_strdup ("the certificate is not valid yet; "
            "set the clock, or get another one"));
}

static void
add_stock_problems (ParleyService * self, GPtrArray * problems)
{
  GHashTableIter iter;
  gpointer stock;

  g_mutex_lock (&self->lock);
  parley_stock_add_problems (self->stock, problems);
  g_hash_table_iter_init (&iter, self->routes);
  while (g_hash_table_iter_next (&iter, NULL, &stock))
    parley_stock_add_problems (stock, problems);
  g_mutex_unlock (&self->lock);
}

/* Why the next call would not be answered at once; texts. */
static GPtrArray *
list_problems (ParleyService * self)
{
  GPtrArray *problems = g_ptr_array_new_with_free_func (g_free);

  if (g_atomic_int_get (&self->draining))
    g_ptr_array_add (problems, g_strdup ("draining: the server was told to "
            "stop; send calls to another one"));
  else if (count_calls (self) >= self->max_calls)
    g_ptr_array_add (problems, g_strdup_printf ("all %u calls that "
            "--max-calls allows are running; raise it, or add a server",
            self->max_calls));
  if (!parley_service_is_ready (self))
    g_ptr_array_add (problems, g_strdup ("warming up: the recogniser's models "
            "and the voices are being loaded, the greeting is made; wait"));
  add_stock_problems (self, problems);
  add_certificate_problem (self, problems);
  return problems;
}

static gchar *
readiness_to_json (GPtrArray * problems)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "ready");
  json_builder_add_boolean_value (builder, problems->len == 0);
  if (problems->len > 0) {
    json_builder_set_member_name (builder, "reasons");
    json_builder_begin_array (builder);
    for (guint i = 0; i < problems->len; i++)
      json_builder_add_string_value (builder, g_ptr_array_index (problems, i));
    json_builder_end_array (builder);
  }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static void
handle_ready (SoupServerMessage * message, const gchar * path, gpointer data)
{
  g_autoptr (GPtrArray) problems = list_problems (data);

  parley_answer_text_in_loop (message, problems->len == 0 ? SOUP_STATUS_OK
      : SOUP_STATUS_SERVICE_UNAVAILABLE, PARLEY_TYPE_JSON,
      readiness_to_json (problems));
}

/* Pages for those that run the server */

static gboolean
may_do (ParleyService * self, SoupServerMessage * message, const gchar * method)
{
  if (!parley_admin_check (self->admin, message))
    return FALSE;
  if (strcmp (soup_server_message_get_method (message), method) == 0)
    return TRUE;
  soup_server_message_set_status (message, SOUP_STATUS_METHOD_NOT_ALLOWED,
      NULL);
  return FALSE;
}

static gboolean
may_see (ParleyService * self, SoupServerMessage * message)
{
  return may_do (self, message, "GET");
}

static void
handle_cache (SoupServerMessage * message, const gchar * path, gpointer data)
{
  if (may_do (data, message, "DELETE"))
    parley_cache_admin_drop_in_loop (message);
}

static void
handle_metrics (SoupServerMessage * message, const gchar * path, gpointer data)
{
  ParleyService *self = data;

  if (may_see (self, message))
    parley_monitor_answer_metrics_in_loop (self->monitor, message);
}

static void
handle_calls (SoupServerMessage * message, const gchar * path, gpointer data)
{
  ParleyService *self = data;

  if (may_see (self, message))
    parley_monitor_answer_list_in_loop (self->monitor, message);
}

/* @func with the pipeline of the call of @record, NULL if it is over. */
static void
look_at (ParleyService * self, ParleyCallRecord * record,
    ParleySessionLook func, gpointer data)
{
  GHashTableIter iter;
  gpointer session, its_record;
  gboolean found = FALSE;

  /* A session leaves the table under the lock before it is freed. */
  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->sessions);
  while (!found && g_hash_table_iter_next (&iter, &session, &its_record))
    found = its_record == record;
  if (found)
    parley_session_look (session, func, data);
  g_mutex_unlock (&self->lock);
  if (!found)
    func (NULL, data);
}

/* POST: something is to be done to a call. */
static void
control_call (ParleyService * self, SoupServerMessage * message,
    const gchar * path)
{
  g_autofree gchar *sid = NULL;
  g_autoptr (ParleyCallRecord) record = NULL;
  ParleyControl *control = NULL;

  if (parley_admin_check (self->admin, message))
    control = parley_control_new_in_loop (message, path, &sid);
  if (!control)
    return;
  record = parley_calls_find (parley_monitor_get_calls (self->monitor), sid);
  if (!record) {
    parley_monitor_answer_none_in_loop (message);
    parley_control_free (control);
    return;
  }
  parley_control_begin_in_loop (control, message);
  look_at (self, record, parley_control_carry_out, control);
}

static void
handle_call (SoupServerMessage * message, const gchar * path, gpointer data)
{
  ParleyService *self = data;
  g_autoptr (ParleyCallRecord) record = NULL;
  g_autofree gchar *sid = NULL;
  ParleyMonitorView view;

  if (strcmp (soup_server_message_get_method (message), "POST") == 0) {
    control_call (self, message, path);
    return;
  }
  if (!may_see (self, message))
    return;
  view = parley_monitor_parse (message, path, &sid);
  record = parley_calls_find (parley_monitor_get_calls (self->monitor), sid);
  if (!record)
    parley_monitor_answer_none_in_loop (message);
  else if (view == PARLEY_MONITOR_RECORD)
    parley_monitor_answer_record_in_loop (self->monitor, message, record);
  else
    look_at (self, record, parley_monitor_graph_draw,
        parley_monitor_graph_new_in_loop (self->monitor, message, record,
            view == PARLEY_MONITOR_SVG));
}

static gchar *
script_sentences (const gchar * path)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  ParleyScript *script = path ? parley_script_load (path, NULL) : NULL;
  g_autoptr (GPtrArray) examples =
      script ? parley_script_examples (script) : NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "sentences");
  json_builder_begin_array (builder);
  for (guint i = 0; examples && i < examples->len; i++)
    json_builder_add_string_value (builder, g_ptr_array_index (examples, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  g_clear_pointer (&script, parley_script_unref);
  return json_to_string (root, FALSE);
}

/* The script was read when the prototypes went to READY: it is in memory. */
static void
handle_script (SoupServerMessage * message, const gchar * path, gpointer data)
{
  ParleyStock *stock = pick_stock (NULL, data);

  parley_answer_text_in_loop (message, SOUP_STATUS_OK, PARLEY_TYPE_JSON,
      script_sentences (parley_stock_get_script (stock)));
  parley_stock_unref (stock);
}

static void
handle_events (SoupServerMessage * message, const gchar * path, gpointer data)
{
  ParleyService *self = data;

  parley_captions_subscribe_in_loop (self->captions, message,
      path + strlen (EVENTS_PATH));
}

/* A browser cannot sign: where Twilio must, there is no page. */
static void
handle_talk (SoupServerMessage * message, const gchar * path, gpointer data)
{
  ParleyService *self = data;

  if (self->has_token)
    soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND,
        "/talk is off while calls must be signed");
  else
    parley_pages_answer (message, path);
}

/* Files */

static void
load_stock (ParleyStock ** stock, guint * n_failed)
{
  g_autoptr (GError) error = NULL;
  ParleyStock *fresh =
      parley_stock_new (parley_stock_get_path (*stock), &error);

  if (fresh) {
    parley_stock_unref (*stock);
    *stock = fresh;
    return;
  }
  ++*n_failed;
  parley_log_problem (NULL, "%s", error->message);
}

guint
parley_service_reload (ParleyService * self)
{
  g_autofree gchar **numbers = NULL;
  guint n_failed = 0, n;

  /* The keys stay what they are: only this thread changes the table. */
  numbers = (gchar **) g_hash_table_get_keys_as_array (self->routes, &n);
  for (guint i = 0; i <= n; i++) {
    const gchar *number = numbers[i];   /* NULL, last: the one of no route */
    ParleyStock *stock = pick_stock (number, self);
    ParleyStock *old = NULL;

    load_stock (&stock, &n_failed);
    g_mutex_lock (&self->lock);
    if (number) {
      g_hash_table_insert (self->routes, g_strdup (number), stock);
    } else {
      old = self->stock;
      self->stock = stock;
    }
    g_mutex_unlock (&self->lock);
    g_clear_pointer (&old, parley_stock_unref);
  }
  return n_failed;
}

static gboolean
load_files (ParleyService * self, const ParleyServiceConfig * config,
    GError ** error)
{
  GHashTableIter iter;
  gpointer number, path;

  self->stock = parley_stock_new (config->file, error);
  if (!self->stock)
    return FALSE;
  if (!config->routes)
    return TRUE;
  g_hash_table_iter_init (&iter, config->routes);
  while (g_hash_table_iter_next (&iter, &number, &path)) {
    ParleyStock *stock = parley_stock_new (path, error);

    if (!stock)
      return FALSE;
    g_hash_table_insert (self->routes, g_strdup (number), stock);
  }
  return TRUE;
}

/* Life */

static void
route_gone (gpointer data)
{
  ParleyService *self = data;

  g_mutex_lock (&self->lock);
  self->n_routes--;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
add_routes (ParleyService * self)
{
  static const struct
  {
    const gchar *path;
    ParleyServerHandler handler;
  } pages[] = {
    {"/twiml", handle_twiml},
    {"/health", handle_health},
    {"/ready", handle_ready},
    {"/metrics", handle_metrics},
    {"/cache", handle_cache},
    {"/calls", handle_calls},
    {"/calls/", handle_call},
    {EVENTS_PATH, handle_events},
    {"/talk/script", handle_script},
    {"/talk", handle_talk},
    {"/talk/", handle_talk},
  };

  self->n_routes = G_N_ELEMENTS (pages) + 1;
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    parley_server_add_handler (self->server, pages[i].path, pages[i].handler,
        self, route_gone);
  parley_server_add_calls (self->server, MEDIA_PATH, check_upgrade,
      on_upgrade, self, route_gone);
}

static gboolean
set_up_monitor (ParleyService * self, const ParleyServiceConfig * config,
    GError ** error)
{
  ParleyPrices *prices = NULL;

  self->admin = parley_admin_new (config->host, config->admin_token_env, error);
  if (!self->admin)
    return FALSE;
  if (config->prices) {
    prices = parley_prices_load (config->prices, error);
    if (!prices)
      return FALSE;
  }
  self->monitor = parley_monitor_new (prices, config->max_calls,
      config->keep_calls);
  return TRUE;
}

static void
take_config (ParleyService * self, const ParleyServiceConfig * config)
{
  self->max_calls = config->max_calls;
  self->caption = config->caption;
  self->turn = config->turn;
  self->data = config->data;
  self->has_token = config->auth_token_env != NULL;
  self->show_cards = config->show_cards;
  g_set_object (&self->certificate, config->certificate);
}

static gboolean
set_up_records (ParleyService * self, const ParleyServiceConfig * config,
    GError ** error)
{
  if (config->delivery) {
    self->delivery = parley_delivery_new (config->delivery, error);
    if (!self->delivery)
      return FALSE;
  }
  if (config->capture_dir) {
    self->captures = parley_captures_new (config->capture_dir, error);
    if (!self->captures)
      return FALSE;
  }
  return TRUE;
}

ParleyService *
parley_service_new (const ParleyServiceConfig * config, GError ** error)
{
  ParleyService *self = g_new0 (ParleyService, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->routes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      (GDestroyNotify) parley_stock_unref);
  self->sessions = g_hash_table_new (NULL, NULL);
  self->captions = parley_captions_new ();
  take_config (self, config);
  self->webhook = parley_webhook_new (config->public_url, MEDIA_PATH,
      config->auth_token_env, error);
  if (!self->webhook || !set_up_monitor (self, config, error)
      || !set_up_records (self, config, error)
      || !load_files (self, config, error))
    goto failed;
  self->warmth = parley_warmth_new ();
  self->server = parley_server_new ();
  add_routes (self);
  if (!parley_server_listen (self->server, config->host, config->port,
          config->certificate, NULL, error))
    goto failed;
  self->port = parley_server_get_port (self->server);
  return self;

failed:
  parley_service_free (self);
  return NULL;
}

void
parley_service_free (ParleyService * self)
{
  g_atomic_int_set (&self->draining, TRUE);
  parley_captions_close (self->captions);
  parley_service_end_calls (self);
  if (self->server)
    parley_server_close (self->server);
  g_clear_object (&self->server);
  g_mutex_lock (&self->lock);
  while (self->n_routes > 0 || g_hash_table_size (self->sessions) > 0)
    g_cond_wait (&self->changed, &self->lock);
  g_clear_pointer (&self->idle_context, g_main_context_unref);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->delivery, parley_delivery_free);
  g_clear_pointer (&self->captures, parley_captures_free);
  g_clear_pointer (&self->warmth, parley_warmth_free);
  g_clear_pointer (&self->stock, parley_stock_unref);
  g_hash_table_unref (self->routes);
  g_hash_table_unref (self->sessions);
  g_clear_pointer (&self->webhook, parley_webhook_free);
  g_clear_pointer (&self->monitor, parley_monitor_unref);
  g_clear_pointer (&self->admin, parley_admin_free);
  g_clear_object (&self->certificate);
  parley_captions_unref (self->captions);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint16
parley_service_get_port (ParleyService * self)
{
  return self->port;
}

guint
parley_service_get_calls (ParleyService * self)
{
  return count_calls (self);
}

const gchar *
parley_service_get_script (ParleyService * self)
{
  return parley_stock_get_script (self->stock);
}

gboolean
parley_service_is_admin_open (ParleyService * self)
{
  return parley_admin_is_open (self->admin);
}

gboolean
parley_service_is_ready (ParleyService * self)
{
  return parley_warmth_is_reached (self->warmth);
}

void
parley_service_drain (ParleyService * self, void (*idle) (gpointer),
    gpointer data)
{
  g_atomic_int_set (&self->draining, TRUE);
  g_mutex_lock (&self->lock);
  self->idle = idle;
  self->idle_data = data;
  self->idle_context = g_main_context_ref_thread_default ();
  tell_if_idle_unlocked (self);
  g_mutex_unlock (&self->lock);
}

void
parley_service_end_calls (ParleyService * self)
{
  GHashTableIter iter;
  gpointer session;

  /* A session leaves the table under the lock before it is freed. */
  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, &session, NULL))
    parley_session_end (session);
  g_mutex_unlock (&self->lock);
}
