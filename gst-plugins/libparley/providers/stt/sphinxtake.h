/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/loop.h"
#include "providers/provider.h"
#include "providers/stt/sphinxdecoder.h"
#include "providers/stt/sphinxsource.h"

G_BEGIN_DECLS

/* One take on its way through the worker pool: audio comes in on the loop and
 * is decoded while more arrives, in order, by one job at a time; texts come
 * back on the loop.
 *
 * All functions belong to the loop; none waits. A job holds a reference, so
 * that its take may be dropped at any time. */
typedef struct _ParleySphinxTake ParleySphinxTake;

/* All on the loop. @mean is what the next take of this caller begins with;
 * NULL when nothing was learnt. @text is borrowed. The take is not used any
 * more after final or failed; both may drop the last reference to it. */
typedef struct
{
  void (*partial) (ParleySphinxTake * take, const gchar * text,
      gpointer user_data);
  void (*final) (ParleySphinxTake * take, const gchar * text,
      gdouble confidence, const ParleySphinxMean * mean, gpointer user_data);
  void (*failed) (ParleySphinxTake * take, const GError * error,
      gpointer user_data);
} ParleySphinxTakeFuncs;

/* @mean: where the decoder begins, NULL for a caller not heard yet. A model
 * that cannot be loaded and a format it cannot take make a take that fails once
 * it is finished. */
ParleySphinxTake *parley_sphinx_take_new (ParleyLoop * loop,
    ParleySphinxSource * source, const ParleyAudioFormat * format,
    const ParleySphinxMean * mean, const ParleySphinxTakeFuncs * funcs,
    gpointer user_data);
void parley_sphinx_take_unref (ParleySphinxTake * self);

void parley_sphinx_take_push (ParleySphinxTake * self, GBytes * samples);
void parley_sphinx_take_finish (ParleySphinxTake * self);
/* No function of @funcs is called any more; a job under way ends soon and its
 * decoder goes back to the pool. */
void parley_sphinx_take_cancel (ParleySphinxTake * self);

G_END_DECLS
