/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stagerig.h"

#include <string.h>

#include "callpair.h"
#include "holdback.h"
#include "net/clock.h"
#include "playout.h"
#include "providers.h"
#include "providers/synthesis.h"
#include "speech/g711.h"
#include "spoken.h"

#define MS G_TIME_SPAN_MILLISECOND
#define FRAME_MS 20
#define FRAME_LEN 160

static const struct
{
  const gchar *name;
  const gchar *stage;
} places[STAGE_N_PLACES] = {
  [STAGE_NOWHERE] = {"nowhere", NULL},
  [STAGE_BEFORE_VADENDPOINT] = {"element before vadendpoint",
      "to-vadendpoint"},
  [STAGE_BEFORE_CLOUDSTT] = {"element before cloudstt", "to-cloudstt"},
  [STAGE_BEFORE_LLMCHAT] = {"element before llmchat", "to-llmchat"},
  [STAGE_BEFORE_CLOUDTTS] = {"element before cloudtts", "to-cloudtts"},
  [STAGE_BEFORE_MULAWSINK] = {"element before mulawsink", "to-mulawsink"},
  [STAGE_STT] = {"slow recogniser", "stt"},
  [STAGE_LLM_TOKEN] = {"slow model", "llm-first-token"},
  [STAGE_LLM_SENTENCE] = {"slow first sentence", "llm-first-sentence"},
  [STAGE_TTS] = {"slow synthesiser", "tts-first-audio"},
  [STAGE_TTS_SILENCE] = {"voice that begins with silence", "leading-silence"},
  [STAGE_SILENCE] = {"element that puts silence first", "leading-silence"},
  [STAGE_LOOP_STT] = {"loop blocked at the recogniser's result", "cloudstt"},
  [STAGE_LOOP_LLM] = {"loop blocked at the model's answer", "llmchat"},
  [STAGE_LOOP_TTS] = {"loop blocked at the first sound", "cloudtts"},
  [STAGE_PLAYOUT] = {"caller's side plays later", "playout"},
};

typedef struct
{
  StagePlace place;
  gint64 wait;
  gboolean manual;
  gboolean eager;

  GMainContext *context;
  ParleyLoop *loop;
  CallPair pair;
  GstElement *pipeline;
  GString *asked;               /* what the providers were asked */

  /* The caller */
  GByteArray *speech;
  GSource *frames;
  GSource *marks;
  gint64 next_frame;
  guint64 n_frames;
  guint64 sequence;
  ParleyPlayout *playout;
} StageRig;

const gchar *
stage_place_name (StagePlace place)
{
  return places[place].name;
}

const gchar *
stage_place_stage (StagePlace place)
{
  return places[place].stage;
}

gint64
stage_place_cost (StagePlace place, gint64 wait)
{
  return place == STAGE_TTS_SILENCE
      ? MIN (wait, PARLEY_SYNTHESIS_LEAD_MS * MS) : wait;
}

gint64
stage_us (const ParleyTurnReport * report, const gchar * name)
{
  for (guint i = 0; i < report->stages->len; i++) {
    ParleyStage *stage = &g_array_index (report->stages, ParleyStage, i);

    if (strcmp (stage->name, name) == 0)
      return stage->us;
  }
  return -1;
}

/* Time */

static void
settle (StageRig * self)
{
  while (g_main_context_iteration (self->context, FALSE));
}

