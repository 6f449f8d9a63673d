/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Speaks @text with the TTS provider @provider (NULL: the first one of this
 * build) in @voice (NULL: its default) and returns 8 kHz mu-law. It runs a main
 * context of its own until that is done: for the beginning of a program, never
 * on a loop. Transfer full; NULL with @error. */
GBytes *parley_voice_speak (const gchar * provider, const gchar * voice,
    const gchar * text, GError ** error);

G_END_DECLS
