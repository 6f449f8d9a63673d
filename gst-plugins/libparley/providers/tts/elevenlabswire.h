/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "net/neterror.h"
#include "providers/provider.h"

G_BEGIN_DECLS

/* The messages of ElevenLabs' speech synthesis: the websocket with several
 * contexts (multi-stream-input), and HTTP streams.
 *
 * Pure functions; any thread. */

#define PARLEY_ELEVENLABS_URL "https://api.elevenlabs.io"
#define PARLEY_ELEVENLABS_MODEL "eleven_flash_v2_5"
#define PARLEY_ELEVENLABS_VOICE "21m00Tcm4TlvDq8ikWAM"
/* Contexts of a websocket; one more ends it. Closed ones count for a while. */
#define PARLEY_ELEVENLABS_MAX_CONTEXTS 5
/* Seconds without text after which the service ends a websocket: the most it
 * lets one ask for. */
#define PARLEY_ELEVENLABS_TIMEOUT 180

typedef struct
{
  const gchar *base_url;
  const gchar *voice;           /* its id */
  const gchar *model;
  const gchar *language;        /* BCP 47; NULL: as the text is */
  gdouble speed;                /* 0.7 to 1.2 */
  gdouble stability;            /* 0 to 1; below 0: as the voice has it */
  gdouble similarity;           /* likewise */
} ParleyElevenlabsSettings;

/* All audio is 8 kHz mu-law. */
gchar *parley_elevenlabs_build_url (const ParleyElevenlabsSettings * settings);
/* Behind base_url, of a POST whose answer is the bare audio. */
gchar *parley_elevenlabs_build_path (const ParleyElevenlabsSettings *
    settings);
/* Its body; transfer full. */
JsonNode *parley_elevenlabs_build_body (const ParleyElevenlabsSettings *
    settings, const gchar * text);

/* Messages of the websocket: a context's first, with the settings, then its
 * text, made into sound at once, then its close, which ends it when all of it
 * was spoken, and cancels it earlier. */
gchar *parley_elevenlabs_build_open (const ParleyElevenlabsSettings * settings,
    const gchar * context);
gchar *parley_elevenlabs_build_text (const gchar * context,
    const gchar * text);
gchar *parley_elevenlabs_build_close (const gchar * context);
/* Keeps a websocket without contexts. */
#define PARLEY_ELEVENLABS_KEEP_ALIVE "{\"text\":\"\"}"
#define PARLEY_ELEVENLABS_CLOSE "{\"close_socket\":true}"

/* A character of the text. */
typedef struct
{
  gboolean is_blank;
  guint ms;                     /* its begin in the audio of the message */
} ParleyElevenlabsChar;

typedef struct
{
  gchar *context;               /* NULL: of none */
  GBytes *audio;                /* NULL: none in it */
  GArray *chars;                /* of ParleyElevenlabsChar: what the audio says;
                                 * NULL: not told */
  gboolean is_final;            /* nothing more of this context */
  gchar *error;                 /* the service's name of it; NULL: none */
  gchar *text;                  /* of the error, in its words; or NULL */
} ParleyElevenlabsMessage;

/* @message is to be cleared afterwards. FALSE with @error
 * (PARLEY_NET_ERROR_PROTOCOL): not a message; nothing to clear. */
gboolean parley_elevenlabs_parse (const gchar * json, gsize len,
    ParleyElevenlabsMessage * message, GError ** error);
void parley_elevenlabs_message_clear (ParleyElevenlabsMessage * message);

/* What kind of error the service means by @name: a wrong key, too many at
 * once, or another fault. */
ParleyNetError parley_elevenlabs_error_code (const gchar * name);

G_END_DECLS
