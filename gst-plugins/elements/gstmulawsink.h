/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstloopelement.h"

G_BEGIN_DECLS

#define GST_TYPE_MULAW_SINK (gst_mulaw_sink_get_type ())
G_DECLARE_FINAL_TYPE (GstMulawSink, gst_mulaw_sink, GST, MULAW_SINK,
    GstLoopElement)

GST_ELEMENT_REGISTER_DECLARE (mulawsink);

G_END_DECLS
