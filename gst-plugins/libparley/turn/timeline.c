/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/timeline.h"

#include <string.h>

#define NAME "parley-turn"
#define STAGE "stage"

typedef struct
{
  const gchar *name;
  ParleyOwner owner;
  const gchar *element;
} StageKind;

/* *INDENT-OFF* */
#define SETTING PARLEY_OWNER_SETTING
#define PROVIDER PARLEY_OWNER_PROVIDER
#define OURS PARLEY_OWNER_PARLEY
#define NETWORK PARLEY_OWNER_NETWORK
static const StageKind kinds[PARLEY_N_MILESTONES] = {
  [PARLEY_AT_QUIET] = {"endpoint", SETTING, "vadendpoint"},
  [PARLEY_AT_READ] = {"loop-lag", OURS, "twiliosrc"},
  [PARLEY_AT_VAD_IN] = {"to-vadendpoint", OURS, "twiliosrc"},
  [PARLEY_AT_VAD_OUT] = {"vadendpoint", OURS, "vadendpoint"},
  [PARLEY_AT_STT_IN] = {"to-cloudstt", OURS, "vadendpoint"},
  [PARLEY_AT_STT_TAKEN] = {"cloudstt-inbox", OURS, "cloudstt"},
  [PARLEY_AT_STT_FINAL] = {"stt", PROVIDER, "cloudstt"},
  [PARLEY_AT_TURN_END] = {"turn-end", SETTING, "vadendpoint"},
  [PARLEY_AT_STT_OUT] = {"cloudstt", OURS, "cloudstt"},
  [PARLEY_AT_LLM_IN] = {"to-llmchat", OURS, "cloudstt"},
  [PARLEY_AT_LLM_TAKEN] = {"llmchat-inbox", OURS, "llmchat"},
  [PARLEY_AT_LLM_ASKED] = {"llmchat-ask", OURS, "llmchat"},
  [PARLEY_AT_LLM_CALL] = {"llm-tool-call", PROVIDER, "llmchat"},
  [PARLEY_AT_TOOL_ASKED] = {"tool-held", SETTING, "llmchat"},
  [PARLEY_AT_TOOL] = {"tool", PROVIDER, "llmchat"},
  [PARLEY_AT_LLM_TOKEN] = {"llm-first-token", PROVIDER, "llmchat"},
  [PARLEY_AT_LLM_SENTENCE] = {"llm-first-sentence", PROVIDER, "llmchat"},
  [PARLEY_AT_LLM_OUT] = {"llmchat", OURS, "llmchat"},
  [PARLEY_AT_TTS_IN] = {"to-cloudtts", OURS, "llmchat"},
  [PARLEY_AT_TTS_TAKEN] = {"cloudtts-inbox", OURS, "cloudtts"},
  [PARLEY_AT_TTS_ASKED] = {"cloudtts-ask", OURS, "cloudtts"},
  [PARLEY_AT_TTS_AUDIO] = {"tts-first-audio", PROVIDER, "cloudtts"},
  [PARLEY_AT_TTS_OUT] = {"cloudtts", OURS, "cloudtts"},
  [PARLEY_AT_SINK_IN] = {"to-mulawsink", OURS, "cloudtts"},
  [PARLEY_AT_SINK_TAKEN] = {"mulawsink-inbox", OURS, "mulawsink"},
  [PARLEY_AT_RELEASED] = {"withheld", SETTING, "llmchat"},
  [PARLEY_AT_READY] = {"mulawsink", OURS, "mulawsink"},
  [PARLEY_AT_SENT] = {"socket", NETWORK, "mulawsink"},
  [PARLEY_AT_SOUND] = {"leading-silence", PROVIDER, "cloudtts"},
  [PARLEY_AT_HEARD] = {"playout", NETWORK, "mulawsink"},
};
/* *INDENT-ON* */

static const gchar *const owners[] = {
  "setting", "provider", "parley", "network"
};

const gchar *
parley_owner_to_string (ParleyOwner owner)
{
  return owners[owner];
}

gboolean
parley_owner_from_string (const gchar * text, ParleyOwner * owner)
{
  for (guint i = 0; text && i < G_N_ELEMENTS (owners); i++) {
    if (strcmp (text, owners[i]) == 0) {
      *owner = i;
      return TRUE;
    }
  }
  return FALSE;
}

const gchar *
parley_stage_get_name (ParleyMilestone milestone)
{
  return kinds[milestone].name;
}

ParleyOwner
parley_stage_get_owner (ParleyMilestone milestone)
{
  return kinds[milestone].owner;
}

const gchar *
parley_stage_get_element (ParleyMilestone milestone)
{
  return kinds[milestone].element;
}

/* The timeline */

struct _ParleyTimeline
{
  gatomicrefcount refs;
  guint turn;
  guint take;
  GstClockTime speech_end;
  gboolean cached;
  gboolean speculated;
  const gchar *reason;          /* interned, or NULL */
  gint64 at[PARLEY_N_MILESTONES];       /* 0: not stamped */
  const gchar *provider[PARLEY_N_MILESTONES];   /* interned */
};

