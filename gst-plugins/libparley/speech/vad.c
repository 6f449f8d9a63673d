/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/vad.h"

#include <math.h>
#include <string.h>

#include "speech/vadfeatures.h"
#include "speech/vadnetwork.h"

/* Log odds between the ends of sensitivity and the middle. */
#define SENSITIVITY_RANGE 2.0f

/* Speech begins when log odds, above what is asked of them, add up to this, or
 * to more before a talker is known, which takes some clear speech; no frame
 * counts for more than the most. It ends when they are low for longer
 * than the hangover, which a stop in a word is not. */
#define EVIDENCE 1.5f
#define STRANGER_EVIDENCE 3.0f
#define KNOWN_FRAMES 20
#define MOST_ODDS 1.5f
#define ODDS_ASKED 0.3f
#define ODDS_OFF 0.5f
#define HANGOVER_FRAMES 8

/* Frames this much against speech count as quiet already. In a stop few are. */
#define ODDS_QUIET -2.5f

/* Who speaks is a talker the line is known to have, or about as near as he is:
 * for each dB further away higher odds are asked, up to a limit that clear
 * speech without any noise still meets, and more evidence, of 30 ms at most. */
#define NEAR_DB 4.0f
#define ODDS_PER_DB_AWAY 1.0f
#define MOST_ODDS_AWAY 4.0f
#define EVIDENCE_PER_DB_AWAY 0.3f
#define MOST_EVIDENCE_AWAY 3.0f

/* Part of that is asked so soon after voice of his: he goes on, and may end
 * softly. What is further below his level may be a television that goes on. */
#define SOON_FRAMES 50
#define ODDS_AWAY_SOON 0.25f
#define FAR_DB 8.0f

/* What goes on beside the talker, or before anybody spoke, and is periodic in
 * so many frames, is a television or music. Learned over 10 s, that begin as
 * if 5 s of silence had been heard. In scenes of the train split the share is
 * 0.7 to 0.8 with a television, and 0.1 to 0.35 where a caller speaks who has
 * become softer. */
#define BACKGROUND_FRAMES 1000
#define BACKGROUND_PERIODICITY 0.5f
#define BACKGROUND_SOME 0.45f
#define BACKGROUND_SURE 0.6f

/* Nine in ten of its periodic frames are below its level. What does not stand
 * out of that is asked for higher odds, and if it is far away for odds that
 * hardly anything meets. */
#define BACKGROUND_UP_DB 0.09f
#define BACKGROUND_DOWN_DB 0.01f
#define STANDS_OUT_SOME_DB 2.0f
#define STANDS_OUT_SURE_DB 6.0f
#define ODDS_BACKGROUND 1.5f
#define MOST_ODDS_BACKGROUND 5.0f

/* What frames the talker's level is learned from, and how fast: up in 50 ms,
 * down by at most 1.6 dB a second, and by 0.2 in what is far from it. Silence
 * changes nothing. */
#define CLEAR_ODDS 2.0f
#define TALKER_UP 0.2f
#define TALKER_DOWN 0.002f
#define TALKER_DOWN_FAR 0.002f

/* One or two tones and nothing else, for so many frames, are a key, ring-back
 * or a fax: no voice is as pure. */
#define PURE 0.995f
#define PURE_FRAMES 3
#define ODDS_OF_TONE -4.0f

/* A vowel in speech that goes on may be nearly as pure for a while. */
#define NEW_VOICE_FRAMES 8
#define HELD_TONE_FRAMES 50

/* The level of the loudest frame lately falls by so much in a frame. */
#define RECENT_FALL_DB 1.5f

/* When a click of 20 ms is over, the level is that far below its own; speech
 * does not begin so. */
#define AFTER_CLICK_DB 12.0f

/* What is so far above the noise may be the first consonant of a word. */
#define RISING_DB 9.0f

/* Odds fall by this for each dB that a frame is below the quietest speech. */
#define QUIETEST_DBFS -66.0f
#define ODDS_PER_DB 0.3f

/* And by this for each neper that the four highest bands are closer to the
 * noise than noise itself mostly is: where nothing stands out there is no
 * speech, whatever was heard before. */
