/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

/* Names, kinds and lanes as the elements and other people's code rely on. */
static const struct
{
  ParleyEventKind kind;
  const gchar *name;
  GstEventType type;
} table[] = {
  {PARLEY_EVENT_SPEECH_START, "parley/speech-start",
      GST_EVENT_CUSTOM_DOWNSTREAM_OOB},
  {PARLEY_EVENT_SPEECH_END, "parley/speech-end",
      GST_EVENT_CUSTOM_DOWNSTREAM},
  {PARLEY_EVENT_SPEECH_RESUME, "parley/speech-resume",
      GST_EVENT_CUSTOM_DOWNSTREAM_OOB},
  {PARLEY_EVENT_TURN_END, "parley/turn-end",
      GST_EVENT_CUSTOM_DOWNSTREAM_OOB},
  {PARLEY_EVENT_TURN_GUESS, "parley/turn-guess",
      GST_EVENT_CUSTOM_DOWNSTREAM},
  {PARLEY_EVENT_TURN_EMPTY, "parley/turn-empty",
      GST_EVENT_CUSTOM_DOWNSTREAM},
  {PARLEY_EVENT_PARTIAL, "parley/partial", GST_EVENT_CUSTOM_UPSTREAM},
  {PARLEY_EVENT_ENDPOINT, "parley/endpoint", GST_EVENT_CUSTOM_UPSTREAM},
  {PARLEY_EVENT_DTMF, "parley/dtmf", GST_EVENT_CUSTOM_DOWNSTREAM_OOB},
  {PARLEY_EVENT_BEEP, "parley/beep", GST_EVENT_CUSTOM_DOWNSTREAM_OOB},
  {PARLEY_EVENT_ENDPOINTING, "parley/endpointing", GST_EVENT_CUSTOM_UPSTREAM},
  {PARLEY_EVENT_PAUSE, "parley/pause", GST_EVENT_CUSTOM_DOWNSTREAM_OOB},
  {PARLEY_EVENT_UNPAUSE, "parley/unpause", GST_EVENT_CUSTOM_DOWNSTREAM_OOB},
  {PARLEY_EVENT_RELEASE, "parley/release", GST_EVENT_CUSTOM_DOWNSTREAM_OOB},
  {PARLEY_EVENT_INTERRUPT, "parley/interrupt",
      GST_EVENT_CUSTOM_DOWNSTREAM_OOB},
  {PARLEY_EVENT_REPLY_END, "parley/reply-end", GST_EVENT_CUSTOM_DOWNSTREAM},
  {PARLEY_EVENT_PASSAGE, "parley/passage", GST_EVENT_CUSTOM_DOWNSTREAM},
  {PARLEY_EVENT_PLAYING, "parley/playing", GST_EVENT_CUSTOM_UPSTREAM},
  {PARLEY_EVENT_HEARD, "parley/heard", GST_EVENT_CUSTOM_UPSTREAM},
};

