/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/settings.h"

#include <gio/gio.h>

#include "audiofile.h"
#include "emulator/wirejson.h"

#define MAX_BYTES (1024 * 1024)
#define DEFAULT_SILENCE_MS 500
#define DEFAULT_EAGER_MS 200
#define DEFAULT_CHARACTER_MS 60
#define DEFAULT_CHUNK_MS 100
#define DEFAULT_RECORDS 1000

/* The first error stays; what is read after it does not matter. */
typedef struct
{
  const gchar *file;
  GError **error;
  gboolean failed;
} Reader;

static void
fail (Reader * reader, const gchar * place, const gchar * format, ...)
G_GNUC_PRINTF (3, 4);

     static void
         fail (Reader * reader, const gchar * place, const gchar * format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  if (reader->failed)
    return;
  reader->failed = TRUE;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (reader->error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "%s: %s%s%s", reader->file, place, *place ? ": " : "", text);
}

/* Each member of @object is one of @known, which are parted by ", ". */
static void
check_members (Reader * reader, JsonObject * object, const gchar * place,
    const gchar * known)
{
  g_autoptr (GList) names = json_object_get_members (object);
  g_auto (GStrv) list = g_strsplit (known, ", ", -1);

  for (GList * l = names; l != NULL; l = l->next)
    if (!g_strv_contains ((const gchar * const *) list, l->data))
      fail (reader, place, "unknown key \"%s\"; known are %s",
          (const gchar *) l->data, known);
}

static JsonObject *
read_object (Reader * reader, JsonObject * object, const gchar * name,
    const gchar * known)
{
  JsonObject *inner = parley_wire_object (object, name);

  if (inner != NULL)
    check_members (reader, inner, name, known);
  else if (json_object_has_member (object, name))
    fail (reader, name, "must be an object, {…}");
  return inner;
}

static gchar *
read_text (Reader * reader, JsonObject * object, const gchar * place,
    const gchar * name)
{
  const gchar *text = parley_wire_string (object, name);

  if (text == NULL && object != NULL && json_object_has_member (object, name))
    fail (reader, place, "\"%s\" must be a text", name);
  return g_strdup (text);
}

static gdouble
read_number (Reader * reader, JsonObject * object, const gchar * place,
    const gchar * name, gdouble min, gdouble max, gdouble otherwise)
{
  gdouble number;

  if (object == NULL || !json_object_has_member (object, name))
    return otherwise;
  number = parley_wire_number (object, name, min - 1.0);
  if (number < min || number > max)
    fail (reader, place, "\"%s\" must be a number from %g to %g", name, min,
        max);
  return number;
}

/* Whether "engine" is "local". */
static gboolean
read_engine (Reader * reader, JsonObject * object, const gchar * place)
{
  g_autofree gchar *engine = read_text (reader, object, place, "engine");

  if (engine == NULL || g_str_equal (engine, "scripted"))
    return FALSE;
  if (!g_str_equal (engine, "local"))
    fail (reader, place, "\"engine\" must be \"scripted\" or \"local\"");
  return TRUE;
}

/* Calls @func for each element of the array @name: an object, or a text (NULL
 * object). */
typedef void (*ElementFunc) (Reader * reader, const gchar * place,
    JsonObject * object, const gchar * text, ParleyEmulatorSettings * self);

static void
read_array (Reader * reader, JsonObject * object, const gchar * place,
    const gchar * name, ElementFunc func, ParleyEmulatorSettings * self)
{
  JsonArray *array = parley_wire_array (object, name);
  guint n = array != NULL ? json_array_get_length (array) : 0;

  if (array == NULL && object != NULL && json_object_has_member (object, name))
    fail (reader, place, "\"%s\" must be a list, […]", name);
  for (guint i = 0; i < n; i++) {
    JsonNode *node = json_array_get_element (array, i);
    JsonObject *inner = parley_wire_element (array, i);
    const gchar *text = JSON_NODE_HOLDS_VALUE (node)
        && json_node_get_value_type (node) == G_TYPE_STRING
        ? json_node_get_string (node) : NULL;
    g_autofree gchar *where = g_strdup_printf ("%s%s%s[%u]", place,
        *place ? "." : "", name, i);

    if (inner == NULL && text == NULL)
      fail (reader, where, "must be an object or a text");
    else
      func (reader, where, inner, text, self);
  }
}

