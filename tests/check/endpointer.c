/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/endpointer.h"

#include <string.h>

/* 50 ms, so that decision strings stay short. */
static const ParleyEndpointerSettings plain = {.silence = 50 };

static const ParleyEndpointerSettings eager = {.silence = 50,
  .eager_silence = 20
};

static void
append (GString * log, const ParleyEndpointAction * actions, guint n)
{
  static const gchar *const names[] = { "start", "end", "resume", "turn-end" };

  g_assert_cmpuint (n, <=, PARLEY_ENDPOINTER_MAX_ACTIONS);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (log, "%s%s@%" G_GUINT64_FORMAT,
        log->len ? " " : "", names[actions[i].kind], actions[i].frame);
}

static void
feed (ParleyEndpointer * self, const gchar * decisions, GString * log)
{
  ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];

  for (; *decisions; decisions++) {
    const ParleyEndpointerFrame heard = {
      .voice = *decisions == '#' || g_ascii_isdigit (*decisions),
      .quiet = g_ascii_isdigit (*decisions) ? *decisions - '0' : 0,
      .rising = *decisions == '/',.doubtful = *decisions == '?'
    };

    append (log, actions, parley_endpointer_frame (self, &heard, actions));
  }
}

/* One character a frame, '#' for voice, a digit for voice that has been quiet
 * for so many frames, '/' for what may become voice, '?'
 * for what may be the caller's. */
static void
assert_actions (const ParleyEndpointerSettings * settings,
    const gchar * decisions, const gchar * expected)
{
  g_autoptr (ParleyEndpointer) self = parley_endpointer_new (settings);
  GString *log = g_string_new (NULL);

  feed (self, decisions, log);
  g_assert_cmpstr (log->str, ==, expected);
  g_assert_cmpuint (parley_endpointer_get_frames (self), ==,
      strlen (decisions));
  g_string_free (log, TRUE);
}

/* Letters between the frames are what who recognises tells: hears, may end,
 * goes on, is over. He is believed to be there for 80 ms. */
static void
assert_told (ParleyEndpointing decider, const ParleyEndpointerSettings *
    settings, const gchar * decisions, const gchar * expected)
{
  static const gchar letters[] = "hmgo";
  g_autoptr (ParleyEndpointer) self = parley_endpointer_new (settings);
  ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];
  GString *log = g_string_new (NULL);

  parley_endpointer_set_decider (self, decider, 80);
  for (; *decisions; decisions++) {
    const gchar one[] = { *decisions, '\0' };
    const gchar *letter = strchr (letters, *decisions);

    if (letter)
      append (log, actions, parley_endpointer_told (self, letter - letters,
              actions));
    else
      feed (self, one, log);
  }
  g_assert_cmpstr (log->str, ==, expected);
  g_string_free (log, TRUE);
}

#define PROVIDER PARLEY_ENDPOINTING_PROVIDER
#define BOTH PARLEY_ENDPOINTING_BOTH

static void
test_told_end (void)
{
  assert_told (PROVIDER, &plain, "####o....", "start@0 end@4 turn-end@4");
  assert_told (PROVIDER, &plain, "##h.......o..", "start@0 end@9 turn-end@9");
  assert_told (BOTH, &eager, "####..o......", "start@0 end@6 turn-end@6");
  assert_told (BOTH, &eager, "####....o....", "start@0 end@6 turn-end@8");
}

/* Nothing is told of silence. */
static void
test_told_without_turn (void)
{
  assert_told (PROVIDER, &plain, "hmgo...hmgo", "");
  assert_told (PROVIDER, &plain, "##o...hmgo...", "start@0 end@2 turn-end@2");
}

static void
test_told_may_end (void)
{
  assert_told (PROVIDER, &eager, "####m...o", "start@0 end@4 turn-end@7");
  assert_told (PROVIDER, &eager, "####m...gg##..m.o",
      "start@0 end@4 resume@7 end@11 turn-end@12");
  assert_told (PROVIDER, &eager, "####mm.mo", "start@0 end@4 turn-end@5");
}

