/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The silence that ends a turn, when it depends on what was said: the element
 * with recorded speech, and texts as a recogniser behind it sends them up. */
#include "vadfixture.h"

#include <glib/gstdio.h>
#include <math.h>

#include "turn/turnevents.h"

#define LEAST 250
#define MIDDLE 700
#define MOST 1600
#define LAG 330

static GArray *
one_word (guint silence)
{
  GArray *scene = vad_scene_new ();

  vad_scene_add_noise (scene, 1500);
  vad_scene_add_speech (scene, "vm-goodbye");
  vad_scene_add_noise (scene, silence);
  return scene;
}

static void
set_range (VadFixture * self)
{
  g_object_set (self->h->element, "silence", MIDDLE, "min-silence", LEAST,
      "max-silence", MOST, "text-lag", LAG, NULL);
}

static void
tell (VadFixture * self, guint take, const gchar * text, gboolean final)
{
  GstEvent *event = parley_event_new_partial (1, take, text);

  if (final)
    parley_event_set_final (event);
  gst_harness_push_upstream_event (self->h, event);
}

/* Pushes the scene from *@at on until @event happened (NULL: to its end), 10 ms
 * at a time. */
static void
push_until (VadFixture * self, GArray * scene, guint * at, const gchar * event)
{
  for (; *at + FRAME <= scene->len; *at += FRAME) {
    if (event && strstr (self->events->str, event))
      return;
    vad_fixture_push (self, &g_array_index (scene, gint16, *at), FRAME);
  }
  g_assert_true (!event || strstr (self->events->str, event));
}

/* What the end of the turn's message says; free. */
static GstStructure *
pop_end (VadFixture * self)
{
  GstMessage *message;
  GstStructure *found = NULL;

  while (!found && (message = gst_bus_pop_filtered (self->bus,
              GST_MESSAGE_ELEMENT))) {
    const GstStructure *told = gst_message_get_structure (message);

    if (gst_structure_has_name (told, "vadendpoint-turn")
        && g_str_equal (gst_structure_get_string (told, "event"), "end"))
      found = gst_structure_copy (told);
    gst_message_unref (message);
  }
  g_assert_nonnull (found);
  return found;
}

static void
assert_end (VadFixture * self, const gchar * reason, guint wait)
{
  GstStructure *end = pop_end (self);
  guint waited = 0;

  g_assert_cmpstr (gst_structure_get_string (end, "reason"), ==, reason);
  g_assert_true (gst_structure_get_uint (end, "wait", &waited));
  if (wait)
    g_assert_cmpuint (waited, ==, wait);
  g_assert_nonnull (gst_structure_get_string (end, "tone"));
  gst_structure_free (end);
}

/* The samples up to the turn's end, with @text told as it begins. */
static guint
turn_length (const gchar * text, gboolean final, gboolean range,
    const gchar * reason, guint wait)
{
  g_autoptr (GArray) scene = one_word (3000);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = 0;

  if (range)
    set_range (self);
  push_until (self, scene, &at, "speech-start");
  if (text)
    tell (self, 1, text, final);
  push_until (self, scene, &at, "turn-end 1.1");
  assert_end (self, reason, wait);
  return at;
}

static void
test_fixed (void)
{
  guint silent = turn_length (NULL, FALSE, FALSE, "silence", 400);

  g_assert_cmpuint (turn_length ("Yes.", TRUE, FALSE, "silence", 400), ==,
      silent);
  g_assert_cmpuint (turn_length ("yes and", TRUE, FALSE, "silence", 400), ==,
      silent);
}

static void
test_words_decide (void)
{
  guint yes = turn_length ("Yes.", TRUE, TRUE, "yes-no",
      LEAST + (MIDDLE - LEAST) / 5);
  guint whole = turn_length ("I would like to book a table. Thank you.", TRUE,
      TRUE, "closing", LEAST);
  guint more = turn_length ("I would like to and", TRUE, TRUE, "conjunction",
      MOST);

  g_assert_cmpuint (more - whole, ==, (MOST - LEAST) * MS);
  g_assert_cmpuint (yes - whole, ==, (MIDDLE - LEAST) / 5 * MS);
}