static void
transcript_free (gpointer data)
{
  ParleyEmulatorTranscript *transcript = data;

  g_free (transcript->language);
  g_free (transcript->text);
  g_free (transcript);
}

static void
add_transcript (Reader * reader, const gchar * place, JsonObject * object,
    const gchar * text, ParleyEmulatorSettings * self)
{
  ParleyEmulatorTranscript *transcript = g_new0 (ParleyEmulatorTranscript, 1);

  if (object != NULL) {
    check_members (reader, object, place, "language, shorter_ms, text");
    transcript->language = read_text (reader, object, place, "language");
    transcript->shorter_ms = read_number (reader, object, place, "shorter_ms",
        0, 3600000, 0);
    transcript->text = read_text (reader, object, place, "text");
    if (transcript->text == NULL)
      fail (reader, place, "\"text\" is missing");
  } else {
    transcript->text = g_strdup (text);
  }
  g_ptr_array_add (transcript->language != NULL || transcript->shorter_ms > 0
      ? self->transcript_rules : self->transcripts, transcript);
}

static void
reply_free (gpointer data)
{
  ParleyEmulatorReply *reply = data;

  g_free (reply->when);
  g_free (reply->say);
  g_free (reply->tool);
  g_free (reply->arguments);
  g_free (reply);
}

static gchar *
read_arguments (JsonObject * object)
{
  JsonObject *arguments = parley_wire_object (object, "arguments");
  g_autoptr (JsonNode) node = NULL;

  if (arguments == NULL)
    return g_strdup ("{}");
  node = json_node_init_object (json_node_alloc (), arguments);
  return json_to_string (node, FALSE);
}

static void
add_reply (Reader * reader, const gchar * place, JsonObject * object,
    const gchar * text, ParleyEmulatorSettings * self)
{
  ParleyEmulatorReply *reply = g_new0 (ParleyEmulatorReply, 1);

  if (object != NULL) {
    check_members (reader, object, place, "when, say, tool, arguments");
    reply->when = read_text (reader, object, place, "when");
    reply->say = read_text (reader, object, place, "say");
    reply->tool = read_text (reader, object, place, "tool");
    reply->arguments = read_arguments (object);
    if (reply->say == NULL && reply->tool == NULL)
      fail (reader, place, "\"say\" or \"tool\" is missing");
  } else {
    reply->say = g_strdup (text);
  }
  g_ptr_array_add (reply->when != NULL ? self->reply_rules : self->replies,
      reply);
}

static void
sound_free (gpointer data)
{
  ParleyEmulatorSound *sound = data;

  g_free (sound->when);
  g_clear_pointer (&sound->mulaw, g_bytes_unref);
  g_free (sound);
}

/* A path in the file is relative to the file. */
static gchar *
beside (Reader * reader, const gchar * path)
{
  g_autofree gchar *folder = g_path_get_dirname (reader->file);

  return g_path_is_absolute (path) ? g_strdup (path)
      : g_build_filename (folder, path, NULL);
}

static void
add_sound (Reader * reader, const gchar * place, JsonObject * object,
    const gchar * text, ParleyEmulatorSettings * self)
{
  ParleyEmulatorSound *sound = g_new0 (ParleyEmulatorSound, 1);
  g_autofree gchar *path = NULL;
  g_autofree gchar *name = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (self->sounds, sound);
  if (object == NULL) {
    fail (reader, place, "must be an object, {\"when\": …, \"file\": …}");
    return;
  }
  check_members (reader, object, place, "when, file");
  sound->when = read_text (reader, object, place, "when");
  name = read_text (reader, object, place, "file");
  if (name == NULL)
    fail (reader, place, "\"file\" is missing");
  if (reader->failed)
    return;
  path = beside (reader, name);
  sound->mulaw = parley_audio_file_load (path, &error);
  if (sound->mulaw == NULL)
    fail (reader, place, "%s", error->message);
}

static void
add_fault (Reader * reader, const gchar * place, JsonObject * object,
    const gchar * text, ParleyEmulatorSettings * self)
{
  g_autofree gchar *wrong = object != NULL
      ? parley_faults_add (self->faults, object)
      : g_strdup ("must be an object, {\"fault\": …}");

  if (wrong != NULL)
    fail (reader, place, "%s", wrong);
}

