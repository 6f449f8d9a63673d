/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "turn/timeline.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"
#include "vadfixture.h"

/* vadendpoint with a recogniser behind it that says when turns are over. */

static void
tell (VadFixture * self, GstEvent * event)
{
  gst_harness_push_upstream_event (self->h, event);
}

static void
decide (VadFixture * self, ParleyEndpointing endpointing)
{
  tell (self, parley_event_new_endpointing (endpointing, 1000));
}

static void
say (VadFixture * self, guint turn, guint take, ParleySttEndpoint endpoint)
{
  tell (self, parley_event_new_endpoint (turn, take, endpoint, "flux"));
}

/* In the middle of the first word of @scene; how many samples that took. */
static guint
begin (VadFixture * self, GArray * scene, ParleyEndpointing endpointing)
{
  decide (self, endpointing);
  return vad_fixture_push_into_turn (self, scene);
}

static void
push_rest (VadFixture * self, GArray * scene, guint from, guint ms)
{
  for (guint at = from; at < MIN (from + ms * MS, scene->len); at += 160)
    vad_fixture_push (self, (gint16 *) scene->data + at,
        MIN (160, scene->len - at));
}

/* On the thread that pushes the end is there at once. */
static void
test_end (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (3000);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  begin (self, scene, PARLEY_ENDPOINTING_PROVIDER);
  say (self, 1, 1, PARLEY_STT_ENDS);
  g_assert_cmpstr (self->events->str, ==,
      "speech-start 1.1, speech-end 1.1, turn-end 1.1");
}

static void
test_end_goes_with_the_next_word (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (600);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = begin (self, scene, PARLEY_ENDPOINTING_PROVIDER);

  say (self, 1, 1, PARLEY_STT_HEARS);
  push_rest (self, scene, at, 400);
  say (self, 1, 1, PARLEY_STT_ENDS);
  say (self, 1, 1, PARLEY_STT_ENDS);
  push_rest (self, scene, at + 400 * MS, 60000);
  vad_fixture_push_eos (self);
  g_assert_true (g_str_has_prefix (self->events->str,
          "speech-start 1.1, speech-end 1.1, turn-end 1.1, speech-start 2.1"));
}

/* Silence does not end what the recogniser hears words in, and all of its audio
 * goes out. */
static void
test_silence_goes_out (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (900);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = begin (self, scene, PARLEY_ENDPOINTING_PROVIDER);

  say (self, 1, 1, PARLEY_STT_HEARS);
  push_rest (self, scene, at, 60000);
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1");
  say (self, 1, 1, PARLEY_STT_ENDS);
  g_assert_true (g_str_has_suffix (self->events->str, "turn-end 1.1"));
  vad_fixture_push_eos (self);
  vad_fixture_assert_audio (self, scene);
}

/* What goes out in a pause is of the take before it. */
static void
test_pause_goes_out (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (900);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = begin (self, scene, PARLEY_ENDPOINTING_PROVIDER), buffers;

  say (self, 1, 1, PARLEY_STT_MAY_END);
  buffers = self->buffers;
  push_rest (self, scene, at, 100);
  g_assert_cmpuint (self->buffers, >=, buffers + 5);
  g_assert_cmpuint (self->heard_take, ==, 1);
  say (self, 1, 1, PARLEY_STT_GOES_ON);
  push_rest (self, scene, at + 100 * MS, 60000);
  say (self, 1, 2, PARLEY_STT_ENDS);
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1, speech-end 1.1, "
      "speech-resume 1.1, speech-end 1.2, turn-end 1.2");
  vad_fixture_push_eos (self);
  vad_fixture_assert_audio (self, scene);
}

/* Silence ends a turn without words as ever. */
static void
test_no_words (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (900);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = begin (self, scene, PARLEY_ENDPOINTING_PROVIDER);

  tell (self, parley_event_new_partial (1, 1, ""));
  push_rest (self, scene, at, 60000);
  g_assert_true (g_str_has_prefix (self->events->str,
          "speech-start 1.1, speech-end 1.1, turn-end 1.1, speech-start 2.1"));
}

/* A partial text is words. */
static void
test_partial (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (900);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = begin (self, scene, PARLEY_ENDPOINTING_PROVIDER);

  tell (self, parley_event_new_partial (1, 1, "hello"));
  push_rest (self, scene, at, 60000);
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1");
}

/* A second after its longest wait, of a second, it is believed to be gone. */
static void
test_no_end (void)
{
  g_autoptr (GArray) scene = vad_scene_new ();
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at;

  vad_scene_add_noise (scene, 500);
  vad_scene_add_speech (scene, "digits/7");
  vad_scene_add_noise (scene, 4000);
  at = begin (self, scene, PARLEY_ENDPOINTING_PROVIDER);
  say (self, 1, 1, PARLEY_STT_HEARS);
  push_rest (self, scene, at, 1900);
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1");
  push_rest (self, scene, at + 1900 * MS, 2100);
  g_assert_cmpstr (self->events->str, ==,
      "speech-start 1.1, speech-end 1.1, turn-end 1.1");
}