#define LEAST_PEAKS 0.4f
#define ODDS_PER_NEPER 4.0f

struct _ParleyVad
{
  gfloat sensitivity;

  ParleyVadFeatures features;
  ParleyVadNetwork network;
  gboolean voice;
  guint hangover;               /* frames */
  guint quiet_frames;           /* in a row, while voice */
  gfloat evidence;              /* log odds gathered towards voice */
  guint clear_frames;           /* of a talker, up to KNOWN_FRAMES */
  gfloat talker_level;          /* dBFS, once heard */
  gfloat recent_level;          /* dBFS */
  guint background_frames;      /* heard, up to BACKGROUND_FRAMES */
  gfloat background;            /* share of them that is periodic */
  gfloat background_level;      /* dBFS */
  guint pure_frames;            /* of tones in a row */
  guint voice_frames;           /* of voice in a row */
  guint frames_since;           /* a voice as near as the talker */
};

ParleyVad *
parley_vad_new (gdouble sensitivity)
{
  ParleyVad *self = g_new0 (ParleyVad, 1);

  self->sensitivity = (gfloat) CLAMP (sensitivity, 0.0, 1.0);
  return self;
}

void
parley_vad_free (ParleyVad * self)
{
  g_free (self);
}

void
parley_vad_reset (ParleyVad * self)
{
  gfloat sensitivity = self->sensitivity;

  memset (self, 0, sizeof (*self));
  self->sensitivity = sensitivity;
}

/* What is taken off the odds of a frame that can hardly be heard. */
static gfloat
odds_of_silence (const ParleyVad * self)
{
  gfloat peaks = self->features.values[PARLEY_VAD_EXCESS_PEAKS];

  return ODDS_PER_DB * MAX (QUIETEST_DBFS - self->features.level, 0.0f)
      + ODDS_PER_NEPER * MAX (LEAST_PEAKS - peaks, 0.0f);
}

/* How many dB the voice heard now is further away than the talker. */
static gfloat
distance (const ParleyVad * self)
{
  if (self->clear_frames == 0)
    return 0.0f;
  return MAX (self->talker_level - NEAR_DB - self->recent_level, 0.0f);
}

static gboolean
is_soon (const ParleyVad * self)
{
  return self->frames_since < SOON_FRAMES;
}

/* Where between two values, as 0.0 to 1.0. */
static gfloat
between (gfloat value, gfloat some, gfloat sure)
{
  return CLAMP ((value - some) / (sure - some), 0.0f, 1.0f);
}

/* That it is one of the sounds that go on. */
static gfloat
likeness_to_background (const ParleyVad * self)
{
  gfloat above = self->recent_level - self->background_level;

  return between (self->background, BACKGROUND_SOME, BACKGROUND_SURE)
      * (1.0f - between (above, STANDS_OUT_SOME_DB, STANDS_OUT_SURE_DB));
}

/* How much higher the odds have to be of a voice that is far away, or of what
 * may be in the background. */
static gfloat
odds_for_others (const ParleyVad * self)
{
  gfloat likeness = likeness_to_background (self);
  gfloat odds = MIN (ODDS_PER_DB_AWAY * distance (self),
      MOST_ODDS_AWAY + MOST_ODDS_BACKGROUND * likeness);

  return is_soon (self) ? ODDS_AWAY_SOON * odds
      : odds + ODDS_BACKGROUND * likeness;
}

static void
learn_background (ParleyVad * self)
{
  gfloat periodicity = self->features.values[PARLEY_VAD_PERIODICITY];
  gboolean periodic = periodicity > BACKGROUND_PERIODICITY;

  if (self->voice && distance (self) <= 0.0f)
    return;
  if (self->background_frames == 0) {
    self->background_frames = BACKGROUND_FRAMES / 2;
    self->background_level = self->features.level;
  }
  self->background_frames = MIN (self->background_frames + 1,
      BACKGROUND_FRAMES);
  self->background += (periodic - self->background) / self->background_frames;
  if (periodic && !self->voice)
    self->background_level += self->features.level > self->background_level
        ? BACKGROUND_UP_DB : -BACKGROUND_DOWN_DB;
}