/* Voice is no reason to go on where he decides, but it is where both do. */
static void
test_told_may_end_in_noise (void)
{
  assert_told (PROVIDER, &eager, "####m####o", "start@0 end@4 turn-end@8");
  assert_told (BOTH, &eager, "####m####o",
      "start@0 end@4 resume@4 end@8 turn-end@8");
}

/* A noise: he hears no words, and silence decides as ever. */
static void
test_told_nothing (void)
{
  assert_told (PROVIDER, &plain, "##.....##",
      "start@0 end@7 turn-end@7 start@7");
  assert_told (PROVIDER, &eager, "##.....", "start@0 end@7 turn-end@7");
}

/* A turn with words is his, the next one is not until he hears some. */
static void
test_told_words (void)
{
  assert_told (PROVIDER, &plain, "##h......o##.....",
      "start@0 end@8 turn-end@8 start@8 end@15 turn-end@15");
}

/* He is gone: silence since the last voice or word. */
static void
test_told_no_end (void)
{
  assert_told (PROVIDER, &plain, "##h........", "start@0 end@10 turn-end@10");
  assert_told (PROVIDER, &plain, "##h....h........",
      "start@0 end@14 turn-end@14");
  assert_told (PROVIDER, &plain, "##h....#.......", "start@0");
  assert_told (PROVIDER, &eager, "##m........", "start@0 end@2 turn-end@10");
}

static void
test_told_but_too_long (void)
{
  const ParleyEndpointerSettings settings = {.silence = 50,.max_turn = 60 };

  assert_told (PROVIDER, &settings, "##h#####",
      "start@0 end@6 turn-end@6 start@6");
}

/* He failed: from then on silence decides, in the turn under way too. */
static void
test_told_no_more (void)
{
  g_autoptr (ParleyEndpointer) self = parley_endpointer_new (&plain);
  ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];
  GString *log = g_string_new (NULL);

  parley_endpointer_set_decider (self, PROVIDER, 1000);
  feed (self, "##", log);
  parley_endpointer_told (self, PARLEY_STT_HEARS, actions);
  feed (self, ".......", log);
  g_assert_cmpstr (log->str, ==, "start@0");
  parley_endpointer_set_decider (self, PARLEY_ENDPOINTING_LOCAL, 0);
  feed (self, ".", log);
  g_assert_cmpstr (log->str, ==, "start@0 end@10 turn-end@10");
  g_string_free (log, TRUE);
}

static void
test_silence (void)
{
  assert_actions (&plain, "....................", "");
}

static void
test_turn (void)
{
  assert_actions (&plain, "..###....", "start@2");
  assert_actions (&plain, "..###.....", "start@2 end@10 turn-end@10");
  assert_actions (&plain, "..###.......", "start@2 end@10 turn-end@10");
}

static void
test_short_pause (void)
{
  assert_actions (&plain, "#....#....#.....", "start@0 end@16 turn-end@16");
}

static void
test_two_turns (void)
{
  assert_actions (&plain, "##.....##.....",
      "start@0 end@7 turn-end@7 start@7 end@14 turn-end@14");
}

static void
test_quiet_voice (void)
{
  assert_actions (&plain, "..####345.....", "start@2 end@14 turn-end@14");
  assert_actions (&plain, "..####34##3456.....", "start@2 end@19 turn-end@19");
  assert_actions (&eager, "####3456.....", "start@0 end@5 turn-end@13");
  assert_actions (&eager, "####34#.......",
      "start@0 end@5 resume@6 end@9 turn-end@12");
  assert_actions (&eager, "9", "");
}

