/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How the property "fallback" is written: names of providers with commas
 * between them, each with settings of its own in parentheses, if it needs any:
 *
 *   deepgram,openai(model=whisper-1 api-key-env=OTHER_KEY)
 *
 * Blanks are between settings; a value that holds a blank, a quote or a
 * parenthesis stands in single or double quotes. Pure; any thread. */

typedef struct
{
  gchar *provider;
  GPtrArray *names;             /* of gchar *, of the settings */
  GPtrArray *values;            /* as many */
} FallbackEntry;

/* Of FallbackEntry, in order, none for NULL or "". NULL with @error (of
 * PARLEY_PROVIDER_ERROR, SETTINGS): where @text is wrong and how it should be.
 * Transfer full. */
GPtrArray *fallback_text_parse (const gchar * text, GError ** error);

G_END_DECLS
