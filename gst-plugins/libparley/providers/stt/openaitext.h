/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "providers/provider.h"

G_BEGIN_DECLS

/* The wire format of OpenAI's transcriptions: a WAV file, and the three shapes
 * of the answer (JSON, plain text, a stream of events).
 *
 * Pure; one thread at a time. */

/* @samples as a WAV file of 16-bit samples, mu-law decoded; what is shorter
 * than a tenth of a second, which OpenAI refuses, becomes that with silence.
 * Transfer full. */
GBytes *parley_transcript_new_wav (const ParleyAudioFormat * format,
    GByteArray * samples);

/* An ISO 639-1 code of a BCP 47 tag: "en" of "en-US"; NULL: none. Transfer
 * full. */
gchar *parley_transcript_get_language (const gchar * tag);

typedef struct
{
  GString *text;
  gdouble confidence;           /* 1: it told none */
  gboolean over;                /* text is final */
} ParleyTranscript;

void parley_transcript_init (ParleyTranscript * self);
void parley_transcript_clear (ParleyTranscript * self);

/* A whole JSON answer, or an event of a stream. FALSE with @error
 * (PARLEY_NET_ERROR). @provider and @secrets: for its text. */
gboolean parley_transcript_take_json (ParleyTranscript * self,
    const gchar * provider, const gchar * const *secrets, const gchar * data,
    gsize len, GError ** error);
gboolean parley_transcript_take_event (ParleyTranscript * self,
    const gchar * provider, const gchar * const *secrets, const gchar * data,
    gsize len, GError ** error);
/* A whole answer in plain text. */
void parley_transcript_take_text (ParleyTranscript * self, const gchar * data,
    gsize len);

G_END_DECLS
