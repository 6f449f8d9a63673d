/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/provider.h"
#include "turn/endpointing.h"

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

  /* Of those that can tell ends of turns; NULL for the others: */

  /* The longest silence, in ms, after which it ends a turn by itself, with its
   * settings as they are. */
  guint (*end_wait) (ParleySttProvider * self);
  /* While it tells ends. Audio behind the end of the last take, which may go
   * on: it belongs to no take, but whether the turn is over is to be heard in
   * it. */
  void (*pause) (ParleySttProvider * self, GBytes * samples);
  /* The turn of the last take is over, whoever decided it: its takes that are
   * not answered are to be soon, as no audio follows. */
  void (*end_turn) (ParleySttProvider * self);
};

/* Property "endpointing", a text as of parley_endpointing_from_string(): with
 * anything but local a provider that can tells ends of turns. The text of each
 * take is then that of the whole turn, as it was given to this provider.
 *
 * Signals:
 * "partial" (guint turn, guint take, const gchar *text): text of this take so
 *           far.
 * "final"   (guint turn, guint take, const gchar *text, gdouble confidence):
 *           once for each finished take; "" when nothing was said;
 *           confidence 0 to 1.
 * "failed"  (guint turn, guint take, GError *error): instead of final.
 * "endpoint" (guint turn, guint take, guint endpoint, const gchar *text): what
 *           it thinks of the turn, a ParleySttEndpoint, and its text so far,
 *           while it tells ends. @take was being said then; another may be by
 *           now. finish() and end_turn() may be called in it. */

void parley_stt_provider_begin (ParleySttProvider * self, guint turn,
    guint take, const ParleyAudioFormat * format);
void parley_stt_provider_audio (ParleySttProvider * self, GBytes * samples);
void parley_stt_provider_finish (ParleySttProvider * self);
void parley_stt_provider_cancel (ParleySttProvider * self);
gboolean parley_stt_provider_wants_whole_turns (ParleySttProvider * self);
/* LOCAL: it tells no ends, as it was not asked to or cannot. */
ParleyEndpointing parley_stt_provider_get_endpointing (ParleySttProvider *
    self);
gboolean parley_stt_provider_can_tell_ends (ParleySttProvider * self);
guint parley_stt_provider_get_end_wait (ParleySttProvider * self);
void parley_stt_provider_pause (ParleySttProvider * self, GBytes * samples);
void parley_stt_provider_end_turn (ParleySttProvider * self);

/* For subclasses. */
void parley_stt_provider_partial_in_loop (ParleySttProvider * self, guint turn,
    guint take, const gchar * text);
void parley_stt_provider_final_in_loop (ParleySttProvider * self, guint turn,
    guint take, const gchar * text, gdouble confidence);
void parley_stt_provider_failed_in_loop (ParleySttProvider * self, guint turn,
    guint take, const GError * error);
void parley_stt_provider_endpoint_in_loop (ParleySttProvider * self,
    guint turn, guint take, ParleySttEndpoint endpoint, const gchar * text);

G_END_DECLS
