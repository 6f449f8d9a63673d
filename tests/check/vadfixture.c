/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vadfixture.h"

#include <string.h>

#include "speech/g711.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

/* --- scenes --- */

static guint32
read_le32 (const gchar * at)
{
  guint32 value;

  memcpy (&value, at, sizeof (value));
  return GUINT32_FROM_LE (value);
}

static void
append_data_chunk (GArray * scene, const gchar * file, gsize size)
{
  for (gsize at = 12; at + 8 <= size;) {
    gsize length = read_le32 (file + at + 4);

    if (memcmp (file + at, "data", 4) == 0) {
      g_array_append_vals (scene, file + at + 8,
          MIN (length, size - at - 8) / sizeof (gint16));
      return;
    }
    at += 8 + length + (length & 1);
  }
  g_assert_not_reached ();
}

void
vad_scene_add_speech (GArray * scene, const gchar * name)
{
  g_autofree gchar *path = g_strconcat (VAD_SOUNDS, name, ".wav", NULL);
  g_autofree gchar *file = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &file, &size, NULL));
  append_data_chunk (scene, file, size);
}

void
vad_scene_add_noise (GArray * scene, guint ms)
{
  GRand *rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < ms * MS; i++) {
    gint16 sample = g_rand_int_range (rand, -12, 13);

    g_array_append_val (scene, sample);
  }
  g_rand_free (rand);
}

GArray *
vad_scene_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (gint16));
}

GArray *
vad_scene_two_words (guint pause)
{
  GArray *scene = vad_scene_new ();

  vad_scene_add_noise (scene, 1500);
  vad_scene_add_speech (scene, "activated");
  vad_scene_add_noise (scene, pause);
  vad_scene_add_speech (scene, "vm-goodbye");
  vad_scene_add_noise (scene, 1500);
  return scene;
}

GArray *
vad_scene_conversation (void)
{
  GArray *scene = vad_scene_two_words (1100);

  vad_scene_add_speech (scene, "conf-getpin");
  vad_scene_add_noise (scene, 730);
  vad_scene_add_speech (scene, "cannot-complete-as-dialed");
  vad_scene_add_noise (scene, 803);
  return scene;
}

/* --- what should come out --- */

const VadExpect vad_standard = {
  {.silence = 400,.min_speech = 60,.max_turn = 30000}, 250, 0.5
};

typedef struct
{
  GString *timeline;
  guint64 at;                   /* samples that are accounted for */
  guint64 preroll;
  guint turn, take;
} Oracle;

static void
expect_gap (Oracle * self, guint64 until)
{
  if (until > self->at) {
    g_string_append_printf (self->timeline, "gap %" G_GUINT64_FORMAT "-%"
        G_GUINT64_FORMAT "\n", self->at, until);
    self->at = until;
  }
}

static void
expect_audio (Oracle * self, guint64 until)
{
  if (until > self->at) {
    g_string_append_printf (self->timeline, "audio %u.%u %" G_GUINT64_FORMAT
        "-%" G_GUINT64_FORMAT "\n", self->turn, self->take, self->at, until);
    self->at = until;
  }
}

static void
expect_action (Oracle * self, const ParleyEndpointAction * action)
{
  guint64 position = action->frame * FRAME;

  switch (action->kind) {
    case PARLEY_ENDPOINT_START:
      self->turn++;
      self->take = 1;
      expect_gap (self, position - MIN (position, self->preroll));
      break;
    case PARLEY_ENDPOINT_END:
      expect_audio (self, position);
      g_string_append_printf (self->timeline, "end %u.%u\n", self->turn,
          self->take);
      break;
    case PARLEY_ENDPOINT_RESUME:
      self->take++;
      break;
    case PARLEY_ENDPOINT_TURN_END:
      break;
  }
}

ParleyVadResult *
vad_scene_decide (GArray * scene, gdouble sensitivity)
{
  g_autoptr (ParleyVad) vad = parley_vad_new (sensitivity);
  ParleyVadResult *voice = g_new0 (ParleyVadResult, scene->len / FRAME + 1);

  for (guint i = 0; i < scene->len / FRAME; i++)
    parley_vad_frame (vad, &g_array_index (scene, gint16, i * FRAME),
        &voice[i]);
  return voice;
}

gchar *
vad_expected_timeline (GArray * scene, const VadExpect * expect)
{
  g_autoptr (ParleyEndpointer) endpointer =
      parley_endpointer_new (&expect->endpointer);
  g_autofree ParleyVadResult *voice =
      vad_scene_decide (scene, expect->sensitivity);
  ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS];
  Oracle oracle = { g_string_new (NULL), 0, expect->preroll * MS, 0, 0 };
  guint n;

  for (guint i = 0; i < scene->len / FRAME; i++) {
    const ParleyEndpointerFrame heard = { voice[i].voice, voice[i].quiet,
      voice[i].rising
    };

    n = parley_endpointer_frame (endpointer, &heard, actions);
    for (guint j = 0; j < n; j++)
      expect_action (&oracle, &actions[j]);
  }
  if (parley_endpointer_get_state (endpointer) == PARLEY_ENDPOINTER_SPEECH)
    expect_audio (&oracle, scene->len);
  n = parley_endpointer_finish (endpointer, actions);
  for (guint j = 0; j < n; j++)
    expect_action (&oracle, &actions[j]);
  expect_gap (&oracle, scene->len);
  return g_string_free (oracle.timeline, FALSE);
}

