/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <unistd.h>

#include "audiofile.h"
#include "caller.h"
#include "demotalk.h"
#include "gstsetup.h"
#include "jsontext.h"
#include "net/clock.h"
#include "server/log.h"
#include "server/service.h"
#include "verbs.h"
#include "voice.h"
#include "waterfall.h"

#define RECORDING "demo.wav"
/* Loading the recogniser's model takes about a second. */
#define WARM_TIMEOUT_US (60 * G_TIME_SPAN_SECOND)
#define WARM_POLL_MS 20

static const gchar description[] =
    "Starts the agent of FILE (pipelines/local.pipeline) on a free port of "
    "this machine\nand calls it: a caller with another voice speaks four "
    "turns, everything through the\nsame socket as a phone call. Prints who "
    "says what when and where the time of each\nanswer went, writes both "
    "sides to " RECORDING " (left: caller, right: agent) and\nplays it if "
    "there is a sound card.\n\n"
    "Exit status 0 only if each turn was understood word for word and "
    "answered.\n\n" "--json prints {\"turns\":[{\"caller\",\"heard\",\"reply\","
    "\"response_ms\",\"stages\":[{\"name\",\"owner\",\"ms\"}],"
    "\"total_ms\",\"sent_ms\",\"heard_ms\"}]}\ninstead; \"heard\" is what "
    "the recogniser said, \"response_ms\" null without an answer.\nThe stages "
    "sum to total_ms, from the caller's last speech to the first sound of\n"
    "the reply.\n";

typedef struct
{
  gboolean json;
  gboolean no_play;
  const gchar *file;

  ParleyService *service;
  ParleyScript *script;
  GMainLoop *loop;
  ParleyCaller *caller;
  GPtrArray *turns;             /* of ParleyDemoTurn */
  gint current;                 /* the turn under way; -1: the greeting */
  gint64 began;
  gint64 warm_deadline;
} Demo;

static void
show (Demo * self, const gchar * who, const gchar * text)
{
  if (!self->json)
    g_print ("%6.1f s  %-6s %s\n",
        (parley_clock_now () - self->began) / 1e6, who, text);
}

/* What the agent's side says, from its loop to this thread */

typedef struct
{
  Demo *demo;
  gboolean agent;
  gchar *text;
} Heard;

static void
heard_free (gpointer data)
{
  Heard *heard = data;

  g_free (heard->text);
  g_free (heard);
}

static gboolean
heard_arrived (gpointer data)
{
  Heard *heard = data;
  Demo *self = heard->demo;
  ParleyDemoTurn *turn = self->current >= 0
      ? g_ptr_array_index (self->turns, self->current) : NULL;

  show (self, heard->agent ? "agent" : "heard", heard->text);
  if (turn)
    parley_demo_append (heard->agent ? turn->reply : turn->heard, heard->text);
  return G_SOURCE_REMOVE;
}

static void
on_caption (const ParleyCaption * caption, gpointer data)
{
  Heard *heard;

  if (!caption->final)
    return;
  heard = g_new (Heard, 1);
  heard->demo = data;
  heard->agent = caption->agent;
  heard->text = g_strdup (caption->text);
  g_idle_add_full (G_PRIORITY_DEFAULT, heard_arrived, heard, heard_free);
}

static void
show_report (Demo * self, const ParleyTurnReport * report)
{
  ParleyWaterfallStyle style = parley_waterfall_style (STDOUT_FILENO);
  g_autoptr (GString) text = g_string_new (NULL);

  parley_waterfall_draw (text, report, &style);
  g_print ("%s", text->str);
}

typedef struct
{
  Demo *demo;
  GstStructure *report;
} Timed;

static void
timed_free (gpointer data)
{
  Timed *timed = data;

  gst_structure_free (timed->report);
  g_free (timed);
}

static gboolean
timed_arrived (gpointer data)
{
  Timed *timed = data;
  Demo *self = timed->demo;
  ParleyDemoTurn *turn = self->current >= 0
      ? g_ptr_array_index (self->turns, self->current) : NULL;
  g_autoptr (ParleyTurnReport) report =
      parley_turn_report_from_structure (timed->report);

  /* The greeting answers nobody. */
  if (!turn || report->turn == 0)
    return G_SOURCE_REMOVE;
  if (!self->json)
    show_report (self, report);
  g_clear_pointer (&turn->report, parley_turn_report_free);
  turn->report = g_steal_pointer (&report);
  return G_SOURCE_REMOVE;
}

