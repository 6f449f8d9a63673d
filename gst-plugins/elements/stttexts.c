/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stttexts.h"

#include "net/clock.h"
#include "turn/turnevents.h"
#include "turn/turnmeta.h"

void
stt_texts_post (GstProviderElement * element, guint turn, guint take,
    const gchar * text, gboolean final, gdouble confidence)
{
  gst_element_post_message (GST_ELEMENT (element),
      gst_message_new_element (GST_OBJECT (element),
          stt_turn_new_message (turn, take, text, final, confidence)));
}

void
stt_texts_tell_upstream (GstProviderElement * element, guint turn, guint take,
    const gchar * text, gboolean final)
{
  GstEvent *event = parley_event_new_partial (turn, take, text);

  if (final)
    parley_event_set_final (event);
  gst_loop_element_push_upstream_in_loop (GST_LOOP_ELEMENT (element), event);
}

void
stt_texts_stamp_recognised (GstProviderElement * element,
    ParleyTimeline * timeline, gpointer provider, gint64 time)
{
  parley_timeline_stamp (timeline, PARLEY_AT_STT_FINAL, time);
  parley_timeline_set_provider (timeline, PARLEY_AT_STT_FINAL,
      gst_provider_element_get_name_in_loop (element, provider));
}

/* Text leaves for llmchat. @ended: when the turn was known to be over; 0: not
 * yet. */
static void
stamp_out (GstProviderElement * element, ParleyTimeline * timeline,
    gint64 ended)
{
  if (ended)
    parley_timeline_stamp (timeline, PARLEY_AT_TURN_END, ended);
  parley_timeline_stamp (timeline, PARLEY_AT_STT_OUT, parley_clock_now ());
  gst_loop_element_post_waits_in_loop (GST_LOOP_ELEMENT (element), timeline, 0,
      PARLEY_AT_STT_TAKEN, PARLEY_AT_STT_OUT);
}

/* What follows a guess goes a way of its own. */
void
stt_texts_push_guess (GstProviderElement * element, SttTurn * turn, guint take,
    const gchar * text, gpointer provider)
{
  GstEvent *event = parley_event_new_turn_guess (turn->turn, take, text);

  if (turn->timeline) {
    ParleyTimeline *timeline = parley_timeline_copy (turn->timeline);

    if (provider)
      stt_texts_stamp_recognised (element, timeline, provider,
          parley_clock_now ());
    parley_timeline_set_speculated (timeline);
    stamp_out (element, timeline, 0);
    parley_event_set_timeline (event, timeline);
    parley_timeline_unref (timeline);
  }
  gst_loop_element_push_event_in_loop (GST_LOOP_ELEMENT (element), event);
}

void
stt_texts_push_final (GstProviderElement * element, SttTurn * turn,
    gboolean newline)
{
  GstBuffer *buffer;

  if (newline)
    g_string_append_c (turn->text, '\n');
  buffer = stt_turn_make_buffer (turn);
  stamp_out (element, turn->timeline, turn->ended);
  parley_timeline_set_provider (turn->timeline, PARLEY_AT_TURN_END,
      turn->ended_by);
  parley_timeline_set_reason (turn->timeline, turn->reason);
  parley_buffer_set_timeline (buffer, turn->timeline);
  gst_loop_element_push_in_loop (GST_LOOP_ELEMENT (element), buffer);
}