/* --- what comes out --- */

guint64
vad_fixture_to_samples (VadFixture * self, GstClockTime time)
{
  return gst_util_uint64_scale_round (time, self->rate, GST_SECOND);
}

/* Joins what is contiguous and of one kind. */
static void
record_span (VadFixture * self, const gchar * kind, GstClockTime start,
    GstClockTime end)
{
  guint64 first = vad_fixture_to_samples (self, start);

  if (GST_CLOCK_TIME_IS_VALID (self->at))
    g_assert_cmpuint (first, ==, vad_fixture_to_samples (self, self->at));
  if (g_strcmp0 (self->last, kind) != 0) {
    g_string_append_printf (self->timeline, "%s %" G_GUINT64_FORMAT "-", kind,
        first);
    self->last_at = self->timeline->len;
    g_free (self->last);
    self->last = g_strdup (kind);
  }
  g_string_truncate (self->timeline, self->last_at);
  g_string_append_printf (self->timeline, "%" G_GUINT64_FORMAT "\n",
      vad_fixture_to_samples (self, end));
  self->at = end;
}

static void
record_buffer (VadFixture * self, GstBuffer * buffer)
{
  ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);
  gsize size = gst_buffer_get_size (buffer);
  gsize n = size / self->sample_size, had = self->audio->len;
  g_autofree gchar *kind = NULL;

  g_assert_nonnull (meta);
  g_assert_cmpuint (meta->turn, ==, self->heard_turn);
  g_assert_cmpuint (meta->take, ==, self->heard_take);
  g_assert_cmpuint (GST_BUFFER_OFFSET_END (buffer), ==,
      GST_BUFFER_OFFSET (buffer) + n);
  if (GST_BUFFER_IS_DISCONT (buffer) != self->gap_before)
    self->discont_wrong++;
  self->gap_before = FALSE;
  kind = g_strdup_printf ("audio %u.%u", meta->turn, meta->take);
  record_span (self, kind, GST_BUFFER_PTS (buffer),
      GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer));
  g_assert_cmpuint (vad_fixture_to_samples (self, GST_BUFFER_DURATION (buffer)),
      ==, n);

  g_byte_array_set_size (self->audio, had + size);
  gst_buffer_extract (buffer, 0, self->audio->data + had, size);
  g_array_append_val (self->arrived, meta->arrived);
  self->buffers++;
}

static void
record_parley_event (VadFixture * self, GstEvent * event)
{
  const gchar *name = gst_structure_get_name (gst_event_get_structure (event));
  ParleyEventKind kind = parley_event_get_kind (event);
  guint turn = 0, take = 0;

  parley_event_parse_take (event, &turn, &take);
  g_string_append_printf (self->events, "%s%s %u.%u", self->events->len ?
      ", " : "", name + strlen ("parley/"), turn, take);
  if (kind == PARLEY_EVENT_SPEECH_END) {
    g_string_append_printf (self->timeline, "end %u.%u\n", turn, take);
    g_clear_pointer (&self->last, g_free);
  } else if (kind == PARLEY_EVENT_SPEECH_START) {
    self->heard_turn = turn;
    self->heard_take = take;
  } else if (kind == PARLEY_EVENT_SPEECH_RESUME) {
    self->heard_take = take + 1;
  }
}

static void
record_event (VadFixture * self, GstEvent * event)
{
  GstClockTime start, duration;

  if (GST_EVENT_TYPE (event) == GST_EVENT_GAP) {
    gst_event_parse_gap (event, &start, &duration);
    record_span (self, "gap", start, start + duration);
    self->gap_before = TRUE;
    self->gaps++;
  } else if (parley_event_get_kind (event) != PARLEY_EVENT_OTHER) {
    record_parley_event (self, event);
  }
}

static GstPadProbeReturn
record (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    record_buffer (data, info->data);
  else
    record_event (data, info->data);
  return GST_PAD_PROBE_OK;
}

void
vad_fixture_set_format (VadFixture * self, const gchar * caps)
{
  GstStructure *structure = gst_structure_from_string (caps, NULL);

  gst_structure_get_int (structure, "rate", (gint *) & self->rate);
  self->sample_size = gst_structure_has_name (structure, "audio/x-mulaw")
      ? 1 : 2;
  gst_structure_free (structure);
  gst_harness_set_src_caps_str (self->h, caps);
}

VadFixture *
vad_fixture_new (const gchar * caps)
{
  VadFixture *self = g_new0 (VadFixture, 1);
  GstPad *pad;

  self->h = gst_harness_new ("vadendpoint");
  gst_harness_set_drop_buffers (self->h, TRUE);
  g_object_set (self->h->element, "eager-silence", 0, NULL);
  self->bus = gst_bus_new ();
  gst_element_set_bus (self->h->element, self->bus);
  self->timeline = g_string_new (NULL);
  self->events = g_string_new (NULL);
  self->audio = g_byte_array_new ();
  self->arrived = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->at = GST_CLOCK_TIME_NONE;
  self->gap_before = TRUE;
  pad = gst_element_get_static_pad (self->h->element, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, record, self, NULL);
  gst_object_unref (pad);
  vad_fixture_set_format (self, caps);
  return self;
}

