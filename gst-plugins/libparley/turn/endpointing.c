/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "turn/endpointing.h"

static const gchar *const names[] = { "local", "provider", "both" };

const gchar *
parley_endpointing_to_string (ParleyEndpointing endpointing)
{
  return names[endpointing];
}

gboolean
parley_endpointing_from_string (const gchar * text,
    ParleyEndpointing * endpointing)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (text ? text : names[0], names[i]) == 0) {
      *endpointing = i;
      return TRUE;
    }
  return FALSE;
}
