/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Callers who talk into the agent's replies: docs/benches.md.
 *
 * bench-bargein FOLDER prints the port of its recogniser, reads the agent's URL
 * from its input, plays all calls of FOLDER/script.json at once, and prints a
 * JSON object a line for each event and each call. */

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "ears.h"
#include "gstsetup.h"
#include "talker.h"

/* From the end of the sound to its text. */
#define EARS_MS 100
/* Between the beginnings of two calls. */
#define INTERVAL_MS 130

typedef struct
{
  Script *script;
  SoupSession *session;
  GMainLoop *loop;
  GPtrArray *talkers;
  gchar *url;
  guint over;                   /* calls */
} Bench;

static const gchar *
text_of (guint16 number, gpointer data)
{
  Bench *self = data;
  const Sound *sound = script_get (self->script, number);

  return sound ? sound->text : "";
}

static void
on_done (Talker * talker, gpointer data)
{
  Bench *self = data;

  if (++self->over == self->script->calls->len)
    g_main_loop_quit (self->loop);
}

static gboolean
begin_one (gpointer data)
{
  Bench *self = data;

  g_ptr_array_add (self->talkers, talker_new (self->url, self->session,
          self->script, self->talkers->len, on_done, self));
  return self->talkers->len < self->script->calls->len;
}

static void
set_ms (JsonObject * object, const gchar * name, gint64 us)
{
  if (us >= 0)
    json_object_set_double_member (object, name, us / 1000.0);
  else
    json_object_set_null_member (object, name);
}

/* Takes @object. */
static void
print_object (JsonObject * object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree gchar *line = NULL;

  json_node_take_object (node, object);
  line = json_to_string (node, FALSE);
  g_print ("%s\n", line);
}

static void
print_event (Bench * self, const TalkerEvent * event, const ScriptCall * call)
{
  static const gchar *const outcomes[] = { "cut", "whole", "stuck" };
  const Sound *sound = script_get (self->script, event->sound);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "kind", sound ? sound->kind :
      "nothing");
  json_object_set_string_member (object, "text", sound ? sound->text : "");
  json_object_set_string_member (object, "voice", sound ? sound->voice : "");
  json_object_set_int_member (object, "level", sound ? sound->level : 0);
  json_object_set_int_member (object, "sound", event->sound);
  json_object_set_double_member (object, "loss", call->loss);
  set_ms (object, "moment_ms", event->moment);
  set_ms (object, "clear_ms", event->clear);
  set_ms (object, "pause_ms", event->pause);
  json_object_set_string_member (object, "outcome", outcomes[event->outcome]);
  print_object (object);
}

static void
print_call (Bench * self, guint index)
{
  const TalkerResult *result =
      talker_get_result (g_ptr_array_index (self->talkers, index));
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < result->events->len; i++)
    print_event (self, &g_array_index (result->events, TalkerEvent, i),
        g_ptr_array_index (self->script->calls, index));
  json_object_set_string_member (object, "kind", "call");
  json_object_set_int_member (object, "replies", result->replies);
  json_object_set_int_member (object, "clears", result->clears);
  json_object_set_int_member (object, "blocks", result->blocks);
  json_object_set_int_member (object, "stale", result->stale);
  json_object_set_int_member (object, "unanswered", result->unanswered);
  if (result->error)
    json_object_set_string_member (object, "error", result->error);
  else
    json_object_set_null_member (object, "error");
  print_object (object);
}

static gchar *
read_url (void)
{
  gchar line[256];

  if (!fgets (line, sizeof line, stdin))
    exit (2);
  return g_strdup (g_strstrip (line));
}

int
main (int argc, char **argv)
{
  Bench self = { 0 };
  Ears *ears;

  if (argc != 2) {
    g_printerr ("bench-bargein FOLDER\n");
    return 2;
  }
  gst_init (NULL, NULL);
  self.script = script_load (argv[1]);
  self.session = parley_caller_session_new ();
  self.loop = g_main_loop_new (NULL, FALSE);
  self.talkers = g_ptr_array_new_with_free_func ((GDestroyNotify) talker_free);
  ears = ears_new (EARS_MS, text_of, &self);
  g_print ("%u\n", ears_get_port (ears));
  fflush (stdout);
  self.url = read_url ();
  g_timeout_add (INTERVAL_MS, begin_one, &self);
  g_main_loop_run (self.loop);
  for (guint i = 0; i < self.talkers->len; i++)
    print_call (&self, i);
  g_ptr_array_unref (self.talkers);
  ears_free (ears);
  g_object_unref (self.session);
  g_main_loop_unref (self.loop);
  g_free (self.url);
  script_free (self.script);
  return 0;
}
