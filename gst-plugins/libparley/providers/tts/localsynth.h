/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/ttsprovider.h"

G_BEGIN_DECLS

/* What the synthesisers on this machine share. An engine knows how to turn a
 * short text into samples, blocking its thread; this class does the rest:
 *
 * - One provider answers its numbers in the order asked; the next one's
 *   synthesis begins when the one before is complete or cancelled.
 * - Text is synthesised in the process's workers, in pieces of at most 160
 *   bytes, so that a long text needs no more memory than a short one and many
 *   calls take turns.
 * - Samples are handed to the loop while the engine still works: the first
 *   20 ms as soon as they are there, then 40 ms at a time. The next piece
 *   begins when the loop has taken the one before.
 * - Silence before and after the speech is cut, see silencegate.h.
 * - What was cancelled stops at the engine's next chunk and is not heard of
 *   again. The last reference to a provider may go at any time, on any
 *   thread: that cancels all. */

#define PARLEY_TYPE_LOCAL_SYNTH (parley_local_synth_get_type ())
G_DECLARE_DERIVABLE_TYPE (ParleyLocalSynth, parley_local_synth, PARLEY,
    LOCAL_SYNTH, ParleyTtsProvider)

typedef struct _ParleyLocalSink ParleyLocalSink;

struct _ParleyLocalSynthClass
{
  ParleyTtsProviderClass parent_class;

  /* An engine that works long on the whole text before its first sample: the
   * first piece ends with a clause within this many bytes, if one does. 0: the
   * first piece is like the others. */
  guint first_piece;
  /* The level below which the engine's samples are silence. */
  guint silence;
  /* The engine is one for the process and does one thing at a time: pieces of
   * all its providers go through one queue, which holds no worker up. */
  gboolean exclusive;

  /* On the loop: a constant copy of the settings for the workers, or NULL with
   * @error. Takes no longer than a few ms, once, and µs then. */
  gpointer (*snapshot) (ParleyLocalSynth * self, GError ** error);
  GDestroyNotify free_snapshot;
  /* Text the engine can take, from any text: clean, on one line. */
  gchar *(*prepare) (const gchar * text);
  /* In a worker: loads what the first synthesis would otherwise wait for. */
  void (*load) (gconstpointer snapshot);
  /* In a worker: speaks @text, which has a letter or a digit. Returns FALSE
   * with @error, or TRUE, also when the sink wanted no more. */
  gboolean (*synthesise) (gconstpointer snapshot, const gchar * text,
      ParleyLocalSink * sink, GError ** error);
};

/* For engines, inside synthesise(): takes @n samples of one channel at @rate
 * Hz; the rate is the same for all of one text. FALSE: nobody listens any
 * more, return soon. */
gboolean parley_local_sink_write (ParleyLocalSink * sink, guint rate,
    const gint16 * samples, gsize n);

/* For engines: the property "speed", 0.5 to 2. */
gdouble parley_local_synth_get_speed (ParleyLocalSynth * self);

G_END_DECLS
