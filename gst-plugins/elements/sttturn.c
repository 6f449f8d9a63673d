/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sttturn.h"

#include <string.h>

#include "net/clock.h"
#include "net/loop.h"
#include "turn/turnmeta.h"

/* Audio of earlier takes that is recognised again with the next: half a minute
 * of mu-law and more. */
#define MAX_AGAIN (256 * 1024)
/* How many times the length of a turn from a file its recognition may take. */
#define OFFLINE_PATIENCE 10

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
  g_free (turn->partial);
  g_free (turn->early);
  g_free (turn->failure);
  g_free (turn);
}

SttTurn *
stt_turns_find (GQueue * turns, guint number)
{
  for (GList * l = turns->head; l; l = l->next)
    if (((SttTurn *) l->data)->turn == number)
      return l->data;
  return NULL;
}

guint
stt_turns_count_unanswered (GQueue * turns)
{
  guint n = 0;

  for (GList * l = turns->head; l; l = l->next)
    n += ((SttTurn *) l->data)->got < ((SttTurn *) l->data)->finished;
  return n;
}

gboolean
stt_turn_is_over (const SttTurn * turn)
{
  return turn->end && turn->got >= turn->end;
}

gchar *
stt_turn_join (SttTurn * turn, const gchar * text)
{
  gsize kept = turn->whole ? turn->fixed : turn->text->len;

  return g_strdup_printf ("%.*s%s%s", (gint) kept, turn->text->str,
      kept && *text ? " " : "", text);
}

void
stt_turn_note_partial (SttTurn * turn, guint take, gchar * text)
{
  g_free (turn->partial);
  turn->partial = text;
  turn->partial_take = take;
}

const gchar *
stt_turn_get_early (SttTurn * turn)
{
  if (turn->partial_take != turn->finished
      || turn->early_take == turn->finished || turn->got >= turn->finished
      || (turn->got + 1 < turn->finished && !turn->whole)
      || *turn->partial == '\0')
    return NULL;
  turn->early_take = turn->finished;
  g_free (turn->early);
  turn->early = g_strdup (turn->partial);
  return turn->early;
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
stt_turn_copy_audio (GstBuffer * buffer)
{
  gpointer data;
  gsize size;

  gst_buffer_extract_dup (buffer, 0, -1, &data, &size);
  return g_bytes_new_take (data, size);
}

GBytes *
stt_turn_take_buffer (SttTurn * turn, GstBuffer * buffer)
{
  GBytes *bytes = stt_turn_copy_audio (buffer);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  note_time (turn, buffer);
  if (turn->again)
    g_byte_array_append (turn->audio, data, size);
  return bytes;
}

gboolean
stt_turn_correct (SttTurn * turn, const gchar * text)
{
  gboolean is_answered = turn->got && turn->got >= turn->sent_take
      && turn->resumed < turn->got;
  gchar *whole;

  if (!is_answered)
    return FALSE;
  whole = stt_turn_join (turn, text);
  if (strcmp (whole, turn->text->str) == 0) {
    g_free (whole);
    return FALSE;
  }
  g_string_assign (turn->text, whole);
  g_free (whole);
  return TRUE;
}

GstBuffer *
stt_turn_make_buffer (SttTurn * turn)
{
  GstBuffer *buffer = gst_buffer_new_memdup (turn->text->str, turn->text->len);
  ParleyTurnMeta *meta = parley_buffer_add_turn_meta (buffer);

  meta->turn = turn->turn;
  meta->take = turn->end;
  meta->arrived = turn->arrived;
  GST_BUFFER_PTS (buffer) = turn->pts;
  GST_BUFFER_DURATION (buffer) = turn->duration;
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  return buffer;
}

GstStructure *
stt_turn_new_message (guint turn, guint take, const gchar * text,
    gboolean final, gdouble confidence)
{
  GstStructure *structure = gst_structure_new ("cloudstt",
      "turn", G_TYPE_UINT, turn, "take", G_TYPE_UINT, take,
      "text", G_TYPE_STRING, text, "final", G_TYPE_BOOLEAN, final, NULL);

  if (final)
    gst_structure_set (structure, "confidence", G_TYPE_DOUBLE, confidence,
        NULL);
  return structure;
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

void
stt_turn_end (SttTurn * turn, guint take, const gchar * by)
{
  turn->end = take;
  if (by)
    turn->ended_by = g_intern_string (by);
  if (!turn->ended)
    turn->ended = parley_clock_now ();
}

gint64
stt_turn_get_extra_time (SttTurn * turn, gboolean live)
{
  gint64 duration = GST_TIME_AS_USECONDS (turn->duration);

  if (!live)
    return OFFLINE_PATIENCE * duration;
  return turn->again ? duration : 0;
}
