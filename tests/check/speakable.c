/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "providers/llm/sentences.h"
#include "providers/llm/speakable.h"

#include <string.h>

typedef struct
{
  const gchar *text;
  const gchar *expected;
} Case;

static void
check_cases (gconstpointer data)
{
  const Case *c;

  for (c = data; c->text; c++) {
    gchar *spoken = parley_speakable (c->text);

    g_assert_cmpstr (spoken, ==, c->expected);
    g_free (spoken);
  }
}

static const Case markdown[] = {
  {"This is **bold** and *italic* and ***both***.",
      "This is bold and italic and both."},
  {"This is __bold__ and _italic_ and ~~gone~~.",
      "This is bold and italic and gone."},
  {"Run `make test` now.", "Run make test now."},
  {"Use ```x``` here.", "Use x here."},
  {"# Title", "Title"}, {"### Title ###", "Title"}, {"C# is #1.", "C# is #1."},
  {"See [our site](https://example.com/a_(b)) today.", "See our site today."},
  {"See [our site][1] and [^2]this.", "See our site and this."},
  {"![A cat](cat.png) sits.", "A cat sits."},
  {"Go to <https://example.com>.", "Go to https://example.com."},
  {"Line<br>break <b>bold</b> 3 < 4 > 2", "Line break bold 3 < 4 > 2"},
  {"- Tea", "Tea"}, {"* Tea", "Tea"}, {"• Tea", "Tea"}, {"- [x] Done",
      "Done"},
  {"1. Open it.", "1. Open it."},
  {"> Quoted *words*", "Quoted words"},
  {"| Day | Open |", "Day, Open"},
  {"| Day | Open |\n|-----|:---:|\n| Mon | 9 |", "Day, Open, Mon, 9"},
  {"---", ""}, {"***", ""}, {"|---|---|", ""},
  {"Look:\n```c\nint a;\n```\nDone.", "Look: Done."},
  {"```python", ""},
  {"\\*not italic\\* and 5\\% off", "not italic and 5% off"},
  {NULL},
};

static const Case halves[] = {
  {"**This is bold.", "This is bold."}, {"And so is this.**",
      "And so is this."},
  {"*One.", "One."}, {"Two.*", "Two."}, {"`code.", "code."},
  {"_One.", "One."}, {"Two._ Yes", "Two. Yes"},
  {"[Click here.", "Click here."}, {"Now](http://example.com) please",
      "Now please"},
  {"Cut](http://exam", "Cut"}, {"~~Old.", "Old."}, {"``` x", ""},
  {NULL},
};

static const Case kept[] = {
  {"It's the dog's, isn’t it?", "It's the dog's, isn’t it?"},
  {"Set my_long_name to __init__.", "Set my_long_name to init."},
  {"2 * 3 is 6, 2*3 too, a * b is c.", "2 * 3 is 6, 2*3 too, a * b is c."},
  {"It costs $5.00 (10% off) & more + tax = fun.",
      "It costs $5.00 (10% off) & more + tax = fun."},
  {"**https://example.com/_a_b_**", "https://example.com/_a_b_"},
  {"Bonjour !", "Bonjour !"}, {"Wait… what?", "Wait… what?"},
  {"-5 degrees", "-5 degrees"},
  {"你好，世界。", "你好，世界。"},
  {NULL},
};

static const Case emoji[] = {
  {"Great 😀!", "Great!"}, {"😀 Hi", "Hi"}, {"Hi👋🏽 there",
      "Hi there"},
  {"Family 👨‍👩‍👧‍👦 day", "Family day"},
  {"Flags 🇩🇪🇫🇷 🏴󠁧󠁢󠁥󠁮󠁧󠁿 here", "Flags here"},
  {"Press 1️⃣ or #️⃣ now", "Press or now"},
  {"I ❤️ it ✅ ☎️ ⭐", "I it"}, {"Brand™️ and ©️ but Brand™",
      "Brand and but Brand™"},
  {"😀😀", ""}, {"👍🏿", ""},
  {NULL},
};

static const Case blanks[] = {
  {"  a \t b\n\nc\u00a0 d  ", "a b c d"}, {"", ""}, {" \n ", ""}, {"...", ""},
  {"zero\u200bwidth\ufeff", "zerowidth"},
  {NULL},
};

/* Whatever is cut by the splitter leaves no mark behind. */
static void
test_split_reply_leaks_no_symbols (void)
{
  const gchar *reply = "Sure! **Here are your options. Pick one:**\n\n"
      "1. **Tea** - hot. *Very hot.*\n2. `Coffee`\n\n```\ncode * here\n```\n"
      "### Done\nSee [the menu. It is long](http://example.com/m). 🎉";
  ParleySentences *sentences = parley_sentences_new ();
  gchar *sentence;

  parley_sentences_feed (sentences, reply);
  parley_sentences_finish (sentences);
  while ((sentence = parley_sentences_next (sentences))) {
    gchar *spoken = parley_speakable (sentence);

    g_assert_cmpstr (spoken, !=, "");
    g_assert_null (strpbrk (spoken, "*`#[]"));
    g_assert_null (strstr (spoken, "code"));
    g_assert_null (strstr (spoken, "http"));
    g_free (spoken);
    g_free (sentence);
  }
  parley_sentences_free (sentences);
}

static void
test_random_text (void)
{
  static const gchar *const parts[] = {
    "a", "B ", "1", " ", "*", "**", "_", "`", "```", "\n", "[", "](", ")", "]",
    "<", ">", "|", "#", "- ", "~~", "\\", "!", "😀", "\u200d", "\ufe0f",
    "http://",
    "\u20e3", "<!--", "-->", "[^", "é",
  };
  GRand *rand = g_rand_new_with_seed (11);
  guint i, j;

  for (i = 0; i < 3000; i++) {
    GString *text = g_string_new (NULL);
    gchar *spoken;

    for (j = 0; j < 25; j++)
      g_string_append (text,
          parts[g_rand_int_range (rand, 0, G_N_ELEMENTS (parts))]);
    spoken = parley_speakable (text->str);
    g_assert_true (g_utf8_validate (spoken, -1, NULL));
    g_assert_null (strstr (spoken, "  "));
    g_assert_null (strchr (spoken, '`'));
    g_free (spoken);
    g_string_free (text, TRUE);
  }
  g_rand_free (rand);
}

gint
main (gint argc, gchar ** argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/speakable/markdown", markdown, check_cases);
  g_test_add_data_func ("/speakable/halves", halves, check_cases);
  g_test_add_data_func ("/speakable/kept", kept, check_cases);
  g_test_add_data_func ("/speakable/emoji", emoji, check_cases);
  g_test_add_data_func ("/speakable/blanks", blanks, check_cases);
  g_test_add_func ("/speakable/split-reply", test_split_reply_leaks_no_symbols);
  g_test_add_func ("/speakable/random-text", test_random_text);
  return g_test_run ();
}
