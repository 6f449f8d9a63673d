/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "traced.h"

G_BEGIN_DECLS

/* Lets @registry see all that passes from now on: each pad that is added to an
 * element, in any pipeline of the process, gets a probe. No hook of GStreamer's
 * tracing is used: a single one makes each push, event, query and reference in
 * the process ask for all of them. */
void probes_begin (TracedRegistry * registry);

G_END_DECLS
