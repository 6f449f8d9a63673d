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
  /* It is to tell ends of turns. The rest is of no use without: */
  gboolean tells_ends;
  gdouble eot_threshold;        /* v2, 0.5 to 1; 0: the service's own */
  gdouble eager_eot_threshold;  /* v2, 0.3 to 0.9; 0: no early ends */
  guint eot_timeout;            /* ms; 0: as below */
} ParleyDeepgramSettings;

/* The model takes part in turns (v2): its ends of turn are its own, and it
 * knows neither Finalize nor KeepAlive. */
gboolean parley_deepgram_is_flux (const gchar * model);

/* FALSE with @error (PARLEY_PROVIDER_ERROR_SETTINGS): the thresholds or the
 * timeout are none that the service takes. */
gboolean parley_deepgram_check (const ParleyDeepgramSettings * settings,
    GError ** error);
/* Of silence, in ms: the service says that a turn is over, at the latest. */
guint parley_deepgram_get_eot_timeout (const ParleyDeepgramSettings *
    settings);
/* The same where a noise keeps it from saying so. */
#define PARLEY_DEEPGRAM_UTTERANCE_END 1000
gchar *parley_deepgram_build_url (const ParleyDeepgramSettings * settings);

#define PARLEY_DEEPGRAM_KEEP_ALIVE "{\"type\":\"KeepAlive\"}"
#define PARLEY_DEEPGRAM_FINALIZE "{\"type\":\"Finalize\"}"
#define PARLEY_DEEPGRAM_CLOSE "{\"type\":\"CloseStream\"}"

typedef enum
{
  PARLEY_DEEPGRAM_OTHER,        /* nothing that matters here */
  PARLEY_DEEPGRAM_TEXT,
  PARLEY_DEEPGRAM_EVENT,        /* of the turn, without text */
  PARLEY_DEEPGRAM_ERROR
} ParleyDeepgramKind;

/* Of the service's own turns; a TEXT may have one too. */
typedef enum
{
  PARLEY_DEEPGRAM_NONE,
  PARLEY_DEEPGRAM_START,
  PARLEY_DEEPGRAM_EAGER_END,
  PARLEY_DEEPGRAM_RESUMED,
  PARLEY_DEEPGRAM_END
} ParleyDeepgramTurn;

typedef struct
{
  ParleyDeepgramKind kind;
  ParleyDeepgramTurn event;
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
