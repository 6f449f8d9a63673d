/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstproviderelement.h"

G_BEGIN_DECLS

/* What cloudstt tells vadendpoint of the ends of turns: who decides, and what
 * the recogniser thinks. On the element's loop. */
typedef struct
{
  ParleyEndpointing endpointing;        /* as told last */
  guint wait;                   /* ms; likewise */
} SttEndpoints;

/* For the element's class: properties from @id on. */
#define STT_ENDPOINT_N_PROPERTIES 4
void stt_endpoint_install (GstProviderElementClass * klass, guint id);
/* In READY: looks at them and at what the first provider can do. FALSE: an
 * error was posted. */
gboolean stt_endpoint_check (GstProviderElement * element);

/* @provider (may be NULL) is one that was asked to tell ends, and does. */
gboolean stt_endpoints_are_told_by (gpointer provider);
/* @provider hears from now on; NULL: nobody does. Tells what that changes. */
void stt_endpoints_follow_in_loop (SttEndpoints * self,
    GstProviderElement * element, gpointer provider);
/* Nothing was told yet. */
void stt_endpoints_reset (SttEndpoints * self);
void stt_endpoints_tell_in_loop (GstProviderElement * element,
    gpointer provider, guint turn, guint take, ParleySttEndpoint endpoint);

G_END_DECLS
