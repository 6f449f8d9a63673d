/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/playqueue.h"

#include <string.h>

#define MS 1000
#define LEAD (120 * MS)

/* A player with a far end that remembers what it was sent. */
typedef struct
{
  ParleyPlayStats stats;
  ParleyPlayQueue *queue;
  gint64 now;
  GByteArray *sent;
  GString *log;                 /* actions, one word each */
} Fixture;

static void
setup (Fixture * f, gconstpointer data)
{
  f->queue = parley_play_queue_new (&f->stats);
  f->now = G_TIME_SPAN_SECOND;
  f->sent = g_byte_array_new ();
  f->log = g_string_new (NULL);
}

static void
teardown (Fixture * f, gconstpointer data)
{
  parley_play_queue_free (f->queue);
  g_byte_array_unref (f->sent);
  g_string_free (f->log, TRUE);
}

static void
log_action (Fixture * f, const ParleyPlayAction * a)
{
  const ParleyHeard *h = &a->heard;

  switch (a->kind) {
    case PARLEY_PLAY_CLEAR:
      g_string_append (f->log, "clear ");
      break;
    case PARLEY_PLAY_MARK:
      g_string_append_printf (f->log, "%s ", a->mark);
      break;
    case PARLEY_PLAY_PLAYING:
      g_string_append_printf (f->log, "%s%" G_GUINT64_FORMAT " ",
          a->playing ? "begin" : "end", a->epoch);
      break;
    case PARLEY_PLAY_HEARD:
      g_string_append_printf (f->log,
          "heard%" G_GUINT64_FORMAT "/%u/%u%s%s%s%s ", h->epoch, h->sequence,
          h->ms, h->begun ? "b" : "", h->done ? "d" : "",
          h->answer ? "a" : "", h->deferred ? "s" : "");
      break;
  }
}

/* Does all that is due; returns how many frames went. */
static guint
drive (Fixture * f)
{
  guint8 frame[PARLEY_PLAY_FRAME];
  ParleyPlayAction action;
  guint n = 0;

  parley_play_queue_advance (f->queue, f->now);
  for (;;) {
    while (parley_play_queue_pop (f->queue, &action))
      log_action (f, &action);
    if (!parley_play_queue_take_frame (f->queue, f->now, LEAD, frame))
      return n;
    g_byte_array_append (f->sent, frame, sizeof frame);
    n++;
  }
}

static guint
wait_ms (Fixture * f, guint ms)
{
  guint n = 0;

  for (guint t = 0; t < ms; t += 20) {
    f->now += 20 * MS;
    n += drive (f);
  }
  return n;
}

/* @ms of audio whose bytes are all @value. */
static void
append (Fixture * f, guint64 epoch, guint sequence, guint8 value, guint ms)
{
  guint8 *data = g_malloc (ms * 8);

  memset (data, value, ms * 8);
  parley_play_queue_append (f->queue, f->now, epoch, sequence, data, ms * 8);
  g_free (data);
}

static void
expect_log (Fixture * f, const gchar * expected)
{
  g_assert_cmpstr (f->log->str, ==, expected);
  g_string_truncate (f->log, 0);
}

static guint
count_sent (Fixture * f, guint8 value)
{
  guint n = 0;

  for (guint i = 0; i < f->sent->len; i++)
    n += f->sent->data[i] == value;
  return n;
}

static void
forget_sent (Fixture * f)
{
  g_byte_array_set_size (f->sent, 0);
}

/* Cases */

static void
withheld_until_release (Fixture * f, gconstpointer data)
{
  append (f, 3, 0, 1, 200);
  g_assert_cmpuint (drive (f) + wait_ms (f, 100), ==, 0);
  g_assert_false (parley_play_queue_wants_tick (f->queue));
  parley_play_queue_release (f->queue, 3);
  g_assert_cmpuint (drive (f), ==, 6);
  expect_log (f, "begin3 ");
}

