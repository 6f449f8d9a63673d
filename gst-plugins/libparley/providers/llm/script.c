/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/script-private.h"
#include "providers/registry.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_BYTES (1024 * 1024)
#define MAX_DEPTH 16
#define NAME_CHARS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_"

typedef struct
{
  ParleyScript *script;
  const gchar *file;
  GError **error;
  gboolean failed;
} Loader;

static void
fail (Loader * loader, const gchar * place, const gchar * format, ...)
G_GNUC_PRINTF (3, 4);

/* "file: place: what is wrong"; the first error stays. */
     static void
         fail (Loader * loader, const gchar * place, const gchar * format, ...)
{
  va_list args;
  gchar *text;

  if (loader->failed)
    return;
  loader->failed = TRUE;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (loader->error, PARLEY_PROVIDER_ERROR,
      PARLEY_PROVIDER_ERROR_SETTINGS, "%s: %s: %s", loader->file, place, text);
  g_free (text);
}

/* --- JSON --- */

static gboolean
is_name (const gchar * name)
{
  return *name && strspn (name, NAME_CHARS) == strlen (name);
}

static void
check_name (Loader * loader, const gchar * place, const gchar * name)
{
  if (!is_name (name))
    fail (loader, place, "the name \"%s\" may hold letters, digits and _ only",
        name);
}

static JsonObject *
get_object (Loader * loader, JsonObject * object, const gchar * place,
    const gchar * key)
{
  JsonNode *node = json_object_get_member (object, key);

  if (!node)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_node_get_object (node);
  fail (loader, place, "\"%s\" must be an object, {…}", key);
  return NULL;
}

/* Each name of @object is one of the blank-separated @known. */
static void
check_keys (Loader * loader, JsonObject * object, const gchar * place,
    const gchar * known)
{
  gchar **names = g_strsplit (known, " ", -1);
  GList *members = json_object_get_members (object), *l;
  gchar *list = g_strjoinv (", ", names);

  for (l = members; l; l = l->next) {
    if (!g_strv_contains ((const gchar * const *) names, l->data))
      fail (loader, place, "unknown key \"%s\"; known are %s",
          (const gchar *) l->data, list);
  }
  g_free (list);
  g_list_free (members);
  g_strfreev (names);
}