static gboolean
wake (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Lets @us pass; everything goes on meanwhile. */
static void
pass (StageRig * self, gint64 us)
{
  gboolean over = FALSE;
  GSource *timer;

  if (self->manual) {
    parley_clock_advance (us, self->context);
    return;
  }
  timer = parley_loop_add_timer (self->loop, parley_clock_now () + us, wake,
      &over);
  while (!over)
    g_main_context_iteration (self->context, TRUE);
  parley_timer_clear (&timer);
}

/* Lets time pass in which this thread does nothing. */
static void
block (StageRig * self, gint64 us)
{
  if (self->manual)
    parley_clock_set_manual (parley_clock_now () + us);
  else
    g_usleep (us);
}

static gint64
wait_at (StageRig * self, StagePlace place)
{
  return self->place == place ? self->wait : 0;
}

/* Until a provider was asked to do @what. */
static void
until_asked (StageRig * self, const gchar * what)
{
  settle (self);
  for (;;) {
    g_autofree gchar *log = mock_take_log ();

    g_string_append (self->asked, log);
    if (strstr (self->asked->str, what))
      break;
    if (self->manual)
      pass (self, MS);
    else
      g_main_context_iteration (self->context, TRUE);
  }
}

/* The caller */

static void
send_frame (StageRig * self)
{
  g_autoptr (GString) json = g_string_new (NULL);
  guint8 frame[FRAME_LEN];
  gsize at = self->n_frames++ * FRAME_LEN;

  memset (frame, PARLEY_MULAW_SILENCE, sizeof frame);
  if (at + FRAME_LEN <= self->speech->len)
    memcpy (frame, self->speech->data + at, FRAME_LEN);
  parley_twilio_build_inbound_media (json, CALL_PAIR_SID, ++self->sequence,
      self->n_frames, (self->n_frames - 1) * FRAME_MS, frame, sizeof frame);
  soup_websocket_connection_send_text (self->pair.far, json->str);
}

static gboolean
frames_due (gpointer data)
{
  StageRig *self = data;

  for (; self->next_frame <= parley_clock_now ();
      self->next_frame += FRAME_MS * MS)
    send_frame (self);
  parley_timer_set_due (self->frames, self->next_frame);
  return G_SOURCE_CONTINUE;
}

static void
arm_marks (StageRig * self)
{
  gint64 next = parley_playout_next_mark (self->playout);

  if (next != PARLEY_PLAYOUT_NEVER)
    parley_timer_set_due (self->marks, next + wait_at (self, STAGE_PLAYOUT));
}

static gboolean
marks_due (gpointer data)
{
  StageRig *self = data;
  gint64 now = parley_clock_now () - wait_at (self, STAGE_PLAYOUT);
  gchar *name;

  while ((name = parley_playout_pop_mark (self->playout, now))) {
    g_autoptr (GString) json = g_string_new (NULL);

    parley_twilio_build_mark_echo (json, CALL_PAIR_SID, ++self->sequence, name);
    soup_websocket_connection_send_text (self->pair.far, json->str);
    g_free (name);
  }
  arm_marks (self);
  return G_SOURCE_CONTINUE;
}

static void
on_message (SoupWebsocketConnection * far, gint type, GBytes * bytes,
    gpointer data)
{
  StageRig *self = data;
  g_auto (ParleyTwilioMessage) message = { 0 };
  gsize len;
  const gchar *json = g_bytes_get_data (bytes, &len);

  g_assert_true (parley_twilio_parse_outbound (json, len, CALL_PAIR_SID,
          &message, NULL));
  if (message.type == PARLEY_TWILIO_MEDIA)
    parley_playout_push (self->playout, parley_clock_now (), message.payload,
        message.payload_len);
  else if (message.type == PARLEY_TWILIO_MARK)
    parley_playout_mark (self->playout, parley_clock_now (), message.mark_name);
  arm_marks (self);
}

static void
begin_speaking (StageRig * self)
{
  self->next_frame = parley_clock_now () + FRAME_MS * MS;
  self->frames = parley_loop_add_timer (self->loop, self->next_frame,
      frames_due, self);
  self->marks = parley_loop_add_timer (self->loop, G_MAXINT64, marks_due, self);
  self->playout = parley_playout_new (parley_clock_now (), FALSE);
  g_signal_connect (self->pair.far, "message", G_CALLBACK (on_message), self);
}

/* The pipeline */

static void
give_context (StageRig * self, const gchar * type, const gchar * field,
    gpointer object)
{
  GstContext *context = gst_context_new (type, TRUE);

  gst_structure_set (gst_context_writable_structure (context), field,
      G_OBJECT_TYPE (object), object, NULL);
  gst_element_set_context (self->pipeline, context);
  gst_context_unref (context);
}

static const gchar *
holdback_at (StageRig * self, StagePlace place)
{
  return self->place == place ? "holdback name=hold ! " : "";
}

/* Once: before the first sound. */
static GstPadProbeReturn
put_silence (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  StageRig *self = data;
  GstBuffer *sound = GST_PAD_PROBE_INFO_BUFFER (info);
  gsize len = self->wait / MS * FRAME_LEN / FRAME_MS;
  GstBuffer *silence = gst_buffer_new_allocate (NULL, len, NULL);

  gst_buffer_memset (silence, 0, PARLEY_MULAW_SILENCE, len);
  gst_buffer_copy_into (silence, sound, GST_BUFFER_COPY_METADATA, 0, -1);
  info->data = gst_buffer_append (silence, sound);
  return GST_PAD_PROBE_REMOVE;
}

static void
add_silence (StageRig * self)
{
  GstElement *sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  GstPad *pad = gst_element_get_static_pad (sink, "sink");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, put_silence, self, NULL);
  gst_object_unref (pad);
  gst_object_unref (sink);
}

static void
make_pipeline (StageRig * self)
{
  g_autofree gchar *launch = g_strconcat ("twiliosrc stale-after=0 ! ",
      holdback_at (self, STAGE_BEFORE_VADENDPOINT),
      self->eager ? "vadendpoint silence=200 eager-silence=50 ! "
      : "vadendpoint silence=200 eager-silence=0 ! ", holdback_at (self,
          STAGE_BEFORE_CLOUDSTT),
      "cloudstt provider=mock ! ", holdback_at (self, STAGE_BEFORE_LLMCHAT),
      "llmchat provider=mock sorry-text=\"\" ! ", holdback_at (self,
          STAGE_BEFORE_CLOUDTTS),
      "cloudtts provider=mock ! ", holdback_at (self, STAGE_BEFORE_MULAWSINK),
      "mulawsink name=sink", NULL);
  g_autoptr (GError) error = NULL;
  GstElement *hold;

  self->pipeline = gst_parse_launch (launch, &error);
  g_assert_no_error (error);
  hold = gst_bin_get_by_name (GST_BIN (self->pipeline), "hold");
  if (hold)
    mock_holdback_set (hold, self->loop, self->wait);
  gst_clear_object (&hold);
  if (self->place == STAGE_SILENCE)
    add_silence (self);
  give_context (self, "parley.call", "call", self->pair.call);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
}