static void
released_before_audio (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 3);
  g_assert_false (parley_play_queue_is_pending (f->queue));
  append (f, 3, 0, 1, 40);
  g_assert_cmpuint (drive (f), ==, 2);
}

static void
paced_by_lead (Fixture * f, gconstpointer data)
{
  append (f, 0, 0, 1, 400);
  g_assert_cmpuint (drive (f), ==, 6);
  f->now += 19 * MS;
  g_assert_cmpuint (drive (f), ==, 0);
  f->now += 1 * MS;
  g_assert_cmpuint (drive (f), ==, 1);
  g_assert_cmpuint (wait_ms (f, 100), ==, 5);
  f->now += 500 * MS;
  g_assert_cmpuint (drive (f), ==, 6);
}

static void
shortest_lead_has_no_gaps (Fixture * f, gconstpointer data)
{
  guint8 frame[PARLEY_PLAY_FRAME];
  gint64 lead = 20 * MS;
  guint64 epoch;

  append (f, 0, 0, 1, 400);
  g_assert_true (parley_play_queue_take_frame (f->queue, f->now, lead, frame));
  g_assert_false (parley_play_queue_frame_due (f->queue, f->now, lead, &epoch));
  for (guint tick = 0; tick < 10; tick++) {
    gint64 now = f->now + 7 * MS + tick * 20 * MS;
    g_assert_cmpint (parley_play_queue_get_played_at (f->queue), >=, now);
    g_assert_true (parley_play_queue_take_frame (f->queue, now, lead, frame));
    g_assert_false (parley_play_queue_frame_due (f->queue, now, lead, &epoch));
  }
}

static void
last_frame_is_padded (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 25);
  g_assert_cmpuint (drive (f), ==, 1);
  parley_play_queue_reply_end (f->queue, 1);
  g_assert_cmpuint (drive (f), ==, 1);
  g_assert_cmpuint (f->sent->len, ==, 320);
  g_assert_cmpuint (count_sent (f, 1), ==, 200);
  g_assert_cmpuint (count_sent (f, 0xff), ==, 120);
  expect_log (f, "begin1 e1:0:25:0 ");
}

static void
incomplete_frame_waits_for_lull (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 10);
  g_assert_cmpuint (drive (f) + wait_ms (f, 40), ==, 0);
  append (f, 1, 0, 1, 15);
  g_assert_cmpuint (drive (f), ==, 1);
  g_assert_cmpuint (wait_ms (f, 40), ==, 0);
  g_assert_cmpuint (wait_ms (f, 20), ==, 1);
  g_assert_cmpuint (count_sent (f, 1), ==, 200);
  expect_log (f, "begin1 e1:0:25:0 ");
}

static void
marks_follow_sentences (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 50);
  append (f, 1, 1, 2, 70);
  drive (f);
  /* The first ends within the third frame. */
  expect_log (f, "begin1 e1:0:60:0 ");
  parley_play_queue_reply_end (f->queue, 1);
  drive (f);
  expect_log (f, "e1:1:120:0 ");
}

static void
marks_every_half_second (Fixture * f, gconstpointer data)
{
  append (f, 0, 0, 1, 1100);
  drive (f);
  wait_ms (f, 1100);
  expect_log (f, "begin0 e0:0:500:0 e0:0:1000:0 e0:0:1100:0 ");
}

static void
sentence_that_was_sent_is_marked_late (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 4, 1, 40);
  drive (f);
  append (f, 1, 5, 1, 10);
  drive (f);
  expect_log (f, "begin1 e1:4:40:0 ");
}