static void
test_rising (void)
{
  assert_actions (&plain, "##.../////##.....", "start@0 end@17 turn-end@17");
  assert_actions (&plain, "##...///..", "start@0 end@9 turn-end@9");
  assert_actions (&plain, "##/////////////////", "start@0 end@17 turn-end@17");
  assert_actions (&eager, "##.///###.....",
      "start@0 end@4 resume@6 end@11 turn-end@14");
}

static void
test_doubtful (void)
{
  const ParleyEndpointerSettings settings = {.silence = 50,.min_speech = 30 };
  GString *scene = g_string_new (".");

  assert_actions (&settings, "..????????...........", "");
  assert_actions (&settings, "..???????##......", "");
  assert_actions (&settings, "..?????###.....", "start@2 end@15 turn-end@15");
  assert_actions (&settings, "..??....??..###.....",
      "start@2 end@20 turn-end@20");
  assert_actions (&settings, "..###??????......", "start@2 end@10 turn-end@10");
  assert_actions (&settings, "..??###.....###.....",
      "start@2 end@12 turn-end@12 start@12 end@20 turn-end@20");
  for (guint i = 0; i < 300; i++)
    g_string_append_c (scene, '?');
  g_string_append (scene, "###.....");
  assert_actions (&settings, scene->str, "start@154 end@309 turn-end@309");
  g_string_assign (scene, "??");
  for (guint i = 0; i < 50; i++)
    g_string_append_c (scene, '.');
  g_string_append (scene, "###.....");
  assert_actions (&settings, scene->str, "start@52 end@60 turn-end@60");
  g_string_free (scene, TRUE);
}

static void
test_min_speech (void)
{
  const ParleyEndpointerSettings settings = {.silence = 50,.min_speech = 30 };

  assert_actions (&settings, ".##.......", "");
  assert_actions (&settings, ".###.......", "start@1 end@9 turn-end@9");
  assert_actions (&settings, "##...##...##...##", "");
}

static void
test_onset_gap (void)
{
  const ParleyEndpointerSettings settings = {.silence = 50,.min_speech = 30 };

  assert_actions (&settings, ".##..#.....", "start@1 end@11 turn-end@11");
  assert_actions (&settings, ".##...#.....", "");
}

static void
test_rounding (void)
{
  const ParleyEndpointerSettings settings = {.silence = 41,.min_speech = 11 };

  assert_actions (&settings, "#...", "");
  assert_actions (&settings, "##....", "start@0");
  assert_actions (&settings, "##.....", "start@0 end@7 turn-end@7");
}

static void
test_zero_silence (void)
{
  const ParleyEndpointerSettings settings = {.silence = 0 };

  assert_actions (&settings, "##.", "start@0 end@3 turn-end@3");
}

static void
test_eager (void)
{
  assert_actions (&eager, "##..", "start@0 end@4");
  assert_actions (&eager, "##.....", "start@0 end@4 turn-end@7");
}

static void
test_eager_resume (void)
{
  assert_actions (&eager, "##..#", "start@0 end@4 resume@4");
  assert_actions (&eager, "##....#..#.....",
      "start@0 end@4 resume@6 end@9 resume@9 end@12 turn-end@15");
}

static void
test_eager_above_silence (void)
{
  const ParleyEndpointerSettings settings = {.silence = 50,
    .eager_silence = 50
  };

  assert_actions (&settings, "##.....", "start@0 end@7 turn-end@7");
}

static void
test_max_turn (void)
{
  const ParleyEndpointerSettings settings = {.silence = 50,.max_turn = 40 };

  assert_actions (&settings, ".###.......", "start@1 end@5 turn-end@5");
  assert_actions (&settings, ".########",
      "start@1 end@5 turn-end@5 start@5 end@9 turn-end@9");
}

static void
test_max_turn_in_pause (void)
{
  const ParleyEndpointerSettings settings = {.silence = 50,
    .eager_silence = 20,.max_turn = 40
  };

  assert_actions (&settings, "#....", "start@0 end@3 turn-end@4");
  assert_actions (&settings, "#..#.",
      "start@0 end@3 resume@3 end@4 turn-end@4");
}

