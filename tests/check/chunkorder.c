/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/chunkorder.h"

static void
push (ParleyChunkOrder * order, guint64 number)
{
  ParleyChunk chunk = { number, number * 20, 0, g_malloc0 (1), 1, FALSE };

  parley_chunk_order_push (order, &chunk);
}

/* Appends what comes out to @line: 5 for a chunk, !5 with a loss before it. */
static void
pop_all (ParleyChunkOrder * order, gboolean end, GString * line)
{
  ParleyChunk chunk;

  while (parley_chunk_order_pop (order, end, &chunk)) {
    g_assert_cmpuint (chunk.len, ==, 1);
    g_string_append_printf (line, "%s%s%" G_GUINT64_FORMAT,
        line->len ? " " : "", chunk.lost_before ? "!" : "", chunk.number);
    g_free (chunk.data);
  }
}

typedef struct
{
  const gchar *name;
  const gchar *in;              /* numbers */
  const gchar *out;             /* before the end | at the end */
  guint dropped;
} Case;

static const Case cases[] = {
  {"in-order", "1 2 3 4", "1 2 3 4|", 0},
  {"begins-anywhere", "7 8 9", "7 8 9|", 0},
  {"swapped", "1 3 2 4", "1 2 3 4|", 0},
  {"reversed-in-window", "1 4 3 2 5", "1 2 3 4 5|", 0},
  {"double", "1 2 2 3 3 3", "1 2 3|", 3},
  {"double-while-waiting", "1 3 3 2", "1 2 3|", 1},
  {"late", "5 6 4 7 5", "5 6 7|", 2},
  {"one-lost", "1 3 4 5 6 7", "1 !3 4 5 6 7|", 0},
  {"lost-then-late", "1 3 4 5 6 2 7", "1 !3 4 5 6 7|", 1},
  {"two-gaps", "1 3 5 7 9", "1 !3|!5 !7 !9", 0},
  {"lost-at-end", "1 2 4 5", "1 2|!4 5", 0},
  {"jump", "1 1000000 2 3 4", "1 2 3 4|!1000000", 0},
  {"unnumbered", "0 0 0", "1 2 3|", 0},
  {"numbers-then-none", "4 0 0 5", "4 5 6|", 1},
  {"nothing", "", "|", 0},
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  gchar **numbers = g_strsplit (c->in, " ", -1);
  GString *before = g_string_new (NULL);
  GString *after = g_string_new (NULL);
  ParleyChunkOrder order = { 0 };

  for (guint i = 0; numbers[i] && *numbers[i]; i++) {
    push (&order, g_ascii_strtoull (numbers[i], NULL, 10));
    pop_all (&order, FALSE, before);
  }
  pop_all (&order, TRUE, after);
  g_string_append_printf (before, "|%s", after->str);
  g_assert_cmpstr (before->str, ==, c->out);
  g_assert_cmpuint (order.dropped, ==, c->dropped);
  g_assert_cmpuint (order.n_waiting, ==, 0);
  parley_chunk_order_clear (&order);
  g_string_free (before, TRUE);
  g_string_free (after, TRUE);
  g_strfreev (numbers);
}

static void
test_clear (void)
{
  ParleyChunkOrder order = { 0 };
  GString *line = g_string_new (NULL);

  push (&order, 1);
  pop_all (&order, FALSE, line);
  push (&order, 3);
  push (&order, 4);
  parley_chunk_order_clear (&order);
  parley_chunk_order_clear (&order);
  push (&order, 1);
  pop_all (&order, FALSE, line);
  g_assert_cmpstr (line->str, ==, "1 1");
  parley_chunk_order_clear (&order);
  g_string_free (line, TRUE);
}

/* The highest number there is has no next one: it would wrap round. */
static void
test_highest_number (void)
{
  ParleyChunkOrder order = { 0 };
  GString *line = g_string_new (NULL);

  push (&order, G_MAXUINT64 - 1);
  push (&order, G_MAXUINT64);
  pop_all (&order, FALSE, line);
  push (&order, 5);
  push (&order, G_MAXUINT64);
  push (&order, 0);
  pop_all (&order, TRUE, line);
  g_assert_cmpstr (line->str, ==, "18446744073709551614");
  g_assert_cmpuint (order.dropped, ==, 4);
  parley_chunk_order_clear (&order);
  g_string_free (line, TRUE);
}

#define STREAM 60

/* A stream in which some chunks are lost, some doubled and some delayed. */
static guint
disturb (GRand * rand, guint64 * numbers)
{
  guint n = 0;

  for (guint64 i = 1; i <= STREAM; i++) {
    guint copies = g_rand_int_range (rand, 0, 10);

    copies = copies == 0 ? 0 : copies == 1 ? 2 : 1;
    while (copies--)
      numbers[n++] = i;
  }
  for (guint i = 0; i < n; i++) {
    guint other = i + g_rand_int_range (rand, 0, 6);
    guint64 kept = numbers[i];

    other = MIN (other, n - 1);
    numbers[i] = numbers[other];
    numbers[other] = kept;
  }
  return n;
}

static void
check_stream (GRand * rand)
{
  guint64 numbers[2 * STREAM], last = 0;
  gboolean seen[STREAM + 1] = { FALSE };
  guint n = disturb (rand, numbers), came = 0;
  ParleyChunkOrder order = { 0 };
  ParleyChunk chunk;

  for (guint i = 0; i <= n; i++) {
    if (i < n) {
      push (&order, numbers[i]);
      seen[numbers[i]] = TRUE;
    }
    while (parley_chunk_order_pop (&order, i == n, &chunk)) {
      g_assert_cmpuint (chunk.number, >, last);
      g_assert_true (seen[chunk.number]);
      g_assert_true (last == 0
          || chunk.lost_before == (chunk.number != last + 1));
      last = chunk.number;
      came++;
      g_free (chunk.data);
    }
    /* What waits is bounded, and only because something before it lacks. */
    g_assert_cmpuint (order.n_waiting, <=, PARLEY_CHUNK_WINDOW);
    g_assert_true (order.n_waiting == 0
        || order.waiting[0].number > order.next);
  }
  g_assert_cmpuint (order.n_waiting, ==, 0);
  g_assert_cmpuint (came + order.dropped, ==, n);
  parley_chunk_order_clear (&order);
}

static void
test_random (void)
{
  GRand *rand = g_rand_new_with_seed (8000);

  for (guint i = 0; i < 5000; i++)
    check_stream (rand);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gchar *path = g_strconcat ("/chunkorder/", cases[i].name, NULL);
    g_test_add_data_func (path, &cases[i], test_case);
    g_free (path);
  }
  g_test_add_func ("/chunkorder/clear", test_clear);
  g_test_add_func ("/chunkorder/highest-number", test_highest_number);
  g_test_add_func ("/chunkorder/random", test_random);
  return g_test_run ();
}
