/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "endpointing.h"

G_BEGIN_DECLS

typedef struct _ParleyTimeline ParleyTimeline;

/* The custom events of a conversation. Each is idempotent. Those marked OOB
 * are out of band: they may overtake buffers and other events. Constructors
 * return a new reference. Parsers return FALSE, leaving what they were given
 * alone, when the event is not of that kind; every out argument may be NULL;
 * strings belong to the event.
 *
 * Input is numbered by (turn, take), both uint; output by epoch, uint64: see
 * turnmeta.h. Text is UTF-8. */

typedef enum
{
  PARLEY_EVENT_OTHER,           /* not ours */
  PARLEY_EVENT_SPEECH_START,
  PARLEY_EVENT_SPEECH_END,
  PARLEY_EVENT_SPEECH_RESUME,
  PARLEY_EVENT_TURN_END,
  PARLEY_EVENT_TURN_GUESS,
  PARLEY_EVENT_TURN_EMPTY,
  PARLEY_EVENT_PARTIAL,
  PARLEY_EVENT_ENDPOINT,
  PARLEY_EVENT_DTMF,
  PARLEY_EVENT_BEEP,
  PARLEY_EVENT_ENDPOINTING,
  PARLEY_EVENT_PAUSE,
  PARLEY_EVENT_UNPAUSE,
  PARLEY_EVENT_RELEASE,
  PARLEY_EVENT_INTERRUPT,
  PARLEY_EVENT_REPLY_END,
  PARLEY_EVENT_PASSAGE,
  PARLEY_EVENT_PLAYING,
  PARLEY_EVENT_HEARD,
  PARLEY_N_EVENTS
} ParleyEventKind;

ParleyEventKind parley_event_get_kind (GstEvent * event);

/* vadendpoint → cloudstt, llmchat; OOB: the caller began to speak (a new turn
 * and its first take). */
GstEvent *parley_event_new_speech_start (guint turn, guint take);
/* vadendpoint → cloudstt; serialized: (turn, take) seems to be over:
 * finalise. */
GstEvent *parley_event_new_speech_end (guint turn, guint take);
/* vadendpoint → cloudstt, llmchat; OOB: the caller went on after the end of
 * @take; his speech is now @take + 1. */
GstEvent *parley_event_new_speech_resume (guint turn, guint take);
/* vadendpoint → cloudstt; OOB: (turn, take) is final: its text may go on. */
GstEvent *parley_event_new_turn_end (guint turn, guint take);
/* Who decided, in speech-end and turn-end: a provider's name; NULL: vadendpoint
 * itself. set: @event is writable. */
void parley_event_set_provider (GstEvent * event, const gchar * provider);
const gchar *parley_event_get_provider (GstEvent * event);
/* The same of why a turn counts as over: for turn-end. */
void parley_event_set_reason (GstEvent * event, const gchar * reason);
const gchar *parley_event_get_reason (GstEvent * event);
/* The timeline of what will answer (timeline.h), in speech-end, turn-guess and
 * dtmf; in release, that of the text which a reply begun on a guess turned out
 * to answer. set: @event is writable, a reference is taken. get: borrowed from
 * the event, NULL for none. */
void parley_event_set_timeline (GstEvent * event, ParleyTimeline * timeline);
ParleyTimeline *parley_event_get_timeline (GstEvent * event);
/* Parses any of the four above, turn-guess, turn-empty, partial, endpoint and
 * dtmf. */
gboolean parley_event_parse_take (GstEvent * event, guint * turn,
    guint * take);

/* cloudstt → llmchat; serialized: whole text of the turn so far, for a take
 * that is not final yet. */
GstEvent *parley_event_new_turn_guess (guint turn, guint take,
    const gchar * text);
/* cloudstt → llmchat; serialized: the turn is over without text. @reason: NULL
 * when nothing was said, else why recognition failed. */
GstEvent *parley_event_new_turn_empty (guint turn, guint take,
    const gchar * reason);
/* cloudstt ↑ vadendpoint; upstream: text of the turn so far. */
GstEvent *parley_event_new_partial (guint turn, guint take,
    const gchar * text);
