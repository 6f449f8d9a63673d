/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/turnevents.h"

#include "turn/timeline.h"

#define OOB GST_EVENT_CUSTOM_DOWNSTREAM_OOB
#define SERIALIZED GST_EVENT_CUSTOM_DOWNSTREAM
#define UPSTREAM GST_EVENT_CUSTOM_UPSTREAM
#define TIMELINE "timeline"

static const struct
{
  const gchar *name;
  GstEventType type;
} kinds[PARLEY_N_EVENTS] = {
  [PARLEY_EVENT_SPEECH_START] = {"parley/speech-start", OOB},
  [PARLEY_EVENT_SPEECH_END] = {"parley/speech-end", SERIALIZED},
  [PARLEY_EVENT_SPEECH_RESUME] = {"parley/speech-resume", OOB},
  [PARLEY_EVENT_TURN_END] = {"parley/turn-end", OOB},
  [PARLEY_EVENT_TURN_GUESS] = {"parley/turn-guess", SERIALIZED},
  [PARLEY_EVENT_TURN_EMPTY] = {"parley/turn-empty", SERIALIZED},
  [PARLEY_EVENT_PARTIAL] = {"parley/partial", UPSTREAM},
  [PARLEY_EVENT_ENDPOINT] = {"parley/endpoint", UPSTREAM},
  [PARLEY_EVENT_DTMF] = {"parley/dtmf", OOB},
  [PARLEY_EVENT_BEEP] = {"parley/beep", OOB},
  [PARLEY_EVENT_ENDPOINTING] = {"parley/endpointing", UPSTREAM},
  [PARLEY_EVENT_PAUSE] = {"parley/pause", OOB},
  [PARLEY_EVENT_UNPAUSE] = {"parley/unpause", OOB},
  [PARLEY_EVENT_RELEASE] = {"parley/release", OOB},
  [PARLEY_EVENT_INTERRUPT] = {"parley/interrupt", OOB},
  [PARLEY_EVENT_REPLY_END] = {"parley/reply-end", SERIALIZED},
  [PARLEY_EVENT_PASSAGE] = {"parley/passage", SERIALIZED},
  [PARLEY_EVENT_PLAYING] = {"parley/playing", UPSTREAM},
  [PARLEY_EVENT_HEARD] = {"parley/heard", UPSTREAM},
};

static const gchar *const endpoints[] = {
  [PARLEY_STT_HEARS] = "hears",
  [PARLEY_STT_MAY_END] = "may-end",
  [PARLEY_STT_GOES_ON] = "goes-on",
  [PARLEY_STT_ENDS] = "ends",
};

static gpointer
make_quarks (gpointer data)
{
  static GQuark quarks[PARLEY_N_EVENTS];

  for (guint i = 1; i < PARLEY_N_EVENTS; i++)
    quarks[i] = g_quark_from_static_string (kinds[i].name);
  return quarks;
}

static const GQuark *
get_quarks (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, make_quarks, NULL);
}

ParleyEventKind
parley_event_get_kind (GstEvent * event)
{
  const GstStructure *structure;
  const GQuark *quarks = get_quarks ();

  switch (GST_EVENT_TYPE (event)) {
    case OOB:
    case SERIALIZED:
    case UPSTREAM:
      break;
    default:
      return PARLEY_EVENT_OTHER;
  }
  structure = gst_event_get_structure (event);
  for (guint i = 1; structure && i < PARLEY_N_EVENTS; i++)
    if (gst_structure_get_name_id (structure) == quarks[i]
        && GST_EVENT_TYPE (event) == kinds[i].type)
      return i;
  return PARLEY_EVENT_OTHER;
}

static GstEvent *
new_take (ParleyEventKind kind, guint turn, guint take)
{
  return gst_event_new_custom (kinds[kind].type,
      gst_structure_new (kinds[kind].name, "turn", G_TYPE_UINT, turn,
          "take", G_TYPE_UINT, take, NULL));
}

