/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "capturefile.h"
#include "gstsetup.h"
#include "jsontext.h"
#include "net/twiliomessage.h"
#include "replayproviders.h"
#include "turnjson.h"
#include "verbs.h"
#include "virtualcall.h"

/* A capture may end without the caller's stop. */
#define REST_US (5 * G_TIME_SPAN_SECOND)

static const gchar description[] =
    "Runs a call that parley serve --capture DIR wrote down once more, on a "
    "clock stepped\nby hand: what the caller's side sent comes at the same "
    "microseconds, and the\nproviders answer as they did then. Prints what "
    "happens, a line an event, and\nwhether what was said is what was said "
    "then. It is the same each time.\n\n"
    "Examples:\n"
    "  parley replay captures/2026-01-31T12-00-00Z-CA….capture\n"
    "  parley replay --pipeline changed.pipeline --check call.capture\n"
    "  parley replay --live call.capture     # the pipeline's own providers\n";

typedef struct
{
  gchar *pipeline;
  gboolean live;
  gboolean json;
  gboolean check;
} Options;

typedef struct
{
  const Options *options;
  const ParleyCaptureFile *file;
  ParleyVirtualCall *call;
  GString *said;                /* a line a text */
  gchar *error;                 /* of the pipeline; NULL: none */
} Replay;

/* Events */

static void
print_event (Replay * self, const gchar * name, JsonObject * fields)
{
  gint64 us = parley_virtual_call_now (self->call);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree gchar *text = NULL;

  json_node_take_object (node, fields);
  if (self->options->json) {
    json_object_set_int_member (fields, "us", us);
    json_object_set_string_member (fields, "event", name);
    text = parley_json_to_text (node, FALSE);
    g_print ("%s\n", text);
    return;
  }
  text = parley_json_to_text (node, FALSE);
  g_print ("%11.6f  %-20s %s\n", us / 1e6, name, text);
}

static gboolean
add_field (GQuark field, const GValue * value, gpointer data)
{
  const gchar *name = g_quark_to_string (field);

  if (G_VALUE_HOLDS_STRING (value) && g_value_get_string (value))
    json_object_set_string_member (data, name, g_value_get_string (value));
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    json_object_set_boolean_member (data, name, g_value_get_boolean (value));
  else if (G_VALUE_HOLDS_UINT (value))
    json_object_set_int_member (data, name, g_value_get_uint (value));
  else if (G_VALUE_HOLDS_UINT64 (value))
    json_object_set_int_member (data, name, g_value_get_uint64 (value));
  else if (G_VALUE_HOLDS_INT64 (value))
    json_object_set_int_member (data, name, g_value_get_int64 (value));
  else if (G_VALUE_HOLDS_DOUBLE (value))
    json_object_set_double_member (data, name, g_value_get_double (value));
  return TRUE;
}

static void
print_turn (Replay * self, const GstStructure * structure)
{
  g_autoptr (ParleyTurnReport) report =
      parley_turn_report_from_structure (structure);
  JsonObject *fields = json_object_new ();

  if (report)
    parley_turn_set_summary (fields, report);
  print_event (self, "parley-turn", fields);
}

/* What the caller said, and what of the agent he heard to its end: how far the
 * rest was heard depends on the network. */
static void
note_said (GString * said, gboolean agent, const gchar * text)
{
  if (text && *text)
    g_string_append_printf (said, "%s: %s\n", agent ? "agent" : "caller", text);
}

static void
take_element (Replay * self, const GstStructure * structure)
{
  const gchar *name = gst_structure_get_name (structure);
  const gchar *text = gst_structure_get_string (structure, "text");
  gboolean over = FALSE;
  JsonObject *fields;

  /* How long a push takes is real time. */
  if (strcmp (name, "loop-stall") == 0)
    return;
  if (strcmp (name, "parley-turn") == 0) {
    print_turn (self, structure);
    return;
  }
  if (strcmp (name, "llmchat-heard") == 0
      && gst_structure_get_boolean (structure, "done", &over) && over)
    note_said (self->said, TRUE, text);
  else if (strcmp (name, "cloudstt") == 0
      && gst_structure_get_boolean (structure, "final", &over) && over)
    note_said (self->said, FALSE, text);
  fields = json_object_new ();
  gst_structure_foreach (structure, add_field, fields);
  print_event (self, name, fields);
}

static void
on_posted (GstMessage * message, gpointer data)
{
  Replay *self = data;
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT) {
    take_element (self, gst_message_get_structure (message));
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    if (!self->error)
      self->error = g_strdup_printf ("%s: %s", GST_MESSAGE_SRC_NAME (message),
          error->message);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING) {
    gst_message_parse_warning (message, &error, NULL);
    g_printerr ("%s: warning of %s: %s\n", g_get_prgname (),
        GST_MESSAGE_SRC_NAME (message), error->message);
  }
}

static void
on_sent (const ParleyTwilioMessage * message, gpointer data)
{
  JsonObject *fields = json_object_new ();

  switch (message->type) {
    case PARLEY_TWILIO_MEDIA:
      json_object_set_int_member (fields, "bytes", message->payload_len);
      print_event (data, "sent-media", fields);
      break;
    case PARLEY_TWILIO_MARK:
      json_object_set_string_member (fields, "name", message->mark_name);
      print_event (data, "sent-mark", fields);
      break;
    default:
      print_event (data, "sent-clear", fields);
      break;
  }
}

static void
on_made (GstElement * pipeline, gpointer data)
{
  Replay *self = data;

  if (!self->options->live)
    parley_replay_providers_set (pipeline);
}

