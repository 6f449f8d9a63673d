/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/stt/sphinxmodel.h"

#include "providers/llm/script.h"
#include "providers/provider.h"
#include "providers/stt/sphinxdecoder.h"
#include "providers/stt/sphinxlog.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <sphinxbase/jsgf.h>

/* Models nobody uses are kept up to this many, so that the next call with the
 * same settings is warm. */
#define MAX_CACHED 8
#define MODEL_PACKAGE "pocketsphinx-en-us"
/* Words named in an error. */
#define MAX_NAMED 10

static GMutex cache_lock;
static GHashTable *cache;       /* settings and file times to model */

#define settings_error(error, ...) \
  g_set_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS, \
      __VA_ARGS__)

/* Finding the files */

static gboolean
file_in (const gchar * directory, const gchar * name, GFileTest test)
{
  gchar *path = g_build_filename (directory, name, NULL);
  gboolean found = g_file_test (path, test);

  g_free (path);
  return found;
}

/* The installed model, wherever the system keeps shared data. */
static gchar *
find_installed (void)
{
  const gchar *const *dirs = g_get_system_data_dirs ();

  for (guint i = 0; dirs[i]; i++) {
    gchar *path = g_build_filename (dirs[i], "pocketsphinx", "model", "en-us",
        NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR))
      return path;
    g_free (path);
  }
  return g_strdup ("/usr/share/pocketsphinx/model/en-us");
}

typedef gboolean (*NameTest) (const gchar * directory, const gchar * name);

/* The first of the names in @directory, in order of the alphabet, that @test
 * takes. */
static gchar *
find_name (const gchar * directory, NameTest test)
{
  GDir *dir = g_dir_open (directory, 0, NULL);
  const gchar *name;
  gchar *best = NULL, *path;

  while (dir && (name = g_dir_read_name (dir))) {
    if (test (directory, name) && (!best || strcmp (name, best) < 0)) {
      g_free (best);
      best = g_strdup (name);
    }
  }
  g_clear_pointer (&dir, g_dir_close);
  path = best ? g_build_filename (directory, best, NULL) : NULL;
  g_free (best);
  return path;
}

static gboolean
is_acoustic (const gchar * directory, const gchar * name)
{
  gchar *path = g_build_filename (directory, name, NULL);
  gboolean found = file_in (path, "mdef", G_FILE_TEST_IS_REGULAR);

  g_free (path);
  return found;
}

static gboolean
is_dictionary (const gchar * directory, const gchar * name)
{
  return g_str_has_suffix (name, ".dict") || g_str_has_suffix (name, ".dic");
}

static gboolean
is_phone_model (const gchar * directory, const gchar * name)
{
  return strstr (name, "phone") && g_str_has_suffix (name, ".lm.bin");
}

static gboolean
is_language_model (const gchar * directory, const gchar * name)
{
  return !strstr (name, "phone") && (g_str_has_suffix (name, ".lm.bin")
      || g_str_has_suffix (name, ".lm"));
}

static gboolean
find_files (ParleySphinxModel * self, const gchar * directory,
    gboolean need_language_model, GError ** error)
{
  const gchar *missing = NULL;

  self->acoustic = file_in (directory, "mdef", G_FILE_TEST_IS_REGULAR)
      ? g_strdup (directory) : find_name (directory, is_acoustic);
  self->dictionary = find_name (directory, is_dictionary);
  self->language_model = find_name (directory, is_language_model);
  self->phone_model = find_name (directory, is_phone_model);
  if (!self->phone_model)
    self->phone_model = g_strdup ("");

  if (!self->acoustic)
    missing = "acoustic model (a folder with a file “mdef”)";
  else if (!self->dictionary)
    missing = "dictionary (*.dict)";
  else if (need_language_model && !self->language_model)
    missing = "language model (*.lm.bin)";
  if (!missing)
    return TRUE;
  settings_error (error, "no %s in %s; install the package "
      MODEL_PACKAGE " or set model= to the folder of a pocketsphinx model",
      missing, directory);
  return FALSE;
}

/* The grammar */

static gchar *
read_grammar (const gchar * path, GError ** error)
{
  GError *cause = NULL;
  gchar *text = NULL;

  if (g_str_has_suffix (path, ".json")) {
    ParleyScript *script = parley_script_load (path, error);

    if (!script)
      return NULL;
    text = parley_script_to_jsgf (script);
    parley_script_unref (script);
    return text;
  }
  if (g_file_get_contents (path, &text, NULL, &cause))
    return text;
  settings_error (error, "cannot read the grammar: %s; set grammar= to a JSGF "
      "file or a conversation script", cause->message);
  g_clear_error (&cause);
  return NULL;
}

/* The words of a grammar, each with a pointer that tells whether the
 * dictionary has it. */
