/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/notices.h"

static ParleyNoticeFunc observer;       /* atomic */

void
parley_notices_observe (ParleyNoticeFunc func)
{
  g_atomic_pointer_set (&observer, func);
}

void
parley_notice_post (GstElement * element, GstStructure * structure)
{
  ParleyNoticeFunc func = g_atomic_pointer_get (&observer);

  if (func)
    func (element, structure);
  gst_element_post_message (element,
      gst_message_new_element (GST_OBJECT (element), structure));
}