/* Without any text the tone decides. */
static void
test_no_text (void)
{
  g_autoptr (GArray) scene = one_word (3000);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = 0;
  GstStructure *end;
  const gchar *tone, *reason;

  set_range (self);
  push_until (self, scene, &at, "turn-end 1.1");
  end = pop_end (self);
  tone = gst_structure_get_string (end, "tone");
  reason = gst_structure_get_string (end, "reason");
  if (g_str_equal (tone, "falling") || g_str_equal (tone, "rising")
      || g_str_equal (tone, "held"))
    g_assert_cmpstr (reason, ==, tone);
  else
    g_assert_cmpstr (reason, ==, "doubtful");
  gst_structure_free (end);
}

/* Words that come meanwhile make the turn shorter, down to at once. */
static void
test_text_in_the_wait (void)
{
  g_autoptr (GArray) scene = one_word (3000);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = 0, voice_end;

  set_range (self);
  g_object_set (self->h->element, "eager-silence", 100, NULL);
  push_until (self, scene, &at, "speech-start");
  tell (self, 1, "I want this and", FALSE);
  push_until (self, scene, &at, "speech-end 1.1");
  voice_end = at;
  while (at < voice_end + 1000 * MS) {
    vad_fixture_push (self, &g_array_index (scene, gint16, at), FRAME);
    at += FRAME;
  }
  g_assert_null (strstr (self->events->str, "turn-end"));
  tell (self, 1, "I want this and that, thank you", TRUE);
  vad_fixture_push (self, &g_array_index (scene, gint16, at), FRAME);
  g_assert_nonnull (strstr (self->events->str, "turn-end 1.1"));
  assert_end (self, "closing", LEAST);
}

/* And longer. */
static void
test_text_makes_it_longer (void)
{
  g_autoptr (GArray) scene = one_word (3000);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = 0;

  set_range (self);
  g_object_set (self->h->element, "eager-silence", 100, NULL);
  push_until (self, scene, &at, "speech-end 1.1");
  tell (self, 1, "my number is", FALSE);
  push_until (self, scene, &at, "turn-end 1.1");
  assert_end (self, "announced", MOST);
}

/* A text under way may lack the last words. */
static void
test_text_lag (void)
{
  guint final = turn_length ("thanks, thank you bye", TRUE, TRUE, "closing",
      LEAST);
  guint partial = turn_length ("thanks, thank you bye", FALSE, TRUE,
      "closing", LAG);

  g_assert_cmpuint (partial - final, ==, (LAG - LEAST) * MS);
}

/* What was said before a pause says nothing of what follows it. */
static void
test_text_of_an_earlier_take (void)
{
  g_autoptr (GArray) scene = vad_scene_new ();
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = 0;

  vad_scene_add_noise (scene, 1500);
  vad_scene_add_speech (scene, "activated");
  vad_scene_add_noise (scene, 150);
  vad_scene_add_speech (scene, "vm-goodbye");
  vad_scene_add_noise (scene, 3000);
  set_range (self);
  g_object_set (self->h->element, "eager-silence", 150, NULL);
  push_until (self, scene, &at, "speech-resume 1.1");
  tell (self, 1, "Bye.", TRUE);
  push_until (self, scene, &at, "turn-end 1.2");
  assert_end (self, "closing", MIDDLE);
}

/* Of another turn. */
static void
test_text_of_another_turn (void)
{
  g_autoptr (GArray) scene = one_word (3000);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  GstEvent *event = parley_event_new_partial (7, 1, "and");
  guint at = 0;
  GstStructure *end;

  set_range (self);
  push_until (self, scene, &at, "speech-start");
  gst_harness_push_upstream_event (self->h, event);
  push_until (self, scene, &at, "turn-end 1.1");
  end = pop_end (self);
  g_assert_cmpstr (gst_structure_get_string (end, "reason"), !=, "conjunction");
  gst_structure_free (end);
}