G_DEFINE_BOXED_TYPE (ParleyTimeline, parley_timeline, parley_timeline_ref,
    parley_timeline_unref);

ParleyTimeline *
parley_timeline_new (void)
{
  ParleyTimeline *self = g_new0 (ParleyTimeline, 1);

  g_atomic_ref_count_init (&self->refs);
  self->speech_end = GST_CLOCK_TIME_NONE;
  return self;
}

ParleyTimeline *
parley_timeline_copy (ParleyTimeline * timeline)
{
  ParleyTimeline *copy = g_memdup2 (timeline, sizeof *timeline);

  g_atomic_ref_count_init (&copy->refs);
  return copy;
}

ParleyTimeline *
parley_timeline_ref (ParleyTimeline * timeline)
{
  g_atomic_ref_count_inc (&timeline->refs);
  return timeline;
}

void
parley_timeline_unref (ParleyTimeline * timeline)
{
  if (g_atomic_ref_count_dec (&timeline->refs))
    g_free (timeline);
}

void
parley_timeline_stamp (ParleyTimeline * timeline, ParleyMilestone milestone,
    gint64 at)
{
  if (timeline && !timeline->at[milestone])
    timeline->at[milestone] = at;
}

void
parley_timeline_unstamp (ParleyTimeline * timeline, ParleyMilestone milestone)
{
  if (timeline)
    timeline->at[milestone] = 0;
}

gint64
parley_timeline_get (ParleyTimeline * timeline, ParleyMilestone milestone)
{
  return timeline->at[milestone];
}

gboolean
parley_timeline_get_span (ParleyTimeline * timeline,
    ParleyMilestone milestone, gint64 * begin, gint64 * end)
{
  *begin = 0;
  *end = timeline->at[milestone];
  for (guint i = 0; i < milestone; i++)
    *begin = MAX (*begin, timeline->at[i]);
  return *begin && *end > *begin;
}

void
parley_timeline_move (ParleyTimeline * timeline, ParleyMilestone milestone,
    gint64 at)
{
  if (timeline)
    timeline->at[milestone] = at;
}

void
parley_timeline_move_speech (ParleyTimeline * timeline, gint64 at)
{
  timeline->at[PARLEY_AT_SPEECH] = MAX (timeline->at[PARLEY_AT_SPEECH], at);
}

void
parley_timeline_carry_over (ParleyTimeline * timeline, ParleyTimeline * outcome)
{
  parley_timeline_set_turn (timeline, outcome->turn, outcome->take,
      outcome->speech_end);
  parley_timeline_move_speech (timeline, outcome->at[PARLEY_AT_SPEECH]);
  timeline->reason = outcome->reason;
  timeline->provider[PARLEY_AT_RELEASED] =
      outcome->provider[PARLEY_AT_TURN_END];
}

void
parley_timeline_set_turn (ParleyTimeline * timeline, guint turn, guint take,
    GstClockTime speech_end)
{
  timeline->turn = turn;
  timeline->take = take;
  timeline->speech_end = speech_end;
}

guint
parley_timeline_get_turn (ParleyTimeline * timeline)
{
  return timeline->turn;
}

void
parley_timeline_set_provider (ParleyTimeline * timeline,
    ParleyMilestone milestone, const gchar * provider)
{
  if (timeline)
    timeline->provider[milestone] = g_intern_string (provider);
}

void
parley_timeline_set_reason (ParleyTimeline * timeline, const gchar * reason)
{
  if (timeline)
    timeline->reason = g_intern_string (reason);
}

void
parley_timeline_set_cached (ParleyTimeline * timeline)
{
  if (timeline)
    timeline->cached = TRUE;
}

void
parley_timeline_set_speculated (ParleyTimeline * timeline)
{
  if (timeline)
    timeline->speculated = TRUE;
}

/* The report */

static ParleyTurnReport *
report_new (void)
{
  ParleyTurnReport *self = g_new0 (ParleyTurnReport, 1);

  self->stages = g_array_new (FALSE, TRUE, sizeof (ParleyStage));
  self->heard_us = -1;
  return self;
}

void
parley_turn_report_free (ParleyTurnReport * report)
{
  g_array_unref (report->stages);
  g_free (report);
}

/* The first milestone that was stamped. */
static guint
first_milestone (ParleyTimeline * timeline)
{
  guint i = 0;

  while (i < PARLEY_AT_SENT && !timeline->at[i])
    i++;
  return i;
}

static void
add_stages (ParleyTurnReport * self, ParleyTimeline * timeline, guint first)
{
  gint64 before = timeline->at[first];

  for (guint i = first + 1; i < PARLEY_N_MILESTONES; i++) {
    ParleyStage stage = { kinds[i].name, kinds[i].owner, kinds[i].element };

    if (!timeline->at[i])
      continue;
    stage.provider = timeline->provider[i];
    if (stage.provider && stage.owner == PARLEY_OWNER_SETTING)
      stage.owner = PARLEY_OWNER_PROVIDER;
    stage.us = MAX (timeline->at[i] - before, 0);
    before += stage.us;
    g_array_append_val (self->stages, stage);
    if (i < PARLEY_AT_HEARD)
      self->sent_us = before - self->begin;
    else
      self->heard_us = before - self->begin;
  }
}

