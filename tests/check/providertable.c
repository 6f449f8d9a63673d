/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every provider of a service in every situation: what the caller hears, how
 * long he waits, what the log says of it, and that no key is anywhere. Each
 * cell is a whole call. One program is one column, which its argument names.
 *
 * All cells run first, some at a time; the cases then look at them. With -p
 * only what is asked for is run. */

#include <gst/gst.h>
#include <stdio.h>
#include <string.h>

#include "mock/coreplugins.h"
#include "tablecell.h"

#define AT_ONCE 12
/* They do not all begin at the same moment. */
#define APART_US (150 * G_TIME_SPAN_MILLISECOND)
#define STALL_MS 150
#define TRIES 3

static const TableProvider providers[] = {
  {"azure", TABLE_STT, "azure", "", "", "azure", TRUE},
  {"deepgram", TABLE_STT, "deepgram", "", "", "deepgram", TRUE},
  {"flux", TABLE_STT, "deepgram", "model=flux-general-en", "", "deepgram-flux",
      TRUE},
  {"openai-stt", TABLE_STT, "openai", "", "/v1", "openai-stt", FALSE},
  {"openai-llm", TABLE_LLM, "openai", "", "/v1", "openai-chat", FALSE},
  {"11labs-ws", TABLE_TTS, "elevenlabs", "transport=websocket", "",
      "elevenlabs-multi", TRUE},
  {"11labs-http", TABLE_TTS, "elevenlabs", "transport=http", "", "elevenlabs",
      FALSE, TRUE},
  {"openai-tts", TABLE_TTS, "openai", "", "/v1", "openai-tts", FALSE, TRUE},
};

/* What is heard: of a turn that went well, of one that fails, and of the one
 * behind it. */
#define WELL "ab"
#define SORRY "[s~]"
#define GOOD {"G\\|" WELL "\\|cd", "G\\|" WELL "\\|cd", "G\\|" WELL "\\|cd"}
/* A second sentence that is tried again may come when the caller goes on. */
#define LATER {"G\\|" WELL "\\|cd", "G\\|" WELL "\\|cd", \
    "G\\|a(b\\||\\|b)cd"}
#define BAD {"G\\|" SORRY "\\|cd", "G\\|" SORRY "\\|cd", "G\\|" SORRY "\\|cd"}
/* The caller went on, or hung up and called again. */
#define GONE {"G\\|/G\\|cd", "G\\|\\|cd", "G\\|\\|cd"}
#define AT_ONCE_MS {2000, 2000, 2000}
#define FIRST_BYTE_MS 2500
#define GIVEN_UP_MS {6500, 6500, 8000}

#define LASTING(label, rule, words) \
  {.name = label, .turns = 2, .fault = rule, .first_byte_ms = FIRST_BYTE_MS, \
    .patience_ms = 8000, .heard = BAD, .limit_ms = GIVEN_UP_MS, \
    .tells = {words, words, words}}
#define PASSING(label, rule) \
  {.name = label, .turns = 2, .fault = rule ",'count':1", .heard = LATER, \
    .limit_ms = {5000, 5000, 5000}}
#define CANCELLED(label, rule, where) \
  {.name = label, .turns = 2, .fault = rule, .point = where, .heard = GONE, \
    .limit_ms = {2000, 5000, 5000}}

#define LONG "long text"
#define CANCEL_AFTER "cancel after"

