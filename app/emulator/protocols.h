/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "emulator/exchange.h"
#include "emulator/sound.h"

G_BEGIN_DECLS

/* libsoup has no name for it. */
#define PARLEY_STATUS_TOO_MANY_REQUESTS 429

/* The services, one file each; each list ends with a NULL name. */
extern const ParleyProtocol parley_openai_chat_protocols[];
extern const ParleyProtocol parley_openai_audio_protocols[];
extern const ParleyProtocol parley_deepgram_protocols[];
extern const ParleyProtocol parley_flux_protocols[];
extern const ParleyProtocol parley_elevenlabs_protocols[];
extern const ParleyProtocol parley_elevenlabs_socket_protocols[];
extern const ParleyProtocol parley_azure_protocols[];
extern const ParleyProtocol parley_twilio_protocols[];

/* All lists, NULL at the end. */
const ParleyProtocol *const *parley_protocols (void);

/* "Authorization: Bearer KEY"; transfer full. */
gchar *parley_protocol_bearer_key (ParleyExchange * exchange);

/* What OpenAI's resources share. */
void parley_openai_refuse (ParleyExchange * exchange, guint status);
void parley_openai_error (ParleyExchange * exchange, guint status,
    const gchar * type, const gchar * param, const gchar * code,
    const gchar * message);

/* What Deepgram's two endpoints share. */
gchar *parley_deepgram_key (ParleyExchange * exchange);
void parley_deepgram_refuse (ParleyExchange * exchange, guint status);
/* Refuses with 400 and says why if the query has no format of sound that can be
 * taken; then FALSE. */
gboolean parley_deepgram_read_format (ParleyExchange * exchange,
    ParleySoundFormat * format);
/* [{"word":…},…] of @text at even distances. Transfer full. */
gchar *parley_deepgram_words (const gchar * text, gdouble start, gdouble end);

/* What ElevenLabs' resources share. */
gchar *parley_elevenlabs_key (ParleyExchange * exchange);
void parley_elevenlabs_refuse (ParleyExchange * exchange, guint status);
/* Refuses if it is none that can be made; then FALSE. */
gboolean parley_elevenlabs_read_format (ParleyExchange * exchange,
    ParleySoundFormat * format);
/* The characters that @ms of sound take from *@text, which goes on behind
 * them, as an alignment: in @seconds over HTTP, in ms on websockets, which name
 * it otherwise too. Transfer full. */
gchar *parley_elevenlabs_align (const gchar ** text, guint ms,
    guint character_ms, gboolean seconds);

G_END_DECLS
