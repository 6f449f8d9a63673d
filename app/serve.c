/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "gstsetup.h"
#include "server/admin.h"
#include "server/calls.h"
#include "server/log.h"
#include "server/service.h"
#include "verbs.h"
#include "waterfall.h"

#define DEFAULT_LISTEN "127.0.0.1:8080"
#define DEFAULT_MAX_CALLS 1000
#define DEFAULT_DRAIN_SECONDS 30
/* For the pipelines to finish after their calls were cut off. */
#define CUT_OFF_SECONDS 8

static const gchar description[] =
    "Takes Twilio's calls and runs the pipeline of FILE for each:\n\n"
    "  POST /twiml   the voice webhook of a number: connects the call to\n"
    "  /media        the Media Streams socket\n"
    "  GET  /talk    a page that calls from a browser (localhost or https)\n"
    "  GET  /health  200 while the server is alive\n"
    "  GET  /ready   200 once the next call would be answered at once, else "
    "why not\n"
    "  GET  /metrics for Prometheus\n"
    "  GET  /calls   the calls, /calls/SID one of them with its turns, and\n"
    "                /calls/SID/graph.svg its pipeline\n\n"
    "/metrics and /calls need --admin-token-env where --listen is not of this "
    "machine\nonly, and then “Authorization: Bearer TOKEN”.\n\n"
    "SIGTERM and SIGINT take no more calls and let running ones finish; a "
    "second one\nends them. SIGHUP reads the pipeline files again for the "
    "calls to come.\n\n"
    "Examples:\n"
    "  parley serve pipelines/local.pipeline\n"
    "  TOKEN=… parley serve agent.pipeline --listen 0.0.0.0:8080 \\\n"
    "      --public-url https://voice.example.org --auth-token-env TOKEN\n";

typedef struct
{
  gchar *listen;
  gchar *public_url;
  gchar *auth_token_env;
  gchar *admin_token_env;
  gchar *prices;
  gchar *record_dir;
  gchar *record_url;
  gchar *record_url_env;
  gchar *record_secret_env;
  gboolean show_cards;
  gchar *capture_dir;
  gchar *tls_cert;
  gchar *tls_key;
  gchar **routes;
  gint max_calls;
  gint keep_calls;
  gint workers;
  gint drain_seconds;
  gboolean verbose;

  gchar *host;
  guint16 port;
} Options;

typedef struct
{
  ParleyService *service;
  GMainLoop *loop;
  gint drain_seconds;
  guint signals;
} Server;

static void
options_clear (Options * self)
{
  g_free (self->listen);
  g_free (self->public_url);
  g_free (self->auth_token_env);
  g_free (self->admin_token_env);
  g_free (self->prices);
  g_free (self->record_dir);
  g_free (self->capture_dir);
  g_free (self->record_url);
  g_free (self->record_url_env);
  g_free (self->record_secret_env);
  g_free (self->tls_cert);
  g_free (self->tls_key);
  g_strfreev (self->routes);
  g_free (self->host);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear);

static gboolean
parse_options (Options * self, int *argc, char ***argv)
{
  GOptionEntry entries[] = {
    {"listen", 'l', 0, G_OPTION_ARG_STRING, &self->listen,
          "where to listen (" DEFAULT_LISTEN "); port 0: any free one",
        "HOST:PORT"},
    {"public-url", 'u', 0, G_OPTION_ARG_STRING, &self->public_url,
        "how Twilio reaches this server, such as https://HOST", "URL"},
    {"auth-token-env", 0, 0, G_OPTION_ARG_STRING, &self->auth_token_env,
        "the environment variable with the account's auth token: requests "
          "must be signed", "NAME"},
    {"admin-token-env", 0, 0, G_OPTION_ARG_STRING, &self->admin_token_env,
          "the environment variable with the token for /metrics and /calls",
        "NAME"},
    {"prices", 0, 0, G_OPTION_ARG_FILENAME, &self->prices,
          "what providers and calls cost (JSON), for /metrics and /calls",
        "FILE"},
    {"route", 'r', 0, G_OPTION_ARG_STRING_ARRAY, &self->routes,
          "calls to NUMBER run FILE instead; may be repeated",
        "NUMBER=FILE"},
    {"max-calls", 'n', 0, G_OPTION_ARG_INT, &self->max_calls,
        "turn calls away beyond this many at once (1000)", "N"},
    {"keep-calls", 0, 0, G_OPTION_ARG_INT, &self->keep_calls,
          "how many calls that ended within 10 minutes /calls knows (10000)",
        "N"},
    {"workers", 'w', 0, G_OPTION_ARG_INT, &self->workers,
        "loop threads, 1 to 64 (one a core)", "N"},
    {"call-record-dir", 0, 0, G_OPTION_ARG_FILENAME, &self->record_dir,
        "write a record of each call there when it is over (JSON): what was "
          "said and heard, stages, cost", "DIR"},
    {"call-record-url", 0, 0, G_OPTION_ARG_STRING, &self->record_url,
        "POST it there too, as a signed webhook", "URL"},
    {"call-record-url-env", 0, 0, G_OPTION_ARG_STRING, &self->record_url_env,
          "the environment variable with that URL, if it is a secret itself",
        "NAME"},
    {"call-record-secret-env", 0, 0, G_OPTION_ARG_STRING,
          &self->record_secret_env,
        "the environment variable with the webhook's secret", "NAME"},
    {"show-card-numbers", 0, 0, G_OPTION_ARG_NONE, &self->show_cards,
        "do not hide what looks like a payment card's number in records", NULL},
    {"capture", 0, 0, G_OPTION_ARG_FILENAME, &self->capture_dir,
          "capture each call there, with all that was on the wire: for parley "
          "replay",
        "DIR"},
    {"tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &self->tls_cert,
        "serve https with this certificate (PEM)", "FILE"},
    {"tls-key", 0, 0, G_OPTION_ARG_FILENAME, &self->tls_key,
        "its key, if it is not in the same file", "FILE"},
    {"drain-seconds", 0, 0, G_OPTION_ARG_INT, &self->drain_seconds,
        "how long running calls may go on after SIGTERM (30)", "N"},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &self->verbose,
          "also log what is said, and draw where the time of each answer went",
        NULL},
    {NULL}
  };
  GOptionContext *context = g_option_context_new ("FILE");

  self->max_calls = DEFAULT_MAX_CALLS;
  self->keep_calls = PARLEY_CALLS_MAX_ENDED;
  self->drain_seconds = DEFAULT_DRAIN_SECONDS;
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  return parley_verb_parse (context, argc, argv, 1);
}

