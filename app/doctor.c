/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <gst/gst.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/resource.h>

#include "gstsetup.h"
#include "pipelinefile.h"
#include "providers/registry.h"
#include "verbs.h"

#define MIN_DESCRIPTORS 4096
#define USUAL_PORT 8080

static const gchar description[] =
    "Looks at what is installed and says what to do about what is missing. "
    "Each line is\nok, warn (something will not work) or fail (the local demo "
    "will not run).\n\n"
    "Exit status 0 if parley demo can run.\n\n"
    "--json prints {\"ok\",\"checks\":[{\"name\",\"status\",\"text\",\"do\"}]} "
    "instead.\n";

typedef enum
{
  OK,
  WARN,
  FAIL
} Status;

static const gchar *status_names[] = { "ok", "warn", "fail" };

typedef struct
{
  JsonBuilder *json;            /* NULL: text */
  gboolean failed;
} Report;

static void
report (Report * self, Status status, const gchar * name, const gchar * text,
    const gchar * advice)
{
  self->failed |= status == FAIL;
  if (!self->json) {
    g_print ("%-4s  %-22s %s\n", status_names[status], name, text);
    if (status != OK && advice)
      g_print ("      %-22s → %s\n", "", advice);
    return;
  }
  json_builder_begin_object (self->json);
  json_builder_set_member_name (self->json, "name");
  json_builder_add_string_value (self->json, name);
  json_builder_set_member_name (self->json, "status");
  json_builder_add_string_value (self->json, status_names[status]);
  json_builder_set_member_name (self->json, "text");
  json_builder_add_string_value (self->json, text);
  json_builder_set_member_name (self->json, "do");
  if (status != OK && advice)
    json_builder_add_string_value (self->json, advice);
  else
    json_builder_add_null_value (self->json);
  json_builder_end_object (self->json);
}

static gboolean
has_element (const gchar * name)
{
  GstElementFactory *factory = gst_element_factory_find (name);

  if (!factory)
    return FALSE;
  gst_object_unref (factory);
  return TRUE;
}

/* GStreamer */

static void
check_gstreamer (Report * self)
{
  guint major, minor, micro, nano;
  g_autofree gchar *version = NULL;

  gst_version (&major, &minor, &micro, &nano);
  version = g_strdup_printf ("%u.%u.%u", major, minor, micro);
  report (self, minor >= 22 ? OK : FAIL, "gstreamer", version,
      "install GStreamer 1.22 or newer");
}

static void
check_our_elements (Report * self)
{
  static const gchar *names[] = {
    "twiliosrc", "vadendpoint", "cloudstt", "llmchat", "cloudtts",
    "mulawsink"
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    gboolean found = has_element (names[i]);

    report (self, found ? OK : FAIL, names[i],
        found ? "found" : "not found", "set GST_PLUGIN_PATH to the folder of "
        "libgstparley.so, or install Parley");
  }
}

