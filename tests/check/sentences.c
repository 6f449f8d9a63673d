/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/passage.h"
#include "providers/llm/sentences.h"

#include <string.h>

/* What comes out is written with " | " between the sentences, and what is of an
 * uninterruptible passage in <>. */
typedef struct
{
  const gchar *text;
  const gchar *expected;
} Case;

static void
drain (ParleySentences * sentences, GString * out)
{
  gchar *sentence;

  while ((sentence = parley_sentences_next (sentences))) {
    g_assert_cmpstr (sentence, !=, "");
    g_string_append_printf (out,
        parley_sentences_was_in_passage (sentences) ? "%s<%s>" : "%s%s",
        out->len ? " | " : "", sentence);
    g_free (sentence);
  }
}

/* Of a first clause that goes alone; 0: none does. */
static guint clause_words;

/* Feeds @text in pieces of 1 to @most bytes; @rand NULL: all at once. */
static gchar *
split (const gchar * text, GRand * rand, gint most)
{
  ParleySentences *sentences = parley_sentences_new ();
  GString *out = g_string_new (NULL);
  gsize length = strlen (text), at = 0;

  parley_sentences_set_first_clause (sentences, clause_words);
  while (at < length) {
    gsize n = rand ? (gsize) g_rand_int_range (rand, 1, most + 1) : length;
    gchar *piece = g_strndup (text + at, MIN (n, length - at));

    parley_sentences_feed (sentences, piece);
    g_free (piece);
    at += n;
    drain (sentences, out);
  }
  parley_sentences_finish (sentences);
  drain (sentences, out);
  parley_sentences_free (sentences);
  return g_string_free (out, FALSE);
}

static void
check_cases (gconstpointer data)
{
  const Case *c;

  for (c = data; c->text; c++) {
    gchar *out = split (c->text, NULL, 0);

    g_assert_cmpstr (out, ==, c->expected);
    g_free (out);
  }
}

static const Case plain[] = {
  {"Hello there. How are you? Fine!", "Hello there. | How are you? | Fine!"},
  {"no stop at all", "no stop at all"},
  {"hello. how are you.", "hello. | how are you."},
  {"", ""},
  {"   \n \n", ""},
  {"Really?! Yes!! Wow!?!", "Really?! | Yes!! | Wow!?!"},
  {"One.  Two.\tThree.\nFour.", "One. | Two. | Three. | Four."},
  {"That is it . Good .", "That is it . | Good ."},
  {NULL},
};

