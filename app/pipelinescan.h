/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The words of a launch string, as far as messages about it need them. */

typedef enum
{
  PARLEY_WORD_PLAIN,            /* an element, caps, "name.", "name.pad" */
  PARLEY_WORD_ASSIGNMENT,       /* property=value */
  PARLEY_WORD_LINK              /* "!", and ":" */
} ParleyWordKind;

typedef struct
{
  ParleyWordKind kind;
  gsize offset;
  gsize length;
  /* Of an assignment; value with its quotes. Offsets into the string. */
  gsize name_length;
  gsize value_offset;
  gsize value_length;
  gboolean open_quote;          /* the value's quote has no end */
} ParleyWord;

/* Next word at or after *@offset, which moves behind it. FALSE: none left. */
gboolean parley_pipeline_scan (const gchar * launch, gsize * offset,
    ParleyWord * word);

/* Where what GStreamer calls a syntax error seems to be, and what is wrong
 * there; NULL (with offset 0) when it cannot be told. */
const gchar *parley_pipeline_find_fault (const gchar * launch,
    gsize * offset);

/* Whether @name=@value is a key written into the file. */
gboolean parley_pipeline_is_key (const gchar * name, const gchar * value);

G_END_DECLS
