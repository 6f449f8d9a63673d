/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/stt/deepgramsaid.h"

ParleyDeepgramSaid *
parley_deepgram_said_new (guint turn, guint64 begin)
{
  ParleyDeepgramSaid *said = g_rc_box_new0 (ParleyDeepgramSaid);

  said->turn = turn;
  said->begin = begin;
  said->finals = g_string_new (NULL);
  return said;
}

ParleyDeepgramSaid *
parley_deepgram_said_ref (ParleyDeepgramSaid * said)
{
  return g_rc_box_acquire (said);
}

static void
clear (gpointer data)
{
  ParleyDeepgramSaid *said = data;

  g_string_free (said->finals, TRUE);
  g_free (said->interim);
  g_free (said->answered);
}

void
parley_deepgram_said_unref (ParleyDeepgramSaid * said)
{
  g_rc_box_release_full (said, clear);
}

gboolean
parley_deepgram_said_has_text (const ParleyDeepgramSaid * said)
{
  return said->finals->len || (said->interim && *said->interim);
}

gchar *
parley_deepgram_said_dup_text (const ParleyDeepgramSaid * said)
{
  gboolean more = said->interim && *said->interim;

  return g_strconcat (said->finals->str, more && said->finals->len ? " " : "",
      more ? said->interim : NULL, NULL);
}

gdouble
parley_deepgram_said_get_confidence (const ParleyDeepgramSaid * said)
{
  return said->n_finals ? said->confidence / said->n_finals : 0;
}

void
parley_deepgram_said_take_text (ParleyDeepgramSaid * said,
    ParleyDeepgramMessage * message)
{
  g_clear_pointer (&said->interim, g_free);
  if (*message->text)
    said->ended = FALSE;
  if (!message->is_final) {
    said->interim = g_steal_pointer (&message->text);
    return;
  }
  if (*message->text) {
    if (said->finals->len)
      g_string_append_c (said->finals, ' ');
    g_string_append (said->finals, message->text);
    said->confidence += message->confidence;
    said->n_finals++;
  }
}

void
parley_deepgram_said_note_answered (ParleyDeepgramSaid * said)
{
  g_free (said->answered);
  said->answered = parley_deepgram_said_dup_text (said);
  said->n_answered = said->n_finals;
}

void
parley_deepgram_said_forget_interim (ParleyDeepgramSaid * said)
{
  g_clear_pointer (&said->interim, g_free);
  if (said->answered && said->n_answered == said->n_finals)
    g_string_assign (said->finals, said->answered);
  g_clear_pointer (&said->answered, g_free);
}
