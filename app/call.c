/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib-unix.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "audiofile.h"
#include "caller.h"
#include "callertimeline.h"
#include "jsontext.h"
#include "net/clock.h"
#include "verbs.h"
#include "voice.h"
#include "waterfall.h"

#define DEFAULT_URL "ws://localhost:8080/media"
#define MAX_CALLS 2000
/* For the server's view of the last turns to be complete. */
#define TIMELINE_WAIT_US (2 * G_TIME_SPAN_SECOND)

typedef enum
{
  TURN_SAY,
  TURN_WAV,
  TURN_DTMF
} TurnKind;

/* A turn as it was asked for. */
typedef struct
{
  TurnKind kind;
  gchar *text;
} Request;

/* What the options say; one verb runs in a process. */
static struct
{
  GPtrArray *requests;
  GHashTable *parameters;
  gchar *url;
  gchar *sign_url;
  gchar *auth_token_env;
  gchar *from;
  gchar *to;
  gchar *tts;
  gchar *voice;
  gchar *record;
  gchar *timeline_url;
  gchar *admin_token_env;
  gint calls;
  gint interval_ms;
  gint barge_in_ms;
  gdouble timeout;
  gboolean no_greeting;
  gboolean insecure;
  gboolean json;
} options;

typedef struct
{
  GMainLoop *loop;
  SoupSession *session;
  ParleyCallerConfig config;
  GPtrArray *callers;
  GSource *next_call;           /* starts those not begun yet */
  guint started;
  guint running;
  gboolean live;                /* print what happens */
} Run;

static void
request_free (gpointer data)
{
  Request *request = data;

  g_free (request->text);
  g_free (request);
}

static gboolean
on_turn_option (const gchar * name, const gchar * value, gpointer data,
    GError ** error)
{
  Request *request;

  if (strcmp (name, "--dtmf") == 0
      && value[strspn (value, "0123456789*#ABCD")] != '\0') {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--dtmf takes keys out of 0-9 * # A-D");
    return FALSE;
  }
  if (value[0] == '\0') {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "%s is empty", name);
    return FALSE;
  }
  request = g_new (Request, 1);
  request->kind = strcmp (name, "--say") == 0 ? TURN_SAY
      : strcmp (name, "--wav") == 0 ? TURN_WAV : TURN_DTMF;
  request->text = g_strdup (value);
  g_ptr_array_add (options.requests, request);
  return TRUE;
}

static gboolean
on_param_option (const gchar * name, const gchar * value, gpointer data,
    GError ** error)
{
  const gchar *equals = strchr (value, '=');

  if (equals == NULL || equals == value) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "%s takes NAME=VALUE", name);
    return FALSE;
  }
  g_hash_table_insert (options.parameters,
      g_strndup (value, equals - value), g_strdup (equals + 1));
  return TRUE;
}

