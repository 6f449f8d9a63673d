/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Where the time of one answer went: from the caller's last speech to the first
 * sound of the reply that he heard.
 *
 * The timeline travels with what is on its way, from vadendpoint to mulawsink:
 * in the events parley/speech-end and parley/turn-guess and in the
 * ParleyTurnMeta of text and audio. Each milestone is stamped once, by the
 * element it belongs to, while that holds the timeline; mulawsink makes the
 * report.
 *
 * A stage is the time between consecutive milestones. A milestone before its
 * predecessor counts as at the same time, so that the stages sum to the total
 * exactly and time that overlaps belongs to the earlier stage; one that was
 * never stamped (another element did that work) leaves its time to the next
 * stage. No stage is computed by subtracting others. Nothing is left over. */

/* In order. */
typedef enum
{
  PARLEY_AT_SPEECH,             /* packet with the last speech arrived: zero */
  PARLEY_AT_QUIET,              /* packet arrived that made the silence long
                                 * enough */
  PARLEY_AT_READ,               /* twiliosrc read that packet */
  PARLEY_AT_VAD_IN,             /* it reached vadendpoint */
  PARLEY_AT_VAD_OUT,            /* speech-end left */
  PARLEY_AT_STT_IN,             /* speech-end reached cloudstt */
  PARLEY_AT_STT_TAKEN,          /* and was taken on the loop: asked */
  PARLEY_AT_STT_FINAL,          /* the recogniser was done */
  PARLEY_AT_TURN_END,           /* the turn was known to be over */
  PARLEY_AT_STT_OUT,            /* text left cloudstt */
  PARLEY_AT_LLM_IN,
  PARLEY_AT_LLM_TAKEN,
  PARLEY_AT_LLM_ASKED,          /* the request was made */
  PARLEY_AT_LLM_CALL,           /* the model called tools instead */
  PARLEY_AT_TOOL_ASKED,         /* the first of them was begun */
  PARLEY_AT_TOOL,               /* they had answered; it was asked again */
  PARLEY_AT_LLM_TOKEN,          /* first token of the answer */
  PARLEY_AT_LLM_SENTENCE,       /* its first sentence is whole */
  PARLEY_AT_LLM_OUT,
  PARLEY_AT_TTS_IN,
  PARLEY_AT_TTS_TAKEN,
  PARLEY_AT_TTS_ASKED,
  PARLEY_AT_TTS_AUDIO,          /* first audio from the synthesiser */
  PARLEY_AT_TTS_OUT,
  PARLEY_AT_SINK_IN,
  PARLEY_AT_SINK_TAKEN,
  PARLEY_AT_RELEASED,           /* may be heard */
  PARLEY_AT_READY,              /* first frame made */
  PARLEY_AT_SENT,               /* and given to the socket */
  PARLEY_AT_SOUND,              /* plus the silence the audio began with */
  PARLEY_AT_HEARD,              /* that sound was played, by its mark */
  PARLEY_N_MILESTONES
} ParleyMilestone;

typedef enum
{
  PARLEY_OWNER_SETTING,         /* somebody chose to wait */
  PARLEY_OWNER_PROVIDER,
  PARLEY_OWNER_PARLEY,          /* the pipeline: elements, hand-over, loop */
  PARLEY_OWNER_NETWORK
} ParleyOwner;

/* "setting", "provider", "parley", "network". */
const gchar *parley_owner_to_string (ParleyOwner owner);
/* FALSE for another text. */
gboolean parley_owner_from_string (const gchar * text, ParleyOwner * owner);

/* The stage that ends with @milestone: its name, owner and the kind of element
 * (a factory's name). NULL for PARLEY_AT_SPEECH. */
const gchar *parley_stage_get_name (ParleyMilestone milestone);
ParleyOwner parley_stage_get_owner (ParleyMilestone milestone);
const gchar *parley_stage_get_element (ParleyMilestone milestone);

typedef struct _ParleyTimeline ParleyTimeline;

#define PARLEY_TYPE_TIMELINE (parley_timeline_get_type ())
GType parley_timeline_get_type (void);

/* Reference counted from any thread; stamped by whoever holds what carries
 * it. */
ParleyTimeline *parley_timeline_new (void);
/* The same milestones in a timeline of its own: what happens on one way is not
 * seen on the other. */
ParleyTimeline *parley_timeline_copy (ParleyTimeline * timeline);
ParleyTimeline *parley_timeline_ref (ParleyTimeline * timeline);
void parley_timeline_unref (ParleyTimeline * timeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyTimeline, parley_timeline_unref)

