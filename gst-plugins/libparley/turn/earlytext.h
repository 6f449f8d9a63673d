/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether what a recogniser has heard by the end of a take is worth answering
 * before it says that this is all: as long as it mostly was. Each take that
 * ended tells; three must have, and of the last eight at most one may have been
 * wrong, so that a guess in vain is rare. Recognisers differ much in how far
 * their partial texts lag behind, and callers in how often they go on.
 *
 * Begin with all zero. Pure. */
typedef struct
{
  guint8 right;                 /* a bit each, the newest lowest */
  guint8 n_judged;              /* up to 8 */
} ParleyEarlyText;

/* @right: the text by the end of the take was that of the take, and the caller
 * did not go on meanwhile. */
void parley_early_text_judge (ParleyEarlyText * self, gboolean right);
gboolean parley_early_text_is_trusted (const ParleyEarlyText * self);

G_END_DECLS
