/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Random histories of a play queue, beside a far end that plays and an account
 * of what is allowed. The byte at a position tells the epoch and the place, so
 * that order and repetition show. */

#include "turn/playqueue.h"

#include <stdio.h>
#include <string.h>

#define LEAD (120 * G_TIME_SPAN_MILLISECOND)

#define N_EPOCHS 8

typedef struct
{
  gchar mark[PARLEY_PLAY_MARK_SIZE];    /* empty: a frame */
  guint64 position;             /* of the mark, to the byte */
} Item;

typedef struct
{
  ParleyPlayQueue *queue;
  gint64 now;
  GQueue far;                   /* of Item, in the far end's buffer */
  GQueue echoes;                /* of Item, on their way back */
  guint64 length[N_EPOCHS];     /* appended */
  guint64 next[N_EPOCHS];       /* position that must be sent next */
  guint64 heard[N_EPOCHS];
  gboolean released[N_EPOCHS], paused[N_EPOCHS], ended[N_EPOCHS];
  gboolean done[N_EPOCHS];
  GByteArray *kept[N_EPOCHS];   /* which bytes cannot be interrupted */
  gboolean open[N_EPOCHS];      /* what is appended cannot */
  gboolean stands[N_EPOCHS];    /* a pause does */
  gboolean taken_back;          /* one that stood is */
  gboolean asked[N_EPOCHS];     /* to pause, and not answered yet */
  guint last_void;
  guint clears;
} World;

static guint8
content (guint epoch, guint64 position)
{
  return epoch << 4 | (position / 8 % 15);
}

static void
world_append (World * w, guint epoch)
{
  guint8 data[3000];
  guint len = g_test_rand_int_range (1, sizeof data);

  if (w->ended[epoch])
    return;
  for (guint i = 0; i < len; i++)
    data[i] = content (epoch, w->length[epoch] + i);
  if (parley_play_queue_append (w->queue, w->now, epoch,
          g_test_rand_int_range (0, 3), data, len)) {
    w->length[epoch] += len;
    memset (data, w->open[epoch], len);
    g_byte_array_append (w->kept[epoch], data, len);
  } else
    g_assert_cmpuint (epoch, <=, w->last_void);
}

/* Whether what cannot be interrupted comes behind @from, or may still come. */
static gboolean
is_kept_behind (World * w, guint epoch, guint64 from)
{
  for (guint64 i = from; i < w->length[epoch]; i++)
    if (w->kept[epoch]->data[i])
      return TRUE;
  return w->open[epoch];
}

static void
world_heard (World * w, const ParleyHeard * h)
{
  guint e = h->epoch;

  if (h->deferred) {
    g_assert_true (is_kept_behind (w, e, w->heard[e]));
    g_assert_true (w->asked[e]);
    w->stands[e] = TRUE;
    w->paused[e] = FALSE;
  } else if (h->answer) {
    g_assert_true (w->asked[e]);
    w->asked[e] = FALSE;
    w->paused[e] |= w->stands[e];
    w->stands[e] = FALSE;
    g_assert_true (w->paused[e] || w->taken_back || w->done[e]
        || e <= w->last_void);
  } else {
    g_assert_false (w->paused[e]);
    g_assert_cmpuint (e, >, w->last_void);
  }
  g_assert_cmpuint (h->ms, ==, w->heard[e] / 8);
  if (h->done) {
    g_assert_true (w->ended[e]);
    g_assert_cmpuint (w->heard[e], ==, w->length[e]);
    w->done[e] = TRUE;
  }
}

static void
world_mark (World * w, const ParleyPlayAction * action)
{
  Item *item = g_new0 (Item, 1);
  guint64 epoch, sequence, ms, clears;

  g_strlcpy (item->mark, action->mark, sizeof item->mark);
  g_assert_cmpint (sscanf (item->mark, "e%" G_GUINT64_FORMAT ":%"
          G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
          &epoch, &sequence, &ms, &clears), ==, 4);
  g_assert_cmpuint (clears, ==, w->clears);
  g_assert_cmpuint (ms, ==, w->next[epoch] / 8);
  item->position = w->next[epoch];
  g_queue_push_tail (&w->far, item);
}

