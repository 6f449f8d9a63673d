/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls that are hung up at random moments of a conversation, many at once.
 * CHURN_CALLS says how many (1000), CHURN_SEED which moments. */
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "mock/coreplugins.h"
#include "mock/livecount.h"
#include "mock/spoken.h"
#include "net/clock.h"
#include "providers/stt/sphinxdecoder.h"
#include "server/log.h"
#include "server/service.h"
#include "server/warmth.h"

#define N_CALLS 1000
#define N_FIRST 300
#define N_AT_ONCE 32
#define SOUNDS "/usr/share/asterisk/sounds/en_US_f_Allison/"
#define PATIENCE_US (60 * G_TIME_SPAN_SECOND)
/* No call lasts longer, whatever it waited for. */
#define LONGEST_MS 4000
/* What 700 calls may leave behind in caches and pools, in bytes. */
#define MAX_GROWTH (256 * 1024)

typedef enum
{
  MOMENT_ANY,                   /* since it began to connect */
  MOMENT_UPGRADED,              /* and nothing was said */
  MOMENT_STARTED,
  MOMENT_SPEAKS,
  MOMENT_SPOKE,
  MOMENT_HEARS,
  N_MOMENTS
} Moment;

/* How long after its moment the call ends at most, in milliseconds. */
static const guint max_delay[N_MOMENTS] = { 40, 60, 400, 1200, 700, 900 };

typedef enum
{
  END_STOP,                     /* stop message and close */
  END_DROP,                     /* the socket is gone */
  N_ENDS
} End;

typedef struct
{
  GRand *rand;
  ParleyService *service;
  SoupSession *session;
  gchar *url;
  GPtrArray *voices;            /* of GBytes */
  guint n_wanted;
  guint n_begun;
  guint n_running;
  guint n_ended[N_MOMENTS];
  gint n_idle_calls;            /* of the prototypes */
  guint n_descriptors;          /* after the first calls */
  ParleyWarmth *warmth;
} Churn;

typedef struct
{
  Churn *churn;
  Moment moment;
  End end;
  guint delay;
  gboolean armed;
  ParleyCaller *caller;
  SoupWebsocketConnection *socket;      /* of MOMENT_UPGRADED */
  GSource *fuse;
} Call;

static void begin_calls (Churn * churn);

static void
call_over (Call * call)
{
  Churn *churn = call->churn;

  parley_timer_clear (&call->fuse);
  g_clear_pointer (&call->caller, parley_caller_free);
  g_clear_object (&call->socket);
  churn->n_running--;
  churn->n_ended[call->moment]++;
  g_free (call);
  begin_calls (churn);
}

static gboolean
fuse_burnt (gpointer data)
{
  Call *call = data;

  if (call->caller && call->end == END_STOP && call->armed) {
    parley_caller_hang_up (call->caller);
    return G_SOURCE_CONTINUE;
  }
  if (call->socket && call->end == END_STOP)
    soup_websocket_connection_close (call->socket,
        SOUP_WEBSOCKET_CLOSE_GOING_AWAY, NULL);
  call_over (call);
  return G_SOURCE_REMOVE;
}

static void
arm (Call * call, Moment moment)
{
  if (call->armed || call->moment != moment)
    return;
  call->armed = TRUE;
  parley_timer_set_due (call->fuse, parley_clock_now ()
      + call->delay * G_TIME_SPAN_MILLISECOND);
}

static void
on_event (ParleyCaller * caller, ParleyCallerEvent event, gint64 at,
    const gchar * text, gint64 value, gpointer data)
{
  Call *call = data;

  switch (event) {
    case PARLEY_CALLER_CONNECTED:
      arm (call, MOMENT_STARTED);
      break;
    case PARLEY_CALLER_SPEAKS:
      arm (call, MOMENT_SPEAKS);
      break;
    case PARLEY_CALLER_SPOKE:
      arm (call, MOMENT_SPOKE);
      break;
    case PARLEY_CALLER_HEARS:
      arm (call, MOMENT_HEARS);
      break;
    case PARLEY_CALLER_INVALID:
      g_error ("the server sent what it must not: %s", text);
    default:
      break;
  }
}

