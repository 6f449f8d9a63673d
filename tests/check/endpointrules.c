/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/endpointrules.h"

#include <glib/gstdio.h>
#include <string.h>

#include "turn/endpointtext.h"

static void
assert_decides (ParleyEndpointRules * rules, const gchar * text,
    ParleyTone tone, const gchar * reason)
{
  ParleyEndpointVerdict verdict;

  parley_endpoint_rules_decide (rules, text, tone, &verdict);
  g_test_message ("%s (%s)", text, parley_tone_to_string (tone));
  g_assert_cmpstr (verdict.reason, ==, reason);
}

static guint
wait_of (ParleyEndpointRules * rules, const gchar * text, ParleyTone tone)
{
  ParleyEndpointVerdict verdict;

  parley_endpoint_rules_decide (rules, text, tone, &verdict);
  return verdict.wait;
}

/* --- the words --- */

static void
test_words (void)
{
  static const struct
  {
    const gchar *text, *words;
    guint n_words, digits;
    gunichar mark;
  } cases[] = {
    {"", "", 0, 0, 0},
    {"  ...", "", 0, 0, 0x2026},
    {"Yes.", "yes", 1, 0, '.'},
    {"That's all, thanks!", "thats all thanks", 3, 0, '!'},
    {"five five five", "555", 1, 3, 0},
    {"It's 555-01 23", "its 5550123", 2, 7, 0},
    {"twenty one", "21", 1, 2, 0},
    {"twenty ten", "2010", 1, 4, 0},
    {"double five, triple two", "55222", 1, 5, 0},
    {"double the", "double the", 2, 0, 0},
    {"seven days", "7 days", 2, 0, 0},
    {"jo@example.com", "jo @ example com", 4, 0, 0},
    {"well —", "well", 1, 0, '-'},
  };
  ParleySpokenNumbers *numbers = parley_spoken_numbers_new ();

  parley_spoken_numbers_add (numbers, "one", 1);
  parley_spoken_numbers_add (numbers, "two", 2);
  parley_spoken_numbers_add (numbers, "five", 5);
  parley_spoken_numbers_add (numbers, "seven", 7);
  parley_spoken_numbers_add (numbers, "ten", 10);
  parley_spoken_numbers_add (numbers, "twenty", 20);
  parley_spoken_numbers_add_repeat (numbers, "double", 2);
  parley_spoken_numbers_add_repeat (numbers, "triple", 3);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (ParleyEndpointText) text = { 0 };

    g_test_message ("%s", cases[i].text);
    parley_endpoint_text_init (&text, cases[i].text, numbers);
    g_assert_cmpstr (text.words, ==, cases[i].words);
    g_assert_cmpuint (text.n_words, ==, cases[i].n_words);
    g_assert_cmpuint (text.digits, ==, cases[i].digits);
    g_assert_cmpuint (text.mark, ==, cases[i].mark);
  }
  parley_spoken_numbers_free (numbers);
}

static void
test_long_text (void)
{
  g_autoptr (GString) long_text = g_string_new (NULL);
  g_auto (ParleyEndpointText) text = { 0 };

  for (guint i = 0; i < 5000; i++)
    g_string_append (long_text, "größer ");
  g_string_append (long_text, "and");
  parley_endpoint_text_init (&text, long_text->str, NULL);
  g_assert_true (g_str_has_suffix (text.words, " größer and"));
  g_assert_cmpuint (strlen (text.words), <, 500);
  g_assert_true (g_utf8_validate (text.words, -1, NULL));
}

/* --- the format --- */

static ParleyEndpointRules *
rules_of (const gchar * data)
{
  g_autoptr (GError) error = NULL;
  ParleyEndpointRules *rules =
      parley_endpoint_rules_new (data, strlen (data), "x.rules", &error);

  g_assert_no_error (error);
  return rules;
}

