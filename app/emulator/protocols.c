/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "emulator/protocols.h"

#include <string.h>

#include "emulator/wirejson.h"

const ParleyProtocol *const *
parley_protocols (void)
{
  static const ParleyProtocol *const lists[] = {
    parley_openai_chat_protocols,
    parley_openai_audio_protocols,
    parley_deepgram_protocols,
    parley_flux_protocols,
    parley_elevenlabs_protocols,
    parley_elevenlabs_socket_protocols,
    parley_azure_protocols,
    parley_twilio_protocols,
    NULL
  };

  return lists;
}

gchar *
parley_protocol_bearer_key (ParleyExchange * exchange)
{
  const gchar *value = parley_exchange_header (exchange, "Authorization");

  if (value == NULL || g_ascii_strncasecmp (value, "Bearer ", 7) != 0)
    return NULL;
  return g_strstrip (g_strdup (value + 7));
}

void
parley_openai_error (ParleyExchange * exchange, guint status,
    const gchar * type, const gchar * param, const gchar * code,
    const gchar * message)
{
  g_autofree gchar *body = parley_wire_json ("{'error':{'message':%q,"
      "'type':%q,'param':%q,'code':%q}}", message, type, param, code);
  g_autofree gchar *id = g_strdup_printf ("req_%08x",
      parley_exchange_number (exchange));

  parley_exchange_set_header (exchange, "x-request-id", id);
  parley_exchange_respond (exchange, status, "application/json", body);
}

static void
refuse_too_many (ParleyExchange * exchange)
{
  /* Without Retry-After it is the account that has to be looked after. */
  if (parley_exchange_retry_after (exchange) < 0)
    parley_openai_error (exchange, PARLEY_STATUS_TOO_MANY_REQUESTS,
        "insufficient_quota", NULL, "insufficient_quota",
        "The quota is used up; look at the plan and the billing details.");
  else
    parley_openai_error (exchange, PARLEY_STATUS_TOO_MANY_REQUESTS, "requests",
        NULL, "rate_limit_exceeded", "The rate limit is reached.");
}

static void
refuse_key (ParleyExchange * exchange)
{
  g_autofree gchar *key = parley_protocol_bearer_key (exchange);

  if (key == NULL)
    parley_openai_error (exchange, SOUP_STATUS_UNAUTHORIZED,
        "invalid_request_error", NULL, NULL, "No API key was given: send it "
        "as Authorization: Bearer KEY.");
  else
    parley_openai_error (exchange, SOUP_STATUS_UNAUTHORIZED,
        "invalid_request_error", NULL, "invalid_api_key",
        "The API key is not correct.");
}

void
parley_openai_refuse (ParleyExchange * exchange, guint status)
{
  if (status == SOUP_STATUS_UNAUTHORIZED)
    refuse_key (exchange);
  else if (status == PARLEY_STATUS_TOO_MANY_REQUESTS)
    refuse_too_many (exchange);
  else
    parley_openai_error (exchange, status, status >= 500 ? "server_error"
        : "invalid_request_error", NULL, NULL,
        "The server had an error while it worked on the request.");
}