/* Who knows the address of a webhook may write to it: it need not stand in the
 * argument list. 0, or the exit status. */
static int
take_record_url (Options * self)
{
  const gchar *name = self->record_url_env;

  if (!name)
    return 0;
  if (self->record_url)
    return parley_usage_error ("give --call-record-url or "
        "--call-record-url-env, not both");
  self->record_url = g_strdup (g_getenv (name));
  if (self->record_url)
    return 0;
  g_printerr ("%s: the environment variable %s is not set; put the URL for "
      "records of calls there\n", g_get_prgname (), name);
  return 1;
}

/* 0, or the exit status. */
static int
check_options (Options * self)
{
  const gchar *listen = self->listen ? self->listen : DEFAULT_LISTEN;

  if (!parley_verb_split_address (listen, &self->host, &self->port))
    return parley_usage_error ("--listen %s is not HOST:PORT", listen);
  if (self->max_calls < 1)
    return parley_usage_error ("--max-calls must be at least 1");
  if (self->keep_calls < 0 || self->keep_calls > PARLEY_CALLS_MAX_ENDED)
    return parley_usage_error ("--keep-calls must be 0 to %d",
        PARLEY_CALLS_MAX_ENDED);
  if (self->workers < 0 || self->workers > 64)
    return parley_usage_error ("--workers must be 1 to 64");
  if (self->drain_seconds < 0)
    return parley_usage_error ("--drain-seconds must not be negative");
  if (self->record_secret_env && !self->record_url)
    return parley_usage_error ("--call-record-secret-env needs "
        "--call-record-url or --call-record-url-env");
  if (self->show_cards && !self->record_dir && !self->record_url)
    return parley_usage_error ("--show-card-numbers needs --call-record-dir "
        "or --call-record-url");
  if (self->tls_key && !self->tls_cert)
    return parley_usage_error ("--tls-key needs --tls-cert");
  for (guint i = 0; self->routes && self->routes[i]; i++) {
    const gchar *equals = strchr (self->routes[i], '=');

    if (!equals || equals == self->routes[i] || !equals[1])
      return parley_usage_error ("--route %s is not NUMBER=FILE",
          self->routes[i]);
  }
  return 0;
}

static GHashTable *
parse_routes (gchar ** routes)
{
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);

  for (guint i = 0; routes && routes[i]; i++) {
    const gchar *equals = strchr (routes[i], '=');

    g_hash_table_insert (table, g_strndup (routes[i], equals - routes[i]),
        g_strdup (equals + 1));
  }
  return table;
}

static GTlsCertificate *
load_certificate (Options * options, GError ** error)
{
  GTlsCertificate *certificate;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ())) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "there is no TLS on this machine; install glib-networking");
    return NULL;
  }
  certificate = options->tls_key
      ? g_tls_certificate_new_from_files (options->tls_cert,
      options->tls_key, error)
      : g_tls_certificate_new_from_file (options->tls_cert, error);
  if (!certificate)
    g_prefix_error (error, "%s: ", options->tls_cert);
  return certificate;
}

