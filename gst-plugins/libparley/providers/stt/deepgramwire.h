/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/provider.h"

G_BEGIN_DECLS

/* The messages of Deepgram's live recognition: /v1/listen, and /v2/listen for
 * models named flux-….
 *
 * Pure functions; any thread. */

#define PARLEY_DEEPGRAM_URL "https://api.deepgram.com"
#define PARLEY_DEEPGRAM_MODEL "nova-3"

typedef struct
{
  const gchar *base_url;        /* with no path, or with one to go before */
  const gchar *model;
  const gchar *language;        /* BCP 47; NULL: the model's own */
  const gchar *const *hints;    /* words to listen for; NULL: none */
  ParleyAudioFormat format;
} ParleyDeepgramSettings;

/* The model takes part in turns (v2): its ends of turn are its own, and it
 * knows neither Finalize nor KeepAlive. */
gboolean parley_deepgram_is_flux (const gchar * model);

gchar *parley_deepgram_build_url (const ParleyDeepgramSettings * settings);

#define PARLEY_DEEPGRAM_KEEP_ALIVE "{\"type\":\"KeepAlive\"}"
#define PARLEY_DEEPGRAM_FINALIZE "{\"type\":\"Finalize\"}"
#define PARLEY_DEEPGRAM_CLOSE "{\"type\":\"CloseStream\"}"

typedef enum
{
  PARLEY_DEEPGRAM_OTHER,        /* nothing that matters here */
  PARLEY_DEEPGRAM_TEXT,
  PARLEY_DEEPGRAM_ERROR
} ParleyDeepgramKind;

typedef struct
{
  ParleyDeepgramKind kind;
  /* Of TEXT: what was said between begin and end. An interim one replaces the
   * interim one before; a final one stays. Of ERROR: why. */
  gchar *text;
  gboolean is_final;            /* v2: an end of turn */
  gboolean from_finalize;       /* the answer to Finalize */
  gdouble begin;                /* s of audio on this websocket */
  gdouble end;                  /* s; -1: not told */
  gdouble confidence;           /* 0 to 1 */
} ParleyDeepgramMessage;

/* @message is to be cleared afterwards. FALSE with @error
 * (PARLEY_NET_ERROR_PROTOCOL): not a message; nothing to clear. */
gboolean parley_deepgram_parse (const gchar * json, gsize len,
    ParleyDeepgramMessage * message, GError ** error);
void parley_deepgram_message_clear (ParleyDeepgramMessage * message);

G_END_DECLS