static const Case abbreviations[] = {
  {"Dr. Smith and Mr. Jones met Mrs. Hale. They talked.",
      "Dr. Smith and Mr. Jones met Mrs. Hale. | They talked."},
  {"Bring fruit, e.g. apples, i.e. Fruit. Thanks.",
      "Bring fruit, e.g. apples, i.e. Fruit. | Thanks."},
  {"Tea, coffee, etc. are free. Milk, etc. The rest costs.",
      "Tea, coffee, etc. are free. | Milk, etc. | The rest costs."},
  {"The U.S. Army left the U.S. They sailed.",
      "The U.S. Army left the U.S. | They sailed."},
  {"No. 5 is alive. No. I mean it.", "No. 5 is alive. | No. | I mean it."},
  {"It is on Main St. near St. Mary. Come by.",
      "It is on Main St. near St. Mary. | Come by."},
  {"We open at 9 a.m. and close at 5 p.m. Monday to Friday. See you.",
      "We open at 9 a.m. and close at 5 p.m. Monday to Friday. | See you."},
  {"We close at 5 p.m. Call us tomorrow.",
      "We close at 5 p.m. | Call us tomorrow."},
  {"Cats vs. Dogs is out. Acme Inc. makes it. Acme Inc. The end.",
      "Cats vs. Dogs is out. | Acme Inc. makes it. | Acme Inc. | The end."},
  {"It takes approx. 5 min. Please wait.",
      "It takes approx. 5 min. | Please wait."},
  {"Due Jan. 5 or in Feb. The rest is free.",
      "Due Jan. 5 or in Feb. | The rest is free."},
  {"J. R. R. Tolkien wrote it. J.K. Rowling did not.",
      "J. R. R. Tolkien wrote it. | J.K. Rowling did not."},
  {"Take plan B. Then call me.", "Take plan B. | Then call me."},
  {"He sat. Then he stood in the sun. It was hot.",
      "He sat. | Then he stood in the sun. | It was hot."},
  {"See fig. 3 and p. 12. Good.", "See fig. 3 and p. 12. | Good."},
  {"Am 3. Mai um 10 Uhr. Bis dann, z. B. mit Dr. Maier. Gut.",
      "Am 3. Mai um 10 Uhr. | Bis dann, z. B. mit Dr. Maier. | Gut."},
  {"Das ist d.h. so, bzw. anders usw. Danach geht es.",
      "Das ist d.h. so, bzw. anders usw. | Danach geht es."},
  {"Er wohnt Hauptstr. 5. Sie wohnt Apt. 7. Gut.",
      "Er wohnt Hauptstr. 5. | Sie wohnt Apt. 7. | Gut."},
  {"El Sr. López y la Dra. Ruiz, p.ej. Hola. Adiós.",
      "El Sr. López y la Dra. Ruiz, p.ej. Hola. | Adiós."},
  {"M. Dupont et Mme. Blanc arrivent. Merci.",
      "M. Dupont et Mme. Blanc arrivent. | Merci."},
  {"Il Sig. Rossi e il Dott. Verdi ecc. Grazie.",
      "Il Sig. Rossi e il Dott. Verdi ecc. | Grazie."},
  {NULL},
};

static const Case numbers[] = {
  {"It is 3.5 km. Go.", "It is 3.5 km. | Go."},
  {"It is 3. Go.", "It is 3. | Go."},
  {"Pi is 3.14. It costs $4.99. Or 1.000,50 euros.",
      "Pi is 3.14. | It costs $4.99. | Or 1.000,50 euros."},
  {"Use v2.0.1. Not v1.", "Use v2.0.1. | Not v1."},
  {"That was 1999. Then came 2000.", "That was 1999. | Then came 2000."},
  {"Save 5%. Now.", "Save 5%. | Now."},
  {NULL},
};

static const Case addresses[] = {
  {"Write to a.b@mail.example.com. Thanks.",
      "Write to a.b@mail.example.com. | Thanks."},
  {"See www.example.com/a.html?q=1.5&b=!x for more. Bye.",
      "See www.example.com/a.html?q=1.5&b=!x for more. | Bye."},
  {"Visit example.com! Or example.org? Yes.",
      "Visit example.com! | Or example.org? | Yes."},
  {"Node.js is fine. So is ASP.NET. And .NET too.",
      "Node.js is fine. | So is ASP.NET. | And .NET too."},
  {NULL},
};

static const Case marks[] = {
  {"Well... maybe. Hmm... I see. Wait…what? Oh… Yes.",
      "Well... maybe. | Hmm... | I see. | Wait…what? | Oh… | Yes."},
  {"\"Stop.\" He left. (Really.) She said \"Why?\" and went.",
      "\"Stop.\" | He left. | (Really.) | She said \"Why?\" and went."},
  {"It is “done.” Good. It's ‘over.’ Yes. [See it.] Now.",
      "It is “done.” | Good. | It's ‘over.’ | Yes. | [See it.] | Now."},
  {"**Stop!** now. **Bold.** Next.", "**Stop!** now. | **Bold.** | Next."},
  {"¿Qué tal? ¡Muy bien! ¡Hola!¿Cómo está?",
      "¿Qué tal? | ¡Muy bien! | ¡Hola! | ¿Cómo está?"},
  {"« Bonjour ! » Il part. Ça va ? Oui.",
      "« Bonjour ! » | Il part. | Ça va ? | Oui."},
  {"你好。你好吗？很好！「是的。」走吧",
      "你好。 | 你好吗？ | 很好！ | 「是的。」 | 走吧"},
  {"「行きます。」と言いました。はい。",
      "「行きます。」と言いました。 | はい。"},
  {"... Hello. !!! Yes.", "... Hello. | !!! Yes."},
  {"Great! 😀 Bye. 😀", "Great! | 😀 Bye."},
  {"Great!😀 Bye.", "Great!😀 | Bye."},
  {"...", ""}, {"?!", ""}, {"😀", ""}, {"- \n- ", ""},
  {NULL},
};

