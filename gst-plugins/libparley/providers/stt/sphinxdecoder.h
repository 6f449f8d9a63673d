/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/stt/sphinxmodel.h"

G_BEGIN_DECLS

/* A recogniser for one take at a time: with a grammar, a pair of pocketsphinx
 * decoders (the grammar's and a loop over all phones) that share one front end;
 * without, one decoder with the language model.
 *
 * Never on a loop: each function here takes milliseconds to seconds. One thread
 * at a time. */
typedef struct _ParleySphinxDecoder ParleySphinxDecoder;

/* The mean of the cepstra of a telephone line, that is, its loudness and
 * colour. What one take learnt is where the caller's next one begins. */
#define PARLEY_SPHINX_CEPSTRA 13
typedef struct
{
  gfloat value[PARLEY_SPHINX_CEPSTRA];
} ParleySphinxMean;

/* Of a caller who was not heard yet, for audio that came at @rate Hz. */
void parley_sphinx_mean_init (ParleySphinxMean * mean, guint rate);

/* An idle decoder of @model, or a new one. NULL with
 * PARLEY_PROVIDER_ERROR_SETTINGS or _ENGINE. Give it back with
 * parley_sphinx_decoder_release(), and keep @model until then. */
ParleySphinxDecoder *parley_sphinx_decoder_acquire (ParleySphinxModel * model,
    GError ** error);
/* Makes sure that one decoder is idle or was given out before. */
gboolean parley_sphinx_decoder_warm (ParleySphinxModel * model,
    GError ** error);
/* Back to its model's idle ones; ends a take that was not finished. */
void parley_sphinx_decoder_release (ParleySphinxModel * model,
    ParleySphinxDecoder * self);
void parley_sphinx_decoder_free (ParleySphinxDecoder * self);

/* How many decoders of @model are idle, and how many were made in the process
 * so far; for tests and figures. */
guint parley_sphinx_decoder_count_idle (ParleySphinxModel * model);
guint parley_sphinx_decoder_count_made (void);

/* A take: start, then feed (16 kHz) any number of times, then finish. */
gboolean parley_sphinx_decoder_start (ParleySphinxDecoder * self,
    const ParleySphinxMean * mean);
gboolean parley_sphinx_decoder_feed (ParleySphinxDecoder * self,
    const gint16 * samples, gsize n);
/* The text so far, NULL for none. Transfer full. */
gchar *parley_sphinx_decoder_partial (ParleySphinxDecoder * self);

typedef struct
{
  gchar *text;                  /* "" for nothing said, PARLEY_STT_UNCLEAR */
  gdouble confidence;           /* 0 to 1 */
  ParleySphinxMean mean;        /* for the caller's next take */
  gdouble margin, limit;        /* as parley_stt_judge(); for figures */
} ParleySphinxResult;

/* FALSE: the engine failed; @result is not filled. Free the text. */
gboolean parley_sphinx_decoder_finish (ParleySphinxDecoder * self,
    ParleySphinxResult * result);

G_END_DECLS
