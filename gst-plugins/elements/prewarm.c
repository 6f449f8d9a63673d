/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "prewarm.h"

#define NAME "parley/prewarm"

GstQuery *
prewarm_query_new (const gchar * const *texts)
{
  return gst_query_new_custom (GST_QUERY_CUSTOM, gst_structure_new (NAME,
          "texts", G_TYPE_STRV, texts, NULL));
}

gchar **
prewarm_query_dup_texts (GstQuery * query)
{
  const GstStructure *structure = gst_query_get_structure (query);
  gchar **texts = NULL;

  if (GST_QUERY_TYPE (query) == GST_QUERY_CUSTOM && structure
      && gst_structure_has_name (structure, NAME))
    gst_structure_get (structure, "texts", G_TYPE_STRV, &texts, NULL);
  return texts;
}
