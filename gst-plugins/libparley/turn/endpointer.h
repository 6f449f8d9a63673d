/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "turn/endpointing.h"

G_BEGIN_DECLS

/* Decides where turns of speech begin and end, from one voice decision for each
 * 10 ms of audio. A detector lets voice go on for a while after the last speech
 * it heard, so that a stop in a word is no end: a turn ends so long after the
 * voice, since what is cut off is lost, but a take so long after the speech,
 * since it can be resumed. Pure: no clock, no audio, no memory of the past
 * beyond a few counters; frames are numbered from 0 since the last reset.
 *
 * A turn begins when min_speech of voice were seen with no more than 20 ms of
 * silence in a row between them; its onset is the first of these frames. It
 * ends when silence follows the last voice for long enough, or when it has
 * lasted for max_turn. With eager silence the take ends sooner, and speech
 * before the end of the turn resumes it.
 *
 * Who recognises may be asked too. With PARLEY_ENDPOINTING_BOTH his word ends
 * takes and turns as silence does. With PARLEY_ENDPOINTING_PROVIDER silence
 * ends a turn as long as he has told no words of it, so that a noise is over
 * soon; then he alone ends and resumes takes and ends the turn, until neither
 * he nor the caller has said anything for as long as he is believed to be
 * there.
 *
 * An instance is used by one thread at a time. */
typedef struct _ParleyEndpointer ParleyEndpointer;

#define PARLEY_ENDPOINTER_FRAME_MS 10

/* All in milliseconds, rounded up to whole frames. */
typedef struct
{
  guint silence;                /* ends the turn; at least one frame */
  guint eager_silence;          /* ends the take; 0 or not below silence: off */
  guint min_speech;             /* opens a turn; at least one frame */
  guint max_turn;               /* from the onset; 0: no limit */
} ParleyEndpointerSettings;

typedef enum
{
  PARLEY_ENDPOINTER_QUIET,      /* outside of turns */
  PARLEY_ENDPOINTER_SPEECH,     /* in a take */
  PARLEY_ENDPOINTER_PAUSE       /* the take has ended, the turn has not */
} ParleyEndpointerState;

typedef enum
{
  PARLEY_ENDPOINT_START,        /* a turn and its first take, at its onset */
  PARLEY_ENDPOINT_END,          /* of the take; frame: the first one after it */
  PARLEY_ENDPOINT_RESUME,       /* a new take; frame: its first voice */
  PARLEY_ENDPOINT_TURN_END      /* frame: the first one after the turn */
} ParleyEndpointKind;

typedef struct
{
  ParleyEndpointKind kind;
  guint64 frame;
} ParleyEndpointAction;

/* Most actions one frame can cause. */
#define PARLEY_ENDPOINTER_MAX_ACTIONS 3

/* What a detector says of a frame. */
typedef struct
{
  gboolean voice;               /* its decision */
  /* While voice: how many frames up to this one are thought to be without
   * speech already; 0: this one may have some. Such voice begins nothing. */
  guint quiet;
  /* While not: speech may be beginning, and a turn waits for up to 100 ms to
   * know before it ends. */
  gboolean rising;
  /* While not: what is heard may be a caller, or our own voice coming back,
   * which the next frames tell. If it is he, his turn begins where this did,
   * but no more than 1.5 s ago. */
  gboolean doubtful;
} ParleyEndpointerFrame;

/* In state QUIET. Free with parley_endpointer_free(). */
ParleyEndpointer *parley_endpointer_new (const ParleyEndpointerSettings *
    settings);
void parley_endpointer_free (ParleyEndpointer * self);

/* From the next frame on. */
void parley_endpointer_set (ParleyEndpointer * self,
    const ParleyEndpointerSettings * settings);

/* The silence, in ms, that ends the turn under way, from the next frame on
 * until it is set anew or the turn ends; at first and for the next turn it is
 * silence. */
void parley_endpointer_set_wait (ParleyEndpointer * self, guint wait);

/* From the next frame on; LOCAL to begin with. @patience: how long, in ms, who
 * recognises is believed to be there. */
void parley_endpointer_set_decider (ParleyEndpointer * self,
    ParleyEndpointing decider, guint patience);

/* Forgets everything but the settings. */
void parley_endpointer_reset (ParleyEndpointer * self);

/* Takes the next frame, stores what follows from it, in the order in
 * which it happens, and returns how many actions that are. */
guint parley_endpointer_frame (ParleyEndpointer * self,
    const ParleyEndpointerFrame * heard,
    ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS]);

/* Takes *n_frames frames without voice, up to the first that causes an action,
 * and leaves in *n_frames how many are left. Its time does not grow with their
 * number. */
guint parley_endpointer_silence (ParleyEndpointer * self, guint64 * n_frames,
    ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS]);

/* What who recognises tells of the turn under way; of another, or with LOCAL,
 * it is not to be told. */
guint parley_endpointer_told (ParleyEndpointer * self,
    ParleySttEndpoint endpoint,
    ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS]);

/* The stream is over: ends the take and the turn that are open. */
guint parley_endpointer_finish (ParleyEndpointer * self,
    ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS]);

ParleyEndpointerState parley_endpointer_get_state (const ParleyEndpointer *
    self);

/* Frames taken since the last reset. */
guint64 parley_endpointer_get_frames (const ParleyEndpointer * self);

/* How many frames in a row were without voice. */
guint64 parley_endpointer_get_quiet (const ParleyEndpointer * self);

/* Outside of turns: the earliest frame at which the next turn may begin. */
guint64 parley_endpointer_get_onset (const ParleyEndpointer * self);

/* The frame after the last one with speech; 0 before any. */
guint64 parley_endpointer_get_speech_end (const ParleyEndpointer * self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParleyEndpointer, parley_endpointer_free)

G_END_DECLS
