/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "promtext.h"

#include <gio/gio.h>
#include <string.h>

#define NAME "[a-zA-Z_:][a-zA-Z0-9_:]*"
#define LABEL "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\\n]|\\\\[\\\\\"n])*\""
#define SAMPLE "^(" NAME ")(?:\\{(" LABEL "(?:," LABEL ")*)\\})? " \
    "(-?[0-9.]+(?:e[+-]?[0-9]+)?|\\+Inf|-Inf|NaN)$"

typedef struct
{
  GHashTable *samples;
  GHashTable *described;        /* set of names */
  gchar *name;                  /* of the metric that is being read */
  gchar *type;
  GRegex *sample;
  /* Of the histogram being read: */
  gdouble bound;
  gdouble bucket;
} Parser;

static void
begin_metric (Parser * self, const gchar * help)
{
  g_auto (GStrv) words = g_strsplit (help, " ", 4);

  if (g_strv_length (words) != 4 || !*words[3])
    g_error ("no description: %s", help);
  if (!g_hash_table_add (self->described, g_strdup (words[2])))
    g_error ("described twice: %s", help);
  g_free (self->name);
  self->name = g_strdup (words[2]);
  g_clear_pointer (&self->type, g_free);
}

static void
take_type (Parser * self, const gchar * line)
{
  static const gchar *const types[] = {
    "counter", "gauge", "histogram", NULL
  };
  g_auto (GStrv) words = g_strsplit (line, " ", 0);

  if (g_strv_length (words) != 4 || self->type
      || g_strcmp0 (words[2], self->name) != 0
      || !g_strv_contains (types, words[3]))
    g_error ("a type out of place: %s", line);
  self->type = g_strdup (words[3]);
}

static gdouble
number (const gchar * text)
{
  return strcmp (text, "+Inf") == 0 ? G_MAXDOUBLE : g_ascii_strtod (text, NULL);
}

static void
check_bucket (Parser * self, const gchar * line, const gchar * labels,
    gdouble value)
{
  const gchar *le = strstr (labels, "le=\"");
  g_autofree gchar *bound = le ? g_strndup (le + 4, strcspn (le + 4, "\""))
      : NULL;

  if (!bound)
    g_error ("a bucket without le: %s", line);
  if (self->bound == G_MAXDOUBLE)
    self->bound = self->bucket = -1;
  if (number (bound) <= self->bound || value < self->bucket)
    g_error ("a bucket does not rise: %s", line);
  self->bound = number (bound);
  self->bucket = value;
}

static void
check_histogram (Parser * self, const gchar * line, const gchar * name,
    const gchar * labels, gdouble value)
{
  const gchar *ending = name + strlen (self->name);

  if (strcmp (ending, "_bucket") == 0)
    check_bucket (self, line, labels, value);
  else if (strcmp (ending, "_count") == 0
      && (self->bound != G_MAXDOUBLE || value != self->bucket))
    g_error ("the last bucket is not all: %s", line);
  else if (strcmp (ending, "_count") != 0 && strcmp (ending, "_sum") != 0)
    g_error ("no part of a histogram: %s", line);
}

static void
take_sample (Parser * self, const gchar * line)
{
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree gchar *name = NULL;
  g_autofree gchar *labels = NULL;
  g_autofree gchar *text = NULL;
  gdouble value;

  if (!g_regex_match (self->sample, line, 0, &match))
    g_error ("not a sample: “%s”", line);
  name = g_match_info_fetch (match, 1);
  labels = g_match_info_fetch (match, 2);
  text = g_match_info_fetch (match, 3);
  value = number (text);
  if (!self->type || !g_str_has_prefix (name, self->name))
    g_error ("a sample without its description: %s", line);
  if (strcmp (self->type, "histogram") == 0)
    check_histogram (self, line, name, labels, value);
  else if (strcmp (name, self->name) != 0)
    g_error ("a sample of another metric: %s", line);
  if (strcmp (self->type, "counter") == 0 && value < 0)
    g_error ("a counter below zero: %s", line);
  if (!g_hash_table_insert (self->samples,
          g_strndup (line, strlen (line) - strlen (text) - 1),
          g_memdup2 (&value, sizeof value)))
    g_error ("a sample twice: %s", line);
}

GHashTable *
prom_parse (const gchar * text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  Parser self = { NULL };

  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_true (g_str_has_suffix (text, "\n"));
  self.samples = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  self.described = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      NULL);
  self.sample = g_regex_new (SAMPLE, 0, 0, NULL);
  self.bound = G_MAXDOUBLE;
  g_assert_nonnull (self.sample);
  for (guint i = 0; lines[i + 1]; i++) {
    if (g_str_has_prefix (lines[i], "# HELP "))
      begin_metric (&self, lines[i]);
    else if (g_str_has_prefix (lines[i], "# TYPE "))
      take_type (&self, lines[i]);
    else
      take_sample (&self, lines[i]);
  }
  g_hash_table_unref (self.described);
  g_regex_unref (self.sample);
  g_free (self.name);
  g_free (self.type);
  return self.samples;
}

gdouble
prom_get (GHashTable * samples, const gchar * name)
{
  gdouble *value = g_hash_table_lookup (samples, name);

  if (!value)
    g_error ("there is no %s", name);
  return *value;
}

gboolean
prom_check_with_tool (const gchar * text)
{
  g_autofree gchar *tool = g_find_program_in_path ("promtool");
  g_autofree gchar *said = NULL;
  g_autofree gchar *complaints = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  if (!tool)
    return FALSE;
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE
      | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
      &error, tool, "check", "metrics", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, text, NULL, &said, &complaints,
      &error);
  g_assert_no_error (error);
  g_assert_cmpstr (said, ==, "");
  g_assert_cmpstr (complaints, ==, "");
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
  return TRUE;
}
