/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/endpointrules.h"

#include <stdlib.h>
#include <string.h>

#include <gio/gio.h>

#include "turn/endpointtext.h"

#define RESOURCES "/org/parley/endpoint/"
#define RULE "rule "
#define LISTS "lists"
#define NUMBERS "numbers"

/* Counts in a condition are bits of a word. */
#define MOST_COUNT 63

static const gchar *const languages[] = { "de", "en", "es", "fr", "it", "nl",
  "pt", NULL
};

typedef struct
{
  const gchar *name;            /* interned */
  guint wait;
  GPtrArray *only;              /* phrases; NULL: any text */
  GPtrArray *begins;
  GPtrArray *ends;
  GPtrArray *has;
  GRegex *pattern;
  gunichar *marks;
  guint64 digits;               /* bit n: n digits; 0: any number */
  guint64 words;
  guint tones;                  /* bit n: ParleyTone n; 0: any */
} Rule;

struct _ParleyEndpointRules
{
  gatomicrefcount refs;
  ParleySpokenNumbers *numbers;
  GHashTable *lists;            /* name to GPtrArray of phrases as written */
  GPtrArray *rules;             /* of Rule, in order */
};

static void
free_phrases (gpointer phrases)
{
  if (phrases)
    g_ptr_array_unref (phrases);
}

static void
free_rule (gpointer data)
{
  Rule *rule = data;

  free_phrases (rule->only);
  free_phrases (rule->begins);
  free_phrases (rule->ends);
  free_phrases (rule->has);
  g_clear_pointer (&rule->pattern, g_regex_unref);
  g_free (rule->marks);
  g_free (rule);
}

ParleyEndpointRules *
parley_endpoint_rules_ref (ParleyEndpointRules * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
parley_endpoint_rules_unref (ParleyEndpointRules * self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  parley_spoken_numbers_free (self->numbers);
  g_hash_table_unref (self->lists);
  g_ptr_array_unref (self->rules);
  g_free (self);
}

/* Reading */

typedef struct
{
  ParleyEndpointRules *rules;
  GKeyFile *file;
  const gchar *name;            /* of the file */
  const gchar *group;
} Reader;

G_GNUC_PRINTF (4, 5)
     static gboolean
         fail (const Reader * in, GError ** error, const gchar * key,
    const gchar * format, ...)
{
  g_autofree gchar *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
      "%s, [%s]%s%s: %s", in->name, in->group, key ? ", " : "", key ? key : "",
      what);
  return FALSE;
}

/* What stands between the commas, without blanks around; never empty. */
static GPtrArray *
split (const gchar * value)
{
  g_auto (GStrv) parts = g_strsplit (value, ",", -1);
  GPtrArray *out = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; parts[i]; i++)
    if (*g_strstrip (parts[i]))
      g_ptr_array_add (out, g_strdup (parts[i]));
  return out;
}

static GPtrArray *
find_list (const Reader * in, const gchar * key, const gchar * name,
    GError ** error)
{
  GPtrArray *list = g_hash_table_lookup (in->rules->lists, name);

  if (!list)
    fail (in, error, key, "there is no list \"%s\" in [%s] above", name, LISTS);
  return list;
}

/* In the form of ParleyEndpointText. */
static gboolean
add_phrase (const Reader * in, const gchar * key, GPtrArray * to,
    const gchar * phrase, GError ** error)
{
  ParleyEndpointText text;

  parley_endpoint_text_init (&text, phrase, in->rules->numbers);
  if (!*text.words) {
    parley_endpoint_text_clear (&text);
    return fail (in, error, key, "\"%s\" has no words", phrase);
  }
  g_ptr_array_add (to, text.words);
  return TRUE;
}

static GPtrArray *
read_phrases (const Reader * in, const gchar * key, const gchar * value,
    GError ** error)
{
  g_autoptr (GPtrArray) parts = split (value);
  g_autoptr (GPtrArray) out = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < parts->len; i++) {
    const gchar *part = g_ptr_array_index (parts, i);
    GPtrArray *list = NULL;

    if (*part != '@') {
      if (!add_phrase (in, key, out, part, error))
        return NULL;
      continue;
    }
    list = find_list (in, key, part + 1, error);
    for (guint j = 0; list && j < list->len; j++)
      if (!add_phrase (in, key, out, g_ptr_array_index (list, j), error))
        return NULL;
    if (!list)
      return NULL;
  }
  if (out->len == 0) {
    fail (in, error, key, "no words: separate them by commas");
    return NULL;
  }
  return g_steal_pointer (&out);
}