/* @at: µs of parley_clock_now(). The first stamp of a milestone counts. NULL
 * is harmless. */
void parley_timeline_stamp (ParleyTimeline * timeline,
    ParleyMilestone milestone, gint64 at);
/* What was there at @milestone came to nothing: it is yet to be stamped. */
void parley_timeline_unstamp (ParleyTimeline * timeline,
    ParleyMilestone milestone);
/* 0: not stamped yet. */
gint64 parley_timeline_get (ParleyTimeline * timeline,
    ParleyMilestone milestone);
/* When the stage that ends with @milestone began and ended. FALSE: not stamped,
 * or it took no time. */
gboolean parley_timeline_get_span (ParleyTimeline * timeline,
    ParleyMilestone milestone, gint64 * begin, gint64 * end);
/* The caller's last speech was at @at after all, later than the first stamp
 * said: a noise was taken for its end. */
void parley_timeline_move_speech (ParleyTimeline * timeline, gint64 at);
/* It is of a reply that was begun on a guess and became the answer to what
 * @outcome is of: turn, take and the caller's last speech are now those, and
 * who ended that turn had it withheld. What was done before that speech took no
 * time of his. */
void parley_timeline_carry_over (ParleyTimeline * timeline,
    ParleyTimeline * outcome);

/* @milestone was at @at, whatever was stamped before. For what comes several
 * times in one answer. NULL is harmless. */
void parley_timeline_move (ParleyTimeline * timeline,
    ParleyMilestone milestone, gint64 at);

/* What is told along with the times. @provider: any name; what somebody would
 * have chosen to wait was up to that provider then. */
void parley_timeline_set_turn (ParleyTimeline * timeline, guint turn,
    guint take, GstClockTime speech_end);
guint parley_timeline_get_turn (ParleyTimeline * timeline);
void parley_timeline_set_provider (ParleyTimeline * timeline,
    ParleyMilestone milestone, const gchar * provider);
/* Why the turn counts as over: as of vadendpoint; NULL: not known. */
void parley_timeline_set_reason (ParleyTimeline * timeline,
    const gchar * reason);
void parley_timeline_set_cached (ParleyTimeline * timeline);
void parley_timeline_set_speculated (ParleyTimeline * timeline);

/* The report: what the element message "parley-turn" holds */

typedef struct
{
  const gchar *name;            /* interned */
  ParleyOwner owner;
  const gchar *element;         /* factory's name, interned */
  const gchar *provider;        /* interned; NULL: none */
  gint64 us;                    /* >= 0 */
} ParleyStage;

typedef struct
{
  guint turn;                   /* 0: the greeting */
  guint take;
  guint64 epoch;
  gint64 begin;                 /* zero, in µs of the monotonic clock */
  GstClockTime speech_end;      /* stream time of the last speech's end, ns;
                                 * GST_CLOCK_TIME_NONE: unknown */
  guint sound_ms;               /* into the reply's audio: its first sound */
  gint64 sent_us;               /* from zero; the sum of all but playout */
  gint64 heard_us;              /* the sum of all; -1: no mark came back */
  gboolean cached;              /* its first audio came from the cache */
  gboolean speculated;          /* begun before the turn was known to be over */
  const gchar *reason;          /* why it counted as over, interned; NULL */
  GArray *stages;               /* of ParleyStage, in order, those that have a
                                 * milestone, playout only if heard */
} ParleyTurnReport;

/* Of a timeline that was sent (and heard, or not). */
ParleyTurnReport *parley_turn_report_new (ParleyTimeline * timeline,
    guint64 epoch);
void parley_turn_report_free (ParleyTurnReport * report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyTurnReport, parley_turn_report_free)

/* "parley-turn": turn, take (uint), epoch (uint64), begin (int64, µs),
 * speech-end (uint64, ns), sound-ms (uint), sent, heard (int64, µs), cached,
 * speculated (boolean), reason (string; may be missing), stages
 * (GST_TYPE_ARRAY of structures "stage": name, owner, element, provider
 * (strings; the last may be missing), us (int64)).
 * Transfer full. */
GstStructure *parley_turn_report_to_structure (const ParleyTurnReport * report);
/* NULL: not such a structure. */
ParleyTurnReport *parley_turn_report_from_structure (const GstStructure *
    structure);

G_END_DECLS
