/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What counts as sound where an answer begins or ends: a sample louder than
 * this, of 32768. Below lie the noise of a telephone line and of synthesisers'
 * pauses, above it the softest speech sounds that are heard as such. */
#define PARLEY_LOUD 200

/* The index of the first sample louder than PARLEY_LOUD, and of the last; -1:
 * all is quiet. Pure. */
gssize parley_mulaw_first_loud (const guint8 * mulaw, gsize len);
gssize parley_mulaw_last_loud (const guint8 * mulaw, gsize len);
/* Of @n samples. */
gssize parley_pcm_first_loud (const gint16 * samples, gsize n);

G_END_DECLS
