/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipelinefile.h"

#include <gio/gio.h>
#include <string.h>

#include "pipelinescan.h"

/* *INDENT-OFF* */
G_DEFINE_QUARK (parley-pipeline-file-error, parley_pipeline_file_error)
/* *INDENT-ON* */

#define FAIL(error, code, ...) \
    g_set_error (error, PARLEY_PIPELINE_FILE_ERROR, \
        PARLEY_PIPELINE_FILE_ERROR_##code, __VA_ARGS__)

/* Reading */

static gboolean
read_failed (const gchar * path, const GError * cause, GError ** error)
{
  const gchar *reason = cause->message;

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    reason = "there is no such file";
  else if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    reason = "it may not be read; check its permissions";
  else if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY))
    reason = "it is a folder; name a pipeline file";
  FAIL (error, READ, "%s: %s", path, reason);
  return FALSE;
}

/* At most one byte beyond the limit is read, whatever kind of file it is. */
static gchar *
read_bytes (const gchar * path, gsize * len, GError ** error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GFileInputStream) stream = NULL;
  g_autofree gchar *text = g_malloc (PARLEY_PIPELINE_FILE_MAX + 2);

  if (g_file_query_file_type (file, G_FILE_QUERY_INFO_NONE, NULL)
      == G_FILE_TYPE_SPECIAL) {
    FAIL (error, READ, "%s: it is not an ordinary file", path);
    return NULL;
  }
  stream = g_file_read (file, NULL, &cause);
  if (!stream || !g_input_stream_read_all (G_INPUT_STREAM (stream), text,
          PARLEY_PIPELINE_FILE_MAX + 1, len, NULL, &cause)) {
    read_failed (path, cause, error);
    return NULL;
  }
  text[*len] = '\0';
  return g_steal_pointer (&text);
}

static gchar *
read_text (const gchar * path, GError ** error)
{
  gsize len;
  g_autofree gchar *text = read_bytes (path, &len, error);
  const gchar *begin = text;

  if (!text)
    return NULL;
  if (len > PARLEY_PIPELINE_FILE_MAX) {
    FAIL (error, READ, "%s: it is over 1 MiB; that is no pipeline file", path);
    return NULL;
  }
  if (memchr (text, '\0', len) || !g_utf8_validate (text, len, NULL)) {
    FAIL (error, READ, "%s: it is not UTF-8 text; that is no pipeline file",
        path);
    return NULL;
  }
  if (g_str_has_prefix (begin, "\xef\xbb\xbf"))
    begin += 3;
  return g_strdup (begin);
}

/* Variables and comments */

typedef struct
{
  const gchar *path;
  const gchar *dir;
  const gchar *at;
  guint line;
  GString *out;
  gsize word;                   /* where the word under way begins in out */
  gchar quote;                  /* the open one, or 0 */
} Expansion;

/* The "}" that belongs to the "{" before @text; %{…} may stand inside. */
static const gchar *
find_close (const gchar * text)
{
  guint depth = 1;

  for (; *text && *text != '\n'; text++) {
    if (*text == '{')
      depth++;
    else if (*text == '}' && --depth == 0)
      return text;
  }
  return NULL;
}

static gboolean
is_variable_name (const gchar * name)
{
  if (!g_ascii_isalpha (*name) && *name != '_')
    return FALSE;
  while (g_ascii_isalnum (*name) || *name == '_')
    name++;
  return *name == '\0';
}

static gboolean
in_value (Expansion * self)
{
  return self->quote || strchr (self->out->str + self->word, '=') != NULL;
}

/* Inside a value everything is the value's; a path with blanks stays one. */
static void
append_value (Expansion * self, const gchar * value)
{
  gboolean escape = in_value (self);

  for (; *value; value++) {
    gboolean special = self->quote ? *value == self->quote || *value == '\\'
        : strchr (" \t\"'\\", *value) != NULL;

    if (escape && special)
      g_string_append_c (self->out, '\\');
    g_string_append_c (self->out, *value);
  }
}

/* Takes the ${…} from @text to its @close apart: the name, and the default or
 * NULL. */
static gboolean
parse_variable (Expansion * self, const gchar * text, const gchar * close,
    gchar ** name, gchar ** fallback, GError ** error)
{
  gchar *colon;

  *name = g_strndup (text + 2, close - text - 2);
  colon = strstr (*name, ":-");
  *fallback = colon ? g_strdup (colon + 2) : NULL;
  if (colon)
    *colon = '\0';
  if (is_variable_name (*name))
    return TRUE;
  FAIL (error, VARIABLE,
      "%s:%u: “${%s…}” is no variable; write ${NAME} or "
      "${NAME:-default}", self->path, self->line, *name);
  return FALSE;
}

