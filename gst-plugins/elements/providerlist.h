/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/registry.h"

G_BEGIN_DECLS

/* The providers of an element: that of its property "provider", then those of
 * "fallback", in order. */

typedef struct _ProviderList ProviderList;

/* Makes and warms them. @element gives the settings: the first provider's are
 * its properties; a fallback's are those that its entry names, and of the
 * element's those that do not belong to a service (base-url, keys, limits,
 * timeouts, model, voice and what else only one provider understands do). Texts
 * go through @expand (may be NULL).
 *
 * One that cannot be used (no key, not in this build) is left out and told in
 * @problems (of gchar *, empty; filled). NULL with @error: none is left, or the
 * text of "fallback" is wrong. Waits for nothing; where parley_provider_warm()
 * may be called. */
ProviderList *provider_list_new (GObject * element, ParleyProviderKind kind,
    ParleyLoop * loop, ParleyExpandFunc expand, gpointer data,
    GPtrArray * problems, GError ** error);
ProviderList *provider_list_ref (ProviderList * list);
void provider_list_unref (gpointer list);

guint provider_list_get_length (ProviderList * list);
/* Borrowed. */
gpointer provider_list_get (ProviderList * list, guint n);
/* Its place; G_MAXUINT: it is none of these. */
guint provider_list_find (ProviderList * list, gpointer provider);
/* As in provider=NAME; borrowed. */
const gchar *provider_list_get_name (ProviderList * list, guint n);

/* The one for something new: the first that is up. @probe (may be NULL): one
 * before it may be back and should be asked the same, without a caller waiting
 * for it; or NULL. @reason: why it is not the first; static, NULL: it is. */
guint provider_list_choose_in_loop (ProviderList * list, gpointer * probe,
    const gchar ** reason);
/* The first behind @n that is up, else the first that is only busy; G_MAXUINT:
 * none. */
guint provider_list_next_in_loop (ProviderList * list, guint n);

G_END_DECLS
