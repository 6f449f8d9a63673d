/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many turns out of logs: percentiles, the slowest, the picture. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>

#include "jsontext.h"
#include "mock/program.h"
#include "mock/turns.h"
#include "reportturns.h"

/* What the total is without the recogniser's time. */
#define BASE_MS 532.74

/* The line that parley serve would log. */
static gchar *
log_line (const gchar * call, guint turn, guint stt_ms)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (turn, stt_ms);
  g_autoptr (JsonNode) node = parley_turn_to_json (call, report, 0);
  g_autofree gchar *json = parley_json_to_text (node, FALSE);

  return g_strdup_printf ("2026-01-31 12:00:00.123 %s: turn %s", call, json);
}

static void
add (ParleyTurnTable * table, const gchar * line)
{
  parley_turn_table_add_line (table, "log", 1, line, strlen (line));
}

/* Turns with recognisers of 1 to 100 ms, in no order. */
static ParleyTurnTable *
hundred_turns (guint n_slowest)
{
  ParleyTurnTable *table = parley_turn_table_new (n_slowest);

  for (guint i = 0; i < 100; i++) {
    g_autofree gchar *line = log_line ("CA1", i + 1, i * 37 % 100 + 1);

    add (table, line);
  }
  return table;
}

static JsonObject *
stage_named (JsonObject * root, const gchar * name)
{
  JsonArray *stages = json_object_get_array_member (root, "stages");

  for (guint i = 0; i < json_array_get_length (stages); i++) {
    JsonObject *stage = json_array_get_object_element (stages, i);

    if (g_str_equal (json_object_get_string_member (stage, "name"), name))
      return stage;
  }
  g_assert_not_reached ();
}

static gdouble
number (JsonObject * object, const gchar * name)
{
  return json_object_get_double_member (object, name);
}

static void
test_percentiles (void)
{
  g_autoptr (ParleyTurnTable) table = hundred_turns (0);
  g_autoptr (JsonNode) node = parley_turn_table_to_json (table);
  JsonObject *root = json_node_get_object (node);
  JsonObject *stt = stage_named (root, "stt");
  JsonObject *sent = json_object_get_object_member (root, "sent_ms");
  JsonObject *heard = json_object_get_object_member (root, "heard_ms");

  g_assert_cmpint (json_object_get_int_member (root, "turns"), ==, 100);
  g_assert_cmpint (json_object_get_int_member (stt, "count"), ==, 100);
  g_assert_cmpfloat (number (stt, "p50"), ==, 50);
  g_assert_cmpfloat (number (stt, "p90"), ==, 90);
  g_assert_cmpfloat (number (stt, "p95"), ==, 95);
  g_assert_cmpfloat (number (stt, "p99"), ==, 99);
  g_assert_cmpfloat (number (stt, "max"), ==, 100);
  g_assert_cmpfloat_with_epsilon (number (stt, "share"),
      50.5 / (BASE_MS + 50.5), 1e-9);
  g_assert_cmpstr (json_object_get_string_member (stt, "owner"), ==,
      "provider");
  g_assert_cmpfloat_with_epsilon (number (heard, "p50"), BASE_MS + 50, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (sent, "max"), BASE_MS - 61 + 100,
      1e-9);
}

/* The shares of all stages are the whole. */
static void
test_shares (void)
{
  g_autoptr (ParleyTurnTable) table = hundred_turns (0);
  g_autoptr (JsonNode) node = parley_turn_table_to_json (table);
  JsonArray *stages = json_object_get_array_member (json_node_get_object
      (node), "stages");
  gdouble sum = 0;

  for (guint i = 0; i < json_array_get_length (stages); i++)
    sum += number (json_array_get_object_element (stages, i), "share");
  g_assert_cmpfloat_with_epsilon (sum, 1, 1e-9);
}

static void
test_slowest (void)
{
  g_autoptr (ParleyTurnTable) table = hundred_turns (3);
  GPtrArray *slowest = parley_turn_table_get_slowest (table);

  g_assert_cmpuint (slowest->len, ==, 3);
  for (guint i = 0; i < 3; i++) {
    ParleyLoggedTurn *turn = g_ptr_array_index (slowest, i);

    g_assert_cmpint (parley_turn_get_stage (turn->report, "stt"), ==,
        (100 - i) * 1000);
    g_assert_cmpstr (turn->call, ==, "CA1");
  }
}

static void
test_text (void)
{
  g_autoptr (ParleyTurnTable) table = parley_turn_table_new (1);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree gchar *one = log_line ("CA1", 1, 100);
  g_autofree gchar *two = log_line ("CA2", 7, 300);

  add (table, one);
  add (table, two);
  parley_turn_table_print (table, out);
  g_assert_true (g_str_has_prefix (out->str,
          "stage, ms          owner      count      p50      p90      p95"
          "      p99      max   share\n"
          "endpoint           setting        2    400.0    400.0    400.0"
          "    400.0    400.0  54.6 %\n"));
  g_assert_nonnull (strstr (out->str,
          "\nstt                provider       2    100.0    300.0    300.0"
          "    300.0    300.0  27.3 %\n"));
  g_assert_nonnull (strstr (out->str,
          "\nheard after                       2    632.7    832.7    832.7"
          "    832.7    832.7\n"));
  g_assert_true (g_str_has_suffix (out->str,
          "\n\nslowest turns                       turn        ms"
          "  largest stage\n"
          "CA2                                    7     832.7"
          "  endpoint 400.0 (setting)\n"));
}