static gchar *expand_fallback (Expansion * self, const gchar * text,
    GError ** error);

/* The value of the variable at @text, and where the text goes on. */
static gchar *
variable_value (Expansion * self, const gchar * text, const gchar ** end,
    GError ** error)
{
  const gchar *close = find_close (text + 2);
  g_autofree gchar *name = NULL;
  g_autofree gchar *fallback = NULL;
  const gchar *value;

  if (!close) {
    FAIL (error, VARIABLE,
        "%s:%u: a “${” is not closed by “}” on its line", self->path,
        self->line);
    return NULL;
  }
  *end = close + 1;
  if (!parse_variable (self, text, close, &name, &fallback, error))
    return NULL;
  value = strcmp (name, "DIR") == 0 ? self->dir : g_getenv (name);
  if (fallback && (!value || !*value))
    return expand_fallback (self, fallback, error);
  if (!value)
    FAIL (error, VARIABLE, "%s:%u: ${%s} is not set; set it in the "
        "environment or write ${%s:-default}", self->path, self->line, name,
        name);
  else if (strpbrk (value, "\r\n") || !g_utf8_validate (value, -1, NULL))
    FAIL (error, VARIABLE, "%s:%u: the value of ${%s} is not one line of "
        "UTF-8 text", self->path, self->line, name);
  else
    return g_strdup (value);
  return NULL;
}

/* A default may hold variables in its turn; each is shorter than what it
 * stands in. */
static gchar *
expand_fallback (Expansion * self, const gchar * text, GError ** error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const gchar *open;

  while ((open = strstr (text, "${"))) {
    g_autofree gchar *value = NULL;

    g_string_append_len (out, text, open - text);
    value = variable_value (self, open, &text, error);
    if (!value)
      return NULL;
    g_string_append (out, value);
  }
  g_string_append (out, text);
  return g_strdup (out->str);
}

/* At "${". */
static gboolean
expand_variable (Expansion * self, GError ** error)
{
  g_autofree gchar *value = variable_value (self, self->at, &self->at, error);

  if (!value)
    return FALSE;
  append_value (self, value);
  return TRUE;
}

static gboolean
at_comment (Expansion * self, const gchar * text)
{
  return *self->at == '#' && !self->quote
      && (self->at == text || g_ascii_isspace (self->at[-1]));
}

static void
take_char (Expansion * self)
{
  gchar c = *self->at++;

  if (c == '\\' && *self->at && *self->at != '\n') {
    g_string_append_c (self->out, c);
    c = *self->at++;
  } else if (self->quote) {
    if (c == self->quote)
      self->quote = 0;
  } else if ((c == '"' || c == '\'')
      && (self->out->len == self->word
          || self->out->str[self->out->len - 1] == '=')) {
    self->quote = c;
  }
  g_string_append_c (self->out, c);
  if (c == '\n')
    self->line++;
  if (!self->quote && g_ascii_isspace (c))
    self->word = self->out->len;
}

/* Line breaks stay, so that a position tells its line. */
static gchar *
expand_text (const gchar * path, const gchar * dir, const gchar * text,
    GError ** error)
{
  Expansion self = { path, dir, text, 1, g_string_new (NULL), 0, 0 };

  while (*self.at) {
    if (at_comment (&self, text)) {
      self.at += strcspn (self.at, "\n");
    } else if (g_str_has_prefix (self.at, "${")) {
      if (!expand_variable (&self, error)) {
        g_string_free (self.out, TRUE);
        return NULL;
      }
    } else {
      take_char (&self);
    }
  }
  return g_string_free (self.out, FALSE);
}

/* Loading */

guint
parley_pipeline_file_line (const ParleyPipelineFile * file, gsize offset)
{
  guint line = 1;

  for (gsize i = 0; i < offset && file->launch[i]; i++)
    line += file->launch[i] == '\n';
  return line;
}

/* The value without its quotes and backslashes. */
static gchar *
plain_value (const ParleyPipelineFile * file, const ParleyWord * word)
{
  const gchar *from = file->launch + word->value_offset;
  gsize len = word->value_length;
  GString *value = g_string_new (NULL);

  if (len >= 2 && (*from == '"' || *from == '\'')) {
    from++;
    len -= 2;
  }
  for (gsize i = 0; i < len; i++) {
    if (from[i] == '\\' && i + 1 < len)
      i++;
    g_string_append_c (value, from[i]);
  }
  return g_string_free (value, FALSE);
}