static const gchar *
string_of (JsonNode * node)
{
  if (!node || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

/* "a" or ["a", "b"]: strings that are not blank. NULL: not there, or failed. */
static gchar **
get_strings (Loader * loader, JsonObject * object, const gchar * place,
    const gchar * key)
{
  JsonNode *node = json_object_get_member (object, key);
  GPtrArray *strings;
  JsonArray *array;
  guint i, n;

  if (!node)
    return NULL;
  array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  n = array ? json_array_get_length (array) : 1;
  if (n == 0)
    fail (loader, place, "\"%s\" is empty; write at least one", key);
  strings = g_ptr_array_new_with_free_func (g_free);
  for (i = 0; i < n; i++) {
    const gchar *text =
        string_of (array ? json_array_get_element (array, i) : node);

    if (!text)
      fail (loader, place, "\"%s\" must be a string or a list of strings", key);
    else if (strspn (text, " \t\r\n") == strlen (text))
      fail (loader, place, "\"%s\"[%u] is empty", key, i);
    g_ptr_array_add (strings, g_strdup (text ? text : ""));
  }
  g_ptr_array_add (strings, NULL);
  return (gchar **) g_ptr_array_free (strings, FALSE);
}

static gboolean
get_flag (Loader * loader, JsonObject * object, const gchar * place,
    const gchar * key)
{
  JsonNode *node = json_object_get_member (object, key);

  if (!node)
    return FALSE;
  if (JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return json_node_get_boolean (node);
  fail (loader, place, "\"%s\" must be true or false", key);
  return FALSE;
}

/* --- slots --- */

static const ParleySlotKind *
find_kind (const gchar * name, gpointer user_data)
{
  Loader *loader = user_data;
  const ParleySlotType *type;
  guint i;

  for (i = 0; i < loader->script->kinds->len; i++) {
    ParleySlotKind *kind = g_ptr_array_index (loader->script->kinds, i);

    if (strcmp (parley_slot_kind_get_name (kind), name) == 0)
      return kind;
  }
  type = parley_slot_type_find (name);
  if (type)
    g_ptr_array_add (loader->script->kinds, parley_slot_kind_new (name, type));
  return type ? g_ptr_array_index (loader->script->kinds, i) : NULL;
}

/* "coffee", or ["orange juice", "juice"]: the first is what is written. */
static void
add_slot_value (Loader * loader, const gchar * place, ParleySlotKind * kind,
    JsonNode * node)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ?
      json_node_get_array (node) : NULL;
  guint n = array ? json_array_get_length (array) : 1;
  const gchar *written = NULL;
  guint i;

  for (i = 0; i < n; i++) {
    const gchar *said =
        string_of (array ? json_array_get_element (array, i) : node);

    if (!said || !parley_slot_kind_add (kind, said, written ? written : said))
      fail (loader, place, "each value must be text a caller could say");
    if (!written)
      written = said;
  }
}

static void
load_slot (Loader * loader, const gchar * name, JsonNode * node)
{
  gchar *place = g_strconcat ("slots.", name, NULL);
  ParleySlotKind *kind;
  JsonArray *array;
  guint i;

  check_name (loader, place, name);
  if (parley_slot_type_find (name))
    fail (loader, place, "\"%s\" is built in; choose another name", name);
  array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  if (!array || json_array_get_length (array) == 0)
    fail (loader, place, "must be a list of values, [\"coffee\", \"tea\"]");
  if (!loader->failed) {
    kind = parley_slot_kind_new (name, NULL);
    g_ptr_array_add (loader->script->kinds, kind);
    for (i = 0; i < json_array_get_length (array); i++)
      add_slot_value (loader, place, kind, json_array_get_element (array, i));
    if (parley_slot_kind_get_max_words (kind) == 0)
      fail (loader, place, "holds no value a caller could say");
  }
  g_free (place);
}

static void
load_slots (Loader * loader, JsonObject * root)
{
  JsonObject *slots = get_object (loader, root, "slots", "slots");
  GList *names, *l;

  if (!slots)
    return;
  names = json_object_get_members (slots);
  for (l = names; l; l = l->next)
    load_slot (loader, l->data, json_object_get_member (slots, l->data));
  g_list_free (names);
}

/* --- states and intents --- */

static void
load_state (Loader * loader, const gchar * name, JsonNode * node)
{
  gchar *place = g_strconcat ("states.", name, NULL);

  check_name (loader, place, name);
  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    fail (loader, place, "must be an object, {…}");
  } else {
    JsonObject *object = json_node_get_object (node);

    check_keys (loader, object, place, "fallback comment");
    g_hash_table_replace (loader->script->states, g_strdup (name),
        get_strings (loader, object, place, "fallback"));
  }
  g_free (place);
}

static void
load_states (Loader * loader, JsonObject * root)
{
  JsonObject *states = get_object (loader, root, "states", "states");
  GList *names, *l;

  g_hash_table_insert (loader->script->states,
      g_strdup (PARLEY_SCRIPT_START), NULL);
  if (!states)
    return;
  names = json_object_get_members (states);
  for (l = names; l; l = l->next)
    load_state (loader, l->data, json_object_get_member (states, l->data));
  g_list_free (names);
}

static void
check_state (Loader * loader, const gchar * place, const gchar * state)
{
  if (!g_hash_table_contains (loader->script->states, state))
    fail (loader, place, "unknown state \"%s\"; add it to \"states\"", state);
}

static void
load_phrases (Loader * loader, JsonObject * object, const gchar * place,
    ParleyScriptIntent * intent)
{
  gchar **texts = get_strings (loader, object, place, "phrases");
  guint i;

  if (!texts)
    fail (loader, place, "\"phrases\" is missing: what callers may say");
  for (i = 0; texts && texts[i] && !loader->failed; i++) {
    gchar *problem = NULL;
    ParleyPhrase *phrase =
        parley_phrase_parse (texts[i], find_kind, loader, &problem);

    if (phrase) {
      g_ptr_array_add (intent->phrases, phrase);
    } else {
      fail (loader, place, "phrases[%u], \"%s\": %s", i, texts[i], problem);
      g_free (problem);
    }
  }
  g_strfreev (texts);
}

static void
load_next (Loader * loader, JsonObject * object, const gchar * place,
    ParleyScriptIntent * intent)
{
  JsonNode *node = json_object_get_member (object, "next");

  if (!node)
    return;
  if (!string_of (node)) {
    fail (loader, place, "\"next\" must be the name of a state");
    return;
  }
  intent->next = g_strdup (string_of (node));
  check_state (loader, place, intent->next);
}

static void
intent_free (gpointer data)
{
  ParleyScriptIntent *intent = data;

  g_free (intent->name);
  g_strfreev (intent->states);
  g_ptr_array_unref (intent->phrases);
  g_strfreev (intent->replies);
  g_free (intent->tool);
  g_strfreev (intent->failed);
  g_free (intent->next);
  g_free (intent);
}

static void
phrase_free (gpointer data)
{
  parley_phrase_free (data);
}

static void
fill_intent (Loader * loader, JsonObject * object, const gchar * place,
    ParleyScriptIntent * intent)
{
  gchar **state;

  check_keys (loader, object, place,
      "phrases replies state next hang_up repeat tool failed comment");
  load_phrases (loader, object, place, intent);
  intent->states = get_strings (loader, object, place, "state");
  for (state = intent->states; state && *state; state++)
    check_state (loader, place, *state);
  intent->replies = get_strings (loader, object, place, "replies");
  if (!intent->replies)
    fail (loader, place, "\"replies\" is missing: what is answered");
  intent->tool = g_strdup (string_of (json_object_get_member (object, "tool")));
  if (!intent->tool && json_object_has_member (object, "tool"))
    fail (loader, place, "\"tool\" must be the name of a tool");
  intent->failed = get_strings (loader, object, place, "failed");
  if (intent->failed && !intent->tool)
    fail (loader, place, "\"failed\" is of no use without \"tool\"");
  intent->hang_up = get_flag (loader, object, place, "hang_up");
  intent->repeat = get_flag (loader, object, place, "repeat");
  load_next (loader, object, place, intent);
}

static void
load_intent (Loader * loader, const gchar * name, JsonNode * node)
{
  ParleyScriptIntent *intent = g_new0 (ParleyScriptIntent, 1);
  gchar *place = g_strconcat ("intents.", name, NULL);

  intent->name = g_strdup (name);
  intent->phrases = g_ptr_array_new_with_free_func (phrase_free);
  g_ptr_array_add (loader->script->intents, intent);
  check_name (loader, place, name);
  if (JSON_NODE_HOLDS_OBJECT (node))
    fill_intent (loader, json_node_get_object (node), place, intent);
  else
    fail (loader, place, "must be an object, {…}");
  g_free (place);
}

static void
load_intents (Loader * loader, JsonObject * root)
{
  JsonObject *intents = get_object (loader, root, "intents", "intents");
  GList *names = intents ? json_object_get_members (intents) : NULL;
  GList *l;

  if (!names)
    fail (loader, "intents", "there is none; say what callers may say");
  for (l = names; l; l = l->next)
    load_intent (loader, l->data, json_object_get_member (intents, l->data));
  g_list_free (names);
}

/* --- checks across the whole --- */

gchar *
parley_script_reference (const gchar * p, const gchar ** end)
{
  const gchar *close;

  if (p[0] != '$' || p[1] != '{')
    return NULL;
  close = strchr (p, '}');
  if (!close)
    return NULL;
  *end = close + 1;
  return g_strndup (p + 2, close - p - 2);
}

static gboolean
has_slot (const ParleyScript * script, const gchar * name)
{
  guint i, j;

  for (i = 0; i < script->intents->len; i++) {
    const ParleyScriptIntent *intent = g_ptr_array_index (script->intents, i);

    for (j = 0; j < intent->phrases->len; j++) {
      const GPtrArray *slots =
          parley_phrase_get_slots (g_ptr_array_index (intent->phrases, j));

      if (g_ptr_array_find_with_equal_func ((GPtrArray *) slots, name,
              g_str_equal, NULL))
        return TRUE;
    }
  }
  return FALSE;
}

static gboolean
is_result (const gchar * name)
{
  return g_str_equal (name, "result") || g_str_has_prefix (name, "result.");
}

/* @tool: what a tool said may be used. */
static void
check_replies (Loader * loader, const gchar * place, gchar ** replies,
    gboolean tool)
{
  const gchar *p, *end;

  for (; replies && *replies; replies++) {
    for (p = *replies; *p; p = end) {
      gchar *name = parley_script_reference (p, &end);

      if (!name)
        end = p + 1;
      else if (!(tool && is_result (name))
          && !has_slot (loader->script, name))
        fail (loader, place, "no phrase fills ${%s} of \"%s\"; write "
            "{%s:type} in a phrase", name, *replies, name);
      g_free (name);
    }
  }
}

static void
check_all_replies (Loader * loader)
{
  ParleyScript *script = loader->script;
  GHashTableIter iter;
  gpointer key, value;
  guint i;

  for (i = 0; i < script->intents->len; i++) {
    ParleyScriptIntent *intent = g_ptr_array_index (script->intents, i);
    gchar *place = g_strconcat ("intents.", intent->name, ".replies", NULL);

    check_replies (loader, place, intent->replies, intent->tool != NULL);
    check_replies (loader, place, intent->failed, TRUE);
    g_free (place);
  }
  g_hash_table_iter_init (&iter, script->states);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    gchar *place = g_strconcat ("states.", key, ".fallback", NULL);

    check_replies (loader, place, value, FALSE);
    g_free (place);
  }
  check_replies (loader, "fallback", script->fallback, FALSE);
}