static const GOptionEntry entries[] = {
  {"url", 'u', 0, G_OPTION_ARG_STRING, &options.url,
      "server to call (" DEFAULT_URL ")", "URL"},
  {"say", 's', 0, G_OPTION_ARG_CALLBACK, (gpointer) on_turn_option,
      "a turn: speak this", "TEXT"},
  {"wav", 'w', G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK,
      (gpointer) on_turn_option, "a turn: play this sound file", "FILE"},
  {"dtmf", 'd', 0, G_OPTION_ARG_CALLBACK, (gpointer) on_turn_option,
      "a turn: press these keys", "DIGITS"},
  {"tts", 0, 0, G_OPTION_ARG_STRING, &options.tts,
      "who speaks --say: flite, espeak or another provider", "NAME"},
  {"voice", 0, 0, G_OPTION_ARG_STRING, &options.voice,
      "voice of that provider", "NAME"},
  {"no-greeting", 0, 0, G_OPTION_ARG_NONE, &options.no_greeting,
      "speak at once (else the greeting is waited for, 2 s)", NULL},
  {"barge-in-ms", 0, 0, G_OPTION_ARG_INT, &options.barge_in_ms,
      "begin the next turn so far into a reply, not after it", "MS"},
  {"timeout", 0, 0, G_OPTION_ARG_DOUBLE, &options.timeout,
      "how long a reply may take to begin (10)", "SECONDS"},
  {"calls", 'n', 0, G_OPTION_ARG_INT, &options.calls,
      "so many calls at once (1)", "N"},
  {"interval-ms", 0, 0, G_OPTION_ARG_INT, &options.interval_ms,
      "time between the beginnings of two calls (20)", "MS"},
  {"record", 'r', 0, G_OPTION_ARG_FILENAME, &options.record,
        "both sides as stereo, .wav or .opus (one call only)",
      "FILE"},
  {"json", 0, 0, G_OPTION_ARG_NONE, &options.json,
      "print the result as JSON and nothing else", NULL},
  {"from", 0, 0, G_OPTION_ARG_STRING, &options.from,
      "the caller's number, sent as parameter From", "NUMBER"},
  {"to", 0, 0, G_OPTION_ARG_STRING, &options.to,
      "the number called, sent as parameter To", "NUMBER"},
  {"param", 'p', 0, G_OPTION_ARG_CALLBACK, (gpointer) on_param_option,
      "one more custom parameter of start", "NAME=VALUE"},
  {"auth-token-env", 0, 0, G_OPTION_ARG_STRING, &options.auth_token_env,
      "sign the upgrade with the token in this variable", "NAME"},
  {"sign-url", 0, 0, G_OPTION_ARG_STRING, &options.sign_url,
      "URL the server believes it has, if not --url", "URL"},
  {"timeline-url", 0, 0, G_OPTION_ARG_STRING, &options.timeline_url,
        "after each call ask this Parley server where its time went",
      "URL"},
  {"admin-token-env", 0, 0, G_OPTION_ARG_STRING, &options.admin_token_env,
      "ask with the admin token in this variable", "NAME"},
  {"insecure", 0, 0, G_OPTION_ARG_NONE, &options.insecure,
      "take any TLS certificate", NULL},
  {NULL}
};

static const gchar description[] =
    "Turns come in the order given; each waits until the reply to the one\n"
    "before has ended (nothing left to hear and no media for 700 ms).\n\n"
    "response_ms runs from the caller's last sample over 200/32768 to the\n"
    "reply's first that is due to be heard: null when no reply came, negative\n"
    "when the agent spoke before the caller had finished.\n\n"
    "With --timeline-url each turn gets the server's \"stages\",\n"
    "\"total_ms\", \"sent_ms\" and \"heard_ms\", and what lies between\n"
    "sent_ms and response_ms as \"difference\": when both saw the end of\n"
    "speech (detector), the wire in both directions (only on one machine),\n"
    "the playout buffer, and the rest that none of these explains.\n\n"
    "Examples:\n"
    "  parley call --say \"what are your opening hours\"\n"
    "  parley call --url wss://voice.example.org/media --insecure \\\n"
    "      --wav hello.wav --dtmf 1 --record call.opus\n"
    "  parley call --calls 50 --say hello --json\n"
    "  parley call --say hello --json --timeline-url http://127.0.0.1:8080\n";

static gboolean
is_http_url (const gchar * url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  const gchar *host = uri != NULL ? g_uri_get_host (uri) : NULL;

  return host != NULL && host[0] != '\0'
      && (strcmp (g_uri_get_scheme (uri), "http") == 0
      || strcmp (g_uri_get_scheme (uri), "https") == 0)
      && g_uri_get_query (uri) == NULL;
}

/* Likewise, of those for the timeline. */
static const gchar *
check_timeline_options (void)
{
  if (options.timeline_url != NULL && !is_http_url (options.timeline_url))
    return "--timeline-url takes an http:// or https:// URL";
  if (options.admin_token_env != NULL && options.timeline_url == NULL)
    return "--admin-token-env needs --timeline-url";
  if (options.admin_token_env != NULL
      && g_getenv (options.admin_token_env) == NULL)
    return "--admin-token-env names a variable that is not set";
  return NULL;
}

