/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/playpassages.h"

ParleyPlayPassage *
parley_play_passages_nth (GArray * passages, guint n)
{
  return &g_array_index (passages, ParleyPlayPassage, n - 1);
}

static ParleyPlayPassage *
last (GArray * passages)
{
  return passages->len ? parley_play_passages_nth (passages, passages->len)
      : NULL;
}

void
parley_play_passages_open (GArray * passages, guint64 at)
{
  ParleyPlayPassage passage = { at, PARLEY_PLAY_OPEN };

  if (last (passages) && last (passages)->end >= at)
    last (passages)->end = PARLEY_PLAY_OPEN;
  else
    g_array_append_val (passages, passage);
}

void
parley_play_passages_close (GArray * passages, guint64 at)
{
  ParleyPlayPassage *passage = last (passages);

  if (!passage || passage->end != PARLEY_PLAY_OPEN)
    return;
  passage->end = at;
  if (passage->begin == at)
    g_array_set_size (passages, passages->len - 1);
}

gboolean
parley_play_passages_end_between (GArray * passages, guint64 after,
    guint64 until)
{
  for (guint n = passages->len; n > 0; n--) {
    guint64 end = parley_play_passages_nth (passages, n)->end;

    if (end > after && end <= until)
      return TRUE;
  }
  return FALSE;
}
