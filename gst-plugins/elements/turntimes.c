/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turntimes.h"

#include "net/clock.h"
#include "turn/timeline.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

void
turn_times_take (TurnTimes * times, GstBuffer * buffer, guint64 position)
{
  const ParleyTurnMeta *meta =
      buffer ? parley_buffer_get_turn_meta (buffer) : NULL;

  for (guint i = TURN_TIMES_PACKETS - 1; i > 0; i--)
    times->packets[i] = times->packets[i - 1];
  times->packets[0] = (PacketTimes) {
  .arrived = meta ? meta->arrived : 0,.read = meta ? meta->read : 0,.in =
        parley_clock_now (),.position = position};
}

gint64
turn_times_entered (const TurnTimes * times)
{
  return times->packets[0].in;
}

void
turn_times_voice (TurnTimes * times, guint64 end)
{
  guint i = 0;

  if (end == times->voice_end)
    return;
  while (i < TURN_TIMES_PACKETS - 1 && times->packets[i].position >= end
      && times->packets[i + 1].in != 0)
    i++;
  times->voice = times->packets[i];
  times->voice_end = end;
}

static gint64
arrival_of (const PacketTimes * packet)
{
  return packet->arrived ? packet->arrived : packet->in;
}

gint64
turn_times_arrived (const TurnTimes * times)
{
  return arrival_of (&times->packets[0]);
}

static void
add_timeline (const TurnTimes * times, GstEvent * event,
    GstClockTime speech_end)
{
  ParleyTimeline *timeline = parley_timeline_new ();
  guint turn, take;

  parley_event_parse_take (event, &turn, &take);
  parley_timeline_set_turn (timeline, turn, take, speech_end);
  parley_timeline_stamp (timeline, PARLEY_AT_SPEECH,
      arrival_of (&times->voice));
  parley_timeline_stamp (timeline, PARLEY_AT_QUIET,
      arrival_of (&times->packets[0]));
  parley_timeline_stamp (timeline, PARLEY_AT_READ, times->packets[0].read);
  parley_timeline_stamp (timeline, PARLEY_AT_VAD_IN, times->packets[0].in);
  parley_timeline_stamp (timeline, PARLEY_AT_VAD_OUT, parley_clock_now ());
  parley_event_set_timeline (event, timeline);
  parley_timeline_unref (timeline);
}

void
turn_times_tell (const TurnTimes * times, GstEvent * event,
    GstClockTime speech_end)
{
  gst_structure_set (gst_event_writable_structure (event),
      "arrived", G_TYPE_INT64, times->voice.arrived, NULL);
  if (parley_event_get_kind (event) == PARLEY_EVENT_SPEECH_END)
    add_timeline (times, event, speech_end);
}