/* What is wrong with the options as a whole; NULL: nothing. */
static const gchar *
check_options (void)
{
  g_autofree gchar *scheme = g_uri_parse_scheme (options.url);

  if (scheme == NULL || (strcmp (scheme, "ws") != 0
          && strcmp (scheme, "wss") != 0)
      || !g_uri_is_valid (options.url, G_URI_FLAGS_NONE, NULL))
    return "--url takes a ws:// or wss:// URL";
  if (options.calls < 1 || options.calls > MAX_CALLS)
    return "--calls takes 1 to " G_STRINGIFY (MAX_CALLS);
  if (options.interval_ms < 0)
    return "--interval-ms cannot be negative";
  if (!(options.timeout > 0 && options.timeout <= 600))
    return "--timeout takes up to 600 seconds";
  if (options.record != NULL && options.calls > 1)
    return "--record takes one call, not several";
  if (options.record != NULL && !parley_audio_file_can_save (options.record))
    return "--record takes a file that ends in .wav or .opus";
  if (options.auth_token_env != NULL
      && g_getenv (options.auth_token_env) == NULL)
    return "--auth-token-env names a variable that is not set";
  return check_timeline_options ();
}

/* The turns as sound. */
static GPtrArray *
make_turns (GError ** error)
{
  g_autoptr (GPtrArray) turns =
      g_ptr_array_new_with_free_func (parley_caller_turn_free);
  guint i;

  for (i = 0; i < options.requests->len; i++) {
    Request *request = options.requests->pdata[i];
    g_autoptr (GBytes) audio = NULL;

    if (request->kind == TURN_SAY)
      audio = parley_voice_speak (options.tts, options.voice, request->text,
          error);
    else if (request->kind == TURN_WAV)
      audio = parley_audio_file_load (request->text, error);
    if (audio == NULL && request->kind != TURN_DTMF)
      return NULL;
    g_ptr_array_add (turns, parley_caller_turn_new (request->text, audio,
            request->kind == TURN_DTMF ? request->text : NULL));
  }
  return g_steal_pointer (&turns);
}

/* What happens, as it happens */

static void
G_GNUC_PRINTF (2, 3)
print_event (gint64 at, const gchar * format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_print ("%8.3f s  %s\n", at / (gdouble) G_USEC_PER_SEC, text);
}

static void
on_event (ParleyCaller * caller, ParleyCallerEvent event, gint64 at,
    const gchar * text, gint64 value, gpointer data)
{
  Run *run = data;
  gint ms = value / 1000;

  if (event == PARLEY_CALLER_INVALID
      && parley_caller_get_result (caller)->invalid == 1)
    g_printerr ("%s: Twilio would warn: %s\n", g_get_prgname (), text);
  if (!run->live)
    return;
  switch (event) {
    case PARLEY_CALLER_CONNECTED:
      print_event (at, "connected");
      break;
    case PARLEY_CALLER_SPEAKS:
      print_event (at, "caller: %s", text);
      break;
    case PARLEY_CALLER_SPOKE:
      print_event (at, "caller has finished");
      break;
    case PARLEY_CALLER_HEARS:
      print_event (at, "agent is heard, after %d ms", ms);
      break;
    case PARLEY_CALLER_REPLY_ENDED:
      print_event (at, "agent spoke for %.1f s", ms / 1000.0);
      break;
    case PARLEY_CALLER_UNANSWERED:
      print_event (at, "no answer");
      break;
    case PARLEY_CALLER_CLEAR:
      print_event (at, "agent is silenced (clear)");
      break;
    case PARLEY_CALLER_MARK:
      print_event (at, "mark %s", text);
      break;
    case PARLEY_CALLER_CLOSED:
      print_event (at, "call is over");
      break;
    default:
      break;
  }
}

static void
on_done (ParleyCaller * caller, gpointer data)
{
  Run *run = data;

  if (--run->running == 0 && run->started == (guint) options.calls)
    g_main_loop_quit (run->loop);
}

static gboolean
start_next_call (gpointer data)
{
  Run *run = data;
  ParleyCaller *caller = parley_caller_new (&run->config, run->session,
      on_event, on_done, run);

  g_ptr_array_add (run->callers, caller);
  run->started++;
  run->running++;
  parley_caller_start (caller);
  return run->started < (guint) options.calls ? G_SOURCE_CONTINUE
      : G_SOURCE_REMOVE;
}