/* "1-6, 8" as bits. */
static gboolean
read_counts (const Reader * in, const gchar * key, const gchar * value,
    guint64 * counts, GError ** error)
{
  g_autoptr (GPtrArray) parts = split (value);

  *counts = 0;
  for (guint i = 0; i < parts->len; i++) {
    const gchar *part = g_ptr_array_index (parts, i);
    gchar *end = NULL;
    guint64 first = g_ascii_strtoull (part, &end, 10), last = first;

    if (end != part && *end == '-')
      last = end[1] ? g_ascii_strtoull (end + 1, &end, 10) : MOST_COUNT;
    if (end == part || (*end && g_strcmp0 (end, "-") != 0) || first > last
        || last > MOST_COUNT)
      return fail (in, error, key, "\"%s\" is no number from 0 to %d, nor a "
          "range such as 7-10 or 11-", part, MOST_COUNT);
    for (guint64 n = first; n <= last; n++)
      *counts |= G_GUINT64_CONSTANT (1) << n;
  }
  return *counts != 0
      || fail (in, error, key, "no number: give 7, 7-10 or 7-10, 12");
}

static gboolean
read_tones (const Reader * in, const gchar * key, const gchar * value,
    guint * tones, GError ** error)
{
  g_autoptr (GPtrArray) parts = split (value);

  *tones = 0;
  for (guint i = 0; i < parts->len; i++) {
    ParleyTone tone;

    if (!parley_tone_from_string (g_ptr_array_index (parts, i), &tone))
      return fail (in, error, key, "no tone \"%s\": there are falling, level, "
          "held, rising and unknown",
          (const gchar *) g_ptr_array_index (parts, i));
    *tones |= 1u << tone;
  }
  return *tones != 0 || fail (in, error, key, "no tone");
}

/* The phrases of a list as an alternative. */
static void
append_list (GString * out, GPtrArray * list)
{
  g_string_append (out, "(?:");
  for (guint i = 0; i < list->len; i++) {
    g_autofree gchar *escaped =
        g_regex_escape_string (g_ptr_array_index (list, i), -1);

    g_string_append_printf (out, "%s%s", i > 0 ? "|" : "", escaped);
  }
  g_string_append_c (out, ')');
}

static GRegex *
read_pattern (const Reader * in, const gchar * key, const gchar * value,
    GError ** error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError) cause = NULL;
  GRegex *regex;

  for (const gchar * at = value; *at; at++) {
    gsize len = strspn (at + 1, "abcdefghijklmnopqrstuvwxyz-");
    g_autofree gchar *name = g_strndup (at + 1, len);
    GPtrArray *list;

    if (*at != '@' || len == 0) {
      g_string_append_c (out, *at);
      continue;
    }
    list = find_list (in, key, name, error);
    if (!list)
      return NULL;
    append_list (out, list);
    at += len;
  }
  regex = g_regex_new (out->str, G_REGEX_OPTIMIZE, 0, &cause);
  if (!regex)
    fail (in, error, key, "not a regular expression: %s", cause->message);
  return regex;
}

static gboolean
read_wait (const Reader * in, const gchar * value, guint * wait,
    GError ** error)
{
  gchar *end = NULL;
  guint64 percent = g_ascii_strtoull (value, &end, 10);

  *wait = (guint) MIN (percent, 101);
  if (end == value || *end || percent > PARLEY_ENDPOINT_MOST)
    return fail (in, error, "wait", "\"%s\" is no percentage: 0 is the least "
        "silence, 50 the middle, 100 the most", value);
  return TRUE;
}