static void
test_max_turn_below_min_speech (void)
{
  const ParleyEndpointerSettings settings = {.silence = 50,.min_speech = 30,
    .max_turn = 10
  };

  assert_actions (&settings, "###", "start@0 end@3 turn-end@3");
}

static void
test_finish (void)
{
  static const struct
  {
    const gchar *decisions, *expected;
  } cases[] = {
    {"....", ""},
    {"##.", "start@0 end@3 turn-end@3"},
    {"##...", "start@0 end@4 turn-end@5"},
    {"##.....", "start@0 end@4 turn-end@7"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (ParleyEndpointer) self = parley_endpointer_new (&eager);
    ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];
    GString *log = g_string_new (NULL);

    feed (self, cases[i].decisions, log);
    append (log, actions, parley_endpointer_finish (self, actions));
    g_assert_cmpstr (log->str, ==, cases[i].expected);
    g_assert_cmpuint (parley_endpointer_finish (self, actions), ==, 0);
    g_string_free (log, TRUE);
  }
}

static void
test_finish_drops_onset (void)
{
  const ParleyEndpointerSettings settings = {.silence = 50,.min_speech = 30 };
  g_autoptr (ParleyEndpointer) self = parley_endpointer_new (&settings);
  ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];
  GString *log = g_string_new (NULL);

  feed (self, "##", log);
  g_assert_cmpuint (parley_endpointer_finish (self, actions), ==, 0);
  feed (self, "#", log);
  g_assert_cmpstr (log->str, ==, "");
  g_string_free (log, TRUE);
}

static void
test_reset (void)
{
  g_autoptr (ParleyEndpointer) self = parley_endpointer_new (&plain);
  GString *log = g_string_new (NULL);

  feed (self, "###", log);
  g_string_truncate (log, 0);
  parley_endpointer_reset (self);
  g_assert_cmpuint (parley_endpointer_get_frames (self), ==, 0);
  g_assert_cmpint (parley_endpointer_get_state (self), ==,
      PARLEY_ENDPOINTER_QUIET);
  feed (self, ".......#", log);
  g_assert_cmpstr (log->str, ==, "start@7");
  g_string_free (log, TRUE);
}

/* For the turn under way only, and no matter when in its silence. */
static void
test_set_wait (void)
{
  g_autoptr (ParleyEndpointer) self = parley_endpointer_new (&plain);
  GString *log = g_string_new (NULL);

  feed (self, "#.", log);
  parley_endpointer_set_wait (self, 80);
  feed (self, "......", log);
  g_assert_cmpstr (log->str, ==, "start@0");
  g_assert_cmpuint (parley_endpointer_get_quiet (self), ==, 7);
  feed (self, ".", log);
  g_assert_cmpstr (log->str, ==, "start@0 end@9 turn-end@9");
  g_string_truncate (log, 0);
  feed (self, "#..", log);
  parley_endpointer_set_wait (self, 20);
  feed (self, ".", log);
  g_assert_cmpstr (log->str, ==, "start@9 end@13 turn-end@13");
  g_string_truncate (log, 0);
  feed (self, "#.....", log);
  g_assert_cmpstr (log->str, ==, "start@13 end@19 turn-end@19");
  g_string_free (log, TRUE);
}

static void
test_wait_and_eager (void)
{
  g_autoptr (ParleyEndpointer) self = parley_endpointer_new (&eager);
  GString *log = g_string_new (NULL);

  feed (self, "#..", log);
  g_assert_cmpstr (log->str, ==, "start@0 end@3");
  parley_endpointer_set_wait (self, 70);
  feed (self, "...#", log);
  g_assert_cmpstr (log->str, ==, "start@0 end@3 resume@6");
  g_string_truncate (log, 0);
  parley_endpointer_set_wait (self, 10);
  feed (self, ".", log);
  g_assert_cmpstr (log->str, ==, "end@8 turn-end@8");
  g_string_free (log, TRUE);
}

