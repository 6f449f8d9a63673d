/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A turn as bars, to the character. */
#include "waterfall.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mock/turns.h"

/* 632.74 ms in 79 columns, so that one is 8.009 ms. */
#define WIDTH 120

static gchar *
draw (const ParleyTurnReport * report, const ParleyWaterfallStyle * style)
{
  GString *out = g_string_new (NULL);

  parley_waterfall_draw (out, report, style);
  return g_string_free (out, FALSE);
}

static void
test_plain (void)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  ParleyWaterfallStyle style = {.width = 80 };
  g_autofree gchar *text = draw (report, &style);

  /* 39 columns for 632.74 ms. */
  g_assert_cmpstr (text, ==,
      "  endpoint           setting     400.0  #########################\n"
      "  stt                provider    100.0                          "
      "######\n"
      "  llm-first-sentence provider      1.5                            "
      "    #\n"
      "  tts-first-audio    provider     50.0                            "
      "    ###\n"
      "  mulawsink          parley        0.2                            "
      "       #\n"
      "  leading-silence    provider     20.0                            "
      "        #\n"
      "  playout            network      61.0                            "
      "         ####\n"
      "  turn 3: sent after 571.7 ms, heard after 632.7 ms\n");
}

static void
test_blocks (void)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  ParleyWaterfallStyle style = {.width = WIDTH,.utf8 = TRUE };
  g_autofree gchar *text = draw (report, &style);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  /* 400 ms are 49.94 columns, 100 ms 12.49, 1.5 ms 0.19. */
  g_assert_cmpint (g_utf8_strlen (lines[0], -1), ==, 40 + 50);
  g_assert_true (g_str_has_suffix (lines[0], "  ██████████"
          "████████████████████████████████████████"));
  g_assert_cmpint (g_utf8_strlen (lines[1], -1), ==, 40 + 49 + 13);
  g_assert_true (g_str_has_suffix (lines[1],
          " ████████████▌"));
  g_assert_cmpint (g_utf8_strlen (lines[2], -1), ==, 40 + 62 + 1);
  g_assert_true (g_str_has_suffix (lines[2], " ▏"));
  g_assert_true (g_str_has_suffix (lines[4], " ▏"));
}

/* No line is wider than what was asked for. */
static void
test_fits (void)
{
  for (guint width = 60; width < 200; width++) {
    ParleyWaterfallStyle style = {.width = width,.utf8 = width % 2,
      .all = TRUE
    };
    g_autoptr (ParleyTurnReport) report = mock_turn_new (3, width * 7);
    g_autofree gchar *text = draw (report, &style);
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

    g_assert_cmpuint (g_strv_length (lines), ==, 9 + 2);
    for (guint i = 0; i < 9; i++)
      g_assert_cmpint (g_utf8_strlen (lines[i], -1), <=, width);
  }
}

static void
test_narrow (void)
{
  ParleyWaterfallStyle narrow = {.width = 1 }, least = {.width = 60 };
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  g_autofree gchar *a = draw (report, &narrow);
  g_autofree gchar *b = draw (report, &least);

  g_assert_cmpstr (a, ==, b);
}

static void
test_colour (void)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  ParleyWaterfallStyle style = {.width = 80,.colour = TRUE };
  g_autofree gchar *text = draw (report, &style);

  g_assert_nonnull (strstr (text, "400.0  \033[33m######"));
  g_assert_nonnull (strstr (text, "#\033[0m\n  stt "));
  g_assert_nonnull (strstr (text, "0.2  \033[32m "));
  g_assert_nonnull (strstr (text, "61.0  \033[35m "));
  g_assert_nonnull (strstr (text, "50.0  \033[34m "));
}

/* What takes no time, only if all is asked for. */
static void
test_all (void)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  ParleyWaterfallStyle style = {.width = 80 };
  g_autofree gchar *some = draw (report, &style);
  g_autofree gchar *all = NULL;

  style.all = TRUE;
  all = draw (report, &style);
  g_assert_null (strstr (some, "  vadendpoint "));
  g_assert_null (strstr (some, "  socket "));
  g_assert_nonnull (strstr (all, "  vadendpoint "));
  g_assert_nonnull (strstr (all, "  socket "));
}

static void
test_marks (void)
{
  g_autoptr (ParleyTurnReport) report = mock_turn_new (3, 100);
  ParleyWaterfallStyle style = {.width = 80 };
  g_autofree gchar *text = NULL;

  report->cached = report->speculated = TRUE;
  report->reason = "phone-number";
  report->heard_us = -1;
  g_array_set_size (report->stages, report->stages->len - 1);
  text = draw (report, &style);
  g_assert_true (g_str_has_suffix (text,
          "\n  turn 3: sent after 571.7 ms, not heard, cached, speculated, "
          "over by phone-number\n"));
}

static void
test_nothing (void)
{
  g_autoptr (ParleyTimeline) timeline = parley_timeline_new ();
  g_autoptr (ParleyTurnReport) report = NULL;
  ParleyWaterfallStyle style = {.width = 80,.all = TRUE };
  g_autofree gchar *text = NULL;

  parley_timeline_stamp (timeline, PARLEY_AT_SENT, 5);
  report = parley_turn_report_new (timeline, 1);
  text = draw (report, &style);
  g_assert_cmpstr (text, ==, "  turn 0: sent after 0.0 ms, not heard\n");
}

/* A terminal of this test's own. */
static int
open_terminal (int *master)
{
  int fd;

  *master = posix_openpt (O_RDWR | O_NOCTTY);
  g_assert_cmpint (*master, >=, 0);
  g_assert_cmpint (grantpt (*master), ==, 0);
  g_assert_cmpint (unlockpt (*master), ==, 0);
  fd = open (ptsname (*master), O_RDWR | O_NOCTTY);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
test_style_of_a_terminal (void)
{
  int master, fd = open_terminal (&master);

  g_setenv ("TERM", "xterm", TRUE);
  g_unsetenv ("NO_COLOR");
  g_assert_true (parley_waterfall_style (fd).colour);
  g_assert_cmpuint (parley_waterfall_style (fd).width, ==, 80);
  g_setenv ("NO_COLOR", "1", TRUE);
  g_assert_false (parley_waterfall_style (fd).colour);
  g_unsetenv ("NO_COLOR");
  g_setenv ("TERM", "dumb", TRUE);
  g_assert_false (parley_waterfall_style (fd).colour);
  close (fd);
  close (master);
}

static void
test_style_of_a_pipe (void)
{
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  g_setenv ("TERM", "xterm", TRUE);
  g_assert_false (parley_waterfall_style (fds[1]).colour);
  g_assert_cmpuint (parley_waterfall_style (fds[1]).width, ==, 80);
  g_assert_false (parley_waterfall_style (fds[1]).all);
  close (fds[0]);
  close (fds[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
#define ADD(name, func) g_test_add_func ("/waterfall/" name, func)
  ADD ("plain", test_plain);
  ADD ("blocks", test_blocks);
  ADD ("fits", test_fits);
  ADD ("narrow", test_narrow);
  ADD ("colour", test_colour);
  ADD ("all", test_all);
  ADD ("marks", test_marks);
  ADD ("nothing", test_nothing);
  ADD ("style/terminal", test_style_of_a_terminal);
  ADD ("style/pipe", test_style_of_a_pipe);
#undef ADD
  return g_test_run ();
}
