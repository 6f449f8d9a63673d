/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/earlytext.h"

#define TAKES 8
#define LEAST_TAKES 3
#define MOST_WRONG 1

void
parley_early_text_judge (ParleyEarlyText * self, gboolean right)
{
  self->right = self->right << 1 | (right != FALSE);
  self->n_judged = MIN (self->n_judged + 1, TAKES);
}

gboolean
parley_early_text_is_trusted (const ParleyEarlyText * self)
{
  guint n_right = 0;

  for (guint i = 0; i < self->n_judged; i++)
    n_right += self->right >> i & 1;
  return self->n_judged >= LEAST_TAKES
      && n_right + MOST_WRONG >= self->n_judged && n_right >= LEAST_TAKES;
}