static void
echo_reports_and_ends (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 40);
  append (f, 1, 1, 1, 40);
  parley_play_queue_reply_end (f->queue, 1);
  drive (f);
  expect_log (f, "begin1 e1:0:40:0 e1:1:80:0 ");
  g_assert_true (parley_play_queue_echo (f->queue, "e1:0:40:0"));
  drive (f);
  expect_log (f, "heard1/0/40b ");
  g_assert_true (parley_play_queue_is_pending (f->queue));
  g_assert_true (parley_play_queue_echo (f->queue, "e1:1:80:0"));
  drive (f);
  expect_log (f, "heard1/1/80bd end1 ");
  g_assert_false (parley_play_queue_is_pending (f->queue));
  g_assert_cmpuint (f->stats.marks_echoed, ==, 2);
}

static void
end_after_all_was_heard (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 40);
  drive (f);
  wait_ms (f, 60);
  g_assert_true (parley_play_queue_echo (f->queue, "e1:0:40:0"));
  drive (f);
  expect_log (f, "begin1 e1:0:40:0 heard1/0/40b ");
  parley_play_queue_reply_end (f->queue, 1);
  drive (f);
  expect_log (f, "heard1/0/40bd end1 ");
}

static void
end_without_audio (Fixture * f, gconstpointer data)
{
  parley_play_queue_reply_end (f->queue, 1);
  drive (f);
  expect_log (f, "");
  parley_play_queue_release (f->queue, 1);
  drive (f);
  expect_log (f, "heard1/0/0d ");
}

static void
foreign_and_stale_echoes (Fixture * f, gconstpointer data)
{
  static const gchar *const names[] = { "", "e", "x1:0:40:0", "e1:0:40",
    "e1:0:40:1", "e1:0:41:0", "e1:1:40:0", "e2:0:40:0", "e1:0:40:0 ",
    "e1:0:40:00x", "e-1:0:40:0", "e1:0:40:0:0", "r7:3"
  };

  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 40);
  parley_play_queue_reply_end (f->queue, 1);
  drive (f);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_false (parley_play_queue_echo (f->queue, names[i]));
  g_assert_true (parley_play_queue_echo (f->queue, "e1:0:40:0"));
  g_assert_false (parley_play_queue_echo (f->queue, "e1:0:40:0"));
}

static void
a_later_echo_stands_for_those_before (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 40);
  append (f, 1, 1, 1, 40);
  append (f, 1, 2, 1, 400);
  drive (f);
  g_assert_true (parley_play_queue_echo (f->queue, "e1:1:80:0"));
  g_assert_false (parley_play_queue_echo (f->queue, "e1:0:40:0"));
  drive (f);
  expect_log (f, "begin1 e1:0:40:0 e1:1:80:0 heard1/1/80b ");
}

static void
pause_goes_back_to_what_was_heard (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 40);
  append (f, 1, 1, 2, 40);
  drive (f);
  parley_play_queue_echo (f->queue, "e1:0:40:0");
  drive (f);
  g_string_truncate (f->log, 0);
  forget_sent (f);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  g_assert_cmpuint (drive (f), ==, 0);
  expect_log (f, "clear heard1/0/40ba ");
  g_assert_false (parley_play_queue_wants_tick (f->queue));
  parley_play_queue_unpause (f->queue, 1);
  g_assert_cmpuint (drive (f), ==, 2);
  g_assert_cmpuint (count_sent (f, 2), ==, 320);
  parley_play_queue_reply_end (f->queue, 1);
  drive (f);
  expect_log (f, "e1:1:80:1 ");
  g_assert_false (parley_play_queue_echo (f->queue, "e1:1:80:0"));
}

static void
pause_without_flight_clears_nothing (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  drive (f);
  expect_log (f, "heard1/0/0a ");
  append (f, 1, 0, 1, 40);
  g_assert_cmpuint (drive (f), ==, 0);
  parley_play_queue_unpause (f->queue, 1);
  g_assert_cmpuint (drive (f), ==, 2);
}

static void
pause_of_another_is_answered (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 400);
  drive (f);
  parley_play_queue_pause (f->queue, f->now, 7, FALSE);
  g_assert_cmpuint (wait_ms (f, 20), ==, 1);
  expect_log (f, "begin1 heard7/0/0a ");
}