static void
learn_talker (ParleyVad * self)
{
  gfloat level = self->features.level;
  gfloat below = self->talker_level - level;

  if (self->clear_frames == 0)
    self->talker_level = level;
  else if (below < 0.0f)
    self->talker_level -= TALKER_UP * below;
  else if (below < FAR_DB)
    self->talker_level -= TALKER_DOWN * below;
  else
    self->talker_level -= TALKER_DOWN_FAR;
  self->clear_frames = MIN (self->clear_frames + 1, KNOWN_FRAMES);
}

static gboolean
is_tone (ParleyVad * self)
{
  if (self->features.tonality > PURE)
    self->pure_frames++;
  else
    self->pure_frames = 0;
  return self->pure_frames >=
      (self->voice_frames > NEW_VOICE_FRAMES ? HELD_TONE_FRAMES : PURE_FRAMES);
}

/* That a voice begins. */
static gfloat
evidence_asked (const ParleyVad * self)
{
  gfloat evidence = self->clear_frames < KNOWN_FRAMES ? STRANGER_EVIDENCE
      : EVIDENCE;

  if (!is_soon (self))
    evidence += MIN (EVIDENCE_PER_DB_AWAY * distance (self),
        MOST_EVIDENCE_AWAY);
  return evidence;
}

static void
decide (ParleyVad * self, gfloat odds)
{
  self->recent_level = MAX (self->features.level,
      self->recent_level - RECENT_FALL_DB);
  if (self->voice) {
    if (odds > ODDS_OFF)
      self->hangover = HANGOVER_FRAMES;
    else if (self->hangover-- == 0)
      self->voice = FALSE;
    if (odds > CLEAR_ODDS)
      learn_talker (self);
    return;
  }
  self->evidence += MIN (odds - odds_for_others (self), MOST_ODDS)
      - ODDS_ASKED;
  if (self->evidence < 0.0f
      || self->features.level < self->recent_level - AFTER_CLICK_DB)
    self->evidence = 0.0f;
  if (self->evidence > evidence_asked (self)) {
    self->voice = TRUE;
    self->evidence = 0.0f;
    self->hangover = HANGOVER_FRAMES;
  }
}

static gboolean
is_rising (const ParleyVad * self)
{
  return self->evidence > 0.0f
      || self->features.level > self->features.noise_level + RISING_DB;
}

static guint
quiet_frames (const ParleyVad * self)
{
  return self->quiet_frames > 0 ? self->quiet_frames + PARLEY_VAD_DELAY : 0;
}

gboolean
parley_vad_frame (ParleyVad * self,
    const gint16 frame[PARLEY_VAD_FRAME_SAMPLES], ParleyVadResult * out)
{
  gfloat shift = (self->sensitivity - 0.5f) * 2.0f * SENSITIVITY_RANGE;
  ParleyVadOdds said;
  gfloat odds;

  parley_vad_features_push (&self->features, frame);
  parley_vad_network_push (&self->network, self->features.values, &said);
  odds = said.speech + shift - odds_of_silence (self);
  if (is_tone (self)) {
    odds = MIN (odds, ODDS_OF_TONE);
    self->hangover = 0;
  }
  learn_background (self);
  decide (self, odds);
  self->voice_frames = self->voice ? self->voice_frames + 1 : 0;
  self->frames_since = self->voice && distance (self) < FAR_DB - NEAR_DB ? 0
      : self->frames_since + 1;
  self->quiet_frames = self->voice && odds < ODDS_QUIET ?
      self->quiet_frames + 1 : 0;
  if (out != NULL) {
    out->voice = self->voice;
    out->quiet = quiet_frames (self);
    out->rising = is_rising (self);
    out->settled = said.settled + shift > 0.0f;
    out->level = self->features.level;
    out->noise_floor = self->features.noise_level;
    out->score = 1.0f / (1.0f + expf (-odds));
    out->periodicity = self->features.values[PARLEY_VAD_PERIODICITY];
    out->pitch = self->features.values[PARLEY_VAD_PITCH];
  }
  return self->voice;
}