/* A number of ms, or {"median_ms", "sigma", "seed"}. */
static void
read_delay (Reader * reader, JsonObject * delays, const gchar * name,
    ParleyDelay * delay)
{
  g_autofree gchar *place = g_strdup_printf ("delays.%s", name);
  JsonObject *object = parley_wire_object (delays, name);

  if (object == NULL) {
    delay->median = 1000 * read_number (reader, delays, "delays", name, 0,
        60000, 0);
    return;
  }
  check_members (reader, object, place, "median_ms, sigma, seed");
  delay->median = 1000 * read_number (reader, object, place, "median_ms", 0,
      60000, 0);
  delay->sigma = read_number (reader, object, place, "sigma", 0, 5, 0);
  delay->seed = read_number (reader, object, place, "seed", 0, G_MAXINT, 1);
}

static void
read_delays (Reader * reader, JsonObject * root, ParleyEmulatorSettings * self)
{
  JsonObject *delays = read_object (reader, root, "delays",
      "connection, handshake, stt_partial, stt_final, llm_first_token, "
      "tts_first_audio, rest");

  if (delays == NULL)
    return;
  read_delay (reader, delays, "connection", &self->connection);
  read_delay (reader, delays, "handshake", &self->handshake);
  read_delay (reader, delays, "stt_partial", &self->stt_partial);
  read_delay (reader, delays, "stt_final", &self->stt_final);
  read_delay (reader, delays, "llm_first_token", &self->llm_first_token);
  read_delay (reader, delays, "tts_first_audio", &self->tts_first_audio);
  read_delay (reader, delays, "rest", &self->rest);
}

static void
read_stages (Reader * reader, JsonObject * root, ParleyEmulatorSettings * self)
{
  JsonObject *stt = read_object (reader, root, "stt",
      "engine, texts, grammar, silence_ms, eager_ms");
  JsonObject *llm = read_object (reader, root, "llm",
      "engine, replies, script, tokens_per_second");
  JsonObject *tts = read_object (reader, root, "tts",
      "engine, voice, audio, ms_per_character, chunk_ms, speed");
  g_autofree gchar *script = read_text (reader, llm, "llm", "script");
  g_autofree gchar *grammar = read_text (reader, stt, "stt", "grammar");

  self->stt_local = read_engine (reader, stt, "stt");
  read_array (reader, stt, "stt", "texts", add_transcript, self);
  self->grammar = grammar != NULL ? beside (reader, grammar) : NULL;
  self->eager_ms = read_number (reader, stt, "stt", "eager_ms", 50, 10000,
      DEFAULT_EAGER_MS);
  self->silence_ms = read_number (reader, stt, "stt", "silence_ms", 50, 10000,
      DEFAULT_SILENCE_MS);
  self->llm_local = read_engine (reader, llm, "llm");
  read_array (reader, llm, "llm", "replies", add_reply, self);
  self->script = script != NULL ? beside (reader, script) : NULL;
  self->tokens_per_second = read_number (reader, llm, "llm",
      "tokens_per_second", 0, 100000, 0);
  if (self->llm_local && self->script == NULL)
    fail (reader, "llm", "\"engine\": \"local\" needs \"script\", a file as "
        "docs/script.md describes it");
  self->tts_local = read_engine (reader, tts, "tts");
  self->voice = read_text (reader, tts, "tts", "voice");
  read_array (reader, tts, "tts", "audio", add_sound, self);
  self->character_ms = read_number (reader, tts, "tts", "ms_per_character", 1,
      1000, DEFAULT_CHARACTER_MS);
  self->chunk_ms = read_number (reader, tts, "tts", "chunk_ms", 1, 10000,
      DEFAULT_CHUNK_MS);
  self->speed = read_number (reader, tts, "tts", "speed", 0, 1000, 0);
}

/* {PROTOCOL: requests at once} */
static void
read_limits (Reader * reader, JsonObject * root, ParleyEmulatorSettings * self)
{
  JsonObject *limits = parley_wire_object (root, "limits");
  g_autoptr (GList) names = limits != NULL ? json_object_get_members (limits)
      : NULL;

  if (limits == NULL && json_object_has_member (root, "limits"))
    fail (reader, "limits", "must be an object, {\"elevenlabs\": 10}");
  for (GList * l = names; l != NULL; l = l->next)
    g_hash_table_insert (self->limits, g_strdup (l->data), GUINT_TO_POINTER
        ((guint) read_number (reader, limits, "limits", l->data, 1, 100000,
                1)));
}

