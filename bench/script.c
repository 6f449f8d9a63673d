/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "script.h"

#include <json-glib/json-glib.h>

static void
sound_free (gpointer data)
{
  Sound *sound = data;

  g_free (sound->kind);
  g_free (sound->text);
  g_free (sound->voice);
  g_clear_pointer (&sound->mulaw, g_bytes_unref);
  g_free (sound);
}

static gchar *
dup_string (JsonObject * object, const gchar * name)
{
  return g_strdup (json_object_get_string_member_with_default (object, name,
          ""));
}

static gint
get_int (JsonObject * object, const gchar * name, gint standard)
{
  return json_object_get_int_member_with_default (object, name, standard);
}

static GBytes *
load_mulaw (const gchar * folder, const gchar * name)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  gchar *contents;
  gsize len;

  if (!g_file_get_contents (path, &contents, &len, &error))
    g_error ("%s", error->message);
  return g_bytes_new_take (contents, len);
}

static Sound *
load_sound (const gchar * folder, JsonObject * object, guint number)
{
  Sound *sound = g_new0 (Sound, 1);

  sound->number = number;
  sound->kind = dup_string (object, "kind");
  sound->text = dup_string (object, "text");
  sound->voice = dup_string (object, "voice");
  sound->level = get_int (object, "level", 0);
  sound->reply = get_int (object, "reply", -1);
  sound->sentence = get_int (object, "sentence", 0);
  sound->n_sentences = get_int (object, "sentences", 0);
  sound->n_blocks = get_int (object, "blocks", 0);
  sound->before = get_int (object, "before", 0);
  sound->whole = get_int (object, "whole", 0);
  if (sound->reply < 0)
    sound->mulaw = load_mulaw (folder,
        json_object_get_string_member (object, "file"));
  return sound;
}

static GArray *
load_numbers (JsonArray * array)
{
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < json_array_get_length (array); i++) {
    guint number = json_array_get_int_element (array, i);

    g_array_append_val (numbers, number);
  }
  return numbers;
}

static ScriptCall *
load_call (JsonObject * object)
{
  ScriptCall *call = g_new (ScriptCall, 1);

  call->events = load_numbers (json_object_get_array_member (object, "events"));
  call->prompts = load_numbers (json_object_get_array_member (object,
          "prompts"));
  call->loss = json_object_get_double_member_with_default (object, "loss", 0);
  call->delay = get_int (object, "delay", 0);
  return call;
}

static void
call_free (gpointer data)
{
  ScriptCall *call = data;

  g_array_unref (call->events);
  g_array_unref (call->prompts);
  g_free (call);
}

Script *
script_load (const gchar * folder)
{
  Script *self = g_new0 (Script, 1);
  g_autofree gchar *path = g_build_filename (folder, "script.json", NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObject *root;
  JsonArray *sounds, *calls;

  if (!json_parser_load_from_file (parser, path, &error))
    g_error ("%s", error->message);
  root = json_node_get_object (json_parser_get_root (parser));
  sounds = json_object_get_array_member (root, "sounds");
  self->sounds = g_ptr_array_new_with_free_func (sound_free);
  for (guint i = 0; i < json_array_get_length (sounds); i++)
    g_ptr_array_add (self->sounds, load_sound (folder,
            json_array_get_object_element (sounds, i), i + 1));
  calls = json_object_get_array_member (root, "calls");
  self->calls = g_ptr_array_new_with_free_func (call_free);
  for (guint i = 0; i < json_array_get_length (calls); i++)
    g_ptr_array_add (self->calls,
        load_call (json_array_get_object_element (calls, i)));
  return self;
}

void
script_free (Script * self)
{
  g_ptr_array_unref (self->sounds);
  g_ptr_array_unref (self->calls);
  g_free (self);
}

const Sound *
script_get (const Script * self, guint number)
{
  return number >= 1 && number <= self->sounds->len
      ? g_ptr_array_index (self->sounds, number - 1) : NULL;
}