static gboolean
read_condition (const Reader * in, Rule * rule, const gchar * key,
    const gchar * value, GError ** error)
{
  if (strcmp (key, "wait") == 0)
    return read_wait (in, value, &rule->wait, error);
  if (strcmp (key, "only") == 0)
    return (rule->only = read_phrases (in, key, value, error)) != NULL;
  if (strcmp (key, "begins") == 0)
    return (rule->begins = read_phrases (in, key, value, error)) != NULL;
  if (strcmp (key, "ends") == 0)
    return (rule->ends = read_phrases (in, key, value, error)) != NULL;
  if (strcmp (key, "has") == 0)
    return (rule->has = read_phrases (in, key, value, error)) != NULL;
  if (strcmp (key, "pattern") == 0)
    return (rule->pattern = read_pattern (in, key, value, error)) != NULL;
  if (strcmp (key, "marks") == 0)
    return (rule->marks = g_utf8_to_ucs4_fast (value, -1, NULL)) != NULL;
  if (strcmp (key, "digits") == 0)
    return read_counts (in, key, value, &rule->digits, error);
  if (strcmp (key, "words") == 0)
    return read_counts (in, key, value, &rule->words, error);
  if (strcmp (key, "tone") == 0)
    return read_tones (in, key, value, &rule->tones, error);
  return fail (in, error, key, "no such key: there are wait, only, begins, "
      "ends, has, pattern, marks, digits, words and tone");
}

static gboolean
is_name (const gchar * name)
{
  return *name && !name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static gboolean
read_rule (const Reader * in, GError ** error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (in->file, in->group, NULL, NULL);
  const gchar *title = in->group + strlen (RULE);
  g_autofree gchar *name = g_strndup (title, strcspn (title, " "));
  Rule *rule = g_new0 (Rule, 1);

  rule->wait = G_MAXUINT;
  g_ptr_array_add (in->rules->rules, rule);
  if (!is_name (name))
    return fail (in, error, NULL, "a rule's name is of the letters a to z, "
        "digits and dashes");
  rule->name = g_intern_string (name);
  for (guint i = 0; keys[i]; i++) {
    g_autofree gchar *value =
        g_key_file_get_value (in->file, in->group, keys[i], error);

    if (!value || !read_condition (in, rule, keys[i], value, error))
      return FALSE;
  }
  return rule->wait != G_MAXUINT || fail (in, error, NULL, "wait is missing: "
      "0 is the least silence, 50 the middle, 100 the most");
}

static gboolean
read_number (const Reader * in, const gchar * key, GPtrArray * words,
    GError ** error)
{
  ParleySpokenNumbers *numbers = in->rules->numbers;
  gchar *end = NULL;
  guint64 value = g_ascii_strtoull (key, &end, 10);

  for (guint i = 0; i < words->len; i++) {
    const gchar *word = g_ptr_array_index (words, i);

    if (strcmp (key, "twice") == 0)
      parley_spoken_numbers_add_repeat (numbers, word, 2);
    else if (strcmp (key, "thrice") == 0)
      parley_spoken_numbers_add_repeat (numbers, word, 3);
    else if (strcmp (key, "joiner") == 0)
      parley_spoken_numbers_add_joiner (numbers, word);
    else if (end == key || *end || value > 99)
      return fail (in, error, key, "no such key: there are 0 to 99, twice, "
          "thrice and joiner");
    else
      parley_spoken_numbers_add (numbers, word, (guint) value);
  }
  return TRUE;
}

static gboolean
read_values (const Reader * in, GError ** error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (in->file, in->group, NULL, NULL);

  for (guint i = 0; keys[i]; i++) {
    g_autofree gchar *value =
        g_key_file_get_value (in->file, in->group, keys[i], error);
    g_autoptr (GPtrArray) parts = value ? split (value) : NULL;

    if (!value)
      return FALSE;
    if (strcmp (in->group, LISTS) == 0)
      g_hash_table_replace (in->rules->lists, g_strdup (keys[i]),
          g_steal_pointer (&parts));
    else if (!read_number (in, keys[i], parts, error))
      return FALSE;
  }
  return TRUE;
}

/* A section that stands twice is read as one: it was meant to be another. */
static gboolean
check_twice (const Reader * in, const gchar * data, GError ** error)
{
  g_autofree gchar *line = g_strdup_printf ("\n[%s]", in->group);
  gsize len = strlen (line);
  const gchar *first = strncmp (data, line + 1, len - 1) == 0 ? data
      : strstr (data, line);

  return !first || !strstr (first + 1, line)
      || fail (in, error, NULL, "there twice: put something behind the name, "
      "as in [%sdate day-month]", RULE);
}

static gboolean
read_group (const Reader * in, GError ** error)
{
  if (g_str_has_prefix (in->group, RULE))
    return read_rule (in, error);
  if (strcmp (in->group, LISTS) == 0 || strcmp (in->group, NUMBERS) == 0)
    return read_values (in, error);
  return fail (in, error, NULL, "no such section: there are [%s], [%s] and "
      "[%sNAME]", NUMBERS, LISTS, RULE);
}

ParleyEndpointRules *
parley_endpoint_rules_new (const gchar * data, gsize len, const gchar * name,
    GError ** error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (ParleyEndpointRules) self = g_new0 (ParleyEndpointRules, 1);
  g_autofree gchar *terminated = g_strndup (data, len);
  g_auto (GStrv) groups = NULL;
  Reader in = {.rules = self,.file = file,.name = name };

  g_atomic_ref_count_init (&self->refs);
  self->numbers = parley_spoken_numbers_new ();
  self->lists = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      free_phrases);
  self->rules = g_ptr_array_new_with_free_func (free_rule);
  if (!g_utf8_validate (data, len, NULL)) {
    g_set_error (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING,
        "%s: not UTF-8", name);
    return NULL;
  }
  if (!g_key_file_load_from_data (file, data, len, G_KEY_FILE_NONE, error)) {
    g_prefix_error (error, "%s: ", name);
    return NULL;
  }
  groups = g_key_file_get_groups (file, NULL);
  for (guint i = 0; groups[i]; i++) {
    in.group = groups[i];
    if (!check_twice (&in, terminated, error) || !read_group (&in, error))
      return NULL;
  }
  if (self->rules->len == 0) {
    g_set_error (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND,
        "%s: no rule: give at least one [%sNAME]", name, RULE);
    return NULL;
  }
  return g_steal_pointer (&self);
}

