/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "providers/tts/silencegate.h"
#include "providers/tts/speechtext.h"

static void
assert_ascii (const gchar * text, const gchar * expected)
{
  gchar *ascii = parley_speech_text_to_ascii (text);

  g_assert_cmpstr (ascii, ==, expected);
  g_free (ascii);
}

static void
test_ascii_folds (void)
{
  assert_ascii ("Crème brûlée for Jürgen Groß",
      "Creme brulee for Jurgen Gross");
  assert_ascii ("“It’s done…”", "\"It's done...\"");
  assert_ascii ("at 5° for €20", "at 5 degrees for euros 20");
  /* Decomposed é. */
  assert_ascii ("cafe\xcc\x81", "cafe");
}

static void
test_ascii_drops (void)
{
  assert_ascii ("", "");
  assert_ascii ("😀 привет 日本", "");
  assert_ascii ("a\tb\n\n c\x01\x7f d ", "a b c d");
  assert_ascii ("bad\xff\xfe bytes", "bad bytes");
  /* The sign for what cannot be mapped is also an honest question mark. */
  assert_ascii ("Really?", "Really?");
}

static void
test_clean_keeps_letters (void)
{
  gchar *clean =
      parley_speech_text_clean ("\xef\xbb\xbf Grüße,\xc2\xa0\r\nя! ");

  g_assert_cmpstr (clean, ==, "Grüße, я!");
  g_free (clean);
}

static void
assert_pieces (const gchar * text, gsize max, const gchar * joined)
{
  GPtrArray *pieces = parley_speech_text_split (text, max, 0);
  gchar *result;

  g_ptr_array_add (pieces, NULL);
  result = g_strjoinv ("|", (gchar **) pieces->pdata);
  g_assert_cmpstr (result, ==, joined);
  g_free (result);
  g_ptr_array_unref (pieces);
}

static void
test_split_prefers_sentences (void)
{
  assert_pieces ("One two three.", 40, "One two three.");
  assert_pieces ("One two three. Four five, six seven.", 24,
      "One two three.|Four five, six seven.");
  assert_pieces ("One two, three four five six", 20,
      "One two,|three four five six");
  assert_pieces ("One two three four five six", 20,
      "One two three four|five six");
  assert_pieces ("At 12.50 a piece it is cheap", 20,
      "At 12.50 a piece it|is cheap");
}

static void
test_split_cuts_words_between_characters (void)
{
  assert_pieces ("abcdefghijklmnopqrstuvwxyz", 16,
      "abcdefghijklmnop|qrstuvwxyz");
  assert_pieces ("ääääääääää", 17, "ääääääää|ää");
}

static void
test_split_leaves_out_what_says_nothing (void)
{
  assert_pieces ("", 40, "");
  assert_pieces ("?! ... — –", 40, "");
  assert_pieces ("........................ yes", 16, "........ yes");
}

static void
test_split_leaves_abbreviations (void)
{
  assert_pieces ("We sent it to Dr. Smith in a box", 20,
      "We sent it to Dr.|Smith in a box");
  assert_pieces ("Dinner, we told Dr. Smith today", 24,
      "Dinner,|we told Dr. Smith today");
}

static void
assert_first_piece (const gchar * text, gsize first, const gchar * expected)
{
  GPtrArray *pieces = parley_speech_text_split (text, 160, first);

  g_assert_cmpstr (g_ptr_array_index (pieces, 0), ==, expected);
  g_ptr_array_unref (pieces);
}

static void
test_split_first_piece_is_short (void)
{
  const gchar *text = "Your table is booked for Friday, and we are happy.";

  assert_first_piece (text, 40, "Your table is booked for Friday,");
  assert_first_piece (text, 0, text);
  assert_first_piece (text, 100, text);
  /* No clause ends in reach, or only a word. */
  assert_first_piece (text, 24, text);
  assert_first_piece ("Yes, your table is booked for Friday", 30,
      "Yes, your table is booked for Friday");
}

static void
test_pause_after (void)
{
  guint word = parley_speech_text_pause ("and then");
  guint clause = parley_speech_text_pause ("and then,");
  guint sentence = parley_speech_text_pause ("he said “then.”");

  g_assert_cmpuint (word, <, clause);
  g_assert_cmpuint (clause, <, parley_speech_text_pause ("And then."));
  g_assert_cmpuint (parley_speech_text_pause ("(and \"then!\")"), ==,
      parley_speech_text_pause ("And then."));
  g_assert_cmpuint (parley_speech_text_pause (""), ==, word);
  g_assert_cmpuint (sentence, >, clause);
}

static void
test_split_loses_nothing (void)
{
  GString *text = g_string_new (NULL);
  GPtrArray *pieces;
  gsize letters = 0;

  for (guint i = 0; i < 2000; i++)
    g_string_append (text, i % 7 == 0 ? "x, " : i % 11 == 0 ? "x. " : "x");
  pieces = parley_speech_text_split (text->str, 160, 80);
  for (guint i = 0; i < pieces->len; i++) {
    const gchar *piece = g_ptr_array_index (pieces, i);

    g_assert_cmpuint (strlen (piece), <=, 160);
    for (; *piece; piece++)
      letters += *piece == 'x';
  }
  g_assert_cmpuint (letters, ==, 2000);
  g_ptr_array_unref (pieces);
  g_string_free (text, TRUE);
}

/* The gate, at 8 kHz: 40 samples a frame */

#define RATE 8000
#define MS(ms) ((ms) * RATE / 1000)

