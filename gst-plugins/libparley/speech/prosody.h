/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How the voice sounded where it stopped: let down, as at the end of what is
 * said, or kept up, as where more is to come. From the pitch of each 10 ms that
 * ParleyVad computes anyway; a few additions a frame, and a look at the last
 * half second when it is asked.
 *
 * A plain value; zeroed is fresh. One thread. */

typedef enum
{
  PARLEY_TONE_UNKNOWN,          /* no pitch: a whisper, noise, too short */
  PARLEY_TONE_FALLING,          /* the pitch ends low, or fell to the end */
  PARLEY_TONE_LEVEL,            /* neither */
  PARLEY_TONE_HELD,             /* a long last sound of one pitch */
  PARLEY_TONE_RISING            /* the pitch rose to the end */
} ParleyTone;

#define PARLEY_N_TONES 5

/* "unknown", "falling", "level", "held", "rising". */
const gchar *parley_tone_to_string (ParleyTone tone);
/* FALSE for another text. */
gboolean parley_tone_from_string (const gchar * text, ParleyTone * tone);

/* Frames that are remembered: a second. */
#define PARLEY_PROSODY_FRAMES 100

typedef struct
{
  gfloat pitch;                 /* octaves above 70 Hz */
  gfloat periodicity;           /* 0 to 1 */
} ParleyProsodyFrame;

typedef struct
{
  ParleyProsodyFrame frames[PARLEY_PROSODY_FRAMES];
  guint64 n;                    /* pushed so far */
  guint64 voice_end;            /* n behind the last frame with voice */
  gfloat pitch;                 /* the talker's usual, in octaves; 0: unknown */
  gfloat pitch_frames;          /* how many it is from, at most some */
} ParleyProsody;

/* The next 10 ms; @voice: decided to be voice. */
void parley_prosody_push (ParleyProsody * self,
    const ParleyProsodyFrame * frame, gboolean voice);

/* Of the last voice. */
ParleyTone parley_prosody_get_tone (const ParleyProsody * self);

G_END_DECLS
