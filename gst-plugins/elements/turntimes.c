/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turntimes.h"

#include "net/clock.h"
#include "turn/timeline.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

void
turn_times_take (TurnTimes * times, GstBuffer * buffer)
{
  const ParleyTurnMeta *meta =
      buffer ? parley_buffer_get_turn_meta (buffer) : NULL;

  times->packet.arrived = meta ? meta->arrived : 0;
  times->packet.read = meta ? meta->read : 0;
  times->packet.in = parley_clock_now ();
}

void
turn_times_voice (TurnTimes * times, guint64 end)
{
  times->voice = times->packet;
  times->voice_end = end;
}

static gint64
arrival_of (const PacketTimes * packet)
{
  return packet->arrived ? packet->arrived : packet->in;
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
      arrival_of (&times->packet));
  parley_timeline_stamp (timeline, PARLEY_AT_READ, times->packet.read);
  parley_timeline_stamp (timeline, PARLEY_AT_VAD_IN, times->packet.in);
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
