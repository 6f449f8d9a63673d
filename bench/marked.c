/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "marked.h"

#define SYNC 0xa53c

gboolean
marked_reader_push (MarkedReader * self, guint8 code)
{
  guint16 sound, block;

  self->bits = self->bits << 1 | (code & 1);
  sound = self->bits >> 32;
  block = self->bits >> 16;
  if (self->bits >> 48 != SYNC
      || (guint16) self->bits != (guint16) (sound * 40503u + block * 31153u))
    return FALSE;
  self->sound = sound;
  self->block = block;
  return TRUE;
}