static const Case lines[] = {
  {"You can have:\n- Tea\n- Coffee\n\nWhat is it?",
      "You can have: | - Tea | - Coffee | What is it?"},
  {"1. Open it.\n2. Close it\n3) Go", "1. Open it. | 2. Close it | 3) Go"},
  {"A title\n\nA text that\ngoes on. End",
      "A title | A text that\ngoes on. | End"},
  {"# Title\nText here.\n> Quote\n| a | b |\n|---|---|\n| 1 | 2 |",
      "# Title | Text here. | > Quote | | a | b | | | 1 | 2 |"},
  {"Dr.\n\nNext etc.\n- one", "Dr. | Next etc. | - one"},
  {"Here:\n```python\nprint ('a. b')\nx = 1\n```\nThat is it.",
      "Here: | That is it."},
  {"Text.\n~~~\ncode. More! Yes?", "Text."},
  {"```code``` is inline. Yes.", "```code``` is inline. | Yes."},
  {"One\r\n\r\nTwo\r\nthree.", "One | Two\r\nthree."},
  {"• Tea\n• Milk", "• Tea | • Milk"},
  {"-5 degrees.\n-3 today.", "-5 degrees. | -3 today."},
  {NULL},
};

static void
test_waits_for_what_decides (void)
{
  ParleySentences *sentences = parley_sentences_new ();
  gchar *sentence;

  parley_sentences_feed (sentences, "It is 3.");
  g_assert_null (parley_sentences_next (sentences));
  parley_sentences_feed (sentences, "5 km.");
  g_assert_null (parley_sentences_next (sentences));
  parley_sentences_finish (sentences);
  sentence = parley_sentences_next (sentences);
  g_assert_cmpstr (sentence, ==, "It is 3.5 km.");
  g_free (sentence);
  g_assert_null (parley_sentences_next (sentences));
  parley_sentences_free (sentences);
}

static void
test_yields_at_the_blank (void)
{
  ParleySentences *sentences = parley_sentences_new ();
  gchar *sentence;

  parley_sentences_feed (sentences, "We are open. ");
  sentence = parley_sentences_next (sentences);
  g_assert_cmpstr (sentence, ==, "We are open.");
  g_free (sentence);
  parley_sentences_free (sentences);
}

static void
test_reset_forgets (void)
{
  ParleySentences *sentences = parley_sentences_new ();
  gchar *sentence;

  parley_sentences_feed (sentences, "Half of a sent\xc3");
  parley_sentences_finish (sentences);
  parley_sentences_reset (sentences);
  g_assert_null (parley_sentences_next (sentences));
  parley_sentences_feed (sentences, "New. ");
  sentence = parley_sentences_next (sentences);
  g_assert_cmpstr (sentence, ==, "New.");
  g_free (sentence);
  parley_sentences_free (sentences);
}

static void
test_invalid_bytes_are_replaced (void)
{
  gchar *out = split ("a\xff" "b \xe2\x82. Yes\xc3", NULL, 0);

  g_assert_true (g_utf8_validate (out, -1, NULL));
  g_assert_cmpstr (out, ==, "a\uFFFDb \uFFFD\uFFFD. | Yes\uFFFD");
  g_free (out);
}