/* Where they come from */

static GMutex lock;             /* guards the two tables */
static GHashTable *by_language; /* code to rules */
static GHashTable *by_path;     /* path to rules */

static ParleyEndpointRules *
look_up (GHashTable ** table, const gchar * key)
{
  ParleyEndpointRules *found;

  g_mutex_lock (&lock);
  if (!*table)
    *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
        (GDestroyNotify) parley_endpoint_rules_unref);
  found = g_hash_table_lookup (*table, key);
  if (found)
    parley_endpoint_rules_ref (found);
  g_mutex_unlock (&lock);
  return found;
}

static void
keep (GHashTable * table, const gchar * key, ParleyEndpointRules * rules)
{
  g_mutex_lock (&lock);
  g_hash_table_replace (table, g_strdup (key),
      parley_endpoint_rules_ref (rules));
  g_mutex_unlock (&lock);
}

ParleyEndpointRules *
parley_endpoint_rules_load (const gchar * path, GError ** error)
{
  ParleyEndpointRules *rules = look_up (&by_path, path);
  g_autofree gchar *data = NULL;
  gsize len;

  if (rules)
    return rules;
  if (!g_file_get_contents (path, &data, &len, error))
    return NULL;
  rules = parley_endpoint_rules_new (data, len, path, error);
  if (rules)
    keep (by_path, path, rules);
  return rules;
}

const gchar *const *
parley_endpoint_rules_languages (void)
{
  return languages;
}