static void
test_change_in_the_wait (void)
{
  g_autoptr (GArray) scene = one_word (3000);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = 0;

  set_range (self);
  g_object_set (self->h->element, "eager-silence", 100, NULL);
  push_until (self, scene, &at, "speech-start");
  tell (self, 1, "one and", FALSE);
  push_until (self, scene, &at, "speech-end 1.1");
  g_object_set (self->h->element, "max-silence", 900, NULL);
  push_until (self, scene, &at, "turn-end 1.1");
  assert_end (self, "conjunction", 900);
}

static void
test_other_ends (void)
{
  g_autoptr (GArray) scene = one_word (3000);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = 0;

  set_range (self);
  g_object_set (self->h->element, "max-turn", 300, NULL);
  push_until (self, scene, &at, "turn-end 1.1");
  assert_end (self, "max-turn", 0);
  g_object_set (self->h->element, "max-turn", 0, NULL);
  push_until (self, scene, &at, "speech-start 2.1");
  vad_fixture_push_eos (self);
  assert_end (self, "end-of-stream", 0);
}

/* --- rules --- */

/* What @rules says of a state change to READY; NULL: it worked. */
static gchar *
error_of (const gchar * rules, const gchar * language, GstMessageType type)
{
  GstElement *element = gst_element_factory_make ("vadendpoint", NULL);
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  g_autoptr (GError) error = NULL;
  gchar *text = NULL;

  gst_element_set_bus (element, bus);
  g_object_set (element, "rules", rules, "language", language,
      "min-silence", 200, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_READY), ==,
      type == GST_MESSAGE_ERROR ? GST_STATE_CHANGE_FAILURE
      : GST_STATE_CHANGE_SUCCESS);
  message = gst_bus_pop_filtered (bus, type);
  if (message && type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else if (message)
    gst_message_parse_warning (message, &error, NULL);
  if (message) {
    g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
    text = g_strdup (error->message);
    gst_message_unref (message);
  }
  g_assert_null (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR));
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
  gst_object_unref (element);
  return text;
}

