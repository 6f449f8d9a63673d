/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sttturn.h"

#include "net/clock.h"
#include "net/loop.h"
#include "turn/turnmeta.h"

/* Audio of earlier takes that is recognised again with the next: half a minute
 * of mu-law and more. */
#define MAX_AGAIN (256 * 1024)

SttTurn *
stt_turn_new (guint number, gpointer owner)
{
  SttTurn *turn = g_new0 (SttTurn, 1);

  turn->turn = number;
  turn->text = g_string_new (NULL);
  turn->audio = g_byte_array_new ();
  turn->pts = GST_CLOCK_TIME_NONE;
  turn->owner = owner;
  return turn;
}

void
stt_turn_free (gpointer data)
{
  SttTurn *turn = data;

  parley_timer_clear (&turn->timer);
  g_clear_pointer (&turn->timeline, parley_timeline_unref);
  g_string_free (turn->text, TRUE);
  g_byte_array_unref (turn->audio);
  g_free (turn->failure);
  g_free (turn);
}

gchar *
stt_turn_join (SttTurn * turn, const gchar * text)
{
  gsize kept = turn->whole ? turn->fixed : turn->text->len;

  return g_strdup_printf ("%.*s%s%s", (gint) kept, turn->text->str,
      kept && *text ? " " : "", text);
}

static void
note_time (SttTurn * turn, GstBuffer * buffer)
{
  const ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);

  if (!GST_CLOCK_TIME_IS_VALID (turn->pts))
    turn->pts = GST_BUFFER_PTS (buffer);
  if (GST_BUFFER_PTS_IS_VALID (buffer) && GST_BUFFER_DURATION_IS_VALID (buffer)
      && GST_CLOCK_TIME_IS_VALID (turn->pts)
      && GST_BUFFER_PTS (buffer) >= turn->pts)
    turn->duration = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer)
        - turn->pts;
  if (meta && meta->arrived)
    turn->arrived = meta->arrived;
}

GBytes *
stt_turn_take_buffer (SttTurn * turn, GstBuffer * buffer)
{
  gpointer data;
  gsize size;

  note_time (turn, buffer);
  gst_buffer_extract_dup (buffer, 0, -1, &data, &size);
  if (turn->whole)
    g_byte_array_append (turn->audio, data, size);
  return g_bytes_new_take (data, size);
}

GBytes *
stt_turn_get_audio_before (SttTurn * turn)
{
  if (turn->audio->len > MAX_AGAIN && turn->got) {
    g_byte_array_set_size (turn->audio, 0);
    turn->fixed = turn->text->len;
  }
  return turn->audio->len
      ? g_bytes_new (turn->audio->data, turn->audio->len) : NULL;
}
