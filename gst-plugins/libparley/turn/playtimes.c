/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/playtimes.h"

#include "speech/loud.h"

#define BYTES_PER_MS 8
#define US_PER_BYTE 125

typedef struct
{
  guint64 epoch;
  ParleyTimeline *timeline;     /* NULL: not yet, none, or reported */
  ParleyTimeline *outcome;      /* that a guess was carried over by, or NULL */
  gint64 released;              /* 0: not yet */
  guint64 length;               /* bytes that came */
  gint64 sound;                 /* byte of the first sound; -1: none yet */
} Reply;

struct _ParleyPlayTimes
{
  GQueue replies;               /* of Reply, newest last */
};

static void
reply_free (gpointer data)
{
  Reply *reply = data;

  g_clear_pointer (&reply->timeline, parley_timeline_unref);
  g_clear_pointer (&reply->outcome, parley_timeline_unref);
  g_free (reply);
}

ParleyPlayTimes *
parley_play_times_new (void)
{
  return g_new0 (ParleyPlayTimes, 1);
}

void
parley_play_times_reset (ParleyPlayTimes * times)
{
  g_queue_clear_full (&times->replies, reply_free);
}

void
parley_play_times_free (ParleyPlayTimes * times)
{
  parley_play_times_reset (times);
  g_free (times);
}

static Reply *
find (ParleyPlayTimes * self, guint64 epoch)
{
  for (GList * l = self->replies.tail; l; l = l->prev)
    if (((Reply *) l->data)->epoch == epoch)
      return l->data;
  return NULL;
}

static Reply *
find_or_add (ParleyPlayTimes * self, guint64 epoch)
{
  Reply *reply = find (self, epoch);

  if (reply)
    return reply;
  if (self->replies.length >= PARLEY_PLAY_TIMES_MAX)
    reply_free (g_queue_pop_head (&self->replies));
  reply = g_new0 (Reply, 1);
  reply->epoch = epoch;
  reply->sound = -1;
  g_queue_push_tail (&self->replies, reply);
  return reply;
}

ParleyTimeline *
parley_play_times_get (ParleyPlayTimes * times, guint64 epoch)
{
  Reply *reply = find (times, epoch);

  return reply ? reply->timeline : NULL;
}

/* Once both its timeline and its release are there. */
static void
stamp_release (Reply * reply)
{
  if (!reply->timeline || !reply->released)
    return;
  parley_timeline_stamp (reply->timeline, PARLEY_AT_RELEASED, reply->released);
  if (reply->outcome)
    parley_timeline_carry_over (reply->timeline, reply->outcome);
  g_clear_pointer (&reply->outcome, parley_timeline_unref);
}

void
parley_play_times_begin (ParleyPlayTimes * times, guint64 epoch,
    ParleyTimeline * timeline)
{
  Reply *reply;

  if (!epoch || !timeline)
    return;
  reply = find_or_add (times, epoch);
  if (reply->timeline || reply->length)
    return;
  reply->timeline = parley_timeline_ref (timeline);
  stamp_release (reply);
}

/* Where the first sound is becomes known when it comes, which may be after the
 * silence before it was sent. */
static void
stamp_sound (Reply * reply)
{
  gint64 sent = parley_timeline_get (reply->timeline, PARLEY_AT_SENT);

  if (sent && reply->sound >= 0)
    parley_timeline_stamp (reply->timeline, PARLEY_AT_SOUND,
        sent + reply->sound * US_PER_BYTE);
}

void
parley_play_times_audio (ParleyPlayTimes * times, guint64 epoch,
    const guint8 * mulaw, gsize len)
{
  Reply *reply = find (times, epoch);
  gssize loud;

  if (!reply || !reply->timeline)
    return;
  if (reply->sound < 0) {
    loud = parley_mulaw_first_loud (mulaw, len);
    if (loud >= 0)
      reply->sound = reply->length + loud;
    stamp_sound (reply);
  }
  reply->length += len;
}

void
parley_play_times_released (ParleyPlayTimes * times, guint64 epoch,
    ParleyTimeline * outcome, gint64 now)
{
  Reply *reply;

  if (!epoch)
    return;
  reply = find_or_add (times, epoch);
  if (reply->released)
    return;
  reply->released = now;
  reply->outcome = outcome ? parley_timeline_ref (outcome) : NULL;
  stamp_release (reply);
}

void
parley_play_times_ready (ParleyPlayTimes * times, guint64 epoch, gint64 now)
{
  parley_timeline_stamp (parley_play_times_get (times, epoch),
      PARLEY_AT_READY, now);
}

void
parley_play_times_sent (ParleyPlayTimes * times, guint64 epoch, gint64 now)
{
  Reply *reply = find (times, epoch);

  if (!reply || !reply->timeline)
    return;
  parley_timeline_stamp (reply->timeline, PARLEY_AT_SENT, now);
  stamp_sound (reply);
}

static ParleyTurnReport *
take_report (Reply * reply)
{
  ParleyTurnReport *report = parley_turn_report_new (reply->timeline,
      reply->epoch);

  g_clear_pointer (&reply->timeline, parley_timeline_unref);
  return report;
}

ParleyTurnReport *
parley_play_times_heard (ParleyPlayTimes * times, guint64 epoch, guint ms,
    gint64 at)
{
  Reply *reply = find (times, epoch);
  gint64 after;

  if (!reply || !reply->timeline || reply->sound < 0
      || (gint64) ms * BYTES_PER_MS <= reply->sound)
    return NULL;
  after = ((gint64) ms * BYTES_PER_MS - reply->sound) * US_PER_BYTE;
  parley_timeline_stamp (reply->timeline, PARLEY_AT_HEARD, at - after);
  return take_report (reply);
}

static gboolean
is_sent (const Reply * reply)
{
  return reply->timeline
      && parley_timeline_get (reply->timeline, PARLEY_AT_SENT);
}

ParleyTurnReport *
parley_play_times_over (ParleyPlayTimes * times, guint64 epoch)
{
  for (GList * l = times->replies.head; l; l = l->next) {
    Reply *reply = l->data;

    if ((!epoch || reply->epoch == epoch) && is_sent (reply))
      return take_report (reply);
  }
  return NULL;
}
