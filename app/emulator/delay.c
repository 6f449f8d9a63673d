/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/delay.h"

#include <math.h>

#define MAX_US (60 * G_TIME_SPAN_SECOND)

/* Box and Muller's way from two uniform numbers to a normal one. */
static gdouble
draw_normal (GRand * random)
{
  gdouble u = 1.0 - g_rand_double (random);     /* 0 has no logarithm */
  gdouble v = g_rand_double (random);

  return sqrt (-2.0 * log (u)) * cos (2.0 * G_PI * v);
}

gint64
parley_delay_draw (ParleyDelay * delay)
{
  if (delay->sigma <= 0.0)
    return delay->median;
  if (delay->random == NULL)
    delay->random = g_rand_new_with_seed (delay->seed);
  return MIN (delay->median * exp (delay->sigma
          * draw_normal (delay->random)), (gdouble) MAX_US);
}

void
parley_delay_clear (ParleyDelay * delay)
{
  g_clear_pointer (&delay->random, g_rand_free);
}
