/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long a stage takes: always the same, or drawn from a lognormal
 * distribution, as the answers of real services are. One thread. */
typedef struct
{
  gint64 median;                /* µs */
  gdouble sigma;                /* of the logarithm; 0: always the median */
  guint32 seed;
  GRand *random;                /* owned; made by the first draw */
} ParleyDelay;

/* µs; at most a minute. */
gint64 parley_delay_draw (ParleyDelay * delay);
void parley_delay_clear (ParleyDelay * delay);

G_END_DECLS
