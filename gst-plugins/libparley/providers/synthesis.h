/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/ttsprovider.h"

G_BEGIN_DECLS

/* One sentence on its way from text to sound: from the cache when it was spoken
 * before, waiting for whoever speaks it just now, or from the provider, in the
 * format that is wanted.
 *
 * Threads: the provider's loop. */

typedef struct _ParleySynthesis ParleySynthesis;

/* The silence before the first sound is cut but for this much, in ms, for soft
 * beginnings. */
#define PARLEY_SYNTHESIS_LEAD_MS 20

/* The provider is asked now, perhaps inside parley_synthesis_new(): this one is
 * to be paid for. */
typedef void (*ParleySynthesisAskedFunc) (gpointer data);
/* Never called inside parley_synthesis_new(), nor after
 * parley_synthesis_free(). @format is the same for all of one sentence;
 * @samples are whole and borrowed. */
typedef void (*ParleySynthesisAudioFunc) (const ParleyAudioFormat * format,
    const guint8 * samples, gsize len, gpointer data);
/* Last; the synthesis may be freed in it. @error: it failed, perhaps after some
 * audio; borrowed. */
typedef void (*ParleySynthesisDoneFunc) (const GError * error, gpointer data);

typedef struct
{
  ParleySynthesisAskedFunc asked;       /* may be NULL */
  ParleySynthesisAudioFunc audio;
  ParleySynthesisDoneFunc done;
} ParleySynthesisFuncs;

/* @mulaw: 8 kHz mu-law whatever the provider makes, through the process's
 * cache; else S16LE at the provider's rate, uncached. */
ParleySynthesis *parley_synthesis_new (ParleyTtsProvider * provider,
    const gchar * text, gboolean mulaw, const ParleySynthesisFuncs * funcs,
    gpointer data);
/* Once audio comes: whether it was made before, or for another. */
gboolean parley_synthesis_is_cached (ParleySynthesis * synthesis);
/* Before it is done: cancels. */
void parley_synthesis_free (ParleySynthesis * synthesis);

/* Makes @text and keeps it in the cache; any thread. */
void parley_synthesis_prewarm (ParleyTtsProvider * provider,
    const gchar * text);

G_END_DECLS