static void
pause_after_the_end_says_done (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 3, 1, 40);
  parley_play_queue_reply_end (f->queue, 1);
  drive (f);
  parley_play_queue_echo (f->queue, "e1:3:40:0");
  drive (f);
  g_string_truncate (f->log, 0);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  drive (f);
  expect_log (f, "heard1/3/40bda ");
  /* The next reply is not held up. */
  parley_play_queue_release (f->queue, 2);
  append (f, 2, 0, 1, 20);
  g_assert_cmpuint (drive (f), ==, 1);
}

static void
end_while_paused_is_told_after (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 40);
  drive (f);
  wait_ms (f, 60);
  parley_play_queue_echo (f->queue, "e1:0:40:0");
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  drive (f);
  g_string_truncate (f->log, 0);
  parley_play_queue_reply_end (f->queue, 1);
  drive (f);
  expect_log (f, "");
  parley_play_queue_unpause (f->queue, 1);
  drive (f);
  expect_log (f, "heard1/0/40bd end1 ");
}

static void
interrupt_drops (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 400);
  drive (f);
  parley_play_queue_interrupt (f->queue, 1);
  g_assert_cmpuint (wait_ms (f, 100), ==, 0);
  expect_log (f, "begin1 clear end1 ");
  g_assert_false (parley_play_queue_append (f->queue, f->now, 1, 0,
          (const guint8 *) "x", 1));
  g_assert_cmpuint (f->stats.bytes_dropped, ==, 3201);
  parley_play_queue_release (f->queue, 1);
  parley_play_queue_interrupt (f->queue, 1);
  drive (f);
  expect_log (f, "");
}

static void
interrupt_of_paused_clears_once (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 400);
  drive (f);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  parley_play_queue_interrupt (f->queue, 1);
  parley_play_queue_release (f->queue, 2);
  append (f, 2, 0, 2, 40);
  g_assert_cmpuint (drive (f), ==, 2);
  g_assert_cmpuint (f->stats.clears, ==, 1);
  g_assert_cmpuint (count_sent (f, 2), ==, 320);
}

static void
interrupt_before_audio (Fixture * f, gconstpointer data)
{
  parley_play_queue_interrupt (f->queue, 5);
  parley_play_queue_release (f->queue, 4);
  append (f, 4, 0, 1, 40);
  g_assert_cmpuint (drive (f), ==, 0);
  parley_play_queue_release (f->queue, 6);
  append (f, 6, 0, 1, 40);
  g_assert_cmpuint (drive (f), ==, 2);
}

static void
newer_waits_for_older (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  parley_play_queue_release (f->queue, 2);
  append (f, 1, 0, 1, 20);
  append (f, 2, 0, 2, 20);
  g_assert_cmpuint (drive (f), ==, 1);
  g_assert_cmpuint (count_sent (f, 2), ==, 0);
  parley_play_queue_reply_end (f->queue, 1);
  g_assert_cmpuint (drive (f), ==, 1);
  g_assert_cmpuint (count_sent (f, 2), ==, 160);
}

static void
withheld_holds_up_none (Fixture * f, gconstpointer data)
{
  append (f, 1, 0, 1, 20);
  parley_play_queue_release (f->queue, 2);
  append (f, 2, 0, 2, 20);
  g_assert_cmpuint (drive (f), ==, 1);
  g_assert_cmpuint (count_sent (f, 2), ==, 160);
}

static void
audio_of_nobody (Fixture * f, gconstpointer data)
{
  append (f, 0, 0, 1, 30);
  parley_play_queue_interrupt (f->queue, 9);
  drive (f);
  wait_ms (f, 60);
  expect_log (f, "begin0 e0:0:30:0 ");
  parley_play_queue_echo (f->queue, "e0:0:30:0");
  drive (f);
  expect_log (f, "heard0/0/30bd end0 ");
  g_assert_false (parley_play_queue_wants_tick (f->queue));
  append (f, 0, 0, 1, 20);
  drive (f);
  expect_log (f, "begin0 ");
}

