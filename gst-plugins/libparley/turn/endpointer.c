/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/endpointer.h"

/* Silent frames in a row that do not break what may become a turn: weak
 * syllables and the closures of plosives. */
#define ONSET_GAP_FRAMES 2

/* How much of what was in doubt may be the caller's, with what pauses in it. */
#define DOUBT_FRAMES 150
#define DOUBT_GAP_FRAMES 40

/* What speech needs to be heard as such, mostly. */
#define RISING_FRAMES 10

struct _ParleyEndpointer
{
  /* Settings, in frames. */
  guint silence;
  guint eager_silence;          /* 0: off */
  guint min_speech;
  guint max_turn;
  ParleyEndpointing decider;
  guint patience;

  guint wait;                   /* frames of silence that end this turn */
  ParleyEndpointerState state;
  guint64 frames;
  guint64 onset;                /* valid in a turn, or when voiced is not 0 */
  guint64 voice_end;            /* after the last voice */
  guint64 speech_end;           /* and the last speech in it */
  guint voiced;                 /* frames of voice in what may be an onset */
  guint64 doubt_onset;          /* of what may be the caller's */
  guint64 doubt_end;            /* 0: there was none */
  gboolean worded;              /* words were told of this turn */
  guint64 told;                 /* frames when anything was, last */
};

static guint
to_frames (guint ms)
{
  return ms / PARLEY_ENDPOINTER_FRAME_MS
      + (ms % PARLEY_ENDPOINTER_FRAME_MS != 0);
}

void
parley_endpointer_set (ParleyEndpointer * self,
    const ParleyEndpointerSettings * settings)
{
  self->silence = MAX (to_frames (settings->silence), 1);
  self->eager_silence = to_frames (settings->eager_silence);
  if (self->eager_silence >= self->silence)
    self->eager_silence = 0;
  self->min_speech = MAX (to_frames (settings->min_speech), 1);
  self->max_turn = to_frames (settings->max_turn);
  self->wait = self->silence;
}

void
parley_endpointer_set_wait (ParleyEndpointer * self, guint wait)
{
  self->wait = MAX (to_frames (wait), 1);
}

void
parley_endpointer_set_decider (ParleyEndpointer * self,
    ParleyEndpointing decider, guint patience)
{
  self->decider = decider;
  self->patience = to_frames (patience);
}

void
parley_endpointer_reset (ParleyEndpointer * self)
{
  self->state = PARLEY_ENDPOINTER_QUIET;
  self->frames = self->onset = self->doubt_end = 0;
  self->voice_end = self->speech_end = 0;
  self->voiced = 0;
  self->wait = self->silence;
  self->worded = FALSE;
  self->told = 0;
}

ParleyEndpointer *
parley_endpointer_new (const ParleyEndpointerSettings * settings)
{
  ParleyEndpointer *self = g_new0 (ParleyEndpointer, 1);

  parley_endpointer_set (self, settings);
  return self;
}

void
parley_endpointer_free (ParleyEndpointer * self)
{
  g_free (self);
}

static void
emit (ParleyEndpointAction * actions, guint * n, ParleyEndpointKind kind,
    guint64 frame)
{
  actions[*n].kind = kind;
  actions[*n].frame = frame;
  (*n)++;
}

static gboolean
is_speech (const ParleyEndpointerFrame * heard)
{
  return heard->voice && heard->quiet == 0;
}

static void
gather_doubt (ParleyEndpointer * self)
{
  if (self->doubt_end == 0 || self->frames - self->doubt_end > DOUBT_GAP_FRAMES)
    self->doubt_onset = self->frames - 1;
  self->doubt_end = self->frames;
}

/* What was in doubt lately may have been the beginning of what begins at
 * @onset. */
static guint64
onset_with_doubt (const ParleyEndpointer * self, guint64 onset)
{
  if (self->doubt_end == 0 || self->frames - self->doubt_end > DOUBT_GAP_FRAMES)
    return onset;
  if (self->frames > self->doubt_onset + DOUBT_FRAMES)
    return MIN (onset, self->frames - DOUBT_FRAMES);
  return MIN (onset, self->doubt_onset);
}

/* TRUE when the frame just counted confirms an onset. */
static gboolean
gather_onset (ParleyEndpointer * self, const ParleyEndpointerFrame * heard)
{
  if (heard->doubtful)
    gather_doubt (self);
  if (self->voiced == 0 && is_speech (heard))
    self->onset = self->frames - 1;
  if (self->voiced > 0 ? heard->voice : is_speech (heard)) {
    self->voiced++;
    return self->voiced >= self->min_speech;
  }
  if (self->frames - self->voice_end > ONSET_GAP_FRAMES)
    self->voiced = 0;
  return FALSE;
}

static void
end_turn (ParleyEndpointer * self, ParleyEndpointAction * actions, guint * n)
{
  emit (actions, n, PARLEY_ENDPOINT_TURN_END, self->frames);
  self->state = PARLEY_ENDPOINTER_QUIET;
  self->voiced = 0;
  self->wait = self->silence;
}

static void
end_take (ParleyEndpointer * self, ParleyEndpointAction * actions, guint * n)
{
  emit (actions, n, PARLEY_ENDPOINT_END, self->frames);
  self->state = PARLEY_ENDPOINTER_PAUSE;
}