/* Only some pipelines need these. */
static void
check_other_elements (Report * self)
{
  static const struct
  {
    const gchar *name;
    const gchar *advice;
  } elements[] = {
    {"audioconvert", "install gstreamer1.0-plugins-base"},
    {"audioresample", "install gstreamer1.0-plugins-base"},
    {"decodebin", "install gstreamer1.0-plugins-base"},
    {"audiointerleave", "install gstreamer1.0-plugins-base"},
    {"opusenc", "install gstreamer1.0-plugins-base"},
    {"oggmux", "install gstreamer1.0-plugins-base"},
    {"mulawdec", "install gstreamer1.0-plugins-good"},
    {"wavparse", "install gstreamer1.0-plugins-good"},
    {"wavenc", "install gstreamer1.0-plugins-good"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (elements); i++)
    if (!has_element (elements[i].name))
      report (self, WARN, elements[i].name, "not found; pipelines that record, "
          "or read files, need it", elements[i].advice);
}

static void
check_pipeline (Report * self)
{
  g_autofree gchar *folder = parley_pipelines_dir ();
  g_autofree gchar *path = g_build_filename (folder ? folder : ".",
      "local.pipeline", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (ParleyPipelineFile) file =
      parley_pipeline_file_load (path, &error);
  GstElement *pipeline = file ? parley_pipeline_file_build (file, &error)
      : NULL;

  report (self, pipeline ? OK : FAIL, "local pipeline",
      pipeline ? path : error->message, "what the line says");
  if (pipeline)
    gst_object_unref (pipeline);
}

/* Engines */

static gboolean
demo_needs (const gchar * name)
{
  return strcmp (name, "pocketsphinx") == 0 || strcmp (name, "script") == 0
      || strcmp (name, "flite") == 0;
}

/* A script is a file of the pipeline's, and a service wants its key: there is
 * nothing to try alone. */
static gboolean
try_engine (const ParleyProviderInfo * info, GError ** error)
{
  ParleyLoop *loop;
  gpointer provider;
  gboolean works;

  if (info->kind == PARLEY_PROVIDER_LLM || info->cloud)
    return TRUE;
  loop = parley_loop_acquire ();
  provider = parley_provider_new (info->kind, info->name, loop, NULL, NULL,
      NULL, error);
  works = provider && parley_provider_warm (provider, error);
  g_clear_object (&provider);
  parley_loop_release (loop);
  return works;
}

static void
check_engine (Report * self, const ParleyProviderInfo * info)
{
  Status bad = demo_needs (info->name) ? FAIL : WARN;
  g_autofree gchar *advice = g_strdup_printf ("install %s%s",
      info->package ? info->package : "Parley again",
      info->get_type ? "" : " and build again");
  g_autoptr (GError) error = NULL;

  if (!info->get_type)
    report (self, bad, info->name, "this build was made without it", advice);
  else if (!try_engine (info, &error))
    report (self, bad, info->name, error->message, advice);
  else
    report (self, OK, info->name, info->summary, NULL);
}

static void
check_engines (Report * self)
{
  guint n;
  const ParleyProviderInfo *providers = parley_provider_list (&n);

  for (guint i = 0; i < n; i++)
    check_engine (self, &providers[i]);
}

/* The environment; never a value */

static void
check_keys (Report * self)
{
  static const gchar *names[] = {
    "TWILIO_AUTH_TOKEN", "ANTHROPIC_API_KEY", "AZURE_SPEECH_KEY",
    "DEEPGRAM_API_KEY", "ELEVENLABS_API_KEY", "GOOGLE_API_KEY",
    "OPENAI_API_KEY"
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const gchar *value = g_getenv (names[i]);

    report (self, OK, names[i], value && *value ? "set"
        : "not set; nothing on this machine needs it", NULL);
  }
}

static void
check_port (Report * self)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new (loopback, USUAL_PORT);
  g_autoptr (GError) error = NULL;
  gboolean is_free = g_socket_listener_add_address (listener, address,
      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, NULL, &error);

  report (self, is_free ? OK : WARN, "port 8080", is_free ? "free"
      : error->message, "stop what listens there, or give parley serve "
      "--listen HOST:PORT");
}

static void
check_sound_card (Report * self)
{
  g_autofree gchar *cards = NULL;
  gboolean found = g_file_get_contents ("/proc/asound/cards", &cards, NULL,
      NULL) && !strstr (cards, "no soundcards");

  report (self, found ? OK : WARN, "sound card", found ? "found" : "none",
      "the demo writes demo.wav and does not play it; a browser on another "
      "machine can open /talk over https");
}

static void
check_descriptors (Report * self)
{
  struct rlimit limit = { 0 };
  g_autofree gchar *text = NULL;

  getrlimit (RLIMIT_NOFILE, &limit);
  text = g_strdup_printf ("%" G_GUINT64_FORMAT " at most, three a call",
      (guint64) limit.rlim_max);
  report (self, limit.rlim_max >= MIN_DESCRIPTORS ? OK : WARN,
      "file descriptors", text, "raise the hard limit (ulimit -Hn, "
      "LimitNOFILE= of systemd) to carry many calls");
}

static void
check_tls (Report * self)
{
  gboolean works = g_tls_backend_supports_tls (g_tls_backend_get_default ());

  report (self, works ? OK : WARN, "TLS", works ? "works" : "there is none",
      "install glib-networking for --tls-cert and cloud providers");
}

static void
run_checks (Report * self)
{
  parley_gst_setup ();
  check_gstreamer (self);
  check_our_elements (self);
  check_other_elements (self);
  check_pipeline (self);
  check_engines (self);
  check_keys (self);
  check_port (self);
  check_sound_card (self);
  check_descriptors (self);
  check_tls (self);
}

static void
run_as_json (Report * self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree gchar *json = NULL;

  self->json = builder;
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "checks");
  json_builder_begin_array (builder);
  run_checks (self);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "ok");
  json_builder_add_boolean_value (builder, !self->failed);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json = json_to_string (root, TRUE);
  g_print ("%s\n", json);
}

int
parley_verb_doctor (int argc, char **argv)
{
  Report self = { NULL };
  gboolean json = FALSE;
  GOptionEntry entries[] = {
    {"json", 0, 0, G_OPTION_ARG_NONE, &json,
        "print the result as JSON and nothing else", NULL},
    {NULL}
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!parley_verb_parse (context, &argc, &argv, 0))
    return PARLEY_EXIT_USAGE;
  if (json)
    run_as_json (&self);
  else
    run_checks (&self);
  if (!json && self.failed)
    g_print ("\nThe local demo cannot run: see “fail”.\n");
  else if (!json)
    g_print ("\nThe local demo can run: parley demo\n");
  return self.failed ? 1 : 0;
}
