/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gst/gst.h>

#include "gstcloudstt.h"
#include "gstcloudtts.h"
#include "gstllmchat.h"
#include "gstmulawsink.h"
#include "gsttwiliosrc.h"
#include "gstvadendpoint.h"
#include "../tracers/gstturnlatency.h"

static gboolean
plugin_init (GstPlugin * plugin)
{
  return GST_ELEMENT_REGISTER (cloudstt, plugin)
      && GST_ELEMENT_REGISTER (cloudtts, plugin)
      && GST_ELEMENT_REGISTER (llmchat, plugin)
      && GST_ELEMENT_REGISTER (mulawsink, plugin)
      && GST_ELEMENT_REGISTER (twiliosrc, plugin)
      && GST_ELEMENT_REGISTER (vadendpoint, plugin)
      && gst_turn_latency_register (plugin);
}

#define PACKAGE "parley"
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, parley,
    "Voice agents on the phone", plugin_init, "0.1.0", "LGPL", "Parley",
    "https://parley.example.org")
