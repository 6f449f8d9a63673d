/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Callers in numbers, and when to the microsecond things came and went.
 *
 * bench-callers [OPTION…] URL: --calls calls, --at-once at a time, of --turns
 * turns each. Prints a JSON object a line for each call, in the order of their
 * beginnings:
 *
 *   {"error" (or null), "sid", "begin_us", "setup_ms", "silence_ms",
 *    "silence_at_ms", "turns": [{"response_ms" (null: no answer), "quiet_us",
 *    "received_us", "begin_us", "cached", "stages": {NAME: µs}}]}
 *
 * silence is the longest time in which neither side was heard, and when it
 * began. quiet is when the packet was sent that completes --silence ms after
 * the end of speech, received when the reply's first packet came; with
 * --timeline the server's stages from begin on. All on the monotonic clock. */

#include <glib.h>
#include <json-glib/json-glib.h>
#include <sys/resource.h>

#include "caller.h"
#include "callertimeline.h"
#include "gstsetup.h"
#include "net/clock.h"
#include "speech/loud.h"
#include "voice.h"

#define FRAME_US (20 * G_TIME_SPAN_MILLISECOND)
#define FRAME 160
#define FRAME_MS 20
/* For the server's view of the last turns to be complete. */
#define TIMELINE_WAIT_US (2 * G_TIME_SPAN_SECOND)

static gint n_calls = 1, at_once = 1, n_turns = 1, interval = 20, silence = 500;
static gdouble timeout = 10;
static gchar *timeline, *number, *text = "yes please";
static gboolean greeted, listen_in;

static const GOptionEntry entries[] = {
  {"calls", 0, 0, G_OPTION_ARG_INT, &n_calls, "calls in all", "N"},
  {"at-once", 0, 0, G_OPTION_ARG_INT, &at_once, "calls at a time", "N"},
  {"turns", 0, 0, G_OPTION_ARG_INT, &n_turns, "turns of each", "N"},
  {"interval-ms", 0, 0, G_OPTION_ARG_INT, &interval,
      "between the beginnings of two", "MS"},
  {"silence", 0, 0, G_OPTION_ARG_INT, &silence,
      "that ends a turn at the server", "MS"},
  {"timeout", 0, 0, G_OPTION_ARG_DOUBLE, &timeout,
      "how long a reply may take to begin", "SECONDS"},
  {"timeline", 0, 0, G_OPTION_ARG_STRING, &timeline,
      "the server's page, for its view", "URL"},
  {"say", 0, 0, G_OPTION_ARG_STRING, &text, "what each turn is", "TEXT"},
  {"to", 0, 0, G_OPTION_ARG_STRING, &number, "who is called", "NUMBER"},
  {"greeting", 0, 0, G_OPTION_ARG_NONE, &greeted, "wait for it", NULL},
  {"listen", 0, 0, G_OPTION_ARG_NONE, &listen_in,
      "look for silences in what is heard", NULL},
  {NULL}
};

typedef struct
{
  ParleyCaller *caller;
  gint64 begin;                 /* µs */
  gint64 silence;               /* µs: the longest */
  gint64 silence_at;            /* into the call */
} Call;

static ParleyCallerConfig config = PARLEY_CALLER_CONFIG_INIT;
static SoupSession *session;
static GMainLoop *loop;
static GPtrArray *calls;        /* of Call */
static gint running;

static void
call_free (gpointer data)
{
  Call *call = data;

  parley_caller_free (call->caller);
  g_free (call);
}

static gboolean
is_loud (GByteArray * audio, guint at)
{
  return at < audio->len && parley_mulaw_first_loud (audio->data + at,
      MIN (FRAME, audio->len - at)) >= 0;
}

/* From the agent's first sound on: before it the call was set up. */
static void
find_silence (Call * call)
{
  const ParleyCallerResult *result = parley_caller_get_result (call->caller);
  GByteArray *caller = result->caller_audio, *agent = result->agent_audio;
  guint since = 0;

  for (guint at = 0; at < MAX (caller->len, agent->len); at += FRAME) {
    gint64 us = (gint64) (at - since) / FRAME * FRAME_US;

    if (!is_loud (caller, at) && !is_loud (agent, at))
      continue;
    if (us > call->silence) {
      call->silence = us;
      call->silence_at = (gint64) since / FRAME * FRAME_US;
    }
    since = at + FRAME;
  }
}

static void begin_calls (void);

static void
on_done (ParleyCaller * caller, gpointer data)
{
  Call *call = data;
  const ParleyCallerResult *result = parley_caller_get_result (caller);

  if (listen_in) {
    find_silence (call);
    g_byte_array_set_size (result->caller_audio, 0);
    g_byte_array_set_size (result->agent_audio, 0);
  }
  running--;
  begin_calls ();
  if (running == 0 && calls->len == (guint) n_calls)
    g_main_loop_quit (loop);
}

