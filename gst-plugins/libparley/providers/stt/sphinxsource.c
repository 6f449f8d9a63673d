/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "providers/stt/sphinxsource.h"

struct _ParleySphinxSource
{
  gatomicrefcount refs;
  gchar *directory;
  gchar *grammar;

  /* Held while loading, by workers alone. */
  GMutex lock;
  ParleySphinxModel *model;     /* NULL: not loaded */
  GError *error;                /* why it never will be */
};

ParleySphinxSource *
parley_sphinx_source_new (const gchar * directory, const gchar * grammar)
{
  ParleySphinxSource *self = g_new0 (ParleySphinxSource, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->directory = g_strdup (directory);
  self->grammar = g_strdup (grammar);
  return self;
}

ParleySphinxSource *
parley_sphinx_source_ref (ParleySphinxSource * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
parley_sphinx_source_unref (ParleySphinxSource * self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_pointer (&self->model, parley_sphinx_model_unref);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_free (self->directory);
  g_free (self->grammar);
  g_free (self);
}

ParleySphinxModel *
parley_sphinx_source_get_model (ParleySphinxSource * self, GError ** error)
{
  ParleySphinxModel *model;

  g_mutex_lock (&self->lock);
  if (!self->model && !self->error)
    self->model = parley_sphinx_model_load (self->directory, self->grammar,
        &self->error);
  model = self->model;
  if (!model)
    g_propagate_error (error, g_error_copy (self->error));
  g_mutex_unlock (&self->lock);
  return model;
}
