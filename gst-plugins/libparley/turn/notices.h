/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Messages of elements about where time went: "parley-wait", "loop-stall". Who
 * watches the whole process, as the tracer does, sees them where they are made:
 * GStreamer's own hook for messages would cost each buffer of each pipeline. */

/* On the thread that posts, before the message; @structure is borrowed. */
typedef void (*ParleyNoticeFunc) (GstElement * element,
    const GstStructure * structure);

/* One observer in the process, from any thread; NULL: none. */
void parley_notices_observe (ParleyNoticeFunc func);

/* Posts @structure as an element message of @element; transfer full; any
 * thread. */
void parley_notice_post (GstElement * element, GstStructure * structure);

G_END_DECLS
