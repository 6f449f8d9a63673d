/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "playout.h"
#include "speech/loud.h"

#include <string.h>

#include "speech/g711.h"

#define MS G_TIME_SPAN_MILLISECOND
#define ORIGIN (1000 * MS)
#define LOUD 0x80               /* 32124 */

/* @ms of sound or silence come at @at ms after the origin. */
static void
push (ParleyPlayout * playout, gint64 at, guint8 code, guint ms)
{
  g_autofree guint8 *audio = g_malloc (ms * 8);

  memset (audio, code, ms * 8);
  parley_playout_push (playout, ORIGIN + at * MS, audio, ms * 8);
}

static gint64
reply_begin_ms (ParleyPlayout * playout)
{
  return (parley_playout_reply_begin (playout) - ORIGIN) / MS;
}

static gboolean
ended (ParleyPlayout * playout, gint64 at, gint64 * end_ms)
{
  gboolean result = parley_playout_reply_ended (playout, ORIGIN + at * MS,
      end_ms);

  *end_ms = (*end_ms - ORIGIN) / MS;
  return result;
}

static void
assert_mark (ParleyPlayout * playout, gint64 at, const gchar * expected)
{
  g_autofree gchar *name = parley_playout_pop_mark (playout,
      ORIGIN + at * MS);

  g_assert_cmpstr (name, ==, expected);
}

static void
test_begins_after_the_buffer (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);

  g_assert_cmpint (parley_playout_reply_begin (playout), ==,
      PARLEY_PLAYOUT_NEVER);
  push (playout, 100, PARLEY_MULAW_SILENCE, 20);
  push (playout, 110, LOUD, 20);
  g_assert_cmpint (reply_begin_ms (playout), ==, 180);
}

static void
assert_origin (ParleyPlayout * playout, gint64 received_ms, gint64 offset_ms)
{
  gint64 received, offset;

  g_assert_true (parley_playout_reply_origin (playout, &received, &offset));
  g_assert_cmpint ((received - ORIGIN) / MS, ==, received_ms);
  g_assert_cmpint (offset, ==, offset_ms * MS);
}

/* The silence that the reply's audio begins with belongs to it. */
static void
test_origin (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);
  gint64 received, offset;

  g_assert_false (parley_playout_reply_origin (playout, &received, &offset));
  push (playout, 100, PARLEY_MULAW_SILENCE, 20);
  g_assert_false (parley_playout_reply_origin (playout, &received, &offset));
  push (playout, 120, PARLEY_MULAW_SILENCE, 40);
  push (playout, 130, LOUD, 20);
  push (playout, 150, LOUD, 20);
  assert_origin (playout, 100, 60);
  g_assert_cmpint (reply_begin_ms (playout), ==, 100 + 60 + 60);
}

static void
test_origin_after_a_pause (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);

  push (playout, 100, LOUD, 2000);      /* heard until 2160 */
  parley_playout_begin_reply (playout);
  push (playout, 2900, LOUD, 20);
  assert_origin (playout, 2900, 0);
}

static void
test_origin_after_a_clear (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);

  push (playout, 100, LOUD, 2000);
  parley_playout_clear (playout, ORIGIN + 300 * MS);
  parley_playout_begin_reply (playout);
  push (playout, 310, PARLEY_MULAW_SILENCE, 20);
  push (playout, 330, LOUD, 20);
  assert_origin (playout, 310, 20);
}

/* A gap in the silence makes the reply later, not shorter. */
static void
test_origin_with_an_underrun (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);

  push (playout, 100, PARLEY_MULAW_SILENCE, 20);        /* 160 to 180 */
  push (playout, 200, LOUD, 20);        /* 20 ms too late: at 260 */
  assert_origin (playout, 100, 20);
  g_assert_cmpint (reply_begin_ms (playout), ==, 260);
}

