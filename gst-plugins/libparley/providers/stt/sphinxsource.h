/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/stt/sphinxmodel.h"

G_BEGIN_DECLS

/* Which model a caller's takes use: named on a loop, which must not read files,
 * and loaded by the first worker that needs it. It stays the same from then
 * on, whatever becomes of the files. Any thread. */
typedef struct _ParleySphinxSource ParleySphinxSource;

/* As parley_sphinx_model_load(). */
ParleySphinxSource *parley_sphinx_source_new (const gchar * directory,
    const gchar * grammar);
ParleySphinxSource *parley_sphinx_source_ref (ParleySphinxSource * self);
void parley_sphinx_source_unref (ParleySphinxSource * self);

/* Borrowed, lives as long as @self. NULL and @error when it cannot be loaded,
 * now and always. Reads files: not on a loop. */
ParleySphinxModel *parley_sphinx_source_get_model (ParleySphinxSource * self,
    GError ** error);

G_END_DECLS