/* Control-C hangs up, so that there still is a result. */
static gboolean
on_interrupt (gpointer data)
{
  Run *run = data;
  guint i;

  options.calls = run->started;
  g_source_destroy (run->next_call);
  for (i = 0; i < run->callers->len; i++)
    parley_caller_hang_up (run->callers->pdata[i]);
  if (run->running == 0)
    g_main_loop_quit (run->loop);
  return G_SOURCE_REMOVE;
}

/* A call is a descriptor, and the usual soft limit is 1024. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
  }
}

static void
run_calls (Run * run)
{
  GSource *interrupt = g_unix_signal_source_new (SIGINT);

  raise_descriptor_limit ();
  run->loop = g_main_loop_new (NULL, FALSE);
  run->session = parley_caller_session_new ();
  run->next_call = g_timeout_source_new (options.interval_ms);
  g_source_set_callback (run->next_call, start_next_call, run, NULL);
  g_source_set_callback (interrupt, on_interrupt, run, NULL);
  g_source_attach (interrupt, NULL);
  if (start_next_call (run) == G_SOURCE_CONTINUE)
    g_source_attach (run->next_call, NULL);
  g_main_loop_run (run->loop);
  g_source_destroy (interrupt);
  g_source_unref (interrupt);
  g_source_destroy (run->next_call);
  g_source_unref (run->next_call);
  g_object_unref (run->session);
  g_main_loop_unref (run->loop);
}

/* The result */

static void
print_json (JsonNode * node)
{
  g_autofree gchar *text = parley_json_to_text (node, TRUE);

  g_print ("%s\n", text);
  json_node_unref (node);
}

/* One line on stderr, and with --json an object on stdout. */
static int
fail (const gchar * message)
{
  JsonObject *object;
  JsonNode *node;

  g_printerr ("%s: %s\n", g_get_prgname (), message);
  if (options.json) {
    object = json_object_new ();
    json_object_set_string_member (object, "error", message);
    node = json_node_new (JSON_NODE_OBJECT);
    json_node_take_object (node, object);
    print_json (node);
  }
  return 1;
}

static void
print_timeline (const ParleyTurnReport * report)
{
  ParleyWaterfallStyle style = parley_waterfall_style (STDOUT_FILENO);
  g_autoptr (GString) text = g_string_new (NULL);

  parley_waterfall_draw (text, report, &style);
  g_print ("%s", text->str);
}

static void
print_single (const ParleyCallerResult * result)
{
  guint i;

  if (result->sent == 0)
    return;
  for (i = 0; i < result->turns->len; i++) {
    ParleyCallerTurnResult *turn =
        &g_array_index (result->turns, ParleyCallerTurnResult, i);

    if (turn->answered)
      g_print ("%-40s answered after %d ms\n", turn->said,
          (gint) (turn->response_us / 1000));
    else
      g_print ("%-40s no answer\n", turn->said);
    if (turn->report != NULL)
      print_timeline (turn->report);
  }
  g_print ("%u frames sent, %u received, %u underruns, %u clears, %u marks\n",
      result->sent, result->received, result->underruns, result->clears,
      result->marks);
}

/* Asks the server for its view of all calls; returns the exit status. */
static int
fetch_timelines (Run * run)
{
  const gchar *token = options.admin_token_env != NULL
      ? g_getenv (options.admin_token_env) : NULL;
  gint64 deadline = parley_clock_now () + TIMELINE_WAIT_US;
  GError *first_error = NULL;
  guint i;

  for (i = 0; i < run->callers->len; i++) {
    /* Ours since the calls are over. */
    ParleyCallerResult *result = (ParleyCallerResult *)
        parley_caller_get_result (run->callers->pdata[i]);

    if (result->sent == 0)
      continue;
    parley_caller_fetch (result, options.timeline_url, token,
        options.insecure, deadline);
    if (first_error == NULL)
      first_error = result->timeline_error;
  }
  if (first_error != NULL)
    g_printerr ("%s: no timeline from %s: %s\n", g_get_prgname (),
        options.timeline_url, first_error->message);
  return first_error != NULL ? 1 : 0;
}

