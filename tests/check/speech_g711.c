/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "speech/g711.h"

/* Magnitudes where G.711 table 2 passes to the next interval, times four. In
 * the table's 14-bit units the first interval is 1 wide, the other fifteen of
 * the first segment 2, and each segment's intervals double the last one's. */
static gint boundaries[128];

static void
build_boundaries (void)
{
  gint value = -1, step = 2;

  for (gint n = 0; n < 128; n++) {
    boundaries[n] = MAX (value, 0) * 4;
    value += step;
    if (n % 16 == 15)
      step *= 2;
  }
}

/* The code's interval is how many boundaries the magnitude has reached. */
static guint8
reference_encode (gint sample)
{
  gint magnitude = abs (sample), n = 127;

  while (boundaries[n] > magnitude)
    n--;
  return (sample < 0 ? 0x7f : 0xff) - n;
}

/* The middle of the interval; the outermost one ends at 8159. */
static gint
reference_decode (guint8 code)
{
  gint n = 0x7f - (code & 0x7f);
  gint low = boundaries[n], high = n == 127 ? 8159 * 4 : boundaries[n + 1];
  gint middle = n == 0 ? 0 : (low + high) / 2;

  return code & 0x80 ? middle : -middle;
}

static void
test_boundaries (void)
{
  /* Corner values printed in the Recommendation's table 2a. */
  g_assert_cmpint (boundaries[1], ==, 1 * 4);
  g_assert_cmpint (boundaries[16], ==, 31 * 4);
  g_assert_cmpint (boundaries[32], ==, 95 * 4);
  g_assert_cmpint (boundaries[112], ==, 4063 * 4);
  g_assert_cmpint (boundaries[127], ==, 7903 * 4);
  g_assert_cmpint (reference_decode (0x80), ==, 8031 * 4);
}

static void
test_encode_all (void)
{
  for (gint sample = G_MININT16; sample <= G_MAXINT16; sample++)
    g_assert_cmphex (parley_mulaw_encode_sample (sample), ==,
        reference_encode (sample));
}

static void
test_decode_all (void)
{
  for (gint code = 0; code < 256; code++)
    g_assert_cmpint (parley_mulaw_decode_sample (code), ==,
        reference_decode (code));
}

static void
test_round_trip (void)
{
  for (gint code = 0; code < 256; code++) {
    guint8 again =
        parley_mulaw_encode_sample (parley_mulaw_decode_sample (code));

    g_assert_cmphex (again, ==, code == 0x7f ? PARLEY_MULAW_SILENCE : code);
  }
}

static void
test_silence (void)
{
  g_assert_cmphex (parley_mulaw_encode_sample (0), ==, PARLEY_MULAW_SILENCE);
  g_assert_cmpint (parley_mulaw_decode_sample (0xff), ==, 0);
  g_assert_cmpint (parley_mulaw_decode_sample (0x7f), ==, 0);
}

static void
test_clipping (void)
{
  g_assert_cmphex (parley_mulaw_encode_sample (32635), ==, 0x80);
  g_assert_cmphex (parley_mulaw_encode_sample (G_MAXINT16), ==, 0x80);
  g_assert_cmphex (parley_mulaw_encode_sample (G_MININT16), ==, 0x00);
}

/* Blocks of each length, so that whatever the loops unroll to is crossed. */
static void
test_blocks (void)
{
  gint16 samples[70], decoded[71];
  guint8 codes[71];

  for (guint n = 0; n <= 70; n++) {
    for (guint i = 0; i < n; i++)
      samples[i] = (gint16) (i * 7919 + n * 131);
    codes[n] = 0xaa;
    decoded[n] = 12345;
    parley_mulaw_encode (samples, codes, n);
    parley_mulaw_decode (codes, decoded, n);
    for (guint i = 0; i < n; i++) {
      g_assert_cmphex (codes[i], ==, reference_encode (samples[i]));
      g_assert_cmpint (decoded[i], ==, reference_decode (codes[i]));
    }
    g_assert_cmphex (codes[n], ==, 0xaa);
    g_assert_cmpint (decoded[n], ==, 12345);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  build_boundaries ();

  g_test_add_func ("/g711/reference-boundaries", test_boundaries);
  g_test_add_func ("/g711/encode-all-samples", test_encode_all);
  g_test_add_func ("/g711/decode-all-codes", test_decode_all);
  g_test_add_func ("/g711/round-trip", test_round_trip);
  g_test_add_func ("/g711/silence", test_silence);
  g_test_add_func ("/g711/clipping", test_clipping);
  g_test_add_func ("/g711/blocks-of-any-length", test_blocks);
  return g_test_run ();
}
