/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _ParleyTimeline ParleyTimeline;

/* Which turn of a conversation a buffer belongs to.
 *
 * Two counters that are never mixed: input (caller audio and text) carries turn
 * and take, both owned by vadendpoint; take rises at each speech-end within a
 * turn. Output (sentences and synthesised audio) carries the epoch of its
 * reply, drawn from parley_epoch_next(), and the sentence's number in it.
 * What does not apply is 0.
 *
 * It has no tags, so that any transform carries it on. */
typedef struct
{
  GstMeta meta;

  guint turn;                   /* from 1; 0: none, or the greeting */
  guint take;                   /* from 1 */
  guint64 epoch;                /* from 1; 0: nobody's reply, never withheld */
  guint sequence;               /* sentence in its epoch, from 0 */
  gint64 arrived;               /* µs of the monotonic clock: when the packet
                                 * with this audio came; 0: unknown */
  gint64 read;                  /* and when its loop took it; 0: unknown */
  gint64 entered;               /* and when it came into the element that let
                                 * it out, if that one says so; 0: unknown */
  ParleyTimeline *timeline;     /* of what answers this turn, or NULL; the
                                 * meta's (timeline.h) */
} ParleyTurnMeta;

#define PARLEY_TURN_META_API_TYPE (parley_turn_meta_api_get_type ())
GType parley_turn_meta_api_get_type (void);
const GstMetaInfo *parley_turn_meta_get_info (void);

/* Adds the meta, all zero, to a writable buffer. */
ParleyTurnMeta *parley_buffer_add_turn_meta (GstBuffer * buffer);
/* NULL when there is none; owned by the buffer. */
ParleyTurnMeta *parley_buffer_get_turn_meta (GstBuffer * buffer);
/* NULL when there is none; borrowed. */
ParleyTimeline *parley_buffer_get_timeline (GstBuffer * buffer);
/* @buffer has the meta; takes a reference to @timeline, which may be NULL. */
void parley_buffer_set_timeline (GstBuffer * buffer,
    ParleyTimeline * timeline);

/* The next epoch of this process, from 1. Any thread. */
guint64 parley_epoch_next (void);

G_END_DECLS