static void
test_long_text_is_bounded (void)
{
  GString *text = g_string_new (NULL);
  gchar **pieces, *out;
  guint i;

  for (i = 0; i < 400; i++)
    g_string_append (text, i % 10 == 9 ? "word, " : "word ");
  for (i = 0; i < 1000; i++)
    g_string_append (text, "ä");
  out = split (text->str, NULL, 0);
  pieces = g_strsplit (out, " | ", -1);
  for (i = 0; pieces[i]; i++) {
    g_assert_cmpint (g_utf8_strlen (pieces[i], -1), <=, PARLEY_SENTENCE_MAX);
    if (i == 0)
      g_assert_true (g_str_has_suffix (pieces[i], ","));
  }
  g_assert_cmpuint (i, >, 5);
  g_strfreev (pieces);
  g_free (out);
  g_string_free (text, TRUE);
}

/* A first clause of four words. */
static const Case clauses[] = {
  {"You can come on Monday, or on any other day. Fine, I say to you, all is "
        "well.", "You can come on Monday, | or on any other day. | Fine, I say "
        "to you, all is well."},
  {"Well, you can come on Monday: we open at nine.",
      "Well, you can come on Monday: | we open at nine."},
  {"We are open every day - even now it seems.",
      "We are open every day - | even now it seems."},
  {"We are open every day — even now it seems.",
      "We are open every day — | even now it seems."},
  /* Too short, too little left, or none at all. */
  {"Yes, of course, you can.", "Yes, of course, you can."},
  {"You can come on Monday, please. Thanks.",
      "You can come on Monday, please. | Thanks."},
  {"You can come on Monday, Mr. Jones said. Thanks.",
      "You can come on Monday, Mr. Jones said. | Thanks."},
  {"That makes exactly now 1,000 euros and 3:30 hours in well-known places.",
      "That makes exactly now 1,000 euros and 3:30 hours in well-known "
        "places."},
  {"We have (as you know very well, by now) all of it there.",
      "We have (as you know very well, by now) all of it there."},
  {"She said \"come on over to me, when you like to\" and left, which was "
        "good of her.", "She said \"come on over to me, when you like to\" and "
        "left, | which was good of her."},
  {"- You can come on Monday, or on any day.\n- No.",
      "- You can come on Monday, or on any day. | - No."},
  {"您可以在星期一过来，或者在星期二过来。好。",
      "您可以在星期一过来， | 或者在星期二过来。 | 好。"},
  {"Sie können am Montag kommen, oder an jedem anderen Tag.",
      "Sie können am Montag kommen, | oder an jedem anderen Tag."},
  {"You can come on Monday,", "You can come on Monday,"},
  {NULL},
};

static void
test_first_clause (void)
{
  clause_words = 4;
  check_cases (clauses);
  clause_words = 0;
}

/* It does not wait for the sentence. */
static void
test_first_clause_at_once (void)
{
  ParleySentences *sentences = parley_sentences_new ();
  gchar *clause;

  parley_sentences_set_first_clause (sentences, 4);
  parley_sentences_feed (sentences, "You can come on Monday, or any ");
  g_assert_null (parley_sentences_next (sentences));
  parley_sentences_feed (sentences, "o");
  clause = parley_sentences_next (sentences);
  g_assert_cmpstr (clause, ==, "You can come on Monday,");
  g_free (clause);
  /* A reset makes the next one the first. */
  parley_sentences_reset (sentences);
  parley_sentences_feed (sentences, "You can come on Monday, or any other");
  clause = parley_sentences_next (sentences);
  g_assert_cmpstr (clause, ==, "You can come on Monday,");
  g_free (clause);
  parley_sentences_free (sentences);
}

/* Passages */

#define ON "<no-barge-in>"
#define OFF "</no-barge-in>"