/* Their texts are made when the program begins. */
static TableCase rows[] = {
  {.name = "normal",.turns = 3,
        .heard = {"G\\|ab\\|cd\\|ef", "G\\|ab\\|cd\\|ef", "G\\|ab\\|cd\\|ef"},
      .limit_ms = AT_ONCE_MS},
  {.name = "begun early",.turns = 2,.eager = TRUE,.heard = GOOD,
      .limit_ms = AT_ONCE_MS},
  {.name = "two back to back",.turns = 2,.back_to_back = TRUE,.heard = GOOD,
      .limit_ms = AT_ONCE_MS},
  {.name = "empty text",.turns = 2,.text = {"", "", "Nothing. Alpha two."},
      .patience_ms = 2500,
      .heard = {"G\\|\\|cd", "G\\|" SORRY "\\|cd", "G\\|(~?b|s)\\|cd"},
      .limit_ms = AT_ONCE_MS,.tells = {NULL, "empty", NULL},.may_tell = TRUE},
  {.name = LONG,.turns = 2,
        .heard = {"G\\|ab\\|cd", "G\\|ay\\|cd", "G\\|ax*y?\\|cd"},
      .limit_ms = AT_ONCE_MS},
  CANCELLED ("cancel before connect", NULL, TABLE_WAITING),
  CANCELLED ("cancel connecting", NULL, TABLE_CONNECTING),
  CANCELLED ("cancel sent", "'fault':'hang'", TABLE_SENT),
  {.name = "cancel in the middle",.turns = 2,.fault = "'fault':'hang-middle'",
        .point = TABLE_MIDDLE,
        .heard = {"G\\|/G\\|cd", "G\\|\\|cd", "G\\|a?b?\\|a?b?cd"},
      .limit_ms = {2000, 5000, 5000},.may_tell = TRUE},
  {.name = CANCEL_AFTER,.turns = 2,.point = TABLE_HEARD,
        .heard = {"G\\|a?/G\\|cd", "G\\|a?\\|a?cd", "G\\|a?\\|a?cd"},
      .limit_ms = AT_ONCE_MS},
  {.name = "flush while it hangs",.turns = 2,.fault = "'fault':'hang'",
        .point = TABLE_SENT,.action = TABLE_FLUSH,
        .heard = {"G\\|\\|cd", "G\\|\\|cd", "G\\|b?\\|b?cd"},
      .limit_ms = {5000, 5000, 5000}},
  {.name = "reconnect after drop",.turns = 2,.restart = TRUE,.heard = GOOD,
      .limit_ms = {5000, 5000, 5000}},
  {.name = "late answer",.turns = 2,.late_ms = 2500,.point = TABLE_SENT,
        .patience_ms = 3000,
        .heard = {"G\\|" SORRY "\\|cd", "G\\|\\|cd", "G\\|\\|cd"},
        .limit_ms = {5000, 5000, 5000},.tells = {"too long", NULL, NULL},
      .may_tell = TRUE},
  LASTING ("refuse", "'fault':'refuse'", ""),
  LASTING ("401", "'fault':'401'", "401"),
  LASTING ("429", "'fault':'429'", "429"),
  LASTING ("429 Retry-After", "'fault':'429','retry_after':1", "429"),
  LASTING ("500", "'fault':'500'", "500"),
  LASTING ("hang before", "'fault':'hang'", ""),
  /* Given up before the caller takes the pause for the end. */
  {.name = "hang in the middle",.turns = 2,.fault = "'fault':'hang-middle'",
      .first_byte_ms = 300,.patience_ms = 8000,.heard = {"G\\|(" WELL "|"
              SORRY ")\\|cd", "G\\|" SORRY "\\|cd", "G\\|a?" SORRY
              "\\|cd"},.limit_ms = GIVEN_UP_MS,.tells = {"", "", ""}},
  LASTING ("drop", "'fault':'drop'", ""),
  {.name = "garbage",.turns = 2,.fault = "'fault':'garbage'",
        .first_byte_ms = FIRST_BYTE_MS,.patience_ms = 8000,.heard = {"G\\|"
              SORRY "\\|cd", "G\\|" SORRY "\\|cd", "G\\|" SORRY "\\|cd"},
      .limit_ms = GIVEN_UP_MS,.tells = {"", "", ""}},
  PASSING ("refuse once", "'fault':'refuse'"),
  PASSING ("429 once, Retry-After", "'fault':'429','retry_after':1"),
  PASSING ("500 once", "'fault':'500'"),
  {.name = "slow drip",.turns = 2,.fault = "'fault':'drip','bytes':700",
      .heard = GOOD,.limit_ms = {5000, 5000, 5000}},
  {.name = "frames cut anywhere",.turns = 2,.fault = "'fault':'cut'",
      .heard = GOOD,.limit_ms = {5000, 5000, 5000}},
  {.name = "key wrong",.turns = 2,.wrong_key = TRUE,
        .first_byte_ms = FIRST_BYTE_MS,.patience_ms = 4000,
        .heard = {"G\\|" SORRY "\\|" SORRY, "G\\|" SORRY "\\|" SORRY,
            SORRY "\\|" SORRY "\\|" SORRY},.limit_ms = GIVEN_UP_MS,
      .tells = {"401", "401", "401"}},
  {.name = "key missing",.turns = 2,.no_key = TRUE,.heard = {"", "", ""},
      .tells = {"no key", "no key", "no key"}},
};

