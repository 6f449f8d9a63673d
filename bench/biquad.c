/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "biquad.h"

#include <math.h>

#define RATE 8000.0

static void
set (Biquad * filter, gdouble b0, gdouble b1, gdouble b2, gdouble a0,
    gdouble a1, gdouble a2)
{
  *filter = (Biquad) {
    {
    b0 / a0, b1 / a0, b2 / a0}, {
    1.0, a1 / a0, a2 / a0}
  };
}

void
biquad_high_pass (Biquad * filter, gdouble hz, gdouble q)
{
  gdouble w = 2.0 * G_PI * hz / RATE, alpha = sin (w) / (2.0 * q);

  set (filter, (1.0 + cos (w)) / 2.0, -1.0 - cos (w), (1.0 + cos (w)) / 2.0,
      1.0 + alpha, -2.0 * cos (w), 1.0 - alpha);
}

void
biquad_peak (Biquad * filter, gdouble hz, gdouble q, gdouble gain)
{
  gdouble w = 2.0 * G_PI * hz / RATE, alpha = sin (w) / (2.0 * q);
  gdouble amplitude = pow (10.0, gain / 40.0);

  set (filter, 1.0 + alpha * amplitude, -2.0 * cos (w),
      1.0 - alpha * amplitude, 1.0 + alpha / amplitude, -2.0 * cos (w),
      1.0 - alpha / amplitude);
}

void
biquad_run (const Biquad * filter, gfloat * samples, gsize n)
{
  gdouble x1 = 0.0, x2 = 0.0, y1 = 0.0, y2 = 0.0;

  for (gsize i = 0; i < n; i++) {
    gdouble y = filter->b[0] * samples[i] + filter->b[1] * x1
        + filter->b[2] * x2 - filter->a[1] * y1 - filter->a[2] * y2;

    x2 = x1;
    x1 = samples[i];
    y2 = y1;
    y1 = y;
    samples[i] = (gfloat) y;
  }
}
