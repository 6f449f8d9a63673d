/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "net/clock.h"
#include "turn/calllife.h"
#include "turn/keys.h"

#define S G_TIME_SPAN_SECOND

/* A call whose time is parley_clock's: every act is noted at its second. */
typedef struct
{
  ParleyCallLife *life;
  GMainContext *context;
  GString *acts;
  gint64 began;
} Life;

static void
setup (Life * l, const ParleyCallLifeSettings * settings)
{
  parley_clock_set_manual (100 * S);
  l->context = g_main_context_new ();
  l->began = parley_clock_now ();
  l->life = parley_call_life_new (settings, l->began);
  l->acts = g_string_new (NULL);
}

static void
teardown (Life * l)
{
  parley_call_life_free (l->life);
  g_main_context_unref (l->context);
  g_string_free (l->acts, TRUE);
  parley_clock_set_real ();
}

static void
take_acts (Life * l)
{
  static const gchar *const names[] = {
    NULL, "opening", "prompt", "farewell", "warning", "time-up", "over"
  };
  gint64 now = parley_clock_now ();
  ParleyLifeAct act;
  guint prompt = 9;

  while ((act = parley_call_life_act (l->life, now, &prompt)))
    if (act == PARLEY_LIFE_PROMPT)
      g_string_append_printf (l->acts, "%d:prompt%u ",
          (gint) ((now - l->began) / S), prompt);
    else
      g_string_append_printf (l->acts, "%d:%s ", (gint) ((now - l->began) / S),
          names[act]);
}

static gboolean
on_due (gpointer data)
{
  Life *l = data;

  take_acts (l);
  return G_SOURCE_REMOVE;
}

/* Time goes on; what is due is done at its time. */
static void
pass (Life * l, guint seconds)
{
  gint64 end = parley_clock_now () + seconds * S;

  while (parley_call_life_get_due (l->life) <= end) {
    GSource *timer = parley_timer_new (parley_call_life_get_due (l->life));

    g_source_set_callback (timer, on_due, l, NULL);
    g_source_attach (timer, l->context);
    parley_clock_advance (MAX (0, parley_call_life_get_due (l->life)
            - parley_clock_now ()), l->context);
    g_source_destroy (timer);
    g_source_unref (timer);
  }
  parley_clock_advance (end - parley_clock_now (), l->context);
}

static void
quiet (Life * l, gboolean is_quiet)
{
  parley_call_life_set_quiet (l->life, is_quiet, parley_clock_now ());
}

static void
expect (Life * l, const gchar * acts)
{
  g_assert_cmpstr (l->acts->str, ==, acts);
  g_string_truncate (l->acts, 0);
}

static void
test_prompts (void)
{
  ParleyCallLifeSettings settings = {.idle_after = 10 * S,.n_prompts = 2,
    .farewell = TRUE
  };
  Life l;

  setup (&l, &settings);
  pass (&l, 100);
  expect (&l, "");
  quiet (&l, TRUE);
  pass (&l, 100);
  expect (&l, "110:prompt0 120:prompt1 130:farewell ");
  teardown (&l);
}

static void
test_speech_is_not_silence (void)
{
  ParleyCallLifeSettings settings = {.idle_after = 10 * S,.n_prompts = 1 };
  Life l;

  setup (&l, &settings);
  quiet (&l, TRUE);
  pass (&l, 9);
  quiet (&l, FALSE);
  pass (&l, 60);
  quiet (&l, TRUE);
  quiet (&l, TRUE);
  pass (&l, 9);
  expect (&l, "");
  pass (&l, 1);
  expect (&l, "79:prompt0 ");
  teardown (&l);
}

static void
test_answer_begins_anew (void)
{
  ParleyCallLifeSettings settings = {.idle_after = 10 * S,.n_prompts = 1,
    .farewell = TRUE
  };
  Life l;

  setup (&l, &settings);
  quiet (&l, TRUE);
  pass (&l, 20);
  expect (&l, "10:prompt0 20:farewell ");
  quiet (&l, FALSE);
  parley_call_life_answered (l.life);
  quiet (&l, TRUE);
  pass (&l, 100);
  expect (&l, "30:prompt0 40:farewell ");
  teardown (&l);
}

/* A noise is no answer. */
static void
test_noise_is_no_answer (void)
{
  ParleyCallLifeSettings settings = {.idle_after = 10 * S,.n_prompts = 1,
    .farewell = TRUE
  };
  Life l;

  setup (&l, &settings);
  quiet (&l, TRUE);
  pass (&l, 15);
  quiet (&l, FALSE);
  pass (&l, 1);
  quiet (&l, TRUE);
  pass (&l, 10);
  expect (&l, "10:prompt0 26:farewell ");
  teardown (&l);
}

