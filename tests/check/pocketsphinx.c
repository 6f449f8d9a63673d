/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Speech recognised on this machine: synthetic and human callers. */
#include <string.h>
#include <glib/gstdio.h>

#include "mock/spoken.h"
#include "providers/stt/garbage.h"
#include "providers/stt/pocketsphinx.h"
#include "providers/stt/resample16.h"
#include "providers/stt/sphinxdecoder.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#define leaks_allowed_begin() __lsan_disable ()
#define leaks_allowed_end() __lsan_enable ()
#else
#define leaks_allowed_begin()
#define leaks_allowed_end()
#endif

#define LIMIT_US (120 * G_TIME_SPAN_SECOND)
#define CARDS "/usr/share/pocketsphinx/test/data/cards/"
#define GO_FORWARD "/usr/share/pocketsphinx/test/data/goforward.raw"
#define FRAME 160

#define GRAMMAR \
  "#JSGF V1.0;\ngrammar desk;\n" \
  "public <top> = <book> [on <day>] | <hours> | <yes> | <no> | <day>;\n" \
  "<book> = (i would like to | i want to) (book | cancel) an appointment;\n" \
  "<hours> = what are your opening hours;\n" \
  "<yes> = yes please; <no> = no thank you;\n" \
  "<day> = monday | tuesday | wednesday | thursday | friday;\n"

typedef struct
{
  ParleyLoop *loop;
  ParleySttProvider *stt;
  gchar *grammar;               /* file made for the case */
  guint partials, finals, failures;
  guint turn, take;
  gchar *text;
  gchar *error;
  gdouble confidence;
} Desk;

static void
on_partial (gpointer stt, guint turn, guint take, const gchar * text,
    Desk * desk)
{
  g_assert_true (parley_loop_is_current (desk->loop));
  g_assert_cmpstr (text, !=, "");
  desk->partials++;
}

static void
on_final (gpointer stt, guint turn, guint take, const gchar * text,
    gdouble confidence, Desk * desk)
{
  g_assert_true (parley_loop_is_current (desk->loop));
  g_free (desk->text);
  desk->text = g_strdup (text);
  desk->confidence = confidence;
  desk->turn = turn;
  desk->take = take;
  desk->finals++;
}

static void
on_failed (gpointer stt, guint turn, guint take, GError * error, Desk * desk)
{
  g_free (desk->error);
  desk->error = g_strdup (error->message);
  desk->failures++;
}

