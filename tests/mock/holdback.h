/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "net/loop.h"

G_BEGIN_DECLS

/* "holdback": an element of somebody else's that hands everything serialized on
 * later than it came, by the clock of net/clock.h, on @loop. Events out of band
 * and queries pass. */
void mock_holdback_register (void);
/* Before it has data. @hold: µs. */
void mock_holdback_set (GstElement * element, ParleyLoop * loop, gint64 hold);

G_END_DECLS
