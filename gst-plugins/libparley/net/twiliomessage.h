/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The wire format of Twilio's bidirectional Media Streams, both directions and
 * both roles: one JSON object a text frame. No sockets here.
 *
 * Pure functions; any thread. */

/* Decoded audio of one media message, in bytes of mu-law (8 s). */
#define PARLEY_TWILIO_MAX_PAYLOAD (64 * 1024)
/* One message of any kind, in bytes of JSON. */
#define PARLEY_TWILIO_MAX_MESSAGE (128 * 1024)
/* The same two to Twilio, which takes audio of any length: 10 minutes. */
#define PARLEY_TWILIO_MAX_OUTBOUND_PAYLOAD (10 * 60 * 8000)
#define PARLEY_TWILIO_MAX_OUTBOUND_MESSAGE (8 * 1024 * 1024)

#define PARLEY_TWILIO_ERROR (parley_twilio_error_quark ())
GQuark parley_twilio_error_quark (void);

typedef enum
{
  PARLEY_TWILIO_ERROR_MALFORMED,        /* not JSON, or a wrong kind of value */
  PARLEY_TWILIO_ERROR_MISSING,          /* a field that must be there is not */
  PARLEY_TWILIO_ERROR_BASE64,           /* the payload is not base64 */
  PARLEY_TWILIO_ERROR_ENCODING,         /* not mu-law, 8000 Hz, one channel */
  PARLEY_TWILIO_ERROR_OVERSIZE          /* longer than the limits above */
} ParleyTwilioError;

typedef enum
{
  PARLEY_TWILIO_UNKNOWN,        /* an event Parley does not know: ignore it */
  PARLEY_TWILIO_CONNECTED,
  PARLEY_TWILIO_START,
  PARLEY_TWILIO_MEDIA,
  PARLEY_TWILIO_DTMF,
  PARLEY_TWILIO_MARK,
  PARLEY_TWILIO_STOP,
  PARLEY_TWILIO_CLEAR           /* to Twilio only */
} ParleyTwilioType;

/* One message. Fields of other kinds than @type are NULL or 0. Everything is
 * owned by the message; take a field by setting it to NULL. */
typedef struct
{
  ParleyTwilioType type;
  guint64 sequence;             /* 0: none */
  gchar *stream_sid;            /* NULL for CONNECTED */

  /* START; the calls of STOP too, where given */
  gchar *account_sid;
  gchar *call_sid;
  GStrv tracks;                 /* START: never NULL */
  gchar *encoding;
  guint rate;                   /* Hz */
  guint channels;
  GHashTable *custom_parameters;        /* START: of gchar*, never NULL */

  /* MEDIA, DTMF */
  gchar *track;                 /* NULL when not given */
  guint64 chunk;                /* counts from 1 */
  guint64 timestamp;            /* ms since the stream began */
  guint8 *payload;              /* mu-law, from g_malloc; MEDIA: never NULL */
  gsize payload_len;            /* bytes; may be 0 */
  gchar digit;                  /* 0-9 * # A-D */

  /* MARK */
  gchar *mark_name;
} ParleyTwilioMessage;

/* Reads a message from Twilio of @len bytes. TRUE: @out is filled, clear it
 * after use. FALSE: @error says in one line what is wrong and what to do, and
 * @out holds nothing. Unknown keys are ignored and keys come in any order;
 * numbers may be JSON numbers or strings of digits. @out need not be
 * initialised. Media messages of the usual shape take a shortcut without a
 * document tree. */
gboolean parley_twilio_parse (const gchar * json, gsize len,
    ParleyTwilioMessage * out, GError ** error);

/* Reads a message to Twilio (MEDIA, MARK or CLEAR) as strictly as Twilio does,
 * which warns with 31951: no field too many, none missing, @stream_sid the one
 * of the stream. Otherwise as parley_twilio_parse(). */
gboolean parley_twilio_parse_outbound (const gchar * json, gsize len,
    const gchar * stream_sid, ParleyTwilioMessage * out, GError ** error);

/* Frees what @message holds and zeroes it; again is harmless. */
void parley_twilio_message_clear (ParleyTwilioMessage * message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ParleyTwilioMessage,
    parley_twilio_message_clear)

/* Messages to Twilio. Each is appended to @out. */
void parley_twilio_build_media (GString * out, const gchar * stream_sid,
    const guint8 * mulaw, gsize len);
void parley_twilio_build_mark (GString * out, const gchar * stream_sid,
    const gchar * name);
void parley_twilio_build_clear (GString * out, const gchar * stream_sid);

/* Messages from Twilio, for a caller's side. Each is appended to @out.
 * @sequence counts all messages after connected, start being 1. */
void parley_twilio_build_connected (GString * out);
/* @parameters: gchar* to gchar*, or NULL. */
void parley_twilio_build_start (GString * out, const gchar * stream_sid,
    const gchar * account_sid, const gchar * call_sid,
    GHashTable * parameters);
/* @chunk counts from 1; @timestamp: ms since the stream began. */
void parley_twilio_build_inbound_media (GString * out,
    const gchar * stream_sid, guint64 sequence, guint64 chunk,
    guint64 timestamp, const guint8 * mulaw, gsize len);
void parley_twilio_build_dtmf (GString * out, const gchar * stream_sid,
    guint64 sequence, gchar digit);
void parley_twilio_build_mark_echo (GString * out, const gchar * stream_sid,
    guint64 sequence, const gchar * name);
void parley_twilio_build_stop (GString * out, const gchar * stream_sid,
    guint64 sequence, const gchar * account_sid, const gchar * call_sid);

G_END_DECLS