static gchar *
write_file (const gchar * text)
{
  GError *error = NULL;
  gchar *path;
  gint fd = g_file_open_tmp ("parley-XXXXXX.gram", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

static void
desk_init (Desk * desk, const gchar * grammar)
{
  memset (desk, 0, sizeof *desk);
  desk->loop = parley_loop_new (NULL);
  g_main_context_acquire (parley_loop_get_context (desk->loop));
  desk->stt = g_object_new (PARLEY_TYPE_STT_POCKETSPHINX, "loop", desk->loop,
      "grammar", grammar, NULL);
  g_signal_connect (desk->stt, "partial", G_CALLBACK (on_partial), desk);
  g_signal_connect (desk->stt, "final", G_CALLBACK (on_final), desk);
  g_signal_connect (desk->stt, "failed", G_CALLBACK (on_failed), desk);
}

static void
desk_init_own (Desk * desk, const gchar * text)
{
  gchar *path = write_file (text);

  desk_init (desk, path);
  desk->grammar = path;
}

static gboolean
out_of_time (gpointer data)
{
  g_error ("nothing came in time");
  return G_SOURCE_REMOVE;
}

/* Iterates until @count has grown to @n. */
static void
wait_for (Desk * desk, const guint * count, guint n)
{
  GSource *limit = g_timeout_source_new (LIMIT_US / 1000);

  g_source_set_callback (limit, out_of_time, NULL, NULL);
  g_source_attach (limit, parley_loop_get_context (desk->loop));
  while (*count < n) {
    g_main_context_iteration (parley_loop_get_context (desk->loop), TRUE);
    if (desk->failures > 0 && count == &desk->finals)
      g_error ("failed: %s", desk->error);
  }
  g_source_destroy (limit);
  g_source_unref (limit);
}

/* All workers meet here, so that what was submitted before is done. */
typedef struct
{
  GMutex lock;
  GCond all_here;
  guint missing, left;
} Meeting;

static void
meet (gpointer data)
{
  Meeting *meeting = data;

  g_mutex_lock (&meeting->lock);
  if (--meeting->missing == 0)
    g_cond_broadcast (&meeting->all_here);
  while (meeting->missing > 0)
    g_cond_wait (&meeting->all_here, &meeting->lock);
  g_mutex_unlock (&meeting->lock);
}

static void
leave (gpointer data)
{
  ((Meeting *) data)->left++;
}

/* Until all jobs submitted so far, and those that they lead to, are done. */
static void
settle (Desk * desk)
{
  guint n = MAX (g_get_num_processors (), 2);

  for (guint round = 0; round < 4; round++) {
    Meeting meeting = {.missing = n };

    g_mutex_init (&meeting.lock);
    g_cond_init (&meeting.all_here);
    for (guint i = 0; i < n; i++)
      parley_work_submit (desk->loop, meet, leave, &meeting);
    wait_for (desk, &meeting.left, n);
    g_cond_clear (&meeting.all_here);
    g_mutex_clear (&meeting.lock);
  }
}

static void
desk_clear (Desk * desk)
{
  g_clear_object (&desk->stt);
  settle (desk);
  g_main_context_release (parley_loop_get_context (desk->loop));
  g_object_unref (desk->loop);
  if (desk->grammar)
    g_unlink (desk->grammar);
  g_free (desk->grammar);
  g_free (desk->text);
  g_free (desk->error);
}

static void
begin (Desk * desk, guint turn, guint take)
{
  ParleyAudioFormat format = {.mulaw = TRUE,.rate = 8000 };

  parley_stt_provider_begin (desk->stt, turn, take, &format);
}

static void
send_audio (Desk * desk, GByteArray * mulaw)
{
  for (guint at = 0; at < mulaw->len; at += FRAME) {
    GBytes *frame = g_bytes_new (mulaw->data + at,
        MIN (FRAME, mulaw->len - at));

    parley_stt_provider_audio (desk->stt, frame);
    g_bytes_unref (frame);
  }
}

/* Hears @mulaw, which it takes over; the final is in @desk. */
static void
hear (Desk * desk, GByteArray * mulaw)
{
  guint finals = desk->finals;

  g_assert_nonnull (mulaw);
  begin (desk, 1, 0);
  send_audio (desk, mulaw);
  parley_stt_provider_finish (desk->stt);
  wait_for (desk, &desk->finals, finals + 1);
  g_byte_array_unref (mulaw);
}

static GByteArray *
caller (const gchar * text)
{
  return spoken_text ("flite", "slt", 1.0, text);
}

static void
test_inside (void)
{
  static const gchar *sentences[] = { "i would like to book an appointment",
    "what are your opening hours", "yes please", "no thank you",
    "i want to cancel an appointment on thursday"
  };
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  for (guint i = 0; i < G_N_ELEMENTS (sentences); i++) {
    hear (&desk, caller (sentences[i]));
    g_assert_cmpstr (desk.text, ==, sentences[i]);
    g_assert_cmpfloat (desk.confidence, >, 0);
    g_assert_cmpfloat (desk.confidence, <=, 1);
  }
  desk_clear (&desk);
}

/* Text comes while the caller still speaks. */
static void
test_partial (void)
{
  GByteArray *audio = caller ("i would like to book an appointment");
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  begin (&desk, 1, 0);
  send_audio (&desk, audio);
  wait_for (&desk, &desk.partials, 1);
  parley_stt_provider_finish (desk.stt);
  wait_for (&desk, &desk.finals, 1);
  g_assert_cmpstr (desk.text, ==, "i would like to book an appointment");
  g_byte_array_unref (audio);
  desk_clear (&desk);
}

static void
test_outside (void)
{
  static const gchar *sentences[] = { "my brother plays the trumpet in a band",
    "i would like to buy a bicycle for my daughter",
    "the quick brown fox jumps over the lazy dog"
  };
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  for (guint i = 0; i < G_N_ELEMENTS (sentences); i++) {
    hear (&desk, caller (sentences[i]));
    g_assert_cmpstr (desk.text, ==, PARLEY_STT_UNCLEAR);
    g_assert_cmpfloat (desk.confidence, ==, 0);
  }
  desk_clear (&desk);
}

static void
test_quiet (void)
{
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  hear (&desk, spoken_quiet (1500));
  g_assert_cmpstr (desk.text, ==, "");
  hear (&desk, spoken_quiet (20));
  g_assert_cmpstr (desk.text, ==, "");
  g_assert_cmpuint (desk.partials, ==, 0);
  desk_clear (&desk);
}

static void
test_no_audio (void)
{
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  begin (&desk, 3, 2);
  parley_stt_provider_finish (desk.stt);
  g_assert_cmpuint (desk.finals, ==, 0);
  wait_for (&desk, &desk.finals, 1);
  g_assert_cmpstr (desk.text, ==, "");
  g_assert_cmpuint (desk.turn, ==, 3);
  g_assert_cmpuint (desk.take, ==, 2);
  desk_clear (&desk);
}

/* Two people who say cards, in a grammar that was not made for them. */
static void
test_human (void)
{
  Desk desk;
  GByteArray *audio = spoken_file (CARDS "001.wav");

  if (!audio) {
    g_test_skip ("pocketsphinx-testdata is not installed");
    return;
  }
  desk_init (&desk, CARDS "cards.gram");
  hear (&desk, audio);
  g_assert_cmpstr (desk.text, ==, "ten of clubs");
  hear (&desk, spoken_file (CARDS "005.wav"));
  g_assert_cmpstr (desk.text, ==,
      "eight of spades four of clubs seven of hearts");
  desk_clear (&desk);
}

/* A person whose sentences are not in the grammar. */
static void
test_human_outside (void)
{
  static const gchar *prompts[] = { "demo-congrats", "vm-options",
    "pbx-invalidpark", "cannot-complete-as-dialed"
  };
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  for (guint i = 0; i < G_N_ELEMENTS (prompts); i++) {
    gchar *path = g_strdup_printf ("/usr/share/asterisk/sounds/"
        "en_US_f_Allison/%s.wav", prompts[i]);
    GByteArray *audio = spoken_file (path);

    g_free (path);
    if (!audio) {
      g_test_skip ("asterisk-core-sounds-en-wav is not installed");
      break;
    }
    g_byte_array_set_size (audio, MIN (audio->len, 5 * 8000));
    hear (&desk, audio);
    g_assert_cmpstr (desk.text, ==, PARLEY_STT_UNCLEAR);
  }
  desk_clear (&desk);
}

/* Hears 16 kHz S16LE from @path, past @header bytes; FALSE without it. */
static gboolean
hear_linear (Desk * desk, const gchar * path, gsize header)
{
  ParleyAudioFormat format = {.mulaw = FALSE,.rate = 16000 };
  gchar *file;
  gsize size;
  GBytes *samples;

  if (!g_file_get_contents (path, &file, &size, NULL)) {
    g_test_skip ("pocketsphinx-testdata is not installed");
    return FALSE;
  }
  samples = g_bytes_new_take (g_memdup2 (file + header, size - header),
      size - header);
  parley_stt_provider_begin (desk->stt, 1, 0, &format);
  parley_stt_provider_audio (desk->stt, samples);
  parley_stt_provider_finish (desk->stt);
  wait_for (desk, &desk->finals, 1);
  g_bytes_unref (samples);
  g_free (file);
  return TRUE;
}

static void
test_linear_16k (void)
{
  Desk desk;

  desk_init (&desk, CARDS "cards.gram");
  if (hear_linear (&desk, CARDS "001.wav", 44))
    g_assert_cmpstr (desk.text, ==, "ten of clubs");
  desk_clear (&desk);
}

/* Without a grammar, all of English: a person at a good microphone. */
static void
test_language_model (void)
{
  Desk desk;

  desk_init (&desk, NULL);
  if (hear_linear (&desk, GO_FORWARD, 0)) {
    g_assert_cmpstr (desk.text, ==, "go forward ten meters");
    g_assert_cmpfloat (desk.confidence, >, 0);
  }
  desk_clear (&desk);
}

/* The second take begins before the first one's text is there. */
static void
test_two_takes (void)
{
  GByteArray *audio = caller ("yes please");
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  for (guint take = 0; take < 2; take++) {
    begin (&desk, 1, take);
    send_audio (&desk, audio);
    parley_stt_provider_finish (desk.stt);
  }
  g_assert_cmpuint (desk.finals, ==, 0);
  wait_for (&desk, &desk.finals, 2);
  g_assert_cmpstr (desk.text, ==, "yes please");
  g_byte_array_unref (audio);
  desk_clear (&desk);
}

static void
test_cancel (void)
{
  GByteArray *audio = caller ("what are your opening hours");
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  begin (&desk, 1, 0);
  send_audio (&desk, audio);
  wait_for (&desk, &desk.partials, 1);
  parley_stt_provider_finish (desk.stt);
  desk.partials = 0;
  parley_stt_provider_cancel (desk.stt);
  settle (&desk);
  g_assert_cmpuint (desk.partials, ==, 0);
  g_assert_cmpuint (desk.finals, ==, 0);
  g_assert_cmpuint (desk.failures, ==, 0);
  hear (&desk, caller ("no thank you"));
  g_assert_cmpstr (desk.text, ==, "no thank you");
  g_byte_array_unref (audio);
  desk_clear (&desk);
}

static void
test_destroy_while_decoding (void)
{
  GByteArray *audio = caller ("yes please");
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  begin (&desk, 1, 0);
  send_audio (&desk, audio);
  parley_stt_provider_finish (desk.stt);
  g_clear_object (&desk.stt);
  settle (&desk);
  g_assert_cmpuint (desk.finals, ==, 0);
  g_byte_array_unref (audio);
  desk_clear (&desk);
}

/* The decoder of the first take serves the second, and other providers too. */
static void
test_pool (void)
{
  GError *error = NULL;
  Desk desk, other;
  guint made;

  desk_init_own (&desk, GRAMMAR "// a grammar of its own\n");
  g_assert_true (parley_provider_warm (PARLEY_PROVIDER (desk.stt), &error));
  g_assert_no_error (error);
  settle (&desk);
  made = parley_sphinx_decoder_count_made ();
  hear (&desk, caller ("monday"));
  hear (&desk, caller ("friday"));
  desk_init (&other, desk.grammar);
  hear (&other, caller ("friday"));
  g_assert_cmpuint (parley_sphinx_decoder_count_made (), ==, made);
  desk_clear (&other);
  desk_clear (&desk);
}

static void
assert_refused (Desk * desk, const gchar * part, const gchar * remedy)
{
  GMainContext *context = parley_loop_get_context (desk->loop);
  GError *error = NULL;

  /* Not on the loop, where no file is looked at. */
  g_main_context_release (context);
  g_assert_false (parley_provider_warm (PARLEY_PROVIDER (desk->stt), &error));
  g_main_context_acquire (context);
  g_assert_error (error, PARLEY_PROVIDER_ERROR, PARLEY_PROVIDER_ERROR_SETTINGS);
  if (!strstr (error->message, part) || !strstr (error->message, remedy))
    g_error ("“%s” lacks “%s” or “%s”", error->message, part,
        remedy);
  g_clear_error (&error);
}

static void
test_missing_grammar (void)
{
  Desk desk;

  desk_init (&desk, "/nonexistent/desk.gram");
  assert_refused (&desk, "/nonexistent/desk.gram", "set grammar=");
  desk_clear (&desk);
}

/* On the loop warm() reads no file: the first take tells. */
static void
test_missing_grammar_on_the_loop (void)
{
  GError *error = NULL;
  Desk desk;

  desk_init (&desk, "/nonexistent/desk.gram");
  g_assert_true (parley_provider_warm (PARLEY_PROVIDER (desk.stt), &error));
  g_assert_no_error (error);
  begin (&desk, 1, 0);
  parley_stt_provider_finish (desk.stt);
  wait_for (&desk, &desk.failures, 1);
  g_assert_nonnull (strstr (desk.error, "/nonexistent/desk.gram"));
  desk_clear (&desk);
}

/* The parser of JSGF loses a few bytes wherever it stops at an error. */
static void
test_bad_grammar (void)
{
  Desk desk;

  desk_init_own (&desk, "#JSGF V1.0;\ngrammar a;\npublic <top> = yes | ;;\n");
  leaks_allowed_begin ();
  assert_refused (&desk, "not JSGF", "syntax error current token ';'");
  leaks_allowed_end ();
  desk_clear (&desk);
  desk_init_own (&desk, "#JSGF V1.0;\ngrammar a;\n<top> = yes;\n");
  assert_refused (&desk, "no public rule", "public <name>");
  desk_clear (&desk);
}

static void
test_unknown_word (void)
{
  Desk desk;

  desk_init_own (&desk, "#JSGF V1.0;\ngrammar a;\n"
      "public <top> = yes | grfxq | no | 17;\n");
  assert_refused (&desk, "“17”, “grfxq”", "write it in other words");
  desk_clear (&desk);
}

static void
test_language (void)
{
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  g_object_set (desk.stt, "language", "de-DE", NULL);
  assert_refused (&desk, "de-DE", "language=en-US");
  desk_clear (&desk);
}

static void
test_missing_model (void)
{
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  g_object_set (desk.stt, "model", "/nonexistent", NULL);
  assert_refused (&desk, "/nonexistent", "pocketsphinx-en-us");
  desk_clear (&desk);
}

/* A file at which Sphinx itself would end the process. What it had built until
 * then is lost. */
static void
test_broken_model (void)
{
  gchar *directory = g_dir_make_tmp ("parley-XXXXXX", NULL);
  gchar *mdef = g_build_filename (directory, "mdef", NULL);
  gchar *words = g_build_filename (directory, "a.dict", NULL);
  gchar *grammar = write_file ("#JSGF V1.0;\ngrammar a;\npublic <t> = yes;\n");
  ParleySphinxModel *model;
  GError *error = NULL;

  g_assert_true (g_file_set_contents (mdef, "0.4\n", -1, NULL));
  g_assert_true (g_file_set_contents (words, "yes Y EH S\n", -1, NULL));
  model = parley_sphinx_model_load (directory, grammar, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++) {
    leaks_allowed_begin ();
    g_assert_false (parley_sphinx_decoder_warm (model, &error));
    leaks_allowed_end ();
    g_assert_error (error, PARLEY_PROVIDER_ERROR,
        PARLEY_PROVIDER_ERROR_SETTINGS);
    g_assert_nonnull (strstr (error->message, directory));
    g_clear_error (&error);
  }
  parley_sphinx_model_unref (model);
  g_unlink (mdef);
  g_unlink (words);
  g_unlink (grammar);
  g_rmdir (directory);
  g_free (mdef);
  g_free (words);
  g_free (grammar);
  g_free (directory);
}

/* Settings that cannot work and were never warmed fail the take. */
static void
test_failed_take (void)
{
  Desk desk;

  desk_init (&desk, "/nonexistent/desk.gram");
  begin (&desk, 1, 0);
  parley_stt_provider_finish (desk.stt);
  g_assert_cmpuint (desk.failures, ==, 0);
  wait_for (&desk, &desk.failures, 1);
  g_assert_nonnull (strstr (desk.error, "/nonexistent/desk.gram"));
  g_assert_cmpuint (desk.finals, ==, 0);
  desk_clear (&desk);
}

static void
test_unknown_format (void)
{
  ParleyAudioFormat format = {.mulaw = FALSE,.rate = 11025 };
  Desk desk;

  desk_init_own (&desk, GRAMMAR);
  parley_stt_provider_begin (desk.stt, 1, 0, &format);
  parley_stt_provider_finish (desk.stt);
  wait_for (&desk, &desk.failures, 1);
  g_assert_nonnull (strstr (desk.error, "11025"));
  desk_clear (&desk);
}

/* A conversation script is a grammar too. */
static void
test_script (void)
{
  Desk desk;
  gchar *path = write_file ("{\"greeting\": \"Hello.\", \"fallback\": "
      "[\"Sorry?\"], \"intents\": {\"hours\": {\"phrases\": "
      "[\"when are you open\"], \"replies\": [\"From nine to five.\"]}}}");
  gchar *json = g_strconcat (path, ".json", NULL);
  GError *error = NULL;

  g_assert_cmpint (g_rename (path, json), ==, 0);
  desk_init (&desk, json);
  parley_provider_warm (PARLEY_PROVIDER (desk.stt), &error);
  g_assert_no_error (error);
  hear (&desk, caller ("when are you open"));
  g_assert_cmpstr (desk.text, ==, "when are you open");
  desk_clear (&desk);
  g_unlink (json);
  g_free (json);
  g_free (path);
}

static ParleySttSegment
segment (gint start, gint end, gint score, gboolean speech)
{
  ParleySttSegment made = { start, end, score, speech };

  return made;
}

static GArray *
path_of (const ParleySttSegment * segments, guint n)
{
  GArray *path = g_array_new (FALSE, FALSE, sizeof (ParleySttSegment));

  g_array_append_vals (path, segments, n);
  return path;
}

static void
test_judge (void)
{
  ParleySttSegment same[] = { segment (0, 9, -50, FALSE),
    segment (10, 59, -1000, TRUE), segment (60, 99, -1000, TRUE)
  };
  ParleySttSegment worse[] = { same[0], same[1], segment (60, 99, -6000, TRUE)
  };
  GArray *phones = path_of (same, 3), *good = path_of (same, 3);
  GArray *bad = path_of (worse, 3), *none = path_of (same, 1);
  gdouble confidence, margin;

  g_assert_cmpint (parley_stt_judge (good, phones, &confidence, &margin,
          NULL), ==, PARLEY_STT_INSIDE);
  g_assert_cmpfloat (margin, ==, 0);
  g_assert_cmpfloat (confidence, ==, 1);
  g_assert_cmpint (parley_stt_judge (bad, phones, &confidence, &margin,
          NULL), ==, PARLEY_STT_OUTSIDE);
  g_assert_cmpfloat (confidence, ==, 0);
  g_assert_cmpint (parley_stt_judge (none, phones, &confidence, NULL, NULL),
      ==, PARLEY_STT_OUTSIDE);
  g_assert_cmpint (parley_stt_judge (none, none, &confidence, NULL, NULL), ==,
      PARLEY_STT_NOTHING);
  g_array_unref (phones);
  g_array_unref (good);
  g_array_unref (bad);
  g_array_unref (none);
}

/* One second of any rate is one second; a level stays a level. */
static void
test_resample (void)
{
  static const guint rates[] = { 8000, 16000, 24000, 48000 };

  for (guint i = 0; i < G_N_ELEMENTS (rates); i++) {
    ParleyResample16 *resample = parley_resample16_new (rates[i]);
    GArray *out = g_array_new (FALSE, FALSE, sizeof (gint16));
    gint16 level[100];

    for (guint k = 0; k < G_N_ELEMENTS (level); k++)
      level[k] = 1000;
    for (guint k = 0; k < rates[i] / 100; k++)
      parley_resample16_process (resample, level, 100, out);
    g_assert_cmpuint (out->len, >=, 15998);
    g_assert_cmpuint (out->len, <=, 16000);
    for (guint k = 200; k < out->len; k++)
      g_assert_cmpint (ABS (g_array_index (out, gint16, k) - 1000), <=, 10);
    g_array_unref (out);
    parley_resample16_free (resample);
  }
  g_assert_null (parley_resample16_new (11025));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/garbage/judge", test_judge);
  g_test_add_func ("/resample16/rates", test_resample);
  g_test_add_func ("/pocketsphinx/inside", test_inside);
  g_test_add_func ("/pocketsphinx/partial", test_partial);
  g_test_add_func ("/pocketsphinx/outside", test_outside);
  g_test_add_func ("/pocketsphinx/quiet", test_quiet);
  g_test_add_func ("/pocketsphinx/no-audio", test_no_audio);
  g_test_add_func ("/pocketsphinx/human", test_human);
  g_test_add_func ("/pocketsphinx/human-outside", test_human_outside);
  g_test_add_func ("/pocketsphinx/linear-16k", test_linear_16k);
  g_test_add_func ("/pocketsphinx/language-model", test_language_model);
  g_test_add_func ("/pocketsphinx/two-takes", test_two_takes);
  g_test_add_func ("/pocketsphinx/cancel", test_cancel);
  g_test_add_func ("/pocketsphinx/destroy", test_destroy_while_decoding);
  g_test_add_func ("/pocketsphinx/pool", test_pool);
  g_test_add_func ("/pocketsphinx/script", test_script);
  g_test_add_func ("/pocketsphinx/missing-grammar", test_missing_grammar);
  g_test_add_func ("/pocketsphinx/missing-grammar-on-the-loop",
      test_missing_grammar_on_the_loop);
  g_test_add_func ("/pocketsphinx/bad-grammar", test_bad_grammar);
  g_test_add_func ("/pocketsphinx/unknown-word", test_unknown_word);
  g_test_add_func ("/pocketsphinx/language", test_language);
  g_test_add_func ("/pocketsphinx/missing-model", test_missing_model);
  g_test_add_func ("/pocketsphinx/broken-model", test_broken_model);
  g_test_add_func ("/pocketsphinx/failed-take", test_failed_take);
  g_test_add_func ("/pocketsphinx/unknown-format", test_unknown_format);
  return g_test_run ();
}