static TableCell *cells[G_N_ELEMENTS (rows)];

static gchar *
repeat (const gchar * begin, const gchar * middle, guint n, const gchar * end)
{
  GString *text = g_string_new (begin);

  for (guint i = 0; i < n; i++)
    g_string_append (text, middle);
  g_string_append (text, end);
  return g_string_free (text, FALSE);
}

static gchar *long_texts[TABLE_N_KINDS];

/* To hear, to think of, to say in one breath. */
static void
make_long_texts (void)
{
  long_texts[TABLE_STT] = repeat ("", "once upon a time ", 150, "first");
  long_texts[TABLE_LLM] = repeat ("", "Alpha one is here. ", 20,
      "The yankee is the end.");
  long_texts[TABLE_TTS] = repeat ("Alpha one", " and on", 700, " to yankee.");
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
    for (guint i = 0; i < TABLE_N_KINDS && g_str_equal (rows[r].name, LONG);
        i++)
      rows[r].text[i] = long_texts[i];
    if (g_str_equal (rows[r].name, CANCEL_AFTER))
      rows[r].text[TABLE_LLM] = rows[r].text[TABLE_TTS] = long_texts[TABLE_LLM];
  }
}

static void
run_cell (gpointer cell, gpointer data)
{
  table_cell_run (cell);
}

/* What a machine that stood still did to a cell is no fault of the cell. */
static void
run_again (void)
{
  for (guint n = 0; n < TRIES; n++)
    for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
      if (cells[r]->problems->len && cells[r]->stalled_ms > STALL_MS)
        table_cell_run (cells[r]);
}

static void
run_all (void)
{
  GThreadPool *pool = g_thread_pool_new (run_cell, NULL, AT_ONCE, TRUE, NULL);

  for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
    g_thread_pool_push (pool, cells[r], NULL);
    g_usleep (APART_US);
  }
  g_thread_pool_free (pool, FALSE, TRUE);
  run_again ();
}

static void
test_cell (gconstpointer data)
{
  TableCell *cell = (TableCell *) data;
  g_auto (GStrv) lines = NULL;

  if (!cell->done)
    table_cell_run (cell);
  if (table_cell_has_leaked (cell))
    g_string_append (cell->problems, "; the key was logged");
  g_test_message ("heard %s, waited %d ms, stood still %u ms", cell->heard,
      cell->waited_ms, cell->stalled_ms);
  if (!cell->problems->len)
    return;
  g_test_message ("%s", cell->problems->str);
  lines = g_strsplit (cell->log->str, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    g_test_message ("%s", lines[i]);
  g_test_fail ();
}

/* As tests/tally.py reads it. */
static void
print_column (const TableProvider * provider)
{
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
    g_print ("# cell | %s | %s | %s | %d\n", rows[r].name, provider->title,
        cells[r]->problems->len ? "FAIL" : "ok", cells[r]->waited_ms);
}

static void
add_cells (const TableProvider * provider)
{
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
    g_autofree gchar *path = g_strdup_printf ("/providertable/%s/%s",
        provider->title, rows[r].name);

    cells[r] = table_cell_new (provider, &rows[r]);
    g_strdelimit (path + 1, " ,.", '-');
    g_test_add_data_func (path, cells[r], test_cell);
  }
}

static const TableProvider *
find_provider (const gchar * title)
{
  for (guint p = 0; p < G_N_ELEMENTS (providers); p++)
    if (g_strcmp0 (providers[p].title, title) == 0)
      return &providers[p];
  g_error ("no column %s", title);
}

static gboolean
is_whole (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    if (g_str_has_prefix (argv[i], "-p") || g_str_has_prefix (argv[i], "-s")
        || g_str_equal (argv[i], "-l"))
      return FALSE;
  return TRUE;
}

int
main (int argc, char **argv)
{
  gboolean whole = is_whole (argc, argv);
  const TableProvider *provider;
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  core_plugins_add ();
  make_long_texts ();
  provider = find_provider (argv[1]);
  add_cells (provider);
  gst_init (&argc, &argv);
  table_cells_begin ();
  if (whole)
    run_all ();
  status = g_test_run ();
  if (whole)
    print_column (provider);
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
    table_cell_free (cells[r]);
  for (guint i = 0; i < TABLE_N_KINDS; i++)
    g_free (long_texts[i]);
  table_cells_end ();
  return status;
}
