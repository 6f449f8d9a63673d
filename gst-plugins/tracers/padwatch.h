/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "traced.h"

G_BEGIN_DECLS

/* Lets @registry see all that passes from now on, in any pipeline of the
 * process. The functions of each pad that is added to an element are wrapped:
 * what enters a sink pad has just left the source pad that it is linked to.
 *
 * No hook of GStreamer's tracing is used: a single one makes each push, event,
 * query and reference in the process look for all of them. Nor is a pad probe
 * kept: it costs locks twice for each buffer. */
void pad_watch_begin (TracedRegistry * registry);

G_END_DECLS