static void
on_done (ParleyCaller * caller, gpointer data)
{
  const ParleyCallerResult *result = parley_caller_get_result (caller);

  /* The agent may have been told goodbye. */
  if (result->error && !strstr (result->error->message, "the agent hung up"))
    g_error ("a call failed: %s", result->error->message);
  call_over (data);
}

static void
on_upgraded (GObject * session, GAsyncResult * result, gpointer data)
{
  Call *call = data;
  GError *error = NULL;

  call->socket = soup_session_websocket_connect_finish (SOUP_SESSION (session),
      result, &error);
  g_assert_no_error (error);
  arm (call, MOMENT_UPGRADED);
}

static void
upgrade_only (Call * call)
{
  SoupMessage *message = soup_message_new ("GET", call->churn->url);

  soup_session_websocket_connect_async (call->churn->session, message, NULL,
      NULL, G_PRIORITY_DEFAULT, NULL, on_upgraded, call);
  g_object_unref (message);
}

static GPtrArray *
random_turns (Churn * churn)
{
  GPtrArray *turns = g_ptr_array_new_with_free_func (parley_caller_turn_free);

  for (guint i = 0; i < 2; i++) {
    guint n = g_rand_int_range (churn->rand, 0, churn->voices->len + 1);
    GBytes *voice = n < churn->voices->len
        ? g_ptr_array_index (churn->voices, n) : NULL;

    g_ptr_array_add (turns, parley_caller_turn_new ("a turn", voice,
            voice ? NULL : "1#"));
  }
  return turns;
}

static void
connect_caller (Call * call)
{
  static const gchar *numbers[] = { NULL, "echo", "listen", "agent" };
  Churn *churn = call->churn;
  ParleyCallerConfig config = PARLEY_CALLER_CONFIG_INIT;

  config.url = churn->url;
  config.from = "+15035550100";
  config.to = numbers[g_rand_int_range (churn->rand, 0, 4)];
  config.turns = random_turns (churn);
  config.no_greeting = g_rand_boolean (churn->rand);
  config.barge_in_ms = g_rand_int_range (churn->rand, 0, 800);
  call->caller = parley_caller_new (&config, churn->session, on_event, on_done,
      call);
  g_ptr_array_unref (config.turns);
  parley_caller_start (call->caller);
}

static void
begin_call (Churn * churn)
{
  Call *call = g_new0 (Call, 1);

  call->churn = churn;
  call->moment = g_rand_int_range (churn->rand, 0, N_MOMENTS);
  call->end = g_rand_int_range (churn->rand, 0, N_ENDS);
  call->delay = g_rand_int_range (churn->rand, 0, max_delay[call->moment]);
  call->fuse = parley_timer_new (call->moment == MOMENT_UPGRADED ? G_MAXINT64
      : parley_clock_now () + LONGEST_MS * G_TIME_SPAN_MILLISECOND);
  g_source_set_callback (call->fuse, fuse_burnt, call, NULL);
  g_source_attach (call->fuse, NULL);
  churn->n_begun++;
  churn->n_running++;
  if (call->moment == MOMENT_UPGRADED)
    upgrade_only (call);
  else
    connect_caller (call);
  arm (call, MOMENT_ANY);
}

static void
begin_calls (Churn * churn)
{
  while (churn->n_running < N_AT_ONCE && churn->n_begun < churn->n_wanted)
    begin_call (churn);
}

/* What is alive */

static const gchar *const factories[] = {
  "twiliosrc", "vadendpoint", "cloudstt", "llmchat", "cloudtts", "mulawsink"
};

static GType element_types[G_N_ELEMENTS (factories)];