/* In the order of the road, whatever came first. */
static void
test_order (void)
{
  g_autoptr (ParleyTurnTable) table = parley_turn_table_new (0);
  g_autofree gchar *line = log_line ("CA1", 1, 100);
  g_auto (GStrv) parts = g_strsplit (line, "\"stt\"", 2);
  g_autofree gchar *other = g_strjoin ("\"unknown\"", parts[0], parts[1], NULL);
  GPtrArray *columns;

  add (table, other);
  add (table, line);
  columns = parley_turn_table_get_columns (table);
  g_assert_cmpuint (columns->len, ==, 10);
  g_assert_cmpstr (((ParleyTurnColumn *) columns->pdata[0])->name, ==,
      "endpoint");
  g_assert_cmpstr (((ParleyTurnColumn *) columns->pdata[2])->name, ==, "stt");
  g_assert_cmpstr (((ParleyTurnColumn *) columns->pdata[8])->name, ==,
      "playout");
  g_assert_cmpstr (((ParleyTurnColumn *) columns->pdata[9])->name, ==,
      "unknown");
}

static void
test_other_lines (void)
{
  g_autoptr (ParleyTurnTable) table = parley_turn_table_new (5);
  g_autofree gchar *good = log_line ("CA1", 1, 100);
  g_autofree gchar *greeting = log_line ("CA1", 0, 100);
  g_autofree gchar *cut = g_strndup (good, strlen (good) - 40);
  const gchar *first;

  add (table, "");
  add (table, "{}");
  add (table, "2026-01-31 12:00:00.123 CA1: caller: turn {left}");
  add (table, greeting);
  g_assert_cmpuint (parley_turn_table_get_unreadable (table, &first), ==, 0);
  g_assert_cmpuint (parley_turn_table_get_count (table), ==, 0);
  parley_turn_table_add_line (table, "my.log", 42, cut, strlen (cut));
  add (table, cut);
  add (table, good);
  g_assert_cmpuint (parley_turn_table_get_unreadable (table, &first), ==, 2);
  g_assert_true (g_str_has_prefix (first, "my.log:42: "));
  g_assert_cmpuint (parley_turn_table_get_count (table), ==, 1);
}

/* The picture */

typedef struct
{
  guint n_rects;
  guint n_titles;
  GString *text;
} Seen;

static void
on_start (GMarkupParseContext * context, const gchar * element,
    const gchar ** names, const gchar ** values, gpointer data, GError ** error)
{
  Seen *seen = data;

  seen->n_rects += g_str_equal (element, "rect");
  seen->n_titles += g_str_equal (element, "title");
}

static void
on_text (GMarkupParseContext * context, const gchar * text, gsize len,
    gpointer data, GError ** error)
{
  Seen *seen = data;

  g_string_append_len (seen->text, text, len);
}

static void
test_picture (void)
{
  g_autoptr (ParleyTurnTable) table = parley_turn_table_new (5);
  g_autoptr (GString) svg = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = log_line ("<b>&\"'", 1, 100);
  GMarkupParser parser = { on_start, NULL, on_text };
  Seen seen = { 0, 0, g_string_new (NULL) };
  GMarkupParseContext *context;

  add (table, line);
  parley_turn_table_draw (table, svg);
  g_assert_true (g_str_has_prefix (svg->str, "<?xml version=\"1.0\""));
  context = g_markup_parse_context_new (&parser, 0, &seen, NULL);
  g_assert_true (g_markup_parse_context_parse (context, svg->str, svg->len,
          &error));
  g_assert_true (g_markup_parse_context_end_parse (context, &error));
  g_assert_no_error (error);
  /* The page, four owners, nine medians, eight stages over zero. */
  g_assert_cmpuint (seen.n_rects, ==, 1 + 4 + 9 + 8);
  g_assert_cmpuint (seen.n_titles, ==, 1 + 9 + 8);
  g_assert_nonnull (strstr (seen.text->str, "Where the time of 1 answers"));
  g_assert_nonnull (strstr (seen.text->str, "1 of <b>&\"'"));
  g_assert_nonnull (strstr (seen.text->str, "stt: 100.0 ms (provider)"));
  g_markup_parse_context_free (context);
  g_string_free (seen.text, TRUE);
}