static const Case passages[] = {
  {ON "This call is recorded." OFF " How can I help?",
      "<This call is recorded.> | How can I help?"},
  {"Hi. " ON "One. Two!" OFF " Three.", "Hi. | <One.> | <Two!> | Three."},
  /* A border ends a sentence, and the stop behind it belongs to it. */
  {"Well " ON "it is recorded" OFF ". And you?",
      "Well | <it is recorded.> | And you?"},
  {ON "it is recorded" OFF "... Fine.", "<it is recorded...> | Fine."},
  {ON "it is recorded" OFF ", fine.", "<it is recorded,> | fine."},
  {ON "it is recorded" OFF " fine", "<it is recorded> | fine"},
  {ON "It is recorded." OFF "Fine.", "<It is recorded.> | Fine."},
  {ON "All of it. To the end." OFF, "<All of it.> | <To the end.>"},
  {"Ay. " ON "By." OFF " " ON "Cy." OFF " Dy.", "Ay. | <By.> | <Cy.> | Dy."},
  {"Ay. " ON "B" OFF ON "C" OFF " Dy.", "Ay. | <B> | <C> | Dy."},
  {ON "We take Visa, e.g. for 3.5 dollars. OK?" OFF "Yes.",
      "<We take Visa, e.g. for 3.5 dollars.> | <OK?> | Yes."},
  /* As models write it. */
  {"<NO-BARGE-IN>Ay.</No-Barge-In> By.", "<Ay.> | By."},
  {"<no_barge_in>Ay.</no_barge_in> By.", "<Ay.> | By."},
  {"<nobargein>Ay.</nobargein> By.", "<Ay.> | By."},
  {"<no\u2011barge\u2010in>Ay.</no\u2011barge\u2011in> By.", "<Ay.> | By."},
  {"< no-barge-in >Ay.< / no-barge-in > By.", "<Ay.> | By."},
  {"<no-barge-in reason=\"legal\">Ay.</no-barge-in> By.", "<Ay.> | By."},
  {"**" ON "A b." OFF "** Cy.", "<A b.> | ** Cy."},
  {"`" ON "`A b.`" OFF "` Cy.", "<`A b.``> | Cy."},
  {"- " ON "A b." OFF "\n- C", "<A b.> | - C"},
  {"Hi.\n\n" ON "\nA b.\n" OFF "\n\nCy.", "Hi. | <A b.> | Cy."},
  /* Nested, unbalanced, nothing in it. */
  {ON "Ay. " ON "By." OFF " Cy." OFF " Dy.", "<Ay.> | <By.> | Cy. | Dy."},
  {"Ay. " OFF "By.", "Ay. | By."},
  {"A b" OFF " c d.", "A b c d."},
  {"Ay. " ON "By. Cy.", "Ay. | <By.> | <Cy.>"},
  {"Ay. " ON, "Ay."},
  {ON OFF "A b.", "A b."},
  {"A" ON OFF "b.", "A | b."},
  {ON " " OFF " Ay.", "Ay."},
  {"A <no-barge-in/> b.", "A  b."},
  /* Broken tags are not spoken. */
  {"Ay. <no-barge-in B cc. Dy.", "Ay. | <B cc.> | <Dy.>"},
  {"Ay. <no-barge-in <b>Cy.</b>", "Ay. | <<b>Cy.</b>>"},
  {"Ay. <no-barge-in\nBy.", "Ay. | <By.>"},
  {"A b. <no-bar", "A b."},
  {"A b. </", "A b."},
  {ON "A b.</no-barge-i", "<A b.>"},
  {ON "A b.</no-barge-in", "<A b.>"},
  /* Others' tags and signs. */
  {"<b>A</b> 3 < 4 <no> <no-barge-inn> <no-barge-in-2> <x", "<b>A</b> 3 < 4 "
        "<no> <no-barge-inn> <no-barge-in-2> <x"},
  {"No < no bb. 5 <", "No < no bb. | 5 <"},
  {NULL},
};

/* Wherever the text is cut in two, and in three where it is short. */
static void
check_every_cut (const Case * c)
{
  gsize length = strlen (c->text);

  for (gsize i = 0; i <= length; i++)
    for (gsize j = i; j <= (length < 40 ? length : i); j++) {
      ParleySentences *sentences = parley_sentences_new ();
      g_autoptr (GString) out = g_string_new (NULL);
      g_autofree gchar *first = g_strndup (c->text, i);
      g_autofree gchar *second = g_strndup (c->text + i, j - i);

      parley_sentences_feed (sentences, first);
      drain (sentences, out);
      parley_sentences_feed (sentences, second);
      drain (sentences, out);
      parley_sentences_feed (sentences, c->text + j);
      drain (sentences, out);
      parley_sentences_finish (sentences);
      drain (sentences, out);
      g_assert_cmpstr (out->str, ==, c->expected);
      g_assert_false (parley_sentences_is_in_passage (sentences));
      parley_sentences_free (sentences);
    }
}