static gboolean
begin_one (gpointer data)
{
  Call *call = g_new0 (Call, 1);

  call->caller = parley_caller_new (&config, session, NULL, on_done, call);
  call->begin = parley_clock_now ();
  g_ptr_array_add (calls, call);
  parley_caller_start (call->caller);
  return G_SOURCE_REMOVE;
}

/* One is begun for each that ended; the first ones at their distances. */
static void
begin_calls (void)
{
  static gint begun;

  for (; running < at_once && begun < n_calls; running++, begun++)
    g_timeout_add (begun < at_once ? begun * interval : 0, begin_one, NULL);
}

/* When the frame with the last sample before @position was sent. */
static gint64
sent_at (const ParleyCallerResult * result, gint64 position)
{
  gint64 index = (position - 1) / FRAME_US;

  return position > 0 && index < result->frame_times->len
      ? g_array_index (result->frame_times, gint64, index) : 0;
}

static JsonObject *
stages_to_object (const ParleyTurnReport * report)
{
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < report->stages->len; i++) {
    const ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    json_object_set_int_member (object, stage->name, stage->us);
  }
  return object;
}

static JsonObject *
turn_to_object (const ParleyCallerResult * result,
    const ParleyCallerTurnResult * turn)
{
  JsonObject *object = json_object_new ();
  const ParleyTurnReport *report = turn->report;

  if (turn->answered)
    json_object_set_double_member (object, "response_ms",
        turn->response_us / 1000.0);
  else
    json_object_set_null_member (object, "response_ms");
  json_object_set_int_member (object, "received_us", turn->received_at);
  if (report == NULL)
    return object;
  json_object_set_int_member (object, "quiet_us", sent_at (result,
          (gint64) (report->speech_end / 1000) + silence * 1000));
  json_object_set_int_member (object, "begin_us", report->begin);
  json_object_set_boolean_member (object, "cached", report->cached);
  json_object_set_object_member (object, "stages", stages_to_object (report));
  return object;
}

static JsonObject *
call_to_object (Call * call)
{
  const ParleyCallerResult *result = parley_caller_get_result (call->caller);
  JsonObject *object = json_object_new ();
  JsonArray *turns = json_array_new ();

  for (guint i = 0; i < result->turns->len; i++)
    json_array_add_object_element (turns, turn_to_object (result,
            &g_array_index (result->turns, ParleyCallerTurnResult, i)));
  if (result->error != NULL)
    json_object_set_string_member (object, "error", result->error->message);
  else
    json_object_set_null_member (object, "error");
  json_object_set_string_member (object, "sid", result->sid);
  json_object_set_int_member (object, "begin_us", call->begin);
  json_object_set_double_member (object, "setup_ms", result->setup_us / 1000.0);
  json_object_set_double_member (object, "silence_ms", call->silence / 1000.0);
  json_object_set_double_member (object, "silence_at_ms",
      call->silence_at / 1000.0);
  json_object_set_array_member (object, "turns", turns);
  return object;
}

static void
print_call (Call * call)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree gchar *line = NULL;

  json_node_take_object (node, call_to_object (call));
  line = json_to_string (node, FALSE);
  g_print ("%s\n", line);
}

static void
fetch_timelines (void)
{
  gint64 deadline = parley_clock_now () + TIMELINE_WAIT_US;

  for (guint i = 0; i < calls->len; i++) {
    Call *call = g_ptr_array_index (calls, i);

    parley_caller_fetch ((ParleyCallerResult *)
        parley_caller_get_result (call->caller), timeline, NULL, FALSE,
        deadline);
  }
}

static GPtrArray *
make_turns (void)
{
  GPtrArray *turns = g_ptr_array_new_with_free_func (parley_caller_turn_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) audio = parley_voice_speak (NULL, NULL, text, &error);

  if (audio == NULL)
    g_error ("%s", error->message);
  for (gint i = 0; i < n_turns; i++)
    g_ptr_array_add (turns, parley_caller_turn_new (text, audio, NULL));
  return turns;
}

static void
run (const gchar * url)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  config.url = url;
  config.turns = make_turns ();
  config.to = number;
  config.timeout_ms = timeout * 1000;
  config.no_greeting = !greeted;
  config.keep_times = timeline != NULL;
  config.record = listen_in;
  loop = g_main_loop_new (NULL, FALSE);
  session = parley_caller_session_new ();
  calls = g_ptr_array_new_with_free_func (call_free);
  begin_calls ();
  g_main_loop_run (loop);
  if (timeline != NULL)
    fetch_timelines ();
  g_ptr_array_foreach (calls, (GFunc) (void (*)(void)) print_call, NULL);
  g_ptr_array_unref (calls);
  g_object_unref (session);
  g_main_loop_unref (loop);
  g_ptr_array_unref (config.turns);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) options = g_option_context_new ("URL");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || argc != 2) {
    g_printerr ("%s\n", error ? error->message : "one URL is needed");
    return 2;
  }
  gst_init (NULL, NULL);
  run (argv[1]);
  return 0;
}
