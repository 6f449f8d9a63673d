/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstproviderelement.h"
#include "providerlist.h"

G_BEGIN_DECLS

/* What gstproviderelement.c and providerfallback.c share of the class: the
 * latter says who is asked and tells of it. On the loop; borrowed, from start
 * to stop. */
ProviderList *gst_provider_element_get_list_in_loop (GstProviderElement *
    self);

G_END_DECLS
