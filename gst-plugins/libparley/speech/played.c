/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/played.h"

#include <string.h>

#include "speech/g711.h"

#define US_PER_SAMPLE 125
/* Seconds of past and of future, and a little. */
#define RING 32768
#define FUTURE 16000

struct _ParleyPlayedSound
{
  gint refs;                    /* atomic */
  GMutex lock;

  /* Positions are samples of the clock. */
  guint8 *ring;                 /* NULL: nothing was sent */
  gint64 begin;                 /* what is kept */
  gint64 end;
};

ParleyPlayedSound *
parley_played_new (void)
{
  ParleyPlayedSound *self = g_new0 (ParleyPlayedSound, 1);

  self->refs = 1;
  g_mutex_init (&self->lock);
  return self;
}

ParleyPlayedSound *
parley_played_ref (ParleyPlayedSound * self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
parley_played_unref (ParleyPlayedSound * self)
{
  if (!g_atomic_int_dec_and_test (&self->refs))
    return;
  g_mutex_clear (&self->lock);
  g_free (self->ring);
  g_free (self);
}

/* @codes NULL: silence. */
static void
put_unlocked (ParleyPlayedSound * self, const guint8 * codes, gsize len)
{
  for (gsize i = 0; i < len; i++)
    self->ring[(self->end + i) % RING] = codes ? codes[i]
        : PARLEY_MULAW_SILENCE;
  self->end += len;
  self->begin = MAX (self->begin, self->end - RING);
}

void
parley_played_send (ParleyPlayedSound * self, gint64 now, const guint8 * codes,
    gsize len)
{
  gint64 at = now / US_PER_SAMPLE, gap;

  g_mutex_lock (&self->lock);
  if (!self->ring)
    self->ring = g_malloc (RING);
  gap = at - self->end;
  if (gap >= RING)
    self->begin = self->end = at;
  else if (gap > 0)
    put_unlocked (self, NULL, gap);
  if (self->end + (gint64) len <= at + FUTURE)
    put_unlocked (self, codes, len);
  g_mutex_unlock (&self->lock);
}

void
parley_played_clear (ParleyPlayedSound * self, gint64 now)
{
  g_mutex_lock (&self->lock);
  self->end = MAX (MIN (self->end, now / US_PER_SAMPLE), self->begin);
  g_mutex_unlock (&self->lock);
}

gint64
parley_played_get_end (ParleyPlayedSound * self)
{
  gint64 end;

  g_mutex_lock (&self->lock);
  end = self->end * US_PER_SAMPLE;
  g_mutex_unlock (&self->lock);
  return end;
}

gboolean
parley_played_read (ParleyPlayedSound * self, gint64 slot,
    guint8 codes[PARLEY_PLAYED_SLOT])
{
  gint64 from = slot * PARLEY_PLAYED_SLOT;
  gboolean any;

  g_mutex_lock (&self->lock);
  any = from < self->end && from + PARLEY_PLAYED_SLOT > self->begin;
  for (gint i = 0; any && i < PARLEY_PLAYED_SLOT; i++)
    codes[i] = from + i >= self->begin && from + i < self->end
        ? self->ring[(from + i) % RING] : PARLEY_MULAW_SILENCE;
  g_mutex_unlock (&self->lock);
  return any;
}