static GstEvent *
make (ParleyEventKind kind)
{
  const ParleyHeard heard = {.epoch = 7 };

  switch (kind) {
    case PARLEY_EVENT_SPEECH_START:
      return parley_event_new_speech_start (3, 2);
    case PARLEY_EVENT_SPEECH_END:
      return parley_event_new_speech_end (3, 2);
    case PARLEY_EVENT_SPEECH_RESUME:
      return parley_event_new_speech_resume (3, 2);
    case PARLEY_EVENT_TURN_END:
      return parley_event_new_turn_end (3, 2);
    case PARLEY_EVENT_TURN_GUESS:
      return parley_event_new_turn_guess (3, 2, "grüße");
    case PARLEY_EVENT_TURN_EMPTY:
      return parley_event_new_turn_empty (3, 2, "timed out");
    case PARLEY_EVENT_PARTIAL:
      return parley_event_new_partial (3, 2, "gr");
    case PARLEY_EVENT_ENDPOINT:
      return parley_event_new_endpoint (3, 2, PARLEY_STT_GOES_ON, "flux");
    case PARLEY_EVENT_ENDPOINTING:
      return parley_event_new_endpointing (PARLEY_ENDPOINTING_BOTH, 900);
    case PARLEY_EVENT_DTMF:
      return parley_event_new_dtmf (3, '#');
    case PARLEY_EVENT_BEEP:
      return parley_event_new_beep ();
    case PARLEY_EVENT_PAUSE:
      return parley_event_new_pause (7, FALSE);
    case PARLEY_EVENT_UNPAUSE:
      return parley_event_new_unpause (7);
    case PARLEY_EVENT_RELEASE:
      return parley_event_new_release (7);
    case PARLEY_EVENT_INTERRUPT:
      return parley_event_new_interrupt (7);
    case PARLEY_EVENT_REPLY_END:
      return parley_event_new_reply_end (7);
    case PARLEY_EVENT_PASSAGE:
      return parley_event_new_passage (7, TRUE);
    case PARLEY_EVENT_PLAYING:
      return parley_event_new_playing (7, TRUE);
    case PARLEY_EVENT_HEARD:
      return parley_event_new_heard (&heard);
    default:
      g_assert_not_reached ();
  }
}

static void
test_kinds (void)
{
  g_assert_cmpuint (G_N_ELEMENTS (table), ==, PARLEY_N_EVENTS - 1);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GstEvent) event = make (table[i].kind);

    g_assert_true (gst_event_has_name (event, table[i].name));
    g_assert_cmpint (GST_EVENT_TYPE (event), ==, table[i].type);
    g_assert_cmpint (parley_event_get_kind (event), ==, table[i].kind);
  }
}

static void
test_not_ours (void)
{
  g_autoptr (GstEvent) eos = gst_event_new_eos ();
  g_autoptr (GstEvent) other =
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new_empty ("parley/unheard-of"));
  g_autoptr (GstEvent) bare =
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM, NULL);
  guint turn = 5, take = 6;

  g_assert_cmpint (parley_event_get_kind (eos), ==, PARLEY_EVENT_OTHER);
  g_assert_cmpint (parley_event_get_kind (other), ==, PARLEY_EVENT_OTHER);
  g_assert_cmpint (parley_event_get_kind (bare), ==, PARLEY_EVENT_OTHER);
  g_assert_false (parley_event_parse_take (other, &turn, &take));
  g_assert_cmpuint (turn, ==, 5);
  g_assert_cmpuint (take, ==, 6);
  g_assert_false (parley_event_parse_epoch (eos, NULL));
}

static void
test_wrong_lane (void)
{
  g_autoptr (GstEvent) event =
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
      gst_structure_new ("parley/speech-end", "turn", G_TYPE_UINT, 1,
          "take", G_TYPE_UINT, 1, NULL));

  g_assert_cmpint (parley_event_get_kind (event), ==, PARLEY_EVENT_OTHER);
}

static void
test_take (void)
{
  for (ParleyEventKind kind = PARLEY_EVENT_SPEECH_START;
      kind <= PARLEY_EVENT_ENDPOINT; kind++) {
    g_autoptr (GstEvent) event = make (kind);
    guint turn = 0, take = 0;

    g_assert_true (parley_event_parse_take (event, &turn, &take));
    g_assert_cmpuint (turn, ==, 3);
    g_assert_cmpuint (take, ==, 2);
    g_assert_true (parley_event_parse_take (event, NULL, NULL));
    g_assert_false (parley_event_parse_epoch (event, NULL));
  }
}

static void
assert_text (GstEvent * event, const gchar * expected)
{
  const gchar *text = "untouched";

  g_assert_true (parley_event_parse_text (event, &text));
  g_assert_cmpstr (text, ==, expected);
  g_assert_true (parley_event_parse_text (event, NULL));
  gst_event_unref (event);
}