/* Rows of text lie below each other, and bars end before the times begin. */
static void
test_picture_is_tidy (void)
{
  g_autoptr (ParleyTurnTable) table = hundred_turns (20);
  g_autoptr (GString) svg = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;
  gdouble last = 0;

  parley_turn_table_draw (table, svg);
  lines = g_strsplit (svg->str, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    gdouble x, y, width;

    if (sscanf (lines[i], "<rect x=\"%lf\" y=\"%lf\" width=\"%lf\"", &x, &y,
            &width) == 3 && y > 60) {
      g_assert_cmpfloat (x, >=, 280);
      g_assert_cmpfloat (x + width, <=, 861);
    }
    if (strstr (lines[i], "x=\"272.00\" y=")
        && sscanf (lines[i], "<text x=\"%lf\" y=\"%lf\"", &x, &y) == 2) {
      g_assert_cmpfloat (y - last, >=, 14);
      last = y;
    }
  }
  g_assert_cmpfloat (last, >, 9 * 22 + 20 * 22);
}

/* The verb */

static gchar *folder;

#define ARGS(...) ((const gchar * const[]) { __VA_ARGS__, NULL })

static gchar *
write_log (const gchar * name, const gchar * text)
{
  gchar *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static void
test_verb (void)
{
  g_autofree gchar *line = log_line ("CA1", 1, 100);
  g_autofree gchar *other = log_line ("CA2", 2, 200);
  /* A line without an end, and one that is far too long. */
  g_autofree gchar *filler = g_strnfill (1000000, 'x');
  g_autofree gchar *text = g_strdup_printf ("first\n%s\n%s{\"call\":\n%s",
      line, filler, other);
  g_autofree gchar *log = write_log ("a.log", text);
  g_autofree gchar *svg = g_build_filename (folder, "a.svg", NULL);
  g_autofree gchar *out = NULL;
  g_autofree gchar *err = NULL;
  g_autofree gchar *picture = NULL;
  g_autoptr (JsonNode) root = NULL;

  g_assert_cmpint (program_run (ARGS ("report", "turns", log, log, "--json",
              "--slowest", "1", "--svg", svg), &out, &err), ==, 0);
  g_assert_cmpstr (err, ==, "");
  root = json_from_string (out, NULL);
  g_assert_nonnull (root);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (root),
          "turns"), ==, 4);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member
          (json_node_get_object (root), "slowest")), ==, 1);
  g_assert_true (g_file_get_contents (svg, &picture, NULL, NULL));
  g_assert_nonnull (strstr (picture, "</svg>"));
  g_unlink (svg);
  g_unlink (log);
}

static void
test_verb_fails (void)
{
  g_autofree gchar *empty = write_log ("empty.log", "");
  const gchar *const *wrong[] = {
    ARGS ("report"), ARGS ("report", "turns"), ARGS ("report", "calls", "x"),
    ARGS ("report", "turns", "x", "--slowest=-1")
  };
  g_autofree gchar *out = NULL;
  g_autofree gchar *err = NULL;
  guint i;

  g_assert_cmpint (program_run (ARGS ("report", "turns", empty), &out, &err),
      ==, 1);
  g_assert_cmpstr (out, ==, "");
  g_assert_cmpstr (err, ==, "parley report: no turn in there; parley serve "
      "logs one line for each answer, on standard error\n");
  for (i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree gchar *none = NULL;
    g_autofree gchar *line = NULL;

    g_assert_cmpint (program_run (wrong[i], &none, &line), ==, 2);
    g_assert_cmpstr (none, ==, "");
    g_assert_true (strchr (line, '\n') == line + strlen (line) - 1);
  }
  g_unlink (empty);
}

static void
test_verb_names_the_file (void)
{
  g_autofree gchar *line = log_line ("CA1", 1, 100);
  g_autofree gchar *text = g_strdup_printf ("%s\n{\"call\":7}\n", line);
  g_autofree gchar *log = write_log ("half.log", text);
  g_autofree gchar *says = g_strdup_printf ("%s:2: ", log);
  g_autofree gchar *out = NULL;
  g_autofree gchar *err = NULL;
  g_autofree gchar *missing = NULL;

  g_assert_cmpint (program_run (ARGS ("report", "turns", log), &out, &err),
      ==, 0);
  g_assert_nonnull (strstr (err, says));
  g_assert_true (strchr (err, '\n') == err + strlen (err) - 1);
  g_unlink (log);
  g_free (g_steal_pointer (&out));
  g_assert_cmpint (program_run (ARGS ("report", "turns", log), &out,
          &missing), ==, 1);
  g_assert_nonnull (strstr (missing, log));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  folder = g_dir_make_tmp ("parley-report-XXXXXX", NULL);
#define ADD(name, func) g_test_add_func ("/report/" name, func)
  ADD ("percentiles", test_percentiles);
  ADD ("shares", test_shares);
  ADD ("slowest", test_slowest);
  ADD ("text", test_text);
  ADD ("order", test_order);
  ADD ("other-lines", test_other_lines);
  ADD ("picture/xml", test_picture);
  ADD ("picture/tidy", test_picture_is_tidy);
  ADD ("verb/all", test_verb);
  ADD ("verb/fails", test_verb_fails);
  ADD ("verb/names-the-file", test_verb_names_the_file);
#undef ADD
  status = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return status;
}