static void
load_greeting (Loader * loader, JsonObject * root)
{
  JsonNode *node = json_object_get_member (root, "greeting");

  if (!node)
    return;
  if (!string_of (node))
    fail (loader, "top level", "\"greeting\" must be a string");
  loader->script->greeting = g_strdup (string_of (node));
}

static void
load_root (Loader * loader, JsonNode * node)
{
  JsonObject *root;

  if (!node || !JSON_NODE_HOLDS_OBJECT (node)) {
    fail (loader, "line 1", "a script is an object, {\"intents\": {…}, …}");
    return;
  }
  root = json_node_get_object (node);
  check_keys (loader, root, "top level",
      "name comment greeting slots states intents fallback");
  load_greeting (loader, root);
  load_slots (loader, root);
  load_states (loader, root);
  load_intents (loader, root);
  loader->script->fallback =
      get_strings (loader, root, "top level", "fallback");
  if (!loader->script->fallback)
    fail (loader, "top level", "\"fallback\" is missing: what to answer when "
        "the caller was not understood");
  check_all_replies (loader);
}

/* json-glib recurses: depth is checked before it sees the text. */
static gboolean
is_too_deep (const gchar * json, gsize length)
{
  gboolean string = FALSE;
  guint depth = 0;
  gsize i;

  for (i = 0; i < length; i++) {
    if (string && json[i] == '\\')
      i++;
    else if (json[i] == '"')
      string = !string;
    else if (!string && (json[i] == '{' || json[i] == '['))
      depth++;
    else if (!string && depth > 0 && (json[i] == '}' || json[i] == ']'))
      depth--;
    if (depth > MAX_DEPTH)
      return TRUE;
  }
  return FALSE;
}