static void
test_text (void)
{
  g_autoptr (GstEvent) end = parley_event_new_turn_end (1, 1);
  const gchar *text = "untouched";

  assert_text (make (PARLEY_EVENT_TURN_GUESS), "grüße");
  assert_text (make (PARLEY_EVENT_PARTIAL), "gr");
  assert_text (make (PARLEY_EVENT_TURN_EMPTY), "timed out");
  assert_text (parley_event_new_turn_empty (1, 1, NULL), NULL);
  g_assert_false (parley_event_parse_text (end, &text));
  g_assert_cmpstr (text, ==, "untouched");
}

static void
test_endpoint (void)
{
  g_autoptr (GstEvent) other =
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
      gst_structure_new ("parley/endpoint", "turn", G_TYPE_UINT, 1,
          "take", G_TYPE_UINT, 1, "endpoint", G_TYPE_STRING, "perhaps", NULL));
  ParleySttEndpoint endpoint = PARLEY_STT_ENDS;
  const gchar *provider = NULL;

  for (guint i = PARLEY_STT_HEARS; i <= PARLEY_STT_ENDS; i++) {
    g_autoptr (GstEvent) event = parley_event_new_endpoint (1, 1, i, "flux");

    g_assert_true (parley_event_parse_endpoint (event, &endpoint, &provider));
    g_assert_cmpint (endpoint, ==, i);
    g_assert_cmpstr (provider, ==, "flux");
    g_assert_true (parley_event_parse_endpoint (event, NULL, NULL));
    g_assert_false (parley_event_parse_endpointing (event, NULL, NULL));
  }
  g_assert_false (parley_event_parse_endpoint (other, &endpoint, NULL));
  g_assert_cmpint (endpoint, ==, PARLEY_STT_ENDS);
}

static void
test_endpointing (void)
{
  g_autoptr (GstEvent) other =
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
      gst_structure_new ("parley/endpointing", "endpointing", G_TYPE_STRING,
          "nobody", NULL));
  ParleyEndpointing endpointing = PARLEY_ENDPOINTING_LOCAL;
  guint wait = 0;

  for (guint i = PARLEY_ENDPOINTING_LOCAL; i <= PARLEY_ENDPOINTING_BOTH; i++) {
    g_autoptr (GstEvent) event = parley_event_new_endpointing (i, 900 + i);

    g_assert_true (parley_event_parse_endpointing (event, &endpointing, &wait));
    g_assert_cmpint (endpointing, ==, i);
    g_assert_cmpuint (wait, ==, 900 + i);
    g_assert_true (parley_event_parse_endpointing (event, NULL, NULL));
    g_assert_false (parley_event_parse_endpoint (event, NULL, NULL));
  }
  g_assert_false (parley_event_parse_endpointing (other, &endpointing, NULL));
  g_assert_cmpint (endpointing, ==, PARLEY_ENDPOINTING_BOTH);
}

static void
test_dtmf (void)
{
  static const gchar keys[] = "0123456789*#ABCD";

  for (const gchar * key = keys; *key; key++) {
    g_autoptr (GstEvent) event = parley_event_new_dtmf (4, *key);
    guint turn = 0, take = 0;
    gchar digit = '\0';

    g_assert_true (parley_event_parse_dtmf (event, &turn, &digit));
    g_assert_cmpuint (turn, ==, 4);
    g_assert_cmpint (digit, ==, *key);
    g_assert_true (parley_event_parse_take (event, NULL, &take));
    g_assert_cmpuint (take, ==, 1);
    g_assert_true (parley_event_parse_dtmf (event, NULL, NULL));
  }
}

static void
test_epoch (void)
{
  const guint64 big = G_MAXUINT64 - 1;
  g_autoptr (GstEvent) event = parley_event_new_interrupt (big);
  guint64 epoch = 0;

  g_assert_true (parley_event_parse_epoch (event, &epoch));
  g_assert_cmpuint (epoch, ==, big);
  for (ParleyEventKind kind = PARLEY_EVENT_PAUSE; kind < PARLEY_N_EVENTS;
      kind++) {
    g_autoptr (GstEvent) each = make (kind);

    g_assert_true (parley_event_parse_epoch (each, &epoch));
    g_assert_cmpuint (epoch, ==, 7);
    g_assert_false (parley_event_parse_take (each, NULL, NULL));
  }
}