static void
test_passages (void)
{
  check_cases (passages);
  for (const Case * c = passages; c->text; c++)
    check_every_cut (c);
}

/* A voice behind it must know at once that a passage is over, or goes on. */
static void
test_passage_at_once (void)
{
  ParleySentences *sentences = parley_sentences_new ();
  g_autoptr (GString) out = g_string_new (NULL);

  parley_sentences_feed (sentences, "Hi. " ON "It is so. ");
  drain (sentences, out);
  g_assert_cmpstr (out->str, ==, "Hi. | <It is so.>");
  g_assert_true (parley_sentences_is_in_passage (sentences));
  parley_sentences_feed (sentences, "Yes.</no-barge-in");
  drain (sentences, out);
  g_assert_cmpstr (out->str, ==, "Hi. | <It is so.>");
  parley_sentences_feed (sentences, ">");
  drain (sentences, out);
  g_assert_cmpstr (out->str, ==, "Hi. | <It is so.> | <Yes.>");
  g_assert_false (parley_sentences_is_in_passage (sentences));
  /* A reset forgets that one is open. */
  parley_sentences_feed (sentences, ON "Ay. ");
  drain (sentences, out);
  g_assert_true (parley_sentences_is_in_passage (sentences));
  parley_sentences_finish (sentences);
  parley_sentences_reset (sentences);
  parley_sentences_feed (sentences, "By. ");
  drain (sentences, out);
  g_assert_true (g_str_has_suffix (out->str, " | <Ay.> | By."));
  parley_sentences_free (sentences);
}

/* A reader waits for no more than so much. */
static void
test_tag_is_bounded (void)
{
  static const gchar *const begins[] =
      { "<no-barge-in", "< / no\u2011barge-in ",
    "<no-barge-in a=", "<n", "<"
  };

  for (guint i = 0; i < G_N_ELEMENTS (begins); i++) {
    g_autoptr (GString) text = g_string_new (begins[i]);
    gsize length;

    while (text->len < PARLEY_PASSAGE_TAG_MAX)
      g_string_append_c (text, ' ');
    g_assert_cmpint (parley_passage_tag (text->str, text->len, FALSE, &length),
        !=, PARLEY_PASSAGE_MORE);
  }
}

static void
test_strip (void)
{
  static const Case cases[] = {
    {"A " ON "b." OFF " c < 3 <b>d</b>", "A b. c < 3 <b>d</b>"},
    {"A.<no-bar", "A."},
    {"<", "<"},
    {"", ""},
    {NULL},
  };

  for (const Case * c = cases; c->text; c++) {
    g_autofree gchar *stripped = parley_passage_strip (c->text);

    g_assert_cmpstr (stripped, ==, c->expected);
  }
}

static void
check_every_chunking (const gchar * text, GRand * rand)
{
  gchar *whole = split (text, NULL, 0);
  guint i;

  for (i = 0; i < 12; i++) {
    gchar *pieces = split (text, rand, i < 2 ? 1 : i);

    g_assert_cmpstr (pieces, ==, whole);
    g_free (pieces);
  }
  g_free (whole);
}

static void
test_same_for_every_chunking (gconstpointer words)
{
  const Case *tables[] = { plain, abbreviations, numbers, addresses, marks,
    lines, clauses, passages
  };
  GRand *rand = g_rand_new_with_seed (20240601);
  GString *all = g_string_new (NULL);
  guint i;

  clause_words = GPOINTER_TO_UINT (words);
  for (i = 0; i < G_N_ELEMENTS (tables); i++) {
    const Case *c;

    for (c = tables[i]; c->text; c++) {
      check_every_chunking (c->text, rand);
      g_string_append (all, c->text);
      g_string_append_c (all, i % 2 ? ' ' : '\n');
    }
  }
  check_every_chunking (all->str, rand);
  clause_words = 0;
  g_string_free (all, TRUE);
  g_rand_free (rand);
}

