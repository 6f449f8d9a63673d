/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When vadendpoint ends turns: bench-endpoint FOLDER TURNS.tsv SETTING...
 *
 * A setting is NAME=LEAST:MIDDLE:MOST in ms, with "-deaf" at the end of NAME
 * for no text. The texts come up as a recogniser behind the element would send
 * them: each word when the turns' list says. For each setting and turn a line
 * of setting, turn, ms from the end of speech to the first and to the last
 * turn-end (negative: before it), how many there were, all of them in ms of
 * the recording, and the last one's reason. */
#include <stdlib.h>
#include <string.h>

#include <gst/check/gstharness.h>

#include "speech/g711.h"
#include "turn/turnevents.h"

#define PACKET 160
#define PACKET_MS 20
#define WAV_HEADER 44

typedef struct
{
  guint said;                   /* ms: its end */
  guint told;                   /* ms: its text is there */
  gchar *text;
} Word;

typedef struct
{
  gchar *name;
  gchar *language;
  guint end;                    /* ms: of speech */
  GArray *words;                /* of Word */
  guint8 *codes;
  gsize n_codes;
} Turn;

typedef struct
{
  gchar *name;
  gboolean deaf;
  guint least, middle, most;
} Setting;

/* One turn through one element. */
typedef struct
{
  const Turn *turn;
  guint now;                    /* ms pushed */
  guint number, take;           /* as heard of */
  guint first_word;             /* of the turn under way */
  guint told;                   /* words whose text went up */
  GArray *takes;                /* guint of each word: the take it fell in */
  GArray *ends;                 /* guint ms */
  gboolean opened;
} Run;

static void
read_words (Turn * turn, const gchar * list)
{
  g_auto (GStrv) parts = g_strsplit (list, " ", -1);

  turn->words = g_array_new (FALSE, FALSE, sizeof (Word));
  for (guint i = 0; parts[i]; i++) {
    gchar *at = parts[i];
    Word word;

    word.said = strtoul (at, &at, 10);
    word.told = strtoul (at + 1, &at, 10);
    word.text = g_strdup (at + 1);
    g_array_append_val (turn->words, word);
  }
}

static void
read_audio (Turn * turn, const gchar * folder)
{
  g_autofree gchar *file = g_strconcat (turn->name, ".wav", NULL);
  g_autofree gchar *path = g_build_filename (folder, file, NULL);
  g_autofree gchar *data = NULL;
  gsize len;

  if (!g_file_get_contents (path, &data, &len, NULL) || len < WAV_HEADER)
    g_error ("cannot read %s", path);
  turn->n_codes = (len - WAV_HEADER) / sizeof (gint16) / PACKET * PACKET;
  turn->codes = g_malloc (turn->n_codes);
  parley_mulaw_encode ((const gint16 *) (gpointer) (data + WAV_HEADER),
      turn->codes, turn->n_codes);
}

static GArray *
read_turns (const gchar * folder, const gchar * list)
{
  GArray *turns = g_array_new (FALSE, FALSE, sizeof (Turn));
  g_autofree gchar *data = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (list, &data, NULL, NULL))
    g_error ("cannot read %s", list);
  lines = g_strsplit (data, "\n", -1);
  for (guint i = 0; lines[i] && *lines[i]; i++) {
    g_auto (GStrv) fields = g_strsplit (lines[i], "\t", -1);
    Turn turn = {.name = g_strdup (fields[0]),.language = g_strdup (fields[2]),
      .end = strtoul (fields[7], NULL, 10)
    };

    read_words (&turn, fields[8]);
    read_audio (&turn, folder);
    g_array_append_val (turns, turn);
  }
  return turns;
}

static GstPadProbeReturn
note_event (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  Run *run = data;

  switch (parley_event_get_kind (event)) {
    case PARLEY_EVENT_SPEECH_START:
      run->opened = TRUE;
      parley_event_parse_take (event, &run->number, &run->take);
      run->first_word = run->takes->len;
      break;
    case PARLEY_EVENT_SPEECH_RESUME:
      parley_event_parse_take (event, &run->number, &run->take);
      run->take++;
      break;
    case PARLEY_EVENT_TURN_END:
      g_array_append_val (run->ends, run->now);
      break;
    default:
      break;
  }
  return GST_PAD_PROBE_OK;
}

/* Each word falls in the take that is open as it ends. */
static void
note_words (Run * run)
{
  GArray *words = run->turn->words;

  while (run->takes->len < words->len
      && g_array_index (words, Word, run->takes->len).said <= run->now)
    g_array_append_val (run->takes, run->take);
}

