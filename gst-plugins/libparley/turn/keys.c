/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/keys.h"

#define END_KEY '#'

void
parley_keys_clear (ParleyKeys * self)
{
  if (self->text)
    g_string_free (g_steal_pointer (&self->text), TRUE);
  self->turn = 0;
}

gboolean
parley_keys_press (ParleyKeys * self, guint turn, gchar key, gint64 now)
{
  gboolean first = !self->text;

  if (first) {
    self->text = g_string_new (NULL);
    self->turn = turn;
  }
  self->due = now + self->timeout;
  /* Alone it is a key as any other. */
  if (key != END_KEY || first)
    g_string_append_c (self->text, key);
  return key == END_KEY || self->text->len == self->length;
}

gchar *
parley_keys_take (ParleyKeys * self, guint * turn)
{
  *turn = self->turn;
  self->turn = 0;
  return self->text ? g_string_free (g_steal_pointer (&self->text), FALSE)
      : NULL;
}