static void
test_both (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = begin (self, scene, PARLEY_ENDPOINTING_BOTH);

  for (; at < scene->len && !strstr (self->events->str, "start 2"); at += 160)
    push_rest (self, scene, at, 20);
  g_assert_nonnull (strstr (self->events->str, "turn-end 1."));
  say (self, 1, 1, PARLEY_STT_ENDS);
  say (self, 2, 2, PARLEY_STT_ENDS);
  g_assert_null (strstr (self->events->str, "turn-end 2"));
  say (self, 2, 1, PARLEY_STT_ENDS);
  g_assert_nonnull (strstr (self->events->str, "turn-end 2.1"));
}

/* Where it was not asked, or is not any more. */
static void
test_local (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  begin (self, scene, PARLEY_ENDPOINTING_PROVIDER);
  decide (self, PARLEY_ENDPOINTING_LOCAL);
  say (self, 1, 1, PARLEY_STT_ENDS);
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1");
}

static void
test_forgotten_in_ready (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));

  begin (self, scene, PARLEY_ENDPOINTING_PROVIDER);
  say (self, 1, 1, PARLEY_STT_HEARS);
  gst_element_set_state (self->h->element, GST_STATE_READY);
  gst_element_set_state (self->h->element, GST_STATE_PLAYING);
  vad_fixture_forget (self);
  vad_fixture_set_format (self, S16 (8000));
  vad_fixture_push_into_turn (self, scene);
  say (self, 1, 1, PARLEY_STT_ENDS);
  g_assert_null (strstr (self->events->str, "turn-end"));
}

/* Other threads are not waited for: what they tell goes with the next packet,
 * and nothing comes out of theirs. */
static gpointer
tell_end (gpointer data)
{
  say (data, 1, 1, PARLEY_STT_ENDS);
  return NULL;
}

static void
test_thread (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  guint at = begin (self, scene, PARLEY_ENDPOINTING_PROVIDER);

  g_thread_join (g_thread_new ("recogniser", tell_end, self));
  g_assert_cmpstr (self->events->str, ==, "speech-start 1.1");
  push_rest (self, scene, at, 20);
  g_assert_cmpstr (self->events->str, ==,
      "speech-start 1.1, speech-end 1.1, turn-end 1.1");
}

/* Who decided, and how long that took after the last voice. */
static GstPadProbeReturn
keep_end (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);

  if (parley_event_get_kind (event) == PARLEY_EVENT_SPEECH_END
      || parley_event_get_kind (event) == PARLEY_EVENT_TURN_END)
    g_ptr_array_add (data, gst_event_ref (event));
  return GST_PAD_PROBE_OK;
}

static void
test_owner (void)
{
  g_autoptr (GArray) scene = vad_scene_two_words (1100);
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  g_autoptr (GPtrArray) ends =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_event_unref);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (self->h->element, "src");
  g_autoptr (ParleyTurnReport) report = NULL;
  const ParleyStage *stage;

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, keep_end, ends,
      NULL);
  begin (self, scene, PARLEY_ENDPOINTING_PROVIDER);
  say (self, 1, 1, PARLEY_STT_ENDS);
  g_assert_cmpuint (ends->len, ==, 2);
  for (guint i = 0; i < ends->len; i++)
    g_assert_cmpstr (parley_event_get_provider (ends->pdata[i]), ==, "flux");
  report = parley_turn_report_new (parley_event_get_timeline (ends->pdata[0]),
      1);
  stage = &g_array_index (report->stages, ParleyStage, 0);
  g_assert_cmpstr (stage->name, ==, "endpoint");
  g_assert_cmpint (stage->owner, ==, PARLEY_OWNER_PROVIDER);
  g_assert_cmpstr (stage->provider, ==, "flux");
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  if (vad_skip_without_sounds ())
    return 0;
  g_test_add_func ("/vadendpoint-told/end", test_end);
  g_test_add_func ("/vadendpoint-told/end/next-word",
      test_end_goes_with_the_next_word);
  g_test_add_func ("/vadendpoint-told/silence", test_silence_goes_out);
  g_test_add_func ("/vadendpoint-told/pause", test_pause_goes_out);
  g_test_add_func ("/vadendpoint-told/no-words", test_no_words);
  g_test_add_func ("/vadendpoint-told/partial", test_partial);
  g_test_add_func ("/vadendpoint-told/no-end", test_no_end);
  g_test_add_func ("/vadendpoint-told/both", test_both);
  g_test_add_func ("/vadendpoint-told/local", test_local);
  g_test_add_func ("/vadendpoint-told/ready", test_forgotten_in_ready);
  g_test_add_func ("/vadendpoint-told/thread", test_thread);
  g_test_add_func ("/vadendpoint-told/owner", test_owner);
  return g_test_run ();
}