/* The providers: each is as slow as it was told to be, and its answer reaches
 * the loop when that is no longer blocked. */

typedef void (*AnswerFunc) (StageRig * self);

static void
run_answer (gpointer data, gpointer user_data)
{
  (*(AnswerFunc *) user_data) (data);
}

static void
answer (StageRig * self, AnswerFunc func, StagePlace slow, StagePlace blocked)
{
  gint64 wait = wait_at (self, slow);

  if (wait)
    pass (self, wait);
  parley_loop_invoke (self->loop, run_answer, self, &func);
  if (wait_at (self, blocked))
    block (self, wait_at (self, blocked));
  settle (self);
}

static void
answer_stt (StageRig * self)
{
  mock_stt_final (1, 1, "hello");
}

static void
answer_llm (StageRig * self)
{
  /* No two alike: the cache would know it. */
  static guint n;
  g_autofree gchar *text = g_strdup_printf ("This is answer %u%s", ++n,
      self->place == STAGE_LLM_SENTENCE ? " " : ". ");

  mock_llm_delta (1, text);
  if (self->place != STAGE_LLM_SENTENCE)
    mock_llm_done (1, FALSE);
}

static void
finish_llm (StageRig * self)
{
  mock_llm_delta (1, "and goes on. ");
  mock_llm_done (1, FALSE);
}

static void
answer_tts (StageRig * self)
{
  if (self->place == STAGE_TTS_SILENCE)
    mock_tts_silence (1, self->wait / MS);
  mock_tts_audio (1, 1000);
  mock_tts_done (1);
}

static ParleyTurnReport *
wait_for_report (StageRig * self)
{
  GstBus *bus = gst_element_get_bus (self->pipeline);
  ParleyTurnReport *report = NULL;
  GstMessage *message;

  for (guint i = 0; i < 10000 && !report; i++) {
    pass (self, MS);
    while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT))) {
      if (!report)
        report = parley_turn_report_from_structure
            (gst_message_get_structure (message));
      gst_message_unref (message);
    }
  }
  g_assert_nonnull (report);
  gst_object_unref (bus);
  return report;
}

/* Life */

static void
rig_init (StageRig * self)
{
  mock_holdback_register ();
  mock_reset ();
  mock_script ()->format.mulaw = TRUE;
  mock_script ()->format.rate = 8000;
  if (self->manual)
    parley_clock_set_manual (10 * G_TIME_SPAN_SECOND);
  self->context = g_main_context_new ();
  g_assert_true (g_main_context_acquire (self->context));
  g_main_context_push_thread_default (self->context);
  self->loop = parley_loop_new (self->context);
  self->asked = g_string_new (NULL);
  self->speech = spoken_file (STAGE_SPEECH);
  g_assert_nonnull (self->speech);
  call_pair_init (&self->pair, self->loop);
  make_pipeline (self);
}

static void
rig_clear (StageRig * self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  parley_timer_clear (&self->frames);
  parley_timer_clear (&self->marks);
  settle (self);
  gst_object_unref (self->pipeline);
  settle (self);
  call_pair_clear (&self->pair);
  settle (self);
  parley_playout_free (self->playout);
  g_byte_array_unref (self->speech);
  g_string_free (self->asked, TRUE);
  g_object_unref (self->loop);
  g_main_context_pop_thread_default (self->context);
  g_main_context_release (self->context);
  g_main_context_unref (self->context);
  if (self->manual)
    parley_clock_set_real ();
}

static ParleyTurnReport *
run (StageRig * self)
{
  ParleyTurnReport *report;

  rig_init (self);
  call_pair_start (&self->pair, NULL);
  begin_speaking (self);
  until_asked (self, "finish");
  answer (self, answer_stt, STAGE_STT, STAGE_LOOP_STT);
  until_asked (self, "request");
  answer (self, answer_llm, STAGE_LLM_TOKEN, STAGE_LOOP_LLM);
  if (self->place == STAGE_LLM_SENTENCE)
    answer (self, finish_llm, STAGE_LLM_SENTENCE, STAGE_NOWHERE);
  until_asked (self, "speak");
  answer (self, answer_tts, STAGE_TTS, STAGE_LOOP_TTS);
  report = wait_for_report (self);
  rig_clear (self);
  return report;
}

ParleyTurnReport *
stage_rig_run (StagePlace place, gint64 wait, gboolean manual)
{
  StageRig self = {.place = place,.wait = wait,.manual = manual };

  return run (&self);
}

ParleyTurnReport *
stage_rig_run_eager (StagePlace place, gint64 wait)
{
  StageRig self = {.place = place,.wait = wait,.manual = TRUE,.eager = TRUE };

  return run (&self);
}