static void
parse_json (Loader * loader, const gchar * json, gsize length)
{
  JsonParser *parser = json_parser_new_immutable ();
  GError *error = NULL;

  if (length > MAX_BYTES)
    fail (loader, "size", "more than %d bytes; is this a script?", MAX_BYTES);
  else if (!g_utf8_validate (json, length, NULL))
    fail (loader, "encoding", "not UTF-8 text; save it as UTF-8");
  else if (is_too_deep (json, length))
    fail (loader, "nesting", "deeper than %d brackets", MAX_DEPTH);
  else if (!json_parser_load_from_data (parser, json, length, &error))
    fail (loader, "JSON", "%s", error->message);
  else
    load_root (loader, json_parser_get_root (parser));
  g_clear_error (&error);
  g_object_unref (parser);
}

static void
strv_free (gpointer data)
{
  g_strfreev (data);
}

static void
kind_free (gpointer data)
{
  parley_slot_kind_free (data);
}

ParleyScript *
parley_script_parse (const gchar * name, const gchar * json, gssize length,
    GError ** error)
{
  ParleyScript *script = g_new0 (ParleyScript, 1);
  Loader loader = { script, name, error, FALSE };

  g_atomic_ref_count_init (&script->ref_count);
  script->kinds = g_ptr_array_new_with_free_func (kind_free);
  script->intents = g_ptr_array_new_with_free_func (intent_free);
  script->states = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      strv_free);
  parse_json (&loader, json, length < 0 ? strlen (json) : (gsize) length);
  if (loader.failed)
    g_clear_pointer (&script, parley_script_unref);
  return script;
}

