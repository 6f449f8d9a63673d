/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>

#include "emulator/server.h"
#include "gstsetup.h"
#include "verbs.h"

#define DEFAULT_LISTEN "127.0.0.1:8090"

static const gchar description[] =
    "Speaks the wire formats of the services that Parley uses, on their real "
    "paths, so\nthat an agent can be tried, tested and measured without an "
    "account:\n\n"
    "  OpenAI      /v1/chat/completions, /v1/audio/transcriptions, "
    "/v1/audio/speech,\n              /v1/models\n"
    "  Deepgram    /v1/listen, /v2/listen (Flux)\n"
    "  Azure       /stt/speech/universal/v2, /speech/recognition/…/v1\n"
    "  ElevenLabs  /v1/text-to-speech/VOICE/stream, …/stream-input,\n"
    "              …/multi-stream-input\n"
    "  Twilio      /2010-04-01/Accounts/SID/Calls.json, …/Messages.json\n"
    "\nFILE (JSON) says what is heard, answered and spoken, how long that "
    "takes, what\ngoes wrong and which keys are accepted: docs/emulator.md. "
    "Without it any key will\ndo and everything works at once.\n\n"
    "  GET    /emulator/requests?since=ID  what came and went when (JSON)\n"
    "  POST   /emulator/fault              a fault for requests to come\n"
    "  DELETE /emulator/fault              no more faults\n\n"
    "Examples:\n"
    "  parley emulator --listen 127.0.0.1:8090 --config emulator.json\n"
    "  curl -d '{\"protocol\":\"openai-chat\",\"fault\":\"429\",\"count\":1,"
    "\"retry_after\":1}' \\\n      http://127.0.0.1:8090/emulator/fault\n";

typedef struct
{
  gchar *listen;
  gchar *config;
  gchar *host;
  guint16 port;
} Options;

static void
options_clear (Options * self)
{
  g_free (self->listen);
  g_free (self->config);
  g_free (self->host);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear);

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_CONTINUE;
}

static void
run (ParleyEmulator * emulator, const gchar * host)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  guint terminate = g_unix_signal_add (SIGTERM, quit, loop);
  guint interrupt = g_unix_signal_add (SIGINT, quit, loop);
  gboolean v6 = host != NULL && strchr (host, ':') != NULL;

  g_print ("parley: emulating on http://%s%s%s:%u\n", v6 ? "[" : "",
      host != NULL ? host : "0.0.0.0", v6 ? "]" : "",
      parley_emulator_get_port (emulator));
  g_main_loop_run (loop);
  g_source_remove (terminate);
  g_source_remove (interrupt);
}

static int
emulate (Options * options)
{
  g_autoptr (GError) error = NULL;
  ParleyEmulatorSettings *settings =
      parley_emulator_settings_new (options->config, &error);
  ParleyEmulator *emulator;

  if (settings == NULL) {
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
    return 1;
  }
  emulator = parley_emulator_new (settings);
  if (parley_emulator_listen (emulator, options->host, options->port, &error))
    run (emulator, options->host);
  else
    g_printerr ("%s: %s%s\n", g_get_prgname (), error->message,
        g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)
        ? "; give --listen HOST:PORT another port" : "");
  parley_emulator_free (emulator);
  return error != NULL;
}

int
parley_verb_emulator (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  GOptionEntry entries[] = {
    {"listen", 'l', 0, G_OPTION_ARG_STRING, &options.listen,
          "where to listen (" DEFAULT_LISTEN "); port 0: any free one",
        "HOST:PORT"},
    {"config", 'c', 0, G_OPTION_ARG_FILENAME, &options.config,
        "what it says and does (JSON)", "FILE"},
    {NULL}
  };
  GOptionContext *context = g_option_context_new (NULL);
  const gchar *listen;

  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!parley_verb_parse (context, &argc, &argv, 0))
    return PARLEY_EXIT_USAGE;
  listen = options.listen != NULL ? options.listen : DEFAULT_LISTEN;
  if (!parley_verb_split_address (listen, &options.host, &options.port))
    return parley_usage_error ("--listen %s is not HOST:PORT", listen);
  parley_gst_setup ();
  return emulate (&options);
}
