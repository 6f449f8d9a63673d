/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>
#include <glib.h>

G_BEGIN_DECLS

/* Logarithm and exponential without a call, so that loops over them are
 * vectorised. Good to four digits and more. */

/* Of a positive normal number: 2^n times what lies around 1, whose logarithm is
 * the series of atanh. */
static inline gfloat
parley_fast_log (gfloat x)
{
  gint32 bits, exponent;
  gfloat t, squared;

  memcpy (&bits, &x, sizeof (bits));
  exponent = (bits - 0x3f3504f3) >> 23;
  bits -= exponent * (1 << 23);
  memcpy (&x, &bits, sizeof (bits));
  t = (x - 1.0f) / (x + 1.0f);
  squared = t * t;
  return exponent * 0.69314718f + 2.0f * t * (1.0f + squared * (1.0f / 3.0f
          + squared * (1.0f / 5.0f + squared * (1.0f / 7.0f
                  + squared * (1.0f / 9.0f)))));
}

/* From -80 to 80: 2^n times the series of what is left. */
static inline gfloat
parley_fast_exp (gfloat x)
{
  gfloat scaled = x * 1.44269504f, rest, power;
  gint32 n = (gint32) (scaled + 127.5f) - 127, bits = (n + 127) * (1 << 23);

  memcpy (&power, &bits, sizeof (bits));
  rest = (scaled - n) * 0.69314718f;
  return power * (1.0f + rest * (1.0f + rest * (1.0f / 2.0f
              + rest * (1.0f / 6.0f + rest * (1.0f / 24.0f
                      + rest * (1.0f / 120.0f + rest * (1.0f / 720.0f)))))));
}

G_END_DECLS