/* Prints the results; returns the exit status. */
static int
report (Run * run)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new ();
  const gchar *first_error = NULL;
  guint i, failed = 0;

  for (i = 0; i < run->callers->len; i++) {
    const ParleyCallerResult *result =
        parley_caller_get_result (run->callers->pdata[i]);

    g_ptr_array_add (results, (gpointer) result);
    if (result->error != NULL && failed++ == 0)
      first_error = result->error->message;
  }
  if (options.json && results->len == 1)
    print_json (parley_caller_result_to_json (results->pdata[0]));
  else if (options.json || results->len > 1)
    print_json (parley_caller_results_to_json (results));
  else
    print_single (results->pdata[0]);

  if (failed > 1)
    g_printerr ("%s: %u of %u calls failed, the first: %s\n",
        g_get_prgname (), failed, results->len, first_error);
  else if (failed == 1)
    g_printerr ("%s: %s\n", g_get_prgname (), first_error);
  return failed > 0 ? 1 : 0;
}

static int
run_verb (GPtrArray * turns)
{
  ParleyCallerConfig config = PARLEY_CALLER_CONFIG_INIT;
  Run run = { NULL };
  g_autoptr (GError) error = NULL;
  int status, timelines = 0;

  config.url = options.url;
  config.sign_url = options.sign_url;
  if (options.auth_token_env != NULL)
    config.auth_token = g_getenv (options.auth_token_env);
  config.from = options.from;
  config.to = options.to;
  config.parameters = options.parameters;
  config.turns = turns;
  config.timeout_ms = options.timeout * 1000;
  config.barge_in_ms = options.barge_in_ms;
  config.no_greeting = options.no_greeting;
  config.insecure = options.insecure;
  config.record = options.record != NULL;
  config.keep_times = options.timeline_url != NULL;

  run.config = config;
  run.callers = g_ptr_array_new_with_free_func ((GDestroyNotify)
      parley_caller_free);
  run.live = !options.json && options.calls == 1;
  run_calls (&run);
  if (options.timeline_url != NULL)
    timelines = fetch_timelines (&run);
  status = report (&run);
  if (timelines != 0)
    status = timelines;
  if (options.record != NULL) {
    const ParleyCallerResult *result =
        parley_caller_get_result (run.callers->pdata[0]);

    if (!parley_audio_file_save (options.record, result->caller_audio,
            result->agent_audio, &error)) {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      status = 1;
    }
  }
  g_ptr_array_unref (run.callers);
  return status;
}

static void
set_defaults (void)
{
  memset (&options, 0, sizeof options);
  options.requests = g_ptr_array_new_with_free_func (request_free);
  options.parameters = g_hash_table_new_full (g_str_hash, g_str_equal,
      g_free, g_free);
  options.calls = 1;
  options.interval_ms = 20;
  options.barge_in_ms = -1;
  options.timeout = 10;
}

static void
free_options (void)
{
  g_ptr_array_unref (options.requests);
  g_hash_table_unref (options.parameters);
  g_free (options.url);
  g_free (options.sign_url);
  g_free (options.auth_token_env);
  g_free (options.from);
  g_free (options.to);
  g_free (options.tts);
  g_free (options.voice);
  g_free (options.record);
  g_free (options.timeline_url);
  g_free (options.admin_token_env);
}

/* The options are read; returns the exit status. */
static int
call (void)
{
  g_autoptr (GPtrArray) turns = NULL;
  g_autoptr (GError) error = NULL;
  const gchar *wrong;

  if (options.url == NULL)
    options.url = g_strdup (DEFAULT_URL);
  wrong = check_options ();
  if (wrong != NULL)
    return parley_usage_error ("%s", wrong);
  gst_init (NULL, NULL);
  turns = make_turns (&error);
  return turns != NULL ? run_verb (turns) : fail (error->message);
}

int
parley_verb_call (int argc, char **argv)
{
  GOptionContext *context = g_option_context_new (NULL);
  int status = PARLEY_EXIT_USAGE;

  set_defaults ();
  g_option_context_set_summary (context, "Plays a caller on Twilio's side "
      "against any Media Streams server and measures the answers.");
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  if (parley_verb_parse (context, &argc, &argv, 0))
    status = call ();
  free_options ();
  return status;
}