/* Text made of what the rules are about, and of bytes that are no text. */
static void
test_random_text (gconstpointer words)
{
  static const gchar *const parts[] = {
    "a", "Go", "Dr", "etc", "U.S", "p.m", "No", "3", "12", ".", ".", ". ", "! ",
    "?", "…", "...", "。", "」", "\"", "**", "```", "~~~", "\n", "\n\n",
    "\r\n",
    "- ", "1. ", "# ", "|", "> ", " ", "  ", ",", "é", "好", "😀", "\xff",
    "\xe2",
    "\xf0\x9f", "¿", "«", "»", "The ", "Monday", "Mai", "(", ")",
    "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww", "....................",
    "                                                                 ",
    ", ", ": ", "，", " - ", "one two three ", "\"", ON, ON, OFF, OFF,
    "<no-barge", "<no\u2011", "<", "</", ">",
  };
  GRand *rand = g_rand_new_with_seed (7);
  guint i, j;

  clause_words = GPOINTER_TO_UINT (words);

  for (i = 0; i < (words ? 60 : 400); i++) {
    GString *text = g_string_new (NULL);
    guint n = g_rand_int_range (rand, 1, 120);

    for (j = 0; j < n; j++)
      g_string_append (text,
          parts[g_rand_int_range (rand, 0, G_N_ELEMENTS (parts))]);
    check_every_chunking (text->str, rand);
    g_string_free (text, TRUE);
  }
  for (i = 0; i < (words ? 60 : 200); i++) {
    gchar bytes[301];

    for (j = 0; j < 300; j++)
      bytes[j] = (gchar) g_rand_int_range (rand, 1, 256);
    bytes[300] = 0;
    check_every_chunking (bytes, rand);
  }
  clause_words = 0;
  g_rand_free (rand);
}

gint
main (gint argc, gchar ** argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentences/passages", test_passages);
  g_test_add_func ("/sentences/passages/at-once", test_passage_at_once);
  g_test_add_func ("/sentences/passages/bounded", test_tag_is_bounded);
  g_test_add_func ("/sentences/passages/strip", test_strip);

  g_test_add_data_func ("/sentences/plain", plain, check_cases);
  g_test_add_data_func ("/sentences/abbreviations", abbreviations, check_cases);
  g_test_add_data_func ("/sentences/numbers", numbers, check_cases);
  g_test_add_data_func ("/sentences/addresses", addresses, check_cases);
  g_test_add_data_func ("/sentences/marks", marks, check_cases);
  g_test_add_data_func ("/sentences/lines", lines, check_cases);
  g_test_add_func ("/sentences/waits-for-what-decides",
      test_waits_for_what_decides);
  g_test_add_func ("/sentences/yields-at-the-blank", test_yields_at_the_blank);
  g_test_add_func ("/sentences/reset-forgets", test_reset_forgets);
  g_test_add_func ("/sentences/invalid-bytes", test_invalid_bytes_are_replaced);
  g_test_add_func ("/sentences/long-text", test_long_text_is_bounded);
  g_test_add_func ("/sentences/first-clause", test_first_clause);
  g_test_add_func ("/sentences/first-clause-at-once",
      test_first_clause_at_once);
  g_test_add_data_func ("/sentences/every-chunking", NULL,
      test_same_for_every_chunking);
  g_test_add_data_func ("/sentences/every-chunking-of-clauses",
      GUINT_TO_POINTER (4), test_same_for_every_chunking);
  g_test_add_data_func ("/sentences/random-text", NULL, test_random_text);
  g_test_add_data_func ("/sentences/random-clauses", GUINT_TO_POINTER (3),
      test_random_text);
  return g_test_run ();
}