ParleyScript *
parley_script_ref (ParleyScript * script)
{
  g_atomic_ref_count_inc (&script->ref_count);
  return script;
}

const gchar *
parley_script_get_greeting (ParleyScript * script)
{
  return script->greeting;
}

void
parley_script_unref (ParleyScript * script)
{
  if (!g_atomic_ref_count_dec (&script->ref_count))
    return;
  g_ptr_array_unref (script->intents);
  g_ptr_array_unref (script->kinds);
  g_hash_table_unref (script->states);
  g_strfreev (script->fallback);
  g_free (script->greeting);
  g_free (script);
}

/* --- the cache --- */

typedef struct
{
  ParleyScript *script;
  struct timespec changed;
  goffset size;
} Cached;

static void
cached_free (gpointer data)
{
  Cached *cached = data;

  parley_script_unref (cached->script);
  g_free (cached);
}

G_LOCK_DEFINE_STATIC (cache);
static GHashTable *cache;       /* path → Cached */

/* @file NULL: in whatever state it is now. */
static ParleyScript *
find_cached (const gchar * path, const GStatBuf * file)
{
  ParleyScript *script = NULL;
  Cached *cached;

  G_LOCK (cache);
  cached = cache ? g_hash_table_lookup (cache, path) : NULL;
  if (cached && (!file || (cached->changed.tv_sec == file->st_mtim.tv_sec
              && cached->changed.tv_nsec == file->st_mtim.tv_nsec
              && cached->size == file->st_size)))
    script = parley_script_ref (cached->script);
  G_UNLOCK (cache);
  return script;
}

static void
keep_cached (const gchar * path, const GStatBuf * file, ParleyScript * script)
{
  Cached *cached = g_new0 (Cached, 1);

  cached->script = parley_script_ref (script);
  cached->changed = file->st_mtim;
  cached->size = file->st_size;
  G_LOCK (cache);
  if (!cache)
    cache = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
        cached_free);
  g_hash_table_replace (cache, g_strdup (path), cached);
  G_UNLOCK (cache);
}

static gboolean
read_file (const gchar * path, GStatBuf * file, gchar ** json, gsize * length,
    GError ** error)
{
  GError *reason = NULL;

  *json = NULL;
  if (g_stat (path, file) != 0)
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "%s: cannot be read (%s); set script to a JSON script", path,
        g_strerror (errno));
  else if (!S_ISREG (file->st_mode) || file->st_size > MAX_BYTES)
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "%s: no file of at most %d bytes; set script to a JSON script", path,
        MAX_BYTES);
  else if (!g_file_get_contents (path, json, length, &reason))
    g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS,
        "%s: cannot be read (%s); set script to a JSON script", path,
        reason->message);
  g_clear_error (&reason);
  return *json != NULL;
}

ParleyScript *
parley_script_load (const gchar * path, GError ** error)
{
  gchar *full = g_canonicalize_filename (path, NULL);
  ParleyScript *script = NULL;
  GStatBuf file;
  gchar *json = NULL;
  gsize length;

  if (g_stat (full, &file) == 0)
    script = find_cached (full, &file);
  if (!script && read_file (path, &file, &json, &length, error)) {
    script = parley_script_parse (path, json, length, error);
    if (script)
      keep_cached (full, &file, script);
  }
  g_free (json);
  g_free (full);
  return script;
}

ParleyScript *
parley_script_peek (const gchar * path)
{
  gchar *full = g_canonicalize_filename (path, NULL);
  ParleyScript *script = find_cached (full, NULL);

  g_free (full);
  return script;
}
