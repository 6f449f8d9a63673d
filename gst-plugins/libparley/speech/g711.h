/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * G.711 mu-law, ITU-T Recommendation G.711 (11/88), tables 2a and 2b.
 *
 * Linear samples are 16-bit: the Recommendation's 14-bit values times four.
 * A magnitude that lies exactly on a decision value belongs to the upper
 * interval for both signs, and magnitudes from 32636 on are clipped to the
 * outermost interval.
 *
 * Both 0xFF (+0) and 0x7F (-0) decode to 0, and 0 encodes as 0xFF. For each
 * of the other 254 codes encode (decode (code)) == code.
 *
 * All functions are pure and may be called from any thread.
 */

/* The code of digital silence. */
#define PARLEY_MULAW_SILENCE 0xff

/* Largest magnitude that is not clipped, and what is added to a magnitude to
 * make the eight segments start at powers of two. */
#define PARLEY_MULAW_CLIP 32635
#define PARLEY_MULAW_BIAS 0x84

/* A float seen as its sign, exponent and mantissa. */
typedef union
{
  gfloat value;
  guint32 bits;
} ParleyMulawFloat;

/*
 * Biased magnitudes run from 2^7 + 4 to 2^15 - 1, so as a float the exponent
 * is the segment and the top four mantissa bits are the interval in it. Both
 * conversions are exact, have no branch and no table, and vectorise.
 */
static inline guint8
parley_mulaw_encode_sample (gint16 sample)
{
  ParleyMulawFloat biased;
  gint magnitude = sample < 0 ? -(gint) sample : sample;
  guint32 sign = ((guint32) sample >> 8) & 0x80;

  magnitude = MIN (magnitude, PARLEY_MULAW_CLIP);
  biased.value = (gfloat) (magnitude + PARLEY_MULAW_BIAS);
  return (guint8) ~(sign | ((biased.bits >> 19) - ((127 + 7) << 4)));
}

/* The middle of the interval is the mantissa bit below the interval's four. */
static inline gint16
parley_mulaw_decode_sample (guint8 code)
{
  ParleyMulawFloat biased;
  guint32 inverted = (guint32) code ^ 0xff;
  gint magnitude, sign = -(gint) (inverted >> 7);

  biased.bits = ((127 + 7) << 23) + ((inverted & 0x7f) << 19) + (1 << 18);
  magnitude = (gint) biased.value - PARLEY_MULAW_BIAS;
  return (gint16) ((magnitude ^ sign) - sign);
}

/* Decodes n codes. out has room for n samples and does not overlap in. */
void parley_mulaw_decode (const guint8 *in, gint16 *out, gsize n);

/* Encodes n samples. out has room for n codes and does not overlap in. */
void parley_mulaw_encode (const gint16 *in, guint8 *out, gsize n);

G_END_DECLS
