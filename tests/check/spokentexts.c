/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gst-plugins/elements/spokentexts.h"

/* What counts as heard of one sentence, the only one of reply 1. Behind "One
 * two" there are 21 letters and blanks. */
#define SENTENCE "One two three four five six."

typedef struct
{
  SpokenTexts *texts;
  GArray *words;
} Fixture;

static void
set_up (Fixture * self, gconstpointer data)
{
  self->texts = spoken_texts_new ();
  self->words = g_array_new (FALSE, FALSE, sizeof (SpokenWord));
}

static void
tear_down (Fixture * self, gconstpointer data)
{
  spoken_texts_free (self->texts);
  g_array_unref (self->words);
}

static void
begin (Fixture * self, const gchar * sentence, guint ms)
{
  spoken_texts_note (self->texts, 1, sentence, self->words, ms * GST_MSECOND);
}

static void
go_on (Fixture * self, guint ms)
{
  spoken_texts_note (self->texts, 1, NULL, self->words, ms * GST_MSECOND);
}

static void
tell (Fixture * self, guint n, guint ms)
{
  const SpokenWord word = { n, ms };

  g_array_append_val (self->words, word);
}

static void
expect (Fixture * self, guint ms, const gchar * expected)
{
  const ParleyHeard heard = {.epoch = 1,.ms = ms,.begun = TRUE };
  g_autofree gchar *text = spoken_texts_take_heard (self->texts, &heard);

  g_assert_cmpstr (text, ==, expected);
}

/* No times */

static void
expect_shares (Fixture * self)
{
  expect (self, 100, "");
  expect (self, 150, "One");
  expect (self, 500, "One two three");
  expect (self, 990, "One two three four five");
  expect (self, 1000, SENTENCE);
}

static void
no_times (Fixture * self, gconstpointer data)
{
  begin (self, SENTENCE, 400);
  go_on (self, 600);
  expect_shares (self);
  spoken_texts_end (self->texts, 1);
  expect_shares (self);
}

/* The times of all words, the last of which ends with the sound. */

static void
expect_all_times (Fixture * self)
{
  expect (self, 9, "");
  expect (self, 10, "One");
  expect (self, 29, "One two");
  expect (self, 599, "One two three");
  expect (self, 899, "One two three four");
  expect (self, 999, "One two three four five");
  expect (self, 1000, SENTENCE);
}

static void
all_times (Fixture * self, gconstpointer data)
{
  begin (self, SENTENCE, 1000);
  tell (self, 1, 10);
  tell (self, 2, 20);
  tell (self, 3, 30);
  tell (self, 4, 600);
  tell (self, 5, 900);
  expect_all_times (self);
  spoken_texts_end (self->texts, 1);
  expect_all_times (self);
}

static void
all_times_to_the_last (Fixture * self, gconstpointer data)
{
  begin (self, "One two. ", 1000);
  tell (self, 1, 600);
  tell (self, 2, 700);
  spoken_texts_end (self->texts, 1);
  expect (self, 599, "");
  expect (self, 699, "One");
  expect (self, 700, "One two.");
  expect (self, 990, "One two.");
}

/* The times of some */

static void
tell_half (Fixture * self)
{
  tell (self, 1, 100);
  tell (self, 2, 200);
}

static void
half_of_the_times (Fixture * self, gconstpointer data)
{
  begin (self, SENTENCE, 500);
  tell_half (self);
  go_on (self, 500);
  spoken_texts_end (self->texts, 1);
  expect (self, 99, "");
  expect (self, 199, "One");
  expect (self, 200, "One two");
  expect (self, 420, "One two");
  expect (self, 440, "One two three");
  expect (self, 610, "One two three");
  expect (self, 630, "One two three four");
  expect (self, 990, "One two three four five");
  expect (self, 1000, SENTENCE);
}

/* The times of the next words are to come with their sound. */
static void
half_so_far (Fixture * self, gconstpointer data)
{
  begin (self, SENTENCE, 1000);
  tell_half (self);
  expect (self, 990, "One two");
  tell (self, 5, 900);
  expect (self, 899, "One two");
  expect (self, 990, "One two three four five");
}

/* More sound without times than any word has: none are to come. How long the
 * rest takes is not known; a slow speaker needs 2.1 s for it. */
static void
half_and_no_more (Fixture * self, gconstpointer data)
{
  begin (self, SENTENCE, 300);
  tell_half (self);
  go_on (self, 1900);
  expect (self, 2190, "One two");
  go_on (self, 10);
  expect (self, 790, "One two");
  expect (self, 810, "One two three");
  expect (self, 1290, "One two three");
  expect (self, 1310, "One two three four");
  go_on (self, 1990);
  expect (self, 2190, "One two three");
  expect (self, 4190, "One two three four five");
}

/* Its own sound counts, not what the sentence before had. */
static void
half_of_the_second (Fixture * self, gconstpointer data)
{
  g_autoptr (GArray) none = g_array_new (FALSE, FALSE, sizeof (SpokenWord));

  spoken_texts_note (self->texts, 1, "Zero.", none, GST_SECOND);
  spoken_texts_end (self->texts, 1);
  begin (self, SENTENCE, 1000);
  tell_half (self);
  expect (self, 1900, "Zero. One two");
  spoken_texts_end (self->texts, 2);
  expect (self, 1900, "Zero. One two");
  spoken_texts_end (self->texts, 1);
  expect (self, 1630, "Zero. One two three four");
}

/* Nobody knows how much of it was said: what a slow speaker says in 1 s. */
static void
half_of_a_broken_sentence (Fixture * self, gconstpointer data)
{
  begin (self, "One two three four five six.", 1500);
  tell_half (self);
  spoken_texts_cut (self->texts, 1);
  spoken_texts_end (self->texts, 1);
  expect (self, 990, "One two");
  expect (self, 1490, "One two");
  expect (self, 1500, "One two three");
}

/* Times that cannot be right are no reason to fail. */
static void
times_behind_the_sound (Fixture * self, gconstpointer data)
{
  begin (self, SENTENCE, 1000);
  tell (self, 1, 100);
  tell (self, 2, G_MAXUINT);
  spoken_texts_end (self->texts, 1);
  expect (self, 990, "One");
  expect (self, 1000, SENTENCE);
}

#define ADD(name, func) \
    g_test_add ("/spokentexts/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("no-times", no_times);
  ADD ("all-times", all_times);
  ADD ("all-times-to-the-last", all_times_to_the_last);
  ADD ("half-of-the-times", half_of_the_times);
  ADD ("half-so-far", half_so_far);
  ADD ("half-and-no-more", half_and_no_more);
  ADD ("half-of-the-second", half_of_the_second);
  ADD ("half-of-a-broken-sentence", half_of_a_broken_sentence);
  ADD ("times-behind-the-sound", times_behind_the_sound);
  return g_test_run ();
}