/* The text of the partial is all that was said up to the end of its take. */
void parley_event_set_final (GstEvent * event);
gboolean parley_event_is_final (GstEvent * event);
/* The text of turn-guess and partial, the reason of turn-empty (may be
 * NULL). */
gboolean parley_event_parse_text (GstEvent * event, const gchar ** text);

/* cloudstt ↑ vadendpoint; upstream: who decides from now on that a turn is
 * over. @wait: the longest silence, in ms, after which a provider that hears
 * words ends the turn; it is believed to be gone a while after. */
GstEvent *parley_event_new_endpointing (ParleyEndpointing endpointing,
    guint wait);
gboolean parley_event_parse_endpointing (GstEvent * event,
    ParleyEndpointing * endpointing, guint * wait);
/* cloudstt ↑ vadendpoint; upstream: what @provider tells of (turn, take), which
 * may not be the present one any more. */
GstEvent *parley_event_new_endpoint (guint turn, guint take,
    ParleySttEndpoint endpoint, const gchar * provider);
gboolean parley_event_parse_endpoint (GstEvent * event,
    ParleySttEndpoint * endpoint, const gchar ** provider);

/* twiliosrc → llmchat; OOB: a key (0-9 * # A-D). It opens a turn of its own:
 * vadendpoint stamps the number; 0 until then. */
GstEvent *parley_event_new_dtmf (guint turn, gchar digit);
gboolean parley_event_parse_dtmf (GstEvent * event, guint * turn,
    gchar * digit);

/* twiliosrc → llmchat; OOB: an answering machine beeped: it takes a message
 * from now on. */
GstEvent *parley_event_new_beep (void);

/* llmchat → mulawsink; OOB: stop playing the epoch and clear what is queued;
 * answered by heard. In an uninterruptible passage that happens at its end, but
 * if @at_once. */
GstEvent *parley_event_new_pause (guint64 epoch, gboolean at_once);
gboolean parley_event_parse_pause (GstEvent * event, guint64 * epoch,
    gboolean * at_once);
/* llmchat → mulawsink; OOB: go on from the last mark that was heard. */
GstEvent *parley_event_new_unpause (guint64 epoch);
/* llmchat → mulawsink; OOB: the epoch may be heard, now or when it comes; with
 * a timeline or not. */
GstEvent *parley_event_new_release (guint64 epoch);
/* llmchat → cloudtts, mulawsink; OOB: epochs up to this one are void and their
 * pauses ended. */
GstEvent *parley_event_new_interrupt (guint64 epoch);
/* llmchat → cloudtts → mulawsink; serialized: nothing more in this epoch. */
GstEvent *parley_event_new_reply_end (guint64 epoch);
/* llmchat → cloudtts → mulawsink; serialized: what follows of this epoch is an
 * uninterruptible passage, or it is over. */
GstEvent *parley_event_new_passage (guint64 epoch, gboolean open);
gboolean parley_event_parse_passage (GstEvent * event, guint64 * epoch,
    gboolean * open);
/* mulawsink ↑ llmchat; upstream: the epoch began (TRUE) or ended to play. */
GstEvent *parley_event_new_playing (guint64 epoch, gboolean playing);
gboolean parley_event_parse_playing (GstEvent * event, guint64 * epoch,
    gboolean * playing);
/* Parses any of the seven above and heard. */
gboolean parley_event_parse_epoch (GstEvent * event, guint64 * epoch);

/* mulawsink ↑ llmchat; upstream: how much of the epoch was heard. It also
 * answers each pause. */
typedef struct
{
  guint64 epoch;
  guint sequence;               /* the sentence heard last */
  guint ms;                     /* into the epoch, heard for certain */
  gboolean begun;               /* at least one frame was sent */
  gboolean done;                /* all of it was heard */
  gboolean answer;              /* this answers a pause */
  gboolean deferred;            /* a pause stands: it is answered at the end of
                                 * the passage */
  const gchar *text;            /* what was heard, added by cloudtts; or NULL */
} ParleyHeard;
GstEvent *parley_event_new_heard (const ParleyHeard * heard);
gboolean parley_event_parse_heard (GstEvent * event, ParleyHeard * heard);

G_END_DECLS