static GHashTable *
words_of_fsg (fsg_model_t * fsg)
{
  GHashTable *words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      NULL);

  for (gint i = 0; i < fsg_model_n_word (fsg); i++)
    g_hash_table_insert (words,
        g_ascii_strdown (fsg_model_word_str (fsg, i), -1), NULL);
  return words;
}

/* The parser names a line that it never counts: "syntax error at line
 * 18446744072614756032 current token ';'". */
static gchar *
without_line (gchar * reason)
{
  gchar *token = reason ? strstr (reason, " current token") : NULL;
  gchar *line = token ? strstr (reason, " at line ") : NULL;

  if (line && line < token)
    memmove (line, token, strlen (token) + 1);
  return reason;
}

static GHashTable *
parse_grammar (const gchar * path, const gchar * text, GError ** error)
{
  logmath_t *logmath = logmath_init (1.0001, 0, 0);
  GHashTable *words = NULL;
  jsgf_rule_t *rule = NULL;
  fsg_model_t *fsg = NULL;
  jsgf_t *jsgf;
  gchar *reason;

  parley_sphinx_log_begin ();
  jsgf = jsgf_parse_string (text, NULL);
  if (jsgf)
    rule = jsgf_get_public_rule (jsgf);
  if (rule)
    fsg = jsgf_build_fsg (jsgf, rule, logmath, 1.0);
  reason = without_line (parley_sphinx_log_end ());
  if (fsg)
    words = words_of_fsg (fsg);
  else
    settings_error (error, "the grammar %s is not JSGF that can be used: %s",
        path, jsgf && !rule ? "it has no public rule; write “public <name> = "
        "…;”" : reason ? reason : "it does not parse");
  g_free (reason);
  if (fsg)
    fsg_model_free (fsg);
  if (jsgf)
    jsgf_grammar_free (jsgf);
  logmath_free (logmath);
  return words;
}

/* The dictionary */

/* Copies the line of @dictionary that begins at @line when @words has its word,
 * "word" or, for another pronunciation, "word(2)". */
static void
take_line (const gchar * line, gsize length, GHashTable * words,
    GString * dictionary)
{
  gchar word[64];
  gpointer key;
  gsize n = 0;

  while (n < length && n < sizeof word - 1 && line[n] != ' '
      && line[n] != '\t' && !(n > 0 && line[n] == '(')) {
    word[n] = g_ascii_tolower (line[n]);
    n++;
  }
  word[n] = 0;
  if (!g_hash_table_lookup_extended (words, word, &key, NULL))
    return;
  g_hash_table_replace (words, g_strdup (word), GINT_TO_POINTER (TRUE));
  g_string_append_len (dictionary, line, length);
  g_string_append_c (dictionary, '\n');
}

static GString *
extract_words (const gchar * path, GHashTable * words, GError ** error)
{
  GMappedFile *file = g_mapped_file_new (path, FALSE, NULL);
  GString *dictionary;
  const gchar *line, *end;

  if (!file) {
    settings_error (error, "cannot read the dictionary %s; install the package "
        MODEL_PACKAGE, path);
    return NULL;
  }
  dictionary = g_string_new (NULL);
  line = g_mapped_file_get_contents (file);
  end = line + g_mapped_file_get_length (file);
  while (line < end) {
    const gchar *stop = memchr (line, '\n', end - line);
    gsize length = (stop ? stop : end) - line;

    take_line (line, length, words, dictionary);
    line += length + 1;
  }
  g_mapped_file_unref (file);
  return dictionary;
}

static gboolean
check_words (ParleySphinxModel * self, const gchar * grammar,
    GHashTable * words, GError ** error)
{
  GList *names = g_list_sort (g_hash_table_get_keys (words),
      (GCompareFunc) strcmp);
  GString *unknown = g_string_new (NULL);
  guint n = 0;

  for (GList * i = names; i; i = i->next)
    if (!g_hash_table_lookup (words, i->data) && ++n <= MAX_NAMED)
      g_string_append_printf (unknown, "%s“%s”", n > 1 ? ", " : "",
          (gchar *) i->data);
  if (n > MAX_NAMED)
    g_string_append_printf (unknown, " and %u more", n - MAX_NAMED);
  if (n > 0)
    settings_error (error, "the dictionary %s does not know %s of the grammar "
        "%s; write it in other words, as it is spoken and with numbers "
        "spelled out, or add it to a dictionary of your own (model=)",
        self->dictionary, unknown->str, grammar);
  g_string_free (unknown, TRUE);
  g_list_free (names);
  return n == 0;
}

/* The words of the grammar become a dictionary of their own, in memory: a
 * decoder with all 134,000 words takes 28 MB and 150 ms to make, one with the
 * grammar's words 5 MB and 15 ms, measured. */