/* All marks come back at once, to be ignored. */
static void
world_clear (World * w)
{
  Item *item;

  w->clears++;
  while ((item = g_queue_pop_head (&w->far))) {
    if (*item->mark)
      g_queue_push_tail (&w->echoes, item);
    else
      g_free (item);
  }
  for (guint e = 0; e < N_EPOCHS; e++)
    w->next[e] = w->heard[e];
}

/* A frame ends with the passage that a pause waits for. */
static guint
cut_at_border (World * w, guint epoch, const guint8 * frame, guint n)
{
  const guint8 *kept = w->kept[epoch]->data + w->next[epoch];
  guint sent = 0;

  while (sent < n && frame[sent] != 0xff)
    sent++;
  g_assert_true (sent == n || (sent > 0 && kept[sent - 1] && !kept[sent]));
  return sent;
}

static void
world_frame (World * w, const guint8 * frame)
{
  guint epoch = frame[0] >> 4;
  guint n = MIN (PARLEY_PLAY_FRAME, w->length[epoch] - w->next[epoch]);

  g_assert_cmpuint (epoch, <, N_EPOCHS);
  g_assert_true (w->released[epoch] && !w->paused[epoch]);
  if (w->stands[epoch])
    n = cut_at_border (w, epoch, frame, n);
  if (w->stands[epoch])
    g_assert_true (is_kept_behind (w, epoch, w->next[epoch] + n - 1));
  g_assert_cmpuint (epoch, >, w->last_void);
  g_assert_cmpuint (n, >, 0);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (frame[i], ==, content (epoch, w->next[epoch] + i));
  for (guint i = n; i < PARLEY_PLAY_FRAME; i++)
    g_assert_cmpuint (frame[i], ==, 0xff);
  w->next[epoch] += n;
  g_queue_push_tail (&w->far, g_new0 (Item, 1));
}

static void
world_drive (World * w)
{
  ParleyPlayQueue *queue = w->queue;
  guint8 frame[PARLEY_PLAY_FRAME];
  ParleyPlayAction action;

  parley_play_queue_advance (queue, w->now);
  do {
    while (parley_play_queue_pop (queue, &action)) {
      if (action.kind == PARLEY_PLAY_CLEAR)
        world_clear (w);
      else if (action.kind == PARLEY_PLAY_MARK)
        world_mark (w, &action);
      else if (action.kind == PARLEY_PLAY_HEARD)
        world_heard (w, &action.heard);
    }
    if (!parley_play_queue_take_frame (queue, w->now, LEAD, frame))
      break;
    world_frame (w, frame);
  } while (TRUE);
}

/* One frame is played; marks behind it set off. */
static void
world_play (World * w)
{
  gboolean frame = FALSE;
  Item *item;

  while ((item = g_queue_peek_head (&w->far)) && (*item->mark || !frame)) {
    g_queue_pop_head (&w->far);
    if (*item->mark) {
      g_queue_push_tail (&w->echoes, item);
    } else {
      frame = TRUE;
      g_free (item);
    }
  }
}

static void
world_echo (World * w)
{
  Item *item = g_queue_pop_head (&w->echoes);
  guint epoch, sequence, ms, clears;

  if (!item)
    return;
  sscanf (item->mark, "e%u:%u:%u:%u", &epoch, &sequence, &ms, &clears);
  if (parley_play_queue_echo (w->queue, item->mark)) {
    g_assert_cmpuint (clears, ==, w->clears);
    g_assert_cmpuint (epoch, >, w->last_void);
    g_assert_cmpuint (item->position, >, w->heard[epoch]);
    w->heard[epoch] = item->position;
  }
  g_free (item);
}