static void
audio_of_nobody_without_echoes (Fixture * f, gconstpointer data)
{
  for (guint s = 0; s < 200; s++) {
    append (f, 0, 0, 1, 1000);
    wait_ms (f, 1000);
  }
  forget_sent (f);
  g_string_truncate (f->log, 0);
  parley_play_queue_pause (f->queue, f->now, 0, FALSE);
  parley_play_queue_unpause (f->queue, 0);
  wait_ms (f, 70000);
  g_assert_cmpuint (f->sent->len, >=, 30 * 8000);
  g_assert_cmpuint (f->sent->len, <=, 60 * 8000);
}

static void
audio_of_nobody_plays_in_a_pause (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 400);
  drive (f);
  append (f, 0, 0, 2, 20);
  wait_ms (f, 40);
  g_assert_cmpuint (count_sent (f, 2), ==, 0);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  drive (f);
  g_assert_cmpuint (count_sent (f, 2), ==, 160);
}

static void
clear_sends_others_again (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  parley_play_queue_release (f->queue, 2);
  append (f, 1, 0, 1, 40);
  parley_play_queue_reply_end (f->queue, 1);
  append (f, 2, 0, 2, 400);
  drive (f);
  g_assert_cmpuint (count_sent (f, 2), ==, 4 * 160);
  forget_sent (f);
  parley_play_queue_pause (f->queue, f->now, 2, FALSE);
  g_assert_cmpuint (drive (f), ==, 2);
  g_assert_cmpuint (count_sent (f, 1), ==, 320);
  expect_log (f, "begin1 e1:0:40:0 begin2 clear heard2/0/0ba e1:0:40:1 ");
}

static void
flush_drops_audio_of_nobody (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 0, 0, 1, 400);
  drive (f);
  append (f, 1, 0, 2, 40);
  parley_play_queue_flush (f->queue);
  g_assert_cmpuint (drive (f), ==, 2);
  g_assert_cmpuint (count_sent (f, 2), ==, 320);
  expect_log (f, "begin0 clear end0 begin1 ");
}

static void
underrun_is_counted_once (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 40);
  drive (f);
  wait_ms (f, 20);
  g_assert_cmpuint (f->stats.underruns, ==, 0);
  wait_ms (f, 200);
  g_assert_cmpuint (f->stats.underruns, ==, 1);
  g_assert_false (parley_play_queue_wants_tick (f->queue));
  append (f, 1, 0, 1, 40);
  parley_play_queue_reply_end (f->queue, 1);
  drive (f);
  wait_ms (f, 200);
  g_assert_cmpuint (f->stats.underruns, ==, 1);
}

static void
remaining_counts_what_may_be_heard (Fixture * f, gconstpointer data)
{
  append (f, 1, 0, 1, 1000);
  append (f, 0, 0, 1, 400);
  drive (f);
  g_assert_cmpint (parley_play_queue_get_remaining (f->queue, f->now), ==,
      400 * MS);
  f->now += 50 * MS;
  g_assert_cmpint (parley_play_queue_get_remaining (f->queue, f->now), ==,
      350 * MS);
  g_assert_cmpuint (parley_play_queue_get_backlog (f->queue), ==, 280 * 8);
}

static void
end_of_all (Fixture * f, gconstpointer data)
{
  append (f, 1, 0, 1, 100);
  append (f, 0, 0, 2, 30);
  parley_play_queue_end (f->queue);
  g_assert_cmpuint (drive (f), ==, 2);
  expect_log (f, "begin0 e0:0:30:0 ");
  g_assert_true (parley_play_queue_is_pending (f->queue));
  parley_play_queue_echo (f->queue, "e0:0:30:0");
  g_assert_false (parley_play_queue_is_pending (f->queue));
}