static void
test_change_settings (void)
{
  g_autoptr (ParleyEndpointer) self = parley_endpointer_new (&plain);
  GString *log = g_string_new (NULL);

  feed (self, "#...", log);
  parley_endpointer_set (self, &(ParleyEndpointerSettings) {
      .silence = 20});
  feed (self, ".", log);
  g_assert_cmpstr (log->str, ==, "start@0 end@5 turn-end@5");
  g_string_free (log, TRUE);
}

static void
test_onset_and_voice_end (void)
{
  const ParleyEndpointerSettings settings = {.silence = 50,.min_speech = 30 };
  g_autoptr (ParleyEndpointer) self = parley_endpointer_new (&settings);
  GString *log = g_string_new (NULL);

  g_assert_cmpuint (parley_endpointer_get_onset (self), ==, 0);
  feed (self, "..", log);
  g_assert_cmpuint (parley_endpointer_get_onset (self), ==, 2);
  feed (self, "##.", log);
  g_assert_cmpuint (parley_endpointer_get_onset (self), ==, 2);
  g_assert_cmpuint (parley_endpointer_get_speech_end (self), ==, 4);
  feed (self, "..", log);
  g_assert_cmpuint (parley_endpointer_get_onset (self), ==, 7);
  g_string_free (log, TRUE);
}

static void
test_long_silence (void)
{
  g_autoptr (ParleyEndpointer) self = parley_endpointer_new (&eager);
  ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];
  GString *log = g_string_new (NULL);
  guint64 left = G_GUINT64_CONSTANT (1) << 50;
  guint64 all = left + 2;

  feed (self, "##", log);
  while (left > 0)
    append (log, actions, parley_endpointer_silence (self, &left, actions));
  g_assert_cmpstr (log->str, ==, "start@0 end@4 turn-end@7");
  g_assert_cmpuint (parley_endpointer_get_frames (self), ==, all);
  g_string_free (log, TRUE);
}

/* What must hold for any decisions, looked up in them afresh. */
static guint
quiet_before (guint decisions, guint64 frame)
{
  guint n = 0;

  while (frame > n && !(decisions >> (frame - n - 1) & 1))
    n++;
  return n;
}

static void
check_action (const ParleyEndpointAction * action, guint now, guint decisions,
    ParleyEndpointerState * state)
{
  guint quiet = quiet_before (decisions, action->frame);

  switch (action->kind) {
    case PARLEY_ENDPOINT_START:
      g_assert_cmpint (*state, ==, PARLEY_ENDPOINTER_QUIET);
      g_assert_true (decisions >> action->frame & 1);
      g_assert_true (decisions >> now & 1);
      *state = PARLEY_ENDPOINTER_SPEECH;
      break;
    case PARLEY_ENDPOINT_END:
      g_assert_cmpint (*state, ==, PARLEY_ENDPOINTER_SPEECH);
      g_assert_cmpuint (action->frame, ==, now + 1);
      g_assert_cmpuint (quiet, ==, 2);
      *state = PARLEY_ENDPOINTER_PAUSE;
      break;
    case PARLEY_ENDPOINT_RESUME:
      g_assert_cmpint (*state, ==, PARLEY_ENDPOINTER_PAUSE);
      g_assert_cmpuint (action->frame, ==, now);
      g_assert_true (decisions >> now & 1);
      *state = PARLEY_ENDPOINTER_SPEECH;
      break;
    case PARLEY_ENDPOINT_TURN_END:
      g_assert_cmpint (*state, ==, PARLEY_ENDPOINTER_PAUSE);
      g_assert_cmpuint (quiet, ==, 5);
      *state = PARLEY_ENDPOINTER_QUIET;
      break;
  }
}