static void
test_conditions (void)
{
  g_autoptr (ParleyEndpointRules) rules = rules_of ("[numbers]\n1 = one\n"
      "[lists]\ncolour = red, dark blue\n"
      "[rule only]\nonly = yes, of course\nwait = 1\n"
      "[rule begins]\nbegins = please\nwait = 2\n"
      "[rule ends]\nends = and, @colour\nwait = 3\n"
      "[rule has]\nhas = order number\ndigits = 2-3, 5\nwait = 4\n"
      "[rule pattern]\npattern = \\b@colour \\d{2}$\nwait = 5\n"
      "[rule marks]\nmarks = ?…\nwait = 6\n"
      "[rule words]\nwords = 7-\nwait = 7\n"
      "[rule tone here]\ntone = rising, held\nwait = 8\n");

  assert_decides (rules, "Yes, yes. Of course!", PARLEY_TONE_HELD, "only");
  assert_decides (rules, "yes of", PARLEY_TONE_LEVEL, "doubtful");
  assert_decides (rules, "please do", PARLEY_TONE_LEVEL, "begins");
  assert_decides (rules, "do please", PARLEY_TONE_LEVEL, "doubtful");
  assert_decides (rules, "this and", PARLEY_TONE_LEVEL, "ends");
  assert_decides (rules, "the sand", PARLEY_TONE_LEVEL, "doubtful");
  assert_decides (rules, "a dark blue", PARLEY_TONE_LEVEL, "ends");
  assert_decides (rules, "my order number 12", PARLEY_TONE_LEVEL, "has");
  assert_decides (rules, "my order number one two", PARLEY_TONE_LEVEL,
      "doubtful");
  assert_decides (rules, "my order number one 1 2 3 4", PARLEY_TONE_LEVEL,
      "has");
  assert_decides (rules, "order number 1234", PARLEY_TONE_LEVEL, "doubtful");
  assert_decides (rules, "border number 123", PARLEY_TONE_LEVEL, "doubtful");
  assert_decides (rules, "dark blue one1 red 12", PARLEY_TONE_LEVEL, "pattern");
  assert_decides (rules, "really?", PARLEY_TONE_LEVEL, "marks");
  assert_decides (rules, "a b c d e f", PARLEY_TONE_LEVEL, "doubtful");
  assert_decides (rules, "a b c d e f g", PARLEY_TONE_LEVEL, "words");
  assert_decides (rules, "a b", PARLEY_TONE_RISING, "tone");
  assert_decides (rules, NULL, PARLEY_TONE_HELD, "tone");
  assert_decides (rules, "", PARLEY_TONE_UNKNOWN, "doubtful");
}

static void
test_first_rule (void)
{
  g_autoptr (ParleyEndpointRules) rules = rules_of ("[rule a]\nends = x\n"
      "wait = 90\n[rule b]\nends = y, x\nwait = 0\n");

  g_assert_cmpuint (wait_of (rules, "x", PARLEY_TONE_LEVEL), ==, 90);
  g_assert_cmpuint (wait_of (rules, "y", PARLEY_TONE_LEVEL), ==, 0);
  g_assert_cmpuint (wait_of (rules, "z", PARLEY_TONE_LEVEL), ==, 50);
  g_assert_cmpuint (wait_of (NULL, "x", PARLEY_TONE_LEVEL), ==, 50);
}