static void
many_replies_are_forgotten (Fixture * f, gconstpointer data)
{
  for (guint64 epoch = 1; epoch <= 1000; epoch++) {
    gchar *mark = g_strdup_printf ("e%" G_GUINT64_FORMAT ":0:20:0", epoch);

    parley_play_queue_release (f->queue, epoch);
    append (f, epoch, 0, 1, 20);
    parley_play_queue_reply_end (f->queue, epoch);
    wait_ms (f, 20);
    g_assert_true (parley_play_queue_echo (f->queue, mark));
    g_free (mark);
  }
  drive (f);
  g_assert_false (parley_play_queue_is_pending (f->queue));
}

static void
reset_is_as_new (Fixture * f, gconstpointer data)
{
  parley_play_queue_interrupt (f->queue, 5);
  append (f, 0, 0, 1, 400);
  drive (f);
  parley_play_queue_pause (f->queue, f->now, 0, FALSE);
  parley_play_queue_reset (f->queue);
  g_assert_cmpuint (drive (f), ==, 0);
  g_string_truncate (f->log, 0);
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 1, 20);
  parley_play_queue_reply_end (f->queue, 1);
  g_assert_cmpuint (drive (f), ==, 1);
  expect_log (f, "begin1 e1:0:20:0 ");
}

/* Uninterruptible passages */

/* Sentence 0 is a passage of @ms, of bytes 1; 400 ms of bytes 2 follow it. */
static void
append_passage (Fixture * f, guint ms)
{
  parley_play_queue_release (f->queue, 1);
  parley_play_queue_passage (f->queue, 1, TRUE);
  append (f, 1, 0, 1, ms);
  parley_play_queue_passage (f->queue, 1, FALSE);
  append (f, 1, 1, 2, 400);
}

static void
pause_stands_in_a_passage (Fixture * f, gconstpointer data)
{
  append_passage (f, 100);
  g_assert_cmpuint (drive (f), ==, 6);
  expect_log (f, "begin1 e1:0:100:0 ");
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  g_assert_cmpuint (wait_ms (f, 200), ==, 0);
  expect_log (f, "heard1/0/0bs ");
  g_assert_cmpuint (parley_play_queue_get_standing (f->queue), ==, 1);
  g_assert_true (parley_play_queue_echo (f->queue, "e1:0:100:0"));
  drive (f);
  expect_log (f, "clear heard1/0/100ba ");
  g_assert_cmpuint (parley_play_queue_get_standing (f->queue), ==, 0);
  forget_sent (f);
  parley_play_queue_unpause (f->queue, 1);
  g_assert_cmpuint (drive (f), ==, 6);
  g_assert_cmpuint (count_sent (f, 2), ==, 960);
}

/* Nothing behind it is sent, and nothing need be cleared. */
static void
pause_stands_before_the_border (Fixture * f, gconstpointer data)
{
  append_passage (f, 350);
  drive (f);
  expect_log (f, "begin1 ");
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  wait_ms (f, 500);
  expect_log (f, "heard1/0/0bs e1:0:350:0 ");
  g_assert_cmpuint (count_sent (f, 1), ==, 2800);
  g_assert_cmpuint (count_sent (f, 2), ==, 0);
  parley_play_queue_echo (f->queue, "e1:0:350:0");
  drive (f);
  expect_log (f, "heard1/0/350ba ");
}

static void
pause_before_a_passage (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  append (f, 1, 0, 2, 100);
  parley_play_queue_passage (f->queue, 1, TRUE);
  append (f, 1, 1, 1, 100);
  g_assert_cmpuint (drive (f), ==, 6);
  g_assert_cmpuint (count_sent (f, 1), ==, 160);
  f->now += 80 * MS;
  g_string_truncate (f->log, 0);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  drive (f);
  expect_log (f, "clear heard1/0/0ba ");
  parley_play_queue_unpause (f->queue, 1);
  drive (f);
  f->now += 100 * MS;
  g_string_truncate (f->log, 0);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  drive (f);
  g_assert_true (g_str_has_prefix (f->log->str, "heard1/0/0bs"));
}