static void
on_turn (const gchar * sid, const ParleyTurnReport * report, gpointer data)
{
  Timed *timed = g_new (Timed, 1);

  timed->demo = data;
  timed->report = parley_turn_report_to_structure (report);
  g_idle_add_full (G_PRIORITY_DEFAULT, timed_arrived, timed, timed_free);
}

/* The caller */

static void
on_event (ParleyCaller * caller, ParleyCallerEvent event, gint64 at,
    const gchar * text, gint64 value, gpointer data)
{
  Demo *self = data;
  ParleyDemoTurn *turn = self->current >= 0
      ? g_ptr_array_index (self->turns, self->current) : NULL;

  switch (event) {
    case PARLEY_CALLER_SPEAKS:
      self->current++;
      show (self, "caller", text);
      break;
    case PARLEY_CALLER_HEARS:
      if (turn && !turn->answered) {
        g_autofree gchar *after = g_strdup_printf
            ("(answered after %" G_GINT64_FORMAT " ms)", value / 1000);

        turn->answered = TRUE;
        turn->response_ms = value / 1000;
        show (self, "", after);
      }
      break;
    case PARLEY_CALLER_UNANSWERED:
      show (self, "", "(no answer)");
      break;
    default:
      break;
  }
}

static void
on_done (ParleyCaller * caller, gpointer data)
{
  Demo *self = data;

  g_main_loop_quit (self->loop);
}

static void
caller_turn_free (gpointer turn)
{
  parley_caller_turn_free (turn);
}

/* Another voice than the agent's, so that a listener can tell them apart. */
static GPtrArray *
speak_turns (Demo * self, GError ** error)
{
  const gchar *agent = g_getenv ("VOICE");
  const gchar *voice = g_strcmp0 (agent, "rms") == 0 ? "slt" : "rms";
  g_autoptr (GPtrArray) spoken =
      g_ptr_array_new_with_free_func (caller_turn_free);

  for (guint i = 0; i < self->turns->len; i++) {
    ParleyDemoTurn *turn = g_ptr_array_index (self->turns, i);
    GBytes *mulaw = parley_voice_speak ("flite", voice, turn->said, error);

    if (!mulaw)
      return NULL;
    g_ptr_array_add (spoken, parley_caller_turn_new (turn->said, mulaw, NULL));
    g_bytes_unref (mulaw);
  }
  return g_steal_pointer (&spoken);
}