static GstEvent *
new_text (ParleyEventKind kind, guint turn, guint take, const gchar * text)
{
  GstEvent *event = new_take (kind, turn, take);

  if (text)
    gst_structure_set (gst_event_writable_structure (event),
        "text", G_TYPE_STRING, text, NULL);
  return event;
}

static GstEvent *
new_epoch (ParleyEventKind kind, guint64 epoch)
{
  return gst_event_new_custom (kinds[kind].type,
      gst_structure_new (kinds[kind].name, "epoch", G_TYPE_UINT64, epoch,
          NULL));
}

void
parley_event_set_timeline (GstEvent * event, ParleyTimeline * timeline)
{
  if (timeline)
    gst_structure_set (gst_event_writable_structure (event), TIMELINE,
        PARLEY_TYPE_TIMELINE, timeline, NULL);
}

ParleyTimeline *
parley_event_get_timeline (GstEvent * event)
{
  const GstStructure *structure = gst_event_get_structure (event);
  const GValue *value =
      structure ? gst_structure_get_value (structure, TIMELINE) : NULL;

  return value && G_VALUE_HOLDS (value, PARLEY_TYPE_TIMELINE)
      ? g_value_get_boxed (value) : NULL;
}

void
parley_event_set_provider (GstEvent * event, const gchar * provider)
{
  gst_structure_set (gst_event_writable_structure (event), "provider",
      G_TYPE_STRING, provider, NULL);
}

const gchar *
parley_event_get_provider (GstEvent * event)
{
  return gst_structure_get_string (gst_event_get_structure (event), "provider");
}

void
parley_event_set_reason (GstEvent * event, const gchar * reason)
{
  gst_structure_set (gst_event_writable_structure (event), "reason",
      G_TYPE_STRING, reason, NULL);
}

const gchar *
parley_event_get_reason (GstEvent * event)
{
  return gst_structure_get_string (gst_event_get_structure (event), "reason");
}

GstEvent *
parley_event_new_speech_start (guint turn, guint take)
{
  return new_take (PARLEY_EVENT_SPEECH_START, turn, take);
}

GstEvent *
parley_event_new_speech_end (guint turn, guint take)
{
  return new_take (PARLEY_EVENT_SPEECH_END, turn, take);
}

GstEvent *
parley_event_new_speech_resume (guint turn, guint take)
{
  return new_take (PARLEY_EVENT_SPEECH_RESUME, turn, take);
}

GstEvent *
parley_event_new_turn_end (guint turn, guint take)
{
  return new_take (PARLEY_EVENT_TURN_END, turn, take);
}

GstEvent *
parley_event_new_turn_guess (guint turn, guint take, const gchar * text)
{
  return new_text (PARLEY_EVENT_TURN_GUESS, turn, take, text);
}

GstEvent *
parley_event_new_turn_empty (guint turn, guint take, const gchar * reason)
{
  return new_text (PARLEY_EVENT_TURN_EMPTY, turn, take, reason);
}

GstEvent *
parley_event_new_partial (guint turn, guint take, const gchar * text)
{
  return new_text (PARLEY_EVENT_PARTIAL, turn, take, text);
}

void
parley_event_set_final (GstEvent * event)
{
  gst_structure_set (gst_event_writable_structure (event),
      "final", G_TYPE_BOOLEAN, TRUE, NULL);
}

gboolean
parley_event_is_final (GstEvent * event)
{
  gboolean final = FALSE;

  gst_structure_get_boolean (gst_event_get_structure (event), "final", &final);
  return final;
}

GstEvent *
parley_event_new_endpointing (ParleyEndpointing endpointing, guint wait)
{
  return gst_event_new_custom (UPSTREAM,
      gst_structure_new (kinds[PARLEY_EVENT_ENDPOINTING].name,
          "endpointing", G_TYPE_STRING,
          parley_endpointing_to_string (endpointing), "wait", G_TYPE_UINT,
          wait, NULL));
}

GstEvent *
parley_event_new_endpoint (guint turn, guint take, ParleySttEndpoint endpoint,
    const gchar * provider)
{
  GstEvent *event = new_take (PARLEY_EVENT_ENDPOINT, turn, take);

  gst_structure_set (gst_event_writable_structure (event),
      "endpoint", G_TYPE_STRING, endpoints[endpoint], "provider",
      G_TYPE_STRING, provider, NULL);
  return event;
}