void
vad_fixture_free (VadFixture * self)
{
  gst_element_set_bus (self->h->element, NULL);
  gst_harness_teardown (self->h);
  gst_bus_set_flushing (self->bus, TRUE);
  gst_object_unref (self->bus);
  g_string_free (self->timeline, TRUE);
  g_string_free (self->events, TRUE);
  g_byte_array_unref (self->audio);
  g_array_unref (self->arrived);
  g_free (self->last);
  g_free (self);
}

void
vad_fixture_forget (VadFixture * self)
{
  g_string_truncate (self->timeline, 0);
  g_string_truncate (self->events, 0);
  g_byte_array_set_size (self->audio, 0);
  g_array_set_size (self->arrived, 0);
  g_clear_pointer (&self->last, g_free);
  self->at = GST_CLOCK_TIME_NONE;
  self->gap_before = TRUE;
  self->gaps = self->buffers = 0;
  self->pushed = 0;
}

void
vad_fixture_set (VadFixture * self, const VadExpect * expect)
{
  g_object_set (self->h->element, "silence", expect->endpointer.silence,
      "eager-silence", expect->endpointer.eager_silence,
      "min-speech", expect->endpointer.min_speech,
      "max-turn", expect->endpointer.max_turn,
      "preroll", expect->preroll, "sensitivity", expect->sensitivity, NULL);
}

GstBuffer *
vad_fixture_make_buffer (VadFixture * self, const gint16 * samples, guint n)
{
  GstBuffer *buffer =
      gst_buffer_new_allocate (NULL, n * self->sample_size, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  if (self->sample_size == 1)
    parley_mulaw_encode (samples, map.data, n);
  else
    memcpy (map.data, samples, map.size);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale_round (self->pushed,
      GST_SECOND, self->rate);
  GST_BUFFER_DURATION (buffer) = gst_util_uint64_scale_round (n, GST_SECOND,
      self->rate);
  self->pushed += n;
  return buffer;
}

GstFlowReturn
vad_fixture_push (VadFixture * self, const gint16 * samples, guint n)
{
  return gst_harness_push (self->h, vad_fixture_make_buffer (self, samples, n));
}

void
vad_fixture_push_scene (VadFixture * self, GArray * scene, guint n)
{
  for (guint at = 0; at < scene->len;) {
    guint size = n ? n : (guint) g_test_rand_int_range (1, 801);

    size = MIN (size, scene->len - at);
    g_assert_cmpint (vad_fixture_push (self, &g_array_index (scene, gint16, at),
            size), ==, GST_FLOW_OK);
    at += size;
  }
}

void
vad_fixture_push_eos (VadFixture * self)
{
  g_assert_true (gst_harness_push_event (self->h, gst_event_new_eos ()));
}

void
vad_fixture_assert_audio (VadFixture * self, GArray * scene)
{
  g_auto (GStrv) lines = g_strsplit (self->timeline->str, "\n", -1);
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  for (guint i = 0; lines[i]; i++) {
    guint64 first, end;
    const gchar *span = strrchr (lines[i], ' ');
    gchar *dash;

    if (!g_str_has_prefix (lines[i], "audio"))
      continue;
    first = g_ascii_strtoull (span, &dash, 10);
    end = g_ascii_strtoull (dash + 1, NULL, 10);
    g_byte_array_append (expected, (guint8 *) & g_array_index (scene, gint16,
            first), (end - first) * sizeof (gint16));
  }
  g_assert_cmpmem (self->audio->data, self->audio->len, expected->data,
      expected->len);
}

void
vad_assert_scene (GArray * scene, const VadExpect * expect, guint buffer_size)
{
  g_autoptr (VadFixture) self = vad_fixture_new (S16 (8000));
  g_autofree gchar *expected = vad_expected_timeline (scene, expect);

  vad_fixture_set (self, expect);
  vad_fixture_push_scene (self, scene, buffer_size);
  vad_fixture_push_eos (self);
  g_assert_cmpstr (self->timeline->str, ==, expected);
  g_assert_cmpuint (self->discont_wrong, ==, 0);
  vad_fixture_assert_audio (self, scene);
}

gboolean
vad_skip_without_sounds (void)
{
  if (g_file_test (VAD_SOUNDS "activated.wav", G_FILE_TEST_EXISTS))
    return FALSE;
  g_print ("1..0 # SKIP asterisk-core-sounds-en-wav is not installed\n");
  return TRUE;
}

guint
vad_fixture_push_into_turn (VadFixture * self, GArray * scene)
{
  guint at;

  for (at = 0; !strstr (self->events->str, "speech-start"); at += 160) {
    g_assert_cmpuint (at + 160, <=, scene->len);
    vad_fixture_push (self, &g_array_index (scene, gint16, at), 160);
  }
  return at;
}
