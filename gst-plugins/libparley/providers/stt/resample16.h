/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Brings speech of 8, 16, 24 or 48 kHz to the 16 kHz of an acoustic model, as
 * a stream. Not thread-safe; one stream each. */
typedef struct _ParleyResample16 ParleyResample16;

/* NULL for a rate it does not know. */
ParleyResample16 *parley_resample16_new (guint rate);
void parley_resample16_free (ParleyResample16 * self);

/* Appends what @n samples of @in become to @out (of gint16). The delay is 16
 * samples of the lower of the two rates: 2 ms at 8 kHz. */
void parley_resample16_process (ParleyResample16 * self, const gint16 * in,
    gsize n, GArray * out);

G_END_DECLS
