/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The mark-up of passages that a caller cannot interrupt:
 *
 *   <no-barge-in>This call is recorded.</no-barge-in> How can I help?
 *
 * Models do not always write it so: letter case, hyphens of other kinds, "_" or
 * nothing between the words, blanks and attributes in the tag are all the same.
 * A tag that has no ">" near it is one all the same, and one that breaks off
 * with the text is nothing. Pure; any thread. */

typedef enum
{
  PARLEY_PASSAGE_TEXT,          /* no tag: "<" is a sign */
  PARLEY_PASSAGE_OPEN,
  PARLEY_PASSAGE_CLOSE,
  PARLEY_PASSAGE_EMPTY,         /* a tag that does nothing */
  PARLEY_PASSAGE_MORE           /* the text that decides is not here yet */
} ParleyPassageTag;

/* More text than this is never needed to decide, in bytes. */
#define PARLEY_PASSAGE_TAG_MAX 96

/* What the @size bytes at @text, the first of which is "<", begin with;
 * @complete: no more come. *@length: of the tag, in bytes. */
ParleyPassageTag parley_passage_tag (const gchar * text, gsize size,
    gboolean complete, gsize * length);

/* @text without that mark-up. Transfer full. */
gchar *parley_passage_strip (const gchar * text);

/* Where text that is written at one end and read at the other goes into
 * passages and out again. Positions are bytes of it. */
typedef struct
{
  GArray *borders;              /* of gsize: in front of the reader */
  gboolean inside;              /* the reader is in a passage */
  gboolean open;                /* the writer is */
  gboolean closing;             /* but for a stop that may follow */
  gboolean stopped;             /* the last character but blanks is a stop */
} ParleyPassages;

void parley_passages_init (ParleyPassages * self);
void parley_passages_clear (ParleyPassages * self);
void parley_passages_reset (ParleyPassages * self);

/* @tag is read at the writer's position @at. */
void parley_passages_write_tag (ParleyPassages * self, ParleyPassageTag tag,
    gsize at);
/* The same for @c. @follows: it belongs to what is before it. */
void parley_passages_write (ParleyPassages * self, gunichar c,
    gboolean is_stop, gboolean follows, gsize at);
/* Nothing more comes. */
void parley_passages_finish (ParleyPassages * self, gsize at);

/* The reader is at @at. */
void parley_passages_read (ParleyPassages * self, gsize at);
/* The text in front of it is all in a passage, or in none, until here; @end: of
 * the text. */
gsize parley_passages_next (const ParleyPassages * self, gsize end);
/* The first @n bytes of the text go. */
void parley_passages_shift (ParleyPassages * self, gsize n);
/* What comes after @end goes. */
void parley_passages_truncate (ParleyPassages * self, gsize end);

G_END_DECLS
