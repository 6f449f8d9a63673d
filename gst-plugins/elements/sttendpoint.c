/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sttendpoint.h"

#include "turn/turnevents.h"

void
stt_endpoint_install (GstProviderElementClass * klass, guint id)
{
  gst_provider_element_class_install_text (klass, id, "endpointing",
      "Endpointing", "Who decides that the caller has finished: local "
      "(vadendpoint, by silence), provider (the recogniser, if it can tell; "
      "silence only where it hears no words or is gone), or both (whoever is "
      "first)", "local");
  gst_provider_element_class_install_number (klass, id + 1,
      g_param_spec_double ("eot-threshold", "End of turn threshold",
          "How sure deepgram's Flux must be that a turn is over, unless "
          "endpointing=local (0.5 to 1.0, 0.0 = the service's own)", 0, 1, 0,
          0));
  gst_provider_element_class_install_number (klass, id + 2,
      g_param_spec_double ("eager-eot-threshold", "Eager end of turn threshold",
          "How sure deepgram's Flux must be "
          "that a turn may be over, so that the answer to it is begun, unless "
          "endpointing=local (0.3 to 0.9, not above eot-threshold, 0.0 = "
          "none is begun)", 0, 0.9, 0.5, 0));
  gst_provider_element_class_install_number (klass, id + 3,
      g_param_spec_uint ("eot-timeout", "End of turn timeout",
          "Silence after which the recogniser ends a turn however unsure it "
          "is, unless endpointing=local, in milliseconds (0 = the provider's "
          "default)", 0, 60000, 0, 0));
}

gboolean
stt_endpoint_check (GstProviderElement * element)
{
  gchar *text = gst_provider_element_dup_text (element, "endpointing");
  ParleyEndpointing endpointing;
  gboolean known = parley_endpointing_from_string (text, &endpointing);
  gpointer provider = gst_provider_element_dup (element);

  if (!known)
    GST_ELEMENT_ERROR (element, RESOURCE, SETTINGS,
        ("There is no endpointing=%s; set it to local, provider or both.",
            text), (NULL));
  else if (endpointing != PARLEY_ENDPOINTING_LOCAL
      && !parley_stt_provider_can_tell_ends (provider))
    GST_ELEMENT_WARNING (element, RESOURCE, SETTINGS,
        ("This recogniser does not tell when a turn is over, so silence ends "
            "it: set endpointing=local, or provider=deepgram."), (NULL));
  g_object_unref (provider);
  g_free (text);
  return known;
}

void
stt_endpoints_reset (SttEndpoints * self)
{
  self->endpointing = PARLEY_ENDPOINTING_LOCAL;
  self->wait = 0;
}

gboolean
stt_endpoints_are_told_by (gpointer provider)
{
  return provider && parley_stt_provider_get_endpointing (provider)
      != PARLEY_ENDPOINTING_LOCAL;
}

void
stt_endpoints_follow_in_loop (SttEndpoints * self,
    GstProviderElement * element, gpointer provider)
{
  SttEndpoints now = { PARLEY_ENDPOINTING_LOCAL, 0 };

  if (stt_endpoints_are_told_by (provider)) {
    now.endpointing = parley_stt_provider_get_endpointing (provider);
    now.wait = parley_stt_provider_get_end_wait (provider);
  }
  if (now.endpointing == self->endpointing && now.wait == self->wait)
    return;
  *self = now;
  gst_loop_element_push_upstream_in_loop (GST_LOOP_ELEMENT (element),
      parley_event_new_endpointing (now.endpointing, now.wait));
}

void
stt_endpoints_tell_in_loop (GstProviderElement * element, gpointer provider,
    guint turn, guint take, ParleySttEndpoint endpoint)
{
  gst_loop_element_push_upstream_in_loop (GST_LOOP_ELEMENT (element),
      parley_event_new_endpoint (turn, take, endpoint,
          gst_provider_element_get_name_in_loop (element, provider)));
}
