/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sound as services take and give it: one channel. Pure; one thread at a
 * time. */

typedef enum
{
  PARLEY_SOUND_S16,             /* little endian */
  PARLEY_SOUND_MULAW,
  PARLEY_SOUND_ALAW
} ParleySoundEncoding;

typedef struct
{
  ParleySoundEncoding encoding;
  guint rate;                   /* Hz */
} ParleySoundFormat;

gsize parley_sound_sample_size (ParleySoundEncoding encoding);

/* Appends @len bytes to @samples (of gint16). An odd byte of S16 is left
 * out. */
void parley_sound_decode (ParleySoundEncoding encoding, const guint8 * bytes,
    gsize len, GArray * samples);
void parley_sound_encode (ParleySoundEncoding encoding, const gint16 * samples,
    gsize n, GByteArray * bytes);

/* From one rate to another along straight lines: for ears, not for science. */
typedef struct
{
  guint in;                     /* Hz */
  guint out;
  gdouble position;             /* of the next sample, in input samples */
  gint16 last;
} ParleySoundRate;
#define PARLEY_SOUND_RATE_INIT(in_rate, out_rate) \
    { .in = (in_rate), .out = (out_rate), .position = 1.0 }
/* Appends to @out (of gint16). */
void parley_sound_rate_push (ParleySoundRate * self, const gint16 * samples,
    gsize n, GArray * out);

/* A WAV file with one of the encodings; of several channels the first.
 * @samples: of gint16. FALSE: it is none. */
gboolean parley_sound_parse_wav (const guint8 * file, gsize len,
    GArray * samples, guint * rate);
/* The 44 bytes before @format whose length is not known yet. */
void parley_sound_wav_header (const ParleySoundFormat * format,
    guint8 header[44]);

G_END_DECLS
