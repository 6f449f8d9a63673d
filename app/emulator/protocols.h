/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "emulator/exchange.h"

G_BEGIN_DECLS

/* libsoup has no name for it. */
#define PARLEY_STATUS_TOO_MANY_REQUESTS 429

/* The services, one file each; each list ends with a NULL name. */
extern const ParleyProtocol parley_openai_chat_protocols[];
extern const ParleyProtocol parley_openai_audio_protocols[];

/* All lists, NULL at the end. */
const ParleyProtocol *const *parley_protocols (void);

/* "Authorization: Bearer KEY"; transfer full. */
gchar *parley_protocol_bearer_key (ParleyExchange * exchange);

/* What OpenAI's resources share. */
void parley_openai_refuse (ParleyExchange * exchange, guint status);
void parley_openai_error (ParleyExchange * exchange, guint status,
    const gchar * type, const gchar * param, const gchar * code,
    const gchar * message);

G_END_DECLS