/* Running */

/* Echoes of marks are the playout's. */
static gboolean
is_to_be_sent (const gchar * json)
{
  g_auto (ParleyTwilioMessage) message = { 0 };

  return !parley_twilio_parse (json, strlen (json), &message, NULL)
      || message.type != PARLEY_TWILIO_MARK;
}

static void
run (Replay * self)
{
  for (guint i = 0; i < self->file->entries->len; i++) {
    const ParleyCaptureEntry *entry = &g_array_index (self->file->entries,
        ParleyCaptureEntry, i);

    if (entry->kind != PARLEY_CAPTURE_IN || !is_to_be_sent (entry->wire))
      continue;
    parley_virtual_call_advance_to (self->call, entry->us);
    if (parley_virtual_call_is_over (self->call))
      return;
    parley_virtual_call_send (self->call, entry->wire);
  }
  if (!parley_virtual_call_is_over (self->call))
    parley_virtual_call_advance_to (self->call,
        parley_virtual_call_now (self->call) + REST_US);
}

static gboolean
is_set (const ParleyCaptureEntry * entry, ParleyCaptureKind kind,
    const gchar * flag)
{
  return entry->kind == kind
      && json_object_get_boolean_member_with_default (entry->fields, flag,
      FALSE);
}

static gchar *
captured_texts (const ParleyCaptureFile * file)
{
  GString *said = g_string_new (NULL);

  for (guint i = 0; i < file->entries->len; i++) {
    const ParleyCaptureEntry *entry = &g_array_index (file->entries,
        ParleyCaptureEntry, i);

    if (is_set (entry, PARLEY_CAPTURE_HEARD, "done")
        || is_set (entry, PARLEY_CAPTURE_CALLER, "final"))
      note_said (said, entry->kind == PARLEY_CAPTURE_HEARD,
          json_object_get_string_member_with_default (entry->fields, "text",
              NULL));
  }
  return g_string_free (said, FALSE);
}

/* The first line that is not the same. */
static void
tell_difference (const gchar * then, const gchar * now)
{
  g_auto (GStrv) then_lines = g_strsplit (then, "\n", -1);
  g_auto (GStrv) now_lines = g_strsplit (now, "\n", -1);
  guint i = 0;

  while (then_lines[i] && now_lines[i]
      && strcmp (then_lines[i], now_lines[i]) == 0)
    i++;
  g_printerr ("%s: something else was said, first:\n  then: %s\n  now:  %s\n",
      g_get_prgname (), then_lines[i] && *then_lines[i] ? then_lines[i]
      : "(nothing more)", now_lines[i] && *now_lines[i] ? now_lines[i]
      : "(nothing more)");
}

/* The exit status. */
static int
judge (Replay * self)
{
  g_autofree gchar *then = captured_texts (self->file);

  if (self->error) {
    g_printerr ("%s: %s\n", g_get_prgname (), self->error);
    return 1;
  }
  if (strcmp (then, self->said->str) == 0) {
    g_printerr ("%s: the same was said as in the capture\n", g_get_prgname ());
    return 0;
  }
  tell_difference (then, self->said->str);
  return self->options->check ? 1 : 0;
}

static int
replay (const Options * options, const ParleyCaptureFile * file)
{
  static const ParleyVirtualCallHooks hooks = { on_sent, on_posted, on_made };
  const gchar *path = options->pipeline ? options->pipeline : file->pipeline;
  g_autoptr (GError) error = NULL;
  g_autoptr (ParleyPipelineFile) pipeline =
      parley_pipeline_file_load (path, &error);
  Replay self = { options, file, NULL, NULL, NULL };
  int status = 1;

  if (pipeline)
    self.call = parley_virtual_call_new (pipeline, &hooks, &self, &error);
  if (!self.call) {
    g_printerr ("%s: %s%s\n", g_get_prgname (), error->message,
        options->pipeline ? "" : "; name another file with --pipeline");
    return 1;
  }
  self.said = g_string_new (NULL);
  run (&self);
  status = judge (&self);
  parley_virtual_call_free (self.call);
  g_string_free (self.said, TRUE);
  g_free (self.error);
  return status;
}

static gboolean
parse_options (Options * self, int *argc, char ***argv)
{
  GOptionEntry entries[] = {
    {"pipeline", 'p', 0, G_OPTION_ARG_FILENAME, &self->pipeline,
        "run this pipeline instead of the one that took the call", "FILE"},
    {"live", 0, 0, G_OPTION_ARG_NONE, &self->live,
        "ask the pipeline's own providers; those of the network take the time "
          "that they take", NULL},
    {"check", 0, 0, G_OPTION_ARG_NONE, &self->check,
        "fail when something else was said than in the capture", NULL},
    {"json", 0, 0, G_OPTION_ARG_NONE, &self->json,
        "a JSON object a line", NULL},
    {NULL}
  };
  GOptionContext *context = g_option_context_new ("FILE");

  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  return parley_verb_parse (context, argc, argv, 1);
}

int
parley_verb_replay (int argc, char **argv)
{
  Options options = { 0 };
  g_autoptr (ParleyCaptureFile) file = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  if (!parse_options (&options, &argc, &argv))
    return PARLEY_EXIT_USAGE;
  if (argc < 2)
    return parley_usage_error ("name a capture");
  file = parley_capture_file_load (argv[1], &error);
  if (!file) {
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
    return 1;
  }
  parley_gst_setup ();
  if (!options.live)
    parley_replay_providers_use (file);
  status = replay (&options, file);
  g_free (options.pipeline);
  return status;
}
