/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/calllife.h"

struct _ParleyCallLife
{
  ParleyCallLifeSettings settings;
  gint64 began;
  gint64 quiet_since;           /* -1: somebody speaks */
  gboolean opened;              /* or the caller did */
  guint n_prompted;             /* since the caller said something */
  gboolean said_farewell;       /* since then */
  ParleyLifeAct ended;          /* the last of what the duration calls for */
};

ParleyCallLife *
parley_call_life_new (const ParleyCallLifeSettings * settings, gint64 now)
{
  ParleyCallLife *self = g_new0 (ParleyCallLife, 1);

  self->settings = *settings;
  self->began = now;
  self->quiet_since = -1;
  self->opened = !settings->opening;
  return self;
}

void
parley_call_life_free (ParleyCallLife * self)
{
  g_free (self);
}

void
parley_call_life_set_quiet (ParleyCallLife * self, gboolean quiet, gint64 now)
{
  if (!quiet)
    self->quiet_since = -1;
  else if (self->quiet_since < 0)
    self->quiet_since = now;
}

void
parley_call_life_answered (ParleyCallLife * self)
{
  self->opened = TRUE;
  self->n_prompted = 0;
  self->said_farewell = FALSE;
}

/* Silence */

/* Who is told that the time is up need not be asked to speak. */
static gboolean
is_time_up (ParleyCallLife * self)
{
  return self->ended == PARLEY_LIFE_TIME_UP || self->ended == PARLEY_LIFE_OVER;
}

static ParleyLifeAct
next_idle_act (ParleyCallLife * self)
{
  if (!self->settings.idle_after || self->quiet_since < 0 || is_time_up (self))
    return PARLEY_LIFE_NOTHING;
  if (!self->opened)
    return PARLEY_LIFE_OPENING;
  if (self->n_prompted < self->settings.n_prompts)
    return PARLEY_LIFE_PROMPT;
  return self->settings.farewell && !self->said_farewell
      ? PARLEY_LIFE_FAREWELL : PARLEY_LIFE_NOTHING;
}

static gint64
idle_due (ParleyCallLife * self)
{
  return next_idle_act (self) == PARLEY_LIFE_NOTHING ? G_MAXINT64
      : self->quiet_since + self->settings.idle_after;
}

static ParleyLifeAct
act_on_silence (ParleyCallLife * self, gint64 now, guint * prompt)
{
  ParleyLifeAct act = next_idle_act (self);

  self->quiet_since = now;
  if (act == PARLEY_LIFE_OPENING)
    self->opened = TRUE;
  else if (act == PARLEY_LIFE_PROMPT)
    *prompt = self->n_prompted++;
  else
    self->said_farewell = TRUE;
  return act;
}

/* Duration */

static ParleyLifeAct
next_end_act (ParleyCallLife * self)
{
  if (!self->settings.max_duration || self->ended == PARLEY_LIFE_OVER)
    return PARLEY_LIFE_NOTHING;
  if (self->ended == PARLEY_LIFE_TIME_UP)
    return PARLEY_LIFE_OVER;
  return self->ended == PARLEY_LIFE_NOTHING && self->settings.warn_before
      ? PARLEY_LIFE_WARNING : PARLEY_LIFE_TIME_UP;
}

static gint64
end_due (ParleyCallLife * self)
{
  gint64 end = self->began + self->settings.max_duration;

  switch (next_end_act (self)) {
    case PARLEY_LIFE_WARNING:
      return MAX (self->began, end - self->settings.warn_before);
    case PARLEY_LIFE_TIME_UP:
      return end;
    case PARLEY_LIFE_OVER:
      return end + PARLEY_CALL_LIFE_GRACE;
    default:
      return G_MAXINT64;
  }
}

gint64
parley_call_life_get_due (ParleyCallLife * self)
{
  return MIN (idle_due (self), end_due (self));
}

ParleyLifeAct
parley_call_life_act (ParleyCallLife * self, gint64 now, guint * prompt)
{
  if (end_due (self) <= now) {
    self->ended = next_end_act (self);
    return self->ended;
  }
  return idle_due (self) <= now ? act_on_silence (self, now, prompt)
      : PARLEY_LIFE_NOTHING;
}
