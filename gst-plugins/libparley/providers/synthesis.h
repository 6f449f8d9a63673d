/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/caches.h"
#include "providers/ttsprovider.h"

G_BEGIN_DECLS

/* One sentence on its way from text to sound: from a cache when it was spoken
 * before, waiting for whoever speaks it just now, or from the provider, in the
 * format that is wanted.
 *
 * Threads: the provider's loop. */

typedef struct _ParleySynthesis ParleySynthesis;

/* The silence before the first sound is cut but for this much, in ms, for soft
 * beginnings. */
#define PARLEY_SYNTHESIS_LEAD_MS 20

/* So long one waits for another's sentence before asking, too: the provider
 * that makes it may hang. Texts of the pipeline wait as long as it takes. */
#define PARLEY_SYNTHESIS_JOIN_US G_TIME_SPAN_SECOND

/* The provider is asked now, perhaps inside parley_synthesis_new(): this one is
 * to be paid for. */
typedef void (*ParleySynthesisAskedFunc) (gpointer data);
/* Never called inside parley_synthesis_new(), nor after
 * parley_synthesis_free(). @format is the same for all of one sentence;
 * @samples are whole and borrowed. */
typedef void (*ParleySynthesisAudioFunc) (const ParleyAudioFormat * format,
    const guint8 * samples, gsize len, gpointer data);
/* The first @n words of the text are said @ms into its audio, which came
 * before; rising, and only where the provider knows. Likewise. */
typedef void (*ParleySynthesisWordFunc) (guint n, guint ms, gpointer data);
/* Last; the synthesis may be freed in it. @error: it failed, perhaps after some
 * audio; borrowed. */
typedef void (*ParleySynthesisDoneFunc) (const GError * error, gpointer data);

typedef struct
{
  ParleySynthesisAskedFunc asked;       /* may be NULL */
  ParleySynthesisAudioFunc audio;
  ParleySynthesisWordFunc word; /* may be NULL */
  ParleySynthesisDoneFunc done;
} ParleySynthesisFuncs;

/* Where sentences are kept. */
typedef struct
{
  ParleyCache *cache;           /* borrowed; NULL: nowhere */
  ParleyCacheRank rank;
  gint64 ttl;                   /* µs */
} ParleySynthesisKeep;

/* @keep: 8 kHz mu-law whatever the provider makes, kept as it says (copied);
 * NULL: S16LE at the provider's rate, not kept. */
ParleySynthesis *parley_synthesis_new (ParleyTtsProvider * provider,
    const gchar * text, const ParleySynthesisKeep * keep,
    const ParleySynthesisFuncs * funcs, gpointer data);
/* Once audio comes: whether it was made before, or for another. */
gboolean parley_synthesis_is_cached (ParleySynthesis * synthesis);
/* Before it is done: cancels. */
void parley_synthesis_free (ParleySynthesis * synthesis);

/* What @cache (NULL: nothing) has of @text in memory, as @provider would speak
 * it: mu-law at 8 kHz, transfer full; NULL: it is not there, or not yet. Waits
 * for nothing, asks nobody; any thread. For what must be said when no provider
 * answers: prewarmed texts are there. */
GBytes *parley_synthesis_lookup (ParleyTtsProvider * provider,
    ParleyCache * cache, const gchar * text);

/* Makes what @cache has not of @texts (NULL-terminated), one after the other,
 * and keeps it as texts of the pipeline; any thread. What fails is left out:
 * the call that needs it asks again. */
void parley_synthesis_prewarm (ParleyTtsProvider * provider,
    ParleyCache * cache, const gchar * const *texts);
/* How many of these are under way in the process. */
guint parley_synthesis_get_prewarming (void);

G_END_DECLS
