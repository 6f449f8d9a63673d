/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstproviderelement.h"

G_BEGIN_DECLS

#define GST_TYPE_CLOUD_STT (gst_cloud_stt_get_type ())
G_DECLARE_FINAL_TYPE (GstCloudStt, gst_cloud_stt, GST, CLOUD_STT,
    GstProviderElement)

GST_ELEMENT_REGISTER_DECLARE (cloudstt);

G_END_DECLS
