/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Tells when everything that was handed to the loops and to the workers before
 * parley_warmth_new() is done: the models, voices and connections that the
 * prototypes began to warm, and the texts they have made, for which it waits
 * ten seconds at most. Any thread. */

typedef struct _ParleyWarmth ParleyWarmth;

ParleyWarmth *parley_warmth_new (void);
/* May come before it is reached. */
void parley_warmth_free (ParleyWarmth * warmth);
gboolean parley_warmth_is_reached (ParleyWarmth * warmth);

G_END_DECLS