/* Pushes @ms of @value in odd portions. */
static void
push (ParleySilenceGate * gate, GByteArray * out, guint ms, gint16 value)
{
  gint16 samples[33];

  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    samples[i] = i % 2 ? value : -value;
  for (guint left = MS (ms); left > 0;) {
    guint n = MIN (left, G_N_ELEMENTS (samples));

    parley_silence_gate_push (gate, samples, n, out);
    left -= n;
  }
}

static void
test_gate_trims_both_ends (void)
{
  ParleySilenceGate *gate = parley_silence_gate_new (RATE, 100);
  GByteArray *out = g_byte_array_new ();

  push (gate, out, 300, 99);
  g_assert_cmpuint (out->len, ==, 0);
  push (gate, out, 50, 5000);
  g_assert_cmpuint (out->len, ==, 2 * MS (10 + 50));
  push (gate, out, 400, 20);
  g_assert_cmpuint (out->len, ==, 2 * MS (10 + 50));
  parley_silence_gate_finish (gate, out);
  g_assert_cmpuint (out->len, ==, 2 * MS (10 + 50 + 150));
  g_byte_array_unref (out);
  parley_silence_gate_free (gate);
}

static void
test_gate_keeps_pauses (void)
{
  ParleySilenceGate *gate = parley_silence_gate_new (RATE, 100);
  GByteArray *out = g_byte_array_new ();

  push (gate, out, 20, 5000);
  push (gate, out, 400, 0);
  push (gate, out, 20, 5000);
  g_assert_cmpuint (out->len, ==, 2 * MS (20 + 400 + 20));
  /* No pause is longer than a second. */
  push (gate, out, 5000, 0);
  push (gate, out, 20, 5000);
  g_assert_cmpuint (out->len, ==, 2 * MS (20 + 400 + 20 + 1000 + 20));
  g_byte_array_unref (out);
  parley_silence_gate_free (gate);
}

static void
test_gate_joins (void)
{
  ParleySilenceGate *gate = parley_silence_gate_new (RATE, 100);
  GByteArray *out = g_byte_array_new ();

  /* Before the first sound there is nothing to join to. */
  parley_silence_gate_join (gate, 300, out);
  push (gate, out, 20, 5000);
  g_assert_cmpuint (out->len, ==, 2 * MS (20));
  /* Longer than it is. A part of a frame stays before the pause. */
  push (gate, out, 2, 5000);
  parley_silence_gate_join (gate, 300, out);
  g_assert_cmpuint (out->len, ==, 2 * MS (22));
  push (gate, out, 50, 7);
  push (gate, out, 20, 5000);
  g_assert_cmpuint (out->len, ==, 2 * MS (22 + 300 + 20));
  /* Shorter, and only once. */
  push (gate, out, 200, 7);
  parley_silence_gate_join (gate, 30, out);
  push (gate, out, 200, 7);
  push (gate, out, 20, 5000);
  g_assert_cmpuint (out->len, ==, 2 * MS (22 + 300 + 20 + 30 + 20));
  push (gate, out, 200, 7);
  push (gate, out, 20, 5000);
  g_assert_cmpuint (out->len, ==, 2 * MS (22 + 300 + 20 + 30 + 20 + 220));
  g_byte_array_unref (out);
  parley_silence_gate_free (gate);
}

static void
test_gate_of_silence_is_nothing (void)
{
  ParleySilenceGate *gate = parley_silence_gate_new (RATE, 100);
  GByteArray *out = g_byte_array_new ();

  push (gate, out, 333, 50);
  parley_silence_gate_finish (gate, out);
  g_assert_cmpuint (out->len, ==, 0);
  g_byte_array_unref (out);
  parley_silence_gate_free (gate);
}

static void
test_gate_passes_short_end (void)
{
  ParleySilenceGate *gate = parley_silence_gate_new (RATE, 100);
  GByteArray *out = g_byte_array_new ();
  gint16 loud = -32768;

  parley_silence_gate_push (gate, &loud, 1, out);
  g_assert_cmpuint (out->len, ==, 0);
  parley_silence_gate_finish (gate, out);
  g_assert_cmpuint (out->len, ==, 2);
  g_byte_array_unref (out);
  parley_silence_gate_free (gate);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tts/text/ascii-folds", test_ascii_folds);
  g_test_add_func ("/tts/text/ascii-drops", test_ascii_drops);
  g_test_add_func ("/tts/text/clean-keeps-letters", test_clean_keeps_letters);
  g_test_add_func ("/tts/text/split-prefers-sentences",
      test_split_prefers_sentences);
  g_test_add_func ("/tts/text/split-cuts-words-between-characters",
      test_split_cuts_words_between_characters);
  g_test_add_func ("/tts/text/split-leaves-out-what-says-nothing",
      test_split_leaves_out_what_says_nothing);
  g_test_add_func ("/tts/text/split-leaves-abbreviations",
      test_split_leaves_abbreviations);
  g_test_add_func ("/tts/text/split-first-piece-is-short",
      test_split_first_piece_is_short);
  g_test_add_func ("/tts/text/pause-after", test_pause_after);
  g_test_add_func ("/tts/text/split-loses-nothing", test_split_loses_nothing);
  g_test_add_func ("/tts/gate/trims-both-ends", test_gate_trims_both_ends);
  g_test_add_func ("/tts/gate/keeps-pauses", test_gate_keeps_pauses);
  g_test_add_func ("/tts/gate/joins", test_gate_joins);
  g_test_add_func ("/tts/gate/of-silence-is-nothing",
      test_gate_of_silence_is_nothing);
  g_test_add_func ("/tts/gate/passes-short-end", test_gate_passes_short_end);
  return g_test_run ();
}
