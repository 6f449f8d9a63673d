/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether speech was inside the grammar. A grammar decoder finds the best
 * sentence of its grammar for any sound at all, so a second decoder follows
 * the same audio with a free loop over all phones. Where the caller speaks a
 * sentence of the grammar the two scores stay close; outside they part, over
 * the whole take or at the one word that differs.
 *
 * Pure functions; any thread. */

/* A stretch of a decoder's path: frames of 10 ms, both ends included. */
typedef struct
{
  gint start, end;
  gint score;                   /* log likelihood of the sound, ≤ 0 mostly */
  gboolean speech;              /* not silence or noise */
} ParleySttSegment;

typedef enum
{
  PARLEY_STT_NOTHING,           /* silence, noise, a cough */
  PARLEY_STT_INSIDE,
  PARLEY_STT_OUTSIDE
} ParleySttVerdict;

/* What is reported as the text of speech outside the grammar. */
#define PARLEY_STT_UNCLEAR "[unclear]"

/* Judges a take by its two paths, of ParleySttSegment in order of time; @words
 * is empty when the grammar decoder found no sentence. Fills @confidence (0 to
 * 1; 0 unless inside) and, where not NULL, @margin: the measure behind it, 0
 * for a perfect match, and @limit, the margin from which on it is outside. */
ParleySttVerdict parley_stt_judge (GArray * words, GArray * phones,
    gdouble * confidence, gdouble * margin, gdouble * limit);

G_END_DECLS