/* What was sent of it and not heard is not cleared either. */
static void
pause_behind_a_passage (Fixture * f, gconstpointer data)
{
  append_passage (f, 100);
  drive (f);
  wait_ms (f, 120);
  g_string_truncate (f->log, 0);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  drive (f);
  expect_log (f, "heard1/0/0bs ");
  parley_play_queue_echo (f->queue, "e1:0:100:0");
  drive (f);
  expect_log (f, "clear heard1/0/100ba ");
  parley_play_queue_unpause (f->queue, 1);
  drive (f);
  g_string_truncate (f->log, 0);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  drive (f);
  expect_log (f, "clear heard1/0/100ba ");
}

static void
pause_at_once_in_a_passage (Fixture * f, gconstpointer data)
{
  append_passage (f, 400);
  drive (f);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  parley_play_queue_pause (f->queue, f->now, 1, TRUE);
  g_assert_cmpuint (wait_ms (f, 200), ==, 0);
  expect_log (f, "begin1 heard1/0/0bs heard1/0/0bs clear heard1/0/0ba ");
}

static void
passage_without_echoes (Fixture * f, gconstpointer data)
{
  append_passage (f, 100);
  drive (f);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  g_string_truncate (f->log, 0);
  wait_ms (f, 100 + PARLEY_PLAY_ECHO_US / MS - 20);
  expect_log (f, "heard1/0/0bs ");
  g_assert_true (parley_play_queue_wants_tick (f->queue));
  wait_ms (f, 40);
  expect_log (f, "clear heard1/0/0ba ");
}

/* One that ends with its reply: the pause comes before the end. */
static void
passage_at_the_end (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  parley_play_queue_passage (f->queue, 1, TRUE);
  append (f, 1, 0, 1, 100);
  drive (f);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  wait_ms (f, 300);
  expect_log (f, "begin1 heard1/0/0bs e1:0:100:0 ");
  parley_play_queue_echo (f->queue, "e1:0:100:0");
  drive (f);
  expect_log (f, "heard1/0/100b ");
  parley_play_queue_reply_end (f->queue, 1);
  drive (f);
  expect_log (f, "heard1/0/100ba ");
  parley_play_queue_unpause (f->queue, 1);
  drive (f);
  expect_log (f, "heard1/0/100bd end1 ");
}

/* It goes on while its next sentence is being made. */
static void
passage_in_pieces (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  parley_play_queue_passage (f->queue, 1, TRUE);
  append (f, 1, 0, 1, 100);
  drive (f);
  wait_ms (f, 500);
  parley_play_queue_echo (f->queue, "e1:0:100:0");
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  parley_play_queue_passage (f->queue, 1, TRUE);
  append (f, 1, 1, 1, 100);
  drive (f);
  wait_ms (f, 500);
  g_assert_cmpuint (count_sent (f, 1), ==, 1600);
  g_string_truncate (f->log, 0);
  parley_play_queue_echo (f->queue, "e1:1:200:0");
  parley_play_queue_passage (f->queue, 1, FALSE);
  parley_play_queue_passage (f->queue, 1, FALSE);
  drive (f);
  expect_log (f, "heard1/1/200b heard1/1/200ba ");
}

static void
passages_side_by_side (Fixture * f, gconstpointer data)
{
  parley_play_queue_release (f->queue, 1);
  for (guint i = 0; i < 3; i++) {
    parley_play_queue_passage (f->queue, 1, TRUE);
    if (i != 1)
      append (f, 1, i, 1, 100);
    parley_play_queue_passage (f->queue, 1, FALSE);
  }
  append (f, 1, 3, 2, 100);
  drive (f);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  wait_ms (f, 500);
  g_assert_cmpuint (count_sent (f, 1), ==, 1600);
  g_assert_cmpuint (count_sent (f, 2), ==, 0);
}