/* Somebody else decides about this turn. */
static gboolean
is_left (ParleyEndpointer * self)
{
  return self->decider == PARLEY_ENDPOINTING_PROVIDER && self->worded;
}

static gboolean
is_given_up (ParleyEndpointer * self)
{
  guint64 since = MAX (self->voice_end, self->told);

  return self->frames - since >= MAX (self->patience, self->silence);
}

static void
check_end (ParleyEndpointer * self, gboolean rising,
    ParleyEndpointAction * actions, guint * n)
{
  guint64 quiet = self->frames - self->voice_end;
  guint silence = self->wait + (rising ? RISING_FRAMES : 0);
  gboolean silent = is_left (self) ? is_given_up (self) : quiet >= silence;
  gboolean over = silent || (self->max_turn != 0
      && self->frames - self->onset >= self->max_turn);
  gboolean eager = self->decider != PARLEY_ENDPOINTING_PROVIDER
      && self->eager_silence != 0
      && self->frames - self->speech_end >= self->eager_silence;

  if (self->state == PARLEY_ENDPOINTER_SPEECH && (over || eager))
    end_take (self, actions, n);
  if (over)
    end_turn (self, actions, n);
}

static gboolean
may_resume (ParleyEndpointer * self)
{
  return self->state == PARLEY_ENDPOINTER_PAUSE && !is_left (self);
}

guint
parley_endpointer_frame (ParleyEndpointer * self,
    const ParleyEndpointerFrame * heard,
    ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS])
{
  guint64 frame = self->frames++;
  guint n = 0;

  if (heard->voice) {
    self->voice_end = frame + 1;
    self->speech_end = frame + 1 - MIN (heard->quiet, frame + 1);
  }

  if (self->state == PARLEY_ENDPOINTER_QUIET) {
    if (!gather_onset (self, heard))
      return 0;
    self->onset = onset_with_doubt (self, self->onset);
    self->doubt_end = 0;
    emit (actions, &n, PARLEY_ENDPOINT_START, self->onset);
    self->state = PARLEY_ENDPOINTER_SPEECH;
    self->worded = FALSE;
  } else if (is_speech (heard) && may_resume (self)) {
    emit (actions, &n, PARLEY_ENDPOINT_RESUME, frame);
    self->state = PARLEY_ENDPOINTER_SPEECH;
  }
  check_end (self, heard->rising, actions, &n);
  return n;
}

guint
parley_endpointer_silence (ParleyEndpointer * self, guint64 * n_frames,
    ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS])
{
  const ParleyEndpointerFrame silence = { FALSE };
  guint n = 0;

  while (*n_frames > 0 && n == 0) {
    if (self->state == PARLEY_ENDPOINTER_QUIET && self->voiced == 0) {
      self->frames += *n_frames;
      *n_frames = 0;
    } else {
      n = parley_endpointer_frame (self, &silence, actions);
      (*n_frames)--;
    }
  }
  return n;
}

static void
resume (ParleyEndpointer * self, ParleyEndpointAction * actions, guint * n)
{
  emit (actions, n, PARLEY_ENDPOINT_RESUME, self->frames);
  self->state = PARLEY_ENDPOINTER_SPEECH;
}

guint
parley_endpointer_told (ParleyEndpointer * self, ParleySttEndpoint endpoint,
    ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS])
{
  guint n = 0;

  if (self->state == PARLEY_ENDPOINTER_QUIET)
    return 0;
  self->worded = TRUE;
  self->told = self->frames;
  if ((endpoint == PARLEY_STT_MAY_END || endpoint == PARLEY_STT_ENDS)
      && self->state == PARLEY_ENDPOINTER_SPEECH)
    end_take (self, actions, &n);
  if (endpoint == PARLEY_STT_ENDS)
    end_turn (self, actions, &n);
  if (endpoint == PARLEY_STT_GOES_ON && is_left (self)
      && self->state == PARLEY_ENDPOINTER_PAUSE)
    resume (self, actions, &n);
  return n;
}

guint
parley_endpointer_finish (ParleyEndpointer * self,
    ParleyEndpointAction actions[PARLEY_ENDPOINTER_MAX_ACTIONS])
{
  guint n = 0;

  if (self->state == PARLEY_ENDPOINTER_SPEECH)
    end_take (self, actions, &n);
  if (self->state == PARLEY_ENDPOINTER_PAUSE)
    end_turn (self, actions, &n);
  self->voiced = 0;
  return n;
}

ParleyEndpointerState
parley_endpointer_get_state (const ParleyEndpointer * self)
{
  return self->state;
}

guint64
parley_endpointer_get_frames (const ParleyEndpointer * self)
{
  return self->frames;
}

guint64
parley_endpointer_get_quiet (const ParleyEndpointer * self)
{
  return self->frames - self->voice_end;
}

guint64
parley_endpointer_get_onset (const ParleyEndpointer * self)
{
  return onset_with_doubt (self, self->voiced ? self->onset : self->frames);
}

guint64
parley_endpointer_get_speech_end (const ParleyEndpointer * self)
{
  return self->speech_end;
}