static void
test_pause (void)
{
  g_autoptr (GstEvent) pause = parley_event_new_pause (9, TRUE);
  g_autoptr (GstEvent) bare = gst_event_new_custom
      (GST_EVENT_CUSTOM_DOWNSTREAM_OOB, gst_structure_new ("parley/pause",
          "epoch", G_TYPE_UINT64, (guint64) 8, NULL));
  gboolean at_once = FALSE;
  guint64 epoch = 0;

  g_assert_true (parley_event_parse_pause (pause, &epoch, &at_once));
  g_assert_true (at_once);
  g_assert_cmpuint (epoch, ==, 9);
  at_once = FALSE;
  g_assert_true (parley_event_parse_pause (bare, &epoch, &at_once));
  g_assert_false (at_once);
  g_assert_false (parley_event_parse_passage (pause, &epoch, &at_once));
}

static void
test_passage (void)
{
  g_autoptr (GstEvent) open = parley_event_new_passage (9, TRUE);
  g_autoptr (GstEvent) close = parley_event_new_passage (9, FALSE);
  gboolean is_open = FALSE;
  guint64 epoch = 0;

  g_assert_true (parley_event_parse_passage (open, &epoch, &is_open));
  g_assert_true (is_open);
  g_assert_cmpuint (epoch, ==, 9);
  g_assert_true (parley_event_parse_passage (close, NULL, &is_open));
  g_assert_false (is_open);
}

static void
test_playing (void)
{
  g_autoptr (GstEvent) ended = parley_event_new_playing (9, FALSE);
  g_autoptr (GstEvent) release = parley_event_new_release (9);
  gboolean playing = TRUE;
  guint64 epoch = 0;

  g_assert_true (parley_event_parse_playing (ended, &epoch, &playing));
  g_assert_false (playing);
  g_assert_cmpuint (epoch, ==, 9);
  g_assert_false (parley_event_parse_playing (release, &epoch, &playing));
}

static void
test_heard (void)
{
  const ParleyHeard heard = {.epoch = 8,.sequence = 2,.ms = 1234,
    .begun = TRUE,.done = FALSE,.answer = TRUE,.deferred = TRUE,
    .text = "Guten Tag."
  };
  g_autoptr (GstEvent) event = parley_event_new_heard (&heard);
  ParleyHeard parsed;

  g_assert_true (parley_event_parse_heard (event, &parsed));
  g_assert_cmpuint (parsed.epoch, ==, 8);
  g_assert_cmpuint (parsed.sequence, ==, 2);
  g_assert_cmpuint (parsed.ms, ==, 1234);
  g_assert_true (parsed.begun);
  g_assert_false (parsed.done);
  g_assert_true (parsed.answer);
  g_assert_true (parsed.deferred);
  g_assert_cmpstr (parsed.text, ==, "Guten Tag.");
}

static void
test_heard_without_text (void)
{
  g_autoptr (GstEvent) event = make (PARLEY_EVENT_HEARD);
  g_autoptr (GstEvent) pause = parley_event_new_pause (1, FALSE);
  ParleyHeard parsed = {.text = "untouched" };

  g_assert_false (parley_event_parse_heard (pause, &parsed));
  g_assert_cmpstr (parsed.text, ==, "untouched");
  g_assert_true (parley_event_parse_heard (event, &parsed));
  g_assert_null (parsed.text);
  g_assert_false (parsed.deferred);
}

static void
test_meta_starts_empty (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();
  ParleyTurnMeta *meta;

  g_assert_null (parley_buffer_get_turn_meta (buffer));
  meta = parley_buffer_add_turn_meta (buffer);
  g_assert_true (parley_buffer_get_turn_meta (buffer) == meta);
  g_assert_cmpuint (meta->turn, ==, 0);
  g_assert_cmpuint (meta->take, ==, 0);
  g_assert_cmpuint (meta->epoch, ==, 0);
  g_assert_cmpuint (meta->sequence, ==, 0);
  g_assert_cmpint (meta->arrived, ==, 0);
}

