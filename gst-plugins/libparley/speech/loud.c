/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/loud.h"

#include "speech/g711.h"

gssize
parley_mulaw_first_loud (const guint8 * mulaw, gsize len)
{
  for (gsize i = 0; i < len; i++)
    if (ABS (parley_mulaw_decode_sample (mulaw[i])) > PARLEY_LOUD)
      return i;
  return -1;
}

gssize
parley_mulaw_last_loud (const guint8 * mulaw, gsize len)
{
  for (gsize i = len; i > 0; i--)
    if (ABS (parley_mulaw_decode_sample (mulaw[i - 1])) > PARLEY_LOUD)
      return i - 1;
  return -1;
}

gssize
parley_pcm_first_loud (const gint16 * samples, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (ABS (samples[i]) > PARLEY_LOUD)
      return i;
  return -1;
}