static void
watch_types (void)
{
  livecount_watch (GST_TYPE_PIPELINE);
  livecount_watch (PARLEY_TYPE_CALL);
  for (guint i = 0; i < G_N_ELEMENTS (factories); i++) {
    GstElementFactory *factory =
        GST_ELEMENT_FACTORY (gst_plugin_feature_load (GST_PLUGIN_FEATURE
            (gst_element_factory_find (factories[i]))));

    element_types[i] = gst_element_factory_get_element_type (factory);
    livecount_watch (element_types[i]);
  }
}

static gboolean
service_is_ready (Churn * churn)
{
  return parley_service_is_ready (churn->service);
}

/* The prototypes have calls without a socket. */
static gboolean
calls_are_over (Churn * churn)
{
  return churn->n_running == 0 && parley_service_get_calls (churn->service) == 0
      && livecount_get (PARLEY_TYPE_CALL) == churn->n_idle_calls;
}

static gboolean
nothing_is_alive (Churn * churn)
{
  for (guint i = 0; i < G_N_ELEMENTS (factories); i++)
    if (livecount_get (element_types[i]) > 0)
      return FALSE;
  return livecount_get (GST_TYPE_PIPELINE) == 0
      && livecount_get (PARLEY_TYPE_CALL) == 0;
}

static void
tell_alive (void)
{
  g_test_message ("%u descriptors, %d pipelines, %d calls",
      livecount_descriptors (),
      livecount_get (GST_TYPE_PIPELINE), livecount_get (PARLEY_TYPE_CALL));
  for (guint i = 0; i < G_N_ELEMENTS (factories); i++)
    g_test_message ("%d %s", livecount_get (element_types[i]), factories[i]);
}

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* libsoup logs each frame, GIO each connection. */
static void
ignore_log (const gchar * domain, GLogLevelFlags level, const gchar * message,
    gpointer data)
{
}

static void
await (Churn * churn, gboolean (*condition) (Churn *), const gchar * what)
{
  gint64 end = g_get_monotonic_time () + PATIENCE_US;
  guint ticks = g_timeout_add (10, on_tick, NULL);

  while (!condition (churn)) {
    if (g_get_monotonic_time () > end) {
      tell_alive ();
      g_error ("%u calls are running; waited in vain for %s",
          churn->n_running, what);
    }
    g_main_context_iteration (NULL, TRUE);
  }
  g_source_remove (ticks);
}

static gboolean
descriptors_are_back (Churn * churn)
{
  return livecount_descriptors () <= churn->n_descriptors;
}

static gboolean
workers_are_idle (Churn * churn)
{
  return parley_warmth_is_reached (churn->warmth);
}

/* How many there are of these, 10 MB each, depends on how many callers happened
 * to speak at once. */
static void
free_decoders (void)
{
  g_autofree gchar *script = g_build_filename (g_getenv ("PARLEY_SOURCE"),
      "pipelines", "appointments.json", NULL);
  ParleySphinxModel *model = parley_sphinx_model_load (NULL, script, NULL);

  while (parley_sphinx_decoder_count_idle (model) > 0)
    parley_sphinx_decoder_free (parley_sphinx_decoder_acquire (model, NULL));
  parley_sphinx_model_unref (model);
}

/* All calls up to @n, and the quiet after them; the bytes in use then. */
static gsize
run_calls (Churn * churn, guint n)
{
  churn->n_wanted = n;
  begin_calls (churn);
  while (churn->n_running > 0)
    g_main_context_iteration (NULL, TRUE);
  await (churn, calls_are_over, "the calls to be over");
  soup_session_abort (churn->session);
  churn->warmth = parley_warmth_new ();
  await (churn, workers_are_idle, "the workers to be idle");
  parley_warmth_free (churn->warmth);
  free_decoders ();
  return livecount_bytes ();
}

/* The test */

static gchar *
write_pipeline (const gchar * dir, const gchar * name, const gchar * launch)
{
  gchar *path = g_build_filename (dir, name, NULL);

  g_assert_true (g_file_set_contents (path, launch, -1, NULL));
  return path;
}

