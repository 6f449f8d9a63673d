/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "speech/g711.h"

void
parley_mulaw_decode (const guint8 * restrict in, gint16 * restrict out, gsize n)
{
  for (gsize i = 0; i < n; i++)
    out[i] = parley_mulaw_decode_sample (in[i]);
}

void
parley_mulaw_encode (const gint16 * restrict in, guint8 * restrict out, gsize n)
{
  for (gsize i = 0; i < n; i++)
    out[i] = parley_mulaw_encode_sample (in[i]);
}
