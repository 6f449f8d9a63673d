/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All that a decoder is made from: acoustic model, dictionary, and a grammar
 * or a language model. One object in the process for each set of settings, so
 * that their decoders are shared.
 *
 * Never changes once loaded, except what belongs to sphinxdecoder.c and is
 * under @lock. Any thread. */
typedef struct
{
  gint refs;                    /* atomic */
  gchar *acoustic;              /* directory */
  gchar *dictionary;            /* file; with a grammar only its words */
  gint dictionary_fd;           /* of a file in memory, -1 for none */
  gchar *jsgf;                  /* the grammar's text, NULL: language model */
  gchar *language_model;        /* file, used without a grammar */
  gchar *phone_model;           /* file, "" for none */

  GMutex lock;
  GQueue idle;                  /* of ParleySphinxDecoder */
  gboolean warm;                /* a decoder was made, or is being made */
  gchar *broken;                /* why none can be made, NULL if they can */
} ParleySphinxModel;

/* Loads what @directory (NULL or "": the installed US English model) and
 * @grammar (a JSGF file, a conversation script ending in .json, or NULL or ""
 * for the whole language model) name. Reads local files when they changed since
 * the last call, and the dictionary once a grammar (10 ms). Returns NULL with
 * PARLEY_PROVIDER_ERROR_SETTINGS, whose text says what is wrong and what to
 * do. */
ParleySphinxModel *parley_sphinx_model_load (const gchar * directory,
    const gchar * grammar, GError ** error);
ParleySphinxModel *parley_sphinx_model_ref (ParleySphinxModel * self);
void parley_sphinx_model_unref (ParleySphinxModel * self);

G_END_DECLS
