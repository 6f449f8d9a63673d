/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "providers/provider.h"

G_BEGIN_DECLS

/* The messages of Azure's speech websocket. A turn of theirs is a take of ours:
 * everything in it bears the take's request id.
 *
 * Pure functions; any thread. */

/* Characters of an id, and its NUL. */
#define PARLEY_AZURE_ID_SIZE 33
/* Times of theirs a second. */
#define PARLEY_AZURE_TICKS 10000000

/* An id: 32 hex digits by chance. */
void parley_azure_new_id (gchar id[PARLEY_AZURE_ID_SIZE]);

/* @base_url without a path gets the usual one. @deployment: of a model of one's
 * own, which has its language; NULL: none. */
gchar *parley_azure_build_url (const gchar * base_url, const gchar * language,
    const gchar * deployment);

/* Text messages: once for each websocket, and once for each take. @now: Unix
 * time in µs, of the stamp. @hints: words to listen for; NULL: none. */
gchar *parley_azure_build_config (const gchar * id, gint64 now, guint rate);
gchar *parley_azure_build_context (const gchar * id, gint64 now,
    const gchar * language, const gchar * const *hints);

/* Binary messages: a take's format, then its audio; @len 0 ends it. Transfer
 * full. */
GBytes *parley_azure_build_format (const gchar * id, gint64 now,
    const ParleyAudioFormat * format);
GBytes *parley_azure_build_audio (const gchar * id, gint64 now,
    gconstpointer samples, gsize len);

typedef enum
{
  PARLEY_AZURE_OTHER,           /* nothing that matters here */
  PARLEY_AZURE_HYPOTHESIS,      /* text so far of a phrase */
  PARLEY_AZURE_PHRASE,          /* its text; "": nothing was understood */
  PARLEY_AZURE_PHRASE_FAILED,   /* text is the status: no more will come */
  PARLEY_AZURE_TURN_END
} ParleyAzureKind;

typedef struct
{
  ParleyAzureKind kind;
  gchar id[PARLEY_AZURE_ID_SIZE];       /* "": it had none */
  gchar *text;
  gdouble confidence;           /* 0 to 1; of a phrase without any: 1 */
  gint64 end;                   /* ticks of the take's audio it goes up to */
} ParleyAzureMessage;

/* Of a text message. @message is to be cleared afterwards. FALSE with @error
 * (PARLEY_NET_ERROR_PROTOCOL): not a message; nothing to clear. */
gboolean parley_azure_parse (const gchar * text, gsize len,
    ParleyAzureMessage * message, GError ** error);
void parley_azure_message_clear (ParleyAzureMessage * message);

G_END_DECLS