static void
test_first_loud_sample_counts (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);
  guint8 audio[160];

  /* 0xeb is 196 of 32768, 0x6a is -212. */
  memset (audio, PARLEY_MULAW_SILENCE, sizeof audio);
  audio[40] = 0xeb;
  audio[80] = 0x6a;
  g_assert_cmpint (parley_mulaw_first_loud (audio, sizeof audio), ==, 80);
  g_assert_cmpint (parley_mulaw_last_loud (audio, sizeof audio), ==, 80);
  parley_playout_push (playout, ORIGIN, audio, sizeof audio);
  g_assert_cmpint (reply_begin_ms (playout), ==, 70);
  audio[80] = PARLEY_MULAW_SILENCE;
  g_assert_cmpint (parley_mulaw_last_loud (audio, sizeof audio), ==, -1);
}

static void
test_marks_after_playback (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);

  push (playout, 0, LOUD, 100);
  parley_playout_mark (playout, ORIGIN, "a");
  push (playout, 10, LOUD, 40);
  parley_playout_mark (playout, ORIGIN + 10 * MS, "b");
  g_assert_cmpint (parley_playout_next_mark (playout), ==, ORIGIN + 160 * MS);
  assert_mark (playout, 159, NULL);
  assert_mark (playout, 160, "a");
  assert_mark (playout, 160, NULL);
  assert_mark (playout, 200, "b");
  g_assert_cmpint (parley_playout_next_mark (playout), ==,
      PARLEY_PLAYOUT_NEVER);
}

static void
test_mark_at_once_when_idle (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);

  parley_playout_mark (playout, ORIGIN + 5 * MS, "idle");
  assert_mark (playout, 5, "idle");
}

static void
test_clear_empties (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);

  push (playout, 0, LOUD, 1000);
  parley_playout_mark (playout, ORIGIN, "a");
  parley_playout_mark (playout, ORIGIN, "b");
  parley_playout_clear (playout, ORIGIN + 300 * MS);
  assert_mark (playout, 300, "a");
  assert_mark (playout, 300, "b");
  /* It begins again from an empty buffer. */
  parley_playout_begin_reply (playout);
  push (playout, 310, LOUD, 20);
  g_assert_cmpint (reply_begin_ms (playout), ==, 370);
  g_assert_cmpuint (parley_playout_get_underruns (playout), ==, 0);
}

static void
test_clear_takes_back_what_was_not_heard (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);

  push (playout, 0, LOUD, 100);
  parley_playout_clear (playout, ORIGIN + 50 * MS);
  g_assert_cmpint (parley_playout_reply_begin (playout), ==,
      PARLEY_PLAYOUT_NEVER);
}

static void
test_underruns (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);

  push (playout, 0, LOUD, 20);  /* heard at 60 to 80 */
  push (playout, 79, LOUD, 20); /* just in time: to 100 */
  g_assert_cmpuint (parley_playout_get_underruns (playout), ==, 0);
  push (playout, 101, LOUD, 20);        /* 1 ms late: 161 to 181 */
  g_assert_cmpuint (parley_playout_get_underruns (playout), ==, 1);
  /* After a reply's end the next one is no underrun. */
  push (playout, 801, LOUD, 20);
  g_assert_cmpuint (parley_playout_get_underruns (playout), ==, 1);
  push (playout, 1500, LOUD, 20);
  g_assert_cmpuint (parley_playout_get_underruns (playout), ==, 2);
}

static void
test_reply_end (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);
  gint64 end;

  g_assert_false (ended (playout, 5000, &end));
  push (playout, 0, LOUD, 200);
  push (playout, 100, LOUD, 200);       /* heard until 460 */
  g_assert_false (ended (playout, 799, &end));
  g_assert_true (ended (playout, 800, &end));
  g_assert_cmpint (end, ==, 460);
}

static void
test_reply_lasts_as_long_as_it_plays (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);
  gint64 end;

  push (playout, 0, LOUD, 5000);
  g_assert_false (ended (playout, 5059, &end));
  g_assert_true (ended (playout, 5060, &end));
  g_assert_cmpint (end, ==, 5060);
}