static gboolean
put_dictionary (ParleySphinxModel * self, const GString * text, GError ** error)
{
  gsize written = 0;
  gssize n;

  self->dictionary_fd = memfd_create ("parley-dictionary", MFD_CLOEXEC);
  while (self->dictionary_fd >= 0 && written < text->len) {
    n = write (self->dictionary_fd, text->str + written, text->len - written);
    if (n <= 0)
      break;
    written += n;
  }
  if (self->dictionary_fd < 0 || written < text->len) {
    g_set_error_literal (error, PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_ENGINE,
        "cannot make a file in memory for the dictionary");
    return FALSE;
  }
  g_free (self->dictionary);
  self->dictionary = g_strdup_printf ("/proc/self/fd/%d", self->dictionary_fd);
  return TRUE;
}

static gboolean
load_grammar (ParleySphinxModel * self, const gchar * path, GError ** error)
{
  GHashTable *words = NULL;
  GString *dictionary = NULL;
  gboolean done = FALSE;

  self->jsgf = read_grammar (path, error);
  if (self->jsgf)
    words = parse_grammar (path, self->jsgf, error);
  if (words)
    dictionary = extract_words (self->dictionary, words, error);
  if (dictionary)
    done = check_words (self, path, words, error)
        && put_dictionary (self, dictionary, error);
  if (dictionary)
    g_string_free (dictionary, TRUE);
  g_clear_pointer (&words, g_hash_table_unref);
  return done;
}

/* The cache */

static ParleySphinxModel *
model_new (const gchar * directory, const gchar * grammar, GError ** error)
{
  ParleySphinxModel *self = g_new0 (ParleySphinxModel, 1);

  self->refs = 1;
  self->dictionary_fd = -1;
  g_mutex_init (&self->lock);
  g_queue_init (&self->idle);
  if (find_files (self, directory, !grammar, error)
      && (!grammar || load_grammar (self, grammar, error)))
    return self;
  parley_sphinx_model_unref (self);
  return NULL;
}

/* Names the settings and the state of the grammar file. */
static gchar *
cache_key (const gchar * directory, const gchar * grammar)
{
  GStatBuf info = { 0 };

  if (grammar)
    g_stat (grammar, &info);
  return g_strdup_printf ("%s\n%s\n%" G_GUINT64_FORMAT "\n%" G_GINT64_FORMAT
      ".%09ld\n%" G_GINT64_FORMAT, directory, grammar ? grammar : "",
      (guint64) info.st_ino, (gint64) info.st_mtim.tv_sec,
      (glong) info.st_mtim.tv_nsec, (gint64) info.st_size);
}

static gboolean
is_unused (gpointer key, gpointer value, gpointer user_data)
{
  return g_atomic_int_get (&((ParleySphinxModel *) value)->refs) == 1;
}

static ParleySphinxModel *
cache_put_unlocked (gchar * key, ParleySphinxModel * model)
{
  ParleySphinxModel *first = g_hash_table_lookup (cache, key);

  /* Two loops may have loaded it at once: both go on with the same one. */
  if (first) {
    g_free (key);
    parley_sphinx_model_unref (model);
    return parley_sphinx_model_ref (first);
  }
  if (g_hash_table_size (cache) >= MAX_CACHED)
    g_hash_table_foreach_remove (cache, is_unused, NULL);
  g_hash_table_insert (cache, key, parley_sphinx_model_ref (model));
  return model;
}

ParleySphinxModel *
parley_sphinx_model_load (const gchar * directory, const gchar * grammar,
    GError ** error)
{
  gchar *place = directory && *directory ? g_strdup (directory)
      : find_installed ();
  ParleySphinxModel *model;
  gchar *key;

  if (grammar && !*grammar)
    grammar = NULL;
  key = cache_key (place, grammar);
  g_mutex_lock (&cache_lock);
  if (!cache)
    cache = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
        (GDestroyNotify) parley_sphinx_model_unref);
  model = g_hash_table_lookup (cache, key);
  if (model)
    parley_sphinx_model_ref (model);
  g_mutex_unlock (&cache_lock);

  if (!model && (model = model_new (place, grammar, error))) {
    g_mutex_lock (&cache_lock);
    model = cache_put_unlocked (g_steal_pointer (&key), model);
    g_mutex_unlock (&cache_lock);
  }
  g_free (key);
  g_free (place);
  return model;
}

ParleySphinxModel *
parley_sphinx_model_ref (ParleySphinxModel * self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
parley_sphinx_model_unref (ParleySphinxModel * self)
{
  if (!g_atomic_int_dec_and_test (&self->refs))
    return;
  g_queue_clear_full (&self->idle, (GDestroyNotify) parley_sphinx_decoder_free);
  g_mutex_clear (&self->lock);
  if (self->dictionary_fd >= 0)
    close (self->dictionary_fd);
  g_free (self->acoustic);
  g_free (self->dictionary);
  g_free (self->jsgf);
  g_free (self->language_model);
  g_free (self->phone_model);
  g_free (self->broken);
  g_free (self);
}