static void
test_broken (void)
{
  static const struct
  {
    const gchar *data, *message;
  } cases[] = {
    {"", "x.rules: no rule: give at least one [rule NAME]"},
    {"[rule a]\n", "x.rules, [rule a]: wait is missing: 0 is the least "
          "silence, 50 the middle, 100 the most"},
    {"[rule a]\nwait = 101\n", "x.rules, [rule a], wait: \"101\" is no "
          "percentage: 0 is the least silence, 50 the middle, 100 the most"},
    {"[rule a]\nwait = soon\n", "x.rules, [rule a], wait: \"soon\" is no "
          "percentage: 0 is the least silence, 50 the middle, 100 the most"},
    {"[rule a]\nend = x\nwait = 1\n", "x.rules, [rule a], end: no such key: "
          "there are wait, only, begins, ends, has, pattern, marks, digits, "
          "words and tone"},
    {"[rule a]\nends = @b\nwait = 1\n", "x.rules, [rule a], ends: there is no "
          "list \"b\" in [lists] above"},
    {"[rule a]\nends = x, !\nwait = 1\n", "x.rules, [rule a], ends: \"!\" has "
          "no words"},
    {"[rule a]\nends =\nwait = 1\n", "x.rules, [rule a], ends: no words: "
          "separate them by commas"},
    {"[rule a]\ndigits = 9-7\nwait = 1\n", "x.rules, [rule a], digits: \"9-7\" "
          "is no number from 0 to 63, nor a range such as 7-10 or 11-"},
    {"[rule a]\ntone = high\nwait = 1\n", "x.rules, [rule a], tone: no tone "
          "\"high\": there are falling, level, held, rising and unknown"},
    {"[rule a]\nwait = 1\n[rule a]\nwait = 2\n", "x.rules, [rule a]: there "
          "twice: put something behind the name, as in [rule date day-month]"},
    {"[rule A]\nwait = 1\n", "x.rules, [rule A]: a rule's name is of the "
          "letters a to z, digits and dashes"},
    {"[ruel a]\nwait = 1\n", "x.rules, [ruel a]: no such section: there are "
          "[numbers], [lists] and [rule NAME]"},
    {"[numbers]\n100 = hundred\n", "x.rules, [numbers], 100: no such key: "
          "there are 0 to 99, twice, thrice and joiner"},
    {"[rule a]\nends = \xff\nwait = 1\n", "x.rules: not UTF-8"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (parley_endpoint_rules_new (cases[i].data,
            strlen (cases[i].data), "x.rules", &error));
    g_assert_nonnull (error);
    g_assert_cmpstr (error->message, ==, cases[i].message);
  }
}

static void
test_broken_pattern (void)
{
  const gchar *data = "[rule a]\npattern = (x\nwait = 1\n";
  g_autoptr (GError) error = NULL;

  g_assert_null (parley_endpoint_rules_new (data, strlen (data), "x.rules",
          &error));
  g_assert_true (g_str_has_prefix (error->message,
          "x.rules, [rule a], pattern: not a regular expression: "));
}

static void
test_load (void)
{
  g_autofree gchar *dir = g_dir_make_tmp ("rules-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (dir, "own.rules", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (ParleyEndpointRules) rules = NULL;
  g_autoptr (ParleyEndpointRules) again = NULL;

  g_assert_null (parley_endpoint_rules_load (path, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (path, "[rule own]\nwait = 7\n", -1,
          NULL));
  rules = parley_endpoint_rules_load (path, &error);
  g_assert_no_error (error);
  assert_decides (rules, "anything", PARLEY_TONE_LEVEL, "own");
  g_assert_cmpint (g_remove (path), ==, 0);
  again = parley_endpoint_rules_load (path, &error);
  g_assert_true (again == rules);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

/* --- the languages --- */

static void
assert_language (const gchar * language, const gchar * const (*cases)[2])
{
  g_autoptr (ParleyEndpointRules) rules =
      parley_endpoint_rules_for_language (language);

  g_assert_nonnull (rules);
  for (guint i = 0; cases[i][0]; i++)
    assert_decides (rules, cases[i][0], PARLEY_TONE_LEVEL, cases[i][1]);
}

static void
test_english (void)
{
  static const gchar *const cases[][2] = {
    {"I would like to book a table and", "conjunction"},
    {"I'd like a table for", "unfinished"},
    {"My number is", "announced"},
    {"Yeah, um", "hesitation"},
    {"Yes.", "yes-no"},
    {"no thank you", "yes-no"},
    {"my number is five five five", "digits"},
    {"my number is five five five, zero one", "digits"},
    {"my phone number is 555 0123 44", "digits"},
    {"my number is five five five, zero one two, three four five six",
        "phone-number"},
    {"It's (503) 555-0123.", "phone-number"},
    {"my zip code is nine seven two", "digits"},
    {"my zip code is nine seven two zero one", "postcode"},
    {"it's SW1A 1AA", "postcode"},
    {"jo at example dot com", "email"},
    {"jo@example.com", "email"},
    {"my email is jo at", "email"},
    {"on the fifth of march", "date"},
    {"March 5th", "date"},
    {"march the twenty third", "date"},
    {"at three thirty", "time"},
    {"ten o'clock", "time"},
    {"I want to change my order.", "sentence"},
    {"Can I still change my order?", "question"},
    {"the small one,", "comma"},
    {"if you have it", "unfinished"},
    {"when do you open on Sunday", "question"},
    {"okay great thank you", "closing"},
    {"the blue suitcase with wheels", "doubtful"},
    {NULL}
  };

  assert_language ("en-US", cases);
}

static void
test_tones_matter (void)
{
  g_autoptr (ParleyEndpointRules) rules =
      parley_endpoint_rules_for_language ("en");
  const gchar *text = "the blue suitcase with wheels";

  g_assert_cmpuint (wait_of (rules, text, PARLEY_TONE_FALLING), <, 50);
  g_assert_cmpuint (wait_of (rules, text, PARLEY_TONE_HELD), >, 50);
  g_assert_cmpuint (wait_of (rules, text, PARLEY_TONE_RISING), >, 50);
  g_assert_cmpuint (wait_of (rules, NULL, PARLEY_TONE_FALLING), <, 50);
  g_assert_cmpuint (wait_of (rules, NULL, PARLEY_TONE_RISING), >, 50);
}

/* Each language tells the same situations apart. */
static void
test_all_languages (void)
{
  static const gchar *const cases[][4] = {
    /* conjunction, announced, yes, hesitation */
    {"de", "ich möchte einen Termin und", "meine Nummer ist", "Ja, gerne."},
    {"en", "I want a table and", "my number is", "Yes, please."},
    {"es", "quiero una mesa y", "mi número es", "Sí, claro."},
    {"fr", "je voudrais une table et", "mon numéro est le", "Oui, bien sûr."},
    {"it", "vorrei un tavolo e", "il mio numero è", "Sì, certo."},
    {"nl", "ik wil een tafel en", "mijn nummer is", "Ja, graag."},
    {"pt", "eu queria uma mesa e", "o meu número é", "Sim, claro."},
  };
  const gchar *const *codes = parley_endpoint_rules_languages ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (ParleyEndpointRules) rules =
        parley_endpoint_rules_for_language (cases[i][0]);

    g_assert_cmpstr (codes[i], ==, cases[i][0]);
    assert_decides (rules, cases[i][1], PARLEY_TONE_LEVEL, "conjunction");
    assert_decides (rules, cases[i][2], PARLEY_TONE_LEVEL, "announced");
    assert_decides (rules, cases[i][3], PARLEY_TONE_LEVEL, "yes-no");
  }
  g_assert_null (codes[G_N_ELEMENTS (cases)]);
}

static void
test_numbers_of_languages (void)
{
  static const gchar *const cases[][3] = {
    {"de", "meine Nummer ist null eins sieben sechs",
        "null eins sieben sechs, zwölf, einundzwanzig, dreiundvierzig acht"},
    {"es", "mi número es seis uno dos",
        "seis uno dos, treinta y cuatro, cincuenta y seis, setenta y ocho"},
    {"fr", "mon numéro est le zéro six, douze",
        "zéro six, douze, trente-quatre, soixante et onze, "
          "quatre-vingt-dix-sept"},
    {"it", "il mio numero è tre quattro sette",
        "tre quattro sette ventuno trentadue quarantatré otto"},
    {"nl", "mijn nummer is nul zes",
        "nul zes, twaalf, eenentwintig, drieënveertig, zestien"},
    {"pt", "o meu número é nove um dois",
        "nove um dois trinta e quatro cinquenta e seis setenta e oito"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (ParleyEndpointRules) rules =
        parley_endpoint_rules_for_language (cases[i][0]);

    assert_decides (rules, cases[i][1], PARLEY_TONE_LEVEL, "digits");
    g_assert_cmpuint (wait_of (rules, cases[i][1], PARLEY_TONE_LEVEL), >, 80);
    assert_decides (rules, cases[i][2], PARLEY_TONE_LEVEL, "phone-number");
    g_assert_cmpuint (wait_of (rules, cases[i][2], PARLEY_TONE_LEVEL), <, 50);
  }
}

/* Whatever a recogniser may write, every language has a verdict. */
static void
test_random_texts (void)
{
  static const gchar *const pieces[] = { "and", "five", "20", "…", "-", "@",
    "ß", "\xcc\x81", "’", "quatre", "vingt", "double", ".", ",", "日本",
    "é",
    "number", "is", "on the", "march", "7th", "\t", "  ", "?!", "\xc2\xa0"
  };
  const gchar *const *codes = parley_endpoint_rules_languages ();

  for (guint i = 0; i < 3000; i++) {
    g_autoptr (ParleyEndpointRules) rules =
        parley_endpoint_rules_for_language (codes[i % 7]);
    g_autoptr (GString) text = g_string_new (NULL);
    ParleyEndpointVerdict verdict;

    for (gint n = g_test_rand_int_range (0, i % 300 + 1); n > 0; n--) {
      g_string_append (text, pieces[g_test_rand_int_range (0,
                  G_N_ELEMENTS (pieces))]);
      if (g_test_rand_bit ())
        g_string_append_c (text, ' ');
    }
    parley_endpoint_rules_decide (rules, text->str,
        g_test_rand_int_range (0, PARLEY_N_TONES), &verdict);
    g_assert_nonnull (verdict.reason);
    g_assert_cmpuint (verdict.wait, <=, PARLEY_ENDPOINT_MOST);
  }
}

static void
test_unknown_language (void)
{
  g_assert_null (parley_endpoint_rules_for_language ("tlh"));
  g_assert_null (parley_endpoint_rules_for_language (""));
}

/* What is a label of a metric. */
static void
test_reasons (void)
{
  const gchar *const *codes = parley_endpoint_rules_languages ();
  const gchar *const *reasons = parley_endpoint_reasons ();

  for (guint i = 1; i < PARLEY_ENDPOINT_REASONS; i++)
    g_assert_cmpstr (reasons[i - 1], <, reasons[i]);
  for (guint i = 0; codes[i]; i++) {
    g_autofree gchar *name = g_strconcat (codes[i], ".rules", NULL);
    g_autofree gchar *path = g_build_filename (g_getenv ("PARLEY_SOURCE"),
        "gst-plugins", "libparley", "turn", "rules", name, NULL);
    g_autofree gchar *data = NULL;

    g_assert_true (g_file_get_contents (path, &data, NULL, NULL));
    for (const gchar * at = strstr (data, "\n[rule "); at;
        at = strstr (at + 1, "\n[rule ")) {
      const gchar *begin = at + strlen ("\n[rule ");
      g_autofree gchar *rule = g_strndup (begin, strcspn (begin, " ]"));
      gboolean known = FALSE;

      for (guint j = 0; j < PARLEY_ENDPOINT_REASONS; j++)
        known |= g_str_equal (reasons[j], rule);
      g_test_message ("%s: %s", codes[i], rule);
      g_assert_true (known);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/endpointrules/words", test_words);
  g_test_add_func ("/endpointrules/long-text", test_long_text);
  g_test_add_func ("/endpointrules/conditions", test_conditions);
  g_test_add_func ("/endpointrules/first-rule", test_first_rule);
  g_test_add_func ("/endpointrules/broken", test_broken);
  g_test_add_func ("/endpointrules/broken-pattern", test_broken_pattern);
  g_test_add_func ("/endpointrules/load", test_load);
  g_test_add_func ("/endpointrules/english", test_english);
  g_test_add_func ("/endpointrules/tones-matter", test_tones_matter);
  g_test_add_func ("/endpointrules/all-languages", test_all_languages);
  g_test_add_func ("/endpointrules/numbers", test_numbers_of_languages);
  g_test_add_func ("/endpointrules/random-texts", test_random_texts);
  g_test_add_func ("/endpointrules/unknown-language", test_unknown_language);
  g_test_add_func ("/endpointrules/reasons", test_reasons);
  return g_test_run ();
}