/* A server that never stops sending silence. */
static void
test_reply_end_in_silence (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);
  gint64 at, end;

  push (playout, 0, PARLEY_MULAW_SILENCE, 20);
  g_assert_false (ended (playout, 3000, &end));
  push (playout, 3000, LOUD, 20);       /* heard at 3060 to 3080 */
  for (at = 3020; at < 4580; at += 20) {
    push (playout, at, PARLEY_MULAW_SILENCE, 20);
    g_assert_false (ended (playout, at, &end));
  }
  g_assert_true (ended (playout, 4580, &end));
  g_assert_cmpint (end, ==, 3080);
}

static void
test_reply_end_not_of_a_stall (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);
  gint64 end;

  push (playout, 0, LOUD, 20);
  parley_playout_stalled (playout, ORIGIN + 3000 * MS);
  g_assert_false (ended (playout, 3000, &end));
  push (playout, 3000, LOUD, 20);       /* read after it: the same reply */
  g_assert_false (ended (playout, 3699, &end));
  g_assert_true (ended (playout, 3700, &end));
  g_assert_cmpint (end, ==, 3080);
}

static void
test_reads_what_was_heard (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, TRUE);
  g_autoptr (GByteArray) heard = g_byte_array_new ();
  guint i;

  push (playout, 0, 0x01, 20);  /* heard at 60 to 80 */
  push (playout, 10, 0x02, 100);        /* 80 to 180, cut at 100 */
  parley_playout_read (playout, ORIGIN + 70 * MS, heard);
  g_assert_cmpuint (heard->len, ==, 560);
  parley_playout_clear (playout, ORIGIN + 100 * MS);
  push (playout, 110, 0x03, 20);        /* 170 to 190 */
  parley_playout_read (playout, ORIGIN + 200 * MS, heard);
  parley_playout_read (playout, ORIGIN + 200 * MS, heard);
  g_assert_cmpuint (heard->len, ==, 1600);
  for (i = 0; i < heard->len; i++) {
    guint ms = i / 8;
    guint8 expected = ms < 60 ? 0xff : ms < 80 ? 0x01 : ms < 100 ? 0x02
        : ms < 170 || ms >= 190 ? 0xff : 0x03;

    g_assert_cmpuint (heard->data[i], ==, expected);
  }
}

static void
test_ten_minutes_at_most (void)
{
  g_autoptr (ParleyPlayout) playout = parley_playout_new (ORIGIN, FALSE);
  guint i;

  for (i = 0; i < 11; i++)
    push (playout, 0, LOUD, 60 * 1000);
  g_assert_cmpuint (parley_playout_get_discarded (playout), >, 60 * 8000 - 1);
  g_assert_cmpuint (parley_playout_get_discarded (playout), <,
      60 * 8000 + 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/playout/" name, func)
  ADD ("begins-after-the-buffer", test_begins_after_the_buffer);
  ADD ("first-loud-sample-counts", test_first_loud_sample_counts);
  ADD ("origin/with-its-silence", test_origin);
  ADD ("origin/after-a-pause", test_origin_after_a_pause);
  ADD ("origin/after-a-clear", test_origin_after_a_clear);
  ADD ("origin/with-an-underrun", test_origin_with_an_underrun);
  ADD ("marks/after-playback", test_marks_after_playback);
  ADD ("marks/at-once-when-idle", test_mark_at_once_when_idle);
  ADD ("clear/empties", test_clear_empties);
  ADD ("clear/takes-back-what-was-not-heard",
      test_clear_takes_back_what_was_not_heard);
  ADD ("underruns", test_underruns);
  ADD ("reply-end/after-the-last-media", test_reply_end);
  ADD ("reply-end/not-while-it-plays", test_reply_lasts_as_long_as_it_plays);
  ADD ("reply-end/in-silence", test_reply_end_in_silence);
  ADD ("reply-end/not-of-a-stall", test_reply_end_not_of_a_stall);
  ADD ("read/what-was-heard", test_reads_what_was_heard);
  ADD ("ten-minutes-at-most", test_ten_minutes_at_most);
#undef ADD
  return g_test_run ();
}
