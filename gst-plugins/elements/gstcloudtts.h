/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstproviderelement.h"

G_BEGIN_DECLS

#define GST_TYPE_CLOUD_TTS (gst_cloud_tts_get_type ())
G_DECLARE_FINAL_TYPE (GstCloudTts, gst_cloud_tts, GST, CLOUD_TTS,
    GstProviderElement)

GST_ELEMENT_REGISTER_DECLARE (cloudtts);

G_END_DECLS
