/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What an agent does by itself in the course of a call: speak when nobody does,
 * and end a call that is idle or too long.
 *
 * Pure: no thread, no timer; times are parley_clock_now()'s, in µs. */

typedef struct
{
  gboolean opening;             /* something is said first, unless the caller
                                 * speaks before */
  gint64 idle_after;            /* of silence until each prompt; 0: none */
  guint n_prompts;
  gboolean farewell;            /* after the last prompt the call ends */
  gint64 max_duration;          /* 0: as long as they like */
  gint64 warn_before;           /* its end; 0: not */
} ParleyCallLifeSettings;

typedef enum
{
  PARLEY_LIFE_NOTHING,
  PARLEY_LIFE_OPENING,          /* the caller is silent from the beginning */
  PARLEY_LIFE_PROMPT,           /* nobody speaks: say the next of the prompts */
  PARLEY_LIFE_FAREWELL,         /* still nobody does: say goodbye, hang up */
  PARLEY_LIFE_WARNING,          /* the call's time is nearly up */
  PARLEY_LIFE_TIME_UP,          /* once nobody speaks: say goodbye, hang up */
  PARLEY_LIFE_OVER              /* hang up, whoever speaks */
} ParleyLifeAct;

/* Whoever speaks when the time is up may go on for so long. */
#define PARLEY_CALL_LIFE_GRACE (15 * G_TIME_SPAN_SECOND)

typedef struct _ParleyCallLife ParleyCallLife;

/* The call begins; somebody is speaking. */
ParleyCallLife *parley_call_life_new (const ParleyCallLifeSettings * settings,
    gint64 now);
void parley_call_life_free (ParleyCallLife * life);

/* Neither speaks, or is about to; again is harmless. */
void parley_call_life_set_quiet (ParleyCallLife * life, gboolean quiet,
    gint64 now);
/* The caller said something: the prompts begin anew. */
void parley_call_life_answered (ParleyCallLife * life);

/* When something may be to be done; G_MAXINT64: never, as things are. */
gint64 parley_call_life_get_due (ParleyCallLife * life);
/* What is to be done at @now, one after the other until it is
 * PARLEY_LIFE_NOTHING. @prompt: which one, from 0. */
ParleyLifeAct parley_call_life_act (ParleyCallLife * life, gint64 now,
    guint * prompt);

G_END_DECLS
