/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The stretches of a reply's sound that cannot be interrupted, in order and
 * apart from each other: an array of them. */
typedef struct
{
  guint64 begin;
  guint64 end;                  /* PARLEY_PLAY_OPEN: not known yet */
} ParleyPlayPassage;

#define PARLEY_PLAY_OPEN G_MAXUINT64

/* One begins at @at; what follows another at once is the same. */
void parley_play_passages_open (GArray * passages, guint64 at);
/* It ends there; one without sound is none. */
void parley_play_passages_close (GArray * passages, guint64 at);
/* Borrowed; @n from 1. */
ParleyPlayPassage *parley_play_passages_nth (GArray * passages, guint n);
/* Whether one ends behind @after and not behind @until. */
gboolean parley_play_passages_end_between (GArray * passages, guint64 after,
    guint64 until);

G_END_DECLS
