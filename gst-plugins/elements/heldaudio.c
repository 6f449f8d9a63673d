/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "heldaudio.h"

#include <gst/base/gstqueuearray.h>

#include "turn/turnmeta.h"

/* More than the default preroll in packets of 20 ms; it grows when needed. */
#define INITIAL_ITEMS 32

/* Which PTS a position has. Each buffer keeps its own, so that a correction of
 * the time never moves what came before. */
typedef struct
{
  guint64 position;
  GstClockTime pts;
} Anchor;

typedef struct
{
  GstBuffer *buffer;            /* NULL: a gap */
  guint64 skip;                 /* samples of it that are gone */
  guint64 position;             /* of the first that is left */
  guint64 n_samples;            /* left */
  Anchor anchor;
  gint64 arrived;
  gint64 entered;
} Item;

struct _HeldAudio
{
  GstQueueArray *items;
  guint rate;
  guint sample_size;
  guint64 end;
  Anchor anchor;                /* pts none: not known yet */
};

static void
clear_item (gpointer data)
{
  Item *item = data;

  gst_clear_buffer (&item->buffer);
}

HeldAudio *
held_audio_new (void)
{
  HeldAudio *self = g_new0 (HeldAudio, 1);

  self->items = gst_queue_array_new_for_struct (sizeof (Item), INITIAL_ITEMS);
  gst_queue_array_set_clear_func (self->items, clear_item);
  held_audio_reset (self, 1, 1);
  return self;
}

void
held_audio_free (HeldAudio * self)
{
  gst_queue_array_free (self->items);
  g_free (self);
}

void
held_audio_reset (HeldAudio * self, guint rate, guint sample_size)
{
  gst_queue_array_clear (self->items);
  self->rate = rate;
  self->sample_size = sample_size;
  self->end = 0;
  self->anchor.position = 0;
  self->anchor.pts = GST_CLOCK_TIME_NONE;
}

void
held_audio_set_time (HeldAudio * self, GstClockTime pts)
{
  self->anchor.position = self->end;
  self->anchor.pts = pts;
}

gboolean
held_audio_has_time (const HeldAudio * self)
{
  return GST_CLOCK_TIME_IS_VALID (self->anchor.pts);
}

static GstClockTime
time_at (const HeldAudio * self, const Anchor * anchor, guint64 position)
{
  GstClockTime distance;

  if (position >= anchor->position)
    return anchor->pts + gst_util_uint64_scale_round (position
        - anchor->position, GST_SECOND, self->rate);
  distance = gst_util_uint64_scale_round (anchor->position - position,
      GST_SECOND, self->rate);
  return anchor->pts - MIN (distance, anchor->pts);
}

GstClockTime
held_audio_time_at (const HeldAudio * self, guint64 position)
{
  return time_at (self, &self->anchor, position);
}

guint64
held_audio_get_end (const HeldAudio * self)
{
  return self->end;
}

void
held_audio_append (HeldAudio * self, GstBuffer * buffer, guint64 n_samples,
    gint64 entered)
{
  Item item = { buffer, 0, self->end, n_samples, self->anchor, 0, entered };

  if (buffer) {
    ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);

    item.arrived = meta ? meta->arrived : 0;
  }
  gst_queue_array_push_tail_struct (self->items, &item);
  self->end += n_samples;
}

/* Takes over the item's reference if this is all that was left of it. */
static GstBuffer *
make_buffer (HeldAudio * self, Item * item, const HeldPiece * piece)
{
  GstBuffer *buffer;

  if (item->skip == 0 && piece->n_samples == item->n_samples)
    buffer = gst_buffer_make_writable (g_steal_pointer (&item->buffer));
  else
    buffer = gst_buffer_copy_region (item->buffer, GST_BUFFER_COPY_ALL,
        item->skip * self->sample_size, piece->n_samples * self->sample_size);
  GST_BUFFER_PTS (buffer) = piece->start;
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) = piece->end - piece->start;
  GST_BUFFER_OFFSET (buffer) = piece->position;
  GST_BUFFER_OFFSET_END (buffer) = piece->position + piece->n_samples;
  return buffer;
}

gboolean
held_audio_take (HeldAudio * self, guint64 limit, gboolean want_buffer,
    HeldPiece * piece)
{
  Item *item = gst_queue_array_peek_head_struct (self->items);

  if (!item || item->position >= limit)
    return FALSE;
  piece->buffer = NULL;
  piece->position = item->position;
  piece->n_samples = MIN (item->n_samples, limit - item->position);
  piece->start = time_at (self, &item->anchor, piece->position);
  piece->end =
      time_at (self, &item->anchor, piece->position + piece->n_samples);
  piece->arrived = item->arrived;
  piece->entered = item->entered;
  if (want_buffer && item->buffer)
    piece->buffer = make_buffer (self, item, piece);

  item->skip += piece->n_samples;
  item->position += piece->n_samples;
  item->n_samples -= piece->n_samples;
  if (item->n_samples == 0) {
    clear_item (item);
    gst_queue_array_pop_head_struct (self->items);
  }
  return TRUE;
}
