/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_VAD_ENDPOINT (gst_vad_endpoint_get_type ())
G_DECLARE_FINAL_TYPE (GstVadEndpoint, gst_vad_endpoint, GST, VAD_ENDPOINT,
    GstElement)

GST_ELEMENT_REGISTER_DECLARE (vadendpoint);

G_END_DECLS