static gboolean
refuse_keys (const ParleyPipelineFile * file, GError ** error)
{
  ParleyWord word;
  gsize at = 0;

  while (parley_pipeline_scan (file->launch, &at, &word)) {
    g_autofree gchar *name = NULL;
    g_autofree gchar *value = NULL;

    if (word.kind != PARLEY_WORD_ASSIGNMENT)
      continue;
    name = g_strndup (file->launch + word.offset, word.name_length);
    value = plain_value (file, &word);
    if (!parley_pipeline_is_key (name, value))
      continue;
    FAIL (error, KEY, "%s:%u: %s= holds a key; put the key into an "
        "environment variable and write %s%s=ITS_NAME", file->path,
        parley_pipeline_file_line (file, word.offset), name, name,
        g_str_has_suffix (name, "-env") ? "" : "-env");
    return FALSE;
  }
  return TRUE;
}

/* GStreamer takes an open quote for a part of the value. */
static gboolean
refuse_empty_and_open (const ParleyPipelineFile * file, GError ** error)
{
  ParleyWord word;
  gsize at = 0;
  gboolean any = FALSE;

  for (; parley_pipeline_scan (file->launch, &at, &word); any = TRUE)
    if (word.open_quote) {
      FAIL (error, PARSE, "%s:%u: a quote is opened and not closed",
          file->path, parley_pipeline_file_line (file, word.offset));
      return FALSE;
    }
  if (!any)
    FAIL (error, PARSE, "%s: there is no pipeline in it", file->path);
  return any;
}

ParleyPipelineFile *
parley_pipeline_file_load (const gchar * path, GError ** error)
{
  g_autoptr (ParleyPipelineFile) file = g_new0 (ParleyPipelineFile, 1);
  g_autofree gchar *absolute = g_canonicalize_filename (path, NULL);
  g_autofree gchar *text = read_text (path, error);

  if (!text)
    return NULL;
  file->path = g_strdup (path);
  file->dir = g_path_get_dirname (absolute);
  file->launch = expand_text (path, file->dir, text, error);
  if (!file->launch || !refuse_keys (file, error)
      || !refuse_empty_and_open (file, error))
    return NULL;
  return g_steal_pointer (&file);
}

void
parley_pipeline_file_free (ParleyPipelineFile * file)
{
  g_free (file->path);
  g_free (file->dir);
  g_free (file->launch);
  g_free (file);
}

/* One line for a shell */

static gboolean
shell_fault (const ParleyPipelineFile * file, gsize offset,
    const gchar * what, GError ** error)
{
  FAIL (error, SHELL, "%s:%u: %s would not survive $(parley expand …) in a "
      "shell; put the text into a file, or run it with parley serve",
      file->path, parley_pipeline_file_line (file, offset), what);
  return FALSE;
}

/* A shell splits the line at blanks and gst-launch-1.0 joins it again with one
 * each, so that single blanks inside quotes live on. */
static gboolean
word_survives (const ParleyPipelineFile * file, const ParleyWord * word,
    GError ** error)
{
  const gchar *text = file->launch + word->offset;

  for (gsize i = 0; i < word->length; i++) {
    if (strchr ("*?[", text[i]))
      return shell_fault (file, word->offset + i,
          "a “*”, “?” or “[” (file name patterns)", error);
    if (text[i] == '\\')
      return shell_fault (file, word->offset + i, "a blank, quote or "
          "backslash behind a backslash", error);
    if (g_ascii_isspace (text[i]) && (text[i] != ' '
            || g_ascii_isspace (text[i + 1])) && word->value_length
        && i >= word->value_offset - word->offset)
      return shell_fault (file, word->offset + i,
          "a run of blanks, a tab or a line break in quotes", error);
  }
  return TRUE;
}

static void
append_word (GString * line, const ParleyPipelineFile * file,
    const ParleyWord * word)
{
  if (line->len)
    g_string_append_c (line, ' ');
  if (word->kind == PARLEY_WORD_ASSIGNMENT) {
    g_string_append_len (line, file->launch + word->offset, word->name_length);
    g_string_append_c (line, '=');
    g_string_append_len (line, file->launch + word->value_offset,
        word->value_length);
  } else {
    g_string_append_len (line, file->launch + word->offset, word->length);
  }
}

gchar *
parley_pipeline_file_to_line (const ParleyPipelineFile * file, GError ** error)
{
  g_autoptr (GString) line = g_string_new (NULL);
  ParleyWord word;
  gsize at = 0;

  while (parley_pipeline_scan (file->launch, &at, &word)) {
    if (!word_survives (file, &word, error))
      return NULL;
    append_word (line, file, &word);
  }
  return g_strdup (line->str);
}
