/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "vadendpoint.h"

#include "net/call.h"

/* The two ends of a call share it as a context: what mulawsink sends is known
 * there. */
#define CONTEXT_CALL "parley.call"

void
vad_echo_ask (GstVadEndpoint * self)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_need_context (GST_OBJECT (self), CONTEXT_CALL));
}

/* NULL: there is none. */
static ParleyCall *
dup_call (GstVadEndpoint * self)
{
  GstContext *context =
      gst_element_get_context (GST_ELEMENT (self), CONTEXT_CALL);
  ParleyCall *call = NULL;

  if (!context)
    return NULL;
  gst_structure_get (gst_context_get_structure (context), "call",
      PARLEY_TYPE_CALL, &call, NULL);
  gst_context_unref (context);
  return call;
}

void
vad_echo_follow (GstVadEndpoint * self)
{
  ParleyCall *call = NULL;

  if (self->follows_echo)
    return;
  self->follows_echo = TRUE;
  if (self->settings.echo_suppression)
    call = dup_call (self);
  voice_frames_set_played (self->frames,
      call ? parley_call_get_played (call) : NULL);
  g_clear_object (&call);
}