static void
test_all_decisions (void)
{
  const ParleyEndpointerSettings settings = {.silence = 50,
    .eager_silence = 20,.min_speech = 20
  };
  g_autoptr (ParleyEndpointer) self = parley_endpointer_new (&settings);

  for (guint decisions = 0; decisions < 1 << 16; decisions++) {
    ParleyEndpointerState state = PARLEY_ENDPOINTER_QUIET;

    parley_endpointer_reset (self);
    for (guint i = 0; i < 16; i++) {
      ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];
      const ParleyEndpointerFrame heard = { decisions >> i & 1 };
      guint n = parley_endpointer_frame (self, &heard, actions);

      for (guint j = 0; j < n; j++)
        check_action (&actions[j], i, decisions, &state);
      g_assert_cmpint (state, ==, parley_endpointer_get_state (self));
      if (state != PARLEY_ENDPOINTER_QUIET)
        g_assert_cmpuint (quiet_before (decisions, i + 1), <, 5);
      if (state == PARLEY_ENDPOINTER_SPEECH)
        g_assert_cmpuint (quiet_before (decisions, i + 1), <, 2);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/endpointer/silence", test_silence);
  g_test_add_func ("/endpointer/turn", test_turn);
  g_test_add_func ("/endpointer/short-pause", test_short_pause);
  g_test_add_func ("/endpointer/two-turns", test_two_turns);
  g_test_add_func ("/endpointer/quiet-voice", test_quiet_voice);
  g_test_add_func ("/endpointer/rising", test_rising);
  g_test_add_func ("/endpointer/doubtful", test_doubtful);
  g_test_add_func ("/endpointer/min-speech", test_min_speech);
  g_test_add_func ("/endpointer/onset-gap", test_onset_gap);
  g_test_add_func ("/endpointer/rounding", test_rounding);
  g_test_add_func ("/endpointer/zero-silence", test_zero_silence);
  g_test_add_func ("/endpointer/eager", test_eager);
  g_test_add_func ("/endpointer/eager-resume", test_eager_resume);
  g_test_add_func ("/endpointer/eager-above-silence", test_eager_above_silence);
  g_test_add_func ("/endpointer/max-turn", test_max_turn);
  g_test_add_func ("/endpointer/max-turn-in-pause", test_max_turn_in_pause);
  g_test_add_func ("/endpointer/max-turn-below-min-speech",
      test_max_turn_below_min_speech);
  g_test_add_func ("/endpointer/finish", test_finish);
  g_test_add_func ("/endpointer/finish-drops-onset", test_finish_drops_onset);
  g_test_add_func ("/endpointer/reset", test_reset);
  g_test_add_func ("/endpointer/set-wait", test_set_wait);
  g_test_add_func ("/endpointer/wait-and-eager", test_wait_and_eager);
  g_test_add_func ("/endpointer/change-settings", test_change_settings);
  g_test_add_func ("/endpointer/onset-and-voice-end", test_onset_and_voice_end);
  g_test_add_func ("/endpointer/long-silence", test_long_silence);
  g_test_add_func ("/endpointer/all-decisions", test_all_decisions);
  g_test_add_func ("/endpointer/told/end", test_told_end);
  g_test_add_func ("/endpointer/told/without-turn", test_told_without_turn);
  g_test_add_func ("/endpointer/told/may-end", test_told_may_end);
  g_test_add_func ("/endpointer/told/may-end-in-noise",
      test_told_may_end_in_noise);
  g_test_add_func ("/endpointer/told/nothing", test_told_nothing);
  g_test_add_func ("/endpointer/told/words", test_told_words);
  g_test_add_func ("/endpointer/told/no-end", test_told_no_end);
  g_test_add_func ("/endpointer/told/but-too-long", test_told_but_too_long);
  g_test_add_func ("/endpointer/told/no-more", test_told_no_more);
  return g_test_run ();
}
