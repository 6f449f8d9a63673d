/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A caller's voice as it comes from the telephone network: 8 kHz mu-law with a
 * little noise. For tests and measurements; they block. */

/* @text in a voice of one of our own engines ("flite", "espeak"), at -20 dB or
 * so, 250 ms of quiet line before and after. NULL when this build has no such
 * engine. */
GByteArray *spoken_text (const gchar * engine, const gchar * voice,
    gdouble speed, const gchar * text);
/* A WAV file of one channel, 16-bit or mu-law, of 8, 16, 24, 32 or 48 kHz. NULL
 * when it is not there or not of that kind. */
GByteArray *spoken_file (const gchar * path);
/* The quiet line alone. */
GByteArray *spoken_quiet (guint ms);

G_END_DECLS