static void
test_without_farewell (void)
{
  ParleyCallLifeSettings settings = {.idle_after = 10 * S,.n_prompts = 1 };
  Life l;

  setup (&l, &settings);
  quiet (&l, TRUE);
  pass (&l, 1000);
  expect (&l, "10:prompt0 ");
  g_assert_true (parley_call_life_get_due (l.life) == G_MAXINT64);
  teardown (&l);
}

static void
test_opening (void)
{
  ParleyCallLifeSettings settings = {.opening = TRUE,.idle_after = 10 * S,
    .n_prompts = 1
  };
  Life l;

  setup (&l, &settings);
  quiet (&l, TRUE);
  pass (&l, 20);
  expect (&l, "10:opening 20:prompt0 ");
  teardown (&l);
  setup (&l, &settings);
  parley_call_life_answered (l.life);
  quiet (&l, TRUE);
  pass (&l, 20);
  expect (&l, "10:prompt0 ");
  teardown (&l);
}

static void
test_duration (void)
{
  ParleyCallLifeSettings settings = {.idle_after = 10 * S,.n_prompts = 9,
    .max_duration = 60 * S,.warn_before = 20 * S
  };
  Life l;

  setup (&l, &settings);
  pass (&l, 59);
  expect (&l, "40:warning ");
  pass (&l, 100);
  expect (&l, "60:time-up 75:over ");
  quiet (&l, TRUE);
  g_assert_true (parley_call_life_get_due (l.life) == G_MAXINT64);
  teardown (&l);
}

static void
test_short_duration (void)
{
  ParleyCallLifeSettings settings = {.max_duration = 10 * S,
    .warn_before = 20 * S
  };
  Life l;

  setup (&l, &settings);
  pass (&l, 0);
  expect (&l, "0:warning ");
  pass (&l, 10);
  expect (&l, "10:time-up ");
  teardown (&l);
}

/* A thread that was busy comes late: nothing is left out. */
static void
test_late (void)
{
  ParleyCallLifeSettings settings = {.max_duration = 60 * S,
    .warn_before = 20 * S
  };
  Life l;

  setup (&l, &settings);
  parley_clock_advance (90 * S, l.context);
  take_acts (&l);
  expect (&l, "90:warning 90:time-up 90:over ");
  teardown (&l);
}

/* Keys */

static void
test_keys (void)
{
  ParleyKeys keys = {.timeout = 2 * S };
  g_autofree gchar *text = NULL, *none = NULL;
  guint turn;

  g_assert_false (parley_keys_press (&keys, 7, '1', 10 * S));
  g_assert_false (parley_keys_press (&keys, 8, '2', 11 * S));
  g_assert_cmpint (keys.due, ==, 13 * S);
  g_assert_true (parley_keys_press (&keys, 9, '#', 12 * S));
  text = parley_keys_take (&keys, &turn);
  g_assert_cmpstr (text, ==, "12");
  g_assert_cmpuint (turn, ==, 7);
  none = parley_keys_take (&keys, &turn);
  g_assert_null (none);
  g_assert_cmpuint (turn, ==, 0);
}

static void
test_keys_of_a_length (void)
{
  ParleyKeys keys = {.length = 2 };
  g_autofree gchar *text = NULL;
  guint turn;

  g_assert_false (parley_keys_press (&keys, 1, '*', 0));
  g_assert_true (parley_keys_press (&keys, 2, '5', 0));
  text = parley_keys_take (&keys, &turn);
  g_assert_cmpstr (text, ==, "*5");
}

static void
test_hash_alone (void)
{
  ParleyKeys keys = { 0 };
  g_autofree gchar *text = NULL;
  guint turn;

  g_assert_true (parley_keys_press (&keys, 1, '#', 0));
  text = parley_keys_take (&keys, &turn);
  g_assert_cmpstr (text, ==, "#");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/calllife/prompts", test_prompts);
  g_test_add_func ("/calllife/speech-is-not-silence",
      test_speech_is_not_silence);
  g_test_add_func ("/calllife/answer-begins-anew", test_answer_begins_anew);
  g_test_add_func ("/calllife/noise-is-no-answer", test_noise_is_no_answer);
  g_test_add_func ("/calllife/without-farewell", test_without_farewell);
  g_test_add_func ("/calllife/opening", test_opening);
  g_test_add_func ("/calllife/duration", test_duration);
  g_test_add_func ("/calllife/short-duration", test_short_duration);
  g_test_add_func ("/calllife/late", test_late);
  g_test_add_func ("/calllife/keys", test_keys);
  g_test_add_func ("/calllife/keys-of-a-length", test_keys_of_a_length);
  g_test_add_func ("/calllife/hash-alone", test_hash_alone);
  return g_test_run ();
}