ParleyTurnReport *
parley_turn_report_new (ParleyTimeline * timeline, guint64 epoch)
{
  ParleyTurnReport *self = report_new ();
  guint first = first_milestone (timeline);

  self->turn = timeline->turn;
  self->take = timeline->take;
  self->epoch = epoch;
  self->begin = timeline->at[first];
  self->speech_end = timeline->speech_end;
  self->cached = timeline->cached;
  self->speculated = timeline->speculated;
  self->reason = timeline->reason;
  if (timeline->at[PARLEY_AT_SOUND])
    self->sound_ms = MAX (timeline->at[PARLEY_AT_SOUND]
        - timeline->at[PARLEY_AT_SENT], 0) / G_TIME_SPAN_MILLISECOND;
  add_stages (self, timeline, first);
  return self;
}

/* As a structure */

static void
append_stage (GValue * array, const ParleyStage * stage)
{
  GValue value = G_VALUE_INIT;
  GstStructure *fields = gst_structure_new (STAGE,
      "name", G_TYPE_STRING, stage->name,
      "owner", G_TYPE_STRING, parley_owner_to_string (stage->owner),
      "element", G_TYPE_STRING, stage->element,
      "us", G_TYPE_INT64, stage->us, NULL);

  if (stage->provider)
    gst_structure_set (fields, "provider", G_TYPE_STRING, stage->provider,
        NULL);
  g_value_init (&value, GST_TYPE_STRUCTURE);
  g_value_take_boxed (&value, fields);
  gst_value_array_append_and_take_value (array, &value);
}

GstStructure *
parley_turn_report_to_structure (const ParleyTurnReport * report)
{
  GValue stages = G_VALUE_INIT;
  GstStructure *structure = gst_structure_new (NAME,
      "turn", G_TYPE_UINT, report->turn, "take", G_TYPE_UINT, report->take,
      "epoch", G_TYPE_UINT64, report->epoch,
      "begin", G_TYPE_INT64, report->begin,
      "speech-end", G_TYPE_UINT64, report->speech_end,
      "sound-ms", G_TYPE_UINT, report->sound_ms,
      "sent", G_TYPE_INT64, report->sent_us,
      "heard", G_TYPE_INT64, report->heard_us,
      "cached", G_TYPE_BOOLEAN, report->cached,
      "speculated", G_TYPE_BOOLEAN, report->speculated, NULL);
  if (report->reason)
    gst_structure_set (structure, "reason", G_TYPE_STRING, report->reason,
        NULL);

  g_value_init (&stages, GST_TYPE_ARRAY);
  for (guint i = 0; i < report->stages->len; i++)
    append_stage (&stages, &g_array_index (report->stages, ParleyStage, i));
  gst_structure_take_value (structure, "stages", &stages);
  return structure;
}

static void
read_stage (ParleyTurnReport * self, const GValue * value)
{
  const GstStructure *fields = gst_value_get_structure (value);
  ParleyStage stage = { NULL };

  stage.name = g_intern_string (gst_structure_get_string (fields, "name"));
  stage.element =
      g_intern_string (gst_structure_get_string (fields, "element"));
  stage.provider =
      g_intern_string (gst_structure_get_string (fields, "provider"));
  if (gst_structure_get_int64 (fields, "us", &stage.us) && stage.name
      && parley_owner_from_string (gst_structure_get_string (fields, "owner"),
          &stage.owner))
    g_array_append_val (self->stages, stage);
}

ParleyTurnReport *
parley_turn_report_from_structure (const GstStructure * structure)
{
  ParleyTurnReport *self;
  const GValue *stages;

  if (!structure || !gst_structure_has_name (structure, NAME))
    return NULL;
  stages = gst_structure_get_value (structure, "stages");
  if (!stages || !GST_VALUE_HOLDS_ARRAY (stages))
    return NULL;
  self = report_new ();
  gst_structure_get (structure, "turn", G_TYPE_UINT, &self->turn,
      "take", G_TYPE_UINT, &self->take, "epoch", G_TYPE_UINT64, &self->epoch,
      "begin", G_TYPE_INT64, &self->begin,
      "speech-end", G_TYPE_UINT64, &self->speech_end,
      "sound-ms", G_TYPE_UINT, &self->sound_ms,
      "sent", G_TYPE_INT64, &self->sent_us,
      "heard", G_TYPE_INT64, &self->heard_us,
      "cached", G_TYPE_BOOLEAN, &self->cached,
      "speculated", G_TYPE_BOOLEAN, &self->speculated, NULL);
  self->reason = g_intern_string (gst_structure_get_string (structure,
          "reason"));
  for (guint i = 0; i < gst_value_array_get_size (stages); i++)
    read_stage (self, gst_value_array_get_value (stages, i));
  return self;
}
