/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Filters of second order, after R. Bristow-Johnson's Audio EQ Cookbook, at a
 * rate of 8 kHz. */
typedef struct
{
  gdouble b[3];
  gdouble a[3];                 /* a[0] is 1 */
} Biquad;

void biquad_high_pass (Biquad *filter, gdouble hz, gdouble q);

/* Louder by gain dB around a frequency. */
void biquad_peak (Biquad *filter, gdouble hz, gdouble q, gdouble gain);

/* In place, from silence. */
void biquad_run (const Biquad *filter, gfloat *samples, gsize n);