GstEvent *
parley_event_new_dtmf (guint turn, gchar digit)
{
  const gchar text[2] = { digit, '\0' };
  GstEvent *event = new_take (PARLEY_EVENT_DTMF, turn, 1);

  gst_structure_set (gst_event_writable_structure (event),
      "digit", G_TYPE_STRING, text, NULL);
  return event;
}

GstEvent *
parley_event_new_beep (void)
{
  return gst_event_new_custom (OOB,
      gst_structure_new_empty (kinds[PARLEY_EVENT_BEEP].name));
}

static GstEvent *
new_flag (ParleyEventKind kind, guint64 epoch, const gchar * name,
    gboolean flag)
{
  GstEvent *event = new_epoch (kind, epoch);

  gst_structure_set (gst_event_writable_structure (event), name,
      G_TYPE_BOOLEAN, flag, NULL);
  return event;
}

static gboolean
parse_flag (GstEvent * event, ParleyEventKind kind, guint64 * epoch,
    const gchar * name, gboolean * flag)
{
  if (parley_event_get_kind (event) != kind)
    return FALSE;
  parley_event_parse_epoch (event, epoch);
  if (flag)
    gst_structure_get_boolean (gst_event_get_structure (event), name, flag);
  return TRUE;
}

GstEvent *
parley_event_new_pause (guint64 epoch, gboolean at_once)
{
  return new_flag (PARLEY_EVENT_PAUSE, epoch, "at-once", at_once);
}

gboolean
parley_event_parse_pause (GstEvent * event, guint64 * epoch, gboolean * at_once)
{
  return parse_flag (event, PARLEY_EVENT_PAUSE, epoch, "at-once", at_once);
}

GstEvent *
parley_event_new_unpause (guint64 epoch)
{
  return new_epoch (PARLEY_EVENT_UNPAUSE, epoch);
}

GstEvent *
parley_event_new_release (guint64 epoch)
{
  return new_epoch (PARLEY_EVENT_RELEASE, epoch);
}

GstEvent *
parley_event_new_interrupt (guint64 epoch)
{
  return new_epoch (PARLEY_EVENT_INTERRUPT, epoch);
}

GstEvent *
parley_event_new_reply_end (guint64 epoch)
{
  return new_epoch (PARLEY_EVENT_REPLY_END, epoch);
}

GstEvent *
parley_event_new_passage (guint64 epoch, gboolean open)
{
  return new_flag (PARLEY_EVENT_PASSAGE, epoch, "open", open);
}

gboolean
parley_event_parse_passage (GstEvent * event, guint64 * epoch, gboolean * open)
{
  return parse_flag (event, PARLEY_EVENT_PASSAGE, epoch, "open", open);
}

GstEvent *
parley_event_new_playing (guint64 epoch, gboolean playing)
{
  return new_flag (PARLEY_EVENT_PLAYING, epoch, "playing", playing);
}

GstEvent *
parley_event_new_heard (const ParleyHeard * heard)
{
  GstEvent *event = new_epoch (PARLEY_EVENT_HEARD, heard->epoch);
  GstStructure *structure = gst_event_writable_structure (event);

  gst_structure_set (structure, "sequence", G_TYPE_UINT, heard->sequence,
      "ms", G_TYPE_UINT, heard->ms, "begun", G_TYPE_BOOLEAN, heard->begun,
      "done", G_TYPE_BOOLEAN, heard->done, "answer", G_TYPE_BOOLEAN,
      heard->answer, "deferred", G_TYPE_BOOLEAN, heard->deferred, NULL);
  if (heard->text)
    gst_structure_set (structure, "text", G_TYPE_STRING, heard->text, NULL);
  return event;
}