static void
add_voice (Churn * churn, GByteArray * mulaw)
{
  if (mulaw)
    g_ptr_array_add (churn->voices, g_byte_array_free_to_bytes (mulaw));
}

static void
add_voices (Churn * churn)
{
  churn->voices = g_ptr_array_new_with_free_func ((GDestroyNotify)
      g_bytes_unref);
  add_voice (churn, spoken_text ("flite", "rms", 1.0,
          "what are your opening hours"));
  add_voice (churn, spoken_text ("flite", "rms", 1.0, "goodbye"));
  add_voice (churn, spoken_file (SOUNDS "auth-thankyou.wav"));
  add_voice (churn, spoken_file (SOUNDS "demo-nogo.wav"));
  add_voice (churn, spoken_file (SOUNDS "beep.wav"));
}

static void
serve (Churn * churn, const gchar * dir)
{
  g_autofree gchar *agent = g_build_filename (g_getenv ("PARLEY_SOURCE"),
      "pipelines", "local.pipeline", NULL);
  g_autofree gchar *echo = write_pipeline (dir, "echo",
      "twiliosrc ! mulawsink");
  g_autofree gchar *listen = write_pipeline (dir, "listen",
      "twiliosrc ! vadendpoint ! fakesink async=false");
  g_autoptr (GHashTable) routes = g_hash_table_new (g_str_hash, g_str_equal);
  ParleyServiceConfig config = { agent, routes, "127.0.0.1" };
  GError *error = NULL;

  g_hash_table_insert (routes, (gpointer) "echo", echo);
  g_hash_table_insert (routes, (gpointer) "listen", listen);
  config.max_calls = 1000;
  config.keep_calls = 100;
  churn->service = parley_service_new (&config, &error);
  g_assert_no_error (error);
  churn->url = g_strdup_printf ("ws://127.0.0.1:%u/media",
      parley_service_get_port (churn->service));
  await (churn, service_is_ready, "the service to be ready");
  g_remove (echo);
  g_remove (listen);
}

static guint64
number_from (const gchar * variable, guint64 value)
{
  const gchar *text = g_getenv (variable);

  return text ? g_ascii_strtoull (text, NULL, 10) : value;
}

static void
test_churn (void)
{
  g_autofree gchar *dir = g_dir_make_tmp ("parley-churn-XXXXXX", NULL);
  guint n_calls = number_from ("CHURN_CALLS", N_CALLS);
  Churn churn = { g_rand_new_with_seed (number_from ("CHURN_SEED", 1)) };
  gsize before, after;

  add_voices (&churn);
  serve (&churn, dir);
  churn.session = parley_caller_session_new ();
  churn.n_idle_calls = livecount_get (PARLEY_TYPE_CALL);

  /* The first ones make what the process keeps: threads, pools, caches. */
  before = run_calls (&churn, n_calls * N_FIRST / N_CALLS);
  churn.n_descriptors = livecount_descriptors ();
  after = run_calls (&churn, n_calls);
  await (&churn, descriptors_are_back, "the file descriptors to be closed");
  for (guint i = 0; i < N_MOMENTS; i++)
    g_test_message ("moment %u: %u calls", i, churn.n_ended[i]);
  g_test_message ("%zu bytes in use, then %zu", before, after);
  g_assert_cmpuint (after, <=, before + MAX_GROWTH);

  parley_service_free (churn.service);
  await (&churn, nothing_is_alive, "pipelines, elements and calls to end");
  g_object_unref (churn.session);
  g_ptr_array_unref (churn.voices);
  g_free (churn.url);
  g_rand_free (churn.rand);
  g_rmdir (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_plugins_add ();
  gst_init (&argc, &argv);
  watch_types ();
  parley_log_set_level (PARLEY_LOG_QUIET);
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  g_log_set_handler ("GLib-GIO", G_LOG_LEVEL_DEBUG, ignore_log, NULL);
  g_test_add_func ("/churn/hung-up-at-any-moment", test_churn);
  return g_test_run ();
}
