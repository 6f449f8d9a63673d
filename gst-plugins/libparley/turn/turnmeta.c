/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/turnmeta.h"

#include "turn/timeline.h"

static gboolean
turn_meta_init (GstMeta * meta, gpointer params, GstBuffer * buffer)
{
  ParleyTurnMeta *self = (ParleyTurnMeta *) meta;

  self->turn = self->take = self->sequence = 0;
  self->epoch = 0;
  self->arrived = self->read = self->entered = 0;
  self->timeline = NULL;
  return TRUE;
}

static void
turn_meta_free (GstMeta * meta, GstBuffer * buffer)
{
  g_clear_pointer (&((ParleyTurnMeta *) meta)->timeline, parley_timeline_unref);
}

static gboolean
turn_meta_transform (GstBuffer * to, GstMeta * meta, GstBuffer * from,
    GQuark type, gpointer data)
{
  const ParleyTurnMeta *source = (ParleyTurnMeta *) meta;
  ParleyTurnMeta *copy = parley_buffer_add_turn_meta (to);

  copy->turn = source->turn;
  copy->take = source->take;
  copy->epoch = source->epoch;
  copy->sequence = source->sequence;
  copy->arrived = source->arrived;
  copy->read = source->read;
  copy->entered = source->entered;
  parley_buffer_set_timeline (to, source->timeline);
  return TRUE;
}

GType
parley_turn_meta_api_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const gchar *no_tags[] = { NULL };
    g_once_init_leave (&type,
        gst_meta_api_type_register ("ParleyTurnMetaAPI", no_tags));
  }
  return type;
}

const GstMetaInfo *
parley_turn_meta_get_info (void)
{
  static const GstMetaInfo *info;

  if (g_once_init_enter (&info)) {
    const GstMetaInfo *made = gst_meta_register (PARLEY_TURN_META_API_TYPE,
        "ParleyTurnMeta", sizeof (ParleyTurnMeta), turn_meta_init,
        turn_meta_free, turn_meta_transform);
    g_once_init_leave (&info, made);
  }
  return info;
}

ParleyTurnMeta *
parley_buffer_add_turn_meta (GstBuffer * buffer)
{
  return (ParleyTurnMeta *) gst_buffer_add_meta (buffer,
      parley_turn_meta_get_info (), NULL);
}

ParleyTurnMeta *
parley_buffer_get_turn_meta (GstBuffer * buffer)
{
  return (ParleyTurnMeta *) gst_buffer_get_meta (buffer,
      PARLEY_TURN_META_API_TYPE);
}

ParleyTimeline *
parley_buffer_get_timeline (GstBuffer * buffer)
{
  ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);

  return meta ? meta->timeline : NULL;
}

void
parley_buffer_set_timeline (GstBuffer * buffer, ParleyTimeline * timeline)
{
  ParleyTurnMeta *meta = parley_buffer_get_turn_meta (buffer);

  if (timeline)
    parley_timeline_ref (timeline);
  g_clear_pointer (&meta->timeline, parley_timeline_unref);
  meta->timeline = timeline;
}

guint64
parley_epoch_next (void)
{
  static gsize last;

  return g_atomic_pointer_add (&last, 1) + 1;
}