/* Whoever waits for the answer gets one. */
static void
pause_that_stands_is_answered (Fixture * f, gconstpointer data)
{
  append_passage (f, 400);
  drive (f);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  parley_play_queue_unpause (f->queue, 1);
  drive (f);
  expect_log (f, "begin1 heard1/0/0bs heard1/0/0ba ");
  g_assert_cmpuint (wait_ms (f, 100), ==, 5);
  parley_play_queue_pause (f->queue, f->now, 1, FALSE);
  parley_play_queue_interrupt (f->queue, 1);
  g_assert_cmpuint (wait_ms (f, 100), ==, 0);
  expect_log (f, "heard1/0/0bs clear heard1/0/0ba end1 ");
}

#define ADD(name, func) \
    g_test_add ("/playqueue/" name, Fixture, NULL, setup, func, teardown)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("withheld-until-release", withheld_until_release);
  ADD ("released-before-audio", released_before_audio);
  ADD ("paced-by-lead", paced_by_lead);
  ADD ("shortest-lead-has-no-gaps", shortest_lead_has_no_gaps);
  ADD ("last-frame-is-padded", last_frame_is_padded);
  ADD ("incomplete-frame-waits-for-lull", incomplete_frame_waits_for_lull);
  ADD ("marks-follow-sentences", marks_follow_sentences);
  ADD ("marks-every-half-second", marks_every_half_second);
  ADD ("sentence-sent-is-marked-late", sentence_that_was_sent_is_marked_late);
  ADD ("echo-reports-and-ends", echo_reports_and_ends);
  ADD ("end-after-all-was-heard", end_after_all_was_heard);
  ADD ("end-without-audio", end_without_audio);
  ADD ("foreign-and-stale-echoes", foreign_and_stale_echoes);
  ADD ("later-echo-stands", a_later_echo_stands_for_those_before);
  ADD ("pause-goes-back-to-heard", pause_goes_back_to_what_was_heard);
  ADD ("pause-without-flight", pause_without_flight_clears_nothing);
  ADD ("pause-of-another-is-answered", pause_of_another_is_answered);
  ADD ("pause-after-end-says-done", pause_after_the_end_says_done);
  ADD ("end-while-paused", end_while_paused_is_told_after);
  ADD ("interrupt-drops", interrupt_drops);
  ADD ("interrupt-of-paused", interrupt_of_paused_clears_once);
  ADD ("interrupt-before-audio", interrupt_before_audio);
  ADD ("newer-waits-for-older", newer_waits_for_older);
  ADD ("withheld-holds-up-none", withheld_holds_up_none);
  ADD ("epoch-0", audio_of_nobody);
  ADD ("epoch-0-without-echoes", audio_of_nobody_without_echoes);
  ADD ("epoch-0-plays-in-a-pause", audio_of_nobody_plays_in_a_pause);
  ADD ("clear-sends-others-again", clear_sends_others_again);
  ADD ("flush", flush_drops_audio_of_nobody);
  ADD ("underrun-counted-once", underrun_is_counted_once);
  ADD ("remaining", remaining_counts_what_may_be_heard);
  ADD ("end-of-all", end_of_all);
  ADD ("many-replies", many_replies_are_forgotten);
  ADD ("reset", reset_is_as_new);
  ADD ("passage/pause-stands", pause_stands_in_a_passage);
  ADD ("passage/nothing-behind-is-sent", pause_stands_before_the_border);
  ADD ("passage/pause-before", pause_before_a_passage);
  ADD ("passage/pause-behind", pause_behind_a_passage);
  ADD ("passage/at-once", pause_at_once_in_a_passage);
  ADD ("passage/without-echoes", passage_without_echoes);
  ADD ("passage/at-the-end", passage_at_the_end);
  ADD ("passage/in-pieces", passage_in_pieces);
  ADD ("passage/side-by-side", passages_side_by_side);
  ADD ("passage/is-answered", pause_that_stands_is_answered);
  return g_test_run ();
}