static gchar *
write_rules (const gchar * text)
{
  gchar *path = NULL;
  gint fd = g_file_open_tmp ("XXXXXX.rules", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (g_close (fd, NULL));
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static void
test_broken_rules (void)
{
  g_autofree gchar *path = write_rules ("[rule a]\nends = and\n");
  g_autofree gchar *error = error_of (path, "en", GST_MESSAGE_ERROR);
  g_autofree gchar *expected = g_strdup_printf ("The rules for the end of a "
      "turn cannot be used: %s, [rule a]: wait is missing: 0 is the least "
      "silence, 50 the middle, 100 the most", path);

  g_assert_cmpstr (error, ==, expected);
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
test_missing_rules (void)
{
  g_autofree gchar *error = error_of ("/nonexistent/x.rules", "en",
      GST_MESSAGE_ERROR);

  g_assert_nonnull (strstr (error, "/nonexistent/x.rules"));
}

static void
test_unknown_language (void)
{
  g_autofree gchar *known = error_of (NULL, "de-AT", GST_MESSAGE_WARNING);
  g_autofree gchar *unknown = error_of (NULL, "tlh", GST_MESSAGE_WARNING);

  g_assert_null (known);
  g_assert_nonnull (strstr (unknown, "\"tlh\""));
  g_assert_nonnull (strstr (unknown, "rules"));
}

static void
test_own_rules (void)
{
  g_autofree gchar *path =
      write_rules ("[rule house-number]\nends = goodbye\nwait = 75\n");
  g_autoptr (GArray) scene = one_word (3000);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = 0;

  set_range (self);
  gst_element_set_state (self->h->element, GST_STATE_READY);
  g_object_set (self->h->element, "rules", path, NULL);
  gst_harness_play (self->h);
  gst_element_set_state (self->h->element, GST_STATE_PLAYING);
  vad_fixture_set_format (self, S16 (8000));
  push_until (self, scene, &at, "speech-start");
  tell (self, 1, "Goodbye.", TRUE);
  push_until (self, scene, &at, "turn-end 1.1");
  assert_end (self, "house-number", MIDDLE + (MOST - MIDDLE) / 2);
  g_assert_cmpint (g_remove (path), ==, 0);
}

/* --- what a line has besides speech --- */

static void
add_tones (GArray * scene, guint ms, gdouble a, gdouble b, gdouble level)
{
  for (guint i = 0; i < ms * MS; i++) {
    gdouble t = i / 8000.0;
    gint16 sample = (gint16) (32767 * pow (10, level / 20) / 2
        * (sin (2 * G_PI * a * t) + sin (2 * G_PI * b * t)));

    g_array_append_val (scene, sample);
  }
}

static void
assert_no_turn (GArray * scene)
{
  g_autoptr (VadFixture) self = vad_fixture_new (MULAW);

  vad_fixture_push_scene (self, scene, 160);
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->events->str, ==, "");
  g_assert_cmpuint (self->buffers, ==, 0);
}

static void
test_dtmf_is_no_turn (void)
{
  static const gdouble low[] = { 697, 770, 852, 941 };
  static const gdouble high[] = { 1209, 1336, 1477, 1633 };
  g_autoptr (GArray) scene = vad_scene_new ();

  vad_scene_add_noise (scene, 500);
  for (guint key = 0; key < 16; key++) {
    add_tones (scene, 60 + 20 * key, low[key / 4], high[key % 4], -10.0);
    vad_scene_add_noise (scene, 150);
  }
  assert_no_turn (scene);
}

static void
test_ring_back_is_no_turn (void)
{
  g_autoptr (GArray) scene = vad_scene_new ();

  vad_scene_add_noise (scene, 300);
  for (guint i = 0; i < 3; i++) {
    add_tones (scene, 2000, 440, 480, -13.0);
    vad_scene_add_noise (scene, 1000);
    add_tones (scene, 1000, 425, 425, -13.0);
    vad_scene_add_noise (scene, 1000);
  }
  assert_no_turn (scene);
}

/* What a far end makes up in place of silence comes and goes. */
static void
test_comfort_noise_is_no_turn (void)
{
  static const gint levels[] = { 8, 60, 0, 120, 20, 200, 0, 60 };
  g_autoptr (GArray) scene = vad_scene_new ();
  GRand *rand = g_rand_new_with_seed (3);

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    for (guint j = 0; j < 1500 * MS; j++) {
      gint16 sample = levels[i] ? g_rand_int_range (rand, -levels[i],
          levels[i]) : 0;

      g_array_append_val (scene, sample);
    }
  g_rand_free (rand);
  assert_no_turn (scene);
}

static void
add (const gchar * name, GTestFunc func)
{
  g_autofree gchar *path = g_strconcat ("/vadendpoint/wait/", name, NULL);

  g_test_add_func (path, func);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  if (vad_skip_without_sounds ())
    return 0;
  add ("fixed", test_fixed);
  add ("words-decide", test_words_decide);
  add ("no-text", test_no_text);
  add ("text-in-the-wait", test_text_in_the_wait);
  add ("text-makes-it-longer", test_text_makes_it_longer);
  add ("text-lag", test_text_lag);
  add ("text-of-an-earlier-take", test_text_of_an_earlier_take);
  add ("text-of-another-turn", test_text_of_another_turn);
  add ("change-in-the-wait", test_change_in_the_wait);
  add ("other-ends", test_other_ends);
  add ("rules/broken", test_broken_rules);
  add ("rules/missing", test_missing_rules);
  add ("rules/unknown-language", test_unknown_language);
  add ("rules/own", test_own_rules);
  add ("line/dtmf", test_dtmf_is_no_turn);
  add ("line/ring-back", test_ring_back_is_no_turn);
  add ("line/comfort-noise", test_comfort_noise_is_no_turn);
  return g_test_run ();
}