static void
assert_same_meta (GstBuffer * buffer)
{
  ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);

  g_assert_nonnull (meta);
  g_assert_cmpuint (meta->turn, ==, 1);
  g_assert_cmpuint (meta->take, ==, 2);
  g_assert_cmpuint (meta->epoch, ==, 3);
  g_assert_cmpuint (meta->sequence, ==, 4);
  g_assert_cmpint (meta->arrived, ==, 5);
}

static void
test_meta_is_copied (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 100, NULL);
  g_autoptr (GstBuffer) copy = NULL;
  g_autoptr (GstBuffer) region = NULL;
  ParleyTurnMeta *meta = parley_buffer_add_turn_meta (buffer);

  meta->turn = 1;
  meta->take = 2;
  meta->epoch = 3;
  meta->sequence = 4;
  meta->arrived = 5;
  copy = gst_buffer_copy (buffer);
  region = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_ALL, 10, 20);
  assert_same_meta (copy);
  assert_same_meta (region);
}

static void
test_meta_has_no_tags (void)
{
  const gchar *const *tags =
      gst_meta_api_type_get_tags (PARLEY_TURN_META_API_TYPE);

  g_assert_true (!tags || !tags[0]);
}

#define N_THREADS 4
#define N_EPOCHS 1000

static gpointer
draw_epochs (gpointer data)
{
  guint64 *epochs = g_new (guint64, N_EPOCHS);

  for (guint i = 0; i < N_EPOCHS; i++)
    epochs[i] = parley_epoch_next ();
  return epochs;
}

static void
test_epochs_are_unique (void)
{
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("epochs", draw_epochs, NULL);
  for (guint i = 0; i < N_THREADS; i++) {
    g_autofree guint64 *epochs = g_thread_join (threads[i]);

    for (guint j = 0; j < N_EPOCHS; j++) {
      g_assert_cmpuint (epochs[j], >=, j ? epochs[j - 1] + 1 : 1);
      g_assert_true (g_hash_table_add (seen, g_memdup2 (&epochs[j],
                  sizeof (guint64))));
    }
  }
}

static void
test_reason (void)
{
  GstEvent *event = parley_event_new_turn_end (1, 2);

  g_assert_null (parley_event_get_reason (event));
  parley_event_set_reason (event, "yes-no");
  g_assert_cmpstr (parley_event_get_reason (event), ==, "yes-no");
  gst_event_unref (event);
  event = parley_event_new_partial (1, 2, "yes");
  g_assert_false (parley_event_is_final (event));
  parley_event_set_final (event);
  g_assert_true (parley_event_is_final (event));
  gst_event_unref (event);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/turnevents/kinds", test_kinds);
  g_test_add_func ("/turnevents/not-ours", test_not_ours);
  g_test_add_func ("/turnevents/wrong-lane", test_wrong_lane);
  g_test_add_func ("/turnevents/take", test_take);
  g_test_add_func ("/turnevents/text", test_text);
  g_test_add_func ("/turnevents/reason", test_reason);
  g_test_add_func ("/turnevents/endpoint", test_endpoint);
  g_test_add_func ("/turnevents/endpointing", test_endpointing);
  g_test_add_func ("/turnevents/dtmf", test_dtmf);
  g_test_add_func ("/turnevents/epoch", test_epoch);
  g_test_add_func ("/turnevents/pause", test_pause);
  g_test_add_func ("/turnevents/passage", test_passage);
  g_test_add_func ("/turnevents/playing", test_playing);
  g_test_add_func ("/turnevents/heard", test_heard);
  g_test_add_func ("/turnevents/heard-without-text", test_heard_without_text);
  g_test_add_func ("/turnmeta/starts-empty", test_meta_starts_empty);
  g_test_add_func ("/turnmeta/is-copied", test_meta_is_copied);
  g_test_add_func ("/turnmeta/has-no-tags", test_meta_has_no_tags);
  g_test_add_func ("/turnmeta/epochs-are-unique", test_epochs_are_unique);
  return g_test_run ();
}