/* The text there is, if it grew in this packet. */
static GstEvent *
new_text (Run * run)
{
  GArray *words = run->turn->words;
  g_autoptr (GString) text = g_string_new (NULL);
  guint told = run->first_word;

  for (; told < run->takes->len; told++) {
    const Word *word = &g_array_index (words, Word, told);

    if (word->told > run->now)
      break;
    g_string_append_printf (text, "%s%s", text->len ? " " : "", word->text);
  }
  if (told == run->first_word || told == run->told)
    return NULL;
  run->told = told;
  return parley_event_new_partial (run->number,
      g_array_index (run->takes, guint, told - 1), text->str);
}

static void
push_packet (GstHarness * h, Run * run, gsize at)
{
  GstBuffer *buffer = gst_buffer_new_memdup (run->turn->codes + at, PACKET);

  GST_BUFFER_PTS (buffer) = run->now * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = PACKET_MS * GST_MSECOND;
  run->now += PACKET_MS;
  gst_harness_push (h, buffer);
}

static gchar *
last_reason (GstBus * bus)
{
  GstMessage *message;
  gchar *reason = NULL;

  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT))) {
    const gchar *told = gst_structure_get_string (gst_message_get_structure
        (message), "reason");

    if (told) {
      g_free (reason);
      reason = g_strdup (told);
    }
    gst_message_unref (message);
  }
  return reason;
}

static void
print_run (const Setting * setting, const Run * run, const gchar * reason)
{
  gint first = 0, last = 0;

  if (run->ends->len > 0) {
    first = (gint) g_array_index (run->ends, guint, 0) - (gint) run->turn->end;
    last = (gint) g_array_index (run->ends, guint, run->ends->len - 1)
        - (gint) run->turn->end;
  }
  g_print ("%s,%s,%d,%d,%u,", setting->name, run->turn->name, first, last,
      run->ends->len);
  for (guint i = 0; i < run->ends->len; i++)
    g_print ("%s%u", i > 0 ? ";" : "", g_array_index (run->ends, guint, i));
  g_print (",%s\n", reason ? reason : "");
}

static GstHarness *
new_harness (const Setting * setting, Run * run, GstBus * bus)
{
  GstElement *element = gst_element_factory_make ("vadendpoint", NULL);
  GstHarness *h;
  GstPad *pad;

  g_object_set (element, "language", run->turn->language, "silence",
      setting->middle, "min-silence", setting->least, "max-silence",
      setting->most, "eager-silence", 0, NULL);
  gst_element_set_bus (element, bus);
  h = gst_harness_new_with_element (element, "sink", "src");
  gst_harness_set_drop_buffers (h, TRUE);
  pad = gst_element_get_static_pad (element, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, note_event,
      run, NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
  gst_harness_set_src_caps_str (h, "audio/x-mulaw,rate=8000,channels=1");
  return h;
}

static void
run_turn (const Setting * setting, const Turn * turn)
{
  Run run = {.turn = turn,.takes = g_array_new (FALSE, FALSE, sizeof (guint)),
    .ends = g_array_new (FALSE, FALSE, sizeof (guint))
  };
  GstBus *bus = gst_bus_new ();
  GstHarness *h = new_harness (setting, &run, bus);
  g_autofree gchar *reason = NULL;

  for (gsize at = 0; at < turn->n_codes; at += PACKET) {
    GstEvent *text;

    push_packet (h, &run, at);
    note_words (&run);
    text = setting->deaf ? NULL : new_text (&run);
    if (text)
      gst_harness_push_upstream_event (h, text);
  }
  reason = last_reason (bus);
  print_run (setting, &run, reason);
  gst_element_set_bus (h->element, NULL);
  gst_harness_teardown (h);
  gst_object_unref (bus);
  g_array_unref (run.takes);
  g_array_unref (run.ends);
}

static Setting
parse_setting (const gchar * text)
{
  gchar *at = strchr (text, '=');
  Setting setting = { 0 };

  if (!at)
    g_error ("%s is no NAME=LEAST:MIDDLE:MOST", text);
  setting.name = g_strndup (text, at - text);
  setting.deaf = g_str_has_suffix (setting.name, "-deaf");
  setting.least = strtoul (at + 1, &at, 10);
  setting.middle = *at ? strtoul (at + 1, &at, 10) : setting.least;
  setting.most = *at ? strtoul (at + 1, &at, 10) : setting.middle;
  return setting;
}

int
main (int argc, char **argv)
{
  GArray *turns;

  gst_init (&argc, &argv);
  if (argc < 4)
    g_error
        ("usage: bench-endpoint FOLDER TURNS.tsv NAME=LEAST:MIDDLE:MOST...");
  turns = read_turns (argv[1], argv[2]);
  g_print ("setting,turn,first_ms,last_ms,ends,at_ms,reason\n");
  for (gint i = 3; i < argc; i++) {
    Setting setting = parse_setting (argv[i]);

    for (guint j = 0; j < turns->len; j++)
      run_turn (&setting, &g_array_index (turns, Turn, j));
    g_free (setting.name);
  }
  return 0;
}
