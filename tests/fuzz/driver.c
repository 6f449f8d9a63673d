/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <string.h>

/* Damages the seeds for a while. The same inputs come in the same order each
 * time; FUZZ_SEED=N takes others, FUZZ_SECONDS=N goes on longer. */

#define MAX_SIZE 4096

static guint64
setting (const gchar * name, guint64 otherwise)
{
  const gchar *value = g_getenv (name);

  return value != NULL ? g_ascii_strtoull (value, NULL, 10) : otherwise;
}

/* A piece of @from, which may be @out's own text, goes into @out. */
static void
splice (GRand * rand, GString * out, const gchar * from, gsize from_len)
{
  gsize begin = g_rand_int_range (rand, 0, from_len);
  gsize len = g_rand_int_range (rand, 0, MIN (from_len - begin, 64) + 1);
  g_autofree gchar *piece = g_strndup (from + begin, len);

  g_string_insert_len (out, g_rand_int_range (rand, 0, out->len + 1), piece,
      len);
}

static void
damage (GRand * rand, GString * out, const gchar * other)
{
  static const gchar meaning[] = "\"\\{}[]:,0123456789+-=/&%.eEunt \n\r";
  gsize at = out->len > 0 ? g_rand_int_range (rand, 0, out->len) : 0;
  gsize len;

  switch (g_rand_int_range (rand, 0, 6)) {
    case 0:
      g_string_insert_c (out, at,
          meaning[g_rand_int_range (rand, 0, sizeof meaning - 1)]);
      break;
    case 1:
      g_string_insert_c (out, at, g_rand_int_range (rand, 0, 256));
      break;
    case 2:
      if (out->len > 0)
        out->str[at] ^= 1 << g_rand_int_range (rand, 0, 8);
      break;
    case 3:
      len = g_rand_int_range (rand, 0, 16);
      g_string_erase (out, at, MIN (out->len - at, len));
      break;
    case 4:
      if (out->len > 0)
        splice (rand, out, out->str, out->len);
      break;
    default:
      splice (rand, out, other, strlen (other));
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (setting ("FUZZ_SEED", 1));
  gint64 end = g_get_monotonic_time ()
      + setting ("FUZZ_SECONDS", 2) * G_USEC_PER_SEC;
  guint n_seeds = 0, runs = 0;

  while (fuzz_seeds[n_seeds] != NULL)
    n_seeds++;
  g_print ("1..1\n");
  for (; g_get_monotonic_time () < end; runs++) {
    guint n = g_rand_int_range (rand, 0, 9);
    g_autoptr (GString) input =
        g_string_new (fuzz_seeds[g_rand_int_range (rand, 0, n_seeds)]);
    g_autofree guint8 *exact = NULL;

    while (n-- > 0)
      damage (rand, input, fuzz_seeds[g_rand_int_range (rand, 0, n_seeds)]);
    g_string_truncate (input, MIN (input->len, MAX_SIZE));
    /* A block of just this size, so that a sanitizer sees a read past it. */
    exact = g_memdup2 (input->str, MAX (input->len, 1));
    LLVMFuzzerTestOneInput (exact, input->len);
  }
  g_print ("ok 1 %s # %u inputs\n", argv[0], runs);
  return 0;
}