static gboolean
check_warm (gpointer data)
{
  Demo *self = data;

  if (!parley_service_is_ready (self->service)
      && parley_clock_now () < self->warm_deadline)
    return G_SOURCE_CONTINUE;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
run_call (Demo * self, GPtrArray * spoken)
{
  g_autofree gchar *url = g_strdup_printf ("ws://127.0.0.1:%u/media",
      parley_service_get_port (self->service));
  g_autoptr (SoupSession) session = parley_caller_session_new ();
  ParleyCallerConfig config = PARLEY_CALLER_CONFIG_INIT;

  config.url = url;
  config.from = "+15035550100";
  config.to = "+15035550199";
  config.turns = spoken;
  config.record = TRUE;
  self->began = parley_clock_now ();
  self->caller = parley_caller_new (&config, session, on_event, on_done, self);
  parley_caller_start (self->caller);
  g_main_loop_run (self->loop);
}

/* Afterwards */

static gboolean
have_sound_card (void)
{
  g_autofree gchar *cards = NULL;

  return g_file_get_contents ("/proc/asound/cards", &cards, NULL, NULL)
      && !strstr (cards, "no soundcards");
}

static void
play (Demo * self)
{
  g_autofree gchar *player = g_find_program_in_path ("paplay");
  gchar *argv[] = { NULL, (gchar *) RECORDING, NULL };

  if (self->no_play || !have_sound_card ())
    return;
  if (!player)
    player = g_find_program_in_path ("aplay");
  if (!player)
    return;
  g_print ("Playing %s\n", RECORDING);
  argv[0] = player;
  g_spawn_sync (NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL
      | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL, NULL, NULL);
}

static void
save_recording (const ParleyCallerResult * result)
{
  g_autoptr (GError) error = NULL;

  if (!parley_audio_file_save (RECORDING, result->caller_audio,
          result->agent_audio, &error))
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
}

static void
print_json (Demo * self)
{
  g_autoptr (JsonNode) root = parley_demo_turns_to_json (self->turns);
  g_autofree gchar *json = parley_json_to_text (root, TRUE);

  g_print ("%s\n", json);
}

/* The exit status. */
static int
judge (Demo * self)
{
  const ParleyCallerResult *result = parley_caller_get_result (self->caller);
  guint n_right = 0;

  for (guint i = 0; i < self->turns->len; i++)
    n_right += parley_demo_turn_is_right (self->script, self->turns, i);
  save_recording (result);
  if (result->error)
    g_printerr ("%s: %s\n", g_get_prgname (), result->error->message);
  if (self->json) {
    print_json (self);
  } else {
    g_print ("\n%u of %u turns understood and answered; both sides are in %s\n",
        n_right, self->turns->len, RECORDING);
    play (self);
    g_print ("Talk to it yourself: parley serve %s, then open "
        "http://localhost:8080/talk\n", self->file);
  }
  return n_right == self->turns->len && n_right > 0 ? 0 : 1;
}

static gboolean
prepare (Demo * self, GPtrArray ** spoken, GError ** error)
{
  ParleyServiceConfig config = {
    .file = self->file,
    .host = "127.0.0.1",
    .max_calls = 1,
    .caption = on_caption,
    .turn = on_turn,
    .data = self,
  };
  const gchar *script;

  self->service = parley_service_new (&config, error);
  if (!self->service)
    return FALSE;
  script = parley_service_get_script (self->service);
  if (!script) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s has no llmchat "
        "provider=script, so the demo knows nothing to say; use parley call",
        self->file);
    return FALSE;
  }
  self->script = parley_script_load (script, error);
  if (!self->script)
    return FALSE;
  self->turns = parley_demo_turns_new (self->script);
  *spoken = speak_turns (self, error);
  return *spoken != NULL;
}

static int
run (Demo * self)
{
  g_autoptr (GPtrArray) spoken = NULL;
  g_autoptr (GError) error = NULL;

  if (!prepare (self, &spoken, &error)) {
    g_printerr ("%s: %s (parley doctor says what is missing)\n",
        g_get_prgname (), error->message);
    return 1;
  }
  self->loop = g_main_loop_new (NULL, FALSE);
  self->warm_deadline = parley_clock_now () + WARM_TIMEOUT_US;
  g_timeout_add (WARM_POLL_MS, check_warm, self);
  g_main_loop_run (self->loop);
  run_call (self, spoken);
  return judge (self);
}

static void
demo_clear (Demo * self)
{
  /* The service first: its loops talk to the rest. */
  g_clear_pointer (&self->service, parley_service_free);
  while (g_main_context_iteration (NULL, FALSE));
  g_clear_pointer (&self->caller, parley_caller_free);
  g_clear_pointer (&self->turns, g_ptr_array_unref);
  g_clear_pointer (&self->script, parley_script_unref);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

int
parley_verb_demo (int argc, char **argv)
{
  Demo self = {.current = -1 };
  GOptionEntry entries[] = {
    {"json", 0, 0, G_OPTION_ARG_NONE, &self.json,
        "print the result as JSON and nothing else", NULL},
    {"no-play", 0, 0, G_OPTION_ARG_NONE, &self.no_play,
        "do not play the recording", NULL},
    {NULL}
  };
  GOptionContext *context = g_option_context_new ("[FILE]");
  g_autofree gchar *folder = parley_pipelines_dir ();
  g_autofree gchar *file = g_build_filename (folder ? folder : ".",
      "local.pipeline", NULL);
  int status;

  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!parley_verb_parse (context, &argc, &argv, 1))
    return PARLEY_EXIT_USAGE;
  self.file = argc > 1 ? argv[1] : file;
  parley_gst_setup ();
  parley_log_set_level (PARLEY_LOG_QUIET);
  status = run (&self);
  demo_clear (&self);
  return status;
}
