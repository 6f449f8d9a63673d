/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/provider.h"

G_BEGIN_DECLS

/* A speech recogniser: a wire format or an engine, nothing of GStreamer.
 *
 * All functions are called on the provider's loop and none of them waits; all
 * results come back on that loop, never inside the call that asked. Settings
 * are the GObject properties of the provider; the element copies its own of the
 * same name into them before warm(). */

#define PARLEY_TYPE_STT_PROVIDER (parley_stt_provider_get_type ())
G_DECLARE_DERIVABLE_TYPE (ParleySttProvider, parley_stt_provider, PARLEY,
    STT_PROVIDER, ParleyProvider)

struct _ParleySttProviderClass
{
  ParleyProviderClass parent_class;

  /* It recognises what it is given as one piece, and a sentence cut in two
   * badly: each take begins with the audio of the turn's earlier ones, and its
   * text is that of them all. */
  gboolean whole_turns;

  /* Audio of (@turn, @take) begins. Several takes of one turn follow each
   * other; results of earlier ones may still be due. */
  void (*begin) (ParleySttProvider * self, guint turn, guint take,
      const ParleyAudioFormat * format);
  void (*audio) (ParleySttProvider * self, GBytes * samples);
  /* The audio of the take is complete: answer with final or failed. */
  void (*finish) (ParleySttProvider * self);
  /* Forget everything; nothing asked for before is answered any more. */
  void (*cancel) (ParleySttProvider * self);
};

/* Signals:
 * "partial" (guint turn, guint take, const gchar *text): text of this take so
 *           far.
 * "final"   (guint turn, guint take, const gchar *text, gdouble confidence):
 *           once for each finished take; "" when nothing was said;
 *           confidence 0 to 1.
 * "failed"  (guint turn, guint take, GError *error): instead of final. */

void parley_stt_provider_begin (ParleySttProvider * self, guint turn,
    guint take, const ParleyAudioFormat * format);
void parley_stt_provider_audio (ParleySttProvider * self, GBytes * samples);
void parley_stt_provider_finish (ParleySttProvider * self);
void parley_stt_provider_cancel (ParleySttProvider * self);
gboolean parley_stt_provider_wants_whole_turns (ParleySttProvider * self);

/* For subclasses. */
void parley_stt_provider_partial_in_loop (ParleySttProvider * self, guint turn,
    guint take, const gchar * text);
void parley_stt_provider_final_in_loop (ParleySttProvider * self, guint turn,
    guint take, const gchar * text, gdouble confidence);
void parley_stt_provider_failed_in_loop (ParleySttProvider * self, guint turn,
    guint take, const GError * error);

G_END_DECLS