gboolean
parley_event_parse_take (GstEvent * event, guint * turn, guint * take)
{
  const GstStructure *structure;
  ParleyEventKind kind = parley_event_get_kind (event);

  if (kind < PARLEY_EVENT_SPEECH_START || kind > PARLEY_EVENT_DTMF)
    return FALSE;
  structure = gst_event_get_structure (event);
  if (turn)
    gst_structure_get_uint (structure, "turn", turn);
  if (take)
    gst_structure_get_uint (structure, "take", take);
  return TRUE;
}

gboolean
parley_event_parse_text (GstEvent * event, const gchar ** text)
{
  switch (parley_event_get_kind (event)) {
    case PARLEY_EVENT_TURN_GUESS:
    case PARLEY_EVENT_TURN_EMPTY:
    case PARLEY_EVENT_PARTIAL:
      if (text)
        *text = gst_structure_get_string (gst_event_get_structure (event),
            "text");
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
parley_event_parse_endpointing (GstEvent * event,
    ParleyEndpointing * endpointing, guint * wait)
{
  const GstStructure *structure;
  ParleyEndpointing parsed;

  if (parley_event_get_kind (event) != PARLEY_EVENT_ENDPOINTING)
    return FALSE;
  structure = gst_event_get_structure (event);
  if (!parley_endpointing_from_string (gst_structure_get_string (structure,
              "endpointing"), &parsed))
    return FALSE;
  if (endpointing)
    *endpointing = parsed;
  if (wait)
    gst_structure_get_uint (structure, "wait", wait);
  return TRUE;
}

gboolean
parley_event_parse_endpoint (GstEvent * event, ParleySttEndpoint * endpoint,
    const gchar ** provider)
{
  const GstStructure *structure;
  const gchar *name;
  guint i = 0;

  if (parley_event_get_kind (event) != PARLEY_EVENT_ENDPOINT)
    return FALSE;
  structure = gst_event_get_structure (event);
  name = gst_structure_get_string (structure, "endpoint");
  while (i < G_N_ELEMENTS (endpoints) && g_strcmp0 (name, endpoints[i]) != 0)
    i++;
  if (i == G_N_ELEMENTS (endpoints))
    return FALSE;
  if (endpoint)
    *endpoint = i;
  if (provider)
    *provider = gst_structure_get_string (structure, "provider");
  return TRUE;
}

gboolean
parley_event_parse_dtmf (GstEvent * event, guint * turn, gchar * digit)
{
  const gchar *text;

  if (parley_event_get_kind (event) != PARLEY_EVENT_DTMF)
    return FALSE;
  parley_event_parse_take (event, turn, NULL);
  text = gst_structure_get_string (gst_event_get_structure (event), "digit");
  if (digit && text)
    *digit = text[0];
  return text != NULL;
}

gboolean
parley_event_parse_epoch (GstEvent * event, guint64 * epoch)
{
  if (parley_event_get_kind (event) < PARLEY_EVENT_PAUSE)
    return FALSE;
  if (epoch)
    gst_structure_get_uint64 (gst_event_get_structure (event), "epoch", epoch);
  return TRUE;
}

gboolean
parley_event_parse_playing (GstEvent * event, guint64 * epoch,
    gboolean * playing)
{
  return parse_flag (event, PARLEY_EVENT_PLAYING, epoch, "playing", playing);
}

gboolean
parley_event_parse_heard (GstEvent * event, ParleyHeard * heard)
{
  const GstStructure *structure;

  if (parley_event_get_kind (event) != PARLEY_EVENT_HEARD)
    return FALSE;
  structure = gst_event_get_structure (event);
  *heard = (ParleyHeard) {
  0};
  gst_structure_get (structure, "epoch", G_TYPE_UINT64, &heard->epoch,
      "sequence", G_TYPE_UINT, &heard->sequence,
      "ms", G_TYPE_UINT, &heard->ms, "begun", G_TYPE_BOOLEAN, &heard->begun,
      "done", G_TYPE_BOOLEAN, &heard->done,
      "answer", G_TYPE_BOOLEAN, &heard->answer, NULL);
  /* Whoever knows no passages leaves it out. */
  gst_structure_get_boolean (structure, "deferred", &heard->deferred);
  heard->text = gst_structure_get_string (structure, "text");
  return TRUE;
}