static ParleyEndpointRules *
load_own (const gchar * language)
{
  g_autofree gchar *path = g_strconcat (RESOURCES, language, ".rules", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_resources_lookup_data (path, 0, &error);
  ParleyEndpointRules *rules = bytes ?
      parley_endpoint_rules_new (g_bytes_get_data (bytes, NULL),
      g_bytes_get_size (bytes), path, &error) : NULL;

  if (!rules)
    g_error ("%s", error->message);
  return rules;
}

ParleyEndpointRules *
parley_endpoint_rules_for_language (const gchar * language)
{
  g_autofree gchar *code = g_ascii_strdown (language, strcspn (language, "-_"));
  ParleyEndpointRules *rules;

  if (!g_strv_contains (languages, code))
    return NULL;
  rules = look_up (&by_language, code);
  if (rules)
    return rules;
  rules = load_own (code);
  keep (by_language, code, rules);
  return rules;
}

/* Deciding */

static gboolean
begins_with (const gchar * words, const gchar * phrase)
{
  gsize len = strlen (phrase);

  return strncmp (words, phrase, len) == 0 && strchr (" ", words[len]);
}

static gboolean
ends_with (const gchar * words, const gchar * phrase)
{
  gsize len = strlen (words), phrase_len = strlen (phrase);

  return phrase_len <= len && strcmp (words + len - phrase_len, phrase) == 0
      && (phrase_len == len || words[len - phrase_len - 1] == ' ');
}

static gboolean
has_phrase (const gchar * words, const gchar * phrase)
{
  for (const gchar * at = words; at; at = strchr (at, ' ')) {
    at += *at == ' ';
    if (begins_with (at, phrase))
      return TRUE;
  }
  return FALSE;
}

typedef gboolean (*PhraseFunc) (const gchar * words, const gchar * phrase);

static gboolean
any (GPtrArray * phrases, PhraseFunc matches, const gchar * words)
{
  for (guint i = 0; i < phrases->len; i++)
    if (matches (words, g_ptr_array_index (phrases, i)))
      return TRUE;
  return FALSE;
}

/* @words is nothing but @phrases. */
static gboolean
is_only (GPtrArray * phrases, const gchar * words)
{
  while (*words) {
    gsize longest = 0;

    for (guint i = 0; i < phrases->len; i++)
      if (begins_with (words, g_ptr_array_index (phrases, i)))
        longest = MAX (longest, strlen (g_ptr_array_index (phrases, i)));
    if (longest == 0)
      return FALSE;
    words += longest;
    words += *words == ' ';
  }
  return TRUE;
}

static gboolean
has_count (guint64 counts, guint n)
{
  return counts == 0 || counts >> MIN (n, MOST_COUNT) & 1;
}

static gboolean
has_mark (const gunichar * marks, gunichar mark)
{
  for (; *marks; marks++)
    if (*marks == mark)
      return TRUE;
  return FALSE;
}

static gboolean
asks_for_text (const Rule * rule)
{
  return rule->only || rule->begins || rule->ends || rule->has || rule->pattern
      || rule->marks || rule->digits || rule->words;
}

static gboolean
holds (const Rule * rule, const ParleyEndpointText * text, ParleyTone tone)
{
  if (rule->tones && !(rule->tones >> tone & 1))
    return FALSE;
  if (!*text->words)
    return !asks_for_text (rule);
  return has_count (rule->digits, text->digits)
      && has_count (rule->words, text->n_words)
      && (!rule->marks || has_mark (rule->marks, text->mark))
      && (!rule->ends || any (rule->ends, ends_with, text->words))
      && (!rule->only || is_only (rule->only, text->words))
      && (!rule->begins || any (rule->begins, begins_with, text->words))
      && (!rule->has || any (rule->has, has_phrase, text->words))
      && (!rule->pattern || g_regex_match (rule->pattern, text->words, 0,
          NULL));
}

/* Sorted. */
static const gchar *const reasons[PARLEY_ENDPOINT_REASONS] = {
  "announced", "closing", "comma", "conjunction", "date", "digits", "doubtful",
  "email", "end-of-stream", "falling", "held", "hesitation", "max-turn",
  "phone-number", "postcode", "provider", "question", "rising", "sentence",
  "short-answer", "silence", "time", "unfinished", "yes-no"
};

const gchar *const *
parley_endpoint_reasons (void)
{
  return reasons;
}

void
parley_endpoint_rules_decide (ParleyEndpointRules * self, const gchar * text,
    ParleyTone tone, ParleyEndpointVerdict * verdict)
{
  g_auto (ParleyEndpointText) said = { 0 };

  verdict->reason = "doubtful";
  verdict->wait = PARLEY_ENDPOINT_MIDDLE;
  if (!self)
    return;
  parley_endpoint_text_init (&said, text ? text : "", self->numbers);
  for (guint i = 0; i < self->rules->len; i++) {
    const Rule *rule = g_ptr_array_index (self->rules, i);

    if (holds (rule, &said, tone)) {
      verdict->reason = rule->name;
      verdict->wait = rule->wait;
      return;
    }
  }
}