/* A list of keys, "any" or "none". */
static void
read_keys (Reader * reader, JsonObject * root, ParleyEmulatorSettings * self)
{
  JsonArray *array = parley_wire_array (root, "keys");
  const gchar *word = parley_wire_string (root, "keys");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (!json_object_has_member (root, "keys")
      || g_strcmp0 (word, "any") == 0)
    return;
  self->open = g_strcmp0 (word, "none") == 0;
  if (self->open)
    return;
  if (array == NULL || json_array_get_length (array) == 0) {
    fail (reader, "keys", "must be a list of texts, \"any\" or \"none\"");
    return;
  }
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *node = json_array_get_element (array, i);

    if (!JSON_NODE_HOLDS_VALUE (node)
        || json_node_get_value_type (node) != G_TYPE_STRING)
      fail (reader, "keys", "must be a list of texts, \"any\" or \"none\"");
    else
      g_strv_builder_add (builder, json_node_get_string (node));
  }
  self->keys = g_strv_builder_end (builder);
}

static JsonNode *
load (Reader * reader)
{
  g_autofree gchar *text = NULL;
  const gchar *wrong;
  JsonNode *root;
  gsize len;

  if (!g_file_get_contents (reader->file, &text, &len, reader->error)) {
    reader->failed = TRUE;
    return NULL;
  }
  if (len > MAX_BYTES) {
    fail (reader, "", "it is longer than 1 MiB");
    return NULL;
  }
  root = parley_wire_json_parse (text, len, &wrong);
  if (root == NULL)
    fail (reader, "", "%s", wrong);
  return root;
}

static void
read_all (Reader * reader, JsonObject * root, ParleyEmulatorSettings * self)
{
  check_members (reader, root, "",
      "keys, stt, llm, tts, delays, limits, keep_alive, faults, records");
  read_keys (reader, root, self);
  read_stages (reader, root, self);
  read_delays (reader, root, self);
  read_limits (reader, root, self);
  self->keep_alive = parley_wire_boolean (root, "keep_alive", TRUE);
  read_array (reader, root, "", "faults", add_fault, self);
  self->max_records = read_number (reader, root, "", "records", 1, 1000000,
      DEFAULT_RECORDS);
}

ParleyEmulatorSettings *
parley_emulator_settings_new (const gchar * file, GError ** error)
{
  ParleyEmulatorSettings *self = g_new0 (ParleyEmulatorSettings, 1);
  Reader reader = { file, error, FALSE };
  g_autoptr (JsonNode) root = NULL;
  const gchar *wrong;

  self->transcripts = g_ptr_array_new_with_free_func (transcript_free);
  self->transcript_rules = g_ptr_array_new_with_free_func (transcript_free);
  self->replies = g_ptr_array_new_with_free_func (reply_free);
  self->reply_rules = g_ptr_array_new_with_free_func (reply_free);
  self->sounds = g_ptr_array_new_with_free_func (sound_free);
  self->limits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->faults = parley_faults_new ();
  root = file != NULL ? load (&reader)
      : parley_wire_json_parse ("{}", 2, &wrong);
  if (root != NULL)
    read_all (&reader, json_node_get_object (root), self);
  if (reader.failed)
    g_clear_pointer (&self, parley_emulator_settings_free);
  return self;
}

void
parley_emulator_settings_free (ParleyEmulatorSettings * self)
{
  g_strfreev (self->keys);
  g_ptr_array_unref (self->transcripts);
  g_ptr_array_unref (self->transcript_rules);
  g_free (self->grammar);
  g_ptr_array_unref (self->replies);
  g_ptr_array_unref (self->reply_rules);
  g_free (self->script);
  g_free (self->voice);
  g_ptr_array_unref (self->sounds);
  parley_delay_clear (&self->connection);
  parley_delay_clear (&self->handshake);
  parley_delay_clear (&self->stt_partial);
  parley_delay_clear (&self->stt_final);
  parley_delay_clear (&self->llm_first_token);
  parley_delay_clear (&self->tts_first_audio);
  parley_delay_clear (&self->rest);
  g_hash_table_unref (self->limits);
  parley_faults_free (self->faults);
  g_free (self);
}
