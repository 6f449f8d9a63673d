/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <string.h>
#include <unistd.h>

#include "jsontext.h"
#include "reportturns.h"
#include "verbs.h"

#define DEFAULT_SLOWEST 5
#define MAX_SLOWEST 1000
/* A longer line is no turn's; no more than this is held of it. */
#define MAX_LINE (256 * 1024)
#define PART (64 * 1024)

static const gchar description[] =
    "Reads the logs of parley serve (\"-\" is standard input) and tells where "
    "the time of\nthe answers went: percentiles of each stage, of the time "
    "until an answer was sent\nand heard, and the slowest turns. A line counts "
    "that holds a turn's JSON; others\nare passed over. The greeting is no "
    "answer.\n\n"
    "A stage's percentiles are over the turns that have it; its share is of "
    "the time\nof all turns. Nearest rank.\n\n"
    "Examples:\n"
    "  parley serve agent.pipeline 2> parley.log\n"
    "  parley report turns parley.log --slowest 10 --svg turns.svg\n"
    "  journalctl -u parley -o cat | parley report turns - --json\n";

typedef struct
{
  gint n_slowest;
  gboolean json;
  gchar *svg;
} Options;

/* Lines out of parts */

typedef struct
{
  ParleyTurnTable *table;
  const gchar *name;
  GString *line;
  gboolean too_long;            /* the rest of it is passed over */
  guint64 number;
} Lines;

static void
end_line (Lines * self)
{
  self->number++;
  if (!self->too_long)
    parley_turn_table_add_line (self->table, self->name, self->number,
        self->line->str, self->line->len);
  g_string_truncate (self->line, 0);
  self->too_long = FALSE;
}

static void
take_part (Lines * self, const gchar * part, gsize len)
{
  while (len > 0) {
    const gchar *end = memchr (part, '\n', len);
    gsize n = end ? (gsize) (end - part) : len;

    self->too_long |= self->line->len + n > MAX_LINE;
    if (!self->too_long)
      g_string_append_len (self->line, part, n);
    if (!end)
      return;
    end_line (self);
    len -= n + 1;
    part = end + 1;
  }
}

static gboolean
read_stream (ParleyTurnTable * table, const gchar * name,
    GInputStream * stream, GError ** error)
{
  g_autofree gchar *part = g_malloc (PART);
  Lines lines = { table, name, g_string_new (NULL) };
  gssize n;

  while ((n = g_input_stream_read (stream, part, PART, NULL, error)) > 0)
    take_part (&lines, part, n);
  if (lines.line->len)
    end_line (&lines);
  g_string_free (lines.line, TRUE);
  if (n < 0)
    g_prefix_error (error, "%s: ", name);
  return n == 0;
}

static gboolean
read_file (ParleyTurnTable * table, const gchar * path, GError ** error)
{
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GFile) file = NULL;

  if (strcmp (path, "-") == 0) {
    stream = g_unix_input_stream_new (STDIN_FILENO, FALSE);
    return read_stream (table, "standard input", stream, error);
  }
  file = g_file_new_for_path (path);
  stream = G_INPUT_STREAM (g_file_read (file, NULL, error));
  if (!stream) {
    g_prefix_error (error, "%s: ", path);
    return FALSE;
  }
  return read_stream (table, path, stream, error);
}

/* What comes out */

static gboolean
save_svg (ParleyTurnTable * table, const gchar * path, GError ** error)
{
  g_autoptr (GString) svg = g_string_new (NULL);

  parley_turn_table_draw (table, svg);
  return g_file_set_contents (path, svg->str, svg->len, error);
}

static void
print (ParleyTurnTable * table, gboolean json)
{
  g_autoptr (GString) text = NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autofree gchar *pretty = NULL;

  if (json) {
    node = parley_turn_table_to_json (table);
    pretty = parley_json_to_text (node, TRUE);
    g_print ("%s\n", pretty);
  } else {
    text = g_string_new (NULL);
    parley_turn_table_print (table, text);
    g_print ("%s", text->str);
  }
}

static void
tell_unreadable (ParleyTurnTable * table)
{
  const gchar *first;
  guint64 n = parley_turn_table_get_unreadable (table, &first);

  if (n)
    g_printerr ("%s: %" G_GUINT64_FORMAT " line%s passed over that cannot be "
        "read, the first: %s\n", g_get_prgname (), n, n == 1 ? "" : "s", first);
}

static gboolean
report (Options * options, char **files, GError ** error)
{
  g_autoptr (ParleyTurnTable) table =
      parley_turn_table_new (options->n_slowest);

  for (; *files; files++)
    if (!read_file (table, *files, error))
      return FALSE;
  tell_unreadable (table);
  if (!parley_turn_table_get_count (table)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
        "no turn in there; parley serve logs one line for each answer, on "
        "standard error");
    return FALSE;
  }
  if (options->svg && !save_svg (table, options->svg, error))
    return FALSE;
  print (table, options->json);
  return TRUE;
}

static int
run (Options * options, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc < 2 || strcmp (argv[1], "turns") != 0)
    return parley_usage_error ("say what to report: turns FILE…");
  if (argc < 3)
    return parley_usage_error ("name a log file, or - for standard input");
  if (options->n_slowest < 0 || options->n_slowest > MAX_SLOWEST)
    return parley_usage_error ("--slowest takes 0 to "
        G_STRINGIFY (MAX_SLOWEST));
  if (!report (options, argv + 2, &error)) {
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
    return 1;
  }
  return 0;
}

int
parley_verb_report (int argc, char **argv)
{
  Options options = {.n_slowest = DEFAULT_SLOWEST };
  GOptionEntry entries[] = {
    {"slowest", 'n', 0, G_OPTION_ARG_INT, &options.n_slowest,
        "list so many of the slowest turns (5)", "N"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &options.json,
        "print the result as JSON and nothing else", NULL},
    {"svg", 0, 0, G_OPTION_ARG_FILENAME, &options.svg,
        "also draw the medians and the slowest turns, for a browser", "FILE"},
    {NULL}
  };
  GOptionContext *context = g_option_context_new ("turns FILE…");
  int status = PARLEY_EXIT_USAGE;

  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  if (parley_verb_parse (context, &argc, &argv, G_MAXINT))
    status = run (&options, argc, argv);
  g_free (options.svg);
  return status;
}