/* On the call's loop. In one piece, so that no other line comes between. */
static void
draw_turn (const gchar * sid, const ParleyTurnReport * report, gpointer data)
{
  ParleyWaterfallStyle style = parley_waterfall_style (STDERR_FILENO);
  g_autoptr (GString) text = g_string_new (NULL);

  parley_waterfall_draw (text, report, &style);
  g_printerr ("%s", text->str);
}

static ParleyService *
start (Options * options, const gchar * file, GError ** error)
{
  g_autoptr (GHashTable) routes = parse_routes (options->routes);
  g_autoptr (GTlsCertificate) certificate = NULL;
  const ParleyDeliveryConfig delivery = {
    options->record_dir, options->record_url, options->record_secret_env
  };
  ParleyServiceConfig config = { 0 };
  ParleyService *service;

  if (options->tls_cert) {
    certificate = load_certificate (options, error);
    if (!certificate)
      return NULL;
  }
  config.file = file;
  config.routes = routes;
  config.host = options->host;
  config.port = options->port;
  config.public_url = options->public_url;
  config.auth_token_env = options->auth_token_env;
  config.admin_token_env = options->admin_token_env;
  config.prices = options->prices;
  if (delivery.dir || delivery.url)
    config.delivery = &delivery;
  config.show_cards = options->show_cards;
  config.capture_dir = options->capture_dir;
  config.certificate = certificate;
  config.max_calls = options->max_calls;
  config.keep_calls = options->keep_calls;
  if (options->verbose)
    config.turn = draw_turn;
  service = parley_service_new (&config, error);
  if (!service && g_error_matches (*error, G_IO_ERROR,
          G_IO_ERROR_ADDRESS_IN_USE))
    g_prefix_error (error, "port %u is taken by another program; give "
        "--listen HOST:PORT another one: ", options->port);
  return service;
}

/* Signals */

static gboolean
quit (gpointer data)
{
  Server *self = data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
no_call_left (gpointer data)
{
  quit (data);
}

static gboolean
cut_off (gpointer data)
{
  Server *self = data;

  parley_log_problem (NULL, "ending %u calls",
      parley_service_get_calls (self->service));
  parley_service_end_calls (self->service);
  g_timeout_add_seconds (CUT_OFF_SECONDS, quit, self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_terminate (gpointer data)
{
  Server *self = data;

  if (self->signals++ > 0) {
    if (self->signals == 2)
      cut_off (self);
    return G_SOURCE_CONTINUE;
  }
  parley_log_problem (NULL, "no more calls are taken; %u are running",
      parley_service_get_calls (self->service));
  g_timeout_add_seconds (self->drain_seconds, cut_off, self);
  parley_service_drain (self->service, no_call_left, self);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_hangup (gpointer data)
{
  Server *self = data;
  guint n_failed = parley_service_reload (self->service);

  if (n_failed)
    parley_log_problem (NULL, "%u pipeline file%s not usable; calls to come "
        "use what was there before", n_failed, n_failed == 1 ? " is" : "s are");
  else
    parley_log_problem (NULL, "pipeline files read again");
  return G_SOURCE_CONTINUE;
}

static void
announce (Options * options, ParleyService * service, const gchar * file)
{
  const gchar *host = options->host ? options->host : "0.0.0.0";

  g_print ("parley: listening on %s://%s%s%s:%u (%s)\n",
      options->tls_cert ? "https" : "http", strchr (host, ':') ? "[" : "",
      host, strchr (host, ':') ? "]" : "",
      parley_service_get_port (service), file);
  if (!parley_service_is_admin_open (service))
    parley_log_call (NULL, "/metrics and /calls are closed; to open them, "
        PARLEY_ADMIN_HINT);
}

/* Says that it listens once signals are heeded. */
static void
run (Server * self, Options * options, const gchar * file)
{
  guint sources[] = {
    g_unix_signal_add (SIGTERM, on_terminate, self),
    g_unix_signal_add (SIGINT, on_terminate, self),
    g_unix_signal_add (SIGHUP, on_hangup, self),
  };

  self->loop = g_main_loop_new (NULL, FALSE);
  announce (options, self->service, file);
  g_main_loop_run (self->loop);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  g_main_loop_unref (self->loop);
}

int
parley_verb_serve (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  g_autoptr (ParleyService) service = NULL;
  g_autoptr (GError) error = NULL;
  Server server = { 0 };
  int status;

  if (!parse_options (&options, &argc, &argv))
    return PARLEY_EXIT_USAGE;
  if (argc < 2)
    return parley_usage_error ("name a pipeline file");
  status = take_record_url (&options);
  if (!status)
    status = check_options (&options);
  if (status)
    return status;
  parley_gst_setup ();
  parley_loop_pool_set_size (options.workers);
  parley_log_set_level (options.verbose ? PARLEY_LOG_TURNS : PARLEY_LOG_CALLS);
  service = start (&options, argv[1], &error);
  if (!service) {
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
    return 1;
  }
  server.service = service;
  server.drain_seconds = options.drain_seconds;
  run (&server, &options, argv[1]);
  return 0;
}
