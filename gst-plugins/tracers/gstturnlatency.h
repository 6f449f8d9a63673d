/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>
#include <gst/gsttracer.h>

G_BEGIN_DECLS

#define GST_TYPE_TURN_LATENCY (gst_turn_latency_get_type ())
G_DECLARE_FINAL_TYPE (GstTurnLatency, gst_turn_latency, GST, TURN_LATENCY,
    GstTracer)

gboolean gst_turn_latency_register (GstPlugin * plugin);

G_END_DECLS