/* While one stands another may come: both have one answer. */
static void
world_pause (World * w, guint epoch)
{
  gboolean at_once = g_test_rand_int_range (0, 4) == 0;

  if (!w->done[epoch])
    w->paused[epoch] = TRUE;
  w->asked[epoch] = TRUE;
  parley_play_queue_pause (w->queue, w->now, epoch, at_once);
}

static void
world_unpause (World * w, guint epoch)
{
  w->taken_back = w->stands[epoch];
  w->stands[epoch] = w->paused[epoch] = FALSE;
  parley_play_queue_unpause (w->queue, epoch);
  world_drive (w);
  w->taken_back = FALSE;
}

static void
world_passage (World * w, guint epoch)
{
  w->open[epoch] = !w->open[epoch];
  parley_play_queue_passage (w->queue, epoch, w->open[epoch]);
}

static void
world_step (World * w)
{
  guint epoch = g_test_rand_int_range (w->last_void + 1, N_EPOCHS);
  ParleyPlayQueue *queue = w->queue;

  switch (g_test_rand_int_range (0, 24)) {
    case 0:
      parley_play_queue_release (queue, epoch);
      w->released[epoch] = TRUE;
      break;
    case 1:
      world_pause (w, epoch);
      break;
    case 2:
    case 3:
      world_unpause (w, epoch);
      break;
    case 4:
      if (epoch > w->last_void + 1 || g_test_rand_int_range (0, 8)
          || epoch == N_EPOCHS - 1)
        break;
      parley_play_queue_interrupt (queue, epoch);
      w->last_void = epoch;
      break;
    case 5:
      parley_play_queue_reply_end (queue, epoch);
      w->ended[epoch] = TRUE;
      break;
    case 6:
    case 7:
    case 8:
      world_append (w, epoch);
      break;
    case 9:
    case 10:
    case 11:
      world_echo (w);
      break;
    case 12:
      world_passage (w, epoch);
      break;
    default:
      w->now += PARLEY_PLAY_FRAME_US;
      world_play (w);
      break;
  }
  world_drive (w);
}

/* Whatever happened, everything that may be heard is heard in the end. */
static void
world_finish (World * w)
{
  for (guint e = w->last_void + 1; e < N_EPOCHS; e++) {
    parley_play_queue_release (w->queue, e);
    w->released[e] = TRUE;
    world_unpause (w, e);
    parley_play_queue_reply_end (w->queue, e);
    w->ended[e] = TRUE;
  }
  world_drive (w);
  for (guint i = 0; i < 100000; i++) {
    if (!parley_play_queue_is_pending (w->queue))
      break;
    w->now += PARLEY_PLAY_FRAME_US;
    world_play (w);
    do {
      world_echo (w);
      world_drive (w);
    } while (!g_queue_is_empty (&w->echoes));
  }
  for (guint e = w->last_void + 1; e < N_EPOCHS; e++) {
    g_assert_true (w->done[e]);
    g_assert_cmpuint (w->heard[e], ==, w->length[e]);
  }
  g_assert_false (parley_play_queue_wants_tick (w->queue));
  for (guint e = 0; e < N_EPOCHS; e++)
    g_assert_false (w->asked[e]);
}

static void
random_histories (void)
{
  for (guint run = 0; run < 300; run++) {
    ParleyPlayStats stats = { 0 };
    World w = {.queue = parley_play_queue_new (&stats) };

    for (guint e = 0; e < N_EPOCHS; e++)
      w.kept[e] = g_byte_array_new ();
    for (guint step = 0; step < 400; step++)
      world_step (&w);
    world_finish (&w);
    parley_play_queue_free (w.queue);
    for (guint e = 0; e < N_EPOCHS; e++)
      g_byte_array_unref (w.kept[e]);
    g_queue_clear_full (&w.far, g_free);
    g_queue_clear_full (&w.echoes, g_free);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/playqueue/random", random_histories);
  return g_test_run ();
}
