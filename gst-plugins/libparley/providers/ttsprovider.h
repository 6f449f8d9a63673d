/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/provider.h"

G_BEGIN_DECLS

/* A speech synthesiser: a wire format or an engine, nothing of GStreamer.
 * Threads, settings and results: as ParleySttProvider. */

#define PARLEY_TYPE_TTS_PROVIDER (parley_tts_provider_get_type ())
G_DECLARE_DERIVABLE_TYPE (ParleyTtsProvider, parley_tts_provider, PARLEY,
    TTS_PROVIDER, ParleyProvider)

struct _ParleyTtsProviderClass
{
  ParleyProviderClass parent_class;

  /* Speaks @text (UTF-8, a sentence) under the caller's number @id. Several
   * may be under way; each is answered by audio… and done or failed. */
  void (*speak) (ParleyTtsProvider * self, guint id, const gchar * text);
  /* @id is not answered any more. Unknown numbers are ignored. */
  void (*cancel) (ParleyTtsProvider * self, guint id);
  /* All that the sound depends on besides the text (provider, voice, model,
   * settings), for cache keys. Transfer full. */
  gchar *(*describe) (ParleyTtsProvider * self);
};

/* Signals:
 * "audio"  (guint id, ParleyAudioFormat *format, GBytes *samples): whole
 *          samples; the format is the same for all of one id.
 * "word"   (guint id, guint n, guint ms): the first n words of the text, as
 *          blanks part them, are said ms into its audio; rising, behind that
 *          audio. Only from those that know. id must not be cancelled in it.
 * "done"   (guint id)
 * "failed" (guint id, GError *error): instead of done. */

void parley_tts_provider_speak (ParleyTtsProvider * self, guint id,
    const gchar * text);
void parley_tts_provider_cancel (ParleyTtsProvider * self, guint id);
gchar *parley_tts_provider_describe (ParleyTtsProvider * self);

/* For subclasses. */
void parley_tts_provider_audio_in_loop (ParleyTtsProvider * self, guint id,
    const ParleyAudioFormat * format, GBytes * samples);
void parley_tts_provider_word_in_loop (ParleyTtsProvider * self, guint id,
    guint n, guint ms);
void parley_tts_provider_done_in_loop (ParleyTtsProvider * self, guint id);
void parley_tts_provider_failed_in_loop (ParleyTtsProvider * self, guint id,
    const GError * error);

G_END_DECLS
